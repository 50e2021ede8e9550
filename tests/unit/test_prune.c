#include "store/prune.h"

#include "store_help.h"

/* The store prunes beside what it writes; a minute passes between the writes here. */
static void write_some(struct bench *b, int times)
{
    for (int i = 0; i < times; i++) {
        store_cost(b->store, "tick", NOON_NS + b->now_ns, 1, 1);
        bench_run(b);
        b->now_ns += 60 * NS_PER_S;
    }
}

static void add_history(struct bench *b, int64_t age_ns, int rows)
{
    struct decision d = { .number = 1 };
    for (int i = 0; i < rows; i++) {
        struct sample sample = make_sample(i);
        int64_t wall_ns = NOON_NS + b->now_ns - age_ns + i;
        d.at_wall_ns = wall_ns;
        store_sample(b->store, "render", wall_ns, &sample);
        store_decision(b->store, "render", &d);
        store_cost(b->store, "render", wall_ns - i * HOUR_NS, 1, 1);
    }
    bench_run(b);
}

static void old_history_goes_in_steps(void **state)
{
    struct bench *b = *state;
    b->options.retention_ns = 0;
    bench_reopen(b);
    add_history(b, 40 * DAY_NS, 1000);
    add_history(b, DAY_NS, 10);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples"), 1010);
    b->options.retention_ns = 30 * DAY_NS;
    bench_reopen(b);
    write_some(b, 1);
    /* Never a long stall: a few hundred rows at a time. */
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples"), 1010 - PRUNE_ROWS);
    write_some(b, 6);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples"), 10);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM decisions"), 10);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM cost WHERE pool = 'render'"), 10);
    assert_true(bench_ask(b, "SELECT min(wall_ns) FROM samples") > NOON_NS - 2 * DAY_NS);
}

static void once_a_second_is_enough(void **state)
{
    struct bench *b = *state;
    b->options.retention_ns = 0;
    bench_reopen(b);
    add_history(b, 40 * DAY_NS, 500);
    b->options.retention_ns = 30 * DAY_NS;
    bench_reopen(b);
    write_some(b, 1);
    int64_t after = bench_ask(b, "SELECT count(*) FROM samples");
    assert_int_equal(after, 500 - PRUNE_ROWS);
    b->now_ns -= 60 * NS_PER_S - NS_PER_MS;
    store_cost(b->store, "tick", NOON_NS + b->now_ns, 1, 1);
    bench_run(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples"), after);
}

static void file_stays_below_its_ceiling(void **state)
{
    struct bench *b = *state;
    b->options.max_bytes = 512 << 10;
    bench_reopen(b);
    bench_write(b, 1);
    for (int i = 0; i < 300; i++) {
        add_history(b, 0, 60);
        b->now_ns += 60 * NS_PER_S;
    }
    int64_t pages = bench_ask(b, "PRAGMA page_count") - bench_ask(b, "PRAGMA freelist_count");
    assert_true(pages * 4096 < 640 << 10);
    assert_true(bench_ask(b, "PRAGMA page_count") * 4096 < 768 << 10);
    int64_t samples = bench_ask(b, "SELECT count(*) FROM samples");
    int64_t decisions = bench_ask(b, "SELECT count(*) FROM decisions");
    assert_true(samples > 1000);
    /* Cut at one time: neither is lost for the other's sake. */
    assert_in_range(decisions, samples - 200, samples + 200);
    assert_int_equal(bench_ask(b, "SELECT max(wall_ns) FROM samples"),
                     bench_ask(b, "SELECT max(wall_ns) FROM decisions"));
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), 1);
}

static void no_retention_keeps_all(void **state)
{
    struct bench *b = *state;
    b->options.retention_ns = 0;
    bench_reopen(b);
    add_history(b, 4000 * DAY_NS, 10);
    write_some(b, 3);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples"), 10);
}

static void open_intents_and_the_last_number_stay(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    for (uint64_t n = 1; n <= 10; n++) {
        bench_write(b, n);
        if (n != 3)
            bench_end(b, n, n == 4 ? INTENT_DONE : INTENT_FAILED);
    }
    bench_run(b);
    b->now_ns += 31 * DAY_NS;
    write_some(b, 3);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), 2);
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_true(r.last_number == 10);
    assert_int_equal(r.open_len, 1);
    assert_true(r.open[0].number == 3);
    store_recovered_release(&r);
}

static void too_many_intents_go_before_their_time(void **state)
{
    struct bench *b = *state;
    bench_write(b, 1);
    bench_write(b, 2);
    bench_write(b, 3);
    bench_end(b, 1, INTENT_FAILED);
    bench_end(b, 3, INTENT_FAILED);
    bench_write(b, 3 + PRUNE_INTENTS_MAX);
    bench_run(b);
    write_some(b, 2);
    /* 1 and 3 are closed and far behind the last; 2 is open. */
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), 2);
    assert_int_equal(bench_ask(b, "SELECT min(number) FROM intents"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(old_history_goes_in_steps),
        bench_test(once_a_second_is_enough),
        bench_test(file_stays_below_its_ceiling),
        bench_test(no_retention_keeps_all),
        bench_test(open_intents_and_the_last_number_stay),
        bench_test(too_many_intents_go_before_their_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
