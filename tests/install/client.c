/* client.c: a user's program against the installed library: every built-in problem parses, and a wrong one is refused with a reason. */
#include <ansatz.h>

#include <stdio.h>
#include <string.h>

int main(void)
{
    static const char wrong[] = "problem broken\nunknown = in\n";
    az_problem *p;
    az_error err;
    int n = az_builtin_count();

    for (int i = 0; i < n; i++) {
        az_status s = az_problem_load(&p, az_builtin_name(i), NULL, 0, &err);
        if (s) {
            fprintf(stderr, "%s: %s: %s\n", az_builtin_name(i), az_status_name(s), err.message);
            return 1;
        }
        az_problem_destroy(p);
    }
    p = NULL;
    if (az_problem_parse(&p, "broken.ansatz", wrong, strlen(wrong), NULL, 0, &err) == AZ_OK || p) return 1;
    printf("ansatz %s: %d problems, and a broken one is refused at line %d\n", AZ_VERSION, n, err.line);
    return n > 0 ? 0 : 1;
}
