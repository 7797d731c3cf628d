/* statement.c: the statements that declare names. Rows are in row.c, fields in field.c. */
#include "problem/parse.h"

#include <math.h>
#include <string.h>

static bool limit(az_parser *P, int n, int max, const char *what)
{
    if (n < max) return true;
    az_parse_fail(P, P->tok.pos, AZ_ELIMIT, NULL, "more than %d %s", max, what);
    return false;
}

static bool nomem(az_parser *P)
{
    az_parse_nomem(P);
    return false;
}

char *az_parse_copy(const char *s, size_t n)
{
    char *copy = az_alloc_array(n + 1, 1);

    if (!copy) return NULL;
    memcpy(copy, s, n);
    copy[n] = 0;
    return copy;
}

/* "problem" name string */
static bool parse_problem(az_parser *P)
{
    az_token name;

    if (!az_parse_new_name(P, &name, &P->p->name)) return false;
    if (P->tok.kind == AZ_T_STRING && P->tok.n > AZ_MAX_TITLE) {
        az_parse_fail(P, P->tok.pos, AZ_ELIMIT, NULL, "the title is longer than %d bytes", AZ_MAX_TITLE);
        return false;
    }
    if (P->tok.kind == AZ_T_STRING) {
        P->p->title = az_parse_copy(P->text + P->tok.pos, P->tok.n);
        if (!P->p->title) return nomem(P);
    }
    return az_parse_expect(P, AZ_T_STRING, "the title in quotation marks");
}

/* Takes over the name. */
static bool add_scalar(az_parser *P, az_scalar_decl *s, const az_token *name)
{
    int slot = s->defect ? az_problem_first_defect(P->p) + P->seen_defects++ : s->unknown ? P->p->n_parameters + P->seen_unknowns++ : P->seen_parameters++;

    P->p->scalar[slot] = *s;
    s->name = NULL;
    return az_symbol_add(P, AZ_S_SCALAR, slot, name);
}

static const az_setting *find_setting(const az_parser *P, const char *name)
{
    for (int i = 0; i < P->n_set; i++)
        if (!strcmp(P->set[i].name, name)) return &P->set[i];
    return NULL;
}

static bool add_freed(az_parser *P, az_scalar_decl *s, const az_token *name)
{
    int slot = az_problem_freed_slot(P->p);

    s->unknown = true;
    s->given = false;
    P->p->scalar[slot] = *s;
    s->name = NULL;
    return az_symbol_add(P, AZ_S_SCALAR, slot, name);
}

/* A parameter computed from the freed one: its name means the expression; its value stays in the table. */
static bool add_following(az_parser *P, az_scalar_decl *s, const az_token *name, int node)
{
    P->p->scalar[P->seen_parameters++] = *s;
    s->name = NULL;
    return limit(P, P->p->n_lets, AZ_MAX_LETS, "lets and fields") && az_parse_add_let(P, name, node, false);
}

/* "parameter" name "=" constant */
static bool parse_parameter(az_parser *P)
{
    az_scalar_decl s = {.lo = -INFINITY, .hi = INFINITY};
    az_token name;

    bool ok = az_parse_new_name(P, &name, &s.name) && az_parse_expect(P, '=', "'='");
    int node = ok ? az_parse_start(P, &s.value) : -1;
    if (node >= 0) {
        const bool constant = P->info[node].has & AZ_IS_CONSTANT; /* az_parse_start has filled it */
        const az_setting *set = find_setting(P, s.name);
        if (set) s.value = set->value, s.given = true;
        if (P->freed && !strcmp(s.name, P->freed)) ok = add_freed(P, &s, &name);
        else if (!set && !constant) ok = add_following(P, &s, &name, node);
        else ok = add_scalar(P, &s, &name);
    }
    az_free(s.name);
    return ok && node >= 0;
}

/* range = "[" bound "," bound "]" with the lower below the upper */
static bool parse_range(az_parser *P, double *lo, double *hi, bool infinite)
{
    size_t pos = P->tok.pos;

    if (!az_parse_expect(P, '[', "'['")) return false;
    if (!(infinite ? az_parse_bound(P, lo) : az_parse_constant(P, lo)) || !az_parse_expect(P, ',', "','")) return false;
    if (!(infinite ? az_parse_bound(P, hi) : az_parse_constant(P, hi)) || !az_parse_expect(P, ']', "']'")) return false;
    if (*lo < *hi) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the lower end must be below the upper end");
    return false;
}

static bool check_start(az_parser *P, const az_scalar_decl *s, size_t pos)
{
    char value[32];

    if (s->value >= s->lo && s->value <= s->hi) return true;
    az_expr_number(value, s->value);
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the start %s of '%s' lies outside its bounds", value, s->name);
    return false;
}

static bool parse_penalty(az_parser *P, az_scalar_decl *s)
{
    size_t pos = P->tok.pos;

    if (!az_parse_constant(P, &s->penalty)) return false;
    if (s->penalty > 0) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the weight of a penalty must be positive");
    return false;
}

/* "unknown" name "=" constant [ "in" range [ "penalty" constant ] ], "defect" name "=" constant [ "in" range ] */
static bool declare_unknown(az_parser *P, bool defect)
{
    az_scalar_decl s = {.unknown = true, .defect = defect, .lo = -INFINITY, .hi = INFINITY};
    az_token name;
    size_t pos = 0;

    bool ok = az_parse_new_name(P, &name, &s.name) && az_parse_expect(P, '=', "'=' and the start");
    if (ok) {
        pos = P->tok.pos;
        ok = az_parse_start(P, &s.value) >= 0;
    }
    const bool bounded = ok && az_parse_take_word(P, "in");
    if (bounded) ok = P->status == AZ_OK && parse_range(P, &s.lo, &s.hi, true) && check_start(P, &s, pos);
    if (ok && bounded && !defect && az_parse_take_word(P, "penalty")) ok = P->status == AZ_OK && parse_penalty(P, &s);
    if (ok) ok = add_scalar(P, &s, &name);
    az_free(s.name);
    return ok;
}

static bool parse_unknown(az_parser *P) { return declare_unknown(P, false); }
static bool parse_defect(az_parser *P) { return declare_unknown(P, true); }

static bool add_coord(az_parser *P)
{
    az_problem *p = P->p;
    az_token name;
    char *copy;

    if (P->domain_used) {
        az_parse_fail(P, P->tok.pos, AZ_EPROBLEM, NULL, "coordinates must be declared before the first statement that uses the domain");
        return false;
    }
    if (!limit(P, p->dim, AZ_MAX_DIM, "coordinates") || !az_parse_new_name(P, &name, &copy)) return false;
    if (!az_symbol_add(P, AZ_S_COORD, p->dim, &name)) {
        az_free(copy);
        return false;
    }
    p->coord[p->dim++] = (az_coord_decl){.name = copy, .range = AZ_LINE, .scale = 1};
    return true;
}

static bool parse_scale(az_parser *P, double *scale)
{
    if (!az_parse_take_word(P, "scale")) return true;
    size_t pos = P->tok.pos;
    if (P->status != AZ_OK || az_parse_start(P, scale) < 0) return false;
    if (*scale > 0) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the scale must be positive");
    return false;
}

static bool count_coords(az_parser *P, size_t pos, int n, int wanted, const char *kind)
{
    if (n == wanted) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "a %s has %d coordinate%s, not %d", kind, wanted, wanted == 1 ? "" : "s", n);
    return false;
}

/* The unbounded shapes. */
static bool parse_shape(az_parser *P, int first)
{
    static const struct {
        const char *name;
        int dim;
        az_range last;
    } shape[] = {{"line", 1, AZ_LINE}, {"plane", 2, AZ_LINE}, {"half-line", 1, AZ_HALF_LINE}, {"half-plane", 2, AZ_HALF_LINE}};
    size_t pos = P->tok.pos;
    double scale = 1;
    int half = 0;

    if (az_parse_take_word(P, "half")) {
        if (!az_parse_expect(P, '-', "'half-line' or 'half-plane'")) return false;
        half = 2;
    }
    int k = half + (az_parse_is(P, "plane") ? 1 : 0);
    if (!az_parse_is(P, "line") && !az_parse_is(P, "plane"))
        return az_parse_expect(P, AZ_T_STRING, half ? "'half-line' or 'half-plane'" : "line, half-line, plane, half-plane, box, '[' or '('");
    az_parse_next(P);
    if (P->status != AZ_OK || !count_coords(P, pos, P->p->dim - first, shape[k].dim, shape[k].name) || !parse_scale(P, &scale)) return false;
    for (int c = first; c < P->p->dim; c++) {
        P->p->coord[c].range = c == P->p->dim - 1 ? shape[k].last : AZ_LINE;
        P->p->coord[c].scale = scale;
    }
    return true;
}

/* range { "x" range } */
static bool parse_box(az_parser *P, int first, size_t pos, bool box)
{
    az_coord_decl *x = P->p->coord;
    int n = 0, wanted = P->p->dim - first;

    do {
        double lo, hi;
        if (P->status != AZ_OK || !parse_range(P, &lo, &hi, false)) return false;
        if (n < wanted) {
            x[first + n].range = AZ_INTERVAL;
            x[first + n].lo = lo;
            x[first + n].hi = hi;
        }
        n++;
    } while (box && az_parse_take_word(P, "x"));
    if (n == wanted) return P->status == AZ_OK;
    az_parse_fail(P, pos, AZ_EPROBLEM, box ? NULL : "several coordinates are written: domain x, y in box [0, 1] x [0, 1]",
                  "%d range%s for %d coordinate%s", n, n == 1 ? "" : "s", wanted, wanted == 1 ? "" : "s");
    return false;
}

/* "(" constant "," constant ")", symmetric about 0 */
static bool parse_open(az_parser *P, int first, size_t pos)
{
    az_coord_decl *x = &P->p->coord[first];
    double lo, hi;

    if (P->p->dim - first != 1) {
        az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "an open interval has 1 coordinate, not %d", P->p->dim - first);
        return false;
    }
    if (!az_parse_expect(P, '(', "'('")) return false;
    if (!az_parse_constant(P, &lo) || !az_parse_expect(P, ',', "','")) return false;
    if (!az_parse_constant(P, &hi) || !az_parse_expect(P, ')', "')'")) return false;
    if (!(lo == -hi && hi > 0)) {
        az_parse_fail(P, pos, AZ_EPROBLEM, "closed intervals are written [a, b]", "an open interval must be symmetric about 0");
        return false;
    }
    az_text line = {0}, edge = {0};
    az_text_add(&line, "%s:line", x->name);
    az_text_add(&edge, "edge(%s)", x->name);
    x->line = line.s, x->edge = edge.s, x->open = hi;
    if (line.failed || edge.failed) return nomem(P);
    x->y = az_parse_checked(P, az_open_coord(P, first), pos);
    x->e = az_parse_checked(P, az_open_edge(P, first), pos);
    return x->y >= 0 && x->e >= 0;
}

/* "domain" name { "," name } "in" ( shape [ "scale" constant ] | range | "box" range { "x" range } | "(" constant "," constant ")" ) */
static bool parse_domain(az_parser *P)
{
    int first = P->p->dim;

    do {
        if (P->status != AZ_OK || !add_coord(P)) return false;
    } while (az_parse_take(P, ','));
    if (!az_parse_is(P, "in")) return az_parse_expect(P, AZ_T_STRING, "'in' and the domain");
    az_parse_next(P);
    size_t pos = P->tok.pos;
    if (P->tok.kind == '[') return parse_box(P, first, pos, false);
    if (P->tok.kind == '(') return parse_open(P, first, pos);
    if (az_parse_take_word(P, "box")) return parse_box(P, first, pos, true);
    return P->status == AZ_OK && parse_shape(P, first);
}

/* "time" name "in" range */
static bool parse_time(az_parser *P)
{
    az_problem *p = P->p;
    int c = p->dim;

    for (int i = 0; i < c; i++) {
        if (!p->coord[i].time) continue;
        az_parse_fail(P, P->tok.pos, AZ_EPROBLEM, NULL, "there is already a time coordinate, '%s'", p->coord[i].name);
        return false;
    }
    if (!add_coord(P)) return false;
    p->coord[c].time = true;
    if (!az_parse_is(P, "in")) return az_parse_expect(P, AZ_T_STRING, "'in' and the time interval");
    az_parse_next(P);
    if (P->status != AZ_OK || !parse_range(P, &p->coord[c].lo, &p->coord[c].hi, false)) return false;
    p->coord[c].range = AZ_INTERVAL;
    return true;
}

/* "periodic" coordinate */
static bool parse_periodic(az_parser *P)
{
    const az_token name = P->tok;
    const char *wrong = NULL;
    int c;

    if (!az_parse_coord_index(P, &c)) return false;
    az_coord_decl *x = &P->p->coord[c];
    if (x->range != AZ_INTERVAL) wrong = "only a coordinate in an interval can be periodic";
    else if (x->time) wrong = "the time coordinate cannot be periodic";
    else if (x->periodic) wrong = "this coordinate is already periodic";
    else if (P->in_field >> c & 1) wrong = "the coordinate must be declared periodic before the fields that use it";
    if (wrong) az_parse_fail(P, name.pos, AZ_EPROBLEM, NULL, "%s", wrong);
    x->periodic = true;
    return !wrong;
}

/* "tolerance" constant */
static bool parse_tolerance(az_parser *P)
{
    const size_t pos = P->tok.pos;
    const bool again = P->p->tolerance > 0;

    if (!az_parse_constant(P, &P->p->tolerance)) return false;
    if (!again && P->p->tolerance > 0) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "%s", again ? "the tolerance is given twice" : "a tolerance must be positive");
    return false;
}

/* tanh(u) and asinh(u)/4, u = (l - c)/w, as in az_layer */
static void layer_inputs(az_parser *P, int slot, bool even, int *input)
{
    az_graph *g = &P->p->graph;
    int c = az_graph_scalar(g, slot), w = az_graph_scalar(g, slot + 1);
    if (even) {
        w = az_graph_binary(g, AZ_MUL, w, az_graph_func(g, AZ_F_TANH, c));
        c = az_graph_func(g, AZ_F_LOG, az_graph_func(g, AZ_F_COSH, c));
    }
    int x = az_graph_binary(g, AZ_DIV, az_graph_coord(g, 0), az_graph_const(g, P->p->coord[0].scale));
    int square = az_graph_func(g, AZ_F_LOG1P, az_graph_binary(g, AZ_POW, x, az_graph_const(g, 2)));
    int l = even ? az_graph_binary(g, AZ_DIV, square, az_graph_const(g, 2)) : az_graph_func(g, AZ_F_ASINH, x);
    int u = az_graph_binary(g, AZ_DIV, az_graph_binary(g, AZ_SUB, l, c), w);
    input[0] = az_graph_func(g, AZ_F_TANH, u);
    input[1] = az_graph_binary(g, AZ_DIV, az_graph_func(g, AZ_F_ASINH, u), az_graph_const(g, 4));
}

/* Appends the inputs for the problem's layers; *n <= AZ_MAX_INPUTS before and after. */
static bool add_layers(az_parser *P, const az_parity *parity, int *input, int *n)
{
    for (int k = 0; k < P->p->n_layers && parity[0] != AZ_ODD; k++) {
        if (!limit(P, *n + 1, AZ_MAX_INPUTS, "inputs of a trial")) return false;
        layer_inputs(P, az_problem_layer_slot(P->p, k), parity[0] == AZ_EVEN, input + *n);
        if (input[*n] < 0 || input[*n + 1] < 0) return nomem(P);
        *n += 2;
    }
    return true;
}

static bool no_series(az_parser *P, const char *why)
{
    az_parse_fail(P, AZ_NOWHERE, AZ_EPROBLEM, NULL, "%s", why);
    return false;
}

/* AZ_ANGLE_ITSELF for the inputs declared. */
static bool to_angle(az_parser *P, int *input)
{
    az_graph *g = &P->p->graph;
    const az_coord_decl *x = &P->p->coord[0];
    int y = az_graph_coord(g, 0);
    if (P->p->dim != 1 || x->range == AZ_HALF_LINE || (x->range == AZ_INTERVAL && !x->periodic))
        return no_series(P, "Fourier series need one coordinate, on a line or a ring");
    if (x->range == AZ_LINE) {
        y = az_graph_func(g, AZ_F_ATAN, az_graph_binary(g, AZ_DIV, y, az_graph_const(g, x->scale)));
        *input = az_graph_binary(g, AZ_MUL, az_graph_const(g, 2), y);
    } else {
        y = az_graph_binary(g, AZ_SUB, y, az_graph_const(g, x->lo));
        *input = az_graph_binary(g, AZ_MUL, az_graph_const(g, 2 * M_PI / (x->hi - x->lo)), y);
    }
    return *input >= 0 || nomem(P);
}

/* (y - middle)/half */
static int centred(az_graph *g, double middle, double half)
{
    int y = az_graph_coord(g, 0);
    if (middle != 0) y = az_graph_binary(g, AZ_SUB, y, az_graph_const(g, middle));
    return az_graph_binary(g, AZ_DIV, y, az_graph_const(g, half));
}

/* With a parity the interval is a part of one that is symmetric. */
static int in_interval(az_graph *g, const az_coord_decl *x, az_parity parity)
{
    if (parity != AZ_NO_PARITY) return centred(g, 0, fmax(fabs(x->lo), fabs(x->hi)));
    return centred(g, 0.5 * (x->lo + x->hi), 0.5 * (x->hi - x->lo));
}

static int on_line(az_graph *g, const az_coord_decl *x, az_parity parity)
{
    int y = az_graph_coord(g, 0), scale = az_graph_const(g, x->scale);
    if (x->range == AZ_HALF_LINE && parity == AZ_NO_PARITY)
        return az_graph_binary(g, AZ_DIV, az_graph_binary(g, AZ_SUB, y, scale), az_graph_binary(g, AZ_ADD, y, scale));
    y = az_graph_binary(g, AZ_DIV, y, scale);
    const int square = az_graph_binary(g, AZ_POW, y, az_graph_const(g, 2));
    return az_graph_binary(g, AZ_DIV, y, az_graph_func(g, AZ_F_SQRT, az_graph_binary(g, AZ_ADD, az_graph_const(g, 1), square)));
}

/* AZ_ANGLE_COSINE for the inputs declared. */
static bool to_cosine(az_parser *P, az_parity parity, int *input)
{
    const az_coord_decl *x = &P->p->coord[0];
    if (P->p->dim != 1 || x->periodic) return no_series(P, "Chebyshev series need one coordinate, on a line, a half-line or an interval that is not periodic");
    *input = x->open > 0               ? az_open_unit(P, 0)
             : x->range == AZ_INTERVAL ? in_interval(&P->p->graph, x, parity)
                                       : on_line(&P->p->graph, x, parity);
    return *input >= 0 || nomem(P);
}

/* The inputs that the variant asks for, for those declared. */
static bool vary_inputs(az_parser *P, const az_parity *parity, int *input, int *n)
{
    if (P->p->angle == AZ_ANGLE_NONE) return add_layers(P, parity, input, n);
    *n = 1;
    return P->p->angle == AZ_ANGLE_ITSELF ? to_angle(P, input) : to_cosine(P, parity[0], input);
}

bool az_parse_add_trial(az_parser *P, const char *suffix, const az_token *name, const int *declared, int n_inputs, const az_parity *parity)
{
    az_problem *p = P->p;
    az_text full = {0};
    unsigned deps = 0;
    int input[AZ_MAX_INPUTS];

    memcpy(input, declared, (size_t)n_inputs * sizeof *input);
    if (!vary_inputs(P, parity, input, &n_inputs)) return false;

    if (!az_vector_room(&p->trial, p->n_trials, sizeof *p->trial)) return nomem(P);
    az_text_add(&full, "%.*s%s", (int)name->n, P->text + name->pos, suffix);
    if (full.failed) {
        az_text_clear(&full);
        return nomem(P);
    }
    for (int i = 0; i < n_inputs; i++) deps |= p->graph.node[input[i]].deps;
    az_trial_decl *t = &p->trial[p->n_trials];
    *t = (az_trial_decl){.name = full.s, .n_inputs = n_inputs};
    memcpy(t->input, input, (size_t)n_inputs * sizeof *input);
    memcpy(t->parity, parity, sizeof t->parity);
    p->n_trials++;
    P->domain_used = true;
    t->node = az_parse_checked(P, az_graph_trial(&p->graph, p->n_trials - 1, deps), name->pos);
    return t->node >= 0;
}

static bool check_input(az_parser *P, int node, size_t pos)
{
    const az_node_info *info = az_parse_info(P, node);
    const char *wrong = NULL;

    if (!info) return false;
    if (info->has & AZ_HAS_TRIAL) wrong = "an input of a trial may not contain a trial";
    else if (info->has & AZ_HAS_NONLOCAL) wrong = "an input of a trial may not contain a nonlocal operator";
    else if (!P->p->graph.node[node].deps) wrong = "an input of a trial must depend on a coordinate";
    if (wrong) az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "%s", wrong);
    return !wrong;
}

/* parity = "even" | "odd" (one coordinate), or { ( "even" | "odd" ) "in" coordinate } */
bool az_parse_parity(az_parser *P, az_parity parity[AZ_MAX_DIM], unsigned coords)
{
    while (az_parse_is(P, "even") || az_parse_is(P, "odd")) {
        az_parity sign = az_parse_is(P, "even") ? AZ_EVEN : AZ_ODD;
        size_t pos = P->tok.pos;
        const char *wrong = NULL;
        int c = 0;

        az_parse_next(P);
        if (az_parse_take_word(P, "in")) {
            pos = P->tok.pos;
            if (P->status != AZ_OK || !az_parse_coord_index(P, &c)) return false;
        } else if (coords & (coords - 1)) {
            wrong = "say in which coordinate: 'even in x'";
        } else {
            while (!(coords >> c & 1)) c++;
        }
        if (!wrong && !(coords >> c & 1)) wrong = "the function does not depend on this coordinate";
        if (!wrong && P->p->coord[c].time) wrong = "there is no parity in time";
        if (!wrong && parity[c]) wrong = "the parity in this coordinate is already given";
        if (wrong) az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "%s", wrong);
        if (P->status != AZ_OK) return false;
        parity[c] = sign;
    }
    return true;
}

/* "trial" name "(" expr { "," expr } ")" parity */
static bool parse_trial(az_parser *P)
{
    az_problem *p = P->p;
    az_parity parity[AZ_MAX_DIM] = {AZ_NO_PARITY};
    int input[AZ_MAX_INPUTS], n = 0;
    unsigned deps = 0;
    az_token name;
    char *copy;

    if (!limit(P, p->n_trials, AZ_MAX_TRIALS, "trials") || !az_parse_new_name(P, &name, &copy)) return false;
    az_free(copy);
    if (!az_parse_expect(P, '(', "'(' and the inputs of the trial")) return false;
    do {
        size_t pos = P->tok.pos;
        if (!limit(P, n, AZ_MAX_INPUTS, "inputs of a trial")) return false;
        input[n] = az_parse_expr(P);
        if (input[n] < 0 || !check_input(P, input[n], pos)) return false;
        deps |= p->graph.node[input[n++]].deps;
    } while (az_parse_take(P, ','));
    if (!az_parse_expect(P, ')', "')' or another input") || !az_parse_parity(P, parity, deps)) return false;
    return az_parse_add_trial(P, "", &name, input, n, parity) && az_symbol_add(P, AZ_S_TRIAL, p->n_trials - 1, &name);
}

bool az_parse_add_let(az_parser *P, const az_token *name, int node, bool field)
{
    az_problem *p = P->p;

    if (!az_vector_room(&p->let, p->n_lets, sizeof *p->let)) return nomem(P);
    char *copy = az_parse_copy(P->text + name->pos, name->n);
    if (!copy) return nomem(P);
    p->let[p->n_lets++] = (az_name_decl){.name = copy, .node = node, .field = field, .decay = -1};
    return az_symbol_add(P, AZ_S_LET, p->n_lets - 1, name);
}

/* "let" name "=" expr */
static bool parse_let(az_parser *P)
{
    az_token name;
    char *copy;

    if (!limit(P, P->p->n_lets, AZ_MAX_LETS, "lets and fields") || !az_parse_new_name(P, &name, &copy)) return false;
    az_free(copy);
    if (!az_parse_expect(P, '=', "'='")) return false;
    int node = az_parse_expr(P);
    return node >= 0 && az_parse_add_let(P, &name, node, false);
}

/* "decay" let "=" expr */
static bool parse_decay(az_parser *P)
{
    const az_token name = P->tok;
    const az_symbol *s = name.kind == AZ_T_NAME ? az_symbol_find(P, P->text + name.pos, name.n) : NULL;
    const char *wrong = NULL;

    if (name.kind != AZ_T_NAME) return az_parse_expect(P, AZ_T_NAME, "the name of a let");
    if (!s || s->kind != AZ_S_LET) wrong = "expected a let declared before";
    else if (P->p->let[s->index].decay >= 0) wrong = "its decay is already given";
    else if (P->p->dim != 1 || P->p->coord[0].range == AZ_INTERVAL || P->p->coord[0].open > 0) wrong = "decay needs one coordinate, on a line or half-line";
    if (wrong) {
        az_parse_fail(P, name.pos, AZ_EPROBLEM, wrong, "no decay can be given for '%.*s'", (int)name.n, P->text + name.pos);
        return false;
    }
    az_parse_next(P);
    return az_parse_expect(P, '=', "'=' and the exponent") && az_parse_exponent(P, &P->p->let[s->index].decay);
}

static bool parse_field(az_parser *P)
{
    return limit(P, P->p->n_trials, AZ_MAX_TRIALS, "trials") && limit(P, P->p->n_lets, AZ_MAX_LETS, "lets and fields") && az_parse_field(P);
}

static bool parse_analytic(az_parser *P) { return az_parse_analytic(P, P->last_end - strlen("analytic")); }

static const struct {
    const char *word;
    bool (*parse)(az_parser *P);    /* NULL: a row */
    az_row_kind row;
} statements[] = {
    {"problem", parse_problem, 0},         {"parameter", parse_parameter, 0}, {"unknown", parse_unknown, 0}, {"domain", parse_domain, 0},
    {"time", parse_time, 0},               {"periodic", parse_periodic, 0},   {"trial", parse_trial, 0},     {"let", parse_let, 0},
    {"field", parse_field, 0},             {"equation", NULL, AZ_ROW_EQUATION}, {"pin", NULL, AZ_ROW_PIN},   {"select", NULL, AZ_ROW_SELECT},
    {"initial", NULL, AZ_ROW_INITIAL},     {"boundary", NULL, AZ_ROW_BOUNDARY}, {"defect", parse_defect, 0},   {"decay", parse_decay, 0},
    {"flow", az_parse_flow, 0},            {"derived", az_parse_derived, 0}, {"tolerance", parse_tolerance, 0},
    {"note", az_parse_note, 0},            {"analytic", parse_analytic, 0},
};
#define N_STATEMENTS (sizeof statements / sizeof *statements)

static bool unknown_statement(az_parser *P)
{
    az_nearest best = {0};
    char buffer[64], hint[80];

    for (size_t i = 0; P->tok.kind == AZ_T_NAME && i < N_STATEMENTS; i++)
        az_nearest_offer(&best, statements[i].word, strlen(statements[i].word), P->text + P->tok.pos, P->tok.n);
    if (best.name) snprintf(hint, sizeof hint, "did you mean '%s'?", best.name);
    else snprintf(hint, sizeof hint, "expected a statement: domain, unknown, trial, let, equation, ...");
    az_parse_fail(P, P->tok.pos, AZ_ESYNTAX, hint, "unknown statement %s", az_parse_token_text(P, buffer));
    return false;
}

static bool parse_statement(az_parser *P)
{
    size_t start = P->tok.pos, k = 0;

    while (k < N_STATEMENTS && !az_parse_is(P, statements[k].word)) k++;
    if (!P->p->name && k) {
        az_parse_fail(P, start, AZ_ESYNTAX, NULL, "the first statement must be: problem NAME \"Title\"");
        return false;
    }
    if (P->p->name && !k) {
        az_parse_fail(P, start, AZ_EPROBLEM, NULL, "a file holds one problem");
        return false;
    }
    if (k == N_STATEMENTS) return unknown_statement(P);
    az_parse_next(P);
    if (P->status != AZ_OK) return false;
    if (!(statements[k].parse ? statements[k].parse(P) : az_parse_row(P, statements[k].row, start))) return false;
    return P->tok.kind == AZ_T_END || az_parse_expect(P, AZ_T_END, "the end of the statement");
}

/* Their names cannot be written in a problem file. */
static bool add_layer_scalars(az_parser *P)
{
    az_problem *p = P->p;

    for (int k = 0; k < p->n_layers; k++)
        for (int i = 0; i < 2; i++) {
            az_scalar_decl *s = &p->scalar[az_problem_layer_slot(p, k) + i];
            const char *name = i ? "layer width" : "layer center";
            *s = (az_scalar_decl){.name = az_parse_copy(name, strlen(name)), .unknown = true, .hi = INFINITY};
            s->value = i ? p->layer[k].width : p->layer[k].center;
            if (!s->name) return nomem(P);
        }
    return true;
}

/* How many statements begin with this word; text behind a lexical error does not count. */
static int count_statements(const az_parser *P, const char *word)
{
    az_lexer l;
    az_token t;
    bool first = true;
    int n = 0;

    az_lexer_init(&l, P->text, P->length);
    while ((t = az_lexer_next(&l)).kind != AZ_T_EOF && t.kind != AZ_T_ERROR) {
        if (first && t.kind == AZ_T_NAME && t.n == strlen(word) && !memcmp(P->text + t.pos, word, t.n)) n++;
        first = t.kind == AZ_T_END;
    }
    return n;
}

bool az_parse_statements(az_parser *P)
{
    az_problem *p = P->p;
    int n_parameters = count_statements(P, "parameter"), n_defects = count_statements(P, "defect");
    int n = n_parameters + count_statements(P, "unknown") + n_defects + 2 * P->p->n_layers;

    if (n > AZ_MAX_SCALARS) {
        az_parse_fail(P, AZ_NOWHERE, AZ_ELIMIT, NULL, "more than %d parameters and unknowns", AZ_MAX_SCALARS);
        return false;
    }
    p->scalar = az_calloc((size_t)n, sizeof *p->scalar);
    if (!p->scalar) return nomem(P);
    p->n_scalars = n;
    p->n_parameters = n_parameters - (P->freed != NULL); /* it is an unknown */
    p->n_defects = n_defects;
    if (!add_layer_scalars(P)) return false;
    az_lexer_init(&P->lexer, P->text, P->length);
    az_parse_next(P);
    while (P->status == AZ_OK && P->tok.kind != AZ_T_EOF) {
        if (!parse_statement(P)) return false;
        az_parse_next(P);
    }
    return P->status == AZ_OK;
}
