/* testing.h: what tests share: the seed, and an allocator that fails. */
#ifndef AZ_TESTING_H
#define AZ_TESTING_H

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

/* The seed of a test program, 1 or AZ_SEED in the environment, printed. */
static inline void seed_from_environment(az_rng *rng)
{
    const char *env = getenv("AZ_SEED");
    unsigned long long seed = env ? strtoull(env, NULL, 10) : 1;
    printf("AZ_SEED=%llu\n", seed);
    az_rng_seed(rng, seed);
}

/* The calls_left-th further allocation fails, and all after it; negative: none. Blocks alive are counted. */
typedef struct failing_allocator {
    long calls_left, alive;
} failing_allocator;

static inline void *failing_alloc(void *data, void *p, size_t bytes)
{
    failing_allocator *f = data;

    if (!bytes) {
        f->alive -= p != NULL;
        free(p);
        return NULL;
    }
    if (f->calls_left == 0) return NULL;
    if (f->calls_left > 0) f->calls_left--;
    void *q = realloc(p, bytes);
    f->alive += q && !p;
    return q;
}

#endif
