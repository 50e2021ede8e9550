"""Requests a minute, by the groups of Compute Engine's page on rate quotas (2026-04): methods that read, list, change,
look after operations and wait for them each have their own in every region, and what is spent comes back when the next
minute begins. Lists that leave out many resources cost more."""

import time

from .refusal import rate_limited

A_MINUTE = {"heavy_weight_read_requests": 750, "filtered_list_cost_overhead": 75}
OTHERS = 1500


class Rates:
    def __init__(self):
        self.sizes = {}       # group -> another size; for tests
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
        if verb in ("wait", "aggregatedList"):
            return "heavy_weight_read_requests", place
        if "Operations." in method.name and verb == "get":
            return "operation_read_requests", place
        if verb == "list":
            return "list_requests", place
        if verb in ("get", "getFromFamily"):
            return "read_requests", place
        return "default", place

    def spend(self, method, path, project_number):
        if method.service == "compute":
            self.take(self.group(method, path), 1, project_number)

    def left_out(self, count, place, project_number):
        """A list's filter left so many resources out: every 10,000 cost one."""
        self.take(("filtered_list_cost_overhead", place), count // 10_000, project_number)

    def take(self, group, amount, project_number):
        minute = int(time.time() // 60)
        if minute != self.minute:
            self.minute, self.spent = minute, {}
        self.spent[group] = self.spent.get(group, 0) + amount
        if self.spent[group] > self.sizes.get(group[0], A_MINUTE.get(group[0], OTHERS)):
            self.refused += 1
            raise rate_limited(group[0], project_number)
