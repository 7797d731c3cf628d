/* row.c: equations and conditions. */
#include "problem/parse.h"

#include <string.h>

static const char *const row_word[] = {"equation", "pin", "select", "initial", "boundary"};

static bool fail_at(az_parser *P, size_t pos, az_status s, const char *message)
{
    az_parse_fail(P, pos, s, NULL, "%s", message);
    return false;
}

/* The statement as written, with comments removed and blanks and line ends joined. */
static char *statement_text(const az_parser *P, size_t start)
{
    az_text t = {0};
    bool blank = false;

    for (size_t i = start; i < P->last_end; i++) {
        char c = P->text[i];
        if (c == '#')
            while (i + 1 < P->last_end && P->text[i + 1] != '\n') i++;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#') {
            blank = true;
            continue;
        }
        if (blank) az_text_write(&t, " ", 1);
        az_text_write(&t, &c, 1);
        blank = false;
    }
    if (!t.failed) return t.s;
    az_text_clear(&t);
    return NULL;
}

/* point = coordinate "=" constant { "," coordinate "=" constant } */
static bool parse_at(az_parser *P, az_row_decl *r)
{
    do {
        size_t pos = P->tok.pos;
        double x;
        int c;

        if (P->status != AZ_OK || !az_parse_coord_index(P, &c)) return false;
        if (r->fixed >> c & 1) return fail_at(P, pos, AZ_EPROBLEM, "the coordinate is given twice");
        if (!az_parse_expect(P, '=', "'=' and the value of the coordinate") || !az_parse_constant(P, &x)) return false;
        r->at.x[c] = x + 0.0;
        r->fixed |= 1u << c;
        if (!az_parse_inside(P, &r->at, 1u << c, pos)) return false;
        if (P->p->coord[c].open > 0) r->at.x[c] = az_open_to_line(&P->p->coord[c], r->at.x[c]);
    } while (az_parse_take(P, ','));
    return true;
}

static bool parse_weight(az_parser *P, az_row_decl *r)
{
    size_t pos = P->tok.pos;

    if (!az_parse_constant(P, &r->weight)) return false;
    return r->weight > 0 || fail_at(P, pos, AZ_EPROBLEM, "the weight must be positive");
}

static bool parse_row_scale(az_parser *P, az_row_decl *r)
{
    size_t pos = P->tok.pos;

    if (r->kind != AZ_ROW_EQUATION) return fail_at(P, P->last_end - strlen("scale"), AZ_ESYNTAX, "only an equation has a scale");
    r->scale = az_parse_expr(P);
    const az_node_info *info = r->scale < 0 ? NULL : az_parse_info(P, r->scale);
    if (!info) return false;
    return !(info->has & AZ_IS_CONSTANT) || info->value != 0 || fail_at(P, pos, AZ_EPROBLEM, "the scale is zero");
}

/* { "scale" expr | "at" point | "weight" constant }, each at most once */
static bool parse_clauses(az_parser *P, az_row_decl *r)
{
    static const char *const word[] = {"scale", "at", "weight"};
    static bool (*const parse[])(az_parser *, az_row_decl *) = {parse_row_scale, parse_at, parse_weight};
    unsigned seen = 0;

    for (int k = 0; k < 3;) {
        if (!az_parse_is(P, word[k])) {
            k++;
            continue;
        }
        if (seen >> k & 1) return fail_at(P, P->tok.pos, AZ_ESYNTAX, "the clause is given twice");
        if (k == 1 && r->kind == AZ_ROW_EQUATION) return fail_at(P, P->tok.pos, AZ_ESYNTAX, "an equation holds in the whole domain; use pin or boundary");
        az_parse_next(P);
        if (P->status != AZ_OK || !parse[k](P, r)) return false;
        seen |= 1u << k;
        k = 0;
    }
    return P->status == AZ_OK;
}

/* A value of the coordinate in the domain, for a row that does not depend on it. */
static double some_value(const az_coord_decl *x)
{
    if (x->range != AZ_INTERVAL || (x->lo <= 0 && x->hi >= 0)) return 0;
    return x->lo;
}

static bool place_point(az_parser *P, az_row_decl *r, size_t start)
{
    az_problem *p = P->p;
    unsigned missing = p->graph.node[r->node].deps & ~r->fixed;
    char hint[100];

    for (int c = 0; c < p->dim; c++) {
        if (missing >> c & 1) {
            snprintf(hint, sizeof hint, "expected 'at %s = ...'", p->coord[c].name);
            az_parse_fail(P, start, AZ_EPROBLEM, hint, "this %s depends on '%s' and needs a point", row_word[r->kind], p->coord[c].name);
            return false;
        }
        if (!(r->fixed >> c & 1)) r->at.x[c] = some_value(&p->coord[c]);
    }
    r->fixed = (1u << p->dim) - 1;
    return true;
}

static bool place_initial(az_parser *P, az_row_decl *r, size_t start)
{
    const az_coord_decl *x = P->p->coord;
    int t = 0;

    while (t < P->p->dim && !x[t].time) t++;
    if (t == P->p->dim) {
        az_parse_fail(P, start, AZ_EPROBLEM, "declare it: time t in [0, 1]", "an initial condition needs a time coordinate");
        return false;
    }
    if (r->fixed & ~(1u << t)) return fail_at(P, start, AZ_EPROBLEM, "an initial condition fixes the time coordinate only");
    if (!r->fixed) r->at.x[t] = x[t].lo;
    r->fixed = 1u << t;
    return true;
}

static bool place_boundary(az_parser *P, az_row_decl *r, size_t start)
{
    if (!r->fixed) {
        az_parse_fail(P, start, AZ_EPROBLEM, "expected 'at x = ...'", "a boundary condition needs a place");
        return false;
    }
    for (int c = 0; c < P->p->dim; c++) {
        if (!(r->fixed >> c & 1) || !P->p->coord[c].periodic) continue;
        az_parse_fail(P, start, AZ_EPROBLEM, NULL, "the coordinate '%s' is periodic and has no boundary", P->p->coord[c].name);
        return false;
    }
    return true;
}

static bool check_content(az_parser *P, const az_row_decl *r, size_t pos)
{
    const az_node_info *info = az_parse_info(P, r->node);

    if (!info) return false;
    if (r->kind == AZ_ROW_EQUATION && info->has & AZ_HAS_TRIAL && !P->p->graph.node[r->node].deps)
        return fail_at(P, pos, AZ_EPROBLEM, "the equation depends on no coordinate; use pin or select");
    if (info->has & AZ_HAS_TRIAL) return true;
    if (r->kind == AZ_ROW_EQUATION) return fail_at(P, pos, AZ_EPROBLEM, "the equation contains no trial or field");
    if (info->has & AZ_HAS_UNKNOWN) return true;
    return fail_at(P, pos, AZ_EPROBLEM, "the condition contains no trial, field or unknown");
}

static bool add_row(az_parser *P, az_row_decl *r, size_t start)
{
    az_problem *p = P->p;

    r->line = az_parse_line(P, start);
    if (az_vector_room(&p->row, p->n_rows, sizeof *p->row)) r->text = statement_text(P, start);
    if (!r->text) {
        az_parse_nomem(P);
        return false;
    }
    p->row[p->n_rows++] = *r;
    return true;
}

/* row = kind expr "=" expr clauses */
bool az_parse_row(az_parser *P, az_row_kind kind, size_t start)
{
    az_row_decl r = {.kind = kind, .scale = -1, .weight = 1};

    if (P->p->n_rows == AZ_MAX_ROWS) {
        az_parse_fail(P, start, AZ_ELIMIT, NULL, "more than %d equations and conditions", AZ_MAX_ROWS);
        return false;
    }
    P->domain_used = true;
    int lhs = az_parse_expr(P);
    size_t pos = P->tok.pos;
    if (lhs < 0 || !az_parse_expect(P, '=', "'='")) return false;
    int rhs = az_parse_expr(P);
    if (rhs < 0) return false;
    r.node = az_parse_checked(P, az_graph_binary(&P->p->graph, AZ_SUB, lhs, rhs), pos);
    if (r.node < 0 || !check_content(P, &r, start) || !parse_clauses(P, &r)) return false;
    if ((kind == AZ_ROW_PIN || kind == AZ_ROW_SELECT) && !place_point(P, &r, start)) return false;
    if (kind == AZ_ROW_INITIAL && !place_initial(P, &r, start)) return false;
    if (kind == AZ_ROW_BOUNDARY && !place_boundary(P, &r, start)) return false;
    return add_row(P, &r, start);
}
