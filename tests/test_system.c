/* system: the error of a functional is sum |w| (residual + noise), A'w = g, w the shortest; by blocks as dense; what no row sees is infinite. */
#include "verify/system.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A system of blocks, and the same matrix as one block. */
typedef struct pair {
    az_system *chain, *dense;
} pair;

static double random_entry(az_rng *g) { return az_rng_normal(g) * pow(10, 2 * az_rng_uniform(g) - 1); }

/* n blocks of `own` columns and `rows` rows, a border; dependent: the last border column is the sum of the first block's columns. */
static pair make(az_rng *g, int n, int own, int rows, int border, int dependent)
{
    int owns[8], all_rows = n * rows, cols = n * own;
    int counts[8];
    pair p;
    for (int b = 0; b < n; b++) owns[b] = own, counts[b] = rows;
    assert_int_equal(az_system_create(&p.chain, n, owns, counts, border), AZ_OK);
    assert_int_equal(az_system_create(&p.dense, 1, &cols, &all_rows, border), AZ_OK);
    for (int b = 0; b < n; b++)
        for (int i = 0; i < rows; i++) {
            double sum = 0;
            for (int j = 0; j < own + (b + 1 < n ? own : 0); j++) {
                const double v = random_entry(g);
                *az_system_at(p.chain, b, i, j) = v;
                *az_system_at(p.dense, 0, b * rows + i, b * own + j) = v;
                if (b == 0 && j < own) sum += v;
            }
            for (int k = 0; k < border; k++) {
                const double v = dependent && k + 1 == border ? sum : random_entry(g);
                *az_system_at(p.chain, b, i, az_system_column_of_border(p.chain, b, k)) = v;
                *az_system_at(p.dense, 0, b * rows + i, cols + k) = v;
            }
            p.chain->block[b].residual[i] = p.dense->block[0].residual[b * rows + i] = fabs(az_rng_normal(g));
            p.chain->block[b].noise[i] = p.dense->block[0].noise[b * rows + i] = fabs(az_rng_normal(g)) * 1e-3;
        }
    return p;
}

static void drop(pair *p)
{
    az_system_destroy(p->chain);
    az_system_destroy(p->dense);
}

/* The two agree, and with one row for each column the weights are those of the inverse: g.d = -w.r for d of A d = -r. */
static void blocks_are_dense(void **state)
{
    az_rng g;
    (void)state;
    az_rng_seed(&g, 7);
    for (int trial = 0; trial < 50; trial++) {
        const int n = 1 + trial % 5, own = 1 + trial % 4, border = trial % 3, rows = own + border + 1 + trial % 3;
        pair p = make(&g, n, own, rows, border, 0);
        const int cols = p.chain->cols;
        double w[64], error[2], norm[2], noise[2], d[2][64];
        for (int j = 0; j < cols; j++) w[j] = az_rng_normal(&g);
        assert_int_equal(az_system_factor(p.chain), AZ_OK);
        assert_int_equal(az_system_factor(p.dense), AZ_OK);
        assert_int_equal(az_system_error(p.chain, &error[0], &norm[0], &noise[0], w), AZ_OK);
        assert_int_equal(az_system_error(p.dense, &error[1], &norm[1], &noise[1], w), AZ_OK);
        if (!(fabs(error[0] / error[1] - 1) < 1e-8) || !(fabs(norm[0] / norm[1] - 1) < 1e-8) || !(noise[0] < error[0]))
            fail_msg("trial %d: %g %g, %g %g", trial, error[0], error[1], norm[0], norm[1]);
        double r[128];
        const double *by_block[8], *whole[1] = {r};
        for (int i = 0; i < n * rows; i++) r[i] = p.dense->block[0].residual[i] * (az_rng_uniform(&g) < 0.5 ? -1 : 1);
        for (int b = 0; b < n; b++) by_block[b] = r + b * rows;
        assert_int_equal(az_system_solve(p.chain, d[0], by_block), AZ_OK);
        assert_int_equal(az_system_solve(p.dense, d[1], whole), AZ_OK);
        double move = 0;
        for (int j = 0; j < cols; j++) {
            if (!(fabs(d[0][j] - d[1][j]) < 1e-7 * (1 + fabs(d[1][j])))) fail_msg("trial %d, column %d: %g %g", trial, j, d[0][j], d[1][j]);
            move += w[j] * d[0][j];
        }
        assert_true(fabs(move) <= error[0] * (1 + 1e-9)); /* the bound that errors are */
        drop(&p);
    }
}

/* A column that depends on others: neither it nor they are determined, what does not need them is, and their sum with weights 1 is. */
static void what_no_row_sees(void **state)
{
    az_rng g;
    double worst = 0, least = INFINITY;
    (void)state;
    az_rng_seed(&g, 11);
    for (int trial = 0; trial < 100; trial++) {
        const int n = 1, own = 2 + trial % 4, rows = 40;
        pair p = make(&g, n, own, rows, 2, 1);
        const int cols = p.dense->cols;
        double w[16] = {0}, error, norm, d[16];
        assert_int_equal(az_system_factor(p.dense), AZ_OK);
        worst = fmax(worst, p.dense->diagonal[cols - 1] / (sqrt(rows) * DBL_EPSILON));
        for (int j = 0; j < cols - 1; j++) least = fmin(least, p.dense->diagonal[j]);
        w[cols - 1] = 1;
        assert_int_equal(az_system_error(p.dense, &error, &norm, NULL, w), AZ_OK);
        assert_true(isinf(error) && isinf(norm));
        w[cols - 1] = 0, w[cols - 2] = 1; /* the other border column is independent */
        assert_int_equal(az_system_error(p.dense, &error, &norm, NULL, w), AZ_OK);
        assert_true(isfinite(error) && error > 0);
        w[cols - 2] = 0, w[cols - 1] = 1, w[0] = 1; /* d = (t, ..., t, 0, -t) is free: this sum does not see it */
        assert_int_equal(az_system_error(p.dense, &error, &norm, NULL, w), AZ_OK);
        assert_true(isfinite(error) && error > 0);
        assert_int_equal(az_system_null(p.dense, d, cols - 1), AZ_OK);
        for (int j = 1; j < own; j++) assert_true(fabs(d[j] / d[0] - 1) < 1e-9);
        assert_true(fabs(d[cols - 1] / d[0] + 1) < 1e-9 && fabs(d[cols - 2]) < 1e-9 * fabs(d[0]));
        drop(&p);
    }
    print_message("diagonal of a dependent column: at most %.2g sqrt(rows) eps; of an independent one at least %.1e\n", worst, least);
    assert_true(worst < 8);
}

/* A small sigma alone is no reason: 1e-11 of a column is seen, and its error is that much larger. */
static void small_is_seen(void **state)
{
    const int cols = 1, rows = 30;
    az_system *s;
    double g[2] = {0, 1}, error, norm;
    (void)state;
    assert_int_equal(az_system_create(&s, 1, &cols, &rows, 1), AZ_OK);
    for (int i = 0; i < rows; i++) {
        *az_system_at(s, 0, i, 0) = 1;
        *az_system_at(s, 0, i, 1) = 1 + (i == 3 ? 1e-11 : 0);
        s->block[0].residual[i] = 1e-16;
    }
    assert_int_equal(az_system_factor(s), AZ_OK);
    assert_int_equal(az_system_error(s, &error, &norm, NULL, g), AZ_OK);
    if (!(error > 1e-5 && error < 1e-4)) fail_msg("%g", error); /* |w|_1 / |w|_2^2 = 2/1e-11 */
    az_system_destroy(s);
    assert_int_equal(az_system_create(&s, 1, &cols, &rows, 0), AZ_OK);
    *az_system_at(s, 0, 0, 0) = NAN;
    assert_int_equal(az_system_factor(s), AZ_EDOMAIN);
    az_system_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_dense), cmocka_unit_test(what_no_row_sees), cmocka_unit_test(small_is_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
