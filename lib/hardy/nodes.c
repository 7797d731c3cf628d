/* nodes.c: where the rows are asked for. */
#include "hardy/hardy.h"

#define NEAREST 12.0 /* decades between infinity and the farthest node: t = 1e-12 is y = 2e12 m */

/* Offsets in units of the distance, so that the sets interlace. */
static const double offset[3] = {0.5, 0.17, 0.83};

/* t = pi - theta, y = m tan(theta/2) = m/tan(t/2) */
static void node(arb_t y, const arb_t t, const arb_t scale, slong bits)
{
    arb_mul_2exp_si(y, t, -1);
    arb_tan(y, y, bits);
    arb_div(y, scale, y, bits);
    arb_get_mid_arb(y, y);
}

void az_hardy_nodes(arb_ptr y, int n, int set, const arb_t scale, slong bits)
{
    const int uniform = n - n / 3, tail = n - uniform;
    arb_t t, ten;

    arb_init(t);
    arb_init(ten);
    arb_set_ui(ten, 10);
    for (int i = 0; i < uniform; i++) {
        arb_const_pi(t, bits);
        arb_set_d(y + i, (i + offset[set]) / uniform);
        arb_mul(t, t, y + i, bits);
        node(y + i, t, scale, bits);
    }
    for (int i = 0; i < tail; i++) {
        arb_set_d(t, -NEAREST * (i + offset[set]) / tail);
        arb_pow(t, ten, t, bits);
        node(y + uniform + i, t, scale, bits);
    }
    arb_clear(t);
    arb_clear(ten);
}
