#include "township-hub/flights.h"

#include <stdlib.h>

_Static_assert((int)FLIGHTS_GROUP_EVENTS + (int)LIMIT_BATCH_COUNT <= (int)LOG_PENDING,
               "a group is one transaction");

void flights_init(struct flights *flights, unsigned worker_count)
{
    flights->worker_count = worker_count;
    flights->last = &flights->first;
    rooms_init(&flights->rooms);
}

void flights_done(struct flights *flights)
{
    while (flights->first != NULL) {
        struct flight *flight = flights->first;
        flights->first = flight->next;
        flight_free(flight);
    }
    rooms_done(&flights->rooms);
}

enum err flights_new(struct flights *flights, struct peer *peer, const struct sync_push *frame,
                     struct flight **ret_flight)
{
    struct flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL) {
        return ERR_MEMORY;
    }
    enum err err = hub_push_new_in(&flights->rooms, peer->device, frame, &flight->push);
    if (err != ERR_NONE) {
        free(flight);
        return err;
    }
    flight->peer = peer;
    flight->serial = peer->serial;
    hub_push_set_line(flight->push, peer->serial);
    *ret_flight = flight;
    return ERR_NONE;
}

void flights_tick(struct flights *flights)
{
    rooms_tick(&flights->rooms);
}

void flights_add(struct flights *flights, struct flight *flight)
{
    *flights->last = flight;
    flights->last = &flight->next;
    flights->count++;
    flights->unchecked++;
    flights->size += hub_push_size(flight->push);
}

void flights_checked(struct flights *flights, struct flight *flight)
{
    flight->checked = true;
    flights->unchecked--;
    flights->checked_events += hub_push_events(flight->push);
}

bool flights_due(const struct flights *flights)
{
    return flights->checked_events >= FLIGHTS_WORTH || flights->unchecked <= flights->worker_count;
}

bool flights_full(const struct flights *flights)
{
    return flights->count >= FLIGHTS_COUNT || flights->size >= FLIGHTS_SIZE;
}

/* Less is granted the less room there is: those who send much then wait before they are refused. */
uint32_t flights_credit(const struct flights *flights, uint32_t credit)
{
    size_t left = flights->size < FLIGHTS_SIZE ? FLIGHTS_SIZE - flights->size : 0;
    uint64_t granted = (uint64_t)credit * left / FLIGHTS_SIZE;
    return granted < 1 ? 1 : (uint32_t)granted;
}

size_t flights_take(struct flights *flights)
{
    size_t count = 0;
    uint32_t events = 0;
    while (count < FLIGHTS_GROUP && events < FLIGHTS_GROUP_EVENTS && flights->first != NULL &&
           flights->first->checked) {
        struct flight *flight = flights->first;
        flights->first = flight->next;
        flights->flight[count] = flight;
        flights->push[count] = flight->push;
        events += hub_push_events(flight->push);
        flights->checked_events -= hub_push_events(flight->push);
        flights->count--;
        flights->size -= hub_push_size(flight->push);
        count++;
    }
    if (flights->first == NULL) {
        flights->last = &flights->first;
    }
    return count;
}

struct peer *flight_peer(const struct flight *flight)
{
    bool there = flight->peer->used && flight->peer->serial == flight->serial;
    return there ? flight->peer : NULL;
}

void flight_free(struct flight *flight)
{
    if (flight != NULL) {
        hub_push_free(flight->push);
        free(flight);
    }
}
