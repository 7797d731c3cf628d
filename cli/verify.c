/* verify.c: ansatz verify. */
#include "cli.h"

const char verify_help[] =
    "Usage: ansatz verify FILE.h5 [OPTION]...\n"
    "\n"
    "Evaluates the residual of a result again: the equations as written, on an\n"
    "independent uniform grid over the whole domain, by another code path than the\n"
    "one that minimised it. Prints the evidence, for each equation and condition its\n"
    "largest residual and the place of it, and writes it into the result file,\n"
    "which is replaced only when the new one is complete.\n"
    "\n"
    "Options:\n"
    "  --cross      solve the problem again with piecewise polynomials (as\n"
    "               `ansatz polish`), and record how far the two agree: the tier\n"
    "               cross-solved, or, where they end at different numbers, both of\n"
    "               these and exit status 1\n"
    "  --with FILE  the same comparison with another result of the problem, found\n"
    "               in another trial space, on another mesh or from another seed\n"
    "  --dry-run    do not write the evidence into the file\n"
    "  --threads N  processor cores to use, 0 for all (default 0)\n"
    "  --json       the object that `ansatz solve --json` prints\n"
    "  --help       this text\n"
    "\n"
    "Examples:\n"
    "  ansatz verify ccf.h5\n"
    "  ansatz verify ccf.h5 --cross\n"
    "  ansatz verify ccf.h5 --dry-run --json | jq .residual\n"
    "\n"
    "Exit status: 0 the residual is below the tolerance asked of `solve`, and every\n"
    "number is determined; 1 not so, or the other solution contradicts this one; 2\n"
    "bad usage or input.\n";

typedef struct verify_request {
    bool dry_run, cross;
    const char *other;      /* file of the result to compare with, NULL if none */
} verify_request;

/* Compares r with a result read, or made for the purpose. */
static az_status compare(const cli_context *c, const verify_request *q, az_result *r, az_error *e)
{
    az_result *other = NULL;
    az_solve_options o;

    az_solve_options_init(&o);
    o.threads = c->threads;
    az_status s = q->other ? az_result_load(&other, q->other, e) : cli_polish(c, &other, r, &o, e);
    if (s == AZ_OK) s = az_cross_check(r, other, c->threads, e);
    az_result_destroy(other);
    return s;
}

static int verify(const cli_context *c, const char *path, const verify_request *q)
{
    az_error e;
    az_result *r = cli_result(c, path);

    if (!r) return CLI_ERROR;
    int status;
    az_status s = az_verify(r, c->threads, &e);
    if (s == AZ_OK && (q->cross || q->other)) s = compare(c, q, r, &e);
    if (s != AZ_OK || (!q->dry_run && az_result_save(r, path, &e) != AZ_OK)) {
        status = cli_fail_error(c, &e);
    } else {
        if (c->json) cli_json_result(r, path, NULL, NULL);
        else cli_print_result(r);
        status = cli_result_status(r);
    }
    az_result_destroy(r);
    return status;
}

int cmd_verify(cli_context *c, int argc, char **argv)
{
    enum { OPT_DRY_RUN = CLI_OPT_FIRST, OPT_CROSS, OPT_WITH };
    static const struct option options[] = {{"dry-run", no_argument, NULL, OPT_DRY_RUN},
                                            {"cross", no_argument, NULL, OPT_CROSS},
                                            {"with", required_argument, NULL, OPT_WITH},
                                            CLI_COMMON_OPTIONS};
    verify_request q = {.other = NULL};
    int o;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        if (o == OPT_DRY_RUN) q.dry_run = true;
        else if (o == OPT_CROSS) q.cross = true;
        else q.other = optarg;
    }
    int i = cli_operand(c, argc, argv, "a result file");
    return i ? verify(c, argv[i], &q) : CLI_ERROR;
}
