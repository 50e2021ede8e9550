/*
 * ~/.aws/config and ~/.aws/credentials: sections with names and values, as botocore reads them. A
 * line that is none of these is skipped, as there; every length is bounded.
 *
 *     [profile render]            in config; [render] in credentials; [default] in both
 *     role_arn = arn:aws:...      # a comment needs a blank before it
 *     ec2 =
 *       endpoint_url = http://... nested settings, below a name without a value
 */
#ifndef AUTH_AWS_INI_H
#define AUTH_AWS_INI_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct aws_ini_entry {
    struct str section, outer, name, value; /* into the text; outer "" unless nested */
};

struct aws_ini {
    struct buf text; /* holds secrets */
    VEC(struct aws_ini_entry) entries;
};

#define AWS_INI_BYTES_MAX   ((size_t)1 << 20)
#define AWS_INI_ENTRIES_MAX ((size_t)20000)

/* Takes the text over, also on failure. MUSTER_E_TOOBIG, MUSTER_E_NOMEM. */
int aws_ini_parse(struct buf *take_text, struct aws_ini *ret, struct error *err);
/* An absent file is an empty one. */
int aws_ini_read(const char *path, struct aws_ini *ret, struct error *err);
void aws_ini_release(struct aws_ini *ini);

/* The last of that name in that section; ptr NULL: none. */
struct str aws_ini_get(const struct aws_ini *ini, const char *section, const char *name);
bool aws_ini_has(const struct aws_ini *ini, const char *section);

#endif
