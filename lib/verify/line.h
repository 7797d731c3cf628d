/* line.h: uniform grids and the nonlocal operators of the independent evaluator. A grid has nodes z_j = j h in a computational coordinate
 * z; y(z) is analytic and y(0) = 0: scale*sinh(z) on the line and half-line, a Moebius map of [-1, 1] on an interval. No symmetry is
 * assumed. */
#ifndef AZ_VERIFY_LINE_H
#define AZ_VERIFY_LINE_H

#include "problem/problem.h"
#include "verify/number.h"

#define AZ_LINE_STENCIL 16      /* nodes of the local polynomials: degree 15 */

typedef struct az_line {
    bool infinite;              /* y = scale sinh z; else y = rise z / (1 + bend z) */
    double h, scale, rise, bend;
    int first, n;               /* nodes j = first .. first+n-1, first <= 0 < first+n */
} az_line;

/* Where a point lies in a grid: on a node, or between nodes with the weights of the local polynomial. */
typedef struct az_spot {
    int node;                       /* position 0..n-1, -1 if none */
    int left, nearest;              /* first node of the stencil, nearest node (positions) */
    double value[AZ_LINE_STENCIL];  /* f(x) = sum value[i] f[left+i] */
    double area[AZ_LINE_STENCIL];   /* int from the nearest node to x of f dz = sum area[i] f[left+i] */
} az_spot;

/* LINE, HALF_LINE: |z| <= reach, spacing h. INTERVAL, which must contain y = 0: spacing h in [-1, 1], at least a stencil; no reach. */
void az_line_init(az_line *g, const az_coord_decl *c, double h, double reach);
double az_line_x(const az_line *g, int position);
double az_line_slope(const az_line *g, int position);   /* dy/dz */
/* x outside the grid gives NaN weights. */
void az_line_locate(const az_line *g, az_spot *s, double x);

/* out[n] = Hilbert transform of f[n] at the nodes (line only): alternating-point trapezoidal rule in z, exponentially convergent for f
 * analytic in a strip and negligible at the ends. O(n^2), same bits for any number of threads. AZ_ENOMEM. */
az_status az_uniform_hilbert(const az_line *g, az_num *out, const az_num *f, int threads);
/* out[n] = integral from y = 0 of f; integrand[n] = f dy/dz. Local polynomials of degree 15; relative accuracy is kept where f grows. */
void az_uniform_primitive(const az_line *g, az_num *out, const az_num *integrand);
/* Values between the nodes. */
az_num az_line_value(const az_spot *s, const az_num *f);
az_num az_line_primitive_value(const az_spot *s, const az_num *primitive, const az_num *integrand);
/* If f is not finite at y = 0 only (0/0 in the expression), puts the value of the polynomial through the neighbours there. */
void az_line_fill_origin(const az_line *g, az_num *f);

#endif
