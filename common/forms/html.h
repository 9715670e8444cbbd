#ifndef JIELI_FORMS_HTML_H
#define JIELI_FORMS_HTML_H

#include "forms/forms.h"

/* A filled sheet as one HTML page for A4: no script, nothing loaded, everything escaped. */
struct forms_page {
    const struct forms_form *form;
    const struct forms_sheet *sheet;
    const char *station;  /* heads the page */
    const char *number;   /* of this sheet; "": a preview, marked as such */
    uint32_t print;       /* the how manieth sheet of the same content; above 1: 补打 */
    const char *replaces; /* number of the sheet that this one replaces; "" */
    const char *time;     /* of printing */
    const char *tail;     /* check characters under the QR: the event id's last ones */
    struct span qr;       /* an <svg> element of print/qr.h; empty: none */
    bool english;
};
/* Appends the page. Failures stick in ret. */
void forms_page_put(const struct forms_page *page, struct buf *ret);

/* A ledger: the rows of a view under its headings, landscape. Cells end with a NUL each, row by
 * row; their text may be anything. */
struct forms_ledger {
    const struct forms_form *form; /* NULL: a list that is no form of the book */
    const char *title_zh;
    const char *title_en;
    const char *station;
    const char *span; /* "2026-09-01 — 2026-09-30" */
    const char *time;
    const char *number; /* these three as of a page */
    uint32_t print;
    const char *replaces;
    const struct forms_column *columns;
    size_t column_count;
    struct span cells;
    bool english;
};
void forms_ledger_put(const struct forms_ledger *ledger, struct buf *ret);

/* Appends text escaped for HTML, made harmless as forms_text_put does; line feeds become <br>. */
void forms_html_put(struct buf *ret, struct span text);

#endif
