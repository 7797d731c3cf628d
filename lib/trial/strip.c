/* strip.c: a function f(xi, eta) and its jet in y by composition: f(y) = sum f_ij (xi - xi0)^i (eta - eta0)^j. */
#include "trial/strip.h"

#include <complex.h>
#include <math.h>
#include <string.h>

#define B AZ_LANES
#define MAX_ORDER 8
#define LOG_ZERO -700.0 /* instead of log 0: its exponential is a number */

/* sinh^2 xi is the positive root of S^2 - (r^2 - 1) S - y1^2 = 0; tan eta = (y1/sinh xi)/(y2/cosh xi). */
static void place_conformal(double *xi, double *eta, double a, double b)
{
    double r = hypot(a, b);
    double m = (r - 1) * (r + 1), root = r < 1e100 ? hypot(m, 2 * a) : m;
    double s = r < 1e100 ? (m > 0 ? 0.5 * (m + root) : m == 0 && a == 0 ? 0 : 2 * a / (root - m) * a) : 0;
    double sinh_xi = r < 1e100 ? sqrt(s) : r, cosh_xi = r < 1e100 ? sqrt(1 + s) : r;
    *xi = asinh(sinh_xi);
    *eta = sinh_xi > 0 ? atan2(a / sinh_xi, b / cosh_xi) : acos(fmin(1, b));
}

void az_strip_place(double *xi, double *eta, double y1, double y2, const az_mesh *m)
{
    double a = y1 / m->length, b = y2 / m->length;
    if (m->coordinates == AZ_CONFORMAL) place_conformal(xi, eta, a, b);
    else *xi = asinh(hypot(a, b)), *eta = atan2(a, b);
}

void az_strip_point(double *y1, double *y2, double xi, double eta, const az_mesh *m)
{
    *y1 = m->length * sinh(xi) * sin(eta);
    *y2 = m->length * (m->coordinates == AZ_CONFORMAL ? cosh(xi) : sinh(xi)) * cos(eta);
}

int az_strip_order(const az_layout *l)
{
    int most = 0;
    for (int c = 0; c < l->n; c++)
        if (l->degree[c] > most) most = l->degree[c];
    return most;
}

/* Taylor coefficients g[n] of w' at zeta0, w = asinh zeta: (1 + zeta^2) w'' + zeta w' = 0. square = 1 + zeta0^2 without cancellation. */
static void slopes(double complex *g, int n, double complex zeta, double complex square)
{
    g[0] = 1 / csqrt(square);
    for (int k = 0; k + 1 < n; k++) g[k + 1] = -((2 * k + 1) * zeta * g[k] + (k ? k * g[k - 1] : 0)) / ((k + 1) * square);
}

/* Jets of the lane's real and imaginary part of w - w0, w a function of zeta = (y1 + i y2)/length whose derivative has the Taylor coefficients g:
 * the coefficient of d1^a d2^b is w_n C(n, a) i^b, n = a + b. */
static void analytic(const az_layout *l, double *re, double *im, const double complex *g, double length)
{
    for (int c = 0; c < l->n; c++) {
        int a = l->index[c].e[0], b = l->index[c].e[1], n = a + b;
        double complex w = 0;
        if (n > 0) {
            double binomial = 1;
            for (int k = 0; k < a; k++) binomial = binomial * (n - k) / (k + 1);
            w = g[n - 1] / n * binomial / pow(length, n);
            for (int k = 0; k < b; k++) w *= I;
        }
        re[c * B] = creal(w);
        im[c * B] = cimag(w);
    }
}

/* w = asinh zeta = xi + i (pi/2 - eta) */
static void conformal(const az_layout *l, double *xi, double *minus_eta, const double *y1, const double *y2, double length)
{
    int order = az_strip_order(l);
    for (int i = 0; i < B; i++) {
        double complex zeta = (y1[i] + I * y2[i]) / length, g[MAX_ORDER];
        double complex square = ((1 - cimag(zeta)) * (1 + cimag(zeta)) + creal(zeta) * creal(zeta)) + 2 * I * creal(zeta) * cimag(zeta);
        if (creal(square) < 0 && cimag(square) == 0) square = creal(square) + I * 0.0; /* the axis is seen from y1 > 0 */
        slopes(g, order > 0 ? order : 1, zeta, square);
        analytic(l, xi + i, minus_eta + i, g, length);
    }
}

/* w = log zeta = log r + i (pi/2 - eta), xi = asinh r */
static void polar(const az_layout *l, double *xi, double *minus_eta, const double *y1, const double *y2, double length, double *scratch)
{
    double *a[AZ_MAX_JET], *y[AZ_MAX_JET], *slope[AZ_MAX_JET];
    size_t jet = (size_t)l->n * B;
    for (int i = 0; i < B; i++) {
        double complex zeta = (y1[i] + I * y2[i]) / length, g[MAX_ORDER];
        bool corner = zeta == 0; /* what is left of the elements there is 0 */
        g[0] = corner ? 0 : 1 / zeta;
        for (int k = 1; k < az_strip_order(l); k++) g[k] = corner ? 0 : -g[k - 1] / zeta;
        analytic(l, xi + i, minus_eta + i, g, length);
        xi[i] = corner ? LOG_ZERO : log(cabs(zeta));
    }
    az_jet_table(a, l, xi);
    az_jet_table(y, l, scratch);
    az_jet_table(slope, l, scratch + jet);
    az_jet_func(l, AZ_F_EXP, y, slope, a, scratch + 2 * jet);
    az_jet_func(l, AZ_F_ASINH, a, slope, y, scratch + 2 * jet);
    memset(xi, 0, sizeof *xi * B);
}

/* Jets of xi - xi0 and eta - eta0. */
static void increments(const az_layout *l, double *xi, double *eta, const double *y1, const double *y2, const az_mesh *m, double *scratch)
{
    if (m->coordinates == AZ_CONFORMAL) conformal(l, xi, eta, y1, y2, m->length);
    else polar(l, xi, eta, y1, y2, m->length, scratch);
    for (int i = 0; i < l->n * B; i++) eta[i] = -eta[i];
}

void az_strip_powers(const az_layout *l, double *powers, const double *y1, const double *y2, const az_mesh *m, double *scratch)
{
    int order = az_strip_order(l);
    size_t jet = (size_t)l->n * B;
    double *step[AZ_MAX_JET], *from[AZ_MAX_JET], *to[AZ_MAX_JET];
    increments(l, scratch, scratch + jet, y1, y2, m, scratch + 2 * jet);
    memset(powers, 0, sizeof(double) * jet);
    for (int i = 0; i < B; i++) powers[i] = 1;
    for (int n = 1; n <= order; n++)
        for (int j = 0; j <= n; j++) {
            int i = n - j, before = j ? az_strip_coefficient(i, j - 1) : az_strip_coefficient(i - 1, 0);
            az_jet_table(step, l, scratch + (j ? jet : 0));
            az_jet_table(from, l, powers + (size_t)before * jet);
            az_jet_table(to, l, powers + (size_t)az_strip_coefficient(i, j) * jet);
            az_jet_mul(l, to, from, step);
        }
}

#define FAR 1e100 /* lengths from which the core's terms are 0, but the first */

/* Jets of r^2 and y2 in lengths. */
static void squares(const az_layout *l, double *square, double *height, const double *y1, const double *y2, double length)
{
    for (int c = 0; c < l->n; c++)
        for (int i = 0; i < B; i++) {
            int a = l->index[c].e[0], b = l->index[c].e[1];
            double unit = hypot(y1[i], y2[i]) < FAR * length ? 1 / length : 0, u = y1[i] * unit, v = y2[i] * unit;
            square[c * B + i] = a + b == 0 ? u * u + v * v : a + b == 1 ? 2 * unit * (a ? u : v) : a + b == 2 && a != b ? unit * unit : 0;
            height[c * B + i] = a + b == 0 ? v : a == 0 && b == 1 ? unit : 0;
        }
}

/* Y^k Q^j, Y = y2/(1 + r^2), Q = r^2/(1 + r^2)^2 in lengths: each is Y times one of n - 1, but for Q^j. */
void az_strip_core(const az_layout *l, double *core, const double *y1, const double *y2, const az_mesh *m, double *scratch)
{
    size_t jet = (size_t)l->n * B;
    double *square = scratch, *height = scratch + jet, *inverse = scratch + 2 * jet, *work = scratch + 3 * jet;
    double *a[AZ_MAX_JET], *y[AZ_MAX_JET], *slope[AZ_MAX_JET];
    squares(l, square, height, y1, y2, m->length);
    for (int i = 0; i < B; i++) square[i] += 1;
    az_jet_table(a, l, square);
    az_jet_table(y, l, inverse);
    az_jet_table(slope, l, work);
    az_jet_pow(l, y, slope, a, -1, work + jet);
    for (int i = 0; i < B; i++) square[i] -= 1;
    double *first = work, *second = work + jet;
    az_jet_product(l, second, square, inverse);
    az_jet_product(l, square, second, inverse); /* Q */
    az_jet_product(l, first, height, inverse); /* Y */
    memset(core, 0, sizeof *core * jet);
    for (int i = 0; i < B; i++) core[i] = 1;
    for (int n = 1, at = 1; n < m->smooth; n++) {
        for (int j = 0; j <= n / 2; j++) {
            double *before = core + (size_t)(at - ((n - 1) / 2 + 1)) * jet; /* the first of n - 1 */
            if (2 * j < n) az_jet_product(l, core + (size_t)(at + j) * jet, first, before + (size_t)j * jet);
            else az_jet_product(l, core + (size_t)(at + j) * jet, square, before - jet); /* the last of n - 2 */
        }
        at += n / 2 + 1;
    }
}

/* c = a b of Taylor polynomials in one variable, lanes wide. */
static void multiply(int order, double *c, const double *a, const double *b)
{
    for (int k = 0; k <= order; k++)
        for (int i = 0; i < B; i++) {
            double sum = 0;
            for (int j = 0; j <= k; j++) sum += a[j * B + i] * b[(k - j) * B + i];
            c[k * B + i] = sum;
        }
}

/* t = asinh(eta/a)/asinh(pi/(2a)): u = eta/a, v = asinh u, (1 + u^2) v'' + u v' = 0 */
static void across_coordinate(const az_mesh *m, int order, double *t, const double *eta)
{
    double full = asinh(M_PI_2 / m->grading);
    for (int i = 0; i < B; i++) {
        double u = eta[i] / m->grading, square = 1 + u * u, g[MAX_ORDER + 1], unit = 1;
        g[0] = 1 / sqrt(square);
        for (int k = 0; k + 1 < order; k++) g[k + 1] = -((2 * k + 1) * u * g[k] + (k ? k * g[k - 1] : 0)) / ((k + 1) * square);
        t[i] = asinh(u) / full;
        for (int k = 1; k <= order; k++) {
            unit /= m->grading;
            t[k * B + i] = g[k - 1] / k * unit / full;
        }
    }
}

/* T_{j+2} = 2 (2 t^2 - 1) T_j - T_{j-2} */
void az_strip_across(const az_mesh *m, int order, double *out, const double *eta)
{
    double t[(MAX_ORDER + 1) * B], twice[(MAX_ORDER + 1) * B], product[(MAX_ORDER + 1) * B];
    size_t size = (size_t)(order + 1) * B;
    across_coordinate(m, order, t, eta);
    multiply(order, twice, t, t);
    for (size_t i = 0; i < size; i++) twice[i] *= 4;
    for (int i = 0; i < B; i++) twice[i] -= 2;
    memset(out, 0, sizeof(double) * size);
    if (m->across == AZ_ODD) memcpy(out, t, sizeof(double) * size);
    else
        for (int i = 0; i < B; i++) out[i] = 1;
    for (int n = 1; n < m->modes; n++) {
        double *now = out + (size_t)n * size;
        multiply(order, product, twice, now - size);
        if (n > 1) /* before the first: T_{-2} = T_2, T_{-1} = T_1 */
            for (size_t i = 0; i < size; i++) now[i] = product[i] - (now - 2 * size)[i];
        else
            for (size_t i = 0; i < size; i++) now[i] = m->across == AZ_ODD ? product[i] - out[i] : 0.5 * product[i];
    }
}

typedef struct space {
    double *y1, *y2, *xi, *eta, *sign, *powers, *scratch, *across, *f, *core, *element;
    int order, n;
} space;

static space view(const az_network *net, const az_layout *l, double *work)
{
    space v = {.order = az_strip_order(l)};
    size_t jet = (size_t)l->n * B;
    v.n = az_strip_coefficients(v.order);
    v.y1 = work, v.y2 = work + B, v.xi = work + 2 * B, v.eta = work + 3 * B, v.sign = work + 4 * B;
    v.scratch = work + 5 * B;
    v.powers = v.scratch + AZ_STRIP_SCRATCH * jet;
    v.f = v.powers + (size_t)v.n * jet;
    v.across = v.f + (size_t)v.n * B;
    v.core = v.across + (size_t)net->mesh.modes * (size_t)(v.order + 1) * B;
    v.element = v.core + (size_t)az_mesh_n_core(&net->mesh) * jet;
    return v;
}

size_t az_strip_work(const az_network *net, const az_layout *l)
{
    int order = az_strip_order(l);
    size_t jet = (size_t)l->n * B, n = (size_t)az_strip_coefficients(order), line = (size_t)order + 1;
    az_layout along;
    if (az_layout_total(&along, 1, order)) return 0;
    return 5 * B + (AZ_STRIP_SCRATCH + n + (size_t)az_mesh_n_core(&net->mesh)) * jet + n * B +
           (size_t)net->mesh.modes * line * B + az_element_work(net, &along);
}

/* f_ij of the lanes [first, last), which lie in one element. */
static void sum(const az_network *net, const space *v, const double *polynomial, int element, int first, int last)
{
    az_element_term t[AZ_ELEMENT_MAX_TERMS];
    int n = az_element_terms(&net->mesh, t, element), modes = net->mesh.modes, k1 = v->order + 1;
    double row[(MAX_ORDER + 1) * B];
    for (int q = 0; q < n; q++) {
        const double *w = net->weight + (size_t)t[q].column * (size_t)modes, *b = polynomial + (size_t)(t[q].basis * k1) * B;
        memset(row, 0, sizeof(double) * (size_t)k1 * B);
        for (int m = 0; m < modes; m++) {
            const double *s = v->across + (size_t)(m * k1) * B;
            for (int j = 0; j < k1; j++)
                for (int i = first; i < last; i++) row[j * B + i] += w[m] * s[j * B + i];
        }
        for (int p = 0; p < k1; p++)
            for (int j = 0; p + j < k1; j++) {
                double *to = v->f + (size_t)az_strip_coefficient(p, j) * B;
                for (int i = first; i < last; i++) to[i] += t[q].factor * b[p * B + i] * row[j * B + i];
            }
    }
}

/* Adds the smooth terms at the corner, to coefficient c of the others. */
static void add_core(const az_network *net, const az_layout *l, const space *v, double *out, int c)
{
    const az_mesh *m = &net->mesh;
    const double *w = net->weight + (size_t)az_mesh_count(m) * (size_t)m->modes;
    for (int k = 0; k < az_mesh_n_core(m); k++)
        for (int i = 0; i < B; i++) out[i] += w[k] * v->core[((size_t)k * (size_t)l->n + (size_t)c) * B + (size_t)i];
    for (int i = 0; i < B; i++)
        if (m->coordinates == AZ_POLAR && l->degree[c] >= m->smooth && v->xi[i] == 0) out[i] = NAN;
}

void az_strip_forward(const az_network *net, const az_layout *l, double *const out[], const double *y1, const double *y2, double *work)
{
    const az_mesh *m = &net->mesh;
    space v = view(net, l, work);
    az_layout along;
    az_layout_total(&along, 1, v.order);
    for (int i = 0; i < B; i++) {
        v.y1[i] = fabs(y1[i]), v.y2[i] = y2[i];
        v.sign[i] = y1[i] < 0 ? -1 : 1;
        az_strip_place(&v.xi[i], &v.eta[i], v.y1[i], v.y2[i], m);
    }
    az_strip_powers(l, v.powers, v.y1, v.y2, m, v.scratch);
    if (az_mesh_n_core(m)) az_strip_core(l, v.core, v.y1, v.y2, m, v.scratch);
    az_strip_across(m, v.order, v.across, v.eta);
    const double *polynomial = az_element_polynomials(net, &along, v.xi, v.element);
    memset(v.f, 0, sizeof(double) * (size_t)v.n * B);
    for (int i = 0, j; i < B; i = j) {
        int e = az_element_find(m, v.xi[i]);
        for (j = i + 1; j < B && az_element_find(m, v.xi[j]) == e;) j++;
        sum(net, &v, polynomial, e, i, j);
    }
    for (int c = 0; c < l->n; c++) {
        if (!out[c]) continue;
        memset(out[c], 0, sizeof(double) * B);
        for (int k = 0; k < v.n; k++) {
            const double *p = v.powers + ((size_t)k * (size_t)l->n + (size_t)c) * B, *f = v.f + (size_t)k * B;
            for (int i = 0; i < B; i++) out[c][i] += p[i] * f[i];
        }
        add_core(net, l, &v, out[c], c);
        int odd = l->index[c].e[0] % 2;
        for (int i = 0; i < B; i++)
            if (v.sign[i] < 0) out[c][i] *= m->across * (odd ? -1 : 1);
    }
}
