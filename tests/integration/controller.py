"""A musterd of a few lines, for tests of what talks to one: takes heartbeats, answers as it is told."""

import http.server
import json
import threading
import time


class Controller:
    """`answer` is what every heartbeat is answered with; `status` the HTTP status."""

    def __init__(self, port=0):
        self.answer = {"drain": False, "run": True, "every_s": 0.2}
        self.status = 200
        self.closed = False
        self.beats = []
        self.headers = []
        self.changed = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.closed:  # a kept connection, after the end
                    self.close_connection = True
                    return
                with outer.changed:
                    outer.beats.append({**json.loads(body), "path": self.path, "at": time.monotonic()})
                    outer.headers.append(dict(self.headers))
                    outer.changed.notify_all()
                    status = outer.status
                    text = json.dumps(outer.answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    def say(self, status=200, **answer):
        with self.changed:
            self.status = status
            self.answer = {**self.answer, **answer}

    def wait(self, wanted, seconds=10):
        """The first heartbeat, from now on or before, for which `wanted` holds."""
        end = time.monotonic() + seconds
        with self.changed:
            while True:
                for beat in self.beats:
                    if wanted(beat):
                        return beat
                left = end - time.monotonic()
                assert left > 0, f"no such heartbeat; the last ones: {self.beats[-5:]}"
                self.changed.wait(left)

    def wait_state(self, state, seconds=10):
        return self.wait(lambda beat: beat["state"] == state, seconds)

    def states(self):
        """The states in their order, repetitions left out."""
        with self.changed:
            all_of_them = [beat["state"] for beat in self.beats]
        return [s for i, s in enumerate(all_of_them) if i == 0 or s != all_of_them[i - 1]]

    def forget(self):
        with self.changed:
            self.beats.clear()

    def close(self):
        self.closed = True
        self.server.shutdown()
        self.server.server_close()
