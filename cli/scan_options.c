/* scan_options.c: the options of ansatz scan. */
#include "scan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char scan_help[] =
    "Usage: ansatz scan PROBLEM --over NAME=LO:HI [OPTION]...\n"
    "       ansatz scan PROBLEM --NAME LO:HI [OPTION]...\n"
    "\n"
    "The funnel: holds an unknown of the problem at each value of a grid, solves for\n"
    "everything else and records two things. The residual that is left with all\n"
    "conditions imposed dips at the values that belong to a solution. The defect,\n"
    "what the origin would rather have, changes its sign there: it is what the\n"
    "problem declares as `defect` minus its smooth value, or what its `select` row\n"
    "says when it is left out. Between two values of opposite signs the unknown is\n"
    "released and solved for to the end. The residual is re-evaluated independently,\n"
    "and the unknown printed with the digits that this supports. 2.50000001(3) has\n"
    "an error of 3 in its last digit. A problem with neither `defect` nor `select`\n"
    "is searched for dips of the residual instead.\n"
    "\n"
    "Every seed goes its own way from the grid's value nearest to the start of the\n"
    "unknown: first up, then down, each solve beginning where its neighbour ended.\n"
    "Values that several seeds agree on do not depend on random weights.\n"
    "\n"
    "Options:\n"
    "  --over NAME=LO:HI    the unknown and the ends of the grid, inside its bounds\n"
    "  --NAME LO:HI         the same; with --NAME=LO:HI, too\n"
    "  --set NAME=VALUE     the value of a parameter of the problem; may be repeated\n"
    "  --values N           on the grid, both ends included (default 16)\n"
    "  --seeds N            ways from different random weights (default 3; 1 with\n"
    "                       --trial element, which starts from 0)\n"
    "  --seed N             the first of them (default 1)\n"
    "  --trial SPACE        mlp: networks (default); element: piecewise polynomials,\n"
    "                       in one coordinate, or in a half-plane where the problem\n"
    "                       has a `defect`, with which alone they are solved there\n"
    "  --coordinates NAME   of a half-plane, for networks, as for solve; elements\n"
    "                       stand in conformal ones here\n"
    "  --no-refine          leave brackets as they are; --refine, which is the\n"
    "                       default, solves for the unknown in each\n"
    "  --tolerance T        of that (default as in `ansatz solve`)\n"
    "  --threads N          processor cores, 0 for all; results do not depend on it\n"
    "\n"
    "Files:\n"
    "  --output FILE.csv    the table: value, seed, residual, defect, trained rms,\n"
    "                       iterations, ok; brackets are comments below the rows\n"
    "                       (default: the problem's name with -scan.csv). It is\n"
    "                       written anew after every value. The page with the\n"
    "                       pictures is put beside it with .html. A table that is\n"
    "                       in the way is kept as FILE.csv~. Every profile that a\n"
    "                       bracket led to is a result: FILE-profile-1.h5, ...\n"
    "  --resume             take from the table what it holds and go on to the bits\n"
    "                       of an uninterrupted scan; FILE.csv.state, which is there\n"
    "                       until the scan is complete, keeps the place\n"
    "  --no-report          do not write the HTML page\n"
    "\n"
    "What is said:\n"
    "  --json               one object on standard output: problem, hash, over, lo,\n"
    "                       hi, values, seeds, profiles, brackets, rows, files\n"
    "  --quiet              no progress on standard error\n"
    "  --help               this text\n"
    "\n"
    "Ctrl-C ends a scan after the iteration in progress and keeps what was found; a\n"
    "second one kills, which loses no more than the value in progress.\n"
    "\n"
    "Examples:\n"
    "  ansatz scan ccf --lambda 0.55:1.3 --trial element\n"
    "  ansatz scan ipm --lambda 0.4:1.1 --trial element\n"
    "  ansatz scan gclm --set a=0.3 --lambda=-0.6:-0.2\n"
    "  ansatz scan legendre --over mu=8:18 --values 6 --seeds 1\n"
    "  ansatz scan ccf --lambda 0.55:1.3 --resume --json | jq .profiles\n"
    "\n"
    "Exit status: 0 a profile was found, or a bracket with --no-refine, 1 none was,\n"
    "or the scan is not complete, 2 bad usage or input.\n";

enum {
    OPT_OVER = CLI_OPT_FIRST,
    OPT_SET,
    OPT_VALUES,
    OPT_SEEDS,
    OPT_TRIAL,
    OPT_COORDINATES,
    OPT_REFINE,
    OPT_NO_REFINE,
    OPT_TOLERANCE,
    OPT_OUTPUT,
    OPT_RESUME,
    OPT_NO_REPORT
};

static const struct option options[] = {{"over", required_argument, NULL, OPT_OVER},
                                        {"set", required_argument, NULL, OPT_SET},
                                        {"values", required_argument, NULL, OPT_VALUES},
                                        {"seeds", required_argument, NULL, OPT_SEEDS},
                                        {"trial", required_argument, NULL, OPT_TRIAL},
                                        {"coordinates", required_argument, NULL, OPT_COORDINATES},
                                        {"refine", no_argument, NULL, OPT_REFINE},
                                        {"no-refine", no_argument, NULL, OPT_NO_REFINE},
                                        {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                        {"output", required_argument, NULL, OPT_OUTPUT},
                                        {"resume", no_argument, NULL, OPT_RESUME},
                                        {"no-report", no_argument, NULL, OPT_NO_REPORT},
                                        CLI_COMMON_OPTIONS};

/* LO:HI */
static bool parse_range(const char *text, double *lo, double *hi)
{
    const char *colon = strchr(text, ':');
    char *low = colon ? strndup(text, (size_t)(colon - text)) : NULL;
    bool ok = low && cli_parse_double(low, lo) && cli_parse_double(colon + 1, hi);

    free(low);
    return ok;
}

static bool set_range(const cli_context *c, scan_request *q, const char *name, size_t length, const char *range)
{
    if (q->ends) return cli_usage(c, "expected one grid, found a second one for '%.*s'", (int)length, name), false;
    if (!parse_range(range, &q->o.lo, &q->o.hi))
        return cli_usage(c, "--over: expected two finite numbers LO:HI for %.*s, found '%s'", (int)length, name, range), false;
    if (!(q->o.lo < q->o.hi)) return cli_usage(c, "--over: expected the lower end of %.*s first, found '%s'", (int)length, name, range), false;
    q->over = strndup(name, length);
    if (!q->over) return cli_nomem(c), false;
    q->ends = true;
    return true;
}

static bool read_over(const cli_context *c, scan_request *q, const char *text)
{
    const char *equals = strchr(text, '=');

    if (!equals || equals == text) return cli_usage(c, "--over: expected NAME=LO:HI, found '%s'", text), false;
    return set_range(c, q, text, (size_t)(equals - text), equals + 1);
}

static bool read_option(const cli_context *c, scan_request *q, int which)
{
    az_scan_options *o = &q->o;

    switch (which) {
    case OPT_OVER: return read_over(c, q, optarg);
    case OPT_SET: return option_set(c, optarg, &q->settings);
    case OPT_VALUES: return option_int(c, "values", optarg, 2, AZ_MAX_SCAN_VALUES, &o->values);
    case OPT_SEEDS: return option_int(c, "seeds", optarg, 1, AZ_MAX_SCAN_SEEDS, &o->seeds);
    case OPT_TRIAL: return option_space(c, optarg, &o->solve.space);
    case OPT_COORDINATES: return option_coordinates(c, optarg, &o->solve.coordinates);
    case OPT_REFINE: o->refine = 1; return true;
    case OPT_NO_REFINE: o->refine = 0; return true;
    case OPT_TOLERANCE: return option_positive(c, "tolerance", optarg, &o->solve.tolerance);
    case OPT_OUTPUT: q->output = optarg; return true;
    case OPT_RESUME: o->resume = 1; return true;
    case OPT_NO_REPORT: q->report = false; return true;
    }
    return false;
}

static bool is_option(const char *name, size_t length)
{
    for (int i = 0; options[i].name; i++)
        if (strlen(options[i].name) == length && !strncmp(options[i].name, name, length)) return true;
    return false;
}

/* `--lambda 0.5:1` and `--lambda=0.5:1` leave the command line as the grid they mean; whether there is such an unknown, the problem will say. getopt
 * sees the rest. */
static bool take_ranges(const cli_context *c, scan_request *q, int *argc, char **argv)
{
    int kept = 1;
    double lo, hi;

    for (int i = 1; i < *argc; i++) {
        char *word = argv[i];
        size_t length = strncmp(word, "--", 2) ? 0 : strcspn(word + 2, "=");
        bool joined = length && word[2 + length];
        const char *range = joined ? word + 3 + length : i + 1 < *argc ? argv[i + 1] : NULL;
        if (!strcmp(word, "--")) {
            while (i < *argc) argv[kept++] = argv[i++];
            break;
        }
        if (!length || !range || is_option(word + 2, length) || !parse_range(range, &lo, &hi)) {
            argv[kept++] = word;
            continue;
        }
        if (!set_range(c, q, word + 2, length, range)) return false;
        i += !joined;
    }
    argv[kept] = NULL;
    *argc = kept;
    return true;
}

int scan_read(cli_context *c, scan_request *q, int argc, char **argv)
{
    int o;

    if (!take_ranges(c, q, &argc, argv)) return CLI_ERROR;
    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        if (!read_option(c, q, o)) return CLI_ERROR;
    }
    q->o.solve.seed = c->seed;
    q->o.solve.threads = c->threads;
    int i = cli_operand(c, argc, argv, "a problem");
    if (!i) return CLI_ERROR;
    q->problem = argv[i];
    if (!q->ends) return cli_usage(c, "expected a grid, found none: --over NAME=LO:HI");
    return CLI_END;
}
