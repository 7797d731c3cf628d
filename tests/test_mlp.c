/* mlp: the value is that of a network written out in long double, the coefficients are those of Taylor arithmetic written out term by term, and
 * the reverse sweep gives the complex-step derivatives of a seeded sum of outputs in every weight and every input coefficient.
 *
 * AZ_SEED in the environment replays a run. */
#include "trial/mlp.h"
#include "trial/trial.h"
#include "testing.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEP 1e-30
#define RATIO 64.0 /* of an error to eps times the largest term: layers of up to 7 units, orders up to 4 */
#define N_INPUTS 3
#define N_MAX 24
typedef double complex num;

static az_rng rng;

static int widest(const int *w, int n)
{
    int m = 0;
    for (int k = 0; k < n; k++) m = w[k] > m ? w[k] : m;
    return m;
}

static az_network network(int inputs, int n_layers, az_activation first)
{
    az_network net = {.n_layers = n_layers, .first = first, .scale = 1};

    net.width[0] = inputs;
    for (int k = 1; k <= n_layers; k++) net.width[k] = 1 + (int)(az_rng_next(&rng) % 7);
    net.width[n_layers + 1] = 1;
    net.n_weights = az_network_count(&net);
    assert_true(net.n_weights > 0 && widest(net.width, n_layers + 2) <= N_MAX);
    net.weight = az_doubles((size_t)net.n_weights);
    assert_non_null(net.weight);
    for (int i = 0; i < net.n_weights; i++) net.weight[i] = 0.7 * az_rng_normal(&rng);
    return net;
}

/* c = a b on a layout, by search instead of a product table */
static void mul(const az_layout *l, num *c, const num *a, const num *b)
{
    for (int k = 0; k < l->n; k++) c[k] = 0;
    for (int i = 0; i < l->n; i++)
        for (int j = 0; j < l->n; j++) {
            az_index e;
            for (int d = 0; d < AZ_MAX_DIM; d++) e.e[d] = (unsigned char)(l->index[i].e[d] + l->index[j].e[d]);
            int k = az_layout_find(l, e);
            if (k >= 0) c[k] += a[i] * b[j];
        }
}

/* f(a) = sum f_k (a - a_0)^k with the Taylor coefficients of f at a_0 by their own recurrences */
static void act(const az_layout *l, num *y, const num *a, az_activation f)
{
    num c[16], shift[AZ_MAX_JET], p[AZ_MAX_JET] = {1}, q[AZ_MAX_JET];
    int top = 0;

    for (int k = 0; k < l->n; k++) top = l->degree[k] > top ? l->degree[k] : top;
    if (f == AZ_ACT_SINE) {
        num s = csin(a[0]), t = ccos(a[0]), factorial = 1;
        for (int k = 0; k <= top; k++) {
            factorial *= k ? k : 1;
            c[k] = (k % 2 ? t : s) * (k % 4 < 2 ? 1 : -1) / factorial;
        }
    } else { /* y' = 1 - y^2 */
        c[0] = ctanh(a[0]);
        for (int k = 0; k < top; k++) {
            num s = k == 0;
            for (int j = 0; j <= k; j++) s -= c[j] * c[k - j];
            c[k + 1] = s / (k + 1);
        }
    }
    memcpy(shift, a, sizeof(num) * (size_t)l->n);
    shift[0] = 0;
    for (int k = 0; k < l->n; k++) y[k] = 0;
    for (int k = 0; k <= top; k++) {
        for (int i = 0; i < l->n; i++) y[i] += c[k] * p[i];
        mul(l, q, p, shift);
        memcpy(p, q, sizeof(num) * (size_t)l->n);
    }
}

/* out[l->n] of the network with weights w at inputs in[k][c] */
static void plain(const az_network *net, const az_layout *l, num *out, const num *w, num in[][AZ_MAX_JET])
{
    num now[N_MAX][AZ_MAX_JET], next[N_MAX][AZ_MAX_JET];

    for (int k = 0; k < net->width[0]; k++) memcpy(now[k], in[k], sizeof now[k]);
    for (int k = 0; k <= net->n_layers; k++) {
        int n_in = net->width[k], n_out = net->width[k + 1];
        for (int j = 0; j < n_out; j++) {
            num z[AZ_MAX_JET] = {0};
            for (int i = 0; i < n_in; i++)
                for (int c = 0; c < l->n; c++) z[c] += w[j * n_in + i] * now[i][c];
            if (k < net->n_layers) {
                z[0] += w[n_in * n_out + j];
                act(l, next[j], z, k == 0 ? net->first : AZ_ACT_TANH);
            } else memcpy(out, z, sizeof(num) * (size_t)l->n);
        }
        memcpy(now, next, sizeof now);
        w += (n_in + 1) * n_out;
    }
}

/* The value alone, in long double. */
static long double value(const az_network *net, const double *x)
{
    long double now[N_MAX], next[N_MAX], z = 0;
    const double *w = net->weight;

    for (int k = 0; k < net->width[0]; k++) now[k] = x[k];
    for (int k = 0; k <= net->n_layers; k++) {
        int n_in = net->width[k], n_out = net->width[k + 1];
        for (int j = 0; j < n_out; j++) {
            z = k < net->n_layers ? w[n_in * n_out + j] : 0;
            for (int i = 0; i < n_in; i++) z += (long double)w[j * n_in + i] * now[i];
            next[j] = k == 0 && net->first == AZ_ACT_SINE ? sinl(z) : tanhl(z);
        }
        memcpy(now, next, sizeof now);
        w += (n_in + 1) * n_out;
    }
    return z;
}

typedef struct jets {
    double *base, *p[AZ_MAX_JET];
} jets;

static jets jets_new(const az_layout *l)
{
    jets j = {.base = az_doubles((size_t)l->n * AZ_LANES)};

    assert_non_null(j.base);
    for (int c = 0; c < l->n; c++) j.p[c] = j.base + c * AZ_LANES;
    return j;
}

typedef struct setup {
    const az_layout *l;
    az_network net;
    jets in[N_INPUTS], inbar[N_INPUTS], out, seed;
    double *const *inp[N_INPUTS], *const *barp[N_INPUTS];
    double *work, *column;
} setup;

/* Some input coefficients are absent (zero), some lanes are ugly. */
static setup draw(const az_layout *l, int n_layers, az_activation first)
{
    static const double ugly[] = {0, 1e-300, -1e-17, 1, -1};
    setup u = {.l = l, .net = network(1 + (int)(az_rng_next(&rng) % N_INPUTS), n_layers, first), .out = jets_new(l), .seed = jets_new(l)};

    for (int k = 0; k < u.net.width[0]; k++) {
        u.in[k] = jets_new(l), u.inbar[k] = jets_new(l);
        for (int i = 0; i < l->n * AZ_LANES; i++) u.in[k].base[i] = az_rng_next(&rng) % 9 ? az_rng_normal(&rng) : ugly[az_rng_next(&rng) % 5];
        for (int i = 0; i < AZ_LANES; i += 7) u.in[k].base[i] *= 20; /* saturated units */
        for (int c = 1; c < l->n; c++)
            if (az_rng_next(&rng) % 4 == 0) u.in[k].p[c] = NULL;
    }
    for (int i = 0; i < l->n * AZ_LANES; i++) u.seed.base[i] = az_rng_normal(&rng);
    u.work = az_doubles(az_mlp_work(&u.net, l));
    u.column = az_doubles((size_t)u.net.n_weights * AZ_LANES);
    assert_true(u.work && u.column);
    return u;
}

/* The tables point into the setup itself, so they are set where it stays. */
static void point(setup *u)
{
    for (int k = 0; k < u->net.width[0]; k++) u->inp[k] = u->in[k].p, u->barp[k] = u->inbar[k].p;
}

static void clear(setup *u)
{
    for (int k = 0; k < u->net.width[0]; k++) az_doubles_free(u->in[k].base), az_doubles_free(u->inbar[k].base);
    az_doubles_free(u->out.base), az_doubles_free(u->seed.base);
    az_doubles_free(u->work), az_doubles_free(u->column);
    az_doubles_free(u->net.weight);
}

static void inputs(const setup *u, int lane, num in[][AZ_MAX_JET])
{
    for (int k = 0; k < u->net.width[0]; k++)
        for (int c = 0; c < u->l->n; c++) in[k][c] = u->in[k].p[c] ? u->in[k].p[c][lane] : 0;
}

/* The seeded sum of outputs of one lane, whose imaginary part is STEP times its derivative. */
static num sum(const setup *u, int lane, const num *w, num in[][AZ_MAX_JET])
{
    num out[AZ_MAX_JET], s = 0;

    plain(&u->net, u->l, out, w, in);
    for (int c = 0; c < u->l->n; c++)
        if (u->seed.p[c]) s += u->seed.p[c][lane] * out[c];
    return s;
}

static void copy_weights(num *w, const az_network *net)
{
    for (int i = 0; i < net->n_weights; i++) w[i] = net->weight[i];
}

static void layout(az_layout *l, int which)
{
    static const az_index two[] = {{{2, 0}}, {{0, 2}}};

    if (which < 4) assert_int_equal(az_layout_total(l, 1, which), AZ_OK);
    else if (which == 4) assert_int_equal(az_layout_make(l, 2, two, 2), AZ_OK);
    else assert_int_equal(az_layout_total(l, 2, 3), AZ_OK);
}
#define N_LAYOUTS 6
#define LANES_CHECKED 3

static void forward(void **state)
{
    (void)state;
    for (int which = 0; which < N_LAYOUTS; which++)
        for (int c = 0; c < 8; c++) {
            az_layout l;
            layout(&l, which);
            setup u = draw(&l, 1 + c % 3, c % 2 ? AZ_ACT_SINE : AZ_ACT_TANH);
            point(&u);
            num w[1000], in[N_INPUTS][AZ_MAX_JET], out[AZ_MAX_JET];
            copy_weights(w, &u.net);
            az_mlp_forward(&u.net, &l, u.out.p, u.inp, u.work);
            for (int lane = 0; lane < AZ_LANES; lane++) {
                double x[N_INPUTS], size = 0;
                inputs(&u, lane, in);
                for (int k = 0; k < u.net.width[0]; k++) x[k] = creal(in[k][0]);
                plain(&u.net, &l, out, w, in);
                double at = (double)value(&u.net, x);
                if (!(fabs(u.out.p[0][lane] - at) <= RATIO * DBL_EPSILON * (10 + fabs(at)))) fail_msg("layout %d: value %.17g, long double %.17g", which, u.out.p[0][lane], at);
                for (int k = 0; k < l.n; k++) size = fmax(size, cabs(out[k]));
                for (int k = 0; k < l.n; k++)
                    if (!(fabs(u.out.p[k][lane] - creal(out[k])) <= RATIO * 64 * DBL_EPSILON * (1 + size))) fail_msg("layout %d, coefficient %d: %.17g, plainly %.17g", which, k, u.out.p[k][lane], creal(out[k]));
            }
            clear(&u);
        }
}

static void near(const char *what, int i, double value, double exact, double size)
{
    if (!(fabs(value - exact) <= RATIO * 64 * DBL_EPSILON * size)) fail_msg("%s %d: %.17g, complex step %.17g (size %g)", what, i, value, exact, size);
}

static double largest(const double *v, int n, double worst)
{
    for (int i = 0; i < n; i++) worst = fmax(worst, fabs(v[i]));
    return worst;
}

/* frozen: 0 nothing, 1 the hidden layers of a one-layer network, 2 everything (column NULL) */
static void check_reverse(int which, int n_layers, az_activation first, int frozen, bool want_inputs)
{
    az_layout l;
    layout(&l, which);
    setup u = draw(&l, n_layers, first);
    point(&u);
    const az_network *net = &u.net;
    num w[1000], in[N_INPUTS][AZ_MAX_JET];
    int last = net->width[n_layers];

    if (frozen == 1) u.net.n_frozen = net->n_weights - last;
    if (l.n > 1) u.seed.p[az_rng_next(&rng) % (unsigned)(l.n - 1) + 1] = NULL;
    const int lanes = frozen ? AZ_LANES : 5, trained = az_trial_trained(net);
    assert_int_equal(trained, net->n_weights - net->n_frozen);
    for (int i = 0; i < net->n_weights * AZ_LANES; i++) u.column[i] = 777;
    for (int k = 0; k < net->width[0]; k++)
        for (int i = 0; i < l.n * AZ_LANES; i++) u.inbar[k].base[i] = 0.25; /* adjoints are added */
    if (net->width[0] > 1 && az_rng_next(&rng) % 2) u.barp[1] = NULL;
    az_mlp_forward(net, &l, u.out.p, u.inp, u.work);
    az_mlp_reverse(net, &l, frozen == 2 ? NULL : u.column, AZ_LANES, lanes, want_inputs ? u.barp : NULL, u.seed.p, u.work);
    copy_weights(w, net);
    for (int c = 0; c < LANES_CHECKED; c++) {
        const int lane = c == 0 ? lanes - 1 : (int)(az_rng_next(&rng) % (unsigned)lanes);
        double exact[1000], size;
        inputs(&u, lane, in);
        for (int i = 0; i < net->n_weights; i++) {
            w[i] += I * STEP;
            exact[i] = cimag(sum(&u, lane, w, in)) / STEP;
            w[i] = creal(w[i]);
        }
        size = largest(exact, net->n_weights, 1);
        for (int i = 0; i < trained; i++)
            if (frozen == 2) assert_true(u.column[i * AZ_LANES + lane] == 777);
            else near("weight", i, u.column[i * AZ_LANES + lane], exact[i + net->n_frozen], size);
        for (int k = 0; k < net->width[0]; k++) {
            for (int i = 0; i < l.n; i++) {
                num keep = in[k][i];
                in[k][i] += I * STEP;
                exact[i] = cimag(sum(&u, lane, w, in)) / STEP;
                in[k][i] = keep;
            }
            size = largest(exact, l.n, size);
            for (int i = 0; i < l.n; i++) near("input", i, u.inbar[k].p[i][lane] - 0.25, want_inputs && u.barp[k] ? exact[i] : 0, size);
        }
    }
    for (int i = 0; i < trained && frozen != 2; i++)
        for (int lane = lanes; lane < AZ_LANES; lane++) assert_true(u.column[i * AZ_LANES + lane] == 777);
    clear(&u);
}

static void reverse(void **state)
{
    (void)state;
    for (int which = 0; which < N_LAYOUTS; which++)
        for (int n_layers = 1; n_layers <= 3; n_layers++)
            for (int first = 0; first < 2; first++)
                for (int want = 0; want < 2; want++) check_reverse(which, n_layers, first ? AZ_ACT_SINE : AZ_ACT_TANH, 0, want);
}

static void reverse_frozen(void **state)
{
    (void)state;
    for (int which = 0; which < N_LAYOUTS; which++)
        for (int first = 0; first < 2; first++)
            for (int want = 0; want < 2; want++) {
                check_reverse(which, 1, first ? AZ_ACT_SINE : AZ_ACT_TANH, 1, want);
                check_reverse(which, 2, first ? AZ_ACT_SINE : AZ_ACT_TANH, 2, true);
            }
}

/* Weights are drawn from the generator alone; out_gain 0 and features start as the zero function. */
static void initial_weights(void **state)
{
    (void)state;
    az_layout l;
    layout(&l, 2);
    for (int kind = 0; kind < 3; kind++) {
        setup u = draw(&l, kind == 2 ? 1 : 2, AZ_ACT_SINE), v = {0};
        point(&u);
        az_rng a, b;
        double range[N_INPUTS] = {5, 0.1, 40};
        v.net = u.net;
        v.net.weight = az_doubles((size_t)u.net.n_weights);
        az_rng_seed(&a, 9), az_rng_seed(&b, 9);
        if (kind == 2) az_mlp_features(&u.net, &a, range), az_mlp_features(&v.net, &b, range);
        else az_mlp_init(&u.net, &a, 2, 0.5, kind), az_mlp_init(&v.net, &b, 2, 0.5, kind);
        assert_memory_equal(u.net.weight, v.net.weight, sizeof(double) * (size_t)u.net.n_weights);
        assert_memory_equal(&a, &b, sizeof a);
        az_mlp_forward(&u.net, &l, u.out.p, u.inp, u.work);
        for (int i = 0; i < l.n * AZ_LANES; i++) assert_true(kind == 1 || u.out.base[i] == 0);
        if (kind == 1) assert_true(largest(u.out.base, AZ_LANES, 0) > 0);
        int in = u.net.width[0], m = u.net.width[1];
        for (int i = 0; i < in * m && kind == 2; i++) assert_true(fabs(u.net.weight[i]) <= range[i % in]);
        for (int i = 0; i < m; i++) assert_true(fabs(u.net.weight[in * m + i]) <= (kind == 2 ? M_PI : 0.5));
        if (kind == 2) assert_int_equal(u.net.n_frozen, (in + 1) * m);
        az_doubles_free(v.net.weight);
        clear(&u);
    }
}

/* The wide network is the same function but for rounding, whatever its new neurons, and its new output weights change it. */
static void widened(void **state)
{
    (void)state;
    for (int which = 0; which < N_LAYOUTS; which++)
        for (int n_layers = 1; n_layers <= 3; n_layers++) {
            az_layout l;
            layout(&l, which);
            setup u = draw(&l, n_layers, AZ_ACT_TANH);
            point(&u);
            az_network wide = u.net;
            for (int k = 1; k <= n_layers; k++) wide.width[k] += (int)(az_rng_next(&rng) % 4);
            wide.width[n_layers]++;
            wide.n_weights = az_network_count(&wide);
            wide.weight = az_doubles((size_t)wide.n_weights);
            az_mlp_widen(&wide, &u.net, &rng);
            double *work = az_doubles(az_mlp_work(&wide, &l));
            jets out = jets_new(&l);
            az_mlp_forward(&u.net, &l, u.out.p, u.inp, u.work);
            az_mlp_forward(&wide, &l, out.p, u.inp, work);
            double size = largest(u.out.base, l.n * AZ_LANES, 0);
            for (int i = 0; i < l.n * AZ_LANES; i++) near("widened", i, out.base[i], u.out.base[i], size);
            wide.weight[wide.n_weights - 1] = 1;
            az_mlp_forward(&wide, &l, out.p, u.inp, work);
            double moved = 0;
            for (int i = 0; i < AZ_LANES; i++) moved = fmax(moved, fabs(out.base[i] - u.out.base[i]));
            assert_true(moved > 1e-3);
            az_doubles_free(out.base), az_doubles_free(work), az_doubles_free(wide.weight);
            clear(&u);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward), cmocka_unit_test(reverse), cmocka_unit_test(reverse_frozen), cmocka_unit_test(initial_weights),
        cmocka_unit_test(widened),
    };

    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
