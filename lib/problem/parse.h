/* parse.h: shared by the files that read a problem text. Private to lib/problem.
 *
 * Parsing functions return a node or a bool; -1 or false means that the error has been recorded by az_parse_fail and everything unwinds. */
#ifndef AZ_PARSE_H
#define AZ_PARSE_H

#include "problem/problem.h"

/* Tokens of one character are their own kind. */
typedef enum az_token_kind { AZ_T_EOF = 256, AZ_T_END, AZ_T_NAME, AZ_T_NUMBER, AZ_T_STRING, AZ_T_ERROR } az_token_kind;

typedef struct az_token {
    int kind;
    size_t pos, n;          /* in the text; a string without its quotes */
    double value;           /* NUMBER */
    az_status status;       /* ERROR */
    const char *message;    /* ERROR */
} az_token;

typedef struct az_lexer {
    const char *text;
    size_t n, pos;
    int depth;              /* of open parentheses and brackets */
    bool in_statement;      /* a token was read since the last END */
} az_lexer;

void az_lexer_init(az_lexer *l, const char *text, size_t n);
/* The next token. A newline gives END unless a parenthesis is open or the next line that is not blank is indented. After EOF or ERROR, stop. */
az_token az_lexer_next(az_lexer *l);
/* Bytes of the character at s, a tab or valid UTF-8 (RFC 3629) that is no control character; 0 if there is none. */
size_t az_utf8_length(const char *s, size_t n);

typedef enum az_symbol_kind { AZ_S_COORD, AZ_S_SCALAR, AZ_S_TRIAL, AZ_S_LET, AZ_S_FLOW } az_symbol_kind;

typedef struct az_symbol {
    az_symbol_kind kind;
    int index;
    size_t pos, n;          /* where it was declared: the name is this piece of the text */
} az_symbol;

#define AZ_HAS_TRIAL 1
#define AZ_HAS_UNKNOWN 2
#define AZ_HAS_NONLOCAL 4
#define AZ_IS_CONSTANT 8    /* numbers and parameters only */
#define AZ_HAS_VALUE 16     /* constant, or so if the freed parameter is taken at its start: `value` holds */

typedef struct az_node_info {
    double value;
    unsigned char has, order, operators;    /* order and operators: the largest numbers on one path */
} az_node_info;

typedef struct az_parser {
    az_problem *p;
    const char *origin, *text;
    size_t length;
    az_lexer lexer;
    az_token tok;           /* the next token, not yet taken */
    size_t last_end;        /* end of the last token taken */
    int nesting;
    const az_setting *set;
    int n_set;
    const char *freed;      /* the parameter that is an unknown, or NULL */
    int seen_parameters, seen_unknowns, seen_defects; /* so far; p->n_parameters is of the whole text, counted before */
    az_symbol *symbol;
    int n_symbols;
    az_node_info *info;     /* of the first n_info nodes */
    int n_info, cap_info;
    unsigned in_field;      /* coordinates that a field has used */
    bool domain_used;       /* an expression has used the coordinates: no more may be declared */
    az_status status;       /* of the first error */
    az_error *err;
} az_parser;

#define AZ_NOWHERE ((size_t)-1)
/* Records the first error, with the line, a caret at pos (none for AZ_NOWHERE) and a second line `hint` (may be NULL). Returns -1. */
int az_parse_fail(az_parser *P, size_t pos, az_status s, const char *hint, const char *format, ...) __attribute__((format(printf, 5, 6)));
int az_parse_nomem(az_parser *P);
int az_parse_line(const az_parser *P, size_t pos);          /* from 1 */
const char *az_parse_token_text(const az_parser *P, char buffer[64]);   /* "'foo'", "end of the statement" */

void az_parse_next(az_parser *P);
bool az_parse_is(const az_parser *P, const char *word);     /* the next token is this name */
bool az_parse_take_word(az_parser *P, const char *word);    /* takes it if so */
bool az_parse_take(az_parser *P, int kind);
bool az_parse_expect(az_parser *P, int kind, const char *context);

/* Expressions. */
int az_parse_expr(az_parser *P);
bool az_parse_constant(az_parser *P, double *value);        /* finite; numbers and parameters only */
int az_parse_start(az_parser *P, double *value);            /* the same, with the start of the freed parameter for it; the node, or -1 */
bool az_parse_bound(az_parser *P, double *value);           /* the same, or inf or -inf */
int az_parse_checked(az_parser *P, int node, size_t pos);   /* the node if it was built and has no infinite constant value */
const az_node_info *az_parse_info(az_parser *P, int node);  /* NULL: out of memory, recorded */
bool az_parse_inside(az_parser *P, const az_point *x, unsigned coords, size_t pos); /* the point is in the domain */

/* On the open interval of coordinate c: y, y/X, 1 - (y/X)^2, dt/dy and the operators, as nodes in t. */
int az_open_coord(az_parser *P, int c);
int az_open_unit(az_parser *P, int c);
int az_open_edge(az_parser *P, int c);
int az_open_slope(az_parser *P, int c);
int az_open_hilbert(az_parser *P, int a);
int az_open_primitive(az_parser *P, int a);

/* Symbols. */
const az_symbol *az_symbol_find(const az_parser *P, const char *name, size_t n);
bool az_symbol_add(az_parser *P, az_symbol_kind kind, int index, const az_token *name); /* AZ_EPROBLEM for a duplicate */
bool az_parse_new_name(az_parser *P, az_token *name, char **copy);  /* takes a name that may be declared */
bool az_name_reserved(const char *name, size_t n);
/* "expected ...; did you mean 'x'?" into buffer; the candidates are the declared names, with functions if asked. */
void az_suggest(const az_parser *P, char *buffer, size_t size, const char *expected, const char *name, size_t n, bool functions);
/* The candidate nearest to a name so far; NULL while none is near (two wrong letters, at most half of the name, in any case). */
typedef struct az_nearest {
    const char *name;
    size_t n;
    int distance;
} az_nearest;
void az_nearest_offer(az_nearest *best, const char *candidate, size_t n_c, const char *name, size_t n);

/* Statements. */
bool az_parse_coord_index(az_parser *P, int *coord);        /* takes the name of a coordinate */
bool az_parse_parity(az_parser *P, az_parity parity[AZ_MAX_DIM], unsigned coords);
bool az_parse_field(az_parser *P);
bool az_parse_exponent(az_parser *P, int *node);            /* of a decay: no coordinates, no trials */
bool az_parse_flow(az_parser *P);
bool az_parse_derived(az_parser *P);
bool az_parse_note(az_parser *P);
bool az_parse_analytic(az_parser *P, size_t start);
bool az_parse_row(az_parser *P, az_row_kind kind, size_t start);
bool az_parse_add_trial(az_parser *P, const char *suffix, const az_token *name, const int *input, int n_inputs, const az_parity *parity);
bool az_parse_add_let(az_parser *P, const az_token *name, int node, bool field);
bool az_parse_statements(az_parser *P);
bool az_parse_check(az_parser *P);                          /* of the whole problem, after the last statement */

char *az_parse_copy(const char *s, size_t n);               /* a string of the first n bytes; NULL: out of memory, not recorded */
/* Makes room for one more element behind n: capacities are the powers of two. */
bool az_vector_room(void *array_pointer, int n, size_t size);

#endif
