#ifndef JIELI_WIRE_ANSWER_H
#define JIELI_WIRE_ANSWER_H

/* Private to wire: the frames that answer pushes, by hand. */

#include "wire/wire.h"

/* Does this frame say it is an answer? */
bool wire_answer_is(struct span frame);
/* The whole frame, appended; the errors of wire_frame_encode. */
MUST_USE enum err wire_answer_write(const struct sync_answer *answer, struct buf *ret);
/* As strictly as wire_read. ret borrows from frame and is untouched on failure. */
MUST_USE enum err wire_answer_read(struct span frame, struct sync_frame *ret);

#endif
