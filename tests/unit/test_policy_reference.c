#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/policy_file.h"
#include "tests/unit/sample_kinds.h"

static void the_page(void **state)
{
    static const char *const lines[] = {
        "# Policy files: all settings\n",
        "\n## `slots`\n\ncapacity; a slot is room for one job\n",
        "| `min` | whole number, 0 to 1000000 | `0` | never fewer slots than this |\n",
        "| `max` | whole number, 0 to 1000000 | **required** | never more slots than this |\n",
        "| `stale_after` | duration, at least 100ms, at most 1d | `1m` | ",
        "| `in.after` | duration, at most 1d | `5m` | ",
        "| `out.at_most` | rate, or `unlimited` | `unlimited` | ",
        "| `release_lost` | duration, at least 1s, or `never` | `never` | ",
        "| `panic_above` | percentage, 1 to 100 | `40%` | ",
        "| `per_hour` | money per hour, or `none` | `none` | ",
        "| `prefer` | one of `price`, `listed` | `price` | ",
        "| `expect` | text | absent | ",
        "\n### `redis`\n\nShort form: `redis: VALUE` means `redis: { list: VALUE }`.\n",
        "\n### `spool`\n\nnothing to set\n\nNo settings.\n",
        "| `from` | cron expression of five fields | **required** | when it begins |\n",
        "| `timezone` | time zone | `UTC` |  |\n",
        "| `market` | list of `on-demand`, `spot` | `[on-demand]` |  |\n",
        "| `types` | map of names to whole numbers, 1 to 64 | **required** |  |\n",
    };
    (void)state;
    struct buf out = { 0 };
    policy_file_reference(&sample_kinds, &out);
    assert_int_equal(buf_failed(&out), 0);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (!strstr(buf_text(&out), lines[i]))
            fail_msg("'%s' is not in\n%s", lines[i], buf_text(&out));
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_page) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
