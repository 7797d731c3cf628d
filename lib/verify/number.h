/* number.h: the scalars of the independent evaluator: double complex, so that a perturbation i*1e-30 of a weight or an unknown comes out
 * as the exact derivative of any value. Every function here is analytic near the real axis, has the real function's value on it and gives
 * NaN where the real function is undefined (log(-1) is NaN, not i*pi). */
#ifndef AZ_VERIFY_NUMBER_H
#define AZ_VERIFY_NUMBER_H

#include "expr/expr.h"

#include <complex.h>
#include <math.h>

typedef double complex az_num;

/* re + I*im would turn an infinite im into NaN in re. */
static inline az_num az_num_make(double re, double im)
{
    union {
        double part[2];
        az_num z;
    } u = {{re, im}};
    return u.z;
}

static inline bool az_num_finite(az_num x) { return isfinite(creal(x)) && isfinite(cimag(x)); }

az_num az_num_func(az_func f, az_num x);
az_num az_num_pow(az_num x, double exponent);   /* exponent not an integer: needs Re x > 0, or x = 0 and exponent > 0 */

#define AZ_NUM_MAX_ORDER 48

/* Taylor coefficients c[0..order] of f at x: f(x+t) = sum c[k] t^k. order <= AZ_NUM_MAX_ORDER. */
void az_num_series(az_num *c, int order, az_func f, az_num x);
void az_num_pow_series(az_num *c, int order, az_num x, double exponent);

#endif
