/*
 * What all sources that ask Redis share: the server's settings, the connection, and a poll made of
 * rounds. A kind of source (redis, celery, ...) is a step function:
 *
 *     round 0     nothing is known; asks
 *     round n     takes the replies to what round n-1 asked, adds to the sample, may ask again
 *     a round that asks nothing ends the poll: the sample is complete
 *
 * All rounds share the poll's time limit. Nothing is written to the server, ever, and no command is
 * used whose cost grows with the queue, unless it is bounded (a COUNT, a limit on the length).
 */
#ifndef QUEUE_REDIS_SOURCE_H
#define QUEUE_REDIS_SOURCE_H

#include "queue/queue.h"
#include "queue/redis_batch.h"

struct redis_server_options {
    char *url;
    char *password_file;
    int64_t timeout_ns;
};

/* Rows for a struct whose member `server` is a struct redis_server_options. */
#define REDIS_SERVER_ROWS(structure)                                                               \
    OPTION_STRING(structure, server.url, "url", .fallback = "redis://127.0.0.1:6379/0",            \
                  .help = "redis://HOST:PORT/DB or unix:///PATH?db=DB"),                           \
        OPTION_STRING(structure, server.password_file, "password_file", .optional = true,          \
                      .help = "file with the password; read at every connect"),                    \
        OPTION_DURATION(structure, server.timeout_ns, "timeout", .fallback = "5s",                 \
                        .min = 10 * NS_PER_MS, .max = 600 * NS_PER_S,                              \
                        .help = "for connecting and all answers of one poll")

int redis_server_check(const struct redis_server_options *server, const char **ret_key,
                       struct error *err);
/* The same, and that keys made of these two (prefix may be NULL) fit REDIS_KEY_MAX. */
int redis_queue_check(const struct redis_server_options *server, const char *queue,
                      const char *prefix, const char **ret_key, struct error *err);

struct redis_poll {
    const void *options;
    int64_t wall_ns;
    int round;
    struct redis_batch ask; /* of this round; empty when the step is called */
    struct sample sample;   /* waiting 0 and the rest unknown at first */
    void *notes;            /* the step's own, of the size it asked for; zero at first */
};

typedef int redis_step(struct redis_poll *poll, struct redis_replies *got, struct error *err);

/* notes_size: what the step wants to keep from round to round; may be 0. */
int redis_source_open(const struct queue_env *env, const void *options,
                      const struct redis_server_options *server, redis_step *step,
                      size_t notes_size, struct queue **ret, struct error *err);
void redis_source_close(struct queue *self);
void redis_source_poll(struct queue *self, queue_poll_cb *done, void *ctx);

/* ---- for steps --------------------------------------------------------------------------------- */

/* Takes a count and adds it to the sample's waiting, or running. */
int redis_add_waiting(struct redis_poll *poll, struct redis_replies *got, struct error *err);
int redis_add_running(struct redis_poll *poll, struct redis_replies *got, struct error *err);

/* A waiting job is from this moment (Unix time, seconds): the oldest of all is kept. A moment that no
 * job can be from (long before, or more than a minute in the future) is passed over. */
void redis_see_job_from(struct redis_poll *poll, double unix_s);

/* Now, as Unix time, for a command: "1700000000.123" in seconds, "1700000000123" in milliseconds. */
#define REDIS_TIME_MAX 32
void redis_now_s(const struct redis_poll *poll, char text[static REDIS_TIME_MAX]);
void redis_now_ms(const struct redis_poll *poll, char text[static REDIS_TIME_MAX]);

/* prefix + middle + name as one key; names are at most REDIS_NAME_MAX, which redis_queue_check saw to. */
#define REDIS_NAME_MAX 200
#define REDIS_KEY_MAX  512
const char *redis_key(char key[static REDIS_KEY_MAX], const char *prefix, const char *middle,
                      const char *name);

/* A number in a text, as a whole; NAN for anything else. */
double redis_number(struct str text);

#endif
