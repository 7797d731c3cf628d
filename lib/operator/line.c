#include "operator/line.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define M AZ_PANEL_NODES
#define PLAIN_GAUSS 3.0 /* (t + sqrt(t^2-1))^-2M = 4e-19 there: Gauss integrates 1/(t-x) to rounding */
#define DIRECT_DISTANCE 2.0 /* sinh z - sinh z' computed directly loses eps/(1 - e^-2) beyond */
#define EDGE_GAP 1e-14 /* targets closer to an edge are moved this far, the same on both sides: the two logarithms cancel */
#define BANDED 0.25 /* of the entries */
#define COLUMN_LEAST 32
#define COLUMN_PARTS 4 /* calls per product, whatever the thread count, so that the bits do not depend on it; narrower ones pack the matrix too often */

az_status az_line_grid_make(az_line_grid *g, const double *edge, int n_edges, double scale)
{
    *g = (az_line_grid){0};
    if (n_edges - 1 > AZ_MAX_PANELS) return AZ_ELIMIT;
    *g = (az_line_grid){.n_panels = n_edges - 1, .n = (n_edges - 1) * M, .scale = scale};
    g->edge = az_doubles((size_t)n_edges);
    g->z = az_doubles((size_t)g->n);
    g->y = az_doubles((size_t)g->n);
    if (!g->edge || !g->z || !g->y) {
        az_line_grid_clear(g);
        return AZ_ENOMEM;
    }
    memcpy(g->edge, edge, sizeof(double) * (size_t)n_edges);
    double x[M], w[M];
    az_gauss_legendre(x, w, M);
    for (int p = 0; p < g->n_panels; p++)
        for (int k = 0; k < M; k++) {
            double c = 0.5 * (edge[p] + edge[p + 1]), h = 0.5 * (edge[p + 1] - edge[p]);
            g->z[p * M + k] = c + h * x[k];
            g->y[p * M + k] = scale * sinh(c + h * x[k]);
        }
    return AZ_OK;
}

void az_line_grid_clear(az_line_grid *g)
{
    az_doubles_free(g->edge);
    az_doubles_free(g->z);
    az_doubles_free(g->y);
    *g = (az_line_grid){0};
}

/* Tables shared by all targets: the rule, P_n at its nodes times (2n+1) and the weight. */
typedef struct rule {
    double x[M], w[M], wp[M][M]; /* wp[n][k] = (2n+1) w_k P_n(x_k) */
} rule;

static void rule_make(rule *r)
{
    az_gauss_legendre(r->x, r->w, M);
    for (int k = 0; k < M; k++) {
        double p0 = 1, p1 = r->x[k];
        for (int n = 0; n < M; n++) {
            r->wp[n][k] = (2 * n + 1) * r->w[k] * p0;
            double p2 = ((2 * n + 3) * r->x[k] * p1 - (n + 1) * p0) / (n + 2);
            p0 = p1, p1 = p2;
        }
    }
}

static double away(double d) { return fabs(d) < EDGE_GAP ? (d < 0 ? -EDGE_GAP : EDGE_GAP) : d; }

/* weights v[k] with sum v_k f(x_k) = int f(x)/(t - x) dx on [-1, 1] for polynomials of degree < M */
static void cauchy_weights(double *v, const rule *r, double z, double lo, double hi)
{
    double h = 0.5 * (hi - lo), t = 0.5 * ((z - lo) + (z - hi)) / h; /* z less the middle would lose eps z/h: the rounding of the middle */
    if (fabs(t) > PLAIN_GAUSS) {
        for (int k = 0; k < M; k++) v[k] = r->w[k] / (t - r->x[k]);
        return;
    }
    double q[M];
    az_legendre_q(q, M, t, away(z - lo) / h, away(z - hi) / h);
    for (int k = 0; k < M; k++) v[k] = 0;
    for (int n = 0; n < M; n++)
        for (int k = 0; k < M; k++) v[k] += r->wp[n][k] * q[n];
}

/* (z - s) cosh(s) / (sinh z - sinh s) */
static double kernel(double z, double s, double sinh_z, double sinh_s, double cosh_s)
{
    double d = z - s;
    if (fabs(d) > DIRECT_DISTANCE) return d * cosh_s / (sinh_z - sinh_s);
    double half = 0.5 * d, ratio = fabs(half) < 1e-8 ? 1 : half / sinh(half);
    return ratio * cosh_s / cosh(0.5 * (z + s));
}

/* row[j] += factor * weight of node j in int f(s) cosh(s) / (sinh z - sinh s) ds over the grid */
static void add_row(double *row, size_t stride, const az_line_grid *g, const double *cosh_z, const rule *r, double z, double factor)
{
    double sinh_z = sinh(z), v[M];
    for (int p = 0; p < g->n_panels; p++) {
        cauchy_weights(v, r, z, g->edge[p], g->edge[p + 1]);
        for (int k = 0; k < M; k++) {
            int j = p * M + k;
            row[(size_t)j * stride] += factor * v[k] * kernel(z, g->z[j], sinh_z, g->y[j] / g->scale, cosh_z[j]);
        }
    }
}

/* At z = 0 an odd operand leaves -(2/pi) int f/s, an even one 0. */
static void origin_row(double *row, size_t stride, const az_line_grid *g, const double *cosh_z, const rule *r, int parity)
{
    if (parity == 1) return;
    for (int p = 0; p < g->n_panels; p++)
        for (int k = 0; k < M; k++) {
            int j = p * M + k;
            double h = 0.5 * (g->edge[p + 1] - g->edge[p]);
            row[(size_t)j * stride] = -2 / M_PI * h * r->w[k] * cosh_z[j] * g->scale / g->y[j];
        }
}

az_status az_line_hilbert(az_line_map *map, const az_line_grid *g, const double *z, int m, int parity, int threads)
{
    *map = (az_line_map){.kind = AZ_LINE_HILBERT, .parity = parity, .m = m, .n = g->n, .ld = (m + 7) / 8 * 8};
    map->dense = az_doubles((size_t)map->n * (size_t)map->ld);
    double *cosh_z = az_doubles((size_t)g->n);
    if (!map->dense || !cosh_z) {
        az_doubles_free(cosh_z);
        az_line_map_clear(map);
        return AZ_ENOMEM;
    }
    for (int j = 0; j < g->n; j++) cosh_z[j] = cosh(g->z[j]);
    rule r;
    rule_make(&r);
    size_t ld = (size_t)map->ld;
#pragma omp parallel for schedule(dynamic, 8) num_threads(threads)
    for (int i = 0; i < m; i++) {
        double *row = map->dense + i;
        if (parity && fabs(z[i]) < EDGE_GAP) {
            origin_row(row, ld, g, cosh_z, &r, parity);
            continue;
        }
        add_row(row, ld, g, cosh_z, &r, z[i], 1 / M_PI);
        if (parity) add_row(row, ld, g, cosh_z, &r, -z[i], -parity / M_PI);
    }
    az_doubles_free(cosh_z);
    return AZ_OK;
}

/* v[k] = int_{-1}^{s-1} l_k(x) dx, l_k the Lagrange polynomials of the rule, by the same rule on [-1, s-1]: exact, and relatively
 * accurate for small s. l_k(x) = sum over n of (2n+1)/2 w_k P_n(x_k) P_n(x). */
static void partial_weights(double *v, const rule *r, double s)
{
    for (int k = 0; k < M; k++) v[k] = 0;
    for (int q = 0; q < M; q++) {
        double x = 0.5 * s * (1 + r->x[q]) - 1, p0 = 1, p1 = x;
        for (int n = 0; n < M; n++) {
            for (int k = 0; k < M; k++) v[k] += 0.25 * s * r->w[q] * r->wp[n][k] * p0;
            double p2 = ((2 * n + 3) * x * p1 - (n + 1) * p0) / (n + 2);
            p0 = p1, p1 = p2;
        }
    }
}

static int find_panel(const az_line_grid *g, double z)
{
    int lo = 0, hi = g->n_panels - 1;
    while (lo < hi) {
        int mid = (lo + hi + 1) / 2;
        if (z >= g->edge[mid]) lo = mid;
        else hi = mid - 1;
    }
    return lo;
}

static void panel_weights(double *v, const az_line_grid *g, const rule *r, int p, double z)
{
    double h = 0.5 * (g->edge[p + 1] - g->edge[p]), s = (z - g->edge[p]) / h;
    if (s > 2) s = 2; /* beyond the last edge the operand is below rounding */
    if (s < 0) s = 0;
    partial_weights(v, r, s);
    for (int k = 0; k < M; k++) v[k] *= h * g->scale * cosh(g->z[p * M + k]);
}

az_status az_line_primitive(az_line_map *map, const az_line_grid *g, const double *z, int m, int parity)
{
    *map = (az_line_map){.kind = AZ_LINE_PRIMITIVE, .parity = parity, .m = m, .n = g->n, .ld = (m + 7) / 8 * 8};
    map->panel = az_calloc((size_t)m, sizeof(int));
    map->sign = az_doubles((size_t)m);
    map->local = az_doubles((size_t)m * M);
    map->whole = az_doubles((size_t)g->n);
    map->start = az_doubles(M);
    if (!map->panel || !map->sign || !map->local || !map->whole || !map->start) {
        az_line_map_clear(map);
        return AZ_ENOMEM;
    }
    rule r;
    rule_make(&r);
    for (int p = 0; p < g->n_panels; p++) panel_weights(map->whole + p * M, g, &r, p, g->edge[p + 1]);
    const double from = g->edge[0] <= 0 && g->edge[g->n_panels] >= 0 ? 0 : g->edge[0];
    map->origin = find_panel(g, from);
    panel_weights(map->start, g, &r, map->origin, from);
    for (int i = 0; i < m; i++) {
        bool mirrored = parity && z[i] < 0;
        double at = mirrored ? -z[i] : z[i];
        map->sign[i] = mirrored ? -parity : 1;
        map->panel[i] = find_panel(g, at);
        panel_weights(map->local + (size_t)i * M, g, &r, map->panel[i], at);
    }
    return AZ_OK;
}

void az_line_map_clear(az_line_map *map)
{
    az_doubles_free(map->dense);
    az_doubles_free(map->local);
    az_doubles_free(map->sign);
    az_doubles_free(map->whole);
    az_doubles_free(map->start);
    az_realloc(map->panel, 0);
    *map = (az_line_map){0};
}

static double dot(const double *w, const double *f)
{
    double s = 0;
    for (int k = 0; k < M; k++) s += w[k] * f[k];
    return s;
}

/* From z = 0 outward in both directions, so that neither side sees the other's magnitude. */
static void primitive_column(const az_line_map *map, double *out, const double *in, double *left)
{
    int n_panels = map->n / M, o = map->origin;
    left[o] = -dot(map->start, in + o * M);
    for (int p = o; p + 1 < n_panels; p++) left[p + 1] = left[p] + dot(map->whole + p * M, in + p * M);
    for (int p = o; p > 0; p--) left[p - 1] = left[p] - dot(map->whole + (p - 1) * M, in + (p - 1) * M);
    for (int i = 0; i < map->m; i++) {
        int p = map->panel[i];
        out[i] = map->sign[i] * (left[p] + dot(map->local + (size_t)i * M, in + p * M));
    }
}

/* Rows [*first, *end) hold every entry of the columns that is not 0. */
static void rows_used(int *first, int *end, const double *in, int ldi, int n, int n_cols)
{
    *first = n, *end = 0;
    for (int c = 0; c < n_cols; c++) {
        const double *f = in + (size_t)c * (size_t)ldi;
        int a = 0, b = n;
        while (a < *first && f[a] == 0) a++;
        while (b > *end && f[b - 1] == 0) b--;
        if (a < *first) *first = a;
        if (b > *end) *end = b;
    }
    if (*end < *first) *first = *end = 0;
}

/* Whether narrow groups of columns are short enough: those of elements are, of which each lies on two panels. */
static bool banded(const double *in, int ldi, int n, int n_cols)
{
    double sum = 0;
    for (int c = 0; c < n_cols; c += COLUMN_LEAST) {
        int first, end, count = n_cols - c < COLUMN_LEAST ? n_cols - c : COLUMN_LEAST;
        rows_used(&first, &end, in + (size_t)c * (size_t)ldi, ldi, n, count);
        sum += (double)(end - first) * count;
    }
    return sum < BANDED * n * n_cols;
}

void az_line_apply(const az_line_map *map, double *out, int ldo, const double *in, int ldi, int n_cols, int threads)
{
    int width = (n_cols + 8 * COLUMN_PARTS - 1) / (8 * COLUMN_PARTS) * 8;
    if (width < COLUMN_LEAST || (map->kind == AZ_LINE_HILBERT && banded(in, ldi, map->n, n_cols))) width = COLUMN_LEAST;
    int n_chunks = (n_cols + width - 1) / width;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (n_chunks > 1)
    for (int c = 0; c < n_chunks; c++) {
        int first = c * width, count = n_cols - first < width ? n_cols - first : width;
        double *o = out + (size_t)first * (size_t)ldo;
        const double *f = in + (size_t)first * (size_t)ldi;
        if (map->kind == AZ_LINE_HILBERT) {
            int a, b;
            rows_used(&a, &b, f, ldi, map->n, count);
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, map->m, count, b - a, 1.0, map->dense + (size_t)a * (size_t)map->ld, map->ld,
                        f + a, ldi, 0.0, o, ldo);
        } else {
            double left[AZ_MAX_PANELS];
            for (int k = 0; k < count; k++) primitive_column(map, o + (size_t)k * (size_t)ldo, f + (size_t)k * (size_t)ldi, left);
        }
    }
}
