/* problem.c: making, loading and asking problems. */
#include "problem/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void az_problem_destroy(az_problem *p)
{
    if (!p) return;
    for (int i = 0; i < p->dim; i++) {
        az_free(p->coord[i].name);
        az_free(p->coord[i].line);
        az_free(p->coord[i].edge);
    }
    for (int i = 0; p->scalar && i < p->n_scalars; i++) az_free(p->scalar[i].name);
    for (int i = 0; i < p->n_trials; i++) az_free(p->trial[i].name);
    for (int i = 0; i < p->n_lets; i++) az_free(p->let[i].name);
    for (int i = 0; i < p->n_rows; i++) az_free(p->row[i].text);
    for (int i = 0; i < p->n_flows; i++) az_free(p->flow[i].name);
    for (int i = 0; i < p->n_derived; i++) az_free(p->derived[i].text);
    for (int i = 0; i < p->n_notes; i++) az_free(p->note[i]);
    az_free(p->flow);
    az_free(p->derived);
    az_free(p->note);
    az_free(p->scalar);
    az_free(p->trial);
    az_free(p->let);
    az_free(p->row);
    az_free(p->name);
    az_free(p->title);
    az_free(p->text);
    az_free(p->origin);
    az_graph_clear(&p->graph);
    az_free(p);
}

static az_status check_settings(const az_setting *set, int n_set, az_error *err)
{
    for (int i = 0; i < n_set; i++) {
        if (!set[i].name) return az_fail(err, AZ_EOPTION, "a setting has no name");
        if (!isfinite(set[i].value)) return az_fail(err, AZ_EOPTION, "the value of '%.63s' must be a finite number", set[i].name);
        for (int k = 0; k < i; k++)
            if (!strcmp(set[k].name, set[i].name)) return az_fail(err, AZ_EOPTION, "'%.63s' is set twice", set[i].name);
    }
    return AZ_OK;
}

static az_problem *create(const char *origin, const char *text, size_t length)
{
    az_problem *p = az_calloc(1, sizeof *p);

    if (!p) return NULL;
    az_graph_init(&p->graph);
    p->origin = az_strdup(origin);
    p->text = az_alloc_array(length + 1, 1);
    if (!p->origin || !p->text) {
        az_problem_destroy(p);
        return NULL;
    }
    if (length) memcpy(p->text, text, length);
    p->text[length] = 0;
    return p;
}

az_status az_problem_parse(az_problem **out, const char *origin, const char *text, size_t length, const az_setting *set, int n_set,
                           az_error *err)
{
    return az_problem_parse_variant(out, origin, text, length, set, n_set, &(az_variant){.n_layers = 0}, err);
}

az_status az_problem_parse_variant(az_problem **out, const char *origin, const char *text, size_t length, const az_setting *set, int n_set,
                                   const az_variant *v, az_error *err)
{
    *out = NULL;
    if (length > AZ_MAX_TEXT) return az_fail(err, AZ_ELIMIT, "%.200s: error: the text is longer than 1 MiB", origin);
    az_status s = check_settings(set, n_set, err);
    if (s != AZ_OK) return s;
    az_problem *p = create(origin, text, length);
    if (!p) return az_fail(err, AZ_ENOMEM, "out of memory");
    if (v->n_layers) memcpy(p->layer, v->layer, (size_t)v->n_layers * sizeof *v->layer);
    p->n_layers = v->n_layers;
    p->freed = v->freed;
    p->angle = v->angle;

    az_parser P = {.p = p, .origin = origin, .text = p->text, .length = length, .set = set, .n_set = n_set, .freed = v->freed, .err = err};
    bool ok = az_parse_statements(&P) && az_parse_check(&P);
    az_free(P.symbol);
    az_free(P.info);
    if (ok) *out = p;
    else az_problem_destroy(p);
    return P.status;
}

az_status az_problem_vary(az_problem **out, const az_problem *p, const az_variant *v, az_error *err)
{
    az_setting *set = az_calloc((size_t)p->n_parameters + 1, sizeof *set);
    const az_scalar_decl *freed = p->freed ? &p->scalar[az_problem_freed_slot(p)] : NULL;
    int n = 0;

    *out = NULL;
    if (!set) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < p->n_parameters; i++)
        if (p->scalar[i].given) set[n++] = (az_setting){p->scalar[i].name, p->scalar[i].value};
    if (freed) set[n++] = (az_setting){freed->name, freed->value};
    az_status st = az_problem_parse_variant(out, p->origin, p->text, strlen(p->text), set, n, v, err);
    az_free(set);
    return st;
}

az_status az_problem_restate(az_problem **out, const az_problem *p, const az_layer *layer, int n_layers, az_error *err)
{
    const char *freed = p->freed ? p->scalar[az_problem_freed_slot(p)].name : NULL;
    return az_problem_vary(out, p, &(az_variant){.layer = layer, .n_layers = n_layers, .freed = freed, .angle = p->angle}, err);
}

az_status az_problem_set(az_problem **out, const az_problem *p, const char *name, double value, az_error *err)
{
    az_setting *set = az_calloc((size_t)p->n_parameters + 2, sizeof *set);
    int n = 0;

    *out = NULL;
    if (!set) return az_fail(err, AZ_ENOMEM, "out of memory");
    for (int i = 0; i < p->n_parameters; i++)
        if (p->scalar[i].given && strcmp(p->scalar[i].name, name)) set[n++] = (az_setting){p->scalar[i].name, p->scalar[i].value};
    set[n++] = (az_setting){name, value};
    az_variant v = {.layer = p->layer, .n_layers = p->n_layers, .angle = p->angle};
    az_status st = az_problem_parse_variant(out, p->origin, p->text, strlen(p->text), set, n, &v, err);
    az_free(set);
    return st;
}

az_status az_problem_free_parameter(az_problem **out, const az_problem *p, const char *name, az_error *err)
{
    const int slot = az_problem_slot(p, name);
    *out = NULL;
    if (slot < 0 || slot >= p->n_parameters) return az_fail(err, AZ_ENAME, "'%s' has no parameter '%.63s'", p->name, name);
    return az_problem_vary(out, p, &(az_variant){.layer = p->layer, .n_layers = p->n_layers, .freed = name, .angle = p->angle}, err);
}

unsigned az_row_fixed(const az_row_decl *row) { return row->kind == AZ_ROW_EQUATION ? 0 : row->fixed; }

static az_status read_all(az_text *text, int fd, const char *path, az_error *err)
{
    char buffer[1 << 14];
    ssize_t n;

    while (text->n <= AZ_MAX_TEXT && (n = read(fd, buffer, sizeof buffer)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return az_fail(err, AZ_EIO, "cannot read '%.200s': %s", path, strerror(errno));
        az_text_write(text, buffer, (size_t)n);
        if (text->failed) return az_fail(err, AZ_ENOMEM, "out of memory");
    }
    return AZ_OK;
}

/* Opened without waiting, so that a pipe without a writer does not block; anything but a regular file is refused, as it may never end. */
static az_status read_file(az_text *text, const char *path, az_error *err)
{
    struct stat st;
    az_status s = AZ_OK;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd < 0) return az_fail(err, AZ_EIO, "cannot open '%.200s': %s", path, strerror(errno));
    if (fstat(fd, &st)) s = az_fail(err, AZ_EIO, "cannot read '%.200s': %s", path, strerror(errno));
    else if (S_ISDIR(st.st_mode)) s = az_fail(err, AZ_EIO, "'%.200s' is a directory", path);
    else if (!S_ISREG(st.st_mode)) s = az_fail(err, AZ_EIO, "'%.200s' is not a regular file", path);
    else if (st.st_size > (off_t)AZ_MAX_TEXT) s = az_fail(err, AZ_ELIMIT, "'%.200s' is longer than 1 MiB", path);
    else s = read_all(text, fd, path, err);
    close(fd);
    return s;
}

static int find_builtin(const char *name)
{
    for (int i = 0; i < az_builtin_count(); i++)
        if (!strcmp(az_builtin_name(i), name)) return i;
    return -1;
}

static az_status no_such_problem(const char *name, az_error *err)
{
    az_nearest best = {0};

    for (int i = 0; i < az_builtin_count(); i++)
        az_nearest_offer(&best, az_builtin_name(i), strlen(az_builtin_name(i)), name, strlen(name));
    return az_fail(err, AZ_EIO, "there is no built-in problem and no file '%.200s'%s%s%s", name, best.name ? "; did you mean '" : "",
                   best.name ? best.name : "", best.name ? "'?" : "");
}

az_status az_problem_load(az_problem **out, const char *name_or_path, const az_setting *set, int n_set, az_error *err)
{
    bool plain = !strpbrk(name_or_path, "/.");
    int builtin = plain ? find_builtin(name_or_path) : -1;
    az_text text = {0};

    *out = NULL;
    if (builtin >= 0) {
        const char *s = az_builtin_text(builtin);
        return az_problem_parse(out, name_or_path, s, strlen(s), set, n_set, err);
    }
    if (plain && access(name_or_path, F_OK)) return no_such_problem(name_or_path, err);
    az_status s = read_file(&text, name_or_path, err);
    if (s == AZ_OK) s = az_problem_parse(out, name_or_path, text.s ? text.s : "", text.n, set, n_set, err);
    az_text_clear(&text);
    return s;
}

int az_problem_slot(const az_problem *p, const char *name)
{
    for (int i = 0; i < p->n_scalars; i++)
        if (!strcmp(p->scalar[i].name, name)) return i;
    return -1;
}

int az_problem_layer_slot(const az_problem *p, int k) { return p->n_scalars - 2 * (p->n_layers - k); }
int az_problem_first_defect(const az_problem *p) { return az_problem_layer_slot(p, 0) - p->n_defects; }

int az_problem_freed_slot(const az_problem *p) { return az_problem_first_defect(p) - 1; }

const char *az_problem_name(const az_problem *p) { return p->name; }
const char *az_problem_title(const az_problem *p) { return p->title; }
const char *az_problem_text(const az_problem *p) { return p->text; }
int az_problem_dim(const az_problem *p) { return p->dim; }
int az_problem_n_unknowns(const az_problem *p) { return az_problem_first_defect(p) - p->n_parameters; }
int az_problem_n_parameters(const az_problem *p) { return p->n_parameters; }
int az_problem_n_names(const az_problem *p) { return p->n_lets; }

const char *az_problem_unknown(const az_problem *p, int i)
{
    return i >= 0 && i < az_problem_n_unknowns(p) ? p->scalar[p->n_parameters + i].name : NULL;
}

const char *az_problem_defect(const az_problem *p, int i)
{
    return i >= 0 && i < p->n_defects ? p->scalar[az_problem_first_defect(p) + i].name : NULL;
}

const char *az_problem_parameter(const az_problem *p, int i, double *value)
{
    if (i < 0 || i >= p->n_parameters) return NULL;
    if (value) *value = p->scalar[i].value;
    return p->scalar[i].name;
}

double az_problem_primitive_start(const az_coord_decl *c)
{
    return c->range == AZ_INTERVAL && !(c->lo <= 0 && c->hi >= 0) ? c->lo : 0;
}

bool az_problem_on_panels(const az_problem *p)
{
    bool primitive = false;

    for (int i = 0; i < p->graph.n; i++) primitive |= p->graph.node[i].op == AZ_PRIMITIVE;
    return p->dim == 1 && (p->coord[0].range != AZ_INTERVAL || primitive);
}

const char *az_problem_coordinate(const az_problem *p, int i)
{
    return i >= 0 && i < p->dim ? p->coord[i].name : NULL;
}

const char *az_problem_get_name(const az_problem *p, int i)
{
    return i >= 0 && i < p->n_lets ? p->let[i].name : NULL;
}

int az_problem_n_flows(const az_problem *p) { return p->n_flows; }
int az_problem_n_derived(const az_problem *p) { return p->n_derived; }

const char *az_problem_flow(const az_problem *p, int i)
{
    return i >= 0 && i < p->n_flows ? p->flow[i].name : NULL;
}

const char *az_problem_derived(const az_problem *p, int i)
{
    return i >= 0 && i < p->n_derived ? p->derived[i].text : NULL;
}

bool az_problem_half_plane(const az_problem *p)
{
    return p->dim == 2 && p->coord[0].range == AZ_LINE && !(p->coord[0].open > 0) && p->coord[1].range == AZ_HALF_LINE;
}

int az_problem_first_equation(const az_problem *p)
{
    int k = 0;

    while (p->row[k].kind != AZ_ROW_EQUATION) k++;
    return k;
}
