/* scan.h: a scan as it grows; shared by scan.c, its files and its report. */
#ifndef AZ_SCAN_H
#define AZ_SCAN_H

#include "state/state.h"

struct az_scan {
    az_problem *problem;            /* a copy, with its parameters */
    az_scan_options options;        /* resolved; `over` points into the problem, `table` is NULL */
    int over;                       /* index of the unknown */
    bool signs;                     /* the problem has a defect or a select row, whose sign brackets; else dips of the residual do */
    uint64_t hash;
    az_scan_row *row;               /* in order of value, then of seed */
    int n_rows;
    az_scan_bracket *bracket;
    int n_brackets;
    bool complete;
    double seconds;                 /* of this session */
};

/* The way of one seed: values in the order in which they are visited. */
int az_scan_place(const az_scan *s, int step);          /* on the grid, of a step of the way */
int az_scan_step(const az_scan *s, double value);       /* the other way round; -1 for a value that is not on the grid */
double az_scan_value(const az_scan *s, int place);

/* NULL where the seed has none yet. */
const az_scan_row *az_scan_find(const az_scan *s, int place, uint64_t seed);
/* A copy becomes part of the scan, in order. AZ_ENOMEM. */
az_status az_scan_add_row(az_scan *s, const az_scan_row *row);
az_status az_scan_add_bracket(az_scan *s, const az_scan_bracket *b);

/* Where a way stands: the results it goes on from, as az_result_save_memory writes them. */
typedef struct az_scan_way {
    int seed;                       /* from 0 */
    int step;                       /* the next one */
    char *start, *last;             /* after step 0, for the way down; after the last step that is ok. NULL: none yet. By az_realloc */
    size_t n_start, n_last;
} az_scan_way;
void az_scan_way_clear(az_scan_way *w);

/* scan_file.c. The table: a heading of comments, the rows, below them a comment for each bracket. */
az_status az_scan_write_table(const az_scan *s, const char *path, az_error *err);
/* Into s, which has no rows. A file that is not there leaves it so. AZ_EOPTION for the table of another scan, AZ_EFORMAT, AZ_EIO, AZ_ENOMEM. */
az_status az_scan_read_table(az_scan *s, const char *path, az_error *err);
/* TABLE.state. Reading leaves *w empty where the file is not there, damaged, or another scan's. */
az_status az_scan_write_way(const az_scan *s, const az_scan_way *w, const char *table, az_error *err);
az_status az_scan_read_way(const az_scan *s, az_scan_way *w, const char *table, az_error *err);
/* AZ_EIO where another file has its name. */
az_status az_scan_check_way(const char *table, az_error *err);
void az_scan_remove_way(const char *table);

#endif
