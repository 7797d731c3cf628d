/* march.c: the march by elements. Newton's method solves them at a held value so exactly that the defect is as sharp as they are: its zero is found
 * by secants before the unknown is released. A solution with a defect has a branch point at the origin, and elements graded towards it follow it.
 * Steps are as long as Newton's method bears: an internal layer moves with the unknown and may be arbitrarily thin (Deuflhard, Newton Methods for
 * Nonlinear Problems, 2004, ch. 5). */
#include "solve/square.h"

#include <math.h>
#include <string.h>

#define SOLVED 1e-5 /* trained rms of a held value */
#define CHEAP 4 /* iterations: a held value that takes no more lengthens the steps to the next ones */
#define DEAR 7 /* one that takes more halves them */
#define GROWTH 1.5
#define AT_ONCE 0.1 /* of a step: released that near a profile elements are there at once */
#define SHORTEST 5e-5 /* of the last profile's value: a way between held values that is not halved further */
#define GRADED_FROM 0.05 /* in z */
#define GRADES 5
#define ENOUGH_REACH 40.0 /* z of the last edge, unless the operands have not died out there */

bool az_march_first(const az_result *r) { return az_run_elements(r) && r->options.mode > 0 && r->ladder.held && r->stage_iteration == 0 && r->retries == 0; }

bool az_march_solved(const az_result *r) { return r->rms < SOLVED; }

/* Iterations at the present value of the unknown. */
static int cost(const az_run *run)
{
    const az_history *h = &run->r->history;
    int n = 0;
    while (n < h->n && h->unknown[(size_t)(h->n - 1 - n) * (size_t)h->n_unknowns] == *az_ladder_unknown(run)) n++;
    return n;
}

/* A step further, or to the zero of the defect where that is nearer. */
static void go_on(az_run *run, double defect, double root)
{
    az_ladder *m = &run->r->ladder;
    double here = *az_ladder_unknown(run), step;
    int n = cost(run);
    if (n > DEAR) m->step *= 0.5;
    else if (n <= CHEAP) m->step = fmin(GROWTH * m->step, AZ_LADDER_STEP * fabs(m->last));
    m->value = here, m->defect = defect;
    step = m->step;
    if (here - root > 0 && here - root < step) m->step = here - root;
    az_ladder_hold_next(run);
    m->step = step;
}

/* The bracket [lo, hi] after a value `here`, one end of which is the value before. */
static void shrink(az_ladder *m, double here, double defect)
{
    if (m->defect * defect < 0) m->lo = fmin(here, m->value), m->hi = fmax(here, m->value);
    else if (m->value == m->lo) m->lo = here;
    else if (m->value == m->hi) m->hi = here;
}

void az_march_after(az_run *run, double defect)
{
    az_ladder *m = &run->r->ladder;
    double here = *az_ladder_unknown(run), root = here + (m->value - here) * defect / (defect - m->defect);
    snprintf(run->note, sizeof run->note, "%s held at %.6g: rms %.1e, defect %.4e", run->p->scalar[run->p->n_parameters].name, here,
             run->r->rms, defect);
    m->tries = 0;
    shrink(m, here, defect);
    if (fabs(root - here) < AT_ONCE * m->step) {
        az_ladder_release(run, root, fmin(root, here) - m->step, fmax(root, here) + m->step);
        return;
    }
    if (isinf(m->lo)) {
        go_on(run, defect, root);
        return;
    }
    m->value = here, m->defect = defect;
    *az_ladder_unknown(run) = root > m->lo && root < m->hi ? root : 0.5 * (m->lo + m->hi);
}

az_status az_march_refused(az_run *run)
{
    az_result *r = run->r;
    az_ladder *m = &r->ladder;
    double from = isnan(m->value) ? m->last : m->value, left = *az_ladder_unknown(run) - from;
    m->step = fmin(m->step, 0.5 * fabs(left));
    m->tries++;
    az_run_close(run);
    az_status st = az_elements_return(r);
    if (st) return az_fail(run->err, st, "the march cannot go back: %s", az_status_message(st));
    if (fabs(left) < SHORTEST * fabs(m->last)) {
        *az_ladder_unknown(run) = from;
        r->stop = AZ_STOP_NO_MODE;
        snprintf(run->note, sizeof run->note, "the march cannot be followed beyond %s = %.8g", run->p->scalar[run->p->n_parameters].name,
                 from);
    } else *az_ladder_unknown(run) = from + 0.5 * left;
    return az_ladder_reopen(run);
}

/* Edges in the core replaced by graded ones, or by none. */
static az_status regrade(az_result *r, bool graded)
{
    bool half = r->edge[0] == 0;
    double *edge = az_doubles((size_t)r->n_edges + 2 * GRADES + 1);
    bool *none = az_calloc((size_t)r->n_edges + 2 * GRADES + 1, sizeof *none);
    int n = 0;
    az_status st = edge && none ? AZ_OK : AZ_ENOMEM;
    for (int i = 0; i < r->n_edges && !st && r->edge[i] < -GRADED_FROM; i++)
        if (!graded || r->edge[i + 1] > -ENOUGH_REACH) edge[n++] = r->edge[i];
    for (int k = 0; k < GRADES && graded && !half && !st; k++) edge[n++] = -GRADED_FROM * pow(AZ_PANEL_RATIO, -k);
    if (half && !st) edge[n++] = 0;
    for (int k = GRADES - 1; k >= 0 && graded && !st; k--) edge[n++] = GRADED_FROM * pow(AZ_PANEL_RATIO, -k);
    for (int i = 0; i < r->n_edges && !st; i++)
        if (r->edge[i] > GRADED_FROM && (!graded || r->edge[i - 1] < ENOUGH_REACH)) edge[n++] = r->edge[i];
    if (!st) st = az_panels_refine(&edge, &n, none);
    if (!st) st = az_elements_remesh(r, edge, n);
    az_realloc(none, 0);
    double *unused = st ? edge : r->edge;
    if (!st) r->edge = edge, r->n_edges = n;
    az_doubles_free(unused);
    return st;
}

az_status az_march_equip(az_run *run, bool was_held)
{
    az_result *r = run->r;
    bool change = was_held != (r->ladder.held != AZ_HELD_NOT);
    if (change) az_run_close(run);
    az_status st = change && run->p->n_defects && r->n_edges ? regrade(r, r->ladder.held) : AZ_OK;
    if (!st && change && r->ladder.held && az_run_square(r)) st = az_square_regrade(r);
    if (!st && r->ladder.held) st = az_elements_keep(r);
    return st ? az_fail(run->err, st, "out of memory on the march") : AZ_OK;
}
