/* panels.h: panels of one coordinate on which a result is linearised: private to lib/verify.
 *
 * In z, which is asinh(x/scale) on a line and x on an interval. Where a trial has a parity the panels are those of |z|, from 0, and trials without one have
 * elements on both sides. */
#ifndef AZ_VERIFY_PANELS_H
#define AZ_VERIFY_PANELS_H

#include "state/state.h"

typedef struct az_panels {
    int n;                      /* edges of the panels */
    double *z;                  /* [n] ascending */
    int n_edges;                /* of the operators' grid, with half as wide panels; 0 for local problems */
    double *edge;
    bool folded, both;          /* panels are of |z|; points lie on both sides */
    double scale;               /* of a line; 0: an interval */
} az_panels;

/* Those of the solver, halved where the result is of elements and the problem local; of points, so many of these to each. AZ_ENOMEM. */
az_status az_panels_of(az_panels *a, const az_result *r, bool local, const double *edge, int n_edges);
/* The panels of r on a line, or those that a solve would begin with; none on an interval without any. *edge by az_doubles. AZ_ENOMEM. */
az_status az_panels_base(double **edge, int *n_edges, const az_result *r);
void az_panels_clear(az_panels *a);
static inline int az_panels_count(const az_panels *a) { return a->n - 1; }
int az_panels_find(const az_panels *a, double x);
/* Gauss points of all panels, more than the solver has. AZ_ENOMEM. */
az_status az_panels_points(az_points *out, const az_panels *a, const az_problem *p);
/* Elements of trial k on the panels: all but their degrees; m->edge by az_doubles. AZ_ENOMEM. */
az_status az_panels_mesh(az_mesh *m, const az_panels *a, const az_problem *p, int k);
/* The panel in which an element lies, and the first one that a node's functions reach. */
int az_panels_of_element(const az_panels *a, const az_mesh *m, int element);
int az_panels_of_node(const az_panels *a, const az_mesh *m, int node);

#endif
