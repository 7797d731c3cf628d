/* fuzz_problem.c: any bytes are either a problem or an error with a message. What is read can be described, and each let, printed and read
 * back as one more let, is the same node. */
#include "problem/problem.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PRINTED ((size_t)20000)

static void require(bool ok)
{
    if (!ok) abort();
}

/* Adds "let zzqq<i> = ..." for each let that can be written: fields have trials with names that cannot. */
static void add_lets(az_text *t, const az_problem *p, bool aliases)
{
    az_text one = {0};

    for (int i = 0; i < p->n_lets; i++) {
        az_problem_print(&one, p, p->let[i].node, aliases, MAX_PRINTED);
        require(!one.failed && one.n > 0);
        if (!memchr(one.s, ':', one.n) && !strstr(one.s, "...")) az_text_add(t, "\nlet zzqq%d = %s", i, one.s);
        az_text_clear(&one);
    }
}

static void check_round_trip(const az_problem *p, bool aliases)
{
    az_text t = {0};
    az_problem *q;
    az_error err = {0};
    int k;

    az_text_add(&t, "%s", p->text);
    add_lets(&t, p, aliases);
    require(!t.failed);
    az_status s = az_problem_parse(&q, "again", t.s, t.n, NULL, 0, &err);
    require(s == AZ_OK || s == AZ_ELIMIT || strstr(err.message, "is used twice"));
    for (int i = p->n_lets; q && i < q->n_lets; i++)
        if (sscanf(q->let[i].name, "zzqq%d", &k) == 1) require(q->let[i].node == q->let[k].node);
    az_problem_destroy(q);
    az_text_clear(&t);
}

static void check_rows(const az_problem *p)
{
    for (int i = 0; i < p->n_rows; i++) {
        const az_row_decl *r = &p->row[i];
        require(r->node >= 0 && r->node < p->graph.n && r->scale < p->graph.n && r->weight > 0 && r->text[0] && r->line > 0);
        require(r->fixed < 1u << p->dim);
    }
    for (int i = 0; i < p->graph.n; i++) require(p->graph.node[i].a < i && p->graph.node[i].b < i);
    for (int i = 0; i < p->n_scalars; i++) require(p->scalar[i].name && p->scalar[i].value - p->scalar[i].value == 0);
}

static void check_problem(const az_problem *p)
{
    char *text = NULL;

    require(az_problem_describe(p, &text, NULL) == AZ_OK && text[0]);
    az_free(text);
    check_rows(p);
    check_round_trip(p, false);
    check_round_trip(p, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const az_setting set = {"a", 0.5};
    az_problem *p;
    az_error err = {0};

    az_status s = az_problem_parse(&p, "fuzz", (const char *)data, size, NULL, 0, &err);
    require((s == AZ_OK) == (p != NULL) && (s == AZ_OK || (err.status == s && err.message[0] && s != AZ_ENOMEM)));
    require(strlen(err.message) < sizeof err.message);
    if (p) check_problem(p);
    az_problem_destroy(p);
    if (az_problem_parse(&p, "fuzz", (const char *)data, size, &set, 1, NULL) == AZ_OK) az_problem_destroy(p);
    return 0;
}
