/* page.h: the report while it is written; shared by the files of lib/report. */
#ifndef AZ_REPORT_PAGE_H
#define AZ_REPORT_PAGE_H

#include "report/plot.h"
#include "state/state.h"

typedef struct az_page {
    az_text out;
    const az_result *r;
    const char *command;    /* that asked for the report, may be empty */
    const char *const *name;/* [n_names] to show; NULL: the program chooses */
    int n_names;
    int next_id;            /* of pictures */
} az_page;

/* Everything before and after the body of a page. */
void az_page_begin(az_text *out, const char *title);
void az_page_end(az_text *out);

/* "problem <code>ccf</code>, a = -1" */
void az_page_problem_name(az_text *out, const az_problem *p);

/* "1.2·10<sup>-9</sup>", a dash for NaN. */
void az_page_number(az_text *out, double v, int digits);

/* From the document type to the beginning of the body. */
void az_page_begin(az_text *out, const char *title);

void az_page_figure_begin(az_page *g);
void az_page_figure_end(az_page *g, const char *format, ...) __attribute__((format(printf, 2, 3)));    /* the caption; escaped */

/* Two coordinates without ends: pictures near the origin and on logarithmic polar axes (plane.c). */
bool az_page_is_plane(const az_problem *p);
/* Of a field, let or trial; or, unless it is NULL, of the flow of that name. */
az_status az_page_plane_name(az_page *g, const char *name, const az_flow_decl *flow);
az_status az_page_plane_residual(az_page *g);
/* A sentence in the place of a picture that could not be made; returns AZ_ENOMEM if that was why, else AZ_OK. */
az_status az_page_leave_note(az_page *g, az_status st, const char *name, const az_error *err);

/* Pictures. A name that cannot be evaluated leaves a sentence in its place; only AZ_ENOMEM is returned. */
az_status az_page_profiles(az_page *g);
az_status az_page_residual(az_page *g);
az_status az_page_history(az_page *g);

/* Tables. */
void az_page_headline(az_page *g);
void az_page_evidence(az_page *g);
void az_page_derived(az_page *g);
void az_page_problem(az_page *g);
void az_page_networks(az_page *g);
void az_page_run(az_page *g);

#endif
