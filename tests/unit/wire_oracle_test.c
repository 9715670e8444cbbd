/* The reader of events against a slower one that knows nothing of it: protobuf-c's structs, filled
 * by the descriptors and packed again to see that there is no other encoding. Events of every kind
 * of payload, whole and broken: on all levels, with the lengths around the break put right. They
 * must take the same bytes and read the same from them.
 *
 * Usage: wire_oracle_test [COUNT] */
#include "wire/event.h"
#include "wire_raw.h"

enum { MUTANTS = 8000, FIELD_MOST = 512, BREAKS_MOST = 3 };

static size_t mutants = MUTANTS;

struct field_bytes {
    struct span whole;
    struct span value; /* of a prefixed field, else empty */
};

static bool varint(struct span *left, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; shift < 64 && left->size > 0; shift += 7) {
        uint8_t byte = *left->data;
        *left = span_of(left->data + 1, left->size - 1);
        *ret |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* The fields that bytes is made of; 0 when it is not made of fields. */
static size_t split(struct span bytes, struct field_bytes *ret)
{
    static const size_t sizes[8] = {[1] = 8, [5] = 4};
    size_t count = 0;
    while (bytes.size > 0 && count < FIELD_MOST) {
        const uint8_t *start = bytes.data;
        uint64_t tag = 0;
        uint64_t size = 0;
        if (!varint(&bytes, &tag)) {
            return 0;
        }
        bool prefixed = (tag & 7) == 2;
        bool known = prefixed || (tag & 7) == 0 || sizes[tag & 7] != 0;
        if (!known || ((prefixed || (tag & 7) == 0) && !varint(&bytes, &size))) {
            return 0;
        }
        size = prefixed ? size : sizes[tag & 7];
        if (size > bytes.size) {
            return 0;
        }
        ret[count].value = prefixed ? span_of(bytes.data, (size_t)size) : span_of(NULL, 0);
        bytes = span_of(bytes.data + size, bytes.size - (size_t)size);
        ret[count++].whole = span_of(start, (size_t)(bytes.data - start));
    }
    return count;
}

/* One byte is changed, taken out, put in or said in two. */
static void break_byte(struct make *make, struct span bytes, struct buf *ret)
{
    static const uint8_t telling[] = {0, 1, 2, 0x1f, 0x20, 0x7e, 0x7f, 0x80, 0xff};
    size_t at = bytes.size == 0 ? 0 : make_below(make, bytes.size);
    uint8_t byte = bytes.size == 0 ? 0 : bytes.data[at];
    buf_put(ret, bytes.data, at);
    switch (make_below(make, 6)) {
    case 0:
        buf_put_u8(ret, byte ^ (uint8_t)(1u << make_below(make, 8)));
        break;
    case 1:
        buf_put_u8(ret, telling[make_below(make, sizeof telling)]);
        break;
    case 2:
        buf_put_u8(ret, byte | 0x80);
        buf_put_u8(ret, 0);
        break;
    case 3:
        buf_put_u8(ret, byte);
        buf_put_u8(ret, telling[make_below(make, sizeof telling)]);
        break;
    case 4:
        buf_put_u8(ret, (uint8_t)(byte + 8)); /* of a tag: the next field */
        break;
    case 5:
        break;
    }
    if (bytes.size > 0) {
        buf_put(ret, bytes.data + at + 1, bytes.size - at - 1);
    }
}

static void put_prefixed(const struct field_bytes *field, struct span value, struct buf *ret)
{
    struct span tag = field->whole;
    uint64_t number = 0;
    (void)varint(&tag, &number);
    buf_put_varint(ret, number);
    buf_put_varint(ret, value.size);
    buf_put_span(ret, value);
}

static void mutate(struct make *make, struct span bytes, unsigned depth, struct buf *ret);

/* NOLINTBEGIN(misc-no-recursion): as deep as events are. */
static void break_field(struct make *make, const struct field_bytes *field, unsigned depth,
                        struct buf *ret)
{
    struct buf inner;
    buf_init(&inner, 16384);
    if (field->value.data == NULL) {
        break_byte(make, field->whole, ret);
    } else if (make_below(make, 8) == 0) {
        put_prefixed(field, span_of(NULL, 0), ret);
    } else {
        mutate(make, field->value, depth + 1, &inner);
        put_prefixed(field, buf_span(&inner), ret);
    }
    buf_done(&inner);
}

/* Fields left out, doubled, changed with the next one or broken inside. */
static void mutate(struct make *make, struct span bytes, unsigned depth, struct buf *ret)
{
    struct field_bytes *fields = malloc(FIELD_MOST * sizeof *fields);
    assert_non_null(fields);
    size_t count = depth > 3 ? 0 : split(bytes, fields);
    if (count == 0 || make_below(make, 8) == 0) {
        break_byte(make, bytes, ret);
        free(fields);
        return;
    }
    /* Rather one of the last: there are the lists and the payload. */
    size_t at = make_below(make, count);
    at = make_below(make, 2) == 0 ? count - 1 - at / 2 : at;
    unsigned how = (unsigned)make_below(make, 10);
    size_t times = how == 1 ? 2 : how == 2 ? 1 + make_below(make, LIMIT_LIST_COUNT + 2) : 1;
    for (size_t i = 0; i < count; i++) {
        if (i != at) {
            buf_put_span(ret, fields[i].whole);
        } else if (how == 0) {
            continue;
        } else if (how <= 2) {
            for (size_t again = 0; again < times; again++) {
                buf_put_span(ret, fields[i].whole);
            }
        } else if (how == 3 && i + 1 < count) {
            buf_put_span(ret, fields[i + 1].whole);
            buf_put_span(ret, fields[i].whole);
            i++;
        } else {
            break_field(make, &fields[i], depth, ret);
        }
    }
    free(fields);
}

/* NOLINTEND(misc-no-recursion) */

/* When it takes the body: its payload, and the epoch that the first log need not name. */
static bool oracle(struct raw *raw, struct span body, struct values *ret_facts, uint64_t *ret_epoch)
{
    ProtobufCMessage *message = NULL;
    const ProtobufCMessage *payload = NULL;
    wire_arena_reset(&raw->arena);
    if (body.size > LIMIT_BODY_SIZE ||
        wire_read(&jieli__v1__event_body__descriptor, body, LIMIT_LIST_COUNT, &raw->arena,
                  &message) != ERR_NONE) {
        return false;
    }
    buf_clear(&raw->again);
    wire_write(message, &raw->again);
    assert_true(span_equal(buf_span(&raw->again), body));
    const Jieli__V1__EventBody *read = (const Jieli__V1__EventBody *)message;
    if (wire_body_check(read) != ERR_NONE) {
        return false;
    }
    const Jieli__V1__Applied *applied = read->applied;
    *ret_epoch = applied == NULL ? 0 : applied->epoch == 0 ? 1 : applied->epoch;
    uint32_t number = (uint32_t)read->payload_case;
    payload = wire_pointer(wire_member(message, wire_payload_field(number)));
    wire_facts_read(number, payload, ret_facts);
    return true;
}

static bool compare(struct raw *raw, struct span body)
{
    static struct values facts;
    uint64_t epoch = 0;
    bool expected = oracle(raw, body, &facts, &epoch);
    enum err err = raw_decode(raw, body); /* what it takes is encoded again, by protobuf-c */
    if (expected != (err == ERR_NONE)) {
        struct buf hex;
        buf_init(&hex, 8192);
        text_put_hex(&hex, body);
        fail_msg("%s: %s", buf_text(&hex), err_name(err));
    }
    if (!expected) {
        return false;
    }
    const struct values *read = &raw->event.facts;
    assert_true(raw->event.applied_epoch == epoch);
    assert_int_equal(read->count, facts.count);
    assert_int_equal(read->storage_used, facts.storage_used);
    for (size_t i = 0; i < facts.count; i++) {
        assert_int_equal(read->value[i].field, facts.value[i].field);
        assert_int_equal(read->value[i].place, facts.value[i].place);
        assert_int_equal(read->value[i].type, facts.value[i].type);
        assert_true(read->value[i].number == facts.value[i].number);
        assert_true(span_equal(read->value[i].bytes, facts.value[i].bytes));
    }
    return true;
}

static void test_same_as_oracle(void **state)
{
    struct raw *raw = *state;
    struct buf mutant;
    struct buf before;
    size_t taken = 0;
    size_t whole = 0;
    buf_init(&mutant, 65536);
    buf_init(&before, 65536);
    for (uint64_t seed = 0; seed < mutants; seed++) {
        struct make make = {seed};
        buf_clear(&mutant);
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are payloads */
        make_event(&make, make_payload(seed % make_payload_count()), &raw->event);
        if (seed % 3 == 0) {
            make_facts(&make, raw->event.payload, 8, &raw->event.facts);
        }
        enum err err = wire_event_encode(&raw->event, &mutant);
        if (err != ERR_NONE) {
            assert_int_equal(err, ERR_LIMIT); /* all that may be said is too long for one body */
            continue;
        }
        whole++;
        assert_true(compare(raw, buf_span(&mutant)));
        for (uint64_t breaks = 1 + make_below(&make, BREAKS_MOST); breaks > 0; breaks--) {
            buf_clear(&before);
            buf_put_span(&before, buf_span(&mutant));
            buf_clear(&mutant);
            mutate(&make, buf_span(&before), 0, &mutant);
            assert_int_equal(mutant.err, ERR_NONE);
            taken += compare(raw, buf_span(&mutant)) ? 1 : 0;
        }
    }
    /* Neither all nor none of what was broken is still an event. */
    assert_true(whole > mutants / 2 && taken > whole / 20 && taken < whole);
    buf_done(&mutant);
    buf_done(&before);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_as_oracle, raw_setup, raw_teardown),
    };
    mutants = argc > 1 ? strtoul(argv[1], NULL, 10) : MUTANTS;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
