/* verify.c: ansatz verify. */
#include "cli.h"

const char verify_help[] =
    "Usage: ansatz verify FILE.h5 [OPTION]...\n"
    "\n"
    "Evaluates the residual of a result again: the equations as written, on an\n"
    "independent uniform grid over the whole domain, by another code path than the\n"
    "one that minimised it. Prints the evidence and writes it into the result file,\n"
    "which is replaced only when the new one is complete.\n"
    "\n"
    "Options:\n"
    "  --dry-run    do not write the evidence into the file\n"
    "  --threads N  processor cores to use, 0 for all (default 0)\n"
    "  --json       the object that `ansatz solve --json` prints\n"
    "  --help       this text\n"
    "\n"
    "Examples:\n"
    "  ansatz verify ccf.h5\n"
    "  ansatz verify ccf.h5 --dry-run --json | jq .residual\n"
    "\n"
    "Exit status: 0 the residual is below the tolerance asked of `solve`, 1 it is\n"
    "not, 2 bad usage or input.\n";

static int verify(const cli_context *c, const char *path, bool dry_run)
{
    az_error e;
    az_result *r = cli_result(c, path);

    if (!r) return CLI_ERROR;
    int status;
    if (az_verify(r, c->threads, &e) != AZ_OK || (!dry_run && az_result_save(r, path, &e) != AZ_OK)) {
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
    enum { OPT_DRY_RUN = CLI_OPT_FIRST };
    static const struct option options[] = {{"dry-run", no_argument, NULL, OPT_DRY_RUN}, CLI_COMMON_OPTIONS};
    bool dry_run = false;
    int o;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        dry_run = true;
    }
    int i = cli_operand(c, argc, argv, "a result file");
    return i ? verify(c, argv[i], dry_run) : CLI_ERROR;
}
