#include "base/check.h"
#include "kv_memory_private.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local struct kv_disk *disks;

static const uint64_t DEFAULT_MAP_SIZE = 16ULL << 30;
static const uint64_t LEAST_MAP_SIZE = 1ULL << 20;

struct kv_image kv_memory_image_share(const struct kv_image *image)
{
    struct kv_image copy = {.has_store = image->has_store};
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        copy.tables[i] = kv_tree_share(&image->tables[i]);
    }
    return copy;
}

static void image_done(struct kv_image *image)
{
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        kv_tree_done(&image->tables[i]);
    }
}

uint64_t kv_memory_image_size(const struct kv_image *image)
{
    uint64_t size = 0;
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        size += image->tables[i].size;
    }
    return size;
}

struct kv_disk *kv_memory_find(const char *name)
{
    struct kv_disk *disk = disks;
    while (disk != NULL && strcmp(disk->name, name) != 0) {
        disk = disk->next;
    }
    return disk;
}

static void forget_owed(struct kv_disk *disk)
{
    for (size_t i = 0; i < disk->owed_count; i++) {
        image_done(&disk->owed[i]);
    }
    disk->owed_count = 0;
}

struct kv_disk *kv_memory_disk_new(const char *name)
{
    CHECK(name != NULL);
    CHECK(kv_memory_find(name) == NULL);
    struct kv_disk *disk = calloc(1, sizeof *disk);
    CHECK(disk != NULL);
    disk->name = strdup(name);
    CHECK(disk->name != NULL);
    disk->next = disks;
    disks = disk;
    return disk;
}

void kv_memory_disk_free(struct kv_disk *disk)
{
    if (disk == NULL) {
        return;
    }
    CHECK(!disk->is_open);
    struct kv_disk **slot = &disks;
    while (*slot != disk) {
        CHECK(*slot != NULL);
        slot = &(*slot)->next;
    }
    *slot = disk->next;
    forget_owed(disk);
    free(disk->owed);
    image_done(&disk->now);
    free(disk->name);
    free(disk);
}

static void lose_power(struct kv_disk *disk)
{
    if (disk->owed_count > 0) {
        image_done(&disk->now);
        disk->now = kv_memory_image_share(&disk->owed[0]);
        forget_owed(disk);
    }
}

void kv_memory_crash(struct kv *kv)
{
    CHECK(kv != NULL);
    if (!kv->dead) {
        lose_power(kv->disk);
    }
    kv->dead = true;
}

void kv_memory_kill(struct kv *kv)
{
    CHECK(kv != NULL);
    kv->dead = true;
}

void kv_memory_disk_crash(struct kv_disk *disk)
{
    CHECK(disk != NULL);
    CHECK(!disk->is_open);
    lose_power(disk);
}

void kv_memory_set_commit_fault(struct kv *kv, enum kv_memory_fault fault)
{
    CHECK(kv != NULL);
    kv->disk->fault = fault;
}

bool kv_memory_is_faulty(const struct kv *kv)
{
    return kv->disk->fault != KV_MEMORY_SOUND;
}

void kv_memory_set_lying_flush(struct kv_disk *disk, size_t lost_count)
{
    CHECK(disk != NULL);
    forget_owed(disk);
    free(disk->owed);
    disk->owed = NULL;
    disk->lost_count = lost_count;
    if (lost_count > 0) {
        disk->owed = calloc(lost_count, sizeof *disk->owed);
        CHECK(disk->owed != NULL);
    }
}

struct kv_image *kv_memory_snapshot(const struct kv_disk *disk)
{
    CHECK(disk != NULL);
    struct kv_image *image = malloc(sizeof *image);
    CHECK(image != NULL);
    *image = kv_memory_image_share(&disk->now);
    return image;
}

void kv_memory_restore(struct kv_disk *disk, const struct kv_image *image)
{
    CHECK(disk != NULL);
    CHECK(image != NULL);
    CHECK(!disk->is_open);
    forget_owed(disk);
    image_done(&disk->now);
    disk->now = kv_memory_image_share(image);
}

void kv_memory_image_free(struct kv_image *image)
{
    if (image != NULL) {
        image_done(image);
        free(image);
    }
}

enum err kv_open(const char *directory, const struct kv_options *options, struct kv **ret_kv)
{
    CHECK(directory != NULL);
    CHECK(ret_kv != NULL);
    struct kv_options chosen = options == NULL ? (struct kv_options){0} : *options;
    if (chosen.map_size == 0) {
        chosen.map_size = DEFAULT_MAP_SIZE;
    }
    if (chosen.map_size < LEAST_MAP_SIZE || chosen.map_size > UINT64_MAX / 4) {
        return ERR_LIMIT;
    }
    struct kv_disk *disk = kv_memory_find(directory);
    if (disk == NULL || (!disk->now.has_store && (chosen.must_exist || chosen.read_only))) {
        return ERR_NOT_FOUND;
    }
    if (disk->is_open) {
        return ERR_BUSY;
    }
    struct kv *kv = calloc(1, sizeof *kv);
    CHECK(kv != NULL);
    disk->is_open = true;
    disk->now.has_store = true;
    kv->disk = disk;
    kv->map_size = chosen.map_size;
    kv->read_only = chosen.read_only;
    *ret_kv = kv;
    return ERR_NONE;
}

void kv_close(struct kv *kv)
{
    if (kv == NULL) {
        return;
    }
    CHECK(kv->dead || kv->open == NULL);
    while (kv->open != NULL) {
        struct transaction *next = kv->open->next;
        image_done(&kv->open->view);
        free(kv->open);
        kv->open = next;
    }
    kv->disk->is_open = false;
    free(kv);
}

void kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn)
{
    CHECK(kv != NULL);
    CHECK(ret_txn != NULL);
    *ret_txn = (struct kv_txn){.kv = kv, .write = write};
    if (kv->dead) {
        ret_txn->err = ERR_STORE;
        return;
    }
    if (write && kv->read_only) {
        ret_txn->err = ERR_STATE;
        return;
    }
    CHECK(!write || !kv->writing);
    struct transaction *transaction = calloc(1, sizeof *transaction);
    CHECK(transaction != NULL);
    transaction->view = kv_memory_image_share(&kv->disk->now);
    transaction->size_before = write ? kv_memory_image_size(&transaction->view) : 0;
    transaction->next = kv->open;
    kv->open = transaction;
    kv->writing = kv->writing || write;
    ret_txn->handle = transaction;
}

void kv_abort(struct kv_txn *txn)
{
    CHECK(txn != NULL);
    struct transaction *transaction = txn->handle;
    if (transaction == NULL) {
        return;
    }
    struct transaction **slot = &txn->kv->open;
    while (*slot != transaction) {
        CHECK(*slot != NULL);
        slot = &(*slot)->next;
    }
    *slot = transaction->next;
    image_done(&transaction->view);
    free(transaction);
    txn->handle = NULL;
    if (txn->write) {
        txn->kv->writing = false;
    }
}

/* Moves the transaction's trees onto the disk. */
static void keep(struct kv_disk *disk, struct transaction *transaction)
{
    struct kv_image before = disk->now;
    disk->now = transaction->view;
    transaction->view = (struct kv_image){.has_store = true};
    if (disk->lost_count == 0) {
        image_done(&before);
        return;
    }
    if (disk->owed_count == disk->lost_count) {
        image_done(&disk->owed[0]);
        disk->owed_count--;
        memmove(disk->owed, disk->owed + 1, disk->owed_count * sizeof disk->owed[0]);
    }
    disk->owed[disk->owed_count] = before;
    disk->owed_count++;
}

static enum err write_commit(struct kv *kv, struct transaction *transaction)
{
    struct kv_disk *disk = kv->disk;
    enum kv_memory_fault fault = disk->fault;
    uint64_t size = kv_memory_image_size(&transaction->view);
    if (transaction->grew && size > kv->map_size / 8 * 7 && size > transaction->size_before) {
        return ERR_FULL;
    }
    switch (fault) {
    case KV_MEMORY_SOUND:
        keep(disk, transaction);
        return ERR_NONE;
    case KV_MEMORY_FULL:
        return ERR_FULL;
    case KV_MEMORY_CRASH_BEFORE:
        break;
    case KV_MEMORY_CRASH_AFTER:
        keep(disk, transaction);
        forget_owed(disk);
        break;
    }
    disk->fault = KV_MEMORY_SOUND;
    kv_memory_crash(kv);
    return ERR_STORE;
}

bool kv_has_failed(const struct kv *kv)
{
    return kv->dead;
}

enum err kv_commit(struct kv_txn *txn)
{
    CHECK(txn != NULL);
    CHECK(txn->handle != NULL || txn->err != ERR_NONE);
    if (txn->err == ERR_NONE && txn->kv->dead) {
        txn->err = ERR_STORE;
    }
    if (txn->err == ERR_NONE && txn->write) {
        txn->err = write_commit(txn->kv, txn->handle);
    }
    kv_abort(txn);
    return txn->err;
}
