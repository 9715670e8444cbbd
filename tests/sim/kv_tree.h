#ifndef JIELI_TESTS_SIM_KV_TREE_H
#define JIELI_TESTS_SIM_KV_TREE_H

#include "store/kv.h"

struct kv_tree_node;

/* An ordered map of bytes whose versions share what they have in common: sharing a tree costs
 * nothing, changing one copies only the path to the change. A treap, its priorities hashes of the
 * keys, so its shape depends on its keys alone. Not for several threads. */
struct kv_tree {
    struct kv_tree_node *root; /* NULL: empty, as is {0} */
    uint64_t count;
    uint64_t size; /* bytes of keys and values, with a fixed sum an entry */
};

/* Another tree with the same entries; both are freed and changed on their own. */
struct kv_tree kv_tree_share(const struct kv_tree *tree);
void kv_tree_done(struct kv_tree *tree); /* leaves it empty */
void kv_tree_put(struct kv_tree *tree, struct span key, struct span value);
void kv_tree_delete(struct kv_tree *tree, struct span key);
/* Spans given out stay until the tree changes or goes. */
bool kv_tree_get(const struct kv_tree *tree, struct span key, struct span *ret_value);
/* Every entry with key >= from, in order, until visit answers false; then false. */
bool kv_tree_visit(const struct kv_tree *tree, struct span from, kv_visit visit, void *context);
/* The greatest key with prefix; false when there is none. */
bool kv_tree_last(const struct kv_tree *tree, struct span prefix, struct span *ret_key,
                  struct span *ret_value);

#endif
