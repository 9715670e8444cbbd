#ifndef JIELI_LINK_INTERNAL_H
#define JIELI_LINK_INTERNAL_H

#include "link/link.h"

/* Shared inside link/; nobody else includes this. */

/* --- link.c --- */

/* A socket of the process's context; NULL: none left. */
void *link_socket_open(int type);
/* NULL is fine. */
void link_socket_close(void *socket);

/* --- options.c --- */

struct link_socket_limits {
    int hwm; /* frames, each way */
    int handshake_ms;
    int heartbeat_ms;
};

/* What every socket gets: bounds, no lingering, heartbeats. Before bind and connect. */
MUST_USE enum err link_options_bound(void *socket, const struct link_socket_limits *limits);
MUST_USE enum err link_options_server(void *socket, const uint8_t secret[LINK_KEY_SIZE],
                                      const char *zap_domain);
MUST_USE enum err link_options_client(void *socket, const uint8_t secret[LINK_KEY_SIZE],
                                      const uint8_t server_public[LINK_KEY_SIZE]);
MUST_USE enum err link_option_number(void *socket, int option, int value);
struct link_option {
    int option;
    int value;
};
MUST_USE enum err link_options_set(void *socket, const struct link_option *values, size_t count);
/* ERR_MALFORMED unless "tcp://something:port" of less than LINK_ENDPOINT_SIZE bytes. */
MUST_USE enum err link_endpoint_check(const char *endpoint);
/* Binds and gives the endpoint with its real port. */
MUST_USE enum err link_options_bind(void *socket, const char *endpoint,
                                    char ret_endpoint[LINK_ENDPOINT_SIZE]);
int link_option_fd(void *socket);
/* ZMQ_POLLIN | ZMQ_POLLOUT; asking arms the edge of the descriptor again. */
int link_option_events(void *socket);

/* --- zap.c: who may finish a handshake --- */

/* The list of one server and its bell, under a domain of its own. All of it is thread safe. */
struct zap_list;

/* The thread answers before this returns, so before any bind. */
MUST_USE enum err zap_start(void *context);
/* After zmq_ctx_shutdown. */
void zap_join(void);
MUST_USE enum err zap_list_new(struct zap_list **ret_list);
void zap_list_free(struct zap_list *list);
const char *zap_list_domain_view(const struct zap_list *list);
MUST_USE enum err zap_list_allow(struct zap_list *list, const uint8_t key[LINK_KEY_SIZE],
                                 const char *user);
void zap_list_revoke(struct zap_list *list, const uint8_t key[LINK_KEY_SIZE]);
/* The user behind the User-Id property of a payload frame, as the list stands now. The property
 * is the key in hex, so that a key that was revoked stays revoked when its user got a new one.
 * ret may be NULL. */
bool zap_list_user(struct zap_list *list, const char *property, char ret[LINK_USER_SIZE]);
void zap_list_counts(struct zap_list *list, uint64_t *ret_admitted, uint64_t *ret_refused);

/* --- monitor.c: what a connecting socket says about itself --- */

/* NULL: none left. */
void *link_monitor_open(void *socket);
/* Before its socket is closed. */
void link_monitor_close(void *monitor, void *socket);
/* The next event (ZMQ_EVENT_...), 0: none within wait_ms. */
int link_monitor_next(void *monitor, long wait_ms);

/* --- client.c, for the self-test --- */
/* Waits for news about the connection, at most wait_ms. */
void link_client_wait(struct link_client *client, uint32_t wait_ms);

/* --- server.c, for bell.c --- */
struct zap_list *link_server_list(const struct link_server *server);
const struct link_server_options *link_server_options_view(const struct link_server *server);

#endif
