/* main.c: finds the command and runs it. */
#include "cli.h"
#include "json.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static const cli_command commands[] = {
    {"list", "the built-in problems, one line each", list_help, cmd_list},
    {"show", "the text of a built-in problem", show_help, cmd_show},
    {"check", "parse a problem and explain it", check_help, cmd_check},
    {"solve", "find a solution, check it, write it and a report", solve_help, cmd_solve},
    {"scan", "hold an unknown at many values: where solutions are", scan_help, cmd_scan},
    {"continue", "a branch of solutions in a parameter or an unknown", continue_help, cmd_continue},
    {"compare", "a problem with each trial space, tabulated", compare_help, cmd_compare},
    {"polish", "a result again in a classical space: elements, or any precision", polish_help, cmd_polish},
    {"verify", "re-evaluate the residual of a result independently", verify_help, cmd_verify},
    {"eval", "values and derivatives of a field at points", eval_help, cmd_eval},
    {"export", "a table of fields as CSV, NumPy or HDF5", export_help, cmd_export},
    {"report", "a self-contained HTML page about a result", report_help, cmd_report},
    {"bench", "measured figures beside the published ones", bench_help, cmd_bench},
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char intro[] =
    "Usage: ansatz COMMAND [OPTION]... [OPERAND]...\n"
    "\n"
    "Finds self-similar singular solutions of nonlinear PDEs, and solutions of\n"
    "ordinary boundary-value and initial-value problems, with networks trained to\n"
    "machine precision, and says how well each is known.\n"
    "\n"
    "Commands:\n";

static const char outro[] =
    "\n"
    "Options of every command:\n"
    "  --help       what the command does, its options, examples\n"
    "  --json       one JSON object on standard output; progress and messages stay\n"
    "               on standard error\n"
    "  --quiet      no progress\n"
    "  --threads N  processor cores to use, 0 for all; results do not depend on it\n"
    "  --seed N     of everything random; a run with the same seed and options gives\n"
    "               the same bits\n"
    "  A command that has no use for one of these takes it and ignores it.\n"
    "\n"
    "Start with:\n"
    "  ansatz list\n"
    "  ansatz solve ccf\n"
    "  ansatz help solve\n"
    "\n"
    "Exit status: 0 done (solve, verify: the asked tolerance is reached), 1 it is\n"
    "not, 2 bad usage or input.\n";

static void print_overview(FILE *f)
{
    fputs(intro, f);
    for (int i = 0; i < N_COMMANDS; i++) fprintf(f, "  %-8s %s\n", commands[i].name, commands[i].brief);
    fprintf(f, "  %-8s %s\n", "help", "the help of a command: ansatz help solve");
    fputs(outro, f);
}

static const cli_command *find(const char *name)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (!strcmp(commands[i].name, name)) return &commands[i];
    return NULL;
}

static int unknown_command(const cli_context *c, const char *word)
{
    const char *name[N_COMMANDS + 1];

    for (int i = 0; i < N_COMMANDS; i++) name[i] = commands[i].name;
    name[N_COMMANDS] = "help";
    const char *near = cli_nearest(word, name, N_COMMANDS + 1);
    if (near) return cli_usage(c, "unknown command '%s', did you mean '%s'?", word, near);
    return cli_usage(c, "unknown command '%s'", word);
}

static int run_help(const cli_context *c, int argc, char **argv)
{
    if (argc > 2) return cli_usage(c, "help: expected one command, found '%s' as a second", argv[2]);
    if (argc < 2) {
        print_overview(stdout);
        return CLI_OK;
    }
    const cli_command *command = find(argv[1]);
    if (!command) return unknown_command(c, argv[1]);
    fputs(command->help, stdout);
    return CLI_OK;
}

static int print_version(const cli_context *c)
{
    json j;

    if (!c->json) {
        puts("ansatz " AZ_VERSION);
        return CLI_OK;
    }
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "version", AZ_VERSION);
    json_object_end(&j);
    json_end(&j);
    return CLI_OK;
}

/* Known before the options are read, so that an error in the first of them is reported as asked. */
static bool asks_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
        if (!strcmp(argv[i], "--json")) return true;
    return false;
}

static int dispatch(cli_context *c, int argc, char **argv)
{
    int first = 1;

    while (first < argc && !strcmp(argv[first], "--json")) first++;
    if (first == argc) {
        if (c->json) return cli_usage(c, "expected a command, found nothing");
        print_overview(stderr);
        return CLI_ERROR;
    }
    const char *word = argv[first];
    if (!strcmp(word, "--version")) return print_version(c);
    if (!strcmp(word, "--help") || !strcmp(word, "-h")) return run_help(c, 1, argv);
    if (!strcmp(word, "help")) return run_help(c, argc - first, argv + first);
    const cli_command *command = find(word);
    if (!command && word[0] == '-') return cli_usage(c, "unknown option '%s': options follow the command", word);
    if (!command) return unknown_command(c, word);
    c->command = command->name;
    c->help = command->help;
    return command->run(c, argc - first, argv + first);
}

/* Quoted so that a shell reads the same words. */
static char *command_line(int argc, char **argv)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=.,:/@%^~";
    size_t size = sizeof "ansatz";
    char *line, *p;

    for (int i = 1; i < argc; i++) size += 4 * strlen(argv[i]) + 3; /* ' becomes '\'' */
    if (!(line = malloc(size))) return NULL;
    p = stpcpy(line, "ansatz");
    for (int i = 1; i < argc; i++) {
        *p++ = ' ';
        if (*argv[i] && *argv[i] != '~' && !argv[i][strspn(argv[i], plain)]) {
            p = stpcpy(p, argv[i]);
            continue;
        }
        *p++ = '\'';
        for (const char *s = argv[i]; *s; s++) {
            if (*s == '\'') p = stpcpy(p, "'\\''");
            else *p++ = *s;
        }
        p = stpcpy(p, "'");
    }
    *p = 0;
    return line;
}

int main(int argc, char **argv)
{
    az_solve_options defaults;
    cli_context c = {.command = "", .help = ""};

    signal(SIGXFSZ, SIG_IGN); /* a write above the file size limit then fails with a message */
    az_solve_options_init(&defaults);
    c.seed = defaults.seed;
    c.threads = defaults.threads;
    c.json = asks_json(argc, argv);
    char *line = command_line(argc, argv);
    c.line = line ? line : "ansatz";
    int status = dispatch(&c, argc, argv);
    free(line);
    errno = 0;
    if (fflush(stdout) || ferror(stdout)) {
        fprintf(stderr, "ansatz: cannot write to standard output: %s\n", errno ? strerror(errno) : "the write failed");
        return CLI_ERROR;
    }
    return status;
}
