/* A result file gives back every bit or a clear refusal, and a failed write leaves what was there. */
#include "synthetic.h"
#include "testing.h"

#include "io/archive.h"
#include "io/io.h"
#include "io/table.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[4][160];
    static int k;

    k = (k + 1) % 4;
    snprintf(path[k], sizeof path[k], "%s/%s", folder, name);
    return path[k];
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/ansatz-io-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];

    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static int count_files(void)
{
    DIR *d = opendir(folder);
    int n = 0;

    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static double bits(uint64_t u)
{
    double x;

    memcpy(&x, &u, sizeof x);
    return x;
}

/* with numbers that only a bitwise copy keeps */
static az_result *some_result(const char *text)
{
    az_result *r = synthetic_result(text, text == line_text ? &(az_setting){"a", 0.1} : NULL, text == line_text, 70, 90);

    assert_non_null(r);
    double *w = r->trial[0].stage[0].weight;
    w[0] = bits(0x7ff8dead0000beefu);
    w[1] = -0.0;
    w[2] = bits(1);
    w[3] = -INFINITY;
    return r;
}

#define SAME(p, q, n) assert_memory_equal(p, q, (size_t)(n) * sizeof *(p))
#define SAME_OR_NONE(p, q, n) \
    do { \
        if ((n) > 0) SAME(p, q, n); \
    } while (0)

static void same_networks(const az_result *a, const az_result *b)
{
    for (int t = 0; t < a->problem->n_trials; t++) {
        assert_int_equal(a->trial[t].n_stages, b->trial[t].n_stages);
        for (int k = 0; k < a->trial[t].n_stages; k++) {
            const az_network *x = &a->trial[t].stage[k], *y = &b->trial[t].stage[k];
            const az_mesh *m = &x->mesh, *n = &y->mesh;
            assert_true(x->space == y->space && m->n_edges == n->n_edges && m->degree == n->degree && m->centre == n->centre);
            assert_true(m->smooth == n->smooth && m->parity == n->parity && m->periodic == n->periodic && m->length == n->length);
            assert_true(m->modes == n->modes && m->grading == n->grading && m->coordinates == n->coordinates && m->across == n->across);
            SAME_OR_NONE(m->edge, n->edge, m->n_edges);
            assert_int_equal(x->n_layers, y->n_layers);
            SAME(x->width, y->width, x->n_layers + 2);
            assert_int_equal(x->first, y->first);
            SAME(&x->scale, &y->scale, 1);
            assert_true(x->n_weights == y->n_weights && x->n_frozen == y->n_frozen);
            SAME(x->weight, y->weight, x->n_weights);
        }
    }
}

static void same_arrays(const az_result *a, const az_result *b)
{
    const az_history *h = &a->history, *i = &b->history;
    const az_curve *c = &a->curve, *d = &b->curve;

    assert_int_equal(a->n_edges, b->n_edges);
    SAME_OR_NONE(a->edge, b->edge, a->n_edges);
    for (int k = 0; k < a->problem->n_rows; k++) {
        assert_int_equal(a->points[k].n, b->points[k].n);
        assert_int_equal(a->points[k].dim, b->points[k].dim);
        SAME_OR_NONE(a->points[k].x, b->points[k].x, a->points[k].n * a->points[k].dim);
    }
    assert_int_equal(a->n_passed, b->n_passed);
    SAME_OR_NONE(a->passed, b->passed, a->n_passed);
    assert_int_equal(a->n_memory, b->n_memory);
    SAME_OR_NONE(a->memory, b->memory, a->n_memory);
    assert_true(h->n == i->n && h->n_unknowns == i->n_unknowns);
    SAME_OR_NONE(h->iteration, i->iteration, h->n);
    SAME_OR_NONE(h->stage, i->stage, h->n);
    SAME_OR_NONE(h->rms, i->rms, h->n);
    SAME_OR_NONE(h->check, i->check, h->n);
    SAME_OR_NONE(h->seconds, i->seconds, h->n);
    SAME_OR_NONE(h->unknown, i->unknown, h->n * h->n_unknowns);
    assert_true(c->n == d->n && c->dim == d->dim);
    SAME_OR_NONE(c->x, d->x, c->n * c->dim);
    SAME_OR_NONE(c->residual, d->residual, c->n);
    SAME_OR_NONE(c->relative, d->relative, c->n);
}

static void same_kept(const az_result *a, const az_result *b)
{
    const az_kept *k = &a->kept, *l = &b->kept;

    assert_true(!k->trial == !l->trial && k->aside == l->aside && k->stage == l->stage && k->iteration == l->iteration);
    SAME(&k->rms, &l->rms, 1);
    SAME(&k->check, &l->check, 1);
    for (int t = 0; k->trial && t < a->problem->n_trials; t++) {
        assert_int_equal(k->trial[t].n_stages, l->trial[t].n_stages);
        for (int s = 0; s < k->trial[t].n_stages; s++) SAME(k->trial[t].stage[s].weight, l->trial[t].stage[s].weight, k->trial[t].stage[s].n_weights);
    }
    if (k->trial) SAME(k->scalar, l->scalar, a->problem->n_scalars);
    assert_int_equal(a->n_corners, b->n_corners);
    for (int i = 0; i < a->n_corners; i++) {
        const az_corner *c = &a->corner[i], *d = &b->corner[i];
        SAME(c->row, d->row, 2);
        SAME(c->order, d->order, 2);
        SAME(c->along, d->along, 2);
        assert_true(c->fixed == d->fixed && c->gap == d->gap);
        SAME(c->at.x, d->at.x, a->problem->dim);
    }
}

static void same_options(const az_solve_options *o, const az_solve_options *q)
{
    assert_true(o->seed == q->seed && o->threads == q->threads && o->tolerance == q->tolerance && o->max_iterations == q->max_iterations);
    assert_true(o->max_seconds == q->max_seconds && o->n_layers == q->n_layers && o->max_stages == q->max_stages && o->points == q->points);
    assert_true(o->n_phases == q->n_phases && o->checkpoint_seconds == q->checkpoint_seconds && !q->checkpoint && o->space == q->space && o->coordinates == q->coordinates);
    SAME(o->layers, q->layers, AZ_MAX_LAYERS);
    SAME(o->phase, q->phase, AZ_MAX_PHASES);
    SAME(o->phase_iterations, q->phase_iterations, AZ_MAX_PHASES);
}

static void same_cross(const az_cross *c, const az_cross *d)
{
    assert_true(c->compared == d->compared && c->hash == d->hash && c->space == d->space && c->other_space == d->other_space && c->coordinates == d->coordinates && c->other_coordinates == d->other_coordinates);
    SAME(&c->relative, &d->relative, 1);
    SAME(&c->other_relative, &d->other_relative, 1);
    assert_true(c->n_unknowns == d->n_unknowns && c->n_names == d->n_names);
    SAME_OR_NONE(c->unknown, d->unknown, c->n_unknowns);
    SAME_OR_NONE(c->other_value, d->other_value, c->n_unknowns);
    assert_int_equal(c->contradicts, d->contradicts);
    assert_true(c->n_derived == d->n_derived);
    SAME_OR_NONE(c->name, d->name, c->n_names);
    SAME_OR_NONE(c->derived, d->derived, c->n_derived);
}

static void same_state(const az_result *a, const az_result *b)
{
    same_cross(&a->cross, &b->cross);
    assert_string_equal(a->problem->text, b->problem->text);
    assert_string_equal(a->problem->origin, b->problem->origin);
    assert_int_equal(a->problem->n_scalars, b->problem->n_scalars);
    SAME(a->scalar, b->scalar, a->problem->n_scalars);
    SAME_OR_NONE(a->unknown_error, b->unknown_error, a->history.n_unknowns);
    same_options(&a->options, &b->options);
    assert_string_equal(a->command, b->command);
    assert_true(a->hash == b->hash && a->stop == b->stop && a->stage == b->stage && a->stage_iteration == b->stage_iteration);
    assert_true(a->phase == b->phase && a->iterations == b->iterations && a->restarts == b->restarts && a->retries == b->retries && a->patient == b->patient);
    assert_true(a->ladder.found == b->ladder.found && a->ladder.held == b->ladder.held && a->ladder.tries == b->ladder.tries && a->ladder.fitted == b->ladder.fitted && a->options.mode == b->options.mode);
    SAME(&a->ladder.last, &b->ladder.last, 1);
    SAME(&a->ladder.step, &b->ladder.step, 1);
    SAME(&a->ladder.value, &b->ladder.value, 1);
    SAME(&a->ladder.defect, &b->ladder.defect, 1);
    SAME(&a->ladder.lo, &b->ladder.lo, 1);
    SAME(&a->ladder.hi, &b->ladder.hi, 1);
    SAME(&a->seconds, &b->seconds, 1);
    SAME(&a->unit, &b->unit, 1);
    SAME(&a->rms, &b->rms, 1);
    SAME(&a->check, &b->check, 1);
    SAME(&a->stage_check, &b->stage_check, 1);
    SAME(&a->rng, &b->rng, 1);
    assert_true(a->evidence.tier == b->evidence.tier && a->evidence.points == b->evidence.points);
    SAME(&a->evidence.trained_rms, &b->evidence.trained_rms, 1);
    SAME(&a->evidence.reevaluated_max, &b->evidence.reevaluated_max, 1);
    SAME(&a->evidence.reevaluated_relative, &b->evidence.reevaluated_relative, 1);
    SAME(&a->evidence.defect_slope, &b->evidence.defect_slope, 1);
    SAME(&a->evidence.defect, &b->evidence.defect, 1);
    SAME(a->row_found, b->row_found, a->problem->n_rows * AZ_ROW_FOUND(a->problem->dim));
    same_networks(a, b);
    same_arrays(a, b);
    same_kept(a, b);
}

static void save_memory(const az_result *r, char **bytes, size_t *n)
{
    az_error err = {0};

    if (az_result_save_memory(r, bytes, n, &err)) fail_msg("%s", err.message);
}

/* Elements and a comparison with another result; a mesh out of order is refused. */
static void elements(const az_mesh *mesh)
{
    az_result *r = some_result(line_text), *q = NULL;
    char *bytes = NULL;
    size_t n = 0;
    az_error err;

    assert_int_equal(az_state_add_elements(r, 0, mesh), AZ_OK);
    az_network *net = &r->trial[0].stage[r->trial[0].n_stages - 1];
    for (int i = 0; i < net->n_weights; i++) net->weight[i] = 1.0 / (i + 3);
    r->options.space = AZ_SPACE_ELEMENT;
    r->options.coordinates = mesh->coordinates;
    r->evidence.tier = AZ_TIER_CROSS_SOLVED;
    const int names = r->problem->n_lets;
    r->cross = (az_cross){.compared = 1, .hash = 0xfeedbeef, .space = AZ_SPACE_ELEMENT, .other_space = AZ_SPACE_MLP, .coordinates = mesh->coordinates,
                          .other_coordinates = AZ_CONFORMAL, .relative = 1e-13, .other_relative = 2e-14, .n_unknowns = 2, .n_names = names, .n_derived = 1,
                          .unknown = az_doubles(2), .other_value = az_doubles(2), .name = az_doubles((size_t)names), .derived = az_doubles(1)};
    r->cross.unknown[1] = 3e-15;
    r->cross.other_value[1] = 2.5;
    r->cross.contradicts = 1;
    r->cross.name[2] = NAN;
    r->cross.derived[0] = 4e-15;
    save_memory(r, &bytes, &n);
    if (az_result_load_memory(&q, "memory", bytes, n, &err)) fail_msg("%s", err.message);
    same_state(r, q);
    az_result_destroy(q);
    az_free(bytes);
    net->mesh.edge[2] = 0.5;
    assert_int_equal(az_result_save_memory(r, &bytes, &n, &err), AZ_EFORMAT);
    assert_non_null(strstr(err.message, "mesh of elements is not in order"));
    net->mesh.edge[2] = 2.5;
    r->options.coordinates = AZ_COMPACT;
    assert_int_equal(az_result_save_memory(r, &bytes, &n, &err), mesh->modes ? AZ_EFORMAT : AZ_OK);
    if (mesh->modes) assert_non_null(strstr(err.message, "other coordinates"));
    else az_free(bytes);
    az_result_destroy(r);
}

static void test_elements(void **state)
{
    (void)state;
    double edge[4] = {0, 1, 2.5, 4};
    const az_mesh mesh = {.n_edges = 4, .edge = edge, .degree = 14, .centre = 22, .smooth = 1, .parity = AZ_EVEN, .length = 2};
    az_mesh polar = mesh, conformal = mesh;
    polar.modes = conformal.modes = 7, polar.grading = conformal.grading = 0.3, polar.across = conformal.across = AZ_EVEN;
    polar.coordinates = AZ_POLAR, polar.parity = AZ_NO_PARITY, polar.smooth = 2, conformal.coordinates = AZ_CONFORMAL;
    elements(&mesh);
    elements(&polar);
    elements(&conformal);
    az_mesh wrong[6] = {polar, polar, polar, conformal, conformal, mesh};
    wrong[0].parity = AZ_EVEN, wrong[1].across = AZ_ODD, wrong[2].coordinates = AZ_SINH, wrong[3].parity = AZ_ODD, wrong[4].coordinates = AZ_COORDINATES_AUTO, wrong[5].across = AZ_EVEN;
    for (int i = 0; i < 6; i++) assert_false(az_mesh_valid(&wrong[i]));
}

static void test_round_trip(void **state)
{
    static const char *const texts[] = {line_text, box_text};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        az_result *r = some_result(texts[i]), *q = NULL;
        char *a = NULL, *b = NULL;
        size_t n = 0, m = 0;
        az_error err;
        save_memory(r, &a, &n);
        if (az_result_load_memory(&q, "memory", a, n, &err)) fail_msg("%s", err.message);
        same_state(r, q);
        save_memory(q, &b, &m);
        assert_int_equal(n, m);
        assert_memory_equal(a, b, n);
        az_free(a);
        az_free(b);
        az_result_destroy(r);
        az_result_destroy(q);
    }
}

/* A fresh state, without a single array. */
static void test_round_trip_of_nothing(void **state)
{
    az_problem *p = NULL;
    az_result *r = NULL, *q = NULL;

    (void)state;
    assert_int_equal(az_problem_parse(&p, "t", box_text, strlen(box_text), NULL, 0, NULL), AZ_OK);
    assert_int_equal(az_state_create(&r, p), AZ_OK);
    assert_int_equal(az_result_save(r, in_folder("empty.h5"), NULL), AZ_OK);
    assert_int_equal(az_result_load(&q, in_folder("empty.h5"), NULL), AZ_OK);
    same_state(r, q);
    unlink(in_folder("empty.h5"));
    az_result_destroy(r);
    az_result_destroy(q);
}

static void test_file(void **state)
{
    az_result *r = some_result(line_text), *q = NULL;
    const char *path = in_folder("a.h5"), *link = in_folder("link.h5");
    struct stat s;

    (void)state;
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    assert_int_equal(count_files(), 1);
    assert_int_equal(az_result_load(&q, path, NULL), AZ_OK);
    same_state(r, q);
    az_result_destroy(q);

    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(az_result_save(r, link, NULL), AZ_OK);
    assert_int_equal(lstat(link, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(az_result_load(&q, link, NULL), AZ_OK);
    az_result_destroy(q);
    az_result_destroy(r);
    unlink(link);
    unlink(path);
}

static void test_every_allocation(void **state)
{
    failing_allocator f = {-1, 0};
    az_result *r, *q = NULL;
    char *bytes = NULL;
    size_t n = 0;
    az_error err;
    az_status st = AZ_ENOMEM;
    long before;

    (void)state;
    az_set_allocator(failing_alloc, &f);
    r = some_result(line_text);
    before = f.alive;
    for (long k = 0; st; k++) {
        f.calls_left = k;
        err.message[0] = 0;
        st = az_result_save_memory(r, &bytes, &n, &err);
        if (!st) break;
        assert_int_equal(st, AZ_ENOMEM);
        assert_true(err.message[0]);
        assert_int_equal(f.alive, before);
    }
    before = f.alive;
    st = AZ_ENOMEM;
    for (long k = 0; st; k++) {
        f.calls_left = k;
        err.message[0] = 0;
        st = az_result_load_memory(&q, "memory", bytes, n, &err);
        if (!st) break;
        assert_int_equal(st, AZ_ENOMEM);
        assert_true(err.message[0]);
        assert_int_equal(f.alive, before);
    }
    same_state(r, q);
    az_free(bytes);
    az_result_destroy(r);
    az_result_destroy(q);
    assert_int_equal(f.alive, 0);
    az_set_allocator(NULL, NULL);
}

/* System calls that fail, once `left` of them have gone well; writes are short, so that there are many. */
static struct {
    long left;
    int code;
} fault;

static int due(void)
{
    if (fault.left-- > 0) return 0;
    errno = fault.code;
    return 1;
}

static ssize_t short_write(int fd, const void *bytes, size_t n)
{
    const size_t most = 4099;

    return due() ? -1 : write(fd, bytes, n < most ? n : most);
}

static int faulty_sync(int fd) { return due() ? -1 : fsync(fd); }
static int faulty_rename(const char *from, const char *to) { return due() ? -1 : rename(from, to); }

static ssize_t interrupted_write(int fd, const void *bytes, size_t n)
{
    static int k;

    errno = EINTR;
    return k++ % 2 ? write(fd, bytes, n / 2 + 1) : -1;
}

static ssize_t stuck_write(int fd, const void *bytes, size_t n)
{
    (void)fd;
    (void)bytes;
    (void)n;
    return 0;
}

static void check_loads(const char *path, int iterations)
{
    az_result *q = NULL;
    az_error err;

    if (az_result_load(&q, path, &err)) fail_msg("%s", err.message);
    assert_int_equal(q->iterations, iterations);
    az_result_destroy(q);
}

static void test_every_system_call(void **state)
{
    static const az_io_calls faulty = {short_write, faulty_sync, faulty_rename};
    const char *path = in_folder("b.h5");
    az_result *r = some_result(line_text);
    az_error err;
    az_status st = AZ_EIO;
    long k;

    (void)state;
    r->iterations = 1;
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    r->iterations = 2;
    az_io_set_calls(&faulty);
    for (k = 0; st; k++) {
        fault.left = k;
        fault.code = k % 2 ? ENOSPC : EIO;
        st = az_result_save(r, path, &err);
        assert_int_equal(count_files(), 1);
        if (!st) break;
        assert_int_equal(st, AZ_EIO);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, strerror(fault.code)));
        check_loads(path, strstr(err.message, "is written, but") ? 2 : 1); /* only the last call, the folder's sync, may come too late */
        if (strstr(err.message, "is written, but")) {
            r->iterations = 1;
            az_io_set_calls(NULL);
            assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
            az_io_set_calls(&faulty);
            r->iterations = 2;
        }
    }
    assert_true(k >= 5);
    check_loads(path, 2);
    az_io_set_calls(NULL);
    az_result_destroy(r);
    unlink(path);
}

static void test_interrupted_writes(void **state)
{
    const char *path = in_folder("c.h5");
    az_result *r = some_result(line_text);
    az_error err;

    (void)state;
    az_io_set_calls(&(az_io_calls){interrupted_write, fsync, rename});
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    az_io_set_calls(&(az_io_calls){stuck_write, fsync, rename});
    assert_int_equal(az_result_save(r, path, &err), AZ_EIO);
    az_io_set_calls(NULL);
    check_loads(path, 200);
    assert_int_equal(count_files(), 1);
    az_result_destroy(r);
    unlink(path);
}

/* Runs fn in a child, whose exit status is its value. */
static int in_child(int (*fn)(const az_result *), az_result *r)
{
    int status = -1;

    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        status = fn(r);
        az_result_destroy(r);
        _exit(status);
    }
    assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int expect_failure(const az_result *r, const char *path, const char *why)
{
    az_error err = {0};

    if (az_result_save(r, path, &err) != AZ_EIO) return 1;
    return strstr(err.message, path) && strstr(err.message, why) ? 0 : 2;
}

static int save_with_small_files(const az_result *r)
{
    const struct rlimit limit = {10000, 10000};

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit)) return 3;
    return expect_failure(r, in_folder("d.h5"), strerror(EFBIG));
}

static int save_in_locked_folder(const az_result *r)
{
    if (getuid() == 0 && setuid(65534)) return 3;
    return expect_failure(r, in_folder("locked/d.h5"), strerror(EACCES));
}

static void test_full_and_locked(void **state)
{
    az_result *r = some_result(line_text);

    (void)state;
    r->iterations = 1;
    assert_int_equal(az_result_save(r, in_folder("d.h5"), NULL), AZ_OK);
    r->iterations = 2;
    assert_int_equal(in_child(save_with_small_files, r), 0);
    check_loads(in_folder("d.h5"), 1);
    assert_int_equal(count_files(), 1);

    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(mkdir(in_folder("locked"), 0555), 0);
    assert_int_equal(in_child(save_in_locked_folder, r), 0);
    assert_int_equal(rmdir(in_folder("locked")), 0);
    unlink(in_folder("d.h5"));
    az_result_destroy(r);
}

static void test_impossible_targets(void **state)
{
    az_result *r = some_result(line_text);
    az_error err;
    char long_name[PATH_MAX + 10];

    (void)state;
    assert_int_equal(expect_failure(r, folder, strerror(EISDIR)), 0);
    assert_int_equal(expect_failure(r, in_folder("none/x.h5"), strerror(ENOENT)), 0);
    assert_int_equal(expect_failure(r, "/dev/null/x.h5", strerror(ENOTDIR)), 0);
    assert_int_equal(az_result_save(r, "", &err), AZ_EIO);
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    assert_int_equal(az_result_save(r, long_name, &err), AZ_EIO);
    if (access("/dev/full", W_OK) == 0) assert_int_equal(expect_failure(r, "/dev/full", strerror(ENOSPC)), 0);
    assert_int_equal(az_result_save(r, "/dev/null", NULL), AZ_OK);
    assert_int_equal(symlink(in_folder("nowhere"), in_folder("dangling")), 0);
    assert_int_equal(expect_failure(r, in_folder("dangling"), strerror(ENOENT)), 0);
    unlink(in_folder("dangling"));
    assert_int_equal(count_files(), 0);
    az_result_destroy(r);
}

/* The .part file of another writer is left alone; one whose writer died is used; one that is not ours stays, and another name is taken. */
static void test_other_writer(void **state)
{
    az_result *r = some_result(line_text);
    const char *path = in_folder("e.h5"), *part = in_folder("e.h5.part");
    const int fd = open(part, O_WRONLY | O_CREAT, 0666);

    (void)state;
    assert_int_equal(flock(fd, LOCK_EX), 0);
    assert_int_equal(write(fd, AZ_PART_MARK "theirs", sizeof AZ_PART_MARK + 5), sizeof AZ_PART_MARK + 5);
    assert_int_equal(expect_failure(r, path, "another run"), 0);
    assert_int_equal(count_files(), 1);
    assert_int_equal(lseek(fd, 0, SEEK_END), sizeof AZ_PART_MARK + 5);
    close(fd);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    assert_int_equal(count_files(), 1);
    check_loads(path, 200);

    const int foreign = open(part, O_RDWR | O_CREAT, 0666);
    char text[5] = "";
    assert_int_equal(write(foreign, "mine\n", 5), 5);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    assert_int_equal(pread(foreign, text, 5, 0), 5);
    assert_memory_equal(text, "mine\n", 5);
    close(foreign);
    assert_int_equal(count_files(), 2);
    unlink(part);

    assert_int_equal(symlink("/dev/null", part), 0);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    check_loads(path, 200);
    unlink(part);
    unlink(path);
    az_result_destroy(r);
}

/* Whenever the writer is killed, the file is one of those that it wrote. */
static void test_kill(void **state)
{
    az_result *r = some_result(line_text);
    const char *path = in_folder("f.h5");
    const uint64_t seed = (uint64_t)getpid();
    az_rng g;

    (void)state;
    printf("seed %llu\n", (unsigned long long)seed);
    az_rng_seed(&g, seed);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    for (int i = 0; i < 40; i++) {
        az_result *q = NULL;
        fflush(NULL);
        const pid_t pid = fork();
        assert_true(pid >= 0);
        while (pid == 0) {
            r->iterations++;
            if (az_result_save(r, path, NULL)) _exit(1);
        }
        usleep((useconds_t)(az_rng_next(&g) % 30000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_int_equal(az_result_load(&q, path, NULL), AZ_OK);
        assert_true(q->iterations >= r->iterations);
        az_result_destroy(q);
        assert_true(count_files() <= 2);
    }
    unlink(path);
    unlink(in_folder("f.h5.part"));
    az_result_destroy(r);
}

static void expect_refusal(const char *bytes, size_t n, const char *why)
{
    az_result *q = NULL;
    az_error err = {0};

    assert_int_equal(az_result_load_memory(&q, "x.h5", bytes, n, &err), AZ_EFORMAT);
    assert_null(q);
    assert_int_equal(err.status, AZ_EFORMAT);
    assert_non_null(strstr(err.message, "cannot load 'x.h5': "));
    if (why && !strstr(err.message, why)) fail_msg("'%s' lacks '%s'", err.message, why);
}

static void expect_result(const char *bytes, size_t n)
{
    az_result *q = NULL;
    az_error err = {0};

    if (az_result_load_memory(&q, "x.h5", bytes, n, &err)) fail_msg("%s", err.message);
    az_result_destroy(q);
}

static void test_truncation(void **state)
{
    az_result *r = some_result(line_text);
    char *bytes = NULL;
    size_t n = 0;

    (void)state;
    save_memory(r, &bytes, &n);
    for (size_t k = 0; k < n; k += k + 97 < n ? 97 : 1) {
        char *exact = malloc(k ? k : 1); /* so that a sanitizer sees a read beyond the end */
        memcpy(exact, bytes, k);
        if (k + AZ_TRAILER_SIZE < n) expect_refusal(exact, k, k < 8 ? "not a result file" : "truncated");
        else expect_result(exact, k); /* as HDF5 leaves it when another program opened it for writing */
        free(exact);
    }
    az_free(bytes);
    az_result_destroy(r);
}

static void test_flipped_bits(void **state)
{
    az_result *r = some_result(line_text);
    char *bytes = NULL;
    size_t n = 0;
    az_rng g;

    (void)state;
    az_rng_seed(&g, 99);
    save_memory(r, &bytes, &n);
    for (int i = 0; i < 3000; i++) {
        const size_t at = az_rng_next(&g) % (n - 8); /* without its last word the trailer is none, and the content is judged by itself */
        const char bit = (char)(1 << az_rng_next(&g) % 8);
        bytes[at] ^= bit;
        expect_refusal(bytes, n, NULL);
        bytes[at] ^= bit;
    }
    az_free(bytes);
    az_result_destroy(r);
}

static size_t most_asked;

static void *watch(void *data, void *p, size_t bytes)
{
    (void)data;
    if (bytes > most_asked) most_asked = bytes;
    if (bytes) return realloc(p, bytes);
    free(p);
    return NULL;
}

static void test_foreign(void **state)
{
    az_result *q = NULL;
    az_error err;
    char *bytes = NULL, *text;
    size_t n = 0, room = 8 + AZ_TRAILER_SIZE;
    az_archive a;

    (void)state;
    expect_refusal("", 0, "not a result file");
    expect_refusal("problem ccf \"a text, not a result\"", 34, "not a result file");
    az_archive_create(&a);
    az_archive_image(&a, &bytes, &n, AZ_TRAILER_SIZE);
    az_archive_close(&a);
    expect_refusal(bytes, n, "/format_version is missing");
    expect_refusal(bytes, n - 1, "not write");
    az_trailer_write(bytes + n, bytes, n);
    expect_refusal(bytes, n + AZ_TRAILER_SIZE, "/format_version is missing");
    text = calloc(room, 1);
    memcpy(text, bytes, 8);
    az_trailer_write(text + 8, text, 8);
    expect_refusal(text, room, "HDF5 does not accept");
    free(text);
    az_free(bytes);

    assert_int_equal(az_result_load(&q, in_folder("none.h5"), &err), AZ_EIO);
    assert_non_null(strstr(err.message, strerror(ENOENT)));
    assert_int_equal(az_result_load(&q, folder, &err), AZ_EIO);
    assert_int_equal(mkfifo(in_folder("fifo"), 0600), 0);
    assert_int_equal(az_result_load(&q, in_folder("fifo"), &err), AZ_EFORMAT);
    assert_int_equal(az_result_load(&q, "/dev/zero", &err), AZ_EFORMAT);
    const int zeros = open(in_folder("zeros"), O_WRONLY | O_CREAT, 0600); /* as long as the program reads, but not ours: no memory is taken for it */
    if (ftruncate(zeros, (off_t)AZ_IO_FILE_MAX) == 0) {
        most_asked = 0;
        az_set_allocator(watch, NULL);
        assert_int_equal(az_result_load(&q, in_folder("zeros"), &err), AZ_EFORMAT);
        az_set_allocator(NULL, NULL);
        assert_true(most_asked > 0 && most_asked <= 1 << 20);
    }
    close(zeros);
    unlink(in_folder("zeros"));
    unlink(in_folder("fifo"));
    const int fd = open(in_folder("huge"), O_WRONLY | O_CREAT, 0600);
    if (ftruncate(fd, (off_t)AZ_IO_FILE_MAX + 1) == 0) {
        assert_int_equal(az_result_load(&q, in_folder("huge"), &err), AZ_EFORMAT);
        assert_non_null(strstr(err.message, "4 GiB"));
    }
    close(fd);
    unlink(in_folder("huge"));
}

/* One change to a good file, sealed again with a right trailer. */
typedef struct edit {
    const char *group, *name;       /* of an attribute to set to `value`; or of an object to remove */
    enum { SET_INT, SET_DOUBLE, SET_LABEL, REMOVE, RESIZE, SET_DATA, RETYPE, MOVE_OUT } what;
    double value;
    const char *why;
} edit;

static void replace_attribute(hid_t g, const char *name, hid_t type, const void *v)
{
    const hid_t space = H5Screate(H5S_SCALAR);

    if (H5Aexists(g, name) > 0) H5Adelete(g, name);
    const hid_t a = H5Acreate2(g, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Awrite(a, type, v) >= 0);
    H5Aclose(a);
    H5Sclose(space);
}

/* In place of a data set one of `n` numbers, in a file of its own if `out`. */
static void replace_dataset(hid_t g, const char *name, hid_t type, hsize_t n, bool out)
{
    const hid_t space = H5Screate_simple(1, &n, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);

    if (out) H5Pset_external(dcpl, "/dev/zero", 0, n * 8);
    H5Ldelete(g, name, H5P_DEFAULT);
    const hid_t d = H5Dcreate2(g, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
    assert_true(d >= 0);
    H5Dclose(d);
    H5Pclose(dcpl);
    H5Sclose(space);
}

static void overwrite_first(hid_t g, const char *name, double value)
{
    const hid_t d = H5Dopen2(g, name, H5P_DEFAULT), space = H5Dget_space(d), one = H5Screate(H5S_SCALAR);
    const hsize_t at[2] = {0, 0};

    assert_true(H5Sselect_elements(space, H5S_SELECT_SET, 1, at) >= 0);
    assert_true(H5Dwrite(d, H5T_NATIVE_DOUBLE, one, space, H5P_DEFAULT, &value) >= 0);
    H5Sclose(one);
    H5Sclose(space);
    H5Dclose(d);
}

static void apply(hid_t g, const edit *e)
{
    const int i = isfinite(e->value) ? (int)e->value : 0;
    const hid_t label = H5Tcopy(H5T_C_S1);

    H5Tset_size(label, 8);
    switch (e->what) {
    case SET_INT: replace_attribute(g, e->name, H5T_STD_I32LE, &i); break;
    case SET_DOUBLE: replace_attribute(g, e->name, H5T_IEEE_F64LE, &e->value); break;
    case SET_LABEL: replace_attribute(g, e->name, label, "nothing"); break;
    case REMOVE:
        if (H5Aexists(g, e->name) > 0) H5Adelete(g, e->name);
        else H5Ldelete(g, e->name, H5P_DEFAULT);
        break;
    case RESIZE: replace_dataset(g, e->name, H5T_IEEE_F64LE, (hsize_t)e->value, false); break;
    case RETYPE: replace_dataset(g, e->name, H5T_IEEE_F32LE, (hsize_t)e->value, false); break;
    case MOVE_OUT: replace_dataset(g, e->name, H5T_IEEE_F64LE, (hsize_t)e->value, true); break;
    case SET_DATA: overwrite_first(g, e->name, e->value); break;
    }
    H5Tclose(label);
}

static void edited(char **out, size_t *n_out, const char *bytes, size_t n, const edit *e)
{
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    char *image = malloc(n);

    memcpy(image, bytes, n);
    H5Pset_fapl_core(fapl, 1 << 16, 0);
    H5Pset_libver_bounds(fapl, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST);
    H5Pset_file_image(fapl, image, n);
    const hid_t f = H5Fopen("edited", H5F_ACC_RDWR, fapl), g = H5Gopen2(f, e->group, H5P_DEFAULT);
    assert_true(g >= 0);
    apply(g, e);
    H5Gclose(g);
    H5Fflush(f, H5F_SCOPE_GLOBAL);
    *n_out = (size_t)H5Fget_file_image(f, NULL, 0);
    *out = malloc(*n_out + AZ_TRAILER_SIZE);
    H5Fget_file_image(f, *out, *n_out);
    H5Fclose(f);
    H5Pclose(fapl);
    free(image);
    az_trailer_write(*out + *n_out, *out, *n_out);
    *n_out += AZ_TRAILER_SIZE;
}

static const edit edits[] = {
    {"/", "format_version", SET_INT, AZ_FORMAT_VERSION + 1, "newer"},
    {"/", "format_version", SET_INT, 0, "format_version is 0"},
    {"/", "problem", REMOVE, 0, "/problem is missing"},
    {"/problem", "text", REMOVE, 0, "/problem/text is missing"},
    {"/problem", "text", RESIZE, 3, "not a text"},
    {"/problem/parameters", "a", REMOVE, 0, "parameters are not those"},
    {"/problem/parameters", "c", SET_DOUBLE, 1, "not accepted"},
    {"/problem/parameters", "a", SET_DOUBLE, NAN, "not accepted"},
    {"/problem/parameters", "a", SET_INT, 1, "unexpected type"},
    {"/run", "stop", SET_LABEL, 0, "no such choice"},
    {"/run", "stop", SET_INT, 1, "unexpected type"},
    {"/run", "stage", SET_INT, -1, "is -1"},
    {"/run", "phase", SET_INT, AZ_MAX_PHASES, "/run/phase is 8, outside 0..7"},
    {"/options", "tolerance", SET_DOUBLE, NAN, "option is negative or not a number"},
    {"/options", "layers", SET_INT, AZ_MAX_LAYERS + 1, "is 9"},
    {"/options", "phases", SET_INT, -5, "is -5"},
    {"/options", "phase1", SET_LABEL, 0, "no such choice"},
    {"/unknowns", "lambda", REMOVE, 0, "/unknowns/lambda is missing"},
    {"/unknowns/lambda", "value", REMOVE, 0, "/unknowns/lambda/value is missing"},
    {"/trials/N", "stages", SET_INT, AZ_MAX_STAGES + 1, "is 7"},
    {"/trials/N", "stages", SET_INT, 3, "stage3 is missing"},
    {"/trials/N/stage1", "hidden_layers", SET_INT, 3, "unexpected size"},
    {"/trials/N/stage1", "hidden_layers", SET_INT, -1, "is -1"},
    {"/trials/N/stage1", "widths", SET_DATA, 2e9, "widths of a network"},
    {"/trials/N/stage1", "widths", SET_DATA, -2, "widths of a network"},
    {"/trials/N/stage1", "widths", SET_DATA, 3, "widths of a network"},
    {"/trials/N/stage1", "weights", RESIZE, 5, "unexpected size"},
    {"/trials/N/stage1", "weights", RETYPE, 39, "unexpected type"},
    {"/trials/N/stage1", "weights", MOVE_OUT, 43, "unexpected way"},
    {"/trials/N/stage1", "activation", SET_LABEL, 0, "no such choice"},
    {"/trials/N/stage2", "n_frozen", SET_INT, 13, "is 13"},
    {"/grid", "edges", SET_INT, INT_MAX, "unexpected size"},
    {"/grid", "edge", SET_DATA, NAN, "do not rise"},
    {"/grid", "edge", SET_DATA, 5, "do not rise"},
    {"/points/row1", "points", SET_INT, INT_MAX, "unexpected size"},
    {"/points/row1", "dim", SET_INT, 2, "is 2"},
    {"/points/row1", "x", REMOVE, 0, "/points/row1/x is missing"},
    {"/optimiser", "numbers", SET_INT, 38, "unexpected size"},
    {"/optimiser", "memory", RESIZE, 1e9, "unexpected"},
    {"/generator", "s0", SET_DOUBLE, 0, "unexpected type"},
    {"/history", "rows", SET_INT, 71, "unexpected size"},
    {"/history", "unknown", RESIZE, 140, "unexpected size"},
    {"/evidence", "tier", REMOVE, 0, "/evidence/tier is missing"},
    {"/evidence", "points", SET_INT, -1, "is -1"},
    {"/residual", "points", SET_INT, 89, "unexpected size"},
};

static void test_contradictions(void **state)
{
    az_result *r = some_result(line_text);
    char *bytes = NULL;
    size_t n = 0;

    (void)state;
    save_memory(r, &bytes, &n);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        char *changed = NULL;
        size_t m = 0;
        edited(&changed, &m, bytes, n - AZ_TRAILER_SIZE, &edits[i]);
        expect_refusal(changed, m, edits[i].why);
        free(changed);
    }
    az_free(bytes);
    az_result_destroy(r);
}

/* A state that would not load is not written. */
static void test_inconsistent_state(void **state)
{
    az_result *r = some_result(line_text);
    az_error err;

    (void)state;
#define REFUSED(change, undo, why) \
    do { \
        change; \
        assert_int_equal(az_result_save(r, in_folder("g.h5"), &err), AZ_EFORMAT); \
        if (!strstr(err.message, why)) fail_msg("'%s' lacks '%s'", err.message, why); \
        undo; \
        assert_int_equal(count_files(), 0); \
    } while (0)
    REFUSED(r->scalar[0] = 5, r->scalar[0] = 0.1, "a parameter differs");
    REFUSED(r->edge[2] = 0, r->edge[2] = 0.7 * 4, "do not rise");
    REFUSED(r->n_memory = -1, r->n_memory = 37, "/optimiser/numbers is -1");
    REFUSED(r->trial[0].n_stages = 100, r->trial[0].n_stages = 2, "/trials/N/stages is 100");
    REFUSED(r->trial[0].stage[1].n_weights = 3, r->trial[0].stage[1].n_weights = 12, "more or fewer weights");
    REFUSED(r->options.n_layers = 50, r->options.n_layers = 2, "/options/layers is 50");
    REFUSED(r->options.phase[0] = (az_method)77, r->options.phase[0] = AZ_METHOD_LM, "no such choice");
    REFUSED(r->points[0].dim = 3, r->points[0].dim = 1, "dim is 3");
    assert_int_equal(az_result_save(r, in_folder("g.h5"), &err), AZ_OK);
    unlink(in_folder("g.h5"));
    az_result_destroy(r);
}

static herr_t my_report(hid_t stack, void *data)
{
    (void)stack;
    (void)data;
    return 0;
}

static const char *const names[] = {"y", "d(\"O\",y)"};

/* Opened for writing by another program: what it leaves. */
static void by_hdf5(const char *path, const char *group, const char *name, const double *value)
{
    const hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f >= 0);
    if (value) {
        const hid_t g = H5Gopen2(f, group, H5P_DEFAULT), a = H5Aopen(g, name, H5P_DEFAULT);
        assert_true(H5Awrite(a, H5T_NATIVE_DOUBLE, value) >= 0);
        H5Aclose(a);
        H5Gclose(g);
    }
    assert_true(H5Fclose(f) >= 0);
}

/* To open a result for writing and close it changes nothing; other content is noticed, read on request only, and is nobody's evidence. */
static void test_other_programs(void **state)
{
    az_result *r = some_result(line_text), *q = NULL;
    const char *path = in_folder("o.h5");
    const double value = 0.125;
    int changed = -1;
    double error;
    az_error err;

    (void)state;
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    by_hdf5(path, NULL, NULL, NULL);
    if (az_result_load(&q, path, &err)) fail_msg("%s", err.message);
    same_state(r, q);
    az_result_destroy(q);
    assert_int_equal(az_result_load_changed(&q, path, &changed, NULL), AZ_OK);
    assert_int_equal(changed, 0);
    same_state(r, q);
    az_result_destroy(q);

    by_hdf5(path, "/unknowns/lambda", "value", &value);
    assert_int_equal(az_result_load(&q, path, &err), AZ_ECHANGED);
    assert_non_null(strstr(err.message, "another program has changed it"));
    assert_int_equal(az_result_load_changed(&q, path, &changed, NULL), AZ_OK);
    assert_int_equal(changed, 1);
    assert_true(az_result_unknown(q, 0, &error) == value && isnan(error));
    assert_int_equal(az_result_evidence(q).tier, AZ_TIER_NONE);
    assert_true(isnan(az_result_evidence(q).reevaluated_max) && isnan(az_result_row(q, 0).max));
    assert_int_equal(az_result_replace(q, path, NULL), AZ_OK);
    az_result_destroy(q);
    assert_int_equal(az_result_load(&q, path, NULL), AZ_OK);
    az_result_destroy(q);
    az_result_destroy(r);
    unlink(path);
}

static void without_evidence(az_result *r)
{
    for (int i = 0; i < r->history.n_unknowns; i++) r->unknown_error[i] = NAN;
    for (int i = 0; i < r->problem->n_rows * AZ_ROW_FOUND(r->problem->dim); i++)
        r->row_found[i] = NAN;
    r->evidence = (az_evidence){AZ_TIER_NONE, NAN, NAN, NAN, 0, NAN, NAN};
}

static az_result *some_elements(void)
{
    double edge[4] = {0, 1, 2.5, 4};
    const az_mesh mesh = {.n_edges = 4, .edge = edge, .degree = 14, .centre = 22, .smooth = 1,
                          .parity = AZ_EVEN, .length = 2};
    az_result *r = some_result(line_text);

    assert_int_equal(az_state_add_elements(r, 0, &mesh), AZ_OK);
    r->support = (az_support){.done = 1, .unknown = az_doubles(2), .derived = az_doubles(1),
                              .field = az_doubles((size_t)r->problem->n_lets), .open = 1};
    r->twice = (az_twice){.done = 1, .check = 1e-9, .moved = az_doubles(2)};
    char *one = az_strdup("analytic at 1"), *two = az_strdup("not so");
    assert_int_equal(az_state_find(r, one, two, -1, 0.5), AZ_OK);
    return r;
}

/* What format 7 has not: such a file is read, without its evidence. */
static void test_format_before(void **state)
{
    static const edit newer[] = {
        {"/evidence", "rows", REMOVE, 0, NULL},
        {"/options", "accept_trivial", REMOVE, 0, NULL},
        {"/trials/N/stage3", "wide", REMOVE, 0, NULL},
        {"/", "kept", REMOVE, 0, NULL},
        {"/", "corners", REMOVE, 0, NULL},
        {"/", "support", REMOVE, 0, NULL},
        {"/", "twice", REMOVE, 0, NULL},
        {"/", "statements", REMOVE, 0, NULL},
        {"/", "content_hash", REMOVE, 0, NULL},
    };
    const edit renumbered = {"/", "format_version", SET_INT, AZ_FORMAT_OLDEST, NULL};
    az_result *r = some_elements(), *q = NULL;
    char *bytes = NULL, *old = NULL;
    size_t n = 0, m = 0;
    int changed;
    az_error err;

    (void)state;
    assert_int_equal(r->trial[0].n_stages, 3);
    save_memory(r, &bytes, &n);
    if (az_result_load_memory(&q, "x.h5", bytes, n, &err)) fail_msg("%s", err.message);
    same_state(r, q);
    assert_true(q->support.done && q->twice.done && q->twice.check == 1e-9 && q->n_stated == 1);
    assert_true(!az_result_accepted(q));
    az_result_destroy(q);
    for (int i = 0; i < COUNT(newer); i++) {
        char missing[80];
        edited(&old, &m, bytes, n - AZ_TRAILER_SIZE, &newer[i]);
        snprintf(missing, sizeof missing, "%s/%s is missing", newer[i].group[1] ? newer[i].group : "",
                 newer[i].name);
        expect_refusal(old, m, missing);
        az_free(old);
    }
    for (int i = 0; i < COUNT(newer); i++) {
        edited(&old, &m, bytes, n - AZ_TRAILER_SIZE, &newer[i]);
        az_free(bytes);
        bytes = old, n = m;
    }
    edited(&old, &m, bytes, n - AZ_TRAILER_SIZE, &renumbered);
    if (az_result_load_memory(&q, "x.h5", old, m, &err)) fail_msg("%s", err.message);
    az_kept_clear(r);
    az_free(r->corner);
    r->corner = NULL, r->n_corners = 0;
    without_evidence(r);
    same_state(r, q);
    assert_true(!q->support.done && !q->twice.done && !q->n_stated && az_result_accepted(q));
    az_result_destroy(q);
    assert_int_equal(az_result_load_memory(&q, "x.h5", old, m - AZ_TRAILER_SIZE, &err), AZ_ECHANGED);
    assert_int_equal(az_result_load_memory_changed(&q, "x.h5", old, m - AZ_TRAILER_SIZE, &changed, &err), AZ_OK);
    assert_int_equal(changed, 1);
    az_result_destroy(q);
    az_free(bytes);
    az_free(old);
    az_result_destroy(r);
}

/* An old state is not written over a newer one. */
static void test_replace(void **state)
{
    az_result *r = some_result(line_text), *one = NULL, *two = NULL;
    const char *path = in_folder("r.h5");
    az_error err;

    (void)state;
    r->iterations = 1;
    assert_int_equal(az_result_replace(r, path, NULL), AZ_OK);
    r->iterations = 2;
    assert_int_equal(az_result_replace(r, path, NULL), AZ_OK); /* its own */
    assert_int_equal(az_result_load(&one, path, NULL), AZ_OK);
    assert_int_equal(az_result_load(&two, path, NULL), AZ_OK);
    one->iterations = 3, two->iterations = 4;
    assert_int_equal(az_result_replace(one, path, NULL), AZ_OK);
    assert_int_equal(az_result_replace(two, path, &err), AZ_ECHANGED);
    assert_non_null(strstr(err.message, path));
    check_loads(path, 3);
    assert_int_equal(az_result_replace(r, path, NULL), AZ_ECHANGED);
    char other[PATH_MAX];
    snprintf(other, sizeof other, "%s/./r.h5", folder);
    assert_int_equal(az_result_replace(one, other, NULL), AZ_OK); /* the same file */
    snprintf(other, sizeof other, "%s", in_folder("r2.h5"));
    assert_int_equal(az_result_save(two, other, NULL), AZ_OK);
    assert_int_equal(az_result_replace(one, other, NULL), AZ_ECHANGED); /* not its own */
    unlink(other);
    assert_int_equal(az_result_replace(two, other, NULL), AZ_OK); /* nobody's */
    unlink(other);
    unlink(path);
    assert_int_equal(az_result_replace(one, path, NULL), AZ_OK); /* nothing there that could be lost */
    unlink(path);
    assert_int_equal(count_files(), 0);
    az_result_destroy(one);
    az_result_destroy(two);
    az_result_destroy(r);
}

/* A path has one holder, through every name of its folder and links to it; the lock leaves nothing behind, and what was there stays. */
static void test_claim(void **state)
{
    az_claim *c = NULL, *d = NULL;
    az_error err;
    char link_name[PATH_MAX], path[PATH_MAX];

    (void)state;
    snprintf(path, sizeof path, "%s", in_folder("c.h5"));
    snprintf(link_name, sizeof link_name, "%s", in_folder("link.h5"));
    assert_int_equal(az_claim_create(&c, path, &err), AZ_OK);
    assert_int_equal(az_claim_create(&d, path, &err), AZ_EBUSY);
    assert_null(d);
    assert_non_null(strstr(err.message, "another run"));
    az_claim_destroy(c);
    assert_int_equal(count_files(), 0);

    close(open(path, O_WRONLY | O_CREAT, 0600));
    assert_int_equal(symlink(path, link_name), 0);
    assert_int_equal(az_claim_create(&c, link_name, NULL), AZ_OK);
    assert_int_equal(az_claim_create(&d, path, NULL), AZ_EBUSY);
    az_claim_destroy(c);
    unlink(link_name);
    unlink(path);

    const int fd = open(in_folder("c.h5.lock"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    assert_int_equal(az_claim_create(&c, path, NULL), AZ_OK);
    az_claim_destroy(c);
    assert_int_equal(count_files(), 1);
    unlink(in_folder("c.h5.lock"));
    assert_int_equal(az_claim_create(&c, in_folder("none/c.h5"), &err), AZ_EIO);
    az_claim_destroy(NULL);
}

static az_file kind_of(const char *text, size_t n)
{
    const char *path = in_folder("kind");
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, text, n), n);
    close(fd);
    const az_file found = az_file_look(path);
    unlink(path);
    return found;
}

/* What is ours is known by its content, and nothing else is. */
static void test_kinds(void **state)
{
    static const double some[] = {0, 0.5, 1.0 / 3};
    static const double *const pair[] = {some, some};
    const az_table t = {2, 3, names, pair};
    az_result *r = some_result(line_text);
    const char *path = in_folder("k");
    static const char *const foreign[] = {"", "mine\n", "x,y\n", "x,y\n1,2\n", "x,y\n0.1,0.2\n", "x,y\n0.10000000000000001\n", "1e3,x\n0.33333333333333331,1.50\n",
                                          "<html></html>", "\x89HDF\r\n\x1a\n", "<?xml version=\"1.0\"?>", "{\"version\":\"1\"}"};

    (void)state;
    assert_int_equal(az_file_look(in_folder("none")), AZ_FILE_NOTHING);
    assert_int_equal(az_file_look(folder), AZ_FILE_FOREIGN);
    assert_int_equal(az_file_look("/dev/zero"), AZ_FILE_FOREIGN);
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        if (kind_of(foreign[i], strlen(foreign[i])) != AZ_FILE_FOREIGN) fail_msg("taken for ours: %s", foreign[i]);
    assert_int_equal(az_result_save(r, path, NULL), AZ_OK);
    assert_int_equal(az_file_look(path), AZ_FILE_RESULT);
    assert_int_equal(az_table_write_csv(&t, path, NULL), AZ_OK);
    assert_int_equal(az_file_look(path), AZ_FILE_TABLE);
    assert_int_equal(az_table_write_npy(&t, path, NULL), AZ_OK);
    assert_int_equal(az_file_look(path), AZ_FILE_TABLE);
    assert_int_equal(az_table_write_hdf5(&t, path, NULL), AZ_OK);
    assert_int_equal(az_file_look(path), AZ_FILE_TABLE);
    assert_int_equal(kind_of("\x93NUMPY\x01\0v\0{'descr': '<f8', }", 26), AZ_FILE_FOREIGN); /* 128 bytes of header, as NumPy writes */
    unlink(path);
    az_result_destroy(r);
}

/* ---- A result that is saved is not written to: it lies where nobody may write. */

typedef struct arena {
    char *base;
    size_t used, size;
} arena;

static void *from_arena(void *data, void *p, size_t bytes)
{
    arena *a = data;
    const size_t head = 16;

    if (!bytes) return NULL; /* freed with the arena */
    const size_t need = head + (bytes + 63) / 64 * 64;
    if (a->used + need > a->size) return NULL;
    char *new = a->base + a->used + head;
    a->used += need;
    memcpy(new - head, &bytes, sizeof bytes);
    if (p) {
        size_t old;
        memcpy(&old, (char *)p - head, sizeof old);
        memcpy(new, p, old < bytes ? old : bytes);
    }
    return new;
}

static int save_read_only(const az_result *r) { return az_result_save(r, in_folder("ro.h5"), NULL) == AZ_OK ? 0 : 1; }

static void test_const(void **state)
{
    arena a = {.size = (size_t)64 << 20};

    (void)state;
    a.base = mmap(NULL, a.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(a.base != MAP_FAILED);
    az_set_allocator(from_arena, &a);
    az_result *r = some_result(line_text);
    az_set_allocator(NULL, NULL);
    assert_int_equal(mprotect(a.base, a.size, PROT_READ), 0);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) _exit(save_read_only(r));
    int status = -1;
    assert_true(waitpid(pid, &status, 0) == pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_loads(in_folder("ro.h5"), 200);
    unlink(in_folder("ro.h5"));
    munmap(a.base, a.size);
}

/* HDF5's own messages: silent in between, and as the caller had set them afterwards. */
static void test_error_reporting(void **state)
{
    H5E_auto2_t before, fn;
    void *before_data, *data;
    int mark;
    az_result *r = some_result(line_text), *q = NULL;

    (void)state;
    H5Eget_auto2(H5E_DEFAULT, &before, &before_data);
    H5Eset_auto2(H5E_DEFAULT, my_report, &mark);
    assert_int_equal(az_result_save(r, in_folder("h.h5"), NULL), AZ_OK);
    assert_int_equal(az_result_load(&q, in_folder("h.h5"), NULL), AZ_OK);
    H5Eget_auto2(H5E_DEFAULT, &fn, &data);
    assert_true(fn == my_report && data == &mark);
    H5Eset_auto2(H5E_DEFAULT, before, before_data);
    unlink(in_folder("h.h5"));
    az_result_destroy(r);
    az_result_destroy(q);
}

static void read_back(char **bytes, size_t *n, const char *path)
{
    assert_int_equal(az_io_read_file(bytes, n, path, NULL), AZ_OK);
    unlink(path);
}

static const double column0[] = {0, -1.5, 1.0 / 3}, column1[] = {1e300, NAN, -0.0};
static const double *const columns[] = {column0, column1};
static const az_table table = {2, 3, names, columns};

static void test_csv(void **state)
{
    char *s = NULL;
    size_t n = 0;
    static const char expected[] = "y,\"d(\"\"O\"\",y)\"\n0,1.0000000000000001e+300\n-1.5,nan\n0.33333333333333331,-0\n";

    (void)state;
    assert_int_equal(az_table_write_csv(&table, in_folder("t.csv"), NULL), AZ_OK);
    read_back(&s, &n, in_folder("t.csv"));
    assert_int_equal(n, sizeof expected - 1);
    assert_memory_equal(s, expected, n);
    az_free(s);
}

static void test_npy(void **state)
{
    char *s = NULL;
    size_t n = 0;
    const char *d = "{'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }";

    (void)state;
    assert_int_equal(az_table_write_npy(&table, in_folder("t.npy"), NULL), AZ_OK);
    read_back(&s, &n, in_folder("t.npy"));
    const size_t header = 10 + (unsigned char)s[8] + 256 * (size_t)(unsigned char)s[9];
    assert_int_equal(header % 64, 0);
    assert_int_equal(n, header + 6 * 8);
    assert_memory_equal(s, "\x93NUMPY\x01\x00", 8);
    assert_memory_equal(s + 10, d, strlen(d));
    assert_int_equal(s[header - 1], '\n');
    for (int i = 0; i < 3; i++) {
        assert_memory_equal(s + header + 16 * i, &column0[i], 8);
        assert_memory_equal(s + header + 16 * i + 8, &column1[i], 8);
    }
    az_free(s);
}

static void test_hdf5_table(void **state)
{
    double v[6], *p = v;
    az_archive a;
    char *s = NULL;
    size_t n = 0;

    (void)state;
    assert_int_equal(az_table_write_hdf5(&table, in_folder("t.h5"), NULL), AZ_OK);
    read_back(&s, &n, in_folder("t.h5"));
    az_archive_open(&a, s, n);
    p = NULL;
    az_archive_doubles(&a, "table", &p, 3, 2);
    assert_int_equal(a.status, AZ_OK);
    for (int i = 0; i < 3; i++) assert_true(!memcmp(&p[2 * i], &column0[i], 8) && !memcmp(&p[2 * i + 1], &column1[i], 8));
    assert_int_equal(az_archive_n_attributes(&a), 4);
    az_doubles_free(p);
    az_archive_close(&a);
    az_free(s);
}

static void test_table_errors(void **state)
{
    az_status (*const write_table[])(const az_table *, const char *, az_error *) = {az_table_write_csv, az_table_write_npy, az_table_write_hdf5};
    const az_table none = {0, 0, NULL, NULL}, nameless = {1, 3, (const char *const[]){""}, columns};
    failing_allocator f = {-1, 0};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        az_error err;
        assert_int_equal(write_table[i](&none, in_folder("t"), &err), AZ_EOPTION);
        assert_int_equal(write_table[i](&nameless, in_folder("t"), &err), AZ_EOPTION);
        assert_int_equal(write_table[i](&table, in_folder("none/t"), &err), AZ_EIO);
        az_set_allocator(failing_alloc, &f);
        az_status st = AZ_ENOMEM;
        for (long k = 0; st; k++) {
            f.calls_left = k;
            st = write_table[i](&table, in_folder("t"), &err);
            assert_true(st == AZ_OK || st == AZ_ENOMEM);
            assert_int_equal(f.alive, 0);
        }
        az_set_allocator(NULL, NULL);
        unlink(in_folder("t"));
    }
    assert_int_equal(count_files(), 0);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_elements), IN_FOLDER(test_round_trip), IN_FOLDER(test_round_trip_of_nothing), IN_FOLDER(test_file),
        IN_FOLDER(test_every_allocation), IN_FOLDER(test_every_system_call), IN_FOLDER(test_interrupted_writes),
        IN_FOLDER(test_full_and_locked), IN_FOLDER(test_impossible_targets), IN_FOLDER(test_other_writer),
        IN_FOLDER(test_other_programs), cmocka_unit_test(test_format_before), IN_FOLDER(test_replace), IN_FOLDER(test_claim), IN_FOLDER(test_kinds), IN_FOLDER(test_const),
        IN_FOLDER(test_kill), IN_FOLDER(test_truncation), IN_FOLDER(test_flipped_bits), IN_FOLDER(test_foreign),
        IN_FOLDER(test_contradictions), IN_FOLDER(test_inconsistent_state), IN_FOLDER(test_error_reporting),
        IN_FOLDER(test_csv), IN_FOLDER(test_npy), IN_FOLDER(test_hdf5_table), IN_FOLDER(test_table_errors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
