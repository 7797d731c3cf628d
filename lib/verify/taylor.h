/* taylor.h: truncated Taylor polynomials in up to 4 coordinates at one point, all multi-indices of total degree <= order. Coefficient
 * alpha of f is (d^alpha f)/alpha!. Indices are sorted by total degree, so that a polynomial of lower order is a prefix of one of higher
 * order. */
#ifndef AZ_VERIFY_TAYLOR_H
#define AZ_VERIFY_TAYLOR_H

#include "verify/number.h"

#define AZ_TAYLOR_MAX_ORDER 16

typedef struct az_taylor {
    int dim, order, n;
    int count[AZ_TAYLOR_MAX_ORDER + 1]; /* coefficients of total degree <= k */
    int *degree;                        /* [n] */
    int *exponent;                      /* [n][AZ_MAX_DIM] */
    int *sum;                           /* [n][n]: position of index i + index j, -1 beyond the order */
} az_taylor;

/* AZ_ELIMIT if order > AZ_TAYLOR_MAX_ORDER. */
az_status az_taylor_init(az_taylor *t, int dim, int order);
void az_taylor_clear(az_taylor *t);
int az_taylor_find(const az_taylor *t, const int exponent[AZ_MAX_DIM]); /* -1 if absent */

/* Each works to the given order <= t->order; arrays hold t->count[order] numbers. Outputs overlap no input. */
void az_taylor_mul(const az_taylor *t, int order, az_num *c, const az_num *a, const az_num *b);
void az_taylor_div(const az_taylor *t, int order, az_num *c, const az_num *a, const az_num *b);
void az_taylor_func(const az_taylor *t, int order, az_num *c, az_func f, const az_num *a);
void az_taylor_pow(const az_taylor *t, int order, az_num *c, const az_num *a, double exponent);
void az_taylor_derive(const az_taylor *t, int order, az_num *c, const az_num *a, int coord); /* a has order + 1 */

#endif
