/* symbol.c: the names of a problem: one name space, declared before use. */
#include "problem/parse.h"

#include <string.h>
#include <strings.h>

#define MAX_DISTANCE 2 /* wrong letters of a name that is still suggested */

static const char *const reserved[] = {
    "problem", "parameter", "unknown", "domain", "time", "periodic", "trial", "let", "field", "equation", "pin", "select", "initial",
    "boundary", "in", "at", "scale", "weight", "penalty", "odd", "even", "decay", "flow", "derived", "tolerance", "note",
    "analytic", "within", "d", "hilbert", "primitive", "edge", "pi", "inf",
};
#define N_RESERVED (sizeof reserved / sizeof *reserved)

static bool equal(const char *word, const char *name, size_t n)
{
    return strlen(word) == n && !memcmp(word, name, n);
}

bool az_name_reserved(const char *name, size_t n)
{
    for (size_t i = 0; i < N_RESERVED; i++)
        if (equal(reserved[i], name, n)) return true;
    return az_func_find(name, n) >= 0;
}

bool az_vector_room(void *array_pointer, int n, size_t size)
{
    void *old, *grown;

    if (n & (n - 1)) return true;
    memcpy(&old, array_pointer, sizeof old);
    grown = az_realloc(old, (n ? 2 * (size_t)n : 1) * size);
    if (grown) memcpy(array_pointer, &grown, sizeof grown);
    return grown != NULL;
}

const az_symbol *az_symbol_find(const az_parser *P, const char *name, size_t n)
{
    for (int i = 0; i < P->n_symbols; i++) {
        const az_symbol *s = &P->symbol[i];
        if (s->n == n && !memcmp(P->text + s->pos, name, n)) return s;
    }
    return NULL;
}

int az_parse_line(const az_parser *P, size_t pos)
{
    int line = 1;

    for (size_t i = 0; i < pos; i++) line += P->text[i] == '\n';
    return line;
}

bool az_parse_new_name(az_parser *P, az_token *name, char **copy)
{
    char buffer[64], hint[100];
    const char *s = P->text + P->tok.pos;
    int n = (int)P->tok.n;

    *copy = NULL;
    if (P->tok.kind != AZ_T_NAME) {
        az_parse_expect(P, AZ_T_NAME, "a name");
        return false;
    }
    if (az_name_reserved(s, P->tok.n)) {
        az_parse_fail(P, P->tok.pos, AZ_ESYNTAX, NULL, "'%.*s' is a word of the language and cannot be a name", n, s);
        return false;
    }
    const az_symbol *old = az_symbol_find(P, s, P->tok.n);
    if (old) {
        snprintf(hint, sizeof hint, "it was declared in line %d", az_parse_line(P, old->pos));
        az_parse_fail(P, P->tok.pos, AZ_EPROBLEM, hint, "the name '%.*s' is used twice", n, s);
        return false;
    }
    *name = P->tok;
    memcpy(buffer, s, P->tok.n); /* a name token has at most AZ_MAX_NAME bytes */
    buffer[P->tok.n] = 0;
    *copy = az_strdup(buffer);
    if (!*copy) az_parse_nomem(P);
    else az_parse_next(P);
    return *copy != NULL;
}

bool az_symbol_add(az_parser *P, az_symbol_kind kind, int index, const az_token *name)
{
    if (!az_vector_room(&P->symbol, P->n_symbols, sizeof *P->symbol)) {
        az_parse_nomem(P);
        return false;
    }
    P->symbol[P->n_symbols++] = (az_symbol){.kind = kind, .index = index, .pos = name->pos, .n = name->n};
    return true;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Damerau-Levenshtein distance, cut above MAX_DISTANCE. Rows of the dynamic programme of Wagner and Fischer, with exchanges of neighbours (optimal string alignment). */
static int name_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    int row[3][AZ_MAX_NAME + 1];
    size_t gap = n_a > n_b ? n_a - n_b : n_b - n_a;

    if (gap > MAX_DISTANCE || n_a > AZ_MAX_NAME || n_b > AZ_MAX_NAME) return MAX_DISTANCE + 1;
    for (size_t j = 0; j <= n_b; j++) row[0][j] = (int)j;
    for (size_t i = 1; i <= n_a; i++) {
        int *now = row[i % 3], *up = row[(i + 2) % 3], *upper = row[(i + 1) % 3];
        now[0] = (int)i;
        for (size_t j = 1; j <= n_b; j++) {
            now[j] = least(least(up[j], now[j - 1]) + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = least(now[j], upper[j - 2] + 1);
        }
    }
    return least(row[n_a % 3][n_b], MAX_DISTANCE + 1);
}

void az_nearest_offer(az_nearest *best, const char *candidate, size_t n_c, const char *name, size_t n)
{
    int k = n == n_c && !strncasecmp(candidate, name, n) ? 0 : name_distance(candidate, n_c, name, n);

    if (k > MAX_DISTANCE || 2 * (size_t)k > n || (best->name && k >= best->distance)) return;
    *best = (az_nearest){candidate, n_c, k};
}

void az_suggest(const az_parser *P, char *buffer, size_t size, const char *expected, const char *name, size_t n, bool functions)
{
    static const char *const call[] = {"d", "hilbert", "primitive", "edge"};
    az_nearest best = {0};

    for (int i = 0; i < P->n_symbols; i++)
        if (!functions) az_nearest_offer(&best, P->text + P->symbol[i].pos, P->symbol[i].n, name, n);
    for (int f = 0; functions && f < AZ_N_FUNC; f++) az_nearest_offer(&best, az_func_name((az_func)f), strlen(az_func_name((az_func)f)), name, n);
    for (size_t i = 0; functions && i < sizeof call / sizeof *call; i++) az_nearest_offer(&best, call[i], strlen(call[i]), name, n);
    if (best.name) snprintf(buffer, size, "expected %s; did you mean '%.*s'?", expected, (int)best.n, best.name);
    else snprintf(buffer, size, "expected %s", expected);
}
