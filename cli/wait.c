/* wait.c: how long an idle OpenMP thread spins. libgomp's default, some milliseconds, turns a second of work into ten when anything else runs on
 * the machine (measured: 101 short iterations on two cores, 0.22 s idle, 12 s beside a compiler; with this count 0.22 s and 0.5 s). libgomp reads its
 * variables before main begins, so the program starts itself once more. */
#include "cli.h"

#include <stdlib.h>
#include <unistd.h>

#define SPIN "20000" /* about 0.1 ms: longer than the gaps between parallel regions */

void cli_wait_politely(char **argv)
{
    if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT")) return;
    if (setenv("GOMP_SPINCOUNT", SPIN, 1)) return;
    execv("/proc/self/exe", argv); /* returns where there is no /proc: then the default stays */
}
