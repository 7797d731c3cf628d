/* ladder.c: the march to unstable profiles. Random weights and a free unknown always lead to the first profile of a ladder. From there the unknown is held
 * at smaller and smaller values, select rows left out, the networks following; what the select row then is, the defect, changes its sign at every
 * further profile. Between two held values of opposite signs the unknown is released, the rows back in, with these values as hard bounds. */
#include "solve/run.h"

#include <math.h>

#define FIRST_STEP 0.05 /* of the unknown's value at the first profile */
#define STEPS 20.0 /* later: of the distance between the last two profiles */
#define FOUND 3e-3 /* trained rms of a profile */
#define MARGIN 0.5 /* of a step, around the bracket */

static double *unknown(const az_run *run) { return run->r->scalar + run->p->n_parameters; }
static const char *name(const az_run *run) { return run->p->scalar[run->p->n_parameters].name; }

/* What the first select row says, its own weight taken out. */
static double defect(az_run *run)
{
    int k = 0, first, n;
    while (run->p->row[k].kind != AZ_ROW_SELECT) k++;
    az_program_row_range(run->program, k, &first, &n);
    az_binding b = {.trial = run->r->trial, .scalar = run->r->scalar, .unit = 1};
    az_program_residual(run->program, &b, run->residual);
    return run->residual[first] / run->p->row[k].weight;
}

static az_status reopen(az_run *run)
{
    az_result *r = run->r;
    az_run_close(run);
    r->stage_iteration = r->retries = 0;
    r->n_memory = -1;
    return az_run_open(run);
}

static void hold_next(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double lo = run->p->scalar[run->p->n_parameters].lo;
    *unknown(run) -= m->step;
    m->held = 1;
    m->lo = -INFINITY, m->hi = INFINITY;
    if (*unknown(run) <= lo) run->r->stop = AZ_STOP_NO_MODE;
}

static void after_profile(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run);
    m->step = m->found ? fabs(m->last - here) / STEPS : FIRST_STEP * fabs(here);
    m->last = here;
    m->found++;
    m->value = m->defect = NAN;
    if (m->found > run->r->options.mode) return;
    snprintf(run->note, sizeof run->note, "profile %d: %s = %.6g (rms %.1e); the march goes on from there", m->found - 1, name(run), here, run->r->rms);
    hold_next(run);
}

static void after_held(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), d = defect(run);
    snprintf(run->note, sizeof run->note, "%s held at %.5g: rms %.1e, select row %.3e", name(run), here, run->r->rms, d);
    if (m->defect * d < 0) {
        m->held = 0;
        m->lo = here - MARGIN * m->step;
        m->hi = m->value + MARGIN * m->step;
        *unknown(run) = here + (m->value - here) * d / (d - m->defect);
        m->value = m->defect = NAN;
        return;
    }
    m->value = here;
    m->defect = d;
    hold_next(run);
}

az_status az_ladder_turn(az_run *run, bool *marching)
{
    az_result *r = run->r;
    az_ladder *m = &r->ladder;
    *marching = false;
    if (r->options.mode < m->found || r->stage != 1) return AZ_OK;
    bool changed, arrived = false;
    az_status st = AZ_OK;
    if (m->held) after_held(run);
    else if (m->found && !(r->rms < FOUND)) {
        snprintf(run->note, sizeof run->note, "%s = %.6g: rms %.1e is no profile; the march goes on", name(run), *unknown(run), r->rms);
        *unknown(run) = m->lo;
        hold_next(run);
    } else {
        after_profile(run);
        arrived = m->found > r->options.mode;
    }
    *marching = !arrived;
    if (arrived || r->stop != AZ_STOP_RUNNING) return AZ_OK;
    if (!m->held) st = az_run_layer(run, &changed);
    return st ? st : reopen(run);
}
