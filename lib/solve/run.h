/* run.h: the driver's own view of a run. The state (az_result) is everything that matters; the rest is rebuilt from it. */
#ifndef AZ_RUN_H
#define AZ_RUN_H

#include "residual/program.h"
#include "solve/method.h"
#include "solve/points.h"

/* The optimiser's memory array: [method's own][base of the unknowns][unknowns relative to base, in units]. */
typedef struct az_run {
    az_result *r;
    const az_problem *p;
    az_program *program;
    az_solver *solver;            /* NULL with elements in two coordinates, which have */
    struct az_square *square;
    az_objective f;
    double *x, *residual;
    int n_unknowns, n_method; /* n_method: doubles of the method's own memory */
    az_progress_fn fn;
    void *data;
    const char *checkpoint;
    double started, seconds_before, next_checkpoint, checkpoint_every;
    bool checkpoint_failed; /* the last one */
    int threads;
    double granted; /* bytes of the largest system so far */
    int most; /* iterations at which this session ends; 0: none */
    double most_seconds; /* of the run, at which it ends; 0: none */
    char note[200];
    az_status failed; /* of a residual that the optimiser asked for: it sees NaN, the run ends with this */
    az_error *err;
    double worst; /* the last judge's largest residual in the units that are trained in; az_result.check is what it says */
    double *units; /* units.c: of the rows, the trials and the unknowns; NULL: all 1, if units_known */
    bool units_known;
} az_run;

/* units.c: powers of two in which the rows are trained, the networks and the unknowns are measured, of a problem whose numbers are decades away from 1; a
 * function of the problem alone, so that a resumed run takes the same. Once between two calls of az_run_close. AZ_ENOMEM. */
az_status az_units_choose(az_run *run);
/* Unknowns that start decades above the size that their terms have beside the others begin there instead, if their bounds let them; the note says so. */
az_status az_units_start(az_run *run);
void az_units_forget(az_run *run);
static inline double az_units_row(const az_run *run, int k) { return run->units ? run->units[k] : 1; }
static inline double az_units_trial(const az_run *run, int t) { return run->units ? run->units[run->p->n_rows + t] : 1; }
static inline double az_units_unknown(const az_run *run, int i) { return run->units ? run->units[run->p->n_rows + run->p->n_trials + i] : 1; }

/* A row more: tangent . (u - at) = 0 over the unknowns u, defects included: one more of them is free than the problem leaves. */
typedef struct az_arc {
    double *tangent, *at;   /* [n_scalars - n_parameters] */
    bool defects;           /* it is the defects that are free */
} az_arc;

/* schedule.c: what the program decides by itself */
typedef struct az_stage_plan {
    bool features; /* frozen random features, else a trained network */
    int n_layers, layers[AZ_MAX_LAYERS];
    int points; /* per equation */
    double range; /* of feature frequencies, radians per half-width of an input */
    int window; /* iterations over which progress is judged */
    double gain; /* least factor of progress over the window */
    int max_iterations;
    double enough; /* trained rms below which the stage is over; 0: none */
} az_stage_plan;
void az_plan_stage(az_stage_plan *plan, const az_problem *p, const az_solve_options *o, int stage, bool patient);
/* A first stage of the march, the unknown held or released. */
void az_plan_march(az_stage_plan *plan, const az_result *r);
void az_resolve_options(az_solve_options *o, const az_problem *p, const az_solve_options *asked);
az_status az_check_options(const az_solve_options *o, az_error *err);
/* checkpoint.c: when the run begins, and after each iteration. What cannot be written ends no run:
 * it is noted, once, and tried again; the last one, which is written whatever the time (force),
 * leaves its status in the result. */
void az_run_expect_checkpoint(az_run *run);
void az_run_checkpoint(az_run *run, bool force);
/* run.c: of a half-plane alone, and those that its elements have. AZ_EOPTION. */
az_status az_check_coordinates(const az_problem *p, const az_solve_options *o, az_error *err);

/* Iterations before the unknowns move: random networks would drive them anywhere. Longer after every restart. */
int az_run_hold(const az_result *r);
/* open.c */
az_method az_run_method(const az_result *r, int stage);
/* program, solver and vectors for the current state */
az_status az_run_open(az_run *run);
/* run.c: memory that what follows is about to take, where that is more than has been. Said with the note that stands, in several coordinates or where it is
 * large; AZ_ENOMEM with both numbers where it is not there. */
az_status az_run_take(az_run *run, double bytes, const char *what);
/* open.c: of an open run's problem, by a stage of so many rows and columns: the solver, the program's Jacobian, the judge. */
double az_run_bytes(const az_run *run, int stage, int rows, int cols);
az_status az_run_again(az_run *run); /* of an open run whose grid and trials are the same: the method's memory and the residual anew */
void az_run_close(az_run *run);
void az_run_gather(az_run *run); /* x from the state */
az_binding az_run_binding(const az_run *run);
bool az_run_held(const az_run *run, int i); /* unknown i does not move in this iteration */

/* judge.c: max residual/scale on a grid the optimiser does not see, and refinement. *refined: the state's points changed. */
az_status az_run_judge(az_run *run, bool *refined);
/* What it takes for a system of so many rows; counted where it is large, with points in several coordinates. */
double az_judge_bytes(const az_run *run, int rows);
/* Marks the panels, each of which the rows of g see cut in two, whose residual exceeds az_run_limit; true if any does. */
bool az_run_mark(const az_run *run, const az_program *g, const double *res, bool *mark, int n_panels);
/* Adds panels at the end if an operand of the open program has not died out there. */
az_status az_run_extend(az_run *run, bool *changed);

/* features.c: derivatives of the given order (NULL: values) of nodes at points y[n] of the line, of node k from out[k*stride] on. */
az_status az_run_probe(const az_run *run, double *out, size_t stride, const double *y, int n, const int *node, int n_nodes, const int *order);
/* nonfinite.c: the nodes that `root` is made of, itself the last, in order: by az_realloc. AZ_ENOMEM. */
az_status az_nodes_below(int **list, int *n, const az_problem *p, int root);
/* The note becomes: which part of which statement of an open run is not finite, and where. AZ_ENOMEM. */
az_status az_run_name_nonfinite(az_run *run);

/* bound.c: whether what a stage leaves is due to a bound, and neither a finer mesh nor other weights would help. */
bool az_bound_holds(const az_run *run);
/* The end of a run by AZ_STOP_STALLED is one by AZ_STOP_BOUND if an unknown runs onto its bound; the note says so. */
void az_bound_say(az_run *run);
/* slope.c: the evidence's slope, d(first defect)/d(first unknown) with all equations satisfied, where an open run has stopped; NaN without a defect, where the
 * unknown is held, and where the run was cut off. Networks in several coordinates keep that of what they began with: a smooth solution with a residual at
 * the corner is in the sense of their least squares as good as one with a defect. AZ_ENOMEM. */
az_status az_run_slope(az_run *run);
/* run.c: a first stage of random weights for every trial, which has none. */
az_status az_run_networks(az_run *run);
/* refit.c: changes the problem and the networks by `change`, which leaves one stage of random weights per trial, and fits these to the values the trials
 * had before. The run is closed. */
az_status az_run_refit(az_run *run, az_status (*change)(az_run *run, void *data), void *data);
/* The first networks of the trials to the values of those of `from` at the run's points; the run is closed. */
az_status az_run_fit(az_run *run, const az_result *from);
/* layer.c: the place and width of the layer, which are unknowns, into the problem's record; those of elements are looked for. The run is closed. */
az_status az_run_record_layer(az_run *run);
/* layer.c: inputs for the internal layer of the trial, if it has one that the present inputs do not resolve. The run is open before and after. */
az_status az_run_layer(az_run *run, bool *changed);
/* ladder.c: whether what is solved now is only passed on the way to options.mode; it need not be exact. */
bool az_ladder_passing(const az_result *r);
/* layer.c: networks of random weights instead of elements, fitted to their functions, with inputs for their layer. The run is closed. */
az_status az_networks_take(az_run *run);
#define AZ_NEARLY 1e-4 /* trained rms of elements on the march that Newton's method has all but solved */
/* march.c: what elements do between profiles. Nothing has moved yet from the last held value to this one. */
bool az_march_first(const az_result *r);
bool az_march_solved(const az_result *r);
/* After a held value that was solved, with its defect: the next one, or the unknown is released. */
void az_march_after(az_run *run, double defect);
/* After one that was not: back to the last that was, and half of the way, or the march ends. */
az_status az_march_refused(az_run *run);
/* The grid for what comes next; was_held: what came before. Keeps the elements to go back to. */
az_status az_march_equip(az_run *run, bool was_held);
/* ladder.c: the unknown of the march; released at a value between hard bounds, or held one step further; the state as it is, for a new first stage. */
#define AZ_LADDER_STEP 0.05 /* first and longest, of the unknown's value at the last profile */
static inline double *az_ladder_unknown(const az_run *run) { return run->r->scalar + run->p->n_parameters; }
void az_ladder_release(az_run *run, double value, double lo, double hi);
void az_ladder_hold_next(az_run *run);
az_status az_ladder_reopen(az_run *run);
/* ladder.c: elements at a profile, the run closed: the first held value after it. */
az_status az_ladder_leave(az_run *run);
/* ladder.c: AZ_EOPTION where the problem has no ladder. */
az_status az_ladder_check(const az_problem *p, int mode, az_space space, az_error *err);
/* What the origin says at a held value, the run open: the declared defect's distance from its smooth value, or what the first select row says, its
 * weight taken out. The problem has one of them. */
az_status az_ladder_defect(double *defect, az_run *run);
/* What follows the end of a first stage on the way to options.mode. *marching: another first stage began, or the run stopped. */
az_status az_ladder_turn(az_run *run, bool *marching);

/* features.c: the last stage of every trial becomes random features; range: highest frequency per half-width of each input of each trial, in order */
az_status az_run_features(const az_run *run, const double *range, az_rng *rng);
/* The ranges that the last stage was given. */
az_status az_run_ranges(const az_run *run, double *range);
/* tune.c: improves the n ranges by trying them on the last stage; leaves that with weights of no meaning. */
az_status az_run_tune(az_run *run, double *range, int n);
/* Cuts panels until the frozen features of the last stage are resolved by their nodes. */
az_status az_run_resolve(az_run *run);

/* A panel with a larger residual than this between its nodes is cut. */
double az_run_limit(const az_run *run);
/* Creates the program of a judge and evaluates it: *res by az_doubles; sets check. */
az_status az_run_examine(az_run *run, const az_program_setup *setup, az_program **g, double **res);

/* keep.c: the judge's program g sees the present state and the one that is kept, in this order: res and check are of the former, and a copy of it is kept
 * from now on if it is no worse. Nothing is kept on a march, in a scan or with an arc. AZ_ENOMEM. */
az_status az_run_keep(az_run *run, az_program *g, double *res);
/* Of the present state: the largest residual as it is judged (az_program_relative; by a program that was not set up to measure, as trained), and of what unknowns
 * lie outside their bounds. res[rows]: the residuals. NaN with run->failed set where there is no memory. */
double az_run_worst(az_run *run, az_program *g, double *res);
/* The same on points that are always the same, before a state is given up that was not judged. The state but for what is kept stays. */
az_status az_run_keep_last(az_run *run);
/* At the end of a run that may go on: where the state kept is better on such points, it becomes the result's own, and the working one is put aside. */
az_status az_run_best_aside(az_run *run);
/* At the end of one that may not, after az_run_judge: the better of the two is the result. The run is open. */
az_status az_run_best(az_run *run);

/* corner.c: looks for conditions that contradict each other, in a state without networks; r->corner is what it finds. AZ_ENOMEM. */
az_status az_run_find_corners(az_result *r, az_error *err);
/* Moves points, which have the coordinates in `fixed`, out of the neighbourhood of corners. */
void az_run_avoid_corners(const az_result *r, az_points *points, unsigned fixed);
/* The i-th of them in words. */
void az_run_say_corner(char *text, size_t n, const az_result *r, int i);

/* run.c: a new state for a copy of p, with resolved options and hash. */
az_status az_run_create(az_result **out, const az_problem *p, const az_solve_options *o, az_error *err);
/* start.c: a state for a copy of p, to be run, with the unknowns of `from`, its elements on their mesh or its first networks, wider if o asks for that. The
 * trials keep their shape in units of the line's scale. AZ_EOPTION where the two do not fit. */
az_status az_run_from(az_result **out, const az_problem *p, const az_result *from, const az_solve_options *o, az_error *err);
/* az_eval, at points of the program: in the line of an open interval, and without a look whether they are in the domain. */
az_status az_run_eval(const az_result *r, double *out, const char *name, const double *x, int n, const int *order, az_error *err);
/* The grid a run starts from: panels, up to z = reach at least, or points. */
az_status az_run_start_points(az_result *r, double reach);
/* Runs the state until it stops; from its beginning if fresh. What it kept before is forgotten. */
az_status az_run_go(az_result *r, const az_solve_options *o, bool fresh, az_progress_fn fn, void *data, az_error *err);

/* element.c: elements as the only stage of every trial, throughout or on the way to a profile that networks then take over */
static inline bool az_run_elements(const az_result *r)
{
    return r->options.space == AZ_SPACE_ELEMENT || az_result_space(r) == AZ_SPACE_ELEMENT;
}
/* Trials that are linear in their weights: one stage, from 0, without random numbers. */
static inline bool az_run_linear(const az_result *r) { return r->options.space != AZ_SPACE_MLP || az_run_elements(r); }
/* Whose series a space is of; NULL for others. */
static inline const char *az_series_name(az_space s) { return s == AZ_SPACE_FOURIER ? "Fourier" : s == AZ_SPACE_CHEBYSHEV ? "Chebyshev" : NULL; }
static inline az_angle az_series_angle(az_space s)
{
    return s == AZ_SPACE_FOURIER ? AZ_ANGLE_ITSELF : s == AZ_SPACE_CHEBYSHEV ? AZ_ANGLE_COSINE : AZ_ANGLE_NONE;
}
/* run.c: a series of n functions as the last stage of trial t, all weights 0. AZ_ELIMIT, AZ_ENOMEM. */
az_status az_run_add_series(az_result *r, int t, int n);
/* In two coordinates: square.h. */
static inline bool az_run_square(const az_result *r) { return az_run_elements(r) && r->problem->dim > 1; }
/* AZ_EOPTION where the problem cannot be solved with elements: too high derivatives, a domain they are not for. */
az_status az_elements_check(const az_problem *p, az_error *err);
/* The highest derivative of trial t in the rows, at least 1. */
az_status az_elements_smoothness(int *k, const az_problem *p, int t);
/* Elements for every trial, all weights 0, on the panels of the grid; on an interval on a mesh of their own, whose Gauss points become the points. */
az_status az_elements_begin(az_result *r);
/* The same functions on panels edge[n]. */
az_status az_elements_remesh(az_result *r, const double *edge, int n);
/* Unknowns, panels and elements as they are, into r->passed; and back from there. AZ_EFORMAT where that is damaged. */
az_status az_elements_keep(az_result *r);
az_status az_elements_return(az_result *r);
/* On the line: cuts the panels across which the elements of a trial do not die out with their degree, which costs no residual. */
az_status az_elements_resolve(az_run *run, bool *refined);
/* az_run_judge on an interval. */
az_status az_elements_judge(az_run *run, bool *refined);
/* polish.c: elements with the same functions instead of the networks of the run, which is closed, on panels as at the beginning. */
az_status az_elements_take(az_run *run);
/* polish.c: a run with elements for the problem of `from` that begins with its trials and unknowns, to its end. Neither is verified. */
az_status az_polish_run(az_result **out, const az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err);

#endif
