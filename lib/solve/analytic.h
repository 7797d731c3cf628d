/* analytic.h: what the statement `analytic at` means for elements, and the second solve that it
 * asks of all trial spaces. */
#ifndef AZ_SOLVE_ANALYTIC_H
#define AZ_SOLVE_ANALYTIC_H

#include "solve/run.h"

/* Whether elements can have their wide element at each analytic point. AZ_EOPTION. */
az_status az_analytic_check(const az_problem *p, az_error *err);
/* *edge (by az_doubles, replaced): panels of a line or of an interval, rising. Those of each
 * neighbourhood become even, a power of two, at most 16, or 64 in a
 * second solve; its ends are edges. AZ_ENOMEM. */
az_status az_analytic_panels(double **edge, int *n, const az_problem *p, bool confirming);
/* The same with four times as many, so that the degree is twice what it was. */
az_status az_analytic_twice(double **edge, int *n, const az_problem *p);
/* Panels inside the neighbourhood of analytic point i. */
int az_analytic_pieces(const az_problem *p, int i, const double *edge, int n);
/* m->edge as those panels, of one half with a parity: edges inside neighbourhoods go, and the wide
 * elements are noted. */
void az_analytic_mesh(az_mesh *m, const az_problem *p, const double *panel, int n_panels);
/* The panels that the mesh came from. *edge by az_doubles. AZ_ENOMEM. */
az_status az_analytic_expand(double **edge, int *n, const az_mesh *m);

/* element.c: a state's elements again, those at analytic points of twice the degree. AZ_ENOMEM. */
az_status az_elements_twice(az_result *r);

/* After a run that met its tolerance: the statements' second solve, with twice the functions and
 * unknowns moved by 1e-3, limited by the time that is left. How far each unknown came from where it
 * was is kept in the state (twice). Where time or the caller ended it, the state has stopped so,
 * and a resumed run makes it again. AZ_ENOMEM. */
az_status az_analytic_confirm(az_run *run);

#endif
