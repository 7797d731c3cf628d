/* report.c: ansatz report. */
#include "cli.h"

#include <stdlib.h>

const char report_help[] =
    "Usage: ansatz report FILE.h5 [OPTION]...\n"
    "\n"
    "Writes one self-contained HTML page about a result: the fields on linear and\n"
    "logarithmic axes, the residual over the whole domain, the histories of the\n"
    "residual and of the unknowns, the evidence, the command and the hash, what the\n"
    "problem says as `note` and `derived`. In a plane or half-plane: maps near the\n"
    "origin and on axes of log distance and angle, of fields and of the residual of\n"
    "each equation, and lines along what the problem declares as `flow`.\n"
    "\n"
    "Options:\n"
    "  --output X.html  where (default: the result's name with .html instead of .h5)\n"
    "  --show A,B       pictures of these fields, lets and trials (default: fields,\n"
    "                   then lets that no equation needs, then others, 6 at most)\n"
    "  --changed        read a result that another program has changed, without its\n"
    "                   evidence\n"
    "  --json           the object that `ansatz solve --json` prints\n"
    "  --help           this text\n"
    "\n"
    "A file that is in the way and is not a report of this program is not replaced;\n"
    "a report is kept as X.html~.\n"
    "\n"
    "Examples:\n"
    "  ansatz report ccf.h5\n"
    "  ansatz report ccf.h5 --output /tmp/ccf.html\n"
    "  ansatz report ipm.h5 --show R,Omega\n"
    "\n"
    "Exit status: 0 the page is written, 2 bad usage or input.\n";

typedef struct report_request {
    const char *output;
    char *show;             /* as given, cut into names */
    const char **name;      /* NULL: the program chooses */
    int n_names;
} report_request;

static int write_report(const cli_context *c, const az_result *r, const report_request *q, const char *path)
{
    az_error e;

    if (!cli_make_way(c, path, AZ_FILE_REPORT)) return CLI_ERROR;
    if (az_report_names(r, path, q->name, q->n_names, c->line, &e) != AZ_OK) return cli_fail_error(c, &e);
    if (c->json) cli_json_result(r, NULL, path, NULL);
    else if (!c->quiet) printf("wrote %s\n", path);
    return CLI_OK;
}

static int report(const cli_context *c, const char *path, const report_request *q, const char *output)
{
    int status;

    if (cli_same_file(path, output)) return cli_usage(c, "--output: '%s' is the result itself", output);
    if (!cli_check_place(c, output, AZ_FILE_REPORT)) return CLI_ERROR;
    az_result *r = cli_result(c, path);
    if (!r) return CLI_ERROR;
    status = write_report(c, r, q, output);
    az_result_destroy(r);
    return status;
}

static int run(const cli_context *c, const char *result, report_request *q)
{
    int status;

    if (q->show && !cli_cut_names(c, "show", q->show, &q->name, &q->n_names)) return CLI_ERROR;
    if (q->output) return report(c, result, q, q->output);
    char *path = cli_replace_suffix(result, ".html");
    if (!path) return cli_nomem(c);
    status = report(c, result, q, path);
    free(path);
    return status;
}

int cmd_report(cli_context *c, int argc, char **argv)
{
    enum { OPT_OUTPUT = CLI_OPT_FIRST, OPT_SHOW };
    static const struct option options[] = {
        {"output", required_argument, NULL, OPT_OUTPUT}, {"show", required_argument, NULL, OPT_SHOW}, CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    report_request q = {.output = NULL};
    int o, status;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) switch (o) {
        case CLI_DONE: return c->status;
        case OPT_OUTPUT: q.output = optarg; break;
        case OPT_SHOW: q.show = optarg; break;
        }
    int i = cli_operand(c, argc, argv, "a result file");
    status = i ? run(c, argv[i], &q) : CLI_ERROR;
    free(q.name);
    return status;
}
