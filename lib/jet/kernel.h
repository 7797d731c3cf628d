/* kernel.h: sums of products of lane vectors, the inner loops of all jet arithmetic. */
#ifndef AZ_KERNEL_H
#define AZ_KERNEL_H

#include "jet/jet.h"
#include "jet/lanes.h"

#define AZ_BLOCK 8 /* registers summed at once: enough independent sums to hide the latency of a multiply-add */
#define AZ_EACH_VEC(i) for (int i = 0; i < AZ_LANES; i += AZ_VEC)

_Static_assert(AZ_LANES % (AZ_BLOCK * AZ_VEC) == 0, "a lane vector is a whole number of blocks");

/* The terms w f g of one coefficient; a factor that is identically zero leaves no term. */
typedef struct az_terms {
    int n;
    const double *f[AZ_MAX_JET], *g[AZ_MAX_JET];
    double w[AZ_MAX_JET];
} az_terms;

static inline void az_terms_add(az_terms *t, const double *f, const double *g, double w)
{
    if (!f || !g || w == 0) return;
    t->f[t->n] = f;
    t->g[t->n] = g;
    t->w[t->n++] = w;
}

/* out = sum of f g, without the weights */
static inline void az_terms_sum(double *restrict out, const az_terms *t)
{
    for (int i = 0; i < AZ_LANES; i += AZ_BLOCK * AZ_VEC) {
        az_vec s[AZ_BLOCK] = {{0}};
        for (int k = 0; k < t->n; k++) {
            const double *f = t->f[k] + i, *g = t->g[k] + i;
#pragma GCC unroll 8
            for (int j = 0; j < AZ_BLOCK; j++) s[j] += az_load(f + j * AZ_VEC) * az_load(g + j * AZ_VEC);
        }
#pragma GCC unroll 8
        for (int j = 0; j < AZ_BLOCK; j++) az_store(out + i + j * AZ_VEC, s[j]);
    }
}

/* out = scale * sum of w f g */
static inline void az_terms_sum_weighted(double *restrict out, const az_terms *t, double scale)
{
    for (int i = 0; i < AZ_LANES; i += AZ_BLOCK * AZ_VEC) {
        az_vec s[AZ_BLOCK] = {{0}};
        for (int k = 0; k < t->n; k++) {
            const double *f = t->f[k] + i, *g = t->g[k] + i;
            const az_vec w = az_splat(scale * t->w[k]);
#pragma GCC unroll 8
            for (int j = 0; j < AZ_BLOCK; j++) s[j] += w * az_load(f + j * AZ_VEC) * az_load(g + j * AZ_VEC);
        }
#pragma GCC unroll 8
        for (int j = 0; j < AZ_BLOCK; j++) az_store(out + i + j * AZ_VEC, s[j]);
    }
}

#endif
