/* axis.c: see axis.h. */
#include "report/axis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_SPAN_MAX 40.0       /* decades that a log axis shows below its largest value */
#define VALUE_MAX 1e300         /* of what is shown: differences must not overflow */
#define CONSTANT_TOL 1e-9       /* a relative range below it is drawn as a constant: its ticks would differ in the tenth digit */
#define TICK_WIDTH 4.0

void az_xml_escape(az_text *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '<': az_text_add(out, "&lt;"); break;
        case '>': az_text_add(out, "&gt;"); break;
        case '&': az_text_add(out, "&amp;"); break;
        case '"': az_text_add(out, "&quot;"); break;
        default:
            if ((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t') az_text_write(out, s, 1);
        }
    }
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void widen(az_scale *s)
{
    const double margin = 0.04; /* of the range, so that a curve does not touch the frame */

    if (s->kind == AZ_AXIS_LOG) {
        s->lo = pow(10, floor(log10(s->lo) + 0.02));
        s->hi = pow(10, ceil(log10(s->hi) - 0.02));
        if (!(s->hi > s->lo)) s->hi = 10 * s->lo;
        if (!(s->lo > 0)) s->lo = DBL_MIN;
        if (!isfinite(s->hi)) s->hi = DBL_MAX;
        return;
    }
    const double size = fmax(fabs(s->lo), fabs(s->hi));
    double d = s->kind == AZ_AXIS_ASINH ? 0 : margin * (s->hi - s->lo);
    if (s->hi - s->lo <= CONSTANT_TOL * size) d = size > 1 / VALUE_MAX ? size / 2 : 1;
    s->lo -= d;
    s->hi += d;
}

bool az_scale_init(az_scale *s, const az_axis *axis, const double *data, size_t n, double from, double to)
{
    const bool log = axis->kind == AZ_AXIS_LOG;
    size_t m = 0;

    *s = (az_scale){axis->kind, axis->lo, axis->hi, axis->unit > 1 / VALUE_MAX && axis->unit < VALUE_MAX ? axis->unit : 1, from, to};
    if (axis->lo < axis->hi && axis->hi < VALUE_MAX && axis->lo > -VALUE_MAX) return true;
    double *v = az_doubles(n);
    if (!v) return false;
    for (size_t i = 0; i < n; i++)
        if (fabs(data[i]) < VALUE_MAX && (!log || data[i] > 0)) v[m++] = data[i];
    qsort(v, m, sizeof *v, compare);
    s->lo = m ? v[log ? m / 100 : 0] : log;
    s->hi = m ? v[m - 1] : 1;
    if (log) s->lo = fmax(s->lo, s->hi * pow(10, -LOG_SPAN_MAX));
    az_doubles_free(v);
    widen(s);
    return true;
}

static double straighten(const az_scale *s, double v)
{
    const double far = 1e9; /* where the asymptotic form is exact to double precision: the next term is 1/(4 far^2) */

    switch (s->kind) {
    case AZ_AXIS_LOG: return v > 0 ? log10(v) : NAN;
    case AZ_AXIS_ASINH: return fabs(v) > far * s->unit ? copysign(log(fabs(v)) - log(s->unit / 2), v) : asinh(v / s->unit); /* v/unit may overflow */
    case AZ_AXIS_LINEAR: break;
    }
    return v;
}

double az_scale_map(const az_scale *s, double v)
{
    const double a = straighten(s, s->lo), b = straighten(s, s->hi), t = straighten(s, v);
    const double pixel = s->from + (t - a) / (b - a) * (s->to - s->from);
    const double far = 1e5; /* renderers lose precision beyond; the frame clips it anyway */

    return isfinite(pixel) ? fmin(fmax(pixel, -far), far) : NAN;
}

static void add_tick(az_ticks *t, double value, bool major)
{
    if (t->n >= AZ_MAX_TICKS) return;
    t->value[t->n] = value;
    t->major[t->n++] = major;
}

/* The step 1, 2 or 5 times a power of ten that gives about `wanted` ticks. */
static void linear_ticks(az_ticks *t, const az_scale *s, int wanted)
{
    const double raw = s->hi / wanted - s->lo / wanted, decade = pow(10, floor(log10(raw))), m = raw / decade;
    const double step = decade * (m < 1.2 ? 1 : m < 2.4 ? 2 : m < 6 ? 5 : 10);
    const double size = fmax(fabs(s->lo), fabs(s->hi)), slack = 1e-9;

    if (!isfinite(step) || step <= 0 || size / step > 1e12) return;
    const int top = (int)floor(log10(size) + slack), digit = (int)floor(log10(step) + slack);
    t->exponent = top >= 5 || digit < -4 ? top : 0;
    t->decimals = digit < t->exponent ? t->exponent - digit : 0;
    for (double k = ceil(s->lo / step - slack); k * step <= s->hi + slack * step && t->n < AZ_MAX_TICKS; k++) add_tick(t, k * step + 0.0, true); /* + 0: no -0 */
}

/* Decades, every few of them on a long axis; 2 and 5 between them on a short one. */
static void log_ticks(az_ticks *t, const az_scale *s, int wanted)
{
    static const int steps[] = {1, 2, 3, 4, 5, 10, 20, 50, 100};
    const double slack = 1e-9, a = log10(s->lo), b = log10(s->hi);
    size_t i = 0;

    while (i + 1 < sizeof steps / sizeof *steps && (b - a) / steps[i] > wanted) i++;
    const int step = steps[i];
    for (int k = (int)floor(a); k <= (int)ceil(b); k++) {
        for (int m = 1; m <= (step == 1 ? 9 : 1); m++) {
            const double x = k + log10(m);
            if (x < a - slack || x > b + slack) continue;
            add_tick(t, pow(10, x), m == 1 ? k % step == 0 : b - a < 1.5 && (m == 2 || m == 5));
        }
    }
}

/* 0 and powers of ten of both signs from the unit on, none so close to 0 that the labels would meet. */
static void asinh_ticks(az_ticks *t, const az_scale *s, int wanted)
{
    static const int steps[] = {1, 2, 3, 5, 10, 20, 50, 100};
    const double room = s->from > s->to ? 17 : 34; /* labels above each other, and beside */
    const int first = (int)ceil(log10(s->unit) - 1e-9);
    const int up = s->hi > 0 ? (int)floor(log10(s->hi) + 1e-9) : first - 1, down = s->lo < 0 ? (int)floor(log10(-s->lo) + 1e-9) : first - 1;
    const int sides = (s->hi > 0) + (s->lo < 0), longest = (up > down ? up : down) - first;
    const double zero = az_scale_map(s, 0);
    size_t i = 0;

    while (i + 1 < sizeof steps / sizeof *steps && longest * sides > wanted * steps[i]) i++;
    for (int k = down; k >= first; k--)
        if (k % steps[i] == 0 && fabs(az_scale_map(s, -pow(10, k)) - zero) > room) add_tick(t, -pow(10, k), true);
    if (s->lo <= 0 && s->hi >= 0) add_tick(t, 0, true);
    for (int k = first; k <= up; k++)
        if (k % steps[i] == 0 && fabs(az_scale_map(s, pow(10, k)) - zero) > room) add_tick(t, pow(10, k), true);
}

void az_ticks_find(az_ticks *t, const az_scale *s, int wanted)
{
    *t = (az_ticks){0};
    switch (s->kind) {
    case AZ_AXIS_LINEAR: linear_ticks(t, s, wanted); break;
    case AZ_AXIS_LOG: log_ticks(t, s, wanted - 2); break;
    case AZ_AXIS_ASINH: asinh_ticks(t, s, wanted - 2); break;
    }
}

double az_ticks_width(const az_ticks *t, const az_scale *s)
{
    const double char_width = 6.9, of_power = 36; /* of a digit of the 12 px font; of the longest power of ten */
    double width = s->kind == AZ_AXIS_LINEAR ? 0 : of_power;

    for (int i = 0; i < t->n && s->kind == AZ_AXIS_LINEAR; i++)
        width = fmax(width, char_width * snprintf(NULL, 0, "%.*f", t->decimals, t->value[i] / pow(10, t->exponent)));
    return width;
}

static void raised(az_text *out, int exponent)
{
    az_text_add(out, "<tspan dy=\"-4\" font-size=\"9\">%s%d</tspan>", exponent < 0 ? "\u2212" : "", abs(exponent));
}

void az_svg_power(az_text *out, int exponent)
{
    az_text_add(out, "10");
    raised(out, exponent);
}

static void power_label(az_text *out, double value)
{
    const int k = (int)floor(log10(fabs(value)) + 1e-9), m = (int)lround(fabs(value) / pow(10, k));

    if (value < 0) az_text_add(out, "\u2212");
    if (k >= -1 && k <= 2) {
        az_text_add(out, "%g", m * pow(10, k));
        return;
    }
    if (m > 1) az_text_add(out, "%d\u00b7", m);
    az_svg_power(out, k);
}

void az_tick_label(az_text *out, const az_ticks *t, const az_scale *s, int i)
{
    char number[400];

    if (s->kind != AZ_AXIS_LINEAR && t->value[i] != 0) {
        power_label(out, t->value[i]);
        return;
    }
    snprintf(number, sizeof number, "%.*f", t->decimals, t->value[i] / pow(10, t->exponent));
    az_text_add(out, "%s%s", *number == '-' ? "\u2212" : "", number + (*number == '-'));
}

void az_svg_begin(az_text *out, double width, double height, const char *about)
{
    az_text_add(out, "<svg class=\"plot\" viewBox=\"0 0 %g %g\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" "
                     "font-family=\"Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif\" font-size=\"12\" fill=\"#222\">\n<title>",
                width, height);
    az_xml_escape(out, about ? about : "");
    az_text_add(out, "</title>\n");
}

#define LINE "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/>\n"
#define INK "#444"
#define FAINT "#e4e4e4"

static void factor(az_text *out, const az_ticks *t, double x, double y, const char *anchor)
{
    if (!t->exponent) return;
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">\u00d7", x, y, anchor);
    az_svg_power(out, t->exponent);
    az_text_add(out, "</text>\n");
}

void az_svg_x_axis(az_text *out, const az_frame *f, const az_scale *s, const char *label, bool grid)
{
    az_ticks t;

    az_ticks_find(&t, s, AZ_TICKS_X);
    for (int i = 0; i < t.n; i++) {
        const double x = az_scale_map(s, t.value[i]);
        if (grid && t.major[i]) az_text_add(out, LINE, x, f->top, x, f->bottom, FAINT);
        az_text_add(out, LINE, x, f->bottom, x, f->bottom + (t.major[i] ? TICK_WIDTH : TICK_WIDTH / 2), INK);
        if (!t.major[i]) continue;
        az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">", x, f->bottom + 18);
        az_tick_label(out, &t, s, i);
        az_text_add(out, "</text>\n");
    }
    az_text_add(out, LINE, f->left, f->bottom, f->right, f->bottom, INK);
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-style=\"italic\">", (f->left + f->right) / 2, f->bottom + 36);
    az_xml_escape(out, label ? label : "");
    az_text_add(out, "</text>\n");
    factor(out, &t, f->right, f->bottom + 36, "end");
}

void az_svg_y_axis(az_text *out, const az_frame *f, const az_scale *s, const char *label, bool grid)
{
    az_ticks t;

    az_ticks_find(&t, s, AZ_TICKS_Y);
    for (int i = 0; i < t.n; i++) {
        const double y = az_scale_map(s, t.value[i]);
        if (grid && t.major[i]) az_text_add(out, LINE, f->left, y, f->right, y, FAINT);
        az_text_add(out, LINE, f->left - (t.major[i] ? TICK_WIDTH : TICK_WIDTH / 2), y, f->left, y, INK);
        if (!t.major[i]) continue;
        az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">", f->left - 8, y + 4);
        az_tick_label(out, &t, s, i);
        az_text_add(out, "</text>\n");
    }
    az_text_add(out, LINE, f->left, f->top, f->left, f->bottom, INK);
    az_text_add(out, "<text x=\"%.1f\" y=\"%.1f\" font-style=\"italic\">", f->left, f->top - 10);
    az_xml_escape(out, label ? label : "");
    az_text_add(out, "</text>\n");
    factor(out, &t, f->left - 8, f->top - 10, "end");
}
