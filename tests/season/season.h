#ifndef JIELI_TESTS_SEASON_SEASON_H
#define JIELI_TESTS_SEASON_SEASON_H

#include "days.h"
#include "district-auditor/auditor.h"
#include "kv_memory.h"
#include "random.h"
#include "rules/machines.h"
#include "sync/session_hub.h"
#include "tests/support/town.h"
#include "township-hub/hub.h"
#include "village-node/station.h"

/* A quarter in the life of one township: what its people do, day by day, through the minds of
 * station, hub and auditor and the frames between them; and, beside it, what the test knows should
 * come of it. */

enum {
    SEASON_STATIONS = 12,
    SEASON_STAFF = 5, /* of each station */
    SEASON_HUB_STAFF = 8,
    SEASON_CASES = 20000,
    SEASON_SCRIPT = 64,
    SEASON_LINKS = 8, /* times a station is cut off, or dark */
    SEASON_LEAVES = 6,
    SEASON_TASKS = 2,     /* parts of a joint case */
    SEASON_SHEETS = 40,   /* of the paper register, for one cut */
    SEASON_WAITING = 4096 /* handed up, not taken up by the hub's log yet */
};

/* Of a station: 站长, two at the windows, 代办员, and who watches over them. */
enum season_post {
    POST_HEAD,
    POST_WINDOW,
    POST_SECOND,
    POST_AGENT,
    POST_WATCH,
    POST_ON_DUTY,
    POST_HUB, /* one of the township */
    POST_NOBODY
};
enum season_hub_post {
    HUB_LEADER,
    HUB_REGISTRAR,
    HUB_OPERATOR,
    HUB_SECOND,
    HUB_DISCIPLINE,
    HUB_DESK,
    HUB_LIAISON,
    HUB_APPRAISER
};

struct season_leave {
    int32_t from;
    int32_t until;
};

struct season_person {
    uint8_t staff[LIMIT_ID_SIZE];
    struct signer *signer;
    uint64_t roles;
    struct season_leave leave[SEASON_LEAVES];
    size_t leave_count;
};

/* Days on which nothing goes through: from_ms <= now < until_ms. */
struct season_cut {
    uint64_t from_ms;
    uint64_t until_ms;
};

struct season_station {
    char name[24];
    struct signer *signer;
    struct season_person person[SEASON_STAFF];
    struct kv_disk *disk;
    struct kv *kv;
    struct station *station;
    struct sync_hub session; /* the hub's side of its line */
    bool connected;
    struct season_cut cut[SEASON_LINKS];
    size_t cut_count;
    struct season_cut dark[SEASON_LINKS]; /* no power: what happens is written on paper */
    size_t dark_count;
    uint32_t outage; /* record of the present one */
    uint32_t first_sheet;
    uint32_t sheets;       /* used of it */
    int32_t planned_until; /* rota */
    uint32_t device;       /* record of a device */
    uint32_t appraisal;
    uint32_t waiting[SEASON_WAITING];
    size_t waiting_count;
};

/* Figures of a report: what the test counts itself. */
struct season_totals {
    uint64_t accepted;
    uint64_t finished;
    uint64_t overdue;
    uint64_t extended;
    uint64_t complaints;
    uint64_t rated;
    uint64_t proxy;
};

/* What the test itself knows of a case. Days and times as they should stand in every record. */
struct season_case {
    const struct season_path *path;
    uint8_t station;
    uint8_t person;  /* who shall handle it */
    uint8_t handler; /* and who does */
    uint8_t visits;  /* told when papers come again */
    bool planted;
    uint16_t state;
    uint16_t at; /* in the script */
    uint16_t tries;
    const struct season_item *item;
    uint64_t opened_ms;
    uint64_t received_ms; /* complete papers */
    uint64_t accepted_ms;
    uint64_t submitted_ms;
    uint64_t returned_ms;
    uint64_t result_ms; /* result at the station, tell limit runs */
    uint64_t finished_ms;
    uint64_t told_ms;
    uint64_t handed_ms;
    uint64_t suspended_ms;
    uint64_t extended_ms;
    uint64_t rated_ms;
    uint64_t contact_ms;
    uint64_t paper_ms; /* taken in on paper */
    uint32_t sheet;
    int32_t up_due_day;  /* to hand it up */
    int32_t up_day;      /* kept handed up on that day */
    int32_t up_leaf_day; /* and accepted on that; 0: not yet */
    int32_t tell_due_day;
    int32_t base_day;
    int32_t limit; /* as printed; with extensions and standstill apart */
    int32_t extended;
    int32_t paused;
    int32_t due_day; /* 0: none yet */
    uint8_t notices; /* of deficiency */
    uint8_t rating;
    bool proxy;
    bool refused;
    bool withdrawn;
    bool not_accepted;
    bool silent; /* suspended for good */
    bool done;   /* the script is over */
};

struct season_item {
    const char *code;
    int32_t limit; /* working days; 0: at once */
    bool calendar_days;
    int32_t forward; /* working days to hand it up */
    const char *department;
};

/* A way a case goes: script.c tells the letters. */
struct season_path {
    const char *name;
    const char *script;
    const char *items; /* codes with blanks */
    uint32_t weight;   /* of 1000 */
    bool proxy;
};

struct season;
typedef void (*season_do)(struct season *season, size_t station, size_t index);

struct season_step {
    uint64_t at_ms;
    uint64_t order;
    season_do what;
    size_t station;
    size_t index;
};

struct season_counts {
    uint64_t events;
    uint64_t frames;
    uint64_t exchanges;
    uint64_t refused; /* by a rule, and meant to be */
};

struct season {
    struct random random;
    bool verbose;
    uint64_t now_ms;
    uint64_t mono_ms;
    int32_t first_day;
    int32_t last_day; /* of the quarter */
    int32_t end_day;  /* of the season: some days more, for the last reports */
    uint32_t case_total;
    uint8_t hub_id[LIMIT_ID_SIZE];
    struct signer *hub_signer;
    struct kv_disk *hub_disk;
    struct kv *hub_kv;
    struct hub *hub;
    struct season_person hub_person[SEASON_HUB_STAFF];
    struct season_station station[SEASON_STATIONS];
    struct kv_disk *auditor_disk;
    struct kv *auditor_kv;
    struct auditor *auditor;
    struct season_step *step; /* a heap */
    size_t step_count;
    size_t step_capacity;
    uint64_t order;
    struct season_case *cases;
    uint32_t case_count;
    uint32_t record_number; /* of the newest record of the office */
    struct season_plant *plant;
    size_t plant_count;
    size_t plant_capacity;
    struct season_complaint {
        uint8_t station;
        int32_t day;
    } * complaint;
    size_t complaint_count;
    size_t complaint_capacity;
    uint32_t blob_number;
    uint64_t pushes; /* waiting at the hub */
    struct season_counts counts;
    struct wire_arena arena;
    struct sync_frame *frame;
    struct record *record;
    struct buf out;
};

#define MUST(condition) ((condition) ? (void)0 : season_failed(__FILE__, __LINE__, #condition))
_Noreturn void season_failed(const char *file, int line, const char *condition);

/* --- founding.c --- */
struct season *season_found(uint64_t seed, uint32_t cases);
void season_close(struct season *season);

/* --- line.c: frames between the minds --- */
bool line_is_up(const struct season *season, size_t station);
/* One conversation of a station with the hub, until both have all; nothing when cut off. */
void line_exchange(struct season *season, size_t station);
/* The auditor fetches and verifies all there is. */
void line_audit(struct season *season);

/* --- act.c: people write events --- */
/* Writes, or ends the test. */
void act_station(struct season *season, size_t station, const struct season_person *person,
                 const struct town_act *act);
void act_hub(struct season *season, const struct season_person *person, const struct town_act *act);
/* REFUSAL_NONE: written. */
uint32_t act_try_station(struct season *season, size_t station, const struct season_person *person,
                         const struct town_act *act);
uint32_t act_try_hub(struct season *season, const struct season_person *person,
                     const struct town_act *act);
void act_from_paper(uint64_t at_ms, uint32_t sheet); /* the next event is a back entry */
void act_staff(struct town_act *act, enum field field, uint16_t place,
               const struct season_person *person);
void act_record(struct town_act *act, enum field field, uint16_t place, uint32_t number);
bool act_find_station(struct season *season, size_t station, uint32_t number, struct record *ret);
bool act_find_hub(struct season *season, uint32_t number, struct record *ret);

/* --- steps.c --- */
void step_at(struct season *season, uint64_t at_ms, season_do what, size_t station, size_t index);
/* Does everything up to until_ms. */
void step_run(struct season *season, uint64_t until_ms);

/* --- script.c, cases.c --- */
enum {
    RECORD_CONTACT = 1000000,
    RECORD_CASE = 2000000,
    RECORD_REQUEST = 3000000,
    RECORD_TASK = 4000000,
    RECORD_OFFICE = 10000000,
    RECORD_ATTENDANCE = 20000000,
    RECORD_DUTY = 30000000,
    RECORD_REPORT = 40000000,
    RECORD_BOX = 50000000
};
const struct season_path *path_at(size_t index);
size_t path_count(void);
/* Opens a case that goes path's way; its first step is taken at at_ms. */
uint32_t matter_open(struct season *season, const struct season_path *path, size_t station,
                     uint64_t at_ms);
void matter_step(struct season *season, size_t station, size_t index);

/* A path of plants.def, carried by that person. */
uint32_t matter_plant(struct season *season, const char *path, size_t station, size_t post,
                      uint64_t at_ms);
/* The hub's log has taken up what the station had handed up. */
void matter_taken_up(struct season *season, size_t station);
/* Who comes while there is no power is written down on a sheet. */
void matter_paper(struct season *season, size_t station, size_t index);
/* Is there no power? */
bool matter_dark(const struct season *season, size_t station);

/* --- ledger.c: what should be, by the test's own count --- */
void ledger_totals(const struct season *season, size_t station, int32_t first, int32_t last,
                   struct season_totals *ret);
bool ledger_late(const struct season_case *one, int32_t today);
/* Below the line and above it. */
struct season_rates {
    uint64_t on_time[2];
    uint64_t hand_up[2];
    uint64_t told[2];
    uint64_t satisfied[2];
    uint64_t proxy_rated[2];
    uint64_t extended[2];
    uint64_t contacts[2];
};
void ledger_rates(const struct season *season, size_t station, struct season_rates *ret);

/* --- plants.c: what some of them do wrong --- */
enum season_plant_kind {
    PLANT_NONE,
    PLANT_FOLLOWS, /* from another */
    PLANT_NO_ROTA,
    PLANT_NO_DUTY,
    PLANT_NO_GROUP_LEADER,
    PLANT_NO_LEADER_DUTY,
    PLANT_SHORT_LEADER_DUTY,
    PLANT_NO_SUMMARY,
    PLANT_NO_INSPECTION,
    PLANT_NOT_RECTIFIED,
    PLANT_LATE_REPORT,
    PLANT_NO_REPORT,
    PLANT_NO_MEETING,
    PLANT_NO_HAZARDS,
    PLANT_NO_CHECK,
    PLANT_NOT_POSTED,
    PLANT_LATE,
    PLANT_ABSENT,
    PLANT_NO_COVER,
    PLANT_NO_LETTER,
    PLANT_DUTY_OFFERED,
    PLANT_SHEETS_LEFT,
    PLANT_COOKED,
    PLANT_COOKED_DAY,
    PLANT_APPOINTMENT_MISSED,
    PLANT_APPOINTMENT_LEFT,
    PLANT_COMPLAINT_ATTITUDE,
    PLANT_COMPLAINT_DELAY,
    PLANT_COMPLAINT_FEES,
    PLANT_COMPLAINT_LEFT,
    PLANT_COMPLAINT_LATE,
    PLANT_CASE_LATE,
    PLANT_CASE_LEFT,
    PLANT_SAT_ON_IT,
    PLANT_TOLD_LATE,
    PLANT_SECOND_NOTICE,
    PLANT_MANY_VISITS,
    PLANT_CONTACT_LEFT,
    PLANT_SUSPENDED_SILENT,
    PLANT_CASE_BACK_DATED,
    PLANT_CASE_REDATED,
    PLANT_JOINT_LATE,
    PLANT_JOINT_OVERDUE
};

struct season_plant {
    const char *finding;
    enum season_plant_kind what;
    size_t station;
    size_t post;
    int32_t day;
    uint32_t record; /* 0: of something that is not there */
    uint8_t staff[LIMIT_ID_SIZE];
    bool done;
    bool link; /* no misdeed: the line was dead */
    unsigned found;
};

void plant_all(struct season *season);
/* Is this to go wrong here and now? Then it has. post SEASON_STAFF: whoever. */
bool plant_meets(struct season *season, enum season_plant_kind what, size_t station, int32_t day);
/* The record that shows it, and who; person NULL: as planted. */
void plant_record(struct season *season, enum season_plant_kind what, size_t station,
                  uint32_t record, const struct season_person *person);
/* One more that follows from another. */
void plant_add(struct season *season, const struct season_plant *plant);
/* What dead lines made late: no misdeeds. */
void plant_links(struct season *season);
/* Figures the station's people make up. */
void plant_cook(struct season *season, size_t station, uint32_t kind, int32_t last,
                const struct season_person *by, struct season_totals *totals);

/* --- office_day.c, office_week.c, people.c, voices.c, outage.c: all else that a day brings --- */
uint32_t office_attendance(const struct season *season, int32_t day, size_t station, size_t post);
uint32_t office_duty(const struct season *season, int32_t day, size_t station, uint32_t kind);
uint32_t office_report(const struct season *season, int32_t day, size_t station, uint32_t kind);
bool office_away(const struct season *season, size_t station, size_t post, int32_t day);
void office_draw_up(struct season *season, size_t station, uint32_t kind, int32_t first,
                    int32_t last);
void office_plan(struct season *season, size_t station, size_t until);
void office_day(struct season *season, int32_t day);
void office_week(struct season *season, int32_t day);
void office_rare(struct season *season, int32_t day);
void people_plan(struct season *season);
void voices_day(struct season *season, int32_t day);
void outage_plan(struct season *season);

/* --- check.c --- */
bool check_all(struct season *season);

#endif
