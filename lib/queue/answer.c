#include "queue/answer.h"

static void on_late(uv_timer_t *timer)
{
    struct answer *answer = timer->data;
    struct error failure = answer->failure;
    answer_give(answer, &answer->sample, &failure);
}

void answer_init(struct answer *answer, uv_loop_t *loop)
{
    uv_timer_init(loop, &answer->late);
    answer->late.data = answer;
}

void answer_close(struct answer *answer, uv_close_cb closed, void *data)
{
    answer->late.data = data;
    uv_close((uv_handle_t *)&answer->late, closed);
}

void answer_begin(struct answer *answer, queue_poll_cb *done, void *ctx)
{
    answer->done = done;
    answer->ctx = ctx;
}

void answer_give(struct answer *answer, const struct sample *sample, const struct error *err)
{
    queue_poll_cb *done = answer->done;
    answer->done = NULL;
    done(answer->ctx, err->code ? NULL : sample, err);
}

void answer_fail(struct answer *answer, const struct error *err)
{
    answer->failure = *err;
    uv_timer_start(&answer->late, on_late, 0, 0);
}

void answer_later(struct answer *answer, const struct sample *sample)
{
    answer->sample = *sample;
    answer->failure = (struct error){ 0 };
    uv_timer_start(&answer->late, on_late, 0, 0);
}
