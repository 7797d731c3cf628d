/* chain.h: square linear systems of a chain of elements, "almost block diagonal" (de Boor and Weiss 1980; Diaz, Fairweather and Keast 1983), bordered.
 *
 * The unknowns are, from left to right, those of node 0, of the inside of element 0, of node 1, and so on, and a border that any row may contain.
 * A row belongs to one element, and contains the unknowns of its two nodes, of its inside, and of the border. LU by partial pivoting among the rows of
 * an element and those left over from the elements before: stable whatever the share of rows each element has.
 * Memory: az_chain_bytes. Time: 2/3 p^3 flops an element of p unknowns, near the rate of DGEMM. Same bits for any number of threads. */
#ifndef AZ_CHAIN_H
#define AZ_CHAIN_H

#include "base/base.h"

typedef struct az_chain_shape {
    int n_elements, n_border;
    int *node;   /* [n_elements + 1] unknowns of each node */
    int *inside; /* [n_elements] */
    int *rows;   /* [n_elements] */
} az_chain_shape;

typedef struct az_chain az_chain;

/* 0 where there are as many rows as unknowns and no element, with what is left over, has fewer rows than unknowns to eliminate; else 1 + the element,
 * or 1 + n_elements for the end. */
int az_chain_check(const az_chain_shape *s);
double az_chain_bytes(const az_chain_shape *s);
int az_chain_unknowns(const az_chain_shape *s);

/* The shape is copied. AZ_ENOMEM; AZ_EDOMAIN where az_chain_check does not pass. */
az_status az_chain_create(az_chain **out, const az_chain_shape *s);
void az_chain_destroy(az_chain *c);

/* Where element e's rows are filled in, all of them before az_chain_factor: row i, column j at [j*ld + i]; columns: left node, inside, right node, border. */
double *az_chain_block(az_chain *c, int e, int *ld);
/* False where a pivot is 0 or not finite. */
bool az_chain_factor(az_chain *c, int threads);
/* x = the solution for the right-hand side b: the rows of element 0, 1, .... May overlap. */
void az_chain_solve(az_chain *c, double *x, const double *b);

#endif
