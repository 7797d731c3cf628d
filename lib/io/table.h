/* table.h: named columns of doubles written for other programs. */
#ifndef AZ_TABLE_H
#define AZ_TABLE_H

#include "base/base.h"

typedef struct az_table {
    int n_columns;
    size_t n_rows;
    const char *const *name;        /* [n_columns] */
    const double *const *column;    /* [n_columns][n_rows] */
} az_table;

/* Each writes as az_io_write_file does. AZ_EOPTION without columns or with an empty name; AZ_EIO, AZ_ENOMEM. */
az_status az_table_write_csv(const az_table *t, const char *path, az_error *err);   /* %.17g, names in the first line, quoted where RFC 4180 asks */
az_status az_table_write_npy(const az_table *t, const char *path, az_error *err);   /* float64 [n_rows][n_columns], format 1.0; names are lost */
az_status az_table_write_hdf5(const az_table *t, const char *path, az_error *err);  /* /table [n_rows][n_columns], with attributes column1, column2, ... */

#endif
