#include "solve/solver.h"

#include <math.h>

az_status az_solver_create(az_solver **out, az_method method, const az_objective *f)
{
    az_solver *s = az_calloc(1, sizeof *s);
    *out = s;
    if (!s) return AZ_ENOMEM;
    size_t n = (size_t)f->cols, m = (size_t)f->rows;
    bool cholesky = method == AZ_METHOD_LM, qr = method == AZ_METHOD_LM_QR;
    s->method = method;
    s->f = *f;
    s->jac = az_doubles(n * (size_t)f->ld);
    s->d = az_doubles(n);
    s->x_new = az_doubles(n);
    s->r_new = az_doubles(m);
    s->g = az_doubles(n);
    s->scale = az_doubles(n);
    s->step = f->curved ? az_doubles(n) : NULL;
    s->gram = cholesky ? az_doubles(n * n) : NULL;
    s->factor = cholesky ? az_doubles(n * n) : NULL;
    s->qr = qr ? az_doubles(m * n) : NULL;
    s->damped = qr ? az_doubles(2 * n * n) : NULL;
    s->tau = qr ? az_doubles(2 * n) : NULL;
    s->rhs = qr ? az_doubles(m > 2 * n ? m : 2 * n) : NULL;
    if (s->jac && s->d && s->x_new && s->r_new && s->g && s->scale && (!f->curved || s->step) && (!cholesky || (s->gram && s->factor)) &&
        (!qr || (s->qr && s->damped && s->tau && s->rhs)))
        return AZ_OK;
    az_solver_destroy(s);
    *out = NULL;
    return AZ_ENOMEM;
}

void az_solver_destroy(az_solver *s)
{
    if (!s) return;
    az_doubles_free(s->jac);
    az_doubles_free(s->d);
    az_doubles_free(s->x_new);
    az_doubles_free(s->r_new);
    az_doubles_free(s->g);
    az_doubles_free(s->scale);
    az_doubles_free(s->step);
    az_doubles_free(s->gram);
    az_doubles_free(s->factor);
    az_doubles_free(s->qr);
    az_doubles_free(s->damped);
    az_doubles_free(s->tau);
    az_doubles_free(s->rhs);
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
