/* element.h: piecewise polynomials on graded elements over jets (the classical route: B-spline-like collocation at Gauss points, de Boor and Swartz
 * 1973, in a hierarchical basis, Szabo and Babuska 1991). Functions, basis and order of the weights: az_mesh in state.h. */
#ifndef AZ_ELEMENT_H
#define AZ_ELEMENT_H

#include "jet/jet.h"
#include "state/state.h"

/* Doubles of workspace one forward and reverse sweep need, 64-byte aligned by the caller. l->dim is 1. */
size_t az_element_work(const az_network *net, const az_layout *l);

/* out[c] = coefficients of the elements as a function of x, the lanes' values of the coordinate. Keeps in work what the reverse needs. */
void az_element_forward(const az_network *net, const az_layout *l, double *const out[], const double *x, double *work);

/* For the output adjoint seed[c] (NULL = zero) writes d/d(weight w) to column[w*ld + lane] for lanes < n_lanes (column NULL: nothing to do). */
void az_element_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const seed[], double *work);

/* One weight in an element: value of the function += factor * weight[column] * basis polynomial. */
typedef struct az_element_term {
    int column, basis;
    double factor;
} az_element_term;
#define AZ_ELEMENT_MAX_TERMS (AZ_MESH_MAX_DEGREE + 1 + 2 * AZ_MESH_MAX_SMOOTH)
/* Those of element e, AZ_ELEMENT_MAX_TERMS at most; their number. */
int az_element_terms(const az_mesh *m, az_element_term *t, int e);
int az_element_find(const az_mesh *m, double z); /* the element that z >= 0 lies in, or the nearest */
/* All basis polynomials as jets in z, each in its lane's element, for lanes' values z >= 0: polynomial b, coefficient c at (b*l->n + c)*AZ_LANES. */
const double *az_element_polynomials(const az_network *net, const az_layout *l, const double *z, double *work);

/* Of one lane after az_element_forward with this work: the weights that the function has there, and its derivative by each as a jet, coefficient c of
 * weight column[q] at jet[q*l->n + c]. Their number, AZ_ELEMENT_MAX_TERMS at most. */
int az_element_lane(const az_network *net, const az_layout *l, double *work, int lane, int *column, double *jet);

/* Taylor coefficients 0..order in z at n points: out[n][order+1]. AZ_ENOMEM. */
az_status az_element_series(const az_network *net, double *out, const double *z, int n, int order);

/* Points that az_element_fit takes samples at: AZ_FIT_NODES Gauss points of each element (of [0, edge[1]] where element 0 has a parity, whose function
 * there gives the rest), then the edges. z[az_element_n_samples]. */
#define AZ_FIT_NODES 24
int az_element_n_samples(const az_mesh *m);
void az_element_samples(const az_mesh *m, double *z);
/* Weights from Taylor coefficients in z of order < smooth, sample[n][smooth]: ends interpolated, bubbles by orthogonal projection of the rest with
 * weight 1, exact for functions of the space. AZ_ENOMEM. */
az_status az_element_fit(az_network *net, const double *sample);

/* tail[n_edges - 1]: the part that the two highest polynomials of each element have in the function, in the mean over the element: about what its degree
 * leaves out. */
void az_element_tails(const az_network *net, double *tail);

#endif
