/* method.h: one interface over all optimisers: least squares in x given residual and Jacobian.
 *
 * A method keeps what it carries from one iteration to the next in one flat array (its memory), so that a checkpoint holds it and a resumed run
 * takes the same steps. Everything else it holds is scratch.
 */
#ifndef AZ_METHOD_H
#define AZ_METHOD_H

#include "solve/dense.h"

/* What is minimised: |r(x)|^2. ld >= rows, a multiple of 8. jacobian is asked at the x of the last residual call. */
typedef struct az_objective {
    int rows, cols, ld, threads;
    bool normalise; /* the model is nearly linear in x: lm measures columns by their norms */
    double longest; /* where lm normalises: x, its entries times the norms of their columns, is no longer than this, or rows are rounded too much; 0: any */
    bool curved; /* the rows bend before a step is as long as it should be: lm with Cholesky follows them */
    void *data;
    void (*residual)(void *data, double *r, const double *x); /* NaN where it fails */
    az_status (*jacobian)(void *data, double *jac, const double *x);
    void (*project)(void *data, double *x); /* moves x inside hard bounds; may be NULL */
    double (*shortest)(void *data); /* not NULL: lm takes Newton's steps, at least this share of each; 0: any share, or damped where none is good */
} az_objective;

typedef enum az_step { AZ_STEP_OK, AZ_STEP_NONE, AZ_STEP_FAILED } az_step; /* lowered; no lower point found; out of memory */

typedef struct az_solver az_solver;

/* Seconds spent since the last reset, and counts, for bench and progress. */
typedef struct az_solver_times {
    double jacobian, products, factor, residual;
    int n_jacobians, n_residuals, n_factors;
} az_solver_times;

az_status az_solver_create(az_solver **out, az_method method, const az_objective *f);
void az_solver_destroy(az_solver *s);
/* What az_solver_create takes: the Jacobian, its Gram matrix and the factor of that, or the QR factors. */
double az_solver_bytes(az_method method, const az_objective *f);
/* Doubles of memory this method carries for `cols` unknowns. */
int az_solver_memory(az_method method, int cols);
void az_solver_reset(az_method method, double *memory, int cols);
/* One iteration from x with residual r (both updated). */
#define AZ_LM_MU_LINEAR 1e-12 /* start of the damping where the model is nearly linear: random features */
az_step az_solver_step(az_solver *s, double *x, double *r, double *memory);
const az_solver_times *az_solver_get_times(const az_solver *s);

#endif
