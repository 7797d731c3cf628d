/* vtk.c: VTK's XML format for structured grids: "VTK XML Formats" in the documentation of VTK, inline binary data without compression. */
#include "io/vtk.h"
#include "io/io.h"

#include <string.h>

static void escape(az_text *out, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '<': az_text_add(out, "&lt;"); break;
        case '&': az_text_add(out, "&amp;"); break;
        case '"': az_text_add(out, "&quot;"); break;
        default: az_text_write(out, s, 1);
        }
    }
}

/* The number of bytes, then the bytes, as one base64 text. */
static void array(az_text *out, const az_vtk_array *a, size_t n)
{
    const uint64_t bytes = n * (size_t)a->n_components * sizeof *a->value;
    az_text raw = {0};

    az_text_add(out, "<DataArray type=\"Float64\" Name=\"");
    escape(out, a->name);
    az_text_add(out, "\" NumberOfComponents=\"%d\" format=\"binary\">\n", a->n_components);
    az_text_write(&raw, (const char *)&bytes, sizeof bytes);
    az_text_write(&raw, (const char *)a->value, (size_t)bytes);
    if (raw.failed) out->failed = true;
    else az_text_base64(out, raw.s, raw.n);
    az_text_clear(&raw);
    az_text_add(out, "\n</DataArray>\n");
}

static void numbers(az_text *out, const az_vtk *v)
{
    if (!v->n_numbers) return;
    az_text_add(out, "<FieldData>\n");
    for (int i = 0; i < v->n_numbers; i++) {
        az_text_add(out, "<DataArray type=\"Float64\" Name=\"");
        escape(out, v->number_name[i]);
        az_text_add(out, "\" NumberOfTuples=\"1\" format=\"ascii\">%.17g</DataArray>\n", v->number[i]);
    }
    az_text_add(out, "</FieldData>\n");
}

az_status az_vtk_write(const az_vtk *v, const char *path, az_error *err)
{
    const bool little = (union { int i; char c; }){1}.c == 1;
    const size_t n = (size_t)v->shape[0] * (size_t)v->shape[1] * (size_t)v->shape[2];
    const az_vtk_array points = {"points", 3, v->point};
    char extent[64];
    az_text out = {0};

    snprintf(extent, sizeof extent, "0 %d 0 %d 0 %d", v->shape[0] - 1, v->shape[1] - 1, v->shape[2] - 1);
    az_text_add(&out, "<?xml version=\"1.0\"?>\n<!-- ansatz " AZ_VERSION " -->\n<VTKFile type=\"StructuredGrid\" version=\"1.0\" byte_order=\"%s\" header_type=\"UInt64\">\n",
                little ? "LittleEndian" : "BigEndian");
    az_text_add(&out, "<StructuredGrid WholeExtent=\"%s\">\n", extent);
    numbers(&out, v);
    az_text_add(&out, "<Piece Extent=\"%s\">\n<PointData>\n", extent);
    for (int i = 0; i < v->n_arrays && !out.failed; i++) array(&out, &v->array[i], n);
    az_text_add(&out, "</PointData>\n<Points>\n");
    array(&out, &points, n);
    az_text_add(&out, "</Points>\n</Piece>\n</StructuredGrid>\n</VTKFile>\n");
    const az_status st = out.failed ? az_fail(err, AZ_ENOMEM, "no memory for the grid '%s'", path) : az_io_write_file(path, out.s, out.n, err);
    az_text_clear(&out);
    return st;
}
