/* expr.h: expression graphs. Hash-consed nodes over coordinates, scalars (parameters and unknowns), trials and nonlocal operators.
 * Nodes are int indices, children before parents. Equal expressions get equal indices. Constants are folded. */
#ifndef AZ_EXPR_H
#define AZ_EXPR_H

#include "base/base.h"

#define AZ_MAX_DIM 4
#define AZ_MAX_INPUTS 8
#define AZ_MAX_NODES (1 << 20)
#define AZ_MAX_POINTS 1024

/* elementary functions: enum, name in the language */
#define AZ_FUNC_LIST(X) \
    X(AZ_F_EXP, "exp") X(AZ_F_EXPM1, "expm1") X(AZ_F_LOG, "log") X(AZ_F_LOG1P, "log1p") X(AZ_F_SQRT, "sqrt") \
    X(AZ_F_SIN, "sin") X(AZ_F_COS, "cos") X(AZ_F_TAN, "tan") X(AZ_F_SINH, "sinh") X(AZ_F_COSH, "cosh") X(AZ_F_TANH, "tanh") X(AZ_F_SECH, "sech") \
    X(AZ_F_ASIN, "asin") X(AZ_F_ACOS, "acos") X(AZ_F_ATAN, "atan") X(AZ_F_ASINH, "asinh") X(AZ_F_ATANH, "atanh") X(AZ_F_ERF, "erf")
typedef enum az_func {
#define AZ_X(code, name) code,
    AZ_FUNC_LIST(AZ_X)
#undef AZ_X
    AZ_N_FUNC
} az_func;
const char *az_func_name(az_func f);
int az_func_find(const char *name, size_t n);   /* -1 if none */
double az_func_value(az_func f, double x);      /* the function itself, libm */

typedef enum az_op {
    AZ_CONST,       /* value */
    AZ_COORD,       /* index = coordinate */
    AZ_SCALAR,      /* index = scalar slot: parameters first, then unknowns (az_problem) */
    AZ_TRIAL,       /* index = trial; its inputs live in the trial table */
    AZ_ADD, AZ_SUB, AZ_MUL, AZ_DIV, /* a, b */
    AZ_NEG,         /* a */
    AZ_POW,         /* a ^ b. b constant integer: any base; else base must be positive */
    AZ_FUNC,        /* index = az_func, a */
    AZ_D,           /* index = coordinate, a: first derivative */
    AZ_HILBERT,     /* a */
    AZ_PRIMITIVE,   /* a: integral from 0 along the only coordinate */
    AZ_AT           /* a at the point index of the graph's point table: a scalar */
} az_op;

typedef struct az_node {
    az_op op;
    int a, b;       /* child nodes, -1 if none */
    int index;
    double value;
    unsigned deps;  /* bit c: depends on coordinate c */
    bool nonlocal;  /* a HILBERT or PRIMITIVE at or below it, unless inside an AT or the input of a trial */
    int slope, slope_coord; /* of a nonlocal node: its last derivative and the coordinate, or 0 and -1 */
} az_node;

typedef struct az_point {
    double x[AZ_MAX_DIM];
} az_point;

typedef struct az_graph {
    az_node *node;
    int n, cap;
    az_point *point;
    int n_points, cap_points;
    int *table;     /* hash table of node indices plus one, 0 is an empty slot */
    int table_size; /* a power of two, or 0 */
    bool expand;    /* derivatives are carried down everywhere, so that AZ_D stands above trials and other AZ_D only; set before any node */
    az_status status;   /* why the last -1 was returned: AZ_ENOMEM, or AZ_ELIMIT above AZ_MAX_NODES or AZ_MAX_POINTS; else AZ_OK */
} az_graph;

void az_graph_init(az_graph *g);
void az_graph_clear(az_graph *g);
/* Each returns the node, or -1 when memory runs out (also if a child is -1, so that calls nest without checks). Light simplification:
 * constant folding, x+0, x*1, x*0, x^1, x/1, -(-x); d of a constant or of an expression without that coordinate is 0;
 * d(primitive(f)) is f, d(hilbert(f)) is hilbert(d(f)), and a derivative of an expression with one of them is carried down to them by the rules
 * of calculus, so that no AZ_D stands above a nonlocal operator. deps of AZ_TRIAL must be passed. */
int az_graph_const(az_graph *g, double value);
int az_graph_coord(az_graph *g, int coord);
int az_graph_scalar(az_graph *g, int slot);
int az_graph_trial(az_graph *g, int trial, unsigned deps);
int az_graph_binary(az_graph *g, az_op op, int a, int b);   /* ADD SUB MUL DIV POW */
int az_graph_neg(az_graph *g, int a);
int az_graph_func(az_graph *g, az_func f, int a);
int az_graph_d(az_graph *g, int a, int coord);
int az_graph_hilbert(az_graph *g, int a);
int az_graph_primitive(az_graph *g, int a);
int az_graph_at(az_graph *g, int a, const az_point *p);     /* a constant expression stays itself */
bool az_graph_equal(double a, double b); /* same bits, so that -0, 0 and NaN hash apart */

/* How leaves and named nodes are printed. leaf(data, op, index) names a COORD, SCALAR or TRIAL; alias(data, node) is the name that stands for a
 * whole subexpression, or NULL; alias itself may be NULL. dim is the number of components after `@`. */
typedef struct az_expr_names {
    int dim;
    const char *(*leaf)(const void *data, az_op op, int index);
    const char *(*alias)(const void *data, int node);
    const void *data;
} az_expr_names;

/* Appends the expression in the problem language; read back into the same graph it gives the same node. The root is never printed as its alias.
 * Cut with "..." near max_bytes, since a graph can be exponentially shorter than its text. Memory failure sets out->failed. */
void az_expr_print(az_text *out, const az_graph *g, int node, const az_expr_names *names, size_t max_bytes);
/* The shortest decimal that reads back as the same double, with a point whatever the locale. buffer >= 32. */
void az_expr_number(char *buffer, double value);

#define AZ_NO_TRIAL 255 /* order of a node that does not contain the trial */
/* order[g->n]: the largest number of derivatives on a path from node i down to the trial, counting those in coord, or all if coord is -1;
 * AZ_NO_TRIAL without the trial, at most 254. Inputs of trials are not looked into. Cost O(g->n). */
void az_expr_orders(unsigned char *order, const az_graph *g, int trial, int coord);
/* parity[g->n]: 1 if node i is even in coord, -1 if odd, 0 if neither was found; from the structure alone, so 0 proves nothing.
 * trial_parity[trial] is the parity of each trial, which must hold. A node without the coordinate is even. Cost O(g->n). */
void az_expr_parities(signed char *parity, const az_graph *g, int coord, const signed char *trial_parity);
#define AZ_USES_HILBERT 1
#define AZ_USES_PRIMITIVE 2
/* uses[g->n]: which nonlocal operators occur at or below node i. Cost O(g->n). */
void az_expr_operators(unsigned char *uses, const az_graph *g);
/* mark[g->n]: with every marked node those it consists of. */
void az_expr_contents(bool *mark, const az_graph *g);

#endif
