/* builtin.h: the problems compiled into the library; the table is written by tools/embed.sh from the folder problems. */
#ifndef AZ_BUILTIN_H
#define AZ_BUILTIN_H

typedef struct az_builtin {
    const char *name, *title, *text;
} az_builtin;

extern const az_builtin az_builtin_table[]; /* by name; ended by NULLs */

#endif
