/* describe.c: a problem in words and tables. */
#include "problem/problem.h"

#include <math.h>
#include <string.h>

#define MAX_SHOWN ((size_t)2000) /* bytes of one expression */

static const char *leaf_name(const void *data, az_op op, int index)
{
    const az_problem *p = data;

    switch (op) {
    case AZ_COORD: return p->coord[index].open > 0 ? p->coord[index].line : p->coord[index].name;
    case AZ_SCALAR: return p->scalar[index].name;
    default: return p->trial[index].name;
    }
}

/* y or edge(y) of an open interval. */
static const char *open_name(const az_problem *p, int node)
{
    for (int c = 0; c < p->dim; c++)
        if (p->coord[c].open > 0 && (node == p->coord[c].y || node == p->coord[c].e)) return node == p->coord[c].y ? p->coord[c].name : p->coord[c].edge;
    return NULL;
}

/* Lets that are a bare number, coordinate, scalar or trial stay as they are; of several names for one node the first is taken. */
static const char *alias_name(const void *data, int node)
{
    const az_problem *p = data;
    az_op op = p->graph.node[node].op;

    if (op == AZ_CONST || op == AZ_COORD || op == AZ_SCALAR) return NULL;
    if (open_name(p, node)) return open_name(p, node);
    for (int i = 0; i < p->n_lets; i++)
        if (p->let[i].node == node && (op != AZ_TRIAL || p->let[i].field)) return p->let[i].name;
    return NULL;
}

void az_problem_print(az_text *out, const az_problem *p, int node, bool aliases, size_t max_bytes)
{
    az_expr_names names = {.dim = p->dim, .leaf = leaf_name, .alias = aliases ? alias_name : NULL, .data = p};

    if (aliases && open_name(p, node)) az_text_add(out, "%s", open_name(p, node));
    else az_expr_print(out, &p->graph, node, &names, max_bytes);
}

static void add_number(az_text *t, const char *before, double value)
{
    char number[32];

    az_expr_number(number, value);
    az_text_add(t, "%s%s", before, number);
}

static void add_range(az_text *t, double lo, double hi)
{
    add_number(t, "[", lo);
    add_number(t, ", ", hi);
    az_text_add(t, "]");
}

static void add_coords(az_text *t, const az_problem *p)
{
    az_text_add(t, "\ncoordinates\n");
    for (int c = 0; c < p->dim; c++) {
        const az_coord_decl *x = &p->coord[c];
        az_text_add(t, "  %s: ", x->name);
        if (x->range == AZ_INTERVAL) {
            az_text_add(t, x->time ? "time in " : "");
            add_range(t, x->lo, x->hi);
            az_text_add(t, x->periodic ? ", periodic\n" : "\n");
        } else if (x->open > 0) {
            add_number(t, "open interval (", -x->open);
            add_number(t, ", ", x->open);
            if (x->open == 1) az_text_add(t, "), solved in %s = sinh(z), %s = tanh(z/2)\n", x->line, x->name);
            else {
                az_text_add(t, "), solved in %s = sinh(z), %s = ", x->line, x->name);
                add_number(t, "", x->open);
                az_text_add(t, "*tanh(z/2)\n");
            }
        } else {
            add_number(t, x->range == AZ_LINE ? "line, scale " : "half-line, scale ", x->scale);
            az_text_add(t, "\n");
        }
    }
}

static void add_scalars(az_text *t, const az_problem *p)
{
    for (int i = 0; i < p->n_scalars; i++) {
        const az_scalar_decl *s = &p->scalar[i];
        if (i == 0 && !s->unknown) az_text_add(t, "\nparameters\n");
        if (i == p->n_parameters) az_text_add(t, "\nunknowns\n");
        az_text_add(t, "  %s", s->name);
        add_number(t, s->defect ? ": a defect, held at " : s->unknown ? ": start " : " = ", s->value);
        if (s->unknown && (isfinite(s->lo) || isfinite(s->hi))) {
            az_text_add(t, ", in ");
            add_range(t, s->lo, s->hi);
        }
        if (s->penalty > 0) add_number(t, ", outside with a penalty of weight ", s->penalty);
        az_text_add(t, "\n");
    }
}

static void add_trials(az_text *t, const az_problem *p)
{
    az_text_add(t, "\ntrials\n");
    for (int i = 0; i < p->n_trials; i++) {
        const az_trial_decl *f = &p->trial[i];
        az_text_add(t, "  %s", f->name);
        for (int c = 0; c < p->dim; c++)
            if (f->parity[c]) az_text_add(t, ", %s in %s", f->parity[c] == AZ_EVEN ? "even" : "odd", p->coord[c].name);
        az_text_add(t, "\n");
        for (int k = 0; k < f->n_inputs; k++) {
            az_text_add(t, "    input %d: ", k + 1);
            az_problem_print(t, p, f->input[k], true, MAX_SHOWN);
            az_text_add(t, "\n");
        }
    }
}

static void add_operators(az_text *t, const char *before, unsigned uses, const char *after)
{
    if (!uses) return;
    az_text_add(t, "%s%s%s%s%s", before, uses & AZ_USES_HILBERT ? "hilbert" : "", uses == (AZ_USES_HILBERT | AZ_USES_PRIMITIVE) ? ", " : "",
                uses & AZ_USES_PRIMITIVE ? "primitive" : "", after);
}

static void add_lets(az_text *t, const az_problem *p, const unsigned char *uses)
{
    if (p->n_lets) az_text_add(t, "\nfields and lets\n");
    for (int i = 0; i < p->n_lets; i++) {
        az_text_add(t, "  %s%s = ", p->let[i].field ? "field " : "", p->let[i].name);
        az_problem_print(t, p, p->let[i].node, true, MAX_SHOWN);
        add_operators(t, "  (uses ", uses[p->let[i].node], ")");
        if (p->let[i].decay >= 0) {
            az_text_add(t, "  (decay ");
            az_problem_print(t, p, p->let[i].decay, true, MAX_SHOWN);
            az_text_add(t, ")");
        }
        az_text_add(t, "\n");
    }
}

static void add_place(az_text *t, const az_problem *p, const az_row_decl *r)
{
    const char *before = r->fixed == (1u << p->dim) - 1 ? "    one row, at the point " : "    one row per point, on ";

    if (!r->fixed) az_text_add(t, "    one row per point, in the whole domain");
    else if ((r->kind == AZ_ROW_PIN || r->kind == AZ_ROW_SELECT) && !p->graph.node[r->node].deps)
        az_text_add(t, "    one row, independent of the coordinates");
    else
        for (int c = 0; c < p->dim; c++) {
            if (!(r->fixed >> c & 1)) continue;
            az_text_add(t, "%s%s", before, p->coord[c].name);
            if (p->coord[c].open > 0) az_text_add(t, " = %.15g", az_open_from_line(&p->coord[c], r->at.x[c])); /* to and fro costs the last digit */
            else add_number(t, " = ", r->at.x[c]);
            before = ", ";
        }
    if (r->weight != 1) add_number(t, ", weight ", r->weight);
    az_text_add(t, "\n");
}

/* Highest derivatives of each trial in each coordinate, over the row and its scale: order[n_rows][n_trials][dim]. */
static void find_orders(unsigned char *order, unsigned char *scratch, const az_problem *p)
{
    const int pairs = p->n_trials * p->dim;

    for (int k = 0; k < pairs; k++) {
        az_expr_orders(scratch, &p->graph, k / p->dim, k % p->dim);
        for (int i = 0; i < p->n_rows; i++) {
            unsigned char a = scratch[p->row[i].node], b = p->row[i].scale < 0 ? AZ_NO_TRIAL : scratch[p->row[i].scale];
            order[i * pairs + k] = a == AZ_NO_TRIAL || (b != AZ_NO_TRIAL && b > a) ? b : a;
        }
    }
}

static void add_orders(az_text *t, const az_problem *p, const unsigned char *order)
{
    const char *before = "    highest derivatives: ";

    for (int k = 0; k < p->n_trials; k++) {
        bool first = true;
        for (int c = 0; c < p->dim; c++) {
            int o = order[k * p->dim + c];
            if (o == AZ_NO_TRIAL || !(p->graph.node[p->trial[k].node].deps >> c & 1)) continue;
            if (first) az_text_add(t, "%s%s", before, p->trial[k].name);
            az_text_add(t, " %s:%d", p->coord[c].name, o);
            first = false;
        }
        if (!first) before = "; ";
    }
    if (*before == ';') az_text_add(t, "\n");
}

static void add_rows(az_text *t, const az_problem *p, const unsigned char *order, const unsigned char *uses)
{
    az_text_add(t, "\nequations and conditions\n");
    for (int i = 0; i < p->n_rows; i++) {
        const az_row_decl *r = &p->row[i];
        az_text_add(t, "  line %d: %s\n", r->line, r->text);
        add_place(t, p, r);
        add_orders(t, p, order + i * p->n_trials * p->dim);
        add_operators(t, "    operators: ", uses[r->node] | (r->scale < 0 ? 0 : uses[r->scale]), "\n");
    }
}

static void add_analytic(az_text *t, const az_problem *p)
{
    if (p->n_analytic) az_text_add(t, "\nsmooth where the equations are singular\n");
    for (int i = 0; i < p->n_analytic; i++) {
        az_text_add(t, "  line %d: ", p->analytic[i].line);
        az_problem_print_analytic(t, p, i);
        az_text_add(t, "\n    elements: one of high degree there, which no refinement cuts; all spaces: solved again with"
                       " twice the functions,\n    and the Chebyshev coefficients there must fall geometrically\n");
    }
}

static void add_answers(az_text *t, const az_problem *p)
{
    if (p->tolerance > 0) add_number(t, "\ntolerance of networks\n  ", p->tolerance), az_text_add(t, "\n");
    if (p->n_flows) az_text_add(t, "\nflows\n");
    for (int i = 0; i < p->n_flows; i++) {
        az_text_add(t, "  %s = ", p->flow[i].name);
        for (int c = 0; c < p->dim; c++) {
            az_text_add(t, "%s", c ? ", " : "");
            az_problem_print(t, p, p->flow[i].component[c], true, MAX_SHOWN);
        }
        az_text_add(t, "\n");
    }
    if (p->n_derived) az_text_add(t, "\nderived numbers\n");
    for (int i = 0; i < p->n_derived; i++) {
        az_text_add(t, "  %s = ", p->derived[i].text);
        az_problem_print(t, p, p->derived[i].node, true, MAX_SHOWN);
        az_text_add(t, "\n");
    }
    if (p->n_notes) az_text_add(t, "\nnotes\n");
    for (int i = 0; i < p->n_notes; i++) az_text_add(t, "  %s\n", p->note[i]);
}

az_status az_problem_describe(const az_problem *p, char **text, az_error *err)
{
    const size_t n = (size_t)p->graph.n;
    unsigned char *order = az_calloc((size_t)p->n_rows * (size_t)p->n_trials, (size_t)p->dim), *scratch = az_calloc(n, 1);
    az_text t = {.failed = !order || !scratch};

    *text = NULL;
    if (!t.failed) {
        find_orders(order, scratch, p);
        az_expr_operators(scratch, &p->graph);
        az_text_add(&t, "problem %s: %s\n", p->name, p->title);
        add_coords(&t, p);
        add_scalars(&t, p);
        add_trials(&t, p);
        add_lets(&t, p, scratch);
        add_rows(&t, p, order, scratch);
        add_analytic(&t, p);
        add_answers(&t, p);
    }
    az_free(order);
    az_free(scratch);
    if (t.failed) {
        az_text_clear(&t);
        return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    *text = t.s;
    return AZ_OK;
}
