/* polish.c: a result solved again in the space of elements. Its trials are fitted at points of the elements, with as many derivatives as neighbours
 * share; from there Newton's method (Levenberg's with next to no damping) needs a few iterations. */
#include "solve/square.h"

#include "trial/element.h"

#include <math.h>
#include <string.h>

/* c[0..order] in z from d[m] = m-th derivative in y at y(z): the Taylor polynomial in y composed with that of y(z0 + t) - y(z0). */
static void to_z(double *c, const double *d, int order, double length, double z)
{
    double step[AZ_MESH_MAX_SMOOTH] = {0}, power[AZ_MESH_MAX_SMOOTH] = {1}, next[AZ_MESH_MAX_SMOOTH], factorial = 1;
    for (int k = 1; k <= order; k++) {
        factorial *= k;
        step[k] = length > 0 ? length * (k % 2 ? cosh(z) : sinh(z)) / factorial : k == 1;
    }
    memset(c, 0, sizeof *c * (size_t)(order + 1));
    factorial = 1;
    for (int m = 0; m <= order; m++) {
        if (m) factorial *= m;
        for (int k = 0; k <= order; k++) c[k] += d[m] / factorial * power[k];
        for (int k = 0; k <= order; k++) {
            next[k] = 0;
            for (int j = 1; j <= k; j++) next[k] += step[j] * power[k - j];
        }
        memcpy(power, next, sizeof power);
    }
}

/* Taylor coefficients in z of trial t of `from` at the n points of a mesh: sample[n][smooth]. */
static az_status samples(double *sample, const az_result *from, int t, const az_mesh *m, az_error *err)
{
    int n = az_element_n_samples(m), k = m->smooth;
    double *z = az_doubles((size_t)n), *y = az_doubles((size_t)n), *d = az_doubles((size_t)n * (size_t)k);
    az_status st = z && y && d ? AZ_OK : az_fail(err, AZ_ENOMEM, "out of memory");
    if (!st) az_element_samples(m, z);
    for (int i = 0; i < n && !st; i++) y[i] = m->length > 0 ? m->length * sinh(z[i]) : z[i];
    for (int order = 0; order < k && !st; order++) st = az_run_eval(from, d + order * n, from->problem->trial[t].name, y, n, &order, err);
    for (int i = 0; i < n && !st; i++) {
        double at[AZ_MESH_MAX_SMOOTH];
        for (int j = 0; j < k; j++) at[j] = d[j * n + i];
        to_z(sample + i * k, at, k - 1, m->length, z[i]);
    }
    az_doubles_free(z);
    az_doubles_free(y);
    az_doubles_free(d);
    return st;
}

/* The last stage of trial t of r. */
static az_status fit(az_result *r, const az_result *from, int t, az_error *err)
{
    az_network *net = &r->trial[t].stage[r->trial[t].n_stages - 1];
    if (net->mesh.modes) return az_square_fit(net, from, t, err);
    double *sample = az_doubles((size_t)az_element_n_samples(&net->mesh) * (size_t)net->mesh.smooth);
    if (!sample) return az_fail(err, AZ_ENOMEM, "out of memory");
    az_status st = samples(sample, from, t, &net->mesh, err);
    if (!st && az_element_fit(net, sample)) st = az_fail(err, AZ_ENOMEM, "out of memory");
    az_doubles_free(sample);
    return st;
}

#define BESIDE 1e-3 /* of themselves: how far off fields and unknowns start, so that a second solve can end elsewhere */

/* In one coordinate; beside a profile of a half-plane lie others, and Newton's method starts from it. */
static void step_aside(az_result *r)
{
    const az_problem *p = r->problem;
    if (p->dim > 1) return;
    for (int i = 0; i < az_problem_n_unknowns(p); i++) {
        const az_scalar_decl *s = &p->scalar[p->n_parameters + i];
        double *u = &r->scalar[p->n_parameters + i];
        const double beside = *u * (1 + (i % 2 ? -BESIDE : BESIDE)), other = *u * (1 - (i % 2 ? -BESIDE : BESIDE));
        if (s->defect || p->n_parameters + i >= az_problem_layer_slot(p, 0)) continue;
        if (beside > s->lo && beside < s->hi) *u = beside;
        else if (other > s->lo && other < s->hi) *u = other;
    }
    for (int t = 0; t < p->n_trials; t++) {
        az_network *net = &r->trial[t].stage[r->trial[t].n_stages - 1];
        for (int j = 0; j < net->n_weights; j++) net->weight[j] *= 1 + BESIDE;
    }
}

static az_status begin(az_result *r, const az_result *from, az_error *err)
{
    const az_problem *p = r->problem;
    double reach = from->n_edges ? from->edge[from->n_edges - 1] : 0;
    az_status st = az_run_start_points(r, reach);
    memcpy(r->scalar, from->scalar, sizeof *r->scalar * (size_t)p->n_scalars);
    az_rng_seed(&r->rng, r->options.seed);
    r->hash = az_hash_bytes(r->hash, &from->hash, sizeof from->hash);
    if (!st) st = p->dim > 1 ? az_square_begin(r, from) : az_elements_begin(r);
    if (st) return az_fail(err, st, "%s", az_status_message(st));
    for (int t = 0; t < p->n_trials && !st; t++) st = fit(r, from, t, err);
    if (!st) step_aside(r);
    return st;
}

az_status az_elements_take(az_run *run)
{
    az_result *r = run->r;
    az_doubles_free(r->edge);
    r->edge = NULL, r->n_edges = 0;
    az_status st = az_run_start_points(r, 0);
    if (!st) st = az_elements_begin(r);
    if (st) return az_fail(run->err, st, "no elements in the place of networks: %s", az_status_message(st));
    for (int t = 0; t < run->p->n_trials && !st; t++) st = fit(r, r, t, run->err); /* the new ones are 0 until then */
    for (int t = 0; t < run->p->n_trials && !st; t++) {
        az_trial_state *s = &r->trial[t];
        az_network elements = s->stage[--s->n_stages];
        while (s->n_stages > 0) az_network_clear(&s->stage[--s->n_stages]);
        s->stage[0] = elements;
        s->n_stages = 1;
    }
    return st;
}

az_status az_polish_run(az_result **out, const az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err)
{
    az_solve_options own = *o;
    az_result *r;
    *out = NULL;
    for (int t = 0; t < from->problem->n_trials; t++)
        if (from->trial[t].n_stages < 1) return az_fail(err, AZ_EOPTION, "the result holds no trial functions to start from");
    own.space = AZ_SPACE_ELEMENT;
    az_status st = az_run_create(&r, from->problem, &own, err);
    if (st) return st;
    st = begin(r, from, err);
    if (!st) st = az_run_go(r, &own, false, fn, data, err);
    if (st) az_result_destroy(r);
    else *out = r;
    return st;
}
