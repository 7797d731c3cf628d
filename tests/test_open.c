/* open: on an open interval (-X, X) hilbert, primitive and derivatives are those of closed forms to 1e-13, at the centre, between, and up to the ends as
 * far as a double goes, for any X and without parity; the independent evaluator agrees; points and derivatives asked for are those of y. */
#include "ansatz.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#if __has_include(<flint/arb_hypgeom.h>)
#include <flint/arb_hypgeom.h>
#else
#include <arb_hypgeom.h>
#endif

#define TOL 1e-13
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const double at[] = {0, 1e-9, 1e-3, 0.3, -0.3, 0.7, -0.95, 0.999, 1 - 1e-6, -1 + 1e-9, 1 - 1e-12, 1 - 1e-15};

/* The lets of a problem that is solved at once. */
static az_result *solved(const char *lets, double half)
{
    char text[4096];
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_solve_options o;

    snprintf(text, sizeof text, "problem t \"T\"\nparameter X = %.17g\ndomain y in (-X, X)\ntrial N(edge(y)) even\nlet e = edge(y)\n%s"
                                "equation N = 0\n", half, lets);
    if (az_problem_parse(&p, "t.ansatz", text, strlen(text), NULL, 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT;
    o.threads = 1;
    if (az_solve(&r, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    return r;
}

static double value(const az_result *r, const char *name, double y, int order)
{
    az_error err;
    double v;
    if (az_eval(r, &v, name, &y, 1, &order, &err)) fail_msg("%s", err.message);
    return v;
}

static double distance(double u) { return (1 - u) * (1 + u); }
static double z(double u) { return 2 * atanh(u); }

static double root_h(double u) { return u; }
static double cube_h(double u) { return u * (1.5 - u * u); }
static double tilt_h(double u) { return u * u - 0.5; }
static double skew_h(double u) { return u + u * u - 0.5; }
static double one_h(double u) { return z(u) / M_PI; }
static double linear_h(double u) { return (u * z(u) - 2) / M_PI; }
static double bump_h(double u) { return (distance(u) * z(u) + 2 * u) / M_PI; }

/* Transforms of functions of u = y/X; sqrt(1 - u^2) U_n-1(u) has T_n(u), King, Hilbert Transforms (2009), table 1.8. */
static const struct {
    const char *name, *text;
    double (*h)(double u);
} pair[] = {{"root", "sqrt(e)", root_h}, {"cube", "e^1.5", cube_h}, {"tilt", "y/X*sqrt(e)", tilt_h}, {"skew", "(1 + y/X)*sqrt(e)", skew_h},
            {"one", "1 + 0*y", one_h}, {"linear", "y/X", linear_h}, {"bump", "e", bump_h}};

static void transforms_of_closed_form(void **state)
{
    static const double half[] = {1, 2.5, 1e-3};
    char lets[2048] = "", name[32];

    (void)state;
    for (int k = 0; k < COUNT(pair); k++)
        snprintf(lets + strlen(lets), sizeof lets - strlen(lets), "let %s = %s\nlet %s_h = hilbert(%s)\n", pair[k].name, pair[k].text, pair[k].name, pair[k].name);
    for (int x = 0; x < COUNT(half); x++) {
        az_result *r = solved(lets, half[x]);
        for (int k = 0; k < COUNT(pair); k++)
            for (int i = 0; i < COUNT(at); i++) {
                double y = at[i] * half[x], u = y / half[x], exact = pair[k].h(u);
                snprintf(name, sizeof name, "%s_h", pair[k].name);
                double h = value(r, name, y, 0);
                if (!(fabs(h - exact) <= TOL * fmax(1, fabs(exact))))
                    fail_msg("H[%s] at %.17g of (-%g, %g): %.17g, exactly %.17g", pair[k].text, y, half[x], half[x], h, exact);
            }
        az_result_destroy(r);
    }
}

/* H[(1 - u^2)^s] = 2 Gamma(s + 1)/(sqrt(pi) Gamma(s + 1/2)) u F(1/2 - s, 1; 3/2; u^2), by Arb. s = 0, 1/2, 1 are among those above. */
static double power_h(double s, double u)
{
    arb_t a, b, c, x, f;
    arb_init(a), arb_init(b), arb_init(c), arb_init(x), arb_init(f);
    arb_set_d(x, u);
    arb_mul(x, x, x, 200);
    arb_set_d(a, 0.5 - s), arb_set_d(b, 1), arb_set_d(c, 1.5);
    arb_hypgeom_2f1(f, a, b, c, x, 0, 200);
    double out = 2 / sqrt(M_PI) * tgamma(s + 1) / tgamma(s + 0.5) * u * arf_get_d(arb_midref(f), ARF_RND_NEAR);
    arb_clear(a), arb_clear(b), arb_clear(c), arb_clear(x), arb_clear(f);
    return out;
}

static void transforms_of_powers(void **state)
{
    static const double power[] = {0.49, 0.87, 1.3, 2.6, 7.1};
    char text[128];

    (void)state;
    for (int k = 0; k < COUNT(power); k++) {
        snprintf(text, sizeof text, "let f = e^%.17g\nlet h = hilbert(f)\n", power[k]);
        az_result *r = solved(text, 1);
        for (int i = 0; i < COUNT(at); i++) {
            double exact = power_h(power[k], at[i]), h = value(r, "h", at[i], 0);
            if (!(fabs(h - exact) <= TOL * fmax(1, fabs(exact)))) fail_msg("H[(1 - y^2)^%g] at %.17g: %.17g, exactly %.17g", power[k], at[i], h, exact);
        }
        az_result_destroy(r);
    }
}

static void primitives(void **state)
{
    (void)state;
    az_result *r = solved("let a = primitive(sqrt(e))\nlet b = primitive(1 + 0*y)\nlet c = primitive(3*y^2)\n", 2);
    for (int i = 0; i < COUNT(at); i++) {
        double u = at[i], y = 2 * u, exact[] = {u * sqrt(distance(u)) + asin(u), y, y * y * y};
        const char *name[] = {"a", "b", "c"};
        for (int k = 0; k < 3; k++)
            if (!(fabs(value(r, name[k], y, 0) - exact[k]) <= TOL * fmax(fabs(exact[k]), fabs(y))))
                fail_msg("%s(%.17g): %.17g", name[k], y, value(r, name[k], y, 0));
    }
    az_result_destroy(r);
}

/* Orders 1 to 3 of (1 - u^2)^(5/2), by the language and by az_eval, relative to the size that the distance gives them. */
static void derivatives(void **state)
{
    (void)state;
    az_result *r = solved("let f = e^2.5\nlet d1 = d(f, y)\nlet d2 = d(f, y, y)\nlet d3 = d(d(f, y), y, y)\n", 2);
    for (int i = 0; i < COUNT(at); i++) {
        double u = at[i], q = distance(u), size[] = {pow(q, 1.5), pow(q, 0.5), pow(q, -0.5)};
        double exact[] = {-5 * u * size[0] / 2, (-5 * q + 15 * u * u) * size[1] / 4, (45 * q * u - 15 * u * u * u) * size[2] / 8};
        const char *name[] = {"d1", "d2", "d3"};
        for (int k = 0; k < 3; k++) {
            double written = value(r, name[k], 2 * u, 0), asked = value(r, "f", 2 * u, k + 1);
            if (!(fabs(written - exact[k]) <= 1e-12 * size[k])) fail_msg("%s(%.17g): %.17g, exactly %.17g", name[k], 2 * u, written, exact[k]);
            if (!(fabs(asked - exact[k]) <= 1e-12 * size[k])) fail_msg("order %d at %.17g: %.17g, exactly %.17g", k + 1, 2 * u, asked, exact[k]);
        }
    }
    az_result_destroy(r);
}

/* The distance to an end that a double next to it shows; points outside. */
static void ends(void **state)
{
    az_error err;
    double v, outside = 2.0000001;
    const int order = 0;

    (void)state;
    az_result *r = solved("let l = log(e)\nlet h = hilbert(sqrt(e))\nlet m = h@(-X)\n", 2);
    for (double d = 1e-3; d > 1e-15; d /= 7) {
        double u = 1 - d, exact = log(distance(u));
        if (!(fabs(value(r, "l", 2 * u, 0) - exact) <= 1e-15 * fabs(exact))) fail_msg("log edge at 1 - %g: %.17g, exactly %.17g", d, value(r, "l", 2 * u, 0), exact);
    }
    assert_true(value(r, "e", 2, 0) > 0 && value(r, "e", 2, 0) < DBL_EPSILON * DBL_EPSILON);
    assert_true(fabs(value(r, "h", 2, 0) - 1) <= TOL && fabs(value(r, "h", -2, 0) + 1) <= TOL && fabs(value(r, "m", 0, 0) + 1) <= TOL);
    assert_int_equal(az_eval(r, &v, "e", &outside, 1, &order, &err), AZ_EDOMAIN);
    assert_string_equal(err.message, "point 1: y = 2 lies outside the domain");
    az_result_destroy(r);
}

/* N is 0 where both evaluators have the transform right; a wrong factor in front of it is what the independent one sees. */
static void independent_evaluator(void **state)
{
    static const double factor[] = {1, 1.001};
    char text[512];
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_solve_options o;

    (void)state;
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT;
    o.threads = 1;
    for (int i = 0; i < COUNT(factor); i++) {
        snprintf(text, sizeof text, "problem t \"T\"\ndomain y in (-3, 3)\ntrial N(edge(y)) even\nlet f = (1 + y/3)*edge(y)^0.5\n"
                                    "equation N + %.17g*hilbert(f) = y/3 + (y/3)^2 - 1/2\n", factor[i]);
        if (az_problem_parse(&p, "t.ansatz", text, strlen(text), NULL, 0, &err)) fail_msg("%s", err.message);
        if (az_solve(&r, p, &o, NULL, NULL, &err) || az_verify(r, 1, &err)) fail_msg("%s", err.message);
        double seen = az_result_evidence(r).reevaluated_max, exact = factor[i] - 1; /* N takes up the even part */
        if (!(fabs(seen - exact) <= TOL)) fail_msg("the factor %g: a residual of %.17g, exactly %.17g", factor[i], seen, exact);
        az_result_destroy(r);
        az_problem_destroy(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transforms_of_closed_form), cmocka_unit_test(transforms_of_powers), cmocka_unit_test(primitives),
        cmocka_unit_test(derivatives),               cmocka_unit_test(ends),                 cmocka_unit_test(independent_evaluator),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
