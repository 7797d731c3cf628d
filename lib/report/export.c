/* export.c: tables of fields at points. */
#include "io/table.h"
#include "state/state.h"

#include <string.h>

typedef az_status (*write_fn)(const az_table *t, const char *path, az_error *err);

static write_fn find_writer(const char *format)
{
    if (!strcmp(format, "csv")) return az_table_write_csv;
    if (!strcmp(format, "npy")) return az_table_write_npy;
    if (!strcmp(format, "hdf5")) return az_table_write_hdf5;
    return NULL;
}

/* Coordinates, then columns; NULL stands for all names of the problem. */
static void name_columns(const char **name, const az_problem *p, const char *const *columns, int n_columns)
{
    const int dim = az_problem_dim(p);

    for (int k = 0; k < dim; k++) name[k] = az_problem_coordinate(p, k);
    for (int i = 0; i < n_columns; i++) name[dim + i] = columns ? columns[i] : az_problem_get_name(p, i);
}

/* value[column][point]. */
static az_status fill(const az_result *r, double *value, const char *const *name, int n_names, const double *points, int n, az_error *err)
{
    const int order[AZ_MAX_DIM] = {0}, dim = az_problem_dim(az_result_problem(r));
    az_status st = AZ_OK;

    for (int k = 0; k < dim; k++)
        for (int i = 0; i < n; i++) value[(size_t)k * (size_t)n + (size_t)i] = points[(size_t)i * (size_t)dim + (size_t)k];
    for (int k = dim; k < n_names && !st; k++) st = az_eval(r, value + (size_t)k * (size_t)n, name[k], points, n, order, err);
    return st;
}

az_status az_export(const az_result *r, const char *path, const char *format, const char *const *columns, int n_columns,
                    const double *points, int n, az_error *err)
{
    const az_problem *p = az_result_problem(r);
    const int wanted = columns ? n_columns : az_problem_n_names(p), n_names = az_problem_dim(p) + wanted;
    const write_fn write = find_writer(format);
    az_status st = AZ_ENOMEM;
    size_t count;

    if (!write) return az_fail(err, AZ_EOPTION, "no table format is called '%s' (csv, npy, hdf5)", format);
    if (n < 0 || wanted < 0) return az_fail(err, AZ_EOPTION, "a table cannot have %d points and %d columns", n, wanted);
    if (__builtin_mul_overflow((size_t)n_names, (size_t)n, &count)) return az_fail(err, AZ_ELIMIT, "the table is too long");
    const char **name = az_calloc((size_t)n_names, sizeof *name);
    const double **column = az_calloc((size_t)n_names, sizeof *column);
    double *value = az_doubles(count);
    if (!name || !column || !value) {
        az_fail(err, AZ_ENOMEM, "no memory for the table '%s'", path);
        goto done;
    }
    name_columns(name, p, columns, wanted);
    for (int k = 0; k < n_names; k++) column[k] = value + (size_t)k * (size_t)n;
    st = fill(r, value, name, n_names, points, n, err);
    if (!st) st = write(&(az_table){n_names, (size_t)n, name, column}, path, err);
done:
    az_doubles_free(value);
    az_free(column);
    az_free(name);
    return st;
}
