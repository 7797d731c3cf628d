/* measure.c: what the residual of a row is compared with: the largest of its terms (lib/problem/terms.c). */
#include "residual/internal.h"

#include <math.h>
#include <string.h>

enum { TERM, OVER, SCALE };

static az_status add_terms(az_program *g, int set, int k, sink_kind kind, const az_terms *terms,
                           az_status (*add)(az_program *g, int set, sink u))
{
    double **size = &g->size[kind - SINK_TERM][k];
    az_status st = AZ_OK;
    *size = az_doubles((size_t)g->sets[set].n_pad);
    if (!*size) return AZ_ENOMEM;
    for (int i = 0; i < terms->n && !st; i++)
        st = add(g, set, (sink){.kind = kind, .step = terms->node[i], .target = k});
    return st;
}

az_status az_measure_sinks(az_program *g, az_status (*add)(az_program *g, int set, sink u))
{
    const int n = g->p->n_rows, domain = g->row_set[az_problem_first_equation(g->p)];
    az_status st = AZ_OK;
    g->measured = true;
    for (int i = 0; i < 3; i++) {
        g->size[i] = az_calloc((size_t)n + 1, sizeof **g->size);
        if (!g->size[i]) return AZ_ENOMEM;
    }
    for (int k = 0; k < n && !st; k++) {
        const az_row_decl *row = &g->p->row[k];
        const az_terms scale = {.n = 1, .node = {row->scale}};
        const bool elsewhere = row->kind != AZ_ROW_EQUATION;
        if (row->terms.n) st = add_terms(g, g->row_set[k], k, SINK_TERM, &row->terms, add);
        if (!st && row->terms.n && elsewhere)
            st = add_terms(g, domain, k, SINK_OVER, &row->over, add);
        if (!st && row->scale >= 0) st = add_terms(g, g->row_set[k], k, SINK_SCALE, &scale, add);
    }
    return st;
}

bool az_program_measures(const az_program *g) { return g->measured; }

void az_measure_clear(az_program *g)
{
    for (int i = 0; i < 3; i++) {
        for (int k = 0; g->size[i] && k < g->p->n_rows; k++) az_doubles_free(g->size[i][k]);
        az_realloc(g->size[i], 0);
    }
}

void az_measure_reset(az_program *g)
{
    const int domain = g->measured ? g->row_set[az_problem_first_equation(g->p)] : 0;
    for (int i = 0; i < 3 && g->measured; i++)
        for (int k = 0; k < g->p->n_rows; k++) {
            const pointset *s = &g->sets[i == OVER ? domain : g->row_set[k]];
            if (g->size[i][k]) memset(g->size[i][k], 0, sizeof(double) * (size_t)s->n_pad);
        }
}

/* What is not finite is no term. */
void az_measure_store(az_program *g, const sink *u, const double *v, int block)
{
    double *to = g->size[u->kind - SINK_TERM][u->target] + block * B;
    for (int i = 0; i < B && v; i++)
        if (isfinite(v[i])) to[i] = fmax(to[i], fabs(v[i]));
}

/* The largest of the sizes [n] at the points of a set that lie in the core. */
static double in_core(const az_program *g, const pointset *s, const double *size)
{
    double most = 0;
    for (int i = 0; i < s->n && size; i++)
        if (az_problem_in_core(g->p, s->packed + i * g->p->dim)) most = fmax(most, size[i]);
    return most;
}

double az_program_size(const az_program *g, int k)
{
    const bool equation = g->p->row[k].kind == AZ_ROW_EQUATION;
    const pointset *own = &g->sets[g->row_set[k]];
    const pointset *domain = &g->sets[g->row_set[az_problem_first_equation(g->p)]];
    if (!g->size[TERM][k]) return 0;
    return equation ? in_core(g, own, g->size[TERM][k]) : in_core(g, domain, g->size[OVER][k]);
}

void az_program_relative(const az_program *g, const az_binding *b, const double *r, int k,
                         double *relative)
{
    const az_row_decl *row = &g->p->row[k];
    const bool equation = row->kind == AZ_ROW_EQUATION;
    const pointset *own = &g->sets[g->row_set[k]];
    const pointset *domain = &g->sets[g->row_set[az_problem_first_equation(g->p)]];
    const double *term = g->size[TERM][k], *scale = g->size[SCALE][k];
    const double core = equation ? in_core(g, own, term) : in_core(g, domain, g->size[OVER][k]);
    double most = 0; /* of a condition at all its points */
    for (int i = 0; i < g->row_count[k] && term; i++) most = fmax(most, term[i]);
    for (int i = 0; i < g->row_count[k]; i++) {
        const double found = r[g->row_first[k] + i] * b->unit / row->weight;
        const double size = term ? az_term_measure(row, core, equation ? term[i] : most) : 0;
        relative[i] =
            fabs(az_term_ratio(scale ? found * scale[i] : found, scale ? &scale[i] : NULL, size));
    }
}
