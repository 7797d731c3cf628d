/* query.c: what an expression contains. Children come before parents, so each question is one loop over the nodes. */
#include "expr/expr.h"

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

void az_expr_operators(unsigned char *uses, const az_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const az_node *t = &g->node[i];

        uses[i] = (t->a < 0 ? 0 : uses[t->a]) | (t->b < 0 ? 0 : uses[t->b]);
        if (t->op == AZ_HILBERT) uses[i] |= AZ_USES_HILBERT;
        if (t->op == AZ_PRIMITIVE) uses[i] |= AZ_USES_PRIMITIVE;
    }
}
