#ifndef JIELI_SEAL_SECRET_H
#define JIELI_SEAL_SECRET_H

#include <stddef.h>

/* For seal/ alone: memory for secrets, between guard pages, out of swap and core dumps. */

/* NULL when the memory cannot be had or cannot be locked. The content is not initialised. */
void *secret_new(size_t size);
/* Nobody writes to it any more. */
void secret_freeze(void *secret);
/* Zeroes and frees; NULL is fine. */
void secret_free(void *secret);

#endif
