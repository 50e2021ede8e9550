/* gcp: what Compute Engine answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "providers/gcp/answers.h"
#include "providers/gcp/catalogue.h"

#define MACHINE(name, status, scheduling)                                                          \
    "{\"name\":\"" name "\",\"zone\":\"https://x/zones/us-east1-b\",\"machineType\":"              \
    "\"https://x/machineTypes/n2-standard-2\",\"status\":\"" status "\",\"creationTimestamp\":"    \
    "\"2024-05-21T04:28:04.176-07:00\",\"scheduling\":{" scheduling "},\"labels\":{"               \
    "\"muster-controller\":\"home\",\"muster-pool\":\"p\",\"muster-intent\":\"tok\","              \
    "\"muster-slots\":\"2\",\"muster-offer\":\"us-east1_n2-standard-2_spot\"}}"
#define SPOT "\"provisioningModel\":\"SPOT\""

static void a_page(void **state)
{
    (void)state;
    struct gce_instances list = { 0 };
    static const char text[] = "{\"items\":{\"zones/us-east1-b\":{\"instances\":[" MACHINE(
        "a", "RUNNING",
        SPOT) "," MACHINE("b", "STAGING",
                          "\"preemptible\":true") "]},"
                                                  "\"zones/"
                                                  "us-east1-c\":{\"warning\":{\"code\":\"NO_"
                                                  "RESULTS_ON_PAGE\"}},"
                                                  "\"zones/"
                                                  "us-east1-d\":{\"warning\":{\"code\":"
                                                  "\"UNREACHABLE\"}}},"
                                                  "\"unreachables\":[\"zones/"
                                                  "us-east1-d\"],\"nextPageToken\":\"more\"}";
    assert_int_equal(gce_read_page(str_from(text), &list, NULL), 0);
    assert_int_equal(list.all.len, 2);
    const struct gce_instance *i = list.all.at;
    assert_string_equal(i->zone, "us-east1-b");
    assert_string_equal(i->type, "n2-standard-2");
    assert_string_equal(i->offer, "gcp/us-east1/n2-standard-2/spot");
    assert_string_equal(i->token, "tok");
    assert_int_equal(i->slots, 2);
    assert_true(i->spot && i[1].spot);
    assert_int_equal(i->created_wall_ns, INT64_C(1716290884176000000));
    assert_int_equal(i[1].state, LISTED_PENDING);
    assert_string_equal(list.next, "more");
    assert_int_equal(list.unseen.len, 1);
    assert_string_equal(list.unseen.at[0].zone, "us-east1-d");
    assert_false(list.partial);
    assert_int_equal(gce_read_page(STR("{}"), &list, NULL), 0);
    assert_string_equal(list.next, "");
    gce_instances_release(&list);
}

static void states(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum listed_state is;
    } cases[] = {
        { MACHINE("a", "PROVISIONING", ""), LISTED_PENDING },
        { MACHINE("a", "RUNNING", ""), LISTED_RUNNING },
        { MACHINE("a", "REPAIRING", ""), LISTED_RUNNING },
        { MACHINE("a", "SUSPENDED", ""), LISTED_RUNNING },
        { MACHINE("a", "STOPPING", ""), LISTED_STOPPING },
        { MACHINE("a", "TERMINATED", ""), LISTED_RUNNING }, /* a person stopped it */
        { MACHINE("a", "TERMINATED", SPOT), LISTED_ENDED },
        { MACHINE("a", "STOPPED", SPOT), LISTED_ENDED },
        { MACHINE("a", "SOMETHING_NEW", SPOT), LISTED_RUNNING },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gce_instance instance;
        assert_int_equal(gce_read_instance(str_from(cases[i].text), &instance, NULL), 0);
        assert_int_equal(instance.state, cases[i].is);
    }
}

static void what_could_not_be_reached(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t unseen;
        bool partial;
    } cases[] = {
        { "{\"items\":{}}", 0, false },
        { "{\"warning\":{\"code\":\"UNREACHABLE\"}}", 0, true }, /* who knows what */
        { "{\"warning\":{\"code\":\"UNREACHABLE\"},\"unreachables\":[\"https://x/zones/"
          "us-east1-d\"]}",
          1, false },
        { "{\"unreachables\":[\"regions/us-east1\"]}", 0, true },
        { "{\"items\":{\"regions/us-east1\":{\"warning\":{\"code\":\"UNREACHABLE\"}}}}", 0, true },
        { "{\"items\":{\"zones/us-east1-d\":{\"warning\":{\"code\":\"SOMETHING_NEW\"}}}}", 1,
          false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gce_instances list = { 0 };
        assert_int_equal(gce_read_page(str_from(cases[i].text), &list, NULL), 0);
        assert_int_equal(list.unseen.len, cases[i].unseen);
        assert_int_equal(list.partial, cases[i].partial);
        gce_instances_release(&list);
    }
}

/* Nothing of a page that is not whole is kept. */
static void broken_pages(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "<html>",
        "{\"items\":{\"zones/us-east1-b\":{\"instances\":[" MACHINE("a", "RUNNING", "") ",",
        "{\"items\":{\"zones/us-east1-b\":{\"instances\":[" MACHINE("a", "RUNNING", "") ",{}]}}}",
        "{\"items\":{\"zones/us-east1-b\":{\"instances\":[{\"name\":\"a\"}]}}}",
        "{\"items\":{\"zones/us-east1-b\":{\"instances\":[" MACHINE("a/b", "RUNNING", "") "]}}}",
        "{\"nextPageToken\":7}",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gce_instances list = { 0 };
        if (gce_read_page(str_from(cases[i]), &list, NULL) != MUSTER_E_INVALID)
            fail_msg("read: %s", cases[i]);
        assert_int_equal(list.all.len, 0);
        gce_instances_release(&list);
    }
}

static void a_group_names_its_machines(void **state)
{
    (void)state;
    struct gce_instance instance;
    static const char text[] =
        "{\"name\":\"muster-abcdefghijklmnopqrstuvwxyz234567-3\",\"zone\":\"zones/us-east1-b\","
        "\"status\":\"RUNNING\",\"labels\":{\"muster-group\":\"g\"},\"metadata\":{\"items\":["
        "{\"key\":\"created-by\",\"value\":\"projects/1/zones/z/instanceGroupManagers/g\"}]}}";
    assert_int_equal(gce_read_instance(str_from(text), &instance, NULL), 0);
    assert_string_equal(instance.token, "abcdefghijklmnopqrstuvwxyz234567");
    assert_string_equal(instance.group, "g");
    assert_string_equal(instance.creator, "projects/1/zones/z/instanceGroupManagers/g");
}

static void operations(void **state)
{
    (void)state;
    struct gce_operations list = { 0 };
    static const char text[] =
        "{\"items\":{\"zones/us-east1-b\":{\"operations\":[{\"targetLink\":"
        "\"https://x/zones/us-east1-b/instances/"
        "muster-a-1\",\"status\":\"DONE\",\"error\":{\"errors\":"
        "[{\"code\":\"ZONE_RESOURCE_POOL_EXHAUSTED\",\"message\":\"no\"}]}},"
        "{\"targetLink\":\"https://x/projects/p\",\"status\":\"RUNNING\"}]}}}";
    assert_int_equal(gce_read_operations(str_from(text), &list, NULL), 0);
    assert_int_equal(list.all.len, 2);
    assert_string_equal(list.all.at[0].instance, "muster-a-1");
    assert_string_equal(list.all.at[0].zone, "us-east1-b");
    assert_true(list.all.at[0].failed);
    assert_int_equal(gcp_fault_class(&list.all.at[0].fault), MUSTER_E_CAPACITY);
    assert_string_equal(list.all.at[1].zone, "");
    assert_false(list.all.at[1].failed);
    gce_operations_release(&list);
}

/* ---- prices ------------------------------------------------------------------------------------- */

#define SKU(description, usage, nanos)                                                             \
    "{\"description\":\"" description "\",\"category\":{\"resourceFamily\":\"Compute\","           \
    "\"usageType\":\"" usage "\"},\"serviceRegions\":[\"us-east1\",\"us-central1\"],"              \
    "\"pricingInfo\":[{\"pricingExpression\":{\"tieredRates\":[{\"unitPrice\":{\"units\":"         \
    "\"0\",\"nanos\":" nanos "}}]}}]}"

static void prices(void **state)
{
    (void)state;
    struct gcp_rates rates = { 0 }, again = { 0 };
    struct buf text = { 0 };
    static const char page[] =
        "{\"skus\":[" SKU("N2D AMD Instance Core running in Americas", "OnDemand", "27502000") "," SKU(
            "N2D AMD Instance Ram running in Americas", "OnDemand",
            "3686000") "," SKU("Spot Preemptible N2D AMD Instance Core running in Americas",
                               "Preemptible",
                               "7960000") "," SKU("N2D AMD Custom Instance Core running in "
                                                  "Americas",
                                                  "OnDemand",
                                                  "99") "," SKU("N2D AMD Sole Tenancy Instance "
                                                                "Core running in Americas",
                                                                "OnDemand",
                                                                "99") "," SKU("Commitment v1: N2D "
                                                                              "AMD Cpu in Americas "
                                                                              "for 1 Year",
                                                                              "Commit1Yr",
                                                                              "99") "," SKU("Comput"
                                                                                            "e "
                                                                                            "optimi"
                                                                                            "zed "
                                                                                            "Core "
                                                                                            "runnin"
                                                                                            "g in "
                                                                                            "Americ"
                                                                                            "as",
                                                                                            "OnDema"
                                                                                            "nd",
                                                                                            "339820"
                                                                                            "00") "],"
                                                                                                  "\"nextPageToken\":\"\"}";
    assert_int_equal(gcp_read_rates(str_from(page), &rates, NULL), 0);
    assert_int_equal(
        gcp_rate_price(&rates, "n2d-standard-2", "us-east1", MARKET_ON_DEMAND, 2, 8192),
        2 * 27502 + 8 * 3686);
    /* Its memory's price is not told, the region neither, and a custom type has other prices. */
    assert_int_equal(gcp_rate_price(&rates, "n2d-standard-2", "us-east1", MARKET_SPOT, 2, 8192),
                     PRICE_UNKNOWN);
    assert_int_equal(
        gcp_rate_price(&rates, "n2d-standard-2", "us-west1", MARKET_ON_DEMAND, 2, 8192),
        PRICE_UNKNOWN);
    assert_int_equal(
        gcp_rate_price(&rates, "n2d-custom-2-8192", "us-east1", MARKET_ON_DEMAND, 2, 8192),
        PRICE_UNKNOWN);
    gcp_write_rates(&rates, &text);
    assert_int_equal(gcp_parse_rates(buf_str(&text), &again, NULL), 0);
    assert_int_equal(again.all.len, rates.all.len);
    assert_int_equal(
        gcp_rate_price(&again, "n2d-standard-2", "us-central1", MARKET_ON_DEMAND, 2, 8192),
        2 * 27502 + 8 * 3686);
    assert_int_equal(gcp_parse_rates(STR("n2 us-east1 spot 1\n"), &again, NULL), MUSTER_E_INVALID);
    assert_int_equal(gcp_parse_rates(STR("n2 us-east1 spot 1 2"), &again, NULL), MUSTER_E_INVALID);
    assert_int_equal(gcp_read_rates(STR("{\"skus\":["), &again, NULL), MUSTER_E_INVALID);
    buf_release(&text);
    gcp_rates_release(&rates);
    gcp_rates_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(states),
        cmocka_unit_test(what_could_not_be_reached),
        cmocka_unit_test(broken_pages),
        cmocka_unit_test(a_group_names_its_machines),
        cmocka_unit_test(operations),
        cmocka_unit_test(prices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
