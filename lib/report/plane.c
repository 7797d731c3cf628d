/* plane.c: pictures of a plane or half-plane: near the origin on linear axes, and from the corner to far out on the axes log |y| and angle. */
#include "report/page.h"
#include "report/stream.h"
#include "solve/eval.h"
#include "verify/reference.h"

#include <math.h>
#include <string.h>

#define NEAR_LENGTHS 4.0        /* of the linear picture, in scales */
#define CORNER 1e-6             /* |y| of the other, in scales: from here, where unstable profiles still change, */
#define FAR 1e9                 /* to here */
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

/* A picture: its axes, and how its points lie in the plane: their coordinates, or distance and angle in degrees. */
typedef struct view {
    bool polar;
    az_axis axis[2];
    char distance[160];         /* label */
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
    const double scale = p->coord[0].scale, near = NEAR_LENGTHS * scale;
    const char *y1 = p->coord[0].name, *y2 = p->coord[1].name;

    *v = (view){.polar = polar, .axis = {{.label = y1, .lo = -near, .hi = near}, {.label = y2, .lo = whole ? -near : 0, .hi = near}}};
    if (!polar) return;
    snprintf(v->distance, sizeof v->distance, "r, r\u00b2 = %.40s\u00b2 + %.40s\u00b2", y1, y2);
    v->axis[0] = (az_axis){.kind = AZ_AXIS_LOG, .label = v->distance, .lo = CORNER * scale, .hi = FAR * scale};
    v->axis[1] = (az_axis){.label = "angle, degrees", .lo = whole ? -HALF : 0, .hi = HALF};
}

static double frame_height(const view *v)
{
    return v->polar ? FRAME_WIDTH / 2 : FRAME_WIDTH * (v->axis[1].hi - v->axis[1].lo) / (v->axis[0].hi - v->axis[0].lo);
}

/* What stands at the share u of an axis, from 0 to 1, and where a value stands. */
static double along(const view *v, int c, double u)
{
    const az_axis *a = &v->axis[c];

    return a->kind == AZ_AXIS_LOG ? a->lo * pow(a->hi / a->lo, u) : a->lo + (a->hi - a->lo) * u;
}

static double share(const view *v, int c, double x)
{
    const az_axis *a = &v->axis[c];

    return a->kind == AZ_AXIS_LOG ? log(x / a->lo) / log(a->hi / a->lo) : (x - a->lo) / (a->hi - a->lo);
}

/* The point of the plane at these shares of both axes. */
static void place(const view *v, double *y, double u, double w)
{
    const double a = along(v, 0, u), b = along(v, 1, w), angle = b * M_PI / HALF;

    y[0] = v->polar ? a * cos(angle) : a;
    y[1] = v->polar ? a * sin(angle) : b;
    if (v->polar && fabs(b) == HALF) y[1] = 0; /* sin(pi) is not */
}

static double *view_points(const view *v)
{
    double *x = az_doubles(2 * (size_t)POINTS_X * POINTS_Y);

    for (int j = 0, k = 0; x && j < POINTS_Y; j++)
        for (int i = 0; i < POINTS_X; i++, k++) place(v, x + 2 * k, i / (POINTS_X - 1.0), j / (POINTS_Y - 1.0));
    return x;
}

static az_status draw(az_page *g, const view *v, const char *name, const double *value, bool contours, const az_lines *lines)
{
    az_heat h = {.about = name, .x = v->axis[0], .y = v->axis[1], .colour = {.label = name}, .value = value, .n_x = POINTS_X, .n_y = POINTS_Y,
                 .height = frame_height(v), .contours = contours, .lines = lines};

    if (!az_heat_colours(&h.colour, value, (size_t)POINTS_X * POINTS_Y, v->polar ? LINEAR_FAR : LINEAR_NEAR)) return AZ_ENOMEM;
    az_plot_heat_svg(&g->out, &h);
    return AZ_OK;
}

static void caption(az_page *g, const view *v, const char *what, const char *name)
{
    if (v->polar) az_page_figure_end(g, "%s%s, log-polar: from the origin to far out.", what, name);
    else az_page_figure_end(g, "%s%s near the origin.", what, name);
}

/* From components along the axes of the plane to grid points per unit of time in the picture: d log r = dr/r. */
static void to_view(const view *v, const double *x, double *a, double *b)
{
    const az_axis *p = &v->axis[0], *q = &v->axis[1];
    const double per_x = (POINTS_X - 1) / (v->polar ? log(p->hi / p->lo) : p->hi - p->lo), per_y = (POINTS_Y - 1) / (q->hi - q->lo);

    for (int k = 0; k < POINTS_X * POINTS_Y; k++) {
        double da = a[k], db = b[k];
        if (v->polar) {
            const double r = hypot(x[2 * k], x[2 * k + 1]), c = x[2 * k] / r, s = x[2 * k + 1] / r;
            da = (c * a[k] + s * b[k]) / r;
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
            lx[i] = along(v, 0, lx[i] / (POINTS_X - 1));
            ly[i] = along(v, 1, ly[i] / (POINTS_Y - 1));
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

/* One picture of each equation, on the axes of both views: cell[equation][n_y][n_x], the largest relative residual at the points in it. */
typedef struct maps {
    view v[2];
    int n_x[2], n_y[2], n_equations;
    size_t n_values;
    double *value, *cell[2];
} maps;

static size_t cells_of(const maps *m, int k) { return (size_t)m->n_x[k] * (size_t)m->n_y[k]; }

static bool make_maps(maps *m, const az_problem *p)
{
    *m = (maps){.n_equations = 0};
    for (int i = 0; i < p->n_rows; i++) m->n_equations += p->row[i].kind == AZ_ROW_EQUATION;
    for (int k = 0; k < 2; k++) {
        make_view(&m->v[k], p, k == 1);
        m->n_x[k] = CELLS_X;
        m->n_y[k] = k == 1 || m->v[k].axis[1].lo == 0 ? CELLS_Y : CELLS_X;
    }
    m->n_values = (size_t)m->n_equations * (cells_of(m, 0) + cells_of(m, 1));
    m->value = az_doubles(m->n_values);
    for (size_t i = 0; m->value && i < m->n_values; i++) m->value[i] = NAN;
    m->cell[0] = m->value;
    m->cell[1] = m->value ? m->value + (size_t)m->n_equations * cells_of(m, 0) : NULL;
    return m->value != NULL;
}

/* The middles of all cells, and where the verification looked. */
static double *map_points(int *n, const maps *m, const az_curve *c)
{
    const size_t total = cells_of(m, 0) + cells_of(m, 1) + (size_t)c->n;
    double *x = az_doubles(2 * total), *at = x;

    *n = (int)total;
    for (int k = 0; x && k < 2; k++)
        for (int j = 0; j < m->n_y[k]; j++)
            for (int i = 0; i < m->n_x[k]; i++, at += 2) place(&m->v[k], at, (i + 0.5) / m->n_x[k], (j + 0.5) / m->n_y[k]);
    if (x) memcpy(at, c->x, 2 * (size_t)c->n * sizeof *x);
    return x;
}

/* The rows of the problem at one point. */
static void widen_maps(maps *m, const az_problem *p, const double *y, const az_num *row)
{
    for (int k = 0; k < 2; k++) {
        const view *v = &m->v[k];
        const double u = share(v, 0, v->polar ? hypot(y[0], y[1]) : y[0]), w = share(v, 1, v->polar ? atan2(y[1], y[0]) * HALF / M_PI : y[1]);
        if (!(u >= 0 && u <= 1 && w >= 0 && w <= 1)) continue;
        double *at = m->cell[k] + (int)fmin(w * m->n_y[k], m->n_y[k] - 1) * m->n_x[k] + (int)fmin(u * m->n_x[k], m->n_x[k] - 1);
        for (int i = 0; i < p->n_rows; i++) {
            if (p->row[i].kind != AZ_ROW_EQUATION) continue;
            *at = fmax(*at, fabs(creal(row[i]))); /* fmax passes over NaN */
            at += cells_of(m, k);
        }
    }
}

/* By the independent evaluator. */
static az_status fill_maps(maps *m, const az_result *r, az_error *err)
{
    const az_problem *p = r->problem;
    const az_reference_options o = {.threads = az_threads(0)};
    const size_t rows = (size_t)p->n_rows;
    int n;
    double *x = map_points(&n, m, &r->curve);
    az_num *row = az_alloc_array((size_t)n, rows * sizeof *row);
    az_status st = x && row ? az_reference_rows(row, r, x, n, &o, err) : AZ_ENOMEM;

    for (int i = 0; !st && i < n; i++) widen_maps(m, p, x + 2 * (size_t)i, row + (size_t)i * rows);
    az_doubles_free(x);
    az_free(row);
    return st;
}

static void map_figure(az_page *g, const maps *m, int k, const double *cell, const az_axis *colour, const az_row_decl *row)
{
    const int most = 100; /* letters of a statement */
    const view *v = &m->v[k];

    az_page_figure_begin(g);
    az_plot_heat_svg(&g->out, &(az_heat){.about = "residual", .x = v->axis[0], .y = v->axis[1], .colour = *colour, .value = cell, .n_x = m->n_x[k],
                                         .n_y = m->n_y[k], .height = frame_height(v), .cells = true});
    if (v->polar) az_page_figure_end(g, "Log-polar, line %d.", row->line);
    else az_page_figure_end(g, "Near the origin, line %d: %.*s%s", row->line, most, row->text, strlen(row->text) > (size_t)most ? " \u2026" : "");
}

static void map_figures(az_page *g, const maps *m, const az_axis *colour)
{
    const az_problem *p = g->r->problem;

    az_text_add(&g->out, "<p class=\"all\">Relative residual of each equation, in the same colours: the largest in each cell, of its middle and of the points of "
                         "the verification in it, by the independent path.</p>\n");
    for (int i = 0, n = 0; i < p->n_rows; i++) {
        if (p->row[i].kind != AZ_ROW_EQUATION) continue;
        for (int k = 0; k < 2; k++) map_figure(g, m, k, m->cell[k] + (size_t)n * cells_of(m, k), colour, &p->row[i]);
        n++;
    }
}

az_status az_page_plane_residual(az_page *g)
{
    az_axis colour = {.label = "|residual|"};
    az_error err;
    maps m;
    az_status st = make_maps(&m, g->r->problem) ? fill_maps(&m, g->r, &err) : AZ_ENOMEM;

    if (st) st = az_page_leave_note(g, st, "the residual", &err);
    else if (!az_heat_colours(&colour, m.value, m.n_values, 0)) st = AZ_ENOMEM;
    else map_figures(g, &m, &colour);
    az_doubles_free(m.value);
    return st;
}
