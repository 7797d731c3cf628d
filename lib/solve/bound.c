/* bound.c: bounds that exclude every solution near. The residual then stays where an unknown runs onto its bound, whatever the mesh and the weights. */
#include "solve/run.h"

#include <math.h>

#define REFINED_TOO 0.5 /* of a residual is left at least by a finer mesh where a bound holds it */
#define RESTARTS_TOO 1 /* that end on a bound, too: before, other weights may lead elsewhere */

/* An unknown that is solved for and cannot go where the residual would fall; *side, *bound: as of az_result_bound. -1 if there is none. A march has bounds of
 * its own, and its own end. */
static int blocked(const az_run *run, int *side, double *bound)
{
    for (int i = 0; i < az_problem_n_unknowns(run->p) && !run->r->options.mode; i++)
        if (!az_run_held(run, i) && (*side = az_result_bound(run->r, i, bound)) != 0) return i;
    return -1;
}

bool az_bound_holds(const az_run *run)
{
    const az_result *r = run->r;
    double bound;
    int side;
    if (r->ladder.held || blocked(run, &side, &bound) < 0) return false;
    return az_run_elements(r) ? r->retries > 0 && r->check > REFINED_TOO * r->stage_check : r->restarts >= RESTARTS_TOO;
}

void az_bound_say(az_run *run)
{
    az_result *r = run->r;
    double bound = NAN;
    int side = 0;
    const bool left = r->stop == AZ_STOP_STALLED && !(r->check <= r->options.tolerance);
    const int i = left ? blocked(run, &side, &bound) : -1, slot = run->p->n_parameters + i;
    if (i < 0) return;
    r->stop = AZ_STOP_BOUND;
    snprintf(run->note, sizeof run->note, "%s = %.9g is held by its bound %.6g, and a relative residual of %.1e stays", run->p->scalar[slot].name, r->scalar[slot], bound,
             r->check);
}
