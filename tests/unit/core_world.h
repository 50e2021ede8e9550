/*
 * A core in a closed loop with the smallest world that can answer it, in virtual time: one queue of
 * jobs, a journal, a cloud whose machines boot, take jobs oldest first, report, drain and go. All
 * answers are right and prompt; what a faulty world does is for the scenarios and their adversary.
 *
 * After every second it checks that no machine was stopped while it worked.
 */
#ifndef TESTS_UNIT_CORE_WORLD_H
#define TESTS_UNIT_CORE_WORLD_H

#include "core_fixture.h"

#define WORLD_SLOTS_MAX 8 /* of one machine */

struct world_job {
    int64_t came_ns, began_ns, ended_ns; /* 0: not yet */
};

struct world_machine {
    struct listed_node listed;
    int64_t boots_at_ns, beat_at_ns;
    uint64_t seq;
    bool draining, gone;
    size_t job[WORLD_SLOTS_MAX]; /* index + 1 of the job on that slot; 0: idle */
};

struct world {
    struct core core;
    const char *pool;
    int64_t boot_ns, service_ns;
    bool tells_oldest, queue_down;
    VEC(struct world_job) jobs;
    size_t next_job; /* the oldest waiting one */
    VEC(struct world_machine) machines;
    VEC(struct event) answers; /* events on their way to the core */
    VEC(char *) names;         /* what those events borrow */
    int64_t completed;
    double owed; /* of the jobs per second */
    /* Watched over time: */
    int64_t desired_before, machines_bought;
    int direction, reversals; /* of desired */
    int64_t desired_max;
};

void world_start(struct world *world, struct pool_spec *take_spec);
void world_stop(struct world *world);
/* Adds jobs that came just now. */
void world_work(struct world *world, size_t jobs);
/* Lets time pass, a second at a time; `per_s` jobs join in every second. */
void world_run(struct world *world, int64_t forward_ns, double per_s);
size_t world_waiting(const struct world *world);
size_t world_alive(const struct world *world); /* machines */
/* Longest time from joining to the end, of the jobs that joined in [from_ns, to_ns). */
int64_t world_slowest_ns(const struct world *world, int64_t from_ns, int64_t to_ns);

#endif
