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

/* Opens the .part file and locks it, so that two writers cannot mix their bytes; one left behind by a killed run is used again. Between open
 * and lock the previous owner may have renamed it away: then the name means another file, and we begin again. -1 and errno on failure. */
static int open_part(const char *part, mode_t mode)
{
    struct stat here, there;

    for (int i = 0; i < LOCK_TRIES; i++) {
        const int fd = open(part, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode);
        if (fd < 0) return -1;
        int failed = flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK ? EBUSY : 0;
        if (!failed && fstat(fd, &here)) failed = errno;
        if (!failed && !S_ISREG(here.st_mode)) failed = EEXIST;
        const bool same = !failed && !stat(part, &there) && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
        if (same && ftruncate(fd, 0)) failed = errno;
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

/* old: of the file to be replaced, whose permissions stay; NULL if there is none. */
static az_status write_by_rename(const char *path, const struct stat *old, const void *bytes, size_t n, az_error *err)
{
    char part[PATH_MAX];

    if ((size_t)snprintf(part, sizeof part, "%s%s", path, PART_SUFFIX) >= sizeof part)
        return cannot(err, "write", path, strerror(ENAMETOOLONG));
    const int fd = open_part(part, 0666);
    if (fd < 0) return cannot(err, "write", part, errno == EBUSY ? "another run is writing it" : strerror(errno));
    int failed = old && fchmod(fd, old->st_mode & 0777) && errno != EPERM ? errno : 0;
    if (!failed && (write_all(fd, bytes, n) || calls.sync(fd))) failed = errno;
    if (!failed && calls.rename(part, path)) failed = errno;
    if (failed) unlink(part);
    close(fd); /* after the rename: the lock must cover it */
    if (failed) return cannot(err, "write", path, strerror(failed));
    if (!sync_folder(path)) return AZ_OK;
    return az_fail(err, AZ_EIO, "'%s' is written, but its folder could not be synchronised: %s", path, strerror(errno));
}

az_status az_io_write_file(const char *path, const void *bytes, size_t n, az_error *err)
{
    char target[PATH_MAX];
    struct stat s;

    if (!*path) return az_fail(err, AZ_EIO, "cannot write a file without a name");
    if (lstat(path, &s)) {
        if (errno != ENOENT) return cannot(err, "write", path, strerror(errno));
        return write_by_rename(path, NULL, bytes, n, err);
    }
    if (S_ISLNK(s.st_mode)) {
        if (!realpath(path, target) || stat(target, &s)) return cannot(err, "write", path, strerror(errno));
        path = target;
    }
    if (S_ISDIR(s.st_mode)) return cannot(err, "write", path, strerror(EISDIR));
    return S_ISREG(s.st_mode) ? write_by_rename(path, &s, bytes, n, err) : write_through(path, bytes, n, err);
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

az_status az_io_read_file(char **bytes, size_t *n, const char *path, az_error *err)
{
    struct stat s;
    az_status st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* O_NONBLOCK: a pipe without a writer must not hang us */

    if (fd < 0) return cannot(err, "open", path, strerror(errno));
    if (fstat(fd, &s)) st = cannot(err, "read", path, strerror(errno));
    else if (S_ISDIR(s.st_mode)) st = cannot(err, "read", path, strerror(EISDIR));
    else if (!S_ISREG(s.st_mode)) st = az_fail(err, AZ_EFORMAT, "'%s' is not a regular file", path);
    else if ((uint64_t)s.st_size > AZ_IO_FILE_MAX) st = az_fail(err, AZ_EFORMAT, "'%s' is longer than 4 GiB", path);
    else st = read_all(bytes, n, fd, (size_t)s.st_size, path, err);
    close(fd);
    return st;
}
