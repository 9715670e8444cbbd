#include "desk/json_text.h"

#include "base/check.h"
#include "base/text.h"
#include "rules/civil.h"

#include <stdio.h>
#include <string.h>

enum { MS_A_MINUTE = 60000, MS_A_SECOND = 1000, TIME_SIZE = 40 };

void json_text_init(struct json_text *json, struct buf *buf)
{
    memset(json, 0, sizeof *json);
    json->buf = buf;
}

static void put_escaped(struct buf *buf, struct span text)
{
    buf_put_u8(buf, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '"' || c == '\\') {
            buf_put_u8(buf, '\\');
            buf_put_u8(buf, c);
        } else if (c < 0x20 || c == 0x7f) {
            buf_put_format(buf, "\\u%04x", c);
        } else {
            buf_put_u8(buf, c);
        }
    }
    buf_put_u8(buf, '"');
}

/* Comma and name of the next entry. */
static void begin(struct json_text *json, const char *name)
{
    if (json->depth > 0) {
        if (json->has_entry[json->depth - 1]) {
            buf_put_u8(json->buf, ',');
        }
        json->has_entry[json->depth - 1] = true;
    }
    if (name != NULL) {
        put_escaped(json->buf, span_text(name));
        buf_put_u8(json->buf, ':');
    }
}

static void open_with(struct json_text *json, const char *name, char bracket)
{
    CHECK(json->depth < JSON_TEXT_DEPTH);
    begin(json, name);
    buf_put_u8(json->buf, (uint8_t)bracket);
    json->has_entry[json->depth] = false;
    json->depth++;
}

static void close_with(struct json_text *json, char bracket)
{
    CHECK(json->depth > 0);
    json->depth--;
    buf_put_u8(json->buf, (uint8_t)bracket);
}

void json_text_open(struct json_text *json, const char *name)
{
    open_with(json, name, '{');
}

void json_text_close(struct json_text *json)
{
    close_with(json, '}');
}

void json_text_open_list(struct json_text *json, const char *name)
{
    open_with(json, name, '[');
}

void json_text_close_list(struct json_text *json)
{
    close_with(json, ']');
}

void json_text_string(struct json_text *json, const char *name, const char *text)
{
    json_text_span(json, name, span_text(text));
}

void json_text_span(struct json_text *json, const char *name, struct span text)
{
    begin(json, name);
    put_escaped(json->buf, text_is_utf8(text) ? text : span_text("\xef\xbf\xbd"));
}

void json_text_hex(struct json_text *json, const char *name, struct span bytes)
{
    begin(json, name);
    buf_put_u8(json->buf, '"');
    text_put_hex(json->buf, bytes);
    buf_put_u8(json->buf, '"');
}

void json_text_number(struct json_text *json, const char *name, int64_t number)
{
    begin(json, name);
    buf_put_format(json->buf, "%lld", (long long)number);
}

void json_text_big(struct json_text *json, const char *name, uint64_t number)
{
    begin(json, name);
    buf_put_format(json->buf, "\"%llu\"", (unsigned long long)number);
}

void json_text_bool(struct json_text *json, const char *name, bool value)
{
    begin(json, name);
    buf_put_text(json->buf, value ? "true" : "false");
}

void json_text_day(struct json_text *json, const char *name, int64_t day)
{
    char text[CIVIL_DAY_SIZE];
    int64_t bounded = day < CIVIL_DAY_MIN   ? CIVIL_DAY_MIN
                      : day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX
                                            : day;
    civil_day_format((int32_t)bounded, text);
    json_text_string(json, name, text);
}

void json_text_ms(struct json_text *json, const char *name, uint64_t ms)
{
    char minute[CIVIL_TIME_SIZE];
    char text[TIME_SIZE];
    unsigned rest = (unsigned)(ms % MS_A_MINUTE);
    civil_time_format(ms, minute);
    (void)snprintf(text, sizeof text, "%.10sT%.5s:%02u.%03u+08:00", minute, minute + 11,
                   rest / MS_A_SECOND, rest % MS_A_SECOND);
    json_text_string(json, name, text);
}

void json_text_raw(struct json_text *json, const char *name, struct span text)
{
    begin(json, name);
    buf_put_span(json->buf, text);
}
