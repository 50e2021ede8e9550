#include "queue/payload.h"

#include <math.h>

#include "base/json.h"

#define NAMES_SHOWN 8

bool payload_pointer_valid(const char *pointer)
{
    return !pointer || !*pointer || *pointer == '/';
}

static const char *kind_of(const cJSON *item)
{
    if (cJSON_IsString(item))
        return "a string";
    if (cJSON_IsBool(item))
        return "a boolean";
    if (cJSON_IsNull(item))
        return "null";
    if (cJSON_IsArray(item))
        return "a list";
    return cJSON_IsObject(item) ? "an object" : "a number";
}

/* "an object with count, name, ...": what a person who looks for a typing mistake wants to see. */
static void describe(struct buf *to, const cJSON *item)
{
    int shown = 0;
    buf_add_c(to, kind_of(item));
    if (!cJSON_IsObject(item) || !item->child)
        return;
    for (const cJSON *member = item->child; member; member = member->next) {
        if (shown++ == NAMES_SHOWN) {
            buf_add_c(to, ", ...");
            break;
        }
        buf_add_c(to, shown == 1 ? " with " : ", ");
        json_quote(to, member->string);
    }
}

static const char *place_name(const char *pointer)
{
    return *pointer ? pointer : "the document";
}

static int missing(const cJSON *root, const char *pointer, struct error *err)
{
    struct buf found;
    buf_init(&found, 300);
    describe(&found, root);
    int rc = error_set(err, MUSTER_E_INVALID, "nothing at %s; the document is %s", pointer,
                       buf_text(&found));
    buf_release(&found);
    return rc;
}

static int read_number(const cJSON *item, const char *pointer, double *ret, struct error *err)
{
    const char *name = place_name(pointer);
    if (!cJSON_IsNumber(item))
        return error_set(err, MUSTER_E_INVALID, "%s is %s, not a number", name, kind_of(item));
    if (!isfinite(item->valuedouble))
        return error_set(err, MUSTER_E_INVALID, "%s is not a finite number", name);
    if (item->valuedouble < 0)
        return error_set(err, MUSTER_E_INVALID, "%s is negative (%g)", name, item->valuedouble);
    *ret = item->valuedouble;
    return 0;
}

static int read_required(const cJSON *root, const char *pointer, double *ret, struct error *err)
{
    const cJSON *item = json_at(root, pointer);
    return item ? read_number(item, pointer, ret, err) : missing(root, pointer, err);
}

static int read_optional(const cJSON *root, const char *pointer, bool lenient, bool *ret_has,
                         double *ret, struct error *err)
{
    if (!pointer)
        return 0;
    const cJSON *item = json_at(root, pointer);
    if (!item && lenient)
        return 0;
    int rc = item ? read_number(item, pointer, ret, err) : missing(root, pointer, err);
    *ret_has = rc == 0;
    return rc;
}

static int read_members(const cJSON *root, const struct payload_places *places,
                        struct sample *sample, struct error *err)
{
    if (places->lenient && cJSON_IsNumber(root))
        return read_number(root, "", &sample->waiting, err);
    const char *oldest = places->oldest;
    if (oldest && cJSON_IsNull(json_at(root, oldest)))
        oldest = NULL;
    int rc = read_required(root, places->waiting, &sample->waiting, err);
    if (rc == 0)
        rc = read_optional(root, places->running, places->lenient, &sample->has_running,
                           &sample->running, err);
    if (rc == 0)
        rc = read_optional(root, oldest, places->lenient, &sample->has_oldest, &sample->oldest_s,
                           err);
    if (rc == 0)
        rc = read_optional(root, places->completed, places->lenient, &sample->has_completed,
                           &sample->completed, err);
    return rc;
}

int payload_read(struct str text, const struct payload_places *places, struct sample *ret,
                 struct error *err)
{
    struct sample sample = { .running = (double)NAN,
                             .oldest_s = (double)NAN,
                             .completed = (double)NAN };
    cJSON *root = NULL;
    struct str trimmed = str_trim(text);
    if (trimmed.len == 0)
        return error_set(err, MUSTER_E_INVALID, "empty, neither a number nor JSON");
    int rc = json_parse(trimmed, &root, err);
    if (rc == 0)
        rc = read_members(root, places, &sample, err);
    cJSON_Delete(root);
    if (rc == 0)
        *ret = sample;
    return rc;
}
