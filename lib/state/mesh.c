/* mesh.c: where the weights of a stage of elements stand. */
#include "state/state.h"

#include <limits.h>
#include <math.h>

#define MAX_ELEMENTS (1 << 20)

static int elements(const az_mesh *m) { return m->n_edges - 1; }

/* Element 0 is of its own degree and shares no weights with a left neighbour. */
static bool own_centre(const az_mesh *m) { return m->parity != AZ_NO_PARITY || m->coordinates == AZ_POLAR; }

int az_mesh_wide(const az_mesh *m, int element)
{
    for (int i = 0; i < m->n_wide; i++)
        if (m->wide[i] == element) return i;
    return -1;
}

#define PER_ROOT 16 /* panel nodes */
#define LESS 3      /* as the plain degree is less than the nodes of a panel */

int az_mesh_wide_degree(const az_mesh *m, int pieces) { return (int)(PER_ROOT * sqrt(pieces)) - LESS + m->smooth; }

int az_mesh_degree(const az_mesh *m, int element)
{
    const int i = az_mesh_wide(m, element);
    if (i >= 0) return az_mesh_wide_degree(m, m->pieces[i]);
    return element == 0 && own_centre(m) ? m->centre : m->degree;
}

static int plain_bubbles(const az_mesh *m) { return m->degree + 1 - 2 * m->smooth; }

int az_mesh_n_bubbles(const az_mesh *m, int element)
{
    if (element > 0 || !own_centre(m)) return az_mesh_degree(m, element) + 1 - 2 * m->smooth;
    int last = m->centre - 2 * m->smooth;
    if (m->parity == AZ_NO_PARITY) return last + 1;
    return m->parity == AZ_EVEN ? last / 2 + 1 : (last + 1) / 2;
}

/* Bubbles of the wide elements left of a node, more than plain ones. */
static int extra_bubbles(const az_mesh *m, int node)
{
    int n = 0;
    for (int i = 0; i < m->n_wide; i++)
        if (m->wide[i] < node) n += az_mesh_n_bubbles(m, m->wide[i]) - plain_bubbles(m);
    return n;
}

int az_mesh_node(const az_mesh *m, int node)
{
    int per = m->smooth + plain_bubbles(m), extra = extra_bubbles(m, node);
    if (own_centre(m)) return node ? az_mesh_n_bubbles(m, 0) + (node - 1) * per + extra : -1;
    return m->periodic && node == elements(m) ? 0 : node * per + extra;
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

static bool wide_valid(const az_mesh *m)
{
    if (m->n_wide < 0 || m->n_wide > AZ_MAX_ANALYTIC || (m->n_wide && m->modes)) return false;
    for (int i = 0; i < m->n_wide; i++) {
        if (m->wide[i] < (own_centre(m) ? 1 : 0) || m->wide[i] >= elements(m) || (i && m->wide[i] <= m->wide[i - 1])) return false;
        if (m->pieces[i] < 1 || m->pieces[i] > AZ_MESH_MAX_PIECES || az_mesh_wide_degree(m, m->pieces[i]) < 2 * m->smooth) return false;
    }
    return true;
}

bool az_mesh_valid(const az_mesh *m)
{
    if (m->n_edges < 2 || m->n_edges - 1 > MAX_ELEMENTS || !m->edge) return false;
    if (m->smooth < 1 || m->smooth > AZ_MESH_MAX_SMOOTH || !(m->length >= 0) || isinf(m->length)) return false;
    if (m->degree < 2 * m->smooth || m->degree > AZ_MESH_MAX_DEGREE) return false;
    if (own_centre(m) && (m->edge[0] != 0 || m->centre <= 2 * m->smooth || m->centre > AZ_MESH_MAX_DEGREE || m->periodic)) return false;
    if (!wide_valid(m)) return false;
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
