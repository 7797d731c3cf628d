/* ansatz.h: the public interface of libansatz.
 *
 * Argument order, everywhere: object or workspace, outputs, inputs (a length right after its array), options, callback then its
 * data, error last. Strings returned through `char **` are allocated with the library's allocator and freed by az_free. Objects are made by
 * the function that returns them through a double pointer and freed by their `_destroy`, which accepts NULL. Nothing here
 * prints, exits or keeps mutable global state. Const objects may be shared between threads; an object being written belongs to one thread.
 *
 * Every function that can fail returns an az_status; where an `az_error *` is taken it may be NULL, and is filled on failure only.
 */
#ifndef ANSATZ_H
#define ANSATZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AZ_VERSION "0.1.0"

/* code, name, message: the one list of statuses */
#define AZ_STATUS_LIST(X) \
    X(AZ_OK, "ok", "no error") \
    X(AZ_ENOMEM, "enomem", "out of memory") \
    X(AZ_EIO, "eio", "reading or writing a file failed") \
    X(AZ_ESYNTAX, "esyntax", "the problem file is not well formed") \
    X(AZ_EPROBLEM, "eproblem", "the problem is well formed but makes no sense") \
    X(AZ_EOPTION, "eoption", "an option has a value outside its range") \
    X(AZ_EFORMAT, "eformat", "the result file is damaged or is not a result file") \
    X(AZ_ENAME, "ename", "no object has this name") \
    X(AZ_EDOMAIN, "edomain", "an argument lies outside the domain of a function") \
    X(AZ_ELIMIT, "elimit", "a documented size limit is exceeded") \
    X(AZ_ECANCELLED, "ecancelled", "the callback asked to stop") \
    X(AZ_EBUSY, "ebusy", "another program is writing the file") \
    X(AZ_ECHANGED, "echanged", "another program has changed the file")

typedef enum az_status {
#define AZ_X(code, name, message) code,
    AZ_STATUS_LIST(AZ_X)
#undef AZ_X
    AZ_N_STATUS
} az_status;

const char *az_status_name(az_status s);    /* "enomem"; "unknown" outside the list */
const char *az_status_message(az_status s); /* one lower-case phrase */

/* What went wrong. `message` is complete text, possibly of several lines (a problem-file error carries file:line:column, the line and a
 * caret); line and column are 1-based, 0 where they do not apply. */
typedef struct az_error {
    az_status status;
    int line, column;
    char message[1024];
} az_error;

/* Replaces the allocator of the library (tests fail the k-th call). fn(data, ptr, bytes) is realloc with free when bytes is 0.
 * Call before any other function. NULL restores the C library's. */
typedef void *(*az_alloc_fn)(void *data, void *ptr, size_t bytes);
void az_set_allocator(az_alloc_fn fn, void *data);
void az_free(void *p);

/* ---- Files ------------------------------------------------------------------------------------ */

/* What this program can have left at a path, by the first bytes of it. A table is one of az_export
 * (CSV: a line of names, below it numbers as %.17g prints them, one of which needs all the digits;
 * npy; HDF5), a branch or a scan the CSV tables of those. */
typedef enum az_file {
    AZ_FILE_NOTHING, /* no file, or a symbolic link to none */
    AZ_FILE_FOREIGN, /* what this program did not write, or nobody knows */
    AZ_FILE_RESULT,
    AZ_FILE_REPORT, /* any HTML page of this program */
    AZ_FILE_TABLE,
    AZ_FILE_GRID, /* VTK */
    AZ_FILE_BRANCH,
    AZ_FILE_SCAN,
    AZ_FILE_SCAN_STATE,
    AZ_FILE_HARDY, /* JSON of `ansatz polish --trial hardy` */
    AZ_N_FILE
} az_file;
az_file az_file_look(const char *path); /* reads 64 KiB at most */
const char *az_file_title(az_file f); /* "a result", "a report", ... */
/* A file of bytes[n], by rename, in place of whatever is there; through a symbolic link: of what it
 * leads to. AZ_EIO, AZ_ENOMEM. */
az_status az_file_write(const char *path, const void *bytes, size_t n, az_error *err);

/* A path held against other programs that hold it too, while it is written: a lock on an empty file
 * PATH.lock beside what PATH leads to, which is removed at the end; one that a killed program left
 * is used again. Where a file system has no locks, nothing is held. AZ_EBUSY: held by somebody
 * else; AZ_EIO, AZ_ENOMEM. */
typedef struct az_claim az_claim;
az_status az_claim_create(az_claim **out, const char *path, az_error *err);
void az_claim_destroy(az_claim *c);

/* ---- Problems ------------------------------------------------------------------------------------------------------------- */

typedef struct az_problem az_problem;

/* A parameter's value given from outside the file: `--set a=0.3`. */
typedef struct az_setting {
    const char *name;
    double value;
} az_setting;

/* Parses and checks the text of a problem. `origin` is the name used in messages. Every setting must name a parameter of the file.
 * AZ_ESYNTAX, AZ_EPROBLEM (unknown name, wrong arity, ...), AZ_ELIMIT (text above 1 MiB, nesting above 200), AZ_ENOMEM. */
az_status az_problem_parse(az_problem **out, const char *origin, const char *text, size_t length, const az_setting *set, int n_set,
                           az_error *err);
/* The same for a built-in name or a file path: a name without '/' and '.' is looked up among the built-in problems first. AZ_EIO. */
az_status az_problem_load(az_problem **out, const char *name_or_path, const az_setting *set, int n_set, az_error *err);
void az_problem_destroy(az_problem *p);

const char *az_problem_name(const az_problem *p);
const char *az_problem_title(const az_problem *p);
const char *az_problem_text(const az_problem *p);   /* the exact text that was parsed */
int az_problem_n_unknowns(const az_problem *p);
const char *az_problem_unknown(const az_problem *p, int i);
const char *az_problem_defect(const az_problem *p, int i);  /* az_evidence.defect_slope is of the first; NULL behind the last */
int az_problem_n_parameters(const az_problem *p);
const char *az_problem_parameter(const az_problem *p, int i, double *value);
/* What the problem says of its solution beyond equations: vector fields to draw, and numbers that follow from it (az_result_derived). */
int az_problem_n_flows(const az_problem *p);
const char *az_problem_flow(const az_problem *p, int i);
int az_problem_n_derived(const az_problem *p);
const char *az_problem_derived(const az_problem *p, int i); /* in words */
/* A description in words and tables: parameters, unknowns, coordinates, trials with inputs, fields and lets, equations with derivative
 * orders and operators, conditions, and how many rows each gives. */
az_status az_problem_describe(const az_problem *p, char **text, az_error *err);

int az_builtin_count(void);
const char *az_builtin_name(int i);
const char *az_builtin_title(int i);
const char *az_builtin_text(int i);

/* ---- Solving -------------------------------------------------------------------------------------------------------------- */

/* Why a run stopped: positive met the stated inequality, negative did not, zero is not finished. */
#define AZ_STOP_LIST(X) \
    X(AZ_STOP_TOLERANCE, 1, "tolerance", "the relative residual on an independent grid is below the asked tolerance") \
    X(AZ_STOP_RUNNING, 0, "running", "not finished") \
    X(AZ_STOP_STALLED, -1, "stalled", "no stage lowered the residual any more") \
    X(AZ_STOP_ITERATIONS, -2, "iterations", "the iteration limit was reached") \
    X(AZ_STOP_TIME, -3, "time", "the time limit was reached") \
    X(AZ_STOP_CANCELLED, -4, "cancelled", "the caller asked to stop") \
    X(AZ_STOP_NONFINITE, -5, "nonfinite", "the residual is not a finite number at the starting point") \
    X(AZ_STOP_NO_MODE, -7, "no_mode", "the march met no further profile before the bound of the unknown, or as far as it can be followed") \
    X(AZ_STOP_BOUND, -8, "bound", "an unknown runs onto its bound, or lies outside, and a residual stays: a solution may lie beyond") \
    X(AZ_STOP_LOST, -9, "lost", "the solution that was to be polished was lost: where the run ended is another one or none") \
    X(AZ_STOP_DIVERGED, -6, "diverged", "an unknown ran to its bound or the damping to its limit")

typedef enum az_stop {
#define AZ_X(code, value, name, message) code = value,
    AZ_STOP_LIST(AZ_X)
#undef AZ_X
} az_stop;
const char *az_stop_name(az_stop s);
const char *az_stop_message(az_stop s);

typedef enum az_tier { AZ_TIER_NONE, AZ_TIER_TRAINED, AZ_TIER_REEVALUATED, AZ_TIER_CROSS_SOLVED } az_tier;
const char *az_tier_name(az_tier t);

#define AZ_MAX_LAYERS 8
#define AZ_MAX_WIDTH 2000           /* of a layer, and functions of a series */
#define AZ_MAX_PHASES 8
#define AZ_MAX_DERIVATIVE 8         /* of az_eval, in each coordinate */
#define AZ_MAX_SCAN_VALUES 1000
#define AZ_MAX_SCAN_SEEDS 100

typedef enum az_method { AZ_METHOD_LM, AZ_METHOD_LM_QR, AZ_METHOD_ADAM, AZ_METHOD_LBFGS, AZ_METHOD_SSBROYDEN, AZ_N_METHOD } az_method;
const char *az_method_name(az_method m); /* "lm", "lm-qr", "adam", "lbfgs", "ssbroyden" */

/* The trial space: networks; piecewise polynomials on graded elements (one coordinate; a half-plane, times Chebyshev polynomials across); Fourier series in the angle 2 atan(y/scale) on the line, where the
 * even ones are the rational Chebyshev functions TB (Boyd 1987), or in that of a ring; Chebyshev polynomials of an interval, of y/sqrt(scale^2 + y^2) on a line (TB) or on a half-line with a parity,
 * of (y - scale)/(y + scale) on one without (TL). */
typedef enum az_space { AZ_SPACE_MLP, AZ_SPACE_ELEMENT, AZ_SPACE_FOURIER, AZ_SPACE_CHEBYSHEV, AZ_N_SPACE } az_space;
const char *az_space_name(az_space s); /* "mlp", "element", "fourier", "chebyshev" */

/* Coordinates of a half-plane, of length L: conformal, y1 + i y2 = L sinh(xi + i (pi/2 - eta)); polar, y1 = L sinh(xi) sin(eta), y2 = L sinh(xi) cos(eta);
 * sinh, y1 = L sinh(z1), y2 = L sinh(z2); compact, q = (1 + |y|^2/L^2)^(-1/4) and the angle. Points of networks are spread in them; elements know the
 * first two. */
typedef enum az_coordinates { AZ_COORDINATES_AUTO, AZ_CONFORMAL, AZ_POLAR, AZ_SINH, AZ_COMPACT, AZ_N_COORDINATES } az_coordinates;
const char *az_space_title(az_space s, az_coordinates c); /* "mlp", "element", "element in polar coordinates" */
const char *az_coordinates_name(az_coordinates c); /* "automatic", "conformal", "polar", "sinh", "compact" */

/* Options of a solve. Fill with az_solve_options_init, then change. A zero, where "0 = automatic" is said, lets the program choose. */
typedef struct az_solve_options {
    uint64_t seed;                      /* of the generator that draws weights and points; default 1 */
    int mode;                           /* the n-th profile of the ladder, 0 = the one random weights lead to; needs an unknown and a select row */
    int threads;                        /* 0 = all; results do not depend on it */
    double tolerance;                   /* on the relative residual of the independent grid (see az_evidence); > 0, or NaN (the default): what the
                                         * problem states for networks; else 1e-12 on a line, 1e-11 on an interval, 1e-6 in several coordinates, 1e-9 there with
                                         * elements */
    int max_iterations;                 /* all stages together; 0 = no limit */
    double max_seconds;                 /* > 0 or 0 = none; the only option that makes a run irreproducible */
    int accept_trivial;                 /* a solution whose fields are all 0 counts as one; default 0: az_result_open counts it, and it is named */
    double spare_seconds;               /* of these, kept for what the caller does with the result (az_verify_within); default 0 */
    int n_layers, layers[AZ_MAX_LAYERS];/* hidden widths of the first stage, 1 to AZ_MAX_WIDTH; n_layers 0 = automatic */
    int max_stages;                     /* networks in the multistage sum, at most 6; 0 = automatic */
    int points;                         /* collocation points per equation, at most 1e7; 0 = automatic */
    az_space space;                     /* default AZ_SPACE_MLP; else one stage, which starts from 0; layers with AZ_SPACE_ELEMENT, and methods where Newton's
                                         * runs (elements in a half-plane or with a mode) are refused; with AZ_SPACE_FOURIER
                                         * and AZ_SPACE_CHEBYSHEV layers[0] is the number of functions per trial, 128 and 64 if automatic */
    az_coordinates coordinates;         /* in a half-plane, else automatic; automatic: AZ_CONFORMAL, or those of the
                                         * elements that a solve begins with */
    int n_phases;                       /* the methods of the first stage in turn; 0 = automatic (lm) */
    az_method phase[AZ_MAX_PHASES];
    int phase_iterations[AZ_MAX_PHASES];/* of each phase but the last */
    double checkpoint_seconds;          /* between checkpoints; default 30; 0 = at every iteration */
    const char *checkpoint;             /* path of the checkpoint and result, NULL = none */
} az_solve_options;
void az_solve_options_init(az_solve_options *o);

/* One line of progress. */
typedef struct az_progress {
    int stage, iteration;               /* stage from 1, iteration over all stages */
    int max_iterations;
    const char *phase;                  /* "lm", "adam", "refine", "verify", ... */
    double rms;                         /* trained residual */
    double check_max;                   /* last residual on the split grid, NaN before the first */
    double seconds;
    int n_unknowns;
    const double *unknowns;             /* valid during the call */
    const az_problem *problem;          /* that they are of, valid during the call */
    const char *note;                   /* a decision in words ("stage 2: sine network 20x20, scale 3e-09"), or NULL */
} az_progress;
/* Returns nonzero to stop; the run then writes its checkpoint and returns with AZ_STOP_CANCELLED. Called from the thread of az_solve. */
typedef int (*az_progress_fn)(void *data, const az_progress *p);

typedef struct az_result az_result;

/* Whether az_solve takes these options for p: their ranges, what p and the trial space can have, and the equations themselves. AZ_EOPTION, and
 * AZ_ELIMIT for an equation that takes too many Taylor coefficients, with the reason; AZ_ENOMEM. */
az_status az_solve_check(const az_problem *p, const az_solve_options *o, az_error *err);
/* Solves from random weights. On AZ_OK *out holds the best state, whatever the reason for stopping
 * (az_result_stop). With o->checkpoint the file appears by rename, so that a kill leaves the
 * previous one; the first within two seconds, or an iteration if that takes longer.
 * One that cannot be written does not end the run: a note says so, and it is tried again; whether
 * the last one was written says az_result_checkpoint. AZ_EOPTION, AZ_EPROBLEM, AZ_ENOMEM. */
az_status az_solve(az_result **out, const az_problem *p, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err);
/* Begins with what `from` found, for another problem text or other parameters with the same trials (with o->mode: elements march on from a lower profile): its unknowns by their names, its elements or
 * its first networks, which are widened without a change of their function where o->layers asks for more neurons; with AZ_SPACE_MLP networks of random
 * weights are fitted to its elements first. AZ_EOPTION where the two do not
 * fit; else as az_solve. */
az_status az_solve_from(az_result **out, const az_problem *p, const az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err);
/* Continues a loaded, unfinished result with its own options; threads and checkpoint come from o. Gives the bits the uninterrupted run gives.
 * Limits in o count all sessions, unless they have been reached already: then they are that much more. Where o has none (0) the run goes on by what it was
 * asked for: to its limit, or that much more where it has reached it. */
az_status az_resume(az_result *r, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err);

/* ---- Results -------------------------------------------------------------------------------------------------------------- */

typedef struct az_evidence {
    az_tier tier;
    double trained_rms;                 /* rms of the rows the optimiser minimised */
    double reevaluated_max;             /* max |R| of equations and conditions as written, independent grid, other code path; NaN if not done, or if
                                         * something is not finite or a scale is zero everywhere (az_result_row says which) */
    double reevaluated_relative;        /* max of |R| over the largest term of its equation or condition (in the core, three scales wide, of a domain without
                                         * end, or at the point); where a scale is declared max |R / scale|, but at least a hundredth of the former */
    int points;                         /* in that grid; 0: not done */
    double defect_slope;                /* d(first defect)/d(first unknown) of the solutions beside this profile: where it is small, the unknown is less certain
                                         * than the residual says, by 1/|slope|; NaN without a defect, and for networks in several coordinates */
    double defect;                      /* what the `select` rows leave, as a shift of the first defect that would make it up while the fields stay; NaN where no row
                                         * of that kind depends on it. Divided by the slope it is an error of the first unknown that no equation need show */
} az_evidence;

/* The same of one equation or condition. */
typedef struct az_row_evidence {
    const char *statement;              /* as written; belongs to the result */
    int line;                           /* of the problem text */
    int equation;                       /* 0: a condition */
    double max, relative;               /* NaN if not done, and where something is not finite, at `at`; relative also where the scale is zero
                                         * everywhere */
    double floor;                       /* what the rounding of its terms can leave at that place, as relative is measured: nothing below it can be reached there */
    const double *at;                   /* [dimension] where relative is largest, or max if that is NaN; belongs to the result */
} az_row_evidence;

/* Two conditions of a problem in several coordinates that no function satisfies both where their faces meet: beside that place no residual can be small, whatever
 * the result, and no points are put nearer than `away` of the lengths. */
typedef struct az_contradiction {
    int line[2];                        /* of the problem text */
    const char *statement[2];           /* as written; belong to the result */
    int order[2];                       /* of the derivative of each, along its face, that says something else; mostly 0 */
    unsigned fixed;                     /* bit c: coordinate c is fixed at `at`; along the others the faces meet everywhere */
    const double *at;                   /* [dimension]; belongs to the result */
    double gap;                         /* by how much the second misses what it asks where the first holds */
    double away;
} az_contradiction;

/* How far a result and another one of the same problem, found in another trial space and on another grid, agree. */
typedef struct az_cross {
    int compared;                       /* 0: with none */
    uint64_t hash;                      /* of the other result */
    az_space space, other_space;        /* of this result's trials and of the other's */
    az_coordinates coordinates, other_coordinates; /* the same, of elements in a half-plane; else automatic */
    double relative, other_relative;    /* re-evaluated relative residuals of both */
    int n_unknowns, n_names, n_derived;
    double *unknown;                    /* [n_unknowns] |this - other| */
    double *other_value;                /* [n_unknowns] of the other */
    int contradicts;                    /* 1: an unknown differs by more than the errors of both allow, three times over: two solutions, or one of them is none */
    double *name;                       /* [n_names] of each field and let: largest |this - other| over the domain / largest |this| */
    double *derived;                    /* [n_derived] |this - other|; NaN where one has no value */
} az_cross;

/* What a re-evaluation found of a statement that no residual sees: `decay`, `analytic at`. */
typedef struct az_finding {
    const char *statement;              /* "decay h", "analytic at z = 1 within 0.5"; belongs to the result */
    int holds;                          /* 1: it does; 0: not determined; -1: contradicted, or an analytic point that was not confirmed */
    double value;                       /* the exponent found; the factor by which coefficients fall, each; NaN if not determined */
    const char *text;                   /* in words; belongs to the result */
} az_finding;

/* The file appears by rename, in place of whatever is there. AZ_EIO, AZ_ENOMEM. */
az_status az_result_save(const az_result *r, const char *path, az_error *err);
/* The same, but only where there is no file, or over the one that r was loaded from or last put into
 * by this function: AZ_ECHANGED if another program has written it since. */
az_status az_result_replace(az_result *r, const char *path, az_error *err);
/* AZ_EIO; AZ_EFORMAT for what is no result, is damaged, or has a format that this version does not
 * know; AZ_ECHANGED where another program has changed its content (to open it for writing and close
 * it changes nothing); AZ_ENOMEM. */
az_status az_result_load(az_result **out, const char *path, az_error *err);
/* The same, and a result that another program has changed (*changed 1, else 0), as far as it still
 * is one: without evidence and errors, which az_verify makes anew. */
az_status az_result_load_changed(az_result **out, const char *path, int *changed, az_error *err);
void az_result_destroy(az_result *r);

const az_problem *az_result_problem(const az_result *r);
const az_solve_options *az_result_options(const az_result *r);  /* as resolved: no automatic values left */
uint64_t az_result_hash(const az_result *r);                    /* of the problem text, settings and options that determine the numbers */
az_stop az_result_stop(const az_result *r);
/* AZ_OK: the last checkpoint of its run is in its file, or none was asked for; else why it is not */
az_status az_result_checkpoint(const az_result *r);
int az_result_iterations(const az_result *r);
double az_result_seconds(const az_result *r);
int az_result_numbers(const az_result *r);                      /* solved for: weights of all stages and unknowns */
/* Value of unknown i. *error: what the evidence supports, a sensitivity times a residual: sum over all rows, on points that the
 * solver never saw, of |w| (|residual| + rounding of the row's terms), w the dual weights of the unknown (lib/verify/sensitivity.c). Infinite where the
 * equations do not determine the unknown, or nothing was solved; NaN before a re-evaluation. */
double az_result_unknown(const az_result *r, int i, double *error);
int az_result_determined(const az_result *r, int i);            /* 0: the equations do not determine unknown i: its digits mean nothing */
int az_result_open(const az_result *r);                         /* how many numbers and directions of the fields nothing determines; 0 also before a re-evaluation */
int az_result_at_rounding(const az_result *r);                  /* 1: of elements or a series, whose residuals are the rounding of the rows' terms: nothing below can be reached */
const char *az_result_open_note(const az_result *r);            /* about them, in words, lines ended by newlines; "" for none */
double az_result_field_error(const az_result *r, const char *name); /* the same error of a let or trial, the largest at seven points of the domain; NaN if unknown */
double az_result_estimate_seconds(const az_result *r);          /* that these errors took; NaN where they were not estimated */
/* -1 or 1 if the unknown went on towards its hard lower or upper bound with every last step, or lies outside one that a penalty holds; else 0.
 * *bound, unless NULL: which. */
int az_result_bound(const az_result *r, int i, double *bound);
double az_result_outside(const az_result *r, int i);            /* how far the unknown lies outside of bounds that a penalty holds; 0 inside, and with hard ones */
az_evidence az_result_evidence(const az_result *r);
int az_result_n_rows(const az_result *r);                        /* equations and conditions, in the order of the text */
az_row_evidence az_result_row(const az_result *r, int i);         /* outside the range: "", line 0, NaN, at NULL */
int az_result_n_contradictions(const az_result *r);
az_contradiction az_result_contradiction(const az_result *r, int i);
/* The last words of a run that stopped by AZ_STOP_STALLED above its tolerance, for a person: what was tried, what is left of the time, which rows hold the
 * residual and where (after az_verify), what would help. 1 and the i-th of them, from 0, with *label a constant; 0 where there is none. text[n] is cut. */
#define AZ_ADVICE_LENGTH 400
int az_result_advice(const az_result *r, int i, const char **label, char *text, size_t n);
int az_result_n_findings(const az_result *r);                    /* 0 before az_verify */
az_finding az_result_finding(const az_result *r, int i);
int az_result_accepted(const az_result *r);                      /* 0: a finding contradicts a statement, whatever the residual */
const az_cross *az_result_cross(const az_result *r);            /* owned by r; NULL where no other result has been compared with it */
az_space az_result_space(const az_result *r);                   /* of its trials */
az_coordinates az_result_coordinates(const az_result *r);       /* of its elements in a half-plane, else automatic */
/* The command that made the result, as typed, "" if unknown: kept in its file and shown in its report; determines nothing. AZ_ENOMEM. */
const char *az_result_command(const az_result *r);
az_status az_result_set_command(az_result *r, const char *command);
/* Digits of an unknown that its error supports: "0.6057337012032(4)"; without error (NaN) 2 digits and "(?)"; "not determined" where it is infinite. buffer >= AZ_UNKNOWN_LENGTH. */
#define AZ_UNKNOWN_LENGTH 48
void az_format_unknown(char *buffer, double value, double error);

/* Re-evaluates the residual by the independent path (uniform grid, trapezoidal operators, scalar arithmetic) and stores the evidence in r:
 * residuals, and what it finds of the statements `decay` and `analytic at`. */
az_status az_verify(az_result *r, int threads, az_error *err);
/* The same in about so many seconds: on a coarser grid, with fewer points, where there is no time for all; at least a few hundred. */
az_status az_verify_within(az_result *r, int threads, double seconds, az_error *err);

/* Compares r with another result of the same problem (text and parameters): of another trial space, of another mesh, or from other random weights. Both
 * are re-evaluated first where they have not been; r then holds the comparison, and the error of an unknown is the larger of the difference and of its own.
 * The tier is AZ_TIER_CROSS_SOLVED where they agree, by the errors of both; where they contradict each other, az_cross.contradicts is set. AZ_EOPTION for
 * another problem, or for the same result twice. */
az_status az_cross_check(az_result *r, az_result *other, int threads, az_error *err);

/* Solves the problem of `from` again in the space of elements (from elements: on another mesh; in a half-plane, in the other coordinates), and cross-checks
 * the two: *out is the new result, with one stage of elements, re-evaluated and compared with `from` (which is re-evaluated first if it has not been, and
 * not changed otherwise). With one coordinate it starts beside the trials and unknowns of `from`, all of them off by 1e-3 of themselves, so that it can end
 * elsewhere; in a half-plane it starts from them. Where it ends elsewhere, by the errors of both, it has stopped with AZ_STOP_LOST, and the comparison says
 * so. In a half-plane its first
 * mesh is no coarser than that of elements in `from`.
 * o: tolerance, limits, threads, points and checkpoint; NaN or 0: as in a solve with elements, the tolerance as that of elements in `from`. AZ_EOPTION for a problem
 * that elements cannot take; else as az_solve. */
az_status az_polish(az_result **out, az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err);

/* Value or mixed derivative of a field, let or trial at points. out[n]; points[n*dim], point-major; order[dim] of derivatives, 0 to
 * AZ_MAX_DERIVATIVE (NULL: 0). A value is NaN where it has none in double precision, parts of it that overflow far out included. AZ_ENAME for an
 * unknown name, AZ_EDOMAIN for a point outside the domain and for another order, AZ_ENOMEM. */
az_status az_eval(const az_result *r, double *out, const char *name, const double *points, int n, const int *order, az_error *err);
/* Errors of what az_eval gives, error[n], by the dual weights of each value: infinite where it is not determined. AZ_EDOMAIN where the rows cannot be
 * linearised: elements in a half-plane; AZ_ENOMEM, and as az_eval. Costs a Jacobian of the problem and its QR, then two triangular solves per point. */
az_status az_eval_error(const az_result *r, double *error, const char *name, const double *points, int n, const int *order, int threads, az_error *err);
/* The i-th derived number. *error: as of an unknown, by its own dual weights, and at least the difference from a result this one has been compared with.
 * Where the rows could not be linearised (elements in a half-plane) it is what the errors of the unknowns in it support, and of a number that takes values
 * of trials the difference from the other result, or the relative residuals' share of the number if that is larger; NaN without a comparison. AZ_ENAME for an i outside the range, AZ_ENOMEM. */
az_status az_result_derived(const az_result *r, int i, double *value, double *error, az_error *err);
int az_problem_dim(const az_problem *p);
const char *az_problem_coordinate(const az_problem *p, int i);
int az_problem_n_names(const az_problem *p);               /* fields and lets, in order of definition */
const char *az_problem_get_name(const az_problem *p, int i);

/* A default set of points spread over the domain for tables and pictures: *points is n*dim, freed by az_free. */
az_status az_sample_points(const az_problem *p, double **points, int *n, int wanted, az_error *err);

/* Writes a table of fields, lets and trials at points: format "csv" (a header line, 17 significant digits), "npy" (one float64 array
 * [n][dim + n_columns], C order) or "hdf5" (the same array as dataset "table", the columns named by attributes). The first dim columns are the
 * coordinates. points[n*dim], point-major. columns NULL = all of az_problem_get_name. The file appears by
 * rename. AZ_EOPTION for another format, AZ_ENAME for an unknown column, AZ_EDOMAIN for a point outside the domain, AZ_EIO, AZ_ENOMEM. */
az_status az_export(const az_result *r, const char *path, const char *format, const char *const *columns, int n_columns,
                    const double *points, int n, az_error *err);

/* A grid that suits the domain, for az_export_vtk: in a half-plane lines of y1 + i y2 = scale sinh(a + i b), else a product of axes, even in an interval and in
 * asinh(x/scale) where there is no end. About `wanted` points, out to `radius` in coordinates without end (0: ten times their scale). *points is freed by az_free;
 * shape[dim]: points in each direction, the first fastest. AZ_EOPTION, AZ_ELIMIT, AZ_ENOMEM. */
az_status az_sample_grid(const az_problem *p, double **points, int *shape, int wanted, double radius, az_error *err);
/* Writes a structured grid for ParaView (VTK's XML format, .vts; numbers as float64): fields, lets, trials and flows at its points, the last as vectors, and
 * the parameters and unknowns. points and shape as above, of any grid. columns NULL = all of az_problem_get_name and all flows. The file appears by rename. AZ_EDOMAIN above three
 * coordinates and for a point outside the domain, AZ_ENAME, AZ_EOPTION, AZ_ELIMIT, AZ_EIO, AZ_ENOMEM. */
az_status az_export_vtk(const az_result *r, const char *path, const char *const *columns, int n_columns, const double *points, const int *shape, az_error *err);

/* ---- Branches ------------------------------------------------------------------------------------------------------------- */

/* Solutions followed in one number, around folds too: in a parameter, or in the first unknown, the problem's defects being free. Points are pseudo-arclength
 * steps in the scalars: 1 is the range asked for, and for another number its size, at least 1. Each point starts from the one before, is accepted where its
 * residual between the nodes is below 1e-6 and the branch did not turn by more than 20 degrees, else tried again with half the step. In a
 * parameter each is solved to the tolerance and re-evaluated; between the profiles of an unknown, where solutions are not smooth at the origin, each is solved to 1e-6,
 * and the profiles are solved to the tolerance and re-evaluated. Elements in a half-plane follow a parameter only, at given values of it: a fold ends their branch. */
typedef struct az_branch az_branch;

typedef struct az_branch_options {
    az_solve_options solve;             /* of each point; mode, checkpoint and max_seconds are ignored */
    const char *over;                   /* a parameter, or the first unknown of a problem with a defect */
    double from, to;                    /* of `over`. from NaN: the parameter's value; an unknown begins at the value found with it free */
    double step;                        /* most of `over` in a step; 0 = automatic, a tenth of the range */
    int max_points;                     /* 0 = 2000 */
    const double *at;                   /* [n_at] further values of `over` at which there is to be a point; not copied */
    int n_at;
} az_branch_options;
void az_branch_options_init(az_branch_options *o);

typedef enum az_branch_end {
    AZ_BRANCH_RUNNING,
    AZ_BRANCH_ARRIVED,                  /* at `to` */
    AZ_BRANCH_STEP,                     /* no step, however small, led to a further point: az_branch_why */
    AZ_BRANCH_POINTS,                   /* max_points */
    AZ_BRANCH_BACK,                     /* it turned and came back past the value where it began */
    AZ_BRANCH_CANCELLED
} az_branch_end;
const char *az_branch_end_name(az_branch_end e);

/* Checks what is asked. AZ_ENAME for an `over` that is not there; AZ_EOPTION, for negative counts and values that are not finite
 * too; AZ_ENOMEM. */
az_status az_branch_create(az_branch **out, const az_problem *p, const az_branch_options *o, az_error *err);
void az_branch_destroy(az_branch *b);
/* The next point, the first from random weights, or from `start` (a result of the problem; NULL later, and where there is none). Does nothing after the end.
 * After an error the branch cannot go on: its points so far can be had, and every further call returns that error. */
az_status az_branch_next(az_branch *b, az_result *start, az_progress_fn fn, void *data, az_error *err);
/* Goes on after the points of a table that az_branch_write_table wrote, the last of which is the result `last`: the next points are those of a
 * branch that was not interrupted, to within the residual. AZ_EFORMAT where the two do not belong together, AZ_EIO, AZ_ENOMEM. */
az_status az_branch_resume(az_branch *b, const char *table, az_result *last, az_error *err);

az_branch_end az_branch_state(const az_branch *b);
const char *az_branch_why(const az_branch *b);          /* of AZ_BRANCH_STEP */
const az_result *az_branch_result(const az_branch *b);  /* the last point, a result of the problem with its parameter set; owned by b, until the next call */
const az_result *az_branch_profile(const az_branch *b); /* where a defect took its smooth value on the way to the last point: the profile there; else NULL */
/* The table: one row per point, from left to right: over, the other numbers that move, their errors (NaN where not known), arclength, step (the next to be tried), trained_rms, check
 * (largest relative residual between the nodes), reevaluated_max, reevaluated_relative, iterations, seconds, turned (1 at the first point after a fold), profile (1: not a step but a profile, solved with the
 * unknown free, between the points beside it). */
int az_branch_n_columns(const az_branch *b);
const char *az_branch_column(const az_branch *b, int i);
int az_branch_n_rows(const az_branch *b);
const double *az_branch_row(const az_branch *b, int i);
int az_branch_n_moving(const az_branch *b);             /* the first columns: over and the other numbers */
az_status az_branch_write_table(const az_branch *b, const char *path, az_error *err);   /* CSV, by rename */
az_status az_branch_report(const az_branch *b, const char *path, const char *command, az_error *err); /* HTML with the pictures */
/* ---- Scanning ------------------------------------------------------------------------------------------------------------- */

/* The funnel: an unknown is held at each value of a grid while all else is solved for, several times over from other random weights. What is left of the
 * equations dips at admissible values; what the origin says there, the defect, changes its sign at them, and between two such values the unknown
 * is released and solved for to the end. */
typedef struct az_scan az_scan;

/* Fill with az_scan_options_init, then change. */
typedef struct az_scan_options {
    az_solve_options solve;             /* of every solve: seed is the first one, tolerance that of the refinement; mode 0; checkpoint is not used */
    const char *over;                   /* an unknown of the problem; NULL = the first */
    double lo, hi;                      /* ends of the grid, lo < hi, inside the bounds of the unknown */
    int values;                         /* on the grid, with both ends: 2 to AZ_MAX_SCAN_VALUES; 0 = automatic */
    int seeds;                          /* 1 to AZ_MAX_SCAN_SEEDS; 0 = automatic. Elements start from 0, not from random weights: 1 */
    int refine;                         /* 0: brackets are left as they are; default 1 */
    const char *table;                  /* path of a CSV table that is written after every value, NULL = none */
    int resume;                         /* what the table holds already is taken from it: it must be of the same problem, grid, seeds and options */
} az_scan_options;
void az_scan_options_init(az_scan_options *o);

/* One held value and seed. */
typedef struct az_scan_row {
    double value;
    uint64_t seed;
    double residual;                    /* largest relative residual between the points, select rows imposed and defects at their smooth values */
    double defect;                      /* solved-for defect minus the smooth value; without a declared one what the first select row says when left
                                         * out (left - right); NaN if the problem has neither */
    double trained;                     /* rms of the trained rows that the defect was solved with; without one, of those of `residual` */
    int iterations;
    int ok;                             /* 0: something is not finite, or `trained` is too large for the defect to mean anything */
} az_scan_row;

typedef enum az_scan_state { AZ_SCAN_BRACKET, AZ_SCAN_PROFILE, AZ_SCAN_NOTHING, AZ_N_SCAN_STATE } az_scan_state;
const char *az_scan_state_name(az_scan_state s); /* "bracket": not refined; "profile"; "nothing": refined, and no solution was there */

/* Where the defect of one seed changes its sign, both values being ok; for a problem without, where the residual is lower than at both neighbours. */
typedef struct az_scan_bracket {
    double low, high;
    uint64_t seed;
    az_scan_state state;
    double value, error;                /* interpolated, NaN; once refined, as az_result_unknown */
    double residual;                    /* re-evaluated relative residual (az_evidence), NaN before */
    int iterations;
    int group;                          /* from 0, by value: brackets of one group lead to the same profile, or to nothing from the same place */
    int profile;                        /* from 1, in the order of the way, seed by seed; 0 unless the state is that */
} az_scan_bracket;

/* Progress: exactly one of row, bracket, run and trouble is not NULL. */
typedef struct az_scan_progress {
    int done, total;                    /* solves; total grows when brackets are refined */
    double value;                       /* of the solve under way or just finished */
    uint64_t seed;
    const az_scan_row *row;             /* finished just now */
    const az_scan_bracket *bracket;     /* the same */
    az_result *result;                  /* of a bracket that is a profile, else NULL: re-evaluated, to be saved; valid during the call */
    const az_progress *run;             /* an iteration of the solve under way */
    const char *trouble;                /* why the table could not be written; it is tried again */
} az_scan_progress;
/* Returns nonzero to stop: finished rows are kept. Called from the thread of az_scan. */
typedef int (*az_scan_fn)(void *data, const az_scan_progress *p);

/* Each seed goes from the value nearest to the start of the unknown up and then down, every solve beginning where its neighbour ended. On AZ_OK *out
 * holds what was found, also after the callback stopped it. Beside the table a file TABLE.state keeps where the way stands, until the scan is complete: a
 * resumed scan ends with the bits of an uninterrupted one; without that file it goes the way of its unfinished seed again. AZ_EOPTION, AZ_ENAME (no
 * such unknown), AZ_EIO, AZ_EFORMAT (the table to resume from), AZ_ENOMEM. */
az_status az_scan_run(az_scan **out, const az_problem *p, const az_scan_options *o, az_scan_fn fn, void *data, az_error *err);
void az_scan_destroy(az_scan *s);

int az_scan_complete(const az_scan *s);                         /* 0: the callback stopped it */
const az_scan_options *az_scan_get_options(const az_scan *s);   /* as resolved; over is a name of the problem, table NULL */
const az_problem *az_scan_problem(const az_scan *s);
uint64_t az_scan_hash(const az_scan *s);                        /* of everything that determines the rows */
double az_scan_seconds(const az_scan *s);
const az_scan_row *az_scan_rows(const az_scan *s, int *n);      /* in order of value, then of seed */
const az_scan_bracket *az_scan_brackets(const az_scan *s, int *n); /* in order of group, then of seed */
/* What is at path: 0 nothing, 1 a table of a scan, -1 something else. */
int az_scan_is_table(const char *path);
/* One self-contained HTML page: residual and defect against the value, the brackets, the table. AZ_EIO, AZ_ENOMEM. */
az_status az_scan_report(const az_scan *s, const char *path, const char *command, az_error *err);

/* ---- Any precision -------------------------------------------------------------------------------------------------------- */

/* A result solved again in a space that knows its Hilbert transform: X = Im F with F(y) = sum c s^beta z^k, s = 1/(1 + i y/m), z = 2 s - 1, real c, and the
 * exponents beta = 2 and multiples of the decay exponent. For problems of one coordinate on the line in which hilbert is taken of one odd
 * expression X only, which has a name and a `decay`, and trials occur inside X only. Where the problem has no pin, X'(0) keeps the rounded value it
 * has in the result. Numbers of the problem are taken as the decimals they were written as. */
typedef struct az_hardy az_hardy;

typedef struct az_hardy_options {
    int digits;                         /* asked of the unknowns; 5 to 200, default 20 */
    int max_coefficients;               /* default 400 */
    double max_seconds;                 /* > 0 or 0 = none */
    int threads;                        /* 0 = all; results do not depend on it */
} az_hardy_options;
void az_hardy_options_init(az_hardy_options *o);

/* More and more coefficients from a result, until two numbers of them and two sets of nodes agree on the digits asked. One line of progress per
 * iteration; the stage counts the sizes. On AZ_OK *out holds the best, whatever the reason for stopping (az_hardy_stop). AZ_EDOMAIN where the problem is
 * not of this kind, with what stands in the way; AZ_ECANCELLED, AZ_ENOMEM, AZ_EOPTION. FLINT ends the program if its own memory runs out.
 * Cost n^3 for n coefficients; 30 digits of a smooth profile take seconds. Singularities of the profile close to the line take more coefficients, in inverse
 * proportion to their distance: 266 leave a residual of 1e-15 of the first unstable one of ccf, after half a minute of processor time. Nothing here is a proof. */
az_status az_hardy_solve(az_hardy **out, const az_result *start, const az_hardy_options *o, az_progress_fn fn, void *data, az_error *err);
void az_hardy_destroy(az_hardy *h);

az_stop az_hardy_stop(const az_hardy *h);               /* TOLERANCE: the digits asked; ITERATIONS: the limit of coefficients; STALLED, TIME, CANCELLED */
const char *az_hardy_unknown(const az_hardy *h, int i); /* the digits that agree, "1.18077766(3)" */
const char *az_hardy_value(const az_hardy *h, int i);   /* every digit, to evaluate the profile with */
double az_hardy_error(const az_hardy *h, int i);        /* how far two sizes and two node sets differ, or the residual
                                                         * if that is more; infinite after one size only */
double az_hardy_residual(const az_hardy *h);            /* largest |(left - right)/scale| between the nodes, at the working precision */
int az_hardy_points(const az_hardy *h);                 /* in that grid */
int az_hardy_bits(const az_hardy *h);                   /* working precision */
double az_hardy_seconds(const az_hardy *h);
const char *az_hardy_name(const az_hardy *h);           /* of X */
const char *az_hardy_rounded(const az_hardy *h);        /* a number of the problem that has more than 15 digits and limits the answer, or NULL */
const char *az_hardy_decay(const az_hardy *h);          /* the decay exponent, decimal */
const char *az_hardy_scale(const az_hardy *h);          /* m, decimal */
int az_hardy_coefficients(const az_hardy *h);
/* Coefficient i, decimal, of s^beta z^k with beta = *sector times the decay exponent, or 2 for *sector 0. NULL outside the range. */
const char *az_hardy_coefficient(const az_hardy *h, int i, int *sector, int *k);

/* A self-contained HTML report. */
az_status az_report(const az_result *r, const char *path, const char *command, az_error *err);
/* The same with pictures of these fields, lets and trials, in this order, instead of the program's choice. AZ_ENAME, AZ_EIO, AZ_ENOMEM. */
az_status az_report_names(const az_result *r, const char *path, const char *const *name, int n_names, const char *command, az_error *err);

#ifdef __cplusplus
}
#endif
#endif
