#include "runtime/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct recording {
    int fd; /* -1: ended */
    int64_t left_bytes;
    struct buf line;
};

/* ---- effects: a text that differs whenever they do ----------------------------------------------- */

static void intent_text(const struct intent *intent, struct buf *out)
{
    buf_addf(out, "%llu %d %d %s %s %s %s %s %lld %lld %lld %d", (unsigned long long)intent->number,
             (int)intent->kind, (int)intent->state, intent->pool, intent->offer, intent->inventory,
             intent->node, intent->token, (long long)intent->slots,
             (long long)intent->price_usd_micro, (long long)intent->count, intent->tries);
}

static void decision_text(const struct decision *decision, struct buf *out)
{
    buf_addf(out, "%llu %lld %lld %d %u", (unsigned long long)decision->number,
             (long long)decision->desired_before, (long long)decision->desired, decision->held,
             (unsigned)decision->trail.dropped);
    for (size_t i = 0; i < decision->trail.len; i++) {
        const struct trail_step *step = &decision->trail.steps[i];
        buf_addf(out, "|%d %s %s %lld %lld %s", (int)step->stage, step->who, step->subject,
                 (long long)step->before, (long long)step->after, step->why);
        for (size_t k = 0; k < step->values_len; k++)
            buf_addf(out, " %s=%a", step->values[k].name, step->values[k].value);
    }
}

static void effect_text(const struct effect *e, struct buf *out)
{
    buf_addf(out, "\n%d ", (int)e->type);
    switch (e->type) {
    case EFFECT_POLL:
        buf_add_c(out, e->poll.pool);
        break;
    case EFFECT_LIST:
        buf_add_c(out, e->list.inventory);
        break;
    case EFFECT_WRITE_INTENT:
    case EFFECT_CLOSE_INTENT:
    case EFFECT_LAUNCH:
    case EFFECT_TERMINATE:
        intent_text(e->intent, out);
        break;
    case EFFECT_SERVED:
        buf_addf(out, "%llu", (unsigned long long)e->served.number);
        break;
    case EFFECT_PAUSED:
        buf_addf(out, "%s %d", e->paused.pool, e->paused.paused);
        break;
    case EFFECT_DECISION:
        buf_addf(out, "%s ", e->decision.pool);
        decision_text(e->decision.decision, out);
        break;
    case EFFECT_COST:
        buf_addf(out, "%s %lld %a", e->cost.pool, (long long)e->cost.usd_micro, e->cost.node_hours);
        break;
    case EFFECT_NOTE:
        buf_addf(out, "%d %s %s", (int)e->note.level, e->note.pool, e->note.text);
        break;
    }
}

static void write_decisions(struct json_out *j, const struct effect_list *effects)
{
    json_open(j, "decisions", '[');
    for (size_t i = 0; i < effects->all.len; i++) {
        const struct effect *e = &effects->all.at[i];
        if (e->type != EFFECT_DECISION)
            continue;
        const struct decision *decision = e->decision.decision;
        char text[POOL_NAME_MAX + 80];
        snprintf(text, sizeof(text), "%s %llu: %lld -> %lld", e->decision.pool,
                 (unsigned long long)decision->number, (long long)decision->desired_before,
                 (long long)decision->desired);
        json_str(j, NULL, text);
    }
    json_close(j, ']');
}

int recording_effects_write(const struct effect_list *effects, int rc, struct buf *out,
                            struct error *err)
{
    char digest[DIGEST_HEX_MAX];
    struct buf text = { 0 };
    if (effects->all.len == 0 && rc == 0)
        return 0;
    buf_addf(&text, "%d", rc);
    for (size_t i = 0; i < effects->all.len; i++)
        effect_text(&effects->all.at[i], &text);
    int failed = buf_failed(&text) ? error_nomem(err) : digest_hex(buf_str(&text), digest, err);
    buf_release(&text);
    if (failed < 0)
        return failed;
    digest[RECORDING_DIGEST_MAX - 1] = '\0';
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "did", digest);
    json_int(&j, "effects", (int64_t)effects->all.len);
    write_decisions(&j, effects);
    json_close(&j, '}');
    return 0;
}

/* ---- the file ----------------------------------------------------------------------------------- */

static void end(struct recording *r)
{
    close(r->fd);
    r->fd = -1;
}

static int put_line(struct recording *r, struct error *err)
{
    buf_add_char(&r->line, '\n');
    struct str text = buf_str(&r->line);
    if (buf_failed(&r->line)) {
        end(r);
        return error_set(err, buf_failed(&r->line), "an event is too large to be recorded");
    }
    if ((int64_t)text.len > r->left_bytes) {
        end(r);
        return error_set(err, MUSTER_E_TOOBIG, "the file is as large as it may become");
    }
    r->left_bytes -= (int64_t)text.len;
    while (text.len > 0) {
        ssize_t n = write(r->fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            int failed = errno;
            end(r);
            return error_errno(err, failed, "write");
        }
        text.ptr += n;
        text.len -= (size_t)n;
    }
    return 0;
}

int recording_open(const char *path, int64_t max_bytes, const struct control_options *options,
                   struct recording **ret, struct error *err)
{
    struct stat st;
    struct recording *r = calloc(1, sizeof(*r));
    if (!r)
        return error_nomem(err);
    r->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    int rc = 0;
    if (r->fd < 0 || fstat(r->fd, &st) < 0)
        rc = error_errno(err, errno, "recording %s", path);
    else if (!S_ISREG(st.st_mode))
        rc = error_set(err, MUSTER_E_CONFIG, "recording %s: not a regular file", path);
    if (rc == 0) {
        r->left_bytes = max_bytes - st.st_size;
        recorded_life_write(options, &r->line);
        rc = put_line(r, err);
        if (rc < 0)
            error_wrap(err, "recording %s", path);
    }
    if (rc < 0) {
        recording_close(r);
        return rc;
    }
    *ret = r;
    return 0;
}

void recording_close(struct recording *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    buf_release(&r->line);
    free(r);
}

int recording_event(struct recording *r, const struct event *ev,
                    const struct recorded_policy *policy, struct error *err)
{
    if (r->fd < 0)
        return 0;
    buf_clear(&r->line);
    recorded_event_write(ev, policy, &r->line);
    return put_line(r, err);
}

int recording_effects(struct recording *r, const struct effect_list *effects, int rc,
                      struct error *err)
{
    if (r->fd < 0)
        return 0;
    buf_clear(&r->line);
    int failed = recording_effects_write(effects, rc, &r->line, err);
    if (failed < 0)
        return failed;
    return r->line.len > 0 ? put_line(r, err) : 0;
}
