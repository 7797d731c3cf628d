/* points.c: the points of eval and export. */
#include "cli.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_POINTS 100000000    /* 800 MB a column */
#define MAX_TOKEN 64
#define MAX_LINE 65536           /* bytes of a line of points, which are four numbers at most */

static bool grow(cli_points *p, int *cap)
{
    if (p->n < *cap) return true;
    *cap = *cap ? 2 * *cap : 64;
    double *x = realloc(p->x, sizeof(double) * (size_t)*cap * (size_t)p->dim);
    if (x) p->x = x;
    return x != NULL;
}

/* The number in s[0..n), which is not ended by a zero byte. */
static bool parse_part(const char *s, size_t n, double *out)
{
    char token[MAX_TOKEN];

    if (n >= sizeof token) return false;
    memcpy(token, s, n);
    token[n] = 0;
    return cli_parse_double(token, out);
}

/* 0,0.5,1 with one coordinate, 0,1;0.5,1 with two: commas between coordinates, semicolons between points. */
static bool read_at(const cli_context *c, cli_points *p)
{
    const char *s = p->at;
    int cap = 0;

    for (;;) {
        if (!grow(p, &cap)) return cli_nomem(c), false;
        for (int k = 0; k < p->dim; k++) {
            size_t n = strcspn(s, ",;");
            if (!parse_part(s, n, &p->x[p->n * p->dim + k])) {
                cli_usage(c, "--at: expected a finite number, found '%.*s'", (int)n, s);
                return false;
            }
            bool last = k == p->dim - 1;
            s += n;
            if (!last && *s != ',') {
                cli_usage(c, "--at: expected %d coordinates separated by ',', found %d in point %d", p->dim, k + 1, p->n + 1);
                return false;
            }
            if (last && p->dim > 1 && *s == ',') {
                cli_usage(c, "--at: expected %d coordinates, then ';', found another ',' in point %d", p->dim, p->n + 1);
                return false;
            }
            if (!last) s++;
        }
        p->n++;
        if (!*s++) return true;
    }
}

typedef struct axis {
    double lo, hi;
    int n;
} axis;

static bool parse_axis(const char *s, size_t length, axis *a)
{
    const char *first = memchr(s, ':', length);
    const char *second = first ? memchr(first + 1, ':', length - (size_t)(first + 1 - s)) : NULL;
    double n;

    if (!second) return false;
    if (!parse_part(s, (size_t)(first - s), &a->lo) || !parse_part(first + 1, (size_t)(second - first - 1), &a->hi)) return false;
    if (!parse_part(second + 1, length - (size_t)(second + 1 - s), &n)) return false;
    if (!(n >= 1 && n <= MAX_POINTS) || n != (int)n) return false;
    a->n = (int)n;
    return a->n > 1 ? a->lo < a->hi : a->lo <= a->hi;
}

/* lo:hi:n for each coordinate, separated by commas: the product of the axes, the last coordinate fastest. */
static bool read_grid(const cli_context *c, cli_points *p)
{
    const char *s = p->grid;
    axis a[CLI_MAX_DIM] = {{0, 0, 0}};
    long long total = 1;

    for (int k = 0; k < p->dim; k++) {
        size_t n = strcspn(s, ",");
        if (!parse_axis(s, n, &a[k])) {
            cli_usage(c, "--grid: expected lo:hi:n with lo < hi and n points, found '%.*s'", (int)n, s);
            return false;
        }
        s += n;
        bool last = k == p->dim - 1;
        if (last ? *s : *s != ',') {
            cli_usage(c, "--grid: expected %d of lo:hi:n separated by ',', found '%s'", p->dim, p->grid);
            return false;
        }
        if (!last) s++;
        total *= a[k].n;
        if (total > MAX_POINTS) {
            cli_usage(c, "--grid: more than %d points", MAX_POINTS);
            return false;
        }
    }
    p->n = (int)total;
    for (int k = 0; k < p->dim; k++) p->shape[p->dim - 1 - k] = a[k].n;
    if (!(p->x = malloc(sizeof(double) * (size_t)p->n * (size_t)p->dim))) return cli_nomem(c), false;
    for (int i = 0; i < p->n; i++)
        for (int k = p->dim - 1, rest = i; k >= 0; rest /= a[k].n, k--) {
            int at = rest % a[k].n;
            double t = a[k].n > 1 ? (double)at / (a[k].n - 1) : 0;
            p->x[i * p->dim + k] = at == a[k].n - 1 && at ? a[k].hi : a[k].lo + t * (a[k].hi - a[k].lo);
        }
    return true;
}

/* The numbers of one line, separated by blanks, commas or semicolons; '#' begins a comment. Returns how many, -1 for something else. */
static int parse_line(const char *s, double x[CLI_MAX_DIM])
{
    static const char between[] = " \t\r\n,;";
    int n = 0;

    for (;;) {
        s += strspn(s, between);
        if (!*s || *s == '#') return n;
        size_t length = strcspn(s, " \t\r\n,;#");
        double value;
        if (!parse_part(s, length, &value)) return -1;
        if (n < CLI_MAX_DIM) x[n] = value;
        n++;
        s += length;
    }
}

/* The next line, without its end. 1: there is one; 0: none; -1: it is longer than the buffer. */
static int next_line(char line[MAX_LINE], FILE *f)
{
    int n = 0, ch;

    while ((ch = getc(f)) != EOF && ch != '\n') {
        if (n == MAX_LINE - 1) return -1;
        line[n++] = (char)ch;
    }
    line[n] = 0;
    return ch != EOF || n;
}

static bool read_lines(const cli_context *c, cli_points *p, FILE *f)
{
    char line[MAX_LINE];
    int cap = 0, number = 0, more;
    double x[CLI_MAX_DIM];
    bool ok = true;

    while (ok && (more = next_line(line, f)) != 0) {
        int n = more < 0 ? 0 : parse_line(line, x);
        number++;
        if (more < 0) {
            cli_fail(c, AZ_EFORMAT, "%s:%d: the line is longer than %d bytes", p->file, number, MAX_LINE - 1);
            ok = false;
        }
        if (n == 0) continue;
        if (n != p->dim) {
            cli_fail(c, AZ_EFORMAT, "%s:%d: expected %d number%s in a line", p->file, number, p->dim, p->dim > 1 ? "s" : "");
            ok = false;
        } else if (p->n == MAX_POINTS || !grow(p, &cap)) {
            cli_nomem(c);
            ok = false;
        } else {
            memcpy(p->x + (size_t)p->n++ * (size_t)p->dim, x, sizeof(double) * (size_t)n);
        }
    }
    if (ok && ferror(f)) {
        cli_fail(c, AZ_EIO, "cannot read '%s': %s", p->file, strerror(errno));
        ok = false;
    }
    return ok;
}

static bool read_file(const cli_context *c, cli_points *p)
{
    bool standard = !strcmp(p->file, "-");
    FILE *f = standard ? stdin : fopen(p->file, "r");

    if (!f) {
        cli_fail(c, AZ_EIO, "cannot open '%s': %s", p->file, strerror(errno));
        return false;
    }
    bool ok = read_lines(c, p, f);
    if (!standard) fclose(f);
    if (ok && !p->n) return cli_fail(c, AZ_EFORMAT, "%s: expected points, found none", p->file), false;
    return ok;
}

static bool sample(const cli_context *c, cli_points *p, const az_problem *problem, int wanted)
{
    double *x = NULL;
    az_error e;

    if (az_sample_points(problem, &x, &p->n, wanted, &e) != AZ_OK) {
        cli_fail_error(c, &e);
        return false;
    }
    size_t bytes = sizeof(double) * (size_t)p->n * (size_t)p->dim;
    if ((p->x = malloc(bytes ? bytes : 1))) memcpy(p->x, x, bytes);
    else cli_nomem(c);
    az_free(x);
    return p->x != NULL;
}

bool cli_points_read(const cli_context *c, cli_points *p, const az_problem *problem, int wanted)
{
    p->dim = az_problem_dim(problem);
    if ((p->at != NULL) + (p->grid != NULL) + (p->file != NULL) > 1) {
        cli_usage(c, "expected one of --at, --grid and --points");
        return false;
    }
    if (p->at) return read_at(c, p);
    if (p->grid) return read_grid(c, p);
    if (p->file) return read_file(c, p);
    return sample(c, p, problem, wanted);
}

void cli_points_clear(cli_points *p)
{
    free(p->x);
    p->x = NULL;
    p->n = 0;
}
