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

az_status az_trailer_check(size_t *n_image, const void *bytes, size_t n, az_error *err)
{
    static const unsigned char hdf5[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    const unsigned char *b = bytes, *t = b + n - AZ_TRAILER_SIZE;

    if (n < sizeof hdf5 || memcmp(b, hdf5, sizeof hdf5)) return az_fail(err, AZ_EFORMAT, "it is not a result file of ansatz");
    if (n < sizeof hdf5 + AZ_TRAILER_SIZE || memcmp(t + 16, magic, sizeof magic) || get_u64(t) != n - AZ_TRAILER_SIZE)
        return az_fail(err, AZ_EFORMAT, "it is truncated, or an HDF5 file that ansatz did not write");
    if (get_u64(t + 8) != az_hash_bytes(az_hash_bytes(AZ_HASH_START, bytes, n - AZ_TRAILER_SIZE), t, 8))
        return az_fail(err, AZ_EFORMAT, "it is damaged: its content does not match its hash");
    *n_image = n - AZ_TRAILER_SIZE;
    return AZ_OK;
}
