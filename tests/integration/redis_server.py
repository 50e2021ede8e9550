"""A real redis-server for a test: on a free port of 127.0.0.1, with nothing on disk."""

import shutil
import socket
import subprocess
import time

import pytest
import redis


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class RedisServer:
    def __init__(self):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = redis.Redis.from_url(self.url)
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no"], stdout=subprocess.DEVNULL)
        for _ in range(500):
            try:
                self.client.ping()
                return
            except redis.ConnectionError:
                time.sleep(0.02)
        raise RuntimeError("redis-server does not start")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis_server():
    if not shutil.which("redis-server"):
        pytest.skip("there is no redis-server on this machine")
    server = RedisServer()
    yield server
    server.stop()
