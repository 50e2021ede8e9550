"""Requests a minute, by the groups and sizes of Compute Engine's page on rate quotas (2026-11): each group of methods
has 1500 a minute in a region; what is spent comes back when the next minute begins."""

import time

from .refusal import rate_limited

A_MINUTE = 1500


class Rates:
    def __init__(self):
        self.sizes = {}       # group -> another size than 1500; for tests
        self.minute = None
        self.spent = {}
        self.refused = 0

    @staticmethod
    def group(method, path):
        """Which requests count together, and where."""
        _, _, verb = method.name.rpartition(".")
        if "zone" in path:
            place = path["zone"].rsplit("-", 1)[0]
        else:
            place = path.get("region", "global")
        if "Operations." in method.name and verb in ("get", "wait"):
            return "Operation read requests", place
        if verb in ("list", "aggregatedList", "listManagedInstances", "listErrors"):
            return "List requests", place
        if verb in ("get", "getFromFamily"):
            return "Read requests", place
        return "Queries", place

    def spend(self, method, path, project_number):
        if method.service != "compute":
            return
        minute = int(time.time() // 60)
        if minute != self.minute:
            self.minute, self.spent = minute, {}
        group = self.group(method, path)
        self.spent[group] = self.spent.get(group, 0) + 1
        if self.spent[group] > self.sizes.get(group[0], A_MINUTE):
            self.refused += 1
            raise rate_limited(group[0], project_number)
