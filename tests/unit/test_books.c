#include "runtime/books.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define HOUR_NS (3600 * NS_PER_S)

/* Offer "dear" costs 1 USD an hour, "cheap" 0.1, and what any other costs nobody knows. */
static int64_t price(void *ctx, const char *pool, const char *offer)
{
    (void)ctx;
    (void)pool;
    return strcmp(offer, "dear") == 0 ? 1000000 : strcmp(offer, "cheap") == 0 ? 100000 : -1;
}

static void take(struct books *books, int64_t at_ns, const struct listed_node *nodes, size_t len)
{
    assert_true(books_listing(books, "aws", nodes, len, at_ns, price, NULL));
}

static void what_runs_is_counted(void **state)
{
    static const struct listed_node first[] = {
        { .id = "1", .pool = "a", .offer = "dear", .state = LISTED_RUNNING },
        { .id = "2", .pool = "a", .offer = "cheap", .state = LISTED_PENDING },
        { .id = "3",
          .pool = "a",
          .offer = "cheap",
          .state = LISTED_RUNNING,
          .price_usd_micro = 30000 },
        { .id = "4", .pool = "a", .offer = "dear", .state = LISTED_GONE },
        { .id = "5", .pool = "b", .offer = "strange", .state = LISTED_STOPPING },
        { .place = "z", .state = LISTED_UNSEEN },
    };
    struct books books = { 0 };
    (void)state;
    take(&books, 10 * HOUR_NS, first, 6);
    struct books_view a = books_look(&books, "a", 10 * HOUR_NS);
    assert_int_equal(a.nodes, 3);
    assert_int_equal(a.price_usd_micro, 1130000);
    assert_int_equal(a.cost_usd_micro, 0);
    assert_int_equal(books_look(&books, "a", 12 * HOUR_NS).cost_usd_micro, 2260000);
    assert_int_equal(books_look(&books, "b", 12 * HOUR_NS).unpriced, 1);

    take(&books, 12 * HOUR_NS, first, 1); /* two of them went at some time before */
    assert_int_equal(books_look(&books, "a", 13 * HOUR_NS).cost_usd_micro, 3260000);
    take(&books, 13 * HOUR_NS, NULL, 0);
    struct books_view all = books_look(&books, NULL, 20 * HOUR_NS);
    assert_int_equal(all.nodes, 0);
    assert_int_equal(all.unpriced, 0);
    assert_int_equal(all.cost_usd_micro, 3260000);
    books_release(&books);
}

static void inventories_are_apart(void **state)
{
    static const struct listed_node one[] = {
        { .id = "1", .pool = "a", .offer = "dear", .state = LISTED_RUNNING }
    };
    struct books books = { 0 };
    (void)state;
    assert_true(books_listing(&books, "aws", one, 1, 0, price, NULL));
    assert_true(books_listing(&books, "gcp", one, 1, 0, price, NULL));
    assert_true(books_listing(&books, "gcp", NULL, 0, HOUR_NS, price, NULL));
    struct books_view view = books_look(&books, "a", 2 * HOUR_NS);
    assert_int_equal(view.nodes, 1);
    assert_int_equal(view.cost_usd_micro, 3000000);
    books_release(&books);
}

static void a_month_is_told_after_a_minute(void **state)
{
    (void)state;
    assert_int_equal(books_month(1000, 0, 59 * NS_PER_S), -1);
    assert_int_equal(books_month(1000000, 5 * HOUR_NS, 6 * HOUR_NS), 730000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_runs_is_counted),
        cmocka_unit_test(inventories_are_apart),
        cmocka_unit_test(a_month_is_told_after_a_minute),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
