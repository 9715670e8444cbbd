#ifndef JIELI_TESTS_SIM_KV_MEMORY_H
#define JIELI_TESTS_SIM_KV_MEMORY_H

#include "store/kv.h"

/* The functions of store/kv.h over simulated disks: many machines in one process, each able to
 * lose its power at any instant. Link jieli_kv_memory instead of jieli_store's LMDB. Readers see
 * their snapshot while a writer works, as with LMDB. Everything belongs to the thread that made
 * it: disks made in one thread are not seen by others. Running out of real memory is a CHECK. */
struct kv_disk;

/* An empty disk; kv_open finds it by name, its "directory", and what is kept there outlives every
 * kv_close. Names are unique among a thread's disks (CHECK). kv_open of any other name answers
 * ERR_NOT_FOUND; kv_copy needs a disk on which no store was made. Free it only closed (CHECK). */
struct kv_disk *kv_memory_disk_new(const char *name);
void kv_memory_disk_free(struct kv_disk *disk);

/* The power goes: open transactions and what a lying flush still owes are lost. Until kv_close,
 * which then also frees open transactions, everything answers ERR_STORE. */
void kv_memory_crash(struct kv *kv);
/* Only the process dies: open transactions are lost, every commit is kept. Else as above. */
void kv_memory_kill(struct kv *kv);
/* The power goes on a machine where no program has the disk open (CHECK). */
void kv_memory_disk_crash(struct kv_disk *disk);

enum kv_memory_fault {
    KV_MEMORY_SOUND,
    KV_MEMORY_CRASH_BEFORE, /* the next commit: kv_memory_crash before it is durable, ERR_STORE */
    KV_MEMORY_CRASH_AFTER,  /* the next commit: durable, then kv_memory_crash, ERR_STORE */
    KV_MEMORY_FULL,         /* every commit, until set otherwise: ERR_FULL, nothing kept */
};

/* For commits of write transactions. It belongs to the disk and stays over kv_close. */
void kv_memory_set_commit_fault(struct kv *kv, enum kv_memory_fault fault);
bool kv_memory_is_faulty(const struct kv *kv);
/* From now on a power cut loses the last lost_count commits, or as many as there were since, though
 * they answered ERR_NONE. 0: flushes hold again, those owed included. */
void kv_memory_set_lying_flush(struct kv_disk *disk, size_t lost_count);

/* What the disk holds now, as a backup or a cloned machine has it; costs next to nothing. */
struct kv_image;
struct kv_image *kv_memory_snapshot(const struct kv_disk *disk);
/* The disk holds the image again, durably; the image can be used once more. Only closed (CHECK). */
void kv_memory_restore(struct kv_disk *disk, const struct kv_image *image);
void kv_memory_image_free(struct kv_image *image);

#endif
