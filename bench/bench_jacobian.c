/* bench_jacobian: the time of one Jacobian, for comparison with PyTorch (bench_torch.py), and everything that defines it.
 *
 *     bench_jacobian [--quick] [--threads N] [--seconds S] [--export FOLDER] [PROBLEM]     ccf or poisson; S per line, default 3
 *
 * CSV: name, rows x columns, threads, min and median in milliseconds. With --export the folder gets, as raw doubles in the machine's byte order:
 * weights.f64 and scalars.f64; points.f64 of the equation; residual.f64; jacobian.f64 [columns][rows]; and on the line hilbert.f64 [nodes + 1][nodes], a row
 * for each target, the nodes and then y = 0, local.f64 [nodes][16] and whole.f64 [nodes], the weights of the primitive within a panel and over a
 * whole one (lib/operator/line.h). */
#include "bench.h"

#include "residual/internal.h"

#include <math.h>
#include <omp.h>

#define REPEATS_MIN 5
#define REPEATS_MAX 400
#define ITERATIONS 20

typedef struct bench {
    int threads;
    bool quick;
    double seconds;
    const char *folder;
} bench;

typedef struct subject {
    const char *problem;
    int n_widths, width[3], points, quick_points;
} subject;

static bool put(const bench *b, const char *name, const double *v, size_t n)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s.f64", b->folder, name);
    f = fopen(path, "wb");
    if (!f) return perror(path), false;
    bool ok = fwrite(v, sizeof *v, n, f) == n;
    ok = !fclose(f) && ok;
    if (!ok) perror(path);
    return ok;
}

/* The transform of the grid's functions to its nodes and to y = 0, one target after another. */
static bool put_hilbert(const bench *b, const az_program *g)
{
    const int n = g->grid.n;
    const az_line_map *nodes = NULL, *origin = NULL;
    double *rows = az_doubles((size_t)n * (size_t)(n + 1));

    for (int k = 0; k < g->n_maps; k++) {
        const az_line_map *map = &g->maps[k].map;
        if (map->kind == AZ_LINE_HILBERT && map->m == n) nodes = map;
        if (map->kind == AZ_LINE_HILBERT && map->m == 1) origin = map;
    }
    bool ok = rows && nodes && origin;
    for (int j = 0; j < n && ok; j++) {
        for (int i = 0; i < n; i++) rows[(size_t)i * (size_t)n + (size_t)j] = nodes->dense[(size_t)j * (size_t)nodes->ld + (size_t)i];
        rows[(size_t)n * (size_t)n + (size_t)j] = origin->dense[(size_t)j * (size_t)origin->ld];
    }
    ok = ok && put(b, "hilbert", rows, (size_t)n * (size_t)(n + 1));
    az_doubles_free(rows);
    return ok;
}

static bool put_primitive(const bench *b, const az_program *g)
{
    for (int k = 0; k < g->n_maps; k++) {
        const az_line_map *map = &g->maps[k].map;
        if (map->kind == AZ_LINE_PRIMITIVE && map->m == g->grid.n)
            return put(b, "local", map->local, (size_t)map->m * AZ_PANEL_NODES) && put(b, "whole", map->whole, (size_t)map->n);
    }
    return false;
}

/* The rows' points, their residual and columns, and what they follow from. */
static bool export(const bench *b, const az_program *g, const az_result *r, const double *residual, const double *jacobian, int ld)
{
    const size_t rows = (size_t)az_program_rows(g), cols = (size_t)az_program_columns(g, r->trial);
    const az_network *net = &r->trial[0].stage[0];
    double *packed = az_doubles(rows * cols);
    int first, n;

    az_program_row_range(g, 0, &first, &n);
    for (size_t c = 0; packed && c < cols; c++) memcpy(packed + c * rows, jacobian + c * (size_t)ld, sizeof *packed * rows);
    bool ok = packed && put(b, "jacobian", packed, rows * cols) && put(b, "residual", residual, rows) &&
              put(b, "points", az_program_row_points(g, 0), (size_t)(n * r->problem->dim)) &&
              put(b, "weights", net->weight, (size_t)net->n_weights) && put(b, "scalars", r->scalar, (size_t)r->problem->n_scalars);
    az_doubles_free(packed);
    return ok && (!g->has_grid || (put_hilbert(b, g) && put_primitive(b, g)));
}

static bool measure(const bench *b, az_program *g, const az_result *r, const char *name)
{
    const az_binding at = {.trial = r->trial, .scalar = r->scalar, .unit = r->unit};
    const int rows = az_program_rows(g), cols = az_program_columns(g, r->trial), ld = (rows + 7) / 8 * 8;
    double *jacobian = az_doubles((size_t)cols * (size_t)ld), *residual = az_doubles((size_t)rows), t[REPEATS_MAX];
    bool ok = jacobian && residual;
    int n = 0;

    if (ok) az_program_residual(g, &at, residual);
    for (double start = az_seconds(); ok && (n < REPEATS_MIN || (n < REPEATS_MAX && az_seconds() - start < b->seconds)); n++) {
        const double began = az_seconds();
        ok = !az_program_jacobian(g, &at, jacobian, ld);
        t[n] = az_seconds() - began;
    }
    if (ok) {
        const double median = bench_median(t, n);
        printf("%s,%dx%d,%d,%.3f,%.3f", name, rows, cols, b->threads, 1e3 * t[0], 1e3 * median);
        bench_line_end();
        ok = !b->folder || export(b, g, r, residual, jacobian, ld);
    }
    az_doubles_free(jacobian);
    az_doubles_free(residual);
    return ok;
}

/* The threads asked for, also where a solve would use fewer. */
static bool run_subject(const bench *b, const subject *s)
{
    const int points = b->quick ? s->quick_points : s->points;
    az_result *r = bench_start(s->problem, s->width, s->n_widths, points, s->n_widths == 2 ? ITERATIONS : 1, b->threads);
    char widths[32], name[80];
    az_program *g;
    az_error err;
    bool ok = r && (!r->n_edges || !bench_grid(r, points));

    if (ok) {
        az_program_setup setup = {.edge = r->n_edges ? r->edge : NULL, .n_edges = r->n_edges, .points = r->points, .rows = true, .threads = b->threads};
        bench_widths(widths, sizeof widths, s->width, s->n_widths);
        snprintf(name, sizeof name, "jacobian/%s/%s/%d points", s->problem, widths, points);
        ok = !az_program_create(&g, r->problem, &setup, &err);
        if (!ok) fprintf(stderr, "%s: %s\n", name, err.message);
        ok = ok && measure(b, g, r, name);
        az_program_destroy(g);
    }
    az_result_destroy(r);
    return ok;
}

int main(int argc, char **argv)
{
    static const subject subjects[] = {{"ccf", 2, {16, 16}, 600, 200}, {"poisson", 3, {24, 24, 24}, 2500, 200}};
    bench b = {.threads = omp_get_max_threads(), .seconds = 3};
    const char *only = NULL;
    bool ok = true;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) b.quick = true, b.seconds = 0;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc && atoi(argv[i + 1]) > 0) b.threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--seconds") && i + 1 < argc && atof(argv[i + 1]) > 0) b.seconds = atof(argv[++i]);
        else if (!strcmp(argv[i], "--export") && i + 1 < argc) b.folder = argv[++i];
        else if (*argv[i] != '-') only = argv[i];
        else return fprintf(stderr, "usage: bench_jacobian [--quick] [--threads N] [--seconds S] [--export FOLDER] [PROBLEM]\n"), 2;
    }
    if (b.folder && !only) return fprintf(stderr, "--export wants one problem\n"), 2;
    az_dense_init(1);
    printf("name,size,threads,min_ms,median_ms,machine,commit\n");
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects && ok; i++)
        if (!only || !strcmp(only, subjects[i].problem)) ok = run_subject(&b, &subjects[i]);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
