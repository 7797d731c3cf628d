/* scan.h: what `ansatz scan` was asked to do. */
#ifndef CLI_SCAN_H
#define CLI_SCAN_H

#include "cli.h"

typedef struct scan_request {
    az_scan_options o;
    cli_settings settings;
    const char *problem;    /* operand */
    const char *output;     /* --output */
    char *over;             /* owned; NULL if the first unknown is meant */
    bool ends;              /* of the grid: given */
    bool report;
} scan_request;

/* Reads the command line. Returns CLI_END to go on, else an exit status. */
int scan_read(cli_context *c, scan_request *q, int argc, char **argv);

/* On standard output: for people, or one JSON object. Paths may be NULL. */
void scan_print(const az_scan *s, const char *table, const char *report);
void scan_json(const cli_context *c, const az_scan *s, const char *table, const char *report);
/* The file of the n-th profile of a table, to be freed; NULL without memory. */
char *scan_profile_name(const char *table, int n);

#endif
