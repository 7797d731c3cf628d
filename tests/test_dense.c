/* dense: products, Cholesky and QR have residuals at the level of rounding for every size from 1 to 200, and the same bits for any number of
 * threads. AZ_SEED in the environment replays a run. */
#include "solve/dense.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE_MAX_N 200
#define RATIO_MAX 30.0 /* of the residual to n eps |A|: LAPACK's own test threshold */

static az_rng rng;

static double *matrix(int ld, int n)
{
    double *a = az_doubles((size_t)ld * (size_t)n);

    assert_non_null(a);
    for (int i = 0; i < ld * n; i++) a[i] = az_rng_normal(&rng);
    return a;
}

static double *copy_of(const double *a, size_t n)
{
    double *b = az_doubles(n);

    assert_non_null(b);
    memcpy(b, a, n * sizeof *b);
    return b;
}

/* sum over i < n of x[i] y[i] in long double, and of the absolute values */
static double exact_dot(const double *x, int dx, const double *y, int dy, int n, double *size)
{
    long double s = 0, m = 0;

    for (int i = 0; i < n; i++) {
        s += (long double)x[(size_t)i * (size_t)dx] * y[(size_t)i * (size_t)dy];
        m += fabsl((long double)x[(size_t)i * (size_t)dx] * y[(size_t)i * (size_t)dy]);
    }
    *size = (double)m;
    return (double)s;
}

static void assert_dot(double value, const double *x, int dx, const double *y, int dy, int n, const char *what, int i, int j)
{
    double size, exact = exact_dot(x, dx, y, dy, n, &size);

    if (!(fabs(value - exact) <= (n + 2) * DBL_EPSILON * size)) fail_msg("%s (%d, %d) of length %d: %.17g, not %.17g", what, i, j, n, value, exact);
}

/* (A'A)_ij = a_i . a_j in the lower triangle; columns beyond n and rows beyond m are not read */
static void gram(void **state)
{
    (void)state;
    for (int n = 1; n <= SIZE_MAX_N; n += n < 6 ? 1 : n < 90 ? 17 : 13) {
        const int m = 1 + (int)(az_rng_next(&rng) % 150), lda = (m + 7) / 8 * 8 + 8, ldc = n + (int)(az_rng_next(&rng) % 3);
        double *a = matrix(lda, n), *c = matrix(ldc, n), *again = matrix(ldc, n);
        for (int j = 0; j < n; j++)
            for (int i = m; i < lda; i++) a[j * lda + i] = NAN;
        az_dense_gram(c, ldc, a, lda, m, n, 1);
        for (int j = 0; j < n; j++)
            for (int i = j; i < n; i++) assert_dot(c[j * ldc + i], a + i * lda, 1, a + j * lda, 1, m, "gram", i, j);
        for (int threads = 2; threads <= 3; threads++) {
            az_dense_gram(again, ldc, a, lda, m, n, threads);
            for (int j = 0; j < n; j++) assert_memory_equal(again + j * ldc + j, c + j * ldc + j, sizeof(double) * (size_t)(n - j));
        }
        az_doubles_free(a);
        az_doubles_free(c);
        az_doubles_free(again);
    }
}

static void products_with_vectors(void **state)
{
    (void)state;
    for (int n = 1; n <= SIZE_MAX_N; n += n < 6 ? 1 : 19) {
        const int m = 1 + (int)(az_rng_next(&rng) % 150), lda = (m + 7) / 8 * 8;
        double *a = matrix(lda, n), *x = matrix(m, 1), *y = matrix(n, 1), *again = matrix(n, 1), *v = matrix(n, 1), *w = matrix(m, 1);
        az_dense_apply_t(y, a, lda, x, m, n, 1);
        for (int j = 0; j < n; j++) assert_dot(y[j], a + j * lda, 1, x, 1, m, "apply_t", j, 0);
        for (int threads = 2; threads <= 3; threads++) {
            az_dense_apply_t(again, a, lda, x, m, n, threads);
            assert_memory_equal(again, y, sizeof(double) * (size_t)n);
        }
        assert_dot(az_dense_dot(x, w, m), x, 1, w, 1, m, "dot", 0, 0);
        double *all[] = {a, x, y, again, v, w};
        for (int k = 0; k < 6; k++) az_doubles_free(all[k]);
    }
}

/* A symmetric positive definite matrix B'B + shift, both triangles. */
static double *definite(int n, double shift)
{
    double *b = matrix(n, n), *a = az_doubles((size_t)n * (size_t)n), size;

    assert_non_null(a);
    for (int j = 0; j < n; j++)
        for (int i = 0; i < n; i++) a[j * n + i] = exact_dot(b + i * n, 1, b + j * n, 1, n, &size) + (i == j ? shift : 0);
    az_doubles_free(b);
    return a;
}

static double one_norm(const double *a, int ld, int m, int n)
{
    double worst = 0;

    for (int j = 0; j < n; j++) {
        double s = 0;
        for (int i = 0; i < m; i++) s += fabs(a[j * ld + i]);
        worst = fmax(worst, s);
    }
    return worst;
}

/* |A - LL'| / (n eps |A|), the strict upper triangle of l taken as zero */
static double cholesky_ratio(const double *a, const double *l, int n)
{
    double worst = 0;

    for (int j = 0; j < n; j++) {
        double s = 0, size;
        for (int i = 0; i < n; i++) s += fabs(a[j * n + i] - exact_dot(l + i, n, l + j, n, (i < j ? i : j) + 1, &size));
        worst = fmax(worst, s);
    }
    return worst / (n * DBL_EPSILON * one_norm(a, n, n, n));
}

/* |Ax - b| / (n eps |A| |x|) */
static double solution_ratio(const double *a, const double *x, const double *b, int n)
{
    double s = 0, t = 0, size;

    for (int i = 0; i < n; i++) s += fabs(exact_dot(a + i, n, x, 1, n, &size) - b[i]);
    for (int i = 0; i < n; i++) t += fabs(x[i]);
    return s / (n * DBL_EPSILON * one_norm(a, n, n, n) * t);
}

static void lower_triangles_equal(const double *a, const double *b, int n)
{
    for (int j = 0; j < n; j++) assert_memory_equal(a + j * n + j, b + j * n + j, sizeof(double) * (size_t)(n - j));
}

static void cholesky(void **state)
{
    (void)state;
    for (int n = 1; n <= SIZE_MAX_N; n += n < 6 || (n > 92 && n < 99) || n == 191 || n == 192 ? 1 : 7) {
        double *a = definite(n, 1e-3 * n), *l = copy_of(a, (size_t)n * (size_t)n), *b = matrix(n, 1), *x = copy_of(b, (size_t)n);
        for (int j = 0; j < n; j++)
            for (int i = 0; i < j; i++) l[j * n + i] = NAN; /* the upper triangle is not read */
        double *start = copy_of(l, (size_t)n * (size_t)n);
        assert_true(az_dense_cholesky(l, n, n, 1));
        double ratio = cholesky_ratio(a, l, n);
        if (!(ratio <= RATIO_MAX)) fail_msg("cholesky of %d: ratio %g", n, ratio);
        az_dense_cholesky_solve(l, n, n, x);
        ratio = solution_ratio(a, x, b, n);
        if (!(ratio <= RATIO_MAX)) fail_msg("cholesky_solve of %d: ratio %g", n, ratio);
        for (int threads = 2; threads <= 3; threads++) {
            double *again = copy_of(start, (size_t)n * (size_t)n);
            assert_true(az_dense_cholesky(again, n, n, threads));
            lower_triangles_equal(again, l, n);
            az_doubles_free(again);
        }
        double *all[] = {a, l, b, x, start};
        for (int k = 0; k < 5; k++) az_doubles_free(all[k]);
    }
}

/* One negative pivot anywhere is found, whatever the tile; so are zero and NaN. */
static void not_definite(void **state)
{
    static const int sizes[] = {1, 2, 5, 95, 96, 97, 193, 200};

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int bad = 0; bad < 3; bad++) {
            const int n = sizes[k], at = (int)(az_rng_next(&rng) % (unsigned)n);
            double *a = definite(n, 1.0);
            for (int i = 0; i < n && bad == 1; i++) a[at * n + i] = a[i * n + at] = 0;
            if (bad != 1) a[at * n + at] = bad ? NAN : -1.0;
            if (az_dense_cholesky(a, n, n, 2)) fail_msg("size %d, pivot %d, kind %d: accepted", n, at, bad);
            az_doubles_free(a);
        }
}

/* The least squares residual is orthogonal to the columns: |A'(b - Ax)| / (m eps |A| |b|); LAPACK dqrt17. */
static void qr(void **state)
{
    (void)state;
    for (int n = 1; n <= SIZE_MAX_N; n += n < 6 ? 1 : 23) {
        const int m = n + (int)(az_rng_next(&rng) % 60), lda = m + (int)(az_rng_next(&rng) % 3);
        double *a = matrix(lda, n), *b = matrix(m, 1), *work = copy_of(a, (size_t)lda * (size_t)n), *x = copy_of(b, (size_t)m), *r = copy_of(b, (size_t)m);
        double size, s = 0, norm_b = 0;
        double *tau = matrix(n, 1);
        assert_true(az_dense_qr(work, lda, tau, m, n) && az_dense_qr_apply_t(work, lda, tau, x, m, n) && az_dense_qr_solve(work, lda, x, n));
        for (int i = 0; i < m; i++) r[i] -= exact_dot(a + i, lda, x, 1, n, &size);
        for (int j = 0; j < n; j++) s += fabs(exact_dot(a + j * lda, 1, r, 1, m, &size));
        for (int i = 0; i < m; i++) norm_b += fabs(b[i]);
        double norm_x = 0;
        for (int j = 0; j < n; j++) norm_x += fabs(x[j]);
        double norm = one_norm(a, lda, m, n), ratio = s / (m * DBL_EPSILON * norm * (norm_b + norm * norm_x));
        if (!(ratio <= RATIO_MAX)) fail_msg("qr of %d x %d: ratio %g", m, n, ratio);
        memset(a + (size_t)(n - 1) * (size_t)lda, 0, sizeof(double) * (size_t)m); /* a zero column: an exactly zero pivot */
        assert_true(az_dense_qr(a, lda, tau, m, n) && !az_dense_qr_solve(a, lda, b, n));
        a[0] = NAN;
        assert_false(az_dense_qr(a, lda, tau, m, n));
        double *all[] = {a, b, work, x, r, tau};
        for (int k = 0; k < 6; k++) az_doubles_free(all[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gram),         cmocka_unit_test(products_with_vectors), cmocka_unit_test(cholesky),
        cmocka_unit_test(not_definite), cmocka_unit_test(qr),
    };

    seed_from_environment(&rng);
    az_dense_init(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
