/* continue.c: ansatz continue. */
#include "cli.h"
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char continue_help[] =
    "Usage: ansatz continue PROBLEM --over NAME=FROM:TO [OPTION]...\n"
    "       ansatz continue FILE.h5 --over NAME=:TO [OPTION]...\n"
    "\n"
    "Follows a solution along a branch, around folds too, and writes a table of its\n"
    "points, a page with pictures, and the last point as a result. Steps are of\n"
    "pseudo-arclength in the unknowns; each point starts from the one before, is\n"
    "re-evaluated independently, and is printed with the digits that supports.\n"
    "\n"
    "What to follow:\n"
    "  --over NAME=FROM:TO  a parameter from one value to another; FROM may be left\n"
    "                       out: the parameter's own. Or the first unknown of a\n"
    "                       problem with a `defect`, as NAME=:TO: from the profile\n"
    "                       found with it free, the defect being free along the way;\n"
    "                       where it takes its smooth value, the profile there is\n"
    "                       solved for (ccf: lambda=:0.55 meets the unstable one)\n"
    "  --at V,V,...         further values at which there is to be a point\n"
    "  --values N           N points at equal distances, FROM and TO included\n"
    "  --step H             the largest step in NAME (default: a tenth of the\n"
    "                       range); smaller ones are taken by themselves\n"
    "  --max-points N       end after N points (default 2000)\n"
    "  --set NAME=VALUE     the value of another parameter; may be repeated\n"
    "\n"
    "Options:\n"
    "  --trial SPACE        element: piecewise polynomials (default where the\n"
    "                       problem has one coordinate; in a half-plane they follow\n"
    "                       a parameter, at given values of it, and end at a fold);\n"
    "                       mlp: networks; fourier; chebyshev\n"
    "  --tolerance T        of each point, as for solve\n"
    "  --coordinates NAME   of a half-plane, as for solve\n"
    "  --points N           collocation points of each, as for solve\n"
    "  --seed N             of the random weights of the first point (default 1)\n"
    "  --threads N          processor cores, 0 for all (default 0)\n"
    "\n"
    "Files:\n"
    "  --output STEM        STEM.csv, STEM.html and STEM.h5 (default: the problem's\n"
    "                       name and -branch)\n"
    "  --keep               every point as a result: STEM-001.h5, ...; profiles met\n"
    "                       on the way are kept always: STEM-profile-1.h5, ...\n"
    "                       Files of an earlier branch are kept with ~ behind their\n"
    "                       names; what this program did not write is not replaced\n"
    "  --resume             go on after the points of STEM.csv\n"
    "\n"
    "What is said:\n"
    "  --changed            read a result that another program has changed, without\n"
    "                       its evidence\n"
    "  --json               one object on standard output: the end and the points\n"
    "  --quiet              no line per point on standard error\n"
    "  --help               this text\n"
    "\n"
    "Ctrl-C ends after the point in progress is given up; everything before it is in\n"
    "the files.\n"
    "\n"
    "Examples:\n"
    "  ansatz continue gclm --over a=0:-1\n"
    "  ansatz continue gclm --over a=-2:0.6 --values 27\n"
    "  ansatz continue ccf --over lambda=:0.55\n"
    "  ansatz continue ipm --over h0=0:0.2 --trial element\n"
    "\n"
    "Exit status: 0 the branch reached TO, 1 it did not (the points are written), 2\n"
    "bad usage or input.\n";

enum { OPT_OVER = CLI_OPT_FIRST, OPT_AT, OPT_VALUES, OPT_STEP, OPT_MAX_POINTS, OPT_SET,
       OPT_TRIAL, OPT_COORDINATES, OPT_TOLERANCE, OPT_POINTS, OPT_OUTPUT, OPT_KEEP, OPT_RESUME };

#define MAX_AT 10000
#define MOST_WAIT 8 /* seconds, for a disk that is full at the end */

typedef struct request {
    az_branch_options o;
    cli_settings settings;
    char *over;             /* owned */
    double *at;             /* owned, as o.at */
    int values;
    bool space_given, keep, resume;
    const char *problem, *output;
} request;

typedef struct files {
    char *table, *page, *result;
} files;

static bool read_over(const cli_context *c, request *q, const char *text)
{
    const char *equals = strchr(text, '='), *colon = equals ? strchr(equals, ':') : NULL;

    if (!equals || equals == text || !colon) return cli_usage(c, "--over: expected NAME=FROM:TO, found '%s'", text), false;
    char *from = strndup(equals + 1, (size_t)(colon - equals - 1));
    free(q->over);
    q->over = strndup(text, (size_t)(equals - text));
    if (!from || !q->over) return free(from), cli_nomem(c), false;
    q->o.over = q->over;
    q->o.from = NAN;
    bool ok = (!*from || cli_parse_double(from, &q->o.from)) && cli_parse_double(colon + 1, &q->o.to);
    free(from);
    return ok || (cli_usage(c, "--over: expected numbers in NAME=FROM:TO, found '%s'", text), false);
}

static bool room(const cli_context *c, request *q)
{
    if (!q->at) q->at = malloc(MAX_AT * sizeof *q->at);
    q->o.at = q->at;
    return q->at || (cli_nomem(c), false);
}

static bool read_at(const cli_context *c, request *q, const char *text)
{
    if (!room(c, q)) return false;
    for (const char *s = text; *s;) {
        size_t n = strcspn(s, ",");
        char number[64];
        if (n >= sizeof number) n = sizeof number - 1;
        memcpy(number, s, n);
        number[n] = 0;
        if (q->o.n_at == MAX_AT) return cli_usage(c, "--at: expected at most %d values", MAX_AT), false;
        if (!cli_parse_double(number, &q->at[q->o.n_at])) return cli_usage(c, "--at: expected numbers separated by commas, found '%s'", text), false;
        q->o.n_at++;
        s += n;
        if (*s == ',') s++;
    }
    return true;
}

static bool read_option(const cli_context *c, request *q, int which)
{
    az_solve_options *s = &q->o.solve;

    switch (which) {
    case OPT_OVER: return read_over(c, q, optarg);
    case OPT_AT: return read_at(c, q, optarg);
    case OPT_VALUES: return option_int(c, "values", optarg, 2, MAX_AT, &q->values);
    case OPT_STEP: return option_positive(c, "step", optarg, &q->o.step);
    case OPT_MAX_POINTS: return option_int(c, "max-points", optarg, 1, 1000000, &q->o.max_points);
    case OPT_SET: return option_set(c, optarg, &q->settings);
    case OPT_TRIAL: q->space_given = true; return option_space(c, optarg, &s->space);
    case OPT_COORDINATES: return option_coordinates(c, optarg, &s->coordinates);
    case OPT_TOLERANCE: return option_positive(c, "tolerance", optarg, &s->tolerance);
    case OPT_POINTS: return option_int(c, "points", optarg, 1, 1000000, &s->points);
    case OPT_OUTPUT: q->output = optarg; return true;
    case OPT_KEEP: q->keep = true; return true;
    case OPT_RESUME: q->resume = true; return true;
    }
    return false;
}

/* The --values between the ends. */
static bool spread(const cli_context *c, request *q, const az_problem *p)
{
    double from = q->o.from;

    if (!q->values) return true;
    for (int i = 0; isnan(from) && i < az_problem_n_parameters(p); i++) {
        double value;
        if (!strcmp(az_problem_parameter(p, i, &value), q->over)) from = value;
    }
    if (isnan(from)) return cli_usage(c, "--values: expected FROM in --over %s=FROM:TO", q->over), false;
    if (!room(c, q)) return false;
    for (int i = 1; i + 1 < q->values && q->o.n_at < MAX_AT; i++) q->at[q->o.n_at++] = from + (q->o.to - from) * i / (q->values - 1);
    return true;
}

static bool name_files(const cli_context *c, files *f, const char *stem)
{
    f->table = cli_name(stem, ".csv"), f->page = cli_name(stem, ".html"), f->result = cli_name(stem, ".h5");
    return (f->table && f->page && f->result) || (cli_nomem(c), false);
}

static void clear_files(files *f)
{
    free(f->table);
    free(f->page);
    free(f->result);
}

/* The table first: of its points behind the result, as a kill between the two leaves one,
 * `--resume` knows nothing and finds them again. */
static az_status write_files(const cli_context *c, const az_branch *b, const files *f, az_error *e)
{
    az_status st = az_branch_write_table(b, f->table, e);
    if (!st) st = az_result_save(az_branch_result(b), f->result, e);
    return st ? st : az_branch_report(b, f->page, c->line, e);
}

static char *profile_name(const char *stem, int n)
{
    char suffix[40];

    snprintf(suffix, sizeof suffix, "-profile-%d.h5", n);
    return cli_name(stem, suffix);
}

static char *point_name(const char *stem, int n)
{
    char suffix[40];

    snprintf(suffix, sizeof suffix, "-%03d.h5", n);
    return cli_name(stem, suffix);
}

/* r under a name, which is freed. */
static az_status keep_as(const cli_context *c, const az_result *r, char *name, az_error *e)
{
    if (!name) return *e = (az_error){.status = AZ_ENOMEM, .message = "out of memory"}, AZ_ENOMEM;
    const bool ok = cli_make_way_for(name, AZ_FILE_RESULT, e) && cli_save_new(c, r, name, e);
    free(name);
    return ok ? AZ_OK : e->status;
}

static az_status keep(const cli_context *c, const az_branch *b, const request *q, const char *stem,
                      int *profiles, az_error *e)
{
    const az_result *profile = az_branch_profile(b);
    az_status st = profile ? keep_as(c, profile, profile_name(stem, ++*profiles), e) : AZ_OK;

    if (st || !q->keep) return st;
    return keep_as(c, az_branch_result(b), point_name(stem, az_branch_n_rows(b)), e);
}

/* "a = 0  lambda = 0(2)e-14  residual 1.2e-14", with what happened there */
static void print_row(FILE *out, const az_branch *b, int i)
{
    const double *x = az_branch_row(b, i);
    int m = az_branch_n_moving(b), last = az_branch_n_columns(b) - 1;
    char value[AZ_UNKNOWN_LENGTH];

    fprintf(out, "%s = %-14.10g", az_branch_column(b, 0), x[0]);
    for (int k = 1; k < m; k++) {
        if (isfinite(x[m + k - 1])) az_format_unknown(value, x[k], x[m + k - 1]);
        else snprintf(value, sizeof value, "%.8g", x[k]);
        fprintf(out, "  %s = %-22s", az_branch_column(b, k), value);
    }
    double residual = isfinite(x[last - 4]) ? x[last - 4] : x[last - 6];
    fprintf(out, "  relative residual %.1e%s%s\n", residual, x[last] != 0 ? "  a profile" : "", x[last - 1] != 0 ? "  behind a fold" : "");
}

static void print_json(const az_branch *b, const az_problem *p, const files *f)
{
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_string(&j, "problem", az_problem_name(p));
    json_string(&j, "end", az_branch_end_name(az_branch_state(b)));
    if (*az_branch_why(b)) json_string(&j, "why", az_branch_why(b));
    json_array(&j, "points");
    for (int i = 0; i < az_branch_n_rows(b); i++) {
        json_object(&j, NULL);
        for (int k = 0; k < az_branch_n_columns(b); k++) json_number(&j, az_branch_column(b, k), az_branch_row(b, i)[k]);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_array(&j, "files");
    json_string(&j, NULL, f->table);
    json_string(&j, NULL, f->page);
    json_string(&j, NULL, f->result);
    json_array_end(&j);
    json_object_end(&j);
    json_end(&j);
}

static int finish(const cli_context *c, const az_branch *b, const az_problem *p, const files *f)
{
    az_branch_end end = az_branch_state(b);

    if (c->json) print_json(b, p, f);
    else {
        printf("%s: %d point%s\n", az_problem_name(p), az_branch_n_rows(b), az_branch_n_rows(b) == 1 ? "" : "s");
        for (int i = 0; i < az_branch_n_rows(b); i++) printf("  "), print_row(stdout, b, i);
        if (az_branch_n_rows(b)) printf("  files  %s, %s, %s\n", f->table, f->page, f->result);
    }
    if (end == AZ_BRANCH_STEP) cli_warn(c, "the branch ends before it is asked to: %s", az_branch_why(b));
    if (end == AZ_BRANCH_POINTS) cli_warn(c, "the limit of points is reached; --resume goes on");
    if (end == AZ_BRANCH_BACK) cli_warn(c, "the branch turned and came back past the value where it began");
    if (end == AZ_BRANCH_CANCELLED) cli_warn(c, "interrupted; --resume goes on");
    return end == AZ_BRANCH_ARRIVED ? CLI_OK : CLI_NOT_REACHED;
}

/* Points until the end, each written and told. */
static az_status follow(const cli_context *c, const request *q, az_branch *b, az_result *start, const char *stem, const files *f, az_error *e)
{
    cli_progress progress;
    az_status st = AZ_OK;
    int told = az_branch_n_rows(b), profiles = 0;
    bool missing = false;

    for (int i = 0; i < told; i++) profiles += az_branch_row(b, i)[az_branch_n_columns(b) - 1] != 0;
    cli_progress_init(&progress, c, 0);
    progress.show = progress.live;
    progress.notes = false;
    cli_signals_begin();
    while (!st && az_branch_state(b) == AZ_BRANCH_RUNNING) {
        st = az_branch_next(b, start, cli_progress_step, &progress, e);
        cli_progress_end(&progress);
        start = NULL;
        if (st || az_branch_n_rows(b) == told) continue;
        for (; told < az_branch_n_rows(b); told++)
            if (!c->quiet) print_row(stderr, b, told);
        missing = write_files(c, b, f, e) != AZ_OK; /* a disk may be full for a while */
        if (missing)
            cli_warn(c, "%s; the branch is followed on, its files come with the next point",
                     e->message);
        st = keep(c, b, q, stem, &profiles, e);
    }
    for (unsigned wait = 1; missing && !st && wait <= MOST_WAIT; wait *= 2) {
        if (!(missing = write_files(c, b, f, e) != AZ_OK)) break;
        cli_warn(c, "%s; trying again in %u s", e->message, wait);
        sleep(wait);
    }
    cli_signals_end();
    return st || !missing ? st : e->status;
}

static bool is_result(const char *s)
{
    size_t n = strlen(s);
    return n > 3 && !strcmp(s + n - 3, ".h5");
}

static bool resume(const cli_context *c, az_branch *b, const files *f)
{
    az_error e;
    az_result *last = cli_result(c, f->result);
    if (!last) return false;
    az_status st = az_branch_resume(b, f->table, last, &e);
    az_result_destroy(last);
    return !st || (cli_fail_error(c, &e), false);
}

static bool files_are_free(const cli_context *c, const request *q, const files *f, const char *stem)
{
    if (q->resume)
        return cli_check_writable(c, f->result) && cli_check_writable(c, f->table) &&
               cli_check_report(c, f->page, NULL);
    if (!cli_check_place(c, f->result, AZ_FILE_RESULT) ||
        !cli_check_place(c, f->table, AZ_FILE_BRANCH) || !cli_check_report(c, f->page, NULL))
        return false;
    return cli_check_series(c, profile_name, stem) &&
           (!q->keep || cli_check_series(c, point_name, stem));
}

static bool take_files(const cli_context *c, const request *q, const files *f, const char *stem,
                       az_claim **claim)
{
    if (!files_are_free(c, q, f, stem) || !cli_claim(c, claim, f->table)) return false;
    if (q->resume) return true;
    return cli_make_way(c, f->result, AZ_FILE_RESULT) &&
           cli_make_way(c, f->table, AZ_FILE_BRANCH) && cli_make_way(c, f->page, AZ_FILE_REPORT);
}

static int run(const cli_context *c, request *q, const az_problem *p, az_result *start)
{
    az_branch *b = NULL;
    az_claim *claim = NULL;
    files f = {0};
    az_error e;
    int status = CLI_ERROR;
    char *stem = q->output ? strdup(q->output) : cli_name(az_problem_name(p), "-branch");

    if (!stem) return cli_nomem(c);
    if (!name_files(c, &f, stem) || !spread(c, q, p)) goto done;
    if (az_branch_create(&b, p, &q->o, &e) != AZ_OK) cli_fail_error(c, &e);
    else if (take_files(c, q, &f, stem, &claim) && (!q->resume || resume(c, b, &f))) {
        if (follow(c, q, b, start, stem, &f, &e) != AZ_OK) cli_fail_error(c, &e);
        else status = finish(c, b, p, &f);
    }
done:
    az_claim_destroy(claim);
    az_branch_destroy(b);
    clear_files(&f);
    free(stem);
    return status;
}

static int open_and_run(const cli_context *c, request *q)
{
    az_result *start = is_result(q->problem) ? cli_result(c, q->problem) : NULL;
    az_problem *p = start || is_result(q->problem) ? NULL : cli_problem(c, q->problem, &q->settings);
    const az_problem *used = start ? az_result_problem(start) : p;
    int status = CLI_ERROR;

    if (start && q->settings.n) cli_usage(c, "--set: a result has its parameters");
    else if (used) {
        if (!q->space_given) q->o.solve.space = start ? az_result_space(start) : az_problem_dim(used) == 1 ? AZ_SPACE_ELEMENT : AZ_SPACE_MLP;
        status = run(c, q, used, start);
    }
    az_problem_destroy(p);
    az_result_destroy(start);
    return status;
}

int cmd_continue(cli_context *c, int argc, char **argv)
{
    static const struct option options[] = {{"over", required_argument, NULL, OPT_OVER},
                                            {"at", required_argument, NULL, OPT_AT},
                                            {"values", required_argument, NULL, OPT_VALUES},
                                            {"step", required_argument, NULL, OPT_STEP},
                                            {"max-points", required_argument, NULL, OPT_MAX_POINTS},
                                            {"set", required_argument, NULL, OPT_SET},
                                            {"trial", required_argument, NULL, OPT_TRIAL},
                                            {"coordinates", required_argument, NULL, OPT_COORDINATES},
                                            {"tolerance", required_argument, NULL, OPT_TOLERANCE},
                                            {"points", required_argument, NULL, OPT_POINTS},
                                            {"output", required_argument, NULL, OPT_OUTPUT},
                                            {"keep", no_argument, NULL, OPT_KEEP},
                                            {"resume", no_argument, NULL, OPT_RESUME},
                                            CLI_RESULT_OPTIONS, CLI_COMMON_OPTIONS};
    request q = {0};
    int o, status = CLI_ERROR;

    az_branch_options_init(&q.o);
    while ((o = cli_next(c, argc, argv, options)) != CLI_END) {
        if (o == CLI_DONE) status = c->status;
        if (o == CLI_DONE || !read_option(c, &q, o)) goto done;
    }
    int i = cli_operand(c, argc, argv, "a problem or a result");
    if (!i) goto done;
    if (!q.over) {
        cli_usage(c, "expected --over NAME=FROM:TO");
        goto done;
    }
    q.problem = argv[i];
    q.o.solve.seed = c->seed;
    q.o.solve.threads = c->threads;
    status = open_and_run(c, &q);
done:
    cli_settings_clear(&q.settings);
    free(q.over);
    free(q.at);
    return status;
}
