/* lm.c: Levenberg's method with chord corrections.
 *
 * Each iteration solves (J'J + mu s I) d = -J'r, s the largest squared column norm, and accepts a lower residual: mu/10
 * if at once, else mu stays where it was found, by threes. An accepted step is followed by chord corrections: the same factor applied to the new residual, while each lowers it enough. They cost a residual
 * evaluation, a twentieth of a Jacobian, and act as iterative refinement of the normal equations: as deep as QR while what is sought lies
 * along singular values above the square root of rounding (recipes). Below that only QR of [J; sqrt(mu s) I] sees them, by the R of J: a shift costs no rows.
 * Levenberg 1944; Moré 1978; the chord method: Kelley, Iterative Methods for Linear and Nonlinear Equations, 5.4.
 */
#include "solve/solver.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#define MU_START 1e-2
#define MU_MIN 1e-30
#define MU_MAX 1e6
#define MU_DOWN 0.1
#define MU_UP 3.0
#define SHORTEST 0.01 /* share of Newton's step */
#define CONTRACTS 0.05 /* after one, corrections by an old factor lead astray sooner than they pay */
#define CHORD_MAX 40
#define BENDS_MAX 4 /* corrections towards what the model foresaw */
#define BEND_LESS 0.75 /* each at most this times the one before it, the first of the step: beyond that the expansion is of no use (Transtrum and Sethna) */
#define BEND_PAYS 0.98
#define CHORD_PAYS 0.95 /* a correction that gains less than 5% is the last */

void az_lm_reset(double *memory) { memory[0] = MU_START; }

/* Columns measured by their norms where the model is linear in x, so that small ones are not lost below the rounding of large ones; in the
 * nonlinear first stage that scaling is worse than none (recipes). norm2: the squared norm of column j; scale[j] is to multiply it. */
static void measure(az_solver *s, int j, double norm2, double *largest)
{
    const bool own = s->f.normalise && norm2 > 0;
    s->scale[j] = own ? 1 / sqrt(norm2) : 1;
    *largest = fmax(*largest, own ? 1 : norm2);
    if (isnan(norm2)) *largest = NAN;
}

/* gram = (J S)' J S. The largest squared column norm. */
static double make_gram(az_solver *s)
{
    const size_t n = (size_t)s->f.cols;
    double largest = 0;
    az_dense_gram(s->gram, s->f.cols, s->jac, s->f.ld, s->f.rows, s->f.cols, s->f.threads);
    for (size_t j = 0; j < n; j++) measure(s, (int)j, s->gram[j * n + j], &largest);
    for (size_t j = 0; j < n && s->f.normalise; j++)
        for (size_t i = j; i < n; i++) s->gram[j * n + i] *= s->scale[i] * s->scale[j];
    return largest;
}

static int least(int a, int b) { return a < b ? a : b; }

/* Q R = J S, whose rows need not outnumber its columns. The largest squared column norm, NaN where J is not finite. */
static double make_qr(az_solver *s)
{
    const int m = s->f.rows, n = s->f.cols;
    double largest = 0;
    for (int j = 0; j < n; j++) {
        const double *from = s->jac + (size_t)j * (size_t)s->f.ld;
        double *to = s->qr + (size_t)j * (size_t)m;
        measure(s, j, az_dense_dot(from, from, m), &largest);
        for (int i = 0; i < m; i++) to[i] = s->scale[j] * from[i];
    }
    return az_dense_qr(s->qr, m, s->tau, m, n) ? largest : NAN;
}

/* factor = chol(gram + shift I) */
static bool factorise_gram(az_solver *s, double shift)
{
    int n = s->f.cols;
    memcpy(s->factor, s->gram, sizeof(double) * (size_t)n * (size_t)n);
    for (int j = 0; j < n; j++) s->factor[(size_t)j * (size_t)n + (size_t)j] += shift;
    return az_dense_cholesky(s->factor, n, n, s->f.threads);
}

/* damped = QR of [R; sqrt(shift) I] */
static bool factorise_qr(az_solver *s, double shift)
{
    const int m = s->f.rows, n = s->f.cols, k = least(m, n);
    for (int j = 0; j < n; j++) {
        double *to = s->damped + (size_t)j * (size_t)(k + n);
        memset(to, 0, sizeof(double) * (size_t)(k + n));
        memcpy(to, s->qr + (size_t)j * (size_t)m, sizeof(double) * (size_t)least(j + 1, k));
        to[k + j] = sqrt(shift);
    }
    return az_dense_qr(s->damped, k + n, s->tau + n, k + n, n);
}

static bool factorise(az_solver *s, double shift)
{
    s->times.n_factors++;
    return s->method == AZ_METHOD_LM_QR ? factorise_qr(s, shift) : factorise_gram(s, shift);
}

/* d = -(J'J + shift)^-1 J' r by the factor at hand */
static bool direction(az_solver *s, double *d, const double *r)
{
    const int n = s->f.cols, m = s->f.rows, k = least(m, n);
    if (s->method == AZ_METHOD_LM) {
        az_dense_apply_t(d, s->jac, s->f.ld, r, m, n, s->f.threads);
        for (int j = 0; j < n; j++) d[j] *= s->scale[j];
        az_dense_cholesky_solve(s->factor, n, n, d);
    } else {
        memcpy(s->rhs, r, sizeof(double) * (size_t)m);
        if (!az_dense_qr_apply_t(s->qr, m, s->tau, s->rhs, m, k)) return false;
        memset(s->rhs + k, 0, sizeof(double) * (size_t)n);
        if (!az_dense_qr_apply_t(s->damped, k + n, s->tau + n, s->rhs, k + n, n) || !az_dense_qr_solve(s->damped, k + n, s->rhs, n)) return false;
        memcpy(d, s->rhs, sizeof(double) * (size_t)n);
    }
    for (int j = 0; j < n; j++) d[j] *= -s->scale[j];
    return true;
}

static double scaled_norm(const az_solver *s, const double *d)
{
    double sum = 0;
    for (int j = 0; j < s->f.cols; j++) sum += d[j] / s->scale[j] * (d[j] / s->scale[j]);
    return sqrt(sum);
}

/* x_new = x + d, r_new there; its squared norm, infinite where it is not finite, or x_new too long and longer than x */
static double probe(az_solver *s, const double *x, const double *d)
{
    for (int j = 0; j < s->f.cols; j++) s->x_new[j] = x[j] + d[j];
    if (s->f.project) s->f.project(s->f.data, s->x_new);
    const double length = s->f.longest > 0 ? scaled_norm(s, s->x_new) : 0;
    if (!(length <= s->f.longest) && !(length <= scaled_norm(s, x))) return INFINITY;
    return az_solver_residual(s, s->r_new, s->x_new);
}

static void accept(az_solver *s, double *x, double *r)
{
    memcpy(x, s->x_new, sizeof(double) * (size_t)s->f.cols);
    memcpy(r, s->r_new, sizeof(double) * (size_t)s->f.rows);
}

static void chord(az_solver *s, double *x, double *r, double now)
{
    double size = scaled_norm(s, s->d);
    for (int k = 0; k < CHORD_MAX; k++) {
        if (!direction(s, s->d, r)) return;
        double correction = scaled_norm(s, s->d);
        if (s->f.shortest && !(correction < CONTRACTS * size)) return;
        double next = probe(s, x, s->d);
        if (!(next < now)) return;
        accept(s, x, r);
        if (next > CHORD_PAYS * CHORD_PAYS * now) return;
        now = next;
        size = correction;
    }
}

/* Newton's step d from x, halved until the next correction by the same factor is smaller though the residual may not be (Deuflhard 1974): in a curved
 * valley damping would pull the unknowns that the residual sees least out of step. The squared norm of r_new, infinite if no length from `share` on is good. */
static double shorten(az_solver *s, const double *x, double now, double share)
{
    double size = scaled_norm(s, s->d);
    for (double length = 1; length >= share; length *= 0.5) {
        double next = probe(s, x, s->d);
        if (next < now * (1 - 0.5 * length)) return next;
        if (isfinite(next) && direction(s, s->g, s->r_new) && scaled_norm(s, s->g) < (1 - 0.25 * length) * size) return next;
        for (int j = 0; j < s->f.cols; j++) s->d[j] *= 0.5;
    }
    return INFINITY;
}

/* Where the rows bend, a step along their valley leaves its floor by the square of its length, and damping would have to keep it short. Corrections by the
 * same factor bring the rows back to what the model foresaw, r + J d, without going further along: J'(r + J d) = -shift d. With one correction this is
 * geodesic acceleration, its second derivative a difference over the whole step (Transtrum and Sethna 2012). next: the squared norm at x + d; returns that
 * at the corrected x + d, which r_new belongs to. */
static double bend(az_solver *s, const double *x, double next, double shift)
{
    const int n = s->f.cols;
    memcpy(s->step, s->d, sizeof(double) * (size_t)n);
    double most = scaled_norm(s, s->d);
    for (int k = 0; k < BENDS_MAX && isfinite(next); k++) {
        az_dense_apply_t(s->g, s->jac, s->f.ld, s->r_new, s->f.rows, n, s->f.threads);
        for (int j = 0; j < n; j++) s->g[j] = s->g[j] * s->scale[j] + shift * s->step[j] / s->scale[j];
        az_dense_cholesky_solve(s->factor, n, n, s->g);
        for (int j = 0; j < n; j++) s->g[j] *= -s->scale[j];
        double size = scaled_norm(s, s->g);
        if (!(size < BEND_LESS * most)) break;
        most = size;
        for (int j = 0; j < n; j++) s->d[j] += s->g[j];
        double bent = probe(s, x, s->d);
        if (!(bent < next)) {
            for (int j = 0; j < n; j++) s->d[j] -= s->g[j];
            return probe(s, x, s->d);
        }
        bool pays = bent < BEND_PAYS * next;
        next = bent;
        if (!pays) break;
    }
    return next;
}

az_step az_lm_step(az_solver *s, double *x, double *r, double *memory)
{
    double now = az_dense_dot(r, r, s->f.rows), t = az_seconds();
    if (s->f.jacobian(s->f.data, s->jac, x)) return AZ_STEP_FAILED;
    s->times.n_jacobians++;
    s->times.jacobian += az_seconds() - t, t = az_seconds();
    const double scale = s->method == AZ_METHOD_LM_QR ? make_qr(s) : make_gram(s);
    s->times.products += az_seconds() - t;
    if (!(scale > 0) || !isfinite(scale)) return AZ_STEP_NONE;
    double share = s->f.shortest ? s->f.shortest(s->f.data) : 0;
    for (double mu = memory[0], first = mu; mu <= MU_MAX; mu *= MU_UP) {
        t = az_seconds();
        bool ok = factorise(s, mu * scale) && direction(s, s->d, r);
        s->times.factor += az_seconds() - t;
        if (!ok) continue;
        double next = s->f.shortest ? shorten(s, x, now, share > 0 ? share : SHORTEST) : probe(s, x, s->d);
        if (s->f.curved && s->method == AZ_METHOD_LM) next = bend(s, x, next, mu * scale);
        if (share > 0 && !isfinite(next)) return AZ_STEP_NONE;
        if (!(s->f.shortest ? isfinite(next) : next < now)) continue;
        accept(s, x, r);
        chord(s, x, r, next);
        memory[0] = mu == first ? fmax(mu * MU_DOWN, MU_MIN) : mu;
        return AZ_STEP_OK;
    }
    memory[0] = MU_START;
    return AZ_STEP_NONE;
}
