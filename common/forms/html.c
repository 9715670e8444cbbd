#include "forms/html.h"

#include <string.h>

static const char style_sheet[] =
    "@page{size:A4;margin:15mm 14mm}"
    "*{box-sizing:border-box}"
    "body{font-family:\"Noto Serif CJK SC\",SimSun,\"Songti SC\",serif;font-size:11pt;color:#000;"
    "background:#fff;max-width:182mm;margin:0 auto;line-height:1.45}"
    "body.wide{max-width:269mm}"
    ".station{text-align:center;font-size:12pt;margin:4mm 0 0}"
    "h1{text-align:center;font-size:20pt;letter-spacing:.25em;margin:1mm 0 1mm;font-weight:bold}"
    "html[lang=en] h1{letter-spacing:0}"
    ".other{text-align:center;font-size:9.5pt;color:#333;margin:0 0 3mm}"
    ".top{display:flex;justify-content:space-between;font-size:10pt;margin-bottom:1.5mm}"
    ".mark{font-weight:bold;border:1.5pt solid #000;padding:0 2mm}"
    ".note{font-size:10pt;margin:0 0 1.5mm}"
    "table{border-collapse:collapse;width:100%}"
    "table.grid{border:1.2pt solid #000}"
    "table.grid>tbody>tr>th,table.grid>tbody>tr>td,table.grid>thead>tr>th"
    "{border:.6pt solid #000;padding:1.4mm 2mm;vertical-align:middle;text-align:left;"
    "overflow-wrap:anywhere}"
    "table.grid>tbody>tr>th{width:30mm;font-weight:normal;text-align:center}"
    "thead th{text-align:center;font-weight:bold}"
    "td.list{padding:0!important}"
    "table.inner th,table.inner td{border:.4pt solid #555;padding:.9mm 1.5mm;font-size:10pt;"
    "text-align:left;font-weight:normal;overflow-wrap:anywhere;height:6.5mm}"
    "table.inner{border-style:hidden;table-layout:auto}"
    "table.inner th{background:#f2f2f2;text-align:center;white-space:nowrap}"
    "td.n{white-space:nowrap}"
    "table.inner.wide td{height:10mm}"
    "body.wide table.grid{font-size:9.5pt}"
    "td.pen{height:9mm}"
    ".signs{display:grid;grid-template-columns:1fr 1fr;gap:5mm 8mm;margin-top:6mm}"
    ".sign{display:flex;align-items:flex-end;white-space:nowrap}"
    ".sign i{flex:1;border-bottom:.6pt solid #000;margin:0 1mm;height:5mm;min-width:14mm}"
    ".foot{display:flex;justify-content:space-between;align-items:flex-end;margin-top:5mm}"
    ".foot .text{font-size:9pt;color:#222;flex:1;padding-right:4mm}"
    ".seal{width:44mm;height:32mm;border:.6pt dashed #777;border-radius:3mm;color:#555;"
    "display:flex;align-items:center;justify-content:center;font-size:10pt;margin:0 4mm}"
    ".qr{width:34mm;text-align:center;font-size:8.5pt}.qr svg{width:34mm;height:34mm;display:block}"
    "tr,.signs,.foot{break-inside:avoid}thead{display:table-header-group}"
    "@media screen{body{padding:8mm}}";

static const char style_wide[] = "@page{size:A4 landscape;margin:12mm 14mm}";

/* Characters that end or begin markup, by reference. */
static void put_escaped(struct buf *ret, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        switch (text.data[i]) {
        case '&':
            buf_put_text(ret, "&amp;");
            break;
        case '<':
            buf_put_text(ret, "&lt;");
            break;
        case '>':
            buf_put_text(ret, "&gt;");
            break;
        case '"':
            buf_put_text(ret, "&quot;");
            break;
        case '\'':
            buf_put_text(ret, "&#39;");
            break;
        case '\n':
            buf_put_text(ret, "<br>");
            break;
        default:
            buf_put_u8(ret, text.data[i]);
            break;
        }
    }
}

void forms_html_put(struct buf *ret, struct span text)
{
    struct buf plain;
    buf_init(&plain, FORMS_SHEET_SIZE);
    forms_text_put(&plain, text, true);
    put_escaped(ret, buf_span(&plain));
    if (plain.err != ERR_NONE && ret->err == ERR_NONE) {
        ret->err = plain.err;
    }
    buf_done(&plain);
}

static void put_text(struct buf *ret, const char *text)
{
    forms_html_put(ret, span_text(text == NULL ? "" : text));
}

static const char *chosen(bool english, const char *zh, const char *en)
{
    return english ? en : zh;
}

static void put_head(struct buf *ret, const char *title, bool english, bool wide)
{
    buf_put_format(ret,
                   "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">"
                   "<meta name=\"viewport\" content=\"width=device-width\"><title>",
                   english ? "en" : "zh-CN");
    put_text(ret, title);
    buf_put_text(ret, "</title><style>");
    buf_put_text(ret, style_sheet);
    buf_put_text(ret, wide ? style_wide : "");
    buf_put_format(ret, "</style></head>\n<body%s>\n", wide ? " class=\"wide\"" : "");
}

/* --- one form --- */

/* Number of the sheet, 补打, preview; what it replaces. */
static void put_number(const struct forms_page *page, struct buf *ret)
{
    bool english = page->english;
    buf_put_text(ret, english ? "  No. " : "　第 ");
    put_text(ret, page->number[0] == 0 ? "——" : page->number);
    buf_put_text(ret, english ? "</span>" : " 号</span>");
    if (page->number[0] == 0) {
        buf_put_format(ret, "<span class=\"mark\">%s</span>",
                       chosen(english, "预览 · 不作凭据", "preview, not valid"));
    } else if (page->print > 1) {
        buf_put_format(ret,
                       english ? "<span class=\"mark\">reprint, sheet %u</span>"
                               : "<span class=\"mark\">补打 · 第 %u 次打印</span>",
                       page->print);
    }
    buf_put_text(ret, "</div>\n");
    if (page->replaces[0] != 0) {
        buf_put_text(ret, "<p class=\"note\">");
        buf_put_text(ret, chosen(english, "本单更正并代替原第 ", "Corrects and replaces No. "));
        put_text(ret, page->replaces);
        buf_put_text(ret, chosen(english, " 号，原单作废。", ", which is void."));
        buf_put_text(ret, "</p>");
    }
}

static void put_title(const struct forms_page *page, struct buf *ret)
{
    bool english = page->english;
    buf_put_text(ret, "<p class=\"station\">");
    put_text(ret, page->station);
    buf_put_text(ret, "</p><h1>");
    put_text(ret, chosen(english, page->form->zh, page->form->en));
    buf_put_text(ret, "</h1><p class=\"other\">");
    put_text(ret, chosen(english, page->form->en, page->form->zh));
    buf_put_text(ret, "</p><div class=\"top\"><span>");
    put_text(ret, page->form->id);
    put_number(page, ret);
}

struct table_walk {
    struct buf *ret;
    size_t columns;
};

/* A day, a number, a name stay on one line. */
static const char *cell_tag(struct span text)
{
    enum { UNBROKEN_SIZE = 18 /* bytes: six characters, or a date and time */ };
    return text.size > 0 && text.size <= UNBROKEN_SIZE ? "<td class=\"n\">" : "<td>";
}

static void put_table_cell(void *context, size_t row, size_t column, struct span text)
{
    struct table_walk *walk = context;
    (void)row;
    buf_put_text(walk->ret, column == 0 ? "<tr>" : "");
    buf_put_text(walk->ret, cell_tag(text));
    put_escaped(walk->ret, text);
    buf_put_text(walk->ret, column + 1 == walk->columns ? "</td></tr>\n" : "</td>");
}

/* Too many columns to stand beside a label. */
static bool is_wide(const struct forms_cell *cell)
{
    enum { BESIDE_COLUMNS = 4 };
    return cell->column_count > BESIDE_COLUMNS;
}

static void put_table(const struct forms_page *page, const struct forms_cell *cell, struct buf *ret)
{
    struct table_walk walk = {ret, cell->column_count};
    buf_put_text(ret, is_wide(cell) ? "<table class=\"inner wide\"><thead><tr>"
                                    : "<table class=\"inner\"><thead><tr>");
    for (size_t i = 0; i < cell->column_count; i++) {
        buf_put_text(ret, "<th>");
        put_text(ret, chosen(page->english, cell->columns[i].zh, cell->columns[i].en));
        buf_put_text(ret, "</th>");
    }
    buf_put_text(ret, "</tr></thead><tbody>\n");
    forms_cell_each(page->sheet, cell, &walk, put_table_cell);
    buf_put_text(ret, "</tbody></table>");
}

static bool is_short(const struct forms_page *page, const struct forms_cell *cell)
{
    enum { SHORT_SIZE = 60 /* bytes: some twenty characters */, LABEL_SIZE = 30 };
    struct span text = forms_cell_text(page->sheet, cell);
    return cell->columns == NULL && text.size <= SHORT_SIZE &&
           strlen(cell->line->zh) <= LABEL_SIZE &&
           (text.size == 0 || memchr(text.data, '\n', text.size) == NULL);
}

static void put_cell(const struct forms_page *page, const struct forms_cell *cell, bool whole,
                     struct buf *ret)
{
    const char *span = whole ? " colspan=\"3\"" : "";
    buf_put_text(ret, is_wide(cell) ? "<th colspan=\"4\">" : "<th>");
    put_text(ret, chosen(page->english, cell->line->zh, cell->line->en));
    if (is_wide(cell)) {
        buf_put_text(ret, "</th></tr><tr><td class=\"list\" colspan=\"4\">");
        put_table(page, cell, ret);
    } else if (cell->columns != NULL) {
        buf_put_format(ret, "</th><td class=\"list\"%s>", span);
        put_table(page, cell, ret);
    } else {
        buf_put_format(ret, cell->by_hand ? "</th><td class=\"pen\"%s>" : "</th><td%s>", span);
        put_escaped(ret, forms_cell_text(page->sheet, cell));
    }
    buf_put_text(ret, "</td>");
}

static bool is_sign(const struct forms_cell *cell)
{
    return cell->line->need == FORMS_HAND;
}

/* Two short lines share a row. */
static void put_grid(const struct forms_page *page, struct buf *ret)
{
    const struct forms_sheet *sheet = page->sheet;
    buf_put_text(ret, "<table class=\"grid\"><tbody>\n");
    for (size_t i = 0; i < sheet->cell_count; i++) {
        const struct forms_cell *cell = &sheet->cells[i];
        if (is_sign(cell)) {
            continue;
        }
        const struct forms_cell *next = i + 1 < sheet->cell_count ? cell + 1 : NULL;
        bool pair = is_short(page, cell) && next != NULL && !is_sign(next) && is_short(page, next);
        buf_put_text(ret, "<tr>");
        put_cell(page, cell, !pair, ret);
        if (pair) {
            put_cell(page, next, false, ret);
            i++;
        }
        buf_put_text(ret, "</tr>\n");
    }
    buf_put_text(ret, "</tbody></table>\n");
}

static void put_signs(const struct forms_page *page, struct buf *ret)
{
    buf_put_text(ret, "<div class=\"signs\">");
    for (size_t i = 0; i < page->sheet->cell_count; i++) {
        const struct forms_cell *cell = &page->sheet->cells[i];
        if (is_sign(cell)) {
            buf_put_text(ret, "<div class=\"sign\">");
            put_text(ret, chosen(page->english, cell->line->zh, cell->line->en));
            buf_put_text(ret, page->english ? ":<i></i>date<i></i></div>"
                                            : "：<i></i>　　年　　月　　日</div>");
        }
    }
    buf_put_text(ret, "</div>\n");
}

static void put_foot(const struct forms_page *page, struct buf *ret)
{
    const struct forms_form *form = page->form;
    buf_put_text(ret, "<div class=\"foot\"><div class=\"text\">");
    put_text(ret, chosen(page->english, form->kept_zh, form->kept_en));
    buf_put_text(ret, "<br>");
    put_text(ret, chosen(page->english, "依据：", "Source: "));
    put_text(ret, form->source);
    buf_put_text(ret, "<br>");
    put_text(ret, chosen(page->english, "打印时间：", "Printed: "));
    put_text(ret, page->time);
    buf_put_text(ret, "</div>");
    if (form->has_seal) {
        buf_put_format(ret, "<div class=\"seal\">%s</div>",
                       chosen(page->english, "（盖章处）", "(seal)"));
    }
    if (page->qr.size > 0) {
        buf_put_text(ret, "<div class=\"qr\">");
        buf_put_span(ret, page->qr);
        put_text(ret, chosen(page->english, "核对码 ", "check "));
        put_text(ret, page->tail);
        buf_put_text(ret, "</div>");
    }
    buf_put_text(ret, "</div>\n");
}

void forms_page_put(const struct forms_page *page, struct buf *ret)
{
    put_head(ret, chosen(page->english, page->form->zh, page->form->en), page->english, false);
    put_title(page, ret);
    put_grid(page, ret);
    put_signs(page, ret);
    put_foot(page, ret);
    buf_put_text(ret, "</body></html>\n");
}

/* --- a ledger --- */

static void put_rows(const struct forms_ledger *ledger, struct buf *ret)
{
    size_t column = 0;
    for (size_t at = 0; at < ledger->cells.size && ledger->column_count > 0;) {
        const uint8_t *data = ledger->cells.data + at;
        const uint8_t *nul = memchr(data, 0, ledger->cells.size - at);
        size_t size = nul == NULL ? ledger->cells.size - at : (size_t)(nul - data);
        buf_put_text(ret, column == 0 ? "<tr>" : "");
        buf_put_text(ret, cell_tag(span_of(data, size)));
        forms_html_put(ret, span_of(data, size));
        column = (column + 1) % ledger->column_count;
        buf_put_text(ret, column == 0 ? "</td></tr>\n" : "</td>");
        at += size + 1;
    }
}

void forms_ledger_put(const struct forms_ledger *ledger, struct buf *ret)
{
    bool english = ledger->english;
    const struct forms_page page = {.number = ledger->number,
                                    .print = ledger->print,
                                    .replaces = ledger->replaces,
                                    .english = english};
    put_head(ret, chosen(english, ledger->title_zh, ledger->title_en), english, true);
    buf_put_text(ret, "<p class=\"station\">");
    put_text(ret, ledger->station);
    buf_put_text(ret, "</p><h1>");
    put_text(ret, chosen(english, ledger->title_zh, ledger->title_en));
    buf_put_text(ret, "</h1><div class=\"top\"><span>");
    put_text(ret, ledger->form == NULL ? "" : ledger->form->id);
    buf_put_text(ret, "　");
    put_text(ret, ledger->span);
    put_number(&page, ret);
    buf_put_text(ret, "<p class=\"note\">");
    put_text(ret, chosen(english, "打印时间：", "Printed: "));
    put_text(ret, ledger->time);
    buf_put_text(ret, "</p>\n<table class=\"grid\"><thead><tr>");
    for (size_t i = 0; i < ledger->column_count; i++) {
        buf_put_text(ret, "<th>");
        put_text(ret, chosen(english, ledger->columns[i].zh, ledger->columns[i].en));
        buf_put_text(ret, "</th>");
    }
    buf_put_text(ret, "</tr></thead><tbody>\n");
    put_rows(ledger, ret);
    buf_put_text(ret, "</tbody></table>\n");
    if (ledger->form != NULL) {
        buf_put_text(ret, "<div class=\"foot\"><div class=\"text\">");
        put_text(ret, chosen(english, ledger->form->kept_zh, ledger->form->kept_en));
        buf_put_text(ret, "<br>");
        put_text(ret, chosen(english, "依据：", "Source: "));
        put_text(ret, ledger->form->source);
        buf_put_text(ret, "</div></div>");
    }
    buf_put_text(ret, "</body></html>\n");
}
