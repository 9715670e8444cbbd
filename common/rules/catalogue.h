#ifndef JIELI_RULES_CATALOGUE_H
#define JIELI_RULES_CATALOGUE_H

#include "base/limits.h"
#include "rules/deadline.h"

/* The item catalogue 办理事项 (R06, R89-R92). Format and words: deploy/catalogue/README.md. */
enum {
    CATALOGUE_ITEM_COUNT = 256,
    CATALOGUE_MATERIAL_COUNT = 32, /* an item */
    CATALOGUE_STAGE_COUNT = 4,
    CATALOGUE_DEPARTMENT_COUNT = 8,
    CATALOGUE_COPY_COUNT = 20 /* of one material */
};

enum catalogue_class {
    CATALOGUE_ADMINISTRATIVE = 1, /* 行政事务管理服务 */
    CATALOGUE_LIFE = 2            /* 生活服务: staff and money belong to outside employers */
};

/* R10. Old names map to these: 立即, 当日 = immediate; 非即办, 限时, 限期 = commitment;
 * 咨询服务 = answer; 报送, 初审上报 = approval. */
enum catalogue_kind {
    CATALOGUE_IMMEDIATE = 1,  /* 即办 */
    CATALOGUE_COMMITMENT = 2, /* 承诺 */
    CATALOGUE_ANSWER = 3,     /* 答复 */
    CATALOGUE_JOINT = 4,      /* 联办 */
    CATALOGUE_APPROVAL = 5,   /* 报批 */
    CATALOGUE_WORK = 6        /* 工作项: standing work of a post, no application (R120) */
};

/* Who may decide, as bits: an item may be decided at more than one tier. */
enum catalogue_tier {
    CATALOGUE_STATION = 1 << 0,
    CATALOGUE_TOWNSHIP = 1 << 1,
    CATALOGUE_DISTRICT = 1 << 2
};

/* How a case goes up when it must (X09). */
enum catalogue_route {
    CATALOGUE_ROUTE_NONE = 1,         /* never leaves the station */
    CATALOGUE_ROUTE_HUB = 2,          /* ends at the township at the latest */
    CATALOGUE_ROUTE_HUB_DISTRICT = 3, /* station -> township -> district */
    CATALOGUE_ROUTE_DISTRICT = 4      /* station -> district; the hub sees the event */
};

enum catalogue_material_form { /* 1-3 as in Material.form of proto/record.proto */
                               CATALOGUE_ORIGINAL = 1,
                               CATALOGUE_COPY = 2,
                               CATALOGUE_ELECTRONIC = 3,
                               CATALOGUE_SHOWN = 4 /* original, shown and given back at once */
};

enum catalogue_status {
    CATALOGUE_PROPOSED = 1,
    CATALOGUE_ACTIVE = 2,
    CATALOGUE_WITHDRAWN = 3,
    CATALOGUE_ELSEWHERE = 4 /* 未进驻: not taken in here; where says where to go (R91) */
};

enum catalogue_fee {
    CATALOGUE_FEE_NONE = 1,
    CATALOGUE_FEE_STATUTORY = 2, /* 规费: fee_minor with its basis */
    CATALOGUE_FEE_EXTERNAL = 3   /* collected by and for the outside employer */
};

/* Attributes that may carry the mark "(inferred)": bits of catalogue_item.inferred. */
enum catalogue_attribute {
    CATALOGUE_ATTRIBUTE_NAME,
    CATALOGUE_ATTRIBUTE_CLASS,
    CATALOGUE_ATTRIBUTE_WINDOW,
    CATALOGUE_ATTRIBUTE_KIND,
    CATALOGUE_ATTRIBUTE_WORK_LOG,
    CATALOGUE_ATTRIBUTE_DECIDES,
    CATALOGUE_ATTRIBUTE_ROUTE,
    CATALOGUE_ATTRIBUTE_LIMIT,
    CATALOGUE_ATTRIBUTE_STATUTORY,
    CATALOGUE_ATTRIBUTE_FORWARD,
    CATALOGUE_ATTRIBUTE_SHARE,
    CATALOGUE_ATTRIBUTE_BASIS,
    CATALOGUE_ATTRIBUTE_CONDITION,
    CATALOGUE_ATTRIBUTE_PROXY,
    CATALOGUE_ATTRIBUTE_IN_PERSON,
    CATALOGUE_ATTRIBUTE_HOME_VISIT,
    CATALOGUE_ATTRIBUTE_GROUPS,
    CATALOGUE_ATTRIBUTE_DEPARTMENTS,
    CATALOGUE_ATTRIBUTE_MANUAL,
    CATALOGUE_ATTRIBUTE_REMEDY,
    CATALOGUE_ATTRIBUTE_RESULT,
    CATALOGUE_ATTRIBUTE_FEE,
    CATALOGUE_ATTRIBUTE_WHERE,
    CATALOGUE_ATTRIBUTE_STATUS,
    CATALOGUE_ATTRIBUTE_VALID_FROM,
    CATALOGUE_ATTRIBUTE_GUIDE,
    CATALOGUE_ATTRIBUTE_COUNT
};

/* Texts are UTF-8 and never NULL: "" when the file gives none. All live until catalogue_free. */
struct catalogue_material {
    char code[LIMIT_CODE_SIZE];
    const char *name_zh;
    const char *name_en;
    enum catalogue_material_form form;
    uint32_t count; /* copies, from 1 */
    bool required;  /* false: only where the guide says so */
    bool inferred;
    const char *basis;
};

struct catalogue_stage {
    struct deadline_limit limit;
    const char *name_zh; /* "" when the item has only one stage */
    const char *name_en;
    const char *source;
};

struct catalogue_item {
    char code[LIMIT_CODE_SIZE];
    const char *name_zh;
    const char *name_en;
    enum catalogue_class class;
    const char *window; /* 窗口 or 岗 */
    enum catalogue_kind kind;
    bool work_log;    /* also standing work, counted monthly (R120) */
    uint32_t decides; /* bits of catalogue_tier, never 0 */
    enum catalogue_route route;
    /* Promised limit, stage by stage; 0 stages: none printed, so P01 counts (item_limit below). */
    uint32_t stage_count;
    struct catalogue_stage stage[CATALOGUE_STAGE_COUNT];
    struct deadline_limit statutory; /* count 0: none given */
    struct deadline_limit forward;   /* to hand papers on (N07); count 0: P03 counts */
    uint8_t share_percent[3];        /* station, township, district (P21); all 0: the policy's */
    const char *basis;
    const char *condition;
    bool proxy;         /* 代办 allowed */
    bool in_person;     /* 须到场: excludes proxy */
    bool home_visit;    /* 上门 allowed */
    const char *groups; /* special groups named for it */
    uint32_t department_count;
    char department[CATALOGUE_DEPARTMENT_COUNT][LIMIT_CODE_SIZE];
    bool manual_possible; /* X13: goes on by the paper register in an outage */
    const char *remedy;
    const char *result; /* result document */
    enum catalogue_fee fee;
    uint64_t fee_minor; /* fen */
    const char *fee_basis;
    const char *where;
    enum catalogue_status status;
    int32_t valid_from_day;
    const char *guide; /* edition of the approved guide and specimen (R06) */
    uint32_t inferred; /* bits 1 << catalogue_attribute */
    uint32_t material_count;
    struct catalogue_material material[CATALOGUE_MATERIAL_COUNT];
    uint32_t file; /* index of the file, and line in it, for messages */
    uint32_t line;
};

struct catalogue; /* immutable once made */

/* On ERR_MALFORMED or ERR_LIMIT ret_errors (initialized) says why. The texts are copied. */
MUST_USE enum err catalogue_parse(const struct span *files, size_t file_count,
                                  struct catalogue **ret_catalogue, struct text_errors *ret_errors);
void catalogue_free(struct catalogue *catalogue);

size_t catalogue_item_count(const struct catalogue *catalogue);
/* By rising code. Until catalogue_free. */
const struct catalogue_item *catalogue_item_at(const struct catalogue *catalogue, size_t index);
/* NULL: no such item. Until catalogue_free. */
const struct catalogue_item *catalogue_item_find(const struct catalogue *catalogue,
                                                 struct span code);
/* NULL: the item does not ask for such a material (T24). */
const struct catalogue_material *catalogue_material_find(const struct catalogue_item *item,
                                                         struct span code);
bool catalogue_item_is_inferred(const struct catalogue_item *item,
                                enum catalogue_attribute attribute);
/* Active and in force on that day: a case may be opened. */
bool catalogue_item_is_open(const struct catalogue_item *item, int32_t day);
/* The promised limit of a stage (0..); the fallback (policy P01) where the item has none. An
 * immediate item without a printed limit is due at once. */
struct deadline_limit catalogue_item_limit(const struct catalogue_item *item, uint32_t stage,
                                           struct deadline_limit fallback);

/* The words of the file; "" for a value outside the enum. */
const char *catalogue_class_name(enum catalogue_class class);
const char *catalogue_class_zh(enum catalogue_class class);
const char *catalogue_kind_name(enum catalogue_kind kind);
const char *catalogue_kind_zh(enum catalogue_kind kind);
const char *catalogue_status_name(enum catalogue_status status);
const char *catalogue_status_zh(enum catalogue_status status);
const char *catalogue_route_name(enum catalogue_route route);
const char *catalogue_route_zh(enum catalogue_route route);
const char *catalogue_form_name(enum catalogue_material_form form);
const char *catalogue_form_zh(enum catalogue_material_form form);
const char *catalogue_fee_name(enum catalogue_fee fee);
const char *catalogue_fee_zh(enum catalogue_fee fee);
const char *catalogue_attribute_name(enum catalogue_attribute attribute);
const char *catalogue_attribute_zh(enum catalogue_attribute attribute);

#endif
