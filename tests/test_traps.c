/* traps: solutions that satisfy their own collocation points and are none. Each is made, looks solved where it was trained, and is refused by the
 * re-evaluation: its residual there is far above the tolerance, and the printed digits of the unknown, with their error, hold the true value. */
#include "residual/program.h"
#include "solve/points.h"
#include "verify/reference.h"
#include "testing.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define TOLERANCE 1e-12

/* lambda = 0 for a = 0 and -2/3 for a = 1/2, with the profiles written out; F is 1 for them. */
#define GCLM \
    "problem t \"t\"\nparameter a = %.17g\n%s lambda = %.17g\ndomain y in line\ntrial N((1+y^2)^-0.5) even\n" \
    "let F = %s\nlet Omega = %s*F\nlet U = primitive(hilbert(Omega))\n" \
    "equation Omega + ((1 + lambda)*y + a*U)*d(Omega, y) - Omega*d(U, y) = 0 scale Omega\n" \
    "select (1 - a)*d(U, y) = 2 + lambda at y = 0\n"

static double exact_lambda(double a) { return a == 0 ? 0 : -2.0 / 3; }

/* The exact profile times F, with panels up to z = reach. kind: of lambda, unknown or parameter. */
static az_result *gclm(const char *kind, double a, double lambda, const char *factor, double reach)
{
    char text[1024];

    snprintf(text, sizeof text, GCLM, a, kind, lambda, factor, a == 0 ? "-2*y/(1+y^2)" : "-16*y/(3*(1+y^2)^2)");
    az_result *r = parse_state(text);
    assert_int_equal(az_panels_start(&r->edge, &r->n_edges, 0.6, reach, true), AZ_OK);
    return r;
}

/* Largest trained row, on the panels of the result. */
static double trained(const az_result *r)
{
    az_program_setup setup = {.edge = r->edge, .n_edges = r->n_edges, .points = r->points, .rows = true, .threads = 1};
    az_binding b = {.trial = r->trial, .scalar = r->scalar, .unit = 1};
    az_program *g = NULL;
    az_error err;
    double worst = 0;

    if (az_program_create(&g, r->problem, &setup, &err)) fail_msg("%s", err.message);
    double *res = az_doubles((size_t)az_program_rows(g));
    assert_non_null(res);
    az_program_residual(g, &b, res);
    for (int i = 0; i < az_program_rows(g); i++) worst = fmax(worst, fabs(res[i]));
    az_doubles_free(res);
    az_program_destroy(g);
    return worst;
}

/* What is printed, value and error as a reader takes them. */
static void printed(const az_result *r, double *value, double *error)
{
    char text[AZ_UNKNOWN_LENGTH], number[2 * AZ_UNKNOWN_LENGTH];
    double known, x = az_result_unknown(r, 0, &known);

    az_format_unknown(text, x, known);
    const char *open = strchr(text, '('), *point = strchr(text, '.');
    *value = x, *error = INFINITY;
    if (!open) assert_string_equal(text, "not determined"); /* no digit is claimed */
    if (!open) return;
    assert_true(open[1] != '?');
    const char *exponent = strchr(open, ')') + 1;
    snprintf(number, sizeof number, "%.*s%s", (int)(open - text), text, exponent);
    *value = strtod(number, NULL);
    *error = atoi(open + 1) * pow(10, (*exponent ? atoi(exponent + 1) : 0) - (point ? (int)(open - point) - 1 : 0));
}

static void refused(az_result *r, const char *trap, double least, double exact)
{
    az_error err;
    double value, error;

    if (az_verify(r, 1, &err) != AZ_OK) fail_msg("%s", err.message);
    const az_evidence e = az_result_evidence(r);
    printed(r, &value, &error);
    if (!(e.reevaluated_relative >= least && least >= 100 * TOLERANCE))
        fail_msg("%s: re-evaluated %g, expected at least %g", trap, e.reevaluated_relative, least);
    if (!(fabs(value - exact) <= error)) fail_msg("%s: lambda = %.17g(%g), exactly %.17g", trap, value, error, exact);
    az_result_destroy(r);
}

/* More weights than points, before a grid has been refined: every point is satisfied, and lambda says nothing. */
static void too_few_points(void **state)
{
    az_solve_options o;
    az_problem *p = load_with("gclm", "a", 0.5);
    az_error err;

    (void)state;
    az_solve_options_init(&o);
    o.points = 20;
    o.threads = 1;
    o.max_iterations = 38;
    for (o.seed = 1; o.seed <= 3; o.seed++) {
        az_result *r = NULL;
        if (az_solve(&r, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        if (!(az_result_evidence(r).trained_rms < 1e-4)) fail_msg("trained %g", az_result_evidence(r).trained_rms);
        refused(r, "too few points", 1e-2, exact_lambda(0.5));
    }
    az_problem_destroy(p);
}

static void perturbed_unknown(void **state)
{
    static const double off[] = {1e-9, 1e-6, -1e-6, 1e-3, -1e-3};

    (void)state;
    for (int i = 0; i < 2 * COUNT(off); i++) {
        const double a = i < COUNT(off) ? 0 : 0.5, d = off[i % COUNT(off)];
        refused(gclm("unknown", a, exact_lambda(a) + d, "1 + N", 40), "perturbed lambda", 0.3 * fabs(d), exact_lambda(a));
    }
}

/* lambda held where no smooth profile is, and the profile made the best of it. */
static void plateau(void **state)
{
    static const double off[] = {1e-6, -1e-3};

    (void)state;
    for (int i = 0; i < COUNT(off); i++) {
        const double lambda = exact_lambda(0.5) + off[i];
        az_solve_options o;
        az_result *solved = NULL, *held = gclm("parameter", 0.5, lambda, "exp(N - N@0)", 40),
                  *r = gclm("unknown", 0.5, lambda, "exp(N - N@0)", 40);
        az_error err;
        az_solve_options_init(&o);
        o.threads = 1;
        o.space = AZ_SPACE_ELEMENT;
        o.max_iterations = 40;
        if (az_solve(&solved, held->problem, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        az_trial_state swap = r->trial[0];
        r->trial[0] = solved->trial[0];
        solved->trial[0] = swap;
        refused(r, "plateau", 0.1 * fabs(off[i]), exact_lambda(0.5));
        az_result_destroy(held);
        az_result_destroy(solved);
    }
}

/* The middle of the widest gap between two nodes of panel k, and half its width. */
static void gap(const az_result *r, int k, double *middle, double *half)
{
    double x[AZ_PANEL_NODES], w[AZ_PANEL_NODES], lo = r->edge[k], hi = r->edge[k + 1];

    az_gauss_legendre(x, w, AZ_PANEL_NODES);
    *middle = 0.5 * (lo + hi);
    *half = 0.5 * (hi - lo) * x[AZ_PANEL_NODES / 2];
}

/* A bump on an element that lies between two nodes. */
static void hidden_element(void **state)
{
    static const double share[] = {1, 0.1, 0.01};

    (void)state;
    for (int i = 0; i < COUNT(share); i++) {
        double middle, half;
        az_result *r = gclm("unknown", 0, 0, "1 + N", 40);
        gap(r, 3, &middle, &half);
        double edge[] = {0, middle - share[i] * half, middle + share[i] * half, r->edge[r->n_edges - 1]};
        az_mesh m = {.n_edges = COUNT(edge), .edge = edge, .degree = 6, .centre = 6, .smooth = 2, .parity = AZ_EVEN, .length = 1};
        assert_int_equal(az_state_add_elements(r, 0, &m), AZ_OK);
        r->trial[0].stage[0].weight[az_mesh_bubble(&m, 1)] = 1e-6;
        if (!(trained(r) < TOLERANCE)) fail_msg("trained %g", trained(r));
        char name[64];
        snprintf(name, sizeof name, "hidden element, %g of a gap", share[i]);
        refused(r, name, 1e-6, 0);
    }
}

/* The same made by two neurons: a network has no mesh that would tell. */
static void hidden_layer(void **state)
{
    static const double share[] = {0.05, 0.01, 1e-3};

    (void)state;
    for (int i = 0; i < COUNT(share); i++) {
        double middle, half;
        const int width = 2;
        az_result *r = gclm("unknown", 0, 0, "1 + N", 40);
        gap(r, 3, &middle, &half);
        const double q = 1 / cosh(middle), steep = 1 / (share[i] * half * q * tanh(middle));
        assert_int_equal(az_state_add_stage(r, 0, 1, &width, AZ_ACT_TANH, 1), AZ_OK);
        const double weight[] = {steep, steep, 1 - steep * q, -1 - steep * q, 1e-6, -1e-6};
        assert_int_equal(r->trial[0].stage[0].n_weights, COUNT(weight));
        memcpy(r->trial[0].stage[0].weight, weight, sizeof weight);
        if (!(trained(r) < TOLERANCE)) fail_msg("trained %g", trained(r));
        char name[64];
        snprintf(name, sizeof name, "hidden layer, %g of a gap", share[i]);
        refused(r, name, 1e-6, 0);
    }
}

/* The field ends beyond the last panel. Nothing of size is left there, so the residual as written is small; over the field it is not. */
static void truncated_tail(void **state)
{
    (void)state;
    az_result *r = gclm("unknown", 0, 0, "(1 + N)*(1 - tanh(4*(log1p(y^2)/2 - 34)))/2", 29);
    if (!(trained(r) < 10 * TOLERANCE)) fail_msg("trained %g", trained(r));
    refused(r, "truncated tail", 1e-2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_points), cmocka_unit_test(perturbed_unknown), cmocka_unit_test(plateau),
        cmocka_unit_test(hidden_element), cmocka_unit_test(hidden_layer),      cmocka_unit_test(truncated_tail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
