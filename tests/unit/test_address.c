/* Which addresses muster connects to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/address.h"

#include <cmocka.h>

static const struct sockaddr *parse(const char *text, struct sockaddr_storage *to)
{
    struct sockaddr_in *in = (void *)to;
    struct sockaddr_in6 *in6 = (void *)to;
    *to = (struct sockaddr_storage){ 0 };
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
        in6->sin6_family = AF_INET6;
    }
    return (const struct sockaddr *)to;
}

static void test_addresses(void **state)
{
    static const struct {
        const char *text;
        int forbidden, link_local;
    } cases[] = {
        { "127.0.0.1", 0, 0 },
        { "10.1.2.3", 0, 0 },
        { "192.168.0.1", 0, 0 },
        { "8.8.8.8", 0, 0 },
        { "::1", 0, 0 },
        { "fd12:3456::1", 0, 0 },
        { "2001:db8::1", 0, 0 },
        { "169.254.169.254", 1, 1 },
        { "169.254.0.1", 1, 1 },
        { "0.0.0.0", 1, 0 },
        { "224.0.0.1", 1, 0 },
        { "255.255.255.255", 1, 0 },
        { "fe80::1", 1, 1 },
        { "febf::1", 1, 1 },
        { "fec0::1", 0, 0 },
        { "fd00:ec2::254", 1, 1 },
        { "ff02::1", 1, 0 },
        { "::", 1, 0 },
        { "::ffff:169.254.169.254", 1, 1 },
        { "::ffff:127.0.0.1", 0, 0 },
        { "::169.254.169.254", 1, 1 },
        { "64:ff9b::169.254.169.254", 1, 1 },
        { "64:ff9b::8.8.8.8", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sockaddr_storage storage;
        const struct sockaddr *address = parse(cases[i].text, &storage);
        if ((address_forbidden(address) != NULL) != cases[i].forbidden)
            fail_msg("%s: forbidden is not %d", cases[i].text, cases[i].forbidden);
        if (address_link_local(address) != cases[i].link_local)
            fail_msg("%s: link_local is not %d", cases[i].text, cases[i].link_local);
    }
}

static void test_other_families(void **state)
{
    (void)state;
    assert_null(address_forbidden(&(struct sockaddr){ .sa_family = AF_UNIX }));
    assert_non_null(address_forbidden(&(struct sockaddr){ .sa_family = AF_UNSPEC }));
    assert_false(address_link_local(&(struct sockaddr){ .sa_family = AF_UNIX }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_other_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
