#include "runtime/later.h"

#include <stdlib.h>
#include <string.h>

struct late {
    struct event ev;
    char inventory[64];
    char text[256];
    char (*ids)[NODE_ID_MAX];
};

struct later {
    uv_timer_t timer;
    struct log *log;
    executor_event_cb *event;
    void *ctx;
    VEC(struct late *) pending;
    bool closing;
};

int later_new(uv_loop_t *loop, struct log *log, executor_event_cb *event, void *ctx,
              struct later **ret, struct error *err)
{
    struct later *later = calloc(1, sizeof(*later));
    if (!later)
        return error_nomem(err);
    later->log = log;
    later->event = event;
    later->ctx = ctx;
    uv_timer_init(loop, &later->timer);
    later->timer.data = later;
    *ret = later;
    return 0;
}

static void free_late(struct late *late)
{
    free(late->ids);
    free(late);
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void later_free(struct later *later)
{
    if (!later)
        return;
    for (size_t i = 0; i < later->pending.len; i++)
        free_late(later->pending.at[i]);
    vec_release(&later->pending);
    later->closing = true;
    uv_close((uv_handle_t *)&later->timer, timer_closed);
}

/* What an event of these types borrows is copied into the struct, and its pointers bent there. */
static bool fill(struct late *late, const struct event *ev)
{
    late->ev = *ev;
    if (ev->type == EVENT_LISTING_FAILED) {
        str_copy_c(late->inventory, sizeof(late->inventory), ev->listing_failed.inventory);
        str_copy_c(late->text, sizeof(late->text), ev->listing_failed.text);
        late->ev.listing_failed.inventory = late->inventory;
        late->ev.listing_failed.text = late->text;
        return true;
    }
    str_copy_c(late->text, sizeof(late->text), ev->result.text ? ev->result.text : "");
    late->ev.result.text = late->text;
    late->ev.result.ids = NULL;
    if (ev->result.len == 0)
        return true;
    late->ids = calloc(ev->result.len, sizeof(*late->ids));
    if (!late->ids)
        return false;
    memcpy(late->ids, ev->result.ids, ev->result.len * sizeof(*late->ids));
    late->ev.result.ids = (const char(*)[NODE_ID_MAX])late->ids;
    return true;
}

static void deliver(uv_timer_t *timer)
{
    struct later *later = timer->data;
    /* One at a time: each may add others, or be the last thing before the end. */
    while (!later->closing && later->pending.len > 0) {
        struct late *late = later->pending.at[0];
        vec_remove(&later->pending, 0);
        later->event(later->ctx, &late->ev);
        free_late(late);
    }
}

void later_add(struct later *later, const struct event *ev)
{
    struct late *late = calloc(1, sizeof(*late));
    if (!late || !fill(late, ev) || !vec_push(&later->pending, late)) {
        log_line(later->log, LOG_ERROR, "continuing: no memory for an answer; it is lost");
        if (late)
            free_late(late);
        return;
    }
    uv_timer_start(&later->timer, deliver, 0, 0);
}
