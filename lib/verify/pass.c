/* pass.c: evaluation of graph nodes at points. */
#include "verify/pass.h"
#include "verify/spline.h"

#include <string.h>

#define RECURRENCE 4 /* polynomials that `chebyshev` works with */

static void raise_need(int *need, int node, int order)
{
    if (need[node] < order) need[node] = order;
}

void az_pass_demand(const az_reference *s, int *need, bool through)
{
    for (int i = s->g->n - 1; i >= 0; i--) {
        const az_node *t = &s->g->node[i];
        const int k = need[i];

        if (k < 0) continue;
        switch (t->op) {
        case AZ_ADD: case AZ_SUB: case AZ_MUL: case AZ_DIV:
            raise_need(need, t->a, k);
            raise_need(need, t->b, k);
            break;
        case AZ_NEG: case AZ_FUNC: case AZ_POW: raise_need(need, t->a, k); break;
        case AZ_D: raise_need(need, t->a, k + 1); break;
        case AZ_TRIAL: {
            const az_trial_decl *d = &s->r->problem->trial[t->index];
            for (int j = 0; j < d->n_inputs; j++) raise_need(need, d->input[j], k);
            break;
        }
        case AZ_PRIMITIVE: /* coefficient k > 0 is coefficient k - 1 of the integrand over k */
            if (k > 0 || through) raise_need(need, t->a, k > 0 ? k - 1 : 0);
            break;
        case AZ_HILBERT: case AZ_AT:
            if (through) raise_need(need, t->a, t->op == AZ_AT ? 0 : k);
            break;
        default: break;
        }
    }
}

static int widest(const az_reference *s, int trial)
{
    const az_trial_state *t = &s->r->trial[trial];
    int w = 1;

    for (int k = 0; k < t->n_stages; k++)
        for (int l = 0; l <= t->stage[k].n_layers + 1; l++) w = t->stage[k].width[l] > w ? t->stage[k].width[l] : w;
    return w;
}

static void lay_out(az_pass *p, const az_reference *s, const int *need)
{
    for (int i = 0; i < s->g->n; i++) {
        if (need[i] < 0) continue;
        p->node[p->n] = i;
        p->order[p->n++] = need[i];
        p->place[i] = p->total;
        p->total += (size_t)s->taylor.count[need[i]];
        if (s->g->node[i].op == AZ_TRIAL) {
            const int w = widest(s, s->g->node[i].index);
            p->width = w > p->width ? w : p->width;
        }
    }
    p->total += (2 * (size_t)p->width + RECURRENCE) * (size_t)s->taylor.n;
}

az_status az_pass_init(az_pass *p, const az_reference *s, const int *target, const int *order, int n_targets)
{
    const size_t n = (size_t)s->g->n;
    int *need = az_alloc_array(n, sizeof *need);

    *p = (az_pass){.n = 0};
    p->node = az_alloc_array(n, sizeof *p->node);
    p->order = az_alloc_array(n, sizeof *p->order);
    p->place = az_calloc(n, sizeof *p->place);
    if (!need || !p->node || !p->order || !p->place) {
        az_free(need);
        return AZ_ENOMEM;
    }
    for (size_t i = 0; i < n; i++) need[i] = -1;
    for (int i = 0; i < n_targets; i++) raise_need(need, target[i], order[i]);
    az_pass_demand(s, need, false);
    lay_out(p, s, need);
    az_free(need);
    return AZ_OK;
}

void az_pass_clear(az_pass *p)
{
    az_free(p->node);
    az_free(p->order);
    az_free(p->place);
}

/* y = matrix x + bias, one Taylor polynomial per neuron; returns what follows the weights used */
static const az_num *affine(az_num *y, const az_num *x, const az_num *w, int n_in, int n_out, bool bias, size_t n)
{
    const az_num *b = w + (size_t)n_in * (size_t)n_out;

    for (int o = 0; o < n_out; o++, y += n) {
        for (size_t c = 0; c < n; c++) y[c] = 0;
        for (int i = 0; i < n_in; i++, w++) {
            const az_num *xi = x + (size_t)i * n;
            if (cimag(*w) == 0)
                for (size_t c = 0; c < n; c++) y[c] += creal(*w) * xi[c];
            else
                for (size_t c = 0; c < n; c++) y[c] += *w * xi[c];
        }
        if (bias) y[0] += *b++;
    }
    return b;
}

/* T_k by halving: T_2n = 2 T_n^2 - 1, T_(2n+1) = 2 T_n T_(n+1) - T_1. c: room for RECURRENCE polynomials. */
static void chebyshev(const az_taylor *t, int order, az_num *out, const az_num *x, int k, az_num *c)
{
    const size_t n = (size_t)t->count[order];
    az_num *a = c, *b = c + n, *next = c + 2 * n, *other = c + 3 * n; /* T_m and T_(m + 1), m the leading digits of k */
    int bit = 1;

    while (k >> bit) bit++;
    for (size_t i = 0; i < n; i++) a[i] = i == 0, b[i] = x[i];
    while (bit-- > 0) {
        const bool up = k >> bit & 1;
        az_taylor_mul(t, order, next, a, b);
        az_taylor_mul(t, order, other, up ? b : a, up ? b : a);
        for (size_t i = 0; i < n; i++) {
            const az_num odd = 2 * next[i] - x[i], even = 2 * other[i] - (i == 0);
            a[i] = up ? odd : even, b[i] = up ? even : odd;
        }
    }
    memcpy(out, a, n * sizeof *out);
}

/* out += scale * network(inputs). scratch: 2 width + RECURRENCE polynomials, the inputs in the first. */
static void add_network(const az_taylor *t, int order, az_num *out, const az_network *net, const az_num *w, az_num *scratch, int width)
{
    const size_t n = (size_t)t->count[order];
    az_num *x = scratch, *y = scratch + (size_t)width * n;

    for (int l = 0; l <= net->n_layers; l++) {
        const bool hidden = l < net->n_layers, series = l == 0 && net->first == AZ_ACT_CHEBYSHEV;
        const az_func f = l == 0 && net->first == AZ_ACT_SINE ? AZ_F_SIN : AZ_F_TANH;
        const int n_out = net->width[l + 1];
        for (int o = 0; series && o < n_out; o++) chebyshev(t, order, y + (size_t)o * n, x, (int)creal(w[o]), scratch + 2 * (size_t)width * n);
        if (series) {
            memcpy(x, y, (size_t)n_out * n * sizeof *x);
            w += 2 * n_out;
            continue;
        }
        w = affine(y, x, w, net->width[l], n_out, hidden, n);
        for (int o = 0; hidden && o < n_out; o++) az_taylor_func(t, order, x + (size_t)o * n, f, y + (size_t)o * n);
    }
    for (size_t c = 0; c < n; c++) out[c] += net->scale * y[c];
}

static void eval_trial(const az_reference *s, const az_pass *p, az_num *v, int trial, int order, const double *x, az_num *out)
{
    const az_trial_decl *d = &s->r->problem->trial[trial];
    const az_trial_state *t = &s->r->trial[trial];
    const size_t n = (size_t)s->taylor.count[order];
    az_num *scratch = v + p->total - (2 * (size_t)p->width + RECURRENCE) * (size_t)s->taylor.n;

    for (size_t c = 0; c < n; c++) out[c] = 0;
    for (int k = 0; k < t->n_stages; k++) {
        const az_num *w = s->weight[trial * AZ_MAX_STAGES + k];
        if (t->stage[k].space == AZ_SPACE_ELEMENT) {
            if (t->stage[k].mesh.modes) az_sheet_add(&s->taylor, &s->series, order, out, &t->stage[k], w, x[0], x[1]);
            else az_spline_add(&s->taylor, order, out, &t->stage[k], w, x[0]);
            continue;
        }
        for (int j = 0; j < d->n_inputs; j++) memcpy(scratch + (size_t)j * n, v + p->place[d->input[j]], n * sizeof *v);
        add_network(&s->taylor, order, out, &t->stage[k], w, scratch, p->width);
    }
}

static void eval_nonlocal(const az_reference *s, const az_pass *p, const az_num *v, int i, int order, const az_spot *spot, az_num *out)
{
    const az_num *kept = s->kept[i], *f = v + p->place[s->g->node[i].a];
    const size_t n = (size_t)s->line.n;

    if (s->g->node[i].op == AZ_HILBERT) {
        for (int k = 0; k <= order; k++) out[k] = az_line_value(spot, kept + (size_t)k * n);
        return;
    }
    out[0] = az_line_primitive_value(spot, kept, kept + n);
    for (int k = 1; k <= order; k++) out[k] = f[k - 1] / k;
}

static void eval_leaf(const az_reference *s, const az_node *t, int order, const double *x, az_num value, az_num *out)
{
    for (int c = 0; c < s->taylor.count[order]; c++) out[c] = 0;
    out[0] = value;
    if (t->op != AZ_COORD) return;
    out[0] = x[t->index];
    if (order > 0) {
        int unit[AZ_MAX_DIM] = {0};
        unit[t->index] = 1;
        out[az_taylor_find(&s->taylor, unit)] = 1;
    }
}

static void eval_node(const az_reference *s, const az_pass *p, az_num *v, int i, int order, const double *x, const az_spot *spot)
{
    const az_node *t = &s->g->node[i];
    const az_taylor *T = &s->taylor;
    const int n = T->count[order];
    const az_num *a = t->a < 0 ? NULL : v + p->place[t->a], *b = t->b < 0 ? NULL : v + p->place[t->b];
    az_num *out = v + p->place[i];

    switch (t->op) {
    case AZ_CONST: case AZ_COORD: eval_leaf(s, t, order, x, t->value, out); break;
    case AZ_SCALAR: eval_leaf(s, t, order, x, s->scalar[t->index], out); break;
    case AZ_AT: eval_leaf(s, t, order, x, s->kept[i][0], out); break;
    case AZ_TRIAL: eval_trial(s, p, v, t->index, order, x, out); break;
    case AZ_ADD: for (int c = 0; c < n; c++) out[c] = a[c] + b[c]; break;
    case AZ_SUB: for (int c = 0; c < n; c++) out[c] = a[c] - b[c]; break;
    case AZ_NEG: for (int c = 0; c < n; c++) out[c] = -a[c]; break;
    case AZ_MUL: az_taylor_mul(T, order, out, a, b); break;
    case AZ_DIV: az_taylor_div(T, order, out, a, b); break;
    case AZ_POW: az_taylor_pow(T, order, out, a, s->g->node[t->b].value); break;
    case AZ_FUNC: az_taylor_func(T, order, out, (az_func)t->index, a); break;
    case AZ_D: az_taylor_derive(T, order, out, a, t->index); break;
    case AZ_HILBERT: case AZ_PRIMITIVE: eval_nonlocal(s, p, v, i, order, spot, out); break;
    }
}

static void eval_point(const az_reference *s, const az_pass *p, az_num *v, const double *x)
{
    az_spot spot = {.node = -1};

    if (s->line.n) az_line_locate(&s->line, &spot, x[0]);
    for (int k = 0; k < p->n; k++) eval_node(s, p, v, p->node[k], p->order[k], x, &spot);
}

az_status az_pass_run(const az_reference *s, az_num *out, const int *target, const int *order, int n_targets, const double *points, int n,
                      int threads)
{
    const int dim = s->r->problem->dim;
    size_t row = 0;
    az_pass p;
    az_num *work = NULL;
    az_status st = az_pass_init(&p, s, target, order, n_targets);

    if (!st) work = az_alloc_array((size_t)threads * p.total, sizeof *work);
    if (!st && !work) st = AZ_ENOMEM;
    for (int i = 0; i < n_targets; i++) row += (size_t)s->taylor.count[order[i]];
    if (!st) {
#pragma omp parallel for schedule(static) num_threads(threads)
        for (int chunk = 0; chunk < threads; chunk++) {
            az_num *v = work + (size_t)chunk * p.total;
            const int begin = (int)((int64_t)n * chunk / threads), end = (int)((int64_t)n * (chunk + 1) / threads);
            for (int k = begin; k < end; k++) {
                az_num *o = out + (size_t)k * row;
                eval_point(s, &p, v, points + (size_t)k * (size_t)dim);
                for (int i = 0; i < n_targets; i++) {
                    const size_t count = (size_t)s->taylor.count[order[i]];
                    memcpy(o, v + p.place[target[i]], count * sizeof *o);
                    o += count;
                }
            }
        }
    }
    az_free(work);
    az_pass_clear(&p);
    return st;
}
