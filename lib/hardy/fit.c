/* fit.c: the nearest expansion to a function that is known at nodes, in the relative sense in which the rows are judged. A change of terms or of the
 * length m moves coefficients of size 1e10 against each other: they are fitted anew, never carried over. */
#include "hardy/hardy.h"

/* Row i of q: real or imaginary parts of the terms over size = the right side. */
static void put_row(az_least *q, int row, const az_scratch *s, bool real, const arb_t target, const arb_t size)
{
    for (int k = 0; k < q->n_cols; k++) {
        acb_srcptr v = s->basis + (slong)k * s->n_f;
        arb_div(AZ_LEAST(q, row, k), real ? acb_realref(v) : acb_imagref(v), size, q->bits);
        arb_get_mid_arb(AZ_LEAST(q, row, k), AZ_LEAST(q, row, k));
    }
    arb_div(AZ_LEAST(q, row, q->n_cols), target, size, q->bits);
    arb_get_mid_arb(AZ_LEAST(q, row, q->n_cols), AZ_LEAST(q, row, q->n_cols));
}

static bool solve(az_expansion *e, az_least *q, double tau)
{
    double rms;

    az_least_form(q);
    bool ok = az_least_solve(e->c, &rms, q, tau, NULL) >= 0;
    az_least_clear(q);
    return ok;
}

bool az_fit_real(az_expansion *e, arb_srcptr y, const double *x, int n, double tau)
{
    az_least q;

    az_least_init(&q, e->basis.layout.n_terms, e->basis.layout.n_terms, n, e->basis.bits, e->threads);
    az_expansion_update(e, false);
#pragma omp parallel num_threads(e->threads)
    {
        az_scratch s;
        arb_t target;
        arb_init(target);
        az_scratch_init(&s, e);
#pragma omp for schedule(static)
        for (int i = 0; i < n; i++) {
            az_basis_values(s.basis, &e->basis, y + i);
            arb_set_d(target, x[i]);
            put_row(&q, i, &s, false, target, target);
        }
        az_scratch_clear(&s);
        arb_clear(target);
    }
    return solve(e, &q, tau);
}

bool az_fit(az_expansion *e, arb_srcptr y, acb_srcptr f, int n, double tau)
{
    const int half = n / 2;
    az_least q;

    az_least_init(&q, e->basis.layout.n_terms, e->basis.layout.n_terms, 2 * half, e->basis.bits, e->threads);
    az_expansion_update(e, false);
#pragma omp parallel num_threads(e->threads)
    {
        az_scratch s;
        arb_t size;
        arb_init(size);
        az_scratch_init(&s, e);
#pragma omp for schedule(static)
        for (int i = 0; i < half; i++) {
            az_basis_values(s.basis, &e->basis, y + 2 * i);
            acb_abs(size, f + i, e->basis.bits);
            put_row(&q, 2 * i, &s, false, acb_imagref(f + i), size);
            put_row(&q, 2 * i + 1, &s, true, acb_realref(f + i), size);
        }
        az_scratch_clear(&s);
        arb_clear(size);
    }
    return solve(e, &q, tau);
}

void az_fit_sample(acb_ptr f, const az_expansion *e, arb_srcptr y, int n)
{
#pragma omp parallel num_threads(e->threads)
    {
        az_scratch s;
        az_scratch_init(&s, e);
#pragma omp for schedule(static)
        for (int i = 0; i < n / 2; i++) {
            az_expansion_at(&s, e, y + 2 * i);
            acb_set(f + i, s.f);
        }
        az_scratch_clear(&s);
    }
}
