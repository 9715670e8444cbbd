#ifndef JIELI_NODE_CLOCK_H
#define JIELI_NODE_CLOCK_H

#include "base/limits.h"
#include "base/span.h"

/* The only place that reads the machine's clocks; all else gets the time as a parameter. */

/* Milliseconds since 1970 UTC, with the offset. Data for records, never for waiting. 0 when the
 * machine thinks it is before 1970. */
uint64_t clock_wall_ms(void);
/* Milliseconds since boot, counting sleep; never goes back within one boot. No offset. */
uint64_t clock_mono_ms(void);
/* For demos and drills only (--clock-offset): shifts clock_wall_ms of this process. What is
 * written under an offset is as false as its dates. */
void clock_set_offset_ms(int64_t offset_ms);
/* A new one at each boot of the machine. */
MUST_USE enum err clock_boot_id(uint8_t ret[LIMIT_ID_SIZE]);

#endif
