/* mesh.c: where the weights of a stage of elements stand. */
#include "state/state.h"

#include <limits.h>
#include <math.h>

#define MAX_ELEMENTS (1 << 20)

static int elements(const az_mesh *m) { return m->n_edges - 1; }

/* Element 0 is of its own degree and shares no weights with a left neighbour. */
static bool own_centre(const az_mesh *m) { return m->parity != AZ_NO_PARITY || m->coordinates == AZ_POLAR; }

static int plain_bubbles(const az_mesh *m) { return m->degree + 1 - 2 * m->smooth; }

int az_mesh_n_bubbles(const az_mesh *m, int element)
{
    if (element > 0 || !own_centre(m)) return plain_bubbles(m);
    int last = m->centre - 2 * m->smooth;
    if (m->parity == AZ_NO_PARITY) return last + 1;
    return m->parity == AZ_EVEN ? last / 2 + 1 : (last + 1) / 2;
}

int az_mesh_node(const az_mesh *m, int node)
{
    int per = m->smooth + plain_bubbles(m);
    if (own_centre(m)) return node ? az_mesh_n_bubbles(m, 0) + (node - 1) * per : -1;
    return m->periodic && node == elements(m) ? 0 : node * per;
}

int az_mesh_bubble(const az_mesh *m, int element)
{
    return own_centre(m) && element == 0 ? 0 : az_mesh_node(m, element) + m->smooth;
}

int az_mesh_node_weights(const az_mesh *m, int node) { return m->flat && node == elements(m) ? 1 : m->smooth; }

int az_mesh_count(const az_mesh *m)
{
    int last = elements(m) - 1;
    return az_mesh_bubble(m, last) + az_mesh_n_bubbles(m, last) + (m->periodic ? 0 : az_mesh_node_weights(m, last + 1));
}

int az_mesh_n_core(const az_mesh *m)
{
    int n = 0;
    for (int k = 0; k < m->smooth && m->coordinates == AZ_POLAR; k++) n += k / 2 + 1;
    return n;
}

int az_mesh_weights(const az_mesh *m)
{
    int64_t n = (int64_t)az_mesh_count(m) * (m->modes ? m->modes : 1) + az_mesh_n_core(m);
    return n > INT_MAX ? -1 : (int)n;
}

static double half(const az_mesh *m, int e)
{
    if (e == 0 && m->parity != AZ_NO_PARITY) return m->edge[1];
    return 0.5 * (m->edge[e + 1] - m->edge[e]);
}

double az_mesh_node_width(const az_mesh *m, int node)
{
    int left = node - 1, right = node, n = elements(m);
    if (m->periodic) left = (left + n) % n, right %= n;
    if (left < 0) left = right;
    if (right >= n) right = left;
    return fmin(half(m, left), half(m, right));
}

bool az_mesh_valid(const az_mesh *m)
{
    if (m->n_edges < 2 || m->n_edges - 1 > MAX_ELEMENTS || !m->edge) return false;
    if (m->smooth < 1 || m->smooth > AZ_MESH_MAX_SMOOTH || !(m->length >= 0) || isinf(m->length)) return false;
    if (m->degree < 2 * m->smooth || m->degree > AZ_MESH_MAX_DEGREE) return false;
    if (own_centre(m) && (m->edge[0] != 0 || m->centre <= 2 * m->smooth || m->centre > AZ_MESH_MAX_DEGREE || m->periodic)) return false;
    if (m->flat < 0 || m->flat > 1 || (m->flat && m->periodic) || m->modes < 0 || m->modes > AZ_MESH_MAX_MODES) return false;
    if (m->modes && (m->across == AZ_NO_PARITY || !(m->length > 0) || !(m->grading > 0) || isinf(m->grading) || m->edge[0] != 0)) return false;
    bool conformal = m->coordinates == AZ_CONFORMAL && m->parity == m->across;
    bool polar = m->coordinates == AZ_POLAR && m->parity == AZ_NO_PARITY && m->across == AZ_EVEN;
    if (m->modes && !conformal && !polar) return false;
    if (!m->modes && (m->across != AZ_NO_PARITY || m->coordinates)) return false;
    for (int i = 0; i < m->n_edges; i++)
        if (!isfinite(m->edge[i]) || (i && !(m->edge[i - 1] < m->edge[i]))) return false;
    return true;
}
