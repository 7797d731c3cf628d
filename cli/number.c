/* number.c: strict reading of numbers from the command line. */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* strtod and its kin skip leading blanks and strtoull takes a minus sign; neither is a number here. */
static bool starts_number(const char *s)
{
    if (*s == '+' || *s == '-') s++;
    return isdigit((unsigned char)*s) || *s == '.';
}

bool cli_parse_double(const char *text, double *out)
{
    char *end;

    if (!starts_number(text)) return false;
    double x = strtod(text, &end);
    if (end == text || *end || !isfinite(x)) return false;
    *out = x;
    return true;
}

bool cli_parse_int(const char *text, int lo, int hi, int *out)
{
    char *end;

    if (!starts_number(text)) return false;
    errno = 0;
    long x = strtol(text, &end, 10);
    if (end == text || *end || errno || x < lo || x > hi) return false;
    *out = (int)x;
    return true;
}

bool cli_parse_u64(const char *text, uint64_t *out)
{
    char *end;

    if (!isdigit((unsigned char)*text)) return false;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 10);
    if (end == text || *end || errno) return false;
    *out = x;
    return true;
}

bool option_int(const cli_context *c, const char *name, const char *text, int lo, int hi, int *out)
{
    if (cli_parse_int(text, lo, hi, out)) return true;
    if (hi == INT_MAX) cli_usage(c, "--%s: expected a whole number, %d or more, found '%s'", name, lo, text);
    else cli_usage(c, "--%s: expected a whole number from %d to %d, found '%s'", name, lo, hi, text);
    return false;
}

bool option_positive(const cli_context *c, const char *name, const char *text, double *out)
{
    if (cli_parse_double(text, out) && *out > 0) return true;
    cli_usage(c, "--%s: expected a finite number above 0, found '%s'", name, text);
    return false;
}

bool option_not_negative(const cli_context *c, const char *name, const char *text, double *out)
{
    if (cli_parse_double(text, out) && *out >= 0) return true;
    cli_usage(c, "--%s: expected a finite number, 0 or more, found '%s'", name, text);
    return false;
}
