/*
 * Network addresses that nothing configured here has business with, whatever a name resolves to:
 * link-local ones (where clouds keep their metadata services and, in them, credentials), "any",
 * multicast and broadcast; IPv4 in IPv6 is looked through. Loopback and private networks are
 * allowed: that is where people's queues are.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdbool.h>

#include <sys/socket.h>

/* NULL when the address may be connected to, else what it is: "a link-local address". */
const char *address_forbidden(const struct sockaddr *address);

/* Link-local or one of the clouds' metadata addresses: forbidden, except to who reads credentials. */
bool address_link_local(const struct sockaddr *address);

#endif
