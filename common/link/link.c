#include "link/link.h"

#include "base/check.h"
#include "link/internal.h"

#include <stdatomic.h>
#include <string.h>
#include <zmq.h>

enum { Z85_KEY_SIZE = 41 };

static void *link_context;
static atomic_int link_socket_count;

enum err link_init(void)
{
    enum err err = ERR_NONE;

    if (link_context != NULL) {
        return ERR_STATE;
    }
    link_context = zmq_ctx_new();
    if (link_context == NULL) {
        return ERR_IO;
    }
    (void)zmq_ctx_set(link_context, ZMQ_BLOCKY, 0);
    err = zap_start(link_context);
    if (err != ERR_NONE) {
        (void)zmq_ctx_term(link_context);
        link_context = NULL;
    }
    return err;
}

void link_done(void)
{
    if (link_context == NULL) {
        return;
    }
    CHECK(atomic_load(&link_socket_count) == 0);
    (void)zmq_ctx_shutdown(link_context);
    zap_join();
    while (zmq_ctx_term(link_context) != 0 && zmq_errno() == EINTR) {
    }
    link_context = NULL;
}

void *link_socket_open(int type)
{
    CHECK(link_context != NULL);
    void *socket = zmq_socket(link_context, type);

    if (socket != NULL) {
        atomic_fetch_add(&link_socket_count, 1);
    }
    return socket;
}

void link_socket_close(void *socket)
{
    if (socket != NULL) {
        CHECK(zmq_close(socket) == 0);
        atomic_fetch_sub(&link_socket_count, 1);
    }
}

void link_curve_keypair(uint8_t ret_public[LINK_KEY_SIZE], uint8_t ret_secret[LINK_KEY_SIZE])
{
    char public_text[Z85_KEY_SIZE] = "";
    char secret_text[Z85_KEY_SIZE] = "";

    CHECK(zmq_curve_keypair(public_text, secret_text) == 0);
    CHECK(zmq_z85_decode(ret_public, public_text) != NULL);
    CHECK(zmq_z85_decode(ret_secret, secret_text) != NULL);
    explicit_bzero(secret_text, sizeof secret_text);
}

void link_curve_public(const uint8_t secret[LINK_KEY_SIZE], uint8_t ret_public[LINK_KEY_SIZE])
{
    char public_text[Z85_KEY_SIZE] = "";
    char secret_text[Z85_KEY_SIZE] = "";

    CHECK(zmq_z85_encode(secret_text, secret, LINK_KEY_SIZE) != NULL);
    CHECK(zmq_curve_public(public_text, secret_text) == 0);
    CHECK(zmq_z85_decode(ret_public, public_text) != NULL);
    explicit_bzero(secret_text, sizeof secret_text);
}
