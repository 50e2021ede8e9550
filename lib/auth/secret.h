/* Text that must not stay behind in freed memory: overwritten before it is released. */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include <cjson/cJSON.h>

#include "base/str.h"

void secret_free(char *text);           /* takes NULL */
void secret_release(struct buf *bytes); /* buf_release, overwritten first */
void secret_json_free(cJSON *root);     /* cJSON_Delete, its texts overwritten first; takes NULL */

#endif
