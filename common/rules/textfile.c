#include "rules/textfile.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void text_errors_init(struct text_errors *errors) {
    *errors = (struct text_errors){0};
}

/* Cuts a UTF-8 text that vsnprintf may have cut inside a character. */
static void message_cut(char *message) {
    size_t size = strlen(message);
    while (size > 0 && !text_is_utf8(span_of(message, size))) {
        size--;
    }
    message[size] = 0;
}

void text_errors_add(struct text_errors *errors, struct text_place place, const char *format, ...) {
    errors->total++;
    if (errors->count == TEXT_ERROR_COUNT) {
        return;
    }
    struct text_error *error = &errors->list[errors->count++];
    error->file = place.file;
    error->line = place.line;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(error->message, sizeof error->message, format, args);
    va_end(args);
    message_cut(error->message);
}

/* Before in reading order; what concerns a file as a whole comes after its lines. */
static bool error_before(const struct text_error *a, const struct text_error *b) {
    if (a->file != b->file) {
        return a->file < b->file;
    }
    return a->line - 1 < b->line - 1;
}

const struct text_error *text_errors_first(const struct text_errors *errors) {
    const struct text_error *first = NULL;
    for (uint32_t i = 0; i < errors->count; i++) {
        const struct text_error *error = &errors->list[i];
        if (first == NULL || error_before(error, first)) {
            first = error;
        }
    }
    return first;
}

void text_errors_print(const struct text_errors *errors, const char *const *names,
                       struct buf *ret_text) {
    for (uint32_t i = 0; i < errors->count; i++) {
        const struct text_error *error = &errors->list[i];
        buf_put_format(ret_text, "%s:%u: %s\n", names[error->file], (unsigned)error->line,
                       error->message);
    }
    if (errors->total > errors->count) {
        buf_put_format(ret_text, "另有 %u 处错误 / %u more errors\n",
                       (unsigned)(errors->total - errors->count),
                       (unsigned)(errors->total - errors->count));
    }
}

/* Takes one line, without its line feed, off text. */
static struct span line_take(struct span *text) {
    const uint8_t *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    size_t size = end == NULL ? text->size : (size_t)(end - text->data);
    size_t step = end == NULL ? size : size + 1;
    struct span line = {text->data, size};
    *text = step == 0 ? *text : span_of(text->data + step, text->size - step);
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    return line;
}

static struct span bom_skip(struct span text) {
    if (text.size >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) {
        return span_of(text.data + 3, text.size - 3);
    }
    return text;
}

static bool line_has_control(struct span line) {
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

bool text_file_check(struct span text, uint32_t file, struct text_errors *errors) {
    uint32_t before = errors->total;
    struct text_place place = {file, 0};
    if (text.size > LIMIT_TEXT_FILE_SIZE) {
        text_errors_add(errors, place, "文件超过 %d 字节 / the file is larger than %d bytes",
                        LIMIT_TEXT_FILE_SIZE, LIMIT_TEXT_FILE_SIZE);
        return false;
    }
    text = bom_skip(text);
    while (text.size > 0) {
        struct span line = line_take(&text);
        place.line++;
        if (line.size > TEXT_LINE_SIZE) {
            text_errors_add(errors, place, "本行超过 %d 字节 / the line is longer than %d bytes",
                            TEXT_LINE_SIZE, TEXT_LINE_SIZE);
        } else if (line_has_control(line)) {
            text_errors_add(errors, place,
                            "本行含控制字符 / the line contains a control character");
        } else if (!text_is_utf8(line)) {
            text_errors_add(errors, place,
                            "本行不是 UTF-8 编码，请另存为 UTF-8 / the line is not UTF-8; "
                            "save the file as UTF-8");
        }
    }
    return errors->total == before;
}

/* Bytes of the blank at the start of text; 0 when there is none. */
static size_t blank_size(struct span text) {
    if (text.size > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        return 1;
    }
    return text.size >= 3 && memcmp(text.data, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

static size_t blank_size_at_end(struct span text) {
    if (text.size == 0) {
        return 0;
    }
    uint8_t last = text.data[text.size - 1];
    if (last == ' ' || last == '\t') {
        return 1;
    }
    return text.size >= 3 && memcmp(text.data + text.size - 3, "\xe3\x80\x80", 3) == 0 ? 3 : 0;
}

struct span text_trim(struct span text) {
    for (size_t size = blank_size(text); size > 0; size = blank_size(text)) {
        text = span_of(text.data + size, text.size - size);
    }
    for (size_t size = blank_size_at_end(text); size > 0; size = blank_size_at_end(text)) {
        text.size -= size;
    }
    return text;
}

/* Where the comment begins, or the size of the line. */
static size_t comment_at(struct span line) {
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] == '#' && (i == 0 || blank_size_at_end(span_of(line.data, i)) > 0)) {
            return i;
        }
    }
    return line.size;
}

void text_lines_init(struct text_lines *lines, struct span text, uint32_t file) {
    *lines = (struct text_lines){bom_skip(text), {file, 0}};
}

bool text_lines_next(struct text_lines *lines, struct span *ret_line, struct span *ret_comment) {
    while (lines->left.size > 0) {
        struct span line = line_take(&lines->left);
        lines->place.line++;
        size_t at = comment_at(line);
        struct span words = text_trim(span_of(line.data, at));
        if (words.size == 0) {
            continue;
        }
        *ret_line = words;
        if (ret_comment != NULL) {
            *ret_comment = at == line.size
                               ? span_of(NULL, 0)
                               : text_trim(span_of(line.data + at + 1, line.size - at - 1));
        }
        return true;
    }
    return false;
}

struct span text_take_word(struct span *text) {
    *text = text_trim(*text);
    size_t size = 0;
    while (size < text->size && blank_size(span_of(text->data + size, text->size - size)) == 0) {
        size++;
    }
    struct span word = span_of(text->data, size);
    *text = size == 0 ? *text : text_trim(span_of(text->data + size, text->size - size));
    return word;
}

struct span text_take_until(struct span *text, char mark) {
    const uint8_t *at = text->size == 0 ? NULL : memchr(text->data, mark, text->size);
    struct span first = *text;
    if (at == NULL) {
        *text = span_of(NULL, 0);
        return text_trim(first);
    }
    first.size = (size_t)(at - text->data);
    *text = text_trim(span_of(at + 1, text->size - first.size - 1));
    return text_trim(first);
}

bool text_take_suffix(struct span *text, const char *suffix) {
    size_t size = strlen(suffix);
    if (text->size < size || memcmp(text->data + text->size - size, suffix, size) != 0) {
        return false;
    }
    *text = text_trim(span_of(text->data, text->size - size));
    return true;
}

bool text_is(struct span text, const char *word) {
    return span_equal(text, span_text(word));
}

struct span text_short(struct span text) {
    size_t size = text.size < 40 ? text.size : 40;
    while (size > 0 && !text_is_utf8(span_of(text.data, size))) {
        size--;
    }
    return size == 0 ? span_text("") : span_of(text.data, size);
}

enum err text_word_find(const struct text_word *words, size_t count, struct span text,
                        int32_t *ret_value) {
    for (size_t i = 0; i < count; i++) {
        if (text_is(text, words[i].english) || text_is(text, words[i].chinese)) {
            *ret_value = words[i].value;
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}
