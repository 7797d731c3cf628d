/* solver.h: what the methods share inside lib/solve. */
#ifndef AZ_SOLVER_H
#define AZ_SOLVER_H

#include "solve/method.h"

struct az_solver {
    az_method method;
    az_objective f;
    double *jac, *gram, *factor; /* [cols][ld], [cols][cols] */
    double *d, *x_new, *r_new, *g; /* cols, cols, rows, cols */
    double *step; /* [cols] where the objective is curved */
    double *scale; /* [cols] of the columns, lm only */
    double *qr, *damped, *tau, *rhs; /* lm-qr: of J, [cols][rows]; of [R; sqrt(shift)], [cols][2 cols]; of both, [2][cols]; [rows or 2 cols] */
    az_solver_times times;
};

/* Evaluates r and returns its squared norm, infinity if that is not finite. */
double az_solver_residual(az_solver *s, double *r, const double *x);
/* g = J'r at x, whose residual r was evaluated last. */
az_status az_solver_gradient(az_solver *s, double *g, const double *x, const double *r);

void az_lm_reset(double *memory);
az_step az_lm_step(az_solver *s, double *x, double *r, double *memory);
int az_adam_memory(int cols);
void az_adam_reset(double *memory, int cols);
az_step az_adam_step(az_solver *s, double *x, double *r, double *memory);
int az_lbfgs_memory(int cols);
void az_lbfgs_reset(double *memory, int cols);
az_step az_lbfgs_step(az_solver *s, double *x, double *r, double *memory);
int az_ssbroyden_memory(int cols);
void az_ssbroyden_reset(double *memory, int cols);
az_step az_ssbroyden_step(az_solver *s, double *x, double *r, double *memory);

#endif
