#include "base/timezone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/utc.h"

static void offsets_of_real_zones(void **state)
{
    static const struct {
        const char *zone, *at;
        int32_t offset_s;
    } cases[] = {
        { "UTC", "2026-03-29T00:59:59Z", 0 },
        { "Europe/Berlin", "2026-03-29T00:59:59Z", 3600 },
        { "Europe/Berlin", "2026-03-29T01:00:00Z", 7200 },
        { "Europe/Berlin", "2026-10-25T00:59:59Z", 7200 },
        { "Europe/Berlin", "2026-10-25T01:00:00Z", 3600 },
        { "Europe/Berlin", "2045-07-01T00:00:00Z", 7200 },
        { "Europe/Berlin", "2045-12-01T00:00:00Z", 3600 },
        { "Europe/Berlin", "1890-01-01T00:00:00Z", 3208 },
        { "Asia/Kolkata", "2026-01-01T00:00:00Z", 19800 },
        { "Australia/Lord_Howe", "2026-01-01T00:00:00Z", 39600 },
        { "Australia/Lord_Howe", "2026-06-01T00:00:00Z", 37800 },
        { "Australia/Lord_Howe", "2050-01-01T00:00:00Z", 39600 },
        { "Australia/Lord_Howe", "2050-06-01T00:00:00Z", 37800 },
        { "America/New_York", "2026-03-08T06:59:59Z", -18000 },
        { "America/New_York", "2026-03-08T07:00:00Z", -14400 },
        { "Asia/Kathmandu", "2026-01-01T00:00:00Z", 20700 },
        { "Asia/Tokyo", "2060-01-01T00:00:00Z", 32400 },
        { "America/Sao_Paulo", "2010-01-01T00:00:00Z", -7200 },
        { "America/Argentina/Buenos_Aires", "2026-01-01T00:00:00Z", -10800 },
        { "Europe/Dublin", "2060-01-01T00:00:00Z", 0 },
        { "Europe/Dublin", "2060-07-01T00:00:00Z", 3600 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct timezone *zone = NULL;
        struct error err = { 0 };
        assert_int_equal(timezone_load(str_from(cases[i].zone), &zone, &err), 0);
        assert_string_equal(timezone_name(zone), cases[i].zone);
        int32_t offset_s = timezone_offset_s(zone, utc_seconds(cases[i].at));
        if (offset_s != cases[i].offset_s)
            print_error("%s %s: %d\n", cases[i].zone, cases[i].at, offset_s);
        assert_int_equal(offset_s, cases[i].offset_s);
        timezone_offset_s(zone, INT64_MIN);
        timezone_offset_s(zone, INT64_MAX);
        timezone_free(zone);
    }
}

static void no_zone_is_utc(void **state)
{
    (void)state;
    assert_int_equal(timezone_offset_s(NULL, 0), 0);
    assert_string_equal(timezone_name(NULL), "UTC");
    timezone_free(NULL);
}

static void names_that_are_refused(void **state)
{
    static const char *const names[] = {
        "",
        "Europe/Berlim",
        "Europe",
        "/etc/passwd",
        "../etc/passwd",
        "..",
        "Europe//Rome",
        "Europe/Berlin/",
        "Europe/../Rome",
        "tzdata.zi",
        "a b",
        "utc!",
        "posixrules/x",
        "Europe/AVeryLongNameOfAPlaceThatNobodyHasHeardOfSoFarAndNobodyEverWillxxxx",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct timezone *zone = NULL;
        struct error err = { 0 };
        assert_int_equal(timezone_load(str_from(names[i]), &zone, &err), MUSTER_E_INVALID);
        assert_null(zone);
        assert_non_null(strstr(err.text, names[i]));
    }
}

/* ---- made-up files ---- */

struct file {
    char bytes[512];
    size_t len;
};

static void put(struct file *f, const void *bytes, size_t len)
{
    assert_true(f->len + len <= sizeof(f->bytes));
    memcpy(f->bytes + f->len, bytes, len);
    f->len += len;
}

static void put_number(struct file *f, int64_t value, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) {
        char byte = (char)((uint64_t)value >> (8 * i));
        put(f, &byte, 1);
    }
}

static void put_header(struct file *f, char version, int leaps, int times, int types, int chars)
{
    static const char zeros[15] = { 0 };
    put(f, "TZif", 4);
    put(f, &version, 1);
    put(f, zeros, 15);
    put_number(f, 0, 4);
    put_number(f, 0, 4);
    put_number(f, leaps, 4);
    put_number(f, times, 4);
    put_number(f, types, 4);
    put_number(f, chars, 4);
}

static void put_type(struct file *f, int32_t offset_s)
{
    put_number(f, offset_s, 4);
    put(f, "\0\0", 2);
}

/* Two transitions: +1 h from 1000 s, +2 h from 2000 s; 0 before; then the rule. */
static struct file sample_file(const char *rule)
{
    struct file f = { .len = 0 };
    put_header(&f, '2', 0, 0, 1, 4);
    put_type(&f, 0);
    put(&f, "ABC", 4);
    put_header(&f, '2', 0, 2, 3, 4);
    put_number(&f, 1000, 8);
    put_number(&f, 2000, 8);
    put(&f, "\1\2", 2);
    put_type(&f, 0);
    put_type(&f, 3600);
    put_type(&f, 7200);
    put(&f, "ABC", 4);
    put(&f, "\n", 1);
    put(&f, rule, strlen(rule));
    put(&f, "\n", 1);
    return f;
}

static int parse(const struct file *f, struct timezone **ret)
{
    /* On the heap and of exactly this length, so that a sanitizer sees one byte too far. */
    char *copy = malloc(f->len + 1);
    assert_non_null(copy);
    char *bytes = copy + 1;
    memcpy(bytes, f->bytes, f->len);
    struct error err = { 0 };
    int rc = timezone_parse(STR("test"), (struct str){ bytes, f->len }, ret, &err);
    free(copy);
    assert_true(rc == 0 || err.text[0] != '\0');
    return rc;
}

static void transitions_and_rule(void **state)
{
    static const struct {
        const char *rule;
        int64_t at;
        int32_t offset_s;
    } cases[] = {
        { "", 999, 0 },
        { "", 1000, 3600 },
        { "", 1999, 3600 },
        { "", 2000, 7200 },
        { "", INT64_C(1) << 40, 7200 },
        { "XYZ-5", 1999, 3600 },
        { "XYZ-5", 3000, 18000 },
        { "<-0330>3:30", 3000, -12600 },
        /* 2001-06-01 and 2001-12-01; day 60 of a Julian rule is 1 March in every year. */
        { "AAA0BBB,J60/0,J300/0", 991353600, 3600 },
        { "AAA0BBB,J60/0,J300/0", 1007164800, 0 },
        { "AAA0BBB-3,59/0,300/0", 983404799, 0 },     /* 2001-02-28 23:59:59 */
        { "AAA0BBB-3,59/0,300/0", 983404800, 10800 }, /* 2001-03-01 */
        { "AAA0BBB,J60/0,J300/0", 951868799, 0 },     /* 2000-02-29 23:59:59 */
        { "AAA0BBB,J60/0,J300/0", 951868800, 3600 },  /* 2000-03-01 */
        { "AAA0BBB,59/0,300/0", 951782400, 3600 },    /* 2000-02-29: day 59 counts leap days */
        /* Daylight saving time without an end. */
        { "XXX3EDT4,0/0,J365/23", 978307200, -14400 },
        { "XXX3EDT4,0/0,J365/23", 991353600, -14400 },
        { "XXX3EDT4,0/0,J365/23", 978325200, -14400 },
        /* Southern: over New Year. */
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", 978307200, 39600 },
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", 991353600, 36000 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file f = sample_file(cases[i].rule);
        struct timezone *zone = NULL;
        assert_int_equal(parse(&f, &zone), 0);
        int32_t offset_s = timezone_offset_s(zone, cases[i].at);
        if (offset_s != cases[i].offset_s)
            print_error("%s at %lld: %d\n", cases[i].rule, (long long)cases[i].at, offset_s);
        assert_int_equal(offset_s, cases[i].offset_s);
        timezone_free(zone);
    }
}

static void rules_that_are_refused(void **state)
{
    static const char *const rules[] = {
        "A",
        "AB1",
        "ABC",
        "ABC25",
        "ABC1DEF",
        "ABC1DEF,M3.5.0",
        "ABC1DEF,M13.5.0,M10.5.0",
        "ABC1DEF,M3.6.0,M10.5.0",
        "ABC1DEF,M3.5.7,M10.5.0",
        "ABC1DEF,J0,J2",
        "ABC1DEF,366,2",
        "ABC1DEF,M3.5.0/168,M10.5.0",
        "ABC1DEF,M3.5.0,M10.5.0x",
        "<AB>1",
        "<ABC1",
        "ABC99999999999",
        "ABC1:",
        "ABC1:60",
        "ABC1DEF,M0.1.0,M10.5.0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct file f = sample_file(rules[i]);
        struct timezone *zone = NULL;
        if (parse(&f, &zone) != MUSTER_E_INVALID)
            fail_msg("taken: %s", rules[i]);
    }
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    struct file whole = sample_file("CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t len = 0; len < whole.len; len++) {
        struct file f = whole;
        struct timezone *zone = NULL;
        f.len = len;
        assert_int_equal(parse(&f, &zone), MUSTER_E_INVALID);
    }
}

/* Whatever one byte becomes, it is read or refused, never read past. */
static void every_changed_byte_is_survived(void **state)
{
    static const unsigned char values[] = { 0, 1, 3, 0x7f, 0x80, 0xff };
    (void)state;
    struct file whole = sample_file("CET-1CEST,M3.5.0,M10.5.0/3");
    for (size_t at = 0; at < whole.len; at++) {
        for (size_t v = 0; v < sizeof(values); v++) {
            struct file f = whole;
            struct timezone *zone = NULL;
            f.bytes[at] = (char)values[v];
            if (parse(&f, &zone) == 0) {
                timezone_offset_s(zone, 1500);
                timezone_offset_s(zone, 1000000000);
                timezone_free(zone);
            }
        }
    }
}

static void damaged_files(void **state)
{
    (void)state;
    struct timezone *zone = NULL;
    struct file f = { .len = 0 };
    put_header(&f, '\0', 0, 0, 1, 4);
    assert_int_equal(parse(&f, &zone), MUSTER_E_INVALID); /* version 1 */

    f = sample_file("");
    f.bytes[54 + 44 + 7] = (char)0xff; /* first transition after the second */
    f.bytes[54 + 44 + 6] = (char)0xff;
    assert_int_equal(parse(&f, &zone), MUSTER_E_INVALID);

    f = sample_file("");
    f.bytes[54 + 44 + 16] = 3; /* a type that does not exist */
    assert_int_equal(parse(&f, &zone), MUSTER_E_INVALID);

    f = sample_file("");
    f.bytes[54 + 31] = 1; /* a leap second */
    assert_int_equal(parse(&f, &zone), MUSTER_E_INVALID);
    assert_null(zone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(offsets_of_real_zones),          cmocka_unit_test(no_zone_is_utc),
        cmocka_unit_test(names_that_are_refused),         cmocka_unit_test(transitions_and_rule),
        cmocka_unit_test(rules_that_are_refused),         cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(every_changed_byte_is_survived), cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
