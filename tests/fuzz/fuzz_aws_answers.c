/*
 * What a cloud, a proxy or an attacker in between may send in place of EC2's answers. The first byte
 * picks the reader. Whatever a reader accepts it accepts again, with the same result.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "providers/asg/answers.h"
#include "providers/aws/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void instances(struct str body,
                      int (*read)(struct str, struct ec2_instances *, struct error *))
{
    struct ec2_instances list = { 0 };
    struct error err = { 0 };
    int rc = read(body, &list, &err);
    size_t len = list.all.len;
    assert(rc == 0 || (len == 0 && err.code == rc));
    for (size_t i = 0; i < len; i++)
        assert(list.all.at[i].id[0] && list.all.at[i].slots >= 0);
    assert(read(body, &list, &err) == rc && list.all.len == 2 * len);
    ec2_instances_release(&list);
}

/* In pieces it is what it is whole. */
static void pieces(struct str body)
{
    struct ec2_instances whole = { 0 }, list = { 0 };
    struct ec2_page *page = NULL;
    int want = ec2_read_instances(body, &whole, NULL);
    int rc = ec2_page_new(&list, &page, NULL);
    for (size_t at = 0, n = 1; rc == 0 && at < body.len; at += n, n = n % 7 + 1) {
        n = n < body.len - at ? n : body.len - at;
        rc = ec2_page_feed(page, (struct str){ body.ptr + at, n }, NULL);
    }
    if (rc == 0)
        rc = ec2_page_end(page, NULL);
    assert((rc == 0) == (want == 0));
    assert(rc < 0 || list.all.len == whole.all.len);
    ec2_page_free(page);
    ec2_instances_release(&list);
    ec2_instances_release(&whole);
}

static void fleet(struct str body)
{
    struct fleet_answer answer = { 0 };
    if (ec2_read_fleet(body, &answer, NULL) < 0)
        assert(!answer.instances.at && !answer.errors.at);
    fleet_answer_release(&answer);
}

static void others(struct str body)
{
    struct ec2_notices notices = { 0 };
    struct ec2_prices prices = { 0 };
    int64_t n = -1;
    ec2_read_notices(body, &notices, NULL);
    ec2_read_prices(body, &prices, NULL);
    for (size_t i = 0; i < prices.all.len; i++)
        assert(prices.all.at[i].usd_micro > 0);
    if (wire_time(body, &n, NULL) == 0)
        assert(n >= 0);
    if (wire_price(body, &n, NULL) == 0)
        assert(n >= 0);
    ec2_notices_release(&notices);
    ec2_prices_release(&prices);
}

static void group(struct str body)
{
    struct asg_group g = { 0 };
    if (asg_read_group(body, &g, NULL) < 0)
        assert(!g.members.at);
    for (size_t i = 0; i < g.members.len; i++)
        assert(g.members.at[i].id[0]);
    assert(asg_group_alive(&g) >= 0);
    asg_group_release(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str body = { (const char *)data + 1, size - 1 };
    switch (data[0] % 4) {
    case 0:
        instances(body, ec2_read_instances);
        pieces(body);
        break;
    case 1:
        instances(body, ec2_read_run);
        break;
    case 2:
        fleet(body);
        break;
    default:
        group(body);
        others(body);
    }
    return 0;
}
