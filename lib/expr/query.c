/* query.c: what an expression contains. Children come before parents, so each question is one loop over the nodes. */
#include "expr/expr.h"

#include <math.h>

#define MAX_ORDER 254 /* so that AZ_NO_TRIAL stays apart */

static int child_order(const unsigned char *order, int child)
{
    return child < 0 || order[child] == AZ_NO_TRIAL ? -1 : order[child];
}

void az_expr_orders(unsigned char *order, const az_graph *g, int trial, int coord)
{
    for (int i = 0; i < g->n; i++) {
        const az_node *t = &g->node[i];
        int a = child_order(order, t->a), b = child_order(order, t->b);
        int k = a > b ? a : b;

        if (t->op == AZ_TRIAL && t->index == trial) k = 0;
        if (t->op == AZ_D && k >= 0 && k < MAX_ORDER && (coord < 0 || t->index == coord)) k++;
        order[i] = k < 0 ? AZ_NO_TRIAL : (unsigned char)k;
    }
}

void az_expr_contents(bool *mark, const az_graph *g)
{
    for (int i = g->n - 1; i >= 0; i--) {
        if (!mark[i]) continue;
        if (g->node[i].a >= 0) mark[g->node[i].a] = true;
        if (g->node[i].b >= 0) mark[g->node[i].b] = true;
    }
}

void az_expr_operators(unsigned char *uses, const az_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const az_node *t = &g->node[i];

        uses[i] = (t->a < 0 ? 0 : uses[t->a]) | (t->b < 0 ? 0 : uses[t->b]);
        if (t->op == AZ_HILBERT) uses[i] |= AZ_USES_HILBERT;
        if (t->op == AZ_PRIMITIVE) uses[i] |= AZ_USES_PRIMITIVE;
    }
}

static int func_parity(az_func f, int a)
{
    switch (f) {
    case AZ_F_SIN:
    case AZ_F_TAN:
    case AZ_F_SINH:
    case AZ_F_TANH:
    case AZ_F_ASIN:
    case AZ_F_ATAN:
    case AZ_F_ASINH:
    case AZ_F_ATANH:
    case AZ_F_ERF: return a;
    case AZ_F_COS:
    case AZ_F_COSH:
    case AZ_F_SECH: return a ? 1 : 0;
    default: return a > 0 ? 1 : 0;
    }
}

static int power_parity(int a, double exponent)
{
    if (a >= 0 || exponent != floor(exponent)) return a > 0 ? 1 : 0;
    return fmod(exponent, 2) == 0 ? 1 : -1;
}

static int node_parity(const az_graph *g, const az_node *t, const signed char *parity, const signed char *trial_parity, int coord)
{
    int a = t->a < 0 ? 1 : parity[t->a], b = t->b < 0 ? 1 : parity[t->b];

    if (!(t->deps >> coord & 1)) return 1;
    switch (t->op) {
    case AZ_COORD: return -1;
    case AZ_TRIAL: return trial_parity[t->index];
    case AZ_ADD:
    case AZ_SUB: return a == b ? a : 0;
    case AZ_MUL:
    case AZ_DIV: return a * b;
    case AZ_NEG: return a;
    case AZ_POW: return power_parity(a, g->node[t->b].value);
    case AZ_FUNC: return func_parity((az_func)t->index, a);
    case AZ_D: return t->index == coord ? -a : a;
    case AZ_HILBERT:
    case AZ_PRIMITIVE: return -a;
    default: return 1;
    }
}

void az_expr_parities(signed char *parity, const az_graph *g, int coord, const signed char *trial_parity)
{
    for (int i = 0; i < g->n; i++) parity[i] = (signed char)node_parity(g, &g->node[i], parity, trial_parity, coord);
}
