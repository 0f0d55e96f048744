"""Checks what the server says against the descriptions it publishes: assets/api/openapi.json and messages.json."""
import json
import os
import re

from jsonschema import Draft202012Validator, RefResolver

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def load(name):
    with open(f"{TOP}/assets/api/{name}", encoding="utf-8") as f:
        return json.load(f)


API, MESSAGES = load("openapi.json"), load("messages.json")
ROUTES = [(re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path) for path in API["paths"]]
METHODS = ("get", "post", "put", "patch", "delete", "options")

seen_replies = set()  # (path, method, status) of the API
sent, heard = set(), set()  # message types
codes = set()  # of errors that were heard


def validator(document, schema):
    return Draft202012Validator(schema, resolver=RefResolver("", document))


SERVER_SAYS = validator(MESSAGES, {"$ref": "#/$defs/server"})


def answer_of(operation, status):
    """The description of one answer."""
    found = operation["responses"][status]
    return API["components"]["responses"][found["$ref"].split("/")[-1]] if "$ref" in found else found


def complain(errors, what):
    found = [f"{'/'.join(map(str, e.path)) or '.'}: {e.message}" for e in errors]
    assert not found, f"{what}: {found[:3]}"


def check_problem(status, headers, body):
    """What is refused before it has a route is a problem too (RFC 9457)."""
    assert headers["Content-Type"] == "application/problem+json", headers["Content-Type"]
    value = json.loads(body)
    complain(validator(API, {"$ref": "#/components/schemas/Problem"}).iter_errors(value), str(status))
    assert value["status"] == status and len(value["detail"]) > 10


def check_reply(method, path, status, headers, body):
    """A reply of a described route has a described status, media type and body."""
    path = path.split("?")[0]
    route = next((p for pattern, p in ROUTES if pattern.match(path)), None)
    operation = API["paths"][route].get(method.lower()) if route else None
    if status == 413 or status == 501:  # refused before there is a route
        check_problem(status, headers, body)
    if operation is None or status == 413:
        return
    answers = operation["responses"]
    known = str(status) if str(status) in answers else "default"
    assert known != "default" or status >= 400, f"{method} {path}: {status} is not described"
    seen_replies.add((route, method.lower(), known))
    answer = answer_of(operation, known)
    content = answer.get("content")
    for name in answer.get("headers", {}):
        assert headers[name] or name == "Link", f"{method} {path}: no header {name}"
    if not content:
        assert body == b"", f"{method} {path}: {status} has a body"
        return
    media = headers["Content-Type"].split(";")[0]
    assert media in content, f"{method} {path}: {status} is {media}"
    if media.endswith("json"):
        value = json.loads(body)
        complain(validator(API, content[media]["schema"]).iter_errors(value), f"{method} {path} {status}")
        assert known != "default" or value["status"] == status


def check_message(m):
    complain(SERVER_SAYS.iter_errors(m), f"message {m.get('type')}")
    heard.add(m["type"])
    if m["type"] == "error":
        codes.add(m["code"])


def missing():
    """What the descriptions hold and nothing has shown yet."""
    for path, item in API["paths"].items():
        for method in METHODS:
            for status in item.get(method, {}).get("responses", {}):
                if (path, method, status) not in seen_replies:
                    yield f"{method} {path} {status}"

    def types(side):
        return {MESSAGES["$defs"][x["$ref"].split("/")[-1]]["properties"]["type"]["const"] for x in MESSAGES["$defs"][side]["oneOf"]}

    yield from (f"client {t}" for t in sorted(types("client") - sent))
    yield from (f"server {t}" for t in sorted(types("server") - heard))
    yield from (f"error {c}" for c in MESSAGES["$defs"]["error"]["properties"]["code"]["enum"] if c not in codes)
