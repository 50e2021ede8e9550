#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <libfyaml.h>

#include "config/yaml_text.h"

/* A document being read: libfyaml's events on one side, our tree on the other. */
struct loader {
    struct fy_parser *parser;
    struct problems *problems;
    struct fy_event *event; /* the current one */
    struct yaml_node last;  /* the place of the last event that had one */
    size_t errors_before;
    size_t nodes;
    bool nomem;
};

/* ---- places ---- */

static void place_node(struct yaml_node *node, const struct fy_mark *start,
                       const struct fy_mark *end)
{
    node->line = start ? start->line + 1 : 0;
    node->column = start ? start->column + 1 : 0;
    node->width = 1;
    if (start && end && end->line == start->line && end->column > start->column)
        node->width = end->column - start->column;
}

/* The marks of quoted scalars leave the quotes out; people see them as part of the value. */
static void place_quoted(struct yaml_node *node)
{
    if (node->column > 1) {
        node->column--;
        node->width += 2;
    }
}

static void complain(struct loader *l, const struct yaml_node *at, const char *text)
{
    problems_add(l->problems, SEVERITY_ERROR, at->line, at->column, at->width, "%s", text);
}

/* ---- events ---- */

static bool next_event(struct loader *l)
{
    if (l->event)
        fy_parser_event_free(l->parser, l->event);
    l->event = fy_parser_parse(l->parser);
    if (l->event && fy_event_start_mark(l->event))
        place_node(&l->last, fy_event_start_mark(l->event), fy_event_end_mark(l->event));
    return l->event != NULL;
}

static struct yaml_node *node_new(struct loader *l, enum yaml_kind kind)
{
    struct yaml_node *node = calloc(1, sizeof(*node));
    if (!node) {
        l->nomem = true;
        return NULL;
    }
    node->kind = kind;
    place_node(node, fy_event_start_mark(l->event), fy_event_end_mark(l->event));
    return node;
}

static bool set_text(struct loader *l, struct yaml_node *node, const char *text, size_t len)
{
    node->text = str_dup((struct str){ text, len });
    node->len = len;
    l->nomem = l->nomem || !node->text;
    return node->text != NULL;
}

static void refuse_extras(struct loader *l, const struct yaml_node *node, struct fy_token *anchor,
                          struct fy_token *tag)
{
    if (anchor)
        complain(l, node, "anchors (&name) are not taken here: write each value where it is used");
    if (tag)
        complain(l, node, "tags (!name) are not taken here: write the value alone");
}

static struct yaml_node *load_scalar(struct loader *l)
{
    struct fy_token *value = l->event->scalar.value;
    struct yaml_node *node = node_new(l, YAML_SCALAR);
    size_t len = 0;
    const char *text = value ? fy_token_get_text(value, &len) : "";
    enum fy_scalar_style style = value ? fy_scalar_token_get_style(value) : FYSS_PLAIN;
    if (!node)
        return NULL;
    if (!set_text(l, node, text ? text : "", text ? len : 0)) {
        yaml_free(node);
        return NULL;
    }
    node->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
    if (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED)
        place_quoted(node);
    refuse_extras(l, node, l->event->scalar.anchor, l->event->scalar.tag);
    return node;
}

static struct yaml_node *load_alias(struct loader *l)
{
    struct yaml_node *node = node_new(l, YAML_SCALAR);
    if (!node)
        return NULL;
    if (node->column > 1) { /* the mark leaves the star out */
        node->column--;
        node->width++;
    }
    complain(l, node, "aliases (*name) are not taken here: write the value out");
    if (!set_text(l, node, "", 0)) {
        yaml_free(node);
        return NULL;
    }
    return node;
}

/* ---- the tree ---- */

static struct yaml_node *load_node(struct loader *l, int depth);

static void check_key(struct loader *l, const struct yaml_node *map, const struct yaml_node *key)
{
    if (key->kind != YAML_SCALAR || strlen(key->text) != key->len) {
        complain(l, key, "a key must be a single word");
        return;
    }
    if (!key->quoted && strcmp(key->text, "<<") == 0)
        complain(l, key, "merge keys (<<) are not taken here: write the settings out");
    for (size_t i = 0; i < map->keys.len; i++) {
        const struct yaml_node *other = map->keys.at[i];
        if (other->kind == YAML_SCALAR && other->len == key->len &&
            memcmp(other->text, key->text, key->len) == 0) {
            problems_add(l->problems, SEVERITY_ERROR, key->line, key->column, key->width,
                         "'%s' stands here a second time; the first is on line %d", key->text,
                         other->line);
            return;
        }
    }
}

static bool push(struct loader *l, struct yaml_node *node, struct yaml_node *take_key,
                 struct yaml_node *take_value)
{
    bool ok = take_value && (!take_key || vec_push(&node->keys, take_key));
    if (!ok) {
        yaml_free(take_key);
        yaml_free(take_value);
        l->nomem = l->nomem || take_value;
        return false;
    }
    if (!vec_push(&node->items, take_value)) {
        yaml_free(take_value);
        l->nomem = true;
        return false;
    }
    return true;
}

/* From the event after the opening one to the closing one. */
static bool load_items(struct loader *l, struct yaml_node *node, int depth)
{
    bool map = node->kind == YAML_MAP;
    enum fy_event_type closing = map ? FYET_MAPPING_END : FYET_SEQUENCE_END;
    while (next_event(l) && l->event->type != closing) {
        struct yaml_node *key = map ? load_node(l, depth + 1) : NULL;
        if (map && !key)
            return false;
        if (map)
            check_key(l, node, key);
        if (map && !next_event(l)) {
            yaml_free(key);
            return false;
        }
        struct yaml_node *value = load_node(l, depth + 1);
        /* An absent value has no place of its own: point behind its key. */
        if (value && key && value->line == 0) {
            value->line = key->line;
            value->column = key->column + key->width;
        }
        if (!push(l, node, key, value))
            return false;
    }
    return l->event != NULL;
}

static struct yaml_node *load_collection(struct loader *l, enum yaml_kind kind, int depth)
{
    struct yaml_node *node = node_new(l, kind);
    if (!node)
        return NULL;
    if (kind == YAML_MAP)
        refuse_extras(l, node, l->event->mapping_start.anchor, l->event->mapping_start.tag);
    else
        refuse_extras(l, node, l->event->sequence_start.anchor, l->event->sequence_start.tag);
    if (depth >= YAML_DEPTH_MAX) {
        problems_add(l->problems, SEVERITY_ERROR, node->line, node->column, 1,
                     "more than %d levels deep", YAML_DEPTH_MAX);
        yaml_free(node);
        return NULL;
    }
    if (!load_items(l, node, depth)) {
        yaml_free(node);
        return NULL;
    }
    return node;
}

/* The node that begins with the current event; NULL: no memory, a syntax error or too deep. */
static struct yaml_node *load_node(struct loader *l, int depth)
{
    if (++l->nodes > YAML_NODES_MAX) {
        problems_add(l->problems, SEVERITY_ERROR, 0, 0, 1, "more than %d values", YAML_NODES_MAX);
        return NULL;
    }
    switch ((int)l->event->type) {
    case FYET_SCALAR:
        return load_scalar(l);
    case FYET_ALIAS:
        return load_alias(l);
    case FYET_MAPPING_START:
        return load_collection(l, YAML_MAP, depth);
    case FYET_SEQUENCE_START:
        return load_collection(l, YAML_LIST, depth);
    default:
        return NULL;
    }
}

/* ---- the document ---- */

/* libfyaml's words for what people most often do wrong, said with the remedy. */
static const char *remedy(const char *message)
{
    static const struct {
        const char *says, *remedy;
    } known[] = {
        { "tab character", "indent with spaces" },
        { "multiline plain key", "is a line indented too far, or a ':' missing?" },
        { "cannot start with", "put the text in quotes" },
        { "nested block mapping on the same line", "put a text that contains ': ' in quotes" },
        { "block sequence on the same line", "begin the list on a line of its own" },
        { "escape", "write \\\\ for a backslash, or use single quotes" },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strstr(message, known[i].says))
            return known[i].remedy;
    }
    return NULL;
}

static void report_syntax(struct loader *l, struct fy_diag *diag)
{
    void *prev = NULL;
    struct fy_diag_error *e;
    while ((e = fy_diag_errors_iterate(diag, &prev))) {
        const char *message = e->msg ? e->msg : "not YAML";
        const char *hint = remedy(message);
        problems_add(l->problems, SEVERITY_ERROR, e->line, e->column, 1, "%s%s%s", message,
                     hint ? ": " : "", hint ? hint : "");
    }
}

/* Reads one document and makes sure that there is no second. */
static struct yaml_node *load_document(struct loader *l)
{
    struct yaml_node *root = NULL;
    int documents = 0;
    while (next_event(l)) {
        if (l->event->type == FYET_DOCUMENT_START)
            documents++;
        else if (documents == 1 && !root && l->event->type != FYET_STREAM_END &&
                 l->event->type != FYET_STREAM_START && l->event->type != FYET_DOCUMENT_END) {
            root = load_node(l, 0);
            if (!root)
                break;
        }
        if (documents > 1) {
            struct yaml_node at = { 0 };
            place_node(&at, fy_event_start_mark(l->event), NULL);
            complain(l, &at, "a second document: one file holds one");
            break;
        }
    }
    return root;
}

static int load(struct loader *l, struct fy_diag *diag, struct str text, struct yaml_node **ret,
                struct error *err)
{
    struct yaml_node *root = NULL;
    bool set = fy_parser_set_string(l->parser, text.ptr, text.len) == 0;
    if (set)
        root = load_document(l);
    if (l->event)
        fy_parser_event_free(l->parser, l->event);
    report_syntax(l, diag);
    if (l->nomem || l->problems->nomem || !set) {
        yaml_free(root);
        return error_nomem(err);
    }
    if (l->problems->errors == l->errors_before && fy_parser_get_stream_error(l->parser))
        complain(l, &l->last, "what follows here is not YAML");
    if (l->problems->errors > l->errors_before) {
        yaml_free(root);
        return error_set(err, MUSTER_E_INVALID, "not a valid YAML document");
    }
    *ret = root;
    return 0;
}

/* A few errors come without a place; libfyaml would print those. */
static void say_nothing(struct fy_diag *diag, void *user, const char *text, size_t len)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)len;
}

static struct fy_diag *quiet_diag(void)
{
    struct fy_diag_cfg cfg;
    fy_diag_cfg_default(&cfg);
    cfg.fp = NULL;
    cfg.output_fn = say_nothing;
    struct fy_diag *diag = fy_diag_create(&cfg);
    if (diag)
        fy_diag_set_collect_errors(diag, true);
    return diag;
}

int yaml_parse(struct str text, struct yaml_node **ret, struct problems *problems,
               struct error *err)
{
    if (!yaml_text_check(text, problems))
        return error_set(err, MUSTER_E_INVALID, "not a text file");
    if (text.len == 0) {
        *ret = NULL;
        return 0;
    }
    struct fy_diag *diag = quiet_diag();
    if (!diag)
        return error_nomem(err);
    struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_JSON_NONE, .diag = diag };
    struct loader l = { .problems = problems, .errors_before = problems->errors };
    l.parser = fy_parser_create(&cfg);
    int rc = l.parser ? load(&l, diag, text, ret, err) : error_nomem(err);
    /* Collected errors are freed by this alone, and hold on to the parser's tokens. */
    fy_diag_reset_error(diag);
    if (l.parser)
        fy_parser_destroy(l.parser);
    fy_diag_unref(diag);
    return rc;
}
