#include "config/policy_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "config/policy_sections.h"
#include "config/reader.h"
#include "config/yaml.h"

/* One file being read. */
struct job {
    struct reader reader;
    const struct config_kinds *kinds;
    const struct yaml_node *root; /* a map, or NULL when the file is empty */
    struct pool_spec *spec;
};

/* ---- the pool's name ---- */

static bool is_pool_name(struct str name)
{
    if (name.len == 0 || name.len >= POOL_NAME_MAX || name.ptr[0] < 'a' || name.ptr[0] > 'z')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

/* "dir/render.yaml" gives "render". */
static struct str base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash ? slash + 1 : path;
    const char *dot = strrchr(start, '.');
    return (struct str){ start, dot && dot > start ? (size_t)(dot - start) : strlen(start) };
}

static void read_name(struct job *job, const char *path)
{
    const struct yaml_node *node = yaml_get(job->root, "pool");
    struct str name =
        node && node->kind == YAML_SCALAR ? (struct str){ node->text, node->len } : base_name(path);
    if (node && node->kind != YAML_SCALAR)
        reader_error(&job->reader, node, "pool: a name belongs here");
    else if (!is_pool_name(name) && node)
        reader_error(
            &job->reader, node,
            "pool: '%.*s' is no pool name: small letters, digits and '-', beginning with a "
            "letter, at most %d characters",
            (int)name.len, name.ptr, POOL_NAME_MAX - 1);
    else if (!is_pool_name(name))
        reader_error(
            &job->reader, NULL,
            "pool is missing, and the file's name '%.*s' is no pool name: write pool: name",
            (int)name.len, name.ptr);
    else
        str_copy(job->spec->name, sizeof(job->spec->name), name);
}

/* ---- queue: one source beside the rows ---- */

/* The index of the policy, source or provider of this name; SIZE_MAX: there is none. */
static size_t find_kind(const struct job *job, enum config_kind kind, const char *name)
{
    const struct option_set *set;
    for (size_t i = 0; (set = config_kinds_at(job->kinds, kind, i)); i++) {
        if (strcmp(set->name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static struct reader_words kind_words(const struct job *job, enum config_kind kind)
{
    struct reader_words words = { 0 };
    const struct option_set *set;
    for (size_t i = 0; (set = config_kinds_at(job->kinds, kind, i)); i++)
        reader_word(&words, set->name);
    return words;
}

/* The source that the map names; NULL: none. */
static const struct yaml_node *read_source(struct job *job, const struct yaml_node *map)
{
    const struct yaml_node *first = NULL;
    for (size_t i = 0; map && map->kind == YAML_MAP && i < map->keys.len; i++) {
        const struct yaml_node *name = map->keys.at[i];
        size_t found = find_kind(job, CONFIG_QUEUE, name->text);
        if (found == SIZE_MAX)
            continue;
        if (first) {
            reader_error(&job->reader, name,
                         "queue.%s: exactly one source; '%s' is already there, on line %d",
                         name->text, first->text, first->line);
            continue;
        }
        first = name;
        const struct option_set *set = config_kinds_at(job->kinds, CONFIG_QUEUE, found);
        if (reader_set(&job->reader, set, "queue", name, map->items.at[i],
                       &job->spec->queue.options))
            job->spec->queue.set = set;
    }
    return first;
}

static void read_queue(struct job *job, const struct section *section, const struct yaml_node *key,
                       const struct yaml_node *node)
{
    struct reader_words sources = kind_words(job, CONFIG_QUEUE);
    size_t errors_before = job->reader.problems->errors;
    reader_section(&job->reader, section, "", key, node, job->spec, &sources);
    /* A source whose name is misspelt has been told as such. */
    if (read_source(job, node) || job->reader.problems->errors > errors_before)
        return;
    char names[256];
    reader_join(&sources, names, sizeof(names));
    reader_error(&job->reader, key, "queue: no source: say where work waits, one of %s", names);
}

/* ---- lists: scale and buy.offers ---- */

/* The list's items; told when there is none. */
static bool want_list(struct job *job, const char *path, const char *what,
                      const struct yaml_node *key, const struct yaml_node *node)
{
    if (node && node->kind == YAML_LIST && node->items.len > 0)
        return true;
    if (!node || yaml_is_empty(node) || node->kind == YAML_LIST)
        reader_error(&job->reader, node && node->line > 0 ? node : key,
                     "%s: at least one %s is needed", path, what);
    else
        reader_error(&job->reader, node, "%s: a list belongs here: put '- ' before each %s", path,
                     what);
    return false;
}

static void push_policy(struct job *job, size_t index, void *take_options, int line)
{
    const struct policy *policy = job->kinds->policies[index];
    struct scale_entry entry = { .policy = policy, .options = take_options, .line = line };
    if (vec_push(&job->spec->scale, entry))
        return;
    option_set_release(&policy->options, take_options);
    free(take_options);
    job->reader.nomem = true;
}

static void push_provider(struct job *job, size_t index, void *take_options)
{
    struct option_choice choice = { job->kinds->providers[index], take_options };
    if (vec_push(&job->spec->offer_entries, choice))
        return;
    option_choice_release(&choice);
    job->reader.nomem = true;
}

static void read_list_entry(struct job *job, const char *path, const char *what,
                            enum config_kind kind, const struct yaml_node *item)
{
    const struct yaml_node *key;
    const struct yaml_node *value;
    void *options = NULL;
    if (!reader_entry(&job->reader, path, item, what, &key, &value))
        return;
    size_t found = find_kind(job, kind, key->text);
    if (found == SIZE_MAX) {
        struct reader_words words = kind_words(job, kind);
        reader_unknown(&job->reader, key, path, what, &words);
        return;
    }
    if (!reader_set(&job->reader, config_kinds_at(job->kinds, kind, found), path, key, value,
                    &options))
        return;
    if (kind == CONFIG_POLICY)
        push_policy(job, found, options, key->line);
    else
        push_provider(job, found, options);
}

static void read_entries(struct job *job, const char *path, enum config_kind kind,
                         const struct yaml_node *key, const struct yaml_node *node)
{
    const char *what = kind == CONFIG_POLICY ? "policy" : "provider";
    if (!want_list(job, path, what, key, node))
        return;
    for (size_t i = 0; i < node->items.len && !job->reader.nomem; i++)
        read_list_entry(job, path, what, kind, node->items.at[i]);
}

static void read_buy(struct job *job, const struct section *section, const struct yaml_node *key,
                     const struct yaml_node *node)
{
    struct reader_words others = { .at = { "offers" }, .len = 1 };
    const struct yaml_node *offers = yaml_get(node, "offers");
    const struct yaml_node *offers_key = yaml_get_key(node, "offers");
    reader_section(&job->reader, section, "", key, node, job->spec, &others);
    if (node && node->kind != YAML_MAP && !yaml_is_empty(node))
        return;
    read_entries(job, "buy.offers", CONFIG_PROVIDER, offers_key ? offers_key : key, offers);
}

/* ---- the whole file ---- */

/* The section whose setting the key is: people forget to indent, or to name the section. */
static const struct section *section_having(const char *key)
{
    for (const struct section *s = policy_sections; s->key; s++) {
        for (const struct option *row = s->rows; row && row->key; row++) {
            if (strcmp(row->key, key) == 0)
                return s;
        }
    }
    return NULL;
}

static void refuse_section(struct job *job, const struct yaml_node *key,
                           const struct reader_words *words)
{
    const struct section *having = section_having(key->text);
    if (having)
        reader_error(&job->reader, key, "%s: no such section; it is a setting of '%s'", key->text,
                     having->key);
    else
        reader_unknown(&job->reader, key, "", "section", words);
}

static void refuse_unknown_sections(struct job *job)
{
    struct reader_words words = { 0 };
    for (const struct section *s = policy_sections; s->key; s++)
        reader_word(&words, s->key);
    for (size_t i = 0; job->root && i < job->root->keys.len; i++) {
        const struct yaml_node *key = job->root->keys.at[i];
        bool known = false;
        for (size_t w = 0; w < words.len; w++)
            known = known || strcmp(words.at[w], key->text) == 0;
        if (!known)
            refuse_section(job, key, &words);
    }
}

static void read_section(struct job *job, const struct section *section, const char *path)
{
    const struct yaml_node *key = yaml_get_key(job->root, section->key);
    const struct yaml_node *node = yaml_get(job->root, section->key);
    switch ((enum policy_special)section->special) {
    case POLICY_PLAIN:
        reader_section(&job->reader, section, "", key, node, job->spec, NULL);
        break;
    case POLICY_NAME:
        read_name(job, path);
        break;
    case POLICY_QUEUE:
        read_queue(job, section, key, node);
        break;
    case POLICY_SCALE:
        read_entries(job, "scale", CONFIG_POLICY, key, node);
        break;
    case POLICY_BUY:
        read_buy(job, section, key, node);
        break;
    }
}

/* What no single setting can tell. */
static void check_together(struct job *job)
{
    struct pool_spec *spec = job->spec;
    const struct yaml_node *slots = yaml_get(job->root, "slots");
    const struct yaml_node *min = yaml_get(slots, "min");
    if (spec->slots_min > spec->slots_max && yaml_get(slots, "max"))
        reader_error(&job->reader, min ? min : slots,
                     "slots.min: %lld is more than slots.max, %lld", (long long)spec->slots_min,
                     (long long)spec->slots_max);
    if (spec->nodes_max == 0)
        spec->nodes_max = spec->slots_max > 0 ? spec->slots_max : 1;
}

static void read_sections(struct job *job, const char *path)
{
    for (const struct section *s = policy_sections; s->key; s++) {
        reader_defaults(&job->reader, s->rows, job->spec);
        for (const struct section *in = s->inside; in && in->key; in++)
            reader_defaults(&job->reader, in->rows, job->spec);
    }
    refuse_unknown_sections(job);
    for (const struct section *s = policy_sections; s->key && !job->reader.nomem; s++)
        read_section(job, s, path);
    check_together(job);
}

static int read_tree(struct job *job, const char *path, struct error *err)
{
    const struct yaml_node *root = job->root;
    if (root && root->kind != YAML_MAP) {
        reader_error(&job->reader, root,
                     "a policy file is made of sections, like queue: and slots:");
        return 0;
    }
    job->spec = pool_spec_new("");
    char *file = str_dup(str_from(path));
    if (!job->spec || !file) {
        free(file);
        return error_nomem(err);
    }
    free(job->spec->file);
    job->spec->file = file;
    read_sections(job, path);
    return 0;
}

int policy_file_parse(struct str text, const char *path, const struct config_kinds *kinds,
                      struct pool_spec **ret, struct problems *problems, struct error *err)
{
    struct yaml_node *root = NULL;
    size_t errors_before = problems->errors;
    if (!problems_name(problems, path, text))
        return error_nomem(err);
    int rc = yaml_parse(text, &root, problems, err);
    struct job job = { .reader = { .problems = problems }, .kinds = kinds, .root = root };
    if (rc == 0)
        rc = read_tree(&job, path, err);
    yaml_free(root);
    if (rc == 0 && (job.reader.nomem || problems->nomem))
        rc = error_nomem(err);
    if (rc == 0 && problems->errors > errors_before)
        rc = error_set(err, MUSTER_E_INVALID, "%s: %zu %s", path, problems->errors - errors_before,
                       problems->errors - errors_before == 1 ? "error" : "errors");
    if (rc == 0)
        *ret = job.spec;
    else
        pool_spec_free(job.spec);
    return rc;
}

int policy_file_read(const char *path, const struct config_kinds *kinds, struct pool_spec **ret,
                     struct problems *problems, struct error *err)
{
    struct buf text = { 0 };
    int rc = file_read(path, YAML_BYTES_MAX, &text, err);
    if (rc == 0)
        rc = policy_file_parse(buf_str(&text), path, kinds, ret, problems, err);
    buf_release(&text);
    return rc;
}
