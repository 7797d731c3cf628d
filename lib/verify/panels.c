/* panels.c: see panels.h. */
#include "verify/panels.h"

#include "operator/line.h"
#include "solve/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_PER_PANEL 10 /* of the solver's, where it has points of its own */
#define LEAST_PANELS 8
#define ROWS 24             /* Gauss points of a panel; an element has 17 functions less those that it shares */
#define ROWS_WIDE 48        /* where one panel reaches over an analytic point, and elements have degree 32 */
#define SAME 1e-12          /* of the domain */

static az_parity parity_of(const az_problem *p, int t)
{
    const az_coord_decl *x = &p->coord[0];
    return x->range == AZ_INTERVAL && (x->periodic || x->lo != -x->hi) ? AZ_NO_PARITY : p->trial[t].parity[0];
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorted, without repetitions. */
static int tidy(double *e, int n)
{
    int k = 1;
    qsort(e, (size_t)n, sizeof *e, ascending);
    const double width = e[n - 1] - e[0];
    for (int i = 1; i < n; i++)
        if (e[i] - e[k - 1] > SAME * width) e[k++] = e[i];
    return k;
}

/* The edges of elements, or quantiles of the solver's points. *out by az_doubles. */
static az_status interval_edges(double **out, int *n, const az_result *r)
{
    const az_problem *p = r->problem;
    const az_coord_decl *x = &p->coord[0];
    const az_points *at = &r->points[az_problem_first_equation(p)];
    if (az_run_elements(r)) {
        const az_mesh *m = &r->trial[0].stage[0].mesh;
        for (int t = 0; t < p->n_trials; t++)
            if (parity_of(p, t) == AZ_NO_PARITY) m = &r->trial[t].stage[0].mesh;
        *out = az_doubles((size_t)m->n_edges + 2);
        if (!*out) return AZ_ENOMEM;
        memcpy(*out, m->edge, sizeof **out * (size_t)m->n_edges);
        *n = m->n_edges;
        return AZ_OK;
    }
    double *sorted = az_doubles((size_t)at->n + 1);
    *out = az_doubles((size_t)at->n + LEAST_PANELS + 3);
    if (!sorted || !*out) return az_doubles_free(sorted), AZ_ENOMEM;
    memcpy(sorted, at->x, sizeof *sorted * (size_t)at->n);
    qsort(sorted, (size_t)at->n, sizeof *sorted, ascending);
    *n = 0;
    (*out)[(*n)++] = x->lo;
    for (int i = POINTS_PER_PANEL; i + POINTS_PER_PANEL <= at->n; i += POINTS_PER_PANEL) (*out)[(*n)++] = sorted[i];
    if (*n < LEAST_PANELS)
        for (int i = 1; i < LEAST_PANELS; i++) (*out)[(*n)++] = x->lo + (x->hi - x->lo) * i / LEAST_PANELS;
    (*out)[(*n)++] = x->hi;
    az_doubles_free(sorted);
    return AZ_OK;
}

static double to_z(const az_panels *a, double x) { return a->scale > 0 ? asinh(x / a->scale) : x; }

/* Whether a panel reaches over a point where the solution is analytic. */
static bool over_analytic(const az_panels *a, const az_problem *p, double lo, double hi)
{
    for (int k = 0; k < p->n_analytic; k++) {
        const double z = to_z(a, p->analytic[k].x), at = a->folded ? fabs(z) : z;
        if (lo <= at && at <= hi) return true;
    }
    return false;
}

/* No edge stands at such a point or within its neighbourhood. */
static void clear_analytic(az_panels *a, const az_problem *p)
{
    int n = 0;
    for (int i = 0; i < a->n; i++) {
        bool inside = false;
        for (int k = 0; k < p->n_analytic && i > 0 && i + 1 < a->n; k++) {
            const double lo = to_z(a, p->analytic[k].x - p->analytic[k].half), hi = to_z(a, p->analytic[k].x + p->analytic[k].half);
            inside |= (lo < a->z[i] && a->z[i] < hi) || (a->folded && lo < -a->z[i] && -a->z[i] < hi);
        }
        if (!inside) a->z[n++] = a->z[i];
    }
    a->n = n;
}

/* Every panel in two, but one with 0 inside, or an analytic point: no knot comes there. */
static az_status halve(double **z, int *n, const az_panels *a, const az_problem *p)
{
    double *fine = az_doubles(2 * (size_t)*n);
    int k = 0;
    if (!fine) return AZ_ENOMEM;
    for (int i = 0; i < *n; i++) {
        fine[k++] = (*z)[i];
        if (i + 1 < *n && !((*z)[i] < 0 && (*z)[i + 1] > 0) && !over_analytic(a, p, (*z)[i], (*z)[i + 1])) fine[k++] = 0.5 * ((*z)[i] + (*z)[i + 1]);
    }
    az_doubles_free(*z);
    *z = fine, *n = k;
    return AZ_OK;
}

static az_status fold(double **z, int *n)
{
    double *e = az_doubles((size_t)*n + 1);
    if (!e) return AZ_ENOMEM;
    for (int i = 0; i < *n; i++) e[i] = fabs((*z)[i]);
    e[*n] = 0;
    *n = tidy(e, *n + 1);
    az_doubles_free(*z);
    *z = e;
    return AZ_OK;
}

/* No panel is more than AZ_PANEL_RATIO times as wide as its neighbour. */
static az_status even_out(double **z, int *n)
{
    bool *none = az_calloc((size_t)*n + 1, sizeof *none);
    const az_status st = none ? az_panels_refine(z, n, none) : AZ_ENOMEM;
    az_realloc(none, 0);
    return st;
}

#define CORE 0.6   /* of the first panels of a solve with 600 points */
#define REACH 40.0 /* the same */

az_status az_panels_base(double **edge, int *n_edges, const az_result *r)
{
    const az_problem *p = r->problem;
    const az_coord_decl *x = &p->coord[0];
    bool half = true;
    az_status st = AZ_OK;
    *edge = NULL, *n_edges = 0;
    if (r->n_edges) {
        *edge = az_doubles((size_t)r->n_edges);
        if (*edge) memcpy(*edge, r->edge, sizeof **edge * (size_t)(*n_edges = r->n_edges));
        return *edge ? AZ_OK : AZ_ENOMEM;
    }
    if (x->range == AZ_INTERVAL) return AZ_OK;
    if (x->range == AZ_LINE) st = az_problem_half_line(&half, p);
    return st ? st : az_panels_start(edge, n_edges, CORE * (half ? 1 : 2), x->open > 0 ? AZ_OPEN_REACH : REACH, half);
}

az_status az_panels_of(az_panels *a, const az_result *r, bool local, const double *edge, int n_edges)
{
    const az_problem *p = r->problem;
    const az_coord_decl *x = &p->coord[0];
    const bool interval = x->range == AZ_INTERVAL && local; /* those of `primitive` are in z, on intervals, too */
    bool parity = false;
    az_status st = AZ_OK;
    *a = (az_panels){.scale = interval ? 0 : x->scale};
    if (!interval && !n_edges) return AZ_EDOMAIN;
    for (int t = 0; t < p->n_trials; t++) parity |= parity_of(p, t) != AZ_NO_PARITY;
    if (interval) st = interval_edges(&a->z, &a->n, r);
    else {
        a->z = az_doubles((size_t)n_edges + 1);
        if (!a->z) return AZ_ENOMEM;
        memcpy(a->z, edge, sizeof *a->z * (size_t)(a->n = n_edges));
    }
    a->folded = parity && x->range != AZ_HALF_LINE;
    bool half = false;
    if (!st) st = az_problem_symmetric(&half, p);
    a->both = a->folded && !half;
    if (!st && a->folded) st = fold(&a->z, &a->n);
    else if (!st) a->n = tidy(a->z, a->n);
    if (!st && interval && !p->n_analytic) st = even_out(&a->z, &a->n);
    if (!st) clear_analytic(a, p);
    if (!st && local && az_run_elements(r)) st = halve(&a->z, &a->n, a, p);
    if (!st && !local) st = az_panels_split(&a->edge, &a->n_edges, edge, n_edges);
    return st;
}

void az_panels_clear(az_panels *a)
{
    az_doubles_free(a->z);
    az_doubles_free(a->edge);
    *a = (az_panels){.n = 0};
}

static int find_z(const az_panels *a, double z)
{
    int lo = 0, hi = a->n - 2;
    while (lo < hi) {
        const int mid = (lo + hi + 1) / 2;
        if (z >= a->z[mid]) lo = mid;
        else hi = mid - 1;
    }
    return lo;
}

int az_panels_find(const az_panels *a, double x)
{
    const double z = a->scale > 0 ? asinh(x / a->scale) : x;
    return find_z(a, a->folded ? fabs(z) : z);
}

az_status az_panels_points(az_points *out, const az_panels *a, const az_problem *p)
{
    double s[ROWS_WIDE], w[ROWS_WIDE];
    const int sides = a->both ? 2 : 1, rows = p->n_analytic ? ROWS_WIDE : ROWS;
    int n = 0;
    *out = (az_points){.dim = 1, .x = az_doubles((size_t)(sides * rows * (a->n - 1)) + 1)};
    if (!out->x) return AZ_ENOMEM;
    az_gauss_legendre(s, w, rows);
    for (int e = 0; e + 1 < a->n; e++)
        for (int i = 0; i < rows; i++) {
            const double z = 0.5 * (a->z[e] + a->z[e + 1]) + 0.5 * (a->z[e + 1] - a->z[e]) * s[i], x = a->scale > 0 ? a->scale * sinh(z) : z;
            out->x[n++] = x;
            if (a->both) out->x[n++] = -x;
        }
    out->n = n;
    return AZ_OK;
}

az_status az_panels_mesh(az_mesh *m, const az_panels *a, const az_problem *p, int k)
{
    const bool mirrored = a->folded && parity_of(p, k) == AZ_NO_PARITY;
    *m = (az_mesh){.parity = parity_of(p, k), .periodic = !(a->scale > 0) && p->coord[0].periodic, .length = a->scale};
    m->edge = az_doubles(2 * (size_t)a->n);
    if (!m->edge) return AZ_ENOMEM;
    for (int i = a->n - 1; i > 0 && mirrored; i--) m->edge[m->n_edges++] = -a->z[i];
    for (int i = mirrored; i < a->n; i++) m->edge[m->n_edges++] = a->z[i];
    return az_elements_smoothness(&m->smooth, p, k);
}

int az_panels_of_element(const az_panels *a, const az_mesh *m, int element)
{
    const double z = 0.5 * (m->edge[element] + m->edge[element + 1]);
    return find_z(a, a->folded ? fabs(z) : z);
}

/* Edges are the panels' own numbers: a node is found exactly. */
int az_panels_of_node(const az_panels *a, const az_mesh *m, int node)
{
    return find_z(a, a->folded ? fabs(m->edge[node]) : m->edge[node]);
}
