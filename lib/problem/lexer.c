/* lexer.c: a problem text as tokens. */
#include "problem/parse.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NUMBER 64 /* bytes of a literal; 17 digits say everything a double can hold */

void az_lexer_init(az_lexer *l, const char *text, size_t n)
{
    *l = (az_lexer){.text = text, .n = n};
    if (n >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) l->pos = 3; /* byte order mark */
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int byte_at(const az_lexer *l, size_t pos)
{
    return pos < l->n ? (unsigned char)l->text[pos] : -1;
}

static az_token error_at(size_t pos, az_status s, const char *message)
{
    return (az_token){.kind = AZ_T_ERROR, .pos = pos, .n = 1, .status = s, .message = message};
}

size_t az_utf8_length(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    unsigned c = n ? u[0] : 0, first = 0x80, last = 0xBF;
    size_t k = c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;

    if (c == '\t' || (c >= 0x20 && c < 0x7F)) return 1;
    if (c < 0xC2 || c > 0xF4 || k > n) return 0;
    if (c == 0xC2 || c == 0xE0) first = 0xA0; /* C1 controls, overlong forms */
    if (c == 0xED) last = 0x9F;               /* surrogates */
    if (c == 0xF0) first = 0x90;
    if (c == 0xF4) last = 0x8F;
    if (u[1] < first || u[1] > last) return 0;
    for (size_t i = 2; i < k; i++)
        if (u[i] < 0x80 || u[i] > 0xBF) return 0;
    return k;
}

static bool line_end_at(const az_lexer *l, size_t pos)
{
    return byte_at(l, pos) == '\n' || (byte_at(l, pos) == '\r' && byte_at(l, pos + 1) == '\n');
}

/* Skips printable text to the end of the line or to the byte `until`; false at a byte that may not stand in a text. */
static bool skip_text(az_lexer *l, int until)
{
    while (l->pos < l->n && !line_end_at(l, l->pos) && byte_at(l, l->pos) != until) {
        size_t k = az_utf8_length(l->text + l->pos, l->n - l->pos);
        if (!k) return false;
        l->pos += k;
    }
    return true;
}

/* Skips blanks, comments and line ends; *newline tells that the next token starts a line at column 1. */
static bool skip_blanks(az_lexer *l, bool *newline)
{
    *newline = false;
    for (;;) {
        int c = byte_at(l, l->pos);
        if (c == ' ' || c == '\t') {
            l->pos++;
            *newline = false;
        } else if (line_end_at(l, l->pos)) {
            l->pos += c == '\r' ? 2 : 1;
            *newline = true;
        } else if (c == '#') {
            if (!skip_text(l, -1)) return false;
        } else {
            return true;
        }
    }
}

static az_token read_name(az_lexer *l)
{
    az_token t = {.kind = AZ_T_NAME, .pos = l->pos};

    while (is_letter(byte_at(l, l->pos)) || is_digit(byte_at(l, l->pos))) l->pos++;
    t.n = l->pos - t.pos;
    return t.n > AZ_MAX_NAME ? error_at(t.pos, AZ_ELIMIT, "the name is longer than 63 characters") : t;
}

static void skip_digits(az_lexer *l)
{
    while (is_digit(byte_at(l, l->pos))) l->pos++;
}

/* strtod reads the decimal point of the locale, so the literal is copied with that point. */
static double number_value(const char *s, size_t n)
{
    const char *point = localeconv()->decimal_point;
    char buffer[MAX_NUMBER + 16];
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        if (s[i] != '.') buffer[k++] = s[i];
        else for (size_t j = 0; point[j] && j < 8; j++) buffer[k++] = point[j];
    }
    buffer[k] = 0;
    return strtod(buffer, NULL);
}

static bool has_nonzero_digit(const char *s, size_t n)
{
    for (size_t i = 0; i < n && s[i] != 'e' && s[i] != 'E'; i++)
        if (s[i] >= '1' && s[i] <= '9') return true;
    return false;
}

/* number = digits [ "." digits ] [ ( "e" | "E" ) [ sign ] digits ], or without digits before or behind the point */
static az_token read_number(az_lexer *l)
{
    az_token t = {.kind = AZ_T_NUMBER, .pos = l->pos};

    skip_digits(l);
    if (byte_at(l, l->pos) == '.') {
        l->pos++;
        skip_digits(l);
    }
    if (byte_at(l, l->pos) == 'e' || byte_at(l, l->pos) == 'E') {
        l->pos++;
        if (byte_at(l, l->pos) == '+' || byte_at(l, l->pos) == '-') l->pos++;
        if (!is_digit(byte_at(l, l->pos))) return error_at(t.pos, AZ_ESYNTAX, "the exponent of the number has no digits");
        skip_digits(l);
    }
    t.n = l->pos - t.pos;
    int c = byte_at(l, l->pos);
    if (is_letter(c) || c == '.') return error_at(l->pos, AZ_ESYNTAX, "a number ends here: write '*' for a product");
    if (t.n > MAX_NUMBER) return error_at(t.pos, AZ_ELIMIT, "the number is longer than 64 characters");
    t.value = number_value(l->text + t.pos, t.n);
    if (!isfinite(t.value)) return error_at(t.pos, AZ_ESYNTAX, "the number is too large for a double");
    if (t.value == 0 && has_nonzero_digit(l->text + t.pos, t.n)) return error_at(t.pos, AZ_ESYNTAX, "the number is too small for a double");
    return t;
}

static az_token read_string(az_lexer *l)
{
    size_t start = l->pos++;

    if (!skip_text(l, '"')) return error_at(l->pos, AZ_ESYNTAX, "this byte is no printable UTF-8 text");
    if (byte_at(l, l->pos) != '"') return error_at(start, AZ_ESYNTAX, "the quotation mark is not closed in this line");
    az_token t = {.kind = AZ_T_STRING, .pos = start + 1, .n = l->pos - start - 1};
    l->pos++;
    return t;
}

static az_token read_other(az_lexer *l, int c)
{
    if (c && c < 0x80 && strchr("+-*/^()[],=@", c)) {
        if (c == '(' || c == '[') l->depth++;
        if ((c == ')' || c == ']') && l->depth) l->depth--;
        return (az_token){.kind = c, .pos = l->pos++, .n = 1};
    }
    if (c < 0x20 || c == 0x7F) return error_at(l->pos, AZ_ESYNTAX, "a control character is not allowed here");
    if (c >= 0x80) return error_at(l->pos, AZ_ESYNTAX, "characters beyond ASCII may stand in comments and quoted texts only");
    return error_at(l->pos, AZ_ESYNTAX, "unexpected character");
}

az_token az_lexer_next(az_lexer *l)
{
    bool newline;
    size_t end = l->pos;

    if (!skip_blanks(l, &newline)) return error_at(l->pos, AZ_ESYNTAX, "this byte is no printable UTF-8 text");
    int c = byte_at(l, l->pos);
    if (l->in_statement && (c < 0 || (newline && !l->depth))) {
        l->in_statement = false;
        return (az_token){.kind = AZ_T_END, .pos = end};
    }
    if (c < 0) return (az_token){.kind = AZ_T_EOF, .pos = end};
    l->in_statement = true;
    if (is_letter(c)) return read_name(l);
    if (is_digit(c) || (c == '.' && is_digit(byte_at(l, l->pos + 1)))) return read_number(l);
    if (c == '"') return read_string(l);
    return read_other(l, c);
}
