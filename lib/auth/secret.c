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
