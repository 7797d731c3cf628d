/* square.c: rows of az_program_seeds put into the blocks of a chain: a row depends on a trial through its Taylor coefficients in y at the row's point, these on
 * its coefficients in (xi, eta), and these on the weights of one element, a product of a number along and a number across. */
#include "solve/square.h"

#include "solve/chain.h"
#include "trial/strip.h"

#include <math.h>
#include <string.h>

#define B AZ_LANES
#define SHORTEST 0.01 /* share of Newton's step */
#define FIRST 0.25 /* the same, of the first step from one held value to the next */
#define CONVERGED 1e-9 /* of the unknowns: a correction so small that does not halve the residual meets rounding, which another factor does not lower */
#define NEARLY 1e-6 /* root mean square from which a step that does not halve the residual is the last */
#define CHORD_MAX 8
#define CHORD_PAYS 0.5 /* a correction that does not halve the residual is the last: another factor gains more */

/* Where rows are taken: the points across at one xi, or one point. */
typedef struct place {
    int element, n;
    double xi;
    const double *eta; /* [n] */
    double *along; /* [trials][AZ_ELEMENT_MAX_TERMS][order + 1] Taylor coefficients of the element's terms */
    const double *across; /* [trials][modes][order + 1][n] */
    double *powers; /* [ij][coefficients of the layout][n] */
    double *core; /* [smooth terms at the corner][coefficients of the layout][n] */
} place;

/* Rows of the program from `first` on, as many as the place has points, in rows from `row` on of the block of its element. at: of a value at a point, else -1. */
typedef struct group {
    int first, place, row, at;
} group;

typedef struct az_square az_square;
struct az_square {
    az_chain *chain;
    const az_layout *layout; /* of the seeds */
    int order, n_ij, modes, n_trials, n_elements;
    int n_places, n_lines, n_core; /* n_core: places for single points of equations */
    place *places; /* the lines in order, then the points: of equations, of pins, of values at points */
    double *eta; /* [modes] of the lines, then of the points */
    double *across; /* of the lines, then of the points */
    int n_rows; /* groups of them, in order of their elements */
    group *rows;
    int *first_rows; /* [n_elements + 1] */
    int n_unknowns, n_free, *free, n_at, n_border; /* the border: free unknowns, values at points, smooth terms at the corner of every trial */
    int n_seeds, ld; /* rows of the seeds */
    double *seeds;
    int n, *entry, *row; /* [n] of the chain's unknowns: entry of x; of its rows: row of the residual; -1: a value at a point */
    double *rhs, *d, *correction, *x_new, *r_new;
    bool factored; /* the chain is the LU of a Jacobian of this run, and the seeds are its rows */
    bool done; /* corrections no longer lower the residual */
};

static const az_mesh *mesh_of(const az_run *run, int t) { return &run->r->trial[t].stage[0].mesh; }

static double *trial_along(const az_square *s, const place *p, int t) { return p->along + (size_t)(t * AZ_ELEMENT_MAX_TERMS * (s->order + 1)); }
static const double *trial_across(const az_square *s, const place *p, int t)
{
    return p->across + (size_t)t * (size_t)s->modes * (size_t)(s->order + 1) * (size_t)p->n;
}

/* ---- Places ---- */

static az_status fill_along(const az_square *s, place *p, const az_run *run)
{
    az_layout l;
    az_status st = az_layout_total(&l, 1, s->order);
    p->along = az_doubles((size_t)(s->n_trials * AZ_ELEMENT_MAX_TERMS * (s->order + 1)));
    if (!st && !p->along) st = AZ_ENOMEM;
    for (int t = 0; t < s->n_trials && !st; t++) {
        const az_network *net = &run->r->trial[t].stage[0];
        az_element_term term[AZ_ELEMENT_MAX_TERMS];
        double xi[B], *work = az_doubles(az_element_work(net, &l));
        if (!work) return AZ_ENOMEM;
        for (int i = 0; i < B; i++) xi[i] = p->xi;
        const double *b = az_element_polynomials(net, &l, xi, work);
        int n = az_element_terms(&net->mesh, term, p->element);
        for (int q = 0; q < n; q++)
            for (int c = 0; c <= s->order; c++)
                trial_along(s, p, t)[q * (s->order + 1) + c] = term[q].factor * b[(size_t)(term[q].basis * l.n + c) * B];
        az_doubles_free(work);
    }
    return st;
}

/* [trials][modes][order + 1][n] at eta[n] */
static az_status fill_across(const az_square *s, double *to, const az_run *run, const double *eta, int n)
{
    int k1 = s->order + 1;
    double *series = az_doubles((size_t)s->modes * (size_t)k1 * B);
    if (!series) return AZ_ENOMEM;
    for (int t = 0; t < s->n_trials; t++)
        for (int first = 0; first < n; first += B) {
            double at[B];
            for (int i = 0; i < B; i++) at[i] = eta[first + i < n ? first + i : n - 1];
            az_strip_across(mesh_of(run, t), s->order, series, at);
            for (int m = 0; m < s->modes * k1; m++)
                for (int i = 0; i < B && first + i < n; i++) to[((size_t)(t * s->modes * k1) + (size_t)m) * (size_t)n + (size_t)(first + i)] = series[m * B + i];
        }
    az_doubles_free(series);
    return AZ_OK;
}

/* [count][n] at `first` from [count][B] */
static void take_lanes(double *to, const double *from, size_t count, int first, int n)
{
    for (size_t c = 0; c < count; c++)
        for (int i = 0; i < B && first + i < n; i++) to[c * (size_t)n + (size_t)(first + i)] = from[c * B + (size_t)i];
}

/* m: the mesh with the most smooth terms, whose first ones are those of the others */
static az_status fill_jets(const az_square *s, place *p, const az_mesh *m)
{
    size_t jet = (size_t)s->layout->n, powers = (size_t)s->n_ij * jet, core = (size_t)az_mesh_n_core(m) * jet;
    double *work = az_doubles((powers + core + AZ_STRIP_SCRATCH * jet) * B);
    p->powers = az_doubles(powers * (size_t)p->n);
    p->core = az_doubles(core * (size_t)p->n + 1);
    if (!work || !p->powers || !p->core) {
        az_doubles_free(work);
        return AZ_ENOMEM;
    }
    for (int first = 0; first < p->n; first += B) {
        double y1[B], y2[B];
        for (int i = 0; i < B; i++) az_strip_point(&y1[i], &y2[i], p->xi, p->eta[first + i < p->n ? first + i : p->n - 1], m);
        az_strip_powers(s->layout, work, y1, y2, m, work + (powers + core) * B);
        take_lanes(p->powers, work, powers, first, p->n);
        if (core) az_strip_core(s->layout, work + powers * B, y1, y2, m, work + (powers + core) * B);
        take_lanes(p->core, work + powers * B, core, first, p->n);
    }
    az_doubles_free(work);
    return AZ_OK;
}

/* Rows at single points: those of equations, pins, and the values at points. */
static int count_points(const az_run *run)
{
    int n = az_program_n_at(run->program) + az_square_n_core(run->r);
    for (int k = 0; k < run->p->n_rows; k++) n += run->p->row[k].kind == AZ_ROW_PIN;
    return n;
}

static void set_line(az_square *s, place *p, int element, double xi)
{
    *p = (place){.element = element, .n = s->modes, .xi = xi, .eta = s->eta, .across = s->across};
}

static void set_point(az_square *s, int k, const az_mesh *m, const double *y)
{
    place *p = &s->places[s->n_lines + k];
    double *eta = s->eta + s->modes + k;
    size_t line = (size_t)(s->n_trials * s->modes * (s->order + 1));
    *p = (place){.n = 1, .eta = eta, .across = s->across + line * ((size_t)s->modes + (size_t)k)};
    az_strip_place(&p->xi, eta, fabs(y[0]), y[1], m);
    p->element = az_element_find(m, p->xi);
}

static az_status make_places(az_square *s, const az_run *run)
{
    const az_mesh *m = mesh_of(run, 0), *most = m;
    int points = count_points(run), k = 0;
    for (int t = 1; t < s->n_trials; t++)
        if (az_mesh_n_core(mesh_of(run, t)) > az_mesh_n_core(most)) most = mesh_of(run, t);
    s->n_lines = az_square_lines(m);
    s->n_core = az_square_n_core(run->r);
    s->n_places = s->n_lines + points;
    s->places = az_calloc((size_t)s->n_places, sizeof *s->places);
    s->eta = az_doubles((size_t)(s->modes + points));
    s->across = az_doubles((size_t)(s->n_trials * s->modes * (s->order + 1)) * (size_t)(s->modes + points));
    if (!s->places || !s->eta || !s->across) return AZ_ENOMEM;
    az_square_across(s->eta, m);
    for (int e = 0; e < s->n_elements; e++) {
        double xi[64];
        az_square_nodes(xi, m, e);
        for (int i = 0; i < az_square_points(m, e); i++) set_line(s, &s->places[k++], e, xi[i]);
    }
    for (k = 0; k < s->n_core; k++) {
        double y[2];
        az_square_core_point(y, m, k, s->n_core);
        set_point(s, k, m, y);
    }
    for (int i = 0; i < run->p->n_rows; i++)
        if (run->p->row[i].kind == AZ_ROW_PIN) set_point(s, k++, m, run->p->row[i].at.x);
    for (int i = 0; i < s->n_at; i++) set_point(s, k++, m, az_program_at(run->program, i));
    az_status st = fill_across(s, s->across, run, s->eta, s->modes);
    for (int i = s->n_lines; i < s->n_places && !st; i++) st = fill_across(s, (double *)s->places[i].across, run, s->places[i].eta, 1);
    for (int i = 0; i < s->n_places && !st; i++) {
        st = fill_along(s, &s->places[i], run);
        if (!st) st = fill_jets(s, &s->places[i], most);
    }
    return st;
}

/* ---- Rows and unknowns ---- */

/* Single points that an equation is asked for at: the smooth terms of a trial with as many derivatives shared as the equation takes at most, or one.
 * */
static az_status n_core_of(int *n, const az_run *run, const az_row_decl *row)
{
    unsigned char *order = az_calloc((size_t)run->p->graph.n + 1, 1);
    az_mesh m = {.coordinates = mesh_of(run, 0)->coordinates, .smooth = 1};
    if (!order) return AZ_ENOMEM;
    for (int t = 0; t < run->p->n_trials; t++) {
        az_expr_orders(order, &run->p->graph, t, -1);
        if (order[row->node] != AZ_NO_TRIAL && order[row->node] > m.smooth) m.smooth = order[row->node];
    }
    *n = az_mesh_n_core(&m);
    az_realloc(order, 0);
    return AZ_OK;
}

static az_status make_rows(az_square *s, const az_run *run)
{
    int points = s->n_places - s->n_lines, equations = 0, at = 0;
    for (int k = 0; k < run->p->n_rows; k++) equations += run->p->row[k].kind == AZ_ROW_EQUATION;
    s->rows = az_calloc((size_t)((s->n_lines + s->n_core) * equations + points), sizeof *s->rows);
    s->first_rows = az_calloc((size_t)s->n_elements + 1, sizeof *s->first_rows);
    if (!s->rows || !s->first_rows) return AZ_ENOMEM;
    for (int e = 0, line = 0; e < s->n_elements; e++) {
        int row = 0, lines = az_square_points(mesh_of(run, 0), e), first, count;
        s->first_rows[e] = at;
        for (int k = 0; k < run->p->n_rows; k++) {
            if (run->p->row[k].kind != AZ_ROW_EQUATION) continue;
            az_program_row_range(run->program, k, &first, &count);
            for (int i = 0; i < lines; i++, row += s->modes)
                s->rows[at++] = (group){.first = first + (line + i) * s->modes, .place = line + i, .row = row, .at = -1};
            int core = 0;
            if (e == 0 && n_core_of(&core, run, &run->p->row[k])) return AZ_ENOMEM;
            for (int i = 0; i < core && i < s->n_core; i++)
                s->rows[at++] = (group){.first = first + s->n_lines * s->modes + i, .place = s->n_lines + i, .row = row++, .at = -1};
        }
        line += lines;
        int p = s->n_lines + s->n_core;
        for (int k = 0; k < run->p->n_rows; k++) {
            if (run->p->row[k].kind != AZ_ROW_PIN) continue;
            az_program_row_range(run->program, k, &first, &count);
            if (s->places[p].element == e) s->rows[at++] = (group){.first = first, .place = p, .row = row++, .at = -1};
            p++;
        }
        for (int k = 0; k < s->n_at; k++, p++)
            if (s->places[p].element == e) s->rows[at++] = (group){.first = az_program_rows(run->program) + k, .place = p, .row = row++, .at = k};
    }
    s->first_rows[s->n_elements] = s->n_rows = at;
    return AZ_OK;
}

/* Column in the block of element e of weight `column` of trial t's elements, its first mode. */
static int block_column(const az_square *s, const az_run *run, int t, int e, int column)
{
    const az_mesh *m = mesh_of(run, t);
    int left = 0, inside = 0, right = 0, n_left = 0, n_inside = 0;
    for (int k = 0; k < s->n_trials; k++) {
        const az_mesh *own = mesh_of(run, k);
        if (k < t) left += az_square_node(own, e), inside += az_square_inside(own, e), right += az_square_node(own, e + 1);
        n_left += az_square_node(own, e), n_inside += az_square_inside(own, e);
    }
    int node = az_mesh_node(m, e), bubble = az_mesh_bubble(m, e), next = az_mesh_node(m, e + 1);
    if (column >= next) return n_left + n_inside + right + (column - next) * s->modes;
    if (column >= bubble) return n_left + inside + (column - bubble) * s->modes;
    return left + (column - node) * s->modes;
}

/* Chain unknowns of `count` weights of trial t's elements from `column` on. */
static void number(az_square *s, int *at, int offset, int column, int count)
{
    for (int i = 0; i < count; i++) s->entry[(*at)++] = offset + column * s->modes + i;
}

static void make_entries(az_square *s, const az_run *run)
{
    int at = 0, offset[AZ_MAX_TRIALS], weights = 0;
    for (int t = 0; t < s->n_trials; t++) offset[t] = weights, weights += run->r->trial[t].stage[0].n_weights;
    for (int e = 0; e <= s->n_elements; e++) {
        for (int t = 0; t < s->n_trials; t++) number(s, &at, offset[t], az_mesh_node(mesh_of(run, t), e), az_square_node(mesh_of(run, t), e));
        for (int t = 0; t < s->n_trials && e < s->n_elements; t++)
            number(s, &at, offset[t], az_mesh_bubble(mesh_of(run, t), e), az_square_inside(mesh_of(run, t), e));
    }
    for (int i = 0; i < s->n_free; i++) s->entry[at++] = weights + s->free[i];
    for (int i = 0; i < s->n_at; i++) s->entry[at++] = -1;
    for (int t = 0; t < s->n_trials; t++)
        for (int k = 0; k < az_mesh_n_core(mesh_of(run, t)); k++) s->entry[at++] = offset[t] + az_mesh_count(mesh_of(run, t)) * s->modes + k;
    at = 0;
    for (int k = 0; k < s->n_rows; k++)
        for (int i = 0; i < s->places[s->rows[k].place].n; i++) s->row[at++] = s->rows[k].at < 0 ? s->rows[k].first + i : -1;
}

static az_status make_shape(az_chain_shape *c, const az_square *s, const az_run *run)
{
    *c = (az_chain_shape){.n_elements = s->n_elements, .n_border = s->n_border};
    c->node = az_calloc((size_t)s->n_elements + 1, sizeof(int));
    c->inside = az_calloc((size_t)s->n_elements + 1, sizeof(int));
    c->rows = az_calloc((size_t)s->n_elements + 1, sizeof(int));
    if (!c->node || !c->inside || !c->rows) return AZ_ENOMEM;
    for (int e = 0; e <= s->n_elements; e++) {
        for (int t = 0; t < s->n_trials; t++) c->node[e] += az_square_node(mesh_of(run, t), e);
        if (e == s->n_elements) break;
        for (int t = 0; t < s->n_trials; t++) c->inside[e] += az_square_inside(mesh_of(run, t), e);
        for (int k = s->first_rows[e]; k < s->first_rows[e + 1]; k++) c->rows[e] += s->places[s->rows[k].place].n;
    }
    return AZ_OK;
}

static void clear_shape(az_chain_shape *c)
{
    az_realloc(c->node, 0);
    az_realloc(c->inside, 0);
    az_realloc(c->rows, 0);
}

static az_status make_chain(az_square *s, az_run *run)
{
    az_chain_shape c;
    az_status st = make_shape(&c, s, run);
    if (!st && az_chain_check(&c)) {
        int rows = 0, unknowns = az_chain_unknowns(&c);
        for (int e = 0; e < c.n_elements; e++) rows += c.rows[e];
        clear_shape(&c);
        return az_fail(run->err, AZ_EOPTION,
                       "elements in two coordinates need as many rows as unknowns: %s has %d rows and %d unknowns, %d of them not in trials: one `pin` for each of "
                       "these is expected",
                       run->p->name, rows - s->n_at, unknowns - s->n_at, s->n_free);
    }
    s->n = az_chain_unknowns(&c);
    if (!st) st = az_chain_create(&s->chain, &c);
    if (st == AZ_ENOMEM) st = az_fail(run->err, st, "out of memory: the system of %d unknowns takes %.0f MB", s->n, 1e-6 * az_chain_bytes(&c));
    clear_shape(&c);
    return st;
}

az_status az_square_open(az_run *run)
{
    az_square *s = run->square = az_calloc(1, sizeof *s);
    if (!s) return az_fail(run->err, AZ_ENOMEM, "out of memory");
    az_status st = az_program_seed_layout(run->program, &s->layout);
    s->n_trials = run->p->n_trials;
    s->modes = mesh_of(run, 0)->modes;
    s->n_elements = mesh_of(run, 0)->n_edges - 1;
    s->n_unknowns = run->n_unknowns;
    s->n_at = az_program_n_at(run->program);
    s->n_seeds = az_program_rows(run->program) + s->n_at;
    s->ld = (s->n_seeds + 7) / 8 * 8;
    s->free = az_calloc((size_t)run->n_unknowns + 1, sizeof *s->free);
    if (!st && !s->free) st = AZ_ENOMEM;
    for (int i = 0; i < run->n_unknowns && !st; i++)
        if (!az_run_held(run, i)) s->free[s->n_free++] = i;
    s->n_border = s->n_free + s->n_at;
    for (int t = 0; t < s->n_trials; t++) s->n_border += az_mesh_n_core(mesh_of(run, t));
    if (!st) s->order = az_strip_order(s->layout), s->n_ij = az_strip_coefficients(s->order);
    if (!st) st = make_places(s, run);
    if (!st) st = make_rows(s, run);
    if (!st) {
        st = make_chain(s, run);
        if (st) return st;
    }
    s->seeds = st ? NULL : az_doubles((size_t)s->ld * (size_t)(s->n_trials * s->layout->n + run->n_unknowns + s->n_at));
    s->entry = az_calloc((size_t)s->n + 1, sizeof *s->entry);
    s->row = az_calloc((size_t)s->n + 1, sizeof *s->row);
    s->rhs = az_doubles((size_t)s->n + 1);
    s->d = az_doubles((size_t)run->f.cols + 1);
    s->correction = az_doubles((size_t)run->f.cols + 1);
    s->x_new = az_doubles((size_t)run->f.cols + 1);
    s->r_new = az_doubles((size_t)run->f.rows + 1);
    if (!st && (!s->seeds || !s->entry || !s->row || !s->rhs || !s->d || !s->correction || !s->x_new || !s->r_new)) st = AZ_ENOMEM;
    if (st) return az_fail(run->err, st, "out of memory");
    make_entries(s, run);
    return AZ_OK;
}

void az_square_close(az_run *run)
{
    az_square *s = run->square;
    if (!s) return;
    for (int i = 0; s->places && i < s->n_places; i++) {
        az_doubles_free(s->places[i].along);
        az_doubles_free(s->places[i].powers);
        az_doubles_free(s->places[i].core);
    }
    double *doubles[] = {s->eta, s->across, s->seeds, s->rhs, s->d, s->correction, s->x_new, s->r_new};
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) az_doubles_free(doubles[i]);
    az_realloc(s->places, 0);
    az_realloc(s->rows, 0);
    az_realloc(s->first_rows, 0);
    az_realloc(s->free, 0);
    az_realloc(s->entry, 0);
    az_realloc(s->row, 0);
    az_chain_destroy(s->chain);
    az_realloc(s, 0);
    run->square = NULL;
}

/* ---- Newton's method ---- */

/* The part of trial t in the rows u: f_pj from the seeds, then products of numbers along and across. */
static void trial_rows(const az_square *s, const az_run *run, const group *u, int t, double *block, int ld)
{
    const place *p = &s->places[u->place];
    int n = p->n, k1 = s->order + 1;
    az_element_term term[AZ_ELEMENT_MAX_TERMS];
    int terms = az_element_terms(mesh_of(run, t), term, p->element);
    double bar[45 * AZ_MESH_MAX_MODES], a[9 * AZ_MESH_MAX_MODES]; /* order 8 at most */
    memset(bar, 0, sizeof *bar * (size_t)(s->n_ij * n));
    for (int ij = 0; ij < s->n_ij; ij++)
        for (int c = 0; c < s->layout->n; c++) {
            const double *power = p->powers + (size_t)(ij * s->layout->n + c) * (size_t)n;
            const double *seed = s->seeds + (size_t)(t * s->layout->n + c) * (size_t)s->ld + u->first;
            for (int i = 0; i < n; i++) bar[ij * n + i] += power[i] * seed[i];
        }
    for (int q = 0; q < terms; q++) {
        const double *along = trial_along(s, p, t) + q * k1;
        memset(a, 0, sizeof *a * (size_t)(k1 * n));
        for (int b = 0; b < k1; b++)
            for (int j = 0; b + j < k1; j++)
                for (int i = 0; i < n; i++) a[j * n + i] += along[b] * bar[az_strip_coefficient(b, j) * n + i];
        double *to = block + (size_t)block_column(s, run, t, p->element, term[q].column) * (size_t)ld + u->row;
        for (int m = 0; m < s->modes; m++, to += ld)
            for (int j = 0; j < k1; j++) {
                const double *across = trial_across(s, p, t) + (size_t)(m * k1 + j) * (size_t)n;
                for (int i = 0; i < n; i++) to[i] += a[j * n + i] * across[i];
            }
    }
}

static void border_rows(const az_square *s, const az_run *run, const group *u, double *border, int ld)
{
    int n = s->places[u->place].n, first = s->n_trials * s->layout->n;
    for (int k = 0; k < s->n_free; k++)
        memcpy(border + (size_t)k * (size_t)ld + u->row, s->seeds + (size_t)(first + s->free[k]) * (size_t)s->ld + u->first, sizeof(double) * (size_t)n);
    for (int k = 0; k < s->n_at; k++)
        memcpy(border + (size_t)(s->n_free + k) * (size_t)ld + u->row,
               s->seeds + (size_t)(first + s->n_unknowns + k) * (size_t)s->ld + u->first, sizeof(double) * (size_t)n);
    if (u->at >= 0) border[(size_t)(s->n_free + u->at) * (size_t)ld + u->row] -= 1;
    double *to = border + (size_t)(s->n_free + s->n_at) * (size_t)ld + u->row;
    for (int t = 0; t < s->n_trials; t++)
        for (int k = 0; k < az_mesh_n_core(mesh_of(run, t)); k++, to += ld)
            for (int c = 0; c < s->layout->n; c++)
                for (int i = 0; i < n; i++) {
                    const double *seed = s->seeds + (size_t)(t * s->layout->n + c) * (size_t)s->ld + u->first;
                    to[i] += s->places[u->place].core[(k * s->layout->n + c) * n + i] * seed[i];
                }
}

/* Sets `factored`: whether the Jacobian is regular. */
static az_status factor(az_run *run)
{
    az_square *s = run->square;
    az_binding b = az_run_binding(run);
    s->factored = false;
    const az_status st = az_program_seeds(run->program, &b, s->seeds, s->ld);
    if (st) return st;
    for (int e = 0; e < s->n_elements; e++) {
        int ld, border = 0, columns, first = s->first_rows[e], last = s->first_rows[e + 1], n = 0;
        double *block = az_chain_block(s->chain, e, &ld);
        for (int t = 0; t < s->n_trials; t++) {
            const az_mesh *m = mesh_of(run, t);
            border += az_square_node(m, e) + az_square_inside(m, e) + az_square_node(m, e + 1);
        }
        columns = border + s->n_border;
        for (int k = first; k < last; k++) n += s->places[s->rows[k].place].n;
        for (int c = 0; c < columns; c++) memset(block + (size_t)c * (size_t)ld, 0, sizeof *block * (size_t)n);
#pragma omp parallel for schedule(dynamic, 1) num_threads(run->f.threads) if (run->f.threads > 1)
        for (int k = first; k < last; k++) {
            for (int t = 0; t < s->n_trials; t++) trial_rows(s, run, &s->rows[k], t, block, ld);
            border_rows(s, run, &s->rows[k], block + (size_t)border * (size_t)ld, ld);
        }
    }
    s->factored = az_chain_factor(s->chain, run->f.threads);
    return AZ_OK;
}

/* d = -J^-1 r by the factor at hand; its norm */
static double direction(az_run *run, double *d, const double *r)
{
    az_square *s = run->square;
    double sum = 0;
    for (int i = 0; i < s->n; i++) s->rhs[i] = s->row[i] < 0 ? 0 : -r[s->row[i]];
    az_chain_solve(s->chain, s->rhs, s->rhs);
    memset(d, 0, sizeof *d * (size_t)run->f.cols);
    for (int i = 0; i < s->n; i++)
        if (s->entry[i] >= 0) d[s->entry[i]] = s->rhs[i], sum += s->rhs[i] * s->rhs[i];
    return isfinite(sum) ? sqrt(sum) : INFINITY;
}

static double norm(const az_square *s, const double *r)
{
    double sum = 0;
    for (int i = 0; i < s->n; i++)
        if (s->row[i] >= 0) sum += r[s->row[i]] * r[s->row[i]];
    return isfinite(sum) ? sqrt(sum) : INFINITY;
}

/* x_new = x + length d; the norm of r_new there */
static double probe(az_run *run, const double *d, double length)
{
    az_square *s = run->square;
    for (int i = 0; i < run->f.cols; i++) s->x_new[i] = run->x[i] + length * d[i];
    if (run->f.project) run->f.project(run, s->x_new);
    run->f.residual(run, s->r_new, s->x_new);
    return norm(s, s->r_new);
}

static double state_size(const az_run *run)
{
    double sum = 0;
    for (int i = 0; i < run->f.cols; i++) sum += run->x[i] * run->x[i];
    return sqrt(sum);
}

static void accept(az_run *run)
{
    memcpy(run->x, run->square->x_new, sizeof *run->x * (size_t)run->f.cols);
    memcpy(run->residual, run->square->r_new, sizeof *run->residual * (size_t)run->f.rows);
}

/* size: of the step before */
static void chord(az_run *run, double now, double size)
{
    az_square *s = run->square;
    for (int k = 0; k < CHORD_MAX; k++) {
        double correction = direction(run, s->correction, run->residual), next = probe(run, s->correction, 1);
        const bool lower = next < now, pays = next <= CHORD_PAYS * now;
        if (lower) accept(run);
        if (!pays) {
            s->done = correction < CONVERGED * fmax(size, state_size(run));
            return;
        }
        now = next;
    }
}

/* A step is good where the residual falls, or the next correction by the same factor does (Deuflhard, Newton Methods for Nonlinear Problems, 2004, 3.3). */
az_step az_square_step(az_run *run)
{
    az_square *s = run->square;
    double now = norm(s, run->residual), size;
    run->f.residual(run, run->residual, run->x); /* the program holds what was tried last */
    if (factor(run)) return AZ_STEP_FAILED;
    if (!s->factored || !isfinite(size = direction(run, s->d, run->residual))) return AZ_STEP_NONE;
    double shortest = az_march_first(run->r) ? FIRST : SHORTEST;
    for (double length = 1; length >= shortest; length *= 0.5) {
        double next = probe(run, s->d, length);
        bool good = next < now * (1 - 0.5 * length);
        if (!good && isfinite(next)) good = direction(run, s->correction, s->r_new) < (1 - 0.25 * length) * size;
        if (!good && now < NEARLY * sqrt(s->n)) return AZ_STEP_NONE; /* what is left is rounding */
        if (!good) continue;
        accept(run);
        s->done = length == 1 && now < NEARLY * sqrt(s->n) && next > 0.5 * now;
        if (length == 1 && !s->done) chord(run, next, size);
        return AZ_STEP_OK;
    }
    return AZ_STEP_NONE;
}

bool az_square_done(const az_run *run) { return run->square->done; }

/* With the defect's value plus 1: J d = -dr/d(defect) has the inverse of the slope in the unknown's place. */
az_status az_square_slope(az_run *run, double *slope)
{
    const az_problem *p = run->p;
    az_square *s = run->square;
    int unknown = run->f.cols - run->n_unknowns, defect = az_problem_first_defect(p) - p->n_parameters;
    const az_status st = s->factored ? AZ_OK : factor(run);
    if (st) return az_fail(run->err, st, "out of memory");
    if (!s->factored) return AZ_OK;
    const double *column = s->seeds + (size_t)(s->n_trials * s->layout->n + defect) * (size_t)s->ld;
    for (int i = 0; i < s->n; i++) s->rhs[i] = s->row[i] < 0 ? 0 : -column[s->row[i]];
    az_chain_solve(s->chain, s->rhs, s->rhs);
    for (int i = 0; i < s->n; i++)
        if (s->entry[i] == unknown) *slope = 1 / s->rhs[i];
    return AZ_OK;
}
