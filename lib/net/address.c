#include "net/address.h"

#include <stdint.h>
#include <string.h>

#include <netinet/in.h>

/* fd00:ec2::/32: the metadata service, name server and time server of EC2 over IPv6. */
static const uint8_t ec2_prefix[] = { 0xfd, 0x00, 0x0e, 0xc2 };

static bool v4_link_local(uint32_t ip)
{
    return ip >> 16 == 0xa9fe;
}

static const char *v4_forbidden(uint32_t ip)
{
    if (ip >> 24 == 0)
        return "an address without a host (0.0.0.0/8)";
    if (v4_link_local(ip))
        return "a link-local address (169.254.0.0/16)";
    if (ip >> 28 == 0xe)
        return "a multicast address";
    return ip >> 28 == 0xf ? "a reserved address (240.0.0.0/4)" : NULL;
}

/* The IPv4 address inside ::ffff:a.b.c.d, ::a.b.c.d and the NAT64 prefix 64:ff9b::/96. */
static bool v4_inside(const uint8_t *ip, uint32_t *ret)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t compatible[12] = { 0 };
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    bool inside = memcmp(ip, mapped, 12) == 0 || memcmp(ip, nat64, 12) == 0 ||
                  (memcmp(ip, compatible, 12) == 0 && (ip[12] | ip[13] | ip[14]) != 0);
    if (inside)
        *ret = (uint32_t)ip[12] << 24 | (uint32_t)ip[13] << 16 | (uint32_t)ip[14] << 8 | ip[15];
    return inside;
}

static bool v6_link_local(const uint8_t *ip)
{
    return (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
           memcmp(ip, ec2_prefix, sizeof(ec2_prefix)) == 0;
}

static const char *v6_forbidden(const uint8_t *ip)
{
    static const uint8_t any[16] = { 0 };
    if (memcmp(ip, any, 16) == 0)
        return "an address without a host (::)";
    if (v6_link_local(ip))
        return "a link-local or metadata address";
    return ip[0] == 0xff ? "a multicast address" : NULL;
}

const char *address_forbidden(const struct sockaddr *address)
{
    uint32_t v4;
    if (address->sa_family == AF_UNIX)
        return NULL;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return v4_forbidden(ntohl(in->sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return "an address of an unknown kind";
    const struct sockaddr_in6 *in6 = (const void *)address;
    if (v4_inside(in6->sin6_addr.s6_addr, &v4))
        return v4_forbidden(v4);
    return v6_forbidden(in6->sin6_addr.s6_addr);
}

bool address_link_local(const struct sockaddr *address)
{
    uint32_t v4;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        return v4_link_local(ntohl(in->sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return false;
    const struct sockaddr_in6 *in6 = (const void *)address;
    if (v4_inside(in6->sin6_addr.s6_addr, &v4))
        return v4_link_local(v4);
    return v6_link_local(in6->sin6_addr.s6_addr);
}
