#ifndef JIELI_BASE_CHECK_H
#define JIELI_BASE_CHECK_H

/* A bug of ours: prints file, line and the condition, then aborts. Always on. Bytes from a peer,
 * a file, the store or a person never reach a CHECK. */
#define CHECK(condition) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

_Noreturn void check_failed(const char *file, int line, const char *condition);

#endif
