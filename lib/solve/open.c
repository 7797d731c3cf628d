#include "solve/square.h"

#include <float.h>
#include <math.h>
#include <string.h>

static az_network *active(const az_run *run, int t) { return &run->r->trial[t].stage[run->r->trial[t].n_stages - 1]; }

static double *base(const az_run *run) { return run->r->memory + run->n_method; }

/* Weights and unknowns of the state from x. */
static void put(az_run *run, const double *x)
{
    for (int t = 0; t < run->p->n_trials; t++) {
        az_network *net = active(run, t);
        int n = az_trial_trained(net);
        memcpy(net->weight + net->n_frozen, x, sizeof(double) * (size_t)n);
        x += n;
    }
    double *relative = base(run) + run->n_unknowns;
    for (int i = 0; i < run->n_unknowns; i++) {
        relative[i] = x[i];
        run->r->scalar[run->p->n_parameters + i] = base(run)[i] + run->r->unit * az_units_unknown(run, i) * x[i];
    }
}

void az_run_gather(az_run *run)
{
    double *x = run->x;
    for (int t = 0; t < run->p->n_trials; t++) {
        const az_network *net = active(run, t);
        int n = az_trial_trained(net);
        memcpy(x, net->weight + net->n_frozen, sizeof(double) * (size_t)n);
        x += n;
    }
    memcpy(x, base(run) + run->n_unknowns, sizeof(double) * (size_t)run->n_unknowns);
}

az_binding az_run_binding(const az_run *run)
{
    return (az_binding){.trial = run->r->trial, .scalar = run->r->scalar, .unit = run->r->unit};
}

#define SELECT_WEIGHT 10.0 /* of select rows above the first profile: with 1, spurious plateaus hold lambda (recipes) */

static double select_weight(const az_result *r)
{
    if (az_run_square(r)) return 0; /* not solved for: judged */
    if (r->ladder.held) return r->ladder.held == AZ_HELD_FREE && !r->problem->n_defects ? 0 : 1;
    return r->stage == 1 && r->ladder.found > 0 ? SELECT_WEIGHT : 1;
}

/* Rows of kind select, counted as often as the march wants them. */
static void weigh(const az_run *run, double *rows, size_t ld, int columns)
{
    double w = select_weight(run->r);
    for (int k = 0; k < run->p->n_rows && w != 1; k++) {
        int first, n;
        if (run->p->row[k].kind != AZ_ROW_SELECT) continue;
        az_program_row_range(run->program, k, &first, &n);
        for (int c = 0; c < columns; c++)
            for (int i = first; i < first + n; i++) rows[(size_t)c * ld + (size_t)i] *= w;
    }
}

/* Rows, or their derivatives, in their units; columns of unknowns in theirs. */
static void measure(const az_run *run, double *rows, size_t ld, int columns)
{
    for (int k = 0; run->units && k < run->p->n_rows; k++) {
        int first, n;
        const double factor = 1 / az_units_row(run, k);
        az_program_row_range(run->program, k, &first, &n);
        for (int c = 0; c < columns; c++)
            for (int i = first; i < first + n; i++) rows[(size_t)c * ld + (size_t)i] *= factor;
    }
    for (int i = 0; run->units && ld && i < run->n_unknowns; i++) {
        double *column = rows + (size_t)(columns - run->n_unknowns + i) * ld;
        for (int q = 0; q < run->f.rows; q++) column[q] *= az_units_unknown(run, i);
    }
}

/* Bounds that a penalty holds have a row each, weight * distance outside; elements in two coordinates, as many rows as unknowns, keep them hard. */
static bool has_penalty(const az_run *run, int i)
{
    return run->p->scalar[run->p->n_parameters + i].penalty > 0 && !az_run_square(run->r);
}

static int n_penalties(const az_run *run)
{
    int n = 0;
    for (int i = 0; i < run->n_unknowns; i++) n += has_penalty(run, i);
    return n;
}

/* Into r, or their derivatives into a Jacobian's columns of unknowns, from row `first` on; rows have the unit's inverse. */
static void penalise(const az_run *run, double *r, double *columns, size_t ld, int first)
{
    for (int i = 0, row = first; i < run->n_unknowns; i++) {
        const double u = run->r->scalar[run->p->n_parameters + i], w = run->p->scalar[run->p->n_parameters + i].penalty;
        double lo, hi;
        if (!has_penalty(run, i)) continue;
        az_state_bounds(run->r, i, &lo, &hi);
        if (r) r[row] = u < lo ? w * (lo - u) / run->r->unit : u > hi ? w * (u - hi) / run->r->unit : 0 * u;
        for (int k = 0; columns && k < run->n_unknowns; k++) columns[(size_t)k * ld + (size_t)row] = k != i ? 0 : u < lo ? -w : u > hi ? w : 0;
        row++;
    }
}

static double arc_row(const az_run *run)
{
    const az_arc *arc = run->r->arc;
    double sum = 0;
    for (int i = 0; i < run->n_unknowns; i++) sum += arc->tangent[i] * (run->r->scalar[run->p->n_parameters + i] - arc->at[i]);
    return sum / run->r->unit;
}

static void evaluate(void *data, double *r, const double *x)
{
    az_run *run = data;
    put(run, x);
    az_binding b = az_run_binding(run);
    if (az_program_residual(run->program, &b, r)) run->failed = AZ_ENOMEM;
    weigh(run, r, 0, 1);
    measure(run, r, 0, 1);
    penalise(run, r, NULL, 0, az_program_rows(run->program));
    if (run->r->arc) r[run->f.rows - 1] = arc_row(run);
}

#define HOLD 15
#define HOLD_MORE 10

int az_run_hold(const az_result *r)
{
    if (az_run_linear(r)) return 0; /* zero is no random network: holding them leads elements astray (burgers, n = 1) */
    return r->stage == 1 && !r->ladder.found && !r->warm && az_problem_n_unknowns(r->problem) > 0 ? HOLD + HOLD_MORE * r->restarts : 0;
}

bool az_run_held(const az_run *run, int i)
{
    const az_result *r = run->r;
    int slot = run->p->n_parameters + i;
    if (slot >= az_problem_layer_slot(run->p, 0)) return r->stage > 1;
    int hold = r->retries ? 0 : az_run_hold(r);
    if (run->p->scalar[slot].defect) return (r->ladder.held != AZ_HELD_FREE && !(r->arc && r->arc->defects)) || r->stage_iteration < hold;
    return (r->ladder.held && i == r->ladder.over) || r->stage_iteration < hold;
}

static az_status jacobian(void *data, double *jac, const double *x)
{
    az_run *run = data;
    put(run, x);
    az_binding b = az_run_binding(run);
    az_status st = az_program_jacobian(run->program, &b, jac, run->f.ld);
    if (!st) weigh(run, jac, (size_t)run->f.ld, run->f.cols);
    size_t ld = (size_t)run->f.ld, networks = (size_t)(run->f.cols - run->n_unknowns), last = (size_t)run->f.rows - 1;
    const size_t own = (size_t)az_program_rows(run->program);
    for (size_t c = 0; c < networks && !st; c++) memset(jac + c * ld + own, 0, sizeof *jac * (size_t)(run->f.rows - (int)own));
    if (!st) penalise(run, NULL, jac + networks * ld, ld, (int)own);
    for (size_t c = 0; c < (size_t)run->f.cols && run->r->arc && !st; c++)
        jac[c * ld + last] = c < networks ? 0 : run->r->arc->tangent[c - networks]; /* columns of unknowns have the unit, and rows its inverse */
    if (!st) measure(run, jac, ld, run->f.cols);
    for (int i = 0; i < run->n_unknowns && !st; i++)
        if (az_run_held(run, i)) memset(jac + (networks + (size_t)i) * ld, 0, sizeof(double) * ld);
    return st;
}

#define TO_BOUND 0.1 /* of the way to a bound in one step: an unknown cannot run onto it while the networks still know nothing */
#define FROM_BOUND 0.9 /* in later stages, where that bound is the farther one */

/* The nearest value to `there` that hard bounds leave for a step from here. */
static double allowed(const az_run *run, int i, double here, double there)
{
    double lo, hi;
    az_state_bounds(run->r, i, &lo, &hi);
    const bool later = run->r->stage > 1;
    const double down = later && here - lo > hi - here ? FROM_BOUND : TO_BOUND, up = later && hi - here > here - lo ? FROM_BOUND : TO_BOUND;
    return there < here ? fmax(there, here + down * (lo - here)) : there > here ? fmin(there, here + up * (hi - here)) : there;
}

/* Hard bounds; penalties only hold unknowns that are held. x holds the trial point, the state's memory the current one. */
static void project(void *data, double *x)
{
    az_run *run = data;
    double *u = x + run->f.cols - run->n_unknowns;
    const double *now = run->x + run->f.cols - run->n_unknowns;
    for (int i = 0; i < run->n_unknowns; i++) {
        if (az_run_held(run, i)) u[i] = now[i];
        if (has_penalty(run, i)) continue;
        const double unit = run->r->unit * az_units_unknown(run, i);
        const double here = base(run)[i] + unit * now[i], there = base(run)[i] + unit * u[i], put = allowed(run, i, here, there);
        if (put != there) u[i] = (put - base(run)[i]) / unit;
    }
}

#define FIRST_SHARE 1.0 /* of Newton's step; 0.5 lets through ways on which ten more are damped */

/* The first step from one held value to the next is good, or the way was too long, and nothing has moved yet. */
static double shortest(void *data)
{
    const az_run *run = data;
    return az_march_first(run->r) ? FIRST_SHARE : 0;
}

/* Features sum up to what remains with large weights of opposite signs: the residual falls along singular values that the normal equations lose below
 * rounding. In several coordinates they are thousands, and QR is too dear. */
az_method az_run_method(const az_result *r, int stage)
{
    if (stage == 1) return r->options.phase[r->phase];
    return r->problem->dim == 1 || r->options.phase[r->options.n_phases - 1] == AZ_METHOD_LM_QR ? AZ_METHOD_LM_QR : AZ_METHOD_LM;
}

/* The memory of a stage that begins now: the method's start, unknowns as they are, measured from there (in the first stage from 0). */
static az_status fresh_memory(az_run *run, az_method method, int cols)
{
    az_result *r = run->r;
    int n = run->n_method + 2 * run->n_unknowns;
    double *m = az_doubles((size_t)n);
    if (!m) return AZ_ENOMEM;
    az_doubles_free(r->memory);
    r->memory = m;
    r->n_memory = n;
    az_solver_reset(method, m, cols);
    for (int i = 0; i < run->n_unknowns; i++) {
        double value = r->scalar[run->p->n_parameters + i];
        base(run)[i] = r->stage == 1 ? 0 : value;
        base(run)[run->n_unknowns + i] = r->stage == 1 ? value / az_units_unknown(run, i) : 0;
    }
    bool lm = method == AZ_METHOD_LM || method == AZ_METHOD_LM_QR; /* from 0, damped steps let the unknowns run before the elements */
    if (r->stage > 1 || (az_run_linear(r) && lm)) m[0] = AZ_LM_MU_LINEAR;
    return AZ_OK;
}

#define SMALL 250000.0 /* entries of a Jacobian below which a second thread gains less than it loses on a busy machine */

/* The bits do not depend on the thread count, so it may follow the size. */
static int useful_threads(const az_run *run)
{
    const az_result *r = run->r;
    double rows = r->n_edges * AZ_PANEL_NODES, cols = 0;
    for (int k = 0; k < run->p->n_rows; k++) rows += r->points[k].n;
    for (int t = 0; t < run->p->n_trials; t++) cols += az_trial_trained(active(run, t));
    return rows * cols < SMALL && !az_run_square(r) ? 1 : run->threads;
}

/* The vector, the residual and its rms from the state. */
static az_status take_state(az_run *run)
{
    az_run_gather(run);
    evaluate(run, run->residual, run->x);
    run->r->rms = run->r->unit * sqrt(az_dense_dot(run->residual, run->residual, run->f.rows) / run->f.rows);
    return run->failed ? az_fail(run->err, run->failed, "out of memory for the values of the trials") : AZ_OK;
}

#define ROUNDED 0.01 /* of the tolerance: what a stage may add by rounding, rms */
#define ROUNDED_LEAST 1e-14 /* for a tolerance that no stage reaches */

/* The largest argument of a frozen feature, whose inputs are of order 1. */
static double largest_argument(const az_network *net)
{
    const int n_in = net->width[0], n = net->width[1];
    double most = 1;
    for (int j = 0; j < n && net->n_frozen; j++) {
        double sum = fabs(net->weight[n * n_in + j]);
        for (int k = 0; k < n_in; k++) sum += fabs(net->weight[j * n_in + k]);
        most = fmax(most, sum);
    }
    return most;
}

/* Features whose sum is small beside them leave their rounding, which is that of their arguments: eps times the largest of these and the norm of the
 * weights, each times that of its column, spread over all rows. What one stage leaves no later one takes away. */
static double longest(const az_run *run, int rows)
{
    const az_result *r = run->r;
    double argument = 1;
    for (int t = 0; t < run->p->n_trials; t++) argument = fmax(argument, largest_argument(active(run, t)));
    return r->stage > 1 ? fmax(ROUNDED * r->options.tolerance, ROUNDED_LEAST) * sqrt(rows) / (DBL_EPSILON * argument * r->unit) : 0;
}

double az_run_bytes(const az_run *run, int stage, int rows, int cols)
{
    az_objective f = run->f;
    f.rows = rows, f.cols = cols, f.ld = (rows + 7) / 8 * 8;
    return az_solver_bytes(az_run_method(run->r, stage), &f) + az_program_jacobian_bytes(run->program, cols) + az_judge_bytes(run, rows);
}

/* Says and checks what the solver is going to take. */
static az_status take_memory(az_run *run)
{
    char what[96];
    snprintf(what, sizeof what, "a Jacobian of %d rows and %d columns with its factors", run->f.rows, run->f.cols);
    return az_run_take(run, az_run_bytes(run, run->r->stage, run->f.rows, run->f.cols), what);
}

az_status az_run_open(az_run *run)
{
    az_result *r = run->r;
    int threads = useful_threads(run);
    if (az_run_square(r)) {
        az_status no = az_run_take(run, az_square_bytes(r), "the system of these elements");
        if (no) return no;
    }
    az_status no = az_units_choose(run);
    if (no) return no;
    az_program_setup setup = {
        .edge = r->n_edges ? r->edge : NULL, .n_edges = r->n_edges, .points = r->points, .rows = true, .threads = threads};
    az_status st = az_program_create(&run->program, run->p, &setup, run->err);
    if (st) return st;
    run->n_unknowns = run->p->n_scalars - run->p->n_parameters;
    int rows = az_program_rows(run->program) + n_penalties(run) + (r->arc != NULL), cols = az_program_columns(run->program, r->trial);
    az_method method = az_run_method(r, r->stage);
    run->n_method = az_solver_memory(method, cols);
    if (r->n_memory != run->n_method + 2 * run->n_unknowns) st = fresh_memory(run, method, cols);
    run->f = (az_objective){.rows = rows,
                            .cols = cols,
                            .ld = (rows + 7) / 8 * 8,
                            .threads = threads,
                            .data = run,
                            .normalise = r->stage > 1 || az_run_linear(r),
                            .longest = longest(run, rows),
                            .curved = r->stage == 1 && !az_run_linear(r),
                            .residual = evaluate,
                            .jacobian = jacobian,
                            .project = run->n_unknowns ? project : NULL,
                            .shortest = az_run_elements(r) && r->ladder.held && r->options.mode > 0 ? shortest : NULL};
    run->x = az_doubles((size_t)cols);
    run->residual = az_doubles((size_t)rows);
    if (!st && (!run->x || !run->residual)) st = AZ_ENOMEM;
    if (!st && az_run_square(r)) {
        st = take_state(run);
        return st ? st : az_square_open(run);
    }
    if (st) return az_fail(run->err, st, "out of memory");
    st = take_memory(run);
    if (st) return st;
    if (az_solver_create(&run->solver, method, &run->f))
        return az_fail(run->err, AZ_ENOMEM, "out of memory: a Jacobian of %d rows and %d columns takes %.0f MB with its factors", rows, cols,
                       1e-6 * az_run_bytes(run, r->stage, rows, cols));
    return take_state(run);
}

az_status az_run_again(az_run *run)
{
    az_status st = fresh_memory(run, az_run_method(run->r, run->r->stage), run->f.cols);
    return st ? az_fail(run->err, st, "out of memory") : take_state(run);
}

void az_run_close(az_run *run)
{
    az_units_forget(run);
    az_square_close(run);
    az_solver_destroy(run->solver);
    az_program_destroy(run->program);
    az_doubles_free(run->x);
    az_doubles_free(run->residual);
    run->solver = NULL;
    run->program = NULL;
    run->x = run->residual = NULL;
}
