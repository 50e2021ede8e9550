/* muster top: looks at /status every second. */
#include "top.h"

#include <langinfo.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "base/clock.h"

#define LOOK_MS      1000
#define UNREACHED_MS 15000 /* with --until-idle: how long musterd may be away */
#define NEVER_BUSY_MS                                                                              \
    10000 /* with --until-idle: when work that never shows has been done already */

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static int64_t now_ms(void)
{
    return clock_system.boot_ns(NULL) / NS_PER_MS;
}

/* ---- the terminal ---- */

struct terminal {
    bool screen, keys;
    struct termios before;
};

static void terminal_open(struct terminal *t, bool screen)
{
    t->screen = screen;
    t->keys = screen && tcgetattr(STDIN_FILENO, &t->before) == 0;
    if (t->keys) {
        struct termios raw = t->before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    if (screen) {
        fputs("\033[?1049h\033[?25l", stdout); /* another screen, no cursor */
        fflush(stdout);
    }
}

static void terminal_close(const struct terminal *t)
{
    if (t->screen) {
        fputs("\033[?25h\033[?1049l", stdout);
        fflush(stdout);
    }
    if (t->keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

/* Waits for the next look; true when the person has had enough. */
static bool wait_for_key(const struct terminal *t, int64_t until_ms)
{
    for (int64_t left = until_ms - now_ms(); left > 0 && !stopped; left = until_ms - now_ms()) {
        struct pollfd in = { .fd = t->keys ? STDIN_FILENO : -1, .events = POLLIN };
        char key = 0;
        if (poll(&in, 1, (int)left) > 0 && read(STDIN_FILENO, &key, 1) == 1 &&
            (key == 'q' || key == 'Q' || key == 4))
            return true;
    }
    return stopped;
}

/* ---- memory ---- */

struct top_pool *top_pool(struct top *top, const char *name)
{
    for (size_t i = 0; i < top->pools.len; i++) {
        if (strcmp(top->pools.at[i].name, name) == 0)
            return &top->pools.at[i];
    }
    struct top_pool fresh = { .printed_waiting = (double)NAN };
    str_copy_c(fresh.name, sizeof(fresh.name), name);
    return vec_push(&top->pools, fresh) ? &top->pools.at[top->pools.len - 1] : NULL;
}

static void remember(struct top *top, const cJSON *status)
{
    const cJSON *pool;
    double nodes = get_num(status, "/totals/nodes/total");
    top->peak_nodes = nodes > top->peak_nodes ? nodes : top->peak_nodes;
    top->worked |= nodes > 0;
    for (pool = get_items(status, "/pools"); pool; pool = pool->next) {
        struct top_pool *memory = top_pool(top, get_text(pool, "/name"));
        if (!memory)
            continue;
        memory->waiting[memory->len % TOP_HISTORY] = get_num(pool, "/signal/waiting");
        memory->ready[memory->len % TOP_HISTORY] = get_num(pool, "/slots/ready");
        memory->len++;
        top->worked |= get_num(pool, "/signal/waiting") > 0;
    }
}

/* Nothing waits or runs anywhere, as far as is known for sure, and no machine is left. */
static bool idle(const struct top *top, const cJSON *status)
{
    const cJSON *pool;
    if (get_int(status, "/totals/nodes/total") > 0)
        return false;
    for (pool = get_items(status, "/pools"); pool; pool = pool->next) {
        if (strcmp(get_text(pool, "/signal/state"), "fresh") != 0 ||
            get_num(pool, "/signal/waiting") > 0 || get_num(pool, "/signal/running") > 0 ||
            get_num(pool, "/desired") > 0 || get_num(pool, "/intents_open") > 0)
            return false;
    }
    return top->worked || top->now_ms - top->started_ms > NEVER_BUSY_MS;
}

/* ---- looking ---- */

static void summary(const struct top *top, const cJSON *status)
{
    struct buf out = { 0 };
    buf_add_c(&out, "idle after ");
    show_seconds(&out, (double)(top->now_ms - top->started_ms) / 1e3);
    buf_addf(&out, ": at most %.0f nodes at once, ", top->peak_nodes);
    show_usd(&out, get_num(status, "/totals/cost_usd"));
    buf_add_c(&out, " as if the nodes had been bought\n");
    show_flush(&out);
    buf_release(&out);
}

/* NULL, and why in `problem`, when there was no usable answer. */
static cJSON *look(const struct cli *cli, struct buf *problem)
{
    struct api_reply reply;
    cJSON *status = NULL;
    buf_clear(problem);
    if (api_try(cli, "/status", &reply, problem) == EXIT_YES &&
        json_parse(buf_str(&reply.body), &status, NULL) < 0)
        buf_addf(problem, "what answers at %s is not musterd", cli->url);
    api_release(&reply);
    return status;
}

static void put_json(const cJSON *status, struct buf *out)
{
    char *text = cJSON_PrintUnformatted(status);
    if (text) {
        buf_add_c(out, text);
        buf_add_char(out, '\n');
    }
    cJSON_free(text);
}

static void look_at_size(struct top *top, struct cli *cli)
{
    struct winsize size = { 0 };
    top->rows = 24;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        cli->width = size.ws_col;
        top->rows = size.ws_row;
    }
}

struct run {
    struct cli cli; /* ours: the width follows the terminal's */
    struct top top;
    struct terminal terminal;
    struct buf out, problem;
    int64_t answered_ms;
    cJSON *last; /* what was seen last */
    int rc;
};

/* One look; true: go on. */
static bool step(struct run *r)
{
    r->top.now_ms = now_ms();
    cJSON *status = look(&r->cli, &r->problem);
    if (status) {
        r->answered_ms = r->top.now_ms;
        cJSON_Delete(r->last);
        r->last = status;
        remember(&r->top, status);
    }
    if (r->terminal.screen) {
        look_at_size(&r->top, &r->cli);
        top_paint(&r->top, r->last, buf_text(&r->problem), &r->out);
    } else if (status && r->cli.json) {
        put_json(status, &r->out);
    } else if (status) {
        top_lines(&r->top, status, &r->out);
    }
    if (!show_flush(&r->out))
        return false;
    if (status && r->cli.until_idle && idle(&r->top, status))
        return false;
    bool lost = r->cli.until_idle && r->top.now_ms - r->answered_ms > UNREACHED_MS;
    /* At the start there is nothing to show meanwhile; later it may be a restart. */
    if (!status && (lost || (!r->last && !r->cli.until_idle))) {
        r->rc = EXIT_TROUBLE;
        return false;
    }
    return true;
}

static void catch_signals(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int command_top(const struct cli *cli)
{
    struct run r = { .cli = *cli, .rc = EXIT_YES };
    r.top.cli = &r.cli;
    r.top.started_ms = r.answered_ms = now_ms();
    r.top.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    catch_signals();
    terminal_open(&r.terminal, cli->width > 0 && !cli->json);
    int64_t next_ms = now_ms();
    while (step(&r)) {
        next_ms += LOOK_MS;
        if (next_ms < now_ms())
            next_ms = now_ms();
        if (wait_for_key(&r.terminal, next_ms))
            break;
    }
    terminal_close(&r.terminal);
    if (r.rc != EXIT_YES)
        fprintf(stderr, "muster: %s\n", buf_text(&r.problem));
    else if (r.cli.until_idle && r.last && !stopped)
        summary(&r.top, r.last);
    cJSON_Delete(r.last);
    vec_release(&r.top.pools);
    buf_release(&r.out);
    buf_release(&r.problem);
    return r.rc;
}
