/*
 * A recording comes from somebody else's machine with a report of a bug. Whatever is taken for an event
 * is written back as the same event; whatever is not says why.
 */
#include "runtime/recorded_event.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const struct recorded_event *event)
{
    struct buf first = { 0 }, second = { 0 };
    struct recorded_event back;
    cJSON *root = NULL;
    recorded_event_write(&event->ev, &event->policy, &first);
    assert(json_parse(buf_str(&first), &root, NULL) == 0);
    assert(recorded_event_read(root, &back, NULL) == 0);
    recorded_event_write(&back.ev, &back.policy, &second);
    assert(strcmp(buf_text(&first), buf_text(&second)) == 0);
    recorded_event_release(&back);
    cJSON_Delete(root);
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *root = NULL;
    struct recorded_event event;
    struct control_options options;
    struct error err = { 0 };
    if (json_parse((struct str){ (const char *)data, size }, &root, NULL) < 0)
        return 0;
    if (recorded_life_read(root, &options, &err) < 0)
        assert(err.text[0]);
    error_clear(&err);
    if (recorded_event_read(root, &event, &err) == 0) {
        write_again(&event);
        recorded_event_release(&event);
    } else {
        assert(err.text[0]);
    }
    cJSON_Delete(root);
    return 0;
}
