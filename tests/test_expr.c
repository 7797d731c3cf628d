/* test_expr.c: equal expressions are one node; folding, derivative rules, limits and printing of expression graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "expr/expr.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define X_BIT 1u
#define Y_BIT 2u

typedef struct fixture {
    az_graph g;
    int x, y, s, u, v; /* two coordinates, a scalar, trials of (x, y) and of (x) */
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    if (!f) return -1;
    az_graph_init(&f->g);
    f->x = az_graph_coord(&f->g, 0);
    f->y = az_graph_coord(&f->g, 1);
    f->s = az_graph_scalar(&f->g, 0);
    f->u = az_graph_trial(&f->g, 0, X_BIT | Y_BIT);
    f->v = az_graph_trial(&f->g, 1, X_BIT);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    az_graph_clear(&f->g);
    free(f);
    return 0;
}

static void assert_const(const az_graph *g, int node, double value)
{
    assert_true(node >= 0);
    assert_int_equal(g->node[node].op, AZ_CONST);
    assert_true(az_graph_equal(g->node[node].value, value));
}

static int num(az_graph *g, double value)
{
    return az_graph_const(g, value);
}

static void test_functions(void **state)
{
    (void)state;
    for (int f = 0; f < AZ_N_FUNC; f++) {
        const char *name = az_func_name((az_func)f);
        assert_int_equal(az_func_find(name, strlen(name)), f);
    }
    assert_int_equal(az_func_find("abs", 3), -1);
    assert_int_equal(az_func_find("sine", 3), AZ_F_SIN);
    assert_int_equal(az_func_find("si", 2), -1);
    assert_string_equal(az_func_name(AZ_N_FUNC), "unknown");
    assert_true(isnan(az_func_value(AZ_N_FUNC, 1)));
    /* sin^2 + cos^2 = 1, cosh^2 - sinh^2 = 1, f(f^-1(x)) = x, expm1 = exp - 1, d erf(0) = 2/sqrt(pi) */
    const double x = 0.375, tol = 8 * 2.3e-16;
    static const az_func pair[][2] = {{AZ_F_EXP, AZ_F_LOG},   {AZ_F_EXPM1, AZ_F_LOG1P}, {AZ_F_SIN, AZ_F_ASIN},  {AZ_F_COS, AZ_F_ACOS},
                                      {AZ_F_TAN, AZ_F_ATAN}, {AZ_F_SINH, AZ_F_ASINH},  {AZ_F_TANH, AZ_F_ATANH}};
    for (size_t i = 0; i < sizeof pair / sizeof *pair; i++)
        assert_true(fabs(az_func_value(pair[i][0], az_func_value(pair[i][1], x)) - x) <= tol);
    assert_true(fabs(pow(az_func_value(AZ_F_SIN, x), 2) + pow(az_func_value(AZ_F_COS, x), 2) - 1) <= tol);
    assert_true(fabs(pow(az_func_value(AZ_F_COSH, x), 2) - pow(az_func_value(AZ_F_SINH, x), 2) - 1) <= tol);
    assert_true(fabs(az_func_value(AZ_F_EXP, x) - 1 - az_func_value(AZ_F_EXPM1, x)) <= tol);
    assert_true(fabs(pow(az_func_value(AZ_F_SQRT, x), 2) - x) <= tol);
    assert_true(fabs(az_func_value(AZ_F_ERF, 1e-9) / 1e-9 - 2 / sqrt(acos(-1))) <= 1e-15);
}

static void test_sharing(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    int a = az_graph_binary(g, AZ_ADD, f->x, f->u), n = g->n;
    assert_int_equal(az_graph_binary(g, AZ_ADD, f->x, f->u), a);
    assert_int_equal(az_graph_binary(g, AZ_ADD, f->u, f->x), a);
    assert_int_equal(g->n, n);
    int m = az_graph_binary(g, AZ_MUL, f->s, f->u);
    assert_int_equal(az_graph_binary(g, AZ_MUL, f->u, f->s), m);
    assert_int_not_equal(az_graph_binary(g, AZ_SUB, f->x, f->u), az_graph_binary(g, AZ_SUB, f->u, f->x));
    assert_int_not_equal(az_graph_binary(g, AZ_DIV, f->x, f->u), az_graph_binary(g, AZ_DIV, f->u, f->x));
    assert_int_equal(az_graph_func(g, AZ_F_SIN, a), az_graph_func(g, AZ_F_SIN, a));
    assert_int_not_equal(az_graph_func(g, AZ_F_SIN, a), az_graph_func(g, AZ_F_COS, a));
    assert_int_not_equal(num(g, 0.0), num(g, -0.0));
    assert_int_equal(num(g, NAN), num(g, NAN));
    assert_true(az_graph_equal(NAN, NAN));
    assert_false(az_graph_equal(0.0, -0.0));
    assert_int_equal(az_graph_coord(g, 1), f->y);
    assert_int_equal(az_graph_scalar(g, 0), f->s);
    assert_int_equal(az_graph_trial(g, 1, X_BIT), f->v);
}

static void test_folding(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    assert_const(g, az_graph_binary(g, AZ_ADD, num(g, 2), num(g, 3)), 5);
    assert_const(g, az_graph_binary(g, AZ_SUB, num(g, 2), num(g, 3)), -1);
    assert_const(g, az_graph_binary(g, AZ_MUL, num(g, 2), num(g, 3)), 6);
    assert_const(g, az_graph_binary(g, AZ_DIV, num(g, 3), num(g, 2)), 1.5);
    assert_const(g, az_graph_binary(g, AZ_POW, num(g, -2), num(g, 3)), -8);
    assert_const(g, az_graph_neg(g, num(g, 2)), -2);
    assert_const(g, az_graph_neg(g, num(g, 0)), -0.0);
    assert_const(g, az_graph_func(g, AZ_F_EXP, num(g, 0)), 1);
    assert_int_equal(az_graph_binary(g, AZ_ADD, f->u, num(g, 0)), f->u);
    assert_int_equal(az_graph_binary(g, AZ_ADD, num(g, -0.0), f->u), f->u);
    assert_int_equal(az_graph_binary(g, AZ_SUB, f->u, num(g, 0)), f->u);
    assert_int_equal(az_graph_binary(g, AZ_SUB, num(g, 0), f->u), az_graph_neg(g, f->u));
    assert_int_equal(az_graph_binary(g, AZ_MUL, f->u, num(g, 1)), f->u);
    assert_int_equal(az_graph_binary(g, AZ_MUL, num(g, 1), f->u), f->u);
    assert_const(g, az_graph_binary(g, AZ_MUL, f->u, num(g, 0)), 0);
    assert_const(g, az_graph_binary(g, AZ_MUL, num(g, 0), f->u), 0);
    assert_int_equal(az_graph_binary(g, AZ_DIV, f->u, num(g, 1)), f->u);
    assert_int_equal(az_graph_binary(g, AZ_POW, f->u, num(g, 1)), f->u);
    assert_const(g, az_graph_binary(g, AZ_POW, f->u, num(g, 0)), 1);
    assert_int_equal(az_graph_neg(g, az_graph_neg(g, f->u)), f->u);
}

/* A constant that is no finite number stays an operation, so that no NaN hides in the graph. */
static void test_no_infinite_constants(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    assert_int_equal(g->node[az_graph_binary(g, AZ_DIV, num(g, 1), num(g, 0))].op, AZ_DIV);
    assert_int_equal(g->node[az_graph_func(g, AZ_F_LOG, num(g, -1))].op, AZ_FUNC);
    assert_int_equal(g->node[az_graph_binary(g, AZ_POW, num(g, -1), num(g, 0.5))].op, AZ_POW);
}

static void test_power(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    assert_int_equal(g->node[az_graph_binary(g, AZ_POW, f->u, num(g, -0.5))].op, AZ_POW);
    int e = az_graph_binary(g, AZ_POW, f->u, f->s);
    int by_hand = az_graph_func(g, AZ_F_EXP, az_graph_binary(g, AZ_MUL, f->s, az_graph_func(g, AZ_F_LOG, f->u)));
    assert_int_equal(e, by_hand);
    for (int i = 0; i < g->n; i++)
        if (g->node[i].op == AZ_POW) assert_int_equal(g->node[g->node[i].b].op, AZ_CONST);
}

static void test_dependence(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    az_point p = {{3, -0.0, 5, 7}};

    assert_int_equal(g->node[az_graph_binary(g, AZ_MUL, f->v, f->y)].deps, X_BIT | Y_BIT);
    assert_int_equal(g->node[f->s].deps, 0);
    assert_int_equal(g->node[az_graph_d(g, f->u, 1)].deps, X_BIT | Y_BIT);
    int at = az_graph_at(g, f->v, &p);
    assert_int_equal(g->node[at].deps, 0);
    const az_point *q = &g->point[g->node[at].index];
    assert_true(q->x[0] == 3 && q->x[1] == 0 && q->x[2] == 0 && q->x[3] == 0);
    p.x[1] = 11;
    assert_int_equal(az_graph_at(g, f->v, &p), at); /* v does not see y */
    assert_int_not_equal(az_graph_at(g, f->u, &p), az_graph_at(g, f->u, &(az_point){{3}}));
    assert_int_equal(az_graph_at(g, f->s, &p), f->s);
    assert_int_equal(az_graph_at(g, at, &p), at);
    assert_const(g, az_graph_at(g, f->y, &p), 11);
    assert_int_equal(az_graph_at(g, f->v, &(az_point){{0}}), az_graph_at(g, f->v, &(az_point){{-0.0}}));
    assert_const(g, az_graph_at(g, f->x, &(az_point){{-0.0}}), 0);
}

static void test_derivatives(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    assert_const(g, az_graph_d(g, num(g, 3), 0), 0);
    assert_const(g, az_graph_d(g, f->s, 0), 0);
    assert_const(g, az_graph_d(g, f->v, 1), 0);
    assert_const(g, az_graph_d(g, f->x, 0), 1);
    assert_const(g, az_graph_d(g, f->x, 1), 0);
    assert_const(g, az_graph_d(g, az_graph_at(g, f->u, &(az_point){{0}}), 0), 0);
    int xy = az_graph_d(g, az_graph_d(g, f->u, 0), 1), yx = az_graph_d(g, az_graph_d(g, f->u, 1), 0);
    assert_int_equal(xy, yx);
    int order[4][3] = {{0, 0, 1}, {0, 1, 0}, {1, 0, 0}, {1, 0, 0}}, first = -1;
    for (int i = 0; i < 4; i++) {
        int a = f->u;
        for (int k = 0; k < 3; k++) a = az_graph_d(g, a, order[i][k]);
        if (i == 0) first = a;
        assert_int_equal(a, first);
    }
}

static void test_nonlocal(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    int h = az_graph_hilbert(g, f->v);
    assert_int_equal(az_graph_d(g, h, 0), az_graph_hilbert(g, az_graph_d(g, f->v, 0)));
    assert_int_equal(az_graph_d(g, az_graph_hilbert(g, h), 0), az_graph_hilbert(g, az_graph_hilbert(g, az_graph_d(g, f->v, 0))));
    assert_int_equal(az_graph_d(g, az_graph_primitive(g, f->v), 0), f->v);
    assert_int_equal(az_graph_d(g, az_graph_hilbert(g, az_graph_primitive(g, f->v)), 0), h);
    assert_const(g, az_graph_hilbert(g, f->s), 0);
    assert_int_equal(az_graph_primitive(g, f->s), az_graph_binary(g, AZ_MUL, f->s, f->x));
    assert_const(g, az_graph_primitive(g, num(g, 0)), 0);
}

static void test_errors_nest(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    int n = g->n;

    assert_int_equal(az_graph_binary(g, AZ_ADD, -1, f->x), -1);
    assert_int_equal(az_graph_binary(g, AZ_POW, f->x, -1), -1);
    assert_int_equal(az_graph_neg(g, az_graph_func(g, AZ_F_SIN, az_graph_d(g, -1, 0))), -1);
    assert_int_equal(az_graph_at(g, az_graph_hilbert(g, az_graph_primitive(g, -1)), &(az_point){{0}}), -1);
    assert_int_equal(g->n, n);
}

static void test_queries(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    unsigned char order[64], uses[64];
    signed char parity[64];
    const signed char trial_parity[] = {-1, 1};

    int uxy = az_graph_d(g, az_graph_d(g, f->u, 0), 1), h = az_graph_hilbert(g, f->v), p = az_graph_primitive(g, h);
    int sum = az_graph_binary(g, AZ_ADD, uxy, az_graph_d(g, az_graph_binary(g, AZ_MUL, f->u, az_graph_d(g, f->u, 0)), 0));
    int even = az_graph_binary(g, AZ_MUL, f->u, f->x), mixed = az_graph_binary(g, AZ_ADD, f->x, f->v);
    int odd_power = az_graph_binary(g, AZ_POW, f->x, num(g, -3)), sine = az_graph_func(g, AZ_F_SIN, f->u), exponential = az_graph_func(g, AZ_F_EXP, f->u);
    int du = az_graph_d(g, f->u, 0);
    assert_true(g->n <= 64);

    az_expr_orders(order, g, 0, -1);
    assert_int_equal(order[sum], 2);
    assert_int_equal(order[f->u], 0);
    assert_int_equal(order[f->v], AZ_NO_TRIAL);
    assert_int_equal(order[p], AZ_NO_TRIAL);
    az_expr_orders(order, g, 0, 1);
    assert_int_equal(order[sum], 1);
    az_expr_operators(uses, g);
    assert_int_equal(uses[f->v], 0);
    assert_int_equal(uses[h], AZ_USES_HILBERT);
    assert_int_equal(uses[p], AZ_USES_HILBERT | AZ_USES_PRIMITIVE);
    az_expr_parities(parity, g, 0, trial_parity);
    assert_int_equal(parity[f->x], -1);
    assert_int_equal(parity[f->y], 1);
    assert_int_equal(parity[even], 1);
    assert_int_equal(parity[mixed], 0);
    assert_int_equal(parity[odd_power], -1);
    assert_int_equal(parity[sine], -1);
    assert_int_equal(parity[exponential], 0);
    assert_int_equal(parity[h], -1);
    assert_int_equal(parity[p], 1);
    assert_int_equal(parity[du], 1);
    assert_int_equal(parity[uxy], 1);
}

static const char *leaf(const void *data, az_op op, int index)
{
    static const char *const name[3][2] = {{"x", "y"}, {"s", "t"}, {"u", "v"}};

    (void)data;
    return name[op - AZ_COORD][index];
}

static void assert_prints(const az_graph *g, int node, const char *expected)
{
    const az_expr_names names = {.dim = 2, .leaf = leaf};
    az_text t = {0};

    az_expr_print(&t, g, node, &names, 1000);
    assert_false(t.failed);
    assert_string_equal(t.s, expected);
    az_text_clear(&t);
}

static void test_print(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    int sum = az_graph_binary(g, AZ_ADD, f->x, f->y), product = az_graph_binary(g, AZ_MUL, f->x, f->y), square = az_graph_binary(g, AZ_POW, f->x, num(g, 2));

    assert_prints(g, az_graph_binary(g, AZ_SUB, f->s, sum), "s - (x + y)");
    assert_prints(g, az_graph_binary(g, AZ_SUB, sum, f->s), "x + y - s");
    assert_prints(g, az_graph_binary(g, AZ_MUL, f->s, sum), "s*(x + y)");
    assert_prints(g, az_graph_binary(g, AZ_DIV, f->s, product), "s/(x*y)");
    assert_prints(g, az_graph_binary(g, AZ_DIV, product, f->s), "x*y/s");
    assert_prints(g, az_graph_neg(g, square), "-x^2");
    assert_prints(g, az_graph_binary(g, AZ_POW, az_graph_neg(g, f->x), num(g, 2)), "(-x)^2");
    assert_prints(g, az_graph_binary(g, AZ_POW, square, num(g, -0.5)), "(x^2)^-0.5");
    assert_prints(g, az_graph_binary(g, AZ_MUL, num(g, -3), f->x), "-3*x");
    assert_prints(g, az_graph_binary(g, AZ_MUL, f->x, num(g, -3)), "-3*x"); /* the node that is there already */
    assert_prints(g, az_graph_binary(g, AZ_MUL, f->y, num(g, -3)), "y*(-3)");
    assert_prints(g, az_graph_d(g, az_graph_d(g, f->u, 1), 0), "d(u, x, y)");
    assert_prints(g, az_graph_at(g, f->u, &(az_point){{0, -1}}), "u@(0, -1)");
    assert_prints(g, az_graph_at(g, sum, &(az_point){{0, 0.1}}), "(x + y)@(0, 0.1)");
    assert_prints(g, az_graph_primitive(g, az_graph_hilbert(g, f->v)), "primitive(hilbert(v))");
    assert_prints(g, az_graph_func(g, AZ_F_TANH, sum), "tanh(x + y)");
}

static void test_numbers(void **state)
{
    static const double ugly[] = {0, -0.0, 1, -1, 0.1, 1.0 / 3, 1e22, 1e23, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 123456789012345680.0};
    char buffer[32];
    az_rng rng;

    (void)state;
    for (size_t i = 0; i < sizeof ugly / sizeof *ugly; i++) {
        az_expr_number(buffer, ugly[i]);
        assert_true(az_graph_equal(strtod(buffer, NULL), ugly[i]));
    }
    az_rng_seed(&rng, 1);
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = az_rng_next(&rng);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        az_expr_number(buffer, v);
        assert_true(strlen(buffer) < sizeof buffer);
        assert_true(az_graph_equal(strtod(buffer, NULL), v));
    }
    az_expr_number(buffer, 0.1);
    assert_string_equal(buffer, "0.1");
    az_expr_number(buffer, -INFINITY);
    assert_string_equal(buffer, "-inf");
    az_expr_number(buffer, NAN);
    assert_string_equal(buffer, "nan");
}

static void test_number_in_other_locale(void **state)
{
    char buffer[32];

    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) skip();
    az_expr_number(buffer, 0.5);
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(buffer, "0.5");
}

/* A chain of 200000 nodes and a tower that doubles its text with each node: no recursion, and a bounded text. */
static void test_deep(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    const az_expr_names names = {.dim = 2, .leaf = leaf};
    az_text t = {0};
    int a = f->x, b = f->x;

    for (int i = 0; i < 200000; i++) a = az_graph_func(g, AZ_F_SIN, a);
    assert_true(a >= 0);
    az_expr_print(&t, g, a, &names, 1000);
    assert_false(t.failed);
    assert_true(t.n <= 1003 && !strcmp(t.s + t.n - 3, "..."));
    az_text_clear(&t);
    for (int i = 0; i < 60; i++) b = az_graph_binary(g, AZ_MUL, b, b);
    az_expr_print(&t, g, b, &names, 1000);
    assert_true(t.n <= 1003 && !strcmp(t.s + t.n - 3, "..."));
    az_text_clear(&t);
}

static void test_limits(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;
    int a = f->x;

    while (g->n < AZ_MAX_NODES) a = az_graph_func(g, AZ_F_COS, a);
    assert_true(a >= 0);
    assert_int_equal(az_graph_func(g, AZ_F_SIN, a), -1);
    assert_int_equal(g->status, AZ_ELIMIT);
    assert_int_equal(az_graph_coord(g, 0), f->x); /* what is there is still found */
}

static void test_point_limit(void **state)
{
    fixture *f = *state;
    az_graph *g = &f->g;

    for (int i = 0; i < AZ_MAX_POINTS; i++) assert_true(az_graph_at(g, f->v, &(az_point){{i}}) >= 0);
    assert_int_equal(az_graph_at(g, f->v, &(az_point){{AZ_MAX_POINTS}}), -1);
    assert_int_equal(g->status, AZ_ELIMIT);
}

typedef struct counter {
    long calls, fail_at, live;
} counter;

static void *count_alloc(void *data, void *p, size_t bytes)
{
    counter *c = data;

    if (!bytes) {
        c->live--;
        free(p);
        return NULL;
    }
    if (++c->calls == c->fail_at) return NULL;
    void *q = realloc(p, bytes);
    if (q && !p) c->live++;
    return q;
}

static bool build(az_text *t)
{
    const az_expr_names names = {.dim = 1, .leaf = leaf};
    az_graph g;

    az_graph_init(&g);
    int a = az_graph_coord(&g, 0);
    for (int i = 1; i < 200; i++) {
        int b = az_graph_binary(&g, AZ_ADD, a, az_graph_func(&g, AZ_F_SIN, a));
        a = az_graph_binary(&g, AZ_MUL, b, az_graph_at(&g, b, &(az_point){{i}}));
    }
    assert_int_equal(g.status, a < 0 ? AZ_ENOMEM : AZ_OK);
    if (a >= 0) az_expr_print(t, &g, a, &names, 4000);
    az_graph_clear(&g);
    return a >= 0 && !t->failed;
}

static void test_allocation_failures(void **state)
{
    counter c = {0};
    bool ok = false;

    (void)state;
    az_set_allocator(count_alloc, &c);
    for (long k = 1; !ok; k++) {
        az_text t = {0};
        c = (counter){.fail_at = k};
        ok = build(&t);
        az_text_clear(&t);
        assert_int_equal(c.live, 0);
        assert_true(ok == (c.calls < k));
    }
    az_set_allocator(NULL, NULL);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_functions), T(test_sharing), T(test_folding), T(test_no_infinite_constants), T(test_power), T(test_dependence), T(test_derivatives),
        T(test_nonlocal), T(test_errors_nest), T(test_queries), T(test_print), T(test_numbers), T(test_number_in_other_locale), T(test_deep),
        T(test_limits), T(test_point_limit), cmocka_unit_test(test_allocation_failures),
    };

    return cmocka_run_group_tests_name("expr", tests, NULL, NULL);
}
