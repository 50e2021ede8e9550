#include "auth/aws_ini.h"

#include <string.h>

#include "auth/secret.h"
#include "base/file.h"

static struct str next_line(struct str *rest)
{
    const char *end = memchr(rest->ptr, '\n', rest->len);
    struct str line = { rest->ptr, end ? (size_t)(end - rest->ptr) : rest->len };
    size_t skip = end ? line.len + 1 : line.len;
    *rest = (struct str){ rest->ptr + skip, rest->len - skip };
    return line;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* "value  # comment": a mark counts after a blank only, since keys and URLs hold them. */
static struct str without_comment(struct str value)
{
    for (size_t i = 1; i < value.len; i++) {
        if ((value.ptr[i] == '#' || value.ptr[i] == ';') && blank(value.ptr[i - 1]))
            return str_trim((struct str){ value.ptr, i });
    }
    return value;
}

/* "[profile x]" or "[x]": what is between the brackets, blanks inside made one. */
static bool section_name(struct str line, struct str *ret)
{
    const char *end = memchr(line.ptr, ']', line.len);
    if (!end)
        return false;
    *ret = str_trim((struct str){ line.ptr + 1, (size_t)(end - line.ptr) - 1 });
    return true;
}

static int add_entry(struct aws_ini *ini, const struct aws_ini_entry *entry, struct error *err)
{
    if (ini->entries.len >= AWS_INI_ENTRIES_MAX)
        return error_set(err, MUSTER_E_TOOBIG, "more than %zu settings", AWS_INI_ENTRIES_MAX);
    return vec_push(&ini->entries, *entry) ? 0 : error_nomem(err);
}

/* Where a line stands. */
struct place {
    struct str section;
    struct str open; /* the last name, if it had no value: what is indented below belongs to it */
};

static int parse_section(struct aws_ini *ini, struct str text, struct place *place,
                         struct error *err)
{
    struct aws_ini_entry entry = { 0 };
    if (!section_name(text, &place->section))
        place->section = STR(""); /* what follows belongs to nobody */
    place->open = STR("");
    entry.section = place->section;
    return add_entry(ini, &entry, err);
}

static int parse_line(struct aws_ini *ini, struct str line, struct place *place, struct error *err)
{
    struct str text = str_trim(line);
    bool nested = line.len > 0 && blank(line.ptr[0]);
    if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';')
        return 0;
    /* Below a name that has a value an indented line goes on with that value: nothing we know does. */
    if (nested && place->open.len == 0)
        return 0;
    if (!nested && text.ptr[0] == '[')
        return parse_section(ini, text, place, err);
    const char *equals = memchr(text.ptr, '=', text.len);
    const char *colon = memchr(text.ptr, ':', text.len);
    const char *at = equals ? equals : colon;
    if (!at)
        return 0;
    size_t len = (size_t)(at - text.ptr);
    struct aws_ini_entry entry = { .section = place->section };
    entry.name = str_trim((struct str){ text.ptr, len });
    entry.value = without_comment(str_trim((struct str){ at + 1, text.len - len - 1 }));
    if (nested)
        entry.outer = place->open;
    else
        place->open = entry.value.len == 0 ? entry.name : STR("");
    return add_entry(ini, &entry, err);
}

int aws_ini_parse(struct buf *take_text, struct aws_ini *ret, struct error *err)
{
    struct aws_ini ini = { .text = *take_text };
    *take_text = (struct buf){ 0 };
    struct str rest = buf_str(&ini.text);
    struct place place = { 0 };
    int rc =
        rest.len > AWS_INI_BYTES_MAX ? error_set(err, MUSTER_E_TOOBIG, "larger than 1 MiB") : 0;
    while (rc == 0 && rest.len > 0)
        rc = parse_line(&ini, next_line(&rest), &place, err);
    if (rc < 0) {
        aws_ini_release(&ini);
        return rc;
    }
    *ret = ini;
    return 0;
}

int aws_ini_read(const char *path, struct aws_ini *ret, struct error *err)
{
    struct buf text = { 0 };
    int rc = file_read(path, AWS_INI_BYTES_MAX, &text, err);
    if (rc == MUSTER_E_NOTFOUND)
        rc = 0;
    if (rc == 0)
        rc = aws_ini_parse(&text, ret, err);
    if (rc < 0)
        error_wrap(err, "%s", path);
    secret_release(&text);
    return rc;
}

void aws_ini_release(struct aws_ini *ini)
{
    secret_release(&ini->text);
    vec_release(&ini->entries);
}

static bool same_name(struct str a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.ptr, b, a.len) == 0;
}

struct str aws_ini_get(const struct aws_ini *ini, const char *section, const char *name)
{
    struct str found = { NULL, 0 };
    for (size_t i = 0; i < ini->entries.len; i++) {
        const struct aws_ini_entry *e = &ini->entries.at[i];
        if (str_eq_c(e->section, section) && e->outer.len == 0 && same_name(e->name, name))
            found = e->value;
    }
    return found;
}

bool aws_ini_has(const struct aws_ini *ini, const char *section)
{
    for (size_t i = 0; i < ini->entries.len; i++) {
        if (str_eq_c(ini->entries.at[i].section, section))
            return true;
    }
    return false;
}
