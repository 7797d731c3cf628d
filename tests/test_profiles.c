/* profiles: what random weights lead to agrees with the implicit solution of Burgers, smooth of any order and with a cusp, point by point, from the origin
 * to the far field; and the Hou-Luo profile and those of compact
 * support with what is known at their ends. */
#include "ansatz.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const double far_and_near[] = {1e-6, 1e-3, 0.03, 0.4, 0.9, 1.1, 2.5, 20, 3e3, 1e7, 1e12};

static az_result *solved(const char *name, const char *parameter, double value, az_space space, uint64_t seed)
{
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_setting set = {.name = parameter, .value = value};
    az_solve_options o;

    if (az_problem_load(&p, name, &set, parameter ? 1 : 0, &err)) fail_msg("%s", err.message);
    az_solve_options_init(&o);
    o.space = space;
    o.seed = seed;
    o.threads = 1;
    if (az_solve(&r, p, &o, NULL, NULL, &err) || az_verify(r, 1, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    if (az_result_stop(r) != AZ_STOP_TOLERANCE) fail_msg("%s %g: %s", name, value, az_stop_message(az_result_stop(r)));
    return r;
}

static void values(double *out, const az_result *r, const char *name, const double *y, int n, int order)
{
    az_error err;
    if (az_eval(r, out, name, y, n, &order, &err)) fail_msg("%s", err.message);
}

/* u of y = u + u^(s+1)/(s+1), y > 0 */
static double implicit(double y, double s)
{
    double u = fmin(y, pow((s + 1) * y, 1 / (s + 1)));
    for (int i = 0; i < 50; i++) u -= (u + pow(u, s + 1) / (s + 1) - y) / (1 + pow(u, s));
    return u;
}

/* |U| relative to itself; 1 - |U|/y, which is small near the origin, relative to what it is there */
static void like_implicit(const az_result *r, double s, double tol)
{
    double u[COUNT(far_and_near)], phi[COUNT(far_and_near)];

    values(u, r, "U", far_and_near, COUNT(far_and_near), 0);
    values(phi, r, "phi", far_and_near, COUNT(far_and_near), 0);
    for (int i = 0; i < COUNT(far_and_near); i++) {
        double y = far_and_near[i], exact = implicit(y, s), excess = pow(exact, s + 1) / (s + 1) / y;
        if (!(fabs(u[i] + exact) <= tol * exact) || !(fabs(-expm1(phi[i]) - excess) <= 10 * tol * excess))
            fail_msg("s = %g: U(%g) = %.17g, exactly %.17g; 1 + U/y = %.17g, exactly %.17g", s, y, u[i], -exact, -expm1(phi[i]), excess);
    }
}

static void burgers_of_any_order(void **state)
{
    (void)state;
    for (int n = 0; n <= 3; n++) {
        double s = 2 * n + 2, error;
        az_result *r = solved("burgers", "n", n, AZ_SPACE_MLP, 2);
        double lambda = az_result_unknown(r, 0, &error);
        if (!(fabs(lambda - 1 / s) <= 1e-12 && fabs(lambda - 1 / s) <= error)) fail_msg("n = %d: lambda = %.17g(%.2g)", n, lambda, error);
        like_implicit(r, s, 1e-12);
        az_result_destroy(r);
    }
}

/* The third derivative goes like |y|^(1/2) where lambda = 0.4; the residual is as small at the cusp, over what it is a part of, as elsewhere. */
static void burgers_with_a_cusp(void **state)
{
    static const double near[] = {1e-9, 1e-7, 1e-5, 1e-3};
    double third[COUNT(near)], residual[COUNT(near)];

    (void)state;
    az_result *r = solved("burgers_cusp", NULL, 0, AZ_SPACE_MLP, 2);
    like_implicit(r, 2.5, 1e-12);
    values(third, r, "U", near, COUNT(near), 3);
    values(residual, r, "R", near, COUNT(near), 0);
    for (int k = 0; k < COUNT(near); k++) {
        double exact = 2.5 * 1.5 * sqrt(near[k]), next = 30 * pow(near[k], 2.5);
        if (!(fabs(third[k] / exact - 1) <= 1e-8 + next)) fail_msg("U'''(%g) = %.12g, exactly %.12g", near[k], third[k], exact);
        if (!(fabs(residual[k]) <= 1e-11 * pow(near[k], 2.5))) fail_msg("R(%g) = %g", near[k], residual[k]);
    }
    az_result_destroy(r);
}

/* Gauge, what smoothness at the origin says of lambda, and the exponents of decay. */
static void hou_luo_ends(void **state)
{
    static const double zero = 0, far[] = {1e24, 1e25};
    double slope, gradient, phi, tail[2];

    (void)state;
    az_result *r = solved("hou_luo", NULL, 0, AZ_SPACE_ELEMENT, 1);
    double lambda = az_result_unknown(r, 0, NULL);
    values(&slope, r, "Omega", &zero, 1, 1);
    values(&phi, r, "Phi", &zero, 1, 1);
    values(&gradient, r, "U", &zero, 1, 1);
    assert_true(lambda > 1 && fabs(slope - 1) <= 1e-14 && fabs(phi - (1 + lambda) / 2) <= 1e-14);
    if (!(fabs(lambda + 3 + 2 * gradient) <= 1e-12)) fail_msg("lambda = %.17g, U'(0) = %.17g", lambda, gradient);
    values(tail, r, "Omega", far, 2, 0);
    if (!(fabs(log10(tail[0] / tail[1]) - 1 / (1 + lambda)) <= 1e-7)) fail_msg("Omega decays by %g a decade", tail[0] / tail[1]);
    values(tail, r, "Phi", far, 2, 0);
    if (!(fabs(log10(tail[0] / tail[1]) - 2 / (1 + lambda)) <= 1e-7)) fail_msg("Phi decays by %g a decade", tail[0] / tail[1]);
    az_result_destroy(r);
}

/* At a = 1 the equation is y V Omega' = Omega (y V)': Omega = -k y V. With that U' = H Omega is linear, (y V)' + k H[y V] = -1, and k is what lets y V vanish
 * at both ends: 3.45333474424 by the series y V = sum b_n sin 2 n theta, y = cos theta, whose equation is tridiagonal but for the factor sin theta, of 50, 100
 * and 200 terms, whose errors fall 16-fold. */
static void de_gregorio(void **state)
{
    static const double y[] = {1e-3, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-10}, k = 3.45333474424;
    double omega[COUNT(y)], v[COUNT(y)], error;

    (void)state;
    for (int space = 0; space < 2; space++) {
        az_result *r = solved("gclm_compact", NULL, 0, space ? AZ_SPACE_ELEMENT : AZ_SPACE_MLP, 2);
        double lambda = az_result_unknown(r, 0, &error), tol = space ? 1e-13 : 1e-11;
        if (!(fabs(lambda + 2) <= tol && fabs(lambda + 2) <= error)) fail_msg("lambda = %.17g(%.2g)", lambda, error);
        if (!(fabs(az_result_unknown(r, 1, &error) - 1) <= tol)) fail_msg("q = %.17g", az_result_unknown(r, 1, NULL));
        values(omega, r, "Omega", y, COUNT(y), 0);
        values(v, r, "V", y, COUNT(y), 0);
        for (int i = 0; i < COUNT(y); i++) {
            double ratio = -omega[i] / (y[i] * v[i]);
            if (!(fabs(ratio - k) <= 1e-11 * k)) fail_msg("-Omega/(y V) at %g: %.15g", y[i], ratio);
        }
        az_result_destroy(r);
    }
}

/* Exponent of the end and selection at the origin; values of smaller a are those of networks from other weights and grids, doc/benchmarks.md. */
static void compact_support(void **state)
{
    static const struct {
        double a, lambda, tol;
    } known[] = {{0.95, -1.765949240625, 1e-12}, {0.8, -1.260077553408, 1e-12}, {0.7, -1.0228057638, 3e-10}};
    static const double zero = 0, one = 1, near[] = {1 - 0x1p-30, 1 - 0x1p-40};

    (void)state;
    for (int i = 0; i < COUNT(known); i++) {
        double a = known[i].a, slope, edge, h, tail[2];
        az_result *r = solved("gclm_compact", "a", a, AZ_SPACE_ELEMENT, 1);
        double lambda = az_result_unknown(r, 0, NULL), q = az_result_unknown(r, 1, NULL);
        if (!(fabs(lambda - known[i].lambda) <= known[i].tol)) fail_msg("a = %g: lambda = %.17g, by networks %.12g", a, lambda, known[i].lambda);
        values(&slope, r, "U", &zero, 1, 1);
        if (!(fabs((1 - a) * slope - 2 - lambda) <= 1e-12)) fail_msg("a = %g: U'(0) = %.17g", a, slope);
        values(&edge, r, "U", &one, 1, 0);
        if (!(fabs(1 + lambda + a * edge) <= 1e-13)) fail_msg("a = %g: the flow at the end is %g", a, 1 + lambda + a * edge);
        values(tail, r, "Omega", near, 2, 0);
        if (!(fabs(log2(tail[0] / tail[1]) / 10 - 1 / q) <= 1e-6 / q)) fail_msg("a = %g: Omega falls like the power %.10g, 1/q = %.10g", a, log2(tail[0] / tail[1]) / 10, 1 / q);
        values(&h, r, "V", &one, 1, 0);
        assert_true(h >= 0 && h <= 1e-30);
        az_result_destroy(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(de_gregorio),
        cmocka_unit_test(compact_support),
        cmocka_unit_test(burgers_of_any_order),
        cmocka_unit_test(burgers_with_a_cusp),
        cmocka_unit_test(hou_luo_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
