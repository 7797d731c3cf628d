/* figures.c: the pictures of the report and the data behind them. */
#include "report/page.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LINE_POINTS 601
#define HEAT_POINTS 161
#define CELLS_MIN 12            /* a side, of the residual map */
#define CELLS_MAX 64
#define POINTS_IN_CELL 10       /* on average, so that few cells stay empty */
#define SAMPLE_POINTS 1200
#define VISIBLE_LENGTHS 10      /* of an unbounded coordinate, in units of its scale */
#define MAX_NAMES 6
#define SNAPSHOTS 5

void az_page_figure_begin(az_page *g) { az_text_add(&g->out, "<figure>\n"); }

void az_page_figure_end(az_page *g, const char *format, ...)
{
    char caption[512];
    va_list ap;

    va_start(ap, format);
    vsnprintf(caption, sizeof caption, format, ap);
    va_end(ap);
    az_text_add(&g->out, "<figcaption>");
    az_xml_escape(&g->out, caption);
    az_text_add(&g->out, "</figcaption></figure>\n");
}

static void plot(az_page *g, az_plot p)
{
    p.id = ++g->next_id;
    az_plot_svg(&g->out, &p);
}

/* The part of a coordinate worth a picture on a linear axis. */
static void visible(const az_coord_decl *c, double *lo, double *hi)
{
    *lo = c->range == AZ_INTERVAL ? c->lo : c->open > 0 ? -c->open : c->range == AZ_LINE ? -VISIBLE_LENGTHS * c->scale : 0;
    *hi = c->range == AZ_INTERVAL ? c->hi : c->open > 0 ? c->open : VISIBLE_LENGTHS * c->scale;
}

static double between(double lo, double hi, int i, int n) { return i == n - 1 ? hi : lo + (hi - lo) * i / (n - 1); }

static double middle(const az_coord_decl *c) { return c->range == AZ_INTERVAL ? (c->lo + c->hi) / 2 : c->range == AZ_LINE ? 0 : c->scale; }

static az_status evaluate(const az_page *g, double *v, const char *name, const double *x, int n, az_error *err)
{
    const int order[AZ_MAX_DIM] = {0};

    return az_eval(g->r, v, name, x, n, order, err);
}

az_status az_page_leave_note(az_page *g, az_status st, const char *name, const az_error *err)
{
    if (st == AZ_ENOMEM) return st;
    az_text_add(&g->out, "<p class=\"note\">No picture of ");
    az_xml_escape(&g->out, name);
    az_text_add(&g->out, ": ");
    az_xml_escape(&g->out, err->message);
    az_text_add(&g->out, "</p>\n");
    return AZ_OK;
}

/* *shown: the name could be evaluated. */
static az_status linear_profile(az_page *g, const char *name, double *x, double *v, bool *shown)
{
    const az_coord_decl *c = g->r->problem->coord;
    az_error err;
    double lo, hi;
    char about[128];

    visible(c, &lo, &hi);
    for (int i = 0; i < LINE_POINTS; i++) x[i] = between(lo, hi, i, LINE_POINTS);
    const az_status st = evaluate(g, v, name, x, LINE_POINTS, &err);
    *shown = !st;
    if (st) return az_page_leave_note(g, st, name, &err);
    snprintf(about, sizeof about, "%.40s against %.40s", name, c->name);
    const az_series s = {.x = x, .y = v, .n = LINE_POINTS};
    az_page_figure_begin(g);
    plot(g, (az_plot){.about = about, .x = {.label = c->name, .lo = lo, .hi = hi}, .y = {.label = name}, .series = &s, .n_series = 1});
    az_page_figure_end(g, "%s against %s, linear axes.", name, c->name);
    return AZ_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static az_status positive_points(const az_problem *p, double **x, int *n, az_error *err)
{
    int total = 0, m = 0;
    const az_status st = az_sample_points(p, x, &total, SAMPLE_POINTS, err);

    if (st) return st;
    for (int i = 0; i < total; i++)
        if ((*x)[i] > 0) (*x)[m++] = (*x)[i];
    qsort(*x, (size_t)m, sizeof **x, compare);
    *n = m;
    return AZ_OK;
}

static az_status log_profile(az_page *g, const char *name)
{
    const char *y = g->r->problem->coord[0].name;
    double *x = NULL, *v = NULL;
    int n = 0;
    az_error err;
    char label[80];
    az_status st = positive_points(g->r->problem, &x, &n, &err);

    if (!st) {
        v = az_doubles((size_t)n);
        st = v ? evaluate(g, v, name, x, n, &err) : AZ_ENOMEM;
    }
    if (st) {
        st = az_page_leave_note(g, st, name, &err);
    } else {
        for (int i = 0; i < n; i++) v[i] = fabs(v[i]);
        snprintf(label, sizeof label, "|%.70s|", name);
        const az_series s = {.x = x, .y = v, .n = n};
        az_page_figure_begin(g);
        plot(g, (az_plot){.about = label, .x = {.kind = AZ_AXIS_LOG, .label = y}, .y = {.kind = AZ_AXIS_LOG, .label = label}, .series = &s, .n_series = 1});
        az_page_figure_end(g, "|%s| for %s > 0, logarithmic axes: a straight line is a power law.", name, y);
    }
    az_free(x);
    az_doubles_free(v);
    return st;
}

static az_status profile(az_page *g, const char *name)
{
    double *x = az_doubles(LINE_POINTS), *v = az_doubles(LINE_POINTS);
    bool shown = false;
    az_status st = x && v ? linear_profile(g, name, x, v, &shown) : AZ_ENOMEM;

    if (shown && g->r->problem->coord[0].range != AZ_INTERVAL && !(g->r->problem->coord[0].open > 0)) st = log_profile(g, name);
    az_doubles_free(x);
    az_doubles_free(v);
    return st;
}

/* All coordinates after the second sit in their middle. */
static void plane_points(const az_problem *p, double *x, const double lo[2], const double hi[2])
{
    for (int j = 0, k = 0; j < HEAT_POINTS; j++) {
        for (int i = 0; i < HEAT_POINTS; i++, k++) {
            x[k * p->dim] = between(lo[0], hi[0], i, HEAT_POINTS);
            x[k * p->dim + 1] = between(lo[1], hi[1], j, HEAT_POINTS);
            for (int c = 2; c < p->dim; c++) x[k * p->dim + c] = middle(&p->coord[c]);
        }
    }
}

static az_status heat(az_page *g, const char *name)
{
    const az_problem *p = g->r->problem;
    const int n = HEAT_POINTS * HEAT_POINTS;
    double *x = az_doubles((size_t)n * (size_t)p->dim), *v = az_doubles((size_t)n), lo[2], hi[2];
    az_error err;
    az_status st = x && v ? AZ_OK : AZ_ENOMEM;

    for (int c = 0; c < 2; c++) visible(&p->coord[c], &lo[c], &hi[c]);
    if (!st) {
        plane_points(p, x, lo, hi);
        st = evaluate(g, v, name, x, n, &err);
        if (st) st = az_page_leave_note(g, st, name, &err);
        else {
            az_page_figure_begin(g);
            az_plot_heat_svg(&g->out, &(az_heat){.about = name, .x = {.label = p->coord[0].name, .lo = lo[0], .hi = hi[0]},
                             .y = {.label = p->coord[1].name, .lo = lo[1], .hi = hi[1]}, .colour = {.label = name}, .value = v, .n_x = HEAT_POINTS, .n_y = HEAT_POINTS});
            az_page_figure_end(g, "%s over %s and %s%s.", name, p->coord[0].name, p->coord[1].name, p->dim > 2 ? "; the other coordinates in the middle of their ranges" : "");
        }
    }
    az_doubles_free(x);
    az_doubles_free(v);
    return st;
}

typedef struct snapshots {
    double x[LINE_POINTS], v[SNAPSHOTS][LINE_POINTS], point[2 * LINE_POINTS];
    char label[SNAPSHOTS][40];
    az_series series[SNAPSHOTS];
} snapshots;

/* Values along coordinate 1-t at equally spaced values of the time coordinate t. */
static az_status snapshots_fill(az_page *g, snapshots *s, const char *name, int t, az_error *err)
{
    const az_coord_decl *time = &g->r->problem->coord[t];
    double lo, hi, first, last;
    az_status st = AZ_OK;

    visible(&g->r->problem->coord[1 - t], &lo, &hi);
    visible(time, &first, &last);
    for (int i = 0; i < LINE_POINTS; i++) s->x[i] = between(lo, hi, i, LINE_POINTS);
    for (int k = 0; k < SNAPSHOTS && !st; k++) {
        const double now = between(first, last, k, SNAPSHOTS);
        for (int i = 0; i < LINE_POINTS; i++) {
            s->point[2 * i + t] = now;
            s->point[2 * i + 1 - t] = s->x[i];
        }
        snprintf(s->label[k], sizeof s->label[k], "%.20s%s%.3g", k ? "" : time->name, k ? "" : " = ", now);
        s->series[k] = (az_series){.label = s->label[k], .x = s->x, .y = s->v[k], .n = LINE_POINTS};
        st = evaluate(g, s->v[k], name, s->point, LINE_POINTS, err);
    }
    return st;
}

static az_status moments(az_page *g, const char *name, int t)
{
    const az_problem *p = g->r->problem;
    snapshots *s = az_calloc(1, sizeof *s);
    az_error err;
    double lo, hi;

    if (!s) return AZ_ENOMEM;
    visible(&p->coord[1 - t], &lo, &hi);
    az_status st = snapshots_fill(g, s, name, t, &err);
    if (st) {
        st = az_page_leave_note(g, st, name, &err);
    } else {
        az_page_figure_begin(g);
        plot(g, (az_plot){.about = name, .x = {.label = p->coord[1 - t].name, .lo = lo, .hi = hi}, .y = {.label = name}, .series = s->series, .n_series = SNAPSHOTS});
        az_page_figure_end(g, "%s at %d moments.", name, SNAPSHOTS);
    }
    az_free(s);
    return st;
}

static az_status one_name(az_page *g, const char *name)
{
    const az_problem *p = g->r->problem;
    az_status st;

    if (p->dim == 1) return profile(g, name);
    if (az_page_is_plane(p)) return az_page_plane_name(g, name, NULL);
    st = heat(g, name);
    for (int t = 0; t < 2 && p->dim == 2 && !st; t++)
        if (p->coord[t].time) return moments(g, name, t);
    return st;
}

/* shown[node]: the expression varies over the domain and is found by the run, not given. */
static void find_unknown_functions(bool *shown, const az_graph *g)
{
    for (int i = 0; i < g->n; i++) {
        const az_node *t = &g->node[i];
        shown[i] = t->op == AZ_TRIAL || (t->a >= 0 && shown[t->a]) || (t->b >= 0 && shown[t->b]);
    }
    for (int i = 0; i < g->n; i++) shown[i] = shown[i] && g->node[i].deps;
}

/* needed[node]: an equation or condition contains the expression. */
static void find_needed(bool *needed, const az_problem *p)
{
    for (int i = 0; i < p->n_rows; i++) {
        needed[p->row[i].node] = true;
        if (p->row[i].scale >= 0) needed[p->row[i].scale] = true;
    }
    az_expr_contents(needed, &p->graph);
}

enum { FIELDS, TO_BE_SEEN, OTHERS, N_GROUPS };

static int group_of(const az_name_decl *let, const bool *needed)
{
    if (let->field) return FIELDS;
    return needed[let->node] ? OTHERS : TO_BE_SEEN;
}

/* Fields first, then lets that no equation needs, which are there to be seen, then the other lets. */
static az_status chosen_profiles(az_page *g, const bool *shown, const bool *needed)
{
    const az_problem *p = g->r->problem;
    int n = 0;
    az_status st = AZ_OK;

    for (int group = FIELDS; group < N_GROUPS; group++) {
        for (int i = 0; i < p->n_lets && n < MAX_NAMES && !st; i++) {
            if (group_of(&p->let[i], needed) != group || !shown[p->let[i].node]) continue;
            st = one_name(g, p->let[i].name);
            n++;
        }
    }
    return st;
}

/* The names asked for, in their order. */
static az_status asked_profiles(az_page *g)
{
    az_status st = AZ_OK;

    for (int i = 0; i < g->n_names && !st; i++) st = one_name(g, g->name[i]);
    return st;
}

az_status az_page_profiles(az_page *g)
{
    const az_problem *p = g->r->problem;

    if (p->dim < 1) return AZ_OK;
    bool *shown = az_calloc((size_t)p->graph.n, sizeof *shown), *needed = az_calloc((size_t)p->graph.n, sizeof *needed);
    az_status st = shown && needed ? AZ_OK : AZ_ENOMEM;
    az_text_add(&g->out, "<section><h2>Solution</h2>\n<div class=\"pair\">\n");
    if (!st) {
        find_unknown_functions(shown, &p->graph);
        find_needed(needed, p);
        st = g->name ? asked_profiles(g) : chosen_profiles(g, shown, needed);
    }
    for (int i = 0; i < p->n_flows && !st && az_page_is_plane(p); i++) st = az_page_plane_name(g, p->flow[i].name, &p->flow[i]);
    az_text_add(&g->out, "</div></section>\n");
    az_free(shown);
    az_free(needed);
    return st;
}

typedef struct curve_point {
    double x, residual, relative;
} curve_point;

static int compare_points(const void *a, const void *b) { return compare(&((const curve_point *)a)->x, &((const curve_point *)b)->x); }

/* Absolute values, in order of the coordinate; out[0..n) x, then residual, then relative. */
static az_status sorted_curve(double *out, const az_curve *c)
{
    curve_point *p = az_alloc_array((size_t)c->n, sizeof *p);

    if (!p) return AZ_ENOMEM;
    for (int i = 0; i < c->n; i++) p[i] = (curve_point){c->x[i], fabs(c->residual[i]), fabs(c->relative[i])};
    qsort(p, (size_t)c->n, sizeof *p, compare_points);
    for (int i = 0; i < c->n; i++) {
        out[i] = p[i].x;
        out[c->n + i] = p[i].residual;
        out[2 * c->n + i] = p[i].relative;
    }
    az_free(p);
    return AZ_OK;
}

static az_status residual_line(az_page *g)
{
    const az_curve *c = &g->r->curve;
    const az_coord_decl *x = g->r->problem->coord;
    const bool open = x->open > 0;
    char what[160] = "";
    double *v = az_doubles(3 * (size_t)c->n);
    az_status st = v ? sorted_curve(v, c) : AZ_ENOMEM;

    if (!st) {
        const az_series s[2] = {{"as written", v, v + c->n, c->n, false}, {"relative to its scale", v, v + 2 * c->n, c->n, false}};
        az_page_figure_begin(g);
        plot(g, (az_plot){.about = "residual", .x = {.kind = x->range == AZ_INTERVAL ? AZ_AXIS_LINEAR : AZ_AXIS_ASINH, .unit = x->scale, .label = open ? x->line : x->name},
                          .y = {.kind = AZ_AXIS_LOG, .label = "|residual|"}, .series = s, .n_series = 2});
        if (open) snprintf(what, sizeof what, " of the whole interval, against %.40s = 2u/(1 - u^2), u = %.40s/%.6g", x->line, x->name, x->open);
        else if (x->range != AZ_INTERVAL) snprintf(what, sizeof what, " of the whole line");
        az_page_figure_end(g, "Residual of the worst equation at %d points%s%s.", c->n, what,
                           x->range == AZ_INTERVAL ? "" : "; the axis is linear near 0 and logarithmic beyond");
    }
    az_doubles_free(v);
    return st;
}

/* cell[m][m]: log10 of the largest relative residual in it. */
static void fill_cells(double *cell, int m, const az_curve *c, const double lo[2], const double hi[2])
{
    for (int k = 0; k < m * m; k++) cell[k] = NAN;
    for (int i = 0; i < c->n; i++) {
        const double *x = c->x + (size_t)i * (size_t)c->dim, size = fabs(c->relative[i]);
        const double u = (x[0] - lo[0]) / (hi[0] - lo[0]), v = (x[1] - lo[1]) / (hi[1] - lo[1]);
        if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1) || !(size > 0)) continue;
        double *at = &cell[(int)fmin(v * m, m - 1) * m + (int)fmin(u * m, m - 1)];
        *at = fmax(*at, log10(size)); /* fmax passes over NaN */
    }
}

static az_status residual_cells(az_page *g)
{
    const az_problem *p = g->r->problem;
    const az_curve *c = &g->r->curve;
    const int m = (int)fmin(fmax(sqrt(c->n / (double)POINTS_IN_CELL), CELLS_MIN), CELLS_MAX);
    double *cell = az_doubles((size_t)m * (size_t)m), lo[2], hi[2];

    if (!cell) return AZ_ENOMEM;
    for (int k = 0; k < 2; k++) visible(&p->coord[k], &lo[k], &hi[k]);
    fill_cells(cell, m, c, lo, hi);
    az_page_figure_begin(g);
    az_plot_heat_svg(&g->out, &(az_heat){.about = "residual", .x = {.label = p->coord[0].name, .lo = lo[0], .hi = hi[0]},
                     .y = {.label = p->coord[1].name, .lo = lo[1], .hi = hi[1]}, .colour = {.label = "log10 |residual|"}, .value = cell, .n_x = m, .n_y = m, .cells = true});
    az_page_figure_end(g, "Largest relative residual in each of %d \u00d7 %d cells, from %d points.", m, m, c->n);
    az_doubles_free(cell);
    return AZ_OK;
}

az_status az_page_residual(az_page *g)
{
    const az_curve *c = &g->r->curve;

    if (c->n < 1) return AZ_OK;
    if (c->dim == 1) return residual_line(g);
    return az_page_is_plane(g->r->problem) ? az_page_plane_residual(g) : residual_cells(g);
}

/* x of the recorded iterations at which a new stage began; returns their number. */
static int stage_starts(double *rule, const az_history *h)
{
    int n = 0;

    for (int i = 1; i < h->n; i++)
        if (h->stage[i] != h->stage[i - 1] && n < AZ_MAX_STAGES) rule[n++] = h->iteration[i] - 0.5;
    return n;
}

/* The history repeats the last judgement until the next: only where it changes was one made. */
static void judgements(double *check, const az_history *h)
{
    for (int i = 0; i < h->n; i++) check[i] = i && h->check[i] == h->check[i - 1] ? NAN : h->check[i];
}

static az_status loss_figure(az_page *g, const double *iteration, const double *rule, int n_rules)
{
    const az_history *h = &g->r->history;
    double *check = az_doubles((size_t)h->n);
    const az_series s[2] = {{"trained, rms", iteration, h->rms, h->n, false}, {"split grid, max", iteration, check, h->n, true}};

    if (!check) return AZ_ENOMEM;
    judgements(check, h);
    az_page_figure_begin(g);
    plot(g, (az_plot){.about = "residual against iteration", .x = {.label = "iteration"}, .y = {.kind = AZ_AXIS_LOG, .label = "residual"}, .series = s, .n_series = 2,
                      .rule = rule, .n_rules = n_rules});
    az_page_figure_end(g, "Residual while training: of the trained rows, and judged on the split grid%s.", n_rules ? "; dotted: a new stage begins" : "");
    az_doubles_free(check);
    return AZ_OK;
}

static az_status unknown_figure(az_page *g, const double *iteration, const double *rule, int n_rules)
{
    const az_problem *p = g->r->problem;
    const az_history *h = &g->r->history;
    const int n = h->n_unknowns < MAX_NAMES ? h->n_unknowns : MAX_NAMES;
    double *v = az_doubles((size_t)h->n * (size_t)n);
    az_series s[MAX_NAMES];

    if (!v) return AZ_ENOMEM;
    for (int u = 0; u < n; u++) {
        double *distance = v + (size_t)u * (size_t)h->n;
        for (int i = 0; i < h->n; i++) distance[i] = fabs(h->unknown[(size_t)i * (size_t)h->n_unknowns + (size_t)u] - g->r->scalar[p->n_parameters + u]);
        s[u] = (az_series){p->scalar[p->n_parameters + u].name, iteration, distance, h->n, false};
    }
    az_page_figure_begin(g);
    plot(g, (az_plot){.about = "unknowns against iteration", .x = {.label = "iteration"}, .y = {.kind = AZ_AXIS_LOG, .label = "|value \u2212 final|"}, .series = s, .n_series = n,
                      .rule = rule, .n_rules = n_rules});
    az_page_figure_end(g, "Distance of the unknowns from their final values.");
    az_doubles_free(v);
    return AZ_OK;
}

az_status az_page_history(az_page *g)
{
    const az_history *h = &g->r->history;
    double rule[AZ_MAX_STAGES];
    az_status st = AZ_OK;

    if (h->n < 2) return AZ_OK;
    double *iteration = az_doubles((size_t)h->n);
    if (!iteration) return AZ_ENOMEM;
    for (int i = 0; i < h->n; i++) iteration[i] = h->iteration[i];
    const int n_rules = stage_starts(rule, h);
    st = loss_figure(g, iteration, rule, n_rules);
    if (!st && h->n_unknowns) st = unknown_figure(g, iteration, rule, n_rules);
    az_doubles_free(iteration);
    return st;
}
