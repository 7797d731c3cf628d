/* hilbert.c: the Hilbert transform on the uniform grid in z.
 *
 * Hf(y_i) = (1/pi) PV int f(y(z)) cosh z / (sinh z_i - sinh z) dz. The integrand has a simple pole at z_i, and the trapezoidal rule with
 * spacing 2h on the nodes at odd distance from i lies symmetrically about it, so that the principal value converges as fast as the rule
 * does for a regular integrand: error exp(-pi d/h) for f analytic in |Im z| < d (Stenger 1993). sinh z_i - sinh z_j = 2 cosh((z_i+z_j)/2)
 * sinh((z_i-z_j)/2) neither cancels nor overflows. */
#include "verify/line.h"

#include <stdlib.h>

#define BLOCK 8 /* targets worked on together: their accumulators are independent, so the compiler may use vectors */

/* Tables of 1/cosh and 1/sinh at (2k+1)h/2 for |k| <= n, with room for the last block to overshoot. */
typedef struct kernel {
    int offset;
    double *rcosh, *rsinh;
} kernel;

static bool kernel_make(kernel *k, const az_line *g)
{
    const int size = 2 * (g->n + BLOCK) + 1;

    k->offset = g->n + BLOCK;
    k->rcosh = az_doubles((size_t)size);
    k->rsinh = az_doubles((size_t)size);
    if (!k->rcosh || !k->rsinh) return false;
    for (int i = 0; i < size; i++) {
        const double t = (2 * (i - k->offset) + 1) * g->h / 2;
        k->rcosh[i] = 1 / cosh(t);
        k->rsinh[i] = 1 / sinh(t);
    }
    return true;
}

/* Targets i = 2a + target, a = a0 .. a0+BLOCK-1, from the sources j = 2b + 1 - target, b < n_sources, weighted values g[j]. */
static void block_sum(double *acc, const kernel *k, int half, int target, int a0, int n_sources, const double *g)
{
    const int shift = target ? 0 : -1; /* i - j = 2(a - b + shift) + 1 */

    for (int l = 0; l < BLOCK; l++) acc[l] = 0;
    for (int b = 0; b < n_sources; b++) {
        const double *rc = k->rcosh + k->offset + a0 + b - half; /* i + j - 2 half = 2(a + b - half) + 1 */
        const double *rs = k->rsinh + k->offset + a0 - b + shift, value = g[2 * b + 1 - target];
        for (int l = 0; l < BLOCK; l++) acc[l] += value * rc[l] * rs[l];
    }
}

static void transform(const az_line *g, const kernel *k, double *out, const double *source, int threads)
{
    const int half = -g->first, n_blocks = (g->n + 2 * BLOCK - 1) / (2 * BLOCK);

#pragma omp parallel for schedule(static) num_threads(threads)
    for (int job = 0; job < 2 * n_blocks; job++) {
        const int target = job % 2, a0 = job / 2 * BLOCK, n_sources = (g->n + target) / 2;
        double acc[BLOCK];
        block_sum(acc, k, half, target, a0, n_sources, source);
        for (int l = 0; l < BLOCK; l++) {
            const int i = 2 * (a0 + l) + target;
            if (i < g->n) out[i] = acc[l] * g->h / M_PI;
        }
    }
}

#define CLOSE 0.5 /* nodes nearer in z have the difference of their sinh from a product, which does not cancel */

#define EXACT_NODES 1024 /* neighbours whose z differ in a few digits only where the grid is dense: beyond, the rounding of z leaves f eps z/|z - z'| */

/* zi - zj to rounding of itself, from the difference of s, which is exact: one step of Newton's method. */
static double difference(const az_stretch *t, double zi, double zj, double ds)
{
    double d = zi - zj, off = d - ds;
    for (int k = 0; k < t->n; k++) {
        const double c = t->layer[k].center, w = 2 * t->layer[k].width;
        off += (atan(d * w / (w * w + (zi - c) * (zj - c))) + atan(d * w / (w * w + (zi + c) * (zj + c)))) / (4 * w);
    }
    return d - off / az_stretch_slope(t, zi);
}

/* Whether the differences of the atans in that are those of their main branch. */
static bool one_branch(const az_stretch *t, double zi, double zj)
{
    for (int k = 0; k < t->n; k++) {
        const double c = t->layer[k].center, w = 2 * t->layer[k].width;
        if (!(w * w + (zi - c) * (zj - c) > 0) || !(w * w + (zi + c) * (zj + c) > 0)) return false;
    }
    return true;
}

/* The same on a stretched grid: the kernel is no function of i - j. z, y[n]; source: f dy/ds over the scale, y = sinh z. */
static double stretched_sum(const az_line *g, const double *z, const double *y, const double *source, int n, int i)
{
    int lo = i, hi = i;
    double far = 0, near = 0;

    while (lo > 0 && z[i] - z[lo - 1] < CLOSE) lo--;
    while (hi + 1 < n && z[hi + 1] - z[i] < CLOSE) hi++;
    for (int j = 1 - i % 2; j < n; j += 2) {
        if (j >= lo && j <= hi) {
            const bool exact = abs(i - j) < EXACT_NODES && one_branch(&g->stretch, z[i], z[j]);
            const double d = exact ? difference(&g->stretch, z[i], z[j], (i - j) * g->h) : z[i] - z[j];
            near += source[j] / (2 * cosh((z[i] + z[j]) / 2) * sinh(d / 2));
        } else far += source[j] / (y[i] - y[j]);
    }
    return near + far;
}

static az_status stretched(const az_line *g, az_num *out, const az_num *f, int threads)
{
    const size_t n = (size_t)g->n;
    double *m = az_doubles(4 * n), *z = m, *y = m + n, *re = m + 2 * n, *im = m + 3 * n;
    bool real = true;

    if (!m) return AZ_ENOMEM;
    for (int j = 0; j < g->n; j++) {
        z[j] = az_stretch_z(&g->stretch, (g->first + j) * g->h);
        y[j] = sinh(z[j]);
        const double slope = cosh(z[j]) / az_stretch_slope(&g->stretch, z[j]);
        re[j] = creal(f[j]) * slope;
        im[j] = cimag(f[j]) * slope;
        real = real && cimag(f[j]) == 0;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int i = 0; i < g->n; i++) {
        const double a = stretched_sum(g, z, y, re, g->n, i), b = real ? 0 : stretched_sum(g, z, y, im, g->n, i);
        out[i] = az_num_make(2 * g->h / M_PI * a, 2 * g->h / M_PI * b);
    }
    az_doubles_free(m);
    return AZ_OK;
}

az_status az_uniform_hilbert(const az_line *g, az_num *out, const az_num *f, int threads)
{
    if (g->stretch.n) return stretched(g, out, f, threads);
    const size_t n = (size_t)g->n;
    kernel k = {0};
    double *part = az_doubles(4 * n); /* real and imaginary parts of f dy/dz, of the transform */
    bool real = true, ok = part && kernel_make(&k, g);

    for (int j = 0; ok && j < g->n; j++) {
        const double c = cosh((g->first + j) * g->h);
        part[j] = creal(f[j]) * c;
        part[n + (size_t)j] = cimag(f[j]) * c;
        real = real && cimag(f[j]) == 0;
    }
    if (ok) {
        transform(g, &k, part + 2 * n, part, threads);
        if (!real) transform(g, &k, part + 3 * n, part + n, threads);
        for (size_t j = 0; j < n; j++) out[j] = az_num_make(part[2 * n + j], part[3 * n + j]);
    }
    az_doubles_free(k.rcosh);
    az_doubles_free(k.rsinh);
    az_doubles_free(part);
    return ok ? AZ_OK : AZ_ENOMEM;
}
