#include "policy_fixture.h"

#define TABLE "{ 1: 4, 100: 20, 1000: 80 }"

static void by_the_table(void **state)
{
    (void)state;
    static const struct {
        const char *name, *by, *at;
        double waiting, running;
        int64_t oldest_s; /* -1: not told */
        int64_t slots;    /* -1: holds */
    } cases[] = {
        { "none", "jobs", TABLE, 0, 0, -1, 0 },
        { "just below the first", "jobs", TABLE, 0.9, 0, -1, 0 },
        { "just the first", "jobs", TABLE, 1, 0, -1, 4 },
        { "just below the second", "jobs", TABLE, 99, 0, -1, 4 },
        { "waiting and running together", "jobs", TABLE, 99, 1, -1, 20 },
        { "just below the last", "jobs", TABLE, 999, 0, -1, 20 },
        { "just the last", "jobs", TABLE, 1000, 0, -1, 80 },
        { "far beyond", "jobs", TABLE, 1e12, 0, -1, 80 },
        { "waiting alone", "waiting", TABLE, 99, 1000, -1, 4 },
        { "a first step at nothing", "jobs", "{ 0: 2, 10: 5 }", 0, 0, -1, 2 },
        { "a step down", "jobs", "{ 1: 9, 10: 3 }", 10, 0, -1, 3 },
        { "by age", "oldest", "{ 60: 5, 600: 50 }", 1, 0, 599, 5 },
        { "by age, old", "oldest", "{ 60: 5, 600: 50 }", 1, 0, 600, 50 },
        { "by age, young", "oldest", "{ 60: 5, 600: 50 }", 1, 0, 59, 0 },
        { "by age, nothing waits", "oldest", "{ 60: 5 }", 0, 3, -1, 0 },
        { "by age, nothing waits, a step at nothing", "oldest", "{ 0: 2, 60: 5 }", 0, 0, -1, 2 },
        { "by age, which is not told", "oldest", "{ 60: 5 }", 1, 0, -1, -1 },
    };
    struct ages ages = { 0 };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        void *options = policy_options(&policy_step, "by", cases[i].by, "at", cases[i].at, NULL);
        struct observation seen = policy_seen(&ages);
        seen.waiting = cases[i].waiting;
        seen.running = cases[i].running;
        seen.oldest_ns = cases[i].oldest_s < 0 ? -1 : cases[i].oldest_s * SECONDS(1);
        struct proposal p = policy_propose(&policy_step, options, &seen);
        policy_options_free(&policy_step, options);
        if (p.slots != cases[i].slots ||
            p.how != (cases[i].slots < 0 ? PROPOSE_HOLD : PROPOSE_SLOTS))
            fail_msg("%s: %s", cases[i].name, p.text);
    }
}

static void settings(void **state)
{
    (void)state;
    static const struct {
        const char *at, *problem; /* NULL: all right */
    } cases[] = {
        { "{ 1: 4 }", NULL },
        { "{ 0: 0 }", NULL },
        { "{ 1: 4, 2: 4 }", NULL },
        { "{}", "the table is empty" },
        { "{ 5: 1, 5: 2 }", "" },
        { "{ 10: 1, 9: 2 }", "9 stands after 10: the numbers must rise" },
        { "{ 010: 1, 10: 2 }", "10 stands after 010" },
        { "{ lots: 1 }", "'lots' is not a whole number" },
        { "{ -1: 1 }", "'-1' is not a whole number" },
        { "{ 1.5: 1 }", "'1.5' is not a whole number" },
        { "{ 1: -1 }", "" },
        { "{ 1: 1000000001 }", "" },
    };
    assert_true(policy_step.needs_signal);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        int rc = policy_options_try(&policy_step, &err, "at", cases[i].at, NULL);
        if ((rc < 0) != (cases[i].problem != NULL) ||
            (cases[i].problem && !strstr(err.text, cases[i].problem)))
            fail_msg("%s: %d %s", cases[i].at, rc, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_table),
        cmocka_unit_test(settings),
    };
    return cmocka_run_group_tests_name("policy step", tests, NULL, NULL);
}
