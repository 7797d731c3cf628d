/* az_export: a table holds the points and what az_eval gives there; a failure leaves no file. az_result_set_command: what is set is read. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "synthetic.h"
#include "testing.h"

#include <stdio.h>
#include <unistd.h>

enum { N = 5 };
static const double points[N] = {-2, -0.5, 0, 1.0 / 3, 40};
static char path[] = "/tmp/ansatz-export-XXXXXX";

static az_result *result(void)
{
    az_result *r = synthetic_result(line_text, NULL, 0, 10, 11);

    assert_non_null(r);
    return r;
}

/* Column k of the row of point i. */
static double expected(const az_result *r, int i, int k, const char *const *name)
{
    const int order[1] = {0};
    double v = NAN;

    if (k == 0) return points[i];
    assert_int_equal(az_eval(r, &v, name[k - 1], &points[i], 1, order, NULL), AZ_OK);
    return v;
}

static void check_csv(const az_result *r, const char *heading, const char *const *name, int n_names)
{
    FILE *f = fopen(path, "r");
    char line[1024];

    assert_non_null(f);
    assert_non_null(fgets(line, sizeof line, f));
    assert_string_equal(line, heading);
    for (int i = 0; i < N; i++) {
        char *s = line;
        assert_non_null(fgets(line, sizeof line, f));
        for (int k = 0; k <= n_names; k++, s++) {
            const double v = strtod(s, &s), w = expected(r, i, k, name);
            assert_true(v == w || (isnan(v) && isnan(w)));
            assert_int_equal(*s, k < n_names ? ',' : '\n');
        }
    }
    assert_null(fgets(line, sizeof line, f));
    fclose(f);
}

static void test_columns(void **state)
{
    static const char *const some[] = {"U", "N", "Omega"}, *const all[] = {"p", "l", "Omega", "U"};
    az_result *r = result();

    (void)state;
    assert_int_equal(az_export(r, path, "csv", some, 3, points, N, NULL), AZ_OK);
    check_csv(r, "y,U,N,Omega\n", some, 3);
    assert_int_equal(az_export(r, path, "csv", NULL, 0, points, N, NULL), AZ_OK);
    check_csv(r, "y,p,l,Omega,U\n", all, 4);
    az_result_destroy(r);
}

static void test_formats(void **state)
{
    static const char *const format[] = {"csv", "npy", "hdf5"}, *const start[] = {"y,", "\x93NUMPY", "\x89HDF"};
    az_result *r = result();
    char head[8];

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(az_export(r, path, format[i], NULL, 0, points, N, NULL), AZ_OK);
        FILE *f = fopen(path, "r");
        assert_non_null(f);
        assert_int_equal(fread(head, 1, sizeof head, f), sizeof head);
        fclose(f);
        assert_memory_equal(head, start[i], strlen(start[i]));
    }
    az_result_destroy(r);
}

static void test_errors(void **state)
{
    static const char *const unknown[] = {"U", "V"};
    const double infinite[] = {INFINITY};
    az_result *r = result();
    az_error err;

    (void)state;
    unlink(path);
    assert_int_equal(az_export(r, path, "xls", NULL, 0, points, N, &err), AZ_EOPTION);
    assert_int_equal(az_export(r, path, "csv", NULL, 0, points, -1, &err), AZ_EOPTION);
    assert_int_equal(az_export(r, path, "csv", unknown, 2, points, N, &err), AZ_ENAME);
    assert_int_equal(az_export(r, path, "csv", NULL, 0, infinite, 1, &err), AZ_EDOMAIN);
    assert_int_equal(az_export(r, "/no/such/folder/x", "csv", NULL, 0, points, N, &err), AZ_EIO);
    assert_int_equal(access(path, F_OK), -1);
    az_result_destroy(r);
}

static void test_every_allocation(void **state)
{
    failing_allocator f = {-1, 0};
    az_status st = AZ_ENOMEM;

    (void)state;
    az_set_allocator(failing_alloc, &f);
    az_result *r = result();
    const long alive = f.alive;
    for (long k = 0; st; k++) {
        f.calls_left = k;
        st = az_export(r, path, "csv", NULL, 0, points, N, NULL);
        assert_true(st == AZ_OK || st == AZ_ENOMEM);
        assert_int_equal(f.alive, alive);
    }
    f.calls_left = 0;
    assert_int_equal(az_result_set_command(r, "x"), AZ_ENOMEM);
    f.calls_left = -1;
    assert_int_equal(az_result_set_command(r, "ansatz solve x"), AZ_OK);
    assert_string_equal(az_result_command(r), "ansatz solve x");
    az_result_destroy(r);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_every_allocation),
    };
    return RUN_TESTS_WITH_FILE(path, tests);
}
