#include "base/finding.h"

#include <stddef.h>

const char *const finding_words[] = {
    [FINDING_OK] = "ok", [FINDING_NO] = "no", [FINDING_UNKNOWN] = "unknown", NULL
};
