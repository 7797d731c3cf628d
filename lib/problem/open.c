/* open.c: an open interval (-X, X), solved on a line.
 *
 * y = X tanh(z/2), and t = sinh z is the coordinate of the problem: u = y/X = t/(1 + c) with c = sqrt(1 + t^2), t = 2u/(1 - u^2). The ends
 * lie at infinity; 1 - u^2 = 2/(1 + c) keeps its digits there, and dt/dy = c(1 + c)/X. With y' = X tanh(w/2),
 *     1/(y - y') dy' = C (C C' + S S')/C' dt'/(c' (t - t')),   C = cosh(z/2), S = sinh(z/2), C' and S' the same of w,
 * since tanh - tanh = sinh((z - w)/2)/(C C'), and t - t' = 2 sinh((z - w)/2) cosh((z + w)/2): the Hilbert transform of a function of y that is 0
 * outside is C^2 (H[a/c] + u H[u a/c]), two transforms on the line, of operands that fall faster than a by one power of t. Nothing cancels
 * at the ends: H falls like 1/t, C^2 = (1 + c)/2. */
#include "problem/parse.h"

#include <math.h>

static int number(az_parser *P, double value) { return az_graph_const(&P->p->graph, value); }
static int binary(az_parser *P, az_op op, int a, int b) { return az_graph_binary(&P->p->graph, op, a, b); }

static int root(az_parser *P, int c)
{
    const int square = binary(P, AZ_POW, az_graph_coord(&P->p->graph, c), number(P, 2));

    return az_graph_func(&P->p->graph, AZ_F_SQRT, binary(P, AZ_ADD, number(P, 1), square));
}

static int one_more(az_parser *P, int c) { return binary(P, AZ_ADD, number(P, 1), root(P, c)); }

int az_open_unit(az_parser *P, int c) { return binary(P, AZ_DIV, az_graph_coord(&P->p->graph, c), one_more(P, c)); }

int az_open_coord(az_parser *P, int c) { return binary(P, AZ_MUL, number(P, P->p->coord[c].open), az_open_unit(P, c)); }

int az_open_edge(az_parser *P, int c) { return binary(P, AZ_DIV, number(P, 2), one_more(P, c)); }

int az_open_slope(az_parser *P, int c)
{
    return binary(P, AZ_DIV, binary(P, AZ_MUL, root(P, c), one_more(P, c)), number(P, P->p->coord[c].open));
}

int az_open_hilbert(az_parser *P, int a)
{
    az_graph *g = &P->p->graph;
    const int f = binary(P, AZ_DIV, a, root(P, 0)), u = az_open_unit(P, 0);
    const int second = binary(P, AZ_MUL, u, az_graph_hilbert(g, binary(P, AZ_MUL, u, f)));

    return binary(P, AZ_DIV, binary(P, AZ_ADD, az_graph_hilbert(g, f), second), az_open_edge(P, 0));
}

int az_open_primitive(az_parser *P, int a) { return az_graph_primitive(&P->p->graph, binary(P, AZ_DIV, a, az_open_slope(P, 0))); }

double az_open_to_line(const az_coord_decl *c, double y)
{
    const double u = y / c->open, end = sinh(AZ_OPEN_REACH);

    return fabs(u) >= 1 ? copysign(end, u) : fmax(-end, fmin(2 * u / ((1 - u) * (1 + u)), end));
}

double az_open_from_line(const az_coord_decl *c, double t)
{
    return fabs(t) >= sinh(AZ_OPEN_REACH) ? copysign(c->open, t) : c->open * (t / (1 + sqrt(1 + t * t)));
}
