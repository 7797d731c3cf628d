/* test_problem.c: problem texts are read as doc/language.md says; error texts as pinned in tests/problem_errors.txt. Run from the repository root.
 * `test_problem --write` prints that file with the messages of this build, for review. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "problem/problem.h"

#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ERRORS "tests/problem_errors.txt"
#define HEAD "problem t \"T\"\nparameter a = 2\nunknown k = 1\ndomain y in line\ntrial u(y)\n"
#define TAIL "\nequation d(u, y) = k*u\n"

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "rb");

    if (!f) fail_msg("cannot open '%s': run from the repository root", path);
    fseek(f, 0, SEEK_END);
    long n = ftell(f);
    rewind(f);
    char *s = calloc((size_t)n + 1, 1);
    if (!s || fread(s, 1, (size_t)n, f) != (size_t)n) fail_msg("cannot read '%s'", path);
    fclose(f);
    return s;
}

static az_problem *parse(const char *text)
{
    az_problem *p;
    az_error err = {0};

    if (az_problem_parse(&p, "t.ansatz", text, strlen(text), NULL, 0, &err) != AZ_OK) fail_msg("%s", err.message);
    return p;
}

static az_error parse_error(const char *text, size_t n)
{
    az_problem *p;
    az_error err = {0};
    az_status s = az_problem_parse(&p, "t.ansatz", text, n, NULL, 0, &err);

    assert_int_not_equal(s, AZ_OK);
    assert_int_equal(s, err.status);
    assert_null(p);
    return err;
}

static int let_node(const az_problem *p, const char *name)
{
    for (int i = 0; i < p->n_lets; i++)
        if (!strcmp(p->let[i].name, name)) return p->let[i].node;
    fail_msg("no let '%s'", name);
    return -1;
}

/* Two expressions are the same node. */
static void assert_same(const char *a, const char *b)
{
    az_text t = {0};

    az_text_add(&t, HEAD "let A = %s\nlet B = %s" TAIL, a, b);
    az_problem *p = parse(t.s);
    if (let_node(p, "A") != let_node(p, "B")) fail_msg("%s is not %s", a, b);
    az_problem_destroy(p);
    az_text_clear(&t);
}

static void test_precedence(void **state)
{
    static const char *const same[][2] = {
        {"-y^2", "-(y^2)"},       {"y^2^3", "y^(2^3)"},     {"2^-1", "0.5"},           {"1 - 2 - 3", "-4"},     {"y - u - a", "(y - u) - a"},
        {"y/u/a", "(y/u)/a"},     {"y/u*a", "(y/u)*a"},     {"-y*u", "(-y)*u"},        {"y*-u", "y*(-u)"},      {"y + u*a^2", "y + (u*(a^2))"},
        {"-u@0", "-(u@0)"},       {"u@0^2", "(u@0)^2"},     {"u@-1^2", "(u@(-1))^2"},  {"u@a", "u@(2)"},        {"d(u, y)@0", "(d(u, y))@0"},
        {"--y", "y"},             {"+y", "y"},              {"y^-k", "exp(-k*log(y))"},{"u^a", "u^2"},          {"(-2)^a", "4"},
        {"sech(y)", "sech(y)"}, {".5", "0.5"},            {"1.", "1"},               {"1e-3", "0.001"},       {"1E+2", "100"},
        {"pi", "3.141592653589793"}, {"d(y^2*u, y, y)", "d(d(y^2*u, y), y)"},          {"d(primitive(u), y)", "u"},
        {"d(hilbert(u), y)", "hilbert(d(u, y))"},           {"(y + u)@(1/2)", "(u + y)@0.5"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) assert_same(same[i][0], same[i][1]);
}

/* Errors. The file: "== name", the text, "-- status", the message. */

typedef struct block {
    char *name, *text, *status, *message;
    size_t n_text;
} block;

static char *cut_line(char *s)
{
    char *end = strchr(s, '\n');

    assert_non_null(end);
    *end = 0;
    return end + 1;
}

static char *next_block(char *s, block *b)
{
    b->name = s + 3;
    b->text = cut_line(s);
    char *status = strstr(b->text, "\n--") + 1;
    b->n_text = (size_t)(status - b->text);
    b->status = strlen(status) > 3 && status[2] == ' ' ? status + 3 : status + 2;
    b->message = cut_line(status);
    char *end = strncmp(b->message, "== ", 3) ? strstr(b->message, "\n== ") : b->message - 1;
    if (!end) end = b->message + strlen(b->message) - 1;
    if (end >= b->message) *end = 0;
    return end + 1;
}

static int write_errors(void)
{
    char *s = read_text(ERRORS);

    for (char *at = s; *at;) {
        block b;
        at = next_block(at, &b);
        az_error err = parse_error(b.text, b.n_text);
        printf("== %s\n%.*s-- %s\n%s\n", b.name, (int)b.n_text, b.text, az_status_name(err.status), err.message);
    }
    free(s);
    return 0;
}

static void check_error(const block *b)
{
    az_error err = parse_error(b->text, b->n_text);
    int line, column;

    if (strcmp(err.message, b->message)) fail_msg("%s\ngives\n%s\nbut not\n%s", b->name, err.message, b->message);
    assert_string_equal(az_status_name(err.status), b->status);
    if (sscanf(err.message, "t.ansatz:%d:%d:", &line, &column) != 2) line = column = 0;
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
}

static void test_errors(void **state)
{
    char *s = read_text(ERRORS);
    int n = 0;

    (void)state;
    for (char *at = s; *at; n++) {
        block b;
        at = next_block(at, &b);
        check_error(&b);
    }
    assert_true(n > 100);
    free(s);
}

static void assert_fails(const char *text, size_t n, az_status s, const char *expected)
{
    az_error err = parse_error(text, n);

    if (!strstr(err.message, expected)) fail_msg("%s\nlacks\n%s", err.message, expected);
    assert_int_equal(err.status, s);
}

static void test_bytes(void **state)
{
    (void)state;
    assert_fails("problem t \"T\"\ndomain \0y", 23, AZ_ESYNTAX, "t.ansatz:2:8: error: a control character is not allowed here\n  domain ?y\n         ^");
    assert_fails("problem t \"T\x01\"\n", 15, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("# \x1b[31m\n", 8, AZ_ESYNTAX, "t.ansatz:1:3: error: this byte is no printable UTF-8 text\n  # ?[31m\n    ^");
    assert_fails("# \xc3\n", 4, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("# \xc0\xaf\n", 5, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("# \xed\xa0\x80\n", 6, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("# \xf4\x90\x80\x80\n", 7, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("# \xc2\x9b\n", 5, AZ_ESYNTAX, "no printable UTF-8 text");
    assert_fails("problem t \"T\"\rdomain", 20, AZ_ESYNTAX, "a control character");
    assert_fails("problem t\r\n", 11, AZ_ESYNTAX, "t.ansatz:1:10: error: unexpected end of the statement\n  problem t\n           ^\n");
    assert_fails("", 0, AZ_EPROBLEM, "t.ansatz: error: the problem has no statement");
}

static void assert_parses(const char *text, size_t n)
{
    az_problem *p;
    az_error err = {0};

    if (az_problem_parse(&p, "t.ansatz", text, n, NULL, 0, &err) != AZ_OK) fail_msg("%s", err.message);
    assert_int_equal(strlen(az_problem_text(p)), n);
    assert_memory_equal(az_problem_text(p), text, n);
    az_problem_destroy(p);
}

static void test_line_ends(void **state)
{
    static const char *const text[] = {
        "problem t \"T\"\r\ndomain y in line # c\r\ntrial u(y)\r\nequation d(u, y)\r\n  = u\r\n",
        "problem t \"T\"\ndomain y in line\ntrial u(y)\nequation d(u, y) = u",
        "problem t \"T\"\ndomain y in line\ntrial u(y)\nequation d(u, y) = u #",
        "\xef\xbb\xbfproblem t \"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"\ndomain y in line\ntrial u(y)\nequation d(u, y) = u\n",
        "\n\n  # c\n   problem t \"T\"\n# c\ndomain y\n# c\n\n\tin line\ntrial u(\ny\n)\nequation d(u,\ny) = u\n\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) assert_parses(text[i], strlen(text[i]));
}

static az_text repeated(const char *head, const char *piece, int n, const char *tail)
{
    az_text t = {0};

    az_text_add(&t, "%s", head);
    for (int i = 0; i < n; i++) az_text_write(&t, piece, strlen(piece));
    az_text_add(&t, "%s", tail);
    assert_false(t.failed);
    return t;
}

static void assert_limit(const char *head, const char *piece, int n, const char *tail, const char *expected)
{
    az_text t = repeated(head, piece, n, tail);

    assert_fails(t.s, t.n, AZ_ELIMIT, expected);
    az_text_clear(&t);
}

static void test_other_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) skip();
    assert_same("0.5 + 1.e1*y", "1/2 + 10*y");
    setlocale(LC_NUMERIC, "C");
}

static void test_nesting(void **state)
{
    static const char *const opening[] = {"(", "sin(", "2^", "d(", "-(", "y*(", "hilbert(", "y@(", "((((("};

    (void)state;
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++)
        assert_limit(HEAD "let A = ", opening[i], 100000, "", "the expression is nested deeper than 200 levels");
    az_text t = repeated(HEAD "let A = ", "(", AZ_MAX_NESTING - 1, "y");
    for (int i = 0; i < AZ_MAX_NESTING - 1; i++) az_text_add(&t, ")");
    az_text_add(&t, TAIL);
    assert_parses(t.s, t.n);
    az_text_clear(&t);
    t = repeated(HEAD "let A = ", "-", 100001, "y" TAIL); /* signs are no nesting */
    assert_parses(t.s, t.n);
    az_text_clear(&t);
}

static void test_sizes(void **state)
{
    az_text t = repeated(HEAD TAIL "#", "c", (int)(AZ_MAX_TEXT - strlen(HEAD TAIL "#")), "");

    (void)state;
    assert_int_equal(t.n, AZ_MAX_TEXT);
    assert_parses(t.s, t.n);
    az_text_write(&t, "c", 1);
    assert_fails(t.s, t.n, AZ_ELIMIT, "t.ansatz: error: the text is longer than 1 MiB");
    az_text_clear(&t);
    t = repeated(HEAD "let A = y", "+u*(y", 190, "");
    for (int i = 0; i < 190; i++) az_text_add(&t, ")");
    az_text_add(&t, TAIL);
    assert_parses(t.s, t.n);
    az_text_clear(&t);
    assert_limit("problem ", "t", 64, "", "the name is longer than 63 characters");
    assert_limit("problem t \"", "T", 201, "\"\n", "the title is longer than 200 bytes");
    assert_limit(HEAD "note \"", "n", AZ_MAX_NOTE + 1, "\"\n" TAIL, "the note is longer than 4000 bytes");
    assert_limit(HEAD, TAIL, AZ_MAX_ROWS + 1, "", "more than 256 equations and conditions");
    t = repeated(HEAD "let A = ", "hilbert(", AZ_MAX_OPERATORS + 1, "u");
    for (int i = 0; i <= AZ_MAX_OPERATORS; i++) az_text_add(&t, ")");
    assert_fails(t.s, t.n, AZ_ELIMIT, "more than 16 nonlocal operators inside each other");
    az_text_clear(&t);
}

static void assert_many(const char *line, int n, const char *expected)
{
    az_text t = repeated(HEAD, "", 0, "");

    for (int i = 0; i < n; i++) {
        az_text_add(&t, line, i, i, i);
        az_text_add(&t, "\n");
    }
    assert_fails(t.s, t.n, AZ_ELIMIT, expected);
    az_text_clear(&t);
}

static void test_counts(void **state)
{
    (void)state;
    assert_many("parameter p%d = 1", 256, "more than 256 parameters and unknowns");
    assert_many("trial v%d(y)", 64, "more than 64 trials");
    assert_many("field v%d(y)", 64, "more than 64 trials");
    assert_many("let v%d = 1", 1025, "more than 1024 lets and fields");
    assert_many("note \"%d\"", 17, "more than 16 notes");
}

/* A single line of nearly 1 MiB. */
static void test_many_nodes_and_points(void **state)
{
    az_text t = repeated(HEAD "let A = u", "", 0, "");

    (void)state;
    for (int i = 0; i <= AZ_MAX_POINTS; i++) az_text_add(&t, "+u@%d", i);
    assert_fails(t.s, t.n, AZ_ELIMIT, "the problem uses more than 1024 points");
    az_text_clear(&t);
    t = repeated(HEAD "let A = u", "", 0, "");
    for (int i = 0; t.n < AZ_MAX_TEXT - 100; i++) az_text_add(&t, "+%x.", i % 10);
    az_text_add(&t, TAIL);
    assert_parses(t.s, t.n);
    az_text_clear(&t);
}

/* Meaning. */

static void test_ccf(void **state)
{
    char *text = read_text("problems/ccf.ansatz");
    az_problem *p = parse(text);
    double value;

    (void)state;
    assert_string_equal(az_problem_name(p), "ccf");
    assert_int_equal(az_problem_dim(p), 1);
    assert_string_equal(az_problem_coordinate(p, 0), "y");
    assert_null(az_problem_coordinate(p, 1));
    assert_int_equal(az_problem_n_unknowns(p), 1);
    assert_string_equal(az_problem_unknown(p, 0), "lambda");
    assert_null(az_problem_unknown(p, 1));
    assert_int_equal(az_problem_n_parameters(p), 1);
    assert_string_equal(az_problem_parameter(p, 0, &value), "a");
    assert_true(value == -1);
    assert_null(az_problem_parameter(p, -1, NULL));
    assert_int_equal(az_problem_n_names(p), 4);
    assert_string_equal(az_problem_get_name(p, 2), "Omega");
    assert_int_equal(p->n_trials, 1);
    assert_int_equal(p->trial[0].parity[0], AZ_EVEN);
    assert_int_equal(p->n_rows, 2);
    assert_int_equal(p->row[0].kind, AZ_ROW_EQUATION);
    assert_int_equal(p->row[0].scale, let_node(p, "Omega"));
    assert_int_equal(p->row[0].fixed, 0);
    assert_int_equal(p->row[1].kind, AZ_ROW_SELECT);
    assert_int_equal(p->row[1].fixed, 1);
    assert_true(p->row[1].weight == 1 && p->row[1].at.x[0] == 0);
    az_problem_destroy(p);
    free(text);
}

static void test_slots(void **state)
{
    az_problem *p = parse("problem t \"T\"\nunknown k = 1 in [0, inf]\nparameter a = 3\nunknown l = 2 in [-inf, a]\nparameter b = 2*a\n"
                          "domain y in line\ntrial u(y)\nequation k*u + l*a = b\n");

    (void)state;
    assert_int_equal(p->n_scalars, 4);
    assert_int_equal(p->n_parameters, 2);
    assert_string_equal(p->scalar[0].name, "a");
    assert_string_equal(p->scalar[1].name, "b");
    assert_string_equal(p->scalar[2].name, "k");
    assert_string_equal(p->scalar[3].name, "l");
    assert_true(p->scalar[1].value == 6 && !p->scalar[1].unknown && p->scalar[2].unknown);
    assert_true(p->scalar[2].lo == 0 && isinf(p->scalar[2].hi) && isinf(p->scalar[3].lo) && p->scalar[3].hi == 3);
    az_problem_destroy(p);
}

static void test_settings(void **state)
{
    static const char text[] = "problem t \"T\"\nparameter a = 3\nparameter b = 2*a\nunknown k = 1\ndomain x in [0, b]\ntrial u(x)\nequation k*u = a\n";
    static const struct {
        az_setting set[2];
        int n;
        const char *message;
    } bad[] = {
        {{{"c", 1}}, 1, "t.ansatz: error: the problem has no parameter 'c'"},
        {{{"k", 1}}, 1, "t.ansatz: error: 'k' is an unknown and cannot be set; only parameters can"},
        {{{"ab", 1}}, 1, "t.ansatz: error: the problem has no parameter 'ab'\n  did you mean 'a'?"},
        {{{"a", NAN}}, 1, "the value of 'a' must be a finite number"},
        {{{"a", INFINITY}}, 1, "the value of 'a' must be a finite number"},
        {{{"a", 1}, {"a", 1}}, 2, "'a' is set twice"},
        {{{NULL, 1}}, 1, "a setting has no name"},
    };
    az_setting set[] = {{"a", 5}};
    az_problem *p;
    az_error err = {0};

    (void)state;
    assert_int_equal(az_problem_parse(&p, "t", text, strlen(text), set, 1, &err), AZ_OK);
    assert_true(p->scalar[0].value == 5 && p->scalar[1].value == 10 && p->coord[0].hi == 10);
    az_problem_destroy(p);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(az_problem_parse(&p, "t.ansatz", text, strlen(text), bad[i].set, bad[i].n, &err), AZ_EOPTION);
        assert_string_equal(err.message, bad[i].message);
        assert_null(p);
    }
    assert_int_equal(az_problem_parse(&p, "t", text, strlen(text), bad[0].set, 1, NULL), AZ_EOPTION);
}

/* An unknown or a trial that only a scale uses is used. */
static void test_use_in_scale(void **state)
{
    az_problem *p = parse("problem t \"T\"\nunknown k = 1\nunknown l = 1\ndomain y in line\ntrial u(y)\ntrial w(y^2*l)\nequation u = y scale k + w\n");

    (void)state;
    assert_int_equal(p->n_rows, 1);
    az_problem_destroy(p);
}

static void test_domains(void **state)
{
    az_problem *p = parse("problem t \"T\"\ndomain y1, y2 in half-plane scale 2\ndomain x in [-pi, pi]\ntime t in [1, 2]\nperiodic x\n"
                          "field u(y1, y2, x, t) odd in y1 even in x decay 2\nequation d(u, t) = d(u, x, x) + d(u, y2, y1)\n"
                          "initial u = 0\nboundary u = 0   # wall, weight 3\n\t at y2 = 0\n  # more\n weight 2\npin u = 1 at y1 = 0, y2 = 0, x = 0, t = 1\npin u@(0, 0, 0, 1) = 1\n");
    const az_coord_decl *x = p->coord;

    (void)state;
    assert_int_equal(p->dim, 4);
    assert_true(x[0].range == AZ_LINE && x[0].scale == 2 && x[1].range == AZ_HALF_LINE && x[1].scale == 2);
    assert_true(x[2].range == AZ_INTERVAL && x[2].periodic && x[2].hi == acos(-1) && x[3].time && x[3].lo == 1 && x[3].hi == 2);
    assert_int_equal(p->n_rows, 5);
    assert_int_equal(p->row[1].fixed, 8);
    assert_true(p->row[1].at.x[3] == 1);
    assert_int_equal(p->row[2].fixed, 2);
    assert_true(p->row[2].weight == 2);
    assert_int_equal(p->row[3].fixed, 15);
    assert_int_equal(p->row[4].fixed, 15);
    assert_true(p->row[4].at.x[3] == 1); /* inside the domain */
    assert_string_equal(p->row[2].text, "boundary u = 0 at y2 = 0 weight 2");
    az_problem_destroy(p);
}

/* A field is what doc/language.md says: the same nodes as written by hand. */
static void assert_field(const char *domain, const char *field, const char *factor, const char *inputs)
{
    az_text t = {0};

    az_text_add(&t, "problem t \"T\"\nparameter p = 3\n%s\n%s\ntrial N(%s)\nlet P = %s\nequation d(u, x) = N*P\n", domain, field, inputs, factor);
    az_problem *p = parse(t.s);
    const az_trial_decl *raw = &p->trial[0], *hand = &p->trial[1];
    assert_string_equal(raw->name, "u:raw");
    assert_int_equal(raw->n_inputs, hand->n_inputs);
    for (int i = 0; i < raw->n_inputs; i++)
        if (raw->input[i] != hand->input[i]) fail_msg("%s: input %d is not as written", field, i + 1);
    int node = let_node(p, "u"), unit = p->graph.node[let_node(p, "P")].op == AZ_CONST;
    if (unit) assert_int_equal(node, raw->node);
    else {
        assert_int_equal(p->graph.node[node].op, AZ_MUL);
        assert_int_equal(p->graph.node[node].a, let_node(p, "P"));
        assert_int_equal(p->graph.node[node].b, raw->node);
    }
    assert_true(p->let[0].field);
    az_problem_destroy(p);
    az_text_clear(&t);
}

#define M1 "2*(log(1 + (x/2)^2)/2)/(log(1 + (x/2)^2)/2 + 2) - 1"
#define R2 "(1 + (x/2)^2 + (y/2)^2)"
#define M2 "2*(log" R2 "/2)/(log" R2 "/2 + 2) - 1"

static void test_fields(void **state)
{
    static const char *const c[][4] = {
        {"domain x in [1, 3]", "field u(x)", "1", "(2*x - 4)/2"},
        {"domain x in [-3, 3]", "field u(x) even", "1", "(2*x/6)^2"},
        {"domain x in [-3, 3]", "field u(x) odd", "x/3", "(2*x/6)^2"},
        {"domain x in [1, 3]\nperiodic x", "field u(x)", "1", "cos(pi*(x - 1)), sin(pi*(x - 1))"},
        {"domain x in [0, 2]\nperiodic x", "field u(x) even", "1", "cos(pi*x)"},
        {"domain x in [-1, 1]\nperiodic x", "field u(x) odd", "sin(pi*(x - -1))", "cos(pi*(x - -1))"},
        {"domain x in line scale 2", "field u(x) even", "1", M1},
        {"domain x in line scale 2", "field u(x) odd", "x/2/sqrt(1 + (x/2)^2)", M1},
        {"domain x in half-line scale 2", "field u(x)", "1", M1 ", x/2/sqrt(1 + (x/2)^2)"},
        {"domain x in line scale 2", "field u(x) odd decay 3", "(1 + (x/2)^2)^-1.5*(x/2/sqrt(1 + (x/2)^2))", "(1 + (x/2)^2)^-1.5, " M1},
        {"domain x in line scale 2", "field u(x) decay p", "(1 + (x/2)^2)^(-p/2)", "(1 + (x/2)^2)^(-p/2), " M1 ", x/2/sqrt(1 + (x/2)^2)"},
        {"domain x, y in plane scale 2", "field u(x, y) odd in x decay 2", R2 "^-1*(x/2/sqrt" R2 ")",
         R2 "^-1, " M2 ", (x/2/sqrt" R2 ")^2, y/2/sqrt" R2},
        {"domain x, y in plane scale 2", "field u(x) even", "1", M1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof c / sizeof *c; i++) assert_field(c[i][0], c[i][1], c[i][2], c[i][3]);
}

/* Every let of a problem is printed, read back as one more let, and is then the same node. Names with ':' cannot be written, so fields stand. */
static void assert_round_trip(const char *text)
{
    for (int aliases = 0; aliases < 2; aliases++) {
        az_problem *p = parse(text);
        az_text t = {0};
        bool field = false;

        az_text_add(&t, "%s\n", text);
        for (int i = 0; i < p->n_lets; i++) {
            if (p->let[i].field) {
                field = true;
                continue;
            }
            az_text_add(&t, "let %s_again = ", p->let[i].name);
            az_problem_print(&t, p, p->let[i].node, aliases, 100000);
            az_text_add(&t, "\n");
        }
        if (!field || aliases) {
            az_problem *q = parse(t.s);
            for (int i = p->n_lets; i < q->n_lets; i++) {
                char name[AZ_MAX_NAME + 1];
                snprintf(name, sizeof name, "%.*s", (int)strcspn(q->let[i].name, "_"), q->let[i].name);
                assert_int_equal(q->let[i].node, let_node(q, name));
            }
            az_problem_destroy(q);
        }
        az_text_clear(&t);
        az_problem_destroy(p);
    }
}

/* A random expression of the language, of about n operations. */
static void add_random(az_text *t, az_rng *rng, int n)
{
    static const char *const leaf[] = {"y", "u", "k", "a", "2", "0.1", "u@0", "1e-3", "pi", "v", "(-3)"};
    static const char *const form[] = {"(%)+(%)", "(%)-(%)", "(%)*(%)", "(%)/(3+(%)^2)", "-(%)", "sin(%)", "exp(%)", "d(y*u*(%),y)", "hilbert(y+(%))",
                                       "primitive(%)", "(%)^2", "(2+(%)^2)^-1.5", "(1+(%)^2)^k", "(y*u+%)@0.5", "tanh(%)", "--(%)", "% - -(%)"};

    if (n <= 0) {
        az_text_add(t, "%s", leaf[az_rng_next(rng) % (sizeof leaf / sizeof *leaf)]);
        return;
    }
    for (const char *s = form[az_rng_next(rng) % (sizeof form / sizeof *form)]; *s; s++) {
        if (*s == '%') add_random(t, rng, (int)(az_rng_next(rng) % (unsigned)n));
        else az_text_write(t, s, 1);
    }
}

static void test_round_trip(void **state)
{
    const char *seed = getenv("AZ_TEST_SEED");
    az_rng rng;
    int n = 0;

    (void)state;
    az_rng_seed(&rng, seed ? strtoull(seed, NULL, 0) : 1);
    char *ccf = read_text("problems/ccf.ansatz");
    assert_round_trip(ccf);
    free(ccf);
    for (int i = 0; i < 2000; i++) {
        az_text t = {0};
        az_problem *p;
        az_text_add(&t, HEAD "trial v(y^2)\nlet A = ");
        add_random(&t, &rng, 12);
        az_text_add(&t, "\nlet B = A + ");
        add_random(&t, &rng, 6);
        az_text_add(&t, TAIL "pin v = 1 at y = 0\n");
        if (az_problem_parse(&p, "t", t.s, t.n, NULL, 0, NULL) == AZ_OK) { /* infinite constants and deep operators are refused */
            az_problem_destroy(p);
            assert_round_trip(t.s);
            n++;
        }
        az_text_clear(&t);
    }
    assert_true(n > 1000);
}

static void described_as(const char *text, const char *expected)
{
    az_problem *p = parse(text);
    char *s;

    assert_int_equal(az_problem_describe(p, &s, NULL), AZ_OK);
    assert_string_equal(s, expected);
    az_free(s);
    az_problem_destroy(p);
}

static void test_describe(void **state)
{
    static const char text[] = "problem t \"Title\"\nparameter a = 2\nunknown k = 1 in [0, inf] penalty a/4\ndomain y in line scale 3\n"
                               "field u(y) odd decay k\nlet U = primitive(hilbert(u))\nequation d(u, y, y) + a*U = 0 scale d(u, y, y, y) weight 2\npin d(u, y) = k at y = 0\n"
                               "pin k = 2\ntolerance 1e-4/a\n";
    static const char expected[] =
        "problem t: Title\n"
        "\ncoordinates\n"
        "  y: line, scale 3\n"
        "\nparameters\n"
        "  a = 2\n"
        "\nunknowns\n"
        "  k: start 1, in [0, inf], outside with a penalty of weight 0.5\n"
        "\ntrials\n"
        "  u:raw, even in y\n"
        "    input 1: exp(-k/2*log(1 + (y/3)^2))\n"
        "    input 2: 2*(log(1 + (y/3)^2)/2)/(log(1 + (y/3)^2)/2 + 2) - 1\n"
        "\nfields and lets\n"
        "  field u = exp(-k/2*log(1 + (y/3)^2))*(y/3/sqrt(1 + (y/3)^2))*u:raw  (decay k)\n"
        "  U = primitive(hilbert(u))  (uses hilbert, primitive)\n"
        "\nequations and conditions\n"
        "  line 7: equation d(u, y, y) + a*U = 0 scale d(u, y, y, y) weight 2\n"
        "    one row per point, in the whole domain, weight 2\n"
        "    highest derivatives: u:raw y:3\n"
        "    operators: hilbert, primitive\n"
        "  line 8: pin d(u, y) = k at y = 0\n"
        "    one row, at the point y = 0\n"
        "    highest derivatives: u:raw y:1\n"
        "  line 9: pin k = 2\n"
        "    one row, independent of the coordinates\n"
        "\ntolerance of networks\n"
        "  5e-05\n";
    (void)state;
    described_as(text, expected);
}

/* In the order of the sources: what stands for y, its field, its operators, and a point that goes to the line and back. */
static void test_describe_open(void **state)
{
    static const char text[] = "problem t \"Title\"\nunknown k = 1 in [0, inf]\ndomain y in (-3, 3)\nfield u(y) odd decay k\nfield v(y)\n"
                               "let h = hilbert(u)\nlet w = y*edge(y)@(-3) + u@0\nequation d(u, y) + v = primitive(u)\npin u = k at y = 1.5\npin v@(-3) = 1\n";
    static const char expected[] =
        "problem t: Title\n"
        "\ncoordinates\n"
        "  y: open interval (-3, 3), solved in y:line = sinh(z), y = 3*tanh(z/2)\n"
        "\nunknowns\n"
        "  k: start 1, in [0, inf]\n"
        "\ntrials\n"
        "  u:raw, even in y\n"
        "    input 1: edge(y)\n"
        "    input 2: exp(k*log(edge(y)))\n"
        "    input 3: 2*(-log(edge(y)))/(-log(edge(y)) + 2) - 1\n"
        "  v:raw\n"
        "    input 1: edge(y)\n"
        "    input 2: 2*(-log(edge(y)))/(-log(edge(y)) + 2) - 1\n"
        "    input 3: y:line/(1 + sqrt(1 + y:line^2))\n"
        "\nfields and lets\n"
        "  field u = exp(k*log(edge(y)))*(y:line/(1 + sqrt(1 + y:line^2)))*u:raw  (decay k)\n"
        "  field v = v:raw\n"
        "  h = (hilbert(u/sqrt(1 + y:line^2)) + y:line/(1 + sqrt(1 + y:line^2))*hilbert(y:line/(1 + sqrt(1 + y:line^2))*(u/sqrt(1 + y:line^2))))/edge(y)  (uses hilbert)\n"
        "  w = y*edge(y)@(y:line = -5.074001940569444e+32) + u@(y:line = 0)\n"
        "\nequations and conditions\n"
        "  line 8: equation d(u, y) + v = primitive(u)\n"
        "    one row per point, in the whole domain\n"
        "    highest derivatives: u:raw y:1; v:raw y:0\n"
        "    operators: primitive\n"
        "  line 9: pin u = k at y = 1.5\n"
        "    one row, at the point y = 1.5\n"
        "    highest derivatives: u:raw y:0\n"
        "  line 10: pin v@(-3) = 1\n"
        "    one row, independent of the coordinates\n"
        "    highest derivatives: v:raw y:0\n";
    (void)state;
    described_as(text, expected);
}

/* Flows, derived numbers and notes stand at the end, and are no rows; a flow's name is not taken by what follows. */
static void test_answers(void **state)
{
    static const char text[] = "problem t \"T\"\nunknown k = 1\ndomain x, y in plane\ntrial u(x, y)\nflow W = u*y,\n  -x\nderived \"a (k) & more\" = 2*k + u@(0, 1)\n"
                               "equation u = k*x\npin u@(0, 0) = 1\nderived \"four\" = 4\nnote \"One,\" \"two\"\n  \"and = three.\"\nnote \"Four.\"\n";
    static const char end[] = "\nflows\n  W = u*y, -x\n\nderived numbers\n  a (k) & more = 2*k + u@(0, 1)\n  four = 4\n\nnotes\n  One, two and = three.\n  Four.\n";
    az_problem *p = parse(text);
    char *s;

    (void)state;
    assert_int_equal(p->n_rows, 2);
    assert_int_equal(az_problem_n_flows(p), 1);
    assert_string_equal(az_problem_flow(p, 0), "W");
    assert_null(az_problem_flow(p, 1));
    assert_int_equal(az_problem_n_derived(p), 2);
    assert_string_equal(az_problem_derived(p, 0), "a (k) & more");
    assert_int_equal(az_problem_n_names(p), 0);
    assert_int_equal(az_problem_describe(p, &s, NULL), AZ_OK);
    assert_true(strlen(s) > sizeof end);
    assert_string_equal(s + strlen(s) - strlen(end), end);
    az_free(s);
    az_problem_destroy(p);
}

static void test_manual(void **state)
{
    char *text = read_text("doc/language.md");
    int n = 0;

    (void)state;
    for (char *s = text; (s = strstr(s, "```ansatz\n")); n++) {
        s += strlen("```ansatz\n");
        char *end = strstr(s, "```");
        assert_non_null(end);
        assert_parses(s, (size_t)(end - s));
    }
    assert_true(n > 0);
    free(text);
}

static void test_problem_folder(void **state)
{
    DIR *dir = opendir("problems");
    struct dirent *e;
    int n = 0;

    (void)state;
    assert_non_null(dir);
    while ((e = readdir(dir))) {
        char path[300], *s;
        az_problem *p;
        az_error err = {0};
        if (!strstr(e->d_name, ".ansatz")) continue;
        snprintf(path, sizeof path, "problems/%.250s", e->d_name);
        if (az_problem_load(&p, path, NULL, 0, &err) != AZ_OK) fail_msg("%s", err.message);
        assert_int_equal(az_problem_describe(p, &s, NULL), AZ_OK);
        az_free(s);
        az_problem_destroy(p);
        n++;
    }
    closedir(dir);
    assert_int_equal(n, az_builtin_count());
}

static void test_builtins(void **state)
{
    (void)state;
    assert_true(az_builtin_count() > 0);
    for (int i = 0; i < az_builtin_count(); i++) {
        az_problem *p;
        assert_int_equal(az_problem_load(&p, az_builtin_name(i), NULL, 0, NULL), AZ_OK);
        assert_string_equal(az_problem_name(p), az_builtin_name(i));
        assert_string_equal(az_problem_title(p), az_builtin_title(i));
        assert_string_equal(az_problem_text(p), az_builtin_text(i));
        az_problem_destroy(p);
        if (i) assert_true(strcmp(az_builtin_name(i - 1), az_builtin_name(i)) < 0);
    }
    assert_null(az_builtin_name(-1));
    assert_null(az_builtin_text(az_builtin_count()));
}

static void assert_load_fails(const char *path, az_status s, const char *expected)
{
    az_problem *p;
    az_error err = {0};

    assert_int_equal(az_problem_load(&p, path, NULL, 0, &err), s);
    assert_null(p);
    if (!strstr(err.message, expected)) fail_msg("%s\nlacks\n%s", err.message, expected);
    assert_int_equal(err.status, s);
}

static void test_load(void **state)
{
    char folder[] = "/tmp/ansatz-test-XXXXXX", path[64];

    (void)state;
    assert_load_fails("ccg", AZ_EIO, "there is no built-in problem and no file 'ccg'; did you mean 'ccf'?");
    assert_load_fails("nothing.ansatz", AZ_EIO, "cannot open 'nothing.ansatz': No such file or directory");
    assert_load_fails("problems", AZ_EIO, "'problems' is a directory");
    assert_load_fails("/dev/zero", AZ_EIO, "'/dev/zero' is not a regular file");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pipe", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_load_fails(path, AZ_EIO, "is not a regular file");
    unlink(path);
    snprintf(path, sizeof path, "%s/large", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(ftruncate(fileno(f), (off_t)1 << 30), 0); /* a hole, never read */
    fclose(f);
    assert_load_fails(path, AZ_ELIMIT, "large' is longer than 1 MiB");
    assert_int_equal(truncate(path, 0), 0);
    assert_load_fails(path, AZ_EPROBLEM, "the problem has no statement");
    unlink(path);
    rmdir(folder);
}

typedef struct counter {
    long calls, fail_at, live;
} counter;

static void *count_alloc(void *data, void *p, size_t bytes)
{
    counter *c = data;

    if (!bytes) {
        c->live--;
        free(p);
        return NULL;
    }
    if (++c->calls == c->fail_at) return NULL;
    void *q = realloc(p, bytes);
    if (q && !p) c->live++;
    return q;
}

static az_status load_and_describe(const char *text, az_error *err)
{
    az_problem *p;
    char *s = NULL;
    az_status status = text ? az_problem_parse(&p, "t", text, strlen(text), NULL, 0, err) : az_problem_load(&p, "problems/ccf.ansatz", NULL, 0, err);

    if (status == AZ_OK) status = az_problem_describe(p, &s, err);
    az_free(s);
    az_problem_destroy(p);
    return status;
}

/* Failing the k-th allocation gives AZ_ENOMEM and leaves nothing behind; a text with an error may also report that error. */
static void assert_survives(const char *text, az_status expected)
{
    counter c = {0};
    bool done = false;

    az_set_allocator(count_alloc, &c);
    for (long k = 1; !done; k++) {
        az_error err = {0};
        c = (counter){.fail_at = k};
        az_status s = load_and_describe(text, &err);
        done = c.calls < k;
        assert_int_equal(c.live, 0);
        assert_true(s == (done ? expected : AZ_ENOMEM) || (s == expected && s != AZ_OK));
        if (s != AZ_OK) assert_true(err.status == s && err.message[0]);
    }
    az_set_allocator(NULL, NULL);
}

static void test_allocation_failures(void **state)
{
    (void)state;
    assert_survives(NULL, AZ_OK);
    assert_survives("problem t \"T\"\nparameter a = 2\nunknown k = 1\ndomain x, y in plane\ntime t in [0, 1]\nfield u(x, y, t) odd in x decay 1/k\n"
                    "let U = d(u, x)@(0, 0, 0)^a + sech(x)\nequation d(u, t) = U scale 1 + x^2\ninitial u = 0 # c\npin k = 2\nflow W = u, k, x\nderived \"K\" = 2*k\nnote \"a\" \"b\"\n", AZ_OK);
    assert_survives("problem t \"T\"\nparameter X = 2\ndomain y in (-X, X)\nfield u(y) odd decay 1\nfield v(y)\nlet h = hilbert(u)*edge(y)\n"
                    "equation d(v, y) + primitive(u) = h\npin u = 1 at y = X/2\n", AZ_OK);
    assert_survives("problem t \"T\"\nunknown k = 1\nparameter a = 2\nlet b = omga\n", AZ_EPROBLEM);
    assert_survives("problem t \"T\"\ndomain y in line\ntrial u(y)\ntrial w(y)\nequation u = 1\n", AZ_EPROBLEM);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_precedence), cmocka_unit_test(test_errors), cmocka_unit_test(test_bytes), cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_other_locale),
        cmocka_unit_test(test_nesting), cmocka_unit_test(test_sizes), cmocka_unit_test(test_counts), cmocka_unit_test(test_many_nodes_and_points),
        cmocka_unit_test(test_ccf), cmocka_unit_test(test_slots), cmocka_unit_test(test_settings), cmocka_unit_test(test_domains), cmocka_unit_test(test_use_in_scale),
        cmocka_unit_test(test_fields), cmocka_unit_test(test_round_trip), cmocka_unit_test(test_describe), cmocka_unit_test(test_describe_open), cmocka_unit_test(test_answers), cmocka_unit_test(test_manual),
        cmocka_unit_test(test_problem_folder), cmocka_unit_test(test_builtins), cmocka_unit_test(test_load), cmocka_unit_test(test_allocation_failures),
    };

    if (argc > 1 && !strcmp(argv[1], "--write")) return write_errors();
    return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
