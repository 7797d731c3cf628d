/* chain.c: elimination from left to right. A panel holds, above the rows of an element, those left over from before, which contain its left node and the
 * border only; its left node and its inside are eliminated, and the rows left over then contain its right node and the border. */
#include "solve/chain.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#define TILE 96 /* as in dense.c: shapes of BLAS calls, and so the bits, do not depend on the threads */

typedef struct panel {
    int carried, rows, pivots, columns; /* columns: all; the first `pivots` are eliminated */
    double *a; /* [columns][rows] */
    lapack_int *swap;
} panel;

struct az_chain {
    az_chain_shape shape;
    panel *panel; /* [n_elements + 1]; the last one holds what is left over */
    double *work; /* right-hand sides: [most rows] */
};

static int columns_of(const az_chain_shape *s, int e) { return s->node[e] + s->inside[e] + s->node[e + 1] + s->n_border; }

int az_chain_check(const az_chain_shape *s)
{
    int carried = 0;
    for (int e = 0; e < s->n_elements; e++) {
        carried += s->rows[e] - s->node[e] - s->inside[e];
        if (carried < 0) return 1 + e;
    }
    return carried == s->node[s->n_elements] + s->n_border ? 0 : 1 + s->n_elements;
}

double az_chain_bytes(const az_chain_shape *s)
{
    double sum = 0, carried = 0;
    for (int e = 0; e < s->n_elements; e++) {
        carried += s->rows[e];
        sum += carried * columns_of(s, e);
        carried -= s->node[e] + s->inside[e];
    }
    double last = s->node[s->n_elements] + s->n_border;
    return sizeof(double) * (sum + last * last);
}

int az_chain_unknowns(const az_chain_shape *s)
{
    int n = s->n_border + s->node[0];
    for (int e = 0; e < s->n_elements; e++) n += s->inside[e] + s->node[e + 1];
    return n;
}

static az_status copy_ints(int **to, const int *from, int n)
{
    *to = az_alloc_array((size_t)n + 1, sizeof **to);
    if (!*to) return AZ_ENOMEM;
    memcpy(*to, from, sizeof **to * (size_t)n);
    return AZ_OK;
}

static az_status make_panel(panel *p, int carried, int rows, int pivots, int columns)
{
    *p = (panel){.carried = carried, .rows = rows, .pivots = pivots, .columns = columns};
    p->a = az_doubles((size_t)rows * (size_t)columns + 1);
    p->swap = az_alloc_array((size_t)pivots + 1, sizeof *p->swap);
    return p->a && p->swap ? AZ_OK : AZ_ENOMEM;
}

az_status az_chain_create(az_chain **out, const az_chain_shape *s)
{
    *out = NULL;
    if (az_chain_check(s)) return AZ_EDOMAIN;
    az_chain *c = az_calloc(1, sizeof *c);
    if (!c) return AZ_ENOMEM;
    int n = s->n_elements, most = s->node[n] + s->n_border, carried = 0;
    c->shape = (az_chain_shape){.n_elements = n, .n_border = s->n_border};
    az_status st = copy_ints(&c->shape.node, s->node, n + 1);
    if (!st) st = copy_ints(&c->shape.inside, s->inside, n);
    if (!st) st = copy_ints(&c->shape.rows, s->rows, n);
    c->panel = st ? NULL : az_calloc((size_t)n + 1, sizeof *c->panel);
    if (!st && !c->panel) st = AZ_ENOMEM;
    for (int e = 0; e < n && !st; e++) {
        int rows = carried + s->rows[e], pivots = s->node[e] + s->inside[e];
        st = make_panel(&c->panel[e], carried, rows, pivots, columns_of(s, e));
        carried = rows - pivots;
        if (rows > most) most = rows;
    }
    int last = s->node[n] + s->n_border;
    if (!st) st = make_panel(&c->panel[n], carried, last, last, last);
    c->work = st ? NULL : az_doubles(2 * (size_t)most + 1);
    if (!st && !c->work) st = AZ_ENOMEM;
    *out = c;
    if (!st) return AZ_OK;
    az_chain_destroy(c);
    *out = NULL;
    return st;
}

void az_chain_destroy(az_chain *c)
{
    if (!c) return;
    for (int e = 0; c->panel && e <= c->shape.n_elements; e++) {
        az_doubles_free(c->panel[e].a);
        az_realloc(c->panel[e].swap, 0);
    }
    az_realloc(c->panel, 0);
    az_realloc(c->shape.node, 0);
    az_realloc(c->shape.inside, 0);
    az_realloc(c->shape.rows, 0);
    az_doubles_free(c->work);
    az_realloc(c, 0);
}

double *az_chain_block(az_chain *c, int e, int *ld)
{
    *ld = c->panel[e].rows;
    return c->panel[e].a + c->panel[e].carried;
}

/* Columns j0.. (nj of them) right of the tile of nk pivots at k0: its row swaps, its rows of U, and the rest updated. */
static void update(panel *p, int k0, int nk, int j0, int nj)
{
    double *l = p->a + (size_t)k0 * (size_t)p->rows, *to = p->a + (size_t)j0 * (size_t)p->rows;
    int below = p->rows - k0 - nk;
    LAPACKE_dlaswp_work(LAPACK_COL_MAJOR, nj, to, p->rows, k0 + 1, k0 + nk, p->swap, 1);
    cblas_dtrsm(CblasColMajor, CblasLeft, CblasLower, CblasNoTrans, CblasUnit, nk, nj, 1, l + k0, p->rows, to + k0, p->rows);
    if (below > 0)
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, below, nj, nk, -1, l + k0 + nk, p->rows, to + k0, p->rows, 1, to + k0 + nk, p->rows);
}

/* LU of the first `pivots` columns in tiles; all other columns follow. */
static bool factor_panel(panel *p, int threads)
{
    for (int k0 = 0; k0 < p->pivots; k0 += TILE) {
        int nk = p->pivots - k0 < TILE ? p->pivots - k0 : TILE, first = k0 + nk, tiles = (p->columns - first + TILE - 1) / TILE;
        double *tile = p->a + (size_t)k0 * (size_t)p->rows;
        if (LAPACKE_dgetrf_work(LAPACK_COL_MAJOR, p->rows - k0, nk, tile + k0, p->rows, p->swap + k0)) return false;
        for (int j = 0; j < nk; j++) {
            double pivot = tile[(size_t)j * (size_t)p->rows + (size_t)(k0 + j)];
            if (!isfinite(pivot) || pivot == 0) return false;
            p->swap[k0 + j] += k0;
        }
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads) if (threads > 1)
        for (int t = 0; t < tiles; t++) {
            int j0 = first + t * TILE;
            update(p, k0, nk, j0, p->columns - j0 < TILE ? p->columns - j0 : TILE);
        }
        if (k0) LAPACKE_dlaswp_work(LAPACK_COL_MAJOR, k0, p->a, p->rows, k0 + 1, k0 + nk, p->swap, 1);
    }
    return true;
}

/* What is left of panel e on top of the next: columns of the right node first, then those of the border, which stand at that panel's end. */
static void carry(az_chain *c, int e)
{
    const panel *p = &c->panel[e];
    panel *q = &c->panel[e + 1];
    int node = c->shape.node[e + 1], border = c->shape.n_border;
    for (int j = 0; j < q->columns - border; j++) {
        double *to = q->a + (size_t)j * (size_t)q->rows;
        if (j < node) memcpy(to, p->a + (size_t)(p->pivots + j) * (size_t)p->rows + p->pivots, sizeof(double) * (size_t)q->carried);
        else memset(to, 0, sizeof(double) * (size_t)q->carried);
    }
    for (int j = 0; j < border; j++)
        memcpy(q->a + (size_t)(q->columns - border + j) * (size_t)q->rows, p->a + (size_t)(p->pivots + node + j) * (size_t)p->rows + p->pivots,
               sizeof(double) * (size_t)q->carried);
}

bool az_chain_factor(az_chain *c, int threads)
{
    for (int e = 0; e <= c->shape.n_elements; e++) {
        if (e) carry(c, e - 1);
        if (!factor_panel(&c->panel[e], threads)) return false;
    }
    return true;
}

/* b of the panel's rows: what was left over is in front already. */
static void forward(const panel *p, double *b)
{
    for (int k = 0; k < p->pivots; k++) {
        double t = b[k];
        int other = (int)p->swap[k] - 1;
        b[k] = b[other], b[other] = t;
    }
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasUnit, p->pivots, p->a, p->rows, b, 1);
    if (p->rows > p->pivots)
        cblas_dgemv(CblasColMajor, CblasNoTrans, p->rows - p->pivots, p->pivots, -1, p->a + p->pivots, p->rows, b, 1, 1, b + p->pivots, 1);
}

/* x in the order of the unknowns; after the forward sweep x[first .. first + pivots) holds a panel's right-hand side. */
void az_chain_solve(az_chain *c, double *x, const double *b)
{
    const az_chain_shape *s = &c->shape;
    int n = s->n_elements, total = az_chain_unknowns(s), at = 0, done = 0, left = 0;
    double *rhs = c->work;
    for (int e = 0; e <= n; e++) {
        const panel *p = &c->panel[e];
        int own = p->rows - p->carried;
        memmove(rhs, rhs + left, sizeof(double) * (size_t)p->carried);
        memcpy(rhs + p->carried, b + at, sizeof(double) * (size_t)own);
        forward(p, rhs);
        at += own; /* rows read so far are never fewer than unknowns written: x may be b */
        memcpy(x + done, rhs, sizeof(double) * (size_t)p->pivots);
        done += p->pivots, left = p->pivots;
    }
    double *border = x + total - s->n_border;
    for (int e = n, first = total; e >= 0; e--) {
        const panel *p = &c->panel[e];
        int node = e < n ? s->node[e + 1] : 0;
        first -= p->pivots;
        if (e < n) {
            cblas_dgemv(CblasColMajor, CblasNoTrans, p->pivots, node, -1, p->a + (size_t)p->pivots * (size_t)p->rows, p->rows, x + first + p->pivots, 1, 1,
                        x + first, 1);
            if (s->n_border)
                cblas_dgemv(CblasColMajor, CblasNoTrans, p->pivots, s->n_border, -1, p->a + (size_t)(p->pivots + node) * (size_t)p->rows, p->rows, border, 1, 1,
                            x + first, 1);
        }
        cblas_dtrsv(CblasColMajor, CblasUpper, CblasNoTrans, CblasNonUnit, p->pivots, p->a, p->rows, x + first, 1);
    }
}
