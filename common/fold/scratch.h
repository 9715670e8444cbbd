#ifndef JIELI_FOLD_SCRATCH_H
#define JIELI_FOLD_SCRATCH_H

/* Records are too large for the stack; a fold keeps these. Private to fold/. */
enum {
    FOLD_SCRATCH_BEFORE, /* the record judged */
    FOLD_SCRATCH_FIND,   /* another record the rules look at */
    FOLD_SCRATCH_PARENT, /* the case a request or task belongs to */
    FOLD_SCRATCH
};

#endif
