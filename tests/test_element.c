/* element: the solver's basis and the verifier's give the same jets; the reverse sweep gives what one weight adds; neighbours share derivatives; parity holds
 * on both sides of 0 and there is no knot; a fit returns what is in the space, on a finer mesh too; solves from zero and polished networks reach
 * exact unknowns within the printed errors, and the two agree.
 *
 * AZ_SEED in the environment replays a run. */
#include "residual/program.h"
#include "solve/run.h"
#include "trial/element.h"
#include "verify/spline.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RATIO 1e4 /* of an error to eps: degrees to 22, derivatives to order 4 in s */
#define ORDER 4
#define B AZ_LANES

static az_rng rng;

static const double edges[] = {0, 0.3, 0.5, 1.1, 2.3}, whole[] = {-2.3, -0.7, 0.1, 0.4, 1.9};

/* Every kind of mesh in turn; weights random. */
static az_network make(int kind, int smooth)
{
    static const struct {
        az_parity parity;
        int periodic;
        double length;
    } kinds[] = {{AZ_NO_PARITY, 0, 0}, {AZ_EVEN, 0, 0}, {AZ_ODD, 0, 2}, {AZ_NO_PARITY, 1, 0}, {AZ_EVEN, 0, 1}, {AZ_NO_PARITY, 0, 0.5}};
    const double *e = kinds[kind].parity ? edges : whole;
    az_network net = {.space = AZ_SPACE_ELEMENT, .scale = 1, .width = {1, 1}};

    net.mesh = (az_mesh){.n_edges = 5, .edge = az_doubles(5), .degree = 13 + smooth, .centre = 22, .smooth = smooth, .parity = kinds[kind].parity,
                         .periodic = kinds[kind].periodic, .length = kinds[kind].length};
    memcpy(net.mesh.edge, e, sizeof edges);
    net.n_weights = az_network_count(&net);
    assert_true(net.n_weights > 0);
    net.weight = az_doubles((size_t)net.n_weights);
    for (int i = 0; i < net.n_weights; i++) net.weight[i] = az_rng_normal(&rng);
    return net;
}

#define N_KINDS 6
#define EACH_MESH(kind, smooth) \
    for (int kind = 0; kind < N_KINDS; kind++) \
        for (int smooth = 1; smooth <= 4; smooth++)

/* out[order+1][B] of the elements at x[B]; column as in az_element_reverse with `seed`, or NULL */
static void sweep(const az_network *net, int order, double *out, const double *x, double *column, const double *seed)
{
    az_layout l;
    double *p[ORDER + 1], *s[ORDER + 1];
    assert_int_equal(az_layout_total(&l, 1, order), AZ_OK);
    double *work = az_doubles(az_element_work(net, &l));
    for (int c = 0; c <= order; c++) p[c] = out + c * B, s[c] = (double *)seed + (seed ? c * B : 0);
    az_element_forward(net, &l, p, x, work);
    if (column) az_element_reverse(net, &l, column, B, B, s, work);
    az_doubles_free(work);
}

static void points(double *x)
{
    const double special[] = {0, 1e-9, -1e-9, 0.3, -0.3, 2.3, -2.3, 1.9, 5, -5};
    for (int i = 0; i < B; i++) x[i] = i < 10 ? special[i] : 6 * az_rng_uniform(&rng) - 3;
}

static void same_as_verifier(void **state)
{
    (void)state;
    az_taylor t;
    double *x = az_doubles(B), *out = az_doubles((ORDER + 1) * B);
    assert_int_equal(az_taylor_init(&t, 1, ORDER), AZ_OK);
    EACH_MESH(kind, smooth)
    {
        az_network net = make(kind, smooth);
        az_num *w = az_alloc_array((size_t)net.n_weights, sizeof *w);
        for (int i = 0; i < net.n_weights; i++) w[i] = net.weight[i];
        points(x);
        sweep(&net, ORDER, out, x, NULL, NULL);
        for (int i = 0; i < B; i++) {
            az_num y[ORDER + 1] = {0};
            az_spline_add(&t, ORDER, y, &net, w, x[i]);
            for (int c = 0; c <= ORDER; c++) {
                double size = pow(300, c); /* n^2 / (half the least width) per derivative: Markov */
                if (!(fabs(out[c * B + i] - creal(y[c])) <= RATIO * DBL_EPSILON * size))
                    fail_msg("kind %d smooth %d x %.17g coefficient %d: %.17g, verifier %.17g", kind, smooth, x[i], c, out[c * B + i], creal(y[c]));
            }
        }
        az_free(w);
        az_network_clear(&net);
    }
    az_taylor_clear(&t);
    az_doubles_free(x);
    az_doubles_free(out);
}

static void reverse_is_one_weight(void **state)
{
    (void)state;
    double *x = az_doubles(B), *out = az_doubles((ORDER + 1) * B), *seed = az_doubles((ORDER + 1) * B);
    EACH_MESH(kind, smooth)
    {
        az_network net = make(kind, smooth);
        double *column = az_doubles((size_t)net.n_weights * B);
        for (int i = 0; i < net.n_weights * B; i++) column[i] = NAN;
        for (int i = 0; i < (ORDER + 1) * B; i++) seed[i] = az_rng_normal(&rng);
        points(x);
        sweep(&net, ORDER, out, x, column, seed);
        for (int w = 0; w < net.n_weights; w++) {
            memset(net.weight, 0, sizeof *net.weight * (size_t)net.n_weights);
            net.weight[w] = 1;
            sweep(&net, ORDER, out, x, NULL, NULL);
            for (int i = 0; i < B; i++) {
                double sum = 0, size = 0;
                for (int c = 0; c <= ORDER; c++) sum += seed[c * B + i] * out[c * B + i], size += fabs(seed[c * B + i]) * (fabs(out[c * B + i]) + pow(30, c));
                if (!(fabs(sum - column[w * B + i]) <= 32 * DBL_EPSILON * size)) fail_msg("kind %d smooth %d weight %d lane %d", kind, smooth, w, i);
            }
        }
        az_doubles_free(column);
        az_network_clear(&net);
    }
    az_doubles_free(x);
    az_doubles_free(out);
    az_doubles_free(seed);
}

/* f(-x) = parity f(x); coefficients below `smooth` agree on both sides of an edge, and at the ends of a ring */
static void shared_and_symmetric(void **state)
{
    (void)state;
    EACH_MESH(kind, smooth)
    {
        az_network net = make(kind, smooth);
        net.mesh.length = 0;
        for (int e = 1; e < 4; e++) {
            double z[2] = {nextafter(net.mesh.edge[e], -9), net.mesh.edge[e]}, v[2 * ORDER];
            assert_int_equal(az_element_series(&net, v, z, 2, smooth - 1), AZ_OK);
            for (int c = 0; c < smooth; c++) assert_true(fabs(v[c] - v[smooth + c]) <= RATIO * DBL_EPSILON * pow(300, c));
        }
        double z[2] = {0.77, -0.77}, v[2 * ORDER];
        if (net.mesh.periodic) z[0] = net.mesh.edge[0], z[1] = net.mesh.edge[4];
        assert_int_equal(az_element_series(&net, v, z, 2, smooth - 1), AZ_OK);
        for (int c = 0; c < smooth && (net.mesh.periodic || net.mesh.parity); c++) {
            double sign = net.mesh.periodic ? 1 : net.mesh.parity * (c % 2 ? -1 : 1);
            assert_true(fabs(v[c] - sign * v[smooth + c]) <= RATIO * DBL_EPSILON * pow(300, c));
        }
        az_network_clear(&net);
    }
}

/* Samples of f fitted into g: the same function. */
static double refit(const az_network *f, az_network *g)
{
    int n = az_element_n_samples(&g->mesh), k = f->mesh.smooth;
    double *z = az_doubles((size_t)n), *v = az_doubles((size_t)(n * k)), *w = az_doubles((size_t)(n * k)), worst = 0;
    az_element_samples(&g->mesh, z);
    assert_int_equal(az_element_series(f, v, z, n, k - 1), AZ_OK);
    assert_int_equal(az_element_fit(g, v), AZ_OK);
    assert_int_equal(az_element_series(g, w, z, n, k - 1), AZ_OK);
    for (int i = 0; i < n; i++) worst = fmax(worst, fabs(v[i * k] - w[i * k]));
    az_doubles_free(z);
    az_doubles_free(v);
    az_doubles_free(w);
    return worst;
}

static void fit_returns(void **state)
{
    (void)state;
    EACH_MESH(kind, smooth)
    {
        az_network net = make(kind, smooth), fine = make(kind, smooth);
        memset(fine.weight, 0, sizeof *fine.weight * (size_t)fine.n_weights);
        assert_true(refit(&net, &fine) <= RATIO * DBL_EPSILON);
        az_network_clear(&fine);
        fine = make(kind, smooth);
        az_doubles_free(fine.weight);
        az_doubles_free(fine.mesh.edge);
        fine.mesh.edge = az_doubles(9);
        fine.mesh.n_edges = 9;
        for (int i = 0; i < 9; i++) fine.mesh.edge[i] = i % 2 ? 0.5 * (net.mesh.edge[i / 2] + net.mesh.edge[i / 2 + 1]) : net.mesh.edge[i / 2];
        fine.n_weights = az_network_count(&fine);
        fine.weight = az_doubles((size_t)fine.n_weights);
        /* the wider polynomials of the element around 0 do not fit into the halves of it */
        for (int j = 0; net.mesh.parity && j < az_mesh_n_bubbles(&net.mesh, 0); j++)
            if (2 * j + 1 + 2 * smooth > net.mesh.degree) net.weight[j] = 0;
        assert_true(refit(&net, &fine) <= RATIO * DBL_EPSILON);
        az_network_clear(&fine);
        az_network_clear(&net);
    }
}

/* Elements of a lower degree than they may have leave no tail; the two highest polynomials are the tail. */
static void tails_are_the_top(void **state)
{
    (void)state;
    EACH_MESH(kind, smooth)
    {
        az_network net = make(kind, smooth);
        double tail[4];
        for (int e = 0; e < 4; e++) {
            const int top = az_mesh_bubble(&net.mesh, e) + az_mesh_n_bubbles(&net.mesh, e);
            az_element_tails(&net, tail);
            assert_true(tail[e] > 0);
            const double all = tail[e];
            net.weight[top - 1] *= 2, net.weight[top - 2] *= 2;
            az_element_tails(&net, tail);
            assert_true(fabs(tail[e] - 2 * all) <= 16 * DBL_EPSILON * all);
            net.weight[top - 1] = net.weight[top - 2] = 0;
            az_element_tails(&net, tail);
            assert_true(tail[e] == 0);
        }
        az_network_clear(&net);
    }
}

static void bad_meshes(void **state)
{
    (void)state;
    az_network net = make(1, 2);
    const az_mesh good = net.mesh;
    assert_true(az_mesh_valid(&good));
#define REFUSED(change) \
    do { \
        az_mesh m = good; \
        m.change; \
        assert_false(az_mesh_valid(&m)); \
    } while (0)
    REFUSED(n_edges = 1);
    REFUSED(smooth = 0);
    REFUSED(smooth = AZ_MESH_MAX_SMOOTH + 1);
    REFUSED(degree = 3);
    REFUSED(degree = AZ_MESH_MAX_DEGREE + 1);
    REFUSED(centre = 4);
    REFUSED(periodic = 1);
    REFUSED(length = -1);
    REFUSED(length = NAN);
    net.mesh.edge[2] = net.mesh.edge[1];
    assert_false(az_mesh_valid(&net.mesh));
    net.mesh.edge[2] = NAN;
    assert_false(az_mesh_valid(&net.mesh));
    net.mesh.edge[2] = 0.5, net.mesh.edge[0] = 0.1;
    assert_false(az_mesh_valid(&net.mesh));
    az_network_clear(&net);
}

static az_result *solve(const az_problem *p, az_space space, int threads)
{
    az_solve_options o;
    az_result *r = NULL;
    az_error err;
    az_solve_options_init(&o);
    o.space = space;
    o.threads = threads;
    if (az_solve(&r, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    return r;
}

static void within(const az_result *r, double exact)
{
    double error, value = az_result_unknown(r, 0, &error);
    if (!(fabs(value - exact) <= 3 * error && error <= 1e-11)) fail_msg("%s: %.17g, error %.2g", r->problem->name, value, error);
}

static const struct {
    const char *problem, *parameter;
    double value, exact;
} exact[] = {{"legendre", NULL, 0, 12}, {"oscillator", NULL, 0, 0.5}, {"burgers", NULL, 0, 0.5}, {"gclm", "a", 0.5, -2.0 / 3}, {"burgers", "n", 1, 0.25}};

static void from_zero(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        az_problem *p = load_with(exact[i].problem, exact[i].parameter, exact[i].value);
        az_result *r = solve(p, AZ_SPACE_ELEMENT, 1), *s = solve(p, AZ_SPACE_ELEMENT, 2);
        az_error err;
        assert_int_equal(az_result_space(r), AZ_SPACE_ELEMENT);
        assert_int_equal(r->trial[0].n_stages, 1);
        if (az_verify(r, 1, &err)) fail_msg("%s", err.message);
        within(r, exact[i].exact);
        assert_int_equal(r->stop, AZ_STOP_TOLERANCE);
        assert_memory_equal(r->trial[0].stage[0].weight, s->trial[0].stage[0].weight, sizeof(double) * (size_t)r->trial[0].stage[0].n_weights);
        az_result_destroy(r);
        az_result_destroy(s);
        az_problem_destroy(p);
    }
}

static void polished(void **state)
{
    (void)state;
    az_error err;
    for (int i = 0; i < 5; i++) {
        az_problem *p = load_with(exact[i].problem, exact[i].parameter, exact[i].value);
        az_result *r = solve(p, AZ_SPACE_MLP, 1), *q = NULL;
        az_solve_options o;
        az_solve_options_init(&o);
        if (az_polish(&q, r, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        within(q, exact[i].exact);
        const az_cross *c = az_result_cross(q);
        assert_true(c && c->hash == r->hash && c->space == AZ_SPACE_ELEMENT && c->other_space == AZ_SPACE_MLP && q->hash != r->hash);
        assert_true(c->relative == q->evidence.reevaluated_relative && c->other_relative == r->evidence.reevaluated_relative);
        assert_int_equal(q->evidence.tier, AZ_TIER_CROSS_SOLVED);
        double error, value = az_result_unknown(q, 0, &error), other = az_result_unknown(r, 0, NULL);
        assert_true(c->unknown[0] == fabs(value - other) && error >= c->unknown[0] && error >= 4 * DBL_EPSILON * fabs(value));
        /* the other way round, and again after another verification */
        assert_null(az_result_cross(r));
        assert_int_equal(az_cross_check(r, q, 1, &err), AZ_OK);
        assert_int_equal(az_verify(r, 1, &err), AZ_OK);
        assert_int_equal(r->evidence.tier, AZ_TIER_CROSS_SOLVED);
        assert_int_equal(az_cross_check(q, q, 1, &err), AZ_EOPTION);
        az_result *again = NULL;
        assert_int_equal(az_polish(&again, q, &o, NULL, NULL, &err), AZ_OK); /* on another mesh */
        assert_int_equal(again->evidence.tier, AZ_TIER_CROSS_SOLVED);
        az_result_destroy(again);
        /* another unknown is no agreement, and the error says so */
        q->scalar[p->n_parameters] += 1e-4;
        assert_int_equal(az_cross_check(r, q, 1, &err), AZ_OK);
        assert_int_equal(r->evidence.tier, AZ_TIER_REEVALUATED);
        az_result_unknown(r, 0, &error);
        assert_true(error > 0.9e-4);
        az_result_destroy(r);
        az_result_destroy(q);
        az_problem_destroy(p);
    }
}

static void refusals(void **state)
{
    static const char high[] = "problem h \"h\"\ndomain x in [0, 1]\ntrial N(x)\nequation d(N, x, x, x, x, x, x, x) = 0\n";
    const char *texts[] = {high, NULL}, *says[] = {"derivatives to order 6", "half-plane"};
    az_solve_options o;
    az_error err;

    (void)state;
    az_solve_options_init(&o);
    o.space = AZ_SPACE_ELEMENT;
    for (int i = 0; i < 2; i++) {
        az_problem *p = NULL;
        az_result *r = NULL;
        az_status st = texts[i] ? az_problem_parse(&p, "t", texts[i], strlen(texts[i]), NULL, 0, &err) : az_problem_load(&p, "poisson", NULL, 0, &err);
        if (st) fail_msg("%s", err.message);
        assert_int_equal(az_solve(&r, p, &o, NULL, NULL, &err), AZ_EOPTION);
        if (!strstr(err.message, says[i])) fail_msg("%s", err.message);
        assert_null(r);
        az_problem_destroy(p);
    }
    az_problem *p = NULL;
    az_result *r = NULL;
    o.mode = 1;
    if (az_problem_load(&p, "gclm", NULL, 0, &err)) fail_msg("%s", err.message);
    assert_int_equal(az_solve(&r, p, &o, NULL, NULL, &err), AZ_EOPTION);
    if (!strstr(err.message, "gclm declares none")) fail_msg("%s", err.message);
    az_problem_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_verifier), cmocka_unit_test(reverse_is_one_weight), cmocka_unit_test(shared_and_symmetric),
        cmocka_unit_test(fit_returns),      cmocka_unit_test(bad_meshes), cmocka_unit_test(tails_are_the_top),            cmocka_unit_test(from_zero),
        cmocka_unit_test(polished),         cmocka_unit_test(refusals),
    };

    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
