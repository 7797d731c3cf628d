/* text.c: a growing text buffer, always ended by a zero byte. */
#include "base/base.h"

#include <stdarg.h>
#include <string.h>

#define FIRST_CAPACITY ((size_t)256)

/* Room for n more bytes and the final zero. */
static bool reserve(az_text *t, size_t n)
{
    size_t need, cap = t->cap ? t->cap : FIRST_CAPACITY;

    if (t->failed) return false;
    if (__builtin_add_overflow(t->n, n, &need) || need >= PTRDIFF_MAX) goto fail;
    if (need < t->cap) return true;
    while (cap <= need) cap *= 2;
    char *s = az_realloc(t->s, cap);
    if (!s) goto fail;
    t->s = s;
    t->cap = cap;
    return true;
fail:
    t->failed = true;
    return false;
}

void az_text_write(az_text *t, const char *bytes, size_t n)
{
    if (!reserve(t, n)) return;
    if (n) memcpy(t->s + t->n, bytes, n);
    t->n += n;
    t->s[t->n] = 0;
}

void az_text_add(az_text *t, const char *format, ...)
{
    va_list ap, again;

    if (!reserve(t, 0)) return;
    va_start(ap, format);
    va_copy(again, ap);
    int n = vsnprintf(t->s + t->n, t->cap - t->n, format, ap);
    va_end(ap);
    if (n < 0) {
        t->failed = true;
    } else if ((size_t)n >= t->cap - t->n) {
        t->s[t->n] = 0;
        if (reserve(t, (size_t)n)) vsnprintf(t->s + t->n, t->cap - t->n, format, again);
    }
    va_end(again);
    if (!t->failed) t->n += (size_t)n;
}

void az_text_clear(az_text *t)
{
    az_free(t->s);
    *t = (az_text){0};
}

void az_text_base64(az_text *out, const char *bytes, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = (const unsigned char *)bytes;

    for (size_t i = 0; i < n; i += 3) {
        const unsigned v = (unsigned)b[i] << 16 | (i + 1 < n ? (unsigned)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0);
        const char s[4] = {digit[v >> 18], digit[v >> 12 & 63], i + 1 < n ? digit[v >> 6 & 63] : '=', i + 2 < n ? digit[v & 63] : '='};
        az_text_write(out, s, 4);
    }
}
