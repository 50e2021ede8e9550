/* Every allocation of lib/base made to fail in turn: said so, nothing lost, nothing leaked. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/json.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "oom.h"

static void dup_says_so(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        oom_arm(n);
        char *copy = str_dup(STR("abc"));
        bool failed = oom_disarm();
        assert_int_equal(copy == NULL, failed);
        free(copy);
    }
}

/* A document that lost one piece must not pass for whole. */
static void buf_remembers(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf b = { 0 };
        oom_arm(n);
        for (int i = 0; i < 500; i++)
            buf_addf(&b, "%d ", i);
        bool failed = oom_disarm();
        assert_int_equal(buf_failed(&b), failed ? MUSTER_E_NOMEM : 0);
        assert_string_equal(buf_text(&b) + b.len, "");
        /* Failed once: what comes later must not be joined to what came before the gap. */
        size_t len = b.len;
        buf_add_c(&b, "more");
        assert_int_equal(b.len, failed ? len : len + 4);
        buf_release(&b);
    }
}

static void taking_from_an_empty_buf(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf b = { 0 };
        oom_arm(n);
        char *text = buf_take(&b);
        assert_int_equal(text == NULL, oom_disarm());
        free(text);
        buf_release(&b);
    }
}

static void vec_stays_as_it_was(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        VEC(int) v = { 0 };
        oom_arm(n);
        int refused = 0;
        for (int i = 0; i < 100; i++) {
            if (!vec_push(&v, i))
                refused++;
        }
        assert_int_equal(refused, oom_disarm() ? 1 : 0);
        assert_int_equal(v.len, 100 - refused);
        assert_int_equal(v.at[v.len - 1], 99);
        vec_release(&v);
    }
}

static void map_stays_as_it_was(void **state)
{
    (void)state;
    char keys[100][8];
    for (int i = 0; i < 100; i++)
        snprintf(keys[i], sizeof(keys[i]), "%d", i);
    for (long n = 0; oom_sweep(n); n++) {
        struct map m = { 0 };
        size_t refused = SIZE_MAX;
        oom_arm(n);
        for (size_t i = 0; i < 100; i++) {
            if (!map_put(&m, keys[i], &keys[i]))
                refused = i;
        }
        assert_int_equal(refused != SIZE_MAX, oom_disarm());
        for (size_t i = 0; i < 100; i++)
            assert_ptr_equal(map_get(&m, keys[i]), i == refused ? NULL : &keys[i]);
        map_release(&m);
    }
}

static void json_out_remembers(void **state)
{
    (void)state;
    for (long n = 0; oom_sweep(n); n++) {
        struct buf b = { 0 };
        struct json_out j = json_begin(&b);
        oom_arm(n);
        json_open(&j, NULL, '[');
        for (int i = 0; i < 100; i++)
            json_num(&j, NULL, i);
        json_close(&j, ']');
        assert_int_equal(buf_failed(&b), oom_disarm() ? MUSTER_E_NOMEM : 0);
        buf_release(&b);
    }
}

static void log_counts_the_line(void **state)
{
    (void)state;
    struct log log = { .fd = open("/dev/null", O_WRONLY | O_CLOEXEC) };
    uint64_t dropped = 0;
    for (long n = 0; oom_sweep(n); n++) {
        oom_arm(n);
        log_line(&log, LOG_INFO, "message", LOG_STR("pool", "render"), LOG_INT("n", 1));
        log_printf(&log, LOG_INFO, "%*s", 3000, "x");
        dropped += oom_disarm();
        assert_int_equal(log.dropped, dropped);
    }
    assert_true(dropped > 0);
    close(log.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dup_says_so),
        cmocka_unit_test(buf_remembers),
        cmocka_unit_test(taking_from_an_empty_buf),
        cmocka_unit_test(vec_stays_as_it_was),
        cmocka_unit_test(map_stays_as_it_was),
        cmocka_unit_test(json_out_remembers),
        cmocka_unit_test(log_counts_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
