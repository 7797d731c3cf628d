/* json.c: a JSON writer. */
#include "json.h"

#include <math.h>
#include <string.h>

/* The length of the UTF-8 sequence at s, 0 if it is not one (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
static int utf8_length(const unsigned char *s)
{
    unsigned lo = 0x80, hi = 0xbf;
    int n;

    if (s[0] < 0x80) return 1;
    if (s[0] >= 0xc2 && s[0] <= 0xdf) n = 2;
    else if (s[0] >= 0xe0 && s[0] <= 0xef) n = 3;
    else if (s[0] >= 0xf0 && s[0] <= 0xf4) n = 4;
    else return 0;
    if (s[0] == 0xe0) lo = 0xa0;
    if (s[0] == 0xed) hi = 0x9f;
    if (s[0] == 0xf0) lo = 0x90;
    if (s[0] == 0xf4) hi = 0x8f;
    if (s[1] < lo || s[1] > hi) return 0;
    for (int i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    return n;
}

static void quoted(FILE *f, const char *text)
{
    static const char byte[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const unsigned char *s = (const unsigned char *)text;

    fputc('"', f);
    while (*s) {
        int n = utf8_length(s);
        const char *named = n == 1 ? strchr(byte, *s) : NULL;
        if (n == 0) fputs("\\ufffd", f), n = 1;
        else if (named) fprintf(f, "\\%c", letter[named - byte]);
        else if (*s < 0x20 || *s == 0x7f) fprintf(f, "\\u%04x", *s);
        else fwrite(s, 1, (size_t)n, f);
        s += n;
    }
    fputc('"', f);
}

static void separate(json *j, const char *key)
{
    if (j->filled[j->depth]) fputc(',', j->f);
    if (j->depth) j->filled[j->depth] = true;
    if (key) {
        quoted(j->f, key);
        fputc(':', j->f);
    }
}

static void open_container(json *j, const char *key, char mark)
{
    separate(j, key);
    fputc(mark, j->f);
    j->filled[++j->depth] = false;
}

void json_begin(json *j, FILE *f) { *j = (json){.f = f}; }
void json_end(json *j) { fputc('\n', j->f); }
void json_object(json *j, const char *key) { open_container(j, key, '{'); }
void json_array(json *j, const char *key) { open_container(j, key, '['); }

void json_object_end(json *j)
{
    fputc('}', j->f);
    j->depth--;
}

void json_array_end(json *j)
{
    fputc(']', j->f);
    j->depth--;
}

void json_string(json *j, const char *key, const char *s)
{
    separate(j, key);
    if (s) quoted(j->f, s);
    else fputs("null", j->f);
}

void json_number(json *j, const char *key, double x)
{
    separate(j, key);
    if (isfinite(x)) fprintf(j->f, "%.17g", x);
    else fputs("null", j->f);
}

void json_integer(json *j, const char *key, long long x)
{
    separate(j, key);
    fprintf(j->f, "%lld", x);
}

void json_unsigned(json *j, const char *key, uint64_t x)
{
    separate(j, key);
    fprintf(j->f, "%llu", (unsigned long long)x);
}

void json_hex(json *j, const char *key, uint64_t x)
{
    separate(j, key);
    fprintf(j->f, "\"%016llx\"", (unsigned long long)x);
}

void json_bool(json *j, const char *key, bool x)
{
    separate(j, key);
    fputs(x ? "true" : "false", j->f);
}
