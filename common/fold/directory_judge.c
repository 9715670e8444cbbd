#include "fold/directory.h"
#include "seal/ed25519.h"
#include "seal/sign.h"

#include <string.h>

/* Is there anybody with this role at the hub? */
static bool hub_has(const struct directory *directory, uint64_t role)
{
    static const uint8_t hub_place[LIMIT_KEY_SIZE];
    for (size_t i = 0; i < directory_grant_count(directory); i++) {
        const struct directory_grant *grant = directory_grant_at(directory, i);
        if ((grant->roles & role) != 0 && grant->ended == 0 &&
            memcmp(grant->station, hub_place, LIMIT_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* Until there are a leader and a registrar the hub's device itself enrols them. */
static bool founding(const struct directory *directory, const struct directory_author *author)
{
    bool staffed = hub_has(directory, ROLE_HUB_LEADER) && hub_has(directory, ROLE_REGISTRAR);
    return author->device && author->tier == TIER_HUB && !staffed;
}

static bool hub_role(const struct directory_author *author, uint64_t roles)
{
    return author->tier == TIER_HUB && (author->roles & roles) != 0;
}

static bool key_usable(const struct directory *directory, const struct wire_event *event)
{
    struct span public_key = values_bytes(&event->facts, FIELD_public_key, 0);
    struct span box_key = values_bytes(&event->facts, FIELD_box_key, 0);
    uint8_t id[LIMIT_KEY_SIZE];
    if (values_number(&event->facts, FIELD_suite, 0) != SEAL_SUITE_ED25519 ||
        public_key.size != LIMIT_KEY_SIZE ||
        (box_key.size != LIMIT_KEY_SIZE && event->payload == WIRE_PERSON) ||
        !seal_ed25519_key_valid(public_key.data)) {
        return false;
    }
    seal_key_id(SEAL_SUITE_ED25519, public_key.data, id);
    return directory_public(directory, id) == NULL;
}

static enum refusal judge_grants(const struct directory *directory, const struct wire_event *event)
{
    uint16_t count = values_places(&event->facts, FIELD_grants_roles);
    if (count == 0) {
        return REFUSAL_DIRECTORY_NO_GRANT;
    }
    for (uint16_t i = 0; i < count; i++) {
        struct span station = values_bytes(&event->facts, FIELD_grants_station, i);
        uint64_t roles = values_number(&event->facts, FIELD_grants_roles, i);
        if (roles == 0 || (roles & (ROLE_DEVICE | ROLE_APPLICANT)) != 0 || roles >= ROLE_DEVICE) {
            return REFUSAL_DIRECTORY_NO_GRANT;
        }
        if (station.size != 0 && (station.size != LIMIT_KEY_SIZE ||
                                  directory_station(directory, station.data) == NULL)) {
            return REFUSAL_DIRECTORY_UNKNOWN_STATION;
        }
    }
    return REFUSAL_NONE;
}

/* A station's head may revoke who has a grant at his station; anybody may revoke himself. */
static bool may_revoke(const struct directory *directory, const struct wire_event *event,
                       const struct directory_author *author)
{
    struct span staff = values_bytes(&event->facts, FIELD_staff, 0);
    if (hub_role(author, ROLE_HUB_LEADER | ROLE_REGISTRAR) ||
        (!author->device && memcmp(author->staff, staff.data, LIMIT_ID_SIZE) == 0)) {
        return true;
    }
    if (author->tier != TIER_STATION || (author->roles & ROLE_STATION_HEAD) == 0) {
        return false;
    }
    for (size_t i = 0; i < directory_grant_count(directory); i++) {
        const struct directory_grant *grant = directory_grant_at(directory, i);
        if (memcmp(grant->staff, staff.data, LIMIT_ID_SIZE) == 0 &&
            memcmp(grant->station, event->device, LIMIT_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

static enum refusal judge_person(const struct directory *directory, const struct wire_event *event,
                                 const struct directory_author *author)
{
    struct span staff = values_bytes(&event->facts, FIELD_staff, 0);
    uint64_t verb = values_number(&event->facts, FIELD_verb, 0);
    if (staff.size != LIMIT_ID_SIZE) {
        return REFUSAL_DIRECTORY_UNKNOWN_PERSON;
    }
    bool known = directory_knows(directory, staff.data);
    bool founder = founding(directory, author);
    bool self = !author->device && memcmp(author->staff, staff.data, LIMIT_ID_SIZE) == 0;
    if (known != (verb != PERSON_ENROLLED)) {
        return known ? REFUSAL_DIRECTORY_PERSON_EXISTS : REFUSAL_DIRECTORY_UNKNOWN_PERSON;
    }
    if (verb == PERSON_ENROLLED || verb == PERSON_KEY_ADDED) {
        bool may = founder || hub_role(author, ROLE_REGISTRAR);
        return !may                            ? REFUSAL_DIRECTORY_REGISTRAR_ONLY
               : !key_usable(directory, event) ? REFUSAL_DIRECTORY_BAD_KEY
                                               : REFUSAL_NONE;
    }
    if (verb == PERSON_GRANTED) {
        bool may = founder || (hub_role(author, ROLE_HUB_LEADER) && !self);
        return may ? judge_grants(directory, event) : REFUSAL_DIRECTORY_LEADER_ONLY;
    }
    if (verb == PERSON_GRANT_ENDED) {
        bool may = hub_role(author, ROLE_HUB_LEADER | ROLE_REGISTRAR);
        return may ? REFUSAL_NONE : REFUSAL_DIRECTORY_LEADER_ONLY;
    }
    if (verb == PERSON_REVOKED || verb == PERSON_KEY_REVOKED) {
        return may_revoke(directory, event, author) ? REFUSAL_NONE
                                                    : REFUSAL_DIRECTORY_MAY_NOT_REVOKE;
    }
    return REFUSAL_DIRECTORY_UNKNOWN_VERB;
}

static enum refusal judge_station(const struct directory *directory, const struct wire_event *event,
                                  const struct directory_author *author)
{
    struct span device = values_bytes(&event->facts, FIELD_device, 0);
    struct span curve = values_bytes(&event->facts, FIELD_curve_key, 0);
    struct span public_key = values_bytes(&event->facts, FIELD_public_key, 0);
    uint64_t verb = values_number(&event->facts, FIELD_verb, 0);
    if (!hub_role(author, ROLE_REGISTRAR) && !founding(directory, author)) {
        return REFUSAL_DIRECTORY_REGISTRAR_ONLY;
    }
    if (device.size != LIMIT_KEY_SIZE) {
        return REFUSAL_DIRECTORY_UNKNOWN_STATION;
    }
    bool known = directory_station(directory, device.data) != NULL;
    if (verb == STATION_REVOKED) {
        return known ? REFUSAL_NONE : REFUSAL_DIRECTORY_UNKNOWN_STATION;
    }
    if (verb != STATION_ENROLLED && verb != STATION_RENEWED) {
        return REFUSAL_DIRECTORY_UNKNOWN_VERB;
    }
    if (known || !key_usable(directory, event) || curve.size != LIMIT_KEY_SIZE) {
        return REFUSAL_DIRECTORY_BAD_KEY;
    }
    uint8_t id[LIMIT_KEY_SIZE];
    seal_key_id(SEAL_SUITE_ED25519, public_key.data, id);
    return memcmp(id, device.data, sizeof id) == 0 ? REFUSAL_NONE : REFUSAL_DIRECTORY_BAD_KEY;
}

enum refusal directory_judge(const struct directory *directory, const struct wire_event *event,
                             const struct directory_author *author)
{
    if (event->payload == WIRE_PERSON) {
        return judge_person(directory, event, author);
    }
    return judge_station(directory, event, author);
}
