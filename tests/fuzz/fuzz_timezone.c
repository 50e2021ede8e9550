/* Time zone files from anywhere: read or refused; what was read answers for any instant. */
#include <stdint.h>
#include <stdlib.h>

#include "base/timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = { INT64_MIN, -2208988800, -1,         0,
                                        1500,      1767571200,  4102444800, INT64_MAX };
    struct timezone *zone = NULL;
    struct error err = { 0 };
    int rc = timezone_parse(STR("fuzz"), (struct str){ (const char *)data, size }, &zone, &err);
    if ((rc == 0) != (zone != NULL) || err.code != rc)
        abort();
    for (size_t i = 0; zone && i < sizeof(instants) / sizeof(instants[0]); i++) {
        int32_t offset_s = timezone_offset_s(zone, instants[i]);
        if (offset_s < -26 * 3600 || offset_s > 26 * 3600)
            abort();
    }
    timezone_free(zone);
    return 0;
}
