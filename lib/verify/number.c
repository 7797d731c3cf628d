/* number.c: elementary functions of a complex number near the real axis, and their univariate Taylor coefficients.
 * The coefficients come from the linear differential equation that each function satisfies, one at a time. */
#include "verify/number.h"

/* Terms of the series of erf in the imaginary part: |b|^m / m! falls below 1e-17 for |b| <= 1 long before this. */
#define ERF_TERMS 40

static az_num nan_num(void) { return az_num_make(NAN, NAN); }

/* exp(a+ib) = e^a (cos b + i sin b) */
static az_num num_exp(az_num x)
{
    const double e = exp(creal(x));

    return az_num_make(e * cos(cimag(x)), e * sin(cimag(x)));
}

/* Re = (e^a - 1) cos b - 2 sin^2(b/2): no cancellation for small x */
static az_num num_expm1(az_num x)
{
    const double a = creal(x), b = cimag(x), s = sin(b / 2);

    return az_num_make(expm1(a) * cos(b) - 2 * s * s, exp(a) * sin(b));
}

/* log(1+a+ib) = log1p(a) + log(1+ir), r = b/(1+a) */
static az_num num_log1p(az_num x)
{
    const double a = creal(x), r = cimag(x) / (1 + a);

    if (!(a > -1)) return nan_num();
    return az_num_make(log1p(a) + log1p(r * r) / 2, atan(r));
}

static az_num num_log(az_num x)
{
    const double a = creal(x), r = cimag(x) / a;

    if (!(a > 0)) return nan_num();
    return az_num_make(log(a) + log1p(r * r) / 2, atan(r));
}

static az_num num_sinh(az_num x)
{
    return az_num_make(sinh(creal(x)) * cos(cimag(x)), cosh(creal(x)) * sin(cimag(x)));
}

static az_num num_cosh(az_num x)
{
    return az_num_make(cosh(creal(x)) * cos(cimag(x)), sinh(creal(x)) * sin(cimag(x)));
}

/* tanh(a+ib) = (t + iT)/(1 + itT), t = tanh a, T = tan b; 1 - t^2 is written 1/cosh^2 a, which may underflow but not overflow. */
static az_num num_tanh(az_num x)
{
    const double t = tanh(creal(x)), tan_b = tan(cimag(x)), sech = 1 / cosh(creal(x));
    const double d = 1 + t * t * tan_b * tan_b;

    return az_num_make(t * (1 + tan_b * tan_b) / d, tan_b * sech * sech / d);
}

/* 2e/(1 + e^2), e = exp(-x) or its inverse, whichever does not overflow */
static az_num num_sech(az_num x)
{
    const az_num e = num_exp(creal(x) < 0 ? x : -x);

    return 2 * e / (1 + e * e);
}

/* i x */
static az_num turn(az_num x) { return az_num_make(-cimag(x), creal(x)); }
/* -i x */
static az_num turn_back(az_num x) { return az_num_make(cimag(x), -creal(x)); }

/* erf(a+ib) = erf(a) + sum_m g_m (ib)^(m+1)/(m+1), g the coefficients of erf' at a */
static az_num num_erf(az_num x)
{
    az_num g[ERF_TERMS + 1], power = 1, sum = 0;

    az_num_series(g, ERF_TERMS, AZ_F_ERF, creal(x));
    for (int m = 1; m <= ERF_TERMS; m++) {
        power *= az_num_make(0, cimag(x));
        sum += g[m] * power;
    }
    return erf(creal(x)) + sum;
}

static az_num num_inside(double bound, az_num x, az_num (*f)(az_num)) { return fabs(creal(x)) < bound ? f(x) : nan_num(); }

az_num az_num_func(az_func f, az_num x)
{
    if (cimag(x) == 0) return az_func_value(f, creal(x));
    switch (f) {
    case AZ_F_EXP: return num_exp(x);
    case AZ_F_EXPM1: return num_expm1(x);
    case AZ_F_LOG: return num_log(x);
    case AZ_F_LOG1P: return num_log1p(x);
    case AZ_F_SQRT: return creal(x) >= 0 ? csqrt(x) : nan_num();
    case AZ_F_SIN: return turn_back(num_sinh(turn(x)));
    case AZ_F_COS: return num_cosh(turn(x));
    case AZ_F_TAN: return turn_back(num_tanh(turn(x)));
    case AZ_F_SINH: return num_sinh(x);
    case AZ_F_COSH: return num_cosh(x);
    case AZ_F_TANH: return num_tanh(x);
    case AZ_F_SECH: return num_sech(x);
    case AZ_F_ASIN: return num_inside(1, x, casin);
    case AZ_F_ACOS: return num_inside(1, x, cacos);
    case AZ_F_ATAN: return catan(x);
    case AZ_F_ASINH: return casinh(x);
    case AZ_F_ATANH: return num_inside(1, x, catanh);
    case AZ_F_ERF: return num_erf(x);
    default: return nan_num();
    }
}

/* x^s = a^s (1+ir)^s, r = b/a */
az_num az_num_pow(az_num x, double s)
{
    const double a = creal(x), b = cimag(x), r = b / a;

    if (b == 0) return pow(a, s);
    if (!(a > 0)) return nan_num();
    return pow(a, s) * num_exp(s * az_num_make(log1p(r * r) / 2, atan(r)));
}

/* c_k = c_{k-1} (s-k+1) / (k x) */
void az_num_pow_series(az_num *c, int order, az_num x, double s)
{
    c[0] = az_num_pow(x, s);
    for (int k = 1; k <= order; k++) {
        if (x == 0)
            c[k] = s > k ? 0 : INFINITY;
        else
            c[k] = c[k - 1] * (s - k + 1) / (k * x);
    }
}

/* f^(k)/k! where the derivatives of f repeat as f, g, sign f, sign g, ... */
static void cyclic_series(az_num *c, int order, az_num f, az_num g, double sign)
{
    double factor = 1;

    for (int k = 0; k <= order; k++) {
        if (k) factor *= (k % 2 == 0 ? sign : 1) / k;
        c[k] = factor * (k % 2 ? g : f);
    }
}

/* log(x+t), x >= 0 */
static void log_series(az_num *c, int order, az_num x)
{
    az_num power = -1;

    for (int k = 1; k <= order; k++) {
        power = -power / x;
        c[k] = power / k;
    }
}

/* T' = S, S' = 2 sign T S: tan (sign 1, S = 1/cos^2) and tanh (sign -1, S = 1/cosh^2) */
static void tangent_series(az_num *c, int order, az_num slope, double sign)
{
    az_num s[AZ_NUM_MAX_ORDER + 1];

    s[0] = slope;
    for (int k = 0; k < order; k++) {
        c[k + 1] = s[k] / (k + 1);
        s[k + 1] = 0;
        for (int j = 0; j <= k; j++) s[k + 1] += c[j] * s[k - j];
        s[k + 1] *= 2 * sign / (k + 1);
    }
}

/* 1/cosh^2 = 4e/(1+e)^2, e = exp(-2x): neither cancels where tanh is near 1 nor overflows */
static az_num sech_squared(az_num x)
{
    const az_num e = num_exp(creal(x) < 0 ? 2 * x : -2 * x);

    return 4 * e / ((1 + e) * (1 + e));
}

/* c' = -c t, t' = c^2, t = tanh */
static void sech_series(az_num *c, int order, az_num t0)
{
    az_num t[AZ_NUM_MAX_ORDER + 1];

    t[0] = t0;
    for (int k = 0; k < order; k++) {
        c[k + 1] = t[k + 1] = 0;
        for (int j = 0; j <= k; j++) c[k + 1] -= c[j] * t[k - j], t[k + 1] += c[j] * c[k - j];
        c[k + 1] /= k + 1;
        t[k + 1] /= k + 1;
    }
}

/* Integrates the coefficients of f' in place: c[1..order] from g = c[1..order] shifted. */
static void integrate(az_num *c, int order)
{
    for (int k = 1; k <= order; k++) c[k] /= k;
}

/* g = (1 + q x^2)^(-1/2), q = -1 (asin) or 1 (asinh): (1 + q x^2)(k+1) g_{k+1} = -q [(2k+1) x g_k + k g_{k-1}] */
static void root_series(az_num *c, int order, az_num x, double q)
{
    az_num *g = c + 1;
    const az_num w = q < 0 ? (1 - x) * (1 + x) : 1 + x * x;

    if (order < 1) return;
    g[0] = 1 / csqrt(w);
    for (int k = 0; k + 1 < order; k++)
        g[k + 1] = -q * ((2 * k + 1) * x * g[k] + (k ? k * g[k - 1] : 0)) / ((k + 1) * w);
    integrate(c, order);
}

/* g = 1/(1 + q x^2), q = 1 (atan) or -1 (atanh): (1 + q x^2) g_k = -q (2 x g_{k-1} + g_{k-2}) */
static void inverse_series(az_num *c, int order, az_num x, double q)
{
    az_num *g = c + 1;
    const az_num w = q < 0 ? (1 - x) * (1 + x) : 1 + x * x;

    for (int k = 0; k < order; k++) g[k] = k ? -q * (2 * x * g[k - 1] + (k > 1 ? g[k - 2] : 0)) / w : 1 / w;
    integrate(c, order);
}

/* g = 2/sqrt(pi) exp(-x^2): (k+1) g_{k+1} = -2 (x g_k + g_{k-1}) */
static void erf_series(az_num *c, int order, az_num x)
{
    az_num *g = c + 1;

    if (order < 1) return;
    g[0] = M_2_SQRTPI * num_exp(-x * x);
    for (int k = 0; k + 1 < order; k++) g[k + 1] = -2 * (x * g[k] + (k ? g[k - 1] : 0)) / (k + 1);
    integrate(c, order);
}

void az_num_series(az_num *c, int order, az_func f, az_num x)
{
    c[0] = f == AZ_F_ERF && cimag(x) == 0 ? erf(creal(x)) : az_num_func(f, x);
    switch (f) {
    case AZ_F_EXP: cyclic_series(c, order, c[0], c[0], 1); break;
    case AZ_F_EXPM1: {
        const az_num value = c[0], e = az_num_func(AZ_F_EXP, x);
        cyclic_series(c, order, e, e, 1);
        c[0] = value;
        break;
    }
    case AZ_F_LOG: log_series(c, order, x); break;
    case AZ_F_LOG1P: log_series(c, order, 1 + x); break;
    case AZ_F_SQRT: az_num_pow_series(c, order, x, 0.5); break;
    case AZ_F_SIN: cyclic_series(c, order, c[0], az_num_func(AZ_F_COS, x), -1); break;
    case AZ_F_COS: cyclic_series(c, order, c[0], -az_num_func(AZ_F_SIN, x), -1); break;
    case AZ_F_SINH: cyclic_series(c, order, c[0], az_num_func(AZ_F_COSH, x), 1); break;
    case AZ_F_COSH: cyclic_series(c, order, c[0], az_num_func(AZ_F_SINH, x), 1); break;
    case AZ_F_TAN: tangent_series(c, order, 1 + c[0] * c[0], 1); break;
    case AZ_F_TANH: tangent_series(c, order, sech_squared(x), -1); break;
    case AZ_F_SECH: sech_series(c, order, az_num_func(AZ_F_TANH, x)); break;
    case AZ_F_ASIN: root_series(c, order, x, -1); break;
    case AZ_F_ACOS:
        root_series(c, order, x, -1);
        for (int k = 1; k <= order; k++) c[k] = -c[k];
        break;
    case AZ_F_ATAN: inverse_series(c, order, x, 1); break;
    case AZ_F_ASINH: root_series(c, order, x, 1); break;
    case AZ_F_ATANH: inverse_series(c, order, x, -1); break;
    case AZ_F_ERF: erf_series(c, order, x); break;
    default: c[0] = nan_num(); break;
    }
}
