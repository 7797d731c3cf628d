/* frame.c: storage of one thread for one set: every step's coefficients, adjoints and the tables through which kernels see its children. */
#include "residual/internal.h"

#include <string.h>

typedef struct cursor {
    double *d;
    double **p;
    size_t n_d, n_p;
} cursor;

static double *take(cursor *c)
{
    double *r = c->d ? c->d + c->n_d : NULL;
    c->n_d += B;
    return r;
}

static double **take_table(cursor *c, int n)
{
    double **r = c->p ? c->p + c->n_p : NULL;
    c->n_p += (size_t)n;
    return r;
}

static double **vectors(cursor *c, int n)
{
    double **t = take_table(c, n);
    for (int i = 0; i < n; i++) {
        double *v = take(c);
        if (t) t[i] = v;
    }
    return t;
}

/* The child's tables `from`, in the order of layout l; NULL where the child has no such coefficient. */
static double **embed(cursor *c, const az_layout *l, const step *child, double **from)
{
    double **t = take_table(c, l->n);
    for (int i = 0; t && i < l->n; i++) {
        int at = az_layout_find(child->layout, l->index[i]);
        t[i] = at >= 0 && from ? from[at] : NULL;
    }
    return t;
}

static bool keeps_derivative(az_op op) { return op == AZ_FUNC || op == AZ_POW || op == AZ_DIV; }

static void build_step(cursor *c, struct frame_step *f, const az_program *g, const pointset *s, int q)
{
    const step *t = &s->steps[q];
    az_op op = g->graph.node[t->node].op;
    struct frame_step none = {0};
    int n = t->layout->n;
    struct frame_step x = {.v = vectors(c, n), .bar = vectors(c, n)};
    if (keeps_derivative(op)) x.d = vectors(c, 2 * n);
    struct frame_step *fa = f && t->a >= 0 ? &f[t->a] : &none, *fb = f && t->b >= 0 ? &f[t->b] : &none;
    if (t->a >= 0 && op != AZ_D) {
        x.a = embed(c, t->layout, &s->steps[t->a], fa->v);
        x.abar = embed(c, t->layout, &s->steps[t->a], s->steps[t->a].active ? fa->bar : NULL);
    }
    if (t->b >= 0) {
        x.b = embed(c, t->layout, &s->steps[t->b], fb->v);
        x.bbar = embed(c, t->layout, &s->steps[t->b], s->steps[t->b].active ? fb->bar : NULL);
    }
    if (f) f[q] = x;
}

static int widest_layout(const pointset *s)
{
    int n = 1;
    for (int q = 0; q < s->n_steps; q++)
        if (s->steps[q].layout->n > n) n = s->steps[q].layout->n;
    return n;
}

#define SCRATCH_JETS 8 /* az_jet_func asks for 4; the reverse of a quotient for 1 more */

static void build(cursor *c, frame *f, const az_program *g, const pointset *s)
{
    struct frame_step *fs = c->d ? f->s : NULL;
    for (int q = 0; q < s->n_steps; q++) build_step(c, fs, g, s, q);
    f->scratch = c->d ? c->d + c->n_d : NULL;
    c->n_d += (size_t)(SCRATCH_JETS * widest_layout(s)) * B;
    f->trial_out = c->d ? c->d + c->n_d : NULL;
    f->trial_ptr = vectors(c, widest_layout(s));
    for (int q = 0; q < s->n_steps; q++) {
        const az_node *t = &g->graph.node[s->steps[q].node];
        if (t->op != AZ_TRIAL) continue;
        const az_trial_decl *decl = &g->p->trial[t->index];
        for (int k = 0; k < decl->n_inputs; k++) {
            int in = s->step_of[decl->input[k]];
            const step *child = &s->steps[in];
            double **v = embed(c, s->steps[q].layout, child, fs ? fs[in].v : NULL);
            double **bar = embed(c, s->steps[q].layout, child, fs && child->active ? fs[in].bar : NULL);
            if (fs) {
                f->input[t->index * AZ_MAX_INPUTS + k] = v;
                f->inbar[t->index * AZ_MAX_INPUTS + k] = child->active ? bar : NULL;
            }
        }
    }
}

static az_status frame_create(frame *f, const az_program *g, const pointset *s)
{
    cursor count = {0};
    size_t inputs = (size_t)(g->p->n_trials + 1) * AZ_MAX_INPUTS, works = (size_t)(g->p->n_trials + 1) * AZ_STAGE_SLOTS;
    f->s = az_calloc((size_t)s->n_steps + 1, sizeof *f->s);
    f->input = az_calloc(inputs, sizeof *f->input);
    f->inbar = az_calloc(inputs, sizeof *f->inbar);
    f->net_work = az_calloc(works, sizeof *f->net_work);
    f->net_size = az_calloc(works, sizeof *f->net_size);
    if (!f->s || !f->input || !f->inbar || !f->net_work || !f->net_size) return AZ_ENOMEM;
    build(&count, f, g, s);
    f->memory = az_doubles(count.n_d);
    f->pointer = az_calloc(count.n_p + 1, sizeof *f->pointer);
    if (!f->memory || !f->pointer) return AZ_ENOMEM;
    cursor fill = {.d = f->memory, .p = f->pointer};
    build(&fill, f, g, s);
    return AZ_OK;
}

az_status az_frames_create(az_program *g, int set)
{
    pointset *s = &g->sets[set];
    s->n_frames = g->threads < s->n_blocks ? g->threads : s->n_blocks;
    if (s->n_frames < 1) s->n_frames = 1;
    s->frames = az_calloc((size_t)s->n_frames, sizeof *s->frames);
    if (!s->frames) return AZ_ENOMEM;
    az_status st = AZ_OK;
    for (int t = 0; t < s->n_frames && !st; t++) st = frame_create(&s->frames[t], g, s);
    return st;
}

/* Workspaces for the networks as they are now; grown when a stage is added. */
az_status az_frame_networks(az_program *g, int set, const az_trial_state *trial)
{
    pointset *s = &g->sets[set];
    for (int q = 0; q < s->n_steps; q++) {
        const az_node *t = &g->graph.node[s->steps[q].node];
        if (t->op != AZ_TRIAL) continue;
        for (int k = 0; k < trial[t->index].n_stages; k++) {
            size_t need = az_trial_work(&trial[t->index].stage[k], s->steps[q].layout);
            int slot = t->index * AZ_STAGE_SLOTS + k;
            for (int i = 0; i < s->n_frames; i++) {
                frame *f = &s->frames[i];
                if (f->net_size[slot] >= need) continue;
                az_doubles_free(f->net_work[slot]);
                f->net_work[slot] = az_doubles(need);
                f->net_size[slot] = f->net_work[slot] ? need : 0;
                if (!f->net_work[slot]) return AZ_ENOMEM;
            }
        }
    }
    return AZ_OK;
}

void az_frames_clear(az_program *g, int set)
{
    pointset *s = &g->sets[set];
    for (int t = 0; s->frames && t < s->n_frames; t++) {
        frame *f = &s->frames[t];
        for (int k = 0; f->net_work && k < (g->p->n_trials + 1) * AZ_STAGE_SLOTS; k++) az_doubles_free(f->net_work[k]);
        az_doubles_free(f->memory);
        az_realloc(f->pointer, 0);
        az_realloc(f->s, 0);
        az_realloc(f->input, 0);
        az_realloc(f->inbar, 0);
        az_realloc(f->net_work, 0);
        az_realloc(f->net_size, 0);
    }
    az_realloc(s->frames, 0);
}
