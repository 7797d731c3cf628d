/* scan: a held unknown shows where solutions are. The residual dips and the defect changes its sign at exact values, and these are found; a sign that changes
 * without a solution is found out; threads, and stopping anywhere and going on, change no bit; tables of others are refused; allocations may fail.
 *
 * AZ_SEED in the environment replays a run. */
#include "io/io.h"
#include "solve/scan.h"
#include "testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define ERROR_FACTOR 3 /* the printed error is an estimate */

static az_rng rng;
static char folder[] = "/tmp/ansatz-scan-XXXXXX", table[64], state[72];

static int make_folder(void **unused)
{
    (void)unused;
    if (!mkdtemp(folder)) return -1;
    snprintf(table, sizeof table, "%s/t.csv", folder);
    snprintf(state, sizeof state, "%s/t.csv.state", folder);
    return 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    unlink(table);
    unlink(state);
    return rmdir(folder);
}

/* u = k at x = 1 of u' = k, u(0) = 0, and the select row wants u(1) = k^2 - 2: k = 2 and k = -1. */
static const char square_text[] = "problem square \"square\"\nunknown k = 0.6 in [-4, 4]\ndomain x in [0, 1]\nfield v(x)\nlet u = x*v\nequation d(u, x) = k\n"
                                  "select u = k^2 - 2 at x = 1\n";
/* What the select row says has a pole at k = 0.1 and no zero. */
static const char pole_text[] = "problem pole \"pole\"\nunknown k = 1 in [-4, 4]\ndomain x in [0, 1]\nfield u(x)\nequation u = 1\nselect u = 1 + 1/(k - 0.1) at x = 1\n";
/* Not finite for negative k. */
static const char half_text[] = "problem half \"half\"\nunknown k = 1 in [-4, 4]\ndomain x in [0, 1]\nfield u(x)\nequation u = sqrt(k)\nselect u = 1.2 at x = 1\n";
/* The condition belongs to the second unknown; the first is solved for at every value. */
static const char second_text[] = "problem second \"second\"\nunknown c = 0\nunknown k = 1 in [-4, 4]\ndomain x in [0, 1]\nfield v(x)\nlet u = x*v\n"
                                  "equation d(u, x) = 2*c\npin u = 1 at x = 1\nselect k = 4*c at x = 1\n";

static az_scan_options options(double lo, double hi, int values)
{
    az_scan_options o;

    az_scan_options_init(&o);
    o.lo = lo, o.hi = hi, o.values = values;
    o.seeds = 1;
    o.solve.tolerance = 1e-8;
    o.solve.threads = 1;
    o.solve.n_layers = 2;
    o.solve.layers[0] = o.solve.layers[1] = 6;
    o.solve.points = 120;
    return o;
}

static az_scan *scan(const az_problem *p, const az_scan_options *o, az_scan_fn fn, void *data)
{
    az_scan *s = NULL;
    az_error err;

    if (az_scan_run(&s, p, o, fn, data, &err)) fail_msg("%s", err.message);
    assert_non_null(s);
    return s;
}

/* One profile, found by `seeds`, at the exact value within the printed error. */
static void one_profile(const az_scan *s, int group, int seeds, double exact)
{
    int n, found = 0;
    const az_scan_bracket *b = az_scan_brackets(s, &n);

    for (int i = 0; i < n; i++) {
        if (b[i].group != group) continue;
        found++;
        assert_int_equal(b[i].state, AZ_SCAN_PROFILE);
        if (!(fabs(b[i].value - exact) <= ERROR_FACTOR * b[i].error) || !(b[i].error < 1e-5))
            fail_msg("seed %d: %.15g, error %.3g, exactly %.15g", (int)b[i].seed, b[i].value, b[i].error, exact);
    }
    assert_int_equal(found, seeds);
}

/* A stable profile known exactly: the defect is positive below its lambda = 0 and negative above, the residual is lowest next to it. */
static void sign_of_the_origin(void **unused)
{
    (void)unused;
    az_problem *p = load_with("gclm", "a", 0);
    az_scan_options o = options(-0.25, 0.35, 5);
    o.seeds = 2;
    o.solve.layers[0] = o.solve.layers[1] = 8;
    o.solve.points = 160;
    az_scan *s = scan(p, &o, NULL, NULL);
    int n, n_brackets;
    const az_scan_row *r = az_scan_rows(s, &n);
    az_scan_brackets(s, &n_brackets);
    assert_true(az_scan_complete(s));
    assert_int_equal(n, 10);
    assert_int_equal(n_brackets, 2);
    for (int i = 0; i < n; i++) {
        assert_true(r[i].value == o.lo + (o.hi - o.lo) * (i / 2) / 4 || i / 2 == 4);
        assert_int_equal(r[i].seed, 1 + i % 2);
        assert_true(r[i].ok && r[i].iterations > 0 && r[i].trained > 0);
        assert_true((r[i].defect > 0) == (r[i].value < 0));
        if (i >= 2 && r[i].value < 0) assert_true(r[i].residual < r[i - 2].residual);
        if (i >= 2 && r[i - 2].value > 0) assert_true(r[i].residual > r[i - 2].residual);
    }
    one_profile(s, 0, 2, 0);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

/* The same from an exponent declared as defect, by elements; the value: arXiv 2509.14185. */
static void declared_defect(void **unused)
{
    (void)unused;
    az_problem *p = load("ccf");
    az_scan_options o = options(1.12, 1.28, 2);
    o.solve.space = AZ_SPACE_ELEMENT;
    o.solve.n_layers = o.solve.points = 0;
    az_scan *s = scan(p, &o, NULL, NULL);
    int n;
    const az_scan_row *r = az_scan_rows(s, &n);
    assert_int_equal(n, 2);
    assert_true(r[0].ok && r[1].ok && r[0].defect > 0 && r[1].defect < 0);
    for (int i = 0; i < n; i++) assert_true(r[i].residual > 100 * r[i].trained); /* the exponent is 1 again */
    const az_scan_bracket *b = az_scan_brackets(s, &n);
    assert_int_equal(n, 1);
    assert_int_equal(b->state, AZ_SCAN_PROFILE);
    if (!(fabs(b->value - 1.1807776628998) <= ERROR_FACTOR * b->error + 1e-13) || !(b->error < 1e-7)) fail_msg("%.15g, error %.3g", b->value, b->error);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

/* Two solutions in one range, each in its own bracket; both spaces. */
static void two_solutions(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text);
    for (int space = AZ_SPACE_MLP; space <= AZ_SPACE_ELEMENT; space++) {
        az_scan_options o = options(-2.3, 2.9, 9);
        o.solve.space = (az_space)space;
        if (space == AZ_SPACE_ELEMENT) o.solve.n_layers = 0;
        az_scan *s = scan(p, &o, NULL, NULL);
        int n;
        const az_scan_row *r = az_scan_rows(s, &n);
        for (int i = 0; i < n; i++) { /* left - right of the select row, all else being solved exactly */
            double exact = r[i].value - r[i].value * r[i].value + 2;
            if (!(fabs(r[i].defect - exact) < 1e-2)) fail_msg("defect %.6g, exactly %.6g", r[i].defect, exact);
        }
        az_scan_brackets(s, &n);
        assert_int_equal(n, 2);
        one_profile(s, 0, 1, -1);
        one_profile(s, 1, 1, 2);
        az_scan_destroy(s);
    }
    az_problem_destroy(p);
}

/* Without anything to tell a sign, an eigenvalue is where the residual dips. */
static void dip(void **unused)
{
    (void)unused;
    az_problem *p = load("legendre");
    az_scan_options o = options(8, 18, 6);
    o.over = "mu";
    az_scan *s = scan(p, &o, NULL, NULL);
    int n;
    const az_scan_row *r = az_scan_rows(s, &n);
    for (int i = 0; i < n; i++) assert_true(isnan(r[i].defect) && r[i].ok && (r[i].residual < 1e-2) == (r[i].value == 12));
    const az_scan_bracket *b = az_scan_brackets(s, &n);
    assert_int_equal(n, 1);
    assert_true(b->low == 10 && b->high == 14);
    one_profile(s, 0, 1, 12);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

/* An unknown that is not the first. */
static void second_unknown(void **unused)
{
    (void)unused;
    az_problem *p = parse(second_text);
    az_scan_options o = options(-1, 3.3, 4);
    o.over = "k";
    az_scan *s = scan(p, &o, NULL, NULL);
    int n;
    assert_string_equal(az_scan_get_options(s)->over, "k");
    az_scan_brackets(s, &n);
    assert_int_equal(n, 1);
    one_profile(s, 0, 1, 2);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

/* A pole: the signs differ, and nothing is there. And a range without a change of sign. */
static void nothing_there(void **unused)
{
    (void)unused;
    az_problem *p = parse(pole_text);
    for (int k = 0; k < 2; k++) {
        az_scan_options o = options(k ? 0.5 : -1.5, k ? 3 : 2.1, 4);
        az_scan *s = scan(p, &o, NULL, NULL);
        int n;
        const az_scan_bracket *b = az_scan_brackets(s, &n);
        assert_true(az_scan_complete(s));
        assert_int_equal(n, k ? 0 : 1);
        if (!k) assert_true(b->state == AZ_SCAN_NOTHING && b->low < 0.1 && b->high > 0.1);
        az_scan_destroy(s);
    }
    az_problem_destroy(p);
}

/* Values at which nothing can be solved are marked, and the others are as if they were not there. */
static void not_finite(void **unused)
{
    (void)unused;
    az_problem *p = parse(half_text);
    az_scan_options o = options(-2, 2.5, 10);
    az_scan *s = scan(p, &o, NULL, NULL);
    int n;
    const az_scan_row *r = az_scan_rows(s, &n);
    assert_int_equal(n, 10);
    for (int i = 0; i < n; i++) {
        assert_int_equal(r[i].ok, r[i].value >= 0);
        if (!r[i].ok) assert_true(isnan(r[i].residual) && isnan(r[i].defect));
    }
    az_scan_brackets(s, &n);
    assert_int_equal(n, 1);
    one_profile(s, 0, 1, 1.44);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

static void brackets_left_alone(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text);
    az_scan_options o = options(-2.3, 2.9, 5);
    o.refine = 0;
    az_scan *s = scan(p, &o, NULL, NULL);
    int n;
    const az_scan_bracket *b = az_scan_brackets(s, &n);
    assert_int_equal(n, 2);
    for (int i = 0; i < n; i++) assert_true(b[i].state == AZ_SCAN_BRACKET && b[i].value > b[i].low && b[i].value < b[i].high && isnan(b[i].error) && b[i].group == i);
    az_scan_destroy(s);
    az_problem_destroy(p);
}

/* ---- Same bits */

static char *content(const char *path, size_t *n)
{
    char *bytes = NULL;
    az_error err;

    if (az_io_read_file(&bytes, n, path, &err)) fail_msg("%s", err.message);
    return bytes;
}

static void same_table(const char *bytes, size_t n, const char *when, int k)
{
    size_t m;
    char *now = content(table, &m);

    if (m != n || memcmp(now, bytes, n)) fail_msg("%s %d: the table is\n%.*s\nbut should be\n%.*s", when, k, (int)m, now, (int)n, bytes);
    az_free(now);
}

static int look_at_profile(void *data, const az_scan_progress *g)
{
    int *n = data;
    az_result *back;
    az_error err;
    char *bytes;
    size_t size;

    assert_true((g->result != NULL) == (g->bracket && g->bracket->state == AZ_SCAN_PROFILE));
    if (g->bracket) assert_int_equal(g->bracket->profile, g->result ? ++*n : 0);
    if (!g->result) return 0;
    assert_true(az_result_unknown(g->result, 0, NULL) == g->bracket->value);
    assert_int_equal(az_result_save_memory(g->result, &bytes, &size, &err), AZ_OK);
    if (az_result_load_memory(&back, "the profile", bytes, size, &err) || az_verify(back, 1, &err)) fail_msg("%s", err.message);
    assert_true(az_result_evidence(back).reevaluated_relative == g->bracket->residual);
    assert_true(isinf(back->ladder.lo) && isinf(back->ladder.hi) && !back->ladder.held && az_result_hash(back) == az_result_hash(g->result));
    az_free(bytes);
    az_result_destroy(back);
    return 0;
}

/* What a bracket led to is a result like any other, in files too; brackets that lead to nothing have none, and those left alone. */
static void profiles_are_results(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text);
    for (int space = AZ_SPACE_MLP; space <= AZ_SPACE_ELEMENT; space++)
        for (int refine = 0; refine < 2; refine++) {
            az_scan_options o = options(-2.3, 2.9, 5);
            int n = 0;
            o.solve.space = (az_space)space, o.refine = refine;
            if (space == AZ_SPACE_ELEMENT) o.solve.n_layers = 0;
            az_scan_destroy(scan(p, &o, look_at_profile, &n));
            assert_int_equal(n, refine ? 2 : 0);
        }
    az_problem_destroy(p);
}

typedef struct stopper {
    int at, seen, rows, brackets, last;
} stopper;

static int stop_at(void *data, const az_scan_progress *g)
{
    stopper *s = data;

    assert_int_equal((g->row != NULL) + (g->bracket != NULL) + (g->run != NULL), 1);
    assert_true(g->done >= s->last && g->done <= g->total);
    s->last = g->done;
    s->rows += g->row != NULL;
    s->brackets += g->bracket != NULL;
    return s->seen++ >= s->at;
}

/* In the solve after the first row. */
static int stop_after_row(void *data, const az_scan_progress *g)
{
    int *rows = data;

    *rows += g->row != NULL;
    return *rows && g->run;
}

static az_scan_options resumable(void)
{
    az_scan_options o = options(-2.3, 2.9, 5);

    o.seeds = 2;
    o.table = table;
    o.resume = 1;
    o.solve.layers[0] = o.solve.layers[1] = 4;
    o.solve.points = 60;
    o.solve.max_stages = 1;
    o.solve.tolerance = 1e-4;
    return o;
}

/* The table of a scan that nobody stops, made with any number of threads. *calls: of its callback. */
static char *uninterrupted(const az_problem *p, size_t *n, int *calls)
{
    char *first = NULL;

    for (int threads = 1; threads <= 3; threads++) {
        az_scan_options o = resumable();
        stopper all = {.at = 1 << 30};
        o.solve.threads = threads;
        o.resume = 0;
        az_scan *s = scan(p, &o, stop_at, &all);
        assert_int_equal(all.rows, 10);
        assert_int_equal(all.brackets, 4);
        assert_int_equal(access(state, F_OK), -1);
        az_scan_destroy(s);
        if (first) same_table(first, *n, "threads", threads);
        else first = content(table, n);
        *calls = all.seen;
    }
    return first;
}

static void stopped_and_resumed(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text);
    size_t n;
    int calls;
    char *whole = uninterrupted(p, &n, &calls);
    for (int c = 0; c < 7; c++) {
        const int k = c == 0 ? 0 : c == 1 ? calls - 1 : (int)(az_rng_next(&rng) % (unsigned)calls);
        az_scan_options o = resumable();
        unlink(table);
        unlink(state);
        stopper stop = {.at = k};
        az_scan *s = scan(p, &o, stop_at, &stop);
        int rows;
        az_scan_rows(s, &rows);
        assert_true(rows >= stop.rows && (!az_scan_complete(s) || k == calls - 1));
        az_scan_destroy(s);
        if (c % 4 == 3) unlink(state); /* the way is gone again */
        if (c % 4 == 2 && !access(state, F_OK)) assert_int_equal(truncate(state, 100), 0);
        o.solve.threads = 1 + c % 2;
        s = scan(p, &o, NULL, NULL);
        assert_true(az_scan_complete(s));
        az_scan_destroy(s);
        same_table(whole, n, "stopped at call", k);
    }
    az_free(whole);
    az_problem_destroy(p);
}

/* ---- What is refused */

static void write_table(const char *bytes, size_t n)
{
    az_error err;

    if (az_io_write_file(table, bytes, n, &err)) fail_msg("%s", err.message);
}

static void refused(const az_problem *p, const az_scan_options *o, az_status expected, const char *says)
{
    az_scan *s = (az_scan *)&s;
    az_error err = {0};

    assert_int_equal(az_scan_run(&s, p, o, NULL, NULL, &err), expected);
    assert_null(s);
    if (!strstr(err.message, says)) fail_msg("'%s' is not in '%s'", says, err.message);
}

static void foreign_tables(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text);
    az_scan_options o = resumable();
    o.values = 2, o.seeds = 1;
    unlink(table);
    assert_int_equal(az_scan_is_table(table), 0);
    az_scan_destroy(scan(p, &o, NULL, NULL));
    assert_int_equal(az_scan_is_table(table), 1);
    assert_int_equal(az_scan_is_table("README.md"), -1);
    size_t n;
    char *good = content(table, &n);
    o.solve.seed = 7;
    refused(p, &o, AZ_EOPTION, "another scan");
    o.solve.seed = 1, o.hi = 3;
    refused(p, &o, AZ_EOPTION, "another scan");
    o.hi = 2.9;
    const char *wrong[] = {"", "value\n", "# ansatz scan table 1\n", "# ansatz scan table 2\n"};
    for (int i = 0; i < COUNT(wrong); i++) {
        write_table(wrong[i], strlen(wrong[i]));
        refused(p, &o, AZ_EFORMAT, table);
    }
    const char *lines[] = {"x", "1,2,3", "0.25,1,1,1,1,10,1", "2.8999999999999999,2,1,1,1,10,1", "2.8999999999999999,1,1,1,1,10,2", "2.8999999999999999,1,1,1,1,10,1,5",
                           "2.8999999999999999,1,,1,1,10,1", "# bracket 1,2", "# bracket 2.8999999999999999,-2.2999999999999998,1,profile,1,1,1,1",
                           "# bracket -2.2999999999999998,2.8999999999999999,1,found,1,1,1,1"};
    for (int i = 0; i < COUNT(lines); i++) {
        char *bad = malloc(n + strlen(lines[i]) + 2), line[32];
        int at = 1;
        for (size_t k = 0; k < n; k++) at += good[k] == '\n';
        memcpy(bad, good, n);
        memcpy(bad + n, lines[i], strlen(lines[i]));
        write_table(bad, n + strlen(lines[i]));
        snprintf(line, sizeof line, "line %d", at);
        refused(p, &o, AZ_EFORMAT, line);
        free(bad);
    }
    az_free(good);
    az_problem_destroy(p);
}

static void bad_options(void **unused)
{
    (void)unused;
    az_problem *p = parse(square_text), *none = load("poisson");
    const struct {
        az_scan_options o;
        az_status status;
        const char *says;
    } bad[] = {
        {options(1, 1, 5), AZ_EOPTION, "lower one first"},      {options(2, 1, 5), AZ_EOPTION, "lower one first"},
        {options(NAN, 1, 5), AZ_EOPTION, "two ends"},           {options(-1, INFINITY, 5), AZ_EOPTION, "two ends"},
        {options(-5, 1, 5), AZ_EOPTION, "k is an unknown in"},  {options(0, 4.5, 5), AZ_EOPTION, "k is an unknown in"},
        {options(0, 1, 1), AZ_EOPTION, "values"},               {options(0, 1, -3), AZ_EOPTION, "values"},
        {options(0, 1, 1001), AZ_EOPTION, "values"},
    };
    for (int i = 0; i < COUNT(bad); i++) refused(p, &bad[i].o, bad[i].status, bad[i].says);
    az_scan_options o = options(0, 1, 3);
    o.over = "lambda";
    refused(p, &o, AZ_ENAME, "no unknown 'lambda'");
    o = options(0, 1, 3), o.seeds = -1;
    refused(p, &o, AZ_EOPTION, "seeds");
    o = options(0, 1, 3), o.seeds = 2, o.solve.space = AZ_SPACE_ELEMENT, o.solve.n_layers = 0;
    refused(p, &o, AZ_EOPTION, "elements start from 0");
    o = options(0, 1, 3), o.solve.mode = 1;
    refused(p, &o, AZ_EOPTION, "mode");
    o = options(0, 1, 3), o.solve.points = -1;
    refused(p, &o, AZ_EOPTION, "points");
    o = options(0, 1, 3), o.table = "/nonexistent/t.csv";
    refused(p, &o, AZ_EIO, "/nonexistent/t.csv");
    o = options(0, 1, 3);
    refused(none, &o, AZ_EOPTION, "has none");
    az_problem_destroy(p);
    az_problem_destroy(none);
}

/* Each of a sample of allocations fails, and all after it: AZ_ENOMEM, nothing left. Some resume from a table and its state. */
static void failed_allocations(void **unused)
{
    (void)unused;
    failing_allocator f = {.calls_left = -1};
    az_problem *p = parse(square_text);
    az_scan_options o = resumable();
    int rows = 0;
    o.values = 2, o.seeds = 1;
    o.solve.layers[0] = o.solve.layers[1] = 2;
    o.solve.points = 40;
    o.solve.max_iterations = 20;
    unlink(table);
    az_scan_destroy(scan(p, &o, stop_after_row, &rows));
    assert_int_equal(access(state, F_OK), 0);
    size_t n, m;
    char *start = content(table, &n), *way = content(state, &m);
    az_error err;
    for (long k = 0, refusals = 0;; k += 1 + k / 8) {
        az_scan *s = NULL;
        write_table(start, n);
        if (az_io_write_file(state, way, m, &err)) fail_msg("%s", err.message);
        if (k % 2) unlink(state), unlink(table);
        f = (failing_allocator){.calls_left = k};
        az_set_allocator(failing_alloc, &f);
        memset(&err, 0, sizeof err);
        az_status st = az_scan_run(&s, p, &o, NULL, NULL, &err);
        az_scan_destroy(s);
        az_set_allocator(NULL, NULL);
        if (f.alive) fail_msg("allocation %ld: %ld blocks left", k, f.alive);
        if (st != AZ_OK && (st != AZ_ENOMEM || s || !strstr(err.message, "memory"))) fail_msg("allocation %ld: status %d, '%s'", k, st, err.message);
        refusals += st == AZ_ENOMEM;
        if (st == AZ_OK) {
            assert_true(refusals > 20);
            break;
        }
    }
    az_free(start);
    az_free(way);
    az_problem_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_of_the_origin), cmocka_unit_test(declared_defect),     cmocka_unit_test(two_solutions),  cmocka_unit_test(dip),
        cmocka_unit_test(second_unknown),     cmocka_unit_test(nothing_there),       cmocka_unit_test(not_finite),     cmocka_unit_test(brackets_left_alone), cmocka_unit_test(profiles_are_results),
        cmocka_unit_test(stopped_and_resumed), cmocka_unit_test(foreign_tables),     cmocka_unit_test(bad_options),    cmocka_unit_test(failed_allocations),
    };

    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
