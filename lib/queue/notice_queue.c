#include "queue/notice_queue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "queue/ec2_event.h"
#include "queue/sqs_messages.h"
#include "queue/sqs_url.h"

#define WAIT_S        20 /* SQS's longest poll */
#define HIDE_S        30 /* until what was not taken in comes again */
#define NOT_READY_MS  1000
#define EMPTY_MS      1000 /* after an empty answer that did not wait as it was asked to */
#define RETRY_MIN_MS  2000
#define RETRY_MAX_MS  60000
#define FOREIGN_AFTER 2 /* a machine that is not known at so many tries is none of ours */
#define GIVE_UP_AFTER 5 /* what is no event is deleted at so many tries */
#define TOLD_TEXT_MAX 200
#define RECEIVE_MAX   ((size_t)16 << 20)

struct notice_queue {
    struct notice_queue_env env;
    const char *url;
    char region[64];
    uv_timer_t timer;
    struct sqs_messages messages; /* being worked through */
    int failures;                 /* in a row */
    int64_t asked_ns;
    struct notice_queue_view view;
    char problem[256];
};

static int64_t now_ns(const struct notice_queue *queue)
{
    return queue->env.clock->boot_ns(queue->env.clock->ctx);
}

static void look(uv_timer_t *timer);

static void look_in(struct notice_queue *queue, uint64_t ms)
{
    uv_timer_start(&queue->timer, look, ms, 0);
}

/* ---- trouble ------------------------------------------------------------------------------------ */

static void failed(struct notice_queue *queue, const struct error *err)
{
    uint64_t ms = RETRY_MIN_MS;
    for (int i = 0; i < queue->failures && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    if (queue->failures++ == 0) {
        queue->view.failing_since_ns = now_ns(queue);
        log_line(queue->env.log, LOG_WARNING,
                 "the queue of notices cannot be read; continuing: asked again, and notices come "
                 "from listings and agents meanwhile",
                 LOG_STR("queue", queue->url), LOG_STR("problem", err->text));
    }
    str_copy_c(queue->problem, sizeof(queue->problem), err->text);
    look_in(queue, ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS);
}

static void works(struct notice_queue *queue)
{
    if (queue->failures > 0)
        log_line(queue->env.log, LOG_INFO, "the queue of notices can be read again",
                 LOG_STR("queue", queue->url));
    queue->failures = 0;
    queue->problem[0] = '\0';
    queue->view.failing_since_ns = 0;
    queue->view.received_ns = now_ns(queue);
}

/* ---- one message: true when it is done with ------------------------------------------------------ */

/* Its beginning, without what could forge a line of the log. */
static void printable(const char *text, char to[static TOLD_TEXT_MAX])
{
    size_t n = 0;
    for (; text[n] && n + 1 < TOLD_TEXT_MAX; n++)
        to[n] = isprint((unsigned char)text[n]) ? text[n] : '.';
    to[n] = '\0';
}

static bool malformed(struct notice_queue *queue, const struct sqs_message *message,
                      const char *problem)
{
    bool over = message->received >= GIVE_UP_AFTER;
    char text[TOLD_TEXT_MAX], id[TOLD_TEXT_MAX];
    printable(message->body, text);
    printable(message->id, id);
    if (message->received == 1)
        queue->view.malformed++;
    if (over || message->received == 1)
        log_line(queue->env.log, LOG_WARNING,
                 over ? "continuing: a message that is no event came again and again: deleted"
                      : "continuing: a message in the queue of notices is no event",
                 LOG_STR("queue", queue->url), LOG_STR("message", id), LOG_STR("problem", problem),
                 LOG_STR("text", text));
    return over;
}

/* Told when their number has another digit: an account may have thousands an hour. */
static bool foreign(struct notice_queue *queue, const char *node)
{
    uint64_t count = ++queue->view.foreign;
    while (count % 10 == 0)
        count /= 10;
    if (count == 1)
        log_line(queue->env.log, LOG_INFO, "notices that are not about nodes of ours are deleted",
                 LOG_STR("queue", queue->url), LOG_INT("so_far", (int64_t)queue->view.foreign),
                 LOG_STR("last", node));
    return true;
}

static bool take(struct notice_queue *queue, const struct sqs_message *message)
{
    struct ec2_event event;
    struct error err = { 0 };
    int rc = ec2_event_parse(str_from(message->body), &event, &err);
    if (rc == MUSTER_E_NOMEM)
        return false;
    if (rc < 0)
        return malformed(queue, message, err.text);
    if (!event.end)
        return foreign(queue, "");
    rc = queue->env.take(queue->env.ctx, event.node, event.what, &err);
    /* What ended and is not known any more was ours, or not: nothing is left to do. */
    bool over = event.what == NOTICE_ENDED || message->received >= FOREIGN_AFTER;
    if (rc == MUSTER_E_NOTFOUND && over)
        return foreign(queue, event.node);
    queue->view.taken += rc == 0;
    return rc == 0;
}

/* ---- calls -------------------------------------------------------------------------------------- */

static int call(struct notice_queue *queue, const char *action, struct buf *body, aws_done_cb *done,
                struct error *err)
{
    const struct aws_request request = { .service = "sqs",
                                         .region = queue->region,
                                         .action = action,
                                         .target = "AmazonSQS",
                                         .protocol = AWS_JSON_1_0,
                                         .body = buf_str(body),
                                         .priority = AWS_DESCRIBE,
                                         .repeatable = true,
                                         .response_max = RECEIVE_MAX };
    int rc =
        buf_failed(body) ? error_nomem(err) : aws_call(queue->env.aws, &request, done, queue, err);
    buf_release(body);
    return rc;
}

static void on_deleted(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct notice_queue *queue = ctx;
    struct error failure = *err;
    if (!failure.code && sqs_read_delete(response->body) != 0)
        error_set(&failure, MUSTER_E_TRANSIENT,
                  "SQS DeleteMessageBatch: some messages were not deleted: they come again");
    if (failure.code)
        failed(queue, &failure);
    else
        look_in(queue, 0);
}

static void delete_taken(struct notice_queue *queue, unsigned which)
{
    struct buf body = { 0 };
    struct error err = { 0 };
    sqs_write_delete(queue->url, &queue->messages, which, &body);
    if (call(queue, "DeleteMessageBatch", &body, on_deleted, &err) < 0)
        failed(queue, &err);
}

static void on_received(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct notice_queue *queue = ctx;
    struct error failure = *err;
    unsigned which = 0;
    if (!failure.code && sqs_read_messages(response->body, &queue->messages, &failure) < 0)
        error_wrap(&failure, "SQS ReceiveMessage");
    if (failure.code) {
        failed(queue, &failure);
        return;
    }
    works(queue);
    for (size_t i = 0; i < queue->messages.len; i++) {
        if (take(queue, &queue->messages.all[i]))
            which |= 1U << i;
    }
    bool hurried = now_ns(queue) - queue->asked_ns < NS_PER_S && queue->messages.len == 0;
    if (which)
        delete_taken(queue, which);
    else
        look_in(queue, hurried ? EMPTY_MS : 0);
    sqs_messages_release(&queue->messages);
}

static void look(uv_timer_t *timer)
{
    struct notice_queue *queue = timer->data;
    struct buf body = { 0 };
    struct error err = { 0 };
    if (!queue->env.ready(queue->env.ctx)) {
        look_in(queue, NOT_READY_MS);
        return;
    }
    queue->asked_ns = now_ns(queue);
    sqs_write_receive(queue->url, WAIT_S, HIDE_S, &body);
    if (call(queue, "ReceiveMessage", &body, on_received, &err) < 0)
        failed(queue, &err);
}

/* ---- life --------------------------------------------------------------------------------------- */

static int find_region(struct notice_queue *queue, struct error *err)
{
    char standard[64];
    if (sqs_url_region(queue->url, queue->region, sizeof(queue->region)))
        return 0;
    const char *region = aws_settings_region(queue->env.settings, standard);
    if (region && str_copy_c(queue->region, sizeof(queue->region), region))
        return 0;
    return error_set(err, MUSTER_E_CONFIG,
                     "aws.notices: no region is known for %s: set aws.region, or AWS_REGION",
                     queue->url);
}

int notice_queue_new(const struct notice_queue_env *env, const char *url, struct notice_queue **ret,
                     struct error *err)
{
    struct notice_queue *queue = calloc(1, sizeof(*queue));
    if (!queue)
        return error_nomem(err);
    queue->env = *env;
    queue->url = url;
    int rc = find_region(queue, err);
    if (rc < 0) {
        free(queue);
        return rc;
    }
    uv_timer_init(env->loop, &queue->timer);
    queue->timer.data = queue;
    *ret = queue;
    return 0;
}

void notice_queue_start(struct notice_queue *queue)
{
    look_in(queue, 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void notice_queue_free(struct notice_queue *queue)
{
    if (!queue)
        return;
    aws_client_drop(queue->env.aws, queue);
    sqs_messages_release(&queue->messages);
    uv_close((uv_handle_t *)&queue->timer, on_closed);
}

void notice_queue_look(const struct notice_queue *queue, struct notice_queue_view *ret)
{
    *ret = queue->view;
    ret->url = queue->url;
    ret->problem = queue->problem;
}
