/* Grids for other programs suit the domain, and a VTK file holds what az_eval gives at their points. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "synthetic.h"
#include "testing.h"

#include "io/io.h"

#include <stdio.h>
#include <unistd.h>

static char path[] = "/tmp/ansatz-vtk-XXXXXX";

/* Lines of a conformal grid meet at right angles; their ends are the wall and the axis, and the last one on the wall is at the radius. */
static void test_half_plane_grid(void **state)
{
    const double radius = 50, fine = 0.02;
    az_problem *p = parse(plane_text);
    double *x = NULL;
    int n[2];

    (void)state;
    assert_int_equal(az_sample_grid(p, &x, n, 80000, radius, NULL), AZ_OK);
    assert_true(n[0] % 2 == 1 && abs(n[0] * n[1] - 80000) < 1600);
    for (int j = 0; j < n[1]; j++)
        for (int i = 0; i < n[0]; i++) {
            const double *at = x + 2 * (j * n[0] + i);
            assert_true(at[1] >= 0 && isfinite(at[0]) && at[0] == -x[2 * (j * n[0] + n[0] - 1 - i)]);
            if (j == 0) assert_true(at[1] == 0);
            if (j == n[1] - 1) assert_true(fabs(at[0]) <= 1e-13 * radius && at[1] >= 2);
            if (!i || !j || i == n[0] - 1 || j == n[1] - 1) continue;
            const double a[2] = {at[2] - at[-2], at[3] - at[-1]}, b[2] = {at[2 * n[0]] - at[-2 * n[0]], at[2 * n[0] + 1] - at[1 - 2 * n[0]]};
            if (hypot(at[0], at[1] - 2) < 0.5) continue; /* where the lines of the grid turn */
            assert_true(fabs(a[0] * b[0] + a[1] * b[1]) <= fine * hypot(a[0], a[1]) * hypot(b[0], b[1]));
            assert_true(a[0] * b[1] - a[1] * b[0] > 0);
        }
    assert_true(fabs(x[2 * (n[0] - 1)] - radius) <= 1e-12 * radius);
    az_free(x);
    az_problem_destroy(p);
}

static void test_other_grids(void **state)
{
    static const struct {
        const char *domain;
        int dim, n[4];
        double first[4], last[4];
    } cases[] = {
        {"domain x in line scale 2", 1, {1001}, {-20}, {20}},
        {"domain x in (-3, 3)", 1, {1001}, {-3 * 1000.0 / 1001}, {3 * 1000.0 / 1001}},
        {"domain x in half-line", 1, {1000}, {0}, {10}},
        {"domain x in [1, 3]", 1, {1000}, {1}, {3}},
        {"domain x, y in plane", 2, {31, 31}, {-10, -10}, {10, 10}},
        {"domain x in [0, 1]\ntime t in [2, 5]", 2, {32, 32}, {0, 2}, {1, 5}},
        {"domain x, y in half-plane\ndomain z in [0, 1]", 3, {9, 10, 10}, {-10, 0, 0}, {10, 10, 1}},
    };

    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char text[256];
        double *x = NULL;
        int n[4], total = 1;
        snprintf(text, sizeof text, "problem t \"T\"\n%s\ntrial N(x)\nequation N = 0\n", cases[k].domain);
        az_problem *p = parse(text);
        assert_int_equal(az_sample_grid(p, &x, n, 1000, 0, NULL), AZ_OK);
        for (int c = 0; c < cases[k].dim; c++) {
            assert_int_equal(n[c], cases[k].n[c]);
            total *= n[c];
        }
        for (int c = 0; c < cases[k].dim; c++) {
            assert_true(fabs(x[c] - cases[k].first[c]) <= 1e-12);
            assert_true(fabs(x[(total - 1) * cases[k].dim + c] - cases[k].last[c]) <= 1e-12);
        }
        if (cases[k].dim > 1) assert_true(x[cases[k].dim] > x[0] && x[cases[k].dim + 1] == x[1]); /* the first runs fastest */
        az_free(x);
        assert_int_equal(az_sample_grid(p, &x, n, 1, 0, NULL), AZ_EOPTION);
        assert_int_equal(az_sample_grid(p, &x, n, 100, -1, NULL), AZ_EOPTION);
        az_problem_destroy(p);
    }
}

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c ? strchr(digits, c) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* The numbers of the array with this name; a length before them. Freed by free. */
static double *read_array(const char *s, const char *name, int components, size_t *n)
{
    char head[128];
    uint64_t bytes;

    snprintf(head, sizeof head, "<DataArray type=\"Float64\" Name=\"%s\" NumberOfComponents=\"%d\" format=\"binary\">\n", name, components);
    const char *at = strstr(s, head);
    if (!at) fail_msg("no array '%s'", name);
    at += strlen(head);
    const size_t length = strcspn(at, "\n");
    unsigned char *raw = malloc(length), *out = raw;
    assert_int_equal(length % 4, 0);
    for (size_t i = 0; i < length; i += 4) {
        const int d[4] = {digit(at[i]), digit(at[i + 1]), digit(at[i + 2]), digit(at[i + 3])};
        assert_true(d[0] >= 0 && d[1] >= 0);
        *out++ = (unsigned char)(d[0] << 2 | d[1] >> 4);
        if (d[2] >= 0) *out++ = (unsigned char)(d[1] << 4 | d[2] >> 2);
        if (d[3] >= 0) *out++ = (unsigned char)(d[2] << 6 | d[3]);
    }
    memcpy(&bytes, raw, sizeof bytes);
    assert_int_equal(bytes + sizeof bytes, out - raw);
    double *v = malloc(bytes ? bytes : 1);
    memcpy(v, raw + sizeof bytes, bytes);
    free(raw);
    *n = bytes / sizeof *v;
    return v;
}

static void test_vtk(void **state)
{
    static const char *const scalars[] = {"u", "w"};
    const int order[2] = {0, 0};
    az_result *r = synthetic_plane();
    assert_non_null(r);
    double *x = NULL, *expected;
    int shape[2];
    size_t n;

    (void)state;
    assert_int_equal(az_sample_grid(r->problem, &x, shape, 200, 7, NULL), AZ_OK);
    assert_int_equal(az_export_vtk(r, path, NULL, 0, x, shape, NULL), AZ_OK);
    const size_t total = (size_t)shape[0] * (size_t)shape[1];
    char *s = read_text(path), extent[64];
    snprintf(extent, sizeof extent, "<Piece Extent=\"0 %d 0 %d 0 0\">", shape[0] - 1, shape[1] - 1);
    assert_non_null(strstr(s, extent));
    assert_non_null(strstr(s, "Name=\"lambda\" NumberOfTuples=\"1\" format=\"ascii\">0.60573370120321"));
    double *points = read_array(s, "points", 3, &n);
    assert_int_equal(n, 3 * total);
    for (size_t i = 0; i < total; i++) assert_true(points[3 * i] == x[2 * i] && points[3 * i + 1] == x[2 * i + 1] && points[3 * i + 2] == 0);
    expected = malloc(total * sizeof *expected);
    for (int k = 0; k < 2; k++) {
        double *v = read_array(s, scalars[k], 1, &n);
        assert_int_equal(n, total);
        assert_int_equal(az_eval(r, expected, scalars[k], x, (int)total, order, NULL), AZ_OK);
        assert_memory_equal(v, expected, total * sizeof *v);
        free(v);
    }
    double *v = read_array(s, "W", 3, &n);
    for (size_t i = 0; i < total; i++) assert_true(v[3 * i] == x[2 * i + 1] - 2 && v[3 * i + 1] == -x[2 * i] && v[3 * i + 2] == 0);
    free(v);
    free(points);
    free(expected);
    free(s);
    az_free(x);
    az_result_destroy(r);
}

static void test_vtk_choice_and_errors(void **state)
{
    static const char *const columns[] = {"W", "N"}, *const unknown[] = {"V"};
    static const char four[] = "problem t \"T\"\ndomain x, y, z, w in box [0, 1] x [0, 1] x [0, 1] x [0, 1]\ntrial N(x)\nequation N = 0\n";
    const double x[] = {0, 1, 1, 1, 0, 2, 1, 2}, outside[] = {0, -1};
    const int shape[] = {2, 2}, one[] = {1, 1}, none[] = {0, 2}, cube[] = {1, 1, 1, 1};
    az_result *r = synthetic_plane();
    assert_non_null(r);
    size_t n;

    (void)state;
    assert_int_equal(az_export_vtk(r, path, columns, 2, x, shape, NULL), AZ_OK);
    char *s = read_text(path);
    free(read_array(s, "W", 3, &n));
    free(read_array(s, "N", 1, &n));
    assert_null(strstr(s, "Name=\"u\""));
    free(s);
    unlink(path);
    assert_int_equal(az_export_vtk(r, path, unknown, 1, x, shape, NULL), AZ_ENAME);
    assert_int_equal(az_export_vtk(r, path, NULL, 0, outside, one, NULL), AZ_EDOMAIN);
    assert_int_equal(az_export_vtk(r, path, NULL, 0, x, none, NULL), AZ_EOPTION);
    assert_int_equal(az_export_vtk(r, "/no/such/folder/x", NULL, 0, x, shape, NULL), AZ_EIO);
    az_result_destroy(r);
    r = synthetic_result(four, NULL, 0, 3, 3);
    assert_int_equal(az_export_vtk(r, path, NULL, 0, x, cube, NULL), AZ_EDOMAIN);
    assert_int_equal(access(path, F_OK), -1);
    az_result_destroy(r);
}

static az_status attempt(const az_result *r)
{
    double *x = NULL;
    int shape[2];
    az_status st = az_sample_grid(r->problem, &x, shape, 30, 3, NULL);

    if (!st) st = az_export_vtk(r, path, NULL, 0, x, shape, NULL);
    az_free(x);
    return st;
}

static void test_every_allocation(void **state)
{
    (void)state;
    fail_each_allocation(synthetic_plane, attempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_plane_grid),
        cmocka_unit_test(test_other_grids),
        cmocka_unit_test(test_vtk),
        cmocka_unit_test(test_vtk_choice_and_errors),
        cmocka_unit_test(test_every_allocation),
    };
    return RUN_TESTS_WITH_FILE(path, tests);
}
