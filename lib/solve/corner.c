/* corner.c: where conditions contradict each other. Two conditions on faces that meet are compared
 * there: for random trials and unknowns the second, or a derivative of it along its face, is an
 * affine function of the first one, and does not vanish where that does. No function satisfies
 * both, so no residual can be small beside that place, and points that went there would leave the
 * rest of the domain. */
#include "solve/run.h"
#include "trial/mlp.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define STATES 6 /* random ones: two rows that are not related fit no line through so many */
#define ORDERS 2 /* of derivatives along a face: a streamfunction meets its slope by the first */
#define PLACES 3 /* along an edge where faces meet in more than a point */
#define RELATED 1e-9 /* of what varies: rounding of second derivatives leaves 1e-13 */
#define UNITS 8 /* of the random networks */
#define GAIN 1.5 /* of their first layer */
#define WORK_MOST 100000 /* values per derivative: beyond, nothing is looked for */

typedef struct meeting {
    int row[2]; /* indices among the faces */
    unsigned fixed;
    int first; /* of its points */
    int n;
} meeting;

typedef struct search {
    az_result *r;
    const az_problem *p;
    int face[AZ_MAX_ROWS], node[AZ_MAX_ROWS], n_faces;
    meeting *meeting;
    int n_meetings, n_points, n_kinds;
    double *x; /* [n_points][dim] */
    double *value; /* [n_kinds][STATES][n_faces][n_points] */
} search;

static bool is_face(const az_problem *p, const az_row_decl *row)
{
    const unsigned all = (1u << p->dim) - 1;
    return (row->kind == AZ_ROW_INITIAL || row->kind == AZ_ROW_BOUNDARY) && row->fixed &&
           row->fixed != all;
}

/* On faces neither of which contains the other. */
static bool meet(const az_problem *p, const az_row_decl *a, const az_row_decl *b)
{
    const unsigned both = a->fixed | b->fixed;
    for (int c = 0; c < p->dim; c++)
        if (a->fixed >> c & b->fixed >> c & 1 && a->at.x[c] != b->at.x[c]) return false;
    return both != a->fixed && both != b->fixed;
}

static double place(const az_coord_decl *c, int i)
{
    const double u = (i + 0.7) / (PLACES + 0.4);
    if (c->range == AZ_INTERVAL) return c->lo + (c->hi - c->lo) * u;
    return c->scale * (c->range == AZ_LINE ? 2 * u - 1 : u);
}

static void put_points(search *s, meeting *m, const az_row_decl *a, const az_row_decl *b)
{
    const az_problem *p = s->p;
    for (int i = 0; i < m->n; i++)
        for (int c = 0; c < p->dim; c++)
            s->x[(m->first + i) * p->dim + c] = a->fixed >> c & 1   ? a->at.x[c]
                                                : b->fixed >> c & 1 ? b->at.x[c]
                                                                    : place(&p->coord[c], i);
}

/* The pairs of faces, with their points where there is room for them. */
static void find_meetings(search *s)
{
    const az_problem *p = s->p;
    const unsigned all = (1u << p->dim) - 1;
    s->n_meetings = s->n_points = 0;
    for (int i = 0; i < s->n_faces; i++)
        for (int j = i + 1; j < s->n_faces; j++) {
            const az_row_decl *a = &p->row[s->face[i]], *b = &p->row[s->face[j]];
            if (!meet(p, a, b)) continue;
            meeting m = {.row = {i, j}, .fixed = a->fixed | b->fixed, .first = s->n_points};
            m.n = m.fixed == all ? 1 : PLACES;
            if (s->meeting) put_points(s, &m, a, b), s->meeting[s->n_meetings] = m;
            s->n_meetings++;
            s->n_points += m.n;
        }
}

static void scatter_unknowns(az_result *r, az_rng *rng)
{
    const az_problem *p = r->problem;
    for (int i = p->n_parameters; i < p->n_scalars; i++) {
        const az_scalar_decl *d = &p->scalar[i];
        const double u = az_rng_uniform(rng) - 0.5, most = fmax(1, fabs(d->value));
        r->scalar[i] = d->value + u * fmin(most, u < 0 ? d->value - d->lo : d->hi - d->value);
    }
}

static double *values(const search *s, int kind, int state)
{
    return s->value + (size_t)(kind * STATES + state) * (size_t)s->n_faces * (size_t)s->n_points;
}

/* All rows at all points: kind 0, themselves; kind 1 + c ORDERS + k, their derivative of order k +
 * 1 in coordinate c. */
static az_status evaluate(search *s, int kind, az_error *err)
{
    int order[AZ_MAX_DIM] = {0};
    az_program *g;
    az_rng rng;
    if (kind) order[(kind - 1) / ORDERS] = 1 + (kind - 1) % ORDERS;
    const az_probe probe = {
        .x = s->x, .n = s->n_points, .node = s->node, .n_nodes = s->n_faces, .order = order};
    const az_program_setup setup = {.probe = &probe, .threads = 1};
    az_status st = az_program_create(&g, s->p, &setup, err);
    if (st) return st;
    az_rng_seed(&rng, 1);
    for (int k = 0; k < STATES && !st; k++) {
        for (int t = 0; t < s->p->n_trials; t++)
            az_mlp_init(&s->r->trial[t].stage[0], &rng, GAIN, 1, 1);
        scatter_unknowns(s->r, &rng);
        const az_binding b = {.trial = s->r->trial, .scalar = s->r->scalar, .unit = 1};
        st = az_program_residual(g, &b, NULL);
        for (int i = 0; i < s->n_faces && !st; i++)
            memcpy(values(s, kind, k) + (size_t)i * (size_t)s->n_points, az_program_probe(g, i),
                   sizeof(double) * (size_t)s->n_points);
    }
    az_program_destroy(g);
    return st;
}

static double mean(const double *x)
{
    double sum = 0;
    for (int k = 0; k < STATES; k++) sum += x[k];
    return sum / STATES;
}

/* b = slope a + gap: the gap, 0 where there is no such line or it goes through 0, or where one of
 * the two does not vary. */
static double gap(const double *a, const double *b)
{
    const double ma = mean(a), mb = mean(b);
    double aa = 0, ab = 0, bb = 0, left = 0, largest = 0;
    for (int k = 0; k < STATES; k++) {
        aa += (a[k] - ma) * (a[k] - ma), ab += (a[k] - ma) * (b[k] - mb),
            bb += (b[k] - mb) * (b[k] - mb);
        largest = fmax(largest, fabs(a[k]));
    }
    if (!(aa > RELATED * RELATED * largest * largest) || !isfinite(bb)) return 0;
    const double slope = ab / aa, g = mb - slope * ma;
    for (int k = 0; k < STATES; k++) left += pow(b[k] - mb - slope * (a[k] - ma), 2);
    if (!(left <= RELATED * RELATED * bb)) return 0;
    return fabs(g) > RELATED * (fabs(mb) + fabs(slope * ma) + sqrt(bb)) ? g : 0;
}

/* Derivatives of a row along its face, in the coordinates that only the other face fixes: kinds[],
 * the row itself first. */
static int kinds_of(int *kind, const az_problem *p, unsigned own, unsigned fixed)
{
    int n = 0;
    kind[n++] = 0;
    for (int k = 0; k < ORDERS; k++)
        for (int c = 0; c < p->dim; c++)
            if (fixed >> c & 1 && !(own >> c & 1)) kind[n++] = 1 + c * ORDERS + k;
    return n;
}

static int order_of(int kind) { return kind ? 1 + (kind - 1) % ORDERS : 0; }

/* The largest gap of one pair of kinds over the points of a meeting. */
static double gap_at(const search *s, const meeting *m, int first_kind, int second_kind, int *point)
{
    double largest = 0;
    for (int i = m->first; i < m->first + m->n; i++) {
        double a[STATES], b[STATES];
        for (int k = 0; k < STATES; k++) {
            a[k] = values(s, first_kind, k)[m->row[0] * s->n_points + i];
            b[k] = values(s, second_kind, k)[m->row[1] * s->n_points + i];
        }
        const double g = fabs(gap(a, b));
        if (g > largest) largest = g, *point = i;
    }
    return largest;
}

/* The contradiction of lowest order between the two rows of a meeting. */
static bool contradicts(const search *s, const meeting *m, az_corner *out)
{
    const az_problem *p = s->p;
    int kind[2][1 + AZ_MAX_DIM * ORDERS], n[2], point = 0;
    for (int e = 0; e < 2; e++)
        n[e] = kinds_of(kind[e], p, p->row[s->face[m->row[e]]].fixed, m->fixed);
    for (int sum = 0; sum <= 2 * ORDERS; sum++)
        for (int i = 0; i < n[0]; i++)
            for (int j = 0; j < n[1]; j++) {
                const int a = kind[0][i], b = kind[1][j];
                if (order_of(a) + order_of(b) != sum) continue;
                const double g = gap_at(s, m, a, b, &point);
                if (!(g > 0)) continue;
                *out = (az_corner){.row = {s->face[m->row[0]], s->face[m->row[1]]},
                                   .order = {order_of(a), order_of(b)},
                                   .fixed = m->fixed,
                                   .gap = g};
                out->along[0] = a ? (a - 1) / ORDERS : 0, out->along[1] = b ? (b - 1) / ORDERS : 0;
                memcpy(out->at.x, s->x + point * p->dim, sizeof(double) * (size_t)p->dim);
                return true;
            }
    return false;
}

static az_status look(search *s, az_error *err)
{
    const az_problem *p = s->p;
    az_status st = AZ_OK;
    s->n_kinds = 1 + p->dim * ORDERS;
    s->meeting = az_alloc_array((size_t)s->n_meetings, sizeof *s->meeting);
    s->x = az_doubles((size_t)s->n_points * (size_t)p->dim);
    s->value = az_doubles((size_t)s->n_kinds * STATES * (size_t)s->n_faces * (size_t)s->n_points);
    s->r->corner = az_calloc(AZ_MAX_CORNERS, sizeof *s->r->corner);
    if (!s->meeting || !s->x || !s->value || !s->r->corner)
        return az_fail(err, AZ_ENOMEM, "out of memory");
    find_meetings(s);
    for (int t = 0; t < p->n_trials && !st; t++)
        st = az_state_add_stage(s->r, t, 1, &(int){UNITS}, AZ_ACT_TANH, 1);
    if (st) return az_fail(err, st, "out of memory");
    for (int k = 0; k < s->n_kinds && !st; k++) st = evaluate(s, k, err);
    for (int i = 0; i < s->n_meetings && !st && s->r->n_corners < AZ_MAX_CORNERS; i++)
        s->r->n_corners += contradicts(s, &s->meeting[i], &s->r->corner[s->r->n_corners]);
    return st;
}

az_status az_run_find_corners(az_result *r, az_error *err)
{
    const az_problem *p = r->problem;
    search s = {.r = r, .p = p};
    if (p->dim < 2 || r->options.space == AZ_SPACE_ELEMENT) return AZ_OK;
    for (int k = 0; k < p->n_rows; k++)
        if (is_face(p, &p->row[k])) s.face[s.n_faces] = k, s.node[s.n_faces++] = p->row[k].node;
    find_meetings(&s);
    if (!s.n_meetings || (double)s.n_points * s.n_faces > WORK_MOST) return AZ_OK;
    const az_status st = look(&s, err);
    az_state_drop_networks(r);
    for (int i = 0; i < p->n_scalars; i++) r->scalar[i] = p->scalar[i].value;
    az_realloc(s.meeting, 0);
    az_doubles_free(s.x);
    az_doubles_free(s.value);
    return st;
}

static double length_of(const az_coord_decl *c)
{
    return c->range == AZ_INTERVAL ? c->hi - c->lo : c->scale;
}

/* A point nearer than AZ_CORNER_AWAY is mirrored at that distance. On a face its coordinates there
 * stay. */
static void avoid(const az_problem *p, const az_corner *corner, double *x)
{
    double square = 0;
    for (int c = 0; c < p->dim; c++)
        if (corner->fixed >> c & 1)
            square += pow((x[c] - corner->at.x[c]) / length_of(&p->coord[c]), 2);
    const double distance = sqrt(square);
    if (!(distance > 0) || !(distance < AZ_CORNER_AWAY)) return;
    for (int c = 0; c < p->dim; c++)
        if (corner->fixed >> c & 1)
            x[c] = corner->at.x[c] + (x[c] - corner->at.x[c]) * (2 * AZ_CORNER_AWAY / distance - 1);
}

void az_run_avoid_corners(const az_result *r, az_points *points, unsigned fixed)
{
    for (int k = 0; k < r->n_corners; k++) {
        const bool apart = (fixed & r->corner[k].fixed) == r->corner[k].fixed;
        for (int i = 0; i < points->n && !apart; i++)
            avoid(r->problem, &r->corner[k], points->x + i * points->dim);
    }
}

void az_run_say_corner(char *text, size_t n, const az_result *r, int i)
{
    const az_problem *p = r->problem;
    const az_corner *c = &r->corner[i];
    int k = snprintf(text, n, "lines %d and %d contradict each other by %.3g at",
                     p->row[c->row[0]].line, p->row[c->row[1]].line, c->gap);
    for (int d = 0; d < p->dim && k < (int)n; d++)
        if (c->fixed >> d & 1)
            k += snprintf(text + k, n - (size_t)k, " %s = %.6g,", p->coord[d].name, c->at.x[d]);
    if (k < (int)n)
        snprintf(text + k, n - (size_t)k,
                 " where no residual can be small: points stay %.2g of the lengths away",
                 AZ_CORNER_AWAY);
}
