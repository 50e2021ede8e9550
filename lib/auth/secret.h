/* Text that must not stay behind in freed memory: overwritten before it is released. */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include "base/str.h"

void secret_free(char *text);           /* takes NULL */
void secret_release(struct buf *bytes); /* buf_release, overwritten first */

#endif
