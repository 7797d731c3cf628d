/* units.c: a problem in other units than those in which its numbers are of order 1. Damping, random weights and the weights of rows beside each other suppose that
 * fields, unknowns and rows are of order 1; where they are not, by decades, each is measured in a power of two, which costs no rounding.
 *
 * A row is a sum of parts, and most parts are monomials of the trials and the unknowns: c_j * product of |z_v|^(n_jv). Their sizes for functions of
 * order 1 are c_j. Sizes of the trials and unknowns that make the large parts of every row equal, in the sense of least squares in their logarithms
 * (Curtis and Reid, J. Inst. Maths Applics 10 (1972) 118, who scale matrices so), are the units; that of a row is then its largest part. Parts that turn
 * out small beside others of their row need not be balanced by anything: they lose their weight from one pass to the next. What
 * appears inside a function that is not homogeneous (exp(u), 1/(1 + lambda)) is of order 1 in that function's own terms, and stays. */
#include "solve/run.h"
#include "trial/mlp.h"

#include <math.h>
#include <string.h>

#define SAMPLES 61 /* points per row */
#define NEURONS 8 /* of the functions of order 1 */
#define VARIABLES 48 /* trials and unknowns; more stay as they are */
#define DECADES \
    10.0 /* bits from which on a size is other than of order 1: functions and domains of order 1 give up to 8 */
#define PASSES 30
#define SMALL 8.0 /* bits below the largest part of a row, where a part begins to lose its weight */
#define TIE 1e-3 /* weight of sizes 1, where nothing else decides */
#define DROWNS \
    1024.0 /* units of an unknown that starts so far out that its terms leave nothing of the others */
#define CORE_Z 1.8 /* asinh(3): az_problem_in_core */
#define DEPTH 1000.0 /* bits */

/* One monomial, the largest of its row with these exponents. */
typedef struct part {
    int row;
    double bits; /* log2 of its size where all that it is made of is 1 */
    double power[VARIABLES];
} part;

typedef struct sizing {
    az_run *run;
    const az_problem *p;
    int n_variables; /* trials, then unknowns */
    bool fixed[VARIABLES];
    double *degree; /* [n_variables][graph n] NaN: not homogeneous */
    az_trial_state *trial;
    double *scalar;
    part *parts;
    int n_parts;
    double z[VARIABLES]; /* log2 of the sizes */
} sizing;

/* What a problem must be like: profiles on the way of a march have the scale that the march gives them, and nonlocal problems no units. */
static bool can_have_units(const az_run *run)
{
    const az_problem *p = run->p;
    const az_graph *g = &p->graph;
    if (p->n_defects || p->n_layers || az_problem_half_plane(p) || az_run_square(run->r))
        return false;
    if (p->n_trials + az_problem_n_unknowns(p) > VARIABLES) return false;
    for (int i = 0; i < g->n; i++)
        if (g->node[i].op == AZ_HILBERT || g->node[i].op == AZ_PRIMITIVE) return false;
    return true;
}

/* The degree in which the node at t is homogeneous in variable v, from those of its children. */
static double degree_of(const sizing *s, const az_node *t, const double *degree, int v)
{
    const double a = t->a >= 0 ? degree[t->a] : 0, b = t->b >= 0 ? degree[t->b] : 0;
    const int trials = s->p->n_trials;
    switch (t->op) {
    case AZ_SCALAR: return v >= trials && t->index == s->p->n_parameters + v - trials;
    case AZ_TRIAL:
        for (int k = 0; v >= trials && k < s->p->trial[t->index].n_inputs; k++)
            if (degree[s->p->trial[t->index].input[k]] != 0) return NAN;
        return v == t->index;
    case AZ_ADD:
    case AZ_SUB: return a == b ? a : NAN;
    case AZ_MUL: return a + b;
    case AZ_DIV: return a - b;
    case AZ_POW: return a == 0 ? 0 : a * s->p->graph.node[t->b].value;
    case AZ_FUNC: return a == 0 ? 0 : NAN;
    default: return a;
    }
}

static void find_degrees(sizing *s)
{
    const az_graph *g = &s->p->graph;
    for (int v = 0; v < s->n_variables; v++) {
        double *degree = s->degree + (size_t)v * (size_t)g->n;
        for (int i = 0; i < g->n; i++) degree[i] = degree_of(s, &g->node[i], degree, v);
        for (int k = 0; k < s->p->n_rows; k++) {
            const az_row_decl *row = &s->p->row[k];
            for (int i = 0; i < row->parts.n; i++) s->fixed[v] |= isnan(degree[row->parts.node[i]]);
            if (row->scale >= 0) s->fixed[v] |= isnan(degree[row->scale]);
        }
    }
}

/* Smooth functions of order 1; homogeneous unknowns are 1, others as they start. */
static az_status make_functions(sizing *s)
{
    const az_problem *p = s->p;
    az_rng rng;
    az_rng_seed(&rng, 1);
    for (int t = 0; t < p->n_trials; t++) {
        az_network *net = &s->trial[t].stage[0];
        *net = (az_network){.n_layers = 1, .width = {p->trial[t].n_inputs, NEURONS, 1}, .scale = 1};
        net->n_weights = az_network_count(net);
        net->weight = az_doubles((size_t)net->n_weights);
        s->trial[t].n_stages = 1;
        if (!net->weight) return AZ_ENOMEM;
        az_mlp_init(net, &rng, 1, 1, 1);
    }
    for (int i = 0; i < p->n_scalars; i++) s->scalar[i] = p->scalar[i].value;
    for (int v = p->n_trials; v < s->n_variables; v++)
        if (!s->fixed[v]) s->scalar[p->n_parameters + v - p->n_trials] = 1;
    return AZ_OK;
}

/* Point i of a row: its own place where a coordinate is fixed, else inside the domain, or its core. */
static void place(double *x, const az_problem *p, const az_row_decl *row, int i)
{
    const double golden = 0.6180339887498949;
    double step = golden;
    for (int c = 0; c < p->dim; c++, step *= golden) {
        const az_coord_decl *d = &p->coord[c];
        const double u = fmod(0.5 + step * (i + 1), 1);
        if (az_row_fixed(row) >> c & 1) x[c] = row->at.x[c];
        else if (d->range == AZ_INTERVAL) x[c] = d->lo + (d->hi - d->lo) * u;
        else x[c] = d->scale * sinh(CORE_Z * (d->range == AZ_LINE ? 2 * u - 1 : u));
    }
}

/* The part with this row's and node's exponents: a new one if there is none. */
static part *part_like(sizing *s, int row, int node)
{
    const size_t n = (size_t)s->p->graph.n;
    const int scale = s->p->row[row].scale;
    part new = {.row = row, .bits = -INFINITY};
    for (int v = 0; v < s->n_variables; v++)
        if (!s->fixed[v])
            new.power[v] = s->degree[(size_t)v * n + (size_t)node] -
                           (scale < 0 ? 0 : s->degree[(size_t)v * n + (size_t)scale]);
    for (int i = s->n_parts - 1; i >= 0 && s->parts[i].row == row; i--)
        if (!memcmp(s->parts[i].power, new.power, sizeof new.power)) return &s->parts[i];
    s->parts[s->n_parts] = new;
    return &s->parts[s->n_parts++];
}

/* Adds the parts of a row with their sizes at its points. */
static az_status measure_row(sizing *s, int k)
{
    const az_problem *p = s->p;
    const az_row_decl *row = &p->row[k];
    const bool point = az_row_fixed(row) == (1u << p->dim) - 1;
    const int n = point ? 1 : SAMPLES, n_nodes = row->parts.n + (row->scale >= 0);
    int node[AZ_MAX_TERMS + 1];
    double x[SAMPLES * AZ_MAX_DIM];
    az_program *g;
    for (int i = 0; i < n; i++) place(x + i * p->dim, p, row, i);
    memcpy(node, row->parts.node, sizeof(int) * (size_t)row->parts.n);
    node[row->parts.n] = row->scale;
    const az_probe probe = {.x = x, .n = n, .node = node, .n_nodes = n_nodes};
    const az_program_setup setup = {.probe = &probe, .threads = 1};
    az_status st = az_program_create(&g, p, &setup, NULL);
    if (st) return st;
    const az_binding b = {.trial = s->trial, .scalar = s->scalar, .unit = 1};
    st = az_program_residual(g, &b, NULL);
    for (int j = 0; j < row->parts.n && !st; j++) {
        part *to = part_like(s, k, node[j]);
        const double *v = az_program_probe(g, j),
                     *scale = row->scale >= 0 ? az_program_probe(g, row->parts.n) : NULL;
        for (int i = 0; i < n; i++) {
            const double bits = log2(fabs(scale ? v[i] / scale[i] : v[i]));
            if (bits > to->bits && bits < DEPTH && bits > -DEPTH) to->bits = bits;
        }
        if (!isfinite(to->bits) && to == &s->parts[s->n_parts - 1]) s->n_parts--; /* zero */
    }
    az_program_destroy(g);
    return st;
}

static double bits_of(const sizing *s, const part *t, const double *z)
{
    double sum = t->bits;
    for (int v = 0; v < s->n_variables; v++) sum += t->power[v] * z[v];
    return sum;
}

/* The largest part of a row, -inf without any; *second: the one below, if there is. */
static double largest(const sizing *s, int row, const double *z, double *second)
{
    double most = -INFINITY, next = -INFINITY;
    for (int i = 0; i < s->n_parts; i++) {
        if (s->parts[i].row != row) continue;
        const double bits = bits_of(s, &s->parts[i], z);
        next = fmax(next, fmin(most, bits));
        most = fmax(most, bits);
    }
    if (second) *second = next;
    return most;
}

/* How far the largest part of each row is from having another beside it. */
static double imbalance(const sizing *s, const double *z)
{
    double sum = 0;
    for (int k = 0; k < s->p->n_rows; k++) {
        double second;
        const double most = largest(s, k, z, &second);
        if (isfinite(second)) sum += (most - second) * (most - second);
    }
    return sum;
}

/* One pass of least squares for the sizes z and one level for each row; a[m][m], m = variables + rows. */
static bool balance(sizing *s, const double *weight, double *a, double *b)
{
    const int nv = s->n_variables, m = nv + s->p->n_rows;
    memset(a, 0, sizeof *a * (size_t)m * (size_t)m);
    memset(b, 0, sizeof *b * (size_t)m);
    for (int i = 0; i < m; i++) a[(size_t)i * (size_t)m + (size_t)i] = TIE;
    for (int i = 0; i < s->n_parts; i++) {
        const part *t = &s->parts[i];
        double row[VARIABLES + 1];
        int at[VARIABLES + 1], n = 0;
        for (int v = 0; v < nv; v++)
            if (t->power[v] != 0 && !s->fixed[v]) row[n] = t->power[v], at[n++] = v;
        row[n] = -1, at[n++] = nv + t->row;
        for (int k = 0; k < n; k++) {
            b[at[k]] -= weight[i] * row[k] * t->bits;
            for (int l = 0; l < n; l++)
                a[(size_t)at[k] * (size_t)m + (size_t)at[l]] += weight[i] * row[k] * row[l];
        }
    }
    if (!az_dense_cholesky(a, m, m, 1)) return false;
    az_dense_cholesky_solve(a, m, m, b);
    memcpy(s->z, b, sizeof *b * (size_t)nv);
    return true;
}

static az_status find_sizes(sizing *s)
{
    const size_t m = (size_t)(s->n_variables + s->p->n_rows);
    const double none[VARIABLES] = {0};
    double *weight = az_doubles((size_t)s->n_parts + 1), *a = az_doubles(m * m), *b = az_doubles(m);
    bool ok = true;
    for (int i = 0; i < s->n_parts && weight; i++) weight[i] = 1;
    for (int pass = 0; pass < PASSES && weight && a && b && ok; pass++) {
        ok = balance(s, weight, a, b);
        for (int i = 0; i < s->n_parts && ok; i++) {
            const double gap =
                (largest(s, s->parts[i].row, s->z, NULL) - bits_of(s, &s->parts[i], s->z)) / SMALL;
            weight[i] = 1 / ((1 + gap * gap) * (1 + gap * gap));
        }
    }
    if (!ok || !(imbalance(s, s->z) < imbalance(s, none))) memset(s->z, 0, sizeof s->z);
    for (int v = s->p->n_trials; v < s->n_variables;
         v++) { /* what stays starts where it is of order 1 */
        const double start = fabs(s->p->scalar[s->p->n_parameters + v - s->p->n_trials].value);
        if (s->fixed[v]) s->z[v] = start > 0 ? log2(start) : 0;
    }
    const az_status st = weight && a && b ? AZ_OK : AZ_ENOMEM;
    az_doubles_free(weight);
    az_doubles_free(a);
    az_doubles_free(b);
    return st;
}

/* Into units[rows, trials, scalars]; NULL where all are of order 1. */
static az_status write_units(const sizing *s, double **units)
{
    const az_problem *p = s->p;
    const int n = p->n_rows + p->n_trials + p->n_scalars - p->n_parameters;
    bool far = false;
    double *u = az_doubles((size_t)n), z[VARIABLES];
    if (!u) return AZ_ENOMEM;
    for (int v = 0; v < s->n_variables; v++) {
        far |= fabs(s->z[v]) > DECADES;
        z[v] = s->fixed[v] ? 0 : s->z[v];
    }
    for (int k = 0; k < p->n_rows; k++) {
        const double bits = largest(s, k, z, NULL);
        u[k] = isfinite(bits) && p->row[k].scale < 0
                   ? bits
                   : 0; /* a declared scale says what is of order 1 */
        far |= fabs(u[k]) > DECADES;
    }
    for (int v = 0; v < s->n_variables; v++) u[p->n_rows + v] = s->z[v];
    for (int i = 0; i < n; i++) u[i] = exp2(round(u[i]));
    if (far) *units = u;
    else az_doubles_free(u);
    return AZ_OK;
}

static void clear(sizing *s)
{
    for (int t = 0; s->trial && t < s->p->n_trials; t++)
        az_doubles_free(s->trial[t].stage[0].weight);
    az_realloc(s->trial, 0);
    az_realloc(s->parts, 0);
    az_doubles_free(s->scalar);
    az_doubles_free(s->degree);
}

az_status az_units_choose(az_run *run)
{
    const az_problem *p = run->p;
    sizing s = {.run = run, .p = p, .n_variables = p->n_trials + az_problem_n_unknowns(p)};
    if (run->units_known) return AZ_OK;
    run->units_known = true;
    if (!can_have_units(run)) return AZ_OK;
    s.trial = az_calloc((size_t)p->n_trials, sizeof *s.trial);
    s.scalar = az_doubles((size_t)p->n_scalars + 1);
    s.degree = az_doubles((size_t)s.n_variables * (size_t)p->graph.n + 1);
    s.parts = az_calloc((size_t)p->n_rows * AZ_MAX_TERMS, sizeof *s.parts);
    az_status st = s.trial && s.scalar && s.degree && s.parts ? AZ_OK : AZ_ENOMEM;
    if (!st) find_degrees(&s);
    if (!st) st = make_functions(&s);
    for (int k = 0; k < p->n_rows && !st; k++) st = measure_row(&s, k);
    if (!st) st = find_sizes(&s);
    if (!st) st = write_units(&s, &run->units);
    clear(&s);
    if (st == AZ_ELIMIT) return AZ_OK; /* the parts ask for too much: no units; where the rows do, too, that is said of them */
    return st ? az_fail(run->err, st, "%s", az_status_message(st)) : AZ_OK;
}

az_status az_units_start(az_run *run)
{
    const az_problem *p = run->p;
    const az_status st = az_units_choose(run);
    for (int i = 0; !st && run->units && i < az_problem_n_unknowns(p); i++) {
        const double unit = az_units_unknown(run, i), start = p->scalar[p->n_parameters + i].value,
                     near = copysign(unit, start);
        double lo, hi;
        az_state_bounds(run->r, i, &lo, &hi);
        if (!(fabs(start) > DROWNS * unit) || !(near > lo && near < hi)) continue;
        run->r->scalar[p->n_parameters + i] = near;
        const size_t n = strlen(run->note);
        snprintf(run->note + n, sizeof run->note - n,
                 "%s%s starts at %.1e: at %.3g its terms would drown the others", n ? "; " : "",
                 p->scalar[p->n_parameters + i].name, near, start);
    }
    return st;
}

void az_units_forget(az_run *run)
{
    az_doubles_free(run->units);
    run->units = NULL;
    run->units_known = false;
}
