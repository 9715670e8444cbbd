/* A sealed blob from a peer, and the content of one that was opened. */
#include "sealed.pb-c.h"
#include "wire/json.h"
#include "wire_fuzz.h"

static struct wire_sealed_blob blob;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = span_of(data, size);
    struct buf again;
    buf_init(&again, 1048576);
    fuzz_compare(&jieli__v1__sealed_blob__descriptor, bytes);
    fuzz_compare(&jieli__v1__identity__descriptor, bytes);
    if (wire_sealed_decode(bytes, fuzz_arena(), &blob) == ERR_NONE) {
        CHECK(wire_sealed_encode(&blob, &again) == ERR_NONE);
        CHECK(span_equal(buf_span(&again), bytes));
    }
    for (uint32_t label = 0; label < 5; label++) {
        buf_clear(&again);
        if (wire_sealed_to_json(label, bytes, &again) == ERR_NONE) {
            CHECK(text_is_utf8(buf_span(&again)));
        }
    }
    buf_done(&again);
    return 0;
}
