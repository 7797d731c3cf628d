/* gradient.c: methods that see only F = |r|^2/2 and its gradient: Adam (Kingma and Ba 2015), L-BFGS (Liu and Nocedal 1989) and the self-scaled
 * Broyden family (Al-Baali 1998, in the form of Urbán, Stefanou and Pons, J. Comput. Phys. 2025), with the weak Wolfe bisection of Lewis and Overton 2013. */
#include "solve/solver.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define ADAM_RATE 1e-3
#define ADAM_DECAY 5e-4 /* rate / (1 + decay * t) */
#define ADAM_BETA1 0.9
#define ADAM_BETA2 0.999
#define ADAM_EPS 1e-12 /* residuals reach 1e-10: the usual 1e-8 would freeze the step */
#define ARMIJO 1e-4
#define WOLFE 0.9
#define SEARCH_MAX 30
#define PAIRS 30 /* of L-BFGS */

/* memory: t | m | v */
int az_adam_memory(int cols) { return 1 + 2 * cols; }

void az_adam_reset(double *memory, int cols) { memset(memory, 0, sizeof(double) * (size_t)az_adam_memory(cols)); }

az_step az_adam_step(az_solver *s, double *x, double *r, double *memory)
{
    int n = s->f.cols;
    double *m = memory + 1, *v = m + n, t = ++memory[0];
    if (az_solver_gradient(s, s->g, x, r)) return AZ_STEP_FAILED;
    double rate = ADAM_RATE / (1 + ADAM_DECAY * t) * sqrt(1 - pow(ADAM_BETA2, t)) / (1 - pow(ADAM_BETA1, t));
    for (int j = 0; j < n; j++) {
        double g = s->g[j] / s->f.rows;
        m[j] = ADAM_BETA1 * m[j] + (1 - ADAM_BETA1) * g;
        v[j] = ADAM_BETA2 * v[j] + (1 - ADAM_BETA2) * g * g;
        s->x_new[j] = x[j] - rate * m[j] / (sqrt(v[j]) + ADAM_EPS);
    }
    if (s->f.project) s->f.project(s->f.data, s->x_new);
    if (!isfinite(az_solver_residual(s, s->r_new, s->x_new))) return AZ_STEP_NONE;
    memcpy(x, s->x_new, sizeof(double) * (size_t)n);
    memcpy(r, s->r_new, sizeof(double) * (size_t)s->f.rows);
    return AZ_STEP_OK;
}

/* Finds a weak Wolfe point along d; x_new, r_new and g_new hold it. Returns the step length, 0 if none lowers F. */
static double line_search(az_solver *s, const double *x, const double *r, const double *d, const double *g, double *g_new, double first)
{
    int n = s->f.cols;
    double f0 = 0.5 * az_dense_dot(r, r, s->f.rows), slope = az_dense_dot(g, d, n), lo = 0, hi = INFINITY, t = first;
    if (!(slope < 0)) return 0;
    for (int k = 0; k < SEARCH_MAX; k++) {
        for (int j = 0; j < n; j++) s->x_new[j] = x[j] + t * d[j];
        if (s->f.project) s->f.project(s->f.data, s->x_new);
        double f = 0.5 * az_solver_residual(s, s->r_new, s->x_new);
        if (!(f <= f0 + ARMIJO * t * slope)) {
            hi = t;
        } else {
            if (az_solver_gradient(s, g_new, s->x_new, s->r_new)) return 0;
            if (az_dense_dot(g_new, d, n) >= WOLFE * slope) return t;
            lo = t;
        }
        t = isfinite(hi) ? 0.5 * (lo + hi) : 2 * lo;
    }
    return 0;
}

static void accept(az_solver *s, double *x, double *r)
{
    memcpy(x, s->x_new, sizeof(double) * (size_t)s->f.cols);
    memcpy(r, s->r_new, sizeof(double) * (size_t)s->f.rows);
}

/* memory: have_gradient | pairs | newest | g | s[PAIRS][n] | y[PAIRS][n] */
int az_lbfgs_memory(int cols) { return 3 + (1 + 2 * PAIRS) * cols; }

void az_lbfgs_reset(double *memory, int cols) { memset(memory, 0, sizeof(double) * (size_t)az_lbfgs_memory(cols)); }

static void two_loops(double *d, const double *memory, int n)
{
    int count = (int)memory[1], newest = (int)memory[2];
    const double *ss = memory + 3 + n, *yy = ss + (size_t)PAIRS * (size_t)n;
    double alpha[PAIRS], gamma = 1;
    for (int k = 0; k < count; k++) {
        size_t at = (size_t)((newest - k + PAIRS) % PAIRS) * (size_t)n;
        alpha[k] = az_dense_dot(ss + at, d, n) / az_dense_dot(ss + at, yy + at, n);
        cblas_daxpy(n, -alpha[k], yy + at, 1, d, 1);
        if (k == 0) gamma = az_dense_dot(ss + at, yy + at, n) / az_dense_dot(yy + at, yy + at, n);
    }
    for (int j = 0; j < n; j++) d[j] *= gamma;
    for (int k = count - 1; k >= 0; k--) {
        size_t at = (size_t)((newest - k + PAIRS) % PAIRS) * (size_t)n;
        double beta = az_dense_dot(yy + at, d, n) / az_dense_dot(ss + at, yy + at, n);
        cblas_daxpy(n, alpha[k] - beta, ss + at, 1, d, 1);
    }
}

az_step az_lbfgs_step(az_solver *s, double *x, double *r, double *memory)
{
    int n = s->f.cols;
    double *g = memory + 3, *ss = g + n, *yy = ss + (size_t)PAIRS * (size_t)n;
    if (memory[0] == 0 && az_solver_gradient(s, g, x, r)) return AZ_STEP_FAILED;
    memcpy(s->d, g, sizeof(double) * (size_t)n);
    two_loops(s->d, memory, n);
    for (int j = 0; j < n; j++) s->d[j] = -s->d[j];
    double first = memory[1] > 0 ? 1 : 1 / (1 + sqrt(az_dense_dot(g, g, n)));
    double t = line_search(s, x, r, s->d, g, s->g, first);
    memory[0] = 1;
    if (t == 0) {
        bool retry = memory[1] > 0;
        memory[0] = memory[1] = 0;
        return retry ? az_lbfgs_step(s, x, r, memory) : AZ_STEP_NONE;
    }
    int newest = ((int)memory[2] + 1) % PAIRS;
    double *sn = ss + (size_t)newest * (size_t)n, *yn = yy + (size_t)newest * (size_t)n;
    for (int j = 0; j < n; j++) {
        sn[j] = s->x_new[j] - x[j];
        yn[j] = s->g[j] - g[j];
        g[j] = s->g[j];
    }
    if (az_dense_dot(sn, yn, n) > 0) {
        memory[2] = newest;
        if (memory[1] < PAIRS) memory[1]++;
    }
    accept(s, x, r);
    return AZ_STEP_OK;
}

/* memory: have_gradient | g | H[n][n] */
int az_ssbroyden_memory(int cols) { return 1 + cols + cols * cols; }

void az_ssbroyden_reset(double *memory, int cols)
{
    memset(memory, 0, sizeof(double) * (size_t)az_ssbroyden_memory(cols));
    for (int j = 0; j < cols; j++) memory[1 + cols + (size_t)j * (size_t)cols + (size_t)j] = 1;
}

typedef struct ss_factors {
    double tau, phi;
} ss_factors;

/* b = s'Bs/y's, h = y'Hy/y's; Urbán et al., eqs. 27-34 */
static ss_factors self_scaling(double b, double h, int n)
{
    double a = fmax(h * b - 1, 1e-16), c = sqrt(a / (1 + a));
    double rho = fmin(1, h * (1 - c)), low = (rho - 1) / a, high = 1 / rho;
    double theta = fmax(low, fmin(high, (1 - b) / b)), sigma = 1 + theta * a;
    double tau1 = fmin(1, 1 / b), root = pow(fmax(sigma, 1e-300), -1.0 / (n > 1 ? n - 1 : 1));
    double tau = theta <= 0 ? fmin(tau1 * root, sigma) : tau1 * fmin(root, 1 / theta);
    return (ss_factors){.tau = tau, .phi = (1 - theta) / sigma};
}

/* H = (H - Hy y'H / y'Hy + phi v v') / tau + s s'/y's, v = sqrt(y'Hy) (s/y's - Hy/y'Hy) */
static void update_inverse(double *h, int n, const double *step, const double *y, double *hy, double *v, double b)
{
    cblas_dsymv(CblasColMajor, CblasLower, n, 1, h, n, y, 1, 0, hy, 1);
    double ys = az_dense_dot(y, step, n), yhy = az_dense_dot(y, hy, n);
    if (!(ys > 0) || !(yhy > 0)) return;
    ss_factors k = self_scaling(b / ys, yhy / ys, n);
    for (int j = 0; j < n; j++) v[j] = sqrt(yhy) * (step[j] / ys - hy[j] / yhy);
    cblas_dsyr(CblasColMajor, CblasLower, n, -1 / yhy, hy, 1, h, n);
    cblas_dsyr(CblasColMajor, CblasLower, n, k.phi, v, 1, h, n);
    for (size_t j = 0; j < (size_t)n * (size_t)n; j++) h[j] /= k.tau;
    cblas_dsyr(CblasColMajor, CblasLower, n, 1 / ys, step, 1, h, n);
}

az_step az_ssbroyden_step(az_solver *s, double *x, double *r, double *memory)
{
    int n = s->f.cols;
    double *g = memory + 1, *h = g + n;
    if (memory[0] == 0 && az_solver_gradient(s, g, x, r)) return AZ_STEP_FAILED;
    cblas_dsymv(CblasColMajor, CblasLower, n, -1, h, n, g, 1, 0, s->d, 1);
    double first = memory[0] == 0 ? 1 / (1 + sqrt(az_dense_dot(g, g, n))) : 1;
    double t = line_search(s, x, r, s->d, g, s->g, first);
    if (t == 0) {
        bool retry = memory[0] != 0;
        az_ssbroyden_reset(memory, n);
        return retry ? az_ssbroyden_step(s, x, r, memory) : AZ_STEP_NONE;
    }
    memory[0] = 1;
    double *scratch = az_doubles(4 * (size_t)n);
    if (!scratch) return AZ_STEP_FAILED;
    double *step = scratch, *y = step + n, *hy = y + n, *v = hy + n;
    for (int j = 0; j < n; j++) {
        step[j] = s->x_new[j] - x[j];
        y[j] = s->g[j] - g[j];
    }
    double b = -t * az_dense_dot(step, g, n); /* s'Bs with s = t d, B d = -g */
    memcpy(g, s->g, sizeof(double) * (size_t)n);
    update_inverse(h, n, step, y, hy, v, b);
    az_doubles_free(scratch);
    accept(s, x, r);
    return AZ_STEP_OK;
}
