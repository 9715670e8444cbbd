#ifndef JIELI_TOWNSHIP_HUB_API_H
#define JIELI_TOWNSHIP_HUB_API_H

#include "desk/desk.h"
#include "desk/reply.h"
#include "township-hub/daemon.h"
#include "township-hub/publish.h"
#include "township-hub/setup.h"
#include "wire/tree.h"

/* The running hub and its own routes on the control socket, beside the desk's. */
struct api {
    const struct folder *folder;
    struct kv *kv;
    struct hub *hub;
    struct daemon *daemon;
    struct desk *desk;
    struct publisher publisher;
    bool drill;
    uint64_t started_ms;
    uint64_t clock_steps;
    int64_t clock_difference_ms; /* wall - monotonic, when last looked */
};

/* First the desk's routes, then ours, else 404. */
void api_handle(void *context, struct http_exchange *exchange, const struct http_request *request);
/* Lets in the directory's stations and the auditors of DIR/auditors; drops the revoked ones. */
MUST_USE enum err api_allow_all(struct api *api);
/* Auditors stand in no log: DIR/auditors/<device hex>.request, as they sent it. */
bool api_is_auditor(void *context, const uint8_t device[LIMIT_KEY_SIZE]);

/* --- for the files of routes --- */

bool api_is(const struct http_request *request, const char *method, const char *path);
/* Text behind prefix, up to the next "/" or the end, which must be suffix; false: another path. */
bool api_path(const struct http_request *request, const char *prefix, const char *suffix, char *ret,
              size_t size);
/* The body as JSON; NULL after answering. */
struct wire_tree *api_body(struct http_exchange *exchange, const struct http_request *request);
void api_bad(struct http_exchange *exchange, const char *field);
void api_missing(struct http_exchange *exchange, const char *field);
/* False after answering what went wrong. */
bool api_accepted(struct http_exchange *exchange, enum err err, const struct fold_verdict *verdict);
void api_done(struct http_exchange *exchange); /* 200 {} */

#endif
