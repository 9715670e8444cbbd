#ifndef JIELI_VILLAGE_NODE_PROGRAM_H
#define JIELI_VILLAGE_NODE_PROGRAM_H

#include "desk/cli.h"
#include "desk/desk.h"
#include "desk/device.h"
#include "desk/number.h"
#include "desk/reply.h"
#include "http/server.h"
#include "link/link.h"
#include "node/loop.h"
#include "rules/machines.h"
#include "village-node/station.h"
#include "wire/trust.h"

/* What the files of the program village-node share: the station's folder and the running daemon. */

struct folder {
    const char *directory;
    struct device device;
    struct wire_bundle bundle; /* its trust span is not kept */
    struct wire_trust trust;
    uint8_t hub_device[LIMIT_KEY_SIZE];
};

/* Secrets and the bundle of a station that has joined. ERR_NOT_FOUND: no bundle yet. */
MUST_USE enum err folder_open(const char *directory, struct folder *ret);
void folder_close(struct folder *folder);

/* The running daemon; everything on the loop's thread. */
struct daemon {
    struct folder folder;
    struct loop *loop;
    struct kv *kv;
    struct station *station;
    struct link_client *client; /* NULL: cut by a drill */
    struct link_client *bell;
    bool connected;
    bool index_behind; /* events may have come that their index does not hold */
    unsigned refusals; /* of our key by the hub, in a row */
    bool link_cut;
    bool link_rests; /* no room for what the hub says: tried again each minute */
    struct desk *desk;
    struct http_server *http;
    uint64_t sync_timer;
    bool drill;
    uint8_t boot[LIMIT_ID_SIZE];
    uint8_t clock_quality;   /* enum clock_quality */
    bool clock_looked;       /* it was compared with the kept events */
    int64_t clock_offset_ms; /* in force */
    bool full;               /* the last write found no room: nothing was saved */
    enum err failed;         /* the store: the loop ends and everything is opened again */
};

struct run_options {
    int64_t clock_offset_ms;
    bool drill;
};
/* Until a signal or a failure that opening again does not cure. Returns an exit code. */
int daemon_run(const char *directory, const struct run_options *options);
/* Carries out what the session wants now. */
void daemon_sync(struct daemon *daemon);
/* Cuts the link or lets it come again (drills). */
MUST_USE enum err daemon_link(struct daemon *daemon, bool up);
/* The program's own routes; false: not one of them. */
MUST_USE bool api_handle(struct daemon *daemon, struct http_exchange *exchange,
                         const struct http_request *request);
MUST_USE enum err daemon_submit(void *context, const struct author_draft *draft,
                                const struct signer *signer, const struct desk_blob *blobs,
                                size_t blob_count, struct fold_verdict *ret_verdict,
                                uint8_t ret_id[LIMIT_HASH_SIZE], uint64_t *ret_seq);
/* desk_port.events: own events and those of the own feed that speak of record, in order. */
void daemon_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                   bool (*visit)(void *visit_context, const struct wire_event *event,
                                 const char *standing, uint32_t refusal));
/* A portion of what that is answered from, ahead of the question; true: more is left. */
bool daemon_index_events(struct daemon *daemon);

/* --- clock_guard.c: is the PC's clock plausible? --- */

enum clock_quality { CLOCK_UNKNOWN, CLOCK_GOOD, CLOCK_ASKED, CLOCK_BAD }; /* of event.proto */
struct clock_view {
    uint64_t now_ms;
    uint64_t built_ms; /* this program was not built later than that */
    uint64_t last_ms;  /* claimed time of the newest kept event; 0: none */
};
bool clock_is_plausible(const struct clock_view *view);
/* Compares the clock with the kept events once a start; drills travel in time. */
void clock_guard_start(struct daemon *daemon);
/* A contact whose hub agrees with our clock makes it good. */
void clock_guard_tick(struct daemon *daemon);
const char *clock_quality_name(uint8_t quality);
void clock_post(struct daemon *daemon, struct http_exchange *exchange,
                const struct http_request *request);

/* --- view.c: one case as lists, slips and metrics show it --- */

struct view {
    struct record record;
    struct rule_world world;
    const struct catalogue_item *item; /* NULL: no such item in the editions here */
    int32_t due_day;                   /* 0: none */
    bool is_timed;                     /* a limit runs: light and days_left say how urgent */
    struct deadline_urgency urgency;
};
/* False: no such record, or no editions yet. */
bool view_read(struct daemon *daemon, struct kv_txn *txn, const uint8_t id[LIMIT_ID_SIZE],
               struct view *ret);
/* "" when its opening event is not here. Not inside a transaction. */
void view_number(struct daemon *daemon, const uint8_t record[LIMIT_ID_SIZE],
                 char ret_text[NUMBER_SIZE]);
/* One object; name NULL in a list. */
void view_put(struct daemon *daemon, const struct view *view, const char *name,
              struct json_text *json);
/* Ids of a list; those beyond the room are dropped and more is set. */
enum { VIEW_LIST_COUNT = 1000 };
struct view_list {
    size_t count;
    bool more;
    uint8_t id[VIEW_LIST_COUNT][LIMIT_ID_SIZE];
};
bool view_list_add(void *list, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day); /* fold_visit */
/* Hex or human number -> id. */
MUST_USE enum err view_find(struct daemon *daemon, const char *text, uint8_t ret[LIMIT_ID_SIZE]);

/* --- routes; tail is what stands behind the route's path --- */

void tasks_get(struct daemon *daemon, struct http_exchange *exchange);
/* {"turn":{"year","items":[{"code","count","zh","en"}]}}: what the year that ends or has ended
 * still wants; items is empty when nothing. */
void turn_put(struct daemon *daemon, struct json_text *json);
void tasks_post_done(struct daemon *daemon, struct http_exchange *exchange,
                     const struct http_request *request);
void slip_get(struct daemon *daemon, struct http_exchange *exchange, const char *tail);
void handover_post(struct daemon *daemon, struct http_exchange *exchange,
                   const struct http_request *request);
void backup_post(struct daemon *daemon, struct http_exchange *exchange);
void metrics_get(struct daemon *daemon, struct http_exchange *exchange);
/* GET the list; GET, PUT, DELETE one. */
void drafts_handle(struct daemon *daemon, struct http_exchange *exchange,
                   const struct http_request *request, const char *tail);
/* Seals all drafts of from anew for to, whose drafts they are then; keyring: of from, unlocked.
 * What cannot be opened or has no free name stays. ERR_NOT_FOUND: to has no key that counts. */
MUST_USE enum err drafts_hand_over(struct daemon *daemon, const struct keyring *keyring,
                                   const uint8_t from[LIMIT_ID_SIZE],
                                   const uint8_t to[LIMIT_ID_SIZE], size_t *ret_moved);
void api_ok(struct http_exchange *exchange);
void api_refuse(struct http_exchange *exchange, unsigned status, const char *code, const char *zh,
                const char *en);
/* A number of the request's body; false after answering. */
bool api_number(struct http_exchange *exchange, const struct http_request *request,
                const char *name, int64_t *ret);

/* --- backup.c --- */

enum { BACKUP_NAME_SIZE = 32, BACKUP_LATEST_SIZE = 64 };
/* A consistent copy of store, keys and settings under backups/ with a signed manifest. Inside the
 * process that has the store open, outside of any transaction. ret_path: its folder. */
MUST_USE enum err backup_make(const struct folder *folder, struct kv *kv,
                              char ret_path[FILES_PATH_SIZE]);
/* Keys, secrets, bundle and settings of one folder into another. */
MUST_USE enum err backup_copy_files(const char *from, const char *to);
/* Opens the copy and compares it with its manifest; this process may have no store open.
 * ERR_AUTH: the manifest is not of this device; ERR_MALFORMED: the copy is not what it says. */
MUST_USE enum err backup_verify(const char *path, struct sync_head_body *ret_head);
/* The newest kept event's place and id. */
void backup_head(const struct folder *folder, struct kv *kv, struct sync_head_body *ret);

/* Commands. */
int command_init(struct cli *cli, int argc, char **argv);
int command_join(struct cli *cli, int argc, char **argv);
int command_run(struct cli *cli, int argc, char **argv);
int command_status(struct cli *cli, int argc, char **argv);
int command_sync(struct cli *cli, int argc, char **argv);
int command_clock(struct cli *cli, int argc, char **argv);
int command_metrics(struct cli *cli, int argc, char **argv);
int command_tasks(struct cli *cli, int argc, char **argv);
int command_task_done(struct cli *cli, int argc, char **argv);
int command_handover(struct cli *cli, int argc, char **argv);
int command_slip(struct cli *cli, int argc, char **argv);
int command_slip_verify(struct cli *cli, int argc, char **argv);
int command_backup(struct cli *cli, int argc, char **argv);
int command_restore(struct cli *cli, int argc, char **argv);
int command_check(struct cli *cli, int argc, char **argv);
int command_drill(struct cli *cli, int argc, char **argv);

#endif
