/* check.c: ansatz check. */
#include "cli.h"
#include "json.h"

const char check_help[] =
    "Usage: ansatz check PROBLEM [--set NAME=VALUE]...\n"
    "\n"
    "Parses a problem, built in or in a file, and explains how it was understood,\n"
    "with its parameters, unknowns, coordinates, trial functions, fields, equations\n"
    "and their derivative orders, conditions, and how many rows each gives. A\n"
    "mistake is shown with its line, a caret, what was found and what was expected.\n"
    "\n"
    "Options:\n"
    "  --set NAME=VALUE  the value of a parameter of the file; may be repeated\n"
    "  --json            {\"problem\": ..., \"parameters\": {...}, \"unknowns\": [...],\n"
    "                    ...}\n"
    "  --help            this text\n"
    "\n"
    "Examples:\n"
    "  ansatz check ccf\n"
    "  ansatz check gclm --set a=0.3\n"
    "  ansatz check ./mine.ansatz\n"
    "\n"
    "Exit status: 0 the problem makes sense, 2 it does not (or bad usage).\n";

static void print_json(const az_problem *p, const char *text)
{
    json j;
    double value;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "problem", az_problem_name(p));
    json_string(&j, "title", az_problem_title(p));
    json_object(&j, "parameters");
    for (int i = 0; i < az_problem_n_parameters(p); i++) {
        const char *name = az_problem_parameter(p, i, &value);
        json_number(&j, name, value);
    }
    json_object_end(&j);
    json_array(&j, "unknowns");
    for (int i = 0; i < az_problem_n_unknowns(p); i++) json_string(&j, NULL, az_problem_unknown(p, i));
    json_array_end(&j);
    json_array(&j, "coordinates");
    for (int i = 0; i < az_problem_dim(p); i++) json_string(&j, NULL, az_problem_coordinate(p, i));
    json_array_end(&j);
    json_array(&j, "names");
    for (int i = 0; i < az_problem_n_names(p); i++) json_string(&j, NULL, az_problem_get_name(p, i));
    json_array_end(&j);
    json_string(&j, "description", text);
    json_object_end(&j);
    json_end(&j);
}

static int describe(const cli_context *c, const char *name, const cli_settings *settings)
{
    az_error e;
    char *text = NULL;
    az_problem *p = cli_problem(c, name, settings);

    if (!p) return CLI_ERROR;
    int status = CLI_OK;
    az_solve_options o;
    az_solve_options_init(&o);
    if (az_solve_check(p, &o, &e) != AZ_OK) status = cli_fail_error(c, &e); /* what `solve` would refuse */
    else if (az_problem_describe(p, &text, &e) != AZ_OK) status = cli_fail_error(c, &e);
    else if (c->json) print_json(p, text);
    else fputs(text, stdout);
    az_free(text);
    az_problem_destroy(p);
    return status;
}

int cmd_check(cli_context *c, int argc, char **argv)
{
    enum { OPT_SET = CLI_OPT_FIRST };
    static const struct option options[] = {{"set", required_argument, NULL, OPT_SET}, CLI_COMMON_OPTIONS};
    cli_settings settings = {0};
    int status = CLI_ERROR, o;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) {
            status = c->status;
            goto done;
        }
        if (!option_set(c, optarg, &settings)) goto done;
    }
    int i = cli_operand(c, argc, argv, "a problem");
    if (i) status = describe(c, argv[i], &settings);
done:
    cli_settings_clear(&settings);
    return status;
}
