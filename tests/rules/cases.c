#include "cases.h"

#include "base/limits.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void cases_read_file(const char *folder, struct span name, struct buf *ret_text)
{
    char path[1024];
    (void)snprintf(path, sizeof path, "%s%s%.*s", folder, folder[0] == 0 ? "" : "/",
                   CASES_TEXT(name));
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        _Exit(2);
    }
    uint8_t block[4096];
    size_t size = fread(block, 1, sizeof block, file);
    while (size > 0) {
        buf_put(ret_text, block, size);
        size = fread(block, 1, sizeof block, file);
    }
    (void)fclose(file);
}

void cases_open(struct cases *cases, const char *path)
{
    struct text_errors errors;
    text_errors_init(&errors);
    *cases = (struct cases){.path = path};
    buf_init(&cases->text, LIMIT_TEXT_FILE_SIZE);
    cases_read_file("", span_text(path), &cases->text);
    if (!text_file_check(buf_span(&cases->text), 0, &errors)) {
        const struct text_error *first = text_errors_first(&errors);
        (void)fprintf(stderr, "%s:%u: %s\n", path, (unsigned)first->line, first->message);
        _Exit(2);
    }
    text_lines_init(&cases->lines, buf_span(&cases->text), 0);
}

bool cases_next(struct cases *cases, struct span *ret_columns, size_t limit, size_t *ret_count)
{
    struct span line;
    if (!text_lines_next(&cases->lines, &line, NULL)) {
        return false;
    }
    for (size_t i = 0; i < limit; i++) {
        ret_columns[i] = span_text("");
    }
    /* The last "|" still opens a column, though an empty one. */
    size_t marks = 0;
    for (size_t i = 0; i < line.size; i++) {
        marks += line.data[i] == '|' ? 1U : 0U;
    }
    *ret_count = marks + 1;
    for (size_t i = 0; i < limit && i <= marks; i++) {
        ret_columns[i] = text_take_until(&line, '|');
    }
    return true;
}

void cases_fail(struct cases *cases, const char *format, ...)
{
    char message[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    cases->failed++;
    if (!cases->quiet) {
        (void)fprintf(stderr, "%s:%u:%s %s\n", cases->path, (unsigned)cases->lines.place.line,
                      cases->tags == NULL ? "" : cases->tags, message);
    }
}

int cases_done(struct cases *cases, unsigned least)
{
    bool enough = cases->run >= least;
    (void)printf("%s: %u cases, %u failed%s\n", cases->path, cases->run, cases->failed,
                 enough ? "" : ", too few ran");
    buf_done(&cases->text);
    return cases->failed == 0 && enough ? 0 : 1;
}
