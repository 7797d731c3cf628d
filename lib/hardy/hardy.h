/* hardy.h: the fractional Hardy trial space, at any precision. Private to lib/hardy; az_hardy_* in ansatz.h is the interface.
 *
 *   F(y) = sum over sectors beta and k of c_(beta,k) s^beta z^k,   s = 1/(1 + i y/m),  z = 2 s - 1,  c real,
 *
 * is analytic and decays below the real line, so that X = Im F has the Hilbert transform Re F exactly, and is odd. With delta the decay exponent of
 * X the sectors are beta = j delta, j >= 1, which is the form of the expansion at infinity that transport equations with a Hilbert transform have, and
 * beta = 2 for the moments. Primitives follow from
 *   (k + beta - 1) I_k + k I_(k-1) = i m (s^(beta-1) z^k - 1),   I_k = integral from 0 to y of s^beta z^k.
 *
 * Numbers are Arb balls; the solver works on their midpoints and proves nothing. Their memory, and what is needed to work on them, is FLINT's, which
 * ends the program when there is none; all other memory is the library's. */
#ifndef AZ_HARDY_H
#define AZ_HARDY_H

#include "problem/problem.h"

#include <acb.h>
#include <arb.h>

/* ---- reduce.c: the problem as one about a single unknown function X */

typedef enum az_atom_kind { AZ_ATOM_X, AZ_ATOM_H, AZ_ATOM_PX, AZ_ATOM_PH } az_atom_kind; /* X, hilbert(X), primitives of these two */

typedef struct az_atom {
    int node, order;            /* order of derivative, 0 for a primitive */
    az_atom_kind kind;
} az_atom;

typedef struct az_form {        /* an expression: its value and gradient are wanted */
    int root;
    int *list, n;               /* nodes below the root, ascending, nothing below an atom or an AT */
    bool at;                    /* at one point; else along the line */
    double x;
    int line;                   /* of the problem text; 0: the derivative of X at 0, or the inside of an AT */
} az_form;

typedef struct az_reduced {
    const az_problem *problem;
    az_graph graph;             /* derivatives of trial 0, which is X, and of its Hilbert transform only */
    const char *name;           /* of X */
    int x_let;
    az_form *row;               /* (left - right)/scale; the last is d(X, y) at 0 where the problem has no pin */
    int n_rows;
    az_form *value;             /* of the AT nodes, ascending */
    int n_values;
    int *value_of;              /* [graph.n] index into value, -1 */
    int *atom_of;               /* [graph.n] index into atom, -1 */
    az_atom *atom;
    int n_atoms;
    int orders;                 /* derivatives needed, the function itself included: at least 2 */
    bool gauge;                 /* the last row is the gauge: equals a number that the caller gives */
    az_form exponent;           /* delta */
} az_reduced;

/* AZ_EDOMAIN, with what stands in the way, if the problem is not of this kind: one coordinate on the line, hilbert of one odd expression X only, which has
 * a decay, and no trial but inside X. AZ_ENOMEM. Keeps a pointer to p. */
az_status az_reduce(az_reduced *r, const az_problem *p, az_error *err);
void az_reduced_clear(az_reduced *r);

/* ---- basis.c */

#define AZ_MAX_SECTORS 64

typedef struct az_layout {      /* which terms */
    int n_sectors, n_terms;
    int sector[AZ_MAX_SECTORS]; /* j; 0 is beta = 2 */
    int count[AZ_MAX_SECTORS];  /* k < count */
} az_layout;

/* How terms are shared out. The head resolves singularities off the line: at |z| > 1 they make its terms fall like |z|^-k, whatever the others are.
 * Those resolve infinity, z = -1, faster than any such series. A profile with a layer needs most terms in the head, a smooth one few. */
typedef struct az_shape {
    double depth;               /* sectors over the root of the number of terms not in the head */
    double head;                /* share kept for the sector that decays slowest */
} az_shape;

/* About n terms for a decay delta. Sectors whose exponent lies nearly an integer from that of a kept one are left out: their terms would depend on its. */
void az_layout_choose(az_layout *l, int n, double delta, const az_shape *shape);

/* Marks in drop[n_terms] the end of the first sector, or of the others in proportion: a tenth of all terms, but at most half of either part. false where that
 * is none. */
bool az_layout_shorten(unsigned char *drop, const az_layout *l, bool head);

typedef struct az_basis {
    az_layout layout;
    arb_t delta, scale;         /* scale: m */
    int orders;                 /* values and derivatives below this order */
    slong bits;
} az_basis;

/* value[n_terms][orders + 1]: the terms, their derivatives in y, and last the primitive. Cost O(n_terms*orders^2) products. */
void az_basis_values(acb_ptr value, const az_basis *b, const arb_t y);

/* ---- form.c: forms at points */

typedef struct az_expansion {   /* a trial function and the numbers that belong to it */
    const az_reduced *reduced;
    az_basis basis;
    arb_ptr c;                  /* [n_terms] */
    arb_ptr scalar;             /* [n_scalars] parameters and unknowns */
    arb_ptr constant;           /* [graph.n] values of AZ_CONST nodes */
    arb_ptr at;                 /* [n_values] of the AT nodes */
    arb_ptr at_gradient;        /* [n_values][n_terms] */
    arb_t gauge;
    int threads;
} az_expansion;

void az_expansion_init(az_expansion *e, const az_reduced *r, slong bits, int threads);
void az_expansion_clear(az_expansion *e);
/* New terms, all 0. */
void az_expansion_set_layout(az_expansion *e, const az_layout *l);
/* The precision from here on; coefficients and unknowns keep their values. */
void az_expansion_set_bits(az_expansion *e, slong bits);
/* After a change of scalars: delta. After a change of scalars or c: the AT values. */
void az_expansion_update(az_expansion *e, bool gradients);
/* An arb for a double that a person wrote: pi if it is the double nearest to pi, else the shortest decimal that reads back as it. Returns false if that
 * decimal has more than 15 digits, so that the number was rounded before. */
bool az_written_number(arb_t out, double value, slong bits);

typedef struct az_scratch {     /* of one thread */
    acb_ptr basis;              /* [n_terms][orders + 1] */
    acb_ptr f;                  /* [orders + 1] of the expansion */
    arb_ptr value, slope;       /* [graph.n] */
    arb_t t, u;
    slong n_basis, n_f, n_nodes;
} az_scratch;
void az_scratch_init(az_scratch *s, const az_expansion *e);
void az_scratch_clear(az_scratch *s);

/* The function and its terms at y, into s. */
void az_expansion_at(az_scratch *s, const az_expansion *e, const arb_t y);
/* Value of a form at the y of the last az_expansion_at, which is also y here; gradient[n_terms] with respect to c, or NULL. */
void az_form_value(arb_t out, arb_ptr gradient, az_scratch *s, const az_expansion *e, const az_form *f, const arb_t y);

/* ---- least.c: linear least squares on midpoints */

typedef struct az_least {
    int n_cols, n_damped, n_rows;
    arb_ptr column;             /* [n_cols + 1][n_rows], the last is the right side b */
    arb_ptr norm;               /* [n_cols + 1] of the columns, once they are formed */
    arb_ptr gram;               /* [n_cols + 1][n_cols + 1] products of columns of norm 1 and b, rows i, columns j <= i */
    slong bits;
    int threads;
} az_least;
void az_least_init(az_least *q, int n_cols, int n_damped, int n_rows, slong bits, int threads);
void az_least_clear(az_least *q);
#define AZ_LEAST(q, row, col) ((q)->column + (slong)(col) * (q)->n_rows + (row))
/* The normal equations, once the columns are there. Divides the columns by their norms. */
void az_least_form(az_least *q);
/* x[n_cols], or NULL, minimises |A x - b|^2 + tau^2 (sum of (norm x)^2 over the first n_damped columns), with x = 0 where drop[n_cols] (or NULL) says
 * so, by Cholesky. *rms: the root of that minimum over n_rows, 0 where it is below rounding. Returns the bits lost in it, the logarithm of the smallest
 * pivot, or -1 where a pivot is of the size of its rounding error: more bits are needed. Threads; the same bits for any number of them. */
slong az_least_solve(arb_ptr x, double *rms, const az_least *q, double tau, const unsigned char *drop);

/* ---- newton.c */

typedef struct az_newton_options {
    int max_iterations;
    double goal;                /* a residual below it is as good as 0 */
    double most;                /* a residual above it at the start: not worth a step */
    bool (*tell)(void *data, const az_expansion *e, double rms);    /* after each iteration; true stops */
    void *data;
} az_newton_options;

typedef enum az_newton_end { AZ_NEWTON_DONE, AZ_NEWTON_BITS, AZ_NEWTON_STOPPED, AZ_NEWTON_LOST } az_newton_end;

typedef struct az_newton_result {
    double rms;                 /* of the rows at the end */
    double model;               /* of the last linear model: what the terms are able to do, before rounding errors of the start are gone */
    double without_head, without_tail; /* the same without the last terms that az_layout_shorten names; NaN where there are none */
    slong lost;                 /* bits, in the normal equations */
} az_newton_result;

/* Gauss-Newton for the coefficients and the unknowns on n nodes, until the residual is that of the linear model or falls no more.
 * AZ_NEWTON_BITS: the precision does not suffice, nothing is said about e. AZ_NEWTON_LOST: a row is not finite, the start is hopeless, or the first
 * step lowers no residual. */
az_newton_end az_newton(az_expansion *e, az_newton_result *out, arb_srcptr y, int n, const az_newton_options *o);
/* The first linear model only; e stays. */
az_newton_end az_newton_promise(az_expansion *e, az_newton_result *out, double goal, arb_srcptr y, int n);
/* Largest |row| at the nodes and points, an upper bound of it up to double rounding. */
double az_largest_residual(az_expansion *e, arb_srcptr y, int n);

/* ---- fit.c: coefficients of e, whose unknowns stay, nearest to a given function relative to its size at n nodes. false: more bits are needed. */
/* X at the nodes, and coefficients held down by tau: x is known to about tau only, and fitting its noise needs huge coefficients. */
bool az_fit_real(az_expansion *e, arb_srcptr y, const double *x, int n, double tau);
/* The same for F at every second node, which gives two rows: f[n/2] */
bool az_fit(az_expansion *e, arb_srcptr y, acb_srcptr f, int n, double tau);
void az_fit_sample(acb_ptr f, const az_expansion *e, arb_srcptr y, int n);  /* F of an expansion there */

/* ---- nodes.c */

/* y[n] > 0, exact: 7/12 with theta = 2 arctan(y/m) uniform, a third with pi - theta log-spaced down to 1e-12, the others with theta down to 1e-6. set
 * 0, 1 and 2 have no points in common. */
void az_hardy_nodes(arb_ptr y, int n, int set, const arb_t scale, slong bits);

#endif
