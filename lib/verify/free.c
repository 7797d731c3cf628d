/* free.c: see free.h. A direction that no row sees shows as a column that depends on those before it: its diagonal of R is rounding. It counts where a name of
 * the problem moves along it; constants in N of `N - N@0`, say, do not. */
#include "verify/free.h"


#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#define SAMPLES 65      /* points at which names are looked at, along each coordinate's share */
#define LOOKED_AT 8     /* directions that are put into words */
#define STEP 1e-4       /* along a direction, whose largest entry is 1 */
#define STILL 1e-9      /* of the step: a name that moves less does not move */
#define ZERO 1e4        /* residuals: a field that is no larger is 0 */
#define ZERO_ROW 1e-12  /* of the largest terms: what a row may leave where the trials are 0 */
#define RANK 1e-6       /* singular values of the unknowns' columns below, of the largest: a combination that nothing determines */
#define WHOLE 1e-4      /* of a coefficient: nearer to a whole number, it is one */
#define MOST_WHOLE 3

/* Values of all lets and trials at some points, with the added weights as they are. */
typedef struct looks {
    az_program *program;
    double *x;
    int n, n_names, *node;
} looks;

static void clear_looks(looks *v)
{
    az_program_destroy(v->program);
    az_free(v->x);
    az_realloc(v->node, 0);
}

static az_status create_looks(looks *v, const az_tangent *t, int threads)
{
    const az_problem *p = t->r->problem;
    *v = (looks){.node = az_calloc((size_t)(p->n_lets + p->n_trials) + 1, sizeof(int))};
    az_status st = v->node ? az_sample_points(p, &v->x, &v->n, SAMPLES, NULL) : AZ_ENOMEM;
    for (int i = 0; i < p->n_lets && v->node; i++) v->node[v->n_names++] = p->let[i].node;
    if (!p->n_lets)
        for (int k = 0; k < p->n_trials && v->node; k++) v->node[v->n_names++] = p->trial[k].node;
    for (int c = 0; c < p->dim && !st; c++) /* the program's coordinate of an open interval is not the one of the points */
        for (int i = 0; i < v->n && p->coord[c].open > 0; i++) v->x[i * p->dim + c] = az_open_to_line(&p->coord[c], v->x[i * p->dim + c]);
    const az_probe probe = {.x = v->x, .n = v->n, .node = v->node, .n_nodes = v->n_names};
    const az_program_setup setup = {.edge = t->local ? NULL : t->edge, .n_edges = t->local ? 0 : t->n_edges, .probe = &probe, .threads = threads};
    return st ? st : az_program_create(&v->program, p, &setup, NULL);
}

static az_status look(looks *v, const az_tangent *t, const az_trial_state *trial)
{
    const az_binding b = {.trial = trial, .scalar = t->r->scalar, .unit = 1};
    return az_program_residual(v->program, &b, NULL);
}

static az_status copy_values(double **out, const looks *v)
{
    *out = az_doubles((size_t)v->n * (size_t)v->n_names + 1);
    for (int k = 0; *out && k < v->n_names; k++) memcpy(*out + (size_t)k * (size_t)v->n, az_program_probe(v->program, k), sizeof **out * (size_t)v->n);
    return *out ? AZ_OK : AZ_ENOMEM;
}

static const char *name_of(const az_problem *p, int k) { return p->n_lets ? p->let[k].name : p->trial[k].name; }

/* The name that moves most along d, and where; -1 if none moves. */
static int moves(looks *v, az_tangent *t, const double *before, const double *d, int *where)
{
    const az_problem *p = t->r->problem;
    double most = 0;
    int best = -1;
    for (int k = 0, first = 0; k < p->n_trials; k++) {
        az_network *net = &t->trial[k].stage[t->trial[k].n_stages - 1];
        for (int j = 0; j < net->n_weights; j++) net->weight[j] = STEP * d[t->column[first + j]];
        first += net->n_weights;
    }
    if (look(v, t, t->trial)) return -1;
    for (int k = 0; k < v->n_names; k++) {
        const double *now = az_program_probe(v->program, k);
        double size = 1;
        for (int i = 0; i < v->n; i++) size = isfinite(before[k * v->n + i]) ? fmax(size, fabs(before[k * v->n + i])) : size;
        for (int i = 0; i < v->n; i++) {
            const double change = fabs(now[i] - before[k * v->n + i]) / size;
            if (change > STILL * STEP && change > most) most = change, best = k, *where = i;
        }
    }
    for (int k = 0; k < p->n_trials; k++) {
        az_network *net = &t->trial[k].stage[t->trial[k].n_stages - 1];
        memset(net->weight, 0, sizeof *net->weight * (size_t)net->n_weights);
    }
    return best;
}

static void say_place(az_text *text, const looks *v, const az_problem *p, int at)
{
    for (int c = 0; c < p->dim; c++) {
        const double x = v->x[at * p->dim + c];
        az_text_add(text, "%s %s = %.3g", c ? "," : "", p->coord[c].name, p->coord[c].open > 0 ? az_open_from_line(&p->coord[c], x) : x);
    }
}

/* Columns of added weights, and of values, that depend on those before them. */
static az_status directions(az_support *q, az_text *text, az_tangent *t, looks *v, const double *before)
{
    const az_system *s = t->system;
    double *d = az_doubles((size_t)s->cols + 1);
    az_status st = d ? AZ_OK : AZ_ENOMEM;
    int found = 0, looked = 0, where = 0, dependent = 0;
    for (int j = 0; j < t->n_weights + t->n_values && !st; j++) { /* values `expr@x` move with the fields */
        const int c = j < t->n_weights ? t->column[j] : s->cols - s->border + az_tangent_values(t) + j - t->n_weights;
        if (s->diagonal[c] > s->floors[c] && s->scale[c] > 0) continue;
        dependent++;
        if (looked++ >= LOOKED_AT) continue;
        if (s->scale[c] > 0) st = az_system_null(s, d, c);
        else memset(d, 0, sizeof *d * (size_t)s->cols), d[c] = 1;
        const int k = st ? -1 : moves(v, t, before, d, &where);
        if (k < 0) continue;
        if (!found++) {
            az_text_add(text, "the equations and conditions leave the fields free: %s may change by a function that is largest at", name_of(t->r->problem, k));
            say_place(text, v, t->r->problem, where);
        }
    }
    if (found && dependent > LOOKED_AT) az_text_add(text, ", and by many others\n");
    else if (found > 1) az_text_add(text, ", and by %d other%s\n", found - 1, found > 2 ? "s" : "");
    else if (found) az_text_add(text, "\n");
    q->open += found && !az_tangent_n_solved(t) ? found : 0; /* else numbers are asked for, and counted by themselves */
    az_doubles_free(d);
    return st;
}

/* ---- combinations of unknowns */

/* Coefficients over the largest, if they are all whole numbers, at least two of them not 0. */
static bool whole(int *out, const double *v, int n)
{
    double least = INFINITY;
    int used = 0;
    for (int i = 0; i < n; i++)
        if (fabs(v[i]) > RANK) least = fmin(least, fabs(v[i]));
    for (int i = 0; i < n; i++) {
        const double c = v[i] / least, r = round(c);
        if (!(fabs(c - r) < WHOLE * fmax(1, fabs(c))) || fabs(r) > MOST_WHOLE) return false;
        out[i] = (int)r;
        used += r != 0;
    }
    for (int i = 0; i < n; i++)
        if (out[i]) {
            const int sign = out[i] < 0 ? -1 : 1; /* the first is positive */
            for (int k = 0; k < n && sign < 0; k++) out[k] = -out[k];
            break;
        }
    return used > 1;
}

/* Right singular vectors of the unknowns' columns as the QR leaves them, each times size[i]; *rank of them are seen. v[n][n], by rows. */
static az_status singular(double *v, int *rank, const az_tangent *t, const int *column, const double *size, int n)
{
    const az_system *s = t->system;
    const az_block *last = &s->block[s->n_blocks - 1];
    const int m = s->border; /* rows of the border's triangle */
    double *a = az_doubles((size_t)m * (size_t)n), *sigma = az_doubles((size_t)(m + n)), *super = az_doubles((size_t)(m + n));
    az_status st = a && sigma && super ? AZ_OK : AZ_ENOMEM;
    for (int k = 0; k < n && !st; k++) {
        const int j = column[k] - (s->cols - s->border);
        for (int i = 0; i <= j; i++) {
            const int values = s->border; /* rows of values `expr@x` are before those of unknowns and belong to the range of the fields */
            (void)values;
            a[(size_t)k * (size_t)m + (size_t)i] = last->a[(size_t)(last->own + j) * (size_t)last->ld + (size_t)(last->own + i)] * s->scale[column[k]] * size[k];
        }
        int first = m; /* of the unknowns */
        for (int i = 0; i < t->r->history.n_unknowns; i++)
            if (az_tangent_unknown(t, i) >= 0 && az_tangent_unknown(t, i) - (s->cols - s->border) < first) first = az_tangent_unknown(t, i) - (s->cols - s->border);
        for (int i = 0; i < first; i++) a[(size_t)k * (size_t)m + (size_t)i] = 0;
    }
    if (!st && LAPACKE_dgesvd(LAPACK_COL_MAJOR, 'N', 'A', m, n, a, m, sigma, NULL, 1, v, n, super)) st = AZ_ENOMEM;
    *rank = 0;
    for (int i = 0; i < n && i < m && !st; i++) *rank += sigma[i] > RANK * sigma[0] && sigma[0] > 0;
    az_doubles_free(a);
    az_doubles_free(sigma);
    az_doubles_free(super);
    return st;
}

#define MOST 8 /* unknowns that are looked at together */

/* The text of a sum or product, its value and its derivatives by the unknowns. */
static double combine(az_text *name, double *g, const int *c, const char *const *unknown, const double *u, int n, bool product)
{
    double value = product ? 1 : 0;
    for (int i = 0, said = 0; i < n; i++) {
        if (!c[i]) continue;
        const int size = abs(c[i]);
        if (product) {
            az_text_add(name, "%s%s", said++ ? c[i] < 0 ? "/" : "*" : "", unknown[i]);
            if (size > 1) az_text_add(name, "^%d", size);
            value *= pow(u[i], c[i]);
        } else {
            az_text_add(name, "%s", said++ ? c[i] < 0 ? " - " : " + " : "");
            if (size > 1) az_text_add(name, "%d ", size);
            az_text_add(name, "%s", unknown[i]);
            value += c[i] * u[i];
        }
    }
    for (int i = 0; i < n; i++) g[i] = product ? c[i] * value / u[i] : c[i];
    return value;
}

static az_status say_combination(az_text *text, const az_tangent *t, const int *column, const char *const *unknown, const double *u, int n)
{
    const az_system *s = t->system;
    double v[MOST * MOST], w[MOST], g[MOST], size[MOST], error, norm;
    int rank, c[MOST];
    bool product = false, found = false;
    for (int pass = 0; pass < 2 && !found; pass++) { /* sums, then products: sums of logarithms */
        product = pass == 1;
        for (int i = 0; i < n; i++) size[i] = product ? u[i] : 1;
        const az_status st = singular(v, &rank, t, column, size, n);
        if (st || rank != 1) return st;
        for (int i = 0; i < n; i++) w[i] = v[i * n]; /* the first row of V transposed, which is stored by columns */
        found = whole(c, w, n);
    }
    if (!found) {
        az_text_add(text, "one combination of them is determined, with the derivatives");
        for (int i = 0; i < n; i++) az_text_add(text, "%s %.3g by %s", i ? "," : "", v[i * n] / u[i], unknown[i]);
        az_text_add(text, "\n");
        return AZ_OK;
    }
    az_text name = {0};
    const double value = combine(&name, g, c, unknown, u, n, product);
    double *all = az_doubles((size_t)s->cols + 1);
    az_status st = all && !name.failed ? AZ_OK : AZ_ENOMEM;
    for (int i = 0; i < n && !st; i++) all[column[i]] = g[i];
    if (!st) st = az_system_error(s, &error, &norm, NULL, all);
    if (!st && isfinite(error)) {
        char digits[AZ_UNKNOWN_LENGTH];
        az_format_unknown(digits, value, fmax(error, AZ_VALUE_ULPS * DBL_EPSILON * fabs(value)));
        az_text_add(text, "what is determined of them: %s = %s\n", name.s, digits);
    }
    az_doubles_free(all);
    az_text_clear(&name);
    return st;
}

static az_status combinations(az_support *q, az_text *text, const az_tangent *t)
{
    const az_result *r = t->r;
    const az_problem *p = r->problem;
    int column[MOST], n = 0;
    const char *unknown[MOST];
    double u[MOST];
    for (int i = 0; i < r->history.n_unknowns && n < MOST; i++) {
        if (az_tangent_unknown(t, i) < 0 || !isinf(q->unknown[i])) continue;
        unknown[n] = p->scalar[p->n_parameters + i].name, u[n] = r->scalar[p->n_parameters + i];
        column[n++] = az_tangent_unknown(t, i);
    }
    if (!n) return AZ_OK;
    for (int i = 0; i < n; i++) az_text_add(text, "%s%s", i ? i + 1 < n ? ", " : " and " : "", unknown[i]);
    az_text_add(text, n > 1 ? " are not determined by these equations\n" : " is not determined by these equations\n");
    return n > 1 ? say_combination(text, t, column, unknown, u, n) : AZ_OK;
}

/* ---- the trivial solution */

static double largest_row(const az_tangent *t, const double *r)
{
    double most = 0;
    for (int i = 0; i < t->n_rows - t->n_values; i++)
        if (!(fabs(r[i]) <= most) && isfinite(r[i])) most = fabs(r[i]);
    return most;
}

/* The size of the terms that rows add up, from their rounding. */
static double largest_term(const az_tangent *t)
{
    double most = 0;
    for (int b = 0; b < t->system->n_blocks; b++)
        for (int i = 0; i < t->system->block[b].rows; i++) most = fmax(most, t->system->block[b].noise[i]);
    return most / DBL_EPSILON;
}

/* Trials that are 0 satisfy every row, and no name that has a trial in it is larger than the residuals allow. */
static az_status trivial(az_support *q, az_text *text, const az_tangent *t, looks *v, const double *before)
{
    const az_problem *p = t->r->problem;
    az_trial_state *zero = az_calloc((size_t)p->n_trials + 1, sizeof *zero);
    double *r = az_doubles((size_t)az_program_rows(t->program) + 1), size = 0;
    bool *mark = az_calloc((size_t)p->graph.n + 1, sizeof *mark);
    az_status st = zero && r && mark ? AZ_OK : AZ_ENOMEM;
    const az_binding now = {.trial = t->trial, .scalar = t->r->scalar, .unit = 1}, none = {.trial = zero, .scalar = t->r->scalar, .unit = 1};
    for (int k = 0; k < p->n_trials && !st; k++) { /* the added stage alone, whose weights are 0 */
        zero[k].n_stages = 1;
        zero[k].stage[0] = t->trial[k].stage[t->trial[k].n_stages - 1];
    }
    if (!st) st = az_program_residual(t->program, &now, r);
    const double residual = st ? 0 : largest_row(t, r), limit = ZERO * residual, terms = largest_term(t);
    if (!st) st = az_program_residual(t->program, &none, r);
    bool homogeneous = !st;
    for (int i = 0; i < t->n_rows - t->n_values && homogeneous; i++) homogeneous = fabs(r[i]) <= ZERO_ROW * terms;
    if (homogeneous) {
        for (int k = 0; k < v->n_names; k++) {
            memset(mark, 0, sizeof *mark * (size_t)p->graph.n);
            mark[v->node[k]] = true;
            az_expr_contents(mark, &p->graph);
            bool has_trial = false;
            for (int i = 0; i < p->graph.n; i++) has_trial |= mark[i] && p->graph.node[i].op == AZ_TRIAL;
            for (int i = 0; i < v->n && has_trial; i++)
                if (isfinite(before[k * v->n + i])) size = fmax(size, fabs(before[k * v->n + i]));
        }
        if (size <= limit) {
            az_text_add(text, "this is the trivial solution: the fields are 0 to within %.1e\n", fmax(size, residual));
            q->open += !t->r->options.accept_trivial;
        }
    }
    az_realloc(zero, 0);
    az_realloc(mark, 0);
    az_doubles_free(r);
    return st;
}

az_status az_free_directions(az_support *q, const az_result *r, az_tangent *t, int threads)
{
    az_text text = {0};
    looks v;
    double *before = NULL;
    az_status st = create_looks(&v, t, threads);
    (void)r;
    if (!st) {
        st = look(&v, t, t->trial);
        if (!st) st = copy_values(&before, &v);
    }
    if (!st) st = trivial(q, &text, t, &v, before);
    if (!st && t->r->problem->dim == 1) st = directions(q, &text, t, &v, before);
    if (!st && q->lost && !q->open && !text.n) {
        az_text_add(&text, "%s is not determined by these equations: its error is as large as itself\n", name_of(t->r->problem, q->lost - 1));
        q->open += !az_tangent_n_solved(t);
    }
    if (!st) st = combinations(q, &text, t);
    if (!st && text.failed) st = AZ_ENOMEM;
    if (!st && text.n) q->note = az_strdup(text.s);
    if (!st && text.n && !q->note) st = AZ_ENOMEM;
    az_text_clear(&text);
    az_doubles_free(before);
    clear_looks(&v);
    return st;
}
