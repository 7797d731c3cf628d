/* spline.c: piecewise polynomials, one point at a time. */
#include "verify/spline.h"

#include <string.h>

#define MAX_COEFFICIENTS (AZ_TAYLOR_MAX_ORDER + 1)
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
    p->s[0] = z < first ? -1 : z > last ? 1 : (p->s[0] - p->middle) / p->half;
    for (int c = 1; c <= order; c++) p->s[c] = p->beyond ? 0 : p->s[c] / p->half;
}

/* data[j] = f^(j)/j! in s at the right end; at the left end too, which in the element around 0 follows from the parity */
static void end_data(const az_mesh *m, const place *p, const az_num *w, az_num *left, az_num *right)
{
    const int a = p->centre ? 1 : p->element, b = p->element + 1;
    double to_left = 1, to_right = 1;

    for (int j = 0; j < m->smooth; j++) {
        left[j] = to_left * w[az_mesh_node(m, a) + j];
        right[j] = j < az_mesh_node_weights(m, b) ? to_right * w[az_mesh_node(m, b) + j] : 0;
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

void az_spline_add(const az_taylor *t, int order, az_num *out, const az_network *net, const az_num *w, double x)
{
    const az_mesh *m = &net->mesh;
    az_num left[AZ_MESH_MAX_SMOOTH], right[AZ_MESH_MAX_SMOOTH], c[AZ_MESH_MAX_DEGREE + 1] = {0};
    az_num sum[MAX_COEFFICIENTS], y[MAX_COEFFICIENTS], square[MAX_COEFFICIENTS], product[MAX_COEFFICIENTS];
    const int k = m->smooth;
    place p;

    locate(t, order, &p, m, x);
    end_data(m, &p, w, left, right);
    const int first = p.centre && m->parity == AZ_ODD ? 1 : 0, step = p.centre ? 2 : 1, count = az_mesh_n_bubbles(m, p.element);
    for (int j = 0; j < count; j++) c[first + step * j] = w[az_mesh_bubble(m, p.element) + j];
    gegenbauer_sum(t, order, sum, p.s, c, first + step * (count - 1) + 1, k + 0.5);
    az_taylor_mul(t, order, square, p.s, p.s);
    for (int i = 0; i <= order; i++) square[i] = (i ? 0 : 1) - square[i];
    for (int i = 0; i < k; i++) {
        az_taylor_mul(t, order, product, sum, square);
        memcpy(sum, product, sizeof sum);
    }
    ends(t, order, y, p.s, left, right, k);
    for (int i = 0; i <= order; i++) out[i] += net->scale * p.sign * (y[i] + sum[i]);
}
