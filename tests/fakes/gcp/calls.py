"""A call as its handler sees it, and the handlers by the names of their methods."""

HANDLERS = {}


class Call:
    """What was asked: path and query as checked values, the body as JSON, who asked."""

    def __init__(self, method, path, query, body, headers, base):
        self.method, self.path, self.query, self.body = method, path, query, body
        self.headers = headers
        self.base = base    # http://127.0.0.1:port

    @property
    def scope(self):
        """zones/Z, regions/R or global."""
        if "zone" in self.path:
            return "zones/" + self.path["zone"]
        if "region" in self.path:
            return "regions/" + self.path["region"]
        return "global"


def handles(*names):
    def put(function):
        for name in names:
            assert name not in HANDLERS, name
            HANDLERS[name] = function
        return function
    return put
