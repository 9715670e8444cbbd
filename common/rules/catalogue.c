#include "rules/catalogue.h"

#include "rules/catalogue_parse.h"

#include <stdlib.h>

void catalogue_free(struct catalogue *catalogue) {
    if (catalogue != NULL) {
        free(catalogue->pool);
        free(catalogue);
    }
}

size_t catalogue_item_count(const struct catalogue *catalogue) {
    return catalogue->item_count;
}

const struct catalogue_item *catalogue_item_at(const struct catalogue *catalogue, size_t index) {
    return index < catalogue->item_count ? &catalogue->items[index] : NULL;
}

const struct catalogue_item *catalogue_item_find(const struct catalogue *catalogue,
                                                 struct span code) {
    size_t low = 0;
    size_t high = catalogue->item_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct catalogue_item *item = &catalogue->items[middle];
        int order = span_compare(span_text(item->code), code);
        if (order == 0) {
            return item;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

const struct catalogue_material *catalogue_material_find(const struct catalogue_item *item,
                                                         struct span code) {
    for (uint32_t i = 0; i < item->material_count; i++) {
        if (span_equal(span_text(item->material[i].code), code)) {
            return &item->material[i];
        }
    }
    return NULL;
}

bool catalogue_item_is_inferred(const struct catalogue_item *item,
                                enum catalogue_attribute attribute) {
    return attribute < CATALOGUE_ATTRIBUTE_COUNT && (item->inferred >> attribute & 1) != 0;
}

bool catalogue_item_is_open(const struct catalogue_item *item, int32_t day) {
    return item->status == CATALOGUE_ACTIVE && day >= item->valid_from_day;
}

struct deadline_limit catalogue_item_limit(const struct catalogue_item *item, uint32_t stage,
                                           struct deadline_limit fallback) {
    if (stage < item->stage_count) {
        return item->stage[stage].limit;
    }
    if (item->kind == CATALOGUE_IMMEDIATE && item->stage_count == 0) {
        return (struct deadline_limit){0, DEADLINE_WORKING_DAY};
    }
    return fallback;
}

/* --- checks of a whole item --- */

static void check_required(const struct catalogue_item *item, uint32_t seen,
                           struct text_place place, struct text_errors *errors) {
    for (uint32_t i = 0; i < CATALOGUE_ATTRIBUTE_COUNT; i++) {
        const struct catalogue_attribute_rule *rule = &catalogue_attribute_rules[i];
        if (rule->required && (seen >> i & 1) == 0) {
            text_errors_add(errors, place, "%s 缺少 %s（%s） / %s has no \"%s\"", item->code,
                            rule->english, rule->chinese, item->code, rule->english);
        }
    }
}

static bool route_fits(const struct catalogue_item *item) {
    bool district = (item->decides & CATALOGUE_DISTRICT) != 0;
    switch (item->route) {
    case CATALOGUE_ROUTE_NONE:
        return item->decides == CATALOGUE_STATION;
    case CATALOGUE_ROUTE_HUB:
        return !district && (item->decides & CATALOGUE_TOWNSHIP) != 0;
    case CATALOGUE_ROUTE_HUB_DISTRICT:
    case CATALOGUE_ROUTE_DISTRICT:
        return district;
    }
    return false;
}

/* A promise may not exceed the law [S1:15]; compared where both count in the same unit. */
static bool promise_fits(const struct catalogue_item *item) {
    uint64_t promised = 0;
    for (uint32_t i = 0; i < item->stage_count; i++) {
        if (item->stage[i].limit.unit != item->statutory.unit) {
            return true;
        }
        promised += item->stage[i].limit.count;
    }
    return item->statutory.count == 0 || promised <= item->statutory.count;
}

void catalogue_item_check(const struct catalogue_item *item, uint32_t seen, struct text_place place,
                          struct text_errors *errors) {
    uint32_t before = errors->total;
    check_required(item, seen, place, errors);
    if (errors->total != before) {
        return;
    }
    if (!route_fits(item)) {
        text_errors_add(errors, place,
                        "%s 的 decides 与 route 不符 / decides and route of %s do not fit",
                        item->code, item->code);
    }
    if (item->proxy && item->in_person) {
        text_errors_add(errors, place,
                        "%s 须到场，不能代办 / %s must appear in person, so no proxy", item->code,
                        item->code);
    }
    if (item->kind == CATALOGUE_JOINT && item->department_count == 0) {
        text_errors_add(errors, place, "%s 为联办件，应写 departments / %s is joint: departments",
                        item->code, item->code);
    }
    if (item->status == CATALOGUE_ELSEWHERE && item->where[0] == 0) {
        text_errors_add(errors, place, "%s 未进驻，应写 where / %s is taken in elsewhere: where",
                        item->code, item->code);
    }
    if (!promise_fits(item)) {
        text_errors_add(errors, place,
                        "%s 的承诺时限长于法定时限 / the promise of %s exceeds the law", item->code,
                        item->code);
    }
}
