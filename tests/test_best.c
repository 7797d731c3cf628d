/* best: what a run returns is the best state that the independent check has seen, and survives
 * files and interruptions; a corner where conditions contradict each other is found, named and left
 * alone; a run ends for no reason that nobody asked for. */
#include "solve/run.h"
#include "testing.h"

#include <math.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static const char heat[] =
    "problem heat \"u_t = u_xx, whose corners contradict each other\"\n"
    "domain x in [0, 1]\n"
    "time t in [0, 0.2]\n"
    "field u(x, t)\n"
    "equation d(u, t) = d(u, x, x)\n"
    "initial u = 0\n"
    "boundary u = 1 at x = 0\n"
    "boundary u = 1 at x = 1\n";

static const char cavity[] =
    "problem cavity \"Lid-driven cavity, Re = 100\"\n"
    "domain x, y in box [0, 1] x [0, 1]\n"
    "field psi(x, y)\n"
    "let u = d(psi, y)\n"
    "let v = -d(psi, x)\n"
    "let w = -d(psi, x, x) - d(psi, y, y)\n"
    "equation u*d(w, x) + v*d(w, y) = (d(w, x, x) + d(w, y, y))/100\n"
    "boundary psi = 0 at x = 0\n"
    "boundary psi = 0 at x = 1\n"
    "boundary psi = 0 at y = 0\n"
    "boundary psi = 0 at y = 1\n"
    "boundary v = 0 at x = 0\n"
    "boundary v = 0 at x = 1\n"
    "boundary u = 0 at y = 0\n"
    "boundary u = 1 at y = 1\n";

static const char primitive[] =
    "problem cavity \"The same in velocities and pressure\"\n"
    "domain x, y in box [0, 1] x [0, 1]\n"
    "field u(x, y)\n"
    "field v(x, y)\n"
    "field p(x, y)\n"
    "equation u*d(u, x) + v*d(u, y) + d(p, x) = (d(u, x, x) + d(u, y, y))/100\n"
    "equation u*d(v, x) + v*d(v, y) + d(p, y) = (d(v, x, x) + d(v, y, y))/100\n"
    "equation d(u, x) + d(v, y) = 0\n"
    "boundary u = 0 at x = 0\n"
    "boundary u = 0 at x = 1\n"
    "boundary u = 0 at y = 0\n"
    "boundary u = 1 at y = 1\n"
    "boundary v = 0 at x = 0\n"
    "boundary v = 0 at x = 1\n"
    "boundary v = 0 at y = 0\n"
    "boundary v = 0 at y = 1\n"
    "pin p@(0.5, 0.5) = 0\n";

/* Conditions that agree: by value, by an unknown, by a free derivative, and where the data vanish
 * by rounding only. */
static const char *const agreeing[] = {
    "problem a \"a\"\ndomain x in [0, 1]\ntime t in [0, 1]\nfield u(x, t)\nequation d(u, t) = d(u, x, x)\ninitial u = sin(pi*x)\nboundary u = 0 at x = 0\n"
    "boundary u = 0 at x = 1\n",
    "problem b \"b\"\nunknown c = 1\ndomain x, y in box [0, 1] x [0, 1]\nfield u(x, y)\nequation d(u, x, x) + d(u, y, y) = 0\nboundary u = c at x = 0\n"
    "boundary u = 0 at y = 0\n",
    "problem c \"c\"\ndomain x, y in box [0, 1] x [0, 1]\nfield u(x, y)\nequation d(u, x, x) + d(u, y, y) = 0\nboundary d(u, x) = 1 at x = 0\n"
    "boundary d(u, y) = 2 at y = 0\n",
    "problem e \"e\"\ndomain x, y in box [0, 1] x [0, 1]\nfield u(x, y)\nfield v(x, y)\nequation d(u, x) = v\nequation d(v, y) = u\nboundary u = 0 at x = 0\n"
    "boundary v = 1 at y = 0\n",
};

static az_solve_options options(int points, int width, int iterations)
{
    az_solve_options o;
    az_solve_options_init(&o);
    o.threads = 1, o.points = points, o.n_layers = 2, o.layers[0] = o.layers[1] = width,
    o.max_iterations = iterations, o.max_stages = 1;
    return o;
}

static az_result *solved(const char *text, const az_solve_options *o, az_progress_fn fn, void *data)
{
    az_problem *p = parse(text);
    az_result *r = NULL;
    az_error err;
    if (az_solve(&r, p, o, fn, data, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    return r;
}

static az_result *through_a_file(az_result *r)
{
    char *bytes = NULL;
    size_t n = 0;
    az_result *q = NULL;
    az_error err;
    if (az_result_save_memory(r, &bytes, &n, &err) ||
        az_result_load_memory(&q, "memory", bytes, n, &err))
        fail_msg("%s", err.message);
    az_free(bytes);
    az_result_destroy(r);
    return q;
}

static void finds(const char *text, int n, const int (*line)[2], const double (*at)[2])
{
    const az_solve_options o = options(50, 4, 1);
    az_result *r = solved(text, &o, NULL, NULL);
    assert_int_equal(az_result_n_contradictions(r), n);
    for (int i = 0; i < n; i++) {
        const az_contradiction c = az_result_contradiction(r, i);
        assert_true(c.line[0] == line[i][0] && c.line[1] == line[i][1]);
        assert_true(c.at[0] == at[i][0] && c.at[1] == at[i][1]);
        if (!(fabs(c.gap - 1) < 1e-6)) fail_msg("gap %g", c.gap);
    }
    for (int k = 0; k < r->problem->n_rows; k++) /* no point near one */
        for (int i = 0; i < r->points[k].n; i++)
            for (int j = 0; j < n; j++) {
                const double *x = r->points[k].x + 2 * i, *a = at[j], t = r->problem->coord[1].hi;
                if (!(hypot(x[0] - a[0], (x[1] - a[1]) / t) > 0.999 * AZ_CORNER_AWAY))
                    fail_msg("a point of row %d at %g, %g", k, x[0], x[1]);
            }
    r = through_a_file(r);
    assert_int_equal(az_result_n_contradictions(r), n);
    for (int i = 0; i < n; i++)
        assert_true(az_result_contradiction(r, i).line[1] == line[i][1] &&
                    az_result_contradiction(r, i).at[1] == at[i][1]);
    az_result_destroy(r);
}

static void corners(void **state)
{
    (void)state;
    finds(heat, 2, (const int[][2]){{6, 7}, {6, 8}}, (const double[][2]){{0, 0}, {1, 0}});
    finds(cavity, 2, (const int[][2]){{8, 15}, {9, 15}}, (const double[][2]){{0, 1}, {1, 1}});
    finds(primitive, 2, (const int[][2]){{9, 12}, {10, 12}}, (const double[][2]){{0, 1}, {1, 1}});
    for (int i = 0; i < COUNT(agreeing); i++) finds(agreeing[i], 0, NULL, NULL);
}

/* The largest residual over points away from the corners, which no run has seen. */
static double judged(const az_result *r)
{
    az_run run = {.r = (az_result *)r, .p = r->problem, .threads = 1};
    az_points *points = az_calloc((size_t)r->problem->n_rows, sizeof *points);
    az_program *g;
    az_error err;
    for (int k = 0; k < r->problem->n_rows; k++) {
        const az_row_decl *row = &r->problem->row[k];
        assert_int_equal(
            az_points_spread(&points[k], r->problem, az_row_fixed(row), &row->at, 4000, 77777, 0),
            AZ_OK);
        az_run_avoid_corners(r, &points[k], az_row_fixed(row));
    }
    const az_program_setup setup = {.points = points, .rows = true, .measure = true, .threads = 1};
    if (az_program_create(&g, r->problem, &setup, &err)) fail_msg("%s", err.message);
    double *res = az_doubles((size_t)az_program_rows(g));
    const double worst = az_run_worst(&run, g, res);
    for (int k = 0; k < r->problem->n_rows; k++) az_doubles_free(points[k].x);
    az_free(points);
    az_doubles_free(res);
    az_program_destroy(g);
    return worst;
}

/* Points are not spent on the corners: the heat arrives in the middle as it should, within what the
 * neighbourhoods left out hold. */
static void heat_arrives(void **state)
{
    (void)state;
    const az_solve_options o = options(400, 10, 200);
    az_result *r = solved(heat, &o, NULL, NULL);
    const double at[] = {0.5, 0.1, 0.1, 0.1, 0.5, 0.2}, right[] = {0.52551, 0.85331, 0.82312};
    double u[3];
    az_error err;
    if (az_eval(r, u, "u", at, 3, NULL, &err)) fail_msg("%s", err.message);
    for (int i = 0; i < 3; i++)
        if (!(fabs(u[i] - right[i]) < 0.03))
            fail_msg("u(%g, %g) = %g, not %g", at[2 * i], at[2 * i + 1], u[i], right[i]);
    if (!(judged(r) < 1)) fail_msg("a residual of %g", judged(r));
    az_result_destroy(r);
}

static bool same_networks(const az_trial_state *a, const az_trial_state *b)
{
    if (a->n_stages != b->n_stages) return false;
    for (int k = 0; k < a->n_stages; k++)
        if (a->stage[k].n_weights != b->stage[k].n_weights ||
            memcmp(a->stage[k].weight, b->stage[k].weight,
                   sizeof(double) * (size_t)a->stage[k].n_weights))
            return false;
    return true;
}

static void spoil(az_result *r)
{
    az_network *net = &r->trial[0].stage[0];
    for (int i = 0; i < net->n_weights; i++) net->weight[i] *= 3;
}

/* A run that goes astray returns what it had before, also through files, and goes on from where it
 * was, with the same bits. */
static void kept(void **state)
{
    (void)state;
    az_solve_options o = options(150, 8, 45);
    az_error err;
    az_result *r = solved(heat, &o, NULL, NULL), *other = NULL;
    char *bytes = NULL;
    size_t n = 0;
    assert_true(r->kept.trial && !r->kept.aside && r->kept.iteration == 40 &&
                r->stop == AZ_STOP_ITERATIONS);
    const double good = judged(r);
    spoil(r);
    if (az_result_save_memory(r, &bytes, &n, &err) ||
        az_result_load_memory(&other, "memory", bytes, n, &err))
        fail_msg("%s", err.message);
    az_free(bytes);
    for (int leg = 0; leg < 3; leg++) { /* one iteration each */
        o.max_iterations = 46 + leg;
        if (az_resume(r, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
        assert_true(r->iterations == 46 + leg && r->kept.aside && r->kept.iteration == 40);
        if (!(judged(r) < 1.2 * good)) fail_msg("returned %g, and %g was there", judged(r), good);
        r = through_a_file(r);
        assert_true(r->kept.aside && judged(r) < 1.2 * good);
        az_kept_swap(r);
        if (!(judged(r) > 2 * good)) /* a residual beside the terms of its row is at most about 1 */
            fail_msg("the working state has %g, not worse than %g", judged(r), good);
        az_kept_swap(r);
    }
    o.max_iterations = 48;
    if (az_resume(other, &o, NULL, NULL, &err)) fail_msg("%s", err.message);
    assert_true(other->kept.aside && same_networks(other->trial, r->trial) &&
                same_networks(other->kept.trial, r->kept.trial));
    az_result_destroy(other);
    az_result_destroy(r);
}

typedef struct watch {
    double least;
    int last;
} watch;

static int see(void *data, const az_progress *s)
{
    watch *w = data;
    if (s->check_max < w->least) w->least = s->check_max;
    w->last = s->iteration;
    return 0;
}

/* Whatever the run's later points show: to its own end it keeps what was best. */
static void to_the_end(void **state)
{
    (void)state;
    az_solve_options o = options(120, 6, 0);
    watch w = {.least = INFINITY};
    o.tolerance = 1e-9;
    az_result *r = solved(heat, &o, see, &w);
    assert_int_equal(r->stop, AZ_STOP_STALLED);
    assert_true(w.last > 100 && !r->kept.trial);
    if (!(judged(r) < 5 * w.least)) fail_msg("returned %g, and %g was there", judged(r), w.least);
    az_result_destroy(r);
}

/* Limits: none that nobody asked for, and a session goes on by what was. */
static void limits(void **state)
{
    (void)state;
    az_error err;
    az_solve_options o = options(60, 4, 7), none;
    az_solve_options_init(&none);
    none.threads = 1;
    az_result *r = solved(agreeing[0], &o, NULL, NULL);
    for (int leg = 1; leg <= 3; leg++) {
        assert_true(r->stop == AZ_STOP_ITERATIONS && r->iterations == 7 * leg);
        r = through_a_file(r);
        if (az_resume(r, &none, NULL, NULL, &err)) fail_msg("%s", err.message);
    }
    none.max_iterations = 30;
    if (az_resume(r, &none, NULL, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(r->iterations, 30);
    if (az_resume(r, &none, NULL, NULL, &err)) fail_msg("%s", err.message);
    assert_int_equal(r->iterations, 60);
    az_result_destroy(r);
}

static void no_limit(void **state)
{
    (void)state;
    az_problem *p = NULL;
    az_result *r = NULL;
    az_error err;
    az_solve_options o;
    az_solve_options_init(&o);
    o.threads = 1, o.n_phases = 2, o.phase[0] = AZ_METHOD_ADAM, o.phase_iterations[0] = 700,
    o.phase[1] = AZ_METHOD_LM;
    o.n_layers = 1, o.layers[0] = 6, o.points = 60, o.tolerance = 1e-6;
    if (az_problem_load(&p, "legendre", NULL, 0, &err) || az_solve(&r, p, &o, NULL, NULL, &err))
        fail_msg("%s", err.message);
    assert_int_equal(r->options.max_iterations, 0);
    if (!(r->iterations > 700 + 15) ||
        r->stop == AZ_STOP_ITERATIONS) /* and the last method has at least the window in which it is
                                          to gain */
        fail_msg("%d iterations: %s", r->iterations, az_stop_message(r->stop));
    az_result_destroy(r);
    az_problem_destroy(p);
}

/* A re-evaluation that has no time looks at fewer points, in one coordinate and in several. */
static void in_time(void **state)
{
    (void)state;
    static const char *const text[] = {
        "problem l \"l\"\ndomain y in line\nfield u(y) even decay 2\nequation u = hilbert(d(u, y)) + 1/(1 + y^2)\n",
        heat};
    for (int i = 0; i < COUNT(text); i++) {
        const az_solve_options o = options(200, 4, 2);
        az_result *r = solved(text[i], &o, NULL, NULL);
        az_error err;
        if (az_verify_within(r, 1, 1e-6, &err)) fail_msg("%s", err.message);
        const int few = az_result_evidence(r).points;
        assert_true(few > 100 && az_result_evidence(r).tier == AZ_TIER_REEVALUATED &&
                    az_result_evidence(r).reevaluated_max > 0);
        if (az_verify(r, 1, &err)) fail_msg("%s", err.message);
        const int all = az_result_evidence(r).points;
        if (!(all > 3 * few)) fail_msg("%d points, and %d without time", all, few);
        if (az_verify_within(r, 1, 1e6, &err)) fail_msg("%s", err.message);
        assert_int_equal(az_result_evidence(r).points, all);
        az_result_destroy(r);
    }
}

/* Where a run ends above its tolerance its last words name the rows that hold the residual, and
 * spaces and sizes that the problem can have. */
static void last_words(void **state)
{
    (void)state;
    static const char layer[] =
        "problem layer \"A layer\"\ndomain x in [0, 1]\nfield u(x)\nequation 1e-4*d(u, x, x) = u - sin(20*x)\nboundary u = 0 at x = 0\n"
        "boundary u = 1 at x = 1\n";
    az_solve_options o = options(40, 4, 0);
    char text[AZ_ADVICE_LENGTH], all[5 * AZ_ADVICE_LENGTH] = "";
    const char *label;
    az_error err;
    o.max_seconds = 1000;
    az_result *r = solved(layer, &o, NULL, NULL);
    assert_int_equal(r->stop, AZ_STOP_STALLED);
    if (az_verify(r, 1, &err)) fail_msg("%s", err.message);
    for (int i = 0; az_result_advice(r, i, &label, text, sizeof text); i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s: %s\n", label, text);
    static const char *const part[] = {"tried: a tanh network 4x4",
                                       "time left: ",
                                       " of 1000 s\n",
                                       "where: line ",
                                       " at x = ",
                                       "--trial element or --trial chebyshev",
                                       "--layers 8,8",
                                       "--points 80",
                                       "--seed 2"};
    for (int i = 0; i < COUNT(part); i++)
        if (!strstr(all, part[i])) fail_msg("no '%s' in:\n%s", part[i], all);
    assert_null(strstr(all, "there: ")); /* no corner */
    assert_int_equal(az_result_advice(r, 0, &label, text, 4), 1); /* cut */
    assert_int_equal(strlen(text), 3);
    r->options.tolerance = INFINITY;
    assert_int_equal(az_result_advice(r, 0, &label, text, sizeof text), 0);
    az_result_destroy(r);
}

static az_status attempt(const char *text, int iterations)
{
    const az_solve_options o = options(20, 2, iterations);
    az_problem *p = NULL;
    az_result *r = NULL;
    az_status st = az_problem_parse(&p, "test", text, strlen(text), NULL, 0, NULL);
    if (!st) st = az_solve(&r, p, &o, NULL, NULL, NULL);
    assert_true(!st == (r != NULL));
    az_result_destroy(r);
    az_problem_destroy(p);
    return st;
}

/* Without memory there is no result, and nothing is left behind: where corners are looked for,
 * states are kept and compared. */
static void out_of_memory(void **state)
{
    (void)state;
    failing_allocator f = {-1, 0};
    az_set_allocator(failing_alloc, &f);
    az_status st = AZ_ENOMEM;
    for (long k = 0; st; k += 1 + k / 40) {
        f.calls_left = k;
        st = attempt(heat, 42);
        assert_true(st == AZ_OK || st == AZ_ENOMEM);
        if (f.alive) fail_msg("%ld blocks left where allocation %ld fails", f.alive, k);
    }
    az_set_allocator(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(corners),  cmocka_unit_test(kept),         cmocka_unit_test(limits),
        cmocka_unit_test(in_time),  cmocka_unit_test(last_words),   cmocka_unit_test(out_of_memory),
        cmocka_unit_test(no_limit), cmocka_unit_test(heat_arrives), cmocka_unit_test(to_the_end)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
