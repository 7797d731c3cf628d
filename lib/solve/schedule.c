#include "solve/square.h"

#include <math.h>

/* Chosen on the shipped problems, ten seeds each (bench/bench_figures.py): the smallest that reach full depth. */
#define WIDTH_1D 16
#define FEATURES_1D 240
#define FEATURES_LAYER 500 /* with inputs of its own for a layer, whose frequencies are chosen by trial */
#define POINTS_PER_FEATURE 4 /* fewer overfit */
#define POINTS_HALF_PLANE 8 /* the same in a half-plane, over whose scales points are spread thinner: with 4 the residual between them stays 50 times that at them */
#define RANGE_LINE 30.0
#define RANGE_INTERVAL 60.0
#define RANGE_ND 8.0
#define RANGE_GROWTH 2.0
#define POINTS_1D 600
#define STAGES 4
#define STAGES_MODE 5 /* above the first profile */
#define FUNCTIONS 128 /* of a Fourier series */
#define POLYNOMIALS 64 /* of a Chebyshev series */
#define POINTS_ELEMENT 320 /* on an interval: 20 elements */
#define ELEMENT_GAIN 1.1 /* iterations are cheap, and the last of them gain most */
#define WINDOW_ELEMENT 15 /* on the march: Newton's method, which is slow at the beginning only */
#define ENOUGH 1e-6
#define TOLERANCE_LINE 1e-12
#define TOLERANCE_INTERVAL 1e-11 /* second derivatives of features reach no deeper */
#define TOLERANCE_ND 1e-6
#define TOLERANCE_SQUARE 1e-9 /* of the stable profile; each above it has finer scales, and rounding in them leaves more */
#define TOLERANCE_PROFILE 2.0 /* times that of the profile before */

/* A held profile is left as soon as it stops falling fast, above the second one later, as its layer is to be followed; a released one has a layer to form. One
 * that was fitted to elements is left to the features: by itself it would go where its own residual is least, and the unknowns with it. */
void az_plan_march(az_stage_plan *plan, const az_result *r)
{
    bool sharp = r->ladder.found > 1, held = r->ladder.held;
    if (az_run_elements(r)) {
        bool passing = az_ladder_passing(r);
        plan->window = r->rms < AZ_NEARLY ? 2 : WINDOW_ELEMENT;
        plan->gain = passing ? 2 : ELEMENT_GAIN;
        plan->enough = passing ? ENOUGH : 0;
        return;
    }
    plan->window = !held ? 60 : sharp ? 30 : 20;
    plan->gain = held ? 1.3 : 2;
    plan->max_iterations = r->ladder.fitted ? 1 : !held ? 600 : sharp ? 300 : 100;
}

/* In several coordinates the first network and its points grow with the inputs its author found necessary: 2, 3, and 4 or more. */
#define TRIALS_HALF_PLANE 3 /* that size_half_plane was chosen with, at most */
typedef struct size {
    int layers, width, points, features;
} size;
static const size size_nd[] = {{2, 16, 1600, 400}, {3, 16, 3000, 2000}, {3, 20, 4000, 2000}};
static const size size_half_plane = {2, 20, 3000, 1500}; /* its points are spread to suit: three layers reach no deeper in twice the time */

/* More trials share what these have: the Jacobian keeps its columns, and its rows if there are as many equations more. */
static size shared(size n, int trials)
{
    const double share = fmin(1, (double)TRIALS_HALF_PLANE / trials);
    return (size){n.layers, (int)(n.width * sqrt(share)), (int)(n.points * share), (int)(n.features * share)};
}

static size size_of(const az_problem *p)
{
    int most = 2;
    if (az_problem_half_plane(p)) return shared(size_half_plane, p->n_trials);
    for (int t = 0; t < p->n_trials; t++)
        if (p->trial[t].n_inputs > most) most = p->trial[t].n_inputs;
    return size_nd[most > 4 ? 2 : most - 2];
}

void az_plan_stage(az_stage_plan *plan, const az_problem *p, const az_solve_options *o, int stage, bool patient)
{
    bool line = p->dim == 1;
    *plan = (az_stage_plan){.features = stage > 1};
    if (stage == 1) {
        plan->n_layers = o->n_layers;
        for (int k = 0; k < o->n_layers; k++) plan->layers[k] = o->layers[k];
        plan->window = line ? 15 : patient ? 200 : 100;
        plan->gain = line ? 2 : patient ? 1.15 : 3;
        plan->max_iterations = line ? 120 : 3000;
        plan->points = o->points;
        if (o->space != AZ_SPACE_MLP) plan->gain = ELEMENT_GAIN;
        return;
    }
    plan->n_layers = 1;
    plan->layers[0] = line ? p->n_layers ? FEATURES_LAYER : FEATURES_1D : size_of(p).features;
    plan->points = fmax(o->points, (az_problem_half_plane(p) ? POINTS_HALF_PLANE : POINTS_PER_FEATURE) * plan->layers[0]);
    plan->range = (!line ? RANGE_ND : p->coord[0].range == AZ_INTERVAL ? RANGE_INTERVAL : RANGE_LINE) * pow(RANGE_GROWTH, stage - 2);
    plan->window = az_problem_half_plane(p) ? 2 : 6; /* thousands of columns there: the first steps with their chord corrections do what can be done */
    plan->gain = 2;
    plan->max_iterations = 40;
}

void az_resolve_options(az_solve_options *o, const az_problem *p, const az_solve_options *asked)
{
    bool line = p->dim == 1;
    const size n = size_of(p);
    const bool element = asked->space == AZ_SPACE_ELEMENT;
    *o = *asked;
    o->checkpoint = NULL;
    if (isnan(o->tolerance) && o->space == AZ_SPACE_MLP && p->tolerance > 0) o->tolerance = p->tolerance;
    const double square = TOLERANCE_SQUARE * pow(TOLERANCE_PROFILE, o->mode);
    if (isnan(o->tolerance)) o->tolerance = !line ? (element ? square : TOLERANCE_ND) : p->coord[0].range == AZ_INTERVAL ? TOLERANCE_INTERVAL : TOLERANCE_LINE;
    if (az_problem_half_plane(p) && !o->coordinates) o->coordinates = AZ_CONFORMAL;
    if (element) o->n_layers = 0;
    if (!o->n_layers && az_series_name(o->space)) o->n_layers = 1, o->layers[0] = o->space == AZ_SPACE_FOURIER ? FUNCTIONS : POLYNOMIALS;
    if (!o->n_layers && !element) {
        o->n_layers = line ? 2 : n.layers;
        for (int k = 0; k < o->n_layers; k++) o->layers[k] = line ? WIDTH_1D : n.width;
    }
    if (o->space != AZ_SPACE_MLP) o->max_stages = 1;
    if (!o->max_stages) o->max_stages = o->mode ? STAGES_MODE : STAGES;
    if (!o->points && element) o->points = !line ? AZ_SQUARE_POINTS : p->coord[0].range == AZ_INTERVAL ? POINTS_ELEMENT : POINTS_1D;
    if (!o->points) o->points = line ? POINTS_1D : n.points;
    if (!o->n_phases) {
        o->n_phases = 1;
        o->phase[0] = AZ_METHOD_LM;
    }
}

static az_status bad(az_error *err, const char *what, const char *want)
{
    return az_fail(err, AZ_EOPTION, "option %s is out of range: expected %s", what, want);
}

az_status az_check_options(const az_solve_options *o, az_error *err)
{
    if (!isnan(o->tolerance) && (!(o->tolerance > 0) || isinf(o->tolerance))) return bad(err, "tolerance", "a number above 0");
    if (o->mode < 0) return bad(err, "mode", "0 or more");
    if (o->max_iterations < 0) return bad(err, "max_iterations", "0 (automatic) or more");
    if (!(o->max_seconds >= 0) || isinf(o->max_seconds)) return bad(err, "max_seconds", "0 (no limit) or more seconds");
    if (!(o->spare_seconds >= 0) || isinf(o->spare_seconds)) return bad(err, "spare_seconds", "0 or more seconds");
    if (o->n_layers < 0 || o->n_layers > AZ_MAX_LAYERS) return bad(err, "n_layers", "0 (automatic) to 8");
    for (int k = 0; k < o->n_layers; k++)
        if (o->layers[k] < 1 || o->layers[k] > AZ_MAX_WIDTH) return bad(err, "layers", "widths from 1 to 2000");
    if (o->max_stages < 0 || o->max_stages > AZ_MAX_STAGES) return bad(err, "max_stages", "0 (automatic) to 6");
    if (o->points < 0 || o->points > 10000000) return bad(err, "points", "0 (automatic) to 10000000");
    if ((int)o->space < 0 || o->space >= AZ_N_SPACE) return bad(err, "space", "a trial space of az_space");
    if ((int)o->coordinates < 0 || o->coordinates >= AZ_N_COORDINATES) return bad(err, "coordinates", "those of az_coordinates");
    if (o->threads < 0 || o->threads > 1024) return bad(err, "threads", "0 (all) to 1024");
    if (o->n_phases < 0 || o->n_phases > AZ_MAX_PHASES) return bad(err, "n_phases", "0 (automatic) to 8");
    for (int k = 0; k < o->n_phases; k++) {
        if ((int)o->phase[k] < 0 || o->phase[k] >= AZ_N_METHOD) return bad(err, "phase", "a method of az_method");
        if (k + 1 < o->n_phases && o->phase_iterations[k] < 1)
            return bad(err, "phase_iterations", "at least 1 for every phase but the last");
    }
    if (!(o->checkpoint_seconds >= 0) || isinf(o->checkpoint_seconds)) return bad(err, "checkpoint_seconds", "0 or more");
    return AZ_OK;
}

void az_solve_options_init(az_solve_options *o) { *o = (az_solve_options){.seed = 1, .tolerance = NAN, .checkpoint_seconds = 30}; }
