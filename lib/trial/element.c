/* element.c: a stage of elements. Within a block every basis polynomial is one jet in s for all lanes, whichever elements they lie in; only its weight
 * differs from lane to lane. */
#include "trial/element.h"

#include "operator/line.h"

#include <math.h>
#include <string.h>

#define B AZ_LANES

/* Basis polynomials of all elements: Hermite at the left end, at the right end, bubbles. */
static int n_basis(const az_mesh *m)
{
    int top = az_mesh_node(m, 0) < 0 && m->centre > m->degree ? m->centre : m->degree;
    return top + 1;
}

typedef az_element_term term;
#define MAX_TERMS AZ_ELEMENT_MAX_TERMS

static double half_width(const az_mesh *m, int e)
{
    return e == 0 && m->parity != AZ_NO_PARITY ? m->edge[1] : 0.5 * (m->edge[e + 1] - m->edge[e]);
}

static double middle(const az_mesh *m, int e)
{
    return e == 0 && m->parity != AZ_NO_PARITY ? 0 : 0.5 * (m->edge[e] + m->edge[e + 1]);
}

/* The left end of the element with a parity: f^(j)(-s) = parity (-1)^j f^(j)(s). */
static int node_terms(const az_mesh *m, term *t, int n, int node, int e, int first_basis, double sign)
{
    double ratio = half_width(m, e) / az_mesh_node_width(m, node), factor = 1;
    for (int j = 0, own = az_mesh_node_weights(m, node); j < own; j++, factor *= ratio)
        t[n++] = (term){az_mesh_node(m, node) + j, first_basis + j, factor * (sign < 0 && j % 2 ? -1 : 1) * (sign ? m->parity : 1)};
    return n;
}

int az_element_terms(const az_mesh *m, term *t, int e)
{
    bool centre = e == 0 && m->parity != AZ_NO_PARITY;
    int left = centre ? 1 : e, n = az_mesh_node(m, left) < 0 ? 0 : node_terms(m, t, 0, left, e, 0, centre ? -1 : 0), k = m->smooth;
    n = node_terms(m, t, n, e + 1, e, k, 0);
    int first = centre && m->parity == AZ_ODD ? 1 : 0, step = centre ? 2 : 1, at = az_mesh_bubble(m, e);
    for (int j = 0; j < az_mesh_n_bubbles(m, e); j++) t[n++] = (term){at + j, 2 * k + first + step * j, 1};
    return n;
}

int az_element_find(const az_mesh *m, double z)
{
    int lo = 0, hi = m->n_edges - 2;
    while (lo < hi) {
        int mid = (lo + hi + 1) / 2;
        if (z >= m->edge[mid]) lo = mid;
        else hi = mid - 1;
    }
    return lo;
}

/* y = p a + q b, b NULL: p a; then + r on the value */
static void combine(const az_layout *l, double *y, double p, const double *a, double q, const double *b, double r)
{
    for (int i = 0; i < l->n * B; i++) y[i] = p * a[i] + (b ? q * b[i] : 0);
    for (int i = 0; i < B; i++) y[i] += r;
}

/* work: element of each lane | sign of each lane | s | six jets of scratch | basis */
typedef struct space {
    double *where, *sign, *s, *scratch, *basis;
    size_t jet;
} space;

static space view(const az_layout *l, double *work)
{
    size_t jet = (size_t)l->n * B;
    return (space){work, work + B, work + 2 * B, work + 2 * B + jet, work + 2 * B + 7 * jet, jet};
}

size_t az_element_work(const az_network *net, const az_layout *l)
{
    return 2 * B + (size_t)l->n * B * (size_t)(7 + n_basis(&net->mesh));
}

/* z as a jet of x: asinh(x/length) or x. */
static void coordinate(const az_mesh *m, const az_layout *l, double *z, const double *x, double *scratch)
{
    double unit = m->length > 0 ? 1 / m->length : 1, *to = m->length > 0 ? scratch : z;
    memset(to, 0, sizeof(double) * (size_t)l->n * B);
    for (int i = 0; i < B; i++) {
        to[i] = unit * x[i];
        if (l->n > 1) to[B + i] = unit;
    }
    if (to == z) return;
    double *a[AZ_MAX_JET], *y[AZ_MAX_JET], *dy[AZ_MAX_JET];
    size_t jet = (size_t)l->n * B;
    az_jet_table(a, l, scratch);
    az_jet_table(y, l, z);
    az_jet_table(dy, l, scratch + jet);
    az_jet_func(l, AZ_F_ASINH, y, dy, a, scratch + 2 * jet);
}

/* s = (z - middle)/half of the lane's element, after reflection to z >= 0 where there is a parity; constant beyond the edges. */
static void localise(const az_mesh *m, const az_layout *l, const space *v)
{
    double first = m->edge[0], last = m->edge[m->n_edges - 1];
    for (int i = 0; i < B; i++) {
        bool mirrored = m->parity != AZ_NO_PARITY && v->s[i] < 0;
        double z = mirrored ? -v->s[i] : v->s[i];
        int e = az_element_find(m, z);
        double h = half_width(m, e);
        bool beyond = z > last || z < first;
        v->where[i] = e;
        v->sign[i] = mirrored ? m->parity : 1;
        v->s[i] = z > last ? 1 : z < first ? -1 : (z - middle(m, e)) / h;
        for (int c = 1; c < l->n; c++) v->s[c * B + i] = beyond ? 0 : (mirrored ? -1 : 1) * v->s[c * B + i] / h;
    }
}

/* Hermite functions of one end, a = (1 -+ s)/2 falling from 1 there to 0 at the other, b = 1 - a:
 * H_j = a^k (2b)^j/j! sum over i < k - j of C(k-1+i, i) b^i, times (-1)^j at the right end. */
static void hermite(const az_mesh *m, const az_layout *l, const space *v, int right)
{
    int k = m->smooth;
    double *a = v->scratch, *b = a + v->jet, *power = b + v->jet, *sum = power + v->jet, *t = sum + v->jet, *u = t + v->jet;
    combine(l, a, right ? 0.5 : -0.5, v->s, 0, NULL, 0.5);
    combine(l, b, right ? -0.5 : 0.5, v->s, 0, NULL, 0.5);
    memcpy(power, a, sizeof(double) * v->jet);
    for (int i = 1; i < k; i++) {
        az_jet_product(l, t, power, a);
        memcpy(power, t, sizeof(double) * v->jet);
    }
    for (int j = 0; j < k; j++) {
        double binomial[AZ_MESH_MAX_SMOOTH] = {1};
        for (int i = 1; i < k - j; i++) binomial[i] = binomial[i - 1] * (k - 1 + i) / i;
        combine(l, sum, 0, b, 0, NULL, binomial[k - 1 - j]);
        for (int i = k - 2 - j; i >= 0; i--) {
            az_jet_product(l, t, sum, b);
            combine(l, sum, 1, t, 0, NULL, binomial[i]);
        }
        az_jet_product(l, v->basis + (size_t)(right * k + j) * v->jet, power, sum);
        az_jet_product(l, u, power, b);
        combine(l, power, (right ? -2.0 : 2.0) / (j + 1), u, 0, NULL, 0);
    }
}

/* b_j = (1-s^2)^k R_j: (j + 2a) b_{j+1} = 2 (j + a) s b_j - j b_{j-1}, a = k + 1/2 (DLMF 18.9.1, normalised at 1). */
static void bubbles(const az_mesh *m, const az_layout *l, const space *v)
{
    int k = m->smooth, n = n_basis(m) - 2 * k;
    double alpha = k + 0.5, *first = v->basis + 2 * (size_t)k * v->jet, *square = v->scratch, *one = square + v->jet;
    az_jet_product(l, square, v->s, v->s);
    combine(l, one, -1, square, 0, NULL, 1);
    memcpy(first, one, sizeof(double) * v->jet);
    for (int i = 1; i < k; i++) {
        az_jet_product(l, square, first, one);
        memcpy(first, square, sizeof(double) * v->jet);
    }
    for (int j = 0; j + 1 < n; j++) {
        double *b = first + (size_t)j * v->jet;
        az_jet_product(l, square, v->s, b);
        combine(l, b + v->jet, 2 * (j + alpha) / (j + 2 * alpha), square, -j / (j + 2 * alpha), j ? b - v->jet : NULL, 0);
    }
}

/* v->s is z; then s. */
static void polynomials(const az_mesh *m, const az_layout *l, const space *v)
{
    localise(m, l, v);
    hermite(m, l, v, 0);
    hermite(m, l, v, 1);
    bubbles(m, l, v);
}

const double *az_element_polynomials(const az_network *net, const az_layout *l, const double *z, double *work)
{
    space v = view(l, work);
    memset(v.s, 0, sizeof(double) * v.jet);
    for (int i = 0; i < B; i++) {
        v.s[i] = z[i];
        if (l->n > 1) v.s[B + i] = 1;
    }
    polynomials(&net->mesh, l, &v);
    return v.basis;
}

void az_element_forward(const az_network *net, const az_layout *l, double *const out[], const double *x, double *work)
{
    const az_mesh *m = &net->mesh;
    space v = view(l, work);
    term t[MAX_TERMS];
    int n = 0, e = -1;
    coordinate(m, l, v.s, x, v.scratch);
    polynomials(m, l, &v);
    for (int c = 0; c < l->n; c++)
        if (out[c]) memset(out[c], 0, sizeof(double) * B);
    for (int i = 0; i < B; i++) {
        if ((int)v.where[i] != e) n = az_element_terms(m, t, e = (int)v.where[i]);
        for (int q = 0; q < n; q++) {
            double w = v.sign[i] * t[q].factor * net->weight[t[q].column];
            const double *b = v.basis + (size_t)t[q].basis * v.jet + i;
            for (int c = 0; c < l->n; c++)
                if (out[c]) out[c][i] += w * b[c * B];
        }
    }
}

void az_element_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const seed[], double *work)
{
    if (!column) return;
    space v = view(l, work);
    term t[MAX_TERMS];
    int n = 0, e = -1;
    for (int w = 0; w < net->n_weights; w++) memset(column + (size_t)w * ld, 0, sizeof(double) * (size_t)n_lanes);
    for (int i = 0; i < n_lanes; i++) {
        if ((int)v.where[i] != e) n = az_element_terms(&net->mesh, t, e = (int)v.where[i]);
        for (int q = 0; q < n; q++) {
            const double *b = v.basis + (size_t)t[q].basis * v.jet + i;
            double sum = 0;
            for (int c = 0; c < l->n; c++)
                if (seed[c]) sum += seed[c][i] * b[c * B];
            column[(size_t)t[q].column * ld + (size_t)i] += v.sign[i] * t[q].factor * sum;
        }
    }
}

int az_element_lane(const az_network *net, const az_layout *l, double *work, int lane, int *column, double *jet)
{
    space v = view(l, work);
    term t[MAX_TERMS];
    const int n = az_element_terms(&net->mesh, t, (int)v.where[lane]);
    for (int q = 0; q < n; q++) {
        const double *b = v.basis + (size_t)t[q].basis * v.jet + lane;
        column[q] = t[q].column;
        for (int c = 0; c < l->n; c++) jet[q * l->n + c] = v.sign[lane] * t[q].factor * b[c * B];
    }
    return n;
}

az_status az_element_series(const az_network *net, double *out, const double *z, int n, int order)
{
    az_network plain = *net;
    az_layout *l = az_calloc(1, sizeof *l);
    az_status st = l ? az_layout_total(l, 1, order) : AZ_ENOMEM;
    double *work = st ? NULL : az_doubles(az_element_work(net, l) + (size_t)(l->n + 1) * B), *value[AZ_MAX_JET];
    plain.mesh.length = 0;
    for (int first = 0; work && first < n; first += B) {
        double *x = work + az_element_work(net, l);
        az_jet_table(value, l, x + B);
        for (int i = 0; i < B; i++) x[i] = z[first + i < n ? first + i : n - 1];
        az_element_forward(&plain, l, value, x, work);
        for (int i = 0; i < B && first + i < n; i++)
            for (int c = 0; c < l->n; c++) out[(first + i) * l->n + c] = value[c][i];
    }
    if (!st && !work) st = AZ_ENOMEM;
    az_doubles_free(work);
    az_realloc(l, 0);
    return st;
}

int az_element_n_samples(const az_mesh *m) { return (m->n_edges - 1) * AZ_FIT_NODES + m->n_edges; }

void az_element_samples(const az_mesh *m, double *z)
{
    double x[AZ_FIT_NODES], w[AZ_FIT_NODES];
    az_gauss_legendre(x, w, AZ_FIT_NODES);
    for (int e = 0; e + 1 < m->n_edges; e++)
        for (int q = 0; q < AZ_FIT_NODES; q++) *z++ = 0.5 * (m->edge[e] + m->edge[e + 1]) + 0.5 * (m->edge[e + 1] - m->edge[e]) * x[q];
    memcpy(z, m->edge, sizeof *z * (size_t)m->n_edges);
}

/* Weights of the ends: derivative times node_width^j. */
static void fit_nodes(az_network *net, const double *sample)
{
    const az_mesh *m = &net->mesh;
    for (int i = 0; i < m->n_edges; i++) {
        int at = az_mesh_node(m, i);
        double factor = 1;
        for (int j = 0; j < az_mesh_node_weights(m, i) && at >= 0; j++) {
            net->weight[at + j] = factor * sample[i * m->smooth + j];
            factor *= (j + 1) * az_mesh_node_width(m, i);
        }
    }
}

/* R_0..R_{n-1} at s */
static void gegenbauer(double *r, int n, double s, double alpha)
{
    r[0] = 1;
    for (int j = 0; j + 1 < n; j++) r[j + 1] = (2 * (j + alpha) * s * r[j] - (j ? j * r[j - 1] : 0)) / (j + 2 * alpha);
}

/* Bubbles of element e from rest[q] = f - Hermite part at its points: int rest R_j / int (1-s^2)^k R_j^2. */
static void fit_bubbles(az_network *net, int e, const double *rest)
{
    const az_mesh *m = &net->mesh;
    bool centre = e == 0 && m->parity != AZ_NO_PARITY;
    double x[AZ_FIT_NODES], w[AZ_FIT_NODES], top[AZ_MESH_MAX_DEGREE + 1] = {0}, norm[AZ_MESH_MAX_DEGREE + 1] = {0}, r[AZ_MESH_MAX_DEGREE + 1];
    int n = az_mesh_n_bubbles(m, e), first = centre && m->parity == AZ_ODD ? 1 : 0, step = centre ? 2 : 1;
    az_gauss_legendre(x, w, AZ_FIT_NODES);
    for (int q = 0; q < AZ_FIT_NODES; q++) {
        double s = centre ? 0.5 * (1 + x[q]) : x[q];
        gegenbauer(r, first + step * n, s, m->smooth + 0.5);
        for (int j = 0; j < n; j++) {
            double value = r[first + step * j];
            top[j] += w[q] * rest[q] * value;
            norm[j] += w[q] * pow(1 - s * s, m->smooth) * value * value;
        }
    }
    for (int j = 0; j < n; j++) net->weight[az_mesh_bubble(m, e) + j] = top[j] / norm[j];
}

az_status az_element_fit(az_network *net, const double *sample)
{
    const az_mesh *m = &net->mesh;
    int n = (m->n_edges - 1) * AZ_FIT_NODES;
    double *z = az_doubles((size_t)az_element_n_samples(m)), *rest = az_doubles((size_t)n);
    az_status st = z && rest ? AZ_OK : AZ_ENOMEM;
    memset(net->weight, 0, sizeof *net->weight * (size_t)net->n_weights);
    fit_nodes(net, sample + (size_t)n * (size_t)m->smooth);
    if (!st) az_element_samples(m, z);
    if (!st) st = az_element_series(net, rest, z, n, 0);
    for (int i = 0; i < n && !st; i++) rest[i] = sample[(size_t)i * (size_t)m->smooth] - rest[i];
    for (int e = 0; e + 1 < m->n_edges && !st; e++) fit_bubbles(net, e, rest + e * AZ_FIT_NODES);
    az_doubles_free(z);
    az_doubles_free(rest);
    return st;
}

void az_element_tails(const az_network *net, double *tail)
{
    const az_mesh *m = &net->mesh;
    double x[AZ_FIT_NODES], w[AZ_FIT_NODES], r[AZ_MESH_MAX_DEGREE + 1];
    az_gauss_legendre(x, w, AZ_FIT_NODES);
    for (int e = 0; e + 1 < m->n_edges; e++) {
        bool centre = e == 0 && m->parity != AZ_NO_PARITY;
        int n = az_mesh_n_bubbles(m, e), first = centre && m->parity == AZ_ODD ? 1 : 0, step = centre ? 2 : 1;
        double sum = 0;
        for (int q = 0; q < AZ_FIT_NODES; q++) {
            gegenbauer(r, first + step * n, x[q], m->smooth + 0.5);
            double value = 0;
            for (int j = n > 2 ? n - 2 : 0; j < n; j++) value += fabs(net->weight[az_mesh_bubble(m, e) + j] * r[first + step * j]);
            value *= pow(1 - x[q] * x[q], m->smooth);
            sum += 0.5 * w[q] * value * value;
        }
        tail[e] = sqrt(sum);
    }
}
