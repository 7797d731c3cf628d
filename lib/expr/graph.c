/* graph.c: building expression graphs. Every node passes `intern`, which returns the existing node when there is one, so that equal
 * expressions share an index and later stages evaluate them once. Sums and products keep the order in which they were first written. */
#include "expr/expr.h"

#include <math.h>
#include <string.h>

#define FIRST_NODES 64
#define FIRST_POINTS 8
#define NONE (-2) /* no simplification applies */

bool az_graph_equal(double a, double b)
{
    return !memcmp(&a, &b, sizeof a);
}

void az_graph_init(az_graph *g)
{
    *g = (az_graph){.status = AZ_OK};
}

void az_graph_clear(az_graph *g)
{
    az_free(g->node);
    az_free(g->point);
    az_free(g->table);
    az_graph_init(g);
}

static int fail(az_graph *g, az_status s)
{
    g->status = s;
    return -1;
}

static bool same(const az_node *p, const az_node *q)
{
    return p->op == q->op && p->a == q->a && p->b == q->b && p->index == q->index && az_graph_equal(p->value, q->value);
}

static uint64_t hash(const az_node *t)
{
    struct {
        int32_t op, a, b, index;
        double value;
    } key = {(int32_t)t->op, t->a, t->b, t->index, t->value};

    uint64_t h = az_hash_bytes(AZ_HASH_START, &key, sizeof key);
    return h ^ h >> 32;
}

/* The slot of t, or the empty slot where it belongs. The table is never full. */
static int *slot(const az_graph *g, const az_node *t)
{
    unsigned mask = (unsigned)g->table_size - 1, i = (unsigned)hash(t) & mask;

    while (g->table[i] && !same(&g->node[g->table[i] - 1], t)) i = (i + 1) & mask;
    return &g->table[i];
}

static bool grow(az_graph *g)
{
    int cap = g->cap ? 2 * g->cap : FIRST_NODES;

    az_node *node = az_realloc(g->node, (size_t)cap * sizeof *node);
    if (!node) return false;
    g->node = node;
    int *table = az_calloc((size_t)cap * 2, sizeof *table);
    if (!table) return false;
    az_free(g->table);
    g->table = table;
    g->table_size = 2 * cap;
    g->cap = cap;
    for (int i = 0; i < g->n; i++) *slot(g, &g->node[i]) = i + 1;
    return true;
}

static bool below_nonlocal(const az_graph *g, int a)
{
    return a >= 0 && g->node[a].nonlocal;
}

static int intern(az_graph *g, az_node t)
{
    int *s = g->table_size ? slot(g, &t) : NULL;

    if (s && *s) return *s - 1;
    if (g->n >= AZ_MAX_NODES) return fail(g, AZ_ELIMIT);
    t.nonlocal = t.op == AZ_HILBERT || t.op == AZ_PRIMITIVE || (t.op != AZ_AT && (below_nonlocal(g, t.a) || below_nonlocal(g, t.b)));
    t.slope_coord = -1;
    if (g->n == g->cap) {
        if (!grow(g)) return fail(g, AZ_ENOMEM);
        s = slot(g, &t);
    }
    g->node[g->n] = t;
    *s = ++g->n;
    return g->n - 1;
}

static bool is_const(const az_graph *g, int a)
{
    return g->node[a].op == AZ_CONST;
}

static bool is_value(const az_graph *g, int a, double value)
{
    return is_const(g, a) && g->node[a].value == value;
}

int az_graph_const(az_graph *g, double value)
{
    return intern(g, (az_node){.op = AZ_CONST, .a = -1, .b = -1, .index = -1, .value = value});
}

int az_graph_coord(az_graph *g, int coord)
{
    return intern(g, (az_node){.op = AZ_COORD, .a = -1, .b = -1, .index = coord, .deps = 1u << coord});
}

int az_graph_scalar(az_graph *g, int slot_index)
{
    return intern(g, (az_node){.op = AZ_SCALAR, .a = -1, .b = -1, .index = slot_index});
}

int az_graph_trial(az_graph *g, int trial, unsigned deps)
{
    return intern(g, (az_node){.op = AZ_TRIAL, .a = -1, .b = -1, .index = trial, .deps = deps});
}

static int unary(az_graph *g, az_op op, int index, int a, unsigned deps)
{
    return intern(g, (az_node){.op = op, .a = a, .b = -1, .index = index, .deps = deps});
}

int az_graph_neg(az_graph *g, int a)
{
    if (a < 0) return -1;
    if (is_const(g, a)) return az_graph_const(g, -g->node[a].value);
    if (g->node[a].op == AZ_NEG) return g->node[a].a;
    return unary(g, AZ_NEG, -1, a, g->node[a].deps);
}

int az_graph_func(az_graph *g, az_func f, int a)
{
    if (a < 0) return -1;
    if (is_const(g, a)) {
        double v = az_func_value(f, g->node[a].value);
        if (isfinite(v)) return az_graph_const(g, v);
    }
    return unary(g, AZ_FUNC, (int)f, a, g->node[a].deps);
}

static double apply(az_op op, double x, double y)
{
    switch (op) {
    case AZ_ADD: return x + y;
    case AZ_SUB: return x - y;
    case AZ_MUL: return x * y;
    case AZ_DIV: return x / y;
    case AZ_POW: return pow(x, y);
    default: return NAN;
    }
}

/* x+0, 0+x, x-0, 0-x, x*1, 1*x, x*0, 0*x, x/1, x^0, x^1. */
static int simplify(az_graph *g, az_op op, int a, int b)
{
    switch (op) {
    case AZ_ADD:
        if (is_value(g, b, 0)) return a;
        if (is_value(g, a, 0)) return b;
        break;
    case AZ_SUB:
        if (is_value(g, b, 0)) return a;
        if (is_value(g, a, 0)) return az_graph_neg(g, b);
        break;
    case AZ_MUL:
        if (is_value(g, b, 1)) return a;
        if (is_value(g, a, 1)) return b;
        if (is_value(g, a, 0) || is_value(g, b, 0)) return az_graph_const(g, 0);
        break;
    case AZ_DIV:
    case AZ_POW:
        if (is_value(g, b, 1)) return a;
        if (op == AZ_POW && is_value(g, b, 0)) return az_graph_const(g, 1);
        break;
    default: break;
    }
    return NONE;
}

int az_graph_binary(az_graph *g, az_op op, int a, int b)
{
    if (a < 0 || b < 0) return -1;
    if (op == AZ_POW && !is_const(g, b))
        return az_graph_func(g, AZ_F_EXP, az_graph_binary(g, AZ_MUL, b, az_graph_func(g, AZ_F_LOG, a)));
    if (is_const(g, a) && is_const(g, b)) {
        double v = apply(op, g->node[a].value, g->node[b].value);
        if (isfinite(v)) return az_graph_const(g, v);
    }
    int simple = simplify(g, op, a, b);
    if (simple != NONE) return simple;

    az_node t = {.op = op, .a = a, .b = b, .index = -1, .deps = g->node[a].deps | g->node[b].deps};
    if (op == AZ_ADD || op == AZ_MUL) {
        az_node swapped = t;
        swapped.a = b;
        swapped.b = a;
        int *s = slot(g, &swapped);
        if (*s) return *s - 1;
    }
    return intern(g, t);
}

/* Mixed derivatives are stored with the coordinates ascending outwards, so that d(u,x,y) and d(u,y,x) are one node. */
static int derive(az_graph *g, int a, int coord)
{
    int count[AZ_MAX_DIM] = {0};

    while (g->node[a].op == AZ_D && g->node[a].index > coord) {
        count[g->node[a].index]++;
        a = g->node[a].a;
    }
    count[coord]++;
    for (int c = coord; c < AZ_MAX_DIM; c++)
        for (int k = 0; k < count[c] && a >= 0; k++) a = unary(g, AZ_D, c, a, g->node[a].deps);
    return a;
}

#define MISSING (-2) /* not derived yet */

/* Derivatives of this node are carried down by the rules of calculus. */
static bool carried(const az_graph *g, const az_node *t)
{
    return t->nonlocal || (g->expand && t->op != AZ_TRIAL && t->op != AZ_D && t->op != AZ_COORD);
}

/* The derivative of a child, MISSING where it has to be carried down first. */
static int slope_of(az_graph *g, int a, int coord)
{
    const az_node *t = &g->node[a];

    if (!carried(g, t) || !(t->deps >> coord & 1)) return az_graph_d(g, a, coord);
    return t->slope_coord == coord ? t->slope : MISSING;
}

static int squared(az_graph *g, int a)
{
    return az_graph_binary(g, AZ_POW, a, az_graph_const(g, 2));
}

/* f'(a); y is f(a) */
static int func_slope(az_graph *g, az_func f, int a, int y)
{
    int one = az_graph_const(g, 1);

    switch (f) {
    case AZ_F_EXP: return y;
    case AZ_F_EXPM1: return az_graph_func(g, AZ_F_EXP, a);
    case AZ_F_LOG: return az_graph_binary(g, AZ_DIV, one, a);
    case AZ_F_LOG1P: return az_graph_binary(g, AZ_DIV, one, az_graph_binary(g, AZ_ADD, one, a));
    case AZ_F_SQRT: return az_graph_binary(g, AZ_DIV, az_graph_const(g, 0.5), y);
    case AZ_F_SIN: return az_graph_func(g, AZ_F_COS, a);
    case AZ_F_COS: return az_graph_neg(g, az_graph_func(g, AZ_F_SIN, a));
    case AZ_F_TAN: return az_graph_binary(g, AZ_ADD, one, squared(g, y));
    case AZ_F_SINH: return az_graph_func(g, AZ_F_COSH, a);
    case AZ_F_COSH: return az_graph_func(g, AZ_F_SINH, a);
    case AZ_F_TANH: return az_graph_binary(g, AZ_SUB, one, squared(g, y));
    case AZ_F_SECH: return az_graph_neg(g, az_graph_binary(g, AZ_MUL, y, az_graph_func(g, AZ_F_TANH, a)));
    case AZ_F_ASIN: return az_graph_binary(g, AZ_DIV, one, az_graph_func(g, AZ_F_SQRT, az_graph_binary(g, AZ_SUB, one, squared(g, a))));
    case AZ_F_ACOS: return az_graph_neg(g, func_slope(g, AZ_F_ASIN, a, y));
    case AZ_F_ATAN: return az_graph_binary(g, AZ_DIV, one, az_graph_binary(g, AZ_ADD, one, squared(g, a)));
    case AZ_F_ASINH: return az_graph_binary(g, AZ_DIV, one, az_graph_func(g, AZ_F_SQRT, az_graph_binary(g, AZ_ADD, one, squared(g, a))));
    case AZ_F_ATANH: return az_graph_binary(g, AZ_DIV, one, az_graph_binary(g, AZ_SUB, one, squared(g, a)));
    case AZ_F_ERF: return az_graph_binary(g, AZ_MUL, az_graph_const(g, M_2_SQRTPI), az_graph_func(g, AZ_F_EXP, az_graph_neg(g, squared(g, a))));
    case AZ_N_FUNC: break;
    }
    return -1;
}

/* The derivative of a carried node from those of its children; MISSING while one of them is. */
static int rule(az_graph *g, int i, int coord)
{
    const az_node t = g->node[i]; /* a copy: building moves the nodes */
    if (t.op == AZ_PRIMITIVE) return t.a;

    int da = t.a >= 0 ? slope_of(g, t.a, coord) : -1, db = t.b >= 0 && t.op != AZ_POW ? slope_of(g, t.b, coord) : 0;
    if (da == MISSING || db == MISSING) return MISSING;
    switch (t.op) {
    case AZ_ADD:
    case AZ_SUB: return az_graph_binary(g, t.op, da, db);
    case AZ_MUL: return az_graph_binary(g, AZ_ADD, az_graph_binary(g, AZ_MUL, da, t.b), az_graph_binary(g, AZ_MUL, t.a, db));
    case AZ_DIV: /* (a' - (a/b) b')/b */
        return az_graph_binary(g, AZ_DIV, az_graph_binary(g, AZ_SUB, da, az_graph_binary(g, AZ_MUL, i, db)), t.b);
    case AZ_NEG: return az_graph_neg(g, da);
    case AZ_POW: {
        int less = az_graph_binary(g, AZ_POW, t.a, az_graph_const(g, g->node[t.b].value - 1));
        return az_graph_binary(g, AZ_MUL, az_graph_binary(g, AZ_MUL, t.b, less), da);
    }
    case AZ_FUNC: return az_graph_binary(g, AZ_MUL, func_slope(g, (az_func)t.index, t.a, i), da);
    case AZ_HILBERT: return az_graph_hilbert(g, da);
    default: return -1;
    }
}

/* d(root) carried down to the operators, children first on a stack of our own: each node once. */
static int carry_down(az_graph *g, int root, int coord)
{
    int *stack = NULL, n = 0, cap = 0, next = root;

    while (next >= 0 || n) {
        if (next >= 0) {
            if (n == cap) {
                int *grown = az_realloc(stack, (size_t)(cap ? 2 * cap : FIRST_NODES) * sizeof *stack);
                if (!grown) {
                    g->status = AZ_ENOMEM;
                    break;
                }
                stack = grown;
                cap = cap ? 2 * cap : FIRST_NODES;
            }
            stack[n++] = next;
        }
        int i = stack[n - 1], d = rule(g, i, coord);
        if (d == -1) break;
        if (d == MISSING) {
            const az_node *t = &g->node[i];
            next = slope_of(g, t->a, coord) == MISSING ? t->a : t->b;
            continue;
        }
        g->node[i].slope = d;
        g->node[i].slope_coord = coord;
        next = -1;
        n--;
    }
    az_free(stack);
    return n || next >= 0 ? -1 : g->node[root].slope;
}

int az_graph_d(az_graph *g, int a, int coord)
{
    if (a < 0) return -1;
    if (!(g->node[a].deps >> coord & 1)) return az_graph_const(g, 0);
    if (g->node[a].op == AZ_COORD) return az_graph_const(g, 1);
    if (!carried(g, &g->node[a])) return derive(g, a, coord);
    int known = slope_of(g, a, coord);
    return known == MISSING ? carry_down(g, a, coord) : known;
}

int az_graph_hilbert(az_graph *g, int a)
{
    if (a < 0) return -1;
    if (!g->node[a].deps) return az_graph_const(g, 0); /* principal value */
    return unary(g, AZ_HILBERT, -1, a, g->node[a].deps);
}

int az_graph_primitive(az_graph *g, int a)
{
    if (a < 0) return -1;
    if (!g->node[a].deps) return az_graph_binary(g, AZ_MUL, a, az_graph_coord(g, 0));
    return unary(g, AZ_PRIMITIVE, -1, a, g->node[a].deps);
}

static int intern_point(az_graph *g, const az_point *p)
{
    for (int i = 0; i < g->n_points; i++)
        if (!memcmp(&g->point[i], p, sizeof *p)) return i;
    if (g->n_points >= AZ_MAX_POINTS) return fail(g, AZ_ELIMIT);
    if (g->n_points == g->cap_points) {
        int cap = g->cap_points ? 2 * g->cap_points : FIRST_POINTS;
        az_point *point = az_realloc(g->point, (size_t)cap * sizeof *point);
        if (!point) return fail(g, AZ_ENOMEM);
        g->point = point;
        g->cap_points = cap;
    }
    g->point[g->n_points] = *p;
    return g->n_points++;
}

int az_graph_at(az_graph *g, int a, const az_point *p)
{
    az_point q = {{0}};

    if (a < 0) return -1;
    az_node t = g->node[a];
    if (!t.deps) return a;
    if (t.op == AZ_COORD) return az_graph_const(g, p->x[t.index] + 0.0);
    for (int c = 0; c < AZ_MAX_DIM; c++)
        if (t.deps >> c & 1) q.x[c] = p->x[c] + 0.0; /* one zero */
    int i = intern_point(g, &q);
    return i < 0 ? -1 : unary(g, AZ_AT, i, a, 0);
}
