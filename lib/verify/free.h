/* free.h: what no row sees: private to lib/verify. */
#ifndef AZ_VERIFY_FREE_H
#define AZ_VERIFY_FREE_H

#include "verify/tangent.h"

/* After the factorisation: directions of the fields that conditions leave free, and what combination of undetermined unknowns is determined, counted and put
 * into words in q. AZ_ENOMEM. */
az_status az_free_directions(az_support *q, const az_result *r, az_tangent *t, int threads);

#endif
