#ifndef JIELI_PRINT_QR_H
#define JIELI_PRINT_QR_H

#include "base/span.h"

/* QR codes (ISO/IEC 18004, error correction M) for slips: on a terminal and as SVG. */
enum { QR_TEXT_SIZE = 1024 };

struct qr;

/* ERR_LIMIT: longer than QR_TEXT_SIZE. ERR_MALFORMED: empty, or with a NUL. */
MUST_USE enum err qr_new(struct span text, struct qr **ret_qr);
void qr_free(struct qr *qr);
unsigned qr_size(const struct qr *qr); /* modules a side, without the quiet zone */
bool qr_is_dark(const struct qr *qr, unsigned column, unsigned row);
/* Appends lines of half blocks with the quiet zone of four modules. The light modules are drawn, so
 * that it is right on a dark terminal; on_paper: the dark ones are. */
void qr_put_blocks(const struct qr *qr, bool on_paper, struct buf *ret);
/* Appends one <svg> element, black on white, of one unit a module. */
void qr_put_svg(const struct qr *qr, struct buf *ret);

#endif
