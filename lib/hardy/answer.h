/* answer.h: what az_hardy_* hands out. Private to lib/hardy. */
#ifndef AZ_HARDY_ANSWER_H
#define AZ_HARDY_ANSWER_H

#include "hardy/hardy.h"

struct az_hardy {
    az_stop stop;
    int n_unknowns, n_terms, points, bits;
    char **unknown, **value;    /* [n_unknowns] */
    double *error;              /* [n_unknowns] */
    double residual, seconds;
    char *name, *rounded, *decay, *scale;
    int *sector, *power;        /* [n_terms] */
    char **coefficient;         /* [n_terms] */
};

/* Texts of an expansion; error[n_unknowns], infinite where it is not known. NULL when memory runs out. */
az_hardy *az_hardy_write(const az_expansion *e, const double *error);

#endif
