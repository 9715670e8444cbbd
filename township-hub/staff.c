#include "township-hub/staff.h"

#include "base/text.h"
#include "desk/sealing.h"
#include "rules/civil.h"

#include <string.h>

/* Routes about people. */

static bool get_hex(const struct wire_tree *body, const char *name, uint8_t *ret, size_t size)
{
    return text_get_hex(span_text(wire_tree_member(body, name)), ret, size) == ERR_NONE;
}

/* Short and plain, as codes in events are; empty is none. */
static bool is_code(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (text[i] <= ' ' || text[i] > '~') {
            return false;
        }
    }
    return size < LIMIT_CODE_SIZE;
}

/* POST /api/v1/staff {"staff","publicKey","boxKey","name","number"}: the key file was made by who
 * asks; here only its public half arrives. */
static const char *read_enrolment(const struct wire_tree *body, struct values *facts)
{
    uint8_t staff[LIMIT_ID_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t box_key[LIMIT_KEY_SIZE];
    const char *number = wire_tree_member(body, "number");
    const char *name = wire_tree_member(body, "name");
    if (!get_hex(body, "staff", staff, sizeof staff)) {
        return "staff";
    }
    if (!get_hex(body, "publicKey", public_key, sizeof public_key)) {
        return "publicKey";
    }
    if (!get_hex(body, "boxKey", box_key, sizeof box_key) || !seal_box_public_valid(box_key)) {
        return "boxKey";
    }
    if (name[0] == 0 || strlen(name) >= STAFF_NAME_SIZE || strpbrk(name, "\r\n#") != NULL) {
        return "name";
    }
    values_clear(facts);
    values_set_number(facts, FIELD_verb, 0, PERSON_ENROLLED);
    values_set_bytes(facts, FIELD_staff, 0, span_of(staff, sizeof staff));
    values_set_number(facts, FIELD_suite, 0, SEAL_SUITE_ED25519);
    values_set_bytes(facts, FIELD_public_key, 0, span_of(public_key, sizeof public_key));
    values_set_bytes(facts, FIELD_box_key, 0, span_of(box_key, sizeof box_key));
    values_set_bytes(facts, FIELD_number, 0, span_text(number));
    return is_code(number) && facts->err == ERR_NONE ? NULL : "number";
}

static void enrol(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request, const struct keyring *keyring)
{
    struct values facts;
    struct fold_verdict verdict;
    struct wire_tree *body = api_body(exchange, request);
    if (body == NULL) {
        return;
    }
    const char *wrong = read_enrolment(body, &facts);
    if (wrong != NULL) {
        api_bad(exchange, wrong);
        wire_tree_close(body);
        return;
    }
    enum err err =
        publish_event(&api->publisher, WIRE_PERSON, &facts, keyring_signer_view(keyring), &verdict);
    if (api_accepted(exchange, err, &verdict)) {
        err = staff_name_add(api->folder->path, values_bytes(&facts, FIELD_staff, 0).data,
                             wire_tree_member(body, "name"));
        if (err == ERR_NONE) {
            api_done(exchange);
        } else {
            reply_err(exchange, err);
        }
    }
    wire_tree_close(body);
}

struct grant {
    uint64_t roles;
    bool at_station;
    uint8_t station[LIMIT_KEY_SIZE];
    int32_t from_day;
    int32_t until_day;
    const char *post;
};

static uint64_t read_roles(const char *text)
{
    struct span left = span_text(text);
    uint64_t roles = 0;
    while (left.size > 0) {
        struct span word = left;
        const uint8_t *comma = memchr(left.data, ',', left.size);
        if (comma != NULL) {
            word = span_of(left.data, (size_t)(comma - left.data));
        }
        uint64_t role = staff_role(text_trim(word));
        size_t taken = word.size + (comma == NULL ? 0 : 1);
        left = span_of(left.data + taken, left.size - taken);
        if (role == 0) {
            return 0;
        }
        roles |= role;
    }
    return roles;
}

static bool read_day(const struct wire_tree *body, const char *name, int32_t *ret)
{
    const char *text = wire_tree_member(body, name);
    *ret = 0;
    return text[0] == 0 || (civil_day_parse(span_text(text), ret) == ERR_NONE && *ret > 0);
}

/* The field that is wrong, or NULL. */
static const char *read_grant(struct api *api, const struct wire_tree *body, struct grant *ret)
{
    const char *station = wire_tree_member(body, "station");
    memset(ret, 0, sizeof *ret);
    ret->roles = read_roles(wire_tree_member(body, "roles"));
    ret->post = wire_tree_member(body, "post");
    ret->at_station = strcmp(station, "hub") != 0;
    if (ret->roles == 0) {
        return "roles";
    }
    if (ret->at_station && staff_station_find(api->hub, station, ret->station) != ERR_NONE) {
        return "station";
    }
    if (!read_day(body, "from", &ret->from_day)) {
        return "from";
    }
    if (!read_day(body, "until", &ret->until_day) ||
        (ret->until_day != 0 && ret->until_day < ret->from_day)) {
        return "until";
    }
    return is_code(ret->post) ? NULL : "post";
}

static void grant_facts(const uint8_t *staff, const struct grant *grant, struct values *ret)
{
    values_clear(ret);
    values_set_number(ret, FIELD_verb, 0, PERSON_GRANTED);
    values_set_bytes(ret, FIELD_staff, 0, span_of(staff, LIMIT_ID_SIZE));
    values_set_number(ret, FIELD_grants_roles, 0, grant->roles);
    if (grant->at_station) {
        values_set_bytes(ret, FIELD_grants_station, 0, span_of(grant->station, LIMIT_KEY_SIZE));
    }
    values_set_bytes(ret, FIELD_grants_post, 0, span_text(grant->post));
    values_set_number(ret, FIELD_grants_from_day, 0, (uint64_t)grant->from_day);
    values_set_number(ret, FIELD_grants_until_day, 0, (uint64_t)grant->until_day);
}

/* POST /api/v1/staff/ID/grants {"roles","station","post","from","until"} */
static void grant(struct api *api, struct http_exchange *exchange, const struct wire_tree *body,
                  const uint8_t *staff, const struct keyring *keyring)
{
    struct grant wanted;
    struct values facts;
    struct fold_verdict verdict;
    const char *wrong = read_grant(api, body, &wanted);
    if (wrong != NULL) {
        api_bad(exchange, wrong);
        return;
    }
    grant_facts(staff, &wanted, &facts);
    enum err err =
        publish_event(&api->publisher, WIRE_PERSON, &facts, keyring_signer_view(keyring), &verdict);
    if (!api_accepted(exchange, err, &verdict)) {
        return;
    }
    bool reads = staff_roles_read(wanted.roles);
    if (reads) {
        err = wanted.at_station
                  ? staff_audience_admit(&api->publisher, keyring, staff, SEALING_STATION,
                                         wanted.station)
                  : staff_audience_admit(&api->publisher, keyring, staff, SEALING_HUB, NULL);
    }
    if (err == ERR_NONE && staff_roles_investigate(wanted.roles)) {
        err = staff_audience_admit(&api->publisher, keyring, staff, SEALING_DISCIPLINE, NULL);
    }
    struct reply reply;
    reply_begin(&reply);
    json_text_bool(&reply.json, "reads", reads && err == ERR_NONE);
    if (err != ERR_NONE) {
        json_text_string(&reply.json, "readsProblem", err_name(err));
    }
    reply_send(&reply, exchange, 200);
}

/* POST /api/v1/staff/ID/revoke */
static void revoke(struct api *api, struct http_exchange *exchange, const uint8_t *staff,
                   const struct keyring *keyring)
{
    struct values facts;
    struct fold_verdict verdict;
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_REVOKED);
    values_set_bytes(&facts, FIELD_staff, 0, span_of(staff, LIMIT_ID_SIZE));
    enum err err =
        publish_event(&api->publisher, WIRE_PERSON, &facts, keyring_signer_view(keyring), &verdict);
    if (!api_accepted(exchange, err, &verdict)) {
        return;
    }
    err = staff_audience_expel(&api->publisher, keyring, staff);
    if (err != ERR_NONE) {
        reply_err(exchange, err);
        return;
    }
    api_done(exchange);
}

/* --- GET /api/v1/staff --- */

static void put_roles(struct json_text *json, uint64_t roles)
{
    json_text_open_list(json, "roles");
    for (uint64_t bit = 0; staff_role_name(bit, false) != NULL; bit++) {
        if ((roles >> bit & 1) != 0) {
            json_text_string(json, NULL, staff_role_name(bit, false));
        }
    }
    json_text_close_list(json);
}

static void put_zh_roles(struct json_text *json, uint64_t roles)
{
    struct buf text;
    buf_init(&text, 1024);
    for (uint64_t bit = 0; staff_role_name(bit, true) != NULL; bit++) {
        if ((roles >> bit & 1) != 0) {
            buf_put_format(&text, "%s%s", text.size == 0 ? "" : "、", staff_role_name(bit, true));
        }
    }
    json_text_string(json, "rolesZh", buf_text(&text));
    buf_done(&text);
}

static void put_station(struct json_text *json, const struct directory *directory,
                        const uint8_t *device)
{
    const struct directory_station *station = directory_station(directory, device);
    json_text_string(json, "station", station == NULL ? "hub" : station->code);
}

static void put_grants(struct json_text *json, const struct directory *directory,
                       const uint8_t *staff)
{
    uint64_t all = 0;
    json_text_open_list(json, "grants");
    for (size_t i = 0; i < directory_grant_count(directory); i++) {
        const struct directory_grant *grant = directory_grant_at(directory, i);
        if (memcmp(grant->staff, staff, LIMIT_ID_SIZE) != 0) {
            continue;
        }
        json_text_open(json, NULL);
        json_text_number(json, "number", grant->number);
        put_station(json, directory, grant->station);
        put_roles(json, grant->roles);
        json_text_string(json, "post", grant->post);
        if (grant->from_day != 0) {
            json_text_day(json, "from", grant->from_day);
        }
        if (grant->until_day != 0) {
            json_text_day(json, "until", grant->until_day);
        }
        json_text_bool(json, "ended", grant->ended != 0);
        json_text_close(json);
        all |= grant->ended == 0 ? grant->roles : 0;
    }
    json_text_close_list(json);
    put_zh_roles(json, all);
}

static void list(struct api *api, struct http_exchange *exchange)
{
    const struct directory *directory = world_directory(hub_fold(api->hub)->world);
    char name[STAFF_NAME_SIZE];
    char phone[DEVICE_NAME_SIZE];
    char keys[FILES_PATH_SIZE];
    struct reply reply;
    enum err err = device_path(api->folder->path, "keys", keys);
    if (err != ERR_NONE) {
        reply_err(exchange, err);
        return;
    }
    reply_begin(&reply);
    json_text_open_list(&reply.json, "staff");
    for (size_t i = 0; i < directory_key_count(directory); i++) {
        const struct directory_key *key = directory_key_at(directory, i);
        staff_name_find(api->folder->path, key->staff, name);
        json_text_open(&reply.json, NULL);
        json_text_hex(&reply.json, "staff", span_of(key->staff, LIMIT_ID_SIZE));
        json_text_string(&reply.json, "name", name);
        device_phone_read(keys, key->staff, phone);
        json_text_string(&reply.json, "phone", phone);
        json_text_hex(&reply.json, "key", span_of(key->id, LIMIT_KEY_SIZE));
        json_text_bool(&reply.json, "revoked", key->revoked_index != 0);
        put_grants(&reply.json, directory, key->staff);
        json_text_close(&reply.json);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, exchange, 200);
}

/* The person named in a path; false after answering. */
static bool person(struct api *api, struct http_exchange *exchange, const char *text,
                   uint8_t *ret_staff)
{
    if (staff_find(api->folder->path, text, ret_staff) == ERR_NONE) {
        return true;
    }
    api_missing(exchange, "staff");
    return false;
}

static void grant_route(struct api *api, struct http_exchange *exchange,
                        const struct http_request *request, const char *text)
{
    uint8_t staff[LIMIT_ID_SIZE];
    uint8_t self[LIMIT_ID_SIZE];
    const struct keyring *keyring = desk_authorize(api->desk, exchange, self);
    if (keyring == NULL || !person(api, exchange, text, staff)) {
        return;
    }
    struct wire_tree *body = api_body(exchange, request);
    if (body != NULL) {
        grant(api, exchange, body, staff, keyring);
        wire_tree_close(body);
    }
}

bool staff_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request)
{
    uint8_t staff[LIMIT_ID_SIZE];
    uint8_t self[LIMIT_ID_SIZE];
    char text[STAFF_NAME_SIZE];
    if (api_is(request, "GET", "/api/v1/staff")) {
        /* Names: for who sits at this machine, or is unlocked. */
        if (request->peer_uid >= 0 || desk_authorize(api->desk, exchange, self) != NULL) {
            list(api, exchange);
        }
        return true;
    }
    if (strcmp(request->method, "POST") != 0) {
        return false;
    }
    if (api_path(request, "/api/v1/staff/", "/grants", text, sizeof text)) {
        grant_route(api, exchange, request, text);
        return true;
    }
    bool is_revoke = api_path(request, "/api/v1/staff/", "/revoke", text, sizeof text);
    if (!is_revoke && strcmp(request->path, "/api/v1/staff") != 0) {
        return false;
    }
    const struct keyring *keyring = desk_authorize(api->desk, exchange, self);
    if (keyring == NULL) {
        return true;
    }
    if (!is_revoke) {
        enrol(api, exchange, request, keyring);
    } else if (person(api, exchange, text, staff)) {
        revoke(api, exchange, staff, keyring);
    }
    return true;
}
