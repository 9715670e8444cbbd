#ifndef JIELI_WIRE_FRAME_H
#define JIELI_WIRE_FRAME_H

/* Private to wire: one set of checks for frames read and frames about to be sent. */

#include "sync.pb-c.h"
#include "wire/read.h"

/* Lists are bounded already, by the reader or the writer. */
MUST_USE enum err wire_frame_check(const Jieli__V1__Frame *frame);

#endif
