#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "status/cache.h"

#include <cmocka.h>

static void put(struct cache *cache, const char *key, uint64_t generation, int64_t now_ns)
{
    struct http_body *body = http_body_new(str_dup(str_from(key)), strlen(key), "text/plain");
    cache_put(cache, key, body, generation, now_ns);
    http_body_unref(body);
}

static bool has(struct cache *cache, const char *key, uint64_t generation, int64_t now_ns)
{
    struct http_body *body = cache_get(cache, key, generation, now_ns);
    http_body_unref(body);
    return body != NULL;
}

static void one_rendering_a_generation(void **state)
{
    (void)state;
    struct cache cache = { 0 };
    int64_t t = 100 * NS_PER_S;
    assert_false(has(&cache, "/status", 1, t));
    put(&cache, "/status", 1, t);
    assert_true(has(&cache, "/status", 1, t + 60 * NS_PER_S));
    assert_false(has(&cache, "/status/a", 1, t));
    /* Within a tenth of a second a new generation is not rendered anew. */
    assert_true(has(&cache, "/status", 2, t + 50 * NS_PER_MS));
    assert_false(has(&cache, "/status", 2, t + 100 * NS_PER_MS));
    put(&cache, "/status", 2, t + NS_PER_S);
    assert_true(has(&cache, "/status", 2, t + NS_PER_S));
    cache_clear(&cache);
    assert_false(has(&cache, "/status", 2, t + NS_PER_S));
}

static void the_longest_unused_makes_room(void **state)
{
    (void)state;
    struct cache cache = { 0 };
    char key[32];
    for (int i = 0; i < CACHE_ENTRIES; i++) {
        snprintf(key, sizeof(key), "/%d", i);
        put(&cache, key, 1, i);
    }
    assert_true(has(&cache, "/0", 1, 1000));
    put(&cache, "/new", 1, 1001);
    assert_true(has(&cache, "/new", 1, 1002));
    assert_true(has(&cache, "/0", 1, 1002));
    assert_false(has(&cache, "/1", 1, 1002));
    cache_clear(&cache);
}

static void long_keys_are_not_kept(void **state)
{
    (void)state;
    struct cache cache = { 0 };
    char key[CACHE_KEY_MAX + 1];
    memset(key, 'a', CACHE_KEY_MAX);
    key[CACHE_KEY_MAX] = '\0';
    put(&cache, key, 1, 1);
    assert_false(has(&cache, key, 1, 1));
    cache_clear(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rendering_a_generation),
        cmocka_unit_test(the_longest_unused_makes_room),
        cmocka_unit_test(long_keys_are_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
