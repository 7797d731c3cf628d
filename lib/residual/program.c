/* program.c: values in the order of the globals, then the Jacobian by one reverse sweep per sink and elimination of the globals. */
#include "residual/internal.h"

#include <math.h>
#include <omp.h>
#include <string.h>

static int lanes_of(const pointset *s, int block) { return s->n - block * B < B ? s->n - block * B : B; }

static void store(az_program *g, const task *t, int thread, int block, const az_binding *b, double *r)
{
    pointset *s = &g->sets[t->set];
    int lanes = lanes_of(s, block);
    for (int k = 0; k < t->n_sinks; k++) {
        const sink *u = &s->sinks[t->sink[k]];
        const double *v = s->frames[thread].s[u->step].v[0];
        if (u->kind == SINK_ROW)
            for (int i = 0; i < lanes; i++) r[u->first + block * B + i] = u->weight * v[i] / b->unit;
        else if (u->kind == SINK_AT) g->globals[u->target].value = v[0];
        else if (u->kind >= SINK_TERM) az_measure_store(g, u, v, block);
        else memcpy((u->kind == SINK_PROBE ? g->probe[u->target] : g->globals[u->target].operand) + block * B, v, sizeof(double) * B);
    }
}

#define ALONE 64 /* blocks: a forward sweep of fewer is over before a second thread has woken */

static void run_task(az_program *g, const task *t, const az_binding *b, double *r)
{
    pointset *s = &g->sets[t->set];
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->n_frames) if (s->n_frames > 1 && s->n_blocks >= ALONE)
    for (int block = 0; block < s->n_blocks; block++) {
        int thread = omp_get_thread_num();
        az_sweep_forward(g, t->set, thread, block, t->mask, t->fresh, false, b);
        store(g, t, thread, block, b, r);
    }
}

static void pad(double *v, int n, int n_pad)
{
    for (int i = n; i < n_pad; i++) v[i] = v[n - 1];
}

static void apply_values(az_program *g, global *u)
{
    for (int s = 0; s < g->n_sets; s++) {
        if (u->map[s] < 0) continue;
        az_line_apply(&g->maps[u->map[s]].map, u->values[s], g->sets[s].n_pad, u->operand, g->sets[u->set].n_pad, 1, g->threads);
        pad(u->values[s], g->sets[s].n, g->sets[s].n_pad);
    }
}

az_status az_program_residual(az_program *g, const az_binding *b, double *r)
{
    for (int s = 0; s < g->n_sets; s++)
        if (az_frame_networks(g, s, b->trial)) {
            for (int i = 0; r && i < g->n_rows; i++) r[i] = NAN; /* for who does not look at the status */
            return AZ_ENOMEM;
        }
    az_measure_reset(g);
    for (int k = 0; k < g->n_tasks; k++) {
        const task *t = &g->tasks[k];
        if (!t->n_sinks) continue;
        run_task(g, t, b, r);
        if (t->global >= 0 && !g->globals[t->global].at) apply_values(g, &g->globals[t->global]);
    }
    return AZ_OK;
}

double az_program_tail(const az_program *g)
{
    double worst = 0;
    for (int k = 0; k < g->n_globals; k++) {
        const global *u = &g->globals[k];
        if (u->at || g->graph.node[u->node].op != AZ_HILBERT) continue;
        double top = 0, end = 0;
        for (int i = 0; i < g->grid.n; i++) top = fmax(top, fabs(u->operand[i]));
        end = fmax(fabs(u->operand[g->grid.n - 1]), g->half ? 0 : fabs(u->operand[0]));
        double share = end / top;
        if (isnan(share) || share > worst) worst = share;
        if (isnan(worst)) break;
    }
    return worst;
}

double az_program_used(const az_program *g, double least)
{
    int last = -1;
    for (int k = 0; k < g->n_globals; k++) {
        const global *u = &g->globals[k];
        if (u->at || g->graph.node[u->node].op != AZ_HILBERT) continue;
        double top = 0;
        for (int i = 0; i < g->grid.n; i++) top = fmax(top, fabs(u->operand[i]));
        for (int i = 0; i < g->grid.n; i++)
            if (!(fabs(u->operand[i]) <= least * top) && (last < 0 || fabs(g->grid.z[i]) > fabs(g->grid.z[last]))) last = i;
    }
    return last < 0 ? INFINITY : fabs(g->grid.z[last]);
}

int az_program_columns(const az_program *g, const az_trial_state *trial)
{
    int n = g->p->n_scalars - g->p->n_parameters;
    for (int t = 0; t < g->p->n_trials; t++) n += az_trial_trained(&trial[t].stage[trial[t].n_stages - 1]);
    return n;
}

double az_program_bytes(const az_program *g)
{
    double sum = 0;
    for (int k = 0; k < g->n_sets; k++) {
        const pointset *s = &g->sets[k];
        double each = 2 * g->p->dim + 1;
        for (int q = 0; q < s->n_steps; q++)
            if (g->graph.node[s->steps[q].node].op == AZ_TRIAL) each += s->steps[q].layout->n;
        for (int i = 0; i < s->n_sinks; i++)
            for (int u = 0; u < g->n_globals; u++) each += s->sinks[i].adjoint[u] != NULL;
        sum += each * s->n_pad;
    }
    return sizeof(double) * sum;
}

double az_program_jacobian_bytes(const az_program *g, int columns)
{
    double each = 0;
    for (int k = 0; k < g->n_globals; k++) {
        const global *u = &g->globals[k];
        each += g->sets[u->set].n_pad;
        for (int s = 0; s < g->n_sets && !u->at; s++)
            if (u->map[s] >= 0) each += g->sets[s].n_pad;
    }
    return sizeof(double) * each * columns;
}

static az_status buffers(az_program *g, int columns)
{
    if (g->columns == columns) return AZ_OK;
    g->columns = 0;
    for (int k = 0; k < g->n_globals; k++) {
        global *u = &g->globals[k];
        az_doubles_free(u->jacobian);
        u->jacobian = az_doubles((size_t)columns * (size_t)g->sets[u->set].n_pad);
        if (!u->jacobian) return AZ_ENOMEM;
        for (int s = 0; s < g->n_sets && !u->at; s++) {
            az_doubles_free(u->image[s]);
            u->image[s] = NULL;
            if (u->map[s] < 0) continue;
            u->image[s] = az_doubles((size_t)columns * (size_t)g->sets[s].n_pad);
            if (!u->image[s]) return AZ_ENOMEM;
        }
    }
    g->columns = columns;
    return AZ_OK;
}

/* First row of a sink among the seeds: values at points come after the rows. */
static int seed_row(const az_program *g, const sink *u) { return u->kind == SINK_ROW ? u->first : g->n_rows + u->target; }

static void sink_target(az_program *g, const pointset *s, const sink *u, double *jac, int ld, double **base, size_t *stride)
{
    if (u->kind == SINK_ROW || g->seeds) {
        *base = jac + seed_row(g, u);
        *stride = (size_t)ld;
    } else {
        *base = g->globals[u->target].jacobian;
        *stride = (size_t)s->n_pad;
    }
}

static void local_set(az_program *g, int set, const az_binding *b, double *jac, int ld)
{
    pointset *s = &g->sets[set];
#pragma omp parallel for schedule(dynamic, 1) num_threads(s->n_frames) if (s->n_frames > 1)
    for (int block = 0; block < s->n_blocks; block++) {
        int thread = omp_get_thread_num();
        az_sweep_forward(g, set, thread, block, NULL, NULL, true, b);
        for (int k = 0; k < s->n_sinks; k++) {
            const sink *u = &s->sinks[k];
            if (u->kind >= SINK_PROBE) continue;
            double *base;
            size_t stride;
            sink_target(g, s, u, jac, ld, &base, &stride);
            az_sweep_reverse(g, set, thread, block, u, base + block * B, stride, b);
        }
    }
}

/* d(sink)/d(columns) += sum over earlier globals of d(sink)/d(global) d(global)/d(columns) */
static void add_globals(az_program *g, int set, const sink *u, double *base, size_t stride, int columns)
{
    const pointset *s = &g->sets[set];
    bool any = false;
    for (int k = 0; k < g->n_globals; k++) any |= u->adjoint[k] != NULL;
    if (!any) return;
#pragma omp parallel for schedule(static) num_threads(g->threads) if (g->threads > 1 && s->n > B)
    for (int c = 0; c < columns; c++) {
        double *to = base + (size_t)c * stride;
        for (int k = 0; k < g->n_globals; k++) {
            const double *adj = u->adjoint[k];
            if (!adj) continue;
            const global *v = &g->globals[k];
            if (v->at) {
                double slope = v->jacobian[(size_t)c * (size_t)g->sets[v->set].n_pad];
                for (int i = 0; i < s->n; i++) to[i] += adj[i] * slope;
            } else {
                const double *image = v->image[set] + (size_t)c * (size_t)s->n_pad;
                for (int i = 0; i < s->n; i++) to[i] += adj[i] * image[i];
            }
        }
    }
}

static void scale_rows(az_program *g, const sink *u, int n, double *base, size_t stride, int columns, double unit)
{
    double factor = u->weight / unit;
    if (factor == 1) return;
#pragma omp parallel for schedule(static) num_threads(g->threads) if (g->threads > 1 && n > B)
    for (int c = 0; c < columns; c++)
        for (int i = 0; i < n; i++) base[(size_t)c * stride + (size_t)i] *= factor;
}

static void eliminate(az_program *g, const az_binding *b, double *jac, int ld, int columns)
{
    for (int k = 0; k < g->n_globals; k++) {
        global *u = &g->globals[k];
        const pointset *s = &g->sets[u->set];
        add_globals(g, u->set, &s->sinks[u->sink], u->jacobian, (size_t)s->n_pad, columns);
        for (int t = 0; t < g->n_sets && !u->at; t++)
            if (u->map[t] >= 0)
                az_line_apply(&g->maps[u->map[t]].map, u->image[t], g->sets[t].n_pad, u->jacobian, s->n_pad, columns, g->threads);
    }
    for (int t = 0; t < g->n_sets; t++)
        for (int k = 0; k < g->sets[t].n_sinks; k++) {
            const sink *u = &g->sets[t].sinks[k];
            if (u->kind != SINK_ROW) continue;
            add_globals(g, t, u, jac + u->first, (size_t)ld, columns);
            scale_rows(g, u, g->sets[t].n, jac + u->first, (size_t)ld, columns, b->unit);
        }
}

az_status az_program_jacobian(az_program *g, const az_binding *b, double *jac, int ld)
{
    int columns = az_program_columns(g, b->trial);
    az_status st = buffers(g, columns);
    for (int s = 0; s < g->n_sets && !st; s++) st = az_frame_networks(g, s, b->trial); /* the residual may have found no memory for them */
    if (st) return st;
    double start = az_seconds();
    for (int s = 0; s < g->n_sets; s++) local_set(g, s, b, jac, ld);
    double middle = az_seconds();
    eliminate(g, b, jac, ld, columns);
    g->seconds_jets = middle - start;
    g->seconds_operators = az_seconds() - middle;
    return AZ_OK;
}

az_status az_program_seed_layout(az_program *g, const az_layout **l)
{
    int order = 0;
    if (!g->seed_layout) {
        for (int s = 0; s < g->n_sets; s++)
            for (int q = 0; q < g->sets[s].n_steps; q++) {
                const step *t = &g->sets[s].steps[q];
                if (g->graph.node[t->node].op == AZ_TRIAL && t->layout->degree[t->layout->n - 1] > order) order = t->layout->degree[t->layout->n - 1];
            }
        g->seed_layout = az_calloc(1, sizeof *g->seed_layout);
        az_status st = g->seed_layout ? az_layout_total(g->seed_layout, g->p->dim, order) : AZ_ENOMEM;
        if (st) return st;
    }
    *l = g->seed_layout;
    return AZ_OK;
}

int az_program_n_at(const az_program *g) { return g->n_globals; }

const double *az_program_at(const az_program *g, int k) { return g->sets[g->globals[k].set].packed; }

/* One sink of a set: its rows of the seeds, unscaled, and what earlier values at points have in them. */
static void seed_sink(az_program *g, int set, const sink *u, double *jac, int ld, int first, int columns)
{
    const pointset *s = &g->sets[set];
    for (int k = 0; k < g->n_globals; k++) {
        double *to = jac + (size_t)(columns + k) * (size_t)ld + first;
        if (u->adjoint[k]) memcpy(to, u->adjoint[k], sizeof(double) * (size_t)s->n);
        else memset(to, 0, sizeof(double) * (size_t)s->n);
    }
}

az_status az_program_seeds(az_program *g, const az_binding *b, double *jac, int ld)
{
    const az_layout *l;
    az_status st = az_program_seed_layout(g, &l);
    for (int s = 0; s < g->n_sets && !st; s++) st = az_frame_networks(g, s, b->trial);
    if (st) return st;
    double start = az_seconds();
    int columns = g->p->n_trials * l->n + g->p->n_scalars - g->p->n_parameters;
    g->seeds = l;
    for (int set = 0; set < g->n_sets; set++) {
        const pointset *s = &g->sets[set];
        local_set(g, set, b, jac, ld);
        for (int k = 0; k < s->n_sinks; k++) {
            const sink *u = &s->sinks[k];
            if (u->kind >= SINK_PROBE) continue;
            int first = seed_row(g, u);
            seed_sink(g, set, u, jac, ld, first, columns);
            if (u->kind == SINK_ROW) scale_rows(g, u, s->n, jac + first, (size_t)ld, columns + g->n_globals, b->unit);
        }
    }
    g->seeds = NULL;
    g->seconds_jets = az_seconds() - start, g->seconds_operators = 0;
    return AZ_OK;
}

void az_program_times(const az_program *g, double *jets, double *operators)
{
    *jets = g->seconds_jets;
    *operators = g->seconds_operators;
}
