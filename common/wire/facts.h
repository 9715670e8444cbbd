#ifndef JIELI_WIRE_FACTS_H
#define JIELI_WIRE_FACTS_H

/* Private to wire: the payload of an event <-> flat facts, by name over the descriptors. */

#include "wire/read.h"

/* Field of EventBody's oneof, its descriptor that of the message; NULL: no such payload. */
const ProtobufCFieldDescriptor *wire_payload_field(uint32_t payload);
const ProtobufCMessageDescriptor *wire_payload_type(uint32_t payload);
/* The fact of a payload's field, or of the entry of a list (list not NULL); FIELD_END: none. */
enum field wire_fact_of(const ProtobufCFieldDescriptor *list,
                        const ProtobufCFieldDescriptor *field);
/* The same, remembered: for every event that passes. */
enum field wire_payload_fact(uint32_t payload, const ProtobufCFieldDescriptor *list,
                             const ProtobufCFieldDescriptor *field);
/* Bytes an id or key of this fact has. */
size_t wire_fact_size(enum field field);

/* Codes, lengths of ids, no empty list entry, no more values than struct values holds. Lists are
 * bounded already, by whoever made the message. */
MUST_USE enum err wire_facts_check(uint32_t payload, const ProtobufCMessage *message);
/* message has passed the check; its values replace those of ret. */
void wire_facts_read(uint32_t payload, const ProtobufCMessage *message, struct values *ret);
/* The message lies in arena and borrows from facts. ERR_MALFORMED when a fact does not belong. */
MUST_USE enum err wire_facts_write(uint32_t payload, const struct values *facts,
                                   struct wire_arena *arena, ProtobufCMessage **ret);

#endif
