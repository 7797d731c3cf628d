/* progress.c: what a run says while it works.
 *
 * On a terminal one line is redrawn and decisions scroll above it. Elsewhere each record is a line `progress: key = value, ...`, so that
 * plots come from logs. */
#include "cli.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1      /* the eye follows no faster */
#define LOG_SECONDS 1.0
#define LOG_ITERATIONS 25
#define LINE_SIZE 512
#define WIDE 100                /* columns that hold all digits of an unknown */
#define MARGIN 4                /* a wrapped line cannot be redrawn, and the terminal adds ^C */

static volatile sig_atomic_t interrupted;
static const char *volatile words; /* what a signal says */

static void remember(int signal_number)
{
    const char *const s = words;

    (void)signal_number;
    interrupted = 1;
    if (s && write(STDERR_FILENO, s, strlen(s)) < 0) words = NULL;
}

enum { N_ENDING = 4 };
/* The last as batch systems send it before the time is up. */
static const int ending[N_ENDING] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
static struct sigaction before[N_ENDING];

/* A signal that was ignored from the start, as in the background of a script or under nohup, stays
 * ignored. */
void cli_signals_begin(void)
{
    struct sigaction a = {.sa_handler = remember, .sa_flags = SA_RESTART | (int)SA_RESETHAND};

    sigemptyset(&a.sa_mask);
    for (int i = 0; i < N_ENDING; i++)
        if (!sigaction(ending[i], NULL, &before[i]) && before[i].sa_handler != SIG_IGN) sigaction(ending[i], &a, NULL);
}

void cli_signals_end(void)
{
    for (int i = 0; i < N_ENDING; i++) sigaction(ending[i], &before[i], NULL);
}

void cli_signals_say(const char *s) { words = s; }

bool cli_interrupted(void) { return interrupted; }

void cli_progress_init(cli_progress *p, const cli_context *c, double max_seconds)
{
    const char *term = getenv("TERM");

    *p = (cli_progress){.show = !c->quiet, .notes = true, .max_seconds = max_seconds};
    p->live = p->show && isatty(STDERR_FILENO) && term && strcmp(term, "dumb");
    cli_signals_say(p->live ? "\r\033[Kstopping after this iteration; once more kills\n" : NULL);
}

static int columns(void)
{
    struct winsize w;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) || w.ws_col < 20) return 80;
    return w.ws_col;
}

/* The longest the run can still take by its limits; NaN without any. */
static double most_seconds_left(const cli_progress *p, const az_progress *s)
{
    double by_time = p->max_seconds > 0 ? p->max_seconds - s->seconds : NAN, by_count = NAN;
    int done = s->iteration - p->first_iteration;

    if (s->max_iterations > 0 && done > 0) by_count = (s->max_iterations - s->iteration) * (s->seconds - p->started_at) / done;
    double left = fmin(by_time, by_count);
    return left < 0 ? 0 : left;
}

static void add(char *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(char *line, const char *format, ...)
{
    size_t n = strlen(line);
    va_list ap;

    va_start(ap, format);
    vsnprintf(line + n, LINE_SIZE - n, format, ap);
    va_end(ap);
}

static void add_time(char *line, double seconds)
{
    if (seconds < 120) add(line, "%.3g s", seconds);
    else if (seconds < 7200) add(line, "%.0f min", seconds / 60);
    else add(line, "%.1f h", seconds / 3600);
}

/* The unknowns come last: they are what a narrow terminal may cut. */
static void draw(cli_progress *p, const az_progress *s)
{
    char line[LINE_SIZE] = "";
    int width = columns(), digits = width < WIDE ? 8 : 13, end = width - MARGIN;

    add(line, "stage %d %s %d", s->stage, s->phase ? s->phase : "", s->iteration);
    if (s->max_iterations > 0) add(line, "/%d", s->max_iterations);
    add(line, "  ");
    add_time(line, s->seconds);
    double left = most_seconds_left(p, s);
    if (!isnan(left) && (width >= WIDE || p->max_seconds > 0)) {
        add(line, " <");
        add_time(line, s->seconds + left);
    }
    add(line, "  rms %.1e", s->rms);
    if (!isnan(s->check_max)) add(line, "  check %.1e", s->check_max);
    for (int i = 0; i < s->n_unknowns && az_problem_unknown(s->problem, i); i++) add(line, "  %s %.*g", az_problem_unknown(s->problem, i), digits, s->unknowns[i]);
    if (end < LINE_SIZE) line[end] = 0;
    fprintf(stderr, "\r\033[K%s", line);
    fflush(stderr);
    p->drawn = true;
}

static void erase(cli_progress *p)
{
    if (p->drawn) fputs("\r\033[K", stderr);
    p->drawn = false;
}

static void log_line(const az_progress *s)
{
    fprintf(stderr, "progress: stage = %d, phase = %s, iteration = %d, rms = %.6e", s->stage, s->phase ? s->phase : "-", s->iteration, s->rms);
    if (!isnan(s->check_max)) fprintf(stderr, ", check = %.6e", s->check_max); /* not before the first */
    for (int i = 0; i < s->n_unknowns && az_problem_unknown(s->problem, i); i++) fprintf(stderr, ", %s = %.17g", az_problem_unknown(s->problem, i), s->unknowns[i]);
    fprintf(stderr, ", seconds = %.3f\n", s->seconds);
}

int cli_progress_step(void *data, const az_progress *s)
{
    cli_progress *p = data;

    if (!p->show) return cli_interrupted();
    if (!p->began) {
        p->began = true;
        p->started_at = s->seconds;
        p->first_iteration = s->iteration;
        p->shown_at = -INFINITY;
    }
    if (s->note && p->notes) {
        erase(p);
        fprintf(stderr, "%s%s\n", p->live ? "" : "note: ", s->note);
    }
    if (isnan(s->rms)) return cli_interrupted(); /* nothing has been evaluated yet */
    double since = s->seconds - p->shown_at;
    bool due = p->live ? since >= REDRAW_SECONDS || s->note : since >= LOG_SECONDS || s->iteration - p->shown_iteration >= LOG_ITERATIONS;
    if (due) {
        p->live ? draw(p, s) : log_line(s);
        p->shown_at = s->seconds;
        p->shown_iteration = s->iteration;
    }
    return cli_interrupted();
}

void cli_progress_end(cli_progress *p) { erase(p); }
