/* spline.h: elements in the independent evaluator: private to lib/verify. */
#ifndef AZ_VERIFY_SPLINE_H
#define AZ_VERIFY_SPLINE_H

#include "state/state.h"
#include "verify/taylor.h"

/* out[0..order] += scale * elements with weights w at x, as Taylor coefficients in the only coordinate. By another evaluation of the basis than
 * the solver's: Newton's confluent differences for what the ends say, Clenshaw's sum for the bubbles. */
void az_spline_add(const az_taylor *t, int order, az_num *out, const az_network *net, const az_num *w, double x);

/* The same in a half-plane, at (y1, y2); t: two coordinates, line: one. */
void az_sheet_add(const az_taylor *t, const az_taylor *line, int order, az_num *out, const az_network *net, const az_num *w, double y1, double y2);

#endif
