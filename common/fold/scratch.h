#ifndef JIELI_FOLD_SCRATCH_H
#define JIELI_FOLD_SCRATCH_H

/* Records are too large for the stack; a fold keeps these. Private to fold/. */
enum {
    FOLD_SCRATCH_DROP = 0,   /* fold_tentative_drop */
    FOLD_SCRATCH_BEFORE = 1, /* the record judged */
    FOLD_SCRATCH_FIND = 2,   /* another record the rules look at */
    FOLD_SCRATCH_PARENT = 3, /* the case a request or task belongs to */
    FOLD_SCRATCH_AFTER = 4,
    FOLD_SCRATCH = 5
};

#endif
