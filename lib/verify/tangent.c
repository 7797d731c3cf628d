/* tangent.c: see tangent.h. */
#include "verify/tangent.h"

#include "solve/run.h"
#include "trial/element.h"
#include "trial/mlp.h"
#include "verify/panels.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define DEGREE 16           /* of the added elements; those of a solve have 13 and the order of the rows */
#define CENTRE 24           /* of the element about 0 of a trial with a parity; 22 in a solve */
#define DEGREE_NONLOCAL 16 /* on the solver's own panels */
#define FEATURES 600        /* of all trials, in several coordinates */
#define FEATURES_RANGE 8.0  /* of their frequencies, radians per half-width of an input */
#define ROWS_PER_COLUMN 2.5
#define SKIP 1000003        /* of the sequence of points: the optimiser's are the first */
#define DAMPING 1e-13       /* of columns that nearly repeat each other: 500 eps */
#define NOISE_TRIALS 3
#define NOISE_FACTOR 8.0 /* evaluating a row takes several operations: the error of E of `oscillator` by a Chebyshev series was 7 times less without */
#define PART_ROUNDING 2.0 /* of each part of a row, four times the rounding of one number */
#define NOISE_STEP 0x1p-24  /* relative; its square is rounding */

static bool nonlocal(const az_problem *p)
{
    for (int i = 0; i < p->graph.n; i++)
        if (p->graph.node[i].op == AZ_HILBERT || p->graph.node[i].op == AZ_PRIMITIVE) return true;
    return false;
}

static az_network *added(const az_tangent *t, int k) { return &t->trial[k].stage[t->trial[k].n_stages - 1]; }

static az_status add_stage(az_tangent *t, int k, const az_network *net, const az_mesh *mesh)
{
    az_network *to = &t->trial[k].stage[t->trial[k].n_stages];
    *to = *net;
    to->n_weights = mesh ? az_mesh_weights(mesh) : az_network_count(net);
    if (to->n_weights < 0 || (mesh && !az_mesh_valid(mesh))) return AZ_EDOMAIN;
    to->weight = az_doubles((size_t)to->n_weights + 1);
    if (mesh) {
        to->mesh = *mesh;
        to->mesh.edge = az_doubles((size_t)mesh->n_edges);
        if (to->mesh.edge) memcpy(to->mesh.edge, mesh->edge, sizeof(double) * (size_t)mesh->n_edges);
    }
    t->trial[k].n_stages++;
    return to->weight && (!mesh || to->mesh.edge) ? AZ_OK : AZ_ENOMEM;
}

/* Elements for every trial on the panels, and which of the system's blocks each weight stands in. */
static az_status add_elements(az_tangent *t, const az_panels *a)
{
    const az_problem *p = t->r->problem;
    az_status st = AZ_OK;
    for (int k = 0; k < p->n_trials && !st; k++) {
        az_mesh m;
        st = az_panels_mesh(&m, a, p, k);
        m.degree = p->n_analytic ? AZ_MESH_MAX_DEGREE : t->local ? DEGREE : DEGREE_NONLOCAL;
        if (m.degree < 2 * m.smooth + 2) m.degree = 2 * m.smooth + 2;
        m.centre = CENTRE;
        const az_network net = {.space = AZ_SPACE_ELEMENT, .scale = 1, .width = {p->trial[k].n_inputs, 1}};
        if (!st) st = add_stage(t, k, &net, &m);
        az_doubles_free(m.edge);
    }
    return st;
}

/* Half-widths of the inputs over the points of the first equation, as the solver's features have them. */
static az_status half_widths(const az_tangent *t, double *half, const az_points *x, int threads)
{
    const az_problem *p = t->r->problem;
    int node[AZ_MAX_TRIALS * AZ_MAX_INPUTS], n = 0;
    az_program *g;
    for (int k = 0; k < p->n_trials; k++)
        for (int i = 0; i < p->trial[k].n_inputs; i++) node[n++] = p->trial[k].input[i];
    const az_probe probe = {.x = x->x, .n = x->n, .node = node, .n_nodes = n};
    const az_program_setup setup = {.probe = &probe, .threads = threads};
    const az_binding b = {.trial = t->trial, .scalar = t->r->scalar, .unit = 1};
    az_status st = az_program_create(&g, p, &setup, NULL);
    if (st) return st;
    st = az_program_residual(g, &b, NULL);
    for (int i = 0; i < n && !st; i++) {
        const double *v = az_program_probe(g, i);
        double lo = v[0], hi = v[0];
        for (int j = 1; j < x->n; j++) lo = fmin(lo, v[j]), hi = fmax(hi, v[j]);
        half[i] = hi > lo ? 0.5 * (hi - lo) : 1;
    }
    az_program_destroy(g);
    return st;
}

static az_status add_features(az_tangent *t, const az_points *x, int threads)
{
    const az_problem *p = t->r->problem;
    double half[AZ_MAX_TRIALS * AZ_MAX_INPUTS], *range = half;
    az_rng rng;
    az_rng_seed(&rng, 1);
    az_status st = half_widths(t, half, x, threads);
    for (int k = 0; k < p->n_trials && !st; k++) {
        const int width = FEATURES / p->n_trials > 8 ? FEATURES / p->n_trials : 8;
        const az_network net = {.n_layers = 1, .first = AZ_ACT_SINE, .scale = 1, .width = {p->trial[k].n_inputs, width, 1}};
        for (int i = 0; i < p->trial[k].n_inputs; i++) range[i] = FEATURES_RANGE / range[i];
        st = add_stage(t, k, &net, NULL);
        if (!st) az_mlp_features(added(t, k), &rng, range);
        range += p->trial[k].n_inputs;
    }
    return st;
}

static int trained(const az_tangent *t)
{
    int n = 0;
    for (int k = 0; k < t->r->problem->n_trials; k++) n += az_trial_trained(added(t, k));
    return n;
}

/* Unknowns of the mathematics that this run solved for: not the place of a layer's inputs, which moves nothing but a parametrisation, and no defect at its
 * smooth value. */
static bool solved_for(const az_result *r, int i)
{
    const az_problem *p = r->problem;
    return p->n_parameters + i < az_problem_layer_slot(p, 0) && !p->scalar[p->n_parameters + i].defect;
}

static int n_unknowns(const az_problem *p) { return p->n_scalars - p->n_parameters; }

/* ---- where rows and columns stand */

static void place_unknowns(az_tangent *t, int first_border)
{
    for (int i = 0; i < n_unknowns(t->r->problem); i++) t->column[t->n_weights + i] = solved_for(t->r, i) ? first_border++ : -1;
}

int az_tangent_n_solved(const az_tangent *t)
{
    int n = 0;
    for (int i = 0; i < n_unknowns(t->r->problem); i++) n += solved_for(t->r, i);
    return n;
}

int az_tangent_values(const az_tangent *t) { return t->system->border - az_tangent_n_solved(t) - t->n_values; }

static az_status create_dense(az_tangent *t, double damped)
{
    const int rows = t->n_rows + (damped > 0 ? t->n_weights : 0);
    const az_status st = az_system_create(&t->system, 1, &t->n_weights, &rows, az_tangent_n_solved(t));
    if (st) return st;
    for (int i = 0; i < t->n_rows; i++) t->at[i] = i;
    for (int j = 0; j < t->n_weights; j++) t->column[j] = j;
    place_unknowns(t, t->n_weights);
    t->jac = az_doubles((size_t)(az_program_rows(t->program) - t->n_rows + 1) * (size_t)t->system->cols);
    return t->jac ? AZ_OK : AZ_ENOMEM;
}

/* The blocks of a local problem: a weight stands in the one where its support begins, a row in the one where its point lies. periodic: weights of the
 * first node are met by the last block, too, and are columns of the border. */
typedef struct places {
    int n, *own, *rows, *block; /* block[n_weights]: -1 the border */
    int border;
} places;

static void place_weights(places *w, const az_tangent *t, const az_panels *a)
{
    int first = 0;
    for (int k = 0; k < t->r->problem->n_trials; k++) {
        const az_mesh *m = &added(t, k)->mesh;
        for (int e = 0; e + 1 < m->n_edges; e++)
            for (int j = 0; j < az_mesh_n_bubbles(m, e); j++) w->block[first + az_mesh_bubble(m, e) + j] = az_panels_of_element(a, m, e);
        for (int i = 0; i < m->n_edges; i++) {
            const int at = az_mesh_node(m, i);
            for (int j = 0; at >= 0 && j < az_mesh_node_weights(m, i); j++) w->block[first + at + j] = m->periodic && (i == 0 || i + 1 == m->n_edges) ? -1 : az_panels_of_node(a, m, i);
        }
        first += added(t, k)->n_weights;
    }
    for (int j = 0; j < t->n_weights; j++)
        if (w->block[j] < 0) w->border++;
        else w->own[w->block[j]]++;
}

static az_status create_chain(az_tangent *t, const az_panels *a)
{
    const az_problem *p = t->r->problem;
    const int n = az_panels_count(a);
    places w = {.n = n, .own = az_calloc((size_t)n, sizeof(int)), .rows = az_calloc((size_t)n, sizeof(int)), .block = az_calloc((size_t)t->n_weights + 1, sizeof(int))};
    int *next = az_calloc((size_t)n, sizeof *next), wrapped = 0;
    az_status st = w.own && w.rows && w.block && next ? AZ_OK : AZ_ENOMEM;
    if (!st) place_weights(&w, t, a);
    for (int k = 0, i = 0; k < p->n_rows && !st; k++) {
        int first, count;
        az_program_row_range(t->program, k, &first, &count);
        const double *x = az_program_row_points(t->program, k);
        for (int q = 0; q < count; q++, i++) t->block[i] = az_panels_find(a, x[q]), t->at[i] = w.rows[t->block[i]]++;
    }
    for (int k = 0, i = t->n_rows - t->n_values; k < t->n_values && !st; k++, i++) t->block[i] = az_panels_find(a, az_program_at(t->program, k)[0]), t->at[i] = w.rows[t->block[i]]++;
    if (!st) st = az_system_create(&t->system, n, w.own, w.rows, w.border + t->n_values + az_tangent_n_solved(t));
    if (!st) {
        for (int j = 0; j < t->n_weights; j++)
            t->column[j] = w.block[j] < 0 ? t->system->cols - t->system->border + wrapped++ : t->system->block[w.block[j]].first + next[w.block[j]]++;
        place_unknowns(t, t->system->cols - az_tangent_n_solved(t));
    }
    az_realloc(w.own, 0);
    az_realloc(w.rows, 0);
    az_realloc(w.block, 0);
    az_realloc(next, 0);
    return st;
}

/* Column c of the system in block b. -1 where the block has none. */
static int in_block(const az_system *s, int b, int c)
{
    const az_block *k = &s->block[b];
    if (c >= s->cols - s->border) return k->own + k->next + (c - (s->cols - s->border));
    return c >= k->first && c < k->first + k->own + k->next ? c - k->first : -1;
}

/* ---- derivatives of local rows */

/* emit(data, row, column among weights, value): of one trial at the lanes of one block of points. */
typedef void (*emit_fn)(void *data, int row, int weight, double value);

/* Derivatives of rows [first, first + n) at points x by the weights of all trials. */
static az_status spread(const az_tangent *t, const az_layout *l, int first, int n, const double *x, int ld_row, emit_fn emit, void *data)
{
    const az_problem *p = t->r->problem;
    double jet[AZ_ELEMENT_MAX_TERMS * AZ_MAX_JET], lanes[AZ_LANES], *out[AZ_MAX_JET] = {NULL};
    int column[AZ_ELEMENT_MAX_TERMS], before = 0;
    for (int k = 0; k < p->n_trials; k++) {
        const az_network *net = added(t, k);
        double *work = az_doubles(az_element_work(net, l));
        if (!work) return AZ_ENOMEM;
        for (int b = 0; b < n; b += AZ_LANES) {
            for (int i = 0; i < AZ_LANES; i++) lanes[i] = x[b + i < n ? b + i : n - 1];
            az_element_forward(net, l, out, lanes, work);
            for (int i = 0; i < AZ_LANES && b + i < n; i++) {
                const int terms = az_element_lane(net, l, work, i, column, jet);
                for (int q = 0; q < terms; q++) {
                    double sum = 0;
                    for (int c = 0; c < l->n; c++) sum += t->jac[(size_t)(k * l->n + c) * (size_t)t->ld + (size_t)(ld_row + b + i)] * jet[q * l->n + c];
                    emit(data, first + b + i, before + column[q], sum);
                }
            }
        }
        az_doubles_free(work);
        before += net->n_weights;
    }
    return AZ_OK;
}

static void put_entry(void *data, int row, int weight, double value)
{
    az_tangent *t = data;
    const int b = t->block[row], j = in_block(t->system, b, t->column[weight]);
    if (j >= 0) *az_system_at(t->system, b, t->at[row], j) += value;
}

/* Unknowns and values at points of one row of the seeds, into the border. */
static void border_entries(const az_tangent *t, const az_layout *l, int seed_row, double *border)
{
    const az_problem *p = t->r->problem;
    const int all = n_unknowns(p), first = p->n_trials * l->n, start = t->system->cols - t->system->border, values = az_tangent_values(t);
    for (int i = 0; i < all; i++)
        if (t->column[t->n_weights + i] >= 0) border[t->column[t->n_weights + i] - start] += t->jac[(size_t)(first + i) * (size_t)t->ld + (size_t)seed_row];
    for (int k = 0; k < t->n_values; k++) border[values + k] += t->jac[(size_t)(first + all + k) * (size_t)t->ld + (size_t)seed_row];
}

static az_status fill_local(az_tangent *t, const az_layout *l)
{
    const az_problem *p = t->r->problem;
    const int all = az_program_rows(t->program), values = az_tangent_values(t);
    double *border = az_doubles((size_t)t->system->border + 1);
    az_status st = border ? AZ_OK : AZ_ENOMEM;
    for (int k = 0; k < p->n_rows && !st; k++) {
        int first, count;
        az_program_row_range(t->program, k, &first, &count);
        st = spread(t, l, first, count, az_program_row_points(t->program, k), first, put_entry, t);
    }
    for (int k = 0; k < t->n_values && !st; k++) st = spread(t, l, t->n_rows - t->n_values + k, 1, az_program_at(t->program, k), all + k, put_entry, t);
    for (int i = 0; i < t->n_rows && !st; i++) {
        const int b = t->block[i], value = i - (t->n_rows - t->n_values);
        memset(border, 0, sizeof *border * (size_t)t->system->border);
        border_entries(t, l, value >= 0 ? all + value : i, border);
        if (value >= 0) border[values + value] -= 1; /* its own: expression - value = 0 */
        for (int j = 0; j < t->system->border; j++) *az_system_at(t->system, b, t->at[i], az_system_column_of_border(t->system, b, j)) += border[j];
    }
    az_doubles_free(border);
    return st;
}

static az_status seeds(az_tangent *t, const az_layout **l)
{
    const az_problem *p = t->r->problem;
    const az_binding b = {.trial = t->trial, .scalar = t->r->scalar, .unit = 1};
    const int rows = az_program_rows(t->program) + t->n_values;
    az_status st = az_program_seed_layout(t->program, l);
    if (st) return st;
    t->ld = (rows + 7) / 8 * 8;
    t->jac = az_doubles((size_t)(p->n_trials * (*l)->n + n_unknowns(p) + t->n_values + 1) * (size_t)t->ld);
    return t->jac ? az_program_seeds(t->program, &b, t->jac, t->ld) : AZ_ENOMEM;
}

/* ---- derivatives of other rows */

/* Columns of the stages that are last now, from column `to` of the system on; of the unknowns once. */
static az_status fill_dense(az_tangent *t, int to, bool unknowns)
{
    const az_problem *p = t->r->problem;
    const az_binding b = {.trial = t->trial, .scalar = t->r->scalar, .unit = 1};
    const int n = trained(t), rows = az_program_rows(t->program), ld = (rows + 7) / 8 * 8;
    double *jac = az_doubles((size_t)(n + n_unknowns(p)) * (size_t)ld);
    az_status st = jac ? az_program_jacobian(t->program, &b, jac, ld) : AZ_ENOMEM;
    for (int j = 0; j < n + n_unknowns(p) && !st; j++) {
        const int c = j < n ? to + j : t->column[t->n_weights + j - n];
        if (c < 0 || (j >= n && !unknowns)) continue;
        memcpy(az_system_at(t->system, 0, 0, c), jac + (size_t)j * (size_t)ld, sizeof *jac * (size_t)t->n_rows);
        for (int i = t->n_rows; i < rows; i++) t->jac[(size_t)(i - t->n_rows) * (size_t)t->system->cols + (size_t)c] = jac[(size_t)j * (size_t)ld + (size_t)i];
    }
    az_doubles_free(jac);
    return st;
}

/* The first network of each trial with the features, or what stands last, in its place. */
static void swap_stages(az_tangent *t)
{
    for (int k = 0; k < t->r->problem->n_trials; k++) {
        az_trial_state *s = &t->trial[k];
        const az_network first = s->stage[0];
        s->stage[0] = s->stage[s->n_stages - 1];
        s->stage[s->n_stages - 1] = first;
    }
}

static int weights_of_first(az_tangent *t)
{
    swap_stages(t);
    const int n = trained(t);
    swap_stages(t);
    return n;
}

/* Rows DAMPING times the identity, in columns of length 1: what repeats other columns to rounding does not take a direction of its own. */
static void damp(az_tangent *t)
{
    az_block *b = &t->system->block[0];
    for (int j = 0; j < t->n_weights; j++) {
        double norm = 0;
        for (int i = 0; i < t->n_rows; i++) norm = hypot(norm, *az_system_at(t->system, 0, i, j));
        *az_system_at(t->system, 0, t->n_rows + j, j) = norm > 0 ? DAMPING * norm : 1;
        b->noise[t->n_rows + j] = DAMPING * norm; /* weights may be off by 1 as far as these rows know */
    }
}

/* ---- what is left of the rows */

static void put_row(az_tangent *t, int i, double residual, double noise)
{
    az_block *b = &t->system->block[t->block[i]];
    b->residual[t->at[i]] = residual;
    b->noise[t->at[i]] = noise;
}

/* residual[i] of the solver's evaluation is replaced by the independent one where that is finite; to noise[i] comes the rounding of the parts that the
 * row adds up, constants among them. */
static az_status independent(const az_tangent *t, const az_reference *s, double *residual, double *noise, int threads)
{
    const az_problem *p = t->r->problem;
    az_status st = AZ_OK;
    for (int k = 0; k < p->n_rows && !st; k++) {
        const az_terms *parts = &p->row[k].parts;
        const int columns = parts->n + 2;
        int node[AZ_MAX_TERMS + 2] = {p->row[k].node, p->row[k].scale < 0 ? p->row[k].node : p->row[k].scale}, first, n;
        memcpy(node + 2, parts->node, sizeof *node * (size_t)parts->n);
        az_program_row_range(t->program, k, &first, &n);
        az_num *v = az_alloc_array((size_t)n * (size_t)columns, sizeof *v);
        if (!v) return AZ_ENOMEM;
        st = az_reference_eval(s, v, node, columns, az_program_row_points(t->program, k), n, threads);
        for (int i = 0; i < n && !st; i++) {
            const az_num *own = v + (size_t)i * (size_t)columns;
            const double per = p->row[k].weight / (p->row[k].scale < 0 ? 1 : creal(own[1])), value = creal(own[0]) * per;
            double sum = 0;
            for (int q = 0; q < parts->n; q++) sum += fabs(creal(own[2 + q]));
            if (isfinite(value)) residual[first + i] = value;
            if (isfinite(sum * per)) noise[first + i] += PART_ROUNDING * DBL_EPSILON * sum * fabs(per);
        }
        az_free(v);
    }
    return st;
}

/* Rows at numbers that are off by NOISE_STEP of themselves, in random directions: |difference| / NOISE_STEP is what the terms of a row have that a relative
 * error of all numbers moves. */
static az_status measure_noise(az_tangent *t, double *noise, const double *base)
{
    const az_problem *p = t->r->problem;
    const int rows = az_program_rows(t->program);
    double *moved = az_doubles((size_t)rows + 1), *scalar = az_doubles((size_t)p->n_scalars + 1);
    az_rng rng;
    az_rng_seed(&rng, 1);
    az_status st = moved && scalar ? AZ_OK : AZ_ENOMEM;
    for (int q = 0; q < NOISE_TRIALS && !st; q++) {
        const az_binding b = {.trial = t->trial, .scalar = scalar, .unit = 1};
        for (int i = 0; i < p->n_scalars; i++) scalar[i] = t->r->scalar[i] * (1 + NOISE_STEP * (2 * az_rng_uniform(&rng) - 1));
        for (int k = 0; k < p->n_trials && !st; k++)
            for (int j = 0; j + 1 < t->trial[k].n_stages && !st; j++) {
                az_network *net = &t->trial[k].stage[j];
                double *own = az_doubles((size_t)net->n_weights + 1);
                if (!own) { st = AZ_ENOMEM; break; }
                for (int w = 0; w < net->n_weights; w++) own[w] = net->weight[w] * (net->first == AZ_ACT_CHEBYSHEV && w < net->n_frozen ? 1 : 1 + NOISE_STEP * (2 * az_rng_uniform(&rng) - 1)); /* degrees are exact */
                net->weight = own;
            }
        if (!st) st = az_program_residual(t->program, &b, moved);
        for (int k = 0; k < p->n_trials; k++)
            for (int j = 0; j + 1 < t->trial[k].n_stages; j++) {
                az_network *net = &t->trial[k].stage[j];
                if (net->weight != t->r->trial[k].stage[j].weight) az_doubles_free(net->weight);
                net->weight = t->r->trial[k].stage[j].weight;
            }
        for (int i = 0; i < t->n_rows - t->n_values && !st; i++) noise[i] = fmax(noise[i], NOISE_FACTOR * DBL_EPSILON / NOISE_STEP * fabs(moved[i] - base[i]));
    }
    az_doubles_free(moved);
    az_doubles_free(scalar);
    return st;
}

/* A row that is not finite at its point says nothing, and takes nothing away. */
static void drop_row(az_tangent *t, int i)
{
    az_system *s = t->system;
    const az_block *b = &s->block[t->block[i]];
    for (int j = 0; j < b->own + b->next + s->border; j++) *az_system_at(s, t->block[i], t->at[i], j) = 0;
}

static az_status fill_residuals(az_tangent *t, const az_reference *s, double *base, int threads)
{
    const int rows = t->n_rows - t->n_values;
    double *noise = az_doubles((size_t)t->n_rows + 1), *residual = az_doubles((size_t)t->n_rows + 1);
    az_status st = noise && residual ? AZ_OK : AZ_ENOMEM;
    if (!st) st = measure_noise(t, noise, base);
    if (!st) memcpy(residual, base, sizeof *residual * (size_t)rows);
    if (!st && s) st = independent(t, s, residual, noise, threads);
    for (int i = 0; i < t->n_rows && !st; i++) {
        const bool known = isfinite(residual[i]) && isfinite(noise[i]);
        put_row(t, i, known ? fabs(residual[i]) : 0, known ? noise[i] : 0);
        if (!known) drop_row(t, i);
    }
    az_doubles_free(noise);
    az_doubles_free(residual);
    return st;
}

/* ---- the whole */

static az_status spread_points(az_points *points, const az_tangent *t, int columns)
{
    const az_problem *p = t->r->problem;
    int equations = 0;
    bool first = true;
    for (int k = 0; k < p->n_rows; k++) equations += p->row[k].kind == AZ_ROW_EQUATION;
    const int n = (int)(ROWS_PER_COLUMN * columns / (equations ? equations : 1)) + 1;
    for (int k = 0; k < p->n_rows; k++) {
        const az_row_decl *row = &p->row[k];
        const unsigned all = (1u << p->dim) - 1, fixed = az_row_fixed(row);
        if (row->kind == AZ_ROW_EQUATION ? !first : fixed == 0 || fixed == all) continue;
        first = first && row->kind != AZ_ROW_EQUATION;
        const int m = fixed ? (int)(4 * pow(n, (p->dim - 1.0) / p->dim)) + 1 : n;
        const az_status st = az_points_spread(&points[k], p, fixed, &row->at, m, SKIP, t->r->options.coordinates);
        if (st) return st;
    }
    return AZ_OK;
}

static az_status create_program(az_tangent *t, const az_points *points, const double *edge, int n_edges, const az_probe *probe, int threads, az_error *err)
{
    const az_program_setup setup = {.edge = edge, .n_edges = n_edges, .points = points, .rows = true, .probe = probe, .probe_rows = true, .threads = threads};
    const az_status st = az_program_create(&t->program, t->r->problem, &setup, err);
    if (st) return st;
    t->n_values = t->local ? az_program_n_at(t->program) : 0;
    t->n_rows = az_program_rows(t->program) - (probe ? probe->n * probe->n_nodes : 0) + t->n_values;
    t->block = az_calloc((size_t)t->n_rows + 1, sizeof *t->block);
    t->at = az_calloc((size_t)t->n_rows + 1, sizeof *t->at);
    return t->block && t->at ? AZ_OK : AZ_ENOMEM;
}

/* The base residual, which every derivative wants first. */
static az_status evaluate(az_tangent *t, double **base)
{
    const az_binding b = {.trial = t->trial, .scalar = t->r->scalar, .unit = 1};
    *base = az_doubles((size_t)az_program_rows(t->program) + 1);
    return *base ? az_program_residual(t->program, &b, *base) : AZ_ENOMEM;
}

static az_status columns(az_tangent *t, int n)
{
    t->n_weights = n;
    t->column = az_calloc((size_t)(n + n_unknowns(t->r->problem)) + 1, sizeof *t->column);
    return t->column ? AZ_OK : AZ_ENOMEM;
}

static az_status build_line(az_tangent *t, double **base, const az_probe *probe, int threads, az_error *err)
{
    const az_problem *p = t->r->problem;
    const az_layout *l;
    az_panels a = {0};
    az_points *points = az_calloc((size_t)p->n_rows + 1, sizeof *points);
    az_status st = points ? az_panels_base(&t->edge, &t->n_edges, t->r) : AZ_ENOMEM;
    if (!st && !t->local && !t->n_edges) st = AZ_EDOMAIN;
    if (!st) st = az_panels_of(&a, t->r, t->local, t->edge, t->n_edges);
    if (!st && t->local) st = az_panels_points(&points[az_problem_first_equation(p)], &a, p);
    if (!st) st = add_elements(t, &a);
    if (!st) st = columns(t, trained(t));
    if (!st) st = create_program(t, points, t->local ? NULL : a.edge, t->local ? 0 : a.n_edges, probe, threads, err);
    if (!st) st = evaluate(t, base);
    if (t->local) {
        if (!st) st = create_chain(t, &a);
        if (!st) st = seeds(t, &l);
        if (!st) st = fill_local(t, l);
    } else {
        if (!st && (t->n_weights > AZ_TANGENT_MOST)) st = AZ_EDOMAIN;
        if (!st) st = create_dense(t, 0);
        if (!st) st = fill_dense(t, 0, true);
    }
    for (int k = 0; points && k < p->n_rows; k++) az_doubles_free(points[k].x);
    az_realloc(points, 0);
    az_panels_clear(&a);
    return st;
}

static az_status build_box(az_tangent *t, double **base, const az_probe *probe, int threads, az_error *err)
{
    const az_problem *p = t->r->problem;
    az_points *points = az_calloc((size_t)p->n_rows + 1, sizeof *points);
    az_status st = points ? AZ_OK : AZ_ENOMEM;
    const int first = az_problem_first_equation(p);
    if (!st) st = spread_points(points, t, FEATURES); /* for the widths of the inputs */
    if (!st) st = add_features(t, &points[first], threads);
    const int own = st ? 0 : weights_of_first(t), features = st ? 0 : trained(t);
    if (!st && own + features > AZ_TANGENT_MOST) st = AZ_EDOMAIN;
    for (int k = 0; points && k < p->n_rows; k++) az_doubles_free(points[k].x), points[k] = (az_points){.n = 0};
    if (!st) st = spread_points(points, t, own + features);
    if (!st) st = columns(t, own + features);
    if (!st) st = create_program(t, points, NULL, 0, probe, threads, err);
    if (!st) st = evaluate(t, base);
    if (!st) st = create_dense(t, DAMPING);
    if (!st) st = fill_dense(t, 0, true);
    if (!st) {
        swap_stages(t);
        st = fill_dense(t, features, false);
        swap_stages(t);
    }
    if (!st) damp(t);
    for (int k = 0; points && k < p->n_rows; k++) az_doubles_free(points[k].x);
    az_realloc(points, 0);
    return st;
}

az_status az_tangent_create(az_tangent **out, const az_result *r, const az_reference *s, const az_probe *probe, int threads, az_error *err)
{
    const az_problem *p = r->problem;
    az_tangent *t = az_calloc(1, sizeof *t);
    double *base = NULL;
    *out = NULL;
    if (!t) return AZ_ENOMEM;
    t->r = r;
    t->local = p->dim == 1 && !nonlocal(p);
    t->trial = az_calloc((size_t)p->n_trials + 1, sizeof *t->trial);
    az_status st = t->trial ? AZ_OK : AZ_ENOMEM;
    for (int k = 0; k < p->n_trials && !st; k++) t->trial[k] = r->trial[k];
    for (int k = 0; k < p->n_trials && p->dim > 1; k++)
        if (r->trial[k].n_stages < 1 || az_run_elements(r)) st = st ? st : AZ_EDOMAIN;
    if (!st) st = p->dim == 1 ? build_line(t, &base, probe, threads, err) : build_box(t, &base, probe, threads, err);
    if (!st) st = fill_residuals(t, s, base, threads);
    az_doubles_free(base);
    if (!st) *out = t;
    else az_tangent_destroy(t);
    return st;
}

void az_tangent_destroy(az_tangent *t)
{
    if (!t) return;
    for (int k = 0; t->trial && k < t->r->problem->n_trials; k++)
        if (t->trial[k].n_stages > t->r->trial[k].n_stages) az_network_clear(added(t, k));
    az_realloc(t->trial, 0);
    az_doubles_free(t->edge);
    az_program_destroy(t->program);
    az_system_destroy(t->system);
    az_realloc(t->block, 0);
    az_realloc(t->at, 0);
    az_realloc(t->column, 0);
    az_doubles_free(t->jac);
    az_realloc(t, 0);
}

typedef struct gradient {
    const az_tangent *t;
    double *g;
} gradient;

static void put_gradient(void *data, int row, int weight, double value)
{
    const gradient *to = data;
    (void)row;
    to->g[to->t->column[weight]] += value;
}

az_status az_tangent_gradient(const az_tangent *t, double *g, int i)
{
    const int cols = t->system->cols, row = t->n_rows - t->n_values + i;
    gradient to = {t, g};
    const az_layout *l;
    memset(g, 0, sizeof *g * (size_t)cols);
    if (!t->local) return memcpy(g, t->jac + (size_t)i * (size_t)cols, sizeof *g * (size_t)cols), AZ_OK;
    az_status st = az_program_seed_layout(t->program, &l);
    if (!st) st = spread(t, l, 0, 1, az_program_probe_point(t->program, i), row, put_gradient, &to);
    if (!st) border_entries(t, l, row, g + cols - t->system->border);
    return st;
}

int az_tangent_unknown(const az_tangent *t, int i) { return t->column[t->n_weights + i]; }

/* The last stages of all trials, with these weights more. */
static void shift_stages(az_tangent *t, const double *d, int first)
{
    for (int k = 0; k < t->r->problem->n_trials; k++) {
        az_network *net = added(t, k);
        for (int j = 0; j < az_trial_trained(net); j++) net->weight[net->n_frozen + j] += d[t->column[first + j]];
        first += az_trial_trained(net);
    }
}

/* The first stages of all trials on weights of their own, or on those of the result again. */
static az_status own_weights(az_tangent *t, bool own)
{
    for (int k = 0; k < t->r->problem->n_trials; k++) {
        az_network *net = &t->trial[k].stage[0];
        const az_network *from = &t->r->trial[k].stage[0];
        double *w = own ? az_doubles((size_t)from->n_weights + 1) : from->weight;
        if (!w) return AZ_ENOMEM;
        if (own) memcpy(w, from->weight, sizeof *w * (size_t)from->n_weights);
        if (net->weight != from->weight) az_doubles_free(net->weight);
        net->weight = w;
    }
    return AZ_OK;
}

az_status az_tangent_residual(az_tangent *t, double *out, const double *d)
{
    const az_problem *p = t->r->problem;
    const bool both = p->dim > 1;
    const int features = trained(t);
    double *scalar = az_doubles((size_t)p->n_scalars + 1), *r = az_doubles((size_t)az_program_rows(t->program) + 1);
    az_status st = scalar && r ? AZ_OK : AZ_ENOMEM;
    if (!st && both) st = own_weights(t, true);
    for (int i = 0; i < p->n_scalars && !st; i++) scalar[i] = t->r->scalar[i];
    for (int i = 0; i < n_unknowns(p) && !st; i++)
        if (az_tangent_unknown(t, i) >= 0) scalar[p->n_parameters + i] += d[az_tangent_unknown(t, i)];
    if (!st) shift_stages(t, d, 0);
    if (!st && both) {
        swap_stages(t);
        shift_stages(t, d, features);
        swap_stages(t);
    }
    const az_binding b = {.trial = t->trial, .scalar = scalar, .unit = 1};
    if (!st) st = az_program_residual(t->program, &b, r);
    for (int i = 0; i < t->n_rows && !st; i++) out[i] = i < t->n_rows - t->n_values ? r[i] : 0;
    for (int k = 0; k < p->n_trials; k++) memset(added(t, k)->weight + added(t, k)->n_frozen, 0, sizeof(double) * (size_t)az_trial_trained(added(t, k)));
    if (both) own_weights(t, false);
    az_doubles_free(scalar);
    az_doubles_free(r);
    return st;
}
