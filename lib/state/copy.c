/* copy.c: parts of one state taken into another, of the same problem or of one read otherwise. */
#include "state/state.h"

#include <string.h>

static az_status copy_doubles(double **out, const double *x, int n)
{
    double *copy = az_doubles((size_t)n);
    if (!copy) return AZ_ENOMEM;
    memcpy(copy, x, sizeof *x * (size_t)n);
    az_doubles_free(*out);
    *out = copy;
    return AZ_OK;
}

az_status az_state_copy_stage(az_result *r, int t, const az_network *from)
{
    az_trial_state *to = &r->trial[t];
    az_status st = from->space == AZ_SPACE_ELEMENT ? az_state_add_elements(r, t, &from->mesh)
                                                   : az_state_add_stage(r, t, from->n_layers, from->width + 1, from->first, from->scale);
    if (st) return st;
    az_network *net = &to->stage[to->n_stages - 1];
    net->space = from->space;
    net->n_frozen = from->n_frozen;
    memcpy(net->weight, from->weight, sizeof *net->weight * (size_t)net->n_weights);
    return AZ_OK;
}

az_status az_state_copy_grid(az_result *r, const az_result *from)
{
    az_status st = from->n_edges ? copy_doubles(&r->edge, from->edge, from->n_edges) : AZ_OK;
    if (!st) r->n_edges = from->n_edges;
    for (int k = 0; k < from->problem->n_rows && !st; k++) {
        const az_points *x = &from->points[k];
        if (!x->n) continue;
        st = copy_doubles(&r->points[k].x, x->x, x->n * x->dim);
        if (!st) r->points[k].n = x->n, r->points[k].dim = x->dim;
    }
    return st;
}

void az_state_copy_unknowns(az_result *r, const az_result *from)
{
    const az_problem *p = r->problem, *q = from->problem;
    for (int i = p->n_parameters; i < p->n_scalars; i++) {
        const int k = az_problem_slot(q, p->scalar[i].name);
        if (k >= 0) r->scalar[i] = from->scalar[k];
    }
}

az_status az_state_duplicate(az_result **out, az_problem *p, const az_result *from)
{
    az_result *q;
    az_status st = az_state_create(out, p);
    if (st) az_problem_destroy(p);
    if (st) return st;
    q = *out;
    az_state_copy_unknowns(q, from);
    for (int t = 0; t < p->n_trials && !st; t++)
        for (int k = 0; k < from->trial[t].n_stages && !st; k++) st = az_state_copy_stage(q, t, &from->trial[t].stage[k]);
    if (!st) st = az_state_copy_grid(q, from);
    q->options = from->options;
    q->hash = from->hash, q->stop = from->stop, q->stage = from->stage, q->stage_iteration = from->stage_iteration, q->restarts = from->restarts;
    q->warm = from->warm, q->retries = from->retries, q->patient = from->patient, q->phase = from->phase, q->iterations = from->iterations;
    q->seconds = from->seconds, q->rng = from->rng, q->unit = from->unit, q->rms = from->rms, q->check = from->check, q->stage_check = from->stage_check;
    q->evidence = from->evidence;
    if (!st) return AZ_OK;
    az_result_destroy(q);
    *out = NULL;
    return st;
}
