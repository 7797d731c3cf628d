/* options.c: walking through a command's options. */
#include "cli.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORD 64         /* longer words are nobody's misspelling */
#define MAX_THREADS 4096

static int least(int a, int b) { return a < b ? a : b; }

/* Levenshtein's distance by the row-by-row recurrence. */
static int distance(const char *a, const char *b)
{
    int row[MAX_WORD + 1];
    int n = (int)strlen(b);

    for (int j = 0; j <= n; j++) row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            int cost = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            row[j] = least(cost, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[n];
}

const char *cli_nearest(const char *word, const char *const *name, int n)
{
    const char *best = NULL;
    int best_distance = INT_MAX;
    size_t length = strlen(word);

    if (!length || length > MAX_WORD) return NULL;
    for (int i = 0; i < n; i++) {
        if (strlen(name[i]) > MAX_WORD) continue;
        int d = strncmp(name[i], word, length) ? distance(word, name[i]) : 1; /* an abbreviation is near */
        if (d < best_distance) best_distance = d, best = name[i];
    }
    return best_distance <= 1 + (int)length / 3 ? best : NULL;
}

static int unknown_option(const cli_context *c, const char *word, const struct option *options)
{
    enum { MAX_OPTIONS = 64 };
    const char *name[MAX_OPTIONS];
    int n = 0;
    size_t length = strcspn(word, "=");

    for (; options[n].name && n < MAX_OPTIONS; n++) name[n] = options[n].name;
    char *bare = strndup(word + 2, length - 2);
    const char *near = bare ? cli_nearest(bare, name, n) : NULL;
    free(bare);
    if (near) return cli_usage(c, "unknown option '%.*s', did you mean '--%s'?", (int)length, word, near);
    return cli_usage(c, "unknown option '%.*s'", (int)length, word);
}

/* What getopt_long did not like: it leaves optopt 0 for an unknown or ambiguous long option, and the option's val for one with an
 * argument missing or not wanted. */
static int bad_option(const cli_context *c, const char *word, const struct option *options, bool missing)
{
    size_t length = strcspn(word, "=");
    int matches = 0;

    if (optopt && optopt < CLI_OPT_HELP) return cli_usage(c, "unknown option '-%c'", optopt);
    if (missing) return cli_usage(c, "option '%.*s' needs a value", (int)length, word);
    if (optopt && word[length] == '=') return cli_usage(c, "option '%.*s' takes no value", (int)length, word);
    for (int i = 0; options[i].name && length > 2; i++) matches += !strncmp(options[i].name, word + 2, length - 2);
    if (matches > 1) return cli_usage(c, "option '%.*s' is ambiguous", (int)length, word);
    return unknown_option(c, word, options);
}

static bool common_option(cli_context *c, int o)
{
    switch (o) {
    case CLI_OPT_JSON: c->json = true; return true;
    case CLI_OPT_QUIET: c->quiet = true; return true;
    case CLI_OPT_CHANGED: c->changed = true; return true;
    case CLI_OPT_THREADS:
        if (option_int(c, "threads", optarg, 0, MAX_THREADS, &c->threads)) return true;
        c->status = CLI_ERROR;
        return true;
    case CLI_OPT_SEED:
        c->seed_given = true;
        if (cli_parse_u64(optarg, &c->seed)) return true;
        c->status = cli_usage(c, "--seed: expected a whole number from 0 to 2^64-1, found '%s'", optarg);
        return true;
    }
    return false;
}

int cli_next(cli_context *c, int argc, char **argv, const struct option *options)
{
    opterr = 0;
    for (;;) {
        int o = getopt_long(argc, argv, ":hq", options, NULL);
        if (o == -1) return CLI_END;
        if (o == 'q') o = CLI_OPT_QUIET;
        if (o == 'h' || o == CLI_OPT_HELP) {
            fputs(c->help, stdout);
            c->status = CLI_OK;
            return CLI_DONE;
        }
        if (o == '?' || o == ':') {
            c->status = bad_option(c, argv[optind - 1], options, o == ':');
            return CLI_DONE;
        }
        if (!common_option(c, o)) return o;
        if (c->status) return CLI_DONE;
    }
}

int cli_operand(const cli_context *c, int argc, char **argv, const char *what)
{
    if (argc - optind == 1) return optind;
    if (argc == optind) cli_usage(c, "expected %s, found nothing", what);
    else cli_usage(c, "expected %s, found a second operand '%s'", what, argv[optind + 1]);
    return 0;
}
