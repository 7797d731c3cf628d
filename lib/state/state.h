/* state.h: everything a run is: problem, options, networks, unknowns, points, optimiser memory, histories, evidence. The result file and the
 * checkpoint are this, written down; a step of a solve is a function of this and of nothing else. */
#ifndef AZ_STATE_H
#define AZ_STATE_H

#include "problem/problem.h"

#define AZ_MAX_STAGES 6                 /* of a result; one more stands beside them where a result is linearised */
#define AZ_STAGE_SLOTS (AZ_MAX_STAGES + 1)
#define AZ_FORMAT_VERSION 8
#define AZ_FORMAT_OLDEST 7 /* that is read */
#define AZ_FORMAT_HASHED 8 /* from here on the content has a hash */

typedef enum az_activation { AZ_ACT_TANH, AZ_ACT_SINE, AZ_ACT_CHEBYSHEV } az_activation; /* the last: unit j is T_k of the only input, k its weight */

/* Piecewise polynomials of a coordinate z, which is asinh(x/length) of the problem's coordinate x, or x itself. Element e is [edge[e], edge[e+1]] and
 * its polynomials live on s = (z - middle)/half in [-1, 1]: Hermite functions of the values and derivatives of order < smooth at both ends, which
 * neighbours share, and bubbles (1-s^2)^smooth R_j(s), R_j the Gegenbauer polynomial of index smooth + 1/2 with R_j(1) = 1.
 * With a parity edge[0] = 0, and element 0 is [-edge[1], edge[1]]: its polynomials have the parity, so there is no knot at 0. Beyond the edges the
 * function is constant.
 * Weights, from left to right: derivatives m = 0.. at the left end (none at edge[0] with a parity) times node_width^m, bubbles of the element, and so
 * on; at last the derivatives at the last edge (none if periodic; the value only if flat). node_width: the smaller half of the elements beside.
 *
 * In the quarter of a half-plane (modes > 0) z = xi, xi >= 0, 0 <= eta <= pi/2; eta = pi/2 is the wall y2 = 0, eta = 0 the axis y1 = 0. The function is a
 * sum of (polynomial of the elements)(xi) T_j(t), t = asinh(eta/grading)/asinh(pi/(2 grading)), T_j the Chebyshev polynomials of the parity in y1; weight k
 * of the elements becomes `modes` weights in the order of j. Coordinates:
 * AZ_CONFORMAL: y1 + i y2 = length sinh(xi + i (pi/2 - eta)), Cartesian at the origin, logarithmic and polar far out; xi = 0 is the rest of the axis.
 * AZ_POLAR: y1 = length sinh(xi) sin(eta), y2 = length sinh(xi) cos(eta). A function that is smooth at the corner is a polynomial in y1^2 and y2 there,
 * which no product of modes and polynomials is. So the elements, without parity along xi, vanish at the corner like xi^smooth (no weights at edge[0],
 * element 0 has the degree `centre`), and the smooth terms below that order stand beside them, over the whole domain, their weights behind all others:
 * r^(n-k) y2^k/(length^n (1 + r^2/length^2)^n), n < smooth, n - k even; in the order of n, then k = n, n - 2, .... */
typedef struct az_mesh {
    int n_edges;
    double *edge;
    int degree;                     /* of the polynomials */
    int centre;                     /* degree of element 0, with a parity or in polar coordinates */
    int smooth;
    int n_wide;                     /* elements of a higher degree, about points where the function is analytic; not with modes */
    int wide[AZ_MAX_ANALYTIC];      /* which, rising; not the one that element 0 is with a parity */
    int pieces[AZ_MAX_ANALYTIC];    /* panels of collocation points in each: its degree is az_mesh_wide_degree */
    az_parity parity;
    int periodic;                   /* the ends of the mesh are one point */
    double length;                  /* 0: z = x */
    int flat;                       /* all derivatives vanish at the last edge */
    int modes;                      /* 0: one coordinate */
    double grading;                 /* with modes: the width in eta of what they resolve at the axis */
    az_coordinates coordinates;     /* with modes AZ_CONFORMAL or AZ_POLAR, else automatic */
    az_parity across;               /* with modes: in y1 */
} az_mesh;

/* Positions among the weights: of the derivatives at a node (-1 at 0 with a parity or in polar coordinates), of the bubbles of an element, and their number. */
int az_mesh_node(const az_mesh *m, int node);
int az_mesh_bubble(const az_mesh *m, int element);
int az_mesh_n_bubbles(const az_mesh *m, int element); /* with a parity those of element 0 are R_j of every second j, from 0 or 1 */
double az_mesh_node_width(const az_mesh *m, int node);
int az_mesh_node_weights(const az_mesh *m, int node); /* at a node: smooth, or 1 at the last if flat */
int az_mesh_wide(const az_mesh *m, int element);  /* which of the wide elements, -1 for another one */
/* Gauss points of so many panels lie 1/(16^2 pieces) apart at the ends, and a polynomial of this degree is determined well by them. */
int az_mesh_wide_degree(const az_mesh *m, int pieces);
int az_mesh_degree(const az_mesh *m, int element);
int az_mesh_count(const az_mesh *m); /* of all weights of the elements, for one mode */
int az_mesh_n_core(const az_mesh *m); /* smooth terms at the corner */
int az_mesh_weights(const az_mesh *m); /* of all modes, and the core's; -1 if it overflows int */
bool az_mesh_valid(const az_mesh *m);
#define AZ_MESH_MAX_SMOOTH 6
#define AZ_MESH_MAX_DEGREE 32
#define AZ_MESH_MAX_PIECES 64
#define AZ_MESH_MAX_WIDE (16 * 8 + AZ_MESH_MAX_SMOOTH) /* degree of a wide element: 8 is the root of the pieces */
#define AZ_MESH_MAX_MODES 512

/* One stage of a trial: a dense network, or elements. A network: Layer k maps width[k] to width[k+1]: width[0] inputs, width[n_layers+1] = 1 output. Weights: for each layer
 * the matrix, row-major [width[k+1]][width[k]], then the biases (hidden layers only; the output has none). The first layer applies `first`, later ones tanh. */
typedef struct az_network {
    az_space space;
    int n_layers;                   /* hidden */
    int width[AZ_MAX_LAYERS + 2];
    az_activation first;
    double scale;                   /* the stage adds scale * network to the trial */
    int n_weights;
    int n_frozen;                   /* the first of them, not trained: 0, or all hidden layers (random features) */
    double *weight;
    az_mesh mesh;                   /* elements only; their n_layers is 0 and their widths are 1 */
} az_network;

typedef struct az_trial_state {
    int n_stages;
    az_network stage[AZ_STAGE_SLOTS];/* all but the last are frozen */
} az_trial_state;

/* One row per recorded iteration. */
typedef struct az_history {
    int n, cap, n_unknowns;
    int *iteration, *stage;
    double *rms, *check, *seconds;  /* check: max |residual/scale| on the split grid, NaN where not judged */
    double *unknown;                /* [n][n_unknowns] */
} az_history;
az_status az_history_add(az_history *h, int iteration, int stage, double rms, double check, double seconds, const double *unknown);

/* Points of one row declaration (local problems), point-major [n][dim]. */
typedef struct az_points {
    int n, dim;
    double *x;
} az_points;

#define AZ_ROW_FOUND(dim) (AZ_ROW_AT + (dim))
enum { AZ_ROW_MAX, AZ_ROW_RELATIVE, AZ_ROW_FLOOR, AZ_ROW_AT };

/* The residual as judged, for pictures: along the line, or scattered. */
typedef struct az_curve {
    int n, dim;                     /* points */
    double *x;                      /* [n][dim] */
    double *residual;               /* [n] signed, of the worst equation at this point, as written */
    double *relative;               /* [n] divided by its scale */
} az_curve;

/* Which file, and under which name: it is another one once somebody else has written it.
 * size -1: none. */
typedef struct az_stamp {
    uint64_t name, device, inode;
    int64_t size, seconds, nanoseconds;
} az_stamp;
/* What az_verify found of a statement: az_finding, which points into it. */
typedef struct az_stated {
    char *statement, *text;
    int holds;
    double value;
} az_stated;

#define AZ_TWICE_SHIFT 1e-3 /* of its unknowns at the start, relative */
/* The second solve of a problem with analytic points, with twice the functions. */
typedef struct az_twice {
    int done;                       /* it has ended, met or not */
    double check;                   /* its residual between the points */
    double *moved;                  /* [n_unknowns] how far each ended from the first solve's; NULL until done */
} az_twice;

/* Whether an unknown stays at its value. FREE: rows of kind select are left out, or the declared defect is solved for; IMPOSED: all of them hold. */
typedef enum az_hold { AZ_HELD_NOT, AZ_HELD_FREE, AZ_HELD_IMPOSED } az_hold;

/* The march to the profile that options.mode asks for, along the first unknown; a scan, along any. */
typedef struct az_ladder {
    int found;                      /* profiles passed on the way, the first from random weights included */
    int tries;                      /* at the present held value */
    int held;                       /* an az_hold; in files AZ_HELD_NOT or AZ_HELD_FREE: a scan writes none */
    int over;                       /* which unknown; not in files, where it is the first */
    int fitted;                     /* the first network was fitted to elements at the profile that they found */
    double last, step;              /* its value at the last profile; how far the next held value is */
    double value, defect;           /* the held value before this one, and what the select row was there; NaN at the first */
    double lo, hi;                  /* bounds of a released unknown, hard or with its penalty, -inf and inf without a march */
} az_ladder;

/* What the rows of the problem know of the numbers (lib/verify/sensitivity.c): errors that are sensitivities times residuals. */
typedef struct az_support {
    int done;                       /* 0: not estimated, and the arrays are NaN */
    double *unknown;                /* [unknowns] infinite: not determined by the equations */
    double *derived;                /* [problem->n_derived] the same */
    double *field;                  /* [lets, or trials where there are none] largest error at some points in the domain */
    int lost;                       /* 1 + the first of them whose error is as large as itself; 0: none */
    int open;                       /* numbers or directions of the fields that nothing determines */
    char *note;                     /* about these, in words; lines end with a newline; may be NULL */
    double above;                   /* largest residual over the rounding of the terms of its row */
    double seconds;
} az_support;
/* A second state of the run beside the result's own: networks and unknowns, and what was measured of them. While the run works it is the best one that the
 * independent check has seen; in a result that may go on, where that is better than the last one, the two have changed places (aside). */
typedef struct az_kept {
    az_trial_state *trial;          /* [n_trials]; NULL: nothing is kept */
    double *scalar;                 /* [n_scalars] */
    int aside;                      /* this is the working state, from which a resumed run goes on, and the result's own is the best */
    int stage, iteration;
    double rms, check;              /* check: on the points of the last comparison */
} az_kept;

/* Two conditions that no function satisfies both where the faces meet on which they are stated: an affine relation holds between them whatever the trials. */
typedef struct az_corner {
    int row[2], order[2], along[2]; /* the derivative of each along its face, in a coordinate that the other fixes */
    unsigned fixed;                 /* the faces of both */
    az_point at;                    /* where they meet; coordinates that are not fixed are those of the largest gap */
#define AZ_MAX_CORNERS 64
#define AZ_CORNER_AWAY 0.01 /* of the length or scale: where no point is put, and what such a point is mirrored at. Heat from a corner is off by a third of it */
    double gap;                     /* by how much the second misses what it asks where the first holds */
} az_corner;

struct az_result {
    az_problem *problem;            /* parameters hold the values used */
    az_solve_options options;       /* resolved; checkpoint pointer is NULL here */
    uint64_t hash;
    char *command;                  /* as typed, may be empty */
    az_stamp file; /* that it was read from or last put into by az_result_replace; not in files */
    az_status unsaved; /* of the last checkpoint; not in files */

    double *scalar;                 /* [n_scalars] parameters, unknowns */
    double *unknown_error;          /* [n_unknowns] */
    az_trial_state *trial;          /* [n_trials] */

    int n_edges;                    /* panels of the line grid in z, edge[0] first (0 for parity problems); 0 if unused */
    double *edge;
    az_points *points;              /* [problem->n_rows]; n = 0 where the grid is panels or a single point */

    az_stop stop;
    int stage, stage_iteration;     /* current stage from 1; iterations in it */
    int warm;                       /* began from another result: no random weights, so nothing is held back or begun again */
    int restarts;                   /* of the first stage from new weights */
    int retries;                    /* how often this stage was continued on a refined grid */
    int patient;                   /* features in several coordinates did not pay: the first stage is trained as long as it gains at all */
    az_ladder ladder;
    const struct az_arc *arc;       /* an extra row of the system, or NULL; not owned, and not in the file */
    int n_passed;                   /* of elements on the march: the last held value that was solved, to go back to; laid out by lib/solve/element.c */
    double *passed;
    int phase;                      /* index into options.phase during the first stage */
    int iterations;
    double seconds;                 /* of all sessions of this run */
    az_rng rng;
    double unit;                    /* the residual and the unknowns of the current stage are measured in this unit (1 in the first) */
    int n_memory;                   /* optimiser's own state */
    double *memory;
    double rms, check;              /* last values */
    double stage_check;             /* check when this stage began */
    az_kept kept;
    int n_corners;
    az_corner *corner;              /* where conditions contradict each other: points stay away */

    az_history history;
    az_evidence evidence;
    az_support support;
    double *row_found;              /* [n_rows][AZ_ROW_FOUND(dim)]: largest |residual|; largest relative one; rounding of its terms where that is, as relative; that place. NaN where not re-evaluated */
    az_cross cross;                 /* arrays by az_doubles */
    az_twice twice;
    int confirming;                 /* this is such a second solve; not in the file */
    int n_stated;
    az_stated *stated;              /* [n_stated] */
    az_curve curve;
};

#define AZ_SOLVES_NOTHING 1e-2 /* relative residual: what leaves more is no solution, and has no number */
#define AZ_VALUE_ULPS 4 /* round-off of a number that was solved for */

/* Every `double *` in a result comes from az_doubles, every other pointer from az_realloc and its kin: az_result_destroy relies on it. */

void az_state_drop_networks(az_result *r);  /* of all trials */
/* An empty state for p, which it takes over on success only: values of the problem file, errors and evidence NaN, generator seeded with 1. AZ_ENOMEM. */
az_status az_state_create(az_result **out, az_problem *p);
/* Adds a zero-weight network as the last stage of trial t. AZ_EOPTION for a width below 1, AZ_ELIMIT above the limits, AZ_ENOMEM. */
az_status az_state_add_stage(az_result *r, int t, int n_layers, const int *layers, az_activation first, double scale);
/* Adds a stage of elements with weights 0 as the last of trial t. mesh is copied with its edges. AZ_EOPTION for a mesh that az_mesh_valid
 * refuses, AZ_ELIMIT, AZ_ENOMEM. */
az_status az_state_add_elements(az_result *r, int t, const az_mesh *mesh);
/* copy.c: a stage of another state as the last of trial t; its panels and points; its unknowns by their names. AZ_ELIMIT, AZ_ENOMEM. */
az_status az_state_copy_stage(az_result *r, int t, const az_network *from);
az_status az_state_copy_grid(az_result *r, const az_result *from);
void az_state_copy_unknowns(az_result *r, const az_result *from);
/* The interval for unknown i: its bounds, and those of the march. */
void az_state_bounds(const az_result *r, int i, double *lo, double *hi);
/* The larger of x and the unknowns' distances from it: those are conditions of the problem, too. NaN stays. */
double az_state_worst(const az_result *r, double x);
/* Of elements in a half-plane, which all have the same; NULL where there are none. */
const az_mesh *az_state_strip(const az_result *r);
/* A state for p, which it takes over, with everything of `from` but its histories and its optimiser's memory. p has the trials and rows of
 * from's problem. AZ_ENOMEM. */
az_status az_state_duplicate(az_result **out, az_problem *p, const az_result *from);
/* kept.c: a copy of the present networks and unknowns, instead of what is kept. AZ_ENOMEM, which leaves that. */
az_status az_kept_take(az_result *r);
void az_kept_swap(az_result *r); /* the state kept and the result's own change places */
void az_kept_clear(az_result *r);
void az_network_clear(az_network *net); /* frees its arrays and empties it */
void az_cross_clear(az_cross *c);
void az_support_clear(az_support *q);
void az_state_forget_stated(az_result *r);  /* findings; those of the second solve stay */
void az_state_forget_twice(az_result *r);
/* Adds a finding; takes both strings, also where it fails. AZ_ENOMEM. */
az_status az_state_find(az_result *r, char *statement, char *text, int holds, double value);
int az_network_count(const az_network *net); /* weights, from the widths or the mesh; -1 if it overflows int */

#endif
