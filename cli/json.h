/* json.h: one JSON value on standard output, written as it is met. */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16

typedef struct json {
    FILE *f;
    int depth;
    bool filled[JSON_MAX_DEPTH];    /* the container at this depth has a member already */
} json;

/* key is NULL inside an array and at the top. */
void json_begin(json *j, FILE *f);
void json_end(json *j);             /* ends the line */
void json_object(json *j, const char *key);
void json_object_end(json *j);
void json_array(json *j, const char *key);
void json_array_end(json *j);
void json_string(json *j, const char *key, const char *s);  /* UTF-8; bytes that are not become U+FFFD; NULL is null */
void json_number(json *j, const char *key, double x);       /* 17 significant digits; null if not finite */
void json_integer(json *j, const char *key, long long x);
void json_unsigned(json *j, const char *key, uint64_t x);
void json_hex(json *j, const char *key, uint64_t x);        /* a string of 16 digits: a hash does not fit a JSON number */
void json_bool(json *j, const char *key, bool x);

#endif
