#include "matter.h"

#include <stdio.h>
#include <string.h>

/* A case goes its path, letter by letter: each is one event of one person, written where that
 * person sits as soon as what he sees there allows it. */

enum { OPEN_MINUTE = 8 * 60 + 40, CLOSE_MINUTE = 17 * 60 + 20, RETRY_MINUTES = 30 };
enum { TRIES_MAX = 600 };

static const struct season_path paths[] = {
#define PATH(weight_, name_, proxy_, items_, script_)                                              \
    {.weight = (weight_),                                                                          \
     .name = (name_),                                                                              \
     .proxy = (proxy_),                                                                            \
     .items = (items_),                                                                            \
     .script = (script_)},
#include "misdeeds.def"
#include "paths.def"
#undef PATH
};

/* What the test knows of items; nothing of it is read from the catalogue. */
static const struct season_item items[] = {
    {"I02", 10, false, 1, "CIVIL"},    {"I03", 10, false, 1, "CIVIL"},
    {"I04", 10, false, 1, "DISABLED"}, {"I05", 10, false, 1, "HRSS"},
    {"I06", 0, false, 0, ""},          {"I08", 10, false, 1, "CIVIL"},
    {"I09", 10, false, 1, ""},         {"I10", 10, false, 1, ""},
    {"I12", 0, false, 0, ""},          {"I13", 10, false, 0, ""},
    {"I14", 10, false, 0, ""},         {"I15", 10, false, 0, ""},
    {"I16", 10, false, 0, ""},         {"I17", 10, false, 0, ""},
    {"I19", 10, false, 0, ""},         {"I20", 10, false, 0, ""},
    {"I23", 10, false, 1, "VETERANS"}, {"I25", 10, false, 1, ""},
    {"I31", 0, false, 0, ""},          {"I32", 0, false, 0, ""},
    {"I33", 0, false, 0, ""},          {"I34", 0, false, 0, ""},
    {"I35", 0, false, 0, ""},          {"I36", 0, false, 0, ""},
    {"I37", 0, false, 0, ""},          {"I51", 10, false, 1, "HRSS"},
    {"I56", 10, false, 0, ""},         {"I57", 10, false, 5, ""},
    {"I58", 10, false, 1, ""},         {"I62", 10, false, 0, ""},
    {"I64", 10, false, 0, ""},         {"I67", 10, false, 1, "PETITION"},
    {"I68", 10, false, 1, "CENTRE"},   {"I69", 10, false, 0, ""},
};

#define IN(state) ((uint32_t)1 << CASE_STATE_##state)
#define ANY UINT32_MAX

static const struct letter letters[] = {
    {'c', WINDOW, WIRE_CONTACT, CONTACT_RECEIVED, 0},
    {'q', WINDOW, WIRE_CONTACT, CONTACT_ANSWERED, 0},
    {'k', WINDOW, WIRE_CONTACT, CONTACT_CASE_OPENED, 0},
    {'l', WINDOW, WIRE_CONTACT, CONTACT_RESULT_TOLD, 0},
    {'I', WINDOW, WIRE_CONTACT, CONTACT_ARCHIVED, 0},
    {'o', WINDOW, WIRE_CASE, CASE_OPENED, 0},
    {'e', AGENT, WIRE_CASE, CASE_ENTRUSTED, 0},
    {'n', WINDOW, WIRE_CASE, CASE_DEFICIENCY_NOTIFIED, IN(EXAMINING)},
    {'s', WINDOW, WIRE_CASE, CASE_SUPPLEMENTED, IN(NEED_MATERIALS) | IN(RETURNED)},
    {'x', WINDOW, WIRE_CASE, CASE_NOT_ACCEPTED, IN(EXAMINING)},
    {'a', WINDOW, WIRE_CASE, CASE_ACCEPTED, IN(EXAMINING)},
    {'p', AGENT, WIRE_CASE, CASE_PROXY_ACCEPTED, IN(ENTRUSTED)},
    {'g', HEAD, WIRE_CASE, CASE_PROXY_ASSIGNED, IN(ACCEPTED)},
    {'w', WINDOW, WIRE_CASE, CASE_STARTED, IN(ACCEPTED)},
    {'f', WINDOW, WIRE_CASE, CASE_FINISHED, IN(ACCEPTED) | IN(PROCESSING)},
    {'r', WINDOW, WIRE_CASE, CASE_REFUSED, IN(ACCEPTED)},
    {'y', WINDOW, WIRE_CASE, CASE_ANSWERED, IN(ACCEPTED)},
    {'u', WINDOW, WIRE_CASE, CASE_SUBMITTED_UP, IN(ACCEPTED) | IN(PROCESSING)},
    {'U', HUB, WIRE_CASE, CASE_RECEIVED_AT_HUB, IN(REFERRED_UP)},
    {'S', HUB, WIRE_CASE, CASE_RETURNED_FOR_SUPPLEMENT, IN(HUB_PROCESSING)},
    {'D', HUB, WIRE_CASE, CASE_DECIDED, IN(HUB_PROCESSING)},
    {'N', HUB, WIRE_CASE, CASE_DECIDED, IN(HUB_PROCESSING)},
    {'T', HUB, WIRE_CASE, CASE_SUBMITTED_DISTRICT, IN(HUB_PROCESSING)},
    {'R', HUB, WIRE_CASE, CASE_RECEIVED_DISTRICT, IN(REFERRED_DISTRICT)},
    {'A', HUB, WIRE_CASE, CASE_DISTRICT_DECIDED, IN(DISTRICT_PROCESSING)},
    {'V', HUB, WIRE_CASE, CASE_RESULT_RETURNED, IN(FINISHED) | IN(REFUSED)},
    {'v', WINDOW, WIRE_CASE, CASE_RESULT_RECEIVED, IN(RESULT_ON_WAY)},
    {'d', AGENT, WIRE_CASE, CASE_SUBMITTED_DISTRICT, IN(ACCEPTED)},
    {'(', AGENT, WIRE_CASE, CASE_RECEIVED_DISTRICT, IN(REFERRED_DISTRICT)},
    {')', AGENT, WIRE_CASE, CASE_DISTRICT_DECIDED, IN(DISTRICT_PROCESSING)},
    {'t', WINDOW, WIRE_CASE, CASE_TOLD, IN(FINISHED) | IN(REFUSED) | IN(RESULT_AT_STATION)},
    {'h', WINDOW, WIRE_CASE, CASE_HANDED_OUT, IN(FINISHED) | IN(REFUSED) | IN(RESULT_AT_STATION)},
    {'j', AGENT, WIRE_CASE, CASE_PROXY_RETURNED, IN(RESULT_AT_STATION)},
    {'m', AGENT, WIRE_CASE, CASE_CONFIRMED, IN(HANDED)},
    {'z', WINDOW, WIRE_CASE, CASE_RATED, IN(HANDED) | IN(CONFIRMED)},
    {'i', WINDOW, WIRE_CASE, CASE_ARCHIVED, ANY},
    {'E', WINDOW, WIRE_REQUEST, REQUEST_MADE, IN(PROCESSING)},
    {'L', HEAD, WIRE_REQUEST, REQUEST_APPROVED, IN(PROCESSING)},
    {'X', WINDOW, WIRE_CASE, CASE_EXTENDED, IN(PROCESSING)},
    {'H', WINDOW, WIRE_CASE, CASE_SUSPENDED, IN(PROCESSING)},
    {'J', WINDOW, WIRE_CASE, CASE_RESUMED, IN(SUSPENDED)},
    {'K', WINDOW, WIRE_CASE, CASE_SUSPENDED, IN(PROCESSING)},
    {'^', WINDOW, WIRE_CASE, CASE_FINISHED, IN(PROCESSING)},
    {'*', WINDOW, WIRE_CASE, CASE_CORRECTED, IN(PROCESSING)},
    {'W', WINDOW, WIRE_CASE, CASE_WITHDRAWN, IN(PROCESSING)},
    {'O', HUB, WIRE_CASE, CASE_JOINT_OPENED, IN(HUB_PROCESSING)},
    {'P', HUB, WIRE_TASK, TASK_OPENED, IN(JOINT)},
    {'Q', HUB, WIRE_TASK, TASK_RECEIVED, IN(JOINT)},
    {'B', HUB, WIRE_TASK, TASK_FINISHED, IN(JOINT)},
    {'C', HUB, WIRE_TASK, TASK_HANDED_OVER, IN(JOINT)},
    {'Z', HUB, WIRE_TASK, TASK_RECEIVED, IN(JOINT)},
    {'F', HUB, WIRE_TASK, TASK_FINISHED, IN(JOINT)},
    {'M', HUB, WIRE_CASE, CASE_FINISHED, IN(JOINT)},
};

const struct season_path *path_at(size_t index)
{
    return &paths[index];
}

size_t path_count(void)
{
    return sizeof paths / sizeof *paths;
}

static const struct letter *letter_of(char letter)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++) {
        if (letters[i].letter == letter) {
            return &letters[i];
        }
    }
    season_failed(__FILE__, __LINE__, "no such letter");
}

static const struct season_item *pick_item(struct season *season, const char *list)
{
    size_t count = (strlen(list) + 1) / 4;
    const char *code = list + random_below(&season->random, count) * 4;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        if (strncmp(items[i].code, code, 3) == 0) {
            return &items[i];
        }
    }
    season_failed(__FILE__, __LINE__, "no such item");
}

/* --- when --- */

static uint64_t later(struct season *season, uint64_t from_ms, int32_t working_days)
{
    int32_t day = day_of_ms(from_ms);
    uint64_t at_ms = from_ms + random_between(&season->random, 2, 7) * 60000;
    if (working_days > 0) {
        day = day_add(day, working_days);
        at_ms = day_ms(day, (int32_t)random_between(&season->random, OPEN_MINUTE, 16 * 60));
    }
    if (day_works(day) && day_minute(at_ms) < OPEN_MINUTE) {
        at_ms = day_ms(day, OPEN_MINUTE);
    }
    if (!day_works(day) || day_minute(at_ms) > CLOSE_MINUTE) {
        at_ms =
            day_ms(day_add(day, 1), OPEN_MINUTE) + random_between(&season->random, 0, 60) * 60000;
    }
    return at_ms;
}

/* The next letter after at, and how many working days before it. */
static char next_letter(struct season *season, struct season_case *one, int32_t *ret_wait)
{
    const char *script = one->path->script;
    int32_t number = 0;
    *ret_wait = 0;
    for (; (script[one->at] >= '0' && script[one->at] <= '9') || script[one->at] == '#';
         one->at++) {
        bool chance = script[one->at] == '#';
        *ret_wait += chance ? (int32_t)random_below(&season->random, 3) : 0;
        number = chance ? number : number * 10 + (script[one->at] - '0');
    }
    *ret_wait += number;
    char letter = script[one->at];
    return letter;
}

uint32_t matter_plant(struct season *season, const char *path, size_t station, size_t post,
                      uint64_t at_ms)
{
    size_t i = 0;
    while (strcmp(paths[i].name, path) != 0) {
        i++;
        MUST(i < path_count());
    }
    uint32_t index = matter_open(season, &paths[i], station, at_ms);
    season->cases[index].person = (uint8_t)post;
    season->cases[index].planted = true;
    season->cases[index].visits = strcmp(path, "many visits") == 0 ? 3 : 2;
    return index;
}

uint32_t matter_open(struct season *season, const struct season_path *path, size_t station,
                     uint64_t at_ms)
{
    uint32_t index = season->case_count++;
    struct season_case *one = &season->cases[index];
    MUST(index < season->case_total + SEASON_CASES);
    one->path = path;
    one->station = (uint8_t)station;
    one->proxy = path->proxy;
    one->person = (uint8_t)(random_chance(&season->random, 500) ? POST_WINDOW : POST_SECOND);
    one->visits = 2;
    one->item = pick_item(season, path->items);
    step_at(season, at_ms, matter_step, station, index);
    return index;
}

/* --- who --- */

static const struct season_person *who_does(struct season *season, const struct season_case *one,
                                            enum who who)
{
    const struct season_station *at = &season->station[one->station];
    int32_t today = day_of_ms(season->now_ms);
    size_t post = who == AGENT     ? POST_AGENT
                  : who == HEAD    ? POST_HEAD
                  : who == HANDLER ? one->handler
                                   : one->person;
    if (who == HUB) {
        return &season->hub_person[one->person == POST_WINDOW ? HUB_OPERATOR : HUB_SECOND];
    }
    if (who == WINDOW && office_away(season, one->station, post, today)) {
        post = one->planted ? SEASON_STAFF : post == POST_WINDOW ? POST_SECOND : POST_WINDOW;
    }
    bool away = post == SEASON_STAFF || office_away(season, one->station, post, today);
    return away ? NULL : &at->person[post];
}

/* --- a step --- */

static bool may_go(struct season *season, const struct season_case *one, uint32_t index,
                   const struct letter *letter)
{
    if (letter->states == 0 || letter->states == ANY) {
        return true;
    }
    bool found = letter->who == HUB
                     ? act_find_hub(season, RECORD_CASE + index, season->record)
                     : act_find_station(season, one->station, RECORD_CASE + index, season->record);
    return found && (letter->states >> season->record->state & 1) != 0;
}

static void retry(struct season *season, struct season_case *one, uint32_t index)
{
    uint64_t at_ms = season->now_ms + (uint64_t)RETRY_MINUTES * 60000;
    if (++one->tries > TRIES_MAX) {
        (void)fprintf(stderr, "case %u (%s) waits for ever at %s\n", (unsigned)index,
                      one->path->name, one->path->script + one->at);
        season_failed(__FILE__, __LINE__, "a case does not go on");
    }
    step_at(season, later(season, at_ms, 0), matter_step, one->station, index);
}

/* What was done while there was no power is entered the same day. */
static bool from_paper(const struct season *season, const struct season_case *one, char letter)
{
    bool same_day = one->paper_ms != 0 && day_of_ms(one->paper_ms) == day_of_ms(season->now_ms);
    return letter == '^' || (same_day && strchr("coeap", letter) != NULL);
}

/* A back-dated end makes the summaries of those days wrong, and so does a new date. */
static void false_summaries(struct season *season, const struct season_case *one, int32_t due)
{
    int32_t days[2] = {one->finished_ms == 0 ? 0 : day_of_ms(one->finished_ms), due + 1};
    for (size_t i = 0; i < 2; i++) {
        struct season_plant plant = {
            .finding = "report-differs", .station = one->station, .day = days[i], .done = true};
        plant.record = office_report(season, days[i], one->station, 1);
        if (days[i] != 0 && act_find_station(season, one->station, plant.record, season->record)) {
            struct span by = values_bytes(&season->record->facts, FIELD_requester, 0);
            memcpy(plant.staff, by.data, LIMIT_ID_SIZE);
            plant_add(season, &plant);
        }
    }
}

static void follow(struct season *season, struct season_case *one, uint32_t index, char letter,
                   const struct season_person *person)
{
    struct season_station *at = &season->station[one->station];
    int32_t due = one->due_day;
    matter_note(one, letter, from_paper(season, one, letter) ? one->paper_ms : season->now_ms);
    if (letter == 'u' || letter == 'd') {
        one->up_leaf_day = 0;
        MUST(at->waiting_count < SEASON_WAITING);
        at->waiting[at->waiting_count++] = index;
    }
    if (letter == '^' || letter == '*') {
        false_summaries(season, one, due);
    }
    if (letter == '^') { /* told today what is dated back */
        struct season_plant plant = {.finding = "late-telling",
                                     .station = one->station,
                                     .day = one->tell_due_day + 1,
                                     .record = RECORD_CASE + index,
                                     .done = true};
        memcpy(plant.staff, at->person[one->handler].staff, LIMIT_ID_SIZE);
        plant_add(season, &plant);
    }
    if (letter == 'o' || letter == 'a' || letter == 'p') {
        one->handler = (uint8_t)(person - at->person);
    }
}

void matter_taken_up(struct season *season, size_t station)
{
    struct season_station *at = &season->station[station];
    for (size_t i = 0; i < at->waiting_count; i++) {
        season->cases[at->waiting[i]].up_leaf_day = day_of_ms(season->now_ms);
    }
    at->waiting_count = 0;
}

bool matter_dark(const struct season *season, size_t station)
{
    const struct season_station *at = &season->station[station];
    for (size_t i = 0; i < at->dark_count; i++) {
        if (season->now_ms >= at->dark[i].from_ms && season->now_ms < at->dark[i].until_ms) {
            return true;
        }
    }
    return false;
}

/* Without power a person who comes is written into the paper register. */
void matter_paper(struct season *season, size_t station, size_t index)
{
    struct season_case *one = &season->cases[index];
    struct season_station *at = &season->station[station];
    if (one->at == 0 && at->sheets < SEASON_SHEETS && !one->planted) {
        one->paper_ms = season->now_ms;
        one->sheet = at->first_sheet + at->sheets++;
    }
}

void matter_step(struct season *season, size_t station, size_t index)
{
    struct season_case *one = &season->cases[index];
    int32_t wait = 0;
    struct town_act act;
    const struct letter *letter = letter_of(next_letter(season, one, &wait));
    bool by_agent = one->proxy && strchr("uvt", letter->letter) != NULL;
    enum who who = by_agent ? AGENT : letter->letter == 'E' ? HANDLER : letter->who;
    const struct season_person *person = who_does(season, one, who);
    if (person == NULL || !may_go(season, one, (uint32_t)index, letter)) {
        retry(season, one, (uint32_t)index);
        return;
    }
    if (letter->payload == WIRE_TASK) {
        matter_tasks(season, person, (uint32_t)index, letter);
    } else {
        matter_fill(season, one, (uint32_t)index, letter, &act);
        bool paper = from_paper(season, one, letter->letter);
        act_from_paper(paper ? one->paper_ms : 0, one->sheet);
        if (letter->who == HUB) {
            act_hub(season, person, &act);
        } else {
            act_station(season, station, person, &act);
        }
    }
    follow(season, one, (uint32_t)index, letter->letter, person);
    one->at++;
    one->tries = 0;
    one->done = one->path->script[one->at] == 0;
    if (!one->done) {
        (void)next_letter(season, one, &wait);
        step_at(season, later(season, season->now_ms, wait), matter_step, station, index);
    }
}
