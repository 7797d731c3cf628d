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
    "functions at points. Or a grid with the same, for ParaView.\n"
    "\n"
    "Options:\n"
    "  --format F        csv   a header line, then 17 significant digits, which give\n"
    "                          the same double when read\n"
    "                    npy   one float64 array, a row per point (numpy.load)\n"
    "                    hdf5  the same array as the dataset `table`, the columns\n"
    "                          named by attributes\n"
    "                    vtk   a structured grid for ParaView, with flows as\n"
    "                          vectors; at most three coordinates\n"
    "                    (default: by the ending of --output: .csv, .npy, .h5,\n"
    "                    .hdf5 or .vts; csv without --output)\n"
    "  --output X        where (default: the result's name with .csv, .npy, .vts or\n"
    "                    -table.h5). A table or grid of this program is kept as X~;\n"
    "                    anything else in the way is not replaced\n"
    "  --columns A,B     names of fields, lets or trials, with vtk also of flows\n"
    "                    (default: all fields and lets, and all flows)\n"
    "  --at LIST         points: 0,0.5,1 with one coordinate; 0,1;0.5,1 (x,y;x,y)\n"
    "                    with two\n"
    "  --grid LO:HI:N    N equidistant points; with several coordinates one of these\n"
    "                    for each, separated by commas\n"
    "  --points FILE     one point per line; - reads standard input\n"
    "  --count N         how many points to spread over the domain if none of these\n"
    "                    is given (default 1001; with vtk 1001, 20000 or 125000 in\n"
    "                    one, two or three coordinates)\n"
    "  --radius R        with vtk, how far its grid reaches where the domain has no\n"
    "                    end (default ten times the coordinate's scale)\n"
    "  --changed         read a result that another program has changed, without its\n"
    "                    evidence\n"
    "  --json            {\"file\": ..., \"format\": ..., \"points\": N, \"columns\": [...]}\n"
    "  --help            this text\n"
    "\n"
    "Examples:\n"
    "  ansatz export ccf.h5\n"
    "  ansatz export ccf.h5 --output ccf.npy --columns Omega,U --grid -10:10:2001\n"
    "  ansatz export ccf.h5 --format hdf5\n"
    "  ansatz export ipm.h5 --format vtk --radius 1000\n"
    "\n"
    "Exit status: 0 the table is written, 2 bad usage or input.\n";

#define DEFAULT_POINTS 1001
static const int grid_points[] = {1001, 20000, 125000, 2}; /* of a VTK grid, by the number of coordinates; with four there is none */

typedef struct export_request {
    cli_points points;
    const char *format, *output;
    char *columns;          /* as given, cut into names */
    const char **column;
    int n_columns, count;   /* count 0: not given */
    double radius;          /* 0: not given */
} export_request;

static const struct {
    const char *format, *ending, *suffix;   /* suffix: of the default output */
} formats[] = {{"csv", ".csv", ".csv"}, {"npy", ".npy", ".npy"}, {"hdf5", ".h5", "-table.h5"}, {"hdf5", ".hdf5", "-table.h5"}, {"vtk", ".vts", ".vts"}};
enum { N_FORMATS = sizeof formats / sizeof *formats };

/* The format asked for, or the one the output's name asks for. */
static bool choose_format(const cli_context *c, export_request *q)
{
    for (int i = 0; q->format && i < N_FORMATS; i++)
        if (!strcmp(q->format, formats[i].format)) return true;
    if (q->format) return cli_usage(c, "--format: expected csv, npy, hdf5 or vtk, found '%s'", q->format), false;
    q->format = "csv";
    const char *dot = q->output ? strrchr(q->output, '.') : NULL;
    if (!q->output) return true;
    for (int i = 0; dot && i < N_FORMATS; i++)
        if (!strcmp(dot, formats[i].ending)) {
            q->format = formats[i].format;
            return true;
        }
    return cli_usage(c, "--output: expected a name ending in .csv, .npy, .h5, .hdf5 or .vts (or --format), found '%s'", q->output), false;
}

static bool vtk(const export_request *q) { return !strcmp(q->format, "vtk"); }

static void json_flows(json *j, const az_problem *p, const export_request *q)
{
    for (int i = 0; vtk(q) && !q->column && i < az_problem_n_flows(p); i++) json_string(j, NULL, az_problem_flow(p, i));
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
    json_flows(&j, p, q);
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

/* The grid asked for, or the library's. */
static bool make_grid(const cli_context *c, const az_problem *p, export_request *q)
{
    const int dim = az_problem_dim(p);
    az_error e;

    if (q->points.at || q->points.file) return cli_usage(c, "--%s: a VTK file needs a grid; expected --grid", q->points.at ? "at" : "points"), false;
    if (q->points.grid) return cli_points_read(c, &q->points, p, 0);
    double *x = NULL;
    if (az_sample_grid(p, &x, q->points.shape, q->count ? q->count : grid_points[dim - 1], q->radius, &e) != AZ_OK) return cli_fail_error(c, &e), false;
    q->points.dim = dim;
    q->points.n = 1;
    for (int k = 0; k < dim; k++) q->points.n *= q->points.shape[k];
    const size_t bytes = sizeof *x * (size_t)q->points.n * (size_t)dim;
    if ((q->points.x = malloc(bytes))) memcpy(q->points.x, x, bytes);
    else cli_nomem(c);
    az_free(x);
    return q->points.x != NULL;
}

static int export_to(const cli_context *c, const az_result *r, export_request *q)
{
    const az_problem *p = az_result_problem(r);
    const cli_points *at = &q->points;
    az_error e;
    az_status st;

    const az_file kind = vtk(q) ? AZ_FILE_GRID : AZ_FILE_TABLE;
    if (!cli_check_place(c, q->output, kind)) return CLI_ERROR;
    if (q->radius > 0 && !vtk(q)) return cli_usage(c, "--radius: only with --format vtk");
    if (!(vtk(q) ? make_grid(c, p, q) : cli_points_read(c, &q->points, p, q->count ? q->count : DEFAULT_POINTS))) return CLI_ERROR;
    if (!cli_make_way(c, q->output, kind)) return CLI_ERROR;
    if (vtk(q)) st = az_export_vtk(r, q->output, q->column, q->n_columns, at->x, at->shape, &e);
    else st = az_export(r, q->output, q->format, q->column, q->n_columns, at->x, at->n, &e);
    if (st != AZ_OK) return cli_fail_error(c, &e);
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

    if (!choose_format(c, q) || (q->columns && !cli_cut_names(c, "columns", q->columns, &q->column, &q->n_columns))) return CLI_ERROR;
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
    enum { OPT_FORMAT = CLI_OPT_FIRST, OPT_OUTPUT, OPT_COLUMNS, OPT_AT, OPT_GRID, OPT_POINTS, OPT_COUNT, OPT_RADIUS };
    static const struct option options[] = {{"format", required_argument, NULL, OPT_FORMAT},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"columns", required_argument, NULL, OPT_COLUMNS},
                                            {"at", required_argument, NULL, OPT_AT},
                                            {"grid", required_argument, NULL, OPT_GRID},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"count", required_argument, NULL, OPT_COUNT},
                                            {"radius", required_argument, NULL, OPT_RADIUS},
                                            CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    export_request q = {.count = 0};
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
        case OPT_RADIUS:
            if (!option_positive(c, "radius", optarg, &q.radius)) return CLI_ERROR;
            break;
        }
    int i = cli_operand(c, argc, argv, "a result file");
    status = i ? run(c, argv[i], &q) : CLI_ERROR;
    free(q.column);
    cli_points_clear(&q.points);
    return status;
}
