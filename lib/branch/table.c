/* table.c: the points of a branch as a table: in memory, written, and read again to go on. */
#include "branch/branch.h"

#include "io/io.h"
#include "io/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const fixed_name[AZ_BRANCH_N_FIXED] = {"arclength", "step", "trained_rms", "check", "reevaluated_max", "reevaluated_relative", "iterations", "seconds",
                                                          "turned", "profile"};

static const char *moving_name(const az_branch *b, int k)
{
    const az_problem *q = b->at->problem;
    return q->scalar[q->n_parameters + b->moving[k]].name;
}

az_status az_branch_name_columns(az_branch *b, az_error *err)
{
    int n = 2 * b->n_moving - 1 + AZ_BRANCH_N_FIXED;
    b->column = az_calloc((size_t)n, sizeof *b->column);
    if (!b->column) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (b->n_columns = 0; b->n_columns < n; b->n_columns++) {
        int k = b->n_columns, m = b->n_moving;
        char name[AZ_MAX_NAME + 16];
        if (k < m) snprintf(name, sizeof name, "%s", moving_name(b, k));
        else if (k < 2 * m - 1) snprintf(name, sizeof name, "%s_error", moving_name(b, k - m + 1));
        else snprintf(name, sizeof name, "%s", fixed_name[k - 2 * m + 1]);
        b->column[k] = az_strdup(name);
        if (!b->column[k]) return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    return AZ_OK;
}

static double *new_row(az_branch *b, az_error *err)
{
    if (b->n_rows == b->cap_rows) {
        int cap = b->cap_rows ? 2 * b->cap_rows : 64;
        double *row = az_doubles((size_t)cap * (size_t)b->n_columns);
        if (!row) return az_fail(err, AZ_ENOMEM, "out of memory"), NULL;
        if (b->n_rows) memcpy(row, b->row, sizeof *row * (size_t)b->n_rows * (size_t)b->n_columns);
        az_doubles_free(b->row);
        b->row = row, b->cap_rows = cap;
    }
    return b->row + (size_t)b->n_rows++ * (size_t)b->n_columns;
}

/* Of a scalar of the problem as given, by its name; NaN for a parameter, and for a defect that moves. */
static double error_of(const az_result *r, const char *name)
{
    const int i = az_problem_slot(r->problem, name) - r->problem->n_parameters;
    return i >= 0 && i < az_problem_n_unknowns(r->problem) ? r->unknown_error[i] : NAN;
}

static double value_of(const az_result *r, const char *name)
{
    const int slot = az_problem_slot(r->problem, name);
    return slot >= 0 ? r->scalar[slot] : NAN;
}

az_status az_branch_add_row(az_branch *b, const az_result *r, bool turned, bool profile, az_error *err)
{
    double *x = new_row(b, err);
    if (!x) return AZ_ENOMEM;
    for (int k = 0; k < b->n_moving; k++) x[k] = value_of(r, moving_name(b, k));
    for (int k = 1; k < b->n_moving; k++) x[b->n_moving + k - 1] = error_of(r, moving_name(b, k));
    double *f = x + az_branch_fixed(b, 0);
    f[AZ_BRANCH_ARCLENGTH] = b->arclength;
    f[AZ_BRANCH_STEPSIZE] = b->step;
    f[AZ_BRANCH_TRAINED] = r->evidence.trained_rms;
    f[AZ_BRANCH_CHECK] = r->check;
    f[AZ_BRANCH_MAX] = r->evidence.reevaluated_max;
    f[AZ_BRANCH_RELATIVE] = r->evidence.reevaluated_relative;
    f[AZ_BRANCH_ITERATIONS] = r->iterations;
    f[AZ_BRANCH_SECONDS] = r->seconds;
    f[AZ_BRANCH_TURNED] = turned;
    f[AZ_BRANCH_PROFILE] = profile;
    return AZ_OK;
}

int az_branch_n_columns(const az_branch *b) { return b->n_columns; }
int az_branch_n_moving(const az_branch *b) { return b->n_moving; }
int az_branch_n_rows(const az_branch *b) { return b->n_rows; }
const char *az_branch_column(const az_branch *b, int i) { return i >= 0 && i < b->n_columns ? b->column[i] : NULL; }
const double *az_branch_row(const az_branch *b, int i) { return i >= 0 && i < b->n_rows ? b->row + (size_t)i * (size_t)b->n_columns : NULL; }

az_status az_branch_write_table(const az_branch *b, const char *path, az_error *err)
{
    size_t n = (size_t)b->n_rows, m = (size_t)b->n_columns;
    double *columns = az_doubles(n * m);
    const double **column = az_calloc(m, sizeof *column);
    az_status st = columns && column ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    for (size_t k = 0; k < m && !st; k++) {
        column[k] = columns + k * n;
        for (size_t i = 0; i < n; i++) columns[k * n + i] = b->row[i * m + k];
    }
    if (!st) st = az_table_write_csv(&(az_table){b->n_columns, n, (const char *const *)b->column, column}, path, err);
    az_doubles_free(columns);
    az_free(column);
    return st;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

static az_status read_header(const az_branch *b, char **s, const char *path, az_error *err)
{
    for (int k = 0; k < b->n_columns; k++) {
        size_t n = strlen(b->column[k]);
        char end = k + 1 < b->n_columns ? ',' : '\n';
        if (strncmp(*s, b->column[k], n) || (*s)[n] != end)
            return az_fail(err, AZ_EFORMAT, "'%s' is not the table of this branch: expected the column '%s'", path, b->column[k]);
        *s += n + 1;
    }
    return AZ_OK;
}

static az_status read_rows(az_branch *b, char *s, const char *path, az_error *err)
{
    while (*s) {
        double *x = new_row(b, err);
        if (!x) return AZ_ENOMEM;
        for (int k = 0; k < b->n_columns; k++) {
            char *end;
            x[k] = strtod(s, &end);
            if (end == s || *end != (k + 1 < b->n_columns ? ',' : '\n'))
                return az_fail(err, AZ_EFORMAT, "'%s': row %d is damaged: expected a number for '%s'", path, b->n_rows, b->column[k]);
            s = end + 1;
        }
    }
    return AZ_OK;
}

az_status az_branch_read_table(az_branch *b, const char *path, az_error *err)
{
    char *bytes, *text;
    size_t n;
    az_status st = az_io_read_kind(&bytes, &n, NULL, path, AZ_FILE_BRANCH, err);
    if (st) return st;
    text = az_alloc_array(n + 1, 1);
    if (!text) st = az_fail(err, AZ_ENOMEM, "out of memory");
    if (!st) {
        memcpy(text, bytes, n);
        text[n] = 0;
        char *s = text;
        st = read_header(b, &s, path, err);
        if (!st) st = read_rows(b, s, path, err);
        if (!st && !b->n_rows) st = az_fail(err, AZ_EFORMAT, "'%s' holds no points", path);
    }
    az_free(bytes);
    az_free(text);
    return st;
}
