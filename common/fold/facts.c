#include "fold/facts.h"

#include <stdlib.h>
#include <string.h>

enum { EDITIONS = 64, NO_EDITION = -1 };

struct fold_facts {
    struct fold_facts_ask ask;
    struct views_source source;
    struct views_station *stations;
    struct record *shown;       /* handed to visits of records */
    struct record *found;       /* handed out by find */
    int32_t since[2][EDITIONS]; /* days of the policies and of the catalogues; 0: not looked up */
};

/* --- records --- */

struct walk {
    struct fold_facts *facts;
    views_record_visit visit;
    void *context;
    bool more;
    const struct fold_period *period; /* NULL: all that are listed */
};

static bool walk_one(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct walk *walk = context;
    const struct fold_facts_ask *ask = &walk->facts->ask;
    (void)due_day;
    struct record *shown = walk->facts->shown;
    bool found = walk->period == NULL
                     ? fold_record_get(ask->fold, ask->txn, ask->space, id, shown)
                     : fold_record_get_of(ask->fold, ask->txn, ask->space, id, walk->period, shown);
    if (found) {
        walk->more = walk->visit(walk->context, walk->facts->shown);
    }
    return walk->more;
}

static void each_record(void *context, const struct views_reach *reach, views_record_visit visit,
                        void *visit_context)
{
    struct fold_facts *facts = context;
    const struct rule_machine *machine = rule_machine(reach->machine);
    struct walk walk = {facts, visit, visit_context, machine != NULL, NULL};
    if (reach->until_day > 0) {
        const struct fold_period period = {reach->from_day, reach->until_day, reach->states};
        walk.period = &period;
        fold_list_period(facts->ask.fold, facts->ask.txn, reach->machine, &period, walk_one, &walk);
        return;
    }
    for (const struct rule_name *state = walk.more ? machine->states : NULL;
         walk.more && state->name != NULL; state++) {
        bool wanted = reach->states == 0 || (reach->states >> state->number & 1) != 0;
        if (wanted) {
            fold_list_state(facts->ask.fold, facts->ask.txn, reach->machine, state->number, NULL,
                            walk_one, &walk);
        }
    }
}

static const struct record *find_record(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct fold_facts *facts = context;
    const struct fold_facts_ask *ask = &facts->ask;
    return fold_record_get(ask->fold, ask->txn, ask->space, id, facts->found) ? facts->found : NULL;
}

/* --- events --- */

struct event_walk {
    struct fold_facts *facts;
    views_event_visit visit;
    void *context;
};

/* What was returned or set aside has no effect and is no event of the record here. */
static bool event_one(void *context, const struct wire_event *event, const char *standing,
                      uint32_t refusal)
{
    struct event_walk *walk = context;
    const struct fold_facts_ask *ask = &walk->facts->ask;
    const struct directory_key *key =
        directory_key(world_directory(ask->fold->world), event->author);
    struct views_event shown = {.verb = (uint16_t)values_number(&event->facts, FIELD_verb, 0),
                                .kept_ms = event->claimed_ms,
                                .seen_ms = fold_seen_ms(ask->fold, ask->txn, event),
                                .accepted_ms = event->leaf_ms,
                                .paper_ms = event->back_entry ? event->paper_ms : 0,
                                .facts = &event->facts};
    bool counts =
        refusal == 0 && strcmp(standing, "returned") != 0 && strcmp(standing, "set_aside") != 0;
    memcpy(shown.id, event->id, sizeof shown.id);
    memcpy(shown.device, event->device, sizeof shown.device);
    if (key != NULL) {
        memcpy(shown.staff, key->staff, sizeof shown.staff);
    }
    return !counts || walk->visit(walk->context, &shown);
}

static void each_event(void *context, const uint8_t record[LIMIT_ID_SIZE], views_event_visit visit,
                       void *visit_context)
{
    struct fold_facts *facts = context;
    struct event_walk walk = {facts, visit, visit_context};
    facts->ask.events(facts->ask.context, record, &walk, event_one);
}

/* --- editions --- */

static const struct policy *policy_of(void *context, uint64_t edition)
{
    struct fold_facts *facts = context;
    const struct world *world = facts->ask.fold->world;
    struct rule_world pinned = {0};
    bool known = world_view(world, world_common_seq(world), edition, 0, &pinned);
    return known && pinned.policy_edition == edition ? pinned.policy : NULL;
}

static int32_t common_day(const struct fold_facts_ask *ask, uint64_t seq);

/* Asked for each record and slot: looked up once. */
static int32_t edition_since(void *context, bool catalogue, uint64_t edition)
{
    struct fold_facts *facts = context;
    enum world_kind kind = catalogue ? WORLD_CATALOGUE : WORLD_POLICY;
    int32_t *days = facts->since[catalogue ? 1 : 0];
    size_t at = edition < EDITIONS ? (size_t)edition : 0; /* none is numbered 0: never read */
    if (at != 0 && days[at] != 0) {
        return days[at] == NO_EDITION ? 0 : days[at];
    }
    uint64_t seq = world_edition_since(facts->ask.fold->world, kind, edition);
    int32_t day = seq == 0 ? 0 : common_day(&facts->ask, seq);
    days[at] = day == 0 ? NO_EDITION : day;
    return day;
}

/* --- stations --- */

/* The day of a leaf of the common feed; 1 when it is not here. */
static int32_t common_day(const struct fold_facts_ask *ask, uint64_t seq)
{
    struct wire_leaf leaf;
    struct buf bytes;
    uint64_t index = 0;
    int32_t day = 1;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    if (log_feed_index(&ask->fold->log, ask->txn, 0, seq, &index) &&
        log_leaf(&ask->fold->log, ask->txn, index, &bytes) &&
        wire_leaf_decode(buf_span(&bytes), &leaf) == ERR_NONE) {
        day = civil_day_of_ms(leaf.hub_ms);
    }
    buf_done(&bytes);
    return day;
}

static bool is_replaced(const struct directory *directory, const struct directory_station *station)
{
    for (size_t i = 0; i < directory_station_count(directory); i++) {
        const struct directory_station *other = directory_station_at(directory, i);
        if (memcmp(other->replaces, station->device, LIMIT_KEY_SIZE) == 0) {
            return true;
        }
    }
    return station->revoked_index != 0;
}

static void list_stations(struct fold_facts *facts)
{
    const struct directory *directory = world_directory(facts->ask.fold->world);
    for (size_t i = 0; i < facts->source.station_count; i++) {
        const struct directory_station *station = directory_station_at(directory, i);
        struct views_station *shown = &facts->stations[i];
        const struct stations_line *merger = stations_merger(facts->source.names, station->code);
        shown->until_day = merger == NULL ? 0 : merger->day - 1;
        memcpy(shown->device, station->device, sizeof shown->device);
        shown->code = station->code;
        shown->since_day = common_day(&facts->ask, station->since);
        shown->gone = is_replaced(directory, station);
    }
}

/* --- all --- */

static enum err facts_fill(struct fold_facts *facts)
{
    struct rule_world world = {0};
    const struct fold_facts_ask *ask = &facts->ask;
    size_t count = directory_station_count(world_directory(ask->fold->world));
    if (!world_view(ask->fold->world, world_common_seq(ask->fold->world), 0, 0, &world)) {
        return ERR_STATE;
    }
    facts->shown = malloc(sizeof *facts->shown);
    facts->found = malloc(sizeof *facts->found);
    facts->stations = calloc(count + 1, sizeof *facts->stations);
    if (facts->shown == NULL || facts->found == NULL || facts->stations == NULL) {
        return ERR_MEMORY;
    }
    facts->source = (struct views_source){.context = facts,
                                          .policy = world.policy,
                                          .calendar = world.calendar,
                                          .catalogue = world.catalogue,
                                          .names = world.stations,
                                          .policy_of = policy_of,
                                          .edition_since = edition_since,
                                          .now_ms = ask->now_ms,
                                          .station_count = count,
                                          .stations = facts->stations,
                                          .records = each_record,
                                          .find = find_record,
                                          .events = each_event};
    list_stations(facts);
    return ask->txn->err;
}

enum err fold_facts_new(const struct fold_facts_ask *ask, struct fold_facts **ret_facts)
{
    struct fold_facts *facts = calloc(1, sizeof *facts);
    if (facts == NULL) {
        return ERR_MEMORY;
    }
    facts->ask = *ask;
    enum err err = facts_fill(facts);
    if (err != ERR_NONE) {
        fold_facts_free(facts);
        return err;
    }
    *ret_facts = facts;
    return ERR_NONE;
}

void fold_facts_free(struct fold_facts *facts)
{
    if (facts != NULL) {
        free(facts->shown);
        free(facts->found);
        free(facts->stations);
        free(facts);
    }
}

const struct views_source *fold_facts_source(const struct fold_facts *facts)
{
    return &facts->source;
}
