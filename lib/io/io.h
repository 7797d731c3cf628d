/* io.h: files. Whole-file reading and atomic writing, and the result file as a block of memory. */
#ifndef AZ_IO_H
#define AZ_IO_H

#include "state/state.h"
#include <sys/types.h>

/* Replaces the content of `path` by bytes[n]. A new or regular file changes by rename: the bytes go to `path`.part in the same folder, which
 * is synchronised, renamed over the target (through a symbolic link: over what it points to) and the folder synchronised. A failure
 * removes the .part file and leaves the target as it was, except that a failing synchronisation of the folder finds the new content in place. A
 * device or pipe is written through. AZ_EIO with path and reason: cannot be opened, written or renamed, is a folder, or is being
 * written by somebody else. */
az_status az_io_write_file(const char *path, const void *bytes, size_t n, az_error *err);

/* The content of a regular file of at most AZ_IO_FILE_MAX bytes; *bytes is freed by az_free. AZ_EIO; AZ_EFORMAT if it is no regular file or too long. */
#define AZ_IO_FILE_MAX ((size_t)1 << 32)
az_status az_io_read_file(char **bytes, size_t *n, const char *path, az_error *err);

/* The system calls of az_io_write_file, so that tests can let each one fail. NULL restores all. */
typedef struct az_io_calls {
    ssize_t (*write)(int fd, const void *bytes, size_t n); /* write(2) */
    int (*sync)(int fd);                                /* fsync(2) */
    int (*rename)(const char *from, const char *to);    /* rename(2) */
} az_io_calls;
void az_io_set_calls(const az_io_calls *calls);

/* The bytes of a result file: an HDF5 image and a trailer with its length and hash. The same state gives the same bytes. *bytes is freed by
 * az_free. AZ_EFORMAT if the state contradicts itself. */
az_status az_result_save_memory(const az_result *r, char **bytes, size_t *n, az_error *err);
/* `name` is used in messages. AZ_EFORMAT for anything that az_result_save_memory cannot have written. Bytes reach HDF5 only when the
 * trailer agrees with them: that stops accidents; a forged file with a correct trailer is HDF5's to survive. */
az_status az_result_load_memory(az_result **out, const char *name, const void *bytes, size_t n, az_error *err);

/* The trailer: length and hash of the image, then a magic word, each 8 bytes. HDF5 ignores what follows its own end of file. */
#define AZ_TRAILER_SIZE ((size_t)24)
void az_trailer_write(void *trailer, const void *image, size_t n);
/* Length of the image in *n_image. AZ_EFORMAT. */
az_status az_trailer_check(size_t *n_image, const void *bytes, size_t n, az_error *err);

#endif
