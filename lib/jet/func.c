/* func.c: y = f(a) and dy = f'(a) together, degree by degree.
 *
 * With E = sum x_i d/dx_i, which multiplies coefficient alpha by deg(alpha), the chain rule E y = dy E a reads
 *     deg(c) y_c = sum over a != 0 of deg(a) a_a dy_{c-a},
 * so y of a degree follows from dy of lower degrees. The differential equation of f then advances dy to that degree. Only sums over pairs
 * of indices occur, so any down-closed layout will do.
 */
#include "jet/kernel.h"
#include "jet/tanh.h"

#include <string.h>

/* The differential equations that advance dy. */
typedef enum family {
    COPY,    /* dy = y + constant */
    SECOND,  /* y'' = sign y */
    RICCATI, /* dy = constant + sign y^2 */
    POWER,   /* dy = u^s up to a factor, u = a + constant, or constant + sign a^2 */
    GAUSS,   /* dy = exp(v) up to a factor, v = sign a^2 */
    SECH     /* dy = -y t, t = tanh(a), dt = y^2 */
} family;

typedef struct rule {
    family family;
    double sign; /* for POWER, 0 says that u is linear in a */
    double s;
} rule;

static const rule rules[AZ_N_FUNC] = {
    [AZ_F_EXP] = {COPY, 0, 0},         [AZ_F_EXPM1] = {COPY, 0, 0},      [AZ_F_LOG] = {POWER, 0, -1},      [AZ_F_LOG1P] = {POWER, 0, -1},
    [AZ_F_SQRT] = {POWER, 0, -0.5},    [AZ_F_SIN] = {SECOND, -1, 0},     [AZ_F_COS] = {SECOND, -1, 0},     [AZ_F_TAN] = {RICCATI, 1, 0},
    [AZ_F_SINH] = {SECOND, 1, 0},      [AZ_F_COSH] = {SECOND, 1, 0},     [AZ_F_TANH] = {RICCATI, -1, 0},   [AZ_F_ASIN] = {POWER, -1, -0.5},
    [AZ_F_ACOS] = {POWER, -1, -0.5},   [AZ_F_ATAN] = {POWER, 1, -1},     [AZ_F_ASINH] = {POWER, 1, -0.5},  [AZ_F_ATANH] = {POWER, -1, -1},
    [AZ_F_ERF] = {GAUSS, -1, 0},        [AZ_F_SECH] = {SECH, 0, 0},
};

#define PRODUCT_MAX AZ_MAX_JET /* above every total degree of a layout */

/* One computation in progress. da: deg(a) a_a. u: the inner function of POWER or deg(a) v_a of GAUSS. NULL entries are zero. */
typedef struct work {
    const az_layout *l;
    double *const *y, *const *dy;
    const double *da[AZ_MAX_JET], *u[AZ_MAX_JET];
    const double *inverse; /* 1/u_0 */
    double *t[AZ_MAX_JET], *square[AZ_MAX_JET]; /* SECH: t and y^2 */
    rule rule;
} work;

static const _Alignas(64) double zero_lanes[AZ_LANES];

/* exp(-x^2) without the error of rounding x^2: x = h + (x - h) with h*h exact. Beyond 30 the result is zero. */
static az_vec gauss(az_vec x)
{
    const double far = 30;
    const int64_t high_half = ~INT64_C(0x7ffffff);

    x = az_vec_abs(x);
    x = az_select(x > far, az_splat(far), x);
    const az_vec h = (az_vec)((az_mask)x & high_half);
    return az_vec_exp(-h * h) * az_vec_exp(-(x - h) * (x + h));
}

/* 1/cosh, which overflows beyond 710 */
static az_vec sech(az_vec x)
{
    const az_vec e = az_vec_exp(-az_vec_abs(x));
    return 2.0 * e / (1.0 + e * e);
}

static az_vec nan_like(az_vec y, az_vec dy) { return az_select(y != y, y, dy); }

/* f and f' of numbers. */
static void value(az_func f, az_vec x, az_vec *y, az_vec *dy)
{
    const double two_over_sqrt_pi = 1.1283791670955126; /* A190732 */

    switch (f) {
    case AZ_F_EXP: *y = *dy = az_vec_exp(x); break;
    case AZ_F_EXPM1: *y = az_vec_expm1(x), *dy = az_vec_exp(x); break;
    case AZ_F_LOG: *y = az_vec_log(x), *dy = nan_like(*y, 1.0 / x); break;
    case AZ_F_LOG1P: *y = az_vec_log1p(x), *dy = nan_like(*y, 1.0 / (1.0 + x)); break;
    case AZ_F_SQRT: *y = az_vec_sqrt(x), *dy = 0.5 / *y; break;
    case AZ_F_SIN: az_vec_sincos(y, dy, x); break;
    case AZ_F_COS: az_vec_sincos(dy, y, x), *dy = -*dy; break;
    case AZ_F_TAN: *y = az_vec_tan(x), *dy = 1.0 + *y * *y; break;
    case AZ_F_SINH: *y = az_vec_sinh(x), *dy = az_vec_cosh(x); break;
    case AZ_F_COSH: *y = az_vec_cosh(x), *dy = az_vec_sinh(x); break;
    case AZ_F_TANH: az_vec_tanh_pair(x, y, dy); break;
    case AZ_F_SECH: {
        az_vec t, slope;
        az_vec_tanh_pair(x, &t, &slope);
        *y = sech(x), *dy = -*y * t;
        break;
    }
    case AZ_F_ASIN: *y = az_vec_asin(x), *dy = 1.0 / az_vec_sqrt((1.0 - x) * (1.0 + x)); break;
    case AZ_F_ACOS: *y = az_vec_acos(x), *dy = -1.0 / az_vec_sqrt((1.0 - x) * (1.0 + x)); break;
    case AZ_F_ATAN: *y = az_vec_atan(x), *dy = 1.0 / (1.0 + x * x); break;
    case AZ_F_ASINH: *y = az_vec_asinh(x), *dy = 1.0 / az_vec_sqrt(1.0 + x * x); break;
    case AZ_F_ATANH: *y = az_vec_atanh(x), *dy = nan_like(*y, 1.0 / ((1.0 - x) * (1.0 + x))); break;
    case AZ_F_ERF: *y = az_vec_erf(x), *dy = two_over_sqrt_pi * gauss(x); break;
    case AZ_N_FUNC: break;
    }
}

/* 1/u_0 of the POWER family. */
static az_vec inverse_inner(az_func f, az_vec x)
{
    switch (f) {
    case AZ_F_LOG: case AZ_F_SQRT: return 1.0 / x;
    case AZ_F_LOG1P: return 1.0 / (1.0 + x);
    case AZ_F_ATAN: case AZ_F_ASINH: return 1.0 / (1.0 + x * x);
    default: return 1.0 / ((1.0 - x) * (1.0 + x));
    }
}

/* out_k = deg(k) in_k; degree 1 needs no copy. Returns the rest of the scratch. */
static double *set_euler(const az_layout *l, const double *out[], double *const in[], double *scratch)
{
    out[0] = NULL;
    for (int k = 1; k < l->n; k++) {
        out[k] = in[k];
        if (!in[k] || l->degree[k] == 1) continue;
        for (int i = 0; i < AZ_LANES; i++) scratch[i] = l->degree[k] * in[k][i];
        out[k] = scratch;
        scratch += AZ_LANES;
    }
    return scratch;
}

/* sq_k = weight_k * sign * (a^2)_k for k > 0, with weight deg(k) if `euler`. Returns the rest of the scratch. */
static double *set_square(const az_layout *l, const double *sq[], double *const a[], double sign, bool euler, double *scratch)
{
    for (int p = 0; p < l->n_prod;) {
        const int k = l->prod[p].c;
        az_terms t;
        t.n = 0;
        for (; p < l->n_prod && l->prod[p].c == k; p++) az_terms_add(&t, a[l->prod[p].a], a[l->prod[p].b], 1);
        sq[k] = NULL;
        if (!k || !t.n) continue;
        az_terms_sum_weighted(scratch, &t, euler ? sign * l->degree[k] : sign);
        sq[k] = scratch;
        scratch += AZ_LANES;
    }
    return scratch;
}

/* out_k = (sign/deg k) sum over a != 0 of d_a z_{k-a}; p is the first product of k */
static void advance(const work *w, double *out, const double *const d[], double *const z[], int k, int p, double sign)
{
    const az_layout *l = w->l;
    az_terms t;

    t.n = 0;
    for (; p < l->n_prod && l->prod[p].c == k; p++) az_terms_add(&t, d[l->prod[p].a], z[l->prod[p].b], 1);
    if (l->degree[k] == 1 && sign == 1) az_terms_sum(out, &t);
    else az_terms_sum_weighted(out, &t, sign / l->degree[k]);
}

/* dy = u^s: u E dy = s dy E u, so deg(k) u_0 dy_k = sum over a != 0 of (s deg(a) - deg(k-a)) u_a dy_{k-a}. */
static void advance_power(const work *w, int k, int p)
{
    const az_layout *l = w->l;
    double *out = w->dy[k];
    az_terms t;

    t.n = 0;
    for (; p < l->n_prod && l->prod[p].c == k; p++) {
        const int a = l->prod[p].a, b = l->prod[p].b;
        if (a) az_terms_add(&t, w->u[a], w->dy[b], w->rule.s * l->degree[a] - l->degree[b]);
    }
    az_terms_sum_weighted(out, &t, 1.0 / l->degree[k]);
    AZ_EACH_VEC(i) az_store(out + i, az_load(out + i) * az_load(w->inverse + i));
}

/* out = sign (y^2)_k; every pair is met twice */
static void advance_square(const work *w, double *out, int k, int p, double sign)
{
    const az_layout *l = w->l;
    az_terms t;

    t.n = 0;
    for (; p < l->n_prod && l->prod[p].c == k; p++) {
        const int a = l->prod[p].a, b = l->prod[p].b;
        if (a <= b) az_terms_add(&t, w->y[a], w->y[b], a < b ? 2 : 1);
    }
    az_terms_sum_weighted(out, &t, sign);
}

/* t_k and (y^2)_k, then dy_k = -(y t)_k */
static void advance_sech(const work *w, int k, int p)
{
    const az_layout *l = w->l;
    az_terms t;

    advance(w, w->t[k], w->da, w->square, k, p, 1);
    advance_square(w, w->square[k], k, p, 1);
    t.n = 0;
    for (; p < l->n_prod && l->prod[p].c == k; p++) az_terms_add(&t, w->y[l->prod[p].a], w->t[l->prod[p].b], 1);
    az_terms_sum_weighted(w->dy[k], &t, -1);
}

/* Their constant terms, and room for the others in the scratch. */
static void start_sech(work *w, const double *a0, double *scratch)
{
    for (int k = 0; k < w->l->n; k++, scratch += 2 * AZ_LANES) w->t[k] = scratch, w->square[k] = scratch + AZ_LANES;
    AZ_EACH_VEC(i) {
        az_vec t, slope;
        const az_vec y = az_load(w->y[0] + i);
        az_vec_tanh_pair(az_load(a0 + i), &t, &slope);
        az_store(w->t[0] + i, t);
        az_store(w->square[0] + i, y * y);
    }
}

/* From y_0, dy_0 and what the rule needs to all of y and dy. */
static void run(const work *w)
{
    const az_layout *l = w->l;

    for (int k = 1, p = 0; k < l->n; k++) {
        while (l->prod[p].c < k) p++;
        advance(w, w->y[k], w->da, w->dy, k, p, 1);
        switch (w->rule.family) {
        case COPY: memcpy(w->dy[k], w->y[k], AZ_LANES * sizeof(double)); break;
        case SECOND: advance(w, w->dy[k], w->da, w->y, k, p, w->rule.sign); break;
        case RICCATI: advance_square(w, w->dy[k], k, p, w->rule.sign); break;
        case POWER: advance_power(w, k, p); break;
        case GAUSS: advance(w, w->dy[k], w->u, w->dy, k, p, 1); break;
        case SECH: advance_sech(w, k, p); break;
        }
    }
}

void az_jet_func(const az_layout *l, az_func f, double *const y[], double *const dy[], double *const a[], double *scratch)
{
    const double *a0 = a[0] ? a[0] : zero_lanes;
    work w = {.l = l, .y = y, .dy = dy, .rule = rules[f]};

    AZ_EACH_VEC(i) {
        az_vec v = {0}, dv = {0};
        value(f, az_load(a0 + i), &v, &dv);
        az_store(y[0] + i, v);
        az_store(dy[0] + i, dv);
    }
    if (l->n == 1) return;
    scratch = set_euler(l, w.da, a, scratch);
    if (w.rule.family == SECH) start_sech(&w, a0, scratch);
    if (w.rule.family == GAUSS) set_square(l, w.u, a, w.rule.sign, true, scratch);
    if (w.rule.family == POWER) {
        AZ_EACH_VEC(i) az_store(scratch + i, inverse_inner(f, az_load(a0 + i)));
        w.inverse = scratch;
        scratch += AZ_LANES;
        if (w.rule.sign) set_square(l, w.u, a, w.rule.sign, false, scratch);
        else memcpy(w.u, a, (size_t)l->n * sizeof *a);
    }
    run(&w);
}

static void set_constant(const az_layout *l, double *const p[], double value)
{
    for (int k = 0; k < l->n; k++)
        for (int i = 0; i < AZ_LANES; i++) p[k][i] = k ? 0 : value;
}

static void copy(const az_layout *l, double *const p[], double *const a[])
{
    for (int k = 0; k < l->n; k++) memcpy(p[k], a[k] ? a[k] : zero_lanes, sizeof zero_lanes);
}

/* p = a^m for an integer m >= 1 by binary powers, most significant bit first. Nothing is divided, so a_0 = 0 is exact.
 * t: n lane vectors. */
static void integer_power(const az_layout *l, double *const p[], double *const a[], int m, double *t)
{
    double *square[AZ_MAX_JET];
    int bit = 1;

    for (int k = 0; k < l->n; k++) square[k] = t + (size_t)k * AZ_LANES;
    copy(l, p, a);
    while (bit <= m / 2) bit *= 2;
    for (bit /= 2; bit; bit /= 2) {
        az_jet_mul(l, square, p, p);
        if (m & bit) az_jet_mul(l, p, square, a);
        else copy(l, p, square);
    }
}

/* dy = s a^(s-1), y = a a^(s-1) */
static void pow_by_products(const az_layout *l, double *const y[], double *const dy[], double *const a[], int s, double *scratch)
{
    if (s < 2) {
        set_constant(l, dy, s);
        if (s) copy(l, y, a);
        else set_constant(l, y, 1);
        return;
    }
    integer_power(l, dy, a, s - 1, scratch);
    az_jet_mul(l, y, dy, a);
    for (int k = 0; k < l->n; k++)
        for (int i = 0; i < AZ_LANES; i++) dy[k][i] *= s;
}

/* Small integer powers are products. Above PRODUCT_MAX the recurrence has positive weights only, hence no cancellation, and
 * where a_0 = 0 all coefficients vanish. */
void az_jet_pow(const az_layout *l, double *const y[], double *const dy[], double *const a[], double s, double *scratch)
{
    const double *a0 = a[0] ? a[0] : zero_lanes;
    const bool integer = isfinite(s) && s == rint(s);
    work w = {.l = l, .y = y, .dy = dy, .inverse = scratch, .rule = {POWER, 0, s - 1}};

    if (integer && s >= 0 && s <= PRODUCT_MAX) {
        pow_by_products(l, y, dy, a, (int)s, scratch);
        return;
    }
    AZ_EACH_VEC(i) {
        const az_vec x = az_load(a0 + i), zero = {0}, nan = az_splat(NAN);
        az_mask in = x > zero, flat = zero != zero;
        if (integer) in |= x <= zero;
        if (integer && s > 0) flat = x == zero;
        const az_vec v = az_vec_pow(x, az_splat(s));
        az_vec dv = s * v / x; /* s - 1 is exact only for s >= 1/2; below it v is no nearer to overflow than v/x */
        if (s >= 0.5) dv = s * az_vec_pow(x, az_splat(s - 1));
        az_store(y[0] + i, az_select(in, v, nan));
        az_store(dy[0] + i, az_select(in, dv, nan));
        az_store(scratch + i, az_select(flat, zero, 1.0 / x));
    }
    set_euler(l, w.da, a, scratch + AZ_LANES);
    memcpy(w.u, a, (size_t)l->n * sizeof *a);
    run(&w);
}
