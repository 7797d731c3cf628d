/* ladder.c: the march to unstable profiles. Random weights and a free unknown always lead to the first profile of a ladder. From there the unknown is held
 * at smaller and smaller values while the networks follow. What the origin then says, the defect, vanishes at every further profile: the local
 * exponent that the problem declares as a defect is solved for and passes through its smooth value (equations: smoothness selects lambda); without such a
 * declaration rows of kind select are left out, and are the defect themselves. Between two held values of opposite defects the unknown is released. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

#define STEPS 80.0 /* later, in the distance between the last two profiles: networks follow a layer slowly */
#define STEPS_ELEMENT 24.0
#define FOUND 3e-3 /* trained rms of a profile */
#define SOLVED 4e-4 /* trained rms with which a held value is left; with more it is solved again, the layer followed */
#define TRIES 4
#define NEAR 2.0 /* steps: a profile that near is tried at once */
#define ELEMENTS_FROM 2 /* mode */
#define TRUST 1e-5 /* relative, in the unknown of elements at a profile: networks left to themselves would wander along a valley of small residuals */
#define MARGIN 0.5 /* of a step, around the bracket */

az_status az_ladder_check(const az_problem *p, int mode, az_space space, az_error *err)
{
    bool select = p->n_defects > 0;
    for (int k = 0; k < p->n_rows; k++) select |= p->row[k].kind == AZ_ROW_SELECT;
    if (mode == 0) return AZ_OK;
    if (p->dim == 1 && p->coord[0].range == AZ_INTERVAL)
        return az_fail(err, AZ_EOPTION, "a mode above 0 is looked for on a line or in a half-plane so far: %s has an interval", p->name);
    if (p->dim > 1 && space != AZ_SPACE_ELEMENT)
        return az_fail(err, AZ_EOPTION, "a mode above 0 in several coordinates is looked for by elements (`--trial element`) only so far; networks are "
                       "fitted to what they found (`--trial mlp --from FILE.h5`)");
    if (az_problem_n_unknowns(p) == 0 || !select)
        return az_fail(err, AZ_EOPTION,
                       "a mode above 0 is found by holding an unknown that a `select` row or a `defect` belongs to: %s has none", p->name);
    return AZ_OK;
}

bool az_ladder_passing(const az_result *r)
{
    bool more = r->ladder.found < r->options.mode || (r->ladder.found == r->options.mode && r->options.space != AZ_SPACE_ELEMENT);
    return r->options.mode > 0 && r->stage == 1 && (r->ladder.held || (az_run_elements(r) && more)); /* a scan holds without a march */
}

static double *unknown(const az_run *run) { return az_ladder_unknown(run); }
static const char *name(const az_run *run) { return run->p->scalar[run->p->n_parameters].name; }

az_status az_ladder_defect(double *defect, az_run *run)
{
    const az_problem *p = run->p;
    int first_defect = az_problem_first_defect(p), k = 0, first, n;
    if (p->n_defects) return *defect = run->r->scalar[first_defect] - p->scalar[first_defect].value, AZ_OK;
    while (p->row[k].kind != AZ_ROW_SELECT) k++;
    az_program_row_range(run->program, k, &first, &n);
    az_binding b = {.trial = run->r->trial, .scalar = run->r->scalar, .unit = 1};
    const az_status st = az_program_residual(run->program, &b, run->residual);
    if (st) return az_fail(run->err, st, "out of memory");
    *defect = run->residual[first] / p->row[k].weight;
    return AZ_OK;
}

az_status az_ladder_reopen(az_run *run)
{
    az_result *r = run->r;
    r->stage_iteration = r->retries = 0;
    if (az_run_elements(r) && run->program) return az_run_again(run);
    az_run_close(run);
    r->n_memory = -1;
    return az_run_open(run);
}

void az_ladder_release(az_run *run, double value, double lo, double hi)
{
    const az_problem *p = run->p;
    az_ladder *m = &run->r->ladder;
    m->held = 0;
    m->lo = lo, m->hi = hi;
    m->value = m->defect = NAN;
    *unknown(run) = value;
    for (int i = az_problem_first_defect(p); i < az_problem_layer_slot(p, 0); i++) run->r->scalar[i] = p->scalar[i].value;
}

void az_ladder_hold_next(az_run *run)
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
    double most = fabs(m->last - here) / (az_run_elements(run->r) ? STEPS_ELEMENT : STEPS);
    m->step = !m->found ? AZ_LADDER_STEP * fabs(here) : az_run_elements(run->r) ? fmin(m->step, most) : most;
    m->last = here;
    m->found++;
    m->value = m->defect = NAN;
    if (m->found > run->r->options.mode) return;
    snprintf(run->note, sizeof run->note, "profile %d: %s = %.6g (rms %.1e); the march goes on", m->found - 1, name(run), here,
             run->r->rms);
    az_ladder_hold_next(run);
}

static az_status after_held(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), d;
    const az_status st = az_ladder_defect(&d, run);
    if (st) return st;
    snprintf(run->note, sizeof run->note, "%s held at %.5g: rms %.1e, defect %.3e", name(run), here, run->r->rms, d);
    if (run->r->rms > SOLVED && ++m->tries < TRIES) return AZ_OK;
    m->tries = 0;
    if (m->defect * d < 0) {
        az_ladder_release(run, here + (m->value - here) * d / (d - m->defect), here - MARGIN * m->step, m->value + MARGIN * m->step);
        return AZ_OK;
    }
    double left = d / (m->defect - d); /* steps to go, by the last one */
    if (left > 0 && left < NEAR) {
        az_ladder_release(run, here - left * m->step, here - (left + NEAR) * m->step, m->value);
        return AZ_OK;
    }
    m->value = here;
    m->defect = d;
    az_ladder_hold_next(run);
    return AZ_OK;
}

static void say(az_run *run, const char *what)
{
    size_t n = strlen(run->note);
    snprintf(run->note + n, sizeof run->note - n, "%s", what);
}

/* Another shape of the trials by `change`; the note keeps what it says and adds what the layer became. */
static az_status reshape(az_run *run, az_status (*change)(az_run *run, bool *changed))
{
    char said[sizeof run->note], layer[80];
    bool changed;
    memcpy(said, run->note, sizeof said);
    az_status st = change(run, &changed);
    memcpy(run->note, said, sizeof said);
    const az_layer *l = &run->p->layer[0];
    if (st || !changed) return st;
    snprintf(layer, sizeof layer, "; layer at z = %.4f, width %.4f", l->center, l->width);
    say(run, layer);
    return AZ_OK;
}

static az_status networks_back(az_run *run, bool *changed)
{
    az_run_close(run);
    az_status st = az_networks_take(run);
    *changed = run->p->n_layers > 0;
    return st;
}

/* Networks leave the way to a second unstable profile and beyond to elements, which follow a layer at every width, and take over there. */
static bool elements_go(const az_run *run)
{
    const az_result *r = run->r;
    return r->options.mode >= ELEMENTS_FROM && r->ladder.found == 1 && run->p->n_defects && !az_run_elements(r) &&
           !az_elements_check(run->p, NULL);
}

/* What carries the march on, in the shape it needs. */
static az_status equip(az_run *run, bool arrived, bool was_held)
{
    if (arrived) {
        az_ladder *m = &run->r->ladder;
        m->fitted = 1;
        m->lo = *unknown(run) - TRUST * fabs(*unknown(run)), m->hi = *unknown(run) + TRUST * fabs(*unknown(run));
        snprintf(run->note, sizeof run->note, "profile %d: %s = %.8g by elements (rms %.1e); networks take over", run->r->ladder.found - 1,
                 name(run), *unknown(run), run->r->rms);
        return reshape(run, networks_back);
    }
    az_status st = AZ_OK;
    if (elements_go(run)) {
        say(run, " with elements");
        az_run_close(run);
        st = az_elements_take(run);
    }
    if (!az_run_elements(run->r)) return reshape(run, az_run_layer);
    return st ? st : az_march_equip(run, was_held);
}

az_status az_ladder_leave(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), gap = fabs(m->last - here); /* to the profile before, where a march has passed it */
    if (!(m->step > 0)) m->step = AZ_LADDER_STEP * fabs(here);
    if (gap > 0) m->step = fmin(m->step, gap / STEPS_ELEMENT);
    m->last = here;
    m->value = m->defect = NAN;
    az_ladder_hold_next(run);
    return az_march_equip(run, false);
}

/* What was released at a profile is none: from below it on, elements as they were above it. */
static az_status no_profile(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    snprintf(run->note, sizeof run->note, "%s = %.6g: rms %.1e is no profile; the march goes on", name(run), *unknown(run), run->r->rms);
    bool back = az_run_elements(run->r) && run->r->n_passed > 0;
    if (back) az_run_close(run);
    az_status st = back ? az_elements_return(run->r) : AZ_OK;
    *unknown(run) = m->lo;
    az_ladder_hold_next(run);
    return st ? az_fail(run->err, st, "the march cannot go back: %s", az_status_message(st)) : AZ_OK;
}

az_status az_ladder_turn(az_run *run, bool *marching)
{
    az_result *r = run->r;
    az_ladder *m = &r->ladder;
    *marching = false;
    if (r->options.mode < m->found || r->stage != 1) return AZ_OK;
    bool arrived = false, held = m->held;
    az_status st = AZ_OK;
    if (m->held && az_run_elements(r)) {
        *marching = true;
        if (!az_march_solved(r)) return az_march_refused(run);
        double defect;
        st = az_ladder_defect(&defect, run);
        if (!st) az_march_after(run, defect);
    } else if (m->held) st = after_held(run);
    else if (m->found && !(r->rms < FOUND)) st = no_profile(run);
    else {
        after_profile(run);
        arrived = m->found > r->options.mode;
    }
    *marching = !arrived || (az_run_elements(r) && r->options.space != AZ_SPACE_ELEMENT);
    if (st || !*marching || r->stop != AZ_STOP_RUNNING) return st;
    st = equip(run, arrived, held);
    return st ? st : az_ladder_reopen(run);
}
