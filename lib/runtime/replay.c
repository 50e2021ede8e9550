#include "runtime/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)64 << 20)

struct replay {
    const char *path;
    const struct kinds *kinds;
    replay_decision_cb *decision;
    void *ctx;
    struct control *control; /* NULL before the first life */
    struct effect_list effects;
    struct buf did; /* what the last step did, as it would be recorded; empty: nothing */
    struct replay_report report;
};

static int wrong(const struct replay *r, struct error *err)
{
    return error_wrap(err, "%s:%llu", r->path, (unsigned long long)r->report.line);
}

static void differ(struct replay *r, const char *recorded, const char *replayed)
{
    r->report.differs = true;
    snprintf(r->report.recorded, sizeof(r->report.recorded), "%s", recorded);
    snprintf(r->report.replayed, sizeof(r->report.replayed), "%s", replayed);
}

/* ---- a life begins ------------------------------------------------------------------------------ */

static int begin(struct replay *r, const cJSON *line, struct error *err)
{
    struct control_options options;
    int rc = recorded_life_read(line, &options, err);
    if (rc < 0)
        return wrong(r, err);
    control_free(r->control);
    buf_clear(&r->did); /* the life before may have ended before it could record that */
    r->control = control_new(&options, err);
    r->report.lives++;
    return r->control ? 0 : MUSTER_E_NOMEM;
}

/* ---- an event ----------------------------------------------------------------------------------- */

static int read_policy(struct replay *r, const struct recorded_policy *policy,
                       struct pool_spec **ret, struct error *err)
{
    struct problems problems;
    problems_init(&problems);
    int rc = !policy->text || !policy->file
                 ? error_set(err, MUSTER_E_INVALID, "a policy without its text")
                 : kinds_parse_policy(r->kinds, str_from(policy->text), policy->file, ret,
                                      &problems, err);
    if (rc < 0 && problems.all.len > 0)
        error_set(err, rc, "%s:%d:%d: %.300s", policy->file, problems.all.at[0].line,
                  problems.all.at[0].column, problems.all.at[0].text);
    problems_release(&problems);
    return rc;
}

static void tell_decisions(struct replay *r)
{
    for (size_t i = 0; i < r->effects.all.len; i++) {
        const struct effect *e = &r->effects.all.at[i];
        if (e->type != EFFECT_DECISION)
            continue;
        r->report.decisions++;
        if (r->decision)
            r->decision(r->ctx, e->decision.pool, e->decision.decision);
    }
}

static int step(struct replay *r, struct recorded_event *recorded, struct error *err)
{
    struct event *ev = &recorded->ev;
    if (ev->type == EVENT_POLICY) {
        int rc = read_policy(r, &recorded->policy, &ev->policy.take_spec, err);
        if (rc < 0)
            return rc;
    }
    effect_list_clear(&r->effects);
    struct error refused = { 0 };
    int rc = control_step(r->control, ev, &r->effects, &refused);
    if (rc == MUSTER_E_NOMEM)
        return error_nomem(err); /* here, not where it was recorded */
    if (r->report.events++ == 0)
        r->report.first_wall_ns = ev->wall_ns;
    r->report.last_wall_ns = ev->wall_ns;
    r->report.effects += r->effects.all.len;
    tell_decisions(r);
    return recording_effects_write(&r->effects, rc, &r->did, err);
}

static int on_event(struct replay *r, const cJSON *line, struct error *err)
{
    struct recorded_event recorded;
    if (!r->control) {
        error_set(err, MUSTER_E_INVALID, "an event before a life began");
        return wrong(r, err);
    }
    if (r->did.len > 0) {
        differ(r, "nothing", buf_text(&r->did));
        return 0;
    }
    int rc = recorded_event_read(line, &recorded, err);
    if (rc < 0)
        return wrong(r, err);
    rc = step(r, &recorded, err);
    recorded_event_release(&recorded);
    return rc < 0 ? wrong(r, err) : 0;
}

/* ---- what it did -------------------------------------------------------------------------------- */

static void on_did(struct replay *r, const char *text)
{
    if (r->did.len == 0)
        differ(r, text, "nothing");
    else if (strcmp(text, buf_text(&r->did)) != 0)
        differ(r, text, buf_text(&r->did));
    buf_clear(&r->did);
}

static int on_line(struct replay *r, const char *text, size_t len, struct error *err)
{
    cJSON *line = NULL;
    r->report.line++;
    int rc = json_parse((struct str){ text, len }, &line, err);
    if (rc < 0)
        return wrong(r, err);
    if (cJSON_HasObjectItem(line, "recording"))
        rc = begin(r, line, err);
    else if (cJSON_HasObjectItem(line, "event"))
        rc = on_event(r, line, err);
    else if (cJSON_HasObjectItem(line, "did"))
        on_did(r, text);
    else {
        error_set(err, MUSTER_E_INVALID, "neither an event nor what it did");
        rc = wrong(r, err);
    }
    cJSON_Delete(line);
    return rc;
}

static int read_lines(struct replay *r, FILE *file, struct error *err)
{
    char *line = NULL;
    size_t size = 0;
    int rc = 0;
    while (rc == 0 && !r->report.differs) {
        errno = 0;
        ssize_t len = getline(&line, &size, file);
        if (len < 0) {
            if (!feof(file))
                rc = errno == ENOMEM ? error_nomem(err) : error_errno(err, errno, "%s", r->path);
            break;
        }
        r->report.cut = line[len - 1] != '\n';
        if (r->report.cut)
            break;
        line[--len] = '\0';
        if ((size_t)len > LINE_MAX_BYTES)
            rc = error_set(err, MUSTER_E_TOOBIG, "%s:%llu: the line is too long", r->path,
                           (unsigned long long)r->report.line + 1);
        else
            rc = on_line(r, line, (size_t)len, err);
    }
    free(line);
    return rc;
}

int replay_file(const char *path, const struct kinds *kinds, replay_decision_cb *decision,
                void *ctx, struct replay_report *ret, struct error *err)
{
    struct replay r = { .path = path, .kinds = kinds, .decision = decision, .ctx = ctx };
    FILE *file = fopen(path, "re");
    if (!file)
        return error_errno(err, errno, "%s", path);
    int rc = read_lines(&r, file, err);
    fclose(file);
    if (rc == 0 && r.report.lives == 0)
        rc = error_set(err, MUSTER_E_INVALID, "%s: not a recording of musterd", path);
    if (rc == 0)
        *ret = r.report;
    control_free(r.control);
    effect_list_release(&r.effects);
    buf_release(&r.did);
    return rc;
}
