/* testing.h: what tests share: the seed, an allocator that fails, problems that must be right. */
#ifndef AZ_TESTING_H
#define AZ_TESTING_H

#include "io/io.h"
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The seed of a test program, 1 or AZ_SEED in the environment, printed. */
static inline void seed_from_environment(az_rng *rng)
{
    const char *env = getenv("AZ_SEED");
    unsigned long long seed = env ? strtoull(env, NULL, 10) : 1;
    printf("AZ_SEED=%llu\n", seed);
    az_rng_seed(rng, seed);
}

/* The calls_left-th further allocation fails, and all after it; negative: none. Blocks alive are counted. */
typedef struct failing_allocator {
    long calls_left, alive;
} failing_allocator;

static inline void *failing_alloc(void *data, void *p, size_t bytes)
{
    failing_allocator *f = data;

    if (!bytes) {
        f->alive -= p != NULL;
        free(p);
        return NULL;
    }
    if (f->calls_left == 0) return NULL;
    if (f->calls_left > 0) f->calls_left--;
    void *q = realloc(p, bytes);
    f->alive += q && !p;
    return q;
}

/* Each allocation of the attempt fails in turn (later ones in growing steps): AZ_ENOMEM, nothing kept. make: what it is given. */
static inline void fail_each_allocation(az_result *(*make)(void), az_status (*attempt)(const az_result *))
{
    failing_allocator f = {-1, 0};
    az_status st = AZ_ENOMEM;

    az_set_allocator(failing_alloc, &f);
    az_result *r = make();
    assert_non_null(r);
    const long alive = f.alive;
    for (long k = 0; st; k += 1 + k / 20) {
        f.calls_left = k;
        st = attempt(r);
        assert_true(st == AZ_OK || st == AZ_ENOMEM);
        assert_int_equal(f.alive, alive);
    }
    f.calls_left = -1;
    az_result_destroy(r);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

/* A file's bytes, and a 0; by malloc. */
static inline char *read_text(const char *path)
{
    char *bytes = NULL;
    size_t n = 0;

    assert_int_equal(az_io_read_file(&bytes, &n, path, NULL), AZ_OK);
    char *text = malloc(n + 1);
    assert_non_null(text);
    memcpy(text, bytes, n);
    text[n] = 0;
    az_free(bytes);
    return text;
}

static inline int occurrences(const char *s, const char *what)
{
    int n = 0;

    for (; (s = strstr(s, what)); s++) n++;
    return n;
}

static inline void contains(const char *s, const char *what)
{
    if (!strstr(s, what)) fail_msg("'%s' is not there", what);
}

/* What main returns: the tests run with an empty file at `path`, whose ending XXXXXX becomes its own. */
#define RUN_TESTS_WITH_FILE(path, tests) (empty_file(path) ? 1 : without_file(path, cmocka_run_group_tests(tests, NULL, NULL)))

static inline int empty_file(char *path)
{
    const int fd = mkstemp(path);

    return fd < 0 ? 1 : close(fd);
}

static inline int without_file(const char *path, int failed)
{
    unlink(path);
    return failed;
}

/* A built-in problem, or a file's, with a parameter set unless NULL; the test fails where it is refused. */
static inline az_problem *load_with(const char *name, const char *parameter, double value)
{
    az_problem *p = NULL;
    az_error err;

    if (az_problem_load(&p, name, &(az_setting){parameter, value}, parameter != NULL, &err)) fail_msg("%s", err.message);
    return p;
}

static inline az_problem *load(const char *name) { return load_with(name, NULL, 0); }

static inline az_problem *parse(const char *text)
{
    az_problem *p = NULL;
    az_error err;

    if (az_problem_parse(&p, "test", text, strlen(text), NULL, 0, &err)) fail_msg("%s", err.message);
    return p;
}

/* An empty state of the problem of this text. */
static inline az_result *parse_state(const char *text)
{
    az_result *r = NULL;

    assert_int_equal(az_state_create(&r, parse(text)), AZ_OK);
    return r;
}

#endif
