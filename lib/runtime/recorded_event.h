/*
 * An event as one line of JSON and back, exact to the last bit: what goes into a recording.
 *
 *     {"event":"sample","now":"81000000000","wall":"1764000000000000000","pool":"a","waiting":3,...}
 *
 * Whole numbers beyond 2^53 and numbers that are none (infinite, NaN) are written as texts. A policy
 * is recorded as the text of its file, not as what was made of it.
 */
#ifndef RUNTIME_RECORDED_EVENT_H
#define RUNTIME_RECORDED_EVENT_H

#include "base/json.h"
#include "control/control.h"

/* The file that an EVENT_POLICY came from. */
struct recorded_policy {
    const char *file; /* its name */
    const char *text;
};

/* Appends the line, without its end. `policy` is looked at for EVENT_POLICY only. */
void recorded_event_write(const struct event *ev, const struct recorded_policy *policy,
                          struct buf *out);

/* An event that was read. It borrows its texts from the line, which must outlive it. */
struct recorded_event {
    struct event ev; /* EVENT_POLICY: take_spec is NULL, policy says what it is */
    struct recorded_policy policy;
    void *list, *names, *places; /* owned */
};

/*
 * MUSTER_E_INVALID: the line is no event; err says what is wrong with it. On success the caller
 * releases *ret.
 */
int recorded_event_read(const cJSON *line, struct recorded_event *ret, struct error *err);
void recorded_event_release(struct recorded_event *event);

/* The line that begins a life of the controller: what its core was made with. */
void recorded_life_write(const struct control_options *options, struct buf *out);
int recorded_life_read(const cJSON *line, struct control_options *ret, struct error *err);

#endif
