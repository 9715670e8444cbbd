#ifndef JIELI_TESTS_SIM_SIM_H
#define JIELI_TESTS_SIM_SIM_H

#include "district-auditor/auditor.h"
#include "founding.h"
#include "kv_memory.h"
#include "random.h"
#include "sync/session_hub.h"
#include "township-hub/hub.h"
#include "village-node/station.h"

/* A township in one process, on one thread, in virtual time, from one seed: stations, a hub and
 * auditors over lossy lines and mortal disks. Faults stop at heal_ms; then everything must come to
 * rest, and what was promised must hold. */

#define SIM_START_MS UINT64_C(1789689600000) /* 2026-09-18 08:00 at +08:00, a Friday */

enum {
    SIM_STATIONS = FOUNDING_STATIONS,
    SIM_AUDITORS = 2,
    SIM_CLONE = SIM_STATIONS, /* the node that is a copy of another station */
    SIM_NODES = SIM_STATIONS + 1 + SIM_AUDITORS,
    SIM_PEERS = 48,
    SIM_FLIGHTS = 256,
    SIM_GROUP = 32
};

enum sim_fault {
#define FAULT(name, text) FAULT_##name,
#include "faults.def"
#undef FAULT
    FAULT_COUNT
};

enum sim_scenario {
    SCENARIO_PLAIN,
    SCENARIO_CLONE,
    SCENARIO_HUB_RESTORED,
    SCENARIO_NEW_EPOCH, /* restored, and its operator opens a new log as he should */
    SCENARIO_FORGED
};

struct sim_counters {
    uint64_t seeds;
    uint64_t steps;    /* events of the simulation */
    uint64_t frames;   /* delivered */
    uint64_t events;   /* written at stations and hub */
    uint64_t refused;  /* by the rules, when written */
    uint64_t leaves;   /* in logs at the end */
    uint64_t accepted; /* of these */
    uint64_t returned; /* refused, quarantined or void leaves */
    uint64_t rebuilds;
    uint64_t forgeries; /* logs told with a lie */
    uint64_t virtual_ms;
    uint64_t violations;
    uint64_t faults[FAULT_COUNT];
};

enum sim_what {
    SIM_TICK,
    SIM_CONNECT,
    SIM_LOST, /* the line is noticed to be gone */
    SIM_UP,   /* a frame reaches the hub */
    SIM_DOWN, /* a frame reaches a node */
    SIM_BELL,
    SIM_START,
    SIM_WORK,
    SIM_TROUBLE,
    SIM_COMMIT,
    SIM_HUB_START,
    SIM_HUB_TICK,
    SIM_HUB_WORK,
    SIM_LOOK,
    SIM_HEAL
};

struct sim_event {
    uint64_t at_ms;
    uint64_t order;
    enum sim_what what;
    size_t node;
    uint64_t serial; /* of the line, or of the timer */
    uint8_t *bytes;  /* owned */
    size_t size;
};

struct sim_queue {
    struct sim_event *event; /* a heap */
    size_t count;
    size_t capacity;
    uint64_t order;
};

/* What a machine's owner believes the time to be. */
struct sim_clock {
    int64_t offset_ms;
    bool stopped;
    uint64_t stopped_ms;
};

/* A station or an auditor. */
struct sim_node {
    bool used;
    bool is_auditor;
    bool retired; /* switched off for good */
    char name[24];
    const struct founding_station *who; /* of a station */
    struct kv_disk *disk;
    struct kv *kv; /* NULL: the machine is down */
    struct station *station;
    struct auditor *auditor;
    struct sim_clock clock;
    uint64_t boots;
    unsigned failed_opens; /* in a row */
    uint64_t serial;       /* of the line; frames of an older one reach nobody */
    bool connected;
    bool wants_reconnect;
    bool unplugged; /* for weeks */
    bool cut[2];    /* up, down */
    uint64_t tick_ms;
    uint64_t tick_serial;
    uint64_t last_ms[2]; /* latest delivery, up and down */
    /* Watched by the invariants. */
    uint64_t told_incarnation; /* answers of it up to told were looked at */
    uint64_t told;
    uint64_t epoch;
    uint64_t log_size; /* newest checkpoint it knew of, of that epoch */
    bool tainted;      /* was restored, cloned or lied to: alarms of it are no surprise */
    bool noticed;      /* it found out that it is a copy, or was refused */
    struct kv_image *backup;
};

struct sim_peer {
    bool used;
    size_t node;
    uint64_t line;   /* serial of the node's line */
    uint64_t serial; /* of this entry */
    struct sync_hub session;
};

struct sim_flight {
    struct hub_push *push;
    size_t peer;
    uint64_t serial;
};

struct sim_hub {
    struct kv_disk *disk;
    struct kv *kv; /* NULL: down */
    struct hub *hub;
    struct sim_clock clock;
    struct sim_peer peer[SIM_PEERS];
    uint64_t peer_serial;
    struct sim_flight flight[SIM_FLIGHTS];
    size_t waiting;
    bool commit_due;
    bool dying; /* the store failed */
    uint64_t rung_size;
    uint64_t boots;
    struct kv_image *backup;
    uint64_t backup_size;
    size_t backup_kept; /* events of the hub's people kept by then */
    uint64_t epoch;
    bool went_back;
    uint64_t back_size; /* size of the log after it was restored */
};

/* An event that somebody was told is kept. */
struct sim_kept {
    size_t device; /* founding station; SIM_STATIONS: the hub */
    size_t node;
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
    bool cloned;     /* written by the origin while a copy lived */
    unsigned logged; /* times it stands in the log at the end */
    bool lost;       /* with a disk that lied, or by restoring a backup */
};

struct sim_record {
    uint8_t id[LIMIT_ID_SIZE];
    enum machine_id machine;
    size_t device;
    uint8_t about[LIMIT_ID_SIZE]; /* contact of a case, case of a request */
};

/* Chances per mille; 0: this seed does without. */
struct sim_weather {
    uint32_t loss;
    uint32_t duplicate;
    uint32_t reorder;
    uint32_t delay;
    uint32_t corrupt;
    uint32_t bell_loss;
    bool trouble[FAULT_COUNT];
};

struct sim {
    uint64_t seed;
    struct random random;
    enum sim_scenario scenario;
    bool is_short;
    bool new_log;
    struct sim_weather weather;
    struct sim_queue queue;
    uint64_t now_ms; /* monotonic, of all machines */
    uint64_t heal_ms;
    uint64_t end_ms;
    bool healed;
    bool policy_published;
    unsigned revoked;
    size_t station_count;
    struct sim_hub hub;
    struct sim_node node[SIM_NODES];
    struct sim_kept *kept;
    size_t kept_count;
    size_t kept_capacity;
    uint64_t *leaf; /* digest of each leaf of the hub's log, as first seen */
    size_t leaf_count;
    uint64_t knew[SIM_STATIONS]; /* each station's checkpoint when the hub went back */
    size_t leaf_capacity;
    uint64_t *root; /* digest of the checkpoint of each size */
    size_t root_count;
    size_t root_capacity;
    uint64_t looked_boot; /* of the hub: all leaves were compared since */
    struct sim_record *record;
    size_t record_count;
    size_t record_capacity;
    uint64_t serials;
    uint64_t trace; /* digest of all that happened */
    bool failed;
    bool verbose;
    struct sim_counters *counters;
    struct wire_arena arena;
    struct wire_arena body_arena;
    struct sync_frame *frame;
    struct wire_event *event;
    struct buf out;
    struct record *scratch;
};

/* Runs a seed; adds to counters. ret_trace: equal for equal seeds. False: an invariant broke, told
 * on stderr. */
struct sim_options {
    uint64_t seed;
    bool is_short;
    bool verbose;
    bool new_log; /* every hub is restored and opens a new log */
};
bool sim_run(const struct sim_options *options, struct sim_counters *counters, uint64_t *ret_trace);

/* --- sim.c --- */
void sim_fail(struct sim *sim, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void sim_say(const struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_at(struct sim *sim, uint64_t delay_ms, enum sim_what what, size_t node);
void sim_at_serial(struct sim *sim, uint64_t delay_ms, enum sim_what what, size_t node,
                   uint64_t serial);
void sim_count(struct sim *sim, enum sim_fault fault);
uint64_t sim_wall(const struct sim *sim, const struct sim_clock *clock);
uint64_t sim_digest(const void *bytes, size_t size);
/* Room for one more element at *array. */
void sim_grow(void **array, size_t count, size_t *capacity, size_t size);

/* --- queue.c --- */
void queue_push(struct sim_queue *queue, const struct sim_event *event);
bool queue_pop(struct sim_queue *queue, struct sim_event *ret);
void queue_done(struct sim_queue *queue);

/* --- net.c --- */
void net_send(struct sim *sim, size_t index, bool up, struct span bytes);
void net_ring(struct sim *sim);

/* --- hub_shell.c --- */
void hub_shell_start(struct sim *sim);
void hub_shell_stop(struct sim *sim); /* what is in memory is lost */
void hub_shell_died(struct sim *sim); /* and comes back after a while */
void hub_shell_frame(struct sim *sim, size_t node, uint64_t line, struct span bytes);
void hub_shell_commit(struct sim *sim);
void hub_shell_tick(struct sim *sim);
const char *hub_shell_origin(const struct sim *sim); /* until the next call */

/* --- node.c --- */
void node_start(struct sim *sim, size_t index);
void node_stop(struct sim *sim, size_t index);
void node_died(struct sim *sim, size_t index, uint64_t down_ms);
/* Opened on a full disk: to be opened again when there is room. */
bool node_is_behind(const struct sim_node *node);
void node_connect(struct sim *sim, size_t index);
void node_line_lost(struct sim *sim, size_t index);
void node_frame(struct sim *sim, size_t index, struct span bytes);
void node_bell(struct sim *sim, size_t index, struct span bytes);
void node_tick(struct sim *sim, size_t index);
void node_settle(struct sim *sim, size_t index, enum err err);

/* --- work.c, act.c --- */
void work_at_station(struct sim *sim, size_t index);
void work_at_hub(struct sim *sim);
/* Plausible facts for a verb of a machine. */
struct work_act {
    uint32_t payload;
    uint8_t record[LIMIT_ID_SIZE];
    struct values facts;
    uint8_t attestation;
    uint32_t sealed_labels;
};
void act_fill(struct sim *sim, struct work_act *act, const struct sim_record *record,
              enum machine_id machine, uint64_t verb);

/* --- trouble.c --- */
void trouble_plan(struct sim *sim);
void trouble_next(struct sim *sim);
void trouble_heal(struct sim *sim);

/* --- invariants.c, invariants_end.c --- */
struct inv_leaf {
    struct wire_leaf leaf;
    uint8_t device[LIMIT_KEY_SIZE];
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
};
/* A leaf and where it stands in its chain; until sim->out changes. */
bool inv_leaf(struct sim *sim, const struct log *log, struct kv_txn *txn, uint64_t index,
              struct inv_leaf *ret);
bool inv_is_kept(struct kv_txn *txn, const struct sim_kept *kept, struct buf *scratch);
uint64_t inv_findings(const struct auditor_status *status);
void inv_hub_committed(struct sim *sim);               /* I2 */
void inv_station_moved(struct sim *sim, size_t index); /* I2, I3, I12 */
void inv_after_loss(struct sim *sim, size_t index);    /* what a lossy disk took with it */
bool inv_at_rest(struct sim *sim);                     /* I15 */
void inv_end(struct sim *sim);
void inv_04_rebuild(struct sim *sim, size_t index); /* at any time */
/* --- invariants_cheat.c --- */
void inv_clone(struct sim *sim);
void inv_hub_back(struct sim *sim);
void inv_revoked(struct sim *sim);
void inv_forged(struct sim *sim);

#endif
