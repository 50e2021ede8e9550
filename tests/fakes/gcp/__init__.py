"""A fake Google Cloud: Compute Engine v1 and what muster needs beside it (tokens, Cloud Monitoring v3, the Cloud
Billing catalogue, permissions), on one port. It checks every request against Google's own description of its APIs
(facts.json), and its answers too.

    cloud = FakeGCP().start()
    cloud.template("worker")                                    # an instance template
    cloud.capacity["n2-standard-4", "us-central1-a", "SPOT"] = 3    # absent: no limit
    cloud.fault("instances.insert", "lose")                     # done, but the answer never comes
    token = cloud.tokens.make("me", "by hand")
    ... cloud.url ... cloud.machines ... cloud.calls ...
    assert not cloud.invalid and not cloud.mismatched           # nothing that Google would not have taken
    cloud.stop()

A fault is used up by one call of that method ("*" is any; "oauth", "sts" and "metadata" are the token endpoints):

    "lose"  "cut"  "html"          carried out, and the answer is lost, cut off, or a proxy's 502
    ("after", 503)                 carried out, and answered with an error of the back end
    "refuse"                       the connection is closed before anything is done
    ("error", reason, status)      refused: "rateLimitExceeded", "resourceNotReady", "quotaExceeded", ...
    ("op", code)                   accepted, and the operation fails later
    ("slow", seconds)              answered late
    "expire"                       no token given out so far is worth anything any more
"""

from .server import FakeGCP

__all__ = ["FakeGCP"]
