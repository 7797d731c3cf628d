/* archive.h: an HDF5 file in memory, and named objects moved between it and variables in the
 * direction of the archive, so that one description of a format serves writing and reading.
 *
 * The first failure sticks: later calls do nothing, and variables keep what they hold. Reading
 * demands the exact type and shape, and counts must be read before the arrays that they size, so
 * nothing larger than the file is ever allocated for it. What is moved is hashed, so that a file
 * knows its own content, however another program lays it out. */
#ifndef AZ_ARCHIVE_H
#define AZ_ARCHIVE_H

#include "base/base.h"
#include <hdf5.h>

#define AZ_ARCHIVE_DEPTH 6

typedef struct az_archive {
    bool writing;
    hid_t file, group[AZ_ARCHIVE_DEPTH]; /* group[depth] is the current one */
    int depth;
    int version; /* of the format that is read or written */
    uint64_t hash; /* of all names and values that were moved, in any order: the same both ways */
    uint64_t path[AZ_ARCHIVE_DEPTH]; /* of the names of the groups down to each */
    az_status status;
    char message[512];
    H5E_auto2_t report; /* HDF5's own error printing, off while the archive lives */
    void *report_data;
} az_archive;

void az_archive_create(az_archive *a);
void az_archive_open(az_archive *a, const void *image, size_t n); /* image may be freed afterwards */
/* The finished file; `extra` bytes more are allocated behind it. *bytes is freed by az_free. */
void az_archive_image(az_archive *a, char **bytes, size_t *n, size_t extra);
void az_archive_close(az_archive *a);
void az_archive_fail(az_archive *a, az_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* A group, made or opened; `about` is written beside it for human readers. Every enter has its leave, failed or not. */
void az_archive_enter(az_archive *a, const char *name, const char *about);
void az_archive_leave(az_archive *a);

/* Attributes of the current group. */
void az_archive_note(az_archive *a, const char *name, const char *text);        /* written, never read; long ones are cut */
void az_archive_int(az_archive *a, const char *name, int *v, int lo, int hi);   /* must lie in [lo, hi], both ways */
void az_archive_u64(az_archive *a, const char *name, uint64_t *v);
void az_archive_double(az_archive *a, const char *name, double *v);
/* An enumeration with values lo..hi, stored as its label. */
void az_archive_choice(az_archive *a, const char *name, int *v, int lo, int hi, const char *(*label)(int));
int az_archive_n_attributes(az_archive *a);
void az_archive_attribute_name(az_archive *a, int i, char **name);              /* reading; in order of name; freed by az_free */

/* Data sets. Reading replaces *v by a new array, made by az_strdup's, az_alloc_array's and az_doubles' allocators. An array without elements is not stored and
 * reads as it was. cols 0 means a vector, else rows*cols, row-major. */
void az_archive_text(az_archive *a, const char *name, char **v);
void az_archive_ints(az_archive *a, const char *name, int **v, int rows, int cols);
void az_archive_doubles(az_archive *a, const char *name, double **v, int rows, int cols);
void az_archive_fixed_ints(az_archive *a, const char *name, int *v, int n);     /* into the caller's v[n] */

#endif
