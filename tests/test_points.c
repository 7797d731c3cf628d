/* points: panels keep their ends, ascend and stay near their neighbours' width; cutting keeps every edge; spread points lie inside the domain, on
 * the asked face, and continue one sequence; adapted points come from the pool and from nowhere else.
 *
 * AZ_SEED in the environment replays a run. */
#include "solve/points.h"
#include "trial/strip.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static az_rng rng;

static void ascending(const double *e, int n)
{
    assert_true(n >= 2);
    for (int i = 0; i + 1 < n; i++) assert_true(e[i] < e[i + 1]);
}

static void panels_start(void **state)
{
    static const double cores[] = {0.02, 0.1, 0.6, 1, 3}, reaches[] = {8, 40, 41.3, 120, 330};

    (void)state;
    for (int i = 0; i < COUNT(cores); i++)
        for (int j = 0; j < COUNT(reaches); j++)
            for (int half = 0; half < 2; half++) {
                double *e;
                int n;
                assert_int_equal(az_panels_start(&e, &n, cores[i], reaches[j], half), AZ_OK);
                ascending(e, n);
                assert_true(e[n - 1] == reaches[j] && e[0] == (half ? 0 : -reaches[j]));
                assert_true(e[n - 1] - e[n - 2] >= 0.5 * (1 - 1e-12) * (e[n - 2] - e[n - 3])); /* no sliver to repeat */
                for (int k = 0; k + 1 < n; k++) {
                    double w = e[k + 1] - e[k], z = fmin(fabs(e[k]), fabs(e[k + 1]));
                    assert_true(w <= fmax(cores[i], 4) * (1 + 1e-12));
                    if (z + w < 6) assert_true(fabs(w - cores[i]) <= 1e-12);
                    if (k + 2 < n - 1 && k > 0) assert_true(e[k + 2] - e[k + 1] <= 3 * w && w <= 3 * (e[k + 2] - e[k + 1]));
                    if (!half) assert_true(e[k] == -e[n - 1 - k]);
                }
                az_doubles_free(e);
            }
}

static void panels_split(void **state)
{
    (void)state;
    for (int n = 2; n < 30; n++) {
        double e[30], *out;
        int m;
        e[0] = -3;
        for (int i = 1; i < n; i++) e[i] = e[i - 1] + 0.01 + az_rng_uniform(&rng);
        assert_int_equal(az_panels_split(&out, &m, e, n), AZ_OK);
        assert_int_equal(m, 2 * n - 1);
        for (int i = 0; i < n; i++) assert_true(out[2 * i] == e[i]);
        for (int i = 0; i + 1 < n; i++) assert_true(out[2 * i + 1] == 0.5 * (e[i] + e[i + 1]));
        az_doubles_free(out);
    }
}

/* Marked panels are cut, no other until the widths are within the ratio; all old edges stay; new ones halve something. */
static void panels_refine(void **state)
{
    (void)state;
    for (int c = 0; c < 200; c++) {
        double *e, *old;
        int n, n_old;
        assert_int_equal(az_panels_start(&e, &n, 0.6, 40, c % 2), AZ_OK);
        for (int round = 0; round < 1 + c % 5; round++) {
            bool *mark = calloc((size_t)n, sizeof *mark);
            old = calloc((size_t)n, sizeof *old);
            assert_true(mark && old);
            memcpy(old, e, sizeof(double) * (size_t)n);
            n_old = n;
            const unsigned rarity = 1 + (unsigned)(az_rng_next(&rng) % 20);
            int at = (int)(az_rng_next(&rng) % (unsigned)(n - 1)), marked = 0;
            for (int i = 0; i + 1 < n; i++) marked += mark[i] = c % 3 ? i == at : az_rng_next(&rng) % rarity == 0;
            assert_int_equal(az_panels_refine(&e, &n, mark), AZ_OK);
            ascending(e, n);
            assert_true(e[0] == old[0] && e[n - 1] == old[n_old - 1] && n >= n_old + marked);
            for (int i = 0, k = 0; i < n_old; i++) {
                while (k < n && e[k] < old[i]) k++;
                assert_true(k < n && e[k] == old[i]);
                if (i + 1 < n_old && mark[i]) assert_true(e[k + 1] <= 0.5 * (old[i] + old[i + 1]));
            }
            for (int i = 0; i + 2 < n; i++) {
                double w = e[i + 1] - e[i], v = e[i + 2] - e[i + 1];
                assert_true(w <= AZ_PANEL_RATIO * v && v <= AZ_PANEL_RATIO * w);
            }
            free(mark);
            free(old);
        }
        az_doubles_free(e);
    }
}

static void unmarked_stays(void **state)
{
    double *e;
    bool mark[1000] = {false};
    int n, before;

    (void)state;
    assert_int_equal(az_panels_start(&e, &n, 0.6, 36, true), AZ_OK);
    assert_int_equal(az_panels_refine(&e, &n, mark), AZ_OK); /* the last panel may be narrow */
    before = n;
    assert_int_equal(az_panels_refine(&e, &n, mark), AZ_OK);
    assert_int_equal(n, before);
    az_doubles_free(e);
}

static const char *const domains[] = {
    "problem a \"a\"\ndomain x in [-1, 3]\nfield v(x)\nequation v = 0\n",
    "problem a \"a\"\ndomain y in line\nfield v(y)\nequation v = 0\n",
    "problem a \"a\"\ndomain x, y in box [0, 1] x [-5, -4]\ntrial N(x, y)\nequation N = 0\n",
    "problem a \"a\"\ndomain x in [-10, 10]\ntime t in [0, 2]\nperiodic x\nfield v(x, t)\nequation v = 0\n",
    "problem a \"a\"\ndomain x, y in plane\ntrial N(1/(1 + x^2), 1/(1 + y^2))\nequation N = 0\n",
};

static void spread_is_inside(void **state)
{
    (void)state;
    for (int d = 0; d < COUNT(domains); d++) {
        az_problem *p = parse(domains[d]);
        for (unsigned fixed = 0; fixed + 1 < 1u << p->dim; fixed++) {
            const int n = 300, more = 57;
            az_point at = {{0}};
            az_points a, b;
            for (int c = 0; c < p->dim; c++) at.x[c] = p->coord[c].range == AZ_INTERVAL ? p->coord[c].hi : 1.25;
            assert_int_equal(az_points_spread(&a, p, fixed, &at, n, 0, AZ_COORDINATES_AUTO), AZ_OK);
            assert_int_equal(az_points_spread(&b, p, fixed, &at, n - more, more, AZ_COORDINATES_AUTO), AZ_OK);
            assert_true(a.n == n && a.dim == p->dim);
            assert_memory_equal(a.x + more * p->dim, b.x, sizeof(double) * (size_t)((n - more) * p->dim)); /* one sequence */
            for (int c = 0; c < p->dim; c++) {
                const az_coord_decl *x = &p->coord[c];
                int quarter[4] = {0};
                for (int i = 0; i < n; i++) {
                    double v = a.x[i * p->dim + c];
                    assert_true(isfinite(v));
                    if (fixed >> c & 1) {
                        assert_true(v == at.x[c]);
                        continue;
                    }
                    double u = x->range == AZ_INTERVAL ? (v - x->lo) / (x->hi - x->lo) : 0.5 + atan(v / x->scale) / M_PI;
                    assert_true(u >= 0 && u <= 1);
                    quarter[(int)fmin(3, 4 * u)]++;
                    for (int j = 0; j < i; j++) assert_true(memcmp(a.x + j * p->dim, a.x + i * p->dim, sizeof(double) * (size_t)p->dim) != 0);
                }
                for (int k = 0; k < 4 && !(fixed >> c & 1); k++) assert_true(quarter[k] > n / 12);
            }
            int corner[4] = {0}; /* the coordinates are independent */
            for (int i = 0; i < n && p->dim == 2 && !fixed; i++) {
                int k = 0;
                for (int c = 0; c < 2; c++) k += (a.x[2 * i + c] > (p->coord[c].range == AZ_INTERVAL ? 0.5 * (p->coord[c].lo + p->coord[c].hi) : 0)) << c;
                corner[k]++;
            }
            for (int k = 0; k < 4 && p->dim == 2 && !fixed; k++) assert_true(corner[k] > n / 6 && corner[k] < n / 3);
            az_doubles_free(a.x);
            az_doubles_free(b.x);
        }
        az_problem_destroy(p);
    }
}

static double share(const bool *is, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += is[i];
    return (double)count / n;
}

/* In a half-plane the kinds that no map changes are where they belong; of the kinds over the core and the far field, half the points lie on either
 * side of the middle of each coordinate, by its definition. */
static void half_plane(void **state)
{
    enum { EACH = 250, KINDS = 8, WALL = 0, CORE = 2, CORNER = 3, AXIS = 4, FAR = 6 };
    const double scale = 2, far = 4 * 0.5 / 0.6 * 0.45 * 0.5 + 0.5;
    az_problem *p = parse("problem a \"a\"\ndomain x, y in half-plane scale 2\ntrial N(x^2, y) even in x\nequation N = 0\n");
    az_point at = {{0}};

    (void)state;
    for (int how = AZ_CONFORMAL; how < AZ_N_COORDINATES; how++) {
        az_points a, b;
        bool one[2][EACH], two[2][EACH];
        assert_int_equal(az_points_spread(&a, p, 0, &at, KINDS * EACH, 0, (az_coordinates)how), AZ_OK);
        assert_int_equal(az_points_spread(&b, p, 0, &at, EACH, EACH, (az_coordinates)how), AZ_OK);
        assert_memory_equal(a.x + 2 * EACH, b.x, sizeof(double) * 2 * EACH); /* one sequence */
        for (int i = 0; i < KINDS * EACH; i++) {
            const double y1 = a.x[2 * i] / scale, y2 = a.x[2 * i + 1] / scale, r = hypot(y1, y2), q = pow(1 + r * r, -0.25);
            const int kind = i % KINDS, k = i / KINDS;
            double xi = asinh(r), eta = atan2(y1, y2), middle_xi = kind == FAR ? far : 1, middle_eta = M_PI / 4;
            assert_true(isfinite(r) && y1 > 0 && y2 >= 0);
            if (kind == WALL) assert_true(y2 == 0);
            if (kind == CORNER) assert_true(r <= 1.000001 && r > 0.999e-3);
            if (kind == AXIS) assert_true(y1 < 1.1e-3 * fmax(y2, 1e-9) && y2 > 0);
            if (how == AZ_CONFORMAL) az_strip_place(&xi, &eta, y1, y2, &(az_mesh){.coordinates = AZ_CONFORMAL, .length = 1});
            if (how == AZ_SINH) xi = asinh(y2), eta = asinh(y1), middle_eta = middle_xi;
            if (how == AZ_COMPACT) xi = -q, middle_xi = kind == FAR ? -0.5 : -0.5 * (1 + 1 / sqrt(cosh(2)));
            if (kind == CORE || kind == FAR) one[kind == FAR][k] = xi < middle_xi, two[kind == FAR][k] = eta < middle_eta;
        }
        for (int k = 0; k < 2; k++)
            if (!(fabs(share(one[k], EACH) - 0.5) < 0.02) || !(fabs(share(two[k], EACH) - 0.5) < 0.02))
                fail_msg("%s, kind %d: %g and %g of the points below the middle", az_coordinates_name((az_coordinates)how), k, share(one[k], EACH), share(two[k], EACH));
        az_doubles_free(a.x);
        az_doubles_free(b.x);
    }
    az_problem_destroy(p);
}

/* The first part stays, the rest are members of the pool, and the generator alone decides. */
static void adapt(void **state)
{
    az_problem *p = parse(domains[2]);
    az_point at = {{0}};

    (void)state;
    for (int c = 0; c < 40; c++) {
        const int n = 50 + c, m = 4 * n;
        az_points a, b, pool, before;
        az_rng g, h;
        double *res = calloc((size_t)m, sizeof *res);
        assert_non_null(res);
        assert_int_equal(az_points_spread(&a, p, 0, &at, n, 0, AZ_COORDINATES_AUTO), AZ_OK);
        assert_int_equal(az_points_spread(&b, p, 0, &at, n, 0, AZ_COORDINATES_AUTO), AZ_OK);
        assert_int_equal(az_points_spread(&before, p, 0, &at, n, 0, AZ_COORDINATES_AUTO), AZ_OK);
        assert_int_equal(az_points_spread(&pool, p, 0, &at, m, n, AZ_COORDINATES_AUTO), AZ_OK);
        for (int i = 0; i < m; i++) res[i] = c == 0 ? 0 : c == 1 ? NAN : c == 2 ? 1 : pool.x[2 * i] > 0.8 ? 1e-3 : 1e-9;
        az_rng_seed(&g, (uint64_t)c), az_rng_seed(&h, (uint64_t)c);
        az_points_adapt(&a, &pool, res, 0.5, &g);
        az_points_adapt(&b, &pool, res, 0.5, &h);
        assert_memory_equal(a.x, b.x, sizeof(double) * (size_t)(2 * n));
        assert_memory_equal(&g, &h, sizeof g);
        const int kept = n - n / 2;
        assert_memory_equal(a.x, before.x, sizeof(double) * (size_t)(2 * kept));
        int changed = 0;
        for (int i = kept; i < n; i++) {
            bool member = !memcmp(a.x + 2 * i, before.x + 2 * i, 2 * sizeof(double)), moved = false;
            for (int j = 0; j < m; j++) moved |= !memcmp(a.x + 2 * i, pool.x + 2 * j, 2 * sizeof(double));
            assert_true(member || moved);
            changed += moved;
        }
        if (c < 2) assert_int_equal(changed, 0);
        else assert_true(changed >= (n - kept) / 2);
        az_doubles_free(a.x), az_doubles_free(b.x), az_doubles_free(pool.x), az_doubles_free(before.x);
        free(res);
    }
    az_problem_destroy(p);
}

/* Over many generators each point of the pool is drawn as often as 1 + (residual/rms)^2 says. */
static void adapt_in_proportion(void **state)
{
    enum { N = 60, POOL = 4 * N, ROUNDS = 4000 };
    az_problem *p = parse(domains[2]);
    az_point at = {{0}};
    az_points a, pool;
    double res[POOL], total = 0, mean = 0;
    int drawn[POOL] = {0};

    (void)state;
    assert_int_equal(az_points_spread(&a, p, 0, &at, N, 0, AZ_COORDINATES_AUTO), AZ_OK);
    assert_int_equal(az_points_spread(&pool, p, 0, &at, POOL, N, AZ_COORDINATES_AUTO), AZ_OK);
    for (int i = 0; i < POOL; i++) res[i] = 1e-7 * az_rng_normal(&rng), mean += res[i] * res[i] / POOL;
    for (int i = 0; i < POOL; i++) total += 1 + res[i] * res[i] / mean;
    for (int k = 0; k < ROUNDS; k++) {
        az_points_adapt(&a, &pool, res, 0.5, &rng);
        for (int i = N / 2; i < N; i++)
            for (int j = 0; j < POOL; j++) drawn[j] += !memcmp(a.x + 2 * i, pool.x + 2 * j, 2 * sizeof(double));
    }
    for (int j = 0; j < POOL; j++) {
        double share = fmin(1, (1 + res[j] * res[j] / mean) * (N / 2) / total), sigma = sqrt(ROUNDS * share * (1 - share));
        if (!(fabs(drawn[j] - ROUNDS * share) <= 6 * sigma + 2 + 0.02 * ROUNDS * share)) fail_msg("point %d: drawn %d of %d times, expected %g", j, drawn[j], ROUNDS, ROUNDS * share);
    }
    az_doubles_free(a.x), az_doubles_free(pool.x);
    az_problem_destroy(p);
}

static failing_allocator fail;

static void failed_allocations(void **state)
{
    bool mark[1000] = {true, true, true};

    (void)state;
    for (int half = 0; half < 2; half++) {
        az_status st = AZ_ENOMEM;
        for (long k = 0; st == AZ_ENOMEM; k++) {
            double *e = NULL, *f = NULL;
            int n, m;
            fail = (failing_allocator){k, 0};
            az_set_allocator(failing_alloc, &fail);
            st = az_panels_start(&e, &n, 0.1, 100, half);
            if (!st) st = az_panels_split(&f, &m, e, n);
            if (!st) st = az_panels_refine(&e, &n, mark);
            az_doubles_free(e);
            az_doubles_free(f);
            az_set_allocator(NULL, NULL);
            if (fail.alive) fail_msg("allocation %ld: %ld blocks left", k, fail.alive);
            assert_true(k < 100);
        }
        assert_int_equal(st, AZ_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panels_start),     cmocka_unit_test(panels_split), cmocka_unit_test(panels_refine),     cmocka_unit_test(unmarked_stays),
        cmocka_unit_test(spread_is_inside), cmocka_unit_test(half_plane), cmocka_unit_test(adapt),    cmocka_unit_test(adapt_in_proportion),        cmocka_unit_test(failed_allocations),
    };

    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
