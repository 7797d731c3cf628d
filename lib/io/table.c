/* table.c: CSV, NumPy and HDF5. */
#include "io/table.h"
#include "io/archive.h"
#include "io/io.h"

#include <limits.h>
#include <string.h>

static az_status check(const az_table *t, az_error *err)
{
    if (t->n_columns < 1) return az_fail(err, AZ_EOPTION, "a table needs at least one column");
    for (int c = 0; c < t->n_columns; c++)
        if (!t->name[c] || !*t->name[c]) return az_fail(err, AZ_EOPTION, "column %d of the table has no name", c + 1);
    return AZ_OK;
}

static void csv_name(az_text *out, const char *name)
{
    if (!strpbrk(name, ",\"\r\n")) {
        az_text_write(out, name, strlen(name));
        return;
    }
    az_text_write(out, "\"", 1);
    for (const char *s = name; *s; s++) az_text_write(out, *s == '"' ? "\"\"" : s, *s == '"' ? 2 : 1);
    az_text_write(out, "\"", 1);
}

static az_status write_text(az_text *out, const char *path, az_error *err)
{
    const az_status st = out->failed ? az_fail(err, AZ_ENOMEM, "no memory for the table '%s'", path)
                                     : az_io_write_file(path, out->s, out->n, err);

    az_text_clear(out);
    return st;
}

az_status az_table_write_csv(const az_table *t, const char *path, az_error *err)
{
    az_text out = {0};
    const az_status st = check(t, err);

    if (st) return st;
    for (int c = 0; c < t->n_columns; c++) {
        if (c) az_text_write(&out, ",", 1);
        csv_name(&out, t->name[c]);
    }
    az_text_write(&out, "\n", 1);
    for (size_t i = 0; i < t->n_rows && !out.failed; i++)
        for (int c = 0; c < t->n_columns; c++) az_text_add(&out, "%.17g%c", t->column[c][i], c + 1 < t->n_columns ? ',' : '\n');
    return write_text(&out, path, err);
}

/* Magic, version, header length, then a Python dictionary padded by spaces so that the data begin
 * at AZ_NPY_HEADER. */
static void npy_header(az_text *out, const az_table *t)
{
    char dictionary[AZ_NPY_HEADER];
    const bool little = (union { int i; char c; }){1}.c == 1;
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '%cf8', 'fortran_order': False, 'shape': (%zu, %d), }", little ? '<' : '>',
             t->n_rows, t->n_columns);
    /* more spaces than NumPy's, by which the file is known as ours */
    const int prefix = 10, length = AZ_NPY_HEADER - prefix;
    const unsigned char head[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(length % 256), (unsigned char)(length / 256)};

    az_text_write(out, (const char *)head, sizeof head);
    az_text_add(out, "%-*s\n", length - 1, dictionary);
}

az_status az_table_write_npy(const az_table *t, const char *path, az_error *err)
{
    az_text out = {0};
    const az_status st = check(t, err);

    if (st) return st;
    npy_header(&out, t);
    for (size_t i = 0; i < t->n_rows && !out.failed; i++)
        for (int c = 0; c < t->n_columns; c++) az_text_write(&out, (const char *)&t->column[c][i], sizeof(double));
    return write_text(&out, path, err);
}

static void hdf5_table(az_archive *a, const az_table *t, double *rows)
{
    char name[32];

    for (size_t i = 0; i < t->n_rows; i++)
        for (int c = 0; c < t->n_columns; c++) rows[i * (size_t)t->n_columns + (size_t)c] = t->column[c][i];
    az_archive_note(a, "about", "table of the program ansatz; names of the columns: column1, column2, ...");
    az_archive_note(a, "program_version", AZ_VERSION);
    for (int c = 0; c < t->n_columns; c++) {
        snprintf(name, sizeof name, "column%d", c + 1);
        az_archive_note(a, name, t->name[c]);
    }
    az_archive_doubles(a, "table", &rows, (int)t->n_rows, t->n_columns);
}

az_status az_table_write_hdf5(const az_table *t, const char *path, az_error *err)
{
    az_archive a;
    char *bytes = NULL;
    size_t n = 0, count;
    az_status st = check(t, err);

    if (st) return st;
    if (t->n_rows > INT_MAX || __builtin_mul_overflow(t->n_rows, (size_t)t->n_columns, &count)) return az_fail(err, AZ_ELIMIT, "the table is too long");
    double *rows = az_doubles(count);
    if (!rows) return az_fail(err, AZ_ENOMEM, "no memory for the table '%s'", path);
    az_archive_create(&a);
    hdf5_table(&a, t, rows);
    az_archive_image(&a, &bytes, &n, 0);
    az_archive_close(&a);
    az_doubles_free(rows);
    if (a.status) return az_fail(err, a.status, "cannot write '%s': %s", path, a.message);
    st = az_io_write_file(path, bytes, n, err);
    az_free(bytes);
    return st;
}
