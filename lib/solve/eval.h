/* eval.h: values of expressions anywhere. */
#ifndef AZ_EVAL_H
#define AZ_EVAL_H

#include "state/state.h"

/* As az_eval, of a node of the problem's graph; order may be NULL. AZ_EDOMAIN, AZ_ENOMEM. */
az_status az_eval_node(const az_result *r, double *out, int node, const double *points, int n, const int *order, az_error *err);

/* The node of a let, the last of that name, or of a trial; -1: no such name. */
int az_eval_find(const az_problem *p, const char *name);

#endif
