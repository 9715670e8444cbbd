#ifndef JIELI_DESK_JSON_TEXT_H
#define JIELI_DESK_JSON_TEXT_H

#include "base/span.h"

/* Writes JSON text into a buffer; commas are set by themselves. Members of an object have a name,
 * entries of a list NULL. Failures stick in the buffer. */
enum { JSON_TEXT_DEPTH = 16 };

struct json_text {
    struct buf *buf;
    unsigned depth;
    bool has_entry[JSON_TEXT_DEPTH];
};

void json_text_init(struct json_text *json, struct buf *buf);
void json_text_open(struct json_text *json, const char *name); /* { */
void json_text_close(struct json_text *json);                  /* } */
void json_text_open_list(struct json_text *json, const char *name);
void json_text_close_list(struct json_text *json);
void json_text_string(struct json_text *json, const char *name, const char *text);
/* Bytes that are no UTF-8 are written as U+FFFD. */
void json_text_span(struct json_text *json, const char *name, struct span text);
void json_text_hex(struct json_text *json, const char *name, struct span bytes);
void json_text_number(struct json_text *json, const char *name, int64_t number);
/* As a text of digits, like all 64-bit numbers of the API. */
void json_text_big(struct json_text *json, const char *name, uint64_t number);
void json_text_bool(struct json_text *json, const char *name, bool value);
void json_text_day(struct json_text *json, const char *name, int64_t day); /* "2026-10-01" */
void json_text_ms(struct json_text *json, const char *name, uint64_t ms);  /* RFC 3339, +08:00 */
/* text is JSON already. */
void json_text_raw(struct json_text *json, const char *name, struct span text);

#endif
