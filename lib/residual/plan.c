/* plan.c: which coefficients of which nodes a set of points needs. Demand flows from the sinks to the leaves; a layout is the down-closure of what
 * a node's parents ask, less what is identically zero because the node lacks the coordinate. */
#include "residual/internal.h"

#include <string.h>

typedef struct demand {
    int n;
    az_index e[AZ_MAX_JET];
} demand;

static bool same_index(az_index a, az_index b) { return !memcmp(a.e, b.e, sizeof a.e); }

static az_status ask(demand **d, int node, az_index e)
{
    if (!d[node]) d[node] = az_calloc(1, sizeof **d);
    if (!d[node]) return AZ_ENOMEM;
    for (int i = 0; i < d[node]->n; i++)
        if (same_index(d[node]->e[i], e)) return AZ_OK;
    if (d[node]->n == AZ_MAX_JET) return AZ_ELIMIT;
    d[node]->e[d[node]->n++] = e;
    return AZ_OK;
}

static az_status ask_all(demand **d, int node, const az_layout *l)
{
    az_status st = AZ_OK;
    for (int i = 0; i < l->n && !st; i++) st = ask(d, node, l->index[i]);
    return st;
}

static az_status ask_derivative(demand **d, int node, const az_layout *l, int coord)
{
    az_status st = AZ_OK;
    for (int i = 0; i < l->n && !st; i++) {
        az_index e = l->index[i];
        e.e[coord]++;
        st = ask(d, node, e);
    }
    return st;
}

static az_status ask_inputs(demand **d, const az_trial_decl *t, const az_layout *l)
{
    az_status st = AZ_OK;
    for (int k = 0; k < t->n_inputs && !st; k++) st = ask_all(d, t->input[k], l);
    return st;
}

/* The layout that the spare is, from the pool. */
static az_status shared(const az_layout **out, layout_pool *pool)
{
    const az_layout *l = pool->spare;
    for (int i = 0; i < pool->n; i++)
        if (pool->at[i]->n == l->n && !memcmp(pool->at[i]->index, l->index, sizeof *l->index * (size_t)l->n)) return *out = pool->at[i], AZ_OK;
    az_layout **grown = az_realloc(pool->at, sizeof *grown * (size_t)(pool->n + 1));
    if (!grown) return AZ_ENOMEM;
    pool->at = grown;
    *out = pool->at[pool->n++] = pool->spare;
    pool->spare = NULL;
    return AZ_OK;
}

static void clear_pool(layout_pool *pool)
{
    for (int i = 0; i < pool->n; i++) az_realloc(pool->at[i], 0);
    az_realloc(pool->at, 0);
    az_realloc(pool->spare, 0);
    *pool = (layout_pool){0};
}

static az_status layout_of(const az_layout **out, layout_pool *pool, const demand *d, unsigned deps, int dim)
{
    az_index keep[AZ_MAX_JET];
    int n = 0;
    for (int i = 0; i < d->n; i++) {
        bool zero = false;
        for (int c = 0; c < AZ_MAX_DIM; c++) zero |= d->e[i].e[c] && !(deps >> c & 1);
        if (!zero) keep[n++] = d->e[i];
    }
    if (!n) keep[n++] = (az_index){{0}};
    if (!pool->spare) pool->spare = az_calloc(1, sizeof *pool->spare);
    if (!pool->spare) return AZ_ENOMEM;
    const az_status st = az_layout_make(pool->spare, dim, keep, n);
    return st ? st : shared(out, pool);
}

static bool is_global(az_op op) { return op == AZ_AT || op == AZ_HILBERT || op == AZ_PRIMITIVE; }

static az_status propagate(demand **d, const az_program *g, int node, const az_layout *l)
{
    const az_node *t = &g->graph.node[node];
    if (is_global(t->op)) return l->n > 1 ? AZ_ELIMIT : AZ_OK;
    if (t->op == AZ_TRIAL) return ask_inputs(d, &g->p->trial[t->index], l);
    if (t->op == AZ_D) return ask_derivative(d, t->a, l, t->index);
    az_status st = AZ_OK;
    if (t->a >= 0) st = ask_all(d, t->a, l);
    if (!st && t->b >= 0 && t->op != AZ_POW) st = ask_all(d, t->b, l);
    return st;
}

static az_status layouts(const az_layout **layout, layout_pool *pool, const az_program *g, const pointset *s)
{
    int n = g->graph.n, dim = g->p->dim;
    demand **d = az_calloc((size_t)n + 1, sizeof *d);
    az_status st = d ? AZ_OK : AZ_ENOMEM;
    for (int i = 0; i < s->n_sinks && !st; i++) st = ask(d, s->sinks[i].step, (az_index){{0}});
    for (int i = n - 1; i >= 0 && !st; i--)
        if (d[i]) {
            st = layout_of(&layout[i], pool, d[i], g->graph.node[i].deps, dim);
            if (!st) st = propagate(d, g, i, layout[i]);
            d[i] = az_realloc(d[i], 0); /* its parents, which ask, come after it */
        }
    for (int i = 0; d && i < n; i++) az_realloc(d[i], 0);
    az_realloc(d, 0);
    return st;
}

static int global_of(const az_program *g, int node)
{
    for (int k = 0; k < g->n_globals; k++)
        if (g->globals[k].node == node) return k;
    return -1;
}

/* Steps below a sink, stopping at globals and at trials already cached. */
static void reach(bool *mask, const az_program *g, const pointset *s, int from, const bool *cached)
{
    mask[from] = true;
    for (int q = from; q >= 0; q--) {
        const step *t = &s->steps[q];
        if (!mask[q] || t->global >= 0) continue;
        const az_node *node = &g->graph.node[t->node];
        if (node->op == AZ_TRIAL) {
            const az_trial_decl *decl = &g->p->trial[node->index];
            for (int k = 0; k < decl->n_inputs && !(cached && cached[node->index]); k++) mask[s->step_of[decl->input[k]]] = true;
            continue;
        }
        if (t->a >= 0) mask[t->a] = true;
        if (t->b >= 0) mask[t->b] = true;
    }
}

static bool *active_nodes(const az_program *g)
{
    bool *active = az_calloc((size_t)g->graph.n + 1, sizeof *active);
    for (int i = 0; active && i < g->graph.n; i++) {
        const az_node *t = &g->graph.node[i];
        active[i] = t->op == AZ_TRIAL || (t->op == AZ_SCALAR && t->index >= g->p->n_parameters) || (t->a >= 0 && active[t->a]) ||
                    (t->b >= 0 && active[t->b]);
    }
    return active;
}

static void make_steps(az_program *g, pointset *s, const az_layout **layout, const bool *active)
{
    int q = 0;
    for (int i = 0; i < g->graph.n; i++) {
        s->step_of[i] = -1;
        if (!layout[i]) continue;
        const az_node *t = &g->graph.node[i];
        s->steps[q] = (step){
            .node = i, .layout = layout[i], .a = -1, .b = -1, .global = is_global(t->op) ? global_of(g, i) : -1, .active = active[i]};
        if (!is_global(t->op) && t->a >= 0) s->steps[q].a = s->step_of[t->a];
        if (!is_global(t->op) && t->b >= 0 && t->op != AZ_POW) s->steps[q].b = s->step_of[t->b];
        s->step_of[i] = q++;
    }
}

static az_status sink_masks(az_program *g, pointset *s)
{
    for (int k = 0; k < s->n_sinks; k++) {
        sink *u = &s->sinks[k];
        u->step = s->step_of[u->step];
        u->mask = az_calloc((size_t)s->n_steps, sizeof(bool));
        u->adjoint = az_calloc((size_t)g->n_globals + 1, sizeof(double *));
        if (!u->mask || !u->adjoint) return AZ_ENOMEM;
        reach(u->mask, g, s, u->step, NULL);
        const bool differentiated = u->kind == SINK_ROW || u->kind == SINK_OPERAND || u->kind == SINK_AT;
        for (int q = 0; q < s->n_steps; q++) {
            if (!s->steps[q].active) u->mask[q] = false;
            if (!differentiated || !u->mask[q] || s->steps[q].global < 0) continue;
            u->adjoint[s->steps[q].global] = az_doubles((size_t)s->n_pad);
            if (!u->adjoint[s->steps[q].global]) return AZ_ENOMEM;
        }
    }
    return AZ_OK;
}

static az_status caches(az_program *g, pointset *s)
{
    s->cache = az_calloc((size_t)g->p->n_trials + 1, sizeof *s->cache);
    if (!s->cache) return AZ_ENOMEM;
    for (int q = 0; q < s->n_steps; q++) {
        const az_node *t = &g->graph.node[s->steps[q].node];
        if (t->op != AZ_TRIAL) continue;
        s->cache[t->index] = az_doubles((size_t)s->steps[q].layout->n * (size_t)s->n_pad);
        if (!s->cache[t->index]) return AZ_ENOMEM;
    }
    return AZ_OK;
}

/* The first row of the set that alone asks for too much; -1: none does, but all together. */
static int too_much(const az_program *g, const pointset *s)
{
    int found = -1;
    for (int k = 0; k < s->n_sinks && found < 0; k++) {
        const az_layout **layout = az_calloc((size_t)g->graph.n + 1, sizeof *layout);
        layout_pool pool = {0};
        pointset one = *s;
        one.sinks = s->sinks + k, one.n_sinks = 1;
        if (layout && s->sinks[k].kind == SINK_ROW && layouts(layout, &pool, g, &one) == AZ_ELIMIT) found = s->sinks[k].target;
        clear_pool(&pool);
        az_realloc(layout, 0);
    }
    return found;
}

static az_status fail_limit(const az_program *g, const pointset *s, az_error *err)
{
    static const char words[] = "more than %d Taylor coefficients of one expression are needed: fewer derivatives of a whole expression, or a `let` for "
                                "the derivative as an equation of its own";
    const int k = too_much(g, s);
    return k < 0 ? az_fail(err, AZ_ELIMIT, words, AZ_MAX_JET) : az_problem_fail(g->p, g->p->row[k].line, AZ_ELIMIT, err, words, AZ_MAX_JET);
}

az_status az_plan_set(az_program *g, int set, az_error *err)
{
    pointset *s = &g->sets[set];
    const az_layout **layout = az_calloc((size_t)g->graph.n + 1, sizeof *layout);
    bool *active = active_nodes(g);
    az_status st = layout && active ? layouts(layout, &s->pool, g, s) : AZ_ENOMEM;
    if (st == AZ_ELIMIT) fail_limit(g, s, err);
    if (!st) {
        for (int i = 0; i < g->graph.n; i++) s->n_steps += layout[i] != NULL;
        s->steps = az_calloc((size_t)s->n_steps + 1, sizeof *s->steps);
        s->step_of = az_calloc((size_t)g->graph.n + 1, sizeof *s->step_of);
        if (!s->steps || !s->step_of) st = AZ_ENOMEM;
    }
    if (!st) {
        make_steps(g, s, layout, active);
        st = sink_masks(g, s);
        if (!st) st = caches(g, s);
    }
    az_realloc(layout, 0);
    az_realloc(active, 0);
    return st;
}

/* One task evaluating the given sinks of a set; trials become cached. */
static az_status add_task(az_program *g, int set, int global, bool *cached)
{
    const pointset *s = &g->sets[set];
    task *t = &g->tasks[g->n_tasks++];
    *t = (task){.set = set, .global = global};
    t->mask = az_calloc((size_t)s->n_steps + 1, sizeof(bool));
    t->fresh = az_calloc((size_t)g->p->n_trials + 1, sizeof(bool));
    t->sink = az_calloc((size_t)s->n_sinks + 1, sizeof(int));
    if (!t->mask || !t->fresh || !t->sink) return AZ_ENOMEM;
    bool *one = az_calloc((size_t)s->n_steps + 1, sizeof(bool));
    if (!one) return AZ_ENOMEM;
    for (int k = 0; k < s->n_sinks; k++) {
        bool mine = global >= 0 ? (s->sinks[k].kind == SINK_OPERAND || s->sinks[k].kind == SINK_AT) && s->sinks[k].target == global
                                : s->sinks[k].kind != SINK_OPERAND && s->sinks[k].kind != SINK_AT;
        if (!mine) continue;
        t->sink[t->n_sinks++] = k;
        memset(one, 0, (size_t)s->n_steps);
        reach(one, g, s, s->sinks[k].step, cached);
        for (int q = 0; q < s->n_steps; q++) t->mask[q] |= one[q];
    }
    az_realloc(one, 0);
    for (int q = 0; q < s->n_steps; q++) {
        const az_node *node = &g->graph.node[s->steps[q].node];
        if (!t->mask[q] || node->op != AZ_TRIAL || cached[node->index]) continue;
        t->fresh[node->index] = cached[node->index] = true;
    }
    return AZ_OK;
}

az_status az_plan_tasks(az_program *g)
{
    g->tasks = az_calloc((size_t)(g->n_globals + g->n_sets) + 1, sizeof *g->tasks);
    bool *cached = az_calloc((size_t)(g->n_sets * (g->p->n_trials + 1)) + 1, sizeof *cached);
    az_status st = g->tasks && cached ? AZ_OK : AZ_ENOMEM;
    int stride = g->p->n_trials + 1;
    for (int k = 0; k < g->n_globals && !st; k++) st = add_task(g, g->globals[k].set, k, cached + g->globals[k].set * stride);
    for (int s = 0; s < g->n_sets && !st; s++) st = add_task(g, s, -1, cached + s * stride);
    az_realloc(cached, 0);
    return st;
}

void az_plan_clear(az_program *g)
{
    for (int k = 0; g->tasks && k < g->n_tasks; k++) {
        az_realloc(g->tasks[k].mask, 0);
        az_realloc(g->tasks[k].fresh, 0);
        az_realloc(g->tasks[k].sink, 0);
    }
    az_realloc(g->tasks, 0);
    for (int i = 0; g->sets && i < g->n_sets; i++) {
        pointset *s = &g->sets[i];
        clear_pool(&s->pool);
        for (int t = 0; s->cache && t < g->p->n_trials; t++) az_doubles_free(s->cache[t]);
        for (int k = 0; k < s->n_sinks; k++) {
            for (int j = 0; s->sinks[k].adjoint && j < g->n_globals; j++) az_doubles_free(s->sinks[k].adjoint[j]);
            az_realloc(s->sinks[k].adjoint, 0);
            az_realloc(s->sinks[k].mask, 0);
        }
        az_realloc(s->cache, 0);
        az_realloc(s->steps, 0);
        az_realloc(s->step_of, 0);
    }
}
