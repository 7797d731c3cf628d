/* trial.c: dispatch over the spaces of a stage. */
#include "trial/trial.h"

#include "trial/element.h"
#include "trial/mlp.h"
#include "trial/strip.h"

static bool is_strip(const az_network *net) { return net->space == AZ_SPACE_ELEMENT && net->mesh.modes; }
static bool is_element(const az_network *net) { return net->space == AZ_SPACE_ELEMENT; }

size_t az_trial_work(const az_network *net, const az_layout *l)
{
    if (is_strip(net)) return az_strip_work(net, l);
    return is_element(net) ? az_element_work(net, l) : az_mlp_work(net, l);
}

void az_trial_forward(const az_network *net, const az_layout *l, double *const out[], double *const *const in[], const double *const x[], double *work)
{
    if (is_strip(net)) az_strip_forward(net, l, out, x[0], x[1], work);
    else if (is_element(net)) az_element_forward(net, l, out, x[0], work);
    else az_mlp_forward(net, l, out, in, work);
}

void az_trial_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const *const inbar[],
                      double *const seed[], double *work)
{
    if (is_strip(net)) return;
    if (is_element(net)) az_element_reverse(net, l, column, ld, n_lanes, seed, work);
    else az_mlp_reverse(net, l, column, ld, n_lanes, inbar, seed, work);
}

int az_trial_trained(const az_network *net) { return net->n_weights - net->n_frozen; }
