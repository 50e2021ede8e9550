"""Things that happen later, and how Google writes a time."""

import datetime
import heapq
import itertools
import time

PACIFIC = datetime.timezone(datetime.timedelta(hours=-8))


def stamp(seconds=None):
    """As Compute Engine does: milliseconds, and California's time."""
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, PACIFIC)
    return moment.isoformat(timespec="milliseconds")


def zulu(seconds=None):
    moment = datetime.datetime.fromtimestamp(time.time() if seconds is None else seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Later:
    """What is due is done when settle() is called: before every call, and some thirty times a second."""

    def __init__(self):
        self.heap = []
        self.numbers = itertools.count()

    def after(self, seconds, action):
        heapq.heappush(self.heap, (time.monotonic() + seconds, next(self.numbers), action))

    def settle(self):
        while self.heap and self.heap[0][0] <= time.monotonic():
            heapq.heappop(self.heap)[2]()

    def next_in(self):
        """Seconds until the next thing is due, or None."""
        return max(0.0, self.heap[0][0] - time.monotonic()) if self.heap else None
