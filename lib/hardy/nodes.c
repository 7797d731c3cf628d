/* nodes.c: where the rows are asked for. */
#include "hardy/hardy.h"

#define FARTHEST 12.0 /* decades: t = 1e-12 is y = 2e12 m */
#define NEAREST 6.0   /* to 5e-7 m */
#define FAR_SHARE 3
#define NEAR_SHARE 12 /* the origin selects unknowns: rows there make what is wrong with them cost a residual */

/* Offsets in units of the distance, so that the sets interlace. */
static const double offset[3] = {0.5, 0.17, 0.83};

/* t = pi - theta, y = m tan(theta/2) = m/tan(t/2); or as far from 0: y = m tan(t/2) */
static void node(arb_t y, const arb_t t, bool near, const arb_t scale, slong bits)
{
    arb_mul_2exp_si(y, t, -1);
    arb_tan(y, y, bits);
    if (near) arb_mul(y, scale, y, bits);
    else arb_div(y, scale, y, bits);
    arb_get_mid_arb(y, y);
}

/* t from 1 down by decades */
static void spaced(arb_ptr y, int n, int set, double decades, bool near, const arb_t scale, slong bits)
{
    arb_t t, ten;

    arb_init(t);
    arb_init(ten);
    arb_set_ui(ten, 10);
    for (int i = 0; i < n; i++) {
        arb_set_d(t, -decades * (i + offset[set]) / n);
        arb_pow(t, ten, t, bits);
        node(y + i, t, near, scale, bits);
    }
    arb_clear(t);
    arb_clear(ten);
}

void az_hardy_nodes(arb_ptr y, int n, int set, const arb_t scale, slong bits)
{
    const int far = n / FAR_SHARE, near = n / NEAR_SHARE, uniform = n - far - near;
    arb_t t;

    arb_init(t);
    for (int i = 0; i < uniform; i++) {
        arb_const_pi(t, bits);
        arb_set_d(y + i, (i + offset[set]) / uniform);
        arb_mul(t, t, y + i, bits);
        node(y + i, t, false, scale, bits);
    }
    arb_clear(t);
    spaced(y + uniform, far, set, FARTHEST, false, scale, bits);
    spaced(y + uniform + far, near, set, NEAREST, true, scale, bits);
}
