#include "tlog/proof.h"

#include "base/check.h"
#include "tlog/tile.h"

#include <string.h>

static uint64_t width_of(unsigned height)
{
    return (uint64_t)1 << height;
}

/* Height of the largest full subtree that can start, or end, at position; position > 0. */
static unsigned height_at(uint64_t position)
{
    unsigned height = 0;
    while ((position >> height & 1) == 0) {
        height++;
    }
    return height;
}

static bool hash_equal(const struct tlog_hash *a, const struct tlog_hash *b)
{
    return memcmp(a->bytes, b->bytes, LIMIT_HASH_SIZE) == 0;
}

/* A proof being made. */
struct prover {
    struct tile_reader reader;
    uint64_t size;
    struct tlog_proof proof;
};

static void prover_init(struct prover *prover, const struct tlog_tiles *tiles, uint64_t size)
{
    tile_reader_init(&prover->reader, tiles);
    prover->size = size;
    prover->proof.count = 0;
}

/* Adds the root of the node at height that starts at start, cut off where the tree ends. */
static enum err prover_add(struct prover *prover, uint64_t start, unsigned height)
{
    uint64_t left = prover->size - start;
    uint64_t count = left < width_of(height) ? left : width_of(height);
    struct tlog_proof *proof = &prover->proof;
    CHECK(proof->count < LIMIT_PROOF_COUNT);
    enum err err = tile_subtree(&prover->reader, start, count, &proof->hash[proof->count]);
    if (err == ERR_NONE) {
        proof->count++;
    }
    return err;
}

/* Adds the siblings on the way from a node at height up to the root. */
static enum err prover_climb(struct prover *prover, uint64_t node, unsigned height)
{
    uint64_t last = (prover->size - 1) >> height;
    for (; last > 0; last >>= 1, node >>= 1, height++) {
        uint64_t sibling = node ^ 1;
        if (sibling > last) {
            continue; /* the ragged edge: the node is its own parent */
        }
        enum err err = prover_add(prover, sibling << height, height);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ERR_NONE;
}

enum err tlog_prove_inclusion(const struct tlog_tiles *tiles, uint64_t index, uint64_t size,
                              struct tlog_proof *ret)
{
    struct prover prover;
    if (index >= size) {
        return ERR_NOT_FOUND;
    }
    prover_init(&prover, tiles, size);
    enum err err = prover_climb(&prover, index, 0);
    if (err == ERR_NONE) {
        *ret = prover.proof;
    }
    return err;
}

enum err tlog_check_inclusion(const struct tlog_hash *leaf, uint64_t index, uint64_t size,
                              const struct tlog_proof *proof, const struct tlog_hash *root)
{
    if (index >= size || proof->count > LIMIT_PROOF_COUNT) {
        return ERR_AUTH;
    }
    struct tlog_hash hash = *leaf;
    uint64_t node = index;
    uint64_t last = size - 1;
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0) {
            return ERR_AUTH;
        }
        while ((node & 1) == 0 && node == last) {
            node >>= 1; /* the ragged edge has no sibling here */
            last >>= 1;
        }
        if ((node & 1) != 0) {
            tlog_node_hash(&proof->hash[i], &hash, &hash);
        } else {
            tlog_node_hash(&hash, &proof->hash[i], &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash_equal(&hash, root) ? ERR_NONE : ERR_AUTH;
}

enum err tlog_prove_consistency(const struct tlog_tiles *tiles, uint64_t old_size, uint64_t size,
                                struct tlog_proof *ret)
{
    struct prover prover;
    if (old_size > size) {
        return ERR_NOT_FOUND;
    }
    prover_init(&prover, tiles, size);
    if (old_size > 0 && old_size < size) {
        /* The old tree's last full subtree; when it is the whole old tree the verifier has it. */
        unsigned height = height_at(old_size);
        uint64_t node = (old_size >> height) - 1;
        enum err err = node > 0 ? prover_add(&prover, node << height, height) : ERR_NONE;
        if (err == ERR_NONE) {
            err = prover_climb(&prover, node, height);
        }
        if (err != ERR_NONE) {
            return err;
        }
    }
    *ret = prover.proof;
    return ERR_NONE;
}

/* The part of the consistency check behind the easy cases: 0 < old_size < size. */
static enum err check_growth(uint64_t old_size, const struct tlog_hash *old_root, uint64_t size,
                             const struct tlog_hash *root, const struct tlog_proof *proof)
{
    unsigned height = height_at(old_size);
    uint64_t node = (old_size - 1) >> height;
    uint64_t last = (size - 1) >> height;
    size_t used = 0;
    struct tlog_hash old_hash = *old_root;
    if (node > 0) {
        if (proof->count == 0) {
            return ERR_AUTH;
        }
        old_hash = proof->hash[used++];
    }
    struct tlog_hash hash = old_hash;
    for (; used < proof->count; used++) {
        if (last == 0) {
            return ERR_AUTH;
        }
        while ((node & 1) == 0 && node == last) {
            node >>= 1;
            last >>= 1;
        }
        if ((node & 1) != 0) {
            tlog_node_hash(&proof->hash[used], &old_hash, &old_hash);
            tlog_node_hash(&proof->hash[used], &hash, &hash);
        } else {
            tlog_node_hash(&hash, &proof->hash[used], &hash);
        }
        node >>= 1;
        last >>= 1;
    }
    bool holds = last == 0 && hash_equal(&old_hash, old_root) && hash_equal(&hash, root);
    return holds ? ERR_NONE : ERR_AUTH;
}

enum err tlog_check_consistency(uint64_t old_size, const struct tlog_hash *old_root, uint64_t size,
                                const struct tlog_hash *root, const struct tlog_proof *proof)
{
    if (old_size > size || proof->count > LIMIT_PROOF_COUNT) {
        return ERR_AUTH;
    }
    if (old_size == size) {
        return proof->count == 0 && hash_equal(old_root, root) ? ERR_NONE : ERR_AUTH;
    }
    if (old_size == 0) {
        struct tlog_peaks nothing;
        struct tlog_hash empty;
        tlog_peaks_init(&nothing);
        tlog_peaks_root(&nothing, &empty);
        return proof->count == 0 && hash_equal(old_root, &empty) ? ERR_NONE : ERR_AUTH;
    }
    return check_growth(old_size, old_root, size, root, proof);
}

enum err tlog_prove_range(const struct tlog_tiles *tiles, uint64_t first, uint64_t count,
                          uint64_t size, struct tlog_proof *ret)
{
    struct prover prover;
    enum err err = ERR_NONE;
    if (count == 0 || first > size || count > size - first) {
        return ERR_NOT_FOUND;
    }
    prover_init(&prover, tiles, size);
    uint64_t at = 0;
    for (unsigned height = 64; height-- > 0 && err == ERR_NONE;) {
        if ((first >> height & 1) != 0) {
            err = prover_add(&prover, at, height);
            at += width_of(height);
        }
    }
    at = first + count;
    while (at < size && err == ERR_NONE) {
        unsigned height = height_at(at);
        err = prover_add(&prover, at, height);
        if (size - at <= width_of(height)) {
            break;
        }
        at += width_of(height);
    }
    if (err == ERR_NONE) {
        *ret = prover.proof;
    }
    return err;
}

/* Adds a full subtree, whose height fits the place where peaks end. */
static void peaks_push_subtree(struct tlog_peaks *peaks, unsigned height,
                               const struct tlog_hash *root)
{
    struct tlog_hash hash = *root;
    for (uint64_t rest = peaks->size >> height; (rest & 1) != 0; rest >>= 1) {
        tlog_node_hash(&peaks->peak[--peaks->count], &hash, &hash);
    }
    peaks->peak[peaks->count++] = hash;
    peaks->size += width_of(height);
}

/* Takes the subtrees right of the range into peaks; false when the proof's length is wrong. */
static bool range_finish(struct tlog_peaks *peaks, uint64_t size, const struct tlog_proof *proof,
                         size_t used)
{
    while (peaks->size < size) {
        unsigned height = height_at(peaks->size);
        if (used == proof->count) {
            return false;
        }
        const struct tlog_hash *hash = &proof->hash[used++];
        if (size - peaks->size < width_of(height)) {
            /* The ragged edge is folded like a last peak. */
            peaks->peak[peaks->count++] = *hash;
            break;
        }
        peaks_push_subtree(peaks, height, hash);
    }
    return used == proof->count;
}

enum err tlog_check_range(const struct tlog_hash *leaves, uint64_t first, uint64_t count,
                          uint64_t size, const struct tlog_proof *proof,
                          const struct tlog_hash *root)
{
    if (count == 0 || first > size || count > size - first || proof->count > LIMIT_PROOF_COUNT) {
        return ERR_AUTH;
    }
    struct tlog_peaks peaks;
    size_t used = 0;
    tlog_peaks_init(&peaks);
    for (unsigned height = 64; height-- > 0;) {
        if ((first >> height & 1) == 0) {
            continue;
        }
        if (used == proof->count) {
            return ERR_AUTH;
        }
        peaks.peak[peaks.count++] = proof->hash[used++];
    }
    peaks.size = first;
    for (uint64_t i = 0; i < count; i++) {
        tlog_peaks_push(&peaks, &leaves[i]);
    }
    if (!range_finish(&peaks, size, proof, used)) {
        return ERR_AUTH;
    }
    struct tlog_hash hash;
    tlog_peaks_root(&peaks, &hash);
    return hash_equal(&hash, root) ? ERR_NONE : ERR_AUTH;
}
