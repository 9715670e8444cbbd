#include "node/clock.h"

#include "base/check.h"
#include "node/files.h"
#include "node/uuid.h"

#include <stdatomic.h>
#include <time.h>

enum { BOOT_TEXT_SIZE = UUID_TEXT_SIZE }; /* 36 digits and dashes, a line end */

static _Atomic int64_t clock_offset_ms;

static int64_t clock_read_ms(clockid_t clock)
{
    struct timespec now = {0};

    CHECK(clock_gettime(clock, &now) == 0);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_wall_ms(void)
{
    int64_t ms = 0;

    if (__builtin_add_overflow(clock_read_ms(CLOCK_REALTIME), clock_offset_ms, &ms) || ms < 0) {
        return 0;
    }
    return (uint64_t)ms;
}

uint64_t clock_mono_ms(void)
{
    return (uint64_t)clock_read_ms(CLOCK_BOOTTIME);
}

void clock_set_offset_ms(int64_t offset_ms)
{
    clock_offset_ms = offset_ms;
}

enum err clock_boot_id(uint8_t ret[LIMIT_ID_SIZE])
{
    struct buf text = {0};
    enum err err = ERR_NONE;

    buf_init(&text, BOOT_TEXT_SIZE);
    err = files_read("/proc/sys/kernel/random/boot_id", &text);
    if (err == ERR_NONE && (text.size != BOOT_TEXT_SIZE || text.data[text.size - 1] != '\n')) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        err = uuid_parse(span_of(text.data, text.size - 1), ret);
    }
    buf_done(&text);
    return err;
}
