/* plane: elements in a half-plane lead from zero to the published exponents, in two gauges, on two meshes and in two coordinates, with the same bits
 * for any number of threads; the march finds the next profile; what a coarse mesh hides in the far field, and what the focus of the coordinates
 * shows, verify sees; problems that are not square, conditions on the edge and systems beyond the memory are refused with the reason. */
#include "solve/square.h"
#include "verify/reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COARSE 3000 /* points */
/* arXiv 2511.22819 and 2509.14185, the digits in which they agree */
#define IPM_0 1.02857227603
#define IPM_1 0.472129736

static az_result *solved_in(az_coordinates coordinates, const char *name, double h0, int mode, int points, double tolerance, int threads)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_setting set = {.name = "h0", .value = h0};
    az_solve_options o;

    if (az_problem_load(&p, name, &set, 1, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT, o.mode = mode, o.points = points, o.tolerance = tolerance, o.threads = threads, o.coordinates = coordinates;
    if (az_solve(&r, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    if (az_verify(r, 2, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    return r;
}

static az_result *solved(const char *name, double h0, int mode, int points, double tolerance, int threads)
{
    return solved_in(AZ_COORDINATES_AUTO, name, h0, mode, points, tolerance, threads);
}

/* The value is right within the printed error, and that is small enough. */
static void is(const az_result *r, double want, double most)
{
    double error, value = az_result_unknown(r, 0, &error);
    if (!(fabs(value - want) <= error) || !(error <= most)) fail_msg("lambda = %.12g, error %.2g; published %.12g", value, error, want);
    if (az_result_stop(r) != AZ_STOP_TOLERANCE) fail_msg("%s", az_stop_message(az_result_stop(r)));
}

static void two_gauges_and_meshes(void **state)
{
    (void)state;
    az_result *a = solved("ipm", 0, 0, COARSE, 1e-5, 2), *b = solved("ipm", 0.4, 0, 1.4 * COARSE, 1e-5, 2);
    double one = az_result_unknown(a, 0, NULL), two = az_result_unknown(b, 0, NULL);
    is(a, IPM_0, 1e-4);
    is(b, IPM_0, 1e-4);
    if (!(fabs(one - two) < 1e-5)) fail_msg("lambda %.12g with h0 = 0, %.12g with h0 = 0.4", one, two);
    if (!(az_result_evidence(a).defect_slope < -0.3)) fail_msg("slope %g", az_result_evidence(a).defect_slope);
    az_result_destroy(a);
    az_result_destroy(b);
}

static void same_bits(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        static const az_coordinates in[][2] = {{AZ_COORDINATES_AUTO, AZ_COORDINATES_AUTO}, {AZ_COORDINATES_AUTO, AZ_CONFORMAL}, {AZ_POLAR, AZ_POLAR}};
        az_result *a = solved_in(in[k][0], "ipm", 0, 0, COARSE, 1e-3, 1), *b = solved_in(in[k][1], "ipm", 0, 0, COARSE, 1e-3, 2);
        for (int t = 0; t < 2; t++) {
            const az_network *x = &a->trial[t].stage[0], *y = &b->trial[t].stage[0];
            assert_int_equal(x->n_weights, y->n_weights);
            assert_memory_equal(x->weight, y->weight, sizeof(double) * (size_t)x->n_weights);
        }
        assert_true(az_result_unknown(a, 0, NULL) == az_result_unknown(b, 0, NULL) && az_result_hash(a) == az_result_hash(b));
        az_result_destroy(a);
        az_result_destroy(b);
    }
}

/* Other functions, other points, a singular point elsewhere: the exponents agree to more digits than either mesh promises, and each layout is
 * evidence for the other. Polar elements begin from zero, and from those of the other coordinates, back and forth; a first unstable profile reaches
 * them so. */
static void two_coordinates(void **state)
{
    (void)state;
    az_result *a = solved("ipm", 0, 0, COARSE, 1e-6, 2), *b = solved_in(AZ_POLAR, "ipm", 0, 0, COARSE, 1e-6, 2), *c = NULL;
    az_error err;
    double one = az_result_unknown(a, 0, NULL), two = az_result_unknown(b, 0, NULL);
    is(a, IPM_0, 1e-5);
    is(b, IPM_0, 1e-5);
    assert_int_equal(az_result_coordinates(b), AZ_POLAR);
    if (!(fabs(one - two) < 1e-8)) fail_msg("lambda %.14g, %.14g in polar coordinates", one, two);
    if (az_cross_check(b, a, 2, &err)) fail_msg("%s", err.message);
    assert_int_equal(az_result_evidence(b).tier, AZ_TIER_CROSS_SOLVED);
    assert_int_equal(az_result_cross(b)->other_coordinates, AZ_CONFORMAL);
    assert_int_equal(az_cross_check(a, a, 2, &err), AZ_EOPTION);
    assert_non_null(strstr(err.message, "same run"));
    az_solve_options o = *az_result_options(b); /* from polar ones, on their own mesh: there is nothing left to do */
    o.coordinates = AZ_COORDINATES_AUTO;
    if (az_solve_from(&c, az_result_problem(b), b, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(az_result_coordinates(c), AZ_POLAR);
    assert_true(c->trial[0].stage[0].n_weights == b->trial[0].stage[0].n_weights);
    az_result_destroy(c);
    o.coordinates = AZ_CONFORMAL, o.tolerance = 1e-8; /* on the mesh of b: its tolerance leaves 1e-7 of lambda */
    if (az_solve_from(&c, az_result_problem(b), b, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(az_result_coordinates(c), AZ_CONFORMAL);
    if (!(fabs(az_result_unknown(c, 0, NULL) - one) < 1e-8) || !(c->history.rms[0] < 1e-2)) fail_msg("lambda %.14g, rms %g at first", az_result_unknown(c, 0, NULL), c->history.rms[0]);
    az_result_destroy(a);
    az_result_destroy(b);
    az_result_destroy(c);
    a = solved("ipm", 0, 1, COARSE, 1e-4, 2);
    az_solve_options_init(&o);
    o.points = COARSE, o.tolerance = 1e-4, o.threads = 2;
    if (az_polish(&b, a, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    is(b, IPM_1, 1e-2);
    assert_int_equal(az_result_coordinates(b), AZ_POLAR);
    az_result_destroy(a);
    az_result_destroy(b);
}

/* At the corner, where derivatives of the elements depend on the direction, there is a value all the same. */
static void at_the_corner(void **state)
{
    (void)state;
    az_result *a = solved("ipm", 0, 0, 0, 1e-7, 2), *b = solved_in(AZ_POLAR, "ipm", 0, 0, 0, 1e-7, 2);
    const double at[] = {0, 0};
    az_error err;
    for (int k = 0; k < 5; k++) {
        static const int order[][2] = {{0, 0}, {0, 1}, {2, 0}, {0, 2}, {1, 0}};
        for (int t = 0; t < 2; t++) {
            double one = NAN, two = NAN;
            if (az_eval(a, &one, t ? "F" : "H", at, 1, order[k], &err) || az_eval(b, &two, t ? "F" : "H", at, 1, order[k], &err)) fail_msg("%s", err.message);
            if (!(fabs(one - two) < 1e-4 * (1 + fabs(one)))) fail_msg("%s, derivative %d %d: %.12g, %.12g", t ? "F" : "H", order[k][0], order[k][1], one, two);
        }
    }
    az_result_destroy(a);
    az_result_destroy(b);
}

static void next_profile(void **state)
{
    (void)state;
    az_result *r = solved("ipm", 0, 1, 0, 1e-4, 2), *same;
    az_error err;
    is(r, IPM_1, 1e-2);
    /* a march from it goes on below, and a result of its own mode is no beginning */
    az_solve_options o = *az_result_options(r);
    assert_int_equal(az_solve_from(&same, az_result_problem(r), r, &o, NULL, NULL, &err), AZ_EOPTION);
    assert_non_null(strstr(err.message, "profile 1 of its ladder"));
    az_result_destroy(r);
}

/* The first mesh satisfies its own rows to rounding, and nothing else near the axis far out. */
static void hidden_layer(void **state)
{
    (void)state;
    az_result *r = solved("boussinesq", 0, 0, COARSE, 100, 2);
    az_evidence e = az_result_evidence(r);
    if (!(e.trained_rms < 1e-7) || !(e.reevaluated_max > 1e-2)) fail_msg("trained %g, re-evaluated %g", e.trained_rms, e.reevaluated_max);
    az_result_destroy(r);
}

/* Residuals of both equations near the corner, on the wall, on the axis, beside the focus (0, 1) and far out are within the tolerance. */
static void everywhere_in(az_coordinates coordinates)
{
    static const double at[][2] = {{1e-5, 1e-5}, {1e-6, 3e-7}, {0.7, 0}, {12, 0}, {1e-3, 0.5}, {1e-5, 2}, {1e-3, 1}, {1e-3, 0.999}, {2e-3, 1.001}, {3e4, 2e5}, {7e8, 1}, {1e6, 3e12}};
    az_result *r = solved_in(coordinates, "ipm", 0, 0, COARSE, 1e-5, 2);
    az_num out[4 * 12];
    az_error err;
    if (az_reference_rows(out, r, &at[0][0], 12, NULL, &err)) fail_msg("%s", err.message);
    for (int i = 0; i < 12; i++)
        for (int k = 0; k < 2; k++)
            if (!(fabs(creal(out[4 * i + k])) < 1e-5)) fail_msg("equation %d at (%g, %g): %g", k + 1, at[i][0], at[i][1], creal(out[4 * i + k]));
    az_result_destroy(r);
}

static void everywhere(void **state)
{
    (void)state;
    everywhere_in(AZ_CONFORMAL);
    everywhere_in(AZ_POLAR);
}

/* Networks after a few iterations are enough for elements to begin with; the two are compared. */
static void polished(void **state)
{
    (void)state;
    az_problem *p = NULL;
    az_result *network = NULL, *r = NULL;
    az_error err;
    az_solve_options o;
    if (az_problem_load(&p, "ipm", NULL, 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.points = 400, o.n_layers = 2, o.layers[0] = o.layers[1] = 10, o.max_iterations = 40;
    if (az_solve(&network, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.points = COARSE, o.tolerance = 1e-5;
    if (az_polish(&r, network, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    is(r, IPM_0, 1);
    double error = fabs(az_result_unknown(r, 0, NULL) - IPM_0), before = fabs(az_result_unknown(network, 0, NULL) - IPM_0);
    if (!(error < 1e-5) || !(before < 0.5) || !(before > 10 * error)) fail_msg("lambda off by %g, by %g before", error, before);
    assert_non_null(az_result_cross(r));
    az_result_destroy(network);
    az_result_destroy(r);
    az_problem_destroy(p);
}

/* Interrupted on the march and resumed from its file, a run ends with the same bits. */
static void resumed(void **state)
{
    (void)state;
    const char *path = "build/test-plane-resumed.h5";
    az_problem *p = NULL;
    az_result *whole = NULL, *part = NULL;
    az_error err;
    az_solve_options o;
    if (az_problem_load(&p, "ipm", NULL, 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT, o.mode = 1, o.points = 1000, o.tolerance = 1;
    if (az_solve(&whole, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    for (int stop = 1; stop < az_result_iterations(whole); stop += 5) {
        o.max_iterations = stop;
        if (az_solve(&part, p, &o, NULL, NULL, &err) || az_result_save(part, path, &err)) fail_msg("%s", err.message);
        az_result_destroy(part);
        o.max_iterations = 4000;
        if (az_result_load(&part, path, &err) || az_resume(part, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        for (int t = 0; t < 2; t++) {
            const az_network *x = &whole->trial[t].stage[0], *y = &part->trial[t].stage[0];
            assert_int_equal(x->n_weights, y->n_weights);
            assert_memory_equal(x->weight, y->weight, sizeof(double) * (size_t)x->n_weights);
        }
        assert_true(az_result_unknown(whole, 0, NULL) == az_result_unknown(part, 0, NULL));
        az_result_destroy(part);
    }
    remove(path);
    az_result_destroy(whole);
    az_problem_destroy(p);
}

static void refused_in(az_coordinates coordinates, int mode, az_space space, const char *body, int points, const char *says)
{
    char text[1024];
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_solve_options o;
    snprintf(text, sizeof text, "problem t \"t\"\nunknown c = 1\n%s", body);
    if (az_problem_parse(&p, "t", text, strlen(text), NULL, 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = space, o.points = points, o.coordinates = coordinates, o.mode = mode;
    az_status st = az_solve(&r, p, &o, NULL, NULL, &err);
    if (st != AZ_EOPTION && st != AZ_ENOMEM) fail_msg("%s", az_status_name(st));
    if (!strstr(err.message, says)) fail_msg("%s", err.message);
    assert_null(r);
    az_problem_destroy(p);
}

static void refused(const char *body, int points, const char *says) { refused_in(AZ_COORDINATES_AUTO, 0, AZ_SPACE_ELEMENT, body, points, says); }

static void refusals(void **state)
{
    (void)state;
#define PLANE "domain x, y in half-plane\ntrial u(x^2, y) even in x\n"
    refused(PLANE "equation d(u, x, x) + d(u, y, y) = c*u\n", 0, "one `pin`");
    refused(PLANE "equation d(u, x) = 0\nequation d(u, y) = c\n", 0, "as many equations as trials: t has 2 and 1");
    refused(PLANE "equation d(u, x, x) = c\nboundary u = 0 at y = 0\n", 0, "line 6");
    refused("domain x, y in half-plane\ntrial u(x, y)\nequation d(u, x) = c\npin u = 0 at x = 0, y = 0\n", 0, "parity in x");
    refused("domain x, y in plane\ntrial u(x^2, y) even in x\nequation d(u, x) = c\npin u = 0 at x = 0, y = 0\n", 0, "`half-plane`");
    refused(PLANE "equation d(u, x, x) + d(u, y, y) = c*u\npin u = 1 at x = 0, y = 0\n", 10000000, "GB");
#define PLAIN "equation d(u, x, x) + d(u, y, y) = c*u\npin u = 1 at x = 0, y = 0\n"
    refused_in(AZ_SINH, 0, AZ_SPACE_ELEMENT, PLANE PLAIN, 0, "conformal or polar coordinates: sinh");
    refused_in(AZ_COMPACT, 0, AZ_SPACE_ELEMENT, PLANE PLAIN, 0, "conformal or polar coordinates: compact");
    refused_in(AZ_POLAR, 1, AZ_SPACE_ELEMENT, PLANE "defect m = 1\n" PLAIN "select u = m at x = 0, y = 0\n", 0, "march in conformal");
    refused_in(AZ_POLAR, 0, AZ_SPACE_ELEMENT, "domain x, y in half-plane\ntrial u(x, y) odd in x\n" PLAIN, 0, "even in x: trial u is not");
    refused_in(AZ_COMPACT, 0, AZ_SPACE_MLP, "domain x, y in plane\ntrial u(x, y)\n" PLAIN, 0, "compact coordinates are for `half-plane`, and t");
    refused_in(AZ_N_COORDINATES, 0, AZ_SPACE_MLP, PLANE PLAIN, 0, "option coordinates");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_gauges_and_meshes), cmocka_unit_test(same_bits),  cmocka_unit_test(two_coordinates),
                                       cmocka_unit_test(at_the_corner),         cmocka_unit_test(next_profile),
                                       cmocka_unit_test(hidden_layer),          cmocka_unit_test(everywhere), cmocka_unit_test(polished),
                                       cmocka_unit_test(resumed),               cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
