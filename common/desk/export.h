#ifndef JIELI_DESK_EXPORT_H
#define JIELI_DESK_EXPORT_H

#include "desk/inside.h"

/* Private to desk: the answer of a list, {"view":{"zh","en","form","columns":[{"name","zh","en"}]},
 * "rows":[{...}]}, as a file: format xlsx or csv, or html, a page for A4 across. */

/* Is such a file asked for by ?format=? Answers 400 to a format that there is not: ret_bad. */
bool export_is_asked(struct desk_call *call, bool *ret_bad);
/* Answers with the file made of that JSON text. */
void export_send(struct desk *desk, struct desk_call *call, struct span json);

#endif
