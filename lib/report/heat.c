/* heat.c: a function of two coordinates in colours. */
#include "report/axis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 480.0
#define FRAME_HEIGHT 280.0
#define ABOVE 34.0              /* the frame */
#define BELOW 46.0
#define N_COLOURS 255           /* palette entries 1..255; 0 is transparent */

typedef unsigned char rgb[3];

/* Lightness rises evenly from dark to light; after viridis (S. van der Walt and N. Smith, CC0). */
static const rgb sequential[] = {{68, 1, 84}, {72, 40, 120}, {62, 74, 137}, {49, 104, 142}, {38, 130, 142}, {31, 158, 137}, {53, 183, 121}, {110, 206, 88}, {181, 222, 43}, {253, 231, 37}};
/* Equally dark at both ends, white at zero. */
static const rgb diverging[] = {{16, 54, 104}, {42, 98, 160}, {120, 164, 205}, {196, 214, 230}, {248, 248, 246}, {238, 205, 186}, {218, 145, 112}, {180, 74, 50}, {110, 20, 24}};

static void colour(rgb out, double t, const rgb *anchor, int n)
{
    const double u = t * (n - 1);
    const int i = u >= n - 1 ? n - 2 : (int)u;

    for (int k = 0; k < 3; k++) out[k] = (unsigned char)lround(anchor[i][k] + (u - i) * (anchor[i + 1][k] - anchor[i][k]));
}

static void fill_palette(rgb palette[256], bool signs)
{
    const rgb *anchor = signs ? diverging : sequential;
    const int n = (int)(signs ? sizeof diverging / sizeof *diverging : sizeof sequential / sizeof *sequential);

    memset(palette[0], 255, sizeof palette[0]);
    for (int i = 0; i < N_COLOURS; i++) colour(palette[i + 1], i / (N_COLOURS - 1.0), anchor, n);
}

static void image(az_text *out, const az_frame *f, const unsigned char *pixel, int w, int h, const rgb *palette, bool sharp)
{
    az_text png = {0};

    az_png(&png, pixel, w, h, palette);
    if (png.failed) out->failed = true;
    az_text_add(out, "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" style=\"image-rendering:%s\" "
                     "href=\"data:image/png;base64,", f->left, f->top, f->right - f->left, f->bottom - f->top, sharp ? "pixelated" : "auto");
    if (!png.failed) az_text_base64(out, png.s, png.n);
    az_text_add(out, "\"/>\n");
    az_text_clear(&png);
}

/* The range of the colours: symmetric about zero if both signs occur. */
static bool value_range(double *lo, double *hi, const double *value, size_t n)
{
    double a = INFINITY, b = -INFINITY;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(value[i])) continue;
        a = fmin(a, value[i]);
        b = fmax(b, value[i]);
    }
    if (a > b) a = 0, b = 1;
    const bool signs = a < 0 && b > 0;
    if (signs) b = fmax(-a, b), a = -b;
    if (a == b) b = a + (a != 0 ? fabs(a) : 1);
    *lo = a;
    *hi = b;
    return signs;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Decades between the largest size and the one that a share of the values is below, and that one. */
static bool span(double *decades, double *low, const double *value, size_t n)
{
    const double share = 0.05;
    double *size = az_doubles(n);
    size_t m = 0;

    if (!size) return false;
    for (size_t i = 0; i < n; i++)
        if (isfinite(value[i]) && value[i] != 0) size[m++] = fabs(value[i]);
    qsort(size, m, sizeof *size, compare);
    *low = m ? size[(size_t)(share * (double)m)] : 1;
    *decades = m ? log10(size[m - 1]) - log10(*low) : 0;
    az_doubles_free(size);
    return true;
}

bool az_heat_colours(az_axis *colour, const double *value, size_t n, double linear)
{
    const bool signs = value_range(&colour->lo, &colour->hi, value, n);
    const double most = signs ? 8 : 16; /* decades: more are layers where the function vanishes, and with both signs leave no room for what is large */
    double decades, low;

    colour->kind = AZ_AXIS_LINEAR;
    if (!span(&decades, &low, value, n)) return false;
    if (decades <= linear) return true;
    const double size = fmax(fabs(colour->lo), fabs(colour->hi));
    low = pow(10, floor(log10(fmax(low, size * pow(10, -most)))));
    if (colour->lo >= 0) colour->kind = AZ_AXIS_LOG, colour->lo = low;
    else colour->kind = AZ_AXIS_ASINH, colour->unit = low;
    return true;
}

static az_scale colour_scale(const az_heat *h, double from, double to)
{
    az_scale s = {h->colour.kind, h->colour.lo, h->colour.hi, h->colour.unit > 0 ? h->colour.unit : 1, from, to};

    if (!(s.lo < s.hi)) value_range(&s.lo, &s.hi, h->value, (size_t)h->n_x * (size_t)h->n_y);
    return s;
}

/* Along the colour scale, 0 to 1; NaN: blank. A value that a logarithmic scale does not have is below its lowest. */
static double place(const az_scale *s, double v)
{
    const double t = az_scale_map(s, v);

    if (!isfinite(v)) return NAN;
    return isnan(t) ? 0 : fmin(fmax(t, 0), 1);
}

static unsigned char *pixels(const az_heat *h)
{
    const size_t nx = (size_t)h->n_x, ny = (size_t)h->n_y;
    const az_scale s = colour_scale(h, 0, 1);
    unsigned char *p = az_alloc_array(nx * ny, 1);

    for (size_t j = 0; p && j < ny; j++) {
        for (size_t i = 0; i < nx; i++) {
            const double t = place(&s, h->value[(ny - 1 - j) * nx + i]);
            p[j * nx + i] = isnan(t) ? 0 : (unsigned char)(1 + lround(t * (N_COLOURS - 1)));
        }
    }
    return p;
}

/* The colour bar, with its scale on the right. */
static void bar(az_text *out, const az_frame *f, const rgb *palette, const az_scale *s, const char *label)
{
    unsigned char column[N_COLOURS];
    az_ticks t;

    for (int i = 0; i < N_COLOURS; i++) column[i] = (unsigned char)(N_COLOURS - i);
    image(out, f, column, 1, N_COLOURS, palette, false);
    az_ticks_find(&t, s, AZ_TICKS_Y);
    for (int i = 0; i < t.n; i++) {
        const double y = az_scale_map(s, t.value[i]);
        if (!t.major[i]) continue;
        az_text_add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#444\"/><text x=\"%.1f\" y=\"%.1f\">", f->right, y,
                    f->right + 4, y, f->right + 8, y + 4);
        az_tick_label(out, &t, s, i);
        az_text_add(out, "</text>\n");
    }
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" font-style=\"italic\">", WIDTH - 6, f->top - 10);
    az_xml_escape(out, label ? label : "");
    if (t.exponent) {
        az_text_add(out, " / ");
        az_svg_power(out, t.exponent);
    }
    az_text_add(out, "</text>\n");
}

/* Where a contour crosses the sides of one cell: marching squares, the saddle decided by the mean. v: corners from the lower left, counterclockwise. */
static int crossings(double point[4][2], const double v[4], double level)
{
    static const double corner[4][2] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    int n = 0;

    for (int k = 0; k < 4; k++) {
        const int next = (k + 1) % 4;
        const double a = v[k] - level, b = v[next] - level;
        if (!((a < 0) != (b < 0))) continue;
        const double t = a / (a - b);
        for (int c = 0; c < 2; c++) point[n][c] = corner[k][c] + t * (corner[next][c] - corner[k][c]);
        n++;
    }
    if (n == 4 && ((v[0] + v[1] + v[2] + v[3]) / 4 < level) == (v[0] < level)) { /* the corner 0 is joined with 2: the sides 0, 1 and 2, 3 belong together */
        return n;
    }
    if (n == 4) {
        const double first[2] = {point[0][0], point[0][1]};
        for (int k = 0; k < 3; k++) point[k][0] = point[k + 1][0], point[k][1] = point[k + 1][1];
        point[3][0] = first[0], point[3][1] = first[1];
    }
    return n;
}

static void contour(az_text *out, const az_heat *h, const az_frame *f, const double *t, double level)
{
    const double dx = (f->right - f->left) / (h->n_x - 1), dy = (f->bottom - f->top) / (h->n_y - 1);
    double point[4][2];

    for (int j = 0; j + 1 < h->n_y; j++) {
        for (int i = 0; i + 1 < h->n_x; i++) {
            const double *row = t + (size_t)j * (size_t)h->n_x + i, v[4] = {row[0], row[1], row[h->n_x + 1], row[h->n_x]};
            if (!isfinite(v[0] + v[1] + v[2] + v[3])) continue;
            const int n = crossings(point, v, level);
            for (int k = 0; k < n; k++)
                az_text_add(out, "%c%.1f %.1f", k % 2 ? 'L' : 'M', f->left + (i + point[k][0]) * dx, f->bottom - (j + point[k][1]) * dy);
        }
    }
}

static void contours(az_text *out, const az_heat *h, const az_frame *f)
{
    const size_t n = (size_t)h->n_x * (size_t)h->n_y;
    const az_scale s = colour_scale(h, 0, 1), bar_scale = colour_scale(h, f->bottom, f->top);
    double *t = az_doubles(n);
    az_ticks ticks;

    if (!t) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++) t[i] = place(&s, h->value[i]);
    az_ticks_find(&ticks, &bar_scale, AZ_TICKS_Y);
    az_text_add(out, "<path fill=\"none\" stroke=\"#000\" stroke-opacity=\".45\" stroke-width=\".6\" d=\"");
    for (int i = 0; i < ticks.n; i++) {
        const double level = az_scale_map(&s, ticks.value[i]);
        if (ticks.major[i] && level > 0 && level < 1) contour(out, h, f, t, level);
    }
    az_text_add(out, "\"/>\n");
    az_doubles_free(t);
}

/* A triangle at (u, v) that points from (u0, v0) to it. */
static void arrow(az_text *out, double u0, double v0, double u, double v)
{
    const double size = 5, width = 2.2, length = hypot(u - u0, v - v0);
    const double du = (u - u0) / length, dv = (v - v0) / length;

    if (length > 0)
        az_text_add(out, "M%.1f %.1fL%.1f %.1fL%.1f %.1fZ", u + du * size / 2, v + dv * size / 2, u - du * size / 2 - dv * width, v - dv * size / 2 + du * width,
                    u - du * size / 2 + dv * width, v - dv * size / 2 - du * width);
}

/* Each line is drawn twice, a light one below, so that it is seen on any colour. */
static void draw_lines(az_text *out, const az_lines *l, const az_scale *x, const az_scale *y)
{
    static const char *const look[2] = {"stroke=\"#fff\" stroke-opacity=\".55\" stroke-width=\"2\"", "stroke=\"#111\" stroke-width=\".9\""};

    for (int pass = 0; pass < 2; pass++) {
        bool down = false;
        az_text_add(out, "<path fill=\"none\" stroke-linejoin=\"round\" %s d=\"", look[pass]);
        for (int i = 0; i < l->n; i++) {
            const bool there = !isnan(l->x[i]);
            if (there) az_text_add(out, "%c%.1f %.1f", down ? 'L' : 'M', az_scale_map(x, l->x[i]), az_scale_map(y, l->y[i]));
            down = there;
        }
        az_text_add(out, "\"/>\n");
    }
    az_text_add(out, "<path fill=\"#111\" d=\"");
    for (int i = 0, first = 0; l->arrows && i <= l->n; i++) {
        if (i < l->n && !isnan(l->x[i])) continue;
        const int m = first + (i - first) / 2;
        if (i - first > 2) arrow(out, az_scale_map(x, l->x[m - 1]), az_scale_map(y, l->y[m - 1]), az_scale_map(x, l->x[m]), az_scale_map(y, l->y[m]));
        first = i + 1;
    }
    az_text_add(out, "\"/>\n");
}

void az_plot_heat_svg(az_text *out, const az_heat *h)
{
    const double bottom = ABOVE + (h->height > 0 ? h->height : FRAME_HEIGHT);
    const az_frame f = {58, WIDTH - 84, ABOVE, bottom}, b = {WIDTH - 70, WIDTH - 56, ABOVE, bottom};
    const az_scale x = {h->x.kind, h->x.lo, h->x.hi, 1, f.left, f.right}, y = {h->y.kind, h->y.lo, h->y.hi, 1, f.bottom, f.top};
    const az_scale s = colour_scale(h, b.bottom, b.top);
    rgb palette[256];

    fill_palette(palette, s.lo == -s.hi);
    unsigned char *p = pixels(h);
    if (!p) {
        out->failed = true;
        return;
    }
    az_svg_begin(out, WIDTH, bottom + BELOW, h->about);
    image(out, &f, p, h->n_x, h->n_y, palette, h->cells);
    az_free(p);
    if (h->contours) contours(out, h, &f);
    if (h->lines) draw_lines(out, h->lines, &x, &y);
    az_svg_x_axis(out, &f, &x, h->x.label, false);
    az_svg_y_axis(out, &f, &y, h->y.label, false);
    bar(out, &b, palette, &s, h->colour.label);
    az_text_add(out, "</svg>\n");
}
