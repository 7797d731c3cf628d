/* solve_options.c: the options of ansatz solve. */
#include "solve.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_METHOD_NAME 32

const char solve_help[] =
    "Usage: ansatz solve PROBLEM [OPTION]...\n"
    "       ansatz solve --resume FILE.h5 [OPTION]...\n"
    "\n"
    "Solves a problem, built in (`ansatz list`) or in a file. From random weights it\n"
    "finds the fields and the unknown numbers that make the residual small,\n"
    "re-evaluates it independently, writes the result and an HTML report, and prints\n"
    "the unknowns with the digits that the evidence supports: 2.50000001(3) has an\n"
    "error of 3 in its last digit.\n"
    "\n"
    "What to solve:\n"
    "  --set NAME=VALUE     the value of a parameter of the problem; may be repeated\n"
    "  --mode N             the N-th profile of the ladder, 0 the stable one, by a\n"
    "                       march of the first unknown\n"
    "  --tolerance T        stop when the largest relative residual on an\n"
    "                       independent grid is below T (default 1e-12 on a\n"
    "                       line, 1e-11 on an interval, 1e-6 in several coordinates,\n"
    "                       1e-9 there with elements, twice that for each profile\n"
    "                       further up; for networks, what the problem states as its\n"
    "                       `tolerance`)\n"
    "  --modes 0:5, all     the profiles of the ladder one after the other, into\n"
    "                       NAME-mode-0.h5, ..., as far as that or until the march\n"
    "                       ends without one; says why. Elements march on from each\n"
    "                       to the next, networks march anew; one --json object each\n"
    "  --from FILE.h5       begin with the networks (or elements) and the unknowns\n"
    "                       of a result of the same trials: other parameters, or\n"
    "                       wider --layers, which do not change the function. With\n"
    "                       --trial mlp and elements: networks are fitted to them.\n"
    "                       With --mode and elements: the march goes on from there\n"
    "  --seed N             of the random weights and points (default 1)\n"
    "\n"
    "Limits:\n"
    "  --iterations N       all stages together (default: none)\n"
    "  --seconds S          wall time with the re-evaluation, for which a fifth, at\n"
    "                       most 10 s, is kept; makes the last bits depend on the\n"
    "                       machine (default: none)\n"
    "  --threads N          processor cores, 0 for all; results do not depend on it\n"
    "                       (default 0)\n"
    "\n"
    "Method (the defaults are good):\n"
    "  --trial SPACE        mlp: networks (default); element: piecewise polynomials,\n"
    "                       in one coordinate or in a half-plane (the default there\n"
    "                       with --mode), from zero instead of random weights;\n"
    "                       fourier: series in the angle 2 atan(y/scale) on a line,\n"
    "                       or on a ring, of --layers N functions (default 128);\n"
    "                       chebyshev: N polynomials (default 64) of an interval,\n"
    "                       or of y/sqrt(scale^2 + y^2) on a line or half-line\n"
    "  --layers N,N,...     hidden widths of the first network\n"
    "  --stages N           networks in the sum, each for the residual that the ones\n"
    "                       before it left\n"
    "  --points N           collocation points per equation\n"
    "  --coordinates NAME   of a half-plane: conformal (default), polar, sinh or\n"
    "                       compact, in which the points of networks are spread;\n"
    "                       conformal or polar, those of elements. Formulas are in\n"
    "                       doc/coordinates.md\n"
    "  --method M,M,...     optimisers in turn, each but the last with its\n"
    "                       iterations: adam:500,lm\n"
    "                       lm         Levenberg-Marquardt, Cholesky with chord\n"
    "                                  corrections (default)\n"
    "                       lm-qr      the same by QR, as later networks\n"
    "                                  in one coordinate always\n"
    "                       lbfgs, ssbroyden, adam\n"
    "\n"
    "Files:\n"
    "  --output FILE.h5     the result (default: the problem's name with .h5, in\n"
    "                       this folder); the report is put beside it with .html. A\n"
    "                       file of that name which this program did not write is\n"
    "                       never replaced; a finished result is kept as FILE.h5~,\n"
    "                       its report too. No other run may write the file\n"
    "                       meanwhile\n"
    "  --checkpoint S       seconds between checkpoints, which are complete result\n"
    "                       files (default 30; the first comes within two). One that\n"
    "                       cannot be written is said, and tried again\n"
    "  --resume [FILE.h5]   continue an unfinished result (default: the problem's\n"
    "                       own) to the bits of an uninterrupted run. --iterations,\n"
    "                       --seconds, --threads and --checkpoint may change; the\n"
    "                       rest may not. Limits count all sessions, or that much\n"
    "                       more where they have been reached; without any the run\n"
    "                       goes on by what it was asked for: after --iterations 30\n"
    "                       by 30 more\n"
    "  --accept-trivial     a solution that is 0 everywhere counts as one; else it\n"
    "                       is named, and the exit status is 1\n"
    "  --no-verify          do not re-evaluate the residual\n"
    "  --no-report          do not write the HTML page\n"
    "\n"
    "What is said:\n"
    "  --changed            read a result that another program has changed, without\n"
    "                       its evidence\n"
    "  --json               one object on standard output: problem, hash, seed,\n"
    "                       threads, seconds, iterations, stop, tier,\n"
    "                       unknowns.NAME.{value,error},\n"
    "                       residual.{trained_rms,reevaluated_max,\n"
    "                       reevaluated_relative,\n"
    "                       rows[].{line,statement,max,relative,at}}, files\n"
    "  --quiet              no progress on standard error\n"
    "  --help               this text\n"
    "\n"
    "Ctrl-C, SIGTERM, SIGHUP and SIGUSR1 end a run after the iteration in progress\n"
    "and write the result; the same once more kills. Later, the evidence is finished\n"
    "first.\n"
    "\n"
    "Examples:\n"
    "  ansatz solve ccf\n"
    "  ansatz solve gclm --set a=0.3 --tolerance 1e-11\n"
    "  ansatz solve ./mine.ansatz --method adam:500,lm --layers 20,20 --seconds 60\n"
    "  ansatz solve --resume ccf.h5\n"
    "  ansatz solve ccf --json --quiet | jq .unknowns.lambda\n"
    "\n"
    "Exit status: 0 the asked tolerance is reached, 1 it is not (the result is\n"
    "written), 2 bad usage or input.\n";

#define MODE_MAX 1000

enum {
    OPT_SET = CLI_OPT_FIRST,
    OPT_MODE,
    OPT_MODES,
    OPT_FROM,
    OPT_TOLERANCE,
    OPT_ITERATIONS,
    OPT_SECONDS,
    OPT_TRIAL,
    OPT_LAYERS,
    OPT_STAGES,
    OPT_POINTS,
    OPT_COORDINATES,
    OPT_METHOD,
    OPT_OUTPUT,
    OPT_CHECKPOINT,
    OPT_RESUME,
    OPT_NO_VERIFY,
    OPT_ACCEPT_TRIVIAL,
    OPT_NO_REPORT
};

static const struct option options[] = {{"set", required_argument, NULL, OPT_SET},
                                        {"mode", required_argument, NULL, OPT_MODE},
                                        {"modes", required_argument, NULL, OPT_MODES},
                                        {"from", required_argument, NULL, OPT_FROM},
                                        {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                        {"iterations", required_argument, NULL, OPT_ITERATIONS},
                                        {"seconds", required_argument, NULL, OPT_SECONDS},
                                        {"trial", required_argument, NULL, OPT_TRIAL},
                                        {"layers", required_argument, NULL, OPT_LAYERS},
                                        {"stages", required_argument, NULL, OPT_STAGES},
                                        {"points", required_argument, NULL, OPT_POINTS},
                                        {"coordinates", required_argument, NULL, OPT_COORDINATES},
                                        {"method", required_argument, NULL, OPT_METHOD},
                                        {"output", required_argument, NULL, OPT_OUTPUT},
                                        {"checkpoint", required_argument, NULL, OPT_CHECKPOINT},
                                        {"resume", optional_argument, NULL, OPT_RESUME},
                                        {"no-verify", no_argument, NULL, OPT_NO_VERIFY},
                                        {"accept-trivial", no_argument, NULL, OPT_ACCEPT_TRIVIAL},
                                        {"no-report", no_argument, NULL, OPT_NO_REPORT},
                                        CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};

static bool read_layers(const cli_context *c, const char *text, az_solve_options *o)
{
    const char *s = text;

    o->n_layers = 0;
    for (;;) {
        char *end;
        long width = *s >= '0' && *s <= '9' ? strtol(s, &end, 10) : 0;
        if (width < 1 || width > AZ_MAX_WIDTH || (*end && *end != ','))
            return cli_usage(c, "--layers: expected widths from 1 to %d separated by commas, found '%s'", AZ_MAX_WIDTH, text), false;
        if (o->n_layers == AZ_MAX_LAYERS)
            return cli_usage(c, "--layers: expected at most %d layers, found '%s'", AZ_MAX_LAYERS, text), false;
        o->layers[o->n_layers++] = (int)width;
        if (!*end) return true;
        s = end + 1;
    }
}

bool option_space(const cli_context *c, const char *text, az_space *out)
{
    for (int s = 0; s < AZ_N_SPACE; s++)
        if (!strcmp(text, az_space_name((az_space)s))) return *out = (az_space)s, true;
    return cli_usage(c, "--trial: expected mlp, element, fourier or chebyshev, found '%s'", text), false;
}

bool option_coordinates(const cli_context *c, const char *text, az_coordinates *out)
{
    for (int k = AZ_CONFORMAL; k < AZ_N_COORDINATES; k++)
        if (!strcmp(text, az_coordinates_name((az_coordinates)k))) return *out = (az_coordinates)k, true;
    return cli_usage(c, "--coordinates: expected conformal, polar, sinh or compact, found '%s'", text), false;
}

static bool find_method(const char *s, size_t n, az_method *out)
{
    for (int m = 0; m < AZ_N_METHOD; m++) {
        const char *name = az_method_name((az_method)m);
        if (strlen(name) == n && !memcmp(name, s, n)) {
            *out = (az_method)m;
            return true;
        }
    }
    return false;
}

/* One `name` or `name:iterations` of length n. */
static bool read_phase(const cli_context *c, const char *s, size_t n, bool last, az_solve_options *o)
{
    const char *colon = memchr(s, ':', n);
    size_t name = colon ? (size_t)(colon - s) : n, rest = colon ? n - name - 1 : 0;
    char count[MAX_METHOD_NAME];
    int k = o->n_phases;

    if (k == AZ_MAX_PHASES) return cli_usage(c, "--method: expected at most %d methods", AZ_MAX_PHASES), false;
    if (!find_method(s, name, &o->phase[k])) {
        cli_usage(c, "--method: expected lm, lm-qr, adam, lbfgs or ssbroyden, found '%.*s'", (int)name, s);
        return false;
    }
    if (last && colon) return cli_usage(c, "--method: the last method runs to the end and takes no count, found '%.*s'", (int)n, s), false;
    if (!last && !colon) return cli_usage(c, "--method: expected a count after '%.*s', as in %.*s:500", (int)n, s, (int)n, s), false;
    if (colon) {
        if (rest < sizeof count) memcpy(count, colon + 1, rest);
        count[rest < sizeof count ? rest : 0] = 0;
        if (!cli_parse_int(count, 1, INT_MAX, &o->phase_iterations[k])) {
            cli_usage(c, "--method: expected a whole number, 1 or more, after '%.*s:', found '%.*s'", (int)name, s, (int)rest, colon + 1);
            return false;
        }
    }
    o->n_phases++;
    return true;
}

static bool read_method(const cli_context *c, const char *text, az_solve_options *o)
{
    o->n_phases = 0;
    for (const char *s = text;; s++) {
        size_t n = strcspn(s, ",");
        if (!read_phase(c, s, n, !s[n], o)) return false;
        s += n;
        if (!*s) return true;
    }
}

/* all, or FIRST:LAST */
static bool read_modes(const cli_context *c, solve_request *q, const char *text)
{
    int n = 0;

    q->first_mode = 0, q->last_mode = MODE_MAX;
    if (!strcmp(text, "all")) return true;
    bool good = sscanf(text, "%4d:%4d%n", &q->first_mode, &q->last_mode, &n) == 2 && !text[n];
    if (good && q->first_mode >= 0 && q->first_mode <= q->last_mode && q->last_mode <= MODE_MAX) return true;
    cli_usage(c, "--modes: expected all, or FIRST:LAST with 0 <= FIRST <= LAST <= %d, found '%s'", MODE_MAX, text);
    return false;
}

static bool read_option(const cli_context *c, solve_request *q, int which)
{
    az_solve_options *o = &q->o;

    switch (which) {
    case OPT_SET: return option_set(c, optarg, &q->settings);
    case OPT_MODE: q->fixed = "mode"; return option_int(c, "mode", optarg, 0, MODE_MAX, &o->mode);
    case OPT_MODES:
        q->fixed = "modes", q->ladder = true;
        return read_modes(c, q, optarg);
    case OPT_FROM: q->fixed = "from"; q->from = optarg; return true;
    case OPT_TOLERANCE: q->fixed = "tolerance"; return option_positive(c, "tolerance", optarg, &o->tolerance);
    case OPT_ITERATIONS: return option_int(c, "iterations", optarg, 1, INT_MAX, &o->max_iterations);
    case OPT_SECONDS: return option_positive(c, "seconds", optarg, &o->max_seconds);
    case OPT_TRIAL: q->fixed = "trial"; q->space_given = true; return option_space(c, optarg, &o->space);
    case OPT_LAYERS: q->fixed = "layers"; return read_layers(c, optarg, o);
    case OPT_STAGES: q->fixed = "stages"; return option_int(c, "stages", optarg, 1, INT_MAX, &o->max_stages);
    case OPT_POINTS: q->fixed = "points"; return option_int(c, "points", optarg, 1, INT_MAX, &o->points);
    case OPT_COORDINATES: q->fixed = "coordinates"; return option_coordinates(c, optarg, &o->coordinates);
    case OPT_METHOD: q->fixed = "method"; return read_method(c, optarg, o);
    case OPT_CHECKPOINT: return option_not_negative(c, "checkpoint", optarg, &o->checkpoint_seconds);
    case OPT_OUTPUT: q->output = optarg; return true;
    case OPT_RESUME: q->resume = true; q->file = optarg; return true;
    case OPT_NO_VERIFY: q->verify = false; return true;
    case OPT_ACCEPT_TRIVIAL: q->o.accept_trivial = 1; return true;
    case OPT_NO_REPORT: q->report = false; return true;
    }
    return false;
}

static bool is_result_name(const char *s)
{
    size_t n = strlen(s);

    return n > 3 && !strcmp(s + n - 3, ".h5");
}

/* getopt takes an optional value only after '=', so `--resume FILE.h5` arrives as an operand; the ending tells it from a problem. */
static int read_operands(const cli_context *c, solve_request *q, int argc, char **argv)
{
    for (int i = optind; i < argc; i++) {
        const char *s = argv[i];
        if (q->resume && !q->file && is_result_name(s)) q->file = s;
        else if (!q->problem) q->problem = s;
        else return cli_usage(c, "expected one problem, found '%s' and '%s'", q->problem, s);
    }
    if (q->resume && q->fixed) return cli_usage(c, "--%s cannot change in a run that is resumed", q->fixed);
    if (!q->resume && q->problem && is_result_name(q->problem))
        return cli_usage(c, "expected a problem, found the result '%s'; --resume continues it", q->problem);
    if (!q->problem && !q->file && !(q->resume && q->output))
        return cli_usage(c, "expected a problem, found nothing; `ansatz list` names some");
    if (q->ladder && (q->o.mode || q->from)) return cli_usage(c, "--modes does not go with %s", q->from ? "--from" : "--mode");
    if (q->file && q->output && strcmp(q->file, q->output)) return cli_usage(c, "--output: a resumed run is written to its own file");
    return CLI_END;
}

int solve_read(cli_context *c, solve_request *q, int argc, char **argv)
{
    int o;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) return c->status;
        if (!read_option(c, q, o)) return CLI_ERROR;
    }
    if (c->seed_given) q->fixed = "seed";
    q->o.seed = c->seed;
    q->o.threads = c->threads;
    return read_operands(c, q, argc, argv);
}
