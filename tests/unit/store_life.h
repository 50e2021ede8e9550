/*
 * A store's life until it is cut off: a child process writes intents, ends, readiness and pauses as
 * fast as they are acknowledged, and says each acknowledged number into a pipe; the parent then looks
 * whether all of them are there.
 */
#ifndef TESTS_UNIT_STORE_LIFE_H
#define TESTS_UNIT_STORE_LIFE_H

#include "store_help.h"

struct life {
    struct bench *b;
    int pipe;
    uint64_t next;
};

static inline void life_ask(struct life *life);

static inline void life_acked(void *ctx, uint64_t number, const struct error *err)
{
    struct life *life = ctx;
    if (err->code < 0 || write(life->pipe, &number, sizeof(number)) != sizeof(number))
        _exit(3);
    if (number % 3 == 0)
        store_served(life->b->store, number, NULL, NULL, NULL);
    if (number % 4 == 0)
        bench_end(life->b, number, number % 8 == 0 ? INTENT_DONE : INTENT_FAILED);
    if (number % 7 == 0)
        store_paused(life->b->store, "render", number % 2 == 0, "alice");
    life_ask(life);
}

static inline void life_ask(struct life *life)
{
    struct intent intent = make_intent(life->next++);
    struct sample sample = make_sample((double)intent.number);
    if (store_write_intent(life->b->store, &intent, life_acked, life, NULL) < 0)
        _exit(3);
    store_sample(life->b->store, "render", NOON_NS + (int64_t)intent.number, &sample);
}

/* In the child; ends only by being cut off. Three intents are always under way. */
static inline void life_live(struct bench *b, int pipe)
{
    struct store_recovered r = { 0 };
    struct life life = { .b = b, .pipe = pipe };
    if (uv_loop_init(&b->loop) < 0 || bench_open(b, &b->last_error) < 0 ||
        store_recover(b->store, &r, &b->last_error) < 0)
        _exit(2);
    life.next = r.last_number + 1;
    store_recovered_release(&r);
    for (int i = 0; i < 3; i++)
        life_ask(&life);
    uv_run(&b->loop, UV_RUN_DEFAULT);
    _exit(4);
}

/* Reads what the child said; the highest number, and how many. */
static inline uint64_t life_heard(int pipe, int *ret_count)
{
    uint64_t number;
    uint64_t highest = 0;
    for (*ret_count = 0; read(pipe, &number, sizeof(number)) == sizeof(number); ++*ret_count) {
        assert_true(number > highest);
        highest = number;
    }
    return highest;
}

/* The file opens, is in order, and has every intent up to the highest that was acknowledged. */
static inline void life_check(struct bench *b, uint64_t highest, int round)
{
    struct error err = { 0 };
    struct store_recovered r = { 0 };
    char sql[128];
    if (bench_open(b, &err) < 0 || store_recover(b->store, &r, &err) < 0)
        fail_msg("round %d: %s", round, err.text);
    if (r.last_number < highest)
        fail_msg("round %d: %llu was acknowledged, the last one there is %llu", round,
                 (unsigned long long)highest, (unsigned long long)r.last_number);
    store_recovered_release(&r);
    bench_close(b);
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM intents WHERE number <= %llu",
             (unsigned long long)highest);
    if (bench_ask(b, sql) != (int64_t)highest)
        fail_msg("round %d: %lld intents of %llu", round, (long long)bench_ask(b, sql),
                 (unsigned long long)highest);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM pragma_integrity_check"
                                  " WHERE integrity_check != 'ok'"),
                     0);
}

#endif
