/* analytic.c: the element about an analytic point. Its panels of collocation points are even in z,
 * a power of two of them, and refinement doubles their number: the degree rises, and no edge comes
 * near the point. The second solve with twice the functions is in twice.c. */
#include "solve/analytic.h"

#include <math.h>
#include <string.h>

#define FIRST_PIECES 4 /* degree 29 + smooth */
#define MOST_PIECES 16 /* that a refinement makes: twice the functions are 64 */
#define SAME_EDGE 1e-12 /* of the neighbourhood */
#define NEAR 0.25 /* of a piece: an edge outside that is nearer would leave a sliver */

typedef struct span {
    double lo, hi;
} span;

static double to_z(const az_coord_decl *c, double x)
{
    return c->range == AZ_INTERVAL ? x : asinh(x / c->scale);
}

static span span_of(const az_problem *p, int i)
{
    const az_analytic_decl *a = &p->analytic[i];
    return (span){to_z(&p->coord[0], a->x - a->half), to_z(&p->coord[0], a->x + a->half)};
}

static bool inside(const span *s, double z)
{
    const double near = SAME_EDGE * (s->hi - s->lo);
    return z > s->lo + near && z < s->hi - near;
}

static int count_pieces(const span *s, const double *edge, int n)
{
    int pieces = 1;
    for (int i = 0; i < n; i++) pieces += inside(s, edge[i]);
    return pieces;
}

int az_analytic_pieces(const az_problem *p, int i, const double *edge, int n)
{
    const span s = span_of(p, i);
    return count_pieces(&s, edge, n);
}

/* The panels of one neighbourhood even, at least so many. The ends of the grid stay. */
static az_status even_out(double **edge, int *n, const span *s, int least, int most)
{
    int pieces = least, k = 0;
    while (pieces < most && pieces < count_pieces(s, *edge, *n)) pieces *= 2;
    const double width = (s->hi - s->lo) / pieces;
    double *to = az_doubles((size_t)(*n + pieces + 1));
    if (!to) return AZ_ENOMEM;
    for (int i = 0; i < *n && ((*edge)[i] < s->lo - NEAR * width || i == 0); i++)
        to[k++] = (*edge)[i];
    for (int j = 0; j <= pieces; j++) to[k++] = j == pieces ? s->hi : s->lo + j * width;
    for (int i = 0; i < *n; i++)
        if ((*edge)[i] > s->hi + NEAR * width || (i == *n - 1 && (*edge)[i] > s->hi))
            to[k++] = (*edge)[i];
    az_doubles_free(*edge);
    *edge = to, *n = k;
    return AZ_OK;
}

/* least 0: at least as many as there are. A power of two, most the same. */
static az_status even_all(double **edge, int *n, const az_problem *p, int least, int most)
{
    az_status st = AZ_OK;
    for (int i = 0; i < p->n_analytic && !st; i++) {
        const span s = span_of(p, i), mirror = {-s.hi, -s.lo};
        st = even_out(edge, n, &s, least, most);
        const bool both =
            p->coord[0].range != AZ_HALF_LINE && (*edge)[0] < mirror.lo && (s.lo > 0 || s.hi < 0);
        bool parity = false;
        for (int t = 0; t < p->n_trials; t++) parity |= p->trial[t].parity[0] != AZ_NO_PARITY;
        if (!st && both && parity) st = even_out(edge, n, &mirror, least, most);
    }
    return st;
}

#define TWICE 4 /* the degree goes like the root of the pieces */

az_status az_analytic_panels(double **edge, int *n, const az_problem *p, bool confirming)
{
    return even_all(edge, n, p, FIRST_PIECES, confirming ? TWICE * MOST_PIECES : MOST_PIECES);
}

az_status az_analytic_twice(double **edge, int *n, const az_problem *p)
{
    int most = FIRST_PIECES;
    for (int i = 0; i < p->n_analytic; i++)
        while (most < az_analytic_pieces(p, i, *edge, *n) && most < MOST_PIECES) most *= 2;
    return even_all(edge, n, p, TWICE * most, TWICE * MOST_PIECES);
}

az_status az_analytic_check(const az_problem *p, az_error *err)
{
    for (int i = 0; i < p->n_analytic; i++) {
        const az_analytic_decl *a = &p->analytic[i];
        for (int t = 0; t < p->n_trials; t++)
            if (p->trial[t].parity[0] != AZ_NO_PARITY && fabs(a->x) <= a->half)
                return az_fail(
                    err, AZ_EOPTION,
                    "elements of %s are even or odd about 0, which lies within %g of the analytic point %g: "
                    "another trial space, or a smaller neighbourhood",
                    p->trial[t].name, a->half, a->x);
    }
    return AZ_OK;
}

void az_analytic_mesh(az_mesh *m, const az_problem *p, const double *panel, int n_panels)
{
    int k = 0;
    m->n_wide = 0;
    for (int i = 0; i < m->n_edges; i++) {
        bool drop = false;
        for (int j = 0; j < p->n_analytic; j++) {
            const span s = span_of(p, j);
            drop |= inside(&s, m->edge[i]);
        }
        if (!drop) m->edge[k++] = m->edge[i];
    }
    m->n_edges = k;
    for (int e = 0; e + 1 < m->n_edges; e++)
        for (int j = 0; j < p->n_analytic; j++) {
            const span s = span_of(p, j);
            if (!inside(&s, 0.5 * (m->edge[e] + m->edge[e + 1]))) continue;
            m->wide[m->n_wide] = e;
            m->pieces[m->n_wide++] = count_pieces(&s, panel, n_panels);
        }
}

az_status az_analytic_expand(double **edge, int *n, const az_mesh *m)
{
    int most = m->n_edges;
    for (int i = 0; i < m->n_wide; i++) most += m->pieces[i];
    *edge = az_doubles((size_t)most);
    *n = 0;
    if (!*edge) return AZ_ENOMEM;
    for (int e = 0; e < m->n_edges; e++) {
        const int wide = az_mesh_wide(m, e), pieces = wide < 0 ? 1 : m->pieces[wide];
        (*edge)[(*n)++] = m->edge[e];
        for (int j = 1; j < pieces; j++)
            (*edge)[(*n)++] = m->edge[e] + j * (m->edge[e + 1] - m->edge[e]) / pieces;
    }
    return AZ_OK;
}
