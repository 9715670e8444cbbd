#ifndef JIELI_RULES_MACHINE_CASE_H
#define JIELI_RULES_MACHINE_CASE_H

#include "rules/engine.h"

/* The case 办件: its tables are case_*.def, one a path; here is what they name. */

#define GUARD(name, refusal)                                                                       \
    bool case_guard_##name(const struct rule_input *input);                                        \
    extern const struct rule_guard guard_##name;
#include "rules/case_guards.def"
#undef GUARD

/* --- effects: what becomes of the record (case_effects.c) --- */

void case_open(struct rule_input *input);
void case_store_materials(struct rule_input *input);
void case_move_papers(struct rule_input *input);
void case_count_deficiency(struct rule_input *input);
void case_accept(struct rule_input *input);
void case_entrust(struct rule_input *input);
void case_set_agent(struct rule_input *input);
void case_assign(struct rule_input *input);
void case_approve(struct rule_input *input);
void case_refuse(struct rule_input *input);
void case_conclude(struct rule_input *input); /* finished_ms and who decided */
void case_to_hub(struct rule_input *input);
void case_to_intake(struct rule_input *input);
void case_returned_by_hub(struct rule_input *input);
void case_to_district(struct rule_input *input);
void case_open_joint(struct rule_input *input);
void case_use_approval(struct rule_input *input);
void case_invite(struct rule_input *input);
void case_tell(struct rule_input *input);
void case_hand_out(struct rule_input *input);
void case_rate(struct rule_input *input);
void case_change_item(struct rule_input *input);
void case_take_fee(struct rule_input *input);

/* --- effects on the clock (case_clock.c) --- */

void case_clock_receive(struct rule_input *input);    /* when papers or instruction arrived */
void case_clock_start(struct rule_input *input);      /* acceptance: base, limit, due, notice */
void case_clock_agree(struct rule_input *input);      /* an immediate item that takes longer */
void case_clock_supplement(struct rule_input *input); /* before acceptance */
void case_clock_restart(struct rule_input *input);    /* after acceptance: both clocks anew */
void case_clock_hub(struct rule_input *input);
void case_clock_district(struct rule_input *input);
void case_clock_extend(struct rule_input *input);
void case_clock_suspend(struct rule_input *input);
void case_clock_resume(struct rule_input *input);
void case_clock_date(struct rule_input *input);     /* the receipt day is corrected */
void case_clock_reprint(struct rule_input *input);  /* due day recomputed on a new notice */
void case_clock_tell(struct rule_input *input);     /* by when the applicant is told */
void case_clock_remind(struct rule_input *input);   /* by when to remind: papers, result (X26) */
void case_clock_reminded(struct rule_input *input); /* nothing is waited for any more */
/* The limit promised for item: all its stages together; a proxy case by policy (X20). */
struct deadline_limit case_limit(const struct rule_world *world, const struct catalogue_item *item,
                                 bool proxy, int32_t base_day);
struct deadline_clock case_clock(const struct record *record);
/* May the case be extended by days, asked on asked_day (INT32_MIN: that was seen to before)? */
enum deadline_extension case_extension(const struct rule_world *world, const struct record *record,
                                       uint64_t days, int32_t asked_day);
/* The client's consent, where the policy asks for it (R31, X08). */
bool case_extension_has_consent(const struct rule_world *world, const struct record *record,
                                uint64_t consent);

/* --- custody of originals (case_papers.c) --- */

/* Whether every original, after the event, is with one of holders (bits 1 << paper_holder). */
bool case_papers_all_with(const struct rule_input *input, uint32_t holders);

/* --- materials (case_materials.c) --- */

/* Every material that item requires is present, in its form, after the event. */
bool case_materials_complete(const struct rule_input *input, const struct catalogue_item *item);

#endif
