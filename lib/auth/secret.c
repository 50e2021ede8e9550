#include "auth/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_free(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

void secret_release(struct buf *bytes)
{
    if (bytes->ptr)
        explicit_bzero(bytes->ptr, bytes->size);
    buf_release(bytes);
}

static void wipe(cJSON *at)
{
    for (; at; at = at->next) {
        if (at->valuestring)
            explicit_bzero(at->valuestring, strlen(at->valuestring));
        wipe(at->child);
    }
}

void secret_json_free(cJSON *root)
{
    wipe(root);
    cJSON_Delete(root);
}
