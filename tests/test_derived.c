/* derived: a number that follows from a solution is its expression, and carries the error of the unknowns in it, or that in which another solution agrees. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "synthetic.h"
#include "testing.h"

#include <float.h>

/* d((a + x)/2) = dx/2, d(x^2) = 2x dx; a number without unknowns is exact, one with a field or with an unknown of unknown error has none. */
static void test_derived(void **state)
{
    az_result *r = synthetic_plane();
    assert_non_null(r);
    const double a = r->scalar[0], x = r->scalar[1], mu = r->scalar[2], dx = r->unknown_error[0];
    const double value[] = {(a + x) / 2, x * x, x * mu, NAN, a + 1}, error[] = {dx / 2, 2 * x * dx, NAN, NAN, 0};
    const double corner[2] = {0, 0};
    const int order[2] = {0, 0};
    double v, e, n = 0;

    (void)state;
    assert_int_equal(az_problem_n_derived(r->problem), 5);
    assert_string_equal(az_problem_derived(r->problem, 1), "square");
    assert_null(az_problem_derived(r->problem, 5));
    assert_int_equal(az_eval(r, &n, "N", corner, 1, order, NULL), AZ_OK);
    for (int i = 0; i < 5; i++) {
        const double wanted = i == 3 ? x * n : value[i];
        assert_int_equal(az_result_derived(r, i, &v, &e, NULL), AZ_OK);
        if (!(fabs(v - wanted) <= 4 * DBL_EPSILON * fabs(wanted))) fail_msg("%d: %.17g, not %.17g", i, v, wanted);
        if (isnan(error[i]) ? !isnan(e) : !(fabs(e - error[i]) <= 1e-9 * error[i])) fail_msg("%d: error %.17g, not %.17g", i, e, error[i]);
    }
    assert_true(r->scalar[1] == x);
    assert_int_equal(az_result_derived(r, 5, &v, &e, NULL), AZ_ENAME);
    az_result_destroy(r);
}

/* Values of fields differ from another solution's, and by no less than the residuals of both let expect; numbers of unknowns know nothing of that. */
static void test_compared(void **state)
{
    static const struct {
        double differs, relative, other, error, share; /* error: share of the value, or itself */
    } cases[] = {{1e-4, 1e-9, 2e-9, 1e-4, 0},         {0, 1e-9, 2e-9, 0, 2e-9},      {0, 3e-9, 2e-9, 0, 3e-9},
                 {0, 0, 0, 0, 4 * DBL_EPSILON}, {NAN, 1e-9, 1e-9, NAN, 0}, {1e-4, NAN, 1e-9, NAN, 0}};
    double before, v, e;

    (void)state;
    az_result *r = synthetic_plane();
    assert_int_equal(az_result_derived(r, 1, &v, &before, NULL), AZ_OK);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        az_cross_clear(&r->cross);
        r->cross = (az_cross){.compared = 1, .relative = cases[k].relative, .other_relative = cases[k].other, .n_derived = 5, .derived = az_doubles(5)};
        r->cross.derived[3] = cases[k].differs;
        assert_int_equal(az_result_derived(r, 3, &v, &e, NULL), AZ_OK);
        const double wanted = cases[k].share > 0 ? cases[k].share * fabs(v) : cases[k].error;
        if (isnan(wanted) ? !isnan(e) : e != wanted) fail_msg("case %zu: error %.17g, not %.17g", k, e, wanted);
        assert_int_equal(az_result_derived(r, 1, &v, &e, NULL), AZ_OK);
        assert_true(e == before);
    }
    az_result_destroy(r);
}

static az_status attempt(const az_result *r)
{
    double v, e;

    return az_result_derived(r, 1, &v, &e, NULL);
}

static void test_every_allocation(void **state)
{
    (void)state;
    fail_each_allocation(synthetic_plane, attempt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_derived),
        cmocka_unit_test(test_compared),
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
