/* layout.c: finite down-closed sets of multi-indices and their product tables. */
#include "jet/jet.h"

#include <string.h>

static int degree(az_index i)
{
    int d = 0;

    for (int k = 0; k < AZ_MAX_DIM; k++) d += i.e[k];
    return d;
}

/* by total degree, then lexicographically */
static int compare(az_index i, az_index j)
{
    int d = degree(i) - degree(j);

    return d ? d : memcmp(i.e, j.e, sizeof i.e);
}

static bool below(az_index i, az_index j)
{
    for (int k = 0; k < AZ_MAX_DIM; k++)
        if (i.e[k] > j.e[k]) return false;
    return true;
}

int az_layout_find(const az_layout *l, az_index i)
{
    for (int k = 0; k < l->n; k++)
        if (!memcmp(l->index[k].e, i.e, sizeof i.e)) return k;
    return -1;
}

/* Keeps the list sorted. */
static az_status insert(az_layout *l, az_index i)
{
    int k = l->n;

    if (az_layout_find(l, i) >= 0) return AZ_OK;
    if (l->n == AZ_MAX_JET) return AZ_ELIMIT;
    for (; k > 0 && compare(i, l->index[k - 1]) < 0; k--) l->index[k] = l->index[k - 1];
    l->index[k] = i;
    l->n++;
    return AZ_OK;
}

/* Everything below `top`, counted through as an odometer; the box itself may be far too large, hence the check first. */
static az_status insert_box(az_layout *l, az_index top)
{
    az_index i = {{0}};
    size_t size = 1;
    int k;

    for (k = 0; k < AZ_MAX_DIM; k++) {
        size *= top.e[k] + (size_t)1;
        if (size > AZ_MAX_JET) return AZ_ELIMIT;
    }
    do {
        az_status st = insert(l, i);
        if (st) return st;
        for (k = 0; k < AZ_MAX_DIM && i.e[k] == top.e[k]; k++) i.e[k] = 0;
        if (k < AZ_MAX_DIM) i.e[k]++;
    } while (k < AZ_MAX_DIM);
    return AZ_OK;
}

static void fill_products(az_layout *l)
{
    l->n_prod = 0;
    for (int c = 0; c < l->n; c++) {
        l->degree[c] = degree(l->index[c]);
        for (int a = 0; a <= c; a++) {
            az_index rest;
            if (!below(l->index[a], l->index[c])) continue;
            for (int k = 0; k < AZ_MAX_DIM; k++) rest.e[k] = l->index[c].e[k] - l->index[a].e[k];
            l->prod[l->n_prod].a = (short)a;
            l->prod[l->n_prod].b = (short)az_layout_find(l, rest);
            l->prod[l->n_prod].c = (short)c;
            l->n_prod++;
        }
    }
}

az_status az_layout_make(az_layout *l, int dim, const az_index *index, int n)
{
    if (dim < 1 || dim > AZ_MAX_DIM || n < 0) return AZ_EDOMAIN;
    memset(l, 0, sizeof *l);
    l->dim = dim;
    l->n = 1;
    for (int i = 0; i < n; i++) {
        for (int k = dim; k < AZ_MAX_DIM; k++)
            if (index[i].e[k]) return AZ_EDOMAIN;
        az_status st = insert_box(l, index[i]);
        if (st) return st;
    }
    fill_products(l);
    return AZ_OK;
}

/* Each index is a lower one plus one in a coordinate, so a sweep over the growing list finds all: the new index sorts behind the
 * swept one. */
az_status az_layout_total(az_layout *l, int dim, int order)
{
    if (dim < 1 || dim > AZ_MAX_DIM || order < 0) return AZ_EDOMAIN;
    memset(l, 0, sizeof *l);
    l->dim = dim;
    l->n = 1;
    for (int i = 0; i < l->n && degree(l->index[i]) < order; i++) {
        for (int k = 0; k < dim; k++) {
            az_index up = l->index[i];
            up.e[k]++;
            az_status st = insert(l, up);
            if (st) return st;
        }
    }
    fill_products(l);
    return AZ_OK;
}
