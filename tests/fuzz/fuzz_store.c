/*
 * A state file that something has scribbled over. The input is a list of patches (three bytes of place,
 * one byte of value, or a new length) to a good file; what results is opened, recovered from, written
 * to and read. It may be refused; it may not crash, hang, or pass nonsense on as intents.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/read.h"
#include "store/recover.h"
#include "store/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_NS INT64_C(1795348800000000000)

static char path[64];
static unsigned char *good;
static size_t good_len;

static struct entry *make_entry(uint64_t number, enum entry_type type)
{
    struct intent intent = { .number = number, .slots = 4, .count = 1 };
    snprintf(intent.pool, sizeof(intent.pool), "render");
    snprintf(intent.token, sizeof(intent.token), "token-%llu", (unsigned long long)number);
    struct entry *entry = entry_intent(type, &intent, NOW_NS);
    assert(entry);
    return entry;
}

static int write_some(struct db *db, uint64_t first, uint64_t last)
{
    struct entry_queue batch = { 0 };
    struct prune prune = { .retention_ns = 1, .max_bytes = 1 << 20, .now_wall_ns = NOW_NS };
    struct sample sample = { .waiting = 3 };
    struct decision decision = { .number = last, .at_wall_ns = NOW_NS };
    struct error err;
    for (uint64_t n = first; n <= last; n++)
        entry_queue_add(&batch, make_entry(n, ENTRY_INTENT));
    entry_queue_add(&batch, make_entry(first, ENTRY_CLOSE));
    entry_queue_add(&batch, entry_served(last));
    entry_queue_add(&batch, entry_paused("render", true, "alice", NOW_NS));
    entry_queue_add(&batch, entry_sample("render", NOW_NS, &sample));
    entry_queue_add(&batch, entry_decision("render", &decision));
    entry_queue_add(&batch, entry_cost("render", NOW_NS, 1, 1));
    int rc = write_batch(db, &batch, &prune, &err);
    entry_queue_release(&batch);
    return rc;
}

static void remove_file(void)
{
    char name[80];
    snprintf(name, sizeof(name), "%s-wal", path);
    unlink(name);
    snprintf(name, sizeof(name), "%s-shm", path);
    unlink(name);
    unlink(path);
}

static void make_good_file(void)
{
    struct db *db = NULL;
    struct error err;
    /* In memory where there is such a folder: syncs would be most of the time. */
    const char *folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(path, sizeof(path), "%s/muster-fuzz-%d.db", folder, (int)getpid());
    remove_file();
    int rc = db_open(path, &db, &err);
    assert(rc == 0);
    rc = write_some(db, 1, 100);
    assert(rc == 0);
    db_close(db);
    FILE *in = fopen(path, "rb");
    good = malloc(1 << 20);
    assert(in && good);
    good_len = fread(good, 1, 1 << 20, in);
    fclose(in);
    atexit(remove_file);
}

static void write_patched(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(good_len);
    size_t len = good_len;
    assert(bytes);
    memcpy(bytes, good, good_len);
    for (; size >= 4; data += 4, size -= 4) {
        size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) % (good_len + 1);
        if (at == good_len)
            len = good_len * data[3] / 255;
        else
            bytes[at] = data[3];
    }
    remove_file();
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert(fd >= 0 && write(fd, bytes, len) == (ssize_t)len);
    close(fd);
    free(bytes);
}

static void check_recovered(const struct store_recovered *r)
{
    for (size_t i = 0; i < r->open_len; i++) {
        const struct intent *intent = &r->open[i];
        assert(intent->number > 0 && intent->token[0] && intent->count >= 0);
        assert(memchr(intent->pool, 0, sizeof(intent->pool)));
        assert(intent->kind == INTENT_LAUNCH || intent->kind == INTENT_TERMINATE);
    }
    assert(strlen(r->journal) == JOURNAL_ID_MAX - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct db *db = NULL;
    struct store_recovered r = { 0 };
    struct buf out = { 0 };
    struct error err;
    if (!good)
        make_good_file();
    write_patched(data, size);
    if (db_open(path, &db, &err) < 0)
        return 0;
    if (recover_read(db, &r, &err) == 0) {
        check_recovered(&r);
        store_recovered_release(&r);
    }
    if (db->handle)
        read_decision(db->handle, path, "render", NOW_NS, &out, &err);
    buf_release(&out);
    write_some(db, 201, 203);
    db_close(db);
    return 0;
}
