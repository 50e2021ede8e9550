#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/policy_file.h"
#include "tests/unit/sample_kinds.h"

static void print(const char *text, struct buf *out)
{
    struct problems problems;
    struct pool_spec *spec = sample_parse(text, &problems);
    policy_file_print(spec, out);
    assert_int_equal(buf_failed(out), 0);
    pool_spec_free(spec);
    problems_release(&problems);
}

/* What is printed is a policy file, and says the same: printing it again gives the same text. */
static void printing_is_stable(void **state)
{
    static const char *const texts[] = { sample_short, sample_full };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf once = { 0 };
        struct buf twice = { 0 };
        print(texts[i], &once);
        print(buf_text(&once), &twice);
        assert_string_equal(buf_text(&once), buf_text(&twice));
        buf_release(&once);
        buf_release(&twice);
    }
}

static void assert_contains(const struct buf *out, const char *const *lines, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!strstr(buf_text(out), lines[i]))
            fail_msg("'%s' is not in\n%s", lines[i], buf_text(out));
    }
}

static void every_default_is_shown(void **state)
{
    static const char *const lines[] = {
        "pool: render\n",
        "\nqueue:                                  # where work waits: exactly one source\n"
        "  redis:\n"
        "    url: \"redis://127.0.0.1:6379\"\n"
        "    list: jobs                          # the key of the list\n"
        "    db: 0\n"
        "  every: 5s                             # poll interval\n",
        "  stale_after: 1m  ",
        "\n  min: 0  ",
        "\n  max: 8  ",
        "\n  - backlog:\n      per_slot: 1  ",
        "\n    at_most: unlimited  ",
        "\n    after: 0s  ",
        "\n    after: 5m  ",
        "\n    at_most: 20% / 1m  ",
        "\n  prefer: price  ",
        "\n    - local:\n        slots: 1\n        # max: not set\n        price: 0.00 USD/h\n"
        "        command: work\n",
        "\n  ready_within: 5m  ",
        "\n  boot: 1m  ",
        "\n  heartbeat: 30s  ",
        "\n  lost_after: 3  ",
        "\n  release_lost: never  ",
        "\n  panic_above: 40%  ",
        "\n  prefer: [idle, old-version, dearest]  ",
        "\n  drain_timeout: never  ",
        "\n  force: no  ",
        "\n  # expect: not set; ",
        "\n  per_hour: none  ",
    };
    (void)state;
    struct buf out = { 0 };
    print(sample_short, &out);
    assert_contains(&out, lines, sizeof(lines) / sizeof(lines[0]));
    buf_release(&out);
}

static void every_setting_is_shown(void **state)
{
    static const char *const lines[] = {
        "    list: \"jobs of today\"  ",
        "  every: 2s500ms  ",
        "  - fixed:\n      slots: 4\n",
        "      from: \"0 8 * * 1-5\"  ",
        "      timezone: Europe/Berlin\n",
        "    at_most: 12.5% / 1m30s  ",
        "        command: \"work --fast # 'x'\"\n",
        "        market: [spot, on-demand]\n        zones: [c]\n"
        "        types: { small: 4, large.2x: 16 }\n",
        "  panic_above: 33.3%  ",
        "  expect: \"2026.11.3\"  ",
        "  per_hour: 25.50 USD/h  ",
    };
    (void)state;
    struct buf out = { 0 };
    print(sample_full, &out);
    assert_contains(&out, lines, sizeof(lines) / sizeof(lines[0]));
    buf_release(&out);
}

static void a_set_without_settings(void **state)
{
    (void)state;
    struct buf out = { 0 };
    print("queue: { spool: }\nslots: { max: 1 }\nscale: [ backlog ]\n"
          "buy: { offers: [ local: { command: w } ] }\n",
          &out);
    assert_non_null(strstr(buf_text(&out), "\n  spool: {}\n"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printing_is_stable),
        cmocka_unit_test(every_default_is_shown),
        cmocka_unit_test(every_setting_is_shown),
        cmocka_unit_test(a_set_without_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
