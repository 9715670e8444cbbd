#ifndef JIELI_TESTS_BENCH_VISITS_H
#define JIELI_TESTS_BENCH_VISITS_H

#include "tests/support/town.h"

/* Event number of a long day at the window, the next of the town's station: two visits in nine
 * events, a question answered and a matter done on the spot. */
void visits_write(struct town *town, uint32_t number, struct town_event *ret);

#endif
