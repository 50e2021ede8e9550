/*
 * meta.json of a local node, and lines of /proc/PID/stat: read or refused. A record that was read is
 * the same after it was written and read again (but for bytes that are no UTF-8, which printing mends).
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "providers/local/node_dir.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size };
    struct process process;
    struct local_node node, again;
    process_parse(text, &process, NULL);
    for (size_t i = 0; i < size; i++) {
        if (data[i] >= 0x80)
            return local_node_parse(text, &node, NULL), 0;
    }
    memset(&node, 0, sizeof(node));
    memset(&again, 0, sizeof(again));
    if (local_node_parse(text, &node, NULL) < 0)
        return 0;
    struct buf out = { 0 };
    local_node_print(&node, &out);
    if (buf_failed(&out) || local_node_parse(buf_str(&out), &again, NULL) < 0)
        abort();
    if (memcmp(&node, &again, sizeof(node)) != 0)
        abort();
    buf_release(&out);
    return 0;
}
