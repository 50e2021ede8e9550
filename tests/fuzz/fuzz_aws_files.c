/*
 * What AWS parts read that they did not write: ~/.aws files, STS answers, error bodies, commands and
 * times. The first byte says which.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/aws_container.h"
#include "auth/aws_error.h"
#include "auth/aws_ini.h"
#include "auth/aws_process.h"
#include "auth/aws_sts.h"
#include "auth/sigv4_canonical.h"
#include "base/timestamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ini(struct str text)
{
    struct buf copy = { 0 };
    struct aws_ini parsed = { 0 };
    buf_add_str(&copy, text);
    if (aws_ini_parse(&copy, &parsed, NULL) == 0) {
        for (size_t i = 0; i < parsed.entries.len; i++) {
            const struct aws_ini_entry *e = &parsed.entries.at[i];
            assert(e->value.len == 0 ||
                   e->value.ptr + e->value.len <= parsed.text.ptr + parsed.text.len);
        }
        (void)aws_ini_get(&parsed, "default", "role_arn");
    }
    aws_ini_release(&parsed);
}

static void canonical(struct str text)
{
    struct buf out = { 0 };
    struct buf again = { 0 };
    if (sigv4_canonical_query(text, &out, NULL) == 0) {
        /* What is canonical already stays as it is. */
        int rc = sigv4_canonical_query(buf_str(&out), &again, NULL);
        assert(rc == 0 && str_eq(buf_str(&out), buf_str(&again)));
    }
    buf_clear(&out);
    (void)sigv4_canonical_path(text, false, &out, NULL);
    assert(out.len > 0 && out.ptr[0] == '/');
    buf_release(&out);
    buf_release(&again);
}

static void documents(struct str text)
{
    struct aws_credentials found = { 0 };
    struct aws_fault fault;
    (void)aws_sts_read(text, &found, NULL);
    aws_credentials_release(&found);
    (void)aws_credentials_parse(text, "test", &found, NULL);
    aws_credentials_release(&found);
    aws_fault_from_xml(text, &fault);
    aws_fault_from_body(text, &fault);
    assert(memchr(fault.message, '\n', strlen(fault.message)) == NULL);
}

static void words(struct str text)
{
    char *line = str_dup(text);
    int64_t wall_ns;
    if (!line)
        return;
    free(aws_process_split(line));
    (void)aws_container_url_allowed(line);
    (void)timestamp_parse(text, &wall_ns, NULL);
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str text = { (const char *)data + 1, size - 1 };
    switch (data[0]) {
    case 'i':
        ini(text);
        break;
    case 'q':
        canonical(text);
        break;
    case 'w':
        words(text);
        break;
    default:
        documents(text);
    }
    return 0;
}
