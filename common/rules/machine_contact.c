#include "rules/engine.h"

#define IN(state) ((uint32_t)1 << CONTACT_STATE_##state)
#define TO(state) CONTACT_STATE_##state
#define UNARCHIVED                                                                                 \
    (IN(OPEN) | IN(OFFERED) | IN(ANSWERED) | IN(TOLD_WHERE) | IN(BECAME_CASE) | IN(ENDED))

static bool channel_holds(const struct rule_input *input)
{
    uint64_t channel = input_number(input, FIELD_channel);
    return channel >= CONTACT_CHANNEL_FIRST && channel <= CONTACT_CHANNEL_LAST;
}

static bool matter_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_item) || input_has_sealed(input, SEALED_LABEL_MATTER);
}

static bool receiver_named_holds(const struct rule_input *input)
{
    struct span receiver = input_bytes(input, FIELD_receiver);
    if (receiver.size == 0) {
        return input_has(input, FIELD_department);
    }
    return receiver.size == LIMIT_ID_SIZE && !input_author_is(input, receiver);
}

/* What was offered to a department is acknowledged by whoever speaks for it. */
static bool is_receiver_holds(const struct rule_input *input)
{
    struct span receiver = before_bytes(input, FIELD_receiver);
    return receiver.size == 0 || input_author_is(input, receiver);
}

static bool place_told_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_destination);
}

static bool case_of_contact_holds(const struct rule_input *input)
{
    const struct record *record = input_find(input, FIELD_case_record, 0, MACHINE_CASE);
    struct span own = span_of(input->before->id, sizeof input->before->id);
    return record != NULL && span_equal(record_bytes(record, FIELD_contact), own);
}

/* X10: first contact lasts until the person has the result. */
static bool case_told_holds(const struct rule_input *input)
{
    const uint32_t closed = (uint32_t)1 << CASE_STATE_NOT_ACCEPTED |
                            (uint32_t)1 << CASE_STATE_WITHDRAWN |
                            (uint32_t)1 << CASE_STATE_ARCHIVED;
    struct span id = before_bytes(input, FIELD_case_record);
    const struct record *record = world_find(input->world, id, MACHINE_CASE);
    if (id.size == 0) {
        return true;
    }
    return record != NULL &&
           (record_number(record, FIELD_told_ms) != 0 || record_is_in(record, closed));
}

RULE_GUARD(channel, NO_CHANNEL);
RULE_GUARD(matter, NO_CONTENT);
/* X02: information may be told orally, unless the policy wants it on paper. */
static bool answer_form_holds(const struct rule_input *input)
{
    return policy_is(input->world->policy, POLICY_NOTIFY_ORAL_INFORMATION) ||
           input_number(input, FIELD_mode) == CASE_MODE_WRITTEN;
}

RULE_GUARD(answer_form, NOT_WRITTEN);
RULE_GUARD(receiver_named, NO_RECEIVER);
RULE_GUARD(is_receiver, NOT_RECEIVER);
RULE_GUARD(place_told, NO_DESTINATION);
RULE_GUARD(case_of_contact, CASE_NOT_OF_CONTACT);
RULE_GUARD(case_told, RESULT_NOT_TOLD);

static void contact_open(struct rule_input *input)
{
    static const enum field opening[] = {FIELD_channel, FIELD_item, FIELD_own_duty, FIELD_urgent,
                                         FIELD_post};
    for (size_t i = 0; i < sizeof opening / sizeof *opening; i++) {
        after_store(input, opening[i]);
    }
    effect_take(input);
    after_set_staff(input, FIELD_first_responsible);
}

static void contact_told(struct rule_input *input)
{
    after_set_number(input, FIELD_told_ms, input->event->legal_ms);
}

static void contact_offer(struct rule_input *input)
{
    values_set_bytes(&input->after->facts, FIELD_receiver, 0, input_bytes(input, FIELD_receiver));
    values_set_bytes(&input->after->facts, FIELD_department, 0,
                     input_bytes(input, FIELD_department));
}

/* The work moves to the receiver; the duty only where the policy says so (X10). */
static void contact_take_over(struct rule_input *input)
{
    effect_take(input);
    if (policy_choice(input->world->policy, POLICY_FIRST_CONTACT_ENDS) ==
        POLICY_CHOICE_HANDED_OVER) {
        after_set_staff(input, FIELD_first_responsible);
    }
}

static void contact_became_case(struct rule_input *input)
{
    after_store(input, FIELD_case_record);
    after_store(input, FIELD_item);
}

static void contact_correct(struct rule_input *input)
{
    after_store(input, FIELD_item);
    after_store(input, FIELD_post);
}

static const struct rule_row contact_rows[] = {
#include "rules/contact.def"
};

static const struct rule_name contact_states[] = {
    {CONTACT_STATE_OPEN, "open", "接待"},
    {CONTACT_STATE_OFFERED, "offered", "转交待接"},
    {CONTACT_STATE_ANSWERED, "answered", "答复"},
    {CONTACT_STATE_TOLD_WHERE, "told_where", "指引"},
    {CONTACT_STATE_BECAME_CASE, "became_case", "已立案"},
    {CONTACT_STATE_ENDED, "ended", "已告知结果"},
    {CONTACT_STATE_ARCHIVED, "archived", "归档"},
    {0, NULL, NULL},
};

static const struct rule_name contact_verbs[] = {
    {CONTACT_RECEIVED, "received", "首问登记"},
    {CONTACT_ANSWERED, "answered", "答复"},
    {CONTACT_HANDED_OVER, "handed_over", "转交"},
    {CONTACT_TAKEN_OVER, "taken_over", "接手"},
    {CONTACT_TOLD_WHERE, "told_where", "告知去处"},
    {CONTACT_CASE_OPENED, "case_opened", "转为办件"},
    {CONTACT_RESULT_TOLD, "result_told", "告知结果"},
    {CONTACT_ASKED_SUPERIOR, "asked_superior", "请示"},
    {CONTACT_CORRECTED, "corrected", "更正"},
    {CONTACT_ARCHIVED, "archived", "归档"},
    {0, NULL, NULL},
};

const struct rule_machine machine_contact = {
    .id = MACHINE_CONTACT,
    .name = "contact",
    .zh = "首问",
    .states = contact_states,
    .verbs = contact_verbs,
    .rows = contact_rows,
    .row_count = sizeof contact_rows / sizeof *contact_rows,
    .final_states = IN(ARCHIVED),
    .payload_field = PAYLOAD_CONTACT,
    .follows = IN(OPEN) | IN(OFFERED),
    .shut = true,
};
