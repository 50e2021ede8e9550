/*
 * A listing of 20,000 machines in pages of 500, as Compute Engine sends them: how much of the processor,
 * and how much memory, it takes to read them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "providers/gcp/answers.h"

#define MACHINES 20000
#define PAGE     500

/* With everything an instance has: what `fields` leaves out is passed over, should it come all the same. */
static void write_page(struct buf *page, int first)
{
    buf_clear(page);
    buf_add_c(page,
              "{\"kind\":\"compute#instanceAggregatedList\",\"items\":{\"zones/us-central1-a\":{"
              "\"instances\":[");
    for (int i = first; i < first + PAGE; i++) {
        buf_addf(
            page,
            "%s{\"kind\":\"compute#instance\",\"id\":\"%d\",\"name\":"
            "\"muster-abcdefghijklmnopqrstuvwxyz23%04d-%d\",\"zone\":\"https://www.googleapis.com/"
            "compute/v1/projects/p/zones/us-central1-a\",\"machineType\":\"https://"
            "www.googleapis.com/"
            "compute/v1/projects/p/zones/us-central1-a/machineTypes/n2-standard-4\",\"status\":"
            "\"RUNNING\",\"creationTimestamp\":\"2026-03-14T08:00:00.000-07:00\",",
            i > first ? "," : "", i, i / 100, i % 100);
        buf_addf(page,
                 "\"labels\":{\"muster-controller\":\"home\",\"muster-pool\":\"render\",\"muster-"
                 "intent\":"
                 "\"abcdefghijklmnopqrstuvwxyz23%04d\",\"muster-offer\":\"us-central1_n2-standard-"
                 "4_spot\","
                 "\"muster-slots\":\"4\"},\"scheduling\":{\"provisioningModel\":\"SPOT\","
                 "\"preemptible\":"
                 "true},\"disks\":[{\"deviceName\":\"boot\",\"licenses\":[\"",
                 i / 100);
        for (int k = 0; k < 3000; k += 10)
            buf_add_c(page, "0123456789");
        buf_add_c(page, "\"]}]}");
    }
    buf_addf(page, "]}}%s}", first + PAGE < MACHINES ? ",\"nextPageToken\":\"more\"" : "");
}

static long memory_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

int main(void)
{
    struct buf page = { 0 };
    struct gce_instances list = { 0 };
    struct error err = { 0 };
    double spent = 0;
    size_t bytes = 0;
    long before = memory_kib();
    for (int first = 0; first < MACHINES; first += PAGE) {
        write_page(&page, first);
        clock_t start = clock();
        if (gce_read_page(buf_str(&page), &list, &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        spent += (double)(clock() - start) / CLOCKS_PER_SEC;
        bytes += page.len;
    }
    printf(
        "gcp listing: %zu machines, %zu MiB of JSON: %.2f s of CPU, %ld MiB of memory (goal: 3 s, "
        "64 MiB)\n",
        list.all.len, bytes >> 20, spent, (memory_kib() - before) >> 10);
    bool good = list.all.len == MACHINES && spent < 3;
    gce_instances_release(&list);
    buf_release(&page);
    return good ? 0 : 1;
}
