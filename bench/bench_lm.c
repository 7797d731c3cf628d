/* bench_lm: the time of one iteration of Levenberg and Marquardt, where it goes, and how near it is to the machine's own DGEMM.
 *
 *     bench_lm [--quick] [--threads N] [--seconds S]     S per line, default 3
 *
 * One iteration from the same state is repeated, on as many threads as the solver takes for its size, N at most. CSV: min and median of the whole
 * in milliseconds, then the parts of the fastest repetition: jets (forward and reverse sweeps), operators (nonlocal: their products with the Jacobian,
 * and what is added from them), products (J'J), factor (Cholesky, and the first direction), residuals (evaluations: of the step and of the chord
 * corrections), solves (J'r and triangular solves of the chord corrections, and the rest); the number of residual evaluations.
 *
 * Then gflop, the flops of the dense parts alone: 2 m n per column and Hilbert transform from n nodes to m points, rows columns^2 for J'J,
 * columns^3 / 3 for Cholesky; dgemm_gflops, the rate of OpenBLAS's products of 512 x 512, one per thread at a time, best of the whole run, which is
 * why the lines come at its end;
 * fraction = gflop / dgemm_gflops / min. Then the rms of the residual after the iteration. */
#include "bench.h"

#include "residual/internal.h"

#include <math.h>
#include <omp.h>

#define REPEATS_MIN 5
#define REPEATS_MAX 200
#define DGEMM_REPEATS 10
#define ITERATIONS 25       /* before the measured one: the unknowns move, the damping has found its size */
#define FEATURES 240
#define FEATURE_RANGE 30.0
#define FIGURES_MAX 64
#define STAGE_UNIT 10.0     /* of the rms, as the driver's */

enum { JETS, OPERATORS, PRODUCTS, FACTOR, RESIDUALS, SOLVES, N_PARTS };

typedef struct sample {
    double whole, part[N_PARTS];
    int n_residuals;
} sample;

typedef struct figure {
    char name[80];
    int rows, cols, threads;
    sample best;
    double median, flops, rms;
} figure;

typedef struct bench {
    int threads;
    bool quick;
    double seconds;
    double dgemm[2];            /* flops per second on one thread, on all */
    int n;
    figure figure[FIGURES_MAX];
} bench;

static double dense_flops(const az_run *run)
{
    const az_program *g = run->program;
    const double n = run->f.rows, p = run->f.cols;
    double flops = n * p * p + p * p * p / 3;

    for (int k = 0; k < g->n_globals; k++)
        for (int s = 0; s < g->n_sets && !g->globals[k].at; s++) {
            if (g->globals[k].map[s] < 0) continue;
            const az_line_map *map = &g->maps[g->globals[k].map[s]].map;
            if (map->kind == AZ_LINE_HILBERT) flops += 2.0 * map->m * map->n * p;
        }
    return flops;
}

static sample one_iteration(az_run *run)
{
    const az_solver_times before = *az_solver_get_times(run->solver);
    const double start = az_seconds();
    sample s = {0};

    az_solver_step(run->solver, run->x, run->residual, run->r->memory);
    s.whole = az_seconds() - start;
    const az_solver_times *after = az_solver_get_times(run->solver);
    az_program_times(run->program, &s.part[JETS], &s.part[OPERATORS]);
    s.part[PRODUCTS] = after->products - before.products;
    s.part[FACTOR] = after->factor - before.factor;
    s.part[RESIDUALS] = after->residual - before.residual;
    s.part[SOLVES] = s.whole;
    for (int k = 0; k < SOLVES; k++) s.part[SOLVES] -= s.part[k];
    s.n_residuals = after->n_residuals - before.n_residuals;
    return s;
}

static double rms(const az_run *run)
{
    return run->r->unit * sqrt(az_dense_dot(run->residual, run->residual, run->f.rows) / run->f.rows);
}

static void keep(bench *b, const az_run *run, const char *name, const sample *best, double median)
{
    if (b->n == FIGURES_MAX) return;
    figure *f = &b->figure[b->n++];
    *f = (figure){.rows = run->f.rows, .cols = run->f.cols, .threads = run->f.threads, .best = *best, .median = median, .flops = dense_flops(run),
                  .rms = rms(run)};
    snprintf(f->name, sizeof f->name, "%s", name);
    fprintf(stderr, "%s: %.2f ms\n", name, 1e3 * best->whole);
}

static void print(const bench *b)
{
    printf("name,size,threads,min_ms,median_ms,jets_ms,operators_ms,products_ms,factor_ms,residuals_ms,solves_ms,residuals,gflop,dgemm_gflops,"
           "fraction,residual,machine,commit\n");
    for (const figure *f = b->figure; f < b->figure + b->n; f++) {
        const double dgemm = b->dgemm[f->threads > 1];
        printf("%s,%dx%d,%d,%.3f,%.3f", f->name, f->rows, f->cols, f->threads, 1e3 * f->best.whole, 1e3 * f->median);
        for (int k = 0; k < N_PARTS; k++) printf(",%.3f", 1e3 * f->best.part[k]);
        printf(",%d,%.4f,%.2f,%.3f,%.1e", f->best.n_residuals, 1e-9 * f->flops, 1e-9 * dgemm, f->flops / dgemm / f->best.whole, f->rms);
        bench_line_end();
    }
}

static void observe_dgemm(bench *b, int threads)
{
    double *rate = &b->dgemm[threads > 1];

    *rate = fmax(*rate, bench_dgemm_rate(threads, b->quick ? 2 : DGEMM_REPEATS));
}

/* Repeats the iteration at hand; false without memory. */
static bool repeat(bench *b, az_run *run, const char *name)
{
    const size_t n_memory = (size_t)run->r->n_memory, cols = (size_t)run->f.cols;
    double *x = az_doubles(cols), *memory = az_doubles(n_memory), t[REPEATS_MAX];
    const double limit = b->quick ? 0 : b->seconds;
    sample best = {.whole = INFINITY};
    int n = 0;

    if (x && memory) {
        memcpy(x, run->x, sizeof *x * cols);
        memcpy(memory, run->r->memory, sizeof *memory * n_memory);
        observe_dgemm(b, run->f.threads);
        for (double start = az_seconds(); n < REPEATS_MIN || (n < REPEATS_MAX && az_seconds() - start < limit); n++) {
            memcpy(run->x, x, sizeof *x * cols);
            memcpy(run->r->memory, memory, sizeof *memory * n_memory);
            run->f.residual(run->f.data, run->residual, run->x);
            const sample s = one_iteration(run);
            t[n] = s.whole;
            if (s.whole < best.whole) best = s;
        }
        observe_dgemm(b, run->f.threads);
        keep(b, run, name, &best, bench_median(t, n));
    }
    az_doubles_free(x);
    az_doubles_free(memory);
    return x && memory;
}

static bool measure(bench *b, az_result *r, const char *name)
{
    az_error err;
    az_run run = {.r = r, .p = r->problem, .threads = b->threads, .err = &err};
    bool ok = !az_run_open(&run);

    if (ok) ok = repeat(b, &run, name);
    else fprintf(stderr, "%s: %s\n", name, err.message);
    az_run_close(&run);
    return ok;
}

static bool first_stage(bench *b, az_result *r, int points)
{
    const az_network *net = &r->trial[0].stage[0];
    char widths[32], name[80];

    bench_widths(widths, sizeof widths, net->width + 1, net->n_layers);
    snprintf(name, sizeof name, "%s/%s/%d points", r->problem->name, widths, points);
    return measure(b, r, name);
}

/* What the driver does when a stage ends: random features, measured in a unit of what is left. */
static bool second_stage(bench *b, az_result *r, int points)
{
    const int width = FEATURES;
    const double range[] = {FEATURE_RANGE, FEATURE_RANGE}; /* of the one input or two of the trials on a line */
    az_error err;
    az_run run = {.r = r, .p = r->problem, .threads = b->threads, .err = &err};
    char name[80];
    az_status st = AZ_OK;

    r->stage = 2;
    r->stage_iteration = r->retries = 0;
    r->unit = STAGE_UNIT * r->rms;
    r->n_memory = -1;
    for (int t = 0; t < r->problem->n_trials && !st; t++) st = az_state_add_stage(r, t, 1, &width, AZ_ACT_SINE, r->unit);
    if (!st) st = az_run_features(&run, range, &r->rng);
    if (!st) st = az_run_resolve(&run);
    if (st) return fprintf(stderr, "%s: stage 2: %s\n", r->problem->name, az_status_message(st)), false;
    snprintf(name, sizeof name, "%s/%d features/%d points", r->problem->name, width, points);
    return measure(b, r, name);
}

/* Stage 1 at every number of points, then stage 2 at one of them. */
static bool line(bench *b, const char *problem, int width, const int *points, int n, int points_features)
{
    const int widths[] = {width, width};
    az_result *r = bench_start(problem, widths, 2, points[0], b->quick ? 5 : ITERATIONS, b->threads);
    bool ok = r != NULL;

    for (int i = 0; i < n && ok; i++) ok = !bench_grid(r, points[i]) && first_stage(b, r, points[i]);
    if (ok && points_features) ok = !bench_grid(r, points_features) && second_stage(b, r, points_features);
    az_result_destroy(r);
    return ok;
}

static bool plane(bench *b, const char *problem, int n_widths, const int *widths, int points)
{
    az_result *r = bench_start(problem, widths, n_widths, points, 2, b->threads);
    bool ok = r && first_stage(b, r, points);

    az_result_destroy(r);
    return ok;
}

static bool run(bench *b)
{
    static const int points[] = {300, 600, 1200, 2400}, w12[] = {12, 12, 12}, w24[] = {24, 24, 24};
    bool ok = true;

    if (b->quick) return line(b, "ccf", 8, points, 1, 0) && plane(b, "poisson", 1, w12, 200);
    for (int width = 8; width <= 32 && ok; width += 8) ok = line(b, "ccf", width, points, 4, width == 16 ? 600 : 0);
    if (ok) ok = line(b, "ccf", 16, points, 0, 1200);
    if (ok) ok = plane(b, "poisson", 3, w12, 2500) && plane(b, "poisson", 3, w24, 2500) && plane(b, "poisson", 3, w24, 5000);
    return ok && plane(b, "viscous_burgers", 3, w24, 2500);
}

int main(int argc, char **argv)
{
    bench b = {.threads = omp_get_max_threads(), .seconds = 3};

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) b.quick = true;
        else if (!strcmp(argv[i], "--threads") && i + 1 < argc && atoi(argv[i + 1]) > 0) b.threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--seconds") && i + 1 < argc && atof(argv[i + 1]) > 0) b.seconds = atof(argv[++i]);
        else return fprintf(stderr, "usage: bench_lm [--quick] [--threads N] [--seconds S]\n"), 2;
    }
    az_dense_init(1);
    const bool ok = run(&b);
    print(&b);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
