/* create.c: point sets, sinks and globals of a program. */
#include "residual/internal.h"

#include <math.h>
#include <string.h>

static az_status set_points(pointset *s, const az_coord_decl *coord, int dim, const double *packed, int n)
{
    s->n = n;
    s->n_blocks = (n + B - 1) / B;
    s->n_pad = s->n_blocks * B;
    s->packed = az_doubles((size_t)(n * dim) + 1);
    s->z = az_doubles((size_t)n + 1);
    if (!s->packed || !s->z) return AZ_ENOMEM;
    memcpy(s->packed, packed, sizeof(double) * (size_t)(n * dim));
    for (int c = 0; c < dim; c++) {
        s->x[c] = az_doubles((size_t)s->n_pad);
        if (!s->x[c]) return AZ_ENOMEM;
        for (int i = 0; i < s->n_pad; i++) s->x[c][i] = packed[(i < n ? i : n - 1) * dim + c];
    }
    for (int i = 0; i < n && dim == 1; i++) s->z[i] = asinh(packed[i] / coord[0].scale);
    return AZ_OK;
}

static pointset *new_set(az_program *g)
{
    pointset *s = az_realloc(g->sets, sizeof *s * (size_t)(g->n_sets + 1));
    if (!s) return NULL;
    g->sets = s;
    g->sets[g->n_sets] = (pointset){.source = -1};
    return &g->sets[g->n_sets++];
}

static int panel_set(az_program *g)
{
    for (int k = 0; k < g->n_sets; k++)
        if (g->sets[k].panels) return k;
    pointset *s = new_set(g);
    if (!s || set_points(s, g->p->coord, 1, g->grid.y, g->grid.n)) return -1;
    memcpy(s->z, g->grid.z, sizeof(double) * (size_t)g->grid.n);
    s->panels = true;
    return g->n_sets - 1;
}

static int anchor_set(az_program *g, const az_point *at)
{
    for (int k = 0; k < g->n_sets; k++)
        if (g->sets[k].n == 1 && g->sets[k].fixed == ~0u && !memcmp(&g->sets[k].at, at, sizeof(double) * (size_t)g->p->dim)) return k;
    pointset *s = new_set(g);
    if (!s || set_points(s, g->p->coord, g->p->dim, at->x, 1)) return -1;
    s->fixed = ~0u;
    s->at = *at;
    return g->n_sets - 1;
}

static int cloud_set(az_program *g, const az_points *points, int source)
{
    for (int k = 0; k < g->n_sets; k++)
        if (g->sets[k].source == source) return k;
    pointset *s = new_set(g);
    if (!s || set_points(s, g->p->coord, g->p->dim, points->x, points->n)) return -1;
    s->source = source;
    return g->n_sets - 1;
}

static int set_of_row(az_program *g, const az_program_setup *u, int k)
{
    const az_row_decl *row = &g->p->row[k];
    unsigned all = (1u << g->p->dim) - 1;
    if (row->kind == AZ_ROW_EQUATION && g->has_grid) return panel_set(g);
    if ((row->fixed & all) == all || (!row->fixed && row->kind != AZ_ROW_EQUATION)) return anchor_set(g, &row->at);
    int source = row->kind == AZ_ROW_EQUATION ? az_problem_first_equation(g->p) : k;
    return cloud_set(g, &u->points[source], source);
}

static az_status add_sink(az_program *g, int set, sink u)
{
    pointset *s = &g->sets[set];
    sink *grown = az_realloc(s->sinks, sizeof u * (size_t)(s->n_sinks + 1));
    if (!grown) return AZ_ENOMEM;
    s->sinks = grown;
    s->sinks[s->n_sinks++] = u;
    return AZ_OK;
}

static az_status rows(az_program *g, const az_program_setup *u)
{
    int n = g->p->n_rows;
    g->row_first = az_calloc((size_t)n + 1, sizeof(int));
    g->row_count = az_calloc((size_t)n + 1, sizeof(int));
    g->row_set = az_calloc((size_t)n + 1, sizeof(int));
    if (!g->row_first || !g->row_count || !g->row_set) return AZ_ENOMEM;
    for (int k = 0; k < n && u->rows; k++) {
        const az_row_decl *row = &g->p->row[k];
        int set = set_of_row(g, u, k), node = row->node;
        if (set < 0) return AZ_ENOMEM;
        if (row->scale >= 0) node = az_graph_binary(&g->graph, AZ_DIV, node, row->scale);
        if (node < 0) return AZ_ENOMEM;
        g->row_first[k] = g->n_rows;
        g->row_count[k] = g->sets[set].n;
        g->row_set[k] = set;
        g->n_rows += g->sets[set].n;
        sink s = {.kind = SINK_ROW, .step = node, .target = k, .first = g->row_first[k], .weight = row->weight};
        if (add_sink(g, set, s)) return AZ_ENOMEM;
    }
    return AZ_OK;
}

static az_status probes(az_program *g, const az_probe *probe, bool as_rows)
{
    if (!probe) return AZ_OK;
    pointset *s = new_set(g);
    if (!s || set_points(s, g->p->coord, g->p->dim, probe->x, probe->n)) return AZ_ENOMEM;
    const int set = g->probe_set = g->n_sets - 1;
    g->probe = az_calloc((size_t)probe->n_nodes + 1, sizeof *g->probe);
    if (!g->probe) return AZ_ENOMEM;
    g->n_probes = probe->n_nodes;
    for (int k = 0; k < probe->n_nodes; k++) {
        int node = probe->node[k];
        for (int c = 0; probe->order && c < g->p->dim; c++)
            for (int i = 0; i < probe->order[c]; i++) node = az_graph_d(&g->graph, node, c);
        g->probe[k] = az_doubles((size_t)s->n_pad);
        if (node < 0 || !g->probe[k]) return AZ_ENOMEM;
        const sink u = as_rows ? (sink){.kind = SINK_ROW, .step = node, .first = g->n_rows, .weight = 1} : (sink){.kind = SINK_PROBE, .step = node, .target = k};
        if (as_rows) g->n_rows += probe->n;
        if (add_sink(g, set, u)) return AZ_ENOMEM;
    }
    return AZ_OK;
}

/* Nodes reachable from the sinks, through globals and inputs of trials. */
static bool *reachable(const az_program *g)
{
    bool *r = az_calloc((size_t)g->graph.n + 1, sizeof *r);
    if (!r) return NULL;
    for (int s = 0; s < g->n_sets; s++)
        for (int k = 0; k < g->sets[s].n_sinks; k++) r[g->sets[s].sinks[k].step] = true;
    for (int i = g->graph.n - 1; i >= 0; i--) {
        const az_node *t = &g->graph.node[i];
        if (!r[i]) continue;
        if (t->a >= 0) r[t->a] = true;
        if (t->b >= 0) r[t->b] = true;
        for (int k = 0; t->op == AZ_TRIAL && k < g->p->trial[t->index].n_inputs; k++) r[g->p->trial[t->index].input[k]] = true;
    }
    return r;
}

static az_status add_global(az_program *g, int node, const signed char *parity)
{
    const az_node *t = &g->graph.node[node];
    global u = {.node = node, .at = t->op == AZ_AT, .trial_parity = parity ? parity[t->a] : 0};
    u.set = u.at ? anchor_set(g, &g->graph.point[t->index]) : panel_set(g);
    global *grown = az_realloc(g->globals, sizeof u * (size_t)(g->n_globals + 1));
    if (u.set < 0 || !grown) return AZ_ENOMEM;
    g->globals = grown;
    u.sink = g->sets[u.set].n_sinks;
    g->globals[g->n_globals] = u;
    return add_sink(g, u.set, (sink){.kind = u.at ? SINK_AT : SINK_OPERAND, .step = t->a, .target = g->n_globals++});
}

static az_status globals(az_program *g, az_error *err)
{
    bool *r = reachable(g);
    signed char *parity = az_calloc((size_t)g->graph.n + 1, 1);
    az_status st = r && parity ? AZ_OK : AZ_ENOMEM;
    if (!st && g->p->dim == 1) st = az_node_parity(parity, &g->graph, g->p);
    for (int i = 0; i < g->graph.n && !st; i++) {
        az_op op = g->graph.node[i].op;
        if (!r[i] || (op != AZ_AT && op != AZ_HILBERT && op != AZ_PRIMITIVE)) continue;
        if (op != AZ_AT && !g->has_grid) st = az_fail(err, AZ_EPROBLEM, "hilbert and primitive need a problem on the line");
        else st = add_global(g, i, parity);
    }
    az_realloc(r, 0);
    az_realloc(parity, 0);
    return st;
}

static int find_map(az_program *g, az_line_kind kind, int parity, int set)
{
    for (int k = 0; k < g->n_maps; k++)
        if (g->maps[k].kind == kind && g->maps[k].parity == parity && g->maps[k].set == set) return k;
    map_entry *grown = az_realloc(g->maps, sizeof *grown * (size_t)(g->n_maps + 1));
    if (!grown) return -1;
    g->maps = grown;
    map_entry *m = &g->maps[g->n_maps];
    *m = (map_entry){.kind = kind, .parity = parity, .set = set};
    const pointset *s = &g->sets[set];
    az_status st = kind == AZ_LINE_HILBERT ? az_line_hilbert(&m->map, &g->grid, s->z, s->n, parity, g->threads)
                                           : az_line_primitive(&m->map, &g->grid, s->z, s->n, parity);
    return st ? -1 : g->n_maps++;
}

/* On half a grid the operators take the other half from the parity of the operand. */
static az_status operator_maps(az_program *g)
{
    for (int k = 0; k < g->n_globals; k++) {
        global *u = &g->globals[k];
        if (u->at) continue;
        u->values = az_calloc((size_t)g->n_sets, sizeof *u->values);
        u->map = az_calloc((size_t)g->n_sets, sizeof *u->map);
        u->image = az_calloc((size_t)g->n_sets, sizeof *u->image);
        u->operand = az_doubles((size_t)g->sets[u->set].n_pad);
        if (!u->values || !u->map || !u->image || !u->operand) return AZ_ENOMEM;
        az_line_kind kind = g->graph.node[u->node].op == AZ_HILBERT ? AZ_LINE_HILBERT : AZ_LINE_PRIMITIVE;
        int parity = g->half ? u->trial_parity : 0;
        for (int s = 0; s < g->n_sets; s++) {
            u->map[s] = -1;
            if (g->sets[s].step_of[u->node] < 0) continue;
            u->map[s] = find_map(g, kind, parity, s);
            u->values[s] = az_doubles((size_t)g->sets[s].n_pad);
            if (u->map[s] < 0 || !u->values[s]) return AZ_ENOMEM;
        }
    }
    return AZ_OK;
}

/* The program's own copy of the graph: the constructors in order give every node its old index. */
static az_status copy_graph(az_graph *to, const az_graph *from)
{
    az_graph_init(to);
    to->node = az_alloc_array((size_t)from->cap, sizeof *to->node);
    to->point = az_alloc_array((size_t)from->cap_points + 1, sizeof *to->point);
    to->table = az_alloc_array((size_t)from->table_size, sizeof *to->table);
    if (!to->node || !to->point || !to->table) return AZ_ENOMEM;
    memcpy(to->node, from->node, sizeof *to->node * (size_t)from->n);
    memcpy(to->table, from->table, sizeof *to->table * (size_t)from->table_size);
    if (from->n_points) memcpy(to->point, from->point, sizeof *to->point * (size_t)from->n_points);
    to->n = from->n, to->cap = from->cap;
    to->n_points = from->n_points, to->cap_points = from->cap_points + 1;
    to->table_size = from->table_size;
    return AZ_OK;
}

static az_status build(az_program *g, const az_program_setup *u, az_error *err)
{
    az_status st = copy_graph(&g->graph, &g->p->graph);
    if (!st && u->edge) {
        st = az_line_grid_make(&g->grid, u->edge, u->n_edges, g->p->coord[0].scale);
        g->has_grid = !st;
        g->half = u->edge[0] == 0;
    }
    if (!st) st = rows(g, u);
    if (!st) st = probes(g, u->probe, u->probe_rows);
    if (!st) st = globals(g, err);
    for (int s = 0; s < g->n_sets && !st; s++) st = az_plan_set(g, s, err);
    if (!st) st = operator_maps(g);
    if (!st) st = az_plan_tasks(g);
    for (int s = 0; s < g->n_sets && !st; s++) st = az_frames_create(g, s);
    return st;
}

az_status az_program_create(az_program **out, const az_problem *p, const az_program_setup *setup, az_error *err)
{
    az_program *g = az_calloc(1, sizeof *g);
    *out = NULL;
    if (!g) return az_fail(err, AZ_ENOMEM, "out of memory");
    g->p = p;
    g->threads = setup->threads;
    az_status st = build(g, setup, err);
    if (!st) {
        *out = g;
        return AZ_OK;
    }
    if (st == AZ_ELIMIT && setup->n_edges - 1 > AZ_MAX_PANELS)
        az_fail(err, st, "the residual of '%s' asks for more than %d panels: it is not smooth where they gather", p->name, AZ_MAX_PANELS);
    if (st == AZ_ENOMEM) az_fail(err, AZ_ENOMEM, "out of memory while preparing the residual of '%s'", p->name);
    az_program_destroy(g);
    return st;
}

static void clear_global(az_program *g, global *u)
{
    for (int s = 0; s < g->n_sets; s++) {
        if (u->values) az_doubles_free(u->values[s]);
        if (u->image) az_doubles_free(u->image[s]);
    }
    az_realloc(u->values, 0);
    az_realloc(u->image, 0);
    az_realloc(u->map, 0);
    az_doubles_free(u->operand);
    az_doubles_free(u->jacobian);
}

void az_program_destroy(az_program *g)
{
    if (!g) return;
    for (int s = 0; s < g->n_sets; s++) az_frames_clear(g, s);
    az_plan_clear(g);
    for (int k = 0; k < g->n_globals; k++) clear_global(g, &g->globals[k]);
    for (int k = 0; k < g->n_maps; k++) az_line_map_clear(&g->maps[k].map);
    for (int k = 0; g->probe && k < g->n_probes; k++) az_doubles_free(g->probe[k]);
    for (int s = 0; s < g->n_sets; s++) {
        for (int c = 0; c < AZ_MAX_DIM; c++) az_doubles_free(g->sets[s].x[c]);
        az_doubles_free(g->sets[s].packed);
        az_doubles_free(g->sets[s].z);
        az_realloc(g->sets[s].sinks, 0);
    }
    az_realloc(g->probe, 0);
    az_realloc(g->sets, 0);
    az_realloc(g->globals, 0);
    az_realloc(g->maps, 0);
    az_realloc(g->row_first, 0);
    az_realloc(g->row_count, 0);
    az_realloc(g->row_set, 0);
    az_realloc(g->seed_layout, 0);
    az_line_grid_clear(&g->grid);
    az_graph_clear(&g->graph);
    az_realloc(g, 0);
}

int az_program_rows(const az_program *g) { return g->n_rows; }

void az_program_row_range(const az_program *g, int k, int *first, int *count)
{
    *first = g->row_first[k];
    *count = g->row_count[k];
}

const double *az_program_row_points(const az_program *g, int k) { return g->sets[g->row_set[k]].packed; }

const double *az_program_probe_point(const az_program *g, int i)
{
    const pointset *s = &g->sets[g->probe_set];
    return s->packed + (size_t)(i % s->n) * (size_t)g->p->dim;
}

const double *az_program_probe(const az_program *g, int k) { return g->probe[k]; }
