"""Cloud Monitoring's time series, with the delays of the real one where a test wants them."""

import re
import time

from . import filters
from .calls import handles
from .refusal import Refusal, malformed
from .times import zulu

SUBSCRIPTION = "pubsub.googleapis.com/subscription/"


def bad(message):
    return Refusal(400, "badRequest", message, layered=True)


class Series:
    def __init__(self, type_, resource, resource_labels, labels):
        self.metric = {"type": type_, "labels": labels}
        self.resource = {"type": resource, "labels": resource_labels}
        self.points = []     # (when, value), oldest first


def put(cloud, type_, value, resource="global", resource_labels=None, labels=None, ago_s=0.0):
    """A point of a series, which is there from now on."""
    key = type_, resource, tuple(sorted((resource_labels or {}).items())), tuple(sorted((labels or {}).items()))
    with cloud.lock:
        series = cloud.series.setdefault(key, Series(
            type_, resource, {"project_id": cloud.project} | (resource_labels or {}), labels or {}))
        series.points.append((time.time() - ago_s, value))
        series.points.sort()


def backlog(cloud, subscription, messages, oldest_s=None, ago_s=0.0):
    """What Pub/Sub writes once a minute about a subscription."""
    labels = {"subscription_id": subscription}
    put(cloud, SUBSCRIPTION + "num_undelivered_messages", messages, "pubsub_subscription", labels, ago_s=ago_s)
    if oldest_s is not None:
        put(cloud, SUBSCRIPTION + "oldest_unacked_message_age", oldest_s, "pubsub_subscription", labels, ago_s=ago_s)


def seconds_of(text):
    """An RFC 3339 time as seconds since 1970."""
    import datetime
    return datetime.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00"))).timestamp()


def length_of(text):
    if not re.fullmatch(r"\d+(\.\d+)?s", text):
        raise malformed("Invalid value at 'aggregation.alignment_period' (type.googleapis.com/google.protobuf.Duration"
                        "), Field 'alignmentPeriod', Illegal duration format; duration must end with 's'")
    return float(text[:-1])


@handles("monitoring.projects.timeSeries.list")
def list_(cloud, call):
    query = call.query
    if call.path["projectsId"] != cloud.project:
        raise Refusal(403, "forbidden", "Permission monitoring.timeSeries.list denied (or the resource may not exist).",
                      layered=True)
    if not re.search(r"metric\.type\s*(=|:|eq)", query.get("filter", "")):
        raise bad("Field filter had an invalid value: must specify a restriction on \"metric.type\" in the filter; see "
                  "\"https://cloud.google.com/monitoring/api/resources\" for a list of available metric types.")
    if "interval.endTime" not in query:
        raise bad("Field interval.endTime had an invalid value: The end time must be set.")
    end = seconds_of(query["interval.endTime"])
    start = seconds_of(query.get("interval.startTime", query["interval.endTime"]))
    if start > end:
        raise bad("Field interval had an invalid value: The start time must not be later than the end time.")
    if end > time.time() + 24 * 3600:
        raise bad("Field interval.endTime had an invalid value: The end time is in the future.")
    found = aligned(query, chosen(cloud, query["filter"]), start, min(end, time.time() - cloud.metrics_delay_s))
    place = int(query.get("pageToken") or 0)
    most = min(query.get("pageSize") or 100_000, cloud.metrics_page)
    answer = {"timeSeries": found[place:place + most]} if found else {}
    if place + most < len(found):
        answer["nextPageToken"] = str(place + most)
    return answer


def chosen(cloud, text):
    text = re.sub(r"\b(metric|resource)\.label\.", r"\1.labels.", text)
    wanted = filters.parse(text)
    return [s for s in cloud.series.values() if wanted({
        "metric": s.metric, "resource": s.resource, "project": cloud.project})]


def aligned(query, series, start, end):
    aligner = query.get("aggregation.perSeriesAligner", "ALIGN_NONE")
    period = query.get("aggregation.alignmentPeriod")
    if aligner != "ALIGN_NONE" and period is None:
        raise bad("Field aggregation.alignmentPeriod had an invalid value: The alignment period must be set.")
    reducer = query.get("aggregation.crossSeriesReducer", "REDUCE_NONE")
    if reducer != "REDUCE_NONE" and aligner == "ALIGN_NONE":
        raise bad("Field aggregation had an invalid value: a reducer needs an aligner.")
    if aligner != "ALIGN_NONE" and length_of(period) < 60:
        raise bad("Field aggregation.alignmentPeriod had an invalid value: The alignment period must be at least 60 "
                  "seconds.")
    rows = []
    for one in series:
        points = [(at, value) for at, value in one.points if start < at <= end or at == start == end]
        if aligner != "ALIGN_NONE":
            points = bins(points, aligner, length_of(period), end)
        if points:
            rows.append((one.metric, one.resource, points))
    if reducer != "REDUCE_NONE":
        rows = reduced(rows, reducer)
    headers = query.get("view") == "HEADERS"
    return [document(*row, aligner, headers) for row in rows]


FUNCTIONS = {"MAX": max, "MIN": min, "SUM": sum, "COUNT": len, "MEAN": lambda v: sum(v) / len(v),
             "OLDER": lambda v: v[-1]}


def bins(points, aligner, period, end):
    """A point a period, the periods counted back from the end of the interval."""
    if aligner.rsplit("_", 1)[1] not in FUNCTIONS:
        raise bad(f"Field aggregation.perSeriesAligner had an invalid value: {aligner} is not faked.")
    inside = {}
    for at, value in points:
        inside.setdefault(end - (end - at) // period * period, []).append(value)
    return sorted((at, FUNCTIONS[aligner.rsplit("_", 1)[1]](values)) for at, values in inside.items())


def reduced(rows, reducer):
    """All series into one."""
    together = {}
    for _, _, points in rows:
        for at, value in points:
            together.setdefault(at, []).append(value)
    if not rows:
        return []
    function = FUNCTIONS[reducer.rsplit("_", 1)[1]]
    metric = {"type": rows[0][0]["type"]}
    resource = {"type": rows[0][1]["type"], "labels": {"project_id": rows[0][1]["labels"]["project_id"]}}
    return [(metric, resource, sorted((at, function(values)) for at, values in together.items()))]


def document(metric, resource, points, aligner, headers):
    whole = all(isinstance(value, int) for _, value in points) and aligner != "ALIGN_MEAN"
    found = {"metric": {key: value for key, value in metric.items() if value}, "resource": resource,
             "metricKind": "GAUGE", "valueType": "INT64" if whole else "DOUBLE"}
    if not headers:
        found["points"] = [{"interval": {"startTime": zulu(at), "endTime": zulu(at)},
                            "value": {"int64Value": str(value)} if whole else {"doubleValue": float(value)}}
                           for at, value in reversed(points)]
    return found


@handles("monitoring.projects.metricDescriptors.get")
def descriptor(cloud, call):
    type_ = call.path["metricDescriptorsId"]
    if not any(s.metric["type"] == type_ for s in cloud.series.values()):
        raise Refusal(404, "notFound", f"Could not find descriptor for metric '{type_}'.", layered=True)
    return describe(cloud, type_)


@handles("monitoring.projects.metricDescriptors.list")
def descriptors(cloud, call):
    types = sorted({s.metric["type"] for s in cloud.series.values()})
    wanted = filters.parse(call.query.get("filter"))
    found = [describe(cloud, type_) for type_ in types if wanted({"metric": {"type": type_}})]
    return {"metricDescriptors": found} if found else {}


def describe(cloud, type_):
    return {"name": f"projects/{cloud.project}/metricDescriptors/{type_}", "type": type_, "metricKind": "GAUGE",
            "valueType": "INT64", "unit": "1", "labels": []}
