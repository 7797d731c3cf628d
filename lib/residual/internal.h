/* internal.h: the compiled form shared by plan.c, frame.c, sweep.c and program.c. */
#ifndef AZ_RESIDUAL_INTERNAL_H
#define AZ_RESIDUAL_INTERNAL_H

#include "residual/program.h"

#define B AZ_LANES

/* A node in the plan of a set. */
typedef struct step {
    int node; /* of the program's graph */
    az_layout *layout; /* coefficients kept: demanded and not identically zero; NULL = not in this set */
    int a, b; /* steps of the children, -1 */
    int global; /* AT, HILBERT, PRIMITIVE: index of the global; else -1 */
    bool active; /* depends on a weight, an unknown or a global */
} step;

typedef enum sink_kind { SINK_ROW, SINK_OPERAND, SINK_AT, SINK_PROBE } sink_kind;

typedef struct sink {
    sink_kind kind;
    int step;
    int target; /* row declaration, global or probe */
    int first; /* ROW: its first row */
    double weight;
    bool *mask; /* [n_steps] steps its reverse sweep visits */
    double **adjoint; /* [n_globals] d(sink)/d(global) per point, or NULL */
} sink;

/* A forward evaluation: the steps to run, in order, given the trials already cached. */
typedef struct task {
    int set;
    bool *mask; /* [n_steps] */
    bool *fresh; /* [n_trials] trials this task evaluates; others of the mask are read from the cache */
    int n_sinks, *sink;
    int global; /* evaluated from the operand afterwards, -1 for the last task of a set */
} task;

typedef struct pointset {
    int n, n_pad, n_blocks;
    double *x[AZ_MAX_DIM]; /* [n_pad] */
    double *packed; /* [n][dim] */
    double *z; /* [n] on the line */
    bool panels; /* the nodes of the grid */
    unsigned fixed;
    az_point at;
    int source; /* index of the az_points it came from, -1 */
    int n_steps;
    step *steps;
    int *step_of; /* [graph n] or -1 */
    int n_sinks;
    sink *sinks;
    double **cache; /* [n_trials]: [layout->n][n_pad], or NULL if the trial is not in this set */
    int n_frames;
    struct frame *frames; /* [threads] */
} pointset;

/* A quantity known everywhere once evaluated. */
typedef struct global {
    int node;
    bool at;
    int set, sink; /* where its operand is evaluated */
    int trial_parity; /* parity of the operand */
    double value; /* AT */
    double **values; /* operator: [n_sets] [n_pad] where used, else NULL */
    int *map; /* operator: [n_sets] index of the map, -1 */
    double *operand; /* operator: [n_pad] */
    double *jacobian; /* AT: [columns]; operator: [columns][ld] of the operand */
    double **image; /* operator: [n_sets] [columns][ld of the set] */
} global;

typedef struct map_entry {
    az_line_kind kind;
    int parity, set;
    az_line_map map;
} map_entry;

/* Per thread and set: storage and pointer tables of every step. */
typedef struct frame {
    double *memory; /* values and adjoints */
    double **pointer; /* all tables below point into this */
    struct frame_step {
        double **v, **bar; /* [layout n] */
        double **d; /* FUNC, POW: derivative; DIV: 1/b and -c/b, [2 n] */
        double **a, **b, **abar, **bbar; /* children's coefficients in this layout's order */
    } * s;
    double *scratch; /* az_jet_func's, and temporaries */
    double **net_work; /* [n_trials * AZ_STAGE_SLOTS] */
    size_t *net_size;
    double ***input; /* [n_trials][n_inputs] coefficient tables of the inputs in the trial's layout */
    double ***inbar;
    double *trial_out; /* one stage's output */
    double **trial_ptr;
} frame;

struct az_program {
    const az_problem *p;
    az_graph graph;
    int threads;
    az_line_grid grid;
    bool has_grid, half;
    int n_sets;
    pointset *sets;
    int n_globals;
    global *globals;
    int n_tasks;
    task *tasks;
    int n_maps;
    map_entry *maps;
    int n_rows, *row_first, *row_count, *row_set;
    int n_probes, probe_set;
    double **probe; /* [n] values */
    int columns; /* of the last jacobian, for its buffers */
    const az_layout *seeds; /* while az_program_seeds runs: the columns of a trial are its jet's coefficients in this layout */
    az_layout *seed_layout; /* made by the first call */
    double seconds_jets, seconds_operators;
};

/* plan.c: steps, layouts and masks of a set for its sinks */
az_status az_plan_set(az_program *g, int set, az_error *err);
az_status az_plan_tasks(az_program *g);
void az_plan_clear(az_program *g);
/* frame.c */
az_status az_frames_create(az_program *g, int set);
void az_frames_clear(az_program *g, int set);
az_status az_frame_networks(az_program *g, int set, const az_trial_state *trial);
/* sweep.c: one block of a set */
void az_sweep_forward(az_program *g, int set, int thread, int block, const bool *mask, const bool *fresh, bool keep, const az_binding *b);
void az_sweep_reverse(az_program *g, int set, int thread, int block, const sink *s, double *column, size_t ld, const az_binding *b);

#endif
