#ifndef JIELI_LINK_LINK_H
#define JIELI_LINK_LINK_H

#include "base/limits.h"
#include "base/span.h"

/* A whole frame in, a whole frame out, over ZeroMQ with CURVE; nothing else of ZeroMQ shows.
 *
 * In the loop (node/loop.h): the descriptor of link_x_fd, polled for reading, says only "look", and
 * as an edge. What counts is link_x_pending, asked after the last send or receive before sleeping.
 * So add the descriptor with a callback that does nothing, and an idle hook that receives a bounded
 * number of frames, sends, and returns link_x_pending(x): the loop then never sleeps over a frame.
 *
 * A server, its bell, and each client belong to the thread that opened them; only
 * link_server_allow and link_server_revoke may be called from any thread.
 * Open all sockets at start: with no descriptors left libzmq aborts the process. */

enum {
    LINK_KEY_SIZE = 32,        /* CURVE keys, raw */
    LINK_USER_SIZE = 65,       /* user id text with its NUL: a device key id in hex */
    LINK_ENDPOINT_SIZE = 256,  /* text with its NUL */
    LINK_PEER_ID_SIZE = 255,   /* the longest routing id of ZeroMQ */
    LINK_HANDSHAKE_MS = 10000, /* a server's patience with a peer that has not proven its key: three
                                  round trips of a satellite line */
    LINK_HEARTBEAT_MS = 30000, /* a silent peer is dropped after twice that */
};

/* One context per process and its ZAP thread. ERR_STATE when already up. Every socket must be
 * closed before link_done, and link_done is the last use of ZeroMQ. */
MUST_USE enum err link_init(void);
void link_done(void);

/* A fresh key pair; wipe the secret after use. */
void link_curve_keypair(uint8_t ret_public[LINK_KEY_SIZE], uint8_t ret_secret[LINK_KEY_SIZE]);
void link_curve_public(const uint8_t secret[LINK_KEY_SIZE], uint8_t ret_public[LINK_KEY_SIZE]);

/* --- The side that is called: township hub --- */

/* ROUTER. Only keys on its list finish the handshake, and each frame is checked against the list
 * of that moment again, so a revoked key is refused on connections that are already open. */
struct link_server;

struct link_server_options {
    const char *endpoint; /* "tcp://address:port"; port 0 or * takes a free one */
    uint8_t secret[LINK_KEY_SIZE];
    uint32_t handshake_ms; /* 0: LINK_HANDSHAKE_MS */
    uint32_t heartbeat_ms; /* 0: LINK_HEARTBEAT_MS */
};

/* A connection as ZeroMQ names it: good for answering, never for knowing who it is. */
struct link_peer {
    uint8_t size;
    uint8_t id[LINK_PEER_ID_SIZE];
};

struct link_frame {
    struct link_peer peer;
    char user[LINK_USER_SIZE]; /* as given to link_server_allow for the key of this connection */
    struct span payload;       /* at most LIMIT_FRAME_SIZE; until the next receive or close */
};

/* Since opening. */
struct link_server_counts {
    uint64_t admitted;      /* handshakes */
    uint64_t refused;       /* handshakes with a key not on the list */
    uint64_t frames;        /* handed out */
    uint64_t dropped_user;  /* frames without a user id or of a key no longer on the list */
    uint64_t dropped_shape; /* not exactly one payload, or too large */
};

/* ERR_MALFORMED: not a tcp:// endpoint. ERR_CONFLICT: the address is taken. ERR_IO: else. */
MUST_USE enum err link_server_open(const struct link_server_options *options,
                                   struct link_server **ret_server);
void link_server_close(struct link_server *server);
/* With the real port; until link_server_close. */
const char *link_server_endpoint_view(const struct link_server *server);
/* Replaces the user id of a key that is on the list. ERR_LIMIT beyond LIMIT_PEER_COUNT keys or
 * for a user id of LINK_USER_SIZE or more bytes; ERR_MALFORMED for an empty one. */
MUST_USE enum err link_server_allow(struct link_server *server,
                                    const uint8_t curve_public[LINK_KEY_SIZE], const char *user_id);
/* A key that is not on the list is no error. */
void link_server_revoke(struct link_server *server, const uint8_t curve_public[LINK_KEY_SIZE]);
/* Connects to itself with a key nobody knows and demands to be refused; blocks for at most
 * wait_ms. Call it at start. ERR_AUTH: it was let in: do not serve. ERR_IO: no answer. */
MUST_USE enum err link_server_selftest(struct link_server *server, uint32_t wait_ms);
int link_server_fd(const struct link_server *server);
/* Something to receive. Room for a send that was ERR_BUSY is not told. */
bool link_server_pending(struct link_server *server);
/* ERR_BUSY: nothing there now (some frames may have been dropped and counted). */
MUST_USE enum err link_server_receive(struct link_server *server, struct link_frame *ret);
/* Never blocks. ERR_NOT_FOUND: that connection is gone. ERR_BUSY: it does not take more now.
 * ERR_LIMIT: larger than LIMIT_FRAME_SIZE. ERR_NONE means handed to ZeroMQ, never delivered. */
MUST_USE enum err link_server_send(struct link_server *server, const struct link_peer *peer,
                                   struct span payload);
void link_server_counts(struct link_server *server, struct link_server_counts *ret);

/* XPUB with the keys and the list of server. Says only "look", may be lost, needs no place in the
 * loop. Close it before its server. */
struct link_bell;

MUST_USE enum err link_bell_open(struct link_server *server, const char *endpoint,
                                 struct link_bell **ret_bell);
void link_bell_close(struct link_bell *bell);
const char *link_bell_endpoint_view(const struct link_bell *bell);
/* Reaches whoever listens and keeps up; a listener known only since just now may miss it. */
MUST_USE enum err link_bell_ring(struct link_bell *bell, struct span payload);

/* --- The side that calls: village station, auditor --- */

enum link_kind {
    LINK_DIALOG,   /* DEALER: frames both ways with a server */
    LINK_DOORBELL, /* SUB: hears a bell */
};

enum link_status {
    LINK_CONNECTING, /* and trying again by itself, ever slower */
    LINK_CONNECTED,  /* key proven on both sides; says nothing about delivery */
    LINK_REFUSED,    /* the other side does not know our key, or broke the protocol: no further
                        try until link_client_reconnect or link_client_tend */
};

struct link_client;

struct link_client_options {
    enum link_kind kind;
    const char *endpoint;                 /* "tcp://host:port" */
    uint8_t server_public[LINK_KEY_SIZE]; /* whom we expect there */
    uint8_t secret[LINK_KEY_SIZE];        /* ours */
    uint32_t seed;                        /* random: spreads retries; the first over 1 to 5 s */
    uint32_t reconnect_ms;                /* 0: from seed; else the first retry */
    uint32_t reconnect_max_ms;            /* 0: 300 s */
    uint32_t heartbeat_ms;                /* 0: LINK_HEARTBEAT_MS */
};

/* Connects in the background. ERR_MALFORMED: not a tcp:// endpoint. */
MUST_USE enum err link_client_open(const struct link_client_options *options,
                                   struct link_client **ret_client);
void link_client_close(struct link_client *client);
/* A connection that broke and stands again is LINK_CONNECTING once: what was on its way is lost. */
enum link_status link_client_status(struct link_client *client);
/* Drops the connection with all frames still in it and dials at once: after LINK_REFUSED, when
 * an answer stays out, when a person presses "now". The descriptor stays the same. On ERR_IO the
 * client is without a socket: reconnect again later or close. */
MUST_USE enum err link_client_reconnect(struct link_client *client);
/* Dials again after LINK_REFUSED, so that a key let in later gets in without anybody's help: first
 * after reconnect_ms, then ever slower up to reconnect_max_ms, each time half to all of it. now_ms
 * is monotonic; call it a few times a second. Refusals in a row; 0 once connected. */
unsigned link_client_tend(struct link_client *client, uint64_t now_ms);
int link_client_fd(const struct link_client *client);
/* Something to receive; or, told once each: a new status, room for a send that was ERR_BUSY. */
bool link_client_pending(struct link_client *client);
/* payload until the next receive, reconnect or close. ERR_BUSY: nothing there now. */
MUST_USE enum err link_client_receive(struct link_client *client, struct span *ret_payload);
/* Never blocks. ERR_BUSY: not connected, or 64 frames are waiting. ERR_LIMIT: larger than
 * LIMIT_FRAME_SIZE. ERR_STATE: a doorbell has no other way. */
MUST_USE enum err link_client_send(struct link_client *client, struct span payload);

#endif
