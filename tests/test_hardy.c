/* hardy: the terms have the derivatives and primitives they claim, gradients are those of the values, exact profiles come out exactly, and what the space
 * does not apply to is refused with its reason. */
#include "hardy/hardy.h"
#include "testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BITS 256
#define STEP 1e-24  /* of difference quotients at 256 bits: second-order error 1e-24 */
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

#define GCLM \
    "unknown lambda = %s in [-0.98, 20]\n" \
    "domain y in line scale b\n" \
    "trial N(1/(1 + y^2)) even\n" \
    "let Omega = %s*exp(N)*(1 + 1e-9/(1 + y^2))\n" \
    "decay Omega = 1/(1 + lambda)\n" \
    "let U = primitive(hilbert(Omega))\n" \
    "equation Omega + ((1 + lambda)*y + a*U)*d(Omega, y) - Omega*d(U, y) = 0 scale Omega\n" \
    "select (1 - a)*d(U, y) = 2 + lambda at y = 0\n" \
    "pin d(Omega, y) = -1 at y = 0\n"

/* A result whose trials are 0: the formula of the text is the function. */
static az_result *start(const char *text)
{
    static const int layers[] = {2};
    az_problem *p = parse(text);
    az_result *r;

    assert_int_equal(az_state_create(&r, p), AZ_OK);
    for (int i = 0; i < p->n_trials; i++) assert_int_equal(az_state_add_stage(r, i, 1, layers, AZ_ACT_TANH, 1), AZ_OK);
    return r;
}

/* |a - b| <= tol max(1, |b|), midpoints */
static void assert_near(const arb_t a, const arb_t b, double tol, const char *what, int i)
{
    arb_t d;

    arb_init(d);
    arb_sub(d, a, b, BITS);
    double x = arf_get_d(arb_midref(a), ARF_RND_NEAR), y = arf_get_d(arb_midref(b), ARF_RND_NEAR);
    double e = fabs(arf_get_d(arb_midref(d), ARF_RND_NEAR));
    arb_clear(d);
    if (!(e <= tol * fmax(1, fabs(y)))) fail_msg("%s %d: %.17g, expected %.17g, off by %g", what, i, x, y, e);
}

static void test_basis(void **state)
{
    (void)state;
    static const double delta[] = {0.458, 1, 1.617, 3}, point[] = {0, 0.01, 0.7, -2, 30, 1e6};
    az_basis b = {.orders = 3, .bits = BITS};
    arb_t y, z;

    arb_init(y);
    arb_init(z);
    arb_init(b.delta);
    arb_init(b.scale);
    arb_set_d(b.scale, 0.75);
    for (int i = 0; i < COUNT(delta) * COUNT(point); i++) {
        const int stride = b.orders + 1;
        arb_set_d(b.delta, delta[i % COUNT(delta)]);
        az_layout_choose(&b.layout, 30, delta[i % COUNT(delta)], &(az_shape){1, 0});
        const int n = b.layout.n_terms;
        acb_ptr v = _acb_vec_init(n * stride), w = _acb_vec_init(n * stride);
        arb_set_d(y, point[i / COUNT(delta)]);
        arb_set_d(z, STEP);
        arb_add(z, z, y, BITS);
        az_basis_values(v, &b, y);
        az_basis_values(w, &b, z);
        arb_sub(z, z, y, BITS);
        for (int k = 0; k < n; k++)
            for (int q = 0; q < b.orders; q++) { /* the derivative of column q - 1, the primitive first, is column q */
                acb_ptr d = w + k * stride + (q ? q - 1 : b.orders);
                acb_sub(d, d, v + k * stride + (q ? q - 1 : b.orders), BITS);
                acb_div_arb(d, d, z, BITS);
                double tol = 1e-19 * pow(n, 2);
                assert_near(acb_realref(d), acb_realref(v + k * stride + q), tol, "real part of term", k);
                assert_near(acb_imagref(d), acb_imagref(v + k * stride + q), tol, "imaginary part of term", k);
            }
        _acb_vec_clear(v, n * stride);
        _acb_vec_clear(w, n * stride);
    }
    arb_clear(y);
    arb_clear(z);
    arb_clear(b.delta);
    arb_clear(b.scale);
}

/* s = (1 - iy)/(1 + y^2): the pair H[y/(1 + y^2)] = -1/(1 + y^2); primitives vanish at 0. */
static void test_pair(void **state)
{
    (void)state;
    az_basis b = {.orders = 2, .bits = BITS, .layout = {.n_sectors = 1, .n_terms = 1, .sector = {1}, .count = {1}}};
    acb_ptr v = _acb_vec_init(3);
    arb_t y, t;

    arb_init(y);
    arb_init(t);
    arb_init(b.delta);
    arb_init(b.scale);
    arb_one(b.delta);
    arb_one(b.scale);
    arb_set_si(y, 2);
    az_basis_values(v, &b, y);
    arb_set_d(t, 0.2);
    arb_set_str(t, "0.2", BITS);
    assert_near(acb_realref(v), t, 1e-60, "Re s", 0);
    arb_set_str(t, "-0.4", BITS);
    assert_near(acb_imagref(v), t, 1e-60, "Im s", 0);
    arb_zero(y);
    az_basis_values(v, &b, y);
    assert_true(arb_contains_zero(acb_realref(v + 2)) && arb_contains_zero(acb_imagref(v + 2)));
    arb_clear(y);
    arb_clear(t);
    arb_clear(b.delta);
    arb_clear(b.scale);
    _acb_vec_clear(v, 3);
}

/* Sectors whose terms would repeat others are left out. */
static void test_layout(void **state)
{
    (void)state;
    static const az_shape shape = {1, 0};
    az_layout l;

    az_layout_choose(&l, 60, 1, &shape);
    assert_int_equal(l.n_sectors, 1);
    assert_int_equal(l.sector[0], 1);
    az_layout_choose(&l, 60, 3 + 1e-15, &shape);
    assert_int_equal(l.n_sectors, 1);
    assert_int_equal(l.sector[0], 0);
    for (int n = 24; n < 400; n += 13) {
        int sum = 0;
        az_layout_choose(&l, n, 0.4585, &shape);
        for (int i = 0; i < l.n_sectors; i++) sum += l.count[i];
        assert_int_equal(sum, l.n_terms);
        assert_true(abs(l.n_terms - n) <= l.n_sectors);
    }
}

/* What is marked is the end of the first sector, or of the others: a tenth of all, or half of the smaller of the two. */
static void test_shorten(void **state)
{
    (void)state;
    unsigned char drop[400];
    az_layout l;

    for (int n = 24; n < 400; n += 13)
        for (int k = 0; k < 6; k++) {
            const bool head = k % 2;
            az_layout_choose(&l, n, 0.4585, &(az_shape){1, k / 2 * 0.45});
            const int others = l.n_terms - l.count[0], smaller = l.count[0] < others ? l.count[0] : others;
            int at = 0, sum = 0;
            memset(drop, 0, sizeof drop);
            assert_true(az_layout_shorten(drop, &l, head));
            for (int i = 0; i < l.n_sectors; at += l.count[i++]) {
                int marked = 0;
                while (marked < l.count[i] && drop[at + l.count[i] - 1 - marked]) marked++;
                for (int q = 0; q < l.count[i] - marked; q++) assert_int_equal(drop[at + q], 0);
                assert_true(head == !i || !marked);
                sum += marked;
            }
            assert_int_equal(sum, l.n_terms / 10 < smaller / 2 ? l.n_terms / 10 : smaller / 2);
        }
    az_layout_choose(&l, 30, 1, &(az_shape){1, 0});
    assert_false(az_layout_shorten(drop, &l, true));
}

/* Nodes in the middle, far out and near the origin, none in two sets. */
static void test_nodes(void **state)
{
    (void)state;
    enum { N = 120 };
    arb_ptr y = _arb_vec_init(3 * N);
    arb_t m;

    arb_init(m);
    arb_set_d(m, 0.5);
    for (int set = 0; set < 3; set++) {
        double least = INFINITY, most = 0;
        az_hardy_nodes(y + set * N, N, set, m, BITS);
        for (int i = 0; i < N; i++) {
            arb_srcptr v = y + set * N + i;
            double d = arf_get_d(arb_midref(v), ARF_RND_NEAR);
            assert_true(arb_is_exact(v) && d > 0);
            least = fmin(least, d);
            most = fmax(most, d);
            for (int k = 0; k < set * N + i; k++) assert_false(arb_eq(y + k, v));
        }
        assert_true(least < 4e-6 * 0.5 && most > 2.5e11);
    }
    arb_clear(m);
    _arb_vec_clear(y, 3 * N);
}

#define ALL_KINDS \
    "problem t \"T\"\nparameter a = 0.3\nunknown k = 0.2\ndomain y in line\ntrial N(1/(1 + y^2)) even\nlet X = y*N/(1 + y^2)\n" \
    "decay X = 1\nlet H = hilbert(X)\nlet P = primitive(X)\nlet Q = primitive(H)\n" \
    "equation exp(X) + expm1(H) + log(2 + H^2) + log1p(X^2) + sqrt(1 + X^2) + sin(P) + cos(Q)*tan(X/9) - sinh(H)/cosh(X) + tanh(P)" \
    " + asin(X/9) + acos(H/9) + atan(X) + asinh(H) + atanh(X/9) + erf(P) + k*d(X*sin(y*H), y, y) + d(Q*Q, y)^3 + X@1*H + (X*H)@0.5*(2 + X^2)^k = a" \
    " scale 1 + X^2\n"

static void test_gradient(void **state)
{
    (void)state;
    az_problem *p = parse(ALL_KINDS);
    az_reduced r;
    az_expansion e;
    az_scratch s;
    az_layout l;
    az_error err;
    arb_t y, v, w, h, kept;

    if (az_reduce(&r, p, &err) != AZ_OK) fail_msg("%s", err.message);
    assert_int_equal(r.orders, 3);
    az_expansion_init(&e, &r, BITS, 1);
    az_layout_choose(&l, 20, 1, &(az_shape){1, 0});
    az_expansion_set_layout(&e, &l);
    arb_init(y);
    arb_init(v);
    arb_init(w);
    arb_init(h);
    arb_init(kept);
    arb_one(e.basis.scale);
    arb_set_d(e.scalar + 1, 0.2);
    for (int k = 0; k < l.n_terms; k++) arb_set_d(e.c + k, 0.3 / (k + 1));
    az_expansion_update(&e, true);
    az_scratch_init(&s, &e);
    arb_ptr gradient = _arb_vec_init(l.n_terms);
    arb_set_d(y, 0.8);
    az_expansion_at(&s, &e, y);
    az_form_value(v, gradient, &s, &e, &r.row[0], y);
    assert_true(arb_is_finite(v));
    for (int k = 0; k < l.n_terms; k++) {
        arb_set(kept, e.c + k);
        arb_set_d(h, STEP);
        arb_add(e.c + k, kept, h, BITS);
        arb_sub(h, e.c + k, kept, BITS);
        az_expansion_update(&e, false);
        az_expansion_at(&s, &e, y);
        az_form_value(w, NULL, &s, &e, &r.row[0], y);
        arb_sub(w, w, v, BITS);
        arb_div(w, w, h, BITS);
        assert_near(gradient + k, w, 1e-20, "gradient", k);
        arb_set(e.c + k, kept);
    }
    _arb_vec_clear(gradient, l.n_terms);
    az_scratch_clear(&s);
    arb_clear(y);
    arb_clear(v);
    arb_clear(w);
    arb_clear(h);
    arb_clear(kept);
    az_expansion_clear(&e);
    az_reduced_clear(&r);
    az_problem_destroy(p);
}

enum { ROWS = 30, COLS = 12 };

/* Monomials at points, their sum on the right; `rows` more rows are 0. */
static void monomials(az_least *q, int rows)
{
    for (int i = 0; i < ROWS + rows; i++) {
        for (int k = 0; k <= COLS; k++) arb_zero(AZ_LEAST(q, i, k));
        if (i >= ROWS) continue;
        arb_set_d(AZ_LEAST(q, i, 0), 1);
        for (int k = 1; k < COLS; k++) {
            arb_set_d(AZ_LEAST(q, i, k), i / 32.0);
            arb_mul(AZ_LEAST(q, i, k), AZ_LEAST(q, i, k), AZ_LEAST(q, i, k - 1), BITS);
        }
        for (int k = 0; k < COLS; k++) arb_add(AZ_LEAST(q, i, COLS), AZ_LEAST(q, i, COLS), AZ_LEAST(q, i, k), BITS);
    }
}

static void test_least(void **state)
{
    (void)state;
    az_least q;
    arb_ptr x = _arb_vec_init(COLS);
    double rms;

    for (int dependent = 0; dependent < 2; dependent++) { /* the last column the sum of two others */
        az_least_init(&q, COLS, COLS, ROWS, BITS, 2);
        monomials(&q, 0);
        for (int i = 0; dependent && i < ROWS; i++) arb_add(AZ_LEAST(&q, i, COLS - 1), AZ_LEAST(&q, i, 1), AZ_LEAST(&q, i, 2), BITS);
        az_least_form(&q);
        slong lost = az_least_solve(x, &rms, &q, 0, NULL);
        if (dependent) {
            assert_int_equal(lost, -1);
        } else {
            arb_t one;
            arb_init(one);
            arb_one(one);
            assert_true(lost > 20 && lost < 150);
            for (int k = 0; k < COLS; k++) assert_near(x + k, one, ldexp(1, (int)lost - BITS + 24), "solution", k);
            assert_true(rms < 1e-36); /* its square is 0 up to rounding */
            arb_clear(one);
        }
        az_least_clear(&q);
    }
    _arb_vec_clear(x, COLS);
}

/* Damping is as many rows more, tau times the norm of a column in each; a column that is dropped is one that is not there. */
static void test_damped(void **state)
{
    (void)state;
    static const double tau = 1e-3;
    static const unsigned char drop[COLS] = {[3] = 1, [COLS - 1] = 1};
    az_least q, r;
    arb_ptr x = _arb_vec_init(COLS), y = _arb_vec_init(COLS);
    double rms, other;

    az_least_init(&q, COLS, COLS, ROWS, BITS, 1);
    az_least_init(&r, COLS, 0, ROWS + COLS, BITS, 1);
    monomials(&q, 0);
    monomials(&r, COLS);
    for (int k = 0, col = 0; k < COLS; k++) {
        arb_ptr damping = AZ_LEAST(&r, ROWS + k, col);
        if (drop[k]) continue;
        for (int i = 0; i < ROWS; i++) arb_set(AZ_LEAST(&r, i, col), AZ_LEAST(&q, i, k));
        for (int i = 0; i < COLS; i++) arb_zero(AZ_LEAST(&r, ROWS + i, col));
        arb_dot(damping, NULL, 0, AZ_LEAST(&q, 0, k), 1, AZ_LEAST(&q, 0, k), 1, ROWS, BITS);
        arb_sqrt(damping, damping, BITS);
        arb_set_d(y, tau);
        arb_mul(damping, damping, y, BITS);
        col++;
    }
    const int left = COLS - 2;
    for (int i = 0; i < ROWS + COLS; i++) arb_swap(AZ_LEAST(&r, i, left), AZ_LEAST(&r, i, COLS));
    r.n_cols = left;
    az_least_form(&q);
    az_least_form(&r);
    assert_true(az_least_solve(x, &rms, &q, tau, drop) >= 0);
    assert_true(az_least_solve(y, &other, &r, 0, NULL) >= 0);
    r.n_cols = COLS;
    for (int k = 0, col = 0; k < COLS; k++) {
        if (drop[k]) assert_true(arb_is_zero(x + k));
        else assert_near(x + k, y + col++, 1e-40, "damped solution", k);
    }
    assert_true(rms > 0 && fabs(rms * sqrt(ROWS) / (other * sqrt(ROWS + COLS)) - 1) < 1e-12);
    az_least_clear(&q);
    az_least_clear(&r);
    _arb_vec_clear(x, COLS);
    _arb_vec_clear(y, COLS);
}

static void test_written(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
        bool written;
    } c[] = {{0.3, "0.3", true}, {-1, "-1", true}, {1.0 / 3, "0.3333333333333333", false}, {1e-30, "1e-30", true}, {0.000123456789012345, "0.000123456789012345", true}};
    arb_t x, y;

    arb_init(x);
    arb_init(y);
    for (int i = 0; i < COUNT(c); i++) {
        assert_int_equal(az_written_number(x, c[i].value, BITS), c[i].written);
        arb_set_str(y, c[i].text, BITS);
        assert_near(x, y, 1e-70, c[i].text, i);
    }
    assert_true(az_written_number(x, 3.14159265358979323846, BITS));
    arb_const_pi(y, BITS);
    assert_near(x, y, 1e-70, "pi", 0);
    arb_clear(x);
    arb_clear(y);
}

/* Coefficients and exponents as handed out, summed at y: Im F. */
static void profile(arb_t out, const az_hardy *h, double point)
{
    acb_t s, z, t, u;
    arb_t beta, m;
    int sector, k;

    acb_init(s);
    acb_init(z);
    acb_init(t);
    acb_init(u);
    arb_init(beta);
    arb_init(m);
    arb_set_str(m, az_hardy_scale(h), 2 * BITS);
    arb_set_d(acb_imagref(s), point);
    arb_div(acb_imagref(s), acb_imagref(s), m, 2 * BITS);
    arb_one(acb_realref(s));
    acb_inv(s, s, 2 * BITS);
    acb_mul_2exp_si(z, s, 1);
    acb_sub_ui(z, z, 1, 2 * BITS);
    for (int i = 0; i < az_hardy_coefficients(h); i++) {
        arb_t c;
        arb_init(c);
        arb_set_str(c, az_hardy_coefficient(h, i, &sector, &k), 2 * BITS);
        arb_set_str(beta, sector ? az_hardy_decay(h) : "2", 2 * BITS);
        if (sector) arb_mul_si(beta, beta, sector, 2 * BITS);
        acb_pow_arb(t, s, beta, 2 * BITS);
        acb_pow_ui(u, z, (ulong)k, 2 * BITS);
        acb_mul(t, t, u, 2 * BITS);
        acb_mul_arb(t, t, c, 2 * BITS);
        arb_add(out, out, acb_imagref(t), 2 * BITS);
        arb_clear(c);
    }
    acb_clear(s);
    acb_clear(z);
    acb_clear(t);
    acb_clear(u);
    arb_clear(beta);
    arb_clear(m);
}

static az_hardy *solve(const char *text, const az_hardy_options *o, az_progress_fn fn, void *data)
{
    az_result *r = start(text);
    az_hardy *h;
    az_error err;

    if (az_hardy_solve(&h, r, o, fn, data, &err) != AZ_OK) fail_msg("%s", err.message);
    az_result_destroy(r);
    return h;
}

/* The exact profiles: a = 0 has lambda = 0 and Omega = -4y/(y^2 + 4); a = 1/2 has lambda = -2/3 and -16 b^3 y/(3 (y^2 + b^2)^2), b = 16/3. They start
 * 1e-9 off. */
static void test_exact(void **state)
{
    (void)state;
    static const struct {
        const char *a, *lambda, *b, *omega, *exact;
        double at, value_num, value_den;
    } c[] = {{"0", "1e-9", "2", "-y/(1 + (y/b)^2)", "0", 2, -1, 1}, {"0.5", "-0.6666666660", "16/3", "-y/(1 + (y/b)^2)^2", "-2/3", 16, -16, 100}};
    az_hardy_options o;
    arb_t x, y;

    arb_init(x);
    arb_init(y);
    az_hardy_options_init(&o);
    for (int i = 0; i < COUNT(c); i++) {
        char text[1500];
        int n = snprintf(text, sizeof text, "problem t \"T\"\nparameter a = %s\nparameter b = %s\n", c[i].a, c[i].b);
        snprintf(text + n, sizeof text - (size_t)n, GCLM, c[i].lambda, c[i].omega);
        az_hardy *h = solve(text, &o, NULL, NULL);
        assert_int_equal(az_hardy_stop(h), AZ_STOP_TOLERANCE);
        if (!(az_hardy_error(h, 0) < 1e-20 && az_hardy_residual(h) < 1e-22)) fail_msg("a = %s: error %g, residual %g", c[i].a, az_hardy_error(h, 0), az_hardy_residual(h));
        arb_set_str(x, az_hardy_value(h, 0), BITS);
        if (i) arb_set_si(y, -2), arb_div_ui(y, y, 3, BITS);
        else arb_zero(y);
        assert_near(x, y, 1e-20, "lambda", i);
        arb_zero(x);
        profile(x, h, c[i].at);
        arb_set_d(y, c[i].value_num);
        arb_div_ui(y, y, (ulong)c[i].value_den, BITS);
        if (i) arb_mul_ui(y, y, 1, BITS);
        assert_near(x, y, 1e-20, "profile", i);
        assert_string_equal(az_hardy_name(h), "Omega");
        assert_null(az_hardy_rounded(h));
        assert_null(az_hardy_unknown(h, 1));
        assert_null(az_hardy_coefficient(h, az_hardy_coefficients(h), NULL, NULL));
        az_hardy_destroy(h);
    }
    arb_clear(x);
    arb_clear(y);
}

static char *exact_text(void)
{
    static char text[1500];

    snprintf(text, sizeof text, "problem t \"T\"\nparameter a = 0\nparameter b = 2\n" GCLM, "1e-9", "-y/(1 + (y/b)^2)");
    return text;
}

static void test_threads(void **state)
{
    (void)state;
    az_hardy_options o;

    az_hardy_options_init(&o);
    o.threads = 1;
    az_hardy *a = solve(exact_text(), &o, NULL, NULL);
    o.threads = 3;
    az_hardy *b = solve(exact_text(), &o, NULL, NULL);
    assert_string_equal(az_hardy_value(a, 0), az_hardy_value(b, 0));
    assert_int_equal(az_hardy_coefficients(a), az_hardy_coefficients(b));
    for (int i = 0; i < az_hardy_coefficients(a); i++)
        assert_string_equal(az_hardy_coefficient(a, i, NULL, NULL), az_hardy_coefficient(b, i, NULL, NULL));
    az_hardy_destroy(a);
    az_hardy_destroy(b);
}

static int stop_at(void *data, const az_progress *p)
{
    return p->stage >= *(int *)data;
}

static void test_cancel(void **state)
{
    (void)state;
    az_hardy_options o;
    az_result *r = start(exact_text());
    az_hardy *h;
    az_error err;
    int stage = 0;

    az_hardy_options_init(&o);
    assert_int_equal(az_hardy_solve(&h, r, &o, stop_at, &stage, &err), AZ_ECANCELLED);
    assert_null(h);
    stage = 2;
    assert_int_equal(az_hardy_solve(&h, r, &o, stop_at, &stage, &err), AZ_OK);
    assert_int_equal(az_hardy_stop(h), AZ_STOP_CANCELLED);
    assert_true(isinf(az_hardy_error(h, 0)));
    az_hardy_destroy(h);
    o.digits = 4;
    assert_int_equal(az_hardy_solve(&h, r, &o, NULL, NULL, &err), AZ_EOPTION);
    o.digits = 20;
    o.max_coefficients = 3;
    assert_int_equal(az_hardy_solve(&h, r, &o, NULL, NULL, &err), AZ_EOPTION);
    az_result_destroy(r);
}

#define LINE "problem t \"T\"\nunknown k = 1\ndomain y in line\ntrial N(1/(1 + y^2)) even\nlet X = y*N/(1 + y^2)\n"

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } c[] = {
        {"problem t \"T\"\nunknown k = 1\ndomain x in [0, 1]\nfield u(x)\nequation d(u, x) = k\n", "one coordinate, on the line"},
        {LINE "equation d(X, y) = k\n", "no equation or condition uses hilbert"},
        {LINE "equation hilbert(X) = k*X\n", "the decay of 'X' is not known; add a statement such as: decay X = 1"},
        {LINE "decay X = 1\nequation hilbert(X) = k*N\n", "line 7: the Hardy space does not apply: the trial N occurs outside"},
        {LINE "decay X = 1\nequation hilbert(X) = k*X\npin hilbert(X*y) = 1 at y = 0\n", "line 8: the Hardy space does not apply: hilbert is taken of a second"},
        {LINE "decay X = 1\nequation hilbert(X) = k*primitive(y*X)\n", "line 7: the Hardy space does not apply: a primitive is taken of something"},
        {LINE "equation hilbert(2*X) = k*X\n", "which has no name"},
        {LINE "let E = N/(1 + y^2)\ndecay E = 2\nequation hilbert(E) = k*E\n", "'E' is not known to be odd"},
    };
    az_reduced r;
    az_error err;

    for (int i = 0; i < COUNT(c); i++) {
        az_problem *p = parse(c[i].text);
        assert_int_equal(az_reduce(&r, p, &err), AZ_EDOMAIN);
        if (!strstr(err.message, c[i].message)) fail_msg("expected '%s' in '%s'", c[i].message, err.message);
        az_problem_destroy(p);
    }
}

static int countdown;

static void *failing(void *data, void *ptr, size_t bytes)
{
    (void)data;
    if (bytes && countdown-- == 0) return NULL;
    if (bytes) return realloc(ptr, bytes);
    free(ptr);
    return NULL;
}

/* Each allocation of the rewriting fails in turn. */
static void test_memory(void **state)
{
    (void)state;
    az_problem *p = parse(ALL_KINDS);
    az_status s = AZ_ENOMEM;
    int k = 0;

    for (; s == AZ_ENOMEM && k < 1000; k++) {
        az_reduced r;
        az_error err;
        countdown = k;
        az_set_allocator(failing, NULL);
        s = az_reduce(&r, p, &err);
        az_set_allocator(NULL, NULL);
        if (s == AZ_OK) az_reduced_clear(&r);
    }
    assert_int_equal(s, AZ_OK);
    assert_true(k > 10);
    az_problem_destroy(p);
}

static int release(void **state)
{
    (void)state;
    flint_cleanup();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basis),   cmocka_unit_test(test_pair),    cmocka_unit_test(test_layout), cmocka_unit_test(test_gradient),
        cmocka_unit_test(test_shorten), cmocka_unit_test(test_nodes),   cmocka_unit_test(test_least),  cmocka_unit_test(test_damped),
        cmocka_unit_test(test_written), cmocka_unit_test(test_exact),   cmocka_unit_test(test_threads),
        cmocka_unit_test(test_cancel),  cmocka_unit_test(test_refused), cmocka_unit_test(test_memory),
    };

    return cmocka_run_group_tests(tests, NULL, release);
}
