#include "store/store.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>

#include "base/json.h"
#include "store_help.h"

/* ---- intents ------------------------------------------------------------------------------- */

static void intents_come_back(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    for (uint64_t n = 1; n <= 7; n++)
        bench_write(b, n);
    assert_int_equal(b->acked, 0);
    bench_run(b);
    assert_int_equal(b->acked, 7);
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.open_len, 7);
    assert_true(r.last_number == 7);
    for (uint64_t n = 1; n <= 7; n++) {
        struct intent want = make_intent(n);
        const struct intent *got = &r.open[n - 1];
        assert_true(got->number == n);
        assert_int_equal(got->kind, want.kind);
        assert_int_equal(got->state, INTENT_PLANNED);
        assert_string_equal(got->pool, want.pool);
        assert_string_equal(got->offer, want.offer);
        assert_string_equal(got->inventory, want.inventory);
        assert_string_equal(got->node, want.node);
        assert_string_equal(got->token, want.token);
        assert_int_equal(got->slots, 4);
        assert_int_equal(got->price_usd_micro, 34000);
        assert_int_equal(got->count, want.count);
        assert_int_equal(got->planned_wall_ns, want.planned_wall_ns);
        assert_int_equal(got->planned_ns, 0);
        assert_int_equal(got->sent_ns, 0);
        assert_false(got->served);
    }
    store_recovered_release(&r);
    store_recovered_release(&r);
    store_recovered_release(NULL);
}

static void fresh_file_has_nothing_but_an_id(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    char journal[32];
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.open_len, 0);
    assert_int_equal(r.paused_len, 0);
    assert_true(r.last_number == 0);
    assert_int_equal(strlen(r.journal), 16);
    snprintf(journal, sizeof(journal), "%s", r.journal);
    store_recovered_release(&r);

    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_string_equal(r.journal, journal);
    store_recovered_release(&r);

    bench_close(b);
    bench_remove_files(b);
    assert_int_equal(bench_open(b, NULL), 0);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_string_not_equal(r.journal, journal);
    store_recovered_release(&r);
}

/* The table that recovery is about: how an intent ended, and whether its node was ever ready. */
static void what_recovery_tells(void **state)
{
    static const struct {
        const char *name;
        uint64_t number; /* a multiple of 5 is a termination */
        int ended;       /* enum intent_state, or -1: never closed */
        bool served, told;
    } cases[] = {
        { "launch, open", 1, -1, false, true },
        { "launch, open, served", 2, -1, true, true },
        { "launch, done, never ready", 3, INTENT_DONE, false, true },
        { "launch, done, served", 4, INTENT_DONE, true, false },
        { "launch, failed", 6, INTENT_FAILED, false, false },
        { "termination, open", 5, -1, false, true },
        { "termination, done", 10, INTENT_DONE, false, false },
        { "termination, failed", 15, INTENT_FAILED, false, false },
    };
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bench_write(b, cases[i].number);
        if (cases[i].served)
            store_served(b->store, cases[i].number, NULL, NULL, NULL);
        if (cases[i].ended >= 0)
            bench_end(b, cases[i].number, (enum intent_state)cases[i].ended);
    }
    bench_run(b);
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct intent *found = NULL;
        for (size_t k = 0; k < r.open_len; k++) {
            if (r.open[k].number == cases[i].number)
                found = &r.open[k];
        }
        if ((found != NULL) != cases[i].told)
            fail_msg("%s", cases[i].name);
        if (!found)
            continue;
        assert_int_equal(found->served, cases[i].served);
        assert_int_equal(found->state, cases[i].ended >= 0 ? INTENT_DONE : INTENT_PLANNED);
    }
    for (size_t k = 1; k < r.open_len; k++)
        assert_true(r.open[k - 1].number < r.open[k].number);
    assert_true(r.last_number == 15);
    /* Where launches went, once, whatever became of them. */
    struct intent launch = make_intent(1);
    assert_int_equal(r.places_len, 1);
    assert_string_equal(r.places[0].pool, launch.pool);
    assert_string_equal(r.places[0].inventory, launch.inventory);
    assert_true(r.places[0].done_wall_ns > 0);
    assert_int_equal(r.places[0].done_wall_ns,
                     ask_file(b->path, "SELECT max(closed_wall_ns) FROM intents"
                                       " WHERE kind = 'launch' AND state = 'done'"));
    store_recovered_release(&r);
}

static void number_is_written_over_by_the_same_token_only(void **state)
{
    struct bench *b = *state;
    struct intent again = make_intent(1);
    struct store_recovered r = { 0 };
    bench_write(b, 1);
    again.state = INTENT_UNKNOWN;
    assert_int_equal(store_write_intent(b->store, &again, bench_acked, b, NULL), 0);
    bench_run(b);
    assert_int_equal(b->acked, 2);
    again.token[0] = 'X';
    again.state = INTENT_PLANNED;
    assert_int_equal(store_write_intent(b->store, &again, bench_acked, b, NULL), 0);
    bench_write(b, 2);
    bench_run(b);
    /* One bad entry does not take the others of its batch along. */
    assert_int_equal(b->acked, 3);
    assert_int_equal(b->refused, 1);
    assert_int_equal(b->last_error.code, MUSTER_E_INVALID);
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.open[0].state, INTENT_UNKNOWN);
    store_recovered_release(&r);
}

/* ---- the queue ----------------------------------------------------------------------------- */

struct order {
    struct bench *b;
    uint64_t next;
    int wrong;
};

static void in_order(void *ctx, uint64_t number, const struct error *err)
{
    struct order *order = ctx;
    order->wrong += number != order->next++ || err->code != 0;
    /* An answer may ask for more; it comes after all that was asked before. */
    if (number == 1) {
        struct intent more = make_intent(101);
        store_write_intent(order->b->store, &more, in_order, order, NULL);
    }
}

static void answers_come_in_the_order_of_the_asking(void **state)
{
    struct bench *b = *state;
    struct order order = { b, 1, 0 };
    for (uint64_t n = 1; n <= 100; n++) {
        struct intent intent = make_intent(n);
        assert_int_equal(store_write_intent(b->store, &intent, in_order, &order, NULL), 0);
    }
    bench_run(b);
    assert_int_equal(order.wrong, 0);
    assert_true(order.next == 102);
}

/* One turn of the loop, one transaction: the file's change counter in the WAL tells. */
static void one_turn_is_one_commit(void **state)
{
    struct bench *b = *state;
    struct stat before, one, many;
    char wal[128];
    snprintf(wal, sizeof(wal), "%s-wal", b->path);
    assert_int_equal(stat(wal, &before), 0);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(stat(wal, &one), 0);
    for (uint64_t n = 2; n <= 11; n++)
        bench_write(b, n);
    bench_run(b);
    assert_int_equal(stat(wal, &many), 0);
    /* Ten commits would write ten times the pages of one. */
    assert_true(many.st_size - one.st_size <= 2 * (one.st_size - before.st_size));
    assert_int_equal(b->acked, 11);
}

static void closing_writes_what_is_pending(void **state)
{
    struct bench *b = *state;
    for (uint64_t n = 1; n <= 50; n++)
        bench_write(b, n);
    uv_run(&b->loop, UV_RUN_NOWAIT); /* a job is under way */
    for (uint64_t n = 51; n <= 60; n++)
        bench_write(b, n);
    store_paused(b->store, "render", true, "alice");
    bench_close(b);
    assert_int_equal(b->acked, 60);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), 60);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM paused WHERE who = 'alice'"), 1);
}

static void write_while_closing(void *ctx, uint64_t number, const struct error *err)
{
    struct bench *b = ctx;
    struct intent intent = make_intent(number + 1);
    b->acked += err->code == 0;
    b->refused += store_write_intent(b->store, &intent, write_while_closing, b, NULL) < 0;
    bench_end(b, number, INTENT_FAILED);
}

static void no_intent_is_taken_while_closing(void **state)
{
    struct bench *b = *state;
    struct intent intent = make_intent(1);
    assert_int_equal(store_write_intent(b->store, &intent, write_while_closing, b, NULL), 0);
    bench_close(b);
    assert_int_equal(b->acked, 1);
    assert_int_equal(b->refused, 1);
    /* What the last answer asked for is on disk all the same. */
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents WHERE state = 'failed'"), 1);
    store_close(NULL);
}

static void count(void *ctx, uint64_t number, const struct error *err)
{
    (void)number;
    (void)err;
    ++*(int *)ctx;
}

/* Neither what is being written nor what waits is told to somebody who has gone. */
static void who_has_gone_is_not_told(void **state)
{
    struct bench *b = *state;
    int told = 0;
    for (uint64_t n = 1; n <= 4; n++) {
        struct intent intent = make_intent(n);
        assert_int_equal(store_write_intent(b->store, &intent, count, &told, NULL), 0);
        bench_write(b, n + 10);
        if (n == 2)
            uv_run(&b->loop, UV_RUN_NOWAIT);
    }
    store_forget(b->store, &told);
    int before = told; /* a fast disk may have answered something by now */
    bench_run(b);
    assert_int_equal(told, before);
    assert_int_equal(b->acked, 4);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM intents"), 8);
}

static void recovery_comes_first(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    bench_write(b, 1);
    assert_int_equal(store_recover(b->store, &r, NULL), MUSTER_E_REFUSED);
    assert_null(r.own);
    bench_run(b);
}

/* ---- pauses -------------------------------------------------------------------------------- */

static void pauses_survive(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    store_paused(b->store, "render", true, "alice");
    store_paused(b->store, "", true, NULL);
    store_paused(b->store, "encode", true, "bob");
    store_paused(b->store, "encode", false, "bob");
    store_paused(b->store, "never-paused", false, "bob");
    bench_run(b);
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.paused_len, 2);
    assert_string_equal(r.paused[0], "");
    assert_string_equal(r.paused[1], "render");
    store_recovered_release(&r);
}

/* ---- history ------------------------------------------------------------------------------- */

static void samples_are_kept_thinned(void **state)
{
    struct bench *b = *state;
    struct sample same = make_sample(5);
    struct sample odd = { .waiting = NAN, .oldest_s = 1.5, .has_oldest = true };
    for (int s = 0; s < 30; s++)
        store_sample(b->store, "render", NOON_NS + s * NS_PER_S, &same);
    store_sample(b->store, "encode", NOON_NS, &odd);
    bench_run(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples WHERE pool = 'render'"), 3);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM samples WHERE waiting = 5 AND running = 3"
                                  " AND oldest_s IS NULL AND completed IS NULL"),
                     3);
    assert_int_equal(bench_ask(b,
                               "SELECT count(*) FROM samples WHERE pool = 'encode' AND waiting IS"
                               " NULL AND running IS NULL AND oldest_s = 1.5"),
                     1);
}

static void cost_adds_up_by_the_hour(void **state)
{
    struct bench *b = *state;
    store_cost(b->store, "render", NOON_NS, 1000, 0.25);
    store_cost(b->store, "render", NOON_NS + HOUR_NS - 1, 2000, 0.5);
    store_cost(b->store, "render", NOON_NS + HOUR_NS, 7, 1);
    store_cost(b->store, "encode", NOON_NS, 5, NAN);
    bench_run(b);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM cost"), 3);
    assert_int_equal(bench_ask(b, "SELECT usd_micro FROM cost WHERE pool = 'render' AND"
                                  " hour_wall_ns = 1795348800000000000 AND node_hours = 0.75"),
                     3000);
}

static struct decision make_decision(uint64_t number, int64_t wall_ns)
{
    struct decision d = { .number = number,
                          .at_wall_ns = wall_ns,
                          .desired_before = 4,
                          .desired = (int64_t)number,
                          .held = number % 2 == 0 };
    trail_step(&d.trail, STAGE_DECIDE, "backlog", 0, 12, "{waiting} waiting",
               TRAIL_COUNT("waiting", 100));
    trail_step(&d.trail, STAGE_GUARD, "max", 12, 8, "slots.max");
    return d;
}

static int64_t decision_at(struct bench *b, const char *pool, int64_t wall_ns)
{
    struct buf out = { 0 };
    cJSON *root = NULL;
    int64_t number = -1;
    struct error err;
    int rc = store_decision_at(b->store, pool, wall_ns, &out, &err);
    if (rc == 0) {
        assert_int_equal(json_parse(buf_str(&out), &root, NULL), 0);
        assert_string_equal(json_at(root, "/pool")->valuestring, pool);
        assert_string_equal(json_at(root, "/trail/0/who")->valuestring, "backlog");
        assert_int_equal(json_at(root, "/trail/1/after")->valueint, 8);
        assert_int_equal(json_at(root, "/before")->valueint, 4);
        number = json_at(root, "/number")->valueint;
        assert_int_equal(json_at(root, "/desired")->valueint, number);
        assert_int_equal(cJSON_IsTrue(json_at(root, "/held")), number % 2 == 0);
        cJSON_Delete(root);
    } else {
        assert_int_equal(rc, MUSTER_E_NOTFOUND);
        assert_int_equal(out.len, 0);
    }
    buf_release(&out);
    return number;
}

static void decisions_are_found_by_time(void **state)
{
    struct bench *b = *state;
    for (uint64_t n = 1; n <= 3; n++) {
        struct decision d = make_decision(n, NOON_NS + (int64_t)n * HOUR_NS);
        store_decision(b->store, "render", &d);
    }
    struct decision other = make_decision(9, NOON_NS);
    store_decision(b->store, "encode", &other);
    bench_run(b);
    assert_int_equal(decision_at(b, "render", NOON_NS), -1);
    assert_int_equal(decision_at(b, "render", NOON_NS + HOUR_NS), 1);
    assert_int_equal(decision_at(b, "render", NOON_NS + 3 * HOUR_NS - 1), 2);
    assert_int_equal(decision_at(b, "render", INT64_MAX), 3);
    assert_int_equal(decision_at(b, "encode", INT64_MAX), 9);
    assert_int_equal(decision_at(b, "nobody", INT64_MAX), -1);
    bench_reopen(b);
    assert_int_equal(decision_at(b, "render", INT64_MAX), 3);
}

/* The writer may be held up for long (another program's lock, a slow disk): readers are not. */
static void reading_does_not_wait_for_the_writer(void **state)
{
    struct bench *b = *state;
    sqlite3 *other = NULL;
    struct decision d = make_decision(1, NOON_NS);
    store_decision(b->store, "render", &d);
    bench_run(b);
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    bench_write(b, 1);
    uv_run(&b->loop, UV_RUN_NOWAIT);
    /* The lock is given back only below: had it been waited for, there would be no answer. */
    assert_int_equal(decision_at(b, "render", INT64_MAX), 1);
    assert_int_equal(b->acked, 0);
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    bench_run(b);
    assert_int_equal(b->acked + b->refused, 1);
}

static void too_much_history_is_dropped_and_counted(void **state)
{
    struct bench *b = *state;
    struct store_health health;
    struct decision d = make_decision(1, NOON_NS);
    for (int i = 0; i < 20000; i++)
        store_decision(b->store, "render", &d);
    bench_write(b, 1);
    store_paused(b->store, "render", true, "alice");
    store_health(b->store, &health);
    assert_true(health.dropped > 10000);
    assert_int_equal(health.pending, 20000 - (int)health.dropped + 2);
    bench_run(b);
    assert_int_equal(b->acked, 1);
    assert_int_equal(bench_ask(b, "SELECT count(*) FROM decisions"), 20000 - (int)health.dropped);
    store_health(b->store, &health);
    assert_int_equal(health.pending, 0);
    assert_true(health.writable);
    assert_string_equal(health.problem, "");
}

/* ---- files --------------------------------------------------------------------------------- */

static void file_and_folders_are_private(void **state)
{
    struct bench *b = *state;
    struct stat st;
    char folder[128], path[160], end[200];
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
    snprintf(folder, sizeof(folder), "%s/a", b->folder);
    snprintf(path, sizeof(path), "%s/b/muster.db", folder);
    b->options.path = path;
    bench_reopen(b);
    bench_write(b, 1);
    bench_run(b);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    for (size_t i = 0; i < 4; i++) {
        snprintf(end, sizeof(end), "%s%s", path, ends[i]);
        assert_int_equal(stat(end, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    bench_close(b);
    for (size_t i = 0; i < 4; i++) {
        snprintf(end, sizeof(end), "%s%s", path, ends[i]);
        unlink(end);
    }
    snprintf(end, sizeof(end), "%s/b", folder);
    rmdir(end);
    rmdir(folder);
}

static void memory_needs_no_file(void **state)
{
    struct bench *b = *state;
    struct store_recovered r = { 0 };
    b->options.path = ":memory:";
    bench_reopen(b);
    assert_int_equal(store_recover(b->store, &r, NULL), 0);
    assert_int_equal(r.open_len, 0);
    store_recovered_release(&r);
    struct decision d = make_decision(1, NOON_NS);
    store_decision(b->store, "render", &d);
    bench_write(b, 1);
    assert_int_equal(b->acked, 0);
    bench_run(b);
    assert_int_equal(b->acked, 1);
    assert_int_equal(decision_at(b, "render", NOON_NS), 1);
    assert_int_not_equal(access(":memory:", F_OK), 0);
}

static void opening_is_refused(void **state)
{
    struct bench *b = *state;
    struct error err;
    bench_close(b);
    static const char *const names[] = { NULL, "" };
    for (size_t i = 0; i < 2; i++) {
        b->options.path = names[i];
        assert_int_equal(bench_open(b, &err), MUSTER_E_CONFIG);
    }
    b->options.path = "/dev/null/x/muster.db";
    assert_int_equal(bench_open(b, &err), MUSTER_E_IO);
    assert_non_null(strstr(err.text, "/dev/null"));
    b->options.path = b->folder;
    assert_int_equal(bench_open(b, &err), MUSTER_E_CONFIG);
    assert_non_null(strstr(err.text, "cannot be written"));
    assert_null(b->store);
    char lock[128];
    snprintf(lock, sizeof(lock), "%s.lock", b->folder);
    unlink(lock);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(intents_come_back),
        bench_test(fresh_file_has_nothing_but_an_id),
        bench_test(what_recovery_tells),
        bench_test(number_is_written_over_by_the_same_token_only),
        bench_test(answers_come_in_the_order_of_the_asking),
        bench_test(one_turn_is_one_commit),
        bench_test(closing_writes_what_is_pending),
        bench_test(no_intent_is_taken_while_closing),
        bench_test(who_has_gone_is_not_told),
        bench_test(recovery_comes_first),
        bench_test(pauses_survive),
        bench_test(samples_are_kept_thinned),
        bench_test(cost_adds_up_by_the_hour),
        bench_test(decisions_are_found_by_time),
        bench_test(reading_does_not_wait_for_the_writer),
        bench_test(too_much_history_is_dropped_and_counted),
        bench_test(file_and_folders_are_private),
        bench_test(memory_needs_no_file),
        bench_test(opening_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
