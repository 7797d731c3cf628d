/* least.c: linear least squares by normal equations. Bits are cheap here, and squaring the condition number only costs bits, so that the simplest
 * method does. Radii are ignored: arb_approx_dot works on midpoints. */
#include "hardy/hardy.h"

#include <math.h>

#define ALONE 128    /* columns below which waiting for other threads costs more than they save */
#define NOISE_BITS 6 /* a pivot below 2^6 n units of rounding is taken for noise */

void az_least_init(az_least *q, int n_cols, int n_rows, slong bits, int threads)
{
    *q = (az_least){.n_cols = n_cols, .n_rows = n_rows, .bits = bits, .threads = threads};
    q->column = _arb_vec_init((slong)(n_cols + 1) * n_rows);
    q->solution = _arb_vec_init(n_cols);
}

void az_least_clear(az_least *q)
{
    _arb_vec_clear(q->column, (slong)(q->n_cols + 1) * q->n_rows);
    _arb_vec_clear(q->solution, q->n_cols);
}

static void dot(arb_t out, const az_least *q, int i, int j)
{
    arb_approx_dot(out, NULL, 0, AZ_LEAST(q, 0, i), 1, AZ_LEAST(q, 0, j), 1, q->n_rows, q->bits);
}

/* Divides each column by its norm, kept in norm[n_cols]; a zero column by 1. */
static void scale_columns(arb_ptr norm, az_least *q)
{
#pragma omp parallel for schedule(static) num_threads(q->threads)
    for (int i = 0; i < q->n_cols; i++) {
        dot(norm + i, q, i, i);
        arb_get_mid_arb(norm + i, norm + i);
        if (arb_is_zero(norm + i)) arb_one(norm + i);
        arb_sqrt(norm + i, norm + i, q->bits);
        arb_get_mid_arb(norm + i, norm + i);
        for (int k = 0; k < q->n_rows; k++) {
            arb_div(AZ_LEAST(q, k, i), AZ_LEAST(q, k, i), norm + i, q->bits);
            arb_get_mid_arb(AZ_LEAST(q, k, i), AZ_LEAST(q, k, i));
        }
    }
}

/* a[n][n], rows i, columns j <= i */
static void gram(arb_ptr a, const az_least *q)
{
    const int n = q->n_cols;
#pragma omp parallel for schedule(dynamic) num_threads(q->threads)
    for (int i = n - 1; i >= 0; i--)
        for (int j = 0; j <= i; j++) dot(a + (slong)i * n + j, q, i, j);
}

/* a = L L^T in place, row by row. Returns the logarithm of the smallest pivot, or -1. */
static slong factor(arb_ptr a, int n, slong bits, int threads)
{
    slong lost = 0, noise = bits - NOISE_BITS - FLINT_BIT_COUNT((ulong)n);
    arb_t t;
    bool ok = true;

    arb_init(t);
    for (int j = 0; j < n && ok; j++) {
        arb_ptr row = a + (slong)j * n, pivot = row + j;
        arb_approx_dot(pivot, pivot, 1, row, 1, row, 1, j, bits);
        arb_get_mid_arb(pivot, pivot);
        slong size = arb_is_positive(pivot) ? arf_abs_bound_lt_2exp_si(arb_midref(pivot)) : -noise;
        if (-size > lost) lost = -size;
        ok = lost < noise;
        if (!ok) break;
        arb_sqrt(pivot, pivot, bits);
        arb_inv(t, pivot, bits);
        arb_get_mid_arb(pivot, pivot);
        arb_get_mid_arb(t, t);
#pragma omp parallel for schedule(static) num_threads(threads) if (n > ALONE)
        for (int i = j + 1; i < n; i++) {
            arb_ptr below = a + (slong)i * n;
            arb_approx_dot(below + j, below + j, 1, below, 1, row, 1, j, bits);
            arb_mul(below + j, below + j, t, bits);
            arb_get_mid_arb(below + j, below + j);
        }
    }
    arb_clear(t);
    return ok ? lost : -1;
}

static void substitute(arb_ptr x, arb_srcptr a, int n, slong bits)
{
    for (int i = 0; i < n; i++) {
        arb_approx_dot(x + i, x + i, 1, a + (slong)i * n, 1, x, 1, i, bits);
        arb_div(x + i, x + i, a + (slong)i * n + i, bits);
        arb_get_mid_arb(x + i, x + i);
    }
    for (int i = n - 1; i >= 0; i--) {
        arb_approx_dot(x + i, x + i, 1, a + (slong)(i + 1) * n + i, n, x + i + 1, 1, n - 1 - i, bits);
        arb_div(x + i, x + i, a + (slong)i * n + i, bits);
        arb_get_mid_arb(x + i, x + i);
    }
}

slong az_least_solve(arb_ptr x, az_least *q)
{
    const int n = q->n_cols;
    const slong size = (slong)n * n;
    arb_ptr norm = _arb_vec_init(n), a = _arb_vec_init(size);

    scale_columns(norm, q);
    gram(a, q);
    slong lost = factor(a, n, q->bits, q->threads);
    if (lost >= 0) {
        for (int i = 0; i < n; i++) dot(q->solution + i, q, i, n);
        substitute(q->solution, a, n, q->bits);
        for (int i = 0; i < n; i++) {
            arb_div(x + i, q->solution + i, norm + i, q->bits);
            arb_get_mid_arb(x + i, x + i);
        }
    }
    _arb_vec_clear(norm, n);
    _arb_vec_clear(a, size);
    return lost;
}

double az_least_residual(const az_least *q)
{
    arb_t sum, t;

    arb_init(sum);
    arb_init(t);
    for (int i = 0; i < q->n_rows; i++) {
        arb_approx_dot(t, AZ_LEAST(q, i, q->n_cols), 1, AZ_LEAST(q, i, 0), q->n_rows, q->solution, 1, q->n_cols, q->bits);
        arb_get_mid_arb(t, t);
        arb_addmul(sum, t, t, q->bits);
    }
    double result = sqrt(arf_get_d(arb_midref(sum), ARF_RND_NEAR) / q->n_rows);
    arb_clear(sum);
    arb_clear(t);
    return result;
}
