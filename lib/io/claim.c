/* claim.c: two programs that write one file know of each other. The lock is flock's, so it ends
 * with its owner, and lies on a file of its own, since the file that is written is another one
 * after each rename. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 100

struct az_claim {
    int fd; /* -1: nothing is held */
    char lock[PATH_MAX];
};

static bool same_file(int fd, const char *path)
{
    struct stat s, t;

    return !fstat(fd, &s) && !stat(path, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Between open and lock the owner before may have removed the file: then the name means another
 * one, and we begin again. -1 and errno; 0 in errno: no locks here. */
static int hold(const char *lock)
{
    for (int i = 0; i < TRIES; i++) {
        const int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
        if (fd < 0) return -1;
        if (flock(fd, LOCK_EX | LOCK_NB)) {
            const int why = errno;
            close(fd);
            errno = why == EWOULDBLOCK ? EBUSY : 0;
            return -1;
        }
        if (same_file(fd, lock)) return fd;
        close(fd);
    }
    errno = EBUSY;
    return -1;
}

az_status az_claim_create(az_claim **out, const char *path, az_error *err)
{
    char target[PATH_MAX];
    az_claim *c = az_calloc(1, sizeof *c);

    *out = NULL;
    if (!c) return az_fail(err, AZ_ENOMEM, "out of memory");
    const char *real = realpath(path, target) ? target : path;
    if ((size_t)snprintf(c->lock, sizeof c->lock, "%s.lock", real) >= sizeof c->lock)
        errno = ENAMETOOLONG, c->fd = -1;
    else c->fd = hold(c->lock);
    if (c->fd >= 0 || !errno) {
        *out = c;
        return AZ_OK;
    }
    const int why = errno;
    if (why == EBUSY)
        az_fail(err, AZ_EBUSY, "'%s' is being written by another run of ansatz", path);
    else az_fail(err, AZ_EIO, "cannot write '%s': %s", path, strerror(why));
    az_free(c);
    return why == EBUSY ? AZ_EBUSY : AZ_EIO;
}

/* A file with something in it was there before, and stays. */
void az_claim_destroy(az_claim *c)
{
    struct stat s;

    if (c && c->fd >= 0) {
        if (!fstat(c->fd, &s) && s.st_size == 0 && same_file(c->fd, c->lock)) unlink(c->lock);
        close(c->fd);
    }
    az_free(c);
}
