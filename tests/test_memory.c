/* memory: what a solve in several coordinates takes is said before it is taken, and is not much less than that, by elements and by networks; in one
 * coordinate nothing is said of a little. What does not fit is refused with both numbers, and a later stage that does not is left out. */
#include "testing.h"

#include <malloc.h>
#include <math.h>
#include <string.h>
#include <sys/resource.h>

typedef struct counted {
    size_t now, most;       /* bytes by the allocator */
    double said, before;    /* MB of the last note, and what was taken when it was said */
    int notes;
    char last[256];         /* note */
} counted;

static void *counting_alloc(void *data, void *p, size_t bytes)
{
    counted *c = data;
    const size_t old = p ? malloc_usable_size(p) : 0;
    void *q = bytes ? realloc(p, bytes) : (free(p), NULL);
    if (bytes && !q) return NULL;
    c->now += (q ? malloc_usable_size(q) : 0) - old;
    if (c->now > c->most) c->most = c->now;
    return q;
}

static int listen(void *data, const az_progress *g)
{
    counted *c = data;
    const char *mb = g->note ? strstr(g->note, " MB") : NULL;
    if (g->note) snprintf(c->last, sizeof c->last, "%s", g->note);
    if (!mb) return 0;
    while (mb > g->note && mb[-1] != ' ') mb--;
    c->said = strtod(mb, NULL), c->before = 1e-6 * (double)c->now, c->most = c->now, c->notes++;
    return 0;
}

static az_solve_options options(az_space space, int points, double tolerance)
{
    az_solve_options o;
    az_solve_options_init(&o);
    o.space = space, o.points = points, o.tolerance = tolerance, o.threads = 1;
    return o;
}

/* What was said last, and how much was taken then and after. */
static counted taken(const char *problem, const az_solve_options *o)
{
    counted c = {0};
    az_result *r = NULL;
    az_error err;
    az_set_allocator(counting_alloc, &c);
    az_problem *p = load(problem);
    const az_status st = az_solve(&r, p, o, listen, &c, &err);
    az_result_destroy(r);
    az_problem_destroy(p);
    az_set_allocator(NULL, NULL);
    if (st) fail_msg("%s", err.message);
    assert_int_equal(c.now, 0);
    return c;
}

static void is_announced(counted c, int notes)
{
    if (!(c.notes >= notes)) fail_msg("memory was announced %d times, expected %d", c.notes, notes);
    if (!(c.before < 0.3 * c.said)) fail_msg("%g MB were taken before %g MB were announced", c.before, c.said);
    if (!(1e-6 * (double)c.most < 1.3 * c.said)) fail_msg("%g MB were taken, %g announced", 1e-6 * (double)c.most, c.said);
    if (!(1e-6 * (double)c.most > 0.5 * c.said)) fail_msg("%g MB were taken, %g announced", 1e-6 * (double)c.most, c.said);
}

static void elements(void **state)
{
    (void)state;
    const az_solve_options o = options(AZ_SPACE_ELEMENT, 3000, 1e-5);
    is_announced(taken("ipm", &o), 2);
}

/* The march has a mesh of its own. */
static void march(void **state)
{
    (void)state;
    az_solve_options o = options(AZ_SPACE_ELEMENT, 3000, 1e-1);
    o.mode = 1, o.max_iterations = 30;
    const counted c = taken("ipm", &o);
    if (!(1e-6 * (double)c.most < 1.3 * c.said)) fail_msg("%g MB were taken, %g announced", 1e-6 * (double)c.most, c.said);
}

static void networks(void **state)
{
    (void)state;
    az_solve_options o = options(AZ_SPACE_MLP, 3000, 1e-9);
    o.max_iterations = 2;
    is_announced(taken("ipm", &o), 1);
}

static void one_coordinate(void **state)
{
    (void)state;
    const az_solve_options o = options(AZ_SPACE_MLP, 0, 1e-8);
    assert_int_equal(taken("legendre", &o).notes, 0);
}

/* ---- A limit ---- */

/* Data that this process may have beyond what it has. */
static struct rlimit allow(double bytes)
{
    struct rlimit before, own;
    double data = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%*f %*f %*f %*f %*f %lf", &data), 1);
    fclose(f);
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    own = before;
    own.rlim_cur = (rlim_t)(data * (double)sysconf(_SC_PAGESIZE) + bytes);
    assert_int_equal(setrlimit(RLIMIT_DATA, &own), 0);
    return before;
}

static void refused_with(const char *problem, az_solve_options o, double bytes, const char *says)
{
    az_problem *p = load(problem);
    az_result *r = NULL;
    az_error err;
    const struct rlimit before = allow(bytes);
    const az_status st = az_solve(&r, p, &o, NULL, NULL, &err);
    setrlimit(RLIMIT_DATA, &before);
    assert_int_equal(st, AZ_ENOMEM);
    if (!strstr(err.message, says) || !strstr(err.message, " GB are there: fewer --points")) fail_msg("%s", err.message);
    assert_null(r);
    az_problem_destroy(p);
}

static void too_large(void **state)
{
    (void)state;
    az_solve_options wide = options(AZ_SPACE_MLP, 20000, 1e-9);
    wide.n_layers = 2, wide.layers[0] = wide.layers[1] = 40;
    refused_with("ipm", wide, 2e8, "a Jacobian of 40002 rows and ");
    refused_with("ipm", options(AZ_SPACE_ELEMENT, 40000, 1e-9), 2e8, "the system of these elements takes 0.");
    wide = options(AZ_SPACE_MLP, 20000, 1e-9);
    wide.n_layers = 2, wide.layers[0] = wide.layers[1] = 60;
    refused_with("legendre", wide, 2e8, "a Jacobian of ");
}

/* The first network fits, the features do not: the run ends with what it has. */
static void no_room_for_a_stage(void **state)
{
    (void)state;
    az_solve_options o = options(AZ_SPACE_MLP, 400, 1e-9);
    o.n_layers = 1, o.layers[0] = 4;
    counted c = {0};
    az_problem *p = load("ipm");
    az_result *r = NULL;
    az_error err;
    const struct rlimit before = allow(4.5e8);
    const az_status st = az_solve(&r, p, &o, listen, &c, &err);
    setrlimit(RLIMIT_DATA, &before);
    if (st) fail_msg("%s", err.message);
    assert_int_equal(az_result_stop(r), AZ_STOP_STALLED);
    if (!strstr(c.last, "stage 2 would take 0.")) fail_msg("%s", c.last);
    assert_int_equal(r->trial[0].n_stages, 1);
    az_result_destroy(r);
    az_problem_destroy(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(elements),       cmocka_unit_test(march),     cmocka_unit_test(networks),
                                       cmocka_unit_test(one_coordinate), cmocka_unit_test(too_large), cmocka_unit_test(no_room_for_a_stage)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
