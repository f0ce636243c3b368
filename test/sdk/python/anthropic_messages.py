"""The `anthropic` package's messages."""
from anthropic import Anthropic

from serve import TOOL_SCHEMA, Abort, output_of, serve, tool_names

client = Anthropic(api_key="placeholder")


def body_of(ask):
    content = [{"type": "text", "text": ask["prompt"]}]
    if "image" in ask:
        source = {"type": "base64", "media_type": "image/png", "data": ask["image"]}
        content.append({"type": "image", "source": source})
    body = {"model": ask["model"], "max_tokens": 1000, "messages": [{"role": "user", "content": content}]}
    if "system" in ask:
        body["system"] = ask["system"]
    if tool_names(ask):
        body["tools"] = [{"name": name, "input_schema": TOOL_SCHEMA} for name in tool_names(ask)]
    if "schema" in ask:
        body["output_config"] = {"format": {"type": "json_schema", "schema": ask["schema"]}}
    return body


def once(ask, body, progress):
    own = client.with_options(max_retries=ask.get("retries", 0))
    if not ask.get("stream"):
        return own.messages.create(**body)
    pieces = 0
    with own.messages.stream(**body) as stream:
        for text in stream.text_stream:
            progress.text += text
            pieces += 1
            if pieces == ask.get("abortAfter"):
                raise Abort
        return stream.get_final_message()


def handle(ask, progress):
    body = body_of(ask)
    while True:
        progress.text = ""
        message = once(ask, body, progress)
        progress.text = "".join(block.text for block in message.content if block.type == "text")
        usage = message.usage
        cached = (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)
        progress.usage = {"input": usage.input_tokens + cached, "output": usage.output_tokens}
        calls = [block for block in message.content if block.type == "tool_use"]
        if not calls:
            return
        progress.calls += [{"name": call.name, "arguments": call.input} for call in calls]
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": output_of(ask, call.name)} for call in calls
        ]
        body["messages"] += [
            {"role": "assistant", "content": message.content},
            {"role": "user", "content": results},
        ]


serve(handle)
