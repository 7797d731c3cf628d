/* cross.c: the tier "cross-solved": two results of one problem, from two trial spaces and two grids, side by side. */
#include "solve/run.h"
#include "verify/evidence.h"

#include <math.h>
#include <string.h>

#define COMPARED 2001 /* points over the domain; odd, so that 0 is one */

static az_status check_pair(const az_result *r, const az_result *other, az_error *err)
{
    const az_problem *p = r->problem, *q = other->problem;
    if (strcmp(p->text, q->text)) return az_fail(err, AZ_EOPTION, "the two results are of different problems, '%s' and '%s'", p->name, q->name);
    for (int i = 0; i < p->n_parameters; i++)
        if (!az_graph_equal(r->scalar[i], other->scalar[i]))
            return az_fail(err, AZ_EOPTION, "the two results have different values of %s: %.17g and %.17g", p->scalar[i].name, r->scalar[i],
                           other->scalar[i]);
    if (az_result_hash(r) == az_result_hash(other) && az_result_space(r) == az_result_space(other) && az_result_coordinates(r) == az_result_coordinates(other))
        return az_fail(err, AZ_EOPTION, "both results are of the same run (hash %016llx): expected one of another trial space, mesh or seed",
                       (unsigned long long)az_result_hash(r));
    return AZ_OK;
}

/* max |a - b| / max |a|; points where neither is finite (0/0 in the expression) do not count; NaN where only one is */
static double distance(const double *a, const double *b, int n)
{
    double worst = 0, top = 0;
    for (int i = 0; i < n; i++) {
        if (!isfinite(a[i]) && !isfinite(b[i])) continue;
        double d = fabs(a[i] - b[i]);
        if (!(d <= worst)) worst = d;
        top = fmax(top, fabs(a[i]));
        if (isnan(worst)) return NAN;
    }
    return worst > 0 ? worst / top : 0;
}

static az_status compare_names(az_cross *c, const az_result *r, const az_result *other, az_error *err)
{
    double *x = NULL;
    int n;
    az_status st = az_sample_points(r->problem, &x, &n, COMPARED, err);
    double *a = st ? NULL : az_doubles(2 * (size_t)n);
    if (!st && !a) st = az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < c->n_names && !st; i++) {
        const char *name = az_problem_get_name(r->problem, i);
        st = az_eval(r, a, name, x, n, NULL, err);
        if (!st) st = az_eval(other, a + n, name, x, n, NULL, err);
        if (!st) c->name[i] = distance(a, a + n, n);
    }
    az_doubles_free(a);
    az_free(x);
    return st;
}

/* What has no value in one of them differs by NaN. */
static az_status compare_derived(az_cross *c, const az_result *r, const az_result *other, az_error *err)
{
    for (int i = 0; i < c->n_derived; i++) {
        double here, there;
        az_status st = az_result_derived(r, i, &here, NULL, err);
        if (!st) st = az_result_derived(other, i, &there, NULL, err);
        if (st == AZ_ENOMEM) return st;
        c->derived[i] = st ? NAN : fabs(here - there);
    }
    return AZ_OK;
}

static az_status compare(az_cross *c, const az_result *r, const az_result *other, az_error *err)
{
    const az_problem *p = r->problem;
    *c = (az_cross){.compared = 1,
                    .hash = other->hash,
                    .space = az_result_space(r),
                    .other_space = az_result_space(other),
                    .coordinates = az_result_coordinates(r),
                    .other_coordinates = az_result_coordinates(other),
                    .relative = r->evidence.reevaluated_relative,
                    .other_relative = other->evidence.reevaluated_relative,
                    .n_unknowns = az_problem_n_unknowns(p),
                    .n_names = p->n_lets,
                    .n_derived = p->n_derived};
    c->unknown = az_doubles((size_t)c->n_unknowns);
    c->name = az_doubles((size_t)c->n_names);
    c->derived = az_doubles((size_t)c->n_derived);
    c->other_value = az_doubles((size_t)c->n_unknowns);
    if (!c->unknown || !c->name || !c->derived || !c->other_value) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < c->n_unknowns; i++) c->unknown[i] = fabs(r->scalar[p->n_parameters + i] - other->scalar[p->n_parameters + i]);
    for (int i = 0; i < c->n_unknowns; i++) c->other_value[i] = other->scalar[p->n_parameters + i];
    c->contradicts = az_evidence_contradicts(r, other);
    const az_status st = compare_names(c, r, other, err);
    return st ? st : compare_derived(c, r, other, err);
}

static az_status need_residual(az_result *r, int threads, az_error *err)
{
    return r->evidence.tier < AZ_TIER_REEVALUATED ? az_verify(r, threads, err) : AZ_OK;
}

az_status az_cross_check(az_result *r, az_result *other, int threads, az_error *err)
{
    az_cross c = {.hash = 0};
    az_status st = check_pair(r, other, err);
    if (!st) st = need_residual(r, threads, err);
    if (!st) st = need_residual(other, threads, err);
    if (!st) st = compare(&c, r, other, err);
    if (st) {
        az_cross_clear(&c);
        return st;
    }
    az_cross_clear(&r->cross);
    r->cross = c;
    az_evidence_weigh(r);
    return AZ_OK;
}

/* Whether r, re-evaluated, is not the solution that `from` is: it solves nothing, or its unknowns are farther away than the errors of both. What was no
 * solution cannot be lost, and a run that was cut short has not lost it. */
static bool lost(const az_result *r, const az_result *from)
{
    const bool over = r->stop == AZ_STOP_TOLERANCE || r->stop == AZ_STOP_STALLED || r->stop == AZ_STOP_BOUND;
    if (!over || !(from->evidence.reevaluated_relative <= AZ_AGREE_RESIDUAL)) return false;
    return !(r->evidence.reevaluated_relative <= AZ_AGREE_RESIDUAL) || az_evidence_contradicts(r, from);
}

#define OTHER_MESH 1.5 /* times the points: panels of another width */

az_status az_polish(az_result **out, az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err)
{
    az_solve_options own = *o;
    *out = NULL;
    if (isnan(o->tolerance) && az_result_space(from) == AZ_SPACE_ELEMENT) own.tolerance = from->options.tolerance;
    if (az_result_coordinates(from)) own.coordinates = az_result_coordinates(from) == AZ_POLAR ? AZ_CONFORMAL : AZ_POLAR;
    else if (az_result_space(from) == AZ_SPACE_ELEMENT && !o->points) own.points = (int)(OTHER_MESH * from->options.points);
    az_status st = need_residual(from, o->threads, err);
    if (!st) st = az_polish_run(out, from, &own, fn, data, err);
    if (st || (*out)->stop == AZ_STOP_CANCELLED) return st;
    st = az_verify(*out, o->threads, err);
    const bool elsewhere = !st && lost(*out, from);
    if (!st) st = az_cross_check(*out, from, o->threads, err);
    if (elsewhere) (*out)->stop = AZ_STOP_LOST;
    if (!st) return AZ_OK;
    az_result_destroy(*out);
    *out = NULL;
    return st;
}
