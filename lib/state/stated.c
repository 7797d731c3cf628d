/* stated.c: findings about statements that no residual sees. */
#include "state/state.h"

#include <math.h>

void az_state_forget_stated(az_result *r)
{
    for (int i = 0; i < r->n_stated; i++) {
        az_free(r->stated[i].statement);
        az_free(r->stated[i].text);
    }
    az_free(r->stated);
    r->stated = NULL, r->n_stated = 0;
}

void az_state_forget_twice(az_result *r)
{
    az_doubles_free(r->twice.moved);
    r->twice = (az_twice){.check = NAN};
}

az_status az_state_find(az_result *r, char *statement, char *text, int holds, double value)
{
    az_stated *all =
        statement && text ? az_realloc(r->stated, (size_t)(r->n_stated + 1) * sizeof *all) : NULL;
    if (!all) {
        az_free(statement);
        az_free(text);
        return AZ_ENOMEM;
    }
    r->stated = all;
    all[r->n_stated++] = (az_stated){statement, text, holds, value};
    return AZ_OK;
}

int az_result_n_findings(const az_result *r) { return r->n_stated; }

az_finding az_result_finding(const az_result *r, int i)
{
    if (i < 0 || i >= r->n_stated) return (az_finding){.value = NAN};
    const az_stated *s = &r->stated[i];
    return (az_finding){s->statement, s->holds, s->value, s->text};
}

int az_result_accepted(const az_result *r)
{
    for (int i = 0; i < r->n_stated; i++)
        if (r->stated[i].holds < 0) return 0;
    return 1;
}
