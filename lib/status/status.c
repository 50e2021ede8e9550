#include "status/status.h"

#include <stdlib.h>
#include <string.h>

#include "status/parts.h"

/* ---- small things for the documents ---- */

void status_seconds(struct json_out *j, const char *key, int64_t ns)
{
    if (ns < 0)
        json_null(j, key);
    else
        json_num(j, key, (double)ns * 1e-9);
}

/* In full, to the micro-dollar: a sum of many months must not be rounded to six digits. */
void status_usd(struct json_out *j, const char *key, int64_t usd_micro)
{
    char text[48];
    if (usd_micro == PRICE_UNKNOWN) {
        json_null(j, key);
        return;
    }
    uint64_t abs = usd_micro < 0 ? 0 - (uint64_t)usd_micro : (uint64_t)usd_micro;
    int len = snprintf(text, sizeof(text), "%s%llu.%06llu", usd_micro < 0 ? "-" : "",
                       (unsigned long long)(abs / 1000000), (unsigned long long)(abs % 1000000));
    while (len > 0 && text[len - 1] == '0')
        len--;
    if (len > 0 && text[len - 1] == '.')
        len--;
    json_raw(j, key, (struct str){ text, (size_t)len });
}

void status_time(struct json_out *j, const char *key, int64_t wall_ns)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_wall(wall_ns, text);
    json_str(j, key, text);
}

void status_age(struct json_out *j, const char *key, const struct status_facts *facts,
                int64_t at_ns)
{
    status_seconds(j, key, at_ns == 0 ? -1 : facts->now_ns > at_ns ? facts->now_ns - at_ns : 0);
}

int status_query_int(struct status_request *r, const char *name, int64_t fallback, int64_t min,
                     int64_t max, int64_t *ret)
{
    const char *text = r->x->query(r->x, name);
    int64_t value = fallback;
    if (text && (units_parse_int(str_from(text), &value, NULL) < 0 || value < min || value > max)) {
        error_set(&r->err, MUSTER_E_RANGE, "%s must be a whole number from %lld to %lld", name,
                  (long long)min, (long long)max);
        return 400;
    }
    *ret = value;
    return 0;
}

/* ---- routes ---- */

enum route_method { ROUTE_GET, ROUTE_POST };

static status_page index_page;

#define ROLE_NONE STATUS_ROLES

struct route {
    enum route_method method;
    const char *pattern; /* '*' stands for one name */
    enum status_role role;
    bool cached;
    status_page *answer;
};

static const struct route routes[] = {
    { ROUTE_GET, "/", ROLE_NONE, false, index_page },
    { ROUTE_GET, "/dashboard.css", ROLE_NONE, false, status_dashboard_css },
    { ROUTE_GET, "/dashboard.js", ROLE_NONE, false, status_dashboard_js },
    { ROUTE_GET, "/healthz", ROLE_NONE, false, status_healthz },
    { ROUTE_GET, "/readyz", ROLE_NONE, false, status_readyz },
    { ROUTE_GET, "/metrics", STATUS_READ, true, status_metrics_page },
    { ROUTE_GET, "/status", STATUS_READ, true, status_overview },
    { ROUTE_GET, "/status/*", STATUS_READ, true, status_pool_page },
    { ROUTE_GET, "/nodes", STATUS_READ, true, status_nodes_page },
    { ROUTE_GET, "/explain/*", STATUS_READ, false, status_explain_page },
    { ROUTE_POST, "/v1/pause", STATUS_ADMIN, false, status_pause_all },
    { ROUTE_POST, "/v1/resume", STATUS_ADMIN, false, status_resume_all },
    { ROUTE_POST, "/v1/pools/*/pause", STATUS_ADMIN, false, status_pause },
    { ROUTE_POST, "/v1/pools/*/resume", STATUS_ADMIN, false, status_resume },
    { ROUTE_POST, "/v1/nodes/*/drain", STATUS_ADMIN, false, status_drain },
    { ROUTE_POST, "/v1/nodes/*/heartbeat", STATUS_AGENT, false, status_heartbeat },
};

#define ROUTES (sizeof(routes) / sizeof(routes[0]))

/* Browsers get the dashboard, everyone else a list. */
static int index_page(struct status *status, struct status_request *r)
{
    const char *accept = r->x->header(r->x, "Accept");
    if (accept && strstr(accept, "text/html"))
        return status_dashboard(status, r);
    buf_add_c(&r->out, "muster " MUSTER_VERSION "\n\n");
    for (size_t i = 0; i < ROUTES; i++)
        buf_addf(&r->out, "%-4s %s\n", routes[i].method == ROUTE_GET ? "GET" : "POST",
                 routes[i].pattern);
    r->content_type = TYPE_TEXT;
    return 200;
}

static const char name_bytes[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:-";

/* Byte for byte: no decoding, no dots, no doubled slashes, so there is one spelling of each path. */
static bool matches(const char *pattern, const char *path, char name[static NODE_ID_MAX])
{
    name[0] = '\0';
    const char *star = strchr(pattern, '*');
    if (!star)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(star - pattern);
    if (strncmp(pattern, path, before) != 0)
        return false;
    size_t len = strspn(path + before, name_bytes);
    if (len == 0 || len >= NODE_ID_MAX || strcmp(path + before + len, star + 1) != 0)
        return false;
    memcpy(name, path + before, len);
    name[len] = '\0';
    return true;
}

/* The route, or NULL and 404, or 405 with the methods that the path knows. */
static const struct route *find_route(struct status_request *r, int *ret_status,
                                      const char **ret_allow)
{
    bool post = strcmp(r->x->method, "POST") == 0;
    *ret_status = 404;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!matches(routes[i].pattern, r->x->path, r->name))
            continue;
        if ((routes[i].method == ROUTE_POST) == post)
            return &routes[i];
        *ret_status = 405;
        *ret_allow = routes[i].method == ROUTE_POST ? "POST" : "GET, HEAD";
    }
    if (*ret_status == 405)
        error_set(&r->err, MUSTER_E_INVALID, "this path takes %s only", *ret_allow);
    else
        error_set(&r->err, MUSTER_E_NOTFOUND, "no such path; GET / lists them");
    return NULL;
}

/* ---- answering ---- */

/* A form of another site's page could send text/plain without asking, but never JSON. */
static int check_post(struct status_request *r)
{
    const char *type = r->x->content_type;
    if (r->x->body.len > 0 && (strncmp(type, TYPE_JSON, strlen(TYPE_JSON)) != 0 ||
                               strchr("; \t", type[strlen(TYPE_JSON)]) == NULL)) {
        error_set(&r->err, MUSTER_E_INVALID,
                  "the body must be JSON, with Content-Type: " TYPE_JSON);
        return 415;
    }
    return auth_check_origin(r->x, &r->err);
}

static int permit(struct status *status, const struct route *route, struct status_request *r)
{
    int code = 0;
    if (route->method == ROUTE_POST)
        code = check_post(r);
    if (code == 0 && route->role != ROLE_NONE)
        code = auth_check(&status->auth, route->role, r->x->authorization, &r->err);
    return code;
}

static void put_error(struct status_request *r)
{
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    json_str(&j, "error", r->err.text);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    r->content_type = TYPE_JSON;
}

static struct http_body *take_body(struct status_request *r)
{
    size_t len = r->out.len;
    char *text = buf_take(&r->out);
    return text ? http_body_new(text, len, r->content_type) : NULL;
}

/* What the cache is asked with; the other facts cost more than sending the document does. */
static void look_at_generation(struct status *status, struct status_facts *facts)
{
    const struct status_env *env = &status->env;
    if (env->generation) {
        facts->generation = env->generation(env->ctx);
        facts->now_ns = env->clock->boot_ns(env->clock->ctx);
    } else {
        env->facts(env->ctx, facts);
    }
}

static void answer_route(struct status *status, const struct route *route, struct status_request *r,
                         struct http_answer *ret)
{
    if (route->cached) {
        look_at_generation(status, &r->facts);
        ret->take_body =
            cache_get(&status->cache, r->x->target, r->facts.generation, r->facts.now_ns);
        ret->status = 200;
        if (ret->take_body)
            return;
    }
    if (route->method == ROUTE_GET)
        status->env.facts(status->env.ctx, &r->facts);
    ret->status = route->answer(status, r);
}

static void put_body(struct status *status, const struct route *route, struct status_request *r,
                     struct http_answer *ret)
{
    if (ret->status >= 400 && r->out.len == 0)
        put_error(r);
    ret->take_body = take_body(r);
    if (!ret->take_body)
        ret->status = 503; /* out of memory, or a document past its ceiling */
    else if (route && route->cached && ret->status == 200)
        cache_put(&status->cache, r->x->target, ret->take_body, r->facts.generation,
                  r->facts.now_ns);
}

void status_handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    struct status *status = ctx;
    struct status_request r = { .x = x, .content_type = TYPE_JSON };
    const struct route *route = find_route(&r, &ret->status, &ret->allow);
    if (route)
        ret->status = permit(status, route, &r);
    if (route && ret->status == 0)
        answer_route(status, route, &r, ret);
    if (!ret->take_body)
        put_body(status, route, &r, ret);
    buf_release(&r.out);
    status->answered[ret->status / 100 % STATUS_CLASSES]++;
}

int status_set_tokens(struct status *status, enum status_role role, struct str text,
                      struct error *err)
{
    return auth_set(&status->auth, role, text, err);
}

int status_new(const struct status_env *env, struct status **ret, struct error *err)
{
    struct status *status = calloc(1, sizeof(*status));
    if (!status)
        return error_nomem(err);
    status->env = *env;
    *ret = status;
    return 0;
}

void status_free(struct status *status)
{
    if (!status)
        return;
    cache_clear(&status->cache);
    free(status);
}
