"""python3 -m gcp [PORT [MACHINES]]  in tests/fakes: the fake, to be tried by hand, with so many machines in it."""

import sys
import time

from . import FakeGCP

cloud = FakeGCP().start(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
cloud.template("worker")
if len(sys.argv) > 2:
    cloud.populate(int(sys.argv[2]))
print(cloud.url, "token", cloud.tokens.make("by hand", "by hand", 10 * 24 * 3600), flush=True)
try:
    while True:
        time.sleep(3600)
except KeyboardInterrupt:
    cloud.stop()
