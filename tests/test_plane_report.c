/* The report of a half-plane: lines follow their field, every name and flow has its two pictures, derived numbers have their digits. */
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

/* Two pictures of each name and of each flow, two of the residual; what was asked for only; the derived numbers with their digits. */
static void test_report(void **state)
{
    static const char *const name[] = {"N", "w"}, *const unknown[] = {"nothing"};
    az_result *r = synthetic_plane();
    assert_non_null(r);

    (void)state;
    assert_int_equal(az_report(r, path, "x", NULL), AZ_OK);
    char *s = read_text(path);
    contains(s, "u near the origin.");
    contains(s, "u against distance");
    contains(s, "Lines along the flow W near the origin.");
    contains(s, "Lines along the flow W against distance");
    contains(s, "a line &amp; its &lt;half&gt;");
    contains(s, "1.8028668506016");
    contains(s, "Relative residual of the worst equation near the origin");
    assert_int_equal(occurrences(s, "<figure>"), 2 * 3 + 2);
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
        cmocka_unit_test(test_every_allocation),
    };
    return RUN_TESTS_WITH_FILE(path, tests);
}
