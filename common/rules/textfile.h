#ifndef JIELI_RULES_TEXTFILE_H
#define JIELI_RULES_TEXTFILE_H

#include "base/span.h"

/* The reader under policy, catalogue and calendar: UTF-8 lines that a clerk edits with any editor
 * (a byte order mark and CRLF are fine). "#" at the start of a line or after a blank begins a
 * comment. Blanks are space, tab and the full-width space U+3000. */
enum {
    TEXT_ERROR_COUNT = 20,
    TEXT_MESSAGE_SIZE = 160,
    TEXT_LINE_SIZE = 2000, /* bytes of one line */
    TEXT_FILE_COUNT = 16   /* files read together */
};

/* message: a Chinese sentence, " / ", the same in English; cut at a character border. */
struct text_error {
    uint32_t file; /* index among the files given together, 0 when there is one */
    uint32_t line; /* 1.., 0: the file as a whole */
    char message[TEXT_MESSAGE_SIZE];
};

/* The first TEXT_ERROR_COUNT errors in the order found; total counts all of them. */
struct text_errors {
    uint32_t count;
    uint32_t total;
    struct text_error list[TEXT_ERROR_COUNT];
};

struct text_place {
    uint32_t file;
    uint32_t line;
};

void text_errors_init(struct text_errors *errors);
void text_errors_add(struct text_errors *errors, struct text_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The first in reading order, what concerns a file as a whole after its lines; NULL when there is
 * none. Until errors changes. */
const struct text_error *text_errors_first(const struct text_errors *errors);
/* "<name>:<line>: <message>\n" for each, then how many more there are. names: one a file. */
void text_errors_print(const struct text_errors *errors, const char *const *names,
                       struct buf *ret_text);

/* Size, UTF-8, line length, no control characters: adds an error for each line at fault. The
 * answer is true when the file may be read. */
bool text_file_check(struct span text, uint32_t file, struct text_errors *errors);

/* Walks the lines of a checked file. */
struct text_lines {
    struct span left;
    struct text_place place; /* of the line last given */
};

void text_lines_init(struct text_lines *lines, struct span text, uint32_t file);
/* The next line that is more than blanks and comment, trimmed, without its comment; borrowed from
 * the text. ret_comment (may be NULL): the trimmed text behind "#", or empty. False at the end. */
bool text_lines_next(struct text_lines *lines, struct span *ret_line, struct span *ret_comment);

struct span text_trim(struct span text);
/* Takes the first word (up to a blank) off text, which is left trimmed; empty at the end. */
struct span text_take_word(struct span *text);
/* Takes what stands before mark (trimmed) off text, or all of it when mark does not occur. */
struct span text_take_until(struct span *text, char mark);
/* Takes suffix off the end of text, which is then trimmed; false when it does not end so. */
bool text_take_suffix(struct span *text, const char *suffix);
bool text_is(struct span text, const char *word);
/* At most 40 bytes of text, whole characters; never NULL data. */
struct span text_short(struct span text);

/* One word of a closed list, in English and Chinese; both are accepted in files. */
struct text_word {
    const char *english;
    const char *chinese;
    int32_t value;
};

/* ERR_NOT_FOUND when text is no word of the list. */
MUST_USE enum err text_word_find(const struct text_word *words, size_t count, struct span text,
                                 int32_t *ret_value);

#endif
