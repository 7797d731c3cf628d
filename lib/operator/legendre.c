#include "operator/line.h"

#include <math.h>

#define NEWTON_STEPS 100 /* quadratic convergence needs 6; a cap, not a tolerance */
#define FORWARD_MAX 1.0005 /* beyond, the growth (t + sqrt(t^2-1))^(2n) of forward recurrence exceeds 2 for n = 12 */
#define MILLER_LOG 40.0 /* the minimal solution is separated by e^-40 */

void az_gauss_legendre(double *x, double *w, int n)
{
    for (int k = 0; k < n; k++) {
        double t = -cos(M_PI * (k + 0.75) / (n + 0.5)), slope = 1;
        for (int it = 0; it < NEWTON_STEPS; it++) {
            double p0 = 1, p1 = t;
            for (int j = 2; j <= n; j++) {
                double p2 = ((2 * j - 1) * t * p1 - (j - 1) * p0) / j;
                p0 = p1, p1 = p2;
            }
            slope = n * (t * p1 - p0) / (t * t - 1);
            double step = p1 / slope;
            t -= step;
            if (fabs(step) < 1e-17) break;
        }
        x[k] = t;
        w[k] = 2 / ((1 - t * t) * slope * slope);
    }
    for (int k = 0; k < n / 2; k++) {
        x[n - 1 - k] = -x[k];
        w[n - 1 - k] = w[k];
    }
    if (n % 2) x[n / 2] = 0;
}

static void forward(double *q, int n, double t, double q0)
{
    q[0] = q0;
    if (n > 1) q[1] = t * q0 - 1;
    for (int k = 1; k + 1 < n; k++) q[k + 1] = ((2 * k + 1) * t * q[k] - k * q[k - 1]) / (k + 1);
}

void az_legendre_q(double *q, int n, double t, double above, double below)
{
    double q0 = 0.5 * log(fabs(above / below));
    double size = fabs(t);
    if (size <= FORWARD_MAX) {
        forward(q, n, t, q0);
        return;
    }
    double rate = 2 * log(size + sqrt(size * size - 1));
    int top = n + 2 + (int)(MILLER_LOG / rate);
    double later = 0, now = 1e-300, earlier = 0;
    for (int k = top; k > 0; k--) {
        earlier = ((2 * k + 1) * t * now - (k + 1) * later) / k;
        later = now, now = earlier;
        if (k - 1 < n) q[k - 1] = now;
        if (fabs(now) > 1e250) {
            for (int j = k - 1; j < n; j++) q[j] *= 1e-250;
            now *= 1e-250, later *= 1e-250;
        }
    }
    double norm = q0 / q[0];
    for (int k = 0; k < n; k++) q[k] *= norm;
}
