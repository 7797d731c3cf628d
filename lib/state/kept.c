/* kept.c: the best state of a run, beside the one it works on. */
#include "state/state.h"

#include <string.h>

static az_status copy_network(az_network *to, const az_network *from)
{
    const size_t weights = (size_t)from->n_weights, edges = (size_t)from->mesh.n_edges;

    *to = *from;
    to->weight = az_doubles(weights);
    to->mesh.edge = from->mesh.edge ? az_doubles(edges) : NULL;
    if (!to->weight || (from->mesh.edge && !to->mesh.edge)) {
        az_network_clear(to);
        return AZ_ENOMEM;
    }
    memcpy(to->weight, from->weight, sizeof *to->weight * weights);
    if (to->mesh.edge) memcpy(to->mesh.edge, from->mesh.edge, sizeof *to->mesh.edge * edges);
    return AZ_OK;
}

static void clear(az_kept *k, int n_trials)
{
    for (int t = 0; k->trial && t < n_trials; t++)
        for (int s = 0; s < k->trial[t].n_stages; s++) az_network_clear(&k->trial[t].stage[s]);
    az_free(k->trial);
    az_doubles_free(k->scalar);
    *k = (az_kept){.trial = NULL};
}

az_status az_kept_take(az_result *r)
{
    const az_problem *p = r->problem;
    const size_t scalars = (size_t)p->n_scalars + 2 * AZ_MAX_INPUT_LAYERS;
    az_kept k = {.stage = r->stage, .iteration = r->iterations, .rms = r->rms, .check = r->check};

    k.trial = az_calloc((size_t)p->n_trials, sizeof *k.trial);
    k.scalar = az_doubles(scalars);
    az_status st = k.trial && k.scalar ? AZ_OK : AZ_ENOMEM;
    if (!st) memcpy(k.scalar, r->scalar, sizeof *k.scalar * (size_t)p->n_scalars);
    for (int t = 0; t < p->n_trials && !st; t++)
        for (int s = 0; s < r->trial[t].n_stages && !st; s++) {
            st = copy_network(&k.trial[t].stage[s], &r->trial[t].stage[s]);
            if (!st) k.trial[t].n_stages++;
        }
    az_kept old = st ? k : r->kept;
    if (!st) r->kept = k;
    clear(&old, p->n_trials);
    return st;
}

void az_kept_swap(az_result *r)
{
    const az_kept k = r->kept;

    r->kept.trial = r->trial, r->trial = k.trial;
    r->kept.scalar = r->scalar, r->scalar = k.scalar;
    r->kept.rms = r->rms, r->rms = k.rms;
    r->kept.check = r->check, r->check = k.check;
    r->kept.stage = r->stage, r->stage = k.stage;
    r->kept.aside = !k.aside;
}

void az_kept_clear(az_result *r) { clear(&r->kept, r->problem->n_trials); }
