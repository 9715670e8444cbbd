#ifndef JIELI_FOLD_FACTS_H
#define JIELI_FOLD_FACTS_H

#include "fold/fold.h"
#include "views/source.h"

/* A fold as views read it (views/source.h), within one read transaction. */
struct fold_facts;

typedef bool (*fold_event_visit)(void *context, const struct wire_event *event,
                                 const char *standing, uint32_t refusal);

struct fold_facts_ask {
    struct fold *fold;
    struct kv_txn *txn; /* outlives the facts */
    enum fold_space space;
    uint64_t now_ms;
    /* Events of a record in order, with id and leaf_ms where they are known. */
    void *context;
    void (*events)(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                   fold_event_visit visit);
};

/* ERR_STATE: no policy, catalogue or calendar is in force yet. ERR_MEMORY. */
MUST_USE enum err fold_facts_new(const struct fold_facts_ask *ask, struct fold_facts **ret_facts);
void fold_facts_free(struct fold_facts *facts);
/* Until fold_facts_free, or the next world_apply. */
const struct views_source *fold_facts_source(const struct fold_facts *facts);

#endif
