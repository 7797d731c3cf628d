/* branch.c: the page of a branch: every number that moves against the one it is followed in, the residual, and the points. */
#include "branch/branch.h"
#include "io/io.h"
#include "report/page.h"

#include <math.h>

typedef struct curves {
    double *x, *y, *px, *py, *fx, *fy; /* steps, profiles on the way, first points after a fold */
    int n, n_profiles, n_folds;
} curves;

static bool flag(const az_branch *b, const double *row, int which) { return row[az_branch_fixed(b, which)] != 0; }

/* Column k against the first. */
static void collect(curves *c, const az_branch *b, int k)
{
    c->n = c->n_profiles = c->n_folds = 0;
    for (int i = 0; i < b->n_rows; i++) {
        const double *row = az_branch_row(b, i);
        if (flag(b, row, AZ_BRANCH_PROFILE)) {
            c->px[c->n_profiles] = row[0], c->py[c->n_profiles++] = row[k];
            continue;
        }
        c->x[c->n] = row[0], c->y[c->n++] = row[k];
        if (flag(b, row, AZ_BRANCH_TURNED)) c->fx[c->n_folds] = row[0], c->fy[c->n_folds++] = row[k];
    }
}

static void figure(az_text *out, curves *c, const az_branch *b, int k, az_axis y, int id, const char *about)
{
    collect(c, b, k);
    const az_series s[] = {{NULL, c->x, c->y, c->n, false}, {"points", c->x, c->y, c->n, true}, {"profiles", c->px, c->py, c->n_profiles, true}, {"after a fold", c->fx, c->fy, c->n_folds, true}};
    az_series used[4];
    int n = 0;
    for (int i = 0; i < 4; i++)
        if (s[i].n) used[n++] = s[i];
    az_text_add(out, "<figure>\n");
    az_plot_svg(out, &(az_plot){.id = id, .about = about, .x = {.label = b->column[0]}, .y = y, .series = used, .n_series = n});
    az_text_add(out, "</figure>\n");
}

static void head(az_text *out, const az_branch *b, const char *command)
{
    az_page_begin(out, b->p->name);
    az_text_add(out, "<p class=\"name\">");
    az_xml_escape(out, b->p->name);
    az_text_add(out, "</p>\n<h1>");
    az_xml_escape(out, b->p->title);
    az_text_add(out, "</h1>\n<p>The branch over %s: %d points, residual of each re-evaluated on an independent grid.</p>\n", b->over, b->n_rows);
    if (!command || !*command) return;
    az_text_add(out, "<p class=\"made\"><code>");
    az_xml_escape(out, command);
    az_text_add(out, "</code></p>\n");
}

static void table(az_text *out, const az_branch *b)
{
    const int m = b->n_moving, fixed = az_branch_fixed(b, 0);
    az_text_add(out, "<section><h2>Points</h2>\n<table><thead><tr>");
    for (int k = 0; k < m; k++) az_text_add(out, "<th class=\"number\">%s</th>", b->column[k]);
    az_text_add(out, "<th class=\"number\">residual</th><th class=\"number\">over its scale</th><th></th></tr></thead>\n<tbody>");
    for (int i = 0; i < b->n_rows; i++) {
        const double *row = az_branch_row(b, i);
        char value[AZ_UNKNOWN_LENGTH];
        az_text_add(out, "<tr><td class=\"number\">%.12g</td>", row[0]);
        for (int k = 1; k < m; k++) {
            az_format_unknown(value, row[k], row[m + k - 1]);
            az_text_add(out, "<td class=\"number\">%s</td>", value);
        }
        for (int k = AZ_BRANCH_MAX; k <= AZ_BRANCH_RELATIVE; k++) {
            az_text_add(out, "<td class=\"number\">");
            az_page_number(out, row[fixed + k], 2);
            az_text_add(out, "</td>");
        }
        az_text_add(out, "<td>%s</td></tr>\n", flag(b, row, AZ_BRANCH_PROFILE) ? "profile" : flag(b, row, AZ_BRANCH_TURNED) ? "after a fold" : "");
    }
    az_text_add(out, "</tbody></table></section>\n");
}

az_status az_branch_report(const az_branch *b, const char *path, const char *command, az_error *err)
{
    az_text out = {0};
    curves c = {0};
    double **all[] = {&c.x, &c.y, &c.px, &c.py, &c.fx, &c.fy};
    az_status st = AZ_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!(*all[i] = az_doubles((size_t)b->n_rows))) st = AZ_ENOMEM;
    if (!st) {
        head(&out, b, command);
        az_text_add(&out, "<section><h2>Branch</h2>\n<div class=\"pair\">\n");
        for (int k = 1; k < b->n_moving; k++) figure(&out, &c, b, k, (az_axis){.label = b->column[k]}, k, b->column[k]);
        figure(&out, &c, b, az_branch_fixed(b, AZ_BRANCH_CHECK), (az_axis){.kind = AZ_AXIS_LOG, .label = "residual between the nodes"}, 0, "residual along the branch");
        az_text_add(&out, "</div></section>\n");
        table(&out, b);
        az_page_end(&out);
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) az_doubles_free(*all[i]);
    if (st || out.failed) st = az_fail(err, AZ_ENOMEM, "no memory for the report '%s'", path);
    else st = az_io_write_file(path, out.s, out.n, err);
    az_text_clear(&out);
    return st;
}
