#ifndef JIELI_WIRE_JSON_NAMES_H
#define JIELI_WIRE_JSON_NAMES_H

/* Private to wire: the names that JSON and commands use, and the walk from JSON to a message. */

#include "wire/json.h"
#include "wire/read.h"

#include <jansson.h>

enum { WIRE_NAME_SIZE = 64, WIRE_SEALED_PAYLOAD = 1000, WIRE_JSON_DEPTH = 8 };

/* "own_duty" -> "ownDuty". */
void wire_json_name(const char *name, char ret[WIRE_NAME_SIZE]);
/* By its JSON name; NULL when there is none. */
const ProtobufCFieldDescriptor *wire_json_field(const ProtobufCMessageDescriptor *type,
                                                const char *name);
/* "CASE_FINISHED" of CaseVerb -> "finished"; false for a number without a name. */
bool wire_enum_name(const ProtobufCEnumDescriptor *type, int number, char ret[WIRE_NAME_SIZE]);
/* The inverse; a dash counts as an underscore. */
bool wire_enum_number(const ProtobufCEnumDescriptor *type, const char *name, uint64_t *ret);
/* Payload number, or WIRE_SEALED_PAYLOAD + label; NULL when there is none. */
const ProtobufCMessageDescriptor *wire_json_type(uint32_t payload);

/* Fills ret_problem; always ERR_MALFORMED. */
enum err wire_problem_set(struct wire_problem *ret_problem, const char *field, const char *format,
                          ...) __attribute__((format(printf, 3, 4)));
/* Parses a text of bounded size and depth that must be an object; the caller decrefs. */
MUST_USE enum err wire_json_load(struct span json, json_t **ret, struct wire_problem *ret_problem);
/* The message lies in arena. payload tells the shapes of ids and whether text is a code. */
MUST_USE enum err wire_json_read(uint32_t payload, json_t *object, struct wire_arena *arena,
                                 ProtobufCMessage **ret, struct wire_problem *ret_problem);
/* Appends message as an object. */
void wire_json_write(const ProtobufCMessage *message, struct buf *ret);

#endif
