/* evidence.c: tier and errors. */
#include "verify/evidence.h"

#include <float.h>
#include <math.h>

/* Where the rows have not been linearised (sensitivity.h): an unknown converges with an error of 0.1 to 1 times the relative residual, as measured on
 * Burgers, gCLM and CCF profiles whose lambda is known. */
#define UNKNOWN_PER_RESIDUAL 1.0
#define DEFECT_MARGIN 2.0 /* the same of what the origin shows: 0.9 measured on CCF, where other points had no part in it */

/* Elements in a half-plane, and states beside a solution (an unknown held, a row more), are not linearised: the old rule has to do. */
static bool by_residual(const az_result *r) { return az_state_strip(r) || r->ladder.held || r->arc; }

/* The error of unknown i by this result alone; NaN where nothing is known of it. */
static double own_error(const az_result *r, int i)
{
    const double relative = r->evidence.reevaluated_relative, value = r->scalar[r->problem->n_parameters + i];
    const double slope = fabs(r->evidence.defect_slope), defect = isfinite(r->evidence.defect) ? r->evidence.defect : 0;
    const bool known = r->support.done && !isnan(r->support.unknown[i]);
    double error = fmax(known ? r->support.unknown[i] : UNKNOWN_PER_RESIDUAL * relative, AZ_VALUE_ULPS * DBL_EPSILON * fabs(value));
    if (i == 0 && isfinite(slope) && !known) error = fmax(error, fmax(UNKNOWN_PER_RESIDUAL * relative, DEFECT_MARGIN * defect) / slope);
    if (!known && !by_residual(r) && relative <= AZ_SOLVES_NOTHING) return NAN;
    return relative <= AZ_SOLVES_NOTHING ? error : INFINITY; /* what solves nothing has no number */
}

bool az_evidence_contradicts(const az_result *r, const az_result *other)
{
    const int first = r->problem->n_parameters;
    for (int i = 0; i < r->history.n_unknowns; i++) {
        const double errors = own_error(r, i) + own_error(other, i);
        if (isfinite(errors) && !(fabs(r->scalar[first + i] - other->scalar[first + i]) <= AZ_CONTRADICTION * errors)) return true;
    }
    return false;
}

static bool agrees(const az_result *r)
{
    const az_cross *c = &r->cross;
    const double noise = fmax(fmax(c->relative, c->other_relative), AZ_VALUE_ULPS * DBL_EPSILON), *value = r->scalar + r->problem->n_parameters;

    if (c->contradicts || !(c->relative <= AZ_AGREE_RESIDUAL) || !(c->other_relative <= AZ_AGREE_RESIDUAL)) return false;
    for (int i = 0; i < c->n_unknowns; i++) /* without errors of their own: as far as the residuals reach */
        if (!r->support.done && !(c->unknown[i] <= AZ_AGREE * noise * fmax(1, fabs(value[i])))) return false;
    for (int i = 0; i < c->n_unknowns; i++)
        if (isinf(own_error(r, i))) return false;
    for (int i = 0; i < c->n_names; i++)
        if (!(c->name[i] <= AZ_AGREE * noise)) return false;
    return true;
}

void az_evidence_weigh(az_result *r)
{
    const bool finite = isfinite(r->evidence.reevaluated_relative) && isfinite(r->evidence.reevaluated_max);

    if (finite) r->evidence.tier = r->cross.compared && agrees(r) ? AZ_TIER_CROSS_SOLVED : AZ_TIER_REEVALUATED;
    else if (r->evidence.tier > AZ_TIER_TRAINED) r->evidence.tier = AZ_TIER_TRAINED;
    for (int i = 0; i < r->history.n_unknowns; i++) {
        double error = own_error(r, i);
        if (r->cross.compared && !isnan(error)) error = fmax(error, r->cross.unknown[i]);
        if (r->twice.done && !isnan(error)) error = fmax(error, r->twice.moved[i]); /* of the second solve of analytic points */
        r->unknown_error[i] = finite ? error : NAN;
    }
}
