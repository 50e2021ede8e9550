/*
 * Log lines for people (text) or collectors (JSON), one event a line.
 *
 *     log_line(log, LOG_INFO, "pool render: desired 4 -> 12", LOG_STR("pool", name), LOG_INT("from", 4));
 *
 * Fields are key=value (text) or members (JSON). Control bytes are escaped, so no input can forge a
 * line. A failure that is survived ends "continuing: ...". Never a key, token or signed URL.
 * A sink that cannot be written (disk full, closed pipe, a reader that has stopped) never blocks or
 * fails the caller: the line is dropped and counted in `dropped`. A line longer than 4 KiB loses its
 * fields and the end of its message, and says cut_short=yes.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

struct log {
    int fd; /* borrowed; -1: log nothing */
    enum log_level level;
    enum log_format format;
    const struct clock *clock; /* NULL: no time stamps */
    uint64_t dropped;
};

struct log_field {
    const char *key; /* NULL ends the list */
    const char *text;
    int64_t number;
    bool is_text;
};

#define LOG_STR(k, v) ((struct log_field){ .key = (k), .text = (v), .is_text = true })
#define LOG_INT(k, v) ((struct log_field){ .key = (k), .number = (v) })

void log_write(struct log *log, enum log_level level, const char *message,
               const struct log_field *fields);

#define log_line(log, level, message, ...)                                                         \
    log_write((log), (level), (message),                                                           \
              (const struct log_field[]){ __VA_ARGS__ __VA_OPT__(, ){ 0 } })

/* The same with a formatted message and no fields. */
void log_printf(struct log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

const char *log_level_word(enum log_level level);

#endif
