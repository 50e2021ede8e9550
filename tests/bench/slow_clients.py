#!/usr/bin/env python3
"""Clients that make an HTTP server wait: they send a request a byte at a time, or ask for a long
answer and read it a few bytes at a time. Whoever is thrown out comes again.

usage: slow_clients.py PORT COUNT
"""

import random
import socket
import sys
import time

REQUEST = b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: " + b"a" * 4000


class Client:
    def __init__(self, port, reads_slowly):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self.sock.connect(("127.0.0.1", port))
        self.sock.setblocking(False)
        self.reads_slowly = reads_slowly
        self.sent = 0
        if reads_slowly:
            self.sock.send(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20)

    def step(self):
        """A little more; False when the server has ended it."""
        try:
            if self.reads_slowly:
                return self.sock.recv(16) != b""
            self.sock.send(REQUEST[self.sent % len(REQUEST):][:1])
            self.sent += 1
            return self.sock.recv(16) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


def main():
    port, count = int(sys.argv[1]), int(sys.argv[2])
    clients = [Client(port, i % 2 == 0) for i in range(count)]
    ended = 0
    while True:
        for i, client in enumerate(clients):
            if not client.step():
                client.sock.close()
                clients[i] = Client(port, client.reads_slowly)
                ended += 1
        time.sleep(0.2 + random.random() * 0.1)


try:
    main()
except (KeyboardInterrupt, ConnectionError):
    pass
