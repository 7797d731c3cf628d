/* problem.c: the problem named on a command line. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

bool option_set(const cli_context *c, const char *text, cli_settings *s)
{
    const char *equals = strchr(text, '=');
    double value;

    if (!equals || equals == text) {
        cli_usage(c, "--set: expected NAME=VALUE, found '%s'", text);
        return false;
    }
    int length = (int)(equals - text);
    if (!cli_parse_double(equals + 1, &value)) {
        cli_usage(c, "--set: expected a finite number for %.*s, found '%s'", length, text, equals + 1);
        return false;
    }
    for (int i = 0; i < s->n; i++)
        if (!strncmp(s->set[i].name, text, (size_t)length) && !s->set[i].name[length]) {
            cli_usage(c, "--set: %.*s is set twice", length, text);
            return false;
        }
    if (s->n == CLI_MAX_SETTINGS) {
        cli_usage(c, "--set: more than %d settings", CLI_MAX_SETTINGS);
        return false;
    }
    char *name = strndup(text, (size_t)length);
    if (!name) {
        cli_nomem(c);
        return false;
    }
    s->set[s->n++] = (az_setting){name, value};
    return true;
}

void cli_settings_clear(cli_settings *s)
{
    for (int i = 0; i < s->n; i++) free((char *)s->set[i].name);
    s->n = 0;
}

int cli_unknown_problem(const cli_context *c, const char *name)
{
    enum { MAX_NAMES = 256 };
    const char *known[MAX_NAMES];
    int n = 0;

    for (; n < az_builtin_count() && n < MAX_NAMES; n++) known[n] = az_builtin_name(n);
    const char *near = cli_nearest(name, known, n);
    if (near) return cli_fail(c, AZ_ENAME, "no built-in problem '%s', did you mean '%s'?", name, near);
    return cli_fail(c, AZ_ENAME, "no built-in problem '%s'; `ansatz list` names them, and a file is written with its folder: ./%s", name,
                    name);
}

static bool is_builtin(const char *name)
{
    for (int i = 0; i < az_builtin_count(); i++)
        if (!strcmp(az_builtin_name(i), name)) return true;
    return false;
}

az_problem *cli_problem(const cli_context *c, const char *name, const cli_settings *s)
{
    az_problem *p = NULL;
    az_error e;

    if (az_problem_load(&p, name, s->set, s->n, &e) == AZ_OK) return p;
    bool could_not_read = e.status == AZ_EIO || e.status == AZ_ENAME;
    if (could_not_read && !strpbrk(name, "./") && !is_builtin(name)) cli_unknown_problem(c, name);
    else cli_fail_error(c, &e);
    return NULL;
}
