#ifndef JIELI_WIRE_LEAF_H
#define JIELI_WIRE_LEAF_H

/* Private to wire: envelopes, as batches hold them. */

#include "event.pb-c.h"
#include "wire/fields.h"

MUST_USE enum err wire_envelope_check(const Jieli__V1__Envelope *envelope);
/* ret borrows from envelope. */
void wire_envelope_build(const struct wire_envelope *envelope, Jieli__V1__Envelope *ret);
/* By hand, as strictly as wire_read. ret borrows from bytes; after a failure it holds whatever was
 * read before it. */
MUST_USE enum err wire_envelope_read(struct span bytes, struct wire_envelope *ret);

#endif
