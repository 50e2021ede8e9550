#include "store/entry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t take_number(struct entry_queue *queue)
{
    struct entry *entry = entry_queue_take(queue);
    uint64_t number = entry ? ((struct entry_served *)entry)->number : 0;
    free(entry);
    return number;
}

static void queue_keeps_the_order(void **state)
{
    (void)state;
    struct entry_queue queue = { 0 };
    assert_null(entry_queue_take(&queue));
    for (uint64_t n = 1; n <= 3; n++)
        entry_queue_add(&queue, entry_served(n));
    assert_int_equal(queue.len, 3);
    assert_int_equal(take_number(&queue), 1);
    entry_queue_add(&queue, entry_served(4));
    for (uint64_t n = 2; n <= 4; n++)
        assert_int_equal(take_number(&queue), n);
    assert_int_equal(queue.len, 0);
    assert_null(queue.tail);
    entry_queue_add(&queue, entry_served(5));
    assert_int_equal(take_number(&queue), 5);
}

static void putting_back_goes_in_front(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint64_t front, back;
    } cases[] = { { "both", 2, 2 },
                  { "nothing in front", 0, 2 },
                  { "nothing behind", 2, 0 },
                  { "nothing", 0, 0 } };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct entry_queue front = { 0 };
        struct entry_queue back = { 0 };
        uint64_t number = 1;
        for (uint64_t n = 0; n < cases[i].front; n++)
            entry_queue_add(&front, entry_served(number++));
        for (uint64_t n = 0; n < cases[i].back; n++)
            entry_queue_add(&back, entry_served(number++));
        entry_queue_put_back(&back, &front);
        assert_int_equal(front.len, 0);
        assert_int_equal(back.len, number - 1);
        entry_queue_add(&back, entry_served(number));
        for (uint64_t n = 1; n <= number; n++) {
            if (take_number(&back) != n)
                fail_msg("%s", cases[i].name);
        }
    }
}

static void bytes_of_history_are_counted(void **state)
{
    (void)state;
    struct sample sample = { .waiting = 1 };
    struct entry_queue queue = { 0 };
    struct entry_queue other = { 0 };
    entry_queue_add(&queue, entry_served(1));
    assert_int_equal(queue.history_bytes, 0);
    entry_queue_add(&queue, entry_sample("render", 1, &sample));
    assert_int_equal(queue.history_bytes, sizeof(struct entry_sample));
    entry_queue_add(&other, entry_cost("render", 1, 1, 1));
    entry_queue_put_back(&queue, &other);
    assert_int_equal(queue.history_bytes, sizeof(struct entry_sample) + sizeof(struct entry_cost));
    free(entry_queue_take(&queue));
    assert_int_equal(queue.history_bytes, sizeof(struct entry_sample));
    entry_queue_release(&queue);
    assert_int_equal(queue.history_bytes, 0);
    assert_int_equal(queue.len, 0);
}

/* Every type but these two classes has somebody waiting or can be lost. */
static void classes(void **state)
{
    (void)state;
    static const struct {
        enum entry_type type;
        bool history;
    } cases[] = {
        { ENTRY_INTENT, false }, { ENTRY_CLOSE, false }, { ENTRY_SERVED, false },
        { ENTRY_PAUSED, false }, { ENTRY_SAMPLE, true }, { ENTRY_DECISION, true },
        { ENTRY_COST, true },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct entry entry = { .type = cases[i].type };
        assert_int_equal(entry_is_history(&entry), cases[i].history);
    }
}

static void copies_own_what_they_hold(void **state)
{
    (void)state;
    char pool[] = "render";
    char longer[200];
    struct decision decision = { .number = 3, .desired = 8 };
    trail_step(&decision.trail, STAGE_DECIDE, "fixed", 0, 8, "slots");
    struct entry_decision *d = (struct entry_decision *)entry_decision(pool, &decision);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    struct entry_paused *p = (struct entry_paused *)entry_paused(longer, true, NULL, 1);
    memset(pool, '?', sizeof(pool) - 1);
    trail_clear(&decision.trail);
    assert_string_equal(d->pool, "render");
    assert_int_equal(d->len, 1);
    assert_string_equal(d->steps[0].who, "fixed");
    assert_int_equal(d->entry.bytes, sizeof(*d) + sizeof(struct trail_step));
    assert_int_equal(strlen(p->pool), POOL_NAME_MAX - 1);
    assert_string_equal(p->who, "");
    free(d);
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_keeps_the_order),
        cmocka_unit_test(putting_back_goes_in_front),
        cmocka_unit_test(bytes_of_history_are_counted),
        cmocka_unit_test(classes),
        cmocka_unit_test(copies_own_what_they_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
