/* parser.c: expressions. Recursive descent, one function per grammar rule, with the depth counted; the graph does the simplification. */
#include "problem/parse.h"

#include <math.h>
#include <string.h>

#define NAMES_EXPECTED "a coordinate, parameter, unknown, let or field"

void az_parse_next(az_parser *P)
{
    P->last_end = P->tok.pos + P->tok.n + (P->tok.kind == AZ_T_STRING);
    P->tok = az_lexer_next(&P->lexer);
    if (P->tok.kind == AZ_T_ERROR) az_parse_fail(P, P->tok.pos, P->tok.status, NULL, "%s", P->tok.message);
}

bool az_parse_is(const az_parser *P, const char *word)
{
    return P->tok.kind == AZ_T_NAME && strlen(word) == P->tok.n && !memcmp(P->text + P->tok.pos, word, P->tok.n);
}

bool az_parse_take_word(az_parser *P, const char *word)
{
    if (!az_parse_is(P, word)) return false;
    az_parse_next(P);
    return true;
}

bool az_parse_take(az_parser *P, int kind)
{
    if (P->tok.kind != kind) return false;
    az_parse_next(P);
    return true;
}

bool az_parse_expect(az_parser *P, int kind, const char *context)
{
    char buffer[64], hint[160];
    bool quoted = P->tok.kind == AZ_T_STRING;

    if (az_parse_take(P, kind)) return P->status == AZ_OK;
    snprintf(hint, sizeof hint, "expected %s", context);
    az_parse_fail(P, P->tok.pos - quoted, AZ_ESYNTAX, hint, "unexpected %s", az_parse_token_text(P, buffer));
    return false;
}

/* ")" of the "(" at `open`, which is named if it stands in another line */
static bool expect_close(az_parser *P, size_t open, const char *context)
{
    char hint[100];
    int line = az_parse_line(P, open);

    if (P->tok.kind != ')' && line != az_parse_line(P, P->tok.pos)) {
        snprintf(hint, sizeof hint, "')' to close the '(' of line %d", line);
        context = hint;
    }
    return az_parse_expect(P, ')', context);
}

static unsigned char larger(unsigned char a, unsigned char b)
{
    return a > b ? a : b;
}

static double constant_value(const az_parser *P, const az_node *t)
{
    double x = t->a < 0 ? 0 : P->info[t->a].value, y = t->b < 0 ? 0 : P->info[t->b].value;

    switch (t->op) {
    case AZ_CONST: return t->value;
    case AZ_SCALAR: return P->p->scalar[t->index].value;
    case AZ_ADD: return x + y;
    case AZ_SUB: return x - y;
    case AZ_MUL: return x * y;
    case AZ_DIV: return x / y;
    case AZ_NEG: return -x;
    case AZ_POW: return pow(x, y);
    case AZ_FUNC: return az_func_value((az_func)t->index, x);
    default: return NAN;
    }
}

static az_node_info derive_info(const az_parser *P, const az_node *t)
{
    static const az_node_info leaf = {.has = AZ_IS_CONSTANT | AZ_HAS_VALUE};
    const az_node_info *a = t->a < 0 ? &leaf : &P->info[t->a], *b = t->b < 0 ? &leaf : &P->info[t->b];
    const unsigned char content = AZ_HAS_TRIAL | AZ_HAS_UNKNOWN | AZ_HAS_NONLOCAL;
    az_node_info r = {.order = larger(a->order, b->order), .operators = larger(a->operators, b->operators), .value = NAN};

    r.has = ((a->has | b->has) & content) | (a->has & b->has & leaf.has);
    switch (t->op) {
    case AZ_COORD: r.has = 0; break;
    case AZ_TRIAL: r.has = AZ_HAS_TRIAL; break;
    case AZ_SCALAR:
        if (t->index >= P->p->n_parameters) r.has = AZ_HAS_UNKNOWN | (P->freed && t->index == az_problem_freed_slot(P->p) ? AZ_HAS_VALUE : 0);
        break;
    case AZ_D: r.order++; break;
    case AZ_HILBERT:
    case AZ_PRIMITIVE:
        r.has |= AZ_HAS_NONLOCAL;
        r.operators++;
        break;
    default: break;
    }
    if (r.has & AZ_HAS_VALUE) r.value = constant_value(P, t);
    return r;
}

const az_node_info *az_parse_info(az_parser *P, int node)
{
    const az_graph *g = &P->p->graph;

    if (g->n > P->cap_info) {
        az_node_info *info = az_realloc(P->info, (size_t)g->cap * sizeof *info);
        if (!info) {
            az_parse_nomem(P);
            return NULL;
        }
        P->info = info;
        P->cap_info = g->cap;
    }
    for (; P->n_info < g->n; P->n_info++) P->info[P->n_info] = derive_info(P, &g->node[P->n_info]);
    return &P->info[node];
}

int az_parse_checked(az_parser *P, int node, size_t pos)
{
    const az_graph *g = &P->p->graph;

    if (P->status != AZ_OK) return -1;
    if (node < 0 && g->status == AZ_ELIMIT && g->n >= AZ_MAX_NODES)
        return az_parse_fail(P, pos, AZ_ELIMIT, NULL, "the expressions of the problem have more than %d nodes", AZ_MAX_NODES);
    if (node < 0 && g->status == AZ_ELIMIT)
        return az_parse_fail(P, pos, AZ_ELIMIT, NULL, "the problem uses more than %d points", AZ_MAX_POINTS);
    if (node < 0) return az_parse_nomem(P);
    const az_node_info *info = az_parse_info(P, node);
    if (!info) return -1;
    if (info->has & AZ_IS_CONSTANT && !isfinite(info->value))
        return az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the value of this expression is %s", isnan(info->value) ? "not a number" : "infinite");
    if (info->order > AZ_MAX_ORDER) return az_parse_fail(P, pos, AZ_ELIMIT, NULL, "more than %d derivatives", AZ_MAX_ORDER);
    if (info->operators > AZ_MAX_OPERATORS)
        return az_parse_fail(P, pos, AZ_ELIMIT, NULL, "more than %d nonlocal operators inside each other", AZ_MAX_OPERATORS);
    return node;
}

static bool enter(az_parser *P)
{
    if (P->nesting >= AZ_MAX_NESTING) {
        az_parse_fail(P, P->tok.pos, AZ_ELIMIT, NULL, "the expression is nested deeper than %d levels", AZ_MAX_NESTING);
        return false;
    }
    P->nesting++;
    return true;
}

static int parse_value(az_parser *P, double *value, unsigned char wanted)
{
    size_t pos = P->tok.pos;
    int node = az_parse_expr(P);

    if (node < 0) return -1;
    const az_node_info *info = az_parse_info(P, node);
    if (!info) return -1;
    if (!(info->has & wanted)) return az_parse_fail(P, pos, AZ_EPROBLEM, "it may use numbers, pi and parameters", "this expression must be constant");
    *value = info->value;
    return node;
}

bool az_parse_constant(az_parser *P, double *value) { return parse_value(P, value, AZ_IS_CONSTANT) >= 0; }
int az_parse_start(az_parser *P, double *value) { return parse_value(P, value, AZ_HAS_VALUE); }

bool az_parse_bound(az_parser *P, double *value)
{
    az_parser before = *P;
    double sign = P->tok.kind == '-' ? -1 : 1;

    if (P->tok.kind == '-' || P->tok.kind == '+') az_parse_next(P);
    if (az_parse_take_word(P, "inf")) {
        *value = sign * INFINITY;
        return P->status == AZ_OK;
    }
    if (P->status != AZ_OK) return false;
    P->lexer = before.lexer;
    P->tok = before.tok;
    P->last_end = before.last_end;
    return az_parse_constant(P, value);
}

static bool in_range(const az_coord_decl *c, double x)
{
    if (c->range == AZ_INTERVAL) return x >= c->lo && x <= c->hi;
    if (c->open > 0) return fabs(x) <= c->open;
    return c->range == AZ_LINE || x >= 0;
}

bool az_parse_inside(az_parser *P, const az_point *x, unsigned coords, size_t pos)
{
    char number[32];

    for (int c = 0; c < P->p->dim; c++) {
        if (!(coords >> c & 1) || in_range(&P->p->coord[c], x->x[c])) continue;
        az_expr_number(number, x->x[c]);
        az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "%s = %s lies outside the domain", P->p->coord[c].name, number);
        return false;
    }
    return true;
}

/* argument of a one-argument call: "(" expr ")", the name already taken */
static int parse_argument(az_parser *P, const az_token *name)
{
    const char *s = P->text + name->pos;
    char hint[128];

    size_t open = P->tok.pos;
    snprintf(hint, sizeof hint, "'(' and the argument of '%.*s'", (int)name->n, s);
    if (!az_parse_expect(P, '(', hint)) return -1;
    if (P->tok.kind == ')') return az_parse_fail(P, P->tok.pos, AZ_ESYNTAX, NULL, "'%.*s' takes one argument", (int)name->n, s);
    int a = az_parse_expr(P);
    if (a < 0) return -1;
    if (P->tok.kind == ',') return az_parse_fail(P, P->tok.pos, AZ_ESYNTAX, NULL, "'%.*s' takes one argument", (int)name->n, s);
    return expect_close(P, open, "')'") ? a : -1;
}

/* coordinate's index; the name is taken */
bool az_parse_coord_index(az_parser *P, int *coord)
{
    char hint[200];
    const az_symbol *s = P->tok.kind == AZ_T_NAME ? az_symbol_find(P, P->text + P->tok.pos, P->tok.n) : NULL;
    size_t n = 0;

    if (s && s->kind == AZ_S_COORD) {
        *coord = s->index;
        az_parse_next(P);
        return P->status == AZ_OK;
    }
    for (int c = 0; c < P->p->dim; c++)
        n += (size_t)snprintf(hint + n, sizeof hint - n, "%s%.40s", c ? ", " : P->p->dim > 1 ? "the coordinates are " : "the only coordinate is ",
                              P->p->coord[c].name);
    if (!n) snprintf(hint, sizeof hint, "no coordinate has been declared before this line");
    if (P->tok.kind == AZ_T_NAME)
        az_parse_fail(P, P->tok.pos, AZ_EPROBLEM, hint, "'%.*s' is not a coordinate", (int)P->tok.n, P->text + P->tok.pos);
    else az_parse_expect(P, AZ_T_NAME, "a coordinate");
    return false;
}

static bool check_derivative(az_parser *P, int a, size_t pos, size_t end, int coord)
{
    const az_coord_decl *x = P->p->coord;
    unsigned deps = P->p->graph.node[a].deps;
    char hint[300];
    size_t n = 0;

    if (deps >> coord & 1) return true;
    for (int c = 0; c < P->p->dim; c++)
        if (deps >> c & 1) n += (size_t)snprintf(hint + n, sizeof hint - n, "%s%s", n ? ", " : "it depends on ", x[c].name);
    az_lexer l;
    az_lexer_init(&l, P->text + pos, end - pos);
    az_token first = az_lexer_next(&l);
    if (first.kind == AZ_T_NAME && az_lexer_next(&l).kind == AZ_T_END)
        az_parse_fail(P, pos, AZ_EPROBLEM, n ? hint : NULL, "'%.*s' does not depend on '%s'", (int)first.n, P->text + pos, x[coord].name);
    else az_parse_fail(P, pos, AZ_EPROBLEM, n ? hint : NULL, "this expression does not depend on '%s'", x[coord].name);
    return false;
}

/* derivative = "d" "(" expr "," coordinate { "," coordinate } ")" */
static int parse_derivative(az_parser *P, const az_token *name)
{
    size_t open = P->tok.pos;
    int coord;

    if (!az_parse_expect(P, '(', "'(': d(expression, coordinate, ...)")) return -1;
    size_t pos = P->tok.pos;
    int a = az_parse_expr(P), original = a;
    size_t end = P->last_end;
    if (a < 0 || !az_parse_expect(P, ',', "',' and the coordinate of the derivative")) return -1;
    do {
        if (!az_parse_coord_index(P, &coord) || !check_derivative(P, original, pos, end, coord)) return -1;
        a = az_graph_d(&P->p->graph, a, coord);
        if (P->p->coord[coord].open > 0) a = az_graph_binary(&P->p->graph, AZ_MUL, a, az_open_slope(P, coord));
        a = az_parse_checked(P, a, name->pos);
        if (a < 0) return -1;
    } while (az_parse_take(P, ','));
    return expect_close(P, open, "')' or another coordinate") ? a : -1;
}

static int parse_hilbert(az_parser *P, const az_token *name)
{
    const az_problem *p = P->p;
    int a = parse_argument(P, name);

    if (a < 0) return -1;
    P->domain_used = true;
    if (p->dim != 1 || p->coord[0].range != AZ_LINE)
        return az_parse_fail(P, name->pos, AZ_EPROBLEM, "declare 'domain y in line' or 'domain y in (-1, 1)'",
                             "hilbert needs a problem with one coordinate, on the line or an open interval");
    return p->coord[0].open > 0 ? az_open_hilbert(P, a) : az_graph_hilbert(&P->p->graph, a);
}

static int parse_primitive(az_parser *P, const az_token *name)
{
    const az_coord_decl *x = P->p->coord;
    int a = parse_argument(P, name);

    if (a < 0) return -1;
    P->domain_used = true;
    if (P->p->dim != 1) return az_parse_fail(P, name->pos, AZ_EPROBLEM, NULL, "primitive needs a problem with one coordinate");
    return x->open > 0 ? az_open_primitive(P, a) : az_graph_primitive(&P->p->graph, a);
}

/* edge = "edge" "(" coordinate ")" */
static int parse_edge(az_parser *P, const az_token *name)
{
    size_t open = P->tok.pos;
    int c;

    if (!az_parse_expect(P, '(', "'(' and a coordinate: edge(y)") || !az_parse_coord_index(P, &c)) return -1;
    if (!expect_close(P, open, "')'")) return -1;
    if (!(P->p->coord[c].open > 0))
        return az_parse_fail(P, name->pos, AZ_EPROBLEM, "edge(y) = 1 - (y/X)^2 is for 'domain y in (-X, X)'", "'%s' has no open interval", P->p->coord[c].name);
    P->domain_used = true;
    return az_open_edge(P, c);
}

static int parse_call(az_parser *P, const az_token *name)
{
    const char *s = P->text + name->pos;
    az_graph *g = &P->p->graph;
    char hint[200];
    int f = az_func_find(s, name->n), a;

    if (f >= 0) return az_graph_func(g, (az_func)f, (a = parse_argument(P, name)));
    if (name->n == 1 && *s == 'd') return parse_derivative(P, name);
    if (name->n == 7 && !memcmp(s, "hilbert", 7)) return parse_hilbert(P, name);
    if (name->n == 9 && !memcmp(s, "primitive", 9)) return parse_primitive(P, name);
    if (name->n == 4 && !memcmp(s, "edge", 4)) return parse_edge(P, name);
    if (az_symbol_find(P, s, name->n)) {
        snprintf(hint, sizeof hint, "write '%.*s' without arguments, or '*' for a product", (int)name->n, s);
        return az_parse_fail(P, name->pos, AZ_EPROBLEM, hint, "'%.*s' is not a function", (int)name->n, s);
    }
    az_suggest(P, hint, sizeof hint, "a function such as exp, sin, d or hilbert", s, name->n, true);
    return az_parse_fail(P, name->pos, AZ_EPROBLEM, hint, "unknown function '%.*s'", (int)name->n, s);
}

static int symbol_node(az_parser *P, const az_symbol *s)
{
    switch (s->kind) {
    case AZ_S_COORD:
        P->domain_used = true;
        return P->p->coord[s->index].open > 0 ? az_open_coord(P, s->index) : az_graph_coord(&P->p->graph, s->index);
    case AZ_S_SCALAR: return az_graph_scalar(&P->p->graph, s->index);
    case AZ_S_TRIAL: return P->p->trial[s->index].node;
    case AZ_S_LET: return P->p->let[s->index].node;
    case AZ_S_FLOW: return az_parse_fail(P, P->last_end - s->n, AZ_EPROBLEM, "use its components", "'%.*s' is a flow, which has several components", (int)s->n, P->text + s->pos);
    }
    return -1;
}

static bool is_function(const char *s, size_t n)
{
    return az_func_find(s, n) >= 0 || (n == 1 && *s == 'd') || (n == 4 && !memcmp(s, "edge", 4)) ||
           (n == 7 && !memcmp(s, "hilbert", 7)) ||
           (n == 9 && !memcmp(s, "primitive", 9));
}

/* name = "pi" | coordinate | parameter | unknown | trial | let | field | call */
static int parse_name(az_parser *P)
{
    az_token name = P->tok;
    const char *s = P->text + name.pos;
    int n = (int)name.n;
    char hint[200];

    bool reserved = az_name_reserved(s, name.n), function = is_function(s, name.n), pi = az_parse_is(P, "pi"), inf = az_parse_is(P, "inf");
    if (reserved && !function && !pi && !inf) return az_parse_expect(P, AZ_T_NUMBER, "an expression"), -1;
    az_parse_next(P);
    if (P->status != AZ_OK) return -1;
    if (pi) return az_graph_const(&P->p->graph, 3.14159265358979323846);
    if (inf) return az_parse_fail(P, name.pos, AZ_ESYNTAX, NULL, "'inf' is only allowed as a bound of an unknown");
    if (P->tok.kind == '(') return parse_call(P, &name);
    if (function) return az_parse_fail(P, name.pos, AZ_ESYNTAX, "expected '(' and the argument", "'%.*s' is a function", n, s);
    const az_symbol *symbol = az_symbol_find(P, s, name.n);
    if (symbol) return symbol_node(P, symbol);
    az_suggest(P, hint, sizeof hint, NAMES_EXPECTED, s, name.n, false);
    return az_parse_fail(P, name.pos, AZ_EPROBLEM, hint, "unknown name '%.*s'", n, s);
}

/* primary = number | name | "(" expr ")" */
static int parse_primary(az_parser *P)
{
    az_token t = P->tok;
    int a;

    switch (t.kind) {
    case AZ_T_NUMBER: az_parse_next(P); return az_parse_checked(P, az_graph_const(&P->p->graph, t.value), t.pos);
    case AZ_T_NAME: a = parse_name(P); return az_parse_checked(P, a, t.pos);
    case '(':
        az_parse_next(P);
        a = az_parse_expr(P);
        return a >= 0 && expect_close(P, t.pos, "')'") ? a : -1;
    default: az_parse_expect(P, AZ_T_NUMBER, "an expression"); return -1;
    }
}

/* component of a point without parentheses: [ "-" ] ( number | name ) */
static bool parse_bare_component(az_parser *P, double *x)
{
    size_t pos = P->tok.pos;
    bool negative = az_parse_take(P, '-');

    if (P->tok.kind != AZ_T_NUMBER && P->tok.kind != AZ_T_NAME) return az_parse_expect(P, AZ_T_NUMBER, "a number, a parameter or '(' after '@'");
    int a = parse_primary(P);
    const az_node_info *info = a < 0 ? NULL : az_parse_info(P, a);
    if (!info) return false;
    if (!(info->has & AZ_IS_CONSTANT)) {
        az_parse_fail(P, pos, AZ_EPROBLEM, "it may use numbers, pi and parameters", "this expression must be constant");
        return false;
    }
    *x = negative ? -info->value : info->value;
    return true;
}

/* point = bare | "(" expr { "," expr } ")", one component per coordinate */
static bool parse_point(az_parser *P, az_point *point, size_t at)
{
    size_t open = P->tok.pos;
    int n = 0;

    *point = (az_point){{0}};
    if (!az_parse_take(P, '(')) {
        if (!parse_bare_component(P, &point->x[n++])) return false;
    } else {
        do {
            double x = 0;
            if (!az_parse_constant(P, &x)) return false;
            if (n < AZ_MAX_DIM) point->x[n] = x;
            n++;
        } while (az_parse_take(P, ','));
        if (!expect_close(P, open, "')'")) return false;
    }
    if (P->status != AZ_OK) return false;
    if (n == P->p->dim) return true;
    az_parse_fail(P, at, AZ_EPROBLEM, NULL, "the point has %d component%s, but the problem has %d coordinate%s", n, n == 1 ? "" : "s", P->p->dim,
                  P->p->dim == 1 ? "" : "s");
    return false;
}

/* postfix = primary { "@" point } */
static int parse_postfix(az_parser *P)
{
    az_point point;
    int a = parse_primary(P);

    while (a >= 0 && P->tok.kind == '@') {
        size_t at = P->tok.pos;
        az_parse_next(P);
        if (P->status != AZ_OK || !parse_point(P, &point, at) || !az_parse_inside(P, &point, P->p->graph.node[a].deps, at)) return -1;
        for (int c = 0; c < P->p->dim; c++)
            if (P->p->coord[c].open > 0) point.x[c] = az_open_to_line(&P->p->coord[c], point.x[c]);
        a = az_parse_checked(P, az_graph_at(&P->p->graph, a, &point), at);
    }
    return a;
}

static int parse_unary(az_parser *P);

/* An exponent of parameters with an integer value is that integer, so that u^k takes negative u. */
static int power(az_parser *P, int a, int b, size_t pos)
{
    const az_node_info *info = az_parse_info(P, b), *base = &P->info[a];

    if (!info) return -1;
    if (info->has & AZ_IS_CONSTANT && info->value == floor(info->value)) b = az_graph_const(&P->p->graph, info->value);
    else if (base->has & AZ_IS_CONSTANT && base->value <= 0)
        return az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the base must be positive, since the exponent is not an integer");
    return az_graph_binary(&P->p->graph, AZ_POW, a, b);
}

/* power = postfix [ "^" unary ] */
static int parse_power(az_parser *P)
{
    int a = parse_postfix(P);

    if (a < 0 || P->tok.kind != '^') return a;
    size_t pos = P->tok.pos;
    az_parse_next(P);
    if (P->status != AZ_OK || !enter(P)) return -1;
    int b = parse_unary(P);
    P->nesting--;
    return b < 0 ? -1 : az_parse_checked(P, power(P, a, b, pos), pos);
}

/* unary = { "-" | "+" } power */
static int parse_unary(az_parser *P)
{
    bool negative = false;

    while (P->tok.kind == '-' || P->tok.kind == '+') {
        negative ^= P->tok.kind == '-';
        az_parse_next(P);
    }
    if (P->status != AZ_OK) return -1;
    size_t pos = P->tok.pos;
    int a = parse_power(P);
    return negative && a >= 0 ? az_parse_checked(P, az_graph_neg(&P->p->graph, a), pos) : a;
}

/* product = unary { ( "*" | "/" ) unary } */
static int parse_product(az_parser *P)
{
    int a = parse_unary(P);

    while (a >= 0 && (P->tok.kind == '*' || P->tok.kind == '/')) {
        az_token sign = P->tok;
        az_parse_next(P);
        int b = P->status == AZ_OK ? parse_unary(P) : -1;
        if (b < 0) return -1;
        a = az_parse_checked(P, az_graph_binary(&P->p->graph, sign.kind == '*' ? AZ_MUL : AZ_DIV, a, b), sign.pos);
    }
    return a;
}

/* expr = product { ( "+" | "-" ) product } */
int az_parse_expr(az_parser *P)
{
    if (P->status != AZ_OK || !enter(P)) return -1;
    int a = parse_product(P);
    while (a >= 0 && (P->tok.kind == '+' || P->tok.kind == '-')) {
        az_token sign = P->tok;
        az_parse_next(P);
        int b = P->status == AZ_OK ? parse_product(P) : -1;
        if (b < 0) return -1;
        a = az_parse_checked(P, az_graph_binary(&P->p->graph, sign.kind == '+' ? AZ_ADD : AZ_SUB, a, b), sign.pos);
    }
    P->nesting--;
    return P->status == AZ_OK ? a : -1;
}
