/* output.c: names of files and of what is in them. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
