/* program: residuals are those of the independent evaluator; every column of the Jacobian is the complex-step derivative of it (problems without
 * nonlocal operators), the Richardson difference of the program's own residual, and on nonlocal problems near the complex step through the other
 * discretisation; derivatives are carried through nonlocal operators; the bits do not depend on threads; every allocation may fail.
 *
 * AZ_SEED in the environment replays a run. */
#include "residual/program.h"
#include "solve/dense.h"
#include "solve/points.h"
#include "verify/reference.h"
#include "testing.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEP 1e-30
#define LOCAL_TOL 1e-12         /* of a column, relative to its norm */
#define RICHARDSON_TOL 4e-8     /* the differences themselves reach 1e-8 only, with some weights */
#define OTHER_GRID_TOL 4e-6     /* 1.3e-6 seen, between the Gauss panels and the uniform grid, on few panels */
#define UNIT 0.01               /* of the second stage */
#define REACH 60                /* of the panels */
#define POINTS 40
#define LEVELS 6                /* of Richardson's table */
#define FIRST_STEP 0.2
#define NOISE 1024           /* of a difference, in rounding errors of the residual over the first step: 32 for the shortest, twice, and 16 that add up in a row */
#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

static az_rng rng;

#define PROFILE "unknown lambda = 1 in [0.1, 5]\ndomain y in line\nlet l = log1p(y^2)/2\ntrial N((1 + y^2)^(-1/4), 2*l/(l + 2) - 1) even\n" \
                "let w = -y/(1 + y^2)^(3/4)*exp(0.2*(N - N@0))\nlet H = hilbert(w)\nlet U = primitive(H)\n"

static const struct {
    const char *name, *text;
    bool nonlocal;
} cases[] = {
    {"nonlocal point value", "problem p \"p\"\n" PROFILE "equation lambda*w + y*H@1.5*d(w, y) - H@0*w*H + (U@2)^2*w = 0 scale w\nselect H@0 + U@1 = lambda at y = 0\n", true},
    {"product under d", "problem p \"p\"\n" PROFILE "equation d(w*U, y) + lambda*w*d(H, y)*y = d(y*H*w/(1 + y^2), y)\n", true},
    {"function under d", "problem p \"p\"\n" PROFILE "equation d(exp(H)*w/(2 + lambda*H^2), y) + w = d(atan(H), y, y)*w\n", true},
    {"hilbert of hilbert", "problem p \"p\"\n" PROFILE "equation lambda*w + hilbert(w*H) - d(hilbert(d(H*w, y)), y)/4 = 0\n", true},
    {"two trials", "problem p \"p\"\nunknown a = 0.4\nunknown b = -1\ndomain y in line\ntrial M(1/(1 + y^2)) even\ntrial N(y/(1 + y^2)) odd\n"
                   "let f = (M + a)/(1 + y^2)\nlet g = N/(1 + y^2)\nequation hilbert(f)*d(g, y) + b*f*hilbert(g) = 0\nequation f*g - a*d(f, y) = y*(M@0)/(1 + y^2)\npin f = b*a at y = 0\n", true},
    {"no parity", "problem p \"p\"\nunknown a = 0.4\ndomain y in line\ntrial M(1/(1 + y^2), y/(1 + y^2))\nlet f = (M + a)/(1 + (y - 0.3)^2)\n"
                  "equation hilbert(f)*f + primitive(f)*d(f, y) = a*d(f*primitive(f), y)\n", true},
    {"moving input", "problem p \"p\"\nunknown c = 0.7\nunknown s = 1.3\ndomain x in [-1, 2]\nfield v(x)\ntrial N(sin(c*x), s*x^2)\n"
                     "equation d(v, x, x, x) - c*N*d(N, x) + d(v*N/(3 + sin(s*v)), x, x) = v^3 + sqrt(2 + cos(N))^s*log(4 + v) weight 3\npin v = N@0.5 at x = -1 weight 0.1\nselect d(N, x) = s at x = 1\n", false},
};

typedef struct fixture {
    az_problem *p;
    az_result *r;
    az_points *points;
    double *edge;
    int n_edges, rows, cols, ld;
    az_program *g;
    az_binding b;
    double *jac, *res;
} fixture;

static az_status build(az_program **g, const fixture *f, int threads, const az_probe *probe, az_error *err)
{
    az_program_setup setup = {.edge = f->edge, .n_edges = f->n_edges, .points = f->points, .rows = !probe, .probe = probe, .threads = threads};
    return az_program_create(g, f->p, &setup, err);
}

/* As the driver places them, but few. */
static void place(fixture *f, double core)
{
    const az_coord_decl *c = f->p->coord;

    f->points = calloc((size_t)f->p->n_rows, sizeof *f->points);
    assert_non_null(f->points);
    if (f->p->dim == 1 && c->range != AZ_INTERVAL) {
        bool half;
        assert_int_equal(az_problem_half_line(&half, f->p), AZ_OK);
        assert_int_equal(az_panels_start(&f->edge, &f->n_edges, core, REACH, half), AZ_OK);
        return;
    }
    for (int k = 0; k < f->p->n_rows; k++) {
        const az_row_decl *row = &f->p->row[k];
        unsigned fixed = row->kind == AZ_ROW_EQUATION ? 0 : row->fixed;
        assert_int_equal(az_points_spread(&f->points[k], f->p, fixed, &row->at, fixed ? 9 : POINTS, 0, AZ_COORDINATES_AUTO), AZ_OK);
    }
}

static void randomise(fixture *f, int stages)
{
    static const int first[] = {5, 5}, second[] = {4};

    for (int t = 0; t < f->p->n_trials; t++) {
        assert_int_equal(az_state_add_stage(f->r, t, 2, first, AZ_ACT_TANH, 1), AZ_OK);
        if (stages > 1) assert_int_equal(az_state_add_stage(f->r, t, 1, second, AZ_ACT_SINE, UNIT), AZ_OK);
        for (int k = 0; k < stages; k++) {
            az_network *net = &f->r->trial[t].stage[k];
            for (int i = 0; i < net->n_weights; i++) net->weight[i] = 0.6 * az_rng_normal(&rng);
            if (stages > 2) net->n_frozen = net->n_weights - net->width[net->n_layers];
        }
    }
}

static fixture open_problem(az_problem *p, int stages, double core)
{
    fixture f = {.p = p};
    az_error err;

    assert_int_equal(az_state_create(&f.r, p), AZ_OK);
    place(&f, core);
    randomise(&f, stages);
    if (build(&f.g, &f, 2, NULL, &err)) fail_msg("%s: %s", p->name, err.message);
    f.b = (az_binding){.trial = f.r->trial, .scalar = f.r->scalar, .unit = stages > 1 ? UNIT : 1};
    f.rows = az_program_rows(f.g);
    f.cols = az_program_columns(f.g, f.r->trial);
    f.ld = (f.rows + 7) / 8 * 8;
    f.jac = az_doubles((size_t)f.ld * (size_t)f.cols);
    f.res = az_doubles((size_t)f.rows);
    assert_true(f.jac && f.res && f.rows > 0);
    return f;
}

static void evaluate(fixture *f)
{
    az_program_residual(f->g, &f->b, f->res);
    assert_int_equal(az_program_jacobian(f->g, &f->b, f->jac, f->ld), AZ_OK);
}

static void close_problem(fixture *f)
{
    az_program_destroy(f->g);
    for (int k = 0; k < f->p->n_rows; k++) az_doubles_free(f->points[k].x);
    free(f->points);
    az_doubles_free(f->edge);
    az_doubles_free(f->jac);
    az_doubles_free(f->res);
    az_result_destroy(f->r);
}

/* Where column c lives: a weight of the last stage of a trial, or a scalar. */
static double *parameter(const fixture *f, int c, int *trial, int *index)
{
    for (int t = 0; t < f->p->n_trials; t++) {
        az_network *net = &f->r->trial[t].stage[f->r->trial[t].n_stages - 1];
        int n = az_trial_trained(net);
        if (c < n) {
            *trial = t, *index = c + net->n_frozen;
            return &net->weight[*index];
        }
        c -= n;
    }
    *trial = -1, *index = f->p->n_parameters + c;
    return &f->r->scalar[*index];
}

/* Rows of the independent evaluator at the program's points, in its order, with parameter c moved by i STEP (c < 0: none). */
static void reference(const fixture *f, az_num *out, int c, double h)
{
    const az_num *weight[AZ_MAX_TRIALS * AZ_MAX_STAGES] = {NULL};
    az_num *moved = NULL, *scalar = calloc((size_t)f->p->n_scalars, sizeof *scalar);
    az_reference_options o = {.weight = weight, .scalar = scalar, .threads = 2, .h = h, .reach = h > 0 ? REACH + 1 : 0};
    int trial, index;

    if (h > 0 && f->p->coord[0].open > 0) o.reach = AZ_OPEN_REACH + 1;
    assert_non_null(scalar);
    for (int i = 0; i < f->p->n_scalars; i++) scalar[i] = f->r->scalar[i];
    if (c >= 0) {
        parameter(f, c, &trial, &index);
        if (trial < 0) scalar[index] += I * STEP;
        else {
            int stage = f->r->trial[trial].n_stages - 1;
            const az_network *net = &f->r->trial[trial].stage[stage];
            moved = calloc((size_t)net->n_weights, sizeof *moved);
            assert_non_null(moved);
            for (int i = 0; i < net->n_weights; i++) moved[i] = net->weight[i] + (i == index ? I * STEP : 0);
            weight[trial * AZ_MAX_STAGES + stage] = moved;
        }
    }
    for (int k = 0; k < f->p->n_rows; k++) {
        int first, count;
        az_error err;
        az_program_row_range(f->g, k, &first, &count);
        az_num *all = calloc((size_t)count * (size_t)f->p->n_rows, sizeof *all);
        assert_non_null(all);
        if (az_reference_rows(all, f->r, az_program_row_points(f->g, k), count, &o, &err)) fail_msg("%s", err.message);
        for (int i = 0; i < count; i++) out[first + i] = f->p->row[k].weight / f->b.unit * all[i * f->p->n_rows + k];
        free(all);
    }
    free(moved);
    free(scalar);
}

static double unit_of(const fixture *f, int c)
{
    int trial, index;
    parameter(f, c, &trial, &index);
    return trial < 0 ? f->b.unit : 1;
}

static double largest(const double *v, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++) s = fmax(s, fabs(v[i]));
    return s;
}

static void compare(const fixture *f, const char *name, const char *how, int c, const double *exact, double tol, double noise)
{
    const double *col = f->jac + (size_t)c * (size_t)f->ld;
    const double size = fmax(largest(exact, f->rows), 1e-8); /* a dead unit's column is rounding */

    for (int i = 0; i < f->rows; i++)
        if (!(fabs(col[i] - exact[i]) <= tol * size + noise))
            fail_msg("%s, column %d of %d, row %d of %d: %.17g, %s %.17g, column norm %g", name, c, f->cols, i, f->rows, col[i], how, exact[i], size);
}

static void check_complex_step(fixture *f, const char *name, int every, double h, double tol)
{
    az_num *out = calloc((size_t)f->rows, sizeof *out);
    double *exact = calloc((size_t)f->rows, sizeof *exact);

    assert_true(out && exact);
    reference(f, out, -1, h);
    for (int i = 0; i < f->rows; i++) exact[i] = creal(out[i]);
    const int cols = f->cols - f->p->n_defects; /* a defect's derivative is not smooth at the origin: Richardson's differences on the same grid test it */
    double size = largest(exact, f->rows);
    for (int i = 0; i < f->rows; i++)
        if (!(fabs(f->res[i] - exact[i]) <= tol * size)) fail_msg("%s, row %d of %d: residual %.17g, independently %.17g of %g", name, i, f->rows, f->res[i], exact[i], size);
    for (int c = every > 1 ? (int)(az_rng_next(&rng) % (unsigned)every) : 0; c < cols; c += c + every >= cols && c < cols - 1 ? cols - 1 - c : every) {
        reference(f, out, c, h);
        for (int i = 0; i < f->rows; i++) exact[i] = cimag(out[i]) / STEP * unit_of(f, c);
        compare(f, name, "complex step", c, exact, tol, 0);
    }
    free(out);
    free(exact);
}

/* Within a fifth of a scalar: there may be a pole at 0. */
static double first_step(const fixture *f, int c)
{
    int trial, index;
    const double at = *parameter(f, c, &trial, &index);

    return trial < 0 && at != 0 ? FIRST_STEP * fmin(1, fabs(at)) : FIRST_STEP;
}

/* Central differences extrapolated to step 0 (Richardson); of the table the entry of least change over all rows is taken. */
static void richardson(fixture *f, int c, double *exact)
{
    int trial, index;
    double *at = parameter(f, c, &trial, &index), keep = *at, *plus = calloc((size_t)f->rows, sizeof *plus), *minus = calloc((size_t)f->rows, sizeof *minus);
    double *table = calloc((size_t)f->rows * LEVELS * LEVELS, sizeof *table);
    const double first = first_step(f, c);

    assert_true(plus && minus && table);
    for (int k = 0; k < LEVELS; k++) {
        double h = ldexp(first, -k);
        *at = keep + h, az_program_residual(f->g, &f->b, plus);
        *at = keep - h, az_program_residual(f->g, &f->b, minus);
        for (int i = 0; i < f->rows; i++) {
            double *t = table + (size_t)i * LEVELS * LEVELS;
            t[k * LEVELS] = (plus[i] - minus[i]) / (2 * h) * unit_of(f, c);
            for (int j = 1; j <= k; j++) t[k * LEVELS + j] = t[k * LEVELS + j - 1] + (t[k * LEVELS + j - 1] - t[(k - 1) * LEVELS + j - 1]) / (ldexp(1, 2 * j) - 1);
        }
    }
    *at = keep;
    double least = INFINITY;
    for (int k = 2; k < LEVELS; k++)
        for (int j = 2; j <= k; j++) {
            double change = 0;
            for (int i = 0; i < f->rows; i++) {
                const double *t = table + (size_t)i * LEVELS * LEVELS + k * LEVELS + j;
                change = fmax(change, fmax(fabs(t[0] - t[-1]), fabs(t[0] - t[-LEVELS - 1])));
            }
            if (!(change < least)) continue;
            least = change;
            for (int i = 0; i < f->rows; i++) exact[i] = table[(size_t)i * LEVELS * LEVELS + k * LEVELS + j];
        }
    free(plus);
    free(minus);
    free(table);
}

static void check_richardson(fixture *f, const char *name)
{
    double *exact = calloc((size_t)f->rows, sizeof *exact);

    assert_non_null(exact);
    const double size = largest(f->res, f->rows);
    for (int c = 0; c < f->cols; c++) {
        richardson(f, c, exact);
        compare(f, name, "Richardson", c, exact, RICHARDSON_TOL, NOISE * DBL_EPSILON * size * unit_of(f, c) / first_step(f, c));
    }
    az_program_residual(f->g, &f->b, f->res);
    free(exact);
}

static bool has_operator(const az_problem *p)
{
    for (int i = 0; i < p->graph.n; i++)
        if (p->graph.node[i].op == AZ_HILBERT || p->graph.node[i].op == AZ_PRIMITIVE) return true;
    return false;
}

/* Every problem draws the same numbers, whatever other problems there are. */
static void check_problem(az_problem *p, const char *name, int stages, bool nonlocal)
{
    const az_rng start = rng;
    fixture f = open_problem(p, stages, nonlocal ? 0.8 : 1.6);

    assert_true(has_operator(p) == nonlocal);
    evaluate(&f);
    check_richardson(&f, name);
    if (nonlocal) check_complex_step(&f, name, f.cols / 3 + 1, 1.0 / 24, OTHER_GRID_TOL);
    else check_complex_step(&f, name, 1, 0, LOCAL_TOL);
    close_problem(&f);
    rng = start;
}

static void builtin_problems(void **state)
{
    (void)state;
    for (int i = 0; i < az_builtin_count(); i++)
        for (int stages = 1; stages <= 2; stages++) {
            az_problem *p = load(az_builtin_name(i));
            check_problem(p, az_builtin_name(i), stages, has_operator(p));
        }
}

static void written_problems(void **state)
{
    (void)state;
    for (int i = 0; i < COUNT(cases); i++)
        for (int stages = 1; stages <= 2; stages++) check_problem(parse(cases[i].text), cases[i].name, stages, cases[i].nonlocal);
}

/* Only the output weights of frozen features are columns. */
static void frozen_features(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        az_problem *p = i ? parse(cases[6].text) : load("viscous_burgers");
        fixture f = open_problem(p, 2, 1);
        az_program_destroy(f.g);
        for (int t = 0; t < p->n_trials; t++) {
            az_network *net = &f.r->trial[t].stage[1];
            net->n_frozen = net->n_weights - net->width[1];
        }
        assert_int_equal(build(&f.g, &f, 1, NULL, NULL), AZ_OK);
        f.cols = az_program_columns(f.g, f.r->trial);
        assert_int_equal(f.cols, 4 * p->n_trials + p->n_scalars - p->n_parameters);
        evaluate(&f);
        check_complex_step(&f, "frozen features", 1, 0, LOCAL_TOL);
        close_problem(&f);
    }
}

static double least_error(const double *v, int n_levels, double h, double *best)
{
    double t[LEVELS][LEVELS], least = INFINITY;

    for (int k = 0; k < n_levels; k++) {
        t[k][0] = (v[2 * k] - v[2 * k + 1]) / (2 * ldexp(h, -k));
        for (int j = 1; j <= k; j++) {
            t[k][j] = t[k][j - 1] + (t[k][j - 1] - t[k - 1][j - 1]) / (ldexp(1, 2 * j) - 1);
            double change = fmax(fabs(t[k][j] - t[k][j - 1]), fabs(t[k][j] - t[k - 1][j - 1]));
            if (change < least) least = change, *best = t[k][j];
        }
    }
    return least;
}

static const char *const under_d[] = {
    "exp(0.3*H)", "expm1(0.3*H)", "log(3 + H)", "log1p(1 + 0.4*H)", "sqrt(3 + H)", "sin(H)", "cos(H)", "tan(0.4*H)", "sinh(H)", "cosh(H)", "tanh(H)", "asin(0.4*H)",
    "acos(0.4*H)", "atan(H)", "asinh(H)", "atanh(0.4*H)", "erf(H)", "H^2", "H^3", "(3 + H)^(-2)", "(3 + H)^0.7", "(3 + H)^w", "H*w", "w/(3 + H)", "H/(3 + w)", "H/(3 + H*U)",
    "-H", "H - U*w", "hilbert(w*H)", "primitive(w*H)*w", "U*H@0.5", "exp(sin(H*w)/(2 + H^2))", "w*d(H*w, y)", "d(U*w/(3 + H), y, y)", "hilbert(d(w*H, y))*primitive(H*H)",
};

/* d(e, y) of every rule equals the Richardson difference of e in y, at points of both signs where the grid has no parity. */
static void derivatives_of_nonlocal(void **state)
{
    static const double y[] = {0, 0.01, 0.4, 1, 2.5, 7};
    const double h = 0.02;

    (void)state;
    for (int k = 0; k < COUNT(under_d); k++) {
        char text[1000];
        snprintf(text, sizeof text, "problem p \"p\"\n" PROFILE "let e = %s\nlet de = d(%s, y)\nequation w*(de + e) = lambda*w\n", under_d[k], under_d[k]);
        az_problem *p = parse(text);
        fixture f = open_problem(p, 1, 0.5);
        const int n_y = COUNT(y), n = n_y * (2 * LEVELS + 1);
        double x[COUNT(y) * (2 * LEVELS + 1)];
        for (int i = 0; i < n_y; i++) {
            x[i] = y[i];
            for (int j = 0; j < 2 * LEVELS; j++) x[n_y + i * 2 * LEVELS + j] = y[i] + 0.05 + (j % 2 ? -1 : 1) * ldexp(h, -(j / 2));
            x[i] = y[i] + 0.05;
        }
        int node[2] = {p->let[p->n_lets - 2].node, p->let[p->n_lets - 1].node};
        assert_string_equal(p->let[p->n_lets - 1].name, "de");
        az_probe probe = {.x = x, .n = n, .node = node, .n_nodes = 2};
        az_program *g;
        az_error err;
        if (build(&g, &f, 1, &probe, &err)) fail_msg("%s: %s", under_d[k], err.message);
        az_program_residual(g, &f.b, NULL);
        const double *e = az_program_probe(g, 0), *de = az_program_probe(g, 1);
        for (int i = 0; i < n_y; i++) {
            double best = NAN;
            least_error(e + n_y + i * 2 * LEVELS, LEVELS, h, &best);
            if (!(fabs(de[i] - best) <= 1e-8 * (1 + fabs(best)))) fail_msg("d(%s) at %g: %.17g, difference %.17g", under_d[k], x[i], de[i], best);
        }
        az_program_destroy(g);
        close_problem(&f);
    }
}

/* No AZ_D above a nonlocal operator, however deep the expression and its sharing; the graph stays of linear size. */
static void derivatives_are_carried_down(void **state)
{
    enum { DEPTH = 60000 };
    az_graph g;

    (void)state;
    az_graph_init(&g);
    int u = az_graph_trial(&g, 0, 1), h = az_graph_hilbert(&g, u), a = h;
    for (int k = 0; k < DEPTH; k++) a = az_graph_binary(&g, k % 2 ? AZ_ADD : AZ_MUL, az_graph_func(&g, AZ_F_SIN, a), k % 3 ? a : u); /* 2^DEPTH paths */
    int before = g.n, d = az_graph_d(&g, a, 0);
    assert_true(d >= 0 && g.n < before + 8 * DEPTH);
    assert_int_equal(az_graph_d(&g, a, 0), d);
    assert_int_equal(az_graph_d(&g, az_graph_binary(&g, AZ_SUB, a, az_graph_const(&g, 2)), 0), d);
    int second = az_graph_d(&g, az_graph_binary(&g, AZ_MUL, h, u), 0);
    second = az_graph_d(&g, second, 0);
    assert_true(second >= 0);
    for (int i = 0; i < g.n; i++)
        if (g.node[i].op == AZ_D) assert_false(g.node[g.node[i].a].nonlocal);
    az_graph_clear(&g);
}

static void same_bits_for_any_threads(void **state)
{
    (void)state;
    for (int i = 0; i < az_builtin_count() + COUNT(cases); i++) {
        fixture f = open_problem(i < COUNT(cases) ? parse(cases[i].text) : load(az_builtin_name(i - COUNT(cases))), 2, 1);
        evaluate(&f);
        double *res = az_doubles((size_t)f.rows), *jac = az_doubles((size_t)f.ld * (size_t)f.cols);
        assert_true(res && jac);
        for (int threads = 1; threads <= 3; threads++) {
            az_program *g;
            assert_int_equal(build(&g, &f, threads, NULL, NULL), AZ_OK);
            az_program_residual(g, &f.b, res);
            assert_int_equal(az_program_jacobian(g, &f.b, jac, f.ld), AZ_OK);
            assert_memory_equal(res, f.res, sizeof(double) * (size_t)f.rows);
            for (int c = 0; c < f.cols; c++) assert_memory_equal(jac + (size_t)c * (size_t)f.ld, f.jac + (size_t)c * (size_t)f.ld, sizeof(double) * (size_t)f.rows);
            az_program_destroy(g);
        }
        az_doubles_free(res);
        az_doubles_free(jac);
        close_problem(&f);
    }
}

static long calls, fail_at, alive;
static void *failing(void *data, void *p, size_t bytes)
{
    (void)data;
    if (!bytes) {
        alive -= p != NULL;
        free(p);
        return NULL;
    }
    if (++calls >= fail_at) return NULL;
    void *q = realloc(p, bytes);
    alive += q && !p;
    return q;
}

/* The k-th allocation and all after it fail: create and jacobian say so, residual gives NaN, and nothing stays behind. */
static void failed_allocations(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        fixture f = open_problem(i < 2 ? parse(cases[i].text) : load(i == 2 ? "legendre" : "viscous_burgers"), 2, 4);
        bool done = false;
        for (fail_at = 1; !done; fail_at++) {
            az_program *g = NULL;
            az_error err = {0};
            calls = alive = 0;
            az_set_allocator(failing, NULL);
            az_status st = build(&g, &f, 2, NULL, &err);
            if (!st) {
                az_program_residual(g, &f.b, f.res);
                if (calls >= fail_at) {
                    assert_true(isnan(f.res[0]));
                } else {
                    az_status j = az_program_jacobian(g, &f.b, f.jac, f.ld);
                    done = j == AZ_OK;
                    assert_true(done ? calls < fail_at : j == AZ_ENOMEM);
                }
            } else {
                assert_int_equal(st, AZ_ENOMEM);
                assert_null(g);
                assert_non_null(strstr(err.message, "memory"));
            }
            az_program_destroy(g);
            az_set_allocator(NULL, NULL);
            if (alive) fail_msg("case %d, allocation %ld: %ld blocks left", i, fail_at, alive);
        }
        assert_in_range(fail_at, 40, 20000);
        close_problem(&f);
    }
}

/* Carrying a derivative down fails cleanly too. */
static void failed_allocations_in_d(void **state)
{
    (void)state;
    az_status st = AZ_ENOMEM;
    for (fail_at = 1; st == AZ_ENOMEM; fail_at++) {
        az_problem *p = NULL;
        calls = alive = 0;
        az_set_allocator(failing, NULL);
        st = az_problem_parse(&p, "test", cases[2].text, strlen(cases[2].text), NULL, 0, NULL);
        az_problem_destroy(p);
        az_set_allocator(NULL, NULL);
        assert_int_equal(alive, 0);
    }
    assert_int_equal(st, AZ_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builtin_problems),        cmocka_unit_test(written_problems),             cmocka_unit_test(frozen_features),
        cmocka_unit_test(derivatives_of_nonlocal), cmocka_unit_test(derivatives_are_carried_down), cmocka_unit_test(same_bits_for_any_threads),
        cmocka_unit_test(failed_allocations),      cmocka_unit_test(failed_allocations_in_d),
    };

    seed_from_environment(&rng);
    az_dense_init(1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
