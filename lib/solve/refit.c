/* refit.c: networks that take over a function by least squares on its values: of the networks they replace, in other inputs, or of elements. */
#include "solve/run.h"
#include "trial/mlp.h"

#include <math.h>
#include <string.h>

#define PER_PANEL 24
#define STEPS 80
#define GAIN_STOP 0.98 /* a step that leaves more of the residual than this is the last */

/* One trial's values to be met, at n points padded to lanes. */
typedef struct fit {
    az_network *net;
    az_layout layout;
    int n, n_inputs;
    double *input, *value, *out, *seed, *work; /* input: [n_inputs][n_pad] */
    size_t n_pad;
} fit;

static void put(fit *f, const double *x) { memcpy(f->net->weight, x, sizeof(double) * (size_t)f->net->n_weights); }

static void forward(fit *f, size_t block)
{
    double *in[AZ_MAX_INPUTS], **table[AZ_MAX_INPUTS], *out[1] = {f->out};
    for (int k = 0; k < f->n_inputs; k++) {
        in[k] = f->input + (size_t)k * f->n_pad + block * AZ_LANES;
        table[k] = &in[k];
    }
    az_mlp_forward(f->net, &f->layout, out, (double *const *const *)table, f->work);
}

static void residual(void *data, double *r, const double *x)
{
    fit *f = data;
    put(f, x);
    for (size_t b = 0; b * AZ_LANES < (size_t)f->n; b++) {
        forward(f, b);
        for (size_t i = b * AZ_LANES; i < (b + 1) * AZ_LANES && i < (size_t)f->n; i++) r[i] = f->out[i - b * AZ_LANES] - f->value[i];
    }
}

static az_status jacobian(void *data, double *jac, const double *x)
{
    fit *f = data;
    size_t ld = ((size_t)f->n + 7) / 8 * 8;
    double *seed[1] = {f->seed};
    put(f, x);
    for (size_t b = 0; b * AZ_LANES < (size_t)f->n; b++) {
        int lanes = f->n - (int)(b * AZ_LANES) < AZ_LANES ? f->n - (int)(b * AZ_LANES) : AZ_LANES;
        forward(f, b);
        az_mlp_reverse(f->net, &f->layout, jac + b * AZ_LANES, ld, lanes, NULL, seed, f->work);
    }
    return AZ_OK;
}

static az_status descend(fit *f)
{
    az_objective o = {.rows = f->n,
                      .cols = f->net->n_weights,
                      .ld = (f->n + 7) / 8 * 8,
                      .threads = 1,
                      .data = f,
                      .residual = residual,
                      .jacobian = jacobian};
    az_solver *s = NULL;
    double *x = az_doubles((size_t)o.cols), *r = az_doubles((size_t)o.rows),
           *memory = az_doubles((size_t)az_solver_memory(AZ_METHOD_LM, o.cols) + 1);
    az_status st = x && r && memory ? az_solver_create(&s, AZ_METHOD_LM, &o) : AZ_ENOMEM;
    if (!st) {
        az_solver_reset(AZ_METHOD_LM, memory, o.cols);
        memcpy(x, f->net->weight, sizeof(double) * (size_t)o.cols);
        residual(f, r, x);
    }
    for (int k = 0; k < STEPS && !st; k++) {
        double before = az_dense_dot(r, r, o.rows);
        az_step step = az_solver_step(s, x, r, memory);
        if (step == AZ_STEP_FAILED) st = AZ_ENOMEM;
        residual(f, r, x);
        if (step != AZ_STEP_OK || (k > STEPS / 2 && !(az_dense_dot(r, r, o.rows) < GAIN_STOP * before))) break;
    }
    az_solver_destroy(s);
    az_doubles_free(x);
    az_doubles_free(r);
    az_doubles_free(memory);
    return st;
}

static az_status fit_trial(const az_run *run, int t, const double *value, const double *y, int n, size_t n_pad)
{
    const az_trial_decl *d = &run->p->trial[t];
    fit f = {.net = &run->r->trial[t].stage[0], .n = n, .n_inputs = d->n_inputs, .n_pad = n_pad};
    az_status st = az_layout_make(&f.layout, 1, NULL, 0);
    size_t work = az_mlp_work(f.net, &f.layout);
    f.input = az_doubles(n_pad * (size_t)d->n_inputs);
    f.out = az_doubles(2 * AZ_LANES);
    f.work = az_doubles(work);
    if (!st && (!f.input || !f.out || !f.work)) st = AZ_ENOMEM;
    if (!st) st = az_run_probe(run, f.input, n_pad, y, n, d->input, d->n_inputs, NULL);
    if (!st) {
        f.value = (double *)value;
        f.seed = f.out + AZ_LANES;
        for (int i = 0; i < AZ_LANES; i++) f.seed[i] = 1;
        st = descend(&f);
    }
    az_doubles_free(f.input);
    az_doubles_free(f.out);
    az_doubles_free(f.work);
    return st;
}

static int place_points(const az_run *run, double *y)
{
    int n = 0;
    for (int i = 0; i + 1 < run->r->n_edges; i++)
        for (int k = 0; k < PER_PANEL; k++) {
            double u = 0.5 - 0.5 * cos(M_PI * (k + 0.5) / PER_PANEL);
            y[n++] = run->p->coord[0].scale * sinh(run->r->edge[i] + u * (run->r->edge[i + 1] - run->r->edge[i]));
        }
    return n;
}

static size_t padded(int n) { return ((size_t)n + AZ_LANES - 1) / AZ_LANES * AZ_LANES; }

az_status az_run_fit(az_run *run, const az_result *from)
{
    const az_result *r = run->r;
    int first = az_problem_first_equation(run->p), n = run->p->dim > 1 ? r->points[first].n : r->n_edges ? (r->n_edges - 1) * PER_PANEL : r->points[first].n;
    bool panels = run->p->dim == 1 && r->n_edges;
    double *own = panels ? az_doubles((size_t)n) : NULL, *value = az_doubles(padded(n));
    const double *y = panels ? own : r->points[first].x;
    az_status st = value && (own || !panels) ? AZ_OK : az_fail(run->err, AZ_ENOMEM, "out of memory");
    if (!st && panels) place_points(run, own);
    for (int t = 0; t < run->p->n_trials && !st; t++) {
        st = az_eval(from, value, run->p->trial[t].name, y, n, NULL, run->err);
        if (!st && fit_trial(run, t, value, y, n, padded(n))) st = az_fail(run->err, AZ_ENOMEM, "out of memory while networks are fitted");
    }
    az_doubles_free(own);
    az_doubles_free(value);
    return st;
}

az_status az_run_refit(az_run *run, az_status (*change)(az_run *run, void *data), void *data)
{
    size_t most = (size_t)run->r->n_edges * PER_PANEL, n_pad = padded((int)most), trials = (size_t)run->p->n_trials;
    double *y = az_doubles(most), *v = az_doubles(trials * n_pad);
    int *node = az_calloc(trials, sizeof *node), n = 0;
    az_status st = y && v && node ? AZ_OK : AZ_ENOMEM;
    for (size_t t = 0; t < trials && !st; t++) node[t] = run->p->trial[t].node;
    if (!st) n = place_points(run, y);
    if (!st) st = az_run_probe(run, v, n_pad, y, n, node, (int)trials, NULL);
    if (!st) st = change(run, data);
    for (size_t t = 0; t < trials && !st; t++) st = fit_trial(run, (int)t, v + t * n_pad, y, n, n_pad);
    az_doubles_free(y);
    az_doubles_free(v);
    az_realloc(node, 0);
    return st;
}
