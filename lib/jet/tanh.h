/* tanh.h: tanh and its derivative from one exponential, without the cancellation of 1 - tanh^2 where tanh saturates. */
#ifndef AZ_TANH_H
#define AZ_TANH_H

#include "jet/lanes.h"

/* With t = exp(-2|x|) and q = t - 1:  tanh|x| = -q/(2 + q),  tanh' = 4 t/(2 + q)^2.
 * t = 2^k (1 + p), p = expm1(r), r = -2|x| - k ln 2, |r| <= ln(2)/2, where the Taylor polynomial of degree 13 errs by
 * |r|^13/14! < 1.2e-17 of p. Then t and q follow from the same p, each to its own relative accuracy. Below exp(-708) t is taken as zero. */
static inline void az_vec_tanh_pair(az_vec x, az_vec *y, az_vec *dy)
{
    static const double inverse_factorial[] = {1.0 / 2,        1.0 / 6,         1.0 / 24,        1.0 / 120,
                                               1.0 / 720,      1.0 / 5040,      1.0 / 40320,     1.0 / 362880,
                                               1.0 / 3628800., 1.0 / 39916800., 1.0 / 479001600., 1.0 / 6227020800.};
    const double inv_ln2 = 1.4426950408889634, ln2_high = 0x1.62e42fefap-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
    const double round_to_integer = 0x1.8p52, lowest = -708;
    const int n = sizeof inverse_factorial / sizeof *inverse_factorial;

    az_vec u = -2.0 * az_vec_abs(x);
    const az_mask far = u < lowest;
    u = az_select(far, az_splat(lowest), u);
    const az_vec shifted = u * inv_ln2 + round_to_integer, k = shifted - round_to_integer;
    const az_vec r = u - k * ln2_high - k * ln2_low;
    az_vec c = az_splat(inverse_factorial[n - 1]);
    for (int i = n - 2; i >= 0; i--) c = c * r + inverse_factorial[i];
    const az_vec p = r + r * r * c;

    /* unsigned: a NaN's payload may be shifted anywhere, and stays a NaN by p below */
    const az_vec scale = (az_vec)(((az_bits)shifted << 52) + (az_bits)az_splat(1));
    const az_vec t = (az_vec)((az_mask)(scale * p + scale) & ~far);
    const az_vec q = scale * p + (scale - 1.0), d = 2.0 + q, w = 1.0 / d;
    az_vec th = -q * w;
    th += (-q - th * d) * w; /* the rounding of w, seen by a fused multiply-add */
    *y = (az_vec)((az_mask)az_vec_abs(th) | ((az_mask)x & INT64_MIN));
    *dy = 4.0 * t * w * w;
}

#endif
