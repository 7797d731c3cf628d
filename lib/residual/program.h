/* program.h: a problem compiled for evaluation: residual rows and their Jacobian at points, nonlocal operators included.
 *
 * The expression graph is evaluated on sets of points in blocks of AZ_LANES, every node as a jet of just the coefficients some derivative asks for.
 * Global quantities (a value at a point, `N@0`; the values of a nonlocal operator) are evaluated in order and then enter other
 * nodes as data. The Jacobian is one reverse sweep per sink (a row, the operand of an operator, a value at a point) down to network weights,
 * unknowns and earlier globals; the last are then eliminated in order by dense products with the operators' matrices.
 */
#ifndef AZ_PROGRAM_H
#define AZ_PROGRAM_H

#include "operator/line.h"
#include "state/state.h"
#include "trial/trial.h"

/* Extra quantities wanted at extra points: values are read by az_program_probe. */
typedef struct az_probe {
    const double *x; /* [n][dim], copied */
    int n;
    const int *node; /* [n_nodes] of the problem's graph */
    int n_nodes;
    const int *order; /* [dim] derivative taken of every node, or NULL */
} az_probe;

typedef struct az_program_setup {
    const double *edge; /* panels of the line, as in az_result; NULL for problems on points */
    int n_edges;
    const az_points *points; /* [n_rows] where edge does not apply; faces and equations of local problems */
    const az_probe *probe; /* NULL = none */
    bool probe_rows; /* probes are rows after those of the problem, node by node, for their derivatives; az_program_probe has no values then */
    bool rows; /* false: probes only */
    bool measure; /* with the sizes of their terms: az_program_relative */
    int threads; /* > 0 */
} az_program_setup;

typedef struct az_program az_program;

az_status az_program_create(az_program **out, const az_problem *p, const az_program_setup *setup, az_error *err);
void az_program_destroy(az_program *g);

/* Parity of every node of g under y -> -y in one dimension: 1, -1, or 0 for none. parity[g->n]. AZ_ENOMEM. */
az_status az_node_parity(signed char *parity, const az_graph *g, const az_problem *p);
/* One coordinate, of a domain symmetric about 0: *half if every equation and operand has a parity, so that points at y >= 0 are enough.
 * AZ_ENOMEM. */
az_status az_problem_symmetric(bool *half, const az_problem *p);
/* The same for the line alone. */
az_status az_problem_half_line(bool *half, const az_problem *p);

int az_program_rows(const az_program *g);
/* Rows of declaration k: first and count. */
void az_program_row_range(const az_program *g, int k, int *first, int *count);
/* Points of declaration k, [count][dim]. */
const double *az_program_row_points(const az_program *g, int k);

/* What the program is evaluated at: networks of every trial, scalars, and the unit of the current stage. */
typedef struct az_binding {
    const az_trial_state *trial;
    const double *scalar;
    double unit;
} az_binding;

/* r[rows] = weight * (lhs - rhs)/scale / unit. AZ_ENOMEM where networks are larger than at the call before, and there is no memory
 * for them: r is NaN then. */
az_status az_program_residual(az_program *g, const az_binding *b, double *r);
/* measure.c: relative[count] of declaration k after az_program_residual gave r, of a program set up to measure: each residual over the scale of its equation, if one
 * is declared, or over the largest of its terms (az_term_measure), whichever is larger. */
void az_program_relative(const az_program *g, const az_binding *b, const double *r, int k, double *relative);
bool az_program_measures(const az_program *g); /* setup.measure */
double az_program_size(const az_program *g, int k); /* the largest of the terms of declaration k in the core of the domain, of a program set up to measure; 0 without terms */
/* Number of columns: weights of the last stage of every trial, then the unknowns. */
int az_program_columns(const az_program *g, const az_trial_state *trial);
/* jac: [columns][ld], ld >= rows, a multiple of 8. Columns of unknowns are multiplied by unit. The residual must have been evaluated last with the same binding.
 * AZ_ENOMEM. Cost: one forward sweep, a reverse sweep per sink, 2 n^2 columns flops per operator. */
az_status az_program_jacobian(az_program *g, const az_binding *b, double *jac, int ld);

/* Memory in proportion to the points, which the program has; and what the first Jacobian of so many columns takes besides, for the operands of
 * operators. */
double az_program_bytes(const az_program *g);
double az_program_jacobian_bytes(const az_program *g, int columns);

/* The same before the trials: d(rows)/d(what the trials are at each row's own point), for trials whose functions there depend on few of their weights.
 * Columns: for each trial its Taylor coefficients in az_program_seed_layout, then the unknowns (times unit), then the values `expr@x` in the order of
 * az_program_at. Rows: those of the residual, then one for each of these values. jac: [columns][ld], ld >= rows. No nonlocal operators, one stage per
 * trial. The residual must have been evaluated last with the same binding. AZ_ENOMEM, AZ_ELIMIT. */
az_status az_program_seeds(az_program *g, const az_binding *b, double *jac, int ld);
az_status az_program_seed_layout(az_program *g, const az_layout **l);
int az_program_n_at(const az_program *g);
const double *az_program_at(const az_program *g, int k); /* the point */
/* Values [n] of the k-th probed node after az_program_residual. */
const double *az_program_probe(const az_program *g, int k);
/* The point of row i of the probe, where probes are rows. */
const double *az_program_probe_point(const az_program *g, int i);
/* max |operand at the last nodes| / max |operand| over the nonlocal operators after az_program_residual: what the far tail misses. 0 without operators. */
double az_program_tail(const az_program *g);
/* The z beyond which every operand of a nonlocal operator is below `least` times its maximum; the grid's end without operators. */
double az_program_used(const az_program *g, double least);
/* Seconds spent in the last Jacobian: jets (forward and reverse), operators. */
void az_program_times(const az_program *g, double *jets, double *operators);

#endif
