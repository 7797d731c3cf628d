/* func.c: names and values of the elementary functions. */
#include "expr/expr.h"

#include <math.h>
#include <string.h>

static const char *const func_name[AZ_N_FUNC] = {
#define AZ_X(code, name) [code] = name,
    AZ_FUNC_LIST(AZ_X)
#undef AZ_X
};

/* 1/cosh, which does not overflow */
static double sech(double x)
{
    const double e = exp(-fabs(x));
    return 2 * e / (1 + e * e);
}

static double (*const func_value[AZ_N_FUNC])(double) = {
    [AZ_F_EXP] = exp,   [AZ_F_EXPM1] = expm1, [AZ_F_LOG] = log,   [AZ_F_LOG1P] = log1p, [AZ_F_SQRT] = sqrt,   [AZ_F_SIN] = sin,
    [AZ_F_COS] = cos,   [AZ_F_TAN] = tan,     [AZ_F_SINH] = sinh, [AZ_F_COSH] = cosh,   [AZ_F_TANH] = tanh,   [AZ_F_SECH] = sech, [AZ_F_ASIN] = asin,
    [AZ_F_ACOS] = acos, [AZ_F_ATAN] = atan,   [AZ_F_ASINH] = asinh, [AZ_F_ATANH] = atanh, [AZ_F_ERF] = erf,
};

const char *az_func_name(az_func f)
{
    return (unsigned)f < AZ_N_FUNC ? func_name[f] : "unknown";
}

int az_func_find(const char *name, size_t n)
{
    for (int f = 0; f < AZ_N_FUNC; f++)
        if (strlen(func_name[f]) == n && !memcmp(func_name[f], name, n)) return f;
    return -1;
}

double az_func_value(az_func f, double x)
{
    return (unsigned)f < AZ_N_FUNC ? func_value[f](x) : NAN;
}
