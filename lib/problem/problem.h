/* problem.h: a parsed and checked problem: names resolved, lets expanded into one expression graph. */
#ifndef AZ_PROBLEM_H
#define AZ_PROBLEM_H

#include "expr/expr.h"

#define AZ_MAX_TEXT ((size_t)1 << 20)   /* bytes of a problem file */
#define AZ_MAX_NESTING 200              /* of parentheses, calls, exponents */
#define AZ_MAX_NAME 63                  /* bytes of a name */
#define AZ_MAX_TITLE 200                /* bytes of a title */
#define AZ_MAX_SCALARS 256
#define AZ_MAX_TRIALS 64
#define AZ_MAX_LETS 1024
#define AZ_MAX_ROWS 256
#define AZ_MAX_FLOWS 16
#define AZ_MAX_DERIVED 64
#define AZ_MAX_NOTES 16
#define AZ_MAX_ANALYTIC 4
#define AZ_MAX_NOTE 4000                /* bytes of a note */
#define AZ_MAX_ORDER 16                 /* derivatives on one path of an expression */
#define AZ_MAX_OPERATORS 16             /* nonlocal operators on one path */

typedef enum az_parity { AZ_NO_PARITY = 0, AZ_EVEN = 1, AZ_ODD = -1 } az_parity;

typedef enum az_range { AZ_LINE, AZ_HALF_LINE, AZ_INTERVAL } az_range;

/* A coordinate. LINE: x = scale*sinh(z), z in (-inf, inf); HALF_LINE: the same for z >= 0; INTERVAL: [lo, hi]. The open interval (-X, X) of a text is
 * a LINE with open = X: its coordinate y is the expression X tanh(z/2) of t = sinh z, which is what AZ_COORD and all points stand for (open.c). */
typedef struct az_coord_decl {
    char *name;
    az_range range;
    double lo, hi;      /* INTERVAL */
    double open;        /* LINE: X, or 0 */
    char *line, *edge;  /* open > 0: the name of t, none that a text can have, and edge(y) as it is written */
    int y, e;           /* open > 0: the nodes of y and of edge(y) */
    double scale;       /* LINE, HALF_LINE: the length below which the grid is uniform; default 1 */
    bool periodic;      /* INTERVAL only: fields get sine and cosine of 2 pi (x-lo)/(hi-lo) as inputs, so are exactly periodic */
    bool time;          /* declared as `time t in [0, 1]` */
} az_coord_decl;

/* z where the ends are put: 1 - (y/X)^2 = 4e-33. What falls like its power s is cut off in the transforms by e^(-s*76) near the ends, and rounding is not
 * reached there for s < 0.48; d(a, y, y, y, y) does not overflow, and the finest grid of the independent evaluator, spacing 1/256, has less than its limit of points. */
#define AZ_OPEN_REACH 76.0
/* t of y, and y of t. */
double az_open_to_line(const az_coord_decl *c, double y);
double az_open_from_line(const az_coord_decl *c, double t);

typedef struct az_scalar_decl { /* parameter or unknown */
    char *name;
    double value;       /* parameter: its value; unknown: the start */
    bool unknown;
    bool defect;        /* an unknown that stays at its start unless another is held: the first on the march, any in a scan; after all others */
    bool given;         /* parameter: its value came from outside */
    double lo, hi;      /* bounds of an unknown, -inf and inf if absent */
    double penalty;     /* weight of the row max(lo - u, 0, u - hi), instead of hard bounds; 0: these */
} az_scalar_decl;

typedef struct az_trial_decl {
    char *name;
    int node;                   /* its AZ_TRIAL node */
    int n_inputs, input[AZ_MAX_INPUTS]; /* nodes; depend on coordinates, scalars only */
    az_parity parity[AZ_MAX_DIM];       /* declared parity of the raw function in each coordinate (a promise: inputs must have it) */
} az_trial_decl;

typedef struct az_name_decl {   /* let or field */
    char *name;
    int node;
    bool field;
    int decay;                  /* node of the exponent p in |y|^-p at infinity, of numbers, parameters and unknowns; -1 if not given */
} az_name_decl;

typedef struct az_flow_decl {   /* a vector field: its lines are drawn, and it is exported as one */
    char *name;
    int component[AZ_MAX_DIM];  /* nodes, one for each coordinate */
} az_flow_decl;

typedef struct az_derived_decl {/* a number that follows from the solution */
    char *text;                 /* what it is, in words */
    int node;                   /* does not depend on coordinates */
} az_derived_decl;

/* The solution is analytic within `half` of x, and beyond: one polynomial of high degree there in
 * elements, whose coefficients must fall geometrically. */
typedef struct az_analytic_decl {
    double x, half;
    int line;
} az_analytic_decl;

typedef enum az_row_kind { AZ_ROW_EQUATION, AZ_ROW_PIN, AZ_ROW_SELECT, AZ_ROW_INITIAL, AZ_ROW_BOUNDARY } az_row_kind;

#define AZ_MAX_TERMS 64
typedef struct az_terms {
    int n, node[AZ_MAX_TERMS];
} az_terms;

/* lhs - rhs = 0 on the part of the domain where the fixed coordinates have the given values. */
typedef struct az_row_decl {
    az_row_kind kind;
    int node;                   /* lhs - rhs */
    int scale;                  /* node, -1 if none: the trained residual is node/scale */
    double weight;              /* of the trained rows; default 1 */
    unsigned fixed;             /* bit c: coordinate c is fixed. All are for PIN and SELECT: one row each */
    az_point at;                /* inside the domain; also for a PIN or SELECT that does not depend on coordinates */
    char *text;                 /* the statement as written, for reports and messages */
    int line;
    az_terms terms, parts, over;/* az_problem_find_terms */
} az_row_decl;

/* An internal layer the program found: every even trial, or trial without parity, of a problem in one coordinate gets two more inputs that resolve it,
 * tanh((l - c)/w) and asinh((l - c)/w)/4 with z = asinh(y/scale), l = ln cosh z for an even trial and z else. Its place and width in z are two more unknowns,
 * the last scalars of the problem, c and w what they are in l: a layer moves in one direction of the optimiser's space. */
typedef struct az_layer {
    double center, width;       /* in z >= 0: where they start */
} az_layer;
#define AZ_MAX_INPUT_LAYERS 1

struct az_problem {
    char *name, *title, *text, *origin;
    az_graph graph;
    az_coord_decl coord[AZ_MAX_DIM];
    int dim;
    az_scalar_decl *scalar;     /* parameters first, then unknowns; AZ_SCALAR slots index this table */
    int n_scalars, n_parameters, n_defects;
    bool freed;                 /* one of the unknowns is a parameter of the text: az_problem_free_parameter */
    az_trial_decl *trial;
    int n_trials;
    az_name_decl *let;
    int n_lets;
    az_row_decl *row;
    int n_rows;
    az_flow_decl *flow;
    int n_flows;
    az_derived_decl *derived;
    int n_derived;
    char **note;                /* paragraphs that the report says of the solution */
    int n_notes;
    az_analytic_decl analytic[AZ_MAX_ANALYTIC]; /* one coordinate; they do not overlap */
    int n_analytic;
    double tolerance;           /* of networks, unless another is asked for; 0: none is given */
    az_layer layer[AZ_MAX_INPUT_LAYERS];
    int n_layers;
    int angle;                  /* an az_angle: the only input of every trial, instead of those declared */
};

/* az_fail with the statement that begins in this line and a caret, as the errors of parsing have them. */
az_status az_problem_fail(const az_problem *p, int line, az_status s, az_error *err, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Where `primitive` begins: at 0, on an interval that does not hold it at its lower end. */
double az_problem_primitive_start(const az_coord_decl *c);
/* Whether equations are taken on panels in z = asinh(y/scale): of one coordinate, on lines, and on an interval where `primitive` is used. */
bool az_problem_on_panels(const az_problem *p);
/* terms.c. A residual says something only beside what should cancel in it: the terms that the two sides of a statement add up, to within their
 * signs, what stands in parentheses being one. `parts` are the terms of everything multiplied out, which round when the residual is evaluated. `over` are the terms of a condition as
 * they are elsewhere in the domain, for one whose terms all vanish at its point (u = 0); else `terms`. Each has at most AZ_MAX_TERMS, what is more staying
 * together; terms.n = 0: nothing to compare with (E = 0), and the residual counts as written. Once all statements have been read, so that the nodes that are
 * made stand behind all others. AZ_ENOMEM. */
az_status az_problem_find_terms(az_problem *p);
/* Where the size of the terms of an equation is looked for: everywhere on intervals, to three scales where a coordinate has no end. */
bool az_problem_in_core(const az_problem *p, const double *x);
/* What the residual of a statement at a point is compared with. core: the largest term there (of `over`); here: the largest of `terms` at the point, of a condition
 * at any of its points. An equation: the larger of the two. A condition: its own, or where its terms vanish there, or are one (u = 0), what they are elsewhere. 1 if that is 0 or not finite. */
double az_term_measure(const az_row_decl *row, double core, double here);
/* The residual as it is judged: value over size without a declared scale (NULL); else over that, but where the terms are smaller by more than two decades, so
 * that a small amplitude passes by no scale. size 0: there are no terms, and without a scale value counts as written. Below AZ_SCALE_MIN the scale is zero, and the terms alone count. */
double az_term_ratio(double value, const double *scale, double size);
/* An equation whose terms are all below this share of the largest terms of any statement (u' = 0 of a constant u = 1) is compared with these: its own are rounding. */
#define AZ_TERMS_VANISH 1e-13
#define AZ_SCALE_MIN 1e-190 /* a double holds the terms of a residual with full precision: the square of a coordinate below it is still above DBL_MIN */

/* The slot of the parameter or unknown of this name, -1 if there is none. */
int az_problem_slot(const az_problem *p, const char *name);
/* Slots of the first defect and of the first layer's center, its width next. */
int az_problem_first_defect(const az_problem *p);
int az_problem_freed_slot(const az_problem *p); /* of a parameter that az_problem_free_parameter made an unknown */
int az_problem_layer_slot(const az_problem *p, int k);
/* ITSELF: 2 atan(y/scale) on a line, 2 pi (x - lo)/(hi - lo) on a ring, for Fourier series in it. COSINE: of one, from -1 to 1, for Chebyshev polynomials:
 * the coordinate of an interval; y/sqrt(scale^2 + y^2) on a line, and on a half-line with a parity; (y - scale)/(y + scale) on one without. */
typedef enum az_angle { AZ_ANGLE_NONE, AZ_ANGLE_ITSELF, AZ_ANGLE_COSINE } az_angle;
/* How the same text is read otherwise. */
typedef struct az_variant {
    const az_layer *layer;      /* [n_layers] n_layers <= AZ_MAX_INPUT_LAYERS */
    int n_layers;
    int angle;                  /* an az_angle: trials of it alone, for series */
    const char *freed;          /* this parameter is an unknown, the last before the defects, that starts at its value; parameters computed from it
                                 * and not set are expressions of it, but where a number is needed, a start or the scale of a line, keep that
                                 * of its value. NULL: none */
} az_variant;
/* AZ_EPROBLEM also where a trial has no room for a layer's inputs, AZ_ENAME where there is no such parameter. */
az_status az_problem_parse_variant(az_problem **out, const char *origin, const char *text, size_t length, const az_setting *set, int n_set,
                                   const az_variant *v, az_error *err);
/* p parsed again, not freed, with this value of a parameter. */
az_status az_problem_set(az_problem **out, const az_problem *p, const char *name, double value, az_error *err);
/* p parsed again, its parameter `name` an unknown. AZ_ENAME, or AZ_EPROBLEM where the problem needs it as a number. */
az_status az_problem_free_parameter(az_problem **out, const az_problem *p, const char *name, az_error *err);
/* p parsed again with the parameters that were given, as v says. AZ_EPROBLEM also for angles where there are none. */
az_status az_problem_vary(az_problem **out, const az_problem *p, const az_variant *v, az_error *err);
/* p parsed again with the parameters that were given and these layers. Errors as above, AZ_ENOMEM. */
az_status az_problem_restate(az_problem **out, const az_problem *p, const az_layer *layer, int n_layers, az_error *err);
/* Coordinates y1 of both signs, y2 >= 0. */
bool az_problem_half_plane(const az_problem *p);
/* The row whose points all equations share. */
int az_problem_first_equation(const az_problem *p);
/* Coordinates that a row fixes: none of an equation. */
unsigned az_row_fixed(const az_row_decl *row);

/* "analytic at z = 1 within 0.5" */
void az_problem_print_analytic(az_text *out, const az_problem *p, int i);

/* Appends a node as text of the problem language. With `aliases`, lets and fields inside it are printed as their names. */
void az_problem_print(az_text *out, const az_problem *p, int node, bool aliases, size_t max_bytes);

#endif
