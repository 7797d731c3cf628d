/* line.h: functions on the line sampled on Gauss-Legendre panels in z, y = scale*sinh(z), and the nonlocal operators there.
 *
 * A grid covers [edge[0], edge[n_panels]]; for functions with parity edge[0] = 0 and the other half follows by symmetry. The far tail is carried
 * by wide panels (in z a power law is an exponential) up to where the operand is below rounding; nothing beyond the last edge is integrated, and the caller
 * chooses that edge (az_line_reach). Panels may be bisected anywhere.
 */
#ifndef AZ_LINE_H
#define AZ_LINE_H

#include "base/base.h"

#define AZ_PANEL_NODES 16
#define AZ_MAX_PANELS 4096

typedef struct az_line_grid {
    int n_panels, n; /* n = n_panels * AZ_PANEL_NODES */
    double scale;
    double *edge; /* [n_panels + 1], ascending */
    double *z, *y; /* [n] nodes, panel after panel */
} az_line_grid;

/* Nodes and weights of the n-point Gauss-Legendre rule on [-1, 1], ascending, by Newton on P_n. n <= 64. */
void az_gauss_legendre(double *x, double *w, int n);
/* Legendre functions of the second kind Q_0..Q_{n-1}(t), t off or on the cut (principal value), given the distances above = t+1 and below = t-1 without
 * cancellation. Forward recurrence near the cut, Miller's algorithm elsewhere (DLMF 14.21; Gautschi 1967). */
void az_legendre_q(double *q, int n, double t, double above, double below);

az_status az_line_grid_make(az_line_grid *g, const double *edge, int n_edges, double scale);
void az_line_grid_clear(az_line_grid *g);

typedef enum az_line_kind { AZ_LINE_HILBERT, AZ_LINE_PRIMITIVE } az_line_kind;

/* A linear map from values at the nodes of a grid to values at targets. */
typedef struct az_line_map {
    az_line_kind kind;
    int parity; /* of the operand: 1, -1, or 0 if the grid covers both halves */
    int m, n, ld; /* m targets, n nodes; ld >= m, a multiple of 8 */
    double *dense; /* HILBERT: [n][ld], column j is the weight of node j */
    int *panel; /* PRIMITIVE: the panel of each target */
    double *sign; /* PRIMITIVE: [m] -1 or 1, of mirrored targets */
    double *local; /* PRIMITIVE: [m][AZ_PANEL_NODES] weights within the panel */
    double *whole; /* PRIMITIVE: [n] weights of a complete panel, and the sign and start of the integration from z = 0 */
    int origin; /* PRIMITIVE: the panel that begins at or holds z = 0 */
    double *start; /* PRIMITIVE: [AZ_PANEL_NODES] weights from the left edge of that panel to z = 0 */
} az_line_map;

/* Hilbert transform (1/pi) PV int f(s)/(y-s) ds (design: equations.md). Targets z[m], any real, need not be nodes. In each panel g(z)/(z_j - z) with
 * g analytic is integrated exactly for polynomials through the Gauss nodes by weights from Legendre Q_n; plain Gauss beyond 3 half-widths. Cost O(m n). */
az_status az_line_hilbert(az_line_map *map, const az_line_grid *g, const double *z, int m, int parity, int threads);
/* int_0^y f dy', from the first edge where the grid does not hold 0. With a parity of the operand the grid covers z >= 0 and targets below 0 follow by symmetry. */
az_status az_line_primitive(az_line_map *map, const az_line_grid *g, const double *z, int m, int parity);
void az_line_map_clear(az_line_map *map);
/* out[:, c] = map in[:, c] for c < n_cols; columns ldo and ldi doubles apart. The bits do not depend on threads. */
void az_line_apply(const az_line_map *map, double *out, int ldo, const double *in, int ldi, int n_cols, int threads);

#endif
