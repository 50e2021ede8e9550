"""Lists in pages. A page's token says after which resource to go on, so that nothing is skipped or told twice when
others come and go between two pages."""

import base64
import json

from . import filters
from .refusal import backend, invalid

MOST = 500


def size(cloud, call):
    wanted = call.query.get("maxResults", MOST)
    if wanted > MOST:
        raise invalid("maxResults", wanted, f"Must be less than or equal to '{MOST}'")
    return min(wanted or MOST, cloud.page)


def token_of(*place):
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def place_of(cloud, call):
    text = call.query.get("pageToken")
    if not text:
        return None
    try:
        return tuple(json.loads(base64.urlsafe_b64decode(text)))
    except ValueError:
        raise invalid("pageToken", text, "The page token is invalid.") from None


def by_name(doc):
    return doc["name"]


def by_age(doc):
    return -int(doc["id"])


def place_in(call):
    """What the order of a list goes by."""
    order = call.query.get("orderBy", "name")
    if order not in ("name", "creationTimestamp desc"):
        raise invalid("orderBy", order, "The order is not supported.")
    return by_name if order == "name" else by_age


def paged(cloud, call, kind, collection, found, key="items"):
    """One page of a plain list."""
    path = f"projects/{cloud.project}/{call.scope}"
    answer = {"kind": kind, "id": f"{path}/{collection}", "selfLink": cloud.link(f"{path}/{collection}")}
    if call.scope.partition("/")[2] in cloud.unreachable:
        if not call.query.get("returnPartialSuccess"):
            raise backend()
        answer["warning"] = unreachable(call.scope)
        return answer
    wanted = filters.parse(call.query.get("filter"))
    let_through = [doc for doc in found if wanted(doc)]
    cloud.rates.left_out(len(found) - len(let_through), call.scope, cloud.project_number)
    place = place_in(call)
    found = sorted(let_through, key=place)
    after = place_of(cloud, call)
    if after is not None:
        found = [doc for doc in found if place(doc) > after[0]]
    most = size(cloud, call)
    if len(found) > most:
        answer["nextPageToken"] = token_of(place(found[most - 1]))
    if found:
        answer[key] = found[:most]
    return answer


def aggregated(cloud, call, kind, collection, found, scopes):
    """One page of what is in all scopes: those with nothing on it say so, those that cannot be reached as well."""
    partial = call.query.get("returnPartialSuccess", False)
    wanted = filters.parse(call.query.get("filter"))
    most, after, place = size(cloud, call), place_of(cloud, call), place_in(call)
    if after is not None and len(after) != 2:
        raise invalid("pageToken", call.query["pageToken"], "The page token is invalid.")
    items, unreachables, room, last, more, left_out = {}, [], most, None, False, 0
    for scope in sorted(scopes):
        if scope.partition("/")[2] in cloud.unreachable:
            if not partial:
                raise backend()
            items[scope] = {"warning": unreachable(scope)}
            unreachables.append(scope)
            continue
        docs = []
        for doc in sorted(found.get(scope, []), key=place):
            if after is not None and (scope, place(doc)) <= after:
                continue
            if not wanted(doc):
                left_out += 1
                continue
            if not room:
                more = True
                break
            docs.append(doc)
            last, room = (scope, place(doc)), room - 1
        items[scope] = {collection: docs} if docs else {"warning": nothing(scope)}
    cloud.rates.left_out(left_out, "global", cloud.project_number)
    answer = {"kind": kind, "id": f"projects/{cloud.project}/aggregated/{collection}", "items": items,
              "selfLink": cloud.link(f"projects/{cloud.project}/aggregated/{collection}")}
    if unreachables:
        answer |= {"unreachables": unreachables, "warning": {
            "code": "UNREACHABLE", "message": "Some scopes could not be reached.",
            "data": [{"key": "scope", "value": scope} for scope in unreachables]}}
    if more:
        answer["nextPageToken"] = token_of(*last)
    return answer


def nothing(scope):
    return {"code": "NO_RESULTS_ON_PAGE", "message": f"There are no results for scope '{scope}' on this page.",
            "data": [{"key": "scope", "value": scope}]}


def unreachable(scope):
    return {"code": "UNREACHABLE", "message": f"The scope '{scope}' is currently unreachable.",
            "data": [{"key": "scope", "value": scope}]}
