/* keep.c: the best state that the independent check has seen, through stages, restarts and points
 * that move. Two states are compared on the same points and grid, on which the optimiser works with
 * neither. */
#include "solve/square.h"

#include <math.h>
#include <string.h>

/* Of the sequence that points come from: beyond all that a run trains with or moves to. */
#define FIRST_POINT 500000000
#define POOL 16 /* points per point of the rows, as where a state is judged */

/* A march, a scan and a branch go from one state to another by themselves. */
static bool keeps(const az_run *run)
{
    const az_result *r = run->r;
    return !r->options.mode && !r->arc && !r->ladder.held && !r->ladder.found &&
           !r->problem->n_layers;
}

/* As the rows are trained; elements in a half-plane are compared so. */
static double worst_trained(const az_run *run, const az_program *g, const double *res)
{
    double worst = 0;
    for (int k = 0; k < run->p->n_rows; k++) {
        int first, count;
        az_program_row_range(g, k, &first, &count);
        for (int i = first; i < first + count; i++) {
            const double one = fabs(res[i]) * run->r->unit / run->p->row[k].weight;
            if (one > worst || isnan(one)) worst = one;
            if (isnan(worst)) return worst;
        }
    }
    return worst;
}

/* As the rows are judged: az_program_relative. NaN with run->failed set where there is no memory. */
static double worst_relative(az_run *run, const az_program *g, const az_binding *b, const double *res)
{
    double *relative = az_doubles((size_t)az_program_rows(g) + 1), worst = 0, most = 0;
    if (!relative) return run->failed = AZ_ENOMEM, NAN;
    for (int k = 0; k < run->p->n_rows; k++) most = fmax(most, az_program_size(g, k));
    for (int k = 0; k < run->p->n_rows && !isnan(worst); k++) {
        int first, count;
        az_program_row_range(g, k, &first, &count);
        const double size = az_program_size(g, k);
        az_program_relative(g, b, res, k, relative);
        const bool vanish = run->p->row[k].scale < 0 && size > 0 && size < AZ_TERMS_VANISH * most;
        for (int i = 0; i < count && vanish; i++) relative[i] = res[first + i] * b->unit / run->p->row[k].weight / most;
        for (int i = 0; i < count; i++)
            if (!(fabs(relative[i]) <= worst)) worst = fabs(relative[i]);
    }
    az_doubles_free(relative);
    return worst;
}

double az_run_worst(az_run *run, az_program *g, double *res)
{
    const az_binding b = {.trial = run->r->trial, .scalar = run->r->scalar, .unit = run->r->unit};
    if (az_program_residual(g, &b, res)) run->failed = AZ_ENOMEM; /* res is NaN then */
    const double worst = az_program_measures(g) ? worst_relative(run, g, &b, res) : worst_trained(run, g, res);
    return az_state_worst(run->r, worst);
}

/* Of the state that is kept. */
static double measure_kept(az_run *run, az_program *g, double *res)
{
    if (!run->r->kept.trial) return NAN;
    az_kept_swap(run->r);
    const double worst = az_run_worst(run, g, res);
    az_kept_swap(run->r);
    return worst;
}

az_status az_run_keep(az_run *run, az_program *g, double *res)
{
    az_result *r = run->r;
    const bool on = keeps(run);
    const double kept = on ? measure_kept(run, g, res) : NAN;
    r->check = az_run_worst(run, g, res); /* last, since the program and res are used further */
    if (run->failed) return az_fail(run->err, run->failed, "out of memory");
    if (!on) return AZ_OK;
    if (r->kept.trial) r->kept.check = kept;
    if (!isfinite(r->check) || kept < r->check) return AZ_OK;
    return az_kept_take(r) ? az_fail(run->err, AZ_ENOMEM, "out of memory") : AZ_OK;
}

/* Points that no run trains with, always the same. */
static az_status spread(az_points *pool, const az_run *run)
{
    const az_result *r = run->r;
    az_status st = AZ_OK;
    for (int k = 0; k < run->p->n_rows && !st; k++) {
        const az_row_decl *row = &run->p->row[k];
        if (!r->points[k].n) continue;
        st = az_points_spread(&pool[k], run->p, az_row_fixed(row), &row->at, POOL * r->points[k].n,
                              FIRST_POINT, r->options.coordinates);
        if (!st) az_run_avoid_corners(r, &pool[k], az_row_fixed(row));
    }
    return st;
}

/* A program on panels cut in two, or on points of its own. NULL where the open one has to do:
 * elements, whose Gauss points are as good as others. */
static az_status outside(az_program **g, az_run *run)
{
    const az_result *r = run->r;
    az_points *pool = az_calloc((size_t)run->p->n_rows + 1, sizeof *pool);
    double *fine = NULL;
    int n_fine = 0;
    *g = NULL;
    az_status st = pool ? AZ_OK : AZ_ENOMEM;
    if (!st && !az_run_elements(r))
        st = r->n_edges ? az_panels_split(&fine, &n_fine, r->edge, r->n_edges) : spread(pool, run);
    az_program_setup setup = {.edge = fine,
                              .n_edges = n_fine,
                              .points = fine ? r->points : pool,
                              .rows = true,
                              .measure = true,
                              .threads = run->threads};
    if (!st && !az_run_elements(r)) st = az_program_create(g, run->p, &setup, run->err);
    for (int k = 0; pool && k < run->p->n_rows; k++) az_doubles_free(pool[k].x);
    az_realloc(pool, 0);
    az_doubles_free(fine);
    return st == AZ_ENOMEM ? az_fail(run->err, st, "out of memory") : st;
}

/* Both states on points of their own. */
static az_status compare(az_run *run, double *now, double *kept)
{
    az_program *own, *g;
    az_status st = outside(&own, run);
    if (st) return st;
    g = own ? own : run->program; /* both states are measured alike: as judged, or as trained */
    double *res = az_doubles((size_t)az_program_rows(g));
    if (res) {
        *kept = measure_kept(run, g, res);
        *now = az_run_worst(run, g, res);
    }
    az_program_destroy(own);
    az_doubles_free(res);
    return res && !run->failed ? AZ_OK : az_fail(run->err, AZ_ENOMEM, "out of memory");
}

az_status az_run_keep_last(az_run *run)
{
    az_result *r = run->r;
    double now, kept;
    if (!keeps(run) || !r->trial[0].n_stages) return AZ_OK;
    az_status st = compare(run, &now, &kept);
    if (st || !isfinite(now) || kept < now) return st;
    const double check = r->check;
    r->check = now;
    st = az_kept_take(r);
    r->check = check;
    return st ? az_fail(run->err, st, "out of memory") : AZ_OK;
}

static void say(az_run *run, double last)
{
    const az_result *r = run->r;
    const size_t n = strlen(run->note);
    snprintf(
        run->note + n, sizeof run->note - n,
        "%sthe best state is returned: that of iteration %d, which leaves %.1e (the last one %.1e)",
        n ? "; " : "", r->kept.iteration, r->kept.check, last);
}

az_status az_run_best_aside(az_run *run)
{
    az_result *r = run->r;
    double now, kept;
    if (!r->kept.trial || !keeps(run) || r->kept.iteration == r->iterations) return AZ_OK;
    az_status st = compare(run, &now, &kept);
    if (st || !(kept < now || (isnan(now) && isfinite(kept)))) return st;
    r->kept.check = kept;
    say(run, now);
    az_kept_swap(r);
    return AZ_OK;
}

az_status az_run_best(az_run *run)
{
    az_result *r = run->r;
    const bool better = r->kept.trial && keeps(run) && r->kept.iteration != r->iterations &&
                        (r->kept.check < r->check || isnan(r->check));
    if (better) {
        say(run, r->check);
        az_run_close(run);
        az_kept_swap(r);
        r->unit = 1;
        r->n_memory = -1;
    }
    az_kept_clear(r);
    return better ? az_run_open(run) : AZ_OK;
}
