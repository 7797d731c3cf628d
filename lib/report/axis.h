/* axis.h: ranges, ticks and frames, shared by the pictures of plot.h. */
#ifndef AZ_REPORT_AXIS_H
#define AZ_REPORT_AXIS_H

#include "report/plot.h"

#define AZ_MAX_TICKS 64

/* The frame of a picture, in user units of the SVG. */
typedef struct az_frame {
    double left, right, top, bottom;
} az_frame;

/* An axis with its final range, mapped to the pixels from..to. */
typedef struct az_scale {
    az_axis_kind kind;
    double lo, hi, unit;
    double from, to;
} az_scale;

/* Labels that an axis has room for: about. Powers of ten get fewer. */
#define AZ_TICKS_X 9
#define AZ_TICKS_Y 8

/* Final range from the axis and, where it leaves that open, from the data of n values. False: memory ran out. */
bool az_scale_init(az_scale *s, const az_axis *axis, const double *data, size_t n, double from, double to);
/* NaN where the axis has no such point. */
double az_scale_map(const az_scale *s, double v);

typedef struct az_ticks {
    int n;
    double value[AZ_MAX_TICKS];
    bool major[AZ_MAX_TICKS];   /* has a label */
    int exponent;               /* LINEAR: labels are value / 10^exponent */
    int decimals;
} az_ticks;
void az_ticks_find(az_ticks *t, const az_scale *s, int wanted);
double az_ticks_width(const az_ticks *t, const az_scale *s);    /* of the widest label, about */
void az_tick_label(az_text *out, const az_ticks *t, const az_scale *s, int i);

void az_svg_begin(az_text *out, double width, double height, const char *about);
void az_svg_x_axis(az_text *out, const az_frame *f, const az_scale *s, const char *label, bool grid);
void az_svg_y_axis(az_text *out, const az_frame *f, const az_scale *s, const char *label, bool grid);
/* "10" with a raised exponent */
void az_svg_power(az_text *out, int exponent);

#endif
