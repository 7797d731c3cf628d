/* spline.c: piecewise polynomials, one point at a time. */
#include "verify/spline.h"

#include <complex.h>
#include <string.h>

#define MAX_COEFFICIENTS ((AZ_TAYLOR_MAX_ORDER + 1) * (AZ_TAYLOR_MAX_ORDER + 2) / 2) /* of two coordinates */
#define MAX_LOCAL (AZ_MESH_MAX_DEGREE + 1 + 2 * AZ_MESH_MAX_SMOOTH)
#define MAX_DATA (2 * AZ_MESH_MAX_SMOOTH)

/* Where x lies. */
typedef struct place {
    int element;
    bool centre, beyond;            /* in the element around 0 of a parity; outside the mesh */
    double middle, half, sign;      /* sign: of the function where x was reflected */
    az_num s[MAX_COEFFICIENTS];
} place;

/* z = x + t, or asinh((x + t)/length) */
static void coordinate(const az_taylor *t, int order, az_num *z, double length, double x)
{
    az_num y[MAX_COEFFICIENTS] = {0};

    y[0] = length > 0 ? x / length : x;
    if (order > 0) y[1] = length > 0 ? 1 / length : 1;
    if (length > 0) az_taylor_func(t, order, z, AZ_F_ASINH, y);
    else memcpy(z, y, (size_t)(order + 1) * sizeof *z);
}

#define FAR_AWAY 4096.0 /* half-widths: there the middle is rounded by more than the elements may be apart */

static void locate(const az_taylor *t, int order, place *p, const az_mesh *m, double x)
{
    const double first = m->edge[0], last = m->edge[m->n_edges - 1];

    coordinate(t, order, p->s, m->length, x);
    const bool mirrored = m->parity != AZ_NO_PARITY && creal(p->s[0]) < 0;
    p->sign = mirrored ? m->parity : 1;
    for (int c = 0; c <= order && mirrored; c++) p->s[c] = -p->s[c];
    const double z = creal(p->s[0]);
    p->beyond = z < first || z > last;
    p->element = 0;
    while (p->element + 2 < m->n_edges && z >= m->edge[p->element + 1]) p->element++;
    p->centre = p->element == 0 && m->parity != AZ_NO_PARITY;
    const double lo = p->centre ? -m->edge[1] : m->edge[p->element], hi = m->edge[p->element + 1];
    p->middle = 0.5 * (lo + hi);
    p->half = 0.5 * (hi - lo);
    const bool far = fabs(p->middle) > FAR_AWAY * p->half;
    p->s[0] = z < first ? -1 : z > last ? 1 : far ? ((p->s[0] - lo) - (hi - p->s[0])) / (hi - lo) : (p->s[0] - p->middle) / p->half;
    for (int c = 1; c <= order; c++) p->s[c] = p->beyond ? 0 : p->s[c] / p->half;
}

/* data[j] = f^(j)/j! in s at the right end; at the left end too, which in the element around 0 follows from the parity */
static void end_data(const az_mesh *m, const place *p, const az_num *w, int first, az_num *left, az_num *right)
{
    const int a = p->centre ? 1 : p->element, b = p->element + 1;
    double to_left = 1, to_right = 1;

    for (int j = 0; j < m->smooth; j++) {
        left[j] = j < az_mesh_node_weights(m, a) && az_mesh_node(m, a) >= 0 ? to_left * w[az_mesh_node(m, a) + j - first] : 0;
        right[j] = j < az_mesh_node_weights(m, b) ? to_right * w[az_mesh_node(m, b) + j - first] : 0;
        if (p->centre) left[j] *= j % 2 ? -(double)m->parity : (double)m->parity;
        to_left *= p->half / az_mesh_node_width(m, a) / (j + 1);
        to_right *= p->half / az_mesh_node_width(m, b) / (j + 1);
    }
}

/* y = y * (s - at) + add */
static void nest(const az_taylor *t, int order, az_num *y, const az_num *s, double at, az_num add)
{
    az_num shifted[MAX_COEFFICIENTS], product[MAX_COEFFICIENTS];

    memcpy(shifted, s, (size_t)(order + 1) * sizeof *s);
    shifted[0] -= at;
    az_taylor_mul(t, order, product, y, shifted);
    memcpy(y, product, (size_t)(order + 1) * sizeof *y);
    y[0] += add;
}

/* Newton's form at the nodes -1 (k times), 1 (k times); d[i] of column `step` is the divided difference of nodes i..i+step. */
static void ends(const az_taylor *t, int order, az_num *y, const az_num *s, const az_num *left, const az_num *right, int k)
{
    az_num d[MAX_DATA], newton[MAX_DATA];

    for (int i = 0; i < 2 * k; i++) d[i] = i < k ? left[0] : right[0];
    newton[0] = d[0];
    for (int step = 1; step < 2 * k; step++) {
        for (int i = 0; i + step < 2 * k; i++) {
            const bool same = i + step < k || i >= k;
            d[i] = !same ? (d[i + 1] - d[i]) / 2 : i < k ? left[step] : right[step];
        }
        newton[step] = d[0];
    }
    for (int c = 0; c <= order; c++) y[c] = 0;
    for (int i = 2 * k - 1; i >= 0; i--) nest(t, order, y, s, i < k ? -1 : 1, newton[i]);
}

/* sum of c_j R_j by Clenshaw: R_{j+1} = up_j s R_j - down_j R_{j-1}, R_0 = 1 */
static void gegenbauer_sum(const az_taylor *t, int order, az_num *y, const az_num *s, const az_num *c, int n, double alpha)
{
    az_num later[MAX_COEFFICIENTS] = {0}, product[MAX_COEFFICIENTS];

    for (int i = 0; i <= order; i++) y[i] = 0;
    for (int j = n - 1; j >= 0; j--) {
        const double up = 2 * (j + alpha) / (j + 2 * alpha), down = (j + 1) / (j + 1 + 2 * alpha);
        az_taylor_mul(t, order, product, y, s);
        for (int i = 0; i <= order; i++) {
            const az_num now = up * product[i] - down * later[i] + (i ? 0 : c[j]);
            later[i] = y[i];
            y[i] = now;
        }
    }
}

/* out += factor * the elements of m at x; w[k - first] is weight k of those that matter there. */
static void add(const az_taylor *t, int order, az_num *out, const az_mesh *m, double factor, const az_num *w, int first_weight, double x)
{
    az_num left[AZ_MESH_MAX_SMOOTH], right[AZ_MESH_MAX_SMOOTH], c[AZ_MESH_MAX_WIDE + 1] = {0};
    az_num sum[MAX_COEFFICIENTS], y[MAX_COEFFICIENTS], square[MAX_COEFFICIENTS], product[MAX_COEFFICIENTS];
    const int k = m->smooth;
    place p;

    locate(t, order, &p, m, x);
    end_data(m, &p, w, first_weight, left, right);
    const int first = p.centre && m->parity == AZ_ODD ? 1 : 0, step = p.centre ? 2 : 1, count = az_mesh_n_bubbles(m, p.element);
    for (int j = 0; j < count; j++) c[first + step * j] = w[az_mesh_bubble(m, p.element) + j - first_weight];
    gegenbauer_sum(t, order, sum, p.s, c, first + step * (count - 1) + 1, k + 0.5);
    az_taylor_mul(t, order, square, p.s, p.s);
    for (int i = 0; i <= order; i++) square[i] = (i ? 0 : 1) - square[i];
    for (int i = 0; i < k; i++) {
        az_taylor_mul(t, order, product, sum, square);
        memcpy(sum, product, (size_t)(order + 1) * sizeof *sum);
    }
    ends(t, order, y, p.s, left, right, k);
    for (int i = 0; i <= order; i++) out[i] += factor * p.sign * (y[i] + sum[i]);
}

void az_spline_add(const az_taylor *t, int order, az_num *out, const az_network *net, const az_num *w, double x)
{
    add(t, order, out, &net->mesh, net->scale, w, 0, x);
}

/* ---- In a half-plane ---- */

/* Coefficients of (xi - xi0) and (eta - eta0) in y1, y2 at a point with y1, y2 >= 0, whose xi and eta become the constant terms: with zeta = (y1 + i y2)/length,
 * u = asinh zeta = xi + i (pi/2 - eta), u' = (1 + zeta^2)^(-1/2) is the square root of the series of 1/(1 + zeta^2) that begins with 1/cosh u. */
static void conformal(const az_taylor *t, int order, az_num *xi, az_num *eta, double length, double y1, double y2)
{
    const double complex zeta = (y1 + I * y2) / length, w = cacosh(y2 / length - I * (y1 / length)); /* xi - i eta */
    double complex inverse[MAX_COEFFICIENTS], root[MAX_COEFFICIENTS], square;

    xi[0] = creal(w), eta[0] = fabs(cimag(w));
    root[0] = 1 / (cosh(creal(w)) * sin(fabs(cimag(w))) + I * sinh(creal(w)) * cos(cimag(w)));
    square = 1 / (root[0] * root[0]);
    inverse[0] = 1 / square;
    for (int n = 1; n < order; n++) {
        inverse[n] = -(2 * zeta * inverse[n - 1] + (n > 1 ? inverse[n - 2] : 0)) / square;
        root[n] = inverse[n];
        for (int i = 1; i < n; i++) root[n] -= root[i] * root[n - i];
        root[n] /= 2 * root[0];
    }
    for (int k = 1; k < t->count[order]; k++) {
        const int a = t->exponent[k * AZ_MAX_DIM], b = t->exponent[k * AZ_MAX_DIM + 1], n = a + b;
        double complex c = root[n - 1] / n;
        for (int i = 0; i < n; i++) c *= (i < b ? I : 1) * (i < a ? (double)(n - i) / (i + 1) : 1) / length;
        xi[k] = creal(c), eta[k] = -cimag(c);
    }
}

/* The same with xi = asinh(r/length), tan eta = y1/y2; 0 at the corner, where elements in these coordinates vanish. Of half angles, since tan eta is
 * infinite at the wall: tan(eta/2) = y1/(r + y2). */
static void polar(const az_taylor *t, int order, az_num *xi, az_num *eta, double length, double y1, double y2)
{
    const double r = hypot(y1, y2), by_coordinate[] = {y1 / r, y2 / r};
    az_num square[MAX_COEFFICIENTS] = {1}, one[MAX_COEFFICIENTS] = {0}, two[MAX_COEFFICIENTS] = {by_coordinate[1]};
    az_num ratio[MAX_COEFFICIENTS], root[MAX_COEFFICIENTS];

    for (int k = 0; k < t->count[order] && r == 0; k++) xi[k] = eta[k] = 0;
    if (r == 0) return;
    one[0] = by_coordinate[0];
    for (int k = 1; k < t->count[order]; k++) { /* in units of r */
        const int a = t->exponent[k * AZ_MAX_DIM], b = t->exponent[k * AZ_MAX_DIM + 1];
        if (a + b == 1) square[k] = 2 * by_coordinate[b], one[k] = a, two[k] = b;
        if (a == 2 || b == 2) square[k] = a + b == 2;
    }
    az_taylor_func(t, order, root, AZ_F_SQRT, square);
    for (int k = 0; k < t->count[order]; k++) two[k] += root[k];
    az_taylor_div(t, order, ratio, one, two);
    az_taylor_func(t, order, eta, AZ_F_ATAN, ratio);
    for (int k = 0; k < t->count[order]; k++) root[k] *= r / length;
    az_taylor_func(t, order, xi, AZ_F_ASINH, root);
    for (int k = 0; k < t->count[order]; k++) {
        const double unit = pow(r, t->exponent[k * AZ_MAX_DIM] + t->exponent[k * AZ_MAX_DIM + 1]);
        xi[k] /= unit, eta[k] *= 2 / unit;
    }
}

/* t and tau = 2 t^2 - 1 as series in eta: T_2n(t) = T_n(tau), and T_2n+1(t)/t is a polynomial in tau. What is even in eta stays so to rounding. */
static void across(const az_taylor *t, int order, az_num *at, az_num *tau, const az_mesh *m, double eta)
{
    az_num scaled[MAX_COEFFICIENTS] = {eta / m->grading, 1 / m->grading};

    az_taylor_func(t, order, at, AZ_F_ASINH, scaled);
    for (int i = 0; i <= order; i++) at[i] /= asinh(M_PI / 2 / m->grading);
    az_taylor_mul(t, order, tau, at, at);
    for (int i = 0; i <= order; i++) tau[i] = 2 * tau[i] - (i ? 0 : 1);
}

/* out[0..order] = sum over the modes of c[j] T_j as Taylor coefficients in eta, Clenshaw in tau: V_n = T_2n+1(t)/t has the recurrence of T_n(tau) too, with
 * V_0 = 1, V_1 = 2 tau - 1. */
static void chebyshev_sum(const az_taylor *t, int order, az_num *out, const az_mesh *m, const az_num *c, const az_num *at, const az_num *tau)
{
    az_num one[MAX_COEFFICIENTS] = {0}, two[MAX_COEFFICIENTS] = {0}, product[MAX_COEFFICIENTS];

    for (int j = m->modes - 1; j >= 1; j--) {
        az_taylor_mul(t, order, product, tau, one);
        for (int i = 0; i <= order; i++) {
            const az_num now = 2 * product[i] - two[i] + (i ? 0 : c[j]);
            two[i] = one[i], one[i] = now;
        }
    }
    az_taylor_mul(t, order, product, tau, one);
    for (int i = 0; i <= order; i++) {
        const double first = m->across == AZ_ODD ? 2 : 1; /* V_1 - V_0 tau = tau - 1 */
        out[i] = first * product[i] - two[i] + (i ? 0 : c[0]);
        if (m->across == AZ_ODD) out[i] -= one[i];
    }
    if (m->across != AZ_ODD) return;
    az_taylor_mul(t, order, product, out, at);
    for (int i = 0; i <= order; i++) out[i] = product[i];
}

/* out += the smooth terms at the corner, r^(n-k) y2^k (1 + r^2)^-n in lengths, from their definition. */
static void core(const az_taylor *t, int order, az_num *out, const az_mesh *m, double factor, const az_num *w, double y1, double y2)
{
    const double u = y1 / m->length, v = y2 / m->length;
    az_num square[MAX_COEFFICIENTS] = {1 + u * u + v * v}, plain[MAX_COEFFICIENTS] = {0}, height[MAX_COEFFICIENTS] = {v}, falling[MAX_COEFFICIENTS];
    az_num power[MAX_COEFFICIENTS], upright[MAX_COEFFICIENTS], both[MAX_COEFFICIENTS];
    int at = 0;

    for (int k = 1; k < t->count[order]; k++) {
        const int a = t->exponent[k * AZ_MAX_DIM], b = t->exponent[k * AZ_MAX_DIM + 1];
        const double unit = pow(m->length, -(a + b));
        square[k] = a + b == 1 ? 2 * (a ? u : v) * unit : a + b == 2 && a != b ? unit : 0;
        height[k] = a == 0 && b == 1 ? unit : 0;
    }
    memcpy(plain, square, sizeof plain);
    plain[0] = u * u + v * v;
    for (int n = 0; n < m->smooth; n++)
        for (int k = n; k >= 0; k -= 2, at++) {
            az_taylor_pow(t, order, falling, square, -n);
            az_taylor_pow(t, order, power, plain, (n - k) / 2);
            az_taylor_pow(t, order, upright, height, k);
            az_taylor_mul(t, order, both, power, upright);
            az_taylor_mul(t, order, power, both, falling);
            for (int i = 0; i < t->count[order]; i++) out[i] += factor * w[at] * power[i];
        }
}

/* Numbers of the weights that element e of the mesh needs: [first, last). */
static void needed(const az_mesh *m, double xi, int *first, int *last)
{
    int e = 0;
    while (e + 2 < m->n_edges && xi >= m->edge[e + 1]) e++;
    *first = az_mesh_node(m, e) < 0 ? 0 : az_mesh_node(m, e);
    *last = az_mesh_node(m, e + 1) + az_mesh_node_weights(m, e + 1);
}

/* The function of (xi, eta) first: g[p][q], by a spline in xi for every Taylor coefficient in eta; then xi and eta are put in. */
void az_sheet_add(const az_taylor *t, const az_taylor *line, int order, az_num *out, const az_network *net, const az_num *w, double y1, double y2)
{
    const az_mesh *m = &net->mesh;
    az_mesh flat = *m;
    az_num xi[MAX_COEFFICIENTS], eta[MAX_COEFFICIENTS], at[MAX_COEFFICIENTS], tau[MAX_COEFFICIENTS], row[AZ_TAYLOR_MAX_ORDER + 1];
    az_num weight[AZ_TAYLOR_MAX_ORDER + 1][MAX_LOCAL], g[AZ_TAYLOR_MAX_ORDER + 1][AZ_TAYLOR_MAX_ORDER + 1] = {{0}};
    az_num sum[MAX_COEFFICIENTS] = {0}, inner[MAX_COEFFICIENTS], product[MAX_COEFFICIENTS];
    int first, last;

    flat.length = 0;
    if (m->coordinates == AZ_CONFORMAL) conformal(t, order, xi, eta, m->length, fabs(y1), y2);
    else polar(t, order, xi, eta, m->length, fabs(y1), y2);
    across(line, order, at, tau, m, creal(eta[0]));
    needed(m, creal(xi[0]), &first, &last);
    for (int k = first; k < last; k++) {
        chebyshev_sum(line, order, row, m, w + (size_t)k * (size_t)m->modes, at, tau);
        for (int q = 0; q <= order; q++) weight[q][k - first] = row[q];
    }
    for (int q = 0; q <= order; q++) {
        for (int i = 0; i <= order; i++) row[i] = 0;
        add(line, order, row, &flat, net->scale, weight[q], first, creal(xi[0]));
        for (int p = 0; p + q <= order; p++) g[p][q] = row[p];
    }
    xi[0] = eta[0] = 0;
    for (int p = order; p >= 0; p--) {
        az_taylor_mul(t, order, product, sum, xi);
        memcpy(sum, product, (size_t)t->count[order] * sizeof *sum);
        for (int k = 0; k < t->count[order]; k++) inner[k] = 0;
        for (int q = order - p; q >= 0; q--) {
            az_taylor_mul(t, order, product, inner, eta);
            memcpy(inner, product, (size_t)t->count[order] * sizeof *inner);
            inner[0] += g[p][q];
        }
        for (int k = 0; k < t->count[order]; k++) sum[k] += inner[k];
    }
    if (az_mesh_n_core(m)) core(t, order, sum, m, net->scale, w + (size_t)az_mesh_count(m) * (size_t)m->modes, fabs(y1), y2);
    for (int k = 0; k < t->count[order]; k++) {
        const bool odd = t->exponent[k * AZ_MAX_DIM] % 2;
        if (m->coordinates == AZ_POLAR && y1 == 0 && y2 == 0 && t->degree[k] >= m->smooth) sum[k] = NAN; /* they depend on the direction */
        out[k] += y1 < 0 ? (odd ? -m->across : m->across) * sum[k] : sum[k];
    }
}
