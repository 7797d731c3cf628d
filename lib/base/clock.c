/* clock.c: time for limits and progress. */
#include "base/base.h"

#include <time.h>

double az_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
