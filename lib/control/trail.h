/*
 * The reason trail of one decision: numbers in, formula, number out, who changed it and why.
 *
 * Steps are stored as values, not text: writing one costs no formatting, and whatever shows a trail
 * later (status, explain, history, log) shows the very numbers that were used; nothing is recomputed.
 *
 * `why` is a static sentence in which {name} stands for the value of that name:
 *
 *     trail_step(t, STAGE_DECIDE, "backlog", 0, 6,
 *                "({waiting} waiting + {running} running) / {per_slot} per slot",
 *                TRAIL_COUNT("waiting", 100), TRAIL_COUNT("running", 2), TRAIL_COUNT("per_slot", 20));
 *
 * A trail is bounded: steps past TRAIL_STEPS_MAX are counted in `dropped` and shown as such.
 */
#ifndef CONTROL_TRAIL_H
#define CONTROL_TRAIL_H

#include <stdint.h>

#include "base/json.h"
#include "base/str.h"

enum stage { STAGE_OBSERVE, STAGE_DECIDE, STAGE_GUARD, STAGE_PLACE, STAGE_GATE };

enum trail_unit { UNIT_COUNT, UNIT_DURATION, UNIT_PERCENT, UNIT_MONEY };

struct trail_value {
    const char *name; /* static */
    enum trail_unit unit;
    double value; /* count; ns; fraction; micro-dollars */
};

#define TRAIL_COUNT(n, v)    ((struct trail_value){ (n), UNIT_COUNT, (double)(v) })
#define TRAIL_DURATION(n, v) ((struct trail_value){ (n), UNIT_DURATION, (double)(v) })
#define TRAIL_PERCENT(n, v)  ((struct trail_value){ (n), UNIT_PERCENT, (double)(v) })
#define TRAIL_MONEY(n, v)    ((struct trail_value){ (n), UNIT_MONEY, (double)(v) })

#define TRAIL_VALUES_MAX  8
#define TRAIL_STEPS_MAX   20
#define TRAIL_SUBJECT_MAX 64

struct trail_step {
    enum stage stage;
    const char *who;                 /* static: policy or rule name */
    char subject[TRAIL_SUBJECT_MAX]; /* a node or an offer; "" mostly */
    int64_t before, after;           /* slots */
    const char *why;                 /* static template */
    uint8_t values_len;
    struct trail_value values[TRAIL_VALUES_MAX];
};

struct trail {
    uint16_t len;
    uint16_t dropped;
    struct trail_step steps[TRAIL_STEPS_MAX];
};

void trail_clear(struct trail *trail);

/* `subject` may be NULL. Values end with one whose name is NULL. */
void trail_add(struct trail *trail, enum stage stage, const char *who, const char *subject,
               int64_t before, int64_t after, const char *why, const struct trail_value *values);

#define trail_step(trail, stage, who, before, after, why, ...)                                     \
    trail_add((trail), (stage), (who), NULL, (before), (after), (why),                             \
              (const struct trail_value[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })

#define trail_about(trail, stage, who, subject, why, ...)                                          \
    trail_add((trail), (stage), (who), (subject), 0, 0, (why),                                     \
              (const struct trail_value[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })

const char *stage_word(enum stage stage);

/* The sentence with its numbers filled in, without stage and name. */
void trail_step_text(const struct trail_step *step, struct buf *out);
/* One step a line, as people read it: "decide    backlog     0 -> 6   (100 waiting + 2 running) / 20". */
void trail_text(const struct trail *trail, struct buf *out);
/* An array of { stage, who, subject, before, after, why, values }. */
void trail_json(const struct trail *trail, struct json_out *j, const char *key);

#endif
