/* notice_read: what metadata services say of a machine's end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/notice_read.h"

#define NONE NOTICE_WORD_NONE
#define ODD  NOTICE_WORD_ODD

static const struct {
    notice_reader *read;
    int status;
    const char *body;
    enum notice_word word;
} cases[] = {
    { notice_read_aws_action, 404, "<html>", NONE },
    { notice_read_aws_action, 200, "{\"action\":\"terminate\",\"time\":\"2017-09-18T08:22:00Z\"}",
      NOTICE_WORD_END },
    { notice_read_aws_action, 200, "{\"action\": \"stop\"}\n", NOTICE_WORD_END },
    { notice_read_aws_action, 200, "{\"action\":\"hibernate\",\"time\":null}", NOTICE_WORD_END },
    { notice_read_aws_action, 200, "{\"action\":\"none\"}", ODD },
    { notice_read_aws_action, 200, "{\"action\":7}", ODD },
    { notice_read_aws_action, 200, "[\"terminate\"]", ODD },
    { notice_read_aws_action, 200, "", ODD },
    { notice_read_aws_action, 200, "<html>log in here</html>", ODD },
    { notice_read_aws_action, 401, "", ODD },
    { notice_read_aws_action, 503, "{\"action\":\"terminate\"}", ODD },
    { notice_read_aws_rebalance, 404, "", NONE },
    { notice_read_aws_rebalance, 200, "{\"noticeTime\":\"2020-10-27T08:22:00Z\"}",
      NOTICE_WORD_REBALANCE },
    { notice_read_aws_rebalance, 200, "{}", ODD },
    { notice_read_aws_rebalance, 500, "", ODD },
    { notice_read_gcp_preempted, 200, "FALSE", NONE },
    { notice_read_gcp_preempted, 200, "TRUE\n", NOTICE_WORD_END },
    { notice_read_gcp_preempted, 200, "true", ODD },
    { notice_read_gcp_preempted, 404, "", ODD },
    { notice_read_gcp_preempted, 404, "TRUE", ODD },
    { notice_read_gcp_maintenance, 200, "NONE", NONE },
    { notice_read_gcp_maintenance, 200, "MIGRATE_ON_HOST_MAINTENANCE", NONE },
    { notice_read_gcp_maintenance, 200, "TERMINATE_ON_HOST_MAINTENANCE", NOTICE_WORD_END },
    { notice_read_gcp_maintenance, 200, "SOMETHING_NEW", ODD },
    { notice_read_gcp_maintenance, 503, "NONE", ODD },
};

static void answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (cases[i].read(cases[i].status, str_from(cases[i].body)) != cases[i].word)
            fail_msg("case %zu: HTTP %d '%s'", i, cases[i].status, cases[i].body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(answers) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
