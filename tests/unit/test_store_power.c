/*
 * The power goes at a random write or sync. A layer between SQLite and the files remembers what has
 * been synced; at the cut, every write since is lost, kept or torn, each by chance, as a disk with a
 * cache does it. What was acknowledged must be there all the same, and the file in order.
 *
 * (The kill -9 test cannot show this: what a killed process wrote is still in the kernel's cache.)
 */
#include <errno.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "store_life.h"

#define ROUNDS     60
#define SECTOR     512
#define FILES_MAX  8
#define WRITES_MAX 4096
#define UNTIL_CUT  400

struct unsynced {
    sqlite3_int64 at; /* of a truncation: the new size */
    int len;          /* -1: a truncation */
    char *bytes;
};

/* One file as the disk knows it, and what is on its way. */
struct disk_file {
    char name[256];
    char *synced;
    size_t synced_len;
    struct unsynced writes[WRITES_MAX];
    size_t writes_len;
};

static struct {
    struct disk_file files[FILES_MAX];
    size_t files_len;
    long left; /* writes and syncs until the power goes */
    struct rng rng;
    sqlite3_vfs *real;
} disk;

struct shim {
    sqlite3_file base;
    struct disk_file *file; /* NULL: nothing of it must survive */
    sqlite3_file *real;
};

static char *read_whole(const char *name, size_t *ret_len)
{
    FILE *in = fopen(name, "rb");
    char *bytes = calloc(1, 4 << 20);
    *ret_len = in && bytes ? fread(bytes, 1, 4 << 20, in) : 0;
    if (in)
        fclose(in);
    return bytes;
}

static void synced(struct disk_file *file)
{
    for (size_t i = 0; i < file->writes_len; i++)
        free(file->writes[i].bytes);
    file->writes_len = 0;
    free(file->synced);
    file->synced = read_whole(file->name, &file->synced_len);
}

static void apply(char *bytes, size_t *len, const struct unsynced *w)
{
    size_t at = (size_t)w->at;
    if (w->len < 0) {
        *len = at;
        return;
    }
    for (size_t done = 0; done < (size_t)w->len; done += SECTOR) {
        size_t n = (size_t)w->len - done < SECTOR ? (size_t)w->len - done : SECTOR;
        if (rng_chance(&disk.rng, 0.1)) /* torn */
            continue;
        memcpy(bytes + at + done, w->bytes + done, n);
        if (at + done + n > *len)
            *len = at + done + n;
    }
}

static void cut_power(void)
{
    double kept = rng_chance(&disk.rng, 0.3) ? 0 : rng_unit(&disk.rng);
    for (size_t i = 0; i < disk.files_len; i++) {
        struct disk_file *file = &disk.files[i];
        size_t len = file->synced_len;
        for (size_t k = 0; k < file->writes_len; k++) {
            if (rng_chance(&disk.rng, kept))
                apply(file->synced, &len, &file->writes[k]);
        }
        FILE *out = fopen(file->name, "wb");
        if (!out || fwrite(file->synced, 1, len, out) != len || fclose(out) != 0)
            _exit(5);
    }
    _exit(0);
}

static void tick(void)
{
    if (--disk.left < 0)
        cut_power();
}

static void remember(struct disk_file *file, sqlite3_int64 at, const void *bytes, int len)
{
    if (!file)
        return;
    if (file->writes_len == WRITES_MAX)
        _exit(6);
    struct unsynced *w = &file->writes[file->writes_len++];
    *w = (struct unsynced){ .at = at, .len = len };
    if (len > 0) {
        w->bytes = malloc((size_t)len);
        if (!w->bytes)
            _exit(6);
        memcpy(w->bytes, bytes, (size_t)len);
    }
    tick();
}

/* ---- the layer: all but writing goes straight through -------------------------------------- */

#define REAL(f)              (((struct shim *)(f))->real)
#define CALL(f, method, ...) (REAL(f)->pMethods->method(REAL(f), ##__VA_ARGS__))

static int shim_close(sqlite3_file *f)
{
    return CALL(f, xClose);
}

static int shim_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return CALL(f, xRead, to, len, at);
}

static int shim_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    remember(((struct shim *)f)->file, at, from, len);
    return CALL(f, xWrite, from, len, at);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    remember(((struct shim *)f)->file, size, NULL, -1);
    return CALL(f, xTruncate, size);
}

static int shim_sync(sqlite3_file *f, int flags)
{
    struct disk_file *file = ((struct shim *)f)->file;
    (void)flags;
    if (!file)
        return SQLITE_OK;
    tick();
    synced(file);
    tick();
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    return CALL(f, xFileSize, ret);
}

static int shim_lock(sqlite3_file *f, int level)
{
    return CALL(f, xLock, level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
    return CALL(f, xUnlock, level);
}

static int shim_reserved(sqlite3_file *f, int *ret)
{
    return CALL(f, xCheckReservedLock, ret);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return CALL(f, xFileControl, op, arg);
}

static int shim_sector(sqlite3_file *f)
{
    (void)f;
    return SECTOR;
}

/* No promise of the disk is relied on: SQLite must order its writes by syncs alone. */
static int shim_character(sqlite3_file *f)
{
    (void)f;
    return 0;
}

static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    return CALL(f, xShmMap, page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return CALL(f, xShmLock, offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
    CALL(f, xShmBarrier);
}

static int shim_shm_unmap(sqlite3_file *f, int remove)
{
    return CALL(f, xShmUnmap, remove);
}

static const sqlite3_io_methods shim_methods = {
    2,
    shim_close,
    shim_read,
    shim_write,
    shim_truncate,
    shim_sync,
    shim_size,
    shim_lock,
    shim_unlock,
    shim_reserved,
    shim_control,
    shim_sector,
    shim_character,
    shim_shm_map,
    shim_shm_lock,
    shim_shm_barrier,
    shim_shm_unmap,
    NULL,
    NULL,
};

static struct disk_file *find_file(const char *name)
{
    for (size_t i = 0; i < disk.files_len; i++) {
        if (strcmp(disk.files[i].name, name) == 0)
            return &disk.files[i];
    }
    if (disk.files_len == FILES_MAX)
        _exit(6);
    struct disk_file *file = &disk.files[disk.files_len++];
    snprintf(file->name, sizeof(file->name), "%s", name);
    synced(file);
    return file;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    struct shim *shim = (struct shim *)f;
    (void)vfs;
    *shim = (struct shim){ .real = (sqlite3_file *)(shim + 1) };
    int rc = disk.real->xOpen(disk.real, name, shim->real, flags, out);
    if (rc != SQLITE_OK)
        return rc;
    if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)))
        shim->file = find_file(name);
    shim->base.pMethods = &shim_methods;
    return SQLITE_OK;
}

/* A name that is gone is gone at once: a journal that came back would be rolled back harmlessly. */
static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    for (size_t i = 0; i < disk.files_len; i++) {
        if (strcmp(disk.files[i].name, name) == 0)
            disk.files[i] = disk.files[--disk.files_len];
    }
    return disk.real->xDelete(disk.real, name, sync_folder);
}

static void insert_layer(uint64_t seed)
{
    static sqlite3_vfs layer;
    rng_init(&disk.rng, seed);
    disk.left = (long)rng_below(&disk.rng, UNTIL_CUT);
    disk.real = sqlite3_vfs_find(NULL);
    layer = *disk.real;
    layer.zName = "power";
    layer.szOsFile = (int)sizeof(struct shim) + disk.real->szOsFile;
    layer.xOpen = shim_open;
    layer.xDelete = shim_delete;
    sqlite3_vfs_register(&layer, 1);
}

static void power_cut_at_random_writes(void **state)
{
    struct bench b;
    int total = 0;
    (void)state;
    bench_init(&b);
    uint64_t highest = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2], count, status;
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0) {
            insert_layer((uint64_t)round);
            life_live(&b, fds[1]);
        }
        close(fds[1]);
        uint64_t heard = life_heard(fds[0], &count);
        close(fds[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
            fail_msg("round %d: the child ended with %x", round, (unsigned)status);
        highest = heard > highest ? heard : highest;
        total += count;
        life_check(&b, highest, round);
    }
    print_message("%d intents acknowledged in %d lives\n", total, ROUNDS);
    assert_true(total > ROUNDS);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_at_random_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
