"""Answers against the OpenAPI document that a program serves.

openapi.py DOC check                                 the document itself: every reference leads somewhere, every operation says how it is answered
openapi.py DOC routes FILE…                          it has the routes of these sources (tables of struct admin_route), and no others
openapi.py DOC answer METHOD TARGET CODE TYPE BODY   the answer in the file BODY is one that the document tells of, and nothing in it is untold
openapi.py DOC missing LOG                           operations of which LOG ("METHOD TARGET CODE" lines) has no answer below 400
"""
import copy
import json
import re
import sys

METHODS = ("get", "put", "post", "delete", "patch")


def follow(doc, node):
    while "$ref" in node:
        assert node["$ref"].startswith("#/"), node["$ref"]
        target = doc
        for part in node["$ref"][2:].split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def walk(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def operations(doc):
    for path, item in doc["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method]


def pattern(path):
    return re.compile("".join("[^?]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^}]*\})", path)))


def find(doc, method, target):
    method = "GET" if method == "HEAD" else method
    found = [o for o in operations(doc) if o[0] == method and pattern(o[1]).fullmatch(target.split("?")[0])]
    # The one without parameters, else that of the most parts.
    return max(found, key=lambda o: ("{" not in o[1], o[1].count("/")), default=None)


def strict(node):
    """What the document does not tell of is an error here; programs are to take it."""
    for schema in walk(node):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return node


def check(doc):
    import jsonschema
    for node in walk(doc):
        if isinstance(node.get("$ref"), str):
            follow(doc, node)
    for name, schema in doc["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
    for method, path, operation in operations(doc):
        told = {p["name"] for p in (follow(doc, p) for p in operation.get("parameters", [])) if p["in"] == "path"}
        assert told == set(re.findall(r"\{([^}]*)\}", path)), "%s %s: its parameters are not those of its path" % (method, path)
        assert operation["responses"] and operation["summary"], "%s %s" % (method, path)
        for answer in operation["responses"].values():
            assert follow(doc, answer)["description"]


def routes(doc, files):
    told = {(method, path) for method, path, _ in operations(doc)}
    for text in (open(name, encoding="utf8").read() for name in files):
        for method, route in re.findall(r'\{"([A-Z]+)",\s*"(/[^"]*)",\s*ADMIN_', text):
            if route == "/":  # the page
                continue
            prefix = route.endswith("/")
            fits = {(m, p) for m, p in told if m == method and (p.startswith(route + "{") if prefix else p == route)}
            if not fits:
                print("not told: %s %s" % (method, route))
            told -= fits
    for method, path in sorted(told):
        print("no route: %s %s" % (method, path))


def answer(doc, method, target, code, kind, body):
    import jsonschema
    found = find(doc, method, target)
    assert found, "no operation %s %s" % (method, target)
    responses = found[2]["responses"]
    assert code in responses, "%s %s answered %s, which is not told" % (method, target, code)
    content = follow(doc, responses[code]).get("content")
    kind = kind.split(";")[0].strip()
    if not content:
        assert not body, "%s %s: a body that is not told" % (method, target)
        return
    assert kind in content, "%s %s: %s is none of %s" % (method, target, kind, list(content))
    schema = content[kind].get("schema")
    if schema is None or method == "HEAD":
        return
    value = json.loads(body) if kind == "application/json" else body.decode()
    whole = strict({"components": copy.deepcopy(doc["components"]), "allOf": [copy.deepcopy(schema)]})
    errors = list(jsonschema.Draft202012Validator(whole).iter_errors(value))
    for e in errors[:5]:
        print("%s %s %s: %s: %s" % (method, target, code, "/".join(map(str, e.absolute_path)), e.message[:300]))
    assert not errors


def missing(doc, log):
    seen = {find(doc, *line.split()[:2])[:2] for line in open(log, encoding="utf8") if int(line.split()[2]) < 400}
    for method, path, _ in operations(doc):
        if (method, path) not in seen:
            print("never answered well: %s %s" % (method, path))


def main():
    doc = json.load(open(sys.argv[1], encoding="utf8"))
    what, rest = sys.argv[2], sys.argv[3:]
    if what == "check":
        check(doc)
    elif what == "routes":
        routes(doc, rest)
    elif what == "missing":
        missing(doc, *rest)
    else:
        answer(doc, *rest[:4], open(rest[4], "rb").read())


if __name__ == "__main__":
    main()
