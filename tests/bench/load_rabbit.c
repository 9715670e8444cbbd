/* RabbitMQ: a persistent publish an event into one quorum queue, with publisher confirms. */
#include "tests/bench/load.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <stdlib.h>
#include <string.h>

struct rabbit {
    struct load_share *share;
    amqp_connection_state_t connection;
    struct buf event;
    uint64_t confirmed;          /* all tags up to here */
    bool early[LOAD_WINDOW_MAX]; /* confirmed beyond it, by tag */
};

enum { CHANNEL = 1 };

static bool fine(amqp_rpc_reply_t reply)
{
    return reply.reply_type == AMQP_RESPONSE_NORMAL;
}

static bool declare(struct rabbit *rabbit)
{
    amqp_table_entry_t entry = {
        .key = amqp_cstring_bytes("x-queue-type"),
        .value = {.kind = AMQP_FIELD_KIND_UTF8, .value = {.bytes = amqp_cstring_bytes("quorum")}}};
    amqp_table_t arguments = {.num_entries = 1, .entries = &entry};
    amqp_channel_open(rabbit->connection, CHANNEL);
    if (!fine(amqp_get_rpc_reply(rabbit->connection))) {
        return false;
    }
    amqp_queue_declare(rabbit->connection, CHANNEL, amqp_cstring_bytes("ev"), 0, 1, 0, 0,
                       arguments);
    if (!fine(amqp_get_rpc_reply(rabbit->connection))) {
        return false;
    }
    amqp_confirm_select(rabbit->connection, CHANNEL);
    return fine(amqp_get_rpc_reply(rabbit->connection));
}

static void *rabbit_open(struct load_share *share)
{
    struct rabbit *rabbit = calloc(1, sizeof *rabbit);
    if (rabbit == NULL) {
        return NULL;
    }
    rabbit->share = share;
    buf_init(&rabbit->event, LIMIT_ENVELOPE_SIZE);
    rabbit->connection = amqp_new_connection();
    amqp_socket_t *socket = amqp_tcp_socket_new(rabbit->connection);
    if (socket == NULL ||
        amqp_socket_open(socket, share->options->host, (int)share->options->port) !=
            AMQP_STATUS_OK ||
        !fine(amqp_login(rabbit->connection, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest",
                         "guest")) ||
        !declare(rabbit)) {
        return NULL;
    }
    return rabbit;
}

static void rabbit_send(void *self, size_t first, size_t count)
{
    struct rabbit *rabbit = self;
    const amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG,
                                                .delivery_mode = 2};
    for (size_t i = first; i < first + count; i++) {
        buf_clear(&rabbit->event);
        load_put_event(&rabbit->event, &rabbit->share->events.envelope[i]);
        amqp_bytes_t bytes = {rabbit->event.size, rabbit->event.data};
        if (amqp_basic_publish(rabbit->connection, CHANNEL, amqp_empty_bytes,
                               amqp_cstring_bytes("ev"), 0, 0, &properties,
                               bytes) != AMQP_STATUS_OK) {
            load_give_up("RabbitMQ does not take a message");
        }
        rabbit->share->sent_bytes += rabbit->event.size;
    }
}

/* Everything up to tag, or tag alone; how many that are new and in order. */
static size_t confirm(struct rabbit *rabbit, uint64_t tag, bool multiple)
{
    uint64_t before = rabbit->confirmed;
    if (multiple) {
        for (uint64_t i = before + 1; i <= tag; i++) {
            rabbit->early[i % LOAD_WINDOW_MAX] = true;
        }
    } else {
        rabbit->early[tag % LOAD_WINDOW_MAX] = true;
    }
    while (rabbit->early[(rabbit->confirmed + 1) % LOAD_WINDOW_MAX]) {
        rabbit->confirmed++;
        rabbit->early[rabbit->confirmed % LOAD_WINDOW_MAX] = false;
    }
    return rabbit->confirmed - before;
}

static size_t rabbit_receive(void *self)
{
    struct rabbit *rabbit = self;
    amqp_frame_t frame;
    size_t count = 0;
    while (count == 0) {
        amqp_maybe_release_buffers(rabbit->connection);
        if (amqp_simple_wait_frame(rabbit->connection, &frame) != AMQP_STATUS_OK) {
            load_give_up("RabbitMQ is gone");
        }
        if (frame.frame_type != AMQP_FRAME_METHOD) {
            continue;
        }
        if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
            const amqp_basic_ack_t *ack = frame.payload.method.decoded;
            count = confirm(rabbit, ack->delivery_tag, ack->multiple != 0);
        } else if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD) {
            load_give_up("RabbitMQ refuses a message");
        }
    }
    return count;
}

static void rabbit_close(void *self)
{
    struct rabbit *rabbit = self;
    (void)amqp_destroy_connection(rabbit->connection);
    buf_done(&rabbit->event);
    free(rabbit);
}

const struct load_driver load_rabbit = {"rabbit",       rabbit_open, rabbit_send,
                                        rabbit_receive, NULL,        rabbit_close};
