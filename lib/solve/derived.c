/* derived.c: numbers that follow from a solution, and what the errors of the unknowns leave of them, or the agreement with another solution. */
#include "solve/eval.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* used[slot]: the expression contains this number. *trials: and trials too. */
static az_status find_used(bool *used, bool *trials, const az_graph *g, int node)
{
    bool *mark = az_calloc((size_t)g->n, sizeof *mark);

    if (!mark) return AZ_ENOMEM;
    mark[node] = true;
    az_expr_contents(mark, g);
    *trials = false;
    for (int i = 0; i <= node; i++) {
        if (mark[i] && g->node[i].op == AZ_TRIAL) *trials = true;
        if (mark[i] && g->node[i].op == AZ_SCALAR) used[g->node[i].index] = true;
    }
    az_free(mark);
    return AZ_OK;
}

static az_status value_of(const az_result *r, double *value, int node, az_error *err)
{
    const az_problem *p = r->problem;
    double x[AZ_MAX_DIM];

    for (int c = 0; c < p->dim; c++) x[c] = p->coord[c].range == AZ_INTERVAL ? p->coord[c].lo : 0; /* anywhere: it does not depend on it */
    return az_eval_node(r, value, node, x, 1, NULL, err);
}

/* Sum of |dE/dx| * error of x; derivatives by central differences, whose own error, eps^(2/3), is far below a digit of an error. */
static az_status propagate(az_result *r, double *error, const bool *used, int node, az_error *err)
{
    const az_problem *p = r->problem;
    az_status st = AZ_OK;

    *error = 0;
    for (int i = p->n_parameters; i < p->n_scalars && !st; i++) {
        const double x = r->scalar[i], h = cbrt(DBL_EPSILON) * fmax(fabs(x), 1), given = r->unknown_error[i - p->n_parameters];
        double above = 0, below = 0;
        if (!used[i]) continue;
        r->scalar[i] = x + h;
        st = value_of(r, &above, node, err);
        r->scalar[i] = x - h;
        if (!st) st = value_of(r, &below, node, err);
        r->scalar[i] = x;
        const bool held = p->scalar[i].defect && x == p->scalar[i].value; /* not solved for: exact */
        if (!st && !held) *error += fabs(above - below) / (2 * h) * given;
    }
    return st;
}

/* Of a number that takes values of trials: how far two solutions of other trial spaces agree on it, or, should that be less, what an unknown of this size would
 * be given for their residuals. */
static double agreed(const az_result *r, int i, double value)
{
    const az_cross *c = &r->cross;

    if (!c->compared) return NAN;
    const double share = fmax(fmax(c->relative, c->other_relative), AZ_VALUE_ULPS * DBL_EPSILON) * fabs(value);
    return isfinite(c->relative) && isfinite(c->other_relative) && isfinite(c->derived[i]) ? fmax(c->derived[i], share) : NAN;
}

az_status az_result_derived(const az_result *r, int i, double *value, double *error, az_error *err)
{
    const az_problem *p = r->problem;
    bool used[AZ_MAX_SCALARS + 2 * AZ_MAX_INPUT_LAYERS] = {false}, trials;

    if (i < 0 || i >= p->n_derived) return az_fail(err, AZ_ENAME, "the problem '%s' has no derived number %d", p->name, i);
    const int node = p->derived[i].node;
    az_status st = value_of(r, value, node, err);
    if (!error || st) return st;
    *error = NAN;
    if (r->support.done && !isnan(r->support.derived[i])) {
        *error = fmax(r->support.derived[i], AZ_VALUE_ULPS * DBL_EPSILON * fabs(*value));
        if (r->cross.compared && isfinite(r->cross.derived[i])) *error = fmax(*error, r->cross.derived[i]);
        if (!(r->evidence.reevaluated_relative <= AZ_SOLVES_NOTHING)) *error = INFINITY;
        return AZ_OK;
    }
    st = find_used(used, &trials, &p->graph, node);
    if (st) return az_fail(err, st, "out of memory");
    if (trials) return *error = agreed(r, i, *value), AZ_OK;
    double *scalar = az_doubles((size_t)p->n_scalars);
    if (!scalar) return az_fail(err, AZ_ENOMEM, "out of memory");
    memcpy(scalar, r->scalar, (size_t)p->n_scalars * sizeof *scalar);
    az_result copy = *r; /* the same state with numbers of its own */
    copy.scalar = scalar;
    st = propagate(&copy, error, used, node, err);
    az_doubles_free(scalar);
    return st;
}
