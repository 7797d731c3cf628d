/* bench_print.c: the table of `ansatz bench`. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

static double error_of(const bench_case *k, const bench_run *run, int i) { return fabs(run->value[i] - k->row[i].value); }

void bench_print_heading(const bench_case *k)
{
    printf("%s%s%s\n", k->problem, *k->settings ? ", " : "", k->settings);
    for (int i = 0; i < k->n; i++) {
        const reference_row *w = &k->row[i];
        printf("  %s = %.15g", w->quantity, w->value);
        if (w->digits == REFERENCE_EXACT) printf(" exactly: %s\n", w->source);
        else printf(" to %.0e: %s\n", reference_uncertainty(w), w->source);
    }
    printf("%8s %-12s %-18s %7s %8s %8s %7s  %s\n", "seed", "", "measured", "error", "residual", "relative", "seconds", "stopped");
}

static void print_tail(double residual, double relative, double seconds, const char *stop)
{
    printf(" %8.1e %8.1e %7.2f  %s\n", residual, relative, seconds, stop);
}

void bench_print_run(const bench_case *k, const bench_run *run)
{
    unsigned long long seed = run->seed;

    for (int i = 0; i < k->n; i++) {
        printf("%8llu %-12s %-18.15g %7.1e", seed, k->row[i].quantity, run->value[i], error_of(k, run, i));
        print_tail(run->residual, run->relative, run->seconds, az_stop_name(run->stop));
    }
    if (!k->n) {
        printf("%8llu %-12s %-18s %7s", seed, "", "", "");
        print_tail(run->residual, run->relative, run->seconds, az_stop_name(run->stop));
    }
    fflush(stdout);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y); /* NaN last: no number is the worst */
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

typedef struct medians {
    double residual, relative, seconds, error[MAX_QUANTITIES];
    int reached;
} medians;

static medians find_medians(const bench_case *k, const bench_run *run, int n, double *scratch)
{
    medians m = {0};

    for (int i = 0; i < n; i++) scratch[i] = run[i].residual;
    m.residual = median(scratch, n);
    for (int i = 0; i < n; i++) scratch[i] = run[i].relative;
    m.relative = median(scratch, n);
    for (int i = 0; i < n; i++) scratch[i] = run[i].seconds;
    m.seconds = median(scratch, n);
    for (int q = 0; q < k->n; q++) {
        for (int i = 0; i < n; i++) scratch[i] = error_of(k, &run[i], q);
        m.error[q] = median(scratch, n);
    }
    for (int i = 0; i < n; i++) m.reached += run[i].reached;
    return m;
}

void bench_print_medians(const bench_case *k, const bench_run *run, int n, double *scratch)
{
    medians m = find_medians(k, run, n, scratch);
    char note[48];

    snprintf(note, sizeof note, "%d of %d", m.reached, n);
    for (int i = 0; i < (k->n ? k->n : 1); i++) {
        printf("%8s %-12s %-18s ", "median", k->n ? k->row[i].quantity : "", "");
        if (k->n) printf("%7.1e", m.error[i]);
        else printf("%7s", "");
        print_tail(m.residual, m.relative, m.seconds, note);
    }
    putchar('\n');
}

static void json_run(json *j, const bench_case *k, const bench_run *run)
{
    json_object(j, NULL);
    json_unsigned(j, "seed", run->seed);
    json_string(j, "stop", az_stop_name(run->stop));
    json_bool(j, "reached", run->reached);
    json_number(j, "seconds", run->seconds);
    json_number(j, "reevaluated_max", run->residual);
    json_number(j, "reevaluated_relative", run->relative);
    json_object(j, "quantities");
    for (int i = 0; i < k->n; i++) {
        json_object(j, k->row[i].quantity);
        json_number(j, "value", run->value[i]);
        json_number(j, "error", error_of(k, run, i));
        json_object_end(j);
    }
    json_object_end(j);
    json_object_end(j);
}

static void json_references(json *j, const bench_case *k)
{
    json_object(j, "references");
    for (int i = 0; i < k->n; i++) {
        json_object(j, k->row[i].quantity);
        json_number(j, "value", k->row[i].value);
        json_number(j, "known_to", reference_uncertainty(&k->row[i]));
        json_string(j, "source", k->row[i].source);
        json_object_end(j);
    }
    json_object_end(j);
}

void bench_json_case(json *j, const bench_case *k, const bench_run *run, int n, double *scratch)
{
    medians m = find_medians(k, run, n, scratch);

    json_object(j, NULL);
    json_string(j, "problem", k->problem);
    json_string(j, "settings", k->settings);
    json_references(j, k);
    json_array(j, "runs");
    for (int i = 0; i < n; i++) json_run(j, k, &run[i]);
    json_array_end(j);
    json_integer(j, "reached", m.reached);
    json_object(j, "median");
    json_number(j, "seconds", m.seconds);
    json_number(j, "reevaluated_max", m.residual);
    json_number(j, "reevaluated_relative", m.relative);
    json_object(j, "errors");
    for (int i = 0; i < k->n; i++) json_number(j, k->row[i].quantity, m.error[i]);
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}
