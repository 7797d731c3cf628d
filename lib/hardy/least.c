/* least.c: linear least squares by normal equations. Bits are cheap here, and squaring the condition number only costs bits, so that the simplest
 * method does; and once they stand, another damping or fewer columns cost only another factorisation. Radii are ignored: arb_approx_dot works on midpoints. */
#include "hardy/hardy.h"

#include <math.h>

#define ALONE 128    /* columns below which waiting for other threads costs more than they save */
#define NOISE_BITS 6 /* a pivot below 2^6 n units of rounding is taken for noise */

void az_least_init(az_least *q, int n_cols, int n_damped, int n_rows, slong bits, int threads)
{
    const slong size = n_cols + 1;

    *q = (az_least){.n_cols = n_cols, .n_damped = n_damped, .n_rows = n_rows, .bits = bits, .threads = threads};
    q->column = _arb_vec_init(size * n_rows);
    q->norm = _arb_vec_init(size);
    q->gram = _arb_vec_init(size * size);
}

void az_least_clear(az_least *q)
{
    const slong size = q->n_cols + 1;

    _arb_vec_clear(q->column, size * q->n_rows);
    _arb_vec_clear(q->norm, size);
    _arb_vec_clear(q->gram, size * size);
}

static void dot(arb_t out, const az_least *q, int i, int j)
{
    arb_approx_dot(out, NULL, 0, AZ_LEAST(q, 0, i), 1, AZ_LEAST(q, 0, j), 1, q->n_rows, q->bits);
    arb_get_mid_arb(out, out);
}

/* Divides each column by its norm; a zero column and the right side by 1. */
static void scale_columns(az_least *q)
{
    arb_one(q->norm + q->n_cols);
#pragma omp parallel for schedule(static) num_threads(q->threads)
    for (int i = 0; i < q->n_cols; i++) {
        arb_ptr norm = q->norm + i;
        dot(norm, q, i, i);
        if (arb_is_zero(norm)) arb_one(norm);
        arb_sqrt(norm, norm, q->bits);
        arb_get_mid_arb(norm, norm);
        for (int k = 0; k < q->n_rows; k++) {
            arb_div(AZ_LEAST(q, k, i), AZ_LEAST(q, k, i), norm, q->bits);
            arb_get_mid_arb(AZ_LEAST(q, k, i), AZ_LEAST(q, k, i));
        }
    }
}

void az_least_form(az_least *q)
{
    const int size = q->n_cols + 1;

    scale_columns(q);
#pragma omp parallel for schedule(dynamic) num_threads(q->threads)
    for (int i = size - 1; i >= 0; i--)
        for (int j = 0; j <= i; j++) dot(q->gram + (slong)i * size + j, q, i, j);
}

/* a = L L^T in place for rows and columns below n, row by row; what stands in row n becomes the right side's row of L, and a[n][n] what is left of it.
 * Returns the logarithm of the smallest pivot, or -1. */
static slong factor(arb_ptr a, int n, slong bits, int threads)
{
    slong lost = 0, noise = bits - NOISE_BITS - FLINT_BIT_COUNT((ulong)n);
    const slong size = n + 1;
    arb_t t;

    arb_init(t);
    for (int j = 0; j < n && lost >= 0; j++) {
        arb_ptr row = a + j * size, pivot = row + j;
        arb_approx_dot(pivot, pivot, 1, row, 1, row, 1, j, bits);
        arb_get_mid_arb(pivot, pivot);
        slong left = arb_is_positive(pivot) ? -arf_abs_bound_lt_2exp_si(arb_midref(pivot)) : noise;
        if (left > lost) lost = left;
        if (lost >= noise) lost = -1;
        if (lost < 0) break;
        arb_sqrt(pivot, pivot, bits);
        arb_inv(t, pivot, bits);
        arb_get_mid_arb(pivot, pivot);
        arb_get_mid_arb(t, t);
#pragma omp parallel for schedule(static) num_threads(threads) if (n > ALONE)
        for (int i = j + 1; i <= n; i++) {
            arb_ptr below = a + i * size;
            arb_approx_dot(below + j, below + j, 1, below, 1, row, 1, j, bits);
            arb_mul(below + j, below + j, t, bits);
            arb_get_mid_arb(below + j, below + j);
        }
    }
    arb_srcptr last = a + n * size;
    arb_approx_dot(a + n * size + n, last + n, 1, last, 1, last, 1, n, bits);
    arb_clear(t);
    return lost;
}

/* x[n] from the right side's row of L, by L^T x = it. */
static void substitute(arb_ptr x, arb_srcptr a, int n, slong bits)
{
    const slong size = n + 1;

    for (int i = n - 1; i >= 0; i--) {
        arb_approx_dot(x + i, a + n * size + i, 1, a + (i + 1) * size + i, size, x + i + 1, 1, n - 1 - i, bits);
        arb_div(x + i, x + i, a + i * size + i, bits);
        arb_get_mid_arb(x + i, x + i);
    }
}

static bool wanted(const az_least *q, const unsigned char *drop, int i)
{
    return i == q->n_cols || !drop || !drop[i];
}

/* The normal equations of the columns wanted, n and the right side, damped. */
static void collect(arb_ptr a, const az_least *q, const unsigned char *drop, int n, double tau)
{
    const slong size = n + 1;
    arb_t square;

    arb_init(square);
    arb_set_d(square, tau);
    arb_mul(square, square, square, q->bits);
    for (int i = 0, row = 0; i <= q->n_cols; i++) {
        if (!wanted(q, drop, i)) continue;
        for (int j = 0, col = 0; j <= i; j++)
            if (wanted(q, drop, j)) arb_set(a + row * size + col++, q->gram + (slong)i * (q->n_cols + 1) + j);
        arb_ptr pivot = a + row * size + row;
        if (i < q->n_damped) arb_add(pivot, pivot, square, q->bits);
        arb_get_mid_arb(pivot, pivot);
        row++;
    }
    arb_clear(square);
}

static double root_mean(const arb_t sum, int n)
{
    return arb_is_negative(sum) ? 0 : sqrt(arf_get_d(arb_midref(sum), ARF_RND_NEAR) / n);
}

slong az_least_solve(arb_ptr x, double *rms, const az_least *q, double tau, const unsigned char *drop)
{
    int n = 0;

    for (int i = 0; i < q->n_cols; i++) n += wanted(q, drop, i);
    const slong size = (slong)(n + 1) * (n + 1);
    arb_ptr a = _arb_vec_init(size), y = _arb_vec_init(n);
    collect(a, q, drop, n, tau);
    slong lost = factor(a, n, q->bits, q->threads);
    *rms = lost < 0 ? NAN : root_mean(a + size - 1, q->n_rows);
    if (lost >= 0 && x) {
        substitute(y, a, n, q->bits);
        for (int i = 0, k = 0; i < q->n_cols; i++) {
            arb_zero(x + i);
            if (!wanted(q, drop, i)) continue;
            arb_div(x + i, y + k++, q->norm + i, q->bits);
            arb_get_mid_arb(x + i, x + i);
        }
    }
    _arb_vec_clear(a, size);
    _arb_vec_clear(y, n);
    return lost;
}
