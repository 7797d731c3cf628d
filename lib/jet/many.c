/* many.c: activations of a network layer, many jets at once. */
#include "jet/kernel.h"
#include "jet/tanh.h"

#include <string.h>

#define LINE_MAX 6 /* longest univariate jet kept in the 32 registers of AVX-512 */

/* dy_k = -(y^2)_k for tanh, dy_k = -(1/k) sum j a_j y_{k-j} for sine; y_k = (1/k) sum j a_j dy_{k-j} for both */
static inline __attribute__((always_inline)) void line(const int n, bool sine, double *y, double *dy, const double *a)
{
    az_vec da[LINE_MAX], z[LINE_MAX], dz[LINE_MAX];

    if (sine) az_vec_sincos(&z[0], &dz[0], az_load(a));
    else az_vec_tanh_pair(az_load(a), &z[0], &dz[0]);
    for (int k = 1; k < n; k++) da[k] = (double)k * az_load(a + k * AZ_LANES);
    for (int k = 1; k < n; k++) {
        az_vec s = da[k] * dz[0], t = sine ? da[k] * z[0] : 2.0 * z[0];
        for (int j = 1; j < k; j++) s += da[j] * dz[k - j];
        z[k] = s * (1.0 / k);
        if (sine) {
            for (int j = 1; j < k; j++) t += da[j] * z[k - j];
            dz[k] = t * (-1.0 / k);
        } else {
            t *= z[k];
            for (int j = 1; j < k; j++) t += z[j] * z[k - j];
            dz[k] = -t;
        }
    }
    for (int k = 0; k < n; k++) {
        az_store(y + k * AZ_LANES, z[k]);
        az_store(dy + k * AZ_LANES, dz[k]);
    }
}

/* every index but the first has degree 1: y_k = dy_0 a_k, dy_k = f''(a_0) a_k */
static inline __attribute__((always_inline)) void gradient(int n, bool sine, double *y, double *dy, const double *a)
{
    az_vec z, dz;

    if (sine) az_vec_sincos(&z, &dz, az_load(a));
    else az_vec_tanh_pair(az_load(a), &z, &dz);
    az_vec ddz = -z;
    if (!sine) ddz = -2.0 * z * dz;
    az_store(y, z);
    az_store(dy, dz);
    for (int k = 1; k < n; k++) {
        const az_vec x = az_load(a + k * AZ_LANES);
        az_store(y + k * AZ_LANES, dz * x);
        az_store(dy + k * AZ_LANES, ddz * x);
    }
}

static void general(const az_layout *l, az_func f, double *y, double *dy, const double *a, int count)
{
    _Alignas(64) double scratch[4 * AZ_MAX_JET * AZ_LANES];
    double *yk[AZ_MAX_JET], *dyk[AZ_MAX_JET], *ak[AZ_MAX_JET];

    for (int j = 0; j < count; j++) {
        for (int k = 0; k < l->n; k++) {
            const size_t at = ((size_t)j * (size_t)l->n + (size_t)k) * AZ_LANES;
            yk[k] = y + at;
            dyk[k] = dy + at;
            ak[k] = (double *)a + at; /* az_jet_func only reads it */
        }
        az_jet_func(l, f, yk, dyk, ak, scratch);
    }
}

/* sine and n are constants where this is inlined, so that the recurrences unroll. */
static inline __attribute__((always_inline)) void many(const az_layout *l, bool sine, double *y, double *dy, const double *a, int count)
{
    const size_t stride = (size_t)l->n * AZ_LANES;
    const bool first_order = l->degree[l->n - 1] <= 1;

    if (!first_order && (l->dim > 1 || l->n > LINE_MAX)) {
        general(l, sine ? AZ_F_SIN : AZ_F_TANH, y, dy, a, count);
        return;
    }
    for (int j = 0; j < count; j++, y += stride, dy += stride, a += stride) {
        if (first_order)
            AZ_EACH_VEC(i) gradient(l->n, sine, y + i, dy + i, a + i);
        else if (l->n == 3)
            AZ_EACH_VEC(i) line(3, sine, y + i, dy + i, a + i);
        else if (l->n == 4)
            AZ_EACH_VEC(i) line(4, sine, y + i, dy + i, a + i);
        else if (l->n == 5)
            AZ_EACH_VEC(i) line(5, sine, y + i, dy + i, a + i);
        else
            AZ_EACH_VEC(i) line(LINE_MAX, sine, y + i, dy + i, a + i);
    }
}

void az_jet_tanh_many(const az_layout *l, double *y, double *dy, const double *a, int count) { many(l, false, y, dy, a, count); }
void az_jet_sin_many(const az_layout *l, double *y, double *dy, const double *a, int count) { many(l, true, y, dy, a, count); }

static void split(const az_layout *l, double **v, double *jet)
{
    for (int c = 0; c < l->n; c++) v[c] = jet + (size_t)c * AZ_LANES;
}

/* y = 2 c a - b */
static void three_terms(const az_layout *l, double *y, double *c, double *a, const double *b)
{
    double *to[AZ_MAX_JET], *factor[AZ_MAX_JET], *last[AZ_MAX_JET];

    split(l, to, y), split(l, factor, c), split(l, last, a);
    az_jet_mul(l, to, factor, last);
    for (int i = 0; i < l->n * AZ_LANES; i++) y[i] = 2 * y[i] - b[i];
}

static void constant(const az_layout *l, double *y, double value)
{
    for (int i = 0; i < l->n * AZ_LANES; i++) y[i] = i < AZ_LANES ? value : 0;
}

void az_jet_chebyshev_many(const az_layout *l, double *y, const double *a, int count, int first, int step, double *scratch)
{
    const size_t jet = (size_t)l->n * AZ_LANES;
    double *c = scratch, *before = scratch + jet, *x = (double *)a; /* only read */

    constant(l, before, 1);
    if (step == 2) three_terms(l, c, x, x, before); /* T_2 */
    else memcpy(c, a, jet * sizeof *c);
    if (first == 0) memcpy(y, before, jet * sizeof *y);
    else memcpy(y, a, jet * sizeof *y);
    if (first == 1 && step == 2) memcpy(before, a, jet * sizeof *before); /* T_-1 */
    else if (first == 0) memcpy(before, c, jet * sizeof *before); /* T_-step; else T_0 */
    for (int j = 1; j < count; j++) three_terms(l, y + (size_t)j * jet, c, y + (size_t)(j - 1) * jet, j == 1 ? before : y + (size_t)(j - 2) * jet);
}
