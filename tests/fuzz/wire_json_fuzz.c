/* JSON from a page or a command: refused with a message, or the same when it is written again. */
#include "wire/json.h"
#include "wire_fuzz.h"

static struct values facts;

static void refused(const struct wire_problem *problem)
{
    CHECK(problem->message[0] != 0);
    CHECK(text_is_utf8(span_text(problem->message)));
    CHECK(text_is_utf8(span_text(problem->field)));
}

static void try_payload(struct span json, struct buf *first, struct buf *second)
{
    struct wire_problem problem = {"", ""};
    uint32_t payload = 0;
    if (wire_payload_from_json(json, &payload, &facts, &problem) != ERR_NONE) {
        refused(&problem);
        return;
    }
    CHECK(wire_payload_to_json(payload, &facts, first) == ERR_NONE);
    CHECK(wire_payload_from_json(buf_span(first), &payload, &facts, &problem) == ERR_NONE);
    CHECK(wire_payload_to_json(payload, &facts, second) == ERR_NONE);
    CHECK(span_equal(buf_span(first), buf_span(second)));
}

static void try_sealed(uint32_t label, struct span json, struct buf *first, struct buf *second)
{
    struct wire_problem problem = {"", ""};
    struct buf bytes;
    buf_clear(first);
    buf_clear(second);
    buf_init(&bytes, LIMIT_SEALED_SIZE);
    if (wire_sealed_from_json(label, json, &bytes, &problem) != ERR_NONE) {
        refused(&problem);
    } else {
        CHECK(wire_sealed_to_json(label, buf_span(&bytes), first) == ERR_NONE);
        buf_clear(&bytes);
        /* Six times longer when every character is an escape: that may be too much to read. */
        if (wire_sealed_from_json(label, buf_span(first), &bytes, &problem) == ERR_NONE) {
            CHECK(wire_sealed_to_json(label, buf_span(&bytes), second) == ERR_NONE);
            CHECK(span_equal(buf_span(first), buf_span(second)));
        }
    }
    buf_done(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span json = span_of(data, size);
    struct buf first;
    struct buf second;
    buf_init(&first, 1048576);
    buf_init(&second, 1048576);
    try_payload(json, &first, &second);
    try_sealed(1, json, &first, &second);
    try_sealed(2, json, &first, &second);
    buf_done(&first);
    buf_done(&second);
    return 0;
}
