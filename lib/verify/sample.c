/* sample.c: points of the independent grid. */
#include "verify/sample.h"

#include <math.h>
#include <string.h>

#define NEAR 1e-6           /* nearest approach to 0 and to faces: 0/0 there still has ten digits when the expression cancels linearly */
#define CLUSTER_RATIO 0.25  /* of successive distances */
#define CELLS_PER_SPACING 8
#define TENSOR_SHARE 4
#define TENSOR_MIN 3
#define NEAR_INSIDE 1e-3    /* in xi, where 0/0 leaves twelve digits of an even polynomial */
#define NEAR_FOCUS 0.05     /* in xi, eta: 1e-3 of the scale */
#define PLANE_CORE 4.0      /* y to 27 scales */
#define PLANE_KINDS 6
#define HALTON_SKIP 1       /* index 0 is the corner */

static const int prime[AZ_MAX_DIM] = {2, 3, 5, 7};

static double radical_inverse(int i, int base)
{
    double f = 1, x = 0;

    for (; i; i /= base) {
        f /= base;
        x += f * (i % base);
    }
    return x;
}

/* Point i of coordinate rank c in [0, 1): Halton's, shifted by the fractional part of the square root of the base. */
static double halton(int i, int c)
{
    const double x = radical_inverse(i + HALTON_SKIP, prime[c]) + sqrt(prime[c]);

    return x - floor(x);
}

/* u in [0, 1] to the coordinate */
static double place(const az_coord_decl *c, double u, double reach)
{
    switch (c->range) {
    case AZ_LINE: return c->scale * sinh(reach * (2 * u - 1));
    case AZ_HALF_LINE: return c->scale * sinh(reach * u);
    default: return u < 1 ? fmin(c->lo + (c->hi - c->lo) * u, c->hi) : c->hi;
    }
}

/* Uniform nodes on one side of 0 and the cluster. */
static int side_count(double h, double reach)
{
    int n = (int)ceil(reach / h);

    for (double d = NEAR; d < h; d /= CLUSTER_RATIO) n++;
    return n;
}

int az_sample_count(const az_problem *p, double h, double reach)
{
    const az_coord_decl *c = &p->coord[0];
    const az_stretch t = az_stretch_of(p);

    if (c->range == AZ_INTERVAL) return (int)lround(CELLS_PER_SPACING / h) + 1;
    return (c->range == AZ_LINE ? 2 : 1) * side_count(h, az_stretch_s(&t, reach)) + 1;
}

az_status az_sample_line(double **points, int *n, const az_problem *p, double h, double reach)
{
    const az_coord_decl *c = &p->coord[0];
    const az_stretch t = az_stretch_of(p);
    const int side = side_count(h, az_stretch_s(&t, reach));
    int k = 0;

    *n = az_sample_count(p, h, reach);
    *points = az_doubles((size_t)*n);
    if (!*points) return AZ_ENOMEM;
    for (int i = 0; c->range == AZ_INTERVAL && i < *n; i++) (*points)[i] = place(c, (double)i / (*n - 1), 0);
    if (c->range == AZ_INTERVAL) return AZ_OK;
    double *x = *points + (c->range == AZ_LINE ? side : 0);
    x[k++] = 0;
    for (double d = NEAR; d < h; d /= CLUSTER_RATIO) x[k++] = c->scale * sinh(d);
    for (int j = 1; k <= side; j++) x[k++] = c->scale * sinh(az_stretch_z(&t, j * h));
    for (int i = 1; c->range == AZ_LINE && i <= side; i++) x[-i] = -x[i];
    return AZ_OK;
}

static void conformal(double *x, double scale, double xi, double eta)
{
    x[0] = scale * sinh(xi) * sin(eta);
    x[1] = scale * cosh(xi) * cos(eta);
}

void az_sample_place(double *x, const az_problem *p, double reach, const double *u)
{
    if (az_problem_half_plane(p)) conformal(x, p->coord[0].scale, reach * u[0], M_PI / 2 * u[1]);
    else for (int c = 0; c < p->dim; c++) x[c] = place(&p->coord[c], u[c], reach);
}

static void fill_point(double *x, const az_problem *p, unsigned fixed, const az_point *at, double reach, const double *u)
{
    for (int c = 0, k = 0; c < p->dim; c++) x[c] = fixed >> c & 1 ? at->x[c] : place(&p->coord[c], u[k++], reach);
}

/* Half-plane: y1 + i y2 = scale sinh(xi + i (pi/2 - eta)) resolves the corner, the wall (eta = pi/2), the axis (eta = 0, and xi = 0 below the height scale)
 * and the far field alike. Points in turn: spread over xi <= CORE; over all of xi; towards the axis; towards the wall; towards xi = 0; and on the wall. */
static void half_plane_point(double *x, const az_problem *p, double reach, int i)
{
    const double u = halton(i / PLANE_KINDS, 0), v = halton(i / PLANE_KINDS, 1), scale = p->coord[0].scale;
    double xi = reach * u, eta = M_PI / 2 * v;
    bool wall = false;

    switch (i % PLANE_KINDS) {
    case 0: xi = PLANE_CORE * u; break;
    case 1: break;
    case 2: eta = M_PI / 2 * pow(NEAR, v); break;
    case 3: xi = PLANE_CORE * u, eta = M_PI / 2 * (1 - pow(NEAR, v)); break;
    case 4: xi = pow(NEAR_INSIDE, u); break;
    default: xi = pow(NEAR, u) * (i / PLANE_KINDS / 2 % 2 ? 1 : reach), wall = true; /* on both sides, near and far */
    }
    if (!wall && hypot(xi, eta) < NEAR_FOCUS) { /* xi = eta = 0 is a point of the axis where the coordinates of elements are singular, not the solution */
        const double r = NEAR_FOCUS / hypot(xi, eta);
        xi *= r, eta *= r;
    }
    conformal(x, scale, xi, eta);
    if (i / PLANE_KINDS % 2) x[0] = -x[0];
    if (wall) x[0] = (x[0] < 0 ? -1 : 1) * scale * sinh(xi), x[1] = 0;
}

static az_status sample_half_plane(double **points, int *n, const az_problem *p, double reach, int wanted)
{
    *n = wanted;
    *points = az_doubles(2 * (size_t)wanted);
    if (!*points) return AZ_ENOMEM;
    for (int i = 0; i < wanted; i++) half_plane_point(*points + 2 * (size_t)i, p, reach, i);
    return AZ_OK;
}

az_status az_sample_domain(double **points, int *n, const az_problem *p, unsigned fixed, const az_point *at, double reach, int wanted)
{
    int d = 0, m = 1, n_tensor = 1;

    if (az_problem_half_plane(p) && !fixed) return sample_half_plane(points, n, p, reach, wanted);
    for (int c = 0; c < p->dim; c++) d += !(fixed >> c & 1);
    if (d) m = (int)fmax(TENSOR_MIN, pow((double)wanted / TENSOR_SHARE, 1.0 / d));
    for (int c = 0; c < d; c++) n_tensor *= m;
    *n = n_tensor + (d ? wanted : 0);
    *points = az_doubles((size_t)*n * (size_t)p->dim);
    if (!*points) return AZ_ENOMEM;
    for (int i = 0; i < *n; i++) {
        double u[AZ_MAX_DIM] = {0};
        for (int c = 0, rest = i; c < d; c++, rest /= m)
            u[c] = i < n_tensor ? (double)(rest % m) / (m - 1) : halton(i - n_tensor, c);
        fill_point(*points + (size_t)i * (size_t)p->dim, p, fixed, at, reach, u);
    }
    return AZ_OK;
}

bool az_sample_nudge(double *x, const az_problem *p, unsigned fixed)
{
    bool moved = false;

    for (int c = 0; c < p->dim; c++) {
        const az_coord_decl *d = &p->coord[c];
        const double before = x[c];
        if (fixed >> c & 1) continue;
        if (d->range != AZ_INTERVAL) {
            if (x[c] == 0) x[c] = NEAR * d->scale;
        } else if (x[c] <= d->lo) {
            x[c] = d->lo + NEAR * (d->hi - d->lo);
        } else if (x[c] >= d->hi) {
            x[c] = d->hi - NEAR * (d->hi - d->lo);
        }
        moved = moved || x[c] != before;
    }
    return moved;
}
