/* strip.h: elements in the quarter of a half-plane: piecewise polynomials along xi times Chebyshev polynomials across, in eta, over jets in y1 and
 * y2. Coordinates, functions and order of the weights: az_mesh in state.h. A point with y1 < 0 is reflected by the parity. */
#ifndef AZ_STRIP_H
#define AZ_STRIP_H

#include "trial/element.h"

/* (xi, eta) of a point with y1, y2 >= 0 and back, each to a few units of its own rounding. Of m only coordinates and length are read, here and in
 * az_strip_powers. */
void az_strip_place(double *xi, double *eta, double y1, double y2, const az_mesh *m);
void az_strip_point(double *y1, double *y2, double xi, double eta, const az_mesh *m);

/* Taylor coefficients of a function of (xi, eta) up to total order K are in the order (i, j) = 00, 10, 01, 20, 11, 02, ...; their number. */
static inline int az_strip_coefficients(int order) { return (order + 1) * (order + 2) / 2; }
static inline int az_strip_coefficient(int i, int j) { return (i + j) * (i + j + 1) / 2 + j; }
int az_strip_order(const az_layout *l); /* total order of a layout in two coordinates */

/* Coefficients in layout l of the jets in (y1, y2) of (xi - xi0)^i (eta - eta0)^j at the lanes: product ij, coefficient c at (ij*l->n + c)*AZ_LANES.
 * y1, y2 >= 0; at the corner of polar coordinates 0 but for the first. scratch: AZ_STRIP_SCRATCH*l->n*AZ_LANES doubles. */
#define AZ_STRIP_SCRATCH 9
void az_strip_powers(const az_layout *l, double *powers, const double *y1, const double *y2, const az_mesh *m, double *scratch);

/* Jets of the mesh's core terms at the lanes: term k, coefficient c at (k*l->n + c)*AZ_LANES. scratch: AZ_STRIP_SCRATCH*l->n*AZ_LANES doubles. */
void az_strip_core(const az_layout *l, double *core, const double *y1, const double *y2, const az_mesh *m, double *scratch);

/* Taylor coefficients 0..order of the n Chebyshev polynomials of a mesh at eta: polynomial j, coefficient c of lane at ((j*(order+1)) + c)*AZ_LANES. */
void az_strip_across(const az_mesh *m, int order, double *out, const double *eta);

size_t az_strip_work(const az_network *net, const az_layout *l);
/* As az_element_forward; in polar coordinates derivatives of order `smooth` and above are NaN at the corner. y1, y2: the coordinates at the lanes.
 * There is no reverse: rows touch few weights (solve/strip.c puts them where they belong). */
void az_strip_forward(const az_network *net, const az_layout *l, double *const out[], const double *y1, const double *y2, double *work);

#endif
