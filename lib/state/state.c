/* state.c: making, growing and freeing the state of a run, and reading it through the public interface. */
#include "state/state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

az_status az_state_create(az_result **out, az_problem *p)
{
    az_result *r = az_calloc(1, sizeof *r);

    if (!r) return AZ_ENOMEM;
    r->problem = p;
    r->history.n_unknowns = az_problem_n_unknowns(p);
    r->command = az_strdup("");
    r->scalar = az_doubles((size_t)p->n_scalars + 2 * AZ_MAX_INPUT_LAYERS);
    r->unknown_error = az_doubles((size_t)p->n_scalars + 2 * AZ_MAX_INPUT_LAYERS);
    r->trial = az_calloc((size_t)p->n_trials, sizeof *r->trial);
    r->points = az_calloc((size_t)p->n_rows, sizeof *r->points);
    r->row_found = az_doubles((size_t)p->n_rows * AZ_ROW_FOUND((size_t)p->dim));
    if (!r->command || !r->scalar || !r->unknown_error || !r->trial || !r->points || !r->row_found) {
        r->problem = NULL;
        az_result_destroy(r);
        return AZ_ENOMEM;
    }
    for (int i = 0; i < p->n_scalars; i++) r->scalar[i] = p->scalar[i].value;
    for (int i = 0; i < p->n_scalars + 2 * AZ_MAX_INPUT_LAYERS; i++) r->unknown_error[i] = NAN;
    for (int i = 0; i < p->n_rows * AZ_ROW_FOUND(p->dim); i++) r->row_found[i] = NAN;
    r->ladder = (az_ladder){.last = NAN, .value = NAN, .defect = NAN, .lo = -INFINITY, .hi = INFINITY};
    r->file.size = -1;
    r->stop = AZ_STOP_RUNNING;
    r->stage = 1;
    r->unit = 1;
    r->rms = r->check = NAN;
    r->evidence.trained_rms = r->evidence.reevaluated_max = r->evidence.reevaluated_relative = r->evidence.defect_slope = r->evidence.defect = NAN;
    az_rng_seed(&r->rng, 1);
    *out = r;
    return AZ_OK;
}

static void history_clear(az_history *h)
{
    az_free(h->iteration);
    az_free(h->stage);
    az_doubles_free(h->rms);
    az_doubles_free(h->check);
    az_doubles_free(h->seconds);
    az_doubles_free(h->unknown);
}

void az_support_clear(az_support *q)
{
    az_doubles_free(q->unknown);
    az_doubles_free(q->derived);
    az_doubles_free(q->field);
    az_free(q->note);
    *q = (az_support){.done = 0};
}

/* n_trials and n_rows come from the problem, so the arrays they size must go before it does. */
static void arrays_clear(az_result *r)
{
    for (int t = 0; r->trial && r->problem && t < r->problem->n_trials; t++)
        for (int k = 0; k < r->trial[t].n_stages; k++) az_network_clear(&r->trial[t].stage[k]);
    for (int i = 0; r->points && r->problem && i < r->problem->n_rows; i++) az_doubles_free(r->points[i].x);
    if (r->problem) az_kept_clear(r);
    az_free(r->corner);
    az_free(r->trial);
    az_free(r->points);
    az_doubles_free(r->scalar);
    az_doubles_free(r->unknown_error);
    az_doubles_free(r->row_found);
    az_doubles_free(r->edge);
    az_doubles_free(r->memory);
    az_doubles_free(r->passed);
    az_cross_clear(&r->cross);
    az_support_clear(&r->support);
    az_state_forget_twice(r);
    az_state_forget_stated(r);
    az_doubles_free(r->curve.x);
    az_doubles_free(r->curve.residual);
    az_doubles_free(r->curve.relative);
}

void az_result_destroy(az_result *r)
{
    if (!r) return;
    arrays_clear(r);
    history_clear(&r->history);
    az_free(r->command);
    az_problem_destroy(r->problem);
    az_free(r);
}

void az_network_clear(az_network *net)
{
    az_doubles_free(net->weight);
    az_doubles_free(net->mesh.edge);
    *net = (az_network){.space = AZ_SPACE_MLP};
}

void az_cross_clear(az_cross *c)
{
    az_doubles_free(c->unknown);
    az_doubles_free(c->other_value);
    az_doubles_free(c->name);
    az_doubles_free(c->derived);
    *c = (az_cross){.hash = 0};
}

int az_network_count(const az_network *net)
{
    int64_t n = 0;

    if (net->space == AZ_SPACE_ELEMENT) return az_mesh_valid(&net->mesh) ? az_mesh_weights(&net->mesh) : -1;
    if (net->n_layers < 0 || net->n_layers > AZ_MAX_LAYERS) return -1;
    for (int k = 0; k <= net->n_layers; k++) {
        const int64_t in = net->width[k], out = net->width[k + 1];
        if (in < 1 || out < 1) return -1;
        n += in * out + (k < net->n_layers ? out : 0);
        if (n > INT_MAX) return -1;
    }
    return (int)n;
}

az_status az_state_add_stage(az_result *r, int t, int n_layers, const int *layers, az_activation first, double scale)
{
    az_trial_state *s = &r->trial[t];
    az_network net = {.n_layers = n_layers, .first = first, .scale = scale};

    if (s->n_stages >= AZ_MAX_STAGES || n_layers > AZ_MAX_LAYERS) return AZ_ELIMIT;
    if (n_layers < 0) return AZ_EOPTION;
    net.width[0] = r->problem->trial[t].n_inputs;
    for (int k = 0; k < n_layers; k++) {
        if (layers[k] < 1) return AZ_EOPTION;
        net.width[k + 1] = layers[k];
    }
    net.width[n_layers + 1] = 1;
    net.n_weights = az_network_count(&net);
    if (net.n_weights < 0) return AZ_ELIMIT;
    net.weight = az_doubles((size_t)net.n_weights);
    if (!net.weight) return AZ_ENOMEM;
    s->stage[s->n_stages++] = net;
    return AZ_OK;
}

void az_state_drop_networks(az_result *r)
{
    for (int t = 0; t < r->problem->n_trials; t++)
        while (r->trial[t].n_stages > 0) az_network_clear(&r->trial[t].stage[--r->trial[t].n_stages]);
}

az_status az_state_add_elements(az_result *r, int t, const az_mesh *mesh)
{
    az_trial_state *s = &r->trial[t];
    az_network net = {.space = AZ_SPACE_ELEMENT, .scale = 1, .width = {r->problem->trial[t].n_inputs, 1}, .mesh = *mesh};

    if (s->n_stages >= AZ_MAX_STAGES) return AZ_ELIMIT;
    if (!az_mesh_valid(mesh)) return AZ_EOPTION;
    net.n_weights = az_mesh_weights(mesh);
    if (net.n_weights < 0) return AZ_ELIMIT;
    net.weight = az_doubles((size_t)net.n_weights);
    net.mesh.edge = az_doubles((size_t)mesh->n_edges);
    if (!net.weight || !net.mesh.edge) {
        az_network_clear(&net);
        return AZ_ENOMEM;
    }
    memcpy(net.mesh.edge, mesh->edge, sizeof *mesh->edge * (size_t)mesh->n_edges);
    s->stage[s->n_stages++] = net;
    return AZ_OK;
}

static az_status grow_doubles(double **p, size_t old, size_t cap)
{
    double *q = az_doubles(cap);

    if (!q) return AZ_ENOMEM;
    if (old) memcpy(q, *p, old * sizeof *q);
    az_doubles_free(*p);
    *p = q;
    return AZ_OK;
}

static az_status grow_ints(int **p, size_t cap)
{
    int *q = cap > SIZE_MAX / sizeof *q ? NULL : az_realloc(*p, cap * sizeof *q);

    if (!q) return AZ_ENOMEM;
    *p = q;
    return AZ_OK;
}

/* Each array may grow before a later one fails: cap is raised last, so they all hold at least cap rows at any time. */
static az_status history_grow(az_history *h)
{
    const int first = 64;
    const size_t n = (size_t)h->n, u = (size_t)h->n_unknowns;

    if (h->cap > INT_MAX / 2) return AZ_ELIMIT;
    const size_t cap = h->cap ? 2 * (size_t)h->cap : (size_t)first;
    az_status st = grow_ints(&h->iteration, cap);
    if (!st) st = grow_ints(&h->stage, cap);
    if (!st) st = grow_doubles(&h->rms, n, cap);
    if (!st) st = grow_doubles(&h->check, n, cap);
    if (!st) st = grow_doubles(&h->seconds, n, cap);
    if (!st) st = grow_doubles(&h->unknown, n * u, cap * u);
    if (!st) h->cap = (int)cap;
    return st;
}

az_status az_history_add(az_history *h, int iteration, int stage, double rms, double check, double seconds, const double *unknown)
{
    const az_status st = h->n < h->cap ? AZ_OK : history_grow(h);

    if (st) return st;
    const size_t n = (size_t)h->n, u = (size_t)h->n_unknowns;
    h->iteration[n] = iteration;
    h->stage[n] = stage;
    h->rms[n] = rms;
    h->check[n] = check;
    h->seconds[n] = seconds;
    if (u) memcpy(h->unknown + n * u, unknown, u * sizeof *unknown);
    h->n++;
    return AZ_OK;
}

const az_problem *az_result_problem(const az_result *r) { return r->problem; }
const az_solve_options *az_result_options(const az_result *r) { return &r->options; }
uint64_t az_result_hash(const az_result *r) { return r->hash; }
az_stop az_result_stop(const az_result *r) { return r->stop; }
int az_result_iterations(const az_result *r) { return r->iterations; }
int az_result_numbers(const az_result *r)
{
    int n = az_problem_n_unknowns(r->problem);
    for (int t = 0; t < r->problem->n_trials; t++)
        for (int k = 0; k < r->trial[t].n_stages; k++) n += r->trial[t].stage[k].n_weights - r->trial[t].stage[k].n_frozen;
    return n;
}

double az_result_seconds(const az_result *r) { return r->seconds; }
az_evidence az_result_evidence(const az_result *r) { return r->evidence; }

int az_result_n_rows(const az_result *r) { return r->problem->n_rows; }

az_row_evidence az_result_row(const az_result *r, int i)
{
    if (i < 0 || i >= r->problem->n_rows) return (az_row_evidence){.statement = "", .max = NAN, .relative = NAN};
    const az_row_decl *d = &r->problem->row[i];
    const double *found = r->row_found + i * AZ_ROW_FOUND(r->problem->dim);
    const bool done = r->evidence.points > 0;

    return (az_row_evidence){
        .statement = d->text, .line = d->line, .equation = d->kind == AZ_ROW_EQUATION, .max = done ? found[AZ_ROW_MAX] : NAN, .relative = done ? found[AZ_ROW_RELATIVE] : NAN,
        .floor = done ? found[AZ_ROW_FLOOR] : NAN, .at = found + AZ_ROW_AT};
}

int az_result_n_contradictions(const az_result *r) { return r->n_corners; }

az_contradiction az_result_contradiction(const az_result *r, int i)
{
    if (i < 0 || i >= r->n_corners) return (az_contradiction){.gap = NAN};
    const az_corner *c = &r->corner[i];
    const az_row_decl *a = &r->problem->row[c->row[0]], *b = &r->problem->row[c->row[1]];
    return (az_contradiction){.line = {a->line, b->line}, .statement = {a->text, b->text}, .order = {c->order[0], c->order[1]}, .fixed = c->fixed,
                              .at = c->at.x, .gap = c->gap, .away = AZ_CORNER_AWAY};
}

const az_cross *az_result_cross(const az_result *r) { return r->cross.compared ? &r->cross : NULL; }

az_space az_result_space(const az_result *r)
{
    return r->problem->n_trials && r->trial[0].n_stages ? r->trial[0].stage[0].space : AZ_SPACE_MLP;
}

double az_result_unknown(const az_result *r, int i, double *error)
{
    const int n = az_problem_n_unknowns(r->problem);

    if (i < 0 || i >= n) {
        if (error) *error = NAN;
        return NAN;
    }
    if (error) *error = r->unknown_error[i];
    return r->scalar[r->problem->n_parameters + i];
}

int az_result_determined(const az_result *r, int i)
{
    return i < 0 || i >= az_problem_n_unknowns(r->problem) || !isinf(r->unknown_error[i]);
}

int az_result_open(const az_result *r) { return r->support.open; }

const char *az_result_open_note(const az_result *r) { return r->support.note ? r->support.note : ""; }

#define AT_ROUNDING 1.0 /* of residuals over the rounding of their terms, which is taken for eight units of it */

int az_result_at_rounding(const az_result *r)
{
    const az_space s = az_result_space(r); /* the terms of networks are sums that cancel: their rounding is not that of the equations */

    return s != AZ_SPACE_MLP && r->support.done && r->support.above <= AT_ROUNDING;
}

double az_result_estimate_seconds(const az_result *r) { return r->support.done ? r->support.seconds : NAN; }

double az_result_field_error(const az_result *r, const char *name)
{
    const az_problem *p = r->problem;
    const int n = p->n_lets ? p->n_lets : p->n_trials;

    for (int i = n - 1; i >= 0 && r->support.done; i--)
        if (!strcmp(name, p->n_lets ? p->let[i].name : p->trial[i].name)) return r->support.field[i];
    return NAN;
}

void az_state_bounds(const az_result *r, int i, double *lo, double *hi)
{
    const az_scalar_decl *s = &r->problem->scalar[r->problem->n_parameters + i];

    *lo = i == r->ladder.over ? fmax(s->lo, r->ladder.lo) : s->lo;
    *hi = i == r->ladder.over ? fmin(s->hi, r->ladder.hi) : s->hi;
}

double az_result_outside(const az_result *r, int i)
{
    const az_problem *p = r->problem;
    double lo, hi;

    if (i < 0 || i >= az_problem_n_unknowns(p) || !(p->scalar[p->n_parameters + i].penalty > 0)) return 0;
    az_state_bounds(r, i, &lo, &hi);
    return fmax(0, fmax(lo - r->scalar[p->n_parameters + i], r->scalar[p->n_parameters + i] - hi));
}

#define STEADY 5 /* iterations */
#define APPROACH 0.91 /* of the distance is left by a step that a hard bound cuts short to a tenth of the way. What converges beside a bound comes to rest */

static bool runs_onto(const az_result *r, int i, double bound)
{
    const az_history *h = &r->history;
    bool all = h->n > STEADY && isfinite(bound);
    for (int k = h->n - STEADY; all && k < h->n; k++) {
        const double *now = h->unknown + (size_t)k * (size_t)h->n_unknowns + i, *before = now - h->n_unknowns;
        all = fabs(*now - bound) <= APPROACH * fabs(*before - bound);
    }
    return all;
}

int az_result_bound(const az_result *r, int i, double *bound)
{
    const az_problem *p = r->problem;
    if (i < 0 || i >= az_problem_n_unknowns(p)) return 0;
    const az_scalar_decl *s = &p->scalar[p->n_parameters + i];
    const double u = r->scalar[p->n_parameters + i];
    const bool soft = s->penalty > 0 && !(p->dim > 1 && az_result_space(r) == AZ_SPACE_ELEMENT); /* elements of a half-plane keep all bounds */
    const bool below = soft ? u < s->lo - r->options.tolerance : runs_onto(r, i, s->lo);
    const bool above = soft ? u > s->hi + r->options.tolerance : runs_onto(r, i, s->hi);
    if (bound && (below || above)) *bound = below ? s->lo : s->hi;
    return below ? -1 : above;
}

double az_state_worst(const az_result *r, double x)
{
    for (int i = 0; i < az_problem_n_unknowns(r->problem); i++)
        if (az_result_outside(r, i) > x) x = az_result_outside(r, i);
    return x;
}

const az_mesh *az_state_strip(const az_result *r)
{
    for (int t = 0; t < r->problem->n_trials; t++)
        for (int k = 0; k < r->trial[t].n_stages; k++)
            if (r->trial[t].stage[k].mesh.modes) return &r->trial[t].stage[k].mesh;
    return NULL;
}

az_coordinates az_result_coordinates(const az_result *r)
{
    const az_mesh *m = az_state_strip(r);

    return m ? m->coordinates : AZ_COORDINATES_AUTO;
}
