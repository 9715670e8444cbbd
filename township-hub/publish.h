#ifndef JIELI_TOWNSHIP_HUB_PUBLISH_H
#define JIELI_TOWNSHIP_HUB_PUBLISH_H

#include "seal/part.h"
#include "township-hub/hub.h"

/* Writing the events that change the hub's world: people, stations, audiences, editions. */
struct publisher {
    struct kv *kv;
    struct hub *hub;
    /* Called after each event that was logged; may be NULL. */
    void (*grown)(void *context, uint32_t payload);
    void *context;
};

/* Submits under a fresh record id and the time now. A refusal is no error: see *ret_verdict. */
MUST_USE enum err publish_event(const struct publisher *publisher, uint32_t payload,
                                const struct values *facts, const struct signer *signer,
                                struct fold_verdict *ret_verdict);

/* Stores the wraps and logs the next generation of an audience (SEALING_STATION, SEALING_HUB).
 * station: whose, NULL for the hub's. ERR_AUTH when it was refused. */
MUST_USE enum err publish_audience(const struct publisher *publisher, uint32_t audience,
                                   const uint8_t *station, const uint8_t box_key[LIMIT_KEY_SIZE],
                                   struct span wraps, const struct signer *signer);

/* Stores a text and logs it as the next edition of its kind. *ret_edition: its number;
 * *ret_unchanged: these very bytes are in force already, nothing was logged. */
struct publish_text {
    enum world_kind kind;
    uint32_t year; /* calendar */
    struct span text;
};
MUST_USE enum err publish_edition(const struct publisher *publisher,
                                  const struct publish_text *text, const struct signer *signer,
                                  struct fold_verdict *ret_verdict, uint64_t *ret_edition,
                                  bool *ret_unchanged);
/* The one year a calendar text speaks of; 0: none or several. The text must be whole. */
uint32_t publish_calendar_year(struct span text);

#endif
