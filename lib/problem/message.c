/* message.c: errors with file, line, column, the line itself and a caret. */
#include "problem/parse.h"

#include <stdarg.h>
#include <string.h>

#define WINDOW 100      /* columns shown of a long line */
#define BEFORE 60       /* of them before the caret */
#define MAX_ORIGIN 200  /* bytes of the file's name, the last ones */

typedef struct place {
    int line, column;           /* from 1; columns count characters, not bytes */
    const char *start, *end;    /* of the line */
} place;

/* Bytes of the character at s: a byte that is not UTF-8 counts as one. */
static size_t step(const char *s, const char *end)
{
    size_t k = az_utf8_length(s, (size_t)(end - s));
    return k ? k : 1;
}

static int count_characters(const char *s, const char *end)
{
    int n = 0;

    for (; s < end; s += step(s, end)) n++;
    return n;
}

static place find_place(const char *text, size_t n, size_t pos)
{
    place w = {.line = 1, .column = 1, .start = text};

    if (pos > n) pos = n;
    for (size_t i = 0; i < pos; i++) {
        if (text[i] == '\n') {
            w.line++;
            w.start = text + i + 1;
        }
    }
    w.end = memchr(text + pos, '\n', n - pos);
    if (!w.end) w.end = text + n;
    if (w.end > w.start && w.end[-1] == '\r') w.end--;
    w.column += count_characters(w.start, text + pos);
    return w;
}

/* The line with tabs and unprintable bytes replaced so that one character is one column; cut around the caret. */
static void add_excerpt(az_text *out, const place *w)
{
    int total = count_characters(w->start, w->end), from = 0, column = 0;

    if (total > WINDOW && w->column > BEFORE) from = w->column - BEFORE;
    az_text_add(out, from ? "\n  ..." : "\n  ");
    for (const char *s = w->start; s < w->end && column < from + WINDOW; s += step(s, w->end)) {
        if (column++ < from) continue;
        size_t k = *s == '\t' ? 0 : az_utf8_length(s, (size_t)(w->end - s));
        if (k) az_text_write(out, s, k);
        else az_text_add(out, *s == '\t' ? " " : "?");
    }
    if (total > from + WINDOW) az_text_add(out, "...");
    az_text_add(out, "\n  %*s^", w->column - 1 - from + (from ? 3 : 0), "");
}

int az_parse_fail(az_parser *P, size_t pos, az_status s, const char *hint, const char *format, ...)
{
    char what[400];
    az_text out = {0};
    place w = {0};
    size_t n = strlen(P->origin);
    const char *origin = n > MAX_ORIGIN ? P->origin + n - MAX_ORIGIN : P->origin;
    va_list ap;

    if (P->status != AZ_OK) return -1;
    P->status = s;
    if (!P->err) return -1;
    va_start(ap, format);
    if (vsnprintf(what, sizeof what, format, ap) < 0) what[0] = 0;
    va_end(ap);
    if (pos == AZ_NOWHERE) {
        az_text_add(&out, "%s: error: %s", origin, what);
    } else {
        w = find_place(P->text, P->length, pos);
        az_text_add(&out, "%s:%d:%d: error: %s", origin, w.line, w.column, what);
        add_excerpt(&out, &w);
    }
    if (hint) az_text_add(&out, "\n  %s", hint);
    az_fail(P->err, s, "%s", out.failed ? what : out.s);
    P->err->line = w.line;
    P->err->column = w.column;
    az_text_clear(&out);
    return -1;
}

az_status az_problem_fail(const az_problem *p, int line, az_status s, az_error *err, const char *format, ...)
{
    az_parser P = {.origin = p->origin, .text = p->text, .length = strlen(p->text), .err = err};
    const char *at = p->text;
    char what[300];
    va_list ap;

    va_start(ap, format);
    if (vsnprintf(what, sizeof what, format, ap) < 0) what[0] = 0;
    va_end(ap);
    for (int i = 1; i < line && at; i++) at = strchr(at, '\n'), at = at ? at + 1 : NULL;
    az_parse_fail(&P, at && line > 0 ? (size_t)(at - p->text) + strspn(at, " \t") : AZ_NOWHERE, s, NULL, "%s", what);
    return s;
}

int az_parse_nomem(az_parser *P)
{
    if (P->status == AZ_OK) {
        P->status = AZ_ENOMEM;
        az_fail(P->err, AZ_ENOMEM, "out of memory");
    }
    return -1;
}

const char *az_parse_token_text(const az_parser *P, char buffer[64])
{
    const az_token *t = &P->tok;
    int n = t->n > 40 ? 40 : (int)t->n;

    switch (t->kind) {
    case AZ_T_END:
    case AZ_T_EOF: return "end of the statement";
    case AZ_T_STRING: return "quoted text";
    default: snprintf(buffer, 64, "'%.*s'", n, P->text + t->pos); return buffer;
    }
}
