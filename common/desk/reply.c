#include "desk/reply.h"

#include "rules/rule.h"

#define TYPE_JSON "application/json"
#define TYPE_PROBLEM "application/problem+json"

enum { HTTP_CONFLICT = 409, HTTP_BROKEN = 500, HTTP_LATER = 503, PROBLEM_SIZE = 16 * 1024 };

static void send_body(struct buf *body, struct http_exchange *exchange, unsigned status,
                      const char *type)
{
    static const char failed[] = "{\"status\":500,\"code\":\"too_large\",\"zh\":\"回答过长。\","
                                 "\"en\":\"The answer is too large.\"}";
    bool good = body->err == ERR_NONE;
    const struct http_reply reply = {.status = good ? status : HTTP_BROKEN,
                                     .content_type = good ? type : TYPE_PROBLEM,
                                     .body = good ? buf_span(body) : span_text(failed)};
    http_exchange_reply(exchange, &reply);
}

void reply_begin(struct reply *reply)
{
    buf_init(&reply->body, REPLY_SIZE);
    json_text_init(&reply->json, &reply->body);
    json_text_open(&reply->json, NULL);
}

void reply_send(struct reply *reply, struct http_exchange *exchange, unsigned status)
{
    json_text_close(&reply->json);
    send_body(&reply->body, exchange, status, TYPE_JSON);
    buf_done(&reply->body);
}

static void put_problem(struct json_text *json, const struct reply_problem *problem)
{
    json_text_number(json, "status", problem->status);
    json_text_string(json, "code", problem->code);
    json_text_string(json, "zh", problem->zh);
    json_text_string(json, "en", problem->en);
    if (problem->field != NULL && problem->field[0] != 0) {
        json_text_string(json, "field", problem->field);
    }
}

void reply_problem(struct http_exchange *exchange, const struct reply_problem *problem)
{
    struct buf body;
    struct json_text json;
    buf_init(&body, PROBLEM_SIZE);
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    put_problem(&json, problem);
    json_text_close(&json);
    send_body(&body, exchange, problem->status, TYPE_PROBLEM);
    buf_done(&body);
}

void reply_err(struct http_exchange *exchange, enum err err)
{
    struct reply_problem problem = {HTTP_BROKEN, err_name(err), "本机程序出错，没有写入。",
                                    "The program failed.", NULL};
    if (err == ERR_BUSY) {
        problem.status = HTTP_LATER;
        problem.zh = "暂时不能办理，请稍后再试。";
        problem.en = "Not possible just now. Try again later.";
    } else if (err == ERR_FULL) {
        problem.status = HTTP_LATER;
        problem.zh = "磁盘已满，没有写入。请腾出空间后再试。";
        problem.en = "The disk is full; nothing was written. Make room and try again.";
    } else if (err == ERR_STORE) {
        problem.zh = "存储出错，结果不明。请查看记录后再决定是否重做。";
        problem.en = "The store failed and the outcome is unknown. Look before you do it again.";
    } else if (err == ERR_STATE) {
        problem.status = HTTP_LATER;
        problem.zh = "本机还没有收到生效的目录、参数或日历。请先与镇中心同步。";
        problem.en = "No editions in force have arrived yet. Sync with the hub first.";
    }
    reply_problem(exchange, &problem);
}

void reply_refusal(struct http_exchange *exchange, uint32_t refusal)
{
    static const struct refusal_text unknown = {"UNKNOWN", "", "被规则拒绝。",
                                                "Refused by a rule."};
    const struct refusal_text *text = refusal_text(refusal);
    struct buf body;
    struct json_text json;
    text = text == NULL ? &unknown : text;
    const struct reply_problem problem = {HTTP_CONFLICT, "refused", text->zh, text->en, NULL};
    buf_init(&body, PROBLEM_SIZE);
    json_text_init(&json, &body);
    json_text_open(&json, NULL);
    put_problem(&json, &problem);
    json_text_open(&json, "refusal");
    json_text_number(&json, "number", refusal);
    json_text_string(&json, "name", text->name);
    json_text_string(&json, "article", text->article);
    json_text_string(&json, "zh", text->zh);
    json_text_string(&json, "en", text->en);
    json_text_close(&json);
    json_text_close(&json);
    send_body(&body, exchange, HTTP_CONFLICT, TYPE_PROBLEM);
    buf_done(&body);
}
