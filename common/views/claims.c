#include "views/claims.h"

#include "views/inside.h"

#include <stdlib.h>

enum { KIND_STATION = 1, KIND_LIFE = 3 };

struct claiming {
    struct views_look look;
    struct views_entries entries;
};

static bool take_one(void *context, const struct record *record)
{
    struct claiming *claiming = context;
    int32_t until = views_day(record, FIELD_until_day);
    if (record->machine == MACHINE_APPRAISAL && views_in_scope(&claiming->look, record) &&
        until >= claiming->look.scope->from_day && until <= claiming->look.scope->until_day) {
        views_entries_add(&claiming->entries, 0, record->id, false);
    }
    return claiming->entries.err == ERR_NONE;
}

static uint64_t number_of(const struct record *record, enum field field)
{
    return values_number(&record->facts, field, 0);
}

static void compare(const struct record *record, const char *what, uint64_t claimed,
                    uint64_t recomputed, views_claim_visit visit, void *context)
{
    const struct views_claim claim = {record, what, claimed, recomputed};
    if (claimed != recomputed) {
        visit(context, &claim);
    }
}

static void compare_closed(const struct policy *policy, const struct record *record,
                           uint32_t points, views_claim_visit visit, void *context)
{
    if (!views_state_is(record, "opened")) {
        compare(record, "points", number_of(record, FIELD_points), points, visit, context);
        compare(record, "grade", number_of(record, FIELD_grade),
                (uint64_t)views_grade_of(policy, points), visit, context);
    }
}

static enum err check_one(const struct views_source *source, const struct record *record,
                          views_claim_visit visit, void *context)
{
    struct views_sheet sheet;
    struct span staff = values_bytes(&record->facts, FIELD_staff, 0);
    uint64_t kind = number_of(record, FIELD_kind);
    const struct views_scope scope = {
        .from_day = views_day(record, FIELD_from_day),
        .until_day = views_day(record, FIELD_until_day),
        .station = kind == KIND_STATION ? record->station : NULL,
        .staff = kind != KIND_STATION && staff.size == LIMIT_ID_SIZE ? staff.data : NULL};
    if (kind == KIND_LIFE) {
        uint64_t community = number_of(record, FIELD_community_score);
        uint64_t employer = number_of(record, FIELD_employer_score);
        if (community != 0 && employer != 0) {
            compare_closed(
                source->policy, record,
                views_life_score(source->policy, (uint32_t)community - 1, (uint32_t)employer - 1),
                visit, context);
        }
        return ERR_NONE;
    }
    enum err err = views_appraise(source, &scope, NULL, NULL, &sheet);
    if (err == ERR_NONE) {
        compare(record, "deducted", number_of(record, FIELD_deducted), sheet.deducted, visit,
                context);
        compare_closed(source->policy, record, sheet.points, visit, context);
    }
    return err;
}

enum err views_claims(const struct views_source *source, const struct views_scope *scope,
                      views_claim_visit visit, void *context)
{
    struct claiming claiming = {.entries = {0}};
    const struct views_reach reach = {.machine = MACHINE_APPRAISAL};
    struct record *copy = malloc(sizeof *copy);
    views_look_init(&claiming.look, source, scope);
    source->records(source->context, &reach, take_one, &claiming);
    views_entries_sort(&claiming.entries);
    enum err err = copy == NULL ? ERR_MEMORY : claiming.entries.err;
    for (size_t i = 0; err == ERR_NONE && i < claiming.entries.count; i++) {
        const struct record *found = source->find(source->context, claiming.entries.entry[i].id);
        if (found != NULL) {
            *copy = *found;
            values_copy(&copy->facts, &found->facts);
            err = check_one(source, copy, visit, context);
        }
    }
    views_entries_done(&claiming.entries);
    free(copy);
    return err;
}
