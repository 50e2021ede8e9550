/*
 * Documents from outside (heartbeats, queue sources, clouds). The first line is a pointer into the
 * document that follows. Whatever is parsed can be walked, pointed into, and its texts written again
 * as JSON that parses.
 */
#include "base/json.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_again(const cJSON *at, struct json_out *j, const char *key)
{
    const char *name = key ? at->string : NULL;
    if (cJSON_IsObject(at) || cJSON_IsArray(at)) {
        bool object = cJSON_IsObject(at);
        json_open(j, name, object ? '{' : '[');
        for (const cJSON *child = at->child; child; child = child->next)
            write_again(child, j, object ? "" : NULL);
        json_close(j, object ? '}' : ']');
    } else if (cJSON_IsNumber(at)) {
        json_num(j, name, at->valuedouble);
    } else if (cJSON_IsBool(at)) {
        json_bool(j, name, cJSON_IsTrue(at));
    } else {
        json_str(j, name, at->valuestring);
    }
}

static void check_document(struct str text, const char *pointer)
{
    cJSON *root = NULL;
    cJSON *again = NULL;
    struct error err;
    if (json_parse(text, &root, &err) < 0) {
        assert(root == NULL);
        return;
    }
    const cJSON *at = json_at(root, pointer);
    assert(at != NULL || pointer[0] != '\0');

    struct buf out = { 0 };
    struct json_out j = json_begin(&out);
    write_again(root, &j, NULL);
    assert(buf_failed(&out) == 0);
    assert(memchr(out.ptr, '<', out.len) == NULL);
    int rc = json_parse(buf_str(&out), &again, &err);
    assert(rc == 0);
    buf_release(&out);
    cJSON_Delete(again);
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t first = line ? (size_t)(line - data) : 0;
    char *pointer = str_dup((struct str){ (const char *)data, first });
    if (!pointer)
        return 0;
    if (line)
        first++;
    check_document((struct str){ (const char *)data + first, size - first }, pointer);
    free(pointer);
    return 0;
}
