#include "control/trail.h"

#include <math.h>
#include <string.h>

#include "base/units.h"

const char *stage_word(enum stage stage)
{
    static const char *const words[] = { "observe", "decide", "guard", "place", "gate" };
    return words[stage];
}

void trail_clear(struct trail *trail)
{
    trail->len = 0;
    trail->dropped = 0;
}

void trail_add(struct trail *trail, enum stage stage, const char *who, const char *subject,
               int64_t before, int64_t after, const char *why, const struct trail_value *values)
{
    if (trail->len == TRAIL_STEPS_MAX) {
        trail->dropped++;
        return;
    }
    struct trail_step *step = &trail->steps[trail->len++];
    step->stage = stage;
    step->who = who;
    str_copy_c(step->subject, sizeof(step->subject), subject);
    step->before = before;
    step->after = after;
    step->why = why;
    step->values_len = 0;
    while (values->name && step->values_len < TRAIL_VALUES_MAX)
        step->values[step->values_len++] = *values++;
}

/* A double may be what no int64_t is; INT64_MAX itself is rounded up to it. */
static int64_t whole(double value)
{
    if (!(value > -9.2e18)) /* NaN too */
        return isnan(value) ? 0 : -INT64_MAX;
    return value < 9.2e18 ? (int64_t)value : INT64_MAX;
}

static void put_value(const struct trail_value *value, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    switch (value->unit) {
    case UNIT_COUNT:
        /* Whole numbers in full; fractions to three digits, which is all that anyone reads. */
        if (fabs(value->value) < 1e15 && !islessgreater(value->value, floor(value->value)))
            buf_addf(out, "%.0f", value->value);
        else
            buf_addf(out, "%.3g", value->value);
        break;
    case UNIT_DURATION:
        buf_add_c(out, units_format_duration(whole(value->value), text));
        break;
    case UNIT_PERCENT:
        buf_addf(out, "%.3g%%", value->value * 100);
        break;
    case UNIT_MONEY:
        buf_add_c(out, units_format_price(whole(value->value), text));
        break;
    }
}

static const struct trail_value *find_value(const struct trail_step *step, struct str name)
{
    for (size_t i = 0; i < step->values_len; i++) {
        if (str_eq_c(name, step->values[i].name))
            return &step->values[i];
    }
    return NULL;
}

void trail_step_text(const struct trail_step *step, struct buf *out)
{
    for (const char *p = step->why; *p;) {
        const char *close = *p == '{' ? strchr(p, '}') : NULL;
        const struct trail_value *value =
            close ? find_value(step, (struct str){ p + 1, (size_t)(close - p - 1) }) : NULL;
        if (value) {
            put_value(value, out);
            p = close + 1;
        } else {
            buf_add_char(out, *p++);
        }
    }
}

void trail_text(const struct trail *trail, struct buf *out)
{
    for (size_t i = 0; i < trail->len; i++) {
        const struct trail_step *step = &trail->steps[i];
        buf_addf(out, "%-8s %-14s ", stage_word(step->stage), step->who);
        if (step->subject[0])
            buf_addf(out, "%s: ", step->subject);
        else
            buf_addf(out, "%lld -> %lld  ", (long long)step->before, (long long)step->after);
        trail_step_text(step, out);
        buf_add_char(out, '\n');
    }
    if (trail->dropped)
        buf_addf(out, "... and %u more\n", (unsigned)trail->dropped);
}

static void step_json(const struct trail_step *step, struct json_out *j)
{
    struct buf text = { 0 };
    trail_step_text(step, &text);
    json_open(j, NULL, '{');
    json_str(j, "stage", stage_word(step->stage));
    json_str(j, "who", step->who);
    if (step->subject[0])
        json_str(j, "subject", step->subject);
    json_int(j, "before", step->before);
    json_int(j, "after", step->after);
    json_str(j, "why", buf_text(&text));
    json_open(j, "values", '{');
    for (size_t i = 0; i < step->values_len; i++) {
        const struct trail_value *value = &step->values[i];
        /* JSON readers get plain units: seconds, fractions, dollars per hour. */
        double scale = value->unit == UNIT_DURATION ? 1e-9 : value->unit == UNIT_MONEY ? 1e-6 : 1;
        json_num(j, value->name, value->value * scale);
    }
    json_close(j, '}');
    json_close(j, '}');
    if (buf_failed(&text))
        j->to->failed = buf_failed(&text);
    buf_release(&text);
}

void trail_json(const struct trail *trail, struct json_out *j, const char *key)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < trail->len; i++)
        step_json(&trail->steps[i], j);
    json_close(j, ']');
}
