/* stated.h: statements that no residual sees, `decay` and `analytic at`, held against the solution.
 */
#ifndef AZ_VERIFY_STATED_H
#define AZ_VERIFY_STATED_H

#include "state/state.h"

/* Findings about all of them in r, replacing earlier ones, by the independent evaluator, after the
 * residual has been stored. AZ_ENOMEM. */
az_status az_stated_judge(az_result *r, int threads);

/* An index for c[0..n-1], the moduli of the coefficients of a series, n > 0: whether they fall
 * geometrically down to `floor` or to the last: -1 no, 0 too few to tell, 1 yes. *value: the factor
 * each, or the power of 1/k with which they fall instead. *reached: how small they become, of the
 * largest. */
int az_stated_geometric(const double *c, int n, double floor, double *value, double *reached);
/* The power with which f falls from y[i] = 2^i units on, as far as |f| is above `floor` times its
 * largest value: 1 a power was found, 0 not. *spread: how uncertain it is. */
int az_stated_power(const double *f, int n, double floor, double *power, double *spread);

#endif
