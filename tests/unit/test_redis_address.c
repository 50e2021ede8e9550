/* URLs of Redis servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "queue/redis_address.h"

#include <cmocka.h>

static void test_good(void **state)
{
    static const struct {
        const char *url, *host, *port, *path;
        int db;
        const char *user, *password, *label;
    } cases[] = {
        { "redis://127.0.0.1:6379/0", "127.0.0.1", "6379", "", 0, "", "", "redis 127.0.0.1:6379" },
        { "redis://h", "h", "6379", "", 0, "", "", "redis h:6379" },
        { "redis://h/", "h", "6379", "", 0, "", "", "redis h:6379" },
        { "redis://h:1/15", "h", "1", "", 15, "", "", "redis h:1 db 15" },
        { "redis://h?db=2", "h", "6379", "", 2, "", "", "redis h:6379 db 2" },
        { "redis://:pw@h:1", "h", "1", "", 0, "", "pw", "redis h:1" },
        { "redis://u:pw@h", "h", "6379", "", 0, "u", "pw", "redis h:6379" },
        { "redis://u:p%40%2f:w@h", "h", "6379", "", 0, "u", "p@/:w", "redis h:6379" },
        { "redis://u:p@w@h", "h", "6379", "", 0, "u", "p@w", "redis h:6379" },
        { "redis://[::1]:7/1", "::1", "7", "", 1, "", "", "redis [::1]:7 db 1" },
        { "redis://[::1]", "::1", "6379", "", 0, "", "", "redis [::1]:6379" },
        { "unix:///run/r.sock", "", "", "/run/r.sock", 0, "", "", "redis /run/r.sock" },
        { "unix://:pw@/run/r.sock?db=1", "", "", "/run/r.sock", 1, "", "pw",
          "redis /run/r.sock db 1" },
        { "redis+socket:///r?virtual_host=4", "", "", "/r", 4, "", "", "redis /r db 4" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redis_address a = { 0 };
        struct error err = { 0 };
        if (redis_address_parse(cases[i].url, &a, &err) < 0)
            fail_msg("%s: %s", cases[i].url, err.text);
        assert_string_equal(a.host, cases[i].host);
        assert_string_equal(a.port, cases[i].port);
        assert_string_equal(a.path, cases[i].path);
        assert_int_equal(a.db, cases[i].db);
        assert_string_equal(a.user, cases[i].user);
        assert_string_equal(a.password, cases[i].password);
        assert_string_equal(a.label, cases[i].label);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *url;
        int code;
    } cases[] = {
        { "", MUSTER_E_INVALID },
        { "h:6379", MUSTER_E_INVALID },
        { "http://h", MUSTER_E_INVALID },
        { "rediss://h", MUSTER_E_CONFIG },
        { "redis://", MUSTER_E_INVALID },
        { "redis://:1", MUSTER_E_INVALID },
        { "redis://h:0", MUSTER_E_INVALID },
        { "redis://h:99999", MUSTER_E_INVALID },
        { "redis://h:x", MUSTER_E_INVALID },
        { "redis://h:", MUSTER_E_INVALID },
        { "redis://h/x", MUSTER_E_INVALID },
        { "redis://h/-1", MUSTER_E_INVALID },
        { "redis://h?timeout=1", MUSTER_E_INVALID },
        { "redis://[::1", MUSTER_E_INVALID },
        { "redis://u:%zz@h", MUSTER_E_INVALID },
        { "redis://u:%00@h", MUSTER_E_INVALID },
        { "unix://run/r.sock", MUSTER_E_INVALID },
        { "unix://", MUSTER_E_INVALID },
        { "unix:///"
          "a-path-that-is-longer-than-the-hundred-and-eight-bytes-that-the-address-of-a-unix-"
          "socket-has-room-for/redis.sock",
          MUSTER_E_INVALID },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct redis_address a = { .db = -7 };
        struct error err = { 0 };
        int rc = redis_address_parse(cases[i].url, &a, &err);
        if (rc != cases[i].code || !err.text[0] || a.db != -7)
            fail_msg("%s: %d: %s", cases[i].url, rc, err.text);
    }
}

/* What is wrong with a URL is said without its password. */
static void test_errors_show_no_password(void **state)
{
    static const char *const urls[] = { "redis://u:canary@h:x",  "redis://u:canary@h/x",
                                        "redis://:canary@",      "unix://:canary@run/x",
                                        "redis://u:canary%zz@h", "redis://u:canary@h?x=1" };
    (void)state;
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct redis_address a;
        struct error err = { 0 };
        assert_true(redis_address_parse(urls[i], &a, &err) < 0);
        if (strstr(err.text, "canary"))
            fail_msg("%s: %s", urls[i], err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_errors_show_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
