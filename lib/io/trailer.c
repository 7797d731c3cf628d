/* trailer.c: the last bytes of a result file vouch for the ones before. */
#include "io/io.h"

#include <string.h>

static const unsigned char magic[8] = {0x89, 'a', 'n', 's', 'a', 't', 'z', '\n'};

static void put_u64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> (8 * i));
}

static uint64_t get_u64(const unsigned char *p)
{
    uint64_t v = 0;

    for (int i = 0; i < 8; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

void az_trailer_write(void *trailer, const void *image, size_t n)
{
    unsigned char *t = trailer;

    put_u64(t, n);
    put_u64(t + 8, az_hash_bytes(az_hash_bytes(AZ_HASH_START, image, n), t, 8));
    memcpy(t + 16, magic, sizeof magic);
}

/* Where HDF5 says that the file ends: the field of its superblock ("HDF5 File Format
 * Specification", II.A; versions 0, 1, and 2 or 3). 0 if it is none of them. */
static uint64_t hdf5_end(const unsigned char *b, size_t n)
{
    static const struct {
        unsigned char version, size_at, end_at;
    } known[] = {{0, 13, 40}, {1, 13, 44}, {2, 9, 28}, {3, 9, 28}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (n >= known[i].end_at + 8u && b[8] == known[i].version && b[known[i].size_at] == 8)
            return get_u64(b + known[i].end_at);
    return 0;
}

az_status az_trailer_check(size_t *n_image, bool *vouched, const void *bytes, size_t n,
                           az_error *err)
{
    static const unsigned char hdf5[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    const unsigned char *b = bytes;

    *vouched = false;
    *n_image = 0;
    if (n < sizeof hdf5 || memcmp(b, hdf5, sizeof hdf5)) return az_fail(err, AZ_EFORMAT, "it is not a result file of ansatz");
    if (n < sizeof hdf5 + AZ_TRAILER_SIZE || memcmp(b + n - 8, magic, sizeof magic)) {
        const uint64_t end = hdf5_end(b, n);
        if (!end || end > n)
            return az_fail(err, AZ_EFORMAT,
                           "it is truncated, or an HDF5 file that ansatz did not write");
        *n_image = (size_t)end;
        return AZ_OK;
    }
    const unsigned char *t = b + n - AZ_TRAILER_SIZE;
    *n_image = n - AZ_TRAILER_SIZE;
    if (get_u64(t) != *n_image)
        return az_fail(err, AZ_EFORMAT,
                       "it is damaged: its length is not the one that was written");
    if (get_u64(t + 8) != az_hash_bytes(az_hash_bytes(AZ_HASH_START, bytes, *n_image), t, 8))
        return az_fail(err, AZ_EFORMAT, "it is damaged: its content does not match its hash");
    *vouched = true;
    return AZ_OK;
}
