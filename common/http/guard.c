#include "base/text.h"
#include "http/internal.h"

#include <string.h>
#include <strings.h>

/* Without the port; brackets of an IPv6 address belong to the name. */
static struct span guard_name(const char *host)
{
    const char *end = host[0] == '[' ? strchr(host, ']') : strrchr(host, ':');

    if (end == NULL) {
        return span_text(host);
    }
    return span_of(host, (size_t)(end - host) + (host[0] == '[' ? 1 : 0));
}

/* Nothing but ":digits" may follow the name. */
static bool guard_port_is_number(const char *host, struct span name)
{
    const char *rest = host + name.size;
    uint64_t port = 0;

    if (rest[0] == '\0') {
        return true;
    }
    return rest[0] == ':' && text_get_number(span_text(rest + 1), UINT16_MAX, &port) == ERR_NONE;
}

static bool guard_is(struct span name, const char *allowed)
{
    return name.size == strlen(allowed) &&
           strncasecmp((const char *)name.data, allowed, name.size) == 0;
}

bool http_guard_host(const char *host, const char *const *hosts, const char *own)
{
    static const char *const local[] = {"localhost", "127.0.0.1", "[::1]"};
    struct span name = {0};

    if (host == NULL) {
        return false;
    }
    name = guard_name(host);
    if (!guard_port_is_number(host, name)) {
        return false;
    }
    for (size_t i = 0; i < sizeof local / sizeof local[0]; i++) {
        if (guard_is(name, local[i])) {
            return true;
        }
    }
    for (size_t i = 0; hosts != NULL && hosts[i] != NULL; i++) {
        if (guard_is(name, hosts[i])) {
            return true;
        }
    }
    return guard_is(name, own);
}

bool http_guard_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");

    return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

bool http_guard_is_reading(const char *method)
{
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "OPTIONS") == 0;
}

size_t http_guard_unescape(char *text)
{
    const size_t size = strlen(text);
    size_t to = 0;

    for (size_t from = 0; from < size; from++) {
        uint8_t byte = 0;

        if (text[from] == '%' && size - from > 2 &&
            text_get_hex(span_of(text + from + 1, 2), &byte, 1) == ERR_NONE && byte != 0) {
            text[to++] = (char)byte;
            from += 2;
        } else {
            text[to++] = text[from];
        }
    }
    text[to] = '\0';
    return to;
}
