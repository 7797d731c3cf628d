/* form.c: values of expressions in Arb, and their gradients with respect to the coefficients by one reverse sweep: an expression depends on the
 * coefficients through few leaves (X, its derivatives, Hilbert transform and primitives), each of them linear in the terms. */
#include "hardy/hardy.h"

#include <arb_hypgeom.h>
#include <math.h>
#include <string.h>

#define WRITTEN_DIGITS 15 /* any decimal with so many digits survives in a double */

bool az_written_number(arb_t out, double value, slong bits)
{
    char text[32];
    int digits = 0;

    if (value == M_PI) {
        arb_const_pi(out, bits);
        return true;
    }
    az_expr_number(text, value);
    arb_set_str(out, text, bits);
    for (const char *s = text; *s && *s != 'e'; s++) digits += *s >= '0' && *s <= '9' && (digits || *s != '0');
    return digits <= WRITTEN_DIGITS || value == floor(value);
}

void az_expansion_init(az_expansion *e, const az_reduced *r, slong bits, int threads)
{
    *e = (az_expansion){.reduced = r, .threads = threads};
    arb_init(e->basis.delta);
    arb_init(e->basis.scale);
    arb_init(e->gauge);
    e->scalar = _arb_vec_init(r->problem->n_scalars);
    e->constant = _arb_vec_init(r->graph.n);
    e->at = _arb_vec_init(r->n_values);
    e->basis.orders = r->orders;
    az_expansion_set_layout(e, &(az_layout){0});
    az_expansion_set_bits(e, bits);
}

void az_expansion_clear(az_expansion *e)
{
    const az_reduced *r = e->reduced;
    const slong n = e->basis.layout.n_terms;

    arb_clear(e->basis.delta);
    arb_clear(e->basis.scale);
    arb_clear(e->gauge);
    _arb_vec_clear(e->scalar, r->problem->n_scalars);
    _arb_vec_clear(e->constant, r->graph.n);
    _arb_vec_clear(e->at, r->n_values);
    _arb_vec_clear(e->at_gradient, r->n_values * n);
    _arb_vec_clear(e->c, n);
}

void az_expansion_set_layout(az_expansion *e, const az_layout *l)
{
    const slong values = e->reduced->n_values;

    if (e->c) _arb_vec_clear(e->c, e->basis.layout.n_terms);
    if (e->at_gradient) _arb_vec_clear(e->at_gradient, values * e->basis.layout.n_terms);
    e->basis.layout = *l;
    e->c = _arb_vec_init(l->n_terms);
    e->at_gradient = _arb_vec_init(values * l->n_terms);
}

void az_expansion_set_bits(az_expansion *e, slong bits)
{
    const az_reduced *r = e->reduced;

    e->basis.bits = bits;
    for (int i = 0; i < r->graph.n; i++)
        if (r->graph.node[i].op == AZ_CONST) az_written_number(e->constant + i, r->graph.node[i].value, bits);
    const az_problem *p = r->problem;
    for (int i = 0; i < p->n_parameters; i++) az_written_number(e->scalar + i, p->scalar[i].value, bits);
    for (int i = az_problem_first_defect(p); i < p->n_scalars; i++) az_written_number(e->scalar + i, p->scalar[i].value, bits); /* held */
}

void az_expansion_update(az_expansion *e, bool gradients)
{
    const az_reduced *r = e->reduced;
    az_scratch s;
    arb_t y;

    arb_init(y);
    az_scratch_init(&s, e);
    az_form_value(e->basis.delta, NULL, &s, e, &r->exponent, y);
    arb_get_mid_arb(e->basis.delta, e->basis.delta);
    for (int i = 0; i < r->n_values; i++) {
        az_written_number(y, r->value[i].x, e->basis.bits);
        az_expansion_at(&s, e, y);
        az_form_value(e->at + i, gradients ? e->at_gradient + (slong)i * e->basis.layout.n_terms : NULL, &s, e, &r->value[i], y);
    }
    az_scratch_clear(&s);
    arb_clear(y);
}

void az_scratch_init(az_scratch *s, const az_expansion *e)
{
    s->n_f = e->basis.orders + 1;
    s->n_basis = e->basis.layout.n_terms * s->n_f;
    s->n_nodes = e->reduced->graph.n;
    s->basis = _acb_vec_init(s->n_basis);
    s->f = _acb_vec_init(s->n_f);
    s->value = _arb_vec_init(s->n_nodes);
    s->slope = _arb_vec_init(s->n_nodes);
    arb_init(s->t);
    arb_init(s->u);
}

void az_scratch_clear(az_scratch *s)
{
    _acb_vec_clear(s->basis, s->n_basis);
    _acb_vec_clear(s->f, s->n_f);
    _arb_vec_clear(s->value, s->n_nodes);
    _arb_vec_clear(s->slope, s->n_nodes);
    arb_clear(s->t);
    arb_clear(s->u);
}

/* Real or imaginary parts of a column of the basis, n_f apart: an acb is two arb. */
static arb_srcptr part(const az_scratch *s, int column, bool real)
{
    return real ? acb_realref(s->basis + column) : acb_imagref(s->basis + column);
}

void az_expansion_at(az_scratch *s, const az_expansion *e, const arb_t y)
{
    const int n = e->basis.layout.n_terms;

    az_basis_values(s->basis, &e->basis, y);
    for (int k = 0; k < s->n_f; k++) {
        arb_dot(acb_realref(s->f + k), NULL, 0, e->c, 1, part(s, k, true), 2 * s->n_f, n, e->basis.bits);
        arb_dot(acb_imagref(s->f + k), NULL, 0, e->c, 1, part(s, k, false), 2 * s->n_f, n, e->basis.bits);
    }
}

static int atom_column(const az_reduced *r, const az_atom *a)
{
    return a->kind == AZ_ATOM_PX || a->kind == AZ_ATOM_PH ? r->orders : a->order;
}

static bool atom_real(const az_atom *a)
{
    return a->kind == AZ_ATOM_H || a->kind == AZ_ATOM_PH;
}

typedef void (*arb_function)(arb_t, const arb_t, slong);
static const arb_function function[AZ_N_FUNC] = {
    [AZ_F_EXP] = arb_exp,   [AZ_F_EXPM1] = arb_expm1, [AZ_F_LOG] = arb_log,   [AZ_F_LOG1P] = arb_log1p, [AZ_F_SQRT] = arb_sqrt,
    [AZ_F_SIN] = arb_sin,   [AZ_F_COS] = arb_cos,     [AZ_F_TAN] = arb_tan,   [AZ_F_SINH] = arb_sinh,   [AZ_F_COSH] = arb_cosh,
    [AZ_F_TANH] = arb_tanh, [AZ_F_SECH] = arb_sech, [AZ_F_ASIN] = arb_asin,   [AZ_F_ACOS] = arb_acos, [AZ_F_ATAN] = arb_atan,   [AZ_F_ASINH] = arb_asinh,
    [AZ_F_ATANH] = arb_atanh, [AZ_F_ERF] = arb_hypgeom_erf,
};

/* d = c0 + c1 x^2 */
static void quadratic(arb_t d, slong c0, slong c1, const arb_t x, slong bits)
{
    arb_mul(d, x, x, bits);
    arb_mul_si(d, d, c1, bits);
    arb_add_si(d, d, c0, bits);
}

/* d = f'(a); v is f(a) */
static void function_slope(arb_t d, az_func f, const arb_t a, const arb_t v, slong bits)
{
    switch (f) {
    case AZ_F_EXP: arb_set(d, v); return;
    case AZ_F_EXPM1: arb_add_ui(d, v, 1, bits); return;
    case AZ_F_LOG: arb_inv(d, a, bits); return;
    case AZ_F_LOG1P:
        arb_add_ui(d, a, 1, bits);
        arb_inv(d, d, bits);
        return;
    case AZ_F_SQRT:
        arb_mul_2exp_si(d, v, 1);
        arb_inv(d, d, bits);
        return;
    case AZ_F_SIN: arb_cos(d, a, bits); return;
    case AZ_F_COS:
        arb_sin(d, a, bits);
        arb_neg(d, d);
        return;
    case AZ_F_TAN: quadratic(d, 1, 1, v, bits); return;
    case AZ_F_SINH: arb_cosh(d, a, bits); return;
    case AZ_F_COSH: arb_sinh(d, a, bits); return;
    case AZ_F_TANH: quadratic(d, 1, -1, v, bits); return;
    case AZ_F_SECH:
        arb_tanh(d, a, bits);
        arb_mul(d, d, v, bits);
        arb_neg(d, d);
        return;
    case AZ_F_ASIN:
    case AZ_F_ACOS:
        quadratic(d, 1, -1, a, bits);
        arb_rsqrt(d, d, bits);
        if (f == AZ_F_ACOS) arb_neg(d, d);
        return;
    case AZ_F_ATAN:
    case AZ_F_ATANH:
        quadratic(d, 1, f == AZ_F_ATAN ? 1 : -1, a, bits);
        arb_inv(d, d, bits);
        return;
    case AZ_F_ASINH:
        quadratic(d, 1, 1, a, bits);
        arb_rsqrt(d, d, bits);
        return;
    case AZ_F_ERF: {
        arb_t root;
        arb_init(root);
        arb_const_sqrt_pi(root, bits);
        arb_mul(d, a, a, bits);
        arb_neg(d, d);
        arb_exp(d, d, bits);
        arb_mul_2exp_si(d, d, 1);
        arb_div(d, d, root, bits);
        arb_clear(root);
        return;
    }
    case AZ_N_FUNC: break;
    }
}

static void node_value(az_scratch *s, const az_expansion *e, int i, const arb_t y)
{
    const az_reduced *r = e->reduced;
    const az_node *t = &r->graph.node[i];
    const slong bits = e->basis.bits;
    arb_ptr v = s->value + i;
    arb_srcptr a = t->a >= 0 ? s->value + t->a : NULL, b = t->b >= 0 ? s->value + t->b : NULL;

    if (r->atom_of[i] >= 0) {
        const az_atom *atom = &r->atom[r->atom_of[i]];
        acb_srcptr f = s->f + atom_column(r, atom);
        arb_set(v, atom_real(atom) ? acb_realref(f) : acb_imagref(f));
        return;
    }
    switch (t->op) {
    case AZ_CONST: arb_set(v, e->constant + i); break;
    case AZ_COORD: arb_set(v, y); break;
    case AZ_SCALAR: arb_set(v, e->scalar + t->index); break;
    case AZ_AT: arb_set(v, e->at + r->value_of[i]); break;
    case AZ_ADD: arb_add(v, a, b, bits); break;
    case AZ_SUB: arb_sub(v, a, b, bits); break;
    case AZ_MUL: arb_mul(v, a, b, bits); break;
    case AZ_DIV: arb_div(v, a, b, bits); break;
    case AZ_NEG: arb_neg(v, a); break;
    case AZ_POW: arb_pow(v, a, b, bits); break;
    case AZ_FUNC: function[t->index](v, a, bits); break;
    case AZ_TRIAL:
    case AZ_D:
    case AZ_HILBERT:
    case AZ_PRIMITIVE: arb_indeterminate(v); break; /* atoms, met above */
    }
}

/* Hands the slope of node i down to its children. */
static void node_slope(az_scratch *s, const az_expansion *e, int i)
{
    const az_node *t = &e->reduced->graph.node[i];
    const slong bits = e->basis.bits;
    arb_srcptr d = s->slope + i, a = t->a >= 0 ? s->value + t->a : NULL, b = t->b >= 0 ? s->value + t->b : NULL;
    arb_ptr da = t->a >= 0 ? s->slope + t->a : NULL, db = t->b >= 0 ? s->slope + t->b : NULL;

    switch (t->op) {
    case AZ_ADD:
    case AZ_SUB:
        arb_add(da, da, d, bits);
        if (t->op == AZ_ADD) arb_add(db, db, d, bits);
        else arb_sub(db, db, d, bits);
        break;
    case AZ_MUL:
        arb_addmul(da, d, b, bits);
        arb_addmul(db, d, a, bits);
        break;
    case AZ_DIV: /* (a/b)' = (a' - (a/b) b')/b */
        arb_div(s->t, d, b, bits);
        arb_add(da, da, s->t, bits);
        arb_submul(db, s->t, s->value + i, bits);
        break;
    case AZ_NEG: arb_sub(da, da, d, bits); break;
    case AZ_POW:
        arb_sub_ui(s->t, b, 1, bits);
        arb_pow(s->t, a, s->t, bits);
        arb_mul(s->t, s->t, b, bits);
        arb_addmul(da, d, s->t, bits);
        break;
    case AZ_FUNC:
        function_slope(s->t, (az_func)t->index, a, s->value + i, bits);
        arb_addmul(da, d, s->t, bits);
        break;
    default: break;
    }
}

/* gradient[n] += d * (real or imaginary part of a column of the basis) */
static void add_terms(arb_ptr gradient, const az_scratch *s, const az_expansion *e, const arb_t d, const az_atom *a)
{
    arb_srcptr term = part(s, atom_column(e->reduced, a), atom_real(a));

    for (int n = 0; n < e->basis.layout.n_terms; n++) arb_addmul(gradient + n, d, term + 2 * s->n_f * n, e->basis.bits);
}

static void form_gradient(arb_ptr gradient, az_scratch *s, const az_expansion *e, const az_form *f)
{
    const az_reduced *r = e->reduced;
    const int n = e->basis.layout.n_terms;

    for (int k = 0; k < f->n; k++) arb_zero(s->slope + f->list[k]);
    _arb_vec_zero(gradient, n);
    arb_one(s->slope + f->root);
    for (int k = f->n - 1; k >= 0; k--) {
        int i = f->list[k];
        if (r->atom_of[i] >= 0) add_terms(gradient, s, e, s->slope + i, &r->atom[r->atom_of[i]]);
        else if (r->value_of[i] >= 0)
            for (int m = 0; m < n; m++)
                arb_addmul(gradient + m, s->slope + i, e->at_gradient + (slong)r->value_of[i] * n + m, e->basis.bits);
        else node_slope(s, e, i);
    }
}

void az_form_value(arb_t out, arb_ptr gradient, az_scratch *s, const az_expansion *e, const az_form *f, const arb_t y)
{
    for (int k = 0; k < f->n; k++) node_value(s, e, f->list[k], y);
    arb_set(out, s->value + f->root);
    if (gradient) form_gradient(gradient, s, e, f);
}
