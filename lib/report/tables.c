/* tables.c: everything in the report that is text. */
#include "report/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void az_page_number(az_text *out, double v, int digits)
{
    char s[64];

    if (isnan(v)) {
        az_text_add(out, "\u2013");
        return;
    }
    const double small = 1e-3, large = 1e6;
    if (v == 0 || !isfinite(v) || (fabs(v) >= small && fabs(v) < large)) {
        az_text_add(out, "%.*g", digits, v);
        return;
    }
    snprintf(s, sizeof s, "%.*e", digits - 1, v);
    char *e = strchr(s, 'e');
    const int exponent = atoi(e + 1);
    *e = 0;
    snprintf(s, sizeof s, "%.*g", digits, atof(s)); /* without trailing zeros */
    if (strcmp(s, "1")) az_text_add(out, "%s\u00b7", s);
    az_text_add(out, "10<sup>%s%d</sup>", exponent < 0 ? "\u2212" : "", abs(exponent));
}

static void row_begin(az_text *out, const char *name)
{
    az_text_add(out, "<tr><th scope=\"row\">");
    az_xml_escape(out, name);
    az_text_add(out, "</th><td>");
}

static void row_end(az_text *out) { az_text_add(out, "</td></tr>\n"); }

static void row_text(az_text *out, const char *name, const char *value)
{
    row_begin(out, name);
    az_xml_escape(out, value);
    row_end(out);
}

static void row_int(az_text *out, const char *name, long long value)
{
    row_begin(out, name);
    az_text_add(out, "%lld", value);
    row_end(out);
}

static void row_number(az_text *out, const char *name, double value, int digits)
{
    row_begin(out, name);
    az_page_number(out, value, digits);
    row_end(out);
}

static const char *title_of(const az_problem *p) { return p->title && *p->title ? p->title : p->name; }

static bool has_slope(const az_problem *p) { return az_problem_defect(p, 0) && az_problem_unknown(p, 0); }

/* "d m/d lambda", of the first defect and the first unknown. */
static void slope_name(az_text *out, const az_problem *p)
{
    az_text_add(out, "d ");
    az_xml_escape(out, az_problem_defect(p, 0));
    az_text_add(out, "/d ");
    az_xml_escape(out, az_problem_unknown(p, 0));
}

static void headline_slope(az_page *g)
{
    if (!has_slope(g->r->problem) || !isfinite(g->r->evidence.defect_slope)) return;
    az_text_add(&g->out, "<div class=\"beside\"><dt>");
    slope_name(&g->out, g->r->problem);
    az_text_add(&g->out, "</dt><dd>");
    az_page_number(&g->out, g->r->evidence.defect_slope, 2);
    az_text_add(&g->out, "</dd></div>\n");
}

static void headline_unknowns(az_page *g)
{
    const az_problem *p = g->r->problem;
    char digits[48];

    az_text_add(&g->out, "<dl class=\"headline\">\n");
    for (int i = p->n_parameters; i < az_problem_first_defect(p); i++) {
        double error, value = az_result_unknown(g->r, i - p->n_parameters, &error);
        az_format_unknown(digits, value, error);
        az_text_add(&g->out, "<div><dt>");
        az_xml_escape(&g->out, p->scalar[i].name);
        az_text_add(&g->out, "</dt><dd>%s</dd></div>\n", digits);
        if (i == p->n_parameters) headline_slope(g);
    }
    az_text_add(&g->out, "</dl>\n");
}

static void made_by(az_text *out, const az_result *r)
{
    az_text_add(out, "<p class=\"made\">");
    if (r->command && *r->command) {
        az_text_add(out, "<code>");
        az_xml_escape(out, r->command);
        az_text_add(out, "</code> \u00b7 ");
    }
    az_text_add(out, "hash <code>%016" PRIx64 "</code> \u00b7 seed %" PRIu64 " \u00b7 %d iterations \u00b7 %.3g s</p>\n", r->hash, r->options.seed,
                r->iterations, r->seconds);
}

void az_page_problem_name(az_text *out, const az_problem *p)
{
    az_text_add(out, "problem <code>");
    az_xml_escape(out, p->name);
    az_text_add(out, "</code>");
    for (int i = 0; i < p->n_parameters; i++) {
        az_text_add(out, ", ");
        az_xml_escape(out, p->scalar[i].name);
        az_text_add(out, " = %.15g", p->scalar[i].value);
    }
}

void az_page_headline(az_page *g)
{
    const az_result *r = g->r;
    const az_problem *p = r->problem;
    az_text *out = &g->out;

    az_text_add(out, "<header>\n<p class=\"kind\">Result of <b>ansatz</b> " AZ_VERSION "</p>\n<h1>");
    az_xml_escape(out, title_of(p));
    az_text_add(out, "</h1>\n<p class=\"name\">");
    az_page_problem_name(out, p);
    az_text_add(out, "</p>\n</header>\n");
    if (az_problem_n_unknowns(p)) headline_unknowns(g);
    az_text_add(out, "<p class=\"stop %s\"><b>%s</b> ", r->stop > 0 && az_result_accepted(r) ? "met" : "unmet", !az_result_accepted(r) ? "Not accepted." : r->stop > 0 ? "Reached." : r->stop < 0 ? "Not reached." : "Not finished.");
    az_text_add(out, "Stop reason \u201c%s\u201d: %s. ", az_stop_name(r->stop), az_stop_message(r->stop));
    az_text_add(out, "Asked: relative residual on the independent grid at most ");
    az_page_number(out, r->options.tolerance, 3);
    az_text_add(out, "; found: ");
    if (isnan(r->evidence.reevaluated_relative)) az_text_add(out, r->evidence.points > 0 ? "not finite, or not judged" : "not evaluated");
    else az_page_number(out, r->evidence.reevaluated_relative, 2);
    az_text_add(out, ".</p>\n");
    made_by(out, r);
}

static void evidence_row(az_text *out, const char *tier, const char *quantity, double value, const char *how)
{
    az_text_add(out, "<tr><th scope=\"row\">%s</th><td>%s</td><td class=\"number\">", tier, quantity);
    if (isnan(value)) az_text_add(out, "not done");
    else az_page_number(out, value, 2);
    az_text_add(out, "</td><td>%s</td></tr>\n", how);
}

static void difference_row(az_text *out, const char *name, const char *what, double value)
{
    az_text_add(out, "<tr><th scope=\"row\"></th><td>");
    az_xml_escape(out, name);
    az_text_add(out, ", difference</td><td class=\"number\">");
    az_page_number(out, value, 2);
    az_text_add(out, "</td><td>%s</td></tr>\n", what);
}

static void row_rows(az_text *out, const az_result *r)
{
    const az_problem *p = r->problem;

    for (int i = 0; i < p->n_rows; i++) {
        const az_row_evidence row = az_result_row(r, i);
        az_text_add(out, "<tr><th scope=\"row\"></th><td>in line %d: <code>", row.line);
        az_xml_escape(out, row.statement);
        az_text_add(out, "</code></td><td class=\"number\">");
        az_page_number(out, row.relative, 2);
        az_text_add(out, "</td><td>largest at");
        for (int c = 0; c < p->dim; c++) {
            az_text_add(out, "%s ", c ? "," : "");
            az_xml_escape(out, p->coord[c].name);
            az_text_add(out, " = ");
            az_page_number(out, row.at[c], 4);
        }
        az_text_add(out, "</td></tr>\n");
    }
}

static void slope_row(az_text *out, const az_result *r)
{
    const az_problem *p = r->problem;

    if (!has_slope(p)) return;
    az_text_add(out, "<tr><th scope=\"row\"></th><td>");
    slope_name(out, p);
    az_text_add(out, "</td><td class=\"number\">");
    if (isnan(r->evidence.defect_slope)) az_text_add(out, "not done");
    else az_page_number(out, r->evidence.defect_slope, 2);
    az_text_add(out, "</td><td>along the solutions beside this one, where ");
    az_xml_escape(out, az_problem_defect(p, 0));
    az_text_add(out, " is not what it is here: a residual looks like an error in ");
    az_xml_escape(out, az_problem_defect(p, 0));
    az_text_add(out, ", and is one in ");
    az_xml_escape(out, az_problem_unknown(p, 0));
    az_text_add(out, " divided by this</td></tr>\n");
}

static void cross_rows(az_text *out, const az_result *r)
{
    const az_cross *c = &r->cross;
    const az_problem *p = r->problem;
    char how[240];

    if (!c->compared) {
        evidence_row(out, "cross-solved", "agreement", NAN, "another trial space and discretisation reaches the same unknowns");
        return;
    }
    snprintf(how, sizeof how, "trial space %s here; %s, on another grid, in result %016" PRIx64 "%s", az_space_title(c->space, c->coordinates),
             az_space_title(c->other_space, c->other_coordinates), c->hash, r->evidence.tier == AZ_TIER_CROSS_SOLVED ? "" : ": <b>they do not agree</b>");
    evidence_row(out, "cross-solved", "largest relative residual of the other", c->other_relative, how);
    for (int i = 0; i < c->n_unknowns; i++) difference_row(out, p->scalar[p->n_parameters + i].name, "of the two values", c->unknown[i]);
    for (int i = 0; i < c->n_names; i++) difference_row(out, p->let[i].name, "largest over the domain, relative to the maximum", c->name[i]);
    for (int i = 0; i < c->n_derived; i++) difference_row(out, p->derived[i].text, "of the two values", c->derived[i]);
}

static void finding_rows(az_text *out, const az_result *r)
{
    for (int i = 0; i < az_result_n_findings(r); i++) {
        const az_finding f = az_result_finding(r, i);
        az_text_add(out, "<tr><th scope=\"row\">%s</th><td><code>", i ? "" : "statements");
        az_xml_escape(out, f.statement);
        az_text_add(out, "</code></td><td class=\"number\">");
        if (isnan(f.value)) az_text_add(out, "not done");
        else az_page_number(out, f.value, 3);
        az_text_add(out, "</td><td>%s", f.holds < 0 ? "<b>" : "");
        az_xml_escape(out, f.text);
        az_text_add(out, "%s</td></tr>\n", f.holds < 0 ? "</b>" : "");
    }
}

void az_page_evidence(az_page *g)
{
    const az_evidence *e = &g->r->evidence;
    az_text *out = &g->out;
    char how[160];

    az_text_add(out, "<section><h2>Evidence</h2>\n<p>Digits that the evidence does not support are not printed: in 0.12345(6) the last digit is "
                     "uncertain by 6, and (?) marks a value without evidence. Highest tier reached: <b>%s</b>.</p>\n", az_tier_name(e->tier));
    az_text_add(out, "<table class=\"wide\"><thead><tr><th>tier</th><th>quantity</th><th class=\"number\">value</th><th>how it was obtained</th></tr></thead>\n<tbody>\n");
    evidence_row(out, "trained", "residual, root mean square", e->trained_rms, "the rows that the optimiser itself made small");
    snprintf(how, sizeof how, "the equations as written, on an independent grid of %d points, by another code path", e->points);
    evidence_row(out, "re-evaluated", "largest residual", e->reevaluated_max, how);
    evidence_row(out, "", "largest relative residual", e->reevaluated_relative, "the same, over the largest term of each statement, or its declared scale");
    if (e->points > 0) row_rows(out, g->r);
    slope_row(out, g->r);
    finding_rows(out, g->r);
    cross_rows(out, g->r);
    evidence_row(out, "certified", "enclosure", NAN, "interval arithmetic");
    az_text_add(out, "</tbody></table></section>\n");
}

/* *bare: one of the numbers has no error. */
static void derived_rows(az_page *g, bool *bare)
{
    const az_problem *p = g->r->problem;
    az_text *out = &g->out;
    char digits[AZ_UNKNOWN_LENGTH];
    double value, error;

    *bare = false;
    az_text_add(out, "<table class=\"wide\"><tbody>\n");
    for (int i = 0; i < p->n_derived; i++) {
        const az_status st = az_result_derived(g->r, i, &value, &error, NULL);
        if (st == AZ_ENOMEM) out->failed = true;
        az_format_unknown(digits, st ? NAN : value, error);
        az_text_add(out, "<tr><td>");
        az_xml_escape(out, p->derived[i].text);
        az_text_add(out, "</td><td class=\"number\">%s</td></tr>\n", st ? "\u2013" : digits);
        *bare = *bare || !(error >= 0);
    }
    az_text_add(out, "</tbody></table>\n");
}

void az_page_derived(az_page *g)
{
    const az_problem *p = g->r->problem;
    az_text *out = &g->out;
    bool bare;

    if (!p->n_derived && !p->n_notes) return;
    az_text_add(out, "<section><h2>What follows</h2>\n");
    for (int i = 0; i < p->n_notes; i++) {
        az_text_add(out, "<p>");
        az_xml_escape(out, p->note[i]);
        az_text_add(out, "</p>\n");
    }
    if (p->n_derived) {
        derived_rows(g, &bare);
        az_text_add(out, "<p class=\"made\">Numbers that the problem derives from its solution. Those of unknowns alone have the error that the unknowns leave. No residual bounds a value "
                         "of a field by itself: such numbers have the error with which another solution agrees.");
        if (bare && !g->r->cross.compared)
            az_text_add(out, " (?): this result has not been compared with another; <code>ansatz verify FILE --cross</code> finds one, or <code>--with OTHER</code> is one, and "
                             "<code>ansatz report FILE</code> then writes their digits here.");
        az_text_add(out, "</p>\n");
    }
    az_text_add(out, "</section>\n");
}

void az_page_problem(az_page *g)
{
    az_text_add(&g->out, "<section><h2>Problem</h2>\n<pre>");
    az_xml_escape(&g->out, g->r->problem->text);
    az_text_add(&g->out, "</pre></section>\n");
}

static const char *activation(const az_network *net)
{
    if (net->first == AZ_ACT_CHEBYSHEV) return "Chebyshev polynomials";
    if (net->space == AZ_SPACE_FOURIER) return "sines and cosines";
    if (net->n_frozen) return "sine features, frozen";
    return net->first == AZ_ACT_SINE ? "sine, then tanh" : "tanh";
}

static void element_row(az_text *out, const char *trial, int stage, const az_network *net)
{
    az_text_add(out, "<tr><th scope=\"row\">");
    az_xml_escape(out, trial);
    az_text_add(out, "</th><td>%d</td><td>%d elements", stage, net->mesh.n_edges - 1);
    if (net->mesh.modes) az_text_add(out, " \u00d7 %d modes", net->mesh.modes);
    az_text_add(out, "</td><td>piecewise polynomials of degree %d, %d derivative%s continuous%s</td><td class=\"number\">%d</td><td class=\"number\">",
                net->mesh.degree, net->mesh.smooth - 1, net->mesh.smooth == 2 ? "" : "s", net->mesh.modes ? ", times Chebyshev polynomials across" : "", net->n_weights);
    az_page_number(out, net->scale, 3);
    az_text_add(out, "</td></tr>\n");
}

static void network_row(az_text *out, const char *trial, int stage, const az_network *net)
{
    if (net->space == AZ_SPACE_ELEMENT) {
        element_row(out, trial, stage, net);
        return;
    }
    az_text_add(out, "<tr><th scope=\"row\">");
    az_xml_escape(out, trial);
    az_text_add(out, "</th><td>%d</td><td>%d", stage, net->width[0]);
    for (int k = 1; k <= net->n_layers + 1; k++) az_text_add(out, " \u2192 %d", net->width[k]);
    az_text_add(out, "</td><td>%s</td><td class=\"number\">%d</td><td class=\"number\">", activation(net), net->n_weights);
    az_page_number(out, net->scale, 3);
    az_text_add(out, "</td></tr>\n");
}

void az_page_networks(az_page *g)
{
    const az_problem *p = g->r->problem;
    az_text *out = &g->out;

    az_text_add(out, "<section><h2>Networks</h2>\n<p>A trial function is the sum of its stages, each times its scale.</p>\n<table class=\"wide\"><thead><tr><th>trial</th>"
                     "<th>stage</th><th>widths</th><th>activation</th><th class=\"number\">weights</th><th class=\"number\">scale</th></tr></thead>\n<tbody>\n");
    for (int t = 0; t < p->n_trials; t++)
        for (int k = 0; k < g->r->trial[t].n_stages; k++) network_row(out, p->trial[t].name, k + 1, &g->r->trial[t].stage[k]);
    az_text_add(out, "</tbody></table></section>\n");
}

static void layers_and_phases(az_text *out, const az_solve_options *o)
{
    row_begin(out, "hidden layers of the first stage");
    for (int i = 0; i < o->n_layers; i++) az_text_add(out, "%s%d", i ? " \u00d7 " : "", o->layers[i]);
    if (o->n_layers == 0) az_text_add(out, "automatic");
    row_end(out);
    row_begin(out, "methods of the first stage");
    for (int i = 0; i < o->n_phases; i++) {
        az_text_add(out, "%s%s", i ? ", then " : "", az_method_name(o->phase[i]));
        if (i + 1 < o->n_phases) az_text_add(out, " (%d iterations)", o->phase_iterations[i]);
    }
    if (o->n_phases == 0) az_text_add(out, "automatic");
    row_end(out);
}

static void row_limit(az_text *out, const char *name, double value, const char *none)
{
    if (value > 0) row_number(out, name, value, 6);
    else row_text(out, name, none);
}

static void options_table(az_text *out, const az_solve_options *o)
{
    az_text_add(out, "<table><caption>Options</caption><tbody>\n");
    row_number(out, "tolerance", o->tolerance, 6);
    row_limit(out, "iterations, at most", o->max_iterations, "no limit");
    row_limit(out, "seconds, at most", o->max_seconds, "no limit");
    row_limit(out, "stages, at most", o->max_stages, "automatic");
    row_limit(out, "points per equation", o->points, "automatic");
    if (o->coordinates) row_text(out, "coordinates", az_coordinates_name(o->coordinates));
    layers_and_phases(out, o);
    row_number(out, "seconds between checkpoints", o->checkpoint_seconds, 6);
    az_text_add(out, "</tbody></table>\n");
}

static void row_code(az_text *out, const char *name, const char *value)
{
    if (!value || !*value) return;
    row_begin(out, name);
    az_text_add(out, "<code>");
    az_xml_escape(out, value);
    az_text_add(out, "</code>");
    row_end(out);
}

void az_page_run(az_page *g)
{
    const az_result *r = g->r;
    az_text *out = &g->out;
    char hash[24];

    snprintf(hash, sizeof hash, "%016" PRIx64, r->hash);
    az_text_add(out, "<section><h2>Run</h2>\n<div class=\"pair\">\n<table><caption>How this was made</caption><tbody>\n");
    row_code(out, "command of the run", r->command);
    row_code(out, "command of this report", g->command);
    row_code(out, "hash of problem, settings, options", hash);
    row_text(out, "program", "ansatz " AZ_VERSION);
    row_begin(out, "seed");
    az_text_add(out, "%" PRIu64, r->options.seed);
    row_end(out);
    if (r->options.threads) row_int(out, "threads", r->options.threads);
    else row_text(out, "threads", "all");
    row_number(out, "seconds", r->seconds, 4);
    row_int(out, "iterations", r->iterations);
    row_int(out, "stages", r->stage);
    az_text_add(out, "</tbody></table>\n");
    options_table(out, &r->options);
    az_text_add(out, "</div></section>\n");
}
