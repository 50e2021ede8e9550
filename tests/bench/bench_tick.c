/*
 * What the core costs: a tick of POOLS x NODES machines, CPU time and memory.
 *
 * usage: bench_tick [POOLS NODES]        (1000 100)
 *
 *     calm      nothing has changed: every pool observes, decides, guards, compares
 *     moving    just before the tick every queue has told of another demand
 *     samples   every queue tells of its demand, one after the other
 *     storm     the same, and every pool buys ten machines for it
 *     beats     what nodes say between two ticks: each node once in 30 s
 *     listing   one listing of all machines
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tests/fleet.h"

#define TICKS          300
#define TARGET_P99_MS  50.0
#define TARGET_RSS_MIB 128.0
#define BEAT_EVERY_S   30

/* Counted by standing in for the C library's own. */
static size_t allocations;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    allocations++;
    return __libc_realloc(old, size);
}

struct figures {
    double ms[TICKS];
    size_t len;
    size_t allocations;
};

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double percentile(const struct figures *f, double share)
{
    return f->ms[(size_t)(share * (double)(f->len - 1) + 0.5)];
}

static double print(const char *what, struct figures *f)
{
    qsort(f->ms, f->len, sizeof(f->ms[0]), by_size);
    double p99 = percentile(f, 0.99);
    printf("%-10s p50 %7.2f ms   p99 %7.2f ms   %zu allocations\n", what, percentile(f, 0.5), p99,
           f->allocations / f->len);
    return p99;
}

static double resident_mib(void)
{
    unsigned long pages = 0;
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fgets(text, sizeof(text), file)) {
        char *end;
        (void)strtoul(text, &end, 10);
        pages = strtoul(end, NULL, 10);
    }
    if (file)
        fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static void measure(struct figures *f, double since_ms, size_t allocations_before)
{
    f->ms[f->len++] = cpu_ms() - since_ms;
    f->allocations += allocations - allocations_before;
}

static void samples(struct fleet *f, size_t pools, double waiting)
{
    char name[POOL_NAME_MAX];
    for (size_t i = 0; i < pools; i++) {
        snprintf(name, sizeof(name), "pool-%zu", i);
        fleet_sample(f, name, waiting, waiting);
    }
}

/* The nodes whose turn it is in this second. */
static void beats(struct fleet *f, size_t pools, size_t nodes, size_t second)
{
    char name[NODE_ID_MAX];
    for (size_t i = second % BEAT_EVERY_S; i < pools * nodes; i += BEAT_EVERY_S) {
        snprintf(name, sizeof(name), "pool-%zu-n%zu", i / nodes, i % nodes);
        fleet_beat(f, name, 1);
    }
}

static void run(struct fleet *f, size_t pools, size_t nodes, struct figures figures[4])
{
    for (size_t i = 0; i < TICKS; i++) {
        double from = cpu_ms();
        size_t before = allocations;
        beats(f, pools, nodes, i);
        measure(&figures[2], from, before);
        /* Up and down about what there is, so that all stages have something to say. */
        bool moving = i % 5 == 0;
        from = cpu_ms();
        before = allocations;
        if (moving) {
            samples(f, pools, (double)nodes + (i % 10 == 0 ? 1 : 0));
            measure(&figures[3], from, before);
        }
        if (i % 15 == 0)
            fleet_list(f, pools, nodes);
        from = cpu_ms();
        before = allocations;
        fleet_tick(f, NS_PER_S);
        measure(&figures[moving], from, before);
    }
}

int main(int argc, char **argv)
{
    size_t pools = argc > 2 ? strtoul(argv[1], NULL, 10) : 1000;
    size_t nodes = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    struct figures figures[4] = { 0 };
    struct figures listing = { 0 };
    struct figures storm = { 0 };
    struct fleet f;
    fleet_init(&f, pools, nodes);
    run(&f, pools, nodes, figures);
    double from = cpu_ms();
    size_t before = allocations;
    f.now_ns += NS_PER_S;
    fleet_list(&f, pools, nodes);
    measure(&listing, from, before);
    from = cpu_ms();
    before = allocations;
    samples(&f, pools, (double)nodes + 20);
    measure(&storm, from, before);
    malloc_trim(0);
    printf("%zu pools x %zu nodes\n", pools, nodes);
    double p99 = print("calm", &figures[0]);
    double moving = print("moving", &figures[1]);
    print("samples", &figures[3]);
    print("storm", &storm);
    print("beats", &figures[2]);
    print("listing", &listing);
    double rss = resident_mib();
    printf("resident   %.1f MiB\n", rss);
    p99 = moving > p99 ? moving : p99;
    printf("target     p99 < %.0f ms %s, resident < %.0f MiB %s\n", TARGET_P99_MS,
           p99 < TARGET_P99_MS ? "kept" : "MISSED", TARGET_RSS_MIB,
           rss < TARGET_RSS_MIB ? "kept" : "MISSED");
    fleet_release(&f);
    return 0;
}
