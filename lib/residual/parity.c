#include "residual/internal.h"

#include <math.h>

static int of_func(az_func f, int a)
{
    switch (f) {
    case AZ_F_COS:
    case AZ_F_COSH: return a ? AZ_EVEN : 0;
    case AZ_F_SIN:
    case AZ_F_TAN:
    case AZ_F_SINH:
    case AZ_F_TANH:
    case AZ_F_ASIN:
    case AZ_F_ATAN:
    case AZ_F_ASINH:
    case AZ_F_ATANH:
    case AZ_F_ERF: return a;
    default: return a == AZ_EVEN ? AZ_EVEN : 0;
    }
}

static int of_power(const az_graph *g, const az_node *t, int a)
{
    if (a == AZ_EVEN) return AZ_EVEN;
    double s = g->node[t->b].op == AZ_CONST ? g->node[t->b].value : NAN;
    if (a != AZ_ODD || !(floor(s) == s) || fabs(s) > 1e6) return 0;
    return fmod(s, 2) == 0 ? AZ_EVEN : AZ_ODD;
}

void az_node_parity(signed char *parity, const az_graph *g, const az_problem *p)
{
    for (int i = 0; i < g->n; i++) {
        const az_node *t = &g->node[i];
        int a = t->a >= 0 ? parity[t->a] : 0, b = t->b >= 0 ? parity[t->b] : 0, s = 0;
        switch (t->op) {
        case AZ_CONST:
        case AZ_SCALAR:
        case AZ_AT: s = AZ_EVEN; break;
        case AZ_COORD: s = AZ_ODD; break;
        case AZ_TRIAL: s = p->trial[t->index].parity[0]; break;
        case AZ_ADD:
        case AZ_SUB: s = a == b ? a : 0; break;
        case AZ_MUL:
        case AZ_DIV: s = a * b; break;
        case AZ_NEG: s = a; break;
        case AZ_POW: s = of_power(g, t, a); break;
        case AZ_FUNC: s = of_func((az_func)t->index, a); break;
        case AZ_D:
        case AZ_HILBERT:
        case AZ_PRIMITIVE: s = -a; break;
        }
        parity[i] = (signed char)s;
    }
}

bool az_problem_nonlocal(const az_problem *p)
{
    for (int i = 0; i < p->graph.n; i++)
        if (p->graph.node[i].op == AZ_HILBERT || p->graph.node[i].op == AZ_PRIMITIVE) return true;
    return false;
}

bool az_problem_half_line(const az_problem *p)
{
    if (p->dim != 1 || p->coord[0].range != AZ_LINE) return false;
    signed char *parity = az_calloc((size_t)p->graph.n + 1, 1);
    if (!parity) return false;
    az_node_parity(parity, &p->graph, p);
    bool half = true;
    for (int k = 0; k < p->n_rows; k++)
        if (p->row[k].kind == AZ_ROW_EQUATION && !parity[p->row[k].node]) half = false;
    for (int i = 0; i < p->graph.n; i++) {
        az_op op = p->graph.node[i].op;
        if ((op == AZ_HILBERT || op == AZ_PRIMITIVE) && !parity[p->graph.node[i].a]) half = false;
    }
    az_realloc(parity, 0);
    return half;
}
