/* reduce.c: a problem in which hilbert is taken of one expression X only is one about X. The rows are written again with X for a trial function, as a
 * graph whose leaves are derivatives of X and of its Hilbert transform and their primitives. What X was made of no longer matters, and must not
 * occur: then the Hardy space can take its place. */
#include "hardy/hardy.h"

#include <string.h>

typedef struct copier {
    az_reduced *r;
    const az_problem *p;
    int x;                      /* node of X in the problem */
    unsigned char *mark;        /* [p->graph.n] wanted */
    int *map;                   /* [p->graph.n] node in r->graph */
    az_error *err;
} copier;

#define MAX_SHOWN ((size_t)300) /* bytes of an expression in a message */

static az_status nomem(az_error *err)
{
    return az_fail(err, AZ_ENOMEM, "out of memory");
}

/* "the Hardy space does not apply: line 12: <format with the expression>" */
static az_status refuse(const copier *c, int line, const char *format, int node)
{
    az_text t = {0};

    az_problem_print(&t, c->p, node, true, MAX_SHOWN);
    az_status s = t.failed ? nomem(c->err) : AZ_OK;
    if (s == AZ_OK) {
        az_text u = {0};
        az_text_add(&u, format, t.s);
        s = u.failed ? nomem(c->err) : az_fail(c->err, AZ_EDOMAIN, "%s: line %d: the Hardy space does not apply: %s", c->p->origin, line, u.s);
        az_text_clear(&u);
    }
    az_text_clear(&t);
    return s;
}

static int strip(const az_graph *g, int node)
{
    while (g->node[node].op == AZ_D) node = g->node[node].a;
    return node;
}

/* Marks what a row needs, down to but not below X (once it is known, x >= 0). */
static void mark_below(copier *c, const int *root, int n)
{
    const az_graph *g = &c->p->graph;

    memset(c->mark, 0, (size_t)g->n);
    for (int i = 0; i < n; i++)
        if (root[i] >= 0) c->mark[root[i]] = 1;
    for (int i = g->n - 1; i >= 0; i--) {
        const az_node *t = &g->node[i];
        if (!c->mark[i] || i == c->x) continue;
        if (t->a >= 0) c->mark[t->a] = 1;
        if (t->b >= 0) c->mark[t->b] = 1;
    }
}

/* X is what the first hilbert is of; another operand is refused. */
static az_status find_x(copier *c)
{
    const az_graph *g = &c->p->graph;

    c->x = -1;
    for (int i = 0; i < c->p->n_rows; i++) {
        const az_row_decl *row = &c->p->row[i];
        mark_below(c, (const int[]){row->node, row->scale}, 2);
        for (int k = 0; k < g->n; k++) {
            if (!c->mark[k] || g->node[k].op != AZ_HILBERT) continue;
            int x = strip(g, g->node[k].a);
            if (c->x < 0) c->x = x;
            if (x != c->x) return refuse(c, row->line, "hilbert is taken of a second expression, %s", x);
        }
    }
    if (c->x >= 0) return AZ_OK;
    return az_fail(c->err, AZ_EDOMAIN, "%s: the Hardy space does not apply: no equation or condition uses hilbert", c->p->origin);
}

static az_status find_name(copier *c)
{
    const az_problem *p = c->p;
    signed char trial[AZ_MAX_TRIALS] = {0}, *parity = az_calloc((size_t)p->graph.n, 1);

    if (!parity) return nomem(c->err);
    for (int i = 0; i < p->n_trials; i++) trial[i] = (signed char)p->trial[i].parity[0];
    az_expr_parities(parity, &p->graph, 0, trial);
    bool odd = parity[c->x] < 0;
    az_free(parity);
    c->r->x_let = -1;
    for (int i = 0; i < p->n_lets; i++)
        if (p->let[i].node == c->x && (c->r->x_let < 0 || p->let[i].decay >= 0)) c->r->x_let = i;
    if (c->r->x_let < 0) return refuse(c, p->row[0].line, "hilbert is taken of %s, which has no name: give it one by let", c->x);
    c->r->name = p->let[c->r->x_let].name;
    if (!odd)
        return az_fail(c->err, AZ_EDOMAIN, "%s: the Hardy space does not apply: '%s' is not known to be odd", p->origin, c->r->name);
    if (p->let[c->r->x_let].decay < 0)
        return az_fail(c->err, AZ_EDOMAIN, "%s: the decay of '%s' is not known; add a statement such as: decay %s = 1", p->origin, c->r->name,
                       c->r->name);
    return AZ_OK;
}

static int copy_node(copier *c, int i)
{
    az_graph *to = &c->r->graph;
    const az_node *t = &c->p->graph.node[i];
    const int *map = c->map;

    if (i == c->x) return az_graph_trial(to, 0, 1);
    switch (t->op) {
    case AZ_CONST: return az_graph_const(to, t->value);
    case AZ_COORD: return az_graph_coord(to, t->index);
    case AZ_SCALAR: return az_graph_scalar(to, t->index);
    case AZ_ADD:
    case AZ_SUB:
    case AZ_MUL:
    case AZ_DIV:
    case AZ_POW: return az_graph_binary(to, t->op, map[t->a], map[t->b]);
    case AZ_NEG: return az_graph_neg(to, map[t->a]);
    case AZ_FUNC: return az_graph_func(to, (az_func)t->index, map[t->a]);
    case AZ_D: return az_graph_d(to, map[t->a], t->index);
    case AZ_HILBERT: return az_graph_hilbert(to, map[t->a]);
    case AZ_PRIMITIVE: return az_graph_primitive(to, map[t->a]);
    case AZ_AT: return az_graph_at(to, map[t->a], &c->p->graph.point[t->index]);
    case AZ_TRIAL: break;
    }
    return -1;
}

/* *out = the node of r->graph for this node of the problem. */
static az_status copy(copier *c, int *out, int node, int line)
{
    mark_below(c, &node, 1);
    for (int i = 0; i <= node; i++) {
        if (!c->mark[i]) continue;
        const az_node *t = &c->p->graph.node[i];
        if (t->op == AZ_TRIAL && i != c->x) return refuse(c, line, "the trial %s occurs outside the expression that hilbert is taken of", i);
        c->map[i] = copy_node(c, i);
        if (c->map[i] < 0) return az_fail(c->err, c->r->graph.status, "the rewritten equations are too large");
    }
    *out = c->map[node];
    return AZ_OK;
}

static bool is_trial(const az_graph *g, int node)
{
    return g->node[strip(g, node)].op == AZ_TRIAL;
}

static int depth(const az_graph *g, int node)
{
    int n = 0;

    for (; g->node[node].op == AZ_D; node = g->node[node].a) n++;
    return n;
}

/* Is node a leaf that the expansion gives? */
static bool is_atom(az_atom *a, const az_graph *g, int node)
{
    const az_node *t = &g->node[node];

    *a = (az_atom){.node = node};
    if (is_trial(g, node)) {
        a->order = depth(g, node);
        return a->kind = AZ_ATOM_X, true;
    }
    if (t->op == AZ_HILBERT && is_trial(g, t->a)) {
        a->order = depth(g, t->a);
        return a->kind = AZ_ATOM_H, true;
    }
    if (t->op != AZ_PRIMITIVE) return false;
    if (g->node[t->a].op == AZ_TRIAL) return a->kind = AZ_ATOM_PX, true;
    if (g->node[t->a].op == AZ_HILBERT && g->node[g->node[t->a].a].op == AZ_TRIAL) return a->kind = AZ_ATOM_PH, true;
    return false;
}

static az_status add_atom(copier *c, const az_atom *a)
{
    az_reduced *r = c->r;
    az_atom *grown = az_realloc(r->atom, (size_t)(r->n_atoms + 1) * sizeof *grown);

    if (!grown) return nomem(c->err);
    r->atom = grown;
    r->atom_of[a->node] = r->n_atoms;
    r->atom[r->n_atoms++] = *a;
    if (a->order + 1 > r->orders) r->orders = a->order + 1;
    return AZ_OK;
}

/* The list of a form: what is reached from its root, with atoms and values at points as leaves. */
static az_status list_form(copier *c, az_form *f)
{
    az_reduced *r = c->r;
    const az_graph *g = &r->graph;
    unsigned char *mark = az_calloc((size_t)g->n, 1);
    az_status s = AZ_OK;
    az_atom a;

    f->list = az_alloc_array((size_t)f->root + 1, sizeof *f->list);
    if (!mark || !f->list) s = nomem(c->err);
    if (s == AZ_OK) mark[f->root] = 1;
    for (int i = f->root; i >= 0 && s == AZ_OK; i--) {
        const az_node *t = &g->node[i];
        if (!mark[i]) continue;
        if (is_atom(&a, g, i)) {
            if (r->atom_of[i] < 0) s = add_atom(c, &a);
        } else if (t->op == AZ_PRIMITIVE || t->op == AZ_HILBERT) {
            s = az_fail(c->err, AZ_EDOMAIN, "%s: line %d: the Hardy space does not apply: a primitive is taken of something other than %s or hilbert(%s)",
                        c->p->origin, f->line, r->name, r->name);
        } else if (t->op != AZ_AT) {
            if (t->a >= 0) mark[t->a] = 1;
            if (t->b >= 0) mark[t->b] = 1;
        }
    }
    for (int i = 0; i <= f->root && s == AZ_OK; i++)
        if (mark[i]) f->list[f->n++] = i;
    az_free(mark);
    return s;
}

static az_status copy_row(copier *c, az_form *f, const az_row_decl *row)
{
    int scale;

    *f = (az_form){.at = row->fixed != 0, .x = row->at.x[0], .line = row->line};
    az_status s = copy(c, &f->root, row->node, row->line);
    if (s != AZ_OK || row->scale < 0) return s;
    s = copy(c, &scale, row->scale, row->line);
    if (s != AZ_OK) return s;
    f->root = az_graph_binary(&c->r->graph, AZ_DIV, f->root, scale);
    return f->root < 0 ? nomem(c->err) : AZ_OK;
}

/* The rows, the gauge where no pin fixes the amplitude, and the exponent. */
static az_status copy_rows(copier *c)
{
    const az_problem *p = c->p;
    az_reduced *r = c->r;
    az_status s = AZ_OK;

    r->gauge = true;
    r->row = az_calloc((size_t)p->n_rows + 1, sizeof *r->row);
    if (!r->row) return nomem(c->err);
    for (int i = 0; i < p->n_rows && s == AZ_OK; i++) {
        s = copy_row(c, &r->row[r->n_rows++], &p->row[i]);
        if (p->row[i].kind == AZ_ROW_PIN) r->gauge = false;
    }
    if (s == AZ_OK) s = copy(c, &r->exponent.root, p->let[r->x_let].decay, p->row[0].line);
    if (s != AZ_OK || !r->gauge) return s;
    int slope = az_graph_d(&r->graph, az_graph_trial(&r->graph, 0, 1), 0);
    r->row[r->n_rows++] = (az_form){.root = slope, .at = true};
    return slope < 0 ? nomem(c->err) : AZ_OK;
}

static az_status list_forms(copier *c)
{
    az_reduced *r = c->r;
    az_graph *g = &r->graph;
    const size_t n = (size_t)g->n;
    az_status s = AZ_OK;

    r->atom_of = az_alloc_array(n, sizeof *r->atom_of);
    r->value_of = az_alloc_array(n, sizeof *r->value_of);
    r->value = az_calloc(n, sizeof *r->value);
    if (!r->atom_of || !r->value_of || !r->value) return nomem(c->err);
    for (size_t i = 0; i < n; i++) r->atom_of[i] = r->value_of[i] = -1;
    r->orders = 2;
    for (int i = 0; i < g->n && s == AZ_OK; i++) {
        const az_node *t = &g->node[i];
        if (t->op != AZ_AT) continue;
        r->value_of[i] = r->n_values;
        r->value[r->n_values] = (az_form){.root = t->a, .at = true, .x = g->point[t->index].x[0]};
        s = list_form(c, &r->value[r->n_values++]);
    }
    for (int i = 0; i < r->n_rows && s == AZ_OK; i++) s = list_form(c, &r->row[i]);
    if (s == AZ_OK) s = list_form(c, &r->exponent);
    return s;
}

az_status az_reduce(az_reduced *r, const az_problem *p, az_error *err)
{
    copier c = {.r = r, .p = p, .x = -1, .err = err};
    az_status s = AZ_OK;

    *r = (az_reduced){.problem = p};
    az_graph_init(&r->graph);
    r->graph.expand = true;
    if (p->dim != 1 || p->coord[0].range != AZ_LINE || p->coord[0].open > 0)
        return az_fail(err, AZ_EDOMAIN, "%s: the Hardy space does not apply: it needs one coordinate, on the line", p->origin);
    c.mark = az_alloc_array((size_t)p->graph.n, 1);
    c.map = az_alloc_array((size_t)p->graph.n, sizeof *c.map);
    if (!c.mark || !c.map) s = nomem(err);
    if (s == AZ_OK) s = find_x(&c);
    if (s == AZ_OK) s = find_name(&c);
    if (s == AZ_OK) s = copy_rows(&c);
    if (s == AZ_OK) s = list_forms(&c);
    az_free(c.mark);
    az_free(c.map);
    if (s != AZ_OK) az_reduced_clear(r);
    return s;
}

void az_reduced_clear(az_reduced *r)
{
    for (int i = 0; r->row && i < r->n_rows; i++) az_free(r->row[i].list);
    for (int i = 0; r->value && i < r->n_values; i++) az_free(r->value[i].list);
    az_free(r->exponent.list);
    az_free(r->row);
    az_free(r->value);
    az_free(r->value_of);
    az_free(r->atom_of);
    az_free(r->atom);
    az_graph_clear(&r->graph);
    *r = (az_reduced){0};
}
