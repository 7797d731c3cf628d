/* print.c: an expression as text of the problem language. A stack of pending pieces (text or node) replaces recursion, since graphs may be deep. */
#include "expr/expr.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* binding strength, as in doc/language.md */
enum { SUM = 1, PRODUCT, UNARY, POWER, POSTFIX, ATOM };

typedef struct piece {
    const char *text;   /* NULL: a node */
    int node, strength; /* parenthesised if it binds less than this */
} piece;

typedef struct printer {
    az_text *out;
    const az_graph *g;
    const az_expr_names *names;
    piece *stack;
    int n, cap;
} printer;

void az_expr_number(char *buffer, double value)
{
    const char *point = localeconv()->decimal_point;

    if (!isfinite(value)) {
        strcpy(buffer, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* 15 always survive, 17 always suffice (binary64) */
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value) break;
    }
    char *p = strcmp(point, ".") ? strstr(buffer, point) : NULL;
    if (p) {
        *p = '.';
        memmove(p + 1, p + strlen(point), strlen(p + strlen(point)) + 1);
    }
}

static void push(printer *P, const char *text, int node, int strength)
{
    if (P->n == P->cap) {
        int cap = P->cap ? 2 * P->cap : 64;
        piece *stack = az_realloc(P->stack, (size_t)cap * sizeof *stack);
        if (!stack) {
            P->out->failed = true;
            return;
        }
        P->stack = stack;
        P->cap = cap;
    }
    P->stack[P->n++] = (piece){text, node, strength};
}

static int strength_of(const az_node *t)
{
    switch (t->op) {
    case AZ_ADD:
    case AZ_SUB: return SUM;
    case AZ_MUL:
    case AZ_DIV: return PRODUCT;
    case AZ_NEG: return UNARY;
    case AZ_POW: return POWER;
    case AZ_AT: return POSTFIX;
    case AZ_CONST: return signbit(t->value) ? UNARY : ATOM;
    default: return ATOM;
    }
}

/* Pieces are pushed last first. */
static void push_binary(printer *P, const az_node *t, const char *sign, int left, int right)
{
    push(P, NULL, t->b, right);
    push(P, sign, -1, 0);
    push(P, NULL, t->a, left);
}

static void push_call(printer *P, const char *name, int a)
{
    push(P, ")", -1, 0);
    push(P, NULL, a, SUM);
    push(P, "(", -1, 0);
    push(P, name, -1, 0);
}

static void push_derivative(printer *P, const az_node *t)
{
    push(P, ")", -1, 0);
    for (;; t = &P->g->node[t->a]) {
        push(P, P->names->leaf(P->names->data, AZ_COORD, t->index), -1, 0);
        push(P, ", ", -1, 0);
        if (P->g->node[t->a].op != AZ_D) break;
        if (P->names->alias && P->names->alias(P->names->data, t->a)) break;
    }
    push(P, NULL, t->a, SUM);
    push(P, "d(", -1, 0);
}

static void add_number(printer *P, double value)
{
    char buffer[32];

    az_expr_number(buffer, value);
    az_text_add(P->out, "%s", buffer);
}

/* The point follows its expression, so it waits on the stack as a node piece of strength 0. A coordinate whose name cannot be written is named: the number is
 * not one of what the text calls so. */
static void add_point(printer *P, const az_point *p)
{
    bool bare = P->names->dim == 1 && !signbit(p->x[0]);

    for (int c = 0; c < P->names->dim; c++) bare = bare && !strchr(P->names->leaf(P->names->data, AZ_COORD, c), ':');
    az_text_add(P->out, bare ? "@" : "@(");
    for (int c = 0; c < P->names->dim; c++) {
        const char *name = P->names->leaf(P->names->data, AZ_COORD, c);
        if (c) az_text_add(P->out, ", ");
        if (strchr(name, ':')) az_text_add(P->out, "%s = ", name);
        add_number(P, p->x[c]);
    }
    if (!bare) az_text_add(P->out, ")");
}

static void expand(printer *P, int node)
{
    const az_node *t = &P->g->node[node];

    switch (t->op) {
    case AZ_CONST: add_number(P, t->value); break;
    case AZ_COORD:
    case AZ_SCALAR:
    case AZ_TRIAL: az_text_add(P->out, "%s", P->names->leaf(P->names->data, t->op, t->index)); break;
    case AZ_ADD: push_binary(P, t, " + ", SUM, PRODUCT); break;
    case AZ_SUB: push_binary(P, t, " - ", SUM, PRODUCT); break;
    case AZ_MUL: push_binary(P, t, "*", PRODUCT, POWER); break;
    case AZ_DIV: push_binary(P, t, "/", PRODUCT, POWER); break;
    case AZ_POW: push_binary(P, t, "^", POSTFIX, UNARY); break;
    case AZ_NEG:
        push(P, NULL, t->a, UNARY);
        push(P, "-", -1, 0);
        break;
    case AZ_FUNC: push_call(P, az_func_name((az_func)t->index), t->a); break;
    case AZ_HILBERT: push_call(P, "hilbert", t->a); break;
    case AZ_PRIMITIVE: push_call(P, "primitive", t->a); break;
    case AZ_D: push_derivative(P, t); break;
    case AZ_AT:
        push(P, NULL, node, 0);
        push(P, NULL, t->a, POSTFIX);
        break;
    }
}

static void print_piece(printer *P, piece p, int root)
{
    const char *alias = NULL;

    if (p.text) {
        az_text_add(P->out, "%s", p.text);
        return;
    }
    const az_node *t = &P->g->node[p.node];
    if (t->op == AZ_AT && p.strength == 0) {
        add_point(P, &P->g->point[t->index]);
        return;
    }
    if (p.node != root && P->names->alias) alias = P->names->alias(P->names->data, p.node);
    if (alias) {
        az_text_add(P->out, "%s", alias);
    } else if (strength_of(t) < p.strength) {
        push(P, ")", -1, 0);
        push(P, NULL, p.node, SUM);
        push(P, "(", -1, 0);
    } else {
        expand(P, p.node);
    }
}

void az_expr_print(az_text *out, const az_graph *g, int node, const az_expr_names *names, size_t max_bytes)
{
    printer P = {.out = out, .g = g, .names = names};
    size_t start = out->n;

    push(&P, NULL, node, SUM);
    while (P.n && !out->failed) {
        if (out->n - start + (size_t)P.n > max_bytes) { /* every piece still gives a byte */
            az_text_add(out, "...");
            break;
        }
        piece p = P.stack[--P.n];
        print_piece(&P, p, node);
    }
    az_free(P.stack);
}
