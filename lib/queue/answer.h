/* A poll under way: answered from a callback, or, when it failed before anything was sent, by the loop. */
#ifndef QUEUE_ANSWER_H
#define QUEUE_ANSWER_H

#include "queue/queue.h"

struct answer {
    uv_timer_t late;
    struct sample sample; /* given late, unless: */
    struct error failure;
    queue_poll_cb *done; /* NULL: no poll under way */
    void *ctx;
};

void answer_init(struct answer *answer, uv_loop_t *loop);
/* `closed`, with `data` as the handle's, frees what the answer is part of. */
void answer_close(struct answer *answer, uv_close_cb closed, void *data);

void answer_begin(struct answer *answer, queue_poll_cb *done, void *ctx);
/* From a callback: the poll's answer. Nothing is touched after. */
void answer_give(struct answer *answer, const struct sample *sample, const struct error *err);
/* From within poll(): the loop will say so. */
void answer_fail(struct answer *answer, const struct error *err);
void answer_later(struct answer *answer, const struct sample *sample);

#endif
