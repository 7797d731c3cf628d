/* square.h: elements in two coordinates: as many rows as unknowns, solved by Newton's method with the LU of chain.h. Collocation points are Gauss points of
 * the elements along xi and Chebyshev points across, none of them on an axis or a wall. Rows of kind `select` are left out: these functions are smooth at
 * the origin, which is what such a row says; what it leaves is evidence, and judged. */
#ifndef AZ_SQUARE_H
#define AZ_SQUARE_H

#include "solve/run.h"

#define AZ_SQUARE_POINTS 9184 /* per equation, of the first mesh: options ask for a finer or coarser one by their number */

/* quarter.c. AZ_EOPTION where the problem cannot be solved so, with the reason. */
az_status az_square_check(const az_problem *p, az_error *err);
/* Elements of all trials, weights 0, and the points of the first equation: the first mesh for so many points, and where `from` (NULL: none) holds elements of
 * whatever coordinates, a mesh no coarser than theirs either. */
az_status az_square_begin(az_result *r, const az_result *from);
/* Weights from trial t of `from` by values, and by derivatives along xi where neighbours share them (a first one at most; higher ones start from 0). */
az_status az_square_fit(az_network *net, const az_result *from, int t, az_error *err);
/* The mesh for held values: finer at the corner, and with as few modes as the march needs. */
az_status az_square_regrade(az_result *r);
/* check: the largest residual between the points. Elements where it is too large are cut, or modes are added, as the highest polynomials say; the state's
 * points change with them. Not where the last such change has not halved it. */
az_status az_square_judge(az_run *run, bool *refined);

/* The same functions on other elements. AZ_EFORMAT for a number of modes that no mesh has. */
az_status az_square_remesh(az_result *r, double *edge, int n, double modes, double grading);

/* Points of element e along xi (of xi > 0) that make the system square: its polynomials less those that its nodes share; their number in all. */
int az_square_points(const az_mesh *m, int element);
int az_square_lines(const az_mesh *m);
/* Weights of a trial at a node and inside an element, all modes. */
int az_square_node(const az_mesh *m, int node);
int az_square_inside(const az_mesh *m, int element);
void az_square_nodes(double *xi, const az_mesh *m, int element);
/* Single points for equations in polar coordinates, the same number for all: as many as the largest number of smooth terms at the corner; point k of
 * n. */
int az_square_n_core(const az_result *r);
void az_square_core_point(double *y, const az_mesh *m, int k, int n);
/* eta[modes]: zeros of the first polynomial that is not among the modes. */
void az_square_across(double *eta, const az_mesh *m);

/* square.c. For the state of an open run, whose program is there. */
az_status az_square_open(az_run *run);
void az_square_close(az_run *run);
/* One damped Newton step and the chord corrections that pay. */
az_step az_square_step(az_run *run);
/* az_run_slope after a call of the residual, by the factor of the last step, exact to what that step changed; without one it is made. */
az_status az_square_slope(az_run *run, double *slope);
/* Memory that the meshes of the state take, the LU above all, without a program: with an upper bound for the problem's values at points. */
double az_square_bytes(const az_result *r);
bool az_square_done(const az_run *run); /* further steps would not lower the residual */

#endif
