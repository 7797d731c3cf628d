/* vtk.h: a structured grid with fields, for ParaView and other readers of VTK's XML files (.vts). */
#ifndef AZ_VTK_H
#define AZ_VTK_H

#include "base/base.h"

typedef struct az_vtk_array {
    const char *name;
    int n_components;               /* 1 or 3 */
    const double *value;            /* [points][n_components] */
} az_vtk_array;

typedef struct az_vtk {
    int shape[3];                   /* points along each direction of the grid, the first fastest; 1 where it has fewer */
    const double *point;            /* [points][3] */
    const az_vtk_array *array;      /* [n_arrays] at the points */
    int n_arrays;
    const char *const *number_name; /* [n_numbers] of the whole */
    const double *number;
    int n_numbers;
} az_vtk;

/* All numbers as float64, in base64. Writes as az_io_write_file does. AZ_ELIMIT, AZ_EIO, AZ_ENOMEM. */
az_status az_vtk_write(const az_vtk *v, const char *path, az_error *err);

#endif
