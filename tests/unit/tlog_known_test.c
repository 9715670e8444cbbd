#include "base/text.h"
#include "tlog/proof.h"
#include "tlog_memory.h"
#include "unit.h"

/* The eight leaves, their roots and proofs of the Certificate Transparency project's own tests. */

static struct memory memory;
static struct tlog_hash leaf[8];

static int set_up(void **state)
{
    static const char *const hex[] = {
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    };
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        uint8_t bytes[16];
        size_t width = strlen(hex[i]) / 2;
        if (text_get_hex(span_text(hex[i]), bytes, width) != ERR_NONE) {
            return -1;
        }
        tlog_leaf_hash(span_of(bytes, width), &leaf[i]);
    }
    memory_init(&memory);
    return tlog_append(&memory.tiles, 0, leaf, 8) == ERR_NONE ? 0 : -1;
}

static void assert_hash(const struct tlog_hash *hash, const char *hex)
{
    struct buf text;
    buf_init(&text, 100);
    text_put_hex(&text, span_of(hash->bytes, LIMIT_HASH_SIZE));
    assert_string_equal(buf_text(&text), hex);
    buf_done(&text);
}

static void test_roots(void **state)
{
    static const char *const roots[] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    };
    struct tlog_peaks peaks;
    struct tlog_hash root;
    (void)state;
    tlog_peaks_init(&peaks);
    for (size_t size = 0; size <= 8; size++) {
        assert_int_equal(tlog_root(&memory.tiles, size, &root), ERR_NONE);
        assert_hash(&root, roots[size]);
        tlog_peaks_root(&peaks, &root);
        assert_hash(&root, roots[size]);
        if (size < 8) {
            tlog_peaks_push(&peaks, &leaf[size]);
        }
    }
}

static void test_proofs(void **state)
{
    static const struct {
        bool consistency;
        uint64_t first;
        uint64_t size;
        const char *hash[4];
    } known[] = {
        {false,
         0,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {false,
         5,
         8,
         {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {false, 2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
        {false,
         1,
         5,
         {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
        {true, 1, 1, {NULL}},
        {true,
         1,
         8,
         {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
          "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
        {true,
         6,
         8,
         {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
          "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
        {true,
         2,
         5,
         {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
          "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct tlog_proof proof;
        enum err err =
            known[i].consistency
                ? tlog_prove_consistency(&memory.tiles, known[i].first, known[i].size, &proof)
                : tlog_prove_inclusion(&memory.tiles, known[i].first, known[i].size, &proof);
        assert_int_equal(err, ERR_NONE);
        for (size_t k = 0; known[i].hash[k] != NULL; k++) {
            assert_true(k < proof.count);
            assert_hash(&proof.hash[k], known[i].hash[k]);
        }
        assert_null(known[i].hash[proof.count]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),
        cmocka_unit_test(test_proofs),
    };
    return cmocka_run_group_tests_name("tlog known", tests, set_up, NULL);
}
