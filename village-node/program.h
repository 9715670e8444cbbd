#ifndef JIELI_VILLAGE_NODE_PROGRAM_H
#define JIELI_VILLAGE_NODE_PROGRAM_H

#include "desk/cli.h"
#include "desk/desk.h"
#include "desk/device.h"
#include "http/server.h"
#include "link/link.h"
#include "node/loop.h"
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
    bool link_cut;
    struct desk *desk;
    struct http_server *http;
    uint64_t sync_timer;
    bool drill;
    uint8_t boot[LIMIT_ID_SIZE];
    uint8_t clock_quality;
    bool full;       /* the last write found no room: nothing was saved */
    enum err failed; /* the store: the loop ends and everything is opened again */
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

/* Commands. */
int command_init(struct cli *cli, int argc, char **argv);
int command_join(struct cli *cli, int argc, char **argv);
int command_run(struct cli *cli, int argc, char **argv);
int command_status(struct cli *cli, int argc, char **argv);
int command_tasks(struct cli *cli, int argc, char **argv);
int command_drill(struct cli *cli, int argc, char **argv);

#endif
