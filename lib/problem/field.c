/* field.c: the statement `field`, shorthand for a trial with suitable inputs and a let around it.
 *
 * With X = x/s for each unbounded coordinate of the field, rho2 = 1 + sum X^2, l = log(rho2)/2 and decay p:
 *   inputs   q = rho2^(-p/2) (with decay), m = 2 l/(l + 2) - 1, and the directions X/sqrt(rho2); a direction is squared where a parity is
 *            declared, and left out where it says nothing new (one unbounded coordinate with parity);
 *   factor   X/sqrt(rho2) for each coordinate in which the field is odd, and q.
 * An interval coordinate gives (2x - lo - hi)/(hi - lo), squared with parity, and the factor x/hi if odd; a periodic one the cosine and the
 * sine of theta = 2 pi (x - lo)/(hi - lo), without the sine with parity, and the factor sin(theta) if odd. */
#include "problem/parse.h"

#include <math.h>
#include <string.h>

typedef struct field {
    az_parser *P;
    az_token name;
    unsigned coords;
    az_parity parity[AZ_MAX_DIM];
    int decay;                      /* node, -1 if none */
    int input[AZ_MAX_INPUTS], n_inputs;
    int factor;                     /* node, -1 if none */
} field;

static az_graph *graph(const field *f)
{
    return &f->P->p->graph;
}

static int times(const field *f, int a, int b)
{
    return az_graph_binary(graph(f), AZ_MUL, a, b);
}

static int number(const field *f, double value)
{
    return az_graph_const(graph(f), value);
}

static int square(const field *f, int a)
{
    return az_graph_binary(graph(f), AZ_POW, a, number(f, 2));
}

static bool add_input(field *f, int node)
{
    if (f->n_inputs == AZ_MAX_INPUTS) {
        az_parse_fail(f->P, f->name.pos, AZ_ELIMIT, NULL, "the field needs more than %d inputs", AZ_MAX_INPUTS);
        return false;
    }
    f->input[f->n_inputs] = az_parse_checked(f->P, node, f->name.pos);
    return f->input[f->n_inputs++] >= 0;
}

static bool add_factor(field *f, int node)
{
    f->factor = az_parse_checked(f->P, f->factor < 0 ? node : times(f, f->factor, node), f->name.pos);
    return f->factor >= 0;
}

static int scaled(const field *f, int c)
{
    return az_graph_binary(graph(f), AZ_DIV, az_graph_coord(graph(f), c), number(f, f->P->p->coord[c].scale));
}

/* rho2^(-p/2) */
static int envelope(const field *f, int rho2)
{
    az_graph *g = graph(f);

    return az_graph_binary(g, AZ_POW, rho2, az_graph_binary(g, AZ_DIV, az_graph_neg(g, f->decay), number(f, 2)));
}

/* With e = 1 - (y/X)^2 = edge(y), l = -log(e): inputs e, e^p (with decay p), m = 2 l/(l + 2) - 1, and y/X without parity; factors y/X if odd, and e^p. */
static bool expand_open(field *f, int c)
{
    az_graph *g = graph(f);
    int e = az_open_edge(f->P, c), l = az_graph_neg(g, az_graph_func(g, AZ_F_LOG, e)), two = number(f, 2), u = az_open_unit(f->P, c);
    int ratio = az_graph_binary(g, AZ_DIV, times(f, two, l), az_graph_binary(g, AZ_ADD, l, two));

    if (az_parse_checked(f->P, ratio, f->name.pos) < 0 || !add_input(f, e)) return false;
    if (f->decay >= 0 && (!add_input(f, az_graph_binary(g, AZ_POW, e, f->decay)) || !add_factor(f, f->input[f->n_inputs - 1]))) return false;
    if (!add_input(f, az_graph_binary(g, AZ_SUB, ratio, number(f, 1)))) return false;
    if (f->parity[c] == AZ_ODD) return add_factor(f, u);
    return f->parity[c] == AZ_EVEN || add_input(f, u);
}

static bool expand_unbounded(field *f, unsigned unbounded)
{
    az_graph *g = graph(f);
    int rho2 = number(f, 1), two = number(f, 2);

    for (int c = 0; c < AZ_MAX_DIM; c++)
        if (unbounded >> c & 1) rho2 = az_graph_binary(g, AZ_ADD, rho2, square(f, scaled(f, c)));
    int l = az_graph_binary(g, AZ_DIV, az_graph_func(g, AZ_F_LOG, rho2), two);
    int ratio = az_graph_binary(g, AZ_DIV, times(f, two, l), az_graph_binary(g, AZ_ADD, l, two));
    if (az_parse_checked(f->P, ratio, f->name.pos) < 0) return false;
    if (f->decay >= 0 && (!add_input(f, envelope(f, rho2)) || !add_factor(f, f->input[0]))) return false;
    if (!add_input(f, az_graph_binary(g, AZ_SUB, ratio, number(f, 1)))) return false;
    for (int c = 0; c < AZ_MAX_DIM; c++) {
        if (!(unbounded >> c & 1)) continue;
        int direction = az_graph_binary(g, AZ_DIV, scaled(f, c), az_graph_func(g, AZ_F_SQRT, rho2));
        bool alone = unbounded == 1u << c;
        if (f->parity[c] == AZ_ODD && !add_factor(f, direction)) return false;
        if (f->parity[c] == AZ_NO_PARITY && !add_input(f, direction)) return false;
        if (f->parity[c] != AZ_NO_PARITY && !alone && !add_input(f, square(f, direction))) return false;
    }
    return true;
}

static bool expand_periodic(field *f, int c)
{
    az_graph *g = graph(f);
    const az_coord_decl *x = &f->P->p->coord[c];

    if (f->parity[c] && x->lo != 0 && x->lo != -x->hi) {
        az_parse_fail(f->P, f->name.pos, AZ_EPROBLEM, NULL, "a parity needs a periodic interval that is symmetric or starts at 0");
        return false;
    }
    int theta = times(f, number(f, 2 * 3.14159265358979323846 / (x->hi - x->lo)), az_graph_binary(g, AZ_SUB, az_graph_coord(g, c), number(f, x->lo)));
    int sine = az_graph_func(g, AZ_F_SIN, theta);
    if (!add_input(f, az_graph_func(g, AZ_F_COS, theta))) return false;
    if (f->parity[c] == AZ_ODD) return add_factor(f, sine);
    return f->parity[c] == AZ_EVEN || add_input(f, sine);
}

static bool expand_interval(field *f, int c)
{
    az_graph *g = graph(f);
    const az_coord_decl *x = &f->P->p->coord[c];
    int coord = az_graph_coord(g, c);

    if (x->periodic) return expand_periodic(f, c);
    if (f->parity[c] && x->lo != -x->hi) {
        az_parse_fail(f->P, f->name.pos, AZ_EPROBLEM, NULL, "a parity in '%s' needs an interval that is symmetric about 0", x->name);
        return false;
    }
    int moved = az_graph_binary(g, AZ_SUB, times(f, number(f, 2), coord), number(f, x->lo + x->hi));
    int unit = az_graph_binary(g, AZ_DIV, moved, number(f, x->hi - x->lo));
    if (f->parity[c] == AZ_ODD && !add_factor(f, az_graph_binary(g, AZ_DIV, coord, number(f, x->hi)))) return false;
    return add_input(f, f->parity[c] ? square(f, unit) : unit);
}

static bool expand(field *f)
{
    az_problem *p = f->P->p;
    az_parity raw[AZ_MAX_DIM];
    unsigned unbounded = 0, open = 0;

    for (int c = 0; c < p->dim; c++)
        if (f->coords >> c & 1 && p->coord[c].range != AZ_INTERVAL) *(p->coord[c].open > 0 ? &open : &unbounded) |= 1u << c;
    if (f->decay >= 0 && !unbounded && !open) {
        az_parse_fail(f->P, f->name.pos, AZ_EPROBLEM, NULL, "decay needs an unbounded coordinate");
        return false;
    }
    if (unbounded && !expand_unbounded(f, unbounded)) return false;
    for (int c = 0; c < p->dim; c++)
        if (f->coords >> c & 1 && !(unbounded >> c & 1) && !(open >> c & 1 ? expand_open(f, c) : expand_interval(f, c))) return false;
    for (int c = 0; c < AZ_MAX_DIM; c++) raw[c] = f->parity[c] ? AZ_EVEN : AZ_NO_PARITY;
    if (!az_parse_add_trial(f->P, ":raw", &f->name, f->input, f->n_inputs, raw)) return false;
    int node = p->trial[p->n_trials - 1].node;
    if (f->factor >= 0) node = az_parse_checked(f->P, times(f, f->factor, node), f->name.pos);
    f->P->in_field |= f->coords;
    if (node < 0 || !az_parse_add_let(f->P, &f->name, node, true)) return false;
    p->let[p->n_lets - 1].decay = f->decay;
    return true;
}

/* "decay" expr, of numbers, parameters and unknowns */
static bool parse_decay(field *f)
{
    az_parser *P = f->P;

    if (f->decay >= 0) {
        az_parse_fail(P, P->last_end - strlen("decay"), AZ_ESYNTAX, NULL, "'decay' is given twice");
        return false;
    }
    return az_parse_exponent(P, &f->decay);
}

bool az_parse_exponent(az_parser *P, int *node)
{
    size_t pos = P->tok.pos;

    *node = az_parse_expr(P);
    const az_node_info *info = *node < 0 ? NULL : az_parse_info(P, *node);
    if (!info) return false;
    if (!P->p->graph.node[*node].deps && !(info->has & AZ_HAS_TRIAL)) return true;
    az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the decay may depend on parameters and unknowns only");
    return false;
}

/* "field" name "(" coordinate { "," coordinate } ")" { parity | "decay" expr } */
bool az_parse_field(az_parser *P)
{
    field f = {.P = P, .decay = -1, .factor = -1};
    char *copy;
    int c;

    if (!az_parse_new_name(P, &f.name, &copy)) return false;
    az_free(copy);
    if (!az_parse_expect(P, '(', "'(' and the coordinates of the field")) return false;
    do {
        size_t pos = P->tok.pos;
        if (P->status != AZ_OK || !az_parse_coord_index(P, &c)) return false;
        if (f.coords >> c & 1) {
            az_parse_fail(P, pos, AZ_EPROBLEM, NULL, "the coordinate '%s' is given twice", P->p->coord[c].name);
            return false;
        }
        f.coords |= 1u << c;
    } while (az_parse_take(P, ','));
    if (!az_parse_expect(P, ')', "')' or another coordinate")) return false;
    while (az_parse_is(P, "even") || az_parse_is(P, "odd") || az_parse_is(P, "decay")) {
        if (!az_parse_take_word(P, "decay")) {
            if (!az_parse_parity(P, f.parity, f.coords)) return false;
        } else if (P->status != AZ_OK || !parse_decay(&f)) {
            return false;
        }
    }
    return P->status == AZ_OK && expand(&f);
}
