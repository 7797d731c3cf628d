/* system.h: a linear system of more rows than columns, A d = -residual, in blocks, and what its rows know of a linear functional g.d: private to
 * lib/verify.
 *
 * Column order: block 0's own columns, block 1's, ..., then the border (columns that every block may have entries in: values `expr@x`, unknowns).
 * A row belongs to one block; it has entries in that block's own columns, in those of the next block, and in the border. A dense system is one block.
 *
 * Dual weights of g: the shortest w with A'w = g. For every d, g.d = w.(A d) = -w.residual, so that |g.d| <= sum |w_i| |residual_i|: the error of a
 * functional is a sensitivity times a residual. For g = e_p it is q/|q|^2, q what remains of column p when the range of the others is projected out
 * of it. Computed as Q [R^-T g; 0] by Householder QR, block by block (Bjorck, Numerical Methods for Least Squares Problems, 1996, 2.4 and 6.3). */
#ifndef AZ_VERIFY_SYSTEM_H
#define AZ_VERIFY_SYSTEM_H

#include "base/base.h"

typedef struct az_block {
    int own, next, first;       /* columns of its own, of the next block; where its own begin among all columns */
    int rows, carry, total;     /* of its own; those that the block before leaves it, above them; carry + rows, and zeros to make up for too few */
    int ld;
    double *a;                  /* [own + next + border][ld], rows after `carry` are to be filled; after the factorisation R and reflectors */
    double *tau;
    double *residual, *noise;   /* [rows] |residual| and the rounding of the row's own terms: >= 0 */
} az_block;

typedef struct az_system {
    int n_blocks, border, cols; /* cols: all, the border's last */
    az_block *block;
    double *scale;              /* [cols] 2-norm of each column; columns are divided by it before they are factored */
    double *diagonal;           /* [cols] |R_jj| of the columns of length 1 */
    double floor;               /* n eps */
    double *floors;             /* [cols] diagonals below are rounding: the column depends on those before it. floor, and of the border's columns eps times the
                                 * coefficients with which those before would make it up, which are what rounds */
} az_system;

/* Zeros of these sizes. own, rows: [n_blocks]. AZ_ENOMEM, AZ_ELIMIT where a block would overflow. */
az_status az_system_create(az_system **out, int n_blocks, const int *own, const int *rows, int border);
void az_system_destroy(az_system *s);
double az_system_bytes(int n_blocks, const int *own, const int *rows, int border);
/* Entry of row i of block b; columns: 0.. own, then those of the next block, then the border. */
double *az_system_at(az_system *s, int b, int i, int column);
int az_system_column_of_border(const az_system *s, int b, int k); /* position in block b of the border's column k */

/* Factors in place. AZ_ENOMEM, AZ_EDOMAIN where an entry is not finite. */
az_status az_system_factor(az_system *s);
/* What A'w = g leaves: *error = sum |w| (residual + noise), *norm = |w|; both infinite where the rows do not determine g.d: g has a part along a
 * direction that no row sees. *noise, unless NULL: the part that rounding has in the error. g[cols]. AZ_ENOMEM. */
az_status az_system_error(const az_system *s, double *error, double *norm, double *noise, const double *g);
/* d[cols] = the least squares solution of A d = -r, r as add(data, block, row) gives it; 0 for columns that depend on others. AZ_ENOMEM. */
az_status az_system_solve(const az_system *s, double *d, const double *const *r);
/* d[cols]: the direction that no row sees and that column `j`, whose diagonal is below the floor, completes; largest entry 1 in columns of length 1. AZ_ENOMEM. */
az_status az_system_null(const az_system *s, double *d, int j);

#endif
