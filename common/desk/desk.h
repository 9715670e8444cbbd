#ifndef JIELI_DESK_DESK_H
#define JIELI_DESK_DESK_H

#include "fold/author.h"
#include "fold/fold.h"
#include "http/server.h"
#include "seal/keyfile.h"

/* What station and hub offer their people, the same at both: unlock with one's own key file, write
 * events from JSON with sealed parts, look at records, lists, editions and refusals. The HTTP+JSON
 * API of the control socket; pages and commands are its clients. One thread.
 *
 * Routes, all under /api/v1; the token of unlock goes into "Authorization: Bearer":
 *   POST /unlock {"staff","password"} -> {"token","staff","roles","name"}
 *   POST /lock
 *   POST /events  a payload, record, identity, matter, attestation, backEntry, force (wire/act.h)
 *        -> {"record","number","id","seq","standing","form","machine","state","due"}; a refusal by
 *        rule: status 409 and {"refusal":{"name","article","zh","en"}}
 *   GET  /session                who is unlocked by this token, with which roles
 *   GET  /people/PERSON/phone -> {"staff","phone"}; POST likewise with {"phone"}, "" takes it away
 *   GET  /records/ID[?open=1]    ID: hex or human number; sealed parts when unlocked
 *   GET  /records/ID/events      its events in order, with their standing
 *   GET  /records/ID/forms       forms that exist for it; /records/ID/forms/F01 its filled fields
 *   GET  /records/ID/forms/F01/page[?lang=en]    for the printer; a preview unless it was counted
 *   POST /records/ID/forms/F01/prints {"copies","reason"}  counts a print before it is made
 *   GET  /forms /forms/F22/ITEM /forms/F24/STAFF /forms/F25 ... /page, POST .../prints likewise
 *   GET  /cases?due=DAY|search=TEXT|state=NAME[&machine=NAME][&after=CURSOR][&limit=N]
 *   GET  /views                  ledgers, due lists, rosters, boards: names and columns
 *   GET  /views/NAME[?from=DAY&until=DAY&station=CODE&staff=ID&offset=N&limit=N]
 *        [&format=xlsx|csv|html]
 *   GET  /kpi[?...] /kpi/NAME/cases[?...]   indicators with both halves; the records behind one
 *   GET  /findings[/RULE][?...] /findings/rules   suspicions with their events; the rules
 *   GET  /regimes[?...]          R01-R120: what carries each, where it stands in the period
 *   GET  /appraisal[?...] /appraisal/ranking[?...]   the 100-point sheet; stations in order
 *   GET  /catalogue /catalogue/CODE /policy /calendar /refusals /refusals/NAME /machines
 *        /machines/NAME /openapi.json
 * Errors: application/problem+json with a stable code, zh and en (desk/reply.h). */
struct desk;

struct desk_blob {
    uint8_t hash[LIMIT_HASH_SIZE];
    struct span bytes;
};

/* What the program behind the desk does. */
struct desk_port {
    void *context;
    /* Place that the next event of this device's chain gets: it is bound into every sealed part.
     * NULL: as the store shows it (wrong only for a hub between a new epoch and its first event).
     */
    void (*next)(void *context, uint64_t *ret_incarnation, uint64_t *ret_seq);
    /* Writes one event with the blobs it names; after ERR_NONE with an accepted verdict both are
     * kept. *ret_seq: its place in the chain. */
    enum err (*submit)(void *context, const struct author_draft *draft, const struct signer *signer,
                       const struct desk_blob *blobs, size_t blob_count,
                       struct fold_verdict *ret_verdict, uint8_t ret_id[LIMIT_HASH_SIZE],
                       uint64_t *ret_seq);
    uint64_t (*wall_ms)(void *context);
    uint64_t (*mono_ms)(void *context);
    struct fold *(*fold)(void *context); /* asked anew at each request */
    /* Events of a record in order, as kept by this program. visit returns false to stop. */
    void (*events)(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                   bool (*visit)(void *visit_context, const struct wire_event *event,
                                 const char *standing, uint32_t refusal));
};

struct desk_options {
    struct desk_port port;
    struct kv *kv;
    enum tier tier;
    enum fold_space space;        /* station: tentative; hub: proven */
    const uint8_t *device;        /* key id of this device */
    const char *key_directory;    /* <staff id hex>.key files */
    const uint8_t *device_secret; /* KEYFILE_DEVICE_SECRET_SIZE */
    const struct signer *signer;  /* of the device, for the QR of forms; NULL: none is drawn */
    /* Id in hex or name -> staff id, of who is known in people_directory (lasts as long as the
     * desk); ERR_NOT_FOUND, ERR_CONFLICT. NULL: who has a key in key_directory. */
    enum err (*find_person)(const char *directory, const char *text,
                            uint8_t ret_staff[LIMIT_ID_SIZE]);
    const char *people_directory;
    const char *office_path; /* settings file with the station's name; NULL: none */
    uint32_t lock_after_ms;  /* auto-lock; 0: 15 min */
};

MUST_USE enum err desk_new(const struct desk_options *options, struct desk **ret_desk);
void desk_free(struct desk *desk);
/* Answers the exchange when the path is one of the desk's; false: not its route. */
MUST_USE bool desk_handle(struct desk *desk, struct http_exchange *exchange,
                          const struct http_request *request);
/* The keys of the request's token, for the program's own routes; NULL after answering 401. Until
 * the next call into the desk. */
const struct keyring *desk_authorize(struct desk *desk, struct http_exchange *exchange,
                                     uint8_t ret_staff[LIMIT_ID_SIZE]);
/* The device's roles of that person today, bits of rule_role; 0: none. */
uint64_t desk_roles(struct desk *desk, const struct keyring *keyring);
/* Locks who has been idle and works on the search index; call about once a second. */
void desk_tick(struct desk *desk);

#endif
