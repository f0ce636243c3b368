"""The `openai` package's chat completions; with AZURE_OPENAI_ENDPOINT its Azure class, with deployments."""
import json
import os

from openai import AzureOpenAI, OpenAI

from serve import TOOL_SCHEMA, Abort, output_of, serve, tool_names

endpoint = os.environ.get("AZURE_OPENAI_ENDPOINT")
client = (
    OpenAI(api_key="placeholder")
    if endpoint is None
    else AzureOpenAI(azure_endpoint=endpoint, api_key="placeholder", api_version="2024-10-21")
)


def body_of(ask):
    content = ask["prompt"]
    if "image" in ask:
        url = "data:image/png;base64," + ask["image"]
        content = [{"type": "text", "text": content}, {"type": "image_url", "image_url": {"url": url}}]
    system = [{"role": "system", "content": ask["system"]}] if "system" in ask else []
    body = {"model": ask["model"], "messages": [*system, {"role": "user", "content": content}]}
    if tool_names(ask):
        body["tools"] = [
            {"type": "function", "function": {"name": name, "parameters": TOOL_SCHEMA}} for name in tool_names(ask)
        ]
    if "schema" in ask:
        schema = {"name": "answer", "schema": ask["schema"], "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def once(ask, body, progress):
    own = client.with_options(max_retries=ask.get("retries", 0))
    if not ask.get("stream"):
        return own.chat.completions.create(**body)
    pieces = 0
    with own.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
        for event in stream:
            if event.type == "content.delta":
                progress.text += event.delta
                pieces += 1
            if pieces == ask.get("abortAfter"):
                raise Abort
        return stream.get_final_completion()


def handle(ask, progress):
    body = body_of(ask)
    while True:
        progress.text = ""
        completion = once(ask, body, progress)
        message = completion.choices[0].message
        progress.text = message.content or ""
        if completion.usage is not None:
            progress.usage = {"input": completion.usage.prompt_tokens, "output": completion.usage.completion_tokens}
        if not message.tool_calls:
            return
        calls = [call.model_dump(include={"id", "type", "function"}) for call in message.tool_calls]
        for call in calls:
            call["function"].pop("parsed_arguments", None)
        body["messages"].append({"role": "assistant", "content": message.content, "tool_calls": calls})
        for call in calls:
            name = call["function"]["name"]
            progress.calls.append({"name": name, "arguments": json.loads(call["function"]["arguments"])})
            body["messages"].append({"role": "tool", "tool_call_id": call["id"], "content": output_of(ask, name)})


serve(handle)
