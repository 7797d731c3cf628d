/* sweep.c: the forward and the reverse sweep over one block of points. */
#include "residual/internal.h"

#include <string.h>

static void fill(double *v, double x)
{
    for (int i = 0; i < B; i++) v[i] = x;
}

static void clear(double **v, int n)
{
    for (int c = 0; c < n; c++) memset(v[c], 0, sizeof(double) * B);
}

static void combine(double **out, double **a, double **b, int n, double sign)
{
    for (int c = 0; c < n; c++)
        for (int i = 0; i < B; i++) out[c][i] = (a[c] ? a[c][i] : 0) + sign * (b && b[c] ? b[c][i] : 0);
}

static void scaled(double **out, double **a, int n, double factor)
{
    for (int c = 0; c < n; c++)
        for (int i = 0; i < B; i++) out[c][i] = a[c] ? factor * a[c][i] : 0;
}

static int raised(const pointset *s, const step *t, int c, int coord, int *power)
{
    az_index e = t->layout->index[c];
    *power = ++e.e[coord];
    return az_layout_find(s->steps[t->a].layout, e);
}

static void derivative(const pointset *s, const frame *f, int q, int coord)
{
    const step *t = &s->steps[q];
    for (int c = 0; c < t->layout->n; c++) {
        int power, from = raised(s, t, c, coord, &power);
        double *out = f->s[q].v[c], *in = from >= 0 ? f->s[t->a].v[from] : NULL;
        for (int i = 0; i < B; i++) out[i] = in ? power * in[i] : 0;
    }
}

static void derivative_adjoint(const pointset *s, const frame *f, int q, int coord)
{
    const step *t = &s->steps[q];
    for (int c = 0; c < t->layout->n && s->steps[t->a].active; c++) {
        int power, from = raised(s, t, c, coord, &power);
        if (from < 0) continue;
        double *to = f->s[t->a].bar[from], *bar = f->s[q].bar[c];
        for (int i = 0; i < B; i++) to[i] += power * bar[i];
    }
}

static void coordinate(const pointset *s, const frame *f, int q, int coord, int block)
{
    const step *t = &s->steps[q];
    clear(f->s[q].v, t->layout->n);
    memcpy(f->s[q].v[0], s->x[coord] + block * B, sizeof(double) * B);
    az_index e = {{0}};
    e.e[coord] = 1;
    int at = az_layout_find(t->layout, e);
    if (at >= 0) fill(f->s[q].v[at], 1);
}

static void trial_cached(const pointset *s, const frame *f, int q, int trial, int block)
{
    for (int c = 0; c < s->steps[q].layout->n; c++)
        memcpy(f->s[q].v[c], s->cache[trial] + (size_t)c * (size_t)s->n_pad + block * B, sizeof(double) * B);
}

static void trial_forward(const pointset *s, const frame *f, int q, int trial, int block, const az_trial_state *state)
{
    const az_layout *l = s->steps[q].layout;
    double **v = f->s[q].v;
    const double *x[AZ_MAX_DIM];
    for (int c = 0; c < AZ_MAX_DIM; c++) x[c] = s->x[c] ? s->x[c] + block * B : NULL;
    clear(v, l->n);
    for (int k = 0; k < state->n_stages; k++) {
        az_trial_forward(&state->stage[k], l, f->trial_ptr, (double *const *const *)(f->input + trial * AZ_MAX_INPUTS), x,
                         f->net_work[trial * AZ_STAGE_SLOTS + k]);
        for (int c = 0; c < l->n; c++)
            for (int i = 0; i < B; i++) v[c][i] += state->stage[k].scale * f->trial_ptr[c][i];
    }
    for (int c = 0; c < l->n; c++) memcpy(s->cache[trial] + (size_t)c * (size_t)s->n_pad + block * B, v[c], sizeof(double) * B);
}

static void quotient(const az_layout *l, const struct frame_step *x, frame *f, bool keep)
{
    az_jet_div(l, x->v, x->a, x->b);
    if (!keep) return;
    double *one[AZ_MAX_JET] = {f->scratch};
    fill(f->scratch, 1);
    az_jet_div(l, x->d, one, x->b);
    az_jet_mul(l, x->d + l->n, x->v, x->d);
    for (int c = 0; c < l->n; c++)
        for (int i = 0; i < B; i++) x->d[l->n + c][i] = -x->d[l->n + c][i];
}

static void global_value(const az_program *g, int set, const frame *f, int q, int block)
{
    const global *u = &g->globals[g->sets[set].steps[q].global];
    if (u->at) fill(f->s[q].v[0], u->value);
    else memcpy(f->s[q].v[0], u->values[set] + block * B, sizeof(double) * B);
}

void az_sweep_forward(az_program *g, int set, int thread, int block, const bool *mask, const bool *fresh, bool keep, const az_binding *b)
{
    pointset *s = &g->sets[set];
    frame *f = &s->frames[thread];
    for (int q = 0; q < s->n_steps; q++) {
        if (mask && !mask[q]) continue;
        const step *t = &s->steps[q];
        const az_node *node = &g->graph.node[t->node];
        const struct frame_step *x = &f->s[q];
        int n = t->layout->n;
        switch (node->op) {
        case AZ_CONST: fill(x->v[0], node->value); break;
        case AZ_SCALAR: fill(x->v[0], b->scalar[node->index]); break;
        case AZ_COORD: coordinate(s, f, q, node->index, block); break;
        case AZ_TRIAL:
            if (!fresh || fresh[node->index]) trial_forward(s, f, q, node->index, block, &b->trial[node->index]);
            else trial_cached(s, f, q, node->index, block);
            break;
        case AZ_ADD: combine(x->v, x->a, x->b, n, 1); break;
        case AZ_SUB: combine(x->v, x->a, x->b, n, -1); break;
        case AZ_NEG: scaled(x->v, x->a, n, -1); break;
        case AZ_MUL: az_jet_mul(t->layout, x->v, x->a, x->b); break;
        case AZ_DIV: quotient(t->layout, x, f, keep); break;
        case AZ_POW: az_jet_pow(t->layout, x->v, x->d, x->a, g->graph.node[node->b].value, f->scratch); break;
        case AZ_FUNC: az_jet_func(t->layout, (az_func)node->index, x->v, x->d, x->a, f->scratch); break;
        case AZ_D: derivative(s, f, q, node->index); break;
        case AZ_HILBERT:
        case AZ_PRIMITIVE:
        case AZ_AT: global_value(g, set, f, q, block); break;
        }
    }
}

static void accumulate(double **to, double **from, int n, double sign)
{
    for (int c = 0; to && c < n; c++)
        for (int i = 0; to[c] && i < B; i++) to[c][i] += sign * from[c][i];
}

/* First column of trial t, and the number of columns before the unknowns if t is n_trials. */
static int first_column(const az_program *g, const az_binding *b, int t)
{
    int n = 0;
    if (g->seeds) return t * g->seeds->n;
    for (int k = 0; k < t; k++) n += az_trial_trained(&b->trial[k].stage[b->trial[k].n_stages - 1]);
    return n;
}

/* The adjoint of a trial's jet as it is. */
static void seed_columns(const az_layout *all, const az_layout *l, double **bar, double *column, size_t ld, int lanes)
{
    for (int c = 0; c < all->n; c++) {
        int from = az_layout_find(l, all->index[c]);
        if (from >= 0) memcpy(column + (size_t)c * ld, bar[from], sizeof(double) * (size_t)lanes);
        else memset(column + (size_t)c * ld, 0, sizeof(double) * (size_t)lanes);
    }
}

static void trial_reverse(const az_program *g, const pointset *s, const frame *f, int q, int trial, double *column, size_t ld, int lanes,
                          const az_binding *b)
{
    const az_layout *l = s->steps[q].layout;
    const az_trial_state *state = &b->trial[trial];
    if (g->seeds) {
        seed_columns(g->seeds, l, f->s[q].bar, column + (size_t)first_column(g, b, trial) * ld, ld, lanes);
        return;
    }
    double *const *const *inbar = (double *const *const *)(f->inbar + trial * AZ_MAX_INPUTS);
    bool moving = false;
    for (int k = 0; k < g->p->trial[trial].n_inputs; k++) moving |= inbar[k] != NULL;
    for (int k = 0; k < state->n_stages; k++) {
        bool last = k == state->n_stages - 1;
        if (!last && !moving) continue;
        for (int c = 0; c < l->n; c++)
            for (int i = 0; i < B; i++) f->trial_ptr[c][i] = state->stage[k].scale * f->s[q].bar[c][i];
        az_trial_reverse(&state->stage[k], l, last ? column + (size_t)first_column(g, b, trial) * ld : NULL, ld, lanes, moving ? inbar : NULL,
                         f->trial_ptr, f->net_work[trial * AZ_STAGE_SLOTS + k]);
    }
}

/* Columns of trials this sink does not see, and all unknowns, start from zero. */
static void clear_columns(const az_program *g, const pointset *s, const sink *u, double *column, size_t ld, int lanes, const az_binding *b)
{
    for (int t = 0; t < g->p->n_trials; t++) {
        int q = s->step_of[g->p->trial[t].node];
        if (q >= 0 && u->mask[q]) continue;
        for (int c = first_column(g, b, t); c < first_column(g, b, t + 1); c++)
            memset(column + (size_t)c * ld, 0, sizeof(double) * (size_t)lanes);
    }
    int first = first_column(g, b, g->p->n_trials), n = g->p->n_scalars - g->p->n_parameters;
    for (int c = first; c < first + n; c++) memset(column + (size_t)c * ld, 0, sizeof(double) * (size_t)lanes);
}

void az_sweep_reverse(az_program *g, int set, int thread, int block, const sink *u, double *column, size_t ld, const az_binding *b)
{
    pointset *s = &g->sets[set];
    frame *f = &s->frames[thread];
    int lanes = s->n - block * B < B ? s->n - block * B : B;
    clear_columns(g, s, u, column, ld, lanes, b);
    for (int q = 0; q <= u->step; q++)
        if (u->mask[q]) clear(f->s[q].bar, s->steps[q].layout->n);
    if (!s->steps[u->step].active) return;
    fill(f->s[u->step].bar[0], 1);
    for (int q = u->step; q >= 0; q--) {
        if (!u->mask[q]) continue;
        const step *t = &s->steps[q];
        const az_node *node = &g->graph.node[t->node];
        const struct frame_step *x = &f->s[q];
        int n = t->layout->n;
        switch (node->op) {
        case AZ_CONST:
        case AZ_COORD: break;
        case AZ_SCALAR: {
            double *to = column + (size_t)(first_column(g, b, g->p->n_trials) + node->index - g->p->n_parameters) * ld;
            for (int i = 0; i < lanes; i++) to[i] += b->unit * x->bar[0][i];
            break;
        }
        case AZ_TRIAL: trial_reverse(g, s, f, q, node->index, column, ld, lanes, b); break;
        case AZ_ADD:
        case AZ_SUB:
            accumulate(x->abar, x->bar, n, 1);
            accumulate(x->bbar, x->bar, n, node->op == AZ_ADD ? 1 : -1);
            break;
        case AZ_NEG: accumulate(x->abar, x->bar, n, -1); break;
        case AZ_MUL:
            if (s->steps[t->a].active) az_jet_mul_adjoint(t->layout, x->abar, x->bar, x->b);
            if (s->steps[t->b].active) az_jet_mul_adjoint(t->layout, x->bbar, x->bar, x->a);
            break;
        case AZ_DIV:
            if (s->steps[t->a].active) az_jet_mul_adjoint(t->layout, x->abar, x->bar, x->d);
            if (s->steps[t->b].active) az_jet_mul_adjoint(t->layout, x->bbar, x->bar, x->d + n);
            break;
        case AZ_POW:
        case AZ_FUNC:
            if (s->steps[t->a].active) az_jet_mul_adjoint(t->layout, x->abar, x->bar, x->d);
            break;
        case AZ_D: derivative_adjoint(s, f, q, node->index); break;
        case AZ_HILBERT:
        case AZ_PRIMITIVE:
        case AZ_AT: memcpy(u->adjoint[t->global] + block * B, x->bar[0], sizeof(double) * B); break;
        }
    }
}
