/* place.c: the one rule of every file that a command writes: what is not ours is never replaced,
 * and what is ours and finished is kept as path~. Whether a file is ours its first bytes say
 * (az_file_look). Symbolic links are followed: what they lead to is what is replaced and kept. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 262144 /* bytes asked for when testing a folder: more than a common result has */
#define SERIES 64   /* files of a numbered series that are looked for before any is written */

static bool fail(az_error *e, az_status s, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool fail(az_error *e, az_status s, const char *format, ...)
{
    va_list ap;

    *e = (az_error){.status = s};
    va_start(ap, format);
    vsnprintf(e->message, sizeof e->message, format, ap);
    va_end(ap);
    return false;
}

static bool no_memory(az_error *e)
{
    return fail(e, AZ_ENOMEM, "%s", az_status_message(AZ_ENOMEM));
}

/* What path leads to, to be freed. NULL after a failure: no memory, or a link to nothing. */
static char *resolve(const char *path, az_error *e)
{
    struct stat s;
    const bool link = !lstat(path, &s) && S_ISLNK(s.st_mode);
    char *real = link ? realpath(path, NULL) : strdup(path);

    if (!real && link)
        fail(e, AZ_EIO, "cannot write '%s': it is a symbolic link that leads nowhere", path);
    else if (!real) no_memory(e);
    return real;
}

/* A result may be ours and of no use: of another version, damaged. Others are not looked into. */
static bool ours(const char *path, az_file kind, az_stop *stop)
{
    az_result *r = NULL;
    int changed;

    *stop = AZ_STOP_STALLED;
    if (az_file_look(path) != kind) return false;
    if (kind != AZ_FILE_RESULT) return true;
    az_status s = az_result_load(&r, path, NULL);
    if (s == AZ_ECHANGED) s = az_result_load_changed(&r, path, &changed, NULL);
    if (s != AZ_OK) return false;
    *stop = az_result_stop(r);
    az_result_destroy(r);
    return true;
}

static const char *is_not(az_file kind)
{
    return kind == AZ_FILE_RESULT ? "a result that this version reads" : az_file_title(kind);
}

/* *keep: there is something that is to become old. */
static bool look(const char *path, const char *real, const char *old, az_file kind, bool *keep,
                 az_error *e)
{
    az_stop stop, old_stop;
    struct stat s, t;

    *keep = false;
    if (az_file_look(real) == AZ_FILE_NOTHING) return true;
    if (!ours(real, kind, &stop))
        return fail(e, AZ_EFORMAT, "'%s' is not %s and is not replaced; choose another --output",
                    path, is_not(kind));
    const az_file found = az_file_look(old);
    const bool finished = stop != AZ_STOP_RUNNING && stop != AZ_STOP_CANCELLED;
    if (!finished && found != AZ_FILE_NOTHING) return true; /* it pushes nothing out */
    if (!lstat(old, &t) && !stat(real, &s) && s.st_dev == t.st_dev && s.st_ino == t.st_ino)
        return true; /* kept already */
    if ((found != AZ_FILE_NOTHING || !lstat(old, &t)) &&
        (S_ISLNK(t.st_mode) || !ours(old, kind, &old_stop)))
        return fail(e, AZ_EIO, "'%s' is in the way: it should become the old '%s', and is not %s",
                    old, path, is_not(kind));
    *keep = true;
    return true;
}

/* path~ becomes another name of path, which stays until it is replaced. */
static bool keep_old(const char *real, const char *old, az_error *e)
{
    char *new = cli_name(old, ".XXXXXX");
    const int fd = new ? mkstemp(new) : -1;
    bool ok = false;

    if (!new) return no_memory(e);
    if (fd >= 0) close(fd), unlink(new);
    if (fd >= 0 && !link(real, new)) ok = !rename(new, old);
    else ok = !rename(real, old); /* without hard links */
    if (!ok) fail(e, AZ_EIO, "cannot keep '%s' as '%s': %s", real, old, strerror(errno));
    if (!ok && fd >= 0) unlink(new);
    free(new);
    return ok;
}

bool cli_make_way_for(const char *path, az_file kind, az_error *e)
{
    char *real = resolve(path, e), *old = real ? cli_name(real, "~") : NULL;
    bool keep, ok = false;

    if (real && !old) no_memory(e);
    else if (real) ok = look(path, real, old, kind, &keep, e) && (!keep || keep_old(real, old, e));
    free(real);
    free(old);
    return ok;
}

static bool can_write(const char *path, const char *real, az_error *e)
{
    struct stat s;
    int trouble = 0;

    if (!stat(real, &s) && !S_ISREG(s.st_mode))
        return fail(e, AZ_EIO, "cannot write '%s': it is not a regular file", path);
    if (path[strlen(path) - 1] == '/')
        return fail(e, AZ_EIO, "cannot write '%s': it names a folder", path);
    char *probe = cli_name(real, ".XXXXXX");
    if (!probe) return no_memory(e);
    const int fd = mkstemp(probe);
    if (fd < 0) {
        trouble = errno;
    } else {
        trouble = posix_fallocate(fd, 0, ROOM);
        close(fd);
        unlink(probe);
    }
    free(probe);
    return !trouble || fail(e, AZ_EIO, "cannot write '%s': %s", path, strerror(trouble));
}

static bool check(const char *path, az_file kind, bool same_run, az_error *e)
{
    char *real = resolve(path, e), *old = real ? cli_name(real, "~") : NULL;
    bool keep, ok = false;

    if (real && !old) no_memory(e);
    else if (real)
        ok = can_write(path, real, e) && (same_run || look(path, real, old, kind, &keep, e));
    free(real);
    free(old);
    return ok;
}

bool cli_check_place(const cli_context *c, const char *path, az_file kind)
{
    az_error e;

    if (!*path) return cli_usage(c, "--output: expected a file name, found ''"), false;
    return check(path, kind, false, &e) || (cli_fail_error(c, &e), false);
}

bool cli_check_writable(const cli_context *c, const char *path)
{
    az_error e;

    if (!*path) return cli_usage(c, "--output: expected a file name, found ''"), false;
    return check(path, AZ_FILE_NOTHING, true, &e) || (cli_fail_error(c, &e), false);
}

bool cli_make_way(const cli_context *c, const char *path, az_file kind)
{
    az_error e;

    return cli_make_way_for(path, kind, &e) || (cli_fail_error(c, &e), false);
}

/* In a series a gap ends nothing: files may have been taken away. */
bool cli_check_series(const cli_context *c, char *(*name)(const char *stem, int n),
                      const char *stem)
{
    bool ok = true;

    for (int n = 1; n <= SERIES && ok; n++) {
        char *path = name(stem, n);
        if (!path) return cli_nomem(c), false;
        if (az_file_look(path) != AZ_FILE_NOTHING) ok = cli_check_place(c, path, AZ_FILE_RESULT);
        free(path);
    }
    return ok;
}

bool cli_check_report(const cli_context *c, const char *report, const char *output)
{
    az_error e;

    if (!report) return true;
    if (output && !strcmp(report, output))
        return cli_usage(c, "--output: the report would take the name '%s'; choose another, or --no-report", report), false;
    if (check(report, AZ_FILE_REPORT, false, &e)) return true;
    const size_t n = strlen(e.message);
    if (e.status == AZ_EFORMAT) snprintf(e.message + n, sizeof e.message - n, ", or --no-report");
    return cli_fail_error(c, &e), false;
}

bool cli_claim(const cli_context *c, az_claim **claim, const char *path)
{
    az_error e;

    return az_claim_create(claim, path, &e) == AZ_OK || (cli_fail_error(c, &e), false);
}

/* A disk may be full for a while: what took hours is not given up for that. True to try again. */
static bool wait_for_room(const cli_context *c, unsigned *wait, const az_error *e)
{
    enum { MOST = 8 }; /* seconds of the last wait */

    if ((e->status != AZ_EIO && e->status != AZ_ENOMEM) || *wait > MOST) return false;
    cli_warn(c, "%s; trying again in %u s", e->message, *wait);
    sleep(*wait);
    *wait *= 2;
    return true;
}

bool cli_save(const cli_context *c, az_result *r, const char *path, az_error *e)
{
    unsigned wait = 1;

    for (az_status s; (s = az_result_replace(r, path, e)) != AZ_OK;) {
        if (s == AZ_ECHANGED && cli_make_way_for(path, AZ_FILE_RESULT, e)) {
            cli_warn(c, "'%s' has been written by another program meanwhile: kept as %s~", path, path);
            return cli_save_new(c, r, path, e);
        }
        if (!wait_for_room(c, &wait, e)) return false;
    }
    return true;
}

bool cli_save_new(const cli_context *c, const az_result *r, const char *path, az_error *e)
{
    unsigned wait = 1;

    while (az_result_save(r, path, e) != AZ_OK)
        if (!wait_for_room(c, &wait, e)) return false;
    return true;
}
