/* trial.h: one stage of a trial over jets, whatever its space: the only place where the kind of a stage is asked for. */
#ifndef AZ_TRIAL_H
#define AZ_TRIAL_H

#include "jet/jet.h"
#include "state/state.h"

/* Doubles of workspace of one forward and reverse sweep, 64-byte aligned by the caller. */
size_t az_trial_work(const az_network *net, const az_layout *l);
/* out = the stage, without net->scale. in: its inputs as in az_mlp_forward; x[c]: coordinate c at the lanes. Work keeps what the
 * reverse needs. */
void az_trial_forward(const az_network *net, const az_layout *l, double *const out[], double *const *const in[], const double *const x[], double *work);
/* Adjoint of the last forward with this work, as az_mlp_reverse. Elements in two coordinates have none: az_program_seeds. */
void az_trial_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const *const inbar[],
                      double *const seed[], double *work);
int az_trial_trained(const az_network *net); /* weights that are solved for: the last of them */

#endif
