#ifndef JIELI_DESK_IMPORT_H
#define JIELI_DESK_IMPORT_H

#include "base/limits.h"
#include "desk/csv.h"

/* An existing first-contact or service ledger (F04: person, item, result, dates, who handled it)
 * becomes back-entered contacts, each marked with its number in the ledger and the reason "import".
 * No case is made of a row: an old ledger does not say which papers were there, and nothing is made
 * up; of a row that is still open a case is opened in the ordinary way. The whole file is checked
 * before anything is written, and a row always becomes the same record, so that importing twice
 * writes nothing twice and an import that was cut off is finished by doing it again. */

enum import_column {
    IMPORT_SERIAL, /* number in the ledger: printable ASCII */
    IMPORT_TIME,   /* 2023-05-01, 2023/5/1, 2023年5月1日, with or without 09:30 behind */
    IMPORT_NAME,
    IMPORT_ID_NUMBER,
    IMPORT_PHONE,
    IMPORT_UNIT,
    IMPORT_MATTER, /* what it was about */
    IMPORT_TOLD,   /* what became of it; a row with it is answered */
    IMPORT_ITEM,   /* code or name of the catalogue's item */
    IMPORT_DONE,   /* day of the result, not before the time; else the result counts from that */
    IMPORT_AGENT,  /* who handled it: stands behind the result */
    IMPORT_COLUMNS
};

/* An item that rows may name. */
struct import_item {
    char code[LIMIT_CODE_SIZE];
    char name[128];
};

/* The mapping file: section [import], "ledger" a code that tells this ledger from others, and for
 * each of the columns above the heading it has in the file. */
struct import_map {
    char ledger[LIMIT_CODE_SIZE];
    char heading[IMPORT_COLUMNS][128]; /* "": the ledger has none */
    const struct import_item *items;   /* those there are; borrowed */
    size_t item_count;
};
/* ret_problem: what is wrong and in which line. */
enum { IMPORT_PROBLEM_SIZE = 512 };
MUST_USE enum err import_map_read(const char *path, struct import_map *ret,
                                  char ret_problem[IMPORT_PROBLEM_SIZE]);

/* One row, checked. Views into the csv. */
struct import_row {
    const char *cell[IMPORT_COLUMNS];
    const char *item; /* its code; "": none */
    uint64_t time_ms;
    uint64_t done_ms; /* time_ms when the ledger does not say */
    uint8_t record[LIMIT_ID_SIZE];
};

/* Calls wrong for every mistake: line and column of the file, from 1, and a sentence in Chinese.
 * The number of mistakes; 0: all rows may be written. */
size_t import_check(const struct csv *csv, const struct import_map *map, int32_t today,
                    void *context,
                    void (*wrong)(void *context, size_t line, size_t column, const char *heading,
                                  const char *zh));
/* Row of a file that was checked. */
void import_row(const struct csv *csv, const struct import_map *map, size_t index,
                struct import_row *ret);
/* Appends the body of POST /events: that it was received, again for that reason (code; "": it is no
 * matter registered before); and answered, false when it was not. */
void import_put_received(const struct import_row *row, const char *again, struct buf *ret);
bool import_put_answered(const struct import_row *row, struct buf *ret);

#endif
