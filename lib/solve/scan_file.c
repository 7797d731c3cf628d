/* scan_file.c: what a scan leaves on disk. The table is CSV for other programs: their readers skip lines that begin with '#'. */
#include "solve/scan.h"
#include "io/io.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TITLE AZ_SCAN_TITLE
#define COLUMNS "value,seed,residual,defect,trained,iterations,ok"
#define BRACKET "# bracket "
#define STATE_SUFFIX ".state"

static const char state_magic[8] = AZ_SCAN_STATE_MARK;

/* ---- Table */

static void number(az_text *out, double v, char after)
{
    if (isnan(v)) az_text_add(out, "nan%c", after); /* never -nan */
    else az_text_add(out, "%.17g%c", v, after);
}

static void heading(az_text *out, const az_scan *s)
{
    const az_scan_options *o = &s->options;
    const az_problem *p = s->problem;
    az_text_add(out, TITLE "\n# problem %s", p->name);
    for (int i = 0; i < p->n_parameters; i++) az_text_add(out, ", %s = %.17g", p->scalar[i].name, p->scalar[i].value);
    az_text_add(out, "\n# %s from %.17g to %.17g, %d values, %d seeds from %" PRIu64 ", trial %s\n", o->over, o->lo, o->hi, o->values, o->seeds,
                o->solve.seed, az_space_name(o->solve.space));
    az_text_add(out, "# hash %016" PRIx64 "\n" COLUMNS "\n", s->hash);
}

static void add_row(az_text *out, const az_scan_row *r)
{
    number(out, r->value, ',');
    az_text_add(out, "%" PRIu64 ",", r->seed);
    number(out, r->residual, ',');
    number(out, r->defect, ',');
    number(out, r->trained, ',');
    az_text_add(out, "%d,%d\n", r->iterations, r->ok);
}

static void add_bracket(az_text *out, const az_scan_bracket *b)
{
    az_text_add(out, BRACKET);
    number(out, b->low, ',');
    number(out, b->high, ',');
    az_text_add(out, "%" PRIu64 ",%s,", b->seed, az_scan_state_name(b->state));
    number(out, b->value, ',');
    number(out, b->error, ',');
    number(out, b->residual, ',');
    az_text_add(out, "%d,%d\n", b->iterations, b->profile);
}

az_status az_scan_write_table(const az_scan *s, const char *path, az_error *err)
{
    az_text out = {0};
    heading(&out, s);
    for (int i = 0; i < s->n_rows; i++) add_row(&out, &s->row[i]);
    if (s->n_brackets) az_text_add(&out, "# brackets: low,high,seed,state,value,error,residual,iterations,profile\n");
    for (int i = 0; i < s->n_brackets; i++) add_bracket(&out, &s->bracket[i]);
    az_status st = out.failed ? az_fail(err, AZ_ENOMEM, "no memory for the table '%s'", path) : az_io_write_file(path, out.s, out.n, err);
    az_text_clear(&out);
    return st;
}

/* One field up to the next comma or the end of the line. */
typedef struct reader {
    char *at;
    bool bad;
} reader;

static char *field(reader *in)
{
    char *begin = in->at;
    in->at += strcspn(in->at, ",");
    if (*in->at) *in->at++ = 0;
    in->bad |= !*begin;
    return begin;
}

static double read_number(reader *in)
{
    char *text = field(in), *end;
    double v = strtod(text, &end);
    in->bad |= *end || end == text;
    return v;
}

static uint64_t read_whole(reader *in, uint64_t most)
{
    char *text = field(in), *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    in->bad |= *text < '0' || *text > '9' || *end || errno || v > most;
    return v;
}

static az_scan_state read_state(reader *in)
{
    const char *text = field(in);
    for (int k = 0; k < AZ_N_SCAN_STATE; k++)
        if (!strcmp(text, az_scan_state_name((az_scan_state)k))) return (az_scan_state)k;
    in->bad = true;
    return AZ_SCAN_BRACKET;
}

static bool of_scan(const az_scan *s, double value, uint64_t seed)
{
    return az_scan_step(s, value) >= 0 && seed - s->options.solve.seed < (uint64_t)s->options.seeds;
}

static az_status read_row(az_scan *s, reader *in)
{
    az_scan_row r;
    r.value = read_number(in);
    r.seed = read_whole(in, UINT64_MAX);
    r.residual = read_number(in);
    r.defect = read_number(in);
    r.trained = read_number(in);
    r.iterations = (int)read_whole(in, INT32_MAX);
    r.ok = (int)read_whole(in, 1);
    in->bad |= *in->at || !of_scan(s, r.value, r.seed);
    for (int i = 0; i < s->n_rows; i++) in->bad |= s->row[i].value == r.value && s->row[i].seed == r.seed;
    return in->bad ? AZ_EFORMAT : az_scan_add_row(s, &r);
}

static az_status read_bracket(az_scan *s, reader *in)
{
    az_scan_bracket b = {0};
    b.low = read_number(in);
    b.high = read_number(in);
    b.seed = read_whole(in, UINT64_MAX);
    b.state = read_state(in);
    b.value = read_number(in);
    b.error = read_number(in);
    b.residual = read_number(in);
    b.iterations = (int)read_whole(in, INT32_MAX);
    if (*in->at) b.profile = (int)read_whole(in, INT32_MAX); /* tables of earlier programs end here */
    in->bad |= *in->at || !of_scan(s, b.low, b.seed) || !of_scan(s, b.high, b.seed) || !(b.low < b.high);
    return in->bad ? AZ_EFORMAT : az_scan_add_bracket(s, &b);
}

static az_status read_line(az_scan *s, char *line, bool *hash, bool *columns)
{
    char mine[40];
    size_t n = strlen(BRACKET);
    snprintf(mine, sizeof mine, "# hash %016" PRIx64, s->hash);
    if (!strncmp(line, "# hash ", 7) && !*columns) {
        *hash = true;
        return strcmp(line, mine) ? AZ_EOPTION : AZ_OK;
    }
    if (!strncmp(line, BRACKET, n)) return *columns ? read_bracket(s, &(reader){.at = line + n}) : AZ_EFORMAT;
    if (*line == '#') return AZ_OK;
    if (!*hash) return AZ_EFORMAT;
    if (*columns) return read_row(s, &(reader){.at = line});
    *columns = !strcmp(line, COLUMNS);
    return *columns ? AZ_OK : AZ_EFORMAT;
}

static az_status parse(az_scan *s, char *text, const char *path, az_error *err)
{
    bool hash = false, columns = false;
    int number = 0;
    for (char *line = text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next) *next++ = 0;
        number++;
        az_status st = number == 1 && strcmp(line, TITLE) ? AZ_EFORMAT : read_line(s, line, &hash, &columns);
        if (st == AZ_ENOMEM) return az_fail(err, st, "out of memory");
        if (st == AZ_EOPTION) return az_fail(err, st, "'%s' is the table of another scan: problem, parameters, grid, seeds or options differ", path);
        if (st) return az_fail(err, st, "'%s', line %d: this is no line of the table of a scan", path, number);
    }
    return columns ? AZ_OK : az_fail(err, AZ_EFORMAT, "'%s' is not the table of a scan", path);
}

az_status az_scan_read_table(az_scan *s, const char *path, az_error *err)
{
    char *bytes, *text;
    size_t n;
    if (access(path, F_OK) && errno == ENOENT) return AZ_OK;
    az_status st = az_io_read_kind(&bytes, &n, NULL, path, AZ_FILE_SCAN, err);
    if (st) return st;
    text = az_realloc(bytes, n + 1);
    if (!text) {
        az_free(bytes);
        return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    text[n] = 0;
    st = parse(s, text, path, err);
    az_free(text);
    return st;
}

int az_scan_is_table(const char *path)
{
    const az_file found = az_file_look(path);

    return found == AZ_FILE_NOTHING ? 0 : found == AZ_FILE_SCAN ? 1 : -1;
}

/* ---- State: a heading, the two results, and a hash of all of it, which notices accidents */

typedef struct state_head {
    char magic[8];
    uint64_t hash, n_start, n_last;
    int32_t seed, step;
} state_head;

static char *state_name(const char *table)
{
    size_t n = strlen(table);
    char *name = az_alloc_array(n + sizeof STATE_SUFFIX, 1);
    if (name) memcpy(memcpy(name, table, n) + n, STATE_SUFFIX, sizeof STATE_SUFFIX);
    return name;
}

az_status az_scan_write_way(const az_scan *s, const az_scan_way *w, const char *table, az_error *err)
{
    state_head head = {.hash = s->hash, .n_start = w->n_start, .n_last = w->n_last, .seed = w->seed, .step = w->step};
    char *path = state_name(table);
    az_text out = {0};
    memcpy(head.magic, state_magic, sizeof state_magic);
    az_text_write(&out, (const char *)&head, sizeof head);
    az_text_write(&out, w->start, w->n_start);
    az_text_write(&out, w->last, w->n_last);
    uint64_t check = az_hash_bytes(AZ_HASH_START, out.s, out.n);
    az_text_write(&out, (const char *)&check, sizeof check);
    az_status st = out.failed || !path ? az_fail(err, AZ_ENOMEM, "no memory for the state of the scan") : az_io_write_file(path, out.s, out.n, err);
    az_text_clear(&out);
    az_free(path);
    return st;
}

static char *part(const char *bytes, size_t n)
{
    char *p = az_alloc_array(n + 1, 1);
    if (p) memcpy(p, bytes, n);
    return p;
}

static az_status take(const az_scan *s, az_scan_way *w, const char *bytes, size_t n)
{
    state_head head;
    uint64_t check;
    if (n < sizeof head + sizeof check) return AZ_OK;
    size_t rest = n - sizeof head - sizeof check;
    memcpy(&head, bytes, sizeof head);
    memcpy(&check, bytes + n - sizeof check, sizeof check);
    if (check != az_hash_bytes(AZ_HASH_START, bytes, n - sizeof check)) return AZ_OK;
    if (memcmp(head.magic, state_magic, sizeof state_magic) || head.hash != s->hash) return AZ_OK;
    if (head.n_start > rest || head.n_last != rest - head.n_start) return AZ_OK;
    if (head.seed < 0 || head.seed >= s->options.seeds || head.step < 0 || head.step > s->options.values) return AZ_OK;
    *w = (az_scan_way){.seed = head.seed, .step = head.step, .n_start = head.n_start, .n_last = head.n_last};
    if (head.n_start && !(w->start = part(bytes + sizeof head, head.n_start))) return AZ_ENOMEM;
    if (head.n_last && !(w->last = part(bytes + sizeof head + head.n_start, head.n_last))) return AZ_ENOMEM;
    return AZ_OK;
}

az_status az_scan_read_way(const az_scan *s, az_scan_way *w, const char *table, az_error *err)
{
    char *path = state_name(table), *bytes = NULL;
    size_t n;
    if (!path) return az_fail(err, AZ_ENOMEM, "out of memory");
    az_status st = az_file_look(path) == AZ_FILE_SCAN_STATE
                       ? az_io_read_kind(&bytes, &n, NULL, path, AZ_FILE_SCAN_STATE, err)
                       : AZ_OK;
    if (bytes && !st && take(s, w, bytes, n)) st = az_fail(err, AZ_ENOMEM, "out of memory");
    az_free(bytes);
    az_free(path);
    return st;
}

az_status az_scan_check_way(const char *table, az_error *err)
{
    char *path = state_name(table);
    if (!path) return az_fail(err, AZ_ENOMEM, "out of memory");
    const az_file found = az_file_look(path);
    az_status st = AZ_OK;
    if (found != AZ_FILE_NOTHING && found != AZ_FILE_SCAN_STATE)
        st =
            az_fail(err, AZ_EIO, "'%s' is in the way: the scan keeps its state there, and it is %s",
                    path, az_file_title(found));
    az_free(path);
    return st;
}

void az_scan_remove_way(const char *table)
{
    char *path = state_name(table);
    if (path && az_file_look(path) == AZ_FILE_SCAN_STATE) unlink(path);
    az_free(path);
}
