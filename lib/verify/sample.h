/* sample.h: the points at which a result is judged. Chosen without looking at the solver's. */
#ifndef AZ_VERIFY_SAMPLE_H
#define AZ_VERIFY_SAMPLE_H

#include "verify/line.h"

/* One coordinate, ascending, 0 included. LINE, HALF_LINE: uniform in s (x = scale*sinh z(s), az_stretch) with spacing h up to |z| = reach, and a
 * geometric cluster from h down to 1e-6 on the sides of 0 that belong to the domain. INTERVAL: uniform with the ends, 8/h cells. The count
 * comes first; *points by az_doubles. */
int az_sample_count(const az_problem *p, double h, double reach);
az_status az_sample_line(double **points, int *n, const az_problem *p, double h, double reach);

/* Any dimension, the coordinates in the mask `fixed` at their values `at`: `wanted` points of a shifted Halton sequence (Halton 1960; the
 * shift: Cranley and Patterson 1976) and a tensor grid with all faces of about a quarter as many. LINE and HALF_LINE are uniform in z up
 * to reach. One point if all are fixed. points[n][dim] by az_doubles. */
az_status az_sample_domain(double **points, int *n, const az_problem *p, unsigned fixed, const az_point *at, double reach, int wanted);

/* The point at u in [0, 1]^dim: LINE and HALF_LINE uniform in z up to reach, an interval from end to end; of a half-plane xi up to reach and eta of the
 * conformal coordinates, y1 >= 0. */
void az_sample_place(double *x, const az_problem *p, double reach, const double *u);

/* Moves x off the edges of the domain, and off 0 on a line, by 1e-6 of the length or the scale. False if no coordinate but fixed ones was
 * there. */
bool az_sample_nudge(double *x, const az_problem *p, unsigned fixed);

#endif
