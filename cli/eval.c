/* eval.c: ansatz eval. */
#include "cli.h"
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char eval_help[] =
    "Usage: ansatz eval FILE.h5 NAME... [OPTION]...\n"
    "\n"
    "Prints fields, lets or trial functions of a result, or a derivative of them, at\n"
    "points: one line per point, the coordinates first, 17 significant digits.\n"
    "\n"
    "Options:\n"
    "  --at LIST         points: 0,0.5,1 with one coordinate; 0,1;0.5,1 (x,y;x,y)\n"
    "                    with two\n"
    "  --grid LO:HI:N    N equidistant points; with several coordinates one of these\n"
    "                    for each, separated by commas\n"
    "  --points FILE     one point per line, numbers separated by blanks or commas,\n"
    "                    '#' begins a comment; - reads standard input (default: 65\n"
    "                    points spread over the domain)\n"
    "  --derivative K    K-th derivative; with several coordinates one order for\n"
    "                    each: 1,0 (default: the value)\n"
    "  --errors          after each value its error: how far the residuals of the\n"
    "                    equations, times the sensitivity of this value to them,\n"
    "                    allow it to be off (inf: not determined). Linearises the\n"
    "                    problem anew, which takes part of the time of a solve\n"
    "  --changed         read a result that another program has changed, without its\n"
    "                    evidence\n"
    "  --json            {\"points\": [[...], ...], \"columns\": {NAME: [...], ...},\n"
    "                    ...}, with --errors \"errors\" as well\n"
    "  --help            this text\n"
    "\n"
    "Examples:\n"
    "  ansatz eval ccf.h5 Omega --at 0,0.5,1\n"
    "  ansatz eval ccf.h5 Omega U --grid 0:10:101 > profile.txt\n"
    "  ansatz eval ccf.h5 Omega --at -1,1 --derivative 2\n"
    "\n"
    "Exit status: 0, or 2 for bad usage, an unknown name, a point outside the domain\n"
    "or one where a value is not finite.\n";

#define DEFAULT_POINTS 65

typedef struct eval_request {
    cli_points points;
    const char *derivative;
    int order[CLI_MAX_DIM];
    char **name;
    int n_names;
    double *value, *error;  /* [n_names][points.n]; error NULL unless asked for */
    bool errors;
} eval_request;

static bool read_orders(const cli_context *c, eval_request *q, int dim)
{
    const char *s = q->derivative;

    for (int k = 0; s && k < dim; k++) {
        char *end;
        long x = *s >= '0' && *s <= '9' ? strtol(s, &end, 10) : -1;
        bool last = k == dim - 1;
        if (x < 0 || x > AZ_MAX_DERIVATIVE || *end != (last ? '\0' : ',')) {
            cli_usage(c, "--derivative: expected %d whole number%s from 0 to %d%s, found '%s'", dim, dim > 1 ? "s" : "", AZ_MAX_DERIVATIVE,
                      dim > 1 ? " separated by commas" : "", q->derivative);
            return false;
        }
        q->order[k] = (int)x;
        s = end + 1;
    }
    return true;
}

static int unknown_name(const cli_context *c, const az_problem *p, const char *name, const az_error *e)
{
    char list[512] = "";
    size_t n = 0;

    for (int i = 0; i < az_problem_n_names(p) && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", az_problem_get_name(p, i));
    if (e->status != AZ_ENAME || !*list) return cli_fail_error(c, e);
    return cli_fail(c, AZ_ENAME, "no field or let '%s' in this result, which has %s", name, list);
}

/* The first point where a value is no number, by its name and its coordinates. */
static int check_finite(const cli_context *c, const az_problem *p, const eval_request *q, const char *name, const double *value)
{
    const size_t dim = (size_t)q->points.dim;
    char at[256] = "";
    size_t i = 0, n = 0;

    while (i < (size_t)q->points.n && isfinite(value[i])) i++;
    if (i == (size_t)q->points.n) return CLI_OK;
    for (size_t k = 0; k < dim && n < sizeof at; k++)
        n += (size_t)snprintf(at + n, sizeof at - n, "%s%s = %.10g", k ? ", " : "", az_problem_coordinate(p, (int)k), q->points.x[i * dim + k]);
    return cli_fail(c, AZ_EDOMAIN, "%s%s has no finite value in double precision at point %zu: %s", q->derivative ? "the derivative of " : "",
                    name, i + 1, at);
}

static int evaluate(const cli_context *c, const az_result *r, eval_request *q)
{
    az_error e;
    size_t n = (size_t)q->points.n;

    q->value = malloc(sizeof(double) * (size_t)q->n_names * (n ? n : 1));
    if (!q->value) return cli_nomem(c);
    for (int i = 0; i < q->n_names; i++) {
        double *out = q->value + (size_t)i * n;
        if (az_eval(r, out, q->name[i], q->points.x, q->points.n, q->order, &e) != AZ_OK)
            return unknown_name(c, az_result_problem(r), q->name[i], &e);
        if (check_finite(c, az_result_problem(r), q, q->name[i], out) != CLI_OK) return CLI_ERROR;
    }
    if (az_result_open(r)) cli_warn(c, "something is not determined in this result: %s", az_result_open_note(r));
    if (!q->errors) return CLI_OK;
    q->error = malloc(sizeof(double) * (size_t)q->n_names * (n ? n : 1));
    if (!q->error) return cli_nomem(c);
    for (int i = 0; i < q->n_names; i++)
        if (az_eval_error(r, q->error + (size_t)i * n, q->name[i], q->points.x, q->points.n, q->order, c->threads, &e) != AZ_OK) return cli_fail_error(c, &e);
    return CLI_OK;
}

static void print_table(const az_problem *p, const eval_request *q)
{
    const int dim = q->points.dim, n = q->points.n;

    putchar('#');
    for (int k = 0; k < dim; k++) printf(" %s", az_problem_coordinate(p, k));
    for (int i = 0; i < q->n_names; i++) printf(q->error ? " %s error" : " %s", q->name[i]);
    if (q->derivative) printf(" (derivative %s)", q->derivative);
    putchar('\n');
    for (int m = 0; m < n; m++) {
        for (int k = 0; k < dim; k++) printf("%s%.17g", k ? " " : "", q->points.x[(size_t)m * (size_t)dim + (size_t)k]);
        for (int i = 0; i < q->n_names; i++) {
            printf(" %.17g", q->value[(size_t)i * (size_t)n + (size_t)m]);
            if (q->error) printf(" %.1e", q->error[(size_t)i * (size_t)n + (size_t)m]);
        }
        putchar('\n');
    }
}

static void print_json(const az_problem *p, const eval_request *q)
{
    const int dim = q->points.dim, n = q->points.n;
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "problem", az_problem_name(p));
    json_array(&j, "coordinates");
    for (int k = 0; k < dim; k++) json_string(&j, NULL, az_problem_coordinate(p, k));
    json_array_end(&j);
    json_array(&j, "derivative");
    for (int k = 0; k < dim; k++) json_integer(&j, NULL, q->order[k]);
    json_array_end(&j);
    json_array(&j, "points");
    for (int m = 0; m < n; m++) {
        json_array(&j, NULL);
        for (int k = 0; k < dim; k++) json_number(&j, NULL, q->points.x[(size_t)m * (size_t)dim + (size_t)k]);
        json_array_end(&j);
    }
    json_array_end(&j);
    json_object(&j, "columns");
    for (int i = 0; i < q->n_names; i++) {
        json_array(&j, q->name[i]);
        for (int m = 0; m < n; m++) json_number(&j, NULL, q->value[(size_t)i * (size_t)n + (size_t)m]);
        json_array_end(&j);
    }
    json_object_end(&j);
    if (q->error) json_object(&j, "errors");
    for (int i = 0; i < q->n_names && q->error; i++) {
        json_array(&j, q->name[i]);
        for (int m = 0; m < n; m++) json_number(&j, NULL, q->error[(size_t)i * (size_t)n + (size_t)m]);
        json_array_end(&j);
    }
    if (q->error) json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
}

static int run(const cli_context *c, const char *path, eval_request *q)
{
    az_result *r = cli_result(c, path);
    int status = CLI_ERROR;

    if (!r) return CLI_ERROR;
    const az_problem *p = az_result_problem(r);
    if (!read_orders(c, q, az_problem_dim(p)) || !cli_points_read(c, &q->points, p, DEFAULT_POINTS)) goto done;
    status = evaluate(c, r, q);
    if (status != CLI_OK) goto done;
    if (c->json) print_json(p, q);
    else print_table(p, q);
done:
    az_result_destroy(r);
    return status;
}

int cmd_eval(cli_context *c, int argc, char **argv)
{
    enum { OPT_AT = CLI_OPT_FIRST, OPT_GRID, OPT_POINTS, OPT_DERIVATIVE, OPT_ERRORS };
    static const struct option options[] = {{"at", required_argument, NULL, OPT_AT},
                                            {"grid", required_argument, NULL, OPT_GRID},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"derivative", required_argument, NULL, OPT_DERIVATIVE},
                                            {"errors", no_argument, NULL, OPT_ERRORS},
                                            CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    eval_request q = {0};
    int o;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) switch (o) {
        case CLI_DONE: return c->status;
        case OPT_AT: q.points.at = optarg; break;
        case OPT_GRID: q.points.grid = optarg; break;
        case OPT_POINTS: q.points.file = optarg; break;
        case OPT_DERIVATIVE: q.derivative = optarg; break;
        case OPT_ERRORS: q.errors = true; break;
        }
    if (argc - optind < 2)
        return cli_usage(c, "expected a result file and the name of a field, found %s", optind < argc ? "one operand" : "nothing");
    q.name = argv + optind + 1;
    q.n_names = argc - optind - 1;
    int status = run(c, argv[optind], &q);
    free(q.value);
    free(q.error);
    cli_points_clear(&q.points);
    return status;
}
