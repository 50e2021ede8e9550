#include "once.h"

#include <stdio.h>

#define WAIT_NS (30 * NS_PER_S)

/* Decided on a sample, or at least asked the queue and got no answer. */
static bool has_decided(const struct pool_view *view)
{
    return view->last && view->signal->state != SIGNAL_NONE;
}

static bool all_decided(const struct control *c)
{
    for (size_t i = 0; i < control_pools(c); i++) {
        struct pool_view view;
        control_pool_view(c, i, &view);
        if (!view.retiring && !has_decided(&view))
            return false;
    }
    return true;
}

static void print_pool(const struct pool_view *view)
{
    /* The decision that changed something holds the whole story; a later tick only confirms it. */
    const struct decision *decision = view->changed ? view->changed : view->last;
    struct buf text = { 0 };
    if (decision) {
        printf("pool %s: %lld -> %lld slots\n", view->name, (long long)decision->desired_before,
               (long long)decision->desired);
        trail_text(&decision->trail, &text);
        fputs(buf_text(&text), stdout);
    } else {
        printf("pool %s: undecided\n", view->name);
    }
    if (view->problem[0])
        printf("problem  %s\n", view->problem);
    buf_release(&text);
}

int once_run(struct daemon *d)
{
    const struct control *c = runtime_control(d->runtime);
    int64_t until_ns = clock_system.boot_ns(NULL) + WAIT_NS;
    while (!all_decided(c) && clock_system.boot_ns(NULL) < until_ns)
        uv_run(&d->loop, UV_RUN_ONCE);
    int status = 0;
    for (size_t i = 0; i < control_pools(c); i++) {
        struct pool_view view;
        control_pool_view(c, i, &view);
        print_pool(&view);
        if (!has_decided(&view) || !signal_known(view.signal))
            status = 1;
    }
    struct policy_dir_problem problem;
    struct runtime_view runtime;
    runtime_look(d->runtime, &runtime);
    for (size_t i = 0; policy_dir_problem(runtime.policies, i, &problem); i++) {
        fprintf(stderr, "%s\n", problem.text);
        status = 1;
    }
    return status;
}
