#include "tests/bench/limit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 512 };

/* Below this group a group of our own is made; false: no memory controller. */
static bool find_group(char ret[PATH], bool *ret_second)
{
    char line[PATH];
    bool found = false;
    FILE *file = fopen("/proc/self/cgroup", "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = 0;
        const char *first = strstr(line, ":memory:");
        *ret_second = strncmp(line, "0::", 3) == 0;
        if (first != NULL) {
            (void)snprintf(ret, PATH, "/sys/fs/cgroup/memory%.400s", first + 8);
        } else if (*ret_second) {
            (void)snprintf(ret, PATH, "/sys/fs/cgroup%.400s", line + 3);
        }
        char probe[PATH];
        (void)snprintf(probe, sizeof probe, "%.450s/%s", ret,
                       *ret_second ? "memory.max" : "memory.limit_in_bytes");
        found = (first != NULL || *ret_second) && access(probe, F_OK) == 0;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}

static void own_group(char ret[PATH], const char *group, pid_t process)
{
    (void)snprintf(ret, PATH, "%.450s/station-scale-%d", group, (int)process);
}

static bool write_number(const char *group, const char *name, unsigned long long number)
{
    char path[PATH + 64];
    (void)snprintf(path, sizeof path, "%s/%s", group, name);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    bool good = fprintf(file, "%llu\n", number) > 0;
    return fclose(file) == 0 && good;
}

static unsigned long read_number(const char *group, const char *name)
{
    char path[PATH + 64];
    unsigned long number = 0;
    char text[64];
    (void)snprintf(path, sizeof path, "%s/%s", group, name);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(text, sizeof text, file) != NULL) {
            number = strtoul(text, NULL, 10);
        }
        (void)fclose(file);
    }
    return number;
}

void limit_memory(unsigned megabytes, char *ret_how, size_t ret_size)
{
    char group[PATH];
    char own[PATH];
    bool second = false;
    if (!find_group(group, &second)) {
        (void)snprintf(ret_how, ret_size, "none: no memory controller");
        return;
    }
    own_group(own, group, getpid());
    bool good = mkdir(own, 0755) == 0 &&
                write_number(own, second ? "memory.max" : "memory.limit_in_bytes",
                             (unsigned long long)megabytes << 20) &&
                write_number(own, "cgroup.procs", (unsigned long long)getpid());
    if (good) {
        (void)snprintf(ret_how, ret_size, "cgroup v%d, %u MB", second ? 2 : 1, megabytes);
    } else {
        (void)snprintf(ret_how, ret_size, "none: control groups cannot be written here");
        (void)rmdir(own);
    }
}

unsigned long limit_peak_kb(void)
{
    char group[PATH];
    bool second = false;
    if (!find_group(group, &second) || strstr(group, "station-scale-") == NULL) {
        return 0;
    }
    return read_number(group, second ? "memory.peak" : "memory.max_usage_in_bytes") / 1024;
}

void limit_end(pid_t process)
{
    char group[PATH];
    char own[PATH];
    bool second = false;
    if (find_group(group, &second)) {
        own_group(own, group, process);
        (void)rmdir(own);
    }
}

unsigned long limit_rss_anon_kb(void)
{
    char line[256];
    unsigned long found = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            found = strtoul(line + 8, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return found;
}
