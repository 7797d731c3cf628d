/* eval.c: values and derivatives of named fields and lets anywhere, by the same compiled programs that solve. */
#include "solve/eval.h"
#include "residual/program.h"
#include "solve/dense.h"
#include "solve/points.h"
#include "solve/run.h"

#include <math.h>
#include <string.h>


int az_eval_find(const az_problem *p, const char *name)
{
    for (int i = p->n_lets - 1; i >= 0; i--)
        if (!strcmp(p->let[i].name, name)) return p->let[i].node;
    for (int i = 0; i < p->n_trials; i++)
        if (!strcmp(p->trial[i].name, name)) return p->trial[i].node;
    return -1;
}

static az_status check_points(const az_problem *p, const double *x, int n, az_error *err)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < p->dim; c++) {
            const az_coord_decl *d = &p->coord[c];
            double v = x[i * p->dim + c];
            bool inside = isfinite(v) && (d->range != AZ_HALF_LINE || v >= 0) && (d->range != AZ_INTERVAL || (v >= d->lo && v <= d->hi)) &&
                          (!(d->open > 0) || fabs(v) <= d->open);
            if (!inside) return az_fail(err, AZ_EDOMAIN, "point %d: %s = %g lies outside the domain", i + 1, d->name, v);
        }
    return AZ_OK;
}

/* On half a grid values at y < 0 follow from |y| by the parity of the derivative asked for; 0 where there is none. */
static az_status fold(int *sign, const az_result *r, int node, const int *order)
{
    const az_problem *p = r->problem;
    *sign = 0;
    if (!r->n_edges || r->edge[0] != 0 || p->coord[0].range != AZ_LINE) return AZ_OK;
    signed char *parity = az_calloc((size_t)p->graph.n + 1, 1);
    az_status st = parity ? az_node_parity(parity, &p->graph, p) : AZ_ENOMEM;
    if (!st) *sign = parity[node] * (order && order[0] % 2 ? -1 : 1);
    az_realloc(parity, 0);
    return st;
}

/* out[k][n] from the trials of r and these scalars. */
static az_status run_probe(const az_result *r, const double *scalar, double *out, const az_probe *probe, az_error *err)
{
    az_program_setup setup = {
        .edge = r->n_edges ? r->edge : NULL, .n_edges = r->n_edges, .points = r->points, .probe = probe, .threads = az_threads(0)};
    az_program *g;

    az_status st = az_dense_init(setup.threads);
    if (st) return az_fail(err, st, "out of memory: products of matrices need 0.13 GB of address space for their buffers");
    st = az_program_create(&g, r->problem, &setup, err);
    if (st) return st;
    az_binding b = {.trial = r->trial, .scalar = scalar, .unit = 1};
    st = az_program_residual(g, &b, NULL);
    for (int k = 0; k < probe->n_nodes && !st; k++) memcpy(out + (size_t)k * (size_t)probe->n, az_program_probe(g, k), sizeof(double) * (size_t)probe->n);
    az_program_destroy(g);
    return st ? az_fail(err, st, "out of memory for the values of the trials") : AZ_OK;
}

/* Elements of a half-plane: at the point (0, length) of conformal coordinates, where these have a square root, derivatives are the means of those at
 * this distance above and below, in lengths; at the corner of polar ones, where some depend on the direction, those that do are extrapolated from
 * three points between wall and axis, where the modes have the least rounding. The error is the square of the distance, or its cube; that of rounding
 * grows like the inverse of its powers. */
#define STEP 1e-3
#define NEAR 1e-9

typedef struct mend {
    int n;
    double y[3][2], weight[3]; /* points, in lengths */
} mend;
static const mend mend_focus = {2, {{0, 1 - STEP}, {0, 1 + STEP}}, {0.5, 0.5}},
                  mend_corner = {3, {{STEP, STEP}, {2 * STEP, 2 * STEP}, {3 * STEP, 3 * STEP}}, {3, -3, 1}};

static bool to_mend(const az_mesh *m, const double *x, double value)
{
    if (m->coordinates == AZ_POLAR) return x[0] == 0 && x[1] == 0 && !isfinite(value);
    return hypot(x[0], x[1] - m->length) <= NEAR * m->length;
}

/* What `out` holds where the coordinates are singular is replaced. */
static az_status mend_singular(const az_result *r, double *out, int node, const double *points, int n, const int *order, az_error *err)
{
    const az_mesh *m = az_state_strip(r);
    double x[6], v[3], sum = 0;
    bool met = false;

    for (int i = 0; i < n && m; i++) met |= to_mend(m, points + 2 * (size_t)i, out[i]);
    if (!met) return AZ_OK;
    const mend *how = m->coordinates == AZ_POLAR ? &mend_corner : &mend_focus;
    for (int k = 0; k < how->n; k++) x[2 * k] = m->length * how->y[k][0], x[2 * k + 1] = m->length * how->y[k][1];
    const az_status st = run_probe(r, r->scalar, v, &(az_probe){.x = x, .n = how->n, .node = &node, .n_nodes = 1, .order = order}, err);
    for (int k = 0; k < how->n && !st; k++) sum += how->weight[k] * v[k];
    for (int i = 0; i < n && !st; i++)
        if (to_mend(m, points + 2 * (size_t)i, out[i])) out[i] = sum;
    return st;
}

#define FAR 1e100 /* scale lengths: nothing that has a meaning overflows before, but squares and cubes do beyond */

static bool is_far(const az_problem *p, const double *x)
{
    bool far = false;
    for (int c = 0; c < p->dim; c++) far |= p->coord[c].range != AZ_INTERVAL && !(fabs(x[c]) <= FAR * p->coord[c].scale);
    return far;
}

/* Far out a part may overflow and the whole be finite and wrong, as x/(1 + x^2) then is 0: it becomes NaN. */
static az_status forget_overflow(const az_result *r, double *out, int node, const double *x, int n, az_error *err)
{
    const az_problem *p = r->problem;
    int *list = NULL, n_list = 0;
    double *value = NULL;
    az_status st = AZ_OK;
    for (int i = 0; i < n && !st; i++) {
        if (!isfinite(out[i]) || !is_far(p, x + (size_t)i * (size_t)p->dim)) continue;
        if (!list) st = az_nodes_below(&list, &n_list, p, node);
        if (!st && !value) value = az_doubles((size_t)n_list);
        if (!st && !value) st = AZ_ENOMEM;
        if (st) az_fail(err, st, "out of memory");
        else st = run_probe(r, r->scalar, value, &(az_probe){.x = x + (size_t)i * (size_t)p->dim, .n = 1, .node = list, .n_nodes = n_list}, err);
        for (int k = 0; k < n_list && !st; k++)
            if (!isfinite(value[k])) out[i] = NAN;
    }
    az_realloc(list, 0);
    az_doubles_free(value);
    return st;
}

/* At points of the program. */
static az_status evaluate(const az_result *r, double *out, int node, const double *points, int n, const int *order, az_error *err)
{
    const az_problem *p = r->problem;
    double *x = az_alloc_array((size_t)n * (size_t)p->dim, sizeof *x);
    if (!x) return az_fail(err, AZ_ENOMEM, "out of memory");
    int sign;
    az_status st = fold(&sign, r, node, order);
    for (int i = 0; i < n * p->dim; i++) x[i] = sign ? fabs(points[i]) : points[i];
    if (st) az_fail(err, st, "out of memory");
    if (!st) st = run_probe(r, r->scalar, out, &(az_probe){.x = x, .n = n, .node = &node, .n_nodes = 1, .order = order}, err);
    for (int i = 0; i < n && !st; i++)
        if (sign < 0 && points[i] < 0) out[i] = -out[i];
    if (!st) st = mend_singular(r, out, node, points, n, order, err);
    if (!st) st = forget_overflow(r, out, node, x, n, err);
    az_realloc(x, 0);
    return st;
}

/* The k-th derivative in y of f(t(y)) on an open interval, from those in t, f[j] the j-th: with u = y/X, t = 2u/(1 - u^2) = 1/(1 - u) - 1/(1 + u), whose
 * Taylor coefficients are (1 - u)^-(j+1) - (-1)^j (1 + u)^-(j+1), f is composed by Horner's rule. */
static double compose(const double *f, int k, double y, double half)
{
    const double u = y / half;
    double t[AZ_MAX_DERIVATIVE + 1], sum[AZ_MAX_DERIVATIVE + 1] = {0}, factorial[AZ_MAX_DERIVATIVE + 1];
    for (int j = 0; j <= k; j++) {
        t[j] = (pow(1 - u, -(j + 1)) - (j % 2 ? -1 : 1) * pow(1 + u, -(j + 1))) / pow(half, j);
        factorial[j] = j ? factorial[j - 1] * j : 1;
    }
    for (int j = k; j >= 0; j--) {
        for (int i = k; i >= 0; i--) {
            double s = 0;
            for (int l = 1; l <= i; l++) s += t[l] * sum[i - l];
            sum[i] = s;
        }
        sum[0] += f[j] / factorial[j];
    }
    return sum[k] * factorial[k];
}

static az_status derivatives_open(const az_result *r, double *out, int node, const double *points, const double *x, int n, int k, az_error *err)
{
    double *v = az_alloc_array((size_t)n, (AZ_MAX_DERIVATIVE + 1) * sizeof *v), f[AZ_MAX_DERIVATIVE + 1];
    az_status st = v ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    for (int j = 0; j <= k && !st; j++) st = evaluate(r, v + (size_t)j * (size_t)n, node, x, n, &j, err);
    for (int i = 0; i < n && !st; i++) {
        for (int j = 0; j <= k; j++) f[j] = v[(size_t)j * (size_t)n + (size_t)i];
        out[i] = compose(f, k, points[i], r->problem->coord[0].open);
    }
    az_realloc(v, 0);
    return st;
}

az_status az_run_eval(const az_result *r, double *out, const char *name, const double *x, int n, const int *order, az_error *err)
{
    int node = az_eval_find(r->problem, name);
    if (node < 0) return az_fail(err, AZ_ENAME, "no field, let or trial is called '%s'", name);
    return evaluate(r, out, node, x, n, order, err);
}

az_status az_eval_node(const az_result *r, double *out, int node, const double *points, int n, const int *order, az_error *err)
{
    const az_problem *p = r->problem;
    int k = 0;
    bool open = false;
    for (int c = 0; c < p->dim; c++) {
        open |= p->coord[c].open > 0;
        if (p->coord[c].open > 0 && order) k = order[c];
        if (p->dim > 1 && k > 0)
            return az_fail(err, AZ_EOPTION, "derivatives in %s, an open interval among %d coordinates: declare a let", p->coord[c].name, p->dim);
    }
    az_status st = check_points(p, points, n, err);
    if (st || n == 0) return st;
    if (!open) return evaluate(r, out, node, points, n, order, err);
    double *x = az_alloc_array((size_t)n * (size_t)p->dim, sizeof *x);
    if (!x) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < n * p->dim; i++) x[i] = p->coord[i % p->dim].open > 0 ? az_open_to_line(&p->coord[i % p->dim], points[i]) : points[i];
    st = k ? derivatives_open(r, out, node, points, x, n, k, err) : evaluate(r, out, node, x, n, order, err);
    az_realloc(x, 0);
    return st;
}

az_status az_eval(const az_result *r, double *out, const char *name, const double *points, int n, const int *order, az_error *err)
{
    const az_problem *p = r->problem;
    int node = az_eval_find(p, name);
    if (node < 0) return az_fail(err, AZ_ENAME, "no field, let or trial is called '%s'", name);
    for (int c = 0; order && c < p->dim; c++)
        if (order[c] < 0 || order[c] > AZ_MAX_DERIVATIVE)
            return az_fail(err, AZ_EDOMAIN, "derivative order %d: expected 0 to %d", order[c], AZ_MAX_DERIVATIVE);
    return az_eval_node(r, out, node, points, n, order, err);
}

#define LINE_Z 20.0 /* y = 2e8 scale lengths */

static int grid_count(int wanted, int dim)
{
    int n = (int)ceil(pow(wanted > 1 ? wanted : 2, 1.0 / dim) - 1e-9);
    return n > 1 ? n : 2;
}

static double grid_point(const az_coord_decl *c, double u)
{
    if (c->range == AZ_INTERVAL) return c->lo + (c->hi - c->lo) * u;
    if (c->open > 0) return c->open * tanh(0.5 * LINE_Z * (2 * u - 1));
    return c->scale * sinh(c->range == AZ_LINE ? LINE_Z * (2 * u - 1) : LINE_Z * u);
}

az_status az_sample_points(const az_problem *p, double **points, int *n, int wanted, az_error *err)
{
    if (wanted < 1) return az_fail(err, AZ_EDOMAIN, "%d points: expected at least 1", wanted);
    int per = grid_count(wanted, p->dim);
    *n = 1;
    for (int c = 0; c < p->dim; c++) {
        if (*n > 100000000 / per) return az_fail(err, AZ_ELIMIT, "%d points are more than the limit of 1e8", wanted);
        *n *= per;
    }
    *points = az_alloc_array((size_t)*n * (size_t)p->dim, sizeof **points);
    if (!*points) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < *n; i++)
        for (int c = p->dim - 1, rest = i; c >= 0; c--, rest /= per)
            (*points)[i * p->dim + c] = grid_point(&p->coord[c], (double)(rest % per) / (per - 1));
    return AZ_OK;
}
