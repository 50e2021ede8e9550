/*
 * Reading a listing of 20,000 machines, 20 pages of XML as EC2 writes it: CPU and memory.
 * The answers are made page by page here, as they come one by one from the wire.
 */
#include <sys/resource.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "control/event.h"
#include "providers/aws/answers.h"

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

static void add_instance(struct buf *out, int number)
{
    buf_addf(out, "<item><reservationId>r-%017x</reservationId><instancesSet><item>",
             (unsigned)number);
    buf_add_c(out, ballast);
    buf_addf(
        out,
        "<instanceId>i-%017x</instanceId><instanceState><code>16</code><name>running</name></"
        "instanceState>"
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

static void make_page(struct buf *out, int page)
{
    buf_clear(out);
    buf_add_c(out, "<DescribeInstancesResponse><reservationSet>");
    for (int i = 0; i < PER_PAGE; i++)
        add_instance(out, page * PER_PAGE + i);
    buf_add_c(out, "</reservationSet><nextToken>next</nextToken></DescribeInstancesResponse>");
}

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

int main(void)
{
    struct buf body = { 0 };
    struct ec2_instances page = { 0 };
    VEC(struct listed_node) nodes = { 0 };
    long before_kib = peak_kib();
    double reading_s = 0;
    size_t bytes = 0;
    for (int n = 0; n < PAGES; n++) {
        struct error err = { 0 };
        make_page(&body, n);
        bytes += body.len;
        double from_s = cpu_s();
        page.all.len = 0;
        if (ec2_read_instances(buf_str(&body), &page, &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            return 1;
        }
        for (size_t i = 0; i < page.all.len; i++) {
            struct listed_node node = { .slots = page.all.at[i].slots };
            str_copy_c(node.id, sizeof(node.id), page.all.at[i].id);
            if (!vec_push(&nodes, node))
                return 1;
        }
        reading_s += cpu_s() - from_s;
    }
    long kib = peak_kib() - before_kib;
    bool good = reading_s < 2 && kib < 32 * 1024 && nodes.len == (size_t)PAGES * PER_PAGE;
    printf("listing of %zu machines, %zu MiB in %d pages: %.2f s of CPU (bound 2), %ld MiB (bound "
           "32)\n",
           nodes.len, bytes >> 20, PAGES, reading_s, kib / 1024);
    vec_release(&nodes);
    ec2_instances_release(&page);
    buf_release(&body);
    return good ? 0 : 1;
}
