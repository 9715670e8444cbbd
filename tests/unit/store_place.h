#ifndef JIELI_TESTS_STORE_PLACE_H
#define JIELI_TESTS_STORE_PLACE_H

#include "store/kv.h"

/* Where the cases that all stores share find a store: store_place_lmdb.c makes directories,
 * store_place_memory.c simulated disks. */

/* A name for kv_open at which nothing stands yet; valid until store_place_free. */
char *store_place_new(void);
/* Removes all that stands there. */
void store_place_free(char *place);

/* "place/name", to be freed. */
char *store_path_in(const char *place, const char *name);

/* Fails the test unless the store opens. */
struct kv *store_open(const char *place);
struct kv *store_open_sized(const char *place, uint64_t map_size);
/* One transaction each, which must succeed; text keys and values. */
void store_put_text(struct kv *kv, enum kv_table table, const char *key, const char *value);
/* value NULL: the key is absent. */
void store_expect_text(struct kv *kv, enum kv_table table, const char *key, const char *value);
/* All entries as "key=value key=value ", bytes outside printable ASCII as \xx. */
void store_expect_table(struct kv *kv, enum kv_table table, const char *expected);
/* Appends entries in the same form; a kv_visit with a struct buf as context. */
bool store_visit_text(void *context, struct span key, struct span value);

#endif
