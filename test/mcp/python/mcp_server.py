"""A server of the `mcp` package of PyPI: it speaks the revision of 2026-07-28, and the sessions before it, at one endpoint."""

import sys

from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

server = MCPServer("clrk-test")


@server.tool()
def echo(message: str) -> str:
    return f"Echo: {message}"


@server.tool()
def delete_all() -> str:
    return "deleted"


@server.prompt()
def greet() -> str:
    return "hello"


@server.resource("docs://public/a")
def public() -> str:
    return "public"


# It stands behind a gateway, under a name it does not know.
open_host = TransportSecuritySettings(enable_dns_rebinding_protection=False)
server.run("streamable-http", host="127.0.0.1", port=int(sys.argv[1]), transport_security=open_host)
