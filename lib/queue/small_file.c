#include "queue/small_file.h"

#include <string.h>

#include "base/file.h"

int small_file_read_secret(const char *path, struct buf *to, struct error *err)
{
    struct buf all;
    buf_init(&all, SMALL_FILE_MAX + 1);
    int rc = file_read(path, SMALL_FILE_MAX, &all, err);
    struct str secret = str_trim(buf_str(&all));
    for (size_t i = 0; rc == 0 && i < secret.len; i++) {
        if ((unsigned char)secret.ptr[i] < ' ' || secret.ptr[i] == 0x7f)
            rc = error_set(err, MUSTER_E_CONFIG, "%s has more than one line in it", path);
    }
    if (rc == 0 && secret.len == 0)
        rc = error_set(err, MUSTER_E_CONFIG, "%s is empty", path);
    if (rc == 0) {
        buf_add_str(to, secret);
        if (buf_failed(to))
            rc = error_nomem(err);
    }
    small_file_wipe(&all);
    return rc;
}

void small_file_wipe(struct buf *secret)
{
    if (secret->ptr)
        explicit_bzero(secret->ptr, secret->size);
    buf_release(secret);
}
