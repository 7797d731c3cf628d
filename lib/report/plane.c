/* plane.c: pictures of a plane or half-plane: near the origin on linear axes, and all of it on the axes asinh(|y|/scale) and angle. */
#include "report/page.h"
#include "report/stream.h"
#include "solve/eval.h"
#include "verify/reference.h"

#include <math.h>
#include <omp.h>

#define NEAR_LENGTHS 4.0        /* of the linear picture, in scales */
#define FAR_XI 20.0             /* asinh(|y|/scale) of the other: |y| = 2.4e8 scales */
#define LEAST_XI 1e-6           /* where angles still differ */
#define POINTS_X 241
#define POINTS_Y 121
#define ACROSS 26               /* streamlines beside each other */
#define LINEAR_NEAR 3.0         /* decades that a linear scale of colours still shows, on linear axes and on the others */
#define LINEAR_FAR 2.0
#define CELLS_X 84              /* of the residual */
#define CELLS_Y 42
#define FULL 360.0
#define HALF 180.0
#define FRAME_WIDTH 338.0

/* A picture: the ranges of its axes, and how its points lie in the plane. */
typedef struct view {
    bool polar;
    double lo[2], hi[2], scale;
    const char *label[2];
    char about[2][160];         /* of the axes, for labels */
} view;

bool az_page_is_plane(const az_problem *p)
{
    for (int c = 0; c < p->dim; c++)
        if (p->coord[c].range == AZ_INTERVAL || p->coord[c].open > 0) return false;
    return p->dim == 2 && p->coord[0].range == AZ_LINE;
}

static void make_view(view *v, const az_problem *p, bool polar)
{
    const bool whole = p->coord[1].range == AZ_LINE;
    const double near = NEAR_LENGTHS * p->coord[0].scale;

    *v = (view){.polar = polar, .scale = p->coord[0].scale};
    for (int c = 0; c < 2; c++) v->label[c] = p->coord[c].name;
    if (!polar) {
        v->lo[0] = -near, v->hi[0] = near;
        v->lo[1] = whole ? -near : 0, v->hi[1] = near;
        return;
    }
    snprintf(v->about[0], sizeof v->about[0], v->scale == 1 ? "asinh r, r\u00b2 = %.40s\u00b2 + %.40s\u00b2" : "asinh(r/%3$.3g), r\u00b2 = %1$.40s\u00b2 + %2$.40s\u00b2", p->coord[0].name, p->coord[1].name, v->scale);
    v->label[0] = v->about[0];
    v->label[1] = "angle, degrees";
    v->hi[0] = FAR_XI;
    v->lo[1] = whole ? -HALF : 0, v->hi[1] = HALF;
}

static double frame_height(const view *v)
{
    return v->polar ? FRAME_WIDTH / 2 : FRAME_WIDTH * (v->hi[1] - v->lo[1]) / (v->hi[0] - v->lo[0]);
}

static void place(const view *v, double *y, double a, double b)
{
    const double r = v->scale * sinh(fmax(a, LEAST_XI)), angle = b * M_PI / HALF;

    y[0] = v->polar ? r * cos(angle) : a;
    y[1] = v->polar ? r * sin(angle) : b;
    if (v->polar && fabs(b) == HALF) y[1] = 0; /* sin(pi) is not */
}

static double along(const view *v, int c, int i) { return v->lo[c] + (v->hi[c] - v->lo[c]) * i / ((c ? POINTS_Y : POINTS_X) - 1); }

static double *view_points(const view *v)
{
    double *x = az_doubles(2 * (size_t)POINTS_X * POINTS_Y);

    for (int j = 0, k = 0; x && j < POINTS_Y; j++)
        for (int i = 0; i < POINTS_X; i++, k++) place(v, x + 2 * k, along(v, 0, i), along(v, 1, j));
    return x;
}

static az_status draw(az_page *g, const view *v, const char *name, const double *value, bool contours, const az_lines *lines)
{
    az_heat h = {.about = name, .x = {.label = v->label[0], .lo = v->lo[0], .hi = v->hi[0]}, .y = {.label = v->label[1], .lo = v->lo[1], .hi = v->hi[1]},
                 .colour = {.label = name}, .value = value, .n_x = POINTS_X, .n_y = POINTS_Y, .height = frame_height(v), .contours = contours, .lines = lines};

    if (!az_heat_colours(&h.colour, value, (size_t)POINTS_X * POINTS_Y, v->polar ? LINEAR_FAR : LINEAR_NEAR)) return AZ_ENOMEM;
    az_plot_heat_svg(&g->out, &h);
    return AZ_OK;
}

static void caption(az_page *g, const view *v, const char *what, const char *name)
{
    if (v->polar) az_page_figure_end(g, "%s%s against distance, linear near 0 and logarithmic beyond, and angle.", what, name);
    else az_page_figure_end(g, "%s%s near the origin.", what, name);
}

/* From components along the axes of the plane to grid points per unit of time in the picture: d asinh(r/s) = dr/sqrt(s^2 + r^2). */
static void to_view(const view *v, const double *x, double *a, double *b)
{
    const double per_x = (POINTS_X - 1) / (v->hi[0] - v->lo[0]), per_y = (POINTS_Y - 1) / (v->hi[1] - v->lo[1]);

    for (int k = 0; k < POINTS_X * POINTS_Y; k++) {
        double da = a[k], db = b[k];
        if (v->polar) {
            const double r = hypot(x[2 * k], x[2 * k + 1]), c = x[2 * k] / r, s = x[2 * k + 1] / r;
            da = (c * a[k] + s * b[k]) / hypot(v->scale, r);
            db = (c * b[k] - s * a[k]) / r * HALF / M_PI;
        }
        a[k] = da * per_x;
        b[k] = db * per_y;
    }
}

/* With colours for its size. */
static az_status draw_flow(az_page *g, const view *v, const char *name, const double *x, double *a, double *b)
{
    double *size = az_doubles((size_t)POINTS_X * POINTS_Y), *lx = NULL, *ly = NULL;
    int n = 0;
    az_status st = size ? AZ_OK : AZ_ENOMEM;
    char label[80];

    if (!st) {
        for (int k = 0; k < POINTS_X * POINTS_Y; k++) size[k] = hypot(a[k], b[k]);
        to_view(v, x, a, b);
        st = az_stream_lines(&lx, &ly, &n, a, b, POINTS_X, POINTS_Y, ACROSS);
    }
    if (!st) {
        for (int i = 0; i < n; i++) {
            lx[i] = v->lo[0] + (v->hi[0] - v->lo[0]) * lx[i] / (POINTS_X - 1);
            ly[i] = v->lo[1] + (v->hi[1] - v->lo[1]) * ly[i] / (POINTS_Y - 1);
        }
        snprintf(label, sizeof label, "|%.70s|", name);
        st = draw(g, v, label, size, false, &(az_lines){lx, ly, n, true});
    }
    az_doubles_free(size);
    az_doubles_free(lx);
    az_doubles_free(ly);
    return st;
}

static az_status name_view(az_page *g, const char *name, const az_flow_decl *flow, bool polar)
{
    const int n = POINTS_X * POINTS_Y;
    az_error err;
    view v;

    make_view(&v, g->r->problem, polar);
    double *x = view_points(&v), *a = az_doubles((size_t)n), *b = az_doubles((size_t)n);
    az_status st = x && a && b ? AZ_OK : AZ_ENOMEM;
    if (!st) st = flow ? az_eval_node(g->r, a, flow->component[0], x, n, NULL, &err) : az_eval(g->r, a, name, x, n, NULL, &err);
    if (!st && flow) st = az_eval_node(g->r, b, flow->component[1], x, n, NULL, &err);
    if (st) {
        st = az_page_leave_note(g, st, name, &err);
    } else {
        az_page_figure_begin(g);
        st = flow ? draw_flow(g, &v, name, x, a, b) : draw(g, &v, name, a, true, NULL);
        caption(g, &v, flow ? "Lines along the flow " : "", name);
    }
    az_doubles_free(x);
    az_doubles_free(a);
    az_doubles_free(b);
    return st;
}

az_status az_page_plane_name(az_page *g, const char *name, const az_flow_decl *flow)
{
    const az_status st = name_view(g, name, flow, false);

    return st ? st : name_view(g, name, flow, true);
}

/* Where a point of the plane is in the picture, from 0 to 1 along both axes. */
static void locate(const view *v, double *u, const double *y)
{
    double a = y[0], b = y[1];

    if (v->polar) {
        a = asinh(hypot(y[0], y[1]) / v->scale);
        b = atan2(y[1], y[0]) * HALF / M_PI;
    }
    u[0] = (a - v->lo[0]) / (v->hi[0] - v->lo[0]);
    u[1] = (b - v->lo[1]) / (v->hi[1] - v->lo[1]);
}

/* cell[n_y][n_x]: the largest relative residual of the points of the verification that lie in it. */
static void widen_by_curve(double *cell, int n_x, int n_y, const view *v, const az_curve *c)
{
    double u[2];

    for (int i = 0; i < c->n; i++) {
        const double size = fabs(c->relative[i]);
        locate(v, u, c->x + 2 * (size_t)i);
        if (!(u[0] >= 0 && u[0] <= 1 && u[1] >= 0 && u[1] <= 1) || !(size > 0)) continue;
        double *at = &cell[(int)fmin(u[1] * n_y, n_y - 1) * n_x + (int)fmin(u[0] * n_x, n_x - 1)];
        *at = fmax(*at, size); /* fmax passes over NaN */
    }
}

static double worst_equation(const az_problem *p, const az_num *row)
{
    double worst = NAN;

    for (int k = 0; k < p->n_rows; k++)
        if (p->row[k].kind == AZ_ROW_EQUATION) worst = fmax(worst, fabs(creal(row[k])));
    return worst;
}

/* The relative residual of the worst equation in the middle of each cell, by the independent evaluator. */
static az_status evaluate_cells(double *cell, int n_x, int n_y, const view *v, const az_result *r, az_error *err)
{
    const az_problem *p = r->problem;
    const int n = n_x * n_y;
    const az_reference_options o = {.threads = omp_get_max_threads()};
    double *x = az_doubles(2 * (size_t)n);
    az_num *row = az_alloc_array((size_t)n, (size_t)p->n_rows * sizeof *row);
    az_status st = x && row ? AZ_OK : AZ_ENOMEM;

    for (int k = 0; !st && k < n; k++)
        place(v, x + 2 * k, v->lo[0] + (v->hi[0] - v->lo[0]) * (k % n_x + 0.5) / n_x, v->lo[1] + (v->hi[1] - v->lo[1]) * (k / n_x + 0.5) / n_y);
    if (!st) st = az_reference_rows(row, r, x, n, &o, err);
    for (int k = 0; !st && k < n; k++) cell[k] = worst_equation(p, row + (size_t)k * (size_t)p->n_rows);
    az_doubles_free(x);
    az_free(row);
    return st;
}

static az_status residual_view(az_page *g, bool polar)
{
    az_error err;
    view v;

    make_view(&v, g->r->problem, polar);
    const int n_x = CELLS_X, n_y = polar || v.lo[1] == 0 ? CELLS_Y : CELLS_X, n = n_x * n_y;
    az_heat h = {.about = "residual", .x = {.label = v.label[0], .lo = v.lo[0], .hi = v.hi[0]}, .y = {.label = v.label[1], .lo = v.lo[1], .hi = v.hi[1]},
                 .colour = {.label = "|residual|"}, .n_x = n_x, .n_y = n_y, .height = frame_height(&v), .cells = true};
    double *cell = az_doubles((size_t)n);
    az_status st = cell ? evaluate_cells(cell, n_x, n_y, &v, g->r, &err) : AZ_ENOMEM;
    if (st) {
        st = az_page_leave_note(g, st, "the residual", &err);
    } else {
        widen_by_curve(cell, n_x, n_y, &v, &g->r->curve);
        h.value = cell;
        if (!az_heat_colours(&h.colour, cell, (size_t)n, 0)) st = AZ_ENOMEM;
        az_page_figure_begin(g);
        az_plot_heat_svg(&g->out, &h);
        az_page_figure_end(g, "Relative residual of the worst equation %s: in the middle of each of %d \u00d7 %d cells, by the independent path, and at the worst points of the verification.",
                           polar ? "against distance and angle" : "near the origin", n_x, n_y);
    }
    az_doubles_free(cell);
    return st;
}

az_status az_page_plane_residual(az_page *g)
{
    const az_status st = residual_view(g, false);

    return st ? st : residual_view(g, true);
}
