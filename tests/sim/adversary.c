#include "tests/sim/adversary.h"

#include "base/units.h"
#include "tests/sim/scenario.h"

const char *const adversary_breakages[] = { NULL };

bool adversary_range(const char *text, int64_t *ret_first, int64_t *ret_last)
{
    const char *dots = strstr(text, "..");
    struct str first = { text, dots ? (size_t)(dots - text) : strlen(text) };
    if (units_parse_int(first, ret_first, NULL) < 0)
        return false;
    *ret_last = *ret_first;
    return !dots || units_parse_int(str_from(dots + 2), ret_last, NULL) == 0;
}

int adversary_run(int64_t first, int64_t last, const char *breakage, bool trace)
{
    (void)first, (void)last, (void)breakage, (void)trace;
    return 0;
}

bool scenario_adversary(struct scenario *s)
{
    return scenario_fail(s, "not yet");
}
