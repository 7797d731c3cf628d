/* slope.c: how the first defect changes with the first unknown along the solutions beside a profile. What an unknown shows of a residual at the
 * origin is that over the slope. */
#include "solve/square.h"

#include <math.h>
#include <string.h>

/* What may move: weights, then unknowns but the first; the defect last. Their number. */
static int choose(int *list, const az_run *run, int defect)
{
    const int networks = run->f.cols - run->n_unknowns;
    int n = 0;
    for (int j = 0; j < networks; j++) list[n++] = j;
    for (int i = 1; i < run->n_unknowns; i++)
        if (!az_run_held(run, i)) list[n++] = networks + i;
    list[n++] = networks + defect;
    return n;
}

/* These columns in the place of the first n, each of length 1; that of the last. Only the last may lie before its new place. */
static double gather(double *jac, const int *list, int n, int rows, int ld, double *last)
{
    double norm = 0;
    memcpy(last, jac + (size_t)list[n - 1] * (size_t)ld, sizeof *last * (size_t)rows);
    for (int k = 0; k < n; k++) {
        const double *from = k + 1 < n ? jac + (size_t)list[k] * (size_t)ld : last;
        double *to = jac + (size_t)k * (size_t)ld;
        norm = sqrt(az_dense_dot(from, from, rows));
        for (int i = 0; i < rows; i++) to[i] = norm > 0 ? from[i] / norm : 0;
    }
    return norm;
}

/* x[n - 1] of the least squares problem a x = b by QR; NaN where that fails. b is overwritten. */
static az_status solve_last(double *x, double *a, int ld, double *b, int m, int n)
{
    double *tau = az_doubles((size_t)n);
    if (!tau) return AZ_ENOMEM;
    if (n <= m && az_dense_qr(a, ld, tau, m, n) && az_dense_qr_apply_t(a, ld, tau, b, m, n))
        *x = b[n - 1] / a[(size_t)(n - 1) * (size_t)ld + (size_t)(n - 1)];
    az_doubles_free(tau);
    return AZ_OK;
}

/* The last unknown of the least squares problem J d = -dr/d(unknown): the others leave of the defect's column what is orthogonal to theirs. */
static az_status least_squares(const az_run *run, double *slope, int defect)
{
    const int m = az_program_rows(run->program), networks = run->f.cols - run->n_unknowns, ld = run->f.ld;
    double *jac = az_doubles((size_t)run->f.cols * (size_t)ld), *b = az_doubles((size_t)m), *last = az_doubles((size_t)m), x = NAN;
    int *list = az_calloc((size_t)run->f.cols, sizeof *list), n = list ? choose(list, run, defect) : 0;
    const az_binding binding = az_run_binding(run);
    az_status st = jac && b && last && list ? az_program_jacobian(run->program, &binding, jac, ld) : AZ_ENOMEM;
    if (!st) {
        memcpy(b, jac + (size_t)networks * (size_t)ld, sizeof *b * (size_t)m);
        const double norm = gather(jac, list, n, m, ld, last);
        st = solve_last(&x, jac, ld, b, m, n);
        *slope = -x / norm;
    }
    double *all[] = {jac, b, last};
    for (int i = 0; i < 3; i++) az_doubles_free(all[i]);
    az_realloc(list, 0);
    return st;
}

az_status az_run_slope(az_run *run)
{
    const az_problem *p = run->p;
    const az_stop stop = run->r->stop;
    double *slope = &run->r->evidence.defect_slope;
    if (p->dim > 1 && !run->square) return AZ_OK;
    *slope = NAN;
    if (stop == AZ_STOP_CANCELLED || stop == AZ_STOP_NONFINITE || stop == AZ_STOP_NO_MODE) return AZ_OK;
    if (!p->n_defects || az_problem_n_unknowns(p) < 1 || az_run_held(run, 0)) return AZ_OK;
    run->f.residual(run, run->residual, run->x);
    if (run->failed) return az_fail(run->err, run->failed, "out of memory");
    if (run->square) return az_square_slope(run, slope);
    const az_status st = least_squares(run, slope, az_problem_first_defect(p) - p->n_parameters);
    return st ? az_fail(run->err, st, "out of memory") : AZ_OK;
}
