#include "rules/reading.h"

#include "desk/inside.h"
#include "rules/machines.h"

#include <string.h>

/* Who reads the events of a case: rules/reading.def with what only the store knows, whom he stands
 * in for and which dossiers there are. */

enum { PEOPLE_MAX = 16 };

struct readers {
    struct desk *desk;
    struct kv_txn *txn;
    uint8_t people[PEOPLE_MAX][LIMIT_ID_SIZE];
    size_t count;
    bool in_dossier;
};

static bool take_principal(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct readers *readers = context;
    struct desk *desk = readers->desk;
    (void)due_day;
    if (fold_record_get(desk_fold(desk), readers->txn, desk->options.space, id, desk->other)) {
        struct span delegate = values_bytes(&desk->other->facts, FIELD_delegate, 0);
        struct span principal = values_bytes(&desk->other->facts, FIELD_principal, 0);
        if (principal.size == LIMIT_ID_SIZE &&
            span_equal(delegate, span_of(readers->people[0], LIMIT_ID_SIZE))) {
            memcpy(readers->people[readers->count++], principal.data, LIMIT_ID_SIZE);
        }
    }
    return readers->count < PEOPLE_MAX;
}

static bool take_dossier(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    static const enum field fields[] = {FIELD_subject, FIELD_case_record};
    struct readers *readers = context;
    struct desk *desk = readers->desk;
    struct span asked = span_of(desk->record->id, LIMIT_ID_SIZE);
    (void)due_day;
    if (fold_record_get(desk_fold(desk), readers->txn, desk->options.space, id, desk->other)) {
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
            readers->in_dossier =
                readers->in_dossier ||
                span_equal(values_bytes(&desk->other->facts, fields[i], 0), asked);
        }
    }
    return !readers->in_dossier;
}

static void each_of(struct readers *readers, enum machine_id id, fold_visit visit)
{
    for (const struct rule_name *state = rule_machine(id)->states; state->name != NULL; state++) {
        fold_list_state(desk_fold(readers->desk), readers->txn, id, state->number, NULL, visit,
                        readers);
    }
}

static bool is_one_window(struct desk *desk)
{
    struct rule_world world = {0};
    struct world *all = desk_fold(desk)->world;
    return world_view(all, world_common_seq(all), 0, 0, &world) &&
           policy_is(world.policy, POLICY_READING_ONE_WINDOW);
}

bool desk_may_read(struct desk *desk, struct desk_call *call, struct kv_txn *txn)
{
    static const struct reply_problem problem = {
        403, "not_permitted", "您的岗位不能查看这个办件的事件（规则书 4.3）。请找承办人或站长。",
        "Your role may not read this case's events (4.3). Ask its handler or the station head.",
        NULL};
    struct readers readers = {.desk = desk, .txn = txn, .count = 1};
    struct reading_ask ask = {.record = desk->record,
                              .tier = desk->options.tier,
                              .device = desk->device,
                              .roles = ROLE_DEVICE,
                              .people = readers.people[0],
                              .one_window = is_one_window(desk)};
    if (call->session != NULL) {
        memcpy(readers.people[0], call->session->staff, LIMIT_ID_SIZE);
        ask.roles = desk_session_roles(desk, call->session);
        fold_list_state(desk_fold(desk), txn, MACHINE_DELEGATION, DELEGATION_STATE_ACTIVE, NULL,
                        take_principal, &readers);
        each_of(&readers, MACHINE_COMPLAINT, take_dossier);
        each_of(&readers, MACHINE_ACCOUNTABILITY, take_dossier);
        ask.people_count = readers.count;
        ask.in_dossier = readers.in_dossier;
    }
    if (!reading_may(&ask)) {
        reply_problem(call->exchange, &problem);
        return false;
    }
    return true;
}
