/* lanes.h: one SIMD register of doubles and elementary functions on it: SLEEF where the target has a width for it, libm elsewhere. */
#ifndef AZ_LANES_H
#define AZ_LANES_H

#include <math.h>
#include <stdint.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#include <sleef.h>
#define AZ_VEC 8
#define AZ_SLEEF(name) Sleef_##name##d8_u10avx512f
#define AZ_VEC_SQRT _mm512_sqrt_pd
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#include <sleef.h>
#define AZ_VEC 4
#define AZ_SLEEF(name) Sleef_##name##d4_u10avx2
#define AZ_VEC_SQRT _mm256_sqrt_pd
#elif defined(__SSE2__)
#include <immintrin.h>
#include <sleef.h>
#define AZ_VEC 2
#define AZ_SLEEF(name) Sleef_##name##d2_u10sse2
#define AZ_VEC_SQRT _mm_sqrt_pd
#else
#define AZ_VEC 2
#endif

typedef double az_vec __attribute__((vector_size(8 * AZ_VEC), may_alias));
typedef int64_t az_mask __attribute__((vector_size(8 * AZ_VEC), may_alias));

typedef uint64_t az_bits __attribute__((vector_size(8 * AZ_VEC), may_alias));

static inline az_vec az_load(const double *p) { return *(const az_vec *)(const void *)p; }
static inline void az_store(double *p, az_vec v) { *(az_vec *)(void *)p = v; }
static inline az_vec az_splat(double x) { return x - (az_vec){0}; } /* x - 0 keeps the sign of zero */
static inline az_vec az_select(az_mask m, az_vec yes, az_vec no) { return (az_vec)((m & (az_mask)yes) | (~m & (az_mask)no)); }
static inline az_vec az_vec_abs(az_vec x) { return (az_vec)((az_mask)x & INT64_MAX); }

#ifdef AZ_SLEEF
#define AZ_VEC_FUNC(name) \
    static inline az_vec az_vec_##name(az_vec x) { return AZ_SLEEF(name)(x); }
static inline az_vec az_vec_sqrt(az_vec x) { return AZ_VEC_SQRT(x); }
static inline az_vec az_vec_pow(az_vec x, az_vec s) { return AZ_SLEEF(pow)(x, s); }
static inline void az_vec_sincos(az_vec *s, az_vec *c, az_vec x)
{
    __typeof__(AZ_SLEEF(sincos)(x)) both = AZ_SLEEF(sincos)(x);

    *s = both.x;
    *c = both.y;
}
#else
#define AZ_VEC_FUNC(name) \
    static inline az_vec az_vec_##name(az_vec x) \
    { \
        for (int i = 0; i < AZ_VEC; i++) x[i] = name(x[i]); \
        return x; \
    }
AZ_VEC_FUNC(sqrt)
static inline az_vec az_vec_pow(az_vec x, az_vec s)
{
    for (int i = 0; i < AZ_VEC; i++) x[i] = pow(x[i], s[i]);
    return x;
}
static inline void az_vec_sincos(az_vec *s, az_vec *c, az_vec x)
{
    for (int i = 0; i < AZ_VEC; i++) {
        (*s)[i] = sin(x[i]);
        (*c)[i] = cos(x[i]);
    }
}
#endif

AZ_VEC_FUNC(exp)
AZ_VEC_FUNC(expm1)
AZ_VEC_FUNC(log)
AZ_VEC_FUNC(log1p)
AZ_VEC_FUNC(tan)
AZ_VEC_FUNC(sinh)
AZ_VEC_FUNC(cosh)
AZ_VEC_FUNC(asin)
AZ_VEC_FUNC(acos)
AZ_VEC_FUNC(atan)
AZ_VEC_FUNC(asinh)
AZ_VEC_FUNC(atanh)
AZ_VEC_FUNC(erf)

#endif
