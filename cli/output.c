/* output.c: what may be written where, found out before hours of work. */
#include "cli.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOM 262144 /* bytes asked for when testing a folder: more than a result of the default size */

char *cli_name(const char *stem, const char *suffix)
{
    char *name = malloc(strlen(stem) + strlen(suffix) + 1);

    if (name) stpcpy(stpcpy(name, stem), suffix);
    return name;
}

char *cli_replace_suffix(const char *path, const char *suffix)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    char *stem = strndup(path, dot && dot > base ? (size_t)(dot - path) : strlen(path));
    char *name = stem ? cli_name(stem, suffix) : NULL;

    free(stem);
    return name;
}

bool cli_same_file(const char *a, const char *b)
{
    struct stat s, t;

    return !stat(a, &s) && !stat(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

bool cli_check_writable(const cli_context *c, const char *path)
{
    struct stat s;
    int trouble = 0;

    if (!*path) return cli_usage(c, "--output: expected a file name, found ''"), false;
    if (!stat(path, &s) && !S_ISREG(s.st_mode)) return cli_fail(c, AZ_EIO, "cannot write '%s': it is not a regular file", path), false;
    if (path[strlen(path) - 1] == '/') return cli_fail(c, AZ_EIO, "cannot write '%s': it names a folder", path), false;
    char *probe = cli_name(path, ".XXXXXX");
    if (!probe) return cli_nomem(c), false;
    int fd = mkstemp(probe);
    if (fd < 0) {
        trouble = errno;
    } else {
        trouble = posix_fallocate(fd, 0, ROOM);
        close(fd);
        unlink(probe);
    }
    free(probe);
    if (trouble) return cli_fail(c, AZ_EIO, "cannot write '%s': %s", path, strerror(trouble)), false;
    return true;
}

cli_found cli_look(const char *path, az_stop *stop)
{
    az_result *r = NULL;
    struct stat s;

    if (stat(path, &s)) return CLI_FOUND_NOTHING;
    if (!S_ISREG(s.st_mode) || az_result_load(&r, path, NULL) != AZ_OK) return CLI_FOUND_FOREIGN;
    if (stop) *stop = az_result_stop(r);
    az_result_destroy(r);
    return CLI_FOUND_RESULT;
}

bool cli_is_our_report(const char *path)
{
    char head[4096];
    FILE *f = fopen(path, "r");

    if (!f) return errno == ENOENT;
    size_t n = fread(head, 1, sizeof head - 1, f);
    fclose(f);
    head[n] = 0;
    return strstr(head, "name=\"generator\" content=\"ansatz") != NULL;
}

bool cli_check_report(const cli_context *c, const char *report, const char *output)
{
    if (!report) return true;
    if (!strcmp(report, output))
        return cli_usage(c, "--output: the report would take the name '%s'; choose another, or --no-report", report), false;
    if (cli_is_our_report(report)) return true;
    cli_fail(c, AZ_EIO, "'%s' is not a report of this program and is not replaced; choose another --output, or --no-report", report);
    return false;
}

bool cli_keep_old(const cli_context *c, const char *path)
{
    char *old = cli_name(path, "~");
    bool ok = false;

    if (!old) return cli_nomem(c), false;
    if (cli_look(old, NULL) == CLI_FOUND_FOREIGN) {
        cli_fail(c, AZ_EIO, "'%s' is in the way: it should become the old '%s', and is not a result that this version reads", old, path);
        free(old);
        return false;
    }
    /* rename() between two names of one file would leave both, so the old name goes first. */
    if (unlink(old) && errno != ENOENT) cli_fail(c, AZ_EIO, "cannot replace '%s': %s", old, strerror(errno));
    else if (link(path, old) && rename(path, old)) cli_fail(c, AZ_EIO, "cannot keep '%s' as '%s': %s", path, old, strerror(errno));
    else ok = true;
    free(old);
    return ok;
}

bool cli_make_way(const cli_context *c, const char *path)
{
    az_stop stop = AZ_STOP_RUNNING;

    switch (cli_look(path, &stop)) {
    case CLI_FOUND_NOTHING: return true;
    case CLI_FOUND_FOREIGN:
        cli_fail(c, AZ_EFORMAT, "'%s' is not a result that this version reads and is not replaced; choose another --output", path);
        return false;
    case CLI_FOUND_RESULT: break;
    }
    bool finished = stop != AZ_STOP_RUNNING && stop != AZ_STOP_CANCELLED;
    char *old = cli_name(path, "~");
    if (!old) return cli_nomem(c), false;
    bool keep = finished || cli_look(old, NULL) == CLI_FOUND_NOTHING;
    free(old);
    return !keep || cli_keep_old(c, path);
}

bool cli_cut_names(const cli_context *c, const char *option, char *list, const char ***name, int *n)
{
    size_t most = 1;

    *n = 0;
    for (const char *s = list; *s; s++) most += *s == ',';
    if (!(*name = malloc(sizeof **name * most))) return cli_nomem(c), false;
    for (char *s = list, *next; s; s = next) {
        if ((next = strchr(s, ','))) *next++ = 0;
        if (!*s) return cli_usage(c, "--%s: expected names separated by commas, found an empty one", option), false;
        (*name)[(*n)++] = s;
    }
    return true;
}
