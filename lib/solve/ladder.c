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
#define SOLVED_ELEMENT 1e-5
#define TRIES 4
#define NEAR 2.0 /* steps: a profile that near is tried at once */
#define CHEAP 4 /* iterations: a held value of elements that takes no more lengthens the steps to the next ones */
#define DEAR 7 /* one that takes more halves them */
#define GROWTH 1.5
#define AT_ONCE 0.1 /* of a step: elements released that near a profile are there at once */
#define GRADED_FROM 0.05 /* in z */
#define GRADES 5
#define SHORTEST 1e-5 /* of the last profile's value: a way between held values that need not be cut further */
#define ELEMENTS_FROM 2 /* mode */
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

bool az_ladder_passing(const az_result *r)
{
    bool more = r->ladder.found < r->options.mode || (r->ladder.found == r->options.mode && r->options.space != AZ_SPACE_ELEMENT);
    return r->stage == 1 && (r->ladder.held || (az_run_elements(r) && more));
}

bool az_ladder_first(const az_result *r) { return r->ladder.held && r->stage_iteration == 0 && r->retries == 0 && r->ladder.tries == 0; }

static double *unknown(const az_run *run) { return run->r->scalar + run->p->n_parameters; }
static const char *name(const az_run *run) { return run->p->scalar[run->p->n_parameters].name; }

/* The declared defect's distance from its smooth value, or what the first select row says, its weight taken out. */
static double defect(az_run *run)
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

/* The march ends where it cannot be followed. */
static void lost(az_run *run, double at)
{
    run->r->stop = AZ_STOP_NO_MODE;
    snprintf(run->note, sizeof run->note, "the march cannot be followed beyond %s = %.6g", name(run), at);
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
    double steps = az_run_elements(run->r) ? STEPS_ELEMENT : STEPS, before = m->found && az_run_elements(run->r) ? m->step : INFINITY;
    m->step = m->found ? fmin(before, fabs(m->last - here) / steps) : FIRST_STEP * fabs(here);
    m->last = here;
    m->found++;
    m->value = m->defect = NAN;
    if (m->found > run->r->options.mode) return;
    snprintf(run->note, sizeof run->note, "profile %d: %s = %.6g (rms %.1e); the march goes on", m->found - 1, name(run), here,
             run->r->rms);
    hold_next(run);
}

/* Iterations at the present value of the unknown. */
static int cost(const az_run *run)
{
    const az_history *h = &run->r->history;
    int n = 0;
    while (n < h->n && h->unknown[(size_t)(h->n - 1 - n) * (size_t)h->n_unknowns] == *unknown(run)) n++;
    return n;
}

/* A zero of the defect by secants, all values held: elements are solved so exactly that it is as sharp as they are. */
static void narrow(az_run *run, double d)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), root = here + (m->value - here) * d / (d - m->defect);
    if (!(m->defect * d < 0) && isinf(m->lo)) {
        m->value = here, m->defect = d;
        int n = cost(run);
        if (n > DEAR) m->step *= 0.5;
        else if (n <= CHEAP) m->step = fmin(GROWTH * m->step, FIRST_STEP * fabs(m->last));
        hold_next(run);
        return;
    }
    if (m->defect * d < 0) m->lo = fmin(here, m->value), m->hi = fmax(here, m->value);
    else if (m->value == m->lo) m->lo = here;
    else m->hi = here;
    if (!(root > m->lo && root < m->hi)) root = 0.5 * (m->lo + m->hi);
    if (fabs(root - here) < AT_ONCE * m->step) {
        release(run, root, m->lo - MARGIN * m->step, m->hi + MARGIN * m->step);
        return;
    }
    m->value = here, m->defect = d;
    *unknown(run) = root;
}

static void after_held(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double here = *unknown(run), d = defect(run);
    snprintf(run->note, sizeof run->note, "%s held at %.5g: rms %.1e (%.1e), defect %.3e", name(run), here, run->r->rms, run->r->check, d);
    const double solved = az_run_elements(run->r) ? SOLVED_ELEMENT : SOLVED;
    if (run->r->rms > solved && ++m->tries < TRIES) return;
    if (az_run_elements(run->r) && run->r->rms > solved) {
        lost(run, isnan(m->value) ? m->last : m->value);
        return;
    }
    m->tries = 0;
    if (az_run_elements(run->r)) {
        narrow(run, d);
        return;
    }
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

/* A solution with a defect has a branch point at the origin, and elements that are graded towards it follow it; a smooth one has none, and they go. */
static az_status grade(az_run *run)
{
    az_result *r = run->r;
    bool graded = r->ladder.held && run->p->n_defects, half = r->edge[0] == 0;
    double e = GRADED_FROM, *edge = az_doubles((size_t)r->n_edges + 2 * GRADES);
    bool *none = NULL;
    int n = 0;
    if (!edge) return az_fail(run->err, AZ_ENOMEM, "out of memory while grading the grid");
    for (int i = 0; i < r->n_edges && r->edge[i] < -GRADED_FROM; i++) edge[n++] = r->edge[i];
    for (int k = 0; k < GRADES && !half && graded; k++, e /= AZ_PANEL_RATIO) edge[n++] = -e;
    if (half) edge[n++] = 0;
    for (int k = GRADES - 1; k >= 0 && graded; k--) edge[n++] = GRADED_FROM * pow(AZ_PANEL_RATIO, -k);
    for (int i = 0; i < r->n_edges; i++)
        if (r->edge[i] > GRADED_FROM) edge[n++] = r->edge[i];
    none = az_calloc((size_t)n, sizeof *none);
    az_status st = none ? az_panels_refine(&edge, &n, none) : AZ_ENOMEM;
    az_realloc(none, 0);
    if (!st && (n != r->n_edges || memcmp(edge, r->edge, sizeof *edge * (size_t)n))) st = az_elements_remesh(r, edge, n);
    if (st) az_doubles_free(edge);
    if (st) return az_fail(run->err, st, "out of memory while grading the grid");
    az_doubles_free(r->edge);
    r->edge = edge, r->n_edges = n;
    return AZ_OK;
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

/* Half of the way from the last held value that was solved. */
az_status az_ladder_refused(az_run *run)
{
    az_ladder *m = &run->r->ladder;
    double from = isnan(m->value) ? m->last : m->value, left = *unknown(run) - from;
    m->step *= 0.5;
    *unknown(run) = from + 0.5 * left;
    if (fabs(left) < SHORTEST * fabs(m->last)) lost(run, from);
    return run->r->stop == AZ_STOP_RUNNING ? reopen(run) : AZ_OK;
}

/* Networks leave the way to a second unstable profile and beyond to elements, which follow a layer at every width, and take over there. */
static bool elements_go(const az_run *run)
{
    const az_result *r = run->r;
    return r->options.mode >= ELEMENTS_FROM && r->ladder.found == 1 && run->p->n_defects && !az_run_elements(r) && !az_elements_check(run->p, NULL);
}

static void say(az_run *run, const char *what)
{
    size_t n = strlen(run->note);
    snprintf(run->note + n, sizeof run->note - n, "%s", what);
}

/* What carries the march on, in the shape it needs. */
static az_status equip(az_run *run, bool arrived, bool held)
{
    const az_ladder *m = &run->r->ladder;
    az_status st = AZ_OK;
    if (arrived) {
        snprintf(run->note, sizeof run->note, "profile %d: %s = %.8g by elements (rms %.1e); networks take over", m->found - 1, name(run),
                 *unknown(run), run->r->rms);
        az_run_close(run);
        return az_networks_take(run);
    }
    if (elements_go(run)) {
        say(run, " with elements");
        az_run_close(run);
        st = az_elements_take(run);
    }
    if (!az_run_elements(run->r)) return follow_layer(run);
    return st || held == m->held ? st : grade(run);
}

az_status az_ladder_turn(az_run *run, bool *marching)
{
    az_result *r = run->r;
    az_ladder *m = &r->ladder;
    *marching = false;
    if (r->options.mode < m->found || r->stage != 1) return AZ_OK;
    bool arrived = false, held = m->held;
    if (m->held) after_held(run);
    else if (m->found && !(r->rms < FOUND)) {
        snprintf(run->note, sizeof run->note, "%s = %.6g: rms %.1e is no profile; the march goes on", name(run), *unknown(run), r->rms);
        *unknown(run) = m->lo;
        hold_next(run);
    } else {
        after_profile(run);
        arrived = m->found > r->options.mode;
    }
    *marching = !arrived || (az_run_elements(r) && r->options.space != AZ_SPACE_ELEMENT);
    if (!*marching || r->stop != AZ_STOP_RUNNING) return AZ_OK;
    az_status st = equip(run, arrived, held);
    return st ? st : reopen(run);
}
