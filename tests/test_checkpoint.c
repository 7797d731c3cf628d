/* checkpoints: one that cannot be written ends no run, is told once and tried again; the first
 * comes within seconds; what somebody else wrote in the meantime stays. The same of the table of a
 * scan. */
#include "io/io.h"
#include "solve/scan.h"
#include "testing.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char text[] =
    "problem square \"u' = k, u(1) = k^2 - 2\"\nunknown k = 0.6 in [-4, 4]\n"
    "domain x in [0, 1]\nfield v(x)\nlet u = x*v\nequation d(u, x) = k\nselect u = k^2 - 2 at x = 1\n";
static char folder[] = "/tmp/ansatz-checkpoint-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/r.h5", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static int fails, seen; /* writes that fail from now on; renames so far */

static ssize_t write_or_fail(int fd, const void *bytes, size_t n)
{
    if (fails <= 0) return write(fd, bytes, n);
    fails--;
    errno = ENOSPC;
    return -1;
}

static int rename_counted(const char *from, const char *to)
{
    seen++;
    return rename(from, to);
}

static const az_io_calls failing = {write_or_fail, fsync, rename_counted};

typedef struct listener {
    int failed, again; /* notes heard */
    int stop_after; /* progress calls; 0: never */
    int calls;
    double seconds; /* to wait in each call */
} listener;

static int listen(void *data, const az_progress *p)
{
    listener *l = data;

    l->failed += p->note && strstr(p->note, "checkpoint failed") != NULL;
    l->again += p->note && strstr(p->note, "checkpoint written again") != NULL;
    if (l->seconds > 0) usleep((useconds_t)(1e6 * l->seconds));
    return ++l->calls == l->stop_after;
}

static az_result *run(listener *l, double every)
{
    az_problem *p = parse(text);
    az_result *r = NULL;
    az_solve_options o;
    az_error err;

    az_solve_options_init(&o);
    o.threads = 1, o.tolerance = 1e-30, o.checkpoint = path, o.checkpoint_seconds = every,
    o.points = 40, o.n_layers = 1, o.layers[0] = 8, o.max_iterations = 1000000;
    if (az_solve(&r, p, &o, listen, l, &err)) fail_msg("%s", err.message);
    az_problem_destroy(p);
    return r;
}

static void failed_for_a_while(void **state)
{
    listener l = {.stop_after = 12, .seconds = 0.5};

    (void)state;
    fails = 2;
    az_io_set_calls(&failing);
    az_result *r = run(&l, 0), *back = NULL;
    az_io_set_calls(NULL);
    assert_int_equal(l.failed, 1);
    assert_int_equal(l.again, 1);
    assert_int_equal(az_result_checkpoint(r), AZ_OK);
    assert_int_equal(az_result_load(&back, path, NULL), AZ_OK);
    assert_int_equal(az_result_iterations(back), az_result_iterations(r));
    az_result_destroy(back);
    az_result_destroy(r);
    unlink(path);
}

static void failed_to_the_end(void **state)
{
    listener l = {.stop_after = 30};

    (void)state;
    fails = 1000;
    az_io_set_calls(&failing);
    az_result *r = run(&l, 0);
    az_io_set_calls(NULL);
    fails = 0;
    assert_int_equal(l.failed, 1);
    assert_int_equal(az_result_checkpoint(r), AZ_EIO);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(az_result_replace(r, path, NULL), AZ_OK);
    az_result_destroy(r);
    unlink(path);
}

static void first_within_seconds(void **state)
{
    listener l = {.stop_after = 12, .seconds = 0.3};

    (void)state;
    seen = 0;
    az_io_set_calls(&failing);
    az_result *r = run(&l, 30);
    az_io_set_calls(NULL);
    assert_int_equal(seen, 2); /* and the last */
    az_result_destroy(r);
    unlink(path);
}

static int write_theirs(void *data, const az_progress *p)
{
    listener *l = data;

    if (++l->calls == 5) assert_int_equal(az_file_write(path, "theirs", 6, NULL), AZ_OK);
    l->failed += p->note && strstr(p->note, "checkpoint failed") != NULL;
    return l->calls == 30;
}

static void written_by_others(void **state)
{
    az_problem *p = parse(text);
    az_result *r = NULL;
    az_solve_options o;
    listener l = {0};

    (void)state;
    az_solve_options_init(&o);
    o.threads = 1, o.tolerance = 1e-30, o.checkpoint = path, o.checkpoint_seconds = 0,
    o.points = 40, o.n_layers = 1, o.layers[0] = 8, o.max_iterations = 1000000;
    assert_int_equal(az_solve(&r, p, &o, write_theirs, &l, NULL), AZ_OK);
    assert_int_equal(l.failed, 1);
    assert_int_equal(az_result_checkpoint(r), AZ_ECHANGED);
    char *s = read_text(path);
    assert_string_equal(s, "theirs");
    free(s);
    az_result_destroy(r);
    az_problem_destroy(p);
    unlink(path);
}

/* A run that is gone on with may have another file, which may be there. */
static void into_another_file(void **state)
{
    listener l = {.stop_after = 10};
    char other[80];
    az_solve_options o;
    az_result *r = run(&l, 0), *back = NULL;

    (void)state;
    snprintf(other, sizeof other, "%s.other", path);
    assert_int_equal(az_result_load(&back, path, NULL), AZ_OK);
    assert_int_equal(az_result_save(r, other, NULL), AZ_OK);
    az_solve_options_init(&o);
    o.threads = 1, o.checkpoint = other, o.checkpoint_seconds = 0;
    l = (listener){.stop_after = 5};
    assert_int_equal(az_resume(back, &o, listen, &l, NULL), AZ_OK);
    assert_int_equal(l.failed, 0);
    assert_int_equal(az_result_checkpoint(back), AZ_OK);
    az_result_destroy(back);
    az_result_destroy(r);
    unlink(other);
    unlink(path);
}

typedef struct scan_listener {
    int trouble, rows;
} scan_listener;

static int listen_scan(void *data, const az_scan_progress *p)
{
    scan_listener *l = data;

    if (p->row && ++l->rows == 2) fails = 3;
    l->trouble += p->trouble && strstr(p->trouble, strerror(ENOSPC)) != NULL;
    return 0;
}

static void table_of_a_scan(void **state)
{
    az_problem *p = parse(text);
    az_scan_options o;
    az_scan *s = NULL;
    scan_listener l = {0};
    az_error err;

    (void)state;
    az_scan_options_init(&o);
    o.lo = -2.3, o.hi = 2.9, o.values = 9, o.refine = 0, o.table = path,
    o.solve.space = AZ_SPACE_ELEMENT, o.solve.threads = 1;
    az_io_set_calls(&failing);
    if (az_scan_run(&s, p, &o, listen_scan, &l, &err)) fail_msg("%s", err.message);
    az_io_set_calls(NULL);
    assert_int_equal(fails, 0);
    assert_int_equal(l.trouble, 1);
    assert_true(az_scan_complete(s));
    char *t = read_text(path);
    assert_int_equal(occurrences(t, ",1\n"), 9);
    free(t);
    az_scan_destroy(s);
    az_problem_destroy(p);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_for_a_while),   cmocka_unit_test(failed_to_the_end),
        cmocka_unit_test(first_within_seconds), cmocka_unit_test(written_by_others),
        cmocka_unit_test(into_another_file),    cmocka_unit_test(table_of_a_scan),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
