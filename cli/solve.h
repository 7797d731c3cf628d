/* solve.h: what `ansatz solve` was asked to do. */
#ifndef CLI_SOLVE_H
#define CLI_SOLVE_H

#include "cli.h"

typedef struct solve_request {
    az_solve_options o;
    cli_settings settings;
    const char *problem;    /* operand; NULL if only a file to resume is named */
    const char *output;     /* --output */
    const char *from;       /* --from */
    const char *file;       /* to resume, if named */
    const char *fixed;      /* an option given that a resumed run cannot change, NULL if none */
    bool resume, verify, report, space_given;
    bool ladder;            /* --modes */
    int first_mode, last_mode;
} solve_request;

/* Reads the command line. Returns CLI_END to go on, else an exit status. */
int solve_read(cli_context *c, solve_request *q, int argc, char **argv);

#endif
