/* nonfinite.c: which part of a statement is not finite, and where. Children come before their parents in a graph, so that
 * the first node without a finite value is where it begins. */
#include "solve/run.h"

#include <math.h>
#include <string.h>

#define SHOWN 48 /* bytes of an expression */

/* Nodes below `root`, in order; inputs of trials too. Their number. */
static int below(int *list, bool *mark, const az_problem *p, int root)
{
    const az_graph *g = &p->graph;
    int n = 0;

    mark[root] = true;
    for (int i = root; i >= 0; i--) {
        const az_node *t = &g->node[i];
        if (!mark[i]) continue;
        if (t->a >= 0) mark[t->a] = true;
        if (t->b >= 0) mark[t->b] = true;
        for (int k = 0; t->op == AZ_TRIAL && k < p->trial[t->index].n_inputs; k++) mark[p->trial[t->index].input[k]] = true;
    }
    for (int i = 0; i <= root; i++)
        if (mark[i]) list[n++] = i;
    return n;
}

az_status az_nodes_below(int **list, int *n, const az_problem *p, int root)
{
    bool *mark = az_calloc((size_t)p->graph.n, sizeof *mark);
    *list = az_calloc((size_t)p->graph.n, sizeof **list);
    const az_status st = mark && *list ? AZ_OK : AZ_ENOMEM;
    *n = st ? 0 : below(*list, mark, p, root);
    az_realloc(mark, 0);
    return st;
}

static void add(az_run *run, const char *text)
{
    const size_t n = strlen(run->note);
    snprintf(run->note + n, sizeof run->note - n, "%s", text);
}

static void add_expression(az_run *run, int node)
{
    az_text t = {0};
    az_problem_print(&t, run->p, node, true, SHOWN);
    if (!t.failed && t.s) add(run, t.s);
    az_text_clear(&t);
}

/* The part that decides: the base of a power, what a quotient is divided by, the argument of a function. */
static int decisive(const az_graph *g, int node)
{
    const az_node *t = &g->node[node];
    return t->op == AZ_DIV ? t->b : t->op == AZ_POW || t->op == AZ_FUNC ? t->a : -1;
}

/* By its name where it has one. */
static void add_part(az_run *run, int node)
{
    for (int i = 0; i < run->p->n_lets; i++)
        if (run->p->let[i].node == node) {
            add(run, run->p->let[i].name);
            return;
        }
    add_expression(run, node);
}

/* ": th^1.5, with th = -0.3" */
static void add_cause(az_run *run, const int *list, const double *value, int n, int scale)
{
    char number[40];
    int k = 0, part;

    while (k < n && isfinite(value[k])) k++;
    if (k == n) { /* of finite values: a quotient by the scale, or a derivative */
        for (int i = 0; i < n; i++)
            if (list[i] == scale && value[i] == 0) add(run, ": its scale is 0 there");
        return;
    }
    add(run, ": ");
    add_expression(run, list[k]);
    part = decisive(&run->p->graph, list[k]);
    for (int i = 0; i < k && part >= 0; i++) {
        if (list[i] != part || run->p->graph.node[part].op == AZ_CONST) continue;
        add(run, ", with ");
        add_part(run, part);
        snprintf(number, sizeof number, " = %.3g", value[i]);
        add(run, number);
    }
}

static void add_place(az_run *run, const double *x)
{
    const az_problem *p = run->p;
    for (int c = 0; c < p->dim; c++) {
        char text[AZ_MAX_NAME + 40];
        const double at = p->coord[c].open > 0 ? az_open_from_line(&p->coord[c], x[c]) : x[c];
        snprintf(text, sizeof text, "%s %s = %.6g", c ? "," : "", p->coord[c].name, at);
        add(run, text);
    }
}

static az_status name_row(az_run *run, int row, const double *x)
{
    const az_problem *p = run->p;
    const int root = p->row[row].scale > p->row[row].node ? p->row[row].scale : p->row[row].node;
    int *list = az_calloc((size_t)p->graph.n, sizeof *list), n = 0;
    bool *mark = az_calloc((size_t)p->graph.n, sizeof *mark);
    double *value = NULL;

    if (list && mark) {
        if (p->row[row].scale >= 0) mark[p->row[row].node] = mark[p->row[row].scale] = true;
        n = below(list, mark, p, root);
        value = az_doubles((size_t)n);
    }
    az_status st = value ? az_run_probe(run, value, 1, x, 1, list, n, NULL) : AZ_ENOMEM;
    snprintf(run->note, sizeof run->note, "line %d of the problem is not finite at", p->row[row].line);
    add_place(run, x);
    if (!st) add_cause(run, list, value, n, p->row[row].scale);
    az_realloc(list, 0);
    az_realloc(mark, 0);
    az_doubles_free(value);
    return st == AZ_ENOMEM ? az_fail(run->err, st, "out of memory") : AZ_OK;
}

az_status az_run_name_nonfinite(az_run *run)
{
    for (int k = 0; k < run->p->n_rows; k++) {
        int first, count;
        az_program_row_range(run->program, k, &first, &count);
        for (int i = 0; i < count; i++)
            if (!isfinite(run->residual[first + i]))
                return name_row(run, k, az_program_row_points(run->program, k) + i * run->p->dim);
    }
    return AZ_OK;
}
