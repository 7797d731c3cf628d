/* grid.c: fields on a grid that suits the domain, for programs that draw. */
#include "io/vtk.h"
#include "solve/eval.h"
#include "trial/strip.h"

#include <math.h>
#include <string.h>

#define REACH_LENGTHS 10        /* of an unbounded coordinate, in units of its scale */
#define MAX_SPACE 3             /* coordinates that such programs know */

typedef struct grid {
    const az_problem *p;
    double radius;              /* of unbounded coordinates; 0: REACH_LENGTHS scales */
    int shape[AZ_MAX_DIM];
} grid;

/* asinh(|x|/scale) of the farthest point */
static double reach(const grid *g, int c) { return asinh(g->radius > 0 ? g->radius / g->p->coord[c].scale : REACH_LENGTHS); }

/* Along one coordinate, from s = -1 to 1: evenly in intervals, else in asinh(x/scale). */
static double along(const grid *g, int c, double s)
{
    const az_coord_decl *x = &g->p->coord[c];
    const double u = (1 + s) / 2, inside = 1 - 1.0 / g->shape[c]; /* half a spacing before the ends of an open interval */

    if (x->open > 0) return x->open * inside * s;

    switch (x->range) {
    case AZ_LINE: return x->scale * sinh(reach(g, c) * s);
    case AZ_HALF_LINE: return x->scale * sinh(reach(g, c) * u);
    case AZ_INTERVAL: break;
    }
    return u < 1 ? x->lo + (x->hi - x->lo) * u : x->hi;
}

/* y1 + i y2 = scale sinh(a + i b), a along the wall from left to right, b from 0 at the wall to pi/2: orthogonal lines, Cartesian at the corner and polar far
 * out. The line b = pi/2 covers the axis above its point (0, scale) twice, from both sides. */
static void half_plane_point(double *y, const grid *g, double s, double t)
{
    const double a = reach(g, 0) * s, b = M_PI / 4 * (1 + t);

    az_strip_point(&y[0], &y[1], fabs(a), t < 1 ? M_PI / 2 - b : 0, &(az_mesh){.coordinates = AZ_CONFORMAL, .length = g->p->coord[0].scale});
    if (t == -1) y[1] = 0; /* cos(pi/2) is not */
    if (a < 0) y[0] = -y[0];
}

static void fill(double *x, const grid *g, int n)
{
    const int dim = g->p->dim;

    for (int k = 0; k < n; k++) {
        double s[AZ_MAX_DIM];
        for (int c = 0, rest = k; c < dim; rest /= g->shape[c], c++) s[c] = (2.0 * (rest % g->shape[c]) - (g->shape[c] - 1)) / (g->shape[c] - 1);
        if (az_problem_half_plane(g->p)) half_plane_point(x + (size_t)k * (size_t)dim, g, s[0], s[1]);
        else
            for (int c = 0; c < dim; c++) x[(size_t)k * (size_t)dim + (size_t)c] = along(g, c, s[c]);
    }
}

/* An odd number along a line, so that the origin is on the grid. */
static int odd(double n) { return 2 * (int)fmax(1, round((n - 1) / 2)) + 1; }

static void choose_shape(grid *g, int wanted)
{
    const az_problem *p = g->p;
    const double per = pow(fmax(wanted, 2), 1.0 / p->dim);

    for (int c = 0; c < p->dim; c++) g->shape[c] = p->coord[c].range == AZ_LINE ? odd(per) : (int)fmax(2, round(per));
    if (!az_problem_half_plane(p)) return;
    g->shape[0] = odd(sqrt(2.0 * wanted)); /* it has two sides */
    g->shape[1] = (int)fmax(2, round(sqrt(wanted / 2.0)));
}

az_status az_sample_grid(const az_problem *p, double **points, int *shape, int wanted, double radius, az_error *err)
{
    const int most = 100000000;
    grid g = {.p = p, .radius = radius};
    double total = 1;

    *points = NULL;
    if (wanted < 2 || wanted > most) return az_fail(err, AZ_EOPTION, "%d points: expected 2 to %d", wanted, most);
    if (radius < 0 || !isfinite(radius)) return az_fail(err, AZ_EOPTION, "a grid cannot reach to %g", radius);
    choose_shape(&g, wanted);
    for (int c = 0; c < p->dim; c++) total *= g.shape[c];
    if (total > 2.0 * most) return az_fail(err, AZ_ELIMIT, "the grid is too large");
    *points = az_alloc_array((size_t)total * (size_t)p->dim, sizeof **points);
    if (!*points) return az_fail(err, AZ_ENOMEM, "out of memory");
    fill(*points, &g, (int)total);
    memcpy(shape, g.shape, (size_t)p->dim * sizeof *shape);
    return AZ_OK;
}

static const az_flow_decl *find_flow(const az_problem *p, const char *name)
{
    for (int i = 0; i < p->n_flows; i++)
        if (!strcmp(p->flow[i].name, name)) return &p->flow[i];
    return NULL;
}

/* What is written: columns, or all names and flows. */
static int count_arrays(const az_problem *p, const char *const *columns, int n_columns) { return columns ? n_columns : p->n_lets + p->n_flows; }

static const char *array_name(const az_problem *p, const char *const *columns, int i)
{
    if (columns) return columns[i];
    return i < p->n_lets ? p->let[i].name : p->flow[i - p->n_lets].name;
}

/* value[n][3]: the components, 0 behind them. */
static az_status flow_values(const az_result *r, double *value, const az_flow_decl *flow, const double *points, int n, double *scratch, az_error *err)
{
    az_status st = AZ_OK;

    for (int c = 0; c < r->problem->dim && !st; c++) {
        st = az_eval_node(r, scratch, flow->component[c], points, n, NULL, err);
        for (int i = 0; i < n && !st; i++) value[MAX_SPACE * (size_t)i + (size_t)c] = scratch[i];
    }
    return st;
}

/* value: as many blocks of 3 n numbers as arrays; behind them the points with three components and n numbers of scratch. */
static az_status fill_arrays(const az_result *r, az_vtk *v, az_vtk_array *array, double *value, const char *const *columns, const double *points, int n, az_error *err)
{
    const az_problem *p = r->problem;
    const int order[AZ_MAX_DIM] = {0};
    const size_t block = MAX_SPACE * (size_t)n;
    double *point = value + (size_t)v->n_arrays * block, *scratch = point + block;
    az_status st = AZ_OK;

    for (int i = 0; i < v->n_arrays && !st; i++) {
        double *at = value + (size_t)i * block;
        const char *name = array_name(p, columns, i);
        const az_flow_decl *flow = find_flow(p, name);
        array[i] = (az_vtk_array){name, flow ? MAX_SPACE : 1, at};
        st = flow ? flow_values(r, at, flow, points, n, scratch, err) : az_eval(r, at, name, points, n, order, err);
    }
    for (int i = 0; i < n; i++)
        for (int c = 0; c < p->dim; c++) point[MAX_SPACE * (size_t)i + (size_t)c] = points[(size_t)i * (size_t)p->dim + (size_t)c];
    v->array = array;
    v->point = point;
    return st;
}

static az_status write_grid(const az_result *r, az_vtk *v, const char *path, const char *const *columns, const double *points, int n, az_error *err)
{
    const az_problem *p = r->problem;
    const char *number_name[AZ_MAX_SCALARS];
    az_vtk_array *array = az_calloc((size_t)v->n_arrays + 1, sizeof *array);
    double *value = az_doubles(((size_t)v->n_arrays + 2) * MAX_SPACE * (size_t)n);
    az_status st = array && value ? AZ_OK : az_fail(err, AZ_ENOMEM, "no memory for the grid '%s'", path);

    v->n_numbers = az_problem_first_defect(p);
    v->number = r->scalar;
    v->number_name = number_name;
    for (int i = 0; i < v->n_numbers; i++) number_name[i] = p->scalar[i].name;
    if (!st) st = fill_arrays(r, v, array, value, columns, points, n, err);
    if (!st) st = az_vtk_write(v, path, err);
    az_free(array);
    az_doubles_free(value);
    return st;
}

az_status az_export_vtk(const az_result *r, const char *path, const char *const *columns, int n_columns, const double *points, const int *shape, az_error *err)
{
    const az_problem *p = r->problem;
    az_vtk v = {.shape = {1, 1, 1}, .n_arrays = count_arrays(p, columns, n_columns)};
    const int most = 100000000;
    double total = 1;

    if (p->dim > MAX_SPACE) return az_fail(err, AZ_EDOMAIN, "a VTK grid has at most %d coordinates, the problem '%s' has %d", MAX_SPACE, p->name, p->dim);
    for (int c = 0; c < p->dim; c++) {
        if (shape[c] < 1) return az_fail(err, AZ_EOPTION, "a grid cannot have %d points in a direction", shape[c]);
        v.shape[c] = shape[c];
        total *= shape[c];
    }
    if (n_columns < 0) return az_fail(err, AZ_EOPTION, "a grid cannot have %d columns", n_columns);
    if (total > 2.0 * most) return az_fail(err, AZ_ELIMIT, "the grid is too large");
    return write_grid(r, &v, path, columns, points, (int)total, err);
}
