/* chain: the solution of a bordered chain of blocks is that of the dense system, to the residual that rounding allows, for random shapes; the bits do not depend
 * on the threads; a singular system, too few rows and a failed allocation are said. AZ_SEED in the environment replays a run. */
#include "solve/chain.h"
#include "solve/dense.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MOST_ELEMENTS 6
#define RATIO_MAX 1e3 /* of the residual to n eps |A| |x|: partial pivoting of random matrices of a few hundred rows, ten times the worst of 200 */

static az_rng rng;

typedef struct bordered {
    az_chain_shape shape;
    int node[MOST_ELEMENTS + 1], inside[MOST_ELEMENTS], rows[MOST_ELEMENTS];
    int n;
    double *a, *x, *b; /* dense, [n][n] column-major */
} bordered;

static int between(int lo, int hi) { return lo + (int)(az_rng_uniform(&rng) * (hi - lo + 1)); }

/* Rows are dealt so that each element can eliminate what it must, and some are left over. */
static void make_shape(bordered *s)
{
    int left, n = between(1, MOST_ELEMENTS);
    s->shape = (az_chain_shape){.n_elements = n, .n_border = between(0, 5), .node = s->node, .inside = s->inside, .rows = s->rows};
    for (int e = 0; e <= n; e++) s->node[e] = e ? between(1, 120) : between(0, 40);
    for (int e = 0; e < n; e++) s->inside[e] = between(1, 150);
    left = 0;
    for (int e = 0; e < n; e++) {
        int need = s->node[e] + s->inside[e] - left, most = s->node[e + 1] + s->shape.n_border, more = between(0, most);
        if (e == n - 1) more = most;
        s->rows[e] = need + more > 0 ? need + more : 0;
        left = s->rows[e] - need;
        if (e == n - 1 && left != more) make_shape(s);
    }
}

/* Fills the blocks, and the dense matrix beside them. */
static void fill(bordered *s, az_chain *c)
{
    int n = s->n = az_chain_unknowns(&s->shape), row = 0, column = 0, border = n - s->shape.n_border, ld;
    s->a = az_doubles((size_t)n * (size_t)n);
    for (int e = 0; e < s->shape.n_elements; e++) {
        double *block = az_chain_block(c, e, &ld);
        int own = s->node[e] + s->inside[e] + s->node[e + 1], all = own + s->shape.n_border;
        for (int j = 0; j < all; j++)
            for (int i = 0; i < s->rows[e]; i++) {
                double v = az_rng_normal(&rng);
                block[(size_t)j * (size_t)ld + (size_t)i] = v;
                s->a[(size_t)(j < own ? column + j : border + j - own) * (size_t)n + (size_t)(row + i)] = v;
            }
        row += s->rows[e];
        column += s->node[e] + s->inside[e];
    }
    assert_int_equal(row, n);
}

static void judge(const bordered *s)
{
    double worst = 0, size = 0, norm = 0;
    for (int j = 0; j < s->n; j++) size = fmax(size, fabs(s->x[j]));
    for (int i = 0; i < s->n; i++) {
        double r = -s->b[i], row = 0;
        for (int j = 0; j < s->n; j++) r += s->a[(size_t)j * (size_t)s->n + (size_t)i] * s->x[j], row += fabs(s->a[(size_t)j * (size_t)s->n + (size_t)i]);
        worst = fmax(worst, fabs(r)), norm = fmax(norm, row);
    }
    if (!(worst <= RATIO_MAX * s->n * DBL_EPSILON * norm * size)) fail_msg("residual %g, n %d, norm %g, solution %g", worst, s->n, norm, size);
}

static void solves(void **state)
{
    (void)state;
    for (int k = 0; k < 40; k++) {
        bordered s;
        az_chain *c;
        make_shape(&s);
        assert_int_equal(az_chain_create(&c, &s.shape), AZ_OK);
        fill(&s, c);
        s.x = az_doubles((size_t)s.n), s.b = az_doubles((size_t)s.n);
        for (int i = 0; i < s.n; i++) s.b[i] = az_rng_normal(&rng);
        assert_true(az_chain_factor(c, 1));
        for (int again = 0; again < 2; again++) { /* the factor serves more than one right-hand side, in place or not */
            memcpy(s.x, s.b, sizeof(double) * (size_t)s.n);
            az_chain_solve(c, s.x, again ? s.x : s.b);
            judge(&s);
        }
        az_chain_destroy(c);
        az_doubles_free(s.a);
        az_doubles_free(s.x);
        az_doubles_free(s.b);
    }
}

static void same_bits(void **state)
{
    (void)state;
    bordered s;
    double *x[2];
    const az_rng start = rng;
    for (int k = 0; k < 2; k++) {
        az_chain *c;
        rng = start;
        make_shape(&s);
        assert_int_equal(az_chain_create(&c, &s.shape), AZ_OK);
        fill(&s, c);
        x[k] = az_doubles((size_t)s.n);
        for (int i = 0; i < s.n; i++) x[k][i] = cos(i);
        assert_true(az_chain_factor(c, 1 + k));
        az_chain_solve(c, x[k], x[k]);
        az_chain_destroy(c);
        az_doubles_free(s.a);
    }
    assert_memory_equal(x[0], x[1], sizeof(double) * (size_t)s.n);
    az_doubles_free(x[0]);
    az_doubles_free(x[1]);
}

static void refuses(void **state)
{
    (void)state;
    int node[] = {0, 2, 1}, inside[] = {3, 2}, rows[] = {5, 4};
    az_chain_shape s = {.n_elements = 2, .n_border = 1, .node = node, .inside = inside, .rows = rows};
    az_chain *c;
    int ld;
    assert_int_equal(az_chain_check(&s), 0);
    rows[0] = 2, rows[1] = 7;
    assert_int_equal(az_chain_check(&s), 1); /* the first element has three unknowns of its own */
    assert_int_equal(az_chain_create(&c, &s), AZ_EDOMAIN);
    assert_null(c);
    rows[0] = 5, rows[1] = 5;
    assert_int_equal(az_chain_check(&s), 3); /* one row too many */
    rows[1] = 4;
    assert_int_equal(az_chain_create(&c, &s), AZ_OK);
    for (int e = 0; e < 2; e++) {
        double *block = az_chain_block(c, e, &ld);
        for (int j = 0; j < node[e] + inside[e] + node[e + 1] + 1; j++)
            for (int i = 0; i < rows[e]; i++) block[j * ld + i] = 1;
    }
    assert_false(az_chain_factor(c, 1)); /* singular */
    az_chain_destroy(c);
    failing_allocator f = {.calls_left = 0};
    az_set_allocator(failing_alloc, &f);
    int calls = 0;
    for (az_status st = AZ_ENOMEM; st; calls++) {
        f.calls_left = calls;
        st = az_chain_create(&c, &s);
        f.calls_left = -1;
        if (!st) az_chain_destroy(c);
        else assert_int_equal(st, AZ_ENOMEM);
        assert_int_equal(f.alive, 0);
    }
    az_set_allocator(NULL, NULL);
    assert_true(calls > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(solves), cmocka_unit_test(same_bits), cmocka_unit_test(refuses)};
    seed_from_environment(&rng);
    az_dense_init(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
