/* system.c: Householder QR of a block system. Block b takes what block b - 1 leaves, its carry, on top of its own rows; its QR runs over all its columns, so
 * that what it leaves in turn is a triangle. */
#include "verify/system.h"

#include <float.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/* Rounding of a Householder QR of columns of length 1: the diagonal of a dependent column is up to 0.4 sqrt(rows) eps in random systems
 * (tests/test_system.c prints it); columns of polynomials on many panels leave more. */
#define FLOOR 8.0
#define SEEN 1e3 /* floors: a functional with less than that share of a direction that no row sees does not have it */

static int width_of(const az_system *s, const az_block *b) { return b->own + b->next + s->border; }

static int total_rows(int carry, int rows, int width) { return carry + rows > width ? carry + rows : width; }

double az_system_bytes(int n_blocks, const int *own, const int *rows, int border)
{
    double sum = 0;
    for (int b = 0; b < n_blocks; b++) {
        const int next = b + 1 < n_blocks ? own[b + 1] : 0, carry = b ? own[b] + border : 0, width = own[b] + next + border;
        sum += ((double)total_rows(carry, rows[b], width) + 8) * width;
    }
    return sizeof(double) * sum;
}

static az_status create_block(az_system *s, int k, const int *own, const int *rows)
{
    az_block *b = &s->block[k];
    b->own = own[k], b->rows = rows[k];
    b->next = k + 1 < s->n_blocks ? own[k + 1] : 0;
    b->first = k ? s->block[k - 1].first + own[k - 1] : 0;
    b->carry = k ? b->own + s->border : 0;
    b->total = total_rows(b->carry, b->rows, width_of(s, b));
    b->ld = (b->total + 7) / 8 * 8;
    if ((double)b->ld * width_of(s, b) > INT_MAX) return AZ_ELIMIT; /* LAPACK's indices */
    b->a = az_doubles((size_t)b->ld * (size_t)width_of(s, b) + 1);
    b->tau = az_doubles((size_t)width_of(s, b) + 1);
    b->residual = az_doubles((size_t)b->rows + 1);
    b->noise = az_doubles((size_t)b->rows + 1);
    return b->a && b->tau && b->residual && b->noise ? AZ_OK : AZ_ENOMEM;
}

az_status az_system_create(az_system **out, int n_blocks, const int *own, const int *rows, int border)
{
    az_system *s = az_calloc(1, sizeof *s);
    az_status st = s ? AZ_OK : AZ_ENOMEM;
    *out = NULL;
    if (st) return st;
    s->n_blocks = n_blocks, s->border = border, s->cols = border;
    for (int b = 0; b < n_blocks; b++) s->cols += own[b];
    s->block = az_calloc((size_t)n_blocks, sizeof *s->block);
    s->scale = az_doubles((size_t)s->cols + 1);
    s->diagonal = az_doubles((size_t)s->cols + 1);
    s->floors = az_doubles((size_t)s->cols + 1);
    if (!s->block || !s->scale || !s->diagonal || !s->floors) st = AZ_ENOMEM;
    for (int b = 0; b < n_blocks && !st; b++) st = create_block(s, b, own, rows);
    if (st) az_system_destroy(s);
    else *out = s;
    return st;
}

void az_system_destroy(az_system *s)
{
    if (!s) return;
    for (int b = 0; s->block && b < s->n_blocks; b++) {
        az_doubles_free(s->block[b].a);
        az_doubles_free(s->block[b].tau);
        az_doubles_free(s->block[b].residual);
        az_doubles_free(s->block[b].noise);
    }
    az_realloc(s->block, 0);
    az_doubles_free(s->scale);
    az_doubles_free(s->diagonal);
    az_doubles_free(s->floors);
    az_realloc(s, 0);
}

int az_system_column_of_border(const az_system *s, int b, int k) { return s->block[b].own + s->block[b].next + k; }

double *az_system_at(az_system *s, int b, int i, int column)
{
    az_block *k = &s->block[b];
    return k->a + (size_t)column * (size_t)k->ld + (size_t)(k->carry + i);
}

/* Column j of block b among all columns. */
static int global_column(const az_system *s, const az_block *b, int j)
{
    const int n = b->own + b->next;
    return j < n ? b->first + j : s->cols - s->border + (j - n);
}

#define LEAST_NORM 1e-280 /* of a column: one over it is finite */

/* Columns to length 1; a column of zeros stays, or of what is hardly more. false where an entry is not finite. */
static bool normalise(az_system *s)
{
    for (int k = 0; k < s->n_blocks; k++) {
        const az_block *b = &s->block[k];
        for (int j = 0; j < width_of(s, b); j++) {
            double *norm = &s->scale[global_column(s, b, j)];
            for (int i = 0; i < b->rows; i++) *norm = hypot(*norm, *az_system_at(s, k, i, j));
        }
    }
    for (int j = 0; j < s->cols; j++) {
        if (!isfinite(s->scale[j])) return false;
        if (s->scale[j] < LEAST_NORM) s->scale[j] = 0;
    }
    for (int k = 0; k < s->n_blocks; k++) {
        const az_block *b = &s->block[k];
        for (int j = 0; j < width_of(s, b); j++) {
            const double norm = s->scale[global_column(s, b, j)];
            for (int i = 0; i < b->rows; i++) *az_system_at(s, k, i, j) = norm > 0 ? *az_system_at(s, k, i, j) / norm : 0;
        }
    }
    return true;
}

/* What block k leaves, above the rows of the next one: a triangle. */
static void hand_on(az_system *s, int k)
{
    const az_block *b = &s->block[k];
    az_block *to = &s->block[k + 1];
    for (int j = 0; j < b->next + s->border; j++) {
        const int there = j < b->next ? j : to->own + to->next + (j - b->next);
        for (int i = 0; i <= j; i++) to->a[(size_t)there * (size_t)to->ld + (size_t)i] = b->a[(size_t)(b->own + j) * (size_t)b->ld + (size_t)(b->own + i)];
    }
}

static az_status factor(az_system *s, double *rows)
{
    if (!normalise(s)) return AZ_EDOMAIN;
    for (int k = 0; k < s->n_blocks; k++) {
        az_block *b = &s->block[k];
        const int n = width_of(s, b), last = k + 1 == s->n_blocks;
        *rows += b->rows;
        const lapack_int info = n ? LAPACKE_dgeqrf(LAPACK_COL_MAJOR, b->total, n, b->a, b->ld, b->tau) : 0;
        if (info) return info == LAPACK_WORK_MEMORY_ERROR ? AZ_ENOMEM : AZ_EDOMAIN; /* else something is not finite */
        for (int j = 0; j < b->own + (last ? s->border : 0); j++) s->diagonal[global_column(s, b, j)] = fabs(b->a[(size_t)j * (size_t)b->ld + (size_t)j]);
        if (!last) hand_on(s, k);
    }
    return AZ_OK;
}

static double entry(const az_block *b, int i, int j) { return b->a[(size_t)j * (size_t)b->ld + (size_t)i]; }

/* y of R'y = g for the first n columns of a block, rows 0..n-1; y[i] for i < n. largest: |y| so far. False where the rows do not see a part of g. */
static bool forward(const az_system *s, const az_block *b, double *y, double *g, int n, double *largest)
{
    for (int j = 0; j < n; j++) {
        double size = fabs(g[j]);
        const int at = global_column(s, b, j);
        for (int i = 0; i < j; i++) {
            const double part = entry(b, i, j) * y[i];
            g[j] -= part;
            size = fmax(size, fabs(part));
        }
        y[j] = 0;
        if (s->diagonal[at] > s->floors[at]) y[j] = g[j] / s->diagonal[at] * (entry(b, j, j) < 0 ? -1 : 1);
        else if (fabs(g[j]) > SEEN * s->floor * fmax(size, *largest)) return false;
        *largest = fmax(*largest, fabs(y[j]));
    }
    return true;
}

/* All y, in the order of the columns. work[cols]: g in columns of length 1, used up. */
static bool solve_transposed(const az_system *s, double *y, double *work)
{
    double largest = 0;
    const int border = s->cols - s->border;
    for (int j = 0; j < s->cols; j++) largest = fmax(largest, fabs(work[j]));
    for (int k = 0; k < s->n_blocks; k++) {
        const az_block *b = &s->block[k];
        const int last = k + 1 == s->n_blocks;
        if (!forward(s, b, y + b->first, work + b->first, b->own, &largest)) return false;
        for (int j = b->own; j < width_of(s, b); j++)
            for (int i = 0; i < b->own; i++) work[global_column(s, b, j)] -= entry(b, i, j) * y[b->first + i];
        if (!last) continue;
        /* the border's columns come right after the block's own */
        az_block tail = *b;
        tail.a += (size_t)b->own * (size_t)b->ld + (size_t)b->own;
        tail.own = tail.next = 0;
        tail.first = border;
        if (!forward(s, &tail, y + border, work + border, s->border, &largest)) return false;
    }
    return true;
}

/* v[total] = Q v of one block. */
static az_status apply(const az_system *s, const az_block *b, double *v, char transposed)
{
    const int n = width_of(s, b);
    const lapack_int info = n ? LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', transposed, b->total, 1, n < b->total ? n : b->total, b->a, b->ld, b->tau, v, b->ld) : 0;
    return !info ? AZ_OK : info == LAPACK_WORK_MEMORY_ERROR ? AZ_ENOMEM : AZ_EDOMAIN;
}

static int most_rows(const az_system *s)
{
    int n = 0;
    for (int k = 0; k < s->n_blocks; k++) n = s->block[k].ld > n ? s->block[k].ld : n;
    return n;
}

/* sums of |w| residual, |w| noise and w^2 over all rows, w = Q [y; 0] */
static az_status weigh(const az_system *s, double sum[3], const double *y)
{
    double *v = az_doubles((size_t)most_rows(s)), *carry = az_doubles((size_t)most_rows(s));
    az_status st = v && carry ? AZ_OK : AZ_ENOMEM;
    for (int k = s->n_blocks - 1; k >= 0 && !st; k--) {
        const az_block *b = &s->block[k];
        const int left = b->next + s->border; /* rows that it leaves, from `own` on */
        memset(v, 0, sizeof *v * (size_t)b->ld);
        memcpy(v, y + b->first, sizeof *v * (size_t)b->own);
        if (k + 1 == s->n_blocks) memcpy(v + b->own, y + s->cols - s->border, sizeof *v * (size_t)s->border);
        else memcpy(v + b->own, carry, sizeof *v * (size_t)left);
        st = apply(s, b, v, 'N');
        memcpy(carry, v, sizeof *v * (size_t)b->carry);
        for (int i = 0; i < b->rows && !st; i++) {
            const double w = fabs(v[b->carry + i]);
            sum[0] += w * b->residual[i], sum[1] += w * b->noise[i], sum[2] += w * w;
        }
    }
    az_doubles_free(v);
    az_doubles_free(carry);
    return st;
}

az_status az_system_error(const az_system *s, double *error, double *norm, double *noise, const double *g)
{
    double *y = az_doubles((size_t)s->cols + 1), *work = az_doubles((size_t)s->cols + 1), sum[3] = {0};
    az_status st = y && work ? AZ_OK : AZ_ENOMEM;
    bool seen = true;
    for (int j = 0; j < s->cols && !st; j++) {
        if (s->scale[j] > 0) work[j] = g[j] / s->scale[j];
        else seen = seen && g[j] == 0;
    }
    if (!st) seen = seen && solve_transposed(s, y, work);
    if (!st && seen) st = weigh(s, sum, y);
    *error = seen ? sum[0] + sum[1] : INFINITY;
    *norm = seen ? sqrt(sum[2]) : INFINITY;
    if (noise) *noise = seen ? sum[1] : INFINITY;
    az_doubles_free(y);
    az_doubles_free(work);
    return st;
}

/* d of R d = y for the columns of a block; d holds those of later ones, y is used up. */
static void backward(const az_system *s, const az_block *b, double *d, double *y)
{
    for (int j = b->own; j < width_of(s, b); j++)
        for (int i = 0; i < b->own; i++) y[i] -= entry(b, i, j) * d[global_column(s, b, j)];
    for (int j = b->own - 1; j >= 0; j--) {
        const int at = b->first + j;
        if (s->diagonal[at] > s->floors[at]) d[at] = y[j] / entry(b, j, j);
        for (int i = 0; i < j; i++) y[i] -= entry(b, i, j) * d[at];
    }
}

/* The border's part of R d = y: y[border]. */
static void backward_border(const az_system *s, double *d, double *y)
{
    az_block tail = s->block[s->n_blocks - 1];
    az_system alone = *s;
    tail.a += (size_t)tail.own * (size_t)tail.ld + (size_t)tail.own;
    tail.first = s->cols - s->border;
    tail.own = s->border, tail.next = 0;
    alone.border = 0;
    backward(&alone, &tail, d, y);
}

static void unscale(const az_system *s, double *d)
{
    for (int j = 0; j < s->cols; j++) d[j] = s->scale[j] > 0 ? d[j] / s->scale[j] : 0;
}

az_status az_system_solve(const az_system *s, double *d, const double *const *r)
{
    double *v = az_doubles((size_t)most_rows(s)), *carry = az_doubles((size_t)most_rows(s)), *y = az_doubles((size_t)s->cols + 1);
    az_status st = v && carry && y ? AZ_OK : AZ_ENOMEM;
    memset(d, 0, sizeof *d * (size_t)s->cols);
    for (int k = 0; k < s->n_blocks && !st; k++) {
        const az_block *b = &s->block[k];
        memset(v, 0, sizeof *v * (size_t)b->ld);
        memcpy(v, carry, sizeof *v * (size_t)b->carry);
        for (int i = 0; i < b->rows; i++) v[b->carry + i] = -r[k][i];
        st = apply(s, b, v, 'T');
        memcpy(y + b->first, v, sizeof *v * (size_t)b->own);
        memcpy(carry, v + b->own, sizeof *v * (size_t)(b->next + s->border));
        if (k + 1 == s->n_blocks) memcpy(y + s->cols - s->border, v + b->own, sizeof *v * (size_t)s->border);
    }
    if (!st) backward_border(s, d, y + s->cols - s->border);
    for (int k = s->n_blocks - 1; k >= 0 && !st; k--) backward(s, &s->block[k], d, y + s->block[k].first);
    unscale(s, d);
    az_doubles_free(v);
    az_doubles_free(carry);
    az_doubles_free(y);
    return st;
}

/* d: entries before column j of the solution of R d = -R[.][j], d[j] = 1, in columns of length 1; the largest. NaN without memory. */
static double combination(const az_system *s, double *d, int j)
{
    double *y = az_doubles((size_t)s->cols + 1), *diagonal = az_doubles((size_t)s->cols + 1), most = NAN;
    const int border = s->cols - s->border;
    if (y && diagonal) {
        az_system before = *s; /* columns from j on are 0, but for j itself */
        memset(d, 0, sizeof *d * (size_t)s->cols);
        d[j] = 1;
        memcpy(diagonal, s->diagonal, sizeof *diagonal * (size_t)j);
        before.diagonal = diagonal;
        if (j >= border) backward_border(&before, d, y + border);
        for (int k = s->n_blocks - 1; k >= 0; k--) backward(&before, &s->block[k], d, y + s->block[k].first);
        most = 0;
        for (int k = 0; k < s->cols; k++) most = fmax(most, fabs(d[k]));
    }
    az_doubles_free(y);
    az_doubles_free(diagonal);
    return most;
}

az_status az_system_null(const az_system *s, double *d, int j)
{
    const double most = combination(s, d, j);
    if (isnan(most)) return AZ_ENOMEM;
    for (int k = 0; k < s->cols; k++) d[k] /= most;
    unscale(s, d);
    return AZ_OK;
}

#define COMBINED 4.0 /* eps and the largest coefficient: what is left of a value u@x where a constant in u is free, by 1442 columns, is 1 of them */

static az_status set_floors(az_system *s, double rows)
{
    double *d = az_doubles((size_t)s->cols + 1);
    if (!d) return AZ_ENOMEM;
    s->floor = fmax(FLOOR * sqrt(rows), s->cols) * DBL_EPSILON; /* of y'' = -y on 96 panels, without conditions, 1e-13 is left with 1442 columns */
    for (int j = 0; j < s->cols; j++) s->floors[j] = s->floor;
    for (int j = s->cols - s->border; j < s->cols; j++) {
        const double most = combination(s, d, j);
        if (isnan(most)) return az_doubles_free(d), AZ_ENOMEM;
        s->floors[j] = fmax(s->floor, COMBINED * DBL_EPSILON * most);
    }
    az_doubles_free(d);
    return AZ_OK;
}

az_status az_system_factor(az_system *s)
{
    double rows = 0;
    const az_status st = factor(s, &rows);
    return st ? st : set_floors(s, rows);
}
