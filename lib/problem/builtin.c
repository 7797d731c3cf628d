/* builtin.c: the problems compiled into the library. */
#include "problem/builtin.h"
#include "ansatz.h"

int az_builtin_count(void)
{
    int n = 0;

    while (az_builtin_table[n].name) n++;
    return n;
}

static const az_builtin *get(int i)
{
    static const az_builtin none = {0, 0, 0};

    return i >= 0 && i < az_builtin_count() ? &az_builtin_table[i] : &none;
}

const char *az_builtin_name(int i) { return get(i)->name; }
const char *az_builtin_title(int i) { return get(i)->title; }
const char *az_builtin_text(int i) { return get(i)->text; }
