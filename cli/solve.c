/* solve.c: ansatz solve. */
#include "solve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The names a run writes. */
typedef struct solve_files {
    char *result, *report;  /* report NULL if none is wanted */
} solve_files;

static bool name_files(const cli_context *c, solve_files *f, const solve_request *q, const char *result, const char *stem)
{
    f->result = stem ? cli_name(stem, ".h5") : cli_name(result, "");
    f->report = f->result && q->report ? cli_replace_suffix(f->result, ".html") : NULL;
    if (!f->result || (q->report && !f->report)) return cli_nomem(c), false;
    return true;
}

static void clear_files(solve_files *f)
{
    free(f->result);
    free(f->report);
}

/* same_run: the result is gone on with. */
static bool check_files(const cli_context *c, const solve_files *f, bool same_run)
{
    const bool ok =
        same_run ? cli_check_writable(c, f->result) : cli_check_place(c, f->result, AZ_FILE_RESULT);

    return ok && cli_check_report(c, f->report, f->result);
}

#define ASTRAY 1e-4 /* relative residual: what leaves less has found a solution, if not to the tolerance */

/* Far from the values of the file its starts may lead nowhere, though a branch does. */
static void suggest_branch(const cli_context *c, const solve_request *q)
{
    const az_setting *set = q->settings.set;
    const cli_settings none = {0};
    az_problem *p = q->settings.n == 1 && q->problem && !q->from ? cli_problem(c, q->problem, &none) : NULL;
    double own;

    for (int k = 0; p && k < az_problem_n_parameters(p); k++)
        if (!strcmp(az_problem_parameter(p, k, &own), set->name) && own != set->value)
            cli_warn(c, "the starts of the file may be too far away at %s = %g; a branch may lead there: ansatz continue %s --over %s=%g:%g", set->name,
                     set->value, q->problem, set->name, own, set->value);
    az_problem_destroy(p);
}

/* A profile beside which others lie may have been left for one of them. */
static void check_profile(const cli_context *c, const az_result *from, const az_result *r, const char *path)
{
    const az_problem *p = az_result_problem(r), *before = az_result_problem(from);
    double error, error_before, set, set_before;

    for (int k = 0; k < az_problem_n_parameters(p); k++) {
        az_problem_parameter(p, k, &set);
        if (k >= az_problem_n_parameters(before) || !az_problem_parameter(before, k, &set_before) || set != set_before) return;
    }
    if (az_result_options(r)->mode || !az_problem_n_unknowns(p)) return;
    const double value = az_result_unknown(r, 0, &error), moved = fabs(value - az_result_unknown(from, 0, &error_before));
    if (moved > error + error_before)
        cli_warn(c, "%s = %.10g is %.1e from that of %s, more than the errors of both: perhaps another solution", az_problem_unknown(p, 0), value, moved, path);
}

#define SPARE_SHARE 0.2 /* of --seconds for the re-evaluation */
#define SPARE_MOST 10.0

static double spare(double seconds) { return fmin(SPARE_SHARE * seconds, SPARE_MOST); }

/* Within --seconds, if they were given; what a run has not used is there, too. */
static az_status verify(const cli_context *c, az_result *r, az_error *e)
{
    const double most = az_result_options(r)->max_seconds;

    return most > 0 ? az_verify_within(r, c->threads, fmax(spare(most), most - az_result_seconds(r)), e) : az_verify(r, c->threads, e);
}

/* The evidence, the files and the summary of a run that has ended. What cannot be written is said, and does not take the rest away. */
static int finish(const cli_context *c, const solve_request *q, const az_result *from, az_result *r, const solve_files *f)
{
    az_error trouble = {.status = AZ_OK}, e = {.status = AZ_OK};
    az_stop stop = az_result_stop(r);
    const char *report = NULL;

    if (!c->quiet)
        cli_signals_say(
            "ansatz solve: the evidence is finished first; once more ends at once, without it\n");
    if (q->verify && stop != AZ_STOP_CANCELLED && stop != AZ_STOP_NO_MODE && verify(c, r, &e) != AZ_OK) trouble = e;
    if (!*az_result_command(r) && az_result_set_command(r, c->line) != AZ_OK) return cli_nomem(c);
    bool saved = cli_save(c, r, f->result, &e);
    if (!saved) trouble = e;
    /* the page of an earlier session of this run is not worth keeping */
    const bool own_page = f->report && q->resume && az_file_look(f->report) == AZ_FILE_REPORT;
    if (f->report && !own_page && !cli_make_way_for(f->report, AZ_FILE_REPORT, &e)) trouble = e;
    else if (f->report && az_report(r, f->report, c->line, &e) == AZ_OK) report = f->report;
    else if (f->report && trouble.status == AZ_OK) trouble = e;
    if (c->json) {
        cli_json_result(r, saved ? f->result : NULL, report, &trouble);
    } else {
        cli_print_result(r);
        printf("  %-13s %s%s%s\n", "files", saved ? f->result : "", saved && report ? ", " : "", report ? report : "");
    }
    if (trouble.status != AZ_OK) cli_warn(c, "%s", trouble.message);
    if (cli_resumable(stop) && !cli_reached(r) && saved)
        cli_warn(c, "unfinished; to continue: ansatz solve --resume=%s", f->result);
    if (stop == AZ_STOP_NONFINITE)
        cli_warn(c, "fields begin near 0, of either sign: where a root, a power or a logarithm needs one, write the field so that it has it, as in "
                    "exp(v) or 1 + v^2, divide by nothing that may be 0, or start the unknowns elsewhere");
    const bool ended = stop == AZ_STOP_STALLED || stop == AZ_STOP_BOUND || stop == AZ_STOP_NONFINITE;
    if (from) check_profile(c, from, r, q->from);
    if (ended && !cli_reached(r) && !(az_result_evidence(r).reevaluated_relative < ASTRAY) && !az_result_options(r)->mode) suggest_branch(c, q);
    return trouble.status != AZ_OK ? CLI_ERROR : cli_result_status(r);
}

/* Runs, from `from` unless that is NULL. The result comes back in *r. */
static az_status work(const cli_context *c, solve_request *q, const az_problem *p, const az_result *from, az_result **r, const char *path, az_error *e)
{
    cli_progress progress;
    az_status s;

    cli_progress_init(&progress, c, q->o.max_seconds);
    q->o.checkpoint = path;
    q->o.spare_seconds = q->verify ? spare(q->o.max_seconds > 0 || !*r ? q->o.max_seconds : az_result_options(*r)->max_seconds) : 0;
    if (progress.live)
        fprintf(stderr, "solving %s; Ctrl-C stops and keeps what was found in %s\n",
                az_problem_name(p), path);
    if (*r) s = az_resume(*r, &q->o, cli_progress_step, &progress, e);
    else if (from) s = az_solve_from(r, p, from, &q->o, cli_progress_step, &progress, e);
    else s = az_solve(r, p, &q->o, cli_progress_step, &progress, e);
    cli_progress_end(&progress);
    return s;
}

/* Networks do not march in several coordinates. */
static void choose_space(solve_request *q, const az_problem *p, const az_result *from)
{
    if (q->space_given) return;
    if (from) q->o.space = az_result_space(from);
    else if (az_problem_dim(p) > 1 && (q->o.mode || q->ladder)) q->o.space = AZ_SPACE_ELEMENT;
}

/* One solve into a file of this name, or stem.h5, from `before` unless that is NULL. *found: the result, NULL if there is none. */
static int solve(const cli_context *c, solve_request *q, const char *output, const char *stem, const az_result *before, az_result **found)
{
    az_result *r = NULL, *from = NULL;
    az_claim *claim = NULL;
    solve_files f = {0};
    az_error e;
    int status = CLI_ERROR;
    az_problem *p = cli_problem(c, q->problem, &q->settings);

    *found = NULL;
    if (!p) return CLI_ERROR;
    if (q->from && !(from = cli_result(c, q->from))) goto done;
    if (from) before = from;
    choose_space(q, p, before);
    if (!name_files(c, &f, q, output, output ? NULL : stem ? stem : az_problem_name(p))) goto done;
    if (!check_files(c, &f, false) || !cli_claim(c, &claim, f.result) ||
        !cli_make_way(c, f.result, AZ_FILE_RESULT))
        goto done;
    cli_signals_begin();
    if (work(c, q, p, before, &r, f.result, &e) != AZ_OK) cli_fail_error(c, &e);
    else status = finish(c, q, from, r, &f);
    cli_signals_end();
done:
    *found = r;
    az_claim_destroy(claim);
    az_result_destroy(from);
    az_problem_destroy(p);
    clear_files(&f);
    return status;
}

/* The stem of the files: --output without its ending, or the problem's name. NULL after a message. */
static char *ladder_stem(const cli_context *c, const solve_request *q)
{
    az_problem *p = q->output ? NULL : cli_problem(c, q->problem, &q->settings);
    char *stem = q->output ? cli_replace_suffix(q->output, "") : p ? cli_name(az_problem_name(p), "") : NULL;

    if (!stem && (p || q->output)) cli_nomem(c);
    az_problem_destroy(p);
    return stem;
}

/* Whether the last profile can be looked for at all: not to be found out after the first has been solved. */
static bool ladder_is_possible(const cli_context *c, const solve_request *q)
{
    solve_request last = *q;
    az_error e = {.status = AZ_OK};
    az_problem *p = cli_problem(c, q->problem, &q->settings);

    last.o.mode = q->last_mode;
    if (p) choose_space(&last, p, NULL);
    const bool ok = p && az_solve_check(p, &last.o, &e) == AZ_OK;
    az_problem_destroy(p);
    if (e.status != AZ_OK) cli_fail_error(c, &e);
    return ok;
}

static int solve_ladder(const cli_context *c, solve_request *q)
{
    char *stem = ladder_is_possible(c, q) ? ladder_stem(c, q) : NULL, suffix[32];
    int status = stem ? CLI_OK : CLI_ERROR;
    az_result *last = NULL;

    for (int mode = q->first_mode; status != CLI_ERROR && mode <= q->last_mode; mode++) {
        snprintf(suffix, sizeof suffix, "-mode-%d", mode);
        char *name = cli_name(stem, suffix);
        az_result *r = NULL;
        q->o.mode = mode;
        const bool onward = last && az_result_space(last) == AZ_SPACE_ELEMENT;
        int one = name ? solve(c, q, NULL, name, onward ? last : NULL, &r) : cli_nomem(c);
        const az_stop stop = r ? az_result_stop(r) : AZ_STOP_RUNNING;
        free(name);
        az_result_destroy(last);
        last = r;
        if (one == CLI_ERROR || (one == CLI_NOT_REACHED && stop != AZ_STOP_NO_MODE)) status = one;
        if (stop == AZ_STOP_NO_MODE) cli_warn(c, "the ladder ends with profile %d: %s", mode - 1, az_stop_message(stop));
        if (!r || stop == AZ_STOP_NO_MODE || stop == AZ_STOP_CANCELLED || cli_interrupted()) break;
    }
    az_result_destroy(last);
    free(stem);
    return status;
}

/* A resumed run keeps the mathematics of its file; what the command line says of it must agree. */
static bool agrees(const cli_context *c, const solve_request *q, const az_problem *named, const az_result *r, const char *path)
{
    const az_problem *p = az_result_problem(r);

    if (named && strcmp(az_problem_text(named), az_problem_text(p)))
        return cli_fail(c, AZ_EOPTION, "'%s' holds another problem than '%s'", path, q->problem), false;
    for (int i = 0; i < q->settings.n; i++) {
        const az_setting *set = &q->settings.set[i];
        double value = NAN;
        bool found = false;
        for (int k = 0; k < az_problem_n_parameters(p) && !found; k++) found = !strcmp(az_problem_parameter(p, k, &value), set->name);
        if (!found) return cli_fail(c, AZ_ENAME, "'%s' has no parameter '%s'", path, set->name), false;
        if (value == set->value) continue;
        cli_fail(c, AZ_EOPTION, "'%s' was computed with %s = %.17g, which cannot change in a run that is resumed", path, set->name, value);
        return false;
    }
    return true;
}

static int finished_already(const cli_context *c, const az_result *r, const char *path)
{
    if (c->json) cli_json_result(r, path, NULL, NULL);
    else cli_print_result(r);
    cli_warn(c, "'%s' is finished (%s), there is nothing to resume", path, az_stop_name(az_result_stop(r)));
    return cli_result_status(r);
}

static int go_on(const cli_context *c, solve_request *q, az_result *r, const solve_files *f)
{
    az_error e;
    int status = CLI_ERROR;

    if (!check_files(c, f, true)) return CLI_ERROR;
    cli_signals_begin();
    if (!cli_resumable(az_result_stop(r))) status = finish(c, q, NULL, r, f);
    else if (work(c, q, az_result_problem(r), NULL, &r, f->result, &e) != AZ_OK)
        cli_fail_error(c, &e);
    else status = finish(c, q, NULL, r, f);
    cli_signals_end();
    return status;
}

/* As it is once nobody else writes it any more. */
static int resume_held(const cli_context *c, solve_request *q, const solve_files *f)
{
    az_claim *claim = NULL;
    az_result *r = NULL;
    int status = CLI_ERROR;

    if (cli_claim(c, &claim, f->result) && (r = cli_result(c, f->result)))
        status = go_on(c, q, r, f);
    az_result_destroy(r);
    az_claim_destroy(claim);
    return status;
}

static int resume_file(const cli_context *c, solve_request *q, const az_problem *named,
                       const solve_files *f)
{
    int status = CLI_ERROR;
    az_result *r = cli_result(c, f->result);

    if (!r) return CLI_ERROR;
    /* a finished one that is not judged was killed between its end and its evidence */
    const bool judged = az_result_evidence(r).tier >= AZ_TIER_REEVALUATED || !q->verify;
    const bool agreed = agrees(c, q, named, r, f->result),
               done = !cli_resumable(az_result_stop(r)) && judged;
    if (agreed && done) status = finished_already(c, r, f->result);
    az_result_destroy(r);
    return agreed && !done ? resume_held(c, q, f) : status;
}

static int resume(const cli_context *c, solve_request *q)
{
    const char *path = q->file ? q->file : q->output;
    az_problem *named = NULL;
    solve_files f = {0};
    int status = CLI_ERROR;

    if (q->problem && !(named = cli_problem(c, q->problem, &q->settings))) return CLI_ERROR;
    if (name_files(c, &f, q, path, path ? NULL : az_problem_name(named))) status = resume_file(c, q, named, &f);
    az_problem_destroy(named);
    clear_files(&f);
    return status;
}

int cmd_solve(cli_context *c, int argc, char **argv)
{
    solve_request q = {.verify = true, .report = true};

    az_solve_options_init(&q.o);
    int status = solve_read(c, &q, argc, argv);
    az_result *r = NULL;
    if (status == CLI_END) status = q.resume ? resume(c, &q) : q.ladder ? solve_ladder(c, &q) : solve(c, &q, q.output, NULL, NULL, &r);
    az_result_destroy(r);
    cli_settings_clear(&q.settings);
    return status;
}
