#ifndef JIELI_DESK_OFFICE_H
#define JIELI_DESK_OFFICE_H

#include "fold/fold.h"
#include "node/conf.h"

/* What stands on every sheet about the place that prints it: section [slip] of a settings file. */
struct desk_office {
    char station[CONF_VALUE_SIZE]; /* name */
    char phone[CONF_VALUE_SIZE];   /* for progress and questions */
    char complaints[CONF_VALUE_SIZE];
    char address[CONF_VALUE_SIZE];
    char hours[CONF_VALUE_SIZE];
};
/* Texts that are not set, or whose file cannot be read, are "". path may be NULL. */
void desk_office_read(const char *path, struct desk_office *ret);

/* The name by the stations edition in force, if it has one for that station, instead: today's, and
 * behind it the one under which the record (NULL: none) was taken in, when that was another. */
void desk_office_call(const struct fold *fold, const uint8_t device[LIMIT_KEY_SIZE],
                      const struct record *record, uint64_t now_ms, struct desk_office *office);

#endif
