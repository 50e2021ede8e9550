#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "status/auth.h"

#include <cmocka.h>

#define READ  "read-token-0123456789"
#define AGENT "agent-token-0123456789"
#define ADMIN "admin-token-0123456789"

static void roles(void **state)
{
    static const struct {
        const char *header;
        int read, agent, admin;
    } cases[] = {
        { "", 401, 401, 401 },
        { "Basic YTpi", 401, 401, 401 },
        { "Bearer ", 401, 401, 401 },
        { "Bearer nonsense", 401, 401, 401 },
        { "Bearer " READ, 0, 403, 403 },
        { "bearer  " READ " ", 0, 403, 403 },
        { "Bearer " READ "x", 401, 401, 401 },
        { "Bearer " AGENT, 403, 0, 403 },
        { "Bearer " ADMIN, 0, 0, 0 },
        { "Bearer " ADMIN " " ADMIN, 401, 401, 401 },
    };
    (void)state;
    struct auth auth = { 0 };
    assert_int_equal(auth_set(&auth, STATUS_READ, STR(READ "\n"), NULL), 0);
    assert_int_equal(auth_set(&auth, STATUS_AGENT, STR(AGENT), NULL), 0);
    assert_int_equal(auth_set(&auth, STATUS_ADMIN, STR("\n  " ADMIN "\r\n"), NULL), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        int read = auth_check(&auth, STATUS_READ, cases[i].header, &err);
        int agent = auth_check(&auth, STATUS_AGENT, cases[i].header, &err);
        int admin = auth_check(&auth, STATUS_ADMIN, cases[i].header, &err);
        if (read != cases[i].read || agent != cases[i].agent || admin != cases[i].admin)
            fail_msg("'%s': %d %d %d (%s)", cases[i].header, read, agent, admin, err.text);
        assert_null(strstr(err.text, "0123456789"));
    }
}

static void without_tokens_only_reading_is_open(void **state)
{
    (void)state;
    struct auth auth = { 0 };
    assert_int_equal(auth_check(&auth, STATUS_READ, "", NULL), 0);
    assert_int_equal(auth_check(&auth, STATUS_AGENT, "Bearer x", NULL), 403);
    assert_int_equal(auth_check(&auth, STATUS_ADMIN, "", NULL), 403);
}

static void two_tokens_at_once(void **state)
{
    (void)state;
    struct auth auth = { 0 };
    assert_int_equal(auth_set(&auth, STATUS_ADMIN, STR(ADMIN "\n" AGENT "\n"), NULL), 0);
    assert_int_equal(auth_check(&auth, STATUS_ADMIN, "Bearer " ADMIN, NULL), 0);
    assert_int_equal(auth_check(&auth, STATUS_ADMIN, "Bearer " AGENT, NULL), 0);
    /* The old one is withdrawn. */
    assert_int_equal(auth_set(&auth, STATUS_ADMIN, STR(AGENT), NULL), 0);
    assert_int_equal(auth_check(&auth, STATUS_ADMIN, "Bearer " ADMIN, NULL), 401);
}

static void bad_token_files_change_nothing(void **state)
{
    static const char *const texts[] = { "",
                                         "\n\n",
                                         "short",
                                         "with a space in the token",
                                         ADMIN "\nx",
                                         "a234567890123456\nb234567890123456\nc234567890123456\n"
                                         "d234567890123456\ne234567890123456\n" };
    (void)state;
    struct auth auth = { 0 };
    assert_int_equal(auth_set(&auth, STATUS_ADMIN, STR(ADMIN), NULL), 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error err = { 0 };
        assert_int_equal(auth_set(&auth, STATUS_ADMIN, str_from(texts[i]), &err), MUSTER_E_CONFIG);
        assert_int_equal(auth_check(&auth, STATUS_ADMIN, "Bearer " ADMIN, NULL), 0);
        assert_null(strstr(err.text, "0123456789"));
    }
}

static const char *fetch_site;

static const char *header(const struct http_exchange *x, const char *name)
{
    (void)x;
    return strcmp(name, "Sec-Fetch-Site") == 0 ? fetch_site : NULL;
}

static void origins(void **state)
{
    static const struct {
        const char *site, *origin, *host;
        bool tls;
        int code;
    } cases[] = {
        { NULL, "", "127.0.0.1:8420", false, 0 }, /* curl */
        { "same-origin", "http://127.0.0.1:8420", "127.0.0.1:8420", false, 0 },
        { "none", "", "127.0.0.1:8420", false, 0 },
        { "cross-site", "", "127.0.0.1:8420", false, 403 },
        { "same-site", "", "127.0.0.1:8420", false, 403 },
        { NULL, "http://evil.example", "127.0.0.1:8420", false, 403 },
        { NULL, "null", "127.0.0.1:8420", false, 403 },
        { NULL, "http://127.0.0.1:9999", "127.0.0.1:8420", false, 403 },
        { NULL, "http://127.0.0.1:8420.evil.example", "127.0.0.1:8420", false, 403 },
        { NULL, "http://muster.example", "muster.example", true, 403 },
        { NULL, "https://muster.example", "muster.example", true, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct http_exchange x = {
            .origin = cases[i].origin, .host = cases[i].host, .tls = cases[i].tls, .header = header
        };
        fetch_site = cases[i].site;
        if (auth_check_origin(&x, NULL) != cases[i].code)
            fail_msg("case %zu", i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),
        cmocka_unit_test(without_tokens_only_reading_is_open),
        cmocka_unit_test(two_tokens_at_once),
        cmocka_unit_test(bad_token_files_change_nothing),
        cmocka_unit_test(origins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
