#include "control/spec.h"

#include <stdlib.h>

#include "core_fixture.h"

static void every_number_has_its_default(void **state)
{
    (void)state;
    struct pool_spec *spec = pool_spec_new("render");
    assert_non_null(spec);
    assert_string_equal(spec->name, "render");
    assert_int_equal(spec->poll_every_ns, SECONDS(5));
    assert_int_equal(spec->stale_after_ns, SECONDS(60));
    assert_int_equal(spec->in.after_ns, SECONDS(300));
    assert_int_equal(spec->in.rate.unit, RATE_PERCENT);
    assert_int_equal(spec->out.after_ns, 0);
    assert_int_equal(spec->out.rate.unit, RATE_NONE);
    assert_int_equal(spec->ready_within_ns, SECONDS(300));
    assert_int_equal(spec->heartbeat_ns, SECONDS(30));
    assert_int_equal(spec->lost_after, 3);
    assert_int_equal(spec->release_lost_ns, UNITS_NEVER); /* silent is busy */
    assert_int_equal(spec->drain_timeout_ns, UNITS_NEVER);
    assert_false(spec->drain_force);
    assert_int_equal(spec->budget_per_hour_usd_micro, -1);
    assert_int_equal(spec->prefer_victims[0], VICTIM_IDLE);
    assert_int_equal(spec->prefer_victims[3], -1);
    pool_spec_free(spec);
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    char name[200];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    struct pool_spec *spec = pool_spec_new(name);
    assert_int_equal(strlen(spec->name), POOL_NAME_MAX - 1);
    pool_spec_free(spec);
}

/* What it owns goes with it; the sanitizers and valgrind see what does not. */
static void owns_what_it_holds(void **state)
{
    (void)state;
    struct pool_spec *spec = core_spec("p");
    spec->file = str_dup(STR("p.yaml"));
    spec->version_expect = str_dup(STR("1.2"));
    core_scale(spec, &policy_step, "at", "{ 1: 4, 100: 20 }", NULL);
    core_scale(spec, &policy_schedule, "from", "0 8 * * *", "to", "0 18 * * *", "slots", "4", NULL);
    struct option_choice entry = { .set = &policy_fixed.options, .options = calloc(1, 64) };
    assert_true(vec_push(&spec->offer_entries, entry));
    spec->queue = (struct option_choice){ &policy_fixed.options, calloc(1, 64) };
    pool_spec_free(spec);
    pool_spec_free(NULL);
}

static void markets_have_words(void **state)
{
    (void)state;
    assert_string_equal(market_words[MARKET_ON_DEMAND], "on-demand");
    assert_string_equal(market_words[MARKET_SPOT], "spot");
    assert_null(market_words[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_default),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(owns_what_it_holds),
        cmocka_unit_test(markets_have_words),
    };
    return cmocka_run_group_tests_name("spec", tests, NULL, NULL);
}
