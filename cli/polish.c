/* polish.c: ansatz polish. */
#include "polish.h"

#include <stdlib.h>
#include <string.h>

const char polish_help[] =
    "Usage: ansatz polish FILE.h5 [OPTION]...\n"
    "\n"
    "Solves the problem of a result again in another trial space, starting from the\n"
    "result, in one coordinate or in a half-plane.\n"
    "\n"
    "  element  piecewise polynomials on another grid, by Newton's method. Writes a\n"
    "           new result, re-evaluates it and compares the two. Where they agree\n"
    "           the unknowns are cross-solved, and their errors come from that. From\n"
    "           elements: on another mesh; in a half-plane those in its other\n"
    "           coordinates, polar or conformal, no coarser at first than theirs. A\n"
    "           run that ends at another solution, or none, says so (stopped: lost),\n"
    "           and has no values of the unknowns\n"
    "  hardy    fractional powers with exact Hilbert transforms, in numbers of any\n"
    "           precision: profiles on the line whose equations take hilbert of one\n"
    "           odd expression only, with a `decay` in the problem file. The space\n"
    "           grows until two sizes and two sets of nodes agree on the digits\n"
    "           asked; the length m and the share of terms for the slowest decay\n"
    "           are chosen by trial. A thin layer asks for many terms. This is no\n"
    "           proof. Numbers of the problem count as the decimals they were\n"
    "           written as: 0.3 is 3/10\n"
    "\n"
    "Options:\n"
    "  --trial SPACE        element (default) or hardy\n"
    "  --output FILE        element: the new result (default: the old name with\n"
    "                       -element before .h5; a finished result of that name is\n"
    "                       kept as FILE.h5~). hardy: a JSON file of unknowns,\n"
    "                       coefficients, exponents and scale as decimal strings\n"
    "  --seconds S          at most (default: none)\n"
    "  --threads N          processor cores, 0 for all; results do not depend on it\n"
    "  --changed            read a result that another program has changed, without\n"
    "                       its evidence\n"
    "  --json               element: the object that `ansatz solve --json` prints,\n"
    "                       with cross: hash, space, other_space, relative,\n"
    "                       other_relative, unknowns.NAME, names.NAME. hardy: the\n"
    "                       same object as in the file\n"
    "  --quiet              no progress on standard error\n"
    "  --help               this text\n"
    "\n"
    "For element only:\n"
    "  --tolerance T        stop when the largest relative residual on an\n"
    "                       independent grid is below T (default 1e-12 on a line,\n"
    "                       1e-11 on an interval, that of FILE in a half-plane)\n"
    "  --points N           collocation points per equation, about, at first; in a\n"
    "                       half-plane no fewer than what FILE's elements have\n"
    "  --iterations N       at most (default: automatic)\n"
    "  --no-report          do not write the HTML page\n"
    "\n"
    "For hardy only:\n"
    "  --digits D           of every unknown, 5 to 200 (default 20)\n"
    "  --max-coefficients N limit of the size, at least 24 (default 400)\n"
    "\n"
    "Examples:\n"
    "  ansatz polish ccf.h5\n"
    "  ansatz polish ccf.h5 --output fine.h5 --tolerance 1e-13 --json | jq .cross\n"
    "  ansatz polish ccf.h5 --trial hardy --digits 30\n"
    "  ansatz verify ccf.h5 --cross\n"
    "\n"
    "Exit status: 0 the tolerance or the digits asked were reached, 1 they were not,\n"
    "2 bad usage or input.\n";

typedef struct polish_request {
    az_solve_options o;
    hardy_request hardy;
    bool to_hardy;
    const char *output;
    const char *only_element, *only_hardy; /* an option given that only one space has */
    bool report;
} polish_request;

static char *output_name(const polish_request *q, const char *input)
{
    return q->output ? cli_name(q->output, "") : cli_replace_suffix(input, "-element.h5");
}

az_status cli_polish(const cli_context *c, az_result **out, az_result *from, const az_solve_options *o, az_error *e)
{
    cli_progress progress;

    cli_progress_init(&progress, c, o->max_seconds);
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
    if (!cli_make_way(c, path, AZ_FILE_RESULT)) return CLI_ERROR;
    if (!cli_save_new(c, r, path, &e)) return cli_fail_error(c, &e);
    if (report && !cli_make_way(c, report, AZ_FILE_REPORT)) return CLI_ERROR;
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
    az_claim *claim = NULL;
    int status = CLI_ERROR;
    az_result *from = cli_result(c, input), *r = NULL;
    if (!from) return CLI_ERROR;
    char *path = output_name(q, input), *report = path && q->report ? cli_replace_suffix(path, ".html") : NULL;

    if (!path || (q->report && !report)) cli_nomem(c);
    else if (!strcmp(path, input) || cli_same_file(path, input)) cli_usage(c, "--output: '%s' is the result to be polished", path);
    else if (cli_check_place(c, path, AZ_FILE_RESULT) && cli_check_report(c, report, path) &&
             cli_claim(c, &claim, path)) {
        if (cli_polish(c, &r, from, &q->o, &e) != AZ_OK) cli_fail_error(c, &e);
        else status = finish(c, r, path, report);
    }
    az_claim_destroy(claim);
    free(path);
    free(report);
    az_result_destroy(r);
    az_result_destroy(from);
    return status;
}

enum {
    OPT_TRIAL = CLI_OPT_FIRST,
    OPT_OUTPUT,
    OPT_SECONDS,
    OPT_TOLERANCE,
    OPT_POINTS,
    OPT_ITERATIONS,
    OPT_NO_REPORT,
    OPT_DIGITS,
    OPT_COEFFICIENTS
};

static bool read_trial(const cli_context *c, polish_request *q)
{
    q->to_hardy = !strcmp(optarg, "hardy");
    return q->to_hardy || !strcmp(optarg, "element") || (cli_usage(c, "--trial: expected element or hardy, found '%s'", optarg), false);
}

static bool read_option(const cli_context *c, polish_request *q, int which)
{
    az_solve_options *o = &q->o;

    switch (which) {
    case OPT_TRIAL: return read_trial(c, q);
    case OPT_OUTPUT: q->output = q->hardy.output = optarg; return true;
    case OPT_SECONDS: return option_positive(c, "seconds", optarg, &o->max_seconds);
    case OPT_TOLERANCE: q->only_element = "tolerance"; return option_positive(c, "tolerance", optarg, &o->tolerance);
    case OPT_POINTS: q->only_element = "points"; return option_int(c, "points", optarg, 1, 1000000, &o->points);
    case OPT_ITERATIONS: q->only_element = "iterations"; return option_int(c, "iterations", optarg, 1, 1000000, &o->max_iterations);
    case OPT_NO_REPORT: q->only_element = "no-report"; q->report = false; return true;
    case OPT_DIGITS: q->only_hardy = "digits"; return option_int(c, "digits", optarg, 5, 200, &q->hardy.o.digits);
    case OPT_COEFFICIENTS: q->only_hardy = "max-coefficients"; return option_int(c, "max-coefficients", optarg, 24, 4000, &q->hardy.o.max_coefficients);
    }
    return false;
}

int cmd_polish(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"trial", required_argument, NULL, OPT_TRIAL},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"seconds", required_argument, NULL, OPT_SECONDS},
                                            {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"iterations", required_argument, NULL, OPT_ITERATIONS},
                                            {"no-report", no_argument, NULL, OPT_NO_REPORT},
                                            {"digits", required_argument, NULL, OPT_DIGITS},
                                            {"max-coefficients", required_argument, NULL, OPT_COEFFICIENTS},
                                            CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    polish_request q = {.report = true};
    int o;

    az_solve_options_init(&q.o);
    az_hardy_options_init(&q.hardy.o);
    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        if (!read_option(c, &q, o)) return CLI_ERROR;
    }
    const char *foreign = q.to_hardy ? q.only_element : q.only_hardy;
    if (foreign) return cli_usage(c, "--%s does not go with --trial %s", foreign, q.to_hardy ? "hardy" : "element");
    int i = cli_operand(c, argc, argv, "a result file");
    if (!i) return CLI_ERROR;
    q.o.seed = c->seed;
    q.o.threads = c->threads;
    q.hardy.o.max_seconds = q.o.max_seconds;
    if (!q.to_hardy) return polish(c, &q, argv[i]);
    if (q.output && !cli_check_place(c, q.output, AZ_FILE_HARDY)) return CLI_ERROR;
    return cli_polish_hardy(c, &q.hardy, argv[i]);
}
