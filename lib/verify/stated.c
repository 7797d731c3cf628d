/* stated.c: whether declared decays and analytic points are what the solution shows. */
#include "verify/stated.h"

#include "verify/reference.h"

#include <float.h>
#include <string.h>

#define SPACING 0.0625
#define OCTAVES 51 /* y = 2^0 .. 2^50 scales: 1e15 */
/* Of the largest value: what lies below has less than three digits. */
#define NOISE (1e3 * DBL_EPSILON)
#define STRIDE 2 /* octaves over which a power is taken */
#define LEAST_OCTAVES 5 /* two strides and the first point */
#define SURE 0.25 /* a power that changes by more from stride to stride is none yet */
#define MARGIN 0.05 /* of a fitted exponent, beside twice that change */

#define SAMPLES 128 /* Chebyshev points in a neighbourhood */
#define MOST 96 /* coefficients that are looked at */
#define GAP 4 /* the last coefficients may be small by chance, or by a parity */
#define LEAST 8 /* fewer say nothing */
/* Logarithm of the fall over the last half by that over the quarter before: 2 if geometric, 1 if
 * algebraic, whatever the factor and the power. */
#define GEOMETRIC 1.4
#define SLACK 10.0 /* tolerances: more functions leave more rounding */
#define SMOOTH 10.0 /* coefficients that fall like 1/k^10 are not told from geometric ones */
#define STAYS 1e-3 /* of the shift of the second solve's start */

/* ---- Decay ---------------------------------------------------------------------------------- */

int az_stated_power(const double *f, int n, double floor, double *power, double *spread)
{
    double top = 0;
    int last = -1;

    *power = *spread = NAN;
    for (int i = 0; i < n; i++) {
        if (!isfinite(f[i])) break;
        top = fmax(top, fabs(f[i]));
    }
    for (int i = 0; i < n && isfinite(f[i]) && fabs(f[i]) > floor * top; i++) last = i;
    if (last < LEAST_OCTAVES - 1) return 0;
    for (int i = last - 2 * STRIDE; i < last; i++)
        if (!(f[i] * f[i + 1] > 0)) return 0;
    const double here = log2(f[last - STRIDE] / f[last]) / STRIDE;
    const double before = log2(f[last - 2 * STRIDE] / f[last - STRIDE]) / STRIDE;
    *power = here;
    *spread = fabs(here - before);
    return *spread <= SURE;
}

/* The slower of both sides. */
static int fit_decay(const az_reference *s, const az_result *r, int node, double *power,
                     double *spread, az_status *st)
{
    const az_coord_decl *c = &r->problem->coord[0];
    const int sides = c->range == AZ_LINE ? 2 : 1;
    const double floor = fmax(NOISE, r->evidence.reevaluated_relative);
    int found = 0;

    *power = *spread = NAN;
    for (int side = 0; side < sides; side++) {
        double y[OCTAVES], f[OCTAVES], own, change;
        az_num v[OCTAVES];
        for (int i = 0; i < OCTAVES; i++) y[i] = (side ? -1 : 1) * c->scale * ldexp(1, i);
        *st = az_reference_eval(s, v, &node, 1, y, OCTAVES, 1);
        if (*st) return 0;
        for (int i = 0; i < OCTAVES; i++) f[i] = creal(v[i]);
        if (!az_stated_power(f, OCTAVES, floor, &own, &change)) continue;
        if (found++ && own >= *power) continue;
        *power = own, *spread = change;
    }
    return found;
}

static char *finish(az_text *t)
{
    if (!t->failed) return t->s;
    az_text_clear(t);
    return NULL;
}

static az_status judge_decay(az_result *r, const az_reference *s, int let)
{
    const az_problem *p = r->problem;
    az_text what = {0}, text = {0};
    az_num declared;
    double x[1] = {p->coord[0].scale}, power = 0, spread = 0;
    az_status st = az_reference_eval(s, &declared, &p->let[let].decay, 1, x, 1, 1);
    const int found = st ? 0 : fit_decay(s, r, p->let[let].node, &power, &spread, &st);
    const double e = creal(declared), error = MARGIN + 2 * spread;

    if (st) return st;
    az_text_add(&what, "decay %s", p->let[let].name);
    if (!found)
        az_text_add(&text, "not determined: %s is at rounding far out, or no power of |%s| yet",
                    p->let[let].name, p->coord[0].name);
    else if (power < e - error)
        az_text_add(&text, "%s falls like |%s|^%.3g, declared %.6g", p->let[let].name,
                    p->coord[0].name, -power, e);
    else
        az_text_add(&text, "%s falls like |%s|^%.3g, declared %.6g%s", p->let[let].name,
                    p->coord[0].name, -power, e, power > e + error ? ": faster than that" : "");
    const int holds = !found ? 0 : power < e - error ? -1 : 1;
    return az_state_find(r, finish(&what), finish(&text), holds, found ? power : NAN);
}

/* ---- Analytic points ------------------------------------------------------------------------ */

/* Noise from coefficient k on: the envelope e hardly falls from k to 1.25 k + 5; the nearer to the
 * floor, the less it takes (Aurentz and Trefethen, Chopping a Chebyshev series, 2017). */
static bool plateau(const double *e, int n, int k, double floor)
{
    const int next = (int)lround(1.25 * k + 5);
    return k >= 2 && next < n && e[next] > 3 * (1 - log(e[k] / e[0]) / log(floor)) * e[k];
}

int az_stated_geometric(const double *c, int n, double floor, double *value, double *reached)
{
    double e[MOST + 1];
    int last = 0;

    if (n > MOST) n = MOST;
    *value = *reached = NAN;
    for (int k = n - 1; k >= 0; k--) e[k] = k + 1 < n ? fmax(fabs(c[k]), e[k + 1]) : fabs(c[k]);
    if (!isfinite(e[0])) return -1;
    *value = *reached = 0;
    if (e[0] == 0) return 1;
    while (last + 1 < n - GAP && e[last] > floor * e[0] && !plateau(e, n, last, floor)) last++;
    *reached = e[last] / e[0];
    if (last < LEAST) return n <= LEAST + GAP ? 0 : 1;
    const int half = last / 2, quarter = last / 4;
    const double first = log(e[quarter] / e[half]), second = log(e[half] / e[last]);
    *value = exp(-second / (last - half));
    if (second > 0 && second >= GEOMETRIC * first * (last - half) / (2.0 * (half - quarter)))
        return 1;
    const double power = second / log((double)last / half);
    if (power > SMOOTH) return 1;
    *value = power;
    return -1;
}

/* z of the trial's own coordinate, in which it is a polynomial, at both ends of the neighbourhood.
 */
static void ends_of(const az_result *r, const az_analytic_decl *a, double *lo, double *hi,
                    double *length)
{
    const az_network *net = &r->trial[0].stage[0];

    *length = net->space == AZ_SPACE_ELEMENT ? net->mesh.length : 0;
    *lo = a->x - a->half, *hi = a->x + a->half;
    if (*length > 0) *lo = asinh(*lo / *length), *hi = asinh(*hi / *length);
}

/* Coefficients that the trial space has there: of an element its degree, of a Chebyshev series its
 * share of the angle. */
static int own_coefficients(const az_result *r, const az_reference *s, int t,
                            const az_analytic_decl *a, az_status *st)
{
    const az_network *net = &r->trial[t].stage[0];
    double y[2] = {a->x - a->half, a->x + a->half};
    az_num input[2];

    *st = AZ_OK;
    for (int i = 0; net->space == AZ_SPACE_ELEMENT && i < net->mesh.n_wide; i++) {
        const az_mesh *m = &net->mesh;
        double lo, hi, length;
        ends_of(r, a, &lo, &hi, &length);
        const double middle = 0.5 * (lo + hi), *edge = m->edge + m->wide[i];
        if (edge[0] < middle && edge[1] > middle) return az_mesh_degree(m, m->wide[i]) - 1;
    }
    if (net->first != AZ_ACT_CHEBYSHEV) return MOST;
    *st = az_reference_eval(s, input, &r->problem->trial[t].input[0], 1, y, 2, 1);
    const double angle = *st ? 0 : fabs(acos(creal(input[1])) - acos(creal(input[0])));
    return (int)(net->width[1] * angle / M_PI);
}

static az_status coefficients(double *c, const az_result *r, const az_reference *s, int t,
                              const az_analytic_decl *a)
{
    double lo, hi, length, y[SAMPLES];
    az_num v[SAMPLES];

    ends_of(r, a, &lo, &hi, &length);
    for (int i = 0; i < SAMPLES; i++) {
        const double z = 0.5 * (lo + hi) + 0.5 * (hi - lo) * cos(M_PI * (i + 0.5) / SAMPLES);
        y[i] = length > 0 ? length * sinh(z) : z;
    }
    const az_status st = az_reference_eval(s, v, &r->problem->trial[t].node, 1, y, SAMPLES, 1);
    for (int k = 0; k < SAMPLES && !st; k++) {
        c[k] = 0;
        for (int i = 0; i < SAMPLES; i++)
            c[k] += (k ? 2.0 : 1.0) / SAMPLES * creal(v[i]) * cos(M_PI * k * (i + 0.5) / SAMPLES);
    }
    return st;
}

/* The worst of the trials: the first that is not geometric, else the slowest. */
typedef struct worst {
    int trial, holds;
    double value, reached;
} worst;

static az_status look(worst *w, const az_result *r, const az_reference *s,
                      const az_analytic_decl *a)
{
    const double floor = fmax(NOISE, r->evidence.reevaluated_relative);
    double c[SAMPLES], value, reached;

    *w = (worst){.trial = -1, .holds = 1};
    for (int t = 0; t < r->problem->n_trials; t++) {
        az_status st;
        const int n = own_coefficients(r, s, t, a, &st);
        if (!st) st = coefficients(c, r, s, t, a);
        if (st) return st;
        const int holds = n < 1 ? 0 : az_stated_geometric(c, n, floor, &value, &reached);
        if (n < 1) value = reached = NAN;
        if (w->trial < 0 || holds < w->holds || (holds == w->holds && value > w->value))
            *w = (worst){t, holds, value, reached};
    }
    return AZ_OK;
}

/* An unknown that moved; -1 if none did. */
static int elsewhere(const az_result *r)
{
    const double *value = r->scalar + r->problem->n_parameters;

    for (int i = 0; i < r->history.n_unknowns; i++)
        if (!(r->twice.moved[i] <= STAYS * AZ_TWICE_SHIFT * fmax(fabs(value[i]), AZ_TWICE_SHIFT)))
            return i;
    return -1;
}

/* What the second solve says; *holds is lowered. */
static void say_twice(az_text *text, const az_result *r, int *holds)
{
    const int first = r->problem->n_parameters, far = r->twice.done ? elsewhere(r) : -1;
    const bool met = r->twice.done && r->twice.check <= SLACK * r->options.tolerance;

    if (!met || far >= 0) *holds = -1;
    if (!r->twice.done)
        az_text_add(text, "; not solved again with twice the functions, so not confirmed");
    else if (!met)
        az_text_add(text, "; with twice the functions a residual of %.1e stays", r->twice.check);
    else if (!r->history.n_unknowns) az_text_add(text, "; met with twice the functions, too");
    for (int i = 0; met && i < r->history.n_unknowns; i++)
        az_text_add(text, "%s %s moves by %.1e", i ? "," : "; with twice the functions",
                    r->problem->scalar[first + i].name, r->twice.moved[i]);
    if (met && far >= 0)
        az_text_add(text, ": %s is not determined so", r->problem->scalar[first + far].name);
}

static az_status judge_analytic(az_result *r, const az_reference *s, int i)
{
    const az_problem *p = r->problem;
    az_text what = {0}, text = {0};
    worst w;
    const az_status st = look(&w, r, s, &p->analytic[i]);

    if (st) return st;
    const char *name = p->trial[w.trial].name;
    const int n = (int)strcspn(name, ":");
    az_problem_print_analytic(&what, p, i);
    if (w.holds > 0)
        az_text_add(&text, "coefficients of %.*s fall by %.2g each, to %.0e", n, name, w.value,
                    w.reached);
    else if (w.holds < 0)
        az_text_add(&text,
                    "coefficients of %.*s do not fall geometrically, but like k^-%.1f to %.0e", n,
                    name, w.value, w.reached);
    else az_text_add(&text, "not determined: %.*s has too few functions there", n, name);
    int holds = w.holds > 0 ? 1 : -1;
    say_twice(&text, r, &holds);
    return az_state_find(r, finish(&what), finish(&text), holds, w.value);
}

/* ---- All ------------------------------------------------------------------------------------ */

static int count_decays(const az_problem *p)
{
    int n = 0;

    if (p->dim != 1 || p->coord[0].range == AZ_INTERVAL || p->coord[0].open > 0) return 0;
    for (int i = 0; i < p->n_lets; i++) n += p->let[i].decay >= 0;
    return n;
}

static az_status make(az_reference **s, const az_result *r, bool decays, int threads)
{
    const az_problem *p = r->problem;
    const int most = 2 * p->n_lets + p->n_trials * (1 + AZ_MAX_INPUTS);
    int *target = az_alloc_array((size_t)most, sizeof *target), n = 0;
    double reach;

    if (!target) return AZ_ENOMEM;
    for (int t = 0; t < p->n_trials; t++) {
        target[n++] = p->trial[t].node;
        for (int i = 0; i < p->trial[t].n_inputs; i++) target[n++] = p->trial[t].input[i];
    }
    for (int i = 0; i < p->n_lets && decays; i++) {
        if (p->let[i].decay < 0) continue;
        target[n++] = p->let[i].node;
        target[n++] = p->let[i].decay;
    }
    az_status st = az_reference_create(s, r, target, n, NULL);
    az_free(target);
    if (!st) st = az_reference_reach(*s, &reach);
    if (!st) st = az_reference_prepare(*s, SPACING, reach, threads);
    return st;
}

az_status az_stated_judge(az_result *r, int threads)
{
    const az_problem *p = r->problem;
    const int decays = count_decays(p);
    az_reference *s = NULL;

    az_state_forget_stated(r);
    if (!decays && !p->n_analytic) return AZ_OK;
    az_status st = make(&s, r, decays > 0, threads);
    for (int i = 0; i < p->n_lets && decays && !st; i++)
        if (p->let[i].decay >= 0) st = judge_decay(r, s, i);
    for (int i = 0; i < p->n_analytic && !st; i++) st = judge_analytic(r, s, i);
    az_reference_destroy(s);
    return st;
}
