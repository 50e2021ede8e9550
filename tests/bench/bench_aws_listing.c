/*
 * Listing 20,000 machines: 20 pages of XML as EC2 writes it, over HTTP on loopback, through the whole
 * way: HTTP client, signature, expat, provider. CPU and memory of this process; the server is another.
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <curl/curl.h>

#include "auth/aws_client.h"
#include "providers/aws/plugin.h"

#define PAGES    20
#define PER_PAGE 1000

/* What a real machine has beside what is read: interfaces, volumes, groups. */
static const char ballast[] =
    "<architecture>x86_64</architecture><blockDeviceMapping><item><deviceName>/dev/sda1</"
    "deviceName><ebs>"
    "<attachTime>2026-11-22T07:32:16.000Z</attachTime><deleteOnTermination>true</"
    "deleteOnTermination>"
    "<status>attached</status><volumeId>vol-5133046503cb30c03</volumeId></ebs></item></"
    "blockDeviceMapping>"
    "<ebsOptimized>false</ebsOptimized><hypervisor>xen</"
    "hypervisor><networkInterfaceSet><item><association>"
    "<ipOwnerId>123456789012</ipOwnerId><publicDnsName>ip-54-214-174-96.ec2.internal</"
    "publicDnsName>"
    "<publicIp>54.214.174.96</publicIp></"
    "association><attachment><attachTime>2026-11-22T07:32:16.000Z"
    "</attachTime><attachmentId>eni-attach-29d738cb0078bb9c9</"
    "attachmentId><deleteOnTermination>false"
    "</deleteOnTermination><deviceIndex>0</deviceIndex><status>attached</status></"
    "attachment><groupSet><item>"
    "<groupId>sg-b2a3784f225d10d1d</groupId><groupName>default</groupName></item></"
    "groupSet><macAddress>"
    "02:00:00:f9:b8:16</macAddress><networkInterfaceId>eni-7c7bf8673a00093c4</networkInterfaceId>"
    "<privateIpAddressesSet><item><primary>true</primary><privateIpAddress>10.60.144.12</"
    "privateIpAddress>"
    "</item></privateIpAddressesSet><subnetId>subnet-10ab4808ffaf59017</subnetId></item></"
    "networkInterfaceSet>"
    "<rootDeviceName>/dev/sda1</rootDeviceName><rootDeviceType>ebs</"
    "rootDeviceType><groupSet><item><groupId>"
    "sg-b2a3784f225d10d1d</groupId><groupName>default</groupName></item></"
    "groupSet><metadataOptions><state>"
    "applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</"
    "httpPutResponseHopLimit>"
    "</metadataOptions><virtualizationType>hvm</virtualizationType>";

/* ---- the server --------------------------------------------------------------------------------- */

static void add_instance(struct buf *out, int number)
{
    buf_addf(out, "<item><reservationId>r-%017x</reservationId><instancesSet><item>",
             (unsigned)number);
    buf_add_c(out, ballast);
    buf_addf(
        out,
        "<instanceId>i-%017x</instanceId><instanceState><code>16</code><name>running</name></"
        "instanceState><instanceLifecycle>spot</instanceLifecycle>"
        "<instanceType>c5.large</instanceType><launchTime>2026-11-22T07:32:16.000Z</"
        "launchTime><placement>"
        "<availabilityZone>eu-central-1a</availabilityZone></placement><tagSet>"
        "<item><key>muster:controller</key><value>muster</value></item><item><key>muster:pool</key>"
        "<value>render</value></item><item><key>muster:intent</key><value>%032x</value></"
        "item><item>"
        "<key>muster:offer</key><value>aws/eu-central-1/spot/4</value></"
        "item><item><key>muster:slots</key>"
        "<value>4</value></item></tagSet></item></instancesSet></item>",
        (unsigned)number, (unsigned)number);
}

/* EC2 writes each element on a line of its own, indented. */
static void add_spaced(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        buf_add_char(out, text.ptr[i]);
        if (text.ptr[i] == '>' && i + 1 < text.len && text.ptr[i + 1] == '<')
            buf_add_c(out, "\n                ");
    }
}

static void make_page(struct buf *out, int page)
{
    struct buf dense = { 0 };
    buf_add_c(&dense, "<DescribeInstancesResponse><requestId>1</requestId><reservationSet>");
    for (int i = 0; i < PER_PAGE; i++)
        add_instance(&dense, page * PER_PAGE + i);
    buf_add_c(&dense, "</reservationSet>");
    if (page + 1 < PAGES)
        buf_addf(&dense, "<nextToken>page%d</nextToken>", page + 1);
    buf_add_c(&dense, "</DescribeInstancesResponse>");
    buf_clear(out);
    add_spaced(out, buf_str(&dense));
    buf_release(&dense);
}

static void say(int fd, struct str text)
{
    for (size_t at = 0; at < text.len;) {
        ssize_t n = write(fd, text.ptr + at, text.len - at);
        if (n <= 0)
            exit(1);
        at += (size_t)n;
    }
}

static void answer(int fd, const char *request)
{
    struct buf head = { 0 };
    struct buf page = { 0 };
    const char *token = strstr(request, "NextToken=page");
    if (strstr(request, "Action=DescribeInstances&"))
        make_page(&page, token ? (int)strtol(token + 14, NULL, 10) : 0);
    else
        buf_add_c(&page, "<DescribeSpotInstanceRequestsResponse/>");
    buf_addf(&head, "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n\r\n",
             page.len);
    say(fd, buf_str(&head));
    say(fd, buf_str(&page));
    buf_release(&head);
    buf_release(&page);
}

static void serve(int fd)
{
    static char request[65536];
    size_t len = 0;
    int client = accept(fd, NULL, NULL);
    ssize_t n;
    while ((n = read(client, request + len, sizeof(request) - 1 - len)) > 0) {
        len += (size_t)n;
        request[len] = '\0';
        const char *body = strstr(request, "\r\n\r\n");
        const char *length = strstr(request, "Content-Length: ");
        if (!body || len < (size_t)(body + 4 - request) + strtoul(length + 16, NULL, 10))
            continue;
        answer(client, request);
        len = 0;
    }
    exit(0);
}

/* Its own process, before anything is counted here. */
static pid_t start_server(char *url, size_t size)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(in);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) || listen(fd, 4) ||
        getsockname(fd, (struct sockaddr *)&in, &len))
        exit(1);
    pid_t pid = fork();
    if (pid == 0)
        serve(fd);
    close(fd);
    snprintf(url, size, "http://127.0.0.1:%d", ntohs(in.sin_port));
    return pid;
}

/* In a process of its own, too: what a page takes here would hide what reading takes. */
static size_t all_bytes(void)
{
    int fds[2];
    size_t bytes = 0;
    if (pipe(fds))
        exit(1);
    if (fork() == 0) {
        struct buf page = { 0 };
        make_page(&page, 0);
        bytes = page.len * PAGES;
        exit(write(fds[1], &bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes));
    }
    if (read(fds[0], &bytes, sizeof(bytes)) != (ssize_t)sizeof(bytes))
        exit(1);
    wait(NULL);
    return bytes;
}

/* ---- what is measured --------------------------------------------------------------------------- */

struct outcome {
    size_t nodes;
    struct error err;
    struct provider *provider;
    struct aws_client *aws;
    struct http_client *http;
};

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(void)
{
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return use.ru_maxrss;
}

static void on_list(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    struct outcome *o = ctx;
    (void)nodes;
    o->nodes = len;
    o->err = *err;
    provider_aws.close(o->provider);
    aws_client_free(o->aws);
    http_client_free(o->http);
}

static int list(const char *url, struct outcome *o)
{
    uv_loop_t loop;
    struct log log = { .fd = 2, .level = LOG_WARNING };
    struct aws_settings settings = { 0 };
    setenv("AWS_ENDPOINT_URL", url, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    uv_loop_init(&loop);
    if (http_client_new(&loop, "bench", &o->http, &o->err) < 0)
        return -1;
    const struct aws_client_env aws_env = { &loop, &log, &clock_system, o->http, &settings };
    if (aws_client_new(&aws_env, &o->aws, &o->err) < 0)
        return -1;
    const struct provider_env env = { .loop = &loop,
                                      .log = &log,
                                      .clock = &clock_system,
                                      .controller = "muster",
                                      .state_dir = "/",
                                      .aws = o->aws };
    if (provider_aws.open(&env, &o->provider, &o->err) < 0)
        return -1;
    provider_aws.list(o->provider, "aws:eu-central-1", on_list, o);
    uv_run(&loop, UV_RUN_DEFAULT);
    return o->err.code;
}

int main(void)
{
    char url[64];
    struct outcome o = { 0 };
    signal(SIGPIPE, SIG_IGN);
    pid_t server = start_server(url, sizeof(url));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    size_t bytes = all_bytes();
    long before_kib = peak_kib();
    double from_s = cpu_s();
    int rc = list(url, &o);
    double used_s = cpu_s() - from_s;
    long kib = peak_kib() - before_kib;
    kill(server, SIGTERM);
    waitpid(server, NULL, 0);
    curl_global_cleanup();
    if (rc < 0) {
        fprintf(stderr, "%s\n", o.err.text);
        return 1;
    }
    bool good = used_s < 2 && kib < 32 * 1024 && o.nodes == (size_t)PAGES * PER_PAGE;
    printf(
        "listing of %zu machines, %zu MiB of XML in %d pages over HTTP: %.2f s of CPU (bound 2), "
        "%.1f MiB more memory (bound 32)\n",
        o.nodes, bytes >> 20, PAGES, used_s, (double)kib / 1024);
    return good ? 0 : 1;
}
