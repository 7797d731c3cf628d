/* hash.c: FNV-1a. */
#include "base/base.h"

uint64_t az_hash_bytes(uint64_t h, const void *bytes, size_t n)
{
    const uint64_t prime = 1099511628211u;
    const unsigned char *p = bytes;

    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * prime;
    return h;
}
