/* stream.h: lines of a vector field given on a grid, spread evenly. */
#ifndef AZ_REPORT_STREAM_H
#define AZ_REPORT_STREAM_H

#include "base/base.h"

/* Lines of the field (u, v)[n_y][n_x], in grid points per unit of time; what is not finite ends a line. across: how many lines there is about room for
 * beside each other along x. *x, *y: [*n] in grid points, from 0 to n_x - 1 and n_y - 1, along the field, NaN between two lines; freed by
 * az_doubles_free. AZ_ENOMEM. */
az_status az_stream_lines(double **x, double **y, int *n, const double *u, const double *v, int n_x, int n_y, int across);

#endif
