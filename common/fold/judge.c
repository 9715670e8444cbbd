#include "fold/fold.h"
#include "fold/handover.h"
#include "fold/scratch.h"
#include "rules/deadline.h"

#include <string.h>

/* How far a claimed time may lie outside the proven interval before the event is marked: clocks
 * of honest machines differ by minutes (evidence.md, E9). */
enum { CLOCK_TOLERANCE_MS = 10 * 60 * 1000, CLOCK_QUALITY_BAD = 3 };

static const uint8_t zeros[LIMIT_KEY_SIZE];

enum machine_id fold_machine_of(uint32_t payload)
{
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine != NULL && machine->payload_field == payload) {
            return machine->id;
        }
    }
    return MACHINE_NONE;
}

uint64_t fold_applied_common(const struct fold *fold, const struct wire_event *event)
{
    struct world_past past;
    bool cut =
        world_past(fold->world, event->applied_epoch, &past) && past.common < event->applied_common;
    return cut ? past.common : event->applied_common;
}

/* When a checkpoint of the hub's own events was, a station cannot know: the hub's clock is the
 * log's, so nothing is lost by not asking. */
static uint64_t seen_ms(struct fold *fold, struct kv_txn *txn, const struct wire_event *event)
{
    bool hubs = directory_is_hub(world_directory(fold->world), event->device);
    return hubs ? 0 : fold_seen_ms(fold, txn, event);
}

/* Claimed time moved into (time of the checkpoint it had seen, time of its leaf]. */
static uint64_t legal_ms(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                         bool *ret_marked)
{
    const struct wire_event *event = ask->event;
    uint64_t low = seen_ms(fold, txn, event);
    uint64_t high = ask->leaf_ms;
    uint64_t claimed = event->claimed_ms;
    bool early = low > CLOCK_TOLERANCE_MS && claimed < low - CLOCK_TOLERANCE_MS;
    bool late = claimed > high && claimed - high > CLOCK_TOLERANCE_MS;
    *ret_marked = early || late || event->clock == CLOCK_QUALITY_BAD;
    if (claimed < low) {
        claimed = low;
    }
    return claimed > high ? high : claimed;
}

/* What was written on paper counts from then (R104); never later than its entry. Who enters it acts
 * today: his roles are those of the entry. */
static uint64_t receipt_ms(const struct wire_event *event, uint64_t entered_ms, bool *marked)
{
    struct deadline_receipt receipt = {.claimed_ms = entered_ms,
                                       .back_entry = event->back_entry && event->paper_ms != 0,
                                       .paper_ms = event->paper_ms};
    bool moved = false;
    uint64_t ms = deadline_receipt_ms(&receipt, &moved);
    *marked = *marked || moved;
    return ms;
}

struct finder {
    struct fold *fold;
    struct kv_txn *txn;
    enum fold_space space;
};

static const struct record *find_record(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct finder *finder = context;
    struct record *record = &finder->fold->scratch[FOLD_SCRATCH_FIND];
    return fold_record_get(finder->fold, finder->txn, finder->space, id, record) ? record : NULL;
}

/* The station whose people must learn of an event at the hub; zeros: nobody. */
static void feed_target(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                        const struct record *after, uint8_t *ret_device)
{
    memcpy(ret_device, after->station, LIMIT_KEY_SIZE);
    struct span parent = values_bytes(&ask->event->facts, FIELD_case_record, 0);
    struct record *record = &fold->scratch[FOLD_SCRATCH_PARENT];
    if (memcmp(after->station, zeros, LIMIT_KEY_SIZE) == 0 && parent.size == LIMIT_ID_SIZE &&
        fold_record_get(fold, txn, ask->space, parent.data, record)) {
        memcpy(ret_device, record->station, LIMIT_KEY_SIZE);
    }
}

static void fill_event(const struct fold *fold, const struct fold_ask *ask,
                       const struct directory_author *author, enum machine_id machine,
                       struct rule_event *ret)
{
    const struct wire_event *event = ask->event;
    const struct directory_station *station =
        directory_station(world_directory(fold->world), event->device);
    memset(ret, 0, sizeof *ret);
    ret->machine = machine;
    ret->verb = (uint16_t)values_number(&event->facts, FIELD_verb, 0);
    memcpy(ret->id, ask->id, sizeof ret->id);
    memcpy(ret->record, event->record, sizeof ret->record);
    memcpy(ret->device, event->device, sizeof ret->device);
    ret->tier = author->tier;
    memcpy(ret->staff, author->staff, sizeof ret->staff);
    ret->roles = author->roles;
    ret->back_entry = event->back_entry;
    ret->paper_ms = event->paper_ms;
    ret->paper_serial = event->paper_serial;
    ret->back_reason = event->back_reason;
    ret->attestation = event->attestation;
    ret->attestation_ground = event->attestation_ground;
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        ret->sealed_labels |= event->sealed[i].label < 32 ? 1U << event->sealed[i].label : 0;
    }
    ret->applied_own = event->applied_own;
    ret->facts = &event->facts;
    ret->station_code = station == NULL ? NULL : station->code;
}

/* World, record before (NULL: none) and event as the rules want them. ERR_STATE: no editions. */
static enum err prepare(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                        struct rule_world *ret_world, const struct record **ret_before)
{
    struct record *before = &fold->scratch[FOLD_SCRATCH_BEFORE];
    bool has = fold_record_get(fold, txn, ask->space, ask->event->record, before);
    uint64_t policy = has ? values_number(&before->facts, FIELD_policy_edition, 0) : 0;
    uint64_t catalogue = has ? values_number(&before->facts, FIELD_catalogue_edition, 0) : 0;
    *ret_before = has ? before : NULL;
    uint64_t applied = fold_applied_common(fold, ask->event);
    if (!world_view(fold->world, applied, policy, catalogue, ret_world)) {
        return txn->err != ERR_NONE ? txn->err : ERR_STATE;
    }
    return txn->err;
}

/* The own-feed seq this event's leaf has, or would be given next. */
static uint64_t own_seq_of(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                           const uint8_t *device)
{
    struct log_head head;
    if (ask->own_seq != 0) {
        return ask->own_seq;
    }
    (void)log_head_get(&fold->log, txn, device, &head);
    return head.own_seq + 1;
}

static void settle_baton(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                         const struct record *before)
{
    bool was_hub = before != NULL && before->holder == HOLDER_HUB;
    if (was_hub && ask->record->holder == HOLDER_STATION) {
        ask->record->baton_own_seq = own_seq_of(fold, txn, ask, ask->record->station);
    }
}

static enum err judge_machine(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                              const struct directory_author *author, struct fold_verdict *ret)
{
    struct finder finder = {fold, txn, ask->space};
    struct rule_world world = {0};
    struct rule_event event;
    const struct record *before = NULL;
    enum err err = prepare(fold, txn, ask, &world, &before);
    if (err != ERR_NONE) {
        return err;
    }
    world.context = &finder;
    world.find = find_record;
    fill_event(fold, ask, author, fold_machine_of(ask->event->payload), &event);
    event.entered_ms = legal_ms(fold, txn, ask, &event.clock_marked);
    event.legal_ms = receipt_ms(ask->event, event.entered_ms, &event.clock_marked);
    struct rule_outcome outcome = rule_judge(&world, before, &event, ask->record);
    ret->form = outcome.form;
    if (outcome.refusal != REFUSAL_NONE) {
        ret->verdict = WIRE_REFUSED;
        ret->refusal = outcome.refusal;
        return txn->err;
    }
    ret->verdict = WIRE_ACCEPTED;
    ret->has_record = true;
    settle_baton(fold, txn, ask, before);
    if (author->tier == TIER_HUB) {
        feed_target(fold, txn, ask, ask->record, ret->feed_device);
        ret->own = memcmp(ret->feed_device, zeros, LIMIT_KEY_SIZE) != 0;
    }
    return txn->err;
}

/* What the machine itself records: only the device that it is about may. */
static enum refusal judge_device_event(const struct wire_event *event,
                                       const struct directory_author *author)
{
    bool life = event->payload == WIRE_LIFE;
    bool hub_only = event->payload == WIRE_HEADS || event->payload == WIRE_CLOCK_STEP ||
                    event->payload == WIRE_EPOCH;
    bool audience = event->payload == WIRE_AUDIENCE;
    uint64_t hub_roles = ROLE_DEVICE | ROLE_HUB_LEADER | ROLE_REGISTRAR;
    bool may = (life && author->device) ||
               (hub_only && author->device && author->tier == TIER_HUB) ||
               (audience && author->tier == TIER_HUB && (author->roles & hub_roles) != 0);
    return may ? REFUSAL_NONE : REFUSAL_DIRECTORY_DEVICE_ONLY;
}

/* A new log begins just there, and after those before it. */
static enum refusal judge_epoch(const struct fold *fold, const struct fold_ask *ask)
{
    const struct values *facts = &ask->event->facts;
    bool next = values_number(facts, FIELD_epoch, 0) > world_epoch(fold->world) &&
                values_number(facts, FIELD_former_size, 0) == ask->leaf_index;
    return ask->event->payload != WIRE_EPOCH || next ? REFUSAL_NONE : REFUSAL_EDITION_NOT_NEXT;
}

static bool in_common_feed(uint32_t payload)
{
    return payload == WIRE_PERSON || payload == WIRE_STATION || payload == WIRE_EDITION ||
           payload == WIRE_EPOCH || payload == WIRE_AUDIENCE;
}

static void judge_world(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                        const struct directory_author *author, struct fold_verdict *ret)
{
    const struct wire_event *event = ask->event;
    enum refusal refusal = REFUSAL_NONE;
    if (event->payload == WIRE_EDITION) {
        refusal = world_judge_edition(fold->world, txn, event, author);
    } else if (event->payload == WIRE_PERSON || event->payload == WIRE_STATION) {
        refusal = directory_judge(world_directory(fold->world), event, author);
    } else {
        refusal = judge_device_event(event, author);
        refusal = refusal == REFUSAL_NONE ? judge_epoch(fold, ask) : refusal;
    }
    ret->verdict = refusal == REFUSAL_NONE ? WIRE_ACCEPTED : WIRE_REFUSED;
    ret->refusal = refusal;
    ret->common = refusal == REFUSAL_NONE && in_common_feed(event->payload);
}

enum err fold_judge(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                    struct fold_verdict *ret)
{
    const struct wire_event *event = ask->event;
    struct directory_author author;
    bool marked = false;
    memset(ret, 0, sizeof *ret);
    uint64_t legal = legal_ms(fold, txn, ask, &marked);
    struct directory_ask question = {event->author, event->device, civil_day_of_ms(legal),
                                     fold_applied_common(fold, event), ask->leaf_index};
    directory_ask(world_directory(fold->world), &question, &author);
    if (!author.known) {
        ret->verdict = WIRE_VOID;
        ret->void_reason = WIRE_VOID_AUTHOR;
        return txn->err;
    }
    if (author.revoked) {
        ret->verdict = WIRE_QUARANTINED;
        return txn->err;
    }
    if (question.applied > world_common_seq(fold->world)) {
        ret->verdict = WIRE_REFUSED;
        ret->refusal = REFUSAL_APPLIED_UNKNOWN;
        return txn->err;
    }
    if (fold_machine_of(event->payload) != MACHINE_NONE) {
        return judge_machine(fold, txn, ask, &author, ret);
    }
    if (event->payload == WIRE_HANDOVER) {
        ret->refusal = fold_handover_judge(fold, txn, ask, &author, question.day);
        ret->verdict = ret->refusal == REFUSAL_NONE ? WIRE_ACCEPTED : WIRE_REFUSED;
        ret->has_record = ret->refusal == REFUSAL_NONE;
        ret->own = ret->has_record;
        memcpy(ret->feed_device, ret->own ? ask->record->station : zeros, LIMIT_KEY_SIZE);
        return txn->err;
    }
    judge_world(fold, txn, ask, &author, ret);
    return txn->err;
}

static enum err apply_machine(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask)
{
    struct finder finder = {fold, txn, ask->space};
    struct rule_world world = {0};
    struct rule_event event;
    struct directory_author author;
    const struct record *before = NULL;
    enum err err = prepare(fold, txn, ask, &world, &before);
    if (err != ERR_NONE) {
        return err;
    }
    world.context = &finder;
    world.find = find_record;
    bool marked = false;
    uint64_t legal = legal_ms(fold, txn, ask, &marked);
    struct directory_ask question = {ask->event->author, ask->event->device, civil_day_of_ms(legal),
                                     fold_applied_common(fold, ask->event), ask->leaf_index};
    directory_ask(world_directory(fold->world), &question, &author);
    fill_event(fold, ask, &author, fold_machine_of(ask->event->payload), &event);
    event.entered_ms = legal;
    event.legal_ms = receipt_ms(ask->event, legal, &marked);
    event.clock_marked = marked;
    if (!rule_apply(&world, before, &event, ask->record)) {
        return ERR_STATE;
    }
    settle_baton(fold, txn, ask, before);
    fold_record_put(fold, txn, ask->space, ask->record);
    return txn->err;
}

enum err fold_apply(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                    uint64_t common_seq)
{
    if (fold_machine_of(ask->event->payload) != MACHINE_NONE) {
        return apply_machine(fold, txn, ask);
    }
    if (ask->event->payload == WIRE_HANDOVER) {
        return fold_handover_apply(fold, txn, ask);
    }
    return common_seq == 0 ? txn->err
                           : world_apply(fold->world, txn, ask->event, common_seq, ask->leaf_index);
}
