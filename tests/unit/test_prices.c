/* Price lists: built in, CSV, JSON, and which price an offer gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/prices.h"

static char path[64];

static const char *write_file(const char *ending, const char *text)
{
    snprintf(path, sizeof(path), "/tmp/muster-prices-XXXXXX%s", ending);
    int fd = mkstemps(path, (int)strlen(ending));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static int read_text(const char *ending, const char *text, struct prices *prices, struct error *err)
{
    int rc = prices_read(prices, write_file(ending, text), err);
    unlink(path);
    return rc;
}

static enum price_source find(const struct prices *prices, const char *place, const char *type,
                              enum market market, int64_t *ret_usd_micro)
{
    struct price price = { .usd_micro = -1 };
    const char *provider = strchr(type, '.') ? "aws" : "gcp";
    enum price_source source = prices_find(prices, provider, place, type, market, &price);
    *ret_usd_micro = price.usd_micro;
    return source;
}

static void built_in(void **state)
{
    (void)state;
    int64_t usd;
    assert_int_equal(find(NULL, "us-east-1a", "c6i.large", MARKET_ON_DEMAND, &usd), PRICE_KNOWN);
    assert_int_equal(usd, 85000);
    assert_int_equal(find(NULL, "eu-central-1", "c6i.large", MARKET_ON_DEMAND, &usd), PRICE_NEAR);
    assert_int_equal(usd, 85000);
    assert_int_equal(find(NULL, "us-central1-b", "n2-standard-4", MARKET_ON_DEMAND, &usd),
                     PRICE_KNOWN);
    assert_in_range(usd, 190000, 200000);
    assert_int_equal(find(NULL, "us-central1-b", "n2-standard-4", MARKET_SPOT, &usd), PRICE_KNOWN);
    assert_true(usd < 190000);
    assert_int_equal(find(NULL, "us-east-1", "z9.huge", MARKET_ON_DEMAND, &usd), PRICE_NONE);
    for (const struct price_facts *facts = prices_known; facts->provider; facts++) {
        for (size_t i = 0; i < facts->len; i++)
            assert_true(facts->at[i].on_demand_usd_micro > 1000 &&
                        facts->at[i].spot_usd_micro <= facts->at[i].on_demand_usd_micro);
    }
}

static const char csv[] = "provider,region,type,market,price_usd_h,date\n"
                          "aws,eu-central-1,c6i.large,on-demand,0.097,2026-11\n"
                          "aws,eu-central-1,c6i.large,spot,0.04,2026-11\n"
                          "aws,,z9.huge,on-demand,12.5,\n";

static void files_come_first(void **state)
{
    (void)state;
    int64_t usd;
    struct error err = { 0 };
    struct prices prices = { 0 };
    assert_int_equal(read_text(".csv", csv, &prices, &err), 0);
    assert_int_equal(find(&prices, "eu-central-1b", "c6i.large", MARKET_ON_DEMAND, &usd),
                     PRICE_FILE);
    assert_int_equal(usd, 97000);
    assert_int_equal(find(&prices, "eu-central-1b", "c6i.large", MARKET_SPOT, &usd), PRICE_FILE);
    assert_int_equal(usd, 40000);
    /* A region whose name begins like another's is another. */
    assert_int_equal(find(&prices, "eu-central-12", "c6i.large", MARKET_ON_DEMAND, &usd),
                     PRICE_NEAR);
    assert_int_equal(find(&prices, "us-east-1", "c6i.large", MARKET_ON_DEMAND, &usd), PRICE_KNOWN);
    assert_int_equal(find(&prices, "anywhere", "z9.huge", MARKET_ON_DEMAND, &usd), PRICE_FILE);
    assert_int_equal(usd, 12500000);
    prices_release(&prices);
}

static void json_too(void **state)
{
    (void)state;
    int64_t usd;
    struct error err = { 0 };
    struct prices prices = { 0 };
    assert_int_equal(
        read_text(".json",
                  "[{\"provider\":\"gcp\",\"region\":\"europe-west3\",\"type\":\"n2-standard-4\","
                  "\"market\":\"spot\",\"price_usd_h\":0.05}]",
                  &prices, &err),
        0);
    assert_int_equal(find(&prices, "europe-west3-a", "n2-standard-4", MARKET_SPOT, &usd),
                     PRICE_FILE);
    assert_int_equal(usd, 50000);
    prices_release(&prices);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *ending, *text, *part;
    } cases[] = {
        { ".csv", "provider,type\naws,c6i.large\n", ":1: a column is missing" },
        { ".csv", "provider,type,price_usd_h\naws,c6i.large,dear\n", ":2: " },
        { ".csv", "provider,type,price_usd_h\naws,c6i.large,-1\n", ":2: " },
        { ".csv", "provider,type,price_usd_h\naws,c6i.large,nan\n", ":2: " },
        { ".csv", "provider,type,price_usd_h\naws,c6i.large,1e9\n", ":2: no price" },
        { ".csv", "provider,type,price_usd_h,market\naws,c6i.large,1,spto\n", ":2: no price" },
        { ".csv", "provider,type,price_usd_h\n,c6i.large,1\n", ":2: no price" },
        { ".json", "{}", "expected a list" },
        { ".json", "[{}]", "price 1" },
        { ".json", "[{\"provider\":\"aws\",\"type\":\"t\",\"price_usd_h\":\"1\"}]", "price 1" },
        { ".json", "[", "" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error err = { 0 };
        struct prices prices = { 0 };
        int rc = read_text(cases[i].ending, cases[i].text, &prices, &err);
        if (rc != MUSTER_E_INVALID || !strstr(err.text, cases[i].part) || prices.all.len != 0)
            fail_msg("case %zu: %d %s", i, rc, err.text);
        prices_release(&prices);
    }
    struct error err = { 0 };
    struct prices prices = { 0 };
    assert_true(prices_read(&prices, "/nonexistent/prices.csv", &err) < 0);
    assert_non_null(strstr(err.text, "/nonexistent/prices.csv"));
}

static void offers_without_a_price_get_one(void **state)
{
    (void)state;
    struct pool_spec *spec = pool_spec_new("p");
    assert_non_null(spec);
    static const struct offer offers[] = {
        { .provider = "aws",
          .inventory = "aws:us-east-1",
          .type = "c6i.large",
          .price_usd_micro = PRICE_UNKNOWN,
          .slots = 1 },
        { .provider = "aws",
          .zone = "eu-west-1a",
          .type = "c6i.large",
          .market = MARKET_SPOT,
          .price_usd_micro = PRICE_UNKNOWN,
          .slots = 1 },
        { .provider = "aws", .type = "z9.huge", .price_usd_micro = PRICE_UNKNOWN, .slots = 1 },
        { .provider = "aws", .type = "c6i.large", .price_usd_micro = 7, .slots = 1 },
    };
    for (size_t i = 0; i < 4; i++)
        assert_true(vec_push(&spec->offers, offers[i]));
    size_t near = 0;
    assert_int_equal(prices_fill(NULL, spec, &near), 1);
    assert_int_equal(near, 1);
    assert_int_equal(spec->offers.at[0].price_usd_micro, 85000);
    assert_true(spec->offers.at[1].price_usd_micro < 85000);
    assert_int_equal(spec->offers.at[2].price_usd_micro, PRICE_UNKNOWN);
    assert_int_equal(spec->offers.at[3].price_usd_micro, 7);
    pool_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in),
        cmocka_unit_test(files_come_first),
        cmocka_unit_test(json_too),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(offers_without_a_price_get_one),
    };
    return cmocka_run_group_tests_name("prices", tests, NULL, NULL);
}
