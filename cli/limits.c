/* limits.c: what has to happen before the libraries start. OpenBLAS, in its constructor, starts a thread for each
 * processor and takes a buffer for each; where the address space is limited, the mapping fails and it tries again for
 * ever, signals blocked. With one thread, which is all that this program asks of it, it takes nothing yet: the program
 * starts itself again with that. A function of .preinit_array runs before every constructor, and before the C library
 * has its environment: so system calls alone, on what the kernel gave. */
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ONE_THREAD "OPENBLAS_NUM_THREADS=1"
#define MOST_VARIABLES 4000 /* of an environment that is passed on; a longer one is left as it is */

/* No sanitizer has started either. */
#define BARE __attribute__((no_sanitize("address", "undefined", "thread")))

BARE static int is_limited(int kind)
{
    struct rlimit limit;
    return !syscall(SYS_prlimit64, 0, kind, NULL, &limit) && limit.rlim_cur != RLIM_INFINITY;
}

BARE static void start_again(int argc, char **argv, char **envp)
{
    static const char name[] = "OPENBLAS_NUM_THREADS=";
    char *own[MOST_VARIABLES + 2];
    int n = 0;

    (void)argc;
    if (!is_limited(RLIMIT_AS) && !is_limited(RLIMIT_DATA)) return;
    for (char **e = envp; *e; e++) {
        if (!strcmp(*e, ONE_THREAD) || n == MOST_VARIABLES) return;
        if (strncmp(*e, name, sizeof name - 1)) own[n++] = *e;
    }
    own[n++] = (char *)ONE_THREAD;
    own[n] = NULL;
    syscall(SYS_execve, "/proc/self/exe", argv, own); /* where that does not go, the program goes on as it is */
}

__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = start_again;
