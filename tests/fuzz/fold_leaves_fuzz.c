/* A packed group of leaves, made of any bytes: how many leaves, how many bytes are not packed,
 * those bytes, and what was packed. */
#include "base/check.h"
#include "fold/leaf_pack.h"
#include "fuzz.h"
#include "wire/wire.h"

#include <string.h>

enum { ROW_SIZE = 1 << 18 };

/* What was read is packed and read again. */
static void pack_again(const struct leaf_run *run, size_t count)
{
    struct leaf_run again;
    struct buf row;
    buf_init(&row, (size_t)ROW_SIZE * 2);
    leaf_run_init(&again, ROW_SIZE);
    CHECK(leaf_pack(run, (const size_t[]){0, count}, &row) == ERR_NONE);
    CHECK(leaf_unpack(buf_span(&row), count, &again) == ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        CHECK(span_equal(leaf_run_view(&again, i), leaf_run_view(run, i)));
    }
    leaf_run_done(&again);
    buf_done(&row);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct leaf_run run;
    struct reader reader;
    struct buf row;
    uint8_t id[LIMIT_HASH_SIZE];
    reader_init(&reader, span_of(data, size));
    size_t count = reader_u16(&reader);
    struct span raw = reader_bytes(&reader, reader_u16(&reader));
    if (reader.failed || count == 0 || reader.left == 0 || size > ROW_SIZE / 2) {
        return -1;
    }
    buf_init(&row, (size_t)ROW_SIZE * 2);
    buf_put_u32(&row, (uint32_t)reader.left);
    buf_put_u32(&row, (uint32_t)raw.size);
    buf_put_span(&row, raw);
    CHECK(wire_bytes_pack(span_of(reader.data, reader.left), &row) == ERR_NONE);
    leaf_run_init(&run, ROW_SIZE);
    enum err err = leaf_unpack(buf_span(&row), count, &run);
    CHECK(err == ERR_NONE || err == ERR_STORE);
    if (err == ERR_NONE) {
        CHECK(run.count == count);
        for (size_t i = 0; i < count; i++) {
            uint8_t *kept = run.ids.data + i * LIMIT_HASH_SIZE;
            if (leaf_id(leaf_run_view(&run, i), id)) {
                memcpy(kept, id, sizeof id);
            }
        }
        pack_again(&run, count);
    }
    leaf_run_done(&run);
    buf_done(&row);
    return 0;
}
