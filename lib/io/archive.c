/* archive.c: see archive.h. The file image is written to disk by us, so HDF5 never meets a full disk. */
#include "io/archive.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#define CORE_INCREMENT ((size_t)1 << 20)    /* by which HDF5 lets its image grow */
#define MAX_TEXT ((size_t)1 << 24)
#define MAX_ENTRIES 60000                   /* HDF5 keeps up to 65535 attributes or links in a header */
#define MAX_LABEL 64
#define MAX_NOTE 4000

void az_archive_fail(az_archive *a, az_status s, const char *format, ...)
{
    va_list ap;

    if (a->status) return;
    a->status = s;
    va_start(ap, format);
    vsnprintf(a->message, sizeof a->message, format, ap);
    va_end(ap);
}

static void fail_at(az_archive *a, const char *name, const char *what)
{
    char path[128] = "";

    if (a->status) return;
    if (H5Iget_name(a->group[a->depth], path, sizeof path) <= 0) path[0] = 0;
    az_archive_fail(a, AZ_EFORMAT, "%s%s%s %s", path, strcmp(path, "/") ? "/" : "", name, what);
}

/* HDF5 writes to memory only, so a failure there means that memory ran out. */
static void fail_writing(az_archive *a) { az_archive_fail(a, AZ_ENOMEM, "HDF5 could not build the file in memory"); }

/* n numbers of `width` bytes, the lowest byte first on every machine. Terms are added, since the
 * order is not the same both ways. */
static void fold(az_archive *a, const char *name, const void *v, size_t n, size_t width)
{
    static const union {
        uint16_t i;
        unsigned char c;
    } one = {1};
    const unsigned char *p = v;
    uint64_t h = az_hash_bytes(a->path[a->depth], name, strlen(name) + 1);

    if (a->status) return;
    h = az_hash_bytes(h, (const unsigned char[]){(unsigned char)width}, 1);
    if (one.c == 1) h = az_hash_bytes(h, p, n * width);
    for (size_t i = 0; one.c != 1 && i < n; i++)
        for (size_t k = width; k > 0; k--) h = az_hash_bytes(h, p + i * width + k - 1, 1);
    a->hash += h;
}

static void begin(az_archive *a, bool writing)
{
    *a = (az_archive){.writing = writing, .file = H5I_INVALID_HID, .path = {AZ_HASH_START}};
    for (int i = 0; i < AZ_ARCHIVE_DEPTH; i++) a->group[i] = H5I_INVALID_HID;
    H5Eget_auto2(H5E_DEFAULT, &a->report, &a->report_data);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static hid_t memory_access(void)
{
    const hid_t fapl = H5Pcreate(H5P_FILE_ACCESS);

    if (fapl >= 0 && H5Pset_fapl_core(fapl, CORE_INCREMENT, 0) >= 0 &&
        H5Pset_libver_bounds(fapl, H5F_LIBVER_EARLIEST, H5F_LIBVER_LATEST) >= 0) return fapl;
    H5Pclose(fapl);
    return H5I_INVALID_HID;
}

/* HDF5 tells files in memory apart by name; an address is one. */
static void unique_name(char *name, size_t n, const void *address) { snprintf(name, n, "ansatz-%p", address); }

/* Attributes and links kept in the headers make small files; without times of creation the same state gives the same bytes. */
static hid_t creation(hid_t property_class)
{
    const hid_t p = H5Pcreate(property_class);
    const bool of_group = property_class != H5P_DATASET_CREATE;

    if (p >= 0 && H5Pset_obj_track_times(p, 0) >= 0 && H5Pset_attr_phase_change(p, MAX_ENTRIES, 0) >= 0 &&
        (!of_group || H5Pset_link_phase_change(p, MAX_ENTRIES, 0) >= 0)) return p;
    H5Pclose(p);
    return H5I_INVALID_HID;
}

void az_archive_create(az_archive *a)
{
    char name[40];

    begin(a, true);
    unique_name(name, sizeof name, a);
    const hid_t fapl = memory_access(), fcpl = creation(H5P_FILE_CREATE);
    if (fapl >= 0 && fcpl >= 0) a->file = H5Fcreate(name, H5F_ACC_TRUNC, fcpl, fapl);
    a->group[0] = H5Gopen2(a->file, "/", H5P_DEFAULT);
    if (a->group[0] < 0) fail_writing(a);
    H5Pclose(fapl);
    H5Pclose(fcpl);
}

void az_archive_open(az_archive *a, const void *image, size_t n)
{
    char name[40];

    begin(a, false);
    unique_name(name, sizeof name, a);
    const hid_t fapl = memory_access();
    void *copy = az_alloc_array(n, 1);
    if (copy) memcpy(copy, image, n); /* H5Pset_file_image takes a pointer to non-const */
    if (!copy || fapl < 0) az_archive_fail(a, AZ_ENOMEM, "no memory for %zu bytes", n);
    else if (H5Pset_file_image(fapl, copy, n) >= 0) a->file = H5Fopen(name, H5F_ACC_RDONLY, fapl);
    a->group[0] = H5Gopen2(a->file, "/", H5P_DEFAULT);
    if (a->group[0] < 0) az_archive_fail(a, AZ_EFORMAT, "HDF5 does not accept the file");
    az_free(copy);
    H5Pclose(fapl);
}

void az_archive_image(az_archive *a, char **bytes, size_t *n, size_t extra)
{
    if (a->status) return;
    const ssize_t size = H5Fflush(a->file, H5F_SCOPE_GLOBAL) >= 0 ? H5Fget_file_image(a->file, NULL, 0) : -1;
    char *image = size > 0 ? az_alloc_array((size_t)size + extra, 1) : NULL;
    if (!image || H5Fget_file_image(a->file, image, (size_t)size) != size) {
        az_free(image);
        fail_writing(a);
        return;
    }
    *bytes = image;
    *n = (size_t)size;
}

void az_archive_close(az_archive *a)
{
    for (int i = a->depth; i >= 0; i--) H5Gclose(a->group[i]);
    H5Fclose(a->file);
    H5Eset_auto2(H5E_DEFAULT, a->report, a->report_data);
}

/* Links of other kinds could lead out of the file. */
static bool is_inside(hid_t group, const char *name)
{
    H5L_info_t info;

    return H5Lget_info(group, name, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

static hid_t utf8_names(hid_t property_class)
{
    const hid_t p = H5Pcreate(property_class);

    if (p >= 0) H5Pset_char_encoding(p, H5T_CSET_UTF8);
    return p;
}

void az_archive_enter(az_archive *a, const char *name, const char *about)
{
    const hid_t parent = a->group[a->depth];
    hid_t *group = &a->group[++a->depth];

    assert(a->depth < AZ_ARCHIVE_DEPTH);
    a->path[a->depth] = az_hash_bytes(a->path[a->depth - 1], name, strlen(name) + 1);
    *group = H5I_INVALID_HID;
    if (a->status) return;
    if (a->writing) {
        const hid_t gcpl = creation(H5P_GROUP_CREATE), lcpl = utf8_names(H5P_LINK_CREATE);
        *group = H5Gcreate2(parent, name, lcpl, gcpl, H5P_DEFAULT);
        H5Pclose(gcpl);
        H5Pclose(lcpl);
        if (*group < 0) fail_writing(a);
        if (about) az_archive_note(a, "about", about);
    } else {
        if (is_inside(parent, name)) *group = H5Gopen2(parent, name, H5P_DEFAULT);
        if (*group >= 0) return;
        a->depth--;
        fail_at(a, name, "is missing");
        a->depth++;
    }
}

void az_archive_leave(az_archive *a)
{
    assert(a->depth > 0);
    H5Gclose(a->group[a->depth--]);
}

static hid_t new_attribute(az_archive *a, const char *name, hid_t type)
{
    const hid_t space = H5Screate(H5S_SCALAR), acpl = utf8_names(H5P_ATTRIBUTE_CREATE);
    const hid_t attribute = H5Acreate2(a->group[a->depth], name, type, space, acpl, H5P_DEFAULT);

    H5Sclose(space);
    H5Pclose(acpl);
    return attribute;
}

/* A scalar attribute of exactly this type, v in the type's own memory form. */
static void attribute(az_archive *a, const char *name, hid_t file_type, hid_t memory_type, void *v)
{
    if (a->status) return;
    if (a->writing) {
        const hid_t at = new_attribute(a, name, file_type);
        if (H5Awrite(at, memory_type, v) < 0) fail_writing(a);
        H5Aclose(at);
        return;
    }
    const hid_t at = H5Aopen(a->group[a->depth], name, H5P_DEFAULT);
    if (at < 0) {
        fail_at(a, name, "is missing");
        return;
    }
    const hid_t type = H5Aget_type(at), space = H5Aget_space(at);
    if (H5Tequal(type, file_type) <= 0 || H5Sget_simple_extent_type(space) != H5S_SCALAR) fail_at(a, name, "has an unexpected type");
    else if (H5Aread(at, memory_type, v) < 0) fail_at(a, name, "cannot be read");
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(at);
}

void az_archive_int(az_archive *a, const char *name, int *v, int lo, int hi)
{
    char what[96];
    int x = 0;

    if (a->status) return;
    if (a->writing) x = *v;
    if (a->writing && (x < lo || x > hi)) goto outside;
    attribute(a, name, H5T_STD_I32LE, H5T_NATIVE_INT, &x);
    if (a->status) return;
    if (x < lo || x > hi) goto outside;
    if (!a->writing) *v = x; /* what is written is not written to */
    fold(a, name, &x, 1, sizeof x);
    return;
outside:
    snprintf(what, sizeof what, "is %d, outside %d..%d", x, lo, hi);
    fail_at(a, name, what);
}

void az_archive_u64(az_archive *a, const char *name, uint64_t *v)
{
    attribute(a, name, H5T_STD_U64LE, H5T_NATIVE_UINT64, v);
    fold(a, name, v, 1, sizeof *v);
}

void az_archive_double(az_archive *a, const char *name, double *v)
{
    attribute(a, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, v);
    fold(a, name, v, 1, sizeof *v);
}

static hid_t text_type(size_t size)
{
    const hid_t type = H5Tcopy(H5T_C_S1);

    if (type >= 0 && H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0) return type;
    H5Tclose(type);
    return H5I_INVALID_HID;
}

/* Cut between characters where it is longer than an attribute may be. */
void az_archive_note(az_archive *a, const char *name, const char *text)
{
    char cut[MAX_NOTE + 1];
    size_t n = strnlen(text, MAX_NOTE);

    if (a->status || !a->writing) return;
    while (text[n] && n && (text[n] & 0xc0) == 0x80) n--;
    memcpy(cut, text, n);
    cut[n] = 0;
    const hid_t type = text_type(n + 1), at = new_attribute(a, name, type);
    if (H5Awrite(at, type, cut) < 0) fail_writing(a);
    H5Aclose(at);
    H5Tclose(type);
}

static void read_label(az_archive *a, const char *name, char label[MAX_LABEL])
{
    const hid_t at = H5Aopen(a->group[a->depth], name, H5P_DEFAULT);
    const hid_t type = H5Aget_type(at), space = H5Aget_space(at);

    label[0] = 0;
    if (at < 0) fail_at(a, name, "is missing");
    else if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) || H5Tget_size(type) > MAX_LABEL ||
             H5Sget_simple_extent_type(space) != H5S_SCALAR) fail_at(a, name, "has an unexpected type");
    else if (H5Aread(at, type, label) < 0) fail_at(a, name, "cannot be read");
    label[MAX_LABEL - 1] = 0;
    H5Sclose(space);
    H5Tclose(type);
    H5Aclose(at);
}

void az_archive_choice(az_archive *a, const char *name, int *v, int lo, int hi, const char *(*label)(int))
{
    char found[MAX_LABEL];

    if (a->status) return;
    if (a->writing) {
        if (*v >= lo && *v <= hi) az_archive_note(a, name, label(*v));
        else fail_at(a, name, "has no such choice");
        if (!a->status) fold(a, name, label(*v), strlen(label(*v)), 1);
        return;
    }
    read_label(a, name, found);
    if (a->status) return;
    for (int i = lo; i <= hi; i++) {
        if (strcmp(label(i), found)) continue;
        *v = i;
        fold(a, name, found, strlen(found), 1);
        return;
    }
    fail_at(a, name, "has no such choice");
}

int az_archive_n_attributes(az_archive *a)
{
    H5O_info_t info;

    if (a->status) return 0;
    if (H5Oget_info2(a->group[a->depth], &info, H5O_INFO_NUM_ATTRS) < 0 || info.num_attrs > MAX_ENTRIES) {
        fail_at(a, "attributes", "cannot be counted");
        return 0;
    }
    return (int)info.num_attrs;
}

void az_archive_attribute_name(az_archive *a, int i, char **name)
{
    const hid_t group = a->group[a->depth];

    if (a->status) return;
    const ssize_t n = H5Aget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, NULL, 0, H5P_DEFAULT);
    char *s = n >= 0 ? az_alloc_array((size_t)n + 1, 1) : NULL;
    if (n >= 0 && !s) {
        az_archive_fail(a, AZ_ENOMEM, "no memory for a name");
    } else if (n < 0 || H5Aget_name_by_idx(group, ".", H5_INDEX_NAME, H5_ITER_INC, (hsize_t)i, s, (size_t)n + 1, H5P_DEFAULT) < 0) {
        az_free(s);
        fail_at(a, "attributes", "cannot be listed");
    } else {
        *name = s;
    }
}

static void write_dataset(az_archive *a, const char *name, hid_t file_type, hid_t memory_type, const void *v, int rank, const hsize_t *dim)
{
    const hid_t space = rank ? H5Screate_simple(rank, dim, NULL) : H5Screate(H5S_SCALAR);
    const hid_t dcpl = creation(H5P_DATASET_CREATE), lcpl = utf8_names(H5P_LINK_CREATE);
    const hid_t set = H5Dcreate2(a->group[a->depth], name, file_type, space, lcpl, dcpl, H5P_DEFAULT);

    if (H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0) fail_writing(a);
    H5Dclose(set);
    H5Pclose(lcpl);
    H5Pclose(dcpl);
    H5Sclose(space);
}

static hid_t open_dataset(az_archive *a, const char *name)
{
    const hid_t group = a->group[a->depth];
    const hid_t set = is_inside(group, name) ? H5Dopen2(group, name, H5P_DEFAULT) : H5I_INVALID_HID;

    if (set < 0) fail_at(a, name, "is missing");
    return set;
}

/* The data of a contiguous set without external files lie in the image, so its size is backed by bytes that we hold. */
static bool data_are_inside(hid_t set, hid_t type, hsize_t count)
{
    const hid_t dcpl = H5Dget_create_plist(set);
    const bool plain = H5Pget_layout(dcpl) == H5D_CONTIGUOUS && H5Pget_external_count(dcpl) == 0;

    H5Pclose(dcpl);
    return plain && H5Dget_storage_size(set) == count * H5Tget_size(type);
}

static void check_dataset(az_archive *a, const char *name, hid_t set, hid_t file_type, int rank, const hsize_t *dim)
{
    hsize_t found[H5S_MAX_RANK] = {0};
    const hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    const int found_rank = H5Sget_simple_extent_dims(space, found, NULL);
    hsize_t count = 1;
    bool same = found_rank == rank;

    for (int i = 0; i < rank && same; i++) {
        same = found[i] == dim[i];
        count *= dim[i];
    }
    if (H5Tequal(type, file_type) <= 0) fail_at(a, name, "has an unexpected type");
    else if (!same) fail_at(a, name, "has an unexpected size");
    else if (!data_are_inside(set, type, count)) fail_at(a, name, "is stored in an unexpected way");
    H5Sclose(space);
    H5Tclose(type);
}

static void read_dataset(az_archive *a, const char *name, hid_t set, hid_t memory_type, void *v)
{
    if (!a->status && H5Dread(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) < 0) fail_at(a, name, "cannot be read");
}

static hid_t find_dataset(az_archive *a, const char *name, hid_t file_type, int rows, int cols)
{
    const hsize_t dim[2] = {(hsize_t)rows, (hsize_t)cols};
    const hid_t set = open_dataset(a, name);

    if (set >= 0) check_dataset(a, name, set, file_type, cols ? 2 : 1, dim);
    return set;
}

void az_archive_fixed_ints(az_archive *a, const char *name, int *v, int n)
{
    const hsize_t dim = (hsize_t)n;

    if (a->status || !n) return;
    if (a->writing) {
        write_dataset(a, name, H5T_STD_I32LE, H5T_NATIVE_INT, v, 1, &dim);
    } else {
        const hid_t set = find_dataset(a, name, H5T_STD_I32LE, n, 0);
        read_dataset(a, name, set, H5T_NATIVE_INT, v);
        H5Dclose(set);
    }
    fold(a, name, v, (size_t)n, sizeof *v);
}

static size_t elements(int rows, int cols) { return (size_t)rows * (size_t)(cols ? cols : 1); }

void az_archive_ints(az_archive *a, const char *name, int **v, int rows, int cols)
{
    const hsize_t dim[2] = {(hsize_t)rows, (hsize_t)cols};

    if (a->status || rows == 0) return;
    if (a->writing) {
        write_dataset(a, name, H5T_STD_I32LE, H5T_NATIVE_INT, *v, cols ? 2 : 1, dim);
        fold(a, name, *v, elements(rows, cols), sizeof **v);
        return;
    }
    const hid_t set = find_dataset(a, name, H5T_STD_I32LE, rows, cols);
    int *p = a->status ? NULL : az_alloc_array(elements(rows, cols), sizeof *p);
    if (!p) az_archive_fail(a, AZ_ENOMEM, "no memory for %s", name);
    read_dataset(a, name, set, H5T_NATIVE_INT, p);
    H5Dclose(set);
    if (a->status) {
        az_free(p);
        return;
    }
    fold(a, name, p, elements(rows, cols), sizeof *p);
    az_free(*v);
    *v = p;
}

void az_archive_doubles(az_archive *a, const char *name, double **v, int rows, int cols)
{
    const hsize_t dim[2] = {(hsize_t)rows, (hsize_t)cols};

    if (a->status || rows == 0) return;
    if (a->writing) {
        write_dataset(a, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, *v, cols ? 2 : 1, dim);
        fold(a, name, *v, elements(rows, cols), sizeof **v);
        return;
    }
    const hid_t set = find_dataset(a, name, H5T_IEEE_F64LE, rows, cols);
    double *p = a->status ? NULL : az_doubles(elements(rows, cols));
    if (!p) az_archive_fail(a, AZ_ENOMEM, "no memory for %s", name);
    read_dataset(a, name, set, H5T_NATIVE_DOUBLE, p);
    H5Dclose(set);
    if (a->status) {
        az_doubles_free(p);
        return;
    }
    fold(a, name, p, elements(rows, cols), sizeof *p);
    az_doubles_free(*v);
    *v = p;
}

static void read_text(az_archive *a, const char *name, char **v)
{
    const hid_t set = open_dataset(a, name);
    const hid_t type = H5Dget_type(set), space = H5Dget_space(set);
    const size_t size = H5Tget_size(type);
    char *s = NULL;

    if (a->status) goto done;
    if (H5Tget_class(type) != H5T_STRING || H5Tis_variable_str(type) || H5Sget_simple_extent_type(space) != H5S_SCALAR || size > MAX_TEXT ||
        !data_are_inside(set, type, 1)) {
        fail_at(a, name, "is not a text");
        goto done;
    }
    s = az_alloc_array(size, 1);
    if (!s) az_archive_fail(a, AZ_ENOMEM, "no memory for %s", name);
    read_dataset(a, name, set, type, s);
    if (!a->status && memchr(s, 0, size) != s + size - 1) fail_at(a, name, "is not a text");
    if (a->status) {
        az_free(s);
        goto done;
    }
    az_free(*v);
    *v = s;
done:
    H5Sclose(space);
    H5Tclose(type);
    H5Dclose(set);
}

void az_archive_text(az_archive *a, const char *name, char **v)
{
    const char *s = *v ? *v : "";

    if (a->status) return;
    if (!a->writing) {
        read_text(a, name, v);
        if (!a->status) fold(a, name, *v, strlen(*v), 1);
        return;
    }
    if (strlen(s) >= MAX_TEXT) {
        fail_at(a, name, "is too long");
        return;
    }
    const hid_t type = text_type(strlen(s) + 1);
    write_dataset(a, name, type, type, s, 0, NULL);
    H5Tclose(type);
    fold(a, name, s, strlen(s), 1);
}
