#include "runtime/policy_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <dirent.h>
#include <unistd.h>
#include <cmocka.h>

/* A directory of policy files, and what was told of it: "+a3" pool a with max 3, "-a" removed, "!" and
 * "." an incomplete and a complete look. */
struct place {
    char dir[64];
    char told[256];
    int64_t now_ns;
    struct clock clock;
    struct log log;
    struct kinds kinds;
    struct policy_dir *policies;
};

static void tell(struct place *p, char mark, const char *pool, int64_t max)
{
    size_t n = strlen(p->told);
    snprintf(p->told + n, sizeof(p->told) - n, "%c%s", mark, pool);
    n = strlen(p->told);
    if (max > 0)
        snprintf(p->told + n, sizeof(p->told) - n, "%d", (int)max);
}

static void on_changed(void *ctx, struct pool_spec *take_spec, const char *file, struct str text)
{
    assert_non_null(strstr(file, ".y"));
    assert_true(text.len > 0);
    tell(ctx, '+', take_spec->name, take_spec->slots_max);
    pool_spec_free(take_spec);
}

static void on_removed(void *ctx, const char *pool)
{
    tell(ctx, '-', pool, 0);
}

static void on_scanned(void *ctx, bool complete)
{
    tell(ctx, complete ? '.' : '!', "", 0);
}

static int64_t fake_now(void *ctx)
{
    return ((struct place *)ctx)->now_ns;
}

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    snprintf(p->dir, sizeof(p->dir), "/tmp/muster-policies.XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    p->now_ns = 1;
    p->clock = (struct clock){ fake_now, fake_now, p };
    p->log = (struct log){ .fd = -1 };
    kinds_init(&p->kinds);
    struct policy_dir_env env = { .kinds = &p->kinds,
                                  .clock = &p->clock,
                                  .log = &p->log,
                                  .changed = on_changed,
                                  .removed = on_removed,
                                  .scanned = on_scanned,
                                  .ctx = p };
    assert_int_equal(policy_dir_new(p->dir, &env, &p->policies, NULL), 0);
    *state = p;
    return 0;
}

static const char *path_of(const struct place *p, const char *name)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/%s", p->dir, name);
    return path;
}

static int remove_place(void **state)
{
    struct place *p = *state;
    policy_dir_free(p->policies);
    DIR *dir = opendir(p->dir);
    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        unlink(path_of(p, e->d_name));
    if (dir)
        closedir(dir);
    rmdir(p->dir);
    free(p);
    return 0;
}

static void put(const struct place *p, const char *name, const char *pool, const char *max)
{
    FILE *file = fopen(path_of(p, name), "w");
    assert_non_null(file);
    fprintf(
        file,
        "pool: %s\nqueue: { spool: { dir: /tmp } }\nslots: { max: %s }\n"
        "scale: [ fixed: { slots: 1 } ]\nbuy: { offers: [ local: { command: [/bin/true] } ] }\n",
        pool, max);
    fclose(file);
}

/* What one look tells. */
static const char *look(struct place *p)
{
    p->told[0] = '\0';
    policy_dir_scan(p->policies, NULL);
    return p->told;
}

static void files_are_told_once_and_when_they_change(void **state)
{
    struct place *p = *state;
    put(p, "b.yaml", "b", "2");
    put(p, "a.yml", "a", "1");
    put(p, ".hidden.yaml", "h", "1");
    put(p, "notes.txt", "n", "1");
    assert_string_equal(look(p), "+a1+b2.");
    assert_string_equal(look(p), ".");
    put(p, "b.yaml", "b", "3");
    assert_string_equal(look(p), "+b3.");
}

static void an_error_keeps_what_was_and_is_told(void **state)
{
    struct place *p = *state;
    struct policy_dir_problem problem;
    put(p, "a.yaml", "a", "1");
    assert_string_equal(look(p), "+a1.");
    assert_false(policy_dir_problem(p->policies, 0, &problem));
    put(p, "a.yaml", "a", "lots");
    assert_string_equal(look(p), "!");
    assert_true(policy_dir_problem(p->policies, 0, &problem));
    assert_string_equal(problem.file, "a.yaml");
    assert_non_null(strstr(problem.text, "'lots' is not a whole number"));
    assert_false(policy_dir_problem(p->policies, 1, &problem));
    put(p, "a.yaml", "a", "4");
    assert_string_equal(look(p), "+a4.");
    assert_false(policy_dir_problem(p->policies, 0, &problem));
}

static void a_removed_file_is_believed_after_a_while(void **state)
{
    struct place *p = *state;
    put(p, "a.yaml", "a", "1");
    look(p);
    unlink(path_of(p, "a.yaml"));
    assert_string_equal(look(p), ".");
    assert_true(policy_dir_unsettled(p->policies));
    p->now_ns += 4 * NS_PER_S;
    assert_string_equal(look(p), "-a.");
    assert_false(policy_dir_unsettled(p->policies));
}

/* What an editor does when it saves. */
static void a_file_replaced_by_removal_is_not_removed(void **state)
{
    struct place *p = *state;
    put(p, "a.yaml", "a", "1");
    look(p);
    unlink(path_of(p, "a.yaml"));
    look(p);
    put(p, "a.yaml", "a", "2");
    p->now_ns += 4 * NS_PER_S;
    assert_string_equal(look(p), "+a2.");
    assert_false(policy_dir_unsettled(p->policies));
}

static void two_files_for_one_pool_clash(void **state)
{
    struct place *p = *state;
    struct policy_dir_problem problem;
    put(p, "a.yaml", "a", "1");
    put(p, "b.yaml", "a", "2");
    assert_string_equal(look(p), "+a1!");
    assert_true(policy_dir_problem(p->policies, 0, &problem));
    assert_string_equal(problem.file, "b.yaml");
    assert_non_null(strstr(problem.text, "already described by a.yaml"));
    unlink(path_of(p, "a.yaml"));
    look(p);
    p->now_ns += 4 * NS_PER_S;
    assert_string_equal(look(p), "-a+a2.");
}

static void a_file_given_to_another_pool_retires_the_first(void **state)
{
    struct place *p = *state;
    put(p, "x.yaml", "a", "1");
    look(p);
    put(p, "x.yaml", "b", "1");
    assert_string_equal(look(p), "-a+b1.");
}

static void a_file_anybody_may_write_is_refused(void **state)
{
    struct place *p = *state;
    struct policy_dir_problem problem;
    put(p, "a.yaml", "a", "1");
    assert_int_equal(chmod(path_of(p, "a.yaml"), 0666), 0);
    assert_string_equal(look(p), "!");
    assert_true(policy_dir_problem(p->policies, 0, &problem));
    assert_non_null(strstr(problem.text, "chmod o-w"));
    assert_int_equal(chmod(path_of(p, "a.yaml"), 0644), 0);
    assert_string_equal(look(p), "+a1.");
}

static void a_directory_that_cannot_be_read_changes_nothing(void **state)
{
    struct place *p = *state;
    struct policy_dir_problem problem;
    char away[80];
    put(p, "a.yaml", "a", "1");
    look(p);
    snprintf(away, sizeof(away), "%s.away", p->dir);
    assert_int_equal(rename(p->dir, away), 0);
    p->now_ns += 10 * NS_PER_S;
    assert_string_equal(look(p), "!");
    assert_true(policy_dir_problem(p->policies, 0, &problem));
    assert_int_equal(rename(away, p->dir), 0);
    assert_string_equal(look(p), ".");
    assert_false(policy_dir_problem(p->policies, 0, &problem));
}

int main(void)
{
#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(files_are_told_once_and_when_they_change),
        IN_A_PLACE(an_error_keeps_what_was_and_is_told),
        IN_A_PLACE(a_removed_file_is_believed_after_a_while),
        IN_A_PLACE(a_file_replaced_by_removal_is_not_removed),
        IN_A_PLACE(two_files_for_one_pool_clash),
        IN_A_PLACE(a_file_given_to_another_pool_retires_the_first),
        IN_A_PLACE(a_file_anybody_may_write_is_refused),
        IN_A_PLACE(a_directory_that_cannot_be_read_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
