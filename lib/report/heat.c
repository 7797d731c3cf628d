/* heat.c: a function of two coordinates in colours. */
#include "report/axis.h"

#include <math.h>
#include <string.h>

#define WIDTH 480.0
#define HEIGHT 360.0
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

static void base64(az_text *out, const char *bytes, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *b = (const unsigned char *)bytes;

    for (size_t i = 0; i < n; i += 3) {
        const unsigned v = (unsigned)b[i] << 16 | (i + 1 < n ? (unsigned)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0);
        const char s[4] = {digit[v >> 18], digit[v >> 12 & 63], i + 1 < n ? digit[v >> 6 & 63] : '=', i + 2 < n ? digit[v & 63] : '='};
        az_text_write(out, s, 4);
    }
}

static void image(az_text *out, const az_frame *f, const unsigned char *pixel, int w, int h, const rgb *palette, bool sharp)
{
    az_text png = {0};

    az_png(&png, pixel, w, h, palette);
    if (png.failed) out->failed = true;
    az_text_add(out, "<image x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" preserveAspectRatio=\"none\" style=\"image-rendering:%s\" "
                     "href=\"data:image/png;base64,", f->left, f->top, f->right - f->left, f->bottom - f->top, sharp ? "pixelated" : "auto");
    if (!png.failed) base64(out, png.s, png.n);
    az_text_add(out, "\"/>\n");
    az_text_clear(&png);
}

/* The range of the colours: symmetric about zero if both signs occur. */
static bool value_range(double *lo, double *hi, const az_heat *h)
{
    double a = INFINITY, b = -INFINITY;

    for (size_t i = 0; i < (size_t)h->n_x * (size_t)h->n_y; i++) {
        if (!isfinite(h->value[i])) continue;
        a = fmin(a, h->value[i]);
        b = fmax(b, h->value[i]);
    }
    if (a > b) a = 0, b = 1;
    const bool signs = a < 0 && b > 0;
    if (signs) b = fmax(-a, b), a = -b;
    if (a == b) b = a + (a != 0 ? fabs(a) : 1);
    *lo = a;
    *hi = b;
    return signs;
}

static unsigned char *pixels(const az_heat *h, double lo, double hi)
{
    const size_t nx = (size_t)h->n_x, ny = (size_t)h->n_y;
    unsigned char *p = az_alloc_array(nx * ny, 1);

    for (size_t j = 0; p && j < ny; j++) {
        for (size_t i = 0; i < nx; i++) {
            const double v = h->value[(ny - 1 - j) * nx + i];
            p[j * nx + i] = isfinite(v) ? (unsigned char)(1 + lround((v - lo) / (hi - lo) * (N_COLOURS - 1))) : 0;
        }
    }
    return p;
}

/* The colour bar, with its scale on the right. */
static void bar(az_text *out, const az_frame *f, const rgb *palette, double lo, double hi, const char *label)
{
    const az_scale s = {AZ_AXIS_LINEAR, lo, hi, 1, f->bottom, f->top};
    unsigned char column[N_COLOURS];
    az_ticks t;

    for (int i = 0; i < N_COLOURS; i++) column[i] = (unsigned char)(N_COLOURS - i);
    image(out, f, column, 1, N_COLOURS, palette, false);
    az_ticks_find(&t, &s, AZ_TICKS_Y);
    for (int i = 0; i < t.n; i++) {
        const double y = az_scale_map(&s, t.value[i]);
        az_text_add(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#444\"/><text x=\"%.1f\" y=\"%.1f\">", f->right, y,
                    f->right + 4, y, f->right + 8, y + 4);
        az_tick_label(out, &t, &s, i);
        az_text_add(out, "</text>\n");
    }
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\" font-style=\"italic\">", WIDTH - 6, f->top - 10);
    az_xml_escape(out, label);
    if (t.exponent) {
        az_text_add(out, " / ");
        az_svg_power(out, t.exponent);
    }
    az_text_add(out, "</text>\n");
}

void az_plot_heat_svg(az_text *out, const az_heat *h)
{
    const az_frame f = {58, WIDTH - 84, 34, HEIGHT - 46}, b = {WIDTH - 70, WIDTH - 56, 34, HEIGHT - 46};
    const az_scale x = {AZ_AXIS_LINEAR, h->x.lo, h->x.hi, 1, f.left, f.right}, y = {AZ_AXIS_LINEAR, h->y.lo, h->y.hi, 1, f.bottom, f.top};
    rgb palette[256];
    double lo, hi;

    fill_palette(palette, value_range(&lo, &hi, h));
    unsigned char *p = pixels(h, lo, hi);
    if (!p) {
        out->failed = true;
        return;
    }
    az_svg_begin(out, WIDTH, HEIGHT, h->about);
    image(out, &f, p, h->n_x, h->n_y, palette, h->cells);
    az_free(p);
    az_svg_x_axis(out, &f, &x, h->x.label, false);
    az_svg_y_axis(out, &f, &y, h->y.label, false);
    bar(out, &b, palette, lo, hi, h->label);
    az_text_add(out, "</svg>\n");
}
