/* pass.h: one sweep of the independent evaluator over part of the graph: private to lib/verify. */
#ifndef AZ_VERIFY_PASS_H
#define AZ_VERIFY_PASS_H

#include "verify/line.h"
#include "verify/reference.h"
#include "verify/taylor.h"

struct az_reference {
    const az_result *r;
    const az_graph *g;
    az_num *scalar;
    az_num **weight;        /* [n_trials * AZ_MAX_STAGES] */
    int *need;              /* [g->n] Taylor order in which a node is needed, -1 if not at all */
    bool *nonlocal;         /* [g->n] contains a nonlocal operator */
    bool any_nonlocal;
    az_taylor taylor, series; /* in the problem's coordinates, in one */
    az_line line;           /* n = 0 without nonlocal operators */
    /* [g->n] values kept between sweeps: of a HILBERT node the Taylor coefficients, k at kept + k*line.n; of a PRIMITIVE node its values on
     * the grid, then those of f dy/dz; of an AT node one number */
    az_num **kept;
};

/* The nodes below some targets, children first, down to kept values, each with its Taylor order. */
typedef struct az_pass {
    int n, width;           /* nodes; widest layer of a network in it */
    int *node, *order;      /* [n] */
    size_t *place;          /* [g->n] where the node's coefficients begin in a point's values */
    size_t total;           /* numbers per point, scratch included */
} az_pass;

/* Raises need[] of everything below the nodes with need[] >= 0. through: also below kept values (HILBERT, PRIMITIVE, AT). */
void az_pass_demand(const az_reference *s, int *need, bool through);
/* target i to Taylor order order[i]. AZ_ENOMEM; clear it in any case. */
az_status az_pass_init(az_pass *p, const az_reference *s, const int *target, const int *order, int n_targets);
void az_pass_clear(az_pass *p);
/* out: for each point, the coefficients of each target in turn. */
az_status az_pass_run(const az_reference *s, az_num *out, const int *target, const int *order, int n_targets, const double *points, int n,
                      int threads);

#endif
