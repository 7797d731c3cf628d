/* features.c: random features fitted to the problem: frequencies per unit of each input's own width, and a grid that resolves them. */
#include "solve/run.h"
#include "trial/mlp.h"

#include <math.h>
#include <string.h>

#define NODES_PER_FEATURE 3.0 /* where a layer has inputs of its own: fewer overfit */
#define CORE 10.0 /* |z| of the panels that are cut for it */
#define PHASE_PER_PANEL \
    12.0 /* 16 nodes carry exp(i k x) over 12 radians to 1e-9, and what is fitted there is a small part of the solution */

az_status az_run_probe(const az_run *run, double *out, size_t stride, const double *y, int n, const int *node, int n_nodes, const int *order)
{
    az_program *g;
    az_probe probe = {.x = y, .n = n, .node = node, .n_nodes = n_nodes, .order = order};
    az_program_setup setup = {.edge = run->r->edge, .n_edges = run->r->n_edges, .probe = &probe, .threads = 1};
    az_status st = az_program_create(&g, run->p, &setup, run->err);
    if (st) return st;
    az_binding b = {.trial = run->r->trial, .scalar = run->r->scalar, .unit = 1};
    st = az_program_residual(g, &b, NULL);
    for (int k = 0; k < n_nodes && !st; k++) memcpy(out + (size_t)k * stride, az_program_probe(g, k), sizeof(double) * (size_t)n);
    az_program_destroy(g);
    return st ? az_fail(run->err, st, "out of memory for the values of the trials") : AZ_OK;
}

/* Values of the inputs of all trials, in order, at the panel edges or the points of the first equation. */
static az_status open_inputs(const az_run *run, az_program **g, int *n_points)
{
    const az_result *r = run->r;
    const az_problem *p = run->p;
    int n_nodes = 0, first = 0;
    while (!r->n_edges && !r->points[first].n) first++;
    int n = r->n_edges ? r->n_edges : r->points[first].n;
    int *node = az_calloc((size_t)p->n_trials * AZ_MAX_INPUTS + 1, sizeof *node);
    double *y = az_doubles((size_t)n);
    az_status st = node && y ? AZ_OK : AZ_ENOMEM;
    for (int t = 0; t < p->n_trials && !st; t++)
        for (int k = 0; k < p->trial[t].n_inputs; k++) node[n_nodes++] = p->trial[t].input[k];
    for (int i = 0; i < r->n_edges && !st; i++) y[i] = p->coord[0].scale * sinh(r->edge[i]);
    az_probe probe = {.x = r->n_edges ? y : r->points[first].x, .n = n, .node = node, .n_nodes = n_nodes};
    az_program_setup setup = {.edge = r->n_edges ? r->edge : NULL, .n_edges = r->n_edges, .probe = &probe, .threads = 1};
    if (!st) st = az_program_create(g, p, &setup, run->err);
    az_doubles_free(y);
    az_realloc(node, 0);
    if (st) return st;
    az_binding b = {.trial = r->trial, .scalar = r->scalar, .unit = 1};
    *n_points = n;
    st = az_program_residual(*g, &b, NULL);
    if (!st) return AZ_OK;
    az_program_destroy(*g);
    *g = NULL;
    return az_fail(run->err, st, "out of memory for the inputs of the trials");
}

/* Half-widths of the inputs of all trials, in order; 1 for a constant. */
static az_status half_widths(const az_run *run, double *half)
{
    az_program *g;
    int n, node = 0;
    az_status st = open_inputs(run, &g, &n);
    if (st) return st;
    for (int t = 0; t < run->p->n_trials; t++)
        for (int k = 0; k < run->p->trial[t].n_inputs; k++, node++) {
            const double *v = az_program_probe(g, node);
            double lo = v[0], hi = v[0];
            for (int i = 1; i < n; i++) lo = fmin(lo, v[i]), hi = fmax(hi, v[i]);
            half[node] = hi > lo ? 0.5 * (hi - lo) : 1;
        }
    az_program_destroy(g);
    return AZ_OK;
}

static az_network *last_stage(const az_run *run, int t) { return &run->r->trial[t].stage[run->r->trial[t].n_stages - 1]; }

az_status az_run_features(const az_run *run, const double *range, az_rng *rng)
{
    int n = 0;
    for (int t = 0; t < run->p->n_trials; t++) n += run->p->trial[t].n_inputs;
    double *half = az_doubles((size_t)n + 1);
    az_status st = half ? half_widths(run, half) : AZ_ENOMEM;
    for (int k = 0; k < n && !st; k++) half[k] = range[k] / half[k];
    const double *frequency = half;
    for (int t = 0; t < run->p->n_trials && !st; t++, frequency += run->p->trial[t - 1].n_inputs)
        az_mlp_features(last_stage(run, t), rng, frequency);
    az_doubles_free(half);
    return st;
}

az_status az_run_ranges(const az_run *run, double *range)
{
    az_status st = half_widths(run, range);
    for (int t = 0; t < run->p->n_trials && !st; t++) {
        const az_network *net = last_stage(run, t);
        int n_in = net->width[0];
        for (int k = 0; k < n_in; k++) {
            double most = 0;
            for (int j = 0; j < net->width[1]; j++) most = fmax(most, fabs(net->weight[j * n_in + k]));
            *range++ *= most;
        }
    }
    return st;
}

/* Panels across which a frozen first layer turns too far. */
static az_status mark_coarse(const az_run *run, bool *mark, bool *any)
{
    az_program *g;
    int n, node = 0;
    az_status st = open_inputs(run, &g, &n);
    if (st) return st;
    *any = false;
    const az_result *r = run->r;
    if (run->p->n_layers && (r->n_edges - 1) * AZ_PANEL_NODES < NODES_PER_FEATURE * last_stage(run, 0)->width[1])
        for (int i = 0; i + 1 < r->n_edges; i++)
            if (fabs(r->edge[i]) < CORE) mark[i] = *any = true;
    for (int t = 0; t < run->p->n_trials; t++) {
        const az_network *net = last_stage(run, t);
        for (int j = 0; j < net->width[1] && net->n_frozen; j++)
            for (int i = 0; i + 1 < n; i++) {
                double turn = 0;
                for (int k = 0; k < net->width[0]; k++) {
                    const double *v = az_program_probe(g, node + k);
                    turn += net->weight[j * net->width[0] + k] * (v[i + 1] - v[i]);
                }
                if (fabs(turn) > PHASE_PER_PANEL) mark[i] = *any = true;
            }
        node += run->p->trial[t].n_inputs;
    }
    az_program_destroy(g);
    return AZ_OK;
}

az_status az_run_resolve(az_run *run)
{
    az_result *r = run->r;
    bool any = r->n_edges > 0;
    while (any) {
        bool *mark = az_calloc((size_t)r->n_edges, sizeof *mark);
        az_status st = mark ? mark_coarse(run, mark, &any) : AZ_ENOMEM;
        if (!st && any) st = az_panels_refine(&r->edge, &r->n_edges, mark);
        az_realloc(mark, 0);
        if (st) return az_fail(run->err, st, "out of memory while refining the grid");
    }
    return AZ_OK;
}
