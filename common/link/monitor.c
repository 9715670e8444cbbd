#include "link/internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum { MONITOR_EVENT_SIZE = 6 };

void *link_monitor_open(void *socket)
{
    static atomic_uint made_count;
    char endpoint[64] = "";
    void *monitor = link_socket_open(ZMQ_PAIR);

    if (monitor == NULL) {
        return NULL;
    }
    (void)snprintf(endpoint, sizeof endpoint, "inproc://jieli-monitor-%u",
                   atomic_fetch_add(&made_count, 1));
    /* Without a bound, since ZeroMQ's I/O thread would wait at one; the retries that make the
     * events are a second apart or more. */
    if (link_option_number(monitor, ZMQ_RCVHWM, 0) != ERR_NONE ||
        link_option_number(monitor, ZMQ_LINGER, 0) != ERR_NONE ||
        zmq_socket_monitor(socket, endpoint,
                           ZMQ_EVENT_CONNECT_DELAYED | ZMQ_EVENT_CONNECT_RETRIED |
                               ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |
                               ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL) != 0 ||
        zmq_connect(monitor, endpoint) != 0) {
        link_monitor_close(monitor, socket);
        return NULL;
    }
    return monitor;
}

void link_monitor_close(void *monitor, void *socket)
{
    if (monitor != NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
        link_socket_close(monitor);
    }
}

int link_monitor_next(void *monitor, long wait_ms)
{
    zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
    uint8_t bytes[MONITOR_EVENT_SIZE] = {0};
    uint8_t address[1] = {0};
    uint16_t event = 0;

    if (wait_ms > 0) {
        (void)zmq_poll(&item, 1, wait_ms);
    }
    if (zmq_recv(monitor, bytes, sizeof bytes, ZMQ_DONTWAIT) != MONITOR_EVENT_SIZE) {
        return 0;
    }
    (void)zmq_recv(monitor, address, sizeof address, ZMQ_DONTWAIT);
    memcpy(&event, bytes, sizeof event);
    return event;
}
