#include "base/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static const char *const colours[] = { "red", "green", "blue", NULL };

struct sample {
    int64_t count, any, wait, patience, price, budget;
    double share;
    bool loud;
    char *name, *note;
    enum { RED, GREEN, BLUE } colour;
    int order[2], all[3];
    struct rate rate;
    struct cron from;
    struct timezone *zone;
    struct option_strings list;
    struct option_counts types;
};

enum {
    COUNT,
    ANY,
    WAIT,
    PATIENCE,
    PRICE,
    BUDGET,
    SHARE,
    LOUD,
    NAME,
    NOTE,
    COLOUR,
    ORDER,
    ALL,
    RATE,
    FROM,
    ZONE,
    LIST,
    TYPES
};

static const struct option rows[] = {
    [COUNT] = OPTION_INT(struct sample, count, "count", .fallback = "3", .min = 1, .max = 10),
    [ANY] = OPTION_INT(struct sample, any, "any", .fallback = "-7"),
    [WAIT] = OPTION_DURATION(struct sample, wait, "wait", .fallback = "5m", .min = NS_PER_S,
                             .max = 3600 * NS_PER_S),
    [PATIENCE] = OPTION_DURATION(struct sample, patience, "patience", .fallback = "never",
                                 .max = UNITS_NEVER),
    [PRICE] =
        OPTION_MONEY(struct sample, price, "price", .fallback = "0.034 USD/h", .max = 100000000),
    [BUDGET] = OPTION_MONEY(struct sample, budget, "budget", .fallback = "none", .min = -1),
    [SHARE] =
        OPTION_PERCENT(struct sample, share, "share", .fallback = "40%", .min = 1, .max = 100),
    [LOUD] = OPTION_BOOL(struct sample, loud, "loud", .fallback = "no"),
    [NAME] = OPTION_STRING(struct sample, name, "name", .fallback = "jobs"),
    [NOTE] = OPTION_STRING(struct sample, note, "note", .optional = true),
    [COLOUR] =
        OPTION_CHOICE(struct sample, colour, "colour", .fallback = "green", .choices = colours),
    [ORDER] =
        OPTION_CHOICES(struct sample, order, "order", .fallback = "[blue]", .choices = colours),
    [ALL] = OPTION_CHOICES(struct sample, all, "all", .fallback = "[blue, red, green]",
                           .choices = colours),
    [RATE] = OPTION_RATE(struct sample, rate, "rate", .fallback = "20% / 1m"),
    [FROM] = OPTION_CRON(struct sample, from, "from", .fallback = "0 8 * * 1-5"),
    [ZONE] = OPTION_TIMEZONE(struct sample, zone, "zone", .fallback = "UTC"),
    [LIST] = OPTION_STRINGS(struct sample, list, "list", .fallback = "[idle, old-version]"),
    [TYPES] = OPTION_COUNTS(struct sample, types, "types", .fallback = "{ small: 1, large: 4 }",
                            .min = 1, .max = 100),
    { 0 },
};

static const struct option_set set = { .name = "sample",
                                       .size = sizeof(struct sample),
                                       .rows = rows };

static void defaults(void **state)
{
    (void)state;
    struct sample s;
    struct error err = { 0 };
    assert_int_equal(option_set_defaults(&set, &s, &err), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(s.any, -7);
    assert_int_equal(s.wait, 300 * NS_PER_S);
    assert_int_equal(s.patience, UNITS_NEVER);
    assert_int_equal(s.price, 34000);
    assert_int_equal(s.budget, -1);
    assert_true(s.share > 0.399 && s.share < 0.401);
    assert_false(s.loud);
    assert_string_equal(s.name, "jobs");
    assert_null(s.note);
    assert_int_equal(s.colour, GREEN);
    assert_int_equal(s.order[0], BLUE);
    assert_int_equal(s.order[1], -1);
    assert_int_equal(s.all[2], GREEN);
    assert_int_equal(s.rate.unit, RATE_PERCENT);
    assert_string_equal(s.from.text, "0 8 * * 1-5");
    assert_string_equal(timezone_name(s.zone), "UTC");
    assert_int_equal(s.list.len, 2);
    assert_string_equal(s.list.at[1], "old-version");
    assert_int_equal(s.types.len, 2);
    assert_string_equal(s.types.at[1].name, "large");
    assert_int_equal(s.types.at[1].value, 4);
    option_set_release(&set, &s);
    assert_null(s.name);
    assert_null(s.list.at);
}

static void bad_default_is_told(void **state)
{
    (void)state;
    static const struct option bad[] = {
        OPTION_STRING(struct sample, name, "name", .fallback = "x"),
        OPTION_INT(struct sample, count, "count", .fallback = "lots"),
        { 0 },
    };
    static const struct option_set bad_set = { .name = "bad",
                                               .size = sizeof(struct sample),
                                               .rows = bad };
    struct sample s;
    struct error err = { 0 };
    assert_int_equal(option_set_defaults(&bad_set, &s, &err), MUSTER_E_INVALID);
    assert_string_equal(err.text, "default of bad.count: 'lots' is not a whole number");
    assert_null(s.name);
}

static void set_without_settings(void **state)
{
    (void)state;
    static const struct option_set none = { .name = "none" };
    assert_int_equal(option_set_defaults(&none, NULL, NULL), 0);
    option_set_release(&none, NULL);
    assert_null(option_find(&none, STR("x")));
    struct option_choice choice = { .set = &none, .options = malloc(1) };
    option_choice_release(&choice);
    assert_null(choice.set);
    option_choice_release(&choice);
    option_choice_release(NULL);
}

/* Text in, text out: the exact form in which a setting is printed. */
static void values_and_their_print(void **state)
{
    static const struct {
        int row;
        const char *in, *out;
    } cases[] = {
        { COUNT, " 10 ", "10" },
        { ANY, "-9223372036854775807", "-9223372036854775807" },
        { ANY, "+5", "5" },
        { WAIT, "90s", "1m30s" },
        { WAIT, "1500ms", "1s500ms" },
        { WAIT, "1h", "1h" },
        { WAIT, "1s1ns", "1s1ns" },
        { PATIENCE, "never", "never" },
        { PATIENCE, "0s", "0s" },
        { PATIENCE, "25h", "1d1h" },
        { PRICE, "0.034 USD/h", "0.034 USD/h" },
        { PRICE, "25 USD", "25.00 USD/h" },
        { BUDGET, "none", "none" },
        { BUDGET, "0 USD/h", "0.00 USD/h" },
        { SHARE, "12.5%", "12.5%" },
        { SHARE, "33.333333%", "33.333333%" },
        { SHARE, "7 %", "7%" },
        { LOUD, "yes", "yes" },
        { LOUD, "true", "yes" },
        { LOUD, "false", "no" },
        { NAME, "render-jobs", "render-jobs" },
        { NAME, "", "\"\"" },
        { NAME, "http://x:80/a?b", "\"http://x:80/a?b\"" },
        { NAME, "a \"b\" \\c\n\t#", "\"a \\\"b\\\" \\\\c\\x0a\\x09#\"" },
        { NAME, "yes", "\"yes\"" },
        { NAME, "2026.11.3", "\"2026.11.3\"" },
        { NAME, "-x", "\"-x\"" },
        { NAME, "gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\"" },
        { NOTE, "a note", "\"a note\"" },
        { COLOUR, "blue", "blue" },
        { ORDER, "red", "[red]" },
        { ORDER, "[]", "[]" },
        { ORDER, "[green, red]", "[green, red]" },
        { ALL, "[green, red]", "[green, red]" },
        { RATE, "100 slots / 1m", "100 slots / 1m" },
        { RATE, "1 node / 90s", "1 nodes / 1m30s" },
        { RATE, "12.5%/10m", "12.5% / 10m" },
        { RATE, "1000000 slots / 1m", "1000000 slots / 1m" },
        { RATE, "unlimited", "unlimited" },
        { FROM, "*/5 8-18 * * mon", "\"*/5 8-18 * * mon\"" },
        { ZONE, "Europe/Berlin", "Europe/Berlin" },
        { LIST, "[]", "[]" },
        { LIST, "one", "[one]" },
        { LIST, "[a,  b,c d]", "[a, b, \"c d\"]" },
        { TYPES, "{}", "{}" },
        { TYPES, "{c6i.xlarge: 4}", "{ c6i.xlarge: 4 }" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample s;
        struct error err = { 0 };
        struct buf out = { 0 };
        assert_int_equal(option_set_defaults(&set, &s, &err), 0);
        const struct option *row = &rows[cases[i].row];
        if (option_parse(row, &s, str_from(cases[i].in), &err) < 0)
            fail_msg("%s: %s", cases[i].in, err.text);
        option_print(row, &s, &out);
        assert_string_equal(buf_text(&out), cases[i].out);
        buf_release(&out);
        option_set_release(&set, &s);
    }
}

static void absent_settings_print_nothing(void **state)
{
    (void)state;
    struct sample s = { 0 };
    struct buf out = { 0 };
    assert_true(option_absent(&rows[NOTE], &s));
    assert_false(option_absent(&rows[NAME], &s));
    option_print(&rows[NOTE], &s, &out);
    assert_int_equal(out.len, 0);
    assert_int_equal(option_parse(&rows[NOTE], &s, STR(""), NULL), 0);
    assert_false(option_absent(&rows[NOTE], &s));
    option_set_release(&set, &s);
    buf_release(&out);
}

static void refused(void **state)
{
    static const struct {
        int row;
        const char *in;
        int code;
        const char *says;
    } cases[] = {
        { COUNT, "lots", MUSTER_E_INVALID, "'lots' is not a whole number" },
        { COUNT, "0", MUSTER_E_RANGE, "0 is too small: at least 1" },
        { COUNT, "11", MUSTER_E_RANGE, "11 is too large: at most 10" },
        { COUNT, "2.5", MUSTER_E_INVALID, "'2.5' is not a whole number" },
        { COUNT, "", MUSTER_E_INVALID, "'' is not a whole number" },
        { ANY, "9223372036854775808", MUSTER_E_RANGE, "has too many digits" },
        { WAIT, "30", MUSTER_E_INVALID, "with its unit, like 30s" },
        { WAIT, "1ms", MUSTER_E_RANGE, "too short: at least 1s" },
        { WAIT, "2h", MUSTER_E_RANGE, "too long: at most 1h" },
        { WAIT, "never", MUSTER_E_RANGE, "'never' is not possible here" },
        { PRICE, "5", MUSTER_E_INVALID, "write it like 0.034 USD/h" },
        { PRICE, "none", MUSTER_E_INVALID, "write it like 0.034 USD/h" },
        { PRICE, "101 USD/h", MUSTER_E_RANGE, "too much: at most 100.00 USD/h" },
        { SHARE, "40", MUSTER_E_INVALID, "write it like 20%" },
        { SHARE, "0.5%", MUSTER_E_RANGE, "outside 1% to 100%" },
        { SHARE, "101%", MUSTER_E_RANGE, "outside 1% to 100%" },
        { LOUD, "maybe", MUSTER_E_INVALID, "'maybe' is neither yes nor no" },
        { COLOUR, "gren", MUSTER_E_INVALID,
          "'gren' is none of red, green, blue; did you mean 'green'?" },
        { COLOUR, "mauve", MUSTER_E_INVALID, "'mauve' is none of red, green, blue" },
        { ORDER, "[red, gren]", MUSTER_E_INVALID, "did you mean 'green'?" },
        { ORDER, "[red, red]", MUSTER_E_INVALID, "'red' stands there twice" },
        { ORDER, "[red, green, blue]", MUSTER_E_RANGE, "more than 2" },
        { RATE, "100 / 1m", MUSTER_E_INVALID, "write it like 100 slots / 1m" },
        { FROM, "0 8 * *", MUSTER_E_INVALID, "five fields" },
        { ZONE, "Europe/Berlim", MUSTER_E_INVALID, "'Europe/Berlim' is not a time zone" },
        { TYPES, "small", MUSTER_E_INVALID, "write { name: 4 }" },
        { TYPES, "{ small: 0 }", MUSTER_E_RANGE, "0 is too small: at least 1" },
        { TYPES, "{ small }", MUSTER_E_INVALID, "'' is not a whole number" },
        { TYPES, "{ a: 1, a: 2 }", MUSTER_E_INVALID, "'a' stands there twice" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample s;
        struct error err = { 0 };
        struct buf before = { 0 };
        struct buf after = { 0 };
        const struct option *row = &rows[cases[i].row];
        assert_int_equal(option_set_defaults(&set, &s, &err), 0);
        option_print(row, &s, &before);
        assert_int_equal(option_parse(row, &s, str_from(cases[i].in), &err), cases[i].code);
        if (!strstr(err.text, cases[i].says))
            fail_msg("'%s': %s", cases[i].in, err.text);
        option_print(row, &s, &after);
        assert_string_equal(buf_text(&before), buf_text(&after));
        buf_release(&before);
        buf_release(&after);
        option_set_release(&set, &s);
    }
}

static void nul_bytes_are_refused(void **state)
{
    (void)state;
    struct sample s = { 0 };
    assert_int_equal(option_parse(&rows[NAME], &s, STR("a\0b"), NULL), MUSTER_E_INVALID);
    assert_int_equal(option_add_string(&rows[LIST], &s, STR("a\0b"), NULL), MUSTER_E_INVALID);
    assert_int_equal(option_add_count(&rows[TYPES], &s, STR("a\0b"), STR("1"), NULL),
                     MUSTER_E_INVALID);
    assert_null(s.name);
    assert_int_equal(s.list.len + s.types.len, 0);
}

static void a_least_value_alone(void **state)
{
    (void)state;
    static const struct option row = OPTION_INT(struct sample, count, "count", .min = 1);
    static const struct option wait = OPTION_DURATION(struct sample, wait, "wait", .min = 1);
    struct sample s = { 0 };
    assert_int_equal(option_parse(&row, &s, STR("1000000"), NULL), 0);
    assert_int_equal(option_parse(&row, &s, STR("0"), NULL), MUSTER_E_RANGE);
    assert_int_equal(option_parse(&wait, &s, STR("100d"), NULL), 0);
    assert_int_equal(option_parse(&wait, &s, STR("never"), NULL), MUSTER_E_RANGE);
}

static void adding(void **state)
{
    (void)state;
    struct sample s = { 0 };
    struct error err = { 0 };
    assert_int_equal(option_add_string(&rows[LIST], &s, STR("[a, b]"), &err), 0);
    assert_int_equal(option_add_string(&rows[LIST], &s, STR("c"), &err), 0);
    assert_string_equal(s.list.at[0], "[a, b]");
    assert_int_equal(s.list.len, 2);
    assert_int_equal(option_add_count(&rows[TYPES], &s, STR("x"), STR("4"), &err), 0);
    assert_int_equal(option_add_count(&rows[TYPES], &s, STR("x"), STR("5"), &err),
                     MUSTER_E_INVALID);
    assert_int_equal(option_add_count(&rows[TYPES], &s, STR("y"), STR("101"), &err),
                     MUSTER_E_RANGE);
    assert_int_equal(s.types.len, 1);
    option_set_release(&set, &s);
}

static void finding(void **state)
{
    (void)state;
    assert_ptr_equal(option_find(&set, STR("rate")), &rows[RATE]);
    assert_null(option_find(&set, STR("rat")));
    assert_null(option_find(&set, STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(bad_default_is_told),
        cmocka_unit_test(set_without_settings),
        cmocka_unit_test(values_and_their_print),
        cmocka_unit_test(absent_settings_print_nothing),
        cmocka_unit_test(refused),
        cmocka_unit_test(nul_bytes_are_refused),
        cmocka_unit_test(a_least_value_alone),
        cmocka_unit_test(adding),
        cmocka_unit_test(finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
