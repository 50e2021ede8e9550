/* What the agent is answered by whoever answers: taken or refused; an interval is always sane. */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "runtime/agent_beat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct beat_answer answer;
    struct str text = { (const char *)data, size };
    if (beat_parse_answer(text, &answer, NULL) == 0 &&
        (answer.every_ns < 10 * NS_PER_MS || answer.every_ns > 3600 * NS_PER_S))
        abort();
    return 0;
}
