/* evidence.h: what residual and agreement together say of the unknowns: private to lib/verify. */
#ifndef AZ_VERIFY_EVIDENCE_H
#define AZ_VERIFY_EVIDENCE_H

#include "state/state.h"

/* Sets the tier and the errors of the unknowns of r from its re-evaluated residual and, if there is one, its comparison with another result. Two
 * results agree if they differ by no more than AZ_AGREE times the larger residual (or rounding); if they do not the tier stays re-evaluated, and
 * the errors are the differences all the same. */
#define AZ_AGREE 1e3 /* digits of fields and unknowns that a residual may hide: measured on the built-in problems, at most 2 */
#define AZ_AGREE_RESIDUAL 1e-2 /* relative; two results that solve nothing agree on nothing */
void az_evidence_weigh(az_result *r);

#endif
