/* branch.c: a branch of solutions, followed in a parameter or in an unknown whose defect is free. One more scalar is free than the problem leaves, and one row more
 * holds the step: tangent . (scalars - prediction) = 0 (pseudo-arclength: Keller 1977; the arclength here is that of the scalars, so that a step means the same
 * for networks and for elements of any mesh). Each point starts from the one before. */
#include "branch/branch.h"

#include <math.h>
#include <string.h>

#define FIRST_STEP 0.02 /* of arclength: the range asked for is 1 */
#define MOST_STEP 0.1
#define LEAST_STEP 1e-6
#define GROW 1.5
#define SHRINK 0.5
#define MOST_TURN 0.35 /* radians from chord to chord */
#define ACCEPT 1e-6 /* largest relative residual between the nodes */
#define MANY_POINTS 2000

/* Elements in a half-plane have as many rows as unknowns and no place for one more: their branch is followed at given values of the parameter, and a fold ends it. */
static bool at_values(const az_branch *b) { return b->p->dim > 1 && b->o.solve.space == AZ_SPACE_ELEMENT; }

#define SCALARS(r) ((r)->scalar + (r)->problem->n_parameters)

void az_branch_options_init(az_branch_options *o)
{
    memset(o, 0, sizeof *o);
    az_solve_options_init(&o->solve);
    o->from = o->to = NAN;
}

static void forget_point(az_branch *b)
{
    if (b->point != b->at) az_result_destroy(b->point);
    b->point = NULL;
}

void az_branch_destroy(az_branch *b)
{
    if (!b) return;
    forget_point(b);
    az_result_destroy(b->at);
    az_result_destroy(b->last);
    az_result_destroy(b->profile);
    az_problem_destroy(b->p);
    az_free(b->over);
    for (int i = 0; b->column && i < b->n_columns; i++) az_free(b->column[i]);
    az_free(b->column);
    double *all[] = {b->now, b->before, b->tangent, b->scale, b->row};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) az_doubles_free(all[i]);
    az_free(b);
}

/* Takes p over. */
static az_status duplicate(az_result **out, az_problem *p, const az_result *r, az_error *err)
{
    return az_state_duplicate(out, p, r) ? az_fail(err, AZ_ENOMEM, "out of memory") : AZ_OK;
}

/* *out = r, whose problem is the one given, with the parameter among its unknowns; NULL on failure. */
static az_status free_parameter(az_result **out, const az_branch *b, const az_result *r, az_error *err)
{
    az_problem *freed;
    *out = NULL;
    az_status st = az_problem_free_parameter(&freed, r->problem, b->over, err);
    return st ? st : duplicate(out, freed, r, err);
}

/* The last point as a result of the problem as it was given, with the parameter at the value found; re-evaluated. */
static az_status show(az_branch *b, az_error *err)
{
    forget_point(b);
    if (!b->freed) return b->point = b->at, AZ_OK;
    az_problem *p;
    az_status st = az_problem_set(&p, b->p, b->over, SCALARS(b->at)[b->slot], err);
    if (!st) st = duplicate(&b->point, p, b->at, err);
    return st ? st : az_verify(b->point, b->o.solve.threads, err);
}

/* What a call that failed has left is shown and freed; there is no point to go on from. */
static az_status refuse(const az_branch *b, az_error *err)
{
    return az_fail(err, b->failed, "the branch has ended with an error (%s)", az_status_message(b->failed));
}

/* ---- beginning -------------------------------------------------------------------------------------------------------------- */

static az_status check_unknown(const az_branch *b, int slot, az_error *err)
{
    if (!b->p->n_defects)
        return az_fail(err, AZ_EOPTION, "a branch over an unknown needs a `defect` that is free along it: '%s' has none", b->p->name);
    if (at_values(b))
        return az_fail(err, AZ_EOPTION,
                       "elements in several coordinates follow a parameter, not the unknown '%s': `ansatz scan` holds it at a grid of values, `ansatz solve "
                       "--modes` finds the profiles along it",
                       b->over);
    if (slot != b->p->n_parameters)
        return az_fail(err, AZ_EOPTION, "a branch over an unknown is over the first, '%s'", b->p->scalar[b->p->n_parameters].name);
    if (!isnan(b->o.from))
        return az_fail(err, AZ_EOPTION, "a branch over an unknown begins where the solution with it free is: leave its first value out");
    return AZ_OK;
}

static az_status check(az_branch *b, az_error *err)
{
    const az_problem *p = b->p;
    const int slot = az_problem_slot(p, b->over);
    b->freed = slot >= 0 && slot < p->n_parameters;
    if (slot < 0 || slot >= az_problem_first_defect(p)) return az_fail(err, AZ_ENAME, "'%s' has no parameter and no unknown '%.63s'", p->name, b->over);
    if (!isfinite(b->o.to) || isinf(b->o.from)) return az_fail(err, AZ_EOPTION, "a branch needs finite ends");
    if (b->o.max_points < 0) return az_fail(err, AZ_EOPTION, "max_points = %d: expected 0 (automatic) or more", b->o.max_points);
    if (b->o.n_at < 0 || (b->o.n_at && !b->o.at))
        return az_fail(err, AZ_EOPTION, "n_at = %d%s: expected 0 or more values", b->o.n_at, b->o.at ? "" : " without values");
    for (int i = 0; i < b->o.n_at; i++)
        if (!isfinite(b->o.at[i])) return az_fail(err, AZ_EOPTION, "at[%d] = %g: expected a finite value", i, b->o.at[i]);
    if (!(b->o.step >= 0) || isinf(b->o.step)) return az_fail(err, AZ_EOPTION, "the step must be 0 (automatic) or more");
    if (az_problem_n_unknowns(p) < 1) return az_fail(err, AZ_EOPTION, "a branch is followed in the unknowns: '%s' has none", p->name);
    az_status st = az_check_coordinates(p, &b->o.solve, err); /* before anything is solved */
    if (!st && at_values(b)) st = az_elements_check(p, err);
    if (st) return st;
    if (!b->freed) return check_unknown(b, slot, err);
    if (isnan(b->o.from)) b->o.from = p->scalar[slot].value;
    return b->o.from == b->o.to ? az_fail(err, AZ_EOPTION, "the branch is to end where it begins, at %s = %g", b->over, b->o.to) : AZ_OK;
}

az_status az_branch_create(az_branch **out, const az_problem *p, const az_branch_options *o, az_error *err)
{
    az_branch *b = az_calloc(1, sizeof *b);
    *out = NULL;
    if (!b) return az_fail(err, AZ_ENOMEM, "out of memory");
    b->o = *o;
    b->o.solve.mode = 0, b->o.solve.max_seconds = 0, b->o.solve.checkpoint = NULL;
    if (!b->o.max_points) b->o.max_points = MANY_POINTS;
    b->over = az_strdup(o->over ? o->over : "");
    const az_variant v = {.layer = p->layer, .n_layers = p->n_layers, .angle = az_series_angle(o->solve.space)};
    az_status st = b->over ? az_problem_vary(&b->p, p, &v, err) : az_fail(err, AZ_ENOMEM, "out of memory");
    if (!st) st = check(b, err);
    if (st) az_branch_destroy(b);
    else *out = b;
    return st;
}

/* What moves along the branch: unknowns, but defects only with an unknown, and no layer. `over` first. */
static void find_moving(az_branch *b)
{
    const az_problem *q = b->at->problem;
    b->slot = b->freed ? az_problem_freed_slot(q) - q->n_parameters : 0;
    b->moving[0] = b->slot;
    b->n_moving = 1;
    for (int i = 0; q->n_parameters + i < az_problem_layer_slot(q, 0); i++)
        if (i != b->slot && !(b->freed && q->scalar[q->n_parameters + i].defect)) b->moving[b->n_moving++] = i;
}

static az_status measure(az_branch *b, az_error *err)
{
    const az_problem *q = b->at->problem;
    double **all[] = {&b->now, &b->before, &b->tangent, &b->scale};
    b->n = q->n_scalars - q->n_parameters;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i] = az_doubles((size_t)b->n);
        if (!*all[i]) return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    find_moving(b);
    memcpy(b->now, SCALARS(b->at), sizeof *b->now * (size_t)b->n);
    return az_branch_name_columns(b, err);
}

/* The units of arclength and the first direction, from the numbers of the first point. */
static az_status set_out(az_branch *b, const double *start, az_error *err)
{
    double range = fabs(b->o.to - start[0]);
    if (!(range > 0)) return az_fail(err, AZ_EOPTION, "the branch is to end where it begins, at %s = %g", b->over, b->o.to);
    for (int k = 0; k < b->n_moving; k++) b->scale[b->moving[k]] = k ? fmax(1, fabs(start[k])) : range;
    b->tangent[b->slot] = b->o.to > start[0] ? 1 : -1;
    b->most = b->o.step > 0 ? b->o.step / range : MOST_STEP;
    b->step = fmin(FIRST_STEP, b->most);
    return AZ_OK;
}

/* Takes r, a run of the problem as given, as the point that the branch is at. */
static az_status stand(az_branch *b, az_result *r, az_error *err)
{
    b->at = b->point = r;
    az_status st = az_verify(r, b->o.solve.threads, err);
    if (st || !b->freed) return st;
    return free_parameter(&b->at, b, r, err);
}

/* A problem that cannot be read with its parameter free is refused before the work. */
static az_status given_problem(const az_branch *b, az_problem **p, az_error *err)
{
    if (!b->freed) return az_problem_restate(p, b->p, b->p->layer, b->p->n_layers, err);
    az_problem *freed;
    az_status st = az_problem_set(p, b->p, b->over, b->o.from, err);
    if (!st) st = az_problem_free_parameter(&freed, *p, b->over, err);
    if (!st) az_problem_destroy(freed);
    return st;
}

static az_status first(az_branch *b, const az_result *start, az_progress_fn fn, void *data, az_error *err)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    az_status st = given_problem(b, &p, err);
    if (!st && start) {
        st = az_run_from(&r, p, start, &b->o.solve, err);
        if (!st) st = az_run_go(r, &b->o.solve, false, fn, data, err);
    } else if (!st) st = az_solve(&r, p, &b->o.solve, fn, data, err);
    az_problem_destroy(p);
    if (st) {
        az_result_destroy(r);
        return st;
    }
    st = stand(b, r, err);
    if (!st) st = measure(b, err);
    if (!st && r->stop == AZ_STOP_CANCELLED) b->end = AZ_BRANCH_CANCELLED;
    else if (!st && !(r->check <= ACCEPT)) {
        b->end = AZ_BRANCH_STEP;
        snprintf(b->why, sizeof b->why, "the first solution has a relative residual of %.1e, and a point needs %.0e", r->check, ACCEPT);
    } else if (!st) st = az_branch_add_row(b, b->point, false, false, err);
    return st || b->end != AZ_BRANCH_RUNNING ? st : set_out(b, b->row, err);
}

/* ---- steps ------------------------------------------------------------------------------------------------------------------ */

static double distance(const az_branch *b, const double *x, const double *y)
{
    double sum = 0;
    for (int k = 0; k < b->n_moving; k++) {
        int i = b->moving[k];
        sum += (x[i] - y[i]) / b->scale[i] * ((x[i] - y[i]) / b->scale[i]);
    }
    return sqrt(sum);
}

/* Angle between the chord to the new point and the one before. */
static double turn(const az_branch *b, const double *next)
{
    double dot = 0;
    for (int k = 0; k < b->n_moving; k++) {
        int i = b->moving[k];
        dot += b->tangent[i] * (next[i] - b->now[i]) / b->scale[i];
    }
    return acos(fmax(-1, fmin(1, dot / distance(b, next, b->now))));
}

/* The value of `over` on the way to the predicted one at which a point is asked for, the nearest; NaN if there is none. */
static double landing(const az_branch *b, double predicted)
{
    double here = b->now[b->slot], way = predicted > here ? 1 : -1, best = NAN;
    for (int k = -1; k < b->o.n_at; k++) {
        double v = k < 0 ? b->o.to : b->o.at[k];
        bool between = (v - here) * way > 1e-9 * b->scale[b->slot] && (predicted - v) * way >= 0;
        if (between && (isnan(best) || (best - v) * way > 0)) best = v;
    }
    return best;
}

/* Elements on the mesh of the last two points: their weights are predicted with the scalars. */
static void predict_weights(const az_branch *b, az_result *r, double ratio)
{
    for (int t = 0; b->last && az_run_elements(r) && t < r->problem->n_trials; t++) {
        az_network *net = &r->trial[t].stage[0];
        const az_network *one = &b->last->trial[t].stage[0], *two = &b->at->trial[t].stage[0];
        if (one->n_weights != two->n_weights || one->mesh.n_edges != two->mesh.n_edges) continue;
        if (memcmp(one->mesh.edge, two->mesh.edge, sizeof(double) * (size_t)one->mesh.n_edges)) continue;
        for (int i = 0; i < net->n_weights; i++) net->weight[i] += ratio * (two->weight[i] - one->weight[i]);
    }
}

/* The problem that is solved for a point near the value of `over`. */
static az_status problem_near(const az_branch *b, az_problem **out, double value, az_error *err)
{
    const az_problem *q = b->at->problem;
    if (!b->freed) return az_problem_restate(out, q, q->layer, q->n_layers, err);
    az_problem *p;
    az_status st = az_problem_set(&p, b->p, b->over, value, err);
    if (st) return st;
    st = az_problem_free_parameter(out, p, b->over, err);
    az_problem_destroy(p);
    return st;
}

/* The first number that the step would carry out of its bounds, or NULL. */
static const char *leaves(const az_branch *b, double h)
{
    const az_problem *q = b->at->problem;
    for (int k = 0; k < b->n_moving; k++) {
        int i = b->moving[k];
        const az_scalar_decl *s = &q->scalar[q->n_parameters + i];
        double next = b->now[i] + h * b->tangent[i] * b->scale[i];
        if (next <= s->lo || next >= s->hi) return s->name;
    }
    return NULL;
}

/* With elements in a half-plane: the parameter at the value predicted, everything else solved for. */
static az_status attempt_at(az_branch *b, az_result **out, const double *predicted, double ratio, az_progress_fn fn, void *data, az_error *err)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    *out = NULL;
    az_status st = az_problem_set(&p, b->p, b->over, predicted[b->slot], err);
    if (!st) st = az_run_from(&r, p, b->at, &b->o.solve, err);
    az_problem_destroy(p);
    for (int i = 0, k = 0; !st && i < b->n; i++)
        if (i != b->slot) SCALARS(r)[k++] = predicted[i];
    if (!st && b->last) predict_weights(b, r, ratio);
    if (!st) st = az_run_go(r, &b->o.solve, false, fn, data, err);
    if (!st) st = free_parameter(out, b, r, err);
    az_result_destroy(r);
    return st;
}

/* The point at arclength h, or the one where `over` is `land`, if that is a number. */
static az_status attempt(az_branch *b, az_result **out, double h, double land, az_progress_fn fn, void *data, az_error *err)
{
    az_arc arc = {.tangent = az_doubles((size_t)b->n), .at = az_doubles((size_t)b->n), .defects = !b->freed};
    az_problem *p = NULL;
    az_solve_options o = b->o.solve;
    az_status st = arc.tangent && arc.at ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    *out = NULL;
    for (int i = 0; i < b->n && !st; i++) {
        arc.at[i] = b->now[i] + h * b->tangent[i] * b->scale[i];
        arc.tangent[i] = isnan(land) ? b->tangent[i] / b->scale[i] : 0;
    }
    if (!st && !isnan(land)) arc.at[b->slot] = land, arc.tangent[b->slot] = 1 / b->scale[b->slot];
    if (!st && at_values(b)) {
        st = attempt_at(b, out, arc.at, b->last ? h / distance(b, b->now, b->before) : 0, fn, data, err);
        az_doubles_free(arc.tangent);
        az_doubles_free(arc.at);
        return st;
    }
    if (!st) st = problem_near(b, &p, arc.at[b->slot], err);
    if (!st && !b->freed && !(o.tolerance >= ACCEPT)) o.tolerance = ACCEPT;
    if (!st) st = az_run_from(out, p, b->at, &o, err);
    az_problem_destroy(p);
    if (!st) {
        memcpy(SCALARS(*out), arc.at, sizeof *arc.at * (size_t)b->n);
        if (b->last) predict_weights(b, *out, h / distance(b, b->now, b->before));
        (*out)->arc = &arc;
        st = az_run_go(*out, &o, false, fn, data, err);
        (*out)->arc = NULL;
    }
    if (st) az_result_destroy(*out), *out = NULL;
    az_doubles_free(arc.tangent);
    az_doubles_free(arc.at);
    return st;
}

/* The tangent becomes the chord between the last two points; its length. */
static double set_tangent(az_branch *b)
{
    double length = distance(b, b->now, b->before);
    for (int k = 0; k < b->n_moving; k++) {
        int i = b->moving[k];
        b->tangent[i] = (b->now[i] - b->before[i]) / b->scale[i] / length;
    }
    return length;
}

/* Moves on to r. */
static void accept(az_branch *b, az_result *r)
{
    memcpy(b->before, b->now, sizeof *b->now * (size_t)b->n);
    memcpy(b->now, SCALARS(r), sizeof *b->now * (size_t)b->n);
    b->arclength += set_tangent(b);
    forget_point(b);
    az_result_destroy(b->last);
    b->last = b->at;
    b->at = r;
}

/* Why a try is no point, or NULL. */
static const char *refused(const az_branch *b, const az_result *r, char *buffer, size_t size)
{
    if (!r) return buffer;
    if (!(r->check <= ACCEPT)) return snprintf(buffer, size, "relative residual %.1e", r->check), buffer;
    double angle = turn(b, SCALARS(r));
    if ((b->last || b->resumed) && !(angle <= MOST_TURN)) return snprintf(buffer, size, "a turn by %.0f degrees", angle * 180 / M_PI), buffer;
    return NULL;
}

/* Where the first defect took its smooth value between the last two points, the unknown is set free. */
static az_status find_profile(az_branch *b, az_progress_fn fn, void *data, az_error *err)
{
    const az_problem *p = b->at->problem;
    if (b->freed) return AZ_OK; /* along a parameter a defect stays at its start, or there is none */
    int slot = az_problem_first_defect(p) - p->n_parameters;
    double smooth = p->scalar[p->n_parameters + slot].value, d0 = b->before[slot] - smooth, d1 = b->now[slot] - smooth;
    if (!(d0 * d1 < 0)) return AZ_OK;
    double x0 = b->before[b->slot], x1 = b->now[b->slot];
    az_status st = az_run_from(&b->profile, p, b->at, &b->o.solve, err);
    if (st) return st;
    az_result *r = b->profile;
    SCALARS(r)[b->slot] = x1 + (x0 - x1) * d1 / (d1 - d0);
    for (int i = slot; i < slot + p->n_defects; i++) SCALARS(r)[i] = p->scalar[p->n_parameters + i].value;
    r->ladder.lo = fmin(x0, x1), r->ladder.hi = fmax(x0, x1);
    st = az_run_go(r, &b->o.solve, false, fn, data, err);
    if (!st) st = az_verify(r, b->o.solve.threads, err);
    if (!st && r->check <= ACCEPT) return az_branch_add_row(b, r, false, true, err);
    az_result_destroy(b->profile);
    b->profile = NULL;
    return st;
}

static az_status arrive(az_branch *b, az_result *r, bool landed, double h, az_progress_fn fn, void *data, az_error *err)
{
    double way = b->last || b->resumed ? b->now[b->slot] - b->before[b->slot] : 0, next = SCALARS(r)[b->slot] - b->now[b->slot];
    accept(b, r);
    if (!landed) b->step = fmin(h * GROW, b->most);
    az_status st = find_profile(b, fn, data, err);
    if (!st) st = show(b, err);
    if (!st) st = az_branch_add_row(b, b->point, way * next < 0, false, err);
    if (st) return st;
    if (b->now[b->slot] == b->o.to) b->end = AZ_BRANCH_ARRIVED;
    else if ((b->now[b->slot] - b->row[0]) * (b->o.to - b->row[0]) < 0) b->end = AZ_BRANCH_BACK;
    else if (b->n_rows >= b->o.max_points) b->end = AZ_BRANCH_POINTS;
    return AZ_OK;
}

static az_status next(az_branch *b, az_result *start, az_progress_fn fn, void *data, az_error *err)
{
    if (!b->at) return first(b, start, fn, data, err);
    char why[AZ_MAX_NAME + 40];
    for (double h = b->step;;) {
        double ahead = h * b->tangent[b->slot] * b->scale[b->slot], land = landing(b, b->now[b->slot] + ahead);
        az_result *r = NULL;
        if (!isnan(land)) h *= (land - b->now[b->slot]) / ahead;
        const char *out = leaves(b, h);
        if (out) snprintf(why, sizeof why, "%s would leave its bounds", out);
        az_status st = out ? AZ_OK : attempt(b, &r, h, land, fn, data, err);
        if (st) return st;
        const char *no = refused(b, r, why, sizeof why);
        if (!no) {
            if (!isnan(land)) SCALARS(r)[b->slot] = land; /* to the last bit: the row holds it to rounding */
            return arrive(b, r, !isnan(land), h, fn, data, err);
        }
        b->end = r && r->stop == AZ_STOP_CANCELLED ? AZ_BRANCH_CANCELLED : h * SHRINK < LEAST_STEP ? AZ_BRANCH_STEP : AZ_BRANCH_RUNNING;
        az_result_destroy(r);
        if (b->end == AZ_BRANCH_STEP) snprintf(b->why, sizeof b->why, "no further point with a step of %.0e or more: %s", LEAST_STEP, no);
        if (b->end != AZ_BRANCH_RUNNING) return AZ_OK;
        b->step = h *= SHRINK;
    }
}

static bool is_step(const az_branch *b, int i)
{
    return az_branch_row(b, i)[az_branch_fixed(b, AZ_BRANCH_PROFILE)] == 0;
}

static bool stands_at(const az_branch *b, const double *row)
{
    for (int k = 0; k < b->n_moving; k++)
        if (row[k] != b->now[b->moving[k]]) return false;
    return true;
}

/* The step that the result is: the last, or the one before it where a kill came between the table
 * and the result; what is behind it is dropped. -1: none. */
static int find_step(az_branch *b)
{
    int steps = 0;
    for (int i = b->n_rows - 1; i >= 0 && steps < 2; i--) {
        if (!is_step(b, i)) continue;
        if (stands_at(b, az_branch_row(b, i))) return b->n_rows = i + 1, i;
        steps++;
    }
    return -1;
}

az_status az_branch_next(az_branch *b, az_result *start, az_progress_fn fn, void *data, az_error *err)
{
    if (b->failed) return refuse(b, err);
    az_result_destroy(b->profile);
    b->profile = NULL;
    return b->end != AZ_BRANCH_RUNNING ? AZ_OK : (b->failed = next(b, start, fn, data, err));
}

/* The rows that are steps; their numbers become the last two points. */
static az_status take_up(az_branch *b, const char *table, az_error *err)
{
    const double *row[2] = {NULL, NULL};
    const int last = find_step(b);
    if (last < 0)
        return az_fail(err, AZ_EFORMAT, "the last point of '%s' is not the result beside it",
                       table);
    for (int i = 0; i <= last; i++)
        if (is_step(b, i)) row[0] = row[1], row[1] = az_branch_row(b, i);
    const double *fixed = row[1] + az_branch_fixed(b, 0);
    b->arclength = fixed[AZ_BRANCH_ARCLENGTH];
    b->step = fmin(fixed[AZ_BRANCH_STEPSIZE], b->most);
    if (!row[0]) return AZ_OK;
    for (int k = 0; k < b->n_moving; k++) b->before[b->moving[k]] = row[0][k];
    set_tangent(b);
    b->resumed = true;
    return AZ_OK;
}

az_status az_branch_resume(az_branch *b, const char *table, az_result *last, az_error *err)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    if (b->failed) return refuse(b, err);
    if (b->at) return az_fail(err, AZ_EOPTION, "the branch has points already");
    if (strcmp(last->problem->text, b->p->text)) return az_fail(err, AZ_EFORMAT, "the result beside '%s' is of another problem", table);
    int slot = az_problem_slot(last->problem, b->over);
    az_status st = b->freed ? az_problem_set(&p, b->p, b->over, last->scalar[slot], err) : az_problem_restate(&p, b->p, b->p->layer, b->p->n_layers, err);
    if (!st) st = duplicate(&r, p, last, err);
    if (!st) st = stand(b, r, err);
    if (!st) st = measure(b, err);
    if (!st) st = az_branch_read_table(b, table, err);
    if (!st) st = set_out(b, b->row, err);
    if (!st) st = take_up(b, table, err);
    if (!st && b->now[b->slot] == b->o.to) b->end = AZ_BRANCH_ARRIVED;
    return b->failed = st;
}

az_branch_end az_branch_state(const az_branch *b) { return b->end; }
const char *az_branch_why(const az_branch *b) { return b->why; }
const az_result *az_branch_result(const az_branch *b) { return b->point; }
const az_result *az_branch_profile(const az_branch *b) { return b->profile; }

const char *az_branch_end_name(az_branch_end e)
{
    static const char *const name[] = {"running", "arrived", "step", "points", "back", "cancelled"};
    return (unsigned)e < sizeof name / sizeof *name ? name[e] : "unknown";
}
