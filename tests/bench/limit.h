#ifndef JIELI_TESTS_BENCH_LIMIT_H
#define JIELI_TESTS_BENCH_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Puts this process into a control group of its own with that much memory, page cache included,
 * below the group it is in. ret_how: what was done, in words ("cgroup v1, 128 MB", or why not). */
void limit_memory(unsigned megabytes, char *ret_how, size_t ret_size);
/* Most that the group ever held; 0: no group. */
unsigned long limit_peak_kb(void);
/* Removes the group of a process that has ended. */
void limit_end(pid_t process);
/* RssAnon of this process. */
unsigned long limit_rss_anon_kb(void);

#endif
