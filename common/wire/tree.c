#include "wire/tree.h"

#include "base/text.h"

#include <jansson.h>
#include <string.h>

/* A tree is jansson's value itself; the struct is never defined. */
static const json_t *value_of(const struct wire_tree *tree)
{
    return (const json_t *)tree;
}

static const struct wire_tree *tree_of(const json_t *value)
{
    return (const struct wire_tree *)value;
}

/* jansson recurses a level a bracket; so brackets outside texts are counted first. */
static bool is_flat(struct span text)
{
    unsigned depth = 0;
    bool inside = false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (inside) {
            inside = c != '"';
            i += c == '\\' ? 1 : 0;
        } else {
            inside = c == '"';
            depth += c == '{' || c == '[' ? 1 : 0;
            depth -= (c == '}' || c == ']') && depth > 0 ? 1 : 0;
        }
        if (depth > WIRE_TREE_DEPTH) {
            return false;
        }
    }
    return true;
}

enum err wire_tree_open(struct span text, struct wire_tree **ret)
{
    json_error_t error;
    if (text.size > WIRE_TREE_SIZE) {
        return ERR_LIMIT;
    }
    if (text.size == 0 || !is_flat(text)) {
        return ERR_MALFORMED;
    }
    json_t *value = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        return ERR_MALFORMED;
    }
    *ret = (struct wire_tree *)value;
    return ERR_NONE;
}

void wire_tree_close(struct wire_tree *tree)
{
    json_decref((json_t *)tree);
}

const struct wire_tree *wire_tree_get(const struct wire_tree *tree, const char *name)
{
    return tree_of(json_object_get(value_of(tree), name));
}

const struct wire_tree *wire_tree_at(const struct wire_tree *tree, size_t index)
{
    return tree_of(json_array_get(value_of(tree), index));
}

size_t wire_tree_count(const struct wire_tree *tree)
{
    return json_array_size(value_of(tree));
}

void wire_tree_each(const struct wire_tree *tree, void *context,
                    void (*visit)(void *context, const char *name, const struct wire_tree *value))
{
    const char *name = NULL;
    json_t *value = NULL;
    json_t *object = NULL; /* jansson walks only what is not const; nothing is changed */
    memcpy(&object, &tree, sizeof(void *));
    json_object_foreach(object, name, value)
    {
        visit(context, name, tree_of(value));
    }
}

bool wire_tree_is_object(const struct wire_tree *tree)
{
    return json_is_object(value_of(tree));
}

bool wire_tree_is_list(const struct wire_tree *tree)
{
    return json_is_array(value_of(tree));
}

const char *wire_tree_text(const struct wire_tree *tree)
{
    return json_string_value(value_of(tree));
}

bool wire_tree_is_true(const struct wire_tree *tree)
{
    return json_is_true(value_of(tree));
}

bool wire_tree_number(const struct wire_tree *tree, int64_t *ret)
{
    const json_t *value = value_of(tree);
    const char *text = json_string_value(value);
    uint64_t number = 0;
    if (json_is_integer(value)) {
        *ret = json_integer_value(value);
        return true;
    }
    if (text == NULL || text_get_number(span_text(text), INT64_MAX, &number) != ERR_NONE) {
        return false;
    }
    *ret = (int64_t)number;
    return true;
}

const char *wire_tree_member(const struct wire_tree *tree, const char *name)
{
    const char *text = wire_tree_text(wire_tree_get(tree, name));
    return text == NULL ? "" : text;
}

static int put_piece(const char *data, size_t size, void *context)
{
    struct buf *ret = context;
    buf_put(ret, data, size);
    return ret->err == ERR_NONE ? 0 : -1;
}

void wire_tree_write(const struct wire_tree *tree, bool pretty, struct buf *ret)
{
    size_t flags = JSON_ENCODE_ANY | (pretty ? JSON_INDENT(2) : JSON_COMPACT);
    (void)json_dump_callback(value_of(tree), put_piece, ret, flags);
}
