/* fail.c: messages of the program. */
#include "cli.h"
#include "json.h"

#include <string.h>

static void say(const cli_context *c, const az_error *e)
{
    /* A message about a problem file begins with file:line:column, which editors find at the start of a line only. */
    if (e->line > 0) fprintf(stderr, "%s\n", e->message);
    else fprintf(stderr, "ansatz%s%s: %s\n", *c->command ? " " : "", c->command, e->message);
    if (!c->json) return;
    json j;
    json_begin(&j, stdout);
    json_object(&j, NULL);
    json_object(&j, "error");
    json_string(&j, "status", az_status_name(e->status));
    json_string(&j, "message", e->message);
    json_integer(&j, "line", e->line);
    json_integer(&j, "column", e->column);
    json_object_end(&j);
    json_object_end(&j);
    json_end(&j);
}

static void format(az_error *e, az_status s, const char *fmt, va_list ap)
{
    memset(e, 0, sizeof *e);
    e->status = s;
    if (vsnprintf(e->message, sizeof e->message, fmt, ap) < 0) e->message[0] = 0;
}

int cli_usage(const cli_context *c, const char *fmt, ...)
{
    az_error e;
    va_list ap;

    va_start(ap, fmt);
    format(&e, AZ_EOPTION, fmt, ap);
    va_end(ap);
    say(c, &e);
    fprintf(stderr, "try 'ansatz %s%s--help'\n", c->command, *c->command ? " " : "");
    return CLI_ERROR;
}

int cli_fail(const cli_context *c, az_status s, const char *fmt, ...)
{
    az_error e;
    va_list ap;

    va_start(ap, fmt);
    format(&e, s, fmt, ap);
    va_end(ap);
    say(c, &e);
    return CLI_ERROR;
}

int cli_fail_error(const cli_context *c, const az_error *e)
{
    say(c, e);
    return CLI_ERROR;
}

int cli_nomem(const cli_context *c) { return cli_fail(c, AZ_ENOMEM, "%s", az_status_message(AZ_ENOMEM)); }

void cli_warn(const cli_context *c, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "ansatz %s: ", c->command);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}
