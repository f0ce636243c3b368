"""The `mcp` client of PyPI, unmodified: one session, asked in lines of JSON and answering in such lines."""

import asyncio
import json
import sys

from mcp.client.client import Client
from mcp.shared.exceptions import MCPError


def text_of(result):
    failed = "failed: " if result.is_error else ""
    return failed + " ".join(getattr(part, "text", "") for part in result.content)


async def do(client, ask):
    match ask["op"]:
        case "tools":
            return [tool.name for tool in (await client.list_tools()).tools]
        case "prompts":
            return [prompt.name for prompt in (await client.list_prompts()).prompts]
        case "resources":
            return [str(resource.uri) for resource in (await client.list_resources()).resources]
        case "call":
            return [text_of(await client.call_tool(ask["name"], ask["args"]))]


async def main(url, mode):
    loop = asyncio.get_running_loop()
    async with Client(url, mode=mode) as client:
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            try:
                said = {"told": await do(client, json.loads(line))}
            except MCPError as error:
                said = {"code": error.error.code, "message": error.error.message}
            print(json.dumps(said), flush=True)


asyncio.run(main(*sys.argv[1:]))
