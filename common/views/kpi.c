#include "views/kpi.h"

#include "views/inside.h"

#include <stdlib.h>
#include <string.h>

enum { PER_MILLE = 1000, PERCENT = 100 };

#define NAME(name_, zh_, en_) .name = (name_), .zh = (zh_), .en = (en_)
#define SOURCE(article_, regimes_) .article = (article_), .regimes = (regimes_)

static const struct views_kpi kpis[] = {
#include "views/kpi.def"
};

size_t views_kpi_count(void)
{
    return sizeof kpis / sizeof *kpis;
}

const struct views_kpi *views_kpi_at(size_t index)
{
    return index < views_kpi_count() ? &kpis[index] : NULL;
}

const struct views_kpi *views_kpi_find(const char *name)
{
    for (size_t i = 0; i < views_kpi_count(); i++) {
        if (strcmp(kpis[i].name, name) == 0) {
            return &kpis[i];
        }
    }
    return NULL;
}

static uint64_t counted(const struct record *record, uint16_t sum)
{
    return sum == 0 ? 1 : values_number(&record->facts, (enum field)sum, 0);
}

struct counting {
    struct views_look look;
    enum machine_id machine;
    struct views_kpi_result *result;
};

static bool count_one(void *context, const struct record *record)
{
    struct counting *counting = context;
    if (record->machine != counting->machine || !views_in_scope(&counting->look, record)) {
        return true;
    }
    for (size_t i = 0; i < views_kpi_count(); i++) {
        const struct views_kpi *kpi = &kpis[i];
        if (kpi->not_computable == NULL && kpi->machine == record->machine &&
            views_all_hold(&counting->look, kpi->of, record)) {
            bool good = views_all_hold(&counting->look, kpi->good, record);
            counting->result[i].of += counted(record, kpi->of_sum);
            counting->result[i].good += good ? counted(record, kpi->good_sum) : 0;
        }
    }
    return true;
}

/* False: no indicator counts that machine's records. */
static bool reach_of(const struct views_scope *scope, struct views_reach *reach)
{
    bool wanted = false;
    bool by_period = true;
    for (size_t i = 0; i < views_kpi_count(); i++) {
        if (kpis[i].not_computable == NULL && kpis[i].machine == reach->machine) {
            wanted = true;
            by_period = views_reach_period(scope, kpis[i].of, reach) && by_period;
        }
    }
    if (!by_period) {
        *reach = (struct views_reach){.machine = reach->machine};
    }
    return wanted;
}

static void conclude(const struct views_source *source, struct views_kpi_result *result)
{
    const struct views_kpi *kpi = result->kpi;
    result->target = kpi->target == POLICY_COUNT ? 0 : policy_get(source->policy, kpi->target);
    result->per_mille =
        result->of == 0 ? PER_MILLE : (uint32_t)(result->good * PER_MILLE / result->of);
    result->met = result->good * PERCENT >= result->of * (uint64_t)result->target;
}

void views_kpi_all(const struct views_source *source, const struct views_scope *scope,
                   struct views_kpi_result *ret)
{
    struct counting counting = {.result = ret};
    views_look_init(&counting.look, source, scope);
    for (size_t i = 0; i < views_kpi_count(); i++) {
        ret[i] = (struct views_kpi_result){.kpi = &kpis[i]};
    }
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        struct views_reach reach = {.machine = (enum machine_id)id};
        counting.machine = reach.machine;
        if (reach_of(scope, &reach)) {
            source->records(source->context, &reach, count_one, &counting);
        }
    }
    for (size_t i = 0; i < views_kpi_count(); i++) {
        conclude(source, &ret[i]);
    }
}

/* --- the records behind one --- */

struct listing {
    struct views_look look;
    const struct views_kpi *kpi;
    struct views_entries entries;
};

static bool list_one(void *context, const struct record *record)
{
    struct listing *listing = context;
    const struct views_kpi *kpi = listing->kpi;
    if (record->machine == kpi->machine && views_in_scope(&listing->look, record) &&
        views_all_hold(&listing->look, kpi->of, record)) {
        views_entries_add(&listing->entries, 0, record->id,
                          views_all_hold(&listing->look, kpi->good, record));
    }
    return listing->entries.err == ERR_NONE;
}

enum err views_kpi_cases(const struct views_source *source, const struct views_kpi *kpi,
                         const struct views_scope *scope, views_case_visit visit, void *context)
{
    struct listing listing = {.kpi = kpi};
    struct views_reach reach = {.machine = kpi->machine};
    bool more = true;
    views_look_init(&listing.look, source, scope);
    if (kpi->not_computable != NULL) {
        return ERR_NONE;
    }
    (void)views_reach_period(scope, kpi->of, &reach);
    source->records(source->context, &reach, list_one, &listing);
    views_entries_sort(&listing.entries);
    enum err err = listing.entries.err;
    for (size_t i = 0; more && err == ERR_NONE && i < listing.entries.count; i++) {
        const struct views_entry *entry = &listing.entries.entry[i];
        const struct record *record = source->find(source->context, entry->id);
        more = record == NULL || visit(context, record, entry->mark);
    }
    views_entries_done(&listing.entries);
    return err;
}
