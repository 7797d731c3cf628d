/* answer.c: an expansion as decimal strings. */
#include "hardy/answer.h"

#include <float.h>
#include <math.h>

#include <string.h>

/* A text of FLINT's allocator as one of ours. */
static char *adopt(char *s)
{
    char *copy = az_strdup(s);

    flint_free(s);
    return copy;
}

static char *decimal(const arb_t x, slong digits)
{
    return adopt(arb_get_str(x, digits, ARB_STR_NO_RADIUS | ARB_STR_MORE));
}

/* Digits of a precision, enough to come back to the same number. */
static slong all_digits(slong bits)
{
    return (slong)ceil((double)bits * 0.30103) + 2;
}

/* x to the decimals that the error leaves, and the error in units of the last: 1.180(3). Rounded by FLINT through an integer, so that no digit is lost. */
static char *with_error(const arb_t x, double error)
{
    char text[400];

    if (!isfinite(error)) {
        az_format_unknown(text, arf_get_d(arb_midref(x), ARF_RND_NEAR), NAN);
        return az_strdup(text);
    }
    if (error < 1e-300) error = 1e-300;
    int decimals = (int)ceil(-log10(error)), unit;
    if (decimals < 1) decimals = 1;
    unit = (int)ceil(error * pow(10, decimals));
    if (unit > 9) unit = 1, decimals--;
    if (unit < 1) unit = 1;
    fmpz_t n;
    arb_t t;
    arf_t half;
    fmpz_init(n);
    arb_init(t);
    arf_init(half);
    arb_set_ui(t, 10);
    arb_pow_ui(t, t, (ulong)decimals, 4 * decimals + 64);
    arb_mul(t, t, x, 4 * decimals + 256);
    arf_set_d(half, 0.5);
    arf_add(half, arb_midref(t), half, ARF_PREC_EXACT, ARF_RND_DOWN);
    arf_floor(half, half);
    arf_get_fmpz(n, half, ARF_RND_NEAR);
    bool negative = fmpz_sgn(n) < 0;
    fmpz_abs(n, n);
    char *digits = fmpz_get_str(NULL, 10, n);
    int count = (int)strlen(digits), whole = count > decimals ? count - decimals : 0;
    az_text out = {0};
    az_text_add(&out, "%s%.*s%s.", negative ? "-" : "", whole, digits, whole ? "" : "0");
    for (int i = count; i < decimals; i++) az_text_add(&out, "0");
    az_text_add(&out, "%s(%d)", digits + whole, unit);
    flint_free(digits);
    fmpz_clear(n);
    arb_clear(t);
    arf_clear(half);
    if (out.failed) az_text_clear(&out);
    return out.s;
}

/* The first number of the equations that was rounded before it came here. */
static bool find_rounded(char **out, const az_expansion *e)
{
    const az_reduced *r = e->reduced;
    const az_graph *g = &r->graph;
    char text[32];
    bool ok = true;
    arb_t t;

    arb_init(t);
    for (int i = 0; i < g->n && !*out && ok; i++) {
        const az_node *n = &g->node[i];
        bool parameter = n->op == AZ_SCALAR && n->index < r->problem->n_parameters;
        if (n->op != AZ_CONST && !parameter) continue;
        double value = parameter ? r->problem->scalar[n->index].value : n->value;
        if (az_written_number(t, value, DBL_MANT_DIG)) continue;
        az_expr_number(text, value);
        ok = (*out = az_strdup(text)) != NULL;
    }
    arb_clear(t);
    return ok;
}

static bool write_terms(az_hardy *h, const az_expansion *e, slong digits)
{
    const az_layout *l = &e->basis.layout;
    bool ok = true;
    int n = 0;

    h->n_terms = l->n_terms;
    h->sector = az_calloc((size_t)h->n_terms, sizeof *h->sector);
    h->power = az_calloc((size_t)h->n_terms, sizeof *h->power);
    h->coefficient = az_calloc((size_t)h->n_terms, sizeof *h->coefficient);
    if (!h->sector || !h->power || !h->coefficient) return false;
    for (int i = 0; i < l->n_sectors; i++)
        for (int k = 0; k < l->count[i]; k++, n++) {
            h->sector[n] = l->sector[i];
            h->power[n] = k;
            ok = (h->coefficient[n] = decimal(e->c + n, digits)) && ok;
        }
    return ok;
}

static bool write_unknowns(az_hardy *h, const az_expansion *e, const double *error, slong digits)
{
    const az_problem *p = e->reduced->problem;
    bool ok = true;

    h->n_unknowns = az_problem_n_unknowns(p);
    h->unknown = az_calloc((size_t)h->n_unknowns, sizeof *h->unknown);
    h->value = az_calloc((size_t)h->n_unknowns, sizeof *h->value);
    h->error = az_doubles((size_t)h->n_unknowns);
    if (!h->unknown || !h->value || !h->error) return false;
    for (int i = 0; i < h->n_unknowns; i++) {
        arb_srcptr x = e->scalar + p->n_parameters + i;
        h->error[i] = error[i];
        ok = (h->unknown[i] = with_error(x, error[i])) && (h->value[i] = decimal(x, digits)) && ok;
    }
    return ok;
}

az_hardy *az_hardy_write(const az_expansion *e, const double *error)
{
    const slong digits = all_digits(e->basis.bits);
    az_hardy *h = az_calloc(1, sizeof *h);

    if (!h) return NULL;
    h->bits = (int)e->basis.bits;
    h->name = az_strdup(e->reduced->name);
    h->decay = decimal(e->basis.delta, digits);
    h->scale = decimal(e->basis.scale, digits);
    if (h->name && h->decay && h->scale && find_rounded(&h->rounded, e) && write_unknowns(h, e, error, digits) && write_terms(h, e, digits)) return h;
    az_hardy_destroy(h);
    return NULL;
}

static void free_texts(char **text, int n)
{
    for (int i = 0; text && i < n; i++) az_free(text[i]);
    az_free(text);
}

void az_hardy_destroy(az_hardy *h)
{
    if (!h) return;
    free_texts(h->unknown, h->n_unknowns);
    free_texts(h->value, h->n_unknowns);
    free_texts(h->coefficient, h->n_terms);
    az_doubles_free(h->error);
    az_free(h->sector);
    az_free(h->power);
    az_free(h->name);
    az_free(h->rounded);
    az_free(h->decay);
    az_free(h->scale);
    az_free(h);
}

az_stop az_hardy_stop(const az_hardy *h) { return h->stop; }
const char *az_hardy_unknown(const az_hardy *h, int i) { return i >= 0 && i < h->n_unknowns ? h->unknown[i] : NULL; }
const char *az_hardy_value(const az_hardy *h, int i) { return i >= 0 && i < h->n_unknowns ? h->value[i] : NULL; }
double az_hardy_error(const az_hardy *h, int i) { return i >= 0 && i < h->n_unknowns ? h->error[i] : NAN; }
double az_hardy_residual(const az_hardy *h) { return h->residual; }
int az_hardy_points(const az_hardy *h) { return h->points; }
int az_hardy_bits(const az_hardy *h) { return h->bits; }
double az_hardy_seconds(const az_hardy *h) { return h->seconds; }
const char *az_hardy_name(const az_hardy *h) { return h->name; }
const char *az_hardy_rounded(const az_hardy *h) { return h->rounded; }
const char *az_hardy_decay(const az_hardy *h) { return h->decay; }
const char *az_hardy_scale(const az_hardy *h) { return h->scale; }
int az_hardy_coefficients(const az_hardy *h) { return h->n_terms; }

const char *az_hardy_coefficient(const az_hardy *h, int i, int *sector, int *k)
{
    if (i < 0 || i >= h->n_terms) return NULL;
    if (sector) *sector = h->sector[i];
    if (k) *k = h->power[i];
    return h->coefficient[i];
}
