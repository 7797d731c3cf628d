#include "solve/points.h"

#include <math.h>
#include <string.h>

#define CORE_REACH 6.0 /* panels are uniform up to here: y = 200 scale lengths */
#define GROWTH 0.25 /* panel width per unit of z beyond */
#define WIDEST 4.0 /* e^-z is resolved by 16 nodes to 1e-16 on a panel this wide */
#define END_CLUSTER 0.5 /* share of the arcsine density in an interval */
#define CORNER 1e-3 /* nearest distance, in scales */
#define CORE_XI 2.0 /* y = 3.6 scales */
#define GRADING 0.1
#define BESIDE_AXIS 1e-3 /* angle: 0/0 has thirteen digits here */

static az_status add_edge(double **edge, int *n, int *cap, double z)
{
    if (*n == *cap) {
        double *grown = az_doubles(*cap ? 2 * (size_t)*cap : 64);
        if (!grown) return AZ_ENOMEM;
        if (*n) memcpy(grown, *edge, sizeof(double) * (size_t)*n);
        *cap = *cap ? 2 * *cap : 64;
        az_doubles_free(*edge);
        *edge = grown;
    }
    (*edge)[(*n)++] = z;
    return AZ_OK;
}

az_status az_panels_start(double **edge, int *n_edges, double core, double reach, bool half)
{
    double *positive = NULL;
    int n = 0, cap = 0, cap_out = 0;
    az_status st = AZ_OK;
    for (double z = half ? 0 : 0.5 * core; !st;) {
        st = add_edge(&positive, &n, &cap, fmin(z, reach));
        if (z >= reach) break;
        double width = z < CORE_REACH ? core : fmin(WIDEST, core + GROWTH * (z - CORE_REACH));
        z += width;
        if (z < reach && reach - z < 0.5 * width) z = 0.5 * (z - width + reach); /* no sliver, which a longer grid would repeat */
    }
    *edge = NULL, *n_edges = 0;
    for (int i = n - 1; i >= 0 && !half && !st; i--) st = add_edge(edge, n_edges, &cap_out, -positive[i]);
    for (int i = 0; i < n && !st; i++) st = add_edge(edge, n_edges, &cap_out, positive[i]);
    az_doubles_free(positive);
    return st;
}

static az_status split_marked(double **out, int *n_out, const double *edge, int n_edges, const bool *mark)
{
    int cap = 0;
    *out = NULL, *n_out = 0;
    az_status st = AZ_OK;
    for (int i = 0; i < n_edges && !st; i++) {
        st = add_edge(out, n_out, &cap, edge[i]);
        if (!st && i + 1 < n_edges && (!mark || mark[i])) st = add_edge(out, n_out, &cap, 0.5 * (edge[i] + edge[i + 1]));
    }
    if (st) {
        az_doubles_free(*out);
        *out = NULL, *n_out = 0;
    }
    return st;
}

az_status az_panels_split(double **out, int *n_out, const double *edge, int n_edges)
{
    return split_marked(out, n_out, edge, n_edges, NULL);
}

static bool mark_uneven(bool *mark, const double *edge, int n_edges)
{
    bool any = false;
    for (int i = 0; i + 1 < n_edges; i++) {
        double w = edge[i + 1] - edge[i], left = i > 0 ? edge[i] - edge[i - 1] : w, right = i + 2 < n_edges ? edge[i + 2] - edge[i + 1] : w;
        mark[i] = w > AZ_PANEL_RATIO * fmin(left, right);
        any |= mark[i];
    }
    return any;
}

az_status az_panels_refine(double **edge, int *n_edges, const bool *mark)
{
    double *now, *next;
    int n, n_next;
    az_status st = split_marked(&now, &n, *edge, *n_edges, mark);
    while (!st) {
        bool *uneven = az_calloc((size_t)n, sizeof *uneven);
        if (!uneven) {
            st = AZ_ENOMEM;
            break;
        }
        bool any = mark_uneven(uneven, now, n);
        if (any) st = split_marked(&next, &n_next, now, n, uneven);
        az_realloc(uneven, 0);
        if (!any) break;
        if (st) break;
        az_doubles_free(now);
        now = next, n = n_next;
    }
    if (st) {
        az_doubles_free(now);
        return st;
    }
    az_doubles_free(*edge);
    *edge = now, *n_edges = n;
    return AZ_OK;
}

/* phi_d: the root of x^(d+1) = x + 1 */
static double generalised_golden(int d)
{
    double x = 2;
    for (int k = 0; k < 60; k++) x = pow(1 + x, 1.0 / (d + 1));
    return x;
}

static double place(const az_coord_decl *c, double u)
{
    double v = (1 - END_CLUSTER) * u + END_CLUSTER * 0.5 * (1 - cos(M_PI * u));
    if (c->range == AZ_INTERVAL) return c->lo + (c->hi - c->lo) * (c->periodic ? u : v);
    double t = c->range == AZ_LINE ? 2 * u - 1 : u; /* z = atanh-like stretch to |z| about 18: y about 3e7 */
    return c->scale * sinh(4 * t / (1.1 - fabs(t)) * 0.45 * fabs(t) + t);
}

static bool even_in_first(const az_problem *p)
{
    for (int t = 0; t < p->n_trials; t++)
        if (p->trial[t].parity[0] == AZ_NO_PARITY) return false;
    return true;
}

/* Kinds of points in turn, each a low-discrepancy sequence of its own, since one in eight of a single sequence leaves holes: on the wall; over the
 * core; towards the corner, evenly in the logarithm of the distance, since a wrong exponent hides there in a thin layer at the wall; beside the axis,
 * where the equations hold as a limit; and over all of xi. Where a kind is graded, half of its points are within a quarter radian of the axis, where
 * fields turn in the far field. */
enum { WALL, CORE_GRADED, CORE_EVEN, CORNER_LOG, AXIS, FAR_GRADED, FAR_ENDS, FAR_ENDS_TOO, KINDS };

/* [0, 1] to [0, 19] */
static double far(double u) { return 4 * u / (1.1 - u) * 0.45 * u + u; }
static double graded(double v, double whole) { return GRADING * sinh(v * asinh(whole / GRADING)); }
/* xi where q = 1 - u: cosh xi = q^-2 */
static double compact(double u) { return acosh(1 / ((1 - u) * (1 - u))); }

/* By xi and eta of (u, v) in the unit square; x holds the length of each coordinate. */
static void angular_point(double *x, az_coordinates how, int kind, double u, double v)
{
    double core = CORE_XI * u, xi = far(u), eta = M_PI_2 * 0.5 * (1 - cos(M_PI * v));
    if (how == AZ_COMPACT) core = compact(u * (1 - 1 / sqrt(cosh(CORE_XI)))), xi = compact(u);
    switch (kind) {
    case WALL: eta = M_PI_2; break;
    case CORE_GRADED: xi = core, eta = graded(v, M_PI_2); break;
    case CORE_EVEN: xi = core, eta = M_PI_2 * v; break;
    case FAR_GRADED: eta = graded(v, M_PI_2); break;
    default: break;
    }
    x[0] = x[0] * sinh(xi) * sin(eta), x[1] = kind == WALL ? 0 : x[1] * (how == AZ_CONFORMAL ? cosh(xi) : sinh(xi)) * cos(eta);
}

/* The same, by asinh of each coordinate. */
static void square_point(double *x, int kind, double u, double v)
{
    double z1 = far(v), z2 = far(u);
    switch (kind) {
    case WALL: z1 = far(u), z2 = 0; break;
    case CORE_GRADED: z1 = graded(v, CORE_XI), z2 = CORE_XI * u; break;
    case CORE_EVEN: z1 = CORE_XI * v, z2 = CORE_XI * u; break;
    case FAR_GRADED: z1 = graded(v, far(1)); break;
    default: break;
    }
    x[0] *= sinh(z1), x[1] *= sinh(z2);
}

static void half_plane_point(double *x, const az_problem *p, az_coordinates how, int i)
{
    const int kind = i % KINDS;
    const double phi = generalised_golden(2), place_in = i / KINDS + 1 + (double)kind / KINDS, scale = p->coord[0].scale;
    double u = 0.5 + place_in / phi, v = 0.5 + place_in / phi / phi;
    const double sign = i / KINDS % 2 && !even_in_first(p) ? -1 : 1;
    u -= floor(u), v -= floor(v);
    x[0] = sign * scale, x[1] = scale;
    if (kind == CORNER_LOG) x[0] = x[0] * pow(CORNER, u) * sin(M_PI_2 * v), x[1] = x[1] * pow(CORNER, u) * cos(M_PI_2 * v);
    else if (kind == AXIS) x[0] *= sinh(far(u)) * sin(BESIDE_AXIS), x[1] *= sinh(far(u)) * cos(BESIDE_AXIS); /* in conformal coordinates xi is 0 below the focus */
    else if (how == AZ_SINH) square_point(x, kind, u, v);
    else angular_point(x, how, kind, u, v);
}

az_status az_points_spread(az_points *out, const az_problem *p, unsigned fixed, const az_point *at, int n, int first, az_coordinates how)
{
    int free_dims = 0;
    for (int c = 0; c < p->dim; c++) free_dims += !(fixed >> c & 1);
    double phi = generalised_golden(free_dims > 0 ? free_dims : 1);
    *out = (az_points){.n = n, .dim = p->dim, .x = az_doubles((size_t)(n * p->dim))};
    if (!out->x) return AZ_ENOMEM;
    for (int i = 0; i < n && az_problem_half_plane(p) && !fixed; i++) half_plane_point(&out->x[2 * i], p, how, first + i);
    for (int i = 0; i < n && !(az_problem_half_plane(p) && !fixed); i++) {
        double alpha = 1;
        for (int c = 0; c < p->dim; c++) {
            double *x = &out->x[i * p->dim + c];
            if (fixed >> c & 1) {
                *x = at->x[c];
                continue;
            }
            alpha /= phi;
            double u = 0.5 + alpha * (first + i + 1);
            *x = place(&p->coord[c], u - floor(u));
        }
    }
    return AZ_OK;
}

void az_points_adapt(az_points *points, const az_points *pool, const double *residual, double share, az_rng *rng)
{
    double sum = 0, total = 0;
    for (int i = 0; i < pool->n; i++) sum += residual[i] * residual[i];
    double mean = sum / pool->n;
    if (!(mean > 0) || !isfinite(mean)) return;
    for (int i = 0; i < pool->n; i++) total += 1 + residual[i] * residual[i] / mean;
    int count = (int)(share * points->n), k = points->n - count;
    double gap = total / count, next = gap * az_rng_uniform(rng), run = 0;
    for (int i = 0; i < pool->n && k < points->n; i++) {
        run += 1 + residual[i] * residual[i] / mean;
        if (run <= next) continue;
        memcpy(points->x + (size_t)k * (size_t)points->dim, pool->x + (size_t)i * (size_t)pool->dim, sizeof(double) * (size_t)points->dim);
        k++;
        while (next < run) next += gap;
    }
}
