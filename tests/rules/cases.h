#ifndef JIELI_TESTS_CASES_H
#define JIELI_TESTS_CASES_H

#include "rules/textfile.h"

/* Text tables that an official can read and correct: one case a line, columns parted by "|",
 * "#" begins a comment. A failing case is printed with file and line; the rest still runs. */
struct cases {
    const char *path;
    struct buf text;
    struct text_lines lines;
    const char *tags; /* of the scenario that runs, for messages; NULL: none */
    unsigned run;
    unsigned failed;
    bool quiet; /* failures are counted, not printed */
};

/* Ends the program with 2 when the file cannot be read or is no proper text. */
void cases_open(struct cases *cases, const char *path);
/* The next line, cut into at most limit trimmed columns; false at the end. Borrowed until
 * cases_done. */
bool cases_next(struct cases *cases, struct span *ret_columns, size_t limit, size_t *ret_count);
/* Prints "path:line: ..."; the case counts as failed. */
void cases_fail(struct cases *cases, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the sum; the exit status: 0 only when at least least cases ran and none failed. */
int cases_done(struct cases *cases, unsigned least);

/* A whole file, for cases and for what they run on; ends the program with 2 on failure. */
void cases_read_file(const char *folder, struct span name, struct buf *ret_text);

/* For "%.*s". */
#define CASES_TEXT(span)                                                                           \
    (int)(span).size, (const char *)((span).size == 0 ? "" : (const char *)(span).data)

#endif
