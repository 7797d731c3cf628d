/* memory.c: every allocation of the library goes through one replaceable hook. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

#define AZ_ALIGNMENT ((size_t)64) /* a cache line, and one AVX-512 register */

static void *system_alloc(void *data, void *p, size_t bytes)
{
    (void)data;
    if (bytes) return realloc(p, bytes);
    free(p);
    return NULL;
}

/* The one mutable global: set before any other call, constant afterwards. */
static struct {
    az_alloc_fn fn;
    void *data;
} hook = {system_alloc, NULL};

void az_set_allocator(az_alloc_fn fn, void *data)
{
    hook.fn = fn ? fn : system_alloc;
    hook.data = fn ? data : NULL;
}

void *az_realloc(void *p, size_t bytes)
{
    if (!p && !bytes) return NULL;
    return hook.fn(hook.data, p, bytes);
}

void az_free(void *p)
{
    if (p) hook.fn(hook.data, p, 0);
}

void *az_alloc_array(size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
    return az_realloc(NULL, bytes ? bytes : 1); /* NULL means failure, so nothing still gets an address */
}

void *az_calloc(size_t count, size_t size)
{
    void *p = az_alloc_array(count, size);

    if (p) memset(p, 0, count * size);
    return p;
}

/* The block is over-allocated; the word before the aligned address keeps where it began. */
double *az_doubles(size_t count)
{
    const size_t extra = AZ_ALIGNMENT - 1 + sizeof(void *);
    size_t bytes;

    if (__builtin_mul_overflow(count, sizeof(double), &bytes)) return NULL;
    if (bytes > PTRDIFF_MAX - extra) return NULL;
    char *base = az_realloc(NULL, bytes + extra);
    if (!base) return NULL;
    char *p = base + sizeof(void *);
    p += (AZ_ALIGNMENT - (uintptr_t)p % AZ_ALIGNMENT) % AZ_ALIGNMENT;
    memcpy(p - sizeof(void *), &base, sizeof base);
    memset(p, 0, bytes);
    return (double *)(void *)p;
}

void az_doubles_free(double *p)
{
    void *base;

    if (!p) return;
    memcpy(&base, (char *)p - sizeof base, sizeof base);
    az_free(base);
}

char *az_strdup(const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = az_alloc_array(n, 1);

    if (copy) memcpy(copy, s, n);
    return copy;
}
