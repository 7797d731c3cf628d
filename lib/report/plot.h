/* plot.h: pictures as inline SVG. They need nothing from outside and read the same in black on white print. */
#ifndef AZ_PLOT_H
#define AZ_PLOT_H

#include "base/base.h"

/* ASINH: asinh(v/unit), linear below the unit and logarithmic, with both signs, beyond. */
typedef enum az_axis_kind { AZ_AXIS_LINEAR, AZ_AXIS_LOG, AZ_AXIS_ASINH } az_axis_kind;

typedef struct az_axis {
    az_axis_kind kind;
    const char *label;
    double lo, hi;          /* lo = hi: from the data; a log axis then ignores the lowest hundredth, where residuals cross zero */
    double unit;            /* ASINH */
} az_axis;

typedef struct az_series {
    const char *label;      /* NULL: not in the legend */
    const double *x, *y;    /* [n]; what is not finite, or not positive on a log axis, is left out and breaks the line */
    int n;
    bool marks;             /* dots instead of a line */
} az_series;

typedef struct az_plot {
    int id;                 /* unique in the document */
    const char *about;      /* one line, for readers that cannot see the picture */
    az_axis x, y;
    const az_series *series;
    int n_series;
    const double *rule;     /* [n_rules] x of vertical lines */
    int n_rules;
    const double *band;     /* [n_bands][2] x from..to, shaded */
    int n_bands;
    const double *absent;   /* [n_absent] x of crosses on the lower edge: a value that is not there */
    int n_absent;
    bool zero;              /* a line at y = 0 */
} az_plot;
void az_plot_svg(az_text *out, const az_plot *p);

/* Lines over a picture, in its coordinates; NaN between two of them. */
typedef struct az_lines {
    const double *x, *y;    /* [n] */
    int n;
    bool arrows;            /* one in the middle of each, along it */
} az_lines;

/* value[n_y][n_x] at points spread evenly along the axes, linear or logarithmic, from lo to hi; first row at y.lo. What is not finite stays blank. */
typedef struct az_heat {
    const char *about;
    az_axis x, y;
    az_axis colour;         /* label of the values and how they become colours; lo = hi: from the values, symmetric about 0 if both signs occur */
    const double *value;
    int n_x, n_y;
    double height;          /* of the frame; 0: a usual one */
    bool cells;             /* sharp cells, no interpolation */
    bool contours;          /* lines at the labelled values of the colour bar */
    const az_lines *lines;  /* NULL: none */
} az_heat;
void az_plot_heat_svg(az_text *out, const az_heat *h);
/* The axis of colours for n values: linear, or logarithmic on both sides of 0 where they span more than so many decades; its label stays as it is.
 * False: memory ran out. */
bool az_heat_colours(az_axis *colour, const double *value, size_t n, double decades);

/* An 8-bit PNG image from palette indices pixel[height][width], top row first; index 0 is transparent. */
void az_png(az_text *out, const unsigned char *pixel, int width, int height, const unsigned char palette[256][3]);

void az_xml_escape(az_text *out, const char *s);

#endif
