/* sensitivity.h: errors of the numbers of a result as sensitivities times residuals: private to lib/verify. */
#ifndef AZ_VERIFY_SENSITIVITY_H
#define AZ_VERIFY_SENSITIVITY_H

#include "verify/reference.h"

/* Into q, which is empty, from the rows linearised at r (tangent.h), whose relative residual was re-evaluated. s: prepared, of all rows of r. Where they cannot
 * be linearised, q->done is 0 and the status is AZ_OK. AZ_ENOMEM; az_support_clear in any case. Cost: a Jacobian and a QR of about twice the rows of the
 * solver; of local problems of one coordinate far less. */
az_status az_sensitivity_measure(az_support *q, const az_result *r, double relative, const az_reference *s, int threads, az_error *err);

/* error[n] of the n values of one node at points x[n][dim], derivatives of this order (NULL: none): infinite where not determined. AZ_EDOMAIN where the
 * rows cannot be linearised. */
az_status az_sensitivity_of(const az_result *r, double *error, int node, const double *x, int n, const int *order, int threads, az_error *err);

#endif
