/* synthetic.h: a state with something in every corner, and an allocator that fails on demand; for the tests of state, io and report. */
#ifndef AZ_TEST_SYNTHETIC_H
#define AZ_TEST_SYNTHETIC_H

#include "state/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char line_text[] = "problem line \"a profile on the line, with <b> & \\u00e9\"\n"
                                "parameter a = -1\n"
                                "parameter b = 1/3\n"
                                "unknown lambda = 1 in [0.2, 4]\n"
                                "unknown mu = 2\n"
                                "domain y in line\n"
                                "let p = 1/(1 + lambda)\n"
                                "let l = log(1 + y^2)/2\n"
                                "trial N((1 + y^2)^(-p/2), 2*l/(l + 2) - 1) even\n"
                                "let Omega = -y*(1 + y^2)^(-(1 + p)/2)*exp(N - N@0)\n"
                                "let U = primitive(hilbert(Omega))\n"
                                "equation Omega + ((1 + lambda)*y + a*U)*d(Omega, y) - mu*b*Omega*d(U, y) = 0 scale Omega\n"
                                "select (1 - a)*d(U, y) = 2 + lambda at y = 0\n"
                                "pin mu = 2 at y = 0\n"
                                "derived \"at 1\" = Omega@1\n";
static const char box_text[] = "problem box \"a wave in a box\"\n"
                               "parameter nu = 0.01\n"
                               "domain x in [-1, 1]\n"
                               "time t in [0, 1]\n"
                               "trial N(x, t)\n"
                               "let u = sin(pi*x)*(1 - t) + t*(1 - x^2)*N\n"
                               "equation d(u, t) + u*d(u, x) = nu*d(u, x, x)\n"
                               "initial u = sin(pi*x) at t = 0\n";

/* Two unknowns, so that one has an error and the other none. */
static const char plane_text[] = "problem plane \"a vortex in a half-plane\"\n"
                                 "parameter a = 3\n"
                                 "unknown lambda = 1\n"
                                 "unknown mu = 2\n"
                                 "domain y1, y2 in half-plane scale 2\n"
                                 "trial N(1/(1 + y1^2 + y2^2), y2/(1 + y2)) even in y1\n"
                                 "let u = y1*N\n"
                                 "let w = (1 + y1^2)*y2\n"
                                 "flow W = (y2 - 2)*(1 + 0*u), -y1\n"
                                 "equation d(u, y1) + lambda*d(u, y2) = mu*u\n"
                                 "pin N@(0, 0) = 1\n"
                                 "derived \"a line & its <half>\" = (a + lambda)/2\n"
                                 "derived \"square\" = lambda^2\n"
                                 "derived \"product\" = lambda*mu\n"
                                 "derived \"at the corner\" = lambda*N@(0, 0)\n"
                                 "derived \"constant\" = a + 1\n";

static inline double *synthetic_doubles(az_rng *g, size_t n, double size)
{
    double *v = az_doubles(n);

    for (size_t i = 0; v && i < n; i++) v[i] = size * az_rng_normal(g);
    return v;
}

static inline az_status synthetic_networks(az_result *r, az_rng *g)
{
    static const int first[] = {5, 4}, second[] = {3};

    for (int t = 0; t < r->problem->n_trials; t++) {
        if (az_state_add_stage(r, t, 2, first, AZ_ACT_TANH, 1)) return AZ_ENOMEM;
        if (az_state_add_stage(r, t, 1, second, AZ_ACT_SINE, 3e-9)) return AZ_ENOMEM;
        r->trial[t].stage[1].n_frozen = r->trial[t].stage[1].n_weights - second[0];
        for (int k = 0; k < 2; k++)
            for (int i = 0; i < r->trial[t].stage[k].n_weights; i++) r->trial[t].stage[k].weight[i] = 0.3 * az_rng_normal(g);
    }
    return AZ_OK;
}

/* A run that looks like one: two stages, a residual that falls, unknowns that converge. */
static inline az_status synthetic_history(az_result *r, az_rng *g, int n)
{
    const double *final = r->scalar + r->problem->n_parameters;
    double unknown[8] = {0};

    for (int i = 0; i < n; i++) {
        const double rms = 0.5 * exp(-20.0 * i / n - (i > n / 2 ? 8.0 * (i - n / 2) / n : 0)) * (1 + 0.3 * az_rng_uniform(g));
        for (int u = 0; u < r->history.n_unknowns; u++) unknown[u] = final[u] + (i + 1 < n ? rms * (0.5 + u) * (1 + 0.1 * az_rng_normal(g)) : 0);
        if (az_history_add(&r->history, i + 1, 1 + (i > n / 2), rms, i % 20 ? NAN : 8 * rms, 0.02 * i, unknown)) return AZ_ENOMEM;
    }
    return AZ_OK;
}

static inline az_status synthetic_residual(az_result *r, az_rng *g, int n)
{
    az_curve *c = &r->curve;
    const az_problem *p = r->problem;
    const double reach = 34; /* asinh of the last point of a line */

    c->dim = p->dim;
    c->x = az_doubles((size_t)n * (size_t)p->dim);
    c->residual = synthetic_doubles(g, (size_t)n, 1e-12);
    c->relative = synthetic_doubles(g, (size_t)n, 1e-12);
    if (!c->x || !c->residual || !c->relative) return AZ_ENOMEM;
    c->n = n;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < p->dim; k++) {
            const az_coord_decl *x = &p->coord[k];
            c->x[i * p->dim + k] = x->range == AZ_INTERVAL ? x->lo + (x->hi - x->lo) * az_rng_uniform(g) : sinh(reach * (2.0 * i / (n - 1) - 1));
        }
        if (p->dim == 1) {
            c->relative[i] = 1e-12 * sin(2 * asinh(c->x[i])) * exp(-0.02 * fabs(asinh(c->x[i])));
            c->residual[i] = c->relative[i] / (1 + fabs(c->x[i]));
        }
    }
    return AZ_OK;
}

static inline az_status synthetic_points(az_result *r, az_rng *g)
{
    const int dim = r->problem->dim, n_edges = 9, n_memory = 37;

    for (int i = 0; i < r->problem->n_rows; i++) {
        if (i % 2) continue;
        r->points[i].x = synthetic_doubles(g, (size_t)(11 + i) * (size_t)dim, 0.5);
        if (!r->points[i].x) return AZ_ENOMEM;
        r->points[i].n = 11 + i;
        r->points[i].dim = dim;
    }
    r->edge = az_doubles((size_t)n_edges);
    r->memory = synthetic_doubles(g, (size_t)n_memory, 1e3);
    r->passed = synthetic_doubles(g, (size_t)n_memory, 2);
    r->n_passed = r->passed ? n_memory : 0;
    if (!r->edge || !r->memory || !r->passed) return AZ_ENOMEM;
    r->n_edges = n_edges;
    r->n_memory = n_memory;
    for (int i = 0; i < n_edges; i++) r->edge[i] = 0.7 * i * i;
    return AZ_OK;
}

static inline void synthetic_scalars(az_result *r)
{
    r->options = (az_solve_options){.seed = 0xfedcba9876543210u, .threads = 2, .tolerance = 1e-10, .max_iterations = 500, .n_layers = 2, .layers = {5, 4},
                                    .max_stages = 2, .points = 240, .coordinates = AZ_COMPACT, .n_phases = 2, .phase = {AZ_METHOD_ADAM, AZ_METHOD_LM}, .phase_iterations = {50},
                                    .checkpoint_seconds = 30};
    r->hash = 0x0123456789abcdefu;
    r->stop = AZ_STOP_TOLERANCE;
    r->stage = 2;
    r->stage_iteration = 17;
    r->restarts = 3;
    r->ladder = (az_ladder){.found = 2, .held = 1, .tries = 3, .fitted = 1, .last = 0.6, .step = 0.01, .value = 0.55, .defect = -0.02, .lo = -INFINITY, .hi = 0.57};
    r->retries = 1;
    r->phase = 1;
    r->iterations = 200;
    r->seconds = 12.34;
    r->unit = 3e-9;
    r->rms = 2.1e-14;
    r->check = 4.5e-13;
    r->stage_check = 1e-9;
    r->evidence = (az_evidence){AZ_TIER_REEVALUATED, 2.1e-14, 4.5e-13, 1.3e-12, 4001, -0.25, 2.6e-13};
    for (int i = 0; i < r->history.n_unknowns; i++) {
        r->scalar[r->problem->n_parameters + i] = i ? 2 : 0.60573370120321;
        r->unknown_error[i] = i ? NAN : 3.2e-13;
    }
}

/* Another state beside the result's own, and corners. */
static inline az_status synthetic_kept(az_result *r)
{
    if (az_kept_take(r)) return AZ_ENOMEM;
    r->kept.aside = 1, r->kept.stage = 1, r->kept.iteration = 120, r->kept.rms = 3e-9, r->kept.check = 4e-8;
    for (int i = 0; i < r->kept.trial[0].stage[0].n_weights; i++) r->kept.trial[0].stage[0].weight[i] *= -1.25;
    r->corner = az_calloc(2, sizeof *r->corner);
    if (!r->corner) return AZ_ENOMEM;
    r->n_corners = 2;
    for (int i = 0; i < 2; i++) r->corner[i] = (az_corner){.row = {0, r->problem->n_rows - 1}, .order = {i, 0}, .fixed = 1, .at = {{i}}, .gap = 0.5 + i};
    return AZ_OK;
}

/* NULL when memory runs out. */
static inline az_result *synthetic_result(const char *text, const az_setting *set, int n_set, int n_history, int n_curve)
{
    static const char command[] = "ansatz solve line --set \"a=0.3\"";
    az_problem *p = NULL;
    az_result *r = NULL;
    az_rng g;

    az_rng_seed(&g, 7);
    if (az_problem_parse(&p, "synthetic", text, strlen(text), set, n_set, NULL)) return NULL;
    if (az_state_create(&r, p)) {
        az_problem_destroy(p);
        return NULL;
    }
    synthetic_scalars(r);
    char *copy = az_strdup(command);
    if (copy) {
        az_free(r->command);
        r->command = copy;
    }
    if (copy && !synthetic_networks(r, &g) && !synthetic_history(r, &g, n_history) && !synthetic_residual(r, &g, n_curve) && !synthetic_points(r, &g)) {
        r->rng = g;
        if (!synthetic_kept(r)) return r;
        az_result_destroy(r);
        return NULL;
    }
    az_result_destroy(r);
    return NULL;
}

/* Of plane_text, in two coordinates; NULL when memory runs out. */
static inline az_result *synthetic_plane(void)
{
    az_result *r = synthetic_result(plane_text, NULL, 0, 30, 200);

    if (r) r->n_edges = 0; /* panels are for one coordinate */
    return r;
}

#endif
