/* jet.h: truncated multivariate Taylor polynomials, batched over points.
 *
 * A layout is a finite down-closed set of multi-indices (if alpha is in it, so is everything below alpha): total degree,
 * or just {1, x, xx, y, yy}. Coefficient alpha of f is (d^alpha f)/alpha!. A jet is an array of pointers, one per multi-index in the layout's
 * order, each to a lane vector of AZ_LANES doubles, 64-byte aligned: lane i is point i of the block. A NULL pointer is a coefficient
 * that is identically zero; outputs must not be NULL where the result may be nonzero (a NULL output is not computed).
 * Idea and recurrences: Griewank and Walther, Evaluating Derivatives, ch. 13; multivariate by Euler's identity sum x_i d_i f = deg f.
 */
#ifndef AZ_JET_H
#define AZ_JET_H

#include "expr/expr.h"

#define AZ_LANES 64
#define AZ_MAX_JET 64       /* largest number of coefficients */

typedef struct az_index {
    unsigned char e[AZ_MAX_DIM];
} az_index;

typedef struct az_layout {
    int dim, n;
    az_index index[AZ_MAX_JET];     /* sorted by total degree, then lexicographically; index[0] is zero */
    int degree[AZ_MAX_JET];
    int n_prod;                     /* all (a, b, c) with index[a] + index[b] = index[c], sorted by c then a */
    struct { short a, b, c; } prod[AZ_MAX_JET * AZ_MAX_JET];
} az_layout;

/* The down-closure of the given indices. AZ_ELIMIT above AZ_MAX_JET. */
az_status az_layout_make(az_layout *l, int dim, const az_index *index, int n);
/* All indices of total degree <= order. */
az_status az_layout_total(az_layout *l, int dim, int order);
int az_layout_find(const az_layout *l, az_index i); /* position, -1 if absent */

/* c = a * b. No overlap. */
void az_jet_mul(const az_layout *l, double *const c[], double *const a[], double *const b[]);
/* Contiguous jets, coefficient c at base + c*AZ_LANES: the pointers to them, and the same product. */
void az_jet_table(double *p[], const az_layout *l, double *base);
void az_jet_product(const az_layout *l, double *c, double *a, double *b);
/* abar += adjoint of a -> a*b applied to cbar: abar_i += sum_j cbar_{i+j} b_j. Also the adjoint of any composition y = f(a), with b = f'(a). */
void az_jet_mul_adjoint(const az_layout *l, double *const abar[], double *const cbar[], double *const b[]);
/* c = a / b. */
void az_jet_div(const az_layout *l, double *const c[], double *const a[], double *const b[]);
/* y = f(a) and dy = f'(a) (every coefficient non-NULL in y and dy; a[0] may be NULL: zero). scratch: at least 4*l->n*AZ_LANES doubles, 64-byte aligned. */
void az_jet_func(const az_layout *l, az_func f, double *const y[], double *const dy[], double *const a[], double *scratch);
/* y = a^s and dy = s a^(s-1) for one constant exponent. An integer s >= 0 takes any base, an integer s < 0 any a[0] != 0, other s needs a[0] > 0
 * (else NaN). */
void az_jet_pow(const az_layout *l, double *const y[], double *const dy[], double *const a[], double s, double *scratch);
/* tanh only, the network's hot path: y and dy = 1 - y^2 for `count` jets stored contiguously, jet k coefficient j at base + (k*l->n + j)*AZ_LANES. */
void az_jet_tanh_many(const az_layout *l, double *y, double *dy, const double *a, int count);
void az_jet_sin_many(const az_layout *l, double *y, double *dy, const double *a, int count);
/* T_first, T_(first + step), ... of the one jet a, stored as above; first 0 or 1, step 1 or 2, both at most count. scratch: 2 jets. y_j = 2 T_step y_(j-1) - y_(j-2),
 * which keeps the digits next to the zeros that odd polynomials share. */
void az_jet_chebyshev_many(const az_layout *l, double *y, const double *a, int count, int first, int step, double *scratch);

#endif
