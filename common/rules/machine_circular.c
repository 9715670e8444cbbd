#include "rules/office.h"

enum circular_verb { CIRCULAR_ISSUED = 1, CIRCULAR_READ = 2, CIRCULAR_WITHDRAWN = 3 };
enum circular_state { CIRCULAR_STATE_ISSUED = 1, CIRCULAR_STATE_WITHDRAWN = 2 };
enum { CIRCULAR_NOTICE = 1, CIRCULAR_POLICY = 2, CIRCULAR_DUTY_NOTICE = 3 };

#define IN(state) ((uint32_t)1 << CIRCULAR_STATE_##state)
#define TO(state) CIRCULAR_STATE_##state
#define WHO_ISSUES (ROLE_STATION_HEAD | WHO_HUB | ROLE_DISTRICT)

static bool kind_holds(const struct rule_input *input)
{
    return input_number_within(input, FIELD_kind, CIRCULAR_NOTICE, CIRCULAR_DUTY_NOTICE);
}

/* The text itself travels sealed or as a blob of this hash. */
static bool document_holds(const struct rule_input *input)
{
    return input_has(input, FIELD_hash) || input_has_sealed(input, SEALED_LABEL_MATTER);
}

static struct span reader(const struct rule_input *input)
{
    return span_of(input->event->staff, sizeof input->event->staff);
}

static bool unread_holds(const struct rule_input *input)
{
    return !record_people_list(input->before, reader(input));
}

RULE_GUARD(kind, CIRCULAR_KIND);
RULE_GUARD(document, NO_DOCUMENT);
RULE_GUARD(unread, READ_ALREADY);

static void circular_read(struct rule_input *input)
{
    values_set_bytes(&input->after->facts, FIELD_people,
                     values_places(&input->after->facts, FIELD_people), reader(input));
}

static const struct rule_row circular_rows[] = {
#include "rules/circular.def"
};

static const struct rule_name circular_states[] = {
    {CIRCULAR_STATE_ISSUED, "issued", "已发出"},
    {CIRCULAR_STATE_WITHDRAWN, "withdrawn", "已撤回"},
    {0, NULL, NULL},
};

static const struct rule_name circular_verbs[] = {
    {CIRCULAR_ISSUED, "issued", "发出"},
    {CIRCULAR_READ, "read", "已阅"},
    {CIRCULAR_WITHDRAWN, "withdrawn", "撤回"},
    {0, NULL, NULL},
};

const struct rule_machine machine_circular = {
    .id = MACHINE_CIRCULAR,
    .name = "circular",
    .zh = "通知",
    .states = circular_states,
    .verbs = circular_verbs,
    .rows = circular_rows,
    .row_count = sizeof circular_rows / sizeof *circular_rows,
    .final_states = IN(WITHDRAWN),
    .payload_field = PAYLOAD_CIRCULAR,
};
