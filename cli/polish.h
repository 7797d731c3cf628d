/* polish.h: the two spaces of ansatz polish. */
#ifndef AZ_CLI_POLISH_H
#define AZ_CLI_POLISH_H

#include "cli.h"

typedef struct hardy_request {
    az_hardy_options o;
    const char *output;
} hardy_request;

/* Returns an exit status. */
int cli_polish_hardy(const cli_context *c, hardy_request *q, const char *path);

#endif
