/* A station with very many cases: made through the real author and fold, then looked at by a
 * process of its own inside a memory limit, first with all of them unanswered, then proven.
 *   station_scale [CASES]       100,000 when not said; a folder of its own below the current one
 *   station_scale --look DIR    the second process; prints one JSON object */
#include "rules/civil.h"
#include "rules/machines.h"
#include "tests/bench/limit.h"
#include "tests/bench/measure.h"
#include "tests/bench/station_line.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CASES_DEFAULT = 100000, PAGE = 50, LOOKS = 2000, MEMORY_MB = 128, PATH = 512 };

/* --- Looking --- */

struct looking {
    struct kv *kv;
    struct station *station;
    struct record *record;
    size_t count;
    uint8_t page[PAGE][LIMIT_ID_SIZE];
};

static bool take_page(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct looking *looking = context;
    (void)due_day;
    memcpy(looking->page[looking->count++], id, LIMIT_ID_SIZE);
    return looking->count < PAGE;
}

static bool count_all(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct looking *looking = context;
    (void)id;
    (void)due_day;
    looking->count++;
    return true;
}

/* The first page of what is due, with its records as a page shows them. */
static double list_due(struct looking *looking)
{
    struct kv_txn txn;
    const struct fold *fold = station_fold(looking->station);
    double start = clock_ms(CLOCK_MONOTONIC);
    looking->count = 0;
    kv_begin(looking->kv, false, &txn);
    fold_list_due(fold, &txn, 0, take_page, looking);
    for (size_t i = 0; i < looking->count; i++) {
        must(fold_record_get(fold, &txn, FOLD_TENTATIVE, looking->page[i], looking->record),
             "record");
    }
    kv_abort(&txn);
    return clock_ms(CLOCK_MONOTONIC) - start;
}

static double list_all(struct looking *looking)
{
    struct kv_txn txn;
    double start = clock_ms(CLOCK_MONOTONIC);
    looking->count = 0;
    kv_begin(looking->kv, false, &txn);
    fold_list_due(station_fold(looking->station), &txn, 0, count_all, looking);
    kv_abort(&txn);
    return clock_ms(CLOCK_MONOTONIC) - start;
}

static int by_size(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    return *left < *right ? -1 : *left > *right;
}

/* Opens cases all over the store, one transaction each. */
static void open_cases(struct looking *looking, uint32_t cases, double *ret_median,
                       double *ret_worst)
{
    static double times[LOOKS];
    struct town_act act;
    for (uint32_t i = 0; i < LOOKS; i++) {
        struct kv_txn txn;
        town_act(&act, WIRE_CASE, (uint32_t)((uint64_t)i * 7919 % cases) * 2 + 1, CASE_OPENED);
        double start = clock_ms(CLOCK_MONOTONIC);
        kv_begin(looking->kv, false, &txn);
        must(fold_record_get(station_fold(looking->station), &txn, FOLD_TENTATIVE, act.record,
                             looking->record),
             "case");
        kv_abort(&txn);
        times[i] = clock_ms(CLOCK_MONOTONIC) - start;
    }
    qsort(times, LOOKS, sizeof *times, by_size);
    *ret_median = times[LOOKS / 2];
    *ret_worst = times[LOOKS - 1];
}

static int look(const char *directory, uint32_t cases)
{
    struct looking looking = {0};
    struct station_status status;
    double median = 0;
    double worst = 0;
    char limit[64];
    limit_memory(MEMORY_MB, limit, sizeof limit);
    double start = clock_ms(CLOCK_MONOTONIC);
    looking.record = calloc(1, sizeof *looking.record);
    must(looking.record != NULL && kv_open(directory, NULL, &looking.kv) == ERR_NONE, "store");
    must(station_line_open_alone(looking.kv, &looking.station) == ERR_NONE, "station");
    double opened = clock_ms(CLOCK_MONOTONIC) - start;
    double first_list = list_due(&looking);
    double list = list_due(&looking);
    open_cases(&looking, cases, &median, &worst);
    double all = list_all(&looking);
    size_t due = looking.count;
    unsigned long resting = limit_rss_anon_kb();
    start = clock_ms(CLOCK_MONOTONIC);
    must(station_rebuild(looking.station) == ERR_NONE, "rebuild");
    double rebuilt = clock_ms(CLOCK_MONOTONIC) - start;
    double list_after = list_due(&looking);
    station_status(looking.station, &status);
    (void)printf(
        "{\"limit\":\"%s\",\"events\":%llu,\"answered\":%llu,\"due\":%zu,"
        "\"start_ms\":%.1f,\"list_due_first_ms\":%.3f,\"list_due_ms\":%.3f,"
        "\"open_case_median_ms\":%.4f,\"open_case_worst_ms\":%.3f,\"walk_all_due_ms\":%.1f,"
        "\"rss_anon_kb\":%lu,\"rebuild_s\":%.1f,\"list_due_rebuilt_ms\":%.3f,"
        "\"rss_anon_rebuilt_kb\":%lu,\"peak_limited_kb\":%lu}\n",
        limit, (unsigned long long)status.newest, (unsigned long long)status.answered, due, opened,
        first_list, list, median, worst, all, resting, rebuilt / 1e3, list_after,
        limit_rss_anon_kb(), limit_peak_kb());
    station_close(looking.station);
    kv_close(looking.kv);
    free(looking.record);
    return 0;
}

/* --- Making --- */

static void write_case(struct station_line *line, uint32_t number)
{
    struct town_act contact;
    struct town_act act;
    town_act(&contact, WIRE_CONTACT, number * 2, CONTACT_RECEIVED);
    town_number(&contact, FIELD_channel, 0, 1);
    town_text(&contact, FIELD_item, 0, "I51");
    station_line_write(line, &contact);
    town_act(&act, WIRE_CASE, number * 2 + 1, CASE_OPENED);
    town_text(&act, FIELD_item, 0, "I51");
    town_bytes(&act, FIELD_contact, 0, contact.record, sizeof contact.record);
    station_line_write(line, &act);
    town_act(&act, WIRE_CASE, number * 2 + 1, CASE_ACCEPTED);
    town_materials(&act);
    station_line_write(line, &act);
}

/* A copy of the closed store on the disk, nothing of it in memory any more. */
static void copy_store(const char *from, const char *to)
{
    static uint8_t block[1 << 20];
    char path[PATH];
    must(mkdir(to, 0700) == 0, to);
    (void)snprintf(path, sizeof path, "%s/data.mdb", from);
    int in = open(path, O_RDONLY | O_CLOEXEC);
    (void)snprintf(path, sizeof path, "%s/data.mdb", to);
    int out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(in >= 0 && out >= 0, path);
    for (ssize_t size = read(in, block, sizeof block); size > 0;
         size = read(in, block, sizeof block)) {
        must(write(out, block, (size_t)size) == size, "write");
    }
    must(fsync(out) == 0 && posix_fadvise(out, 0, 0, POSIX_FADV_DONTNEED) == 0, "sync");
    (void)close(in);
    (void)close(out);
}

static void remove_store(const char *directory)
{
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", "data.new"};
    char path[PATH];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

/* The other process looks at a copy; its line is printed behind phase. */
static void look_at(const char *self, const char *phase, const char *from, uint32_t cases)
{
    char directory[64];
    char number[16];
    int status = 0;
    (void)snprintf(directory, sizeof directory, "station_scale.%d", (int)getpid());
    (void)snprintf(number, sizeof number, "%u", cases);
    copy_store(from, directory);
    (void)printf("{\"phase\":\"%s\",\"found\":", phase);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)execl(self, self, "--look", directory, number, (char *)NULL);
        _Exit(127);
    }
    must(child > 0 && waitpid(child, &status, 0) == child, "wait");
    (void)printf("}\n");
    (void)fflush(stdout);
    remove_store(directory);
    limit_end(child);
    must(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the look inside the limit");
}

/* In memory while it is made, where syncing costs nothing; on the disk when it is looked at. */
static void make_and_look(const char *self, uint32_t cases)
{
    char directory[64];
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".";
    (void)snprintf(directory, sizeof directory, "%s/station_scale.%d", base, (int)getpid());
    struct station_line *line = station_line_new();
    station_line_open(line, directory);
    station_line_sync(line);
    double start = clock_ms(CLOCK_MONOTONIC);
    for (uint32_t i = 0; i < cases; i++) {
        write_case(line, i);
    }
    (void)fprintf(stderr, "%u cases written in %.0f s\n", cases,
                  (clock_ms(CLOCK_MONOTONIC) - start) / 1e3);
    station_line_close(line);
    look_at(self, "unanswered", directory, cases);
    station_line_open(line, directory);
    start = clock_ms(CLOCK_MONOTONIC);
    station_line_sync(line);
    (void)fprintf(stderr, "handed over in %.0f s\n", (clock_ms(CLOCK_MONOTONIC) - start) / 1e3);
    station_line_close(line);
    look_at(self, "proven", directory, cases);
    station_line_free(line);
    remove_store(directory);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--look") == 0) {
        return look(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
    }
    uint32_t cases = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CASES_DEFAULT;
    if (cases == 0) {
        (void)fprintf(stderr, "usage: station_scale [CASES]\n");
        return 2;
    }
    make_and_look(argv[0], cases);
    return 0;
}
