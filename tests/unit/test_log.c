#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"

static int64_t fixed_wall_ns(void *ctx)
{
    (void)ctx;
    return INT64_C(1795340414123456789);
}

static const struct clock fixed_clock = { fixed_wall_ns, fixed_wall_ns, NULL };

/* A log into a pipe, and what has arrived there. */
struct sink {
    int fds[2];
    struct log log;
    char text[16384];
};

static int sink_open(void **state)
{
    static struct sink sink;
    sink = (struct sink){ 0 };
    if (pipe(sink.fds) < 0 || fcntl(sink.fds[0], F_SETFL, O_NONBLOCK) < 0)
        return -1;
    sink.log = (struct log){ .fd = sink.fds[1], .level = LOG_INFO };
    *state = &sink;
    return 0;
}

static int sink_close(void **state)
{
    struct sink *sink = *state;
    close(sink->fds[0]);
    close(sink->fds[1]);
    return 0;
}

static const char *arrived(struct sink *sink)
{
    ssize_t n = read(sink->fds[0], sink->text, sizeof(sink->text) - 1);
    sink->text[n > 0 ? n : 0] = '\0';
    return sink->text;
}

static void text_lines(void **state)
{
    struct sink *s = *state;
    log_line(&s->log, LOG_INFO, "pool render: desired 4 -> 12", LOG_STR("pool", "render"),
             LOG_INT("from", 4));
    assert_string_equal(arrived(s), "info    pool render: desired 4 -> 12 pool=render from=4\n");
    log_line(&s->log, LOG_ERROR, "no fields");
    assert_string_equal(arrived(s), "error   no fields\n");
    log_printf(&s->log, LOG_WARNING, "%d of %s", 3, "five");
    assert_string_equal(arrived(s), "warning 3 of five\n");
    assert_int_equal(s->log.dropped, 0);
}

static void odd_values_are_quoted(void **state)
{
    struct sink *s = *state;
    log_line(&s->log, LOG_INFO, "m", LOG_STR("a", ""), LOG_STR("b", "x y"), LOG_STR("c", "k=v"),
             LOG_STR("d", "\""), LOG_STR("e", NULL), LOG_STR("f", "\xff"), LOG_STR("g", "a\\b"));
    assert_string_equal(arrived(s),
                        "info    m a=\"\" b=\"x y\" c=\"k=v\" d=\"\\\"\" e=\"\" f=\"\\ufffd\" "
                        "g=\"a\\\\b\"\n");
}

static void no_input_forges_a_line(void **state)
{
    struct sink *s = *state;
    static const char evil[] = "x\nerror   forged\r\x1b[2J\x7f";
    log_line(&s->log, LOG_INFO, evil, LOG_STR("pool", evil));
    const char *text = arrived(s);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strpbrk(text, "\r\x1b\x7f"));
    s->log.format = LOG_JSON;
    log_line(&s->log, LOG_INFO, evil, LOG_STR(evil, evil));
    text = arrived(s);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    assert_null(strpbrk(text, "\r\x1b\x7f"));
}

static void json_lines_are_json(void **state)
{
    struct sink *s = *state;
    s->log.format = LOG_JSON;
    s->log.clock = &fixed_clock;
    log_line(&s->log, LOG_WARNING, "a \"b\"", LOG_STR("pool", "x\ny"), LOG_INT("n", INT64_MIN),
             LOG_STR("none", NULL));
    cJSON *root = NULL;
    assert_int_equal(json_parse(str_from(arrived(s)), &root, NULL), 0);
    assert_string_equal(json_at(root, "/time")->valuestring, "2026-11-22T09:40:14.123Z");
    assert_string_equal(json_at(root, "/level")->valuestring, "warning");
    assert_string_equal(json_at(root, "/message")->valuestring, "a \"b\"");
    assert_string_equal(json_at(root, "/pool")->valuestring, "x\ny");
    assert_true(json_at(root, "/n")->valuedouble < -9e18);
    assert_string_equal(json_at(root, "/none")->valuestring, "");
    cJSON_Delete(root);
}

static void text_lines_have_the_time(void **state)
{
    struct sink *s = *state;
    s->log.clock = &fixed_clock;
    log_line(&s->log, LOG_INFO, "m");
    assert_string_equal(arrived(s), "2026-11-22T09:40:14.123Z info    m\n");
}

static void lower_levels_are_left_out(void **state)
{
    struct sink *s = *state;
    log_line(&s->log, LOG_DEBUG, "m");
    log_printf(&s->log, LOG_DEBUG, "m");
    assert_string_equal(arrived(s), "");
    s->log.level = LOG_DEBUG;
    log_line(&s->log, LOG_DEBUG, "m");
    assert_string_equal(arrived(s), "debug   m\n");
    s->log.fd = -1;
    log_line(&s->log, LOG_ERROR, "m");
    log_line(NULL, LOG_ERROR, "m");
    log_printf(NULL, LOG_ERROR, "m");
    assert_int_equal(s->log.dropped, 0);
}

/* What is too long for one write loses its fields and its end, but does arrive. */
static void long_lines_are_cut(void **state)
{
    struct sink *s = *state;
    static char text[20000];
    memset(text, 'x', sizeof(text) - 1);
    log_line(&s->log, LOG_ERROR, "short", LOG_STR("long", text));
    assert_string_equal(arrived(s), "error   short cut_short=yes\n");
    log_printf(&s->log, LOG_ERROR, "begin %s", text);
    const char *line = arrived(s);
    assert_memory_equal(line, "error   begin xxx", 17);
    assert_non_null(strstr(line, "x cut_short=yes\n"));
    memset(text, '\x01', sizeof(text) - 1);
    s->log.format = LOG_JSON;
    log_line(&s->log, LOG_ERROR, text);
    cJSON *root = NULL;
    assert_int_equal(json_parse(str_from(arrived(s)), &root, NULL), 0);
    assert_string_equal(json_at(root, "/cut_short")->valuestring, "yes");
    cJSON_Delete(root);
    assert_int_equal(s->log.dropped, 0);
}

/* Nobody reads the other end: the caller goes on, and the lines are counted. */
static void full_sink_never_blocks(void **state)
{
    struct sink *s = *state;
    alarm(20);
    for (int i = 0; i < 5000; i++)
        log_line(&s->log, LOG_INFO, "a line of some forty characters, or so");
    assert_true(s->log.dropped > 1000);
    assert_true(s->log.dropped < 5000);
    uint64_t dropped = s->log.dropped;
    while (*arrived(s))
        continue;
    log_line(&s->log, LOG_INFO, "again");
    alarm(0);
    assert_string_equal(arrived(s), "info    again\n");
    assert_int_equal(s->log.dropped, dropped);
}

static void broken_sink_is_counted(void **state)
{
    struct sink *s = *state;
    signal(SIGPIPE, SIG_IGN);
    int full = open("/dev/full", O_WRONLY);
    struct log log = { .fd = full };
    log_line(&log, LOG_INFO, "m");
    assert_int_equal(log.dropped, 1);
    close(full);
    log_line(&log, LOG_INFO, "m");
    assert_int_equal(log.dropped, 2);
    close(s->fds[0]);
    log_line(&s->log, LOG_INFO, "m");
    assert_int_equal(s->log.dropped, 1);
    s->fds[0] = dup(s->fds[1]);
}

int main(void)
{
#define sink_test(f) cmocka_unit_test_setup_teardown(f, sink_open, sink_close)
    const struct CMUnitTest tests[] = {
        sink_test(text_lines),
        sink_test(odd_values_are_quoted),
        sink_test(no_input_forges_a_line),
        sink_test(json_lines_are_json),
        sink_test(text_lines_have_the_time),
        sink_test(lower_levels_are_left_out),
        sink_test(long_lines_are_cut),
        sink_test(full_sink_never_blocks),
        sink_test(broken_sink_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
