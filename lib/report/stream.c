/* stream.c: evenly spread lines of a vector field. Each line claims the cells of a coarse mask that it passes through and ends where another has been
 * before; lines begin in the cells that are still free, first those at the border, then in a scattered order. */
#include "report/stream.h"

#include <math.h>
#include <string.h>

#define STEP 0.4                /* grid points */
#define SHORTEST 3.0            /* mask cells that a line passes to be worth drawing */
#define LONGEST 40000           /* steps of one direction */
#define KEEP 3                  /* of so many steps one is stored */

typedef struct field {
    const double *u, *v;
    int n_x, n_y;
} field;

typedef struct mask {
    unsigned char *taken;       /* [m_y][m_x] */
    int m_x, m_y;
    double size;                /* of a cell, in grid points */
    int *claimed, n_claimed;    /* by the line under way */
} mask;

typedef struct path {
    double *x, *y;
    int n;
} path;

typedef struct lines {
    double *x, *y;
    size_t n, cap;
} lines;

/* Bilinear, of length 1. False outside or where there is no direction. */
static bool direction(const field *f, double x, double y, double *du, double *dv)
{
    const int i = (int)fmin(fmax(floor(x), 0), f->n_x - 2), j = (int)fmin(fmax(floor(y), 0), f->n_y - 2);
    const double a = x - i, b = y - j;
    const size_t k = (size_t)j * (size_t)f->n_x + (size_t)i, up = k + (size_t)f->n_x;

    if (!(x >= 0 && y >= 0 && x <= f->n_x - 1 && y <= f->n_y - 1)) return false;
    const double u = (1 - b) * ((1 - a) * f->u[k] + a * f->u[k + 1]) + b * ((1 - a) * f->u[up] + a * f->u[up + 1]);
    const double v = (1 - b) * ((1 - a) * f->v[k] + a * f->v[k + 1]) + b * ((1 - a) * f->v[up] + a * f->v[up + 1]);
    const double speed = hypot(u, v);
    if (!(speed > 0) || !isfinite(speed)) return false;
    *du = u / speed;
    *dv = v / speed;
    return true;
}

static int cell_of(const mask *m, double x, double y)
{
    const int i = (int)fmin(x / m->size, m->m_x - 1), j = (int)fmin(y / m->size, m->m_y - 1);

    return j * m->m_x + i;
}

/* From (x, y) with or against the field until it leaves, stands still or enters a taken cell; p holds the points after the first. */
static void trace(path *p, mask *m, const field *f, double x, double y, double sign)
{
    int here = cell_of(m, x, y);
    double du, dv, eu, ev;

    p->n = 0;
    for (int k = 1; k <= LONGEST && direction(f, x, y, &du, &dv); k++) {
        if (!direction(f, x + sign * STEP / 2 * du, y + sign * STEP / 2 * dv, &eu, &ev)) break;
        if (du * eu + dv * ev < 0) break; /* it turns on the spot: a point where the field vanishes */
        x += sign * STEP * eu;
        y += sign * STEP * ev;
        if (!(x >= 0 && y >= 0 && x <= f->n_x - 1 && y <= f->n_y - 1)) break;
        const int c = cell_of(m, x, y);
        if (c != here) {
            if (m->taken[c]) break;
            m->taken[c] = 1;
            m->claimed[m->n_claimed++] = here = c;
        }
        if (k % KEEP == 0) p->x[p->n] = x, p->y[p->n++] = y;
    }
}

static bool add(lines *l, double x, double y)
{
    if (l->n == l->cap) {
        const size_t cap = l->cap ? 2 * l->cap : 1024;
        double *px = az_doubles(cap), *py = az_doubles(cap);
        if (!px || !py) {
            az_doubles_free(px);
            az_doubles_free(py);
            return false;
        }
        if (l->n) memcpy(px, l->x, l->n * sizeof *px), memcpy(py, l->y, l->n * sizeof *py);
        az_doubles_free(l->x);
        az_doubles_free(l->y);
        *l = (lines){px, py, l->n, cap};
    }
    l->x[l->n] = x;
    l->y[l->n++] = y;
    return true;
}

static bool add_line(lines *l, const path *back, const path *ahead, double x, double y)
{
    bool ok = !l->n || add(l, NAN, NAN);

    for (int i = back->n - 1; ok && i >= 0; i--) ok = add(l, back->x[i], back->y[i]);
    ok = ok && add(l, x, y);
    for (int i = 0; ok && i < ahead->n; i++) ok = add(l, ahead->x[i], ahead->y[i]);
    return ok;
}

static bool begin_at(lines *l, mask *m, const field *f, path *back, path *ahead, int cell)
{
    const double x = fmin((cell % m->m_x + 0.5) * m->size, f->n_x - 1), y = fmin((cell / m->m_x + 0.5) * m->size, f->n_y - 1);

    if (m->taken[cell]) return true;
    m->n_claimed = 0;
    m->taken[cell] = 1;
    m->claimed[m->n_claimed++] = cell;
    trace(back, m, f, x, y, -1);
    trace(ahead, m, f, x, y, 1);
    if (m->n_claimed >= SHORTEST) return add_line(l, back, ahead, x, y);
    for (int i = 0; i < m->n_claimed; i++) m->taken[m->claimed[i]] = 0;
    return true;
}

static int common_divisor(int a, int b) { return b ? common_divisor(b, a % b) : a; }

/* Cells at the border, then all in steps of the golden section, which leaves no rows. */
static bool begin_everywhere(lines *l, mask *m, const field *f, path *back, path *ahead)
{
    const double golden = 0.6180339887498949;
    const int total = m->m_x * m->m_y;
    int stride = (int)(golden * total) | 1;
    bool ok = true;

    for (int c = 0; ok && c < total; c++) {
        const int i = c % m->m_x, j = c / m->m_x;
        if (i == 0 || j == 0 || i == m->m_x - 1 || j == m->m_y - 1) ok = begin_at(l, m, f, back, ahead, c);
    }
    while (common_divisor(stride, total) > 1) stride += 2; /* so that every cell is met */
    for (int k = 0, c = 0; ok && k < total; k++, c = (int)(((int64_t)c + stride) % total)) ok = begin_at(l, m, f, back, ahead, c);
    return ok;
}

az_status az_stream_lines(double **x, double **y, int *n, const double *u, const double *v, int n_x, int n_y, int across)
{
    const field f = {u, v, n_x, n_y};
    mask m = {.m_x = across, .size = (n_x - 1.0) / across};
    m.m_y = (int)fmax(1, round((n_y - 1) / m.size));
    const size_t cells = (size_t)m.m_x * (size_t)m.m_y;
    path back = {az_doubles(LONGEST), az_doubles(LONGEST), 0}, ahead = {az_doubles(LONGEST), az_doubles(LONGEST), 0};
    lines l = {NULL, NULL, 0, 0};

    m.taken = az_calloc(cells, 1);
    m.claimed = az_alloc_array(cells, sizeof *m.claimed);
    const bool ok = m.taken && m.claimed && back.x && back.y && ahead.x && ahead.y && begin_everywhere(&l, &m, &f, &back, &ahead);
    az_free(m.taken);
    az_free(m.claimed);
    az_doubles_free(back.x);
    az_doubles_free(back.y);
    az_doubles_free(ahead.x);
    az_doubles_free(ahead.y);
    if (!ok) {
        az_doubles_free(l.x);
        az_doubles_free(l.y);
        l = (lines){NULL, NULL, 0, 0};
    }
    *x = l.x;
    *y = l.y;
    *n = (int)l.n;
    return ok ? AZ_OK : AZ_ENOMEM;
}
