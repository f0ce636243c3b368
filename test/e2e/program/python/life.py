"""How an agent lives: `once` (the question is on standard input, the answer on standard output), `loop` (one question after another
from the metadata service) or `daemon QUESTION` (asks, says what it heard, and stays)."""
import json
import os
import sys
import time
import urllib.request

INVOCATION_ID = "x-clrk-invocation-id"


def loop(ask):
    metadata = os.environ["CLRK_METADATA_URL"]
    while True:
        with urllib.request.urlopen(metadata + "/event") as event:
            run, question = event.headers.get(INVOCATION_ID), event.read().decode()
        if run is None:
            continue
        headers = {INVOCATION_ID: run, "content-type": "text/plain"}
        urllib.request.urlopen(urllib.request.Request(metadata + "/response", ask(question).encode(), headers)).close()


def live(ask):
    how = sys.argv[1]
    if how == "once":
        print(ask(json.load(sys.stdin)["data"]))
    elif how == "loop":
        loop(ask)
    elif how == "daemon":
        ask("Heard: " + ask(sys.argv[2]))
        while True:
            time.sleep(60)
