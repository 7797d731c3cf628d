/* base.h: memory, errors, random numbers, text and timing for every other module. */
#ifndef AZ_BASE_H
#define AZ_BASE_H

#include "ansatz.h"
#include <stdbool.h>

/* az_realloc(NULL, n) allocates, az_realloc(p, 0) frees and returns NULL. All allocation of the library passes here. NULL on failure. */
void *az_realloc(void *p, size_t bytes);
void *az_calloc(size_t count, size_t size);     /* zeroed; NULL if count*size overflows */
void *az_alloc_array(size_t count, size_t size);/* not zeroed, 64-byte aligned is not promised */
double *az_doubles(size_t count);               /* zeroed, 64-byte aligned, freed by az_doubles_free; fails cleanly on overflow */
void az_doubles_free(double *p);
char *az_strdup(const char *s);

/* Bytes that this process may still take: the least of what is available on the machine (where it does not say: its physical memory), of what its
 * control groups allow less what they have, files not in use left out, and of its limits of address space and of data less what it has. Not below 0.
 * Allocates nothing. */
double az_memory_available(void);
/* The same of the process's own limits alone: what memory that is mapped and never used counts against. Infinite without. */
double az_memory_limit(void);
double az_memory_at(const char *root); /* the same with /proc and /sys below this folder, for tests; the limits are the process's own */

/* Threads to work with: those asked for, all processors for 0 or less, and no more than AZ_MAX_THREADS, or than have room for
 * their stacks and buffers where the address space is limited: the OpenMP library ends the program where it cannot start one. */
#define AZ_MAX_THREADS 1024
int az_threads(int asked);

/* Fills *err (if not NULL) with a formatted message and returns s. */
az_status az_fail(az_error *err, az_status s, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Growing text buffer. After a failed allocation `failed` is set and appends do nothing. */
typedef struct az_text {
    char *s;
    size_t n, cap;
    bool failed;
} az_text;
void az_text_add(az_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void az_text_write(az_text *t, const char *bytes, size_t n);
void az_text_base64(az_text *t, const char *bytes, size_t n); /* RFC 4648 */
void az_text_clear(az_text *t);

/* xoshiro256** seeded by splitmix64 (Blackman and Vigna 2018). Plain state, so that a checkpoint can hold it. */
typedef struct az_rng {
    uint64_t s[4];
} az_rng;
void az_rng_seed(az_rng *g, uint64_t seed);
uint64_t az_rng_next(az_rng *g);
double az_rng_uniform(az_rng *g);               /* [0,1), 53 bits */
double az_rng_normal(az_rng *g);                /* Box-Muller, one value per call, no hidden state */

uint64_t az_hash_bytes(uint64_t h, const void *bytes, size_t n); /* FNV-1a, start from AZ_HASH_START */
#define AZ_HASH_START 14695981039346656037ULL

double az_seconds(void);                        /* monotonic clock */

#endif
