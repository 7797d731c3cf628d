/* bench.c: ansatz bench. */
#include "bench.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char bench_help[] =
    "Usage: ansatz bench [PROBLEM]... [OPTION]...\n"
    "\n"
    "Solves each problem that has an exact or published value, with several seeds,\n"
    "and prints what was measured beside the reference: the value, its error, the\n"
    "re-evaluated residual, the time; then the medians. The references come from a\n"
    "file and are never an input to a solve.\n"
    "\n"
    "Options:\n"
    "  --seeds N         seeds per problem, from --seed on (default 10)\n"
    "  --quick           one seed, at most 20 seconds each\n"
    "  --seconds S       limit of each run (default: none)\n"
    "  --tolerance T     of each run, as for `ansatz solve` (default: automatic)\n"
    "  --reference FILE  the table (default: the one installed with the program)\n"
    "  --seed N          the first seed (default 1)\n"
    "  --threads N       processor cores to use, 0 for all (default 0)\n"
    "  --json            {\"cases\": [{\"problem\": ..., \"references\": ..., \"runs\":\n"
    "                    [...], \"median\": ...}, ...], ...}\n"
    "  --quiet           no progress\n"
    "  --help            this text\n"
    "\n"
    "Examples:\n"
    "  ansatz bench --quick\n"
    "  ansatz bench ccf --seeds 3\n"
    "  ansatz bench --json > figures.json\n"
    "\n"
    "Exit status: 0 every run reached its tolerance, 1 not all did, 2 bad usage or\n"
    "input.\n";

#define QUICK_SECONDS 20.0
#define DEFAULT_SEEDS 10
#define MAX_SEEDS 100000
#define MAX_DIM 4

typedef struct bench {
    az_solve_options o;
    int seeds;
    bool quick;
    const char *reference;
    char **name;                    /* problems asked for */
    int n_names;
    bool all_reached;
    json j;
} bench;

/* "a=0.3 b=1 --mode 1 --trial element" */
static bool read_settings(const cli_context *c, bench *b, const char *text, cli_settings *s)
{
    char *copy = strdup(text), *rest = copy;
    bool ok = copy != NULL;

    b->o.mode = 0;
    b->o.space = AZ_SPACE_MLP;
    for (char *word; ok && (word = strtok_r(rest, " ", &rest));) {
        bool mode = !strcmp(word, "--mode"), trial = !strcmp(word, "--trial");
        const char *value = mode || trial ? strtok_r(rest, " ", &rest) : "";
        if (!value) ok = (cli_usage(c, "the settings '%s' of the reference table end with %s", text, word), false);
        else if (mode) ok = option_int(c, "mode", value, 0, 1000, &b->o.mode);
        else ok = trial ? option_space(c, value, &b->o.space) : option_set(c, word, s);
    }
    free(copy);
    return ok;
}

/* u(0.5;1): the field at the point. NaN if it cannot be had. */
static double field_value(const az_result *r, const char *quantity)
{
    const char *open = strchr(quantity, '(');
    double x[MAX_DIM], out = NAN;
    int order[MAX_DIM] = {0}, n = 0;

    if (!open) return NAN;
    for (const char *s = open + 1; *s && n < MAX_DIM; n++) {
        char *end;
        x[n] = strtod(s, &end);
        if (end == s || (*end != ';' && *end != ')')) return NAN;
        s = end + 1;
    }
    if (n != az_problem_dim(az_result_problem(r))) return NAN;
    char *name = strndup(quantity, (size_t)(open - quantity));
    if (name && az_eval(r, &out, name, x, 1, order, NULL) != AZ_OK) out = NAN;
    free(name);
    return out;
}

static double quantity_value(const az_result *r, const char *quantity)
{
    const az_problem *p = az_result_problem(r);
    double error;

    for (int i = 0; i < az_problem_n_unknowns(p); i++)
        if (!strcmp(az_problem_unknown(p, i), quantity)) return az_result_unknown(r, i, &error);
    return field_value(r, quantity);
}

static int measure(const cli_context *c, bench *b, const az_problem *p, const bench_case *k, bench_run *out)
{
    cli_progress progress;
    az_result *r = NULL;
    az_error e;

    b->o.seed = out->seed;
    cli_progress_init(&progress, c, b->o.max_seconds);
    progress.notes = false;
    progress.show = progress.live; /* a log of every run would bury the table */
    az_status s = az_solve(&r, p, &b->o, cli_progress_step, &progress, &e);
    cli_progress_end(&progress);
    if (s == AZ_OK) s = az_verify(r, b->o.threads, &e);
    if (s == AZ_OK) {
        az_evidence evidence = az_result_evidence(r);
        out->stop = az_result_stop(r);
        out->reached = cli_reached(r);
        out->seconds = az_result_seconds(r);
        out->residual = evidence.reevaluated_max;
        out->relative = evidence.reevaluated_relative;
        for (int i = 0; i < k->n; i++) out->value[i] = quantity_value(r, k->row[i].quantity);
    }
    az_result_destroy(r);
    return s == AZ_OK ? CLI_OK : cli_fail_error(c, &e);
}

static int run_seeds(const cli_context *c, bench *b, const az_problem *p, const bench_case *k, bench_run *run, double *scratch)
{
    if (!c->json) bench_print_heading(k);
    for (int i = 0; i < b->seeds; i++) {
        run[i].seed = c->seed + (uint64_t)i;
        if (measure(c, b, p, k, &run[i]) != CLI_OK) return CLI_ERROR;
        b->all_reached &= run[i].reached;
        if (!c->json) bench_print_run(k, &run[i]);
    }
    if (c->json) bench_json_case(&b->j, k, run, b->seeds, scratch);
    else bench_print_medians(k, run, b->seeds, scratch);
    return CLI_OK;
}

static int run_case(const cli_context *c, bench *b, const bench_case *k)
{
    cli_settings settings = {0};
    bench_run *run = calloc((size_t)b->seeds, sizeof *run);
    double *scratch = calloc((size_t)b->seeds, sizeof *scratch);
    az_problem *p = NULL;
    int status = CLI_ERROR;

    if (!run || !scratch) cli_nomem(c);
    else if (read_settings(c, b, k->settings, &settings) && (p = cli_problem(c, k->problem, &settings)))
        status = run_seeds(c, b, p, k, run, scratch);
    az_problem_destroy(p);
    free(scratch);
    free(run);
    cli_settings_clear(&settings);
    return status;
}

static bool wanted(const bench *b, const char *problem)
{
    for (int i = 0; i < b->n_names; i++)
        if (!strcmp(b->name[i], problem)) return true;
    return b->n_names == 0;
}

static int run_table(const cli_context *c, bench *b, const reference_table *t)
{
    int status = CLI_OK;

    for (int i = 0, n; i < t->n && status == CLI_OK; i += n) {
        const reference_row *w = &t->row[i];
        for (n = 1; i + n < t->n && n < MAX_QUANTITIES; n++)
            if (strcmp(w->problem, w[n].problem) || strcmp(w->settings, w[n].settings)) break;
        bench_case k = {w->problem, w->settings, w, n};
        if (wanted(b, w->problem)) status = run_case(c, b, &k);
    }
    for (int m = 0; m < b->n_names && status == CLI_OK; m++) { /* a problem without a reference still has a residual and a time */
        bool in_table = false;
        for (int i = 0; i < t->n; i++) in_table |= !strcmp(t->row[i].problem, b->name[m]);
        bench_case k = {b->name[m], "", NULL, 0};
        if (!in_table) status = run_case(c, b, &k);
    }
    return status;
}

/* The JSON text is kept until all has gone well: a failure prints one error object and nothing else. */
static int run_json(const cli_context *c, bench *b, const reference_table *t, const char *reference)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);

    if (!f) return cli_nomem(c);
    json_begin(&b->j, f);
    json_object(&b->j, NULL);
    json_string(&b->j, "version", AZ_VERSION);
    json_integer(&b->j, "threads", b->o.threads);
    json_string(&b->j, "reference", reference);
    json_array(&b->j, "cases");
    int status = run_table(c, b, t);
    json_array_end(&b->j);
    json_object_end(&b->j);
    json_end(&b->j);
    bool complete = !fclose(f);
    if (status == CLI_OK && !complete) status = cli_nomem(c);
    if (status == CLI_OK) fwrite(text, 1, size, stdout);
    free(text);
    return status;
}

static int run(const cli_context *c, bench *b)
{
    reference_table t = {0};
    char *path = b->reference ? cli_name(b->reference, "") : reference_find();
    int status = CLI_ERROR;

    if (!path && !b->n_names) return cli_fail(c, AZ_EIO, "no table of reference values found; name it with --reference, or name problems");
    if (!path || reference_read(c, &t, path)) {
        status = c->json ? run_json(c, b, &t, path) : run_table(c, b, &t);
    }
    reference_clear(&t);
    free(path);
    if (status != CLI_OK) return status;
    return b->all_reached ? CLI_OK : CLI_NOT_REACHED;
}

int cmd_bench(cli_context *c, int argc, char **argv)
{
    enum { OPT_SEEDS = CLI_OPT_FIRST, OPT_QUICK, OPT_SECONDS, OPT_TOLERANCE, OPT_REFERENCE };
    static const struct option options[] = {{"seeds", required_argument, NULL, OPT_SEEDS},
                                            {"quick", no_argument, NULL, OPT_QUICK},
                                            {"seconds", required_argument, NULL, OPT_SECONDS},
                                            {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                            {"reference", required_argument, NULL, OPT_REFERENCE},
                                            CLI_COMMON_OPTIONS};
    bench b = {.all_reached = true};
    int o;
    bool ok = true;

    az_solve_options_init(&b.o);
    while (ok && (o = cli_next(c, argc, argv, options)) != CLI_END) switch (o) {
        case CLI_DONE: return c->status;
        case OPT_SEEDS: ok = option_int(c, "seeds", optarg, 1, MAX_SEEDS, &b.seeds); break;
        case OPT_QUICK: b.quick = true; break;
        case OPT_SECONDS: ok = option_positive(c, "seconds", optarg, &b.o.max_seconds); break;
        case OPT_TOLERANCE: ok = option_positive(c, "tolerance", optarg, &b.o.tolerance); break;
        case OPT_REFERENCE: b.reference = optarg; break;
        }
    if (!ok) return CLI_ERROR;
    b.o.threads = c->threads;
    if (!b.seeds) b.seeds = b.quick ? 1 : DEFAULT_SEEDS;
    if (b.quick && !(b.o.max_seconds > 0)) b.o.max_seconds = QUICK_SECONDS;
    b.name = argv + optind;
    b.n_names = argc - optind;
    return run(c, &b);
}
