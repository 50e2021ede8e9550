#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>

void yaml_free(struct yaml_node *node)
{
    if (!node)
        return;
    for (size_t i = 0; i < node->keys.len; i++)
        yaml_free(node->keys.at[i]);
    for (size_t i = 0; i < node->items.len; i++)
        yaml_free(node->items.at[i]);
    vec_release(&node->keys);
    vec_release(&node->items);
    free(node->text);
    free(node);
}

/* ---- looking ---- */

static size_t find_key(const struct yaml_node *map, const char *key)
{
    if (map && map->kind == YAML_MAP) {
        for (size_t i = 0; i < map->keys.len; i++) {
            const struct yaml_node *k = map->keys.at[i];
            if (k->kind == YAML_SCALAR && str_eq_c((struct str){ k->text, k->len }, key))
                return i;
        }
    }
    return SIZE_MAX;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
    size_t i = find_key(map, key);
    return i == SIZE_MAX ? NULL : map->items.at[i];
}

const struct yaml_node *yaml_get_key(const struct yaml_node *map, const char *key)
{
    size_t i = find_key(map, key);
    return i == SIZE_MAX ? NULL : map->keys.at[i];
}

bool yaml_is_empty(const struct yaml_node *node)
{
    return node->kind == YAML_SCALAR && !node->quoted &&
           (node->len == 0 || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}
