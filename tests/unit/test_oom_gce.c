/* Every allocation of the Compute Engine provider's readers and writers made to fail in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oom.h"
#include "provider_help.h"
#include "providers/gcp/gcp.h"
#include "providers/gcp/plugin.h"

#define MACHINE                                                                                    \
    "{\"name\":\"a\",\"zone\":\"zones/"                                                            \
    "us-east1-b\",\"status\":\"RUNNING\",\"labels\":{\"a\":\"b\"}}"

/* A listing that lost a machine must not pass for whole. */
static void a_page(void **state)
{
    (void)state;
    static const char text[] =
        "{\"items\":{\"zones/us-east1-b\":{\"instances\":[" MACHINE "," MACHINE
        "]},\"zones/us-east1-c\":{\"warning\":{\"code\":\"UNREACHABLE\"}}}}";
    for (long n = 0; oom_sweep(n); n++) {
        struct gce_instances list = { 0 };
        oom_arm(n);
        int rc = gce_read_page(str_from(text), &list, NULL);
        bool failed = oom_disarm();
        assert_int_equal(list.all.len, rc == 0 ? 2 : 0);
        assert_true(rc < 0 || list.unseen.len == 1);
        assert_true(failed || rc == 0);
        gce_instances_release(&list);
    }
}

static void operations(void **state)
{
    (void)state;
    static const char text[] =
        "{\"items\":{\"zones/us-east1-b\":{\"operations\":[{\"status\":\"DONE\"}]}}}";
    for (long n = 0; oom_sweep(n); n++) {
        struct gce_operations list = { 0 };
        oom_arm(n);
        int rc = gce_read_operations(str_from(text), &list, NULL);
        bool failed = oom_disarm();
        assert_int_equal(list.all.len, rc == 0 ? 1 : 0);
        assert_true(failed || rc == 0);
        gce_operations_release(&list);
    }
}

/* A body is written whole, or its buffer says that it failed; and so is a copy of the settings. */
static void a_launch(void **state)
{
    (void)state;
    void *options = options_make(&provider_gcp.options,
                                 SETTINGS("zones", "us-east1-b", "types", "{ n2-standard-4: 4 }",
                                          "image", "i", "command", "work", "labels", "team=a"));
    struct intent intent = {
        .count = 3, .slots = 4, .pool = "p", .token = "tok", .offer = "gcp/r/t/spot"
    };
    for (long n = 0; oom_sweep(n); n++) {
        struct gcp_options copy;
        struct buf body = { 0 };
        oom_arm(n);
        int rc = option_set_copy(&provider_gcp.options, options, &copy, NULL);
        if (rc == 0) {
            const struct gce_order order = { .intent = &intent,
                                             .options = &copy,
                                             .type = "t",
                                             .spot = true,
                                             .region = "r",
                                             .controller = "c",
                                             .script = STR("s") };
            gce_write_bulk(&order, "", NULL, NULL, &body);
        }
        bool failed = oom_disarm();
        assert_true(rc == 0 || rc == MUSTER_E_NOMEM);
        assert_true(failed || (rc == 0 && !buf_failed(&body)));
        assert_true(rc < 0 || buf_failed(&body) || buf_text(&body)[body.len - 1] == '}');
        if (rc == 0)
            option_set_release(&provider_gcp.options, &copy);
        buf_release(&body);
    }
    option_set_release(&provider_gcp.options, options);
    free(options);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page),
        cmocka_unit_test(operations),
        cmocka_unit_test(a_launch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
