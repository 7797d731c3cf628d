/* Fuzz target: the reader of result files. An input that begins with 'R' is a file, which HDF5 sees only with a right trailer. Any other is a list of changes to the numbers and texts
 * of a good file, which gets a right trailer again: it reaches the checks behind the hash without feeding HDF5 a broken structure, which it
 * would not always survive. Whatever loads must be saved and loaded again. */
#include "synthetic.h"

#include "io/io.h"

#include <hdf5.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_SLOTS 8000
#define MAX_ATTRIBUTES 500

typedef struct slot {
    size_t offset, size;
} slot;

static struct {
    char *bytes;
    size_t n; /* of the image, without the trailer */
    slot slot[MAX_SLOTS];
    int n_slots;
} good;

static struct {
    char path[MAX_ATTRIBUTES][128], name[MAX_ATTRIBUTES][64];
    int n;
} list;

/* HDF5 tells files in memory apart by name. */
static hid_t open_image(const char *name, const char *bytes, size_t n, unsigned flags)
{
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);
    char *copy = malloc(n);

    memcpy(copy, bytes, n);
    H5Pset_fapl_core(fapl, 1 << 16, 0);
    H5Pset_file_image(fapl, copy, n);
    const hid_t f = H5Fopen(name, flags, fapl);
    H5Pclose(fapl);
    free(copy);
    return f;
}

static void add_slots(size_t offset, size_t size, size_t step)
{
    for (size_t i = 0; i + step <= size && good.n_slots < MAX_SLOTS; i += step) good.slot[good.n_slots++] = (slot){offset + i, step};
}

/* Where an attribute's value lies shows when another one is written. */
static void find_value(const char *path, const char *name)
{
    const hid_t f = open_image("changed", good.bytes, good.n, H5F_ACC_RDWR), object = H5Oopen(f, path, H5P_DEFAULT);
    const hid_t a = H5Aopen(object, name, H5P_DEFAULT);
    const hid_t type = H5Aget_type(a);
    const size_t size = H5Tget_size(type);
    unsigned char v[4096];
    char *changed = malloc(good.n);
    size_t i = 0;

    H5Aread(a, type, v);
    for (size_t k = 0; k < size; k++) v[k] ^= 0xff;
    H5Awrite(a, type, v);
    H5Tclose(type);
    H5Aclose(a);
    H5Oclose(object);
    H5Fflush(f, H5F_SCOPE_GLOBAL);
    if (H5Fget_file_image(f, NULL, 0) == (ssize_t)good.n && H5Fget_file_image(f, changed, good.n) > 0) {
        while (i < good.n && good.bytes[i] == changed[i]) i++;
        if (i + size <= good.n) add_slots(i, size, size);
    }
    H5Fclose(f);
    free(changed);
}

static herr_t list_attribute(hid_t object, const char *name, const H5A_info_t *info, void *path)
{
    (void)object;
    (void)info;
    if (list.n == MAX_ATTRIBUTES) return 1;
    snprintf(list.path[list.n], sizeof list.path[0], "%s", (const char *)path);
    snprintf(list.name[list.n++], sizeof list.name[0], "%s", name);
    return 0;
}

static herr_t find_object(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
    char path[128];
    hsize_t start = 0;

    (void)data;
    snprintf(path, sizeof path, "%s", name);
    const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
    if (info->type == H5O_TYPE_DATASET) {
        const hid_t type = H5Dget_type(object);
        const size_t element = H5Tget_class(type) == H5T_STRING ? 1 : H5Tget_size(type);
        add_slots(H5Dget_offset(object), H5Dget_storage_size(object), element);
        H5Tclose(type);
    }
    H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &start, list_attribute, path);
    H5Oclose(object);
    return 0;
}

static void make_good(void)
{
    az_result *r = synthetic_result(line_text, NULL, 0, 3, 4);

    if (!r || az_result_save_memory(r, &good.bytes, &good.n, NULL)) abort();
    az_result_destroy(r);
    good.n -= AZ_TRAILER_SIZE;
    const hid_t f = open_image("good", good.bytes, good.n, H5F_ACC_RDONLY);
    H5Ovisit2(f, H5_INDEX_NAME, H5_ITER_NATIVE, find_object, NULL, H5O_INFO_ALL);
    H5Fclose(f);
    for (int i = 0; i < list.n; i++) find_value(list.path[i], list.name[i]);
    if (list.n < 50 || good.n_slots < 500) abort();
}

static void load(const void *bytes, size_t n)
{
    az_result *r = NULL, *q = NULL;
    char *again = NULL;
    size_t m = 0;
    az_error err;
    int changed;
    const az_status st = az_result_load_memory_changed(&r, "fuzz", bytes, n, &changed, &err);

    if (st) {
        if (st != AZ_EFORMAT && st != AZ_ENOMEM) abort();
        return;
    }
    if (az_result_save_memory(r, &again, &m, &err) || az_result_load_memory(&q, "again", again, m, &err)) abort();
    az_free(again);
    az_result_destroy(r);
    az_result_destroy(q);
}

/* records of ten bytes: slot, value */
static void load_changed(const uint8_t *data, size_t size)
{
    char *bytes = malloc(good.n + AZ_TRAILER_SIZE);

    memcpy(bytes, good.bytes, good.n);
    for (size_t i = 0; i + 10 <= size; i += 10) {
        const slot *s = &good.slot[(data[i] + 256 * data[i + 1]) % good.n_slots];
        memcpy(bytes + s->offset, data + i + 2, s->size < 8 ? s->size : 8);
    }
    az_trailer_write(bytes + good.n, bytes, good.n);
    load(bytes, good.n + AZ_TRAILER_SIZE);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!good.n) make_good();
    size_t n_image;
    bool vouched;
    if (size && data[0] == 'R' && (az_trailer_check(&n_image, &vouched, data + 1, size - 1, NULL) || !vouched)) return 0;
    if (size && data[0] == 'R') load(data + 1, size - 1);
    else load_changed(data, size);
    return 0;
}
