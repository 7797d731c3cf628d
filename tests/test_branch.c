/* branch: a fold is passed and every point is on the exact curve; a parameter that others are computed from; values asked for are met to the last bit; an
 * interrupted branch goes on; wrong requests, wrong tables; each allocation fails once in turn. */
#include "branch/branch.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static az_branch *begin(const az_problem *p, az_branch_options o)
{
    az_branch *b;
    az_error e;
    if (az_branch_create(&b, p, &o, &e)) fail_msg("%s", e.message);
    return b;
}

static az_branch_options options(const char *over, double from, double to, az_space space)
{
    az_branch_options o;
    az_branch_options_init(&o);
    o.over = over, o.from = from, o.to = to;
    o.solve.space = space;
    o.solve.threads = 1;
    return o;
}

static void follow(az_branch *b)
{
    az_error e;
    while (az_branch_state(b) == AZ_BRANCH_RUNNING)
        if (az_branch_next(b, NULL, NULL, NULL, &e)) fail_msg("%s", e.message);
}

static double fixed(const az_branch *b, int i, int which) { return az_branch_row(b, i)[az_branch_fixed(b, which)]; }

/* u = A - 2 ln cosh(t x), mu e^A = 2 t^2, e^(A/2) = cosh t */
static double bratu(double A) { return 2 * pow(acosh(exp(A / 2)), 2) * exp(-A); }

#define BRATU_FOLD 0.878457679781 /* max over A of the formula above */

static void follow_bratu(az_space space)
{
    az_problem *p = load_with("bratu", "mu", 0.3);
    az_branch *b = begin(p, options("mu", NAN, 1, space));
    follow(b);
    int turned = 0;
    double most = 0;
    assert_int_equal(az_branch_state(b), AZ_BRANCH_BACK);
    assert_int_equal(az_branch_n_moving(b), 2);
    for (int i = 0; i < az_branch_n_rows(b); i++) {
        const double *x = az_branch_row(b, i);
        if (!(fabs(x[0] - bratu(x[1])) < 1e-11)) fail_msg("point %d: mu = %.15g, exact %.15g", i, x[0], bratu(x[1]));
        assert_true(fixed(b, i, AZ_BRANCH_RELATIVE) < 1e-11);
        turned += fixed(b, i, AZ_BRANCH_TURNED) != 0;
        most = fmax(most, x[0]);
    }
    assert_int_equal(turned, 1);
    assert_true(most < BRATU_FOLD + 1e-11 && most > BRATU_FOLD - 0.01);
    az_branch_destroy(b);
    az_problem_destroy(p);
}

static void around_a_fold(void **state)
{
    (void)state;
    follow_bratu(AZ_SPACE_ELEMENT);
    follow_bratu(AZ_SPACE_CHEBYSHEV);
}

/* Networks, and a parameter L that is computed from a. */
static void values_asked_for(void **state)
{
    static const double at[] = {0.45, 0.42};
    (void)state;
    az_problem *p = load("gclm");
    for (int space = AZ_SPACE_MLP; space <= AZ_SPACE_ELEMENT; space++) {
        az_branch_options o = options("a", 0.4, 0.5, (az_space)space);
        o.at = at, o.n_at = 2, o.step = 0.1;
        az_branch *b = begin(p, o);
        follow(b);
        int n = az_branch_n_rows(b), met = 0;
        assert_int_equal(az_branch_state(b), AZ_BRANCH_ARRIVED);
        for (int i = 0; i < n; i++) met += az_branch_row(b, i)[0] == at[0] || az_branch_row(b, i)[0] == at[1];
        assert_int_equal(met, 2);
        const double *end = az_branch_row(b, n - 1);
        assert_true(end[0] == 0.5);
        assert_true(fabs(end[1] + 2.0 / 3) < (space == AZ_SPACE_ELEMENT ? 1e-13 : 1e-11));
        assert_true(fabs(end[1] + 2.0 / 3) <= end[2]);
        const az_result *r = az_branch_result(b);
        double L;
        assert_string_equal(az_problem_parameter(az_result_problem(r), 1, &L), "L");
        assert_true(L == 4);
        az_branch_destroy(b);
    }
    az_problem_destroy(p);
}

static void refused(const az_problem *p, az_branch_options o, az_status st, const char *says)
{
    az_branch *b;
    az_error e = {.message = ""};
    assert_int_equal(az_branch_create(&b, p, &o, &e), st);
    assert_null(b);
    if (!strstr(e.message, says)) fail_msg("expected '%s', found '%s'", says, e.message);
}

static void wrong_requests(void **state)
{
    (void)state;
    az_problem *bratu = load("bratu"), *ccf = load("ccf"), *kdv = load("kdv");
    refused(bratu, options("nu", 0, 1, AZ_SPACE_ELEMENT), AZ_ENAME, "no parameter and no unknown 'nu'");
    refused(bratu, options("A", NAN, 1, AZ_SPACE_ELEMENT), AZ_EOPTION, "needs a `defect`");
    refused(bratu, options("mu", 0.4, NAN, AZ_SPACE_ELEMENT), AZ_EOPTION, "finite ends");
    az_branch_options bad = options("mu", 0.4, 1, AZ_SPACE_ELEMENT);
    const double no[] = {0.5, NAN};
    bad.max_points = -1;
    refused(bratu, bad, AZ_EOPTION, "max_points = -1");
    bad.max_points = 0, bad.n_at = -1;
    refused(bratu, bad, AZ_EOPTION, "n_at = -1");
    bad.n_at = 1;
    refused(bratu, bad, AZ_EOPTION, "n_at = 1 without values");
    bad.n_at = 2, bad.at = no;
    refused(bratu, bad, AZ_EOPTION, "at[1] = nan");
    refused(bratu, options("mu", NAN, 0.5, AZ_SPACE_ELEMENT), AZ_EOPTION, "end where it begins");
    refused(ccf, options("lambda", 1, 0.5, AZ_SPACE_ELEMENT), AZ_EOPTION, "leave its first value out");
    refused(kdv, options("t", 0, 1, AZ_SPACE_MLP), AZ_ENAME, "no parameter");
    az_problem_destroy(bratu);
    az_problem_destroy(ccf);
    az_problem_destroy(kdv);
}

/* A parameter that the problem needs as a number is refused at the first point. */
static void number_needed(void **state)
{
    static const char text[] = "problem p \"p\"\nparameter b = 1\nunknown c = 1\ndomain x in [0, b]\nfield v(x)\nlet u = 1 + x*v\nequation d(u, x) = c\npin u = 2 at x = 1\n";
    (void)state;
    az_problem *p;
    az_error e;
    assert_int_equal(az_problem_parse(&p, "p", text, strlen(text), NULL, 0, &e), AZ_OK);
    az_branch *b = begin(p, options("b", NAN, 2, AZ_SPACE_ELEMENT));
    assert_int_equal(az_branch_next(b, NULL, NULL, NULL, &e), AZ_EPROBLEM);
    assert_non_null(strstr(e.message, "must be constant"));
    az_branch_destroy(b);
    az_problem_destroy(p);
}

static const char *write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    return path;
}

static void interrupted(void **state)
{
    (void)state;
    char folder[] = "/tmp/ansatz-branch-XXXXXX", table[64], damaged[64];
    az_error e;
    assert_non_null(mkdtemp(folder));
    snprintf(table, sizeof table, "%s/b.csv", folder);
    snprintf(damaged, sizeof damaged, "%s/d.csv", folder);
    az_problem *p = load_with("bratu", "mu", 0.7), *other = load("legendre");
    az_branch_options o = options("mu", NAN, 1, AZ_SPACE_ELEMENT);
    az_branch *whole = begin(p, o);
    o.max_points = 6;
    az_branch *part = begin(p, o);
    follow(whole);
    follow(part);
    assert_int_equal(az_branch_state(part), AZ_BRANCH_POINTS);
    assert_int_equal(az_branch_write_table(part, table, &e), AZ_OK);
    o.max_points = 0;
    az_branch *rest = begin(p, o);
    if (az_branch_resume(rest, table, part->point, &e)) fail_msg("%s", e.message);
    follow(rest);
    assert_int_equal(az_branch_n_rows(rest), az_branch_n_rows(whole));
    for (int i = 0; i < az_branch_n_rows(whole); i++)
        for (int k = 0; k < 2; k++) assert_true(fabs(az_branch_row(rest, i)[k] - az_branch_row(whole, i)[k]) < 1e-10);

    az_branch *fresh = begin(p, o);
    assert_int_equal(az_branch_resume(fresh, write_text(damaged, "mu,A,x\n1,2,3\n"), part->point, &e), AZ_EFORMAT);
    az_branch_destroy(fresh);
    fresh = begin(p, o);
    assert_int_equal(az_branch_resume(fresh, table, whole->point, &e), AZ_EFORMAT); /* not the last point of this table */
    az_branch_destroy(fresh);
    fresh = begin(p, o);
    assert_int_equal(az_branch_resume(fresh, "/nowhere/b.csv", part->point, &e), AZ_EIO);
    az_branch_destroy(fresh);
    az_result *foreign;
    assert_int_equal(az_solve(&foreign, other, &o.solve, NULL, NULL, &e), AZ_OK);
    fresh = begin(p, o);
    assert_int_equal(az_branch_resume(fresh, table, foreign, &e), AZ_EFORMAT);
    az_branch_destroy(fresh);
    az_result_destroy(foreign);
    az_branch_destroy(whole), az_branch_destroy(part), az_branch_destroy(rest);
    az_problem_destroy(p), az_problem_destroy(other);
    unlink(table), unlink(damaged), rmdir(folder);
}

static int stop_later(void *data, const az_progress *p)
{
    (void)p;
    return --*(int *)data < 0;
}

static void cancelled(void **state)
{
    (void)state;
    az_problem *p = load("bratu");
    for (int calls = 3; calls < 40; calls += 12) {
        int left = calls;
        az_branch *b = begin(p, options("mu", NAN, 1, AZ_SPACE_ELEMENT));
        az_error e;
        while (az_branch_state(b) == AZ_BRANCH_RUNNING) assert_int_equal(az_branch_next(b, NULL, stop_later, &left, &e), AZ_OK);
        assert_int_equal(az_branch_state(b), AZ_BRANCH_CANCELLED);
        for (int i = 0; i < az_branch_n_rows(b); i++) assert_true(fixed(b, i, AZ_BRANCH_RELATIVE) < 1e-11);
        az_branch_destroy(b);
    }
    az_problem_destroy(p);
}

/* With memory again: the same error, and no crash. */
static void after_an_error(az_branch *b, az_status st, failing_allocator *f)
{
    const long left = f->calls_left;
    f->calls_left = -1;
    for (int i = 0; i < 2; i++) assert_int_equal(az_branch_next(b, NULL, NULL, NULL, NULL), st);
    assert_int_equal(az_branch_resume(b, "/dev/null", NULL, NULL), st);
    for (int i = 0; i < az_branch_n_rows(b); i++) assert_true(isfinite(az_branch_row(b, i)[0]));
    for (int i = 0; i < az_branch_n_columns(b); i++) assert_non_null(az_branch_column(b, i));
    az_branch_result(b), az_branch_profile(b), az_branch_why(b);
    f->calls_left = left;
}

static void failed_allocations(void **state)
{
    (void)state;
    const long strides[] = {1, 211};
    failing_allocator f;
    az_status st = AZ_ENOMEM;
    for (long k = 0; st == AZ_ENOMEM; k += strides[k > 60]) {
        az_problem *p = NULL;
        az_branch *b = NULL;
        az_branch_options o = options("mu", NAN, 0.55, AZ_SPACE_ELEMENT);
        f = (failing_allocator){k, 0};
        az_set_allocator(failing_alloc, &f);
        st = az_problem_load(&p, "bratu", NULL, 0, NULL);
        if (!st) st = az_branch_create(&b, p, &o, NULL);
        while (!st && az_branch_state(b) == AZ_BRANCH_RUNNING) st = az_branch_next(b, NULL, NULL, NULL, NULL);
        if (st && b) after_an_error(b, st, &f);
        if (!st) st = az_branch_report(b, "/dev/null", "", NULL);
        az_branch_destroy(b);
        az_problem_destroy(p);
        az_set_allocator(NULL, NULL);
        if (f.alive) fail_msg("allocation %ld: %ld blocks left", k, f.alive);
        assert_true(k < 1000000);
    }
    assert_int_equal(st, AZ_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(around_a_fold), cmocka_unit_test(values_asked_for), cmocka_unit_test(wrong_requests), cmocka_unit_test(number_needed),
        cmocka_unit_test(interrupted),   cmocka_unit_test(cancelled),        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
