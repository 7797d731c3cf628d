/* A state owns what it holds, grows without losing anything, and prints no digit that its error does not support. */
#include "synthetic.h"
#include "testing.h"

#include <float.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void test_create(void **state)
{
    az_result *r = NULL;
    az_problem *p = parse(line_text);
    double error = 0;

    (void)state;
    assert_int_equal(az_state_create(&r, p), AZ_OK);
    assert_ptr_equal(az_result_problem(r), p);
    assert_int_equal(az_result_stop(r), AZ_STOP_RUNNING);
    assert_int_equal(az_result_iterations(r), 0);
    assert_true(az_result_unknown(r, 0, &error) == 1.0 && isnan(error));
    assert_true(az_result_unknown(r, 1, NULL) == 2.0);
    assert_true(isnan(az_result_unknown(r, 2, &error)) && isnan(az_result_unknown(r, -1, NULL)));
    assert_int_equal(az_result_evidence(r).tier, AZ_TIER_NONE);
    assert_true(isnan(az_result_evidence(r).trained_rms));
    assert_true(r->scalar[0] == -1 && r->scalar[1] == 1.0 / 3);
    az_result_destroy(r);
    az_result_destroy(NULL);
}

static void test_accessors(void **state)
{
    az_result *r = synthetic_result(line_text, &(az_setting){"a", 0.3}, 1, 30, 50);
    double error = 0;

    (void)state;
    assert_non_null(r);
    assert_true(az_result_unknown(r, 0, &error) == 0.60573370120321 && error == 3.2e-13);
    assert_true(r->scalar[0] == 0.3);
    assert_int_equal(az_result_hash(r), 0x0123456789abcdefu);
    assert_int_equal(az_result_options(r)->points, 240);
    assert_true(az_result_seconds(r) == 12.34);
    assert_int_equal(az_result_evidence(r).points, 4001);
    az_result_destroy(r);
}

/* Matrices and biases of the hidden layers, matrix of the output. */
static void test_count(void **state)
{
    az_network net = {.n_layers = 2, .width = {3, 5, 7, 1}};

    (void)state;
    assert_int_equal(az_network_count(&net), 3 * 5 + 5 + 5 * 7 + 7 + 7);
    net = (az_network){.n_layers = 0, .width = {4, 1}};
    assert_int_equal(az_network_count(&net), 4);
    net = (az_network){.n_layers = 2, .width = {2, 50000, 50000, 1}};
    assert_int_equal(az_network_count(&net), -1);
    net = (az_network){.n_layers = 1, .width = {INT_MAX, INT_MAX, 1}};
    assert_int_equal(az_network_count(&net), -1);
    net = (az_network){.n_layers = 1, .width = {2, 0, 1}};
    assert_int_equal(az_network_count(&net), -1);
    net.n_layers = AZ_MAX_LAYERS + 1;
    assert_int_equal(az_network_count(&net), -1);
    net.n_layers = -1;
    assert_int_equal(az_network_count(&net), -1);
}

static void test_add_stage(void **state)
{
    static const int good[] = {4, 6}, zero[] = {4, 0}, huge[] = {100000, 100000};
    az_result *r = NULL;

    (void)state;
    assert_int_equal(az_state_create(&r, parse(line_text)), AZ_OK);
    assert_int_equal(az_state_add_stage(r, 0, 2, zero, AZ_ACT_TANH, 1), AZ_EOPTION);
    assert_int_equal(az_state_add_stage(r, 0, -1, good, AZ_ACT_TANH, 1), AZ_EOPTION);
    assert_int_equal(az_state_add_stage(r, 0, 2, huge, AZ_ACT_TANH, 1), AZ_ELIMIT);
    assert_int_equal(az_state_add_stage(r, 0, AZ_MAX_LAYERS + 1, good, AZ_ACT_TANH, 1), AZ_ELIMIT);
    assert_int_equal(r->trial[0].n_stages, 0);
    for (int k = 0; k < AZ_MAX_STAGES; k++) assert_int_equal(az_state_add_stage(r, 0, 2, good, AZ_ACT_SINE, 0.1), AZ_OK);
    assert_int_equal(az_state_add_stage(r, 0, 2, good, AZ_ACT_SINE, 0.1), AZ_ELIMIT);
    const az_network *net = &r->trial[0].stage[AZ_MAX_STAGES - 1];
    assert_int_equal(net->n_weights, 2 * 4 + 4 + 4 * 6 + 6 + 6);
    assert_int_equal(net->width[0], 2);
    assert_int_equal(net->width[3], 1);
    for (int i = 0; i < net->n_weights; i++) assert_true(net->weight[i] == 0);
    az_result_destroy(r);
}

/* Row i comes back as it went in, over several enlargements. */
static void test_history(void **state)
{
    az_result *r = NULL;

    (void)state;
    assert_int_equal(az_state_create(&r, parse(line_text)), AZ_OK);
    for (int i = 0; i < 1000; i++) {
        const double unknown[2] = {i, -i};
        assert_int_equal(az_history_add(&r->history, i, i / 100, i + 0.5, i + 0.25, i + 0.125, unknown), AZ_OK);
    }
    assert_int_equal(r->history.n, 1000);
    for (int i = 0; i < 1000; i++) {
        const az_history *h = &r->history;
        assert_true(h->iteration[i] == i && h->stage[i] == i / 100 && h->rms[i] == i + 0.5 && h->check[i] == i + 0.25 && h->seconds[i] == i + 0.125);
        assert_true(h->unknown[2 * i] == i && h->unknown[2 * i + 1] == -i);
    }
    r->history.n = r->history.cap = INT_MAX / 2 + 1;
    assert_int_equal(az_history_add(&r->history, 0, 0, 0, 0, 0, (double[]){0, 0}), AZ_ELIMIT);
    r->history.n = r->history.cap = 0;
    az_result_destroy(r);
}

/* A failed enlargement leaves the rows as they were, and a later one succeeds. */
static void test_history_without_memory(void **state)
{
    failing_allocator f = {-1, 0};
    az_history h = {0};

    (void)state;
    az_set_allocator(failing_alloc, &f);
    h.n_unknowns = 1;
    for (int i = 0; i < 300; i++) {
        az_status st = AZ_ENOMEM;
        for (long k = 0; st; k++) {
            f.calls_left = k;
            st = az_history_add(&h, i, 1, i, i, i, &(double){i});
            assert_true(st == AZ_OK || st == AZ_ENOMEM);
            assert_int_equal(h.n, i + !st);
        }
    }
    for (int i = 0; i < 300; i++) assert_true(h.iteration[i] == i && h.rms[i] == i && h.unknown[i] == i);
    f.calls_left = -1;
    az_result *r = az_calloc(1, sizeof *r);
    r->history = h;
    az_result_destroy(r);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

/* Each allocation fails in turn: nothing is lost, nothing is kept. */
static void test_every_allocation(void **state)
{
    failing_allocator f = {-1, 0};
    az_result *r = NULL;
    long k = 0;

    (void)state;
    az_set_allocator(failing_alloc, &f);
    for (; !r; k++) {
        f.calls_left = k;
        r = synthetic_result(line_text, NULL, 0, 100, 40);
        if (!r) assert_int_equal(f.alive, 0);
        assert_true(k < 100000);
    }
    assert_true(k > 20);
    az_result_destroy(r);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

static void test_digits(void **state)
{
    static const struct {
        double value, error;
        const char *text;
    } c[] = {
        {0.6057337012032, 4e-13, "0.6057337012032(4)"}, {0.60573370120321, 3.5e-13, "0.6057337012032(4)"}, {0.3, 2, "0(3)"},
        {0, 0, "0"}, {0, 1e-30, "0(1)e-30"}, {0.5, 0, "0.50000000000000000(6)"}, {1.5, 9.7e-5, "1.5000(1)"}, {12345, 700, "1.23(8)e+04"},
        {9.9999e-7, 1e-9, "1.000(2)e-06"}, {-1.0286, 5e-5, "-1.02860(5)"}, {6.02e23, 1e20, "6.020(1)e+23"}, {2, NAN, "2(?)"},
        {0.60573370120321, NAN, "0.61(?)"}, {1, INFINITY, "not determined"}, {1, -1, "1(?)"}, {NAN, 1, "none"}, {INFINITY, 1, "inf(?)"},
    };
    char s[48];

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
        az_format_unknown(s, c[i].value, c[i].error);
        assert_string_equal(s, c[i].text);
    }
}

/* What is printed, within its printed error, contains value +- error; and the buffer is never overrun. */
static void test_digits_are_honest(void **state)
{
    az_rng g;
    struct {
        char s[48], guard[8];
    } b;

    (void)state;
    az_rng_seed(&g, 20240601);
    for (int i = 0; i < 200000; i++) {
        const double value = az_rng_normal(&g) * pow(10, 40 * az_rng_uniform(&g) - 20);
        const double error = pow(10, 60 * az_rng_uniform(&g) - 40);
        memcpy(b.guard, "guarded", 8);
        az_format_unknown(b.s, value, error);
        assert_string_equal(b.guard, "guarded");
        char head[48], *open = strchr(b.s, '('), *close = strchr(b.s, ')');
        assert_non_null(open);
        assert_true(close == open + 2);
        snprintf(head, sizeof head, "%.*s%s", (int)(open - b.s), b.s, close + 1);
        char *dot = memchr(b.s, '.', (size_t)(open - b.s)), *e = strchr(close, 'e');
        const int decade = (e ? atoi(e + 1) : 0) - (dot ? (int)(open - dot) - 1 : 0);
        const double bound = (open[1] - '0') * pow(10, decade);
        assert_true(fabs(strtod(head, NULL) - value) + error <= bound * (1 + 1e-9) + 2 * DBL_EPSILON * fabs(value));
        assert_true(bound <= fmax(20 * error, 20 * DBL_EPSILON * fabs(value)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create), cmocka_unit_test(test_accessors), cmocka_unit_test(test_count), cmocka_unit_test(test_add_stage),
        cmocka_unit_test(test_history), cmocka_unit_test(test_history_without_memory), cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_digits), cmocka_unit_test(test_digits_are_honest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
