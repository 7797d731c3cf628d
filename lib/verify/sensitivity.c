/* sensitivity.c: what the rows of a problem know of its numbers.
 *
 * All rows are linearised at the result, L du + f dp = -rho, on points and in columns that the solver did not have (tangent.c). The dual weights w of a
 * number J, L'w = dJ, turn residuals into its error: |dJ| <= sum |w| (|rho| + rounding of the row's terms) (system.c; Becker and Rannacher, Acta Numerica
 * 2001, for the idea). What no row sees is not determined, and said. Where the second-order term is not small the error is that of a re-solve. */
#include "verify/sensitivity.h"

#include "solve/eval.h"
#include "verify/free.h"
#include "verify/tangent.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define POOR 0.5    /* a second correction over the first: the linearisation says too little */
#define STEPS 12    /* corrections with the first linearisation, where it is poor */
#define SMALL 1e-6  /* of the size that an unknown starts with: 0 to that is a number */

/* ---- corrections: how far the numbers move when the rows are solved again */

typedef struct resolve {
    int n;              /* numbers: unknowns, then derived */
    double *gradient;   /* [n][cols] */
    double *first, *second, *sum; /* [n] first correction, the next one, all together */
} resolve;

static double dot(const double *a, const double *b, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += a[i] * b[i];
    return s;
}

/* rows[k] -> the part of a vector of rows that stands in block k. rows: [n_rows] by the tangent's order. */
static az_status by_blocks(const az_tangent *t, double **store, const double ***rows, const double *r)
{
    const az_system *s = t->system;
    int most = 0;
    for (int b = 0; b < s->n_blocks; b++) most += s->block[b].rows;
    *store = az_doubles((size_t)most + 1);
    *rows = az_calloc((size_t)s->n_blocks, sizeof **rows);
    if (!*store || !*rows) return AZ_ENOMEM;
    double *at = *store;
    for (int b = 0; b < s->n_blocks; b++) (*rows)[b] = at, at += s->block[b].rows;
    for (int i = 0; i < t->n_rows; i++) {
        double *to = *store + ((*rows)[t->block[i]] - *store) + t->at[i];
        *to = isfinite(r[i]) ? r[i] : 0;
    }
    return AZ_OK;
}

/* One more correction of d, from the residuals at it. */
static az_status correct(az_tangent *t, double *d, double *step, double *r)
{
    double *store = NULL;
    const double **rows = NULL;
    az_status st = az_tangent_residual(t, r, d);
    if (!st) st = by_blocks(t, &store, &rows, r);
    if (!st) st = az_system_solve(t->system, step, rows);
    for (int j = 0; j < t->system->cols && !st; j++) d[j] += step[j];
    az_doubles_free(store);
    az_realloc(rows, 0);
    return st;
}

static az_status resolve_numbers(resolve *v, az_tangent *t)
{
    const int cols = t->system->cols;
    double *d = az_doubles((size_t)cols + 1), *step = az_doubles((size_t)cols + 1), *r = az_doubles((size_t)t->n_rows + 1);
    az_status st = d && step && r ? AZ_OK : AZ_ENOMEM;
    bool poor = true;
    for (int k = 0; k < STEPS && poor && !st; k++) {
        st = correct(t, d, step, r);
        for (int i = 0; i < v->n && !st; i++) {
            const double move = fabs(dot(v->gradient + (size_t)i * (size_t)cols, step, cols));
            if (k == 0) v->first[i] = move;
            if (k == 1) v->second[i] = move;
            v->sum[i] += move;
        }
        if (k != 1) continue;
        poor = false;
        for (int i = 0; i < v->n; i++) poor |= !(v->second[i] <= POOR * v->first[i]);
    }
    az_doubles_free(d);
    az_doubles_free(step);
    az_doubles_free(r);
    return st;
}

/* ---- the errors */

/* A number that is as large as its error is none, but 0 beside the size that it might have. */
static double or_undetermined(double error, double value, double size)
{
    return error >= fabs(value) && !(error <= SMALL * size) ? INFINITY : error;
}

static az_status measure_number(const az_system *s, double *error, const resolve *v, int i, double value, double size)
{
    double norm, noise;
    const double *g = v->gradient + (size_t)i * (size_t)s->cols;
    const az_status st = az_system_error(s, error, &norm, &noise, g);
    if (st) return st;
    const double ratio = v->second[i] > noise ? v->second[i] / v->first[i] : 0; /* of a correction to the one before it: their sum is a geometric series */
    if (isfinite(*error) && !(ratio <= POOR)) *error = 2 * fmax(*error, v->sum[i]);
    else *error /= 1 - ratio;
    if (isnan(*error)) *error = INFINITY;
    *error = or_undetermined(*error, value, size);
    return AZ_OK;
}

#define LOOKS 7 /* points at which the fields' own errors are asked for */

/* In the middle of the domain, away from its ends and from 0. */
static void some_points(double *x, const az_problem *p)
{
    static const double share[LOOKS] = {0.13, 0.29, 0.41, 0.53, 0.67, 0.79, 0.91}, z[LOOKS] = {0.3, 0.6, 1.0, 1.5, 2.1, 2.8, 4.0};
    for (int i = 0; i < LOOKS; i++)
        for (int c = 0; c < p->dim; c++) {
            const az_coord_decl *d = &p->coord[c];
            const int k = (i * (c + 1) + c) % LOOKS; /* not on a diagonal */
            x[i * p->dim + c] = d->range == AZ_INTERVAL ? d->lo + (d->hi - d->lo) * share[k] : d->scale * sinh(z[k]);
        }
}

/* Numbers of the probe: derived ones, then lets, or trials where there are none. */
static int probed(int *node, const az_problem *p)
{
    int n = 0;
    for (int i = 0; i < p->n_derived; i++) node[n++] = p->derived[i].node;
    for (int i = 0; i < p->n_lets; i++) node[n++] = p->let[i].node;
    for (int k = 0; k < p->n_trials && !p->n_lets; k++) node[n++] = p->trial[k].node;
    return n;
}

/* The largest error of each let or trial at these points; one that is as large as the largest value there is is not determined. */
static az_status measure_fields(az_support *q, const az_result *r, az_tangent *t)
{
    const az_problem *p = r->problem;
    const int n = p->n_lets ? p->n_lets : p->n_trials;
    double *g = az_doubles((size_t)t->system->cols + 1), norm, error, x[LOOKS * AZ_MAX_DIM], value[LOOKS];
    double *sizes = az_doubles((size_t)n + 1), all = 0;
    az_status st = g && sizes ? AZ_OK : AZ_ENOMEM;
    some_points(x, p);
    for (int k = 0; k < n && !st; k++) {
        double most = 0, size = 0;
        if (az_eval_node(r, value, p->n_lets ? p->let[k].node : p->trial[k].node, x, LOOKS, NULL, NULL)) continue;
        for (int i = 0; i < LOOKS && !st; i++) {
            if (!isfinite(value[i])) continue;
            st = az_tangent_gradient(t, g, (p->n_derived + k) * LOOKS + i);
            if (!st) st = az_system_error(t->system, &error, &norm, NULL, g);
            most = fmax(most, error), size = fmax(size, fabs(value[i]));
        }
        q->field[k] = most;
        sizes[k] = size, all = fmax(all, size);
    }
    for (int k = n - 1; k >= 0 && !st; k--) /* a field may be 0, beside others that are not */
        if (q->field[k] >= sizes[k] && q->field[k] > SMALL * all && all > 0) q->lost = k + 1;
    az_doubles_free(sizes);
    az_doubles_free(g);
    return st;
}

static az_status create_resolve(resolve *v, const az_tangent *t, int n)
{
    *v = (resolve){.n = n, .gradient = az_doubles((size_t)n * (size_t)t->system->cols + 1), .first = az_doubles((size_t)n + 1), .second = az_doubles((size_t)n + 1), .sum = az_doubles((size_t)n + 1)};
    return v->gradient && v->first && v->second && v->sum ? AZ_OK : AZ_ENOMEM;
}

static void clear_resolve(resolve *v)
{
    az_doubles_free(v->gradient);
    az_doubles_free(v->first);
    az_doubles_free(v->second);
    az_doubles_free(v->sum);
}

/* 1 where the file says 0. */
static double start_of(const az_result *r, int i)
{
    const az_problem *p = r->problem;
    const double start = fabs(p->scalar[p->n_parameters + i].value);
    return start > 0 ? start : 1;
}

/* The largest over all rows; infinite where a row has a residual and no rounding. */
static double residual_over_rounding(const az_tangent *t)
{
    double most = 0;
    for (int i = 0; i < t->n_rows; i++) {
        const az_block *b = &t->system->block[t->block[i]];
        const double residual = b->residual[t->at[i]], noise = b->noise[t->at[i]];
        if (residual > 0) most = fmax(most, residual / noise);
    }
    return most;
}

static az_status measure(az_support *q, const az_result *r, az_tangent *t)
{
    const az_problem *p = r->problem;
    const int unknowns = r->history.n_unknowns, n = unknowns + p->n_derived;
    resolve v;
    az_status st = create_resolve(&v, t, n);
    for (int i = 0; i < unknowns && !st; i++)
        if (az_tangent_unknown(t, i) >= 0) v.gradient[(size_t)i * (size_t)t->system->cols + (size_t)az_tangent_unknown(t, i)] = 1;
    for (int i = 0; i < p->n_derived && !st; i++)
        st = az_tangent_gradient(t, v.gradient + (size_t)(unknowns + i) * (size_t)t->system->cols, i * LOOKS);
    q->above = residual_over_rounding(t);
    if (!st) st = az_system_factor(t->system);
    if (!st) st = resolve_numbers(&v, t);
    for (int i = 0; i < unknowns && !st; i++)
        if (az_tangent_unknown(t, i) >= 0) st = measure_number(t->system, &q->unknown[i], &v, i, r->scalar[p->n_parameters + i], start_of(r, i));
    for (int i = 0; i < p->n_derived && !st; i++) {
        double value = NAN;
        if (az_result_derived(r, i, &value, NULL, NULL)) continue;
        st = measure_number(t->system, &q->derived[i], &v, unknowns + i, value, 1);
    }
    if (!st) st = measure_fields(q, r, t);
    clear_resolve(&v);
    return st;
}

static az_status begin(az_support *q, const az_result *r)
{
    const int unknowns = r->history.n_unknowns, n_derived = r->problem->n_derived, fields = r->problem->n_lets ? r->problem->n_lets : r->problem->n_trials;
    *q = (az_support){.unknown = az_doubles((size_t)unknowns + 1), .derived = az_doubles((size_t)n_derived + 1), .field = az_doubles((size_t)fields + 1)};
    if (!q->unknown || !q->derived || !q->field) return AZ_ENOMEM;
    for (int i = 0; i < fields; i++) q->field[i] = NAN;
    for (int i = 0; i < unknowns; i++) q->unknown[i] = NAN;
    for (int i = 0; i < n_derived; i++) q->derived[i] = NAN;
    return AZ_OK;
}

az_status az_sensitivity_measure(az_support *q, const az_result *r, double relative, const az_reference *s, int threads, az_error *err)
{
    const az_problem *p = r->problem;
    const double began = az_seconds();
    int node[AZ_MAX_DERIVED + AZ_MAX_LETS + AZ_MAX_TRIALS];
    double x[LOOKS * AZ_MAX_DIM];
    az_tangent *t = NULL;
    az_status st = begin(q, r);
    const az_probe probe = {.x = x, .n = LOOKS, .node = node, .n_nodes = probed(node, p)};
    if (st || r->ladder.held || r->arc || !isfinite(relative)) return st;
    some_points(x, p);
    st = az_tangent_create(&t, r, s, &probe, threads, err);
    if (!st) st = measure(q, r, t);
    if (!st) st = az_free_directions(q, r, t, threads);
    for (int i = 0; i < r->history.n_unknowns && !st; i++) q->open += isinf(q->unknown[i]);
    for (int i = 0; i < p->n_derived && !st; i++) q->open += isinf(q->derived[i]);
    q->done = !st;
    q->seconds = az_seconds() - began;
    az_tangent_destroy(t);
    return st == AZ_ENOMEM ? st : AZ_OK;
}

az_status az_sensitivity_of(const az_result *r, double *error, int node, const double *x, int n, const int *order, int threads, az_error *err)
{
    const az_probe probe = {.x = x, .n = n, .node = &node, .n_nodes = 1, .order = order};
    az_tangent *t = NULL;
    az_status st = az_tangent_create(&t, r, NULL, &probe, threads, err);
    double *g = st ? NULL : az_doubles((size_t)t->system->cols + 1), norm;
    if (!st && !g) st = AZ_ENOMEM;
    if (!st) st = az_system_factor(t->system);
    for (int i = 0; i < n && !st; i++) {
        st = az_tangent_gradient(t, g, i);
        if (!st) st = az_system_error(t->system, &error[i], &norm, NULL, g);
    }
    az_doubles_free(g);
    az_tangent_destroy(t);
    return st;
}

az_status az_eval_error(const az_result *r, double *error, const char *name, const double *points, int n, const int *order, int threads, az_error *err)
{
    const az_problem *p = r->problem;
    const int node = az_eval_find(p, name);
    bool open = false;
    if (node < 0) return az_fail(err, AZ_ENAME, "no field, let or trial is called '%s'", name);
    for (int c = 0; c < p->dim; c++) open |= p->coord[c].open > 0;
    if (open) return az_fail(err, AZ_EDOMAIN, "errors at points of an open interval are not estimated");
    if (!n) return AZ_OK;
    const az_status st = az_sensitivity_of(r, error, node, points, n, order, threads > 0 ? threads : 1, err);
    return st == AZ_ENOMEM ? az_fail(err, st, "out of memory") : st == AZ_EDOMAIN ? az_fail(err, st, "the equations of '%s' cannot be linearised in this space: no errors of values", p->name) : st;
}
