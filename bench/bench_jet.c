/* bench_jet: cost of the jet product and of tanh on a few layouts.
 *
 *     bench_jet [--quick] [--seconds S]     per line, default 0.2
 *
 * CSV: name, size (coefficients of the jet), min and median over repeats, in nanoseconds per point and per product of two
 * coefficients in the layout's table (mul, mul_adjoint), or per point and coefficient (the rest; tanh and sine with derivative).
 * "values" is SLEEF's tanh of as many numbers, without derivative. */
#include "bench.h"

#include "jet/jet.h"
#include "jet/lanes.h"

#define JETS 16       /* of one call: a narrow network layer */
#define REPEATS 101
#define DEFAULT_SECONDS 0.2
#define QUICK_SECONDS 0.001

typedef struct bench {
    az_layout l;
    double *a, *b, *y, *dy, *scratch;
    double *pa[AZ_MAX_JET], *pb[AZ_MAX_JET], *py[AZ_MAX_JET], *pd[AZ_MAX_JET];
} bench;

typedef void (*work_fn)(bench *b);

static void do_mul(bench *b) { az_jet_mul(&b->l, b->py, b->pa, b->pb); }
static void do_adjoint(bench *b) { az_jet_mul_adjoint(&b->l, b->py, b->pa, b->pb); }
static void do_div(bench *b) { az_jet_div(&b->l, b->py, b->pa, b->pb); }
static void do_exp(bench *b) { az_jet_func(&b->l, AZ_F_EXP, b->py, b->pd, b->pa, b->scratch); }
static void do_asinh(bench *b) { az_jet_func(&b->l, AZ_F_ASINH, b->py, b->pd, b->pa, b->scratch); }
static void do_tanh(bench *b) { az_jet_tanh_many(&b->l, b->y, b->dy, b->a, JETS); }
static void do_sin(bench *b) { az_jet_sin_many(&b->l, b->y, b->dy, b->a, JETS); }

#ifdef AZ_SLEEF
static void do_values(bench *b)
{
    for (int i = 0; i < JETS * AZ_LANES; i += AZ_VEC) az_store(b->y + i, AZ_SLEEF(tanh)(az_load(b->a + i)));
}
#else
static void do_values(bench *b)
{
    for (int i = 0; i < JETS * AZ_LANES; i++) b->y[i] = tanh(b->a[i]);
}
#endif

/* One line: REPEATS timings of as many calls as fill the time. */
static void measure(bench *b, const char *name, work_fn fn, double units, double seconds)
{
    double t[REPEATS];
    long calls = 1;

    for (double spent = 0; spent < seconds / REPEATS; calls *= 2) {
        const double start = az_seconds();
        for (long i = 0; i < calls; i++) fn(b);
        spent = az_seconds() - start;
    }
    calls = calls > 1 ? calls / 2 : 1;
    for (int r = 0; r < REPEATS; r++) {
        const double start = az_seconds();
        for (long i = 0; i < calls; i++) fn(b);
        t[r] = (az_seconds() - start) * 1e9 / ((double)calls * AZ_LANES * units);
    }
    const double median = bench_median(t, REPEATS);
    printf("%s,%d,%.4f,%.4f", name, b->l.n, t[0], median);
    bench_line_end();
}

static void fill(bench *b)
{
    az_rng g;

    az_rng_seed(&g, 1);
    for (size_t i = 0; i < (size_t)JETS * AZ_MAX_JET * AZ_LANES; i++) {
        b->a[i] = az_rng_normal(&g);
        b->b[i] = 2 + az_rng_uniform(&g);
    }
    for (size_t k = 0; k < AZ_MAX_JET; k++) {
        b->pa[k] = b->a + k * AZ_LANES;
        b->pb[k] = b->b + k * AZ_LANES;
        b->py[k] = b->y + k * AZ_LANES;
        b->pd[k] = b->dy + k * AZ_LANES;
    }
}

static void run(bench *b, const char *layout, double seconds)
{
    static const struct { const char *name; work_fn fn; int kind; } job[] = {
        {"mul", do_mul, 0},     {"mul_adjoint", do_adjoint, 0}, {"div", do_div, 1},     {"exp", do_exp, 1},
        {"asinh", do_asinh, 1}, {"tanh_many", do_tanh, 2},      {"sin_many", do_sin, 2},
    };
    char name[64];

    for (size_t i = 0; i < sizeof job / sizeof *job; i++) {
        const double units = job[i].kind == 0 ? b->l.n_prod : job[i].kind == 1 ? b->l.n : JETS * b->l.n;
        snprintf(name, sizeof name, "%s/%s", job[i].name, layout);
        measure(b, name, job[i].fn, units, seconds);
    }
}

int main(int argc, char **argv)
{
    static const struct { const char *name; int dim, order; } total[] = {
        {"x0", 1, 0},  {"x1", 1, 1},  {"x2", 1, 2},  {"x3", 1, 3},   {"x5", 1, 5},
        {"xy1", 2, 1}, {"xy2", 2, 2}, {"xy4", 2, 4}, {"xyz1", 3, 1}, {"xyz2", 3, 2},
    };
    const az_index xxx_t[] = {{{3, 0}}, {{0, 1}}};
    double seconds = DEFAULT_SECONDS;
    const size_t size = (size_t)JETS * AZ_MAX_JET * AZ_LANES;
    bench b = {.a = az_doubles(size), .b = az_doubles(size), .y = az_doubles(size), .dy = az_doubles(size), .scratch = az_doubles(size)};

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--quick")) seconds = QUICK_SECONDS;
        else if (!strcmp(argv[i], "--seconds") && i + 1 < argc && atof(argv[i + 1]) > 0) seconds = atof(argv[++i]);
        else return fprintf(stderr, "usage: bench_jet [--quick] [--seconds S]\n"), 2;
    }
    int failed = !b.a || !b.b || !b.y || !b.dy || !b.scratch;

    if (!failed) {
        printf("name,size,min,median,machine,commit\n");
        fill(&b);
        az_layout_total(&b.l, 1, 0);
        measure(&b, "tanh_many/values", do_values, JETS, seconds);
        for (size_t i = 0; i < sizeof total / sizeof *total; i++)
            if (!az_layout_total(&b.l, total[i].dim, total[i].order)) run(&b, total[i].name, seconds);
        if (!az_layout_make(&b.l, 2, xxx_t, 2)) run(&b, "xxx_t", seconds);
    }
    az_doubles_free(b.a);
    az_doubles_free(b.b);
    az_doubles_free(b.y);
    az_doubles_free(b.dy);
    az_doubles_free(b.scratch);
    return failed;
}
