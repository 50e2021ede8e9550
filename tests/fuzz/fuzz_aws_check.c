/*
 * What may come in place of AWS's answers to `muster check --live` and of the price list, and what may
 * stand in the file that keeps prices. The first byte picks the reader.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "control/spec.h"
#include "providers/aws/check_answers.h"
#include "providers/aws/price_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void single(struct str body)
{
    char arn[64];
    struct ec2_template template;
    struct ec2_image image;
    if (sts_read_identity(body, arn, sizeof(arn), NULL) == 0)
        assert(arn[0]);
    (void)ec2_read_template(body, &template, NULL);
    (void)ec2_read_image(body, &image, NULL);
}

static void lists(struct str body)
{
    struct ec2_subnets subnets = { 0 };
    struct ec2_offerings offerings = { 0 };
    struct ec2_types types = { 0 };
    (void)ec2_read_subnets(body, &subnets, NULL);
    (void)ec2_read_offerings(body, &offerings, NULL);
    (void)ec2_read_types(body, &types, NULL);
    for (size_t i = 0; i < subnets.all.len; i++)
        assert(subnets.all.at[i].free_addresses >= 0);
    for (size_t i = 0; i < types.all.len; i++)
        assert(types.all.at[i].vcpus >= 0 && types.all.at[i].mib >= 0);
    ec2_subnets_release(&subnets);
    ec2_offerings_release(&offerings);
    ec2_types_release(&types);
}

static void products(struct str body)
{
    int64_t price = 0;
    if (aws_read_products(body, &price, NULL) == 0)
        assert(price == PRICE_UNKNOWN || price > 0);
}

/* What was read once and written is read again (names that were no text may be one, or too long, then). */
static void file(struct str body)
{
    struct aws_price_list list = { 0 }, again = { 0 };
    struct buf text = { 0 };
    if (aws_price_list_parse(body, &list, NULL) == 0) {
        aws_price_list_print(&list, &text);
        int rc = aws_price_list_parse(buf_str(&text), &again, NULL);
        assert(rc == 0 && again.all.len <= list.all.len);
    }
    buf_release(&text);
    aws_price_list_release(&list);
    aws_price_list_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str body = { (const char *)data + 1, size - 1 };
    switch (data[0] % 4) {
    case 0:
        single(body);
        break;
    case 1:
        lists(body);
        break;
    case 2:
        products(body);
        break;
    default:
        file(body);
    }
    return 0;
}
