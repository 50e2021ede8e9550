/*
 * Every allocation of a long scripted life of the core made to fail in turn. No step may crash or
 * leak; nothing may be sent that the journal does not have (core_step checks that); and once memory is
 * back the core must come to where it comes without any failure.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core_fixture.h"
#include "oom.h"

/* What the world around the core holds: it never forgets, whatever the core does. */
struct cloud {
    struct {
        char id[NODE_ID_MAX];
        char token[TOKEN_MAX];
        char pool[POOL_NAME_MAX];
        bool gone, heard;
        uint64_t seq;
    } machines[64];
    size_t len;
    uint64_t acked; /* journal entries acknowledged, by number */
    bool recovered, described[2];
};

static struct event no_event(enum event_type type)
{
    return (struct event){ .type = type };
}

/* Carries out what the last step wants; answers come with the next round. */
struct answers {
    uint64_t written[64], launched[64], terminated[64];
    size_t written_len, launched_len, terminated_len;
    bool list, poll[2];
};

static size_t launch(struct cloud *cloud, const struct intent *intent)
{
    for (size_t i = 0; i < cloud->len; i++) { /* idempotent by its token */
        if (strcmp(cloud->machines[i].token, intent->token) == 0)
            return i;
    }
    assert_true(cloud->len < 64);
    size_t i = cloud->len++;
    snprintf(cloud->machines[i].id, NODE_ID_MAX, "m-%zu", i + 1);
    memcpy(cloud->machines[i].token, intent->token, TOKEN_MAX);
    memcpy(cloud->machines[i].pool, intent->pool, POOL_NAME_MAX);
    return i;
}

static void carry_out(const struct core *core, struct cloud *cloud, struct answers *answers)
{
    for (size_t i = 0; i < core->out.all.len; i++) {
        const struct effect *e = &core->out.all.at[i];
        if (e->type == EFFECT_WRITE_INTENT && answers->written_len < 64)
            answers->written[answers->written_len++] = e->intent->number;
        else if (e->type == EFFECT_LAUNCH && answers->launched_len < 64) {
            launch(cloud, e->intent);
            answers->launched[answers->launched_len++] = e->intent->number;
        } else if (e->type == EFFECT_TERMINATE && answers->terminated_len < 64) {
            for (size_t k = 0; k < cloud->len; k++)
                cloud->machines[k].gone |= strcmp(cloud->machines[k].id, e->intent->node) == 0;
            answers->terminated[answers->terminated_len++] = e->intent->number;
        } else if (e->type == EFFECT_LIST)
            answers->list = true;
        else if (e->type == EFFECT_POLL)
            answers->poll[e->poll.pool[0] == 'q'] = true;
    }
}

/* A step that may fail for lack of memory, and for nothing else. */
static int try(struct core *core, struct cloud *cloud, struct answers *answers, struct event ev)
{
    effect_list_release(&core->out); /* each step has its effects to allocate */
    int rc = core_step(core, ev);
    if (rc < 0)
        assert_int_equal(rc, MUSTER_E_NOMEM);
    carry_out(core, cloud, answers);
    return rc;
}

static struct pool_spec *make_spec(const char *name)
{
    long left = atomic_exchange(&oom_left, -1); /* lib/config's business, not the core's */
    struct pool_spec *spec = core_spec(name);
    core_scale(spec, &policy_backlog, NULL);
    core_scale(spec, &policy_drain, "within", "10m", NULL);
    atomic_store(&oom_left, left);
    return spec;
}

static void begin(struct core *core, struct cloud *cloud, struct answers *answers)
{
    static const char *const names[] = { "p", "q" };
    if (!cloud->recovered) {
        struct intent open = { .number = 1,
                               .state = INTENT_SENT,
                               .pool = "p",
                               .slots = 1,
                               .count = 1,
                               .offer = "local/small",
                               .inventory = "local",
                               .token = "a-launch-of-an-earlier-life-0000" };
        const char *const paused[] = { "" };
        struct event ev = no_event(EVENT_RECOVERED);
        ev.recovered.open = &open;
        ev.recovered.open_len = 1;
        ev.recovered.last_number = 1;
        ev.recovered.journal = "journal0journal0";
        ev.recovered.paused = paused;
        ev.recovered.paused_len = 1;
        cloud->recovered = try(core, cloud, answers, ev) == 0;
    }
    for (int i = 0; i < 2; i++) {
        if (cloud->described[i])
            continue;
        struct event ev = no_event(EVENT_POLICY);
        ev.policy.take_spec = make_spec(names[i]);
        cloud->described[i] = try(core, cloud, answers, ev) == 0;
    }
}

static void answer(struct core *core, struct cloud *cloud, const struct answers *last,
                   struct answers *next, double waiting)
{
    for (size_t i = 0; i < last->written_len; i++) {
        struct event ev = no_event(EVENT_INTENT_WRITTEN);
        ev.intent.number = last->written[i];
        try(core, cloud, next, ev);
    }
    for (size_t i = 0; i < last->launched_len; i++) {
        struct event ev = no_event(EVENT_LAUNCHED);
        char id[1][NODE_ID_MAX] = { "" };
        for (size_t k = 0; k < core->journal.len; k++) {
            if (core->journal.at[k].intent.number == last->launched[i])
                memcpy(id[0], cloud->machines[launch(cloud, &core->journal.at[k].intent)].id,
                       NODE_ID_MAX);
        }
        ev.result.number = last->launched[i];
        ev.result.ids = (const char(*)[NODE_ID_MAX])id;
        ev.result.len = 1;
        try(core, cloud, next, ev);
    }
    for (size_t i = 0; i < last->terminated_len; i++) {
        struct event ev = no_event(EVENT_TERMINATED);
        ev.result.number = last->terminated[i];
        try(core, cloud, next, ev);
    }
    for (int i = 0; i < 2; i++) {
        if (!last->poll[i])
            continue;
        struct sample sample = { .waiting = waiting };
        struct event ev = no_event(EVENT_SAMPLE);
        ev.sample.pool = i ? "q" : "p";
        ev.sample.sample = &sample;
        try(core, cloud, next, ev);
    }
}

static void list(struct core *core, struct cloud *cloud, struct answers *next)
{
    static struct listed_node nodes[64];
    size_t len = 0;
    for (size_t i = 0; i < cloud->len; i++) {
        if (cloud->machines[i].gone)
            continue;
        nodes[len] =
            (struct listed_node){ .state = LISTED_RUNNING, .slots = 1, .offer = "local/small" };
        memcpy(nodes[len].id, cloud->machines[i].id, NODE_ID_MAX);
        memcpy(nodes[len].token, cloud->machines[i].token, TOKEN_MAX);
        memcpy(nodes[len++].pool, cloud->machines[i].pool, POOL_NAME_MAX);
    }
    struct event ev = no_event(EVENT_LISTING);
    ev.listing.inventory = "local";
    ev.listing.nodes = nodes;
    ev.listing.len = len;
    ev.listing.asked_ns = core->now_ns;
    try(core, cloud, next, ev);
}

static void beat(struct core *core, struct cloud *cloud, struct answers *next)
{
    for (size_t i = 0; i < cloud->len; i++) {
        if (cloud->machines[i].gone)
            continue;
        struct event ev = no_event(EVENT_HEARTBEAT);
        memcpy(ev.heartbeat.node, cloud->machines[i].id, NODE_ID_MAX);
        ev.heartbeat.seq = ++cloud->machines[i].seq;
        ev.heartbeat.idle_ns = -1;
        struct beat_reply reply = control_beat_reply(core->control, cloud->machines[i].id);
        ev.heartbeat.state = reply.drain ? BEAT_DRAINED : BEAT_READY;
        try(core, cloud, next, ev);
    }
}

/* One second of the script; everything that a failing step may have left out is tried again. */
static void second(struct core *core, struct cloud *cloud, struct answers *last, int n)
{
    struct answers next = { 0 };
    core->now_ns += SECONDS(1);
    begin(core, cloud, &next);
    answer(core, cloud, last, &next, n < 30 ? 1 : n < 60 ? 3 : n < 90 ? 2 : 0);
    if (last->list || n % 5 == 0)
        list(core, cloud, &next);
    if (n % 2 == 0)
        beat(core, cloud, &next);
    struct event ev = no_event(EVENT_RESUME);
    ev.resume.pool = "";
    if (n == 3 || n == 4)
        try(core, cloud, &next, ev);
    ev = no_event(EVENT_POLICIES);
    ev.policies.complete = cloud->described[0] && cloud->described[1];
    if (n < 10)
        try(core, cloud, &next, ev);
    try(core, cloud, &next, no_event(EVENT_TICK));
    *last = next;
}

static void where_it_came_to(const struct core *core, const struct cloud *cloud)
{
    size_t alive = 0;
    for (size_t i = 0; i < cloud->len; i++)
        alive += !cloud->machines[i].gone;
    assert_int_equal(alive, 0);
    assert_null(control_intent(core->control, 0));
    for (int i = 0; i < 2; i++) {
        struct pool_view view = core_view(core, i ? "q" : "p");
        assert_int_equal(view.desired, 0);
        assert_false(view.paused);
        assert_true(view.last != NULL);
        for (int s = 0; s < NODE_STATES; s++)
            assert_int_equal(view.nodes[s], 0);
    }
}

/* The script, with the n-th allocation from second `from` on failing; gives whether there was one. */
static bool run(long n, int from, size_t *ret_bought)
{
    static struct cloud cloud;
    struct answers last = { 0 };
    struct core core;
    core_start_unread(&core, NULL);
    assert_true(vec_reserve(&core.journal, 1024)); /* the test's own */
    cloud = (struct cloud){ 0 };
    /* The journal has the earlier life's launch; the cloud has its machine. */
    struct intent open = { .token = "a-launch-of-an-earlier-life-0000", .pool = "p" };
    launch(&cloud, &open);
    bool hit = false;
    for (int i = 0; i < 900; i++) {
        if (i == from)
            oom_arm(n);
        second(&core, &cloud, &last, i);
        if (i == from + 20)
            hit = oom_disarm();
        /* Half-way all that is wanted is there (an intent that nobody heard of waits for its deadline):
         * then all of it goes. */
        if (i == 59 && from + 20 < 30)
            assert_true(core_nodes(&core, "p", NODE_READY) + core_nodes(&core, "q", NODE_READY) >=
                        5);
    }
    where_it_came_to(&core, &cloud);
    *ret_bought = cloud.len;
    core_stop(&core);
    return hit;
}

static void sweep(int from)
{
    long n = 0;
    size_t bought = 0;
    size_t usual = 0;
    run(-1, from, &usual);
    while (run(n, from, &bought)) {
        assert_true(bought <= usual + 1); /* one that was found before it was claimed, at most */
        n++;
    }
    assert_true(n > 10);
}

static void while_it_starts(void **state)
{
    (void)state;
    sweep(0);
}

static void while_it_buys(void **state)
{
    (void)state;
    sweep(30);
}

static void while_it_shrinks(void **state)
{
    (void)state;
    sweep(60);
}

static void while_it_ends(void **state)
{
    (void)state;
    sweep(90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(while_it_starts),
        cmocka_unit_test(while_it_buys),
        cmocka_unit_test(while_it_shrinks),
        cmocka_unit_test(while_it_ends),
    };
    return cmocka_run_group_tests_name("oom control", tests, NULL, NULL);
}
