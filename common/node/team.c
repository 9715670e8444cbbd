#include "node/team.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>

struct team {
    unsigned helper_count;
    pthread_t helpers[TEAM_HELPERS_MAX];
    pthread_mutex_t lock;   /* of all below */
    pthread_cond_t begun;   /* there are parts to take, or the end */
    pthread_cond_t emptied; /* all parts have ended */
    void (*part)(void *argument, size_t i);
    void *argument;
    size_t count;
    size_t next;  /* to be taken */
    size_t ended; /* of count */
    bool ending;
};

static void team_lock(struct team *team)
{
    CHECK(pthread_mutex_lock(&team->lock) == 0);
}

static void team_unlock(struct team *team)
{
    CHECK(pthread_mutex_unlock(&team->lock) == 0);
}

/* Does one part, with the lock held before and after. */
static void do_part(struct team *team)
{
    size_t i = team->next++;
    team_unlock(team);
    team->part(team->argument, i);
    team_lock(team);
    team->ended++;
    if (team->ended == team->count) {
        CHECK(pthread_cond_signal(&team->emptied) == 0);
    }
}

static void *help(void *context)
{
    struct team *team = context;
    team_lock(team);
    while (!team->ending) {
        if (team->next < team->count) {
            do_part(team);
        } else {
            CHECK(pthread_cond_wait(&team->begun, &team->lock) == 0);
        }
    }
    team_unlock(team);
    return NULL;
}

enum err team_new(unsigned helpers, struct team **ret_team)
{
    struct team *team = calloc(1, sizeof *team);
    CHECK(helpers <= TEAM_HELPERS_MAX);
    if (team == NULL) {
        return ERR_MEMORY;
    }
    CHECK(pthread_mutex_init(&team->lock, NULL) == 0);
    CHECK(pthread_cond_init(&team->begun, NULL) == 0);
    CHECK(pthread_cond_init(&team->emptied, NULL) == 0);
    while (team->helper_count < helpers) {
        if (pthread_create(&team->helpers[team->helper_count], NULL, help, team) != 0) {
            team_free(team);
            return ERR_MEMORY;
        }
        team->helper_count++;
    }
    *ret_team = team;
    return ERR_NONE;
}

void team_free(struct team *team)
{
    if (team == NULL) {
        return;
    }
    team_lock(team);
    team->ending = true;
    CHECK(pthread_cond_broadcast(&team->begun) == 0);
    team_unlock(team);
    for (unsigned i = 0; i < team->helper_count; i++) {
        CHECK(pthread_join(team->helpers[i], NULL) == 0);
    }
    CHECK(pthread_cond_destroy(&team->begun) == 0);
    CHECK(pthread_cond_destroy(&team->emptied) == 0);
    CHECK(pthread_mutex_destroy(&team->lock) == 0);
    free(team);
}

void team_each(void *context, size_t count, void (*part)(void *argument, size_t i), void *argument)
{
    struct team *team = context;
    team_lock(team);
    team->part = part;
    team->argument = argument;
    team->count = count;
    team->next = 0;
    team->ended = 0;
    if (count > 1 && team->helper_count > 0) {
        CHECK(pthread_cond_broadcast(&team->begun) == 0);
    }
    while (team->next < team->count) {
        do_part(team);
    }
    while (team->ended < team->count) {
        CHECK(pthread_cond_wait(&team->emptied, &team->lock) == 0);
    }
    team_unlock(team);
}
