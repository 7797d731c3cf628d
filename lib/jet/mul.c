/* mul.c: product, its adjoint, and quotient. Truncated convolution over the layout's product table; short univariate jets, the common case,
 * stay in registers. */
#include "jet/kernel.h"

#define LINE_MAX 6 /* longest univariate jet whose factors and sum fit in 16 registers, but for a few spills */

static bool all_present(int n, double *const a[])
{
    for (int i = 0; i < n; i++)
        if (!a[i]) return false;
    return true;
}

static inline __attribute__((always_inline)) void line_mul(const int n, double *const c[], double *const a[], double *const b[])
{
    AZ_EACH_VEC(i) {
        az_vec x[LINE_MAX], y[LINE_MAX];
        for (int k = 0; k < n; k++) {
            x[k] = az_load(a[k] + i);
            y[k] = az_load(b[k] + i);
        }
        for (int k = 0; k < n; k++) {
            az_vec s = x[0] * y[k];
            for (int j = 1; j <= k; j++) s += x[j] * y[k - j];
            az_store(c[k] + i, s);
        }
    }
}

static inline __attribute__((always_inline)) void line_adjoint(const int n, double *const abar[], double *const cbar[], double *const b[])
{
    AZ_EACH_VEC(i) {
        az_vec x[LINE_MAX], y[LINE_MAX];
        for (int k = 0; k < n; k++) {
            x[k] = az_load(cbar[k] + i);
            y[k] = az_load(b[k] + i);
        }
        for (int k = 0; k < n; k++) {
            az_vec s = az_load(abar[k] + i);
            for (int j = 0; k + j < n; j++) s += x[k + j] * y[j];
            az_store(abar[k] + i, s);
        }
    }
}

/* The switches turn n into a constant, so that the loops above unroll. */
static bool try_line_mul(const az_layout *l, double *const c[], double *const a[], double *const b[])
{
    if (l->dim > 1 || l->n > LINE_MAX || !all_present(l->n, c) || !all_present(l->n, a) || !all_present(l->n, b)) return false;
    switch (l->n) {
    case 1: line_mul(1, c, a, b); break;
    case 2: line_mul(2, c, a, b); break;
    case 3: line_mul(3, c, a, b); break;
    case 4: line_mul(4, c, a, b); break;
    case 5: line_mul(5, c, a, b); break;
    default: line_mul(LINE_MAX, c, a, b); break;
    }
    return true;
}

static bool try_line_adjoint(const az_layout *l, double *const abar[], double *const cbar[], double *const b[])
{
    if (l->dim > 1 || l->n > LINE_MAX || !all_present(l->n, abar) || !all_present(l->n, cbar) || !all_present(l->n, b)) return false;
    switch (l->n) {
    case 1: line_adjoint(1, abar, cbar, b); break;
    case 2: line_adjoint(2, abar, cbar, b); break;
    case 3: line_adjoint(3, abar, cbar, b); break;
    case 4: line_adjoint(4, abar, cbar, b); break;
    case 5: line_adjoint(5, abar, cbar, b); break;
    default: line_adjoint(LINE_MAX, abar, cbar, b); break;
    }
    return true;
}

void az_jet_mul(const az_layout *l, double *const c[], double *const a[], double *const b[])
{
    if (try_line_mul(l, c, a, b)) return;
    for (int p = 0; p < l->n_prod;) {
        const int k = l->prod[p].c;
        az_terms t;
        t.n = 0;
        for (; p < l->n_prod && l->prod[p].c == k; p++) az_terms_add(&t, a[l->prod[p].a], b[l->prod[p].b], 1);
        if (c[k]) az_terms_sum(c[k], &t);
    }
}

/* One cbar_c at a time stays in registers; it meets each abar_a at most once. */
static void scatter(double *const abar[], const double *cbar, const az_terms *t, const short *to)
{
    for (int i = 0; i < AZ_LANES; i += AZ_BLOCK * AZ_VEC) {
        az_vec s[AZ_BLOCK];
#pragma GCC unroll 8
        for (int j = 0; j < AZ_BLOCK; j++) s[j] = az_load(cbar + i + j * AZ_VEC);
        for (int k = 0; k < t->n; k++) {
            const double *g = t->g[k] + i;
            double *x = abar[to[k]] + i;
#pragma GCC unroll 8
            for (int j = 0; j < AZ_BLOCK; j++) az_store(x + j * AZ_VEC, az_load(x + j * AZ_VEC) + s[j] * az_load(g + j * AZ_VEC));
        }
    }
}

void az_jet_mul_adjoint(const az_layout *l, double *const abar[], double *const cbar[], double *const b[])
{
    if (try_line_adjoint(l, abar, cbar, b)) return;
    for (int p = 0; p < l->n_prod;) {
        const int k = l->prod[p].c;
        short to[AZ_MAX_JET];
        az_terms t;
        t.n = 0;
        for (; p < l->n_prod && l->prod[p].c == k; p++) {
            to[t.n] = l->prod[p].a;
            az_terms_add(&t, abar[l->prod[p].a], b[l->prod[p].b], 1);
        }
        if (cbar[k]) scatter(abar, cbar[k], &t, to);
    }
}

/* c b = a solved degree by degree: c_k = (a_k - sum over j != 0 of b_j c_{k-j}) / b_0. A missing c_k is identically zero. */
void az_jet_div(const az_layout *l, double *const c[], double *const a[], double *const b[])
{
    static const _Alignas(64) double zero[AZ_LANES];
    const double *b0 = b[0] ? b[0] : zero;

    for (int p = 0; p < l->n_prod;) {
        const int k = l->prod[p].c;
        az_terms t;
        t.n = 0;
        for (; p < l->n_prod && l->prod[p].c == k; p++)
            if (l->prod[p].a) az_terms_add(&t, b[l->prod[p].a], c[l->prod[p].b], 1);
        if (!c[k]) continue;
        const double *ak = a[k] ? a[k] : zero;
        az_terms_sum(c[k], &t);
        AZ_EACH_VEC(i) az_store(c[k] + i, (az_load(ak + i) - az_load(c[k] + i)) / az_load(b0 + i));
    }
}

void az_jet_table(double *p[], const az_layout *l, double *base)
{
    for (int c = 0; c < l->n; c++) p[c] = base + (size_t)c * AZ_LANES;
}

void az_jet_product(const az_layout *l, double *c, double *a, double *b)
{
    double *pc[AZ_MAX_JET], *pa[AZ_MAX_JET], *pb[AZ_MAX_JET];

    az_jet_table(pc, l, c);
    az_jet_table(pa, l, a);
    az_jet_table(pb, l, b);
    az_jet_mul(l, pc, pa, pb);
}
