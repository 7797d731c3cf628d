/* export.c: ansatz export. */
#include "cli.h"
#include "json.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

const char export_help[] =
    "Usage: ansatz export FILE.h5 [OPTION]...\n"
    "\n"
    "Writes a table of a result: the coordinates, then fields, lets or trial\n"
    "functions at points.\n"
    "\n"
    "Options:\n"
    "  --format F        csv   a header line, then 17 significant digits, which give\n"
    "                          the same double when read\n"
    "                    npy   one float64 array, a row per point (numpy.load)\n"
    "                    hdf5  the same array as the dataset `table`, the columns\n"
    "                          named by attributes\n"
    "                    (default: by the ending of --output: .csv, .npy, .h5 or\n"
    "                    .hdf5; csv without --output)\n"
    "  --output X        where (default: the result's name with .csv, .npy or\n"
    "                    -table.h5)\n"
    "  --columns A,B     names of fields, lets or trials (default: all fields and\n"
    "                    lets)\n"
    "  --at LIST         points: 0,0.5,1 with one coordinate; 0,1;0.5,1 (x,y;x,y)\n"
    "                    with two\n"
    "  --grid LO:HI:N    N equidistant points; with several coordinates one of these\n"
    "                    for each, separated by commas\n"
    "  --points FILE     one point per line; - reads standard input\n"
    "  --count N         how many points to spread over the domain if none of these\n"
    "                    is given (default 1001)\n"
    "  --json            {\"file\": ..., \"format\": ..., \"points\": N, \"columns\": [...]}\n"
    "  --help            this text\n"
    "\n"
    "Examples:\n"
    "  ansatz export ccf.h5\n"
    "  ansatz export ccf.h5 --output ccf.npy --columns Omega,U --grid -10:10:2001\n"
    "  ansatz export ccf.h5 --format hdf5\n"
    "\n"
    "Exit status: 0 the table is written, 2 bad usage or input.\n";

#define DEFAULT_POINTS 1001

typedef struct export_request {
    cli_points points;
    const char *format, *output;
    char *columns;          /* as given, cut into names */
    const char **column;
    int n_columns, count;
} export_request;

static const struct {
    const char *format, *ending, *suffix;   /* suffix: of the default output */
} formats[] = {{"csv", ".csv", ".csv"}, {"npy", ".npy", ".npy"}, {"hdf5", ".h5", "-table.h5"}, {"hdf5", ".hdf5", "-table.h5"}};
enum { N_FORMATS = sizeof formats / sizeof *formats };

/* The format asked for, or the one the output's name asks for. */
static bool choose_format(const cli_context *c, export_request *q)
{
    for (int i = 0; q->format && i < N_FORMATS; i++)
        if (!strcmp(q->format, formats[i].format)) return true;
    if (q->format) return cli_usage(c, "--format: expected csv, npy or hdf5, found '%s'", q->format), false;
    q->format = "csv";
    const char *dot = q->output ? strrchr(q->output, '.') : NULL;
    if (!q->output) return true;
    for (int i = 0; dot && i < N_FORMATS; i++)
        if (!strcmp(dot, formats[i].ending)) {
            q->format = formats[i].format;
            return true;
        }
    return cli_usage(c, "--output: expected a name ending in .csv, .npy, .h5 or .hdf5 (or --format), found '%s'", q->output), false;
}

static bool cut_columns(const cli_context *c, export_request *q, char *list)
{
    int n = 1;

    for (const char *s = list; *s; s++) n += *s == ',';
    if (!(q->column = malloc(sizeof *q->column * (size_t)n))) return cli_nomem(c), false;
    for (char *s = list, *next; s; s = next) {
        if ((next = strchr(s, ','))) *next++ = 0;
        if (!*s) return cli_usage(c, "--columns: expected names separated by commas, found an empty one"), false;
        q->column[q->n_columns++] = s;
    }
    return true;
}

static void print_json(const az_problem *p, const export_request *q)
{
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "file", q->output);
    json_string(&j, "format", q->format);
    json_integer(&j, "points", q->points.n);
    json_array(&j, "columns");
    for (int i = 0; i < az_problem_dim(p); i++) json_string(&j, NULL, az_problem_coordinate(p, i));
    for (int i = 0; i < (q->column ? q->n_columns : az_problem_n_names(p)); i++)
        json_string(&j, NULL, q->column ? q->column[i] : az_problem_get_name(p, i));
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

static int export_to(const cli_context *c, const az_result *r, export_request *q)
{
    const az_problem *p = az_result_problem(r);
    az_error e;

    if (cli_look(q->output, NULL) == CLI_FOUND_RESULT)
        return cli_fail(c, AZ_EIO, "'%s' is a result of `ansatz solve` and is not replaced by a table", q->output);
    if (!cli_check_writable(c, q->output) || !cli_points_read(c, &q->points, p, q->count)) return CLI_ERROR;
    if (az_export(r, q->output, q->format, q->column, q->n_columns, q->points.x, q->points.n, &e) != AZ_OK) return cli_fail_error(c, &e);
    if (c->json) print_json(p, q);
    else if (!c->quiet) printf("wrote %s\n", q->output);
    return CLI_OK;
}

static char *default_output(const char *path, const char *format)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (!strcmp(format, formats[i].format)) return cli_replace_suffix(path, formats[i].suffix);
    return NULL;
}

static int run(const cli_context *c, const char *path, export_request *q)
{
    char *chosen = NULL;
    int status = CLI_ERROR;

    if (!choose_format(c, q) || (q->columns && !cut_columns(c, q, q->columns))) return CLI_ERROR;
    if (!q->output) q->output = chosen = default_output(path, q->format);
    if (!q->output) return cli_nomem(c);
    az_result *r = cli_result(c, path);
    if (r) status = export_to(c, r, q);
    az_result_destroy(r);
    free(chosen);
    return status;
}

int cmd_export(cli_context *c, int argc, char **argv)
{
    enum { OPT_FORMAT = CLI_OPT_FIRST, OPT_OUTPUT, OPT_COLUMNS, OPT_AT, OPT_GRID, OPT_POINTS, OPT_COUNT };
    static const struct option options[] = {{"format", required_argument, NULL, OPT_FORMAT},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"columns", required_argument, NULL, OPT_COLUMNS},
                                            {"at", required_argument, NULL, OPT_AT},
                                            {"grid", required_argument, NULL, OPT_GRID},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"count", required_argument, NULL, OPT_COUNT},
                                            CLI_COMMON_OPTIONS};
    export_request q = {.count = DEFAULT_POINTS};
    int o, status;

    while ((o = cli_next(c, argc, argv, options)) != CLI_END) switch (o) {
        case CLI_DONE: return c->status;
        case OPT_FORMAT: q.format = optarg; break;
        case OPT_OUTPUT: q.output = optarg; break;
        case OPT_COLUMNS: q.columns = optarg; break;
        case OPT_AT: q.points.at = optarg; break;
        case OPT_GRID: q.points.grid = optarg; break;
        case OPT_POINTS: q.points.file = optarg; break;
        case OPT_COUNT:
            if (!option_int(c, "count", optarg, 2, INT_MAX, &q.count)) return CLI_ERROR;
            break;
        }
    int i = cli_operand(c, argc, argv, "a result file");
    status = i ? run(c, argv[i], &q) : CLI_ERROR;
    free(q.column);
    cli_points_clear(&q.points);
    return status;
}
