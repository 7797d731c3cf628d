/* series: the functions of a Chebyshev layer are T_k: cos(k acos x) in long double, with derivatives that satisfy (1 - x^2) T'' - x T' + k^2 T = 0 and are k^2 at
 * the end; problems whose solutions are smooth at both ends of an interval, of a line, and of a half-line are solved to rounding with few of them, in files
 * too, and the independent evaluator, which finds T_k another way, agrees. A series begins with a shorter one. */
#include "testing.h"
#include "trial/mlp.h"

#include <float.h>
#include <math.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define MOST 41
#define ORDER 3

static const double at[] = {-1, -1 + 1e-9, -0.7, -1e-3, 0, 1e-12, 0.3, 0.999, 1 - 1e-15, 1};

/* Frozen functions of one parity; forward with the weight 1 on the j-th. */
typedef struct layer {
    az_layout l;
    az_network net;
    double *in[AZ_MAX_JET], *out[AZ_MAX_JET], *jets, *work, *column;
    double *const *inp[1];
} layer;

static layer *layer_make(az_parity parity, int n)
{
    layer *u = calloc(1, sizeof *u);
    assert_non_null(u);
    assert_int_equal(az_layout_total(&u->l, 1, ORDER), AZ_OK);
    u->net = (az_network){.space = AZ_SPACE_CHEBYSHEV, .n_layers = 1, .width = {1, n, 1}, .first = AZ_ACT_CHEBYSHEV, .scale = 1};
    u->net.n_weights = az_network_count(&u->net);
    u->net.weight = az_doubles((size_t)u->net.n_weights);
    u->jets = az_doubles(2 * (ORDER + 1) * AZ_LANES);
    u->work = az_doubles(az_mlp_work(&u->net, &u->l));
    u->column = az_doubles((size_t)n * AZ_LANES);
    assert_true(u->net.weight && u->jets && u->work && u->column);
    for (int c = 0; c <= ORDER; c++) u->in[c] = u->jets + c * AZ_LANES, u->out[c] = u->jets + (ORDER + 1 + c) * AZ_LANES;
    for (int i = 0; i < AZ_LANES; i++) u->in[0][i] = at[i % COUNT(at)], u->in[1][i] = 1;
    u->inp[0] = u->in;
    az_mlp_chebyshev(&u->net, parity);
    return u;
}

static void layer_free(layer *u)
{
    az_doubles_free(u->net.weight), az_doubles_free(u->jets), az_doubles_free(u->work), az_doubles_free(u->column);
    free(u);
}

static void check_function(layer *u, int k, int lane)
{
    const double x = u->in[0][lane], y = u->out[0][lane], d = u->out[1][lane], dd = 2 * u->out[2][lane], tol = 4 * (k + 1) * (k + 1) * DBL_EPSILON;
    const long double exact = cosl(k * acosl(x));
    const double size = k % 2 && fabs(x) < 0.5 ? fmin(1, k * fabs(x)) : 1; /* odd ones keep their digits at 0 */
    if (!(fabs((double)(y - exact)) <= tol * size + k * LDBL_EPSILON)) fail_msg("T_%d(%.17g) = %.17g, not %.17Lg", k, x, y, exact);
    const double left = (1 - x) * (1 + x) * dd - x * d + (double)k * k * y;
    if (!(fabs(left) <= tol * (fabs(d) + (1 - x * x) * fabs(dd) + k * k))) fail_msg("T_%d at %.17g: the differential equation is off by %.1e", k, x, left);
    if (x == 1 && !(fabs(d - (double)k * k) <= tol * k * k)) fail_msg("T_%d' = %.17g at 1", k, d);
}

static void functions(void **state)
{
    (void)state;
    for (int parity = AZ_ODD; parity <= AZ_EVEN; parity++)
        for (int n = 1; n <= MOST; n += n < 4 ? 1 : 12) {
            layer *u = layer_make((az_parity)parity, n);
            assert_int_equal(u->net.n_frozen, 2 * n);
            for (int j = 0; j < n; j++) {
                const int k = parity == AZ_NO_PARITY ? j : 2 * j + (parity == AZ_ODD);
                double *seed[AZ_MAX_JET] = {u->jets}; /* the input's first coefficient: any numbers */
                for (int i = 0; i < n; i++) u->net.weight[2 * n + i] = i == j;
                az_mlp_forward(&u->net, &u->l, u->out, u->inp, u->work);
                for (int lane = 0; lane < AZ_LANES; lane++) check_function(u, k, lane);
                az_mlp_reverse(&u->net, &u->l, u->column, AZ_LANES, AZ_LANES, NULL, seed, u->work);
                for (int lane = 0; lane < AZ_LANES; lane++) assert_true(u->column[j * AZ_LANES + lane] == seed[0][lane] * u->out[0][lane]);
            }
            layer_free(u);
        }
}

static az_problem *parsed(const char *text)
{
    az_problem *p;
    az_error err;
    if (az_problem_parse(&p, "t.ansatz", text, strlen(text), NULL, 0, &err)) fail_msg("%s", err.message);
    return p;
}

static az_result *solved(const az_problem *p, int n)
{
    az_solve_options o;
    az_result *r;
    az_error err;
    az_solve_options_init(&o);
    o.space = AZ_SPACE_CHEBYSHEV, o.n_layers = 1, o.layers[0] = n, o.threads = 1;
    if (az_solve(&r, p, &o, NULL, NULL, &err) || az_verify(r, 1, &err)) fail_msg("%s", err.message);
    return r;
}

#define ROUNDING 1e-13 /* some 30 functions, two derivatives of a size of 1 */

/* b of u = log(cosh(b)^2/cosh(b x)^2): u'' + 2 b^2/cosh(b)^2 exp(u) = 0 (Bratu 1914), the lower one for mu = 1/2 */
static double bratu_top(void)
{
    double b = 0.5;
    for (int i = 0; i < 60; i++) b = 0.5 * cosh(b); /* 2 b^2/cosh(b)^2 = 1/2 */
    return 2 * log(cosh(b));
}

static const struct {
    const char *title, *text;
    int n;
    double exact; /* of the unknown, 0 without one */
} known[] = {
    {"Legendre", "unknown mu = 10 in [7, 19]\ndomain x in [-1, 1]\nfield v(x) even\nequation d((1 - x^2)*d(x*v, x), x) + mu*x*v = 0\npin v = 1 at x = 1\n", 8, 12},
    {"an oscillator", "unknown E = 0.7 in [0, 1.5]\ndomain x in [-6, 6]\nfield v(x) even\nlet u = (1 - x^2/36)*v\n"
                      "equation -d(u, x, x)/2 + x^2*u/2 = E*u\npin u = 1 at x = 0\n", 32, 0.5},
    {"an interval that is not symmetric", "unknown E = 8\ndomain x in [1, 2]\nfield v(x)\nlet u = (x - 1)*(2 - x)*v\nequation d(u, x, x) + E*u = 0\npin d(u, x) = 1 at x = 1\n", 16, M_PI * M_PI},
    {"half of a symmetric one", "unknown E = 2\ndomain x in [0, 1]\ntrial N(x^2) even\nequation d(N, x, x) + E*N = 0\npin N = 1 at x = 0\npin N = 0 at x = 1\n", 12, M_PI * M_PI / 4},
    {"a front", "unknown s = 0.5\ndomain y in line\ntrial N(1/(1 + y^2), y/(1 + y^2)^0.5)\nequation d(N, y) = s*(1 + y^2)^-1.5\npin N = 0 at y = 0\npin N = 0.5^0.5 at y = 1\n", 4, 1},
    {"an odd front", "unknown s = 0.5\ndomain y in line scale 2\ntrial N(y) odd\nequation d(N, y) = s*(4 + y^2)^-1.5\npin N = 0.5^0.5 at y = 2\n", 4, 4},
    {"a half-line", "domain y in half-line scale 2\ntrial N(1/(1 + y))\nequation (2 + y)*d(N, y) = -N\npin N = 1 at y = 0\n", 8, 0},
    {"a half-line with a parity", "unknown s = 0.5\ndomain y in half-line\ntrial N(1/(1 + y)) even\nequation d(N, y) = -s*y/(1 + y^2)*N\npin N = 1 at y = 0\npin N = 1/5 at y = 2\n", 8, 2},
    {"an open interval", "unknown s = 0.5\ndomain y in (-2, 2)\ntrial N(edge(y)) even\nequation edge(y)*d(N, y) = -s*edge(y)*y*N\npin N = 1 at y = 0\npin N = 1/exp(2) at y = 2\n", 16, 1},
};

static void known_solutions(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT(known); i++) {
        char text[1000];
        snprintf(text, sizeof text, "problem t \"T\"\n%s", known[i].text);
        az_problem *p = parsed(text);
        az_result *r = solved(p, known[i].n);
        const double relative = az_result_evidence(r).reevaluated_relative, value = az_result_unknown(r, 0, NULL);
        if (!(relative <= ROUNDING)) fail_msg("%s: residual %.1e", known[i].title, relative);
        if (known[i].exact != 0 && !(fabs(value - known[i].exact) <= ROUNDING * known[i].exact)) fail_msg("%s: %.17g", known[i].title, value);
        assert_int_equal(az_result_stop(r), AZ_STOP_TOLERANCE);
        assert_int_equal(az_result_space(r), AZ_SPACE_CHEBYSHEV);
        assert_int_equal(az_result_numbers(r), known[i].n + (known[i].exact != 0));
        az_result_destroy(r);
        az_problem_destroy(p);
    }
}

/* Files hold the functions, not only their number. */
static void files(void **state)
{
    az_problem *p;
    az_result *back;
    az_error err;
    char *bytes;
    size_t n;
    const double x = 0.35;
    double a, b;
    (void)state;
    assert_int_equal(az_problem_load(&p, "bratu", NULL, 0, &err), AZ_OK);
    az_result *r = solved(p, 16);
    assert_true(fabs(az_result_unknown(r, 0, NULL) - bratu_top()) <= 8 * DBL_EPSILON);
    assert_int_equal(az_result_save_memory(r, &bytes, &n, &err), AZ_OK);
    if (az_result_load_memory(&back, "bratu.h5", bytes, n, &err)) fail_msg("%s", err.message);
    assert_int_equal(az_eval(r, &a, "u", &x, 1, (int[]){2}, &err), AZ_OK);
    assert_int_equal(az_eval(back, &b, "u", &x, 1, (int[]){2}, &err), AZ_OK);
    assert_true(a == b && az_result_space(back) == AZ_SPACE_CHEBYSHEV);
    az_free(bytes);
    az_result_destroy(r), az_result_destroy(back);
    az_problem_destroy(p);
}

static int first_rms(void *data, const az_progress *g)
{
    *(double *)data = g->rms;
    return 1;
}

/* More functions begin as what fewer found: the residual before the first step is that of those. */
static void begun_with_fewer(void **state)
{
    static const az_space space[] = {AZ_SPACE_FOURIER, AZ_SPACE_CHEBYSHEV};
    static const char *const text[] = {"problem t \"T\"\nparameter c = 2\ndomain x in [0, 2*pi]\nperiodic x\nfield v(x)\nequation d(v, x) + v = cos(x) + exp(sin(c*x))\n",
                                       "problem t \"T\"\nparameter c = 2\ndomain x in [0, 1]\nfield v(x)\nequation d(v, x) + v = exp(sin(c*x))\npin v = 1 at x = 0\n"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        az_problem *p = parsed(text[i]);
        az_result *few = NULL, *more = NULL, *none = NULL;
        double begun;
        az_error err;
        az_solve_options o;
        az_solve_options_init(&o);
        o.space = space[i], o.n_layers = 1, o.layers[0] = 6, o.threads = 1;
        if (az_solve(&few, p, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        o.layers[0] = 80;
        if (az_solve_from(&none, p, few, &o, first_rms, &begun, &err) || az_solve_from(&more, p, few, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        const double left = az_result_evidence(few).trained_rms;
        const double trained = az_result_evidence(more).trained_rms;
        if (!(begun < 3 * left && begun > left / 3 && left > 1e-6)) fail_msg("%.2e to begin with, not %.2e", begun, left); /* points were moved meanwhile */
        if (!(trained < 1e-13)) fail_msg("trained to %.2e", trained);
        az_result_destroy(none);
        o.layers[0] = 3;
        assert_int_equal(az_solve_from(&none, p, few, &o, NULL, NULL, &err), AZ_EOPTION);
        az_result_destroy(few), az_result_destroy(more);
        az_problem_destroy(p);
    }
}

static void refused(void **state)
{
    static const struct {
        const char *text, *why;
    } wrong[] = {{"domain y in line\ntrial N(1/(1 + y^2)) even\nequation N = 1\n", "are the Fourier series"},
                 {"domain x in [0, 1]\nperiodic x\nfield v(x)\nequation v = 1\n", "not periodic"},
                 {"domain x, y in box [0, 1] x [0, 1]\nfield v(x, y)\nequation v = 1\n", "one coordinate"}};
    (void)state;
    for (int i = 0; i < COUNT(wrong); i++) {
        char text[400];
        snprintf(text, sizeof text, "problem t \"T\"\n%s", wrong[i].text);
        az_problem *p = parsed(text);
        az_solve_options o;
        az_result *r;
        az_error err;
        az_solve_options_init(&o);
        o.space = AZ_SPACE_CHEBYSHEV;
        assert_int_equal(az_solve(&r, p, &o, NULL, NULL, &err), AZ_EPROBLEM);
        if (!strstr(err.message, wrong[i].why)) fail_msg("'%s' does not say '%s'", err.message, wrong[i].why);
        az_problem_destroy(p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(functions), cmocka_unit_test(known_solutions), cmocka_unit_test(files), cmocka_unit_test(begun_with_fewer), cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
