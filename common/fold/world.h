#ifndef JIELI_FOLD_WORLD_H
#define JIELI_FOLD_WORLD_H

#include "fold/directory.h"
#include "fold/log.h"

/* All that the common feed decides: the directory and the editions of policy, catalogue, calendar
 * and departments, each at its place in the feed. In memory; at start it is read back from the
 * leaves of the common feed, whose number grows with staff and editions, not with cases. */

struct world;

MUST_USE enum err world_new(const uint8_t hub_device[LIMIT_KEY_SIZE],
                            const uint8_t hub_public[LIMIT_KEY_SIZE], struct world **ret_world);
void world_free(struct world *world);
/* Reads the common feed of log back, up to seq until. */
MUST_USE enum err world_load(struct world *world, const struct log *log, struct kv_txn *txn,
                             uint64_t until);

struct directory *world_directory(struct world *world);
/* Newest common feed seq folded in. */
uint64_t world_common_seq(const struct world *world);

/* May an accepted leaf of the common feed be folded yet? An edition needs its blob in KV_BLOB, an
 * audience the blob of its wraps: ERR_NOT_FOUND then, with the hash wanted. */
MUST_USE enum err world_ready(const struct wire_event *event, struct kv_txn *txn,
                              uint8_t ret_wanted[LIMIT_HASH_SIZE]);
/* Folds one accepted common-feed event. Editions are read from KV_BLOB and checked again. */
MUST_USE enum err world_apply(struct world *world, struct kv_txn *txn,
                              const struct wire_event *event, uint64_t common_seq,
                              uint64_t leaf_index);

/* May this edition event take force? The blob must be there, its text whole, the number next. */
enum refusal world_judge_edition(struct world *world, struct kv_txn *txn,
                                 const struct wire_event *event,
                                 const struct directory_author *author);

/* The hub's log began anew when it was restored; what the present one still has of an earlier log.
 */
struct world_past {
    uint64_t size;   /* leaves they share */
    uint64_t ms;     /* time of the newest of these */
    uint64_t common; /* entries of the common feed they share */
};
/* False: no later log than that of epoch is known, so it is the present one. */
bool world_past(const struct world *world, uint64_t epoch, struct world_past *ret);
/* Newest epoch of which the feed told; 0: none. */
uint64_t world_epoch(const struct world *world);
/* The next epoch behind that one of which the feed told; 0: none. */
uint64_t world_later(const struct world *world, uint64_t epoch);

/* EditionKind of proto/directory.proto. */
enum world_kind {
    WORLD_POLICY = 1,
    WORLD_CATALOGUE = 2,
    WORLD_CALENDAR = 3,
    WORLD_DEPARTMENTS = 5,
    WORLD_STATIONS = 6
};

/* The editions in force for who had applied the common feed up to applied; pinned ones (by number,
 * 0: none) stay. The calendar is never pinned. False: no policy, catalogue or calendar yet. The
 * pointers live until the next world_apply of an edition. */
MUST_USE bool world_view(const struct world *world, uint64_t applied, uint64_t pinned_policy,
                         uint64_t pinned_catalogue, struct rule_world *ret);
/* Newest generation of a sealing audience (SealedAudience bit; station: whose, NULL for the hub's):
 * its X25519 public key and the hash of the blob with its members' wraps. */
struct world_audience {
    uint32_t audience;
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: the hub */
    uint8_t box_key[LIMIT_KEY_SIZE];
    uint8_t wraps[LIMIT_HASH_SIZE];
    uint64_t generation;
};
/* NULL: none yet. Until the next world_apply. */
const struct world_audience *world_audience(const struct world *world, uint32_t audience,
                                            const uint8_t *station);

/* Newest edition number and text hash of a kind; 0: none. */
uint64_t world_edition(const struct world *world, enum world_kind kind, uint32_t year,
                       uint8_t ret_hash[LIMIT_HASH_SIZE]);
/* Entry of the common feed from which the edition of that number holds; 0: there is none. */
uint64_t world_edition_since(const struct world *world, enum world_kind kind, uint64_t number);
/* Checks a text as world_judge_edition would: the messages of a refusal with file and line. */
MUST_USE enum err world_check_text(enum world_kind kind, struct span text,
                                   struct text_errors *ret_errors);

#endif
