"""The `openai` package's Responses API."""
import json

from openai import OpenAI

from serve import TOOL_SCHEMA, Abort, output_of, serve, tool_names

client = OpenAI(api_key="placeholder")


def body_of(ask):
    content = [{"type": "input_text", "text": ask["prompt"]}]
    if "image" in ask:
        url = "data:image/png;base64," + ask["image"]
        content.append({"type": "input_image", "image_url": url, "detail": "auto"})
    body = {"model": ask["model"], "input": [{"role": "user", "content": content}]}
    if "system" in ask:
        body["instructions"] = ask["system"]
    if tool_names(ask):
        body["tools"] = [
            {"type": "function", "name": name, "parameters": TOOL_SCHEMA, "strict": False} for name in tool_names(ask)
        ]
    if "schema" in ask:
        body["text"] = {
            "format": {"type": "json_schema", "name": "answer", "schema": ask["schema"], "strict": True}
        }
    return body


def once(ask, body, progress):
    own = client.with_options(max_retries=ask.get("retries", 0))
    if not ask.get("stream"):
        return own.responses.create(**body)
    pieces = 0
    with own.responses.stream(**body) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                progress.text += event.delta
                pieces += 1
            if event.type == "response.failed":
                raise RuntimeError(event.response.error.message)
            if pieces == ask.get("abortAfter"):
                raise Abort
        return stream.get_final_response()


def item_of(item):
    """Items go back as they came, without what the SDK read into them."""
    kept = item.model_dump(exclude_none=True)
    kept.pop("parsed_arguments", None)
    for part in kept.get("content", []):
        part.pop("parsed", None)
    return kept


def handle(ask, progress):
    body = body_of(ask)
    while True:
        progress.text = ""
        response = once(ask, body, progress)
        progress.text = response.output_text
        if response.usage is not None:
            progress.usage = {"input": response.usage.input_tokens, "output": response.usage.output_tokens}
        calls = [item for item in response.output if item.type == "function_call"]
        if not calls:
            return
        body["input"] += [item_of(item) for item in response.output]
        for call in calls:
            progress.calls.append({"name": call.name, "arguments": json.loads(call.arguments)})
            output = output_of(ask, call.name)
            body["input"].append({"type": "function_call_output", "call_id": call.call_id, "output": output})


serve(handle)
