/* report.c: one HTML file that needs nothing else. */
#include "io/io.h"
#include "report/page.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light}*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:1080px;padding:2.2rem 1.6rem 3rem;background:#fff;color:#222;"
    "font:16px/1.5 'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:.1rem 0 .3rem;font-weight:600}\n"
    "h2{font-size:1.15rem;margin:2.4rem 0 .7rem;padding-bottom:.25rem;border-bottom:1px solid #ccc;font-weight:600}\n"
    "p{margin:.5rem 0}.kind,.name{color:#666;margin:0}.note{color:#8a4b00}.note,.all{grid-column:1/-1}\n"
    "code,pre{font-family:'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace;font-size:.86em}\n"
    "pre{background:#f7f7f5;border:1px solid #e3e3df;padding:.9rem 1.1rem;overflow-x:auto;line-height:1.45}\n"
    "td code{overflow-wrap:anywhere}\n"
    ".headline{margin:1.3rem 0;display:flex;flex-wrap:wrap;align-items:baseline;gap:.6rem 3rem}.headline div{display:flex;align-items:baseline;gap:.6rem}\n"
    ".headline dt{font-style:italic;font-size:1.35rem;color:#444}.headline dt::after{content:' ='}"
    ".headline .beside dt{font-size:1rem}.headline .beside dd{font-size:1.15rem}\n"
    ".headline dd{margin:0;font-size:1.9rem;font-variant-numeric:tabular-nums}\n"
    ".made{color:#666;font-size:.86rem;overflow-wrap:anywhere}\n"
    ".stop{border-left:4px solid;padding:.5rem .9rem;margin:1rem 0}.met{border-color:#2f7a4d;background:#f2f8f4}.unmet{border-color:#b8741a;background:#fcf6ec}\n"
    "table{border-collapse:collapse;width:100%;font-size:.93em;align-self:start}caption{text-align:left;font-weight:600;padding-bottom:.3rem}\n"
    "th,td{text-align:left;vertical-align:baseline;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #e6e6e6;font-weight:400}\n"
    "thead th{color:#666;border-bottom:1px solid #999}tbody th{color:#444}.wide tbody th{color:#222;font-weight:600;white-space:nowrap}\n"
    ".number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums;padding-right:1.6rem}sup{line-height:0;font-size:.72em}\n"
    ".pair{display:grid;grid-template-columns:repeat(2,minmax(0,1fr));gap:1.4rem 2rem}@media screen and (max-width:760px){.pair{grid-template-columns:minmax(0,1fr)}}\n"
    "figure{margin:0;break-inside:avoid}figcaption{color:#555;font-size:.86rem;line-height:1.4;padding:0 .6rem}.plot{width:100%;height:auto;display:block}\n"
    "@page{margin:16mm}@media print{body{padding:0;font-size:10.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}h2{break-after:avoid}"
    "pre{white-space:pre-wrap}table,.stop{break-inside:avoid}}\n";

void az_page_begin(az_text *out, const char *title)
{
    az_text_add(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"generator\" content=\"ansatz " AZ_VERSION "\">\n<title>");
    az_xml_escape(out, title);
    az_text_add(out, " \u2013 ansatz</title>\n<style>\n");
    az_text_write(out, style, sizeof style - 1);
    az_text_add(out, "</style></head>\n<body>\n");
}

void az_page_end(az_text *out) { az_text_add(out, "</body></html>\n"); }

static az_status page(az_page *g)
{
    az_page_begin(&g->out, g->r->problem->name);
    az_page_headline(g);
    az_page_evidence(g);
    az_page_derived(g);
    az_status st = az_page_profiles(g);
    az_text_add(&g->out, "<section><h2>Residual and training</h2>\n<div class=\"pair\">\n");
    if (!st) st = az_page_residual(g);
    if (!st) st = az_page_history(g);
    az_text_add(&g->out, "</div></section>\n");
    az_page_problem(g);
    az_page_networks(g);
    az_page_run(g);
    az_page_end(&g->out);
    return st ? st : g->out.failed ? AZ_ENOMEM : AZ_OK;
}

static bool known(const az_problem *p, const char *name)
{
    for (int i = 0; i < p->n_lets; i++)
        if (!strcmp(p->let[i].name, name)) return true;
    for (int i = 0; i < p->n_trials; i++)
        if (!strcmp(p->trial[i].name, name)) return true;
    return false;
}

az_status az_report(const az_result *r, const char *path, const char *command, az_error *err)
{
    return az_report_names(r, path, NULL, 0, command, err);
}

az_status az_report_names(const az_result *r, const char *path, const char *const *name, int n_names, const char *command, az_error *err)
{
    az_page g = {.r = r, .command = command, .name = name, .n_names = n_names};

    for (int i = 0; i < n_names; i++)
        if (!known(r->problem, name[i])) return az_fail(err, AZ_ENAME, "no field, let or trial is called '%s'", name[i]);
    az_status st = page(&g);

    if (st) st = az_fail(err, st, "no memory for the report '%s'", path);
    else st = az_io_write_file(path, g.out.s, g.out.n, err);
    az_text_clear(&g.out);
    return st;
}
