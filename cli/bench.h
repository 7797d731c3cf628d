/* bench.h: what `ansatz bench` measures, and how it is shown. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "json.h"
#include "reference.h"

#define MAX_QUANTITIES 16

/* Rows first..first+n-1 of the table are about one problem with one set of parameters. */
typedef struct bench_case {
    const char *problem, *settings;
    const reference_row *row;
    int n;
} bench_case;

typedef struct bench_run {
    uint64_t seed;
    az_stop stop;
    bool reached;
    double seconds, residual, relative;
    double value[MAX_QUANTITIES];   /* NaN where the result has no such quantity */
} bench_run;

void bench_print_heading(const bench_case *k);
void bench_print_run(const bench_case *k, const bench_run *run);
/* The medians over n runs; scratch[n]. */
void bench_print_medians(const bench_case *k, const bench_run *run, int n, double *scratch);
void bench_json_case(json *j, const bench_case *k, const bench_run *run, int n, double *scratch);

#endif
