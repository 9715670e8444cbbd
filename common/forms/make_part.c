#include "forms/inside.h"

#include <string.h>

/* What was sealed and is open now, and sentences made of it. */

const char *forms_part_text(const struct forms_part *part, size_t member)
{
    const char *text = NULL;
    memcpy(&text, (const char *)part + member, sizeof text);
    return text != NULL && text[0] != 0 ? text : NULL;
}

/* The newest part that has it, from the events of these verbs; "": of any, the cited one first. */
static const char *part_newest(const struct forms_work *work, const char *verbs, size_t member)
{
    const struct forms_input *input = work->input;
    const char *text = NULL;
    if (verbs[0] == 0 && work->cited != NULL) {
        text = forms_part_text(&work->cited->part, member);
    }
    for (size_t i = input->event_count; text == NULL && i-- > 0;) {
        const struct forms_event *event = &input->events[i];
        if (verbs[0] == 0 ||
            (input->record != NULL && forms_is_verb(input->record->machine, event->verb, verbs))) {
            text = forms_part_text(&event->part, member);
        }
    }
    return text;
}

FORMS_MAKER(part)
{
    (void)text;
    forms_put_text(work, part_newest(work, "", number));
}

FORMS_MAKER(part_of)
{
    forms_put_text(work, part_newest(work, text, number));
}

/* "品牌：联想" in a line of the free text: what stands behind the label. */
static struct span entry_of(const char *body, const char *label)
{
    static const char *const colons[] = {"：", ":"};
    size_t size = strlen(label);
    for (const char *at = body; at != NULL; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        if (strncmp(at, label, size) != 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof colons / sizeof *colons; i++) {
            size_t colon = strlen(colons[i]);
            if (strncmp(at + size, colons[i], colon) == 0) {
                const char *value = at + size + colon;
                return span_of(value, strcspn(value, "\n"));
            }
        }
    }
    return span_of(NULL, 0);
}

FORMS_MAKER(entry)
{
    const struct forms_input *input = work->input;
    (void)number;
    for (size_t i = input->event_count; i-- > 0 && forms_is_empty(work);) {
        const char *body =
            forms_part_text(&input->events[i].part, offsetof(struct forms_part, text));
        if (body != NULL) {
            forms_put(work, entry_of(body, text));
        }
    }
}

/* The code in words, and what was written to it. */
FORMS_MAKER(reason)
{
    struct span code = work->cited == NULL ? forms_bytes(work, FIELD_reason)
                                           : values_bytes(work->cited->facts, FIELD_reason, 0);
    const char *written = work->cited == NULL ? NULL
                                              : forms_part_text(&work->cited->part,
                                                                offsetof(struct forms_part, text));
    const char *words = forms_code(code, work->input->english);
    (void)number;
    (void)text;
    if (code.size == 0) {
        code = forms_bytes(work, FIELD_reason);
        words = forms_code(code, work->input->english);
    }
    if (words[0] != 0) {
        forms_put_text(work, words);
    } else {
        forms_put(work, code);
    }
    if (written != NULL) {
        forms_put_text(work, forms_is_empty(work) ? "" : "：");
        forms_put_text(work, written);
    }
}

FORMS_MAKER(complainant)
{
    const struct forms_input *input = work->input;
    const char *name = part_newest(work, "", offsetof(struct forms_part, name));
    (void)number;
    (void)text;
    if (forms_number(work, FIELD_anonymous) != 0) {
        forms_put_text(work, input->english ? "anonymous" : "匿名");
    } else if (name != NULL) {
        forms_put_text(work, name);
    } else if (forms_newest(work, "rated_bad") != NULL) {
        forms_put_text(work, input->english ? "by the evaluator" : "评价器评价");
    }
}

FORMS_MAKER(complaint_text)
{
    const char *matter =
        part_newest(work, "received registered", offsetof(struct forms_part, text));
    (void)number;
    (void)text;
    if (matter != NULL) {
        forms_put_text(work, matter);
    } else if (forms_newest(work, "rated_bad") != NULL) {
        forms_put_text(work, work->input->english ? "rated: " : "服务评价：");
        forms_put_text(work,
                       forms_word(work, VIEWS_WORDS_RATING, forms_number(work, FIELD_rating)));
    }
}

FORMS_MAKER(accused)
{
    struct span post = forms_bytes(work, FIELD_post);
    (void)number;
    (void)text;
    forms_put_staff(work, forms_bytes(work, FIELD_accused));
    if (post.size > 0) {
        forms_put_text(work, forms_is_empty(work) ? "" : " ");
        forms_put(work, post);
    }
}

FORMS_MAKER(replied)
{
    const struct forms_event *event = forms_newest(work, "replied solved_on_spot");
    (void)number;
    (void)text;
    if (event != NULL) {
        const char *told = forms_part_text(&event->part, offsetof(struct forms_part, text));
        forms_put_time(work, event->time_ms);
        forms_put_text(work, " ");
        forms_put_text(
            work, forms_word(work, VIEWS_WORDS_MODE, values_number(event->facts, FIELD_mode, 0)));
        forms_put_text(work, told == NULL ? "" : "\n");
        forms_put_text(work, told);
    }
}

FORMS_MAKER(delegated_for)
{
    forms_make_reason(work, number, text);
    if (forms_is_empty(work) && forms_newest(work, "active") != NULL) {
        forms_put_text(work, work->input->english ? "A is away; B stepped in by itself"
                                                  : "A岗不在岗，B岗自动顶岗");
    } else if (forms_is_empty(work)) {
        forms_put_text(work, work->input->english ? "A is away" : "A岗因请假、外出不在岗");
    }
}

FORMS_MAKER(approver)
{
    const struct forms_world *world = &work->input->world;
    struct span request = work->cited == NULL ? span_of(NULL, 0)
                                              : values_bytes(work->cited->facts, FIELD_approval, 0);
    const struct record *record = request.size != LIMIT_ID_SIZE || world->find == NULL
                                      ? NULL
                                      : world->find(world->context, request.data);
    (void)number;
    (void)text;
    if (record != NULL) {
        forms_put_staff(work, values_bytes(&record->facts, FIELD_decider, 0));
    }
}

FORMS_MAKER(authority)
{
    const struct forms_input *input = work->input;
    bool english = input->english;
    (void)number;
    (void)text;
    if (forms_newest(work, "district_decided") == work->cited) {
        const char *words = forms_code(forms_bytes(work, FIELD_department), english);
        forms_put_text(work, words[0] != 0 ? words
                             : english     ? "the district's department"
                                           : "区级主管部门");
    } else if (forms_newest(work, "decided") == work->cited) {
        forms_put_text(work, english ? "the township's service centre" : "镇便民服务中心");
    } else {
        forms_put_text(work, input->office.station);
    }
}

FORMS_MAKER(responsible)
{
    char phone[FORMS_NAME_SIZE] = "";
    const struct forms_world *world = &work->input->world;
    struct span staff = forms_bytes(work, FIELD_first_responsible);
    (void)number;
    (void)text;
    forms_put_staff(work, staff);
    if (staff.size == LIMIT_ID_SIZE && world->staff_phone != NULL) {
        world->staff_phone(world->context, staff.data, phone);
    }
    if (phone[0] != 0 && !forms_is_empty(work)) {
        forms_put_text(work, "　");
        forms_put_text(work, phone);
    }
}

FORMS_MAKER(department)
{
    forms_make_fact(work, number, text);
}

FORMS_MAKER(trigger)
{
    uint64_t trigger = forms_number(work, FIELD_trigger);
    (void)number;
    (void)text;
    if (trigger != 0) {
        forms_put_text(work, "T");
        forms_put_text(work, trigger < 10 ? "0" : "");
        forms_put_number(work, trigger);
        forms_put_text(work, " ");
        forms_put_text(work, forms_word(work, VIEWS_WORDS_TRIGGER, trigger));
    }
}

FORMS_MAKER(assessed)
{
    struct span staff = forms_bytes(work, FIELD_staff);
    (void)number;
    (void)text;
    if (staff.size > 0) {
        forms_put_staff(work, staff);
    } else {
        forms_put_text(work, work->input->subject);
    }
}

/* Nothing left is a figure, too. */
FORMS_MAKER(points)
{
    (void)number;
    (void)text;
    if (work->input->record != NULL) {
        forms_put_number(work, values_number(&work->input->record->facts, FIELD_points, 0));
        forms_put_text(work, work->input->english ? " points" : " 分");
    }
}

/* Scores are kept as one more than the points. */
FORMS_MAKER(scores)
{
    static const enum field sides[] = {FIELD_community_score, FIELD_employer_score};
    (void)number;
    (void)text;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        uint64_t score = forms_number(work, sides[i]);
        if (score != 0) {
            forms_put_text(work, forms_is_empty(work) ? "" : "、");
            forms_put_number(work, score - 1);
        }
    }
}
