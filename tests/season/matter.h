#ifndef JIELI_TESTS_SEASON_MATTER_H
#define JIELI_TESTS_SEASON_MATTER_H

#include "season.h"

/* What matter.c and matter_facts.c share: the letters of a script. */

enum { MATTER_EXTENSION_DAYS = 5 };

enum who { WINDOW, AGENT, HEAD, HUB, HANDLER };

struct letter { /* NOLINT(clang-analyzer-optin.performance.Padding): as the rows read */
    char letter;
    enum who who;
    uint32_t payload;
    uint64_t verb;
    uint32_t states; /* of the case, one of them; 0: there is none yet, or it does not matter */
};

uint32_t matter_record(const struct letter *letter, uint32_t index);
/* The event a letter stands for. */
void matter_fill(struct season *season, struct season_case *one, uint32_t index,
                 const struct letter *letter, struct town_act *act);
/* What the test expects of the case from then on. */
void matter_note(struct season_case *one, char letter, uint64_t now_ms);
/* Letters that write several events at the hub, of a joint case's parts. */
void matter_tasks(struct season *season, const struct season_person *person, uint32_t index,
                  const struct letter *letter);

#endif
