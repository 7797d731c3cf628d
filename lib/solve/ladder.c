/* ladder.c: the march to unstable profiles. Random weights and a free unknown always lead to the first profile of a ladder. From there the unknown is held
 * at smaller and smaller values while the networks follow. What the origin then says, the defect, vanishes at every further profile: the local
 * exponent that the problem declares as a defect is solved for and passes through its smooth value (equations: smoothness selects lambda); without such a
 * declaration rows of kind select are left out, and are the defect themselves. Between two held values of opposite defects the unknown is released. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

#define FIRST_STEP 0.05 /* of the unknown's value at the first profile */
#define STEPS 80.0 /* later, in the distance between the last two profiles: networks follow a layer slowly */
#define STEPS_ELEMENT 24.0
#define FOUND 3e-3 /* trained rms of a profile */
#define SOLVED 4e-4 /* trained rms with which a held value is left; with more it is solved again, the layer followed */
#define TRIES 4
#define NEAR 2.0 /* steps: a profile that near is tried at once */
#define MARGIN 0.5 /* of a step, around the bracket */

az_status az_ladder_check(const az_problem *p, int mode, az_error *err)
{
    bool select = p->n_defects > 0;
    for (int k = 0; k < p->n_rows; k++) select |= p->row[k].kind == AZ_ROW_SELECT;
    if (mode == 0) return AZ_OK;
    if (p->dim != 1 || p->coord[0].range == AZ_INTERVAL)
        return az_fail(err, AZ_EOPTION, "a mode above 0 is looked for on a line in one coordinate only so far: %s has %s", p->name,
                       p->dim == 1 ? "an interval" : "several");
    if (az_problem_n_unknowns(p) == 0 || !select)
        return az_fail(err, AZ_EOPTION,
                       "a mode above 0 is found by holding an unknown that a `select` row or a `defect` belongs to: %s has none", p->name);
    return AZ_OK;
}

static double *unknown(const az_run *run) { return run->r->scalar + run->p->n_parameters; }
static const char *name(const az_run *run) { return run->p->scalar[run->p->n_parameters].name; }

double az_ladder_defect(az_run *run)
{
    const az_problem *p = run->p;
    int first_defect = az_problem_first_defect(p), k = 0, first, n;
    if (p->n_defects) return run->r->scalar[first_defect] - p->scalar[first_defect].value;
    while (p->row[k].kind != AZ_ROW_SELECT) k++;
    az_program_row_range(run->program, k, &first, &n);
    az_binding b = {.trial = run->r->trial, .scalar = run->r->scalar, .unit = 1};
    az_program_residual(run->program, &b, run->residual);
    return run->residual[first] / p->row[k].weight;
}

static az_status reopen(az_run *run)
{
    az_result *r = run->r;
    az_run_close(run);
    r->stage_iteration = r->retries = 0;
    r->n_memory = -1;
    return az_run_open(run);
}

static void release(az_run *run, double value, double lo, double hi)
{
    const az_problem *p = run->p;
    az_ladder *m = &run->r->ladder;
    m->held = 0;
    m->lo = lo, m->hi = hi;
    m->value = m->defect = NAN;
    *unknown(run) = value;
    for (int i = az_problem_first_defect(p); i < az_problem_layer_slot(p, 0); i++) run->r->scalar[i] = p->scalar[i].value;
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
    m->step = m->found ? fabs(m->last - here) / (az_run_elements(run->r) ? STEPS_ELEMENT : STEPS) : FIRST_STEP * fabs(here);
    m->last = here;
    m->found++;
    m->value = m->defect = NAN;
    if (m->found > run->r->options.mode) return;
    snprintf(run->note, sizeof run->note, "profile %d: %s = %.6g (rms %.1e); the march goes on", m->found - 1, name(run), here,
             run->r->rms);
    hold_next(run);
}

static void after_held(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), d = az_ladder_defect(run);
    snprintf(run->note, sizeof run->note, "%s held at %.5g: rms %.1e, defect %.3e", name(run), here, run->r->rms, d);
    if (run->r->rms > SOLVED && ++m->tries < TRIES) return;
    m->tries = 0;
    if (m->defect * d < 0) {
        release(run, here + (m->value - here) * d / (d - m->defect), here - MARGIN * m->step, m->value + MARGIN * m->step);
        return;
    }
    double left = d / (m->defect - d); /* steps to go, by the last one */
    if (left > 0 && left < NEAR) {
        release(run, here - left * m->step, here - (left + NEAR) * m->step, m->value);
        return;
    }
    m->value = here;
    m->defect = d;
    hold_next(run);
}

/* Adds to the note what the layer became. */
static az_status follow_layer(az_run *run)
{
    char said[sizeof run->note];
    bool changed;
    memcpy(said, run->note, sizeof said);
    az_status st = az_run_layer(run, &changed);
    memcpy(run->note, said, sizeof said);
    size_t n = strlen(run->note);
    const az_layer *l = &run->p->layer[0];
    if (!st && changed) snprintf(run->note + n, sizeof run->note - n, "; layer at z = %.4f, width %.4f", l->center, l->width);
    return st;
}

az_status az_ladder_turn(az_run *run, bool *marching)
{
    az_result *r = run->r;
    az_ladder *m = &r->ladder;
    *marching = false;
    if (r->options.mode < m->found || r->stage != 1) return AZ_OK;
    bool arrived = false;
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
    az_status st = follow_layer(run);
    return st ? st : reopen(run);
}
