#ifndef JIELI_RULES_CHECKLIST_H
#define JIELI_RULES_CHECKLIST_H

#include "rules/policy.h"

/* The weekly inspection's checklist 值周检查表 (1.K, S3-2二): headings and their questions, part of
 * the policy file and so of its edition. How its lines are written: deploy/policy/README.md. */
enum { CHECKLIST_HEADINGS = 31, CHECKLIST_QUESTIONS = 160, CHECKLIST_OF_HEADING = 99 };

enum checklist_bound { CHECKLIST_FREE = 0, CHECKLIST_AT_LEAST = 1, CHECKLIST_AT_MOST = 2 };

/* Texts are UTF-8, never NULL, and live until policy_free. */
struct checklist_heading {
    uint32_t number; /* 1 .. CHECKLIST_HEADINGS; 0: no such heading */
    bool full;       /* one that a full inspection must answer */
    const char *zh;
    const char *en;
    const char *source;
};

struct checklist_question {
    uint32_t heading;
    uint32_t number; /* in its heading, from 1 */
    const char *zh;
    const char *en;
    const char *regimes;        /* "R61 R63" */
    uint32_t deduction;         /* 1..5: D1..D5 of S2-5.3.7; 0: none */
    enum checklist_bound bound; /* of what is measured, against parameter */
    enum policy_id parameter;
    const char *source;
};

struct checklist;

/* --- reading: policy.c only --- */

/* text: the whole file, whose texts are copied. NULL: no memory. */
struct checklist *checklist_new(struct span text);
void checklist_free(struct checklist *checklist);
/* Takes "heading.NN = ..." or "check.NNMM = ..."; false: the line is neither. */
bool checklist_read_line(struct checklist *checklist, struct span name, struct span value,
                         struct span comment, struct text_place place, struct text_errors *errors);
/* What only the whole file can show: no heading at all, one without a question. */
void checklist_check(const struct checklist *checklist, struct text_errors *errors);

/* --- asking --- */

/* NULL: no such heading or question. */
const struct checklist_heading *checklist_heading(const struct checklist *checklist,
                                                  uint64_t number);
const struct checklist_question *checklist_question(const struct checklist *checklist,
                                                    uint64_t heading, uint64_t number);
/* In the order of the file. */
size_t checklist_question_count(const struct checklist *checklist);
const struct checklist_question *checklist_question_at(const struct checklist *checklist,
                                                       size_t index);
/* Does measure keep what the question asks under policy? True where it asks for no number. */
bool checklist_measure_is_good(const struct policy *policy,
                               const struct checklist_question *question, uint64_t measure);

#endif
