/* reference.c: reading the table of reference values. */
#include "reference.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_CELLS = 6 };
static const char *const heading[N_CELLS] = {"problem", "settings", "unknown", "reference", "digits", "source"};

/* Cuts a line in place into cells; "..." may hold commas, and "" inside is a quote. Returns how many there are. */
static int cut(char *s, char *cell[N_CELLS])
{
    int n = 0;

    s[strcspn(s, "\r\n")] = 0;
    for (;;) {
        char *out = s;
        if (n < N_CELLS) cell[n] = out;
        n++;
        if (*s == '"') {
            for (s++; *s && !(*s == '"' && s[1] != '"'); s++) {
                if (*s == '"') s++;
                *out++ = *s;
            }
            if (*s) s++;
        } else {
            while (*s && *s != ',') *out++ = *s++;
        }
        char end = *s;
        *out = 0;
        if (!end) return n;
        s++;
    }
}

static void free_row(reference_row *r)
{
    free(r->problem);
    free(r->settings);
    free(r->quantity);
    free(r->source);
}

void reference_clear(reference_table *t)
{
    for (int i = 0; i < t->n; i++) free_row(&t->row[i]);
    free(t->row);
    *t = (reference_table){0};
}

static bool parse_row(reference_row *r, char *cell[N_CELLS])
{
    *r = (reference_row){0};
    if (!cli_parse_double(cell[3], &r->value)) return false;
    if (!strcmp(cell[4], "exact")) r->digits = REFERENCE_EXACT;
    else if (!cli_parse_int(cell[4], 1, 17, &r->digits)) return false;
    r->problem = strdup(cell[0]);
    r->settings = strdup(cell[1]);
    r->quantity = strdup(cell[2]);
    r->source = strdup(cell[5]);
    return r->problem && r->settings && r->quantity && r->source;
}

static bool add_row(reference_table *t, char *cell[N_CELLS])
{
    reference_row *row = realloc(t->row, sizeof *row * (size_t)(t->n + 1));

    if (!row) return false;
    t->row = row;
    if (parse_row(&row[t->n], cell)) {
        t->n++;
        return true;
    }
    free_row(&row[t->n]);
    return false;
}

static bool is_heading(char *cell[N_CELLS])
{
    for (int i = 0; i < N_CELLS; i++)
        if (strcmp(cell[i], heading[i])) return false;
    return true;
}

bool reference_read(const cli_context *c, reference_table *t, const char *path)
{
    FILE *f = fopen(path, "r");
    char *line = NULL, *cell[N_CELLS];
    size_t size = 0;
    bool ok = true, headed = false;

    if (!f) return cli_fail(c, AZ_EIO, "cannot open '%s': %s", path, strerror(errno)), false;
    for (int number = 1; ok && getline(&line, &size, f) >= 0; number++) {
        if (*line == '#' || *line == '\n') continue;
        ok = cut(line, cell) == N_CELLS && (headed ? add_row(t, cell) : is_heading(cell));
        headed = true;
        if (!ok) cli_fail(c, AZ_EFORMAT, "%s:%d: expected problem,settings,unknown,reference,digits,source", path, number);
    }
    if (ok && ferror(f)) ok = false, cli_fail(c, AZ_EIO, "cannot read '%s'", path);
    free(line);
    fclose(f);
    return ok;
}

char *reference_find(void)
{
    static const char *const place[] = {"/../share/ansatz/reference.csv", "/../bench/reference.csv"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    if (n <= 0) return NULL;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    for (int i = 0; i < 2; i++) {
        char *path = cli_name(self, place[i]);
        if (path && !access(path, R_OK)) return path;
        free(path);
    }
    return NULL;
}

double reference_uncertainty(const reference_row *row)
{
    if (row->digits == REFERENCE_EXACT || row->value == 0) return 0;
    return 0.5 * pow(10, floor(log10(fabs(row->value))) + 1 - row->digits);
}
