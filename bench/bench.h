/* bench.h: what the benchmark programs share: where and of what a figure is, minimum and median, the rate of the machine's own DGEMM, and a state
 * in the middle of a solve. */
#ifndef AZ_BENCH_H
#define AZ_BENCH_H

#include "solve/run.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#define BENCH_DGEMM 512     /* rows and columns of the products that define the rate */

/* The end of every line: machine and commit, from tools/bench.sh. */
static inline const char *bench_of(const char *variable)
{
    const char *s = getenv(variable);

    return s && *s ? s : "unknown";
}

static inline void bench_line_end(void)
{
    printf(",\"%s\",%s\n", bench_of("AZ_MACHINE"), bench_of("AZ_COMMIT"));
    fflush(stdout);
}

static inline int bench_compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts t[n]: the minimum is t[0] then. */
static inline double bench_median(double *t, int n)
{
    qsort(t, (size_t)n, sizeof *t, bench_compare);
    return n % 2 ? t[n / 2] : 0.5 * (t[n / 2 - 1] + t[n / 2]);
}

/* Flops per second of `threads` serial products of BENCH_DGEMM x BENCH_DGEMM at a time: the shape of work of the library's tiles. 0 without memory. */
static inline double bench_dgemm_rate(int threads, int repeats)
{
    const int n = BENCH_DGEMM;
    const size_t size = (size_t)n * (size_t)n;
    double *m = az_doubles(3 * size * (size_t)threads), best = 0;

    if (!m) return 0;
    for (size_t i = 0; i < 3 * size * (size_t)threads; i++) m[i] = 1.0 / (double)(1 + i % 7);
    for (int r = 0; r < repeats; r++) {
        const double start = az_seconds();
#pragma omp parallel for schedule(static, 1) num_threads(threads)
        for (int t = 0; t < threads; t++) {
            double *a = m + 3 * size * (size_t)t;
            cblas_dgemm(CblasColMajor, CblasTrans, CblasNoTrans, n, n, n, 1.0, a, n, a + size, n, 0.0, a + 2 * size, n);
        }
        const double rate = 2.0 * n * n * n * threads / (az_seconds() - start);
        if (rate > best) best = rate;
    }
    az_doubles_free(m);
    return best;
}

/* "16x16" */
static inline void bench_widths(char *out, size_t size, const int *width, int n)
{
    size_t used = 0;

    *out = 0;
    for (int k = 0; k < n && used < size; k++) used += (size_t)snprintf(out + used, size - used, "%s%d", k ? "x" : "", width[k]);
}

/* A result after some iterations of the first stage; NULL after a message. */
static inline az_result *bench_start(const char *name, const int *width, int n_widths, int points, int iterations, int threads)
{
    az_solve_options o;
    az_problem *p;
    az_result *r = NULL;
    az_error err;

    az_solve_options_init(&o);
    o.tolerance = 1e-300;   /* the iterations end it */
    o.max_iterations = iterations;
    o.max_stages = 1;
    o.points = points;
    o.threads = threads;
    o.n_layers = n_widths;
    memcpy(o.layers, width, sizeof *width * (size_t)n_widths);
    az_status st = az_problem_load(&p, name, NULL, 0, &err);
    if (!st) {
        st = az_solve(&r, p, &o, NULL, NULL, &err);
        az_problem_destroy(p);
    }
    if (!st) return r;
    fprintf(stderr, "%s: %s\n", name, err.message);
    return NULL;
}

#define BENCH_CORE 0.6      /* widths of the driver's first panels at BENCH_POINTS points on half the line */
#define BENCH_POINTS 600
#define BENCH_REACH 40.0

/* The grid the driver begins with for this many points, for problems on half the line. */
static inline az_status bench_grid(az_result *r, int points)
{
    double *edge;
    int n;
    az_status st = az_panels_start(&edge, &n, BENCH_CORE * BENCH_POINTS / points, BENCH_REACH, true);

    if (st) return st;
    az_doubles_free(r->edge);
    r->edge = edge;
    r->n_edges = n;
    return AZ_OK;
}

#endif
