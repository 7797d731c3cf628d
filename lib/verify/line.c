/* line.c: grid, local polynomials and primitive. */
#include "verify/line.h"

#include <float.h>
#include <string.h>

#define GAUSS 8         /* nodes, exact to degree 15 */
#define BEFORE 7        /* stencil nodes before the cell a polynomial is used in */
#define SNAP_ULPS 8     /* x to z to x and back loses less than this */

/* Gauss-Legendre on [-1, 1], Abramowitz and Stegun table 25.4 */
static const double gauss_x[GAUSS] = {-0.960289856497536231683560868569, -0.796666477413626739591553936476,
                                      -0.525532409916328985817739049189, -0.183434642495649804939476142360,
                                      0.183434642495649804939476142360,  0.525532409916328985817739049189,
                                      0.796666477413626739591553936476,  0.960289856497536231683560868569};
static const double gauss_w[GAUSS] = {0.101228536290376259152531354310, 0.222381034453374470544355994426, 0.313706645877887287337962201987,
                                      0.362683783378361982965150449277, 0.362683783378361982965150449277, 0.313706645877887287337962201987,
                                      0.222381034453374470544355994426, 0.101228536290376259152531354310};

az_stretch az_stretch_of(const az_problem *p)
{
    az_stretch t = {.n = p->n_layers};
    memcpy(t.layer, p->layer, sizeof t.layer);
    return t;
}

double az_stretch_s(const az_stretch *t, double z)
{
    double s = z;
    for (int k = 0; k < t->n; k++) {
        const double c = t->layer[k].center, w = 2 * t->layer[k].width;
        s += atan2(2 * z * w, w * w + (c - z) * (c + z)) / (4 * w); /* the sum of the atans, which cancel near 0 */
    }
    return s;
}

double az_stretch_slope(const az_stretch *t, double z)
{
    double slope = 1;
    for (int k = 0; k < t->n; k++) {
        const double w = 2 * t->layer[k].width, a = (z - t->layer[k].center) / w, b = (z + t->layer[k].center) / w;
        slope += (1 / (1 + a * a) + 1 / (1 + b * b)) / (4 * w * w);
    }
    return slope;
}

/* Newton's method inside a bracket, s(z) - z having the sign of z; halved where a step is not half of the one before: beside a narrow layer Newton's
 * steps alone leap from one side to the other. */
double az_stretch_z(const az_stretch *t, double s)
{
    if (!t->n || s == 0) return s;
    double lo = s < 0 ? s : 0, hi = s < 0 ? 0 : s, z = 0.5 * (lo + hi), length = hi - lo;
    for (int k = 0; k < 200; k++) {
        const double off = az_stretch_s(t, z) - s, before = z;
        if (off > 0) hi = z;
        else lo = z;
        const double step = off / az_stretch_slope(t, z);
        z -= step;
        if (!(z >= lo && z <= hi) || fabs(step) > 0.5 * length) z = 0.5 * (lo + hi);
        length = fabs(z - before);
        if (length <= 0.5 * DBL_EPSILON * fabs(z)) break;
    }
    return z;
}

/* y = rise z/(1 + bend z) with y(-1) = lo, y(1) = hi; only one side is used where lo or hi is 0 */
static void init_interval(az_line *g, double lo, double hi, double h)
{
    const int m = (int)fmax(round(1 / h), AZ_LINE_STENCIL);
    const bool both = lo < 0 && hi > 0;
    g->bend = both ? -(lo + hi) / (hi - lo) : 0;
    g->rise = both ? hi * (1 + g->bend) : hi - lo;
    g->h = 1.0 / m;
    g->first = lo < 0 ? -m : 0;
    g->n = m * (both ? 2 : 1) + 1;
}

void az_line_init(az_line *g, const az_coord_decl *c, const az_stretch *t, double h, double reach)
{
    *g = (az_line){.stretch = *t, .infinite = c->range != AZ_INTERVAL, .h = h, .scale = c->scale};
    if (!g->infinite) {
        g->origin = az_problem_primitive_start(c);
        init_interval(g, c->lo - g->origin, c->hi - g->origin, h);
        return;
    }
    const int m = (int)ceil(fmax(az_stretch_s(t, reach), 2 * AZ_LINE_STENCIL * h) / h);
    g->first = c->range == AZ_LINE ? -m : 0;
    g->n = c->range == AZ_LINE ? 2 * m + 1 : m + 1;
}

double az_line_x(const az_line *g, int position)
{
    const double z = (g->first + position) * g->h;

    return g->infinite ? g->scale * sinh(az_stretch_z(&g->stretch, z)) : g->origin + g->rise * z / (1 + g->bend * z);
}

double az_line_slope(const az_line *g, int position)
{
    const double s = (g->first + position) * g->h, d = 1 + g->bend * s;

    if (!g->infinite) return g->rise / (d * d);
    const double z = az_stretch_z(&g->stretch, s);
    return g->scale * cosh(z) / az_stretch_slope(&g->stretch, z);
}

/* w[i] = Lagrange polynomial of node i of 0..STENCIL-1 at t, by its product */
static void lagrange(double *w, double t)
{
    for (int i = 0; i < AZ_LINE_STENCIL; i++) {
        w[i] = 1;
        for (int k = 0; k < AZ_LINE_STENCIL; k++)
            if (k != i) w[i] *= (t - k) / (i - k);
    }
}

/* w[i] = integral of Lagrange polynomial i over [a, a + length]; a tiny length keeps its digits */
static void lagrange_area(double *w, double a, double length)
{
    double at[AZ_LINE_STENCIL];

    for (int i = 0; i < AZ_LINE_STENCIL; i++) w[i] = 0;
    for (int q = 0; q < GAUSS; q++) {
        lagrange(at, a + length * (1 + gauss_x[q]) / 2);
        for (int i = 0; i < AZ_LINE_STENCIL; i++) w[i] += length / 2 * gauss_w[q] * at[i];
    }
}

static int stencil_start(const az_line *g, int position)
{
    const int last = g->n - AZ_LINE_STENCIL, left = position - BEFORE;

    return left < 0 ? 0 : left > last ? last : left;
}

void az_line_locate(const az_line *g, az_spot *s, double x)
{
    const double y = x - g->origin, z = g->infinite ? az_stretch_s(&g->stretch, asinh(x / g->scale)) : y / (g->rise - g->bend * y);
    const double t = z / g->h - g->first, snap = SNAP_ULPS * DBL_EPSILON * (fabs(z) + 1) / g->h;

    *s = (az_spot){.node = -1};
    if (!(t >= -snap && t <= g->n - 1 + snap)) {
        for (int i = 0; i < AZ_LINE_STENCIL; i++) s->value[i] = s->area[i] = NAN;
        return;
    }
    s->nearest = (int)lround(t);
    const double offset = z / g->h - (s->nearest + g->first);
    if (fabs(offset) <= (s->nearest + g->first ? snap : 0)) s->node = s->nearest;
    if (s->node >= 0) return;
    s->left = stencil_start(g, (int)floor(t));
    lagrange(s->value, s->nearest - s->left + offset);
    lagrange_area(s->area, s->nearest - s->left, offset);
    for (int i = 0; i < AZ_LINE_STENCIL; i++) s->area[i] *= g->h;
}

az_num az_line_value(const az_spot *s, const az_num *f)
{
    az_num sum = 0;

    if (s->node >= 0) return f[s->node];
    for (int i = 0; i < AZ_LINE_STENCIL; i++) sum += s->value[i] * f[s->left + i];
    return sum;
}

az_num az_line_primitive_value(const az_spot *s, const az_num *primitive, const az_num *integrand)
{
    az_num sum = 0;

    if (s->node >= 0) return primitive[s->node];
    for (int i = 0; i < AZ_LINE_STENCIL; i++) sum += s->area[i] * integrand[s->left + i];
    return primitive[s->nearest] + sum;
}

/* Adds x to sum + carry, Neumaier's way for each part. */
static void add(double *sum, double *carry, double x)
{
    const double t = *sum + x;

    *carry += fabs(*sum) >= fabs(x) ? *sum - t + x : x - t + *sum;
    *sum = t;
}

/* From y = 0 (position origin) in steps of direction 1 or -1. weight[s] integrates over the cell s, s+1 of a stencil. */
static void accumulate(const az_line *g, az_num *out, const az_num *integrand, int direction, double weight[][AZ_LINE_STENCIL])
{
    double re = 0, im = 0, re_carry = 0, im_carry = 0;
    const int origin = -g->first;

    for (int p = origin; p + direction >= 0 && p + direction < g->n; p += direction) {
        const int cell = direction > 0 ? p : p - 1, left = stencil_start(g, cell);
        az_num step = 0;
        for (int i = 0; i < AZ_LINE_STENCIL; i++) step += weight[cell - left][i] * integrand[left + i];
        step *= direction * g->h;
        add(&re, &re_carry, creal(step));
        add(&im, &im_carry, cimag(step));
        out[p + direction] = az_num_make(re + re_carry, im + im_carry);
    }
}

void az_uniform_primitive(const az_line *g, az_num *out, const az_num *integrand)
{
    double weight[AZ_LINE_STENCIL - 1][AZ_LINE_STENCIL];

    for (int s = 0; s < AZ_LINE_STENCIL - 1; s++) lagrange_area(weight[s], s, 1);
    out[-g->first] = 0;
    accumulate(g, out, integrand, 1, weight);
    accumulate(g, out, integrand, -1, weight);
}

void az_line_fill_origin(const az_line *g, az_num *f)
{
    const int origin = -g->first, left = stencil_start(g, origin);
    double w[AZ_LINE_STENCIL];
    az_num sum = 0;

    if (az_num_finite(f[origin])) return;
    /* the polynomial through the other nodes of the stencil: its highest difference vanishes */
    for (int i = 0; i < AZ_LINE_STENCIL; i++) {
        w[i] = i % 2 ? -1 : 1;
        for (int k = 0; k < i; k++) w[i] = w[i] * (AZ_LINE_STENCIL - 1 - k) / (k + 1);
    }
    for (int i = 0; i < AZ_LINE_STENCIL; i++)
        if (left + i != origin) sum -= w[i] / w[origin - left] * f[left + i];
    f[origin] = sum;
}
