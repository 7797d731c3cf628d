/* evidence.c: tier and errors. */
#include "verify/evidence.h"

#include <float.h>
#include <math.h>

/* Where the rows have not been linearised (sensitivity.h): an unknown converges with an error of 0.1 to 1 times the relative residual, as measured on
 * Burgers, gCLM and CCF profiles whose lambda is known. */
#define UNKNOWN_PER_RESIDUAL 1.0
#define DEFECT_MARGIN 2.0 /* the same of what the origin shows: 0.9 measured on CCF, where other points had no part in it */

static bool agrees(const az_cross *c, const double *value)
{
    const double noise = fmax(fmax(c->relative, c->other_relative), AZ_VALUE_ULPS * DBL_EPSILON);

    if (!(c->relative <= AZ_AGREE_RESIDUAL) || !(c->other_relative <= AZ_AGREE_RESIDUAL)) return false;
    for (int i = 0; i < c->n_unknowns; i++)
        if (!(c->unknown[i] <= AZ_AGREE * noise * fmax(1, fabs(value[i])))) return false;
    for (int i = 0; i < c->n_names; i++)
        if (!(c->name[i] <= AZ_AGREE * noise)) return false;
    return true;
}

void az_evidence_weigh(az_result *r)
{
    const double relative = r->evidence.reevaluated_relative, *value = r->scalar + r->problem->n_parameters;
    const double slope = fabs(r->evidence.defect_slope), defect = isfinite(r->evidence.defect) ? r->evidence.defect : 0;
    const bool finite = isfinite(relative) && isfinite(r->evidence.reevaluated_max);

    if (finite) r->evidence.tier = r->cross.compared && agrees(&r->cross, value) ? AZ_TIER_CROSS_SOLVED : AZ_TIER_REEVALUATED;
    else if (r->evidence.tier > AZ_TIER_TRAINED) r->evidence.tier = AZ_TIER_TRAINED;
    for (int i = 0; i < r->history.n_unknowns; i++) {
        const double least = AZ_VALUE_ULPS * DBL_EPSILON * fabs(value[i]);
        const bool known = r->support.done && !isnan(r->support.unknown[i]);
        double error = fmax(known ? r->support.unknown[i] : UNKNOWN_PER_RESIDUAL * relative, least);
        if (i == 0 && isfinite(slope) && !known) error = fmax(error, fmax(UNKNOWN_PER_RESIDUAL * relative, DEFECT_MARGIN * defect) / slope);
        if (r->cross.compared) error = fmax(error, r->cross.unknown[i]);
        if (!(relative <= AZ_AGREE_RESIDUAL)) error = INFINITY; /* what solves nothing has no number */
        r->unknown_error[i] = finite ? error : NAN;
    }
}
