#include "print/qr.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET = 4 };

struct qr {
    unsigned size;
    uint8_t dark[];
};

enum err qr_new(struct span text, struct qr **ret_qr)
{
    if (text.size > QR_TEXT_SIZE) {
        return ERR_LIMIT;
    }
    if (text.size == 0 || memchr(text.data, 0, text.size) != NULL) {
        return ERR_MALFORMED;
    }
    QRcode *code = QRcode_encodeData((int)text.size, text.data, 0, QR_ECLEVEL_M);
    if (code == NULL) {
        return errno == ENOMEM ? ERR_MEMORY : ERR_LIMIT;
    }
    size_t count = (size_t)code->width * (size_t)code->width;
    struct qr *qr = malloc(sizeof *qr + count);
    if (qr != NULL) {
        qr->size = (unsigned)code->width;
        for (size_t i = 0; i < count; i++) {
            qr->dark[i] = code->data[i] & 1;
        }
        *ret_qr = qr;
    }
    QRcode_free(code);
    return qr == NULL ? ERR_MEMORY : ERR_NONE;
}

void qr_free(struct qr *qr)
{
    free(qr);
}

unsigned qr_size(const struct qr *qr)
{
    return qr->size;
}

bool qr_is_dark(const struct qr *qr, unsigned column, unsigned row)
{
    return column < qr->size && row < qr->size && qr->dark[row * qr->size + column] != 0;
}

/* With the quiet zone: column and row count from its corner. */
static bool is_drawn(const struct qr *qr, bool on_paper, unsigned column, unsigned row)
{
    bool dark = column >= QUIET && row >= QUIET && qr_is_dark(qr, column - QUIET, row - QUIET);
    return row < qr->size + 2 * QUIET && dark == on_paper;
}

void qr_put_blocks(const struct qr *qr, bool on_paper, struct buf *ret)
{
    static const char *const blocks[] = {" ", "▀", "▄", "█"};
    unsigned side = qr->size + 2 * QUIET;
    for (unsigned row = 0; row < side; row += 2) {
        for (unsigned column = 0; column < side; column++) {
            unsigned upper = is_drawn(qr, on_paper, column, row) ? 1 : 0;
            unsigned lower = is_drawn(qr, on_paper, column, row + 1) ? 2 : 0;
            buf_put_text(ret, blocks[upper | lower]);
        }
        buf_put_text(ret, "\n");
    }
}

void qr_put_svg(const struct qr *qr, struct buf *ret)
{
    unsigned side = qr->size + 2 * QUIET;
    buf_put_format(ret,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" "
                   "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%uv%uH0z\"/>"
                   "<path d=\"",
                   side, side, side, side);
    for (unsigned row = 0; row < qr->size; row++) {
        for (unsigned column = 0; column < qr->size; column++) {
            if (qr_is_dark(qr, column, row)) {
                buf_put_format(ret, "M%u %uh1v1h-1z", column + QUIET, row + QUIET);
            }
        }
    }
    buf_put_text(ret, "\"/></svg>\n");
}
