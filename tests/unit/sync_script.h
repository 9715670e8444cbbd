#ifndef JIELI_TESTS_SYNC_SCRIPT_H
#define JIELI_TESTS_SYNC_SCRIPT_H

#include "sync/frame.h"
#include "unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Conversations as text: a row is what comes in and, parted by "; ", what must come out. */
struct sync_row {
    const char *in;
    const char *out;
};

enum { SCRIPT_TEXT_SIZE = 1024, SCRIPT_NUMBERS = 8 };

/* The word a row starts with, a word behind it that is no number, then up to 8 numbers. */
struct script_line {
    char verb[16];
    char word[16];
    uint64_t numbers[SCRIPT_NUMBERS];
    size_t count;
};

static inline struct script_line script_parse(const char *text)
{
    struct script_line line = {.count = 0};
    int used = 0;
    assert_int_equal(sscanf(text, "%15s%n", line.verb, &used), 1);
    text += used;
    if (sscanf(text, " %15[a-z]%n", line.word, &used) == 1) {
        text += used;
    }
    uint64_t number = 0;
    while (line.count < SCRIPT_NUMBERS && sscanf(text, " %" SCNu64 "%n", &number, &used) == 1) {
        line.numbers[line.count++] = number;
        text += used;
    }
    return line;
}

static inline bool script_is(const struct script_line *line, const char *verb)
{
    return strcmp(line->verb, verb) == 0;
}

static inline enum sync_feed script_feed(const char *word)
{
    static const char *const names[] = {"none", "common", "own", "log", "chain"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i]) == 0) {
            return (enum sync_feed)i;
        }
    }
    fail_msg("no such feed: %s", word);
    return SYNC_FEED_NONE;
}

static inline const char *script_feed_name(enum sync_feed feed)
{
    static const char *const names[] = {"none", "common", "own", "log", "chain"};
    return names[feed];
}

static inline enum sync_nack_reason script_reason(const char *word)
{
    static const char *const names[] = {"none",     "signature", "gap",       "fork",
                                        "oversize", "hub",       "revoked",   "old",
                                        "seen",     "busy",      "malformed", "frozen"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(word, names[i]) == 0) {
            return (enum sync_nack_reason)i;
        }
    }
    fail_msg("no such reason: %s", word);
    return SYNC_NACK_NONE;
}

static inline void script_put(char *out, const char *text)
{
    size_t used = strlen(out);
    int size = snprintf(out + used, SCRIPT_TEXT_SIZE - used, "%s%s", used > 0 ? "; " : "", text);
    assert_true(size >= 0 && (size_t)size < SCRIPT_TEXT_SIZE - used);
}

static inline void script_expect(const char *name, const struct sync_row *row, const char *out)
{
    if (strcmp(row->out, out) != 0) {
        fail_msg("%s, at '%s':\n  wanted: %s\n  got:    %s", name, row->in, row->out, out);
    }
}

/* Frames from the numbers of a line, in the order in which the struct has them. */
static inline struct sync_frame script_welcome(const struct script_line *line)
{
    /* epoch incarnation seq common own credit greeting; 0: of the open HELLO */
    const uint64_t *n = line->numbers;
    struct sync_frame frame = {.kind = SYNC_WELCOME};
    frame.welcome.version = SYNC_VERSION;
    frame.welcome.epoch = n[0];
    frame.welcome.incarnation = n[1];
    frame.welcome.seq = n[2];
    frame.welcome.common = n[3];
    frame.welcome.own = n[4];
    frame.welcome.credit = (uint32_t)n[5];
    frame.welcome.greeting = n[6];
    return frame;
}

/* from count newest */
static inline struct sync_frame script_batch(const struct script_line *line)
{
    struct sync_frame frame = {.kind = SYNC_BATCH};
    frame.batch.feed = script_feed(line->word);
    frame.batch.from = line->numbers[0];
    frame.batch.count = (uint32_t)line->numbers[1];
    frame.batch.newest = line->numbers[2];
    return frame;
}

static inline struct sync_frame script_blob(enum sync_kind kind, uint64_t hash)
{
    struct sync_frame frame = {.kind = kind};
    memset(frame.blob.hash, (int)hash, sizeof frame.blob.hash);
    return frame;
}

#endif
