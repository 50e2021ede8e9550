#include "store/history.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/db.h"
#include "store/problem.h"
#include "store/read.h"

#define FLUSH_BYTES ((size_t)64 << 10)

/* ---- one query ---------------------------------------------------------------------------------- */

struct query {
    const char *path;
    sqlite3 *handle;
    sqlite3_stmt *stmt;
};

static int failed(const struct query *q, int rc, struct error *err)
{
    return problem_text(q->path, rc, sqlite3_system_errno(q->handle), "read the history",
                        sqlite3_errmsg(q->handle), err);
}

static int query_begin(struct query *q, const char *path, const char *sql, const char *pool,
                       int64_t since_wall_ns, struct error *err)
{
    *q = (struct query){ .path = path };
    if (access(path, F_OK) < 0)
        return error_set(err, MUSTER_E_NOTFOUND, "%s does not exist", path);
    int rc = db_reader(path, &q->handle, err);
    if (rc < 0)
        return rc;
    rc = sqlite3_prepare_v2(q->handle, sql, -1, &q->stmt, NULL);
    if (rc != SQLITE_OK)
        return failed(q, rc, err);
    if (pool) {
        db_bind_text(q->stmt, 1, pool);
        sqlite3_bind_int64(q->stmt, 2, since_wall_ns);
    }
    return 0;
}

/* 1: there is a row; 0: no more. */
static int query_row(struct query *q, struct error *err)
{
    int rc = sqlite3_step(q->stmt);
    return rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : failed(q, rc, err);
}

static void query_end(struct query *q)
{
    sqlite3_finalize(q->stmt);
    sqlite3_close(q->handle);
}

int history_pools(const char *path, struct buf *out, size_t *ret_count, struct error *err)
{
    struct query q;
    size_t count = 0;
    int rc = query_begin(&q, path, "SELECT DISTINCT pool FROM samples ORDER BY pool", NULL, 0, err);
    while (rc == 0 && (rc = query_row(&q, err)) > 0) {
        if (count < HISTORY_POOLS_MAX)
            buf_addf(out, "%s%s", count > 0 ? ", " : "", sqlite3_column_text(q.stmt, 0));
        count++;
        rc = 0;
    }
    query_end(&q);
    if (rc == 0)
        *ret_count = count;
    return rc;
}

/* ---- samples ------------------------------------------------------------------------------------ */

static double column(struct query *q, int at, bool *ret_has)
{
    *ret_has = sqlite3_column_type(q->stmt, at) != SQLITE_NULL;
    return *ret_has ? sqlite3_column_double(q->stmt, at) : (double)NAN;
}

int history_samples(const char *path, const char *pool, int64_t since_wall_ns,
                    history_sample_cb *each, void *ctx, struct error *err)
{
    struct query q;
    int rc = query_begin(&q, path,
                         "SELECT wall_ns, waiting, running, oldest_s, completed FROM samples"
                         " WHERE pool = ?1 AND wall_ns >= ?2 ORDER BY wall_ns",
                         pool, since_wall_ns, err);
    while (rc == 0 && (rc = query_row(&q, err)) > 0) {
        bool has_waiting;
        struct sample sample = { .waiting = column(&q, 1, &has_waiting) };
        sample.running = column(&q, 2, &sample.has_running);
        sample.oldest_s = column(&q, 3, &sample.has_oldest);
        sample.completed = column(&q, 4, &sample.has_completed);
        rc = has_waiting ? each(ctx, sqlite3_column_int64(q.stmt, 0), &sample) : 0;
    }
    query_end(&q);
    return rc;
}

/* ---- written ------------------------------------------------------------------------------------ */

struct output {
    int fd;
    struct buf text;
    bool has_running, has_oldest, has_completed;
    size_t rows;
    struct error *err;
};

static int flush(struct output *o)
{
    struct str rest = buf_str(&o->text);
    if (buf_failed(&o->text))
        return error_nomem(o->err);
    while (rest.len > 0) {
        ssize_t n = write(o->fd, rest.ptr, rest.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(o->err, errno, "write the history");
        rest.ptr += n;
        rest.len -= (size_t)n;
    }
    buf_clear(&o->text);
    return 0;
}

static int look_at_columns(void *ctx, int64_t wall_ns, const struct sample *sample)
{
    struct output *o = ctx;
    (void)wall_ns;
    o->has_running |= sample->has_running;
    o->has_oldest |= sample->has_oldest;
    o->has_completed |= sample->has_completed;
    o->rows++;
    return 0;
}

static void add_cell(struct buf *out, bool column, bool has, double value)
{
    if (column)
        buf_addf(out, has ? ",%.15g" : ",", value);
}

/* With milliseconds: several samples may be of one second. */
static void add_time(struct buf *out, int64_t wall_ns)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_wall(wall_ns, text);
    text[strcspn(text, "Z")] = '\0';
    buf_addf(out, "%s.%03dZ", text, (int)(wall_ns % NS_PER_S / NS_PER_MS));
}

static int write_sample(void *ctx, int64_t wall_ns, const struct sample *sample)
{
    struct output *o = ctx;
    add_time(&o->text, wall_ns);
    add_cell(&o->text, true, true, sample->waiting);
    add_cell(&o->text, o->has_running, sample->has_running, sample->running);
    add_cell(&o->text, o->has_oldest, sample->has_oldest, sample->oldest_s);
    add_cell(&o->text, o->has_completed, sample->has_completed, sample->completed);
    buf_add_char(&o->text, '\n');
    return o->text.len >= FLUSH_BYTES ? flush(o) : 0;
}

static int nothing(const char *path, const char *pool, struct error *err)
{
    struct buf pools = { 0 };
    size_t count = 0;
    if (history_pools(path, &pools, &count, NULL) < 0 || count == 0)
        error_set(err, MUSTER_E_NOTFOUND, "%s: nothing is recorded", path);
    else
        error_set(err, MUSTER_E_NOTFOUND,
                  "%s: nothing is recorded of pool %s in that time; there is something of %s", path,
                  pool, buf_text(&pools));
    buf_release(&pools);
    return MUSTER_E_NOTFOUND;
}

int history_write_samples(const char *path, const char *pool, int64_t since_wall_ns, int fd,
                          struct error *err)
{
    struct output o = { .fd = fd, .err = err };
    int rc = history_samples(path, pool, since_wall_ns, look_at_columns, &o, err);
    if (rc == 0 && o.rows == 0)
        rc = nothing(path, pool, err);
    if (rc == 0) {
        buf_addf(&o.text, "time,waiting%s%s%s\n", o.has_running ? ",running" : "",
                 o.has_oldest ? ",oldest_s" : "", o.has_completed ? ",completed" : "");
        rc = history_samples(path, pool, since_wall_ns, write_sample, &o, err);
    }
    if (rc == 0)
        rc = flush(&o);
    buf_release(&o.text);
    return rc;
}

int history_write_decisions(const char *path, const char *pool, int64_t since_wall_ns, int fd,
                            struct error *err)
{
    struct query q;
    struct output o = { .fd = fd, .err = err };
    int rc = query_begin(&q, path, READ_DECISIONS " AND wall_ns >= ?2 ORDER BY wall_ns, id", pool,
                         since_wall_ns, err);
    while (rc == 0 && (rc = query_row(&q, err)) > 0) {
        read_put_decision(&o.text, pool, q.stmt);
        buf_add_char(&o.text, '\n');
        o.rows++;
        rc = o.text.len >= FLUSH_BYTES ? flush(&o) : 0;
    }
    query_end(&q);
    if (rc == 0 && o.rows == 0)
        rc = nothing(path, pool, err);
    if (rc == 0)
        rc = flush(&o);
    buf_release(&o.text);
    return rc;
}
