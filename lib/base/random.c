/* random.c: xoshiro256** and the distributions drawn from it. */
#include "base/base.h"

#include <math.h>

static uint64_t rotate_left(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

static uint64_t splitmix64(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

void az_rng_seed(az_rng *g, uint64_t seed)
{
    for (int i = 0; i < 4; i++) g->s[i] = splitmix64(&seed);
}

uint64_t az_rng_next(az_rng *g)
{
    uint64_t *s = g->s;
    const uint64_t out = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return out;
}

double az_rng_uniform(az_rng *g) { return (double)(az_rng_next(g) >> 11) * 0x1p-53; }

double az_rng_normal(az_rng *g)
{
    const double pi = acos(-1.0);
    const double radius = sqrt(-2 * log(1 - az_rng_uniform(g))); /* 1 - u lies in (0,1] */

    return radius * cos(2 * pi * az_rng_uniform(g));
}
