/* solver: every method lowers linear and curved least squares to their minimum; lm with Cholesky and with QR take the same steps, but only QR sees small singular values; bent steps follow a curved
 * valley in a fraction of the steps that straight ones need; a memory saved and restored mid-way gives the bits of the uninterrupted run; a residual that is not finite is never accepted. */
#include "solve/solver.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N_MAX 40
#define M_MAX 64
#define STEEP 100.0 /* of the helical valley */

static az_rng rng;

/* kind 0: A x - b. kind 1: Rosenbrock, pairs (10 (x2 - x1^2), 1 - x1). kind 2: a helical valley, triples (100 (x2 - sin 3 x1), 100 (x3 - cos 3 x1), x1/10). The domain is x[0] < wall; NaN beyond. */
typedef struct model {
    int kind, m, n, ld;
    double a[M_MAX * N_MAX], b[M_MAX];
    double wall;
    int calls, rejected;
    bool no_memory;
} model;

static void residual(void *data, double *r, const double *x)
{
    model *p = data;

    p->calls++;
    for (int i = 0; i < p->m; i++) {
        r[i] = 0;
        if (p->kind == 0) {
            for (int j = 0; j < p->n; j++) r[i] += p->a[j * p->ld + i] * x[j];
            r[i] -= p->b[i];
        } else if (p->kind == 2) {
            const double *y = x + i / 3 * 3;
            r[i] = i % 3 == 2 ? 0.1 * y[0] : STEEP * (y[i % 3 + 1] - (i % 3 ? cos(3 * y[0]) : sin(3 * y[0])));
        } else r[i] = i % 2 ? 1 - x[i - 1] : 10 * (x[i + 1] - x[i] * x[i]);
    }
    if (x[0] < p->wall) return;
    r[p->m / 2] = NAN;
    p->rejected++;
}

static az_status jacobian(void *data, double *jac, const double *x)
{
    model *p = data;

    if (p->no_memory) return AZ_ENOMEM;
    memset(jac, 0, sizeof(double) * (size_t)(p->ld * p->n));
    for (int j = 0; j < p->n && p->kind == 0; j++) memcpy(jac + j * p->ld, p->a + j * p->ld, sizeof(double) * (size_t)p->m);
    for (int i = 0; i + 1 < p->n && p->kind == 1; i += 2) {
        jac[i * p->ld + i] = -20 * x[i];
        jac[(i + 1) * p->ld + i] = 10;
        jac[i * p->ld + i + 1] = -1;
    }
    for (int i = 0; i + 2 < p->n && p->kind == 2; i += 3) {
        jac[i * p->ld + i] = -3 * STEEP * cos(3 * x[i]), jac[i * p->ld + i + 1] = 3 * STEEP * sin(3 * x[i]), jac[i * p->ld + i + 2] = 0.1;
        jac[(i + 1) * p->ld + i] = jac[(i + 2) * p->ld + i + 1] = STEEP;
    }
    return AZ_OK;
}

static model linear(int m, int n)
{
    model p = {.kind = 0, .m = m, .n = n, .ld = (m + 7) / 8 * 8, .wall = INFINITY};

    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) p.a[j * p.ld + i] = az_rng_normal(&rng) / sqrt(m) + (i == j ? 2 : 0);
    for (int i = 0; i < m; i++) p.b[i] = az_rng_normal(&rng);
    return p;
}

static model rosenbrock(int n) { return (model){.kind = 1, .m = n, .n = n, .ld = (n + 7) / 8 * 8, .wall = INFINITY}; }

static az_objective objective(model *p, bool normalise)
{
    return (az_objective){.rows = p->m, .cols = p->n, .ld = p->ld, .threads = 2, .normalise = normalise, .data = p, .residual = residual, .jacobian = jacobian};
}

typedef struct run {
    az_solver *s;
    az_method method;
    model *p;
    double x[N_MAX], r[M_MAX], *memory;
} run;

static run start(az_method method, model *p, bool normalise, double at)
{
    run u = {.method = method, .p = p};
    az_objective f = objective(p, normalise);

    assert_int_equal(az_solver_create(&u.s, method, &f), AZ_OK);
    u.memory = az_doubles((size_t)az_solver_memory(method, p->n));
    assert_non_null(u.memory);
    az_solver_reset(method, u.memory, p->n);
    for (int j = 0; j < p->n; j++) u.x[j] = at * (j % 2 ? 0.8 : -1);
    residual(p, u.r, u.x);
    return u;
}

static void end(run *u)
{
    az_solver_destroy(u->s);
    az_doubles_free(u->memory);
}

static double square(const run *u) { return az_dense_dot(u->r, u->r, u->p->m); }

/* max |J'r| */
static double gradient(const run *u)
{
    double *jac = az_doubles((size_t)(u->p->ld * u->p->n)), s = 0;

    assert_non_null(jac);
    assert_int_equal(jacobian(u->p, jac, u->x), AZ_OK);
    for (int j = 0; j < u->p->n; j++) s = fmax(s, fabs(az_dense_dot(jac + j * u->p->ld, u->r, u->p->m)));
    az_doubles_free(jac);
    return s;
}

static const struct {
    az_method method;
    int steps;
    double tol;
} cases[] = { /* where |r|^2 stays above 0, its last gains drown in rounding: gradients reach sqrt(m eps) of their start */
    {AZ_METHOD_LM, 200, 1e-7}, {AZ_METHOD_LM_QR, 200, 1e-7}, {AZ_METHOD_LBFGS, 800, 1e-6}, {AZ_METHOD_SSBROYDEN, 800, 1e-6}, {AZ_METHOD_ADAM, 30000, 1e-2},
};

/* steps that are taken lower the residual (Adam's need not) and leave r = r(x) */
static void descend(run *u, int steps)
{
    for (int k = 0; k < steps; k++) {
        double before = square(u), r[M_MAX];
        az_step st = az_solver_step(u->s, u->x, u->r, u->memory);
        assert_int_not_equal(st, AZ_STEP_FAILED);
        if (st == AZ_STEP_NONE) break;
        if (u->method != AZ_METHOD_ADAM && !(square(u) <= before)) fail_msg("%s step %d: %.17g is above %.17g", az_method_name(u->method), k, square(u), before);
        residual(u->p, r, u->x);
        assert_memory_equal(r, u->r, sizeof(double) * (size_t)u->p->m);
    }
}

static void minimises_linear(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int normalise = 0; normalise < 2; normalise++) {
            model p = linear(40, 13);
            run u = start(cases[c].method, &p, normalise, 0);
            double first = gradient(&u);
            descend(&u, cases[c].steps);
            if (!(gradient(&u) <= cases[c].tol * first)) fail_msg("%s: gradient %g of %g", az_method_name(cases[c].method), gradient(&u), first);
            assert_true(az_solver_get_times(u.s)->n_jacobians > 0 && az_solver_get_times(u.s)->n_residuals > 0);
            end(&u);
        }
}

static void minimises_rosenbrock(void **state)
{
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        model p = rosenbrock(6);
        run u = start(cases[c].method, &p, false, 1.2);
        descend(&u, cases[c].steps);
        for (int j = 0; j < p.n; j++)
            if (!(fabs(u.x[j] - 1) <= 100 * cases[c].tol)) fail_msg("%s: x[%d] = %.17g", az_method_name(cases[c].method), j, u.x[j]);
        end(&u);
    }
}

/* Steps of lm from the far end of the valley, on its floor, to a residual of 1e-6. */
static int steps_along_valley(bool curved, int *residuals)
{
    const int most = 2000;
    model p = {.kind = 2, .m = 6, .n = 6, .ld = 8, .wall = INFINITY};
    az_objective f = objective(&p, false);
    run u = start(AZ_METHOD_LM, &p, false, 0);
    int steps = 0;

    f.curved = curved;
    az_solver_destroy(u.s);
    assert_int_equal(az_solver_create(&u.s, AZ_METHOD_LM, &f), AZ_OK);
    for (int i = 0; i < 2; i++) u.x[3 * i] = 2 + i, u.x[3 * i + 1] = sin(3 * u.x[3 * i]), u.x[3 * i + 2] = cos(3 * u.x[3 * i]);
    residual(&p, u.r, u.x);
    while (steps < most && square(&u) > 1e-12) {
        if (az_solver_step(u.s, u.x, u.r, u.memory) != AZ_STEP_OK) break;
        steps++;
    }
    if (!(square(&u) <= 1e-12)) fail_msg("%s: |r|^2 = %g after %d steps", curved ? "bent" : "straight", square(&u), steps);
    *residuals = az_solver_get_times(u.s)->n_residuals;
    end(&u);
    return steps;
}

static void bends_pay(void **state)
{
    (void)state;
    int evaluations, with_bends, bent = steps_along_valley(true, &with_bends), straight = steps_along_valley(false, &evaluations);
    if (!(5 * bent < straight) || !(2 * with_bends < evaluations)) /* 38 and 692, 348 and 2139 */
        fail_msg("%d bent steps with %d residuals, %d straight ones with %d", bent, with_bends, straight, evaluations);
}

/* The normal equations lose cond(J)^2 eps, which is harmless here; the exact solution of one step is the same. */
static void cholesky_and_qr_agree(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++)
        for (int normalise = 0; normalise < 2; normalise++) {
            model p = kind ? rosenbrock(8) : linear(30, 11), q = p;
            run u = start(AZ_METHOD_LM, &p, normalise, 1.2), v = start(AZ_METHOD_LM_QR, &q, normalise, 1.2);
            double size = square(&u);
            const int steps = kind ? 12 : 1; /* a linear problem is solved at once, and how often rounding still gains is chance */
            for (int k = 0; k < steps && square(&u) > 1e-12 * size; k++) {
                az_step a = az_solver_step(u.s, u.x, u.r, u.memory), b = az_solver_step(v.s, v.x, v.r, v.memory);
                assert_int_equal(a, b);
                if (a != AZ_STEP_OK) break;
                for (int j = 0; j < p.n; j++)
                    if (!(fabs(u.x[j] - v.x[j]) <= 1e-9 * (1 + fabs(u.x[j])))) fail_msg("kind %d step %d: %.17g, %.17g", kind, k, u.x[j], v.x[j]);
                assert_true(fabs(u.memory[0] - v.memory[0]) <= 1e-12 * u.memory[0]);
            }
            for (int j = 0; j < p.n; j++) assert_true(fabs(u.x[j] - v.x[j]) <= 1e-6);
            end(&u);
            end(&v);
        }
}

/* Powers, all but dependent; b is the sum of the columns with signs that alternate. */
static model powers(int m, int n)
{
    model p = {.kind = 0, .m = m, .n = n, .ld = (m + 7) / 8 * 8, .wall = INFINITY};

    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) {
            p.a[j * p.ld + i] = pow((i + 0.5) / m, j);
            p.b[i] += 100 * (j % 2 ? -1 : 1) * p.a[j * p.ld + i];
        }
    return p;
}

/* |r| after so many steps from 0; longest: as in az_objective. *length: of x, in norms of columns. */
static double left_of_powers(az_method method, double longest, double *length)
{
    model p = powers(60, 24);
    run u = start(method, &p, true, 0);
    double sum = 0;
    u.memory[0] = AZ_LM_MU_LINEAR;
    az_objective f = objective(&p, true);
    f.longest = longest;
    az_solver_destroy(u.s);
    assert_int_equal(az_solver_create(&u.s, method, &f), AZ_OK);
    for (int k = 0; k < 30; k++) az_solver_step(u.s, u.x, u.r, u.memory);
    for (int j = 0; j < p.n; j++) sum += u.x[j] * u.x[j] * az_dense_dot(p.a + j * p.ld, p.a + j * p.ld, p.m);
    *length = sqrt(sum);
    const double left = sqrt(square(&u));
    end(&u);
    return left;
}

/* What lies along singular values below the root of rounding is found by QR, and lost to Cholesky; weights too long for the rounding of rows are not taken. */
static void small_singular_values(void **state)
{
    (void)state;
    double length, bound;
    const model p = powers(60, 24);
    const double qr = left_of_powers(AZ_METHOD_LM_QR, 0, &length), cholesky = left_of_powers(AZ_METHOD_LM, 0, &bound);
    if (!(qr < 1e-12) || !(cholesky > 30 * qr)) fail_msg("QR leaves %g, Cholesky %g", qr, cholesky);
    for (int m = 0; m < 2; m++) {
        const double left = left_of_powers(m ? AZ_METHOD_LM_QR : AZ_METHOD_LM, 0.5 * length, &bound);
        if (!(bound <= 0.5 * length) || !(left > qr) || !(left < 0.5 * sqrt(az_dense_dot(p.b, p.b, p.m)))) fail_msg("%g of %g, |r| = %g", bound, length, left);
    }
}

/* More columns than rows: damping picks one of many solutions, the same by both factors. */
static void wide(void **state)
{
    (void)state;
    model p = linear(11, 30), q = p;
    run u = start(AZ_METHOD_LM, &p, true, 1.2), v = start(AZ_METHOD_LM_QR, &q, true, 1.2);
    assert_int_equal(az_solver_step(u.s, u.x, u.r, u.memory), AZ_STEP_OK);
    assert_int_equal(az_solver_step(v.s, v.x, v.r, v.memory), AZ_STEP_OK);
    for (int j = 0; j < p.n; j++)
        if (!(fabs(u.x[j] - v.x[j]) <= 1e-9 * (1 + fabs(u.x[j])))) fail_msg("column %d: %.17g, %.17g", j, u.x[j], v.x[j]);
    end(&u);
    end(&v);
}

/* A solver made anew with the memory, x and r of another goes on with the same bits. */
static void memory_is_all(void **state)
{
    (void)state;
    for (int m = 0; m < AZ_N_METHOD; m++)
        for (int cut = 1; cut < 40; cut += 1 + (int)(az_rng_next(&rng) % 9)) {
            model p = rosenbrock(6), q = p;
            run u = start((az_method)m, &p, false, 1.2), v = start((az_method)m, &q, false, 0.5);
            for (int k = 0; k < cut; k++) az_solver_step(u.s, u.x, u.r, u.memory);
            memcpy(v.x, u.x, sizeof u.x);
            memcpy(v.r, u.r, sizeof u.r);
            memcpy(v.memory, u.memory, sizeof(double) * (size_t)az_solver_memory((az_method)m, p.n));
            for (int k = 0; k < 10; k++) {
                assert_int_equal(az_solver_step(u.s, u.x, u.r, u.memory), az_solver_step(v.s, v.x, v.r, v.memory));
                if (memcmp(u.x, v.x, sizeof(double) * (size_t)p.n)) fail_msg("%s cut at %d: differs %d steps later", az_method_name((az_method)m), cut, k + 1);
                assert_memory_equal(u.r, v.r, sizeof(double) * (size_t)p.m);
            }
            end(&u);
            end(&v);
        }
}

/* The minimum lies behind the wall: no accepted point does, and the residual stays finite. */
static void nan_is_rejected(void **state)
{
    (void)state;
    for (int m = 0; m < AZ_N_METHOD; m++) {
        model p = rosenbrock(6);
        p.wall = -1.1;
        run u = start((az_method)m, &p, false, 1.2);
        double first = square(&u);
        for (int k = 0; k < (m == AZ_METHOD_ADAM ? 2000 : 60); k++) {
            az_step st = az_solver_step(u.s, u.x, u.r, u.memory);
            assert_int_not_equal(st, AZ_STEP_FAILED);
            assert_true(isfinite(square(&u)) && u.x[0] < p.wall);
        }
        assert_true(square(&u) < first);
        if (!p.rejected) fail_msg("%s never met the wall", az_method_name((az_method)m));
        end(&u);
    }
}

/* A start that is not finite is left alone. */
static void nan_everywhere(void **state)
{
    (void)state;
    for (int m = 0; m < AZ_N_METHOD; m++) {
        model p = rosenbrock(4);
        p.wall = -INFINITY;
        run u = start((az_method)m, &p, false, 1.2);
        double x[N_MAX];
        memcpy(x, u.x, sizeof x);
        for (int k = 0; k < 3; k++) assert_int_equal(az_solver_step(u.s, u.x, u.r, u.memory), AZ_STEP_NONE);
        assert_memory_equal(x, u.x, sizeof(double) * (size_t)p.n);
        end(&u);
    }
}

static void jacobian_out_of_memory(void **state)
{
    (void)state;
    for (int m = 0; m < AZ_N_METHOD; m++) {
        model p = rosenbrock(4);
        p.no_memory = true;
        run u = start((az_method)m, &p, false, 1.2);
        assert_int_equal(az_solver_step(u.s, u.x, u.r, u.memory), AZ_STEP_FAILED);
        end(&u);
    }
}

static failing_allocator fail;

static void failed_allocations(void **state)
{
    (void)state;
    for (int m = 0; m < AZ_N_METHOD; m++) {
        model p = linear(20, 7);
        az_objective f = objective(&p, false);
        az_status st = AZ_ENOMEM;
        az_set_allocator(failing_alloc, &fail);
        for (long k = 0; st == AZ_ENOMEM; k++) {
            az_solver *s = NULL;
            fail = (failing_allocator){k, 0};
            st = az_solver_create(&s, (az_method)m, &f);
            assert_true((st == AZ_OK) == (s != NULL));
            az_solver_destroy(s);
            assert_int_equal(fail.alive, 0);
            assert_true(k < 40);
        }
        az_set_allocator(NULL, NULL);
        assert_int_equal(st, AZ_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minimises_linear), cmocka_unit_test(minimises_rosenbrock), cmocka_unit_test(cholesky_and_qr_agree), cmocka_unit_test(small_singular_values), cmocka_unit_test(wide),
        cmocka_unit_test(bends_pay),
        cmocka_unit_test(memory_is_all),    cmocka_unit_test(nan_is_rejected),      cmocka_unit_test(nan_everywhere),
        cmocka_unit_test(jacobian_out_of_memory), cmocka_unit_test(failed_allocations),
    };

    seed_from_environment(&rng);
    az_dense_init(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
