/*
 * What `muster check --live` finds out about a local entry: whether its programs and folders are there.
 * It is run by a person: what musterd's own user may do can be different.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/units.h"
#include "providers/local/local.h"
#include "queue/exec_words.h"

#define FINDINGS_MAX 8

struct note {
    enum finding_answer answer;
    const char *what, *remedy;
    char text[NODE_DIR_MAX + 64];
};

struct check_op {
    struct local_op base;
    struct provider_check check;
    struct note notes[FINDINGS_MAX];
    size_t len;
};

__attribute__((format(printf, 5, 6))) static void note(struct check_op *op,
                                                       enum finding_answer answer, const char *what,
                                                       const char *remedy, const char *format, ...)
{
    if (op->len == FINDINGS_MAX)
        return;
    struct note *n = &op->notes[op->len++];
    va_list args;
    va_start(args, format);
    vsnprintf(n->text, sizeof(n->text), format, args);
    va_end(args);
    n->answer = answer;
    n->what = what;
    n->remedy = remedy;
}

static bool is_program(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Where a program is that a command line names; false: nowhere. */
static bool find_program(const char *name, char *ret, size_t size)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/'))
        return str_copy_c(ret, size, name) && is_program(ret);
    while (path && *path) {
        size_t len = strcspn(path, ":");
        int n = snprintf(ret, size, "%.*s/%s", (int)len, path, name);
        if (n > 0 && (size_t)n < size && is_program(ret))
            return true;
        path += len + (path[len] == ':');
    }
    return false;
}

static void look_at_program(struct check_op *op, const char *what, const char *name,
                            const char *remedy)
{
    char path[NODE_DIR_MAX];
    if (find_program(name, path, sizeof(path)))
        note(op, FINDING_OK, what, NULL, "%s", path);
    else
        note(op, FINDING_NO, what, remedy, "there is no program %s on this machine", name);
}

/* A path is meant from where the command will run. */
static void look_at_worker(struct check_op *op, const struct local_options *o, const char *name)
{
    char path[NODE_DIR_MAX];
    bool relative = strchr(name, '/') && name[0] != '/' && *o->directory;
    snprintf(path, sizeof(path), "%s%s%s", relative ? o->directory : "", relative ? "/" : "", name);
    look_at_program(op, "command", path, "install it here, or correct `command`");
}

static void look_at_command(struct check_op *op, const struct local_options *o)
{
    struct exec_words words;
    if (o->shell) {
        note(op, FINDING_UNKNOWN, "command", NULL, "what a shell makes of it is not tried");
    } else if (o->command.len > 1) {
        look_at_worker(op, o, o->command.at[0]);
    } else if (exec_words_split(o->command.at[0], &words, NULL) == 0) {
        look_at_worker(op, o, words.argv[0]);
        exec_words_release(&words);
    }
}

static void look_at_folder(struct check_op *op, const char *what, const char *path, int mode)
{
    struct stat info;
    if (!*path)
        return;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode) && access(path, mode) == 0)
        note(op, FINDING_OK, what, NULL, "%s", path);
    else
        note(op, FINDING_NO, what, "make the folder, for the user that musterd runs as",
             "%s: no such folder, or it may not be used", path);
}

static void look_at_price(struct check_op *op, const struct local_options *o)
{
    char text[UNITS_TEXT_MAX];
    if (o->price_usd_micro < 0)
        note(op, FINDING_OK, "price", NULL, "none is set: a node of this machine costs nothing");
    else
        note(op, FINDING_OK, "price", NULL, "%s a node",
             units_format_price(o->price_usd_micro, text));
}

static void look(struct check_op *op)
{
    const struct local_options *o = op->check.spec->offer_entries.at[op->check.entry].options;
    char agent[NODE_DIR_MAX + 16];
    local_find_agent(o, agent, sizeof(agent));
    look_at_program(op, "agent", agent, "install muster-agent beside muster, or say `agent`");
    look_at_command(op, o);
    look_at_folder(op, "directory", o->directory, X_OK);
    look_at_folder(op, "logs", o->logs, W_OK | X_OK);
    look_at_price(op, o);
}

static void run(struct local_op *base)
{
    (void)base; /* what is asked about may be gone before a thread of the pool comes to it */
}

static bool after(struct local_op *base)
{
    struct check_op *op = (struct check_op *)base;
    look(op);
    for (size_t i = 0; i < op->len; i++) {
        const struct note *n = &op->notes[i];
        const struct finding finding = { n->answer, n->what, n->text, n->remedy };
        op->check.tell(op->check.ctx, &finding);
    }
    op->check.done(op->check.ctx);
    return false;
}

static void release(struct local_op *base)
{
    (void)base; /* nothing but itself */
}

void local_check(struct provider *self, const struct provider_check *check)
{
    struct check_op *op = calloc(1, sizeof(*op));
    if (!op) {
        check->done(check->ctx);
        return;
    }
    op->base.run = run;
    op->base.after = after;
    op->base.release = release;
    op->check = *check;
    local_op_start(self, &op->base);
}
