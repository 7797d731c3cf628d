/* start.c: runs that begin with what another one found. */
#include "solve/square.h"
#include "trial/mlp.h"

#include <math.h>
#include <string.h>

static bool same_trials(const az_problem *p, const az_problem *q)
{
    bool same = p->n_trials == q->n_trials && p->dim == q->dim && p->n_rows == q->n_rows;
    for (int t = 0; same && t < p->n_trials; t++)
        same = !strcmp(p->trial[t].name, q->trial[t].name) && p->trial[t].n_inputs == q->trial[t].n_inputs;
    return same;
}

/* More functions, the first of which have their weights. */
static az_status take_series(az_result *r, int t, const az_network *from)
{
    az_status st = az_run_add_series(r, t, r->options.layers[0]);
    az_network *net = &r->trial[t].stage[0];
    if (!st) memcpy(net->weight + net->n_frozen, from->weight + from->n_frozen, sizeof *net->weight * (size_t)from->width[1]);
    return st;
}

/* The first stage of `from`, with the widths that are asked for. */
static az_status take_network(az_result *r, int t, const az_network *from, az_error *err)
{
    const az_solve_options *o = &r->options;
    bool same = o->n_layers == from->n_layers, wider = same;
    for (int k = 0; k < o->n_layers && same; k++) same = o->layers[k] == from->width[k + 1];
    for (int k = 0; k < o->n_layers && wider; k++) wider = o->layers[k] >= from->width[k + 1];
    if (same) return az_state_copy_stage(r, t, from);
    if (!wider)
        return az_fail(err, AZ_EOPTION, "the networks to begin with can only be widened, layer by layer: theirs has %d layers, the first of width %d", from->n_layers,
                       from->width[1]);
    if (az_series_name(o->space)) return take_series(r, t, from);
    az_status st = az_state_add_stage(r, t, o->n_layers, o->layers, from->first, from->scale);
    if (!st) az_mlp_widen(&r->trial[t].stage[0], from, &r->rng);
    return st;
}

static az_status take_elements(az_result *r, int t, const az_network *from)
{
    az_status st = az_state_copy_stage(r, t, from);
    az_mesh *m = &r->trial[t].stage[0].mesh;
    if (!st && m->length > 0) m->length = r->problem->coord[0].scale;
    return st;
}

/* Networks of random weights first, then what elements found. */
static az_status fit_networks(az_result *r, const az_result *from, az_error *err)
{
    az_run run = {.r = r, .p = r->problem, .err = err};
    az_status st = from->n_edges ? az_state_copy_grid(r, from) : az_run_start_points(r, 0);
    r->stage = 1, r->unit = 1, r->check = NAN;
    if (!st) st = az_run_networks(&run);
    st = st ? az_fail(err, st, "%s", az_status_message(st)) : az_run_fit(&run, from);
    az_units_forget(&run);
    return st;
}

/* Elements of other coordinates. */
static az_status fit_elements(az_result *r, const az_result *from, az_error *err)
{
    az_status st = az_square_begin(r, from) ? az_fail(err, AZ_ENOMEM, "out of memory") : AZ_OK;
    for (int t = 0; t < r->problem->n_trials && !st; t++) st = az_square_fit(&r->trial[t].stage[0], from, t, err);
    return st;
}

static az_status begin(az_result *r, const az_result *from, az_error *err)
{
    bool elements = az_run_elements(r);
    az_status st = AZ_OK;
    az_rng_seed(&r->rng, r->options.seed);
    r->warm = 1;
    r->hash = az_hash_bytes(r->hash, &from->hash, sizeof from->hash);
    az_state_copy_unknowns(r, from);
    if (!elements && r->problem->dim > 1) r->evidence.defect_slope = from->evidence.defect_slope;
    if (!elements && az_result_space(from) == AZ_SPACE_ELEMENT) return fit_networks(r, from, err);
    if (elements && r->options.coordinates != from->trial[0].stage[0].mesh.coordinates) return fit_elements(r, from, err);
    for (int t = 0; t < r->problem->n_trials && !st; t++)
        st = elements ? take_elements(r, t, &from->trial[t].stage[0]) : take_network(r, t, &from->trial[t].stage[0], err);
    if (!st) st = elements ? az_state_copy_grid(r, from) : az_run_start_points(r, from->n_edges ? from->edge[from->n_edges - 1] : 0);
    return st == AZ_EOPTION || !st ? st : az_fail(err, st, "%s", az_status_message(st));
}

/* p has the inputs that `from` has. */
static az_status create_from(az_result **out, const az_problem *p, const az_result *from, const az_solve_options *o, az_error *err)
{
    az_result *r;
    az_solve_options own = *o;
    if (!same_trials(p, from->problem)) return az_fail(err, AZ_EOPTION, "the result to begin with has other trial functions than '%s'", p->name);
    for (int t = 0; t < p->n_trials; t++)
        if (from->trial[t].n_stages < 1) return az_fail(err, AZ_EOPTION, "the result to begin with holds no trial functions");
    bool fit = own.space == AZ_SPACE_MLP && az_result_space(from) == AZ_SPACE_ELEMENT;
    if (az_result_space(from) != own.space && !fit)
        return az_fail(err, AZ_EOPTION, "the result to begin with is of the trial space %s, and %s is asked for", az_space_name(az_result_space(from)), az_space_name(own.space));
    const az_network *net = &from->trial[0].stage[0];
    if (own.space == AZ_SPACE_ELEMENT && !own.coordinates) own.coordinates = net->mesh.coordinates;
    for (int k = 0; !own.n_layers && k < net->n_layers; k++) own.layers[k] = net->width[k + 1];
    if (!own.n_layers) own.n_layers = net->n_layers;
    az_status st = az_run_create(&r, p, &own, err);
    if (st) return st;
    st = begin(r, from, err);
    if (st) az_result_destroy(r);
    else *out = r;
    return st;
}

/* The inputs that a layer or a series has in `from` come along. */
az_status az_run_from(az_result **out, const az_problem *p, const az_result *from, const az_solve_options *o, az_error *err)
{
    const az_problem *q = p->n_layers ? p : from->problem;
    const az_variant v = {.layer = q->layer, .n_layers = q->n_layers, .angle = from->problem->angle,
                          .freed = p->freed ? p->scalar[az_problem_freed_slot(p)].name : NULL};
    az_problem *varied;
    *out = NULL;
    az_status st = az_problem_vary(&varied, p, &v, err);
    if (!st) st = create_from(out, varied, from, o, err);
    az_problem_destroy(varied);
    return st;
}

/* The march leaves `from`, whose elements r begins with. */
static az_status march_on(az_result *r, const az_result *from, az_error *err)
{
    az_run run = {.r = r, .p = r->problem, .err = err};
    r->ladder = from->ladder;
    az_status st = az_ladder_leave(&run);
    r->ladder.found = from->options.mode + 1;
    return st ? az_fail(err, st, "out of memory") : AZ_OK;
}

az_status az_solve_from(az_result **out, const az_problem *p, const az_result *from, const az_solve_options *o, az_progress_fn fn, void *data, az_error *err)
{
    az_result *r;
    *out = NULL;
    if (o->mode && (o->space != AZ_SPACE_ELEMENT || !p->n_defects))
        return az_fail(err, AZ_EOPTION, "only elements march on from a result, for a problem with a `defect`: networks begin a march from random weights");
    if (o->mode && o->mode <= from->options.mode)
        return az_fail(err, AZ_EOPTION, "the result to begin with is profile %d of its ladder: expected a mode above that, found %d", from->options.mode, o->mode);
    az_status st = az_run_from(&r, p, from, o, err);
    if (st) return st;
    if (o->mode) st = march_on(r, from, err);
    if (st) {
        az_result_destroy(r);
        return st;
    }
    st = az_run_go(r, o, false, fn, data, err);
    if (st) az_result_destroy(r);
    else *out = r;
    return st;
}
