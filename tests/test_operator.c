/* operator: Hilbert transforms and primitives of exact pairs to 1e-13 of the operand's size, on half and whole grids, at nodes, between them, at
 * and near 0, after random bisections of the panels and on narrow ones; Legendre functions against Arb; Gauss rules are exact for polynomials.
 *
 * AZ_SEED in the environment replays a run. */
#include "operator/line.h"
#include "solve/points.h"
#include "testing.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if __has_include(<flint/arb.h>)
#include <flint/arb.h>
#else
#include <arb.h>
#endif

#define TOL 1e-13       /* asked of the operators, relative to the operand's size (issue 2) */
#define CORE 0.25       /* panels near 0: 16 nodes resolve poles at distance 0.7 to rounding */
#define PREC 1000
#define ORDERS AZ_PANEL_NODES
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static az_rng rng;

/* A function with its transform and primitive in closed form; parity as marked. */
typedef enum shape { LORENTZ_ODD, LORENTZ_EVEN, POWER_ODD, POWER_EVEN } shape;
typedef struct pair {
    shape shape;
    double p;   /* b, or beta */
} pair;

static const pair pairs[] = {
    {LORENTZ_ODD, 0.7}, {LORENTZ_ODD, 1},   {LORENTZ_ODD, 3.1}, {LORENTZ_EVEN, 0.7}, {LORENTZ_EVEN, 1}, {LORENTZ_EVEN, 2.3}, {POWER_ODD, 0.3}, {POWER_ODD, 0.62},
    {POWER_ODD, 1},     {POWER_ODD, 1.7},   {POWER_ODD, 3},     {POWER_EVEN, 0.3},   {POWER_EVEN, 0.5}, {POWER_EVEN, 1.4},   {POWER_EVEN, 2},  {POWER_EVEN, 3},
};

static int parity(const pair *f) { return f->shape == LORENTZ_ODD || f->shape == POWER_ODD ? -1 : 1; }
static double decay(const pair *f) { return f->shape == LORENTZ_ODD ? 1 : f->shape == LORENTZ_EVEN ? 2 : f->p; }

/* (1 + iy)^(-s) */
static long double complex power(long double y, long double s)
{
    long double a = -s * log1pl(y * y) / 2, b = -s * atanl(y);
    return expl(a) * (cosl(b) + I * sinl(b));
}

/* (1 + iy)^s - 1 without cancellation */
static long double complex power_minus_1(long double y, long double s)
{
    long double a = s * log1pl(y * y) / 2, b = s * atanl(y), h = sinl(b / 2);
    return expm1l(a) * cosl(b) - 2 * h * h + I * expl(a) * sinl(b);
}

static double value(const pair *f, double y)
{
    switch (f->shape) {
    case LORENTZ_ODD: return fabs(y) > 1e100 ? 1 / y : y / (y * y + f->p * f->p);
    case LORENTZ_EVEN: return fabs(y) > 1e100 ? 0 : 1 / (y * y + f->p * f->p);
    case POWER_ODD: return (double)cimagl(power(y, f->p));
    default: return (double)creall(power(y, f->p));
    }
}

/* (1/pi) PV int f(s)/(y - s) ds. (1+iy)^(-beta) is analytic below the real axis, so H f = i f. */
static double transform(const pair *f, double y)
{
    switch (f->shape) {
    case LORENTZ_ODD: return -f->p / (y * y + f->p * f->p);
    case LORENTZ_EVEN: return fabs(y) > 1e100 ? 1 / (y * f->p) : y / (y * y + f->p * f->p) / f->p;
    case POWER_ODD: return (double)creall(power(y, f->p));
    default: return -(double)cimagl(power(y, f->p));
    }
}

static double primitive(const pair *f, double y)
{
    if (f->shape == LORENTZ_ODD) return (double)(log1pl(((long double)y / f->p) * ((long double)y / f->p)) / 2);
    if (f->shape == LORENTZ_EVEN) return atan(y / f->p) / f->p;
    if (f->p == 1) return (double)(f->shape == POWER_ODD ? -log1pl((long double)y * y) / 2 : atanl(y));
    long double complex e = power_minus_1(y, 1 - (long double)f->p);
    return (double)((f->shape == POWER_ODD ? -creall(e) : cimagl(e)) / (1 - (long double)f->p));
}

static double size_of(const pair *f)
{
    double s = 0;

    for (double z = 0; z < 6; z += 0.01) s = fmax(s, fabs(value(f, sinh(z))));
    return s;
}

static void make_grid(az_line_grid *g, bool half, double reach, double scale)
{
    double *edge;
    int n;

    assert_int_equal(az_panels_start(&edge, &n, CORE, reach, half), AZ_OK);
    assert_int_equal(az_line_grid_make(g, edge, n, scale), AZ_OK);
    az_doubles_free(edge);
}

static void bisect(az_line_grid *g, int times)
{
    int n = g->n_panels + 1;
    double *edge = az_doubles((size_t)(n + times)), scale = g->scale;

    assert_non_null(edge);
    memcpy(edge, g->edge, sizeof(double) * (size_t)n);
    for (int k = 0; k < times; k++) {
        int p = (int)(az_rng_next(&rng) % (unsigned)(n - 1));
        if (az_rng_next(&rng) % 3 == 0 && k) p = p % 4; /* deeply at one end */
        if (edge[p + 1] - edge[p] < 1e-3) continue;
        memmove(edge + p + 2, edge + p + 1, sizeof(double) * (size_t)(n - p - 1));
        edge[p + 1] = 0.5 * (edge[p] + edge[p + 2]);
        n++;
    }
    az_line_grid_clear(g);
    assert_int_equal(az_line_grid_make(g, edge, n, scale), AZ_OK);
    az_doubles_free(edge);
}

#define N_FREE 90 /* targets that are not nodes */

/* z of targets: the nodes, the edges' neighbourhood, tiny, 0, and anywhere inside. Returns how many. */
static int targets(double **z, const az_line_grid *g, bool negative)
{
    static const double tiny[] = {0, 1e-300, 1e-20, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3};
    int n = g->n;
    const double last = g->edge[g->n_panels];

    *z = az_doubles((size_t)(g->n + N_FREE));
    assert_non_null(*z);
    memcpy(*z, g->z, sizeof(double) * (size_t)n);
    for (int k = 0; k < COUNT(tiny); k++) {
        (*z)[n++] = tiny[k];
        if (negative) (*z)[n++] = -tiny[k];
    }
    for (int k = 0; k < 24; k++) {
        double e = g->edge[az_rng_next(&rng) % (unsigned)g->n_panels], step = k % 3 == 0 ? 0 : k % 3 == 1 ? DBL_EPSILON * fabs(e) : 1e-9;
        double at = k % 2 ? e - step : e + step;
        (*z)[n++] = fmax(at, g->edge[0]);
    }
    while (n < g->n + N_FREE) {
        double u = az_rng_uniform(&rng) * (n % 2 ? last : fmin(last, 8));
        (*z)[n] = negative && n % 3 == 0 ? -u : u;
        n++;
    }
    return n;
}

static double *sample(const az_line_grid *g, const pair *f)
{
    double *v = az_doubles((size_t)g->n);

    assert_non_null(v);
    for (int i = 0; i < g->n; i++) v[i] = value(f, g->y[i]);
    return v;
}

static void check_hilbert(const az_line_grid *g, bool half, const pair *f, const char *what)
{
    double *z, *v = sample(g, f), *out, size = size_of(f);
    int m = targets(&z, g, true);
    az_line_map map;

    out = az_doubles((size_t)m);
    assert_non_null(out);
    assert_int_equal(az_line_hilbert(&map, g, z, m, half ? parity(f) : 0, 2), AZ_OK);
    az_line_apply(&map, out, m, v, g->n, 1, 1);
    for (int i = 0; i < m; i++) {
        double exact = transform(f, g->scale * sinh(z[i]));
        if (!(fabs(out[i] - exact) <= TOL * fmax(size, 1)))
            fail_msg("hilbert %s, shape %d, %g, %s grid, scale %g, z = %.17g: %.17g, exactly %.17g, error %.2g", what, f->shape, f->p, half ? "half" : "whole",
                     g->scale, z[i], out[i], exact, fabs(out[i] - exact));
    }
    az_line_map_clear(&map);
    az_doubles_free(z);
    az_doubles_free(v);
    az_doubles_free(out);
}

/* The integral over [0, y] errs by rounding of the operand over that interval, however short: on a grid that begins at 0 relatively. */
static void check_primitive(const az_line_grid *g, bool half, const pair *f, const char *what)
{
    double *z, *v = sample(g, f), *out, size = size_of(f);
    int m = targets(&z, g, !half);
    az_line_map map;

    out = az_doubles((size_t)m);
    assert_non_null(out);
    assert_int_equal(az_line_primitive(&map, g, z, m, 0), AZ_OK);
    az_line_apply(&map, out, m, v, g->n, 1, 1);
    for (int i = 0; i < m; i++) {
        double y = g->scale * sinh(z[i]), exact = primitive(f, y), width = half ? fmin(fabs(y), g->scale) : g->scale;
        if (!(fabs(out[i] - exact) <= TOL * fmax(fabs(exact), size * width)))
            fail_msg("primitive %s, shape %d, %g, %s grid, scale %g, y = %.17g: %.17g, exactly %.17g", what, f->shape, f->p, half ? "half" : "whole", g->scale, y,
                     out[i], exact);
    }
    az_line_map_clear(&map);
    az_doubles_free(z);
    az_doubles_free(v);
    az_doubles_free(out);
}

/* z where |y|^-decay is below eps */
static double reach_for(const pair *f) { return fmax(40, 42 / decay(f)); }

static void on_grids(void (*check)(const az_line_grid *, bool, const pair *, const char *))
{
    for (int k = 0; k < COUNT(pairs); k++)
        for (int half = 0; half < 2; half++) {
            az_line_grid g;
            make_grid(&g, half, reach_for(&pairs[k]), k % 3 ? 1 : 0.8);
            check(&g, half, &pairs[k], "as made");
            az_line_grid_clear(&g);
        }
}

static void hilbert_pairs(void **state)
{
    (void)state;
    on_grids(check_hilbert);
}

static void primitive_pairs(void **state)
{
    (void)state;
    on_grids(check_primitive);
}

static void bisected_panels(void **state)
{
    (void)state;
    for (int trial = 0; trial < 8; trial++)
        for (int half = 0; half < 2; half++) {
            const pair *f = &pairs[az_rng_next(&rng) % (unsigned)COUNT(pairs)];
            az_line_grid g;
            make_grid(&g, half, reach_for(f), 1);
            bisect(&g, 1 + (int)(az_rng_next(&rng) % 40));
            check_hilbert(&g, half, f, "bisected");
            check_primitive(&g, half, f, "bisected");
            az_line_grid_clear(&g);
        }
}

/* H and the primitive are linear, and H of an odd function at 0 is -(2/pi) int f/s: the row at exactly 0 continues its neighbours. */
#define HALVINGS 22 /* panels of 1e-8: 1 ulp of their middle is 1e-8 of their width */
#define SHARE 0.45 /* middles that are no doubles */

/* Panels as narrow as a sharp layer asks for, far from 0, lose no digits. */
static void narrow_panels(void **state)
{
    (void)state;
    for (int k = 0; k < COUNT(pairs); k++) {
        const double layer = 0.7103;
        az_line_grid g;
        make_grid(&g, true, reach_for(&pairs[k]), 1);
        int n = g.n_panels + 1;
        double *edge = az_doubles((size_t)(n + HALVINGS));
        assert_non_null(edge);
        memcpy(edge, g.edge, sizeof *edge * (size_t)n);
        az_line_grid_clear(&g);
        for (int i = 0; i < HALVINGS; i++, n++) {
            int p = 0;
            while (edge[p + 1] <= layer) p++;
            memmove(edge + p + 2, edge + p + 1, sizeof *edge * (size_t)(n - p - 1));
            edge[p + 1] = edge[p] + SHARE * (edge[p + 2] - edge[p]);
        }
        assert_int_equal(az_line_grid_make(&g, edge, n, 1), AZ_OK);
        az_doubles_free(edge);
        check_hilbert(&g, true, &pairs[k], "narrow");
        check_primitive(&g, true, &pairs[k], "narrow");
        az_line_grid_clear(&g);
    }
}

static void continuous_at_zero(void **state)
{
    static const double z[] = {0, 1e-13, 1e-10, -1e-10};

    (void)state;
    for (int k = 0; k < COUNT(pairs); k++) {
        az_line_grid g;
        az_line_map map;
        double out[COUNT(z)];
        make_grid(&g, true, reach_for(&pairs[k]), 1);
        double *v = sample(&g, &pairs[k]);
        assert_int_equal(az_line_hilbert(&map, &g, z, COUNT(z), parity(&pairs[k]), 1), AZ_OK);
        az_line_apply(&map, out, COUNT(z), v, g.n, 1, 1);
        for (int i = 0; i < COUNT(z); i++) {
            double exact = transform(&pairs[k], sinh(z[i]));
            if (!(fabs(out[i] - exact) <= TOL * fmax(1, size_of(&pairs[k])))) fail_msg("shape %d, %g, z = %g: %.17g, exactly %.17g", pairs[k].shape, pairs[k].p, z[i], out[i], exact);
        }
        if (parity(&pairs[k]) > 0) assert_true(out[0] == 0);
        az_line_map_clear(&map);
        az_doubles_free(v);
        az_line_grid_clear(&g);
    }
}

/* Columns are independent; padding of the columns is neither read nor written; the bits do not depend on threads. */
static void many_columns(void **state)
{
    static const int counts[] = {1, 2, 31, 32, 33, 70};

    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (int c = 0; c < COUNT(counts); c++) {
            az_line_grid g;
            az_line_map map, again;
            double *z;
            const int cols = counts[c];
            make_grid(&g, true, 40, 1);
            const int m = targets(&z, &g, false), ldi = g.n + 5, ldo = m + 3;
            double *in = az_doubles((size_t)(ldi * cols)), *out = az_doubles((size_t)(ldo * cols)), *more = az_doubles((size_t)(ldo * cols));
            double *one = az_doubles((size_t)m);
            assert_true(in && out && more && one);
            for (int i = 0; i < ldi * cols; i++) in[i] = i % ldi < g.n ? az_rng_normal(&rng) : NAN;
            for (int i = 0; i < ldo * cols; i++) out[i] = more[i] = 777;
            for (int t = 1; t <= 3; t++) {
                az_line_map *u = t == 1 ? &map : &again;
                assert_int_equal(kind ? az_line_primitive(u, &g, z, m, 0) : az_line_hilbert(u, &g, z, m, -1, t), AZ_OK);
                az_line_apply(u, t == 1 ? out : more, ldo, in, ldi, cols, t);
                if (t == 1) continue;
                assert_memory_equal(out, more, sizeof(double) * (size_t)(ldo * cols));
                az_line_map_clear(u);
            }
            for (int k = 0; k < cols; k++) {
                az_line_apply(&map, one, m, in + k * ldi, ldi, 1, 1);
                for (int i = 0; i < m; i++) {
                    double size = 0;
                    for (int j = 0; j < g.n && !kind; j++) size += fabs(map.dense[(size_t)j * (size_t)map.ld + (size_t)i] * in[k * ldi + j]);
                    if (!(fabs(one[i] - out[k * ldo + i]) <= g.n * DBL_EPSILON * size)) fail_msg("column %d of %d, target %d: %.17g, alone %.17g", k, cols, i, out[k * ldo + i], one[i]);
                }
                for (int i = m; i < ldo; i++) assert_true(out[k * ldo + i] == 777);
            }
            double *all[] = {in, out, more, one, z};
            for (int k = 0; k < COUNT(all); k++) az_doubles_free(all[k]);
            az_line_map_clear(&map);
            az_line_grid_clear(&g);
        }
}

/* Columns that are 0 but on a few panels, some everywhere, one throughout: what the whole matrix makes of them. */
static void banded_columns(void **state)
{
    enum { COLS = 200 };
    az_line_grid g;
    az_line_map map;
    double *z;

    (void)state;
    make_grid(&g, true, 40, 1);
    const int m = targets(&z, &g, false);
    double *in = az_doubles((size_t)(g.n * COLS)), *out = az_doubles((size_t)(m * COLS)), *more = az_doubles((size_t)(m * COLS));
    assert_true(in && out && more);
    for (int c = 0; c < COLS; c++)
        for (int k = 0; k < (c == 7 ? 0 : c == 70 ? g.n : 32); k++) in[c * g.n + (c == 70 ? k : c * (g.n - 32) / COLS + k)] = az_rng_normal(&rng);
    assert_int_equal(az_line_hilbert(&map, &g, z, m, -1, 1), AZ_OK);
    az_line_apply(&map, out, m, in, g.n, COLS, 1);
    az_line_apply(&map, more, m, in, g.n, COLS, 3);
    assert_memory_equal(out, more, sizeof(double) * (size_t)(m * COLS));
    for (int c = 0; c < COLS; c++)
        for (int i = 0; i < m; i++) {
            double sum = 0, size = 0;
            for (int j = 0; j < g.n; j++) {
                const double term = map.dense[(size_t)j * (size_t)map.ld + (size_t)i] * in[c * g.n + j];
                sum += term, size += fabs(term);
            }
            if (!(fabs(sum - out[c * m + i]) <= g.n * DBL_EPSILON * size)) fail_msg("column %d, target %d: %.17g, expected %.17g", c, i, out[c * m + i], sum);
        }
    double *all[] = {in, out, more, z};
    for (int k = 0; k < COUNT(all); k++) az_doubles_free(all[k]);
    az_line_map_clear(&map);
    az_line_grid_clear(&g);
}

/* Q_n(1 + d), or Q_n(|t|) where d is 0, then the sign of t: forward recurrence from log|(x+1)/(x-1)|/2 at a precision its growth cannot hurt. */
static void arb_legendre_q(double *q, double t, double from_one)
{
    arb_t x, a, b, y[ORDERS];

    arb_init(x), arb_init(a), arb_init(b);
    arb_set_d(x, from_one ? from_one : fabs(t));
    if (from_one) arb_add_ui(x, x, 1, PREC);
    for (int k = 0; k < ORDERS; k++) {
        arb_init(y[k]);
        if (k == 0) {
            arb_add_si(a, x, 1, PREC);
            arb_sub_si(b, x, 1, PREC);
            arb_div(a, a, b, PREC);
            arb_abs(a, a);
            arb_log(a, a, PREC);
            arb_mul_2exp_si(y[0], a, -1);
        } else if (k == 1) {
            arb_mul(y[1], x, y[0], PREC);
            arb_sub_ui(y[1], y[1], 1, PREC);
        } else { /* k Q_k = (2k-1) x Q_(k-1) - (k-1) Q_(k-2) */
            arb_mul(a, x, y[k - 1], PREC);
            arb_mul_ui(a, a, 2 * (unsigned)k - 1, PREC);
            arb_mul_ui(b, y[k - 2], (unsigned)k - 1, PREC);
            arb_sub(a, a, b, PREC);
            arb_div_ui(y[k], a, (unsigned)k, PREC);
        }
        q[k] = arf_get_d(arb_midref(y[k]), ARF_RND_NEAR) * (t < 0 && k % 2 == 0 ? -1 : 1);
        assert_true(arb_rel_accuracy_bits(y[k]) > 60);
    }
    for (int k = 0; k < ORDERS; k++) arb_clear(y[k]);
    arb_clear(x), arb_clear(a), arb_clear(b);
}

static void check_legendre(double t, double above, double below, double from_one, bool relative)
{
    double q[ORDERS], exact[ORDERS];

    az_legendre_q(q, ORDERS, t, above, below);
    arb_legendre_q(exact, t, from_one);
    for (int k = 0; k < ORDERS; k++) {
        double size = relative ? fabs(exact[k]) : fmax(1, fabs(exact[0]));
        if (!(fabs(q[k] - exact[k]) <= TOL * size)) fail_msg("Q_%d(%.17g), %g from the end: %.17g, Arb %.17g", k, t, from_one, q[k], exact[k]);
    }
}

static void legendre_q(void **state)
{
    (void)state;
    for (int i = 0; i < 60; i++) {
        double t = i == 0 ? 0.25 : 2 * az_rng_uniform(&rng) - 1;
        if (fabs(t) > 1e-6) check_legendre(t, t + 1, t - 1, 0, false);
        t = 1.0006 + 3 * az_rng_uniform(&rng) * az_rng_uniform(&rng);
        check_legendre(t, t + 1, t - 1, 0, true);
        check_legendre(-t, -t + 1, -t - 1, 0, true);
        double d = pow(10, -4 - 10 * az_rng_uniform(&rng)) * (i % 2 ? 1 : -1);
        check_legendre(1 + d, 2 + d, d, d, false);
        check_legendre(-1 - d, -d, -2 - d, d, false);
    }
}

/* sum w x^k = 2/(k+1) or 0 for k < 2n, and not for k = 2n; nodes ascending and symmetric; weights positive. */
static void gauss_legendre(void **state)
{
    double x[64], w[64];

    (void)state;
    for (int n = 1; n <= 64; n++) {
        az_gauss_legendre(x, w, n);
        for (int i = 0; i < n; i++) {
            assert_true(w[i] > 0 && fabs(x[i]) < 1 && (i == 0 || x[i] > x[i - 1]));
            assert_true(x[i] == -x[n - 1 - i] && w[i] == w[n - 1 - i]);
        }
        for (int k = 0; k <= 2 * n; k++) {
            long double s = 0, exact = k % 2 ? 0 : 2.0L / (k + 1);
            for (int i = 0; i < n; i++) s += (long double)w[i] * powl(x[i], k);
            double err = (double)fabsl(s - exact);
            if (k < 2 * n && !(err <= 8 * DBL_EPSILON)) fail_msg("n = %d, x^%d: error %g", n, k, err);
            if (k == 2 * n && n <= 8) assert_true(err > 1e-6);
        }
    }
}

static failing_allocator fail;

static void failed_allocations(void **state)
{
    static const double edge[] = {0, 1, 2}, z[] = {0.1, 0.5, 1.5};

    (void)state;
    az_set_allocator(failing_alloc, &fail);
    for (int kind = 0; kind < 2; kind++) {
        az_status st = AZ_ENOMEM;
        for (long k = 0; st == AZ_ENOMEM; k++) {
            az_line_grid g = {0};
            az_line_map map = {0};
            fail = (failing_allocator){k, 0};
            st = az_line_grid_make(&g, edge, COUNT(edge), 1);
            if (!st) {
                st = kind ? az_line_primitive(&map, &g, z, COUNT(z), 0) : az_line_hilbert(&map, &g, z, COUNT(z), 1, 1);
                az_line_map_clear(&map);
                az_line_grid_clear(&g);
            }
            assert_int_equal(fail.alive, 0);
            assert_true(k < 20);
        }
        assert_int_equal(st, AZ_OK);
    }
    az_set_allocator(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hilbert_pairs), cmocka_unit_test(primitive_pairs), cmocka_unit_test(bisected_panels), cmocka_unit_test(narrow_panels), cmocka_unit_test(continuous_at_zero),
        cmocka_unit_test(many_columns), cmocka_unit_test(banded_columns),  cmocka_unit_test(legendre_q),      cmocka_unit_test(gauss_legendre),  cmocka_unit_test(failed_allocations),
    };

    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
