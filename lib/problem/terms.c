/* terms.c: what the two sides of a statement add up: the terms that its residual is measured by, and the parts that round when it is evaluated. */
#include "problem/parse.h"

#include <math.h>

#define DEEPEST 64 /* products, powers and derivatives below which no sum is looked for */
#define POWER_MAX 8 /* of a sum that is multiplied out */

/* A search in the graph of a problem. solved[n]: whether a node has anything in it that is solved for; nodes that are made later are looked at when asked. */
typedef struct search {
    az_problem *p;
    az_graph *g;
    bool *solved;
    int n, cap;
    bool failed;
} search;

static bool is_solved(search *s, int node)
{
    if (node >= s->cap) {
        const int cap = node + node / 2 + 1;
        bool *grown = az_realloc(s->solved, (size_t)cap * sizeof *grown);
        if (!grown) return !(s->failed = true);
        s->solved = grown, s->cap = cap;
    }
    for (; s->n <= node; s->n++) {
        const az_node *t = &s->g->node[s->n];
        const bool own =
            t->op == AZ_TRIAL || (t->op == AZ_SCALAR && t->index >= s->p->n_parameters);
        s->solved[s->n] = own || (t->a >= 0 && s->solved[t->a]) || (t->b >= 0 && s->solved[t->b]);
    }
    return s->solved[node];
}

/* Whether a node is the same number at every point: parameters and unknowns, not values of a field at a point. */
static bool is_number(const az_graph *g, int node)
{
    for (int k = 0; k < DEEPEST; k++) {
        const az_node *t = &g->node[node];
        if (t->op == AZ_CONST || t->op == AZ_SCALAR) return true;
        if (t->op != AZ_NEG && t->op != AZ_FUNC && t->op != AZ_POW) return false;
        node = t->a;
    }
    return false;
}

static bool split(search *s, int node, int *l, int *r, int depth);

/* (l + r)*f and f*(l + r) */
static bool split_product(search *s, int node, int *l, int *r, int depth)
{
    const az_node t = s->g->node[node]; /* a copy: building moves the nodes */
    for (int side = 0; side < (t.op == AZ_DIV ? 1 : 2); side++) {
        const int sum = side ? t.b : t.a, factor = side ? t.a : t.b;
        if (!split(s, sum, l, r, depth + 1)) continue;
        *l = az_graph_binary(s->g, t.op, *l, factor);
        *r = az_graph_binary(s->g, t.op, *r, factor);
        return true;
    }
    return false;
}

static bool split_power(search *s, int node, int *l, int *r, int depth)
{
    az_graph *g = s->g;
    const az_node t = g->node[node];
    const double k = g->node[t.b].op == AZ_CONST ? g->node[t.b].value : 0;
    if (!(k >= 2 && k <= POWER_MAX) || k != floor(k) || !split(s, t.a, l, r, depth + 1))
        return false;
    const int rest = az_graph_binary(g, AZ_POW, t.a, az_graph_const(g, k - 1));
    *l = az_graph_binary(g, AZ_MUL, rest, *l);
    *r = az_graph_binary(g, AZ_MUL, rest, *r);
    return true;
}

/* Whether a node is a sum once it is multiplied out, to within signs. What has nothing in it that is solved for, as x - 1e9, is data, and one part. */
static bool split(search *s, int node, int *l, int *r, int depth)
{
    const az_node t = s->g->node[node];
    if (depth > DEEPEST || !is_solved(s, node)) return false;
    switch (t.op) {
    case AZ_ADD:
    case AZ_SUB: *l = t.a, *r = t.b; return true;
    case AZ_NEG: return split(s, t.a, l, r, depth + 1);
    case AZ_MUL:
    case AZ_DIV: return split_product(s, node, l, r, depth);
    case AZ_POW: return split_power(s, node, l, r, depth);
    case AZ_D:
        if (t.nonlocal || !split(s, t.a, l, r, depth + 1)) return false;
        *l = az_graph_d(s->g, *l, t.index);
        *r = az_graph_d(s->g, *r, t.index);
        return true;
    default: return false;
    }
}

static bool is_zero(const az_graph *g, int node)
{
    return g->node[node].op == AZ_CONST && g->node[node].value == 0;
}

/* The parts of node, at most AZ_MAX_TERMS: what is more stays together. AZ_ENOMEM. */
static az_status find_parts(search *s, az_terms *out, int node)
{
    const az_graph *g = s->g;
    out->n = 1;
    out->node[0] = node;
    for (int i = 0; i < out->n && !s->failed;) {
        int l, r;
        if (out->n == AZ_MAX_TERMS || !split(s, out->node[i], &l, &r, 0)) {
            i++;
            continue;
        }
        if (l < 0 || r < 0)
            return g->status == AZ_ENOMEM ? AZ_ENOMEM
                                          : AZ_OK; /* no room for more nodes: as far as it came */
        out->node[i] = l;
        if (is_zero(g, l)) out->node[i] = r;
        else if (!is_zero(g, r)) out->node[out->n++] = r;
    }
    return s->failed ? AZ_ENOMEM : AZ_OK;
}

/* a, b and c of a - b + c, which is read from the left: what stands in parentheses is one term. */
static void add_side(search *s, az_terms *out, int node, int most)
{
    while (out->n < most - 1 && is_solved(s, node)) {
        const az_node *t = &s->g->node[node];
        if (t->op != AZ_ADD && t->op != AZ_SUB) break;
        out->node[out->n++] = t->b;
        node = t->a;
    }
    out->node[out->n++] = node;
}

/* The terms of both sides; one side is gone where it was 0. */
static void find_sides(search *s, az_terms *out, int node)
{
    while (s->g->node[node].op == AZ_NEG) node = s->g->node[node].a;
    const az_node t = s->g->node[node];
    out->n = 0;
    add_side(s, out, t.op == AZ_SUB ? t.a : node, AZ_MAX_TERMS / 2);
    if (t.op == AZ_SUB) add_side(s, out, t.b, AZ_MAX_TERMS);
}

static double length_of(const az_coord_decl *x)
{
    return x->range == AZ_INTERVAL ? 0.5 * (x->hi - x->lo) : x->scale;
}

/* A statement of one term has nothing that its residual could be compared with but what that term is made of: a derivative has the size of its function over
 * the length of the domain, f@0 that of f. -1 for anything else. */
static int unwrap(az_graph *g, const az_problem *p, int node)
{
    double factor = 1;
    bool found = false;
    while (node >= 0 && (g->node[node].op == AZ_D || g->node[node].op == AZ_NEG)) {
        const az_node *t = &g->node[node];
        if (t->op == AZ_D) factor /= length_of(&p->coord[t->index]), found = true;
        node = t->a;
    }
    return found && isfinite(factor) ? az_graph_binary(g, AZ_MUL, az_graph_const(g, factor), node)
                                     : -1;
}

/* f@0 as f: the same expression elsewhere. Factors stay. */
static int anywhere(az_graph *g, int node, int depth)
{
    const az_node t = g->node[node];
    if (depth > DEEPEST) return node;
    if (t.op == AZ_AT || t.op == AZ_NEG) return anywhere(g, t.a, depth + 1);
    if ((t.op != AZ_MUL && t.op != AZ_DIV) || t.deps) return node;
    const int a = anywhere(g, t.a, depth + 1), b = anywhere(g, t.b, depth + 1);
    return az_graph_binary(g, t.op, a, b);
}

static az_status find_terms(search *s, az_row_decl *row)
{
    az_problem *p = s->p;
    az_graph *g = s->g;
    az_status st = find_parts(s, &row->parts, row->node);
    find_sides(s, &row->terms, row->node);
    if (st) return st;
    if (row->terms.n == 1) row->terms = row->parts;
    row->over = row->terms;
    const bool equation = row->kind == AZ_ROW_EQUATION;
    for (int i = 0; i < row->over.n && !equation; i++)
        row->over.node[i] = anywhere(g, row->over.node[i], 0);
    if (row->terms.n == 1 && is_number(g, row->terms.node[0])) row->terms.n = row->over.n = 0;
    if (row->terms.n == 1 && equation)
        row->over.node[0] = row->terms.node[0] = unwrap(g, p, row->terms.node[0]);
    for (int i = 0; i < row->over.n; i++)
        if (row->over.node[i] < 0) row->terms.n = row->over.n = 0;
    return g->status == AZ_ENOMEM || s->failed ? AZ_ENOMEM : AZ_OK;
}

az_status az_problem_find_terms(az_problem *p)
{
    search s = {.p = p, .g = &p->graph};
    az_status st = AZ_OK;
    for (int k = 0; k < p->n_rows && !st; k++) st = find_terms(&s, &p->row[k]);
    az_free(s.solved);
    if (st != AZ_ENOMEM) p->graph.status = AZ_OK;
    return st;
}

#define CORE 3.0 /* scales of a coordinate without end */

bool az_problem_in_core(const az_problem *p, const double *x)
{
    for (int c = 0; c < p->dim; c++)
        if (p->coord[c].range != AZ_INTERVAL && !(fabs(x[c]) <= CORE * p->coord[c].scale))
            return false;
    return true;
}

#define VANISHED 1.5e-8 /* sqrt(eps) */

double az_term_measure(const az_row_decl *row, double core, double here)
{
    const bool equation = row->kind == AZ_ROW_EQUATION,
               own = row->terms.n > 1 && here > VANISHED * core;
    const double size = equation ? fmax(core, here) : own ? here : core;
    return size > 0 && isfinite(size) ? size : 1;
}

#define DECLARED_MOST \
    100.0 /* a declared scale may be larger than the terms of its equation by this: 6 for burgers, which divides by what its terms cancel to */

double az_term_ratio(double value, const double *scale, double size)
{
    if (!scale) return size > 0 ? value / size : value;
    const double declared = fabs(*scale) < AZ_SCALE_MIN ? 0 : value / *scale,
                 measured = size > 0 ? value / size / DECLARED_MOST : 0;
    return fabs(declared) >= fabs(measured) || isnan(declared) ? declared : measured;
}
