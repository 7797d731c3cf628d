#include "residual/internal.h"

az_status az_node_parity(signed char *parity, const az_graph *g, const az_problem *p)
{
    signed char *trial = az_calloc((size_t)p->n_trials + 1, 1);
    if (!trial) return AZ_ENOMEM;
    for (int t = 0; t < p->n_trials; t++) trial[t] = (signed char)p->trial[t].parity[0];
    az_expr_parities(parity, g, 0, trial);
    az_realloc(trial, 0);
    return AZ_OK;
}

az_status az_problem_symmetric(bool *half, const az_problem *p)
{
    const az_coord_decl *x = &p->coord[0];
    *half = false;
    if (p->dim != 1 || x->range == AZ_HALF_LINE || (x->range == AZ_INTERVAL && x->lo != -x->hi)) return AZ_OK;
    signed char *parity = az_calloc((size_t)p->graph.n + 1, 1);
    az_status st = parity ? az_node_parity(parity, &p->graph, p) : AZ_ENOMEM;
    *half = !st;
    for (int k = 0; k < p->n_rows && !st; k++)
        if (p->row[k].kind == AZ_ROW_EQUATION && !parity[p->row[k].node]) *half = false;
    for (int i = 0; i < p->graph.n && !st; i++) {
        az_op op = p->graph.node[i].op;
        if ((op == AZ_HILBERT || op == AZ_PRIMITIVE) && !parity[p->graph.node[i].a]) *half = false;
    }
    az_realloc(parity, 0);
    return st;
}

az_status az_problem_half_line(bool *half, const az_problem *p)
{
    *half = false;
    return p->dim == 1 && p->coord[0].range == AZ_LINE ? az_problem_symmetric(half, p) : AZ_OK;
}
