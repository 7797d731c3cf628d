/* reference.c: making the independent evaluator, its grid, and rows of a problem through it. */
#include "verify/pass.h"

#include <float.h>
#include <string.h>

#define REACH_MAX 340.0     /* (1 + sinh(340)^2) is 2e294: squares of the coordinate stay below DBL_MAX */
#define NEGLIGIBLE 1e-17    /* an input this small against its maximum is lost in double arithmetic */
#define PROBE_STEP 0.5      /* in z, of the search for the decay */
#define PROBES ((int)(REACH_MAX / PROBE_STEP))
#define DEFAULT_SPACING 0.015625
#define DEFAULT_SPACING_INTERVAL 0.00390625

static bool is_operator(const az_node *t) { return t->op == AZ_HILBERT || t->op == AZ_PRIMITIVE; }

static az_status check_node(const az_reference *s, int i, az_error *err)
{
    const az_problem *p = s->r->problem;
    const az_node *t = &s->g->node[i];

    if (is_operator(t) && p->dim != 1) return az_fail(err, AZ_EPROBLEM, "cannot verify a nonlocal operator in %d coordinates", p->dim);
    if (t->op == AZ_HILBERT && p->coord[0].range != AZ_LINE)
        return az_fail(err, AZ_EPROBLEM, "cannot verify a Hilbert transform outside the line");
    if (t->op == AZ_POW && s->g->node[t->b].op != AZ_CONST)
        return az_fail(err, AZ_EPROBLEM, "cannot verify a power with a variable exponent");
    for (int j = 0; t->op == AZ_TRIAL && j < p->trial[t->index].n_inputs; j++)
        if (p->trial[t->index].input[j] >= i) return az_fail(err, AZ_EPROBLEM, "a trial comes before its inputs");
    return AZ_OK;
}

static void mark_nonlocal(az_reference *s)
{
    for (int i = 0; i < s->g->n; i++) {
        const az_node *t = &s->g->node[i];
        s->nonlocal[i] = is_operator(t) || (t->a >= 0 && s->nonlocal[t->a]) || (t->b >= 0 && s->nonlocal[t->b]);
        if (s->need[i] >= 0 && is_operator(t)) s->any_nonlocal = true;
    }
}

static az_status copy_numbers(az_reference *s)
{
    const az_problem *p = s->r->problem;

    for (int i = 0; i < p->n_scalars; i++) s->scalar[i] = s->r->scalar[i];
    for (int t = 0; t < p->n_trials; t++)
        for (int k = 0; k < s->r->trial[t].n_stages; k++) {
            const az_network *net = &s->r->trial[t].stage[k];
            az_num *w = az_alloc_array((size_t)net->n_weights, sizeof *w);
            if (!w) return AZ_ENOMEM;
            for (int i = 0; i < net->n_weights; i++) w[i] = net->weight[i];
            s->weight[t * AZ_MAX_STAGES + k] = w;
        }
    return AZ_OK;
}

static az_status demand(az_reference *s, const int *target, int n_targets, az_error *err)
{
    int order = 0;

    for (int i = 0; i < s->g->n; i++) s->need[i] = -1;
    for (int i = 0; i < n_targets; i++) s->need[target[i]] = 0;
    az_pass_demand(s, s->need, true);
    for (int i = 0; i < s->g->n; i++) {
        if (s->need[i] < 0) continue;
        const az_status st = check_node(s, i, err);
        if (st) return st;
        order = s->need[i] > order ? s->need[i] : order;
    }
    az_status st = az_taylor_init(&s->taylor, s->r->problem->dim, order);
    if (!st) st = az_taylor_init(&s->series, 1, order);
    if (st == AZ_ELIMIT) return az_fail(err, st, "cannot verify derivatives of order %d in %d coordinates", order, s->r->problem->dim);
    return st ? az_fail(err, st, "out of memory") : AZ_OK;
}

az_status az_reference_create(az_reference **out, const az_result *r, const int *target, int n_targets, az_error *err)
{
    const az_problem *p = r->problem;
    const size_t n = (size_t)p->graph.n;
    az_reference *s = az_calloc(1, sizeof *s);

    if (!s) return az_fail(err, AZ_ENOMEM, "out of memory");
    s->r = r;
    s->g = &p->graph;
    s->scalar = az_calloc((size_t)p->n_scalars, sizeof *s->scalar);
    s->weight = az_calloc((size_t)p->n_trials * AZ_MAX_STAGES, sizeof *s->weight);
    s->need = az_alloc_array(n, sizeof *s->need);
    s->nonlocal = az_calloc(n, sizeof *s->nonlocal);
    s->kept = az_calloc(n, sizeof *s->kept);
    az_status st = AZ_OK;
    if (!s->scalar || !s->weight || !s->need || !s->nonlocal || !s->kept || copy_numbers(s)) st = az_fail(err, AZ_ENOMEM, "out of memory");
    if (!st) st = demand(s, target, n_targets, err);
    if (st) {
        az_reference_destroy(s);
        return st;
    }
    mark_nonlocal(s);
    *out = s;
    return AZ_OK;
}

static void forget(az_reference *s)
{
    for (int i = 0; i < s->g->n; i++) {
        az_free(s->kept[i]);
        s->kept[i] = NULL;
    }
    s->line.n = 0;
}

void az_reference_destroy(az_reference *s)
{
    if (!s) return;
    if (s->kept) forget(s);
    for (int i = 0; s->weight && i < s->r->problem->n_trials * AZ_MAX_STAGES; i++) az_free(s->weight[i]);
    az_taylor_clear(&s->taylor);
    az_taylor_clear(&s->series);
    az_free(s->scalar);
    az_free(s->weight);
    az_free(s->need);
    az_free(s->nonlocal);
    az_free(s->kept);
    az_free(s);
}

az_num *az_reference_scalar(az_reference *s) { return s->scalar; }
az_num *az_reference_weight(az_reference *s, int trial, int stage) { return s->weight[trial * AZ_MAX_STAGES + stage]; }

static az_status keep_at(az_reference *s, int i)
{
    const az_node *t = &s->g->node[i];
    const int zero = 0;

    s->kept[i] = az_alloc_array(1, sizeof(az_num));
    if (!s->kept[i]) return AZ_ENOMEM;
    return az_pass_run(s, s->kept[i], &t->a, &zero, 1, s->g->point[t->index].x, 1, 1);
}

static az_status keep_hilbert(az_reference *s, int i, const double *y, int threads)
{
    const size_t n = (size_t)s->line.n, count = (size_t)s->need[i] + 1;
    az_num *f = az_alloc_array(n * count, sizeof *f), *column = az_alloc_array(n, sizeof *column);
    az_status st = AZ_ENOMEM;

    s->kept[i] = az_alloc_array(n * count, sizeof(az_num));
    if (f && column && s->kept[i]) st = az_pass_run(s, f, &s->g->node[i].a, &s->need[i], 1, y, s->line.n, threads);
    for (size_t k = 0; !st && k < count; k++) {
        for (size_t j = 0; j < n; j++) column[j] = f[j * count + k];
        az_line_fill_origin(&s->line, column);
        st = az_uniform_hilbert(&s->line, s->kept[i] + k * n, column, threads);
    }
    az_free(f);
    az_free(column);
    return st;
}

static az_status keep_primitive(az_reference *s, int i, const double *y, int threads)
{
    const size_t n = (size_t)s->line.n;
    const int zero = 0;

    s->kept[i] = az_alloc_array(2 * n, sizeof(az_num));
    if (!s->kept[i]) return AZ_ENOMEM;
    az_num *f = s->kept[i] + n;
    const az_status st = az_pass_run(s, f, &s->g->node[i].a, &zero, 1, y, s->line.n, threads);
    if (st) return st;
    az_line_fill_origin(&s->line, f);
    for (size_t j = 0; j < n; j++) f[j] *= az_line_slope(&s->line, (int)j);
    az_uniform_primitive(&s->line, s->kept[i], f);
    return AZ_OK;
}

/* Point values whose expression is local. */
static az_status keep_local(az_reference *s)
{
    forget(s);
    for (int i = 0; i < s->g->n; i++)
        if (s->need[i] >= 0 && s->g->node[i].op == AZ_AT && !s->nonlocal[i]) {
            const az_status st = keep_at(s, i);
            if (st) return st;
        }
    return AZ_OK;
}

/* Children come before parents, so every node finds what it needs. */
static az_status keep_all(az_reference *s, int threads)
{
    double *y = az_doubles((size_t)s->line.n);
    az_status st = y ? AZ_OK : AZ_ENOMEM;

    for (int j = 0; y && j < s->line.n; j++) y[j] = az_line_x(&s->line, j);
    for (int i = 0; !st && i < s->g->n; i++) {
        if (s->need[i] < 0 || s->kept[i]) continue;
        if (s->g->node[i].op == AZ_AT) st = keep_at(s, i);
        if (s->g->node[i].op == AZ_HILBERT) st = keep_hilbert(s, i, y, threads);
        if (s->g->node[i].op == AZ_PRIMITIVE) st = keep_primitive(s, i, y, threads);
    }
    az_doubles_free(y);
    return st;
}

az_status az_reference_prepare(az_reference *s, double h, double reach, int threads)
{
    const az_status st = keep_local(s);

    if (st || !s->any_nonlocal) return st;
    const az_stretch t = az_stretch_of(s->r->problem);
    az_line_init(&s->line, &s->r->problem->coord[0], &t, h, reach);
    return keep_all(s, threads);
}

/* How far out |f| stays above NEGLIGIBLE of its maximum; an overflow of f ends the search. f[2*PROBES], pairs of z = -k, +k times
 * PROBE_STEP. */
static double decay(const az_num *f)
{
    double top = 0, reach = 0;
    int end = 0;

    while (end < PROBES && az_num_finite(f[2 * end]) && az_num_finite(f[2 * end + 1])) end++;
    for (int i = 0; i < 2 * end; i++) top = fmax(top, cabs(f[i]));
    for (int k = 0; k < end; k++)
        if (cabs(f[2 * k]) > NEGLIGIBLE * top || cabs(f[2 * k + 1]) > NEGLIGIBLE * top) reach = (k + 1) * PROBE_STEP;
    return reach;
}

static az_status probe_decay(az_reference *s, double *reach)
{
    double *y = az_doubles(2 * (size_t)PROBES);
    az_num *f = az_alloc_array(2 * (size_t)PROBES, sizeof *f);
    az_status st = y && f ? keep_local(s) : AZ_ENOMEM;
    const int zero = 0;

    for (int k = 0; y && k < PROBES; k++) {
        y[2 * k + 1] = s->r->problem->coord[0].scale * sinh((k + 1) * PROBE_STEP);
        y[2 * k] = -y[2 * k + 1];
    }
    for (int i = 0; !st && i < s->g->n; i++) {
        const int a = s->g->node[i].a;
        if (s->need[i] < 0 || s->g->node[i].op != AZ_HILBERT || s->nonlocal[a]) continue;
        st = az_pass_run(s, f, &a, &zero, 1, y, 2 * PROBES, 1);
        if (!st) *reach = fmax(*reach, decay(f));
    }
    az_doubles_free(y);
    az_free(f);
    return st;
}

/* |z| of the points where the problem states something */
static double named_points(const az_problem *p)
{
    double z = 0;

    for (int c = 0; c < p->dim; c++) {
        if (p->coord[c].range == AZ_INTERVAL) continue;
        for (int i = 0; i < p->graph.n_points; i++) z = fmax(z, asinh(fabs(p->graph.point[i].x[c]) / p->coord[c].scale));
        for (int i = 0; i < p->n_rows; i++)
            if (p->row[i].fixed >> c & 1) z = fmax(z, asinh(fabs(p->row[i].at.x[c]) / p->coord[c].scale));
    }
    return z;
}

az_status az_reference_reach(az_reference *s, double *reach)
{
    const az_result *r = s->r;

    *reach = fmax(asinh(1 / DBL_EPSILON), named_points(r->problem));
    for (int i = 0; i < r->n_edges; i++) *reach = fmax(*reach, fabs(r->edge[i]));
    const az_status st = s->any_nonlocal && r->problem->coord[0].range == AZ_LINE ? probe_decay(s, reach) : AZ_OK;
    *reach = fmin(*reach, REACH_MAX);
    return st;
}

az_status az_reference_eval(const az_reference *s, az_num *out, const int *node, int n_nodes, const double *points, int n, int threads)
{
    int *order = az_calloc((size_t)n_nodes, sizeof *order);

    if (!order) return AZ_ENOMEM;
    const az_status st = az_pass_run(s, out, node, order, n_nodes, points, n, threads);
    az_free(order);
    return st;
}

static void perturb(az_reference *s, const az_reference_options *o)
{
    const az_problem *p = s->r->problem;

    for (int i = 0; o->scalar && i < p->n_scalars; i++) s->scalar[i] = o->scalar[i];
    for (int t = 0; o->weight && t < p->n_trials; t++)
        for (int k = 0; k < s->r->trial[t].n_stages; k++) {
            const int i = t * AZ_MAX_STAGES + k;
            if (o->weight[i]) memcpy(s->weight[i], o->weight[i], (size_t)s->r->trial[t].stage[k].n_weights * sizeof **o->weight);
        }
}

/* One row declaration at all points; out has stride n_rows. */
static az_status eval_row(const az_reference *s, az_num *out, const az_row_decl *row, const double *points, int n, int threads)
{
    const az_problem *p = s->r->problem;
    const int node[2] = {row->node, row->scale}, n_nodes = row->scale < 0 ? 1 : 2, dim = p->dim;
    double *x = az_doubles((size_t)n * (size_t)dim);
    az_num *v = az_alloc_array((size_t)n * 2, sizeof *v);
    az_status st = x && v ? AZ_OK : AZ_ENOMEM;

    for (int k = 0; !st && k < n * dim; k++) x[k] = row->fixed >> k % dim & 1 ? row->at.x[k % dim] : points[k];
    if (!st) st = az_reference_eval(s, v, node, n_nodes, x, n, threads);
    for (int k = 0; !st && k < n; k++) out[k * p->n_rows] = n_nodes == 1 ? v[k] : v[2 * k] / v[2 * k + 1];
    az_doubles_free(x);
    az_free(v);
    return st;
}

az_status az_reference_rows(az_num *out, const az_result *r, const double *points, int n, const az_reference_options *options,
                            az_error *err)
{
    const az_problem *p = r->problem;
    const az_reference_options o = options ? *options : (az_reference_options){.h = 0};
    const int threads = o.threads > 0 ? o.threads : 1;
    int *target = az_alloc_array(2 * (size_t)p->n_rows, sizeof *target), n_targets = 0;
    az_reference *s = NULL;
    double reach = o.reach, h = o.h;

    if (!target) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < p->n_rows; i++) {
        target[n_targets++] = p->row[i].node;
        if (p->row[i].scale >= 0) target[n_targets++] = p->row[i].scale;
    }
    az_status st = az_reference_create(&s, r, target, n_targets, err);
    az_free(target);
    if (st) return st;
    if (!(h > 0)) h = p->coord[0].range == AZ_INTERVAL ? DEFAULT_SPACING_INTERVAL : DEFAULT_SPACING;
    perturb(s, &o);
    if (!(reach > 0)) st = az_reference_reach(s, &reach);
    if (!st) st = az_reference_prepare(s, h, reach, threads);
    for (int i = 0; !st && i < p->n_rows; i++) st = eval_row(s, out + i, &p->row[i], points, n, threads);
    if (st) az_fail(err, st, "%s", az_status_message(st));
    az_reference_destroy(s);
    return st;
}
