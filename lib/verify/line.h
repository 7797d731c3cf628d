/* line.h: uniform grids and the nonlocal operators of the independent evaluator. A grid has nodes s_j = j h in a computational coordinate
 * s; y(s) is analytic and y(0) = 0: scale*sinh(z(s)) on the line and half-line (az_stretch), a Moebius map of [-1, 1] on an interval. No symmetry is
 * assumed. */
#ifndef AZ_VERIFY_LINE_H
#define AZ_VERIFY_LINE_H

#include "problem/problem.h"
#include "verify/number.h"

#define AZ_LINE_STENCIL 16      /* nodes of the local polynomials: degree 15 */

/* A computational coordinate s(z) that spends more of itself where the program found layers (center c, width w in z):
 * s = z + sum A W (atan((z - c)/W) + atan((z + c)/W)), W = 2w, A = 1/(4 W^2). Odd, ds/dz >= 1; the strip |Im z| < w/2 about the layer
 * becomes one of half-width 1/(16 w) or more, and nothing elsewhere comes nearer to the axis than 1/2. Without layers s = z. */
typedef struct az_stretch {
    int n;
    az_layer layer[AZ_MAX_INPUT_LAYERS];
} az_stretch;

az_stretch az_stretch_of(const az_problem *p);
double az_stretch_s(const az_stretch *t, double z);
double az_stretch_slope(const az_stretch *t, double z); /* ds/dz */
double az_stretch_z(const az_stretch *t, double s);     /* the inverse of az_stretch_s, to rounding */

typedef struct az_line {
    az_stretch stretch;
    bool infinite;              /* y = scale sinh z(s); else y = origin + rise z / (1 + bend z) */
    double h, scale, origin, rise, bend;
    int first, n;               /* nodes j = first .. first+n-1, first <= 0 < first+n */
} az_line;

/* Where a point lies in a grid: on a node, or between nodes with the weights of the local polynomial. */
typedef struct az_spot {
    int node;                       /* position 0..n-1, -1 if none */
    int left, nearest;              /* first node of the stencil, nearest node (positions) */
    double value[AZ_LINE_STENCIL];  /* f(x) = sum value[i] f[left+i] */
    double area[AZ_LINE_STENCIL];   /* int from the nearest node to x of f dz = sum area[i] f[left+i] */
} az_spot;

/* LINE, HALF_LINE: |z| <= reach, spacing h in s. INTERVAL: spacing h in [-1, 1], at least a stencil; no reach; s = 0 at
 * y = 0, or at the lower end where that lies outside. */
void az_line_init(az_line *g, const az_coord_decl *c, const az_stretch *t, double h, double reach);
double az_line_x(const az_line *g, int position);
double az_line_slope(const az_line *g, int position);   /* dy/ds */
/* x outside the grid gives NaN weights. */
void az_line_locate(const az_line *g, az_spot *s, double x);

/* out[n] = Hilbert transform of f[n] at the nodes (line only): alternating-point trapezoidal rule in z, exponentially convergent for f
 * analytic in a strip and negligible at the ends. O(n^2), same bits for any number of threads. AZ_ENOMEM. */
az_status az_uniform_hilbert(const az_line *g, az_num *out, const az_num *f, int threads);
/* out[n] = integral from s = 0 of f; integrand[n] = f dy/dz. Local polynomials of degree 15; relative accuracy is kept where f grows. */
void az_uniform_primitive(const az_line *g, az_num *out, const az_num *integrand);
/* Values between the nodes. */
az_num az_line_value(const az_spot *s, const az_num *f);
az_num az_line_primitive_value(const az_spot *s, const az_num *primitive, const az_num *integrand);
/* If f is not finite at y = 0 only (0/0 in the expression), puts the value of the polynomial through the neighbours there. */
void az_line_fill_origin(const az_line *g, az_num *f);

#endif
