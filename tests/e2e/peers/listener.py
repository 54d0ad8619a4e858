"""Listens to /api/v1/events as the page does: listener.py PORT TOKEN FILE [LAST-EVENT-ID]. FILE.status is the status that it knows, with the changes
put in; FILE.events gets a line of JSON for each event, FILE.ids the ids, FILE.kinds the kinds of messages, as they come. Without anything to
listen to it prints the answer's code and ends."""
import http.client, json, os, sys

port, token, file = int(sys.argv[1]), sys.argv[2], sys.argv[3]
headers = {"Authorization": "Bearer " + token}
if len(sys.argv) > 4:
    headers["Last-Event-ID"] = sys.argv[4]
connection = http.client.HTTPConnection("127.0.0.1", port)
connection.request("GET", "/api/v1/events", headers=headers)
answer = connection.getresponse()
if answer.status != 200:
    print(answer.status)
    sys.exit(1)
status = None


def names(element):
    return list(element.items())[:2]


def put(status, change):
    for key, value in change.items():
        if value is None:
            status.pop(key, None)
        elif isinstance(value, dict) and set(value) == {"set", "gone"}:
            fresh = [names(e) for e in value["set"] + value["gone"]]
            status[key] = [e for e in status.get(key, []) if names(e) not in fresh] + value["set"]
        else:
            status[key] = value


def keep():
    with open(file + ".new", "w") as f:
        json.dump(status, f)
    os.rename(file + ".new", file + ".status")


kind = ident = None
with open(file + ".events", "w", 1) as events, open(file + ".ids", "w", 1) as ids, open(file + ".kinds", "w", 1) as kinds:
    while True:
        line = answer.readline().decode()
        if not line:
            break
        word, _, rest = line.rstrip("\n").partition(": ")
        if word == "id":
            ids.write(rest + "\n")
        elif word == "event":
            kind = rest
            kinds.write(rest + "\n")
        elif word == "data":
            data = json.loads(rest)
            if kind == "events":
                for e in data["events"]:
                    events.write(json.dumps(e) + "\n")
            elif kind == "status":
                status = data
                keep()
            elif status is not None:
                put(status, data)
                keep()
