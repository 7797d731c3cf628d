/* plot.c: curves and dots over two axes. */
#include "report/axis.h"

#include <math.h>
#include <string.h>

#define WIDTH 480.0
#define HEIGHT 300.0
#define CHAR_WIDTH 6.0          /* of the 12 px font, on average; places the legend */
#define SWATCH 22.0
#define MAX_DRAWN 1500          /* more points than a picture has columns: keep the lowest and highest of each group */

typedef struct style {
    const char *colour, *dash;
} style;

/* told apart without colour by their dashes */
static const style styles[] = {
    {"#1a4e8a", "none"}, {"#c2491d", "7 3"}, {"#2f7a4d", "2.5 2.5"}, {"#7b4a94", "9 3 2 3"}, {"#9a7400", "4 2"}, {"#555555", "1 2"},
};

static const style *style_of(int i) { return &styles[(size_t)i % (sizeof styles / sizeof *styles)]; }

static bool gather(double **data, size_t *n, const az_plot *p, bool of_x)
{
    size_t total = 0, k = 0;

    for (int i = 0; i < p->n_series; i++) total += (size_t)p->series[i].n;
    double *v = az_doubles(total);
    if (!v) return false;
    for (int i = 0; i < p->n_series; i++) {
        const az_series *s = &p->series[i];
        if (s->n) memcpy(v + k, of_x ? s->x : s->y, (size_t)s->n * sizeof *v);
        k += (size_t)s->n;
    }
    *data = v;
    *n = total;
    return true;
}

static bool init_scale(az_scale *s, const az_plot *p, bool of_x, double from, double to)
{
    double *data = NULL;
    size_t n = 0;

    if (!gather(&data, &n, p, of_x)) return false;
    const bool ok = az_scale_init(s, of_x ? &p->x : &p->y, data, n, from, to);
    az_doubles_free(data);
    return ok;
}

static double clamp(double y, const az_frame *f)
{
    const double beyond = 50; /* far enough outside for the clipped line to leave at the right angle */

    return fmin(fmax(y, f->top - beyond), f->bottom + beyond);
}

/* A line of one colour through the points of a series, its extreme values kept where points are many. */
static void draw_line(az_text *out, const az_series *s, const az_scale *x, const az_scale *y, const az_frame *f)
{
    const int group = s->n / MAX_DRAWN > 1 ? s->n / MAX_DRAWN * 2 : 1;
    bool down = false;

    for (int first = 0; first < s->n; first += group) {
        int low = -1, high = -1;
        for (int i = first; i < s->n && i < first + group; i++) {
            if (isnan(az_scale_map(x, s->x[i])) || isnan(az_scale_map(y, s->y[i]))) continue;
            if (low < 0 || s->y[i] < s->y[low]) low = i;
            if (high < 0 || s->y[i] > s->y[high]) high = i;
        }
        const int pair[2] = {low < high ? low : high, low < high ? high : low};
        for (int k = low == high; k < 2 && low >= 0; k++) {
            az_text_add(out, "%s%.1f %.1f", down ? "L" : "M", az_scale_map(x, s->x[pair[k]]), clamp(az_scale_map(y, s->y[pair[k]]), f));
            down = true;
        }
        if (low < 0) down = false;
    }
}

static void draw_marks(az_text *out, const az_series *s, const az_scale *x, const az_scale *y, const az_frame *f, const char *colour)
{
    const int step = 1 + s->n / MAX_DRAWN;

    for (int i = 0; i < s->n; i += step) {
        const double u = az_scale_map(x, s->x[i]), v = az_scale_map(y, s->y[i]);
        if (isnan(u) || isnan(v) || u < f->left - 1 || u > f->right + 1 || v < f->top - 1 || v > f->bottom + 1) continue;
        az_text_add(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.3\" fill=\"%s\"/>", u, v, colour);
    }
    az_text_add(out, "\n");
}

static void draw_series(az_text *out, const az_plot *p, const az_scale *x, const az_scale *y, const az_frame *f)
{
    for (int i = 0; i < p->n_series; i++) {
        const style *look = style_of(i);
        if (p->series[i].marks) {
            draw_marks(out, &p->series[i], x, y, f, look->colour);
            continue;
        }
        az_text_add(out, "<path clip-path=\"url(#clip%d)\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.6\" stroke-dasharray=\"%s\" "
                         "stroke-linejoin=\"round\" d=\"", p->id, look->colour, look->dash);
        draw_line(out, &p->series[i], x, y, f);
        az_text_add(out, "\"/>\n");
    }
}

static double text_width(const char *s)
{
    double n = 0;

    for (; *s; s++) n += (*s & 0xc0) != 0x80; /* characters, not bytes */
    return CHAR_WIDTH * n;
}

static double label_width(const char *label) { return SWATCH + 6 + text_width(label) + 12; }

#define LEGEND_ROW 16.0

/* The series that fit on one row of the legend from `first` on: their end, and their width. */
static int legend_row(const az_plot *p, int first, double room, double *width)
{
    int i = first;

    *width = 0;
    for (; i < p->n_series; i++) {
        const double w = p->series[i].label ? label_width(p->series[i].label) : 0;
        if (i > first && *width + w > room) break;
        *width += w;
    }
    return i;
}

static double legend_room(const az_plot *p) { return WIDTH - 84 - text_width(p->y.label ? p->y.label : ""); }

static int legend_rows(const az_plot *p)
{
    double width;
    int n = 0;

    for (int i = 0; i < p->n_series; n++) i = legend_row(p, i, legend_room(p), &width);
    return n;
}

static void legend_entry(az_text *out, const az_series *s, const style *look, double x, double y)
{
    if (s->marks)
        az_text_add(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"2.3\" fill=\"%s\"/>", x + SWATCH / 2, y - 4, look->colour);
    else
        az_text_add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"1.8\" stroke-dasharray=\"%s\"/>", x,
                    y - 4, x + SWATCH, y - 4, look->colour, look->dash);
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\">", x + SWATCH + 6, y);
    az_xml_escape(out, s->label);
    az_text_add(out, "</text>\n");
}

/* Above the frame, from the right end, the last row level with the label of the axis. */
static void draw_legend(az_text *out, const az_plot *p, const az_frame *f)
{
    double width, y = f->top - 10 - LEGEND_ROW * (legend_rows(p) - 1);

    for (int i = 0; i < p->n_series; y += LEGEND_ROW) {
        const int end = legend_row(p, i, legend_room(p), &width);
        double x = f->right - width;
        for (; i < end; i++) {
            if (!p->series[i].label) continue;
            legend_entry(out, &p->series[i], style_of(i), x, y);
            x += label_width(p->series[i].label);
        }
    }
}

static void draw_rules(az_text *out, const az_plot *p, const az_scale *x, const az_frame *f)
{
    for (int i = 0; i < p->n_rules; i++) {
        const double u = az_scale_map(x, p->rule[i]);
        if (u >= f->left && u <= f->right)
            az_text_add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#999\" stroke-dasharray=\"2 3\"/>\n", u, f->top, u,
                        f->bottom);
    }
}

static void draw_bands(az_text *out, const az_plot *p, const az_scale *x, const az_frame *f)
{
    for (int i = 0; i < p->n_bands; i++) {
        const double from = fmax(az_scale_map(x, p->band[2 * i]), f->left), to = fmin(az_scale_map(x, p->band[2 * i + 1]), f->right);
        if (from < to)
            az_text_add(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#dce6f2\"/>\n", from, f->top, to - from, f->bottom - f->top);
    }
}

static void draw_absent(az_text *out, const az_plot *p, const az_scale *x, const az_frame *f)
{
    const double arm = 3, y = f->bottom - 2 * arm;

    for (int i = 0; i < p->n_absent; i++) {
        const double u = az_scale_map(x, p->absent[i]);
        if (!(u >= f->left && u <= f->right)) continue;
        az_text_add(out, "<path stroke=\"#b00\" d=\"M%.1f %.1fL%.1f %.1fM%.1f %.1fL%.1f %.1f\"/>\n", u - arm, y - arm, u + arm, y + arm, u - arm, y + arm, u + arm,
                    y - arm);
    }
}

static void draw_zero(az_text *out, const az_plot *p, const az_scale *y, const az_frame *f)
{
    const double v = az_scale_map(y, 0);

    if (p->zero && v >= f->top && v <= f->bottom)
        az_text_add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#444\"/>\n", f->left, v, f->right, v);
}

/* The left margin grows with the labels of the y axis. */
static bool lay_out(const az_plot *p, az_frame *f, az_scale *x, az_scale *y)
{
    const double left = 58;
    az_ticks t;

    *f = (az_frame){left, WIDTH - 14, 34 + LEGEND_ROW * (p->n_series ? legend_rows(p) - 1 : 0), HEIGHT - 46};
    if (!init_scale(y, p, false, f->bottom, f->top)) return false;
    az_ticks_find(&t, y, AZ_TICKS_Y);
    f->left = fmax(left, az_ticks_width(&t, y) + 14);
    return init_scale(x, p, true, f->left, f->right);
}

void az_plot_svg(az_text *out, const az_plot *p)
{
    az_frame f;
    az_scale x, y;

    if (!lay_out(p, &f, &x, &y)) {
        out->failed = true;
        return;
    }
    az_svg_begin(out, WIDTH, HEIGHT, p->about);
    az_text_add(out, "<clipPath id=\"clip%d\"><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/></clipPath>\n", p->id, f.left, f.top - 1,
                f.right - f.left, f.bottom - f.top + 2);
    draw_bands(out, p, &x, &f);
    az_svg_x_axis(out, &f, &x, p->x.label, true);
    az_svg_y_axis(out, &f, &y, p->y.label, true);
    draw_zero(out, p, &y, &f);
    draw_rules(out, p, &x, &f);
    draw_series(out, p, &x, &y, &f);
    draw_absent(out, p, &x, &f);
    draw_legend(out, p, &f);
    az_text_add(out, "</svg>\n");
}
