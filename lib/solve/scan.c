/* scan.c: the funnel. Held at each value of a grid, an unknown leaves the rest to be solved for twice: free, which says what the origin would have
 * (the defect), then with everything imposed, which leaves a residual that dips at admissible values. Where the defect changes its sign between
 * neighbours the unknown is released, from the one at hand.
 *
 * Each seed goes its own way: random weights at the value nearest to the start of the unknown, from there up, then from there down, each solve
 * beginning where its neighbour ended. Random weights at every value cost networks three to five times the iterations, and elements that begin with 0
 * do not find a sharp layer (ccf at 0.55: a defect of -0.03 in 245 iterations, where it is -0.07 in 18). Only where a value cannot be reached from
 * its neighbour, weights are drawn anew. */
#include "solve/scan.h"
#include "io/io.h"
#include "solve/run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define VALUES 16
#define SEEDS 3
/* Of elements in a held solve. Only a declared defect gives them a solution to refine their mesh for; else it would be cut at the origin for ever. */
#define ITERATIONS_SOLUTION 60
#define ITERATIONS_NONE 12
#define MEANS 1e-2 /* trained rms with which a defect means something; the march's profiles have 3e-3, its held values 4e-4 */
#define SHARE 0.25 /* so does one whose defect is this much larger: the origin has what the domain lacks (gclm: 0.1) */
#define SOLVED 0.1 /* and that has been solved at all */
#define MARGIN 0.5 /* of a bracket, on both sides of it: hard bounds of the released unknown */
#define DIP 1e-3 /* residual of a profile over the lower one beside it, where the tolerance is not met */
#define DEEP 1e3 /* times the tolerance: networks with inputs for a layer are drawn anew only above that, since they take half a minute */
#define SAME 1e-2 /* of a step of the grid: profiles nearer than this are one */

typedef struct scanner {
    az_scan *s;
    az_scan_way way;
    const char *table;
    int total;
    double value;
    uint64_t seed;
    bool cancelled, unwritten;
    az_scan_fn fn;
    void *data;
    az_error *err;
} scanner;

const char *az_scan_state_name(az_scan_state s)
{
    static const char *const name[] = {"bracket", "profile", "nothing"};
    return (int)s >= 0 && s < AZ_N_SCAN_STATE ? name[s] : "unknown";
}

void az_scan_options_init(az_scan_options *o)
{
    *o = (az_scan_options){.refine = 1};
    az_solve_options_init(&o->solve);
}

/* ---- The grid and the way over it */

double az_scan_value(const az_scan *s, int place)
{
    const az_scan_options *o = &s->options;
    return place == o->values - 1 ? o->hi : o->lo + (o->hi - o->lo) * place / (o->values - 1);
}

static double width(const az_scan *s) { return (s->options.hi - s->options.lo) / (s->options.values - 1); }

/* Nearest to the start of the unknown. */
static int first_place(const az_scan *s)
{
    double start = s->problem->scalar[s->problem->n_parameters + s->over].value;
    return (int)lround(fmin(fmax((start - s->options.lo) / width(s), 0), s->options.values - 1));
}

int az_scan_place(const az_scan *s, int step)
{
    int first = first_place(s), up = s->options.values - first;
    return step < up ? first + step : first - 1 - (step - up);
}

static int step_of(const az_scan *s, int place)
{
    int first = first_place(s);
    return place >= first ? place - first : s->options.values - 1 - place;
}

int az_scan_step(const az_scan *s, double value)
{
    for (int i = 0; i < s->options.values; i++)
        if (az_scan_value(s, i) == value) return step_of(s, i);
    return -1;
}

/* ---- Rows and brackets */

const az_scan_row *az_scan_find(const az_scan *s, int place, uint64_t seed)
{
    double value = az_scan_value(s, place);
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].value == value && s->row[i].seed == seed) return &s->row[i];
    return NULL;
}

static bool later(const az_scan_row *a, const az_scan_row *b) { return a->value > b->value || (a->value == b->value && a->seed > b->seed); }

az_status az_scan_add_row(az_scan *s, const az_scan_row *row)
{
    az_scan_row *all = az_realloc(s->row, sizeof *all * ((size_t)s->n_rows + 1));
    int i = s->n_rows;
    if (!all) return AZ_ENOMEM;
    s->row = all;
    for (; i > 0 && later(&all[i - 1], row); i--) all[i] = all[i - 1];
    all[i] = *row;
    s->n_rows++;
    return AZ_OK;
}

/* A profile is where it was found, anything else where it was looked for. */
static double place_of(const az_scan_bracket *b) { return b->state == AZ_SCAN_PROFILE ? b->value : 0.5 * (b->low + b->high); }

static int by_place(const void *x, const void *y)
{
    const az_scan_bracket *a = x, *b = y;
    double u = place_of(a), v = place_of(b);
    if (u != v) return (u > v) - (u < v);
    if (a->state != b->state) return (a->state > b->state) - (a->state < b->state);
    return (a->seed > b->seed) - (a->seed < b->seed);
}

static int by_group(const void *x, const void *y)
{
    const az_scan_bracket *a = x, *b = y;
    if (a->group != b->group) return (a->group > b->group) - (a->group < b->group);
    if (a->seed != b->seed) return (a->seed > b->seed) - (a->seed < b->seed);
    return (a->low > b->low) - (a->low < b->low);
}

static bool together(const az_scan *s, const az_scan_bracket *a, const az_scan_bracket *b)
{
    if (a->state != b->state) return false;
    return a->state == AZ_SCAN_PROFILE ? fabs(a->value - b->value) <= SAME * width(s) : a->low == b->low && a->high == b->high;
}

static void sort_brackets(az_scan *s)
{
    int group = 0;
    if (s->n_brackets) qsort(s->bracket, (size_t)s->n_brackets, sizeof *s->bracket, by_place);
    for (int i = 0; i < s->n_brackets; i++) {
        if (i && !together(s, &s->bracket[i - 1], &s->bracket[i])) group++;
        s->bracket[i].group = group;
    }
    if (s->n_brackets) qsort(s->bracket, (size_t)s->n_brackets, sizeof *s->bracket, by_group);
}

az_status az_scan_add_bracket(az_scan *s, const az_scan_bracket *b)
{
    az_scan_bracket *all = az_realloc(s->bracket, sizeof *all * ((size_t)s->n_brackets + 1));
    if (!all) return AZ_ENOMEM;
    s->bracket = all;
    all[s->n_brackets++] = *b;
    sort_brackets(s);
    return AZ_OK;
}

void az_scan_way_clear(az_scan_way *w)
{
    az_free(w->start);
    az_free(w->last);
    *w = (az_scan_way){0};
}

/* ---- Solving */

static void tell(scanner *w, az_scan_progress g)
{
    if (!w->fn) return;
    g.done = w->s->n_rows + w->s->n_brackets, g.total = w->total, g.value = w->value, g.seed = w->seed;
    if (w->fn(w->data, &g)) w->cancelled = true;
}

static int iteration(void *data, const az_progress *g)
{
    scanner *w = data;
    tell(w, (az_scan_progress){.run = g});
    return w->cancelled;
}

static double *unknown(const scanner *w, az_result *r) { return &r->scalar[r->problem->n_parameters + w->s->over]; }

static az_status draw(scanner *w, az_result **out, const az_problem *p)
{
    az_solve_options o = w->s->options.solve;
    o.seed = w->seed;
    az_status st = az_run_create(out, p, &o, w->err);
    if (!st) (*out)->ladder.over = w->s->over;
    return st;
}

static az_status copy(scanner *w, az_result **out, const char *bytes, size_t n)
{
    az_status st = az_result_load_memory(out, "the state of the scan", bytes, n, w->err);
    if (!st) (*out)->ladder.over = w->s->over;
    return st;
}

/* One first stage; with AZ_HELD_NOT all of them. A mesh that would be refined for ever ends it, too. */
static az_status leg(scanner *w, az_result *r, az_hold hold, bool fresh)
{
    const az_problem *p = r->problem;
    int most = w->s->options.solve.max_iterations, few = hold == AZ_HELD_FREE && p->n_defects ? ITERATIONS_SOLUTION : ITERATIONS_NONE;
    if (hold && az_run_elements(r) && (most == 0 || most > few)) most = few;
    r->ladder.held = hold;
    for (int i = az_problem_first_defect(p); i < az_problem_layer_slot(p, 0) && hold != AZ_HELD_FREE; i++) r->scalar[i] = p->scalar[i].value;
    r->ladder.found = !fresh;
    r->stop = AZ_STOP_RUNNING;
    r->stage_iteration = r->retries = 0;
    r->n_memory = fresh ? 0 : -1;
    r->check = NAN;
    r->options.max_iterations = most ? r->iterations + most : 0;
    az_status st = az_run_go(r, &w->s->options.solve, fresh, iteration, w, w->err);
    if (st == AZ_ELIMIT) r->stop = AZ_STOP_DIVERGED;
    return st == AZ_ELIMIT ? AZ_OK : st;
}

static bool went_wrong(const az_result *r) { return r->stop == AZ_STOP_NONFINITE || r->stop == AZ_STOP_DIVERGED || !isfinite(r->rms); }

static az_run opened(scanner *w, az_result *r)
{
    return (az_run){.r = r, .p = r->problem, .threads = az_threads(w->s->options.solve.threads > 0 ? w->s->options.solve.threads : 1), .err = w->err};
}

/* Inputs for an internal layer that networks do not resolve; *changed: they have more to learn. */
static az_status follow(scanner *w, az_result *r, bool *changed)
{
    az_run run = opened(w, r);
    az_status st = az_run_open(&run);
    if (!st) st = az_run_layer(&run, changed);
    az_run_close(&run);
    return st;
}

static az_status read_defect(scanner *w, az_result *r, double *defect)
{
    az_run run = opened(w, r);
    az_status st = az_run_open(&run);
    if (!st) st = az_ladder_defect(defect, &run);
    az_run_close(&run);
    return st;
}

/* The largest residual between the points as the state is, whatever ended the leg. */
static az_status read_residual(scanner *w, az_result *r, double *residual)
{
    az_run run = opened(w, r);
    bool refined;
    az_status st = az_run_open(&run);
    if (!st) st = az_run_judge(&run, &refined);
    if (!st || st == AZ_ELIMIT) *residual = r->check;
    az_run_close(&run);
    return st == AZ_ELIMIT ? AZ_OK : st;
}

static az_status solve_free(scanner *w, az_result *r, bool fresh, az_scan_row *row)
{
    bool changed = false;
    az_status st = leg(w, r, AZ_HELD_FREE, fresh);
    if (!st && !went_wrong(r) && !w->cancelled) st = follow(w, r, &changed);
    if (!st && changed) st = leg(w, r, AZ_HELD_FREE, false);
    if (!st && !went_wrong(r) && !w->cancelled) st = read_defect(w, r, &row->defect);
    return st;
}

static bool meaningful(const az_scan *s, const az_scan_row *row)
{
    if (!isfinite(row->residual)) return false;
    if (!s->signs) return true;
    return isfinite(row->defect) && row->trained <= SOLVED && row->trained <= fmax(MEANS, SHARE * fabs(row->defect));
}

/* *after: the state that neighbours begin with. Elements in several coordinates have no place for a condition more than there are unknowns: what is left of their
 * residual is that of the solution with the defect free. */
static az_status solve_row(scanner *w, az_scan_row *row, az_result *r, bool fresh, char **after, size_t *n_after)
{
    int before = r->iterations;
    bool signs = w->s->signs;
    *row = (az_scan_row){.value = w->value, .seed = w->seed, .residual = NAN, .defect = NAN, .trained = NAN};
    *unknown(w, r) = w->value;
    az_status st = signs ? solve_free(w, r, fresh, row) : leg(w, r, AZ_HELD_IMPOSED, fresh);
    bool good = !st && !went_wrong(r) && !w->cancelled;
    if (good) {
        row->trained = r->rms;
        r->ladder.held = AZ_HELD_NOT;
        st = az_result_save_memory(r, after, n_after, w->err);
    }
    if (az_run_square(r)) r->ladder.held = AZ_HELD_FREE;
    else if (good && !st && signs) st = leg(w, r, AZ_HELD_IMPOSED, false);
    if (good && !st && !went_wrong(r) && !w->cancelled) st = read_residual(w, r, &row->residual);
    row->iterations = r->iterations - before;
    row->ok = meaningful(w->s, row);
    return st;
}

static az_status solve_anew(scanner *w, az_scan_row *row, char **after, size_t *n_after)
{
    az_result *r = NULL;
    az_status st = draw(w, &r, w->s->problem);
    if (!st) st = solve_row(w, row, r, true, after, n_after);
    az_result_destroy(r);
    return st;
}

/* From the neighbour, or where that leads nowhere from new weights. */
static az_status solve_next(scanner *w, az_scan_row *row, char **after, size_t *n_after)
{
    az_scan_way *way = &w->way;
    az_result *r = NULL;
    if (!way->last) return solve_anew(w, row, after, n_after);
    az_status st = copy(w, &r, way->last, way->n_last);
    if (!st) st = solve_row(w, row, r, false, after, n_after);
    az_result_destroy(r);
    if (st || row->ok || w->cancelled) return st;
    az_scan_row other;
    char *bytes = NULL;
    size_t n;
    st = solve_anew(w, &other, &bytes, &n);
    if (!st && !w->cancelled && other.ok) {
        az_free(*after);
        *after = bytes, *n_after = n, *row = other;
    } else az_free(bytes);
    return st;
}

/* ---- Brackets */

/* A third row, `before` the two of a bracket or NULL, makes it a dip. */
static bool brackets(const az_scan *s, const az_scan_row *a, const az_scan_row *b, const az_scan_row *before)
{
    if (!a || !b || !a->ok || !b->ok) return false;
    if (s->signs) return (a->defect < 0) != (b->defect < 0);
    return before && before->ok && a->residual < b->residual && a->residual < before->residual;
}

/* The bracket that begins at a place of the grid; for a dip: whose lowest value is there. */
static bool bracket_at(const az_scan *s, az_scan_bracket *b, int place, uint64_t seed)
{
    if (place < 0 || place + 1 >= s->options.values) return false;
    const az_scan_row *low = az_scan_find(s, place, seed), *high = az_scan_find(s, place + 1, seed);
    const az_scan_row *before = place ? az_scan_find(s, place - 1, seed) : NULL;
    if (!brackets(s, low, high, before)) return false;
    *b = (az_scan_bracket){.low = s->signs ? low->value : before->value, .high = high->value, .seed = seed, .value = low->value};
    b->error = b->residual = NAN;
    if (s->signs) b->value = low->value + (high->value - low->value) * low->defect / (low->defect - high->defect);
    return true;
}

static bool known(const az_scan *s, const az_scan_bracket *b)
{
    for (int i = 0; i < s->n_brackets; i++)
        if (s->bracket[i].low == b->low && s->bracket[i].high == b->high && s->bracket[i].seed == b->seed) return true;
    return false;
}

/* The lower of the residuals at the ends of a bracket. */
static double beside(const az_scan *s, const az_scan_bracket *b)
{
    double least = INFINITY;
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].seed == b->seed && (s->row[i].value == b->low || s->row[i].value == b->high)) least = fmin(least, s->row[i].residual);
    return least;
}

/* The unknown is released at `from`, inside hard bounds, and the outcome judged: better than that of b, it takes its place. *best: the state that b
 * tells of. */
static az_status release(scanner *w, az_scan_bracket *b, az_result *r, double from, bool fresh, az_result **best)
{
    const az_scan *s = w->s;
    double width = b->high - b->low, most = fmax(s->options.solve.tolerance, DIP * beside(s, b)), error;
    int before = r->iterations;
    *unknown(w, r) = from;
    r->ladder.lo = b->low - MARGIN * width, r->ladder.hi = b->high + MARGIN * width;
    az_status st = leg(w, r, AZ_HELD_NOT, fresh);
    if (!st && !w->cancelled && !went_wrong(r)) st = az_verify(r, s->options.solve.threads, w->err);
    if (st || w->cancelled) return st;
    double value = az_result_unknown(r, s->over, &error), residual = r->evidence.reevaluated_relative;
    b->iterations += r->iterations - before;
    if (b->state != AZ_SCAN_BRACKET && !(residual < b->residual)) return AZ_OK;
    b->value = value, b->error = error, b->residual = residual;
    *best = r;
    b->state = residual <= most ? AZ_SCAN_PROFILE : AZ_SCAN_NOTHING;
    return AZ_OK;
}

/* A result like those of a solve: what bound it to the scan goes. */
static void stand_alone(const az_scan *s, az_result *r, const az_scan_bracket *b)
{
    const double ends[2] = {b->low, b->high};
    r->ladder.found = r->ladder.over = 0;
    r->ladder.lo = -INFINITY, r->ladder.hi = INFINITY;
    r->hash = az_hash_bytes(az_hash_bytes(s->hash, ends, sizeof ends), &b->seed, sizeof b->seed);
}

/* From the state at one end, which is the last of the way. Networks that have followed a solution that is not smooth seldom reach the depth of new
 * ones, which begin with the inputs and the value that they found: gclm's residual stays at 2e-7 instead of 3e-14. */
static az_status refine(scanner *w, az_scan_bracket *b, az_result **profile)
{
    az_result *r = NULL, *anew = NULL, *best = NULL;
    double about = b->value;
    az_status st = copy(w, &r, w->way.last, w->way.n_last);
    if (!st) st = release(w, b, r, about, false, &best);
    bool deep = !st && b->residual <= (r->problem->n_layers ? DEEP : 1) * w->s->options.solve.tolerance;
    if (!st && !w->cancelled && !deep && !az_run_elements(r)) {
        st = draw(w, &anew, r->problem);
        if (!st) st = release(w, b, anew, b->state == AZ_SCAN_PROFILE ? b->value : about, true, &best);
    }
    if (!st && !w->cancelled && b->state == AZ_SCAN_PROFILE) stand_alone(w->s, *profile = best, b);
    if (*profile != r) az_result_destroy(r);
    if (*profile != anew) az_result_destroy(anew);
    return st;
}

static int n_profiles(const az_scan *s)
{
    int n = 0;
    for (int i = 0; i < s->n_brackets; i++) n += s->bracket[i].state == AZ_SCAN_PROFILE;
    return n;
}

/* Brackets that the row of this place completes. */
static az_status new_brackets(scanner *w, int place)
{
    az_scan *s = w->s;
    az_status st = AZ_OK;
    for (int i = place - 1; i <= place + 1 && !st && !w->cancelled; i++) {
        az_scan_bracket b;
        az_result *profile = NULL;
        if (!bracket_at(s, &b, i, w->seed) || known(s, &b)) continue;
        w->total++;
        if (s->options.refine) st = refine(w, &b, &profile);
        if (profile) b.profile = n_profiles(s) + 1;
        if (!st && !w->cancelled) st = az_scan_add_bracket(s, &b);
        if (!st && !w->cancelled) tell(w, (az_scan_progress){.bracket = &b, .result = profile});
        az_result_destroy(profile);
    }
    return st;
}

/* ---- The scan */

static az_status keep(scanner *w, bool arrived, az_error *err)
{
    if (!w->table) return AZ_OK;
    az_status st = az_scan_write_table(w->s, w->table, err);
    return st || !arrived ? st : az_scan_write_way(w->s, &w->way, w->table, err);
}

/* On the way a disk may be full for a while: that is told, once, and the next row writes all of
 * them. */
static az_status keep_on(scanner *w, bool arrived)
{
    az_error e;
    az_status st = keep(w, arrived, &e);
    if (st == AZ_EIO && !w->unwritten) tell(w, (az_scan_progress){.trouble = e.message});
    w->unwritten = st == AZ_EIO;
    return st == AZ_EIO ? AZ_OK : st ? az_fail(w->err, st, "%s", e.message) : AZ_OK;
}

/* The state after a step that is ok: the next begins with it. */
static az_status advance(az_scan_way *way, char *after, size_t n)
{
    az_free(way->last);
    way->last = after, way->n_last = n;
    if (way->step) return AZ_OK;
    way->start = az_alloc_array(n, 1);
    if (!way->start) return AZ_ENOMEM;
    memcpy(way->start, after, n);
    way->n_start = n;
    return AZ_OK;
}

/* Down from the start. */
static void turn(az_scan_way *way)
{
    az_free(way->last);
    way->last = way->start, way->n_last = way->n_start;
    way->start = NULL, way->n_start = 0;
}

static az_status one_step(scanner *w)
{
    az_scan *s = w->s;
    az_scan_way *way = &w->way;
    az_scan_row row;
    char *after = NULL;
    size_t n = 0;
    int place = az_scan_place(s, way->step);
    w->value = az_scan_value(s, place);
    if (way->step && place == first_place(s) - 1) turn(way);
    az_status st = solve_next(w, &row, &after, &n);
    if (st || w->cancelled) {
        az_free(after);
        return st;
    }
    if (row.ok) st = advance(way, after, n);
    else az_free(after);
    if (!st) st = az_scan_add_row(s, &row);
    if (st) return az_fail(w->err, st, "out of memory");
    tell(w, (az_scan_progress){.row = &row});
    if (row.ok && !w->cancelled) st = new_brackets(w, place);
    bool arrived = !st && !w->cancelled;
    way->step += arrived;
    return st ? st : keep_on(w, arrived);
}

/* What a resumed way will meet again. */
static void forget(az_scan *s, uint64_t seed, int step)
{
    int rows = 0, brackets = 0;
    for (int i = 0; i < s->n_rows; i++)
        if (s->row[i].seed != seed || az_scan_step(s, s->row[i].value) < step) s->row[rows++] = s->row[i];
    s->n_rows = rows;
    for (int i = 0; i < s->n_brackets; i++) {
        const az_scan_bracket *b = &s->bracket[i];
        if (b->seed != seed || (az_scan_step(s, b->low) < step && az_scan_step(s, b->high) < step)) s->bracket[brackets++] = *b;
    }
    s->n_brackets = brackets;
    sort_brackets(s);
}

static bool finished(const az_scan *s, uint64_t seed)
{
    for (int i = 0; i < s->options.values; i++)
        if (!az_scan_find(s, i, seed)) return false;
    return true;
}

static az_status sweep(scanner *w)
{
    az_scan *s = w->s;
    az_status st = AZ_OK;
    int here = w->way.step ? w->way.seed : -1;
    for (int k = 0; k < s->options.seeds && !st && !w->cancelled; k++) {
        w->seed = s->options.solve.seed + (uint64_t)k;
        if (k != here && finished(s, w->seed)) continue;
        if (k != here) az_scan_way_clear(&w->way), here = -1;
        w->way.seed = k;
        forget(s, w->seed, w->way.step);
        w->total = s->options.values * s->options.seeds + s->n_brackets;
        while (w->way.step < s->options.values && !st && !w->cancelled) st = one_step(w);
    }
    s->complete = !st && !w->cancelled;
    if (!st) st = keep(w, false, w->err);
    if (s->complete && !st && w->table) az_scan_remove_way(w->table);
    return st;
}

static az_status find_unknown(az_scan *s, const char *name, az_error *err)
{
    const az_problem *p = s->problem;
    int n = az_problem_n_unknowns(p);
    if (n < 1) return az_fail(err, AZ_EOPTION, "a scan holds an unknown at a grid of values: %s has none", p->name);
    s->over = name ? az_problem_slot(p, name) - p->n_parameters : 0;
    if (s->over < 0 || s->over >= n) return az_fail(err, AZ_ENAME, "%s has no unknown '%s'", p->name, name);
    s->options.over = p->scalar[p->n_parameters + s->over].name;
    return AZ_OK;
}

static az_status check(const az_scan *s, az_error *err)
{
    const az_scan_options *o = &s->options;
    const az_scalar_decl *u = &s->problem->scalar[s->problem->n_parameters + s->over];
    az_status st = az_check_coordinates(s->problem, &o->solve, err);
    if (st) return st;
    if (az_series_name(o->solve.space))
        return az_fail(err, AZ_EOPTION, "a scan is for networks and elements, not for %s series", az_series_name(o->solve.space));
    if (o->solve.mode) return az_fail(err, AZ_EOPTION, "a scan takes no mode: it looks for all profiles between its ends");
    if (!(o->lo < o->hi) || !isfinite(o->lo) || !isfinite(o->hi))
        return az_fail(err, AZ_EOPTION, "a scan needs two ends, the lower one first: found %g and %g", o->lo, o->hi);
    if (!(o->lo >= u->lo && o->hi <= u->hi))
        return az_fail(err, AZ_EOPTION, "%s is an unknown in [%g, %g]: the ends of the scan, %g and %g, are not inside", u->name, u->lo, u->hi, o->lo,
                       o->hi);
    if (o->values < 2 || o->values > AZ_MAX_SCAN_VALUES) return az_fail(err, AZ_EOPTION, "option values is out of range: expected 2 to %d", AZ_MAX_SCAN_VALUES);
    if (o->seeds < 1 || o->seeds > AZ_MAX_SCAN_SEEDS) return az_fail(err, AZ_EOPTION, "option seeds is out of range: expected 1 to %d", AZ_MAX_SCAN_SEEDS);
    if (o->solve.space == AZ_SPACE_ELEMENT && s->problem->dim > 1 && !s->problem->n_defects)
        return az_fail(err, AZ_EOPTION, "with elements in several coordinates a scan solves for a `defect` while it holds %s: %s declares none", u->name, s->problem->name);
    if (o->solve.space == AZ_SPACE_ELEMENT && o->solve.coordinates == AZ_POLAR)
        return az_fail(err, AZ_EOPTION,
                       "elements hold %s in conformal coordinates: in polar ones they are smooth at the corner, and what is between profiles is not", u->name);
    if (o->seeds > 1 && o->solve.space == AZ_SPACE_ELEMENT)
        return az_fail(err, AZ_EOPTION, "option seeds is out of range: expected 1, since elements start from 0 and not from random weights");
    return AZ_OK;
}

static az_status hash(az_scan *s, az_error *err)
{
    const az_scan_options *o = &s->options;
    az_result *r = NULL;
    az_status st = az_run_create(&r, s->problem, &o->solve, err);
    if (st) return st;
    double ends[2] = {o->lo, o->hi};
    int counts[4] = {s->over, o->values, o->seeds, o->refine};
    s->hash = az_hash_bytes(az_hash_bytes(r->hash, ends, sizeof ends), counts, sizeof counts);
    az_result_destroy(r);
    return AZ_OK;
}

static az_status resolve(az_scan *s, const az_scan_options *asked, az_error *err)
{
    const az_problem *p = s->problem;
    az_scan_options *o = &s->options;
    az_status st = az_check_options(&asked->solve, err);
    if (st) return st;
    *o = *asked;
    o->table = NULL;
    o->refine = asked->refine != 0;
    if (!o->values) o->values = VALUES;
    if (!o->seeds) o->seeds = o->solve.space == AZ_SPACE_ELEMENT ? 1 : SEEDS;
    st = find_unknown(s, asked->over, err);
    if (!st) st = check(s, err);
    if (st) return st;
    az_resolve_options(&o->solve, p, &asked->solve);
    s->signs = p->n_defects > 0;
    for (int k = 0; k < p->n_rows; k++) s->signs |= p->row[k].kind == AZ_ROW_SELECT;
    return hash(s, err);
}

/* A place on the way counts only with the rows that lead to it. */
static az_status resume(scanner *w)
{
    az_scan_way *way = &w->way;
    az_status st = az_scan_read_table(w->s, w->table, w->err);
    if (!st) st = az_scan_read_way(w->s, way, w->table, w->err);
    for (int t = 0; t < way->step && !st; t++)
        if (!az_scan_find(w->s, az_scan_place(w->s, t), w->s->options.solve.seed + (uint64_t)way->seed)) az_scan_way_clear(way);
    return st;
}

az_status az_scan_run(az_scan **out, const az_problem *p, const az_scan_options *o, az_scan_fn fn, void *data, az_error *err)
{
    double started = az_seconds();
    az_scan *s = az_calloc(1, sizeof *s);
    scanner w = {.s = s, .table = o->table, .fn = fn, .data = data, .err = err};
    *out = NULL;
    if (!s) return az_fail(err, AZ_ENOMEM, "out of memory");
    az_status st = az_problem_restate(&s->problem, p, NULL, 0, err);
    if (!st) st = resolve(s, o, err);
    if (!st && o->table) st = az_scan_check_way(o->table, err);
    if (!st && o->table) st = o->resume ? resume(&w) : (az_scan_remove_way(o->table), AZ_OK);
    if (!st) st = sweep(&w);
    s->seconds = az_seconds() - started;
    az_scan_way_clear(&w.way);
    if (st) az_scan_destroy(s);
    else *out = s;
    return st;
}

void az_scan_destroy(az_scan *s)
{
    if (!s) return;
    az_problem_destroy(s->problem);
    az_free(s->row);
    az_free(s->bracket);
    az_free(s);
}

int az_scan_complete(const az_scan *s) { return s->complete; }
const az_scan_options *az_scan_get_options(const az_scan *s) { return &s->options; }
const az_problem *az_scan_problem(const az_scan *s) { return s->problem; }
uint64_t az_scan_hash(const az_scan *s) { return s->hash; }
double az_scan_seconds(const az_scan *s) { return s->seconds; }

const az_scan_row *az_scan_rows(const az_scan *s, int *n)
{
    *n = s->n_rows;
    return s->row;
}

const az_scan_bracket *az_scan_brackets(const az_scan *s, int *n)
{
    *n = s->n_brackets;
    return s->bracket;
}
