/* run.c: the driver. A run is a sequence of stages; each adds a network that is trained on what the sum of the earlier ones left, measured in its own unit
 * (multistage networks, Wang and Lai 2024). A stage ends when it no longer pays, the residual is judged on another grid every so often, and every
 * decision is told through the callback. One pass of `advance` is a function of the state alone, so a checkpoint may be taken between any two. */
#include "solve/analytic.h"
#include "solve/square.h"

#include "io/io.h"
#include "trial/mlp.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#define GAIN_TANH 3.0 /* first-layer weights: 2-4 times Glorot's, measured */
#define SPREAD 1.0
#define UNIT_OF_RMS 10.0 /* a later stage's unit over the rms it starts from: best of 1..1000 */
#define CORE_PANEL 0.6
#define REACH 40.0 /* z of the last node at first: y about 1e17 */
#define MARGIN 0.5 /* the independent re-evaluation, on yet another grid, is to agree */
#define RESTARTS 5
#define LOST 1e-2 /* a first stage that gains less than this on its first iteration has not found anything */
#define REACH_EVERY 5
#define JUDGE_EVERY 40
#define SQUARE_MOST 25 /* Newton's steps on one mesh: more, and it wanders */
#define HELD_ENOUGH 1e-4 /* residual of a held value between profiles */
#define PAYS 3.0 /* residual before the first features over after */
#define NEAR 2.0 /* tolerances that a first network leaves which is trained on: features are ten times as large, and tuned for minutes */
#define RETRIES 3 /* a stage is continued this often on a refined grid */
#define RETRIES_ELEMENT 10
#define TUNE_FEATURES 1000 /* at most, to choose frequencies with */
#define TUNE_COLUMNS 3000 /* of all trials */
#define CLOUD_CORRECTION 4 /* faces get n^((d-1)/d) points times this */

static void tell(az_run *run, const char *phase)
{
    const az_result *r = run->r;
    if (!run->fn) return;
    az_progress g = {.stage = r->stage,
                     .iteration = r->iterations,
                     .max_iterations = run->most,
                     .phase = phase,
                     .rms = r->rms,
                     .check_max = r->check,
                     .seconds = r->seconds,
                     .n_unknowns = az_problem_n_unknowns(run->p), /* those with names */
                     .problem = run->p,
                     .unknowns = r->scalar + run->p->n_parameters,
                     .note = run->note[0] ? run->note : NULL};
    if (run->fn(run->data, &g) && r->stop == AZ_STOP_RUNNING) run->r->stop = AZ_STOP_CANCELLED;
    run->note[0] = 0;
}

static const char *phase_name(const az_result *r) { return az_method_name(az_run_method(r, r->stage)); }

#define LARGE 1e9 /* bytes that are worth a line of their own */

az_status az_run_take(az_run *run, double bytes, const char *what)
{
    const double there = bytes > run->granted ? az_memory_available() : INFINITY;
    char text[160];
    if (!(bytes <= there))
        return az_fail(run->err, AZ_ENOMEM, "%s takes %.3g GB, and %.3g GB are there: fewer --points, or %s", what, 1e-9 * bytes, 1e-9 * there,
                       az_run_square(run->r) ? "a larger --tolerance" : "narrower --layers");
    if (!(bytes > run->granted)) return AZ_OK;
    run->granted = bytes;
    if (bytes < LARGE && (run->p->dim == 1 || !run->note[0])) return AZ_OK;
    const bool more = run->note[0];
    const size_t n = (size_t)snprintf(text, sizeof text, "%s%s %.0f MB", more ? "" : what, more ? "," : ":", 1e-6 * bytes), room = sizeof run->note - 1 - n;
    if (strlen(run->note) > room) run->note[room] = 0; /* the number stays */
    strcat(run->note, text);
    tell(run, phase_name(run->r));
    return AZ_OK;
}

static int points_of(const az_problem *p, unsigned fixed, int n)
{
    return fixed ? (int)(CLOUD_CORRECTION * pow(n, (p->dim - 1.0) / p->dim)) : n;
}

/* Panels of an interval, even in y. */
static az_status interval_panels(double **edge, int *n_edges, const az_coord_decl *c, int points)
{
    const int n = points > 2 * AZ_PANEL_NODES ? points / AZ_PANEL_NODES : 2;
    *edge = az_doubles((size_t)n + 1);
    if (!*edge) return AZ_ENOMEM;
    *n_edges = n + 1;
    for (int i = 0; i <= n; i++) (*edge)[i] = asinh((c->lo * (n - i) + c->hi * i) / n / c->scale);
    return AZ_OK;
}

az_status az_run_start_points(az_result *r, double reach)
{
    const az_problem *p = r->problem;
    const az_coord_decl *c = &p->coord[0];
    if (c->range == AZ_INTERVAL && az_problem_on_panels(p)) return interval_panels(&r->edge, &r->n_edges, c, r->options.points);
    if (p->dim == 1 && c->range != AZ_INTERVAL) {
        bool half = true;
        if (c->range != AZ_HALF_LINE && az_problem_half_line(&half, p)) return AZ_ENOMEM;
        double core = CORE_PANEL * 600.0 / r->options.points * (half ? 1 : 2);
        const az_status st = az_panels_start(&r->edge, &r->n_edges, core, fmax(c->open > 0 ? AZ_OPEN_REACH : REACH, reach), half);
        return st || !az_run_elements(r) ? st : az_analytic_panels(&r->edge, &r->n_edges, p, false);
    }
    if (az_run_square(r)) return AZ_OK; /* with its elements */
    bool first = true;
    for (int k = 0; k < p->n_rows; k++) {
        const az_row_decl *row = &p->row[k];
        unsigned all = (1u << p->dim) - 1, fixed = az_row_fixed(row);
        if (row->kind == AZ_ROW_EQUATION && !first) continue;
        if (row->kind != AZ_ROW_EQUATION && (fixed == 0 || fixed == all)) continue;
        first = first && row->kind != AZ_ROW_EQUATION;
        az_status st = az_points_spread(&r->points[k], p, fixed, &row->at, points_of(p, fixed, r->options.points), 0, r->options.coordinates);
        if (st) return st;
        az_run_avoid_corners(r, &r->points[k], fixed);
    }
    return AZ_OK;
}

/* More of the same sequence, up to n for an equation. */
static az_status grow_points(az_result *r, int n)
{
    for (int k = 0; k < r->problem->n_rows; k++) {
        const az_row_decl *row = &r->problem->row[k];
        unsigned fixed = az_row_fixed(row);
        az_points *now = &r->points[k], more;
        int extra = points_of(r->problem, fixed, n) - now->n;
        if (!now->n || extra <= 0) continue;
        az_status st = az_points_spread(&more, r->problem, fixed, &row->at, extra, now->n, r->options.coordinates);
        if (!st) az_run_avoid_corners(r, &more, fixed);
        double *all = st ? NULL : az_doubles((size_t)(now->n + extra) * (size_t)now->dim);
        if (!st && !all) st = AZ_ENOMEM;
        if (!st) {
            memcpy(all, now->x, sizeof(double) * (size_t)(now->n * now->dim));
            memcpy(all + now->n * now->dim, more.x, sizeof(double) * (size_t)(extra * now->dim));
            az_doubles_free(now->x);
            now->x = all;
            now->n += extra;
        }
        az_doubles_free(more.x);
        if (st) return st;
    }
    return AZ_OK;
}

static void drop_stage(az_result *r, int t)
{
    az_network *net = &r->trial[t].stage[--r->trial[t].n_stages];
    az_network_clear(net);
}

/* Ranges of the features' frequencies: as planned on a line, by trial with a few features elsewhere. */
static az_status choose_ranges(az_run *run, const az_stage_plan *plan, double scale, double *range, int n)
{
    az_result *r = run->r;
    for (int k = 0; k < n; k++) range[k] = plan->range;
    if (run->p->dim == 1 && !run->p->n_layers) return AZ_OK;
    const int most = TUNE_COLUMNS / run->p->n_trials < TUNE_FEATURES ? TUNE_COLUMNS / run->p->n_trials : TUNE_FEATURES;
    int width = plan->layers[0] < most ? plan->layers[0] : most;
    az_status st = r->stage > 2 ? az_run_ranges(run, range) : AZ_OK;
    for (int t = 0; t < run->p->n_trials && !st; t++) st = az_state_add_stage(r, t, 1, &width, AZ_ACT_SINE, scale * az_units_trial(run, t));
    if (!st) st = az_run_tune(run, range, n);
    for (int t = 0; t < run->p->n_trials && !st; t++) drop_stage(r, t);
    return st;
}

static az_status add_features(az_run *run, const az_stage_plan *plan, double scale)
{
    az_result *r = run->r;
    int n = 0;
    for (int t = 0; t < run->p->n_trials; t++) n += run->p->trial[t].n_inputs;
    double *range = az_doubles((size_t)n);
    az_status st = range ? choose_ranges(run, plan, scale, range, n) : AZ_ENOMEM;
    for (int t = 0; t < run->p->n_trials && !st; t++) st = az_state_add_stage(r, t, 1, plan->layers, AZ_ACT_SINE, scale * az_units_trial(run, t));
    if (!st) st = az_run_features(run, range, &r->rng);
    int k =
        snprintf(run->note, sizeof run->note, "stage %d: %d sine features, unit %.1e, frequencies up to", r->stage, plan->layers[0], scale);
    for (int i = 0; !st && i < n && k < (int)sizeof run->note; i++)
        k += snprintf(run->note + k, sizeof run->note - (size_t)k, " %.3g", range[i]);
    az_doubles_free(range);
    return st;
}

/* check: the residual that made a new mesh necessary, NaN at the beginning. */
static void say_mesh(az_run *run, double check)
{
    const az_mesh *m = &run->r->trial[0].stage[0].mesh;
    char across[80] = "", why[64] = "";
    if (m->modes) snprintf(across, sizeof across, " x %d modes, graded at %.3g", m->modes, m->grading);
    if (!isnan(check)) snprintf(why, sizeof why, " (relative residual %.1e between the points)", check);
    snprintf(run->note, sizeof run->note, "%s: %d, of degree %d%s%s", isnan(check) ? "elements" : "mesh refined to elements", m->n_edges - 1, m->degree, across, why);
}

static az_status add_elements(az_run *run)
{
    az_result *r = run->r;
    az_status st = r->problem->dim > 1 ? az_square_begin(r, NULL) : az_elements_begin(r);
    if (!st)
        say_mesh(run, NAN);
    return st;
}

az_status az_run_add_series(az_result *r, int t, int n)
{
    const bool fourier = r->options.space == AZ_SPACE_FOURIER;
    const az_status st = az_state_add_stage(r, t, 1, &n, fourier ? AZ_ACT_SINE : AZ_ACT_CHEBYSHEV, 1);
    if (st) return st;
    az_network *net = &r->trial[t].stage[r->trial[t].n_stages - 1];
    net->space = r->options.space;
    (fourier ? az_mlp_fourier : az_mlp_chebyshev)(net, r->problem->trial[t].parity[0]);
    return AZ_OK;
}

static az_status add_series(az_run *run)
{
    az_result *r = run->r;
    const int n = r->options.layers[0];
    for (int t = 0; t < run->p->n_trials; t++) {
        const az_status st = az_run_add_series(r, t, n);
        if (st) return st;
    }
    snprintf(run->note, sizeof run->note, "%s series of %d functions", az_series_name(r->options.space), n);
    return az_run_resolve(run);
}

static az_status add_networks(az_run *run, double scale)
{
    az_result *r = run->r;
    if (az_run_elements(r)) return add_elements(run);
    if (az_run_linear(r)) return add_series(run);
    az_stage_plan plan;
    az_plan_stage(&plan, run->p, &r->options, r->stage, r->patient);
    az_status no = az_units_choose(run);
    if (no) return no;
    if (plan.features) return add_features(run, &plan, scale);
    for (int t = 0; t < run->p->n_trials; t++) {
        az_status st = az_state_add_stage(r, t, plan.n_layers, plan.layers, AZ_ACT_TANH, scale * az_units_trial(run, t));
        if (st) return st;
        az_mlp_init(&r->trial[t].stage[r->trial[t].n_stages - 1], &r->rng, GAIN_TANH, SPREAD, 1);
    }
    char widths[64] = "";
    for (int k = 0; k < plan.n_layers; k++)
        snprintf(widths + strlen(widths), sizeof widths - strlen(widths), "%s%d", k ? "x" : "", plan.layers[k]);
    snprintf(run->note, sizeof run->note, "stage %d: tanh network %s", r->stage, widths);
    return AZ_OK;
}

az_status az_run_networks(az_run *run) { return add_networks(run, 1); }

static az_status begin(az_run *run)
{
    az_result *r = run->r;
    az_rng_seed(&r->rng, r->options.seed);
    r->stage = 1;
    r->unit = 1;
    r->check = NAN;
    az_status st = az_run_start_points(r, 0);
    if (!st) st = add_networks(run, 1);
    if (!st) st = az_units_start(run);
    return st ? az_fail(run->err, st, "out of memory") : AZ_OK;
}

/* Features in several coordinates are many, and how many is known: false, with a note, where there is no room for them. */
static bool has_room(az_run *run)
{
    const az_result *r = run->r;
    const az_problem *p = run->p;
    az_stage_plan plan;
    double rows = run->f.rows;
    if (p->dim == 1) return true;
    az_plan_stage(&plan, p, &r->options, r->stage + 1, r->patient);
    for (int k = 0; k < p->n_rows; k++) {
        const int now = r->points[p->row[k].kind == AZ_ROW_EQUATION ? az_problem_first_equation(p) : k].n;
        if (now) rows += fmax(0, points_of(p, az_row_fixed(&p->row[k]), plan.points) - now);
    }
    const double bytes = az_run_bytes(run, r->stage + 1, (int)rows, p->n_trials * plan.layers[0] + run->n_unknowns);
    const double there = az_memory_available() + az_run_bytes(run, r->stage, run->f.rows, run->f.cols); /* the present one makes way */
    if (bytes <= there) return true;
    snprintf(run->note, sizeof run->note, "stage %d would take %.3g GB, and %.3g GB are there: the run ends without it, for want of memory alone", r->stage + 1, 1e-9 * bytes,
             1e-9 * there);
    return false;
}

static az_status next_stage(az_run *run)
{
    az_result *r = run->r;
    if (!has_room(run)) {
        r->stop = AZ_STOP_STALLED;
        return AZ_OK;
    }
    az_run_close(run);
    r->stage++;
    r->stage_check = r->check;
    r->stage_iteration = r->retries = 0;
    r->unit = UNIT_OF_RMS * r->rms;
    r->n_memory = -1;
    az_stage_plan plan;
    az_plan_stage(&plan, run->p, &r->options, r->stage, r->patient);
    az_status st = add_networks(run, r->unit);
    if (!st) st = grow_points(r, plan.points);
    if (st) return az_fail(run->err, st, "out of memory");
    st = az_run_resolve(run);
    return st ? st : az_run_open(run);
}

/* least rms of this stage, from `back` iterations ago to before `stop` ago; infinite if there is none */
static double best(const az_result *r, int back, int stop)
{
    const az_history *h = &r->history;
    double least = INFINITY;
    for (int i = h->n - back; i < h->n - stop; i++)
        if (i >= 0 && h->stage[i] == r->stage) least = fmin(least, h->rms[i]);
    return least;
}

/* Iterations of the methods before the present one, which count for none of its limits. */
static int earlier_phases(const az_result *r)
{
    int done = 0;
    for (int k = 0; k < r->phase && r->stage == 1 && !r->retries; k++) done += r->options.phase_iterations[k];
    return done;
}

static bool stage_is_over(const az_run *run, az_step step)
{
    const az_result *r = run->r;
    az_stage_plan plan;
    az_plan_stage(&plan, run->p, &r->options, r->stage, r->patient);
    if (r->stage == 1 && r->ladder.found) az_plan_march(&plan, r);
    const int hold = az_run_hold(r), own = r->stage_iteration - earlier_phases(r);
    if (step == AZ_STEP_NONE && r->stage_iteration >= hold) return true;
    if (run->square && (az_square_done(run) || r->stage_iteration >= SQUARE_MOST)) return true;
    if (r->stage == 1 && r->phase + 1 < r->options.n_phases) return false;
    if (hold > 0 && r->stage_iteration < hold + plan.window) return false;
    if (r->rms < plan.enough) return true;
    if (own >= plan.max_iterations && r->options.max_stages > 1) return true;
    if (own <= plan.window) return false;
    return best(r, r->stage_iteration - 1, plan.window - 1) < plan.gain * fmin(r->rms, best(r, plan.window - 1, 0));
}

static az_status judge(az_run *run, bool *refined)
{
    az_result *r = run->r;
    int before = r->n_edges;
    az_status st = az_run_judge(run, refined);
    if (!st && !r->ladder.held && !az_ladder_passing(r) && r->ladder.found >= r->options.mode && r->check <= MARGIN * r->options.tolerance)
        r->stop = AZ_STOP_TOLERANCE;
    if (st || !*refined) return st;
    if (r->n_edges)
        snprintf(run->note, sizeof run->note, "grid refined from %d to %d panels (relative residual %.1e between the nodes)", before - 1,
                 r->n_edges - 1, r->check);
    else if (az_run_elements(r))
        say_mesh(run, r->check);
    else snprintf(run->note, sizeof run->note, "points moved to where the residual is large (relative: %.1e)", r->check);
    az_run_close(run);
    if (az_run_elements(r) && r->ladder.found) r->n_memory = -1; /* undamped again */
    return az_run_open(run);
}

/* On the march elements are judged by themselves: a residual between the nodes costs as much as several steps. */
static az_status resolve(az_run *run, bool *refined)
{
    int before = run->r->n_edges;
    if (run->square) return run->r->ladder.held ? AZ_OK : judge(run, refined); /* with a defect no points see what the axis is like */
    az_status st = az_elements_resolve(run, refined);
    if (st || !*refined) return st;
    snprintf(run->note, sizeof run->note, "grid refined from %d to %d panels", before - 1, run->r->n_edges - 1);
    az_run_close(run);
    return az_run_open(run);
}

/* Panels are added until the operands of the nonlocal operators die out. */
static az_status reach_out(az_run *run)
{
    bool changed = true;
    size_t n = strlen(run->note);
    az_status st = AZ_OK;
    while (changed && !st) {
        st = az_run_extend(run, &changed);
        if (st || !changed) continue;
        az_run_close(run);
        st = az_run_open(run);
        snprintf(run->note + n, sizeof run->note - n, "%sgrid now ends at z = %.0f", n ? "; " : "", run->r->edge[run->r->n_edges - 1]);
    }
    return st;
}

static az_status next_phase(az_run *run)
{
    az_result *r = run->r;
    az_run_close(run);
    r->phase++;
    r->n_memory = -1;
    snprintf(run->note, sizeof run->note, "phase %d: %s", r->phase + 1, phase_name(r));
    return az_run_open(run);
}

/* Networks, unknowns and grid as at the beginning. */
static az_status forget(az_run *run)
{
    az_result *r = run->r;
    az_state_drop_networks(r);
    for (int i = 0; i < run->n_unknowns; i++) r->scalar[run->p->n_parameters + i] = run->p->scalar[run->p->n_parameters + i].value;
    r->stage_iteration = r->phase = r->retries = 0;
    r->n_memory = -1;
    for (int k = 0; k < run->p->n_rows; k++) {
        az_doubles_free(r->points[k].x);
        r->points[k] = (az_points){0};
    }
    az_doubles_free(r->edge);
    r->edge = NULL;
    r->n_edges = 0;
    az_status st = az_units_start(run);
    return st ? st : az_run_start_points(r, 0);
}

/* New random weights, where the first stage led nowhere. */
static az_status restart(az_run *run)
{
    az_result *r = run->r;
    az_status st = az_run_keep_last(run);
    az_run_close(run);
    if (!st) st = forget(run);
    r->restarts++;
    if (!st) st = add_networks(run, 1);
    if (st) return az_fail(run->err, st, "out of memory");
    if (isfinite(r->rms)) snprintf(run->note, sizeof run->note, "the residual stays at %.1e: restart %d from new weights", r->rms, r->restarts);
    else snprintf(run->note, sizeof run->note, "the residual is not finite with these weights: restart %d from new ones", r->restarts);
    st = az_run_open(run);
    return st ? st : reach_out(run);
}

/* The first n points of an equation and what faces have for it: those of grow_points are forgotten. */
static void shrink_points(az_result *r, int n)
{
    for (int k = 0; k < r->problem->n_rows; k++) {
        const az_row_decl *row = &r->problem->row[k];
        int want = points_of(r->problem, az_row_fixed(row), n);
        if (r->points[k].n > want) r->points[k].n = want;
    }
}

/* Takes the last stage away: networks, and unknowns to where it found them. In several coordinates the first network is then trained on, once, without the
 * later ones: they are fitted again to what it leaves. */
static az_status discard(az_run *run, double check)
{
    az_result *r = run->r;
    const double *base = r->memory + run->n_method;
    for (int i = 0; i < run->n_unknowns; i++) r->scalar[run->p->n_parameters + i] = base[i];
    az_run_close(run);
    for (int t = 0; t < run->p->n_trials; t++) drop_stage(r, t);
    bool again = run->p->dim > 1 && !r->patient;
    for (int t = 0; t < run->p->n_trials; t++)
        while (again && r->trial[t].n_stages > 1) drop_stage(r, t);
    snprintf(run->note, sizeof run->note, "stage %d discarded: %.1e between its points, %.1e before%s", r->stage, check, r->stage_check,
             again ? "; the first network is trained on" : "");
    r->stage = again ? 1 : r->stage - 1;
    r->unit = 1;
    r->n_memory = -1;
    if (again) {
        r->patient = 1;
        r->phase = r->options.n_phases - 1;
        r->stage_iteration = r->retries = 0;
        shrink_points(r, r->options.points);
    } else r->stop = AZ_STOP_STALLED;
    return az_run_open(run);
}

/* A stage that does not lower the residual between its points; a second one that hardly does, where the first may still. */
static bool in_vain(const az_run *run)
{
    const az_result *r = run->r;
    double pays = r->stage == 2 && run->p->dim > 1 && !r->patient ? PAYS : 1;
    return r->stage > 1 && !(r->check * pays < r->stage_check);
}

/* A first network in several coordinates that may reach the tolerance by itself. */
static bool near(const az_run *run)
{
    const az_result *r = run->r;
    return r->stage == 1 && run->p->dim > 1 && !az_run_linear(r) && !r->ladder.held && !r->patient && r->check <= NEAR * r->options.tolerance;
}

static bool lost(const az_result *r)
{
    return r->stage == 1 && !az_run_linear(r) && !r->ladder.found && !r->ladder.held && !r->warm && r->restarts < RESTARTS && r->history.n &&
           !(r->rms < LOST * r->history.rms[0]);
}

/* Elements on the march, judged by themselves alone; in a half-plane all that hold an unknown: with the defect free no mesh would do at the axis. */
static bool elements_pass(const az_result *r) { return az_run_elements(r) && (az_ladder_passing(r) || (az_run_square(r) && r->ladder.held)); }

static az_status end_of_stage(az_run *run)
{
    az_result *r = run->r;
    if (r->stage == 1 && r->phase + 1 < r->options.n_phases) return next_phase(run);
    bool refined = false, marching = false;
    const bool again = lost(r);
    if (again && !az_bound_holds(run)) return restart(run);
    if (az_run_elements(r) && r->options.mode > 0 && r->ladder.held && !(r->rms < AZ_NEARLY)) return az_march_refused(run);
    az_status st = elements_pass(r) ? resolve(run, &refined) : judge(run, &refined);
    if (st) return st;
    if (r->stop == AZ_STOP_TOLERANCE) return AZ_OK;
    if (again || (az_run_elements(r) && az_bound_holds(run))) {
        r->stop = AZ_STOP_STALLED;
        return AZ_OK;
    }
    bool retry = refined && r->retries < (az_run_elements(r) ? RETRIES_ELEMENT : RETRIES) && (r->stage > 1 || run->p->dim == 1 || run->square);
    if ((az_ladder_passing(r) || r->ladder.held) && r->check < HELD_ENOUGH) retry = false;
    if (r->options.mode > 0 && !retry) st = az_ladder_turn(run, &marching);
    if (st || marching) return st;
    if (in_vain(run) && !retry) return discard(run, r->check);
    else if (retry) {
        r->retries++, r->stage_iteration = 0;
        if (az_run_elements(r)) r->stage_check = r->check;
    } else if (near(run)) {
        r->patient = 1;
        snprintf(run->note, sizeof run->note, "the first network is trained on: it leaves %.1e between its points", r->check);
    } else if (r->stage >= r->options.max_stages || r->ladder.held) r->stop = AZ_STOP_STALLED;
    else return next_stage(run);
    return AZ_OK;
}

static bool phase_is_over(const az_result *r)
{
    int64_t done = 0; /* of numbers that may each be the largest int */
    for (int k = 0; k <= r->phase && k + 1 < r->options.n_phases; k++) done += r->options.phase_iterations[k];
    return r->stage == 1 && r->phase + 1 < r->options.n_phases && r->stage_iteration >= done;
}

static void check_limits(az_run *run)
{
    az_result *r = run->r;
    if (r->stop != AZ_STOP_RUNNING) return;
    if (run->most > 0 && r->iterations >= run->most) r->stop = AZ_STOP_ITERATIONS;
    if (run->most_seconds > 0 && r->seconds >= run->most_seconds) r->stop = AZ_STOP_TIME;
}

/* One iteration and what follows from it. */
static az_status advance(az_run *run)
{
    az_result *r = run->r;
    const bool first = az_march_first(r);
    az_step step = run->square ? az_square_step(run) : az_solver_step(run->solver, run->x, run->residual, r->memory);
    if (step != AZ_STEP_FAILED) run->f.residual(run, run->residual, run->x);
    if (step == AZ_STEP_FAILED || run->failed) return az_fail(run->err, AZ_ENOMEM, "out of memory in iteration %d", r->iterations);
    r->iterations++;
    r->stage_iteration++;
    r->rms = r->unit * sqrt(az_dense_dot(run->residual, run->residual, run->f.rows) / run->f.rows);
    r->seconds = run->seconds_before + az_seconds() - run->started;
    az_status st = AZ_OK;
    bool refined;
    if (step == AZ_STEP_NONE && first) st = az_march_refused(run);
    else if (phase_is_over(r)) st = next_phase(run);
    else if (stage_is_over(run, step)) st = end_of_stage(run);
    else if (r->stage_iteration % JUDGE_EVERY == 0 && r->stage_iteration > az_run_hold(r) && !elements_pass(r)) st = judge(run, &refined);
    if (!st && r->stop == AZ_STOP_RUNNING && r->iterations % REACH_EVERY == 0) st = reach_out(run);
    if (st) return st;
    st = az_history_add(&r->history, r->iterations, r->stage, r->rms, r->check, r->seconds, r->scalar + run->p->n_parameters);
    return st ? az_fail(run->err, st, "out of memory in iteration %d", r->iterations) : AZ_OK;
}

/* Other random weights may be finite; then which statement is not, and where. */
static az_status stop_nonfinite(az_run *run)
{
    az_result *r = run->r;
    const bool held = r->ladder.held || r->arc; /* other weights would not change what is held, and `forget` would */
    const bool random = r->iterations == 0 && r->stage == 1 && !az_run_linear(r) && !r->warm && !r->ladder.found && !held;
    az_status st = AZ_OK;
    while (!st && random && !isfinite(r->rms) && r->restarts < RESTARTS) st = restart(run);
    if (st || isfinite(r->rms)) return st;
    r->stop = AZ_STOP_NONFINITE;
    return az_run_name_nonfinite(run);
}

static az_status loop(az_run *run)
{
    az_result *r = run->r;
    az_status st = az_run_open(run);
    if (!st && r->iterations == 0) st = reach_out(run);
    if (!st && !isfinite(r->rms)) st = stop_nonfinite(run);
    if (!st) tell(run, phase_name(r));
    while (!st && r->stop == AZ_STOP_RUNNING) {
        st = advance(run);
        if (st) break;
        check_limits(run);
        tell(run, phase_name(r));
        if (r->stop == AZ_STOP_RUNNING) az_run_checkpoint(run, false);
        if (run->note[0]) tell(run, phase_name(r));
    }
    bool refined; /* a run that may go on keeps its points and its generator: a resumed one gives the bits of one never stopped */
    const bool last = r->stop == AZ_STOP_STALLED, may_go_on = r->stop == AZ_STOP_ITERATIONS || r->stop == AZ_STOP_TIME || r->stop == AZ_STOP_CANCELLED;
    if (!st && last && !(run->square && r->ladder.held)) st = az_run_judge(run, &refined);
    if (!st && last) st = az_run_best(run);
    if (!st && may_go_on) st = az_run_best_aside(run);
    if (!may_go_on) az_kept_clear(r);
    if (!st) az_bound_say(run);
    if (run->note[0]) tell(run, phase_name(r));
    az_cross_clear(&r->cross);
    r->evidence = (az_evidence){.tier = AZ_TIER_TRAINED, .trained_rms = r->rms, .reevaluated_max = NAN, .reevaluated_relative = NAN,
                                .defect_slope = r->evidence.defect_slope, .defect = NAN};
    if (!st) st = az_run_slope(run);
    az_run_close(run);
    if (!st) st = az_run_record_layer(run);
    az_state_forget_stated(r);
    if (!st) st = az_analytic_confirm(run);
    if (!st) az_run_checkpoint(run, true);
    return st;
}

/* Each contradiction in a line of its own. */
static void say_corners(az_run *run)
{
    for (int i = 0; i < run->r->n_corners; i++) {
        az_run_say_corner(run->note, sizeof run->note, run->r, i);
        tell(run, phase_name(run->r));
    }
}

static az_status go(az_result *r, const az_solve_options *o, bool fresh, int most, double most_seconds, az_progress_fn fn, void *data, az_error *err)
{
    az_run run = {.r = r,
                  .p = r->problem,
                  .fn = fn,
                  .data = data,
                  .checkpoint = o->checkpoint,
                  .checkpoint_every = o->checkpoint_seconds,
                  .started = az_seconds(),
                  .seconds_before = r->seconds,
                  .most = most,
                  .most_seconds = most_seconds,
                  .err = err};
    az_run_expect_checkpoint(&run);
    run.threads = az_threads(o->threads);
    az_status st = az_dense_init(run.threads);
    if (st) return az_fail(err, st, "out of memory: products of matrices need 0.13 GB of address space for their buffers");
    if (r->iterations == 0) say_corners(&run);
    st = fresh ? begin(&run) : AZ_OK;
    if (!fresh && r->iterations == 0 && az_run_square(r)) say_mesh(&run, NAN);
    if (!st) st = loop(&run);
    az_run_close(&run);
    return st;
}

az_status az_run_go(az_result *r, const az_solve_options *o, bool fresh, az_progress_fn fn, void *data, az_error *err)
{
    az_kept_clear(r);
    return go(r, o, fresh, r->options.max_iterations, r->options.max_seconds > 0 ? fmax(r->options.max_seconds - o->spare_seconds, DBL_MIN) : 0, fn, data, err);
}

/* Of everything that determines the numbers. */
static uint64_t hash_of(const az_result *r)
{
    const az_problem *p = r->problem;
    const az_solve_options *o = &r->options;
    uint64_t h = az_hash_bytes(AZ_HASH_START, p->text, strlen(p->text));
    for (int i = 0; i < p->n_parameters; i++) h = az_hash_bytes(h, &p->scalar[i].value, sizeof(double));
    h = az_hash_bytes(h, &o->seed, sizeof o->seed);
    h = az_hash_bytes(h, &o->tolerance, sizeof o->tolerance);
    h = az_hash_bytes(h, o->layers, sizeof(int) * (size_t)o->n_layers);
    h = az_hash_bytes(h, o->phase, sizeof o->phase[0] * (size_t)o->n_phases);
    h = az_hash_bytes(h, o->phase_iterations, sizeof(int) * (size_t)o->n_phases);
    int limits[3] = {o->max_iterations, o->max_stages, o->points};
    h = az_hash_bytes(h, limits, sizeof limits);
    if (o->mode) h = az_hash_bytes(h, &o->mode, sizeof o->mode);
    if (o->coordinates > AZ_CONFORMAL) h = az_hash_bytes(h, &o->coordinates, sizeof o->coordinates);
    return o->space == AZ_SPACE_MLP ? h : az_hash_bytes(h, &o->space, sizeof o->space);
}

az_status az_check_coordinates(const az_problem *p, const az_solve_options *o, az_error *err)
{
    const char *name = az_coordinates_name(o->coordinates);
    if (!o->coordinates) return AZ_OK;
    if (!az_problem_half_plane(p)) return az_fail(err, AZ_EOPTION, "%s coordinates are for `half-plane`, and %s has another domain", name, p->name);
    if (o->space != AZ_SPACE_ELEMENT || o->coordinates == AZ_CONFORMAL) return AZ_OK;
    if (o->coordinates != AZ_POLAR) return az_fail(err, AZ_EOPTION, "elements take conformal or polar coordinates: %s ones are for networks", name);
    if (o->mode)
        return az_fail(err, AZ_EOPTION,
                       "elements march in conformal coordinates: in polar ones they are smooth at the corner, and what is passed on the way is not");
    for (int t = 0; t < p->n_trials; t++)
        if (p->trial[t].parity[0] != AZ_EVEN)
            return az_fail(err, AZ_EOPTION, "elements in polar coordinates are even in %s: trial %s is not", p->coord[0].name, p->trial[t].name);
    return AZ_OK;
}

/* What is asked for and would be ignored. The defaults, as az_result_options has them, may be said. */
static az_status check_space(const az_problem *p, const az_solve_options *o, az_error *err)
{
    const bool element = o->space == AZ_SPACE_ELEMENT, lm = o->n_phases == 1 && o->phase[0] == AZ_METHOD_LM;
    if (o->space == AZ_SPACE_MLP) return AZ_OK;
    if (o->max_stages > 1) return az_fail(err, AZ_EOPTION, "%d stages: only networks have more than one, not %s", o->max_stages, az_space_name(o->space));
    if (element && o->n_layers) return az_fail(err, AZ_EOPTION, "elements have no layers: their number follows from the points and the residual");
    if (element && p->dim > 1 && o->n_phases && !lm)
        return az_fail(err, AZ_EOPTION, "elements in a half-plane are solved for by Newton's method: they take no other");
    if (element && o->mode && o->n_phases && !lm)
        return az_fail(err, AZ_EOPTION, "elements on the march are solved for by Newton's steps: they take no other method");
    return AZ_OK;
}

static az_status check_all(const az_problem *p, const az_solve_options *o, az_error *err)
{
    const char *series = az_series_name(o->space);
    az_status st = az_check_options(o, err);
    if (!st) st = check_space(p, o, err);
    if (!st) st = az_check_coordinates(p, o, err);
    if (!st) st = az_ladder_check(p, o->mode, o->space, err);
    if (!st && o->space == AZ_SPACE_ELEMENT) st = az_elements_check(p, err);
    if (st) return st;
    if (o->space == AZ_SPACE_ELEMENT && o->mode > 0 && !p->n_defects)
        return az_fail(err, AZ_EOPTION, "elements look for a mode above 0 by a `defect`, which leaves them a solution on the way: %s declares none",
                       p->name);
    if (series && o->mode) return az_fail(err, AZ_EOPTION, "a march is for networks and elements, not for %s series", series);
    if (series && o->n_layers > 1) return az_fail(err, AZ_EOPTION, "a %s series has one number of functions, not %d layers", series, o->n_layers);
    return AZ_OK;
}

/* Whether the rows can be compiled, at few points. */
static az_status compile(const az_problem *p, az_error *err)
{
    const az_coord_decl *c = &p->coord[0];
    const double edge[2] = {c->range == AZ_INTERVAL ? asinh(c->lo / c->scale) : 0, c->range == AZ_INTERVAL ? asinh(c->hi / c->scale) : 1};
    az_points *points = az_calloc((size_t)p->n_rows + 1, sizeof *points);
    az_program_setup setup = {.rows = true, .threads = 1, .points = points};
    az_program *g = NULL;
    az_status st = points ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    if (az_problem_on_panels(p)) setup.edge = edge, setup.n_edges = 2;
    for (int k = 0; k < p->n_rows && !st; k++) {
        const unsigned all = (1u << p->dim) - 1, fixed = az_row_fixed(&p->row[k]);
        if (p->row[k].kind != AZ_ROW_EQUATION && (!fixed || fixed == all)) continue;
        if (az_points_spread(&points[k], p, fixed, &p->row[k].at, 1, 0, AZ_COORDINATES_AUTO)) st = az_fail(err, AZ_ENOMEM, "out of memory");
    }
    if (!st) st = az_program_create(&g, p, &setup, err);
    az_program_destroy(g);
    for (int k = 0; points && k < p->n_rows; k++) az_doubles_free(points[k].x);
    az_realloc(points, 0);
    return st;
}

az_status az_solve_check(const az_problem *p, const az_solve_options *o, az_error *err)
{
    const az_status st = check_all(p, o, err);
    return st ? st : compile(p, err);
}

az_status az_run_create(az_result **out, const az_problem *p, const az_solve_options *o, az_error *err)
{
    *out = NULL;
    az_problem *own = NULL;
    const az_variant v = {.layer = p->layer, .n_layers = p->n_layers, .freed = p->freed ? p->scalar[az_problem_freed_slot(p)].name : NULL,
                          .angle = az_series_angle(o->space)};
    az_status st = check_all(p, o, err);
    if (!st) st = az_problem_vary(&own, p, &v, err);
    if (st) return st;
    if (az_state_create(out, own)) {
        az_problem_destroy(own);
        return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    az_resolve_options(&(*out)->options, own, o);
    (*out)->hash = hash_of(*out);
    st = az_run_find_corners(*out, err);
    if (!st) return AZ_OK;
    az_result_destroy(*out);
    *out = NULL;
    return st;
}

az_status az_solve(az_result **out, const az_problem *p, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err)
{
    az_result *r;
    *out = NULL;
    az_status st = az_run_create(&r, p, o, err);
    if (st) return st;
    st = az_run_go(r, o, true, fn, data, err);
    if (st) az_result_destroy(r);
    else *out = r;
    return st;
}

/* Where a session ends. A limit that is asked for now is one of all sessions, unless it has been reached already: then it is as many more. Without one the
 * run goes on by what it was asked for before: to the end of that, or as many more. */
static int iterations_to(const az_result *r, int asked)
{
    const int limit = asked > 0 ? asked : r->options.max_iterations, done = r->iterations;
    if (limit <= 0 || done < limit) return limit;
    const int more = asked > 0 ? limit : limit - done % limit;
    return more > INT_MAX - done ? INT_MAX : done + more;
}

static double seconds_to(const az_result *r, double asked)
{
    const double limit = asked > 0 ? asked : r->options.max_seconds;
    return limit > 0 && r->seconds >= limit ? r->seconds + limit : limit;
}

az_status az_resume(az_result *r, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err)
{
    az_status st = az_check_options(o, err);
    if (st) return st;
    const bool ended = r->stop == AZ_STOP_TOLERANCE || r->stop == AZ_STOP_STALLED || r->stop == AZ_STOP_BOUND;
    if (ended || r->stop == AZ_STOP_NO_MODE || r->stop == AZ_STOP_NONFINITE) return AZ_OK;
    for (int t = 0; t < r->problem->n_trials; t++)
        if (r->trial[t].n_stages < 1) return az_fail(err, AZ_EFORMAT, "the result holds no network to continue with");
    r->stop = AZ_STOP_RUNNING;
    if (r->kept.aside) az_kept_swap(r);
    const int most = iterations_to(r, o->max_iterations);
    const double limit = seconds_to(r, o->max_seconds), most_seconds = limit > 0 ? fmax(limit - o->spare_seconds, DBL_MIN) : 0;
    if (o->max_iterations > 0) r->options.max_iterations = o->max_iterations;
    if (o->max_seconds > 0) r->options.max_seconds = o->max_seconds;
    return go(r, o, false, most, most_seconds, fn, data, err);
}
