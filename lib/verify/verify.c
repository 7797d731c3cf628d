/* verify.c: az_verify, the tier "re-evaluated": all rows of a problem on an independent grid by the independent evaluator. */
#include "verify/evidence.h"
#include "verify/follow.h"
#include "verify/reference.h"
#include "verify/sample.h"
#include "verify/sensitivity.h"
#include "verify/stated.h"

#include <float.h>
#include <math.h>
#include <string.h>

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

/* One row at one point. */
static void widen_row(double *found, double value, double ratio, const double *x, int dim)
{
    const bool lost = widen(&found[AZ_ROW_MAX], value) && isnan(found[AZ_ROW_MAX]);
    if (widen(&found[AZ_ROW_RELATIVE], ratio) || lost || isnan(found[AZ_ROW_AT])) memcpy(found + AZ_ROW_AT, x, sizeof *x * (size_t)dim);
}

/* Rows stated on the same part of the domain. node: per row the residual and its scale (again the residual if there is none), then the terms that rows are
 * measured by: of the group's, and of the conditions elsewhere with the group of the whole domain. */
typedef struct group {
    unsigned fixed;
    const az_point *at;
    int n, *row, *node;
    bool *judged;                   /* [n]: the scale was not zero everywhere */
    int n_terms, *owner;            /* node 2 n + i is a term of row owner[i] */
} group;

static bool same_part(const az_row_decl *a, const az_row_decl *b, int dim)
{
    if (a->fixed != b->fixed) return false;
    for (int c = 0; c < dim; c++)
        if (a->fixed >> c & 1 && a->at.x[c] != b->at.x[c]) return false;
    return true;
}

static void add_terms(group *g, const az_terms *t, int row)
{
    for (int i = 0; i < t->n; i++) {
        g->owner[g->n_terms] = row;
        g->node[2 * g->n + g->n_terms++] = t->node[i];
    }
}

/* The rows like row i; n = 0 if an earlier row is like it. */
static void group_fill(group *g, const az_problem *p, int i)
{
    g->n = g->n_terms = 0;
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
    for (int k = 0; k < g->n; k++) add_terms(g, &p->row[g->row[k]].terms, g->row[k]);
    for (int j = 0; j < p->n_rows && !g->fixed; j++)
        if (p->row[j].fixed) add_terms(g, &p->row[j].over, j);
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
    return az_reference_eval(s, v, g->node, 2 * g->n + g->n_terms, y, 1, 1);
}

/* What one row is at one point. */
typedef struct finding {
    double value, scale, here;      /* here: the largest of its terms */
} finding;

/* Takes in what was found at one point. core: of each row of the problem, over the points so far. */
static void gather(finding *f, double *core, const group *g, const az_problem *p, const az_num *v, const double *x)
{
    const bool inside = az_problem_in_core(p, x);

    for (int k = 0; k < g->n; k++)
        f[k] = (finding){.value = creal(v[2 * k]), .scale = p->row[g->row[k]].scale < 0 ? 1 : creal(v[2 * k + 1])};
    for (int i = 0; i < g->n_terms; i++) {
        const double size = fabs(creal(v[2 * g->n + i]));
        const int row = g->owner[i];
        const bool own = p->row[row].fixed == g->fixed;
        if (!isfinite(size)) continue;
        if (inside && own == !p->row[row].fixed) core[row] = fmax(core[row], size);
        for (int k = 0; k < g->n && own; k++)
            if (g->row[k] == row) f[k].here = fmax(f[k].here, size);
    }
}

/* Takes in the rows of a group at one point; raw, rel: of its worst equation, or NULL. Where a declared scale is zero (at the origin, on a face, or
 * by underflow far out) the residual is compared with its terms alone; where it is zero everywhere nothing is known, and the relative residual
 * becomes NaN. most: per row of the group the largest term at any of its points. */
static void judge(verdict *w, const group *g, const az_problem *p, const finding *f, const double *core, const double *most, const double *x, double *raw,
                  double *rel)
{
    for (int k = 0; k < g->n; k++) {
        const az_row_decl *row = &p->row[g->row[k]];
        const bool zero = fabs(f[k].scale) < AZ_SCALE_MIN;
        const bool equation = row->kind == AZ_ROW_EQUATION, none = !row->terms.n;
        const double size = none ? 0 : az_term_measure(row, core[g->row[k]], equation ? f[k].here : most[k]);
        const double ratio = az_term_ratio(f[k].value, row->scale < 0 ? NULL : &f[k].scale, size);
        g->judged[k] = g->judged[k] || !zero;
        widen(&w->relative, ratio);
        widen_row(w->row + g->row[k] * AZ_ROW_FOUND(p->dim), f[k].value, ratio, x, p->dim);
        widen(&w->max, f[k].value);
        if (!equation) continue;
        if (raw && !(fabs(f[k].value) <= fabs(*raw))) {
            *raw = f[k].value;
            *rel = zero ? NAN : ratio;
        }
    }
}

#define CHUNK 1024 /* points that are evaluated at once: terms are many */

/* found[n][rows of the group] */
static az_status find(finding *found, double *core, const az_reference *s, const group *g, const az_problem *p, const double *x, int n, int threads)
{
    const int columns = 2 * g->n + g->n_terms;
    az_num *v = az_alloc_array((size_t)(n < CHUNK ? n : CHUNK), (size_t)columns * sizeof *v);
    az_status st = v ? AZ_OK : AZ_ENOMEM;

    for (int first = 0; first < n && !st; first += CHUNK) {
        const int count = n - first < CHUNK ? n - first : CHUNK;
        st = az_reference_eval(s, v, g->node, columns, x + (size_t)first * (size_t)p->dim, count, threads);
        for (int i = 0; i < count && !st; i++) {
            const double *at = x + (size_t)(first + i) * (size_t)p->dim;
            st = repair(s, g, p, v + (size_t)i * (size_t)columns, at);
            if (!st) gather(found + (size_t)(first + i) * (size_t)g->n, core, g, p, v + (size_t)i * (size_t)columns, at);
        }
    }
    az_free(v);
    return st;
}

static az_status judge_group(verdict *w, double *core, const az_reference *s, const group *g, const az_problem *p, const double *x, int n, int threads)
{
    const size_t rows = (size_t)g->n, dim = (size_t)p->dim;
    finding *found = az_alloc_array((size_t)n, rows * sizeof *found);
    double *most = az_doubles(rows);
    az_status st = found && most ? find(found, core, s, g, p, x, n, threads) : AZ_ENOMEM;
    const bool whole = !g->fixed;

    for (int k = 0; k < g->n; k++) g->judged[k] = false;
    for (int i = 0; !st && i < n; i++)
        for (size_t k = 0; k < rows; k++) most[k] = fmax(most[k], found[(size_t)i * rows + k].here);
    for (int i = 0; !st && i < n; i++) {
        if (whole) w->raw[i] = w->rel[i] = 0;
        judge(w, g, p, found + (size_t)i * rows, core, most, x + (size_t)i * dim, whole ? w->raw + i : NULL, whole ? w->rel + i : NULL);
    }
    for (int k = 0; k < g->n; k++)
        if (!g->judged[k]) w->relative = w->row[g->row[k] * AZ_ROW_FOUND(p->dim) + AZ_ROW_RELATIVE] = NAN;
    az_free(found);
    az_doubles_free(most);
    return st;
}

/* How finely to look. h and reach: see reference.h. wanted: points where there are several coordinates. */
typedef struct grid {
    double h, reach;
    int wanted, threads;
    double until;                   /* of az_seconds: no grid is begun that would not be done by then; INFINITY: whenever */
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

/* The group of row i, where no earlier row is like it. */
static az_status judge_part(verdict *w, double *core, const az_reference *s, const az_result *r, const group *g, const grid *d)
{
    double *x = NULL;
    int n = 0;
    az_status st = sample(&x, &n, s, r, g, d);

    if (!st && !g->fixed) {
        w->x = x;
        w->points = n;
        w->raw = az_doubles((size_t)n);
        w->rel = az_doubles((size_t)n);
        if (!w->raw || !w->rel) st = AZ_ENOMEM;
    }
    if (!st) st = judge_group(w, core, s, g, r->problem, x, n, d->threads);
    if (w->x != x) az_doubles_free(x);
    return st;
}

/* The whole domain first: there is what some conditions are measured by. */
/* Equations whose terms are rounding beside those of other statements: AZ_TERMS_VANISH. */
static void judge_vanishing(verdict *w, const az_problem *p, const double *core)
{
    double most = 0, relative = 0;
    bool any = false;

    for (int k = 0; k < p->n_rows; k++) most = fmax(most, core[k]);
    for (int k = 0; k < p->n_rows; k++) {
        double *found = w->row + k * AZ_ROW_FOUND(p->dim);
        if (p->row[k].scale < 0 && p->row[k].terms.n && core[k] < AZ_TERMS_VANISH * most && !isnan(found[AZ_ROW_RELATIVE]))
            found[AZ_ROW_RELATIVE] = found[AZ_ROW_MAX] / most, any = true;
        if (!(found[AZ_ROW_RELATIVE] <= relative)) relative = found[AZ_ROW_RELATIVE];
    }
    if (any && !isnan(w->relative)) w->relative = relative;
}

static az_status judge_rows(verdict *w, const az_reference *s, const az_result *r, const grid *d)
{
    const az_problem *p = r->problem;
    const size_t rows = (size_t)p->n_rows, terms = 2 * rows * AZ_MAX_TERMS;
    group g = {.row = az_alloc_array(rows, sizeof(int)),
               .node = az_alloc_array(2 * rows + terms, sizeof(int)),
               .owner = az_alloc_array(terms, sizeof(int)),
               .judged = az_calloc(rows, sizeof(bool))};
    double *core = az_doubles(rows);
    az_status st = g.row && g.node && g.owner && g.judged && core ? AZ_OK : AZ_ENOMEM;

    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; !st && i < p->n_rows; i++) {
            if ((p->row[i].fixed != 0) != pass) continue;
            group_fill(&g, p, i);
            if (g.n) st = judge_part(w, core, s, r, &g, d);
        }
    if (!st) judge_vanishing(w, p, core);
    az_free(g.row);
    az_free(g.node);
    az_free(g.owner);
    az_free(g.judged);
    az_doubles_free(core);
    return st;
}

static az_status judge_grid(verdict *w, az_reference *s, const az_result *r, const grid *d)
{
    const int stride = AZ_ROW_FOUND(r->problem->dim);

    *w = (verdict){.row = az_doubles((size_t)(r->problem->n_rows * stride))};
    if (!w->row) return AZ_ENOMEM;
    for (int i = 0; i < r->problem->n_rows; i++) w->row[i * stride + AZ_ROW_AT] = NAN; /* no point yet */
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

#define ROUNDINGS 8.0 /* of each part of a residual, on the way from weights to its sum; 5 seen where 1 - W^2 cancels (tests/test_units.c) */

/* What the rounding of the parts of each row leaves where its relative residual is largest. What is not finite there has no floor. */
static az_status measure_floors(const az_reference *s, const az_problem *p, verdict *w)
{
    az_status st = AZ_OK;

    for (int k = 0; k < p->n_rows && !st; k++) {
        const az_terms *parts = &p->row[k].parts;
        double *found = w->row + k * AZ_ROW_FOUND(p->dim), sum = 0;
        az_num v[AZ_MAX_TERMS + 1];
        int node[AZ_MAX_TERMS + 1];
        memcpy(node, parts->node, sizeof *node * (size_t)parts->n);
        node[parts->n] = p->row[k].node;
        found[AZ_ROW_FLOOR] = 0;
        if (!isfinite(found[AZ_ROW_RELATIVE]) || isnan(found[AZ_ROW_AT])) continue;
        st = az_reference_eval(s, v, node, parts->n + 1, found + AZ_ROW_AT, 1, 1);
        for (int i = 0; i < parts->n && !st; i++) sum += fabs(creal(v[i]));
        const double level = st ? 0 : ROUNDINGS * DBL_EPSILON * sum / fabs(creal(v[parts->n])) * found[AZ_ROW_RELATIVE];
        if (isfinite(level)) found[AZ_ROW_FLOOR] = level;
    }
    return st;
}

static bool agree(double a, double b) { return fabs(a - b) <= fmax(AGREE_RELATIVE * a, AGREE_FLOOR) || (isnan(a) && isnan(b)); }

#define DEARER 4.0 /* a grid of half the spacing with nonlocal operators, at most */

/* One coordinate: grids are halved until two agree. The first of them has the points wanted, unless it has to be found out how long they take. */
static az_status judge_line(verdict *w, az_reference *s, const az_result *r, grid *d)
{
    const az_problem *p = r->problem;
    const az_coord_decl *c = &p->coord[0];
    const double coarsest = c->range == AZ_INTERVAL ? SPACING_INTERVAL : SPACING;
    double first = coarsest, started = az_seconds();

    while (az_sample_count(p, first, d->reach) < d->wanted && az_sample_count(p, first / 2, d->reach) < POINTS_MAX) first /= 2;
    d->h = isinf(d->until) ? first : coarsest;
    az_status st = judge_grid(w, s, r, d);
    while (!st) {
        verdict finer;
        const bool counts = d->h <= first;
        const double now = az_seconds();

        d->h /= 2;
        if (az_sample_count(p, d->h, d->reach) > POINTS_MAX || now + DEARER * (now - started) > d->until) break;
        started = now;
        st = judge_grid(&finer, s, r, d);
        if (st) break;
        const bool done = counts && agree(finer.max, w->max) && agree(finer.relative, w->relative);
        verdict_clear(w);
        *w = finer;
        if (done) break;
    }
    return st;
}

#define FEW 200     /* points that tell how long more of them take */
#define SAFE 0.8    /* of the time left is planned for */

/* Several coordinates: the points wanted, or as many of them as there is time for. */
static az_status judge_domain(verdict *w, az_reference *s, const az_result *r, grid *d)
{
    const double started = az_seconds();
    const int all = d->wanted;

    if (!isinf(d->until)) d->wanted = all < FEW ? all : FEW;
    az_status st = judge_grid(w, s, r, d);
    const double now = az_seconds(), fit = SAFE * d->wanted * (d->until - now) / fmax(now - started, 1e-9);
    if (st || d->wanted == all || !(fit > 2 * FEW)) return st;
    d->wanted = (int)fmin(all, fit);
    verdict_clear(w);
    return judge_grid(w, s, r, d);
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
    const az_problem *p = r->problem;

    az_support_clear(&r->support);
    r->support = *support;
    memcpy(r->row_found, w->row, sizeof *w->row * (size_t)p->n_rows * AZ_ROW_FOUND((size_t)p->dim));
    for (int k = 0; k < p->n_rows && p->coord[0].open > 0; k++) { /* a place that users know: in the interval, not on the line behind it */
        double *at = r->row_found + k * AZ_ROW_FOUND(p->dim) + AZ_ROW_AT;
        if (!isnan(*at)) *at = az_open_from_line(&p->coord[0], *at);
    }
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
    threads = az_threads(threads);
    return threads > THREADS_MAX ? THREADS_MAX : threads;
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
    int n = 0, most = (2 + 3 * AZ_MAX_TERMS) * p->n_rows;

    for (int t = 0; t < p->n_trials; t++) most += p->trial[t].n_inputs;
    int *target = az_alloc_array((size_t)most, sizeof *target);

    if (!target) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < p->n_rows; i++) {
        target[n++] = p->row[i].node;
        if (p->row[i].scale >= 0) target[n++] = p->row[i].scale;
        for (int k = 0; k < p->row[i].terms.n; k++) target[n++] = p->row[i].terms.node[k];
        for (int k = 0; k < p->row[i].over.n; k++) target[n++] = p->row[i].over.node[k];
        for (int k = 0; k < p->row[i].parts.n; k++) target[n++] = p->row[i].parts.node[k];
    }
    for (int t = 0; t < p->n_trials; t++)
        for (int i = 0; i < p->trial[t].n_inputs; i++) target[n++] = p->trial[t].input[i];
    const az_status st = az_reference_create(s, r, target, n, err);
    az_free(target);
    return st;
}

az_status az_verify(az_result *r, int threads, az_error *err) { return az_verify_within(r, threads, INFINITY, err); }

az_status az_verify_within(az_result *r, int threads, double seconds, az_error *err)
{
    const az_problem *p = r->problem;
    az_reference *s = NULL;
    verdict w = {.max = 0};
    az_curve curve = {.n = 0};
    az_support support = {.done = 0};
    double defect = NAN;
    grid d = {.h = SPACING, .wanted = points_wanted(r), .threads = thread_count(threads), .until = az_seconds() + seconds};
    az_status st = make_reference(&s, r, err);

    if (st) return st;
    st = az_reference_reach(s, &d.reach);
    if (!st) st = p->dim == 1 ? judge_line(&w, s, r, &d) : judge_domain(&w, s, r, &d);
    w.max = az_state_worst(r, w.max), w.relative = az_state_worst(r, w.relative);
    if (!st) st = measure_defect(&defect, s, r, &w);
    if (!st) st = measure_floors(s, p, &w);
    if (!st) st = make_curve(&curve, &w, p->dim);
    if (!st && az_seconds() < d.until) st = az_sensitivity_measure(&support, r, w.relative, s, d.threads, err); /* else errors are not known */
    if (!st)
        store(r, &w, &curve, defect, &support);
    else {
        curve_clear(&curve);
        az_support_clear(&support);
    }
    verdict_clear(&w);
    az_reference_destroy(s);
    if (!st) st = az_stated_judge(r, d.threads);
    return st ? az_fail(err, st, "cannot verify the result: %s", az_status_message(st)) : AZ_OK;
}
