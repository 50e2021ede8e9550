#include "runtime/replay.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"

#define SECOND_NS ((int64_t)1000000000)

static const char policy_text[] = "queue: { exec: \"echo 3\", every: 1s, stale_after: 10s }\n"
                                  "slots: { max: 5 }\n"
                                  "scale: [ backlog: { per_slot: 1 } ]\n"
                                  "pace: { in: { after: 0s, at_most: unlimited } }\n"
                                  "buy: { offers: [ local: { command: [/bin/false] } ] }\n";

/* A core whose every step is recorded, as the runtime does it. */
struct world {
    struct scratch scratch;
    char path[256];
    struct kinds kinds;
    struct control_options options;
    struct control *control;
    struct recording *recording;
    struct effect_list effects;
    int64_t now_ns;
    uint64_t launch; /* the last intent to launch */
    int decisions;
};

static void begin(struct world *w, int64_t max_bytes)
{
    struct error err = { 0 };
    if (recording_open(w->path, max_bytes, &w->options, &w->recording, &err) < 0)
        fail_msg("%s", err.text);
    w->control = control_new(&w->options, NULL);
    assert_non_null(w->control);
}

static void end(struct world *w)
{
    recording_close(w->recording);
    control_free(w->control);
    w->recording = NULL;
    w->control = NULL;
}

static int make_world(void **state)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    scratch_make(&w->scratch);
    snprintf(w->path, sizeof(w->path), "%s/recording", w->scratch.dir);
    kinds_init(&w->kinds);
    control_options_default(&w->options);
    w->now_ns = 1000 * SECOND_NS;
    *state = w;
    return 0;
}

static int drop_world(void **state)
{
    struct world *w = *state;
    end(w);
    effect_list_release(&w->effects);
    scratch_drop(&w->scratch);
    free(w);
    return 0;
}

static void step(struct world *w, struct event ev)
{
    const struct recorded_policy policy = { "a.yaml", policy_text };
    struct error err = { 0 };
    ev.now_ns = w->now_ns;
    ev.wall_ns = 1764000000 * SECOND_NS + w->now_ns;
    effect_list_clear(&w->effects);
    assert_int_equal(recording_event(w->recording, &ev, &policy, &err), 0);
    int rc = control_step(w->control, &ev, &w->effects, &err);
    assert_int_equal(recording_effects(w->recording, &w->effects, rc, &err), 0);
    for (size_t i = 0; i < w->effects.all.len; i++) {
        const struct effect *e = &w->effects.all.at[i];
        if (e->type == EFFECT_WRITE_INTENT)
            w->launch = e->intent->number;
        w->decisions += e->type == EFFECT_DECISION;
    }
}

static void tick(struct world *w, int64_t forward_ns)
{
    w->now_ns += forward_ns;
    step(w, (struct event){ .type = EVENT_TICK });
}

/* A queue that fills: a decision, a launch, an answer, a heartbeat. */
static void live(struct world *w)
{
    static const char ids[][NODE_ID_MAX] = { "local-a" };
    const struct sample three = { .waiting = 3 };
    struct pool_spec *spec = NULL;
    struct problems problems;
    problems_init(&problems);
    assert_int_equal(
        kinds_parse_policy(&w->kinds, STR(policy_text), "a.yaml", &spec, &problems, NULL), 0);
    problems_release(&problems);
    step(w, (struct event){ .type = EVENT_RECOVERED, .recovered.journal = "j" });
    step(w, (struct event){ .type = EVENT_POLICY, .policy.take_spec = spec });
    step(w, (struct event){ .type = EVENT_POLICIES, .policies.complete = true });
    tick(w, 0);
    step(w, (struct event){ .type = EVENT_LISTING, .listing = { "local", NULL, 0, w->now_ns } });
    step(w, (struct event){ .type = EVENT_SAMPLE, .sample = { "a", &three } });
    assert_true(w->launch > 0);
    step(w, (struct event){ .type = EVENT_INTENT_WRITTEN, .intent.number = w->launch });
    step(w, (struct event){ .type = EVENT_LAUNCHED, .result = { w->launch, ids, 1, 0, NULL } });
    step(w, (struct event){ .type = EVENT_HEARTBEAT,
                            .heartbeat = { .node = "local-a", .state = BEAT_READY, .seq = 1 } });
    for (int i = 0; i < 20; i++)
        tick(w, SECOND_NS);
}

static struct replay_report replayed(struct world *w)
{
    struct replay_report report;
    struct error err = { 0 };
    if (replay_file(w->path, &w->kinds, NULL, NULL, &report, &err) < 0)
        fail_msg("%s", err.text);
    return report;
}

static void the_same_again(void **state)
{
    struct world *w = *state;
    begin(w, 1 << 20);
    live(w);
    end(w);
    begin(w, 1 << 20); /* appended: a second life */
    live(w);
    struct replay_report report = replayed(w);
    assert_false(report.differs);
    assert_false(report.cut);
    assert_int_equal(report.lives, 2);
    assert_int_equal(report.events, 2 * (9 + 20));
    assert_true(report.effects > 10);
    assert_true(w->decisions > 0);
    assert_int_equal(report.decisions, w->decisions);
}

static char *whole_file(const char *path)
{
    struct buf text = { 0 };
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    for (int c; (c = fgetc(file)) != EOF;)
        buf_add_char(&text, (char)c);
    fclose(file);
    return buf_take(&text);
}

/* Replaces the first `old` by the equally long `new` in the file. */
static void change(struct world *w, const char *old, const char *new)
{
    char *text = whole_file(w->path);
    char *at = strstr(text, old);
    assert_non_null(at);
    assert_int_equal(strlen(old), strlen(new));
    memcpy(at, new, strlen(new));
    scratch_write(&w->scratch, "recording", text);
    free(text);
}

static void another_number_differs(void **state)
{
    struct world *w = *state;
    begin(w, 1 << 20);
    live(w);
    change(w, "\"waiting\":3", "\"waiting\":4");
    struct replay_report report = replayed(w);
    assert_true(report.differs);
    assert_non_null(strstr(report.recorded, "a 2: 0 -> 3"));
    assert_non_null(strstr(report.replayed, "a 2: 0 -> 4"));
}

static void a_step_that_did_nothing_differs(void **state)
{
    struct world *w = *state;
    begin(w, 1 << 20);
    live(w);
    change(w, "{\"did\":", "{\"bid\":");
    struct replay_report report;
    struct error err = { 0 };
    assert_int_equal(replay_file(w->path, &w->kinds, NULL, NULL, &report, &err), MUSTER_E_INVALID);
    assert_non_null(strstr(err.text, "neither an event"));
}

static void a_torn_end_is_left_out(void **state)
{
    struct world *w = *state;
    begin(w, 1 << 20);
    live(w);
    char *text = whole_file(w->path);
    text[strlen(text) - 5] = '\0';
    scratch_write(&w->scratch, "recording", text);
    free(text);
    struct replay_report report = replayed(w);
    assert_true(report.cut);
    assert_false(report.differs);
}

static void a_full_file_ends_the_recording(void **state)
{
    struct world *w = *state;
    struct error err = { 0 };
    const struct event ev = { .type = EVENT_TICK };
    begin(w, 300); /* the first line has room, and little more */
    int rc = 0;
    for (int i = 0; i < 10 && rc == 0; i++)
        rc = recording_event(w->recording, &ev, NULL, &err);
    assert_int_equal(rc, MUSTER_E_TOOBIG);
    assert_int_equal(recording_event(w->recording, &ev, NULL, &err), 0); /* told once */
}

static void what_is_no_recording(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        { "", "not a recording" },
        { "{\"event\":\"tick\"}\n", ":1: an event before a life began" },
        { "hello\n", ":1: " },
        { "{\"recording\":9}\n", ":1: " },
    };
    struct world *w = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct replay_report report;
        struct error err = { 0 };
        scratch_write(&w->scratch, "recording", cases[i].text);
        int rc = replay_file(w->path, &w->kinds, NULL, NULL, &report, &err);
        if (rc != MUSTER_E_INVALID || !strstr(err.text, cases[i].says))
            fail_msg("%s: %d %s", cases[i].text, rc, err.text);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, make_world, drop_world)
    const struct CMUnitTest tests[] = {
        TEST(the_same_again),
        TEST(another_number_differs),
        TEST(a_step_that_did_nothing_differs),
        TEST(a_torn_end_is_left_out),
        TEST(a_full_file_ends_the_recording),
        TEST(what_is_no_recording),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
