/* Pages and operations of Compute Engine: whatever comes, it is read or refused, whole and in bounds;
 * and in pieces it is the same document. */
#include <stdint.h>
#include <stdlib.h>

#include "providers/gcp/answers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *ctx, size_t wanted, const char *key, struct str text, struct error *err)
{
    (void)wanted, (void)key, (void)text, (void)err;
    ++*(size_t *)ctx;
    return 0;
}

static int split(struct str text, size_t step, size_t *ret_values)
{
    static const char *const wanted[] = { "items.*.instances.*", "a", "*.b", NULL };
    struct json_split s;
    int rc = 0;
    json_split_init(&s, wanted, 4096, count, ret_values);
    for (size_t at = 0; rc == 0 && at < text.len; at += step)
        rc = json_split_feed(
            &s, (struct str){ text.ptr + at, text.len - at < step ? text.len - at : step }, NULL);
    if (rc == 0)
        rc = json_split_end(&s, NULL);
    json_split_release(&s);
    return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct gce_instances list = { 0 };
    struct gce_operations operations = { 0 };
    struct gce_instance instance;
    size_t whole = 0, bytes = 0;
    if (gce_read_page(text, &list, NULL) < 0 && list.all.len > 0)
        abort();
    for (size_t i = 0; i < list.all.len; i++) {
        if (!gce_name_valid(list.all.at[i].name) || !gce_zone_valid(list.all.at[i].zone))
            abort();
    }
    gce_instances_release(&list);
    gce_read_operations(text, &operations, NULL);
    gce_operations_release(&operations);
    gce_read_instance(text, &instance, NULL);
    if ((split(text, size + 1, &whole) == 0) != (split(text, 1, &bytes) == 0))
        abort();
    return 0;
}
