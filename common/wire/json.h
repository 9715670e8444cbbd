#ifndef JIELI_WIRE_JSON_H
#define JIELI_WIRE_JSON_H

#include "wire/wire.h"

/* protobuf <-> JSON by reflection over the generated descriptors, so the API, the commands and the
 * OpenAPI document come from one .proto: lowerCamel names, enum values by their names without the
 * prefix in lower case ("deficiency_notified"; numbers are accepted too), 64-bit numbers as
 * strings, ids and keys (bytes) as lower-case hex. Unknown names and wrong types are refused with
 * the field's name. */

struct wire_problem {
    char field[64];    /* JSON path, "" when unknown */
    char message[160]; /* one English sentence */
};

/* A payload such as {"case":{"verb":"accepted","item":"I04"}} -> payload number and facts.
 * ERR_MALFORMED with ret_problem filled. */
MUST_USE enum err wire_payload_from_json(struct span json, uint32_t *ret_payload,
                                         struct values *ret_facts,
                                         struct wire_problem *ret_problem);
/* Appends the payload as one JSON object, the inverse of the above. */
MUST_USE enum err wire_payload_to_json(uint32_t payload, const struct values *facts,
                                       struct buf *ret);
/* The whole event (header, payload) as one JSON object: auditor's stream, exports, API. */
MUST_USE enum err wire_event_to_json(const struct wire_event *event, struct buf *ret);

/* Sealed content: label (1 identity, 2 matter) and JSON object <-> protobuf bytes. */
MUST_USE enum err wire_sealed_from_json(uint32_t label, struct span json, struct buf *ret,
                                        struct wire_problem *ret_problem);
MUST_USE enum err wire_sealed_to_json(uint32_t label, struct span bytes, struct buf *ret);

/* A flat command-line style assignment: "materials[0].code" = "FORM" or "materials.0.code" adds to
 * the JSON object under construction; used by the commands: --materials ID:copy:2 is spelled
 * materials=ID,2,2,1 (fields in .proto order). payload names the message. */
struct wire_object; /* a JSON object under construction */
struct wire_object *wire_object_new(void);
void wire_object_free(struct wire_object *object);
/* name in lower-case with - or _ (as on the command line); ERR_NOT_FOUND when payload (or a label's
 * sealed message, payload = 1000 + label) has no such field, ERR_MALFORMED for a bad value. A list
 * field is appended to at each call. */
MUST_USE enum err wire_object_set(struct wire_object *object, uint32_t payload, const char *name,
                                  const char *value, struct wire_problem *ret_problem);
/* The object as JSON text of that payload, {"case":{...}}, or of a sealed message, {...}. */
MUST_USE enum err wire_object_json(const struct wire_object *object, uint32_t payload,
                                   struct buf *ret);
/* Each field a payload knows, for help texts and completions: calls visit(context, name, type). */
void wire_payload_fields(uint32_t payload, void *context,
                         void (*visit)(void *context, const char *name, const char *type));

/* The OpenAPI 3.1 document of these names, made at build time by deploy/openapi.py. */
struct span wire_openapi_json(void);

#endif
