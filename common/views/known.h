#ifndef JIELI_VIEWS_KNOWN_H
#define JIELI_VIEWS_KNOWN_H

#include "views/findings.h"
#include "views/inside.h"

/* Private to findings: facts gathered once, before any rule is asked. */

enum { VIEWS_FIGURES = 10 };

/* Somebody stood in for staff on those days. */
struct views_cover {
    uint8_t staff[LIMIT_ID_SIZE];
    int32_t from_day;
    int32_t until_day;
};
/* A station without power or network. */
struct views_outage {
    uint8_t station[LIMIT_KEY_SIZE];
    int32_t from_day;
    int32_t until_day;
};
/* A report, what it says and what the events say. */
struct views_report {
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t station[LIMIT_KEY_SIZE];
    int32_t from_day;
    int32_t until_day;
    bool of_archive; /* 归档目录: which figures it has */
    uint64_t claimed[VIEWS_FIGURES];
    uint64_t recomputed[VIEWS_FIGURES];
};

struct views_known {
    struct views_look look;
    enum err err;
    size_t cover_count;
    struct views_cover *cover;
    size_t outage_count;
    struct views_outage *outage;
    size_t report_count;
    struct views_report *report; /* by record id */
};

/* Reports that were drawn up within the scope; what the events say of them is counted from the
 * records shown afterwards. */
enum err views_known_init(struct views_known *known, const struct views_source *source,
                          const struct views_scope *scope);
void views_known_done(struct views_known *known);
/* To the days of the reports that records of this machine count in; false: in none. */
bool views_known_widen(const struct views_known *known, struct views_reach *reach);
void views_known_count(struct views_known *known, const struct record *record);
const struct views_report *views_known_report(const struct views_known *known,
                                              const uint8_t record[LIMIT_ID_SIZE]);
const char *views_figure_name(size_t figure); /* "accepted" */

/* --- looks.c: what the table's rows cannot say --- */

#define VIEWS_LOOK_OF(name)                                                                        \
    void views_look_##name(const struct views_known *known, struct views_finding *finding,         \
                           const struct record *record, views_finding_visit visit, void *context)
VIEWS_LOOK_OF(overdue);
VIEWS_LOOK_OF(late_hand_up);
VIEWS_LOOK_OF(late_by_link);
VIEWS_LOOK_OF(ab_gap);
VIEWS_LOOK_OF(changed);
VIEWS_LOOK_OF(back_entered);
VIEWS_LOOK_OF(report);

bool views_ask_hand_up_late(const struct views_look *look, const struct record *record);
bool views_ask_received_late(const struct views_look *look, const struct record *record);
bool views_ask_told_late(const struct views_look *look, const struct record *record);
bool views_ask_silent(const struct views_look *look, const struct record *record);
bool views_ask_reply_late(const struct views_look *look, const struct record *record);
bool views_ask_unfixed(const struct views_look *look, const struct record *record);
bool views_ask_extra_material(const struct views_look *look, const struct record *record);
bool views_ask_no_basis(const struct views_look *look, const struct record *record);
bool views_ask_other_fault(const struct views_look *look, const struct record *record);

#endif
