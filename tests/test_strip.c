/* strip: in conformal and in polar coordinates, places and points are inverse to rounding, from the corner to the far field; the solver's jets of elements in a
 * half-plane are the verifier's; derivatives are those of the values; the parity holds across the axis; at the corner of polar coordinates what is left is smooth.
 *
 * AZ_SEED in the environment replays a run. */
#include "trial/strip.h"
#include "verify/spline.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define B AZ_LANES
#define ORDER 3
#define RATIO 1e6 /* of an error to eps and the size of the terms: third derivatives of polynomials of degree 30 and 22 */

static az_rng rng;
static double edges[] = {0, 0.4, 0.9, 1.8, 4, 12};

static az_network make(az_coordinates coordinates, az_parity parity, int smooth, double length)
{
    az_network net = {.space = AZ_SPACE_ELEMENT, .scale = 1, .width = {1, 1}};
    net.mesh = (az_mesh){.n_edges = 6, .edge = az_doubles(6), .degree = 8 + smooth, .centre = parity == AZ_EVEN ? 10 + 2 * smooth : 11 + 2 * smooth, .smooth = smooth,
                         .coordinates = coordinates, .parity = coordinates == AZ_POLAR ? AZ_NO_PARITY : parity, .across = parity,
                         .length = length, .flat = 1, .modes = 15, .grading = 0.3};
    memcpy(net.mesh.edge, edges, sizeof edges);
    net.n_weights = az_network_count(&net);
    assert_true(net.n_weights > 0);
    net.weight = az_doubles((size_t)net.n_weights);
    for (int i = 0; i < net.n_weights; i++) net.weight[i] = az_rng_normal(&rng) * exp(-0.8 * (i % 15));
    return net;
}

/* Elements with what the solver's code and the verifier's need for their derivatives. */
typedef struct both {
    az_network net;
    az_layout l;
    az_taylor t, line;
    az_num *w;
    double *work, *value, *out[AZ_MAX_JET];
} both;

static void open_both(both *b, az_network net, int order)
{
    b->net = net;
    assert_int_equal(az_layout_total(&b->l, 2, order), AZ_OK);
    assert_int_equal(az_taylor_init(&b->t, 2, order), AZ_OK);
    assert_int_equal(az_taylor_init(&b->line, 1, order), AZ_OK);
    b->w = az_alloc_array((size_t)net.n_weights, sizeof *b->w);
    for (int i = 0; i < net.n_weights; i++) b->w[i] = net.weight[i];
    b->work = az_doubles(az_strip_work(&b->net, &b->l)), b->value = az_doubles((size_t)b->l.n * B);
    for (int c = 0; c < b->l.n; c++) b->out[c] = b->value + c * B;
}

static void close_both(both *b)
{
    az_doubles_free(b->work);
    az_doubles_free(b->value);
    az_free(b->w);
    az_taylor_clear(&b->t);
    az_taylor_clear(&b->line);
    az_network_clear(&b->net);
}

static void inverse(void **state)
{
    (void)state;
    const az_mesh conformal = {.coordinates = AZ_CONFORMAL, .length = 0.7}, polar = {.coordinates = AZ_POLAR, .length = 0.7}, unit = {.coordinates = AZ_CONFORMAL, .length = 1};
    for (int i = 0; i < 20000; i++) {
        double xi = i % 3 ? 200 * pow(az_rng_uniform(&rng), 4) : pow(10, -9 * az_rng_uniform(&rng));
        double eta = i % 2 ? M_PI_2 * az_rng_uniform(&rng) : pow(10, -9 * az_rng_uniform(&rng)), y1, y2, u, v;
        az_strip_point(&y1, &y2, xi, eta, &polar);
        az_strip_place(&u, &v, y1, y2, &polar);
        if (!(fabs(u - xi) <= 32 * DBL_EPSILON * xi) || !(fabs(v - eta) <= 32 * DBL_EPSILON * eta)) fail_msg("polar xi %.17g eta %.17g became %.17g %.17g", xi, eta, u, v);
        assert_true(fabs(hypot(y1, y2) - 0.7 * sinh(xi)) <= 1e3 * DBL_EPSILON * sinh(xi) && fabs(y1 * cos(eta) - y2 * sin(eta)) <= 8 * DBL_EPSILON * sinh(xi));
        az_strip_point(&y1, &y2, xi, eta, &conformal);
        az_strip_place(&u, &v, y1, y2, &conformal);
        /* near the focus xi = eta = 0 a point knows them to the square root of its rounding over their size */
        double focus = fmin(1, xi * xi + eta * eta), tol = 32 * DBL_EPSILON * (1 + 1 / focus);
        if (!(fabs(u - xi) <= tol * xi * (1 + eta / xi)) || !(fabs(v - eta) <= tol * eta * (1 + xi / eta)))
            fail_msg("xi %.17g eta %.17g became %.17g %.17g", xi, eta, u, v);
    }
    double xi, eta;
    az_strip_place(&xi, &eta, 0, 0, &unit);
    assert_true(xi == 0 && fabs(eta - M_PI_2) < 1e-15);
    az_strip_place(&xi, &eta, 0, 3, &unit);
    assert_true(fabs(cosh(xi) - 3) < 1e-14 && eta == 0);
}

static void same_as_verifier(void **state)
{
    (void)state;
    for (int kind = 0; kind < 9; kind++) { /* the last three are polar */
        both b;
        double y1[B], y2[B];
        az_num other[64];
        open_both(&b, make(kind < 6 ? AZ_CONFORMAL : AZ_POLAR, kind < 6 && kind % 2 ? AZ_ODD : AZ_EVEN, 1 + (kind < 6 ? kind / 2 : kind - 6), 1.5), ORDER);
        for (int i = 0; i < B; i++) {
            az_strip_point(&y1[i], &y2[i], 0.1 + 10 * pow(az_rng_uniform(&rng), 2), 0.1 + (M_PI_2 - 0.1) * az_rng_uniform(&rng), &b.net.mesh);
            if (i % 3 == 0) y1[i] = -y1[i];
        }
        az_strip_forward(&b.net, &b.l, b.out, y1, y2, b.work);
        for (int i = 0; i < B; i++) {
            double r = hypot(y1[i], y2[i]), size = 0;
            memset(other, 0, sizeof other);
            az_sheet_add(&b.t, &b.line, ORDER, other, &b.net, b.w, y1[i], y2[i]);
            for (int c = 0; c < b.l.n; c++) size = fmax(size, fabs(creal(other[c])) * pow(r, b.l.degree[c]));
            for (int c = 0; c < b.l.n; c++) {
                int e[AZ_MAX_DIM] = {b.l.index[c].e[0], b.l.index[c].e[1]};
                double want = creal(other[az_taylor_find(&b.t, e)]), have = b.out[c][i];
                if (!(fabs(have - want) * pow(r, b.l.degree[c]) <= RATIO * DBL_EPSILON * (size + 1)))
                    fail_msg("kind %d at (%g, %g), coefficient %d %d: %.17g, verifier %.17g", kind, y1[i], y2[i], e[0], e[1], have, want);
            }
        }
        close_both(&b);
    }
}

/* Derivatives by central differences of the function itself; y1 -> -y1. */
static void derivatives_and_parity(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        both b;
        double **out = b.out, y1[B], y2[B], h = 1e-4;
        open_both(&b, make(kind == 2 ? AZ_POLAR : AZ_CONFORMAL, kind == 1 ? AZ_ODD : AZ_EVEN, 2, 1), 2);
        for (int k = 0; k < 20; k++) {
            double x, y;
            az_strip_point(&x, &y, 0.5 + az_rng_uniform(&rng), 0.3 + az_rng_uniform(&rng), &b.net.mesh);
            const double at[][2] = {{x, y}, {x + h, y}, {x - h, y}, {x, y + h}, {x, y - h}, {-x, y}};
            for (int i = 0; i < B; i++) y1[i] = at[i < 6 ? i : 0][0], y2[i] = at[i < 6 ? i : 0][1];
            az_strip_forward(&b.net, &b.l, out, y1, y2, b.work);
            for (int c = 0; c < 2; c++) {
                int first = az_layout_find(&b.l, c ? (az_index){{0, 1}} : (az_index){{1, 0}}), second = az_layout_find(&b.l, c ? (az_index){{0, 2}} : (az_index){{2, 0}});
                double up = out[0][1 + 2 * c], down = out[0][2 + 2 * c], size = fabs(out[0][0]) + fabs(out[first][0]) + fabs(out[second][0]) + 1;
                assert_true(fabs((up - down) / (2 * h) - out[first][0]) < 1e-4 * size);
                assert_true(fabs((up - 2 * out[0][0] + down) / (2 * h * h) - out[second][0]) < 1e-4 * size); /* the coefficient is half the derivative */
            }
            int sign = kind == 1 ? -1 : 1, d1 = az_layout_find(&b.l, (az_index){{1, 0}});
            assert_true(out[0][5] == sign * out[0][0] && out[d1][5] == -sign * out[d1][0]);
        }
        close_both(&b);
    }
}

/* Of all weights, those of the smooth terms alone reach the corner with fewer than `smooth` derivatives, as 1, y2/length, (y2/length)^2 and
 * (r/length)^2 do; what depends on the direction there is NaN, in both codes. Next to it the elements leave a term as small as its order says. */
static void corner(void **state)
{
    (void)state;
    const int order = 3;
    const double length = 1.5, near = 1e-5;
    for (int smooth = 1; smooth <= 3; smooth++) {
        both b;
        double y1[B] = {0}, y2[B] = {0}, core[4] = {0};
        az_num other[64] = {0};
        open_both(&b, make(AZ_POLAR, AZ_EVEN, smooth, length), order);
        const int n_core = az_mesh_n_core(&b.net.mesh);
        assert_int_equal(n_core, smooth == 1 ? 1 : smooth == 2 ? 2 : 4);
        memcpy(core, b.net.weight + b.net.n_weights - n_core, sizeof *core * (size_t)n_core);
        const double want[] = {core[0], core[1] / length, (core[2] + core[3]) / (length * length), core[3] / (length * length)}; /* of 1, y2, y2^2, y1^2 */
        y1[1] = 0.6 * near * length, y2[1] = 0.8 * near * length;
        az_strip_forward(&b.net, &b.l, b.out, y1, y2, b.work);
        az_sheet_add(&b.t, &b.line, order, other, &b.net, b.w, 0, 0);
        for (int c = 0; c < b.l.n; c++) {
            const int e[AZ_MAX_DIM] = {b.l.index[c].e[0], b.l.index[c].e[1]};
            const double expect = e[0] % 2 ? 0 : e[0] == 2 ? want[3] : want[e[1] < 3 ? e[1] : 0], have = b.out[c][0], seen = creal(other[az_taylor_find(&b.t, e)]);
            if (e[0] + e[1] >= smooth) assert_true(isnan(have) && isnan(seen));
            else if (!(fabs(have - expect) <= 8 * DBL_EPSILON * (1 + fabs(expect))) || !(fabs(seen - have) <= 8 * DBL_EPSILON * (1 + fabs(have))))
                fail_msg("smooth %d, coefficient %d %d: %.17g, verifier %.17g, expected %.17g", smooth, e[0], e[1], have, seen, expect);
        }
        const double u = 0.6 * near, v = 0.8 * near, taylor = want[0] + (smooth > 1 ? core[1] * v : 0) + (smooth > 2 ? core[2] * v * v + core[3] * (u * u + v * v) : 0);
        if (!(fabs(b.out[0][1] - taylor) < 3e4 * pow(near, smooth))) fail_msg("smooth %d: %.3g beside the corner", smooth, b.out[0][1] - taylor);
        close_both(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(inverse), cmocka_unit_test(same_as_verifier), cmocka_unit_test(derivatives_and_parity), cmocka_unit_test(corner)};
    seed_from_environment(&rng);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
