#include "kv_tree.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint32_t reference_count;
    uint32_t key_size;
    uint32_t value_size;
    uint8_t bytes[]; /* the key, then the value */
};

/* Invariants: keys in order from left to right; no child has a greater priority; whoever changes a
 * node holds its only reference and that of every node above it. */
struct kv_tree_node {
    uint32_t reference_count;
    uint64_t priority;
    struct kv_tree_node *left;
    struct kv_tree_node *right;
    struct entry *entry;
};

enum { ENTRY_OVERHEAD = 64 };

static struct span key_of(const struct kv_tree_node *node)
{
    return span_of(node->entry->bytes, node->entry->key_size);
}

static struct span value_of(const struct kv_tree_node *node)
{
    return span_of(node->entry->bytes + node->entry->key_size, node->entry->value_size);
}

static uint64_t size_of(const struct entry *entry)
{
    return (uint64_t)entry->key_size + entry->value_size + ENTRY_OVERHEAD;
}

static uint64_t priority_of(struct span key)
{
    uint64_t hash = 0xCBF29CE484222325ULL; /* FNV-1a, then the finish of splitmix64 */
    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ key.data[i]) * 0x100000001B3ULL;
    }
    hash = (hash ^ (hash >> 30)) * 0xBF58476D1CE4E5B9ULL;
    hash = (hash ^ (hash >> 27)) * 0x94D049BB133111EBULL;
    return hash ^ (hash >> 31);
}

static struct entry *entry_new(struct span key, struct span value)
{
    struct entry *entry = malloc(sizeof *entry + key.size + value.size);
    CHECK(entry != NULL);
    CHECK(key.size <= KV_KEY_SIZE);
    CHECK(value.size <= KV_VALUE_SIZE);
    entry->reference_count = 1;
    entry->key_size = (uint32_t)key.size;
    entry->value_size = (uint32_t)value.size;
    if (key.size > 0) {
        memcpy(entry->bytes, key.data, key.size);
    }
    if (value.size > 0) {
        memcpy(entry->bytes + key.size, value.data, value.size);
    }
    return entry;
}

static void entry_release(struct entry *entry)
{
    entry->reference_count--;
    if (entry->reference_count == 0) {
        free(entry);
    }
}

static struct kv_tree_node *node_new(struct entry *entry)
{
    struct kv_tree_node *node = malloc(sizeof *node);
    CHECK(node != NULL);
    *node = (struct kv_tree_node){
        .reference_count = 1,
        .priority = priority_of(span_of(entry->bytes, entry->key_size)),
        .entry = entry,
    };
    return node;
}

static struct kv_tree_node *node_share(struct kv_tree_node *node)
{
    if (node != NULL) {
        node->reference_count++;
    }
    return node;
}

/* NOLINTBEGIN(misc-no-recursion): a treap is some twice log2(count) deep */

static void node_release(struct kv_tree_node *node)
{
    if (node == NULL) {
        return;
    }
    node->reference_count--;
    if (node->reference_count == 0) {
        node_release(node->left);
        node_release(node->right);
        entry_release(node->entry);
        free(node);
    }
}

/* Makes the node in slot our own, by copying it when others see it too. */
static struct kv_tree_node *node_own(struct kv_tree_node **slot)
{
    struct kv_tree_node *node = *slot;
    CHECK(node != NULL);
    if (node->reference_count == 1) {
        return node;
    }
    struct kv_tree_node *copy = malloc(sizeof *copy);
    CHECK(copy != NULL);
    *copy = *node;
    copy->reference_count = 1;
    copy->entry->reference_count++;
    (void)node_share(copy->left);
    (void)node_share(copy->right);
    node->reference_count--;
    *slot = copy;
    return copy;
}

struct kv_tree kv_tree_share(const struct kv_tree *tree)
{
    (void)node_share(tree->root);
    return *tree;
}

void kv_tree_done(struct kv_tree *tree)
{
    node_release(tree->root);
    *tree = (struct kv_tree){NULL, 0, 0};
}

static void rotate_right(struct kv_tree_node **slot)
{
    struct kv_tree_node *node = *slot;
    struct kv_tree_node *left = node->left;
    node->left = left->right;
    left->right = node;
    *slot = left;
}

static void rotate_left(struct kv_tree_node **slot)
{
    struct kv_tree_node *node = *slot;
    struct kv_tree_node *right = node->right;
    node->right = right->left;
    right->left = node;
    *slot = right;
}

/* Takes the entry; answers the size of the one it replaced, or 0. */
static uint64_t put_at(struct kv_tree_node **slot, struct entry *entry)
{
    if (*slot == NULL) {
        *slot = node_new(entry);
        return 0;
    }
    struct kv_tree_node *node = node_own(slot);
    int order = span_compare(span_of(entry->bytes, entry->key_size), key_of(node));
    if (order == 0) {
        uint64_t replaced = size_of(node->entry);
        entry_release(node->entry);
        node->entry = entry;
        return replaced;
    }
    uint64_t replaced = put_at(order < 0 ? &node->left : &node->right, entry);
    if (order < 0 && node->left->priority > node->priority) {
        rotate_right(slot);
    } else if (order > 0 && node->right->priority > node->priority) {
        rotate_left(slot);
    }
    return replaced;
}

void kv_tree_put(struct kv_tree *tree, struct span key, struct span value)
{
    struct entry *entry = entry_new(key, value);
    tree->size += size_of(entry);
    uint64_t replaced = put_at(&tree->root, entry);
    tree->size -= replaced;
    tree->count += replaced == 0 ? 1 : 0;
}

/* All of left stands before all of right; takes both. */
static struct kv_tree_node *join(struct kv_tree_node *left, struct kv_tree_node *right)
{
    if (left == NULL || right == NULL) {
        return left == NULL ? right : left;
    }
    if (left->priority > right->priority) {
        struct kv_tree_node *node = node_own(&left);
        node->right = join(node->right, right);
        return node;
    }
    struct kv_tree_node *node = node_own(&right);
    node->left = join(left, node->left);
    return node;
}

void kv_tree_delete(struct kv_tree *tree, struct span key)
{
    struct span value;
    if (!kv_tree_get(tree, key, &value)) {
        return;
    }
    struct kv_tree_node **slot = &tree->root;
    struct kv_tree_node *node = node_own(slot);
    int order = span_compare(key, key_of(node));
    while (order != 0) {
        slot = order < 0 ? &node->left : &node->right;
        node = node_own(slot);
        order = span_compare(key, key_of(node));
    }
    tree->size -= size_of(node->entry);
    tree->count--;
    *slot = join(node->left, node->right);
    node->left = NULL;
    node->right = NULL;
    node_release(node);
}

bool kv_tree_get(const struct kv_tree *tree, struct span key, struct span *ret_value)
{
    const struct kv_tree_node *node = tree->root;
    while (node != NULL) {
        int order = span_compare(key, key_of(node));
        if (order == 0) {
            *ret_value = value_of(node);
            return true;
        }
        node = order < 0 ? node->left : node->right;
    }
    return false;
}

static bool visit_at(const struct kv_tree_node *node, struct span from, kv_visit visit,
                     void *context)
{
    if (node == NULL) {
        return true;
    }
    if (span_compare(key_of(node), from) < 0) {
        return visit_at(node->right, from, visit, context);
    }
    return visit_at(node->left, from, visit, context) &&
           visit(context, key_of(node), value_of(node)) &&
           visit_at(node->right, from, visit, context);
}

bool kv_tree_visit(const struct kv_tree *tree, struct span from, kv_visit visit, void *context)
{
    return visit_at(tree->root, from, visit, context);
}

bool kv_tree_last(const struct kv_tree *tree, struct span prefix, struct span *ret_key,
                  struct span *ret_value)
{
    const struct kv_tree_node *node = tree->root;
    const struct kv_tree_node *last = NULL;
    while (node != NULL) {
        struct span start = key_of(node);
        start.size = start.size < prefix.size ? start.size : prefix.size;
        int order = span_compare(start, prefix);
        if (order == 0) {
            last = node;
        }
        node = order > 0 ? node->left : node->right;
    }
    if (last == NULL) {
        return false;
    }
    *ret_key = key_of(last);
    *ret_value = value_of(last);
    return true;
}

/* NOLINTEND(misc-no-recursion) */
