/* local: the profile of the Boussinesq equations found from random weights by networks in first derivatives is that found by elements in a potential, field by field,
 * near the corner, on the wall, beside the axis and away from it; its equations are no square system, which elements say. */
#include "ansatz.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define POINTS 11
#define CLOSE 0.03 /* what small networks reach in 120 iterations, several times over */

static az_result *solved(const char *name, const az_solve_options *o)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    if (az_problem_load(&p, name, NULL, 0, &err)) fail_msg("%s", err.message);
    if (az_solve(&r, p, o, NULL, NULL, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    return r;
}

static void same_fields(void **state)
{
    (void)state;
    static const double at[2 * POINTS] = {1e-3, 1e-3, 0.3, 1e-6, 0.2, 0.3, 1e-6, 0.8, 1, 1, 4, 1e-5, 2, 9, 1e-3, 3, 30, 20, 100, 1e-4, 60, 30};
    static const struct {
        const char *name, *of;
        int order[2];
    } field[] = {{"Omega", "Omega", {0, 0}}, {"U1", "U1", {0, 0}}, {"U2", "U2", {0, 0}}, {"Phi", "Theta", {1, 0}}, {"Psi", "Theta", {0, 1}}};
    az_solve_options o;
    az_error err;
    az_solve_options_init(&o);
    o.points = 500, o.n_layers = 2, o.layers[0] = o.layers[1] = 10, o.max_stages = 1, o.max_iterations = 120, o.threads = 1;
    az_result *local = solved("boussinesq_local", &o);
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT, o.points = 3000, o.tolerance = 100; /* one mesh, which is right as far as this */
    az_result *potential = solved("boussinesq", &o);
    double one = az_result_unknown(local, 0, NULL), two = az_result_unknown(potential, 0, NULL);
    if (!(fabs(one - two) < CLOSE)) fail_msg("lambda %.9g and %.9g", one, two);
    for (int f = 0; f < 5; f++) {
        double a[POINTS], b[POINTS];
        if (az_eval(local, a, field[f].name, at, POINTS, NULL, &err)) fail_msg("%s", err.message);
        if (az_eval(potential, b, field[f].of, at, POINTS, field[f].order, &err)) fail_msg("%s", err.message);
        for (int i = 0; i < POINTS; i++)
            if (!(fabs(a[i] / b[i] - 1) < CLOSE)) fail_msg("%s at (%g, %g): %g and %g", field[f].name, at[2 * i], at[2 * i + 1], a[i], b[i]);
    }
    az_result_destroy(local);
    az_result_destroy(potential);
}

static void no_square(void **state)
{
    (void)state;
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_solve_options o;
    if (az_problem_load(&p, "boussinesq_local", NULL, 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT;
    assert_int_equal(az_solve(&r, p, &o, NULL, NULL, &err), AZ_EOPTION);
    assert_non_null(strstr(err.message, "as many equations as trials"));
    az_problem_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_fields), cmocka_unit_test(no_square)};
    return cmocka_run_group_tests_name("local", tests, NULL, NULL);
}
