/* evidence.h: what residual and agreement together say of the unknowns: private to lib/verify. */
#ifndef AZ_VERIFY_EVIDENCE_H
#define AZ_VERIFY_EVIDENCE_H

#include "state/state.h"

/* Sets the tier and the errors of the unknowns of r from its re-evaluated residual and, if there is one, its comparison with another result. Two
 * results agree if they differ by no more than AZ_AGREE times the larger residual (or rounding); if they do not the tier stays re-evaluated, and
 * the errors are the differences all the same. */
#define AZ_AGREE 1e3 /* a difference is up to 100 times the residual: measured on the built-in problems and six small ones, the worst a function on the line that decays */
#define AZ_AGREE_RESIDUAL AZ_SOLVES_NOTHING /* relative; two results that solve nothing agree on nothing */
#define AZ_CONTRADICTION 3.0 /* times the errors of both: two values that differ by more are not of one solution */
bool az_evidence_contradicts(const az_result *r, const az_result *other);
void az_evidence_weigh(az_result *r);

#endif
