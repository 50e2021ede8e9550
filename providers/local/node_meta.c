/* meta.json: what a local node is. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "providers/local/node_dir.h"

#define META_BYTES_MAX 4096
#define ID_PREFIX      "local-"
#define ID_LETTERS     12 /* 60 bits of the token */

void local_node_id(const char *token, char ret[static NODE_ID_MAX])
{
    snprintf(ret, NODE_ID_MAX, ID_PREFIX "%.*s", ID_LETTERS, token);
}

bool local_node_named(const char *name)
{
    return str_starts(str_from(name), ID_PREFIX) && strlen(name) < NODE_ID_MAX;
}

void local_node_print(const struct local_node *node, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "node", node->id);
    json_str(&j, "pool", node->pool);
    json_str(&j, "offer", node->offer);
    json_str(&j, "token", node->token);
    json_str(&j, "controller", node->controller);
    json_int(&j, "slots", node->slots);
    json_int(&j, "created_wall_ms", node->created_wall_ns / NS_PER_MS);
    json_int(&j, "created_boot_ms", node->created_boot_ns / NS_PER_MS);
    json_close(&j, '}');
    buf_add_char(out, '\n');
}

struct text_field {
    const char *key;
    char *to;
    size_t size;
};

static int read_text(const cJSON *root, const struct text_field *field, struct error *err)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(root, field->key);
    if (!cJSON_IsString(value))
        return error_set(err, MUSTER_E_INVALID, "'%s' is missing or no text", field->key);
    if (!str_copy_c(field->to, field->size, value->valuestring))
        return error_set(err, MUSTER_E_INVALID, "'%s' is too long", field->key);
    return 0;
}

struct number_field {
    const char *key;
    int64_t *to;
    double max;
    int64_t unit;
};

static int read_number(const cJSON *root, const struct number_field *field, struct error *err)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(root, field->key);
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 0) || value->valuedouble > field->max)
        return error_set(err, MUSTER_E_INVALID, "'%s' is missing or out of range", field->key);
    *field->to = (int64_t)value->valuedouble * field->unit;
    return 0;
}

#define SLOTS_MAX 1e6
#define MS_MAX    9e12 /* the year 2255; times a million still an int64_t */

static int read_fields(const cJSON *root, struct local_node *node, struct error *err)
{
    const struct text_field texts[] = {
        { "node", node->id, sizeof(node->id) },
        { "pool", node->pool, sizeof(node->pool) },
        { "offer", node->offer, sizeof(node->offer) },
        { "token", node->token, sizeof(node->token) },
        { "controller", node->controller, sizeof(node->controller) },
    };
    const struct number_field numbers[] = {
        { "slots", &node->slots, SLOTS_MAX, 1 },
        { "created_wall_ms", &node->created_wall_ns, MS_MAX, NS_PER_MS },
        { "created_boot_ms", &node->created_boot_ns, MS_MAX, NS_PER_MS },
    };
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(texts) / sizeof(texts[0]); i++)
        rc = read_text(root, &texts[i], err);
    for (size_t i = 0; rc == 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++)
        rc = read_number(root, &numbers[i], err);
    return rc;
}

int local_node_parse(struct str text, struct local_node *ret, struct error *err)
{
    cJSON *root = NULL;
    struct local_node node = { 0 };
    int rc = json_parse(text, &root, err);
    if (rc == 0)
        rc = read_fields(root, &node, err);
    cJSON_Delete(root);
    if (rc == 0)
        *ret = node;
    return rc;
}

int local_node_read(const char *dir, struct local_node *ret, struct error *err)
{
    char path[NODE_DIR_MAX];
    struct buf text = { 0 };
    int rc = file_join(path, sizeof(path), dir, "meta.json", err);
    if (rc == 0)
        rc = file_read(path, META_BYTES_MAX, &text, err);
    if (rc == 0) {
        rc = local_node_parse(buf_str(&text), ret, err);
        if (rc < 0)
            error_wrap(err, "%s", path);
    }
    buf_release(&text);
    return rc;
}
