/* verify.c: az_verify, the tier "re-evaluated": all rows of a problem on an independent grid by the independent evaluator. */
#include "verify/evidence.h"
#include "verify/follow.h"
#include "verify/reference.h"
#include "verify/sample.h"
#include "verify/sensitivity.h"

#include <float.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#define THREADS_MAX 256
#define SPACING 0.0625              /* first grid in z: resolves a strip of half-width 1/2 to 1e-11, of pi/2 to round-off */
#define SPACING_INTERVAL 0.001953125
#define POINTS_MIN 4000
#define POINTS_MAX 40000
#define POINTS_RATIO 4              /* points of the grid per point of the solver */
#define CURVE_MAX 4000
/* Two grids agree when their maxima do to 20 %, or differ by round-off: exact profiles leave up to 100 eps, tests/test_verify.c. */
#define AGREE_RELATIVE 0.2
#define AGREE_FLOOR (512 * DBL_EPSILON)
/* Below this a double holds the terms of a residual with less than full precision, and the quotient would be noise. */
#define SCALE_MIN 1e-190 /* the square of a coordinate below it is still above DBL_MIN; a solve ends its grid where operands are smaller */

/* What one grid showed. */
typedef struct verdict {
    double max, relative;           /* NaN once anything was not finite */
    int points;
    double *row;                    /* [n_rows][AZ_ROW_FOUND(dim)] as in the state */
    double *x, *raw, *rel;          /* [points]: the worst equation at each point of the domain; rel is NaN where its scale is 0 */
} verdict;

static void verdict_clear(verdict *v)
{
    az_doubles_free(v->x);
    az_doubles_free(v->raw);
    az_doubles_free(v->rel);
    az_doubles_free(v->row);
    *v = (verdict){.max = 0};
}

/* Whether max became larger, or NaN. */
static bool widen(double *max, double x)
{
    const double before = *max;

    if (isnan(before)) return false;
    *max = isfinite(x) ? fmax(before, fabs(x)) : NAN;
    return !(*max <= before);
}

/* One row at one point; ratio: NULL where the scale is zero. */
static void widen_row(double *found, double value, const double *ratio, const double *x, int dim)
{
    const bool larger = widen(&found[0], value), judged = found[1] > 0 || isnan(found[1]);
    const bool largest = ratio ? widen(&found[1], *ratio) : larger && !judged;

    if (largest || isnan(found[2])) memcpy(found + 2, x, sizeof *x * (size_t)dim);
}

/* Rows stated on the same part of the domain. node: per row the residual and its scale (again the residual if there is none). */
typedef struct group {
    unsigned fixed;
    const az_point *at;
    int n, *row, *node;
    bool *judged;                   /* [n]: the scale was not zero everywhere */
} group;

static bool same_part(const az_row_decl *a, const az_row_decl *b, int dim)
{
    if (a->fixed != b->fixed) return false;
    for (int c = 0; c < dim; c++)
        if (a->fixed >> c & 1 && a->at.x[c] != b->at.x[c]) return false;
    return true;
}

/* The rows like row i; n = 0 if an earlier row is like it. */
static void group_fill(group *g, const az_problem *p, int i)
{
    g->n = 0;
    g->fixed = p->row[i].fixed;
    g->at = &p->row[i].at;
    for (int j = 0; j < i; j++)
        if (same_part(&p->row[i], &p->row[j], p->dim)) return;
    for (int j = i; j < p->n_rows; j++) {
        if (!same_part(&p->row[i], &p->row[j], p->dim)) continue;
        g->row[g->n] = j;
        g->node[2 * g->n] = p->row[j].node;
        g->node[2 * g->n++ + 1] = p->row[j].scale < 0 ? p->row[j].node : p->row[j].scale;
    }
}

/* A removable singularity on a face or at the origin is judged beside it; anything else that is not finite stays. */
static az_status repair(const az_reference *s, const group *g, const az_problem *p, az_num *v, const double *x)
{
    double y[AZ_MAX_DIM];
    bool finite = true;

    for (int k = 0; k < 2 * g->n; k++) finite = finite && az_num_finite(v[k]);
    if (finite) return AZ_OK;
    memcpy(y, x, (size_t)p->dim * sizeof *y);
    if (!az_sample_nudge(y, p, g->fixed)) return AZ_OK;
    return az_reference_eval(s, v, g->node, 2 * g->n, y, 1, 1);
}

/* Takes in the rows of a group at one point; raw, rel: of its worst equation, or NULL. Where a scale is zero (at the origin, on a face, or
 * by underflow far out) the equation counts as written only; where it is zero everywhere nothing is known, and the relative residual
 * becomes NaN. */
static void judge(verdict *w, const group *g, const az_problem *p, const az_num *v, const double *x, double *raw, double *rel)
{
    for (int k = 0; k < g->n; k++) {
        const az_row_decl *row = &p->row[g->row[k]];
        const double value = creal(v[2 * k]), scale = row->scale < 0 ? 1 : creal(v[2 * k + 1]);
        const bool zero = fabs(scale) < SCALE_MIN;
        const double ratio = value / scale;
        g->judged[k] = g->judged[k] || !zero;
        if (!zero) widen(&w->relative, ratio);
        widen_row(w->row + g->row[k] * AZ_ROW_FOUND(p->dim), value, zero ? NULL : &ratio, x, p->dim);
        if (row->kind != AZ_ROW_EQUATION) continue;
        widen(&w->max, value);
        if (raw && !(fabs(value) <= fabs(*raw))) {
            *raw = value;
            *rel = zero ? NAN : ratio;
        }
    }
}

static az_status judge_group(verdict *w, const az_reference *s, const group *g, const az_problem *p, const double *x, int n, int threads)
{
    const size_t row = 2 * (size_t)g->n, dim = (size_t)p->dim;
    az_num *v = az_alloc_array((size_t)n, row * sizeof *v);
    az_status st = v ? az_reference_eval(s, v, g->node, 2 * g->n, x, n, threads) : AZ_ENOMEM;
    const bool whole = !g->fixed;

    for (int k = 0; k < g->n; k++) g->judged[k] = false;
    for (int i = 0; !st && i < n; i++) {
        st = repair(s, g, p, v + (size_t)i * row, x + (size_t)i * dim);
        if (whole) w->raw[i] = w->rel[i] = 0;
        judge(w, g, p, v + (size_t)i * row, x + (size_t)i * dim, whole ? w->raw + i : NULL, whole ? w->rel + i : NULL);
    }
    for (int k = 0; k < g->n; k++)
        if (!g->judged[k]) w->relative = w->row[g->row[k] * AZ_ROW_FOUND(p->dim) + 1] = NAN;
    az_free(v);
    return st;
}

/* How finely to look. h and reach: see reference.h. wanted: points where there are several coordinates. */
typedef struct grid {
    double h, reach;
    int wanted, threads;
} grid;

static az_status sample(double **x, int *n, const az_reference *s, const az_result *r, const group *g, const grid *d)
{
    const az_problem *p = r->problem;
    const int face = d->wanted / POINTS_RATIO;

    if (p->dim == 1 && !g->fixed) {
        const az_status st = az_sample_line(x, n, p, d->h, d->reach);
        return st ? st : az_sample_follow(x, n, s, r, POINTS_MAX, d->threads);
    }
    az_status st = az_sample_domain(x, n, p, g->fixed, g->at, d->reach, g->fixed ? face : d->wanted);
    if (!st && !g->fixed && p->dim == 2) st = az_sample_elements(x, n, r, d->reach);
    return st || g->fixed ? st : az_sample_lines(x, n, s, r, d->reach);
}

static az_status judge_rows(verdict *w, const az_reference *s, const az_result *r, const grid *d)
{
    const az_problem *p = r->problem;
    const size_t rows = (size_t)p->n_rows;
    group g = {
        .row = az_alloc_array(rows, sizeof(int)), .node = az_alloc_array(rows, 2 * sizeof(int)), .judged = az_calloc(rows, sizeof(bool))};
    az_status st = g.row && g.node && g.judged ? AZ_OK : AZ_ENOMEM;

    for (int i = 0; !st && i < p->n_rows; i++) {
        double *x = NULL;
        int n = 0;
        group_fill(&g, p, i);
        if (!g.n) continue;
        st = sample(&x, &n, s, r, &g, d);
        if (!st && !g.fixed) {
            w->x = x;
            w->points = n;
            w->raw = az_doubles((size_t)n);
            w->rel = az_doubles((size_t)n);
            if (!w->raw || !w->rel) st = AZ_ENOMEM;
        }
        if (!st) st = judge_group(w, s, &g, p, x, n, d->threads);
        if (w->x != x) az_doubles_free(x);
    }
    az_free(g.row);
    az_free(g.node);
    az_free(g.judged);
    return st;
}

static az_status judge_grid(verdict *w, az_reference *s, const az_result *r, const grid *d)
{
    const int stride = AZ_ROW_FOUND(r->problem->dim);

    *w = (verdict){.row = az_doubles((size_t)(r->problem->n_rows * stride))};
    if (!w->row) return AZ_ENOMEM;
    for (int i = 0; i < r->problem->n_rows; i++) w->row[i * stride + 2] = NAN; /* no point yet */
    az_status st = az_reference_prepare(s, d->h, d->reach, d->threads);
    if (!st) st = judge_rows(w, s, r, d);
    if (!st && !w->points) w->max = NAN;
    if (isnan(w->max) || isnan(w->relative)) w->max = w->relative = NAN;
    if (st) verdict_clear(w);
    return st;
}

#define STEP 1e-30 /* number.h */

/* A residual at the origin alone is a solution beside it that is less smooth there, and its local exponent what makes the row of kind select hold: with
 * operators and values at points as they are, which the fields elsewhere decide. */
static az_status measure_defect(double *defect, az_reference *s, const az_result *r, const verdict *w)
{
    const az_problem *p = r->problem;
    const int first = az_problem_first_defect(p);
    az_num *m = az_reference_scalar(s) + first;
    az_status st = AZ_OK;

    *defect = NAN;
    if (!p->n_defects) return AZ_OK;
    *m = az_num_make(r->scalar[first], STEP);
    for (int k = 0; k < p->n_rows && !st; k++) {
        az_num v;
        if (p->row[k].kind != AZ_ROW_SELECT) continue;
        st = az_reference_eval(s, &v, &p->row[k].node, 1, p->row[k].at.x, 1, 1);
        const double shift = w->row[k * AZ_ROW_FOUND(p->dim)] / fabs(cimag(v) / STEP);
        if (!st && isfinite(shift) && !(shift <= *defect)) *defect = shift;
    }
    *m = r->scalar[first];
    return st;
}

static bool agree(double a, double b) { return fabs(a - b) <= fmax(AGREE_RELATIVE * a, AGREE_FLOOR) || (isnan(a) && isnan(b)); }

/* One coordinate: grids are halved until two agree. */
static az_status judge_line(verdict *w, az_reference *s, const az_result *r, grid *d)
{
    const az_problem *p = r->problem;
    const az_coord_decl *c = &p->coord[0];

    d->h = c->range == AZ_INTERVAL ? SPACING_INTERVAL : SPACING;
    while (az_sample_count(p, d->h, d->reach) < d->wanted && az_sample_count(p, d->h / 2, d->reach) < POINTS_MAX) d->h /= 2;
    az_status st = judge_grid(w, s, r, d);
    while (!st) {
        verdict finer;

        d->h /= 2;
        if (az_sample_count(p, d->h, d->reach) > POINTS_MAX) break;
        st = judge_grid(&finer, s, r, d);
        if (st) break;
        const bool done = agree(finer.max, w->max) && agree(finer.relative, w->relative);
        verdict_clear(w);
        *w = finer;
        if (done) break;
    }
    return st;
}

/* At most CURVE_MAX points: of each run of neighbours the one with the largest residual. */
static az_status make_curve(az_curve *c, const verdict *w, int dim)
{
    const int stride = (w->points + CURVE_MAX - 1) / CURVE_MAX, cap = stride ? (w->points + stride - 1) / stride : 0;

    *c = (az_curve){.dim = dim};
    c->x = az_doubles((size_t)cap * (size_t)dim);
    c->residual = az_doubles((size_t)cap);
    c->relative = az_doubles((size_t)cap);
    if (!c->x || !c->residual || !c->relative) return AZ_ENOMEM;
    for (int i = 0; i < w->points; i += stride) {
        int worst = -1;
        for (int k = i; k < i + stride && k < w->points; k++)
            if (isfinite(w->raw[k]) && isfinite(w->rel[k]) && (worst < 0 || fabs(w->raw[k]) > fabs(w->raw[worst]))) worst = k;
        if (worst < 0) continue;
        memcpy(c->x + (size_t)c->n * (size_t)dim, w->x + (size_t)worst * (size_t)dim, (size_t)dim * sizeof *c->x);
        c->residual[c->n] = w->raw[worst];
        c->relative[c->n++] = w->rel[worst];
    }
    return AZ_OK;
}

static void curve_clear(az_curve *c)
{
    az_doubles_free(c->x);
    az_doubles_free(c->residual);
    az_doubles_free(c->relative);
    *c = (az_curve){.n = 0};
}

static void store(az_result *r, const verdict *w, const az_curve *c, double defect, const az_support *support)
{
    az_support_clear(&r->support);
    r->support = *support;
    memcpy(r->row_found, w->row, sizeof *w->row * (size_t)r->problem->n_rows * AZ_ROW_FOUND((size_t)r->problem->dim));
    r->evidence.reevaluated_max = w->max;
    r->evidence.reevaluated_relative = w->relative;
    r->evidence.points = w->points;
    r->evidence.defect = defect;
    az_evidence_weigh(r);
    curve_clear(&r->curve);
    r->curve = *c;
}

static int thread_count(int threads)
{
#ifdef _OPENMP
    if (threads <= 0) threads = omp_get_max_threads();
#else
    threads = 1;
#endif
    return threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
}

/* Points to look at: a multiple of the solver's, within limits. */
static int points_wanted(const az_result *r)
{
    double n = 0;

    for (int i = 0; r->points && i < r->problem->n_rows; i++) n += r->points[i].n;
    return (int)fmin(fmax(POINTS_RATIO * n, POINTS_MIN), POINTS_MAX);
}

static az_status make_reference(az_reference **s, const az_result *r, az_error *err)
{
    const az_problem *p = r->problem;
    int n = 0, most = 2 * p->n_rows;

    for (int t = 0; t < p->n_trials; t++) most += p->trial[t].n_inputs;
    int *target = az_alloc_array((size_t)most, sizeof *target);

    if (!target) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < p->n_rows; i++) {
        target[n++] = p->row[i].node;
        if (p->row[i].scale >= 0) target[n++] = p->row[i].scale;
    }
    for (int t = 0; t < p->n_trials; t++)
        for (int i = 0; i < p->trial[t].n_inputs; i++) target[n++] = p->trial[t].input[i];
    const az_status st = az_reference_create(s, r, target, n, err);
    az_free(target);
    return st;
}

az_status az_verify(az_result *r, int threads, az_error *err)
{
    const az_problem *p = r->problem;
    az_reference *s = NULL;
    verdict w = {.max = 0};
    az_curve curve = {.n = 0};
    az_support support = {.done = 0};
    double defect = NAN;
    grid d = {.h = SPACING, .wanted = points_wanted(r), .threads = thread_count(threads)};
    az_status st = make_reference(&s, r, err);

    if (st) return st;
    st = az_reference_reach(s, &d.reach);
    if (!st) st = p->dim == 1 ? judge_line(&w, s, r, &d) : judge_grid(&w, s, r, &d);
    w.max = az_state_worst(r, w.max), w.relative = az_state_worst(r, w.relative);
    if (!st) st = measure_defect(&defect, s, r, &w);
    if (!st) st = make_curve(&curve, &w, p->dim);
    if (!st) st = az_sensitivity_measure(&support, r, w.relative, s, d.threads, err);
    if (!st)
        store(r, &w, &curve, defect, &support);
    else {
        curve_clear(&curve);
        az_support_clear(&support);
    }
    verdict_clear(&w);
    az_reference_destroy(s);
    return st ? az_fail(err, st, "cannot verify the result: %s", az_status_message(st)) : AZ_OK;
}
