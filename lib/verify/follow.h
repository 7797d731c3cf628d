/* follow.h: points where the trials turn faster than a grid shows: private to lib/verify. */
#ifndef AZ_VERIFY_FOLLOW_H
#define AZ_VERIFY_FOLLOW_H

#include "verify/reference.h"

/* One coordinate. Halves the gaps of the ascending points x[n] (*x by az_doubles, replaced) until between neighbours no neuron's argument changes by more
 * than 2 and no element is crossed in fewer than 8 steps, or there are `most` points, or a gap has been halved 24 times: a layer of any trial, wherever it hides,
 * then has points in it. s is prepared, and has the inputs of all trials among its targets. AZ_ENOMEM. */
az_status az_sample_follow(double **x, int *n, const az_reference *s, const az_result *r, int most, int threads);

/* Several coordinates. Appends points on 8 lines along each of them, up to 2000 on one, where the gaps between 129 points are halved in the same way: none
 * where no neuron turns between these. reach as in az_sample_domain. A layer that meets none of the lines stays unseen. AZ_ENOMEM. */
az_status az_sample_lines(double **x, int *n, const az_reference *s, const az_result *r, double reach);

/* A half-plane: appends points in every element along xi up to reach, so that none hides between the others. AZ_ENOMEM. */
az_status az_sample_elements(double **x, int *n, const az_result *r, double reach);

#endif
