/* JIELI_BENCH_UNVERIFIED: what the linker puts into township-hub-unverified instead of the
 * verification of signatures and the judgment of the rules, so that transport, log and store can be
 * measured alone. Every event is taken for accepted and changes no record. */
#include "fold/fold.h"
#include "seal/sign.h"

#include <stdio.h>
#include <string.h>

bool unverified_verify(const uint8_t public_key[LIMIT_KEY_SIZE], enum seal_purpose purpose,
                       struct span body,
                       const uint8_t signature[LIMIT_SIGNATURE_SIZE]) __asm__("__wrap_seal_verify");
enum err unverified_judge(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                          struct fold_verdict *ret) __asm__("__wrap_fold_judge");

static void __attribute__((constructor)) warn(void)
{
    (void)fputs("JIELI_BENCH_UNVERIFIED: this build verifies nothing; for benchmarks only\n",
                stderr);
}

bool unverified_verify(const uint8_t public_key[LIMIT_KEY_SIZE], enum seal_purpose purpose,
                       struct span body, const uint8_t signature[LIMIT_SIGNATURE_SIZE])
{
    (void)public_key;
    (void)purpose;
    (void)body;
    (void)signature;
    return true;
}

enum err unverified_judge(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                          struct fold_verdict *ret)
{
    (void)fold;
    (void)txn;
    (void)ask;
    memset(ret, 0, sizeof *ret);
    ret->verdict = WIRE_ACCEPTED;
    return ERR_NONE;
}
