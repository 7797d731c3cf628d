/* dense.h: the dense kernels of the optimisers, tiled so that every number is computed by one serial BLAS call of a fixed shape: the bits do not
 * depend on the thread count. Matrices are column-major. */
#ifndef AZ_DENSE_H
#define AZ_DENSE_H

#include "base/base.h"

/* Lower triangle of c[n][n] (ld ldc) = a' a, a is [m][n] (ld lda). */
void az_dense_gram(double *c, int ldc, const double *a, int lda, int m, int n, int threads);
/* y[n] = a' x, a is [m][n]. */
void az_dense_apply_t(double *y, const double *a, int lda, const double *x, int m, int n, int threads);
/* Lower Cholesky factor in place; false if a pivot is not positive. */
bool az_dense_cholesky(double *a, int lda, int n, int threads);
/* Solves l l' x = b in place. */
void az_dense_cholesky_solve(const double *l, int ldl, int n, double *x);
/* Householder QR in place (LAPACK dgeqrf) of a[m][n]: R in the upper triangle, below it and in tau[min(m, n)] what Q is made of. False where a is not
 * finite. */
bool az_dense_qr(double *a, int lda, double *tau, int m, int n);
/* x[m] = Q' x, Q of n reflections. False where that is not finite. */
bool az_dense_qr_apply_t(const double *a, int lda, const double *tau, double *x, int m, int n);
/* Solves R x = b in place, R[n][n]; false on a singular factor. */
bool az_dense_qr_solve(const double *a, int lda, double *x, int n);
double az_dense_dot(const double *x, const double *y, int n);
/* BLAS to one thread per call, where it is OpenBLAS: our tiles are the parallelism. AZ_ENOMEM where the limits of the process
 * leave no room for its buffer, for which it would wait for ever; with limits, each of these threads takes its own here. */
az_status az_dense_init(int threads);

#endif
