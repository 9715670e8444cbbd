/* The verify limit of this machine at this moment: libsodium as it is installed, one thread a core,
 * messages of 512 bytes. calibrate MILLISECONDS prints one JSON object. */
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 512, MESSAGES = 64, CORES_MAX = 256 };

struct job {
    uint8_t key[crypto_sign_PUBLICKEYBYTES];
    uint8_t message[MESSAGES][MESSAGE_SIZE];
    uint8_t signature[MESSAGES][crypto_sign_BYTES];
};

struct worker {
    pthread_t thread;
    const struct job *job;
    uint64_t count;
    uint64_t bad;
};

static atomic_bool ending;

static double seconds(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *verify(void *argument)
{
    struct worker *worker = argument;
    const struct job *job = worker->job;
    for (uint64_t i = 0; !atomic_load(&ending); i++) {
        unsigned n = (unsigned)(i % MESSAGES);
        int rc =
            crypto_sign_verify_detached(job->signature[n], job->message[n], MESSAGE_SIZE, job->key);
        worker->bad += rc == 0 ? 0 : 1;
        worker->count++;
    }
    return NULL;
}

static void make_job(struct job *job)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    crypto_sign_keypair(job->key, secret);
    for (unsigned i = 0; i < MESSAGES; i++) {
        randombytes_buf(job->message[i], MESSAGE_SIZE);
        crypto_sign_detached(job->signature[i], NULL, job->message[i], MESSAGE_SIZE, secret);
    }
}

static unsigned run(const struct job *job, long wait_ms, uint64_t *ret_count, uint64_t *ret_bad)
{
    static struct worker workers[CORES_MAX];
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000L};
    unsigned started = 0;
    for (long i = 0; i < cores && i < CORES_MAX; i++) {
        workers[i].job = job;
        started += pthread_create(&workers[i].thread, NULL, verify, &workers[i]) == 0 ? 1 : 0;
    }
    (void)nanosleep(&wait, NULL);
    atomic_store(&ending, true);
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        *ret_count += workers[i].count;
        *ret_bad += workers[i].bad;
    }
    return started;
}

int main(int argc, char **argv)
{
    static struct job job;
    uint64_t count = 0;
    uint64_t bad = 0;
    long wait_ms = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    if (wait_ms <= 0 || sodium_init() < 0) {
        (void)fprintf(stderr, "usage: calibrate MILLISECONDS\n");
        return 2;
    }
    make_job(&job);
    double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double wall = seconds(CLOCK_MONOTONIC);
    unsigned threads = run(&job, wait_ms, &count, &bad);
    wall = seconds(CLOCK_MONOTONIC) - wall;
    cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    (void)printf("{\"threads\":%u,\"verified\":%llu,\"bad\":%llu,\"per_s\":%.1f,"
                 "\"cpu_us\":%.3f}\n",
                 threads, (unsigned long long)count, (unsigned long long)bad, (double)count / wall,
                 cpu * 1e6 / (double)count);
    return bad == 0 ? 0 : 1;
}
