/* base: every allocation passes the hook and may fail; text, errors, random numbers and hashes follow their definitions. */
#include "base/base.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* An allocator that counts live blocks, fails call number `fail`, and gives addresses as unaligned as malloc may. */
typedef struct counter {
    long calls, live, fail;
} counter;

#define SHIFT ((size_t)16)

static void *counting(void *data, void *p, size_t bytes)
{
    counter *c = data;

    if (!bytes) {
        c->live--;
        free((char *)p - SHIFT);
        return NULL;
    }
    if (++c->calls == c->fail) return NULL;
    char *q = realloc(p ? (char *)p - SHIFT : NULL, bytes + SHIFT);
    if (!q) return NULL;
    c->live += !p;
    return q + SHIFT;
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(az_status_name(AZ_ENOMEM), "enomem");
    assert_string_equal(az_status_message(AZ_ENOMEM), "out of memory");
    for (int i = 0; i < AZ_N_STATUS; i++)
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(az_status_name((az_status)i), az_status_name((az_status)j));
            assert_string_not_equal(az_status_message((az_status)i), az_status_message((az_status)j));
        }
    assert_string_equal(az_status_name(AZ_N_STATUS), "unknown");
    assert_string_equal(az_status_name((az_status)-1), "unknown");
    assert_string_equal(az_status_message((az_status)-1), "unknown status");
    assert_string_equal(az_stop_name(AZ_STOP_STALLED), "stalled");
    assert_string_equal(az_stop_name((az_stop)99), "unknown");
    assert_string_equal(az_stop_message(AZ_STOP_RUNNING), "not finished");
    assert_string_equal(az_stop_message((az_stop)99), "unknown reason");
    assert_string_equal(az_tier_name(AZ_TIER_NONE), "none");
    assert_string_equal(az_tier_name(AZ_TIER_TRAINED), "trained");
    assert_string_equal(az_tier_name(AZ_TIER_REEVALUATED), "re-evaluated");
    assert_string_equal(az_tier_name(AZ_TIER_CROSS_SOLVED), "cross-solved");
    assert_string_equal(az_space_name(AZ_SPACE_MLP), "mlp");
    assert_string_equal(az_space_name(AZ_SPACE_ELEMENT), "element");
    assert_string_equal(az_space_name(AZ_N_SPACE), "unknown");
    assert_string_equal(az_tier_name((az_tier)99), "unknown");
    const char *method[] = {"lm", "lm-qr", "adam", "lbfgs", "ssbroyden", "unknown"};
    for (int i = 0; i <= AZ_N_METHOD; i++) assert_string_equal(az_method_name((az_method)i), method[i]);
}

static void fail_fills(void **state)
{
    az_error e = {AZ_OK, 3, 4, "old"};
    char longer[2 * sizeof e.message];

    (void)state;
    assert_int_equal(az_fail(NULL, AZ_EIO, "unused %d", 1), AZ_EIO);
    assert_int_equal(az_fail(&e, AZ_ENAME, "no %s '%s'", "field", "W"), AZ_ENAME);
    assert_int_equal(e.status, AZ_ENAME);
    assert_int_equal(e.line, 0);
    assert_int_equal(e.column, 0);
    assert_string_equal(e.message, "no field 'W'");
    az_fail(&e, AZ_EIO, "a.ansatz: %s", e.message);
    assert_string_equal(e.message, "a.ansatz: no field 'W'");
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    az_fail(&e, AZ_EIO, "%s", longer);
    assert_int_equal(strlen(e.message), sizeof e.message - 1);
}

static void overflow_is_refused(void **state)
{
    (void)state;
    assert_null(az_calloc(SIZE_MAX / 2, 4));
    assert_null(az_alloc_array(SIZE_MAX / 2, 4));
    assert_null(az_doubles(SIZE_MAX / 4));
    assert_null(az_doubles(SIZE_MAX / sizeof(double)));
    assert_null(az_realloc(NULL, 0));
    az_free(NULL);
    az_doubles_free(NULL);
    void *p = az_calloc(0, 8);
    assert_non_null(p);
    az_free(p);
}

static void doubles_are_aligned_and_zero(void **state)
{
    counter c = {0, 0, 0};

    (void)state;
    az_set_allocator(counting, &c);
    for (size_t n = 0; n < 200; n++) {
        double *p = az_doubles(n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < n; i++) {
            assert_true(p[i] == 0);
            p[i] = 1;
        }
        az_doubles_free(p);
    }
    az_set_allocator(NULL, NULL);
    assert_int_equal(c.calls, 200);
    assert_int_equal(c.live, 0);
}

/* Everything that allocates, once. False if memory ran out, with nothing left behind. */
static bool use_all(void)
{
    az_text t = {0};
    char *s = az_strdup("text");
    double *d = az_doubles(5), *a = az_calloc(5, sizeof *a);
    int *small = az_alloc_array(2, sizeof *small), *grown = small ? az_realloc(small, 400) : NULL;

    for (int i = 0; i < 100; i++) az_text_add(&t, "%d of a hundred, ", i);
    az_text_write(&t, "end", 3);
    const bool ok = s && d && a && grown && !t.failed;
    if (ok) assert_string_equal(s, "text");
    if (ok) assert_string_equal(t.s + t.n - 9, "dred, end");
    az_text_clear(&t);
    az_free(grown ? grown : small);
    az_free(a);
    az_doubles_free(d);
    az_free(s);
    return ok;
}

static void every_allocation_may_fail(void **state)
{
    counter c = {0, 0, 0};
    long calls;

    (void)state;
    az_set_allocator(counting, &c);
    assert_true(use_all());
    calls = c.calls;
    assert_int_equal(c.live, 0);
    assert_true(calls >= 8);
    for (long k = 1; k <= calls; k++) {
        c = (counter){0, 0, k};
        assert_false(use_all());
        assert_int_equal(c.live, 0);
    }
    az_set_allocator(NULL, NULL);
}

static void text_grows(void **state)
{
    az_text t = {0};
    char expected[6000] = "";
    size_t n = 0;

    (void)state;
    az_text_add(&t, "%s", "");
    assert_string_equal(t.s, "");
    for (int i = 0; i < 1000; i++) {
        az_text_add(&t, "%d;", i);
        n += (size_t)sprintf(expected + n, "%d;", i);
    }
    assert_int_equal(t.n, n);
    assert_string_equal(t.s, expected);
    az_text_write(&t, "a\0b", 3);
    assert_memory_equal(t.s + n, "a\0b", 4);
    az_text_clear(&t);
    assert_null(t.s);
    for (size_t len = 0; len < 600; len++) { /* one long piece at each place relative to the capacity */
        memset(expected, 'y', len);
        expected[len] = 0;
        az_text_add(&t, "%s", expected);
        assert_int_equal(t.n, len);
        assert_string_equal(t.s, expected);
        az_text_clear(&t);
    }
}

static void text_stays_failed(void **state)
{
    counter c = {0, 0, 2};
    az_text t = {0};

    (void)state;
    az_set_allocator(counting, &c);
    az_text_add(&t, "kept");
    az_text_add(&t, "%1000d", 1);
    assert_true(t.failed);
    az_text_add(&t, "lost");
    az_text_write(&t, "lost", 4);
    assert_string_equal(t.s, "kept");
    assert_int_equal(t.n, 4);
    az_text_clear(&t);
    assert_false(t.failed);
    az_set_allocator(NULL, NULL);
    assert_int_equal(c.live, 0);
}

/* xoshiro256** from state 1,2,3,4 and splitmix64 from 0: outputs of the authors' C programs (prng.di.unimi.it). */
static void random_matches_reference(void **state)
{
    const uint64_t first[] = {11520, 0, 1509978240, 1215971899390074240u};
    const uint64_t seeded[] = {0xe220a8397b1dcdafu, 0x6e789e6aa1b965f4u, 0x06c45d188009454fu, 0xf88bb8a8724c81ecu};
    az_rng g = {{1, 2, 3, 4}};

    (void)state;
    for (int i = 0; i < 4; i++) assert_true(az_rng_next(&g) == first[i]);
    az_rng_seed(&g, 0);
    for (int i = 0; i < 4; i++) assert_true(g.s[i] == seeded[i]);
}

/* Moments of N draws lie within 6 standard errors. */
static void random_moments(void **state)
{
    const int n = 1000000;
    const double six = 6 / sqrt(n);
    double u1 = 0, u2 = 0, m1 = 0, m2 = 0, m4 = 0;
    az_rng g;

    (void)state;
    az_rng_seed(&g, 7);
    for (int i = 0; i < n; i++) {
        const double u = az_rng_uniform(&g), x = az_rng_normal(&g);
        assert_true(u >= 0 && u < 1);
        assert_true(isfinite(x));
        u1 += u / n, u2 += u * u / n;
        m1 += x / n, m2 += x * x / n, m4 += x * x * x * x / n;
    }
    assert_true(fabs(u1 - 1.0 / 2) < six * sqrt(1.0 / 12));
    assert_true(fabs(u2 - 1.0 / 3) < six * sqrt(1.0 / 5 - 1.0 / 9));
    assert_true(fabs(m1) < six);
    assert_true(fabs(m2 - 1) < six * sqrt(2));       /* var x^2 = 3 - 1 */
    assert_true(fabs(m4 - 3) < six * sqrt(105 - 9)); /* var x^4 = 105 - 9 */
}

/* Vectors of the FNV authors (draft-eastlake-fnv), which start from the 64-bit offset basis. */
static void hash_matches_reference(void **state)
{
    const uint64_t basis = 0xcbf29ce484222325u;

    (void)state;
    assert_true(az_hash_bytes(basis, "", 0) == basis);
    assert_true(az_hash_bytes(basis, "a", 1) == 0xaf63dc4c8601ec8cu);
    assert_true(az_hash_bytes(basis, "foobar", 6) == 0x85944171f73967e8u);
    assert_true(az_hash_bytes(az_hash_bytes(AZ_HASH_START, "foo", 3), "bar", 3) == az_hash_bytes(AZ_HASH_START, "foobar", 6));
}

static void clock_goes_forward(void **state)
{
    double last = az_seconds();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        const double now = az_seconds();
        assert_true(now >= last);
        last = now;
    }
}

/* ---- Memory ---- */

#define MEMORY_ROOT "build/test-memory"

static void put(const char *path, const char *text)
{
    char full[256];
    snprintf(full, sizeof full, MEMORY_ROOT "%s", path);
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void is_available(double bytes)
{
    const double found = az_memory_at(MEMORY_ROOT);
    if (!(found == bytes)) fail_msg("%.17g bytes are available, expected %.17g", found, bytes);
}

/* Each of the sources is the least in turn. */
static void memory_there_is(void **state)
{
    (void)state;
    put("/proc/meminfo", "MemTotal:       8000000 kB\nMemFree:         100000 kB\nMemAvailable:    900000 kB\n");
    put("/proc/self/cgroup", "");
    put("/proc/self/statm", "0 0 0 0 0 0 0\n");
    is_available(900000 * 1024.0);
    put("/proc/self/cgroup", "0::/user/run\n");
    put("/sys/fs/cgroup/user/memory.max", "max\n"); /* the folder may be that of an earlier run */
    put("/sys/fs/cgroup/user/run/memory.max", "max\n");
    put("/sys/fs/cgroup/user/run/memory.current", "3000\n");
    is_available(900000 * 1024.0);
    put("/sys/fs/cgroup/user/memory.max", "1000000\n");
    put("/sys/fs/cgroup/user/memory.current", "900000\n");
    put("/sys/fs/cgroup/user/memory.stat", "anon 7\ninactive_file 50000\n");
    is_available(150000);
    put("/sys/fs/cgroup/user/run/memory.max", "4000\n");
    is_available(1000);
    put("/sys/fs/cgroup/user/run/memory.current", "5000\n");
    is_available(0);
    put("/proc/self/cgroup", "5:cpu:/user/run\n4:memory:/elsewhere\n0::/\n"); /* a container sees its own group as the first */
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "70000\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "30000\n");
    put("/sys/fs/cgroup/memory/memory.stat", "inactive_file 7\ntotal_inactive_file 2000\n");
    is_available(42000);
    put("/proc/self/cgroup", "");
    struct rlimit before, own;
    assert_int_equal(getrlimit(RLIMIT_DATA, &before), 0);
    own = before;
    own.rlim_cur = (rlim_t)1 << 29;
    const long page = sysconf(_SC_PAGESIZE);
    put("/proc/self/statm", "1 1 1 0 0 100 0\n");
    assert_int_equal(setrlimit(RLIMIT_DATA, &own), 0); /* no test of this program takes so much */
    const double found = az_memory_at(MEMORY_ROOT);
    assert_int_equal(setrlimit(RLIMIT_DATA, &before), 0);
    if (!(found == ldexp(1, 29) - 100.0 * (double)page)) fail_msg("%.17g bytes are left of a limit", found);
    assert_true(az_memory_available() > 0);
    assert_true(az_memory_at(MEMORY_ROOT "/nowhere") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(fail_fills),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(doubles_are_aligned_and_zero),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(text_grows),
        cmocka_unit_test(text_stays_failed),
        cmocka_unit_test(random_matches_reference),
        cmocka_unit_test(random_moments),
        cmocka_unit_test(hash_matches_reference),
        cmocka_unit_test(clock_goes_forward),
        cmocka_unit_test(memory_there_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
