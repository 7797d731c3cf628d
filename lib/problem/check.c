/* check.c: what can only be judged when the whole problem has been read. */
#include "problem/parse.h"

#include <math.h>
#include <string.h>

static bool missing(az_parser *P, const char *what, const char *hint)
{
    az_parse_fail(P, AZ_NOWHERE, AZ_EPROBLEM, hint, "the problem has no %s", what);
    return false;
}

static bool check_presence(az_parser *P)
{
    const az_problem *p = P->p;
    bool equation = false;

    for (int i = 0; i < p->n_rows; i++) equation |= p->row[i].kind == AZ_ROW_EQUATION;
    if (!p->name) return missing(P, "statement", "expected: problem NAME \"Title\"");
    if (!p->dim) return missing(P, "domain", "expected for example: domain y in line");
    if (!p->n_trials) return missing(P, "trial or field", "expected for example: field Omega(y) odd");
    if (!equation) return missing(P, "equation", "expected: equation EXPR = EXPR");
    return true;
}

/* Marks what the rows reach; parents come after children, and the inputs of a trial before the trial. */
static unsigned char *reach(az_parser *P)
{
    const az_problem *p = P->p;
    const az_graph *g = &p->graph;
    unsigned char *mark = az_calloc((size_t)g->n, 1);

    if (!mark) {
        az_parse_nomem(P);
        return NULL;
    }
    for (int i = 0; i < p->n_rows; i++) {
        mark[p->row[i].node] = 1;
        if (p->row[i].scale >= 0) mark[p->row[i].scale] = 1;
    }
    for (int i = g->n - 1; i >= 0; i--) {
        const az_node *t = &g->node[i];
        if (!mark[i]) continue;
        if (t->a >= 0) mark[t->a] = 1;
        if (t->b >= 0) mark[t->b] = 1;
        for (int k = 0; t->op == AZ_TRIAL && k < p->trial[t->index].n_inputs; k++) mark[p->trial[t->index].input[k]] = 1;
    }
    return mark;
}

static size_t where_declared(const az_parser *P, const char *name)
{
    const az_symbol *s = az_symbol_find(P, name, strcspn(name, ":"));

    return s ? s->pos : AZ_NOWHERE;
}

/* Nodes of unknowns are found by looking for them, since an unused unknown may have no node. */
static bool check_use(az_parser *P, const unsigned char *mark)
{
    const az_problem *p = P->p;
    bool used[AZ_MAX_SCALARS] = {false};

    for (int i = 0; i < p->graph.n; i++)
        if (mark[i] && p->graph.node[i].op == AZ_SCALAR) used[p->graph.node[i].index] = true;
    for (int i = p->n_parameters; i < p->n_scalars; i++) {
        const char *name = p->scalar[i].name;
        if (used[i]) continue;
        az_parse_fail(P, where_declared(P, name), AZ_EPROBLEM, NULL, "the unknown '%s' appears in no equation or condition", name);
        return false;
    }
    for (int i = 0; i < p->n_trials; i++) {
        const az_trial_decl *t = &p->trial[i];
        int n = (int)strcspn(t->name, ":");
        if (mark[t->node]) continue;
        az_parse_fail(P, where_declared(P, t->name), AZ_EPROBLEM, NULL, "the %s '%.*s' appears in no equation or condition",
                      t->name[n] ? "field" : "trial", n, t->name);
        return false;
    }
    return true;
}

/* Pins and selects may not exceed n_unknowns + sum over trials of (1 + highest derivative of the trial in the equations). */
static int conditions_allowed(const az_problem *p, unsigned char *order)
{
    int allowed = p->n_scalars - p->n_parameters;

    for (int k = 0; k < p->n_trials; k++) {
        int highest = 0;
        az_expr_orders(order, &p->graph, k, -1);
        for (int i = 0; i < p->n_rows; i++) {
            int o = order[p->row[i].node];
            if (p->row[i].kind == AZ_ROW_EQUATION && o != AZ_NO_TRIAL && o > highest) highest = o;
        }
        allowed += highest + 1;
    }
    return allowed;
}

static bool check_conditions(az_parser *P)
{
    const az_problem *p = P->p;
    int n = 0;

    for (int i = 0; i < p->n_rows; i++) n += p->row[i].kind == AZ_ROW_PIN || p->row[i].kind == AZ_ROW_SELECT;
    unsigned char *order = az_calloc((size_t)p->graph.n, 1);
    if (!order) {
        az_parse_nomem(P);
        return false;
    }
    int allowed = conditions_allowed(p, order);
    az_free(order);
    if (n <= allowed) return true;
    az_parse_fail(P, AZ_NOWHERE, AZ_EPROBLEM, "allowed: one per unknown, and for each trial one plus its highest derivative in the equations",
                  "%d pins and selects are more than the %d that this problem can meet", n, allowed);
    return false;
}

/* Both are certain: an even trial cannot have an odd input, and an odd trial needs an input that is not even. */
static bool parity_broken(const az_problem *p, const az_trial_decl *t, int c, const signed char *parity)
{
    bool odd = false, all_even = true;

    for (int k = 0; k < t->n_inputs; k++) {
        if (!(p->graph.node[t->input[k]].deps >> c & 1)) continue;
        odd |= parity[t->input[k]] < 0;
        all_even &= parity[t->input[k]] > 0;
    }
    return t->parity[c] == AZ_EVEN ? odd : all_even;
}

static bool check_parities(az_parser *P)
{
    const az_problem *p = P->p;
    const signed char none[AZ_MAX_TRIALS] = {0};
    signed char *parity = az_calloc((size_t)p->graph.n, 1);

    if (!parity) az_parse_nomem(P);
    for (int c = 0; parity && c < p->dim; c++) {
        az_expr_parities(parity, &p->graph, c, none);
        for (int i = 0; i < p->n_trials; i++) {
            const az_trial_decl *t = &p->trial[i];
            if (!t->parity[c] || !parity_broken(p, t, c, parity)) continue;
            az_parse_fail(P, where_declared(P, t->name), AZ_EPROBLEM, NULL, "the trial '%s' cannot be %s in '%s' with %s", t->name,
                          t->parity[c] == AZ_EVEN ? "even" : "odd", p->coord[c].name,
                          t->parity[c] == AZ_EVEN ? "an odd input" : "even inputs only");
            break;
        }
    }
    az_free(parity);
    return P->status == AZ_OK;
}

/* T_2k(y/sqrt(scale^2 + y^2)) is +-cos(k theta), theta = 2 atan(y/scale). */
static bool check_series(az_parser *P)
{
    const az_problem *p = P->p;
    bool same = p->angle == AZ_ANGLE_COSINE && p->coord[0].range == AZ_LINE && !(p->coord[0].open > 0);

    for (int i = 0; i < p->n_trials; i++) same &= p->trial[i].parity[0] == AZ_EVEN;
    if (same) az_parse_fail(P, AZ_NOWHERE, AZ_EPROBLEM, NULL, "even Chebyshev series of y/sqrt(scale^2 + y^2) are the Fourier series: --trial fourier");
    return !same;
}

static bool check_setting(az_parser *P, const az_setting *set)
{
    const az_problem *p = P->p;
    az_nearest best = {0};
    char hint[120];

    if (P->freed && !strcmp(set->name, P->freed)) return true;
    for (int i = 0; i < p->n_parameters; i++) {
        const char *name = p->scalar[i].name;
        if (!strcmp(name, set->name)) return true;
        az_nearest_offer(&best, name, strlen(name), set->name, strlen(set->name));
    }
    if (az_problem_slot(p, set->name) >= p->n_parameters) {
        az_parse_fail(P, AZ_NOWHERE, AZ_EOPTION, NULL, "'%s' is an unknown and cannot be set; only parameters can", set->name);
        return false;
    }
    if (best.name) snprintf(hint, sizeof hint, "did you mean '%s'?", best.name);
    az_parse_fail(P, AZ_NOWHERE, AZ_EOPTION, best.name ? hint : NULL, "the problem has no parameter '%.63s'", set->name);
    return false;
}

bool az_parse_check(az_parser *P)
{
    if (!check_presence(P)) return false;
    for (int i = 0; i < P->n_set; i++)
        if (!check_setting(P, &P->set[i])) return false;
    unsigned char *mark = reach(P);
    bool ok = mark && check_use(P, mark);
    az_free(mark);
    ok = ok && (P->p->angle ? check_series(P) : check_parities(P)) && check_conditions(P);
    if (ok && az_problem_find_terms(P->p)) {
        az_parse_nomem(P);
        return false;
    }
    return ok;
}
