#ifndef JIELI_DESK_INSIDE_H
#define JIELI_DESK_INSIDE_H

/* Private to desk: what its files share. */

#include "desk/desk.h"
#include "desk/number.h"
#include "desk/reply.h"
#include "desk/sealing.h"
#include "desk/search.h"
#include "node/files.h"
#include "rules/machines.h"

enum {
    DESK_SESSION_COUNT = 32,
    DESK_FAILURE_COUNT = 32,
    DESK_PAGE = 50,
    DESK_PAGE_MAX = 500,
    DESK_MEMBER_SIZE = 64,
    DESK_FILE_MAX = 20000, /* rows of an exported file */
    DESK_SEARCH_AT_ONCE = 4096
};

struct desk_session {
    bool used;
    uint8_t token_hash[LIMIT_HASH_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    struct keyring *keyring;
    struct sealing_keys *keys;
    uint64_t last_ms; /* monotonic time of the last use */
};

/* Wrong passwords for one person. */
struct desk_failure {
    uint8_t staff[LIMIT_ID_SIZE];
    uint32_t count;
    uint64_t last_ms;
};

struct desk {
    struct desk_options options; /* pointers are to the copies below */
    uint8_t device[LIMIT_KEY_SIZE];
    uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE];
    char key_directory[FILES_PATH_SIZE];
    char office_path[FILES_PATH_SIZE];
    struct desk_session sessions[DESK_SESSION_COUNT];
    struct desk_failure failures[DESK_FAILURE_COUNT];
    struct search *search;
    uint64_t searched;     /* hub: leaves the search index has seen; station: its own feed's seq */
    struct record *record; /* scratch */
    struct record *other;
};

/* One request on its way. */
struct desk_call {
    struct http_exchange *exchange;
    const struct http_request *request;
    const char *tail;             /* of the path, behind what the route fixes; "" when nothing */
    struct desk_session *session; /* NULL: nobody is unlocked by this request */
    uint64_t now_ms;              /* wall clock */
};

/* --- session.c --- */
struct desk_session *desk_session_of(struct desk *desk, struct http_exchange *exchange);
void desk_session_end(struct desk *desk, struct desk_session *session);
void desk_sessions_tick(struct desk *desk);
void desk_post_unlock(struct desk *desk, struct desk_call *call);
void desk_post_lock(struct desk *desk, struct desk_call *call);
void desk_get_session(struct desk *desk, struct desk_call *call);
/* The session's roles here and now. */
uint64_t desk_session_roles(struct desk *desk, const struct desk_session *session);

/* --- write.c --- */
void desk_post_event(struct desk *desk, struct desk_call *call);

/* --- people.c --- */
void desk_get_person(struct desk *desk, struct desk_call *call);
void desk_post_person(struct desk *desk, struct desk_call *call);

/* --- find.c --- */
struct fold *desk_fold(struct desk *desk);
/* Place of the next event of this device's chain. */
void desk_next_place(struct desk *desk, struct kv_txn *txn, uint64_t *ret_incarnation,
                     uint64_t *ret_seq);
/* Hex, UUID or human number -> record id. ERR_NOT_FOUND: a number nobody has; ERR_MALFORMED. */
MUST_USE enum err desk_record_id(struct desk *desk, struct kv_txn *txn, const char *text,
                                 uint8_t ret[LIMIT_ID_SIZE]);
/* Where the first event of a record stands; of one handed over, where it stood at the station that
 * took it in. False: no event of it is here. */
struct desk_opened {
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;
};
bool desk_record_opened(struct desk *desk, const uint8_t record[LIMIT_ID_SIZE],
                        struct desk_opened *ret);
/* "" when no event of it is here. */
void desk_record_number(struct desk *desk, const uint8_t record[LIMIT_ID_SIZE],
                        char ret_text[NUMBER_SIZE]);
/* Village code of a station, NULL for the hub (or a device that nobody knows). */
const char *desk_station_code(struct desk *desk, const uint8_t device[LIMIT_KEY_SIZE]);
/* A member of the audience that all of this program's records are sealed for. */
bool desk_may_search(struct desk *desk, struct desk_session *session);
struct search_ask desk_search_ask(struct desk *desk, struct desk_session *session);
/* Brings the index up to date for one who may search; false: not all records are in it yet. */
bool desk_search_work(struct desk *desk, struct desk_session *session, size_t limit);
void desk_search_tick(struct desk *desk);

/* --- show.c --- */
void desk_get_record(struct desk *desk, struct desk_call *call);
void desk_put_due(struct desk *desk, struct json_text *json, const struct record *record,
                  uint64_t now_ms);
/* record, number, machine, state, holder, station, due of a record, as members. */
void desk_put_record(struct desk *desk, struct json_text *json, const struct record *record,
                     uint64_t now_ms);
/* The newest part of that label as JSON, when somebody is unlocked who may open it. */
bool desk_open_part(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                    const uint8_t record[LIMIT_ID_SIZE], uint32_t label, struct buf *ret_json);
/* The same as it was sealed: protobuf bytes. */
bool desk_open_plain(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                     const uint8_t record[LIMIT_ID_SIZE], uint32_t label, struct buf *ret_plain);
/* --- reading.c --- */
/* May who asks read the events of desk->record (rules/reading.h)? False: it was refused. Without a
 * session the machine itself asks, over its own socket. */
MUST_USE bool desk_may_read(struct desk *desk, struct desk_call *call, struct kv_txn *txn);
/* --- forms.c --- */
/* Answers when the tail speaks of a record's forms; false: of something else. */
bool desk_record_forms(struct desk *desk, struct desk_call *call);
void desk_post_record(struct desk *desk, struct desk_call *call);
void desk_get_forms(struct desk *desk, struct desk_call *call);

/* --- facts.c --- */
/* "due_day" -> "dueDay", as everywhere in the API; cut to its room. */
void desk_member_name(const char *name, char ret[DESK_MEMBER_SIZE]);
void desk_put_facts(struct json_text *json, const char *name, const struct values *facts);

/* --- list.c --- */
void desk_get_cases(struct desk *desk, struct desk_call *call);

/* --- views.c, figures.c --- */
void desk_get_views(struct desk *desk, struct desk_call *call);
void desk_post_views(struct desk *desk, struct desk_call *call); /* view_prints.c */
void desk_get_kpi(struct desk *desk, struct desk_call *call);
void desk_get_findings(struct desk *desk, struct desk_call *call);
void desk_get_regimes(struct desk *desk, struct desk_call *call); /* regimes.c */
void desk_get_appraisal(struct desk *desk, struct desk_call *call);

/* --- editions.c, machines.c --- */
void desk_get_catalogue(struct desk *desk, struct desk_call *call);
void desk_get_policy(struct desk *desk, struct desk_call *call);
void desk_get_calendar(struct desk *desk, struct desk_call *call);
void desk_get_refusals(struct desk *desk, struct desk_call *call);
void desk_get_machines(struct desk *desk, struct desk_call *call);

#endif
