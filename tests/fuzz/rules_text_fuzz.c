#include "fuzz.h"
#include "rules/calendar.h"
#include "rules/catalogue.h"
#include "rules/policy.h"

#include <stdlib.h>

/* The first byte chooses the reader: "c" calendar, "i" catalogue, "p" policy; the rest is the file.
 * Whatever is accepted is asked once, whatever is refused must name a line of the file. */

static void bug(bool wrong)
{
    if (wrong) {
        abort();
    }
}

static void try_calendar(struct span file, struct text_errors *errors, enum err *ret_err)
{
    struct calendar *calendar = NULL;
    *ret_err = calendar_parse(&file, 1, &calendar, errors);
    if (*ret_err != ERR_NONE) {
        return;
    }
    for (size_t i = 0; i < calendar_mark_count(calendar); i++) {
        const struct calendar_mark *mark = calendar_mark_at(calendar, i);
        bug(calendar_mark_of_day(calendar, mark->day) != mark);
        int32_t next = calendar_next_working_day(calendar, mark->day, NULL);
        bug(calendar_working_days_between(calendar, mark->day, next, NULL) > 1);
    }
    calendar_free(calendar);
}

static void try_catalogue(struct span file, struct text_errors *errors, enum err *ret_err)
{
    struct catalogue *catalogue = NULL;
    *ret_err = catalogue_parse(&file, 1, &catalogue, errors);
    if (*ret_err != ERR_NONE) {
        return;
    }
    for (size_t i = 0; i < catalogue_item_count(catalogue); i++) {
        const struct catalogue_item *item = catalogue_item_at(catalogue, i);
        bug(catalogue_item_find(catalogue, span_text(item->code)) != item);
        bug(item->name_zh[0] == 0 || item->decides == 0 || item->basis[0] == 0);
        for (uint32_t k = 0; k < item->material_count; k++) {
            struct span code = span_text(item->material[k].code);
            bug(catalogue_material_find(item, code) != &item->material[k]);
        }
    }
    catalogue_free(catalogue);
}

static void try_policy(struct span file, struct text_errors *errors, enum err *ret_err)
{
    struct policy *policy = NULL;
    *ret_err = policy_parse(file, &policy, errors);
    if (*ret_err == ERR_NONE) {
        (void)deadline_rules_of_policy(policy);
        policy_free(policy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text_errors errors;
    enum err err = ERR_NONE;
    text_errors_init(&errors);
    if (size == 0) {
        return -1;
    }
    struct span file = span_of(data + 1, size - 1);
    if (data[0] == 'c') {
        try_calendar(file, &errors, &err);
    } else if (data[0] == 'i') {
        try_catalogue(file, &errors, &err);
    } else if (data[0] == 'p') {
        try_policy(file, &errors, &err);
    } else {
        return -1;
    }
    bug((err == ERR_NONE) != (errors.total == 0));
    bug(err != ERR_NONE && err != ERR_MALFORMED && err != ERR_LIMIT);
    return 0;
}
