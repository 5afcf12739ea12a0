"""Ending a TCP connection without an answer, which ASGI has no word for: the transport is found by its peer."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_transports: dict[tuple[int, tuple[str, int]], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """uvicorn's own protocol, which also notes its transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        """Notes the transport."""
        super().connection_made(transport)
        if self.client is not None and self.server is not None:
            _transports[(self.server[1] or 0, self.client)] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the transport."""
        if self.client is not None and self.server is not None:
            _transports.pop((self.server[1] or 0, self.client), None)
        super().connection_lost(exc)


async def drop(request: Request) -> None:
    """Ends the request's connection now; returns when uvicorn knows."""
    server, client = request.scope["server"], request.scope["client"]
    transport = _transports.get((server[1], (client[0], client[1])))
    if transport is not None:
        transport.abort()
        while not await request.is_disconnected():
            await asyncio.sleep(0)
