#include "tests/bench/events.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t walk(const struct events *events, struct wire_envelope *ret)
{
    struct reader reader;
    size_t count = 0;
    reader_init(&reader, span_of(events->map, events->map_size));
    while (reader.left > 0) {
        uint32_t size = reader_u32(&reader);
        struct span body = reader_bytes(&reader, size);
        uint8_t signature[LIMIT_SIGNATURE_SIZE];
        reader_copy(&reader, signature, sizeof signature);
        if (reader.failed) {
            break;
        }
        if (ret != NULL) {
            ret[count].body = body;
            ret[count].suite = SEAL_SUITE_ED25519;
            memcpy(ret[count].signature, signature, sizeof signature);
        }
        count++;
    }
    return count;
}

enum err events_open(const char *path, struct events *ret)
{
    struct stat status;
    enum err err = ERR_IO;
    memset(ret, 0, sizeof *ret);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &status) == 0 && status.st_size > 0) {
        void *map =
            mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, file, 0);
        if (map != MAP_FAILED) {
            ret->map = map;
            ret->map_size = (size_t)status.st_size;
            ret->count = walk(ret, NULL);
            ret->envelope = calloc(ret->count + 1, sizeof *ret->envelope);
            err = ret->envelope == NULL ? ERR_MEMORY : ERR_NONE;
        }
    }
    if (file >= 0) {
        (void)close(file);
    }
    if (err == ERR_NONE) {
        (void)walk(ret, ret->envelope);
    } else {
        events_close(ret);
    }
    return err;
}

void events_close(struct events *events)
{
    if (events->map != NULL) {
        (void)munmap(events->map, events->map_size);
    }
    free(events->envelope);
    memset(events, 0, sizeof *events);
}

enum err events_frame(const struct events *events, const struct events_chain *chain, size_t first,
                      size_t count, struct buf *ret)
{
    struct sync_head_body head = {.incarnation = chain->incarnation, .seq = first + count};
    uint8_t signature[LIMIT_SIGNATURE_SIZE] = {0};
    struct buf body;
    struct buf packed;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&body, LIMIT_BODY_SIZE);
    buf_init(&packed, LIMIT_FRAME_SIZE);
    memcpy(head.hub, chain->hub, LIMIT_ID_SIZE);
    memcpy(head.device, chain->device, LIMIT_KEY_SIZE);
    seal_body_id(SEAL_EVENT, events->envelope[first + count - 1].body, head.id);
    wire_head_encode(&head, &body);
    if (chain->signer != NULL) {
        signer_sign(chain->signer, SEAL_HEAD, buf_span(&body), signature);
    }
    frame->kind = SYNC_PUSH;
    frame->push.head =
        (struct sync_head){true, buf_span(&body), span_of(signature, sizeof signature)};
    frame->push.incarnation = chain->incarnation;
    frame->push.first_seq = first + 1;
    frame->push.count = (uint32_t)count;
    enum err err =
        wire_envelopes_pack(&events->envelope[first], count, &packed, &frame->push.raw_size);
    frame->push.packed = buf_span(&packed);
    if (err == ERR_NONE) {
        err = wire_frame_encode(frame, ret);
    }
    buf_done(&body);
    buf_done(&packed);
    free(frame);
    return err;
}
