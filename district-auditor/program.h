#ifndef JIELI_DISTRICT_AUDITOR_PROGRAM_H
#define JIELI_DISTRICT_AUDITOR_PROGRAM_H

#include "desk/device.h"
#include "district-auditor/auditor.h"
#include "wire/trust.h"

/* What the commands of district-auditor share: options, the auditor's folder, the hubs it follows.
 */

struct options {
    const char *directory;     /* --dir or JIELI_DIR */
    const char *password_file; /* root commands */
    const char *hub;           /* --hub NAME: only this one */
    const char *code;
    const char *root_file; /* --root: the district root's public key */
    const char *as_of;     /* --as-of YYYY-MM-DD */
    const char *from;      /* --from, --until: of indicators and findings */
    const char *until;
    bool json;
    bool once;         /* follow: end when caught up */
    unsigned deafness; /* follow, for drills: so many of 100 doorbells are not heard */
    bool english;
    char **arguments;
    int argument_count;
};

/* Exit codes of the house (ecosystem.md, section 12). */
enum {
    EXIT_OK = 0,
    EXIT_FINDING = 1,
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3,
    EXIT_DAMAGED = 4,
    EXIT_FORBIDDEN = 5,
    EXIT_CONFLICT = 6,
    EXIT_TEMPORARY = 75
};

/* A command's answer when err ended it: prints "what: ..." in the reader's language. */
int fail(const struct options *options, enum err err, const char *what);

enum { HUBS_MAX = 64, HUB_NAME_SIZE = 64 };

/* One followed hub: hubs/<name>.bundle. Its slot in the store is its place in the sorted list of
 * hubs/slots, a file that only grows. */
struct hub_file {
    char name[HUB_NAME_SIZE];
    uint8_t slot;
    struct wire_trust trust;
    struct wire_bundle bundle; /* trust span is not kept */
};

struct hub_list {
    size_t count;
    struct hub_file hub[HUBS_MAX];
};
/* All bundles, each verified against root.pub of the folder; those not wanted by --hub left out. */
MUST_USE enum err hubs_read(const struct options *options, struct hub_list *ret);
MUST_USE enum err hub_auditor_open(const struct hub_file *hub, struct kv *kv, uint64_t now_ms,
                                   struct auditor **ret_auditor);

/* Commands. */
int command_root(const struct options *options);
int command_init(const struct options *options);
int command_join(const struct options *options);
int command_follow(const struct options *options);
int command_verify(const struct options *options);
int command_report(const struct options *options);
int command_findings(const struct options *options);
int command_status(const struct options *options);

/* One line or JSON object about what is verified; EXIT_FINDING when there is a finding. */
int print_verified(const struct options *options, const char *name, struct auditor *auditor);

/* Indicators, findings and score sheets of one hub, recomputed, and what is claimed else. */
MUST_USE enum err print_figures(const struct options *options, const char *hub, struct kv *kv,
                                struct auditor *auditor);

#endif
