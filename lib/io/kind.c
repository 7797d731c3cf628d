/* kind.c: whose a file is, by its first bytes: nothing that is not ours is replaced. */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 65536 /* bytes looked at; the marks of all kinds lie in the first few thousand */

const char *az_file_title(az_file f)
{
    static const char *const title[] = {"nothing",
                                        "a file of another program",
                                        "a result",
                                        "a report",
                                        "a table",
                                        "a grid",
                                        "the table of a branch",
                                        "the table of a scan",
                                        "the state of a scan",
                                        "the answer of a polish"};

    return (unsigned)f < sizeof title / sizeof *title ? title[f] : "unknown";
}

static bool begins(const char *head, size_t n, const char *mark)
{
    return n >= strlen(mark) && !memcmp(head, mark, strlen(mark));
}

static bool holds(const char *head, size_t n, const char *mark)
{
    const size_t m = strlen(mark);

    for (const char *s = head; n >= m && s <= head + n - m; s++) {
        s = memchr(s, mark[0], (size_t)(head + n - m - s) + 1);
        if (!s) return false;
        if (!memcmp(s, mark, m)) return true;
    }
    return false;
}

/* One number as "%.17g" prints it, up to the comma or the end of its line. full: it needs more than
 * 15 digits. */
static bool printed_by_us(const char *text, size_t length, bool *full)
{
    char copy[40], again[40], *end;

    if (!length || length >= sizeof copy) return false;
    memcpy(copy, text, length);
    copy[length] = 0;
    const double x = strtod(copy, &end);
    if (*end) return false;
    snprintf(again, sizeof again, "%.17g", x);
    if (strcmp(again, copy)) return false;
    snprintf(again, sizeof again, "%.15g", x);
    *full = *full || strcmp(again, copy) != 0;
    return true;
}

/* The fields of a line without its end; -1 where one of them is no number of ours. */
static int fields(const char *line, size_t n, bool *full)
{
    int count = 0;

    for (size_t i = 0;; count++) {
        const char *comma = memchr(line + i, ',', n - i);
        const size_t length = comma ? (size_t)(comma - line) - i : n - i;
        if (!printed_by_us(line + i, length, full)) return -1;
        if (!comma) return count + 1;
        i += length + 1;
    }
}

/* Commas outside of quotes, and one. */
static int names(const char *line, size_t n)
{
    int count = 1;
    bool quoted = false;

    for (size_t i = 0; i < n; i++) {
        if (line[i] == '"') quoted = !quoted;
        count += line[i] == ',' && !quoted;
    }
    return count;
}

/* Other programs write short numbers like this, but hardly one with all the digits of ours. */
static az_file look_at_csv(const char *head, size_t n, bool whole)
{
    const char *end = memchr(head, '\n', n), *s = end;
    bool full = false;

    if (!end || end == head) return AZ_FILE_FOREIGN;
    const size_t length = (size_t)(end - head);
    if (holds(head, length,
              ",arclength,step,trained_rms,check,reevaluated_max,reevaluated_relative,"))
        return AZ_FILE_BRANCH;
    const int columns = names(head, length);
    for (s++; s < head + n; s = end + 1) {
        end = memchr(s, '\n', (size_t)(head + n - s));
        if (!end) return !whole && full ? AZ_FILE_TABLE : AZ_FILE_FOREIGN;
        if (fields(s, (size_t)(end - s), &full) != columns) return AZ_FILE_FOREIGN;
    }
    return full ? AZ_FILE_TABLE : AZ_FILE_FOREIGN;
}

static az_file look_at(const char *head, size_t n, bool whole)
{
    static const char hdf5[] = "\x89HDF\r\n\x1a\n";

    if (begins(head, n, hdf5)) {
        if (holds(head, n, "result of the program ansatz")) return AZ_FILE_RESULT;
        return holds(head, n, "table of the program ansatz") ? AZ_FILE_TABLE : AZ_FILE_FOREIGN;
    }
    if (n > 10 && begins(head, n, "\x93NUMPY\x01"))
        return 10 + (unsigned char)head[8] + 256 * (unsigned char)head[9] == AZ_NPY_HEADER &&
                       holds(head, n, "'descr': '")
                   ? AZ_FILE_TABLE
                   : AZ_FILE_FOREIGN;
    if (begins(head, n, AZ_SCAN_TITLE "\n")) return AZ_FILE_SCAN;
    if (n >= sizeof AZ_SCAN_STATE_MARK &&
        !memcmp(head, AZ_SCAN_STATE_MARK, sizeof AZ_SCAN_STATE_MARK))
        return AZ_FILE_SCAN_STATE;
    if (begins(head, n, "<?xml") && holds(head, n, "<!-- ansatz ") && holds(head, n, "<VTKFile "))
        return AZ_FILE_GRID;
    if (holds(head, n, "<meta name=\"generator\" content=\"ansatz ")) return AZ_FILE_REPORT;
    if (begins(head, n, "{\"version\":\"") && holds(head, n, ",\"form\":\"function = Im F"))
        return AZ_FILE_HARDY;
    return look_at_csv(head, n, whole);
}

az_file az_io_look(int fd)
{
    char *head = az_alloc_array(HEAD, 1);
    struct stat s;
    size_t n = 0;
    ssize_t k = 1;
    az_file found = AZ_FILE_FOREIGN;

    if (!head || fstat(fd, &s) || !S_ISREG(s.st_mode)) goto done;
    while (n < HEAD && (k = pread(fd, head + n, HEAD - n, (off_t)n)) != 0) {
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) goto done;
        n += (size_t)k;
    }
    found = look_at(head, n, n < HEAD);
done:
    az_free(head);
    return found;
}

az_file az_file_look(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0) return errno == ENOENT ? AZ_FILE_NOTHING : AZ_FILE_FOREIGN;
    const az_file found = az_io_look(fd);
    close(fd);
    return found;
}
