#include "tests/unit/virtual_timers.h"

#include <stdlib.h>

#include <uv.h>

/* Weak: this file is linked into tests that do not wrap anything, too. */
#define TIMERS_MAX 32

bool virtual_timers_on;
int64_t virtual_now_ns;

static struct {
    uv_timer_t *timer;
    uv_timer_cb cb;
    int64_t due_ns; /* 0: not set */
} timers[TIMERS_MAX];

__attribute__((weak)) int __real_uv_timer_init(uv_loop_t *loop, uv_timer_t *timer);
__attribute__((weak)) int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb,
                                                uint64_t timeout_ms, uint64_t repeat);
__attribute__((weak)) int __real_uv_timer_stop(uv_timer_t *timer);
__attribute__((weak)) int __real_uv_is_active(const uv_handle_t *handle);
__attribute__((weak)) void __real_uv_close(uv_handle_t *handle, uv_close_cb cb);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *timer);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout_ms, uint64_t repeat);
int __wrap_uv_timer_stop(uv_timer_t *timer);
int __wrap_uv_is_active(const uv_handle_t *handle);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb cb);

static int find(const void *timer)
{
    for (int i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer == timer)
            return i;
    }
    return -1;
}

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
    int i = find(NULL);
    if (virtual_timers_on && i < 0)
        abort();
    if (virtual_timers_on)
        timers[i].timer = timer;
    return __real_uv_timer_init(loop, timer);
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t timeout_ms, uint64_t repeat)
{
    int i = find(timer);
    if (i < 0)
        return __real_uv_timer_start(timer, cb, timeout_ms, repeat);
    timers[i].cb = cb;
    timers[i].due_ns = virtual_now_ns + (int64_t)timeout_ms * 1000000;
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer)
{
    int i = find(timer);
    if (i >= 0)
        timers[i].due_ns = 0;
    return __real_uv_timer_stop(timer);
}

int __wrap_uv_is_active(const uv_handle_t *handle)
{
    int i = find(handle);
    return i >= 0 ? timers[i].due_ns != 0 : __real_uv_is_active(handle);
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb cb)
{
    int i = find(handle);
    if (i >= 0) {
        timers[i].timer = NULL;
        timers[i].due_ns = 0;
    }
    __real_uv_close(handle, cb);
}

uint64_t __wrap_uv_now(const uv_loop_t *loop)
{
    (void)loop;
    return (uint64_t)virtual_now_ns / 1000000;
}

static int next(void)
{
    int best = -1;
    for (int i = 0; i < TIMERS_MAX; i++) {
        if (timers[i].timer && timers[i].due_ns != 0 &&
            (best < 0 || timers[i].due_ns < timers[best].due_ns))
            best = i;
    }
    return best;
}

int64_t virtual_timers_next_ns(void)
{
    int i = next();
    return i < 0 ? INT64_MAX : timers[i].due_ns;
}

bool virtual_timers_fire(void)
{
    int i = next();
    if (i < 0 || timers[i].due_ns > virtual_now_ns)
        return false;
    timers[i].due_ns = 0;
    timers[i].cb(timers[i].timer);
    return true;
}
