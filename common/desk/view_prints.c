#include "desk/view_prints.h"

#include "base/text.h"
#include "forms/forms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void key_put_hex(struct buf *key, const uint8_t *bytes, size_t size)
{
    buf_put_text(key, " ");
    if (bytes != NULL) {
        text_put_hex(key, span_of(bytes, size));
    }
}

void view_print_begin(struct view_print *print, const struct looking *looking,
                      const struct views_view *view)
{
    static const char purpose[] = "jieli view content 1";
    const struct forms_form *form = forms_find(view->form);
    const struct views_scope *scope = &looking->scope;
    struct buf key;
    memset(print, 0, sizeof *print);
    print->view = view;
    buf_init(&key, VIEW_PRINT_KEY_SIZE - 1);
    buf_put_format(&key, "%s %d %d %zu %zu", view->name, (int)scope->from_day,
                   (int)scope->until_day, looking->page.offset, looking->page.limit);
    key_put_hex(&key, scope->station, LIMIT_KEY_SIZE);
    key_put_hex(&key, scope->staff, LIMIT_ID_SIZE);
    (void)snprintf(print->key, sizeof print->key, "%s", buf_text(&key));
    buf_done(&key);
    print->about = (struct prints_about){.kind = form == NULL ? PRINTS_LEDGER : form->number,
                                         .key = span_text(print->key),
                                         .cited = span_of(print->hash, LIMIT_HASH_SIZE)};
    seal_sha256_init(&print->sha);
    seal_sha256_update(&print->sha, span_of(purpose, sizeof purpose));
}

static void put_bytes(struct view_print *print, struct span bytes)
{
    uint8_t size[4];
    put_u32(size, (uint32_t)bytes.size);
    seal_sha256_update(&print->sha, span_of(size, sizeof size));
    seal_sha256_update(&print->sha, bytes);
}

void view_print_row(struct view_print *print, const struct views_row *row)
{
    for (size_t i = 0; i < row->count; i++) {
        const struct views_cell *cell = &row->cell[i];
        uint8_t head[1 + 8];
        bool sealed = cell->kind == VIEWS_CELL_SEALED;
        head[0] = (uint8_t)cell->kind;
        put_u64(head + 1, sealed ? 0 : (uint64_t)cell->number);
        seal_sha256_update(&print->sha, span_of(head, sizeof head));
        if (!sealed) {
            put_bytes(print, cell->bytes);
            put_bytes(print, cell->text == NULL ? span_of(NULL, 0) : span_text(cell->text));
        }
    }
}

void view_print_look(struct view_print *print, struct looking *looking)
{
    seal_sha256_final(&print->sha, print->hash);
    prints_look(looking->desk, &looking->txn, looking->desk->other, &print->about, &print->prints);
}

void view_print_put(const struct view_print *print, struct json_text *json)
{
    json_text_open(json, "print");
    prints_put(json, &print->prints);
    json_text_number(json, "same", print->prints.same);
    json_text_close(json);
}

static bool count_one(struct view_print *print, struct looking *looking)
{
    struct desk *desk = looking->desk;
    struct values *facts = malloc(sizeof *facts);
    uint8_t id[LIMIT_HASH_SIZE];
    char reason[LIMIT_CODE_SIZE];
    struct kv_txn txn;
    int64_t copies = 1;
    if (facts == NULL) {
        reply_err(looking->call->exchange, ERR_MEMORY);
        return false;
    }
    bool good = prints_read(looking->call, &copies, reason);
    if (good) {
        prints_facts(&print->prints, &print->about, copies, reason, facts);
        values_set_bytes(facts, FIELD_view, 0, span_text(print->view->name));
        values_set_number(facts, FIELD_from_day, 0, (uint64_t)looking->scope.from_day);
        values_set_number(facts, FIELD_until_day, 0, (uint64_t)looking->scope.until_day);
        good = prints_submit(desk, looking->call, &print->prints, facts, id);
    }
    free(facts);
    if (good) {
        kv_begin(desk->options.kv, false, &txn);
        prints_look(desk, &txn, desk->other, &print->about, &print->prints);
        kv_abort(&txn);
        json_text_hex(looking->json, "id", span_of(id, sizeof id));
    }
    return good;
}

static void view_print_count(struct view_print *print, struct looking *looking)
{
    looking_end(looking); /* the writer is the program's */
    if (!count_one(print, looking)) {
        buf_done(&looking->reply.body);
        return;
    }
    json_text_string(looking->json, "form", print->view->name);
    prints_put(looking->json, &print->prints);
    reply_send(&looking->reply, looking->call->exchange, 200);
}

void view_refuse_unknown(struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_view", "没有这个台账或一览。",
                                                 "There is no such view.", NULL};
    reply_problem(call->exchange, &unknown);
}

static bool hash_row(void *context, const struct views_row *row)
{
    view_print_row(context, row);
    return true;
}

static void count_view(struct desk *desk, struct desk_call *call, const struct views_view *view)
{
    struct looking looking = {.desk = desk, .call = call};
    struct view_print print;
    if (!looking_may(desk, call, view->who) ||
        !looking_begin(&looking, view->period == 0 ? POLICY_PERIOD_MONTH : view->period)) {
        return;
    }
    view_print_begin(&print, &looking, view);
    enum err err =
        views_list(looking.source, view, &looking.scope, &looking.page, NULL, hash_row, &print);
    if (err != ERR_NONE || looking.txn.err != ERR_NONE) {
        looking_send(&looking, err);
        return;
    }
    view_print_look(&print, &looking);
    view_print_count(&print, &looking);
}

/* VIEW/prints */
void desk_post_views(struct desk *desk, struct desk_call *call)
{
    enum { NAME_SIZE = 64 };
    static const char tail[] = "/prints";
    char name[NAME_SIZE];
    size_t size = strlen(call->tail);
    size_t end = sizeof tail - 1;
    bool good =
        size > end && size - end < sizeof name && strcmp(call->tail + size - end, tail) == 0;
    (void)snprintf(name, sizeof name, "%.*s", good ? (int)(size - end) : 0, call->tail);
    const struct views_view *view = good ? views_find(name) : NULL;
    if (view == NULL) {
        view_refuse_unknown(call);
    } else {
        count_view(desk, call, view);
    }
}
