/* The HTTP client over TLS: certificates and names are verified, and by default against the system's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "net/http_client.h"
#include "net/http_server.h"

#include <cmocka.h>

struct fixture {
    uv_loop_t loop;
    struct http_client *client;
    struct http_server *server;
    char cert[32], key[32];
    int status, code;
    char text[ERROR_TEXT_MAX];
};

static FILE *new_file(char path[static 32])
{
    snprintf(path, 32, "/tmp/muster-test-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    return file;
}

/* Self-signed, for 127.0.0.1 alone. */
static void write_certificate(struct fixture *f)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(cert, names, -1);
    assert_int_not_equal(X509_sign(cert, key, EVP_sha256()), 0);
    FILE *file = new_file(f->cert);
    assert_int_equal(PEM_write_X509(file, cert), 1);
    fclose(file);
    file = new_file(f->key);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_EXTENSION_free(names);
    X509_free(cert);
    EVP_PKEY_free(key);
}

static void handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    (void)ctx;
    (void)x;
    ret->status = 200;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    uv_loop_init(&f->loop);
    write_certificate(f);
    const struct http_server_options options = { .host = "127.0.0.1",
                                                 .tls_cert = f->cert,
                                                 .tls_key = f->key };
    assert_int_equal(http_client_new(&f->loop, "muster-test", &f->client, NULL), 0);
    assert_int_equal(http_server_new(&f->loop, NULL, &options, handle, NULL, &f->server, NULL), 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_client_free(f->client);
    http_server_free(f->server);
    uv_run(&f->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&f->loop);
    unlink(f->cert);
    unlink(f->key);
    free(f);
    return busy;
}

static void on_done(void *ctx, const struct http_response *response, const struct error *err)
{
    struct fixture *f = ctx;
    f->status = response ? response->status : 0;
    f->code = err->code;
    snprintf(f->text, sizeof(f->text), "%s", err->text);
    uv_stop(&f->loop);
}

static void get(struct fixture *f, const char *host, const char *ca_file)
{
    char url[64];
    snprintf(url, sizeof(url), "https://%s:%u/", host, http_server_port(f->server));
    f->status = f->code = -1;
    assert_int_equal(
        http_call(f->client,
                  &(struct http_request){ .method = "GET", .url = url, .ca_file = ca_file },
                  on_done, f, NULL, NULL),
        0);
    while (f->status == -1)
        uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void test_verified(void **state)
{
    struct fixture *f = *state;
    get(f, "127.0.0.1", f->cert);
    assert_string_equal(f->text, "");
    assert_int_equal(f->status, 200);
}

/* Nothing was asked yet of a server that is not who it should be. */
static void test_unknown_issuer(void **state)
{
    struct fixture *f = *state;
    get(f, "127.0.0.1", NULL);
    assert_int_equal(f->code, MUSTER_E_TRANSIENT);
    assert_non_null(strstr(f->text, "certificate"));
}

static void test_another_name(void **state)
{
    struct fixture *f = *state;
    get(f, "localhost", f->cert);
    assert_int_equal(f->code, MUSTER_E_TRANSIENT);
    assert_non_null(strstr(f->text, "'localhost'"));
}

static void test_bad_ca_file(void **state)
{
    struct fixture *f = *state;
    get(f, "127.0.0.1", "/no/such/file");
    assert_int_equal(f->code, MUSTER_E_INVALID);
    assert_non_null(strstr(f->text, "/no/such/file"));
}

/* A connection that was verified by one set of certificates is not lent to a call with another. */
static void test_kept_connections_are_not_mixed(void **state)
{
    struct fixture *f = *state;
    get(f, "127.0.0.1", f->cert);
    assert_int_equal(f->status, 200);
    get(f, "127.0.0.1", NULL);
    assert_int_equal(f->code, MUSTER_E_TRANSIENT);
}

/* A client that begins a handshake and says no more: the server's loop goes on all the same. */
static void test_a_stalled_handshake_stops_nobody(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in in = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(http_server_port(f->server)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(send(fd, "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL), 6);
    for (int i = 0; i < 3; i++) {
        get(f, "127.0.0.1", f->cert);
        assert_int_equal(f->status, 200);
    }
    close(fd);
}

static int start_curl(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -1;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_verified),
        TEST(test_unknown_issuer),
        TEST(test_another_name),
        TEST(test_bad_ca_file),
        TEST(test_kept_connections_are_not_mixed),
        TEST(test_a_stalled_handshake_stops_nobody),
    };
    return cmocka_run_group_tests(tests, start_curl, NULL);
}
