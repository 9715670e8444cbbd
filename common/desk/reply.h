#ifndef JIELI_DESK_REPLY_H
#define JIELI_DESK_REPLY_H

#include "desk/json_text.h"
#include "http/server.h"

/* Answers of the API, for the desk and for the programs' own routes. */

enum { REPLY_SIZE = 8 * 1024 * 1024 };

/* One answer under construction: reply_begin opens the outer object. */
struct reply {
    struct buf body;
    struct json_text json;
};
void reply_begin(struct reply *reply);
/* Closes the outer object, sends and frees; a body that failed becomes a 500. */
void reply_send(struct reply *reply, struct http_exchange *exchange, unsigned status);

/* application/problem+json: {"status","code","zh","en"[,"field"]}. The exit code of a command
 * follows from the status (cli.h). field may be NULL. */
struct reply_problem {
    unsigned status;
    const char *code; /* stable, lower case: "unknown_field" */
    const char *zh;
    const char *en;
    const char *field;
};
void reply_problem(struct http_exchange *exchange, const struct reply_problem *problem);
/* What failed beneath, by its err: 503 for busy and full, 500 else. */
void reply_err(struct http_exchange *exchange, enum err err);
/* 409 with {"refusal":{"name","article","zh","en"},"status","code":"refused","zh","en"}. */
void reply_refusal(struct http_exchange *exchange, uint32_t refusal);

#endif
