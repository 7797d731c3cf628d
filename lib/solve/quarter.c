/* quarter.c: elements in a quarter of a half-plane: which they are at first, how they are judged, and where they become finer. */
#include "solve/square.h"

#include "operator/line.h"
#include "trial/strip.h"

#include <math.h>
#include <string.h>

int az_square_points(const az_mesh *m, int element)
{
    if (element) return m->degree + 1 - m->smooth;
    if (m->coordinates == AZ_POLAR) return m->centre + 2 - 2 * m->smooth;
    return m->parity == AZ_EVEN ? m->centre / 2 - m->smooth + 2 : (m->centre + 3) / 2 - m->smooth;
}

/* n Gauss points of element e; with a parity of the first one those of [-edge[1], edge[1]] beyond 0 */
static void nodes(double *xi, const az_mesh *m, int e, int n)
{
    bool beyond = !e && m->parity != AZ_NO_PARITY;
    double x[128], w[128], lo = beyond ? -m->edge[1] : m->edge[e], hi = m->edge[e + 1];
    az_gauss_legendre(x, w, beyond ? 2 * n : n);
    for (int i = 0; i < n; i++) xi[i] = 0.5 * (lo + hi) + 0.5 * (hi - lo) * x[beyond ? n + i : i];
}

void az_square_nodes(double *xi, const az_mesh *m, int e) { nodes(xi, m, e, az_square_points(m, e)); }

void az_square_across(double *eta, const az_mesh *m)
{
    double full = asinh(M_PI_2 / m->grading);
    int order = 2 * m->modes + (m->across == AZ_ODD);
    for (int j = 0; j < m->modes; j++) eta[j] = m->grading * sinh(full * cos((2 * (m->modes - j) - 1) * M_PI_2 / order));
}

/* In polar coordinates an equation of order k is asked for at as many single points of element 0 as a trial with k derivatives shared has smooth
 * terms at the corner: there its residual is a smooth function, too, of which the lines determine all but these many numbers. The first point is next
 * to the corner, where the equation is a condition on the terms alone. */
#define CORE_NEXT 1e-3 /* of element 0 */

int az_square_n_core(const az_result *r)
{
    int most = 0;
    for (int t = 0; t < r->problem->n_trials; t++) {
        int n = az_mesh_n_core(&r->trial[t].stage[0].mesh);
        if (n > most) most = n;
    }
    return most;
}

void az_square_core_point(double *y, const az_mesh *m, int k, int n)
{
    az_strip_point(&y[0], &y[1], m->edge[1] * fmax(CORE_NEXT, (double)k / n), M_PI_2 * (k + 1) / (n + 1), m);
}

int az_square_lines(const az_mesh *m)
{
    int n = 0;
    for (int e = 0; e + 1 < m->n_edges; e++) n += az_square_points(m, e);
    return n;
}

az_status az_square_check(const az_problem *p, az_error *err)
{
    int equations = 0;
    if (!az_problem_half_plane(p)) return az_fail(err, AZ_EOPTION, "elements in several coordinates are for `half-plane` so far, and %s has another domain", p->name);
    if (p->coord[0].scale != p->coord[1].scale) return az_fail(err, AZ_EOPTION, "elements in a half-plane need one scale for both coordinates");
    for (int k = 0; k < p->n_rows; k++) {
        equations += p->row[k].kind == AZ_ROW_EQUATION;
        if (p->row[k].kind == AZ_ROW_BOUNDARY || p->row[k].kind == AZ_ROW_INITIAL)
            return az_fail(err, AZ_EOPTION, "elements in a half-plane take no conditions on its edge (line %d): write the fields so that they hold", p->row[k].line);
    }
    if (equations != p->n_trials)
        return az_fail(err, AZ_EOPTION, "elements in a half-plane need as many equations as trials: %s has %d and %d", p->name, equations, p->n_trials);
    for (int t = 0; t < p->n_trials; t++)
        if (p->trial[t].parity[0] == AZ_NO_PARITY)
            return az_fail(err, AZ_EOPTION, "elements in a half-plane need a parity in %s: trial %s has none", p->coord[0].name, p->trial[t].name);
    return AZ_OK;
}

/* The first mesh, tuned on ipm and boussinesq: coarse, since refinement goes where it is needed. */
#define FIRST 0.5 /* width of elements in the core */
#define GRADES 1 /* the first of them cut in two so often, towards the corner, */
#define GRADES_MARCH 3 /* and on a march: a defect leaves a logarithm there, and unstable profiles depend on the corner more than its residual says */
#define CORE 3.0
#define GROWTH 1.4
#define WIDEST 10.0
#define REACH 80.0 /* y to 1e34: what is left of a power -1/2 is rounding */
#define POINTS 10 /* of an element along xi */
#define CENTRE 7 /* of the first */
#define MODES 32
#define GRADING 0.1 /* fields turn within this angle of the axis in the far field */
#define MOST_EDGES 4096
#define MOVED 0.25
#define AS_WIDE 0.1 /* share by which an element may be wider than the one that it is compared with, and count as as wide */

static double finer_of(const az_result *r) { return sqrt((double)r->options.points / AZ_SQUARE_POINTS); }

/* The edges of the first element's parts, the first one included; their number. */
static int corner_edges(double *edge, double finer, int grades)
{
    int n = 0;
    edge[n++] = 0;
    for (int k = grades; k >= 0; k--) edge[n++] = ldexp(FIRST / finer, -k);
    return n;
}

/* Edges along xi: even to the end of the core, then growing with the distance, all `finer` times as many. *edge by az_doubles. */
static az_status make_edges(double **edge, int *n, double finer)
{
    const double reach = REACH;
    double w = FIRST / finer;
    *edge = az_doubles(MOST_EDGES);
    if (!*edge) return AZ_ENOMEM;
    *n = corner_edges(*edge, finer, GRADES);
    for (double z = (*edge)[*n - 1]; z < reach && *n < MOST_EDGES;) {
        if (z >= CORE) w = fmin(WIDEST / finer, w * pow(GROWTH, 1 / finer));
        z = fmin(reach, z + w);
        if (reach - z < 0.5 * w) z = reach;
        (*edge)[(*n)++] = z;
    }
    return AZ_OK;
}

static az_status make_points(az_result *r)
{
    const az_mesh *m = &r->trial[0].stage[0].mesh;
    az_points *out = &r->points[az_problem_first_equation(r->problem)];
    double eta[AZ_MESH_MAX_MODES];
    int core = az_square_n_core(r), n = az_square_lines(m) * m->modes + core, at = 0;
    az_square_across(eta, m);
    az_doubles_free(out->x);
    *out = (az_points){.n = n, .dim = 2, .x = az_doubles(2 * (size_t)n)};
    if (!out->x) return AZ_ENOMEM;
    for (int e = 0; e + 1 < m->n_edges; e++) {
        double xi[64];
        az_square_nodes(xi, m, e);
        for (int i = 0; i < az_square_points(m, e); i++)
            for (int j = 0; j < m->modes; j++, at += 2) az_strip_point(&out->x[at], &out->x[at + 1], xi[i], eta[j], m);
    }
    for (int k = 0; k < core; k++, at += 2) az_square_core_point(&out->x[at], m, k, core);
    return AZ_OK;
}

static az_status make_mesh(az_mesh *m, const az_result *r, int t, double *edge, int n, int modes, double grading)
{
    const az_problem *p = r->problem;
    const az_parity across = p->trial[t].parity[0];
    *m = (az_mesh){.n_edges = n, .edge = edge, .length = p->coord[0].scale, .flat = 1, .modes = modes, .grading = grading,
                   .coordinates = r->options.coordinates, .across = across, .parity = r->options.coordinates == AZ_CONFORMAL ? across : AZ_NO_PARITY};
    az_status st = az_elements_smoothness(&m->smooth, p, t);
    m->degree = POINTS - 1 + m->smooth;
    if (m->coordinates == AZ_POLAR) m->centre = POINTS + 2 * m->smooth - 2;
    else m->centre = m->parity == AZ_EVEN ? 2 * (CENTRE + m->smooth - 2) : 2 * (CENTRE + m->smooth) - 3;
    return st;
}

/* The elements of `like`, in whatever coordinates, each cut until it is no wider than those of edge[n] about its middle. Then every edge moves on
 * by a share of the narrower element beside it, since far out the coordinates are the same. */
static az_status cut_edges(double **edge, int *n, const az_mesh *like)
{
    double *old = *edge;
    int n_old = *n, at = 0;
    *edge = az_doubles(MOST_EDGES);
    *n = 0;
    for (int e = 0; *edge && e + 1 < like->n_edges; e++) {
        double lo = like->edge[e], width = like->edge[e + 1] - lo;
        while (at + 2 < n_old && old[at + 1] <= lo + 0.5 * width) at++;
        int parts = (int)ceil(width / (old[at + 1] - old[at]) * (1 - AS_WIDE));
        for (int k = 0; k < parts && *n + 1 < MOST_EDGES; k++) (*edge)[(*n)++] = lo + width * k / parts;
    }
    az_doubles_free(old);
    if (!*edge) return AZ_ENOMEM;
    (*edge)[(*n)++] = like->edge[like->n_edges - 1];
    double lo = 0; /* the edge before, where it was */
    for (int i = 1; i + 1 < *n; i++) {
        double here = (*edge)[i];
        (*edge)[i] -= MOVED * fmin(here - lo, (*edge)[i + 1] - here);
        lo = here;
    }
    return AZ_OK;
}

az_status az_square_begin(az_result *r, const az_result *from)
{
    const az_mesh *like = from && from->trial[0].stage[0].mesh.modes ? &from->trial[0].stage[0].mesh : NULL;
    double *edge, finer = finer_of(r), grading = GRADING;
    int n, modes = 2 * (int)fmin(fmax(1, round(0.5 * MODES * finer)), AZ_MESH_MAX_MODES / 2);
    az_status st = make_edges(&edge, &n, finer);
    if (like && !st) {
        st = cut_edges(&edge, &n, like);
        if (like->modes > modes) modes = like->modes;
        grading = like->grading;
    }
    for (int t = 0; t < r->problem->n_trials && !st; t++) {
        az_mesh m;
        st = make_mesh(&m, r, t, edge, n, modes, grading);
        if (!st) st = az_state_add_elements(r, t, &m);
    }
    az_doubles_free(edge);
    return st ? st : make_points(r);
}

int az_square_node(const az_mesh *m, int node) { return az_mesh_node(m, node) < 0 ? 0 : az_mesh_node_weights(m, node) * m->modes; }
int az_square_inside(const az_mesh *m, int element) { return az_mesh_n_bubbles(m, element) * m->modes; }

/* Doubles for each point of an equation beside the system: with n Taylor coefficients of a trial the n x n powers of the point and the n of its place,
 * the seeds of the equations, and what programs have of every trial, the judge's at two points between those of the solver. */
static double beside_system(const az_result *r, double border)
{
    const az_problem *p = r->problem;
    int order = 0;
    for (int t = 0; t < p->n_trials; t++)
        if (r->trial[t].stage[0].mesh.smooth > order) order = r->trial[t].stage[0].mesh.smooth;
    const double n = 0.5 * (order + 1) * (order + 2), trials = p->n_trials;
    return n * n + n + trials * (trials * n + border) + 3 * (5 + trials * (n + 1));
}

/* The system as that of chain.h will be, in the worst case that every `@` of the problem is a value at another point. */
double az_square_bytes(const az_result *r)
{
    const az_problem *p = r->problem;
    double sum = 0, carried = 0, border = p->n_scalars - p->n_parameters;
    for (int i = 0; i < p->graph.n; i++) border += p->graph.node[i].op == AZ_AT;
    for (int t = 0; t < p->n_trials; t++) border += az_mesh_n_core(&r->trial[t].stage[0].mesh);
    for (int e = 0; e + 1 < r->trial[0].stage[0].mesh.n_edges; e++) {
        double rows = e ? carried : carried + border, pivots = 0, columns = border;
        for (int t = 0; t < p->n_trials; t++) {
            const az_mesh *m = &r->trial[t].stage[0].mesh;
            const int own = az_square_node(m, e) + az_square_inside(m, e);
            rows += az_square_points(m, e) * m->modes;
            pivots += own;
            columns += own + az_square_node(m, e + 1);
        }
        sum += rows * columns;
        carried = rows - pivots;
    }
    const az_mesh *first = &r->trial[0].stage[0].mesh;
    return sizeof(double) * (sum + beside_system(r, border) * az_square_lines(first) * first->modes);
}

/* ---- Another mesh ---- */

static double *core_weights(const az_network *net) { return net->weight + (size_t)az_mesh_count(&net->mesh) * (size_t)net->mesh.modes; }

/* Modes of a function from its values at the points across: values[rows][modes] becomes weight[rows][modes]. */
static void to_modes(double *weight, const az_mesh *m, const double *value, int rows)
{
    int n = m->modes, odd = m->across == AZ_ODD, period = 4 * (2 * n + odd);
    double cosine[8 * AZ_MESH_MAX_MODES + 4]; /* of all multiples of pi/2 over the degree that is left out */
    for (int i = 0; i < period; i++) cosine[i] = cos(i * M_PI_2 / (2 * n + odd));
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < n; k++) {
            double sum = 0;
            for (int j = 0; j < n; j++) sum += value[row * n + j] * cosine[(2 * k + odd) * (2 * (n - j) - 1) % period];
            weight[row * n + k] = (k || odd ? 4.0 : 2.0) / (2 * n + odd) * sum;
        }
}

/* weight[rows][from->modes] becomes to_weight[rows][to->modes]: values at the points across of `to`, then its modes. */
static az_status move_across(double *to_weight, const az_mesh *to, const double *weight, const az_mesh *from, int rows)
{
    int n = to->modes, old = from->modes;
    double *value = az_doubles((size_t)rows * (size_t)n), *series = az_doubles((size_t)old * AZ_LANES), eta[AZ_MESH_MAX_MODES], at[AZ_LANES];
    az_status st = value && series ? AZ_OK : AZ_ENOMEM;
    az_square_across(eta, to);
    for (int first = 0; first < n && !st; first += AZ_LANES) {
        for (int i = 0; i < AZ_LANES; i++) at[i] = eta[first + i < n ? first + i : n - 1];
        az_strip_across(from, 0, series, at);
        for (int row = 0; row < rows; row++)
            for (int i = 0; i < AZ_LANES && first + i < n; i++) {
                double sum = 0;
                for (int j = 0; j < old; j++) sum += weight[row * old + j] * series[j * AZ_LANES + i];
                value[row * n + first + i] = sum;
            }
    }
    if (!st) to_modes(to_weight, to, value, rows);
    az_doubles_free(value);
    az_doubles_free(series);
    return st;
}

/* The smooth terms at the corner from the trial's values there, up to the first derivative. */
static az_status fit_core(az_network *net, const az_result *from, int t, az_error *err)
{
    const char *name = from->problem->trial[t].name;
    const int d2[] = {0, 1};
    const double corner[] = {0, 0};
    const az_mesh *m = &net->mesh;
    double *w = core_weights(net);
    az_status st = az_mesh_n_core(m) ? az_eval(from, &w[0], name, corner, 1, NULL, err) : AZ_OK;
    if (!st && az_mesh_n_core(m) > 1) st = az_eval(from, &w[1], name, corner, 1, d2, err);
    if (!st && az_mesh_n_core(m) > 1) w[1] *= m->length;
    return st;
}

/* Takes the smooth terms from values f[n], and from first derivatives f[n + n], f[2 n + n] of functions with them. */
static az_status without_core(double *f, const az_network *net, const double *y, int n)
{
    const az_mesh *m = &net->mesh;
    const int terms = az_mesh_n_core(m);
    az_layout l;
    az_status st = az_layout_total(&l, 2, 1);
    const size_t jet = (size_t)l.n * AZ_LANES;
    double y1[AZ_LANES], y2[AZ_LANES], *core = az_doubles(((size_t)terms + AZ_STRIP_SCRATCH) * jet);
    if (!core) st = AZ_ENOMEM;
    for (int first = 0; first < n && !st; first += AZ_LANES) {
        for (int i = 0; i < AZ_LANES; i++) {
            int k = first + i < n ? first + i : n - 1;
            y1[i] = y[2 * k], y2[i] = y[2 * k + 1];
        }
        az_strip_core(&l, core, y1, y2, m, core + (size_t)terms * jet);
        for (int k = 0; k < terms; k++)
            for (int c = 0; c < (m->smooth > 1 ? 3 : 1); c++) {
                int order = c == 0 ? 0 : l.index[c].e[0] ? 1 : 2;
                for (int i = 0; i < AZ_LANES && first + i < n; i++)
                    f[order * n + first + i] -= core_weights(net)[k] * core[(size_t)(k * l.n + c) * AZ_LANES + (size_t)i];
            }
    }
    az_doubles_free(core);
    return st;
}

/* sample[n][smooth] along xi at one eta: the trial's values, and derivatives by the chain rule, less the smooth terms that net has. */
static az_status sample_line(double *sample, const az_result *from, int t, const az_network *net, const double *xi, int n, double eta, az_error *err)
{
    const az_mesh *m = &net->mesh;
    const char *name = from->problem->trial[t].name;
    const int d1[] = {1, 0}, d2[] = {0, 1};
    double *y = az_doubles(2 * (size_t)n), *f = az_doubles(3 * (size_t)n);
    az_status st = y && f ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < n && !st; i++) az_strip_point(&y[2 * i], &y[2 * i + 1], xi[i], eta, m);
    if (!st) st = az_eval(from, f, name, y, n, NULL, err);
    if (!st && m->smooth > 1) st = az_eval(from, f + n, name, y, n, d1, err);
    if (!st && m->smooth > 1) st = az_eval(from, f + 2 * n, name, y, n, d2, err);
    if (!st && az_mesh_n_core(m) && without_core(f, net, y, n)) st = az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < n && !st; i++) {
        memset(sample + i * m->smooth, 0, sizeof *sample * (size_t)m->smooth);
        sample[i * m->smooth] = f[i];
        double y2_xi = m->coordinates == AZ_CONFORMAL ? sinh(xi[i]) : cosh(xi[i]);
        if (m->smooth > 1) sample[i * m->smooth + 1] = m->length * (f[n + i] * cosh(xi[i]) * sin(eta) + f[2 * n + i] * y2_xi * cos(eta));
    }
    az_doubles_free(y);
    az_doubles_free(f);
    return st;
}

az_status az_square_fit(az_network *net, const az_result *from, int t, az_error *err)
{
    const az_mesh *m = &net->mesh;
    az_network line = *net;
    int n = az_element_n_samples(m), rows = az_mesh_count(m);
    double eta[AZ_MESH_MAX_MODES], *xi = az_doubles((size_t)n), *sample = az_doubles((size_t)(n * m->smooth)), *value = az_doubles((size_t)net->n_weights);
    line.mesh.length = 0, line.n_weights = rows, line.weight = az_doubles((size_t)rows);
    az_status st = xi && sample && value && line.weight ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    az_square_across(eta, m);
    if (!st) az_element_samples(m, xi);
    if (!st) st = fit_core(net, from, t, err);
    for (int j = 0; j < m->modes && !st; j++) {
        st = sample_line(sample, from, t, net, xi, n, eta[j], err);
        if (!st && az_element_fit(&line, sample)) st = az_fail(err, AZ_ENOMEM, "out of memory");
        for (int k = 0; k < rows && !st; k++) value[k * m->modes + j] = line.weight[k];
    }
    if (!st) to_modes(net->weight, m, value, rows);
    az_doubles_free(xi);
    az_doubles_free(sample);
    az_doubles_free(value);
    az_doubles_free(line.weight);
    return st;
}

/* One mode of `from` on the mesh of `to`, which has as many, along xi. */
static az_status move_mode(az_network *to, const az_network *from, int mode, double *z, double *series)
{
    az_network old = *from, new = *to;
    int n = az_mesh_count(&from->mesh), n_new = az_mesh_count(&to->mesh);
    old.mesh.length = new.mesh.length = 0;
    old.n_weights = n, new.n_weights = n_new;
    old.weight = az_doubles((size_t)n), new.weight = az_doubles((size_t)n_new);
    az_status st = old.weight && new.weight ? AZ_OK : AZ_ENOMEM;
    for (int k = 0; k < n && !st; k++) old.weight[k] = from->weight[k * from->mesh.modes + mode];
    if (!st) st = az_element_series(&old, series, z, az_element_n_samples(&to->mesh), to->mesh.smooth - 1);
    if (!st) st = az_element_fit(&new, series);
    for (int k = 0; k < n_new && !st; k++) to->weight[k * to->mesh.modes + mode] = new.weight[k];
    az_doubles_free(old.weight);
    az_doubles_free(new.weight);
    return st;
}

static az_status move_trial(az_result *r, int t, double *edge, int n, int modes, double grading)
{
    az_network old = r->trial[t].stage[0], turned = old;
    az_mesh m;
    az_status st = make_mesh(&m, r, t, edge, n, modes, grading);
    if (st) return st;
    r->trial[t].n_stages = 0; /* the slot keeps the old stage until a new one is made */
    st = az_state_add_elements(r, t, &m);
    r->trial[t].n_stages = 1;
    if (st) return st;
    az_network *new = &r->trial[t].stage[0];
    int samples = az_element_n_samples(&m);
    double *z = az_doubles((size_t)samples), *series = az_doubles((size_t)(samples * m.smooth));
    turned.mesh.modes = modes, turned.mesh.grading = grading;
    turned.weight = az_doubles((size_t)az_mesh_weights(&turned.mesh));
    if (!z || !series || !turned.weight) st = AZ_ENOMEM;
    if (!st) az_element_samples(&m, z);
    if (!st) st = move_across(turned.weight, &turned.mesh, old.weight, &old.mesh, az_mesh_count(&old.mesh));
    for (int j = 0; j < modes && !st; j++) st = move_mode(new, &turned, j, z, series);
    if (!st) memcpy(core_weights(new), core_weights(&old), sizeof(double) * (size_t)az_mesh_n_core(&m));
    az_doubles_free(turned.weight);
    az_doubles_free(z);
    az_doubles_free(series);
    az_network_clear(&old);
    return st;
}

static az_status remesh(az_result *r, double *edge, int n, int modes, double grading)
{
    az_status st = AZ_OK;
    for (int t = 0; t < r->problem->n_trials && !st; t++) st = move_trial(r, t, edge, n, modes, grading);
    return st ? st : make_points(r);
}

az_status az_square_remesh(az_result *r, double *edge, int n, double modes, double grading)
{
    if (!(modes >= 1 && modes <= AZ_MESH_MAX_MODES)) return AZ_EFORMAT;
    return remesh(r, edge, n, (int)modes, grading);
}

az_status az_square_regrade(az_result *r)
{
    const az_mesh *m = &r->trial[0].stage[0].mesh;
    double *edge = az_doubles((size_t)m->n_edges + GRADES_MARCH + 2);
    if (!edge) return AZ_ENOMEM;
    int n = corner_edges(edge, finer_of(r), GRADES_MARCH);
    double last = edge[n - 1];
    for (int i = 0; i < m->n_edges; i++)
        if (m->edge[i] > last) edge[n++] = m->edge[i];
    az_status st = remesh(r, edge, n, m->modes < MODES ? m->modes : MODES, GRADING);
    az_doubles_free(edge);
    return st;
}

/* ---- The judge ---- */

#define FOCUS 0.15 /* in (xi, eta): where xi = eta = 0 the coordinates are singular, and a residual is rounding over the squares of the distance and of the width */
#define WORST 30.0 /* elements with a residual smaller than the largest by this factor can wait */
#define SHARE 0.3 /* of the tolerance: what an element may leave */
#define HELPED 0.5 /* a finer mesh that leaves more than this of the residual is the last: what remains is rounding */
#define MEMORY_SHARE 0.6
#define PASSING_ALONG 1e-4 /* tolerances between profiles: unknowns follow from the core, */
#define PASSING_ACROSS 0.3 /* and hardly feel what the axis is like far out */
#define MODE_GROWTH 1.4
#define FINEST 2e-3
#define COARSEST 1.0 /* of the grading */
#define TAIL 0.6 /* modes from this share of them on are the tail: with another grading the last ones are what the old grading left out */

/* Points between the collocation points: first those between them along xi, then those between them across. element[n] of each, plus n_elements of the
 * second kind. */
static az_status judge_points(az_points *out, int **element, const az_mesh *m)
{
    double full = asinh(M_PI_2 / m->grading), eta[2][AZ_MESH_MAX_MODES];
    int n_elements = m->n_edges - 1;
    size_t most = (size_t)n_elements * 128 * (size_t)m->modes;
    *out = (az_points){.dim = 2, .x = az_doubles(2 * most)};
    *element = az_alloc_array(most, sizeof **element);
    if (!out->x || !*element) return AZ_ENOMEM;
    az_square_across(eta[0], m);
    for (int j = 0; j < m->modes; j++) eta[1][j] = fmin(M_PI_2, m->grading * sinh(full * cos(j * M_PI_2 / m->modes)));
    for (int kind = 0; kind < 2; kind++)
        for (int e = 0; e < n_elements; e++) {
            double xi[64];
            int n = az_square_points(m, e) + (kind == 0);
            nodes(xi, m, e, n);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < m->modes; j++) {
                    if (m->coordinates == AZ_CONFORMAL && hypot(xi[i], eta[kind][j]) < FOCUS) continue;
                    az_strip_point(&out->x[2 * out->n], &out->x[2 * out->n + 1], xi[i], eta[kind][j], m);
                    (*element)[out->n++] = kind * n_elements + e;
                }
        }
    return AZ_OK;
}

/* worst[2 n_elements]: largest residual over its scale of the points with each number; a row at one point counts along xi. */
static void worst_of(const az_run *run, const az_program *g, const double *res, const int *element, double *worst)
{
    const az_mesh *m = &run->r->trial[0].stage[0].mesh;
    for (int k = 0; k < run->p->n_rows; k++) {
        int first, count;
        az_program_row_range(g, k, &first, &count);
        for (int i = 0; i < count; i++) {
            const double *y = az_program_row_points(g, k) + 2 * i;
            double xi, eta, w = fabs(res[first + i]) * run->r->unit / run->p->row[k].weight;
            az_strip_place(&xi, &eta, fabs(y[0]), y[1], m);
            int e = run->p->row[k].kind == AZ_ROW_EQUATION ? element[i] : az_element_find(m, xi);
            if (!(w <= worst[e])) worst[e] = w;
        }
    }
}

/* *tail: what the last modes have in all trials with another grading. */
static az_status tail_with(double *tail, const az_result *r, double grading)
{
    az_status st = AZ_OK;
    *tail = 0;
    for (int t = 0; t < r->problem->n_trials && !st; t++) {
        const az_network *net = &r->trial[t].stage[0];
        az_mesh other = net->mesh;
        int rows = az_mesh_count(&net->mesh), n = net->mesh.modes;
        double *w = az_doubles((size_t)net->n_weights);
        other.grading = grading;
        st = w ? move_across(w, &other, net->weight, &net->mesh, rows) : AZ_ENOMEM;
        for (int k = 0; k < rows && !st; k++)
            for (int j = (int)(TAIL * n); j < n; j++) *tail += w[k * n + j] * w[k * n + j];
        az_doubles_free(w);
    }
    return st;
}

/* The grading, up to half of it or twice as much, with which the modes die out fastest. */
static az_status choose_grading(double *grading, const az_result *r)
{
    double now = r->trial[0].stage[0].mesh.grading, least = INFINITY;
    az_status st = AZ_OK;
    for (int k = -2; k <= 2 && !st; k++) {
        double tail, g = now * pow(2, 0.5 * k);
        if (g < FINEST || g > COARSEST) continue;
        st = tail_with(&tail, r, g);
        if (!st && tail < least) least = tail, *grading = g;
    }
    return st;
}

/* Of the residual between the points along xi, or across. */
static double tolerance_of(const az_result *r, bool across)
{
    return fmax(r->options.tolerance, !az_ladder_passing(r) ? 0 : across ? PASSING_ACROSS : PASSING_ALONG);
}

static double largest(const double *worst, int n)
{
    double top = 0;
    for (int e = 0; e < n; e++) top = fmax(top, worst[e]);
    return top;
}

/* Cuts the elements that are too coarse along xi, and adds modes where those across are too few. */
static az_status refine(az_run *run, const double *worst, bool *refined)
{
    az_result *r = run->r;
    const az_mesh *m = &r->trial[0].stage[0].mesh;
    int n = 0, modes = m->modes, n_elements = m->n_edges - 1;
    double grading = m->grading, *edge = az_doubles(2 * (size_t)m->n_edges);
    double top = largest(worst, 2 * n_elements), along = SHARE * tolerance_of(r, false), across = SHARE * tolerance_of(r, true);
    if (!edge) return AZ_ENOMEM;
    along = fmax(along, (az_ladder_passing(r) ? largest(worst, n_elements) : top) / WORST);
    across = fmax(across, top / WORST);
    for (int e = 0; e < n_elements; e++) {
        edge[n++] = m->edge[e];
        if (worst[e] > along) edge[n++] = 0.5 * (m->edge[e] + m->edge[e + 1]);
        if (worst[n_elements + e] > across) modes = (int)(MODE_GROWTH * m->modes) / 2 * 2;
    }
    edge[n++] = m->edge[m->n_edges - 1];
    az_status st = modes > m->modes ? choose_grading(&grading, r) : AZ_OK;
    const double now = az_square_bytes(r), bytes = now * n / m->n_edges * modes * modes / m->modes / m->modes;
    const double there = MEMORY_SHARE * (az_memory_available() + now); /* the present system makes way */
    *refined = (n > m->n_edges || modes > m->modes) && modes <= AZ_MESH_MAX_MODES && bytes < there;
    if (!(bytes < there)) snprintf(run->note, sizeof run->note, "a finer mesh would take %.3g GB of %.3g GB: it stays as it is, for want of memory alone", 1e-9 * bytes, 1e-9 * there);
    if (!st && *refined) st = remesh(r, edge, n, modes, grading);
    az_doubles_free(edge);
    return st;
}

az_status az_square_judge(az_run *run, bool *refined)
{
    az_result *r = run->r;
    const az_mesh *m = &r->trial[0].stage[0].mesh;
    az_points *points = az_calloc((size_t)run->p->n_rows + 1, sizeof *points);
    int *element = NULL, at = az_problem_first_equation(run->p);
    double before = r->check, *res = NULL, *worst = az_doubles(2 * (size_t)m->n_edges);
    az_program *g = NULL;
    az_status st = points && worst ? judge_points(&points[at], &element, m) : AZ_ENOMEM;
    az_program_setup setup = {.points = points, .rows = true, .threads = run->threads};
    if (!st) st = az_run_examine(run, &setup, &g, &res);
    if (!st) worst_of(run, g, res, element, worst);
    int n = m->n_edges - 1;
    bool enough = !st && largest(worst, n) <= 0.5 * tolerance_of(r, false) && largest(worst + n, n) <= 0.5 * tolerance_of(r, true);
    enough = enough || r->stop != AZ_STOP_RUNNING || (r->retries > 0 && !(r->check < HELPED * before));
    if (!st && !enough && isfinite(r->check)) st = refine(run, worst, refined);
    az_program_destroy(g);
    az_doubles_free(res);
    az_doubles_free(worst);
    az_realloc(element, 0);
    if (points) az_doubles_free(points[at].x);
    az_realloc(points, 0);
    return st ? az_fail(run->err, st, "out of memory while judging the solution") : AZ_OK;
}
