#ifndef JIELI_TESTS_SIM_KV_MEMORY_PRIVATE_H
#define JIELI_TESTS_SIM_KV_MEMORY_PRIVATE_H

#include "kv_memory.h"
#include "kv_tree.h"

/* Shared by the kv_memory files only. */
struct kv_image {
    struct kv_tree tables[KV_TABLE_COUNT];
    bool has_store;
};

struct kv_disk {
    struct kv_disk *next;
    char *name;
    struct kv_image now;
    bool is_open;
    enum kv_memory_fault fault;
    /* What stood before each of the last commits, oldest first, while flushes lie. */
    struct kv_image *owed;
    size_t owed_count;
    size_t lost_count; /* owed has room for so many; 0: flushes hold */
};

/* What struct kv_txn.handle points at; a writer changes its own trees until the commit. */
struct transaction {
    struct transaction *next;
    struct kv_image view;
    uint64_t size_before;
    uint32_t scanning; /* a bit a table whose scan is running */
    bool grew;
};

struct kv {
    struct kv_disk *disk;
    struct transaction *open;
    uint64_t map_size;
    bool read_only;
    bool writing;
    bool dead;
};

_Static_assert(KV_TABLE_COUNT <= 32, "transaction.scanning has one bit a table");

/* The disk of that name in this thread, or NULL. */
struct kv_disk *kv_memory_find(const char *name);
/* The same tables again, sharing everything. */
struct kv_image kv_memory_image_share(const struct kv_image *image);
uint64_t kv_memory_image_size(const struct kv_image *image);

#endif
