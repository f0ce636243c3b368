"""The `google-genai` package's generateContent."""
from google import genai
from google.genai import types

from serve import TOOL_SCHEMA, Abort, output_of, serve, tool_names
import base64


def body_of(ask):
    parts = [types.Part(text=ask["prompt"])]
    if "image" in ask:
        parts.append(types.Part.from_bytes(data=base64.b64decode(ask["image"]), mime_type="image/png"))
    config = {"automatic_function_calling": {"disable": True}}
    if "system" in ask:
        config["system_instruction"] = ask["system"]
    if tool_names(ask):
        declarations = [{"name": name, "parameters_json_schema": TOOL_SCHEMA} for name in tool_names(ask)]
        config["tools"] = [{"function_declarations": declarations}]
    if "schema" in ask:
        config |= {"response_mime_type": "application/json", "response_json_schema": ask["schema"]}
    contents = [types.Content(role="user", parts=parts)]
    return {"model": ask["model"], "contents": contents, "config": types.GenerateContentConfig(**config)}


def parts_of(chunk):
    content = chunk.candidates[0].content if chunk.candidates else None
    return list(content.parts or []) if content is not None else []


def totals(usage):
    output = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
    return {"input": usage.prompt_token_count, "output": output}


def client_for(ask):
    retry = types.HttpRetryOptions(attempts=1 + ask.get("retries", 0), initial_delay=0.01)
    return genai.Client(api_key="placeholder", http_options=types.HttpOptions(retry_options=retry))


def once(ask, body, progress):
    """The parts of the answer."""
    with client_for(ask) as client:
        if not ask.get("stream"):
            answer = client.models.generate_content(**body)
            progress.usage = totals(answer.usage_metadata)
            return parts_of(answer)
        found = []
        for count, chunk in enumerate(client.models.generate_content_stream(**body), 1):
            found += parts_of(chunk)
            progress.text += "".join(part.text or "" for part in parts_of(chunk))
            if chunk.usage_metadata is not None:
                progress.usage = totals(chunk.usage_metadata)
            if count == ask.get("abortAfter"):
                raise Abort
        return found


def handle(ask, progress):
    body = body_of(ask)
    while True:
        progress.text = ""
        parts = once(ask, body, progress)
        progress.text = "".join(part.text or "" for part in parts if not part.thought)
        calls = [part.function_call for part in parts if part.function_call is not None]
        if not calls:
            return
        progress.calls += [{"name": call.name, "arguments": call.args} for call in calls]
        results = [
            types.Part(
                function_response=types.FunctionResponse(
                    id=call.id, name=call.name, response={"output": output_of(ask, call.name)}
                )
            )
            for call in calls
        ]
        body["contents"] += [types.Content(role="model", parts=parts), types.Content(role="user", parts=results)]


serve(handle)
