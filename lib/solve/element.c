/* element.c: elements instead of networks in a run. Their mesh is the grid's panels, on the line, or one of its own on an interval, where the
 * collocation points are Gauss points as well. With 16 to an element, degree 15 + k and k derivatives shared, k the highest derivative that the rows
 * take of the trial, there would be as many rows as unknowns but for k conditions (de Boor and Swartz 1973). Where the equation degenerates, at an
 * end or far out, fewer conditions are needed than that, and a spline that vanishes at all points hides there; so the degree is a little less,
 * and the system is one of least squares. */
#include "solve/analytic.h"
#include "solve/square.h"

#include "trial/element.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of the element around 0: 16 points, by symmetry 32, determine 12 even or 11 odd polynomials well (condition 1.1; 60 for 14, 7e6 for 16). */
#define CENTRE_DEGREE 22
#define SPARE_ROWS 2 /* per element: 0 loses the Legendre equation, which is singular at its ends */
#define RESOLVED 1e-8 /* share of the highest polynomials of an element in the largest weight */
#define FAR 1e3 /* times that: cut in four at once */
#define END_GRADING 0.5 /* share of the arcsine density in the mesh of an interval */

static bool on_interval(const az_problem *p) { return p->coord[0].range == AZ_INTERVAL && !az_problem_on_panels(p); } /* on a mesh of its own, in y */

/* Whether elements use the parity of a trial: on a ring they do not need to. */
static az_parity parity_of(const az_problem *p, int t)
{
    const az_coord_decl *x = &p->coord[0];
    return x->range == AZ_INTERVAL && (x->periodic || x->lo != -x->hi) ? AZ_NO_PARITY : p->trial[t].parity[0];
}

az_status az_elements_smoothness(int *k, const az_problem *p, int t)
{
    unsigned char *order = az_calloc((size_t)p->graph.n + 1, 1);
    if (!order) return AZ_ENOMEM;
    az_expr_orders(order, &p->graph, t, -1);
    *k = 1;
    for (int i = 0; i < p->n_rows; i++) {
        int node = order[p->row[i].node], scale = p->row[i].scale < 0 ? AZ_NO_TRIAL : order[p->row[i].scale];
        if (node != AZ_NO_TRIAL && node > *k) *k = node;
        if (scale != AZ_NO_TRIAL && scale > *k) *k = scale;
    }
    az_realloc(order, 0);
    return AZ_OK;
}

az_status az_elements_check(const az_problem *p, az_error *err)
{
    az_status st = p->dim > 1 ? az_square_check(p, err) : az_analytic_check(p, err);
    if (st) return st;
    for (int t = 0; t < p->n_trials; t++) {
        int k;
        if (az_elements_smoothness(&k, p, t)) return az_fail(err, AZ_ENOMEM, "out of memory");
        if (k > AZ_MESH_MAX_SMOOTH)
            return az_fail(err, AZ_EOPTION, "elements have derivatives to order %d: the rows of '%s' take %d of %s", AZ_MESH_MAX_SMOOTH, p->name, k,
                           p->trial[t].name);
    }
    return AZ_OK;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

#define SAME 1e-12 /* of the mesh: edges and reflected ones nearer than this are one */

/* |edges| in order, from 0. *out by az_doubles. */
static az_status fold(double **out, int *n_out, const double *edge, int n)
{
    double *e = az_doubles((size_t)n + 1);
    int k = 1;
    if (!e) return AZ_ENOMEM;
    for (int i = 0; i < n; i++) e[i + 1] = fabs(edge[i]);
    qsort(e, (size_t)n + 1, sizeof *e, ascending);
    for (int i = 1; i <= n; i++)
        if (e[i] - e[k - 1] > SAME * e[n]) e[k++] = e[i];
    *out = e, *n_out = k;
    return AZ_OK;
}

/* Copies the panels into the mesh of trial t; mesh->edge by az_doubles. */
static az_status make_mesh(az_mesh *m, const az_problem *p, int t, const double *edge, int n)
{
    const az_coord_decl *x = &p->coord[0];
    *m = (az_mesh){.n_edges = n,
                   .centre = CENTRE_DEGREE,
                   .parity = parity_of(p, t),
                   .periodic = x->range == AZ_INTERVAL && x->periodic,
                   .length = on_interval(p) ? 0 : x->scale};
    az_status st = az_elements_smoothness(&m->smooth, p, t);
    m->degree = AZ_PANEL_NODES - 1 - SPARE_ROWS + m->smooth;
    if (!st && m->parity != AZ_NO_PARITY) {
        st = fold(&m->edge, &m->n_edges, edge, n);
    } else if (!st) {
        m->edge = az_doubles((size_t)n);
        if (!m->edge) return AZ_ENOMEM;
        memcpy(m->edge, edge, sizeof *edge * (size_t)n);
    }
    if (!st) az_analytic_mesh(m, p, edge, n);
    return st;
}

/* On an interval that is symmetric about 0, with a problem that is, too, half the points are enough. */
static az_status half_interval(bool *half, const az_problem *p)
{
    const az_status st = az_problem_symmetric(half, p);
    *half = *half && !p->coord[0].periodic;
    for (int t = 0; t < p->n_trials; t++) *half = *half && parity_of(p, t) != AZ_NO_PARITY;
    return st;
}

/* Fewer elements for higher derivatives: rounding grows like width^-k. */
static az_status interval_panels(double **edge, int *n_edges, const az_problem *p, int points)
{
    const az_coord_decl *x = &p->coord[0];
    bool half;
    if (half_interval(&half, p)) return AZ_ENOMEM;
    int n = points / AZ_PANEL_NODES, both = half ? 2 : 1, most = 2;
    for (int t = 0; t < p->n_trials; t++) {
        int k;
        if (az_elements_smoothness(&k, p, t)) return AZ_ENOMEM;
        if (k > most) most = k;
    }
    n /= 1 << (most - 2);
    n = n < 2 ? 2 : n + n % 2; /* even: the middle is an edge */
    *n_edges = n / both + 1;
    *edge = az_doubles((size_t)*n_edges);
    if (!*edge) return AZ_ENOMEM;
    for (int i = 0; i < *n_edges; i++) {
        double u = 2.0 * (i + n - n / both) / n - 1, graded = (1 - END_GRADING) * u + END_GRADING * sin(0.5 * M_PI * u);
        (*edge)[i] = 0.5 * (x->lo + x->hi) + 0.5 * (x->hi - x->lo) * (x->periodic ? u : graded);
    }
    if (both == 1) (*edge)[0] = x->lo;
    (*edge)[*n_edges - 1] = x->hi;
    return az_analytic_panels(edge, n_edges, p, false);
}

/* The equations' points: Gauss points of the panels. */
static az_status gauss_points(az_points *out, const double *edge, int n_edges)
{
    double x[AZ_PANEL_NODES], w[AZ_PANEL_NODES];
    double *all = az_doubles((size_t)(n_edges - 1) * AZ_PANEL_NODES);
    if (!all) return AZ_ENOMEM;
    az_gauss_legendre(x, w, AZ_PANEL_NODES);
    for (int i = 0; i + 1 < n_edges; i++)
        for (int k = 0; k < AZ_PANEL_NODES; k++)
            all[i * AZ_PANEL_NODES + k] = 0.5 * (edge[i] + edge[i + 1]) + 0.5 * (edge[i + 1] - edge[i]) * x[k];
    az_doubles_free(out->x);
    *out = (az_points){.n = (n_edges - 1) * AZ_PANEL_NODES, .dim = 1, .x = all};
    return AZ_OK;
}

az_status az_elements_begin(az_result *r)
{
    const az_problem *p = r->problem;
    double *edge = r->edge;
    int n = r->n_edges;
    az_status st = on_interval(p) ? interval_panels(&edge, &n, p, r->options.points) : AZ_OK;
    if (!st && on_interval(p)) st = gauss_points(&r->points[az_problem_first_equation(p)], edge, n);
    for (int t = 0; t < p->n_trials && !st; t++) {
        az_mesh m;
        st = make_mesh(&m, p, t, edge, n);
        if (!st) st = az_state_add_elements(r, t, &m);
        az_doubles_free(m.edge);
    }
    if (on_interval(p)) az_doubles_free(edge);
    return st;
}

/* The same function on another mesh; exact where its elements are parts of the old ones. */
static az_status transfer(az_result *r, int t, const double *edge, int n)
{
    az_network old = r->trial[t].stage[0];
    az_mesh m;
    az_status st = make_mesh(&m, r->problem, t, edge, n);
    if (!st) {
        r->trial[t].n_stages = 0; /* the slot keeps the old stage until a new one is made */
        st = az_state_add_elements(r, t, &m);
    }
    az_doubles_free(m.edge);
    bool replaced = !st;
    int samples = st ? 0 : az_element_n_samples(&r->trial[t].stage[0].mesh), order = old.mesh.smooth;
    double *z = az_doubles((size_t)samples + 1), *series = az_doubles((size_t)samples * (size_t)order + 1);
    if (!st && (!z || !series)) st = AZ_ENOMEM;
    if (!st) {
        az_element_samples(&r->trial[t].stage[0].mesh, z);
        st = az_element_series(&old, series, z, samples, order - 1);
    }
    if (!st) st = az_element_fit(&r->trial[t].stage[0], series);
    az_doubles_free(z);
    az_doubles_free(series);
    r->trial[t].n_stages = 1;
    if (replaced) az_network_clear(&old);
    return st;
}

az_status az_elements_remesh(az_result *r, const double *edge, int n)
{
    az_status st = AZ_OK;
    for (int t = 0; t < r->problem->n_trials && !st; t++) st = transfer(r, t, edge, n);
    return st;
}

/* Of what `passed` holds of the elements' shape. */
static int shape_size(const az_result *r, int edges) { return 1 + edges + (az_run_square(r) ? 2 : 0); }

/* passed: [unknowns][shape: number of edges, edges, of a half-plane modes and grading][weights of each trial] */
az_status az_elements_keep(az_result *r)
{
    const az_problem *p = r->problem;
    const az_mesh *m = &r->trial[0].stage[0].mesh;
    const double *edge = az_run_square(r) ? m->edge : r->edge;
    int u = p->n_scalars - p->n_parameters, edges = az_run_square(r) ? m->n_edges : r->n_edges, n = u + shape_size(r, edges);
    for (int t = 0; t < p->n_trials; t++) n += r->trial[t].stage[0].n_weights;
    double *to = az_doubles((size_t)n), *at = to;
    if (!to) return AZ_ENOMEM;
    for (int i = 0; i < u; i++) *at++ = r->scalar[p->n_parameters + i];
    *at++ = edges;
    memcpy(at, edge, sizeof *at * (size_t)edges);
    at += edges;
    if (az_run_square(r)) *at++ = m->modes, *at++ = m->grading;
    for (int t = 0; t < p->n_trials; t++) {
        const az_network *net = &r->trial[t].stage[0];
        memcpy(at, net->weight, sizeof *at * (size_t)net->n_weights);
        at += net->n_weights;
    }
    az_doubles_free(r->passed);
    r->passed = to, r->n_passed = n;
    return AZ_OK;
}

/* The elements' shape from the n edges and what follows them; on the line they are the panels, too. */
static az_status reshape(az_result *r, double *edge, int n)
{
    if (az_run_square(r)) return az_square_remesh(r, edge, n, edge[n], edge[n + 1]);
    double *panels = az_doubles((size_t)n);
    if (!panels) return AZ_ENOMEM;
    memcpy(panels, edge, sizeof *panels * (size_t)n);
    az_status st = az_elements_remesh(r, panels, n);
    double *unused = st ? panels : r->edge;
    if (!st) r->edge = panels, r->n_edges = n;
    az_doubles_free(unused);
    return st;
}

az_status az_elements_return(az_result *r)
{
    const az_problem *p = r->problem;
    int u = p->n_scalars - p->n_parameters;
    if (r->n_passed <= u || !(r->passed[u] >= 2 && r->passed[u] < r->n_passed - u - shape_size(r, 0))) return AZ_EFORMAT;
    int n = (int)r->passed[u], size = shape_size(r, n), left = r->n_passed - u - size;
    const double *at = r->passed + u + size;
    az_status st = reshape(r, r->passed + u + 1, n);
    for (int t = 0; t < p->n_trials && !st; t++) {
        az_network *net = &r->trial[t].stage[0];
        if (net->n_weights > left) st = AZ_EFORMAT;
        else memcpy(net->weight, at, sizeof *at * (size_t)net->n_weights);
        at += net->n_weights, left -= net->n_weights;
    }
    for (int i = 0; i < u && !st; i++) r->scalar[p->n_parameters + i] = r->passed[i];
    return st;
}

static int element_of(const az_network *net, double z) { return az_element_find(&net->mesh, net->mesh.parity != AZ_NO_PARITY ? fabs(z) : z); }

/* How often the panels are to be cut in two. Panels and elements are the same, but of a trial with a parity on both halves of the line. */
static bool count_cuts(const az_result *r, int t, unsigned char *cuts, double *tail)
{
    const az_network *net = &r->trial[t].stage[0];
    int n = net->mesh.n_edges - 1, panels = r->n_edges - 1;
    double top = 0;
    bool any = false;
    for (int i = 0; i < net->n_weights; i++) top = fmax(top, fabs(net->weight[i]));
    az_element_tails(net, tail);
    for (int i = 0; i < panels && n <= panels; i++) {
        int e = n == panels ? i : i >= panels - n ? i - (panels - n) : panels - n - 1 - i;
        if (net->mesh.n_wide) e = element_of(net, 0.5 * (r->edge[i] + r->edge[i + 1]));
        double share = tail[e] / top;
        if (share > RESOLVED && cuts[i] < 1) cuts[i] = 1;
        if (share > RESOLVED * FAR && cuts[i] < 2) cuts[i] = 2;
        any |= cuts[i] > 0;
    }
    return any;
}

az_status az_elements_resolve(az_run *run, bool *refined)
{
    az_result *r = run->r;
    int n = 0;
    unsigned char *cuts = az_calloc((size_t)r->n_edges, 1);
    double *tail = az_doubles((size_t)r->n_edges), *edge = az_doubles((size_t)r->n_edges << 2);
    bool *none = az_calloc((size_t)r->n_edges << 2, sizeof *none);
    az_status st = cuts && tail && edge && none ? AZ_OK : AZ_ENOMEM;
    *refined = false;
    for (int t = 0; t < run->p->n_trials && !st; t++) *refined |= count_cuts(r, t, cuts, tail);
    for (int i = 0; i < r->n_edges && !st; i++) {
        edge[n++] = r->edge[i];
        for (int k = 1, parts = 1 << cuts[i]; i + 1 < r->n_edges && k < parts; k++)
            edge[n++] = r->edge[i] + (r->edge[i + 1] - r->edge[i]) * k / parts;
    }
    if (!st && *refined) st = az_panels_refine(&edge, &n, none);
    if (!st && *refined) st = az_analytic_panels(&edge, &n, run->p, r->confirming);
    if (!st && *refined) st = az_elements_remesh(r, edge, n);
    if (!st && *refined) {
        double *old = r->edge;
        r->edge = edge, r->n_edges = n, edge = old;
    }
    az_realloc(cuts, 0);
    az_realloc(none, 0);
    az_doubles_free(tail);
    az_doubles_free(edge);
    return st ? az_fail(run->err, st, "out of memory while refining the grid") : AZ_OK;
}

/* The panels of an interval, from the meshes: those of a trial without parity, else half of them, mirrored where points lie on both sides. */
static az_status current_panels(double **edge, int *n_edges, const az_result *r)
{
    const az_problem *p = r->problem;
    int t = 0;
    for (int k = p->n_trials - 1; k >= 0; k--)
        if (parity_of(p, k) == AZ_NO_PARITY) t = k;
    const az_mesh *m = &r->trial[t].stage[0].mesh;
    bool half;
    int n = 0, n_own;
    double *own;
    az_status st = half_interval(&half, p);
    if (!st) st = az_analytic_expand(&own, &n_own, m);
    if (st) return st;
    const bool mirror = m->parity != AZ_NO_PARITY && !half;
    *edge = az_doubles(2 * (size_t)n_own);
    for (int i = n_own - 1; i > 0 && mirror && *edge; i--) (*edge)[n++] = -own[i];
    for (int i = 0; i < n_own && *edge; i++) (*edge)[n++] = own[i];
    az_doubles_free(own);
    *n_edges = n;
    return *edge ? AZ_OK : AZ_ENOMEM;
}

az_status az_elements_twice(az_result *r)
{
    double *edge = NULL;
    int n = r->n_edges, at = az_problem_first_equation(r->problem);
    az_status st = AZ_OK;
    if (on_interval(r->problem)) st = current_panels(&edge, &n, r);
    else if (!(edge = az_doubles((size_t)n))) st = AZ_ENOMEM;
    else memcpy(edge, r->edge, sizeof *edge * (size_t)n);
    if (!st) st = az_analytic_twice(&edge, &n, r->problem);
    if (!st) st = az_elements_remesh(r, edge, n);
    if (!st && on_interval(r->problem)) st = gauss_points(&r->points[at], edge, n);
    if (!st && !on_interval(r->problem)) {
        double *old = r->edge;
        r->edge = edge, r->n_edges = n, edge = old;
    }
    az_doubles_free(edge);
    return st;
}

static az_status refine(az_run *run, const az_program *g, const double *res, double **edge, int *n, bool *refined)
{
    bool *marks = az_calloc((size_t)*n, sizeof *marks);
    az_status st = marks ? AZ_OK : AZ_ENOMEM;
    *refined = !st && isfinite(run->r->check) && az_run_mark(run, g, res, marks, *n - 1);
    if (*refined) st = az_panels_refine(edge, n, marks);
    if (*refined && !st) st = az_analytic_panels(edge, n, run->p, run->r->confirming);
    if (*refined && !st && *n - 1 > AZ_MAX_PANELS) st = AZ_ELIMIT;
    if (*refined && !st) st = az_elements_remesh(run->r, *edge, *n);
    if (*refined && !st) st = gauss_points(&run->r->points[az_problem_first_equation(run->p)], *edge, *n);
    az_realloc(marks, 0);
    return st;
}

az_status az_elements_judge(az_run *run, bool *refined)
{
    az_result *r = run->r;
    double *edge = NULL, *fine = NULL, *res = NULL;
    int n, n_fine, at = az_problem_first_equation(run->p);
    az_program *g = NULL;
    az_points *points = az_calloc((size_t)run->p->n_rows + 1, sizeof *points);
    az_status st = points ? current_panels(&edge, &n, r) : AZ_ENOMEM;
    if (!st) st = az_panels_split(&fine, &n_fine, edge, n);
    if (!st) st = gauss_points(&points[at], fine, n_fine);
    az_program_setup setup = {.points = points, .rows = true, .threads = run->threads};
    if (!st) st = az_run_examine(run, &setup, &g, &res);
    if (!st) st = refine(run, g, res, &edge, &n, refined);
    az_program_destroy(g);
    az_doubles_free(res);
    az_doubles_free(fine);
    az_doubles_free(edge);
    if (points) az_doubles_free(points[at].x);
    az_realloc(points, 0);
    return st ? az_fail(run->err, st, st == AZ_ELIMIT ? "more than %d elements: the solution is not smooth where they gather" : "out of memory",
                        AZ_MAX_PANELS)
              : AZ_OK;
}
