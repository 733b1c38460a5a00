"""Ten tasks of an integrator, with Python's standard library alone, as one would write them who has read the guides.

Prints the calls that each task took, and what it found. API and TOKEN come from the environment.
"""

import json
import os
import random
import time
import urllib.error
import urllib.request
import uuid

API, TOKEN = os.environ["API"], os.environ["TOKEN"]
PEOPLE = "/person_informations"
calls = {}
task = ""
bookmark = ""


class Refused(Exception):
    def __init__(self, status, errors):
        super().__init__(f"{status}: {errors}")
        self.status, self.errors = status, errors


def call(method, path, body=None, **headers):
    """Makes a call, again if it failed in a way that passes, and gives the answer's JSON and headers."""
    global bookmark
    sent = {"X-User-Token": TOKEN, "Content-Type": "application/json"}
    if bookmark:
        sent["x-d1-bookmark"] = bookmark
    if method not in ("GET", "PUT"):
        sent["Idempotency-Key"] = str(uuid.uuid4())
    sent.update({name.replace("_", "-"): value for name, value in headers.items()})
    data = None if body is None else json.dumps(body).encode()
    url = path if path.startswith("http") else API + path
    for tried in range(8):
        calls[task] = calls.get(task, 0) + 1
        wait = 0.1 * 2**tried * (0.5 + random.random())
        try:
            request = urllib.request.Request(url, data, sent, method=method)
            with urllib.request.urlopen(request, timeout=30) as answer:
                bookmark = answer.headers.get("x-d1-bookmark") or bookmark
                text = answer.read()
                return json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as error:
            if error.code == 304:
                return None, error.headers
            if error.code not in (408, 429, 500, 503):
                raise Refused(error.code, json.load(error)["errors"])
            wait = float(error.headers.get("Retry-After") or wait)
        except OSError:
            pass
        time.sleep(wait)
    raise SystemExit(f"{method} {path} failed too often")


def next_page(headers):
    """Where the next page is, by the header Link, if there is one."""
    for link in (headers.get("Link") or "").split(", "):
        if link.endswith('rel="next"'):
            return link[1 : link.index(">")]
    return None


def pages(path, key):
    while path:
        answer, headers = call("GET", path)
        yield from answer[key]
        path = next_page(headers)


def mirror(store, after):
    """Brings `store` up to date from the change `after` on, and gives the last one."""
    while True:
        answer, _ = call("GET", f"/changes?after={after}")
        for change in answer["changes"]:
            store[change["resource"], change["id"]] = change["record"]
        if not answer["changes"]:
            return after
        after = answer["last_seq"]


def person(number):
    return {
        "person_information": {
            "ownable_id": number,
            "ownable_type": "Patient",
            "first_name": "Sam",
            "last_name": f"O'Sample {number}",
            "date_of_birth": "1990-05-15",
            "ssn": "987-65-4320",
        }
    }


def dependent(holder):
    return {
        "primary_holder_id": holder,
        "first_name": "Kim",
        "last_name": f"O'Sample {holder}",
        "date_of_birth": "2012-05-15",
        "relationship": "child",
    }


def create_all(resource, records):
    """Creates them, a hundred in a call, and gives their ids."""
    made = []
    for first in range(0, len(records), 100):
        answer, _ = call("POST", f"/{resource}/batch", {resource: records[first : first + 100]})
        made += [record["id"] for record in answer[resource]]
    return made


patients = range(7001, 7201)
found = {}

task = "sync"
call("PUT", "/ownables/Patient", {"ownable_ids": list(patients)})
ids = create_all("person_informations", [person(patient)["person_information"] for patient in patients])
create_all("dependents", [dependent(patient) for patient in patients[:150]])

task = "retry"
key = str(uuid.uuid4())
call("PUT", "/ownables/Patient/7000")
first, _ = call("POST", PEOPLE, person(7000), Idempotency_Key=key)
again, headers = call("POST", PEOPLE, person(7000), Idempotency_Key=key)
found["retry"] = [again == first, headers["Idempotent-Replayed"]]

task = "page"
listed = [record["id"] for record in pages(f"{PEOPLE}?page_size=20", "person_informations")]
found["page"] = set(ids) <= set(listed) and len(listed) == len(set(listed))

task = "look up"
answer, _ = call("GET", f"{PEOPLE}?patient_id=7001")
record, _ = call("GET", f"{PEOPLE}/{ids[0]}")
found["look up"] = answer["person_informations"] == [record]

task = "find plans"
answer, _ = call("GET", "/plans?search=prem+harb&active=true&sort_by=plan_name")
found["find plans"] = [plan["plan_name"] for plan in answer["plans"]]

task = "mirror"
store = {}
last = mirror(store, 0)
found["mirror"] = sorted(id for resource, id in store if resource == "person_informations") == listed

task = "correct"
record, headers = call("GET", f"{PEOPLE}/{ids[0]}")
record["phone"] = "+1-202-555-0123 ext. 44"
call("PATCH", f"{PEOPLE}/{ids[0]}", {"person_information": record}, If_Match=headers["ETag"])
try:
    call("PATCH", f"{PEOPLE}/{ids[0]}", {"person_information": record}, If_Match=headers["ETag"])
except Refused as refused:
    found["correct"] = [refused.status, refused.errors]

task = "remove"
call("DELETE", f"{PEOPLE}/{ids[1]}")
mirror(store, last)
found["remove"] = store["person_informations", ids[1]]

task = "search"
search = {"search": {"last_name": "osample 7001", "date_of_birth": "1990-05-15"}}
answer, _ = call("POST", f"{PEOPLE}/search", search)
found["search"] = [(record["id"] == ids[0], record["ssn"]) for record in answer["person_informations"]]

task = "fill drop-downs"
facets, headers = call("GET", "/plans/facets")
unchanged, _ = call("GET", "/plans/facets", If_None_Match=headers["ETag"])
found["fill drop-downs"] = [len(facets["carriers"]), len(facets["plan_types"]), unchanged]

print(json.dumps({"calls": calls, "found": found}))
