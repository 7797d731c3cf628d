/* scan.c: the page of a scan: the funnel, the defect with its changes of sign, what was found, and every value. */
#include "io/io.h"
#include "report/page.h"
#include "solve/scan.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define CURVES 6 /* seeds that the legend names: as many as there are looks */
#define UNIT 1e-2 /* of the largest defect: below it the axis is linear */

/* The rows by seed: x[seeds][values], y the same, NaN where a value is absent. */
typedef struct curves {
    double *x, *residual, *defect, *absent, *band, *rule;
    int n_absent, n_bands, n_rules;
    az_series *series;
    char (*label)[40];
} curves;

static void curves_clear(curves *c)
{
    az_doubles_free(c->x);
    az_doubles_free(c->residual);
    az_doubles_free(c->defect);
    az_doubles_free(c->absent);
    az_doubles_free(c->band);
    az_doubles_free(c->rule);
    az_free(c->series);
    az_free(c->label);
}

static az_status curves_create(curves *c, const az_scan *s)
{
    const size_t seeds = (size_t)s->options.seeds, n = seeds * (size_t)s->options.values;

    *c = (curves){.x = az_doubles(n), .residual = az_doubles(n), .defect = az_doubles(n), .absent = az_doubles(n)};
    c->band = az_doubles(2 * (size_t)s->n_brackets + 1);
    c->rule = az_doubles((size_t)s->n_brackets + 1);
    c->series = az_calloc(seeds, sizeof *c->series);
    c->label = az_calloc(seeds, sizeof *c->label);
    return c->x && c->residual && c->defect && c->absent && c->band && c->rule && c->series && c->label ? AZ_OK : AZ_ENOMEM;
}

static void fill_seed(curves *c, const az_scan *s, int k)
{
    for (int i = 0; i < s->options.values; i++) {
        const int at = k * s->options.values + i;
        const az_scan_row *r = az_scan_find(s, i, s->options.solve.seed + (uint64_t)k);
        const bool ok = r && r->ok;
        c->x[at] = az_scan_value(s, i);
        c->residual[at] = ok ? r->residual : NAN;
        c->defect[at] = ok ? r->defect : NAN;
        if (r && !ok) c->absent[c->n_absent++] = c->x[at];
    }
}

static void curves_fill(curves *c, const az_scan *s)
{
    for (int k = 0; k < s->options.seeds; k++) {
        fill_seed(c, s, k);
        snprintf(c->label[k], sizeof c->label[k], "seed %" PRIu64, s->options.solve.seed + (uint64_t)k);
        c->series[k] = (az_series){.x = c->x + k * s->options.values, .n = s->options.values};
        c->series[k].label = s->options.seeds > 1 && k < CURVES ? c->label[k] : NULL;
    }
    for (int i = 0; i < s->n_brackets; i++) {
        const az_scan_bracket *b = &s->bracket[i];
        c->band[2 * c->n_bands] = b->low, c->band[2 * c->n_bands++ + 1] = b->high;
        if (b->state == AZ_SCAN_PROFILE) c->rule[c->n_rules++] = b->value;
    }
}

static void picture(az_page *g, const az_scan *s, curves *c, const double *y, az_plot p)
{
    for (int k = 0; k < s->options.seeds; k++) c->series[k].y = y + k * s->options.values;
    p.id = ++g->next_id;
    p.x = (az_axis){.label = s->options.over};
    p.series = c->series, p.n_series = s->options.seeds;
    p.band = c->band, p.n_bands = c->n_bands;
    p.rule = c->rule, p.n_rules = c->n_rules;
    p.absent = c->absent, p.n_absent = c->n_absent;
    az_page_figure_begin(g);
    az_plot_svg(&g->out, &p);
}

static double largest(const double *v, int n)
{
    double most = 0;

    for (int i = 0; i < n; i++) most = fmax(most, fabs(v[i])); /* fmax passes over NaN */
    return most;
}

static void pictures(az_page *g, const az_scan *s, curves *c)
{
    const char *over = s->options.over;
    const double unit = UNIT * largest(c->defect, s->options.seeds * s->options.values);

    az_text_add(&g->out, "<section><h2>The funnel</h2>\n<div class=\"pair\">\n");
    picture(g, s, c, c->residual, (az_plot){.about = "residual against the held unknown", .y = {.kind = AZ_AXIS_LOG, .label = "residual"}});
    az_page_figure_end(g, "Largest relative residual with %s held and everything imposed; it dips where a profile is. Shaded: brackets; dotted: "
                          "where they led. Crosses: values not solved well enough to be drawn (%d).", over, c->n_absent);
    if (s->signs) {
        const az_axis y = {.kind = AZ_AXIS_ASINH, .unit = unit, .label = "defect"};
        picture(g, s, c, c->defect, (az_plot){.about = "defect against the held unknown", .y = y, .zero = true});
        az_page_figure_end(g, "What the origin would have with %s held, minus what it has where the solution is smooth: it changes sign at every "
                              "profile. The axis is linear near 0 and logarithmic beyond.", over);
    }
    az_text_add(&g->out, "</div></section>\n");
}

static void header(az_page *g, const az_scan *s)
{
    const az_problem *p = s->problem;
    const az_scan_options *o = &s->options;
    az_text *out = &g->out;

    az_text_add(out, "<header>\n<p class=\"kind\">Scan of <b>ansatz</b> " AZ_VERSION "</p>\n<h1>");
    az_xml_escape(out, p->title && *p->title ? p->title : p->name);
    az_text_add(out, "</h1>\n<p class=\"name\">");
    az_page_problem_name(out, p);
    az_text_add(out, "; ");
    az_xml_escape(out, o->over);
    az_text_add(out, " from %.15g to %.15g, %d values, %d seed%s from %" PRIu64 ", trial space %s</p>\n", o->lo, o->hi, o->values, o->seeds,
                o->seeds > 1 ? "s" : "", o->solve.seed, az_space_name(o->solve.space));
    az_text_add(out, "<p class=\"made\">");
    if (g->command && *g->command) {
        az_text_add(out, "<code>");
        az_xml_escape(out, g->command);
        az_text_add(out, "</code> \u00b7 ");
    }
    az_text_add(out, "hash <code>%016" PRIx64 "</code></p>\n</header>\n", s->hash);
    if (!s->complete) az_text_add(out, "<p class=\"stop unmet\"><b>Not finished.</b> %d of %d values.</p>\n", s->n_rows, o->values * o->seeds);
}

static void cell_number(az_text *out, double v)
{
    az_text_add(out, "<td class=\"number\">");
    az_page_number(out, v, 4);
    az_text_add(out, "</td>");
}

static void bracket_row(az_text *out, const az_scan_bracket *b, bool first)
{
    char digits[AZ_UNKNOWN_LENGTH];

    az_format_unknown(digits, b->value, b->error);
    az_text_add(out, "<tr><th scope=\"row\">%s</th>", first ? az_scan_state_name(b->state) : "");
    az_text_add(out, "<td class=\"number\">%.6g \u2026 %.6g</td>", b->low, b->high);
    az_text_add(out, "<td class=\"number\">%" PRIu64 "</td><td class=\"number\">%s</td>", b->seed, digits);
    cell_number(out, b->residual);
    az_text_add(out, "<td class=\"number\">%d</td></tr>\n", b->iterations);
}

static void brackets(az_page *g, const az_scan *s)
{
    az_text *out = &g->out;

    az_text_add(out, "<section><h2>Profiles and brackets</h2>\n");
    if (!s->n_brackets) {
        const char *why = s->signs ? "the defect keeps its sign from value to value" : "the residual has no dip inside the range";
        az_text_add(out, "<p>None: %s.</p></section>\n", why);
        return;
    }
    az_text_add(out, "<p>In 0.12345(6) the last digit is uncertain by 6; (?) marks an interpolated value. Seeds that lead to the same profile follow "
                     "each other.</p>\n<table class=\"wide\"><thead><tr><th>found</th><th class=\"number\">between</th><th class=\"number\">seed</th>"
                     "<th class=\"number\">");
    az_xml_escape(out, s->options.over);
    az_text_add(out, "</th><th class=\"number\">relative residual, re-evaluated</th><th class=\"number\">iterations</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < s->n_brackets; i++) bracket_row(out, &s->bracket[i], !i || s->bracket[i].group != s->bracket[i - 1].group);
    az_text_add(out, "</tbody></table></section>\n");
}

static void rows(az_page *g, const az_scan *s)
{
    az_text *out = &g->out;

    az_text_add(out, "<section><h2>Values</h2>\n<table class=\"wide\"><thead><tr><th class=\"number\">");
    az_xml_escape(out, s->options.over);
    az_text_add(out, "</th><th class=\"number\">seed</th><th class=\"number\">residual</th><th class=\"number\">defect</th>"
                     "<th class=\"number\">trained, rms</th><th class=\"number\">iterations</th><th>drawn</th></tr></thead>\n<tbody>\n");
    for (int i = 0; i < s->n_rows; i++) {
        const az_scan_row *r = &s->row[i];
        az_text_add(out, "<tr><td class=\"number\">%.10g</td><td class=\"number\">%" PRIu64 "</td>", r->value, r->seed);
        cell_number(out, r->residual);
        cell_number(out, r->defect);
        cell_number(out, r->trained);
        az_text_add(out, "<td class=\"number\">%d</td><td>%s</td></tr>\n", r->iterations, r->ok ? "yes" : "no: not solved");
    }
    az_text_add(out, "</tbody></table></section>\n");
}

static void problem(az_page *g, const az_scan *s)
{
    az_text_add(&g->out, "<section><h2>Problem</h2>\n<pre>");
    az_xml_escape(&g->out, s->problem->text);
    az_text_add(&g->out, "</pre></section>\n</body></html>\n");
}

az_status az_scan_report(const az_scan *s, const char *path, const char *command, az_error *err)
{
    az_page g = {.command = command};
    curves c;
    az_status st = curves_create(&c, s);

    if (!st) {
        curves_fill(&c, s);
        az_page_begin(&g.out, s->problem->name);
        header(&g, s);
        pictures(&g, s, &c);
        brackets(&g, s);
        rows(&g, s);
        problem(&g, s);
    }
    if (st || g.out.failed) st = az_fail(err, AZ_ENOMEM, "no memory for the report '%s'", path);
    else st = az_io_write_file(path, g.out.s, g.out.n, err);
    az_text_clear(&g.out);
    curves_clear(&c);
    return st;
}
