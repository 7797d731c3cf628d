/* branch.h: a branch while it is followed; shared by the files of lib/branch and by its report. */
#ifndef AZ_BRANCH_H
#define AZ_BRANCH_H

#include "solve/run.h"

/* Columns of the table behind the numbers that move and their errors. */
enum { AZ_BRANCH_ARCLENGTH, AZ_BRANCH_STEPSIZE, AZ_BRANCH_TRAINED, AZ_BRANCH_CHECK, AZ_BRANCH_MAX, AZ_BRANCH_RELATIVE, AZ_BRANCH_ITERATIONS, AZ_BRANCH_SECONDS, AZ_BRANCH_TURNED,
       AZ_BRANCH_PROFILE, AZ_BRANCH_N_FIXED };

struct az_branch {
    az_problem *p;              /* as given */
    az_branch_options o;
    char *over;
    bool freed;                 /* over is a parameter; else the first unknown */
    az_result *at, *last;       /* the last two points, of the problem that is solved: freed, or as given. last may be NULL */
    az_result *point;           /* the last one as users see it; may be `at` */
    az_result *profile;         /* found on the way to it, or NULL */
    int n;                      /* scalars of `at` behind its parameters */
    int slot;                   /* of `over` among them */
    double *now, *before;       /* [n] of the last two points */
    double *tangent, *scale;    /* [n] tangent in units of scale, of length 1 */
    double arclength, step, most;
    bool resumed;               /* `before` and `tangent` hold although `last` is NULL */
    az_branch_end end;
    az_status failed;           /* of the call that left the branch without a point to go on from */
    char why[160];

    int n_moving, moving[AZ_MAX_SCALARS];       /* of the n scalars: over first */
    int n_columns;
    char **column;              /* [n_columns] names */
    int n_rows, cap_rows;
    double *row;                /* [n_rows][n_columns] */
};

/* table.c */
az_status az_branch_name_columns(az_branch *b, az_error *err);  /* once `at` is known */
az_status az_branch_add_row(az_branch *b, const az_result *r, bool turned, bool profile, az_error *err);
az_status az_branch_read_table(az_branch *b, const char *path, az_error *err); /* the rows; into a branch without any */
/* Column i behind the numbers that move and their errors. */
static inline int az_branch_fixed(const az_branch *b, int i) { return 2 * b->n_moving - 1 + i; }

#endif
