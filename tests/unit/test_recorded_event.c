#include "runtime/recorded_event.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Written, read and written again: every kind of event, with values at the edges. */
static const struct intent intents[] = {
    { .number = 7,
      .kind = INTENT_LAUNCH,
      .state = INTENT_SENT,
      .pool = "p",
      .offer = "aws/1",
      .inventory = "aws",
      .token = "abc",
      .slots = 4,
      .price_usd_micro = 34000,
      .count = 12,
      .planned_wall_ns = 1764000000123456789,
      .tries = 2,
      .served = true },
    { .number = 8, .kind = INTENT_TERMINATE, .state = INTENT_UNKNOWN, .node = "i-1" },
};
static const char *const paused[] = { "", "p" };
static const struct bought_at places[] = { { "p", "aws", 0 },
                                           { "q", "local", 1764000000123456789 } };
static const struct listed_node listed[] = {
    { .id = "i-1",
      .pool = "p",
      .offer = "aws/1",
      .token = "abc",
      .place = "eu-west-1a",
      .state = LISTED_ENDED,
      .slots = 4,
      .price_usd_micro = 1,
      .age_ns = -1,
      .interrupted = true },
    { .place = "eu-west-1b", .state = LISTED_UNSEEN },
};
static const char ids[][NODE_ID_MAX] = { "i-1", "i-2" };
static const struct sample sample = {
    .waiting = 0.1, .running = NAN, .oldest_s = INFINITY, .completed = 1e300, .has_oldest = true
};

static const struct event events[] = {
    { .type = EVENT_RECOVERED, .recovered = { intents, 2, 9, "journal", paused, 2, places, 2 } },
    { .type = EVENT_RECOVERED, .recovered.journal = "j" },
    { .type = EVENT_POLICY },
    { .type = EVENT_POLICY_REMOVED, .policy_removed.pool = "p" },
    { .type = EVENT_POLICIES, .policies.complete = true },
    { .type = EVENT_TICK },
    { .type = EVENT_SAMPLE, .sample = { "p", &sample } },
    { .type = EVENT_SAMPLE_FAILED, .sample_failed = { "p", "said \"no\"\n\xff" } },
    { .type = EVENT_LISTING, .listing = { "aws", listed, 2, (1LL << 53) + 1 } },
    { .type = EVENT_LISTING_FAILED, .listing_failed = { "aws", -5, "no" } },
    { .type = EVENT_INTENT_WRITTEN, .intent.number = 7 },
    { .type = EVENT_INTENT_LOST, .intent = { 7, "disk full" } },
    { .type = EVENT_LAUNCHED, .result = { 7, ids, 2, -3, "short" } },
    { .type = EVENT_LAUNCH_FAILED, .result = { .number = 7, .code = -4, .text = "no" } },
    { .type = EVENT_TERMINATED, .result.number = 8 },
    { .type = EVENT_TERMINATE_FAILED, .result = { .number = 8, .code = -1, .text = "no" } },
    { .type = EVENT_HEARTBEAT,
      .heartbeat = { "i-1", BEAT_DRAINED, UINT64_MAX >> 1, 4, BUSY_UNKNOWN, -1, 1.0 / 3, 77, "v1",
                     true, true } },
    { .type = EVENT_PRICE, .price = { "p", "aws/1", -1 } },
    { .type = EVENT_INTERRUPTION, .interruption = { "i-1", NOTICE_ENDED } },
    { .type = EVENT_PAUSE, .pause.pool = "" },
    { .type = EVENT_RESUME, .resume.pool = "p" },
    { .type = EVENT_DRAIN, .drain.node = "i-1" },
};
#define EVENTS (sizeof(events) / sizeof(events[0]))

static cJSON *parsed(const struct buf *text)
{
    cJSON *root = NULL;
    struct error err = { 0 };
    if (json_parse(buf_str(text), &root, &err) < 0)
        fail_msg("%s: %s", buf_text(text), err.text);
    return root;
}

static void there_and_back(void **state)
{
    static const struct recorded_policy policy = { "a.yaml", "slots: 1\n# \"\t\n" };
    (void)state;
    for (size_t i = 0; i < EVENTS; i++) {
        struct event ev = events[i];
        struct buf first = { 0 }, second = { 0 };
        struct recorded_event back;
        struct error err = { 0 };
        ev.now_ns = (1LL << 53) + 3;
        ev.wall_ns = 1764000000123456789;
        recorded_event_write(&ev, &policy, &first);
        cJSON *root = parsed(&first);
        if (recorded_event_read(root, &back, &err) < 0)
            fail_msg("%s: %s", buf_text(&first), err.text);
        assert_int_equal(back.ev.type, ev.type);
        assert_int_equal(back.ev.now_ns, ev.now_ns);
        assert_int_equal(back.ev.wall_ns, ev.wall_ns);
        recorded_event_write(&back.ev, &back.policy, &second);
        assert_string_equal(buf_text(&second), buf_text(&first));
        recorded_event_release(&back);
        cJSON_Delete(root);
        buf_release(&first);
        buf_release(&second);
    }
}

/* The values themselves, not only that both writings agree. */
static void values_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < EVENTS; i++) {
        struct buf text = { 0 };
        struct recorded_event back;
        recorded_event_write(&events[i], NULL, &text);
        cJSON *root = parsed(&text);
        if (events[i].type == EVENT_POLICY) {
            cJSON_Delete(root);
            buf_release(&text);
            continue;
        }
        assert_int_equal(recorded_event_read(root, &back, NULL), 0);
        if (back.ev.type == EVENT_SAMPLE) {
            assert_memory_equal(&back.ev.sample.sample->waiting, &sample.waiting, 8);
            assert_true(isnan(back.ev.sample.sample->running));
            assert_true(isinf(back.ev.sample.sample->oldest_s));
            assert_true(back.ev.sample.sample->has_oldest);
        } else if (back.ev.type == EVENT_LISTING) {
            assert_int_equal(back.ev.listing.len, 2);
            assert_string_equal(back.ev.listing.nodes[0].place, "eu-west-1a");
            assert_int_equal(back.ev.listing.nodes[1].state, LISTED_UNSEEN);
            assert_int_equal(back.ev.listing.asked_ns, (1LL << 53) + 1);
        } else if (back.ev.type == EVENT_HEARTBEAT) {
            assert_int_equal(back.ev.heartbeat.seq, UINT64_MAX >> 1);
            assert_int_equal(back.ev.heartbeat.busy, BUSY_UNKNOWN);
        } else if (back.ev.type == EVENT_RECOVERED && back.ev.recovered.open_len) {
            assert_string_equal(back.ev.recovered.places[1].inventory, "local");
            assert_true(back.ev.recovered.places[1].done_wall_ns == 1764000000123456789);
            assert_string_equal(back.ev.recovered.paused[1], "p");
            assert_string_equal(back.ev.recovered.open[1].node, "i-1");
        }
        recorded_event_release(&back);
        cJSON_Delete(root);
        buf_release(&text);
    }
}

static void what_is_no_event(void **state)
{
    static const struct {
        const char *name, *text, *says;
    } cases[] = {
        { "no word", "{}", "there is no event" },
        { "a list", "[]", "there is no event" },
        { "an unknown word", "{\"event\":\"dance\"}", "\"dance\"" },
        { "no time", "{\"event\":\"tick\"}", "\"now\"" },
        { "a time that is too large",
          "{\"event\":\"tick\",\"now\":\"99999999999999999999\",\"wall\":1}", "\"now\"" },
        { "a pool that is a number", "{\"event\":\"pause\",\"now\":1,\"wall\":1,\"pool\":3}",
          "\"pool\"" },
        { "a notice of no kind",
          "{\"event\":\"interruption\",\"now\":1,\"wall\":1,\"node\":\"i\",\"what\":3}",
          "\"what\"" },
        { "a listing of numbers",
          "{\"event\":\"listing\",\"now\":1,\"wall\":1,\"inventory\":\"x\",\"nodes\":[1]}",
          "\"id\"" },
        { "a sample without a field",
          "{\"event\":\"sample\",\"now\":1,\"wall\":1,\"pool\":\"x\",\"waiting\":1}",
          "\"running\"" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cJSON *root = NULL;
        struct recorded_event event;
        struct error err = { 0 };
        assert_int_equal(json_parse(str_from(cases[i].text), &root, NULL), 0);
        int rc = recorded_event_read(root, &event, &err);
        if (rc != MUSTER_E_INVALID || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].name, rc, err.text);
        cJSON_Delete(root);
    }
}

static void a_life(void **state)
{
    struct control_options options, back;
    struct buf text = { 0 };
    struct error err = { 0 };
    (void)state;
    control_options_default(&options);
    str_copy_c(options.controller, sizeof(options.controller), "me");
    options.limits.launches = (struct rate){ RATE_NODES, 0.1, 60 * (int64_t)1000000000 };
    recorded_life_write(&options, &text);
    cJSON *root = parsed(&text);
    assert_int_equal(recorded_life_read(root, &back, &err), 0);
    assert_string_equal(back.controller, "me");
    assert_int_equal(back.tick_ns, options.tick_ns);
    assert_int_equal(back.limits.usd_per_hour_micro, options.limits.usd_per_hour_micro);
    assert_memory_equal(&back.limits.launches.amount, &options.limits.launches.amount, 8);
    cJSON_SetNumberValue(cJSON_GetObjectItem(root, "tick"), 0);
    assert_int_equal(recorded_life_read(root, &back, &err), MUSTER_E_INVALID);
    cJSON_SetNumberValue(cJSON_GetObjectItem(root, "recording"), 2);
    assert_int_equal(recorded_life_read(root, &back, &err), MUSTER_E_INVALID);
    assert_non_null(strstr(err.text, "form"));
    cJSON_Delete(root);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(values_are_exact),
        cmocka_unit_test(what_is_no_event),
        cmocka_unit_test(a_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
