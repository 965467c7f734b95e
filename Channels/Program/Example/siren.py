#!/usr/bin/env python3
"""A siren as a channel of Noroshi: writes what it would sound to a file.

    channel: program
    command: /opt/noroshi/siren.py
    arguments: /var/lib/siren/log

One line of JSON in, one line out; README.md has the protocol. The file is also the siren's memory: a delivery
that is in it has been sounded, and asked again it says so instead of sounding twice.
"""
import json
import os
import sys

KINDS = {"evacuation", "tsunami", "eew"}


def sounded(path):
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as log:
        return {json.loads(line)["id"]: number for number, line in enumerate(log, 1)}


def deliver(request, path, done):
    message, delivery = request["message"], request["id"]
    if message["mode"] != os.environ["NOROSHI_MODE"]:
        return {"result": "misconfigured", "note": "a drill on the real siren, or the other way round"}
    if message["kind"] not in KINDS:
        return {"result": "rejected", "note": "no signal for " + message["kind"]}
    if delivery not in done:
        words = message["texts"]["ja"]
        with open(path, "a", encoding="utf-8") as log:
            log.write(json.dumps({"id": delivery, "title": words["title"], "body": words["body"]}, ensure_ascii=False) + "\n")
            log.flush()
            os.fsync(log.fileno())
        done[delivery] = len(done) + 1
    return {"result": "delivered", "reach": "shown", "reference": str(done[delivery])}


def main():
    path = sys.argv[1]
    done = sounded(path)
    for line in sys.stdin:
        request = json.loads(line)
        # One thing at a time: whatever a cancel speaks of is over when it is read.
        answer = deliver(request, path, done) if request["op"] == "deliver" else {"result": "cancelled"}
        print(json.dumps({"id": request["id"], **answer}, ensure_ascii=False), flush=True)


main()
