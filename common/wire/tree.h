#ifndef JIELI_WIRE_TREE_H
#define JIELI_WIRE_TREE_H

#include "base/span.h"

/* Any JSON text, read only: small requests of the API and, in the commands, its answers. A missing
 * member, or one of another type, reads as NULL, 0 or false, and so does anything inside it. */
struct wire_tree;

enum { WIRE_TREE_SIZE = 8 * 1024 * 1024, WIRE_TREE_DEPTH = 16 };

/* ERR_MALFORMED: not JSON, a name twice, deeper than WIRE_TREE_DEPTH; ERR_LIMIT: too long. */
MUST_USE enum err wire_tree_open(struct span text, struct wire_tree **ret);
void wire_tree_close(struct wire_tree *tree);

/* All views live until wire_tree_close of the tree they came from. */
const struct wire_tree *wire_tree_get(const struct wire_tree *tree, const char *name);
const struct wire_tree *wire_tree_at(const struct wire_tree *tree, size_t index);
size_t wire_tree_count(const struct wire_tree *tree); /* entries of a list, else 0 */
/* Members of an object, in the order of the text. */
void wire_tree_each(const struct wire_tree *tree, void *context,
                    void (*visit)(void *context, const char *name, const struct wire_tree *value));
bool wire_tree_is_object(const struct wire_tree *tree);
bool wire_tree_is_list(const struct wire_tree *tree);
const char *wire_tree_text(const struct wire_tree *tree); /* NULL: no text */
bool wire_tree_is_true(const struct wire_tree *tree);
/* A whole number, or a text of decimal digits. */
bool wire_tree_number(const struct wire_tree *tree, int64_t *ret);
/* The member as text, "" when there is none. */
const char *wire_tree_member(const struct wire_tree *tree, const char *name);
/* Appends it as JSON text; failures stick in the buffer. */
void wire_tree_write(const struct wire_tree *tree, bool pretty, struct buf *ret);

#endif
