/* scan_print.c: what ansatz scan says at its end. */
#include "scan.h"
#include "json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One bracket past the group that begins at i. */
static int group_end(const az_scan_bracket *b, int n, int i)
{
    int k = i;

    while (k < n && b[k].group == b[i].group) k++;
    return k;
}

/* Of a group: the one with the lowest residual. */
static int best_of(const az_scan_bracket *b, int from, int to)
{
    int best = from;

    for (int i = from + 1; i < to; i++)
        if (b[i].residual < b[best].residual) best = i;
    return best;
}

/* Each seed once. */
static bool repeated(const az_scan_bracket *b, int from, int i)
{
    for (int k = from; k < i; k++)
        if (b[k].seed == b[i].seed) return true;
    return false;
}

static void print_seeds(const az_scan_bracket *b, int from, int to)
{
    printf("seed");
    for (int i = from; i < to; i++)
        if (!repeated(b, from, i)) printf(" %llu", (unsigned long long)b[i].seed);
}

static void print_group(const char *over, const char *table, const az_scan_bracket *b, int from, int to)
{
    const az_scan_bracket *best = &b[best_of(b, from, to)];
    char digits[AZ_UNKNOWN_LENGTH];

    az_format_unknown(digits, best->value, best->error);
    if (best->state == AZ_SCAN_PROFILE) printf("  %-13s %-22s relative residual %.1e, ", over, digits, best->residual);
    else if (best->state == AZ_SCAN_BRACKET) printf("  %-13s in [%.8g, %.8g], about %.6g, ", over, best->low, best->high, best->value);
    else printf("  %-13s in [%.8g, %.8g] leads to nothing: relative residual %.1e at %.8g, ", "", best->low, best->high, best->residual, best->value);
    print_seeds(b, from, to);
    char *file = best->profile ? scan_profile_name(table, best->profile) : NULL;
    printf("%s%s\n", file ? ", " : "", file ? file : "");
    free(file);
}

static void print_groups(const az_scan *s, const char *table, bool complete)
{
    int n;
    const az_scan_bracket *b = az_scan_brackets(s, &n);

    for (int i = 0; i < n; i = group_end(b, n, i)) print_group(az_scan_get_options(s)->over, table, b, i, group_end(b, n, i));
    if (!n) printf("  %-13s no bracket: no profile between two of these values%s\n", "", complete ? "" : " so far");
}

static int count_bad(const az_scan_row *r, int n)
{
    int bad = 0;

    for (int i = 0; i < n; i++) bad += !r[i].ok;
    return bad;
}

void scan_print(const az_scan *s, const char *table, const char *report)
{
    const az_problem *p = az_scan_problem(s);
    const az_scan_options *o = az_scan_get_options(s);
    const char *title = az_problem_title(p);
    int n;
    double value;
    const az_scan_row *r = az_scan_rows(s, &n);

    printf("%s%s%s\n", az_problem_name(p), title && *title ? ": " : "", title ? title : "");
    for (int i = 0; i < az_problem_n_parameters(p); i++) {
        const char *name = az_problem_parameter(p, i, &value);
        printf("  %-13s %.10g\n", name, value);
    }
    printf("  %-13s %s from %.10g to %.10g: %d values, %d seed%s from %llu, trial %s\n", "scanned", o->over, o->lo, o->hi, o->values, o->seeds,
           o->seeds > 1 ? "s" : "", (unsigned long long)o->solve.seed, az_space_name(o->solve.space));
    print_groups(s, table, az_scan_complete(s));
    printf("  %-13s %d of %d, %d of them not solved well enough to count\n", "values", n, o->values * o->seeds, count_bad(r, n));
    printf("  %-13s %.2f s\n", "run", az_scan_seconds(s));
    printf("  %-13s %016llx\n", "hash", (unsigned long long)az_scan_hash(s));
    printf("  %-13s %s%s%s\n", "files", table, report ? ", " : "", report ? report : "");
}

static void json_bracket(json *j, const char *table, const az_scan_bracket *b)
{
    char *file = b->profile ? scan_profile_name(table, b->profile) : NULL;

    json_string(j, "state", az_scan_state_name(b->state));
    json_number(j, "low", b->low);
    json_number(j, "high", b->high);
    json_number(j, "value", b->value);
    json_number(j, "error", b->error);
    json_number(j, "residual", b->residual);
    json_string(j, "file", file);
    free(file);
}

static void json_profiles(json *j, const char *table, const az_scan_bracket *b, int n)
{
    json_array(j, "profiles");
    for (int i = 0; i < n; i = group_end(b, n, i)) {
        int end = group_end(b, n, i);
        if (b[i].state != AZ_SCAN_PROFILE) continue;
        json_object(j, NULL);
        json_bracket(j, table, &b[best_of(b, i, end)]);
        json_array(j, "seeds");
        for (int k = i; k < end; k++)
            if (!repeated(b, i, k)) json_unsigned(j, NULL, b[k].seed);
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_brackets(json *j, const char *table, const az_scan_bracket *b, int n)
{
    json_array(j, "brackets");
    for (int i = 0; i < n; i++) {
        json_object(j, NULL);
        json_bracket(j, table, &b[i]);
        json_unsigned(j, "seed", b[i].seed);
        json_integer(j, "iterations", b[i].iterations);
        json_integer(j, "group", b[i].group);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_rows(json *j, const az_scan_row *r, int n)
{
    json_array(j, "rows");
    for (int i = 0; i < n; i++) {
        json_object(j, NULL);
        json_number(j, "value", r[i].value);
        json_unsigned(j, "seed", r[i].seed);
        json_number(j, "residual", r[i].residual);
        json_number(j, "defect", r[i].defect);
        json_number(j, "trained", r[i].trained);
        json_integer(j, "iterations", r[i].iterations);
        json_bool(j, "ok", r[i].ok);
        json_object_end(j);
    }
    json_array_end(j);
}

static void json_head(json *j, const cli_context *c, const az_scan *s)
{
    const az_scan_options *o = az_scan_get_options(s);

    cli_json_problem(j, az_scan_problem(s));
    json_string(j, "command", c->line);
    json_hex(j, "hash", az_scan_hash(s));
    json_string(j, "over", o->over);
    json_number(j, "lo", o->lo);
    json_number(j, "hi", o->hi);
    json_integer(j, "values", o->values);
    json_unsigned(j, "seed", o->solve.seed);
    json_integer(j, "seeds", o->seeds);
    json_string(j, "trial", az_space_name(o->solve.space));
    json_integer(j, "threads", o->solve.threads);
    json_number(j, "seconds", az_scan_seconds(s));
    json_bool(j, "complete", az_scan_complete(s));
}

void scan_json(const cli_context *c, const az_scan *s, const char *table, const char *report)
{
    int n_rows, n;
    const az_scan_row *r = az_scan_rows(s, &n_rows);
    const az_scan_bracket *b = az_scan_brackets(s, &n);
    json j;

    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_head(&j, c, s);
    json_profiles(&j, table, b, n);
    json_brackets(&j, table, b, n);
    json_rows(&j, r, n_rows);
    json_object(&j, "files");
    json_string(&j, "table", table);
    json_string(&j, "report", report);
    json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
}
