#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_int log_threshold = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&log_threshold, (int)level);
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "log";
}

void log_line(enum log_level level, const char *format, ...)
{
    if ((int)level > atomic_load(&log_threshold)) {
        return;
    }
    char line[1024];
    struct timespec now = {0};
    struct tm local = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%S%z ", &local);
    int more = snprintf(line + used, sizeof line - used, "%s ", level_name(level));
    used += more > 0 ? (size_t)more : 0;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line + used, sizeof line - used, format, args);
    va_end(args);
    (void)fprintf(stderr, "%s\n", line);
}
