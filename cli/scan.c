/* scan.c: ansatz scan. */
#include "scan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is said on the way: a line per value and per bracket, between them the iterations of the solve on a terminal. */
typedef struct scan_teller {
    cli_progress progress;
    const cli_context *c;
    const char *over, *table;
    az_status status;               /* of the profiles' files */
    az_error error;
} scan_teller;

char *scan_profile_name(const char *table, int n)
{
    char suffix[40];

    snprintf(suffix, sizeof suffix, "-profile-%d.h5", n);
    return cli_replace_suffix(table, suffix);
}

static void say_row(const scan_teller *t, const az_scan_progress *g)
{
    const az_scan_row *r = g->row;

    if (!t->progress.live) {
        fprintf(stderr, "progress: done = %d, total = %d, seed = %llu, %s = %.17g, residual = %.6e, defect = %.6e, trained = %.6e", g->done, g->total,
                (unsigned long long)r->seed, t->over, r->value, r->residual, r->defect, r->trained);
        fprintf(stderr, ", iterations = %d, ok = %d\n", r->iterations, r->ok);
        return;
    }
    fprintf(stderr, "%d of %d: %s held at %.8g, seed %llu: residual %.1e", g->done, g->total, t->over, r->value, (unsigned long long)r->seed,
            r->residual);
    if (!isnan(r->defect)) fprintf(stderr, ", defect %+.2e", r->defect);
    fprintf(stderr, "%s\n", r->ok ? "" : " (not solved well enough to count)");
}

static void log_bracket(const scan_teller *t, const az_scan_progress *g, const char *file)
{
    const az_scan_bracket *b = g->bracket;

    fprintf(stderr, "bracket: done = %d, total = %d, seed = %llu, low = %.17g, high = %.17g, state = %s", g->done, g->total,
            (unsigned long long)b->seed, b->low, b->high, az_scan_state_name(b->state));
    fprintf(stderr, ", %s = %.17g, error = %.6e, residual = %.6e, iterations = %d", t->over, b->value, b->error, b->residual, b->iterations);
    if (file) fprintf(stderr, ", file = %s", file);
    fputc('\n', stderr);
}

static void say_bracket(const scan_teller *t, const az_scan_progress *g, const char *file)
{
    const az_scan_bracket *b = g->bracket;
    char digits[AZ_UNKNOWN_LENGTH];

    if (!t->progress.live) {
        log_bracket(t, g, file);
        return;
    }
    fprintf(stderr, "%d of %d: ", g->done, g->total);
    az_format_unknown(digits, b->value, b->error);
    if (b->state == AZ_SCAN_PROFILE) fprintf(stderr, "a profile at %s = %s, residual %.1e", t->over, digits, b->residual);
    else fprintf(stderr, "a bracket, %s in [%.8g, %.8g]%s", t->over, b->low, b->high, b->state == AZ_SCAN_NOTHING ? ", leads to nothing" : "");
    fprintf(stderr, ", seed %llu%s%s\n", (unsigned long long)b->seed, file ? ", in " : "", file ? file : "");
}

/* A profile's result beside the table, before the table says that it is there; the bracket told. */
static void keep_bracket(scan_teller *t, const az_scan_progress *g)
{
    char *file = g->result ? scan_profile_name(t->table, g->bracket->profile) : NULL;

    if (g->result) {
        t->status = file ? az_result_set_command(g->result, t->c->line) : AZ_ENOMEM;
        if (t->status) t->error = (az_error){.status = t->status, .message = "out of memory"};
        else if (!cli_make_way_for(file, AZ_FILE_RESULT, &t->error)) t->status = t->error.status;
        else if (!cli_save_new(t->c, g->result, file, &t->error)) t->status = t->error.status;
    }
    if (t->progress.show) say_bracket(t, g, t->status ? NULL : file);
    free(file);
}

static int step(void *data, const az_scan_progress *g)
{
    scan_teller *t = data;

    if (g->trouble) cli_warn(t->c, "%s; the scan goes on and tries again", g->trouble);
    if (g->run) return t->progress.live ? cli_progress_step(&t->progress, g->run) : cli_interrupted();
    cli_progress_end(&t->progress);
    t->progress.began = false; /* the next solve has a clock of its own */
    if (t->progress.show && g->row) say_row(t, g);
    if (g->bracket) keep_bracket(t, g);
    return t->status || cli_interrupted();
}

static az_status work(const cli_context *c, const scan_request *q, const az_problem *p, az_scan **s, az_error *e)
{
    scan_teller t = {.c = c, .over = q->over, .table = q->o.table};

    cli_progress_init(&t.progress, c, 0);
    t.progress.notes = false;
    cli_signals_begin();
    az_status st = az_scan_run(s, p, &q->o, step, &t, e);
    if (!st && t.status) st = t.status, *e = t.error;
    cli_signals_end();
    cli_progress_end(&t.progress);
    return st;
}

static int status_of(const az_scan *s)
{
    int n, found = 0;
    const az_scan_bracket *b = az_scan_brackets(s, &n);

    for (int i = 0; i < n; i++) found += b[i].state != AZ_SCAN_NOTHING;
    return found && az_scan_complete(s) ? CLI_OK : CLI_NOT_REACHED;
}

static int finish(const cli_context *c, const scan_request *q, const az_scan *s, const char *report)
{
    az_error trouble = {.status = AZ_OK};

    if (report && !(q->o.resume && az_file_look(report) == AZ_FILE_REPORT) &&
        !cli_make_way_for(report, AZ_FILE_REPORT, &trouble)) {
        cli_warn(c, "%s", trouble.message);
        report = NULL;
    }
    if (report && az_scan_report(s, report, c->line, &trouble) != AZ_OK) {
        cli_warn(c, "%s", trouble.message);
        report = NULL;
    }
    if (c->json) scan_json(c, s, q->o.table, report);
    else scan_print(s, q->o.table, report);
    if (!az_scan_complete(s)) cli_warn(c, "unfinished; to continue, the same command with --resume");
    return trouble.status != AZ_OK ? CLI_ERROR : status_of(s);
}

static bool take_files(const cli_context *c, const scan_request *q, const char *report,
                       az_claim **claim)
{
    const bool ok = q->o.resume ? cli_check_writable(c, q->o.table)
                                : cli_check_place(c, q->o.table, AZ_FILE_SCAN);

    if (!ok || !cli_check_report(c, report, q->o.table) ||
        !cli_check_series(c, scan_profile_name, q->o.table))
        return false;
    return cli_claim(c, claim, q->o.table) &&
           (q->o.resume || cli_make_way(c, q->o.table, AZ_FILE_SCAN));
}

static bool has_unknown(const cli_context *c, const az_problem *p, const char *name)
{
    enum { MAX_NAMES = 256 };
    const char *known[MAX_NAMES];
    int n = 0;

    for (; n < az_problem_n_unknowns(p) && n < MAX_NAMES; n++) {
        known[n] = az_problem_unknown(p, n);
        if (!strcmp(known[n], name)) return true;
    }
    const char *near = cli_nearest(name, known, n);
    if (near) cli_fail(c, AZ_ENAME, "%s has no unknown '%s', did you mean '%s'?", az_problem_name(p), name, near);
    else cli_fail(c, AZ_ENAME, "%s has no unknown '%s'; `ansatz check %s` names what it has", az_problem_name(p), name, az_problem_name(p));
    return false;
}

static int scan(const cli_context *c, scan_request *q)
{
    az_scan *s = NULL;
    az_claim *claim = NULL;
    az_error e;
    int status = CLI_ERROR;
    az_problem *p = cli_problem(c, q->problem, &q->settings);

    if (!p) return CLI_ERROR;
    char *table = q->output ? cli_name(q->output, "") : cli_name(az_problem_name(p), "-scan.csv");
    char *report = table && q->report ? cli_replace_suffix(table, ".html") : NULL;
    q->o.over = q->over;
    q->o.table = table;
    if (!table || (q->report && !report)) cli_nomem(c);
    else if (has_unknown(c, p, q->over) && take_files(c, q, report, &claim)) {
        if (work(c, q, p, &s, &e) != AZ_OK) cli_fail_error(c, &e);
        else status = finish(c, q, s, report);
    }
    az_claim_destroy(claim);
    az_scan_destroy(s);
    az_problem_destroy(p);
    free(table);
    free(report);
    return status;
}

int cmd_scan(cli_context *c, int argc, char **argv)
{
    scan_request q = {.report = true};

    az_scan_options_init(&q.o);
    int status = scan_read(c, &q, argc, argv);
    if (status == CLI_END) status = scan(c, &q);
    cli_settings_clear(&q.settings);
    free(q.over);
    return status;
}
