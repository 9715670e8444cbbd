#include "base/text.h"
#include "tlog/checkpoint.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define ROOT "AAUKDxQZHiMoLTI3PEFGS1BVWl9kaW5zeH2Ch4yRlps="
#define TEXT "hub.dingnan.lishi.jieli/1\n1234567\n" ROOT "\n\n"
#define LINE "\u2014 w AAAAAAA=\n"

static const char ORIGIN[] = "hub.dingnan.lishi.jieli/1";
static struct signer *signer;
static struct signer *stranger;
static struct tlog_checkpoint checkpoint;
static struct buf note;

static void set_origin(struct tlog_checkpoint *ret, const char *origin)
{
    int size = snprintf(ret->origin, sizeof ret->origin, "%s", origin);
    assert_in_range(size, 0, TLOG_ORIGIN_SIZE - 1);
}

static int set_up(void **state)
{
    uint8_t seed[32] = {1};
    (void)state;
    if (seal_init() != ERR_NONE) {
        return -1;
    }
    signer = signer_new(seed);
    seed[0] = 2;
    stranger = signer_new(seed);
    set_origin(&checkpoint, ORIGIN);
    checkpoint.size = 1234567;
    for (size_t i = 0; i < LIMIT_HASH_SIZE; i++) {
        checkpoint.root.bytes[i] = (uint8_t)(i * 5);
    }
    buf_init(&note, LIMIT_NOTE_SIZE);
    return signer == NULL || stranger == NULL ||
           tlog_checkpoint_sign(&checkpoint, signer, &note) != ERR_NONE;
}

static int tear_down(void **state)
{
    (void)state;
    signer_free(signer);
    signer_free(stranger);
    buf_done(&note);
    return 0;
}

static enum err open_note(struct span bytes, struct tlog_checkpoint *ret)
{
    return tlog_checkpoint_open(bytes, ORIGIN, signer_public_view(signer), ret);
}

static enum err open_text(const char *text)
{
    struct tlog_checkpoint read = {.size = 42};
    enum err err = open_note(span_text(text), &read);
    if (err != ERR_NONE) {
        assert_int_equal(read.size, 42);
    }
    return err;
}

/* Note and verifier key were made by another implementation (Python's cryptography). */
static void test_exact_bytes(void **state)
{
    (void)state;
    assert_string_equal(buf_text(&note),
                        TEXT "\u2014 hub.dingnan.lishi.jieli/1 "
                             "f1X8PMuae3243OR1UUjcrwWFqskU7lcOXPYZVaeG5gUiDbN0Ql1zaDQiu9hQ"
                             "fcH8KNFYPcog/wgaMq1Rn96TRTLvIQI=\n");
}

static void test_round_trip(void **state)
{
    static const uint64_t sizes[] = {0, 1, 9, 10, 65536, INT64_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct tlog_checkpoint written = checkpoint;
        struct tlog_checkpoint read;
        struct buf bytes;
        written.size = sizes[i];
        buf_init(&bytes, LIMIT_NOTE_SIZE);
        assert_int_equal(tlog_checkpoint_sign(&written, signer, &bytes), ERR_NONE);
        assert_int_equal(open_note(buf_span(&bytes), &read), ERR_NONE);
        assert_string_equal(read.origin, ORIGIN);
        assert_true(read.size == sizes[i]);
        assert_memory_equal(read.root.bytes, checkpoint.root.bytes, LIMIT_HASH_SIZE);
        buf_done(&bytes);
    }
}

static void test_longest_origin(void **state)
{
    struct tlog_checkpoint written = checkpoint;
    struct tlog_checkpoint read;
    struct buf bytes;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    memset(written.origin, 'x', sizeof written.origin);
    assert_int_equal(tlog_checkpoint_sign(&written, signer, &bytes), ERR_MALFORMED);
    assert_int_equal(bytes.size, 0);
    written.origin[TLOG_ORIGIN_SIZE - 1] = 0;
    assert_int_equal(tlog_checkpoint_sign(&written, signer, &bytes), ERR_NONE);
    assert_int_equal(
        tlog_checkpoint_open(buf_span(&bytes), written.origin, signer_public_view(signer), &read),
        ERR_NONE);
    assert_string_equal(read.origin, written.origin);
    buf_done(&bytes);
}

static void test_refused_to_sign(void **state)
{
    static const char *const origins[] = {"",         "a b",           "a+b",     "a\nb",
                                          "a\tb",     "a\u3000b",      "a\u00a0", "\xc2\x85",
                                          "a\u2028b", "\xff\xfe.jieli"};
    struct tlog_checkpoint written = checkpoint;
    struct buf bytes;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        set_origin(&written, origins[i]);
        assert_int_equal(tlog_checkpoint_sign(&written, signer, &bytes), ERR_MALFORMED);
        assert_int_equal(tlog_verifier_key(origins[i], signer_public_view(signer), &bytes),
                         ERR_MALFORMED);
    }
    written = checkpoint;
    written.size = (uint64_t)INT64_MAX + 1;
    assert_int_equal(tlog_checkpoint_sign(&written, signer, &bytes), ERR_LIMIT);
    assert_int_equal(bytes.size, 0);
    buf_done(&bytes);
    buf_init(&bytes, 100);
    assert_int_equal(tlog_checkpoint_sign(&checkpoint, signer, &bytes), ERR_LIMIT);
    buf_done(&bytes);
}

/* Any changed byte of the note, and any cut, is refused. */
static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < note.size; i++) {
        struct tlog_checkpoint read;
        uint8_t right = note.data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            note.data[i] = right ^ (uint8_t)(1U << bit);
            assert_int_not_equal(open_note(buf_span(&note), &read), ERR_NONE);
        }
        note.data[i] = right;
        assert_int_equal(open_note(span_of(note.data, i), &read), ERR_MALFORMED);
    }
}

static void test_wrong_key_and_origin(void **state)
{
    struct tlog_checkpoint read;
    struct tlog_checkpoint foreign = checkpoint;
    struct buf bytes;
    (void)state;
    assert_int_equal(
        tlog_checkpoint_open(buf_span(&note), ORIGIN, signer_public_view(stranger), &read),
        ERR_AUTH);
    assert_int_equal(tlog_checkpoint_open(buf_span(&note), "hub.dingnan.lishi.jieli/2",
                                          signer_public_view(signer), &read),
                     ERR_AUTH);
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    set_origin(&foreign, "hub.dingnan.other.jieli/1");
    assert_int_equal(tlog_checkpoint_sign(&foreign, signer, &bytes), ERR_NONE);
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_AUTH);
    buf_done(&bytes);
}

/* Our name, our key id, our true signature, but the text speaks of another log. */
static void test_text_of_another_log(void **state)
{
    static const char text[] = "hub.dingnan.other.jieli/1\n7\n" ROOT "\n";
    struct tlog_checkpoint read;
    struct buf bytes;
    struct buf line;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    buf_init(&line, 68);
    struct span base64 = span_text(strrchr(buf_text(&note), ' ') + 1);
    base64.size--;
    assert_int_equal(text_get_base64(base64, &line), ERR_NONE);
    signer_sign_note(signer, span_text(text), line.data + 4);
    buf_put_format(&bytes, "%s\n\u2014 %s ", text, ORIGIN);
    text_put_base64(&bytes, buf_span(&line));
    buf_put_text(&bytes, "\n");
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_AUTH);
    buf_done(&bytes);
    buf_done(&line);
}

static void test_other_signatures(void **state)
{
    struct buf bytes;
    struct tlog_checkpoint read;
    struct tlog_checkpoint named = checkpoint;
    struct buf other;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    buf_init(&other, LIMIT_NOTE_SIZE);
    assert_int_equal(tlog_checkpoint_sign(&named, stranger, &other), ERR_NONE);
    /* The stranger's line: same name, other key id. */
    const char *line = strstr(buf_text(&other), "\u2014 ");
    buf_put_span(&bytes, buf_span(&note));
    buf_put_text(&bytes, line);
    buf_put_text(&bytes, "\u2014 witness.example AAAAAAA=\n");
    buf_put_text(&bytes, "\u2014 \u533a\u5ba1\u8ba1.example/w AAAAAAAA\n");
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_NONE);
    for (int i = 4; i < 16; i++) {
        buf_put_text(&bytes, "\u2014 w AAAAAAA=\n");
    }
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_NONE);
    buf_put_text(&bytes, "\u2014 w AAAAAAA=\n");
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_MALFORMED);
    /* Only the stranger's. */
    assert_int_equal(open_note(buf_span(&other), &read), ERR_AUTH);
    /* Ours may also stand last, but not twice. */
    buf_put_text(&other, strstr(buf_text(&note), "\u2014 "));
    assert_int_equal(open_note(buf_span(&other), &read), ERR_NONE);
    buf_put_text(&other, strstr(buf_text(&note), "\u2014 "));
    assert_int_equal(open_note(buf_span(&other), &read), ERR_MALFORMED);
    buf_done(&bytes);
    buf_done(&other);
}

static void test_malformed(void **state)
{
    static const char *const notes[] = {
        "",
        "\n",
        "\n\n\n\n",
        "hub.dingnan.lishi.jieli/1",
        "hub.dingnan.lishi.jieli/1\n1234567\n" ROOT,
        "hub.dingnan.lishi.jieli/1\n1234567\n" ROOT "\n",
        TEXT, /* no signature */
        "hub.dingnan.lishi.jieli/1\n1234567\n" ROOT "\nextension\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\n" ROOT "\nextension\n\n" LINE,   /* not ours */
        "\n1234567\n" ROOT "\n\n" LINE,                                       /* no origin */
        "hub dingnan\n1234567\n" ROOT "\n\n" LINE,                            /* space */
        "hub+dingnan\n1234567\n" ROOT "\n\n" LINE,                            /* plus */
        "hub.dingnan.lishi.jieli/1\n01234567\n" ROOT "\n\n" LINE,             /* leading zero */
        "hub.dingnan.lishi.jieli/1\n+1234567\n" ROOT "\n\n" LINE,             /* sign */
        "hub.dingnan.lishi.jieli/1\n-1\n" ROOT "\n\n" LINE,                   /* sign */
        "hub.dingnan.lishi.jieli/1\n 1234567\n" ROOT "\n\n" LINE,             /* space */
        "hub.dingnan.lishi.jieli/1\n0x10\n" ROOT "\n\n" LINE,                 /* not decimal */
        "hub.dingnan.lishi.jieli/1\n\n" ROOT "\n\n" LINE,                     /* no size */
        "hub.dingnan.lishi.jieli/1\n9223372036854775808\n" ROOT "\n\n" LINE,  /* 2^63 */
        "hub.dingnan.lishi.jieli/1\n18446744073709551617\n" ROOT "\n\n" LINE, /* 2^64 + 1 */
        "hub.dingnan.lishi.jieli/1\r\n1234567\r\n" ROOT "\r\n\r\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\nAAUKDxQZHiMoLTI3PEFGS1BVWl9kaW5zeH2Ch4yRlpt=\n\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\nAAUKDxQZHiMoLTI3PEFGS1BVWl9kaW5zeH2Ch4yRlps\n\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\nAAUKDxQZHiMoLTI3PEFGS1BVWl9kaW5zeH2Ch4yRlg==\n\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\nAAUKDxQZHiMoLTI3PEFGS1BVWl9kaW5zeH2Ch4yRlpuf\n\n" LINE,
        "hub.dingnan.lishi.jieli/1\n1234567\n\n\n" LINE,
        TEXT "\n" LINE,                    /* two blank lines */
        TEXT LINE "\n",                    /* blank line behind */
        TEXT "\u2014 w AAAAAAA=",          /* no newline at the end */
        TEXT "- w AAAAAAA=\n",             /* hyphen */
        TEXT "\u2013 w AAAAAAA=\n",        /* en dash */
        TEXT "\u2014w AAAAAAA=\n",         /* no space */
        TEXT "\u2014 w\n",                 /* no signature */
        TEXT "\u2014 w \n",                /* empty signature */
        TEXT "\u2014  AAAAAAA=\n",         /* no name */
        TEXT "\u2014 w+x AAAAAAA=\n",      /* plus in a name */
        TEXT "\u2014 w\u3000x AAAAAAA=\n", /* wide space in a name */
        TEXT "\u2014 w\x01x AAAAAAA=\n",   /* control character */
        TEXT "\u2014 w\xff AAAAAAA=\n",    /* not UTF-8 */
        TEXT "\u2014 w AAAAAA==\n",        /* a key id and nothing behind */
        TEXT "\u2014 w AAAAAAA\n",         /* no padding */
        TEXT "\u2014 w AAAAAAB=\n",        /* spare bits */
        TEXT "\u2014 w AAAA AAA=\n",       /* space inside */
        TEXT "\u2014 w AAAAAAA= \n",       /* space behind */
        TEXT "\u2014 w AAAAAAA=\r\n",      /* carriage return */
        TEXT "\u2014 w AAA_AAA=\n",        /* URL alphabet */
    };
    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        if (open_text(notes[i]) != ERR_MALFORMED) {
            print_message("note %zu\n", i);
        }
        assert_int_equal(open_text(notes[i]), ERR_MALFORMED);
    }
    assert_int_equal(open_text(TEXT LINE), ERR_AUTH); /* well formed: not signed by us */
}

/* Our name and key id before a signature of another length. */
static void test_known_line_length(void **state)
{
    struct buf bytes;
    struct buf line;
    struct tlog_checkpoint read;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    buf_init(&line, LIMIT_NOTE_SIZE);
    const char *start = strstr(buf_text(&note), "\u2014 ");
    struct span base64 = span_text(strrchr(start, ' ') + 1);
    base64.size--;
    assert_int_equal(text_get_base64(base64, &line), ERR_NONE);
    assert_int_equal(line.size, 68);
    for (size_t size = 5; size <= 69; size++) {
        buf_clear(&bytes);
        buf_put(&bytes, note.data, (size_t)(start - (const char *)note.data));
        buf_put_format(&bytes, "\u2014 %s ", ORIGIN);
        if (size == 69) {
            buf_put_u8(&line, 0);
        }
        text_put_base64(&bytes, span_of(line.data, size));
        buf_put_text(&bytes, "\n");
        assert_int_equal(open_note(buf_span(&bytes), &read), size == 68 ? ERR_NONE : ERR_MALFORMED);
    }
    buf_done(&bytes);
    buf_done(&line);
}

static void test_too_long(void **state)
{
    struct buf bytes;
    struct tlog_checkpoint read;
    (void)state;
    buf_init(&bytes, LIMIT_NOTE_SIZE + 100);
    buf_put_span(&bytes, buf_span(&note));
    buf_put_text(&bytes, "\u2014 w ");
    while (bytes.size < LIMIT_NOTE_SIZE - 8) {
        buf_put_text(&bytes, "AAAA");
    }
    size_t size = bytes.size;
    buf_put_text(&bytes, "\n");
    assert_true(bytes.size <= LIMIT_NOTE_SIZE);
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_NONE);
    bytes.size = size;
    buf_put_text(&bytes, "AAAAAAAA\n");
    assert_true(bytes.size > LIMIT_NOTE_SIZE);
    assert_int_equal(open_note(buf_span(&bytes), &read), ERR_MALFORMED);
    buf_done(&bytes);
}

static void test_verifier_key(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 200);
    assert_int_equal(tlog_verifier_key(ORIGIN, signer_public_view(signer), &text), ERR_NONE);
    assert_string_equal(buf_text(&text), "hub.dingnan.lishi.jieli/1"
                                         "+7f55fc3c+Ac7MFQfcHd1ylZUcKQiI8JWtuQRNG3PWlubfBl1oO9T8");
    buf_done(&text);
}

static void test_epoch(void **state)
{
    static const struct {
        const char *origin;
        uint64_t epoch;
    } origins[] = {
        {"hub.dingnan.lishi.jieli/1", 1},
        {"a/b/4294967295", 4294967295},
        {"a/4294967296", 0},
        {"a/01", 0},
        {"a/0", 0},
        {"a/", 0},
        {"a/+1", 0},
        {"a/1 ", 0},
        {"a/1/", 0},
        {"a/x1", 0},
        {"17", 0},
        {"", 0},
        {"/7", 7},
        {"a/99999999999999999999", 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        assert_true(tlog_origin_epoch(span_text(origins[i].origin)) == origins[i].epoch);
    }
    assert_true(tlog_origin_epoch(span_of(NULL, 0)) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_bytes),          cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_round_trip),           cmocka_unit_test(test_longest_origin),
        cmocka_unit_test(test_refused_to_sign),      cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_wrong_key_and_origin), cmocka_unit_test(test_text_of_another_log),
        cmocka_unit_test(test_other_signatures),     cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_known_line_length),    cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_verifier_key),
    };
    return cmocka_run_group_tests_name("tlog checkpoint", tests, set_up, tear_down);
}
