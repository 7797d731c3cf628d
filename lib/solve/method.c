#include "solve/solver.h"

#include <math.h>

#define ARRAYS 13

/* An array of the solver: rows by columns, none where one of them is 0. */
typedef struct array {
    double **at;
    size_t rows, columns;
} array;

/* All that a solver has for f, in its fields. */
static void arrays(array a[ARRAYS], az_solver *s, az_method method, const az_objective *f)
{
    const size_t n = (size_t)f->cols, m = (size_t)f->rows, cholesky = method == AZ_METHOD_LM, qr = method == AZ_METHOD_LM_QR;
    const array all[ARRAYS] = {{&s->jac, (size_t)f->ld, n},
                               {&s->d, n, 1},
                               {&s->x_new, n, 1},
                               {&s->r_new, m, 1},
                               {&s->g, n, 1},
                               {&s->scale, n, 1},
                               {&s->step, n, f->curved},
                               {&s->gram, n, cholesky * n},
                               {&s->factor, n, cholesky * n},
                               {&s->qr, m, qr * n},
                               {&s->damped, 2 * n, qr * n},
                               {&s->tau, 2 * n, qr},
                               {&s->rhs, m > 2 * n ? m : 2 * n, qr}};
    for (int k = 0; k < ARRAYS; k++) a[k] = all[k];
}

double az_solver_bytes(az_method method, const az_objective *f)
{
    az_solver none;
    array a[ARRAYS];
    double sum = 0;
    arrays(a, &none, method, f);
    for (int k = 0; k < ARRAYS; k++) sum += (double)a[k].rows * (double)a[k].columns;
    return sizeof(double) * sum;
}

az_status az_solver_create(az_solver **out, az_method method, const az_objective *f)
{
    az_solver *s = az_calloc(1, sizeof *s);
    array a[ARRAYS];
    bool ok = true;
    *out = s;
    if (!s) return AZ_ENOMEM;
    s->method = method;
    s->f = *f;
    arrays(a, s, method, f);
    for (int k = 0; k < ARRAYS && ok; k++) {
        if (!a[k].rows || !a[k].columns) continue;
        *a[k].at = az_doubles(a[k].rows * a[k].columns);
        ok = *a[k].at;
    }
    if (ok) return AZ_OK;
    az_solver_destroy(s);
    *out = NULL;
    return AZ_ENOMEM;
}

void az_solver_destroy(az_solver *s)
{
    array a[ARRAYS];
    if (!s) return;
    arrays(a, s, s->method, &s->f);
    for (int k = 0; k < ARRAYS; k++) az_doubles_free(*a[k].at);
    az_realloc(s, 0);
}

double az_solver_residual(az_solver *s, double *r, const double *x)
{
    double t = az_seconds();
    s->f.residual(s->f.data, r, x);
    s->times.residual += az_seconds() - t;
    s->times.n_residuals++;
    double v = az_dense_dot(r, r, s->f.rows);
    return isfinite(v) ? v : INFINITY;
}

az_status az_solver_gradient(az_solver *s, double *g, const double *x, const double *r)
{
    double t = az_seconds();
    az_status st = s->f.jacobian(s->f.data, s->jac, x);
    s->times.jacobian += az_seconds() - t;
    s->times.n_jacobians++;
    if (!st) az_dense_apply_t(g, s->jac, s->f.ld, r, s->f.rows, s->f.cols, s->f.threads);
    return st;
}

int az_solver_memory(az_method method, int cols)
{
    switch (method) {
    case AZ_METHOD_ADAM: return az_adam_memory(cols);
    case AZ_METHOD_LBFGS: return az_lbfgs_memory(cols);
    case AZ_METHOD_SSBROYDEN: return az_ssbroyden_memory(cols);
    default: return 1;
    }
}

void az_solver_reset(az_method method, double *memory, int cols)
{
    switch (method) {
    case AZ_METHOD_ADAM: az_adam_reset(memory, cols); break;
    case AZ_METHOD_LBFGS: az_lbfgs_reset(memory, cols); break;
    case AZ_METHOD_SSBROYDEN: az_ssbroyden_reset(memory, cols); break;
    default: az_lm_reset(memory);
    }
}

az_step az_solver_step(az_solver *s, double *x, double *r, double *memory)
{
    switch (s->method) {
    case AZ_METHOD_ADAM: return az_adam_step(s, x, r, memory);
    case AZ_METHOD_LBFGS: return az_lbfgs_step(s, x, r, memory);
    case AZ_METHOD_SSBROYDEN: return az_ssbroyden_step(s, x, r, memory);
    default: return az_lm_step(s, x, r, memory);
    }
}

const az_solver_times *az_solver_get_times(const az_solver *s) { return &s->times; }
