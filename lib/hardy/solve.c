/* solve.c: az_hardy_solve. A start by least squares, the length m and the shape of the basis by trial at a small size, then larger and larger
 * bases until the unknowns agree. */
#include "hardy/answer.h"

#include <flint/flint.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define NODES_PER_TERM 3
#define CHECKS_PER_NODE 2
#define TRIAL_TERMS 40      /* of the size at which m and the shape are chosen */
#define FIRST_TERMS 24      /* few, so that the double precision of the start is no part of the fit: noise gives huge coefficients, which hide the unknowns */
#define GROWTH 1.25
#define DAMPING 0x1p-12     /* of the coefficients of the first fit, over the error of the start: measured on an unstable profile known to 4e-4 */
#define NEXT_SIZE(n) ((int)((n)*GROWTH))
#define FIRST_RMS 1e-4      /* a first size that leaves more is too small for the profile: the next is fitted to the start again */
#define SHIFT 1.25          /* of the share of terms outside the head, from one size to the next */
#define SHIFT_FROM 2.0      /* the residual without the last terms of one part over that without those of the other */
#define HOPELESS 10.0       /* times what a start or a first size may leave: the terms cannot take up the start, and no step changes that */
#define NEWTON_MOST 12
#define BITS_PER_DIGIT 3.33
#define GUARD_BITS 96
#define MAX_BITS 8192
#define MORE_BITS 1.5
#define GOAL_DIGITS 12      /* a residual so many digits below those asked is as good as none */
#define STALLED_SIZES 2     /* sizes in a row that bring the unknowns no nearer */

static const az_shape shapes[] = {{1, 0}, {0.6, 0}, {1.4, 0}, {0.8, 0.5}, {0.8, 0.8}};
#define N_SHAPES ((int)(sizeof shapes / sizeof *shapes))

typedef struct search {
    const az_result *start;
    const az_hardy_options *options;
    az_progress_fn fn;
    void *data;
    az_error *err;
    double began;
    int size, iteration;        /* for progress */
    const char *note;
    char note_text[200];
    bool cancelled, late;

    az_reduced reduced;
    az_expansion best;          /* of the last size that was completed; no terms before the first */
    az_expansion work;
    double scale;
    az_shape shape;
    slong bits;
    az_newton_result last;      /* of the last size */
    int last_terms;             /* of that size */
    double *error;              /* [n_unknowns] */
    double best_rms;            /* of the rows */
    double residual;            /* largest, of best, between the nodes */
} search;

static int n_unknowns(const search *s)
{
    const az_problem *p = s->reduced.problem;

    return az_problem_n_unknowns(p);
}

static arb_ptr unknown(const az_expansion *e, int i)
{
    return e->scalar + e->reduced->problem->n_parameters + i;
}

static bool stopped(const search *s)
{
    return s->cancelled || s->late;
}

static bool tell(void *data, const az_expansion *e, double rms)
{
    search *s = data;
    double value[AZ_MAX_SCALARS];
    az_progress step = {.problem = az_result_problem(s->start), .stage = s->size, .iteration = ++s->iteration, .phase = "hardy",
                        .rms = rms, .check_max = NAN, .note = s->note};

    step.seconds = az_seconds() - s->began;
    step.n_unknowns = n_unknowns(s);
    step.unknowns = value;
    for (int i = 0; i < step.n_unknowns; i++) value[i] = arf_get_d(arb_midref(unknown(e, i)), ARF_RND_NEAR);
    s->note = NULL;
    if (s->fn && s->fn(s->data, &step)) s->cancelled = true;
    if (s->options->max_seconds > 0 && step.seconds > s->options->max_seconds) s->late = true;
    return stopped(s);
}

static double decay_now(az_expansion *e)
{
    az_expansion_update(e, false);
    return arf_get_d(arb_midref(e->basis.delta), ARF_RND_NEAR);
}

static void copy_unknowns(az_expansion *to, const az_expansion *from)
{
    const az_problem *p = from->reduced->problem;

    for (int i = p->n_parameters; i < p->n_scalars; i++) arb_set(to->scalar + i, from->scalar + i);
}

static arb_ptr make_nodes(const az_expansion *e, int n, int set)
{
    arb_ptr y = _arb_vec_init(n);

    az_hardy_nodes(y, n, set, e->basis.scale, e->basis.bits);
    return y;
}

/* X of the starting result at the nodes, which become doubles. NULL with err filled. */
static double *start_values(const search *s, arb_ptr y, int n, az_status *status)
{
    double *x = az_doubles((size_t)n), *point = az_doubles((size_t)n);

    *status = AZ_ENOMEM;
    if (x && point) {
        for (int i = 0; i < n; i++) {
            point[i] = arf_get_d(arb_midref(y + i), ARF_RND_NEAR);
            arb_set_d(y + i, point[i]);
        }
        *status = az_eval(s->start, x, s->reduced.name, point, n, (int[]){0}, s->err);
    } else {
        az_fail(s->err, AZ_ENOMEM, "out of memory");
    }
    az_doubles_free(point);
    if (*status == AZ_OK) return x;
    az_doubles_free(x);
    return NULL;
}

/* What its evidence says of the relative error of the starting result. */
static double start_error(const search *s)
{
    az_evidence e = az_result_evidence(s->start);

    return e.tier == AZ_TIER_REEVALUATED ? e.reevaluated_relative : 0;
}

/* Coefficients of work for its layout: from the last size, or from the starting result. */
static az_status fit(search *s, arb_ptr y, int n, bool *enough)
{
    az_status status = AZ_OK;

    if (s->best.basis.layout.n_terms) {
        az_expansion_set_bits(&s->best, s->work.basis.bits);
        acb_ptr f = _acb_vec_init(n / 2);
        az_fit_sample(f, &s->best, y, n);
        *enough = az_fit(&s->work, y, f, n, DAMPING * s->best_rms);
        _acb_vec_clear(f, n / 2);
        return AZ_OK;
    }
    double *x = start_values(s, y, n, &status);
    if (!x) return status;
    *enough = az_fit_real(&s->work, y, x, n, DAMPING * fmax(start_error(s), DBL_EPSILON));
    az_doubles_free(x);
    return AZ_OK;
}

static void prepare(search *s, int terms, double m, const az_shape *shape, slong bits)
{
    az_layout l;

    az_expansion_set_bits(&s->work, bits);
    if (s->best.basis.layout.n_terms) copy_unknowns(&s->work, &s->best);
    else
        for (int i = 0; i < n_unknowns(s); i++) arb_set_d(unknown(&s->work, i), az_result_unknown(s->start, i, NULL));
    arb_set_d(s->work.basis.scale, m);
    az_layout_choose(&l, terms, decay_now(&s->work), shape);
    az_expansion_set_layout(&s->work, &l);
}

static az_newton_options newton_options(search *s)
{
    return (az_newton_options){
        .max_iterations = NEWTON_MOST, .goal = pow(10, -s->options->digits - GOAL_DIGITS), .most = INFINITY, .tell = tell, .data = s};
}

/* Sets work up with a number of terms, fitted, on nodes of its own in *y. */
static az_status begin_size(search *s, arb_ptr *y, int *n, int terms, double m, const az_shape *shape, slong bits, bool *enough)
{
    prepare(s, terms, m, shape, bits);
    *n = NODES_PER_TERM * s->work.basis.layout.n_terms;
    *y = make_nodes(&s->work, *n, 0);
    return fit(s, *y, *n, enough);
}

/* Solves with a number of terms, from a fit, raising the precision as needed. *end: AZ_NEWTON_BITS when even the most does not do. */
static az_status solve_size(search *s, int terms, az_newton_end *end)
{
    az_newton_options o = newton_options(s);

    if (!s->best.basis.layout.n_terms) o.most = HOPELESS * fmax(start_error(s), FIRST_RMS);
    if (s->last.lost > 0) { /* grows about linearly with the number of terms */
        slong need = s->last.lost * terms / s->last_terms + GUARD_BITS;
        if (need > s->bits) s->bits = need;
    }
    for (*end = AZ_NEWTON_BITS; *end == AZ_NEWTON_BITS && s->bits <= MAX_BITS;) {
        bool enough = false;
        arb_ptr y;
        int n;
        az_status status = begin_size(s, &y, &n, terms, s->scale, &s->shape, s->bits, &enough);
        if (status == AZ_OK && enough) *end = az_newton(&s->work, &s->last, y, n, &o);
        s->last_terms = s->work.basis.layout.n_terms;
        _arb_vec_clear(y, n);
        if (status != AZ_OK) return status;
        if (*end == AZ_NEWTON_BITS) s->bits = (slong)((double)s->bits * MORE_BITS);
    }
    return AZ_OK;
}

/* The residual that a basis of this size, length and shape can reach, as a linear model says; that of the fit, where it is too large for the model to
 * be believed; infinite if it fails. */
static az_status try_basis(search *s, double *rms, int terms, double m, const az_shape *shape)
{
    bool enough = false;
    az_newton_result result;
    arb_ptr y;
    int n;
    az_status status = begin_size(s, &y, &n, terms, m, shape, s->bits, &enough);

    *rms = INFINITY;
    if (status == AZ_OK && enough && az_newton_promise(&s->work, &result, newton_options(s).goal, y, n) == AZ_NEWTON_DONE)
        *rms = result.rms <= FIRST_RMS ? result.model : result.rms;
    _arb_vec_clear(y, n);
    if (status == AZ_OK) tell(s, &s->work, *rms);
    return status;
}

static az_status try_scale(search *s, double *best, int terms, double m)
{
    double rms;
    az_status status = try_basis(s, &rms, terms, m, &s->shape);

    if (status == AZ_OK && rms < *best) {
        *best = rms;
        s->scale = m;
    }
    return status;
}

/* m by steps of half and of a quarter of a power of 2 from where it is. */
static az_status refine_scale(search *s, double *best, int terms)
{
    az_status status = AZ_OK;

    for (double step = sqrt(2); step > 1.1 && status == AZ_OK && !stopped(s); step = sqrt(step)) {
        double middle = s->scale;
        status = try_scale(s, best, terms, middle / step);
        if (status == AZ_OK) status = try_scale(s, best, terms, middle * step);
    }
    return status;
}

/* m by powers of 2 of the domain's scale, then by smaller steps; then the shape. */
static az_status choose_basis(search *s)
{
    const double unit = s->reduced.problem->coord[0].scale;
    az_status status = AZ_OK;
    double best = INFINITY;

    s->shape = shapes[0];
    s->scale = unit;
    for (int k = -3; k <= 3 && status == AZ_OK && !stopped(s); k++) status = try_scale(s, &best, TRIAL_TERMS, ldexp(unit, k));
    if (status == AZ_OK) status = refine_scale(s, &best, TRIAL_TERMS);
    for (int i = 1; i < N_SHAPES && status == AZ_OK && !stopped(s); i++) {
        double rms;
        status = try_basis(s, &rms, TRIAL_TERMS, s->scale, &shapes[i]);
        if (status != AZ_OK || !(rms < best)) continue;
        best = rms;
        s->shape = shapes[i];
    }
    return status;
}

/* Where the trial size was too small to see the profile, at the first that is not. */
static az_status choose_again(search *s, int terms)
{
    double best = INFINITY;
    az_status status = try_scale(s, &best, terms, s->scale);

    return status == AZ_OK ? refine_scale(s, &best, terms) : status;
}

/* |a - b| of each unknown into error, the larger with what is there if `widen`. */
static void compare(search *s, const az_expansion *a, arb_srcptr b, bool widen)
{
    arb_t t;

    arb_init(t);
    for (int i = 0; i < n_unknowns(s); i++) {
        arb_sub(t, unknown(a, i), b + i, a->basis.bits);
        double d = fabs(arf_get_d(arb_midref(t), ARF_RND_NEAR));
        s->error[i] = widen ? fmax(s->error[i], d) : d;
    }
    arb_clear(t);
}

/* The largest error over the size of its unknown, at least 1. */
static double worst(const search *s)
{
    double largest = 0;

    for (int i = 0; i < n_unknowns(s); i++)
        largest = fmax(largest, s->error[i] / fmax(1, fabs(arf_get_d(arb_midref(unknown(&s->best, i)), ARF_RND_NEAR))));
    return largest;
}

static arb_ptr keep_unknowns(const search *s, const az_expansion *e)
{
    arb_ptr x = _arb_vec_init(n_unknowns(s));

    _arb_vec_set(x, unknown(e, 0), n_unknowns(s));
    return x;
}

/* The best again on the second set of nodes; its unknowns widen the error. */
static void second_nodes(search *s)
{
    const az_newton_options o = newton_options(s);
    const az_layout *l = &s->best.basis.layout;
    const int n = (NODES_PER_TERM + 1) * l->n_terms;
    arb_ptr x = keep_unknowns(s, &s->best);
    az_newton_result result;

    az_expansion_set_bits(&s->work, s->best.basis.bits);
    copy_unknowns(&s->work, &s->best);
    arb_set(s->work.basis.scale, s->best.basis.scale);
    az_expansion_set_layout(&s->work, l);
    _arb_vec_set(s->work.c, s->best.c, l->n_terms);
    arb_ptr y = make_nodes(&s->work, n, 1);
    if (az_newton(&s->work, &result, y, n, &o) == AZ_NEWTON_DONE) compare(s, &s->work, x, true);
    else
        for (int i = 0; i < n_unknowns(s); i++) s->error[i] = INFINITY;
    _arb_vec_clear(x, n_unknowns(s));
    _arb_vec_clear(y, n);
}

/* The residual of the best between the nodes; no unknown is claimed to better than that. */
static int measure(search *s)
{
    const int n = CHECKS_PER_NODE * NODES_PER_TERM * s->best.basis.layout.n_terms;
    arb_ptr y = make_nodes(&s->best, n, 2);

    s->residual = az_largest_residual(&s->best, y, n);
    for (int i = 0; i < n_unknowns(s); i++) s->error[i] = fmax(s->error[i], s->residual);
    _arb_vec_clear(y, n);
    return n;
}

static void swap(search *s)
{
    az_expansion t = s->best;

    s->best = s->work;
    s->work = t;
    s->best_rms = s->last.rms;
}

/* Terms go where the last tenth of them is worth more. */
static void reshape(search *s)
{
    const double ratio = s->last.without_head / s->last.without_tail;
    double tail = 1 - s->shape.head;

    if (ratio > SHIFT_FROM) tail /= SHIFT;
    if (ratio < 1 / SHIFT_FROM) tail = fmin(1, tail * SHIFT);
    s->shape.head = 1 - tail;
}

static az_status next_size(search *s, int terms, az_newton_end *end)
{
    if (s->last_terms) reshape(s);
    s->size++;
    snprintf(s->note_text, sizeof s->note_text, "%d coefficients, %.0f%% in the head, m = %.4g, %ld bits", terms, 100 * s->shape.head, s->scale,
             (long)s->bits);
    s->note = s->note_text;
    return solve_size(s, terms, end);
}

static az_stop reason(const search *s)
{
    return s->cancelled ? AZ_STOP_CANCELLED : s->late ? AZ_STOP_TIME : AZ_STOP_STALLED;
}

/* The first size that is large enough for the profile becomes the best. *terms: its number. Without one there is no best. */
static az_status find_first(search *s, int *terms)
{
    const int most = s->options->max_coefficients;

    for (*terms = FIRST_TERMS; *terms <= most && !stopped(s); *terms = NEXT_SIZE(*terms)) {
        az_newton_end end;
        az_status status = next_size(s, *terms, &end);
        if (status != AZ_OK || (end != AZ_NEWTON_DONE && end != AZ_NEWTON_LOST)) return status;
        if (!(s->last.rms <= FIRST_RMS) && (end == AZ_NEWTON_LOST || NEXT_SIZE(*terms) <= most)) continue;
        swap(s);
        return *terms > TRIAL_TERMS ? choose_again(s, *terms) : AZ_OK;
    }
    return AZ_OK;
}

/* Sizes from the best on until the digits asked; *stop says why it ended. */
static az_status grow(search *s, az_stop *stop, int terms)
{
    const double wanted = pow(10, -s->options->digits);
    double last = INFINITY;
    int stalled = 0;

    while ((terms = NEXT_SIZE(terms)) <= s->options->max_coefficients) {
        az_newton_end end;
        az_status status = next_size(s, terms, &end);
        *stop = reason(s);
        if (status != AZ_OK || end != AZ_NEWTON_DONE) return status;
        compare(s, &s->work, unknown(&s->best, 0), false);
        swap(s);
        if (worst(s) <= wanted) {
            second_nodes(s);
            measure(s);
            *stop = AZ_STOP_TOLERANCE;
            if (worst(s) <= wanted) return AZ_OK;
        }
        stalled = worst(s) > last / 2 ? stalled + 1 : 0;
        last = worst(s);
        *stop = AZ_STOP_STALLED;
        if (stalled == STALLED_SIZES) return AZ_OK;
    }
    *stop = stopped(s) ? reason(s) : AZ_STOP_ITERATIONS;
    return AZ_OK;
}

static az_status judge(search *s, az_hardy **out, az_stop stop)
{
    const int n = measure(s);

    *out = az_hardy_write(&s->best, s->error);
    if (!*out) return az_fail(s->err, AZ_ENOMEM, "out of memory");
    (*out)->residual = s->residual;
    (*out)->points = n;
    (*out)->stop = stop;
    (*out)->seconds = az_seconds() - s->began;
    return AZ_OK;
}

/* Frees the caches that FLINT keeps for each thread. */
static void release_threads(int threads)
{
#pragma omp parallel num_threads(threads)
    flint_cleanup();
}

static az_status run(search *s, az_hardy **out, int threads)
{
    az_stop stop = AZ_STOP_RUNNING;
    int terms;
    double slope, zero = 0;
    az_status status = az_eval(s->start, &slope, s->reduced.name, &zero, 1, (int[]){1}, s->err);

    if (status != AZ_OK) return status;
    s->bits = (slong)(2 * BITS_PER_DIGIT * s->options->digits) + 2 * GUARD_BITS;
    az_expansion_init(&s->best, &s->reduced, s->bits, threads);
    az_expansion_init(&s->work, &s->reduced, s->bits, threads);
    arb_set_d(s->best.gauge, slope);
    arb_set_d(s->work.gauge, slope);
    s->error = az_doubles((size_t)n_unknowns(s));
    if (!s->error) status = az_fail(s->err, AZ_ENOMEM, "out of memory");
    for (int i = 0; status == AZ_OK && i < n_unknowns(s); i++) s->error[i] = INFINITY;
    if (status == AZ_OK) status = choose_basis(s);
    if (status == AZ_OK) status = find_first(s, &terms);
    if (status == AZ_OK && s->best.basis.layout.n_terms) status = grow(s, &stop, terms);
    if (status == AZ_OK && s->best.basis.layout.n_terms) status = judge(s, out, stop);
    else if (status == AZ_OK && (s->cancelled || s->late)) status = az_fail(s->err, AZ_ECANCELLED, "stopped before the first size was solved");
    else if (status == AZ_OK)
        status = az_fail(s->err, AZ_EDOMAIN, "no expansion of at most %d terms solves the problem near '%s' of the result: the last leaves a residual of %.1e",
                         s->options->max_coefficients, s->reduced.name, s->last.rms);
    az_expansion_clear(&s->best);
    az_expansion_clear(&s->work);
    az_doubles_free(s->error);
    release_threads(threads);
    return status;
}

void az_hardy_options_init(az_hardy_options *o)
{
    *o = (az_hardy_options){.digits = 20, .max_coefficients = 400};
}

az_status az_hardy_solve(az_hardy **out, const az_result *start, const az_hardy_options *o, az_progress_fn fn, void *data, az_error *err)
{
    search s = {.start = start, .options = o, .fn = fn, .data = data, .err = err, .began = az_seconds(), .last = {.rms = NAN}};

    *out = NULL;
    if (o->digits < 5 || o->digits > 200) return az_fail(err, AZ_EOPTION, "%d digits: expected 5 to 200", o->digits);
    if (o->max_coefficients < FIRST_TERMS)
        return az_fail(err, AZ_EOPTION, "at most %d coefficients: expected %d or more", o->max_coefficients, FIRST_TERMS);
    if (o->threads < 0) return az_fail(err, AZ_EOPTION, "%d threads: expected 0 for all, or more", o->threads);
    az_status status = az_reduce(&s.reduced, az_result_problem(start), err);
    if (status != AZ_OK) return status;
    status = run(&s, out, az_threads(o->threads));
    az_reduced_clear(&s.reduced);
    return status;
}
