/* PostgreSQL: a transaction a request, its events as one array of bytea, in pipeline mode. */
#include "tests/bench/load.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BYTEA_OID = 17, BYTEA_ARRAY_OID = 1001 };

struct postgres {
    struct load_share *share;
    PGconn *connection;
    struct buf array;
    size_t waiting[LOAD_WINDOW_MAX]; /* events of each unanswered request, a ring */
    size_t sent;
    size_t answered;
};

static bool run(PGconn *connection, const char *query)
{
    PGresult *result = PQexec(connection, query);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK;
}

static bool prepare(PGconn *connection)
{
    const Oid type = BYTEA_ARRAY_OID;
    PGresult *result =
        PQprepare(connection, "put", "INSERT INTO ev(d) SELECT unnest($1::bytea[])", 1, &type);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK && PQenterPipelineMode(connection) == 1;
}

static void *postgres_open(struct load_share *share)
{
    struct postgres *postgres = calloc(1, sizeof *postgres);
    char words[256];
    if (postgres == NULL) {
        return NULL;
    }
    (void)snprintf(words, sizeof words,
                   "host=%s port=%u dbname=postgres user=bench sslmode=disable",
                   share->options->host, share->options->port);
    postgres->share = share;
    buf_init(&postgres->array, LIMIT_BATCH_SIZE);
    postgres->connection = PQconnectdb(words);
    if (PQstatus(postgres->connection) != CONNECTION_OK ||
        !run(postgres->connection, "SET synchronous_commit = on") ||
        !prepare(postgres->connection)) {
        (void)fprintf(stderr, "%s", PQerrorMessage(postgres->connection));
        return NULL;
    }
    return postgres;
}

/* bytea[] in binary: dimensions, no nulls, element type, length, lower bound, elements. */
static void put_array(struct postgres *postgres, size_t first, size_t count)
{
    struct buf *array = &postgres->array;
    buf_clear(array);
    buf_put_u32(array, 1);
    buf_put_u32(array, 0);
    buf_put_u32(array, BYTEA_OID);
    buf_put_u32(array, (uint32_t)count);
    buf_put_u32(array, 1);
    for (size_t i = first; i < first + count; i++) {
        const struct wire_envelope *envelope = &postgres->share->events.envelope[i];
        buf_put_u32(array, (uint32_t)load_event_size(envelope));
        load_put_event(array, envelope);
    }
}

static void postgres_send(void *self, size_t first, size_t count)
{
    struct postgres *postgres = self;
    const char *value = NULL;
    const int format = 1;
    put_array(postgres, first, count);
    const int length = (int)postgres->array.size;
    value = (const char *)postgres->array.data;
    if (postgres->array.err != ERR_NONE ||
        PQsendQueryPrepared(postgres->connection, "put", 1, &value, &length, &format, 1) != 1 ||
        PQpipelineSync(postgres->connection) != 1) {
        load_give_up(PQerrorMessage(postgres->connection));
    }
    postgres->waiting[postgres->sent++ % LOAD_WINDOW_MAX] = count;
    postgres->share->sent_bytes += postgres->array.size;
}

static size_t postgres_receive(void *self)
{
    struct postgres *postgres = self;
    size_t count = postgres->waiting[postgres->answered % LOAD_WINDOW_MAX];
    bool synced = false;
    if (PQflush(postgres->connection) != 0) {
        load_give_up(PQerrorMessage(postgres->connection));
    }
    /* The command's result, a NULL behind it, then the sync. */
    while (!synced) {
        PGresult *result = PQgetResult(postgres->connection);
        ExecStatusType status = PQresultStatus(result);
        synced = status == PGRES_PIPELINE_SYNC;
        if (result != NULL && !synced && status != PGRES_COMMAND_OK) {
            postgres->share->refused += count;
        }
        PQclear(result);
    }
    postgres->answered++;
    return count;
}

static void postgres_close(void *self)
{
    struct postgres *postgres = self;
    PQfinish(postgres->connection);
    buf_done(&postgres->array);
    free(postgres);
}

const struct load_driver load_postgres = {"postgres",       postgres_open, postgres_send,
                                          postgres_receive, NULL,          postgres_close};
