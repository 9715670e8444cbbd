#include "rules/machine_case.h"

/* Custody of original papers: who holds each, by its code. A paper never listed is with the
 * applicant. Whoever gives signs the event that moves it, whoever takes signs the next one. */

enum { PAPERS_ANYWHERE = 0xff };

static uint32_t paper_bit(uint64_t holder)
{
    return holder <= PAPER_HOLDER_COURIER ? (uint32_t)1 << holder : 0;
}

static uint16_t paper_place(const struct values *facts, struct span code)
{
    uint16_t count = values_places(facts, FIELD_papers_code);
    uint16_t place = 0;
    while (place < count && !span_equal(values_bytes(facts, FIELD_papers_code, place), code)) {
        place++;
    }
    return place;
}

static uint64_t paper_holder(const struct values *facts, struct span code)
{
    uint64_t holder = values_number(facts, FIELD_papers_holder, paper_place(facts, code));
    return holder != 0 ? holder : PAPER_HOLDER_APPLICANT;
}

static uint64_t paper_holder_before(const struct rule_input *input, struct span code)
{
    return input->before != NULL ? paper_holder(&input->before->facts, code)
                                 : PAPER_HOLDER_APPLICANT;
}

static uint16_t papers_length(const struct values *facts)
{
    static const enum field fields[] = {FIELD_papers_code, FIELD_papers_holder, FIELD_papers_pages};
    uint16_t length = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint16_t places = values_places(facts, fields[i]);
        length = places > length ? places : length;
    }
    return length;
}

bool case_guard_papers_listed(const struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    uint16_t length = input->event->machine == MACHINE_CASE ? papers_length(facts) : 0;
    for (uint16_t place = 0; place < length; place++) {
        struct span code = values_bytes(facts, FIELD_papers_code, place);
        uint64_t holder = values_number(facts, FIELD_papers_holder, place);
        if (code.size == 0 || paper_place(facts, code) != place ||
            holder < PAPER_HOLDER_APPLICANT || holder > PAPER_HOLDER_COURIER) {
            return false;
        }
    }
    return true;
}

bool case_guard_papers_given(const struct rule_input *input)
{
    return values_places(input->event->facts, FIELD_papers_code) != 0;
}

typedef bool paper_test(const struct rule_input *input, uint64_t from, uint64_t to);

/* Whether the test holds for every paper that the event moves. */
static bool papers_each(const struct rule_input *input, paper_test *test)
{
    const struct values *facts = input->event->facts;
    uint16_t length =
        input->event->machine == MACHINE_CASE ? values_places(facts, FIELD_papers_code) : 0;
    for (uint16_t place = 0; place < length; place++) {
        uint64_t from = paper_holder_before(input, values_bytes(facts, FIELD_papers_code, place));
        uint64_t to = values_number(facts, FIELD_papers_holder, place);
        if (from != to && !test(input, from, to)) {
            return false;
        }
    }
    return true;
}

static bool paper_is_mine(const struct rule_input *input, uint64_t from, uint64_t to)
{
    const struct rule_event *event = input->event;
    (void)to;
    switch ((enum paper_holder)from) {
    case PAPER_HOLDER_STATION:
        return event->tier == TIER_STATION;
    case PAPER_HOLDER_AGENT:
        return (event->roles & ROLE_AGENT) != 0 ||
               input_author_is(input, before_bytes(input, FIELD_agent));
    case PAPER_HOLDER_HUB:
        return event->tier == TIER_HUB;
    case PAPER_HOLDER_APPLICANT:
    case PAPER_HOLDER_DISTRICT:
    case PAPER_HOLDER_COURIER:
        return true;
    }
    return false;
}

bool case_guard_papers_held(const struct rule_input *input)
{
    return papers_each(input, paper_is_mine);
}

/* The baton goes to the station with this event, and the papers may go with it. */
static bool papers_go_down(const struct rule_event *event)
{
    return event->tier == TIER_HUB &&
           (event->verb == CASE_RESULT_RETURNED || event->verb == CASE_RETURNED_FOR_SUPPLEMENT ||
            event->verb == CASE_DISTRICT_RETURNED || event->verb == CASE_WITHDRAWN);
}

static bool paper_target_fits(const struct rule_input *input, uint64_t from, uint64_t to)
{
    const struct rule_event *event = input->event;
    (void)from;
    switch ((enum paper_holder)to) {
    case PAPER_HOLDER_STATION:
        return event->tier == TIER_STATION || papers_go_down(event);
    case PAPER_HOLDER_AGENT:
        return event->tier == TIER_STATION;
    case PAPER_HOLDER_HUB:
        return event->tier == TIER_HUB || event->verb == CASE_SUBMITTED_UP;
    case PAPER_HOLDER_APPLICANT:
    case PAPER_HOLDER_DISTRICT:
    case PAPER_HOLDER_COURIER:
        return true;
    }
    return false;
}

bool case_guard_papers_target(const struct rule_input *input)
{
    return papers_each(input, paper_target_fits);
}

static bool paper_is_signed(const struct rule_input *input, uint64_t from, uint64_t to)
{
    return (from != PAPER_HOLDER_APPLICANT && to != PAPER_HOLDER_APPLICANT) ||
           input_is_attested(input);
}

bool case_guard_papers_signed(const struct rule_input *input)
{
    return papers_each(input, paper_is_signed);
}

bool case_papers_all_with(const struct rule_input *input, uint32_t holders)
{
    const struct values *moved = input->event->facts;
    uint16_t count = values_places(moved, FIELD_papers_code);
    for (uint16_t place = 0; place < count; place++) {
        if ((paper_bit(values_number(moved, FIELD_papers_holder, place)) & holders) == 0) {
            return false;
        }
    }
    const struct values *facts = input->before != NULL ? &input->before->facts : moved;
    count = values_places(facts, FIELD_papers_code);
    for (uint16_t place = 0; place < count; place++) {
        struct span code = values_bytes(facts, FIELD_papers_code, place);
        bool is_moved = paper_place(moved, code) < values_places(moved, FIELD_papers_code);
        if (!is_moved && (paper_bit(paper_holder(facts, code)) & holders) == 0) {
            return false;
        }
    }
    return true;
}

/* Handing up takes originals only by courier or to the hub; what stays, stays at the station. */
bool case_guard_papers_by_courier(const struct rule_input *input)
{
    return case_papers_all_with(input, PAPERS_ANYWHERE & ~(paper_bit(PAPER_HOLDER_AGENT) |
                                                           paper_bit(PAPER_HOLDER_DISTRICT)));
}

/* The station cannot move what stays behind at the hub once it holds the baton again. */
bool case_guard_papers_leave(const struct rule_input *input)
{
    if (input->event->tier != TIER_HUB || record_is_hubs_own(input->before)) {
        return true;
    }
    return case_papers_all_with(
        input, PAPERS_ANYWHERE & ~(paper_bit(PAPER_HOLDER_HUB) | paper_bit(PAPER_HOLDER_DISTRICT)));
}

bool case_guard_papers_home(const struct rule_input *input)
{
    return case_papers_all_with(input, paper_bit(PAPER_HOLDER_APPLICANT));
}

void case_move_papers(struct rule_input *input)
{
    const struct values *facts = input->event->facts;
    struct values *after = &input->after->facts;
    uint16_t length = values_places(facts, FIELD_papers_code);
    for (uint16_t i = 0; i < length; i++) {
        struct span code = values_bytes(facts, FIELD_papers_code, i);
        uint64_t pages = values_number(facts, FIELD_papers_pages, i);
        uint16_t place = paper_place(after, code);
        values_set_bytes(after, FIELD_papers_code, place, code);
        values_set_number(after, FIELD_papers_holder, place,
                          values_number(facts, FIELD_papers_holder, i));
        if (pages != 0) {
            values_set_number(after, FIELD_papers_pages, place, pages);
        }
    }
}
