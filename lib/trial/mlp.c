#include "trial/mlp.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define B AZ_LANES

static int widest(const az_network *net)
{
    int w = 0;
    for (int k = 0; k <= net->n_layers + 1; k++)
        if (net->width[k] > w) w = net->width[k];
    return w;
}

static int units(const az_network *net)
{
    int n = 0;
    for (int k = 1; k <= net->n_layers; k++) n += net->width[k];
    return n;
}

/* work: inputs | y of every hidden layer | dy of every hidden layer | two adjoint buffers */
size_t az_mlp_work(const az_network *net, const az_layout *l)
{
    size_t jet = (size_t)l->n * B;
    return jet * (size_t)(net->width[0] + 2 * units(net) + 2 * widest(net));
}

static void gather(const az_network *net, const az_layout *l, double *const *const in[], double *x)
{
    for (int k = 0; k < net->width[0]; k++)
        for (int c = 0; c < l->n; c++, x += B) {
            if (in[k][c]) memcpy(x, in[k][c], sizeof(double) * B);
            else memset(x, 0, sizeof(double) * B);
        }
}

/* y (out x cols) = W (out x in) x + bias on the value coefficient */
static void linear(const double *w, const double *bias, int out, int in, const az_layout *l, const double *x, double *y)
{
    int cols = l->n * B;
    for (int j = 0; bias && j < out; j++) {
        double *row = y + (size_t)j * (size_t)cols;
        for (int i = 0; i < B; i++) row[i] = bias[j];
        memset(row + B, 0, sizeof(double) * (size_t)(cols - B));
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, out, cols, in, 1.0, w, in, x, cols, bias ? 1.0 : 0.0, y, cols);
}

/* From the degrees of the first two; the scratch has the room of the slopes, which frozen functions of coordinates do not need, and behind. */
static void chebyshev(const az_network *net, const az_layout *l, double *y, const double *x, double *scratch)
{
    const int n = net->width[1], first = net->weight[0] != 0, step = n > 1 && net->weight[1] - net->weight[0] > 1 ? 2 : 1;
    az_jet_chebyshev_many(l, y, x, n, first, step, scratch);
}

void az_mlp_forward(const az_network *net, const az_layout *l, double *const out[], double *const *const in[], double *work)
{
    size_t jet = (size_t)l->n * B;
    double *x = work, *y = work + jet * (size_t)net->width[0], *dy = y + jet * (size_t)units(net);
    double *pre = dy + jet * (size_t)units(net);
    gather(net, l, in, x);
    const double *w = net->weight;
    for (int k = 0; k < net->n_layers; k++) {
        int n_in = net->width[k], n_out = net->width[k + 1];
        const az_activation act = k == 0 ? net->first : AZ_ACT_TANH;
        if (act != AZ_ACT_CHEBYSHEV) linear(w, w + n_in * n_out, n_out, n_in, l, x, pre);
        if (act == AZ_ACT_CHEBYSHEV) chebyshev(net, l, y, x, dy);
        else if (act == AZ_ACT_SINE) az_jet_sin_many(l, y, dy, pre, n_out);
        else az_jet_tanh_many(l, y, dy, pre, n_out);
        w += (n_in + 1) * n_out;
        x = y;
        y += jet * (size_t)n_out;
        dy += jet * (size_t)n_out;
    }
    linear(w, NULL, 1, net->width[net->n_layers], l, x, pre);
    for (int c = 0; c < l->n; c++)
        if (out[c]) memcpy(out[c], pre + (size_t)c * B, sizeof(double) * B);
}

/* column of weight (j, k) = sum over coefficients of zbar_j a_k */
static void weight_columns(double *column, size_t ld, int n_lanes, const az_layout *l, const double *zbar, int out, const double *a, int in)
{
    size_t jet = (size_t)l->n * B;
    for (int j = 0; j < out; j++)
        for (int k = 0; k < in; k++) {
            const double *z = zbar + (size_t)j * jet, *x = a + (size_t)k * jet;
            double acc[B];
            for (int i = 0; i < B; i++) acc[i] = z[i] * x[i];
            for (int c = 1; c < l->n; c++)
                for (int i = 0; i < B; i++) acc[i] += z[c * B + i] * x[c * B + i];
            double *to = column + (size_t)(j * in + k) * ld;
            memcpy(to, acc, sizeof(double) * (size_t)n_lanes);
        }
}

static void bias_columns(double *column, size_t ld, int n_lanes, const az_layout *l, const double *zbar, int out)
{
    for (int j = 0; j < out; j++) memcpy(column + (size_t)j * ld, zbar + (size_t)j * (size_t)l->n * B, sizeof(double) * (size_t)n_lanes);
}

/* zbar_i = sum_j ybar_{i+j} d_j for every unit */
static void activation_adjoint(const az_layout *l, double *zbar, const double *ybar, const double *d, int count)
{
    size_t jet = (size_t)l->n * B;
    memset(zbar, 0, sizeof(double) * jet * (size_t)count);
    for (int u = 0; u < count; u++, zbar += jet, ybar += jet, d += jet)
        for (int p = 0; p < l->n_prod; p++) {
            double *z = zbar + l->prod[p].a * B;
            const double *g = ybar + l->prod[p].c * B, *s = d + l->prod[p].b * B;
            for (int i = 0; i < B; i++) z[i] += g[i] * s[i];
        }
}

static void scatter(const az_network *net, const az_layout *l, double *const *const inbar[], const double *xbar)
{
    for (int k = 0; k < net->width[0]; k++)
        for (int c = 0; c < l->n; c++, xbar += B)
            if (inbar[k] && inbar[k][c])
                for (int i = 0; i < B; i++) inbar[k][c][i] += xbar[i];
}

void az_mlp_reverse(const az_network *net, const az_layout *l, double *column, size_t ld, int n_lanes, double *const *const inbar[],
                    double *const seed[], double *work)
{
    size_t jet = (size_t)l->n * B;
    int cols = l->n * B, last = net->n_layers;
    double *y0 = work + jet * (size_t)net->width[0], *y = y0 + jet * (size_t)units(net), *dy = y + jet * (size_t)units(net);
    double *ybar = dy, *zbar = dy + jet * (size_t)widest(net);
    int offset = net->n_weights - net->width[last];
    memset(zbar, 0, sizeof(double) * jet);
    for (int c = 0; c < l->n; c++)
        if (seed[c]) memcpy(zbar + (size_t)c * B, seed[c], sizeof(double) * B);
    for (int k = last;; k--) {
        /* zbar: adjoint of the linear map from width[k] to width[k+1] */
        int n_in = net->width[k], n_out = net->width[k + 1];
        const double *w = net->weight + offset;
        y -= k > 0 ? jet * (size_t)n_in : 0;
        dy -= k > 0 ? jet * (size_t)n_in : 0;
        const double *x = k > 0 ? y : work;
        if (offset < net->n_frozen && !inbar) return;
        if (column && offset >= net->n_frozen) {
            double *first = column - (size_t)net->n_frozen * ld;
            weight_columns(first + (size_t)offset * ld, ld, n_lanes, l, zbar, n_out, x, n_in);
            if (k < last) bias_columns(first + (size_t)(offset + n_in * n_out) * ld, ld, n_lanes, l, zbar, n_out);
        }
        if (k == 0 && !inbar) return;
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, n_in, cols, n_out, 1.0, w, n_in, zbar, cols, 0.0, ybar, cols);
        if (k == 0) break;
        activation_adjoint(l, zbar, ybar, dy, n_in);
        offset -= (net->width[k - 1] + 1) * n_in;
    }
    scatter(net, l, inbar, ybar);
}

void az_mlp_init(az_network *net, az_rng *rng, double gain, double spread, double out_gain)
{
    double *w = net->weight;
    for (int k = 0; k <= net->n_layers; k++) {
        int in = net->width[k], out = net->width[k + 1];
        double size = sqrt(2.0 / (in + out)) * (k == 0 ? gain : 1) * (k == net->n_layers ? out_gain : 1);
        for (int i = 0; i < in * out; i++) *w++ = size * az_rng_normal(rng);
        if (k == net->n_layers) break;
        for (int i = 0; i < out; i++) *w++ = k == 0 ? spread * (2 * az_rng_uniform(rng) - 1) : 0;
    }
}

void az_mlp_widen(az_network *wide, const az_network *net, az_rng *rng)
{
    double *to = wide->weight;
    const double *from = net->weight;
    az_mlp_init(wide, rng, 1, 1, 0);
    for (int k = 0; k <= net->n_layers; k++) {
        int in = wide->width[k], out = wide->width[k + 1], old_in = net->width[k], old_out = net->width[k + 1];
        for (int i = 0; i < old_out; i++)
            for (int j = 0; j < in; j++) to[i * in + j] = j < old_in ? from[i * old_in + j] : 0;
        to += in * out, from += old_in * old_out;
        if (k == net->n_layers) return;
        memcpy(to, from, sizeof *to * (size_t)old_out);
        to += out, from += old_out;
    }
}

void az_mlp_features(az_network *net, az_rng *rng, const double *range)
{
    int in = net->width[0], m = net->width[1];
    for (int i = 0; i < in * m; i++) net->weight[i] = range[i % in] * (2 * az_rng_uniform(rng) - 1);
    for (int i = 0; i < m; i++) net->weight[in * m + i] = M_PI * (2 * az_rng_uniform(rng) - 1);
    net->n_frozen = (in + 1) * m;
    memset(net->weight + net->n_frozen, 0, sizeof(double) * (size_t)m);
}

void az_mlp_fourier(az_network *net, az_parity parity)
{
    int m = net->width[1];
    for (int i = 0; i < m; i++) {
        bool sine = parity == AZ_ODD || (parity == AZ_NO_PARITY && i % 2);
        net->weight[i] = parity == AZ_ODD ? i + 1 : parity == AZ_EVEN ? i : (i + 1) / 2;
        net->weight[m + i] = sine ? 0 : M_PI / 2;
    }
    net->n_frozen = 2 * m;
    memset(net->weight + net->n_frozen, 0, sizeof(double) * (size_t)m);
}

void az_mlp_chebyshev(az_network *net, az_parity parity)
{
    int m = net->width[1];
    for (int i = 0; i < m; i++) net->weight[i] = parity == AZ_NO_PARITY ? i : 2 * i + (parity == AZ_ODD);
    memset(net->weight + m, 0, sizeof(double) * (size_t)(2 * m));
    net->n_frozen = 2 * m;
}
