/* The report holds every number of the result, is well formed, asks nothing of the network, and appears whole or not at all. */
#include "synthetic.h"
#include "testing.h"

#include "io/io.h"
#include "report/axis.h"
#include "report/page.h"
#include "solve/scan.h"

#include <errno.h>
#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

static char path[64];

static int make_path(void **state)
{
    const int fd = (snprintf(path, sizeof path, "/tmp/ansatz-report-XXXXXX"), mkstemp(path));

    (void)state;
    return fd < 0 ? -1 : close(fd);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* Ended by a zero byte; freed by free. */
static char *read_report(void)
{
    char *bytes = NULL, *text;
    size_t n = 0;

    assert_int_equal(az_io_read_file(&bytes, &n, path, NULL), AZ_OK);
    text = malloc(n + 1);
    memcpy(text, bytes, n);
    text[n] = 0;
    assert_int_equal(strlen(text), n);
    az_free(bytes);
    return text;
}

static bool is_void(const char *name) { return !strcmp(name, "meta") || !strcmp(name, "!DOCTYPE"); }

/* Every tag is closed in order, every attribute quoted, every & begins an entity. */
static void check_form(const char *s)
{
    char stack[64][16], name[16];
    int depth = 0;

    for (; *s; s++) {
        if (*s == '&') assert_true(!strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) || !strncmp(s, "&amp;", 5) || !strncmp(s, "&quot;", 6));
        assert_true(*s != '>');
        if (*s != '<') continue;
        const bool closing = s[1] == '/';
        s += 1 + closing;
        const size_t n = strcspn(s, " >/");
        assert_true(n > 0 && n < sizeof name);
        snprintf(name, sizeof name, "%.*s", (int)n, s);
        bool quoted = false, self = false;
        for (; *s && (quoted || *s != '>'); s++) {
            if (*s == '"') quoted = !quoted;
            assert_true(*s != '<');
            self = *s == '/';
        }
        assert_true(*s == '>');
        if (closing) {
            assert_true(depth > 0);
            assert_string_equal(stack[--depth], name);
        } else if (!self && !is_void(name)) {
            assert_true(depth < 64);
            memcpy(stack[depth++], name, sizeof name);
        }
    }
    assert_int_equal(depth, 0);
}

/* Nothing is fetched: no script, no address but the name of the SVG language, no file. */
static void check_alone(const char *s)
{
    static const char *const forbidden[] = {"<script", "src=", "@import", "<link", "javascript:", "//cdn", "<iframe", "file:"};

    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) assert_null(strstr(s, forbidden[i]));
    for (const char *u = s; (u = strstr(u, "url(")); u++) assert_true(u[4] == '#');
    for (const char *u = s; (u = strstr(u, "href=\"")); u++) assert_true(!strncmp(u + 6, "data:image/png;base64,", 22));
    for (const char *u = s; (u = strstr(u, "http")); u++) assert_true(!strncmp(u, "http://www.w3.org/2000/svg\"", 27));
}

/* No number in a picture is missing or infinite. */
static void check_numbers(const char *svg)
{
    static const char *const forbidden[] = {"\"nan", "\"-nan", "\"inf", "\"-inf", " nan", " -nan", "Mnan", "Lnan", "Linf", "L-inf", "M-inf", "Minf"};

    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++) {
        const char *at = strstr(svg, forbidden[i]);
        if (at && !strstr(at, "nan where")) fail_msg("'%.40s'", at);
    }
}

static void test_line(void **state)
{
    az_result *r = synthetic_result(line_text, NULL, 0, 300, 2000);
    az_error err;
    char *s;

    (void)state;
    assert_non_null(r);
    if (az_report(r, path, "ansatz report <line>.h5", &err)) fail_msg("%s", err.message);
    s = read_report();
    check_form(s);
    check_alone(s);
    check_numbers(s);
    assert_true(occurrences(s, "<figure>") >= 3);
    assert_int_equal(occurrences(s, "<figure>"), occurrences(s, "<svg "));
    contains(s, "<h1>a profile on the line, with &lt;b&gt; &amp; ");
    contains(s, "0.6057337012032(4)");
    contains(s, "<dt>mu</dt><dd>2(?)</dd>");
    contains(s, "0123456789abcdef");
    contains(s, "ansatz solve line --set &quot;a=0.3&quot;");
    contains(s, "ansatz report &lt;line&gt;.h5");
    contains(s, az_stop_message(AZ_STOP_TOLERANCE));
    contains(s, "18364758544493064720");
    contains(s, "2.1\u00b710<sup>\u221214</sup>");
    contains(s, "4.5\u00b710<sup>\u221213</sup>");
    contains(s, "1.3\u00b710<sup>\u221212</sup>");
    contains(s, "4001 points");
    contains(s, "select (1 - a)*d(U, y) = 2 + lambda at y = 0");
    contains(s, "2 \u2192 5 \u2192 4 \u2192 1");
    contains(s, "adam (50 iterations), then lm");
    contains(s, "class=\"stop met\"");
    assert_int_equal(occurrences(s, "not done"), 2);
    free(s);
    az_result_destroy(r);
}

static void test_box(void **state)
{
    az_result *r = synthetic_result(box_text, NULL, 0, 300, 2000);
    char *s;

    (void)state;
    assert_non_null(r);
    r->stop = AZ_STOP_TIME;
    assert_int_equal(az_report(r, path, NULL, NULL), AZ_OK);
    s = read_report();
    check_form(s);
    check_alone(s);
    check_numbers(s);
    contains(s, "data:image/png;base64,iVBORw0KGgo");
    contains(s, "class=\"stop unmet\"");
    contains(s, az_stop_message(AZ_STOP_TIME));
    assert_null(strstr(s, "class=\"headline\""));
    free(s);
    az_result_destroy(r);
}

/* A state that has just been made: no network, no history, no evidence. */
static void test_nothing_yet(void **state)
{
    static const char *const texts[] = {line_text, box_text};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        az_problem *p = NULL;
        az_result *r = NULL;
        assert_int_equal(az_problem_parse(&p, "t", texts[i], strlen(texts[i]), NULL, 0, NULL), AZ_OK);
        assert_int_equal(az_state_create(&r, p), AZ_OK);
        for (int t = 0; t < p->n_trials; t++) assert_int_equal(az_state_add_stage(r, t, 1, (int[]){3}, AZ_ACT_TANH, 1), AZ_OK);
        assert_int_equal(az_report(r, path, "", NULL), AZ_OK);
        char *s = read_report();
        check_form(s);
        check_numbers(s);
        contains(s, "Not finished.");
        assert_int_equal(occurrences(s, "not done"), 5);
        free(s);
        az_result_destroy(r);
    }
}

/* Values that no axis can show. */
static void test_ugly_result(void **state)
{
    az_result *r = synthetic_result(line_text, NULL, 0, 50, 60);
    const double ugly[] = {NAN, INFINITY, -INFINITY, 0, -0.0, DBL_MAX, -DBL_MAX, DBL_MIN, 5e-324, 1};
    char *s;

    (void)state;
    assert_non_null(r);
    for (int i = 0; i < 50; i++) {
        r->history.rms[i] = ugly[i % 10];
        r->history.check[i] = NAN;
        r->history.unknown[2 * i] = ugly[(i + 3) % 10];
    }
    for (int i = 0; i < 60; i++) r->curve.residual[i] = ugly[i % 10], r->curve.relative[i] = 0;
    r->evidence = (az_evidence){AZ_TIER_REEVALUATED, INFINITY, NAN, DBL_MAX, 0, NAN, NAN};
    r->unknown_error[0] = NAN;
    assert_int_equal(az_report(r, path, "x", NULL), AZ_OK);
    s = read_report();
    check_form(s);
    check_numbers(s);
    free(s);
    az_result_destroy(r);
}

/* Each allocation fails in turn (later ones in growing steps): a clear error, nothing kept, and the old file still there. */
static void test_every_allocation(void **state)
{
    failing_allocator f = {-1, 0};
    az_status st = AZ_ENOMEM;
    az_error err;

    (void)state;
    assert_int_equal(az_io_write_file(path, "old", 3, NULL), AZ_OK);
    az_set_allocator(failing_alloc, &f);
    az_result *r = synthetic_result(box_text, NULL, 0, 40, 60);
    assert_non_null(r);
    const long before = f.alive;
    for (long k = 0; st; k += 1 + k / 40) {
        f.calls_left = k;
        err.message[0] = 0;
        st = az_report(r, path, "x", &err);
        assert_int_equal(f.alive, before);
        if (!st) break;
        assert_int_equal(st, AZ_ENOMEM);
        contains(err.message, path);
        f.calls_left = -1;
        char *s = read_report();
        assert_string_equal(s, "old");
        free(s);
    }
    az_result_destroy(r);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

static ssize_t full_disk(int fd, const void *bytes, size_t n)
{
    (void)fd;
    (void)bytes;
    (void)n;
    errno = ENOSPC;
    return -1;
}

static void test_full_disk(void **state)
{
    az_result *r = synthetic_result(box_text, NULL, 0, 3, 4);
    az_error err;
    char *s;

    (void)state;
    assert_int_equal(az_io_write_file(path, "old", 3, NULL), AZ_OK);
    az_io_set_calls(&(az_io_calls){full_disk, fsync, rename});
    assert_int_equal(az_report(r, path, "x", &err), AZ_EIO);
    az_io_set_calls(NULL);
    contains(err.message, strerror(ENOSPC));
    s = read_report();
    assert_string_equal(s, "old");
    free(s);
    az_result_destroy(r);
}

static double random_number(az_rng *g)
{
    const double special[] = {0, -0.0, NAN, INFINITY, -INFINITY, DBL_MAX, -DBL_MAX, 5e-324};
    const double x = az_rng_uniform(g);

    return x < 0.02 ? special[az_rng_next(g) % 8] : az_rng_normal(g) * pow(10, 40 * az_rng_uniform(g) - 20);
}

/* Any data give a well-formed picture with finite numbers. */
static void test_plot_of_anything(void **state)
{
    az_rng g;
    double x[300], y[300];

    (void)state;
    az_rng_seed(&g, 4);
    for (int i = 0; i < 3000; i++) {
        const int n = (int)(az_rng_next(&g) % 300);
        const double scale = random_number(&g), shift = random_number(&g);
        for (int k = 0; k < n; k++) {
            x[k] = i % 3 ? shift + scale * k : random_number(&g);
            y[k] = i % 5 ? scale + shift * az_rng_normal(&g) : random_number(&g);
        }
        const az_series s[2] = {{"a <b>", x, y, n, false}, {"marks", y, x, n / 2, true}};
        const az_plot p = {.id = i, .about = "x & y", .x = {.kind = (az_axis_kind)(i % 3), .label = "x", .unit = fabs(scale)},
                           .y = {.kind = (az_axis_kind)(i / 3 % 3), .label = "y"}, .series = s, .n_series = 2, .rule = &shift, .n_rules = 1};
        az_text t = {0};
        az_plot_svg(&t, &p);
        assert_false(t.failed);
        check_form(t.s);
        check_numbers(t.s);
        az_text_clear(&t);
    }
}

/* Ticks rise, lie on the axis, and are neither too few nor too many. */
static void test_ticks(void **state)
{
    az_rng g;

    (void)state;
    az_rng_seed(&g, 11);
    for (int i = 0; i < 20000; i++) {
        const double a = az_rng_normal(&g) * pow(10, 20 * az_rng_uniform(&g) - 10), d = (fabs(a) + 1e-3) * pow(10, 6 * az_rng_uniform(&g) - 4);
        az_scale s = {AZ_AXIS_LINEAR, a, a + d, 1, 0, 400};
        if (i % 2) s = (az_scale){AZ_AXIS_LOG, pow(10, -20 * az_rng_uniform(&g)), pow(10, 1 + 20 * az_rng_uniform(&g)), 1, 0, 400};
        az_ticks t;
        int labels = 0;
        az_ticks_find(&t, &s, AZ_TICKS_X);
        for (int k = 0; k < t.n; k++) {
            const double pixel = az_scale_map(&s, t.value[k]);
            assert_true(pixel >= -0.01 && pixel <= 400.01);
            if (k) assert_true(t.value[k] > t.value[k - 1]);
            labels += t.major[k];
        }
        assert_in_range(labels, 2, 12);
    }
}

static void tick_text(char *s, size_t size, az_scale scale, int i)
{
    az_ticks t;
    az_text out = {0};

    az_ticks_find(&t, &scale, AZ_TICKS_X);
    assert_true(i < t.n);
    az_tick_label(&out, &t, &scale, i);
    snprintf(s, size, "%s", out.s);
    az_text_clear(&out);
}

static void test_tick_labels(void **state)
{
    char s[128];

    (void)state;
    tick_text(s, sizeof s, (az_scale){AZ_AXIS_LINEAR, -10, 10, 1, 0, 1}, 0);
    assert_string_equal(s, "\u221210");
    tick_text(s, sizeof s, (az_scale){AZ_AXIS_LINEAR, -1, 1, 1, 0, 1}, 5);
    assert_string_equal(s, "0.0");
    tick_text(s, sizeof s, (az_scale){AZ_AXIS_LINEAR, 0, 7e6, 1, 0, 1}, 3);
    assert_string_equal(s, "3");
    tick_text(s, sizeof s, (az_scale){AZ_AXIS_LOG, 1e-3, 1e3, 1, 0, 1}, 0);
    assert_string_equal(s, "10<tspan dy=\"-4\" font-size=\"9\">\u22123</tspan>");
    tick_text(s, sizeof s, (az_scale){AZ_AXIS_ASINH, -1e30, 1e30, 1, 0, 400}, 3);
    assert_string_equal(s, "0");
}

static uint32_t get_u32(const unsigned char *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }

/* The chunks follow each other, the last has the checksum known from every PNG file, and the stored pixels come back. */
static void test_png(void **state)
{
    enum { W = 301, H = 260 }; /* more than one stored block */
    static unsigned char pixel[W * H], found[(W + 1) * H];
    static unsigned char palette[256][3];
    az_text t = {0};
    size_t at = 8, n = 0;

    (void)state;
    for (int i = 0; i < W * H; i++) pixel[i] = (unsigned char)(i * 7 + i / W);
    az_png(&t, pixel, W, H, palette);
    const unsigned char *b = (const unsigned char *)t.s;
    while (memcmp(b + at + 4, "IDAT", 4)) at += 12 + get_u32(b + at);
    const size_t length = get_u32(b + at);
    for (size_t k = at + 10; n < sizeof found;) {
        const size_t m = b[k + 1] + 256u * b[k + 2];
        assert_int_equal(b[k + 1] ^ b[k + 3], 255);
        assert_int_equal(b[k], n + m == sizeof found);
        memcpy(found + n, b + k + 5, m);
        n += m;
        k += 5 + m;
    }
    for (int i = 0; i < H; i++) assert_true(found[i * (W + 1)] == 0 && !memcmp(found + i * (W + 1) + 1, pixel + i * W, W));
    assert_int_equal(at + 12 + length + 12, t.n);
    assert_memory_equal(t.s + t.n - 12, "\0\0\0\0IEND\xae\x42\x60\x82", 12);
    az_text_clear(&t);
}

static void test_numbers(void **state)
{
    static const struct {
        double v;
        int digits;
        const char *text;
    } c[] = {{0, 3, "0"}, {NAN, 3, "\u2013"}, {12.34, 4, "12.34"}, {1e-10, 6, "10<sup>\u221210</sup>"}, {2.149e-14, 2, "2.1\u00b710<sup>\u221214</sup>"},
             {-3e9, 3, "-3\u00b710<sup>9</sup>"}, {9.99e-5, 2, "10<sup>\u22124</sup>"}, {INFINITY, 2, "inf"}};

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        az_text t = {0};
        az_page_number(&t, c[i].v, c[i].digits);
        assert_string_equal(t.s, c[i].text);
        az_text_clear(&t);
    }
}

/* A scan of the problem on the line: 3 values, 2 seeds, one value not solved for; a bracket that led somewhere, and one that did not. */
static az_scan *made_scan(void)
{
    az_scan *s = az_calloc(1, sizeof *s);
    az_error err;

    if (!s || az_problem_parse(&s->problem, "line", line_text, strlen(line_text), NULL, 0, &err)) goto failed;
    az_scan_options_init(&s->options);
    s->options.over = s->problem->scalar[s->problem->n_parameters].name;
    s->options.lo = 0.5, s->options.hi = 1, s->options.values = 3, s->options.seeds = 2;
    s->options.solve.seed = 18364758544493064720u;
    s->signs = true;
    for (int i = 0; i < 6; i++) {
        const double value = az_scan_value(s, i / 2);
        az_scan_row row = {value, s->options.solve.seed + (uint64_t)(i % 2), 1e-3 * (1 + i), 0.1 * (1 - i / 2), 1.25e-5, 40 + i, 1};
        if (i == 5) row = (az_scan_row){value, row.seed, NAN, NAN, NAN, 3, 0};
        if (az_scan_add_row(s, &row)) goto failed;
    }
    const az_scan_bracket b[] = {{0.5, 0.75, s->options.solve.seed, AZ_SCAN_PROFILE, 0.6057337012032, 4e-13, 2.149e-14, 77, 0, 1},
                                 {0.75, 1, s->options.solve.seed + 1, AZ_SCAN_NOTHING, 0.8, NAN, NAN, 5, 0, 0}};
    for (int i = 0; i < 2; i++)
        if (az_scan_add_bracket(s, &b[1 - i])) goto failed;
    return s;
failed:
    az_scan_destroy(s);
    return NULL;
}

static void test_scan(void **state)
{
    az_scan *s = made_scan();
    az_error err;

    (void)state;
    assert_non_null(s);
    assert_true(s->bracket[0].state == AZ_SCAN_PROFILE && s->bracket[0].group == 0 && s->bracket[1].group == 1);
    for (int k = 0; k < 2; k++) {
        s->signs = !k;
        s->complete = k;
        if (az_scan_report(s, path, "ansatz scan <line>", &err)) fail_msg("%s", err.message);
        char *page = read_report();
        check_form(page);
        check_alone(page);
        check_numbers(page);
        assert_int_equal(occurrences(page, "<figure>"), 2 - k);
        assert_int_equal(occurrences(page, "<svg "), 2 - k);
        assert_int_equal(occurrences(page, "fill=\"#dce6f2\""), 2 * (2 - k)); /* brackets */
        assert_int_equal(occurrences(page, "stroke=\"#b00\""), 2 - k);        /* the value that is not there */
        contains(page, "0.6057337012032(4)");
        contains(page, "2.149\u00b710<sup>\u221214</sup>");
        contains(page, "18364758544493064721");
        contains(page, "no: not solved");
        contains(page, ">nothing<");
        contains(page, "ansatz scan &lt;line&gt;");
        contains(page, "a profile on the line, with &lt;b&gt; &amp; ");
        assert_int_equal(strstr(page, "Not finished.") != NULL, !k);
        free(page);
    }
    az_scan_destroy(s);
}

/* Each allocation fails: AZ_ENOMEM, nothing left, the page as it was. */
static void test_scan_allocations(void **state)
{
    az_scan *s = made_scan();
    az_status st = AZ_ENOMEM;
    az_error err;
    int refused = 0;

    (void)state;
    assert_non_null(s);
    if (az_scan_report(s, path, "first", &err)) fail_msg("%s", err.message);
    char *before = read_report();
    for (long k = 0; st; k++) {
        failing_allocator f = {.calls_left = k};
        az_set_allocator(failing_alloc, &f);
        st = az_scan_report(s, path, "second", &err);
        az_set_allocator(NULL, NULL);
        assert_true(st == AZ_OK || st == AZ_ENOMEM);
        assert_int_equal(f.alive, 0);
        char *now = read_report();
        assert_int_equal(!strcmp(now, before), st != AZ_OK);
        free(now);
        refused += st != AZ_OK;
    }
    assert_true(refused > 10);
    free(before);
    az_scan_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scan), cmocka_unit_test(test_scan_allocations),
        cmocka_unit_test(test_line), cmocka_unit_test(test_box), cmocka_unit_test(test_nothing_yet), cmocka_unit_test(test_ugly_result),
        cmocka_unit_test(test_every_allocation), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_plot_of_anything), cmocka_unit_test(test_ticks),
        cmocka_unit_test(test_tick_labels), cmocka_unit_test(test_png), cmocka_unit_test(test_numbers),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
