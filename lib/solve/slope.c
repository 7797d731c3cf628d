/* slope.c: how the first defect changes with the first unknown along the solutions beside a profile. What an unknown shows of a residual at the
 * origin is that over the slope. */
#include "solve/square.h"

#include <math.h>
#include <string.h>

/* Columns of the Jacobian in the order of the list, each of length 1. */
static void gather(double *a, const double *jac, const int *list, int n, int rows, int ld)
{
    for (int k = 0; k < n; k++) {
        const double *from = jac + (size_t)list[k] * (size_t)ld;
        const double norm = sqrt(az_dense_dot(from, from, rows));
        for (int i = 0; i < rows; i++) a[(size_t)k * (size_t)rows + (size_t)i] = norm > 0 ? from[i] / norm : 0;
    }
}

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

/* The last unknown of the least squares problem J d = -dr/d(unknown): the others leave of the defect's column what is orthogonal to theirs. */
static az_status least_squares(const az_run *run, double *slope, int defect)
{
    const int own = az_program_rows(run->program), networks = run->f.cols - run->n_unknowns;
    const size_t m = (size_t)own, n = (size_t)run->f.cols, ld = (size_t)run->f.ld;
    double *jac = az_doubles(n * ld), *a = az_doubles(n * m), *tau = az_doubles(n), *b = az_doubles(m);
    int *list = az_calloc(n, sizeof *list), k = list ? choose(list, run, defect) : 0;
    const az_binding binding = az_run_binding(run);
    az_status st = jac && a && tau && b && list ? az_program_jacobian(run->program, &binding, jac, run->f.ld) : AZ_ENOMEM;
    if (!st) {
        const double *column = jac + (size_t)list[k - 1] * ld;
        gather(a, jac, list, k, own, run->f.ld);
        memcpy(b, jac + (size_t)networks * ld, sizeof *b * (size_t)own);
        if (k <= own && az_dense_qr(a, own, tau, own, k) && az_dense_qr_apply_t(a, own, tau, b, own, k))
            *slope = -b[k - 1] / a[(size_t)(k - 1) * (size_t)own + (size_t)(k - 1)] / sqrt(az_dense_dot(column, column, own));
    }
    double *all[] = {jac, a, tau, b};
    for (int i = 0; i < 4; i++) az_doubles_free(all[i]);
    az_realloc(list, 0);
    return st;
}

az_status az_run_slope(az_run *run, double *slope)
{
    const az_problem *p = run->p;
    *slope = NAN;
    if (!p->n_defects || az_problem_n_unknowns(p) < 1 || az_run_held(run, 0)) return AZ_OK;
    run->f.residual(run, run->residual, run->x);
    if (run->square) return az_square_slope(run, slope);
    az_status st = p->dim == 1 ? least_squares(run, slope, az_problem_first_defect(p) - p->n_parameters) : AZ_OK;
    return st ? az_fail(run->err, st, "out of memory") : AZ_OK;
}
