#!/usr/bin/python3
"""Writes the OpenAPI 3.1 document of the API from the compiled .proto files.

Usage: openapi.py DESCRIPTOR_SET OUTPUT
DESCRIPTOR_SET: protoc --include_imports --include_source_info --descriptor_set_out=...
Names and types are those of common/wire/json.h; descriptions are the comments of the .proto.
"""
import json
import os
import re
import sys

from google.protobuf import descriptor_pb2

Field = descriptor_pb2.FieldDescriptorProto
MESSAGE_TYPE, ENUM_VALUES = 4, 2  # field numbers in FileDescriptorProto, EnumDescriptorProto
ENUM_TYPE, MESSAGE_FIELDS = 5, 2

ROOT = "EventBody"
# Payloads from here on are written by commands of their own or by the machine itself; they are in
# the stream of events, not in what people send.
FIRST_OF_DIRECTORY = 96
SEALED = {"identity": "Identity", "matter": "Matter"}
# Ids of people, records, hubs and boots; every other value of type bytes is a key or a hash.
SHORT_IDS = {
    "accused", "approval", "boot", "case_record", "children", "contact", "cover", "delegate",
    "handler", "hub", "leader", "people", "principal", "receiver", "record", "staff", "subject",
    "training", "witness",
}
LIST_COUNT, CODE_SIZE, TEXT_SIZE = 32, 64, 16 * 1024
PROBLEM_TYPE = "application/problem+json"
DECIMAL = "^(0|[1-9][0-9]{0,19})$"


class Schema:
    """All messages and enums of the files, with the comments that stand at them."""

    def __init__(self, files):
        self.messages, self.enums, self.comments, self.sealed = {}, {}, {}, set()
        for file in files:
            paths = {tuple(l.path): l for l in file.source_code_info.location}
            for index, message in enumerate(file.message_type):
                self.messages[message.name] = message
                self.comment(message.name, paths.get((MESSAGE_TYPE, index)))
                if file.name == "sealed.proto":
                    self.sealed.add(message.name)
                for number, field in enumerate(message.field):
                    place = (MESSAGE_TYPE, index, MESSAGE_FIELDS, number)
                    self.comment(f"{message.name}.{field.name}", paths.get(place))
            for index, enum in enumerate(file.enum_type):
                self.enums[enum.name] = enum
                self.comment(enum.name, paths.get((ENUM_TYPE, index)))
                for number, value in enumerate(enum.value):
                    place = (ENUM_TYPE, index, ENUM_VALUES, number)
                    self.comment(f"{enum.name}.{value.name}", paths.get(place))

    def comment(self, name, location):
        if location is None:
            return
        text = location.leading_comments.strip() + " " + location.trailing_comments.strip()
        text = " ".join(text.split())
        if text:
            self.comments[name] = text

    def described(self, name, schema):
        if name in self.comments:
            schema = dict(schema, description=self.comments[name])
        return schema


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def short(type_name):
    return type_name.rsplit(".", 1)[-1]


def reference(name):
    return {"$ref": f"#/components/schemas/{name}"}


def enum_schema(schema, enum):
    """Zero is absent, so its name is not offered."""
    prefix = os.path.commonprefix([value.name for value in enum.value])
    prefix = prefix[:prefix.rfind("_") + 1]
    names, lines = [], []
    for value in enum.value:
        if value.number == 0:
            continue
        name = value.name[len(prefix):].lower()
        names.append(name)
        comment = schema.comments.get(f"{enum.name}.{value.name}")
        lines.append(f"* {name}: {comment}" if comment else f"* {name}")
    text = schema.comments.get(enum.name)
    return {"type": "string", "enum": names,
            "description": "\n".join(([text] if text else []) + lines)}


def number_schema(field):
    if field.type == Field.TYPE_FIXED64:
        return {"type": "string", "pattern": DECIMAL}
    if field.type in (Field.TYPE_UINT32, Field.TYPE_FIXED32):
        return {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
    if field.type == Field.TYPE_BOOL:
        return {"type": "boolean"}
    raise SystemExit(f"openapi.py: no rule for the type of {field.name}")


def single_schema(schema, message, field):
    if field.type in (Field.TYPE_MESSAGE, Field.TYPE_ENUM):
        return reference(short(field.type_name))
    if field.type == Field.TYPE_BYTES:
        size = 16 if field.name in SHORT_IDS else 32
        return {"type": "string", "pattern": f"^[0-9a-f]{{{2 * size}}}$"}
    if field.type == Field.TYPE_STRING:
        if message.name in schema.sealed:
            return {"type": "string", "maxLength": TEXT_SIZE}
        size = 128 if field.name.endswith("origin") else CODE_SIZE
        return {"type": "string", "maxLength": size, "pattern": "^[ -~]*$"}
    return number_schema(field)


def field_schema(schema, message, field):
    made = single_schema(schema, message, field)
    if field.label == Field.LABEL_REPEATED:
        made = {"type": "array", "maxItems": LIST_COUNT, "items": made}
    return schema.described(f"{message.name}.{field.name}", made)


def message_schema(schema, message):
    made = {"type": "object", "additionalProperties": False,
            "properties": {camel(f.name): field_schema(schema, message, f)
                           for f in message.field}}
    return schema.described(message.name, made)


def reachable(schema, name, found):
    """Every message and enum that name leads to, itself included."""
    if name in found:
        return
    found.add(name)
    for field in schema.messages[name].field if name in schema.messages else ():
        if field.type_name:
            reachable(schema, short(field.type_name), found)


def back_entry_schema(schema):
    """As people write it: the time in words, in China."""
    code = {"type": "string", "maxLength": CODE_SIZE, "pattern": "^[ -~]*$"}
    made = {"type": "object", "additionalProperties": False, "required": ["serial", "time"],
            "properties": {
                "serial": schema.described("BackEntry.serial", code),
                "time": {"type": "string", "description": "2026-10-01 09:30, or ms as digits."},
                "reason": schema.described("BackEntry.reason", code)}}
    return schema.described("BackEntry", made)


def request_schema(schema):
    """One payload, and what may stand beside it."""
    root = schema.messages[ROOT]
    fields = {field.name: field for field in root.field}
    sent = [f for f in root.field
            if f.HasField("oneof_index") and f.number < FIRST_OF_DIRECTORY]
    properties = {"record": {"type": "string", "maxLength": 63,
                             "description": "Id or number of the record; absent: a new one."}}
    for field in sent:
        properties[camel(field.name)] = field_schema(schema, root, field)
    for name, message in SEALED.items():
        properties[name] = reference(message)
    properties["attestation"] = field_schema(schema, root, fields["attestation"])
    properties["backEntry"] = back_entry_schema(schema)
    properties["force"] = {"type": "boolean", "description": "Although a warning was shown."}
    return {"type": "object", "additionalProperties": False, "properties": properties,
            "oneOf": [{"required": [camel(field.name)]} for field in sent],
            "description": "Exactly one payload, the record it is about, and what is sealed or "
                           "attested beside it."}


def content(schema, kind="application/json"):
    return {kind: {"schema": schema}}


def texts(*names):
    return {name: {"type": "string"} for name in names}


def answer_schemas():
    """What the desk answers (common/desk/desk.h, reply.h)."""
    refusal = {"type": "object", "required": ["name", "article", "zh", "en"],
               "properties": dict(texts("name", "article", "zh", "en"),
                                  number={"type": "integer"})}
    problem = {"type": "object", "required": ["status", "code", "zh", "en"],
               "properties": dict(texts("code", "zh", "en"), status={"type": "integer"},
                                  field={"type": "string", "description": "JSON path."},
                                  refusal=refusal)}
    reply = {"type": "object", "required": ["record", "id", "seq", "standing", "form"],
             "properties": dict(
                 texts("record", "number", "id", "standing", "machine", "state"),
                 seq={"type": "string", "pattern": DECIMAL}, form={"type": "integer"})}
    return {"Problem": problem, "EventReply": reply}


# What people look at: path, operation, summary, members of the answer beside from and until.
LOOKS = (
    ("views", "listViews", "Ledgers, due lists, rosters, boards: names and columns.", ("views",)),
    ("views/{name}", "getView", "One view's rows; a cell is named as its column, words end in Zh "
     "and En, people are followed by their ids in ...Id, what is sealed shows as such.",
     ("view", "rows", "total", "next")),
    ("kpi", "listIndicators", "Indicators with both halves and target.", ("indicators",)),
    ("kpi/{name}/cases", "getIndicatorCases", "The records behind one indicator.", ("cases",)),
    ("findings", "listFindings", "Suspicions with trigger, article, record, events and cause.",
     ("findings", "total")),
    ("findings/{name}", "getFindings", "Those of one rule; \"rules\": all rules.",
     ("findings", "rules", "total")),
    ("appraisal", "getAppraisal", "The 100-point sheet of a station or person.",
     ("base", "deducted", "pending", "points", "gradeZh", "deductions")),
    ("appraisal/ranking", "getRanking", "Stations in order, and who was last how often.",
     ("ranking",)),
)


def look_paths():
    query = [{"name": name, "in": "query", "schema": {"type": kind}, "description": text}
             for name, kind, text in (
                 ("from", "string", "First day, 2026-10-01 or today."),
                 ("until", "string", "Last day; without both the running period."),
                 ("station", "string", "Village code."), ("staff", "string", "Id, or name here."),
                 ("offset", "integer", "Rows to leave out."),
                 ("limit", "integer", "Rows at most, 1 to 500; of a file 20000."),
                 ("format", "string", "Of a view: xlsx, csv or html instead of JSON."))]
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {}
    for path, operation, summary, members in LOOKS:
        answer = {"type": "object",
                  "properties": {member: {} for member in ("from", "until", *members)}}
        paths[f"/api/v1/{path}"] = {"get": {
            "operationId": operation, "summary": summary,
            "parameters": ([name] if "{name}" in path else []) + query,
            "responses": {"200": {"description": "As asked.", "content": content(answer)},
                          "default": {"description": "Not shown.", "content": content(
                              reference("Problem"), PROBLEM_TYPE)}}}}
    return paths


# Forms: path, operation, summary, method, type of the answer.
FORMS = (
    ("forms", "listForms", "The rule book's forms F01-F33.", "get", "application/json"),
    ("records/{id}/forms", "listRecordForms", "Those that exist for a record, how often printed.",
     "get", "application/json"),
    ("records/{id}/forms/{form}", "getRecordForm", "The filled lines; 422 names what is missing.",
     "get", "application/json"),
    ("records/{id}/forms/{form}/page", "getRecordFormPage", "For the printer; a preview unless "
     "its print was counted.", "get", "text/html"),
    ("records/{id}/forms/{form}/prints", "postRecordFormPrint", "Counts a print, reprint or "
     "replacement.", "post", "application/json"),
    ("forms/{form}/{about}", "getForm", "About an item or a person; without about the station.",
     "get", "application/json"),
    ("forms/{form}/{about}/page", "getFormPage", "Its page.", "get", "text/html"),
    ("forms/{form}/{about}/prints", "postFormPrint", "Counts a print.", "post",
     "application/json"),
    ("views/{name}/prints", "postViewPrint", "Counts a print of a view as it is now, by the "
     "query of its rows.", "post", "application/json"),
)


def form_paths():
    print_request = {"type": "object", "additionalProperties": False, "properties": {
        "copies": {"type": "integer", "minimum": 1, "maximum": 99},
        "reason": {"type": "string", "maxLength": CODE_SIZE, "description": "Of a reprint."}}}
    language = {"name": "lang", "in": "query", "schema": {"enum": ["zh", "en"]}}
    paths = {}
    for path, operation, summary, method, kind in FORMS:
        names = re.findall(r"{(\w+)}", path)
        asked = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                 for name in names]
        made = {"operationId": operation, "summary": summary,
                "parameters": asked + ([language] if names else []),
                "responses": {
                    "200": {"description": "As asked.", "content": content(
                        {"type": "object" if kind == "application/json" else "string"}, kind)},
                    "default": {"description": "Not shown, or not printed.", "content": content(
                        reference("Problem"), PROBLEM_TYPE)}}}
        if method == "post":
            made["requestBody"] = {"content": content(print_request)}
        paths[f"/api/v1/{path}"] = {method: made}
    return paths


def people_paths():
    phone = {"type": "string", "maxLength": 32, "pattern": "^[0-9+() -]*$",
             "description": "3 to 15 digits; empty: none any more."}
    person = {"name": "person", "in": "path", "required": True, "schema": {"type": "string"},
              "description": "Id, or name here."}
    answer = {"type": "object", "properties": {"staff": {"type": "string"}, "phone": phone}}
    responses = {"200": {"description": "As it is now.", "content": content(answer)},
                 "default": {"description": "Not shown, or not written.", "content": content(
                     reference("Problem"), PROBLEM_TYPE)}}
    request = {"type": "object", "additionalProperties": False, "required": ["phone"],
               "properties": {"phone": phone}}
    return {"/api/v1/people/{person}/phone": {
        "get": {"operationId": "getPhone", "summary": "How a person is reached.",
                "parameters": [person], "responses": responses},
        "post": {"operationId": "postPhone", "parameters": [person], "responses": responses,
                 "summary": "By the person, the station's head, the registrar or the hub's leader; "
                            "kept on this PC, in no event.",
                 "requestBody": {"required": True, "content": content(request)}}}}


def document(schema):
    found = set()
    for name in (ROOT, *SEALED.values()):
        reachable(schema, name, found)
    schemas = {"EventRequest": request_schema(schema)}
    for name in sorted(found):
        schemas[name] = (message_schema(schema, schema.messages[name])
                         if name in schema.messages else enum_schema(schema, schema.enums[name]))
    schemas.update(answer_schemas())
    post = {"operationId": "postEvent", "summary": "Writes one event as the person unlocked.",
            "requestBody": {"required": True, "content": content(reference("EventRequest"))},
            "responses": {
                "200": {"description": "Kept at a station, accepted at a hub.",
                        "content": content(reference("EventReply"))},
                "409": {"description": "Refused by a rule.",
                        "content": content(reference("Problem"), PROBLEM_TYPE)},
                "default": {"description": "Not written.",
                            "content": content(reference("Problem"), PROBLEM_TYPE)}}}
    return {"openapi": "3.1.0",
            "info": {"title": "Jieli", "version": "1",
                     "description": "64-bit numbers are decimal strings, ids and keys are "
                                    "lower-case hex, zero and empty members are left out."},
            "paths": {"/api/v1/events": {"post": post}, **look_paths(), **form_paths(),
                      **people_paths()},
            "components": {"schemas": schemas}}


def main(arguments):
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    files = descriptor_pb2.FileDescriptorSet()
    with open(arguments[0], "rb") as source:
        files.ParseFromString(source.read())
    made = document(Schema(files.file))
    text = json.dumps(made, ensure_ascii=False, indent=1)
    for name in re.findall(r'"#/components/schemas/(\w+)"', text):
        if name not in made["components"]["schemas"]:
            raise SystemExit(f"openapi.py: {name} is referred to and not there")
    with open(arguments[1], "w", encoding="utf-8") as target:
        target.write(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
