/* jet: truncated Taylor arithmetic agrees with Arb's power series, along a line x = s v through several variables too; the adjoint
 * is the transpose of the product; absent coefficients behave as zeros.
 *
 * AZ_SEED in the environment replays a run; AZ_ROUNDS multiplies the number of random cases;
 * AZ_WORST=1 prints the largest ratios of error to bound.
 *
 * Bounds. A coefficient is a sum of products, so its error is judged against the same sum with absolute values: for y = f(a),
 *     M_k = sum over j of F_j (|a_1| s + |a_2| s^2 + ...)^j at s^k,
 * with F_j the Taylor coefficients of f at a_0, each raised to the chord between its neighbours: a recurrence passes through neighbouring
 * orders, and one coefficient may vanish by chance or parity. y_0 enters no other coefficient and is bounded alone. */
#include "jet/jet.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if __has_include(<flint/arb_poly.h>)
#include <flint/arb_hypgeom.h>
#include <flint/arb_poly.h>
#else
#include <arb_hypgeom.h>
#include <arb_poly.h>
#endif

#define ORDER_MAX 8
#define EXTRA 3            /* more Taylor coefficients of f than the order, to serve as neighbours */
#define PREC 2600          /* bits: asinh(-1e150), 1 - tanh(1e2) and expm1(1e-300) from plain formulas */
#define TERMS (ORDER_MAX + EXTRA + 1)
#define PRODUCT_RATIO 2.0  /* a sum of m products errs by at most m/2 eps of its absolute terms; here m < 4 (degree + 2) */
#define FUNC_RATIO 11.0    /* 4 x worst of AZ_SEED=1..10 with AZ_ROUNDS=15, printed by AZ_WORST=1; the worst is asinh */
#define START_RATIO 3.0    /* of f(a_0) and f'(a_0): 2 x worst, tanh' */
#define HUGE_BOUND 1e290   /* intermediate products may overflow beyond */
#define APART 1e-8         /* tells one jet of a batch from another; accuracy is judged against Arb */
#define UNDERFLOW_RATIO 16 /* coefficients of f below 16 DBL_MIN are not asked for */

static uint64_t seed = 1;
static int rounds = 1;
static bool show_worst;
static az_rng rng;

typedef struct jet {
    double *base, *p[AZ_MAX_JET];
} jet;

static jet jet_new(const az_layout *l)
{
    jet j = {.base = az_doubles((size_t)l->n * AZ_LANES)};

    assert_non_null(j.base);
    for (int k = 0; k < l->n; k++) j.p[k] = j.base + (size_t)k * AZ_LANES;
    return j;
}

static void jet_free(jet *j) { az_doubles_free(j->base); }

/* Made dirty, so that a forgotten write shows. */
static jet jet_dirty(const az_layout *l)
{
    jet j = jet_new(l);

    for (int i = 0; i < l->n * AZ_LANES; i++) j.base[i] = NAN;
    return j;
}

static double pick(const double *from, size_t n) { return from[az_rng_next(&rng) % n]; }
#define PICK(...) pick((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static double ugly(void)
{
    return az_rng_next(&rng) % 3 ? az_rng_normal(&rng) : PICK(0, 1e-300, -1e-300, 1e-17, 0.5, -1, 1, 20, -20, 1e3);
}

static void fill_ugly(const az_layout *l, jet *j)
{
    for (int k = 0; k < l->n; k++)
        for (int i = 0; i < AZ_LANES; i++) j->p[k][i] = ugly();
}

/* What is tested: an elementary function, a power, or one of the batched activations. */
typedef enum kind { FUNC, POW, TANH_MANY, SIN_MANY } kind;
typedef struct subject {
    const char *name;
    kind kind;
    az_func f;
    double s;
} subject;

static const subject subjects[] = {
    {"exp", FUNC, AZ_F_EXP, 0},       {"expm1", FUNC, AZ_F_EXPM1, 0}, {"log", FUNC, AZ_F_LOG, 0},     {"log1p", FUNC, AZ_F_LOG1P, 0},
    {"sqrt", FUNC, AZ_F_SQRT, 0},     {"sin", FUNC, AZ_F_SIN, 0},     {"cos", FUNC, AZ_F_COS, 0},     {"tan", FUNC, AZ_F_TAN, 0},
    {"sinh", FUNC, AZ_F_SINH, 0},     {"cosh", FUNC, AZ_F_COSH, 0},   {"tanh", FUNC, AZ_F_TANH, 0},   {"asin", FUNC, AZ_F_ASIN, 0},
    {"acos", FUNC, AZ_F_ACOS, 0},     {"atan", FUNC, AZ_F_ATAN, 0},   {"asinh", FUNC, AZ_F_ASINH, 0}, {"atanh", FUNC, AZ_F_ATANH, 0},
    {"sech", FUNC, AZ_F_SECH, 0},
    {"erf", FUNC, AZ_F_ERF, 0},       {"pow 0", POW, 0, 0},           {"pow 1", POW, 0, 1},           {"pow 2", POW, 0, 2},
    {"pow 3", POW, 0, 3},             {"pow 7", POW, 0, 7},           {"pow 70", POW, 0, 70},         {"pow -1", POW, 0, -1},
    {"pow -3", POW, 0, -3},           {"pow 1/2", POW, 0, 0.5},       {"pow -2/3", POW, 0, -2. / 3},  {"pow 2.7", POW, 0, 2.7},
    {"tanh many", TANH_MANY, AZ_F_TANH, 0}, {"sin many", SIN_MANY, AZ_F_SIN, 0},
};
#define N_SUBJECTS (sizeof subjects / sizeof *subjects)

static void apply(const subject *t, const az_layout *l, jet *y, jet *dy, jet *a, double *scratch)
{
    switch (t->kind) {
    case FUNC: az_jet_func(l, t->f, y->p, dy->p, a->p, scratch); break;
    case POW: az_jet_pow(l, y->p, dy->p, a->p, t->s, scratch); break;
    case TANH_MANY: az_jet_tanh_many(l, y->base, dy->base, a->base, 1); break;
    case SIN_MANY: az_jet_sin_many(l, y->base, dy->base, a->base, 1); break;
    }
}

/* A constant term inside the domain, ugly where the domain allows. */
static double ugly_start(const subject *t)
{
    const double x = ugly(), wide = 8 * az_rng_normal(&rng), unit = 2 * az_rng_uniform(&rng) - 1;
    const double big = PICK(1e34, -1e34, 20, -20, 1e8, 355, -700, wide, wide, wide);
    const double inner = PICK(0, 1e-300, -1e-300, 1e-9, 0.5, -0.5, 1 - 1e-8, -1 + 0x1p-40, unit, unit);
    const bool take_big = az_rng_next(&rng) % 4 == 0;

    if (t->kind == POW) {
        if (t->s == rint(t->s)) return t->s < 0 && x == 0 ? 1 : x;
        return fabs(x) < 1e-100 ? 2 : fabs(x); /* where a_0^(s-1) underflows, the higher orders are lost with it */
    }
    switch (t->f) {
    case AZ_F_LOG: case AZ_F_SQRT: return x == 0 ? 1e34 : fabs(take_big ? big : x);
    case AZ_F_LOG1P: return x > -1 ? (take_big ? fabs(big) : x) : inner;
    case AZ_F_ASIN: case AZ_F_ACOS: case AZ_F_ATANH: return inner;
    case AZ_F_ASINH: case AZ_F_ATAN: return take_big ? big * PICK(1, 1e20, 1e116) : x;
    default: return take_big ? big : x;
    }
}

/* y = f(a), dy = f'(a) modulo s^n from Arb's series and textbook formulas. */
static void arb_func(arb_poly_t y, arb_poly_t dy, az_func f, const arb_poly_t a, slong n)
{
    arb_poly_t one, u, v;

    arb_poly_init(one), arb_poly_init(u), arb_poly_init(v);
    arb_poly_one(one);
    arb_poly_mullow(u, a, a, n, PREC);
    switch (f) {
    case AZ_F_EXP: case AZ_F_EXPM1:
        arb_poly_exp_series(dy, a, n, PREC);
        if (f == AZ_F_EXP) arb_poly_set(y, dy);
        else arb_poly_sub(y, dy, one, PREC);
        break;
    case AZ_F_LOG: arb_poly_log_series(y, a, n, PREC), arb_poly_inv_series(dy, a, n, PREC); break;
    case AZ_F_LOG1P:
        arb_poly_add(v, one, a, PREC);
        arb_poly_log_series(y, v, n, PREC), arb_poly_inv_series(dy, v, n, PREC);
        break;
    case AZ_F_SQRT:
        arb_poly_sqrt_series(y, a, n, PREC), arb_poly_rsqrt_series(dy, a, n, PREC);
        arb_poly_scalar_mul_2exp_si(dy, dy, -1);
        break;
    case AZ_F_SIN: arb_poly_sin_cos_series(y, dy, a, n, PREC); break;
    case AZ_F_COS: arb_poly_sin_cos_series(dy, y, a, n, PREC), arb_poly_neg(dy, dy); break;
    case AZ_F_SINH: arb_poly_sinh_cosh_series(y, dy, a, n, PREC); break;
    case AZ_F_COSH: arb_poly_sinh_cosh_series(dy, y, a, n, PREC); break;
    case AZ_F_TAN: case AZ_F_TANH:
        if (f == AZ_F_TAN) arb_poly_sin_cos_series(u, v, a, n, PREC);
        else arb_poly_sinh_cosh_series(u, v, a, n, PREC);
        arb_poly_div_series(y, u, v, n, PREC);
        arb_poly_mullow(v, v, v, n, PREC), arb_poly_inv_series(dy, v, n, PREC);
        break;
    case AZ_F_SECH:
        arb_poly_sinh_cosh_series(u, v, a, n, PREC);
        arb_poly_inv_series(y, v, n, PREC);
        arb_poly_div_series(dy, u, v, n, PREC), arb_poly_mullow(dy, dy, y, n, PREC), arb_poly_neg(dy, dy);
        break;
    case AZ_F_ASIN: case AZ_F_ACOS:
        arb_poly_sub(v, one, u, PREC), arb_poly_rsqrt_series(dy, v, n, PREC);
        if (f == AZ_F_ASIN) arb_poly_asin_series(y, a, n, PREC);
        else arb_poly_acos_series(y, a, n, PREC), arb_poly_neg(dy, dy);
        break;
    case AZ_F_ATAN: arb_poly_atan_series(y, a, n, PREC), arb_poly_add(v, one, u, PREC), arb_poly_inv_series(dy, v, n, PREC); break;
    case AZ_F_ASINH:
        arb_poly_add(v, one, u, PREC), arb_poly_rsqrt_series(dy, v, n, PREC);
        arb_poly_sqrt_series(u, v, n, PREC), arb_poly_add(u, u, a, PREC), arb_poly_log_series(y, u, n, PREC);
        break;
    case AZ_F_ATANH:
        arb_poly_sub(v, one, u, PREC), arb_poly_inv_series(dy, v, n, PREC);
        arb_poly_add(u, one, a, PREC), arb_poly_sub(v, one, a, PREC), arb_poly_div_series(u, u, v, n, PREC);
        arb_poly_log_series(y, u, n, PREC), arb_poly_scalar_mul_2exp_si(y, y, -1);
        break;
    case AZ_F_ERF:
        arb_hypgeom_erf_series(y, a, n, PREC);
        arb_poly_neg(u, u), arb_poly_exp_series(dy, u, n, PREC);
        arb_poly_zero(u), arb_poly_set_coeff_si(u, 0, 1);
        {
            arb_t c;
            arb_init(c);
            arb_const_sqrt_pi(c, PREC), arb_ui_div(c, 2, c, PREC);
            arb_poly_scalar_mul(dy, dy, c, PREC);
            arb_clear(c);
        }
        break;
    case AZ_N_FUNC: break;
    }
    arb_poly_clear(one), arb_poly_clear(u), arb_poly_clear(v);
}

/* a^s; integers by products, for bases of any sign */
static void arb_power(arb_poly_t y, const arb_poly_t a, const arb_t s, slong n)
{
    const double integer = arf_get_d(arb_midref(s), ARF_RND_NEAR);

    if (!arb_is_int(s)) {
        arb_poly_pow_arb_series(y, a, s, n, PREC);
        return;
    }
    arb_poly_pow_ui_trunc_binexp(y, a, (ulong)fabs(integer), n, PREC);
    if (integer < 0) arb_poly_inv_series(y, y, n, PREC);
}

static void reference(arb_poly_t y, arb_poly_t dy, const subject *t, const arb_poly_t a, slong n)
{
    if (t->kind != POW) {
        arb_func(y, dy, t->f, a, n);
        return;
    }
    arb_t s;
    arb_init(s);
    arb_set_d(s, t->s);
    arb_power(y, a, s, n);
    arb_poly_zero(dy);
    if (t->s != 0) {
        arb_sub_si(s, s, 1, PREC);
        arb_power(dy, a, s, n);
        arb_add_si(s, s, 1, PREC);
        arb_poly_scalar_mul(dy, dy, s, PREC);
    }
    arb_clear(s);
}

static double mid(const arb_poly_t p, slong k)
{
    arb_t c;

    arb_init(c);
    arb_poly_get_coeff_arb(c, p, k);
    const double x = arf_get_d(arb_midref(c), ARF_RND_NEAR);
    arb_clear(c);
    return x;
}

/* |x - p_k| as a double */
static double distance(const arb_t x, const arb_poly_t p, slong k)
{
    arb_t c;

    arb_init(c);
    arb_poly_get_coeff_arb(c, p, k);
    arb_sub(c, c, x, PREC);
    const double d = fabs(arf_get_d(arb_midref(c), ARF_RND_NEAR));
    arb_clear(c);
    return d;
}

/* ln |p_k|, -inf for zero, in range where the double would under- or overflow */
static double log_abs(const arb_poly_t p, slong k)
{
    arb_t c;
    double x = -INFINITY;

    arb_init(c);
    arb_poly_get_coeff_arb(c, p, k);
    arb_abs(c, c);
    mag_zero(arb_radref(c));
    if (!arb_is_zero(c)) {
        arb_log(c, c, 64);
        x = arf_get_d(arb_midref(c), ARF_RND_NEAR);
    }
    arb_clear(c);
    return x;
}

/* Taylor coefficients of f', raised to the chords of their logarithms over at most EXTRA orders to each side. */
static void raised(double *out, const arb_poly_t taylor, int n)
{
    double log_of[TERMS];

    for (int j = 0; j < n + EXTRA; j++) log_of[j] = log_abs(taylor, j);
    for (int j = 0; j < n; j++) {
        double top = log_of[j];
        for (int i = j - EXTRA < 0 ? 0 : j - EXTRA; i < j; i++)
            for (int m = j + 1; m <= j + EXTRA; m++) {
                const double chord = ((m - j) * log_of[i] + (j - i) * log_of[m]) / (m - i);
                if (chord > top) top = chord;
            }
        out[j] = exp(top) + UNDERFLOW_RATIO * DBL_MIN / DBL_EPSILON;
    }
}

/* out_k = sum over j of c_j (v^j)_k where v_0 = 0 */
static void compose(double *out, const double *c, const double *v, int n)
{
    double power[TERMS] = {1}, next[TERMS];

    memset(out, 0, (size_t)n * sizeof *out);
    for (int j = 0; j < n; j++) {
        for (int k = 0; k < n; k++) out[k] += power[k] == 0 ? 0 : c[j] * power[k];
        for (int k = 0; k < n; k++) {
            next[k] = 0;
            for (int i = 1; i <= k; i++) next[k] += v[i] == 0 || power[k - i] == 0 ? 0 : v[i] * power[k - i];
        }
        memcpy(power, next, sizeof power);
    }
}

/* Bounds of y_k and dy_k, without eps and ratio. size[k] >= |coefficient k of a|. */
static void bounds(double *my, double *mdy, const subject *t, double a0, const double *size, int n)
{
    double f[TERMS] = {0}, df[TERMS] = {0};
    arb_poly_t x, y, dy;
    arb_t c;

    arb_poly_init(x), arb_poly_init(y), arb_poly_init(dy), arb_init(c);
    arb_set_d(c, a0);
    arb_poly_set_coeff_arb(x, 0, c);
    arb_poly_set_coeff_si(x, 1, 1);
    reference(y, dy, t, x, n + EXTRA);
    raised(df, dy, n);
    f[0] = fabs(mid(y, 0)) + UNDERFLOW_RATIO * DBL_MIN / DBL_EPSILON;
    for (int j = 1; j < n; j++) f[j] = df[j - 1] / j;
    compose(my, f, size, n);
    compose(mdy, df, size, n);
    double growth = 1;
    bool finite = my[0] < HUGE_BOUND;
    for (int k = 0; k < n; k++) {
        growth = fmax(growth, df[k] / df[0]); /* of what underflowed at a lower order */
        my[k] += growth * DBL_MIN / DBL_EPSILON, mdy[k] += growth * DBL_MIN / DBL_EPSILON;
        if (!finite) my[k] = mdy[k] = INFINITY; /* infinity times zero spoils the orders above */
        finite = finite && mdy[k] < HUGE_BOUND;
    }
    arb_poly_clear(x), arb_poly_clear(y), arb_poly_clear(dy), arb_clear(c);
}

/* p_k = sum over |alpha| = k of a_alpha v^alpha at lane i; size_k the same in absolute value */
static void restrict_to_line(arb_poly_t p, double *size, const az_layout *l, const jet *a, int lane, const int *v)
{
    arb_t c, sum;

    arb_init(c), arb_init(sum);
    arb_poly_zero(p);
    for (int k = 0; k <= l->degree[l->n - 1]; k++) size[k] = 0;
    for (int k = 0; k < l->n; k++) {
        slong weight = 1;
        for (int d = 0; d < l->dim; d++)
            for (int e = 0; e < l->index[k].e[d]; e++) weight *= v[d];
        if (!weight) continue;
        arb_set_d(c, a->p[k][lane]);
        arb_mul_si(c, c, weight, PREC);
        arb_poly_get_coeff_arb(sum, p, l->degree[k]);
        arb_add(sum, sum, c, PREC);
        arb_poly_set_coeff_arb(p, l->degree[k], sum);
        size[l->degree[k]] += fabs(a->p[k][lane] * (double)weight);
    }
    arb_clear(c), arb_clear(sum);
}

typedef struct tally {
    long checked, skipped;
    double worst;
} tally;

/* |got_k - want_k| <= ratio (k + 2) eps bound_k. What overflows is skipped and counted. */
static void check_coefficient(tally *t, const char *name, int k, const arb_poly_t got, const arb_poly_t want, double bound, double ratio)
{
    arb_t g;
    const double tol = (k + 2) * DBL_EPSILON * bound;

    if (!(bound < HUGE_BOUND)) {
        t->skipped++;
        return;
    }
    arb_init(g);
    arb_poly_get_coeff_arb(g, got, k);
    const double err = arb_is_finite(g) ? distance(g, want, k) : INFINITY;
    arb_clear(g);
    t->checked++;
    if (!(err <= t->worst * tol)) t->worst = err / tol;
    if (!(err <= ratio * tol))
        fail_msg("%s: coefficient %d of %g is off by %g, bound %g (AZ_SEED=%llu)", name, k, mid(want, k), err, ratio * tol,
                 (unsigned long long)seed);
}

static void report(const char *what, const char *name, const tally *t)
{
    if (show_worst)
        print_message("%s %s: worst %.3g of the unit, %ld checked, %ld skipped\n", what, name, t->worst, t->checked, t->skipped);
    assert_true(t->checked > t->skipped);
}

static void random_direction(int *v)
{
    for (int d = 0; d < AZ_MAX_DIM; d++) v[d] = (int)(az_rng_next(&rng) % 5) - 2;
}

/* One random jet of all lanes through the subject, each lane compared along its own line; lanes step to bound the time. */
static void check_subject(tally *tally, const subject *t, const az_layout *l, int step)
{
    jet a = jet_new(l), y = jet_dirty(l), dy = jet_dirty(l);
    double *scratch = az_doubles((size_t)4 * (size_t)l->n * AZ_LANES), size[TERMS], my[TERMS], mdy[TERMS];
    arb_poly_t pa, py, pdy, ey, edy;
    const int n = l->degree[l->n - 1] + 1;

    arb_poly_init(pa), arb_poly_init(py), arb_poly_init(pdy), arb_poly_init(ey), arb_poly_init(edy);
    fill_ugly(l, &a);
    for (int i = 0; i < AZ_LANES; i++) a.p[0][i] = ugly_start(t);
    apply(t, l, &y, &dy, &a, scratch);
    for (int i = (int)(az_rng_next(&rng) % (unsigned)step); i < AZ_LANES; i += step) {
        int v[AZ_MAX_DIM] = {1};
        if (l->dim > 1) random_direction(v);
        restrict_to_line(py, size, l, &y, i, v);
        restrict_to_line(pdy, size, l, &dy, i, v);
        restrict_to_line(pa, size, l, &a, i, v);
        reference(ey, edy, t, pa, n);
        bounds(my, mdy, t, a.p[0][i], size, n);
        for (int k = 0; k < n; k++) {
            check_coefficient(tally, t->name, k, py, ey, my[k], k ? FUNC_RATIO : START_RATIO);
            check_coefficient(tally, t->name, k, pdy, edy, mdy[k], k ? FUNC_RATIO : START_RATIO);
        }
    }
    arb_poly_clear(pa), arb_poly_clear(py), arb_poly_clear(pdy), arb_poly_clear(ey), arb_poly_clear(edy);
    az_doubles_free(scratch);
    jet_free(&a), jet_free(&y), jet_free(&dy);
}

static void functions_match_arb_in_one_variable(void **state)
{
    az_layout l;

    (void)state;
    for (size_t s = 0; s < N_SUBJECTS; s++) {
        tally t = {0, 0, 0};
        for (int r = 0; r < rounds; r++)
            for (int order = 0; order <= ORDER_MAX; order++) {
                assert_int_equal(az_layout_total(&l, 1, order), AZ_OK);
                check_subject(&t, &subjects[s], &l, 4);
            }
        report("univariate", subjects[s].name, &t);
    }
}

static void functions_match_arb_on_lines(void **state)
{
    const int shape[][2] = {{2, 1}, {2, 4}, {2, 8}, {3, 1}, {3, 3}, {3, 5}, {4, 2}, {4, 3}};
    az_layout l;

    (void)state;
    for (size_t s = 0; s < N_SUBJECTS; s++) {
        tally t = {0, 0, 0};
        for (int r = 0; r < rounds; r++)
            for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
                assert_int_equal(az_layout_total(&l, shape[i][0], shape[i][1]), AZ_OK);
                check_subject(&t, &subjects[s], &l, 8);
            }
        report("on lines", subjects[s].name, &t);
    }
}

/* size of the product or of the residual of the quotient */
static void convolve(double *out, const double *a, const double *b, int n)
{
    for (int k = 0; k < n; k++) {
        out[k] = 0;
        for (int i = 0; i <= k; i++) out[k] += a[i] * b[k - i];
    }
}

/* Product: error at most that of the sum of absolute terms. Quotient: b c = a + residual with |residual| <= eps (|a| + |b| |c|), and the
 * error is the residual times |1/b|. */
static void check_product_and_quotient(tally *t, const az_layout *l)
{
    jet a = jet_new(l), b = jet_new(l), c = jet_dirty(l), q = jet_dirty(l), one = jet_new(l), r = jet_dirty(l);
    double sa[TERMS], sb[TERMS], sq[TERMS], size[TERMS], inv[TERMS];
    arb_poly_t pa, pb, pc, pq, e;
    const int n = l->degree[l->n - 1] + 1;

    arb_poly_init(pa), arb_poly_init(pb), arb_poly_init(pc), arb_poly_init(pq), arb_poly_init(e);
    fill_ugly(l, &a), fill_ugly(l, &b);
    for (int i = 0; i < AZ_LANES; i++)
        if (fabs(b.p[0][i]) < 1e-10) b.p[0][i] = 1e34;
    az_jet_mul(l, c.p, a.p, b.p);
    az_jet_div(l, q.p, a.p, b.p);
    for (int i = 0; i < AZ_LANES; i++) one.p[0][i] = 1;
    az_jet_div(l, r.p, one.p, b.p);
    for (int i = 0; i < AZ_LANES; i++) {
        int v[AZ_MAX_DIM] = {1};
        if (l->dim > 1) random_direction(v);
        restrict_to_line(pc, size, l, &c, i, v);
        restrict_to_line(pq, sq, l, &q, i, v);
        restrict_to_line(pa, sa, l, &a, i, v);
        restrict_to_line(pb, sb, l, &b, i, v);
        convolve(size, sa, sb, n);
        arb_poly_mullow(e, pa, pb, n, PREC);
        for (int k = 0; k < n; k++) check_coefficient(t, "mul", k, pc, e, size[k] + DBL_MIN / DBL_EPSILON, PRODUCT_RATIO);
        restrict_to_line(e, inv, l, &r, i, v);
        convolve(size, sb, sq, n);
        for (int k = 0; k < n; k++) sa[k] += size[k] + DBL_MIN / DBL_EPSILON;
        convolve(size, inv, sa, n);
        arb_poly_div_series(e, pa, pb, n, PREC);
        for (int k = 0; k < n; k++) check_coefficient(t, "div", k, pq, e, size[k], 2 * PRODUCT_RATIO);
    }
    arb_poly_clear(pa), arb_poly_clear(pb), arb_poly_clear(pc), arb_poly_clear(pq), arb_poly_clear(e);
    jet_free(&a), jet_free(&b), jet_free(&c), jet_free(&q), jet_free(&one), jet_free(&r);
}

static void product_and_quotient_match_arb(void **state)
{
    tally t = {0, 0, 0};
    az_layout l;

    (void)state;
    for (int r = 0; r < rounds; r++)
        for (int dim = 1; dim <= AZ_MAX_DIM; dim++)
            for (int order = 0; order <= ORDER_MAX; order++)
                if (!az_layout_total(&l, dim, order)) check_product_and_quotient(&t, &l);
    report("product and quotient", "", &t);
}

/* <cbar, a b> = <abar, a> for abar = adjoint(cbar; b), lane by lane; abar is added to. */
static void adjoint_is_the_transpose(void **state)
{
    az_layout l;

    (void)state;
    for (int dim = 1; dim <= AZ_MAX_DIM; dim++)
        for (int order = 0; order <= ORDER_MAX; order++) {
            if (az_layout_total(&l, dim, order)) continue;
            jet a = jet_new(&l), b = jet_new(&l), c = jet_dirty(&l), cbar = jet_new(&l), abar = jet_new(&l);
            fill_ugly(&l, &a), fill_ugly(&l, &b), fill_ugly(&l, &cbar);
            for (int i = 0; i < l.n * AZ_LANES; i++) abar.base[i] = 1;
            az_jet_mul(&l, c.p, a.p, b.p);
            az_jet_mul_adjoint(&l, abar.p, cbar.p, b.p);
            for (int i = 0; i < AZ_LANES; i++) {
                long double left = 0, right = 0, size = 0;
                for (int k = 0; k < l.n; k++) {
                    left += (long double)cbar.p[k][i] * c.p[k][i];
                    right += (long double)(abar.p[k][i] - 1) * a.p[k][i];
                    size += fabsl((long double)a.p[k][i]);
                }
                for (int p = 0; p < l.n_prod; p++)
                    size += fabsl((long double)cbar.p[l.prod[p].c][i] * a.p[l.prod[p].a][i] * b.p[l.prod[p].b][i]);
                assert_true(fabsl(left - right) <= (l.n + 2) * DBL_EPSILON * size); /* every sum has at most n terms */
            }
            jet_free(&a), jet_free(&b), jet_free(&c), jet_free(&cbar), jet_free(&abar);
        }
}

/* dy_0 against (4 D(h/2) - D(h))/3 with D the central difference of y_0: error h^4/4 f_5 + ..., and rounding of a few ulp over h. */
static void derivative_matches_difference(void **state)
{
    const double h = 0x1p-9;
    az_layout l;

    (void)state;
    assert_int_equal(az_layout_total(&l, 1, 0), AZ_OK);
    jet a = jet_new(&l), y = jet_new(&l), dy = jet_new(&l);
    double *scratch = az_doubles((size_t)4 * (size_t)l.n * AZ_LANES);
    for (size_t s = 0; s < N_SUBJECTS; s++)
        for (int r = 0; r < 4; r++) {
            const double x = 0.2 + 0.5 * az_rng_uniform(&rng), shift[] = {0, h, -h, h / 2, -h / 2};
            for (int i = 0; i < AZ_LANES; i++) a.base[i] = x + shift[i % 5];
            apply(&subjects[s], &l, &y, &dy, &a, scratch);
            const double wide = (y.base[1] - y.base[2]) / (2 * h), narrow = (y.base[3] - y.base[4]) / h, d = (4 * narrow - wide) / 3;
            double my[TERMS], mdy[TERMS], line[TERMS] = {0, 1};
            bounds(my, mdy, &subjects[s], x, line, 6);
            const double tol = h * h * h * h * my[5] + 8 * DBL_EPSILON * my[0] / h;
            if (!(fabs(d - dy.base[0]) <= tol))
                fail_msg("%s' at %.17g: %g, difference %g, bound %g", subjects[s].name, x, dy.base[0], d, tol);
        }
    az_doubles_free(scratch);
    jet_free(&a), jet_free(&y), jet_free(&dy);
}

/* The batched activations give each jet of a batch what az_jet_func gives it alone. */
static void batches_match_single_jets(void **state)
{
    enum { COUNT = 5 };
    const int shape[][2] = {{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}, {2, 1}, {2, 3}, {3, 1}, {4, 2}};
    az_layout l;

    (void)state;
    for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
        assert_int_equal(az_layout_total(&l, shape[s][0], shape[s][1]), AZ_OK);
        const size_t size = (size_t)l.n * AZ_LANES;
        double *a = az_doubles(COUNT * size), *y = az_doubles(COUNT * size), *dy = az_doubles(COUNT * size);
        double *scratch = az_doubles(4 * size);
        jet one = jet_new(&l), fy = jet_new(&l), fdy = jet_new(&l);
        for (size_t i = 0; i < COUNT * size; i++) a[i] = az_rng_normal(&rng);
        for (int f = 0; f < 2; f++) {
            if (f) az_jet_sin_many(&l, y, dy, a, COUNT);
            else az_jet_tanh_many(&l, y, dy, a, COUNT);
            for (size_t j = 0; j < COUNT; j++) {
                memcpy(one.base, a + j * size, size * sizeof *a);
                az_jet_func(&l, f ? AZ_F_SIN : AZ_F_TANH, fy.p, fdy.p, one.p, scratch);
                for (size_t i = 0; i < size; i++) {
                    const double tol = APART * (1 + fabs(fy.base[i]) + fabs(fdy.base[i]));
                    assert_true(fabs(y[j * size + i] - fy.base[i]) <= tol);
                    assert_true(fabs(dy[j * size + i] - fdy.base[i]) <= tol);
                }
            }
        }
        jet_free(&one), jet_free(&fy), jet_free(&fdy);
        az_doubles_free(a), az_doubles_free(y), az_doubles_free(dy), az_doubles_free(scratch);
    }
}

static bool same(const double *a, const double *b)
{
    for (int i = 0; i < AZ_LANES; i++)
        if (!(a[i] == b[i] || (a[i] != a[i] && b[i] != b[i]))) return false;
    return true;
}

/* Equal up to n roundings; for sums without cancellation. */
static bool near(const double *a, const double *b, int n)
{
    for (int i = 0; i < AZ_LANES; i++)
        if (!(fabs(a[i] - b[i]) <= n * DBL_EPSILON * fabs(a[i]) || a[i] == b[i] || (a[i] != a[i] && b[i] != b[i]))) return false;
    return true;
}

/* A random down-closed set and the same computation in the full set around it: shared coefficients do not depend on the others. */
static void sparse_layouts_agree_with_full_ones(void **state)
{
    const int order[] = {0, 8, 8, 5, 3};
    static az_layout full, part;

    (void)state;
    for (int r = 0; r < 20; r++)
        for (int dim = 2; dim <= AZ_MAX_DIM; dim++) {
            az_index pickd[3];
            assert_int_equal(az_layout_total(&full, dim, order[dim]), AZ_OK);
            for (int i = 0; i < 3; i++) pickd[i] = full.index[az_rng_next(&rng) % (unsigned)full.n];
            assert_int_equal(az_layout_make(&part, dim, pickd, 3), AZ_OK);
            jet a = jet_new(&full), b = jet_new(&full), y = jet_new(&full), dy = jet_new(&full);
            jet y2 = jet_dirty(&part), dy2 = jet_dirty(&part);
            double *scratch = az_doubles((size_t)4 * (size_t)full.n * AZ_LANES), *pa[AZ_MAX_JET], *pb[AZ_MAX_JET];
            fill_ugly(&full, &a), fill_ugly(&full, &b);
            for (int k = 0; k < part.n; k++) {
                pa[k] = a.p[az_layout_find(&full, part.index[k])];
                pb[k] = b.p[az_layout_find(&full, part.index[k])];
            }
            for (size_t s = 0; s <= N_SUBJECTS; s++) {
                if (s < N_SUBJECTS && subjects[s].kind > POW) continue;
                if (s == N_SUBJECTS) {
                    az_jet_mul(&full, y.p, a.p, b.p), az_jet_mul(&part, y2.p, pa, pb);
                    az_jet_div(&full, dy.p, a.p, b.p), az_jet_div(&part, dy2.p, pa, pb);
                } else if (subjects[s].kind == POW) {
                    az_jet_pow(&full, y.p, dy.p, a.p, subjects[s].s, scratch), az_jet_pow(&part, y2.p, dy2.p, pa, subjects[s].s, scratch);
                } else {
                    az_jet_func(&full, subjects[s].f, y.p, dy.p, a.p, scratch), az_jet_func(&part, subjects[s].f, y2.p, dy2.p, pa, scratch);
                }
                for (int k = 0; k < part.n; k++) {
                    const int at = az_layout_find(&full, part.index[k]);
                    assert_true(same(y.p[at], y2.p[k]));
                    assert_true(same(dy.p[at], dy2.p[k]));
                }
            }
            az_doubles_free(scratch);
            jet_free(&a), jet_free(&b), jet_free(&y), jet_free(&dy), jet_free(&y2), jet_free(&dy2);
        }
}

/* Random coefficients of a copy become NULL here and zero there. */
static void thin_out(const az_layout *l, jet *a, double *p[])
{
    for (int k = 0; k < l->n; k++) {
        p[k] = a->p[k];
        if (az_rng_next(&rng) % 2) continue;
        p[k] = NULL;
        memset(a->p[k], 0, AZ_LANES * sizeof(double));
    }
}

/* All terms of the products and powers are positive here, so only the order of the sums may show. */
static void absent_coefficients_are_zeros(void **state)
{
    const int shape[][2] = {{1, 2}, {1, 7}, {2, 3}, {3, 2}, {4, 1}};
    static az_layout l;

    (void)state;
    for (int r = 0; r < 100; r++) {
        const int *sh = shape[(size_t)r % (sizeof shape / sizeof *shape)];
        double *pa[AZ_MAX_JET], *pb[AZ_MAX_JET], *out[AZ_MAX_JET];
        assert_int_equal(az_layout_total(&l, sh[0], sh[1]), AZ_OK);
        jet a = jet_new(&l), b = jet_new(&l), c = jet_dirty(&l), c2 = jet_dirty(&l), d2 = jet_dirty(&l), d = jet_dirty(&l);
        double *scratch = az_doubles((size_t)4 * (size_t)l.n * AZ_LANES);
        for (int i = 0; i < l.n * AZ_LANES; i++) a.base[i] = 0.1 + 0.8 * az_rng_uniform(&rng), b.base[i] = 0.1 + az_rng_uniform(&rng);
        thin_out(&l, &a, pa), thin_out(&l, &b, pb);
        az_jet_mul(&l, c.p, a.p, b.p);
        for (int k = 0; k < l.n; k++) out[k] = k % 3 == 1 ? NULL : c2.p[k];
        az_jet_mul(&l, out, pa, pb);
        for (int k = 0; k < l.n; k++) assert_true(out[k] ? near(c.p[k], c2.p[k], l.n) : c2.p[k][0] != c2.p[k][0]);
        for (int i = 0; i < l.n * AZ_LANES; i++) d.base[i] = d2.base[i] = 1;
        az_jet_mul_adjoint(&l, d.p, a.p, b.p);
        for (int k = 0; k < l.n; k++) out[k] = k % 3 == 1 ? NULL : d2.p[k];
        az_jet_mul_adjoint(&l, out, pa, pb);
        for (int k = 0; k < l.n; k++) assert_true(out[k] ? near(d.p[k], d2.p[k], l.n) : d2.p[k][0] == 1);
        for (size_t s = 0; s < N_SUBJECTS; s++) {
            if (subjects[s].kind > POW) continue;
            apply(&subjects[s], &l, &c, &d, &a, scratch);
            if (subjects[s].kind == POW) az_jet_pow(&l, c2.p, d2.p, pa, subjects[s].s, scratch);
            else az_jet_func(&l, subjects[s].f, c2.p, d2.p, pa, scratch);
            for (int k = 0; k < l.n; k++) /* infinity times zero is left out where the coefficient is absent */
                assert_true((near(c.p[k], c2.p[k], l.n) && near(d.p[k], d2.p[k], l.n)) || (!pa[0] && !isfinite(c.p[k][0] + d.p[k][0])));
        }
        if (!pb[0]) pb[0] = b.p[0];
        for (int i = 0; i < AZ_LANES; i++) b.p[0][i] = 2;
        az_jet_div(&l, c.p, a.p, b.p), az_jet_div(&l, c2.p, pa, pb);
        for (int k = 0; k < l.n; k++) assert_true(near(c.p[k], c2.p[k], l.n));
        az_doubles_free(scratch);
        jet_free(&a), jet_free(&b), jet_free(&c), jet_free(&c2), jet_free(&d), jet_free(&d2);
    }
}

/* An even numerator over an even denominator: odd outputs may be absent. */
static void quotient_skips_absent_outputs(void **state)
{
    az_layout l;

    (void)state;
    assert_int_equal(az_layout_total(&l, 1, 7), AZ_OK);
    jet a = jet_new(&l), b = jet_new(&l), c = jet_dirty(&l), c2 = jet_dirty(&l);
    double *pa[8], *pb[8], *pc[8];
    for (int i = 0; i < l.n * AZ_LANES; i++) a.base[i] = az_rng_normal(&rng), b.base[i] = 1 + az_rng_uniform(&rng);
    for (int k = 0; k < l.n; k++) {
        if (k % 2) memset(a.p[k], 0, AZ_LANES * sizeof(double)), memset(b.p[k], 0, AZ_LANES * sizeof(double));
        pa[k] = k % 2 ? NULL : a.p[k], pb[k] = k % 2 ? NULL : b.p[k], pc[k] = k % 2 ? NULL : c2.p[k];
    }
    az_jet_div(&l, c.p, a.p, b.p), az_jet_div(&l, pc, pa, pb);
    for (int k = 0; k < l.n; k += 2) assert_true(same(c.p[k], c2.p[k]));
    jet_free(&a), jet_free(&b), jet_free(&c), jet_free(&c2);
}

/* (x + x^2)^s = x^s (1 + x)^s has binomial coefficients, exactly, for every s >= 0. */
static void integer_powers_are_exact_at_zero(void **state)
{
    az_layout l;

    (void)state;
    assert_int_equal(az_layout_total(&l, 1, ORDER_MAX), AZ_OK);
    jet a = jet_new(&l), y = jet_dirty(&l), dy = jet_dirty(&l), inner = jet_dirty(&l);
    double *scratch = az_doubles((size_t)4 * (size_t)l.n * AZ_LANES);
    for (int i = 0; i < AZ_LANES; i++) a.p[1][i] = a.p[2][i] = 1;
    for (int s = 0; s <= 100; s++) {
        az_jet_pow(&l, y.p, dy.p, a.p, s, scratch);
        double binomial = 1;
        for (int k = 0; k < l.n; k++) {
            assert_true(y.p[k][0] == (k < s ? 0 : binomial));
            if (k >= s) binomial = binomial * (2 * s - k) / (k - s + 1);
        }
        if (s == 0) continue;
        az_jet_pow(&l, y.p, inner.p, a.p, s - 1, scratch);
        for (int k = 0; k < l.n; k++) assert_true(dy.p[k][0] == s * y.p[k][0]);
    }
    az_doubles_free(scratch);
    jet_free(&a), jet_free(&y), jet_free(&dy), jet_free(&inner);
}

static void outside_the_domain_is_not_a_number(void **state)
{
    const struct { az_func f; double x; } outside[] = {
        {AZ_F_LOG, -1}, {AZ_F_LOG1P, -2}, {AZ_F_SQRT, -1}, {AZ_F_ASIN, 1.5}, {AZ_F_ACOS, -1.5}, {AZ_F_ATANH, 2},
    };
    const double power[] = {0.5, -0.5, 2.5}, base[] = {-1, 0};
    az_layout l;

    (void)state;
    assert_int_equal(az_layout_total(&l, 1, 3), AZ_OK);
    jet a = jet_new(&l), y = jet_new(&l), dy = jet_new(&l);
    double *scratch = az_doubles((size_t)4 * (size_t)l.n * AZ_LANES);
    for (int i = 0; i < AZ_LANES; i++) a.p[1][i] = 1, a.p[2][i] = 0.5;
    for (size_t c = 0; c < sizeof outside / sizeof *outside; c++) {
        for (int i = 0; i < AZ_LANES; i++) a.p[0][i] = outside[c].x;
        az_jet_func(&l, outside[c].f, y.p, dy.p, a.p, scratch);
        for (int k = 0; k < l.n; k++) assert_true(isnan(y.p[k][7]) && isnan(dy.p[k][7]));
    }
    for (int c = 0; c < 6; c++) {
        for (int i = 0; i < AZ_LANES; i++) a.p[0][i] = base[c / 3];
        az_jet_pow(&l, y.p, dy.p, a.p, power[c % 3], scratch);
        for (int k = 0; k < l.n; k++) assert_true(isnan(y.p[k][7]) && isnan(dy.p[k][7]));
    }
    memset(a.p[0], 0, AZ_LANES * sizeof(double));
    az_jet_func(&l, AZ_F_SQRT, y.p, dy.p, a.p, scratch);
    assert_true(y.p[0][0] == 0 && isinf(dy.p[0][0]) && !isfinite(y.p[1][0]));
    az_jet_func(&l, AZ_F_LOG, y.p, dy.p, a.p, scratch);
    assert_true(y.p[0][0] == -INFINITY && !isfinite(y.p[1][0]));
    az_jet_pow(&l, y.p, dy.p, a.p, -1, scratch);
    assert_true(!isfinite(y.p[0][0]) && !isfinite(y.p[1][0]));
    az_jet_pow(&l, y.p, dy.p, a.p, INFINITY, scratch);
    az_jet_pow(&l, y.p, dy.p, a.p, NAN, scratch);
    assert_true(isnan(y.p[1][0]));
    az_doubles_free(scratch);
    jet_free(&a), jet_free(&y), jet_free(&dy);
}

/* The closure holds exactly what lies below a given index, sorted; the product table holds exactly the pairs that add up to a third. */
static void check_layout(const az_layout *l, const az_index *given, int n_given)
{
    int count = 0;

    for (int k = 1; k < l->n; k++) {
        assert_true(l->degree[k - 1] <= l->degree[k]);
        if (l->degree[k - 1] == l->degree[k]) assert_true(memcmp(l->index[k - 1].e, l->index[k].e, AZ_MAX_DIM) < 0);
    }
    for (int k = 0; k < l->n; k++) {
        bool needed = k == 0;
        int degree = 0;
        for (int g = 0; g < n_given; g++) {
            bool below = true;
            for (int d = 0; d < AZ_MAX_DIM; d++) below = below && l->index[k].e[d] <= given[g].e[d];
            needed = needed || below;
        }
        assert_true(needed);
        assert_int_equal(az_layout_find(l, l->index[k]), k);
        for (int d = 0; d < AZ_MAX_DIM; d++) {
            az_index down = l->index[k];
            degree += down.e[d];
            if (!down.e[d]--) continue;
            assert_true(az_layout_find(l, down) >= 0);
        }
        assert_int_equal(degree, l->degree[k]);
    }
    for (int g = 0; g < n_given; g++) assert_true(az_layout_find(l, given[g]) >= 0);
    for (int c = 0; c < l->n; c++)
        for (int a = 0; a < l->n; a++)
            for (int b = 0; b < l->n; b++) {
                bool sum = true;
                for (int d = 0; d < AZ_MAX_DIM; d++) sum = sum && l->index[a].e[d] + l->index[b].e[d] == l->index[c].e[d];
                if (!sum) continue;
                assert_true(count < l->n_prod);
                assert_true(l->prod[count].a == a && l->prod[count].b == b && l->prod[count].c == c);
                count++;
            }
    assert_int_equal(count, l->n_prod);
}

static void layouts_are_closed_with_full_tables(void **state)
{
    static az_layout l;
    int made = 0;

    (void)state;
    for (int r = 0; r < 300; r++) {
        const int dim = 1 + (int)(az_rng_next(&rng) % AZ_MAX_DIM), n = (int)(az_rng_next(&rng) % 5);
        az_index given[4] = {{{0}}};
        for (int i = 0; i < n; i++)
            for (int d = 0; d < dim; d++) given[i].e[d] = (unsigned char)(az_rng_next(&rng) % 4);
        const az_status st = az_layout_make(&l, dim, given, n);
        assert_true(st == AZ_OK || st == AZ_ELIMIT);
        if (st) continue;
        check_layout(&l, given, n);
        made++;
    }
    assert_true(made > 100);
    for (int dim = 1; dim <= AZ_MAX_DIM; dim++)
        for (int order = 0; order <= 64; order++) {
            long expected = 1; /* binomial(dim + order, dim) */
            for (int i = 1; i <= dim; i++) expected = expected * (order + i) / i;
            const az_status st = az_layout_total(&l, dim, order);
            assert_int_equal(st, expected <= AZ_MAX_JET ? AZ_OK : AZ_ELIMIT);
            if (st) continue;
            assert_int_equal(l.n, expected);
            assert_int_equal(l.dim, dim);
            check_layout(&l, l.index, l.n);
        }
}

static void layout_limits(void **state)
{
    const az_index huge = {{255, 255, 255, 255}}, one = {{1}}, row = {{63}}, second = {{0, 1}};
    const az_index many[] = {{{31}}, {{0, 32}}, {{1, 1}}};
    static az_layout l;

    (void)state;
    assert_int_equal(az_layout_make(&l, 4, &huge, 1), AZ_ELIMIT);
    assert_int_equal(az_layout_make(&l, 0, &one, 1), AZ_EDOMAIN);
    assert_int_equal(az_layout_make(&l, 5, &one, 1), AZ_EDOMAIN);
    assert_int_equal(az_layout_make(&l, 1, &one, -1), AZ_EDOMAIN);
    assert_int_equal(az_layout_make(&l, 1, &second, 1), AZ_EDOMAIN);
    assert_int_equal(az_layout_make(&l, 1, &row, 1), AZ_OK);
    assert_int_equal(l.n, AZ_MAX_JET);
    assert_int_equal(az_layout_make(&l, 2, many, 2), AZ_OK);
    assert_int_equal(az_layout_make(&l, 2, many, 3), AZ_ELIMIT);
    assert_int_equal(az_layout_find(&l, huge), -1);
    assert_int_equal(az_layout_total(&l, 0, 1), AZ_EDOMAIN);
    assert_int_equal(az_layout_total(&l, 1, -1), AZ_EDOMAIN);
    assert_int_equal(az_layout_total(&l, 1, 100000), AZ_ELIMIT);
    assert_int_equal(az_layout_make(&l, 3, NULL, 0), AZ_OK);
    assert_int_equal(l.n, 1);
}

int main(void)
{
    const char *from = getenv("AZ_SEED"), *more = getenv("AZ_ROUNDS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layouts_are_closed_with_full_tables),
        cmocka_unit_test(layout_limits),
        cmocka_unit_test(product_and_quotient_match_arb),
        cmocka_unit_test(adjoint_is_the_transpose),
        cmocka_unit_test(functions_match_arb_in_one_variable),
        cmocka_unit_test(functions_match_arb_on_lines),
        cmocka_unit_test(derivative_matches_difference),
        cmocka_unit_test(batches_match_single_jets),
        cmocka_unit_test(sparse_layouts_agree_with_full_ones),
        cmocka_unit_test(absent_coefficients_are_zeros),
        cmocka_unit_test(quotient_skips_absent_outputs),
        cmocka_unit_test(integer_powers_are_exact_at_zero),
        cmocka_unit_test(outside_the_domain_is_not_a_number),
    };

    if (from) seed = strtoull(from, NULL, 10);
    if (more) rounds = atoi(more);
    show_worst = getenv("AZ_WORST") != NULL;
    print_message("AZ_SEED=%llu\n", (unsigned long long)seed);
    az_rng_seed(&rng, seed);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    flint_cleanup();
    return failed;
}
