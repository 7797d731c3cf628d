/* list.c: ansatz list. */
#include "cli.h"
#include "json.h"

const char list_help[] =
    "Usage: ansatz list [--json]\n"
    "\n"
    "Prints the built-in problems, one line each: the name that `solve`, `show` and\n"
    "`check` take, and a title.\n"
    "\n"
    "Options:\n"
    "  --json       {\"problems\": [{\"name\": ..., \"title\": ...}, ...]}\n"
    "  --help       this text\n"
    "\n"
    "Examples:\n"
    "  ansatz list\n"
    "  ansatz list --json | jq -r '.problems[].name'\n"
    "\n"
    "Exit status: 0, or 2 for bad usage.\n";

static void print_json(void)
{
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_array(&j, "problems");
    for (int i = 0; i < az_builtin_count(); i++) {
        json_object(&j, NULL);
        json_string(&j, "name", az_builtin_name(i));
        json_string(&j, "title", az_builtin_title(i));
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

int cmd_list(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {CLI_COMMON_OPTIONS};

    if (cli_next(c, argc, argv, options) == CLI_DONE) return c->status;
    if (optind < argc) return cli_usage(c, "expected no operand, found '%s'", argv[optind]);
    if (c->json) print_json();
    else
        for (int i = 0; i < az_builtin_count(); i++) printf("%-16s %s\n", az_builtin_name(i), az_builtin_title(i));
    return CLI_OK;
}
