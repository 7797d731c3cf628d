/* png.c: a PNG file of palette indices (ISO/IEC 15948), its data in stored, not compressed, deflate blocks. */
#include "report/plot.h"

#include <string.h>

static void put_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> (24 - 8 * i));
}

/* CRC-32 with the polynomial of the standard's annex D. */
static uint32_t crc(uint32_t c, const char *bytes, size_t n)
{
    const uint32_t polynomial = 0xedb88320u;

    for (size_t i = 0; i < n; i++) {
        c ^= (unsigned char)bytes[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? polynomial ^ c >> 1 : c >> 1;
    }
    return c;
}

static void chunk(az_text *out, const char type[5], const char *data, size_t n)
{
    unsigned char length[4], sum[4];

    put_u32(length, (uint32_t)n);
    put_u32(sum, ~crc(crc(0xffffffffu, type, 4), data, n));
    az_text_write(out, (const char *)length, 4);
    az_text_write(out, type, 4);
    az_text_write(out, data, n);
    az_text_write(out, (const char *)sum, 4);
}

static uint32_t adler32(const char *bytes, size_t n)
{
    const uint32_t base = 65521; /* the largest prime below 2^16 (RFC 1950) */
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < n; i++) {
        a = (a + (unsigned char)bytes[i]) % base;
        b = (b + a) % base;
    }
    return b << 16 | a;
}

/* A zlib stream (RFC 1950) of stored blocks (RFC 1951). */
static void store(az_text *out, const char *bytes, size_t n)
{
    const size_t most = 65535;
    unsigned char sum[4];

    az_text_write(out, "\x78\x01", 2);
    for (size_t i = 0; i < n; i += most) {
        const size_t k = n - i < most ? n - i : most;
        const unsigned char head[5] = {i + k == n, k & 255, (unsigned char)(k >> 8), ~k & 255, (unsigned char)(~k >> 8)};
        az_text_write(out, (const char *)head, sizeof head);
        az_text_write(out, bytes + i, k);
    }
    put_u32(sum, adler32(bytes, n));
    az_text_write(out, (const char *)sum, 4);
}

void az_png(az_text *out, const unsigned char *pixel, int width, int height, const unsigned char palette[256][3])
{
    az_text raw = {0}, data = {0};
    unsigned char header[13] = {[8] = 8, [9] = 3}; /* bits per pixel, colour type: palette */

    for (int i = 0; i < height; i++) {
        az_text_write(&raw, "", 1); /* filter type of the row: none */
        az_text_write(&raw, (const char *)pixel + (size_t)i * (size_t)width, (size_t)width);
    }
    if (!raw.failed) store(&data, raw.s, raw.n);
    put_u32(header, (uint32_t)width);
    put_u32(header + 4, (uint32_t)height);
    az_text_write(out, "\x89PNG\r\n\x1a\n", 8);
    chunk(out, "IHDR", (const char *)header, sizeof header);
    chunk(out, "PLTE", (const char *)palette, 256 * 3);
    chunk(out, "tRNS", "", 1);
    if (raw.failed || data.failed) out->failed = true;
    else chunk(out, "IDAT", data.s, data.n);
    chunk(out, "IEND", "", 0);
    az_text_clear(&raw);
    az_text_clear(&data);
}
