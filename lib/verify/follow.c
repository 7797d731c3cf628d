/* follow.c: a network is smooth on the scale on which the arguments of its neurons change, and elements on that of an element. The mark of a point is
 * all these arguments, with positions counted in elements; neighbours whose marks differ much have something unseen between them. In several
 * coordinates neighbours are points of lines on which one of them varies. */
#include "verify/follow.h"

#include "verify/sample.h"

#include <math.h>
#include <string.h>

#define TURN 2.0            /* tanh and sin have no structure below */
#define STEPS_PER_ELEMENT 8
#define HALVINGS 24
#define SATURATED 20.0      /* beyond, tanh is 1 to rounding, however far */

/* A line through the domain: az_sample_place with u[along] from 0 to 1, on this side of a half-plane. */
typedef struct line {
    double u[AZ_MAX_DIM], reach, side;
    int along;
} line;

typedef struct follower {
    const az_reference *s;
    const az_result *r;
    const line *on;                 /* NULL: one coordinate, which is the place on the line itself */
    int dim;
    int *input, n_inputs;           /* of all trials, in order */
    int n_marks;
    double *mark;                   /* [HALVINGS + 2][n_marks] of the points at hand */
    az_num *value;                  /* [n_inputs] */
    double *x, *y;                  /* [n][dim] found so far; two layers of a network */
    int n, most, width;             /* width: of the widest layer */
} follower;

static int mark_count(const az_trial_state *t)
{
    int n = 0;
    for (int k = 0; k < t->n_stages; k++) {
        if (t->stage[k].space == AZ_SPACE_ELEMENT) n++;
        for (int l = 1; l <= t->stage[k].n_layers; l++) n += t->stage[k].width[l];
    }
    return n;
}

/* Position in elements, times TURN * STEPS_PER_ELEMENT. */
static double *mark_elements(double *mark, const az_mesh *m, double x)
{
    double z = m->length > 0 ? asinh(x / m->length) : x;
    int e = 0;

    *mark = 0;
    if (m->modes) return mark + 1; /* of a half-plane: az_sample_elements */
    if (m->parity != AZ_NO_PARITY) z = fabs(z);
    z = fmin(fmax(z, m->edge[0]), m->edge[m->n_edges - 1]);
    while (e + 2 < m->n_edges && z >= m->edge[e + 1]) e++;
    *mark = TURN * STEPS_PER_ELEMENT * (e + (z - m->edge[e]) / (m->edge[e + 1] - m->edge[e]));
    return mark + 1;
}

/* The arguments of all hidden neurons; y: room for two layers, the inputs in the first. */
static double *mark_network(double *mark, const az_network *net, double *y, int width)
{
    const double *w = net->weight;
    double *in = y, *out = y + width;

    for (int l = 0; l < net->n_layers; l++) {
        const int n_in = net->width[l], n_out = net->width[l + 1];
        for (int o = 0; o < n_out; o++) {
            double a = w[n_in * n_out + o];
            for (int i = 0; i < n_in; i++) a += w[o * n_in + i] * in[i];
            if (l == 0 && net->first == AZ_ACT_CHEBYSHEV) a = w[o] * acos(fmax(-1, fmin(in[0], 1))); /* T_k(cos a) = cos(k a) */
            const bool saturates = l > 0 || net->first == AZ_ACT_TANH;
            *mark++ = saturates ? fmax(-SATURATED, fmin(a, SATURATED)) : a;
            out[o] = saturates ? tanh(a) : net->first == AZ_ACT_SINE ? sin(a) : cos(a);
        }
        w += (n_in + 1) * n_out;
        double *swap = in;
        in = out, out = swap;
    }
    return mark;
}

static int widest(const az_result *r)
{
    int most = AZ_MAX_INPUTS;
    for (int t = 0; t < r->problem->n_trials; t++)
        for (int k = 0; k < r->trial[t].n_stages; k++)
            for (int l = 0; l <= r->trial[t].stage[k].n_layers; l++)
                if (r->trial[t].stage[k].width[l] > most) most = r->trial[t].stage[k].width[l];
    return most;
}

static void make_mark(const follower *f, double *mark, double x, const az_num *value)
{
    for (int t = 0; t < f->r->problem->n_trials; t++) {
        const int n = f->r->problem->trial[t].n_inputs;
        for (int k = 0; k < f->r->trial[t].n_stages; k++) {
            const az_network *net = &f->r->trial[t].stage[k];
            for (int i = 0; i < n; i++) f->y[i] = creal(value[i]);
            mark = net->space == AZ_SPACE_ELEMENT ? mark_elements(mark, &net->mesh, x) : mark_network(mark, net, f->y, f->width);
        }
        value += n;
    }
}

static bool turns(const double *a, const double *b, int n)
{
    for (int i = 0; i < n; i++)
        if (fabs(a[i] - b[i]) > TURN) return true;
    return false;
}

static void locate(const follower *f, double *x, double place)
{
    double u[AZ_MAX_DIM];

    x[0] = place;
    if (!f->on) return;
    memcpy(u, f->on->u, sizeof u);
    u[f->on->along] = place;
    az_sample_place(x, f->r->problem, f->on->reach, u);
    x[0] *= f->on->side;
}

static void append(follower *f, const double *x) { memcpy(f->x + (size_t)f->n++ * (size_t)f->dim, x, (size_t)f->dim * sizeof *x); }

/* Appends the points inside (lo, hi), whose marks are given; `level` of the marks is free. */
static az_status halve(follower *f, double lo, const double *at_lo, double hi, const double *at_hi, int level, int left)
{
    const double middle = 0.5 * (lo + hi);
    double x[AZ_MAX_DIM];

    if (level > HALVINGS || f->n + left >= f->most || !(middle > lo && middle < hi) || !turns(at_lo, at_hi, f->n_marks)) return AZ_OK;
    double *at = f->mark + (size_t)(level + 1) * (size_t)f->n_marks;
    locate(f, x, middle);
    az_status st = az_reference_eval(f->s, f->value, f->input, f->n_inputs, x, 1, 1);
    if (st) return st;
    make_mark(f, at, x[0], f->value);
    st = halve(f, lo, at_lo, middle, at, level + 1, left + 1);
    if (st) return st;
    append(f, x);
    return halve(f, middle, at, hi, at_hi, level + 1, left);
}

/* x[n] with the inputs' values there. */
static az_status walk(follower *f, const double *x, int n, const az_num *value)
{
    double *last = f->mark, *next = f->mark + f->n_marks;
    az_status st = AZ_OK;

    make_mark(f, last, x[0], value);
    f->x[f->n++] = x[0];
    for (int i = 1; i < n && !st; i++) {
        make_mark(f, next, x[i], value + (size_t)i * (size_t)f->n_inputs);
        st = halve(f, x[i - 1], last, x[i], next, 1, n - i);
        f->x[f->n++] = x[i];
        memcpy(last, next, (size_t)f->n_marks * sizeof *last);
    }
    return st;
}

static az_status follower_make(follower *f, const az_reference *s, const az_result *r, int most)
{
    const az_problem *p = r->problem;

    *f = (follower){.s = s, .r = r, .dim = p->dim, .most = most, .width = widest(r)};
    for (int t = 0; t < p->n_trials; t++) {
        f->n_marks += mark_count(&r->trial[t]);
        f->n_inputs += p->trial[t].n_inputs;
    }
    f->input = az_calloc((size_t)f->n_inputs + 1, sizeof *f->input);
    f->value = az_calloc((size_t)f->n_inputs + 1, sizeof *f->value);
    f->mark = az_doubles((size_t)(HALVINGS + 2) * (size_t)f->n_marks + 1);
    f->y = az_doubles(2 * (size_t)f->width);
    f->x = az_doubles((size_t)most * (size_t)p->dim);
    if (!f->input || !f->value || !f->mark || !f->y || !f->x) return AZ_ENOMEM;
    for (int t = 0, n = 0; t < p->n_trials; t++)
        for (int i = 0; i < p->trial[t].n_inputs; i++) f->input[n++] = p->trial[t].input[i];
    return AZ_OK;
}

/* But for the points. */
static void follower_clear(follower *f)
{
    az_free(f->input);
    az_free(f->value);
    az_doubles_free(f->mark);
    az_doubles_free(f->y);
}

az_status az_sample_follow(double **x, int *n, const az_reference *s, const az_result *r, int most, int threads)
{
    follower f;
    az_status st = follower_make(&f, s, r, most > *n ? most : *n);
    az_num *value = st ? NULL : az_alloc_array((size_t)*n, ((size_t)f.n_inputs + 1) * sizeof *value);

    if (!st && !value) st = AZ_ENOMEM;
    if (!st && f.n_inputs) st = az_reference_eval(s, value, f.input, f.n_inputs, *x, *n, threads);
    if (!st) st = walk(&f, *x, *n, value);
    if (!st) {
        az_doubles_free(*x);
        *x = f.x, *n = f.n;
    } else az_doubles_free(f.x);
    az_free(value);
    follower_clear(&f);
    return st;
}

/* ---- Lines in several coordinates ---- */

#define LINES 8             /* along each of them */
#define LINE_POINTS 129     /* that are compared at first */
#define LINE_MOST 2000      /* found on one */
#define LINE_ENDS 1e-6
#define GOLDEN 0.61803398874989485

/* Line k of those along a coordinate: the others are spread over an interval, and towards the core where they have no end. */
static line make_line(const az_problem *p, int along, int k, double reach)
{
    line l = {.reach = reach, .along = along, .side = az_problem_half_plane(p) && k % 2 ? -1 : 1};

    for (int c = 0, rank = 0; c < p->dim; c++) {
        if (c == along) continue;
        const double t = fmod((k + 0.5) / LINES + GOLDEN * rank++, 1);
        const bool open = p->coord[c].range != AZ_INTERVAL, both = p->coord[c].range == AZ_LINE && !az_problem_half_plane(p);
        l.u[c] = !open || (az_problem_half_plane(p) && c) ? t : both ? 0.5 + 0.5 * (k % 2 ? -1 : 1) * t * t : t * t;
    }
    return l;
}

/* Appends what turns on one line. value: room for the inputs at LINE_POINTS. */
static az_status follow_line(follower *f, const line *l, az_num *value)
{
    double place[LINE_POINTS], x[LINE_POINTS * AZ_MAX_DIM], *last = f->mark, *next = f->mark + f->n_marks;

    f->on = l;
    f->most = f->n + LINE_MOST;
    for (int i = 0; i < LINE_POINTS; i++) {
        place[i] = LINE_ENDS + (1 - 2 * LINE_ENDS) * i / (LINE_POINTS - 1);
        locate(f, x + i * f->dim, place[i]);
    }
    az_status st = az_reference_eval(f->s, value, f->input, f->n_inputs, x, LINE_POINTS, 1);
    if (!st) make_mark(f, last, x[0], value);
    for (int i = 1; i < LINE_POINTS && !st; i++) {
        make_mark(f, next, x[i * f->dim], value + (size_t)i * (size_t)f->n_inputs);
        st = halve(f, place[i - 1], last, place[i], next, 1, 0);
        memcpy(last, next, (size_t)f->n_marks * sizeof *last);
    }
    return st;
}

az_status az_sample_lines(double **x, int *n, const az_reference *s, const az_result *r, double reach)
{
    const size_t dim = (size_t)r->problem->dim;
    follower f;
    az_status st = follower_make(&f, s, r, LINES * LINE_MOST * (int)dim);
    az_num *value = st ? NULL : az_alloc_array(LINE_POINTS, ((size_t)f.n_inputs + 1) * sizeof *value);

    if (!st && !value) st = AZ_ENOMEM;
    for (int k = 0; k < LINES * (int)dim && !st && f.n_inputs; k++) {
        const line l = make_line(r->problem, k / LINES, k % LINES, reach);
        st = follow_line(&f, &l, value);
    }
    double *all = st || !f.n ? NULL : az_doubles((size_t)(*n + f.n) * dim);
    if (!st && f.n && !all) st = AZ_ENOMEM;
    if (all) {
        memcpy(all, *x, (size_t)*n * dim * sizeof *all);
        memcpy(all + (size_t)*n * dim, f.x, (size_t)f.n * dim * sizeof *all);
        az_doubles_free(*x);
        *x = all, *n += f.n;
    }
    az_doubles_free(f.x);
    az_free(value);
    follower_clear(&f);
    return st;
}

/* ---- In a half-plane ---- */

#define NEAR_FOCUS 0.05     /* in (xi, eta), as in sample.c; of conformal coordinates */

static bool same_edges(const az_mesh *a, const az_mesh *b)
{
    return a->coordinates == b->coordinates && a->length == b->length &&
           a->n_edges == b->n_edges && !memcmp(a->edge, b->edge, (size_t)a->n_edges * sizeof *a->edge);
}

/* A mesh of this stage that no trial before has, or NULL. */
static const az_mesh *new_mesh(const az_result *r, int t, int k)
{
    const az_network *net = &r->trial[t].stage[k];
    if (net->space != AZ_SPACE_ELEMENT || !net->mesh.modes) return NULL;
    for (int i = 0; i < t; i++)
        if (k < r->trial[i].n_stages && r->trial[i].stage[k].space == AZ_SPACE_ELEMENT && same_edges(&r->trial[i].stage[k].mesh, &net->mesh)) return NULL;
    return &net->mesh;
}

/* Those of one mesh from x on, unless x is NULL; their number. */
static int in_elements(double *x, const az_mesh *m, double reach)
{
    static const double along[] = {0.11, 0.37, 0.64, 0.86}, across[] = {0.013, 0.29, 0.97, 1.49}; /* of the element; eta */
    const bool conformal = m->coordinates == AZ_CONFORMAL;
    int n = 0;

    for (int e = 0; e + 1 < m->n_edges; e++)
        for (int i = 0; i < 16; i++) {
            const double xi = m->edge[e] + along[i / 4] * (m->edge[e + 1] - m->edge[e]), eta = across[i % 4];
            if (xi > reach || (conformal && hypot(xi, eta) < NEAR_FOCUS)) continue;
            if (x) x[2 * n] = m->length * sinh(xi) * sin(eta), x[2 * n + 1] = m->length * (conformal ? cosh(xi) : sinh(xi)) * cos(eta);
            n++;
        }
    return n;
}

az_status az_sample_elements(double **x, int *n, const az_result *r, double reach)
{
    int more = 0, at = *n;

    for (int pass = 0; pass < 2; pass++) {
        double *all = pass ? az_doubles(2 * (size_t)(*n + more)) : NULL;
        if (pass && !all) return AZ_ENOMEM;
        if (pass) memcpy(all, *x, 2 * (size_t)*n * sizeof *all);
        for (int t = 0; t < r->problem->n_trials; t++)
            for (int k = 0; k < r->trial[t].n_stages; k++) {
                const az_mesh *m = new_mesh(r, t, k);
                if (m && !pass) more += in_elements(NULL, m, reach);
                else if (m) at += in_elements(all + 2 * (size_t)at, m, reach);
            }
        if (!pass) continue;
        az_doubles_free(*x);
        *x = all, *n = at;
    }
    return AZ_OK;
}
