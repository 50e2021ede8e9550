"""A real musterd in a scratch folder, driven from outside as a person would: files, endpoint, signals."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))


def wait_for(what, seconds, condition, every=0.05):
    """The first true answer of condition(); fails, naming `what`, when there is none in time.

    `seconds` is what a quiet machine needs at most; a busy one is given a minute at least.
    """
    seconds = max(seconds, 60)
    until = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(every)


class Musterd:
    def __init__(self, folder, settings=""):
        self.folder = str(folder)
        self.process = None
        self.url = None
        self.log_path = os.path.join(self.folder, "musterd.log")
        os.makedirs(os.path.join(self.folder, "policies"), exist_ok=True)
        os.makedirs(os.path.join(self.folder, "state"), mode=0o700, exist_ok=True)
        # One port for the whole life of the folder: nodes keep reporting to it across restarts.
        self.config = os.path.join(self.folder, "muster.yaml")
        self.settings = settings
        self.port = 0

    def _write_config(self):
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f'listen: "127.0.0.1:{self.port}"\ncontroller: test\npolicies: policies\n')
            file.write("state: state\n" + self.settings)

    def policy(self, name, text):
        """Writes a policy file the way an editor does: whole, or not at all."""
        path = os.path.join(self.folder, "policies", name + ".yaml")
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def remove_policy(self, name):
        os.unlink(os.path.join(self.folder, "policies", name + ".yaml"))

    def start(self, *arguments):
        self._write_config()
        at = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "musterd"), "--allow-root", "--config", self.config, *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def listening():
            assert self.process.poll() is None, "musterd ended:\n" + self.log()
            for line in self.log()[at:].splitlines():
                for word in line.split():
                    if word.startswith("listen=http"):
                        return word.split("=", 1)[1]
            return None

        self.url = wait_for("musterd listens", 15, listening)
        self.port = int(self.url.rsplit(":", 1)[1])
        return self

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the exit status."""
        if self.process is None or self.process.poll() is not None:
            return None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def text(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def status_code(self, path):
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def post(self, path, body=None, token="admin"):
        with open(os.path.join(self.folder, "state", token + ".token"), encoding="utf-8") as file:
            secret = file.read().strip()
        request = urllib.request.Request(
            self.url + path, method="POST", data=json.dumps(body or {}).encode(),
            headers={"Authorization": "Bearer " + secret, "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def pool(self, name):
        """The pool's part of /status, or None while it is not there."""
        for pool in self.get("/status")["pools"]:
            if pool["name"] == name:
                return pool
        return None

    def machines(self, name):
        """How many nodes there are, in any state."""
        pool = self.pool(name)
        return pool["nodes"]["total"] if pool else 0

    def agents(self):
        """The process ids of the agents that run for this folder, by the system's own word."""
        found = []
        for pid in os.listdir("/proc"):
            if not pid.isdigit():
                continue
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"muster-agent") and any(
                    self.folder.encode() in word for word in words):
                found.append(int(pid))
        return found
