#include "solve/dense.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <omp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define TILE 96 /* three tiles of doubles stay in a 256 kB second-level cache */
#define WIDE 1500 /* columns from which on what BLAS packs for a tile costs more than its cache misses: larger tiles, still enough for many threads */
#define TILE_WIDE 384
#define ALONE 1e6 /* entries a thread reads before another has woken */
#define CHUNK 64 /* columns of a matrix-vector product per task */

/* present in every flavour of OpenBLAS, absent elsewhere */
extern void openblas_set_num_threads(int) __attribute__((weak));

#define BUFFER_BYTES ((size_t)128 << 20) /* what OpenBLAS maps for each thread at its first product, seen by strace */
#define BUFFER_SIDE 160 /* a product of matrices of this side passes through the buffer */

/* What OpenBLAS has mapped it keeps, and cannot be asked about. */
static atomic_bool has_buffer;

static bool has_room(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return false;
    munmap(p, bytes);
    return true;
}

/* A product in each thread, at the same time as far as can be. */
static az_status take_buffers(int threads)
{
    const size_t n = BUFFER_SIDE * BUFFER_SIDE;
    double *a = az_doubles(n * (size_t)(threads + 1));
    if (!a) return AZ_ENOMEM;
#pragma omp parallel num_threads(threads)
    {
        double *c = a + n * (size_t)(1 + omp_get_thread_num());
#pragma omp barrier
        cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, BUFFER_SIDE, BUFFER_SIDE, BUFFER_SIDE, 1, a, BUFFER_SIDE, a,
                    BUFFER_SIDE, 0, c, BUFFER_SIDE);
    }
    az_doubles_free(a);
    return AZ_OK;
}

az_status az_dense_init(int threads)
{
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    if (!openblas_set_num_threads || atomic_load(&has_buffer) || isinf(az_memory_limit())) return AZ_OK;
    if (!has_room(BUFFER_BYTES + (BUFFER_BYTES >> 4)) || take_buffers(threads)) return AZ_ENOMEM;
    atomic_store(&has_buffer, true);
    return AZ_OK;
}

static int least(int a, int b) { return a < b ? a : b; }

void az_dense_gram(double *c, int ldc, const double *a, int lda, int m, int n, int threads)
{
    const int tile = n < WIDE ? TILE : TILE_WIDE, tiles = (n + tile - 1) / tile, pairs = tiles * (tiles + 1) / 2;
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int p = 0; p < pairs; p++) {
        int j = 0, q = p;
        while (q >= tiles - j) q -= tiles - j++;
        const int i = j + q, i0 = i * tile, j0 = j * tile, ni = least(tile, n - i0), nj = least(tile, n - j0);
        if (i == j) {
            cblas_dsyrk(CblasColMajor, CblasLower, CblasTrans, nj, m, 1.0, a + (size_t)j0 * (size_t)lda, lda, 0.0,
                        c + (size_t)j0 * (size_t)ldc + j0, ldc);
            continue;
        }
        cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, ni, nj, m, 1.0, a + (size_t)i0 * (size_t)lda, lda,
                    a + (size_t)j0 * (size_t)lda, lda, 0.0, c + (size_t)j0 * (size_t)ldc + i0, ldc);
    }
}

void az_dense_apply_t(double *y, const double *a, int lda, const double *x, int m, int n, int threads)
{
    int chunks = (n + CHUNK - 1) / CHUNK;
#pragma omp parallel for schedule(static) num_threads(threads) if ((double)m * n > ALONE)
    for (int k = 0; k < chunks; k++)
        cblas_dgemv(CblasColMajor, CblasTrans, m, least(CHUNK, n - k * CHUNK), 1.0, a + (size_t)(k * CHUNK) * (size_t)lda, lda, x, 1, 0.0,
                    y + k * CHUNK, 1);
}

static void below(double *a, int lda, int n, int k0, int nk, int threads)
{
    int first = k0 + nk, rest = n - first, tiles = (rest + TILE - 1) / TILE;
#pragma omp parallel num_threads(threads) if (tiles > 3)
    {
#pragma omp for schedule(dynamic, 1)
        for (int i = 0; i < tiles; i++)
            cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, least(TILE, rest - i * TILE), nk, 1.0,
                        a + (size_t)k0 * (size_t)lda + k0, lda, a + (size_t)k0 * (size_t)lda + first + i * TILE, lda);
#pragma omp for schedule(dynamic, 1)
        for (int p = 0; p < tiles * (tiles + 1) / 2; p++) {
            int j = 0, q = p;
            while (q >= tiles - j) q -= tiles - j++;
            int i0 = first + (j + q) * TILE, j0 = first + j * TILE;
            cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, least(TILE, n - i0), least(TILE, n - j0), nk, -1.0,
                        a + (size_t)k0 * (size_t)lda + i0, lda, a + (size_t)k0 * (size_t)lda + j0, lda, 1.0,
                        a + (size_t)j0 * (size_t)lda + i0, lda);
        }
    }
}

bool az_dense_cholesky(double *a, int lda, int n, int threads)
{
    for (int k0 = 0; k0 < n; k0 += TILE) {
        int nk = least(TILE, n - k0);
        double *tile = a + (size_t)k0 * (size_t)lda + k0;
        if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', nk, tile, lda)) return false;
        for (int j = 0; j < nk; j++)
            if (!(tile[(size_t)j * (size_t)lda + (size_t)j] > 0)) return false; /* OpenBLAS lets NaN pass */
        below(a, lda, n, k0, nk, threads);
    }
    return true;
}

void az_dense_cholesky_solve(const double *l, int ldl, int n, double *x)
{
    cblas_dtrsv(CblasColMajor, CblasLower, CblasNoTrans, CblasNonUnit, n, l, ldl, x, 1);
    cblas_dtrsv(CblasColMajor, CblasLower, CblasTrans, CblasNonUnit, n, l, ldl, x, 1);
}

bool az_dense_qr(double *a, int lda, double *tau, int m, int n) { return !LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, a, lda, tau); }

bool az_dense_qr_apply_t(const double *a, int lda, const double *tau, double *x, int m, int n)
{
    return !LAPACKE_dormqr(LAPACK_COL_MAJOR, 'L', 'T', m, 1, n, a, lda, tau, x, m);
}

bool az_dense_qr_solve(const double *a, int lda, double *x, int n) { return !LAPACKE_dtrtrs(LAPACK_COL_MAJOR, 'U', 'N', 'N', n, 1, a, lda, x, n); }

double az_dense_dot(const double *x, const double *y, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s += x[i] * y[i];
    return s;
}
