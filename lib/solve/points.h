/* points.h: where residuals are asked for: panels on the line, low-discrepancy points elsewhere, and their refinement by the residual. */
#ifndef AZ_POINTS_H
#define AZ_POINTS_H

#include "state/state.h"

/* Panel edges in z for a problem on the line: uniform near 0, growing outwards, up to |z| = reach; both signs unless half. *edge comes from az_doubles, here and below. */
az_status az_panels_start(double **edge, int *n_edges, double core, double reach, bool half);
/* Every panel cut in two. */
az_status az_panels_split(double **out, int *n_out, const double *edge, int n_edges);
/* Cuts the marked panels and then any more than AZ_PANEL_RATIO times as wide as a neighbour. */
az_status az_panels_refine(double **edge, int *n_edges, const bool *mark);
#define AZ_PANEL_RATIO 3.0

/* n points of the part of the domain where the coordinates in `fixed` have the values `at`: a Kronecker sequence with the generalised golden ratio
 * (Roberts 2018) from index `first` + 1, denser towards the ends of intervals, through the coordinate's map on lines. In a half-plane by kinds, of
 * wall, core, corner, axis and far field, in the coordinates `how`. */
az_status az_points_spread(az_points *out, const az_problem *p, unsigned fixed, const az_point *at, int n, int first, az_coordinates how);
/* Replaces a share of the points by members of `pool` drawn with probability proportional to 1 + (residual / rms)^2, systematically from the generator. */
void az_points_adapt(az_points *points, const az_points *pool, const double *residual, double share, az_rng *rng);

#endif
