/* tune.c: OpenBLAS's fastest kernels.
 *
 * OpenBLAS picks its kernels while it is loaded, by a table of processors made when it was released. Should it take AVX2 kernels (Haswell,
 * Zen) for a later processor that has AVX-512, the program names the AVX-512 kernels in the environment and starts itself again, once: on an
 * AMD EPYC they run DGEMM at 76 GF/s a core and Haswell's at 41 (OpenBLAS 0.3.21). A choice made by the user stands. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__) && defined(__linux__)

/* Absent from another BLAS, hence weak. */
extern char *openblas_get_corename(void) __attribute__((weak));

static bool chose_avx2(void)
{
    if (!openblas_get_corename) return false;
    const char *name = openblas_get_corename();
    return name && (!strcmp(name, "Haswell") || !strcmp(name, "Zen"));
}

static bool has_avx512(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}

void cli_tune(char **argv)
{
    if (getenv("OPENBLAS_CORETYPE") || getenv("ANSATZ_TUNED") || !has_avx512() || !chose_avx2()) return;
    if (setenv("ANSATZ_TUNED", "1", 1) || setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)) return;
    execv("/proc/self/exe", argv); /* returns only when it failed, and the slower kernels do as well */
    unsetenv("OPENBLAS_CORETYPE");
}

#else

void cli_tune(char **argv) { (void)argv; }

#endif
