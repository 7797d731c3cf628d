/* newton.c: Gauss-Newton for coefficients and unknowns together. The columns of the unknowns are differences with a step of a third of the working
 * precision, which takes in that the exponents of the basis move with them. */
#include "hardy/hardy.h"

#include <flint/flint.h>
#include <math.h>

#define HALVINGS 6          /* of a step that does not lower the residual */
#define LINEAR 1.1          /* a residual within 10% of the linear model's: another step would gain no more than that */
#define NEAR 10.0           /* within this factor of it, a step that fails is a failure of rounding only */
#define RADIUS_SHARE 1e-3   /* of the residual may be the rounding error of its evaluation */

static int count_lines(const az_reduced *r)
{
    int n = 0;

    for (int i = 0; i < r->n_rows; i++) n += !r->row[i].at;
    return n;
}

static int count_rows(const az_reduced *r, int n)
{
    int lines = count_lines(r);

    return lines * n + r->n_rows - lines;
}

/* Where the rows go: value[count_rows], and the gradients into the columns of q unless it is NULL. Rows of a node stand together, points come last. */
typedef struct sink {
    arb_ptr value;
    az_least *q;
} sink;

static void put(const sink *to, int row, const arb_t value, arb_srcptr gradient, int n)
{
    arb_set(to->value + row, value);
    for (int i = 0; to->q && i < n; i++) arb_get_mid_arb(AZ_LEAST(to->q, row, i), gradient + i);
}

/* The rows of one kind, along the line or at points, at the y the scratch is for. */
static void evaluate(const sink *to, int row, az_scratch *s, const az_expansion *e, const az_form *f, const arb_t y, arb_ptr gradient)
{
    arb_t v;

    arb_init(v);
    az_form_value(v, to->q ? gradient : NULL, s, e, f, y);
    if (e->reduced->gauge && f == &e->reduced->row[e->reduced->n_rows - 1]) arb_sub(v, v, e->gauge, e->basis.bits);
    put(to, row, v, gradient, e->basis.layout.n_terms);
    arb_clear(v);
}

static void evaluate_points(const sink *to, int row, az_scratch *s, const az_expansion *e, arb_ptr gradient)
{
    const az_reduced *r = e->reduced;
    arb_t y;

    arb_init(y);
    for (int i = 0; i < r->n_rows; i++) {
        if (!r->row[i].at) continue;
        az_written_number(y, r->row[i].x, e->basis.bits);
        az_expansion_at(s, e, y);
        evaluate(to, row++, s, e, &r->row[i], y, gradient);
    }
    arb_clear(y);
}

/* All rows; the AT values of e must be those of its coefficients. */
static void evaluate_rows(const sink *to, const az_expansion *e, arb_srcptr y, int n)
{
    const az_reduced *r = e->reduced;
    const int lines = count_lines(r), terms = e->basis.layout.n_terms;

#pragma omp parallel num_threads(e->threads)
    {
        az_scratch s;
        az_scratch_init(&s, e);
        arb_ptr gradient = _arb_vec_init(terms);
#pragma omp for schedule(static)
        for (int k = 0; k < n; k++) {
            int row = k * lines;
            az_expansion_at(&s, e, y + k);
            for (int i = 0; i < r->n_rows; i++)
                if (!r->row[i].at) evaluate(to, row++, &s, e, &r->row[i], y + k, gradient);
        }
#pragma omp single
        evaluate_points(to, n * lines, &s, e, gradient);
        _arb_vec_clear(gradient, terms);
        az_scratch_clear(&s);
    }
}

/* Root mean square of the midpoints; NaN unless all are finite. *radius: the largest radius. */
static double norm(arb_srcptr v, int n, slong bits, double *radius)
{
    arb_t sum;
    double largest = 0;

    arb_init(sum);
    for (int i = 0; i < n; i++) {
        double rad = mag_get_d(arb_radref(v + i));
        if (!(rad <= largest)) largest = rad;
    }
    arb_approx_dot(sum, NULL, 0, v, 1, v, 1, n, bits);
    double result = arf_is_finite(arb_midref(sum)) && isfinite(largest) ? sqrt(arf_get_d(arb_midref(sum), ARF_RND_NEAR) / n) : NAN;
    *radius = largest;
    arb_clear(sum);
    return result;
}

static double rms_now(az_expansion *e, arb_srcptr y, int n)
{
    const int rows = count_rows(e->reduced, n);
    arb_ptr value = _arb_vec_init(rows);
    double radius;

    az_expansion_update(e, false);
    evaluate_rows(&(sink){.value = value}, e, y, n);
    double result = norm(value, rows, e->basis.bits, &radius);
    _arb_vec_clear(value, rows);
    return result;
}

/* Moves unknown u by 2^h, h a third of the precision, which is returned; kept is where it was. */
static slong shift_unknown(az_expansion *e, int u, arb_t kept)
{
    const slong h = -e->basis.bits / 3;
    arb_ptr x = e->scalar + e->reduced->problem->n_parameters + u;
    arb_t step;

    arb_init(step);
    arb_set(kept, x);
    arb_one(step);
    arb_mul_2exp_si(step, step, h);
    arb_add(x, x, step, e->basis.bits);
    az_expansion_update(e, false);
    arb_clear(step);
    return h;
}

/* The column of unknown u: (rows(u + h) - rows(u))/h */
static void unknown_column(az_least *q, az_expansion *e, int u, arb_srcptr value, arb_srcptr y, int n)
{
    const int col = e->basis.layout.n_terms + u;
    arb_ptr moved = _arb_vec_init(q->n_rows);
    arb_t kept;

    arb_init(kept);
    slong h = shift_unknown(e, u, kept);
    evaluate_rows(&(sink){.value = moved}, e, y, n);
    for (int i = 0; i < q->n_rows; i++) {
        arb_sub(moved + i, moved + i, value + i, e->basis.bits);
        arb_mul_2exp_si(moved + i, moved + i, -h);
        arb_get_mid_arb(AZ_LEAST(q, i, col), moved + i);
    }
    arb_set(e->scalar + e->reduced->problem->n_parameters + u, kept);
    az_expansion_update(e, false);
    arb_clear(kept);
    _arb_vec_clear(moved, q->n_rows);
}

/* e += factor*x; false if an unknown leaves its bounds, e then stays as it was. */
static bool move(az_expansion *e, arb_srcptr x, double factor)
{
    const az_problem *p = e->reduced->problem;
    const int terms = e->basis.layout.n_terms, unknowns = az_problem_n_unknowns(p);
    const slong bits = e->basis.bits;
    arb_t t;
    bool inside = true;

    arb_init(t);
    arb_set_d(t, factor);
    for (int i = 0; i < terms + unknowns; i++) {
        arb_ptr to = i < terms ? e->c + i : e->scalar + p->n_parameters + i - terms;
        arb_addmul(to, x + i, t, bits);
        arb_get_mid_arb(to, to);
        if (i < terms) continue;
        const az_scalar_decl *s = &p->scalar[p->n_parameters + i - terms];
        double value = arf_get_d(arb_midref(to), ARF_RND_NEAR);
        inside = inside && value >= s->lo && value <= s->hi;
    }
    arb_clear(t);
    return inside;
}

/* f = F + factor*(its change by the step x, to first order), at every second node. */
static void add_change(acb_ptr f, az_expansion *e, arb_srcptr x, double factor, arb_srcptr y, int n)
{
    const az_problem *p = e->reduced->problem;
    const int terms = e->basis.layout.n_terms, unknowns = az_problem_n_unknowns(p);
    const int half = n / 2;
    const slong bits = e->basis.bits;
    acb_ptr g = _acb_vec_init(half), f0 = _acb_vec_init(half);
    arb_ptr c = e->c;
    arb_t kept, t;

    arb_init(kept);
    arb_init(t);
    az_fit_sample(f0, e, y, n);
    e->c = _arb_vec_init(terms);
    _arb_vec_set(e->c, x, terms);
    az_fit_sample(g, e, y, n);
    _arb_vec_clear(e->c, terms);
    e->c = c;
    arb_set_d(t, factor);
    for (int i = 0; i < half; i++) {
        acb_set(f + i, f0 + i);
        acb_addmul_arb(f + i, g + i, t, bits);
    }
    for (int u = 0; u < unknowns; u++) {
        slong h = shift_unknown(e, u, kept);
        az_fit_sample(g, e, y, n);
        arb_set(e->scalar + p->n_parameters + u, kept);
        az_expansion_update(e, false);
        arb_set_d(t, factor);
        arb_mul(t, t, x + terms + u, bits);
        arb_mul_2exp_si(t, t, -h);
        for (int i = 0; i < half; i++) {
            acb_sub(g + i, g + i, f0 + i, bits);
            acb_addmul_arb(f + i, g + i, t, bits);
        }
    }
    arb_clear(kept);
    arb_clear(t);
    _acb_vec_clear(g, half);
    _acb_vec_clear(f0, half);
}

/* The step as a change of the function: the unknowns move, and the coefficients are fitted to F and its change by the step. Where the exponents
 * move with an unknown, coefficients that nearly cancel make the second order terms of the plain step large; a function has no such terms. */
static bool move_function(az_expansion *e, arb_srcptr x, double factor, arb_srcptr y, int n)
{
    acb_ptr f = _acb_vec_init(n / 2);

    add_change(f, e, x, factor, y, n);
    bool ok = move(e, x, factor) && az_fit(e, y, f, n, 0);
    _acb_vec_clear(f, n / 2);
    return ok;
}

static arb_ptr save(const az_expansion *e)
{
    const az_problem *p = e->reduced->problem;
    const int terms = e->basis.layout.n_terms;
    arb_ptr kept = _arb_vec_init(terms + p->n_scalars);

    _arb_vec_set(kept, e->c, terms);
    _arb_vec_set(kept + terms, e->scalar, p->n_scalars);
    return kept;
}

static void restore(az_expansion *e, arb_srcptr kept)
{
    const int terms = e->basis.layout.n_terms;

    _arb_vec_set(e->c, kept, terms);
    _arb_vec_set(e->scalar, kept + terms, e->reduced->problem->n_scalars);
    az_expansion_update(e, false);
}

/* The step x as far as it lowers the residual: plain where that gives what the linear model promises, else as a change of the function. Returns the new
 * rms, or NaN when none does (e is then as before). */
static double advance(az_expansion *e, arb_srcptr x, double rms, double promised, arb_srcptr y, int n)
{
    arb_ptr kept = save(e);
    double factor = 1, next = move(e, x, 1) ? rms_now(e, y, n) : NAN;
    bool ok = next <= promised;

    for (int i = 0; i < HALVINGS && !ok; i++, factor /= 2) {
        restore(e, kept);
        next = move_function(e, x, factor, y, n) ? rms_now(e, y, n) : NAN;
        ok = next <= promised || next < rms;
    }
    if (!ok) restore(e, kept);
    _arb_vec_clear(kept, e->basis.layout.n_terms + e->reduced->problem->n_scalars);
    return ok ? next : NAN;
}

/* Right side: A c - value. What is solved for are the coefficients themselves and the steps of the unknowns, so that a term can be left out. */
static void put_right_side(az_least *q, arb_ptr value, const az_expansion *e)
{
    for (int i = 0; i < q->n_rows; i++) {
        arb_approx_dot(value + i, value + i, 1, AZ_LEAST(q, i, 0), q->n_rows, e->c, 1, q->n_damped, q->bits);
        arb_neg(value + i, value + i);
        arb_get_mid_arb(AZ_LEAST(q, i, q->n_cols), value + i);
    }
}

/* What the last tenth of the terms is worth, of the head or of the others. */
static double without(const az_least *q, const az_layout *l, bool head)
{
    unsigned char *drop = flint_calloc((size_t)q->n_cols, 1);
    double rms = NAN;

    if (az_layout_shorten(drop, l, head)) az_least_solve(NULL, &rms, q, 0, drop);
    flint_free(drop);
    return rms;
}

/* One linearisation: the step into x, the model's residual and what parts of the basis are worth. Lost where the residual is more than `most`. */
static az_newton_end linearise(az_expansion *e, arb_ptr x, az_newton_result *out, double goal, double most, arb_srcptr y, int n)
{
    const az_problem *p = e->reduced->problem;
    const int terms = e->basis.layout.n_terms, rows = count_rows(e->reduced, n), unknowns = az_problem_n_unknowns(p);
    arb_ptr value = _arb_vec_init(rows);
    az_newton_end end = AZ_NEWTON_DONE;
    double radius;
    az_least q;

    *out = (az_newton_result){.model = NAN, .without_head = NAN, .without_tail = NAN};
    az_least_init(&q, terms + unknowns, terms, rows, e->basis.bits, e->threads);
    az_expansion_update(e, true);
    evaluate_rows(&(sink){.value = value, .q = &q}, e, y, n);
    out->rms = norm(value, rows, e->basis.bits, &radius);
    if (!(out->rms <= most)) end = AZ_NEWTON_LOST;
    else if (radius > RADIUS_SHARE * fmax(out->rms, goal)) end = AZ_NEWTON_BITS;
    if (end == AZ_NEWTON_DONE) {
        for (int u = 0; u < unknowns; u++) unknown_column(&q, e, u, value, y, n);
        put_right_side(&q, value, e);
        az_least_form(&q);
        out->lost = az_least_solve(x, &out->model, &q, 0, NULL);
        if (out->lost < 0) end = AZ_NEWTON_BITS;
    }
    if (end == AZ_NEWTON_DONE) {
        for (int i = 0; i < terms; i++) {
            arb_sub(x + i, x + i, e->c + i, e->basis.bits);
            arb_get_mid_arb(x + i, x + i);
        }
        out->without_head = without(&q, &e->basis.layout, true);
        out->without_tail = without(&q, &e->basis.layout, false);
    }
    az_least_clear(&q);
    _arb_vec_clear(value, rows);
    return end;
}

az_newton_end az_newton(az_expansion *e, az_newton_result *out, arb_srcptr y, int n, const az_newton_options *o)
{
    const az_problem *p = e->reduced->problem;
    const slong cols = e->basis.layout.n_terms + az_problem_n_unknowns(p);
    arb_ptr x = _arb_vec_init(cols);
    az_newton_end end = AZ_NEWTON_DONE;

    for (int i = 0; i < o->max_iterations; i++) {
        end = linearise(e, x, out, o->goal, i ? INFINITY : o->most, y, n);
        if (end != AZ_NEWTON_DONE) break;
        const double promised = fmax(LINEAR * out->model, o->goal), next = advance(e, x, out->rms, promised, y, n);
        bool linear = next <= promised || out->rms <= promised, last = isnan(next);
        if (last && i == 0 && !(out->rms <= NEAR * out->model)) end = AZ_NEWTON_LOST;
        if (!last) out->rms = next;
        if (o->tell(o->data, e, out->rms)) end = AZ_NEWTON_STOPPED;
        if (linear || last || end != AZ_NEWTON_DONE) break;
    }
    _arb_vec_clear(x, cols);
    return end;
}

az_newton_end az_newton_promise(az_expansion *e, az_newton_result *out, double goal, arb_srcptr y, int n)
{
    arb_ptr x = _arb_vec_init(e->basis.layout.n_terms + az_problem_n_unknowns(e->reduced->problem));
    az_newton_end end = linearise(e, x, out, goal, INFINITY, y, n);

    _arb_vec_clear(x, e->basis.layout.n_terms + az_problem_n_unknowns(e->reduced->problem));
    return end;
}

double az_largest_residual(az_expansion *e, arb_srcptr y, int n)
{
    const int rows = count_rows(e->reduced, n);
    arb_ptr value = _arb_vec_init(rows);
    double largest = 0;
    mag_t m;

    mag_init(m);
    az_expansion_update(e, false);
    evaluate_rows(&(sink){.value = value}, e, y, n);
    for (int i = 0; i < rows; i++) {
        arb_get_mag(m, value + i);
        double size = mag_get_d(m);
        if (!(size <= largest)) largest = size;
    }
    mag_clear(m);
    _arb_vec_clear(value, rows);
    return largest;
}
