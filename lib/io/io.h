/* io.h: files. Whole-file reading and atomic writing, and the result file as a block of memory. */
#ifndef AZ_IO_H
#define AZ_IO_H

#include "state/state.h"
#include <sys/types.h>

/* Replaces the content of `path` by bytes[n]. A new or regular file changes by rename: the bytes go
 * to `path`.part in the same folder, which is synchronised, renamed over the target (through a
 * symbolic link: over what it points to) and the folder synchronised. Its first bytes are
 * AZ_PART_MARK until all others are written, so that a file of that name which a killed program
 * left is known and used again; somebody else's is left alone, and the name is `path`.part1 to 9. A
 * failure removes the .part file and leaves the target as it was, except that a failing
 * synchronisation of the folder finds the new content in place. A device or pipe is written
 * through. AZ_EIO with path and reason: cannot be opened, written or renamed, is a folder, or is
 * being written by somebody else. */
az_status az_io_write_file(const char *path, const void *bytes, size_t n, az_error *err);
#define AZ_PART_MARK "\x89" "ansatz, unfinished\n"
/* The same, unless a file is there that is not the one of *stamp: AZ_ECHANGED. On success *stamp is
 * that of the new file. */
az_status az_io_replace_file(const char *path, const void *bytes, size_t n, az_stamp *stamp,
                             az_error *err);

az_stamp az_io_stamp(const char *path);

/* The content of a regular file of at most AZ_IO_FILE_MAX bytes; *bytes is freed by az_free. AZ_EIO; AZ_EFORMAT if it is no regular file or too long. */
#define AZ_IO_FILE_MAX ((size_t)1 << 32)
az_status az_io_read_file(char **bytes, size_t *n, const char *path, az_error *err);
/* The same of a file of this kind, which is looked at before more than its first bytes are read:
 * else AZ_EFORMAT. *stamp (unless NULL): which file it was. */
az_status az_io_read_kind(char **bytes, size_t *n, az_stamp *stamp, const char *path, az_file kind,
                          az_error *err);

/* kind.c: az_file_look of an open file, whose place stays; marks of what later modules write. */
az_file az_io_look(int fd);
#define AZ_SCAN_TITLE "# ansatz scan table 1"
#define AZ_SCAN_STATE_MARK "azscan1"
#define AZ_NPY_HEADER 192 /* bytes up to the data: 64 more than NumPy takes for a table */

/* The system calls of az_io_write_file, so that tests can let each one fail. NULL restores all. */
typedef struct az_io_calls {
    ssize_t (*write)(int fd, const void *bytes, size_t n); /* write(2) */
    int (*sync)(int fd);                                /* fsync(2) */
    int (*rename)(const char *from, const char *to);    /* rename(2) */
} az_io_calls;
void az_io_set_calls(const az_io_calls *calls);

/* The bytes of a result file: an HDF5 image, which holds the hash of its content, and a trailer
 * with its length and hash. The same state gives the same bytes. *bytes is freed by az_free.
 * AZ_EFORMAT if the state contradicts itself. */
az_status az_result_save_memory(const az_result *r, char **bytes, size_t *n, az_error *err);
/* `name` is used in messages. AZ_EFORMAT for anything that az_result_save_memory cannot have
 * written; AZ_ECHANGED where the content is not what was written. A trailer that does not agree
 * with the bytes stops accidents before they reach HDF5; without one, as other programs leave a
 * file that they opened for writing, and for a forged one, the structure is HDF5's to survive, and
 * the content is judged by its own hash. */
az_status az_result_load_memory(az_result **out, const char *name, const void *bytes, size_t n, az_error *err);
/* The same, where the content is another, or the trailer does not agree: it is read where it makes
 * a result, *changed is 1, and its evidence and errors are dropped. */
az_status az_result_load_memory_changed(az_result **out, const char *name, const void *bytes,
                                        size_t n, int *changed, az_error *err);

/* The trailer: length and hash of the image, then a magic word, each 8 bytes. HDF5 ignores what follows its own end of file. */
#define AZ_TRAILER_SIZE ((size_t)24)
void az_trailer_write(void *trailer, const void *image, size_t n);
/* Length of the image in *n_image, 0 where it is none. *vouched: there is a trailer, and it agrees.
 * AZ_EFORMAT where it does not, or nothing is an HDF5 file. */
az_status az_trailer_check(size_t *n_image, bool *vouched, const void *bytes, size_t n,
                           az_error *err);

#endif
