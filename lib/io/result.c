/* result.c: the layout of a result file, in one description for both directions. */
#include "io/archive.h"
#include "io/io.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#define MAX_STAGE_NUMBER 1000   /* of a run; far above what the networks can hold */

static const char *method_label(int v) { return az_method_name((az_method)v); }
static const char *tier_label(int v) { return az_tier_name((az_tier)v); }
static const char *stop_label(int v) { return az_stop_name((az_stop)v); }
static const char *space_label(int v) { return az_space_name((az_space)v); }
static const char *coordinates_label(int v) { return az_coordinates_name((az_coordinates)v); }
static const char *parity_label(int v) { return v == AZ_EVEN ? "even" : v == AZ_ODD ? "odd" : "none"; }
static const char *activation_label(int v) { return v == AZ_ACT_TANH ? "tanh" : v == AZ_ACT_SINE ? "sine" : "chebyshev"; }

/* az_archive_choice on a variable of an enumeration type */
#define CHOICE(a, name, v, lo, hi, label) \
    do { \
        int choice = (int)*(v); \
        az_archive_choice(a, name, &choice, lo, hi, label); \
        if (!(a)->writing) *(v) = choice; \
    } while (0)

/* What differs between the versions that are read: 8 holds the hash of its content, and errors that are sensitivities times residuals. */
static void header(az_archive *a)
{
    a->version = AZ_FORMAT_VERSION;
    az_archive_note(a, "about", "result of the program ansatz");
    az_archive_note(a, "program_version", AZ_VERSION);
    az_archive_int(a, "format_version", &a->version, 1, INT_MAX);
    if (a->version < AZ_FORMAT_OLDEST)
        az_archive_fail(
            a, AZ_EFORMAT,
            "its format version %d is that of an earlier program; this one knows versions %d to %d",
            a->version, AZ_FORMAT_OLDEST, AZ_FORMAT_VERSION);
    if (a->version > AZ_FORMAT_VERSION)
        az_archive_fail(a, AZ_EFORMAT,
                        "its format version %d is newer than version %d, which this program knows",
                        a->version, AZ_FORMAT_VERSION);
}

/* The last value, of all others. True if they are those that were written. */
static bool content(az_archive *a)
{
    const uint64_t found = a->hash;
    uint64_t written = found;

    if (a->version >= AZ_FORMAT_HASHED) az_archive_u64(a, "content_hash", &written);
    return written == found;
}

static void require(az_archive *a, bool holds, const char *what)
{
    if (!holds) az_archive_fail(a, AZ_EFORMAT, "%s", what);
}

static void options(az_archive *a, az_solve_options *o)
{
    char name[32];

    az_archive_enter(a, "options", "as resolved by the program; 0 seconds: no limit");
    az_archive_u64(a, "seed", &o->seed);
    az_archive_int(a, "mode", &o->mode, 0, INT_MAX);
    az_archive_int(a, "threads", &o->threads, 0, INT_MAX);
    az_archive_double(a, "tolerance", &o->tolerance);
    az_archive_int(a, "max_iterations", &o->max_iterations, 0, INT_MAX);
    az_archive_double(a, "max_seconds", &o->max_seconds);
    az_archive_int(a, "max_stages", &o->max_stages, 0, INT_MAX);
    if (a->version >= AZ_FORMAT_HASHED) az_archive_int(a, "accept_trivial", &o->accept_trivial, 0, 1);
    az_archive_int(a, "points", &o->points, 0, INT_MAX);
    az_archive_double(a, "checkpoint_seconds", &o->checkpoint_seconds);
    CHOICE(a, "space", &o->space, 0, AZ_N_SPACE - 1, space_label);
    CHOICE(a, "coordinates", &o->coordinates, 0, AZ_N_COORDINATES - 1, coordinates_label);
    az_archive_int(a, "layers", &o->n_layers, 0, AZ_MAX_LAYERS);
    for (int i = 0; i < o->n_layers && !a->status; i++) {
        snprintf(name, sizeof name, "layer%d", i + 1);
        az_archive_int(a, name, &o->layers[i], 1, INT_MAX);
    }
    az_archive_int(a, "phases", &o->n_phases, 0, AZ_MAX_PHASES);
    for (int i = 0; i < o->n_phases && !a->status; i++) {
        snprintf(name, sizeof name, "phase%d", i + 1);
        CHOICE(a, name, &o->phase[i], 0, AZ_N_METHOD - 1, method_label);
        snprintf(name, sizeof name, "phase%d_iterations", i + 1);
        az_archive_int(a, name, &o->phase_iterations[i], 0, INT_MAX);
    }
    az_archive_leave(a);
    require(a, o->tolerance >= 0 && o->max_seconds >= 0 && o->checkpoint_seconds >= 0, "an option is negative or not a number");
}

static void run(az_archive *a, az_result *r)
{
    az_archive_enter(a, "run", "how far the run came; unit: in which the current stage measures the residual and the unknowns");
    az_archive_u64(a, "hash", &r->hash);
    az_archive_text(a, "command", &r->command);
    CHOICE(a, "stop", &r->stop, AZ_STOP_LOST, AZ_STOP_TOLERANCE, stop_label);
    az_archive_int(a, "stage", &r->stage, 0, MAX_STAGE_NUMBER);
    az_archive_int(a, "stage_iteration", &r->stage_iteration, 0, INT_MAX);
    az_archive_int(a, "restarts", &r->restarts, 0, INT_MAX);
    az_archive_int(a, "retries", &r->retries, 0, INT_MAX);
    az_archive_int(a, "warm", &r->warm, 0, 1);
    az_archive_int(a, "patient", &r->patient, 0, 1);
    az_archive_int(a, "profiles_found", &r->ladder.found, 0, INT_MAX);
    az_archive_int(a, "held", &r->ladder.held, 0, 1);
    az_archive_int(a, "march_tries", &r->ladder.tries, 0, INT_MAX);
    az_archive_int(a, "march_fitted", &r->ladder.fitted, 0, 1);
    az_archive_double(a, "march_last", &r->ladder.last);
    az_archive_double(a, "march_step", &r->ladder.step);
    az_archive_double(a, "march_value", &r->ladder.value);
    az_archive_double(a, "march_defect", &r->ladder.defect);
    az_archive_double(a, "march_lo", &r->ladder.lo);
    az_archive_double(a, "march_hi", &r->ladder.hi);
    az_archive_int(a, "phase", &r->phase, 0, AZ_MAX_PHASES - 1);
    az_archive_int(a, "iterations", &r->iterations, 0, INT_MAX);
    az_archive_double(a, "seconds", &r->seconds);
    az_archive_double(a, "unit", &r->unit);
    az_archive_double(a, "rms", &r->rms);
    az_archive_double(a, "check", &r->check);
    az_archive_double(a, "stage_check", &r->stage_check);
    az_archive_leave(a);
}

static void unknowns(az_archive *a, az_result *r)
{
    const az_problem *p = r->problem;

    az_archive_enter(a, "unknowns", "error: what the evidence supports, nan if nothing does");
    for (int i = p->n_parameters; i < p->n_scalars; i++) {
        az_archive_enter(a, p->scalar[i].name, NULL);
        az_archive_double(a, "value", &r->scalar[i]);
        az_archive_double(a, "error", &r->unknown_error[i - p->n_parameters]);
        az_archive_leave(a);
    }
    az_archive_leave(a);
}

static void mesh(az_archive *a, az_mesh *m)
{
    az_archive_int(a, "edges", &m->n_edges, 2, INT_MAX);
    az_archive_doubles(a, "edge", &m->edge, m->n_edges, 0);
    az_archive_int(a, "degree", &m->degree, 0, AZ_MESH_MAX_DEGREE);
    az_archive_int(a, "centre", &m->centre, 0, AZ_MESH_MAX_DEGREE);
    az_archive_int(a, "smooth", &m->smooth, 1, AZ_MESH_MAX_SMOOTH);
    if (a->version >= AZ_FORMAT_HASHED) az_archive_int(a, "wide", &m->n_wide, 0, AZ_MAX_ANALYTIC);
    for (int i = 0; i < m->n_wide && !a->status; i++) {
        char name[32];
        snprintf(name, sizeof name, "wide%d", i + 1);
        az_archive_int(a, name, &m->wide[i], 0, INT_MAX);
        snprintf(name, sizeof name, "wide%d_pieces", i + 1);
        az_archive_int(a, name, &m->pieces[i], 1, AZ_MESH_MAX_PIECES);
    }
    CHOICE(a, "parity", &m->parity, AZ_ODD, AZ_EVEN, parity_label);
    az_archive_int(a, "periodic", &m->periodic, 0, 1);
    az_archive_int(a, "flat", &m->flat, 0, 1);
    az_archive_int(a, "modes", &m->modes, 0, AZ_MESH_MAX_MODES);
    az_archive_double(a, "grading", &m->grading);
    CHOICE(a, "coordinates", &m->coordinates, 0, AZ_N_COORDINATES - 1, coordinates_label);
    CHOICE(a, "parity_across", &m->across, AZ_ODD, AZ_EVEN, parity_label);
    az_archive_double(a, "length", &m->length);
    if (!a->status) require(a, az_mesh_valid(m), "a mesh of elements is not in order");
}

static void network(az_archive *a, az_network *net, int n_inputs)
{
    CHOICE(a, "space", &net->space, 0, AZ_N_SPACE - 1, space_label);
    if (net->space == AZ_SPACE_ELEMENT) mesh(a, &net->mesh);
    az_archive_int(a, "hidden_layers", &net->n_layers, 0, AZ_MAX_LAYERS);
    az_archive_fixed_ints(a, "widths", net->width, net->n_layers + 2);
    CHOICE(a, "activation", &net->first, AZ_ACT_TANH, AZ_ACT_CHEBYSHEV, activation_label);
    az_archive_double(a, "scale", &net->scale);
    if (a->status) return;
    const int n = az_network_count(net);
    require(a, n > 0 && net->width[0] == n_inputs && net->width[net->n_layers + 1] == 1, "the widths of a network do not fit its trial");
    require(a, !a->writing || net->n_weights == n, "a network has more or fewer weights than its widths say");
    require(a, net->first != AZ_ACT_CHEBYSHEV || (net->width[0] == 1 && net->n_layers == 1), "Chebyshev polynomials are of one input, in one layer");
    az_archive_doubles(a, "weights", &net->weight, n, 0);
    if (!a->status && !a->writing) net->n_weights = n;
    az_archive_int(a, "n_frozen", &net->n_frozen, 0, n);
}

static void trials(az_archive *a, az_result *r, az_trial_state *trial)
{
    char name[32];

    az_archive_enter(a, "trials", "trial = sum over the stages of scale * network; of each layer the matrix by rows, then the biases; the output layer has none");
    for (int t = 0; t < r->problem->n_trials; t++) {
        az_trial_state *s = &trial[t];
        az_archive_enter(a, r->problem->trial[t].name, NULL);
        az_archive_int(a, "stages", &s->n_stages, 0, AZ_MAX_STAGES);
        for (int k = 0; k < s->n_stages && !a->status; k++) {
            snprintf(name, sizeof name, "stage%d", k + 1);
            az_archive_enter(a, name, NULL);
            network(a, &s->stage[k], r->problem->trial[t].n_inputs);
            const az_mesh *m = &s->stage[k].mesh;
            require(a, !m->modes || m->coordinates == r->options.coordinates, "a mesh of elements is in other coordinates than the options say");
            az_archive_leave(a);
        }
        az_archive_leave(a);
    }
    az_archive_leave(a);
}

static void kept(az_archive *a, az_result *r)
{
    const az_problem *p = r->problem;
    az_kept *k = &r->kept;
    int holds = k->trial != NULL;

    az_archive_enter(a, "kept", "the best state of the run by the independent check; aside: the state that a resumed run goes on with, the best being the result");
    az_archive_int(a, "holds", &holds, 0, 1);
    if (holds && !a->writing && !a->status) {
        k->trial = az_calloc((size_t)p->n_trials, sizeof *k->trial);
        k->scalar = az_doubles((size_t)p->n_scalars + 2 * AZ_MAX_INPUT_LAYERS);
        if (!k->trial || !k->scalar) az_archive_fail(a, AZ_ENOMEM, "no memory for the state that is kept");
        else memcpy(k->scalar, r->scalar, sizeof *k->scalar * (size_t)p->n_scalars);
    }
    if (holds && !a->status) {
        az_archive_int(a, "aside", &k->aside, 0, 1);
        az_archive_int(a, "stage", &k->stage, 0, MAX_STAGE_NUMBER);
        az_archive_int(a, "iteration", &k->iteration, 0, INT_MAX);
        az_archive_double(a, "rms", &k->rms);
        az_archive_double(a, "check", &k->check);
        az_archive_enter(a, "unknowns", NULL);
        for (int i = p->n_parameters; i < p->n_scalars; i++) az_archive_double(a, p->scalar[i].name, &k->scalar[i]);
        az_archive_leave(a);
        trials(a, r, k->trial);
    }
    az_archive_leave(a);
}

static void corner(az_archive *a, az_corner *c, const az_problem *p)
{
    int fixed = (int)c->fixed;
    char name[32];

    az_archive_int(a, "first", &c->row[0], 0, p->n_rows - 1);
    az_archive_int(a, "second", &c->row[1], 0, p->n_rows - 1);
    az_archive_int(a, "first_order", &c->order[0], 0, AZ_MAX_ORDER);
    az_archive_int(a, "second_order", &c->order[1], 0, AZ_MAX_ORDER);
    az_archive_int(a, "first_along", &c->along[0], 0, p->dim - 1);
    az_archive_int(a, "second_along", &c->along[1], 0, p->dim - 1);
    az_archive_int(a, "fixed", &fixed, 1, (1 << p->dim) - 1);
    az_archive_double(a, "gap", &c->gap);
    for (int i = 0; i < p->dim; i++) {
        snprintf(name, sizeof name, "at%d", i + 1);
        az_archive_double(a, name, &c->at.x[i]);
    }
    if (!a->writing) c->fixed = (unsigned)fixed;
}

static void corners(az_archive *a, az_result *r)
{
    char name[32];

    az_archive_enter(a, "corners", "where conditions contradict each other: rows from 0, the order of the derivative of each along a coordinate, from 0");
    az_archive_int(a, "corners", &r->n_corners, 0, AZ_MAX_CORNERS);
    if (r->n_corners && !a->writing && !a->status) {
        r->corner = az_calloc((size_t)r->n_corners, sizeof *r->corner);
        if (!r->corner) az_archive_fail(a, AZ_ENOMEM, "no memory for %d corners", r->n_corners);
    }
    for (int i = 0; i < r->n_corners && !a->status; i++) {
        snprintf(name, sizeof name, "corner%d", i + 1);
        az_archive_enter(a, name, NULL);
        corner(a, &r->corner[i], r->problem);
        az_archive_leave(a);
    }
    az_archive_leave(a);
}

static void grid(az_archive *a, az_result *r)
{
    az_archive_enter(a, "grid", "edges of the panels of the line, in z = asinh(y/scale)");
    az_archive_int(a, "edges", &r->n_edges, 0, INT_MAX);
    az_archive_doubles(a, "edge", &r->edge, r->n_edges, 0);
    az_archive_leave(a);
    if (a->status || r->n_edges == 0) return;
    bool rising = r->n_edges >= 2 && isfinite(r->edge[0]) && isfinite(r->edge[r->n_edges - 1]);
    for (int i = 1; i < r->n_edges; i++) rising = rising && r->edge[i - 1] < r->edge[i];
    require(a, rising, "the edges of the grid do not rise");
}

static void points(az_archive *a, az_result *r)
{
    const int dim = r->problem->dim;
    char name[32];

    az_archive_enter(a, "points", "collocation points of each statement, one a row");
    for (int i = 0; i < r->problem->n_rows; i++) {
        snprintf(name, sizeof name, "row%d", i + 1);
        az_archive_enter(a, name, r->problem->row[i].text);
        az_archive_int(a, "points", &r->points[i].n, 0, INT_MAX);
        if (r->points[i].n > 0) az_archive_int(a, "dim", &r->points[i].dim, dim, dim);
        az_archive_doubles(a, "x", &r->points[i].x, r->points[i].n, dim);
        az_archive_leave(a);
    }
    az_archive_leave(a);
}

static void optimiser(az_archive *a, az_result *r)
{
    az_archive_enter(a, "optimiser", "its own state, from which a resumed run goes on");
    az_archive_int(a, "numbers", &r->n_memory, 0, INT_MAX);
    az_archive_doubles(a, "memory", &r->memory, r->n_memory, 0);
    az_archive_leave(a);
    az_archive_enter(a, "march", "elements at the last held value that was solved");
    az_archive_int(a, "numbers", &r->n_passed, 0, INT_MAX);
    az_archive_doubles(a, "passed", &r->passed, r->n_passed, 0);
    az_archive_leave(a);
    az_archive_enter(a, "generator", "state of xoshiro256**");
    az_archive_u64(a, "s0", &r->rng.s[0]);
    az_archive_u64(a, "s1", &r->rng.s[1]);
    az_archive_u64(a, "s2", &r->rng.s[2]);
    az_archive_u64(a, "s3", &r->rng.s[3]);
    az_archive_leave(a);
    require(a, r->rng.s[0] || r->rng.s[1] || r->rng.s[2] || r->rng.s[3], "the generator's state is zero, which it never leaves");
}

static void history(az_archive *a, az_history *h)
{
    az_archive_enter(a, "history", "one row for each recorded iteration; check: nan where not judged; unknown: one column for each");
    az_archive_int(a, "rows", &h->n, 0, INT_MAX);
    az_archive_ints(a, "iteration", &h->iteration, h->n, 0);
    az_archive_ints(a, "stage", &h->stage, h->n, 0);
    az_archive_doubles(a, "rms", &h->rms, h->n, 0);
    az_archive_doubles(a, "check", &h->check, h->n, 0);
    az_archive_doubles(a, "seconds", &h->seconds, h->n, 0);
    if (h->n_unknowns) az_archive_doubles(a, "unknown", &h->unknown, h->n, h->n_unknowns);
    az_archive_leave(a);
    if (!a->writing) h->cap = h->n;
}

static void evidence(az_archive *a, az_result *r)
{
    const az_problem *p = r->problem;
    az_evidence *e = &r->evidence;

    az_archive_enter(a, "evidence", "max: of |R| as written; relative: of |R| over the declared scale or the largest term of its statement; both on an independent grid");
    CHOICE(a, "tier", &e->tier, AZ_TIER_NONE, AZ_TIER_CROSS_SOLVED, tier_label);
    az_archive_double(a, "trained_rms", &e->trained_rms);
    az_archive_double(a, "reevaluated_max", &e->reevaluated_max);
    az_archive_double(a, "reevaluated_relative", &e->reevaluated_relative);
    az_archive_int(a, "points", &e->points, 0, INT_MAX);
    az_archive_double(a, "defect_slope", &e->defect_slope);
    az_archive_double(a, "defect", &e->defect);
    if (a->version >= AZ_FORMAT_HASHED) az_archive_doubles(a, "rows", &r->row_found, p->n_rows, AZ_ROW_FOUND(p->dim)); /* of each equation and condition: max, relative, the rounding of its terms and the point of the latter */
    az_archive_leave(a);
}

static void support(az_archive *a, az_result *r)
{
    const az_problem *p = r->problem;
    az_support *q = &r->support;

    if (a->version < AZ_FORMAT_HASHED) return; /* errors were residuals times 1 then: `verify` estimates them */
    az_archive_enter(a, "support", "errors as sensitivities times residuals, inf where the equations do not determine the number; field: of lets, or of trials "
                                   "where there are none; open: how much is not determined");
    az_archive_int(a, "done", &q->done, 0, 1);
    if (q->done) {
        az_archive_doubles(a, "unknown", &q->unknown, r->history.n_unknowns, 0);
        az_archive_doubles(a, "derived", &q->derived, p->n_derived, 0);
        az_archive_doubles(a, "field", &q->field, p->n_lets ? p->n_lets : p->n_trials, 0);
        az_archive_int(a, "lost", &q->lost, 0, INT_MAX);
        az_archive_int(a, "open", &q->open, 0, INT_MAX);
        az_archive_double(a, "seconds", &q->seconds);
        az_archive_double(a, "residual_over_rounding", &q->above);
        az_archive_text(a, "note", &q->note);
    }
    az_archive_leave(a);
}

static void cross(az_archive *a, az_result *r)
{
    az_cross *c = &r->cross;
    const int n_unknowns = r->history.n_unknowns, n_names = r->problem->n_lets, n_derived = r->problem->n_derived;

    az_archive_enter(a, "cross", "another result of this problem: its hash, trial space and residual, and how far it differs in each unknown, in each field "
                                 "and let, and in each derived number");
    az_archive_int(a, "compared", &c->compared, 0, 1);
    if (c->compared) {
        az_archive_u64(a, "hash", &c->hash);
        CHOICE(a, "space", &c->space, 0, AZ_N_SPACE - 1, space_label);
        CHOICE(a, "other_space", &c->other_space, 0, AZ_N_SPACE - 1, space_label);
        CHOICE(a, "coordinates", &c->coordinates, 0, AZ_N_COORDINATES - 1, coordinates_label);
        CHOICE(a, "other_coordinates", &c->other_coordinates, 0, AZ_N_COORDINATES - 1, coordinates_label);
        az_archive_double(a, "relative", &c->relative);
        az_archive_double(a, "other_relative", &c->other_relative);
        az_archive_int(a, "unknowns", &c->n_unknowns, n_unknowns, n_unknowns);
        az_archive_int(a, "names", &c->n_names, n_names, n_names);
        az_archive_doubles(a, "unknown", &c->unknown, c->n_unknowns, 0);
        if (a->version >= AZ_FORMAT_HASHED) az_archive_doubles(a, "other_value", &c->other_value, c->n_unknowns, 0);
        if (a->version >= AZ_FORMAT_HASHED) az_archive_int(a, "contradicts", &c->contradicts, 0, 1);
        az_archive_doubles(a, "name", &c->name, c->n_names, 0);
        az_archive_int(a, "derived_numbers", &c->n_derived, n_derived, n_derived);
        az_archive_doubles(a, "derived", &c->derived, c->n_derived, 0);
    }
    az_archive_leave(a);
}

static void twice(az_archive *a, az_result *r)
{
    az_archive_enter(a, "twice", "the second solve of a problem with analytic points, with twice the functions: its residual, and how far each unknown moved");
    az_archive_int(a, "done", &r->twice.done, 0, 1);
    az_archive_double(a, "check", &r->twice.check);
    if (r->twice.done) az_archive_doubles(a, "moved", &r->twice.moved, r->history.n_unknowns, 0);
    az_archive_leave(a);
}

#define MAX_STATED (AZ_MAX_LETS + AZ_MAX_ANALYTIC)

/* Read one by one, so that a file is not believed about how many there are. */
static void stated(az_archive *a, az_result *r)
{
    int n = r->n_stated;

    az_archive_enter(a, "statements", "what was found of each statement that no residual sees; holds: 1 yes, 0 not determined, -1 no");
    az_archive_int(a, "number", &n, 0, MAX_STATED);
    for (int i = 0; i < n && !a->status; i++) {
        az_stated s = a->writing ? r->stated[i] : (az_stated){.holds = 0};
        char name[32];
        snprintf(name, sizeof name, "statement%d", i + 1);
        az_archive_enter(a, name, NULL);
        az_archive_text(a, "statement", &s.statement);
        az_archive_text(a, "found", &s.text);
        az_archive_int(a, "holds", &s.holds, -1, 1);
        az_archive_double(a, "value", &s.value);
        az_archive_leave(a);
        if (a->writing) continue;
        if (az_state_find(r, s.statement, s.text, s.holds, s.value) && !a->status) az_archive_fail(a, AZ_ENOMEM, "out of memory");
    }
    az_archive_leave(a);
}

static void residual(az_archive *a, az_curve *c, int dim)
{
    az_archive_enter(a, "residual", "of the worst equation at each point: as written, and relative to its scale");
    az_archive_int(a, "points", &c->n, 0, INT_MAX);
    if (c->n > 0) az_archive_int(a, "dim", &c->dim, dim, dim);
    az_archive_doubles(a, "x", &c->x, c->n, dim);
    az_archive_doubles(a, "residual", &c->residual, c->n, 0);
    az_archive_doubles(a, "relative", &c->relative, c->n, 0);
    az_archive_leave(a);
}

static void body(az_archive *a, az_result *r)
{
    run(a, r);
    options(a, &r->options);
    unknowns(a, r);
    trials(a, r, r->trial);
    if (a->version >= AZ_FORMAT_HASHED) {
        kept(a, r);
        corners(a, r);
    }
    grid(a, r);
    points(a, r);
    optimiser(a, r);
    history(a, &r->history);
    evidence(a, r);
    support(a, r);
    cross(a, r);
    if (a->version >= AZ_FORMAT_HASHED) {
        twice(a, r);
        stated(a, r);
    }
    residual(a, &r->curve, r->problem->dim);
}

/* Layers the program found; before the parameters, whose group closes the problem's. */
static void layers(az_archive *a, az_layer *layer, int *n)
{
    char name[32];

    az_archive_int(a, "layers", n, 0, AZ_MAX_INPUT_LAYERS);
    for (int i = 0; i < *n && !a->status; i++) {
        snprintf(name, sizeof name, "layer%d_center", i + 1);
        az_archive_double(a, name, &layer[i].center);
        snprintf(name, sizeof name, "layer%d_width", i + 1);
        az_archive_double(a, name, &layer[i].width);
        require(a, layer[i].center > 0 && layer[i].width > 0 && isfinite(layer[i].center / layer[i].width), "a layer has no place or no width");
    }
}

static void write_problem(az_archive *a, const az_result *r)
{
    az_problem *p = r->problem;

    az_archive_enter(a, "problem", "text: the problem file; parameters: the values used");
    az_archive_text(a, "origin", &p->origin);
    az_archive_text(a, "text", &p->text);
    layers(a, p->layer, &p->n_layers);
    az_archive_int(a, "angle", &p->angle, AZ_ANGLE_NONE, AZ_ANGLE_COSINE);
    az_archive_enter(a, "parameters", NULL);
    for (int i = 0; i < p->n_parameters; i++) {
        az_archive_double(a, p->scalar[i].name, &r->scalar[i]);
        require(a, !memcmp(&r->scalar[i], &p->scalar[i].value, sizeof(double)), "a parameter differs between the state and the problem");
    }
    az_archive_leave(a);
    az_archive_leave(a);
}

typedef struct stored_problem {
    az_layer layer[AZ_MAX_INPUT_LAYERS];
    int n_layers, angle;
    char *origin, *text;
    az_setting *set;
    char **name;
    int n_set;
} stored_problem;

static void stored_problem_clear(stored_problem *s)
{
    for (int i = 0; s->name && i < s->n_set; i++) az_free(s->name[i]);
    az_free(s->name);
    az_free(s->set);
    az_free(s->origin);
    az_free(s->text);
}

static void read_settings(az_archive *a, stored_problem *s)
{
    az_archive_enter(a, "parameters", NULL);
    s->n_set = az_archive_n_attributes(a);
    s->set = az_calloc((size_t)s->n_set, sizeof *s->set);
    s->name = az_calloc((size_t)s->n_set, sizeof *s->name);
    if (!s->set || !s->name) az_archive_fail(a, AZ_ENOMEM, "no memory for %d parameters", s->n_set);
    for (int i = 0; i < s->n_set && !a->status; i++) {
        az_archive_attribute_name(a, i, &s->name[i]);
        if (a->status) break;
        s->set[i].name = s->name[i];
        az_archive_double(a, s->name[i], &s->set[i].value);
    }
    az_archive_leave(a);
}

static void read_problem(az_archive *a, az_problem **p)
{
    stored_problem s = {0};
    az_error err;

    az_archive_enter(a, "problem", NULL);
    az_archive_text(a, "origin", &s.origin);
    az_archive_text(a, "text", &s.text);
    layers(a, s.layer, &s.n_layers);
    az_archive_int(a, "angle", &s.angle, AZ_ANGLE_NONE, AZ_ANGLE_COSINE);
    read_settings(a, &s);
    az_archive_leave(a);
    if (!a->status) {
        const az_status st = az_problem_parse_variant(p, s.origin, s.text, strlen(s.text), s.set, s.n_set, &(az_variant){.layer = s.layer, .n_layers = s.n_layers, .angle = s.angle}, &err);
        if (st) az_archive_fail(a, st == AZ_ENOMEM ? st : AZ_EFORMAT, "its problem is not accepted: %s", err.message);
        else require(a, (*p)->n_parameters == s.n_set, "its parameters are not those of its problem");
    }
    stored_problem_clear(&s);
}

az_status az_result_save_memory(const az_result *r, char **bytes, size_t *n, az_error *err)
{
    az_archive a;
    az_result view = *r; /* the archive has pointers to non-const, and only reads through them */
    char *image = NULL;
    size_t size = 0;

    az_archive_create(&a);
    header(&a);
    write_problem(&a, r);
    body(&a, &view);
    content(&a);
    az_archive_image(&a, &image, &size, AZ_TRAILER_SIZE);
    az_archive_close(&a);
    if (a.status) return az_fail(err, a.status, "%s", a.message);
    az_trailer_write(image + size, image, size);
    *bytes = image;
    *n = size + AZ_TRAILER_SIZE;
    return AZ_OK;
}

/* What vouched for the numbers does not vouch for those that somebody else wrote. */
static void drop_evidence(az_result *r)
{
    const int n_found = r->problem->n_rows * AZ_ROW_FOUND(r->problem->dim);

    for (int i = 0; i < r->history.n_unknowns; i++) r->unknown_error[i] = NAN;
    for (int i = 0; i < n_found; i++) r->row_found[i] = NAN;
    r->evidence = (az_evidence){.tier = AZ_TIER_NONE,
                                .trained_rms = NAN,
                                .reevaluated_max = NAN,
                                .reevaluated_relative = NAN,
                                .defect_slope = NAN,
                                .defect = NAN};
    az_support_clear(&r->support);
    az_cross_clear(&r->cross);
    az_state_forget_twice(r);
    az_state_forget_stated(r);
}

/* vouched: the bytes are those that were written. *changed as in az_result_load_memory_changed. */
static az_status load_image(az_result **out, const void *image, size_t n, bool vouched,
                            int *changed, az_error *err)
{
    az_archive a;
    az_problem *p = NULL;
    az_result *r = NULL;
    bool same = true;

    az_archive_open(&a, image, n);
    header(&a);
    read_problem(&a, &p);
    if (!a.status && az_state_create(&r, p)) az_archive_fail(&a, AZ_ENOMEM, "no memory for the state");
    if (r) body(&a, r);
    if (r) same = content(&a) && (vouched || a.version >= AZ_FORMAT_HASHED);
    az_archive_close(&a);
    if (!same && !changed)
        az_archive_fail(&a, AZ_ECHANGED, "another program has changed it since it was written");
    if (!a.status) {
        if (!same || a.version < AZ_FORMAT_HASHED) drop_evidence(r); /* before, errors were residuals times 1 */
        if (changed) *changed = !same;
        *out = r;
        return AZ_OK;
    }
    if (r) az_result_destroy(r);
    else az_problem_destroy(p);
    return az_fail(err, a.status, "%s", a.message);
}

/* A file that another program opened for writing loses its trailer; its content may still be what
 * it was. */
static az_status load_bytes(az_result **out, const char *name, const void *bytes, size_t n,
                            int *changed, az_error *err)
{
    size_t n_image = 0;
    bool vouched = false;
    az_error inner;
    az_status st = az_trailer_check(&n_image, &vouched, bytes, n, &inner);

    if (st == AZ_EFORMAT && n_image && changed) st = AZ_OK;
    if (!st) st = load_image(out, bytes, n_image, vouched, changed, &inner);
    return st ? az_fail(err, st, "cannot load '%s': %s", name, inner.message) : AZ_OK;
}

az_status az_result_load_memory(az_result **out, const char *name, const void *bytes, size_t n,
                                az_error *err)
{
    return load_bytes(out, name, bytes, n, NULL, err);
}

az_status az_result_load_memory_changed(az_result **out, const char *name, const void *bytes,
                                        size_t n, int *changed, az_error *err)
{
    return load_bytes(out, name, bytes, n, changed, err);
}

static az_status save(const az_result *r, az_stamp *stamp, const char *path, az_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    az_error inner;
    az_status st = az_result_save_memory(r, &bytes, &n, &inner);

    if (st) return az_fail(err, st, "cannot save '%s': %s", path, inner.message);
    st = stamp ? az_io_replace_file(path, bytes, n, stamp, err)
               : az_io_write_file(path, bytes, n, err);
    az_free(bytes);
    return st;
}

az_status az_result_save(const az_result *r, const char *path, az_error *err)
{
    return save(r, NULL, path, err);
}
az_status az_result_replace(az_result *r, const char *path, az_error *err)
{
    return save(r, &r->file, path, err);
}

static az_status load(az_result **out, const char *path, int *changed, az_error *err)
{
    char *bytes = NULL;
    az_stamp stamp;
    size_t n = 0;
    az_status st = az_io_read_kind(&bytes, &n, &stamp, path, AZ_FILE_RESULT, err);

    if (st) return st;
    st = load_bytes(out, path, bytes, n, changed, err);
    if (!st) (*out)->file = stamp;
    az_free(bytes);
    return st;
}

az_status az_result_load(az_result **out, const char *path, az_error *err)
{
    return load(out, path, NULL, err);
}
az_status az_result_load_changed(az_result **out, const char *path, int *changed, az_error *err)
{
    return load(out, path, changed, err);
}
