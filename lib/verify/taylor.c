/* taylor.c: arithmetic of truncated Taylor polynomials, in the plainest form: products by the definition, quotients by forward
 * substitution, a function by its univariate series at the constant term, composed with Horner's scheme. */
#include "verify/taylor.h"

#include <string.h>

/* Most coefficients of total degree <= 16 in the orders that are useful: 4 coordinates to order 6 are 210. */
#define MAX_COEFFICIENTS 512
/* Above this exponent x^s is exp(s log x) by libm's pow, which needs x > 0, instead of repeated products. */
#define MAX_INTEGER_POWER 1024

static int binomial(int n, int k)
{
    double b = 1;

    for (int i = 1; i <= k; i++) b = b * (n - k + i) / i;
    return (int)lround(b);
}

/* All exponents of total degree d, in lexicographic order from e[0] = d down. */
static int fill_degree(int *exponent, int *degree, int n, int dim, int d)
{
    int e[AZ_MAX_DIM] = {d};

    for (;;) {
        memcpy(exponent + (size_t)n * AZ_MAX_DIM, e, sizeof e);
        degree[n++] = d;
        int c = dim - 2;
        while (c >= 0 && !e[c]) c--;
        if (c < 0) return n;
        e[c]--;
        int rest = 1;
        for (int i = c + 1; i < dim; i++) {
            rest += e[i];
            e[i] = 0;
        }
        e[c + 1] = rest;
    }
}

int az_taylor_find(const az_taylor *t, const int exponent[AZ_MAX_DIM])
{
    for (int i = 0; i < t->n; i++)
        if (!memcmp(t->exponent + (size_t)i * AZ_MAX_DIM, exponent, AZ_MAX_DIM * sizeof *exponent)) return i;
    return -1;
}

static void fill_sums(az_taylor *t)
{
    for (int i = 0; i < t->n; i++)
        for (int j = 0; j < t->n; j++) {
            int e[AZ_MAX_DIM];
            for (int c = 0; c < AZ_MAX_DIM; c++) e[c] = t->exponent[i * AZ_MAX_DIM + c] + t->exponent[j * AZ_MAX_DIM + c];
            t->sum[i * t->n + j] = t->degree[i] + t->degree[j] <= t->order ? az_taylor_find(t, e) : -1;
        }
}

az_status az_taylor_init(az_taylor *t, int dim, int order)
{
    *t = (az_taylor){.dim = dim, .order = order};
    if (order > AZ_TAYLOR_MAX_ORDER) return AZ_ELIMIT;
    for (int k = 0; k <= order; k++) t->count[k] = binomial(dim + k, dim);
    t->n = t->count[order];
    if (t->n > MAX_COEFFICIENTS) return AZ_ELIMIT;
    const size_t n = (size_t)t->n;
    t->degree = az_calloc(n, sizeof *t->degree);
    t->exponent = az_calloc(n * AZ_MAX_DIM, sizeof *t->exponent);
    t->sum = az_calloc(n * n, sizeof *t->sum);
    if (!t->degree || !t->exponent || !t->sum) {
        az_taylor_clear(t);
        return AZ_ENOMEM;
    }
    for (int d = 0, k = 0; d <= order; d++) k = fill_degree(t->exponent, t->degree, k, dim, d);
    fill_sums(t);
    return AZ_OK;
}

void az_taylor_clear(az_taylor *t)
{
    az_free(t->degree);
    az_free(t->exponent);
    az_free(t->sum);
    *t = (az_taylor){.dim = 0};
}

void az_taylor_mul(const az_taylor *t, int order, az_num *c, const az_num *a, const az_num *b)
{
    for (int i = 0; i < t->count[order]; i++) c[i] = 0;
    for (int i = 0; i < t->count[order]; i++) {
        const int *sum = t->sum + (size_t)i * (size_t)t->n, n = t->count[order - t->degree[i]];
        for (int j = 0; j < n; j++) c[sum[j]] += a[i] * b[j];
    }
}

/* c b = a, solved for c in order of degree */
void az_taylor_div(const az_taylor *t, int order, az_num *c, const az_num *a, const az_num *b)
{
    memcpy(c, a, (size_t)t->count[order] * sizeof *c);
    for (int i = 0; i < t->count[order]; i++) {
        const int *sum = t->sum + (size_t)i * (size_t)t->n, n = t->count[order - t->degree[i]];
        c[i] /= b[0];
        for (int j = 1; j < n; j++) c[sum[j]] -= c[i] * b[j];
    }
}

/* sum_k series[k] (a - a[0])^k */
static void compose(const az_taylor *t, int order, az_num *c, const az_num *series, const az_num *a)
{
    const int n = t->count[order];
    az_num part[MAX_COEFFICIENTS], step[MAX_COEFFICIENTS];

    memcpy(step, a, (size_t)n * sizeof *step);
    step[0] = 0;
    for (int i = 0; i < n; i++) c[i] = 0;
    c[0] = series[order];
    for (int k = order - 1; k >= 0; k--) {
        memcpy(part, c, (size_t)n * sizeof *part);
        az_taylor_mul(t, order, c, part, step);
        c[0] = series[k];
    }
}

void az_taylor_func(const az_taylor *t, int order, az_num *c, az_func f, const az_num *a)
{
    az_num series[AZ_TAYLOR_MAX_ORDER + 1];

    az_num_series(series, order, f, a[0]);
    compose(t, order, c, series, a);
}

static void integer_power(const az_taylor *t, int order, az_num *c, const az_num *a, int s)
{
    const size_t bytes = (size_t)t->count[order] * sizeof *c;
    az_num base[MAX_COEFFICIENTS], part[MAX_COEFFICIENTS];

    memcpy(base, a, bytes);
    for (int i = 0; i < t->count[order]; i++) c[i] = i == 0;
    for (; s; s /= 2) {
        memcpy(part, c, bytes);
        if (s % 2) az_taylor_mul(t, order, c, part, base);
        if (s == 1) break;
        memcpy(part, base, bytes);
        az_taylor_mul(t, order, base, part, part);
    }
}

void az_taylor_pow(const az_taylor *t, int order, az_num *c, const az_num *a, double s)
{
    az_num series[AZ_TAYLOR_MAX_ORDER + 1], power[MAX_COEFFICIENTS], one[MAX_COEFFICIENTS];

    if (s == floor(s) && fabs(s) <= MAX_INTEGER_POWER) {
        integer_power(t, order, s < 0 ? power : c, a, (int)fabs(s));
        if (s >= 0) return;
        for (int i = 0; i < t->count[order]; i++) one[i] = i == 0;
        az_taylor_div(t, order, c, one, power);
        return;
    }
    az_num_pow_series(series, order, a[0], s);
    compose(t, order, c, series, a);
}

void az_taylor_derive(const az_taylor *t, int order, az_num *c, const az_num *a, int coord)
{
    int unit[AZ_MAX_DIM] = {0};

    unit[coord] = 1;
    const int *shifted = t->sum + (size_t)az_taylor_find(t, unit) * (size_t)t->n;
    for (int i = 0; i < t->count[order]; i++) c[i] = (t->exponent[i * AZ_MAX_DIM + coord] + 1) * a[shifted[i]];
}
