/* compare.c: ansatz compare. */
#include "cli.h"
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char compare_help[] =
    "Usage: ansatz compare PROBLEM [OPTION]...\n"
    "\n"
    "Solves a problem with each trial space the program has, and tabulates what each\n"
    "took and reached: the numbers solved for, the seconds, the residual trained and\n"
    "re-evaluated, the slope of the problem's `defect` in the unknown beside the\n"
    "profile, the unknown with the digits this supports, and how far it is from the\n"
    "best of them.\n"
    "\n"
    "  mlp        networks in stages, from random weights\n"
    "  fourier    series of 32, 64, 128 and 256 functions in the angle\n"
    "             2 atan(y/scale), on a line, or on a ring\n"
    "  chebyshev  16, 32, 64 and 128 polynomials of an interval, or of\n"
    "             y/sqrt(scale^2 + y^2) on a line or half-line\n"
    "  element    piecewise polynomials on graded elements, in one coordinate or in\n"
    "             a half-plane\n"
    "  hardy      fractional powers of 1/(1 + i y/m), started from the networks,\n"
    "             where the problem has a `decay` and one hilbert\n"
    "\n"
    "Options:\n"
    "  --set NAME=VALUE     the value of a parameter; may be repeated\n"
    "  --tolerance T        asked of each (default as for solve)\n"
    "  --coordinates NAME   of a half-plane, as for solve: networks take all,\n"
    "                       elements conformal or polar\n"
    "  --digits N           asked of hardy, 5 to 200 (default 20)\n"
    "  --seconds S          the most each may take (default 600)\n"
    "  --seed N             of the networks' random weights (default 1)\n"
    "  --threads N          processor cores, 0 for all (default 0)\n"
    "  --json               one object on standard output: the rows\n"
    "  --quiet              no progress on standard error\n"
    "  --help               this text\n"
    "\n"
    "Examples:\n"
    "  ansatz compare gclm --set a=0.5\n"
    "  ansatz compare ccf --json\n"
    "\n"
    "Exit status: 0 one space at least reached its tolerance, 1 none did, 2 bad\n"
    "usage or input.\n";

enum { OPT_SET = CLI_OPT_FIRST, OPT_TOLERANCE, OPT_COORDINATES, OPT_DIGITS, OPT_SECONDS };

typedef struct row {
    char space[24];
    int numbers;            /* solved for */
    double seconds, trained, max, relative;
    double value, error;    /* of the first unknown, NaN without one */
    double slope;           /* of the first defect in it */
    char digits[256];
    bool reached;
    char why[200];          /* not, or nothing to show */
} row;

#define MAX_SERIES 4
#define MAX_ROWS (3 + 2 * MAX_SERIES)

typedef struct request {
    az_solve_options o;
    az_hardy_options hardy;
    cli_settings settings;
} request;

static row *add(row *r, int *n, const char *space)
{
    row *x = &r[(*n)++];
    *x = (row){.trained = NAN, .max = NAN, .relative = NAN, .value = NAN, .error = NAN, .slope = NAN, .seconds = NAN};
    snprintf(x->space, sizeof x->space, "%s", space);
    return x;
}

static void fill(row *x, const az_result *r)
{
    az_evidence e = az_result_evidence(r);
    x->numbers = az_result_numbers(r);
    x->seconds = az_result_seconds(r);
    x->trained = e.trained_rms, x->max = e.reevaluated_max, x->relative = e.reevaluated_relative;
    x->slope = e.defect_slope;
    x->reached = cli_reached(r);
    if (!x->reached) snprintf(x->why, sizeof x->why, "%s", az_stop_name(az_result_stop(r)));
    if (!az_problem_n_unknowns(az_result_problem(r))) return;
    x->value = az_result_unknown(r, 0, &x->error);
    az_format_unknown(x->digits, x->value, x->error);
}

/* Solves in the space of o. False: interrupted. *out stays NULL where the space cannot take the problem. */
static bool solve(const cli_context *c, const request *q, const az_problem *p, const az_solve_options *o, row *x, az_result **out)
{
    cli_progress progress;
    az_error e;

    *out = NULL;
    cli_progress_init(&progress, c, q->o.max_seconds);
    progress.show = progress.live, progress.notes = false;
    az_status st = az_solve(out, p, o, cli_progress_step, &progress, &e);
    if (!st) st = az_verify(*out, c->threads, &e);
    cli_progress_end(&progress);
    if (st) snprintf(x->why, sizeof x->why, "%.199s", e.message);
    else fill(x, *out);
    return !cli_interrupted();
}

static bool solve_hardy(const cli_context *c, const request *q, const az_problem *p, const az_result *start, row *x)
{
    cli_progress progress;
    az_hardy *h = NULL;
    az_error e;

    cli_progress_init(&progress, c, q->o.max_seconds);
    progress.show = progress.live, progress.notes = false;
    az_status st = az_hardy_solve(&h, start, &q->hardy, cli_progress_step, &progress, &e);
    cli_progress_end(&progress);
    if (st) snprintf(x->why, sizeof x->why, "%.199s", e.message);
    else {
        x->numbers = az_hardy_coefficients(h) + az_problem_n_unknowns(p);
        x->seconds = az_hardy_seconds(h);
        x->relative = az_hardy_residual(h);
        x->reached = az_hardy_stop(h) == AZ_STOP_TOLERANCE;
        if (!x->reached) snprintf(x->why, sizeof x->why, "%s", az_stop_name(az_hardy_stop(h)));
        if (az_problem_n_unknowns(p)) {
            x->value = strtod(az_hardy_value(h, 0), NULL), x->error = az_hardy_error(h, 0);
            snprintf(x->digits, sizeof x->digits, "%s", az_hardy_unknown(h, 0));
        }
    }
    az_hardy_destroy(h);
    return !cli_interrupted();
}

/* Series of n functions and of twice as many, up to MAX_SERIES of them. */
static bool all_series(const cli_context *c, const request *q, const az_problem *p, az_space space, int n_functions, row *rows, int *n)
{
    az_solve_options o = q->o;
    bool go = true, applies = true;

    o.space = space, o.n_layers = 1, o.layers[0] = n_functions;
    for (int k = 0; k < MAX_SERIES && go && applies; k++, o.layers[0] *= 2) {
        row *x = add(rows, n, az_space_name(space));
        az_result *r;
        go = solve(c, q, p, &o, x, &r);
        applies = r != NULL;
        if (applies) snprintf(x->space, sizeof x->space, "%s %d", az_space_name(space), o.layers[0]);
        az_result_destroy(r);
    }
    return go;
}

static bool all(const cli_context *c, const request *q, const az_problem *p, row *rows, int *n)
{
    az_solve_options o = q->o;
    az_result *net, *other;
    bool go = solve(c, q, p, &o, add(rows, n, "mlp"), &net);

    if (go) go = all_series(c, q, p, AZ_SPACE_FOURIER, 32, rows, n);
    if (go) go = all_series(c, q, p, AZ_SPACE_CHEBYSHEV, 16, rows, n);
    o.space = AZ_SPACE_ELEMENT;
    if (go) {
        go = solve(c, q, p, &o, add(rows, n, "element"), &other);
        az_result_destroy(other);
    }
    if (go && net) go = solve_hardy(c, q, p, net, add(rows, n, "hardy"));
    az_result_destroy(net);
    return go;
}

/* The value with the smallest error; NaN if there is none. */
static double best_value(const row *r, int n)
{
    int best = -1;
    for (int i = 0; i < n; i++)
        if (isfinite(r[i].error) && (best < 0 || r[i].error < r[best].error)) best = i;
    return best < 0 ? NAN : r[best].value;
}

static void cell(double x)
{
    if (isnan(x)) printf("  %9s", "");
    else printf("  %9.1e", x);
}

/* Only where the problem has a defect: a column as wide as its name. */
static void slope_cell(const char *name, double slope)
{
    const int width = strlen(name) > 9 ? (int)strlen(name) : 9;

    if (*name && isnan(slope)) printf("  %*s", width, "");
    else if (*name) printf("  %*.1e", width, slope);
}

static void print(const az_problem *p, const row *r, int n)
{
    const char *unknown = az_problem_unknown(p, 0);
    double best = best_value(r, n);
    char name[CLI_SLOPE_NAME];

    cli_slope_name(name, p);
    printf("%s: %s\n", az_problem_name(p), az_problem_title(p));
    printf("  %-13s  %7s  %8s  %9s  %9s  %9s", "space", "numbers", "seconds", "trained", "residual", "relative");
    if (*name) printf("  %9s", name);
    printf("  %9s  %s\n", unknown ? "off by" : "", unknown ? unknown : "");
    for (int i = 0; i < n; i++) {
        printf("  %-13s", r[i].space);
        if (!r[i].numbers) {
            printf("  %.*s\n", (int)strcspn(r[i].why, "\n"), r[i].why);
            continue;
        }
        printf("  %7d  %8.2f", r[i].numbers, r[i].seconds);
        cell(r[i].trained), cell(r[i].max), cell(r[i].relative), slope_cell(name, r[i].slope), cell(fabs(r[i].value - best));
        printf("  %s%s%s%s\n", r[i].digits, r[i].reached ? "" : "  (", r[i].reached ? "" : r[i].why, r[i].reached ? "" : ")");
    }
}

static void print_json(const az_problem *p, const row *r, int n)
{
    double best = best_value(r, n);
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "problem", az_problem_name(p));
    json_string(&j, "unknown", az_problem_unknown(p, 0));
    json_array(&j, "spaces");
    for (int i = 0; i < n; i++) {
        json_object(&j, NULL);
        json_string(&j, "space", r[i].space);
        json_integer(&j, "numbers", r[i].numbers);
        json_number(&j, "seconds", r[i].seconds);
        json_number(&j, "trained_rms", r[i].trained);
        json_number(&j, "reevaluated_max", r[i].max);
        json_number(&j, "reevaluated_relative", r[i].relative);
        json_number(&j, "value", r[i].value);
        json_number(&j, "error", r[i].error);
        json_number(&j, "off_by", fabs(r[i].value - best));
        json_number(&j, "defect_slope", r[i].slope);
        json_bool(&j, "reached", r[i].reached);
        if (*r[i].why) json_string(&j, "why", r[i].why);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

/* Else none takes the problem with these options, and the reason of the first is that of all. */
static bool any_solved(const row *r, int n)
{
    bool any = false;

    for (int i = 0; i < n; i++) any |= r[i].numbers > 0;
    return any;
}

#define APART 3.0 /* times the errors of both */

/* Two spaces that reached the tolerance at values which the errors of both do not cover, in words; false if there are none. */
static bool contradiction(const cli_context *c, const az_problem *p, const row *r, int n)
{
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++) {
            const double errors = r[i].error + r[k].error;
            if (!r[i].reached || !r[k].reached || !isfinite(errors) || fabs(r[i].value - r[k].value) <= APART * errors) continue;
            cli_warn(c, "a contradiction: %s = %s by %s and %s by %s, each to its tolerance: two solutions, or an error that is too small",
                     az_problem_unknown(p, 0), r[i].digits, r[i].space, r[k].digits, r[k].space);
            return true;
        }
    return false;
}

static int compare(const cli_context *c, const request *q, const char *name)
{
    row rows[MAX_ROWS];
    int n = 0, status = CLI_NOT_REACHED;
    az_problem *p = cli_problem(c, name, &q->settings);

    if (!p) return CLI_ERROR;
    cli_signals_begin();
    bool whole = all(c, q, p, rows, &n);
    cli_signals_end();
    if (whole && !any_solved(rows, n)) {
        az_problem_destroy(p);
        return cli_fail(c, AZ_EOPTION, "%s", rows[0].why);
    }
    if (c->json) print_json(p, rows, n);
    else print(p, rows, n);
    if (!whole) cli_warn(c, "interrupted: spaces are missing");
    for (int i = 0; i < n && whole; i++)
        if (rows[i].reached) status = CLI_OK;
    if (whole && contradiction(c, p, rows, n)) status = CLI_NOT_REACHED;
    az_problem_destroy(p);
    return status;
}

int cmd_compare(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"set", required_argument, NULL, OPT_SET},
                                            {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                            {"coordinates", required_argument, NULL, OPT_COORDINATES},
                                            {"digits", required_argument, NULL, OPT_DIGITS},
                                            {"seconds", required_argument, NULL, OPT_SECONDS},
                                            CLI_COMMON_OPTIONS};
    request q = {.settings = {.n = 0}};
    int o, status = CLI_ERROR;

    az_solve_options_init(&q.o);
    az_hardy_options_init(&q.hardy);
    q.o.max_seconds = 600;
    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        bool ok = o == OPT_SET           ? option_set(c, optarg, &q.settings)
                  : o == OPT_TOLERANCE   ? option_positive(c, "tolerance", optarg, &q.o.tolerance)
                  : o == OPT_COORDINATES ? option_coordinates(c, optarg, &q.o.coordinates)
                  : o == OPT_DIGITS      ? option_int(c, "digits", optarg, 5, 200, &q.hardy.digits)
                  : o == OPT_SECONDS     ? option_positive(c, "seconds", optarg, &q.o.max_seconds)
                                         : false;
        if (o == CLI_DONE) status = c->status;
        if (!ok) goto done;
    }
    int i = cli_operand(c, argc, argv, "a problem");
    if (!i) goto done;
    q.o.seed = c->seed;
    q.o.threads = q.hardy.threads = c->threads;
    q.hardy.max_seconds = q.o.max_seconds;
    status = compare(c, &q, argv[i]);
done:
    cli_settings_clear(&q.settings);
    return status;
}
