#include "desk/search.h"

#include "rules/machines.h"
#include "wire/act.h"

#include <stdlib.h>
#include <string.h>

enum {
    PORTION = 256, /* records of one transaction */
    FIRST_ROOM = 256,
    ENTRY_MAX = 4 * 1024 * 1024,
    WORD_MIN = 4 /* of a part of an ID number or telephone */
};

struct entry {
    uint8_t record[LIMIT_ID_SIZE];
    uint64_t event_count; /* what was looked at */
    bool stale;           /* look again */
    char *text;           /* name NUL id number NUL phone NUL; NULL: no identity */
    size_t size;
};

struct search {
    struct entry *entries; /* by rising record id */
    size_t count;
    size_t room;
    bool working; /* a pass over all records is under way */
    bool wanted;  /* and another one has something to find */
    bool has_stale;
    size_t stale_at; /* where the last look for stale entries ended */
    enum kv_table table;
    bool has_cursor;
    uint8_t cursor[LIMIT_ID_SIZE];
    struct record *scratch;
};

struct search *search_new(void)
{
    struct search *search = calloc(1, sizeof *search);
    if (search != NULL) {
        search->scratch = malloc(sizeof *search->scratch);
    }
    if (search != NULL && search->scratch == NULL) {
        free(search);
        return NULL;
    }
    if (search != NULL) {
        search->wanted = true;
    }
    return search;
}

static void forget_text(struct entry *entry)
{
    if (entry->text != NULL) {
        explicit_bzero(entry->text, entry->size);
        free(entry->text);
    }
    entry->text = NULL;
    entry->size = 0;
}

void search_drop(struct search *search)
{
    for (size_t i = 0; i < search->count; i++) {
        forget_text(&search->entries[i]);
    }
    free(search->entries);
    search->entries = NULL;
    search->count = 0;
    search->room = 0;
    search->working = false;
    search->wanted = true;
    search->has_stale = false;
    search->stale_at = 0;
}

void search_free(struct search *search)
{
    if (search != NULL) {
        search_drop(search);
        free(search->scratch);
        free(search);
    }
}

/* Where the record stands or would stand. */
static size_t place_of(const struct search *search, const uint8_t *record, bool *ret_found)
{
    size_t low = 0;
    size_t high = search->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(search->entries[middle].record, record, LIMIT_ID_SIZE) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *ret_found =
        low < search->count && memcmp(search->entries[low].record, record, LIMIT_ID_SIZE) == 0;
    return low;
}

/* NULL: no memory. */
static struct entry *entry_for(struct search *search, const uint8_t *record)
{
    bool found = false;
    size_t at = place_of(search, record, &found);
    if (found) {
        return &search->entries[at];
    }
    if (search->entries == NULL || search->count == search->room) {
        size_t room = search->room == 0 ? FIRST_ROOM : search->room * 2;
        struct entry *grown =
            room > ENTRY_MAX ? NULL : realloc(search->entries, room * sizeof *grown);
        if (grown == NULL) {
            return NULL;
        }
        search->entries = grown;
        search->room = room;
    }
    memmove(search->entries + at + 1, search->entries + at,
            (search->count - at) * sizeof *search->entries);
    search->count++;
    search->entries[at] = (struct entry){.stale = true};
    memcpy(search->entries[at].record, record, LIMIT_ID_SIZE);
    return &search->entries[at];
}

/* --- one portion: which records changed --- */

struct portion {
    struct search *search;
    size_t limit;
    size_t seen;
    size_t changed_count;
    uint8_t changed[PORTION][LIMIT_ID_SIZE];
    uint64_t event_count[PORTION];
};

static bool look_at(void *context, struct span key, struct span value)
{
    struct portion *portion = context;
    struct search *search = portion->search;
    bool found = false;
    bool cut = false;
    if (portion->seen == portion->limit) {
        return false;
    }
    if (key.size != 1 + LIMIT_ID_SIZE ||
        record_decode_row(value, key.data + 1, search->scratch, &cut) != ERR_NONE) {
        return true;
    }
    const uint8_t *id = key.data + 1;
    portion->seen++;
    search->has_cursor = true;
    memcpy(search->cursor, id, LIMIT_ID_SIZE);
    uint64_t count = values_number(&search->scratch->facts, FIELD_event_count, 0);
    size_t at = place_of(search, id, &found);
    if (found && !search->entries[at].stale && search->entries[at].event_count == count) {
        return true;
    }
    memcpy(portion->changed[portion->changed_count], id, LIMIT_ID_SIZE);
    portion->event_count[portion->changed_count++] = count;
    return true;
}

/* The key behind the cursor. */
static size_t next_key(const struct search *search, uint8_t slot, uint8_t ret[LIMIT_ID_SIZE + 2])
{
    ret[0] = slot;
    if (!search->has_cursor) {
        return 1;
    }
    memcpy(ret + 1, search->cursor, LIMIT_ID_SIZE);
    ret[LIMIT_ID_SIZE + 1] = 0;
    return LIMIT_ID_SIZE + 2;
}

/* --- one record: its newest identity --- */

struct reading {
    const struct search_ask *ask;
    const struct fold *fold;
    struct kv_txn *txn;
    struct buf part;
    bool has_part;
    bool missing;
};

static bool read_event(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct reading *reading = context;
    (void)standing;
    (void)refusal;
    /* The index serves everybody who is unlocked here; not all of them open these. */
    if (rule_readers(fold_machine_of(event->payload)) != RULE_READERS_OFFICE) {
        return false;
    }
    for (uint32_t i = 0; i < event->sealed_count && i < LIMIT_SEALED_COUNT; i++) {
        struct buf part;
        if (event->sealed[i].label != SEALED_LABEL_IDENTITY) {
            continue;
        }
        buf_init(&part, LIMIT_SEALED_SIZE);
        enum err err =
            sealing_part_open(reading->ask->keys, reading->fold, reading->txn, event, i, &part);
        if (err == ERR_NONE) {
            buf_done(&reading->part);
            reading->part = part;
            reading->has_part = true;
        } else {
            reading->missing = reading->missing || err == ERR_NOT_FOUND;
            buf_done(&part);
        }
    }
    return true;
}

static bool keep_text(struct entry *entry, const struct wire_identity *identity)
{
    size_t name = strlen(identity->name) + 1;
    size_t number = strlen(identity->id_number) + 1;
    size_t phone = strlen(identity->phone) + 1;
    forget_text(entry);
    entry->text = malloc(name + number + phone);
    if (entry->text == NULL) {
        return false;
    }
    entry->size = name + number + phone;
    memcpy(entry->text, identity->name, name);
    memcpy(entry->text + name, identity->id_number, number);
    memcpy(entry->text + name + number, identity->phone, phone);
    return true;
}

static void read_record(struct search *search, struct reading *reading, struct entry *entry,
                        uint64_t event_count)
{
    struct wire_identity identity;
    reading->has_part = false;
    reading->missing = false;
    buf_init(&reading->part, LIMIT_SEALED_SIZE);
    reading->ask->port->events(reading->ask->port->context, entry->record, reading, read_event);
    bool kept = !reading->missing;
    if (reading->has_part && wire_identity_read(buf_span(&reading->part), &identity) == ERR_NONE) {
        kept = keep_text(entry, &identity) && kept;
        explicit_bzero(&identity, sizeof identity);
    }
    buf_done(&reading->part);
    entry->event_count = event_count;
    entry->stale = !kept;
    search->has_stale = search->has_stale || !kept;
}

/* False: the table is at its end. */
static bool work_portion(struct search *search, const struct search_ask *ask, size_t limit)
{
    struct kv_txn txn;
    uint8_t from[LIMIT_ID_SIZE + 2];
    struct fold *fold = ask->port->fold(ask->port->context);
    struct portion *portion = calloc(1, sizeof *portion);
    if (portion == NULL) {
        return false;
    }
    portion->search = search;
    portion->limit = limit > PORTION ? PORTION : limit;
    kv_begin(ask->kv, false, &txn);
    size_t size = next_key(search, fold->log.slot, from);
    kv_scan(&txn, search->table, span_of(&fold->log.slot, 1), span_of(from, size), look_at,
            portion);
    struct reading reading = {.ask = ask, .fold = fold, .txn = &txn};
    for (size_t i = 0; i < portion->changed_count; i++) {
        struct entry *entry = entry_for(search, portion->changed[i]);
        if (entry != NULL) {
            read_record(search, &reading, entry, portion->event_count[i]);
        }
    }
    bool more = portion->seen == portion->limit && txn.err == ERR_NONE;
    search->wanted = search->wanted || txn.err != ERR_NONE;
    kv_abort(&txn);
    free(portion);
    return more;
}

/* The next table, or the end of the pass. */
static void next_table(struct search *search, enum fold_space space)
{
    search->has_cursor = false;
    search->working = search->table == KV_RECORD && space == FOLD_TENTATIVE;
    search->table = KV_TENTATIVE;
}

/* Reads what was touched, or had not arrived when it was looked at; a portion at most. */
static void freshen(struct search *search, const struct search_ask *ask)
{
    struct kv_txn txn;
    size_t done = 0;
    size_t looked = 0;
    if (!search->has_stale) {
        return;
    }
    search->has_stale = false;
    kv_begin(ask->kv, false, &txn);
    struct reading reading = {.ask = ask, .fold = ask->port->fold(ask->port->context), .txn = &txn};
    for (; looked < search->count && done < PORTION; looked++) {
        search->stale_at = (search->stale_at + 1) % search->count;
        struct entry *entry = &search->entries[search->stale_at];
        if (entry->stale) {
            read_record(search, &reading, entry, entry->event_count);
            done++;
        }
    }
    search->has_stale = search->has_stale || looked < search->count;
    kv_abort(&txn);
}

bool search_work(struct search *search, const struct search_ask *ask, size_t limit)
{
    if (!search->working && search->wanted) {
        search->working = true;
        search->wanted = false;
        search->table = KV_RECORD;
        search->has_cursor = false;
    }
    while (search->working && limit > 0) {
        size_t portion = limit < PORTION ? limit : PORTION;
        if (!work_portion(search, ask, portion)) {
            next_table(search, ask->space);
        }
        limit -= portion;
    }
    freshen(search, ask);
    return !search->working;
}

void search_touch(struct search *search, const uint8_t record[LIMIT_ID_SIZE])
{
    struct entry *entry = entry_for(search, record);
    if (entry != NULL) {
        entry->stale = true;
        search->has_stale = true;
    }
}

bool search_is_new(const struct search *search)
{
    return search->count == 0 && !search->working && search->wanted;
}

void search_again(struct search *search)
{
    search->wanted = true;
}

/* --- finding --- */

static void entry_view(const struct entry *entry, struct search_entry *ret)
{
    memcpy(ret->record, entry->record, LIMIT_ID_SIZE);
    ret->name = entry->text == NULL ? "" : entry->text;
    ret->id_number = entry->text == NULL ? "" : entry->text + strlen(entry->text) + 1;
    ret->phone = entry->text == NULL ? "" : ret->id_number + strlen(ret->id_number) + 1;
}

static bool begins_or_ends(const char *text, const char *word)
{
    size_t size = strlen(text);
    size_t word_size = strlen(word);
    return word_size >= WORD_MIN && size >= word_size &&
           (memcmp(text, word, word_size) == 0 ||
            memcmp(text + size - word_size, word, word_size) == 0);
}

void search_find(const struct search *search, const char *text, void *context,
                 bool (*visit)(void *context, const struct search_entry *entry))
{
    for (size_t i = search->count; i > 0 && text[0] != 0; i--) {
        struct search_entry entry;
        if (search->entries[i - 1].text == NULL) {
            continue;
        }
        entry_view(&search->entries[i - 1], &entry);
        if ((strstr(entry.name, text) != NULL || begins_or_ends(entry.id_number, text) ||
             begins_or_ends(entry.phone, text)) &&
            !visit(context, &entry)) {
            return;
        }
    }
}

bool search_look(struct search *search, const struct search_ask *ask,
                 const uint8_t record[LIMIT_ID_SIZE], struct search_entry *ret)
{
    struct kv_txn txn;
    struct entry *entry = entry_for(search, record);
    if (entry == NULL) {
        return false;
    }
    if (entry->stale) {
        kv_begin(ask->kv, false, &txn);
        struct reading reading = {
            .ask = ask, .fold = ask->port->fold(ask->port->context), .txn = &txn};
        read_record(search, &reading, entry, entry->event_count);
        kv_abort(&txn);
    }
    entry_view(entry, ret);
    return true;
}
