/* The report of a half-plane: lines follow their field, every name, flow and equation has its two pictures, derived numbers have their
 * digits, and that of boussinesq, in either form, says what it has to do with Euler. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "synthetic.h"
#include "testing.h"

#include "io/io.h"
#include "report/stream.h"

#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/ansatz-plane-XXXXXX";

static void fill_field(double *u, double *v, int n_x, int n_y, double cx, double cy)
{
    for (int j = 0; j < n_y; j++)
        for (int i = 0; i < n_x; i++) {
            u[j * n_x + i] = -(j - cy);
            v[j * n_x + i] = i - cx;
        }
}

/* Lines of a rotation are arcs of circles, run through with it, and leave no large part of the picture empty. */
static void test_lines_of_a_rotation(void **state)
{
    enum { NX = 121, NY = 81, ACROSS = 24, PART = 20 };
    static double u[NX * NY], v[NX * NY];
    const double cx = 60, cy = 30;
    bool seen[NY / PART][NX / PART] = {{false}};
    double *x, *y;
    int n, lines = 0;

    (void)state;
    fill_field(u, v, NX, NY, cx, cy);
    assert_int_equal(az_stream_lines(&x, &y, &n, u, v, NX, NY, ACROSS), AZ_OK);
    for (int i = 0; i < n; i++) {
        lines += isnan(x[i]);
        if (isnan(x[i])) continue;
        assert_true(x[i] >= 0 && x[i] <= NX - 1 && y[i] >= 0 && y[i] <= NY - 1);
        if (y[i] < NY - 1 && x[i] < NX - 1) seen[(int)y[i] / PART][(int)x[i] / PART] = true;
        if (!i || isnan(x[i - 1])) continue;
        const double a = hypot(x[i - 1] - cx, y[i - 1] - cy), b = hypot(x[i] - cx, y[i] - cy);
        assert_true(fabs(a - b) <= 0.05);
        assert_true((x[i - 1] - cx) * (y[i] - cy) - (y[i - 1] - cy) * (x[i] - cx) > 0);
    }
    assert_true(lines > 8 && lines < 200);
    for (int j = 0; j < NY / PART; j++)
        for (int i = 0; i < NX / PART; i++) assert_true(seen[j][i]);
    az_doubles_free(x);
    az_doubles_free(y);
}

static void test_lines_of_nothing(void **state)
{
    enum { NX = 30, NY = 20 };
    static double u[NX * NY], v[NX * NY];
    double *x, *y;
    int n;

    (void)state;
    assert_int_equal(az_stream_lines(&x, &y, &n, u, v, NX, NY, 8), AZ_OK);
    assert_int_equal(n, 0);
    for (int i = 0; i < NX * NY; i++) u[i] = NAN, v[i] = INFINITY;
    assert_int_equal(az_stream_lines(&x, &y, &n, u, v, NX, NY, 8), AZ_OK);
    assert_int_equal(n, 0);
    az_doubles_free(x);
    az_doubles_free(y);
}

/* Two pictures of each name, of each flow and of each equation's residual; what was asked for only; the derived numbers with their digits. */
static void test_report(void **state)
{
    static const char *const name[] = {"N", "w"}, *const unknown[] = {"nothing"};
    az_result *r = synthetic_plane();
    assert_non_null(r);

    (void)state;
    assert_int_equal(az_report(r, path, "x", NULL), AZ_OK);
    char *s = read_text(path);
    contains(s, "u near the origin.");
    contains(s, "u, log-polar");
    contains(s, "Lines along the flow W near the origin.");
    contains(s, "Lines along the flow W, log-polar");
    contains(s, "a line &amp; its &lt;half&gt;");
    contains(s, "1.8028668506016");
    contains(s, "Near the origin, line 10: equation d(u, y1) + lambda*d(u, y2) = mu*u<");
    contains(s, "Log-polar, line 10.");
    assert_int_equal(occurrences(s, "<figure>"), 2 * 3 + 2);
    assert_null(strstr(s, "d m")); /* there is no defect */
    assert_null(strstr(s, "w near the origin")); /* given, not found */
    assert_null(strstr(s, "nan"));
    free(s);
    assert_int_equal(az_report_names(r, path, name, 2, "x", NULL), AZ_OK);
    s = read_text(path);
    contains(s, "w near the origin.");
    contains(s, "N near the origin.");
    assert_null(strstr(s, "u near the origin."));
    free(s);
    assert_int_equal(az_report_names(r, path, unknown, 1, "x", NULL), AZ_ENAME);
    az_result_destroy(r);
}

static const char log_text[] = "problem logs \"T\"\n"
                               "unknown mu = 1\n"
                               "defect kink = 1\n"
                               "domain y1, y2 in half-plane\n"
                               "let depth = log(y1^2 + y2^2)/2\n"
                               "trial N(1/(1 + y1^2 + y2^2), y2/(1 + y2)) even in y1\n"
                               "equation d(N, y1, y1) = mu\n"
                               "equation N = 1e6*mu scale 1\n"
                               "select kink*mu = 1\n"
                               "pin N@(0, 0) = 1\n"
                               "derived \"corner\" = N@(0, 0)\n"
                               "note \"Once upon\" \"a <time>.\"\n";

/* The cells of the picture with this caption: the first image of the figure. */
static void image_before(char *image, size_t size, const char *page, const char *caption)
{
    const char *end = strstr(page, caption), *from = page;

    assert_non_null(end);
    for (const char *at = page; (at = strstr(at, "<figure>")) && at < end; at++) from = at;
    from = strstr(from, "base64,");
    const size_t n = strcspn(from, "\"");
    assert_true(n > 100 && n < size);
    memcpy(image, from, n);
    image[n] = 0;
}

/* A logarithm of the distance is linear across the picture of that axis, which has ticks in powers of ten; each equation has its map, in the same colours; what
 * the defect does to the unknown stands beside it and in the evidence; notes are paragraphs; a number without an error says what to do. */
static void test_log_polar(void **state)
{
    static const char *const name[] = {"depth"};
    az_result *r = synthetic_result(log_text, NULL, 0, 30, 200);
    char x[32], a[20000], b[20000];

    (void)state;
    assert_non_null(r);
    assert_int_equal(az_report_names(r, path, name, 1, "x", NULL), AZ_OK);
    char *s = read_text(path), *picture = strstr(s, "</figure>");
    assert_non_null(picture);
    for (int k = -1; k <= 1; k++) { /* contours of -10, 0, 10: upright lines */
        snprintf(x, sizeof x, "M%.1f 203.0L%.1f ", 58 + 338 * (6 + 10 * k / log(10)) / 15, 58 + 338 * (6 + 10 * k / log(10)) / 15);
        contains(picture, x);
    }
    contains(picture, ">10<tspan dy=\"-4\" font-size=\"9\">\u22126</tspan><");
    contains(picture, ">10<tspan dy=\"-4\" font-size=\"9\">9</tspan><");
    contains(s, "Near the origin, line 7: equation d(N, y1, y1) = mu<");
    contains(s, "Near the origin, line 8: equation N = 1e6*mu scale 1<");
    assert_int_equal(occurrences(s, "Log-polar, line "), 2);
    image_before(a, sizeof a, s, "Log-polar, line 7.");
    image_before(b, sizeof b, s, "Log-polar, line 8.");
    contains(b, "////////////"); /* 6e5 nearly everywhere, the last of the colours, which the other has not */
    assert_null(strstr(a, "////////////"));
    contains(s, "<dt>d kink/d mu</dt><dd>-0.25</dd>");
    contains(s, "<td>d kink/d mu</td><td class=\"number\">-0.25</td>");
    contains(s, "<p>Once upon a &lt;time&gt;.</p>");
    contains(s, "(?): this result has not been compared");
    free(s);
    r->cross = (az_cross){.compared = 1, .relative = 1e-9, .other_relative = 1e-9, .n_derived = 1, .derived = az_doubles(1)};
    r->cross.derived[0] = r->evidence.defect_slope = NAN;
    assert_int_equal(az_report_names(r, path, name, 1, "x", NULL), AZ_OK);
    s = read_text(path);
    assert_null(strstr(s, "(?): this result has not been compared"));
    assert_null(strstr(s, "<dt>d kink/d mu</dt>"));
    contains(s, "<td>d kink/d mu</td><td class=\"number\">not done</td>");
    free(s);
    az_result_destroy(r);
}

static void value(double *v, const az_result *r, const char *name, const double *x, int n, const int *order)
{
    az_error err;

    if (az_eval(r, v, name, x, n, order, &err)) fail_msg("%s", err.message);
}

/* Both terms that Boussinesq neglects of Euler are what their names say, whatever the networks; d1 Theta: a derivative, or a field itself. */
static void check_neglected(const az_result *r, const char *theta, const int *order)
{
    enum { N = 4 };
    static const double at[2 * N] = {1, 1, 0.01, 2, -3, 0.5, 40, 70};
    static const int none[2] = {0};
    double buoyancy[N], curvature[N], omega[N], u1[N], d1[N];

    value(buoyancy, r, "buoyancy", at, N, none);
    value(curvature, r, "curvature", at, N, none);
    value(omega, r, "Omega", at, N, none);
    value(u1, r, "U1", at, N, none);
    value(d1, r, theta, at, N, order);
    for (int k = 0; k < N; k++) {
        const double b = 4 * at[2 * k + 1] * d1[k], c = -u1[k];
        if (!(fabs(buoyancy[k] * omega[k] - b) <= 1e-12 * fabs(b))) fail_msg("buoyancy %g", buoyancy[k]);
        if (!(fabs(curvature[k] * omega[k] - c) <= 1e-12 * fabs(c))) fail_msg("curvature %g", curvature[k]);
    }
}

/* The identification, the numbers and pictures of both terms, their rate of decay, and the exponents beside published ones. */
static void check_euler_page(const az_result *r)
{
    static const char *const said[] = {"axisymmetric Euler equations", "exp(-(1 + lambda) tau)", "Luo and Hou", "2.46", "2.91",
                                       "<figcaption>buoyancy near the origin.", "<figcaption>buoyancy, log-polar", "<td>buoyancy on the axis at y2 = 2",
                                       "<figcaption>curvature near the origin.", "<figcaption>curvature, log-polar", "<td>curvature on the axis at y2 = 2"};
    const az_problem *p = az_result_problem(r);
    char digits[AZ_UNKNOWN_LENGTH], cell[AZ_UNKNOWN_LENGTH + 40];
    double v, e;

    assert_int_equal(az_report(r, path, "x", NULL), AZ_OK);
    char *s = read_text(path), *source = strstr(s, "<h2>Problem</h2>");
    assert_non_null(source);
    *source = 0; /* what follows shows the text of the problem anyway */
    for (size_t k = 0; k < sizeof said / sizeof *said; k++) contains(s, said[k]);
    assert_true(az_problem_n_derived(p) >= 10);
    for (int i = 0; i < az_problem_n_derived(p); i++) {
        assert_int_equal(az_result_derived(r, i, &v, &e, NULL), AZ_OK);
        az_format_unknown(digits, v, e);
        snprintf(cell, sizeof cell, "<td class=\"number\">%s</td>", digits);
        contains(s, cell);
    }
    free(s);
}

static void test_euler(void **state)
{
    static const struct {
        const char *problem, *theta;
        int order[2];
    } form[] = {{"boussinesq", "Theta", {1, 0}}, {"boussinesq_local", "Phi", {0}}};

    (void)state;
    for (int k = 0; k < 2; k++) {
        az_problem *p = load_with(form[k].problem, NULL, 0);
        az_result *r = synthetic_result(az_problem_text(p), NULL, 0, 30, 200);
        assert_non_null(r);
        check_neglected(r, form[k].theta, form[k].order);
        check_euler_page(r);
        az_result_destroy(r);
        az_problem_destroy(p);
    }
}

static az_status attempt(const az_result *r) { return az_report(r, path, "x", NULL); }

static void test_every_allocation(void **state)
{
    (void)state;
    fail_each_allocation(synthetic_plane, attempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_of_a_rotation),
        cmocka_unit_test(test_lines_of_nothing),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_log_polar),
        cmocka_unit_test(test_euler),
        cmocka_unit_test(test_every_allocation),
    };
    return RUN_TESTS_WITH_FILE(path, tests);
}
