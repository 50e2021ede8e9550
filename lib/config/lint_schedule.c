#include "config/lint_schedule.h"

#include <stdio.h>

#include "base/calendar.h"
#include "base/clock.h"

#define STEP_NS    (5 * 60 * NS_PER_S) /* shorter gaps are not worth a word */
#define WEEK_STEPS (7 * 24 * 12)

static bool any_active(const struct lint_schedule *schedules, size_t len, int64_t wall_ns)
{
    for (size_t i = 0; i < len; i++) {
        const struct lint_schedule *s = &schedules[i];
        if (cron_last(s->from, s->zone, wall_ns) > cron_last(s->to, s->zone, wall_ns))
            return true;
    }
    return false;
}

/* "Fri 18:00" */
static void format_local(const struct timezone *zone, int64_t wall_ns, char text[static 16])
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    int64_t utc_s = wall_ns / NS_PER_S;
    int64_t local_s = utc_s + timezone_offset_s(zone, utc_s);
    int64_t day = calendar_floor_div(local_s, SECONDS_PER_DAY);
    int minute = (int)(local_s - day * SECONDS_PER_DAY) / 60;
    snprintf(text, 16, "%s %02d:%02d", days[calendar_weekday(day)], minute / 60 % 24, minute % 60);
}

/* Steps from `first` until the schedules' state is `active`; at most a week. */
static int64_t steps_until(const struct lint_schedule *schedules, size_t len, int64_t first_ns,
                           bool active)
{
    int64_t step = 0;
    while (step < WEEK_STEPS && any_active(schedules, len, first_ns + step * STEP_NS) != active)
        step++;
    return step;
}

bool lint_schedule_gap(const struct lint_schedule *schedules, size_t len,
                       char text[static LINT_GAP_TEXT_MAX])
{
    char from[16];
    char to[16];
    /* From where one is active, so that the gap is seen from its beginning. */
    int64_t start_ns = LINT_WEEK_NS + steps_until(schedules, len, LINT_WEEK_NS, true) * STEP_NS;
    int64_t gap = steps_until(schedules, len, start_ns, false);
    if (gap == WEEK_STEPS)
        return false;
    int64_t gap_ns = start_ns + gap * STEP_NS;
    int64_t length = steps_until(schedules, len, gap_ns, true);
    const struct timezone *zone = schedules[0].zone;
    format_local(zone, gap_ns, from);
    format_local(zone, gap_ns + length * STEP_NS, to);
    if (length == WEEK_STEPS)
        snprintf(text, LINT_GAP_TEXT_MAX, "all week");
    else
        snprintf(text, LINT_GAP_TEXT_MAX, "from %s to %s (%s)", from, to, timezone_name(zone));
    return true;
}
