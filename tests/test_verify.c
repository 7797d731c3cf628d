/* verify: the independent evaluator reproduces exact profiles, transform pairs and derivatives; its values are analytic in weights and
 * unknowns. */
#include "verify/line.h"
#include "verify/reference.h"
#include "testing.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEP 1e-30 /* of the complex-step derivative */
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static int let(const az_result *r, const char *name)
{
    for (int i = 0; i < r->problem->n_lets; i++)
        if (!strcmp(r->problem->let[i].name, name)) return r->problem->let[i].node;
    fail_msg("no let %s", name);
    return -1;
}

/* Values of a let at points, with the grid of spacing h. */
static void values(double *out, const az_result *r, const char *name, const double *x, int n, double h)
{
    const int node = let(r, name);
    az_reference *s = NULL;
    az_error err;
    double reach;
    az_num *v = malloc((size_t)n * sizeof *v);

    assert_non_null(v);
    if (az_reference_create(&s, r, &node, 1, &err) != AZ_OK) fail_msg("%s", err.message);
    assert_int_equal(az_reference_reach(s, &reach), AZ_OK);
    assert_int_equal(az_reference_prepare(s, h, reach, 2), AZ_OK);
    assert_int_equal(az_reference_eval(s, v, &node, 1, x, n, 2), AZ_OK);
    for (int i = 0; i < n; i++) {
        assert_true(cimag(v[i]) == 0);
        out[i] = creal(v[i]);
    }
    az_reference_destroy(s);
    free(v);
}

/* |a - b| <= tol * max(size, |b|) at all points */
static void compare_lets(const az_result *r, const char *a, const char *b, const double *x, int n, double h, double tol, double size)
{
    double *u = malloc((size_t)n * sizeof *u), *v = malloc((size_t)n * sizeof *v);

    assert_true(u && v);
    values(u, r, a, x, n, h);
    values(v, r, b, x, n, h);
    for (int i = 0; i < n; i++)
        if (!(fabs(u[i] - v[i]) <= tol * fmax(size, fabs(v[i]))))
            fail_msg("%s = %.17g, %s = %.17g at %g in\n%s", a, u[i], b, v[i], x[i], r->problem->text);
    free(u);
    free(v);
}

static void compare(const char *text, const char *a, const char *b, const double *x, int n, double h, double tol, double size)
{
    az_result *r = parse_state(text);

    compare_lets(r, a, b, x, n, h, tol, size);
    az_result_destroy(r);
}

/* Nodes of the grid of spacing 1/16, points between, near 0, and far out. */
static const double spread[] = {0,          -0.0625024692, 0.5,  1e-6, -1e-6, 1e-3, -0.31, 0.77, -2.5, 10, -37.25, 1234.5, -98765.4321, 1e8,
                                -2.2250738e12};

static void hilbert_pairs(void **state)
{
    static const double width[] = {0.5, 1, 3};
    char text[512];

    (void)state;
    for (int i = 0; i < COUNT(width); i++) {
        snprintf(text, sizeof text,
                 "problem t \"t\"\ndomain y in line\nparameter b = %.17g\ntrial N(1/(1+y^2)) even\nlet odd_part = hilbert(y/(y^2+b^2))\n"
                 "let odd_exact = -b/(y^2+b^2)\nlet even_part = hilbert(1/(y^2+b^2))\nlet even_exact = y/(b*(y^2+b^2))\n"
                 "let slope = hilbert(d(y/(y^2+b^2),y,y))\nlet slope_exact = d(odd_exact,y,y)\nlet product = d(y*even_part,y,y)\n"
                 "let product_exact = d(y*even_exact,y,y)\nequation N = 0\n",
                 width[i]);
        compare(text, "odd_part", "odd_exact", spread, COUNT(spread), 0.015625, 1e-13, 1);
        compare(text, "even_part", "even_exact", spread, COUNT(spread), 0.015625, 1e-13, 1);
        compare(text, "slope", "slope_exact", spread, COUNT(spread), 0.015625, 1e-13, 16);
        compare(text, "product", "product_exact", spread, COUNT(spread), 0.015625, 1e-12, 16);
    }
}

/* The first NEAR of them: farther out the tail of the transform, cut where its input is 1e-17, times y shows in a bounded primitive. */
#define NEAR 12

/* (1+iy)^(-b) is analytic and decays in the lower half-plane: Re = H Im, Im = -H Re */
static void hilbert_powers(void **state)
{
    static const double power[] = {0.3, 0.4586, 1, 2.5};
    char text[512];

    (void)state;
    for (int i = 0; i < COUNT(power); i++) {
        snprintf(text, sizeof text,
                 "problem t \"t\"\ndomain y in line\nparameter b = %.17g\ntrial N(1/(1+y^2)) even\nlet Re = (1+y^2)^(-b/2)*cos(b*atan(y))\n"
                 "let Im = -(1+y^2)^(-b/2)*sin(b*atan(y))\nlet HIm = hilbert(Im)\nlet HRe = -hilbert(Re)\nequation N = 0\n",
                 power[i]);
        compare(text, "HIm", "Re", spread, COUNT(spread), 0.03125, 1e-13, 1);
        compare(text, "HRe", "Im", spread, COUNT(spread), 0.03125, 1e-13, 1);
    }
}

static void primitives(void **state)
{
    static const char line[] =
        "problem t \"t\"\ndomain y in line scale 0.7\ntrial N(1/(1+y^2)) even\nlet even_part = primitive(1/(1+y^2))\n"
        "let even_exact = atan(y)\nlet growing = primitive(y*(1+y^2)^-0.3)\nlet growing_exact = expm1(0.7*log1p(y^2))/1.4\n"
        "let nested = primitive(hilbert(-2*y/(1+y^2)))\nlet nested_exact = 2*atan(y)\nlet twice = primitive(primitive(1/(1+y^2)))\n"
        "let twice_exact = y*atan(y) - log1p(y^2)/2\nlet curved = d(nested^2,y,y,y)\nlet curved_exact = d(nested_exact^2,y,y,y)\n"
        "let removable = primitive(atan(y)/y)\nlet removed = primitive(atan(y+1e-300)/(y+1e-300))\nequation N = 0\n";
    static const char box[] = "problem t \"t\"\ndomain x in [%g, %g]\ntrial N(x)\nlet P = primitive(cos(3*x)*exp(x))\n"
                              "let exact = exp(x)*(cos(3*x) + 3*sin(3*x))/10 - 0.1\nequation N = 0\n";
    static const double range[][2] = {{-1, 3}, {0, 2}, {-2, 0}, {-1, 1}};
    static const double half[] = {0, 1e-5, 0.02, 0.3, 1, 7.5, 40, 1e6};
    char text[512];

    (void)state;
    compare(line, "even_part", "even_exact", spread, COUNT(spread), 0.03125, 1e-13, 0);
    compare(line, "growing", "growing_exact", spread, COUNT(spread), 0.03125, 1e-13, 1e-6);
    compare(line, "nested", "nested_exact", spread, NEAR, 0.03125, 1e-13, 0);
    compare(line, "twice", "twice_exact", spread, COUNT(spread), 0.03125, 1e-13, 1e-3);
    compare(line, "curved", "curved_exact", spread, COUNT(spread), 0.03125, 1e-12, 1);
    compare(line, "removable", "removed", spread, COUNT(spread), 0.03125, 1e-13, 1e-3);
    compare(
        "problem t \"t\"\ndomain y in half-line\ntrial N(y)\nlet P = primitive((1+y)*exp(-y))\nlet exact = 2 - (2+y)*exp(-y)\nequation N = 0\n",
        "P", "exact", half, COUNT(half), 0.03125, 1e-13, 1e-3);
    for (int i = 0; i < COUNT(range); i++) {
        double x[9];
        for (int k = 0; k < COUNT(x); k++) x[k] = range[i][0] + (range[i][1] - range[i][0]) * k / (COUNT(x) - 1);
        snprintf(text, sizeof text, box, range[i][0], range[i][1]);
        compare(text, "P", "exact", x, COUNT(x), 1.0 / 256, 1e-13, 1);
    }
}

/* Values at a point, of nonlocal and nested expressions, are constants of the expression around them. */
static void point_values(void **state)
{
    static const char text[] =
        "problem t \"t\"\ndomain y in line\ntrial N(1/(1+y^2)) even\nlet f = -2*y/(1+y^2)\nlet c = hilbert(f)@0.37\nlet H = hilbert(f*c)\n"
        "let a = y*(H@-12.5) + d(H,y)@1 + primitive(H - H@0)@0.7\nlet g = 2/(1+y^2)\n"
        "let b = (g@0.37)*(y*(g@-12.5) + d(g,y)@1 + 2*atan(0.7) - 1.4)\nequation N = 0\n";

    (void)state;
    compare(text, "a", "b", spread, NEAR, 0.015625, 1e-13, 10);
}

/* A network is what state.h says: the same function and its derivatives written in the problem language. */
static void networks(void **state)
{
    static const double first[] = {1, 2, 3, -1, 0.1, 0.2, 0.5, -0.25, 1.5, 1, -0.3, 0.4, 2, -1}, second[] = {0.3, -0.6, 0.05, 1.1};
    static const double x[] = {-1, -0.4, 0, 0.3, 0.9};
    const int layers[] = {2, 2}, layer[] = {1};
    az_result *r = parse_state(
        "problem t \"t\"\ndomain x in [-1, 1]\ntrial N(x, x^2)\nlet a = N\nlet a4 = d(N,x,x,x,x)\nlet s1 = sin(x + 2*x^2 + 0.1)\n"
        "let s2 = sin(3*x - x^2 + 0.2)\nlet n1 = 2*tanh(0.5*s1 - 0.25*s2 - 0.3) - tanh(1.5*s1 + s2 + 0.4)\n"
        "let b = 0.5*n1 + 2.2*tanh(0.3*x - 0.6*x^2 + 0.05)\nlet b4 = d(b,x,x,x,x)\nequation N = 0\n");

    (void)state;
    assert_int_equal(az_state_add_stage(r, 0, 2, layers, AZ_ACT_SINE, 0.5), AZ_OK);
    assert_int_equal(az_state_add_stage(r, 0, 1, layer, AZ_ACT_TANH, 2), AZ_OK);
    assert_int_equal(r->trial[0].stage[0].n_weights, COUNT(first));
    assert_int_equal(r->trial[0].stage[1].n_weights, COUNT(second));
    memcpy(r->trial[0].stage[0].weight, first, sizeof first);
    memcpy(r->trial[0].stage[1].weight, second, sizeof second);
    compare_lets(r, "a", "b", x, COUNT(x), 1, 1e-14, 1);
    compare_lets(r, "a4", "b4", x, COUNT(x), 1, 1e-12, 1);
    az_result_destroy(r);
}

/* f and f' by another function of the language */
static const char *const derivative[][2] = {
    {"exp(x)", "expm1(x) + 1"},
    {"expm1(x)", "exp(x)"},
    {"log(1.5+x)", "1/(1.5+x)"},
    {"log1p(x)", "(1+x)^-1"},
    {"sqrt(1.5+x)", "(1.5+x)^-0.5/2"},
    {"sin(x)", "cos(x)"},
    {"cos(x)", "-sin(x)"},
    {"tan(x)", "1/cos(x)^2"},
    {"sinh(x)", "cosh(x)"},
    {"cosh(x)", "sinh(x)"},
    {"tanh(x)", "1/cosh(x)^2"},
    {"asin(x)", "(1-x^2)^-0.5"},
    {"acos(x)", "-1/sqrt(1-x^2)"},
    {"atan(x)", "1/(1+x^2)"},
    {"asinh(x)", "(1+x^2)^-0.5"},
    {"atanh(x)", "1/((1-x)*(1+x))"},
    {"(2+x)^2.5", "2.5*(2+x)^1.5"},
    {"(2+x)^-3", "-3*(2+x)^-4"},
    {"x^7", "7*x^6"},
    {"erf(x)", "2/sqrt(pi)*exp(-x^2)"},
};

static void derivatives(void **state)
{
    static const double x[] = {-0.9, -0.5, -0.125, 0, 1e-3, 0.3, 0.6, 0.85};
    static const char *const d[] = {"", ",x", ",x,x", ",x,x,x", ",x,x,x,x", ",x,x,x,x,x"};
    char text[512];

    (void)state;
    for (int i = 0; i < COUNT(derivative); i++)
        for (int k = 0; k < COUNT(d); k++) {
            snprintf(text, sizeof text,
                     "problem t \"t\"\ndomain x in [-1, 1]\ntrial N(x)\nlet a = d(%s%s,x)\nlet b = %s%s%s)\nequation N = 0\n",
                     derivative[i][0], d[k], k ? "d(" : "(", derivative[i][1], d[k]);
            compare(text, "a", "b", x, COUNT(x), 1, 1e-12, 1);
        }
}

static void closed_forms(void **state)
{
    static const char *const sixth[][2] = {
        {"exp(2*x)", "64*exp(2*x)"},       {"sin(2*x)", "-64*sin(2*x)"},       {"1/(2+x)", "720/(2+x)^7"},
        {"log(2+x)", "-120/(2+x)^6"},      {"x^6", "720"},                     {"sqrt(2+x)", "-945/64*(2+x)^-5.5"},
        {"exp(-x^2)", "(64*x^6-480*x^4+720*x^2-120)*exp(-x^2)"},
        {"tanh(x)", "(tanh(x)^2-1)*(720*tanh(x)^5-960*tanh(x)^3+272*tanh(x))"},
    };
    static const double x[] = {-0.9, -0.3, 0, 0.25, 0.8}, xy[] = {0.3, 0.7, -0.5, 0.2};
    char text[512];

    (void)state;
    for (int i = 0; i < COUNT(sixth); i++) {
        snprintf(text, sizeof text,
                 "problem t \"t\"\ndomain x in [-1, 1]\ntrial N(x)\nlet a = d(%s,x,x,x,x,x,x)\nlet b = %s + 0*x\nequation N = 0\n",
                 sixth[i][0], sixth[i][1]);
        compare(text, "a", "b", x, COUNT(x), 1, 1e-12, 16);
    }
    compare(
        "problem t \"t\"\ndomain x, y in box [-1, 1] x [-1, 1]\ntrial N(x)\nlet a = d(sin(x*y)*exp(y)/(2+x),x,x,y)\nlet f = sin(x*y)/(2+x)\n"
        "let u = (-y^2/(2+x) - 2/(2+x)^3*(-1))*sin(x*y) - 2*y/(2+x)^2*cos(x*y)\nlet b = exp(y)*(u + d(u,y))\nequation N = 0\n",
        "a", "b", xy, 2, 1, 1e-13, 1);
}

#define GCLM \
    "problem t \"t\"\nparameter a = %.17g\nunknown lambda = %.17g in [-0.9, 20]\ndomain y in line\ntrial N((1+y^2)^-0.5) even\n" \
    "let Omega = %s + N\nlet U = primitive(hilbert(Omega))\n" \
    "equation Omega + ((1 + lambda)*y + a*U)*d(Omega, y) - Omega*d(U, y) = 0 scale Omega\n" \
    "select (1 - a)*d(U, y) = 2 + lambda at y = 0\n"

static az_result *gclm(double a, double lambda)
{
    char text[1024];

    snprintf(text, sizeof text, GCLM, a, lambda, a == 0 ? "-2*y/(1+y^2)" : "-16*y/(3*(1+y^2)^2)");
    return parse_state(text);
}

static az_evidence verified(az_result *r, int threads)
{
    az_error err;

    if (az_verify(r, threads, &err) != AZ_OK) fail_msg("%s", err.message);
    return az_result_evidence(r);
}

static void exact_profiles(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        const double lambda = i ? -2.0 / 3 : 0;
        double error;
        az_result *r = gclm(i ? 0.5 : 0, lambda);
        const az_evidence e = verified(r, 1);

        assert_int_equal(e.tier, AZ_TIER_REEVALUATED);
        if (!(e.reevaluated_max < 1e-12 && e.reevaluated_relative < 1e-12))
            fail_msg("max %g, relative %g", e.reevaluated_max, e.reevaluated_relative);
        assert_in_range(e.points, 1000, 50000);
        assert_true(az_result_unknown(r, 0, &error) == lambda);
        assert_true(error >= 4 * DBL_EPSILON * fabs(lambda) && error < 1e-10);
        assert_in_range(r->curve.n, 100, 4000);
        for (int k = 0; k < r->curve.n; k++) {
            assert_true(fabs(r->curve.residual[k]) <= e.reevaluated_max && fabs(r->curve.relative[k]) <= e.reevaluated_relative);
            assert_true(k == 0 || r->curve.x[k] > r->curve.x[k - 1]);
        }
        az_result_destroy(r);
    }
}

static void wrong_unknown_shows(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        az_result *r = gclm(i ? 0.5 : 0, (i ? -2.0 / 3 : 0) + 1e-6);
        const az_evidence e = verified(r, 2);

        assert_true(e.reevaluated_relative > 5e-7 && e.reevaluated_relative < 1e-5 && e.reevaluated_max > 1e-7);
        assert_true(r->unknown_error[0] >= 5e-7);
        az_result_destroy(r);
    }
}

/* A removable 0/0 at the origin is judged beside it, a pole is not removable, and a condition counts in the relative residual. */
static void origin(void **state)
{
    (void)state;
    az_result *r = parse_state("problem t \"t\"\nunknown k = 2\ndomain y in line\ntrial N(1/(1+y^2)) even\nlet f = y/(1+y^2) + N\n"
                        "equation d(f,y)/f*y - (1-y^2)/(1+y^2) = 0\npin k = 2.5\n");
    az_evidence e = verified(r, 1);
    assert_true(e.reevaluated_max == 0.5 && e.reevaluated_relative == 0.5 / 2.5);
    az_result_destroy(r);
    r = parse_state("problem t \"t\"\ndomain y in line\ntrial N(1/(1+y^2)) even\nequation N/y + 1e-6/y = 0\n");
    e = verified(r, 1);
    assert_true(fabs(e.reevaluated_max - 1) < 1e-12 && e.tier == AZ_TIER_REEVALUATED);
    az_result_destroy(r);
}

/* What is not finite inside the domain has its place, and no tier: weights that are NaN, a quotient 0/0. The place of a row of an open
 * interval is one of it. */
static void not_finite(void **state)
{
    (void)state;
    az_result *r = parse_state("problem t \"t\"\ndomain x in [0, 1]\ntrial N(x)\nequation N + 0*x = x*0\nequation d(N, x)*(x - 0.5)/(x - 0.5) = 0\n");
    az_evidence e = verified(r, 1);
    az_row_evidence row = az_result_row(r, 1);
    assert_true(e.tier < AZ_TIER_REEVALUATED && e.points > 0 && isnan(e.reevaluated_max) && isnan(e.reevaluated_relative));
    assert_true(isnan(row.max) && isnan(row.relative) && row.at[0] == 0.5 && row.line == 5);
    assert_true(az_result_row(r, 0).max == 0);
    az_result_destroy(r);
    r = parse_state("problem t \"t\"\nunknown k = 1\ndomain x in [0, 1]\ntrial N(x)\nequation N + k = 1\npin k = 1\n");
    r->scalar[r->problem->n_parameters] = NAN; /* as in a file that another program wrote */
    e = verified(r, 1);
    assert_true(e.tier < AZ_TIER_REEVALUATED && e.points > 0 && isnan(e.reevaluated_relative) && isnan(az_result_row(r, 0).max));
    az_result_destroy(r);
    r = parse_state("problem t \"t\"\ndomain y in (-2, 2)\nfield v(y)\nequation v = 1e-3*y^3\n");
    e = verified(r, 1);
    row = az_result_row(r, 0);
    assert_true(fabs(row.max - 8e-3) < 1e-9 && fabs(row.at[0]) <= 2 && fabs(row.at[0]) > 1.99);
    az_result_destroy(r);
}

/* A wrong boundary or initial condition is a residual as written, and shows in the relative one. An underflowing scale is no error. */
static void conditions_count(void **state)
{
    static const char *const text[] = {
        "problem t \"t\"\ndomain x in [0, 1]\ntime t in [0, 1]\ntrial N(x, t)\nlet u = x + N\nequation d(u,t) = 0\nboundary u = t^2/8 at x = 0\n",
        "problem t \"t\"\ndomain x in [0, 1]\ntime t in [0, 1]\ntrial N(x, t)\nlet u = x + N\nequation d(u,t) = 0\ninitial u = 9/8*x\n",
        "problem t \"t\"\nunknown E = 1\ndomain y in line\ntrial N(y)\nlet u = exp(-y^2/2) + N\nequation y^2*u - d(u,y,y) = E*u scale u\npin u = 9/8 at y = 0\n",
    };

    static const double relative[] = {1, 1.0 / 9, 1.0 / 9}; /* over the largest term of the condition */

    (void)state;
    for (int i = 0; i < COUNT(text); i++) {
        az_result *r = parse_state(text[i]);
        const az_evidence e = verified(r, 1);
        if (!(e.reevaluated_max == 0.125 && fabs(e.reevaluated_relative - relative[i]) < 1e-15))
            fail_msg("%g %g %s", e.reevaluated_max, e.reevaluated_relative, text[i]);
        az_result_destroy(r);
    }
}

/* Each equation and condition has its own largest residual and the place of it: as written, and over the largest term or a scale, which moves it. */
static void each_row(void **state)
{
    (void)state;
    az_result *r = parse_state("problem t \"t\"\ndomain x in [0, 1]\ntime t in [0, 1]\ntrial N(x, t)\nlet u = x + N\nequation d(u,x) = 1 + t*exp(-50*(x - 0.25)^2)/8\n"
                               "equation d(u,t) = exp(-(x - 0.5)^2)*(1 - t)/4 scale exp(x - 1)/2\nboundary u = 1 + t/16 at x = 1\n");
    const az_evidence e = verified(r, 1);
    static const struct {
        double max, relative, at[2];
        int line, equation;
    } expected[] = {{0.125, 0.125 / 1.125, {0.25, 1}, 6, 1}, {0.25, 0.5 * 2.7182818284590452 * 0.77880078307140487, {0, 0}, 7, 1}, {0.0625, 1.0 / 17, {1, 1}, 8, 0}};

    assert_int_equal(az_result_n_rows(r), 3);
    for (int i = 0; i < 3; i++) {
        const az_row_evidence row = az_result_row(r, i);
        const double off = fmax(fabs(row.max / expected[i].max - 1), fabs(row.relative / expected[i].relative - 1));
        if (!(off < 0.02) || !(fabs(row.at[0] - expected[i].at[0]) < 0.05 && fabs(row.at[1] - expected[i].at[1]) < 0.05))
            fail_msg("row %d: %g, %g at %g, %g", i, row.max, row.relative, row.at[0], row.at[1]);
        assert_true(row.line == expected[i].line && row.equation == expected[i].equation && strstr(row.statement, i < 2 ? "equation" : "boundary"));
        assert_true(row.max <= e.reevaluated_max && row.relative <= e.reevaluated_relative);
    }
    for (int i = -1; i <= 3; i += 4) { /* outside the range */
        const az_row_evidence none = az_result_row(r, i);
        assert_true(!*none.statement && !none.line && isnan(none.max) && isnan(none.relative) && !none.at);
    }
    r->evidence.points = 0;
    assert_true(isnan(az_result_row(r, 0).max) && isnan(az_result_row(r, 2).relative));
    az_result_destroy(r);
}

/* Problems in several coordinates, on intervals and half-lines, whose exact solution is written out. */
static void local_problems(void **state)
{
    static const char *const text[] = {
        "problem poisson \"t\"\ndomain x, y in box [0, 1] x [0, 2]\ntrial N(x, y)\nlet u = sin(pi*x)*sin(pi*y) + N\n"
        "equation d(u,x,x) + d(u,y,y) + 2*pi^2*sin(pi*x)*sin(pi*y) = 0\nboundary u = 0 at x = 0\nboundary u = 0 at x = 1\nboundary u = 0 at y = 0\n"
        "boundary u = 0 at y = 2\n",
        "problem legendre \"t\"\nunknown mu = 6\ndomain x in [-1, 1]\ntrial N(x)\nlet u = (3*x^2-1)/2 + N\n"
        "equation d((1-x^2)*d(u,x),x) + mu*u = 0\npin u = 1 at x = 1\n",
        "problem kdv \"t\"\ndomain x in [-10, 10]\ntime t in [0, 1]\ntrial N(x, t)\nlet u = 2/cosh(x-4*t)^2 + N\n"
        "equation d(u,t) + 6*u*d(u,x) + d(u,x,x,x) = 0\ninitial u = 2/cosh(x)^2\n",
        "problem shock \"t\"\ndomain y in half-line\ntrial N(y)\nlet u = tanh(y/2) + N\nequation u*d(u,y) + d(u,y,y) = 0\n"
        "boundary u = 0 at y = 0\n",
        "problem plane \"t\"\ndomain y1, y2 in half-plane\ntrial N(y1, y2)\nlet r2 = 1 + y1^2 + y2^2\nlet u = y1/r2 + N\n"
        "equation (y1*d(u,y1) + y2*d(u,y2) + u)/(2*u) = 1/r2\n",
    };

    (void)state;
    for (int i = 0; i < COUNT(text); i++) {
        az_result *r = parse_state(text[i]);
        const az_evidence e = verified(r, 2);

        if (!(e.reevaluated_max < 1e-11 && e.reevaluated_relative < 1e-11))
            fail_msg("max %g, relative %g in\n%s", e.reevaluated_max, e.reevaluated_relative, text[i]);
        assert_in_range(e.points, 4000, 50000);
        az_result_destroy(r);
    }
}

static const char ccf[] =
    "problem ccf \"t\"\nparameter a = -1\nunknown lambda = 0.6 in [-0.9, 20]\ndomain y in line\nlet p = 1/(1 + lambda)\n"
    "let l = log(1 + y^2)/2\ntrial N((1 + y^2)^(-p/2), 2*l/(l + 2) - 1) even\nlet Omega = -y*(1 + y^2)^(-(1 + p)/2)*exp(N - N@0)\n"
    "let U = primitive(hilbert(Omega))\nequation Omega + ((1 + lambda)*y + a*U)*d(Omega, y) - Omega*d(U, y) = 0 scale Omega\n"
    "select (1 - a)*d(U, y) = 2 + lambda at y = 0\n";

/* Two stages with random weights. */
static az_result *random_ccf(int width)
{
    az_result *r = parse_state(ccf);
    const int layers[] = {width, width};
    az_rng g;

    az_rng_seed(&g, 7);
    assert_int_equal(az_state_add_stage(r, 0, 2, layers, AZ_ACT_TANH, 1), AZ_OK);
    assert_int_equal(az_state_add_stage(r, 0, 2, layers, AZ_ACT_SINE, 1e-3), AZ_OK);
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < r->trial[0].stage[k].n_weights; i++) r->trial[0].stage[k].weight[i] = az_rng_normal(&g) / sqrt(width);
    return r;
}

static void rows(az_num *out, const az_result *r, const double *y, int n, const az_reference_options *o)
{
    az_error err;

    if (az_reference_rows(out, r, y, n, o, &err) != AZ_OK) fail_msg("%s", err.message);
}

/* (4 D(h/2) - D(h))/3, D the central difference: error O(h^4) */
static void richardson(double *out, az_result *r, double *x, const double *y, int n, const az_reference_options *o)
{
    const double h = 1e-3, start = *x;
    const int m = n * r->problem->n_rows;
    az_num *v = calloc(4 * (size_t)m, sizeof *v);

    assert_non_null(v);
    for (int k = 0; k < 4; k++) {
        *x = start + (k % 2 ? -h : h) / (k < 2 ? 1 : 2);
        rows(v + k * m, r, y, n, o);
    }
    *x = start;
    for (int i = 0; i < m; i++) out[i] = creal(4 * (v[2 * m + i] - v[3 * m + i]) / h - (v[i] - v[m + i]) / (2 * h)) / 3;
    free(v);
}

static void complex_step(void **state)
{
    static const double y[] = {-3e4, -1.7, -0.2, 0.01, 0.4, 2, 55, 1e9};
    enum { N = COUNT(y) };
    az_result *r = random_ccf(4);
    az_num scalar[2], copy[64], out[2 * N];
    const az_num *weight[AZ_MAX_STAGES] = {0};
    const az_reference_options plain = {.reach = 70, .h = 0.0625};

    (void)state;
    for (int k = -1; k < 2; k++)
        for (int i = 0; i < (k < 0 ? 1 : r->trial[0].stage[k].n_weights); i += 5) {
            double expected[2 * N], *x = k < 0 ? &r->scalar[1] : &r->trial[0].stage[k].weight[i];
            az_reference_options o = {.reach = 70, .h = 0.0625, .weight = weight, .scalar = scalar};

            for (int j = 0; j < 2; j++) scalar[j] = r->scalar[j];
            for (int j = 0; k >= 0 && j < r->trial[0].stage[k].n_weights; j++) copy[j] = r->trial[0].stage[k].weight[j];
            weight[0] = weight[1] = NULL;
            if (k >= 0) weight[k] = copy;
            *(k < 0 ? &scalar[1] : &copy[i]) += az_num_make(0, STEP);
            rows(out, r, y, N, &o);
            richardson(expected, r, x, y, N, &plain);
            for (int j = 0; j < 2 * N; j++)
                if (!(fabs(cimag(out[j]) / STEP - expected[j]) <= 1e-9 * fmax(k == 1 ? 1e-2 : 1, fabs(expected[j]))))
                    fail_msg("stage %d number %d row %d: %.12g, %.12g", k, i, j, cimag(out[j]) / STEP, expected[j]);
        }
    az_result_destroy(r);
}

/* f(x + i 1e-30) = f + i 1e-30 f', for every function */
static void functions_are_analytic(void **state)
{
    static const double points[] = {-0.9, -0.3, 1e-9, 0.4, 0.8};

    (void)state;
    for (int f = 0; f < AZ_N_FUNC; f++)
        for (int i = 0; i < COUNT(points); i++) {
            const double x = f == AZ_F_LOG || f == AZ_F_SQRT ? points[i] + 1.5 : points[i];
            az_num c[4], s[4];
            az_num_series(c, 3, (az_func)f, x);
            az_num_series(s, 3, (az_func)f, az_num_make(x, STEP));
            for (int k = 0; k < 3; k++) {
                assert_true(cimag(c[k]) == 0);
                if (!(fabs(creal(s[k]) - creal(c[k])) <= 1e-15 * fmax(1, fabs(creal(c[k])))))
                    fail_msg("%s %d at %g", az_func_name((az_func)f), k, x);
                if (!(fabs(cimag(s[k]) / STEP - (k + 1) * creal(c[k + 1])) <= 1e-13 * fmax(1, fabs(creal(c[k + 1])))))
                    fail_msg("%s %d at %g: %.17g %.17g", az_func_name((az_func)f), k, x, cimag(s[k]) / STEP, (k + 1) * creal(c[k + 1]));
            }
        }
    assert_true(isnan(creal(az_num_func(AZ_F_LOG, az_num_make(-1, STEP)))) && isnan(creal(az_num_pow(az_num_make(-1, STEP), 0.5))));
    for (double x = -1e17; x <= 1e17; x += 5e16) { /* cosh overflows beyond 710 */
        az_num s[6];
        az_num_series(s, 5, AZ_F_SECH, az_num_make(x ? x : 750, STEP));
        for (int k = 0; k <= 5; k++) assert_true(creal(s[k]) == 0 && cimag(s[k]) == 0);
    }
    assert_true(creal(az_num_func(AZ_F_TANH, az_num_make(-800, STEP))) == -1 && cimag(az_num_func(AZ_F_TANH, az_num_make(800, STEP))) == 0);
}

/* Not only infinitesimal: erf at 1/2 + i/2 (Abramowitz and Stegun 7.1.5, summed in 40 digits with mpmath) */
static void complex_erf(void **state)
{
    const az_num e = az_num_func(AZ_F_ERF, az_num_make(0.5, 0.5));

    (void)state;
    assert_true(fabs(creal(e) - 0.6426129148548205) < 1e-15 && fabs(cimag(e) - 0.4578813944351918) < 1e-15);
}

static void nan_is_never_silent(void **state)
{
    az_result *r = random_ccf(4);

    (void)state;
    assert_int_equal(verified(r, 1).tier, AZ_TIER_REEVALUATED);
    r->trial[0].stage[1].weight[3] = NAN;
    const az_evidence e = verified(r, 1);
    assert_true(isnan(e.reevaluated_max) && isnan(e.reevaluated_relative) && isnan(r->unknown_error[0]));
    assert_int_not_equal(e.tier, AZ_TIER_REEVALUATED);
    az_result_destroy(r);
    r = parse_state(
        "problem t \"t\"\ndomain x, y in box [0, 1] x [0, 1]\ntrial N(x)\nequation N + 0*log(x - 2) = 0\nboundary N = log(y - 0.5) at x = 0\n");
    assert_true(isnan(verified(r, 1).reevaluated_relative));
    az_result_destroy(r);
    /* the trivial solution: its scale is zero everywhere */
    r = parse_state("problem t \"t\"\ndomain x in [0, 1]\ntrial N(x)\nequation d(N,x) = N scale N\n");
    const az_evidence trivial = verified(r, 1);
    assert_true(isnan(trivial.reevaluated_relative) && trivial.tier == AZ_TIER_NONE);
    az_result_destroy(r);
}

static void same_bits_for_any_threads(void **state)
{
    az_result *a = random_ccf(6), *b = random_ccf(6);

    (void)state;
    const az_evidence e = verified(a, 1), f = verified(b, 3);
    assert_memory_equal(&e.reevaluated_max, &f.reevaluated_max, sizeof(double));
    assert_memory_equal(&e.reevaluated_relative, &f.reevaluated_relative, sizeof(double));
    assert_int_equal(a->curve.n, b->curve.n);
    assert_memory_equal(a->curve.residual, b->curve.residual, (size_t)a->curve.n * sizeof(double));
    az_result_destroy(a);
    az_result_destroy(b);
}

/* A change made in the evaluation must be seen: parity is not assumed, so a network that breaks it gives another residual on each side. */
static void parity_is_not_assumed(void **state)
{
    static const double y[] = {-0.7, 0.7};
    az_num v[2];
    az_result *r = parse_state("problem t \"t\"\ndomain y in line\ntrial N(y/(1+y^2))\nlet f = N + 1/(1+y^2)\nequation hilbert(f) = y/(1+y^2)\n");
    const int layers[] = {1};

    (void)state;
    assert_int_equal(az_state_add_stage(r, 0, 0, layers, AZ_ACT_TANH, 1), AZ_OK);
    r->trial[0].stage[0].weight[0] = 2; /* f has the odd part 2y/(1+y^2), whose transform is -2/(1+y^2) */
    rows(v, r, y, 2, NULL);
    for (int i = 0; i < 2; i++) assert_true(fabs(creal(v[i]) + 2 / (1 + y[i] * y[i])) < 1e-13);
    az_result_destroy(r);
}

static void refusals(void **state)
{
    const int layers[] = {1};
    az_error err;
    az_result *r = parse_state("problem t \"t\"\ndomain y in line\ntrial N(1/(1+y^2))\nequation hilbert(N) = 0\n");

    (void)state;
    r->problem->coord[0].range = AZ_HALF_LINE;
    assert_int_equal(az_verify(r, 1, &err), AZ_EPROBLEM);
    assert_string_equal(err.message, "cannot verify a Hilbert transform outside the line");
    assert_int_equal(az_state_add_stage(r, 0, 0, layers, AZ_ACT_TANH, 1), AZ_OK);
    assert_int_equal(az_verify(r, 1, NULL), AZ_EPROBLEM);
    assert_int_equal(r->evidence.tier, AZ_TIER_NONE);
    az_result_destroy(r);
}

static long calls, failing;

static void *failing_once(void *data, void *p, size_t bytes)
{
    (void)data;
    if (!bytes) {
        free(p);
        return NULL;
    }
    return ++calls == failing ? NULL : realloc(p, bytes);
}

/* Whichever allocation fails, the result is as before and nothing leaks (ASan). */
static void failed_allocations(void **state)
{
    static const char *const text[] = {
        "problem t \"t\"\ndomain x, y in box [0, 1] x [0, 1]\ntrial N(x, y)\nequation d(N,x) = 0\nboundary N = 0 at x = 0\n",
        "problem t \"t\"\ndomain y in line\ntrial N(1/(1+y^2))\nlet f = y/(1+y^2) + N - N@0\nequation primitive(hilbert(f)) + atan(y) = 0\n",
    };

    (void)state;
    for (int i = 0; i < COUNT(text); i++) {
        az_result *r = parse_state(text[i]);
        az_status st = AZ_ENOMEM;

        az_set_allocator(failing_once, NULL);
        for (failing = 1; st == AZ_ENOMEM; failing++) {
            calls = 0;
            st = az_verify(r, 1, NULL);
            if (st == AZ_ENOMEM) assert_true(r->evidence.tier == AZ_TIER_NONE && !r->curve.x && isnan(r->evidence.reevaluated_max));
        }
        az_set_allocator(NULL, NULL);
        assert_int_equal(st, AZ_OK);
        assert_in_range(failing, 20, 2000);
        az_result_destroy(r);
    }
}

#define LAYER_WIDTH 1e-3
#define DENSE (1.0 / 24)

/* Where a stretched grid is so dense that neighbours differ in few digits of z, the transform has as many digits as elsewhere. */
static void hilbert_in_a_layer(void **state)
{
    (void)state;
    const az_stretch t = {.n = 1, .layer = {{0.7095, LAYER_WIDTH}}};
    const az_coord_decl line = {.range = AZ_LINE, .scale = 1};
    az_line g;
    az_line_init(&g, &line, &t, DENSE, 37);
    az_num *f = calloc((size_t)g.n, sizeof *f), *out = calloc((size_t)g.n, sizeof *out);
    assert_true(f && out);
    for (int i = 0; i < g.n; i++) f[i] = 1 / (1 + az_line_x(&g, i) * az_line_x(&g, i));
    assert_int_equal(az_uniform_hilbert(&g, out, f, 2), AZ_OK);
    int seen = 0;
    for (int i = 0; i < g.n; i++) {
        const double y = az_line_x(&g, i), error = cabs(out[i] - y / (1 + y * y));
        seen += fabs(asinh(y) - t.layer[0].center) < LAYER_WIDTH;
        if (!(error <= 7e-14)) fail_msg("y = %.17g: off by %.1e", y, error);
    }
    assert_true(seen > 1000);
    free(f), free(out);
}

/* z(s(z)) = z, for layers that take most of s; s is odd, and keeps its digits near 0. */
static void stretch_inverts(void **state)
{
    static const double width[] = {0.3, 0.03, 4.5e-3, 3e-4}, at[] = {1e-12, 1e-6, 0.01, 0.6, 0.709, 0.7095, 0.71, 0.72, 1, 1.02, 1.1, 3, 40};

    (void)state;
    for (int k = 0; k < COUNT(width); k++) {
        const az_stretch t = {.n = 1, .layer = {{0.7095, width[k]}}};
        double before = 0;
        for (int i = 0; i < COUNT(at); i++) {
            const double s = az_stretch_s(&t, at[i]), z = az_stretch_z(&t, s), c = 0.7095, w = 2 * width[k];
            const double sum = at[i] < 0.1 ? 2 * w * at[i] / (w * w + c * c) : atan((at[i] - c) / w) + atan((at[i] + c) / w);
            assert_true(s > before && az_stretch_s(&t, -at[i]) == -s);
            if (!(fabs(z - at[i]) <= 64 * DBL_EPSILON * s / az_stretch_slope(&t, z))) fail_msg("width %g, z %.17g: %.17g", width[k], at[i], z);
            if (!(fabs(s - at[i] - sum / (4 * w)) <= (at[i] < 0.1 ? 4 * at[i] * at[i] / (w * w + c * c) : 0) * s + 16 * DBL_EPSILON * (s + 1 / w))) fail_msg("width %g, s(%g) = %.17g", width[k], at[i], s);
            before = s;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hilbert_pairs), cmocka_unit_test(stretch_inverts),       cmocka_unit_test(hilbert_in_a_layer),       cmocka_unit_test(hilbert_powers),         cmocka_unit_test(primitives),
        cmocka_unit_test(point_values),        cmocka_unit_test(networks),               cmocka_unit_test(conditions_count), cmocka_unit_test(not_finite),
        cmocka_unit_test(each_row),
        cmocka_unit_test(derivatives),         cmocka_unit_test(closed_forms),           cmocka_unit_test(exact_profiles),
        cmocka_unit_test(wrong_unknown_shows), cmocka_unit_test(origin),                 cmocka_unit_test(local_problems),
        cmocka_unit_test(complex_step),        cmocka_unit_test(functions_are_analytic), cmocka_unit_test(complex_erf),
        cmocka_unit_test(nan_is_never_silent), cmocka_unit_test(same_bits_for_any_threads), cmocka_unit_test(parity_is_not_assumed),
        cmocka_unit_test(refusals),            cmocka_unit_test(failed_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
