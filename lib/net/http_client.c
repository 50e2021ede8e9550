#include "net/http_client.h"

#include <stdlib.h>

#include "net/http_call.h"

/* One of curl's sockets, watched by the loop. */
struct http_socket {
    uv_poll_t poll;
    curl_socket_t fd;
    struct http_client *client;
};

static void finish_done(struct http_client *client);

/* ---- the loop drives curl -------------------------------------------------------------------- */

static void client_release_handle(struct http_client *client)
{
    if (--client->handles > 0)
        return;
    free(client->user_agent);
    free(client);
}

static void on_timer_closed(uv_handle_t *handle)
{
    client_release_handle(handle->data);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct http_socket *socket = handle->data;
    client_release_handle(socket->client);
    free(socket);
}

static void on_timer(uv_timer_t *timer)
{
    struct http_client *client = timer->data;
    int running;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_done(client);
}

static void on_socket(uv_poll_t *poll, int status, int events)
{
    struct http_socket *socket = poll->data;
    struct http_client *client = socket->client;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) | (status < 0 ? CURL_CSELECT_ERR : 0);
    int running;
    curl_multi_socket_action(client->multi, socket->fd, flags, &running);
    finish_done(client);
}

/* curl calls these two; neither may call back into curl. */

static int set_timer(CURLM *multi, long timeout_ms, void *ctx)
{
    struct http_client *client = ctx;
    (void)multi;
    if (timeout_ms < 0)
        return uv_timer_stop(&client->timer) ? -1 : 0;
    return uv_timer_start(&client->timer, on_timer, (uint64_t)timeout_ms, 0) ? -1 : 0;
}

static struct http_socket *socket_new(struct http_client *client, curl_socket_t fd)
{
    struct http_socket *socket = calloc(1, sizeof(*socket));
    if (!socket)
        return NULL;
    if (uv_poll_init_socket(client->loop, &socket->poll, fd)) {
        free(socket);
        return NULL;
    }
    socket->poll.data = socket;
    socket->fd = fd;
    socket->client = client;
    client->handles++;
    curl_multi_assign(client->multi, fd, socket);
    return socket;
}

/*
 * A socket that cannot be watched (no memory) fails this call alone. Telling curl instead would end
 * every transfer of the client.
 */
static int get_stuck(struct http_client *client, CURL *easy)
{
    struct http_call *call = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&call);
    call->stuck = client->any_stuck = true;
    return set_timer(client->multi, 0, client);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct http_client *client = ctx;
    struct http_socket *socket = socket_ctx;
    if (what == CURL_POLL_REMOVE) {
        if (socket) {
            uv_close((uv_handle_t *)&socket->poll, on_socket_closed);
            curl_multi_assign(client->multi, fd, NULL);
        }
        return 0;
    }
    if (!socket && !(socket = socket_new(client, fd)))
        return get_stuck(client, easy);
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&socket->poll, events, on_socket) ? get_stuck(client, easy) : 0;
}

/* ---- a client ---------------------------------------------------------------------------------- */

static int multi_set_up(struct http_client *client, struct error *err)
{
    CURLM *multi = client->multi;
    CURLMcode rc = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
    rc = rc ? rc : curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, client);
    rc = rc ? rc : curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
    rc = rc ? rc : curl_multi_setopt(multi, CURLMOPT_TIMERDATA, client);
    rc = rc ? rc : curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, 32L);
    rc = rc ? rc : curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 64L);
    if (rc)
        return error_set(err, MUSTER_E_NOMEM, "HTTP client: %s", curl_multi_strerror(rc));
    return 0;
}

int http_client_new(uv_loop_t *loop, const char *user_agent, struct http_client **ret,
                    struct error *err)
{
    struct http_client *client = calloc(1, sizeof(*client));
    if (!client)
        return error_nomem(err);
    client->loop = loop;
    client->user_agent = str_dup(str_from(user_agent));
    client->multi = curl_multi_init();
    int rc = client->user_agent && client->multi ? multi_set_up(client, err) : error_nomem(err);
    if (rc < 0) {
        curl_multi_cleanup(client->multi);
        free(client->user_agent);
        free(client);
        return rc;
    }
    uv_timer_init(loop, &client->timer);
    client->timer.data = client;
    client->handles = 1;
    *ret = client;
    return 0;
}

static void call_detach(struct http_call *call)
{
    struct http_client *client = call->client;
    curl_multi_remove_handle(client->multi, call->easy);
    if (call->before)
        call->before->next = call->next;
    else
        client->calls = call->next;
    if (call->next)
        call->next->before = call->before;
}

void http_cancel(struct http_call *call)
{
    call_detach(call);
    http_call_free(call);
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    while (client->calls)
        http_cancel(client->calls);
    /* Closes kept connections, and with them takes their sockets from the loop. */
    curl_multi_cleanup(client->multi);
    client->multi = NULL;
    uv_close((uv_handle_t *)&client->timer, on_timer_closed);
}

/* ---- the end of a call ------------------------------------------------------------------------ */

static void call_finish(struct http_call *call, CURLcode code)
{
    struct error err = { 0 };
    struct http_response response = { 0 };
    long status = 0;
    if (code == CURLE_OK) {
        curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        response.status = (int)status;
        response.body = buf_str(&call->body);
        response.content_type = http_call_header(call, "Content-Type");
        response.date = http_call_header(call, "Date");
        response.call = call;
    } else {
        http_call_failure(call, code, &err);
    }
    call->done(call->ctx, code == CURLE_OK ? &response : NULL, &err);
    http_call_free(call);
}

struct str http_response_header(const struct http_response *response, const char *name)
{
    return response->call ? http_call_header(response->call, name) : STR("");
}

static void finish_stuck(struct http_client *client)
{
    struct http_call *call = client->calls;
    client->any_stuck = false;
    while (client->multi && call) {
        if (call->stuck) {
            call_detach(call);
            call_finish(call, CURLE_OUT_OF_MEMORY);
            call = client->calls; /* the callback may have changed the list */
        } else {
            call = call->next;
        }
    }
}

/* A callback may cancel any other call, and free the client: then multi is NULL, and the client
 * itself still there until its handles have closed. */
static void finish_done(struct http_client *client)
{
    int left;
    CURLMsg *message;
    while (client->multi && (message = curl_multi_info_read(client->multi, &left))) {
        struct http_call *call = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
        call_detach(call);
        call_finish(call, code);
    }
    if (client->any_stuck)
        finish_stuck(client);
}

/* ---- a call ----------------------------------------------------------------------------------- */

int http_call(struct http_client *client, const struct http_request *request, http_done_cb *done,
              void *ctx, struct http_call **ret_call, struct error *err)
{
    struct http_call *call = NULL;
    int rc = http_call_new(client, request, &call, err);
    if (rc < 0)
        return rc;
    if (curl_multi_add_handle(client->multi, call->easy) != CURLM_OK) {
        http_call_free(call);
        return error_nomem(err);
    }
    call->done = done;
    call->ctx = ctx;
    call->next = client->calls;
    if (call->next)
        call->next->before = call;
    client->calls = call;
    if (ret_call)
        *ret_call = call;
    return 0;
}
