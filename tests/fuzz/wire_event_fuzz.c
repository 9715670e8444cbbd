/* An EventBody from anywhere: refused, or one content with one encoding, also by way of JSON. */
#include "event.pb-c.h"
#include "wire/json.h"
#include "wire_fuzz.h"

static struct wire_event event;
static struct wire_event peeked;
static struct values back;

static void try_json(void)
{
    struct buf text;
    struct buf again;
    struct wire_problem problem;
    uint32_t payload = 0;
    buf_init(&text, 65536);
    buf_init(&again, 65536);
    CHECK(wire_payload_to_json(event.payload, &event.facts, &text) == ERR_NONE);
    CHECK(wire_payload_from_json(buf_span(&text), &payload, &back, &problem) == ERR_NONE);
    CHECK(payload == event.payload);
    CHECK(wire_payload_to_json(payload, &back, &again) == ERR_NONE);
    CHECK(span_equal(buf_span(&text), buf_span(&again)));
    buf_clear(&text);
    CHECK(wire_event_to_json(&event, &text) == ERR_NONE);
    buf_done(&text);
    buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span body = span_of(data, size);
    struct buf again;
    bool found = wire_event_peek(body, &peeked);
    fuzz_compare(&jieli__v1__event_body__descriptor, body);
    if (wire_event_decode(body, fuzz_arena(), &event) != ERR_NONE) {
        return 0;
    }
    CHECK(found);
    CHECK(peeked.incarnation == event.incarnation && peeked.seq == event.seq);
    CHECK(memcmp(peeked.device, event.device, sizeof event.device) == 0);
    CHECK(peeked.has_prev == event.has_prev);
    CHECK(memcmp(peeked.prev, event.prev, sizeof event.prev) == 0);
    buf_init(&again, LIMIT_BODY_SIZE);
    CHECK(wire_event_encode(&event, &again) == ERR_NONE);
    CHECK(span_equal(buf_span(&again), body));
    buf_done(&again);
    try_json();
    return 0;
}
