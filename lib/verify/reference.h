/* reference.h: the independent evaluator. Values of any expression of a problem, with the networks and scalars of a state, by another code
 * path than the solver's: double complex scalars, one point at a time, plain Taylor arithmetic, uniform grids and the trapezoidal rule for
 * nonlocal operators, no use of parity. It shares the expression graph and the state with the solver, nothing else.
 *
 * Every value is an analytic function of weights and scalars: add i*1e-30 to one and the imaginary part of a value times 1e30 is the
 * derivative. */
#ifndef AZ_VERIFY_REFERENCE_H
#define AZ_VERIFY_REFERENCE_H

#include "state/state.h"
#include "verify/number.h"

typedef struct az_reference az_reference;

/* An evaluator of the given nodes of r->problem and of what lies below them. Keeps a pointer to r and copies of scalars and weights.
 * AZ_EPROBLEM for a nonlocal operator outside the line (primitive: outside one coordinate), AZ_ELIMIT for derivatives above order 16,
 * AZ_ENOMEM. */
az_status az_reference_create(az_reference **out, const az_result *r, const int *target, int n_targets, az_error *err);
void az_reference_destroy(az_reference *s);

/* The copies, to be perturbed before az_reference_prepare: scalar[n_scalars], and weight[n_weights] of a stage as in state.h. */
az_num *az_reference_scalar(az_reference *s);
az_num *az_reference_weight(az_reference *s, int trial, int stage);

/* How far |z| (y = scale*sinh z) must go: where the inputs of the Hilbert transforms have fallen to 1e-17 of their maximum, at least to
 * 1/eps, where 1 + y = y, at least to the solver's last panel; at most 340, where y^2 is near the largest double. */
az_status az_reference_reach(az_reference *s, double *reach);

/* Computes point values `expr@x` and, on the grid of spacing h up to |z| = reach, the nonlocal operators. An interval has 1/h
 * cells on each side of 0. Both are ignored for local problems. Call again after perturbing. Cost: points times weights, plus O(points^2)
 * per transform. */
az_status az_reference_prepare(az_reference *s, double h, double reach, int threads);

/* out[n][n_nodes] = values of the nodes (targets of create, or below them without derivatives) at points[n][dim]. A point outside the grid
 * gives NaN where a nonlocal operator is needed. Same bits for any number of threads. AZ_ENOMEM. */
az_status az_reference_eval(const az_reference *s, az_num *out, const int *node, int n_nodes, const double *points, int n, int threads);

/* For az_reference_rows; zeroed fields mean the defaults. */
typedef struct az_reference_options {
    const az_num *scalar;           /* [n_scalars]; NULL: those of the state */
    const az_num *const *weight;    /* [n_trials * AZ_MAX_STAGES], at trial*AZ_MAX_STAGES + stage; NULL here or there: those of the state */
    double h, reach;                /* grid of the nonlocal operators; 0: 1/64 (interval: 1/256), az_reference_reach */
    int threads;                    /* 0: 1 */
} az_reference_options;

/* out[n][n_rows] = node/scale of each row declaration (node where there is no scale) at points[n][dim]; the fixed coordinates of a row
 * take their fixed values whatever the point says. options may be NULL. */
az_status az_reference_rows(az_num *out, const az_result *r, const double *points, int n, const az_reference_options *options,
                            az_error *err);

#endif
