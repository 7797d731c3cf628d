/* fuzz_replay.c: a fuzz target as a plain test: every file below the given folders is one input. No folder is no input, and passes. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));

static long n_inputs;

static void replay_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *f = fopen(path, "rb");

    if (!data || !f || fread(data, 1, size, f) != size) {
        fprintf(stderr, "cannot read '%s'\n", path);
        exit(1);
    }
    fclose(f);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    n_inputs++;
}

static void replay(const char *path)
{
    struct stat s;
    struct dirent *e;
    DIR *d;

    if (stat(path, &s)) return;
    if (!S_ISDIR(s.st_mode)) {
        replay_file(path, (size_t)s.st_size);
        return;
    }
    if (!(d = opendir(path))) return;
    while ((e = readdir(d))) {
        if (e->d_name[0] == '.') continue;
        size_t n = strlen(path) + strlen(e->d_name) + 2;
        char *name = malloc(n);
        if (!name) exit(1);
        snprintf(name, n, "%s/%s", path, e->d_name);
        replay(name);
        free(name);
    }
    closedir(d);
}

int main(int argc, char **argv)
{
    if (LLVMFuzzerInitialize) LLVMFuzzerInitialize(&argc, &argv);
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    for (int i = 1; i < argc; i++) replay(argv[i]);
    printf("%ld inputs replayed\n", n_inputs);
    return 0;
}
