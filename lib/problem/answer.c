/* answer.c: statements that no equation needs: what is to be drawn and to be said of the solution. */
#include "problem/parse.h"

static bool nomem(az_parser *P)
{
    az_parse_nomem(P);
    return false;
}

/* The components, one for each coordinate. */
static bool parse_components(az_parser *P, int *component, size_t pos)
{
    const int dim = P->p->dim;
    int n = 0;

    do {
        const int node = az_parse_expr(P);
        if (node < 0) return false;
        if (n < dim) component[n] = node;
        n++;
    } while (az_parse_take(P, ','));
    if (n == dim) return P->status == AZ_OK;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "a flow has one component for each coordinate: %d, not %d", dim, n);
    return false;
}

/* "flow" name "=" expr { "," expr } */
bool az_parse_flow(az_parser *P)
{
    az_problem *p = P->p;
    const size_t pos = P->tok.pos;
    az_flow_decl flow = {.name = NULL};
    az_token name;

    if (p->n_flows >= AZ_MAX_FLOWS) return az_parse_fail(P, pos, AZ_ELIMIT, NULL, "more than %d flows", AZ_MAX_FLOWS), false;
    if (!az_parse_new_name(P, &name, &flow.name)) return false;
    if (p->dim < 2) az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "a flow needs at least two coordinates, declared before it");
    const bool ok = P->status == AZ_OK && az_parse_expect(P, '=', "'=' and the components") && parse_components(P, flow.component, pos);
    if (!ok || !az_vector_room(&p->flow, p->n_flows, sizeof *p->flow)) {
        az_free(flow.name);
        return ok ? nomem(P) : false;
    }
    p->flow[p->n_flows++] = flow;
    return az_symbol_add(P, AZ_S_FLOW, p->n_flows - 1, &name);
}

/* "derived" string "=" expr */
bool az_parse_derived(az_parser *P)
{
    az_problem *p = P->p;
    const az_token text = P->tok;

    if (p->n_derived >= AZ_MAX_DERIVED) return az_parse_fail(P, text.pos, AZ_ELIMIT, NULL, "more than %d derived numbers", AZ_MAX_DERIVED), false;
    if (text.kind == AZ_T_STRING && text.n > AZ_MAX_TITLE)
        return az_parse_fail(P, text.pos, AZ_ELIMIT, NULL, "the text is longer than %d bytes", AZ_MAX_TITLE), false;
    if (!az_parse_expect(P, AZ_T_STRING, "what the number is, in quotation marks") || !az_parse_expect(P, '=', "'=' and an expression")) return false;
    const size_t pos = P->tok.pos;
    const int node = az_parse_expr(P);
    if (node < 0) return false;
    if (p->graph.node[node].deps)
        return az_parse_fail(P, pos, AZ_EPROBLEM, "take its value at a point, as in u@0", "a derived number may not depend on coordinates"), false;
    if (!az_vector_room(&p->derived, p->n_derived, sizeof *p->derived)) return nomem(P);
    char *copy = az_parse_copy(P->text + text.pos, text.n);
    if (!copy) return nomem(P);
    p->derived[p->n_derived++] = (az_derived_decl){.text = copy, .node = node};
    return true;
}

/* string { string }, joined by blanks */
static bool parse_sentences(az_parser *P, az_text *note)
{
    do {
        const az_token text = P->tok;
        if (text.kind == AZ_T_STRING && note->n + text.n > AZ_MAX_NOTE)
            return az_parse_fail(P, text.pos, AZ_ELIMIT, NULL, "the note is longer than %d bytes", AZ_MAX_NOTE), false;
        if (!az_parse_expect(P, AZ_T_STRING, "a text in quotation marks")) return false;
        if (note->n) az_text_write(note, " ", 1);
        az_text_write(note, P->text + text.pos, text.n);
    } while (P->tok.kind == AZ_T_STRING);
    return true;
}

/* "note" string { string } */
bool az_parse_note(az_parser *P)
{
    az_problem *p = P->p;
    az_text note = {0};

    if (p->n_notes >= AZ_MAX_NOTES) return az_parse_fail(P, P->tok.pos, AZ_ELIMIT, NULL, "more than %d notes", AZ_MAX_NOTES), false;
    const bool ok = parse_sentences(P, &note);
    if (ok && !note.failed && az_vector_room(&p->note, p->n_notes, sizeof *p->note)) return p->note[p->n_notes++] = note.s, true;
    az_text_clear(&note);
    return ok ? nomem(P) : false;
}
