#include "seal/secret.h"

#include "base/check.h"
#include "seal/sign.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void *secret_new(size_t size)
{
    void *secret = sodium_malloc(size);
    if (secret == NULL) {
        return NULL;
    }
    /* sodium_malloc goes on in silence when it cannot lock; asking again costs nothing. */
    if (sodium_mlock(secret, size) != 0) {
        sodium_free(secret);
        return NULL;
    }
    return secret;
}

void secret_freeze(void *secret)
{
    int failed = sodium_mprotect_readonly(secret);
    CHECK(failed == 0);
}

void secret_free(void *secret)
{
    sodium_free(secret);
}

enum err seal_init(void)
{
    return sodium_init() < 0 ? ERR_STATE : ERR_NONE;
}

enum err seal_harden_process(void)
{
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return ERR_STATE;
    }
    struct rlimit locked;
    if (getrlimit(RLIMIT_MEMLOCK, &locked) != 0) {
        return ERR_STATE;
    }
    locked.rlim_cur = locked.rlim_max;
    if (setrlimit(RLIMIT_MEMLOCK, &locked) != 0) {
        return ERR_STATE;
    }
    /* Not mlockall: it would pull the whole map of the store into memory. */
    void *probe = secret_new(1);
    if (probe == NULL) {
        return ERR_STATE;
    }
    secret_free(probe);
    return ERR_NONE;
}

void seal_random(void *ret, size_t size)
{
    if (size > 0) {
        randombytes_buf(ret, size);
    }
}
