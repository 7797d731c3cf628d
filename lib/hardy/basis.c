/* basis.c: the terms s^beta z^k of the expansion, their derivatives and primitives at a point. */
#include "hardy/hardy.h"

#include <math.h>
#include <string.h>

#define NEAR_INTEGER 1e-6 /* exponents nearer than this to an integer distance give terms that depend on each other to 6 digits */

static double exponent(int j, double delta)
{
    return j ? j * delta : 2;
}

/* s^beta (1 + z)^n/2^n is s^(beta + n), so that a sector whose exponent lies an integer above another's adds nothing. */
static bool repeats(const az_layout *l, int j, double delta)
{
    for (int i = 0; i < l->n_sectors; i++) {
        double distance = exponent(j, delta) - exponent(l->sector[i], delta);
        if (fabs(distance - round(distance)) < NEAR_INTEGER) return true;
    }
    return false;
}

static void add_sector(az_layout *l, int j, double delta)
{
    if (l->n_sectors < AZ_MAX_SECTORS && !repeats(l, j, delta)) l->sector[l->n_sectors++] = j;
}

/* Sectors by increasing exponent. The head share goes to the first, the rest to all in shares that fall linearly. */
void az_layout_choose(az_layout *l, int n, double delta, const az_shape *shape)
{
    int left = n - (int)(shape->head * n), depth = (int)lround(shape->depth * sqrt(left)), total = 0;

    *l = (az_layout){0};
    if (depth < 2) depth = 2;
    for (int j = 1; j <= depth; j++) {
        if (j * delta > 2 && (j == 1 || (j - 1) * delta <= 2)) add_sector(l, 0, delta);
        add_sector(l, j, delta);
    }
    if (depth * delta <= 2) add_sector(l, 0, delta);
    for (int i = 0; i < l->n_sectors; i++) total += l->n_sectors - i;
    for (int i = 0; i < l->n_sectors; i++) {
        l->count[i] = (left * (l->n_sectors - i) + total / 2) / total + (i ? 0 : n - left);
        if (l->count[i] < 1) l->count[i] = 1;
        l->n_terms += l->count[i];
    }
}

bool az_layout_shorten(unsigned char *drop, const az_layout *l, bool head)
{
    const int first = l->count[0], others = l->n_terms - first, smaller = first < others ? first : others;
    const int n = l->n_terms / 10 < smaller / 2 ? l->n_terms / 10 : smaller / 2;
    int at = first, before = 0;

    if (n < 1) return false;
    if (head) {
        memset(drop + first - n, 1, (size_t)n);
        return true;
    }
    for (int i = 1; i < l->n_sectors; at += l->count[i++]) { /* sector i loses its share, rounded so that the sum is n */
        const int after = (int)((long)n * (at + l->count[i] - first) / others);
        memset(drop + at + l->count[i] - (after - before), 1, (size_t)(after - before));
        before = after;
    }
    return true;
}

/* Taylor coefficients in y of s and of s^2/z, from ds/dy = -(i/m) s^2: s_l = s (-i s/m)^l, and (s^2/z) (2 s - 1) = s^2. */
static void point_series(acb_ptr s, acb_ptr u, const az_basis *b, const arb_t y)
{
    acb_t z, ratio;

    acb_init(z);
    acb_init(ratio);
    arb_one(acb_realref(z));
    arb_div(acb_imagref(z), y, b->scale, b->bits);
    acb_inv(s, z, b->bits);
    acb_div_arb(ratio, s, b->scale, b->bits);
    acb_div_onei(ratio, ratio);
    for (int l = 1; l < b->orders; l++) acb_mul(s + l, s + l - 1, ratio, b->bits);
    acb_mul_2exp_si(z, s, 1);
    acb_sub_ui(z, z, 1, b->bits);
    for (int l = 0; l < b->orders; l++) { /* u_l z = (s^2)_l - 2 sum_(i >= 1) s_i u_(l-i) */
        acb_dot(u + l, NULL, 0, s, 1, s + l, -1, l + 1, b->bits);
        for (int i = 1; i <= l; i++) {
            acb_mul_2exp_si(ratio, s + i, 1);
            acb_submul(u + l, ratio, u + l - i, b->bits);
        }
        acb_div(u + l, u + l, z, b->bits);
    }
    acb_clear(z);
    acb_clear(ratio);
}

/* f = s^beta z^k from its value f[0] on: f' = g f with g = -(i/m)(beta s + 2 k s^2/z); then times l!, derivatives. g is scratch. */
static void derivatives(acb_ptr f, acb_ptr g, acb_srcptr s, acb_srcptr u, const arb_t beta, slong k, const az_basis *b)
{
    for (int l = 0; l + 1 < b->orders; l++) {
        acb_mul_arb(g + l, s + l, beta, b->bits);
        acb_addmul_ui(g + l, u + l, (ulong)(2 * k), b->bits);
        acb_div_arb(g + l, g + l, b->scale, b->bits);
        acb_div_onei(g + l, g + l);
        acb_dot(f + l + 1, NULL, 0, f, 1, g + l, -1, l + 1, b->bits);
        acb_div_ui(f + l + 1, f + l + 1, (ulong)l + 1, b->bits);
    }
    for (slong l = 2, factorial = 2; l < b->orders; factorial *= ++l) acb_mul_si(f + l, f + l, factorial, b->bits);
}

/* i m (s^(beta-1) - 1)/(beta - 1), which is i m log(s) at beta = 1; log_s = log s. */
static void first_primitive(acb_t out, const arb_t beta, const acb_t log_s, const az_basis *b)
{
    acb_t w, e;

    acb_init(w);
    acb_init(e);
    acb_set_arb(w, beta);
    acb_sub_ui(w, w, 1, b->bits);
    acb_mul(w, w, log_s, b->bits);
    acb_expm1(e, w, b->bits);
    if (acb_is_zero(w)) acb_one(e);
    else acb_div(e, e, w, b->bits);
    acb_mul(out, e, log_s, b->bits);
    acb_mul_arb(out, out, b->scale, b->bits);
    acb_mul_onei(out, out);
    acb_clear(w);
    acb_clear(e);
}

typedef struct point { /* what all terms at one y share */
    acb_t s_inverse, z, log_s, t;
    acb_ptr s, u, g;
    arb_t beta, d;
} point;

static void point_init(point *p, const az_basis *b, const arb_t y)
{
    acb_init(p->s_inverse);
    acb_init(p->z);
    acb_init(p->log_s);
    acb_init(p->t);
    arb_init(p->beta);
    arb_init(p->d);
    p->s = _acb_vec_init(b->orders);
    p->u = _acb_vec_init(b->orders);
    p->g = _acb_vec_init(b->orders);
    point_series(p->s, p->u, b, y);
    acb_mul_2exp_si(p->z, p->s, 1);
    acb_sub_ui(p->z, p->z, 1, b->bits);
    acb_log(p->log_s, p->s, b->bits);
    arb_one(acb_realref(p->s_inverse));
    arb_div(acb_imagref(p->s_inverse), y, b->scale, b->bits);
}

static void point_clear(point *p, const az_basis *b)
{
    acb_clear(p->s_inverse);
    acb_clear(p->z);
    acb_clear(p->log_s);
    acb_clear(p->t);
    arb_clear(p->beta);
    arb_clear(p->d);
    _acb_vec_clear(p->s, b->orders);
    _acb_vec_clear(p->u, b->orders);
    _acb_vec_clear(p->g, b->orders);
}

/* I_k from I_(k-1): (k + beta - 1) I_k = i m (s^(beta-1) z^k - 1) - k I_(k-1) */
static void next_primitive(acb_t out, const acb_t last, const acb_t term, slong k, point *p, const az_basis *b)
{
    acb_mul(p->t, term, p->s_inverse, b->bits);
    acb_sub_ui(p->t, p->t, 1, b->bits);
    acb_mul_arb(p->t, p->t, b->scale, b->bits);
    acb_mul_onei(p->t, p->t);
    acb_submul_ui(p->t, last, (ulong)k, b->bits);
    arb_add_si(p->d, p->beta, k - 1, b->bits);
    acb_div_arb(out, p->t, p->d, b->bits);
}

void az_basis_values(acb_ptr value, const az_basis *b, const arb_t y)
{
    const int stride = b->orders + 1;
    acb_ptr v = value;
    point p;

    point_init(&p, b, y);
    for (int i = 0; i < b->layout.n_sectors; i++) {
        int j = b->layout.sector[i];
        if (j) arb_mul_si(p.beta, b->delta, j, b->bits);
        else arb_set_ui(p.beta, 2);
        for (int k = 0; k < b->layout.count[i]; k++, v += stride) {
            if (k) {
                acb_mul(v, v - stride, p.z, b->bits);
                next_primitive(v + b->orders, v - 1, v, k, &p, b);
            } else {
                acb_mul_arb(v, p.log_s, p.beta, b->bits);
                acb_exp(v, v, b->bits);
                first_primitive(v + b->orders, p.beta, p.log_s, b);
            }
            derivatives(v, p.g, p.s, p.u, p.beta, k, b);
        }
    }
    point_clear(&p, b);
}
