#include "config/daemon_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static void defaults(void **state)
{
    (void)state;
    struct daemon_config c;
    struct error err = { 0 };
    assert_int_equal(daemon_config_default(&c, &err), 0);
    assert_string_equal(c.listen_host, "127.0.0.1");
    assert_int_equal(c.listen_port, 8420);
    assert_string_equal(c.controller, "muster");
    assert_string_equal(c.policies, "/etc/muster/policies");
    assert_string_equal(c.state, "/var/lib/muster");
    assert_null(c.token_read_file);
    assert_string_equal(c.token_admin_file, "/var/lib/muster/admin.token");
    assert_string_equal(c.token_agent_file, "/var/lib/muster/agent.token");
    assert_null(c.tls_cert);
    assert_int_equal(c.tick_ns, NS_PER_S);
    assert_int_equal(c.list_every_ns, 15 * NS_PER_S);
    assert_int_equal(c.retention_ns, 30 * 86400 * NS_PER_S);
    assert_int_equal(c.limits.nodes, 0);
    assert_int_equal(c.limits.usd_per_hour_micro, -1);
    assert_int_equal(c.limits.launches.unit, RATE_NONE);
    assert_int_equal(c.log_level, LOG_INFO);
    assert_int_equal(c.log_format, LOG_TEXT);
    daemon_config_release(&c);
    daemon_config_release(NULL);
}

static const char full[] =
    "listen: \"[::]:9000\"\n"
    "controller: eu-1\n"
    "policies: policies\n"
    "state: /srv/muster\n"
    "tokens: { read: t/read, admin: /run/admin }\n"
    "tls: { cert: cert.pem, key: key.pem }\n"
    "tick: 500ms\n"
    "list_every: 30s\n"
    "retention: 7d\n"
    "limits: { nodes: 500, usd_per_hour: 40 USD, launches: 100 nodes / 1m }\n"
    "log: { format: json, level: debug }\n";

static void everything_set(void **state)
{
    (void)state;
    struct daemon_config c;
    struct problems problems;
    struct error err = { 0 };
    problems_init(&problems);
    assert_int_equal(
        daemon_file_parse(str_from(full), "/etc/muster/muster.yaml", &c, &problems, &err), 0);
    assert_string_equal(c.path, "/etc/muster/muster.yaml");
    assert_string_equal(c.listen_host, "::");
    assert_int_equal(c.listen_port, 9000);
    assert_string_equal(c.controller, "eu-1");
    assert_string_equal(c.policies, "/etc/muster/policies");
    assert_string_equal(c.state, "/srv/muster");
    assert_string_equal(c.token_read_file, "/etc/muster/t/read");
    assert_string_equal(c.token_admin_file, "/run/admin");
    assert_string_equal(c.token_agent_file, "/srv/muster/agent.token");
    assert_string_equal(c.tls_cert, "/etc/muster/cert.pem");
    assert_string_equal(c.tls_key, "/etc/muster/key.pem");
    assert_int_equal(c.tick_ns, 500 * NS_PER_MS);
    assert_int_equal(c.limits.nodes, 500);
    assert_int_equal(c.limits.usd_per_hour_micro, 40000000);
    assert_int_equal(c.limits.launches.unit, RATE_NODES);
    assert_int_equal(c.log_level, LOG_DEBUG);
    assert_int_equal(c.log_format, LOG_JSON);
    daemon_config_release(&c);
    problems_release(&problems);
}

static void addresses(void **state)
{
    static const struct {
        const char *listen, *host;
        uint16_t port;
    } cases[] = {
        { "listen: 127.0.0.1:0", "127.0.0.1", 0 },
        { "listen: 127.8.9.1:65535", "127.8.9.1", 65535 },
        { "listen: localhost:80", "127.0.0.1", 80 },
        { "listen: \"[::1]:8420\"", "::1", 8420 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct daemon_config c;
        struct problems problems;
        problems_init(&problems);
        assert_int_equal(
            daemon_file_parse(str_from(cases[i].listen), "m.yaml", &c, &problems, NULL), 0);
        assert_string_equal(c.listen_host, cases[i].host);
        assert_int_equal(c.listen_port, cases[i].port);
        daemon_config_release(&c);
        problems_release(&problems);
    }
}

static void mistakes(void **state)
{
#define OPEN                                                                                       \
    "can be reached from other machines: set tls.cert, tls.key and tokens.read, or listen on "     \
    "127.0.0.1\n"
    static const struct {
        const char *text, *want;
    } cases[] = {
        { "listen: 0.0.0.0:8420\n", "1:9 listen: 0.0.0.0:8420 " OPEN },
        { "listen: \"[::]:8420\"\n", "1:9 listen: [::]:8420 " OPEN },
        { "listen: 10.0.0.1:80\ntls: { cert: a, key: b }\n", "1:9 listen: 10.0.0.1:80 " OPEN },
        { "listen: 10.0.0.1:80\ntokens: { read: a }\n", "1:9 listen: 10.0.0.1:80 " OPEN },
        { "listen: example.com:80\n",
          "1:9 listen: 'example.com:80' is not an address with a port: write it like "
          "127.0.0.1:8420 or [::1]:8420\n" },
        { "listen: 127.0.0.1\n",
          "1:9 listen: '127.0.0.1' is not an address with a port: write it like 127.0.0.1:8420 or "
          "[::1]:8420\n" },
        { "listen: ::1:80\n",
          "1:9 listen: '::1:80' is not an address with a port: write it like 127.0.0.1:8420 or "
          "[::1]:8420\n" },
        { "listen: 127.0.0.1:65536\n",
          "1:9 listen: '127.0.0.1:65536' is not an address with a port: write it like "
          "127.0.0.1:8420 or [::1]:8420\n" },
        { "tls: { cert: a }\n", "1:14 tls.key is missing: it belongs to tls.cert\n" },
        { "tls: { key: a }\n", "1:13 tls.cert is missing: it belongs to tls.key\n" },
        { "controller: My Own\n",
          "1:13 controller: 'My Own' is no name: small letters, digits and '-', at most 63 "
          "characters\n" },
        { "limits: { launches: 20% / 1m, nodes: 0 }\n",
          "1:38 limits.nodes: 0 is too small: at least 1\n"
          "1:21 limits.launches: over all pools only nodes can be counted: write it like 100 nodes "
          "/ 1m\n" },
        { "tik: 1s\nlogs: { level: debug }\n", "1:1 tik: no such setting; did you mean 'tick'?\n"
                                               "2:1 logs: no such setting; did you mean 'log'?\n" },
        { "log: { level: loud }\n",
          "1:15 log.level: 'loud' is none of debug, info, warning, error\n" },
        { "tick: 5\n", "1:7 tick: '5' is not a duration: write a number with its unit, like 30s, "
                       "5m, 2h or 1d\n" },
        { "[1]\n", "1:1 settings belong here, like { name: value }, not a list\n" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct daemon_config c = { .listen_port = 7 };
        struct problems problems;
        struct buf out = { 0 };
        problems_init(&problems);
        assert_int_equal(daemon_file_parse(str_from(cases[i].text), "m.yaml", &c, &problems, NULL),
                         MUSTER_E_INVALID);
        for (size_t p = 0; p < problems.all.len; p++)
            buf_addf(&out, "%d:%d %s\n", problems.all.at[p].line, problems.all.at[p].column,
                     problems.all.at[p].text);
        if (strcmp(buf_text(&out), cases[i].want) != 0)
            fail_msg("%s\nsays\n%s\nnot\n%s", cases[i].text, buf_text(&out), cases[i].want);
        assert_int_equal(c.listen_port, 7);
        buf_release(&out);
        problems_release(&problems);
    }
}

static void a_file_that_is_not_there(void **state)
{
    (void)state;
    struct daemon_config c;
    struct problems problems;
    struct error err = { 0 };
    problems_init(&problems);
    assert_int_equal(daemon_file_read("/nowhere/muster.yaml", &c, &problems, &err),
                     MUSTER_E_NOTFOUND);
    assert_string_equal(err.text, "/nowhere/muster.yaml does not exist");
    problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(everything_set),
        cmocka_unit_test(addresses),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_file_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
