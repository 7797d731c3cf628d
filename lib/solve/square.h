/* square.h: elements in two coordinates: as many rows as unknowns, solved by Newton's method with the LU of chain.h. Collocation points are Gauss points of
 * the elements along xi and Chebyshev points across, none of them on an axis or a wall. Rows of kind `select` are left out: these functions are smooth at
 * the origin, which is what such a row says; what it leaves is evidence. */
#ifndef AZ_SQUARE_H
#define AZ_SQUARE_H

#include "solve/run.h"

/* AZ_EOPTION where the problem cannot be solved so, with the reason. */
az_status az_square_check(const az_problem *p, az_error *err);
/* Elements of all trials, weights 0, and the points of the first equation. */
az_status az_square_begin(az_result *r);
/* For the state of an open run, whose program is there. */
az_status az_square_open(az_run *run);
void az_square_close(az_run *run);
/* One damped Newton step and the chord corrections that pay. */
az_step az_square_step(az_run *run);

#endif
