#include "base/text.h"
#include "desk/sealing.h"
#include "desk/succession.h"
#include "node/clock.h"
#include "township-hub/staff.h"

#include <stdio.h>
#include <string.h>

/* Routes about stations and auditors. */

enum err staff_station_find(struct hub *hub, const char *text, uint8_t ret_device[LIMIT_KEY_SIZE])
{
    const struct directory *directory = world_directory(hub_fold(hub)->world);
    uint8_t device[LIMIT_KEY_SIZE] = {0};
    bool is_device = text_get_hex(span_text(text), device, sizeof device) == ERR_NONE;
    for (size_t i = 0; i < directory_station_count(directory); i++) {
        const struct directory_station *station = directory_station_at(directory, i);
        bool wanted = is_device ? memcmp(station->device, device, sizeof device) == 0
                                : strcmp(station->code, text) == 0;
        if (wanted && station->revoked_index == 0) {
            memcpy(ret_device, station->device, LIMIT_KEY_SIZE);
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

/* --- Bundles --- */

static const char *announced(const char *announce, const char *bound)
{
    return announce[0] == 0 ? bound : announce;
}

static enum err make_bundle(const struct api *api, const struct wire_enrolment *request,
                            struct span note, const uint8_t *root, struct buf *ret)
{
    struct wire_bundle bundle = {
        .trust = note, .kind = request->kind, .issued_ms = clock_wall_ms()};
    const char *endpoint = announced(api->folder->announce, daemon_endpoint_view(api->daemon));
    const char *bell =
        announced(api->folder->announce_bell, daemon_bell_endpoint_view(api->daemon));
    memcpy(bundle.root, root, LIMIT_KEY_SIZE);
    seal_key_id(SEAL_SUITE_ED25519, request->public_key, bundle.device);
    (void)snprintf(bundle.endpoint, sizeof bundle.endpoint, "%s", endpoint);
    (void)snprintf(bundle.bell_endpoint, sizeof bundle.bell_endpoint, "%s", bell);
    return wire_bundle_seal(&bundle, keyring_signer_view(api->folder->device.keyring), ret);
}

static enum err read_trust(const struct api *api, struct buf *ret_note, uint8_t *ret_root)
{
    char path[FILES_PATH_SIZE];
    enum err err = folder_read(api->folder, "trust.note", ret_note);
    if (err == ERR_NONE) {
        err = device_path(api->folder->path, "root.pub", path);
    }
    return err != ERR_NONE ? err : device_root_read(path, ret_root);
}

static void reply_bundle(const struct api *api, struct http_exchange *exchange,
                         const struct wire_enrolment *request)
{
    uint8_t root[LIMIT_KEY_SIZE];
    struct buf note;
    struct buf bundle;
    buf_init(&note, WIRE_TRUST_SIZE);
    buf_init(&bundle, WIRE_TRUST_SIZE);
    enum err err = read_trust(api, &note, root);
    if (err == ERR_NONE) {
        err = make_bundle(api, request, buf_span(&note), root, &bundle);
    }
    if (err == ERR_NONE) {
        struct http_reply reply = {
            .status = 200, .content_type = "application/octet-stream", .body = buf_span(&bundle)};
        http_exchange_reply(exchange, &reply);
    } else {
        reply_err(exchange, err);
    }
    buf_done(&note);
    buf_done(&bundle);
}

/* --- Enrolling --- */

static void station_facts(const struct wire_enrolment *request, struct values *ret)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    seal_key_id(SEAL_SUITE_ED25519, request->public_key, device);
    values_clear(ret);
    values_set_number(ret, FIELD_verb, 0, STATION_ENROLLED);
    values_set_bytes(ret, FIELD_device, 0, span_of(device, sizeof device));
    values_set_number(ret, FIELD_suite, 0, SEAL_SUITE_ED25519);
    values_set_bytes(ret, FIELD_public_key, 0, span_of(request->public_key, LIMIT_KEY_SIZE));
    values_set_bytes(ret, FIELD_curve_key, 0, span_of(request->curve_key, LIMIT_KEY_SIZE));
    values_set_bytes(ret, FIELD_code, 0, span_text(request->code));
    if (memcmp(request->box_key, none, sizeof none) != 0) {
        values_set_bytes(ret, FIELD_box_key, 0, span_of(request->box_key, LIMIT_KEY_SIZE));
    }
}

/* The same request again gets its bundle again: an answer may have been lost. */
static void enrol_station(struct api *api, struct http_exchange *exchange,
                          const struct wire_enrolment *request, const struct keyring *keyring)
{
    struct world *world = hub_fold(api->hub)->world;
    const struct signer *signer = keyring_signer_view(keyring);
    struct values facts;
    struct fold_verdict verdict = {.verdict = WIRE_ACCEPTED};
    uint8_t device[LIMIT_KEY_SIZE];
    enum err err = ERR_NONE;
    seal_key_id(SEAL_SUITE_ED25519, request->public_key, device);
    const struct directory_station *known = directory_station(world_directory(world), device);
    if (known == NULL || known->revoked_index != 0 ||
        (desk_roles(api->desk, keyring) & ROLE_REGISTRAR) == 0) {
        station_facts(request, &facts);
        err = publish_event(&api->publisher, WIRE_STATION, &facts, signer, &verdict);
    }
    if (!api_accepted(exchange, err, &verdict)) {
        return;
    }
    if (world_audience(world, SEALING_STATION, device) == NULL) {
        err = staff_audience_new(&api->publisher, device, signer);
    }
    if (err != ERR_NONE) {
        reply_err(exchange, err);
        return;
    }
    reply_bundle(api, exchange, request);
}

static enum err keep_auditor(const struct api *api, const struct wire_enrolment *request,
                             struct span bytes)
{
    char name[128];
    char path[FILES_PATH_SIZE];
    struct buf hex;
    uint8_t device[LIMIT_KEY_SIZE];
    seal_key_id(SEAL_SUITE_ED25519, request->public_key, device);
    buf_init(&hex, 128);
    text_put_hex(&hex, span_of(device, sizeof device));
    (void)snprintf(name, sizeof name, "auditors/%s.request", buf_text(&hex));
    buf_done(&hex);
    enum err err = device_path(api->folder->path, "auditors", path);
    if (err == ERR_NONE) {
        err = files_make_directory(path);
    }
    if (err == ERR_NONE) {
        err = folder_write(api->folder, name, bytes);
    }
    return err != ERR_NONE ? err : daemon_allow(api->daemon, device, request->curve_key);
}

/* No event: who reads a log is not part of it. The registrar answers for it here too. */
static void enrol_auditor(struct api *api, struct http_exchange *exchange,
                          const struct wire_enrolment *request, struct span bytes,
                          const struct keyring *keyring)
{
    if ((desk_roles(api->desk, keyring) & ROLE_REGISTRAR) == 0) {
        reply_refusal(exchange, REFUSAL_DIRECTORY_REGISTRAR_ONLY);
        return;
    }
    enum err err = keep_auditor(api, request, bytes);
    if (err != ERR_NONE) {
        reply_err(exchange, err);
        return;
    }
    reply_bundle(api, exchange, request);
}

/* Without the root's word about us no bundle can be made: said before anything is logged. */
static bool is_trusted(const struct api *api, struct http_exchange *exchange)
{
    char path[FILES_PATH_SIZE];
    if (device_path(api->folder->path, "trust.note", path) == ERR_NONE && files_exist(path)) {
        return true;
    }
    struct reply_problem problem = {409, "no_trust_note", "还没有区级根的信任书，请先办 trust",
                                    "no trust note of the district root yet: see trust", NULL};
    reply_problem(exchange, &problem);
    return false;
}

/* POST /api/v1/enrolments, the request file as body -> the bundle file */
static void enrol(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request)
{
    uint8_t staff[LIMIT_ID_SIZE];
    struct wire_enrolment enrolment;
    const struct keyring *keyring = desk_authorize(api->desk, exchange, staff);
    if (keyring == NULL || !is_trusted(api, exchange)) {
        return;
    }
    enum err err = wire_enrolment_open(request->body, &enrolment);
    if (err != ERR_NONE) {
        api_bad(exchange, err == ERR_AUTH ? "signature" : "request");
        return;
    }
    switch (enrolment.kind) {
    case WIRE_ENROL_STATION:
        enrol_station(api, exchange, &enrolment, keyring);
        return;
    case WIRE_ENROL_AUDITOR:
        enrol_auditor(api, exchange, &enrolment, request->body, keyring);
        return;
    case WIRE_ENROL_HUB:
        break;
    }
    api_bad(exchange, "kind");
}

/* POST /api/v1/stations/CODE/revoke */
static void revoke(struct api *api, struct http_exchange *exchange, const char *text)
{
    uint8_t staff[LIMIT_ID_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    struct values facts;
    struct fold_verdict verdict;
    const struct keyring *keyring = desk_authorize(api->desk, exchange, staff);
    if (keyring == NULL) {
        return;
    }
    if (staff_station_find(api->hub, text, device) != ERR_NONE) {
        api_missing(exchange, "station");
        return;
    }
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, STATION_REVOKED);
    values_set_bytes(&facts, FIELD_device, 0, span_of(device, sizeof device));
    enum err err = publish_event(&api->publisher, WIRE_STATION, &facts,
                                 keyring_signer_view(keyring), &verdict);
    if (api_accepted(exchange, err, &verdict)) {
        api_done(exchange);
    }
}

/* POST /api/v1/stations/CODE/handover {"to","check"} */
static void hand_over(struct api *api, struct http_exchange *exchange,
                      const struct http_request *request, const char *code)
{
    uint8_t handler[LIMIT_ID_SIZE];
    struct wire_tree *body = api_body(exchange, request);
    if (body == NULL) {
        return;
    }
    const char *to = wire_tree_member(body, "to");
    struct desk_succession ask = {.code = code,
                                  .check = wire_tree_is_true(wire_tree_get(body, "check"))};
    bool known = to[0] == 0 || staff_find(api->folder->path, to, handler) == ERR_NONE;
    ask.handler = to[0] == 0 ? NULL : handler;
    wire_tree_close(body);
    if (known) {
        desk_hand_over(api->desk, exchange, &ask);
    } else {
        api_missing(exchange, "to");
    }
}

bool staff_station_handle(struct api *api, struct http_exchange *exchange,
                          const struct http_request *request)
{
    char text[LIMIT_KEY_SIZE * 2 + 1];
    if (api_is(request, "POST", "/api/v1/enrolments")) {
        enrol(api, exchange, request);
        return true;
    }
    if (strcmp(request->method, "POST") == 0 &&
        api_path(request, "/api/v1/stations/", "/revoke", text, sizeof text)) {
        revoke(api, exchange, text);
        return true;
    }
    if (strcmp(request->method, "POST") == 0 &&
        api_path(request, "/api/v1/stations/", "/handover", text, sizeof text)) {
        hand_over(api, exchange, request, text);
        return true;
    }
    return false;
}
