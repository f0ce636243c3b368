"""The `boto3` package's Converse and ConverseStream."""
import base64
import json

import boto3
from botocore.config import Config

from serve import TOOL_SCHEMA, Abort, output_of, serve, tool_names


def client_for(ask):
    retries = {"max_attempts": ask.get("retries", 0), "mode": "legacy"}
    return boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        aws_access_key_id="placeholder",
        aws_secret_access_key="placeholder",
        config=Config(retries=retries),
    )


def body_of(ask):
    content = [{"text": ask["prompt"]}]
    if "image" in ask:
        content.append({"image": {"format": "png", "source": {"bytes": base64.b64decode(ask["image"])}}})
    body = {"modelId": ask["model"], "messages": [{"role": "user", "content": content}]}
    if "system" in ask:
        body["system"] = [{"text": ask["system"]}]
    if tool_names(ask):
        tools = [{"toolSpec": {"name": name, "inputSchema": {"json": TOOL_SCHEMA}}} for name in tool_names(ask)]
        body["toolConfig"] = {"tools": tools}
    if "schema" in ask:
        schema = {"name": "answer", "schema": json.dumps(ask["schema"])}
        body["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    return body


def totals(usage):
    cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
    return {"input": usage["inputTokens"] + cached, "output": usage["outputTokens"]}


def streamed(client, ask, body, progress):
    calls = {}
    pieces = 0
    stream = client.converse_stream(**body)["stream"]
    for event in stream:
        start = event.get("contentBlockStart", {})
        if "toolUse" in start.get("start", {}):
            calls[start["contentBlockIndex"]] = {**start["start"]["toolUse"], "input": ""}
        told = event.get("contentBlockDelta", {})
        delta = told.get("delta", {})
        if "toolUse" in delta:
            calls[told["contentBlockIndex"]]["input"] += delta["toolUse"]["input"]
        if "text" in delta:
            progress.text += delta["text"]
            pieces += 1
        if "metadata" in event:
            progress.usage = totals(event["metadata"]["usage"])
        if pieces == ask.get("abortAfter"):
            stream.close()
            raise Abort
    made = [{"toolUse": {**call, "input": json.loads(call["input"] or "{}")}} for call in calls.values()]
    return [*([{"text": progress.text}] if progress.text else []), *made]


def once(ask, body, progress):
    """The content of the answer."""
    client = client_for(ask)
    if ask.get("stream"):
        return streamed(client, ask, body, progress)
    answer = client.converse(**body)
    progress.usage = totals(answer["usage"])
    return answer["output"]["message"]["content"]


def handle(ask, progress):
    body = body_of(ask)
    while True:
        progress.text = ""
        content = once(ask, body, progress)
        progress.text = "".join(block.get("text", "") for block in content)
        calls = [block["toolUse"] for block in content if "toolUse" in block]
        if not calls:
            return
        progress.calls += [{"name": call["name"], "arguments": call["input"]} for call in calls]
        results = [
            {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": output_of(ask, call["name"])}]}}
            for call in calls
        ]
        body["messages"] += [{"role": "assistant", "content": content}, {"role": "user", "content": results}]


serve(handle)
