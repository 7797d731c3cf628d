/* judge.c: the residual where the optimiser does not look: on the line with every panel cut in two, elsewhere on further points of the same
 * sequence. Where it is much larger than what was trained, the grid is refined there. */
#include "solve/analytic.h"
#include "solve/square.h"

#include <math.h>
#include <string.h>

#define BLIND 10.0 /* an element whose residual exceeds this times the trained rms is cut, points are moved */
#define BLIND_PANEL 5.0 /* the same of a network's panels: at 8, seen, their few rows hold the whole training back */
#define SHARE_OF_WORST 0.1 /* so is an element with this share of the largest residual: on a coarse mesh the trained one is no smaller */
#define TAIL_MAX 1e-16 /* operands at the last node, relative to their maximum */
#define TAIL_PASSED 1e-8 /* where elements only pass on the march */
#define TAIL_STEP 1.25
#define UNDERFLOW 1e-200 /* operands this small, relative to their maximum: their derivatives and adjoints are near the smallest numbers there are */
#define CUT_MIN 5.0 /* z */
#define REACH_MAX 330.0 /* e^330 squared does not overflow in double */
#define ROUNDING 1e-12 /* residuals below need no refinement */
#define POOL 16
#define SHARE 0.5

/* The larger; NaN wins. */
static double larger(double a, double b) { return a >= b || isnan(a) ? a : b; }

static double worst_of(const double *r, int n)
{
    double worst = 0;
    for (int i = 0; i < n; i++) worst = larger(worst, fabs(r[i]));
    return worst;
}

/* max over all rows of |residual / scale|, weights taken out, in the units that are trained in */
static double worst_row(const az_run *run, const az_program *g, const double *res)
{
    double worst = 0;
    for (int k = 0; k < run->p->n_rows; k++) {
        int first, count;
        az_program_row_range(g, k, &first, &count);
        worst = larger(worst, worst_of(res + first, count) * run->r->unit / (az_units_row(run, k) * run->p->row[k].weight));
    }
    return worst;
}

az_status az_run_examine(az_run *run, const az_program_setup *setup, az_program **g, double **res)
{
    az_program_setup own = *setup;
    own.measure = !az_run_square(run->r);
    az_status st = az_program_create(g, run->p, &own, run->err);
    if (st) return st;
    *res = az_doubles((size_t)az_program_rows(*g));
    st = *res ? az_run_keep(run, *g, *res) : az_fail(run->err, AZ_ENOMEM, "out of memory");
    if (!st) run->worst = worst_row(run, *g, *res);
    if (!st) return AZ_OK;
    az_doubles_free(*res);
    az_program_destroy(*g);
    *res = NULL, *g = NULL;
    return st;
}

#define HELPED 0.9 /* of the residual before is left at most by a refinement that has helped: what no mesh can lower falls by less each time */

/* Elements that no iteration follows, or that a refinement has not helped: rounding grows as they shrink. */
static bool small_enough(const az_result *r)
{
    return az_run_elements(r) && (r->stop != AZ_STOP_RUNNING || (r->retries > 0 && !(r->check < HELPED * r->stage_check)));
}

double az_run_limit(const az_run *run)
{
    if (small_enough(run->r)) return INFINITY;
    double limit = (az_run_elements(run->r) ? BLIND : BLIND_PANEL) * run->r->rms;
    if (az_run_elements(run->r)) limit = fmin(limit, SHARE_OF_WORST * run->worst);
    return fmax(limit, ROUNDING);
}

bool az_run_mark(const az_run *run, const az_program *g, const double *res, bool *mark, int n_panels)
{
    bool any = false;
    double limit = az_run_limit(run);
    for (int k = 0; k < run->p->n_rows; k++) {
        int first, count;
        if (run->p->row[k].kind != AZ_ROW_EQUATION) continue;
        az_program_row_range(g, k, &first, &count);
        for (int i = 0; i < n_panels; i++) {
            double w = worst_of(res + first + i * 2 * AZ_PANEL_NODES, 2 * AZ_PANEL_NODES) * run->r->unit / (az_units_row(run, k) * run->p->row[k].weight);
            if (!(w <= limit)) any = mark[i] = true;
        }
    }
    return any;
}

/* The last panel is repeated until a quarter is added; again by the caller until the operands die out, or doubles overflow. */
static az_status extend(az_result *r, double tail, bool *changed)
{
    const double most = az_run_elements(r) && az_ladder_passing(r) ? TAIL_PASSED : TAIL_MAX;
    double last = r->edge[r->n_edges - 1], width = last - r->edge[r->n_edges - 2];
    if (!(tail > most) || last * TAIL_STEP > REACH_MAX) return AZ_OK;
    int extra = (int)ceil((TAIL_STEP - 1) * last / width), both = r->edge[0] < 0 ? 2 : 1;
    double *e = az_doubles((size_t)(r->n_edges + both * extra));
    if (!e) return AZ_ENOMEM;
    int n = 0;
    for (int i = extra; i > 0 && both == 2; i--) e[n++] = r->edge[0] - i * width;
    memcpy(e + n, r->edge, sizeof(double) * (size_t)r->n_edges);
    n += r->n_edges;
    for (int i = 1; i <= extra; i++) e[n++] = last + i * width;
    az_doubles_free(r->edge);
    r->edge = e;
    r->n_edges = n;
    *changed = true;
    return AZ_OK;
}

static az_status judge_panels(az_run *run, bool *refined)
{
    az_result *r = run->r;
    double *fine, *res;
    int n_fine;
    az_program *g;
    if (az_panels_split(&fine, &n_fine, r->edge, r->n_edges)) return az_fail(run->err, AZ_ENOMEM, "out of memory");
    az_program_setup setup = {.edge = fine, .n_edges = n_fine, .points = r->points, .rows = true, .threads = run->threads};
    az_status st = az_run_examine(run, &setup, &g, &res);
    az_doubles_free(fine);
    if (st) return st;
    bool *mark = az_calloc((size_t)r->n_edges, sizeof *mark);
    if (!mark) st = AZ_ENOMEM;
    if (!st && isfinite(r->check) && az_run_mark(run, g, res, mark, r->n_edges - 1)) {
        st = az_panels_refine(&r->edge, &r->n_edges, mark);
        if (!st && az_run_elements(r)) st = az_analytic_panels(&r->edge, &r->n_edges, run->p, r->confirming);
        *refined = true;
    }
    if (!st) st = extend(r, az_program_tail(g), refined);
    az_realloc(mark, 0);
    az_doubles_free(res);
    az_program_destroy(g);
    if (!st && *refined && az_run_elements(r)) st = az_elements_remesh(r, r->edge, r->n_edges);
    return st ? az_fail(run->err, st, "out of memory while refining the grid") : AZ_OK;
}

/* All equations share the points of the first one, which are to go where any of them is large. */
static void gather_equations(const az_run *run, const az_program *g, double *res, int k)
{
    int first, other, n;
    az_program_row_range(g, k, &first, &n);
    for (int j = k + 1; j < run->p->n_rows; j++) {
        if (run->p->row[k].kind != AZ_ROW_EQUATION || run->p->row[j].kind != AZ_ROW_EQUATION) continue;
        az_program_row_range(g, j, &other, &n);
        for (int i = 0; i < n; i++) res[first + i] = hypot(res[first + i], res[other + i]);
    }
}

double az_judge_bytes(const az_run *run, int rows)
{
    if (run->r->n_edges || az_run_elements(run->r)) return 0;
    const double own = az_program_bytes(run->program) / fmax(1, az_program_rows(run->program));
    return POOL * (double)rows * (own + sizeof(double) * (double)(run->p->dim + 1));
}

static az_status judge_points(az_run *run, bool *refined)
{
    az_result *r = run->r;
    az_points *pool = az_calloc((size_t)run->p->n_rows + 1, sizeof *pool);
    az_status st = pool ? AZ_OK : AZ_ENOMEM;
    for (int k = 0; k < run->p->n_rows && !st; k++)
        if (r->points[k].n) {
            const az_row_decl *row = &run->p->row[k];
            int skip = r->points[k].n + (int)(az_rng_next(&r->rng) % 1000003);
            st = az_points_spread(&pool[k], run->p, az_row_fixed(row), &row->at, POOL * r->points[k].n, skip, r->options.coordinates);
            if (!st) az_run_avoid_corners(r, &pool[k], az_row_fixed(row));
        }
    double *res;
    az_program *g = NULL;
    az_program_setup setup = {.points = pool, .rows = true, .threads = run->threads};
    if (!st) st = az_run_examine(run, &setup, &g, &res);
    if (!st) {
        for (int k = 0; k < run->p->n_rows && run->worst > BLIND * r->rms && run->worst > ROUNDING; k++) {
            int first, count;
            az_program_row_range(g, k, &first, &count);
            if (!r->points[k].n) continue;
            gather_equations(run, g, res, k);
            az_points_adapt(&r->points[k], &pool[k], res + first, SHARE, &r->rng);
            *refined = true;
        }
        az_doubles_free(res);
        az_program_destroy(g);
    }
    for (int k = 0; pool && k < run->p->n_rows; k++) az_doubles_free(pool[k].x);
    az_realloc(pool, 0);
    return st;
}

/* Whether a residual is divided by something that may underflow with the operands. */
static bool divided(const az_problem *p)
{
    bool any = false;
    for (int k = 0; k < p->n_rows; k++) any |= p->row[k].scale >= 0;
    return any;
}

/* Panels on which the operands underflow go, and residuals relative to them with them. */
static void cut(az_result *r, double used, bool *changed)
{
    double end = fmax(used, CUT_MIN);
    int first = 0, last = r->n_edges - 1;
    while (last > 1 && r->edge[last - 1] > end) last--;
    while (first < last - 1 && r->edge[first + 1] < -end) first++;
    if (first == 0 && last == r->n_edges - 1) return;
    memmove(r->edge, r->edge + first, sizeof *r->edge * (size_t)(last - first + 1));
    r->n_edges = last - first + 1;
    *changed = true;
}

az_status az_run_extend(az_run *run, bool *changed)
{
    *changed = false;
    if (!run->r->n_edges) return AZ_OK;
    az_status st = extend(run->r, az_program_tail(run->program), changed);
    if (!st && !*changed && divided(run->p)) cut(run->r, az_program_used(run->program, UNDERFLOW), changed);
    if (!st && *changed && az_run_elements(run->r)) st = az_elements_remesh(run->r, run->r->edge, run->r->n_edges);
    return st ? az_fail(run->err, st, "out of memory while extending the grid") : AZ_OK;
}

az_status az_run_judge(az_run *run, bool *refined)
{
    *refined = false;
    if (run->r->n_edges) return judge_panels(run, refined);
    if (az_run_square(run->r)) return az_square_judge(run, refined);
    return az_run_elements(run->r) ? az_elements_judge(run, refined) : judge_points(run, refined);
}
