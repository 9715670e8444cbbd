#include "forms/inside.h"

#include <string.h>

/* The station, its people, and what stands on every sheet. */

FORMS_MAKER(office)
{
    const char *value = NULL;
    (void)text;
    memcpy(&value, (const char *)&work->input->office + number, sizeof value);
    forms_put_text(work, value);
}

/* "中文|English" */
FORMS_MAKER(fixed)
{
    const char *bar = strchr(text, '|');
    (void)number;
    if (bar == NULL || work->input->english) {
        forms_put_text(work, bar == NULL ? text : bar + 1);
    } else {
        forms_put(work, span_of(text, (size_t)(bar - text)));
    }
}

/* Items of the post's window; the whole catalogue when the post names none. */
static void put_items(struct forms_work *work)
{
    const struct catalogue *catalogue = work->input->catalogue;
    const char *post = work->input->post == NULL ? "" : work->input->post;
    size_t count = catalogue == NULL || post[0] == 0 ? 0 : catalogue_item_count(catalogue);
    for (size_t i = 0; i < count; i++) {
        const struct catalogue_item *item = catalogue_item_at(catalogue, i);
        if (item->status == CATALOGUE_ACTIVE && strcmp(item->window, post) == 0) {
            forms_put_text(work, forms_is_empty(work) ? "" : "、");
            forms_put_plain(work, work->input->english && item->name_en[0] != 0 ? item->name_en
                                                                                : item->name_zh);
        }
    }
}

FORMS_MAKER(me)
{
    char phone[FORMS_NAME_SIZE] = "";
    const struct forms_input *input = work->input;
    (void)text;
    if (input->staff == NULL) {
        return;
    }
    switch ((enum forms_me)number) {
    case FORMS_ME_NAME:
        forms_put_staff(work, span_of(input->staff, LIMIT_ID_SIZE));
        return;
    case FORMS_ME_POST:
        forms_put_text(work, input->subject);
        return;
    case FORMS_ME_PHONE:
        if (input->world.staff_phone != NULL) {
            input->world.staff_phone(input->world.context, input->staff, phone);
        }
        forms_put_text(work, phone);
        return;
    case FORMS_ME_ITEMS:
        put_items(work);
        return;
    }
}

/* Left free for a pen. */
FORMS_MAKER(pen)
{
    (void)work;
    (void)number;
    (void)text;
}
