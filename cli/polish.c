/* polish.c: ansatz polish. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

const char polish_help[] =
    "Usage: ansatz polish FILE.h5 [OPTION]...\n"
    "\n"
    "Solves the problem of a result again in another trial space and on another\n"
    "grid: piecewise polynomials, started from the result's functions and unknowns,\n"
    "by Newton's method. Writes a new result, re-evaluates it and compares the two.\n"
    "Where they agree the unknowns are cross-solved, and their errors come from the\n"
    "agreement. One coordinate only so far.\n"
    "\n"
    "Options:\n"
    "  --trial element      the trial space (the only one so far)\n"
    "  --output FILE.h5     the new result (default: the name of the old one with\n"
    "                       -element before .h5); a finished result of that name is\n"
    "                       kept as FILE.h5~\n"
    "  --tolerance T        stop when the largest relative residual on an\n"
    "                       independent grid is below T (default 1e-12 on a line,\n"
    "                       1e-11 on an interval)\n"
    "  --points N           collocation points per equation, about, at first\n"
    "  --iterations N       at most (default: automatic)\n"
    "  --seconds S          at most (default: none)\n"
    "  --report             write an HTML page beside the new result\n"
    "  --threads N          processor cores, 0 for all; results do not depend on it\n"
    "  --json               the object that `ansatz solve --json` prints; its member\n"
    "                       cross: hash, space, other_space, relative,\n"
    "                       other_relative, unknowns.NAME, names.NAME\n"
    "  --quiet              no progress on standard error\n"
    "  --help               this text\n"
    "\n"
    "Examples:\n"
    "  ansatz polish ccf.h5\n"
    "  ansatz polish ccf.h5 --output fine.h5 --tolerance 1e-13 --json | jq .cross\n"
    "  ansatz verify ccf.h5 --cross\n"
    "\n"
    "Exit status: 0 the residual of the new result is below the tolerance, 1 it is\n"
    "not, 2 bad usage or input.\n";

typedef struct polish_request {
    az_solve_options o;
    const char *output;
    bool report;
} polish_request;

static char *output_name(const polish_request *q, const char *input)
{
    return q->output ? cli_name(q->output, "") : cli_replace_suffix(input, "-element.h5");
}

az_status cli_polish(const cli_context *c, az_result **out, az_result *from, const az_solve_options *o, az_error *e)
{
    cli_progress progress;

    cli_progress_init(&progress, c, az_result_problem(from), o->max_seconds);
    cli_signals_begin();
    const az_status s = az_polish(out, from, o, cli_progress_step, &progress, e);
    cli_signals_end();
    cli_progress_end(&progress);
    return s;
}

static int finish(const cli_context *c, az_result *r, const char *path, const char *report)
{
    az_error e;

    if (az_result_set_command(r, c->line) != AZ_OK) return cli_nomem(c);
    if (az_result_save(r, path, &e) != AZ_OK) return cli_fail_error(c, &e);
    if (report && az_report(r, report, c->line, &e) != AZ_OK) return cli_fail_error(c, &e);
    if (c->json) {
        cli_json_result(r, path, report, NULL);
    } else {
        cli_print_result(r);
        printf("  %-13s %s%s%s\n", "files", path, report ? ", " : "", report ? report : "");
    }
    return cli_result_status(r);
}

static int polish(const cli_context *c, const polish_request *q, const char *input)
{
    az_error e;
    int status = CLI_ERROR;
    az_result *from = cli_result(c, input), *r = NULL;
    if (!from) return CLI_ERROR;
    char *path = output_name(q, input), *report = path && q->report ? cli_replace_suffix(path, ".html") : NULL;

    if (!path || (q->report && !report)) cli_nomem(c);
    else if (!strcmp(path, input) || cli_same_file(path, input)) cli_usage(c, "--output: '%s' is the result to be polished", path);
    else if (report && !cli_is_our_report(report)) cli_fail(c, AZ_EIO, "'%s' is not a report of this program and is not replaced", report);
    else if (cli_check_writable(c, path) && cli_make_way(c, path)) {
        if (cli_polish(c, &r, from, &q->o, &e) != AZ_OK) cli_fail_error(c, &e);
        else status = finish(c, r, path, report);
    }
    free(path);
    free(report);
    az_result_destroy(r);
    az_result_destroy(from);
    return status;
}

enum { OPT_TRIAL = CLI_OPT_FIRST, OPT_OUTPUT, OPT_TOLERANCE, OPT_POINTS, OPT_ITERATIONS, OPT_SECONDS, OPT_REPORT };

static bool read_option(const cli_context *c, polish_request *q, int which)
{
    az_solve_options *o = &q->o;

    switch (which) {
    case OPT_TRIAL:
        if (!option_space(c, optarg, &o->space)) return false;
        return o->space == AZ_SPACE_ELEMENT || (cli_usage(c, "--trial: expected element, the only space to polish in, found '%s'", optarg), false);
    case OPT_OUTPUT: q->output = optarg; return true;
    case OPT_TOLERANCE: return option_positive(c, "tolerance", optarg, &o->tolerance);
    case OPT_POINTS: return option_int(c, "points", optarg, 1, 1000000, &o->points);
    case OPT_ITERATIONS: return option_int(c, "iterations", optarg, 1, 1000000, &o->max_iterations);
    case OPT_SECONDS: return option_positive(c, "seconds", optarg, &o->max_seconds);
    case OPT_REPORT: q->report = true; return true;
    }
    return false;
}

int cmd_polish(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"trial", required_argument, NULL, OPT_TRIAL},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"iterations", required_argument, NULL, OPT_ITERATIONS},
                                            {"seconds", required_argument, NULL, OPT_SECONDS},
                                            {"report", no_argument, NULL, OPT_REPORT},
                                            CLI_COMMON_OPTIONS};
    polish_request q = {.output = NULL};
    int o;

    az_solve_options_init(&q.o);
    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        if (!read_option(c, &q, o)) return CLI_ERROR;
    }
    q.o.seed = c->seed;
    q.o.threads = c->threads;
    int i = cli_operand(c, argc, argv, "a result file");
    return i ? polish(c, &q, argv[i]) : CLI_ERROR;
}
