/* advice.c: the last words of a run that ended above its tolerance: what was tried, what is left of
 * the time, which rows hold the residual and where, and what would help. */
#include "solve/run.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#define NEARLY 0.1 /* of the largest residual: rows above hold it, too */
#define NAMED 3 /* rows at most */
#define AT_CORNER \
    2.0 /* times the distance that points keep from a corner: a residual that near belongs to it \
         */
#define LEAST_LEFT 1.0 /* seconds: no time worth a word is left below */
#define ASTRAY 0.1 /* relative residual of a run that found nothing: other weights come first */

typedef struct words {
    char *text;
    size_t n;
} words;

static void say(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *format, ...)
{
    const size_t have = strlen(w->text);
    va_list ap;
    va_start(ap, format);
    if (have < w->n) vsnprintf(w->text + have, w->n - have, format, ap);
    va_end(ap);
}

static double relative(const az_result *r, int k)
{
    const double *found = r->row_found + k * AZ_ROW_FOUND(r->problem->dim);
    return isnan(found[AZ_ROW_RELATIVE]) ? found[AZ_ROW_MAX] : found[AZ_ROW_RELATIVE];
}

static const double *place(const az_result *r, int k)
{
    return r->row_found + k * AZ_ROW_FOUND(r->problem->dim) + AZ_ROW_AT;
}

/* The row with the largest residual, -1 where nothing was re-evaluated. */
static int worst_row(const az_result *r)
{
    int worst = -1;
    for (int k = 0; k < r->problem->n_rows; k++)
        if (relative(r, k) > (worst < 0 ? 0 : relative(r, worst))) worst = k;
    return r->evidence.tier >= AZ_TIER_REEVALUATED ? worst : -1;
}

static void shape(words *w, const az_network *net)
{
    if (net->space == AZ_SPACE_ELEMENT) {
        say(w, "%d elements of degree %d", net->mesh.n_edges - 1, net->mesh.degree);
        return;
    }
    if (net->space != AZ_SPACE_MLP) {
        say(w, "%d functions of a %s series", net->width[1], az_series_name(net->space));
        return;
    }
    if (net->n_frozen) {
        say(w, "%d sine features", net->width[1]);
        return;
    }
    say(w, "a tanh network ");
    for (int k = 0; k < net->n_layers; k++) say(w, "%s%d", k ? "x" : "", net->width[k + 1]);
}

static bool tried(words *w, const az_result *r)
{
    const az_trial_state *t = &r->trial[0];
    int stages = 0;
    for (int i = 0; i < r->history.n; i++)
        if (r->history.stage[i] > stages) stages = r->history.stage[i];
    for (int k = 0; k < t->n_stages; k++) {
        say(w, "%s", k ? ", then " : "");
        shape(w, &t->stage[k]);
    }
    if (stages > t->n_stages)
        say(w, "; %d more that did not lower the residual", stages - t->n_stages);
    if (r->restarts)
        say(w, "; %d restart%s from new weights", r->restarts, r->restarts > 1 ? "s" : "");
    say(w, "; %d iterations", r->iterations);
    return true;
}

static bool left(words *w, const az_result *r)
{
    const double most = r->options.max_seconds;
    if (!(most - r->seconds > LEAST_LEFT)) return false;
    say(w, "%.0f s of %.0f s", most - r->seconds, most);
    return true;
}

static void say_place(words *w, const az_problem *p, const double *x)
{
    for (int c = 0; c < p->dim; c++) say(w, "%s %s = %.4g", c ? "," : "", p->coord[c].name, x[c]);
}

static bool where(words *w, const az_result *r)
{
    const int worst = worst_row(r);
    int n = 0;
    double rest = 0;
    if (worst < 0) return false;
    for (int k = 0; k < r->problem->n_rows; k++) {
        const bool named =
            k == worst || (relative(r, k) > NEARLY * relative(r, worst) && n < NAMED);
        if (!named) rest = fmax(rest, relative(r, k));
        if (!named) continue;
        say(w, "%sline %d leaves %.1e at", n++ ? "; " : "", r->problem->row[k].line,
            relative(r, k));
        say_place(w, r->problem, place(r, k));
    }
    if (n < r->problem->n_rows) say(w, "; the other rows at most %.1e", rest);
    return true;
}

/* The contradiction beside which the residual is largest, -1 if there is none. */
static int corner_at(const az_result *r, const double *x)
{
    const az_problem *p = r->problem;
    for (int i = 0; i < r->n_corners; i++) {
        double square = 0;
        for (int c = 0; c < p->dim; c++) {
            const az_coord_decl *d = &p->coord[c];
            const double length = d->range == AZ_INTERVAL ? d->hi - d->lo : d->scale;
            if (r->corner[i].fixed >> c & 1)
                square += pow((x[c] - r->corner[i].at.x[c]) / length, 2);
        }
        if (sqrt(square) < AT_CORNER * AZ_CORNER_AWAY) return i;
    }
    return -1;
}

static bool corner(words *w, const az_result *r)
{
    const int worst = worst_row(r), i = worst < 0 ? -1 : corner_at(r, place(r, worst));
    if (i < 0) return false;
    say(w,
        "lines %d and %d contradict each other there: no option makes that residual small. Change the conditions so that they agree (a ramp), or "
        "read the solution away from it only",
        r->problem->row[r->corner[i].row[0]].line, r->problem->row[r->corner[i].row[1]].line);
    return true;
}

static bool has_series(const az_problem *p, az_space s)
{
    const az_variant v = {.angle = az_series_angle(s)};
    az_problem *q = NULL;
    const bool ok = az_problem_vary(&q, p, &v, NULL) == AZ_OK;
    az_problem_destroy(q);
    return ok;
}

static void spaces(words *w, const az_result *r)
{
    static const az_space space[] = {AZ_SPACE_ELEMENT, AZ_SPACE_CHEBYSHEV, AZ_SPACE_FOURIER,
                                     AZ_SPACE_MLP};
    const char *and = "";
    for (int i = 0; i < (int)(sizeof space / sizeof *space); i++) {
        const az_space s = space[i];
        const bool there = s == AZ_SPACE_MLP ||
                           (s == AZ_SPACE_ELEMENT ? az_elements_check(r->problem, NULL) == AZ_OK
                                                  : has_series(r->problem, s));
        if (s == az_result_space(r) || !there) continue;
        say(w, "%s--trial %s", *and? and : "another space: ", az_space_name(s));
        and = " or ";
    }
    if (*and) say(w, "; ");
}

static void larger(words *w, const az_result *r)
{
    const az_solve_options *o = &r->options;
    if (o->n_layers) {
        say(w, "more %s: --layers ", o->space == AZ_SPACE_MLP ? "neurons" : "functions");
        for (int k = 0; k < o->n_layers; k++) say(w, "%s%d", k ? "," : "", 2 * o->layers[k]);
        say(w, "; ");
    }
    say(w, "more %s: --points %d", o->space == AZ_SPACE_ELEMENT ? "elements" : "points",
        2 * o->points);
}

static bool help(words *w, const az_result *r)
{
    const bool random = r->options.space == AZ_SPACE_MLP,
               astray = !(r->evidence.reevaluated_relative < ASTRAY);
    if (random && astray)
        say(w, "other weights: --seed %llu; ", (unsigned long long)r->options.seed + 1);
    spaces(w, r);
    larger(w, r);
    if (random && !astray)
        say(w, "; other weights: --seed %llu", (unsigned long long)r->options.seed + 1);
    return true;
}

int az_result_advice(const az_result *r, int i, const char **label, char *text, size_t n)
{
    static const struct {
        const char *label;
        bool (*say)(words *w, const az_result *r);
    } line[] = {{"tried", tried},
                {"time left", left},
                {"where", where},
                {"there", corner},
                {"to try", help}};
    const double relative =
        r->evidence.tier >= AZ_TIER_REEVALUATED ? r->evidence.reevaluated_relative : r->check;
    if (r->stop != AZ_STOP_STALLED || r->options.mode || relative <= r->options.tolerance ||
        !r->problem->n_trials || !n)
        return 0;
    for (int k = 0; k < (int)(sizeof line / sizeof *line); k++) {
        words w = {.text = text, .n = n};
        *text = 0;
        if (!line[k].say(&w, r) || i-- > 0) continue;
        *label = line[k].label;
        return 1;
    }
    return 0;
}
