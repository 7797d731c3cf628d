/* result.c: what is said about a result. */
#include "cli.h"
#include "json.h"

#include <math.h>
#include <string.h>

az_result *cli_result(const cli_context *c, const char *path)
{
    az_result *r = NULL;
    az_error e;
    int changed = 0;

    if ((c->changed ? az_result_load_changed(&r, path, &changed, &e)
                    : az_result_load(&r, path, &e)) == AZ_OK) {
        if (changed)
            cli_warn(c,
                     "'%s' has been changed by another program: what vouched for its numbers is "
                     "dropped; `ansatz verify --changed` evaluates them again",
                     path);
        return r;
    }
    const size_t n = strlen(e.message);
    if (e.status == AZ_ECHANGED)
        snprintf(e.message + n, sizeof e.message - n, "; --changed reads it, without its evidence");
    cli_fail_error(c, &e);
    return NULL;
}

bool cli_reached(const az_result *r)
{
    az_evidence e = az_result_evidence(r);

    const az_cross *c = az_result_cross(r);

    if (az_result_open(r) || (c && c->contradicts)) return false;
    if (e.points > 0 && e.tier < AZ_TIER_REEVALUATED) return false; /* re-evaluated, and something was not finite or not judged */
    if (!az_result_accepted(r)) return false;
    if (e.tier >= AZ_TIER_REEVALUATED) return e.reevaluated_relative <= az_result_options(r)->tolerance || az_result_at_rounding(r);
    return az_result_stop(r) == AZ_STOP_TOLERANCE;
}

int cli_result_status(const az_result *r) { return cli_reached(r) ? CLI_OK : CLI_NOT_REACHED; }

bool cli_resumable(az_stop s)
{
    return s == AZ_STOP_RUNNING || s == AZ_STOP_CANCELLED || s == AZ_STOP_TIME || s == AZ_STOP_ITERATIONS;
}

void cli_slope_name(char *name, const az_problem *p)
{
    const char *defect = az_problem_defect(p, 0), *unknown = az_problem_unknown(p, 0);

    *name = 0;
    if (defect && unknown) snprintf(name, CLI_SLOPE_NAME, "d %s/d %s", defect, unknown);
}

#define STATEMENT 48 /* bytes of a statement that are printed: the word and most of a left side */

/* A statement as written, cut where it is long, not inside a character. */
static void print_statement(const char *s)
{
    size_t n = strlen(s);

    if (n > STATEMENT)
        for (n = STATEMENT - strlen("..."); n && ((unsigned char)s[n] & 0xc0) == 0x80;) n--;
    printf("%.*s%s", (int)n, s, s[n] ? "..." : "");
}

static void print_place(const az_result *r, const az_row_evidence *row)
{
    const az_problem *p = az_result_problem(r);

    for (int c = 0; c < az_problem_dim(p); c++) printf("%s%s = %.6g", c ? ", " : "", az_problem_coordinate(p, c), row->at[c]);
    printf("\n");
}

/* Of a re-evaluation without a result: the statements that it failed at. */
static void print_failed(const az_result *r)
{
    for (int i = 0; i < az_result_n_rows(r); i++) {
        const az_row_evidence row = az_result_row(r, i);
        if (!isnan(row.max) && !isnan(row.relative)) continue;
        printf("  %-13s line %d: ", "", row.line);
        print_statement(row.statement);
        if (isnan(row.max)) {
            printf("; not finite at ");
            print_place(r, &row);
        } else {
            printf("; its scale is 0 everywhere, so that nothing judges it\n");
        }
    }
}

static void print_rows(const az_result *r)
{
    for (int i = 0; i < az_result_n_rows(r); i++) {
        const az_row_evidence row = az_result_row(r, i);
        printf("  %-13s %.2e  line %d: ", "", row.relative, row.line);
        print_statement(row.statement);
        printf("; largest at ");
        print_place(r, &row);
        if (row.relative > az_result_options(r)->tolerance && row.relative <= row.floor)
            printf("  %-13s %-8s  at its rounding floor there: its terms cancel, and their rounding is %.1e of what it is measured by\n", "", "", row.floor);
    }
}

static void print_contradictions(const az_result *r)
{
    const az_problem *p = az_result_problem(r);

    for (int i = 0; i < az_result_n_contradictions(r); i++) {
        const az_contradiction a = az_result_contradiction(r, i);
        printf("  %-13s lines %d and %d by %.3g at", i ? "" : "contradiction", a.line[0], a.line[1], a.gap);
        for (int c = 0, n = 0; c < az_problem_dim(p); c++)
            if (a.fixed >> c & 1) printf("%s %s = %.6g", n++ ? "," : "", az_problem_coordinate(p, c), a.at[c]);
        printf(": no residual can be small there, and no points were put nearer than %.2g\n", a.away);
    }
}

static void print_advice(const az_result *r)
{
    char text[AZ_ADVICE_LENGTH];
    const char *label;

    for (int i = 0; az_result_advice(r, i, &label, text, sizeof text); i++) printf("  %-13s %s\n", label, text);
}

static void print_evidence(const az_result *r)
{
    const az_evidence evidence = az_result_evidence(r), *e = &evidence;

    printf("  %-13s %.2e  rms of the rows that were minimised\n", "trained", e->trained_rms);
    if (e->tier >= AZ_TIER_REEVALUATED) {
        printf("  %-13s %.2e  largest residual as written, %d independent points\n", "re-evaluated", e->reevaluated_max, e->points);
        printf("  %-13s %.2e  the same over the largest term of each statement, or its scale (asked: %.0e)\n", "", e->reevaluated_relative, az_result_options(r)->tolerance);
        print_rows(r);
    } else if (e->points > 0) {
        printf("  %-13s without a result, %d independent points\n", "re-evaluated", e->points);
        print_failed(r);
    } else {
        printf("  %-13s not done; `ansatz verify` does it\n", "re-evaluated");
    }
}

static void print_findings(const az_result *r)
{
    for (int i = 0; i < az_result_n_findings(r); i++) {
        const az_finding f = az_result_finding(r, i);
        printf("  %-13s %s: %s\n", i ? "" : "statements", f.statement, f.text);
    }
}

static void print_cross(const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    const az_cross *c = az_result_cross(r);

    if (!c) return;
    bool agrees = az_result_evidence(r).tier == AZ_TIER_CROSS_SOLVED;
    printf("  %-13s %s here and %s in result %016llx %s:\n", "cross-solved", az_space_title(c->space, c->coordinates),
           az_space_title(c->other_space, c->other_coordinates), (unsigned long long)c->hash, agrees ? "agree" : c->contradicts ? "contradict each other" : "do not agree");
    for (int i = 0; i < c->n_unknowns; i++) {
        printf("  %-13s %-13s %.1e", "", az_problem_unknown(p, i), c->unknown[i]);
        if (c->contradicts) printf("  %.10g here, %.10g there", az_result_unknown(r, i, NULL), c->other_value[i]);
        printf("\n");
    }
    for (int i = 0; i < c->n_names; i++) printf("  %-13s %-13s %.1e of its maximum\n", "", az_problem_get_name(p, i), c->name[i]);
    printf("  %-13s %-13s %.1e here, %.1e there\n", "", "residuals", c->relative, c->other_relative);
}

/* Below the first unknown: how well the residual knows it. */
static void print_slope(const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    const double slope = az_result_evidence(r).defect_slope;
    char name[CLI_SLOPE_NAME];

    cli_slope_name(name, p);
    if (*name && isfinite(slope)) printf("  %-13s %.2g  beside the profile: an error in %s divided by this is one in %s\n", name, slope,
                                         az_problem_defect(p, 0), az_problem_unknown(p, 0));
}

/* Digits of a run that did not reach its tolerance are those that its error leaves, and doubtful. */
static const char *doubt(const az_result *r, double error)
{
    const az_evidence e = az_result_evidence(r);
    const bool above = e.tier >= AZ_TIER_REEVALUATED && !(e.reevaluated_relative <= az_result_options(r)->tolerance) && !az_result_at_rounding(r);

    return above && isfinite(error) ? " (?)" : "";
}

/* What nothing determines, each line beside the word. */
static void print_open(const az_result *r)
{
    const char *s = az_result_open_note(r);

    for (bool first = true; *s; first = false) {
        const size_t n = strcspn(s, "\n");
        printf("  %-13s %.*s\n", first ? az_result_open(r) ? "open" : "note" : "", (int)n, s);
        s += n + (s[n] == '\n');
    }
}

static void print_derived(const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    char digits[AZ_UNKNOWN_LENGTH];
    double value, error;
    bool unknown = false;

    for (int i = 0; i < az_problem_n_derived(p); i++) {
        if (az_result_derived(r, i, &value, &error, NULL) != AZ_OK) continue;
        az_format_unknown(digits, value, error);
        printf("  %-13s %s%s  %s\n", i ? "" : "derived", digits, doubt(r, error), az_problem_derived(p, i));
        unknown = unknown || isnan(error);
    }
    if (unknown && az_result_evidence(r).tier == AZ_TIER_REEVALUATED)
        printf("  %-13s (?): values of fields, which no residual bounds; `ansatz verify FILE --cross` or `--with OTHER` compares them with another solution\n", "");
}

void cli_print_result(const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    const az_solve_options *o = az_result_options(r);
    const char *title = az_problem_title(p);
    char digits[AZ_UNKNOWN_LENGTH];
    double value, error, bound;

    printf("%s%s%s\n", az_problem_name(p), title && *title ? ": " : "", title ? title : "");
    for (int i = 0; i < az_problem_n_parameters(p); i++) {
        const char *name = az_problem_parameter(p, i, &value);
        printf("  %-13s %.10g\n", name, value);
    }
    for (int i = 0; i < az_problem_n_unknowns(p); i++) {
        value = az_result_unknown(r, i, &error);
        az_format_unknown(digits, value, error);
        printf("  %-13s %s%s", az_problem_unknown(p, i), digits, doubt(r, error));
        if (az_result_outside(r, i) > 0) printf("  outside its bounds by %.2g", az_result_outside(r, i));
        const int side = az_result_stop(r) == AZ_STOP_BOUND ? az_result_bound(r, i, &bound) : 0;
        if (side) printf("  %s %.6g: a solution may lie %s", az_result_outside(r, i) > 0 ? "of" : "runs onto its bound", bound, side < 0 ? "below" : "above");
        printf("\n");
        if (i == 0) print_slope(r);
    }
    print_derived(r);
    print_open(r);
    print_evidence(r);
    print_contradictions(r);
    print_findings(r);
    print_cross(r);
    printf("  %-13s %s\n", "stopped", az_stop_message(az_result_stop(r)));
    const az_evidence e = az_result_evidence(r);
    const bool failed = e.tier < AZ_TIER_REEVALUATED;
    if (az_result_stop(r) == AZ_STOP_TOLERANCE && (failed ? e.points > 0 : !(e.reevaluated_relative <= o->tolerance)))
        printf("  %-13s but the re-evaluat%s\n", "", az_result_at_rounding(r) ? "ed relative residual is above it: it is the rounding of the terms" : failed ? "ion has no result" : "ed relative residual is above it");
    if (!az_result_accepted(r)) printf("  %-13s but not accepted: a statement does not hold\n", "");
    if (az_result_stop(r) != AZ_STOP_TOLERANCE && az_result_at_rounding(r)) printf("  %-13s what is left of the residual is the rounding of its terms\n", "");
    else print_advice(r);
    if (o->coordinates > AZ_CONFORMAL) printf("  %-13s %s\n", "coordinates", az_coordinates_name(o->coordinates));
    printf("  %-13s %.2f s, %d iterations, seed %llu\n", "run", az_result_seconds(r), az_result_iterations(r), (unsigned long long)o->seed);
    printf("  %-13s %016llx\n", "hash", (unsigned long long)az_result_hash(r));
}

void cli_json_problem(struct json *j, const az_problem *p)
{
    double value;

    json_string(j, "version", AZ_VERSION);
    json_string(j, "problem", az_problem_name(p));
    json_object(j, "parameters");
    for (int i = 0; i < az_problem_n_parameters(p); i++) {
        const char *name = az_problem_parameter(p, i, &value);
        json_number(j, name, value);
    }
    json_object_end(j);
}

static void json_problem(json *j, const az_result *r)
{
    const az_solve_options *o = az_result_options(r);

    cli_json_problem(j, az_result_problem(r));
    json_string(j, "command", az_result_command(r));
    json_hex(j, "hash", az_result_hash(r));
    json_unsigned(j, "seed", o->seed);
    json_integer(j, "threads", o->threads);
    json_number(j, "tolerance", o->tolerance);
}

/* As printed; valid until the next call. */
static const char *digits_of(const az_result *r, double value, double error)
{
    static char text[AZ_UNKNOWN_LENGTH + 8];

    az_format_unknown(text, value, error);
    strcat(text, doubt(r, error));
    return text;
}

static void json_unknowns(json *j, const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    double error, bound;

    json_object(j, "unknowns");
    for (int i = 0; i < az_problem_n_unknowns(p); i++) {
        double value = az_result_unknown(r, i, &error);
        json_object(j, az_problem_unknown(p, i));
        json_number(j, "value", isinf(error) ? NAN : value);
        json_number(j, "error", error);
        json_bool(j, "determined", az_result_determined(r, i));
        json_string(j, "digits", digits_of(r, value, error));
        json_number(j, "outside", az_result_outside(r, i));
        if (az_result_stop(r) == AZ_STOP_BOUND && az_result_bound(r, i, &bound)) json_number(j, "bound", bound);
        json_object_end(j);
    }
    json_object_end(j);
}

static void json_derived(json *j, const az_result *r)
{
    const az_problem *p = az_result_problem(r);

    json_array(j, "derived");
    for (int i = 0; i < az_problem_n_derived(p); i++) {
        double value = NAN, error = NAN;
        az_result_derived(r, i, &value, &error, NULL);
        json_object(j, NULL);
        json_string(j, "text", az_problem_derived(p, i));
        json_number(j, "value", isinf(error) ? NAN : value);
        json_number(j, "error", error);
        json_bool(j, "determined", !isinf(error));
        json_string(j, "digits", digits_of(r, value, error));
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_rows(json *j, const az_result *r)
{
    json_array(j, "rows");
    for (int i = 0; i < az_result_n_rows(r); i++) {
        const az_row_evidence row = az_result_row(r, i);
        json_object(j, NULL);
        json_integer(j, "line", row.line);
        json_string(j, "statement", row.statement);
        json_number(j, "max", row.max);
        json_number(j, "relative", row.relative);
        json_number(j, "floor", row.floor);
        json_array(j, "at");
        for (int c = 0; c < az_problem_dim(az_result_problem(r)); c++) json_number(j, NULL, row.at[c]);
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_contradictions(json *j, const az_result *r)
{
    json_array(j, "contradictions");
    for (int i = 0; i < az_result_n_contradictions(r); i++) {
        const az_contradiction a = az_result_contradiction(r, i);
        json_object(j, NULL);
        json_array(j, "lines");
        for (int k = 0; k < 2; k++) json_integer(j, NULL, a.line[k]);
        json_array_end(j);
        json_number(j, "by", a.gap);
        json_array(j, "at");
        for (int c = 0; c < az_problem_dim(az_result_problem(r)); c++) json_number(j, NULL, a.fixed >> c & 1 ? a.at[c] : NAN);
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_advice(json *j, const az_result *r)
{
    char text[AZ_ADVICE_LENGTH];
    const char *label;

    json_array(j, "advice");
    for (int i = 0; az_result_advice(r, i, &label, text, sizeof text); i++) {
        json_object(j, NULL);
        json_string(j, "about", label);
        json_string(j, "text", text);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_residual(json *j, const az_result *r)
{
    const az_evidence evidence = az_result_evidence(r), *e = &evidence;
    bool done = e->tier >= AZ_TIER_REEVALUATED;

    json_object(j, "residual");
    json_number(j, "trained_rms", e->trained_rms);
    json_number(j, "reevaluated_max", done ? e->reevaluated_max : NAN);
    json_number(j, "reevaluated_relative", done ? e->reevaluated_relative : NAN);
    json_integer(j, "points", e->points);
    json_number(j, "defect_slope", e->defect_slope);
    json_number(j, "defect", e->defect);
    json_rows(j, r);
    json_object_end(j);
}

static void json_findings(json *j, const az_result *r)
{
    json_array(j, "statements");
    for (int i = 0; i < az_result_n_findings(r); i++) {
        const az_finding f = az_result_finding(r, i);
        json_object(j, NULL);
        json_string(j, "statement", f.statement);
        if (f.holds) json_bool(j, "holds", f.holds > 0);
        else json_string(j, "holds", NULL);
        json_number(j, "value", f.value);
        json_string(j, "found", f.text);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_cross(json *j, const az_result *r)
{
    const az_problem *p = az_result_problem(r);
    const az_cross *c = az_result_cross(r);

    if (!c) {
        json_string(j, "cross", NULL);
        return;
    }
    json_object(j, "cross");
    json_hex(j, "hash", c->hash);
    json_string(j, "space", az_space_name(c->space));
    json_string(j, "other_space", az_space_name(c->other_space));
    if (c->coordinates) json_string(j, "coordinates", az_coordinates_name(c->coordinates));
    if (c->other_coordinates) json_string(j, "other_coordinates", az_coordinates_name(c->other_coordinates));
    json_number(j, "relative", c->relative);
    json_number(j, "other_relative", c->other_relative);
    json_bool(j, "contradicts", c->contradicts);
    json_object(j, "other_values");
    for (int i = 0; i < c->n_unknowns; i++) json_number(j, az_problem_unknown(p, i), c->other_value ? c->other_value[i] : NAN);
    json_object_end(j);
    json_object(j, "unknowns");
    for (int i = 0; i < c->n_unknowns; i++) json_number(j, az_problem_unknown(p, i), c->unknown[i]);
    json_object_end(j);
    json_object(j, "names");
    for (int i = 0; i < c->n_names; i++) json_number(j, az_problem_get_name(p, i), c->name[i]);
    json_object_end(j);
    json_array(j, "derived");
    for (int i = 0; i < c->n_derived; i++) json_number(j, NULL, c->derived[i]);
    json_array_end(j);
    json_object_end(j);
}

void cli_json_result(const az_result *r, const char *file, const char *report, const az_error *trouble)
{
    az_evidence e = az_result_evidence(r);
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_problem(&j, r);
    json_number(&j, "seconds", az_result_seconds(r));
    json_integer(&j, "iterations", az_result_iterations(r));
    json_string(&j, "stop", az_stop_name(az_result_stop(r)));
    json_bool(&j, "reached", cli_reached(r));
    json_string(&j, "trial", az_space_name(az_result_space(r)));
    if (az_result_options(r)->coordinates) json_string(&j, "coordinates", az_coordinates_name(az_result_options(r)->coordinates));
    json_integer(&j, "numbers", az_result_numbers(r));
    json_string(&j, "tier", az_tier_name(e.tier));
    json_unknowns(&j, r);
    json_derived(&j, r);
    json_integer(&j, "open", az_result_open(r));
    json_string(&j, "open_note", az_result_open_note(r));
    json_number(&j, "estimate_seconds", az_result_estimate_seconds(r));
    json_residual(&j, r);
    json_contradictions(&j, r);
    json_advice(&j, r);
    json_findings(&j, r);
    json_cross(&j, r);
    json_object(&j, "files");
    json_string(&j, "result", file);
    json_string(&j, "report", report);
    json_object_end(&j);
    if (trouble && trouble->status != AZ_OK) {
        json_object(&j, "error");
        json_string(&j, "status", az_status_name(trouble->status));
        json_string(&j, "message", trouble->message);
        json_integer(&j, "line", trouble->line);
        json_integer(&j, "column", trouble->column);
        json_object_end(&j);
    }
    json_object_end(&j);
    json_end(&j);
}
