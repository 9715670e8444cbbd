#ifndef JIELI_RULES_STATIONS_H
#define JIELI_RULES_STATIONS_H

#include "rules/civil.h"
#include "rules/textfile.h"

/* The stations edition 站点册: what each station is called, from when, and which went into which.
 * Lines that a clerk edits; the words may be Chinese (站点, 更名, 并入):
 *   station 460200001001 红旗村便民服务站
 *   renamed 460200001001 2026-12-01 红旗社区便民服务站
 *   merged 460200001002 2027-01-01 460200001001
 * A name counts from its day on, a merger from the first day on which nothing new may be taken in.
 * Who is merged is merged once; a station it went into may itself go on into a third one later. */
enum { STATIONS_COUNT = 1024, STATIONS_NAME_SIZE = 96, STATIONS_CODE_SIZE = 24 };

struct stations_line {
    char code[STATIONS_CODE_SIZE];
    int32_t day;                   /* 0: from the start */
    char name[STATIONS_NAME_SIZE]; /* "": a merger */
    char into[STATIONS_CODE_SIZE];
};

struct stations;

/* Checked whole. ERR_MALFORMED with every mistake and its line, ERR_MEMORY. */
MUST_USE enum err stations_parse(struct span text, struct stations **ret_stations,
                                 struct text_errors *ret_errors);
void stations_free(struct stations *stations);

/* Of all that follows stations may be NULL: then nothing is known of any. */

/* Its name on that day; "" when it has none. Until stations_free, as all views here. */
const char *stations_name(const struct stations *stations, const char *code, int32_t day);
/* The merger by which it ended (day, into); NULL: it goes on. */
const struct stations_line *stations_merger(const struct stations *stations, const char *code);
/* Who has its matters on that day: code itself, or where it and its successors went. */
const char *stations_successor(const struct stations *stations, const char *code, int32_t day);

#endif
