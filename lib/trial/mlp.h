/* mlp.h: dense networks over jets, forward and reverse, a block of AZ_LANES points at a time. Weight order: state.h. */
#ifndef AZ_MLP_H
#define AZ_MLP_H

#include "jet/jet.h"
#include "state/state.h"

/* Doubles of workspace one forward and reverse sweep need: activations, their derivatives, adjoints. 64-byte aligned by the caller. */
size_t az_mlp_work(const az_network *net, const az_layout *l);

/* out = net(in): out[c] and in[k][c] are lane vectors per coefficient, in NULL = zero. Does not apply net->scale. Keeps in work what the reverse needs. */
void az_mlp_forward(const az_network *net, const az_layout *l, double *const out[], double *const *const in[], double *work);

/* Adjoint of the last forward with this work: for the output adjoint seed[c] (NULL = zero), writes d/d(trained weight w) to column[w*ld + lane] for
 * lanes < n_lanes (column NULL: none is trained) and adds the input adjoints to inbar[k][c] (inbar NULL, or inbar[k] NULL: not wanted). */
void az_mlp_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const *const inbar[],
                    double *const seed[], double *work);

/* Glorot-scaled normal weights times gain in the first layer; biases of the first layer spread uniformly over [-spread, spread]; the
 * output layer scaled by `out_gain` (0: the network starts as the zero function). */
void az_mlp_init(az_network *net, az_rng *rng, double gain, double spread, double out_gain);

/* wide, of as many layers, none narrower, becomes the same function (but for the order of its sums): new neurons get random weights in and none out. */
void az_mlp_widen(az_network *wide, const az_network *net, az_rng *rng);

/* Random features: sin(w.x + b) with w_k uniform in [-range[k], range[k]] for input k and b in [-pi, pi], frozen; output
 * weights zero. One hidden layer. */
void az_mlp_features(az_network *net, az_rng *rng, const double *range);

/* Fourier series of the only input: one hidden sine layer, frozen; cos(k x) from k = 0 for AZ_EVEN, sin(k x) from 1 for AZ_ODD, else both in turn.
 * Output weights zero. */
void az_mlp_fourier(az_network *net, az_parity parity);
/* Chebyshev polynomials of the only input, frozen: one hidden layer with `first` AZ_ACT_CHEBYSHEV, even ones for AZ_EVEN, odd ones for AZ_ODD, else all. Output
 * weights zero. The input depends on coordinates alone: the reverse has no adjoint of it. */
void az_mlp_chebyshev(az_network *net, az_parity parity);

#endif
