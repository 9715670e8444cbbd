#include "http/client.h"

#include "base/check.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { CALL_TIMEOUT_MS = 30000, CALL_URL_SIZE = 4096, CALL_SOCKET_PATH_SIZE = 101 };

static pthread_once_t call_once = PTHREAD_ONCE_INIT;

static void call_start(void)
{
    CHECK(curl_global_init(CURL_GLOBAL_NOTHING) == CURLE_OK);
}

static size_t call_take(char *bytes, size_t one, size_t count, void *context)
{
    struct buf *body = context;
    (void)one;

    buf_put(body, bytes, count);
    return body->err == ERR_NONE ? count : 0;
}

/* Visible ASCII and what is beyond ASCII; blanks only where a header has them. */
static bool call_is_clean(const char *text, bool blanks)
{
    for (; *text != '\0'; text++) {
        const unsigned char letter = (unsigned char)*text;
        if (letter < ' ' || letter == 0x7f || (letter == ' ' && !blanks)) {
            return false;
        }
    }
    return true;
}

static enum err call_check(const struct http_call *call)
{
    if (strnlen(call->socket_path, CALL_SOCKET_PATH_SIZE) == CALL_SOCKET_PATH_SIZE) {
        return ERR_LIMIT;
    }
    if (call->path[0] != '/' || !call_is_clean(call->path, false) || call->method[0] == '\0' ||
        !call_is_clean(call->method, false)) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL; i++) {
        if (strchr(call->headers[i], ':') == NULL || !call_is_clean(call->headers[i], true)) {
            return ERR_MALFORMED;
        }
    }
    return ERR_NONE;
}

static enum err call_append(struct curl_slist **list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(*list, header);

    if (longer == NULL) {
        return ERR_MEMORY;
    }
    *list = longer;
    return ERR_NONE;
}

static enum err call_headers(const struct http_call *call, struct curl_slist **ret_list)
{
    static const char type_name[] = "Content-Type:";
    /* Without these curl would add its own. */
    enum err err = call_append(ret_list, "Expect:");
    bool typed = false;

    for (size_t i = 0; call->headers != NULL && call->headers[i] != NULL && err == ERR_NONE; i++) {
        typed = typed || strncasecmp(call->headers[i], type_name, sizeof type_name - 1) == 0;
        err = call_append(ret_list, call->headers[i]);
    }
    return err == ERR_NONE && !typed ? call_append(ret_list, type_name) : err;
}

static bool call_has_body(const struct http_call *call)
{
    return call->body.size > 0 || strcmp(call->method, "POST") == 0 ||
           strcmp(call->method, "PUT") == 0 || strcmp(call->method, "PATCH") == 0;
}

static enum err call_set(CURL *curl, const struct http_call *call, struct curl_slist *headers,
                         struct buf *body)
{
    const long timeout_ms = call->timeout_ms != 0 ? (long)call->timeout_ms : CALL_TIMEOUT_MS;
    struct buf url = {0};
    bool good = true;

    buf_init(&url, CALL_URL_SIZE);
    buf_put_text(&url, "http://localhost");
    buf_put_text(&url, call->path);
    good = url.err == ERR_NONE && curl_easy_setopt(curl, CURLOPT_URL, buf_text(&url)) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->socket_path) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, call_take) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, timeout_ms);
    if (strcmp(call->method, "HEAD") == 0) {
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (call_has_body(call)) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                               call->body.size > 0 ? (const char *)call->body.data : "");
    }
    buf_done(&url);
    return good ? ERR_NONE : ERR_LIMIT;
}

static enum err call_error(CURL *curl, CURLcode code, const struct buf *body)
{
    long number = 0;

    switch ((int)code) {
    case CURLE_OK:
        return ERR_NONE;
    case CURLE_COULDNT_CONNECT:
        (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
        return number == EACCES || number == EPERM ? ERR_AUTH : ERR_NOT_FOUND;
    case CURLE_OPERATION_TIMEDOUT:
        return ERR_BUSY;
    case CURLE_WRITE_ERROR:
        return body->err != ERR_NONE ? body->err : ERR_IO;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
        return ERR_MALFORMED;
    case CURLE_OUT_OF_MEMORY:
        return ERR_MEMORY;
    default:
        return ERR_IO;
    }
}

static void call_answer(CURL *curl, struct http_answer *ret)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    ret->status = (unsigned)status;
    ret->content_type[0] = '\0';
    if (type != NULL && strlen(type) < sizeof ret->content_type) {
        memcpy(ret->content_type, type, strlen(type) + 1);
    }
}

enum err http_call(const struct http_call *call, struct http_answer *ret)
{
    struct curl_slist *headers = NULL;
    CURL *curl = NULL;
    enum err err = call_check(call);

    if (err != ERR_NONE) {
        return err;
    }
    CHECK(pthread_once(&call_once, call_start) == 0);
    buf_clear(&ret->body);
    err = call_headers(call, &headers);
    if (err != ERR_NONE) {
        goto out;
    }
    curl = curl_easy_init();
    if (curl == NULL) {
        err = ERR_MEMORY;
        goto out;
    }
    err = call_set(curl, call, headers, &ret->body);
    if (err == ERR_NONE) {
        err = call_error(curl, curl_easy_perform(curl), &ret->body);
    }
    if (err == ERR_NONE) {
        call_answer(curl, ret);
    }
out:
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    return err;
}
