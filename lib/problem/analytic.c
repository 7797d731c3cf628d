/* analytic.c: the statement that the solution is analytic at an inner point where the equations
 * are singular. It is no row: no residual sees |x - x0|^3.3. What keeps it is lib/solve/analytic.c
 * and lib/verify/stated.c. */
#include "problem/parse.h"

#include <math.h>

/* How far the domain goes on both sides of x. */
static double room(const az_coord_decl *c, double x)
{
    if (c->range == AZ_INTERVAL) return fmin(x - c->lo, c->hi - x);
    if (c->range == AZ_HALF_LINE) return x;
    return INFINITY;
}

static bool refuse(az_parser *P, size_t pos, const char *hint, const char *message)
{
    az_parse_fail(P, pos, AZ_EPROBLEM, hint, "%s", message);
    return false;
}

static bool parse_point(az_parser *P, az_analytic_decl *a)
{
    const az_coord_decl *c = P->p->coord;
    int at = 0;

    if (!az_parse_take_word(P, "at")) return az_parse_expect(P, AZ_T_EOF, "'at' and the point");
    if (P->status != AZ_OK || !az_parse_coord_index(P, &at)) return false;
    if (!az_parse_expect(P, '=', "'=' and the value of the coordinate")) return false;
    const size_t pos = P->tok.pos;
    az_point x = {{0}};
    if (!az_parse_constant(P, &x.x[0]) || !az_parse_inside(P, &x, 1, pos)) return false;
    a->x = x.x[0] + 0.0;
    if (!(room(c, a->x) > 0))
        return refuse(P, pos, "inside the domain, not at its end",
                      "the point must have neighbours on both sides");
    return true;
}

/* Half the way to the nearest end, and to 0 on a line, where elements have a size of their own. */
static double usual_width(const az_coord_decl *c, double x)
{
    if (c->range == AZ_LINE) return 0.5 * (x != 0 ? fabs(x) : c->scale);
    return 0.5 * room(c, x);
}

static bool parse_width(az_parser *P, az_analytic_decl *a)
{
    const az_coord_decl *c = P->p->coord;

    a->half = usual_width(c, a->x);
    if (!az_parse_take_word(P, "within")) return P->status == AZ_OK;
    const size_t pos = P->tok.pos;
    if (!az_parse_constant(P, &a->half)) return false;
    if (!(a->half > 0)) return refuse(P, pos, NULL, "the neighbourhood must have a positive width");
    if (!(a->half < room(c, a->x)))
        return refuse(P, pos, NULL, "the neighbourhood is larger than the domain");
    return true;
}

/* "analytic" "at" coordinate "=" constant [ "within" constant ] */
bool az_parse_analytic(az_parser *P, size_t start)
{
    az_problem *p = P->p;
    az_analytic_decl a = {.line = az_parse_line(P, start)};

    if (p->n_analytic == AZ_MAX_ANALYTIC)
        return az_parse_fail(P, start, AZ_ELIMIT, NULL, "more than %d analytic points",
                             AZ_MAX_ANALYTIC),
               false;
    if (p->dim != 1 || p->coord[0].time || p->coord[0].periodic || p->coord[0].open > 0)
        return refuse(P, start, "a line, a half-line or a closed interval that is not periodic",
                      "an analytic point needs one coordinate, declared before it");
    P->domain_used = true;
    if (!parse_point(P, &a) || !parse_width(P, &a)) return false;
    for (int i = 0; i < p->n_analytic; i++)
        if (fabs(p->analytic[i].x - a.x) < p->analytic[i].half + a.half)
            return refuse(P, start, "give both a smaller one: within C",
                          "the neighbourhoods of two analytic points overlap");
    p->analytic[p->n_analytic++] = a;
    return true;
}

void az_problem_print_analytic(az_text *out, const az_problem *p, int i)
{
    const az_analytic_decl *a = &p->analytic[i];

    az_text_add(out, "analytic at %s = %.10g within %.6g", p->coord[0].name, a->x, a->half);
}
