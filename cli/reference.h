/* reference.h: published and exact values, read from a file: none is in the program. */
#ifndef CLI_REFERENCE_H
#define CLI_REFERENCE_H

#include "cli.h"

#define REFERENCE_EXACT 0

typedef struct reference_row {
    char *problem, *settings;   /* settings "a=0.3", several separated by blanks */
    char *quantity, *source;    /* quantity: an unknown, or a field at a point, u(0.5;1) */
    double value;
    int digits;                 /* significant digits on which independent sources agree, or REFERENCE_EXACT */
} reference_row;

typedef struct reference_table {
    reference_row *row;
    int n;
} reference_table;

/* False after a message. A line is problem,settings,unknown,reference,digits,source; '#' begins a comment line. */
bool reference_read(const cli_context *c, reference_table *t, const char *path);
void reference_clear(reference_table *t);
/* The installed file, or the one of the source tree the program was built in; NULL if there is none. The caller frees it. */
char *reference_find(void);
/* How well the value is known: half a unit of its last digit, 0 if exact. */
double reference_uncertainty(const reference_row *row);

#endif
