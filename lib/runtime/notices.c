#include "runtime/notices.h"

#include <stdlib.h>

#include "base/str.h"
#include "runtime/runtime.h"

struct notices {
    struct notices_env env;
    size_t len;
    struct notice_queue *queues[];
};

/* Is there a place on EC2 where machines may be, and have all such places been listed? */
static bool ready(void *ctx)
{
    const struct notices *notices = ctx;
    const struct control *control = runtime_control(notices->env.runtime);
    struct inventory_view inventory;
    bool any = false;
    for (size_t i = 0; control_inventory(control, i, &inventory); i++) {
        struct str name = str_from(inventory.name);
        if (!str_starts(name, "aws:") && !str_starts(name, "asg:"))
            continue;
        any = true;
        if (inventory.listed_ns == 0)
            return false;
    }
    return any;
}

static int take(void *ctx, const char *node, enum notice what, struct error *err)
{
    const struct notices *notices = ctx;
    struct event ev = { .type = EVENT_INTERRUPTION };
    ev.interruption.node = node;
    ev.interruption.what = what;
    return runtime_submit(notices->env.runtime, &ev, err);
}

int notices_new(const struct notices_env *env, struct notices **ret, struct error *err)
{
    const struct option_strings *urls = env->settings ? &env->settings->notices : NULL;
    if (!urls || urls->len == 0 || !env->aws) {
        *ret = NULL;
        return 0;
    }
    struct notices *notices = calloc(1, sizeof(*notices) + urls->len * sizeof(notices->queues[0]));
    if (!notices)
        return error_nomem(err);
    notices->env = *env;
    const struct notice_queue_env queue_env = {
        .loop = env->loop,
        .log = env->log,
        .clock = env->clock,
        .aws = env->aws,
        .settings = env->settings,
        .ready = ready,
        .take = take,
        .ctx = notices,
    };
    for (; notices->len < urls->len; notices->len++) {
        int rc = notice_queue_new(&queue_env, urls->at[notices->len],
                                  &notices->queues[notices->len], err);
        if (rc < 0) {
            notices_free(notices);
            return rc;
        }
    }
    *ret = notices;
    return 0;
}

void notices_start(struct notices *notices)
{
    for (size_t i = 0; notices && i < notices->len; i++)
        notice_queue_start(notices->queues[i]);
}

void notices_free(struct notices *notices)
{
    for (size_t i = 0; notices && i < notices->len; i++)
        notice_queue_free(notices->queues[i]);
    free(notices);
}

bool notices_look(const struct notices *notices, size_t index, struct notice_queue_view *ret)
{
    if (!notices || index >= notices->len)
        return false;
    notice_queue_look(notices->queues[index], ret);
    return true;
}
