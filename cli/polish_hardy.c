/* polish_hardy.c: ansatz polish --trial hardy. */
#include "polish.h"

#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *stop_message(az_stop s)
{
    switch (s) {
    case AZ_STOP_TOLERANCE: return "two sizes and two sets of nodes agree on the digits asked";
    case AZ_STOP_ITERATIONS: return "the limit of coefficients was reached";
    case AZ_STOP_STALLED: return "larger sizes brought the unknowns no nearer";
    default: return az_stop_message(s);
    }
}

static void write_terms(json *j, const az_hardy *h)
{
    int sector, k;

    json_array(j, "terms");
    for (int i = 0; i < az_hardy_coefficients(h); i++) {
        const char *c = az_hardy_coefficient(h, i, &sector, &k);
        json_object(j, NULL);
        json_integer(j, "sector", sector);
        json_integer(j, "k", k);
        json_string(j, "c", c);
        json_object_end(j);
    }
    json_array_end(j);
}

static void write_unknowns(json *j, const az_problem *p, const az_hardy *h)
{
    json_object(j, "unknowns");
    for (int i = 0; i < az_problem_n_unknowns(p); i++) {
        json_object(j, az_problem_unknown(p, i));
        json_string(j, "digits", az_hardy_unknown(h, i));
        json_string(j, "value", az_hardy_value(h, i));
        json_number(j, "error", az_hardy_error(h, i));
        json_object_end(j);
    }
    json_object_end(j);
}

static void write_json(FILE *f, const az_result *r, const az_hardy *h)
{
    const az_problem *p = az_result_problem(r);
    json j;

    json_begin(&j, f);
    json_object(&j, NULL);
    cli_json_problem(&j, p);
    write_unknowns(&j, p, h);
    json_string(&j, "stop", az_stop_name(az_hardy_stop(h)));
    json_number(&j, "residual", az_hardy_residual(h));
    json_integer(&j, "points", az_hardy_points(h));
    json_integer(&j, "bits", az_hardy_bits(h));
    json_number(&j, "seconds", az_hardy_seconds(h));
    json_string(&j, "rounded", az_hardy_rounded(h));
    json_string(&j, "function", az_hardy_name(h));
    json_string(&j, "form", "function = Im F, hilbert(function) = Re F, F(y) = sum of c s^beta z^k, s = 1/(1 + i y/m), z = 2 s - 1, beta = sector decay, or 2 for sector 0");
    json_string(&j, "decay", az_hardy_decay(h));
    json_string(&j, "m", az_hardy_scale(h));
    write_terms(&j, h);
    json_object_end(&j);
    json_end(&j);
}

static bool write_file(const cli_context *c, const char *path, const az_result *r, const az_hardy *h)
{
    char *text = NULL;
    size_t n = 0;
    az_error e;
    FILE *f = open_memstream(&text, &n);

    if (!f) return cli_nomem(c), false;
    write_json(f, r, h);
    const bool whole = !ferror(f);
    if (fclose(f) || !whole) return free(text), cli_nomem(c), false;
    const bool ok =
        cli_make_way_for(path, AZ_FILE_HARDY, &e) && az_file_write(path, text, n, &e) == AZ_OK;
    free(text);
    return ok || (cli_fail_error(c, &e), false);
}

static void print(const az_result *r, const az_hardy *h, const char *file)
{
    const az_problem *p = az_result_problem(r);
    double value;

    printf("%s: %s\n", az_problem_name(p), az_problem_title(p));
    for (int i = 0; i < az_problem_n_parameters(p); i++) {
        const char *name = az_problem_parameter(p, i, &value);
        printf("  %-13s %.10g\n", name, value);
    }
    for (int i = 0; i < az_problem_n_unknowns(p); i++) printf("  %-13s %s\n", az_problem_unknown(p, i), az_hardy_unknown(h, i));
    printf("  %-13s %.2e  largest residual as written, over the equations' scale, %d other points\n", "residual", az_hardy_residual(h),
           az_hardy_points(h));
    printf("  %-13s %d coefficients, m = %.8s, %d bits, %.1f s\n", "Hardy space", az_hardy_coefficients(h), az_hardy_scale(h),
           az_hardy_bits(h), az_hardy_seconds(h));
    printf("  %-13s %s\n", "stopped", stop_message(az_hardy_stop(h)));
    if (file) printf("  %-13s %s\n", "file", file);
}

static int finish(const cli_context *c, const hardy_request *q, const az_result *r, const az_hardy *h)
{
    if (q->output && !write_file(c, q->output, r, h)) return CLI_ERROR;
    if (c->json) write_json(stdout, r, h);
    else print(r, h, q->output);
    if (az_hardy_rounded(h))
        cli_warn(c, "the problem holds %s, a number rounded before: digits beyond its last belong to the rounded problem", az_hardy_rounded(h));
    return az_hardy_stop(h) == AZ_STOP_TOLERANCE ? CLI_OK : CLI_NOT_REACHED;
}

int cli_polish_hardy(const cli_context *c, hardy_request *q, const char *path)
{
    cli_progress progress;
    az_hardy *h = NULL;
    az_error e;
    az_result *r = cli_result(c, path);

    if (!r) return CLI_ERROR;
    q->o.threads = c->threads;
    cli_progress_init(&progress, c, q->o.max_seconds);
    cli_signals_begin();
    az_status s = az_hardy_solve(&h, r, &q->o, cli_progress_step, &progress, &e);
    cli_signals_end();
    cli_progress_end(&progress);
    int status = s == AZ_OK ? finish(c, q, r, h) : cli_fail_error(c, &e);
    az_hardy_destroy(h);
    az_result_destroy(r);
    return status;
}
