#include "desk/twins.h"

#include "desk/number.h"
#include "desk/reply.h"
#include "rules/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TWINS_SHOWN = 3, SENTENCE_SIZE = 768, HTTP_DUPLICATE = 409 };

#define TWINS_ARTICLE "R26 S3-3三4 [S3:105]"

struct twin {
    uint8_t record[LIMIT_ID_SIZE];
    char number[NUMBER_SIZE];
    enum machine_id machine;
    uint16_t state;
};

struct twins {
    struct desk *desk;
    struct kv_txn txn;
    struct record *other;
    struct wire_identity identity;
    enum machine_id machine;
    const uint8_t *record;
    struct span item;
    struct span contact; /* that the case comes from */
    int32_t day;
    int32_t window;
    size_t count;
    struct twin twin[TWINS_SHOWN];
};

static bool same_person(const struct twins *twins, const struct search_entry *entry)
{
    const struct wire_identity *one = &twins->identity;
    if (one->id_number[0] != 0) {
        return strcmp(one->id_number, entry->id_number) == 0;
    }
    return one->phone[0] != 0 && strcmp(one->name, entry->name) == 0 &&
           strcmp(one->phone, entry->phone) == 0;
}

static bool same_time(const struct twins *twins, const struct record *record)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    int32_t opened = civil_day_of_ms(values_number(&record->facts, FIELD_opened_ms, 0));
    int32_t apart = opened < twins->day ? twins->day - opened : opened - twins->day;
    bool open = (machine->final_states >> record->state & 1) == 0 && opened <= twins->day &&
                values_number(&record->facts, FIELD_finished_ms, 0) == 0;
    return record->machine == MACHINE_CASE ? open || apart <= twins->window : apart == 0;
}

static bool is_other(const struct twins *twins, const uint8_t *record)
{
    return memcmp(record, twins->record, LIMIT_ID_SIZE) != 0 &&
           !span_equal(twins->contact, span_of(record, LIMIT_ID_SIZE));
}

static bool take_twin(void *context, const struct search_entry *entry)
{
    struct twins *twins = context;
    struct desk *desk = twins->desk;
    if (!same_person(twins, entry) || !is_other(twins, entry->record) ||
        !fold_record_get(desk_fold(desk), &twins->txn, desk->options.space, entry->record,
                         twins->other) ||
        twins->other->machine != twins->machine || !same_time(twins, twins->other) ||
        !span_equal(values_bytes(&twins->other->facts, FIELD_item, 0), twins->item)) {
        return true;
    }
    struct twin *twin = &twins->twin[twins->count++];
    memcpy(twin->record, entry->record, sizeof twin->record);
    twin->machine = twins->other->machine;
    twin->state = twins->other->state;
    return twins->count < TWINS_SHOWN;
}

static void find_twins(struct twins *twins, struct desk_call *call)
{
    struct desk *desk = twins->desk;
    const struct world *world = desk_fold(desk)->world;
    struct rule_world rules;
    (void)desk_search_work(desk, call->session, DESK_SEARCH_AT_ONCE);
    kv_begin(desk->options.kv, false, &twins->txn);
    if (world_view(world, world_common_seq(world), 0, 0, &rules)) {
        const char *handle =
            twins->identity.id_number[0] != 0 ? twins->identity.id_number : twins->identity.name;
        twins->window = (int32_t)policy_get_count(rules.policy, POLICY_DUPLICATE_WINDOW);
        search_find(desk->search, handle, twins, take_twin);
    }
    kv_abort(&twins->txn);
    for (size_t i = 0; i < twins->count; i++) {
        desk_record_number(desk, twins->twin[i].record, twins->twin[i].number);
    }
}

struct sentence {
    char zh[SENTENCE_SIZE];
    char en[SENTENCE_SIZE];
};

static void say(const struct twin *twin, struct sentence *ret)
{
    (void)snprintf(ret->zh, sizeof ret->zh,
                   "同一人的同一事项已登记为 %s（%s），录入数据须与库存数据核对（" TWINS_ARTICLE
                   "）。请打开该记录继续办理；确需另办的，注明原因（force 和 reason）。",
                   twin->number, rule_state_zh(twin->machine, twin->state));
    (void)snprintf(ret->en, sizeof ret->en,
                   "The same person's same item is registered as %s (%s); what is entered is "
                   "compared with what is stored (" TWINS_ARTICLE
                   "). Open that record, or go on with a reason (force and reason).",
                   twin->number, rule_state_name(twin->machine, twin->state));
}

static void put_twins(const struct twins *twins, const char *name, struct json_text *json)
{
    struct sentence sentence;
    json_text_open_list(json, name);
    for (size_t i = 0; twins != NULL && i < twins->count; i++) {
        say(&twins->twin[i], &sentence);
        json_text_open(json, NULL);
        json_text_string(json, "code", "duplicate");
        json_text_string(json, "zh", sentence.zh);
        json_text_string(json, "en", sentence.en);
        json_text_hex(json, "record", span_of(twins->twin[i].record, LIMIT_ID_SIZE));
        json_text_string(json, "number", twins->twin[i].number);
        json_text_close(json);
    }
    json_text_close_list(json);
}

static void answer(const struct twins *twins, struct desk_call *call)
{
    struct sentence sentence;
    struct reply reply;
    say(&twins->twin[0], &sentence);
    reply_begin(&reply);
    json_text_number(&reply.json, "status", HTTP_DUPLICATE);
    json_text_string(&reply.json, "code", "duplicate");
    json_text_string(&reply.json, "zh", sentence.zh);
    json_text_string(&reply.json, "en", sentence.en);
    json_text_string(&reply.json, "article", TWINS_ARTICLE);
    put_twins(twins, "existing", &reply.json);
    reply_send(&reply, call->exchange, HTTP_DUPLICATE);
}

static bool refuse_bare_force(struct desk_call *call)
{
    static const struct reply_problem problem = {
        422, "no_reason",
        "重复登记须注明原因（reason），如 renewed 再次申请、mistaken 前件有误。请补充后再提交。",
        "Going on in spite of a registered matter takes a reason, a code: renewed, mistaken.",
        "reason"};
    reply_problem(call->exchange, &problem);
    return false;
}

static void twins_free(struct twins *twins)
{
    if (twins != NULL) {
        explicit_bzero(&twins->identity, sizeof twins->identity);
        free(twins->other);
    }
    free(twins);
}

/* NULL: nothing that could have a twin, or no memory. */
static struct twins *twins_new(struct desk *desk, struct desk_call *call,
                               const struct wire_act *act, const uint8_t *record)
{
    enum machine_id machine = fold_machine_of(act->payload);
    struct span item = values_bytes(&act->facts, FIELD_item, 0);
    bool asked = (machine == MACHINE_CASE || machine == MACHINE_CONTACT) && item.size != 0 &&
                 act->identity.size != 0 && desk_may_search(desk, call->session);
    struct twins *twins = asked ? calloc(1, sizeof *twins) : NULL;
    if (twins == NULL) {
        return NULL;
    }
    twins->desk = desk;
    twins->other = malloc(sizeof *twins->other);
    twins->machine = machine;
    twins->record = record;
    twins->item = item;
    twins->contact = values_bytes(&act->facts, FIELD_contact, 0);
    twins->day = civil_day_of_ms(act->back_entry ? act->paper_ms : call->now_ms);
    if (twins->other != NULL &&
        wire_identity_read(buf_span(&act->identity), &twins->identity) == ERR_NONE) {
        find_twins(twins, call);
    }
    return twins;
}

bool twins_allow(struct desk *desk, struct desk_call *call, const struct wire_act *act,
                 const uint8_t record[LIMIT_ID_SIZE])
{
    struct twins *twins = twins_new(desk, call, act, record);
    bool allow = twins == NULL || twins->count == 0;
    if (!allow && act->force) {
        allow = values_bytes(&act->facts, FIELD_reason, 0).size != 0 || refuse_bare_force(call);
    } else if (!allow) {
        answer(twins, call);
    }
    twins_free(twins);
    return allow;
}

void twins_warn(struct desk *desk, struct desk_call *call, const struct wire_act *act,
                const uint8_t record[LIMIT_ID_SIZE], struct json_text *json)
{
    struct twins *twins = act->force ? NULL : twins_new(desk, call, act, record);
    put_twins(twins, "warnings", json);
    twins_free(twins);
}
