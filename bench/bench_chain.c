/* bench_chain: the LU of elements in a half-plane (lib/solve/chain.h): its time against the number of unknowns, and how near it is to DGEMM.
 *
 *     bench_chain [--quick] [--threads N] [--seconds S]     S per line, default 3
 *
 * Systems of the shape that three trials give on elements of degree 11: 30 unknowns per mode inside an element and at its left node, 4 of them at the node.
 * CSV: elements, modes, unknowns, megabytes, milliseconds (least of the repetitions), gflop (counted from the shape), dgemm_gflops (the rate of OpenBLAS's
 * products of 512 x 512, one per thread at a time), fraction = gflop / dgemm_gflops / time, and growth, the exponent of the time in the number of unknowns
 * since the line before: 1 where elements are added, and towards 3 where modes are, since an element's rows know all of its modes. */
#include "bench.h"

#include "solve/chain.h"

#include <math.h>
#include <omp.h>

#define NODE 4
#define INSIDE 26
#define DGEMM_REPEATS 10
#define REPEATS_MAX 50

static az_status make_shape(az_chain_shape *s, int elements, int modes)
{
    *s = (az_chain_shape){.n_elements = elements, .n_border = 1};
    s->node = az_calloc((size_t)elements + 1, sizeof(int));
    s->inside = az_calloc((size_t)elements, sizeof(int));
    s->rows = az_calloc((size_t)elements, sizeof(int));
    if (!s->node || !s->inside || !s->rows) return AZ_ENOMEM;
    for (int e = 0; e < elements; e++) {
        s->node[e] = e ? NODE * modes : 0;
        s->inside[e] = INSIDE * modes;
        s->rows[e] = (INSIDE + NODE) * modes + (e == 0); /* the border's row */
    }
    s->node[elements] = NODE * modes;
    return AZ_OK;
}

/* Multiplications and additions of the eliminations. */
static double flops(const az_chain_shape *s)
{
    double sum = 0, carried = 0;
    for (int e = 0; e <= s->n_elements; e++) {
        bool end = e == s->n_elements;
        double rows = carried + (end ? 0 : s->rows[e]), pivots = s->node[e] + (end ? s->n_border : s->inside[e]);
        double columns = end ? pivots : pivots + s->node[e + 1] + s->n_border;
        for (double k = 1; k <= pivots; k++) sum += (rows - k) * (1 + 2 * (columns - k));
        carried = rows - pivots;
    }
    return sum;
}

static void fill(az_chain *c, const az_chain_shape *s)
{
    unsigned x = 1;
    for (int e = 0; e < s->n_elements; e++) {
        int ld, columns = s->node[e] + s->inside[e] + s->node[e + 1] + s->n_border;
        double *a = az_chain_block(c, e, &ld);
        for (int j = 0; j < columns; j++)
            for (int i = 0; i < s->rows[e]; i++) {
                x = x * 1664525u + 1013904223u;
                a[(size_t)j * (size_t)ld + (size_t)i] = (x >> 8) * 0x1p-24 - 0.5;
            }
    }
}

/* Least seconds of a factorisation; infinite if one fails. */
static double measure(az_chain *c, const az_chain_shape *s, int threads, double seconds)
{
    double least = INFINITY, spent = 0;
    for (int i = 0; i < REPEATS_MAX && (i < 2 || spent < seconds); i++) {
        fill(c, s);
        double start = az_seconds();
        if (!az_chain_factor(c, threads)) return INFINITY;
        double t = az_seconds() - start;
        spent += t;
        least = fmin(least, t);
    }
    return least;
}

static bool line(int elements, int modes, int threads, double seconds, double *unknowns, double *time)
{
    az_chain_shape s;
    az_chain *c = NULL;
    az_status st = make_shape(&s, elements, modes);
    if (!st) st = az_chain_create(&c, &s);
    double t = st ? INFINITY : measure(c, &s, threads, seconds), n = st ? 0 : az_chain_unknowns(&s), gflop = st ? 0 : 1e-9 * flops(&s);
    double rate = 1e-9 * bench_dgemm_rate(threads, DGEMM_REPEATS);
    if (isfinite(t)) {
        printf("%d,%d,%.0f,%.0f,%.4g,%.4g,%.4g,%.2f,%.2f", elements, modes, n, 1e-6 * az_chain_bytes(&s), 1e3 * t, gflop, rate, gflop / rate / t,
               log(t / *time) / log(n / *unknowns));
        bench_line_end();
    }
    *unknowns = n, *time = t;
    az_chain_destroy(c);
    az_realloc(s.node, 0);
    az_realloc(s.inside, 0);
    az_realloc(s.rows, 0);
    return isfinite(t);
}

int main(int argc, char **argv)
{
    static const int size[][2] = {{12, 32}, {24, 32}, {48, 32}, {24, 44}, {24, 60}, {24, 84}, {24, 116}};
    int threads = omp_get_max_threads(), n = (int)(sizeof size / sizeof *size);
    double seconds = 3, unknowns = 0, time = NAN;
    bool ok = true;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) n = 1, seconds = 0;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc && atoi(argv[i + 1]) > 0) threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--seconds") && i + 1 < argc && atof(argv[i + 1]) > 0) seconds = atof(argv[++i]);
        else return fprintf(stderr, "usage: bench_chain [--quick] [--threads N] [--seconds S]\n"), 2;
    }
    az_dense_init(1);
    printf("elements,modes,unknowns,megabytes,ms,gflop,dgemm_gflops,fraction,growth,machine,commit\n");
    for (int i = 0; i < n && ok; i++) {
        if (i == 3) unknowns = 0, time = NAN;
        ok = line(n == 1 ? 3 : size[i][0], n == 1 ? 8 : size[i][1], threads, seconds, &unknowns, &time);
    }
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
