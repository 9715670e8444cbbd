#ifndef JIELI_VIEWS_VIEWS_H
#define JIELI_VIEWS_VIEWS_H

#include "views/select.h"

/* Ledgers 台帐, due lists, boards, rosters and score sheets: a view is a row of views.def, an
 * engine fills it. A view shows records (one a row), groups of them (counted by station, person,
 * item ...) or slots (what ought to be there, day by day, and is it). Cells are typed; whoever
 * shows them turns ids of people and sealed content into words, as far as he may. */

enum { VIEWS_COLUMNS = 16, VIEWS_CELL_SIZE = 64 };

enum views_kind {
    VIEWS_NUMBER_OF, /* the record's human number; cell: RECORD */
    VIEWS_TIME,      /* a _ms fact */
    VIEWS_DAY,       /* a _day fact, or the day of a _ms fact */
    VIEWS_COUNT,     /* a number */
    VIEWS_CODE,      /* code as it is */
    VIEWS_WORD,      /* a number that has a name: words.def */
    VIEWS_FLAG,      /* set or not */
    VIEWS_STAFF,     /* staff id */
    VIEWS_PEOPLE,    /* staff ids of a list, as many as a cell holds */
    VIEWS_PHONE,     /* how staff ids of a fact are reached, as many as a cell holds */
    VIEWS_STATION,   /* code of the record's station, "" for the hub */
    VIEWS_STATE,     /* Chinese name of the state */
    VIEWS_ITEM,      /* name of the item in the catalogue */
    VIEWS_SEALED,    /* name, telephone ... : only who may open sees it */
    VIEWS_LIGHT,     /* green, amber, red, overdue (P11) */
    VIEWS_DAYS_LEFT, /* working days; overdue: negative */
    VIEWS_KEY,       /* of a group or slot */
    VIEWS_TALLY,     /* group: how many pass tests */
    VIEWS_SUM,       /* group: sum of field over those that pass tests */
    VIEWS_SHARE,     /* group: part / whole, two columns before it, in percent with one decimal */
    VIEWS_THERE,     /* slot: how many there are; least says how many there ought to be */
    VIEWS_FORMULA    /* what no table can say: function */
};

/* What a sealed cell shows. */
enum views_sealed {
    VIEWS_SEALED_NAME = 1,
    VIEWS_SEALED_PHONE,
    VIEWS_SEALED_ID_NUMBER,
    VIEWS_SEALED_MATTER /* what it is about: free text */
};

enum views_cell_kind {
    VIEWS_CELL_EMPTY,
    VIEWS_CELL_TEXT,
    VIEWS_CELL_NUMBER,
    VIEWS_CELL_DAY,
    VIEWS_CELL_TIME,
    VIEWS_CELL_STAFF, /* bytes: staff ids, one after the other */
    VIEWS_CELL_PHONE, /* bytes: staff ids, whose telephones only the place that shows them knows */
    VIEWS_CELL_STATION, /* bytes: device key; text: its code; number: day its name is asked of */
    VIEWS_CELL_RECORD,  /* bytes: record id */
    VIEWS_CELL_SHARE,   /* number: per mille */
    VIEWS_CELL_SEALED   /* bytes: record id; number: enum views_sealed */
};

/* Borrowed for the row. */
struct views_cell {
    enum views_cell_kind kind;
    int64_t number; /* number, day, ms */
    struct span bytes;
    const char *text;    /* Chinese, or a code; "" */
    const char *text_en; /* "" : as text */
};

struct views_row {
    const struct record *record; /* NULL: a group or slot */
    size_t count;                /* of cells: the view's columns */
    struct views_cell cell[VIEWS_COLUMNS];
    uint8_t bytes[VIEWS_COLUMNS][VIEWS_CELL_SIZE]; /* what the cells' bytes point at */
};

struct views_column {
    const char *name; /* "first_received", as in the API */
    const char *zh;   /* heading, as the rule book prints it */
    const char *en;
    enum views_kind kind;
    uint16_t field;
    uint16_t via;       /* fact of the record named by this field */
    bool listed;        /* the fact is a list: its place that the row is about */
    uint16_t words;     /* enum views_words */
    uint16_t sealed;    /* enum views_sealed */
    enum machine_id of; /* TALLY, SUM: of this machine; 0: the view's */
    const char *part;   /* SHARE: names of columns */
    const char *whole;
    struct views_test tests[VIEWS_TESTS];
    uint32_t unit; /* SUM: divided by it, rounded down; 0: as it is */
    void (*formula)(const struct views_look *look, const struct record *record,
                    struct views_cell *ret, uint8_t room[VIEWS_CELL_SIZE]);
};

enum views_shape { VIEWS_RECORDS, VIEWS_GROUPS, VIEWS_SLOTS };
enum views_group {
    VIEWS_BY_STATION = 1,
    VIEWS_BY_STAFF, /* view's group field */
    VIEWS_BY_ITEM,
    VIEWS_BY_DAY, /* of the view's group field */
    VIEWS_BY_STATE
};

/* What ought to be there: one row for each. */
enum views_slot_kind {
    VIEWS_SLOT_DAYS = 1, /* each day of the rota: the first so many days of the week (rota.days) */
    VIEWS_SLOT_WORKDAYS, /* each working day */
    VIEWS_SLOT_PERIODS,  /* each period of the policy's kind */
    VIEWS_SLOT_WEEKS,
    VIEWS_SLOT_NUMBERS /* 1 .. the policy's number */
};
struct views_slots {
    enum views_slot_kind kind;
    enum policy_id policy; /* PERIODS, NUMBERS */
    enum policy_id least;  /* how many records a slot wants; POLICY_COUNT: one */
    uint16_t field;        /* fact that says which slot a record fills */
    bool gaps_only;        /* only slots with too few */
    bool ahead;            /* wanted when the slot begins, and then too late */
    /* Each person for himself, besides the station: whom a record names ought to fill each slot
     * from that record's on, to the end of the period named_in that it lies in. */
    uint16_t named; /* fact with the staff ids; 0: nobody in person */
    uint16_t by;    /* staff id of who filled it */
    enum policy_id named_in;
    struct views_test done[VIEWS_TESTS]; /* what a record that fills a slot passes besides */
};

struct views_view {
    const char *name; /* "first-contacts" */
    const char *form; /* "F04"; "" : none */
    const char *zh;
    const char *en;
    const char *article;
    const char *regimes;
    const char *states; /* names; NULL: all; not with also */
    enum views_shape shape;
    enum machine_id machine;
    enum machine_id also;      /* RECORDS: of this machine, too; 0: of the one alone */
    enum policy_period period; /* when none is asked for; 0: the view has no period */
    uint16_t order;            /* field; ascending, ties by id */
    uint16_t each_from;        /* RECORDS: a row for each number from this fact ... */
    uint16_t each_until;       /* ... to this one; 0: one row a record */
    uint16_t group_field;
    enum views_group group;
    struct views_slots slots;
    uint64_t who; /* bits of rule_role that may see it; 0: all who work there */
    struct views_test where[VIEWS_TESTS];
    struct views_column columns[VIEWS_COLUMNS];
};

size_t views_count(void);
const struct views_view *views_at(size_t index);
/* By name or form; NULL: none. */
const struct views_view *views_find(const char *name);
size_t views_column_count(const struct views_view *view);

struct views_page {
    size_t offset; /* rows to leave out */
    size_t limit;  /* rows to show; 0: all */
};

typedef bool (*views_row_visit)(void *context, const struct views_row *row);
/* Rows in order. *ret_total (may be NULL): of all pages. ERR_MEMORY, ERR_LIMIT (more than
 * VIEWS_ROWS_MAX). */
enum { VIEWS_ROWS_MAX = 1000000 };
MUST_USE enum err views_list(const struct views_source *source, const struct views_view *view,
                             const struct views_scope *scope, const struct views_page *page,
                             size_t *ret_total, views_row_visit visit, void *context);

/* --- words for numbers: channel, grade, kind ... --- */

enum views_words {
    VIEWS_WORDS_NONE,
#define WORDS(list) VIEWS_WORDS_##list,
#define WORD(list, number, zh, en)
#include "views/words.def"
#undef WORD
#undef WORDS
    VIEWS_WORDS_END
};
/* "" when the number has no word. */
const char *views_word_zh(enum views_words list, uint64_t number);
const char *views_word_en(enum views_words list, uint64_t number);

#endif
