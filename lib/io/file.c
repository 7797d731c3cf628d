/* file.c: whole files in and out. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PART_SUFFIX ".part"
#define LOCK_TRIES 100

static const az_io_calls system_calls = {write, fsync, rename};
static az_io_calls calls = {write, fsync, rename}; /* changed by tests only */

void az_io_set_calls(const az_io_calls *c) { calls = c ? *c : system_calls; }

static az_status cannot(az_error *err, const char *verb, const char *path, const char *why)
{
    return az_fail(err, AZ_EIO, "cannot %s '%s': %s", verb, path, why);
}

static int write_all(int fd, const char *bytes, size_t n)
{
    const size_t most = (size_t)1 << 30; /* Linux writes at most 2 GiB a call */

    while (n) {
        const ssize_t k = calls.write(fd, bytes, n < most ? n : most);
        if (k < 0 && errno == EINTR) continue;
        if (k == 0) errno = ENOSPC;
        if (k <= 0) return -1;
        bytes += k;
        n -= (size_t)k;
    }
    return 0;
}

static az_status write_through(const char *path, const void *bytes, size_t n, az_error *err)
{
    const int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0) return cannot(err, "write", path, strerror(errno));
    int failed = write_all(fd, bytes, n) ? errno : 0;
    if (close(fd) && !failed) failed = errno;
    return failed ? cannot(err, "write", path, strerror(failed)) : AZ_OK;
}

static bool part_is_ours(int fd, const struct stat *s)
{
    char head[sizeof AZ_PART_MARK - 1];
    const size_t n = s->st_size < (off_t)sizeof head ? (size_t)s->st_size : sizeof head;

    if (!S_ISREG(s->st_mode)) return false;
    if (pread(fd, head, n, 0) == (ssize_t)n && !memcmp(head, AZ_PART_MARK, n)) return true;
    return az_io_look(fd) != AZ_FILE_FOREIGN;
}

/* Opens a .part file and locks it, so that two writers cannot mix their bytes; one left behind by a
 * killed run is used again. Between open and lock the previous owner may have renamed it away: then
 * the name means another file, and we begin again. -1 and errno on failure, which is EEXIST where
 * the file is not ours. */
static int open_part(const char *part)
{
    struct stat here, there;

    for (int i = 0; i < LOCK_TRIES; i++) {
        const int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (fd < 0) {
            const int why = errno;
            const bool foreign = why == ELOOP || why == EISDIR || why == ENXIO ||
                                 (why == EACCES && !access(part, F_OK));
            errno = foreign ? EEXIST : why;
            return -1;
        }
        int failed = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK ? EBUSY : 0;
        if (!failed && fstat(fd, &here)) failed = errno;
        const bool same = !failed && !stat(part, &there) && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
        if (same && !part_is_ours(fd, &here)) failed = EEXIST;
        if (same && !failed && ftruncate(fd, 0)) failed = errno;
        if (same && !failed) return fd;
        close(fd);
        if (failed) {
            errno = failed;
            return -1;
        }
    }
    errno = EBUSY;
    return -1;
}

/* The first of the names that is free or ours. */
static int find_part(char *part, const char *path)
{
    for (int i = 0; i < 10; i++) {
        char number[2] = {i ? (char)('0' + i) : 0};
        if (snprintf(part, PATH_MAX, "%s%s%s", path, PART_SUFFIX, number) >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int fd = open_part(part);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    errno = EEXIST;
    return -1;
}

/* The first bytes last: until then they say whose the file is. */
static int write_marked(int fd, const char *bytes, size_t n)
{
    const size_t mark = sizeof AZ_PART_MARK - 1;

    if (n < mark) return write_all(fd, bytes, n);
    if (write_all(fd, AZ_PART_MARK, mark) || write_all(fd, bytes + mark, n - mark)) return -1;
    return lseek(fd, 0, SEEK_SET) ? -1 : write_all(fd, bytes, mark);
}

/* A folder that cannot be opened for reading, or a file system without such a call, cannot be synchronised and is not an error. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    const int n = slash ? (int)(slash - path) : 0;

    snprintf(folder, sizeof folder, "%.*s", n, path);
    const int fd = open(slash ? (n ? folder : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return 0;
    int failed = calls.sync(fd) && errno != EINVAL && errno != ENOTSUP ? errno : 0;
    close(fd);
    errno = failed;
    return failed ? -1 : 0;
}

/* Of the file that path leads to: the same for every way of writing its folder. */
static uint64_t name_of(const char *path)
{
    char real[PATH_MAX], folder[PATH_MAX], place[PATH_MAX];
    const char *target = realpath(path, real) ? real : path;
    const char *slash = strrchr(target, '/'), *base = slash ? slash + 1 : target;
    uint64_t h = AZ_HASH_START;

    snprintf(folder, sizeof folder, "%.*s/", slash ? (int)(slash - target) : 1,
             slash ? target : ".");
    if (realpath(folder, place)) h = az_hash_bytes(h, place, strlen(place) + 1);
    return az_hash_bytes(h, base, strlen(base));
}

static az_stamp stamp_of(const struct stat *s, uint64_t name)
{
    return (az_stamp){.name = name,
                      .device = (uint64_t)s->st_dev,
                      .inode = (uint64_t)s->st_ino,
                      .size = s->st_size,
                      .seconds = s->st_mtim.tv_sec,
                      .nanoseconds = s->st_mtim.tv_nsec};
}

static bool same_stamp(const az_stamp *a, const az_stamp *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           a->seconds == b->seconds && a->nanoseconds == b->nanoseconds;
}

/* A file, and what may be done with the one that is there. */
typedef struct target {
    const char *path;
    char real[PATH_MAX]; /* where path is a symbolic link */
    struct stat old;
    bool exists;
} target;

static int find_target(target *t, const char *path)
{
    *t = (target){.path = path};
    if (lstat(path, &t->old)) return errno == ENOENT ? 0 : -1;
    t->exists = true;
    if (!S_ISLNK(t->old.st_mode)) return 0;
    t->path = t->real;
    return realpath(path, t->real) && !stat(t->real, &t->old) ? 0 : -1;
}

az_stamp az_io_stamp(const char *path)
{
    struct stat s;

    if (stat(path, &s)) return (az_stamp){.name = name_of(path), .size = -1};
    return stamp_of(&s, name_of(path));
}

/* Where nothing is, nothing is lost. */
static bool expected(const char *path, const az_stamp *stamp)
{
    const az_stamp found = az_io_stamp(path);

    return found.size < 0 || (found.name == stamp->name && same_stamp(&found, stamp));
}

/* Permissions of a file that is replaced stay. stamp: NULL, or of the file that is expected. */
static az_status write_by_rename(const target *t, const void *bytes, size_t n, az_stamp *stamp,
                                 az_error *err)
{
    char part[PATH_MAX];
    struct stat new;

    const int fd = find_part(part, t->path);
    if (fd < 0 && errno == ENAMETOOLONG) return cannot(err, "write", t->path, strerror(errno));
    if (fd < 0) return cannot(err, "write", part, errno == EBUSY ? "another run is writing it" : strerror(errno));
    int failed = t->exists && fchmod(fd, t->old.st_mode & 0777) && errno != EPERM ? errno : 0;
    if (!failed && (write_marked(fd, bytes, n) || calls.sync(fd) || fstat(fd, &new)))
        failed = errno;
    const bool changed = !failed && stamp && !expected(t->path, stamp);
    if (!failed && !changed && calls.rename(part, t->path)) failed = errno;
    if (failed || changed) unlink(part);
    close(fd); /* after the rename: the lock must cover it */
    if (failed) return cannot(err, "write", t->path, strerror(failed));
    if (changed)
        return az_fail(err, AZ_ECHANGED,
                       "'%s' has been written by another program meanwhile and is left as it is",
                       t->path);
    if (stamp) *stamp = stamp_of(&new, name_of(t->path));
    if (!sync_folder(t->path)) return AZ_OK;
    return az_fail(err, AZ_EIO, "'%s' is written, but its folder could not be synchronised: %s",
                   t->path, strerror(errno));
}

static az_status write_file(const char *path, const void *bytes, size_t n, az_stamp *stamp,
                            az_error *err)
{
    target t;

    if (!*path) return az_fail(err, AZ_EIO, "cannot write a file without a name");
    if (find_target(&t, path)) return cannot(err, "write", path, strerror(errno));
    if (t.exists && S_ISDIR(t.old.st_mode)) return cannot(err, "write", path, strerror(EISDIR));
    return !t.exists || S_ISREG(t.old.st_mode) ? write_by_rename(&t, bytes, n, stamp, err)
                                               : write_through(t.path, bytes, n, err);
}

az_status az_io_write_file(const char *path, const void *bytes, size_t n, az_error *err)
{
    return write_file(path, bytes, n, NULL, err);
}

az_status az_file_write(const char *path, const void *bytes, size_t n, az_error *err)
{
    return write_file(path, bytes, n, NULL, err);
}

az_status az_io_replace_file(const char *path, const void *bytes, size_t n, az_stamp *stamp,
                             az_error *err)
{
    return write_file(path, bytes, n, stamp, err);
}

static az_status read_all(char **out, size_t *n_out, int fd, size_t size, const char *path, az_error *err)
{
    char *bytes = az_alloc_array(size, 1);
    size_t n = 0;
    ssize_t k = 1;

    if (!bytes) return az_fail(err, AZ_ENOMEM, "no memory for the %zu bytes of '%s'", size, path);
    while (n < size && k) {
        k = read(fd, bytes + n, size - n);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) {
            const int failed = errno;
            az_free(bytes);
            return cannot(err, "read", path, strerror(failed));
        }
        n += (size_t)k;
    }
    *out = bytes;
    *n_out = n;
    return AZ_OK;
}

/* Opened, and a regular file of a size that may be read. -1 after a failure. */
static int open_to_read(struct stat *s, const char *path, az_status *st, az_error *err)
{
    /* O_NONBLOCK: a pipe without a writer must not hang us */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) *st = cannot(err, "open", path, strerror(errno));
    else if (fstat(fd, s)) *st = cannot(err, "read", path, strerror(errno));
    else if (S_ISDIR(s->st_mode)) *st = cannot(err, "read", path, strerror(EISDIR));
    else if (!S_ISREG(s->st_mode))
        *st = az_fail(err, AZ_EFORMAT, "'%s' is not a regular file", path);
    else if ((uint64_t)s->st_size > AZ_IO_FILE_MAX)
        *st = az_fail(err, AZ_EFORMAT, "'%s' is longer than 4 GiB", path);
    else return fd;
    if (fd >= 0) close(fd);
    return -1;
}

az_status az_io_read_file(char **bytes, size_t *n, const char *path, az_error *err)
{
    struct stat s;
    az_status st;
    const int fd = open_to_read(&s, path, &st, err);

    if (fd < 0) return st;
    st = read_all(bytes, n, fd, (size_t)s.st_size, path, err);
    close(fd);
    return st;
}

az_status az_io_read_kind(char **bytes, size_t *n, az_stamp *stamp, const char *path, az_file kind,
                          az_error *err)
{
    struct stat s;
    az_status st;
    const int fd = open_to_read(&s, path, &st, err);

    if (fd < 0) return st;
    if (az_io_look(fd) == kind) st = read_all(bytes, n, fd, (size_t)s.st_size, path, err);
    else st = az_fail(err, AZ_EFORMAT, "'%s' is not %s of ansatz", path, az_file_title(kind));
    if (!st && stamp) *stamp = stamp_of(&s, name_of(path));
    close(fd);
    return st;
}
