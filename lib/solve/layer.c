/* layer.c: internal layers. Unstable profiles turn sharply inside the domain (recipes: a dip of the transport speed), at a place and over a width that no declared
 * input knows. They are read off a trained trial N(z): the place where |N_zz| is largest, the width (max N_z - min N_z)/max |N_zz|. Where it moved or sharpened, fresh networks in inputs
 * that fit take over its function. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

#define SAMPLES 4000
#define PER_PANEL 24
#define Z_MAX 12.0
#define SHARP 0.25 /* a width above is no layer for networks of the declared inputs */
#define MOVED 1.0 /* of its width: the inputs of an earlier layer no longer fit */
#define SHARPER 0.5

/* Where to look for it, z[n]: elements are sampled on their panels, which are as narrow as it is. */
static int places(const az_run *run, double *z)
{
    const az_result *r = run->r;
    int n = 0;
    for (int i = 0; i < SAMPLES && !az_run_elements(r); i++) z[n++] = Z_MAX * (i + 0.5) / SAMPLES;
    for (int i = 0; i + 1 < r->n_edges && az_run_elements(r); i++)
        for (int k = 0; k < PER_PANEL && r->edge[i] >= 0 && r->edge[i + 1] < Z_MAX; k++)
            z[n++] = r->edge[i] + (r->edge[i + 1] - r->edge[i]) * (k + 0.5) / PER_PANEL;
    return n;
}

/* The layer of the first trial as it is now; a width of 0 if it has none. */
static az_status find(const az_run *run, az_layer *layer)
{
    size_t cap = SAMPLES + (size_t)run->r->n_edges * PER_PANEL;
    double *m = az_doubles(4 * cap), scale = run->p->coord[0].scale;
    if (!m) return az_fail(run->err, AZ_ENOMEM, "out of memory");
    double *y = m, *first = m + cap, *second = first + cap, *z = second + cap;
    int n = places(run, z);
    for (int i = 0; i < n; i++) y[i] = scale * sinh(z[i]);
    const int *node = &run->p->trial[0].node;
    az_status st = az_run_probe(run, first, cap, y, n, node, 1, &(int){1});
    if (!st) st = az_run_probe(run, second, cap, y, n, node, 1, &(int){2});
    double lo = INFINITY, hi = -INFINITY, most = 0;
    *layer = (az_layer){0};
    for (int i = 0; i < n && !st; i++) {
        double c = scale * cosh(z[i]), slope = first[i] * c, turn = second[i] * c * c + first[i] * y[i];
        lo = fmin(lo, slope), hi = fmax(hi, slope);
        if (fabs(turn) > most) most = fabs(turn), layer->center = z[i];
    }
    if (most > 0) layer->width = (hi - lo) / most;
    if (!(layer->width < SHARP) || !(layer->center > layer->width)) layer->width = 0;
    az_doubles_free(m);
    return st;
}

/* The problem of the run with this layer alone; networks as they are. */
static az_status restate(az_run *run, const az_layer *layer)
{
    az_result *r = run->r;
    az_problem *next;
    az_status st = az_problem_restate(&next, run->p, layer, 1, run->err);
    if (st) return st;
    double *s = r->scalar + az_problem_layer_slot(next, 0);
    s[0] = layer->center, s[1] = layer->width;
    az_problem_destroy(r->problem);
    r->problem = next;
    run->p = next;
    return AZ_OK;
}

/* The same, and first networks of random weights for it. */
static az_status adopt(az_run *run, void *data)
{
    az_state_drop_networks(run->r);
    az_status st = restate(run, data);
    return st ? st : az_run_networks(run);
}

static bool resolved(const az_result *r, const az_layer *now)
{
    if (now->width == 0) return true;
    if (!r->problem->n_layers) return false;
    const az_layer *old = &r->problem->layer[0];
    return fabs(now->center - old->center) < MOVED * old->width && now->width > SHARPER * old->width;
}

/* Elements need no inputs: their layer is only put on record, for the independent grid. */
static az_status record_elements(az_run *run)
{
    az_layer layer;
    az_status st = find(run, &layer);
    if (st || layer.width == 0) return st;
    az_problem *p = run->r->problem;
    if (!p->n_layers) {
        st = restate(run, &layer);
        for (int t = 0; t < run->p->n_trials && !st; t++)
            for (int k = 0; k < run->r->trial[t].n_stages; k++) run->r->trial[t].stage[k].width[0] = run->p->trial[t].n_inputs;
        return st;
    }
    double *s = run->r->scalar + az_problem_layer_slot(p, 0);
    s[0] = layer.center, s[1] = layer.width;
    p->layer[0] = layer;
    return AZ_OK;
}

az_status az_run_record_layer(az_run *run)
{
    az_result *r = run->r;
    bool finished = r->stop == AZ_STOP_TOLERANCE || r->stop == AZ_STOP_STALLED; /* one that may go on keeps its unknowns */
    bool sought = r->options.mode > 0 || isfinite(r->ladder.lo) || (r->ladder.found && !r->ladder.held); /* on a march or a branch, or released by a scan */
    if (az_run_elements(r) && finished && r->n_edges && sought) return record_elements(run);
    for (int k = 0; k < r->problem->n_layers; k++) {
        const double *s = r->scalar + az_problem_layer_slot(r->problem, k);
        r->problem->layer[k] = (az_layer){s[0], s[1]};
    }
    return AZ_OK;
}

az_status az_run_layer(az_run *run, bool *changed)
{
    const az_problem *p = run->p;
    *changed = false;
    if (p->dim != 1 || !run->r->n_edges || run->r->stage != 1 || az_run_elements(run->r)) return AZ_OK;
    az_run_record_layer(run);
    az_layer layer;
    az_status st = find(run, &layer);
    if (st || resolved(run->r, &layer)) return st;
    for (int t = 0; t < p->n_trials; t++)
        if (p->trial[t].n_inputs + (p->n_layers ? 0 : 2) > AZ_MAX_INPUTS) return AZ_OK;
    az_run_close(run);
    st = az_run_refit(run, adopt, &layer);
    if (st) return st;
    *changed = true;
    run->r->n_memory = -1;
    return az_run_open(run);
}

static az_status plain(az_run *run, void *data)
{
    (void)data;
    az_state_drop_networks(run->r);
    return az_run_networks(run);
}

az_status az_networks_take(az_run *run)
{
    az_layer layer;
    az_status st = find(run, &layer);
    bool sharp = layer.width > 0;
    for (int t = 0; t < run->p->n_trials; t++) sharp = sharp && run->p->trial[t].n_inputs + (run->p->n_layers ? 0 : 2) <= AZ_MAX_INPUTS;
    return st ? st : az_run_refit(run, sharp ? adopt : plain, &layer);
}
