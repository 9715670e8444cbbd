#ifndef JIELI_FOLD_DIRECTORY_H
#define JIELI_FOLD_DIRECTORY_H

#include "rules/rule.h"
#include "wire/wire.h"

/* People, keys, grants and stations as the common feed tells them, in memory. A fact takes force
 * at its place in the common feed (since); whoever wrote an event after applying that place knew
 * it. Revocation alone counts by leaf order (architecture.md, section 4). */

enum { DIRECTORY_NEVER = 0 };

struct directory_key {
    uint8_t id[LIMIT_KEY_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t box_key[LIMIT_KEY_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    uint64_t since;         /* common feed seq */
    uint64_t revoked_index; /* leaf index + 1; 0: not revoked */
};

struct directory_grant {
    uint8_t staff[LIMIT_ID_SIZE];
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: the hub */
    uint64_t roles;
    char post[LIMIT_CODE_SIZE];
    uint32_t number;   /* 1, 2, ... of this person */
    int32_t from_day;  /* 0: at once */
    int32_t until_day; /* last day; 0: open */
    uint64_t since;
    uint64_t ended; /* common feed seq that ended it; 0: not */
};

struct directory_station {
    uint8_t device[LIMIT_KEY_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t curve_key[LIMIT_KEY_SIZE];
    uint8_t box_key[LIMIT_KEY_SIZE];
    uint8_t replaces[LIMIT_KEY_SIZE];
    char code[LIMIT_CODE_SIZE];
    uint64_t since;
    uint64_t revoked_index; /* leaf index + 1; 0: not revoked */
};

/* PersonVerb and StationVerb of proto/directory.proto. */
enum person_verb {
    PERSON_ENROLLED = 1,
    PERSON_GRANTED = 2,
    PERSON_REVOKED = 3,
    PERSON_GRANT_ENDED = 4,
    PERSON_KEY_ADDED = 5,
    PERSON_KEY_REVOKED = 6
};

enum station_verb { STATION_ENROLLED = 1, STATION_REVOKED = 2, STATION_RENEWED = 3 };

struct directory;

/* hub_device, hub_public: the hub's own key, known from the trust note. NULL: no memory. */
struct directory *directory_new(const uint8_t hub_device[LIMIT_KEY_SIZE],
                                const uint8_t hub_public[LIMIT_KEY_SIZE]);
void directory_free(struct directory *directory);

const uint8_t *directory_hub_view(const struct directory *directory); /* the hub's device id */
bool directory_is_hub(const struct directory *directory, const uint8_t device[LIMIT_KEY_SIZE]);
/* Public key to verify an author or device with (people, stations, the hub); NULL: unknown.
 * Until the next apply. */
const uint8_t *directory_public(const struct directory *directory,
                                const uint8_t key_id[LIMIT_KEY_SIZE]);
/* NULL: not a person's key. Until the next apply, as all views here. */
const struct directory_key *directory_key(const struct directory *directory,
                                          const uint8_t key_id[LIMIT_KEY_SIZE]);
const struct directory_station *directory_station(const struct directory *directory,
                                                  const uint8_t device[LIMIT_KEY_SIZE]);
/* The one station whose device begins with these bytes; NULL: none, or more than one. */
const struct directory_station *directory_station_like(const struct directory *directory,
                                                       struct span prefix);
size_t directory_station_count(const struct directory *directory);
const struct directory_station *directory_station_at(const struct directory *directory,
                                                     size_t index);
size_t directory_key_count(const struct directory *directory);
const struct directory_key *directory_key_at(const struct directory *directory, size_t index);
/* Has staff ever had a key, revoked or not? */
bool directory_knows(const struct directory *directory, const uint8_t staff[LIMIT_ID_SIZE]);
size_t directory_grant_count(const struct directory *directory);
const struct directory_grant *directory_grant_at(const struct directory *directory, size_t index);

/* The author of an event: who, with which roles. */
struct directory_author {
    bool known;
    bool revoked;   /* before leaf index */
    bool device;    /* the station or hub itself signed */
    enum tier tier; /* of the device that holds the chain */
    uint8_t staff[LIMIT_ID_SIZE];
    uint64_t roles;
};

struct directory_ask {
    const uint8_t *author; /* key id */
    const uint8_t *device; /* chain the event is in */
    int32_t day;           /* legal day: temporary grants */
    uint64_t applied;      /* common feed seq the author knew */
    uint64_t leaf_index;   /* where the event stands or would stand */
};
void directory_ask(const struct directory *directory, const struct directory_ask *ask,
                   struct directory_author *ret);

/* Is staff known, with a key that stands, and does a grant let him work at the ask's device on its
 * day? Of the ask, author is not read. */
bool directory_works_at(const struct directory *directory, const uint8_t staff[LIMIT_ID_SIZE],
                        const struct directory_ask *ask);

/* May this person or station event take force? Enrolling needs the registrar, granting the hub
 * leader (another person), revoking any one of owner, station head, registrar, leader; the hub
 * device alone until there is a leader and a registrar (evidence.md, section 7). */
enum refusal directory_judge(const struct directory *directory, const struct wire_event *event,
                             const struct directory_author *author);
/* Folds an accepted person or station event; others are ignored. ERR_MEMORY only. */
MUST_USE enum err directory_apply(struct directory *directory, const struct wire_event *event,
                                  uint64_t common_seq, uint64_t leaf_index);

#endif
