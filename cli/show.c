/* show.c: ansatz show. */
#include "cli.h"
#include "json.h"

#include <string.h>

const char show_help[] =
    "Usage: ansatz show NAME\n"
    "       ansatz show FILE.h5\n"
    "\n"
    "Prints the text of a built-in problem, or the text that a result was computed\n"
    "from. It is the whole statement of the mathematics: save it, change it, and\n"
    "give the file to `solve`.\n"
    "\n"
    "Options:\n"
    "  --changed    read a result that another program has changed, without its\n"
    "               evidence\n"
    "  --json       {\"name\": ..., \"title\": ..., \"text\": ...}\n"
    "  --help       this text\n"
    "\n"
    "Examples:\n"
    "  ansatz show ccf\n"
    "  ansatz show ccf > mine.ansatz && ansatz solve mine.ansatz\n"
    "  ansatz show ccf.h5\n"
    "\n"
    "Exit status: 0, or 2 for bad usage or an unknown name.\n";

static void print(const cli_context *c, const char *name, const char *title, const char *text)
{
    size_t n = strlen(text);
    json j;

    if (!c->json) {
        fputs(text, stdout);
        if (n && text[n - 1] != '\n') putchar('\n');
        return;
    }
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "name", name);
    json_string(&j, "title", title);
    json_string(&j, "text", text);
    json_object_end(&j);
    json_end(&j);
}

static int show_result(const cli_context *c, const char *path)
{
    az_result *r = cli_result(c, path);

    if (!r) return CLI_ERROR;
    const az_problem *p = az_result_problem(r);
    print(c, az_problem_name(p), az_problem_title(p), az_problem_text(p));
    az_result_destroy(r);
    return CLI_OK;
}

int cmd_show(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    const char *dot;

    if (cli_next(c, argc, argv, options) == CLI_DONE) return c->status;
    int i = cli_operand(c, argc, argv, "the name of a built-in problem");
    if (!i) return CLI_ERROR;
    const char *name = argv[i];
    for (int k = 0; k < az_builtin_count(); k++)
        if (!strcmp(az_builtin_name(k), name)) {
            print(c, name, az_builtin_title(k), az_builtin_text(k));
            return CLI_OK;
        }
    if ((dot = strrchr(name, '.')) && !strcmp(dot, ".h5")) return show_result(c, name);
    return cli_unknown_problem(c, name);
}
