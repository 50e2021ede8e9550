#!/usr/bin/env python3
"""Listing 20,000 machines of Compute Engine: musterd reads the pages of instances.aggregatedList from the fake over HTTP
on loopback, adopts all, and lists them again and again. CPU and memory are musterd's alone; the bounds are 3 s of CPU
for a listing and 64 MiB more than before. Needs nothing of Python but its library."""

import os
import pathlib
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), part) for part in ("integration", "fakes")]

from gcp import FakeGCP  # noqa: E402  (found by the line above)
from musterd import Musterd, wait_for  # noqa: E402

MACHINES = int(os.environ.get("LISTING_MACHINES", "20000"))
LISTINGS = 5
LABELS = {"muster-controller": "test", "muster-pool": "render", "muster-slots": "1", "muster-intent": "abcdefgh",
          "muster-offer": "us-central1_e2-standard-2_spot"}
POLICY = """
pool: render
queue: {{ exec: {{ command: "echo 0" }} }}
slots: {{ max: {machines} }}
scale: [ backlog: {{ per_slot: 1 }} ]
pace: {{ in: {{ after: 1h }} }}
buy: {{ offers: [ gcp: {{ zones: [us-central1-a], template: worker, types: {{ e2-standard-2: 1 }} }} ] }}
health: {{ heartbeat: 5m, boot: 1h }}
"""


def cpu_s(musterd):
    with open(f"/proc/{musterd.process.pid}/stat", encoding="utf-8") as file:
        user, system = file.read().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def peak_mib(musterd):
    for line in pathlib.Path(f"/proc/{musterd.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024


def listings(cloud):
    """How many were read to their end."""
    with cloud.lock:
        return sum(1 for call in cloud.calls if call.method.name == "compute.instances.aggregatedList" and
                   "pageToken" not in call.query) - 1


def measure(musterd, cloud):
    before_mib = peak_mib(musterd)
    cloud.populate(MACHINES, LABELS)
    wait_for("all are adopted", 120, lambda: musterd.machines("render") == MACHINES)
    first, started = listings(cloud), cpu_s(musterd)
    wait_for("they are listed again and again", 300, lambda: listings(cloud) >= first + LISTINGS)
    each_s = (cpu_s(musterd) - started) / (listings(cloud) - first)
    more_mib = peak_mib(musterd) - before_mib
    print(f"{MACHINES} machines: {each_s:.2f} s of CPU for a listing and all that musterd does meanwhile, "
          f"{more_mib:.1f} MiB more at the peak (from {before_mib:.1f} MiB)")
    return each_s < 3 and more_mib < 64


def main():
    cloud = FakeGCP().start()
    cloud.template("worker")
    with tempfile.TemporaryDirectory() as folder:
        musterd = Musterd(folder, f"list_every: 2s\ngcp:\n  project: {cloud.project}\n"
                                  f"  credentials: {cloud.tokens.key_file(folder, cloud.url + '/token')}\n"
                                  f'  endpoints: ["*={cloud.url}"]\n')
        musterd.policy("render", POLICY.format(machines=MACHINES))
        musterd.start()
        try:
            wait_for("the first listing", 60, lambda: listings(cloud) >= 1)
            good = measure(musterd, cloud)
        finally:
            musterd.kill()
            cloud.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
