"""Calls to a sandbox's site over HTTP, with plain `requests`: none of the project's own client is involved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from gigya_cheetah_assets.sandbox import Sandbox, credentials

KEY_AND_SECRET = {
    "apiKey": credentials.API_KEY,
    "userKey": credentials.USER_KEY,
    "secret": credentials.SECRET,
}


def post(sandbox: Sandbox, method: str, **params: str) -> requests.Response:
    """One signed-in call; `params` override the credentials."""
    return requests.post(f"http://{sandbox.api_domain}/{method}", data=KEY_AND_SECRET | params, timeout=20)


def call(sandbox: Sandbox, method: str, **params: str) -> dict[str, Any]:
    response = post(sandbox, method, **params)
    assert response.status_code == 200
    body: dict[str, Any] = response.json()
    return body


def search(sandbox: Sandbox, query: str, **params: str) -> dict[str, Any]:
    return call(sandbox, "accounts.search", query=query, **params)


def results(sandbox: Sandbox, query: str, **params: str) -> list[dict[str, Any]]:
    body = search(sandbox, query, **params)
    assert body["errorCode"] == 0, body
    found: list[dict[str, Any]] = body["results"]
    return found


def pages(sandbox: Sandbox, query: str, **params: str) -> Iterator[dict[str, Any]]:
    """All pages of a cursor."""
    body = search(sandbox, query, openCursor="true", **params)
    while True:
        assert body["errorCode"] == 0, body
        yield body
        if "nextCursorId" not in body:
            return
        body = call(sandbox, "accounts.search", cursorId=body["nextCursorId"])
