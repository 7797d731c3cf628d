/* available.c: the memory that there is: the least of what the machine, the control groups of the process and its own limits leave. */
#include "base/base.h"

#include <fcntl.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define FILE_BYTES 8192 /* of /proc and of control groups: what is looked for stands in the first lines */

/* A small file's text, cut at FILE_BYTES; "" where there is none. No stream, whose buffer would be an allocation. */
static void read_text(char text[FILE_BYTES], const char *root, const char *path, const char *name)
{
    char full[PATH_BYTES];
    size_t n = 0;

    text[0] = 0;
    if (snprintf(full, sizeof full, "%s%s%s", root, path, name) >= (int)sizeof full) return;
    const int file = open(full, O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    for (ssize_t got = 1; got > 0 && n < FILE_BYTES - 1;) {
        got = read(file, text + n, FILE_BYTES - 1 - n);
        if (got > 0) n += (size_t)got;
    }
    close(file);
    text[n] = 0;
}

/* The number after `key` at the beginning of a line; NaN where there is none, "max" included. */
static double number_after(const char *text, const char *key)
{
    const size_t n = strlen(key);
    double x;

    while (text && strncmp(text, key, n)) text = strchr(text, '\n'), text = text ? text + 1 : NULL;
    return text && sscanf(text + n, " %lf", &x) == 1 ? x : NAN;
}

/* fmin takes the number where one is NaN. */
static double machine(const char *root)
{
    char text[FILE_BYTES];
    read_text(text, root, "/proc/meminfo", "");
    const double kilobytes = number_after(text, "MemAvailable:");
    return isfinite(kilobytes) ? 1024 * kilobytes : (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
}

/* Where a control group says what it may have and has, and how much of that are files that would make way. */
typedef struct group_files {
    const char *line, *mount, *most, *use, *cached; /* line: of /proc/self/cgroup, up to the path */
} group_files;
static const group_files version[] = {
    {"0::", "/sys/fs/cgroup", "/memory.max", "/memory.current", "inactive_file"},
    {"memory:", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file"}};

/* What the group at `path` below the mount leaves, and every group above it; a container may see the last one alone. */
static double groups(const char *root, const group_files *f, char *path)
{
    double least = INFINITY;

    for (;;) {
        char text[FILE_BYTES], folder[PATH_BYTES];
        if (snprintf(folder, sizeof folder, "%s%s", f->mount, path) >= (int)sizeof folder) return least;
        read_text(text, root, folder, f->most);
        const double most = number_after(text, "");
        read_text(text, root, folder, f->use);
        const double use = number_after(text, "");
        read_text(text, root, folder, "/memory.stat");
        const double cached = number_after(text, f->cached);
        if (isfinite(most) && isfinite(use)) least = fmin(least, most - use + (isfinite(cached) ? cached : 0));
        char *end = strrchr(path, '/');
        if (!end) return least;
        *end = 0;
    }
}

static double control_groups(const char *root)
{
    char text[FILE_BYTES];
    double least = INFINITY;

    read_text(text, root, "/proc/self/cgroup", "");
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        for (int k = 0; k < 2; k++) {
            char *at = strstr(line, version[k].line);
            if (at) least = fmin(least, groups(root, &version[k], at + strlen(version[k].line)));
        }
    }
    return least;
}

/* Of address space and of data, less what the process has of them. */
static double own_limits(const char *root)
{
    static const int kind[] = {RLIMIT_AS, RLIMIT_DATA};
    char text[FILE_BYTES];
    double has[6] = {0}, least = INFINITY;
    const double page = (double)sysconf(_SC_PAGESIZE);
    struct rlimit limit;

    read_text(text, root, "/proc/self/statm", "");
    if (sscanf(text, "%lf %lf %lf %lf %lf %lf", &has[0], &has[1], &has[2], &has[3], &has[4], &has[5]) != 6) has[0] = has[5] = 0;
    for (int k = 0; k < 2; k++)
        if (!getrlimit(kind[k], &limit) && limit.rlim_cur != RLIM_INFINITY)
            least = fmin(least, (double)limit.rlim_cur - page * has[k ? 5 : 0]);
    return least;
}

double az_memory_limit(void) { return fmax(0, own_limits("")); }

#define THREAD_BYTES 268435456.0 /* a stack of 8 MB, an arena of malloc 64, what OpenBLAS keeps for a thread 128, the rest as room */

int az_threads(int asked)
{
    const double room = az_memory_limit() / THREAD_BYTES;
    int n = asked > 0 ? asked : omp_get_max_threads();

    if (n > AZ_MAX_THREADS) n = AZ_MAX_THREADS;
    return n > 1 && !(n - 1 <= room) ? 1 + (int)room : n < 1 ? 1 : n;
}

double az_memory_at(const char *root) { return fmax(0, fmin(machine(root), fmin(control_groups(root), own_limits(root)))); }

double az_memory_available(void) { return az_memory_at(""); }
