#include "base/log.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"

/*
 * A pipe that poll() calls writable takes this much without blocking, and as one piece (pipe(7)). A
 * byte can become six (\u0001): a message of CUT_BYTES always fits.
 */
#define LINE_MAX_BYTES PIPE_BUF
#define CUT_BYTES      512

const char *log_level_word(enum log_level level)
{
    static const char *const words[] = { "debug", "info", "warning", "error" };
    return words[level];
}

static void put_time(struct buf *line, const struct log *log, bool json)
{
    if (!log->clock)
        return;
    char text[CLOCK_TEXT_MAX];
    int64_t wall_ns = log->clock->wall_ns(log->clock->ctx);
    clock_format_wall(wall_ns, text);
    int ms = (int)(wall_ns / NS_PER_MS % 1000);
    buf_addf(line, json ? "\"time\":\"%.19s.%03dZ\"," : "%.19s.%03dZ ", text, ms);
}

static bool plain_word(const char *text)
{
    if (!*text)
        return false;
    for (const char *p = text; *p; p++) {
        if (*p <= ' ' || *p == '"' || *p == '=' || *p == '\\' || *p == 0x7f)
            return false;
    }
    return true;
}

/* The message in a text line: as it is, but for control bytes, which could forge another line. */
static void put_message(struct buf *line, const char *message)
{
    for (const char *p = message; *p; p++) {
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            buf_addf(line, "\\x%02x", (unsigned)(unsigned char)*p);
        else
            buf_add_char(line, *p);
    }
}

static void put_text_line(struct buf *line, enum log_level level, const char *message,
                          const struct log_field *fields)
{
    buf_addf(line, "%-7s ", log_level_word(level));
    put_message(line, message);
    for (const struct log_field *f = fields; f->key; f++) {
        buf_addf(line, " %s=", f->key);
        if (!f->is_text)
            buf_addf(line, "%lld", (long long)f->number);
        else if (f->text && plain_word(f->text))
            buf_add_c(line, f->text);
        else
            json_quote(line, f->text ? f->text : "");
    }
}

static void put_json_line(struct buf *line, enum log_level level, const char *message,
                          const struct log_field *fields)
{
    buf_addf(line, "\"level\":\"%s\",\"message\":", log_level_word(level));
    json_quote(line, message);
    for (const struct log_field *f = fields; f->key; f++) {
        buf_add_char(line, ',');
        json_quote(line, f->key);
        buf_add_char(line, ':');
        if (f->is_text)
            json_quote(line, f->text ? f->text : "");
        else
            buf_addf(line, "%lld", (long long)f->number);
    }
    buf_add_char(line, '}');
}

static void put_line(struct buf *line, const struct log *log, enum log_level level,
                     const char *message, const struct log_field *fields)
{
    bool json = log->format == LOG_JSON;
    if (json)
        buf_add_char(line, '{');
    put_time(line, log, json);
    if (json)
        put_json_line(line, level, message, fields);
    else
        put_text_line(line, level, message, fields);
    buf_add_char(line, '\n');
}

/* Asks first: whoever reads our output may have stopped reading, and a write would wait for them. */
static bool write_now(int fd, const struct buf *line)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLOUT))
        return false;
    return write(fd, line->ptr, line->len) == (ssize_t)line->len;
}

void log_write(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields)
{
    if (!log || log->fd < 0 || level < log->level)
        return;
    struct buf line;
    buf_init(&line, LINE_MAX_BYTES);
    put_line(&line, log, level, message, fields);
    if (buf_failed(&line) == MUSTER_E_TOOBIG) {
        char start[CUT_BYTES];
        str_copy_c(start, sizeof(start), message);
        buf_clear(&line);
        put_line(&line, log, level, start,
                 (const struct log_field[]){ LOG_STR("cut_short", "yes"), { 0 } });
    }
    /* One write a line keeps lines whole among several writers of one file. */
    if (buf_failed(&line) || !write_now(log->fd, &line))
        log->dropped++;
    buf_release(&line);
}

void log_printf(struct log *log, enum log_level level, const char *format, ...)
{
    if (!log || log->fd < 0 || level < log->level)
        return;
    char message[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    if (n < 0)
        log->dropped++;
    else
        log_write(log, level, message, (const struct log_field[]){ { 0 } });
}
