"""A page in headless Chromium, over its DevTools protocol."""

import base64
import json
import shutil
import subprocess
import urllib.request

import websocket

from musterd import wait_for

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program():
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    def __init__(self, folder):
        self.log = open(folder / "chromium.log", "wb")
        self.process = subprocess.Popen(
            [program(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
             "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--remote-debugging-port=0", "--remote-allow-origins=*",
             f"--user-data-dir={folder / 'chromium'}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        port = folder / "chromium" / "DevToolsActivePort"
        wait_for("Chromium listens", 60, lambda: port.exists() and "\n" in port.read_text())
        self.number = port.read_text().split("\n")[0]

        def page():
            with urllib.request.urlopen(f"http://127.0.0.1:{self.number}/json", timeout=60) as answer:
                return next((p for p in json.load(answer) if p["type"] == "page"), None)

        self.socket = websocket.create_connection(
            wait_for("a page", 60, page)["webSocketDebuggerUrl"], timeout=120)
        self.asked = 0
        self.events = []
        for domain in ("Page", "Runtime", "Log"):
            self.ask(domain + ".enable")

    def _receive(self):
        message = json.loads(self.socket.recv())
        if "method" in message:
            self.events.append(message)
        return message

    def ask(self, method, **params):
        self.asked += 1
        self.socket.send(json.dumps({"id": self.asked, "method": method, "params": params}))
        while True:
            message = self._receive()
            if message.get("id") == self.asked:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]

    def open(self, url, width, height):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=2, mobile=True)
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(e["method"] == "Page.loadEventFired" for e in self.events):
            self._receive()

    def value(self, expression):
        answer = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self):
        """What a person would see in the console: messages, exceptions, refused or failed loads."""
        kinds = ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")
        return [e for e in self.events if e["method"] in kinds]

    def screenshot(self, path):
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=60)
        self.log.close()
