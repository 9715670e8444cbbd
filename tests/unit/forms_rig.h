#ifndef JIELI_TEST_FORMS_RIG_H
#define JIELI_TEST_FORMS_RIG_H

#include "desk_rig.h"
#include "forms/forms.h"
#include "forms_day.h"

/* The day of forms_day.h at a founded town's hub: its records by name, its people, its pages. */

enum { PATH_SIZE = 256, RECORD_SIZE = 40, RECORD_COUNT = 48 };

struct named {
    char name[24];
    char record[RECORD_SIZE];
};

struct day {
    struct named records[RECORD_COUNT];
    size_t record_count;
    uint8_t staff[DAY_PEOPLE][LIMIT_ID_SIZE];
    char tokens[DAY_PEOPLE][96]; /* each unlocks once: a key file takes its time */
};

static struct day day;

static inline const char *record_of(const char *name)
{
    for (size_t i = 0; i < day.record_count; i++) {
        if (strcmp(day.records[i].name, name) == 0) {
            return day.records[i].record;
        }
    }
    fail_msg("no record %s", name);
    return "";
}

static inline size_t person_of(const char *name, size_t size)
{
    for (size_t i = 0; i < DAY_PEOPLE; i++) {
        if (strlen(day_people[i].name) == size && strncmp(day_people[i].name, name, size) == 0) {
            return i;
        }
    }
    fail_msg("nobody called %.*s", (int)size, name);
    return 0;
}

/* "@case" is a record's id, "%worker" a person's. */
static inline void put_body(struct buf *body, const char *text)
{
    while (*text != 0) {
        size_t plain = strcspn(text, "@%");
        buf_put(body, text, plain);
        text += plain;
        if (*text == 0) {
            break;
        }
        char mark = *text++;
        size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (mark == '@') {
            char name[24];
            (void)snprintf(name, sizeof name, "%.*s", (int)size, text);
            buf_put_text(body, record_of(name));
        } else {
            text_put_hex(body, span_of(day.staff[person_of(text, size)], LIMIT_ID_SIZE));
        }
        text += size;
    }
}

static inline void come(struct desk_rig *rig, const char *who)
{
    size_t person = person_of(who, strlen(who));
    if (day.tokens[person][0] == 0) {
        unlock(rig, day.staff[person]);
        memcpy(day.tokens[person], rig->token, sizeof rig->token);
    }
    memcpy(rig->token, day.tokens[person], sizeof rig->token);
}

static inline void step(struct desk_rig *rig, const struct day_step *now)
{
    struct buf body;
    bool is_new = strchr(now->what, '@') == NULL || strstr(now->what, "\"record\"") == NULL;
    rig->town->now_ms += now->later_s * 1000ULL;
    rig->mono_ms += 1000;
    come(rig, now->who);
    buf_init(&body, 8192);
    put_body(&body, now->what);
    struct told told = ask(rig, "POST", "/api/v1/events", buf_text(&body));
    if (told.status != 200 || strcmp(said(&told, "state"), now->state) != 0) {
        fail_msg("%s %s: status %u state \"%s\" code \"%s\" %s (%s), wanted %s", now->who,
                 now->what, told.status, said(&told, "state"), said(&told, "code"),
                 said(&told, "en"), wire_tree_member(wire_tree_get(told.tree, "refusal"), "name"),
                 now->state);
    }
    if (is_new) {
        assert_true(day.record_count < RECORD_COUNT);
        struct named *named = &day.records[day.record_count++];
        (void)snprintf(named->name, sizeof named->name, "%s", now->record);
        (void)snprintf(named->record, sizeof named->record, "%s", said(&told, "record"));
    }
    told_done(&told);
    buf_done(&body);
}

/* All of the day's people are members of the hub's audience; of discipline's who investigates. */
static inline void employ_all(struct desk_rig *rig)
{
    const uint64_t investigates = ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK;
    struct sealing_member members[DAY_PEOPLE];
    struct sealing_member closed[DAY_PEOPLE];
    size_t closed_count = 0;
    for (uint8_t i = 0; i < DAY_PEOPLE; i++) {
        struct keyring *keyring = employ(rig, (uint8_t)(80 + i), day_people[i].roles, day.staff[i]);
        members[i] = member_of(keyring);
        if ((day_people[i].roles & investigates) != 0) {
            closed[closed_count++] = members[i];
        }
        keyring_free(keyring);
        assert_int_equal(device_name_write(rig->keys, day.staff[i], day_people[i].zh), ERR_NONE);
        assert_int_equal(device_phone_write(rig->keys, day.staff[i], "13700137000"), ERR_NONE);
    }
    found_kind(rig, SEALING_HUB, members, DAY_PEOPLE);
    found_kind(rig, SEALING_DISCIPLINE, closed, closed_count);
}

static inline int setup_day(void **state)
{
    memset(&day, 0, sizeof day);
    if (desk_rig_setup_with(state, false) != 0) {
        return -1;
    }
    struct desk_rig *rig = *state;
    employ_all(rig);
    for (size_t i = 0; i < day_step_count; i++) {
        step(rig, &day_steps[i]);
    }
    come(rig, "head");
    return 0;
}

/* --- asking --- */

static inline struct told form_ask(struct desk_rig *rig, const char *method, const char *record,
                                   const char *rest, const char *body)
{
    char path[PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/forms%s", record_of(record), rest);
    return ask(rig, method, path, body);
}

/* The page as text; the caller frees. */
static inline struct buf page_at(struct desk_rig *rig, const char *path, unsigned wanted)
{
    const char *headers[] = {rig->token, NULL};
    const struct http_call call = {
        .socket_path = rig->http.path, .method = "GET", .path = path, .headers = headers};
    struct http_answer answer = {.status = 0};
    buf_init(&answer.body, REPLY_MAX);
    assert_int_equal(rig_call(&rig->http, &call, &answer), ERR_NONE);
    if (answer.status != wanted) {
        fail_msg("%s: status %u\n%s", path, answer.status, buf_text(&answer.body));
    }
    return answer.body;
}

static inline struct buf page_of(struct desk_rig *rig, const char *record, const char *form,
                                 const char *query)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/forms/%s/page%s", record_of(record), form,
                   query);
    return page_at(rig, path, 200);
}

/* Kept for looking at, when a folder is named. */
static inline void keep_page(const char *name, struct buf *page)
{
    const char *folder = getenv("JIELI_FORMS_OUT");
    char path[PATH_SIZE];
    if (folder != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s.html", folder, name);
        assert_int_equal(files_write(path, buf_span(page), 0644), ERR_NONE);
    }
}

static inline const char *field_text(const struct told *told, const char *label)
{
    const struct wire_tree *fields = wire_tree_get(told->tree, "fields");
    for (size_t i = 0; i < wire_tree_count(fields); i++) {
        const struct wire_tree *field = wire_tree_at(fields, i);
        if (strcmp(wire_tree_member(field, "zh"), label) == 0) {
            return wire_tree_member(field, "text");
        }
    }
    return NULL;
}

#endif
