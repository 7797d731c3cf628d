/* cli.h: what the commands share. Each command is one file with a help text and a function; main.c lists them.
 *
 * Every function that takes a cli_context reports its own failures: a message on standard error and, with --json, an error object
 * on standard output. Its caller only returns CLI_ERROR. */
#ifndef CLI_H
#define CLI_H

#include "ansatz.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>

/* Exit statuses of every command. */
enum { CLI_OK = 0, CLI_NOT_REACHED = 1, CLI_ERROR = 2 };

typedef struct cli_context {
    const char *command;    /* the word after `ansatz`, "" before it is known */
    const char *help;       /* its help text */
    const char *line;       /* the command as typed, quoted for a shell */
    bool json, quiet;
    bool changed; /* results that another program has changed are read */
    int threads;            /* 0 = all */
    uint64_t seed;
    bool seed_given;
    int status;             /* of the program, once cli_next has returned CLI_DONE */
} cli_context;

typedef struct cli_command {
    const char *name, *brief, *help;
    int (*run)(cli_context *c, int argc, char **argv); /* argv[0] is the command's name; returns an exit status */
} cli_command;

int cmd_list(cli_context *c, int argc, char **argv);
int cmd_show(cli_context *c, int argc, char **argv);
int cmd_check(cli_context *c, int argc, char **argv);
int cmd_solve(cli_context *c, int argc, char **argv);
int cmd_scan(cli_context *c, int argc, char **argv);
int cmd_continue(cli_context *c, int argc, char **argv);
int cmd_compare(cli_context *c, int argc, char **argv);
int cmd_polish(cli_context *c, int argc, char **argv);
int cmd_verify(cli_context *c, int argc, char **argv);
int cmd_eval(cli_context *c, int argc, char **argv);
int cmd_export(cli_context *c, int argc, char **argv);
int cmd_report(cli_context *c, int argc, char **argv);
int cmd_bench(cli_context *c, int argc, char **argv);

extern const char list_help[], show_help[], check_help[], solve_help[], scan_help[], continue_help[], compare_help[], polish_help[], verify_help[], eval_help[], export_help[], report_help[],
    bench_help[];

/* fail.c: messages. All return CLI_ERROR. */
int cli_usage(const cli_context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_fail(const cli_context *c, az_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));
int cli_fail_error(const cli_context *c, const az_error *e); /* what the library said */
void cli_warn(const cli_context *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
int cli_nomem(const cli_context *c);

/* options.c: getopt_long with the common options handled and messages of our own. Returns the `val` of the command's next option (its
 * argument is in optarg), or CLI_END after the last, or CLI_DONE when the command must return c->status at once. */
enum { CLI_END = -1, CLI_DONE = -2 };
enum { CLI_OPT_HELP = 256, CLI_OPT_JSON, CLI_OPT_QUIET, CLI_OPT_THREADS, CLI_OPT_SEED, CLI_OPT_CHANGED,
       CLI_OPT_FIRST = 512 };
/* Each command's table of long options ends with these. */
#define CLI_COMMON_OPTIONS \
    {"help", no_argument, NULL, CLI_OPT_HELP}, {"json", no_argument, NULL, CLI_OPT_JSON}, {"quiet", no_argument, NULL, CLI_OPT_QUIET}, \
    {"threads", required_argument, NULL, CLI_OPT_THREADS}, {"seed", required_argument, NULL, CLI_OPT_SEED}, {NULL, 0, NULL, 0}
/* And those of commands that read results with these before. */
#define CLI_RESULT_OPTIONS {"changed", no_argument, NULL, CLI_OPT_CHANGED}
int cli_next(cli_context *c, int argc, char **argv, const struct option *options);
/* The index in argv of the only operand, or 0 after a message; `what` names it. */
int cli_operand(const cli_context *c, int argc, char **argv, const char *what);
/* The nearest of n names, NULL if none is near. */
const char *cli_nearest(const char *word, const char *const *name, int n);

/* number.c: strict reading of whole strings. The option_ forms report "--name: expected ..., found '...'". */
bool cli_parse_double(const char *text, double *out);              /* finite, nothing after it */
bool cli_parse_int(const char *text, int lo, int hi, int *out);
bool cli_parse_u64(const char *text, uint64_t *out);
bool option_int(const cli_context *c, const char *name, const char *text, int lo, int hi, int *out);
bool option_space(const cli_context *c, const char *text, az_space *out); /* --trial */
bool option_coordinates(const cli_context *c, const char *text, az_coordinates *out);
bool option_positive(const cli_context *c, const char *name, const char *text, double *out);
bool option_not_negative(const cli_context *c, const char *name, const char *text, double *out);

/* problem.c: the problem named on a command line, with its settings. */
#define CLI_MAX_SETTINGS 64
typedef struct cli_settings {
    az_setting set[CLI_MAX_SETTINGS];   /* names are owned */
    int n;
} cli_settings;
bool option_set(const cli_context *c, const char *text, cli_settings *s); /* name=value */
void cli_settings_clear(cli_settings *s);
az_problem *cli_problem(const cli_context *c, const char *name_or_path, const cli_settings *s); /* NULL after a message */
int cli_unknown_problem(const cli_context *c, const char *name);    /* says so; returns CLI_ERROR */

/* points.c: --at, --grid and --points. */
#define CLI_MAX_DIM 4
typedef struct cli_points {
    const char *at, *grid, *file;   /* as given, NULL if not */
    int n, dim;
    double *x;                      /* [n][dim], owned */
    int shape[CLI_MAX_DIM];         /* of the grid, the direction that runs fastest first; only if `grid` was given */
} cli_points;
/* Fills n, dim and x for problem p from the option given; from a default sample of `wanted` points when there is none. */
bool cli_points_read(const cli_context *c, cli_points *p, const az_problem *problem, int wanted);
void cli_points_clear(cli_points *p);

/* output.c: files. All names returned are owned by the caller. */
char *cli_name(const char *stem, const char *suffix);               /* stem + suffix */
char *cli_replace_suffix(const char *path, const char *suffix);     /* the last component's extension replaced */
/* Cuts a list of names at its commas, in place; *name by malloc, also on failure, which has been reported. */
bool cli_cut_names(const cli_context *c, const char *option, char *list, const char ***name, int *n);
bool cli_same_file(const char *a, const char *b);

/* place.c: the one rule of every file that a command writes. What is not ours is never replaced;
 * what is ours, of the kind that is written, and finished, is kept as path~ (an unfinished result
 * where it pushes nothing out). All report their failures but those that fill *e. */

/* Before the work: whether the rule will let path be written, and there is room. */
bool cli_check_place(const cli_context *c, const char *path, az_file kind);
/* The same for a file that is gone on with. */
bool cli_check_writable(const cli_context *c, const char *path);
/* The same of a page, if not NULL, beside output. */
bool cli_check_report(const cli_context *c, const char *report, const char *output);
/* The same of results name(stem, 1), name(stem, 2), ... whose number is not known yet. */
bool cli_check_series(const cli_context *c, char *(*name)(const char *, int), const char *stem);
/* Just before the first write. */
bool cli_make_way(const cli_context *c, const char *path, az_file kind);
bool cli_make_way_for(const char *path, az_file kind, az_error *e);
/* Nobody else writes path until the claim is destroyed. */
bool cli_claim(const cli_context *c, az_claim **claim, const char *path);
/* az_result_replace, or az_result_save once way has been made, tried for a quarter of a minute. */
bool cli_save(const cli_context *c, az_result *r, const char *path, az_error *e);
bool cli_save_new(const cli_context *c, const az_result *r, const char *path, az_error *e);

/* result.c: what is said about a result. */
az_result *cli_result(const cli_context *c, const char *path);      /* NULL after a message */
bool cli_reached(const az_result *r);                               /* the asked tolerance, by the best evidence there is */
int cli_result_status(const az_result *r);                          /* CLI_OK or CLI_NOT_REACHED */
void cli_print_result(const az_result *r);                          /* for people, on standard output */
/* "d m/d lambda": az_evidence.defect_slope in the names of the problem; "" without a defect. */
#define CLI_SLOPE_NAME 160
void cli_slope_name(char *name, const az_problem *p);
bool cli_resumable(az_stop s);
/* Version, name and parameters, the first members of an object about a problem. */
struct json;
void cli_json_problem(struct json *j, const az_problem *p);
/* The JSON object of solve, verify and report. Paths may be NULL; trouble is put under "error" if its status is not AZ_OK. */
void cli_json_result(const az_result *r, const char *file, const char *report, const az_error *trouble);

/* polish.c: az_polish with progress and signals. */
az_status cli_polish(const cli_context *c, az_result **out, az_result *from, const az_solve_options *o, az_error *e);

/* progress.c: az_progress_fn for a terminal or a log; ends the run when a signal asked for it. */
typedef struct cli_progress {
    bool show, live, notes;     /* notes: decisions are told */
    double max_seconds;         /* 0 = none */
    double shown_at;            /* seconds, of the run */
    double started_at;          /* of the run, when this session began */
    int shown_iteration, first_iteration;
    bool began, drawn;          /* drawn: a live line is on the screen */
} cli_progress;
void cli_progress_init(cli_progress *p, const cli_context *c, double max_seconds);
int cli_progress_step(void *progress, const az_progress *step);
void cli_progress_end(cli_progress *p);
/* From begin to end the first SIGINT, SIGTERM, SIGHUP or SIGUSR1 is remembered; the same once more
 * kills. */
void cli_signals_begin(void);
/* What a signal says on standard error from now on; NULL: nothing. Not copied. */
void cli_signals_say(const char *words);
void cli_signals_end(void);
bool cli_interrupted(void);



#endif
