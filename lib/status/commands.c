/* What people and nodes tell the controller: pause, resume, drain; heartbeats. */
#include <string.h>

#include "status/heartbeat.h"
#include "status/parts.h"

/* Which HTTP status says best what an error means to who asked. */
static int status_for(int code)
{
    switch (code) {
    case MUSTER_E_INVALID:
    case MUSTER_E_RANGE:
        return 400;
    case MUSTER_E_NOTFOUND:
        return 404;
    case MUSTER_E_REFUSED:
        return 409;
    default:
        return 503;
    }
}

static int submit(struct status *status, struct status_request *r, struct event *ev)
{
    int rc = status->env.submit(status->env.ctx, ev, &r->err);
    return rc < 0 ? status_for(rc) : 0;
}

/* A body is not needed; if there is one it must be JSON all the same. */
static int check_body(struct status_request *r)
{
    if (r->x->body.len == 0)
        return 0;
    cJSON *json = NULL;
    if (json_parse(r->x->body, &json, &r->err) < 0)
        return 400;
    cJSON_Delete(json);
    return 0;
}

static int set_paused(struct status *status, struct status_request *r, const char *pool,
                      bool paused)
{
    int code = check_body(r);
    if (code)
        return code;
    struct event ev = { .type = paused ? EVENT_PAUSE : EVENT_RESUME };
    if (paused)
        ev.pause.pool = pool;
    else
        ev.resume.pool = pool;
    code = submit(status, r, &ev);
    if (code)
        return code;
    log_line(status->env.log, LOG_INFO, paused ? "paused by an operator" : "resumed by an operator",
             LOG_STR("pool", pool[0] ? pool : "*"));
    cache_clear(&status->cache);
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    json_str(&j, "pool", pool[0] ? pool : "*");
    json_bool(&j, "paused", paused);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}

static int set_pool_paused(struct status *status, struct status_request *r, bool paused)
{
    struct pool_view pool;
    if (!control_pool_find(status->env.control, r->name, &pool)) {
        error_set(&r->err, MUSTER_E_NOTFOUND, "there is no pool '%s'", r->name);
        return 404;
    }
    return set_paused(status, r, r->name, paused);
}

int status_pause(struct status *status, struct status_request *r)
{
    return set_pool_paused(status, r, true);
}

int status_resume(struct status *status, struct status_request *r)
{
    return set_pool_paused(status, r, false);
}

int status_pause_all(struct status *status, struct status_request *r)
{
    return set_paused(status, r, "", true);
}

int status_resume_all(struct status *status, struct status_request *r)
{
    return set_paused(status, r, "", false);
}

static int no_such_node(struct status_request *r)
{
    error_set(&r->err, MUSTER_E_NOTFOUND, "there is no node '%s'", r->name);
    return 404;
}

int status_drain(struct status *status, struct status_request *r)
{
    int code = check_body(r);
    if (code)
        return code;
    if (!control_node_find(status->env.control, r->name, NULL))
        return no_such_node(r);
    struct event ev = { .type = EVENT_DRAIN, .drain = { .node = r->name } };
    code = submit(status, r, &ev);
    if (code)
        return code;
    log_line(status->env.log, LOG_INFO, "drain asked for by an operator", LOG_STR("node", r->name));
    cache_clear(&status->cache);
    const char *pool = NULL;
    const struct node *node = control_node_find(status->env.control, r->name, &pool);
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    json_str(&j, "node", r->name);
    json_str(&j, "pool", pool);
    json_str(&j, "state", node_state_word(node ? (enum node_state)node->state : NODE_GONE));
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}

/* ---- heartbeats ---- */

static int check_pool(struct status *status, struct status_request *r, const char *told)
{
    const char *pool = NULL;
    if (!control_node_find(status->env.control, r->name, &pool) || !told[0] || !pool ||
        strcmp(pool, told) == 0)
        return 0;
    error_set(&r->err, MUSTER_E_INVALID, "pool: node '%s' is of pool '%s'", r->name, pool);
    return 400;
}

int status_heartbeat(struct status *status, struct status_request *r)
{
    char pool[POOL_NAME_MAX];
    struct event ev = { .type = EVENT_HEARTBEAT };
    if (heartbeat_parse(r->x->body, r->name, &ev.heartbeat, pool, &r->err) < 0)
        return 400;
    int code = check_pool(status, r, pool);
    if (code == 0)
        code = submit(status, r, &ev);
    if (code)
        return code;
    const struct status_env *env = &status->env;
    struct beat_reply reply = env->beat_reply ? env->beat_reply(env->ctx, r->name)
                                              : control_beat_reply(env->control, r->name);
    if (!reply.known)
        return no_such_node(r);
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    json_bool(&j, "known", true);
    json_bool(&j, "drain", reply.drain);
    json_bool(&j, "run", reply.run);
    status_seconds(&j, "every_s", reply.heartbeat_ns);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}
