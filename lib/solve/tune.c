/* tune.c: the frequencies of random features, chosen by trying. Several inputs vary on scales of their own (a travelling wave is rough in x and smooth in t), which
 * no one number fits: each input's range is doubled or halved while a few features of those ranges, fitted in one step, leave less at points they were not fitted to. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

#define RANGE_MIN 0.5
#define RANGE_MAX 512.0
#define SWEEPS 4
#define PAYS 0.98 /* a change is kept if it leaves less than this */

#define TRIED_MAX 128

typedef struct tuner {
    az_run *run;
    az_program *judge;
    double *residual, *scalar;
    int n, n_tried;
    double *tried; /* [TRIED_MAX][n]: no vector of ranges is tried twice */
    double *changed; /* [n] */
} tuner;

static az_status open_judge(tuner *t, az_points *pool)
{
    az_run *run = t->run;
    double *fine = NULL;
    int n_fine = 0;
    az_status st = run->r->n_edges ? az_panels_split(&fine, &n_fine, run->r->edge, run->r->n_edges) : AZ_OK;
    for (int k = 0; k < run->p->n_rows && !st; k++) {
        const az_row_decl *row = &run->p->row[k];
        int n = run->r->points[k].n;
        if (n) st = az_points_spread(&pool[k], run->p, az_row_fixed(row), &row->at, n, 7 * n, run->r->options.coordinates);
    }
    az_program_setup setup = {.edge = fine, .n_edges = n_fine, .points = pool, .rows = true, .threads = run->threads};
    if (!st) st = az_program_create(&t->judge, run->p, &setup, run->err);
    az_doubles_free(fine);
    if (st) return st;
    t->residual = az_doubles((size_t)az_program_rows(t->judge));
    t->scalar = az_doubles((size_t)run->p->n_scalars);
    t->tried = az_doubles((size_t)TRIED_MAX * (size_t)t->n);
    t->changed = az_doubles((size_t)t->n);
    return t->residual && t->scalar && t->tried && t->changed ? AZ_OK : AZ_ENOMEM;
}

static bool known(tuner *t, const double *range)
{
    size_t size = sizeof(double) * (size_t)t->n;
    for (int i = 0; i < t->n_tried; i++)
        if (!memcmp(t->tried + i * t->n, range, size)) return true;
    if (t->n_tried < TRIED_MAX) memcpy(t->tried + t->n_tried++ * t->n, range, size);
    return false;
}

/* *left = the rms at the held-out points after one step with features of these ranges */
static az_status try_ranges(tuner *t, const double *range, double *left)
{
    az_run *run = t->run;
    az_result *r = run->r;
    az_rng rng = r->rng;
    size_t scalars = sizeof(double) * (size_t)run->p->n_scalars;
    memcpy(r->scalar, t->scalar, scalars);
    r->n_memory = -1;
    az_status st = az_run_features(run, range, &rng);
    if (!st) st = az_run_open(run);
    if (st) return st;
    st = az_solver_step(run->solver, run->x, run->residual, r->memory) == AZ_STEP_FAILED ? AZ_ENOMEM : AZ_OK;
    if (!st) run->f.residual(run, run->residual, run->x), st = run->failed;
    az_binding b = {.trial = r->trial, .scalar = r->scalar, .unit = r->unit};
    int rows = az_program_rows(t->judge);
    if (!st) st = az_program_residual(t->judge, &b, t->residual);
    if (!st) *left = sqrt(az_dense_dot(t->residual, t->residual, rows) / rows);
    az_run_close(run);
    memcpy(r->scalar, t->scalar, scalars);
    return st;
}

/* The n ranges from the k-th on times factor, but for those that it would take out of bounds; kept where they leave less. */
static az_status try_some(tuner *t, double *range, int k, int n, double factor, double *best, bool *better)
{
    const size_t size = sizeof(double) * (size_t)t->n;
    double left = INFINITY;
    memcpy(t->changed, range, size);
    for (int i = k; i < k + n; i++)
        if (factor * range[i] >= RANGE_MIN && factor * range[i] <= RANGE_MAX) t->changed[i] *= factor;
    const az_status st = known(t, t->changed) ? AZ_OK : try_ranges(t, t->changed, &left);

    *better = !st && left < PAYS * *best;
    if (!*better) return st;
    *best = left;
    memcpy(range, t->changed, size);
    return st;
}

static az_status descend(tuner *t, double *range)
{
    double best;
    known(t, range);
    az_status st = try_ranges(t, range, &best);

    /* A later stage has the rougher rest of what the ranges were chosen for: all of them together, while that pays, instead of one by one for minutes. */
    const bool later = t->run->p->dim > 1 && t->run->r->stage > 2;
    for (bool better = later; better && !st;) st = try_some(t, range, 0, t->n, 2, &best, &better);
    bool changed = !later;
    for (int sweep = 0; sweep < SWEEPS && changed && !st; sweep++) {
        changed = false;
        for (int k = 0; k < t->n && !st; k++) {
            bool better;
            st = try_some(t, range, k, 1, 2, &best, &better);
            if (!st && !better) st = try_some(t, range, k, 1, 0.5, &best, &better);
            changed |= better;
        }
    }
    return st;
}

az_status az_run_tune(az_run *run, double *range, int n)
{
    tuner t = {.run = run, .n = n};
    az_points *pool = az_calloc((size_t)run->p->n_rows + 1, sizeof *pool);
    az_status st = pool ? open_judge(&t, pool) : AZ_ENOMEM;
    if (!st) memcpy(t.scalar, run->r->scalar, sizeof(double) * (size_t)run->p->n_scalars);
    if (!st) st = descend(&t, range);
    run->r->n_memory = -1;
    for (int k = 0; pool && k < run->p->n_rows; k++) az_doubles_free(pool[k].x);
    az_realloc(pool, 0);
    az_program_destroy(t.judge);
    az_doubles_free(t.residual);
    az_doubles_free(t.scalar);
    az_doubles_free(t.tried);
    az_doubles_free(t.changed);
    return st;
}
