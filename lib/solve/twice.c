/* twice.c: the second solve that analytic points ask for: with twice the functions, from where the
 * first one ended but with its unknowns moved, so that an unknown which nothing holds does not come
 * back. What it found is judged by lib/verify/stated.c. */
#include "solve/analytic.h"

#include <math.h>
#include <string.h>

/* 1e-3 of the unknown, of its distance from a bound at most. */
static void move_unknowns(az_result *r)
{
    for (int i = 0; i < az_problem_n_unknowns(r->problem); i++) {
        double *x = &r->scalar[r->problem->n_parameters + i], lo, hi;
        az_state_bounds(r, i, &lo, &hi);
        const double up = hi - *x, down = *x - lo,
                     step = AZ_TWICE_SHIFT * fmax(fabs(*x), AZ_TWICE_SHIFT);
        *x += up >= down ? fmin(step, 0.5 * up) : -fmin(step, 0.5 * down);
    }
}

/* Functions that are given beforehand are solved by orthogonal factors: what the rows say of an
 * unknown at the 1e-10th part of its column is lost in normal equations. */
static void widen_options(az_solve_options *o, const az_result *r)
{
    *o = r->options;
    if (o->space != AZ_SPACE_MLP) o->n_phases = 1, o->phase[0] = AZ_METHOD_LM_QR;
    for (int k = 0; k < o->n_layers; k++) o->layers[k] *= 2;
    o->checkpoint = NULL;
    o->mode = 0;
}

static void say(const az_run *run, const az_solve_options *o)
{
    char note[160];
    const az_result *r = run->r;
    if (!run->fn) return;
    if (az_run_elements(r))
        snprintf(note, sizeof note,
                 "analytic points: solved again, elements there of twice the degree");
    else
        snprintf(note, sizeof note,
                 "analytic points: solved again, %d functions in the place of %d", o->layers[0],
                 r->options.layers[0]);
    const az_progress g = {.stage = r->stage,
                           .iteration = r->iterations,
                           .max_iterations = r->options.max_iterations,
                           .phase = "confirm",
                           .rms = r->rms,
                           .check_max = r->check,
                           .seconds = r->seconds,
                           .n_unknowns = az_problem_n_unknowns(run->p),
                           .problem = run->p,
                           .unknowns = r->scalar + run->p->n_parameters,
                           .note = note};
    if (run->fn(run->data, &g)) run->r->stop = AZ_STOP_CANCELLED;
}

/* The outcome, in the first one's state. A second solve that was cut short leaves a run to resume.
 */
static void take_outcome(az_result *r, const az_result *second)
{
    const int first = r->problem->n_parameters;
    r->seconds += second->seconds;
    if (second->stop == AZ_STOP_CANCELLED || second->stop == AZ_STOP_TIME) {
        r->stop = second->stop;
        return;
    }
    r->twice.done = 1;
    r->twice.check = second->check;
    for (int i = 0; i < az_problem_n_unknowns(r->problem); i++)
        r->twice.moved[i] = fabs(second->scalar[first + i] - r->scalar[first + i]);
}

static az_status solve_again(az_run *run, const az_solve_options *o)
{
    az_result *r = run->r, *second = NULL;
    az_status st = az_run_from(&second, run->p, r, o, run->err);
    if (!st && az_run_elements(r))
        st = az_elements_twice(second) ? az_fail(run->err, AZ_ENOMEM, "out of memory") : AZ_OK;
    if (!st) {
        move_unknowns(second);
        second->confirming = 1;
        st = az_run_go(second, o, false, run->fn, run->data, run->err);
    }
    if (!st) take_outcome(r, second);
    az_result_destroy(second);
    return st;
}

az_status az_analytic_confirm(az_run *run)
{
    az_result *r = run->r;
    az_solve_options o;
    const bool met = r->stop == AZ_STOP_TOLERANCE ||
                     (r->stop == AZ_STOP_STALLED && r->check <= r->options.tolerance);
    az_state_forget_twice(r);
    if (!run->p->n_analytic || r->confirming || r->arc || r->ladder.held || !met) return AZ_OK;
    widen_options(&o, r);
    o.max_seconds = r->options.max_seconds > 0 ? r->options.max_seconds - r->seconds : 0;
    if (r->options.max_seconds > 0 && !(o.max_seconds > 0)) return AZ_OK;
    r->twice.moved = az_doubles((size_t)az_problem_n_unknowns(run->p) + 1);
    if (!r->twice.moved) return az_fail(run->err, AZ_ENOMEM, "out of memory");
    say(run, &o);
    return r->stop == AZ_STOP_CANCELLED ? AZ_OK : solve_again(run, &o);
}
