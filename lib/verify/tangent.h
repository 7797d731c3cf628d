/* tangent.h: the rows of a problem linearised at a result, on a grid of their own and in columns that are richer than the result's trial space: private to
 * lib/verify.
 *
 * Columns: weights of a stage that is added to every trial (with weights 0), then the values `expr@x` of local problems, then the unknowns that were solved
 * for. The added stage: with one coordinate piecewise polynomials, on the panels of the solver, and on panels half as wide where the result is of elements and
 * the problem local, else of a higher degree. With several coordinates sine features of random frequencies beside the result's own first network.
 * Rows: all of the problem, weight*(left - right)/scale, each with what the independent evaluator finds of it and the rounding of its own terms. */
#ifndef AZ_VERIFY_TANGENT_H
#define AZ_VERIFY_TANGENT_H

#include "residual/program.h"
#include "verify/reference.h"
#include "verify/system.h"

typedef struct az_tangent {
    const az_result *r;
    az_trial_state *trial;      /* those of r with one stage more; r's arrays */
    az_program *program;
    az_system *system;          /* not factored yet */
    int n_rows;                 /* of the problem; those of the probe follow */
    int *block, *at;            /* [n_rows] where a row stands */
    int n_weights;              /* columns of added weights, in the order of the program */
    int *column;                /* [n_weights + unknowns] among the system's columns; -1: an unknown that was not solved for */
    double *jac;                /* rows of the probe (and, of local problems, all): derivatives as the program gives them */
    int ld, n_values;           /* values `expr@x` */
    bool local;
    int n_edges;                /* the solver's panels of a line, or such as it would begin with */
    double *edge;
} az_tangent;

/* s: prepared, of all rows of r. probe: numbers whose gradients will be asked for, or NULL. AZ_EDOMAIN where the rows cannot be linearised here
 * (elements in a half-plane; more columns than AZ_TANGENT_MOST without a structure that helps), AZ_ENOMEM, and as az_program_create. */
#define AZ_TANGENT_MOST 3500
az_status az_tangent_create(az_tangent **out, const az_result *r, const az_reference *s, const az_probe *probe, int threads, az_error *err);
void az_tangent_destroy(az_tangent *t);
/* g[system->cols] of row i of the probe, node by node, point by point. AZ_ENOMEM. */
az_status az_tangent_gradient(const az_tangent *t, double *g, int i);
/* Residuals of the rows where the trials have the added weights d and the unknowns are shifted by d: out[n_rows]. AZ_ENOMEM. */
az_status az_tangent_residual(az_tangent *t, double *out, const double *d);
int az_tangent_n_solved(const az_tangent *t);         /* unknowns that were */
int az_tangent_values(const az_tangent *t);           /* where the columns of values `expr@x` begin among the border's */
int az_tangent_unknown(const az_tangent *t, int i); /* the system's column of unknown i, -1 if it was not solved for */

#endif
