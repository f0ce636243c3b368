"""A client program's other half: reads asks, writes results, line by line. The SDK's own exceptions are results."""
import json
import sys

TOOL_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "Name of a city"}},
    "required": ["city"],
}


class Progress:
    """What is known so far, so that an exception can tell what had come."""

    def __init__(self):
        self.text = ""
        self.calls = []
        self.usage = None

    def result(self):
        found = {"text": self.text, "calls": self.calls}
        return found if self.usage is None else {**found, "usage": self.usage}


class Abort(Exception):
    """The agent leaves the stream."""


def status_of(error):
    for name in ("status_code", "code"):
        value = getattr(error, name, None)
        if isinstance(value, int):
            return value
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return None


def failed(progress, error):
    told = {"name": type(error).__name__, "message": str(error)}
    status = status_of(error)
    if status is not None:
        told["status"] = status
    return {**progress.result(), "error": told}


def answer(handle, ask):
    progress = Progress()
    try:
        handle(ask, progress)
        return progress.result()
    except Exception as error:
        return failed(progress, error)


def serve(handle):
    for line in sys.stdin:
        print(json.dumps(answer(handle, json.loads(line))), flush=True)


def tool_names(ask):
    return list(ask.get("outputs", {}))


def output_of(ask, name):
    return ask["outputs"].get(name, "none")
