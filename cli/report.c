/* report.c: ansatz report. */
#include "cli.h"

#include <stdlib.h>

const char report_help[] =
    "Usage: ansatz report FILE.h5 [OPTION]...\n"
    "\n"
    "Writes one self-contained HTML page about a result: the fields on linear and\n"
    "logarithmic axes, the residual over the whole domain, the histories of the\n"
    "residual and of the unknowns, the evidence, the command and the hash.\n"
    "\n"
    "Options:\n"
    "  --output X.html  where (default: the result's name with .html instead of .h5)\n"
    "  --json           the object that `ansatz solve --json` prints\n"
    "  --help           this text\n"
    "\n"
    "A file that is in the way and is not a report of this program is replaced only\n"
    "if --output names it.\n"
    "\n"
    "Examples:\n"
    "  ansatz report ccf.h5\n"
    "  ansatz report ccf.h5 --output /tmp/ccf.html\n"
    "\n"
    "Exit status: 0 the page is written, 2 bad usage or input.\n";

static int write_report(const cli_context *c, const az_result *r, const char *path)
{
    az_error e;

    if (az_report(r, path, c->line, &e) != AZ_OK) return cli_fail_error(c, &e);
    if (c->json) cli_json_result(r, NULL, path, NULL);
    else if (!c->quiet) printf("wrote %s\n", path);
    return CLI_OK;
}

static int report(const cli_context *c, const char *path, const char *output)
{
    int status;

    if (cli_same_file(path, output)) return cli_usage(c, "--output: '%s' is the result itself", output);
    if (!cli_check_writable(c, output)) return CLI_ERROR;
    az_result *r = cli_result(c, path);
    if (!r) return CLI_ERROR;
    status = write_report(c, r, output);
    az_result_destroy(r);
    return status;
}

int cmd_report(cli_context *c, int argc, char **argv)
{
    enum { OPT_OUTPUT = CLI_OPT_FIRST };
    static const struct option options[] = {{"output", required_argument, NULL, OPT_OUTPUT}, CLI_COMMON_OPTIONS};
    const char *output = NULL;
    int o, status;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        output = optarg;
    }
    int i = cli_operand(c, argc, argv, "a result file");
    if (!i) return CLI_ERROR;
    if (output) return report(c, argv[i], output);
    char *path = cli_replace_suffix(argv[i], ".html");
    if (!path) return cli_nomem(c);
    if (cli_is_our_report(path)) status = report(c, argv[i], path);
    else status = cli_fail(c, AZ_EIO, "'%s' is not a report of this program; name it with --output to replace it", path);
    free(path);
    return status;
}
